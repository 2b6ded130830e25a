"""What a branch changes, in one line: dollars a month and points of quality, against an earlier run.

    +$312 a month [+$290, +$334] with the verdicts followed, −0.4 [−1.2, +0.4] points

Both runs are taken as they would run with their verdicts followed, and both are compared route by route, at the
requests that the earlier run had of each: a log of another length, a test set, or another mix of routes changes
nothing. Within a run the routes' samples are independent, so their half-widths add in squares; between the runs
nothing is assumed, and the ends are combined at their worst, as in rules about a change.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from audit.core.display import percent, points_interval, usd_ends, usd_estimate
from audit.core.finding import Findings, Verdict
from audit.core.interval import Estimate
from audit.gate.changes import difference, unlike_measures
from audit.stats.dollars import combine_sums

MONTH_DAYS = 30
THOUSAND = 1000
FOLLOWED = "with the verdicts followed"
"""Beside dollars that are not those of the logs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What changed since an earlier run.

    Attributes:
        baseline: Run id of the earlier run.
        usd: More dollars, over `per`; None where that is not known.
        per: `month`, or `1k requests` where the earlier log has no dates.
        points: More accepted answers, in [-1, 1]; None where that is not known.
        why: Why `points` is not known; "" where it is.
        why_no_usd: Why `usd` is not known; "" where it is.
    """

    baseline: str
    usd: Estimate | None
    per: str
    points: Estimate | None
    why: str
    why_no_usd: str = ""

    @property
    def line(self) -> str:
        """In one line; without a full stop. No name of a route or a model is in it."""
        dollars = (
            f"cost not known: {self.why_no_usd}" if self.usd is None else f"{_money(self.usd, self._per)} {FOLLOWED}"
        )
        quality = f"quality not known: {self.why}" if self.points is None else f"{points_interval(self.points)} points"
        return f"{dollars}, {quality}"

    @property
    def against(self) -> str:
        """What it is held against, and the level of its intervals."""
        known = next((one for one in (self.points, self.usd) if one is not None and one.lo != one.hi), None)
        level = "" if known is None else f", {percent(known.level)} intervals"
        return f"against run {self.baseline}{level}"

    @property
    def _per(self) -> str:
        return "a month" if self.per == "month" else "per 1k requests"


def change_since(findings: Findings, baseline: Findings) -> Change:
    """What a run would cost and answer, against an earlier one.

    Args:
        findings: Of the branch.
        baseline: Of what it is to be merged into.
    """
    per = "month" if baseline.days > 0 else "1k requests"
    # Two states of one run share its id: it was replayed further, or scored again, in between.
    if findings == baseline:
        nothing = Estimate.exact(0.0, findings.confidence)
        return Change(baseline=baseline.run_id, usd=nothing, per=per, points=nothing, why="")
    requests = {route.route: route.requests for route in baseline.routes}
    apart = _incomparable(findings, baseline)
    no_usd = apart or _no_cost(findings, baseline)
    why = apart or _unlike(findings, baseline)
    cost = points = None
    if not no_usd:
        factor = MONTH_DAYS / baseline.days if baseline.days > 0 else THOUSAND / baseline.requests
        cost = difference(_cost(findings, requests), _cost(baseline, requests)).scaled(factor)
    if not why:
        points = difference(_accepted(findings, requests), _accepted(baseline, requests))
    return Change(baseline=baseline.run_id, usd=cost, per=per, points=points, why=why, why_no_usd=no_usd)


def _sides(findings: Findings, baseline: Findings) -> tuple[tuple[Findings, str], tuple[Findings, str]]:
    return (findings, "this run"), (baseline, "the baseline")


def _incomparable(findings: Findings, baseline: Findings) -> str:
    """Why nothing of one run can be held against the other; "" where something can."""
    for one, which in _sides(findings, baseline):
        if one.replay is not None and not one.replay.complete:
            return f"{which} is incomplete"
    if {route.route for route in findings.routes} != {route.route for route in baseline.routes}:
        return "the runs are about other routes"
    return ""


def _no_cost(findings: Findings, baseline: Findings) -> str:
    """Why the costs of two runs say nothing of each other; "" where they do."""
    for one, which in _sides(findings, baseline):
        priced = _priced(one)
        if one.spend_usd <= 0:
            return f"nobody knows what the log of {which} cost"
        if not all(priced.values()):
            return f"of a route nobody knows what its requests cost in the log of {which}"
        if any(None in (route.avoidable_usd.lo, route.avoidable_usd.hi) for route in one.routes):
            return f"what {which} saves has no known bounds"
    return ""


def _priced(findings: Findings) -> dict[str, int]:
    """By route, the requests with a known cost: what is paid for them is all that is known to be paid."""
    unpriced = {row.name: row.unpriced_requests for row in findings.mix.by_route}
    return {route.route: max(route.requests - unpriced.get(route.route, 0), 0) for route in findings.routes}


def _cost(findings: Findings, requests: Mapping[str, int]) -> Estimate:
    """With the verdicts followed, in USD of so many requests of each route."""
    priced = _priced(findings)
    each = {route.route: requests[route.route] / priced[route.route] for route in findings.routes}
    paid = sum(route.spend_usd * each[route.route] for route in findings.routes)
    moved = [route for route in findings.routes if route.avoidable_usd.est]
    saved = [route.avoidable_usd.scaled(each[route.route]) for route in moved]
    return (combine_sums(saved) if saved else Estimate.exact(0.0, findings.confidence)).taken_from(paid)


def _accepted(findings: Findings, requests: Mapping[str, int]) -> Estimate:
    """Accepted share with the verdicts followed, at so many requests of each route; routes without a sample are left
    out. The ends lie in [0, 1].
    """
    known = [(route, rate) for route in findings.routes if (rate := route.accepted_rate) is not None]
    total = sum(requests[route.route] for route, _ in known)
    parts = [rate.scaled(requests[route.route] / total) for route, rate in known]
    for route, _ in known:
        if route.verdict in (Verdict.SWITCH, Verdict.SPLIT) and route.quality_delta is not None:
            parts.append(route.quality_delta.scaled(requests[route.route] / total * route.judged_share))
    return combine_sums(parts).within(0.0, 1.0)


def _unlike(findings: Findings, baseline: Findings) -> str:
    """Why the accepted shares of two runs say nothing of each other; "" where they do."""
    judged = []
    for one, which in _sides(findings, baseline):
        known = {route.route for route in one.routes if route.accepted_rate is not None}
        if one.accepted_change is None or not known:
            return f"{which} judged no answers"
        judged.append(known)
    if judged[0] != judged[1]:
        return "the runs judged answers of other routes"
    return next(iter(unlike_measures(findings, baseline).values()), "")


def _money(value: Estimate, per: str) -> str:
    """`+$312 a month [+$290, +$334]`; what is known exactly has no interval."""
    text = f"{_signed(usd_estimate(value), value.est)} {per}"
    if value.ends is None:
        return text
    ends = zip(usd_ends(*value.ends), value.ends, strict=True)
    return f"{text} [{', '.join(_signed(end, amount) for end, amount in ends)}]"


def _signed(text: str, value: float) -> str:
    """An amount with its sign; one that is shown as nothing has none."""
    if not any(figure in text for figure in "123456789"):
        return "$0"
    return f"+{text}" if value > 0 else text
