"""Carve a run's policy: for one tenant, region or environment, under a latency limit, or under a budget."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from audit.core.artifacts import RunFolder, read_json
from audit.core.display import count, percent, plural, points, points_interval, usd
from audit.core.errors import InputError
from audit.core.options import SCHEMA, Option, PolicyOptions, RouteOptions
from audit.core.plain import from_plain, to_plain
from audit.core.policy import RoutePolicy, RoutingPolicy
from audit.policy.budget import CostBudget, certain, within_budget
from audit.policy.segments import Claim, TrafficPart, check_known, claims_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a policy is carved by.

    Attributes:
        part: Only for this part of the traffic.
        route_wide: For a part without a certificate of its own, rest on the route's, and say so in the file.
        latency_p95_ms: The 95th percentile of every changed route's latency is shown to be at most this.
        budget: For the whole log.
    """

    part: TrafficPart | None = None
    route_wide: bool = False
    latency_p95_ms: float | None = None
    budget: CostBudget | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Carved:
    """A carved policy, and per route one sentence on what was decided there and why."""

    policy: RoutingPolicy
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Left:
    """What is left of a route's options.

    Attributes:
        note: Why nothing is left, or what the chosen one rests on.
        claims: By option, where a part was asked for.
    """

    route: RouteOptions
    options: Sequence[Option]
    note: str = ""
    claims: Mapping[int, Claim] = field(default_factory=dict)


def read_options(folder: RunFolder) -> PolicyOptions:
    """What a run's policy can be carved from.

    Raises:
        InputError: The run has none, it is of another version, or it is damaged.
    """
    if not folder.options.exists():
        hint = "run the audit again into this folder: calls that have a result are not made again"
        raise InputError(f"{folder.path} has nothing to carve a policy from", code="policy.no-options", hint=hint)
    value = read_json(folder.options)
    if not isinstance(value, dict) or value.get("schema") != SCHEMA:
        raise InputError(f"{folder.options} is of another version", code="policy.version")
    try:
        return from_plain(PolicyOptions, value)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise InputError(f"{folder.options} is damaged: {type(error).__name__}", code="policy.damaged") from None


def carve(base: RoutingPolicy, options: PolicyOptions, wish: Wish) -> Carved:
    """The policy that follows from a wish; it only ever narrows what is certified for whole routes.

    Args:
        base: The run's own policy, for everything but the routes.
        options: Of the same run.
        wish: What is wanted.

    Raises:
        InputError: The budget cannot be reached or is met already, or a wish contradicts another.
        UnknownName: No route has traffic of this part.
    """
    if wish.part is not None and wish.budget is not None:
        raise InputError(
            "a budget is for the whole log, and `--for` is about a part of it",
            code="policy.budget",
            hint="carve by one of them",
        )
    if wish.part is not None:
        check_known(options, wish.part)
    left = [_left(route, options.confidence, wish) for route in options.routes if route.options]
    if wish.budget is not None:
        asked = [(one.route, one.options) for one in left]
        chosen = within_budget(asked, options.spend_usd, wish.budget, options.days)
    else:
        chosen = {one.route.route: _best(one) for one in left if one.options}
    routes = tuple(_policy(chosen[one.route.route], one, wish) for one in left if one.route.route in chosen)
    models = {name: name for entry in routes for name in entry.today} | dict(base.models)
    return Carved(
        policy=replace(
            base,
            routes=routes,
            models=dict(sorted(models.items())),
            scope={wish.part.dimension: wish.part.name} if wish.part else {},
        ),
        notes=tuple(_notes(left, chosen, options, wish)),
    )


def _left(route: RouteOptions, confidence: float, wish: Wish) -> _Left:
    """Which options of a route fit the wish."""
    claims: dict[int, Claim] = {}
    fit = [option for option in route.options if option.deployable]
    if wish.part is not None:
        tested = zip(route.options, claims_of(route, wish.part, confidence), strict=True)
        claims = {id(option): claim for option, claim in tested if claim is not None}
        if not claims:
            return _Left(route=route, options=(), note=f"{wish.part} sent nothing that was sampled here")
        held = [option for option in fit if id(option) in claims and _holds(claims[id(option)], wish)]
        if not held:
            return _Left(route=route, options=(), note=_why_not(fit, claims, wish.part, route), claims=claims)
        fit = held
    if wish.latency_p95_ms is not None:
        quick = [option for option in fit if _is_quick(option, wish.latency_p95_ms)]
        if not quick:
            return _Left(route=route, options=(), note=_too_slow(fit, wish.latency_p95_ms), claims=claims)
        fit = quick
    return _Left(route=route, options=fit, claims=claims)


def _holds(claim: Claim, wish: Wish) -> bool:
    """Whether a certificate may be used for the part: its own, or the route's where that was asked for."""
    saving = claim.segment.saving_usd
    if claim.refuted or (saving is not None and not (saving.lo or 0.0) > 0):
        return False
    return claim.certified or wish.route_wide


