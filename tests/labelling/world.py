"""A concluded run that people can label, without a replay: tables of any size, and findings beside them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from audit.core.artifacts import RunFolder, write_findings
from audit.core.criteria import CriteriaCheck, Grade
from audit.core.finding import RouteFinding
from audit.labelling.pairs import open_queue
from audit.labelling.session import Session
from tests.report.fixtures import candidate, findings, route
from tests.view.big import write_run

CONFIG = """\
tiers: []
routes: [{match: "*", labels: labels.jsonl, assert: [{type: equals, value: "{{incumbent.text}}"}]}]
"""
"""A configuration that names the file of labels."""

START = datetime(2026, 3, 1, 9, tzinfo=UTC)


def support(*, b: int = 14, c: int = 9, n: int = 900, grade: Grade = Grade.RIGHT) -> RouteFinding:
    """The route that is labelled, as it was concluded."""
    found = route("/support", 900.0, 5_000, candidate("small", n=n, b=b, c=c))
    return replace(found, criteria=CriteriaCheck(grade=grade, grades={"equals": grade}))


def write_labelled_run(path: Path, n: int = 60, **changes: Any) -> RunFolder:
    """A run of n requests, half of them of the route `/support`, with findings."""
    folder = write_run(path, n, filler=40, **changes)
    orders = route("/orders", 400.0, 5_000, candidate("small", n=900, b=2, c=2))
    write_findings(folder.findings, findings((support(), orders)))
    folder.record("findings", {"scores": "x"})
    return folder


def ticking() -> Callable[[], datetime]:
    """A clock that goes on by a minute whenever it is read."""
    minutes = iter(range(1_000_000))
    return lambda: START + timedelta(minutes=next(minutes))


def session(folder: RunFolder, by: str = "ada", *, seed: int = 1, **changes: Any) -> Session:
    """Somebody at work on the route `/support`."""
    found = changes.pop("route", support())
    default: dict[str, Any] = {
        "folder": folder,
        "route": found,
        "confidence": 0.95,
        "queue": open_queue(folder, found),
        "file": folder.path / "labels.jsonl",
        "by": by,
        "seed": seed,
        "now": ticking(),
    }
    return Session(**{**default, **changes})
