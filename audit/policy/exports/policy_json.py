"""The policy itself, complete: every kind, with its evidence; what `audit.policy.router` runs."""

from __future__ import annotations

from audit.core.policy import RoutingPolicy
from audit.policy.exporter import Exporter
from audit.policy.policy_file import policy_bytes


def export(policy: RoutingPolicy) -> dict[str, bytes]:
    """`policy.json`, also for a policy without routes: it says that nothing changes."""
    return {"policy.json": policy_bytes(policy)}


EXPORTER = Exporter(
    name="policy-json",
    summary="The policy itself: every kind of policy, run in your own process by `audit.policy.router`.",
    suffix=".json",
    export=export,
    sees_model=True,
    shares=True,
)
