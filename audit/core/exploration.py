"""What the replays say besides the verdicts: how much of a route a score can move, and what other margins would buy."""

from __future__ import annotations

from dataclasses import dataclass

from audit.core.interval import Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class ThresholdPoint:
    """What one threshold of a router's score gives on the certification split.

    Attributes:
        threshold: Requests with at least this score go to the cheap tier; None sends all of them.
        share_moved: Share of the route's requests that do, in [0, 1]; not those that nothing was drawn of.
        loss: Of accepted answers over all the route's traffic, in [-1, 1]; positive is worse.
        upper: Upper bound of the loss.
    """

    threshold: float | None
    share_moved: float
    loss: float
    upper: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ThresholdCurve:
    """How much of a route can move by one score, and what that loses.

    Attributes:
        tier: The cheap tier.
        signal: Name of the score.
        n: Pairs.
        level: The bounds of all points hold at once with this probability.
        points: By rising share; the last moves everything that can be replayed and is not on the tier already.
        safe_share: Largest share whose bound stays within the margin; 0 when none does.
    """

    tier: str
    signal: str
    n: int
    level: float
    points: tuple[ThresholdPoint, ...]
    safe_share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class MarginFinding:
    """What the same replays would recommend at another margin. Exploration: only the margin fixed before was promised.

    Attributes:
        margin: In [0, 1].
        tier: To move to; None when nothing would move.
        share_moved: Share of the route's requests that would.
        quality_delta: Over all the route's traffic; None when nothing would move.
        avoidable_usd: Exactly 0 when nothing would move.
    """

    margin: float
    tier: str | None
    share_moved: float
    quality_delta: Estimate | None
    avoidable_usd: Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontierPoint:
    """Cost and accepted answers of one way to serve the whole log.

    Attributes:
        kind: today | recommended | margin (exploratory) | tier (everything that was tested on it, whatever it loses).
        margin: Of a `margin` point.
        tier: Of a `tier` point.
        cost_usd: Of the log's window.
        accepted: Share of accepted answers; None when unknown.
        avoidable_usd: Spend less cost.
        routes_moved: Routes that are served otherwise than today.
    """

    kind: str
    margin: float | None
    tier: str | None
    cost_usd: Estimate
    accepted: Estimate | None
    avoidable_usd: Estimate
    routes_moved: int
