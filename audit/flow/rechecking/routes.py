"""Which routes of a run a new tier is tried on, and with how many requests."""

from __future__ import annotations

import fnmatch
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import polars as pl

from audit.certificate.looks import test_of
from audit.certificate.rechecking import LEAST_PAIRS, pairs_to_ask, stages_of
from audit.core.finding import Findings, RouteFinding
from audit.core.plan import Plan, RouteDesign
from audit.core.reason import Because, Reason, because
from audit.core.settings import Settings
from audit.core.tier import Tier
from audit.core.traffic import exact_sum
from audit.flow.identity import digest_of
from audit.pairing.costing import costing_of, foreseen_usd, prompts_usd
from audit.pairing.evidence import logged_on
from audit.sampling.frame import RouteFrame, rows_of, served_by

FEWEST_TOKENS = 0.5
"""Another vendor's tokenizer is taken to count at least this part of the log's tokens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteTrial:
    """One route that a tier may be tried on.

    Attributes:
        found: What the run says of it.
        design: The run's, with the criteria as they were judged in the end.
        rows: Rows of the slice that may be asked, in draw order.
        drawn: Rows of the slice that might be asked if none shared its prompt or session with the certification.
        moving: Requests that would move: row_id, cost_usd as billed, and foreseen_usd, at the log's tokens.
        stages: Requests that each look takes in; empty where nothing is asked.
        why: Why nothing is asked; None where something is.
    """

    found: RouteFinding
    design: RouteDesign
    rows: pl.DataFrame
    moving: pl.DataFrame
    drawn: int = 0
    stages: tuple[int, ...] = ()
    why: Because | None = None

    @property
    def route(self) -> str:
        """Its name."""
        return self.found.route

    @property
    def planned(self) -> int:
        """Requests that are asked at most."""
        return self.stages[-1] if self.stages else 0

    def cut(self, requests: int) -> RouteTrial:
        """The same with fewer requests, or none where so few say nothing."""
        if requests >= self.planned:
            return self
        if requests < LEAST_PAIRS:
            return replace(self, stages=(), why=because(Reason.CAP_LEFT_NOTHING))
        return replace(self, stages=stages_of(requests))


@dataclass(frozen=True, slots=True, kw_only=True)
class RecheckedRun:
    """What a recheck takes from a run.

    Attributes:
        findings: The run's.
        plan: The run's.
        slice: The run's, strings plain.
        frames: The traffic by route.
    """

    findings: Findings
    plan: Plan
    slice: pl.DataFrame
    frames: Mapping[str, RouteFrame]

    def rows_of(self, routes: Sequence[str]) -> dict[str, pl.DataFrame]:
        """The requests of some of its routes that can be replayed, held."""
        return rows_of([self.frames[name] for name in routes if name in self.frames])


def audited_in(run: RecheckedRun, tier: Tier, tiers: Sequence[Tier]) -> dict[str, str]:
    """Routes on which the run has audited the tier, under this name or another, with its verdict of it."""
    same = {one.name for one in tiers if one.answers_key == tier.answers_key} | {tier.name}
    return {
        route.route: str(candidate.verdict)
        for route in run.findings.routes
        for candidate in route.candidates
        if candidate.tier in same
    }


def trials(
    run: RecheckedRun, tier: Tier, settings: Settings, globs: Sequence[str], audited: Collection[str]
) -> list[RouteTrial]:
    """The routes of a run as the tier is tried on them, in the order of its findings.

    Args:
        run: The run.
        tier: To try.
        settings: With the criteria as they are now.
        globs: Only routes of these.
        audited: Routes to leave out.
    """
    designs = {design.route: design for design in run.plan.designs}
    routes = [
        route
        for route in run.findings.routes
        if route.route in designs
        and any(fnmatch.fnmatchcase(route.route, glob) for glob in globs)
        and route.route not in audited
    ]
    rows = run.rows_of([route.route for route in routes])
    return [
        _trial(
            run,
            replace(designs[route.route], criteria=route.criteria),
            rows[route.route].filter(~served_by(tier.identity)),
            tier,
            settings,
        )
        for route in routes
    ]


def elsewhere(tier: Tier) -> pl.Expr:
    """Rows of the slice that the log does not show on the tier's model already."""
    return ~logged_on(tier.identity)


def _trial(run: RecheckedRun, design: RouteDesign, rest: pl.DataFrame, tier: Tier, settings: Settings) -> RouteTrial:
    """A route as the tier is tried on it; `rest` is what the log does not show on the tier's model already."""
    found = next(route for route in run.findings.routes if route.route == design.route)
    mine = (pl.col("route") == found.route) & (pl.col("purpose") == "quality") & elsewhere(tier)
    drawn = run.slice.filter(mine).sort("draw_order", "exchange_id")
    rows = drawn.filter(pl.col("split") == "tuning")
    costing = costing_of([tier], settings, [found.route], None)
    foreseen = foreseen_usd(costing, tier.name, rest, found.route)
    moving = rest.select("row_id", "cost_usd").with_columns(foreseen_usd=foreseen)
    trial = RouteTrial(found=found, design=design, rows=rows, moving=moving, drawn=drawn.height)
    why, already = _obstacle(trial, settings), found.avoidable_usd.lo
    least = FEWEST_TOKENS * prompts_usd(costing, tier.name, rest, found.route)
    if why is None and already is not None and exact_sum(rest["cost_usd"]) - least <= already:
        why = because(Reason.NOT_CHEAPER)
    if why is not None:
        return replace(trial, why=why)
    test = test_of(design, run.findings.confidence)
    wanted = pairs_to_ask(test.margin, settings.slice.discordance)
    return replace(trial, stages=stages_of(min(wanted, rows.height)))


def _obstacle(trial: RouteTrial, settings: Settings) -> Because | None:
    """Why nothing can be told of the route, whatever is asked."""
    check, design = trial.found.criteria, trial.design
    if not design.quality_n:
        return design.why or because(Reason.LEFT_OUT)
    if check is not None and check.digest and digest_of(trial.route, settings) != check.digest:
        return because(Reason.CRITERIA_CHANGED)
    if check is not None and check.why is not None:
        return check.why
    if trial.rows.height < LEAST_PAIRS <= trial.drawn * settings.slice.tuning_share:
        requests, drawn = trial.rows.height, trial.drawn
        return because(Reason.TRAFFIC_REPEATS, requests=requests, drawn=drawn, least=LEAST_PAIRS)
    if trial.rows.height < LEAST_PAIRS:
        return because(Reason.FEW_TUNING_REQUESTS, requests=trial.rows.height, least=LEAST_PAIRS)
    return None
