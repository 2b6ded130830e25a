"""`audit plan --check`: a few calls of the plan, made as the replay makes them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from audit.cli.main import run
from audit.core.artifacts import RunFolder, read_table
from tests.e2e.tiny import write_config, write_log
from tests.server import serving


def said(capsys: pytest.CaptureFixture[str], *argv: str, code: int = 0) -> dict[str, Any]:
    """What a command prints as JSON."""
    capsys.readouterr()
    assert run([*argv, "--json"]) == code
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    return document


def test_its_calls_are_the_replays_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Fewer than the plan has, under its cap, and not made again."""
    log = str(write_log(tmp_path / "log.jsonl", 40))
    out = ("--out", str(tmp_path / "run"), "--no-store")
    with serving() as endpoint:
        config = ("--config", str(write_config(tmp_path / "audit.yaml", endpoint.base_url)))
        plan = said(capsys, "plan", log, *config, *out, "--check", "--yes", "-o", str(tmp_path / "plan.json"))
        checked = endpoint.stats()["ok"]
        assert 0 < checked < plan["calls"]
        found = said(capsys, "replay", log, *config, *out, "--fixed", "--yes")
        assert endpoint.stats()["ok"] == found["replay"]["done"] == checked + plan["calls"]


def test_what_is_no_answer_to_the_replay_is_none_to_the_check(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A gateway that fell back to today's model would hold it against itself, at the candidate's price."""
    log = str(write_log(tmp_path / "log.jsonl", 40))
    folder = RunFolder(tmp_path / "run")
    with serving(named="acme-large-2") as endpoint:
        config = str(write_config(tmp_path / "audit.yaml", endpoint.base_url))
        options = ("--config", config, "--out", str(folder.path), "--no-store", "-o", str(tmp_path / "plan.json"))
        said(capsys, "plan", log, *options, "--check", "--yes")
        assert endpoint.stats()["ok"] > 0
    assert {row["status"] for row in read_table(folder.replay_table).to_pylist()} == {"other_model"}


def test_nothing_is_sent_before_somebody_agrees(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a terminal and without --yes it ends with the quote."""
    log = str(write_log(tmp_path / "log.jsonl", 40))
    with serving() as endpoint:
        config = str(write_config(tmp_path / "audit.yaml", endpoint.base_url))
        options = ("--config", config, "--out", str(tmp_path / "run"), "-o", str(tmp_path / "plan.json"))
        assert run(["plan", log, *options, "--check"]) == 2
        assert not endpoint.stats().get("ok")
    assert "--yes" in capsys.readouterr().err
