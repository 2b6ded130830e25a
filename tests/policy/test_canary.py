"""A canary: who is in it, what the router and the gateways make of it, and what the watch counts."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from audit.cli.main import run
from audit.core.artifacts import RunFolder
from audit.core.errors import InputError
from audit.core.policy import Canary, CanaryKey, RoutingPolicy
from audit.gate.watch_file import policy_digest
from audit.policy.canary import at_step, canary_plan
from audit.policy.export import export_policy
from audit.policy.exporter import CannotExpress
from audit.policy.exports import EXPORTERS
from audit.policy.policy_file import read_policy, write_policy
from audit.policy.router import Router, attributes
from tests.policy.world import ARNS, RULES, entry, policy, request

EVIDENCE = {"requests": 60_000, "days": 30, "margin": 0.03, "alpha": 0.05, "spend_usd": 600.0, "share_moved": 1.0}
STATIC = policy(entry("/a", evidence=EVIDENCE))
KEYS = [f"session-{number}" for number in range(2000)]


def canary(share: float, made: RoutingPolicy = STATIC) -> RoutingPolicy:
    """The policy for a share."""
    routes = (replace(one, canary=Canary(share=share, salt="s")) for one in made.routes)
    return replace(made, routes=tuple(routes))


def test_a_key_is_in_it_or_not() -> None:
    """The same key always, about the share of all keys, and who is in a small one is in a larger one."""
    held = {share: {key for key in KEYS if Canary(share=share, salt="s").holds(key)} for share in (0.0, 0.1, 0.5)}
    assert not held[0.0]
    assert held[0.1] < held[0.5]
    assert len(held[0.1]) / len(KEYS) == pytest.approx(0.1, abs=0.03)
    assert len(held[0.5]) / len(KEYS) == pytest.approx(0.5, abs=0.05)
    other = {key for key in KEYS if Canary(share=0.5, salt="t").holds(key)}
    assert 0.3 < len(held[0.5] & other) / len(held[0.5]) < 0.7
    assert Canary(share=0.5, salt="s").holds("session-0") is ("session-0" in held[0.5])


@pytest.mark.parametrize("route", [STATIC.routes[0], RULES])
def test_the_router_honours_the_share(route: object, tmp_path: Path) -> None:
    """A conversation in it follows the policy, one outside stays, and without a key nothing follows."""
    made = canary(0.1, policy(route))  # type: ignore[arg-type]
    write_policy(tmp_path / "policy.json", made)
    router, (served,) = Router(read_policy(tmp_path / "policy.json")), made.routes
    asked = request("what? why?")
    inside = next(key for key in KEYS if served.canary and served.canary.holds(key))
    outside = next(key for key in KEYS if served.canary and not served.canary.holds(key))
    assert [router.route(served.route, asked, key).tier for key in (inside, outside, None)] == [
        "small",
        "large",
        "large",
    ]
    assert router.route(served.route, asked, "").tier == "large"
    assert "no key" in router.route(served.route, asked).reason
    assert attributes(router.route(served.route, asked, inside))["audit.policy.canary"] == 0.1


def test_targets_that_can_send_a_share_do() -> None:
    """By weight, call by call; the others refuse, and none sends anything where the policy was taken back."""
    files = export_policy(canary(0.1), "litellm")["config.yaml"].decode()
    served = [one["litellm_params"] for one in yaml.safe_load(files)["model_list"] if one["model_name"] == "/a"]
    assert [(one["model"], one["weight"]) for one in served] == [
        ("openai/gpt-4.1-nano", 0.1),
        ("openai/gpt-4.1", 0.9),
    ]
    assert "# Canary: 10% of the calls of /a go to small" in files
    (rule,) = yaml.safe_load(export_policy(canary(0.1), "bifrost")["config.json"])["governance"]["routing_rules"]
    assert [one["weight"] for one in rule["targets"]] == [0.1, 0.9]
    target = yaml.safe_load(export_policy(canary(0.1), "portkey")["config.json"])["targets"][0]
    assert target["strategy"]["mode"] == "loadbalance"
    assert [one["weight"] for one in target["targets"]] == [0.1, 0.9]
    for name in ("litellm", "bifrost", "portkey"):
        files = b"".join(export_policy(canary(0.0), name).values()).decode()
        assert "nano" not in "".join(line for line in files.splitlines() if not line.startswith("#"))
    for name in EXPORTERS.names:
        if not EXPORTERS.get(name).shares:
            made = canary(0.1)
            with pytest.raises(CannotExpress, match="share of the traffic"):
                export_policy(replace(made, models=ARNS) if name == "bedrock" else made, name)


def test_litellms_plugin_refuses_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is shown no key, so that it would leave everything as it was without a word."""
    from audit.policy import litellm_plugin

    write_policy(tmp_path / "policy.json", canary(0.1))
    monkeypatch.setenv("AUDIT_POLICY", str(tmp_path / "policy.json"))
    with pytest.raises(InputError, match="is a canary"):
        getattr(litellm_plugin, litellm_plugin.attribute("/a"))


