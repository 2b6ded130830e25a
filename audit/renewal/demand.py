"""What will be used over the term: growth times the proven moves, each with its uncertainty, and levers pulled.

The draws are a table of J worlds by G paths. A world is one draw of what the proven moves save, from the audit's
intervals, and of which verdicts are wrong all the same; a path is one course of the traffic, from the scenarios. Every
world meets every path, so the two kinds of uncertainty can be told apart.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np

from audit.core.contract import ContractSettings, VendorSettings, probabilities
from audit.core.errors import InputError
from audit.core.finding import Findings, RouteFinding, Verdict
from audit.core.levers import LeverName, Pulled
from audit.renewal.rates import Rate, charged_share
from audit.stats.commitments import two_piece_normal
from audit.stats.quantiles import BoolArray, FloatArray, IntArray, spaced_normal

WORLDS, PATHS = 400, 200
MONTH_DAYS = 365 / 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A proven move of one route.

    Attributes:
        route: Its place in the findings.
        model: That the traffic goes to.
        freed: What leaves each model a month at the log's prices, by model.
        saving: Per month, one per world, shape (J,).
        stands: Worlds in which its verdict is right, shape (J,); in the others it is taken back for the whole term.
        charged: What of the new model's full price the saving rests on. Below 1 where the tier has a `discount` of its
            own and the contract has terms for the model: they take its place, or it would be taken off twice.
    """

    route: int
    name: str
    model: str
    freed: Mapping[str, float]
    saving: FloatArray
    stands: BoolArray
    charged: float

    @property
    def arriving(self) -> FloatArray:
        """What comes to the new model a month, before what its vendor's terms take off, shape (J,)."""
        return (sum(self.freed.values()) - self.saving) / self.charged

    def after(self, levers: Pulled) -> Move | None:
        """The move where levers are pulled on its route too; None where it then saves nothing, so that the route stays.

        Requests that are not made any more go to no model. Lower prices are those of today's model: the new one is
        taken at the price that it was measured at.
        """
        freed = {model: usd * (1 - levers.taken) for model, usd in self.freed.items()}
        saving = self.saving * (1 - levers.gone) - sum(self.freed.values()) * levers.lowered
        return replace(self, freed=freed, saving=saving) if saving.mean() > 0 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Paths:
    """Courses of the traffic.

    Attributes:
        scenario: Of each path, shape (G,).
        volume: Multiple of the log's volume, shape (G, months).
        starts: Multiple at which each route starts, shape (scenarios, routes).
    """

    scenario: IntArray
    volume: FloatArray
    starts: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """Everything that is drawn, before any contract is looked at."""

    months: int
    starts: date | None
    moves_after: int
    paths: Paths
    monthly: Mapping[str, FloatArray]
    """Use per model and month today at the log's prices, shape (scenarios,)."""
    pulled: Mapping[str, FloatArray]
    """What the levers of the contract take of it from `moves_after` on, shape (scenarios,)."""
    moves: tuple[Move, ...]
    worlds: int


def demand_of(findings: Findings, contract: ContractSettings, seed: int) -> Demand:
    """Draw the term's traffic and the savings of the proven moves.

    What a lever takes of a route is taken from each of its models alike.
    """
    rng = np.random.default_rng([seed, 1])
    paths = _paths(findings, contract, rng)
    per_month = MONTH_DAYS / findings.days if findings.days else 1.0
    monthly: dict[str, FloatArray] = {}
    pulled: dict[str, FloatArray] = {}
    taken = levers_of(findings, contract.levers)
    moves = []
    for index, route in enumerate(findings.routes):
        levers = taken.get(route.route, Pulled())
        for model, share in route.incumbents.items():
            use = paths.starts[:, index] * route.spend_usd * share * per_month
            monthly[model] = monthly.get(model, 0.0) + use
            pulled[model] = pulled.get(model, 0.0) + use * levers.taken
        z = spaced_normal(WORLDS, rng)
        # An error rate for all verdicts together says nothing of how many are wrong at once, so all of them are.
        together = findings.guarantee == "portfolio"
        stands = _standing(1 - findings.confidence, np.random.default_rng([seed, 2, 0 if together else index]))
        move = _move(index, route, findings, contract, per_month, z, stands)
        if move is not None and (move := move.after(levers)) is not None:
            moves.append(move)
            monthly.setdefault(move.model, np.zeros(len(contract.growth)))
            pulled.setdefault(move.model, np.zeros(len(contract.growth)))
    return Demand(
        months=contract.months,
        starts=first_day(findings, contract),
        moves_after=contract.moves_after,
        paths=paths,
        monthly=monthly,
        pulled=pulled,
        moves=tuple(moves),
        worlds=WORLDS,
    )


