"""`audit store`: what is there, whether it is whole, and what pruning leaves."""

from __future__ import annotations

import json
import os
import sqlite3
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from audit.cli.main import run
from audit.cli.printing.store import size_of, size_text
from audit.core.artifacts import RunFolder
from audit.core.errors import InputError
from audit.core.exchange import Completion
from audit.core.settings import Settings
from audit.flow import reading
from audit.store.answers import FILE, AnswerStore
from audit.store.readings import FOLDER
from audit.store.upkeep import DAY_S, contents, prune, verify
from tests.e2e.tiny import write_log
from tests.store.test_answers import NAME, OTHERS

NOW = time.time()


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Ten answers, one a day until today, of two tiers; two readings, one not used for a month."""
    path = tmp_path / "store"
    for days in range(10):
        name = replace(NAME if days % 2 else OTHERS["another model"], request_fp=f"{days:064x}")
        kept = AnswerStore(path, run="earlier", now=lambda days=days: NOW - days * DAY_S)  # type: ignore[misc]
        kept.put(name, Completion(text="x" * 1000), 0.25)
        kept.close()
    for n in (5, 6):
        log = write_log(tmp_path / f"log{n}.jsonl", n)
        reading.ingest([log], Settings.model_validate({"store": {"path": str(path)}}), RunFolder(tmp_path / f"run{n}"))
    (old,) = [one for one in contents(path).readings if one.requests == 5]
    manifest = path / FOLDER / old.name / "manifest.json"
    os.utime(manifest, (NOW - 30 * DAY_S, NOW - 30 * DAY_S))
    return path


def printed(capsys: pytest.CaptureFixture[str], *words: object, code: int = 0) -> str:
    """What a command prints."""
    capsys.readouterr()
    assert run(["store", *map(str, words)]) == code
    return capsys.readouterr().out


def test_it_lists_what_is_there(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By tier and by reading, with what was paid, for people and as JSON."""
    document = json.loads(printed(capsys, "--store", store, "--json"))
    assert {tier["answers_key"]: (tier["answers"], tier["usd"]) for tier in document["tiers"]} == {
        'm {"max_tokens": 9}': (5, 1.25),
        "n": (5, 1.25),
    }
    assert [(one["logs"], one["whole"]) for one in sorted(document["readings"], key=lambda one: one["requests"])] == [
        (["log5.jsonl"], True),
        (["log6.jsonl"], True),
    ]
    said = " ".join(printed(capsys, "--store", store).split())
    assert "10 answers, for which $2.50 was paid, and 2 readings" in said
    assert "log6.jsonl" in said


def test_a_whole_store_is_found_whole(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Everything was read."""
    assert "10 answers and 2 readings: all as they were written" in printed(capsys, "verify", "--store", store)


def test_damage_is_found_and_named(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A flipped byte of an answer and of a reading, whose sizes stay; each is named, and the exit code is 2."""
    with sqlite3.connect(store / FILE) as database:
        database.execute("UPDATE answers SET usd = 9 WHERE request = ?", (f"{3:064x}",))
    database.close()
    (file, *_) = sorted((store / FOLDER).glob("*/traffic/bodies-*.parquet"))
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    said = " ".join(printed(capsys, "verify", "--store", store, code=2).split())
    assert "to request 000000000000 is not as it was written" in said
    assert f"{file.name} of the reading" in said
    assert "2 of 10 answers and 2 readings damaged" in said


PRUNED: dict[str, tuple[dict[str, Any], int, int]] = {
    "nothing": ({"older_than_days": 100}, 10, 2),
    "by age": ({"older_than_days": 4.5}, 5, 1),
    "everything old": ({"older_than_days": 0}, 0, 0),
    "by size, readings first": ({"most_bytes": 14_000}, 10, 0),
    "by size, then answers": ({"most_bytes": 4_000}, 3, 0),
    "to nothing": ({"most_bytes": 0}, 0, 0),
}


@pytest.mark.parametrize("name", PRUNED)
def test_pruning_leaves_what_is_young_and_fits(store: Path, name: str) -> None:
    """The newest answers stay, and they stay whole; run folders keep their traffic."""
    limits, answers, readings = PRUNED[name]
    pruned = prune(store, **limits)
    left = contents(store)
    assert (sum(tier.answers for tier in left.tiers), len(left.readings)) == (answers, readings)
    assert (pruned.answers, pruned.readings) == (10 - answers, 2 - readings)
    assert verify(store).damaged == ()
    kept = AnswerStore(store)
    names = [replace(NAME if n % 2 else OTHERS["another model"], request_fp=f"{n:064x}") for n in range(10)]
    assert [n for n, one in enumerate(names) if kept.get(one) is not None] == list(range(answers))
    for n in (5, 6):
        assert RunFolder(store.parent / f"run{n}").body_files()


def test_a_replay_goes_on_while_it_is_pruned(store: Path) -> None:
    """A process that has it open finds what is left, and what it puts afterwards is found by others."""
    running = AnswerStore(store, run="running")
    name = replace(NAME, request_fp=f"{1:064x}")
    assert running.get(name) is not None
    prune(store, older_than_days=0)
    assert running.get(name) is None
    running.put(name, Completion(text="new"), 0.0)
    assert AnswerStore(store).get(name) is not None


WRONG = {
    "no store": ["list", "--store", "absent"],
    "no limit": ["prune"],
    "a limit without prune": ["verify", "--older-than", "3"],
    "no size": ["prune", "--max-size", "ten"],
}


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_be_done_is_said(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2, and what to do."""
    assert run(["store", *WRONG[name]]) == 2
    assert "= help:" in capsys.readouterr().err


def test_sizes_are_read_as_they_are_written() -> None:
    """Both ways."""
    assert [size_of(text) for text in ("0B", "10 kB", "1.5MB", "2GB")] == [0, 10_000, 1_500_000, 2_000_000_000]
    assert [size_text(size) for size in (0, 999, 1_500_000, 2e9)] == ["0 B", "999 B", "1.5 MB", "2 GB"]
    with pytest.raises(InputError):
        size_of("10 pounds")