def _is_quick(option: Option, limit_ms: float) -> bool:
    latency = option.latency_p95_ms
    return latency is not None and latency.hi is not None and latency.hi <= limit_ms


def _best(left: _Left) -> Option:
    """The recommended option where it is still there, else the one that surely saves most on what is asked about."""

    def saves(option: Option) -> tuple[float, bool]:
        claim = left.claims.get(id(option))
        saving = claim.segment.saving_usd if claim else option.saving_usd
        return (saving.lo or 0.0 if saving else 0.0, option.recommended)

    if not left.claims:
        recommended = [option for option in left.options if option.recommended]
        if recommended:
            return recommended[0]
    return max(left.options, key=saves)


def _policy(option: Option, left: _Left, wish: Wish) -> RoutePolicy:
    claim = left.claims.get(id(option))
    if claim is None or wish.part is None:
        return option.policy
    about: dict[str, Any] = {
        "rests_on": "its own pairs" if claim.certified else "the route's certificate",
        wish.part.dimension: wish.part.name,
        "n": claim.segment.n,
        "quality_delta": to_plain(claim.delta),
        "p_value": claim.p_value,
        "saving_usd": to_plain(claim.segment.saving_usd),
        "requests": claim.segment.requests,
        "spend_usd": claim.segment.spend_usd,
    }
    return replace(option.policy, evidence={**option.policy.evidence, "part": about})


def _notes(left: Sequence[_Left], chosen: Mapping[str, Option], options: PolicyOptions, wish: Wish) -> list[str]:
    lines = []
    for one in left:
        name = one.route.route or "(no route)"
        option = chosen.get(one.route.route)
        if option is None:
            why = one.note or "left alone: the budget is reached without it"
            lines.append(f"{name}: {why}")
            continue
        claim = one.claims.get(id(option))
        said = f"{name}: {option.policy.kind} to {option.policy.tier}"
        if claim is not None and wish.part is not None:
            said += f", certified for the route as a whole; for {wish.part}: {_measured(claim)}"
            if not claim.certified:
                said += ", not certified by itself: it rests on the route's certificate"
        if wish.latency_p95_ms is not None and option.latency_p95_ms and option.latency_p95_ms.hi is not None:
            said += f", p95 at most {option.latency_p95_ms.hi:.0f} ms in the replays"
        lines.append(said)
    if wish.budget is not None:
        saved = sum(certain(option) for option in chosen.values())
        lost = sum(option.loss * one.route.requests for one in left if (option := chosen.get(one.route.route)))
        requests = sum(one.route.requests for one in left) or 1
        lines.append(
            f"{wish.budget}: {usd(options.spend_usd)} in {options.days} days becomes at most "
            f"{usd(options.spend_usd - saved)}; by the estimate {_lost(lost / requests)} over these routes"
        )
    return lines


def _lost(loss: float) -> str:
    """`0.7 points of accepted answers are lost`; a loss below 0 is a gain."""
    size = points(abs(loss)).lstrip("+")
    return f"{size} points of accepted answers are {'gained' if loss < 0 else 'lost'}"


def _measured(claim: Claim) -> str:
    pairs = plural(claim.segment.n, "pair")
    return pairs if claim.delta is None else f"{pairs}, {points_interval(claim.delta)} points"


def _why_not(fit: Sequence[Option], claims: Mapping[int, Claim], part: TrafficPart, route: RouteOptions) -> str:
    mine = [claims[id(option)] for option in fit if id(option) in claims]
    if not mine:
        return "no certified policy is fit to be handed over"
    most = max(mine, key=lambda claim: (claim.p_value is not None, -(claim.p_value or 0.0)))
    said = f"certified for the route as a whole; for {part}: {_measured(most)}"
    if most.segment.n < route.least_pairs:
        return (
            f"{said}, and {count(route.least_pairs)} pairs are needed to say anything (--route-wide rests on the route)"
        )
    if all(claim.refuted for claim in mine):
        return f"{said}, which is below {points(-route.margin)}: this part loses more than the margin"
    saving = most.segment.saving_usd
    if most.certified and saving is not None:
        return f"{said}, but it is not shown to save anything there"
    return f"{said}, not proven above {points(-route.margin)} (--route-wide rests on the route)"


def _too_slow(fit: Sequence[Option], limit_ms: float) -> str:
    known = [option.latency_p95_ms for option in fit if option.latency_p95_ms]
    if not known:
        return "no latency was measured, so no limit is shown to hold"
    best = min(known, key=lambda latency: latency.est)
    upper = "no upper bound" if best.hi is None else f"at most {best.hi:.0f} ms at {percent(best.level)}"
    return f"p95 {best.est:.0f} ms in the replays ({upper}) is not shown to be within {limit_ms:.0f} ms"
