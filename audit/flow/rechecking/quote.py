"""What a recheck asks, what that costs, and what a full audit would cost after it. Nothing here spends or sends."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import polars as pl

from audit.core.artifacts import RunFolder, write_table
from audit.core.plan import RouteDesign, RouteQuote
from audit.core.settings import Settings
from audit.core.tier import Tier
from audit.flow.judgecost import judge_costs
from audit.flow.keeping.answers import known
from audit.flow.preparation import PreparedRun
from audit.flow.quoting import quoted
from audit.flow.rechecking.routes import RecheckedRun, RouteTrial
from audit.llm.tiers import hosts
from audit.replay.plan import Call, TokenCounts, planned_calls, quote
from audit.sampling.run import Sample

CAP_SHARE = 0.9
"""Part of the cap that the expected cost may fill: answers are sometimes longer than the log's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FullAudit:
    """What auditing a tier on a route would take after a recheck: calls, and USD."""

    calls: int
    usd: float


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotedRecheck:
    """A recheck that is ready to be agreed to.

    Attributes:
        run: What is asked, as a replay has it.
        trials: By route, after the cap.
        full: By route.
    """

    run: PreparedRun
    trials: Sequence[RouteTrial]
    full: Mapping[str, FullAudit]

    def calls(self, requests: Mapping[str, int]) -> list[Call]:
        """The calls of the first so many requests of each route, and of no other."""
        parts = [trial.rows.head(requests.get(trial.route, 0)) for trial in self.trials]
        return _calls([_design(trial, self.run.tiers[0].name) for trial in self.trials], parts, self.run.tiers)


def quote_recheck(
    rechecked: RecheckedRun,
    trials: Sequence[RouteTrial],
    tiers: Sequence[Tier],
    settings: Settings,
    folder: RunFolder,
    cap_usd: float | None,
) -> QuotedRecheck:
    """Quote a recheck within its cap, and write the requests that it may ask.

    Args:
        rechecked: The run.
        trials: Its routes.
        tiers: Of the settings, the one to try first.
        settings: With the store of the run.
        folder: Of the recheck.
        cap_usd: Hard stop; None for what is quoted at most.
    """
    tokens = _tokens(rechecked, trials)
    tier = tiers[0]
    full = {trial.route: _full(rechecked, trial, tokens, tiers, settings, folder) for trial in trials if trial.stages}
    trials = _within(trials, tokens, tiers, settings, cap_usd)
    designs = [_design(trial, tier.name) for trial in trials if trial.stages]
    parts = [trial.rows.head(trial.planned) for trial in trials if trial.stages]
    table = (pl.concat(parts) if parts else rechecked.slice.clear()).to_arrow()
    write_table(folder.slice, table)
    calls = _calls(designs, parts, tiers)
    judging = judge_costs(designs, settings, tiers, tokens)
    costs = quoted(designs, calls, judging, settings, folder)
    at_most = sum(one.at_most_usd for one in costs.quotes)
    asked = {call.tier for call in calls} | judging.judges
    plan = replace(
        rechecked.plan,
        expected_usd=sum(one.expected_usd for one in costs.quotes),
        at_most_usd=at_most,
        max_spend_usd=at_most if cap_usd is None else cap_usd,
        calls=sum(one.calls for one in costs.quotes),
        tokens=sum(_logged(tokens.get(call.request_fp)) for call in costs.asked if call.call_id not in costs.done),
        whole_usd=_summed(costs.whole),
        hosts=hosts(one for one in tiers if one.name in asked),
        designs=tuple(designs),
        quotes=costs.quotes,
        stored=costs.stored,
        likely_usd=costs.likely_usd,
        asked_otherwise=costs.otherwise,
        batches=(),
        repeats=(),
        trims=costs.trims,
        tiers={},
    )
    run = PreparedRun(
        folder=folder,
        settings=settings,
        tiers=tuple(tiers),
        frames=list(rechecked.frames.values()),
        sample=Sample(designs=tuple(designs), table=table, tokens=pl.DataFrame()),
        calls=calls,
        tokens=costs.tokens,
        plan=plan,
        judging=judging,
    )
    return QuotedRecheck(run=run, trials=trials, full=full)


