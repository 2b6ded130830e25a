"""One run of the demo for all whole-run tests of it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest


def run_demo(folder: Path, **environment: str) -> None:
    """Run the command in a folder of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "audit", "demo", "--out", str(folder)],
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
        env={**os.environ, **environment},
    )
    assert done.returncode == 0, done.stderr
    assert "Demo" in done.stdout


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a demo run."""
    folder = tmp_path_factory.mktemp("demo") / "run"
    run_demo(folder, TZ="UTC", LANG="C.UTF-8")
    return folder
