"""A canary: which part of the traffic follows a policy at first, how it grows, and when it is taken back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from audit.core.errors import InputError
from audit.core.policy import Canary, CanaryKey, RoutePolicy, RoutingPolicy
from audit.stats.canary import CanaryStep, FearedLoss, canary_steps

BAD = 3.0
"""The policy that must be seen in time loses this many margins."""

ALLOWED = 0.25
"""Part of what the margin allows in `LIFE_DAYS` that such a policy may be expected to lose before the alarm."""

LIFE_DAYS = 30.0
"""What a policy's evidence is fresh for; the canary ends within it."""

WINDOWS = (1.0, 2.0, 7.0)
"""Days of a window: the shortest in which the canary reaches all traffic is taken."""

STEPS = 8
PAIRS = 1000
"""Answers of the incumbent that a window's watch replays, at most."""

DISCORDANCE = 0.15
"""Share of pairs that are expected to differ."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CanaryRoute:
    """The steps of one route.

    Attributes:
        route: Name.
        window_days: Of a step.
        requests: In a window, all of them.
        steps: In order.
        watch_usd: What a window of the watch costs at most: its requests at what the log billed; None where unknown.
        margin: Accepted loss.
    """

    route: str
    window_days: float
    requests: float
    steps: tuple[CanaryStep, ...]
    watch_usd: float | None
    margin: float

    @property
    def complete(self) -> bool:
        """Whether all traffic follows the policy in the end."""
        return bool(self.steps) and self.steps[-1].share == 1.0

    def share_at(self, number: int) -> float:
        """The share of a step; after the last one its own, and 0 at step 0, which takes the policy back."""
        return self.steps[min(number, len(self.steps)) - 1].share if number and self.steps else 0.0


def canary_plan(policy: RoutingPolicy) -> tuple[CanaryRoute, ...]:
    """The steps of every route of a policy, by the traffic that its evidence names.

    Raises:
        InputError: The policy does not say how much traffic a route has, or which loss it was certified at.
    """
    return tuple(_route(entry, len(policy.routes)) for entry in policy.routes)


def at_step(
    policy: RoutingPolicy, plan: Sequence[CanaryRoute], number: int, by: CanaryKey = CanaryKey.SESSION
) -> RoutingPolicy:
    """The policy as it is at a step: 0 sends nothing to the cheap tier.

    Raises:
        InputError: There is no such step.
    """
    if not policy.routes:
        raise InputError(
            "there is nothing to begin a canary with: no policy of this run is certified",
            code="policy.nothing-certified",
            hint="without --canary, policy-json says that no change is recommended",
        )
    routes = {one.route: one for one in plan}
    most = max((len(one.steps) for one in plan), default=0)
    if not 0 <= number <= most:
        raise InputError(
            f"the canary has steps 0 to {most}, and no {number}",
            code="policy.canary",
            hint="--canary 1 begins it, --canary 0 takes the policy back",
        )
    return replace(
        policy,
        routes=tuple(
            replace(entry, canary=Canary(share=share, salt=policy.run_id, by=by) if share < 1.0 else None)
            for entry in policy.routes
            for share in [routes[entry.route].share_at(number)]
        ),
    )


def _route(entry: RoutePolicy, routes: int) -> CanaryRoute:
    lacking = [name for name in ("requests", "days", "margin", "alpha") if not entry.evidence.get(name)]
    if lacking:
        raise InputError(
            f"the policy of route `{entry.route}` does not say its {lacking[0]}, so no canary can be sized",
            code="policy.canary",
            hint="audit again, into a new run folder",
        )
    found = [_in_windows(entry, days, routes) for days in WINDOWS]
    return next((one for one in found if one.complete), found[-1])


def _in_windows(entry: RoutePolicy, days: float, routes: int) -> CanaryRoute:
    evidence = entry.evidence
    margin = float(evidence.get("measured_margin", evidence["margin"]))
    requests = float(evidence["requests"]) / float(evidence["days"]) * days
    moved = float(evidence.get("share_moved") or 1.0)
    # No more can be lost than is moved, and a canary of less than the margin needs no watch.
    discordance = max(min(max(DISCORDANCE, BAD * margin), moved), min(BAD * margin, 0.99))
    steps = canary_steps(
        FearedLoss(
            margin=margin,
            loss=min(BAD * margin, discordance),
            discordance=discordance,
            alpha=float(evidence["alpha"]) / routes,
        ),
        requests=requests,
        allowed=ALLOWED * margin * LIFE_DAYS / days,
        most_pairs=PAIRS,
        windows=min(int(LIFE_DAYS / days), STEPS),
    )
    spend = evidence.get("spend_usd")
    pairs = max((step.pairs for step in steps), default=0)
    return CanaryRoute(
        route=entry.route,
        window_days=days,
        requests=requests,
        steps=steps,
        watch_usd=None if spend is None else float(spend) / float(evidence["requests"]) * pairs,
        margin=margin,
    )
