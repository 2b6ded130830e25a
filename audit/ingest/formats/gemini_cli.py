"""Gemini CLI: its recorded chats, and what its telemetry writes to a file.

`~/.gemini/tmp/PROJECT/chats/session-*.jsonl`: a head of the session, messages, and `$set` lines that change the head
or hold all messages once more; a message that the recorder changes is written again, whole. Older versions wrote one
object with a list of messages. Each `gemini` message is one call to the model. What a chat was rewound to was paid for
all the same. With `telemetry.outfile`, records of OpenTelemetry's SDK: `gemini_cli.api_response` and `.api_error`.
Neither holds the request, so nothing can be replayed; they show what sessions cost, by project. Both tell of the same
calls under names of their own; what they share is the session, the model and the counts, so the first call of a session
with some counts in the one is the first with these in the other.
Source: github.com/google-gemini/gemini-cli, `packages/core/src/services/chatRecordingService.ts`,
`chatRecordingTypes.ts`, `telemetry/types.ts`, read 2026-11-29.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
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
from audit.ingest.values import obj, small, text

_KEYS = {**labels.COMMON_KEYS, "route": (*labels.ROUTE_KEYS, "project"), "session": ("sessionId", "session.id")}
_HEAD = ("sessionId", "projectHash", "directories")
_TYPES = frozenset({"user", "gemini", "info", "error", "warning"})
_USAGE = {
    "input": "promptTokenCount",
    "output": "candidatesTokenCount",
    "cached": "cachedContentTokenCount",
    "thoughts": "thoughtsTokenCount",
    "tool": "toolUsePromptTokenCount",
    "total": "totalTokenCount",
}
_COUNTS = {f"{name}_token_count".replace("cached_", "cached_content_"): told for name, told in _USAGE.items()}
_SAME = ("session.id", "model", "event.name")
_EVENT, _ANSWERED, _FAILED = "event.name", "gemini_cli.api_response", "gemini_cli.api_error"
_KEPT = ("id", "timestamp", "model", "tokens")
_ABSENT = frozenset({Reason.BODY_NOT_CAPTURED})


def detects(record: Mapping[str, Any]) -> str | None:
    """Why a record is Gemini CLI's."""
    if {"sessionId", "projectHash"} <= record.keys():
        return "has sessionId and projectHash: a chat of Gemini CLI"
    if record.get("type") == "gemini" and {"id", "timestamp", "content", "model"} <= record.keys():
        return "an answer of Gemini in a chat of Gemini CLI"
    event = str(_attributes(record).get(_EVENT)).startswith("gemini_cli.")
    return "has an event of gemini_cli: telemetry of Gemini CLI" if event else None


class ChatJoin:
    """The last version of each message, which line it is counted at: the first that has it; and of each call, how many
    of its session had the same counts before it, in chats and in telemetry apart."""

    def __init__(self) -> None:
        self._last = JoinNotes()
        self._counted: set[str] = set()
        self._head: dict[str, Any] = {}
        self._alike: Counter[tuple[Any, ...]] = Counter()
        self._places: dict[tuple[str, ...], int] = {}

    def see(self, record: Mapping[str, msgspec.Raw], _file: str) -> None:
        """Take a line into account."""
        for message in _answers(_decoded(record)):
            self._last.note(str(message["id"]), {name: message.get(name) for name in _KEPT})

    def join(self, record: dict[str, msgspec.Raw], _file: str, _seen: None) -> dict[str, msgspec.Raw]:
        """The line with the calls that are counted at it, each as it was written last, and the session's head."""
        if "attributes" in record:
            return record | {"place": msgspec.Raw(msgspec.json.encode(self._place_of_event(record)))}
        line = _decoded(record)
        told = {**line, **obj(line.get("$set"))}
        new = "projectHash" in line and "$set" not in line
        self._head = ({} if new else self._head) | {name: told[name] for name in _HEAD if told.get(name)}
        names = dict.fromkeys(name for message in _answers(line) if (name := str(message["id"])) not in self._counted)
        self._counted.update(names)
        calls = [self._placed(msgspec.json.decode(self._last.last(name) or b"{}")) for name in names]
        told_of = (("calls", calls), ("head", self._head))
        return record | {name: msgspec.Raw(msgspec.json.encode(value)) for name, value in told_of}

    def _placed(self, message: dict[str, Any]) -> dict[str, Any]:
        what = (self._head.get("sessionId"), message.get("model"), *map(obj(message.get("tokens")).get, _USAGE))
        self._alike[what] += 1
        return message | {"place": self._alike[what]}

    def _place_of_event(self, record: Mapping[str, msgspec.Raw]) -> int:
        """One record that is read from two files has one place."""
        found = obj(msgspec.json.decode(record["attributes"]))
        name = tuple(str(found.get(key)) for key in ("response_id", "event.timestamp", *_SAME, *_COUNTS))
        self._alike[name[2:]] += name not in self._places
        return self._places.setdefault(name, self._alike[name[2:]])


