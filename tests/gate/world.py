"""Findings made by hand for the gate: only what a rule can be about is chosen, the rest is a plain audit."""

from dataclasses import replace
from typing import Any

from audit.core.finding import Findings, NeedsMore, RouteFinding, Verdict
from audit.core.interval import Estimate
from audit.core.recommendation import PairTable
from tests.report.fixtures import candidate, changed, findings, route

LEVEL = 0.95


def interval(est: float, lo: float | None, hi: float | None) -> Estimate:
    """An estimate with its ends."""
    return Estimate(est=est, lo=lo, hi=hi, level=LEVEL)


def judged(
    name: str, delta: Estimate | None, *, n: int = 1000, p_fail: float | None = None, **changes: Any
) -> RouteFinding:
    """A route that is to be switched to `mini`, whose quality delta is this."""
    tested = replace(candidate("mini", n=max(n, 1)), n=n, quality_delta=delta, p_fail=p_fail, reason="as measured")
    default = changed(
        route(name, 1000.0, 50_000, tested),
        verdict=Verdict.SWITCH,
        candidate="mini",
        quality_delta=delta,
        candidates=(tested,),
        pairs=PairTable(both_pass=n),
        p_inferior=p_fail,
        accepted_after=tested.candidate_rate,
        needs_more=None,
        avoidable_usd=interval(700.0, 650.0, 750.0),
    )
    return changed(default, **changes)


def left_alone(name: str, verdict: Verdict, **changes: Any) -> RouteFinding:
    """A route that the verdict leaves as it is."""
    needs = NeedsMore(replays=1400, usd=0.7) if verdict is Verdict.NOT_PROVEN else None
    zero = Estimate.exact(0.0, LEVEL)
    delta = interval(-0.048, -0.074, -0.021)
    return judged(name, delta, verdict=verdict, avoidable_usd=zero, needs_more=needs, **changes)


def world(*routes: RouteFinding, **changes: Any) -> Findings:
    """An audit over some routes."""
    return replace(findings(routes), run_id="7f3a9c1e5b20", **changes)


def example(**changes: Any) -> Findings:
    """Five routes, one of each kind."""
    return world(
        judged("doc-extract", interval(-0.009, -0.018, 0.0), n=2110, p_fail=0.99),
        judged("support-triage", interval(-0.048, -0.074, -0.032), n=694, p_fail=0.004),
        judged("chat-assist", interval(-0.01, -0.045, 0.02), n=720, needs_more=NeedsMore(replays=1400, usd=0.7)),
        left_alone("code-review", Verdict.KEEP),
        left_alone("email-summary", Verdict.NOT_PROVEN),
        **changes,
    )
