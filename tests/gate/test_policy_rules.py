"""A policy held against later traffic."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from audit.core.errors import AuditError, InputError
from audit.core.policy import RoutingPolicy
from audit.core.watching import CriteriaSeen, RouteSeen, Seen, TierSeen, WatchedPairs
from audit.gate.decide import GateDecision, State
from audit.gate.document import as_document
from audit.gate.github import github_lines
from audit.gate.junit import junit_xml
from audit.gate.markdown import markdown
from audit.gate.policy_rules import judge_policy
from audit.gate.text import text_lines
from audit.gate.watch_file import with_window
from tests.policy.world import entry, policy

DIGEST = "c" * 64
EVIDENCE = {
    "margin": 0.03, "alpha": 0.05, "models": ["gpt-4.1-nano-2025-04-14"], "shape": {"prompt_chars": [0, 500]},
    "criteria_digest": DIGEST,
}  # fmt: skip
WATCHED = policy(entry("/a", evidence=EVIDENCE))
ON = date(2026, 11, 20)


def seen(run_id: str | None = "r1", **changes: Any) -> Seen:
    """December, as the policy would like to see it."""
    given = {
        "run_id": run_id,
        "window_from": "2026-11-01",
        "window_to": "2026-11-30",
        "routes": {"/a": RouteSeen(requests=500, models={"gpt-4.1-nano": 500}, shape={"prompt_chars": [0, 500]})},
        "tiers": {name: TierSeen(model=WATCHED.models[name], price=WATCHED.prices[name]) for name in WATCHED.models},
        "pairs": {"/a": WatchedPairs(route="/a", n=400, b=2, c=2)} if run_id else {},
        "criteria": {"/a": CriteriaSeen(digest=DIGEST, margin=0.03)} if run_id else {},
    }
    return Seen(**{**given, **changes})


def decided(folder: Path, made: RoutingPolicy = WATCHED, on: date = ON, **changes: Any) -> GateDecision:
    """The gate over one window."""
    later = seen(**changes)
    return judge_policy(made, later, with_window(folder / "w.jsonl", made, later), on=on)


def states(decision: GateDecision) -> dict[str, State]:
    """Rules by name."""
    return {rule.name: rule.state for rule in decision.rules}


def reason(decision: GateDecision) -> str:
    """Of the first check that does not hold."""
    return decision.checks[0].reason


def test_all_is_well(tmp_path: Path) -> None:
    """Fresh, same models, prices and traffic, and pairs that show it: pass, exit 0."""
    decision = decided(tmp_path)
    assert set(states(decision).values()) == {State.PASS}
    assert decision.exit_code() == 0
    quality = decision.rules[-1].checks[0]
    assert quality.value is not None
    assert quality.value.lo is not None
    assert quality.value.lo > -0.03


def test_expired_evidence_fails_and_says_what_to_do(tmp_path: Path) -> None:
    """The last day is fine, the next one fails, and one without a date cannot be told."""
    assert decided(tmp_path, on=date(2026, 12, 1)).state is State.PASS
    late = decided(tmp_path, on=date(2026, 12, 2))
    assert late.exit_code() == 1
    assert "expired on 2026-12-01: audit recent traffic (audit replay LOGS)" in reason(late)
    assert states(decided(tmp_path, replace(WATCHED, expires_at=None)))["evidence is fresh"] is State.INCONCLUSIVE
    assert (
        states(decided(tmp_path, replace(WATCHED, demo=True, expires_at="2020-01-01")))["evidence is fresh"]
        is State.PASS
    )


@pytest.mark.parametrize(
    ("models", "state"),
    [
        ({"gpt-4.1-nano": 480, "openai/gpt-4.1": 20}, State.PASS),
        ({"gpt-4.1-nano-2025-04-14": 500}, State.PASS),
        ({"gpt-4.1-nano": 498, "canary": 2}, State.PASS),
        ({"gpt-4.1-nano": 400, "gpt-4.1-nano-2026-11-02": 100}, State.FAIL),
    ],
)
def test_models(models: dict[str, int], state: State, tmp_path: Path) -> None:
    """The tiers' models and what the audit saw are known, whatever gateway names them; a new snapshot is not."""
    shape = {"prompt_chars": [0, 500]}
    decision = decided(tmp_path, routes={"/a": RouteSeen(requests=500, models=models, shape=shape)})
    assert states(decision)["models are the audited ones"] is state
    if state is State.FAIL:
        assert "gpt-4.1-nano-2026-11-02" in reason(decision)


