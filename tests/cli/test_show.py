"""`audit show` over all exchanges of a run, from its tables."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from audit.cli.main import run
from audit.core.artifacts import RunFolder, write_cases, write_findings
from tests.gate.world import example, interval, judged, world
from tests.report.fixtures import cases
from tests.view.big import ids, question, write_run

N = 240


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """A run of two routes, with findings in which one of them moves."""
    made = write_run(tmp_path_factory.mktemp("shown") / "run", N, filler=40)
    findings = world(judged("/support", interval(-0.01, -0.02, 0.0), n=N, candidate="small"))
    write_findings(made.findings, findings)
    write_cases(made.cases, cases())
    made.record("findings", {"scores": "x"})
    return made


def shown(folder: RunFolder, capsys: pytest.CaptureFixture[str], *argv: str) -> str:
    """What the command prints."""
    capsys.readouterr()
    assert run(["show", str(folder.path), *argv]) == 0
    return capsys.readouterr().out


def listed(folder: RunFolder, capsys: pytest.CaptureFixture[str], *argv: str) -> set[str]:
    """Exchanges that are listed, and as many as are said to be found."""
    document = json.loads(shown(folder, capsys, *argv, "--limit", "1000", "--json"))
    assert document["found"] == len(document["exchanges"])
    assert document["of"] == N
    return {row["exchange_id"] for row in document["exchanges"]}


def test_each_option_narrows_by_its_rule(folder: RunFolder, capsys: pytest.CaptureFixture[str]) -> None:
    """Against the rule by which the run was written: every seventh answer of the candidate fails."""
    every = {ids(i) for i in range(N)}
    fails = {ids(i) for i in range(N) if i % 7 == 0}
    support = {ids(i) for i in range(N) if i % 2}
    assert listed(folder, capsys, "--all") == every
    assert listed(folder, capsys, "--failed") == fails
    assert listed(folder, capsys, "--route", "/support") == support
    assert listed(folder, capsys, "--route", "/support", "--failed") == support & fails
    assert listed(folder, capsys, "--moved") == support
    assert listed(folder, capsys, "--text", question(17)) == {ids(17)}
    assert listed(folder, capsys, "--criterion", "days are right") == {
        ids(i) for i in range(N) if i % 7 == 0 or i % 11 == 0
    }


def test_a_line_says_what_was_asked_and_what_failed(folder: RunFolder, capsys: pytest.CaptureFixture[str]) -> None:
    """Id, both verdicts, the candidate, the prompt behind a bar and the criteria; and how to see more."""
    out = shown(folder, capsys, "--failed", "--limit", "3")
    lines = [line for line in out.splitlines() if "✗" in line and "│" in line]
    assert len(lines) == 3
    assert all("Question" in line and "[days are right" in line and len(line) <= 80 for line in lines)
    assert "3 of 35 found among 240 answers" in out
    assert "--limit 30" in out


def test_any_exchange_can_be_read(folder: RunFolder, capsys: pytest.CaptureFixture[str]) -> None:
    """By the beginning of its id: the request, both answers and what the criteria said."""
    out = shown(folder, capsys, ids(14)[:10])
    assert question(14) in out
    assert "Incumbent: passes" in out
    assert "Candidate: fails" in out
    assert "✗ days are right" in out


@pytest.mark.parametrize(("argv", "near"), [(["--route", "/suport"], "/support"), (["--candidate", "smal"], "small")])
def test_names_that_are_not_there_suggest_the_near_one(
    folder: RunFolder, capsys: pytest.CaptureFixture[str], argv: list[str], near: str
) -> None:
    """An empty list would look like nothing found."""
    assert run(["show", str(folder.path), *argv]) == 2
    assert f"did you mean `{near}`?" in capsys.readouterr().err


def test_a_run_without_tables_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Findings alone have no exchanges."""
    bare = RunFolder(tmp_path / "run").create()
    write_findings(bare.findings, example())
    write_cases(bare.cases, cases())
    bare.record("findings", {"scores": "x"})
    assert run(["show", str(bare.path), "--failed"]) == 2
    assert "error[case.none]" in capsys.readouterr().err
