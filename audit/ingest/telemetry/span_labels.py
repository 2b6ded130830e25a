"""Route, tenant and the other labels of a call that spans tell: its own, the spans' around it, the resource's."""

from __future__ import annotations

from typing import Any

import msgspec

from audit.core.settings import IngestSettings
from audit.ingest import labels, values
from audit.ingest.row import Row
from audit.ingest.telemetry import otel
from audit.ingest.values import obj, text, unpacked

KEYS = {
    "route": (
        "audit.route",
        "route", "feature", "use_case", "gen_ai.prompt.name", "gen_ai.workflow.name", "gen_ai.agent.name",
        "traceloop.workflow.name", "traceloop.entity.name", "langfuse.trace.name",
        "ai.telemetry.functionId", "query_source", "http.route", "endpoint", "task",
    ),
    "tenant": ("tenant", "tenant.id", "tenant_id", "customer", "organization", "team"),
    "environment": (
        "environment", "env", "deployment.environment.name", "deployment.environment", "langfuse.environment",
    ),
    "region": ("cloud.region", "region"),
    "session": ("session.id", "gen_ai.conversation.id", "session_id"),
    "end_user": ("enduser.id", "user.id", "user_id"),
}  # fmt: skip
_SKIPPED = (
    "gen_ai.",
    "llm.",
    "input.",
    "output.",
    "langfuse.observation.",
    "ai.",
    "openinference.",
    "http.",
    "server.",
)


Finders = labels.Finders


def finders(settings: IngestSettings) -> Finders:
    """How each kind of label is found in a span."""
    return labels.finders(settings, KEYS)


def put_labels(row: Row, around: dict[str, Any], found: otel.Attributes, wanted: Finders) -> None:
    """Labels of the span itself, of the nearest span around it, then of the resource."""
    told = {key.rpartition(".")[2]: unpacked_text(found[key]) for key in found if ".metadata." in key}
    told |= obj(unpacked(found.get("metadata")))
    associated = "traceloop.association.properties."
    told |= {key.removeprefix(associated): found[key] for key in found if key.startswith(associated)}
    own = {**found}
    own.pop("http.route", None)
    everything = {**around, **own, **told}
    places = ((told, "metadata."), (own, ""), (around, ""))
    labels.put(row, wanted, everything.get, places)
    row.release = text(around.get("service.version")) or text(around.get("langfuse.release"))
    tags = found.get("tag.tags") or found.get("langfuse.trace.tags")
    row.tags = [tag for tag in tags if isinstance(tag, str)] if isinstance(tags, list) else ()
    row.metadata = values.scalars(everything, "", families=_SKIPPED) or None


_DECISION = ("tier", "policy.kind", "policy.canary", "signal.value", "signal.threshold", "error", "escalations")
"""What `audit.policy.router.attributes` says of a decision, behind `audit.`."""


def put_decision(row: Row, found: otel.Attributes) -> None:
    """What this package's own router decided about a call, where its attributes stand on the span."""
    decision = {name: found[f"audit.{name}"] for name in _DECISION if f"audit.{name}" in found}
    if "tier" in decision or "policy.kind" in decision:
        row.routing = values.json_text(decision)
        row.escalated = bool(values.integer(decision.get("escalations")))


def unpacked_text(value: Any) -> Any:
    """A value that an exporter wrote as JSON text: `"acme"` with its quotes."""
    if isinstance(value, str) and value[:1] == '"':
        try:
            return msgspec.json.decode(value)
        except (ValueError, RecursionError):
            return value
    return unpacked(value)
