"""`audit policy --levers`: what the ledger counts, in a gateway's words, and nothing else."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from audit.cli.main import run
from audit.core.artifacts import RunFolder, write_findings
from audit.core.errors import InputError, UnknownName
from audit.core.levers import AT_END, Effort, Kind, LeverBasis, LeverLedger, LeverLine, LeverName, LeverPart
from audit.policy.levers import ServedBy, hand_over
from audit.policy.policy_file import write_policy
from tests.gate.world import example
from tests.policy.world import policy

CLAUDE = "claude-sonnet-4-5"


def part(route: str, kind: Kind, usd: float, **more: object) -> LeverPart:
    """Something found on a route."""
    made = LeverPart(route=route, kind=kind, requests=40, usd=usd, at_most_usd=usd + 1, cases=("a1",))
    return replace(made, **more)  # type: ignore[arg-type]


def ledger(*parts: tuple[LeverName, LeverPart]) -> LeverLedger:
    """A ledger of these parts."""
    lines = tuple(
        LeverLine(
            lever=lever,
            basis=LeverBasis.INFERRED,
            effort=Effort.CODE,
            change="change it",
            requests=40,
            usd=one.usd,
            at_most_usd=one.at_most_usd,
            left_usd=0.0,
            unseen_requests={},
            unseen_usd=0.0,
            parts=(one,),
        )
        for lever, one in parts
    )
    return LeverLedger(requests=100, paid_usd=100, unpriced_requests=0, lines=lines, routes=(), left_usd=0)


FOUND = ledger(
    (LeverName.REPEATS, part("/ask", Kind.REPEATED, 4)),
    (LeverName.BATCH, part("/night", Kind.NIGHTLY, 3, where="01:00 to 04:00 UTC")),
    (LeverName.PROMPT_CACHE, part("/chat", Kind.CACHE_OFF, 9, cache_point=2)),
    (LeverName.PROMPT_CACHE, part("/talk", Kind.CACHE_OFF, 8, cache_point=AT_END)),
    (LeverName.PROMPT_CACHE, part("/form", Kind.CACHE_OFF, 7, cache_point=0)),
    (LeverName.PROMPT_CACHE, part("/both", Kind.CACHE_OFF, 6, cache_point=1)),
    (LeverName.PROMPT_CACHE, part("/moved", Kind.CACHE_OFF, 5, cache_point=1)),
    (LeverName.PROMPT_CACHE, part("/dated", Kind.CHANGING_DATE, 0, where="message 1 (system), byte 3")),
)
MODELS = {route: [CLAUDE] for route in ("/ask", "/night", "/chat", "/talk", "/form", "/dated", "/moved")} | {
    "/both": [CLAUDE, "gpt-4o"]
}
SERVED = ServedBy(models=MODELS, moved={"/moved"})


def test_litellm_is_given_what_it_can_do() -> None:
    """Cache points by their message, a cache that callers opt in to; all else is named with its reason and dollars."""
    handed = hand_over(FOUND, "litellm", "r1", SERVED)
    (text,) = handed.files.values()
    config = yaml.safe_load(text)
    points = {
        one["model_name"]: one["litellm_params"]["cache_control_injection_points"] for one in config["model_list"]
    }
    assert points == {
        "/chat": [{"location": "message", "index": 1}],
        "/talk": [{"location": "message", "index": -1}],
    }
    assert config["litellm_settings"]["cache_params"] == {"type": "local", "mode": "default_off", "ttl": 3600}
    assert b"/ask" in text
    assert handed.routes == ("/chat", "/talk", "/ask")
    why = {line.split(",")[0]: line for line in handed.left_out}
    assert set(why) == {"/night", "/form", "/both", "/moved"}
    assert "$3" in why["/night"]
    assert "several models" in why["/both"]
    assert "moves the route" in why["/moved"]
    assert "first message" in why["/form"]


def test_the_list_has_all_that_is_counted() -> None:
    """The batch list with its hours among it; an upper end is not counted, and so is not handed over."""
    steps = json.loads(hand_over(FOUND, "policy-json", "r1", SERVED).files["levers.json"])["steps"]
    assert [step["route"] for step in steps] == ["/ask", "/night", "/chat", "/talk", "/form", "/both", "/moved"]
    night = steps[1]
    assert (night["place"], night["saves_usd"], night["cases"]) == ("01:00 to 04:00 UTC", 3, ["a1"])
    assert steps[2]["place"] == "a cache point behind message 2"


def test_what_cannot_be_handed_over_is_refused() -> None:
    """No empty configuration, and no other gateway."""
    upper = ledger((LeverName.PROMPT_CACHE, part("/dated", Kind.CHANGING_DATE, 0)))
    with pytest.raises(InputError, match="counts nothing"):
        hand_over(upper, "litellm", "r1", SERVED)
    night = ledger((LeverName.BATCH, part("/night", Kind.NIGHTLY, 3)))
    with pytest.raises(InputError, match="can do nothing") as refused:
        hand_over(night, "litellm", "r1", SERVED)
    assert any("/night" in note for note in refused.value.notes)
    with pytest.raises(UnknownName):
        hand_over(FOUND, "portkey", "r1", SERVED)


@pytest.mark.parametrize("name", ["/a\n- evil: 1", "*", "", "/a\u202e", "os.environ/OPENAI_API_KEY"])
@pytest.mark.parametrize("kind", [Kind.CACHE_OFF, Kind.REPEATED])
@pytest.mark.parametrize("of", ["route", "model"])
def test_names_cannot_write_configuration(name: str, kind: Kind, of: str) -> None:
    """A route's name comes from the log, and so does its model's: neither is a pattern, a variable or a line there."""
    route, model = (name, CLAUDE) if of == "route" else ("/a", name)
    made = ledger((LeverName.PROMPT_CACHE, part(route, kind, 9, cache_point=1)))
    served = ServedBy(models={route: [model]})
    if of == "model" and kind is Kind.REPEATED:  # which names no model
        text = hand_over(made, "litellm", "r1", served).files["levers.yaml"].decode()
        assert yaml.safe_load(text).keys() == {"litellm_settings"}
        return
    with pytest.raises(InputError, match="can do nothing"):
        hand_over(made, "litellm", "r1", served)


def test_what_a_move_and_a_lever_both_save_is_not_added() -> None:
    """A lever on a route that the policy moves is counted at what its old model costs: said, and marked in the list."""
    made = ledger(
        (LeverName.REPEATS, part("/ask", Kind.REPEATED, 4)), (LeverName.REPEATS, part("/moved", Kind.REPEATED, 2))
    )
    listed, litellm = (hand_over(made, target, "r1", SERVED) for target in ("policy-json", "litellm"))
    steps = json.loads(listed.files["levers.json"])["steps"]
    assert {step["route"]: step["moved"] for step in steps} == {"/ask": False, "/moved": True}
    for handed in (listed, litellm):
        assert len(handed.notes) == 1
        assert handed.notes[0].startswith("$2.00 of it is on routes that the policy moves")
    assert hand_over(made, "policy-json", "r1", ServedBy(models=MODELS)).notes == ()


def test_a_model_without_a_price_serves_a_route_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It has no share of the spend, and would be given a cache point, or lose its requests to the other model."""
    folder = RunFolder(tmp_path / "run").create()
    folder.record("findings", {"scores": "x"})
    findings = example()
    route = replace(findings.routes[0], incumbents={CLAUDE: 1.0, "own-model": 0.0})
    found = ledger((LeverName.PROMPT_CACHE, part(route.route, Kind.CACHE_OFF, 4, cache_point=1)))
    mix = replace(findings.mix, levers=found)
    write_findings(folder.findings, replace(findings, routes=(route,), mix=mix))
    write_policy(folder.path / "policy" / "policy.json", replace(policy(), routes=()))
    assert run(["policy", str(folder.path), "--levers", "--to", "litellm"]) == 2
    assert "several models serve the route" in capsys.readouterr().err


def test_by_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It goes beside the run's policy, and takes none of a policy's options."""
    folder = RunFolder(tmp_path / "run").create()
    folder.record("findings", {"scores": "x"})
    findings = example()
    route = findings.routes[0]
    found = ledger((LeverName.REPEATS, part(route.route, Kind.REPEATED, 4)))
    write_findings(folder.findings, replace(findings, mix=replace(findings.mix, levers=found)))
    write_policy(folder.path / "policy" / "policy.json", policy())
    assert run(["policy", str(folder.path), "--levers", "--to", "litellm"]) == 0
    out, err = capsys.readouterr()
    assert out == f"{folder.path}/policy/litellm-levers/levers.yaml\n"
    assert f"levers on 1 route ({route.route})" in err
    assert run(["policy", str(folder.path), "--levers", "--canary", "1"]) == 2
    assert "takes no option" in capsys.readouterr().err
