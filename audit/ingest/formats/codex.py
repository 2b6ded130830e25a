"""Codex's transcripts: `~/.codex/sessions/YYYY/MM/DD/rollout-*.jsonl`.

Each answer of the model is followed by a `token_count` event with its usage; the model is the last `turn_context`'s.
An event that repeats the session's total tells of no new call. A transcript holds no request, so none of it can be
replayed; it shows what agents cost, by project. Source: github.com/openai/codex, `codex-rs/protocol`
(`TokenUsageInfo`), as described in github.com/ryoppippi/ccusage, `apps/codex/CLAUDE.md`, and
github.com/kvsankar/agent-history, `docs/codex-format.md`, read 2026-11-28.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

import msgspec

from audit.core.reason import Reason
from audit.core.settings import IngestSettings
from audit.ingest import labels, values
from audit.ingest.envelope import Envelope, lowered, row_of
from audit.ingest.formats import Format, Reader
from audit.ingest.row import Row, Unusable
from audit.ingest.values import integer, obj, text

_KEYS = {**labels.COMMON_KEYS, "route": (*labels.ROUTE_KEYS, "project"), "session": ("session",)}
_TYPES = frozenset({"session_meta", "turn_context", "event_msg", "response_item", "compacted"})
_ABSENT = frozenset({Reason.BODY_NOT_CAPTURED})


def detects(record: Mapping[str, Any]) -> str | None:
    """Why a record is a line of a rollout."""
    told = str(record.get("type")) in _TYPES and isinstance(record.get("payload"), dict) and "timestamp" in record
    return "has timestamp, payload and a type of a rollout" if told else None


class TurnJoin:
    """What the lines before say of a count: session, model, project, and the total until then."""

    def __init__(self) -> None:
        self._file = ""
        self._session: dict[str, Any] = {}
        self._total: int | None = None
        self._number = 0

    def see(self, record: Mapping[str, msgspec.Raw], _file: str) -> None:
        """Nothing: a line depends on those before it alone."""

    def join(self, record: dict[str, msgspec.Raw], file: str, _seen: None) -> dict[str, msgspec.Raw]:
        """The line; a count of a new call has what lies before it."""
        if file != self._file:
            self._file, self._session, self._total = file, {}, None  # a file is a session, whatever it begins with
        kind, payload = msgspec.json.decode(record["type"]), obj(msgspec.json.decode(record["payload"]))
        if kind == "session_meta":
            kept = {key: payload.get(key) for key in ("cwd", "model_provider", "cli_version")}
            self._session, self._total = {"session": payload.get("id"), **kept}, None
        elif kind == "turn_context":
            self._session |= {key: payload[key] for key in ("model", "cwd") if payload.get(key)}
        elif kind == "event_msg" and payload.get("type") == "token_count":
            total = integer(obj(obj(payload.get("info")).get("total_token_usage")).get("total_tokens"))
            if total is not None and total != self._total:
                self._total, self._number = total, self._number + 1
                turn = self._session | {"number": self._number}
                return record | {"turn": msgspec.Raw(msgspec.json.encode(turn))}
        return record


def open_reader(settings: IngestSettings) -> Reader:
    """A reader of one line per record; only counts of new calls are calls."""
    wanted = labels.finders(settings, _KEYS)

    def read(record: bytes) -> Sequence[Row]:
        line = values.parse(record)
        if not isinstance(line, dict) or not isinstance(line.get("payload"), dict):
            raise Unusable("no `payload`: not a line of a rollout")
        turn, usage = obj(line.get("turn")), obj(obj(line["payload"].get("info")).get("last_token_usage"))
        if not turn or not usage:
            return ()
        project = PurePosixPath((text(turn.get("cwd")) or "").replace("\\", "/")).name or None
        row = row_of(_envelope(line, turn, usage))
        row.source_format_version, row.trace_id = text(turn.get("cli_version")), text(turn.get("session"))
        labels.put(row, wanted, (line | turn).get, ((turn, ""), ({"project": project}, "")))
        row.metadata = values.scalars({"project": project}, "") or None
        return (row,)

    return read


def _envelope(line: Mapping[str, Any], turn: Mapping[str, Any], usage: Mapping[str, Any]) -> Envelope:
    """One call; cached tokens are part of the input, reasoning is part of the output."""
    return Envelope(
        emitter="codex",
        request_id=f"{turn.get('session')}-{turn.get('number')}",
        model=text(turn.get("model")),
        provider=lowered(turn.get("model_provider")),
        started=line.get("timestamp"),
        usage={
            "input_tokens": usage.get("input_tokens"),
            "output_tokens": usage.get("output_tokens"),
            "input_tokens_details": {"cached_tokens": usage.get("cached_input_tokens")},
            "output_tokens_details": {"reasoning_tokens": usage.get("reasoning_output_tokens")},
        },
        answered=True,
        reasons=_ABSENT,
    )


FORMAT = Format(
    name="codex",
    summary="Codex rollouts: what sessions cost, by project; not replayable",
    fields=("timestamp", "type", "payload"),
    detects=detects,
    open=open_reader,
    join=TurnJoin,
)
