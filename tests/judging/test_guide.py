"""`audit guide judges`, line by line, on a chat route with a simulated judge and simulated labels."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from audit.cli.commands.guide import FOLDER
from audit.cli.main import run as audit
from audit.core.artifacts import read_run
from audit.core.recommendation import Verdict
from audit.labelling.opening import LEAST_RANDOM_PAIRS
from tests.documents import arguments, command_lines
from tests.judging.chat import write_chat

SAID = ["labels would settle it", "to be put to the judge before anything is replayed", "● switch", "sensitivity"]
"""What each command prints that the guide promises."""


def test_every_step_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """In their order, in one folder; between the first and the second plan somebody labels answers."""
    monkeypatch.chdir(tmp_path)
    lines = command_lines(FOLDER / "judges.md")
    world = {"false_pass": 0.05, "false_fail": 0.05, "margin": "10pt", "requests": 450}
    write_chat(tmp_path, labels=None, **world)  # type: ignore[arg-type]
    *steps, label, score = lines
    for number, (line, said) in enumerate(zip(steps, SAID, strict=True)):
        if number == 1:
            write_chat(tmp_path, labels=300, **world)  # type: ignore[arg-type]
        (tmp_path / "logs.jsonl").write_bytes((tmp_path / "log.jsonl").read_bytes())
        assert audit([*arguments(line), *("--out", "run")]) == 0, (line, capsys.readouterr().err)
        assert said in " ".join(capsys.readouterr().out.split()), line
    (route,) = read_run(tmp_path / "run").routes
    assert route.verdict is Verdict.SWITCH
    # Nobody is at the keyboard here: how it stands is what can be asked.
    assert audit([*(word.replace("runs/7f3a9c1e", "run") for word in arguments(label)), "--json"]) == 0
    drawn = json.loads(capsys.readouterr().out)
    assert drawn["at_random"] == drawn["at_random_left"] == max(drawn["at_random_wanted"], LEAST_RANDOM_PAIRS)
    assert arguments(score)[0] == "score"
