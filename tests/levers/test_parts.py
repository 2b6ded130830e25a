"""A ledger is the same to the byte, whatever parts the log is taken in, and in whatever order its files are named."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from audit.core.errors import AuditError
from audit.core.levers import Kind, LeverLedger, LeverName
from audit.core.plain import to_plain
from audit.levers.gathered import Gathered
from audit.levers.log_files import LogFiles
from audit.levers.run import measure_levers
from audit.spill import Parts
from tests.levers.planted import rates_of, write, write_bodies
from tests.levers.prompt_worlds import World, date, identity, natural, templated
from tests.levers.test_levers import nightly, random_log
from tests.levers.test_prompt_trimming import offering


def everything(seed: int) -> World:
    """A log in which every lever has something: retries, repeats, deployments, a nightly job, prompts of all kinds."""
    chance, world = random.Random(seed), World()
    plain = [*random_log(seed, 120), *nightly(seed, days=4, job=40)[0]]
    question = [{"role": "user", "content": "Is it so?"}]
    worlds = [
        templated(seed, identity, 30)[0],
        templated(seed + 1, date, 30)[0],
        natural(seed),
        offering(110, {"t1"})[0],
    ]
    rows: list[tuple[dict[str, Any], Any]] = [(row, (question, None, None)) for row in plain]
    for number, one in enumerate(worlds):
        named = [row | {"route": f"/prompts-{number}", "tenant": chance.choice("tu")} for row in one.rows]
        rows += zip(named, one.bodies, strict=True)
    for row, body in sorted(rows, key=lambda one: one[0]["started_at"]):
        world.rows.append(row)
        world.bodies.append(body)
    return world


def measured(folder: Path, world: World, seed: int, parts: list[int], *, shuffled: bool = False) -> list[LeverLedger]:
    """The ledgers of a log in several files, by the number of rows that are held at once."""
    draw = random.Random(seed)
    ends = sorted(draw.sample(range(1, len(world.rows)), 4))
    pieces = [world.rows[start:end] for start, end in zip([0, *ends], [*ends, None], strict=True)]
    traffic, bodies = write(folder, *pieces), write_bodies(folder, world.bodies, ends)
    if shuffled:
        both = draw.sample(list(zip(traffic, bodies, strict=True)), len(traffic))
        traffic, bodies = [one for one, _ in both], [one for _, one in both]
    return [measure_levers(traffic, rates_of, bodies, part_rows=rows) for rows in parts]


@pytest.mark.parametrize("seed", range(2))
def test_parts_and_the_order_of_files_change_no_byte(seed: int, tmp_path: Path) -> None:
    """One part or many of them, held or on disk: the same ledger, with cases, prompts and all."""
    world = everything(seed)
    whole, *others = measured(tmp_path, world, seed, [1 << 20, 60, 333, len(world.rows) // 2])
    (tmp_path / "other").mkdir()
    others += measured(tmp_path / "other", world, seed, [1 << 20, 200], shuffled=True)
    assert {line.lever for line in whole.lines if line.parts} == set(LeverName)
    assert {part.kind for line in whole.lines for part in line.parts} >= {
        *(Kind.ASKED_AGAIN, Kind.REPEATED, Kind.REPEATED_ELSEWHERE, Kind.NIGHTLY, Kind.CACHE_OFF, Kind.CHANGING_ID),
        *(Kind.CHANGING_DATE, Kind.UNUSED_TOOLS, Kind.LONG_HISTORY),
    }
    assert [json.dumps(to_plain(one)) for one in others] == [json.dumps(to_plain(whole))] * len(others)


def test_rows_come_back_as_they_were_added() -> None:
    """On disk or held, with columns picked or not, each part has its rows in the order of adding."""
    draw = np.random.default_rng(3)
    for held in (1, 40, 10_000):
        kept, known = Parts(5, held), pl.DataFrame(schema={"n": pl.Int64, "word": pl.String, "part": pl.Int64})
        for start in range(0, 500, 50):
            parts = draw.integers(0, 4, 50)
            words = [None if n % 7 == 0 else f"w{n % 3}" for n in range(50)]
            rows = pl.DataFrame({"n": np.arange(start, start + 50), "word": words, "part": parts})
            kept.spread(rows, pl.col("part"))
            known = pl.concat([known, rows])
        for number in range(5):
            assert kept.part(number).equals(known.filter(pl.col("part") == number))
            assert kept.part(number, ["word", "n"]).columns == ["word", "n"]
            assert kept.rows(number) == sum(some.height for some in kept.pieces(number))


def probed(seed: int, size: int) -> list[dict[str, Any]]:
    """A log that is mostly one request, asked all the time by several callers; its rows are in no order."""
    draw, rows = random.Random(seed), random_log(seed, size)
    for number, one in enumerate(rows):
        if draw.random() < 0.8:
            one |= {"request_fp": "probe", "trace_id": f"probe {number}", "latency_ms": draw.choice([5.0, 90_000.0])}
        if draw.random() < 0.05:
            one["started_at"] = rows[draw.randrange(number + 1)]["started_at"]
    draw.shuffle(rows)
    return rows


@pytest.mark.parametrize("seed", range(2))
def test_a_request_that_is_most_of_a_log_comes_in_pieces_and_changes_no_byte(seed: int, tmp_path: Path) -> None:
    """A cache meets its calls a piece at a time, in the order of time, and remembers what it had."""
    rows = probed(seed, 500)
    files = write(tmp_path, rows[:200], rows[200:350], rows[350:])
    whole, *others = (measure_levers(files, rates_of, part_rows=number) for number in (1 << 20, 40, 15))
    lives = next(line.by_ttl for line in whole.lines if line.lever == LeverName.REPEATS)
    assert all(one.floor_requests for one in lives)
    assert [json.dumps(to_plain(one)) for one in others] == [json.dumps(to_plain(whole))] * 2


@pytest.mark.parametrize("in_turn", [True, False])
def test_what_is_equal_comes_together_or_in_turn(in_turn: bool, tmp_path: Path) -> None:
    """Each request once; what many share in pieces of some size, later ones later, and all else in one piece."""
    rows, part_rows = probed(0, 700), 20
    files = LogFiles(write(tmp_path, rows), [], part_rows)
    gathered = Gathered(("shared", "of"), files, in_turn=in_turn)
    known = pl.DataFrame(
        {
            "at": pl.Series(range(700), dtype=pl.UInt32),
            "shared": [None if n % 50 == 0 else one["request_fp"] for n, one in enumerate(rows)],
            "of": 1,
            "started_at": [None if n % 40 == 0 else one["started_at"] for n, one in enumerate(rows)],
        }
    )
    for some in known.iter_slices(90):
        gathered.add(some)
    pieces, turns, latest = list(gathered.pieces()), [], None
    assert pl.concat(some for some, _ in pieces).sort("at").equals(known)
    for some, to_come in pieces:
        if turns and turns[-1]:
            assert to_come == turns[-1] - 1
            assert latest is None or (some["started_at"] > latest).all()
        turns.append(to_come)
        latest = some["started_at"].max() if to_come else None
    names = known["shared"].drop_nulls().unique()
    several = {name for name in names if sum(name in some["shared"] for some, _ in pieces) > 1}
    assert several == ({"probe"} if in_turn else set())
    assert max(some.height for some, _ in pieces) < (5 * part_rows if in_turn else 700)


@pytest.mark.parametrize("lost", [slice(1, None), slice(0, 0)])
def test_bodies_of_another_log_are_refused(lost: slice, tmp_path: Path) -> None:
    """A prompt is never taken for that of another request: the files have to have the same rows."""
    world: Any = everything(0)
    traffic = write(tmp_path, world.rows[:40])
    bodies = write_bodies(tmp_path, world.bodies[:40][lost] or world.bodies[:1])
    with pytest.raises(AuditError, match="not those of its traffic"):
        measure_levers(traffic, rates_of, bodies)
