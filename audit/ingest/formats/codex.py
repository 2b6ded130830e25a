"""Codex's transcripts: `~/.codex/sessions/YYYY/MM/DD/rollout-*.jsonl`.

Each answer of the model is followed by a `token_count` event with its usage; the model is the last `turn_context`'s.
An event that repeats the session's total tells of no new call. A transcript holds no request, so none of it can be
replayed; it shows what agents cost, by project. Source: github.com/openai/codex, `codex-rs/protocol`
(`TokenUsageInfo`), as described in github.com/ryoppippi/ccusage, `apps/codex/CLAUDE.md`, and
github.com/kvsankar/agent-history, `docs/codex-format.md`, read 2026-11-28.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

import msgspec

from audit.core.reason import Reason
from audit.core.settings import IngestSettings
from audit.ingest import labels, values
from audit.ingest.calls.envelope import Envelope, lowered, row_of
from audit.ingest.formats import Format, Reader
from audit.ingest.join_notes import JoinNotes
from audit.ingest.row import Row, Unusable
from audit.ingest.values import canonical, integer, obj, text

_KEYS = {**labels.COMMON_KEYS, "route": (*labels.ROUTE_KEYS, "project"), "session": ("session",)}
_TYPES = frozenset({"session_meta", "turn_context", "event_msg", "response_item", "compacted"})
_ABSENT = frozenset({Reason.BODY_NOT_CAPTURED})


def detects(record: Mapping[str, Any]) -> str | None:
    """Why a record is a line of a rollout."""
    told = str(record.get("type")) in _TYPES and isinstance(record.get("payload"), dict) and "timestamp" in record
    return "has timestamp, payload and a type of a rollout" if told else None


@dataclass(slots=True)
class _Place:
    """Where in the transcripts a line stands: whose session, and what was counted in it until then.

    Attributes:
        file: The file; it is a session, whatever it begins with.
        session: What the session says of itself, with the last turn's model.
        total: Tokens of the session until then.
        number: Counts of new calls until then, in all files.
        parents: Of each session that was forked, or spawned with what another one knew, whose it was.
    """

    file: str = ""
    session: dict[str, Any] = field(default_factory=dict)
    total: int | None = None
    number: int = 0
    begun: bool = False
    parents: dict[str, str] = field(default_factory=dict)

    def take(self, record: Mapping[str, msgspec.Raw], file: str) -> str | None:
        """Take a line into account.

        Returns:
            Where it is a count of a new call, what is counted.
        """
        if file != self.file:
            self.file, self.session, self.total, self.begun = file, {}, None, False
        kind, payload = msgspec.json.decode(record["type"]), obj(msgspec.json.decode(record["payload"]))
        if kind == "session_meta":
            self._begin(payload)
            return None
        self.begun = True
        if kind == "turn_context":
            self.session |= {key: payload[key] for key in ("model", "cwd") if payload.get(key)}
        elif kind == "event_msg" and payload.get("type") == "token_count":
            info = obj(payload.get("info"))
            total = integer(obj(info.get("total_token_usage")).get("total_tokens"))
            if total is not None and total != self.total:
                self.total, self.number = total, self.number + 1
                return canonical([info.get("total_token_usage"), info.get("last_token_usage")])
        return None

    def _begin(self, said: Mapping[str, Any]) -> None:
        """A session begins; or what a fork has of its parent, whose head stands before it, does."""
        name, own = text(said.get("id")) or "", text(self.session.get("session"))
        if own is not None and name and (name == self.parents.get(own) or not self.begun or name == own):
            if name != own:
                self.parents.setdefault(own, name)
            return
        kept = {key: said.get(key) for key in ("cwd", "model_provider", "cli_version")}
        self.session, self.total, self.begun = {"session": said.get("id"), **kept}, None, False
        spawned = obj(obj(obj(said.get("source")).get("subagent")).get("thread_spawn"))
        if parent := text(said.get("forked_from_id")) or text(spawned.get("parent_thread_id")):
            self.parents[name] = parent

    def root(self, session: str | None) -> str | None:
        """The first of a session's ancestors."""
        passed = set[str]()
        while session in self.parents and session not in passed:
            passed.add(session)
            session = self.parents[session]
        return session


_Count = tuple[str, int, str, str | None]
"""A count of a call: when, its number, its file and its session."""


class TurnJoin:
    """What the lines before say of a count: session, model and project; and whether it is another session's.

    A fork begins with the lines of the session that it came from, counts included, with the time of the fork: they are
    no calls of its own. Of equal counts in the files of one family the earliest is the call.

    Source: github.com/ccusage/ccusage, issues 897, 1349, 1371 and 1460, read 2026-11-30.
    """

    def __init__(self) -> None:
        self._counts = JoinNotes()
        self._seen, self._joined = _Place(), _Place()

    def see(self, record: Mapping[str, msgspec.Raw], file: str) -> None:
        """Take a line into account."""
        if (count := self._seen.take(record, file)) is not None:
            self._counts.note(count, _count(record, self._seen))

    def join(self, record: dict[str, msgspec.Raw], file: str, _seen: None) -> dict[str, msgspec.Raw]:
        """The line; a count of a new call has what lies before it."""
        count = self._joined.take(record, file)
        if count is None or self._is_copy(count, _count(record, self._joined)):
            return record
        turn = self._joined.session | {"number": self._joined.number}
        return record | {"turn": msgspec.Raw(msgspec.json.encode(turn))}

    def _is_copy(self, count: str, own: _Count) -> bool:
        if not self._seen.parents:
            return False
        root = self._seen.root(own[3])
        others = (msgspec.json.decode(other, type=_Count) for other in self._counts.of(count))
        return any(other[2] != own[2] and other < own and self._seen.root(other[3]) == root for other in others)


def _count(record: Mapping[str, msgspec.Raw], place: _Place) -> _Count:
    when = bytes(record.get("timestamp", b"")).decode("utf-8", "replace")
    return when, place.number, place.file, text(place.session.get("session"))


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