def test_a_tier_of_another_model_or_price(tmp_path: Path) -> None:
    """What is configured now is held against what was audited; a tier that is gone cannot be told."""
    tiers = dict(seen().tiers)
    moved = decided(tmp_path, tiers={**tiers, "small": replace(tiers["small"], model="openai/other")})
    assert "it is openai/other now, audited was openai/gpt-4.1-nano" in reason(moved)
    dearer = decided(tmp_path, tiers={**tiers, "small": replace(tiers["small"], price={"input": 0.2, "output": 0.4})})
    assert "input 0.1 → 0.2: the savings are about other prices" in reason(dearer)
    gone = decided(tmp_path, tiers={"large": tiers["large"]})
    assert states(gone)["prices are the audited ones"] is State.INCONCLUSIVE


@pytest.mark.parametrize(
    ("shape", "requests", "state"),
    [([0, 505], 505, State.PASS), ([0, 400, 100], 500, State.FAIL), ([0, 50], 50, State.INCONCLUSIVE)],
)
def test_drift(shape: list[int], requests: int, state: State, tmp_path: Path) -> None:
    """Other traffic fails, few requests have no shape."""
    here = RouteSeen(requests=requests, models={"gpt-4.1": requests}, shape={"prompt_chars": shape})
    assert states(decided(tmp_path, routes={"/a": here}))["traffic is like the audited"] is state


def test_quality(tmp_path: Path) -> None:
    """A shown loss fails; a log without replays, and a run that replayed other tiers, are inconclusive: exit 3."""
    lost = decided(tmp_path / "x", pairs={"/a": WatchedPairs(route="/a", n=400, b=60, c=2)})
    assert lost.exit_code() == 1
    assert "for a loss above 3.0 points" in reason(lost)
    unreplayed = decided(tmp_path / "y", run_id=None)
    assert unreplayed.exit_code() == 3
    assert "audit replay LOGS, then gate that run" in reason(unreplayed)
    assert "no replays of the tiers" in reason(decided(tmp_path / "z", pairs={}))


def test_months_add_up_in_the_record(tmp_path: Path) -> None:
    """Two weak months decide together what neither decides alone, and the first look is not counted twice."""
    weak = {"/a": WatchedPairs(route="/a", n=150, b=1, c=1)}
    first = decided(tmp_path, pairs=weak)
    assert first.state is State.INCONCLUSIVE
    assert decided(tmp_path, pairs=weak) == first
    second = decided(tmp_path, run_id="r2", window_from="2026-11-30", window_to="2026-12-31", pairs=weak)
    assert second.state is State.PASS
    assert second.rules[-1].checks[0].n == 300
    lines = [json.loads(line) for line in (tmp_path / "w.jsonl").read_text().splitlines()]
    assert [line["run_id"] for line in lines] == ["r1", "r2"]


def test_another_policy_starts_anew(tmp_path: Path) -> None:
    """The record of another policy stays in the file and counts for nothing."""
    decided(tmp_path)
    other = decided(
        tmp_path, replace(WATCHED, run_id="another"), pairs={"/a": WatchedPairs(route="/a", n=50, b=0, c=0)}
    )
    assert other.rules[-1].checks[0].n == 50
    assert len((tmp_path / "w.jsonl").read_text().splitlines()) == 2


def test_evidence_is_not_used_twice(tmp_path: Path) -> None:
    """A window that certified the policy is not appended; one over days that are counted already is refused."""
    early = decided(tmp_path, window_from="2026-10-15")
    assert states(early)["quality holds"] is State.INCONCLUSIVE
    assert not (tmp_path / "w.jsonl").exists()
    decided(tmp_path)
    for window in (("2026-11-01", "2026-11-30"), ("2026-11-20", "2026-12-20")):
        with pytest.raises(AuditError, match="its pairs would count twice") as caught:
            decided(tmp_path, run_id="r2", window_from=window[0], window_to=window[1])
        assert caught.value.code == "watch.overlap"


