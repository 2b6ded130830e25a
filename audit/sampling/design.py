"""How many requests of each route to replay, and which routes that can decide.

Sizes come from the score-based planner (`statistics.md` section 7) at the route's margin; the budget cuts them, the
routes with the most to gain per replay dollar first.
"""

from __future__ import annotations

import fnmatch
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from audit.core.criteria import CriteriaCheck
from audit.core.display import listing
from audit.core.exchange import Usage
from audit.core.labels import DrawnLabels
from audit.core.plan import RouteDesign
from audit.core.policy import bare
from audit.core.reason import Because, Reason, because
from audit.core.settings import RouteSettings, Settings, SliceSettings
from audit.core.tier import PER_MILLION, Tier
from audit.sampling.frame import RouteFrame
from audit.sampling.pool import RoutePool
from audit.sampling.prospects import RouteTests

BUDGET_SHARE = 0.9
"""Part of the cap that the expected cost may fill: answers are sometimes longer than the log's."""

LEAST_MOVING = 0.2
"""A candidate that serves more of the route already than leaves this part is not given larger samples for it."""

SAME_WEIGHT = 0.01
"""Records of a log that stand for as many calls as others, but for this share."""

LESS_EFFORT = ("none", "minimal", "low", "medium")
SAME_PRICE = 0.01
"""Bills and price lists differ by this part where they mean the same price."""

ROUNDING = 1e-9
"""Sums of one price in another order differ by less."""

LEAST_SPEND = 0.05
"""Part of a route's spend that must be on other models for a tier to be worth a test there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteNeeds:
    """What the settings say of one route, before sizes are worked out.

    Attributes:
        entry: The route's entry in `audit.yaml`, or None.
        unsupported: Why its criteria cannot be measured, or None.
        criteria: What they are worth by the log's own answers; None where that has not been looked at.
        judge_usd: Expected cost of judging one answer, in USD.
        unfit: By tier, why it is not tried here, as a first sample has shown.
    """

    entry: RouteSettings | None
    unsupported: str | None
    criteria: CriteriaCheck | None = None
    judge_usd: float = 0.0
    unfit: Mapping[str, Because] = field(default_factory=dict)


def design_routes(
    frames: Sequence[RouteFrame], needs: Mapping[str, RouteNeeds], tiers: Sequence[Tier], settings: Settings
) -> list[RouteDesign]:
    """Sizes, candidates and prospects of every route, in the order of `frames`."""
    judges = {name for entry in settings.routes for criterion in entry.criteria for name in criterion.judges}
    usable = [tier for tier in tiers if tier.name not in judges]
    designs = [_design(frame, needs[frame.route], usable, settings) for frame in frames]
    if settings.guarantee == "portfolio":
        settings = _for_all(settings, sum(bool(design.candidates) for design in designs))
        designs = [
            replace(_design(frame, needs[frame.route], usable, settings), alpha=settings.alpha) for frame in frames
        ]
    designs = _prioritised(designs, frames, usable, warm=_is_warm(settings))
    if settings.max_spend is None:
        return designs
    return _within_budget(designs, frames, usable, settings)


def _for_all(settings: Settings, routes: int) -> Settings:
    """The settings with the error rate that each of so many routes has when all of them share the declared one."""
    return settings.model_copy(update={"confidence": 1 - settings.alpha / max(routes, 1)})


def _design(frame: RouteFrame, need: RouteNeeds, tiers: Sequence[Tier], settings: Settings) -> RouteDesign:
    """One route's design before the budget."""
    margin = settings.margin_of(frame.route)
    only = settings.slice.tiers
    cheaper = candidates_of(frame, need.entry, tiers, warm=_is_warm(settings))
    candidates = [t for t in cheaper if (only is None or t.name in only) and t.name not in need.unfit]
    # What the only candidate serves already is in no sample, however much of the route that is.
    sole = bare(candidates[0].identity) if len(candidates) == 1 else None
    incumbent = next((model for model in frame.models if bare(model) != sole), frame.incumbent)
    incumbent_tier = next((tier.name for tier in tiers if tier.identity == incumbent), None)
    design = RouteDesign(
        route=frame.route,
        requests=frame.requests,
        replayable=frame.replayable,
        spend_usd=frame.spend_usd,
        unpriced=frame.unreplayable.get(Reason.COST_UNKNOWN, 0),
        auditable_usd=frame.auditable_usd,
        incumbent=incumbent,
        incumbent_tier=incumbent_tier,
        incumbent_n=0,
        margin=margin,
        candidates=tuple(tier.name for tier in candidates),
        already={tier.name: n for tier in candidates if (n := frame.pool.on(tier.identity).requests)},
        already_usd={tier.name: there.usd for tier in candidates if (there := frame.pool.on(tier.identity)).requests},
        quality_n=0,
        dollars_n=0,
        distinct=0,
        can_decide="no",
        criteria=need.criteria,
        graded=need.entry is not None and need.entry.graded,
        judge_usd=need.judge_usd,
        today=_today(frame, tiers, candidates),
        unfit=dict(need.unfit),
    )
    obstacle = _obstacle(frame, need, design, settings.slice)
    if obstacle:
        return replace(design, candidates=(), why=obstacle)
    # On a route that other models than the sole candidate's serve as well, some draws tell a candidate nothing.
    moving = min(design.movable(name) for name in design.candidates) / max(pool_of(design), 1)
    pairs = RouteTests.of(design, settings).pairs
    quality = math.ceil(pairs / (1 - settings.slice.tuning_share) / max(moving, LEAST_MOVING))
    return sized(design, max([quality, *(one.sample for one in _drawn(design))]), settings)


