"""What a Python process costs: its processor time, to be held against another in the same run and never against a
clock, and the modules that it loads, which are the same however busy the machine is."""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Mapping, Sequence

TYPER = ("-c", "import typer, typer.completion, typer.main, pydantic.types")
"""A process that loads what every command of a typer program loads, and ends."""


def least_seconds(arguments: Sequence[str], environment: Mapping[str, str] | None = None, times: int = 3) -> float:
    """The least processor time of some runs, in seconds."""
    return min(_seconds(arguments, environment) for _ in range(times))


def _seconds(arguments: Sequence[str], environment: Mapping[str, str] | None) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *arguments], env=environment, capture_output=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def modules_loaded(arguments: Sequence[str], environment: Mapping[str, str] | None = None) -> int:
    """How many modules a process imports from its start to its end."""
    command = [sys.executable, "-X", "importtime", *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return sum(line.startswith("import time:") for line in done.stderr.splitlines())