def levers_of(findings: Findings, levers: Collection[LeverName]) -> Mapping[str, Pulled]:
    """What some levers take, by route.

    Raises:
        InputError: Levers are named, and the findings have no ledger.
    """
    if not levers:
        return {}
    if findings.mix.levers is None:
        raise InputError(
            "`contract:` names levers, and this run has no lever ledger",
            code="renew.no-ledger",
            hint="run the audit once more, which takes it, or leave `levers` out",
        )
    return {one.route: one.pulled(levers) for one in findings.mix.levers.routes}


def first_day(findings: Findings, contract: ContractSettings) -> date | None:
    """First day of the term: the contract's, else the day after the log's last, else unknown."""
    if contract.starts:
        return date.fromisoformat(contract.starts)
    last = findings.window.get("to")
    return date.fromisoformat(last[:10]) + timedelta(days=1) if last else None


def _standing(error: float, rng: np.random.Generator) -> BoolArray:
    """Worlds in which a verdict is right: all but the share that it may be wrong in, rounded against it."""
    wrong = math.ceil(error * WORLDS - 1e-9)
    return np.asarray(rng.permutation(WORLDS) >= wrong)


def is_move(route: RouteFinding) -> bool:
    """Whether the audit proved something to move; anything else counts as $0."""
    return route.verdict in (Verdict.SWITCH, Verdict.SPLIT) and route.avoidable_usd.est > 0


def _move(
    index: int,
    route: RouteFinding,
    findings: Findings,
    contract: ContractSettings,
    per_month: float,
    z: FloatArray,
    stands: BoolArray,
) -> Move | None:
    made = route.recommendation
    if not is_move(route) or made.model is None or made.tier is None:
        return None
    freed, saving = freed_usd(route), route.avoidable_usd
    low = 0.0 if saving.lo is None else saving.lo
    high = freed if saving.hi is None else saving.hi
    drawn = np.clip(two_piece_normal(saving.est, low, high, saving.level, z), None, freed)
    has_terms = contract.vendor_of(made.model) is not None
    return Move(
        route=index,
        name=route.route,
        model=made.model,
        freed={model: freed * share * per_month for model, share in route.incumbents.items()},
        saving=drawn * per_month,
        stands=stands,
        charged=charged_share(findings.provenance.tiers.get(made.tier)) if has_terms else 1.0,
    )


def freed_usd(route: RouteFinding) -> float:
    """Spend of the log that a verdict moves; all that could be audited where the findings do not say."""
    billed = route.recommendation.moves.spend_usd
    return route.auditable_usd if billed is None else min(max(billed, route.avoidable_usd.est), route.auditable_usd)


def _paths(findings: Findings, contract: ContractSettings, rng: np.random.Generator) -> Paths:
    """Paths in the exact shares of their scenarios; within each, the quantiles of its spread are spaced evenly.

    Spaced over all paths and then dealt out, they would leave each scenario a sample by chance, and a quantile of the
    need with that noise in it.
    """
    growth = contract.growth
    edges = np.cumsum(probabilities(growth))
    scenario = np.searchsorted(edges, (np.arange(PATHS) + 0.5) / PATHS).clip(max=len(growth) - 1)
    rate = np.array([entry.monthly for entry in growth])[scenario]
    sigma = np.sqrt(np.log1p(np.array([entry.spread for entry in growth]) ** 2))[scenario]
    z = np.empty(PATHS)
    for number in range(len(growth)):
        mine = scenario == number
        z[mine] = spaced_normal(int(mine.sum()), rng)
    level = np.exp(sigma * z - sigma**2 / 2)
    volume = level[:, None] * (1 + rate[:, None]) ** np.arange(contract.months)[None, :]
    starts = [[entry.volume_of(route.route) for route in findings.routes] for entry in growth]
    shape = (len(growth), len(findings.routes))
    return Paths(scenario=scenario, volume=volume, starts=np.array(starts, dtype=float).reshape(shape))


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """Use of one vendor over the term, USD, shape (J, G) each.

    Attributes:
        after: At the offer's prices, capacity counted, the proven moves made.
        before: The same if nothing moves, and no lever is pulled.
        without: At the prices without a contract, the moves made.
        without_before: The same if nothing moves.
        by_token: As `after`, without capacity.
        covered: The part of `by_token` that the capacity covers.
    """

    after: FloatArray
    before: FloatArray
    without: FloatArray
    without_before: FloatArray
    by_token: FloatArray
    covered: FloatArray


