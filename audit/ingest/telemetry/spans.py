"""Spans and log records of an OTLP log, joined: what lies around a call, inside it, and beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

import msgspec

from audit.core.doubts import Doubt
from audit.ingest.join_notes import JoinNotes
from audit.ingest.row import Unusable
from audit.ingest.telemetry import agents, otel
from audit.ingest.telemetry.stored import OTLP, export_of, flat, is_export, tells_a_call
from audit.ingest.values import integer, number, obj, objects, parse, text, unpacked

_AROUND = frozenset({
    "audit.route", "route", "feature", "use_case", "endpoint", "task", "http.route", "tenant", "tenant.id", "tenant_id",
    "customer", "organization", "team", "session.id", "session_id", "gen_ai.conversation.id", "enduser.id", "user.id",
    "user_id",
    "environment", "env", "gen_ai.prompt.name", "gen_ai.workflow.name", "gen_ai.agent.name", "traceloop.workflow.name",
    "traceloop.entity.name", "langfuse.trace.name",
})  # fmt: skip
ROUTER_ROUTE = "audit.route"
"""Where this package's own router names the route, on a span that may lie around the calls that it decided."""
_DEEPEST = 64
WHOLE_CALL = "gen_ai.client.inference.operation.details"
"""A log record that says of a call all that its span does, except for how long it took. Source: OpenTelemetry's GenAI
conventions, "could be used to store input and output details independently from traces"."""
AGENT_CALL = "audit.agent.call"
"""A log record by which a coding agent tells a call; agents have mostly no spans."""


def told_as(record: Mapping[str, Any]) -> str | None:
    """Why a record is one of OpenTelemetry's; None for another one, and for a store's that is not of a model's call."""
    if is_export(record):
        return f"has {next(name for name in OTLP if isinstance(record.get(name), list))}"
    return "a span or a log record with names of OpenTelemetry's conventions" if tells_a_call(record) else None


def export_request(record: bytes) -> Mapping[str, Any]:
    """The export request that a record is, or that a store's span or log record came in.

    Raises:
        Unusable: It is none of these.
    """
    value = parse(record)
    line = export_of(value) if isinstance(value, dict) else {}
    if not is_export(line):
        raise Unusable("neither `resourceSpans` nor `resourceLogs`, nor a span of a store: not OTLP")
    return line


def resources_of(line: Mapping[str, Any]) -> Sequence[dict[str, Any]]:
    """The resources of an export request, each with its spans."""
    return objects(line.get("resourceSpans", line.get("resource_spans")))


