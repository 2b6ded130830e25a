"""Ten first hours: each script is what a new user types, on another sample log, from an installed command to a report.

They run as they stand: in an empty folder, by `sh`, with `audit` on the path. `SAMPLE_LOGS` is the folder of the logs,
and `ENDPOINT` an address with OpenAI's protocol, where a script asks a tier.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.server import serving
from tests.shared import REPOSITORY

SCRIPTS = sorted(Path(__file__).parent.glob("*.sh"))
SHORTEST = ("coding_agent", "spend_table")


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """Where a cheaper tier answers."""
    with serving() as server:
        yield server.base_url


def marked(script: Path) -> object:
    """A script as a parameter; all but the shortest are slow."""
    return pytest.param(script, id=script.stem, marks=() if script.stem in SHORTEST else pytest.mark.slow)


@pytest.mark.parametrize("script", [marked(script) for script in SCRIPTS])
def test_a_first_hour(script: Path, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """No step fails, none ends in a bug, and there is a report to read."""
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "audit"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m audit "$@"\n', "utf-8")
    program.chmod(0o755)
    environment = {
        **os.environ,
        "PATH": f"{program.parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(REPOSITORY),
        "SAMPLE_LOGS": str(REPOSITORY / "sample_logs"),
    }
    if "$ENDPOINT" in script.read_text("utf-8"):
        environment["ENDPOINT"] = request.getfixturevalue("endpoint")
    home = tmp_path / "home"
    home.mkdir()
    done = subprocess.run(
        ["sh", str(script)], cwd=home, env=environment, capture_output=True, encoding="utf-8", check=False
    )
    assert done.returncode == 0, done.stderr
    assert "error[" not in done.stderr
    (report,) = home.glob("runs/*/report.html")
    assert "<h1" in report.read_text("utf-8")
    assert done.stdout


def test_there_are_ten() -> None:
    """Each on a log of its own, and the shortest are there."""
    logs = [line for script in SCRIPTS for line in script.read_text("utf-8").splitlines() if line.startswith("log=")]
    assert len(set(logs)) == len(SCRIPTS) == 10
    assert set(SHORTEST) <= {script.stem for script in SCRIPTS}
