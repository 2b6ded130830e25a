"""Findings for every state that the report has words for. All numbers are invented; equal calls give equal findings."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from audit.core.cost import CacheScenario, CostAssumption, CostBreakdown, OutputShift, Retries, TokenCost
from audit.core.exploration import MarginFinding, ThresholdCurve, ThresholdPoint
from audit.core.finding import (
    CandidateFinding,
    CandidateVerdict,
    Case,
    CaseSide,
    CriterionRate,
    Findings,
    IngestCounts,
    Latency,
    Ledger,
    NeedsMore,
    NoiseFloor,
    PolicyFinding,
    Provenance,
    Recommendation,
    ReplayCounts,
    RouteFinding,
    Verdict,
)
from audit.core.interval import Estimate
from audit.core.mixture import Mix, MixDay, MixRow, ModelShare, UpperBound
from audit.core.recommendation import Ground, Moves, PairTable
from audit.findings.curves import frontier

LARGE, MEDIUM, SMALL = "aurora-4", "aurora-4-mini", "birch-9b"
LEVEL = 0.95
MARGIN = 0.03
FIRST_DAY = date(2026, 3, 2)
PER_1K = {LARGE: 21.4, MEDIUM: 4.2, SMALL: 0.55}


def around(est: float, reach: float) -> Estimate:
    """An estimate with a symmetric interval."""
    return Estimate(est=est, lo=est - reach, hi=est + reach, level=LEVEL)


def candidate(
    tier: str = "mini", *, n: int = 900, b: int = 14, c: int = 9, base: float = 0.93, saving: float = 1000.0
) -> CandidateFinding:
    """A candidate from its counts; the interval is the normal one, which is near enough for a picture."""
    both_fail = round(n * (1 - base)) - c
    spread = 1.96 * math.sqrt(max(b + c - (b - c) ** 2 / n, 1.0)) / n if n else 0.0
    delta = around((c - b) / n, spread) if n else None
    verdict = CandidateVerdict.INSUFFICIENT
    if delta is not None and delta.lo is not None and delta.hi is not None:
        verdict = CandidateVerdict.NOT_PROVEN
        if delta.lo > -MARGIN and n >= 100:
            verdict = CandidateVerdict.NON_INFERIOR
        elif delta.hi < -MARGIN:
            verdict = CandidateVerdict.INFERIOR
    reasons = {
        CandidateVerdict.NON_INFERIOR: f"a loss of 3 points is ruled out in {n:,} pairs",
        CandidateVerdict.INFERIOR: "the loss is larger than 3 points",
        CandidateVerdict.NOT_PROVEN: f"{n:,} pairs rule out neither a loss of 3 points nor none",
        CandidateVerdict.INSUFFICIENT: "no pair could be measured",
    }
    return CandidateFinding(
        tier=tier,
        model={"mini": MEDIUM, "local": SMALL}.get(tier, tier),
        n=n,
        b=b,
        c=c,
        both_pass=n - b - c - both_fail,
        both_fail=both_fail,
        incumbent_rate=around((n - c - both_fail) / n, 0.016) if n else None,
        candidate_rate=around((n - b - both_fail) / n, 0.017) if n else None,
        quality_delta=delta,
        p_pass={CandidateVerdict.NON_INFERIOR: 0.0004, CandidateVerdict.NOT_PROVEN: 0.21}.get(verdict, 0.98),
        p_fail=0.004 if verdict is CandidateVerdict.INFERIOR else 0.97,
        tested=1,
        verdict=verdict,
        reason=reasons[verdict],
        saving_usd=around(saving, abs(saving) * 0.04),
        cost_usd_full_log=around(340.0, 40.0),
        waste_usd=around(saving * 0.97, abs(saving) * 0.05),
        latency_ms=Latency(p50=640.0, p95=2210.0, p99=4150.0),
        incumbent_latency_ms=Latency(p50=1480.0, p95=5900.0, p99=9400.0),
        excluded={"timeout": 3} if n > 500 else {},
        counted_against={"truncated": 2} if b else {},
        criteria=(
            CriterionRate(
                name="fields match",
                scorer="json-fields",
                incumbent_rate=0.951,
                candidate_rate=0.946,
                scored=n,
                not_applicable=0,
                errored=0,
            ),
            CriterionRate(
                name="answers the question",
                scorer="llm-rubric",
                incumbent_rate=0.968,
                candidate_rate=0.955,
                scored=max(n - 4, 0),
                not_applicable=0,
                errored=min(n, 4),
            ),
        ),
        tuning={"n": n // 2, "b": b // 2, "c": c // 2},
        cost=cost(saving),
    )


def cost(saving: float) -> CostBreakdown:
    """What stands behind the cost of a candidate: 340 dollars, whatever it saves."""
    return CostBreakdown(
        classes=(
            TokenCost(name="input", today=1_200.0, candidate=2_400.0, usd=200.0),
            TokenCost(name="cached_input", today=1_200.0, candidate=0.0, usd=0.0),
            TokenCost(name="output", today=310.0, candidate=402.0, usd=128.0),
        ),
        not_split_usd=12.0,
        scenarios=(
            CacheScenario(
                prompt_cache="cold",
                used=True,
                cost_usd=around(340.0, 40.0),
                saving_usd=around(saving, abs(saving) * 0.04),
            ),
            CacheScenario(
                prompt_cache="warm",
                used=False,
                cost_usd=around(251.0, 38.0),
                saving_usd=around(saving + 89.0, abs(saving) * 0.04),
            ),
        ),
        assumptions=(
            CostAssumption(name="prompt_cache", factor=1.0, text="cold: nothing is read from the candidate's cache"),
            CostAssumption(name="batch", factor=0.75, text="50% of the requests wait for a batch, at 50% off"),
        ),
        retries=Retries(calls=900, attempts=936, retried=30, lost_usd=0.2, multiplier=1.01),
        output=OutputShift(ratio=around(1.3, 0.05), today=310.0, candidate=402.0, n=900),
        estimated_calls=45,
    )


def route(name: str, spend: float, requests: int, tested: CandidateFinding, **changes: Any) -> RouteFinding:
    """A route whose verdict follows from its candidate, by the written rule."""
    holds, fails = CandidateVerdict.NON_INFERIOR, CandidateVerdict.INFERIOR
    saving = tested.saving_usd.est if tested.saving_usd else 0.0
    verdict = Verdict.NOT_PROVEN
    if tested.verdict is holds and saving > 0:
        verdict = Verdict.SWITCH
    elif tested.verdict is fails or saving <= 0:
        verdict = Verdict.KEEP
    open_ = verdict is Verdict.NOT_PROVEN
    zero = Estimate.exact(0.0, LEVEL)
    words = {
        Verdict.SWITCH: f"{tested.tier} stays inside the margin in {tested.n:,} pairs, and costs less.",
        Verdict.KEEP: f"{tested.tier} loses more than the margin allows: the price buys quality here.",
        Verdict.NOT_PROVEN: f"{tested.n:,} pairs are too few to rule out a loss of 3 points.",
        Verdict.SPLIT: "",
    }
    if verdict is Verdict.KEEP and saving <= 0:
        words[verdict] = f"{tested.tier} uses more tokens here and would cost more."
    default = RouteFinding(
        route=name,
        requests=requests,
        spend_usd=spend,
        auditable_usd=spend * 0.98,
        incumbent=LARGE,
        incumbents={LARGE: 0.8, MEDIUM: 0.2},
        recommendation=recommendation(
            tested,
            verdict=verdict,
            reason=words[verdict],
            requests=requests,
            auditable=spend * 0.98,
            saving=tested.saving_usd if verdict is Verdict.SWITCH and tested.saving_usd else zero,
        ),
        margin=MARGIN,
        up_to_usd=max(saving, 0.0) if open_ else 0.0,
        needs_more=NeedsMore(replays=1400, usd=0.71) if open_ else None,
        noise_floor=NoiseFloor(psi=0.012, delta=around(0.001, 0.009), n=300, b=2, c=2, same_answer=0.41, shifted=False)
        if tested.n > 300
        else None,
        noise_reason=None if tested.n > 300 else "no tier serves this model.",
        floor=None,
        below_floor=False,
        unreplayable={"redacted": 41, "image_input": 12} if name.startswith("invoice") else {},
        quality_bounds=around(-0.006, 0.011) if name.startswith("invoice") else None,
        sampled={"quality": tested.n * 3 // 2, "dollars": 100},
        can_decide="yes",
        candidates=(tested,),
        accepted_rate=tested.incumbent_rate,
        at_margins=tuple(at_margin(margin, tested) for margin in (0.005, 0.01, 0.03, 0.05)),
        curve=curve(tested) if tested.n else None,
    )
    return changed(default, **changes)


GROUND = {
    Verdict.SWITCH: Ground.WHOLE_CERTIFIED,
    Verdict.SPLIT: Ground.PART_CERTIFIED,
    Verdict.KEEP: Ground.ALL_LOSE,
    Verdict.NOT_PROVEN: Ground.UNDECIDED,
}


def recommendation(
    tested: CandidateFinding, *, verdict: Verdict, reason: str, requests: int, auditable: float, saving: Estimate
) -> Recommendation:
    """What a verdict says of a candidate for the whole route."""
    table = PairTable(both_pass=tested.both_pass, only_today=tested.b, only_after=tested.c, both_fail=tested.both_fail)
    whole = verdict is Verdict.SWITCH
    return Recommendation(
        verdict=verdict,
        ground=GROUND[verdict],
        reason=reason,
        incumbent=LARGE,
        tier=tested.tier,
        model=tested.model,
        kind="static" if whole else None,
        params={"tier": tested.tier, "otherwise": LARGE} if whole else {},
        moves=Moves(requests=requests, share=1.0, spend_usd=auditable) if whole else Moves(),
        quality_delta=tested.quality_delta,
        moved_delta=tested.quality_delta if whole else None,
        pairs=table,
        moved_pairs=table if whole else PairTable(),
        unmeasured=sum(tested.excluded.values()),
        p_noninferior=tested.p_pass,
        p_inferior=tested.p_fail,
        accepted_today=tested.incumbent_rate,
        accepted_after=tested.candidate_rate,
        saving_usd=saving,
        cost_usd=saving.taken_from(auditable),
        latency_ms=tested.latency_ms,
        latency_today_ms=tested.incumbent_latency_ms,
    )


OF_THE_RECOMMENDATION = {
    "verdict": "verdict", "reason": "reason", "candidate": "tier", "quality_delta": "quality_delta",
    "avoidable_usd": "saving_usd", "caveats": "caveats", "params": "params", "kind": "kind", "ground": "ground",
    "moves": "moves", "pairs": "pairs", "moved_pairs": "moved_pairs", "moved_delta": "moved_delta",
    "savings_at_risk_usd": "saving_at_risk_usd", "p_inferior": "p_inferior", "unmeasured": "unmeasured",
    "accepted_after": "accepted_after",
}  # fmt: skip
"""Short names of a route's figures, and what the recommendation calls them."""


