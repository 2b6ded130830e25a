"""Text, Markdown and JSON of a decision."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from audit.core.finding import ReplayCounts
from audit.core.settings import GateRule
from audit.gate.decide import GateDecision, Inconclusive, judge, with_names
from audit.gate.document import as_document
from audit.gate.markdown import markdown
from audit.gate.text import text_lines
from tests.gate.world import example, interval, judged, world
from tests.golden_file import assert_golden

GOLDEN = Path(__file__).parent / "golden"

RULES = (
    GateRule(name="quality holds", when="quality_delta{route:*} >= -3pt"),
    GateRule(name="waste stays low", when="avoidable_share < 20%", level="warn"),
    GateRule(when="cost_per_1k{route:doc-*} <= $25.00"),
)


def decisions() -> dict[str, GateDecision]:
    """One decision per state."""
    stopped = ReplayCounts(planned=9, done=3, by_status={"ok": 3}, served_from={}, retried=0, complete=False)
    return {
        "fail": judge(example(), RULES),
        "inconclusive": judge(example(), with_names(["quality_delta{route:chat-*} >= -3pt"])),
        "pass": judge(example(), RULES[2:]),
        "incomplete": judge(example(replay=stopped), RULES[2:]),
        "demo": judge(example(demo=True, simulated=("mini", "local")), RULES[2:]),
    }


@pytest.mark.parametrize("name", decisions())
def test_text(name: str) -> None:
    """The terminal's lines, which end in the state and the exit code, and fit into 100 columns."""
    decision = decisions()[name]
    lines = text_lines(decision)
    assert_golden(GOLDEN / f"{name}.txt", "\n".join(lines) + "\n")
    state = "INCOMPLETE" if name == "incomplete" else decision.state.value.upper()
    assert lines[-1] == f"GATE {state} exit={decision.exit_code()}"


@pytest.mark.parametrize("name", decisions())
def test_markdown(name: str) -> None:
    """The comment of a pull request."""
    findings = example(demo=True, simulated=("mini",)) if name == "demo" else example()
    text = markdown(decisions()[name], findings)
    assert_golden(GOLDEN / f"{name}.md", text)
    assert text.startswith("<!-- audit-gate:gate -->\n### Gate: ")


@pytest.mark.parametrize("name", decisions())
def test_document(name: str) -> None:
    """The JSON has the whole decision; no NaN, an interval with its ends, null for an open one."""
    document = as_document(decisions()[name])
    text = json.dumps(document, allow_nan=False, indent=2, ensure_ascii=False)
    assert_golden(GOLDEN / f"{name}.json", text + "\n")


def test_the_printed_state_does_not_follow_the_exit_code() -> None:
    """`--inconclusive warn` changes a number, not a word."""
    lines = text_lines(decisions()["inconclusive"], inconclusive=Inconclusive.WARN)
    assert lines[-1] == "GATE INCONCLUSIVE exit=0"
    assert as_document(decisions()["inconclusive"], inconclusive=Inconclusive.WARN)["state"] == "inconclusive"


def test_ascii_only() -> None:
    """A terminal without UTF-8 gets every sign as ASCII."""
    text = "\n".join(text_lines(decisions()["fail"], ascii=True))
    assert text.isascii()
    assert "x support-triage -> mini" in text
    assert "-4.8 [-7.4, -3.2]" in text


def test_many_passing_checks_are_folded() -> None:
    """Above ten, passing checks are a count."""
    routes = [judged(f"route-{index:03}", interval(0.0, -0.01, 0.01)) for index in range(40)]
    lines = text_lines(judge(world(*routes), with_names(["quality_delta{route:*} >= -3pt"])))
    assert "    ✓ 40 more pass" in lines
    assert len(lines) < 10


HOSTILE = (
    "@everyone",
    "<img src=x onerror=alert(1)>",
    "`code` | cell",
    "::error file=a::b",
    "##[set-output name=x]",
    "[click](https://evil.example)",
    "new\nline\r\n### head",
    "\x1b[31mred\x1b[0m \u202ertl",
    "-->",
    "</details>",
    "",
    "x" * 500,
)


def hostile() -> GateDecision:
    """A decision about routes whose names are attacks."""
    routes = [replace(judged(name, interval(-0.05, -0.08, -0.04)), incumbent=name) for name in HOSTILE]
    return judge(world(*routes), with_names(["quality_delta{route:*} >= -3pt"]))


def test_names_are_inert_in_markdown() -> None:
    """No mention, tag, link, table border, heading or comment of a stranger is obeyed."""
    text = markdown(hostile(), example(), name="x --> y")
    body = text.split("\n", 1)[1]
    rows = [line for line in body.splitlines() if line.startswith("| ")]
    assert len([row for row in rows if "✗" in row]) == len(HOSTILE)
    assert {row.count("|") for row in rows} == {6}
    assert all(row.count("`") % 2 == 0 for row in rows)
    names = "".join(row.split("|")[2] for row in rows)
    assert "@everyone" not in text
    assert "<" not in names
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "##[" not in text
    assert text.startswith("<!-- audit-gate:x-y -->")


def test_names_are_inert_in_a_ci_log() -> None:
    """GitHub's runner obeys `::` at the start of a line and `##[` anywhere; a terminal obeys escapes."""
    lines = text_lines(hostile())
    assert all(not line.lstrip().startswith("::") for line in lines)
    text = "\n".join(lines)
    assert "##[" not in text
    assert "\x1b" not in text
    assert all(len(line) < 120 for line in lines)


@pytest.mark.parametrize(
    ("name", "number"), [("route-{}", 2000), ("a-very-long-name-" * 12 + "{}", 400), ("漢字" * 60 + "{}", 400)]
)
def test_a_comment_stays_below_githubs_limit(name: str, number: int) -> None:
    """Below 60,000 characters at any number of routes, and what is left out is counted."""
    routes = [judged(name.format(index), interval(-0.05, -0.08, -0.04)) for index in range(number)]
    text = markdown(judge(world(*routes), with_names(["quality_delta{route:*} >= -3pt"])), example())
    assert len(text) < 60_000
    shown = text.count("| ✗ |")
    rest = re.search(r"And (\d+) more that do not fit", text)
    assert shown + (int(rest[1]) if rest else 0) == number
