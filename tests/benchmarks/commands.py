"""What the light commands cost as whole processes, from their start to their end, imports included.

Held against a process that imports what the command works with and does nothing, in the same run: the ratio says what
`audit` adds of its own. CPU seconds, the least of some runs.
"""

from __future__ import annotations

import shlex
import tempfile
from pathlib import Path
from typing import Any

from audit.core.artifacts import RunFolder, write_findings
from tests.gate.world import example
from tests.processor_time import least_seconds
from tests.shared import REPOSITORY

RUNS = 5
TERMINAL, SETTINGS = "typer, typer.completion, rich.table, rich.console", "pydantic, msgspec"
PRICES, ARROW, FRAMES = "genai_prices, genai_prices.data", "pyarrow.parquet", "polars, pyarrow.compute"
COMMANDS = {
    "help_cpu": ("--help", TERMINAL),
    "prices_cpu": ("prices gpt-4o", f"{TERMINAL}, {SETTINGS}, {PRICES}"),
    "show_cpu": ("show {run}", f"{TERMINAL}, {SETTINGS}, {ARROW}"),
    "gate_cpu": ("gate {run} --rule 'avoidable_share >= 0%'", f"{TERMINAL}, {SETTINGS}, {ARROW}, jinja2"),
    "mix_five_lines_cpu": ("mix {log}", f"{TERMINAL}, {SETTINGS}, {PRICES}, {ARROW}, {FRAMES}"),
}
"""A command line, and the libraries that its work is done with, by the row's name."""


def rows() -> list[dict[str, Any]]:
    """One row a command line."""
    with tempfile.TemporaryDirectory() as scratch:
        log, run = Path(scratch, "five.jsonl"), RunFolder(Path(scratch, "run")).create()
        lines = (REPOSITORY / "sample_logs" / "openai_pairs.jsonl").read_bytes().splitlines(keepends=True)
        log.write_bytes(b"".join(lines[:5]))
        write_findings(run.findings, example())
        run.record("findings", {"scores": "x"})
        return [_row(name, {"log": log, "run": run.path}) for name in COMMANDS]


def _row(name: str, places: dict[str, Path]) -> dict[str, Any]:
    line, libraries = COMMANDS[name]
    words = [word.format(**places) for word in shlex.split(line)]
    value = least_seconds(["-m", "audit", *words], times=RUNS)
    anchor = least_seconds(["-c", f"import {libraries}"], times=RUNS)
    return {
        "name": name,
        "value": value,
        "unit": "CPU s",
        "anchor": "importing its libraries",
        "anchor_value": anchor,
        "ratio": value / anchor,
    }
