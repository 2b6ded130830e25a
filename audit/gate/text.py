"""The gate's decision for a terminal: 80 columns, worst first, the state and the exit code on the last line."""

from __future__ import annotations

from collections.abc import Sequence

from audit.core.criteria import split_by_grade
from audit.core.display import ascii_only, count, cut_in_the_middle, plural, terminal_safe
from audit.gate.decide import Check, GateDecision, Inconclusive, RuleResult, State, interval_text

SIGN = {State.FAIL: "✗", State.INCONCLUSIVE: "?", State.PASS: "✓"}
LONGEST_SUBJECT = 30
FOLDED_ABOVE = 10
UNPROVEN = "Nothing was proven in this run: no route moves, and at least one is undecided."


def text_lines(decision: GateDecision, *, inconclusive: Inconclusive | None = None, ascii: bool = False) -> list[str]:  # noqa: A002
    """The decision as lines.

    Args:
        decision: Of `judge`.
        inconclusive: What the exit code of an inconclusive gate is; the words do not depend on it.
        ascii: Draw no sign outside ASCII.
    """
    code = decision.exit_code(inconclusive)
    lines = [f"█ GATE   {tally(decision)}   run {decision.run_id}", *_warnings(decision), ""]
    if decision.change is not None:
        lines += [f"  {decision.change.line}", f"  {decision.change.against}", ""]
    for rule in decision.rules:
        lines += [*_rule_lines(rule), ""]
    lines.append(f"GATE {word(decision)} exit={code}")
    return [ascii_only(line) for line in lines] if ascii else lines


def word(decision: GateDecision) -> str:
    """The state in capitals; INCOMPLETE when the replay did not run to its end."""
    return decision.state.value.upper() if decision.complete else "INCOMPLETE"


def tally(decision: GateDecision) -> str:
    """`3 pass · 1 fail · 1 inconclusive · 2 warnings`."""
    number = decision.counts
    order = (State.PASS, State.FAIL, State.INCONCLUSIVE)
    parts = [f"{count(number[state])} {state.value}" for state in order if number[state]]
    return " · ".join([*parts, *([plural(decision.warnings, "warning")] if decision.warnings else [])])


def _warnings(decision: GateDecision) -> list[str]:
    lines = []
    if decision.demo:
        lines.append("  Demo: bundled data; these figures describe no real company.")
    if decision.simulated:
        names = terminal_safe(", ".join(decision.simulated))
        lines.append(f"  Simulated completions: {names}.")
    if decision.nothing_proven:
        lines.append(f"  {UNPROVEN}")
    if split := split_by_grade(decision.avoidable_by_grade):
        lines.append(f"  Avoidable, proven: {split}.")
    if not decision.complete:
        lines.append("  The replay did not run to the end of its plan, so there is no verdict.")
    return lines


def _rule_lines(rule: RuleResult) -> list[str]:
    when, name = terminal_safe(rule.when), terminal_safe(rule.name)
    title = when if name == when else f"{name}    {when}"
    lines = [f"  {title}" + ("    (warns only)" if rule.level == "warn" else "")]
    shown: Sequence[Check] = rule.checks
    passing = [check for check in rule.checks if check.state is State.PASS]
    if len(passing) > FOLDED_ABOVE:
        shown = [check for check in rule.checks if check.state is not State.PASS]
    subjects = [_subject(check) for check in shown]
    values = [_value(check) for check in shown]
    wide, wider = (max((len(text) for text in column), default=0) for column in (subjects, values))
    for check, subject, value in zip(shown, subjects, values, strict=True):
        line = f"    {SIGN[check.state]} {subject:<{wide}}  {value:<{wider}}  {_basis(check)}"
        lines.append(line.rstrip())
    if len(shown) < len(rule.checks):
        lines.append(f"    {SIGN[State.PASS]} {count(len(passing))} more pass")
    return lines


def _subject(check: Check) -> str:
    text = terminal_safe(check.subject)
    tier = f" → {terminal_safe(check.tier)}" if check.tier else ""
    text = cut_in_the_middle(text, LONGEST_SUBJECT)
    # GitHub's runner obeys `##[command]` wherever it stands in a line of a log, so a route must not be able to say it.
    return (text + tier).replace("##[", "## [")


def p_text(p: float) -> str:
    """`p = 0.031`, `p < 0.001`: no probability is 0."""
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"


def _value(check: Check) -> str:
    return "" if check.value is None else interval_text(check.value, check.unit)


def _basis(check: Check) -> str:
    parts = [f"n={count(check.n)}"] if check.n is not None else []
    if check.p_holm is not None and check.state is not State.PASS and "Holm" not in check.reason:
        parts.append(f"Holm {p_text(check.p_holm)}")
    return "  ".join([*parts, terminal_safe(check.reason)]).strip()