def _today(frame: RouteFrame, tiers: Sequence[Tier], candidates: Sequence[Tier]) -> tuple[str, ...]:
    """`RouteDesign.today`: one name for a model, whatever providers the log writes before it."""
    # What a candidate serves already is told by the name alone wherever it is left out of the draws.
    candidate = {bare(tier.identity): tier.name for tier in candidates}
    exactly = {tier.identity: tier.name for tier in reversed(tiers)}
    found: dict[str, str] = {}
    for model in frame.models:
        found.setdefault(bare(model), candidate.get(bare(model)) or exactly.get(model, model))
    return tuple(found.values()) if len(found) > 1 else ()


def _obstacle(frame: RouteFrame, need: RouteNeeds, design: RouteDesign, options: SliceSettings) -> Because | None:
    """Why the route cannot be replayed at all, if so."""
    if not any(fnmatch.fnmatchcase(frame.route, glob) for glob in options.routes):
        return because(Reason.LEFT_OUT)
    if need.entry is None:
        return because(Reason.NO_ENTRY)
    if not need.entry.criteria:
        return because(Reason.NO_CRITERIA)
    if need.unsupported:
        return because(Reason.CRITERIA_NOT_SUPPORTED, what=need.unsupported)
    if not frame.replayable:
        if set(frame.unreplayable) == {Reason.COST_UNKNOWN}:
            return because(Reason.NOTHING_PRICED, models=listing([model or "its model" for model in frame.models]))
        return because(Reason.NOTHING_REPLAYABLE)
    least, most = frame.weights
    if most > least * (1 + SAME_WEIGHT):
        return because(Reason.LOG_KEEPS_UNEVENLY, least=f"{least:.3g}", most=f"{most:.3g}")
    if not design.candidates and need.unfit:
        return next(iter(need.unfit.values()))
    if not design.candidates and options.tiers is not None:
        return because(Reason.CANDIDATES_LEFT_OUT)
    if not design.candidates:
        return because(Reason.NO_CHEAPER_TIER)
    # Nothing is paid for a verdict that the criteria may not give.
    return None if need.criteria is None else need.criteria.why


def pool_of(design: RouteDesign) -> int:
    """Replayable requests that some candidate could move: all but those that the only candidate serves already."""
    return (
        max((design.movable(name) for name in design.candidates), default=0)
        if len(design.candidates) == 1
        else (design.replayable)
    )


