"""`make bench`: every benchmark, as a table and as bench.json. Ratios against a peer in the same run, never a limit."""

from __future__ import annotations

import json
import sys
from importlib import import_module
from pathlib import Path

from rich.console import Console
from rich.table import Table

MODULES = ("commands", "chain", "scoring", "ingest", "replay", "router", "scan")
OUTPUT = Path(__file__).parents[2] / "bench.json"


def main(names: list[str]) -> None:
    """Run the named benchmark modules, or all."""
    rows = [row for name in names or MODULES for row in import_module(f"tests.benchmarks.{name}").rows()]
    OUTPUT.write_text(json.dumps(rows, indent=2) + "\n", "utf-8")
    table = Table("benchmark", "value", "unit", "anchor", "anchor's value", "ratio")
    for row in rows:
        figures = (f"{row[key]:,.4g}" for key in ("value", "anchor_value", "ratio"))
        value, anchor_value, ratio = figures
        table.add_row(row["name"], value, row["unit"], row["anchor"], anchor_value, ratio)
    Console(width=120).print(table)


if __name__ == "__main__":
    main(sys.argv[1:])
