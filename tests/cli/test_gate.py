"""`audit gate` on a run folder, by the command line."""

import json
from pathlib import Path

import pytest

from audit.cli.main import run
from audit.core.artifacts import RunFolder, write_findings
from audit.core.finding import Findings, ReplayCounts
from tests.gate.world import example, interval, judged, world

QUALITY = "quality_delta{route:*} >= -3pt"


def saved(folder: Path, findings: Findings) -> str:
    """A run folder with these findings."""
    made = RunFolder(folder / "run").create()
    write_findings(made.findings, findings)
    made.record("findings", {"scores": "x"})
    return str(made.path)


@pytest.fixture
def unclear() -> Findings:
    """An audit of one route that cannot be decided."""
    return world(judged("a", interval(-0.02, -0.05, 0.01)))


@pytest.mark.parametrize(
    ("rule", "code"),
    [("quality_delta{route:doc-*} >= -3pt", 0), (QUALITY, 1), ("quality_delta{route:chat-*} >= -3pt", 3)],
)
def test_exit_codes(rule: str, code: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Pass 0, fail 1, inconclusive 3, and the last line says so."""
    assert run(["gate", saved(tmp_path, example()), "--rule", rule]) == code
    out, err = capsys.readouterr()
    assert out.splitlines()[-1].endswith(f"exit={code}")
    assert err == ""


@pytest.mark.parametrize(("answer", "code"), [("fail", 1), ("warn", 0), ("pass", 0)])
def test_inconclusive(
    answer: str, code: int, unclear: Findings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--inconclusive` maps the exit code; the word stays."""
    assert run(["gate", saved(tmp_path, unclear), "--rule", QUALITY, "--inconclusive", answer]) == code
    assert capsys.readouterr().out.splitlines()[-1] == f"GATE INCONCLUSIVE exit={code}"


def test_incomplete(tmp_path: Path) -> None:
    """A run that did not finish has no verdict: 4."""
    counts = ReplayCounts(planned=9, done=3, by_status={"ok": 3}, served_from={}, retried=0, complete=False)
    assert run(["gate", saved(tmp_path, example(replay=counts)), "--rule", QUALITY]) == 4


@pytest.mark.parametrize(
    ("argv", "code"),
    [
        (["--rule", "quality_delta >= -2"], "gate.unit"),
        (["--rule", "quality_delta{route:nope} >= -2pt"], "gate.unknown-route"),
        (["--rule", QUALITY, "--inconclusive", "maybe"], "answer-to-an-inconclusive-gate.unknown"),
        (["--rule", QUALITY, "--format", "yaml"], "gate-format.unknown"),
        (["--rule", QUALITY, "--format", "text", "--format", "markdown"], "gate.outputs"),
        (["--config", "absent.yaml"], "config.missing"),
        ([], "gate.no-rules"),
    ],
)
def test_what_cannot_run_exits_2(
    argv: list[str],
    code: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A rule that cannot be judged is never a pass and never a fail."""
    monkeypatch.chdir(tmp_path)
    assert run(["gate", saved(tmp_path, example()), *argv]) == 2
    assert f"error[{code}]" in capsys.readouterr().err


def test_a_run_that_is_not_there_exits_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing to judge."""
    assert run(["gate", str(tmp_path / "none"), "--rule", QUALITY]) == 2
    assert "error[run.missing]" in capsys.readouterr().err


def test_rules_come_from_the_configuration(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`./audit.yaml` without being named; `--rule` replaces its rules."""
    monkeypatch.chdir(tmp_path)
    Path("audit.yaml").write_text(f'gate: [{{name: quality holds, when: "{QUALITY}"}}]')
    folder = saved(tmp_path, example())
    assert run(["gate", folder]) == 1
    assert "quality holds" in capsys.readouterr().out
    assert run(["gate", folder, "--rule", "requests > 1n"]) == 0


def test_outputs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Text on stdout, Markdown appended to a file, JSON by `--json`; written before the exit code is set."""
    summary = tmp_path / "summary.md"
    summary.write_text("before\n")
    argv = ["gate", saved(tmp_path, example()), "--rule", QUALITY]
    assert run([*argv, "--format", "text", "--format", f"markdown:{summary}", "--name", "prices"]) == 1
    assert capsys.readouterr().out.endswith("GATE FAIL exit=1\n")
    assert summary.read_text("utf-8").startswith("before\n<!-- audit-gate:prices -->\n### Gate: fail.")
    assert run([*argv, "--json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert (document["schema"], document["state"], document["exit_code"]) == ("audit-gate/1", "fail", 1)


def test_an_unknown_route_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A program gets the code, the place in the rule and the nearest name."""
    argv = ["gate", saved(tmp_path, example()), "--rule", "quality_delta{route:chat-asist} >= -2pt", "--json"]
    assert run(argv) == 2
    error = json.loads(capsys.readouterr().out)["error"]
    assert error["code"] == "gate.unknown-route"
    assert error["place"]["column"] == 21
    assert "chat-assist" in error["hint"]


def test_a_rule_of_the_command_line_has_a_caret(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Also where there is no file, the part at fault is underlined."""
    run(["gate", saved(tmp_path, example()), "--rule", "quality_delta >= -2"])
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "error[gate.unit]: `-2` has no unit"
    assert lines[3].endswith("| quality_delta >= -2")
    assert lines[4].index("^^") == lines[3].index("-2")
