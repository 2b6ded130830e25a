"""A real log with recorded completions, end to end by the command line, held against its truth."""

import csv
import json
import subprocess
import sys
from typing import Any

import pytest

from tests.e2e.recorded import DEV, config_for, recorded_server
from tests.shared import needs_shared

# Slow: one audit of thirteen thousand requests and all their routes.
pytestmark = [pytest.mark.slow, needs_shared("data/dev/log.jsonl.gz")]


@pytest.fixture(scope="module")
def findings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What `audit replay ... --yes --json` prints on the development log."""
    folder = tmp_path_factory.mktemp("dev")
    with recorded_server(0) as url:
        config = config_for(url, folder)
        command = [sys.executable, "-m", "audit", "replay", str(DEV / "log.jsonl.gz"), "--config", str(config)]
        done = subprocess.run(
            [*command, "--out", str(folder / "run"), "--yes", "--json"],
            capture_output=True,
            text=True,
            timeout=400,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    assert (folder / "run" / "report.html").stat().st_size > 10_000
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def truth() -> dict[tuple[str, str], dict[str, str]]:
    """The truth by (route, model)."""
    with (DEV / "truth_by_route.csv").open(encoding="utf-8") as file:
        return {(row["route"], row["model"]): row for row in csv.DictReader(file)}


def route(findings: dict[str, Any], name: str) -> dict[str, Any]:
    """One route of the findings."""
    return next(r for r in findings["routes"] if r["route"] == name)


def test_every_line_of_the_log_is_accounted_for(findings: dict[str, Any]) -> None:
    """12,752 billable requests, 328 failures, 38 double lines and 190 cache hits are told apart."""
    ingest = findings["ingest"]
    assert (ingest["read"], ingest["requests"]) == (13_308, 12_752)
    assert (ingest["failures"], ingest["duplicates"], ingest["cache_hits"]) == (328, 38, 190)
    assert ingest["rejected"] == 0


def test_spend_is_right_to_the_cent(findings: dict[str, Any]) -> None:
    """Spend per route is the truth table's."""
    billed = {row["route"]: float(row["incumbent_cost_usd"]) for row in truth().values()}
    assert {r["route"]: round(r["spend_usd"], 2) for r in findings["routes"]} == {
        name: round(usd, 2) for name, usd in billed.items()
    }
    assert findings["spend_usd"] == pytest.approx(sum(billed.values()), abs=0.005)


def test_intervals_hold_the_truth(findings: dict[str, Any]) -> None:
    """Deltas, rates and costs agree with the truth; at most one of some forty intervals may miss, and only just."""
    missed, cells = [], 0
    known = truth()
    for finding in findings["routes"]:
        for candidate in finding["candidates"]:
            row = known[finding["route"], candidate["model"]]
            checks = {
                "delta": (candidate["quality_delta"], float(row["delta_traffic"])),
                "rate": (candidate["candidate_rate"], float(row["tier_rate_traffic"])),
                "incumbent": (candidate["incumbent_rate"], float(row["incumbent_rate_traffic"])),
                "cost": (candidate["cost_usd_full_log"], float(row["tier_cost_usd"])),
            }
            for name, (estimate, true) in checks.items():
                cells += 1
                slack = 0.25 * (estimate["hi"] - estimate["lo"])
                assert estimate["lo"] - slack <= true <= estimate["hi"] + slack, (
                    finding["route"],
                    name,
                    estimate,
                    true,
                )
                if not estimate["lo"] <= true <= estimate["hi"]:
                    missed.append((finding["route"], candidate["tier"], name))
    assert cells >= 40
    assert len(missed) <= 3, missed


def test_verdicts(findings: dict[str, Any]) -> None:
    """At 3 points: /smart-action switches; /faq-answer does not; haiku and llama-8b never take the word problems."""
    assert route(findings, "/smart-action")["verdict"] == "switch"
    assert route(findings, "/faq-answer")["verdict"] != "switch"
    problems = {c["tier"]: c["verdict"] for c in route(findings, "/solve-word-problem")["candidates"]}
    assert problems["haiku"] != "non_inferior"
    assert problems["llama-8b"] != "non_inferior"


def test_a_judge_without_labels_decides_nothing(findings: dict[str, Any]) -> None:
    """Its route is Not proven, says how many labels would settle it, and its spend is not auditable."""
    assistant = route(findings, "/assistant")
    assert assistant["candidates"] == []
    assert assistant["verdict"] == "not_proven"
    assert "labels would settle it" in assistant["reason"]
    assert findings["ledger"]["not_auditable_usd"] == pytest.approx(assistant["spend_usd"])


def test_every_dollar_is_in_one_bucket(findings: dict[str, Any]) -> None:
    """Audited, extrapolated and not auditable add up to the spend, and routes add up to the total."""
    ledger = findings["ledger"]
    buckets = ledger["audited_usd"] + ledger["extrapolated_usd"] + ledger["not_auditable_usd"]
    assert buckets == pytest.approx(findings["spend_usd"])
    assert sum(r["avoidable_usd"]["est"] for r in findings["routes"]) == pytest.approx(findings["avoidable_usd"]["est"])
