"""`audit policy` on a run folder, by the command line."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from audit.cli.app import command_line
from audit.cli.main import run
from audit.core.artifacts import RunFolder, write_findings
from audit.core.policy import RoutingPolicy
from audit.gate.policy_rules import unwatched
from audit.policy.exports import EXPORTERS
from audit.policy.policy_file import write_policy
from tests.gate.world import example
from tests.policy.world import ARNS, CASCADE, entry, policy


def saved(folder: Path, made: RoutingPolicy | None = None) -> str:
    """A run folder with this policy."""
    run_folder = RunFolder(folder / "run").create()
    run_folder.record("findings", {"scores": "x"})
    if made is not None:
        write_policy(run_folder.path / "policy" / "policy.json", made)
    return str(run_folder.path)


def test_the_help_names_every_target() -> None:
    """`--to` lists what the catalog has, in its order."""
    (param,) = [p for p in command_line().commands["policy"].params if p.name == "to"]
    text = (param.help or "").rstrip(".").replace(" or ", ", ")
    assert tuple(text.split(", ")) == EXPORTERS.names


def test_into_the_run_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without `-o` the file goes into RUN/policy/TARGET, its path to stdout, and what it covers to stderr."""
    folder = saved(tmp_path, policy(entry("/a"), expires_at=None))
    assert run(["policy", folder, "--to", "litellm"]) == 0
    out, err = capsys.readouterr()
    assert out == f"{folder}/policy/litellm/config.yaml\n"
    assert Path(out.strip()).read_text().startswith("# Routing policy of audit run")
    said, undated = err.splitlines()
    assert said == "litellm: 1 route (/a); every other route keeps its model."
    assert undated.startswith("It does not say when its evidence was made")


