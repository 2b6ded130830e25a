"""One run of the demo, and one evidence pack of it, for all whole-run tests."""

import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from audit.core.artifacts import RunFolder
from audit.flow.evidence import packing


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


@contextmanager
def alone_in(home: Path) -> Iterator[None]:
    """No other process of the test run is in such a block meanwhile."""
    with (home / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder of a demo run, and what the command printed.

    The run costs more than any other test, so the processes of one test run share it: the first one makes it, the
    others wait for the lock and find it made.
    """
    base = tmp_path_factory.getbasetemp()
    home = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "demo"
    home.mkdir(exist_ok=True)
    folder, printed = home / "run", home / "printed.txt"
    with alone_in(home):
        if not printed.exists():
            out = run_demo(folder, TZ="UTC", LANG="C.UTF-8", PYTHONIOENCODING="utf-8")
            printed.write_text(out, "utf-8")
    return folder, printed.read_text("utf-8")


@pytest.fixture(scope="session")
def run(demo: tuple[Path, str]) -> Path:
    """The folder of a demo run. It is shared, so a test that writes into a run copies it first."""
    return demo[0]


@pytest.fixture(scope="session")
def evidence(run: Path) -> Path:
    """The evidence pack of that run, made once as well."""
    path = run.parent / "evidence.zip"
    with alone_in(run.parent):
        if not path.exists():
            packing.pack(RunFolder(run), path)
    return path