def test_a_step_forgets_no_watched_window(tmp_path: Path) -> None:
    """The record of a policy is that of all steps of its canary; a damaged share is no policy."""
    assert policy_digest(canary(0.1)) == policy_digest(canary(0.5)) == policy_digest(STATIC)
    with pytest.raises(ValueError, match="canary"):
        write_policy(tmp_path / "policy.json", canary(1.5))


def test_a_reader_that_knows_no_canary_refuses_one(tmp_path: Path) -> None:
    """It would take the file for the whole policy, and send all of the route where the canary sends nothing. So a file
    with a canary carries a schema of its own, whatever writes it, and files without it stay as they are.
    """
    mixed = policy(replace(STATIC.routes[0], canary=Canary(share=0.1, salt="s")), RULES)
    for made, schema in ((STATIC, 1), (canary(0.0), 2), (canary(0.1), 2), (mixed, 2)):
        path = tmp_path / "policy.json"
        write_policy(path, made)
        assert path.read_bytes() == export_policy(made, "policy-json")["policy.json"]
        plain = json.loads(path.read_text())
        assert plain["schema"] == f"audit-policy/{schema}"
        assert read_policy(path) == made
        path.write_text(json.dumps({**plain, "schema": f"audit-policy/{3 - schema}"}))
        with pytest.raises(InputError, match="schema"):
            read_policy(path)
    begun = at_step(STATIC, canary_plan(STATIC), 1)
    assert begun.schema == "audit-policy/2"
    assert at_step(begun, canary_plan(STATIC), len(canary_plan(STATIC)[0].steps)).schema == "audit-policy/1"


def test_steps_are_sized_by_the_traffic(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The command writes a step's policy and says them all; 0 takes it back, the last is all of the traffic."""
    run_folder = RunFolder(tmp_path / "run").create()
    run_folder.record("findings", {"scores": "x"})
    write_policy(run_folder.policy, STATIC)
    plan = canary_plan(STATIC)
    last = len(plan[0].steps)
    assert plan[0].complete
    assert at_step(STATIC, plan, last) == STATIC
    out = tmp_path / "policy.json"
    for step in (0, 1):
        assert run(["policy", str(run_folder.path), "--canary", str(step), "-o", str(out)]) == 0
        share = read_policy(out).routes[0].canary
        assert share is not None
        assert share.share == (plan[0].steps[0].share if step else 0.0)
        assert share.by is CanaryKey.SESSION
    said = capsys.readouterr().err
    assert "> /a, step 1: 10% for 1 day" in said
    assert "is seen by then with a chance of" in said
    assert "--canary 0" in said
    asked = ["policy", str(run_folder.path), "-o", str(out)]
    assert run([*asked, "--canary", "1", "--canary-by", "user"]) == 0
    assert read_policy(out).routes[0].canary == Canary(share=0.1, salt=STATIC.run_id, by=CanaryKey.USER)
    assert run([*asked, "--canary", "1", "--canary-by", "tenant"]) == 2
    assert run([*asked, "--canary-by", "user"]) == 2
    assert "is about `--canary`" in capsys.readouterr().err
    assert run(["policy", str(run_folder.path), "--canary", str(last + 1)]) == 2
    assert "error[policy.canary]" in capsys.readouterr().err
    little = policy(entry("/a", evidence={**EVIDENCE, "requests": 600}))
    assert not canary_plan(little)[0].complete
    with pytest.raises(InputError, match="does not say its requests"):
        canary_plan(policy(entry("/a")))
