"""What became of the records of the logs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from audit.cli.terminal import Terminal
from audit.core.display import ascii_only, count, terminal_safe
from audit.core.plain import to_plain


def print_ingest(terminal: Terminal, report: Any, folder: Path) -> None:
    """Print the counts of an ingest report, one per line, and the folder last."""
    lines = []
    for name, value in to_plain(report).items():
        label = name.replace("_", " ").capitalize()
        if isinstance(value, dict):
            inner = [f"{terminal_safe(str(key))} {_number(part)}" for key, part in sorted(value.items())]
            lines += [f"  {label:<18} {', '.join(inner)}"] if inner else []
        elif isinstance(value, int | float | str) and not isinstance(value, bool):
            lines.append(f"  {label:<18} {_number(value)}")
    terminal.lines(map(ascii_only if terminal.ascii else str, [*lines, "", f"  Run folder  {folder}"]))


def _number(value: Any) -> str:
    return count(value) if isinstance(value, int) else terminal_safe(str(value))
