"""What a branch changes, in one line: dollars a month and points of quality, against an earlier run.

    +$312 a month [+$290, +$334], −0.4 [−1.2, +0.4] points

Both runs are taken as they would run with their verdicts followed. The dollars are the cost of a request now less
then, at the volume of the earlier run, so that a log of another length, or a test set, changes nothing. The ends of
both runs are combined at their worst, as in rules about a change.
"""

from __future__ import annotations

from dataclasses import dataclass

from audit.core.display import MINUS, percent, points_interval, usd, usd_ends
from audit.core.finding import Findings
from audit.core.interval import Estimate
from audit.gate.changes import difference, unlike_measures

MONTH_DAYS = 30
THOUSAND = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What changed since an earlier run.

    Attributes:
        baseline: Run id of the earlier run.
        usd: More dollars, over `per`; None where one of the runs has no cost.
        per: `month`, or `1k requests` where the earlier log has no dates.
        points: More accepted answers, in [-1, 1]; None where that is not known.
        why: Why it is not known; "" where it is.
    """

    baseline: str
    usd: Estimate | None
    per: str
    points: Estimate | None
    why: str

    @property
    def line(self) -> str:
        """In one line; without a full stop. No name of a route or a model is in it."""
        dollars = "cost not known" if self.usd is None else f"{_money(self.usd)} {self._per}"
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
    if findings.run_id == baseline.run_id:
        nothing = Estimate.exact(0.0, findings.confidence)
        return Change(baseline=baseline.run_id, usd=nothing, per="month", points=nothing, why="")
    volume = baseline.requests / baseline.days * MONTH_DAYS if baseline.days > 0 else THOUSAND
    now, then = _cost(findings), _cost(baseline)
    why = _unlike(findings, baseline)
    quality = None
    if not why and findings.accepted_after is not None and baseline.accepted_after is not None:
        quality = difference(findings.accepted_after, baseline.accepted_after)
    return Change(
        baseline=baseline.run_id,
        usd=None if now is None or then is None else difference(now, then).scaled(volume),
        per="month" if baseline.days > 0 else "1k requests",
        points=quality,
        why=why,
    )


def _cost(findings: Findings) -> Estimate | None:
    """Of a request, in USD."""
    if not findings.requests or findings.spend_usd <= 0:
        return None
    return findings.avoidable_usd.taken_from(findings.spend_usd).scaled(1 / findings.requests)


def _unlike(findings: Findings, baseline: Findings) -> str:
    """Why the accepted shares of two runs say nothing of each other; "" where they do."""
    for one, which in ((findings, "this run"), (baseline, "the baseline")):
        if one.accepted_after is None:
            return f"{which} judged no answers"
        if one.replay is not None and not one.replay.complete:
            return f"{which} is incomplete"
    if {route.route for route in findings.routes} != {route.route for route in baseline.routes}:
        return "the runs are about other routes"
    return next(iter(unlike_measures(findings, baseline).values()), "")


def _money(value: Estimate) -> str:
    """`+$312 [+$290, +$334]`; what is known exactly has no interval."""
    text = _signed(value.est)
    if value.lo is None or value.hi is None or value.lo == value.hi:
        return text
    texts = usd_ends(abs(value.lo), abs(value.hi))
    signs = ("+" if end > 0 else MINUS if end < 0 else "" for end in (value.lo, value.hi))
    return f"{text} [{', '.join(sign + one for sign, one in zip(signs, texts, strict=True))}]"


def _signed(value: float) -> str:
    return ("+" if value > 0 else "") + usd(value)
