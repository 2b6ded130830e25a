"""A local page of `audit` for as long as a test needs it, by the command that people type."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def served(command: str, run: Path, *more: str) -> Iterator[str]:
    """The address that `audit COMMAND RUN` prints."""
    argv = [sys.executable, "-m", "audit", command, str(run), *more, "--json"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, encoding="utf-8") as process:
        assert process.stdout is not None
        lines = ""
        try:
            while not lines.endswith("}\n"):
                line = process.stdout.readline()
                assert line, f"the command ended: {lines}"
                lines += line
            yield json.loads(lines)["url"]
        finally:
            process.terminate()
            process.wait()
