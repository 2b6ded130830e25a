"""What a Python process costs, in processor time: to be held against another in the same run, never against a clock."""

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
