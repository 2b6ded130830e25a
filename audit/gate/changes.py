"""What changed since another run, for rules about `change(...)`.

Both values have intervals, and nothing is assumed about how the runs depend on each other, so their ends are combined
at their worst: the low end of a difference is the one run's low end less the other's high end. By Bonferroni's
inequality the combination misses no more often than both together, and its level says so: two 95 % intervals make one
of 90 %, whose each side errs at most 5 % of the time, the rate that a one-sided verdict has.

Two values compare only where they measure the same. Totals of windows of different lengths are compared per day. What
rests on criteria has no change where these or the margin are other ones than in the baseline: neither run says then
what the same criteria would have made of both.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from audit.core.display import listing, plural, visible
from audit.core.errors import AuditError
from audit.core.finding import Findings, RouteFinding
from audit.core.interval import Estimate
from audit.gate.measures import ALL, Measured, measure
from audit.gate.rules import Rule

TOTALS = ("spend_usd", "requests", "avoidable_usd")
"""Metrics that grow with the window."""

BY_CRITERIA = ("quality_delta", "accept_rate", "avoidable_usd", "avoidable_share")
"""Metrics that mean what the criteria and the margin of their routes make them mean."""

PAID = ("spend_usd", "cost_per_1k")
"""Metrics of what the logs say was paid, whatever the runs recommend."""

NO_BASELINE = "there is nothing to compare with"


def without_baseline(rule: Rule, findings: Findings, baseline: Findings | None) -> list[Measured]:
    """Everything that `rule` is about, each without a value and with why, where nothing can be compared with; empty
    where a change can be measured.

    Raises:
        AuditError: A glob matches nothing in the findings.
    """
    if baseline is not None and _is_whole(baseline):
        return []
    why = f"{NO_BASELINE} (--baseline RUN)" if baseline is None else f"the baseline {baseline.run_id} is incomplete"
    return [Measured(subject=one.subject, tier=one.tier, value=None, note=why) for one in measure(rule, findings)]


def _is_whole(baseline: Findings) -> bool:
    return baseline.replay is None or baseline.replay.complete


def measure_change(rule: Rule, findings: Findings, baseline: Findings | None) -> list[Measured]:
    """The change of everything that `rule` is about, in the order of the findings.

    A subject that the baseline does not have is without data. On a route that stays where it is the delta is exactly 0,
    and the accepted rate is today's.

    Raises:
        AuditError: There is no baseline, it is incomplete, or a glob matches nothing in the findings.
    """
    if baseline is None:
        raise AuditError(
            f"`{rule.text}` is about a change, and {NO_BASELINE}",
            code="gate.no-baseline",
            hint="name the earlier run:  audit gate RUN --baseline OTHER_RUN",
        )
    if not _is_whole(baseline):
        raise AuditError(
            f"the baseline {baseline.run_id} is incomplete, so nothing can be compared with it",
            code="gate.baseline-incomplete",
            hint="run its replay again: it goes on where it stopped",
        )
    before = {(one.subject, one.tier): one for one in _lenient(rule, baseline)}
    # A verdict may move a route to another tier than last time; that is a change of the route, not a new subject.
    moves = rule.metric in ("quality_delta", "accept_rate") and "tier" not in rule.tags
    by_subject = {one.subject: one for one in before.values()} if moves else {}
    per_day = _per_day(findings, baseline) if rule.metric in TOTALS else PerDay()
    others = unlike_measures(findings, baseline) if rule.metric in BY_CRITERIA else {}
    found = []
    for now in measure(rule, findings):
        then = before.get((now.subject, now.tier)) or by_subject.get(now.subject)
        found.append(_changed(rule, now, then, per_day, _not_alike(now.subject, others)))
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class PerDay:
    """How totals of two windows are compared.

    Attributes:
        factor: By which a change of totals becomes one per day: the baseline's days over this run's.
        about: What is compared, for people; "" where the windows are of one length.
        note: Why they cannot be compared; "" where they can.
    """

    factor: float = 1.0
    about: str = ""
    note: str = ""


def _per_day(findings: Findings, baseline: Findings) -> PerDay:
    now, then = findings.days, baseline.days
    if now <= 0 or then <= 0:
        which = "this run's log" if now <= 0 else "the baseline's log"
        return PerDay(note=f"{which} has no dates, so nobody knows how long a time its total is of")
    if now == then:
        return PerDay()
    return PerDay(factor=then / now, about=f"per day, of {plural(now, 'day')} and the baseline's {then:,}")


def unlike_measures(findings: Findings, baseline: Findings) -> dict[str, str]:
    """Routes of both runs whose answers were not judged alike, each with what differs."""
    same = findings.provenance.config_sha256 == baseline.provenance.config_sha256
    before = {route.route: route for route in baseline.routes}
    pairs = [(route, before[route.route]) for route in findings.routes if route.route in before]
    return {now.route: why for now, then in pairs if (why := _differs(now, then, same_settings=same))}


def _differs(now: RouteFinding, then: RouteFinding, *, same_settings: bool) -> str:
    """In what two runs judge a route's answers otherwise; "" where they judge alike, or neither judges any."""
    if not math.isclose(now.margin, then.margin, abs_tol=1e-9):
        return f"the baseline's margin is {then.margin * 100:g} points, this run's {now.margin * 100:g}"
    is_, was = (one.criteria.digest if one.criteria else None for one in (now, then))
    if is_ and was:
        return "" if is_ == was else "the baseline judges answers by other criteria"
    if same_settings or is_ is was is None:
        return ""
    return "whether the baseline judges answers by the same criteria cannot be told"