def test_to_a_file_a_folder_and_stdout(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`-o` names a file, a folder or stdout; the bytes are the same."""
    folder = saved(tmp_path, policy(entry("/a")))
    assert run(["policy", folder, "--to", "litellm", "-o", str(tmp_path / "mine.yaml")]) == 0
    assert run(["policy", folder, "--to", "litellm", "-o", f"{tmp_path}/new/"]) == 0
    capsys.readouterr()
    assert run(["policy", folder, "--to", "litellm", "-o", "-", "--quiet"]) == 0
    out, err = capsys.readouterr()
    assert out == (tmp_path / "mine.yaml").read_text() == (tmp_path / "new" / "config.yaml").read_text()
    assert err == ""


def test_several_files_need_a_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A target of several files is not squeezed into one."""
    folder = saved(tmp_path, policy(entry("/a"), entry("/b"), models=ARNS))
    assert run(["policy", folder, "--to", "bedrock", "-o", str(tmp_path / "one.json")]) == 2
    assert run(["policy", folder, "--to", "bedrock", "-o", "-"]) == 2
    assert not (tmp_path / "one.json").exists()
    capsys.readouterr()
    assert run(["policy", folder, "--to", "bedrock", "-o", f"{tmp_path}/routers/"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(list((tmp_path / "routers").iterdir())) == 2


def test_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A program gets the paths, the routes and the day on which the evidence is stale."""
    folder = saved(tmp_path, policy(entry("/a")))
    assert run(["policy", folder, "--to", "portkey", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document == {
        "schema": "audit-policy-export/1",
        "target": "portkey",
        "files": [f"{folder}/policy/portkey/config.json"],
        "routes": ["/a"],
        "expires_at": "2026-12-01",
        "scope": {},
        "notes": [],
        "warnings": [],
    }


def test_nothing_certified(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The native policy says that nothing changes, exit 0; a gateway gets no empty configuration, exit 2."""
    folder = saved(tmp_path, policy())
    assert run(["policy", folder]) == 0
    out, err = capsys.readouterr()
    assert json.loads(Path(out.strip()).read_text())["routes"] == []
    assert err == "No change is recommended: no policy of this run is certified.\n"
    assert run(["policy", folder, "--to", "litellm", "-o", str(tmp_path / "config.yaml")]) == 2
    assert "error[policy.nothing-certified]: no change is recommended" in capsys.readouterr().err
    assert not (tmp_path / "config.yaml").exists()


def test_what_a_target_cannot_say(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A route that the target cannot express is left out, with a word on why; nothing is written where none is left."""
    path = tmp_path / "config.yaml"
    folder = saved(tmp_path, policy(entry("/a"), CASCADE))
    assert run(["policy", folder, "--to", "litellm", "-o", str(path)]) == 0
    err = capsys.readouterr().err
    assert "litellm: 1 route (/a); every other route keeps its model." in err
    assert "Left out, so it keeps its model: route /extract (cascade); it has no step after the call" in err
    assert "/extract" not in path.read_text("utf-8")
    path.unlink()
    (tmp_path / "alone").mkdir()
    alone = saved(tmp_path / "alone", policy(CASCADE))
    assert run(["policy", alone, "--to", "litellm", "-o", str(path)]) == 2
    err = capsys.readouterr().err
    assert "error[policy.cannot-express]: `litellm` cannot express the policy of route `/extract` (cascade)" in err
    assert not path.exists()


@pytest.mark.parametrize("target", ["portkey", "vllm-semantic-router"])
def test_a_default_that_several_models_share_is_asked_for(
    target: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No run can say it, so the user does, by the name of a tier."""
    folder = saved(tmp_path, policy(entry("/a"), default_tier=None))
    output = str(tmp_path / "out") + "/"
    assert run(["policy", folder, "--to", target, "-o", output]) == 2
    assert "--default TIER" in capsys.readouterr().err
    assert run(["policy", folder, "--to", target, "--default", "large", "-o", output]) == 0
    assert run(["policy", folder, "--to", target, "--default", "larg", "-o", output]) == 2
    assert "did you mean `large`?" in capsys.readouterr().err


def test_some_routes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--route` leaves out what the target cannot express; a glob that matches nothing is an error."""
    folder = saved(tmp_path, policy(entry("/a"), entry("/ab"), CASCADE))
    assert run(["policy", folder, "--to", "routellm", "--route", "/a*", "-o", "-"]) == 0
    out, err = capsys.readouterr()
    assert [pair["route"] for pair in json.loads(out)] == ["/a", "/ab"]
    assert "2 routes (/a and /ab)" in err
    assert run(["policy", folder, "--route", "/extrakt"]) == 2
    assert "did you mean `/extract`?" in capsys.readouterr().err


def test_the_runs_own_policy_stays(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Writing a part of the policy does not shorten the run's own."""
    folder = saved(tmp_path, policy(entry("/a"), entry("/b")))
    before = (Path(folder) / "policy" / "policy.json").read_bytes()
    assert run(["policy", folder, "--route", "/a"]) == 0
    written = Path(capsys.readouterr().out.strip())
    assert len(json.loads(written.read_text())["routes"]) == 1
    assert (Path(folder) / "policy" / "policy.json").read_bytes() == before


def test_a_demo_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A policy from bundled data or simulated completions is not to be deployed, and says so."""
    folder = saved(tmp_path, policy(entry("/a")))
    write_findings(RunFolder(folder).findings, example(demo=True, simulated=("small",)))
    assert run(["policy", folder, "--to", "litellm"]) == 0
    err = capsys.readouterr().err
    assert "Demo: bundled data." in err
    assert "Simulated completions: small." in err
    assert run(["policy", folder, "--to", "litellm", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["warnings"]) == 2


def test_stale_evidence_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A policy after its expiry is still written, and stderr says so."""
    folder = saved(tmp_path, policy(entry("/a"), expires_at="2020-01-01"))
    assert run(["policy", folder, "--to", "litellm"]) == 0
    assert "stale since 2020-01-01" in capsys.readouterr().err


@pytest.mark.parametrize("target", ["policy-json", "litellm"])
@pytest.mark.parametrize(
    ("left", "said"),
    [(-1, "stale since"), (0, "expires today"), (1, "1 more day:"), (12, "12 more days:"), (None, "does not say when")],
)
def test_how_long_the_evidence_holds_is_said(
    left: int | None, said: str, target: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """On every day of its life, by every target: nobody deploys a policy that ends tomorrow without having read so."""
    until = None if left is None else (datetime.now(UTC).date() + timedelta(days=left)).isoformat()
    folder = saved(tmp_path, policy(entry("/a"), expires_at=until))
    assert run(["policy", folder, "--to", target, "-o", str(tmp_path / "out")]) == 0
    err = capsys.readouterr().err
    assert said in err
    assert until is None or until in err


def test_a_route_that_cannot_be_watched_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where several models served it before; the gate gives the same reason when the policy is in force."""
    several = replace(entry("/b"), replaces=("large", "gpt-4o"), otherwise=None)
    folder = saved(tmp_path, policy(entry("/a"), several, models={**policy().models, "gpt-4o": "gpt-4o"}))
    assert run(["policy", folder, "-o", str(tmp_path / "policy.json")]) == 0
    (line,) = [line for line in capsys.readouterr().err.splitlines() if "cannot watch" in line]
    assert line.startswith("/b: ")
    assert unwatched(several) in line


@pytest.mark.parametrize(
    ("argv", "code"),
    [(["--to", "litelm"], "export-target.unknown"), (["--to", "litellm", "-o", "-", "--json"], "policy.output")],
)
def test_what_cannot_run(argv: list[str], code: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An unknown target names the nearest one; two documents on one stdout are refused."""
    assert run(["policy", saved(tmp_path, policy(entry("/a"))), *argv]) == 2
    out, err = capsys.readouterr()
    assert code in out + err


def test_a_run_without_a_policy(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A run that was made before there were policies says what to do."""
    assert run(["policy", saved(tmp_path)]) == 2
    assert "error[policy.missing]" in capsys.readouterr().err
