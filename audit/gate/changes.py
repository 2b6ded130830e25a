"""What changed since another run, for rules about `change(...)`.

Both values have intervals, and nothing is assumed about how the runs depend on each other, so their ends are combined
at their worst: the low end of a difference is the one run's low end less the other's high end. By Bonferroni's
inequality the combination misses no more often than both together, and its level says so: two 95 % intervals make one
of 90 %, whose each side errs at most 5 % of the time, the rate that a one-sided verdict has.
"""

from __future__ import annotations

from dataclasses import replace

from audit.core.errors import AuditError
from audit.core.finding import Findings
from audit.core.interval import Estimate
from audit.gate.measures import Measured, measure
from audit.gate.rules import Rule


def measure_change(rule: Rule, findings: Findings, baseline: Findings | None) -> list[Measured]:
    """The change of everything that `rule` is about, in the order of the findings.

    A subject that the baseline does not have is without data. On a route that stays where it is the delta is exactly 0,
    and the accepted rate is today's.

    Raises:
        AuditError: There is no baseline, it is incomplete, or a glob matches nothing in the findings.
    """
    if baseline is None:
        raise AuditError(
            f"`{rule.text}` is about a change, and there is nothing to compare with",
            code="gate.no-baseline",
            hint="name the earlier run:  audit gate RUN --baseline OTHER_RUN",
        )
    if baseline.replay is not None and not baseline.replay.complete:
        raise AuditError(
            f"the baseline {baseline.run_id} is incomplete, so nothing can be compared with it",
            code="gate.baseline-incomplete",
            hint="run its replay again: it goes on where it stopped",
        )
    before = {(one.subject, one.tier): one for one in _lenient(rule, baseline)}
    # A verdict may move a route to another tier than last time; that is a change of the route, not a new subject.
    moves = rule.metric in ("quality_delta", "accept_rate") and "tier" not in rule.tags
    by_subject = {one.subject: one for one in before.values()} if moves else {}
    found = []
    for now in measure(rule, findings):
        then = before.get((now.subject, now.tier)) or by_subject.get(now.subject)
        found.append(_changed(rule, now, then))
    return found


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
    missing = sum(1 - one.level for one in (now, then) if not (one.lo == one.est == one.hi))
    return max(1 - missing, 0.0) if missing else min(now.level, then.level)


def _lenient(rule: Rule, baseline: Findings) -> list[Measured]:
    try:
        return measure(rule, baseline)
    except AuditError as error:
        # A name that is new since the baseline; one that nothing has is found out in the findings themselves.
        if error.code.startswith("gate.unknown-"):
            return []
        raise


def _changed(rule: Rule, now: Measured, then: Measured | None) -> Measured:
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
    value = difference(is_, was) if rule.unit == "pt" else ratio(is_, was)
    return replace(common, value=value, note="" if value else "the baseline may be nothing, so there is no ratio")


def _value(rule: Rule, one: Measured) -> Estimate | None:
    if one.stays and rule.metric == "quality_delta":
        return Estimate.exact(0.0, 1.0)
    return one.value
