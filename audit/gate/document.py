"""The gate's decision as one JSON document."""

from __future__ import annotations

from typing import Any

from audit.core.plain import to_plain
from audit.gate.decide import GateDecision, Inconclusive

SCHEMA = "audit-gate/1"


def as_document(decision: GateDecision, *, inconclusive: Inconclusive | None = None) -> dict[str, Any]:
    """The whole decision as JSON values. An interval is `{"est", "lo", "hi", "level"}`, an open end is null."""
    return {**to_plain(decision), "schema": SCHEMA, "exit_code": decision.exit_code(inconclusive)}
