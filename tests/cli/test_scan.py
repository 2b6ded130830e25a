"""`audit scan` on the command line."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from audit.cli.main import run
from audit.core.artifacts import RunFolder, read_run, write_findings
from tests.gate.world import example

CODE = 'def answer(text):\n    return llm(model="gpt-4o-mini", input=text)\n'


@pytest.fixture
def code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with one hit, and one in a test; the scan is started in it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "app.py").write_text(CODE)
    (tmp_path / "test_app.py").write_text(CODE)
    return tmp_path


@pytest.fixture
def audited(code: Path) -> Path:
    """A run folder beside the code whose largest model is the one that the code names."""
    findings = example()
    old = findings.mix.by_model[0].name
    rows = tuple(
        replace(row, models=tuple(replace(m, model="gpt-4o-mini") if m.model == old else m for m in row.models))
        for row in findings.mix.by_route
    )
    folder = RunFolder(code / "runs" / "r").create()
    write_findings(folder.findings, replace(findings, mix=replace(findings.mix, by_route=rows)))
    folder.record("findings", {"scores": "x"})
    return code / "runs" / "r"


def test_text(code: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Hits by file with their call and what could stand there; tests apart; 80 columns; exit 0."""
    assert run(["scan", "."]) == 0
    page = capsys.readouterr().out
    assert page.startswith("Hard-coded models  ·  1 hit in 1 file  ·  1 in tests\n")
    assert "app.py\n  2:22     gpt-4o-mini\n           in answer  ·  llm(model=)\n" in page
    assert 'router.route("ROUTE", request).model_id' in page
    assert "In tests\n  test_app.py:2  gpt-4o-mini" in page
    assert max(map(len, page.splitlines())) <= 80


def test_fail(code: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--fail` exits 1 for hits, but not for those of tests; nothing else exits 1."""
    assert run(["scan", ".", "--fail"]) == 1
    assert run(["scan", "test_app.py", "--fail"]) == 0
    assert run(["scan", "nowhere", "--fail"]) == 2
    capsys.readouterr()


def test_json(code: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One document with its schema."""
    assert run(["scan", ".", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["schema"] == "audit-scan/1"
    assert [hit["file"] for hit in document["hits"]] == ["app.py"]
    assert document["spend_usd"] is None


def test_sarif_into_a_file(code: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """SARIF goes to a file, and stdout stays empty."""
    assert run(["scan", ".", "--format", "sarif", "-o", "scan.sarif"]) == 0
    assert capsys.readouterr().out == ""
    document = json.loads((code / "scan.sarif").read_text("utf-8"))
    assert [result["level"] for result in document["runs"][0]["results"]] == ["warning", "note"]


def test_a_run_lays_its_dollars_beside(audited: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The spend behind the models, from the run's findings; the run is named."""
    assert run(["scan", ".", "--run", str(audited), "--no-tests", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    findings = read_run(audited)
    paid = sum(m.spend_usd for row in findings.mix.by_route for m in row.models if m.model == "gpt-4o-mini")
    assert document["run_id"] == findings.run_id
    assert document["spend_usd"] == pytest.approx(paid)
    assert document["hits"][0]["spend_usd"] == pytest.approx(paid)
    assert run(["scan", ".", "--run", str(audited)]) == 0
    page = capsys.readouterr().out
    assert "Behind them: $" in page
    assert max(map(len, page.splitlines())) <= 80


def test_run_and_logs_are_one_or_the_other(code: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Both name traffic."""
    assert run(["scan", ".", "--run", "r", "--logs", "l"]) == 2
    assert "scan.traffic" in capsys.readouterr().err


def test_strangers_names_reach_no_terminal(code: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An escape sequence in a file's name is drawn, not obeyed."""
    (code / "a\x1b[31m.py").write_text(CODE)
    assert run(["scan", "."]) == 0
    assert "\x1b" not in capsys.readouterr().out