def changed(item: RouteFinding, **changes: Any) -> RouteFinding:
    """The route with other figures, those of its recommendation by their short names too."""
    said = {name: changes.pop(short) for short, name in OF_THE_RECOMMENDATION.items() if short in changes}
    if "share_moved" in changes:
        share = changes.pop("share_moved")
        said["moves"] = Moves(requests=round(item.requests * share), share=share, spend_usd=item.auditable_usd * share)
    if said.get("verdict") is Verdict.SWITCH and "moves" not in said:
        billed = changes.get("auditable_usd", item.auditable_usd)
        said["moves"] = Moves(requests=item.requests, share=1.0, spend_usd=billed)
    if "saving_usd" in said:
        said["cost_usd"] = said["saving_usd"].taken_from(changes.get("auditable_usd", item.auditable_usd))
    if said.get("verdict") in (Verdict.KEEP, Verdict.NOT_PROVEN):
        said = {"moves": Moves(), "kind": None, "params": {}, "ground": GROUND[said["verdict"]]} | said
    return dataclasses.replace(item, recommendation=dataclasses.replace(item.recommendation, **said), **changes)


def at_margin(margin: float, tested: CandidateFinding) -> MarginFinding:
    """What another margin would say of a candidate, by the written rule."""
    delta, saving = tested.quality_delta, tested.saving_usd
    holds = delta is not None and delta.lo is not None and delta.lo > -margin and tested.n >= 100
    if not holds or saving is None or saving.est <= 0:
        zero = Estimate.exact(0.0, LEVEL)
        return MarginFinding(margin=margin, tier=None, share_moved=0.0, quality_delta=None, avoidable_usd=zero)
    return MarginFinding(margin=margin, tier=tested.tier, share_moved=1.0, quality_delta=delta, avoidable_usd=saving)


