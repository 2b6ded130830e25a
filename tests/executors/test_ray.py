"""What is Ray's own: it is started here where no cluster is named, and its machines have other environments."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import polars as pl
import pytest

from audit.core.artifacts import RunFolder
from audit.core.settings import ExecutorSettings, IngestSettings
from audit.ingest.run import ingest
from tests.e2e.tiny import write_log
from tests.executors.cluster import address_of, skip_without_ray
from tests.shared import REPOSITORY

pytestmark = pytest.mark.ray

COMMAND = """\
import sys
from audit.cli import main
from audit.ingest import run

run.PARALLEL_BYTES = 0
sys.argv = ["audit", "mix", "log.jsonl", "--executor", "ray", "--workers", "2", "--json"]
main.main()
"""

CODE = """\
from audit.core.settings import ExecutorSettings
from audit.executors import open_pool

with open_pool(ExecutorSettings(name="ray", workers=2)) as pool:
    print(list(pool.run(range(6), work="tests.executors.work:square")))
import ray

print([node["NodeManagerAddress"] for node in ray.nodes()], ray.cluster_resources()["CPU"])
"""


def test_the_command_itself_starts_it(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """From a script, as installers write one for the command: what Ray asks of the main module is there."""
    skip_without_ray()
    write_log(tmp_path / "log.jsonl")
    script = tmp_path / "audit-command.py"
    script.write_text(COMMAND, "utf-8")
    done = started([sys.executable, str(script)], tmp_path, request)
    assert json.loads(done.stdout)["requests"] == 12, done.stderr


def started(command: list[str], folder: Path, request: pytest.FixtureRequest) -> subprocess.CompletedProcess[str]:
    """A process that knows no cluster, and whose Ray is gone with it."""
    sockets = tempfile.mkdtemp(prefix="ray-")  # their names must be short
    request.addfinalizer(lambda: shutil.rmtree(sockets, ignore_errors=True))
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    environment |= {"PYTHONPATH": str(REPOSITORY), "RAY_TMPDIR": sockets}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, cwd=folder)


def test_without_an_address_it_is_started_on_this_machine_alone(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """As many workers as asked for, at an address that no other machine reaches."""
    skip_without_ray()
    done = started([sys.executable, "-c", CODE], tmp_path, request)
    assert done.stdout.splitlines() == ["[0, 1, 4, 9, 16, 25]", "['127.0.0.1'] 2.0"], done.stderr


def test_a_key_that_workers_do_not_have_is_masked_by_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The keys in use are those of the process that hands the log out, whatever the environment of a worker."""
    address = address_of("ray")
    key = "violet-harbour-49-lantern"
    monkeypatch.setenv("SMALL_KEY", key)
    monkeypatch.setattr("audit.ingest.run.PARALLEL_BYTES", 0)
    log = write_log(tmp_path / "log.jsonl", messages=[{"role": "user", "content": f"say {key} twice"}])
    folder = RunFolder(tmp_path / "run")
    executor = ExecutorSettings(name="ray", address=address)
    report = ingest([log], IngestSettings(), folder, executor=executor, variables=["SMALL_KEY"])
    assert report.secrets_masked == report.read
    assert not any(key in text for file in folder.body_files() for text in pl.read_parquet(file)["messages"])
