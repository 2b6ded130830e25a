"""`audit demo` held against the truth that its script planted."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from audit.cli.commands import guide
from audit.core.artifacts import read_findings
from audit.core.criteria import Control, CriteriaCheck, Grade
from audit.flow.evidence import packing
from tests.documents import README, blocks

ROOT = Path(__file__).parents[2]
TRUTH = json.loads((ROOT / "sample_logs" / "demo" / "truth.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def findings(run: Path) -> dict[str, Any]:
    """Its findings."""
    document: dict[str, Any] = json.loads((run / "findings.json").read_text("utf-8"))
    return document


def routes(findings: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Routes by name."""
    return {route["route"]: route for route in findings["routes"]}


@pytest.fixture(scope="module")
def criteria(run: Path) -> dict[str, CriteriaCheck]:
    """What each route's criteria were found to be worth before anything was replayed."""
    return {route.route: route.criteria for route in read_findings(run / "findings.json").routes if route.criteria}


def test_the_readme_shows_what_it_prints(demo: tuple[Path, str]) -> None:
    """The block of the README stands in the output word for word."""
    shown = next(block for block in blocks(README, "text") if block.startswith("  You paid"))
    assert shown in demo[1]


def test_counts_and_money_are_the_planted_ones(findings: dict[str, Any]) -> None:
    """Requests, failures, double lines, cache hits and spend are told apart as they were planted."""
    ingest, lines = findings["ingest"], TRUTH["lines"]
    assert findings["requests"] == TRUTH["requests"]
    assert findings["spend_usd"] == pytest.approx(TRUTH["spend_usd"], abs=0.005)
    assert (ingest["failures"], ingest["duplicates"]) == (lines["failures"], lines["double"])
    assert (ingest["cache_hits"], ingest["rejected"]) == (lines["cache_hits"], lines["torn"])
    for name, route in routes(findings).items():
        assert route["spend_usd"] == pytest.approx(TRUTH["routes"][name]["spend_usd"], abs=0.005)


def test_verdicts_are_the_expected_ones(findings: dict[str, Any]) -> None:
    """One Switch, one Split, one Keep, one Not proven, one route below its own floor."""
    found = {name: route["verdict"] for name, route in routes(findings).items()}
    assert found == {name: route["expected_verdict"] for name, route in TRUTH["routes"].items()}
    below = [name for name, route in routes(findings).items() if route["below_floor"]]
    assert below == [name for name, route in TRUTH["routes"].items() if route["floor"] is not None]


def test_every_interval_of_a_delta_holds_the_truth(findings: dict[str, Any]) -> None:
    """For every route and candidate the interval of the quality delta holds the planted log's own delta."""
    for name, route in routes(findings).items():
        for candidate in route["candidates"]:
            true = TRUTH["routes"][name]["candidates"][candidate["tier"]]["delta"]
            delta = candidate["quality_delta"]
            assert delta["lo"] <= true <= delta["hi"], (name, candidate["tier"], true, delta)


def test_every_interval_of_dollars_holds_the_truth(findings: dict[str, Any]) -> None:
    """The saving of every candidate, and the avoidable dollars of every route that switches."""
    for name, route in routes(findings).items():
        known = TRUTH["routes"][name]["candidates"]
        for candidate in route["candidates"]:
            saving = candidate["saving_usd"]
            assert saving["lo"] <= known[candidate["tier"]]["saving_usd"] <= saving["hi"], (name, candidate["tier"])
        avoidable = route["avoidable_usd"]
        if route["verdict"] == "switch":
            assert avoidable["lo"] <= known[route["candidate"]]["saving_usd"] <= avoidable["hi"]
        elif route["verdict"] == "split":
            mail = known[route["candidate"]]["by_difficulty"]["mail"]
            assert avoidable["lo"] <= mail["saving_usd"] <= avoidable["hi"]
        else:
            assert route["avoidable_usd"]["est"] == 0


