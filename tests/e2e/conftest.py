"""One run of the demo for all whole-run tests of it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest


def run_demo(folder: Path, **environment: str) -> str:
    """Run the command in a folder of its own; what it printed, at 80 columns."""
    done = subprocess.run(
        [sys.executable, "-m", "audit", "demo", "--out", str(folder)],
        capture_output=True,
        encoding="utf-8",
        check=False,
        env={**os.environ, "COLUMNS": "80", **environment},
    )
    assert done.returncode == 0, done.stderr
    assert "Demo" in done.stdout
    return done.stdout


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder of a demo run, and what the command printed."""
    folder = tmp_path_factory.mktemp("demo") / "run"
    return folder, run_demo(folder, TZ="UTC", LANG="C.UTF-8", PYTHONIOENCODING="utf-8")


@pytest.fixture(scope="session")
def run(demo: tuple[Path, str]) -> Path:
    """The folder of a demo run."""
    return demo[0]
