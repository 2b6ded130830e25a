"""What later traffic says of a policy: the words between who reads it and who judges it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchedPairs:
    """Paired verdicts of a policy on one route of one later window: equal-probability draws, all of them.

    Attributes:
        route: Name.
        n: Measured pairs; a request that the policy does not move is a pair without a difference.
        b: The incumbent passes and the policy fails.
        c: The incumbent fails and the policy passes.
        missing_passed: Draws that could not be measured although the incumbent passes.
        missing_failed: Draws that could not be measured where the incumbent fails.
        missing_unknown: Draws that could not be measured because the incumbent was not scored.
    """

    route: str
    n: int
    b: int
    c: int
    missing_passed: int = 0
    missing_failed: int = 0
    missing_unknown: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteSeen:
    """One route in a later log.

    Attributes:
        requests: Billable requests.
        models: Requests by the model that served them.
        shape: Histograms as `sampling.frame.RouteFrame` has them.
    """

    requests: int
    models: Mapping[str, int]
    shape: Mapping[str, Sequence[int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class CriteriaSeen:
    """By what the answers of a route were judged in a later run.

    Attributes:
        digest: Of everything that decides whether an answer is accepted; "" where the run does not say.
        margin: Accepted loss, in [0, 1].
    """

    digest: str
    margin: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TierSeen:
    """A tier as it is configured now: its model, and its price in the words of `RoutingPolicy.prices`."""

    model: str
    price: Mapping[str, float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A later log, or a later run with its replays.

    Attributes:
        run_id: Of the run; None for a log that was not replayed, which says nothing of quality.
        window_from: First day, ISO date; None where the log has no times.
        window_to: Last day.
        routes: By name.
        tiers: Configured now, by name.
        pairs: By route, where the policy's tiers were replayed.
        criteria: By route of the run.
        complete: The replay ran to the end of its plan.
        demo: Bundled data.
        simulated: Tiers whose completions were simulated.
    """

    run_id: str | None
    window_from: str | None
    window_to: str | None
    routes: Mapping[str, RouteSeen]
    tiers: Mapping[str, TierSeen]
    pairs: Mapping[str, WatchedPairs] = field(default_factory=dict)
    criteria: Mapping[str, CriteriaSeen] = field(default_factory=dict)
    complete: bool = True
    demo: bool = False
    simulated: tuple[str, ...] = ()
