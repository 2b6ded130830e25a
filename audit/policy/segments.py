"""What a route's certificate is worth for one tenant, region or environment.

A certificate is about all of a route's traffic, and a part of it may fare worse. So the part is tested by itself: the
same sealed list, in the same order, on the part's own pairs, stopped at the first failure. Whatever is chosen among
what passes keeps the promise for this part at the run's alpha, whichever look the replay stopped at. Each part that is
asked about is a test of its own: among many unsafe ones, up to alpha of them pass.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from audit.core.errors import InputError, UnknownName
from audit.core.interval import Estimate
from audit.core.options import DIMENSIONS, Option, PolicyOptions, RouteOptions, Segment
from audit.stats.discrimination import p_noninferior
from audit.stats.missing import Missing, delta_estimate, pessimistic
from audit.stats.tango import PairCounts

MAX_MISSING = 0.02
"""Above this share of unmeasured draws nothing is certified (`product.md` section 6)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrafficPart:
    """A part of the traffic, as `--for` names it: `tenant:acme`."""

    dimension: str
    name: str

    def __str__(self) -> str:
        return f"{self.dimension} {self.name or '(none)'}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What the part's own pairs say of one certified policy.

    Attributes:
        segment: The counts.
        delta: Policy minus incumbent on the part's traffic; None without pairs.
        p_value: Of "it loses the margin or more on this part"; None where the sequence did not reach it.
        certified: The part's own test passed, and its whole interval lies above the margin.
        refuted: The part's whole interval lies below the margin: the route's certificate does not help it.
    """

    segment: Segment
    delta: Estimate | None
    p_value: float | None
    certified: bool
    refuted: bool


def part_of(text: str) -> TrafficPart:
    """Read `tenant:NAME`, `region:NAME` or `environment:NAME`.

    Raises:
        InputError: It has no name.
        UnknownName: It is about something else.
    """
    dimension, colon, name = text.partition(":")
    if not colon:
        raise InputError(f"`--for {text}` names no part", code="policy.part", hint="--for tenant:NAME")
    if dimension not in DIMENSIONS:
        raise UnknownName.among("part of the traffic", dimension, DIMENSIONS)
    return TrafficPart(dimension=dimension, name=name)


def check_known(options: PolicyOptions, part: TrafficPart) -> None:
    """Refuse a name that no route has.

    Raises:
        UnknownName: With the nearest that there is.
        InputError: Nothing was certified, so there is nothing that a part could have a share of.
    """
    if not any(route.options for route in options.routes):
        raise InputError(
            f"there is nothing to carve for {part}: no policy of this run is certified",
            code="policy.nothing-certified",
            hint="without --for, policy-json says that no change is recommended",
        )
    names = {
        segment.name
        for route in options.routes
        for option in route.options
        for segment in option.segments.get(part.dimension, ())
    }
    if part.name not in names:
        raise UnknownName.among(part.dimension, part.name, sorted(names))


def claims_of(route: RouteOptions, part: TrafficPart, confidence: float) -> list[Claim | None]:
    """Test the certified policies of a route on one part of its traffic, in the sealed order.

    Args:
        route: With its options in that order.
        part: Of the traffic.
        confidence: Of intervals, over all looks.

    Returns:
        One claim per option; None where the part has no draw on the route.
    """
    claims: list[Claim | None] = []
    going = True
    for option in route.options:
        segment = segment_of(option, part)
        if segment is None:
            claims.append(None)
            continue
        claim = _claim(segment, option, route, confidence, going=going)
        going = going and claim.p_value is not None and claim.p_value <= option.alpha
        claims.append(claim)
    return claims


def segment_of(option: Option, part: TrafficPart) -> Segment | None:
    """The part's counts; None where it has no draw."""
    rows: Sequence[Segment] = option.segments.get(part.dimension, ())
    return next((segment for segment in rows if segment.name == part.name), None)


def _claim(segment: Segment, option: Option, route: RouteOptions, confidence: float, *, going: bool) -> Claim:
    counts, missing = PairCounts(b=segment.b, c=segment.c, n=segment.n), Missing.of(segment)
    delta = delta_estimate(counts, missing, level=option.level)
    delta = None if delta is None else replace(route.shown.corrected(delta), level=confidence)
    enough = segment.n >= route.least_pairs and missing.total <= MAX_MISSING * (segment.n + missing.total)
    p = None
    if going and enough:
        p = p_noninferior(pessimistic(counts, missing), margin=route.margin, shown=route.shown)
    low, high = (None, None) if delta is None else (delta.lo, delta.hi)
    return Claim(
        segment=segment,
        delta=delta,
        p_value=p,
        certified=p is not None and p <= option.alpha and low is not None and low > -route.margin,
        refuted=high is not None and high < -route.margin,
    )