def curve(tested: CandidateFinding) -> ThresholdCurve:
    """A curve that bends up to the candidate's loss, with a band that narrows with the root of n."""
    loss = (tested.b - tested.c) / tested.n
    points = []
    for tenth in range(1, 11):
        share = tenth / 10
        at = loss * share**2.5
        reach = 2.6 * math.sqrt(max((tested.b + tested.c) * share, 1.5)) / tested.n + 2.5 / tested.n
        threshold = None if tenth == 10 else round(1 - share, 2)
        points.append(ThresholdPoint(threshold=threshold, share_moved=share, loss=at, upper=at + reach))
    return ThresholdCurve(
        tier=tested.tier,
        signal="similarity",
        n=tested.n,
        level=LEVEL,
        points=tuple(points),
        safe_share=max([0.0, *(point.share_moved for point in points if point.upper <= MARGIN)]),
    )


def mix_row(
    name: str, requests: int, shares: dict[str, float], change: float | None = 0.08, paid: float | None = None
) -> MixRow:
    """A row of the mix; spend follows from a fixed price per request and model, scaled to what was paid."""
    spend = {model: requests * share * PER_1K.get(model, 3.0) / 1000 for model, share in shares.items()}
    scale = 1.0 if paid is None else paid / max(sum(spend.values()), 1e-9)
    spend = {model: value * scale for model, value in spend.items()}
    total = sum(spend.values())
    per_1k = total / requests * 1000 if requests else None
    return MixRow(
        name=name,
        requests=requests,
        spend_usd=total,
        cost_per_1k_usd=per_1k,
        first_week_cost_per_1k_usd=None if change is None or per_1k is None else per_1k * (1 - change / 2),
        last_week_cost_per_1k_usd=None if change is None or per_1k is None else per_1k * (1 + change / 2),
        models=tuple(
            ModelShare(
                model=model,
                requests=round(requests * share),
                spend_usd=spend[model],
                request_share=share,
                spend_share=spend[model] / total if total else 0.0,
            )
            for model, share in sorted(shares.items(), key=lambda item: -spend[item[0]])
        ),
    )


