"""The gate's decision as GitHub annotations: one per rule that does not hold, at the rule's line in `audit.yaml`.

GitHub shows ten annotations per step, so there is one per rule, not per route.
https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
"""

from __future__ import annotations

from collections.abc import Sequence

from audit.core.criteria import split_by_grade
from audit.core.display import count, terminal_safe
from audit.core.errors import Place
from audit.gate.decide import Check, GateDecision, Inconclusive, RuleResult, State, interval_text
from audit.gate.text import SIGN, UNPROVEN, tally, word

SUBJECTS = 10
"""Checks named in one annotation; the rest is a count."""


def github_lines(
    decision: GateDecision, places: Sequence[Place] = (), *, inconclusive: Inconclusive | None = None
) -> list[str]:
    """The decision as workflow commands, with the state and the exit code on the last line.

    A rule is an error where it makes the exit code 1, else a warning. A rule that holds has no annotation.

    Args:
        decision: Of `judge`.
        places: Of the rules, in their order; none for rules of the command line.
        inconclusive: As for the exit code.
    """
    code = decision.exit_code(inconclusive)
    lines = []
    if not decision.complete:
        said = "The replay did not run to the end of its plan, so there is no verdict."
        lines.append(command("error", said, title="audit gate"))
    for index, rule in enumerate(decision.rules):
        if rule.state is not State.PASS:
            place = places[index] if index < len(places) else None
            lines.append(_annotation(rule, place, inconclusive))
    notices = ["Demo: bundled data; these figures describe no real company."] if decision.demo else []
    notices += [f"Simulated completions: {_inert(', '.join(decision.simulated))}."] if decision.simulated else []
    split = split_by_grade(decision.avoidable_by_grade)
    notices += [f"Avoidable, proven: {split}."] if split else []
    notices += [UNPROVEN] if decision.nothing_proven else []
    if notices:
        lines.append(command("notice", " ".join(notices), title="audit gate"))
    summary = f"GATE {word(decision)} exit={code}"
    return [*lines, f"{tally(decision)}  run {_inert(decision.run_id)}", summary]


def command(kind: str, message: str, **properties: str | int) -> str:
    """A workflow command; nothing in the message or in a property can end it or start another."""
    told = ",".join(f"{name}={_property(str(value))}" for name, value in properties.items())
    return f"::{kind}{' ' if told else ''}{told}::{_data(message)}"


def _annotation(rule: RuleResult, place: Place | None, inconclusive: Inconclusive | None) -> str:
    fails = rule.state is State.FAIL or inconclusive is Inconclusive.FAIL
    kind = "error" if fails and rule.level == "error" else "warning"
    where: dict[str, str | int] = {}
    if place is not None and place.line is not None:
        where = {"file": place.file, "line": place.line}
    open_ = [check for check in rule.checks if check.state is not State.PASS]
    shown = [f"{SIGN[check.state]} {_told(check)}" for check in open_[:SUBJECTS]]
    hidden = len(open_) - len(shown)
    more = [f"and {count(hidden)} more"] if hidden else []
    name = _inert(rule.name)
    head = f"{rule.state.value}: {_inert(rule.when)}"
    return command(kind, "\n".join([head, *shown, *more]), **where, title=name)


def _told(check: Check) -> str:
    subject = check.subject + (f" → {check.tier}" if check.tier else "")
    parts = [_inert(subject)] + ([interval_text(check.value, check.unit)] if check.value else [])
    parts += [f"n={count(check.n)}"] if check.n is not None else []
    return "  ".join([*parts, *([_inert(check.reason)] if check.reason else [])])


def _inert(text: str) -> str:
    """Untrusted text on one line, without what the runner obeys in the middle of a line."""
    return terminal_safe(text).replace("##[", "## [").replace("::", ": :")


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
