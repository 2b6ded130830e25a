"""A Ray cluster on this machine, bound to 127.0.0.1: one for all tests of a process, started when first asked for."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from functools import cache
from importlib.util import find_spec
from typing import Any

import pytest

STORE_BYTES = 100 << 20
TRIES = 3


def address_of(name: str) -> str | None:
    """The address that an executor's workers are found at, for one that has them elsewhere."""
    return str(cluster().address) if name == "ray" else None


def skip_without_ray() -> None:
    """Skip a test where the extra is not installed. Ray is not imported: it reads its environment when it is."""
    if find_spec("ray") is None:
        pytest.skip("the extra `ray` is not installed")


@cache
def cluster() -> Any:
    """A head without work of its own and a node with two cores, so that a node can be taken away."""
    skip_without_ray()
    folder = tempfile.mkdtemp(prefix="ray-")
    os.environ |= {
        "RAY_TMPDIR": folder,
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # an address of this machine alone stays so
    }
    from ray.cluster_utils import Cluster

    made = Cluster(initialize_head=True, head_node_args=_node(0))
    _add(made, 2)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return made


def _node(cores: int) -> dict[str, Any]:
    return {
        "num_cpus": cores,
        "include_dashboard": False,
        "node_ip_address": "127.0.0.1",
        "object_store_memory": STORE_BYTES,
    }


def add_node(cores: int) -> Any:
    """A further machine of the cluster."""
    return _add(cluster(), cores)


def _add(made: Any, cores: int) -> Any:
    """A node, asked for again where a busy machine took longer than Ray waits for one."""
    for _ in range(TRIES - 1):
        try:
            return made.add_node(**_node(cores))
        except Exception:  # Ray raises nothing narrower
            continue
    return made.add_node(**_node(cores))