def test_an_incomplete_run_is_not_counted(tmp_path: Path) -> None:
    """It has no verdict, exit 4, and its pairs come when it is done."""
    assert decided(tmp_path, complete=False).exit_code() == 4
    assert not (tmp_path / "w.jsonl").exists()


def test_many_routes_share_the_risk_of_a_false_alarm(tmp_path: Path) -> None:
    """A loss that fails one route alone does not fail it among many."""
    pairs = WatchedPairs(route="/a", n=400, b=33, c=2)
    assert decided(tmp_path / "x", pairs={"/a": pairs}).state is State.FAIL
    many = policy(*(entry(f"/{name}", evidence=EVIDENCE) for name in "abcdefgh"))
    found = decided(tmp_path / "y", many, pairs={"/a": pairs})
    assert State.FAIL not in {check.state for check in found.rules[-1].checks}


@pytest.mark.parametrize("text", ["{", "[]", '{"schema": "audit-watch/9"}', '{"schema": "audit-watch/1", "n": 1}'])
def test_a_damaged_record_is_refused(text: str, tmp_path: Path) -> None:
    """With its line; nothing is appended to it."""
    (tmp_path / "w.jsonl").write_text("\n" + text + "\n")
    with pytest.raises(InputError, match="line 2 of"):
        decided(tmp_path)


def test_every_output_can_say_it(tmp_path: Path) -> None:
    """Text, JSON, Markdown, JUnit and annotations are those of any gate."""
    decision = decided(tmp_path, on=date(2027, 1, 1))
    assert text_lines(decision)[-1] == "GATE FAIL exit=1"
    assert as_document(decision)["exit_code"] == 1
    assert "watched by an e-process" in markdown(decision, None)
    suite = ElementTree.fromstring(junit_xml(decision))
    assert len(suite.findall(".//failure")) == 1
    assert any(line.startswith("::error title=evidence is fresh::") for line in github_lines(decision, []))


@pytest.mark.parametrize(
    ("now", "why"),
    [
        (CriteriaSeen(digest="d" * 64, margin=0.03), "by other criteria than the audited ones"),
        (CriteriaSeen(digest=DIGEST, margin=0.05), "its margin is 5 points in this run, audited was 3"),
        (CriteriaSeen(digest="", margin=0.03), "does not say by which criteria"),
    ],
)
def test_pairs_by_other_criteria_say_nothing_of_quality(now: CriteriaSeen, why: str, tmp_path: Path) -> None:
    """Neither good nor bad ones, and they do not enter the record, where they would count for ever."""
    for loss in (0, 200):
        found = decided(tmp_path, criteria={"/a": now}, pairs={"/a": WatchedPairs(route="/a", n=400, b=loss, c=0)})
        assert found.exit_code() == 3
        told = {rule.name: rule.checks[0] for rule in found.rules}
        for name in ("criteria are the audited ones", "quality holds"):
            assert told[name].state is State.INCONCLUSIVE
            assert why in told[name].reason
    assert not (tmp_path / "w.jsonl").read_text("utf-8")
    assert decided(tmp_path).exit_code() == 0


def test_a_policy_that_names_no_criteria_cannot_be_told(tmp_path: Path) -> None:
    """One of an earlier version is watched as before, and says so; another margin can be told of it all the same."""
    old = policy(entry("/a", evidence={name: value for name, value in EVIDENCE.items() if name != "criteria_digest"}))
    found = decided(tmp_path / "x", old)
    assert found.exit_code() == 3
    assert "it cannot be told: the policy was made before" in reason(found)
    assert states(found)["quality holds"] is State.PASS
    other = decided(tmp_path / "y", old, criteria={"/a": CriteriaSeen(digest=DIGEST, margin=0.05)})
    assert states(other)["quality holds"] is State.INCONCLUSIVE
