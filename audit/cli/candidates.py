"""What a shell offers for an argument: run folders and their routes, from the disk alone.

A shell asks at every press of the key, so nothing heavy is imported: findings are read as plain JSON.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import typer

RUNS = Path("runs")
"""Where commands put run folders that were given no place."""


def run_folders(incomplete: str) -> list[str]:
    """Folders that complete a word, the run folders of `runs/` among them, by name."""
    typed = Path(incomplete)
    above = typed if incomplete.endswith("/") or not incomplete else typed.parent
    found = {str(path) for path in _folders(RUNS) if _findings(path).is_file()}
    found |= {str(path) if _findings(path).is_file() else f"{path}/" for path in _folders(above)}
    return sorted(name for name in found if name.startswith(incomplete))


def routes(ctx: typer.Context, incomplete: str) -> list[str]:
    """Routes of the run on the command line, or of the newest one in `runs/`."""
    if any(param.name == "run" for param in ctx.command.params):
        # A flag that has no value yet stops the parser before it hands out the arguments.
        named = ctx.params.get("run") or next(iter(ctx.args), None)
        names = _routes(Path(named)) if named else []
    else:
        names = next(filter(None, map(_routes, _newest_first())), [])
    return [name for name in names if name.startswith(incomplete)]


def gate_formats(incomplete: str) -> list[str]:
    """What `audit gate --format` can be."""
    from audit.gate import FORMATS

    return [name for name in FORMATS if name.startswith(incomplete)]


def policy_targets(incomplete: str) -> list[str]:
    """What `audit policy --to` can be."""
    from audit.policy.exports import EXPORTERS

    return [name for name in EXPORTERS if name.startswith(incomplete)]


def _newest_first() -> Iterable[Path]:
    made = [(found.stat().st_mtime_ns, path) for path in _folders(RUNS) if (found := _findings(path)).is_file()]
    return [path for _, path in sorted(made, reverse=True)]


def _folders(above: Path) -> list[Path]:
    try:
        return [path for path in above.iterdir() if path.is_dir() and not path.name.startswith(".")]
    except OSError:
        return []


def _findings(run: Path) -> Path:
    return run / "findings.json"


def _routes(run: Path) -> list[str]:
    """The routes of a run; none where its findings cannot be read: a completion must not fail."""
    try:
        document: Any = json.loads(_findings(run).read_bytes())
        return [str(route["route"]) for route in document["routes"]]
    except (OSError, ValueError, KeyError, TypeError):
        return []