def _design(trial: RouteTrial, tier: str) -> RouteDesign:
    """The route as a replay of one tier on its tuning requests, without the incumbent."""
    return replace(
        trial.design,
        candidates=(tier,),
        quality_n=trial.planned,
        looks=(),
        dollars_n=0,
        incumbent_tier=None,
        incumbent_n=0,
        distinct=trial.rows.head(trial.planned)["request_fp"].n_unique(),
    )


def _calls(designs: Sequence[RouteDesign], parts: Sequence[pl.DataFrame], tiers: Sequence[Tier]) -> list[Call]:
    filled = [part for part in parts if part.height]
    return planned_calls(designs, pl.concat(filled).to_arrow(), tiers) if filled else []


def _full(
    rechecked: RecheckedRun,
    trial: RouteTrial,
    tokens: Mapping[str, TokenCounts],
    tiers: Sequence[Tier],
    settings: Settings,
    folder: RunFolder,
) -> FullAudit:
    """What a full audit of the tier would make of calls that the store does not answer."""
    design = replace(trial.design, candidates=(tiers[0].name,))
    calls = planned_calls([design], rechecked.slice.filter(pl.col("route") == trial.route).to_arrow(), tiers)
    done: Collection[str] = known(calls, tiers, settings, folder).kept
    judging = judge_costs([design], settings, tiers, tokens)
    replays = quote(calls, tokens, tiers, done)
    judged = sum(judging.expected_usd(call) for call in calls if call.call_id not in done)
    return FullAudit(calls=sum(one.calls for one in replays), usd=sum(one.expected_usd for one in replays) + judged)


def _within(
    trials: Sequence[RouteTrial],
    tokens: Mapping[str, TokenCounts],
    tiers: Sequence[Tier],
    settings: Settings,
    cap_usd: float | None,
) -> list[RouteTrial]:
    """The trials that the cap can pay for, in the order in which the run handed out money."""
    left = None if cap_usd is None else cap_usd * CAP_SHARE
    found = {trial.route: trial for trial in trials}
    for trial in sorted((one for one in trials if one.stages), key=lambda one: one.design.priority):
        design = _design(trial, tiers[0].name)
        calls = _calls([design], [trial.rows.head(trial.planned)], tiers)
        judging = judge_costs([design], settings, tiers, tokens)
        cost = sum(one.expected_usd for one in quote(calls, tokens, tiers)) + sum(map(judging.expected_usd, calls))
        if left is None or not cost:
            continue
        found[trial.route] = trial.cut(int(trial.planned * min(max(left, 0.0) / cost, 1.0)))
        left -= cost * found[trial.route].planned / trial.planned
    return [found[trial.route] for trial in trials]


def _tokens(rechecked: RecheckedRun, trials: Sequence[RouteTrial]) -> dict[str, TokenCounts]:
    """Logged counts of the requests of these routes' slices."""
    wanted = rechecked.slice["request_fp"].unique().implode()
    columns = ["request_fp", "prompt_tokens", "completion_tokens", "max_tokens"]
    return {
        fp: TokenCounts(prompt=prompt, completion=completion, max_tokens=limit)
        for rows in rechecked.rows_of([trial.route for trial in trials]).values()
        for fp, prompt, completion, limit in rows.filter(pl.col("request_fp").is_in(wanted)).select(columns).iter_rows()
    }


def _logged(counts: TokenCounts | None) -> int:
    return 0 if counts is None else (counts.prompt or 0) + (counts.completion or 0)


def _summed(quotes: Sequence[RouteQuote]) -> dict[str, float]:
    return {name: sum(getattr(one, name) for one in quotes) for name in ("expected_usd", "at_most_usd")}