def _not_alike(subject: str, others: Mapping[str, str]) -> str:
    """Why the change of a subject cannot be judged; of all traffic, if that is so of any route."""
    if subject != ALL or not others:
        return others.get(subject, "")
    return f"{next(iter(others.values()))} on {listing([visible(route) for route in list(others)[:3]])}"


def difference(now: Estimate, then: Estimate) -> Estimate:
    """`now` less `then`; an end that is open in one is open in the result."""
    lo = None if now.lo is None or then.hi is None else now.lo - then.hi
    hi = None if now.hi is None or then.lo is None else now.hi - then.lo
    return Estimate(est=now.est - then.est, lo=lo, hi=hi, level=_level(now, then))


def ratio(now: Estimate, then: Estimate) -> Estimate | None:
    """`now` over `then`, less 1; None where `then` may be 0 or less. Nothing that stays nothing did not change."""
    level = _level(now, then)
    if _is_zero(now) and _is_zero(then):
        return Estimate.exact(0.0, level)
    if then.lo is None or then.lo <= 0:
        return None
    # The farthest ratio has the smaller divisor on the side away from 0.
    lo = None if now.lo is None else _over(now.lo, then.hi if now.lo >= 0 else then.lo)
    hi = None if now.hi is None else _over(now.hi, then.lo if now.hi >= 0 else then.hi)
    return Estimate(est=now.est / then.est - 1, lo=lo, hi=hi, level=level)


def _over(value: float, divisor: float | None) -> float:
    """A ratio less 1; over an open end it is a ratio of 0."""
    return -1.0 if divisor is None else value / divisor - 1


def _is_zero(value: Estimate) -> bool:
    return value.lo == value.est == value.hi == 0


def _level(now: Estimate, then: Estimate) -> float:
    """Bonferroni; a value that is known exactly misses never."""
    missing = sum(1 - one.level for one in (now, then) if not one.is_exact)
    return max(1 - missing, 0.0) if missing else min(now.level, then.level)


def _lenient(rule: Rule, baseline: Findings) -> list[Measured]:
    try:
        return measure(rule, baseline)
    except AuditError as error:
        # A name that is new since the baseline; one that nothing has is found out in the findings themselves.
        if error.code.startswith("gate.unknown-"):
            return []
        raise


def _changed(rule: Rule, now: Measured, then: Measured | None, per_day: PerDay, not_alike: str) -> Measured:
    if then is None:
        return replace(now, value=None, stays=False, p_fail=None, note="the baseline does not have it")
    if now.stays and then.stays:
        return now
    was, is_ = _value(rule, then), _value(rule, now)
    n = min((one.n for one in (now, then) if one.n is not None), default=None)
    common = replace(now, n=n, p_fail=None, stays=False, more=None)
    if was is None or is_ is None:
        side, one = ("the baseline: ", then) if was is None else ("", now)
        return replace(common, value=None, note=f"{side}{one.note or 'nothing was measured'}")
    if unlike := per_day.note or not_alike:
        return replace(common, value=None, note=unlike)
    value = difference(is_, was) if rule.unit == "pt" else ratio(is_.scaled(per_day.factor), was)
    paid = "as paid in both logs, no verdict followed" if rule.metric in PAID else ""
    about = "; ".join(filter(None, (now.about, paid, per_day.about)))
    return replace(
        common, value=value, about=about, note="" if value else "the baseline may be nothing, so there is no ratio"
    )


def _value(rule: Rule, one: Measured) -> Estimate | None:
    if one.stays and rule.metric == "quality_delta":
        return Estimate.exact(0.0, 1.0)
    return one.value
