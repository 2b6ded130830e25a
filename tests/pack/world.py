"""A run folder made by hand, with everything that a pack takes."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from audit.config.load import load_settings, settings_digest
from audit.core.artifacts import (
    RunFolder,
    rows_table,
    write_cases,
    write_findings,
    write_history,
    write_json,
    write_renewal,
    write_table,
)
from audit.core.finding import Findings
from audit.core.history import History, past_audit
from audit.core.plain import from_plain
from audit.core.plan import Plan
from audit.core.schemas import REPLAYS
from tests.renewal.world import contract, renewed
from tests.replay.world import design
from tests.report.fixtures import cases, proven

TOOL_CALLS = [
    {"type": "function", "function": {"name": "f", "arguments": json.dumps({"call": "+49 30 1234 5678"})}},
]


def replay(number: int, **changes: Any) -> dict[str, Any]:
    """One replayed call of the tier `medium`."""
    row = {
        "request_fp": f"{number:064x}",
        "route": "doc-extract",
        "tier": "medium",
        "arm": "candidate",
        "repeat": 0,
        "status": "ok",
        "text": f"answer {number}, call +49 30 1234 5678, key sk-abcdefghij0123456789",
        "finish_reason": "stop",
        "model_reported": "m",
        "prompt_tokens": 10,
        "completion_tokens": 3,
        "cached_tokens": 0,
        "cache_write_tokens": 0,
        "reasoning_tokens": 0,
        "usage_estimated": False,
        "cost_usd": 0.1,
        "latency_ms": 12.5,
        "attempts": 1,
        "served_from": "network",
    }
    return {**row, **changes}


ROWS = [
    replay(1),
    replay(2, tool_calls=json.dumps(TOOL_CALLS), text=None),
    replay(3, status="refused", finish_reason="refusal", text="I will not"),
    replay(4, status="timeout", finish_reason=None, text=None, prompt_tokens=None, completion_tokens=None),
    replay(5, prompt_tokens=None, completion_tokens=None),
]


def planned(findings: Findings, config: Path) -> tuple[Findings, Plan]:
    """Findings of a configuration, and the plan that they came from."""
    made = findings.provenance
    settings = load_settings(config, overrides={"seed": made.seed})
    digest = settings_digest(settings)
    plan = Plan(
        made_from={"audit.yaml": digest, "sample": "5"},
        seed=made.seed,
        margin=findings.margin,
        confidence=findings.confidence,
        expected_usd=0.0,
        at_most_usd=0.0,
        max_spend_usd=0.0,
        calls=1,
        tokens=1,
        whole_usd=made.quote,
        hosts=(),
        designs=tuple(
            design(
                route.route,
                requests=route.requests,
                spend_usd=route.spend_usd,
                margin=route.margin,
                criteria=route.criteria,
                candidates=tuple(one.tier for one in route.candidates),
            )
            for route in findings.routes
        ),
        quotes=(),
        config=str(config),
        sources=("/secret/place/log.jsonl",),
    )
    provenance = replace(made, config_sha256=digest, plan_sha256=plan.plan_id)
    return replace(findings, provenance=provenance), plan


def real() -> Findings:
    """Findings of a real run, whose figures agree with each other."""
    value = json.loads((Path(__file__).parents[1] / "golden" / "findings.json").read_text("utf-8"))
    value["provenance"]["packages"] = {}
    return from_plain(Findings, value)


def run_folder(path: Path, findings: Findings | None = None, *, configured: bool = True) -> RunFolder:
    """A run with findings, cases, earlier audits, a renewal, rounds, replays, policy, plan and configuration."""
    folder = RunFolder(path).create()
    config = path / "audit.yaml"
    config.write_text("margin: 2pt\ningest: {redact: [phone]}\n", "utf-8")
    found, plan = planned(findings or proven(), config)
    # Else the findings keep what they say of their configuration.
    found = found if configured or findings is None else findings
    write_findings(folder.findings, found)
    write_history(folder.history, History(audits=(past_audit(replace(found, run_id="0000aaaa1111")),)))
    if found.spend_usd > 0:
        write_renewal(folder, renewed(found, contract(models=["*"], discount="10%", minimum_usd="$100")))
    looks = {one.route: {tried.tier: tried.look or 0 for tried in one.candidates} for one in found.routes}
    first = {route: dict.fromkeys(tiers, 0) for route, tiers in looks.items()}
    write_json(folder.rounds, {"schema": "audit-rounds/1", "plan": plan.plan_id, "rounds": [first, looks]})
    write_json(folder.policy, {"prompt": "Which queue does this ticket belong to"})
    write_cases(folder.cases, cases())
    write_table(folder.replay_table, rows_table(ROWS, REPLAYS))
    write_json(folder.plan, plan)
    folder.record("findings", {"scores": "x"})
    return folder