def sized(design: RouteDesign, quality: int, settings: Settings) -> RouteDesign:
    """The design with this many quality draws at most, and what they can decide."""
    options = settings.slice
    quality = min(quality, pool_of(design), options.max_per_route or quality)
    certifying = math.floor(quality * (1 - options.tuning_share))
    incumbent_n = 0
    if design.incumbent_tier is not None:
        incumbent_n = min(quality, max(options.incumbent_min, math.ceil(options.incumbent_share * quality)))
    tests = RouteTests.of(design, settings)
    can_decide, why = tests.prospect(certifying)
    return replace(
        design,
        looks=_looks(quality, certifying, tests.least, min([settings.looks, *(one.looks for one in _drawn(design))])),
        quality_n=quality,
        dollars_n=min(options.dollars_per_route, pool_of(design)),
        incumbent_n=incumbent_n,
        can_decide=can_decide,
        why=why,
    )


def _drawn(design: RouteDesign) -> list[DrawnLabels]:
    """Labels of random pairs that decide on some candidate of a route."""
    found = {} if design.criteria is None else design.criteria.drawn
    return [found[name] for name in design.candidates if name in found]


def _looks(quality: int, certifying: int, least: int, declared: int) -> tuple[int, ...]:
    """Where the looks are: after equal steps, none before a Switch is possible at all."""
    steps = max(min(declared, certifying // least), 1)
    return tuple(math.ceil(quality * step / steps) for step in range(1, steps + 1))


def _is_warm(settings: Settings) -> bool:
    """Whether candidates are taken to read as much from their prompt cache as the log's own calls did."""
    return settings.cost.prompt_cache == "warm"


def candidates_of(
    frame: RouteFrame, entry: RouteSettings | None, tiers: Sequence[Tier], *, warm: bool = False
) -> list[Tier]:
    """The route's candidates: those named, else every tier that is cheaper at the logged tokens, or costs as much there
    and is set to use fewer.

    Args:
        frame: The route.
        entry: Its settings.
        tiers: That may be candidates.
        warm: They are taken to read as much from their prompt cache as the log's own calls did.
    """
    fitting = [tier for tier in tiers if tier.only_route in (None, frame.route)]
    if entry is not None and entry.candidates is not None:
        by_name = {tier.name: tier for tier in tiers}
        return [by_name[name] for name in entry.candidates if by_name[name] in fitting]
    return [tier for tier in fitting if is_cheaper(frame, tier, warm=warm)]


def is_cheaper(frame: RouteFrame, tier: Tier, *, warm: bool = False) -> bool:
    """Whether a tier costs less at the logged tokens, on the requests that it doesn't serve already; or as much, and is
    set to use fewer."""
    rest = frame.pool.without(tier.identity)
    spend, cost = rest.usd, cost_at(rest, tier, warm=warm)
    return spend > LEAST_SPEND * frame.auditable_usd and (
        cost < spend * (1 - ROUNDING) or (uses_fewer_tokens(tier) and cost <= spend * (1 + SAME_PRICE))
    )


def uses_fewer_tokens(tier: Tier) -> bool:
    """Whether a tier's settings make prompts or answers shorter: a trim, an effort below the usual, a thinking budget
    or an output cap."""
    set_ = (tier.trim, tier.thinking_tokens, tier.max_tokens)
    return tier.reasoning_effort in LESS_EFFORT or any(one is not None for one in set_)


def cost_at(pool: RoutePool, tier: Tier, *, replayed: bool = False, warm: bool = False) -> float:
    """What requests would cost on a tier at the logged tokens, in USD: as its traffic, or as its replay.

    Args:
        pool: Of the requests; the bounds of their frame hold those of the tier's prices.
        tier: That would serve them.
        replayed: At the price of a replay, which may be that of a batch.
        warm: Prompt tokens are read from the tier's cache, and written to it, as the log's were.
    """
    total = 0.0
    for low, high, price in (tier.replay_price if replayed else tier.price).spans():
        part = pool.between(low, high)
        usage = Usage(
            prompt_tokens=part.counted("prompt_tokens"),
            completion_tokens=part.counted("completion_tokens"),
            cached_tokens=part.counted("cached_tokens") if warm else 0,
            cache_write_tokens=part.counted("cache_write_tokens") if warm else 0,
        )
        total += price.cost_usd(usage)
    return total


def _replay_usd(design: RouteDesign, frame: RouteFrame, tiers: Mapping[str, Tier]) -> float:
    """Expected cost of one quality draw of the route, every candidate and its part of the noise floor included."""
    if design.quality_n == 0:
        return 0.0
    asked = (cost_at(frame.pool, tiers[name], replayed=True) * tiers[name].repeats for name in design.candidates)
    per_request = sum(asked) / frame.replayable
    again = design.incumbent_n / design.quality_n
    noise = frame.auditable_usd / frame.replayable * again
    answers = 1 + again + sum(tiers[name].repeats for name in design.candidates)
    return per_request + noise + answers * design.judge_usd


def _dollars_usd(design: RouteDesign, frame: RouteFrame, tiers: Mapping[str, Tier]) -> float:
    """Expected cost of the dollar draws: expensive records are drawn more often, in proportion to what they cost."""
    if design.dollars_n == 0 or frame.auditable_usd == 0:
        return 0.0
    total = 0.0
    for name in design.candidates:
        for low, high, price in tiers[name].replay_price.spans():
            part = frame.pool.between(low, high)
            weighed = part.weighed("prompt") * price.input + part.weighed("completion") * price.output
            total += weighed / PER_MILLION / frame.auditable_usd
    return total * design.dollars_n + design.judge_usd * design.dollars_n * (1 + len(design.candidates))


def _prioritised(
    designs: Sequence[RouteDesign], frames: Sequence[RouteFrame], tiers: Sequence[Tier], *, warm: bool
) -> list[RouteDesign]:
    """The designs with their place in the queue for money: what a route could save per replay dollar."""
    by_name = {tier.name: tier for tier in tiers}

    def worth(pair: tuple[RouteDesign, RouteFrame]) -> float:
        design, frame = pair
        if not design.quality_n or not design.candidates:
            return -math.inf
        cost = _replay_usd(design, frame, by_name) * design.quality_n + _dollars_usd(design, frame, by_name)
        saving = frame.auditable_usd - min(cost_at(frame.pool, by_name[name], warm=warm) for name in design.candidates)
        return saving / cost if cost else math.inf

    queue = sorted(zip(designs, frames, strict=True), key=lambda pair: (-worth(pair), pair[0].route))
    places = {design.route: place for place, (design, _) in enumerate(queue)}
    return [replace(design, priority=places[design.route]) for design in designs]


def _within_budget(
    designs: Sequence[RouteDesign], frames: Sequence[RouteFrame], tiers: Sequence[Tier], settings: Settings
) -> list[RouteDesign]:
    """Give the routes their money in the order of the queue, until the cap is reached.

    A fixed sample is cut to what is left. With several looks the sample is kept, because routes that are decided early
    leave money to those further back; the design says what it can count on.
    """
    by_name = {tier.name: tier for tier in tiers}
    left = (settings.max_spend or 0.0) * BUDGET_SHARE
    final = {design.route: design for design in designs}
    asking = [(design, frame) for design, frame in zip(designs, frames, strict=True) if design.quality_n]
    for design, frame in sorted(asking, key=lambda pair: pair[0].priority):
        dollars = _dollars_usd(design, frame, by_name)
        each = _replay_usd(design, frame, by_name)
        affordable = design.quality_n if each == 0 else math.floor(max(left - dollars, 0.0) / each)
        affordable = min(affordable, design.quality_n)
        left -= each * affordable + (dollars if affordable else 0.0)
        if affordable < design.quality_n:
            final[design.route] = (
                _cut(design, affordable, settings) if settings.looks == 1 else _waiting(design, affordable)
            )
    return [final[design.route] for design in designs]


def _waiting(design: RouteDesign, affordable: int) -> RouteDesign:
    """A design that needs money which other routes may leave."""
    why = because(Reason.CAP_MAKES_IT_WAIT, affordable=affordable, draws=design.quality_n)
    return replace(design, can_decide="maybe", why=why)


def _cut(design: RouteDesign, affordable: int, settings: Settings) -> RouteDesign:
    """A fixed sample of what the cap leaves, or none where that can decide nothing."""
    least = math.ceil(RouteTests.of(design, settings).least / (1 - settings.slice.tuning_share))
    if affordable >= least:
        return sized(design, affordable, settings)
    return replace(
        design,
        candidates=(),
        quality_n=0,
        dollars_n=0,
        incumbent_n=0,
        can_decide="no",
        why=because(Reason.CAP_LEAVES_TOO_LITTLE, affordable=affordable, least=least),
    )
