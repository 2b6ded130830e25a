"""Claude Code's transcripts: `~/.claude/projects/*/*.jsonl`, subagents' files too.

An answer is written as one line for each of its blocks, every one with the answer's id and usage: they are one call,
counted at its first line with the usage that is complete. A transcript holds neither the system prompt nor the tools,
so none of it can be replayed; it shows what agents cost, by project. There is no page of the vendor's; source: files of
versions 2.0 to 2.1 as described in github.com/23min/copilot-lens, `docs/research/claude-code-sessions.md`, and
github.com/Huntehhh/claude-code-chat, `docs/claude-cli-jsonl-format.md`, read 2026-11-28.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

import msgspec

from audit.core.reason import Reason
from audit.core.settings import IngestSettings
from audit.ingest import labels, values
from audit.ingest.calls.envelope import Envelope, row_of
from audit.ingest.formats import Format, Reader
from audit.ingest.join_notes import JoinNotes
from audit.ingest.row import Row, Unusable
from audit.ingest.values import boolean, integer, obj, text

_KEYS = {**labels.COMMON_KEYS, "route": (*labels.ROUTE_KEYS, "project"), "session": ("sessionId",)}
_SYNTHETIC = "<synthetic>"
_ABSENT = frozenset({Reason.SYSTEM_MISSING, Reason.BODY_NOT_CAPTURED})


def detects(record: Mapping[str, Any]) -> str | None:
    """Why a record is a line of a transcript."""
    told = {"sessionId", "uuid", "parentUuid", "message"} <= record.keys()
    return "has sessionId, uuid, parentUuid and message" if told else None


_Line = tuple[tuple[str, str], dict[str, Any]]
"""A line of an answer: its place there, and its message."""


class AnswerJoin:
    """The blocks and the last usage of each answer, by its id, and which line it is counted at."""

    def __init__(self) -> None:
        self._lines = JoinNotes()

    def see(self, record: Mapping[str, msgspec.Raw], _file: str) -> None:
        """Take a line into account; a resumed session repeats those of its past."""
        if (found := _answer_of(record)) is not None:
            name, place, message = found
            self._lines.note(name, (place, message))

    def join(self, record: dict[str, msgspec.Raw], _file: str, _seen: None) -> dict[str, msgspec.Raw]:
        """The line with the whole answer at its first line, with none at its others."""
        if (found := _answer_of(record)) is None:
            return record
        name, place, _ = found
        lines = dict(msgspec.json.decode(line, type=_Line) for line in self._lines.of(name))
        whole = _whole([lines[at] for at in sorted(lines)]) if not lines or place == min(lines) else None
        return record | {"whole": msgspec.Raw(msgspec.json.encode(whole))}


def _whole(messages: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The blocks of all lines in order, the counts of the one that counted most, and why it stopped."""
    content = [block for message in messages for block in _blocks(message)]
    usages = [usage for message in messages if (usage := obj(message.get("usage")))]
    stopped = [message["stop_reason"] for message in messages if message.get("stop_reason")]
    last = max(usages, key=lambda usage: integer(usage.get("output_tokens")) or 0, default=None)
    return {"content": content, "usage": last, "stop_reason": stopped[-1] if stopped else None}


def _blocks(message: Mapping[str, Any]) -> list[Any]:
    content = message.get("content")
    return content if isinstance(content, list) else []


def _answer_of(record: Mapping[str, msgspec.Raw]) -> tuple[str, tuple[str, str], dict[str, Any]] | None:
    """The answer's name, the line's place in it, and the message; None for a line that is no part of an answer."""
    if bytes(record.get("type", b"")) != b'"assistant"':
        return None
    message = obj(msgspec.json.decode(record["message"]))
    at, uuid, request = (bytes(record.get(field, b"")).decode() for field in ("timestamp", "uuid", "requestId"))
    name = text(message.get("id"))
    return (f"{name}/{request}", (at, uuid), message) if name else None


def open_reader(settings: IngestSettings) -> Reader:
    """A reader of one line per record; lines that are no answer, or go on with one, are no calls."""
    wanted = labels.finders(settings, _KEYS)

    def read(record: bytes) -> Sequence[Row]:
        line = values.parse(record)
        if not isinstance(line, dict) or "type" not in line:
            raise Unusable("no `type`: not a line of a transcript")
        if line.get("type") != "assistant" or ("whole" in line and line["whole"] is None):
            return ()
        if not isinstance(line.get("message"), dict):
            raise Unusable("an assistant's line without a message")
        row = row_of(_envelope(line))
        row.trace_id, row.span_id = text(line.get("sessionId")), text(line.get("uuid"))
        row.source_format_version = text(line.get("version"))
        project = PurePosixPath((text(line.get("cwd")) or "").replace("\\", "/")).name or None
        labels.put(row, wanted, line.get, ((line, ""), ({"project": project}, "")))
        kept = {key: line.get(key) for key in ("gitBranch", "agentId", "isSidechain", "userType")}
        row.metadata = values.scalars(kept | {"project": project}, "") or None
        return (row,)

    return read


def _envelope(line: Mapping[str, Any]) -> Envelope:
    message = obj(line["message"]) | {k: v for k, v in obj(line.get("whole")).items() if v is not None}
    failed = boolean(line.get("isApiErrorMessage")) is True or message.get("model") == _SYNTHETIC
    return Envelope(
        emitter="claude-code",
        answer=None if failed else {"type": "message", **message},
        request_id=text(line.get("requestId")),
        model=None if failed else text(message.get("model")),
        provider="anthropic",
        started=line.get("timestamp"),
        error={"type": text(line.get("error")), "message": _words(message)} if failed else None,
        answered=not failed,
        reasons=_ABSENT,
    )


def _words(message: Mapping[str, Any]) -> str:
    content = message.get("content")
    first = obj(content[0]) if isinstance(content, list) and content else {}
    return text(first.get("text")) or text(content) or "error"


FORMAT = Format(
    name="claude-code",
    summary="Claude Code transcripts: what sessions cost, by project; not replayable",
    fields=("sessionId", "uuid", "parentUuid", "message", "requestId", "isSidechain", "cwd", "gitBranch"),
    detects=detects,
    open=open_reader,
    join=AnswerJoin,
)
