"""`audit guide tutorial`, line by line, on the demo's run."""

import shutil
from pathlib import Path

import pytest

from audit.cli.commands.guide import FOLDER
from audit.cli.main import run as audit
from tests.documents import arguments, command_lines

INCONCLUSIVE = {"audit gate runs/demo --policy policy.json"}
"""The tutorial says so: the policy's own run says nothing new of its quality."""


def test_every_step_runs(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In their order, in one folder. The first line is what made the run, which is not made twice."""
    monkeypatch.chdir(tmp_path)
    first, *lines = command_lines(FOLDER / "tutorial.md")
    assert first == "audit demo"
    shutil.copytree(run, "runs/demo")
    for line in lines:
        assert audit(arguments(line)) == (3 if line in INCONCLUSIVE else 0), (line, capsys.readouterr().err)
        assert capsys.readouterr().out, line
    assert {path.name for path in Path().iterdir()} >= {"policy.json", "report.html", "evidence.zip"}
