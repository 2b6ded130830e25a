"""What rows of a log are to one another: as plain rules say, however much is held, at a cost that follows rows."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from audit.ingest.compare import Fixes, find_fixes
from audit.ingest.part_files import PartFiles
from audit.ingest.row import DRAFT, copy_id
from tests.traffic_at_size import compare_drafts, write_drafts

Row = dict[str, Any]
NAMES = (
    *("row_id", "dedupe_key", "logical_request_id", "started_at", "status"),
    *("cost_usd_logged", "prompt_tokens", "completion_tokens"),
)
SCHEMA = pa.schema([pa.field(name, DRAFT.field(name).type) for name in NAMES])


def random_row(draw: random.Random, size: int) -> Row:
    """A row of a log of about so many: records and calls come again, requests are tried again, ids and times miss."""
    return {
        "row_id": f"row {draw.randrange(size)}",
        "dedupe_key": draw.choice([None, f"call {draw.randrange(size)}", f"call {draw.randrange(size)}"]),
        "logical_request_id": draw.choice([None, "conversation", *(f"request {draw.randrange(size // 3)}",) * 6]),
        "started_at": draw.choice([None, *(draw.randrange(size // 2) for _ in range(4))]),
        "status": draw.choice(["ok", "ok", "error", "unknown"]),
        "cost_usd_logged": draw.choice([None, 0.0, 0.1]),
        "prompt_tokens": draw.choice([None, 5]),
        "completion_tokens": draw.choice([None, 5]),
    }


def written(folder: Path, parts: list[list[Row]]) -> list[PartFiles]:
    """The drafts of some parts."""
    files = [PartFiles(number, folder) for number in range(len(parts))]
    for file, rows in zip(files, parts, strict=True):
        with pa.ipc.new_file(file.draft, SCHEMA) as writer:
            writer.write_table(pa.Table.from_pylist(rows, schema=SCHEMA))
    return files


def expected(rows: list[Row]) -> dict[str, dict[int, Any]]:
    """The rules, row by row, over a whole log: new ids, whom duplicates repeat, and attempts, by place in the log."""
    ids: dict[int, Any] = {}
    seen: defaultdict[str, int] = defaultdict(int)
    calls, requests = defaultdict(list), defaultdict(list)
    for at, row in enumerate(rows):
        if seen[row["row_id"]]:
            ids[at] = copy_id(f"{row['row_id']}/later", seen[row["row_id"]])
        seen[row["row_id"]] += 1
        if row["dedupe_key"] is not None:
            tokens = row["prompt_tokens"] is not None and row["completion_tokens"] is not None
            calls[row["dedupe_key"]].append((0 if (row["cost_usd_logged"] or 0) > 0 else 1 if tokens else 2, at))
    duplicates = {}
    for same in calls.values():
        kept = min(same)[1]
        duplicates |= {at: ids.get(kept, rows[kept]["row_id"]) for _, at in same if at != kept}
    for at, row in enumerate(rows):
        if at not in duplicates and row["logical_request_id"] is not None:
            start = row["started_at"]
            requests[row["logical_request_id"]].append((start is None, start or 0, at))
    attempts: dict[int, Any] = {}
    for of_one in requests.values():
        if len(of_one) > 1:
            attempts |= attempts_of([at for *_, at in sorted(of_one)], rows)
    return {"ids": ids, "duplicates": duplicates, "attempts": attempts}


def attempts_of(order: list[int], rows: list[Row]) -> dict[int, tuple[int, bool]]:
    """Attempts of one id in their order: every answer ends a request, what fails after the last belongs to it."""
    turns: list[list[int]] = [[]]
    for at in order:
        turns[-1].append(at)
        if rows[at]["status"] == "ok":
            turns.append([])
    last = turns.pop()
    turns = [*turns[:-1], turns[-1] + last] if turns else [last]
    found = {}
    for turn in turns:
        answered = [at for at in turn if rows[at]["status"] == "ok"]
        final = answered[0] if answered else turn[-1]
        found |= {at: (place, at == final) for place, at in enumerate(turn)}
    return found


def placed(fixes: list[Fixes], parts: list[list[Row]]) -> dict[str, dict[int, Any]]:
    """What was found, by place in the log; the parts' own places begin anew in each."""
    found: dict[str, dict[int, Any]] = {"ids": {}, "duplicates": {}, "attempts": {}}
    start = 0
    for of_part, rows in zip(fixes, parts, strict=True):
        for name, by_place in found.items():
            for at, *values in getattr(of_part, name).iter_rows():
                assert 0 <= at < len(rows)
                by_place[start + at] = values[0] if len(values) == 1 else tuple(values)
        start += len(rows)
    return found


