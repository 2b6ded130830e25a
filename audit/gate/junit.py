"""The gate's decision as JUnit XML, for the test tab of a CI server: suite = gate, case = rule x subject.

There is no one schema of JUnit; what is written here is the part that Jenkins, GitLab and GitHub's reporters agree on.
https://github.com/jenkinsci/xunit-plugin/blob/master/src/main/resources/org/jenkinsci/plugins/xunit/types/model/xsd/junit-10.xsd
There are no times in it: equal decisions are equal bytes.
"""

from __future__ import annotations

import re
from collections import Counter
from xml.etree import ElementTree

from audit.core.criteria import split_by_grade
from audit.core.display import count, visible
from audit.gate.decide import Check, GateDecision, Inconclusive, RuleResult, State, figure, interval_text

# What XML 1.0 cannot hold, not even as a reference. https://www.w3.org/TR/xml/#charsets
_ILLEGAL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit_xml(decision: GateDecision, *, inconclusive: Inconclusive | None = None, name: str = "gate") -> str:
    """Render the decision.

    A check that fails is a failure of type `margin`. One that is inconclusive is a failure of type `inconclusive`
    where `inconclusive` is `fail`, and skipped otherwise; one that has no value because its calls errored is an error.
    Checks of a rule that only warns are never worse than skipped. A replay that stopped early is an error of its own.

    Args:
        decision: Of `judge`.
        inconclusive: As for the exit code.
        name: Of the gate.
    """
    root = ElementTree.Element("testsuites", name="audit gate")
    suite = ElementTree.SubElement(root, "testsuite", name=legal(name))
    _properties(suite, _of_suite(decision, inconclusive))
    titles = Counter(rule.name for rule in decision.rules)
    for rule in decision.rules:
        # Two rules of one name would be one test to a CI server.
        title = rule.name if titles[rule.name] == 1 else f"{rule.name} ({rule.when})"
        for check in rule.checks:
            _case(suite, title, rule, check, inconclusive)
    if not decision.complete:
        case = ElementTree.SubElement(suite, "testcase", classname="replay", name="complete")
        said = "the replay did not run to the end of its plan, so there is no verdict"
        ElementTree.SubElement(case, "error", type="incomplete", message=said)
    totals = {
        "tests": len(suite.findall("testcase")),
        "failures": len(suite.findall("testcase/failure")),
        "errors": len(suite.findall("testcase/error")),
        "skipped": len(suite.findall("testcase/skipped")),
    }
    for key, number in totals.items():
        suite.set(key, str(number))
        if key != "skipped":  # the root element has no such attribute in Jenkins' schema
            root.set(key, str(number))
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def legal(text: str) -> str:
    """Untrusted text as XML can hold it: on one line, controls drawn as signs, and what is left of them removed."""
    return _ILLEGAL.sub("", " ".join(visible(text).split()))


def _of_suite(decision: GateDecision, inconclusive: Inconclusive | None) -> dict[str, str]:
    return {
        "run_id": decision.run_id,
        "state": decision.state.value,
        "exit_code": str(decision.exit_code(inconclusive)),
        "complete": str(decision.complete).lower(),
        "nothing_proven": str(decision.nothing_proven).lower(),
        "avoidable_proven": split_by_grade(decision.avoidable_by_grade),
        "demo": str(decision.demo).lower(),
        "simulated": ", ".join(decision.simulated),
    }


def _case(
    suite: ElementTree.Element, title: str, rule: RuleResult, check: Check, inconclusive: Inconclusive | None
) -> None:
    subject = check.subject + (f" → {check.tier}" if check.tier else "")
    case = ElementTree.SubElement(suite, "testcase", classname=legal(title), name=legal(subject) or "(no name)")
    _properties(case, _of_check(rule, check))
    if check.state is State.PASS:
        return
    message = legal(f"{_measured(check)}; rule: {rule.when}")
    if rule.level == "warn":
        ElementTree.SubElement(case, "skipped", message=f"warning, {check.state.value}: {message}")
    elif check.state is State.FAIL:
        ElementTree.SubElement(case, "failure", type="margin", message=message)
    elif check.value is None and check.errored:
        errors = f"{count(check.errored)} calls could not be measured; "
        ElementTree.SubElement(case, "error", type="no-data", message=errors + message)
    elif inconclusive is Inconclusive.FAIL:
        ElementTree.SubElement(case, "failure", type="inconclusive", message=message)
    else:
        ElementTree.SubElement(case, "skipped", message=f"inconclusive: {message}")


def _measured(check: Check) -> str:
    """`−4.8 [−7.4, −3.2], n=694, whole interval below −3.0`."""
    parts = [interval_text(check.value, check.unit)] if check.value else []
    parts += [f"n={count(check.n)}"] if check.n is not None else []
    return ", ".join([*parts, *([check.reason] if check.reason else [])])


def _of_check(rule: RuleResult, check: Check) -> dict[str, str]:
    found = {"rule": rule.when, "level": rule.level, "state": check.state.value, "unit": check.unit}
    if check.value is not None:
        ends = {"estimate": check.value.est, "low": check.value.lo, "high": check.value.hi}
        found |= {key: figure(value, check.unit) for key, value in ends.items() if value is not None}
        found["confidence"] = f"{check.value.level:g}"
    if check.n is not None:
        found["pairs"] = str(check.n)
    if check.p_holm is not None:
        found["p_holm"] = f"{check.p_holm:.6g}"
    if check.errored:
        found["errored"] = str(check.errored)
    return found


def _properties(parent: ElementTree.Element, values: dict[str, str]) -> None:
    properties = ElementTree.SubElement(parent, "properties")
    for name, value in values.items():
        ElementTree.SubElement(properties, "property", name=name, value=legal(value))
