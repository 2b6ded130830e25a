"""Random findings in which every figure of a route is its own, so that a figure taken from elsewhere shows."""

from __future__ import annotations

import dataclasses
import random

from audit.core.criteria import Grade
from audit.core.exploration import ThresholdCurve
from audit.core.finding import Case, Findings, Latency, RouteFinding, Verdict
from audit.core.interval import Estimate
from audit.core.policy import RoutePolicy, SignalSpec, VerifierSpec
from audit.core.recommendation import Ground, Moves, PairTable, Recommendation
from audit.findings.totals import by_grade
from tests.report import fixtures

NAMES = ("alpha-mail", "bravo-forms", "charlie-chat", "delta-notes")
RULES = (
    {"signal": "rules", "threshold": 1.0, "conditions": [{"feature": "messages", "op": "<=", "value": 2}]},
    {"signal": "classifier", "threshold": 0.3719},
    {"signal": "similarity", "threshold": 0.5183},
    {"verifier": "schema"},
    {"signal": "classifier", "threshold": 0.4427, "verifier": "schema"},
    {
        "signal": "rules",
        "threshold": 1.0,
        "conditions": [{"feature": "questions", "op": "<=", "value": 3}],
        "verifier": "regex",
    },
)
"""What a Split may decide by: before the call, after it, or both."""


def random_findings(seed: int) -> Findings:
    """One to four routes with any verdicts; a Split's figures are those of no candidate."""
    rng = random.Random(seed)
    names = NAMES[: rng.choice((1, 1, 2, 3, 4))]
    found = fixtures.findings(tuple(_route(name, rng) for name in names), caveats=())
    return dataclasses.replace(found, avoidable_by_grade=by_grade(found.routes))


def random_policies(findings: Findings) -> dict[str, RoutePolicy]:
    """By route that moves, what a router would run there, without any figure of its certification."""
    found = {}
    for route in findings.routes:
        made = route.recommendation
        if not made.moves_traffic:
            continue
        assert made.tier is not None
        assert made.kind is not None
        params = dict(made.params)
        said = {"conditions": params["conditions"]} if "conditions" in params else {"intercept": 0.0}
        found[route.route] = RoutePolicy(
            route=route.route,
            kind=made.kind,
            tier=made.tier,
            otherwise=None if made.served_by else route.incumbent,
            replaces=made.served_by,
            signal=SignalSpec(name=params["signal"], params=said) if "signal" in params else None,
            threshold=params.get("threshold"),
            verifier=VerifierSpec(name=params["verifier"], params={}) if "verifier" in params else None,
        )
    return found


def _route(name: str, rng: random.Random) -> RouteFinding:
    tiers = rng.sample(("mini", "local", "nano"), rng.randint(1, 3))
    tested = [_candidate(tier, rng) for tier in tiers]
    spend, requests = rng.uniform(2_000, 9_000), rng.randint(20_000, 900_000)
    route = fixtures.route(name, spend, requests, tested[0])
    # Every second route is served by one model.
    incumbents = route.incumbents if requests % 2 else {route.incumbent: 1.0}
    route = dataclasses.replace(route, incumbents=incumbents)
    made = _recommendation(route, tested[0], rng)
    return dataclasses.replace(
        route,
        candidates=tuple(tested),
        recommendation=made,
        needs_more=None,
        noise_floor=None,
        noise_reason=None,
        unreplayable={},
        quality_bounds=None,
        up_to_usd=0.0 if made.verdict is not Verdict.NOT_PROVEN else rng.uniform(100, 900),
        curve=_curve(route.curve, rng),
        at_margins=(),
        accepted_rate=_around(rng.uniform(0.8, 0.95), rng.uniform(0.01, 0.03)),
    )


def _candidate(tier: str, rng: random.Random) -> fixtures.CandidateFinding:
    n = rng.randint(400, 1_900)
    made = fixtures.candidate(tier, n=n, b=rng.randint(30, 90), c=rng.randint(2, 25), saving=rng.uniform(300, 1_500))
    return dataclasses.replace(made, excluded={}, reason="as measured", cost=None)


