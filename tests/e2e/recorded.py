"""The recorded server of ../shared as a context manager: real completions of many tiers, with faults on demand."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.shared import SHARED

DEV = SHARED / "data" / "dev"


@contextmanager
def recorded_server(port: int, *faults: str) -> Iterator[str]:
    """Serve the development set on a port of this machine; yields the base URL."""
    command = [sys.executable, str(SHARED / "tools" / "recorded_server.py"), "--corpus", str(DEV / "corpus")]
    process = subprocess.Popen(
        [*command, "--port", str(port), *faults], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        yield json.loads(line)["listening"]
    finally:
        process.terminate()
        process.wait(10)
        if process.stdout is not None:
            process.stdout.close()


def config_for(base_url: str, folder: Path, **top_level: str) -> Path:
    """A copy of the development set's audit.yaml that calls `base_url`; paths in it stay good."""
    text = (DEV / "audit.yaml").read_text("utf-8").replace("http://127.0.0.1:8399/v1", base_url)
    text = text.replace("path: prompts.parquet", f"path: {DEV / 'prompts.parquet'}")
    for key, value in top_level.items():
        lines = [line for line in text.splitlines() if not line.startswith(f"{key}:")]
        text = "\n".join([*lines, f"{key}: {value}"]) + "\n"
    path = folder / "audit.yaml"
    path.write_text(text, "utf-8")
    return path
