"""JUnit XML and GitHub annotations of a decision."""

import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from audit.core.errors import Place
from audit.core.finding import Findings
from audit.core.settings import GateRule
from audit.gate.decide import GateDecision, Inconclusive, judge, with_names
from audit.gate.github import command, github_lines
from audit.gate.junit import junit_xml
from tests.gate.test_outputs import GOLDEN, HOSTILE, RULES, decisions, hostile
from tests.gate.world import interval, judged, world
from tests.golden_file import assert_golden
from tests.report.fixtures import changed

QUALITY = "quality_delta{route:*} >= -3pt"

# What Jenkins' junit-10.xsd and GitLab's parser allow, of the elements that are written: attributes that must be
# there, those that may, and children in order.
SCHEMA: dict[str, tuple[set[str], set[str], list[str]]] = {
    "testsuites": (set(), {"name", "time", "tests", "failures", "disabled", "errors"}, ["testsuite"]),
    "testsuite": (
        {"name", "tests"},
        {"failures", "errors", "skipped", "time", "timestamp", "hostname", "id", "package"},
        ["properties", "testcase", "system-out", "system-err"],
    ),
    "testcase": ({"name", "classname"}, {"time"}, ["properties", "skipped", "error", "failure", "system-out"]),
    "properties": (set(), set(), ["property"]),
    "property": ({"name", "value"}, set(), []),
    "failure": (set(), {"type", "message"}, []),
    "error": (set(), {"type", "message"}, []),
    "skipped": (set(), {"type", "message"}, []),
}


def check(element: ElementTree.Element) -> None:
    """Assert that an element and all under it follow the schema, and that totals are what is there."""
    must, may, children = SCHEMA[element.tag]
    assert must <= set(element.attrib) <= must | may, element.tag
    order = [children.index(child.tag) for child in element]
    assert order == sorted(order), element.tag
    for key, tag in {"tests": ".", "failures": "failure", "errors": "error", "skipped": "skipped"}.items():
        if key in element.attrib:
            assert int(element.attrib[key]) == len(element.findall(f".//testcase/{tag}"))
    if element.tag == "testcase":
        assert len([child for child in element if child.tag in ("failure", "error", "skipped")]) <= 1
    for child in element:
        check(child)


def parsed(decision: GateDecision, inconclusive: Inconclusive | None = None) -> ElementTree.Element:
    """The XML of a decision, held against the schema."""
    root = ElementTree.fromstring(junit_xml(decision, inconclusive=inconclusive).encode())
    check(root)
    return root


def outcomes(root: ElementTree.Element) -> dict[str, str]:
    """Case to outcome, with the type where there is one."""
    found = {}
    for case in root.iter("testcase"):
        said = [child for child in case if child.tag != "properties"]
        found[case.attrib["name"]] = ":".join([said[0].tag, said[0].get("type", "")]).rstrip(":") if said else ""
    return found


@pytest.mark.parametrize("name", decisions())
def test_junit(name: str) -> None:
    """One suite with a case per rule and subject, by the schema, and the same bytes each time."""
    decision = decisions()[name]
    text = junit_xml(decision)
    parsed(decision)
    assert_golden(GOLDEN / f"{name}.xml", text)
    assert text == junit_xml(decisions()[name])


def test_junit_outcomes() -> None:
    """A fail is a failure of type margin, what is open is skipped, what holds is nothing; a warning never fails."""
    found = outcomes(parsed(judge(decisions_world(), RULES[:2])))
    assert found == {
        "bad → mini": "failure:margin",
        "open → mini": "skipped",
        "good → mini": "",
        "errored → mini": "error:no-data",
        "all traffic": "skipped",
    }


def test_junit_follows_the_policy_on_inconclusive() -> None:
    """With `--inconclusive fail` an open check is a failure of its own type; no data stays an error."""
    found = outcomes(parsed(judge(decisions_world(), RULES[:1]), Inconclusive.FAIL))
    assert (found["open → mini"], found["errored → mini"]) == ("failure:inconclusive", "error:no-data")


def test_junit_of_an_incomplete_replay_is_never_green() -> None:
    """Without a verdict there is an error, even where every check holds."""
    assert outcomes(parsed(decisions()["incomplete"]))["complete"] == "error:incomplete"


def test_junit_tells_rules_of_one_name_apart() -> None:
    """A CI server knows a test by its class and name, so they are unique."""
    rules = [GateRule(name="same", when=QUALITY), GateRule(name="same", when="quality_delta{route:*} >= -9pt")]
    cases = list(parsed(judge(decisions_world(), rules)).iter("testcase"))
    assert len({(case.attrib["classname"], case.attrib["name"]) for case in cases}) == len(cases) == 8