def _curve(curve: ThresholdCurve | None, rng: random.Random) -> ThresholdCurve | None:
    if curve is None or rng.random() < 0.2:
        return None
    return dataclasses.replace(
        curve, signal=rng.choice(("classifier", "similarity")), tier=rng.choice(("mini", "local"))
    )


def _around(est: float, reach: float) -> Estimate:
    return fixtures.around(est, reach)


def _table(n: int, rng: random.Random) -> PairTable:
    b, c, neither = rng.randint(3, 29), rng.randint(1, 20), rng.randint(5, 40)
    return PairTable(both_pass=n - b - c - neither, only_today=b, only_after=c, both_fail=neither)


def _recommendation(route: RouteFinding, tested: fixtures.CandidateFinding, rng: random.Random) -> Recommendation:
    """Any verdict. What moves has figures of its own; where the route stays, they are the closest candidate's."""
    verdict = rng.choice(list(Verdict))
    zero = Estimate.exact(0.0, fixtures.LEVEL)
    several = len(route.incumbents) > 1
    served_by = tuple(route.incumbents) if several else ()
    common = dataclasses.replace(route.recommendation, reason="as measured", caveats=(), served_by=served_by)
    stays = {
        "verdict": verdict, "ground": Ground.ALL_LOSE if verdict is Verdict.KEEP else Ground.UNDECIDED, "kind": None,
        "params": {}, "moves": Moves(), "moved_delta": None, "moved_pairs": PairTable(), "saving_usd": zero,
        "cost_usd": Estimate.exact(route.auditable_usd, fixtures.LEVEL), "quality_delta": tested.quality_delta,
        "content_delta": rng.choice((None, _around(rng.uniform(-0.2, 0.02), rng.uniform(0.01, 0.03)))),
    }  # fmt: skip
    if verdict in (Verdict.KEEP, Verdict.NOT_PROVEN):
        return dataclasses.replace(common, **stays)
    whole = verdict is Verdict.SWITCH
    share = 1.0 if whole else rng.uniform(0.15, 0.85)
    pairs = _table(rng.randint(500, 1_900), rng)
    saving = _around(route.auditable_usd * share * rng.uniform(0.4, 0.8), rng.uniform(20, 90))
    rule = {} if whole else rng.choice(RULES)
    return dataclasses.replace(
        common,
        verdict=verdict,
        ground=Ground.WHOLE_CERTIFIED if whole else Ground.PART_CERTIFIED,
        kind="static" if whole else "cascade" if "verifier" in rule else str(rule["signal"]),
        params={"tier": tested.tier, "otherwise": None if common.served_by else route.incumbent, **rule},
        moves=Moves(
            requests=round(route.requests * share),
            share=share,
            spend_usd=route.auditable_usd * share * rng.uniform(0.8, 1.0),
            share_escalated=rng.uniform(0.02, 0.1) if "verifier" in rule else 0.0,
        ),
        quality_delta=_around(rng.uniform(-0.012, 0.008), rng.uniform(0.008, 0.017)),
        moved_delta=_around(rng.uniform(-0.02, 0.01), rng.uniform(0.01, 0.03)),
        content_delta=rng.choice((None, _around(rng.uniform(-0.02, 0.004), rng.uniform(0.008, 0.017)))),
        pairs=pairs,
        grade=rng.choice((None, Grade.DEMANDED, Grade.AGREEMENT, Grade.RIGHT)),
        moved_pairs=pairs if whole else _table(rng.randint(150, 450), rng),
        p_noninferior=rng.uniform(0.001, 0.04),
        p_inferior=rng.uniform(0.9, 0.99),
        accepted_after=_around(rng.uniform(0.85, 0.95), rng.uniform(0.01, 0.02)),
        unmeasured=0,
        saving_usd=saving,
        cost_usd=saving.taken_from(route.auditable_usd),
        latency_ms=Latency(p50=rng.uniform(300, 900), p95=rng.uniform(1_500, 4_000)),
    )


def no_cases() -> list[Case]:
    """A report without texts: its figures are then all ours."""
    return []