def test_its_criteria_refuse_every_damage(criteria: dict[str, CriteriaCheck]) -> None:
    """At most the declared share of damaged answers is accepted, on every route, by every control that applies."""
    assert criteria.keys() == TRUTH["routes"].keys()
    for name, check in criteria.items():
        assert (check.grade, check.why) == (Grade.RIGHT, None), name
        over = [(one.control, one.percent) for one in check.controls if one.accepted > one.limit * one.tried]
        assert over == [], name
        assert sum(result.tried for result in check.controls) > 200, name


def test_every_control_has_an_answer_to_damage(criteria: dict[str, CriteriaCheck]) -> None:
    """Among the demo's routes every way of damage is tried, so that none is a test that cannot fail; but for lists,
    several calls, codes, and texts that are looked for, which they do not compare (`tests/scoring/test_controls.py`),
    and for judges."""
    tried = {result.control for check in criteria.values() for result in check.controls if result.tried >= 20}
    elsewhere = {Control.REVERSED, Control.ITEM_DROPPED, Control.ITEM_REPEATED, Control.DENIED, Control.ADDRESSED}
    elsewhere |= {Control.CALLS_REVERSED, Control.CODE}
    assert tried == set(Control) - elsewhere


def test_the_split_moves_the_mails(findings: dict[str, Any]) -> None:
    """What can be told beforehand is moved: its share is the mails', and the loss over all traffic holds the truth."""
    told = TRUTH["routes"]["/ticket-triage"]
    route = routes(findings)["/ticket-triage"]
    mail = told["candidates"][route["candidate"]]["by_difficulty"]["mail"]
    assert route["share_moved"] == pytest.approx(mail["n"] / told["requests"], abs=0.03)
    delta, true = route["quality_delta"], (mail["c"] - mail["b"]) / told["replayable"]
    assert delta["lo"] <= true <= delta["hi"]