def test_junit_holds_any_name() -> None:
    """Names with controls, lone surrogates and non-characters are legal XML, and readable."""
    names = [*HOSTILE, "nul\x00", "lone \ud800", "non \ufffe\uffff", "]]>", "\x0b\x0c"]
    routes = [judged(name, interval(-0.05, -0.08, -0.04)) for name in names]
    root = parsed(judge(world(*routes), with_names([QUALITY])))
    assert len(list(root.iter("failure"))) == len(names)
    shown = [case.attrib["name"] for case in root.iter("testcase")]
    assert any("<img src=x onerror=alert(1)>" in name for name in shown)
    assert all(name.isprintable() for name in shown)


def decisions_world() -> Findings:
    """Four routes: fails, open, holds, and one whose calls all errored."""
    none = judged("errored", None, n=0)
    errored = changed(none, unmeasured=100)
    return world(
        judged("bad", interval(-0.05, -0.08, -0.04)),
        judged("open", interval(-0.02, -0.05, 0.01)),
        judged("good", interval(0.0, -0.01, 0.01)),
        errored,
    )


PLACES = [Place(file="audit.yaml", line=14), Place(file="audit.yaml", line=15), Place(file="audit.yaml", line=16)]
COMMAND = re.compile(r"::(error|warning|notice)(?: ([^:]*))?::(.*)")


@pytest.mark.parametrize("name", decisions())
def test_github(name: str) -> None:
    """An annotation per rule that does not hold, at its line, and the state on the last line."""
    lines = github_lines(decisions()[name], PLACES)
    assert_golden(GOLDEN / f"{name}.github.txt", "\n".join(lines) + "\n")
    state = "INCOMPLETE" if name == "incomplete" else decisions()[name].state.value.upper()
    assert lines[-1] == f"GATE {state} exit={decisions()[name].exit_code()}"


def test_github_shows_one_annotation_per_rule() -> None:
    """GitHub shows ten per step, so two hundred routes are one annotation that names ten and counts the rest."""
    routes = [judged(f"r{index:03}", interval(-0.05, -0.08, -0.04)) for index in range(200)]
    lines = github_lines(judge(world(*routes), with_names([QUALITY])))
    annotations = [line for line in lines if line.startswith("::")]
    assert len(annotations) == 1
    assert annotations[0].endswith("%0Aand 190 more")


@pytest.mark.parametrize(
    ("answer", "kind"), [(None, "warning"), (Inconclusive.WARN, "warning"), (Inconclusive.FAIL, "error")]
)
def test_github_follows_the_policy_on_inconclusive(answer: Inconclusive | None, kind: str) -> None:
    """An open rule is an error only where it makes the exit code 1."""
    decision = judge(world(judged("a", interval(-0.02, -0.05, 0.01))), with_names([QUALITY]))
    assert github_lines(decision, inconclusive=answer)[0].startswith(f"::{kind} title=")


@pytest.mark.parametrize(
    ("message", "title", "line"),
    [
        ("a\r\nb 100%", "t", "::error title=t::a%0D%0Ab 100%25"),
        ("a:b,c", "a:b,c\n%", "::error title=a%3Ab%2Cc%0A%25::a:b,c"),
        ("%0A", "%3A", "::error title=%253A::%250A"),
    ],
)
def test_github_escapes(message: str, title: str, line: str) -> None:
    """`%`, CR and LF in data, and `:` and `,` too in properties; an escape of a stranger's stays text."""
    assert command("error", message, title=title) == line


def test_names_cannot_command_the_runner() -> None:
    """No route, rule or tier name starts a command, ends one, or moves an annotation to another file."""
    decision = hostile()
    rule = replace(decision.rules[0], name="x,file=/etc/passwd::y\n::stop-commands::z")
    lines = github_lines(replace(decision, rules=(rule,), run_id="::error::x", simulated=("::warning::x",)), PLACES)
    assert all("\n" not in line and "\r" not in line and "##[" not in line for line in lines)
    commands = [line for line in lines if line.lstrip().startswith("::")]
    assert len(commands) == 2
    for line in commands:
        assert line.count("::") == 2
        match = COMMAND.fullmatch(line)
        assert match is not None
        properties = dict(part.split("=", 1) for part in (match[2] or "").split(","))
        assert properties.get("file", "audit.yaml") == "audit.yaml"
    assert Path("audit.yaml").name in commands[0]