def days(number: int, gaps: tuple[int, ...] = (), models: int = 3) -> tuple[MixDay, ...]:
    """A trend in which the dear model creeps up and weekends are quiet."""
    found = []
    for index in range(number):
        day = (FIRST_DAY + timedelta(days=index)).isoformat()
        if index in gaps:
            found.append(MixDay(day=day, requests=0, spend_usd=0.0, cost_per_1k_usd=None, shares={}))
            continue
        creep = index / max(number - 1, 1)
        large = 0.58 + 0.11 * creep + 0.018 * math.sin(index * 1.7)
        medium = 0.29 - 0.07 * creep + 0.012 * math.cos(index * 2.3)
        shares = {LARGE: large, MEDIUM: medium, SMALL: 1 - large - medium} if models == 3 else {LARGE: 1.0}
        quiet = 0.45 if (FIRST_DAY + timedelta(days=index)).weekday() > 4 else 1.0
        requests = round(88_000 * quiet * (1 + 0.05 * math.sin(index)))
        per_1k = sum(share * PER_1K[model] for model, share in shares.items())
        found.append(
            MixDay(
                day=day, requests=requests, spend_usd=requests * per_1k / 1000, cost_per_1k_usd=per_1k, shares=shares
            )
        )
    return tuple(found)


def mixture(routes: tuple[RouteFinding, ...], number: int = 30, gaps: tuple[int, ...] = (), models: int = 3) -> Mix:
    """The mix that belongs to some routes."""
    trend = days(number, gaps, models)
    spend = sum((item.spend_usd for item in routes), 0.0)
    requests = sum(item.requests for item in routes)
    kinds = ({LARGE: 0.74, MEDIUM: 0.26}, {LARGE: 0.55, MEDIUM: 0.33, SMALL: 0.12}, {LARGE: 1.0}, {MEDIUM: 1.0})
    change = 0.08 if number >= 14 else None
    overall = {LARGE: 0.63, MEDIUM: 0.26, SMALL: 0.11} if models == 3 else {LARGE: 1.0}
    by_route = tuple(
        mix_row(item.route, item.requests, kinds[index % 4] if models == 3 else {LARGE: 1.0}, change, item.spend_usd)
        for index, item in enumerate(routes)
    )
    tenants = (("north", 0.46, 0.11), ("harbour", 0.31, -0.04), ("atlas", 0.16, 0.02), ("", 0.07, None))
    return Mix(
        window_from=trend[0].day,
        window_to=trend[-1].day,
        days=number,
        requests=requests,
        spend_usd=spend,
        unpriced_requests=0,
        failures=1_204,
        duplicates=318,
        cache_hits=2_940,
        total=mix_row("", requests, overall, 0.094 if number >= 14 else None, spend),
        by_model=tuple(mix_row(name, round(requests * share), {name: 1.0}, change) for name, share in overall.items()),
        by_route=by_route,
        by_tenant=tuple(
            mix_row(name, round(requests * share), kinds[index], moved if number >= 14 else None, spend * share)
            for index, (name, share, moved) in enumerate(tenants)
        ),
        by_environment=(),
        trend=trend,
        upper_bound=UpperBound(tier="local", model=SMALL, cost_usd=1180.0, saving_usd=29_640.0),
    )