def need_of(vendor: VendorSettings | None, demand: Demand, rates: Mapping[str, Rate]) -> Need:
    """The need of one vendor; with None, of the models that no vendor of the contract bills."""
    name = None if vendor is None else vendor.name
    models = [model for model in demand.monthly if rates[model].vendor == name]
    offer, without = ({model: getattr(rates[model], kind) for model in models} for kind in ("offer", "without"))
    after, before = (_by_month(demand, vendor, offer, moved=moved) for moved in (True, False))
    total = [_term(_by_month(demand, vendor, without, moved=moved), demand.paths) for moved in (True, False)]
    if vendor is None or vendor.capacity is None:
        by_token = _term(after, demand.paths)
        return Need(
            after=by_token,
            before=_term(before, demand.paths),
            without=total[0],
            without_before=total[1],
            by_token=by_token,
            covered=np.zeros_like(by_token),
        )
    fees, limit = vendor.capacity.monthly_usd * demand.months, vendor.capacity.covers_usd
    by_token, over = _term(after, demand.paths), _term(after, demand.paths, over=limit)
    return Need(
        after=fees + over,
        before=fees + _term(before, demand.paths, over=limit),
        without=total[0],
        without_before=total[1],
        by_token=by_token,
        covered=by_token - over,
    )


def _by_month(demand: Demand, vendor: VendorSettings | None, prices: Mapping[str, float], *, moved: bool) -> FloatArray:
    """Use per world, scenario and month at the log's volume, shape (J, scenarios, months)."""
    scenarios = demand.paths.starts.shape[0]
    use = np.zeros((demand.worlds, scenarios, demand.months))
    made = (np.arange(demand.months) >= demand.moves_after).astype(float)
    for model, price in prices.items():
        course = price * after_retirement(demand, vendor, model)
        use += demand.monthly[model][None, :, None] * course
        if moved:
            use -= demand.pulled[model][None, :, None] * (course * made)
        for move in demand.moves if moved else ():
            change = -move.freed.get(model, 0.0) + (move.arriving if move.model == model else 0.0)
            volume = demand.paths.starts[:, move.route]
            use += (change * move.stands)[:, None, None] * volume[None, :, None] * (course * made)
    return np.maximum(use, 0.0)


def after_retirement(demand: Demand, vendor: VendorSettings | None, model: str) -> FloatArray:
    """Price of a model's work by month, of its own: that of its successor once it is switched off; shape (months,)."""
    course = np.ones(demand.months)
    for entry in () if vendor is None else vendor.retires:
        if entry.model == model and (month := month_of(demand, entry.on)) is not None:
            course[month:] = entry.price
    return course


def month_of(demand: Demand, day: str) -> int | None:
    """The first month of the term that a day takes out; None when that is after the term, or nobody knows."""
    if demand.starts is None:
        return None
    month = max(round((date.fromisoformat(day) - demand.starts).days / MONTH_DAYS), 0)
    return month if month < demand.months else None


def _term(use: FloatArray, paths: Paths, *, over: float = 0.0) -> FloatArray:
    """Use over the term, per world and path; with `over`, only what exceeds that much in a month."""
    total = np.zeros((use.shape[0], paths.scenario.size))
    for month in range(use.shape[2]):
        total += np.maximum(use[:, paths.scenario, month] * paths.volume[:, month] - over, 0.0)
    return total
