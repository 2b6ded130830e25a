"""Spans and log records of an OTLP log, joined: what lies around a call, inside it, and beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from audit.ingest import otel
from audit.ingest.values import obj, objects, text

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


def logs_of(line: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Each log record of an export request."""
    for part in objects(line.get("resourceLogs", line.get("resource_logs"))):
        for name in ("scopeLogs", "scope_logs"):
            for scope in objects(part.get(name)):
                yield from objects(scope.get("logRecords", scope.get("log_records")))


class _Call(msgspec.Struct):
    parent: str | None
    response: str | None
    engine: bool


class SpanJoin:
    """What must be known of a whole trace to read one of its calls."""

    def __init__(self) -> None:
        self._parents: dict[str, str] = {}
        self._around: dict[str, dict[str, Any]] = {}
        self._calls: dict[str, _Call] = {}
        self._found: dict[str, dict[str, Any]] = {}  # attributes of calls inside calls
        self._events: dict[str, list[dict[str, Any]]] = {}
        self._doubles: dict[str, str | None] | None = None  # None within: a call that only holds others
        self._inner: dict[str, dict[str, Any]] = {}

    def see(self, record: Mapping[str, msgspec.Raw]) -> tuple[str, ...]:
        """Take an export request into account; the calls in it, by their spans' ids."""
        line = {name: msgspec.json.decode(raw) for name, raw in record.items()}
        spans = [span for resource in resources_of(line) for span in spans_of(resource)]
        called = tuple(str(span.get("spanId")) for span in spans if self._see_span(span))
        for log in logs_of(line):
            name = log.get("eventName") or otel.attributes(log.get("attributes")).get("event.name")
            if log.get("spanId") and str(name).startswith("gen_ai."):
                body = otel.value_of(log.get("body")) if log.get("body") else None
                found = otel.attributes(log.get("attributes"))
                at = str(log.get("timeUnixNano") or log.get("observedTimeUnixNano") or "")
                event = {"name": str(name), "body": body, "attributes": found, "at": at}
                self._events.setdefault(str(log["spanId"]), []).append(event)
        return called

    def _see_span(self, span: dict[str, Any]) -> bool:
        """Whether the span is a call."""
        name, parent = str(span.get("spanId")), text(span.get("parentSpanId"))
        found = otel.attributes(span.get("attributes"))
        if parent:
            self._parents[name] = parent
        kept = {key: value for key, value in found.items() if key in _AROUND}
        called = otel.operation_of(found) is not None
        if called:
            kept = {key: value for key, value in kept.items() if key == ROUTER_ROUTE}
        if kept:
            self._around[name] = kept
        if called:
            self._calls[name] = _Call(parent, text(found.get("gen_ai.response.id")), otel.is_engine(found))
            if parent:
                self._found[name] = found
        return called

    def join(self, record: dict[str, msgspec.Raw], seen: tuple[str, ...]) -> dict[str, msgspec.Raw]:
        """The export request with a `context`: by call, what lies around it, inside it, and its log records."""
        if self._doubles is None:
            self._doubles = self._find_doubles()
            for double, call in self._doubles.items():
                if call is not None:
                    self._inner[call] = {**self._found.get(double, {}), **self._inner.get(call, {})}
        context = {
            "doubles": {name: True for name in seen if name in self._doubles},
            "inner": {name: self._inner[name] for name in seen if name in self._inner},
            "events": {name: _in_order(self._events[name]) for name in seen if name in self._events},
            "around": {name: found for name in seen if (found := self._what_is_around(name))},
        }
        return record | {"context": msgspec.Raw(msgspec.json.encode(context))}

    def _what_is_around(self, name: str) -> dict[str, Any]:
        """Labels of the spans around one, the nearest first."""
        made: dict[str, Any] = {}
        for _ in range(_DEEPEST):
            parent = self._parents.get(name)
            if parent is None:
                break
            made = {**self._around.get(parent, {}), **made}
            name = parent
        return made

    def _find_doubles(self) -> dict[str, str | None]:
        """Calls inside a call that are that call: seen again by an SDK's own instrumentation, by the call around them.

        The same response id tells. Where one of the two has none (it failed, or was cut), an only child is the same;
        a call with several calls inside is no call itself. A server's span of a call inside the client's is that call.
        """
        children: dict[str, list[str]] = {}
        for name, call in self._calls.items():
            if (outer := self._call_around(call)) is not None:
                children.setdefault(outer, []).append(name)
        doubles: dict[str, str | None] = {}
        for outer, inside in children.items():
            own = self._calls[outer].response
            calls = {name: self._calls[name] for name in inside}
            same = [name for name, call in calls.items() if call.engine or (own is not None and call.response == own)]
            if same or (len(inside) == 1 and (own is None or self._calls[inside[0]].response is None)):
                doubles |= dict.fromkeys(same or inside, outer)
            elif len(inside) > 1 and own is None:
                doubles[outer] = None
        return doubles

    def _call_around(self, call: _Call) -> str | None:
        name = call.parent
        for _ in range(_DEEPEST):
            if name is None or name in self._calls:
                return name
            name = self._parents.get(name)
        return None


def _in_order(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Events by time, each once: what was exported again was not said again."""
    once = {msgspec.json.encode(event): event for event in events}
    return sorted(once.values(), key=_at)


def _at(event: Mapping[str, Any]) -> tuple[int, str]:
    return len(event["at"]), event["at"]