def findings(routes: tuple[RouteFinding, ...], *, number: int = 30, **changes: Any) -> Findings:
    """The whole audit over some routes; every total is the sum of its routes."""
    spend, requests = sum((item.spend_usd for item in routes), 0.0), sum(item.requests for item in routes)
    avoidable = sum((item.avoidable_usd.est for item in routes), 0.0)
    reach = math.sqrt(
        sum((item.avoidable_usd.hi - item.avoidable_usd.est) ** 2 for item in routes if item.avoidable_usd.hi)
    )
    total = around(avoidable, reach)
    moved = avoidable > 0
    drawn = sum(item.sampled.get("quality", 0) for item in routes)
    mix = mixture(routes, number)
    default = Findings(
        run_id="5be1f07c92ad",
        window={"from": mix.window_from, "to": mix.window_to},
        days=number,
        confidence=LEVEL,
        margin=MARGIN,
        demo=False,
        simulated=(),
        tested=True,
        requests=requests,
        spend_usd=spend,
        spend_recomputed_usd=spend * 1.031,
        ledger=Ledger(
            audited_usd=spend * 0.06,
            extrapolated_usd=spend * 0.92,
            not_auditable_usd=spend * 0.02,
            reasons={"truncated": spend * 0.012, "redacted": spend * 0.008},
        ),
        avoidable_usd=total,
        avoidable_share=total.scaled(1 / spend) if spend else Estimate.exact(0.0, LEVEL),
        yearly_usd=total.scaled(365 / number) if moved else None,
        not_proven_usd=sum((item.up_to_usd for item in routes), 0.0),
        accepted_before=around(0.938, 0.006),
        accepted_after=around(0.933, 0.007) if moved else around(0.938, 0.006),
        accepted_change=around(-0.005, 0.004) if moved else Estimate.exact(0.0, LEVEL),
        replay_cost_usd=23.18,
        replay_cost_estimated=False,
        routes=tuple(sorted(routes, key=lambda item: (-item.avoidable_usd.est, -item.spend_usd, item.route))),
        mix=mix,
        ingest=IngestCounts(
            read=requests + 5_666,
            rejected=1_204,
            rejects={"no usage": 1_150, "not JSON": 54},
            requests=requests,
            failures=1_204,
            duplicates=318,
            cache_hits=2_940,
            not_priced=0,
            secrets_masked=17,
            formats={"openai-jsonl": requests},
        ),
        replay=ReplayCounts(
            planned=drawn,
            done=drawn,
            by_status={"ok": drawn - 9, "timeout": 6, "truncated": 3},
            served_from={"endpoint": drawn - 120, "cassette": 120},
            retried=31,
            complete=True,
        ),
        caveats=(
            "Billed, not list. The log's own costs are used; at today's list prices it would have been 3.1% more.",
            "A replay is not production. Prompt caches, retries and what users ask next are not re-created; "
            "roll a change out behind a canary.",
        ),
        provenance=PROVENANCE,
        frontier=frontier(sorted(routes, key=lambda item: -item.spend_usd), spend, LEVEL),
    )
    return dataclasses.replace(default, **changes)


