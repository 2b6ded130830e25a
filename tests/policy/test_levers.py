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
from audit.policy.levers import hand_over
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
MODELS = {route: [CLAUDE] for route in ("/ask", "/night", "/chat", "/talk", "/form", "/dated")} | {
    "/both": [CLAUDE, "gpt-4o"]
}


def test_litellm_is_given_what_it_can_do() -> None:
    """Cache points by their message, a cache that callers opt in to; all else is named with its reason and dollars."""
    handed = hand_over(FOUND, "litellm", "r1", MODELS)
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
    steps = json.loads(hand_over(FOUND, "policy-json", "r1", MODELS).files["levers.json"])["steps"]
    assert [step["route"] for step in steps] == ["/ask", "/night", "/chat", "/talk", "/form", "/both", "/moved"]
    night = steps[1]
    assert (night["place"], night["saves_usd"], night["cases"]) == ("01:00 to 04:00 UTC", 3, ["a1"])
    assert steps[2]["place"] == "a cache point behind message 2"


def test_what_cannot_be_handed_over_is_refused() -> None:
    """No empty configuration, and no other gateway."""
    upper = ledger((LeverName.PROMPT_CACHE, part("/dated", Kind.CHANGING_DATE, 0)))
    with pytest.raises(InputError, match="counts nothing"):
        hand_over(upper, "litellm", "r1", MODELS)
    night = ledger((LeverName.BATCH, part("/night", Kind.NIGHTLY, 3)))
    with pytest.raises(InputError, match="can do nothing") as refused:
        hand_over(night, "litellm", "r1", MODELS)
    assert any("/night" in note for note in refused.value.notes)
    with pytest.raises(UnknownName):
        hand_over(FOUND, "portkey", "r1", MODELS)


@pytest.mark.parametrize("name", ["/a\n- evil: 1", "*", "", "/a\u202e"])
def test_names_cannot_write_configuration(name: str) -> None:
    """A route's name comes from the log."""
    made = ledger((LeverName.PROMPT_CACHE, part(name, Kind.CACHE_OFF, 9, cache_point=1)))
    with pytest.raises(InputError, match="can do nothing"):
        hand_over(made, "litellm", "r1", {name: [CLAUDE]})


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
