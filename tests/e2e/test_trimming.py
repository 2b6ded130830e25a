"""Today's model with less of the prompt, from the plan to the router: what is harmless is found, and only that."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from audit.cli.main import run
from audit.core.artifacts import RunFolder, read_json, read_plan, read_run
from audit.core.exchange import Request
from audit.core.finding import CandidateVerdict, Verdict
from audit.core.reason import Reason
from audit.core.settings import TierSettings, TrimSettings
from audit.core.trim import Trim
from audit.policy.router import Router
from tests.e2e.tiny import record
from tests.e2e.trimmed import ROUTE, TOOLS, UNUSED, conversation, saved_without_tools, write

REQUESTS = 400


def test_unused_tools_are_found_harmless_and_a_turn_that_matters_is_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Plan, keys, findings, report, policy, gateways and router name one trim, and dollars are the trimmed ones."""
    log, config = write(tmp_path, requests=REQUESTS, matters=80)
    folder = RunFolder(tmp_path / "run")
    arguments = [str(log), "--config", str(config), "--out", str(folder.path)]
    assert run(["init", str(log), "-o", str(tmp_path / "draft.yaml")]) == 0
    (proposed,) = (line for line in (tmp_path / "draft.yaml").read_text("utf-8").splitlines() if "trim:" in line)
    (entry,) = yaml.safe_load(proposed.strip().removeprefix("# "))
    assert TierSettings.model_validate(entry).trim == TrimSettings(tools="unused")
    capsys.readouterr()
    assert run(["plan", *arguments, "-o", str(tmp_path / "plan.json")]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "bare is sent requests without the tools archive and refund" in said
    assert f"None of {REQUESTS} answers called one of these tools. Later ones may, in up to 0.7% of requests" in said
    tools, turns = read_plan(folder.plan).trims
    assert (tools.trim, turns.trim) == (Trim(tools=UNUSED), Trim(history=1))
    assert tools.changed == tools.requests > 0
    assert turns.seen is None

    assert run(["replay", *arguments, "--yes"]) == 0
    capsys.readouterr()
    findings = read_run(folder.path)
    (route,) = findings.routes
    assert (route.verdict, route.candidate) == (Verdict.SWITCH, "bare")
    verdicts = {one.tier: one.verdict for one in route.candidates}
    assert verdicts["brief"] is not CandidateVerdict.NON_INFERIOR
    (bare,) = (one for one in route.candidates if one.tier == "bare")
    assert bare.saving_usd is not None
    assert bare.saving_usd.est == pytest.approx(saved_without_tools(REQUESTS), rel=0.05)
    assert findings.provenance.tiers["bare"]["settings"] == {"trim": {"tools": list(UNUSED)}}
    for told in (folder.report, folder.summary):
        assert "without the tools archive and refund" in told.read_text("utf-8")
    assert "brief" not in read_json(folder.policy)["routes"][0].values()

    decision = (router := Router.load(folder.policy)).route(ROUTE, _request())
    assert decision.settings == {"trim": {"tools": list(UNUSED)}}
    assert [one["function"]["name"] for one in router.sent(decision, _request()).tools or ()] == ["search"]
    assert run(["policy", str(folder.path), "--to", "litellm"]) != 0
    assert "and it sends them whole" in " ".join(capsys.readouterr().err.split())
    assert run(["report", str(folder.path), "--pack", str(tmp_path / "pack.zip")]) == 0
    assert run(["verify", str(tmp_path / "pack.zip")]) == 0
    capsys.readouterr()

    # The list is a part of every key: with a tool that is called after all, the tier is asked everything again.
    more = log.read_text("utf-8").splitlines()
    called = json.loads(more[0])
    call = {"id": "x", "type": "function", "function": {"name": "refund", "arguments": "{}"}}
    called["response"]["choices"][0]["message"] |= {"content": None, "tool_calls": [call]}
    log.write_text("\n".join([json.dumps(called), *more[1:]]) + "\n", "utf-8")
    assert run(["plan", *arguments, "-o", str(tmp_path / "plan.json")]) == 0
    again = read_plan(folder.plan)
    assert again.trims[0].trim == Trim(tools=("archive",))
    assert again.trims[0].requests <= again.calls < 2 * again.trims[0].requests


def test_a_trim_that_trims_nothing_is_not_paid_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every tool is called somewhere, and no conversation has two turns: the same would be asked of the same model, and
    what one answer costs more than another be taken for a saving. A cheaper model is tried with whatever trim."""
    log, config = write(tmp_path, requests=REQUESTS, matters=0)
    records = [json.loads(line) for line in log.read_text("utf-8").splitlines()]
    for one, name in zip(records, UNUSED, strict=False):
        call = {"id": "x", "type": "function", "function": {"name": name, "arguments": "{}"}}
        one["response"]["choices"][0]["message"] |= {"content": None, "tool_calls": [call]}
    log.write_text("".join(json.dumps(one) + "\n" for one in records), "utf-8")
    text = config.read_text("utf-8").replace("history: 1", "history: 2")
    rest = text.split("tools: unused}, ")[1].split("}\n")[0].replace("{input: 5, output: 15}", "{input: 1, output: 1}")
    small = f"  - {{name: small, model: acme-small, provider: simulated, trim: {{history: 2}}, {rest}}}\n"
    arguments = [str(log), "--config", str(config), "--out", str(tmp_path / "run")]
    for more, asked in ((small, ("small",)), ("", ())):
        config.write_text(text.replace("routes:\n", f"{more}routes:\n"), "utf-8")
        assert run(["plan", *arguments, "-o", str(tmp_path / "plan.json")]) == 0
        said = " ".join(capsys.readouterr().out.split())
        (design,) = read_plan(RunFolder(tmp_path / "run").plan).designs
        assert design.candidates == asked
        assert {name: why.reason for name, why in design.unfit.items()} == dict.fromkeys(
            ("bare", "brief"), Reason.NOTHING_TRIMMED
        )
        assert "its trim leaves every one of" in said
    assert run(["replay", *arguments, "--yes"]) == 0
    findings = read_run(tmp_path / "run")
    assert not read_json(RunFolder(tmp_path / "run").findings)["replay"]["served_from"]
    assert findings.routes[0].verdict not in (Verdict.SWITCH, Verdict.SPLIT)
    capsys.readouterr()


def _request() -> Request:
    return Request(request_fp="", messages=conversation(7), tools=TOOLS)


@pytest.mark.parametrize("dear", [False, True])
@pytest.mark.parametrize("shape", ["tools", "turns"])
def test_the_tier_that_is_proposed_is_of_the_model_whose_prompts_could_be_shorter(
    tmp_path: Path, dear: bool, shape: str
) -> None:
    """Another model may take more of the dollars: with less of a prompt that it is never sent it would save nothing."""
    talk = [{"role": "user", "content": "more"}, {"role": "assistant", "content": "yes"}] * 6
    tool = {"type": "function", "function": {"name": "archive", "parameters": {"type": "object"}}}
    shorter: dict[str, Any] = (
        {"model_parameters": {"tools": [tool]}}
        if shape == "tools"
        else {"messages": [*talk, {"role": "user", "content": "What is 1 plus 1?"}]}
    )
    there = {"metadata": {"route": "/talk"}, "model": "acme-talks", "response_cost": 0.001, **shorter}
    other = {"metadata": {"route": "/add"}, "response_cost": 0.01 if dear else 0.0001}
    lines = [json.dumps(record(number, **(there if number % 2 else other))) for number in range(400)]
    (tmp_path / "log.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    assert run(["init", str(tmp_path / "log.jsonl"), "-o", str(tmp_path / "draft.yaml"), "--no-store"]) == 0
    (proposed,) = (line for line in (tmp_path / "draft.yaml").read_text("utf-8").splitlines() if "trim:" in line)
    (entry,) = yaml.safe_load(proposed.strip().removeprefix("# "))
    assert entry["model"] == "acme-talks"
    assert entry["trim"] == ({"tools": "unused"} if shape == "tools" else {"history": 2})