@pytest.mark.parametrize("seed", range(12))
def test_rows_are_compared_as_the_rules_say_whatever_is_held(seed: int, tmp_path: Path) -> None:
    """In one partition or many, in memory or in a file, and wherever the log is cut into parts, with empty ones."""
    draw = random.Random(seed)
    size = draw.choice([3, 40, 300])
    rows = [random_row(draw, size) for _ in range(size)]
    told = expected(rows)
    assert size < 40 or all(told.values())
    for number, at_once in enumerate((1 << 20, size, size // 3, 7, 1)):
        ends = sorted(draw.choices(range(size + 1), k=draw.randrange(9)))
        parts = [rows[start:end] for start, end in zip([0, *ends], [*ends, None], strict=True)]
        folder = tmp_path / str(number)
        folder.mkdir()
        fixes = list(find_fixes(written(folder, parts), [len(part) for part in parts], at_once))
        assert placed(fixes, parts) == told, at_once
        assert len(list(folder.iterdir())) == len(parts), "the file of what is compared has no name"


def test_a_log_without_rows_has_nothing_to_compare(tmp_path: Path) -> None:
    """Every part is answered for, also where none has a row; no part is fine too."""
    assert [len(fixes.ids) for fixes in find_fixes(written(tmp_path, [[], []]), [0, 0])] == [0, 0]
    assert list(find_fixes([], [])) == []


def conversations(folder: Path, rows: int) -> list[PartFiles]:
    """A log in which four calls each have the id of their conversation."""
    made = [{"row_id": f"{n}", "logical_request_id": f"{n // 4}", "started_at": n, "status": "ok"} for n in range(rows)]
    folder.mkdir()
    return written(folder, [made])


def test_attempts_cost_what_their_rows_cost(tmp_path: Path) -> None:
    """Eight times the conversations take less than the geometric middle of eight and sixty-four times the time."""
    seconds = {}
    for rows in (20_000, 160_000):
        parts, times = conversations(tmp_path / str(rows), rows), []
        for _ in range(3):
            began = time.process_time()
            assert [len(fixes.attempts) for fixes in find_fixes(parts, [rows])] == [rows]
            times.append(time.process_time() - began)
        seconds[rows] = min(times)
    assert seconds[160_000] < 22 * max(seconds[20_000], 0.01)


def peak_mb(folder: Path, at_once: int) -> float:
    """The most memory of a process that compares drafts."""
    code = "import pathlib, sys; from tests.traffic_at_size import compare_drafts, most_mb; "
    code += "compare_drafts(pathlib.Path(sys.argv[1]), int(sys.argv[2])); print(most_mb())"
    ran = subprocess.run([sys.executable, "-c", code, str(folder), str(at_once)], stdout=subprocess.PIPE, check=True)
    return float(ran.stdout)


def test_memory_does_not_follow_the_log(tmp_path: Path) -> None:
    """A log of six times the rows takes a fifth of the memory more at most that holding its keys would add."""
    rows, at_once = 100_000, 1 << 15
    write_drafts(tmp_path / "short", rows)
    write_drafts(tmp_path / "long", 6 * rows)
    grown = peak_mb(tmp_path / "long", at_once) - peak_mb(tmp_path / "short", at_once)
    assert grown < 5 * rows * 0.5e-3 / 5
    assert compare_drafts(tmp_path / "short", at_once) == compare_drafts(tmp_path / "short")