def _decoded(record: Mapping[str, msgspec.Raw]) -> dict[str, Any]:
    wanted = ("id", "timestamp", "type", "model", "tokens", "messages", "$set", *_HEAD)
    return {name: msgspec.json.decode(record[name]) for name in wanted if name in record}


def _answers(line: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The answers of the model in a line: itself, or those of the list of messages that it holds."""
    held = line.get("messages") or obj(line.get("$set")).get("messages")
    for message in map(obj, held if isinstance(held, list) else (line,)):
        if message.get("type") == "gemini" and "id" in message:
            yield message


def _attributes(record: Mapping[str, Any]) -> dict[str, Any]:
    return obj(record.get("attributes"))


def open_reader(settings: IngestSettings) -> Reader:
    """A reader of one line per record: a call for each answer of the model that is counted at it."""
    wanted = labels.finders(settings, _KEYS)

    def read(record: bytes) -> Sequence[Row]:
        line = values.parse(record)
        if not isinstance(line, dict):
            raise Unusable("not a JSON object")
        event = text(_attributes(line).get(_EVENT))
        if event in (_ANSWERED, _FAILED):
            return (_row(_of_event(line), line, _attributes(line), line.get("place"), wanted),)
        lines_of_a_chat = {"$set", "$rewindTo", "sessionId"} & line.keys() or str(line.get("type")) in _TYPES
        if event is None and not lines_of_a_chat and not {"resource", "scopeMetrics"} & line.keys():
            raise Unusable("neither a line of a chat nor an event of Gemini CLI")
        head = {name: line.get(name) for name in _HEAD} | obj(line.get("head"))
        calls = line.get("calls") if isinstance(line.get("calls"), list) else list(_answers(line))
        return [_row(_of_message(obj(call)), line, head, obj(call).get("place"), wanted) for call in calls or ()]

    return read


def _row(found: Envelope, line: dict[str, Any], head: dict[str, Any], place: Any, wanted: labels.Finders) -> Row:
    row = row_of(found)
    folders = head.get("directories")
    folder = text(folders[0]) if isinstance(folders, list) and folders else None
    name = PurePosixPath((folder or "").replace("\\", "/")).name
    project = {"project": name or (text(head.get("projectHash")) or "")[:12] or None}
    row.trace_id = text(head.get("sessionId")) or text(head.get("session.id"))
    if place and row.trace_id and found.usage and row.status == "ok":
        counts = "/".join(str(found.usage.get(name) or 0) for name in _USAGE.values())
        row.dedupe_key = f"{row.trace_id}/{found.model}/{counts}/{place}"
    labels.put(row, wanted, line.get, ((head, ""), (project, "")))
    row.metadata = values.scalars(project, "") or None
    return row


def _of_message(message: Mapping[str, Any]) -> Envelope:
    """One answer; cached tokens are part of the input, thoughts are none of the output."""
    tokens = obj(message.get("tokens"))
    return Envelope(
        emitter="gemini-cli",
        request_id=text(message.get("id")),
        logical_id=text(message.get("id")),
        model=text(message.get("model")),
        started=message.get("timestamp"),
        usage={name: tokens[key] for key, name in _USAGE.items() if key in tokens},
        answered=True,
        reasons=_ABSENT,
    )


def _of_event(line: Mapping[str, Any]) -> Envelope:
    found = _attributes(line)
    failed = found.get(_EVENT) == _FAILED
    message = text(found.get("error")) or text(found.get("error.message")) or "error"
    reasons = found.get("finish_reasons")
    return Envelope(
        emitter="gemini-cli",
        request_id=text(found.get("response_id")),
        model=text(found.get("model")),
        started=found.get("event.timestamp") or line.get("timestamp"),
        latency_ms=found.get("duration_ms"),
        usage={name: found[key] for key, name in _COUNTS.items() if key in found},
        finish=text(reasons[0]) if isinstance(reasons, list) and reasons else None,
        error={"type": text(found.get("error_type")), "message": message} if failed else None,
        http_status=small(found.get("status_code")),
        answered=not failed,
        reasons=_ABSENT,
    )


FORMAT = Format(
    name="gemini-cli",
    summary="Gemini CLI: recorded chats and telemetry files; what sessions cost, by project; not replayable",
    fields=("sessionId", "projectHash", "startTime", "lastUpdated", "messages", "kind"),
    detects=detects,
    open=open_reader,
    join=ChatJoin,
)
