"""Rules over findings: pass, fail or inconclusive.

A threshold is a claim on the true value, and the interval decides: the check passes if every value in the interval
satisfies the rule, fails if none does, and is inconclusive otherwise. The gate judges what the report recommends: of a
route that moves, its certified policy over all its traffic; a route that stays (Keep, Not proven) has no change, passes
by construction, and says that it stays. A run in which nothing was proven is inconclusive about quality, never a pass;
`quality_delta{route:*, tier:small}` asks about one tier on every route where it was tested, whatever the verdict.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar

from audit.core.display import count, percent_interval, percent_share, points, points_interval, usd, usd_interval
from audit.core.errors import AuditError, UnknownName
from audit.core.finding import Findings
from audit.core.interval import Estimate
from audit.core.settings import GateRule
from audit.gate.changes import measure_change, without_baseline
from audit.gate.headline import Change, change_since
from audit.gate.measures import Measured, measure, nothing_proven
from audit.gate.rules import Rule, parse_rule
from audit.stats.multiplicity import holm

MIN_PAIRS = 100
"""Below this number of pairs a check is inconclusive, whatever the estimate: the smallest n of a Switch."""


class State(StrEnum):
    """What became of a check, a rule or the gate; worst first."""

    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    PASS = "pass"


class Inconclusive(StrEnum):
    """What exit code an inconclusive gate has: `fail` 1, `warn` and `pass` 0. What is printed does not change."""

    FAIL = "fail"
    WARN = "warn"
    PASS = "pass"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One rule held against one subject.

    Attributes:
        subject: A route, a tenant or a model; `all traffic` for the whole log.
        tier: The tier or model that the value is about, where it is about one.
        state: What the interval shows.
        value: In the rule's base unit; None when nothing was measured or the route stays.
        unit: `pt`, `%`, `$` or `n`.
        n: Pairs behind the value, where there are pairs.
        p_holm: Holm-adjusted p-value of "the rule holds" across the rule's checks, where the findings have one.
        stays: The route is left alone, and passes by construction.
        reason: The state in a few words.
        errored: Replayed calls that could not be measured; they alone may be why there is no value.
    """

    subject: str
    tier: str | None
    state: State
    value: Estimate | None
    unit: str
    n: int | None
    p_holm: float | None
    stays: bool
    reason: str
    errored: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleResult:
    """A rule with its checks, failing first; its state is the worst of theirs."""

    name: str
    when: str
    level: str
    state: State
    checks: tuple[Check, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class GateDecision:
    """What the gate says of a run.

    Attributes:
        run_id: Of the findings.
        demo: The findings are about bundled data.
        simulated: Tiers whose completions were simulated.
        complete: The replay ran to the end of its plan; otherwise there is no verdict, and the exit code is 4.
        nothing_proven: Nothing moves, and not every route is decided; every output says so.
        state: The worst state of the rules whose level is `error`; a rule of level `warn` never counts.
        rules: In the order of the configuration.
        avoidable_by_grade: Dollars that the findings say were avoidable, by the grade of the criteria that prove it.
        change: Against the baseline, in dollars and points; None without one.
    """

    SPARSE: ClassVar[tuple[str, ...]] = ("change",)

    run_id: str
    demo: bool
    simulated: tuple[str, ...]
    complete: bool
    state: State
    rules: tuple[RuleResult, ...]
    nothing_proven: bool = False
    avoidable_by_grade: Mapping[str, float] = field(default_factory=dict)
    change: Change | None = None

    @property
    def checks(self) -> tuple[Check, ...]:
        """Checks of all rules: fail, inconclusive, pass."""
        return tuple(sorted((c for rule in self.rules for c in rule.checks), key=_rank))

    @property
    def counts(self) -> dict[State, int]:
        """Checks by state, of the rules that count."""
        states = [check.state for rule in self.rules if rule.level == "error" for check in rule.checks]
        return {state: states.count(state) for state in State}

    @property
    def warnings(self) -> int:
        """Checks that do not hold, of the rules that only warn."""
        warns = (rule for rule in self.rules if rule.level == "warn")
        return sum(check.state is not State.PASS for rule in warns for check in rule.checks)

    def exit_code(self, inconclusive: Inconclusive | None = None) -> int:
        """0 pass, 1 fail, 3 inconclusive, 4 incomplete; 4 goes before 1, and 1 before 3.

        Args:
            inconclusive: What to answer instead of 3.
        """
        if not self.complete:
            return 4
        if self.state is State.INCONCLUSIVE:
            return {None: 3, Inconclusive.FAIL: 1}.get(inconclusive, 0)
        return 1 if self.state is State.FAIL else 0


def judge(
    findings: Findings,
    rules: Sequence[GateRule],
    *,
    baseline: Findings | None = None,
    min_pairs: int = MIN_PAIRS,
) -> GateDecision:
    """Hold every rule against the findings.

    Args:
        findings: Of a run.
        rules: From `audit.yaml` or the command line.
        baseline: Of an earlier run, for rules about a change.
        min_pairs: Fewer pairs than this decide nothing.

    Raises:
        AuditError: There are no rules, one cannot be read, a glob matches nothing, or a rule of level `error` is about
            a change and there is no complete baseline. One of level `warn` is inconclusive then, and hides no other.
    """
    if not rules:
        raise AuditError(
            "the gate has no rules",
            code="gate.no-rules",
            hint='add to audit.yaml:   gate: [{when: "quality_delta{route:*} >= -2pt"}]',
        )
    results = tuple(_result(entry, findings, baseline, min_pairs) for entry in rules)
    return GateDecision(
        run_id=findings.run_id,
        demo=findings.demo,
        simulated=findings.simulated,
        complete=findings.replay is None or findings.replay.complete,
        state=worst([result.state for result in results if result.level == "error"]),
        rules=results,
        nothing_proven=nothing_proven(findings),
        avoidable_by_grade=findings.avoidable_by_grade,
        change=None if baseline is None else change_since(findings, baseline),
    )


def worst(states: Sequence[State]) -> State:
    """Fail before inconclusive before pass; nothing to judge is a pass."""
    return min(states, key=list(State).index, default=State.PASS)


def figure(value: float, unit: str) -> str:
    """A value of a rule's unit as text, without the unit where the rule shows it."""
    if unit == "n":
        return count(round(value))
    return usd(value) if unit == "$" else points(value) if unit == "pt" else percent_share(value, 1)


def interval_text(value: Estimate, unit: str) -> str:
    """`−0.9 [−1.8, 0.0]`; what is known exactly has no interval, and an open end is drawn as an ellipsis."""
    if value.is_exact:
        return figure(value.est, unit)
    if unit == "n" or value.lo is None or value.hi is None:
        low, high = ("…" if end is None else figure(end, unit) for end in (value.lo, value.hi))
        return f"{figure(value.est, unit)} [{low}, {high}]"
    return usd_interval(value) if unit == "$" else points_interval(value) if unit == "pt" else percent_interval(value)


def _result(entry: GateRule, findings: Findings, baseline: Findings | None, min_pairs: int) -> RuleResult:
    rule = parse_rule(entry.when)
    measured = _measured(rule, entry.level, findings, baseline)
    adjusted = _adjusted([one.p_fail for one in measured])
    checks = [
        _check(rule, one, p_holm, alpha=1 - findings.confidence, min_pairs=min_pairs)
        for one, p_holm in zip(measured, adjusted, strict=True)
    ]
    checks.sort(key=_rank)
    return RuleResult(
        name=entry.name or entry.when,
        when=entry.when,
        level=entry.level,
        state=worst([check.state for check in checks]),
        checks=tuple(checks),
    )


def _measured(rule: Rule, level: str, findings: Findings, baseline: Findings | None) -> list[Measured]:
    if not rule.change:
        return measure(rule, findings)
    # What only warns never stops the gate, so it is told as what cannot be said; it is no pass either.
    untold = without_baseline(rule, findings, baseline) if level == "warn" else []
    return untold or measure_change(rule, findings, baseline)


def _rank(check: Check) -> tuple[int, str, str]:
    return list(State).index(check.state), check.subject, check.tier or ""


def _check(rule: Rule, one: Measured, p_holm: float | None, *, alpha: float, min_pairs: int) -> Check:
    state, reason = _state(rule, one, min_pairs)
    if state is State.FAIL and p_holm is not None and p_holm > alpha:
        # Among many routes one fails by chance; a failure is claimed only when it survives the correction. A pass
        # needs no correction, because the rule passes only if every check does (intersection-union).
        state, reason = State.INCONCLUSIVE, f"Holm-adjusted p = {p_holm:.2f}, above {alpha:.2f}"
    return Check(
        subject=one.subject,
        tier=one.tier,
        state=state,
        value=one.value,
        unit=rule.unit,
        n=one.n,
        p_holm=p_holm,
        stays=one.stays,
        reason="; ".join(part for part in (one.about, reason) if part),
        errored=one.errored,
    )


def _state(rule: Rule, one: Measured, min_pairs: int) -> tuple[State, str]:
    if one.stays:
        more = f"; about {count(one.more)} more replays would decide it" if one.more else ""
        return (State.INCONCLUSIVE if one.unproven else State.PASS), f"{one.note}{more}"
    if one.value is None:
        return State.INCONCLUSIVE, f"no data: {one.note}" if one.note else "no data"
    if one.n is not None and one.n < min_pairs:
        more = (
            f"needs about {count(one.more)} more replays"
            if one.more
            else f"fewer than {min_pairs} pairs decide nothing"
        )
        return State.INCONCLUSIVE, more
    low = -math.inf if one.value.lo is None else one.value.lo
    high = math.inf if one.value.hi is None else one.value.hi
    # A rule is one side of a number, so an interval is on that side when both of its ends are.
    ends = [rule.holds(low), rule.holds(high)]
    exact = low == high
    if all(ends):
        return State.PASS, ""
    limit = figure(rule.threshold, rule.unit)
    side = "below" if rule.op in (">", ">=") else "above"
    if not any(ends):
        return State.FAIL, f"{side} {limit}" if exact else f"whole interval {side} {limit}"
    return (
        State.INCONCLUSIVE,
        f"needs about {count(one.more)} more replays" if one.more else f"the interval contains {limit}",
    )


def _adjusted(p_values: Sequence[float | None]) -> list[float | None]:
    """Holm's adjustment; None stays None and does not count as a test."""
    known = [index for index, p in enumerate(p_values) if p is not None]
    adjusted: list[float | None] = [None] * len(p_values)
    for index, p in zip(known, holm([p for p in p_values if p is not None]).p_values, strict=True):
        adjusted[index] = float(p)
    return adjusted


def with_names(rules: Sequence[str]) -> tuple[GateRule, ...]:
    """Rules of the command line as entries of `gate:`."""
    return tuple(GateRule(when=text) for text in rules)


def inconclusive_of(text: str | None) -> Inconclusive | None:
    """Read `--inconclusive`.

    Raises:
        UnknownName: It is none of fail, warn and pass.
    """
    if text is None:
        return None
    if text not in list(Inconclusive):
        raise UnknownName.among("answer to an inconclusive gate", text, [answer.value for answer in Inconclusive])
    return Inconclusive(text)