PROVENANCE = Provenance(
    inputs={"march.jsonl.zst": "9f2c" * 16, "march-eu.jsonl.zst": "41d0" * 16},
    config_sha256="c0ffee12" * 8,
    seed=7,
    tool_version="0.1.0",
    packages={"numpy": "2.4.6", "polars": "2.1.0", "scipy": "1.17.1"},
    tiers={
        "mini": {
            "model": MEDIUM,
            "host": "api.example.com",
            "price": {"input": 0.4, "output": 1.6},
            "source": "audit.yaml",
            "as_of": "2026-03-31",
        },
        "local": {"model": SMALL, "host": "localhost", "price": {"input": 0.05, "output": 0.1}, "source": "audit.yaml"},
    },
    plan_sha256="77aa" * 16,
    quote={"expected": 22.90, "at_most": 41.30},
    embedder=None,
    methods={
        "quality_delta": "Tango (1998) score interval",
        "verdict": "exact unconditional paired test, fixed sequence",
        "dollars": "dollar-unit sampling, Hajek share with pseudo-records",
    },
)


def proven() -> Findings:
    """Six routes, every verdict but Split among them, and one whose candidate would cost more."""
    routes = (
        route("invoice-fields", 9_412.40, 480_000, candidate(n=1_120, b=14, c=9, saving=7_006.3)),
        route("ticket-routing", 6_120.75, 910_000, candidate("local", n=1_310, b=22, c=19, saving=5_871.2)),
        route("search-rewrite", 3_377.10, 390_000, candidate("local", n=940, b=16, c=15, saving=3_190.8)),
        route("contract-summary", 8_204.60, 140_000, candidate(n=720, b=66, c=12, base=0.9, saving=5_020.0)),
        route("weekly-digest", 611.20, 52_000, candidate(n=88, b=2, c=2, saving=540.6)),
        route("sql-helper", 2_903.35, 98_000, candidate(n=610, b=6, c=4, saving=-212.4)),
    )
    lone = tuple(
        dataclasses.replace(
            item, candidates=(*item.candidates, candidate("local", n=item.candidates[0].n, b=41, c=6, saving=900.0))
        )
        if item.route == "invoice-fields"
        else item
        for item in routes
    )
    return findings(lone)


def split() -> Findings:
    """Proven, with a route of which only a part moves."""
    part = around(1_420.0, 160.0)
    rule = PolicyFinding(
        kind="similarity",
        params={"tier": "mini", "otherwise": LARGE, "signal": "similarity", "threshold": 0.62, "recommended": True},
        share_moved=0.36,
        quality_loss=around(0.004, 0.009),
        saving_usd=part,
        certified=True,
    )
    whole = route("chat", 8_204.60, 140_000, candidate(n=720, b=40, c=14, saving=3_900.0))
    moved = changed(
        whole,
        kind="similarity",
        ground=Ground.PART_CERTIFIED,
        params={name: value for name, value in rule.params.items() if name != "recommended"},
        pairs=PairTable(both_pass=650, only_today=9, only_after=6, both_fail=55),
        moved_pairs=PairTable(both_pass=236, only_today=9, only_after=6, both_fail=8),
        moved_delta=around(-0.011, 0.026),
        quality_delta=around(-0.004, 0.009),
        policies=(rule,),
        at_margins=tuple(
            dataclasses.replace(
                found, tier="mini", share_moved=0.36, quality_delta=around(-0.004, 0.009), avoidable_usd=part
            )
            if found.margin == MARGIN
            else found
            for found in whole.at_margins
        ),
        up_to_usd=0.0,
        needs_more=None,
        verdict=Verdict.SPLIT,
        share_moved=0.36,
        avoidable_usd=part,
        reason="The easy third holds the margin; the whole of it does not.",
    )
    return findings((*proven().routes[:3], moved))


def all_keep() -> Findings:
    """No cheaper tier holds the margin anywhere."""
    return findings(
        tuple(
            route(name, spend, 120_000, candidate(n=700, b=80, c=9, base=0.9, saving=spend * 0.7))
            for name, spend in (("contract-summary", 8_204.6), ("code-review", 6_020.1), ("triage", 1_210.0))
        )
    )


def some_open() -> Findings:
    """Nothing proven, and one route undecided."""
    return findings(
        (*all_keep().routes, route("weekly-digest", 611.2, 52_000, candidate(n=88, b=2, c=2, saving=540.6)))
    )


def all_open() -> Findings:
    """Every sample is too small."""
    return findings(
        tuple(
            route(name, spend, 50_000, candidate(n=60, b=2, c=1, saving=spend * 0.8))
            for name, spend in (("triage", 4_210.0), ("weekly-digest", 611.2))
        )
    )


