"""`policy/options.json`: what else could be handed over, so that a policy can be carved without judging anything again.

Every policy of a run that is certified for its route, with what it saves, how long its answers take, and its paired
counts by tenant, region and environment. Counts, not verdicts: whoever asks about one tenant tests that tenant.
"""

from __future__ import annotations

from dataclasses import dataclass

from audit.core.discrimination import PERFECT, Discrimination
from audit.core.interval import Estimate
from audit.core.policy import RoutePolicy

SCHEMA = "audit-options/1"

DIMENSIONS = ("tenant", "region", "environment")
"""What traffic is carved by: columns of the traffic."""

MOST_SEGMENTS = 50
"""Segments kept per dimension, those with the most certification draws first: the file stays small on any log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A policy on the part of a route's certification draws that one tenant, region or environment sent.

    Attributes:
        name: Of the tenant, region or environment; "" where the log names none.
        requests: Auditable requests of it on the route, over the whole log.
        spend_usd: Billed for them.
        n: Measured pairs; a draw that the policy does not move is a pair without a difference.
        b: Incumbent passes and policy fails.
        c: Incumbent fails and policy passes.
        missing_passed: Draws that could not be measured although the incumbent passes.
        missing_failed: Draws that could not be measured where the incumbent fails.
        missing_unknown: Draws that could not be measured because the incumbent was not scored.
        moved: Draws that the cheap tier finally serves.
        saving_usd: On `spend_usd`; None with too few dollar draws.
    """

    name: str
    requests: int
    spend_usd: float
    n: int
    b: int
    c: int
    missing_passed: int
    missing_failed: int
    moved: int
    saving_usd: Estimate | None
    missing_unknown: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One policy of a route that the sequence of tests certified.

    Attributes:
        policy: With the evidence of its certification.
        recommended: The one that `policy.json` hands over.
        deployable: Fit to be handed over. The others only keep the sealed order without a gap, because whoever tests a
            part of the traffic has to go through it from its beginning.
        loss: Estimated quality loss over the route's traffic.
        saving_usd: On the route's auditable spend.
        latency_p95_ms: Of its answers, every call counted one after the other; `hi` is an exact upper bound, None where
            too few calls were measured for one. None where none was.
        segments: By dimension; draws that the policy's own look took in.
        alpha: Level of a test at this look. The levels of all declared looks add up to the run's, so that a test at
            whichever look the replay stopped at keeps the run's error rate.
        level: Nominal level of an interval at this look; the intervals of all looks hold the run's confidence at once.
    """

    policy: RoutePolicy
    recommended: bool
    deployable: bool
    loss: float
    saving_usd: Estimate | None
    latency_p95_ms: Estimate | None
    segments: dict[str, tuple[Segment, ...]]
    alpha: float
    level: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteOptions:
    """What a route could be given.

    Attributes:
        requests: Billable requests in the log.
        spend_usd: Billed for them.
        margin: Accepted loss.
        least_pairs: Fewer pairs decide nothing.
        shown: How much of a true difference its criteria show.
        options: The beginning of the sealed list, in its order; empty where the route is to be left alone.
    """

    route: str
    requests: int
    spend_usd: float
    margin: float
    least_pairs: int
    options: tuple[Option, ...]
    shown: Discrimination = PERFECT


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyOptions:
    """Every certified policy of a run.

    Attributes:
        days: Of the log's window.
        spend_usd: Billed in the window, over all routes.
        confidence: Of every interval; alpha of a certificate is one less this.
    """

    run_id: str
    days: int
    spend_usd: float
    confidence: float
    routes: tuple[RouteOptions, ...]
    schema: str = SCHEMA
