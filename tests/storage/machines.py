"""Machines, as folders with runs of their own, and the kinds of storage that they share."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from audit.cli.main import run
from tests.e2e.tiny import write_config, write_log
from tests.object_servers import azurite

NO_AZURITE = pytest.mark.skipif(azurite() is None, reason="no Azurite here: make test-azure")
SCHEMES = [
    ("s3", "s3"),
    pytest.param("gs", "gs", marks=pytest.mark.slow),
    pytest.param("az", "az", marks=[NO_AZURITE, pytest.mark.slow]),
]


def machine(path: Path, monkeypatch: pytest.MonkeyPatch, url: str) -> Path:
    """A folder that stands for a machine: its own runs, and the same log and configuration as every other's."""
    path.mkdir()
    write_log(path / "log.jsonl", 40)
    write_config(path / "audit.yaml", url)
    monkeypatch.chdir(path)
    monkeypatch.setattr("audit.flow.remote_runs.RUNS", Path("runs"))
    return path


def said(capsys: pytest.CaptureFixture[str], *argv: str, code: int = 0) -> Any:
    """What a command prints with `--json`; of one that fails, what it says on stderr."""
    capsys.readouterr()
    got = run([*argv, "--json"])
    streams = capsys.readouterr()
    assert got == code, streams.err + streams.out
    return json.loads(streams.out)