def scan_only() -> Findings:
    """Logs were read, nothing was replayed."""
    bare = tuple(
        changed(
            item,
            candidate=None,
            quality_delta=None,
            pairs=PairTable(),
            verdict=Verdict.NOT_PROVEN,
            reason="Nothing was replayed.",
            avoidable_usd=Estimate.exact(0.0, LEVEL),
            up_to_usd=0.0,
            needs_more=None,
            noise_floor=None,
            noise_reason=None,
            candidates=(),
            sampled={},
            curve=None,
            at_margins=(),
        )
        for item in proven().routes
    )
    return findings(
        bare,
        tested=False,
        replay=None,
        accepted_before=None,
        accepted_after=None,
        accepted_change=None,
        caveats=(),
        replay_cost_usd=0.0,
    )


def incomplete() -> Findings:
    """The replay stopped at 61% of the plan."""
    whole = proven()
    return dataclasses.replace(
        whole,
        replay=ReplayCounts(
            planned=6_400,
            done=3_904,
            by_status={"ok": 3_904},
            served_from={"endpoint": 3_904},
            retried=12,
            complete=False,
        ),
    )


def demo() -> Findings:
    """Bundled data, with a simulated tier."""
    return dataclasses.replace(proven(), demo=True, simulated=("local",))


def negative() -> Findings:
    """One route, whose cheaper tier needs more tokens than it saves."""
    return findings((route("sql-helper", 2_903.35, 98_000, candidate(n=610, b=6, c=4, saving=-212.4)),))


def one_route() -> Findings:
    """One route with two candidates."""
    both = (
        candidate("local", n=1_310, b=22, c=19, saving=5_871.2),
        dataclasses.replace(candidate("mini", n=1_310, b=15, c=14, saving=4_020.0), tested=None),
    )
    return findings((route("ticket-routing", 6_120.75, 910_000, both[0], candidates=both),))


def many_routes(number: int = 300) -> Findings:
    """Hundreds of routes with a long tail."""
    routes = []
    for index in range(number):
        spend = 9_000 / (1 + index) ** 0.9 + 3.21 + index / 7
        b, c, n = ((9, 8, 800), (60, 8, 500), (2, 1, 70))[index % 3]
        routes.append(
            route(
                f"service-{index:03d}-handler",
                spend,
                1_000_000 // (index + 1),
                candidate(n=n, b=b, c=c, saving=spend * 0.71),
            )
        )
    return findings(tuple(routes))


def long_names() -> Findings:
    """Route names of 200 characters."""
    name = "payments.reconciliation.exceptions.reviewer-assist.v2/" * 4
    return _named(lambda index: f"{index}-{name}"[:200])


def other_scripts() -> Findings:
    """Route names right to left, in Chinese, and with a bidi override."""
    names = ("سياسة-التوجيه", "תמיכה-לקוחות", "发票字段提取与核对", "要約生成", "evil\u202egnp.exe", "emoji-🧾-route")
    return _named(lambda index: names[index])


def _named(name: Callable[[int], str]) -> Findings:
    """The proven state with other names."""
    whole = proven()
    routes = tuple(dataclasses.replace(item, route=name(index)) for index, item in enumerate(whole.routes))
    return dataclasses.replace(whole, routes=routes, mix=mixture(routes))


def one_day() -> Findings:
    """A log of one day."""
    return findings(proven().routes[:3], number=1)


def gap_days() -> Findings:
    """A log with days missing in the middle, one of them leaving a lone day."""
    whole = proven()
    return dataclasses.replace(whole, mix=mixture(whole.routes, 30, gaps=(8, 9, 10, 19, 21)))


def below_floor() -> Findings:
    """A route that fails the user's floor today."""
    whole = proven()
    routes = tuple(
        dataclasses.replace(item, floor=0.92, below_floor=True) if item.route == "contract-summary" else item
        for item in whole.routes
    )
    return dataclasses.replace(whole, routes=routes)


def margins() -> Findings:
    """Routes with margins of their own."""
    whole = proven()
    routes = tuple(dataclasses.replace(item, margin=0.02 + 0.01 * (i % 2)) for i, item in enumerate(whole.routes))
    return dataclasses.replace(whole, routes=routes)