def spans_of(resource: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Each span of a resource, with its scope's name."""
    for name in ("scopeSpans", "scope_spans", "instrumentationLibrarySpans"):
        for scope in objects(resource.get(name)):
            emitter = obj(scope.get("scope")).get("name")
            for span in objects(scope.get("spans")):
                yield {**span, "scope": emitter}


def exceptions_of(span: Mapping[str, Any]) -> Iterator[otel.Attributes]:
    """What was raised inside a span."""
    events = span.get("events")
    for event in map(obj, events if isinstance(events, list) else ()):
        if event.get("name") == "exception":
            yield otel.attributes(event.get("attributes"))


def logs_of(line: Mapping[str, Any]) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Each log record of an export request with its scope's name, behind the resource that wrote it."""
    for part in objects(line.get("resourceLogs", line.get("resource_logs"))):
        for name in ("scopeLogs", "scope_logs"):
            for scope in objects(part.get(name)):
                emitter = obj(scope.get("scope")).get("name")
                for log in objects(scope.get("logRecords", scope.get("log_records"))):
                    yield obj(part.get("resource")), {**log, "scope": emitter}


def attributes_of(span: Mapping[str, Any]) -> otel.Attributes:
    """A span's attributes; what a coding agent counts under names of its own, under the conventions' too."""
    found = otel.attributes(span.get("attributes"))
    return agents.told_by_agent((text(span.get("name")),), found) or found


def event_of(log: Mapping[str, Any]) -> dict[str, Any] | None:
    """What a log record says of a call of a model; None of another one."""
    found = otel.attributes(log.get("attributes"))
    body = otel.value_of(log.get("body")) if log.get("body") else None
    named = log.get("eventName") or found.get("event.name")
    held = _held_in(body) if named in (None, WHOLE_CALL) else {}
    name = str(named or held.get("event.name"))
    if name == WHOLE_CALL:
        found, body = held | found, None
    at = str(log.get("timeUnixNano") or log.get("observedTimeUnixNano") or "")
    told = agents.told_by_agent((name, text(body)), found)
    if told is not None:
        return {"name": AGENT_CALL, "body": None, "attributes": told, "at": at}
    return {"name": name, "body": body, "attributes": found, "at": at} if name.startswith("gen_ai.") else None


def _held_in(body: Any) -> otel.Attributes:
    """Attributes that stand in the body of a log record, where a logger could not take them as such: as an object, or
    as JSON; objects within it are parts of their names."""
    if isinstance(body, str) and "gen_ai." not in body:
        return {}
    said = obj(unpacked(body))
    whole = flat(said)
    inner = flat(obj(said.get("attributes")))
    event = said.get("event_name") or said.get("eventName") or whole.get("event.name")
    return whole | inner | ({"event.name": event} if event else {})


def spanless_calls(
    line: Mapping[str, Any], context: Mapping[str, Any]
) -> Iterator[tuple[otel.Attributes, dict[str, Any], dict[str, Any]]]:
    """Calls that a log record tells and no span does, as where traces are sampled and logs are not.

    Returns:
        Of each the attributes of what wrote it, the record as a span, and the context of that. The record is written
        when the call has ended, so its time is nearly the call's; how long that took only agents say.
    """
    alone = {place: obj(said) for place, said in context.get("alone") or ()}
    for place, (resource, log) in enumerate(logs_of(line)) if alone else ():
        if place in alone and (event := event_of(log)) is not None:
            found = event["attributes"] = {**alone[place], **event["attributes"]}
            span = {**log, **_times(event), "attributes": found, "status": _status(found)}
            span["spanId"] = log.get("spanId") or ""
            doubts = [] if event["name"] == AGENT_CALL else [Doubt.WITHOUT_SPAN]
            said = {"events": {str(span["spanId"]): [event]}, "doubts": doubts}
            yield otel.attributes(resource.get("attributes")), span, said


def _times(event: Mapping[str, Any]) -> dict[str, Any]:
    """When the call of a record began, and when it ended where it is told how long it took."""
    ended, took = integer(event["at"]), number(event["attributes"].get("audit.duration_ms"))
    if ended is None or took is None or not 0 <= took * 1e6 < ended:
        return {"startTimeUnixNano": event["at"]}
    return {"startTimeUnixNano": str(ended - round(took * 1e6)), "endTimeUnixNano": event["at"]}


def _status(found: otel.Attributes) -> dict[str, Any]:
    return {"code": 2, "message": found.get("error.message")} if found.get("error.type") else {}


class _Seen(msgspec.Struct, array_like=True, gc=False):
    """What is noted of a span: the span around it, the labels that it gives to those inside, and of a call its
    response's id, whether an engine wrote it, and its tokens."""

    parent: str | None
    labels: dict[str, Any]
    is_call: bool
    response: str | None = None
    engine: bool = False
    tokens: tuple[int, int] | None = None


class _Event(msgspec.Struct):
    at: str


class _SeenLine(msgspec.Struct, array_like=True):
    """What is handed back with an export request: the calls in it, by their spans' ids; and the log records in it that
    tell a whole call, by their place, each with the span that it names, the call's id, and where it is an agent's, its
    session and moment.
    """

    calls: list[str]
    whole: list[tuple[int, str | None, str, str]]


_SEEN = msgspec.json.Decoder(_Seen)
_EVENT = msgspec.json.Decoder(_Event)


class SpanJoin:
    """What must be known of a whole trace to read one of its calls."""

    def __init__(self) -> None:
        self._spans = JoinNotes()
        self._told = JoinNotes()  # attributes of calls that may be inside calls
        self._events = JoinNotes()
        self._inside: JoinNotes | None = None  # calls inside calls, once all were seen
        self._responses = JoinNotes()  # ids of responses that a span tells
        self._whole = JoinNotes()  # log records that tell a whole call, by the call's id
        self._records = JoinNotes()  # and what these say of it
        self._said = JoinNotes()  # what was said in calls of Gemini CLI, by session and moment
        self._told_whole = 0
        # Each of many calls inside one asks for the same, and what is asked of a call begins with its span.
        self._doubles_inside = lru_cache(256)(self._find_doubles_inside)
        self._span = lru_cache(256)(self._find_span)

    def see(self, record: Mapping[str, msgspec.Raw], _file: str) -> Any:
        """Take an export request into account."""
        line = export_of({name: msgspec.json.decode(raw) for name, raw in record.items()})
        spans = [span for resource in resources_of(line) for span in spans_of(resource)]
        seen = _SeenLine([str(span.get("spanId")) for span in spans if self._see_span(span)], [])
        for place, (_, log) in enumerate(logs_of(line)):
            if (event := event_of(log)) is None:
                continue
            if event["name"] == AGENT_CALL:
                moment = _moment_of(event["attributes"])
                seen.whole.append((place, None, self._see_whole(None, event["attributes"]), moment))
                continue
            if log["scope"] == agents.GEMINI_CLI:
                self._said.note(_moment_of(event["attributes"]), _words_of(event["attributes"]))
                continue
            if log.get("spanId"):
                self._events.note(str(log["spanId"]), event)
            if event["name"] == WHOLE_CALL and otel.operation_of(event["attributes"]) is not None:
                span = text(log.get("spanId"))
                seen.whole.append((place, span, self._see_whole(span, event["attributes"]), ""))
        return msgspec.to_builtins(seen)

    def _see_whole(self, span: str | None, found: otel.Attributes) -> str:
        """The id of the call that a log record tells; without one, that of its span, else the record's own."""
        self._told_whole += 1
        name = text(found.get("gen_ai.response.id")) or span or f"record {self._told_whole}"
        self._whole.note(name, self._told_whole)
        self._records.note(name, found)
        return f"{self._told_whole} {name}"

    def _see_span(self, span: dict[str, Any]) -> bool:
        """Whether the span is a call."""
        name, parent = str(span.get("spanId")), text(span.get("parentSpanId"))
        found = attributes_of(span)
        is_call = otel.operation_of(found) is not None
        labels = {key: found[key] for key in ((ROUTER_ROUTE,) if is_call else _AROUND) if key in found}
        seen = _Seen(parent, labels, is_call)
        if is_call:
            seen.response, seen.engine = text(found.get("gen_ai.response.id")), otel.is_engine(found)
            counted = [integer(found.get(f"gen_ai.usage.{side}_tokens")) for side in ("input", "output")]
            seen.tokens = None if None in counted or not any(counted) else (counted[0], counted[1])  # type: ignore[assignment]
            if seen.response:
                self._responses.note(seen.response)
            if parent:
                self._told.note(name, found)
        self._spans.note(name, seen)
        return is_call

    def join(self, record: dict[str, msgspec.Raw], _file: str, seen: Any) -> dict[str, msgspec.Raw]:
        """The export request with a `context`: by call, what lies around it, inside it, and its log records; and the
        places of log records that tell a call of which there is no span."""
        line = msgspec.convert(seen, _SeenLine)
        context = {
            "doubles": {name: True for name in line.calls if self._is_told_elsewhere(name)},
            "inner": {name: found for name in line.calls if (found := self._recorded(name) | self._told_inside(name))},
            "events": {name: said for name in line.calls if (said := _in_order(self._events.of(name)))},
            "around": {name: found for name in line.calls if (found := self._what_is_around(name))},
            "alone": [
                (place, self._said.last(moment) if moment else None)
                for place, span, call, moment in line.whole
                if self._is_alone(span, call)
            ],
        }
        if record.keys().isdisjoint(OTLP):
            exported = export_of({name: msgspec.json.decode(raw) for name, raw in record.items()})
            record = {name: msgspec.Raw(msgspec.json.encode(value)) for name, value in exported.items()}
        return record | {"context": msgspec.Raw(msgspec.json.encode(context))}

    def _is_alone(self, span: str | None, call: str) -> bool:
        """Whether no span tells a call, and no log record before this one did."""
        number, _, name = call.partition(" ")
        seen = self._span(span)
        told = (seen is not None and seen.is_call) or name in self._responses
        return not told and bytes(self._whole.of(name)[0]) == number.encode()

    def _find_span(self, name: str | None) -> _Seen | None:
        found = None if name is None else self._spans.last(name)
        return None if found is None else _SEEN.decode(found)

    def _what_is_around(self, name: str) -> dict[str, Any]:
        """Labels of the spans around one, the nearest first."""
        made: dict[str, Any] = {}
        span = self._span(name)
        for _ in range(_DEEPEST):
            if span is None or (span := self._span(span.parent)) is None:
                break
            made = {**span.labels, **made}
        return made

    def _is_told_elsewhere(self, name: str) -> bool:
        """Whether a call is that around it, seen again by an SDK's own instrumentation, or only holds several calls."""
        span = self._span(name)
        assert span is not None, "calls that are joined were seen"
        inside = self._calls_inside(name)
        if (
            len(inside) > 1
            and not self._doubles_inside(name)
            and (span.response is None or self._adds_up(span, inside))
        ):
            return True
        outer = self._call_around(name, span)
        return outer is not None and name in self._doubles_inside(outer)

    def _adds_up(self, span: _Seen, inside: Sequence[str]) -> bool:
        """Whether the tokens of a call are those of the calls inside it together."""
        told = [call.tokens for name in inside if (call := self._span(name)) is not None and call.tokens is not None]
        return span.tokens is not None and span.tokens == tuple(map(sum, zip(*told, strict=True)))

    def _told_inside(self, name: str) -> dict[str, Any]:
        """Attributes of the doubles inside a call; where they differ, the one that was seen first has the word."""
        made: dict[str, Any] = {}
        for double in self._doubles_inside(name):
            if (found := self._told.last(double)) is not None:
                made = {**msgspec.json.decode(found), **made}
        return made

    def _recorded(self, name: str) -> dict[str, Any]:
        """What a log record tells of a call, which its span may leave out: as Claude Code's does the cost."""
        span = self._span(name)
        found = self._records.last(span.response) if span is not None and span.response else None
        told = {} if found is None else msgspec.json.decode(found)
        return {key: value for key, value in told.items() if not key.startswith("error.")}

    def _find_doubles_inside(self, outer: str) -> Mapping[str, None]:
        """Calls inside a call that are that call, in the order in which they were seen.

        The same response id tells. Where one of the two has none (it failed, or was cut), or both have the same tokens
        (a framework's id is its own), an only child is the same; a call with several calls inside is no call itself. A
        server's span of a call inside the client's is that call.
        """
        inside = self._calls_inside(outer)
        if not inside or (around := self._span(outer)) is None:
            return {}
        calls = {name: span for name in inside if (span := self._span(name)) is not None}
        own = around.response
        same = [name for name, call in calls.items() if call.engine or (own is not None and call.response == own)]
        alone = len(calls) == 1 and (None in (own, calls[inside[0]].response) or self._adds_up(around, inside))
        return dict.fromkeys(same or (inside if alone else ()))

    def _calls_inside(self, outer: str) -> Sequence[str]:
        """Calls whose nearest call around them is this one."""
        if self._inside is None:
            self._inside = JoinNotes()
            for name, found in self._spans.items():
                span = _SEEN.decode(found)
                if span.is_call and (around := self._call_around(name, span)) is not None:
                    self._inside.note(around, name)
        return list(dict.fromkeys(msgspec.json.decode(name, type=str) for name in self._inside.of(outer)))

    def _call_around(self, name: str, span: _Seen | None) -> str | None:
        for _ in range(_DEEPEST):
            around = None if span is None else span.parent
            if around is None or around == name:
                break
            span = self._span(around)
            if span is not None and span.is_call:
                return around
        return None


def _moment_of(found: otel.Attributes) -> str:
    """What a record of Gemini CLI shares with the others of the same call alone."""
    return f"{found.get('session.id')}@{found.get('event.timestamp')}"


def _words_of(found: otel.Attributes) -> otel.Attributes:
    """Of what a record of the conventions says, what is no count and no name of the call."""
    return {key: value for key, value in found.items() if not key.startswith(("gen_ai.usage.", "gen_ai.response.id"))}


def _in_order(events: Sequence[msgspec.Raw]) -> list[msgspec.Raw]:
    """Events by time, each once: what was exported again was not said again."""
    return sorted((msgspec.Raw(event) for event in dict.fromkeys(map(bytes, events))), key=_at)


def _at(event: msgspec.Raw) -> tuple[int, str]:
    told = _EVENT.decode(event)
    return len(told.at), told.at