@pytest.mark.acceptance(16)
def test_what_is_shown_of_a_notebook_runs(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The README's lines about `audit.open`, and the guide's, on the demo's run."""
    monkeypatch.chdir(tmp_path)
    Path("runs").mkdir()
    Path("runs/demo").symlink_to(run)
    short = [block for block in blocks(README, "python") if "audit.open(" in block]
    assert short
    names: dict[str, Any] = {}
    for block in (*short, *blocks(guide.FOLDER / "notebook.md", "python")):
        exec(compile(block, "block", "exec"), names)
        assert names["run"].routes["route"].len() == len(TRUTH["routes"])


def test_a_policy_is_handed_over(run: Path) -> None:
    """`policy.json` has the routes that change, and its evidence goes stale; `policies.json` was written before it."""
    policy = json.loads((run / "policy" / "policy.json").read_text("utf-8"))
    changed = [name for name, told in TRUTH["routes"].items() if told["expected_verdict"] in ("switch", "split")]
    assert [entry["route"] for entry in policy["routes"]] == sorted(changed)
    assert (policy["made_at"], policy["expires_at"]) == ("2026-10-30", "2026-11-29")
    sealed = json.loads((run / "policies.json").read_text("utf-8"))["routes"]
    for entry in policy["routes"]:
        assert entry["evidence"]["sealed"] == sealed[entry["route"]]["digest"]
    assert (run / "policies.json").stat().st_mtime_ns < (run / "findings.json").stat().st_mtime_ns


def test_the_noise_floor_holds_the_planted_one(findings: dict[str, Any]) -> None:
    """The incumbent replayed against its own log differs as much as planted."""
    for name, route in routes(findings).items():
        floor = route["noise_floor"]
        assert floor is not None, name
        assert floor["delta"]["lo"] <= TRUTH["routes"][name]["noise"]["delta"] <= floor["delta"]["hi"]


def test_every_output_says_that_it_is_a_demo(run: Path, findings: dict[str, Any]) -> None:
    """Findings, report and summary say Demo and name the simulated tiers."""
    assert findings["demo"]
    assert findings["simulated"]
    assert findings["replay_cost_usd"] == 0
    assert "Demo data" in (run / "report.html").read_text("utf-8")
    assert "Demo" in (run / "summary.md").read_text("utf-8")


def test_every_file_of_the_run_speaks_of_one_recommendation(findings: dict[str, Any], run: Path) -> None:
    """Policy, cases and options have the figures of each route's recommendation, and a route that stays has none."""
    policy = json.loads((run / "policy" / "policy.json").read_text("utf-8"))
    entries = {entry["route"]: entry for entry in policy["routes"]}
    cases = [json.loads(line) for line in (run / "cases.jsonl").read_text("utf-8").splitlines()]
    for name, route in routes(findings).items():
        made, entry = route["recommendation"], entries.get(name)
        mine = [case for case in cases if case["route"] == name]
        if made["verdict"] not in ("switch", "split"):
            assert entry is None
            assert made["moves"]["requests"] == 0
            continue
        assert entry is not None
        evidence, delta = entry["evidence"], made["quality_delta"]
        assert (entry["tier"], entry["kind"]) == (made["tier"], made["kind"])
        assert evidence["n"] == sum(made["pairs"].values())
        assert evidence["saving_usd"] == made["saving_usd"]
        assert evidence["quality_loss"]["est"] == pytest.approx(-delta["est"])
        (option,) = [
            option
            for asked in json.loads((run / "policy" / "options.json").read_text("utf-8"))["routes"]
            for option in asked["options"]
            if asked["route"] == name and option["recommended"]
        ]
        assert option["policy"] == entry
        # The change that decides: of that by all criteria and that by content, the worse.
        deciding = min(one["est"] for one in (delta, made["content_delta"]) if one is not None)
        assert (option["loss"], option["saving_usd"]) == (-deciding, made["saving_usd"])
        assert option["latency_p95_ms"]["est"] == pytest.approx(made["latency_ms"]["p95"])
        # A request that stays is a pair without a difference, so what differs is all on what moves.
        for side in ("only_today", "only_after"):
            assert made["moved_pairs"][side] == made["pairs"][side]
        n = sum(made["pairs"].values())
        assert delta["est"] == pytest.approx((made["pairs"]["only_after"] - made["pairs"]["only_today"]) / n, abs=2e-3)
        assert made["cost_usd"]["est"] + made["saving_usd"]["est"] == pytest.approx(route["auditable_usd"])
        losses = [case for case in mine if case["moved"] and case["kind"] == "only_incumbent"]
        assert len(losses) <= made["moved_pairs"]["only_today"]
        assert all(case["kind"] == "only_incumbent" for case in mine if not case["moved"])
    split = next(route for route in routes(findings).values() if route["verdict"] == "split")
    assert any(not case["moved"] for case in cases if case["route"] == split["route"])


def test_the_readmes_rule_holds_on_what_is_recommended(run: Path) -> None:
    """The demo's own Split keeps the margin that it was certified at."""
    command = [sys.executable, "-m", "audit", "gate", str(run), "--rule", "quality_delta{route:*} >= -3pt", "--json"]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    decision = json.loads(done.stdout)
    assert (done.returncode, decision["state"]) == (0, "pass"), done.stdout
    values = {check["subject"]: check["value"] for check in decision["rules"][0]["checks"] if check["value"]}
    moving = [
        route for route in json.loads((run / "findings.json").read_text("utf-8"))["routes"] if route["share_moved"]
    ]
    # Form does not pay for content: where the criteria that compare answers lost more, their change is judged.
    deltas = {
        route["route"]: (route["recommendation"]["quality_delta"], route["recommendation"]["content_delta"])
        for route in moving
    }
    worse = {
        name: whole if content is None or whole["est"] <= content["est"] else content
        for name, (whole, content) in deltas.items()
    }
    assert values == worse
    assert any(worse[name] is content for name, (_, content) in deltas.items())


def test_its_pack_holds_with_every_figure_worked_out_again(evidence: Path) -> None:
    """What a receiver is handed follows from itself: sums, rates, p-values, verdicts, plan and report."""
    checked = packing.verify(evidence)
    assert [check for check in checked.checks if not check.holds] == []
    assert {"figures", "plan.json", "report.html"} <= {check.name for check in checked.checks}