def wide_interval() -> Findings:
    """An interval far wider than the others, and one without ends."""
    odd = candidate(n=60, b=1, c=1, saving=400.0)
    reach = Estimate(est=-0.01, lo=-0.6, hi=0.55, level=LEVEL)
    endless = Estimate(est=0.0, lo=None, hi=None, level=LEVEL)
    return findings(
        (
            *proven().routes[:3],
            route("rare", 500.0, 900, odd, quality_delta=reach),
            route("rarer", 300.0, 700, odd, quality_delta=endless),
        )
    )


def one_model() -> Findings:
    """A log in which every request went to one model, without tenants."""
    whole = proven()
    mix = dataclasses.replace(mixture(whole.routes, models=1), by_tenant=())
    return dataclasses.replace(whole, mix=mix)


def no_routes() -> Findings:
    """A log without a billable request."""
    empty = findings((), number=1)
    return dataclasses.replace(
        empty, mix=dataclasses.replace(empty.mix, by_model=(), by_tenant=(), trend=(), total=mix_row("", 0, {}))
    )


def side(tier: str, text: str, *verdicts: tuple[str, bool, str]) -> CaseSide:
    """One side of a case; each verdict is a criterion, whether it holds, and why."""
    results = tuple(
        {
            "criterion": name,
            "status": "scored",
            "passed": holds,
            "value": 1.0 if holds else 0.0,
            "reason": why,
            "expected": "1,204.50" if not holds else None,
            "extracted": "1,240.50" if not holds else None,
        }
        for name, holds, why in verdicts
    )
    return CaseSide(tier=tier, text=text, cost_usd=0.0183, passed=all(v[1] for v in verdicts), results=results)


INVOICE = (
    '{"vendor": "Nordlicht GmbH", "invoice": "R-2291", "total": "1,204.50", "currency": "EUR", "due": "2026-04-14", '
    '"lines": [{"text": "Cable, 20 m", "net": "310.00"}, {"text": "Fitting", "net": "702.18"}]}'
)


def cases() -> list[Case]:
    """Cases for the proven state: JSON, prose alike and unlike, hostile text, and one where both pass."""
    hostile = "<script>alert(1)</script></pre></details><img src=x onerror=alert(2)> \x1b[31mred\x1b[0m \u202eltr"
    prose = (
        "The refund was issued on 3 March and should reach the customer within five working days. "
        "Ask them to check the card ending in 4471."
    )
    return [
        Case(
            case_id="c-0417",
            exchange_id="x1",
            route="invoice-fields",
            kind="only_incumbent",
            request="Extract vendor, invoice number, total, currency and due date as JSON.\n\nNordlicht GmbH …",
            incumbent=side(LARGE, INVOICE, ("fields match", True, "")),
            candidate=side(
                "mini",
                INVOICE.replace("1,204.50", "1,240.50"),
                ("fields match", False, "total differs from the reference"),
            ),
        ),
        Case(
            case_id="c-0533",
            exchange_id="x2",
            route="invoice-fields",
            kind="both_pass",
            request="Extract vendor and total as JSON.",
            incumbent=side(LARGE, INVOICE, ("fields match", True, "")),
            candidate=side("mini", INVOICE, ("fields match", True, "")),
        ),
        Case(
            case_id="c-0102",
            exchange_id="x3",
            route="ticket-routing",
            kind="only_incumbent",
            request="Which queue does this ticket belong to? 'Charged twice for order 8841, want money back today.'",
            incumbent=side(LARGE, prose, ("right queue", True, ""), ("short", True, "")),
            candidate=side(
                "local",
                prose.replace("five working days", "two weeks").replace("Ask them to", "Tell them to"),
                ("right queue", False, "says two weeks, the policy says five working days"),
                ("short", True, ""),
            ),
        ),
        Case(
            case_id="c-0907",
            exchange_id="x4",
            route="ticket-routing",
            kind="only_candidate",
            request=hostile,
            incumbent=side(LARGE, hostile, ("right queue", False, hostile)),
            candidate=side("local", "Payments. " + "x" * 5_000, ("right queue", True, "")),
        ),
    ]


STATES: dict[str, Callable[[], Findings]] = {
    maker.__name__: maker
    for maker in (
        proven,
        split,
        all_keep,
        some_open,
        all_open,
        scan_only,
        incomplete,
        demo,
        negative,
        one_route,
        many_routes,
        long_names,
        other_scripts,
        one_day,
        gap_days,
        below_floor,
        margins,
        wide_interval,
        one_model,
        no_routes,
    )
}
