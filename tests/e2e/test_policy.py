"""What follows a run, by the command line: policies carved from it, and the router held against the audit itself."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path
from typing import Any

import pytest

from audit.cli.main import run as command
from audit.core.artifacts import RunFolder
from audit.core.exchange import Request
from audit.core.policy import RoutePolicy, RoutingPolicy
from audit.core.settings import Settings
from audit.flow.routing import policy_embedder
from audit.pairing.evidence import Tables, quality_draws
from audit.pairing.replayed import Replayed, SignalValues, replayed, walk
from audit.policy.carve import read_options
from audit.policy.policy_file import read_run_policy
from audit.policy.router import Router
from audit.replay.requests import load_requests
from audit.sampling.frame import route_frames
from audit.signals import compute
from audit.signals.signal import Remembering


@pytest.fixture
def own(run: Path, tmp_path: Path) -> Path:
    """A copy of the demo's run in which files may be written."""
    return Path(shutil.copytree(run, tmp_path / "run", copy_function=shutil.copy2))


def written(capsys: pytest.CaptureFixture[str]) -> tuple[dict[str, Any], str]:
    """The policy that was written, and what was said."""
    out, err = capsys.readouterr()
    return json.loads(Path(out.strip()).read_text("utf-8")), err


def test_a_tenant_with_enough_pairs(own: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A large tenant has a certificate of its own; a route that it never uses is left alone."""
    assert command(["policy", str(own), "--for", "tenant:finance-emea"]) == 0
    policy, err = written(capsys)
    assert policy["scope"] == {"tenant": "finance-emea"}
    (route,) = policy["routes"]
    part = route["evidence"]["part"]
    assert (route["route"], part["rests_on"]) == ("/invoice-extract", "its own pairs")
    assert part["n"] > 300
    assert part["saving_usd"]["lo"] > 0
    assert "certified for the route as a whole; for tenant finance-emea" in err
    assert "/ticket-triage: tenant finance-emea sent nothing that was sampled here" in err


def test_a_part_that_is_too_small(own: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Staging has too few pairs: nothing for a gateway, unless it is asked to rest on the route."""
    assert command(["policy", str(own), "--for", "environment:staging", "--to", "litellm"]) == 2
    err = capsys.readouterr().err
    assert "nothing that is certified fits" in err
    assert "pairs are needed to say anything" in err
    assert command(["policy", str(own), "--for", "environment:staging", "--route-wide"]) == 0
    policy, _ = written(capsys)
    assert {route["evidence"]["part"]["rests_on"] for route in policy["routes"]} == {"the route's certificate"}


def test_a_budget(own: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A budget that one route reaches leaves the other alone; one that nothing reaches says what is possible."""
    assert command(["policy", str(own), "--budget", "250/month"]) == 0
    policy, err = written(capsys)
    assert len(policy["routes"]) == 1
    assert "becomes at most" in err
    assert command(["policy", str(own), "--budget", "$50"]) == 2
    assert "cannot be reached by certified policies" in capsys.readouterr().err


@pytest.fixture
def earlier(own: Path, tmp_path: Path) -> Path:
    """The demo's policy as if it had been made a month before the demo's log."""
    policy = json.loads((own / "policy" / "policy.json").read_text("utf-8"))
    path = tmp_path / "policy.json"
    path.write_text(json.dumps({**policy, "demo": False, "made_at": "2026-09-30", "expires_at": "2026-10-30"}), "utf-8")
    return path


def test_a_policy_on_a_later_run(own: Path, earlier: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """On traffic like the audited it passes, by pairs that it was not made from; after its expiry it fails."""
    assert command(["gate", str(own), "--policy", str(earlier), "--on", "2026-10-20", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    quality = {check["subject"]: check for check in document["rules"][-1]["checks"]}
    routes = {entry["route"] for entry in json.loads(earlier.read_text("utf-8"))["routes"]}
    assert set(quality) == routes
    assert all(check["n"] > 300 for check in quality.values())
    assert len(earlier.with_name("policy.json.watch.jsonl").read_text("utf-8").splitlines()) == len(routes)
    assert command(["gate", str(own), "--policy", str(earlier), "--on", "2026-11-20"]) == 1
    assert "expired on 2026-10-30" in capsys.readouterr().out


def test_a_policy_on_the_run_that_it_is_from(own: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What certified it cannot watch over it: inconclusive."""
    policy = str(own / "policy" / "policy.json")
    assert command(["gate", str(own), "--policy", policy, "--on", "2026-11-20", "--watch", str(own / "w")]) == 3
    assert "nothing is counted" in capsys.readouterr().out
    assert not (own / "w").exists()


def test_a_policy_on_a_log(earlier: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A log alone tells models, prices and traffic, and leaves quality open."""
    home = Path(__file__).parents[2] / "sample_logs" / "demo"
    argv = ["gate", str(home / "log.jsonl.gz"), "-c", str(home / "audit.yaml"), "--policy", str(earlier)]
    assert command([*argv, "--on", "2026-10-20", "--watch", str(tmp_path / "w")]) == 3
    out = capsys.readouterr().out
    routes = len(json.loads(earlier.read_text("utf-8"))["routes"])
    assert out.count("a log without replays says nothing of quality") == routes
    assert out.count("stability index 0.00") == routes


@pytest.mark.parametrize("argv", [["--watch", "w"], ["--on", "2026-01-01"], ["--policy", "p", "--rule", "mix < 1%"]])
def test_what_does_not_go_together(argv: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Options of the two kinds of gate are not mixed."""
    assert command(["gate", str(tmp_path), *argv]) == 2
    assert "error[gate.policy]" in capsys.readouterr().err


def logged_requests(folder: RunFolder) -> dict[str, list[Request]]:
    """Every request of the log that could be replayed, by route."""
    frames = route_frames(folder.traffic_files())
    wanted = {fp for frame in frames for fp in frame.rows["request_fp"]}
    requests = load_requests(folder.body_files(), folder.traffic_files(), wanted)
    return {frame.route: [requests[fp] for fp in frame.rows["request_fp"]] for frame in frames}


def test_the_router_agrees_on_every_logged_request(run: Path) -> None:
    """The policy handed over moves, request by request, what the audit counted; prints the CPU time of a decision."""
    folder = RunFolder(run)
    policy, requests = read_run_policy(folder), logged_requests(folder)
    embedder = policy_embedder(Settings())
    assert embedder is not None
    remembering = Remembering(embedder)
    router = Router(policy, embedder=remembering)
    for entry in policy.routes:
        asked = requests[entry.route]
        remembering.embed([request.last_user for request in asked])
        began = time.process_time()
        moved = [router.route(entry.route, request).cheap for request in asked]
        took = (time.process_time() - began) / len(asked)
        print(f"{entry.route} ({entry.kind}): {took * 1e6:.1f} µs of CPU per decision, {len(asked)} requests")
        assert took < 1e-3
        if entry.verifier is None:
            assert sum(moved) == entry.evidence["requests_moved"]
            assert sum(moved) / entry.evidence["requests"] == pytest.approx(entry.evidence["share_moved"], abs=1e-12)
        if entry.signal is not None:
            together = compute(entry.signal, asked, embedder=remembering) >= (entry.threshold or 0.0)
            assert moved == together.tolist()
    assert {entry.kind for entry in policy.routes} >= {"static"}


def test_the_router_agrees_with_the_simulation_of_every_certified_policy(run: Path) -> None:
    """Of every kind, on the draws that they were certified on: where a request goes, and whether its answer is used."""
    folder = RunFolder(run)
    tables, embedder = Tables.read(folder), policy_embedder(Settings())
    assert embedder is not None
    remembering = Remembering(embedder)
    fps = set(tables.slice["request_fp"])
    requests = load_requests(folder.body_files(), folder.traffic_files(), fps)
    models = {"large": "l", "medium": "m", "small": "s"}
    kinds = set()
    for route in read_options(folder).routes:
        mine = tables.of_route(route.route)
        draws = replayed(mine, quality_draws(mine, "certification"), ("medium", "small"), requests)
        values = SignalValues.worked_out([one.policy for one in route.options], draws.requests or (), remembering)
        for option in route.options:
            walked = walk(option.policy, draws, values.of(option.policy, draws))
            made = RoutingPolicy(
                run_id="r",
                default_tier=None,
                models=models,
                routes=(option.policy,),
                made_at=None,
                expires_at=None,
                prices={},
            )
            router = Router(made, embedder=remembering)
            found = [routed(router, option.policy, draws, i) for i in range(draws.n)]
            assert [asked for asked, _ in found] == walked.asked.tolist()
            assert [kept for _, kept in found] == walked.kept.tolist()
            kinds.add((option.policy.kind, option.policy.signal is not None))
    assert len({kind for kind, _ in kinds}) >= 3


def routed(router: Router, policy: RoutePolicy, draws: Replayed, i: int) -> tuple[bool, bool]:
    """What the router does with one draw: ask the cheap tier, and use its answer."""
    assert draws.requests is not None
    request, arm = draws.requests[i], draws.arms[policy.tier]
    decision = router.route(policy.route, request)
    if not decision.verify:
        return decision.cheap, decision.cheap
    said = arm.completions[i]
    if arm.lost[i] or said is None:
        return True, bool(arm.lost[i])
    others = [draws.arms[tier].completions[i] for tier in policy.verifier.tiers] if policy.verifier else []
    if None in others:
        return True, False
    answers = [answer for answer in others if answer is not None]
    return True, router.verify(policy.route, request, said, answers) == "accept"
