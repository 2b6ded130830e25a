"""Ray without a cluster: it is started here, for this process, and ends with it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.shared import REPOSITORY

pytestmark = pytest.mark.ray

CODE = """\
from audit.core.settings import ExecutorSettings
from audit.executors import open_pool

with open_pool(ExecutorSettings(name="ray", workers=2)) as pool:
    print(list(pool.run(range(6), work="tests.executors.work:square")))
import ray

print([node["NodeManagerAddress"] for node in ray.nodes()], ray.cluster_resources()["CPU"])
"""


def test_without_an_address_it_is_started_on_this_machine_alone(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """As many workers as asked for, at an address that no other machine reaches."""
    pytest.importorskip("ray", reason="the extra `ray` is not installed")
    folder = tempfile.mkdtemp(prefix="ray-")  # sockets have short names
    request.addfinalizer(lambda: shutil.rmtree(folder, ignore_errors=True))
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    environment |= {"PYTHONPATH": str(REPOSITORY), "RAY_TMPDIR": folder}
    done = subprocess.run(
        [sys.executable, "-c", CODE], env=environment, capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert done.stdout.splitlines() == ["[0, 1, 4, 9, 16, 25]", "['127.0.0.1'] 2.0"], done.stderr
