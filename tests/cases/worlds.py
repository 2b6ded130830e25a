"""Logs with planted truth, audited whole by the command line: the verdict must be one that the truth allows."""

from __future__ import annotations

import contextlib
import importlib.util
import io
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from audit.cli.main import run as audit
from tests.cases.frame import CASES, Family, Result

SOURCE = CASES / "worlds" / "worlds.py"

STAYS = ("keep", "not_proven")


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What the truth of a world allows.

    Attributes:
        verdicts: Of its one route.
        holds: What else must hold of the route's findings, given the truth; and the same in words.
        words: Of `holds`.
    """

    verdicts: tuple[str, ...]
    holds: Callable[[Mapping[str, Any], Mapping[str, float]], bool] = lambda route, truth: True
    words: str = ""


def _delta_holds(route: Mapping[str, Any], truth: Mapping[str, float]) -> bool:
    delta = route["recommendation"]["quality_delta"]
    if delta is None:
        return False
    return bool(delta["lo"] <= truth["delta_moved"] <= delta["hi"])


def _saving_holds(route: Mapping[str, Any], truth: Mapping[str, float]) -> bool:
    saved = route["avoidable_usd"]
    return bool(saved["lo"] <= truth["saving_usd"] <= saved["hi"])


def _saving_usd(made: ModuleType, rows: Sequence[Mapping[str, Any]]) -> float:
    """What moving everything saves, where the log's tokens are those of its texts; runaway answers at their mean."""
    big, small = made.PRICE["big"], made.PRICE["small"]
    today = sum((made.tok(row["prompt"]) + 4) * big[0] + row.get("out_tokens", 20) * big[1] for row in rows)
    said = made.tok("answer OK")
    then = sum((made.tok(row["prompt"]) + 4) * small[0] + (said + row.get("effort", 16)) * small[1] for row in rows)
    return float(today - then) / 1e6


def _names_a_unit(kind: str) -> Callable[[Mapping[str, Any], Mapping[str, float]], bool]:
    def holds(route: Mapping[str, Any], truth: Mapping[str, float]) -> bool:
        robustness = route["recommendation"]["robustness"]
        if robustness is None:
            # Nothing was replayed: the route's criteria were refused before, so no unit can be named.
            return False
        units = {one["kind"]: one for one in robustness["units"]}
        return kind in units and bool(units[kind]["large"][0]["fails_entirely"])

    return holds


WORLDS = {
    "sess1": Expected(verdicts=STAYS, holds=_names_a_unit("session"), words="a session is named as failing entirely"),
    # The one prompt that fails can be told beforehand, so a part without it may move.
    "dup": Expected(verdicts=(*STAYS, "split")),
    "mixed": Expected(verdicts=STAYS, holds=_delta_holds, words="the interval holds the delta of what would move"),
    "heavy": Expected(verdicts=("switch", "split"), holds=_delta_holds, words="the interval holds the delta"),
    "loop": Expected(verdicts=("switch", "split"), holds=_saving_holds, words="the interval holds the saving"),
    "nosignal": Expected(verdicts=STAYS, holds=_delta_holds, words="the interval holds the delta"),
}


def _worlds() -> ModuleType:
    spec = importlib.util.spec_from_file_location("planted_worlds", SOURCE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _audited(folder: Path) -> Mapping[str, Any]:
    """The findings of the world's one route, by the command line."""
    out = folder / "run"
    log, config = str(folder / "log.jsonl.gz"), str(folder / "audit.yaml")
    with contextlib.redirect_stdout(io.StringIO()):
        code = audit(["--quiet", "replay", log, "--config", config, "--out", str(out), "--yes"])
    if code:
        raise AssertionError(f"audit replay ended with {code}")
    document = json.loads((out / "findings.json").read_text("utf-8"))
    route: Mapping[str, Any] = document["routes"][0]
    return route


def run() -> Iterator[Result]:
    """Every world, made anew."""
    made = _worlds()
    for name, make in made.WORLDS.items():
        expected = WORLDS.get(name)
        if expected is None:
            yield Result(case=name, expected="a known world", got="a new one", right=False)
            continue
        with tempfile.TemporaryDirectory() as scratch:
            rows = make()
            folder = made.write(Path(scratch) / name, rows)
            moving = [row for row in rows if row.get("model", "big") != "small"]
            truth = {
                "delta_moved": sum(row["ok"]["small"] - row["inc_ok"] for row in moving) / len(moving),
                "saving_usd": _saving_usd(made, rows),
            }
            route = _audited(folder)
        found = route["recommendation"]
        right = found["verdict"] in expected.verdicts and expected.holds(route, truth)
        wanted = " or ".join(expected.verdicts) + (f", {expected.words}" if expected.words else "")
        yield Result(
            case=f"{name} (true delta {100 * truth['delta_moved']:+.1f})",
            expected=wanted,
            got=f"{found['verdict']}: {found['reason']}",
            right=right,
        )


FAMILY = Family(name="worlds", source=SOURCE, run=run)
