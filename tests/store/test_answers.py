"""The store's answers: what is put is got under its whole name alone; damage, age, other processes, a kill."""

from __future__ import annotations

import itertools
import os
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from audit.core.adaptation import AskedAs
from audit.core.errors import InputError
from audit.core.exchange import Completion, Usage
from audit.store.answers import FILE, AnswerStore, connect
from audit.store.kept import AnswerName, Earlier

NAME = AnswerName(asked=AskedAs(answers_key='m {"max_tokens": 9}', base_url="http://a.test/v1"), request_fp="ab" * 32)
FULL = Completion(
    text="half \ud83d\nnext",
    tool_calls=({"id": "c", "type": "function", "function": {"name": "f", "arguments": '{ "a":1}'}},),
    finish_reason="tool_calls",
    usage=Usage(prompt_tokens=3, completion_tokens=4, cached_tokens=1),
    model_reported="m-1",
    latency_ms=12.5,
    cost_usd=0.25,
    notes=("a note",),
)
OTHERS = {
    "another model": replace(NAME, asked=replace(NAME.asked, answers_key="n")),
    "another setting": replace(NAME, asked=replace(NAME.asked, answers_key='m {"max_tokens": 10}')),
    "another address": replace(NAME, asked=replace(NAME.asked, base_url="http://b.test/v1")),
    "no address": replace(NAME, asked=replace(NAME.asked, base_url=None)),
    "another request": replace(NAME, request_fp="cd" * 32),
    "another repeat": replace(NAME, repeat=1),
}


def put(folder: Path, name: AnswerName = NAME, completion: Completion = FULL, **options: Any) -> None:
    """Keep one answer, by an earlier run."""
    store = AnswerStore(folder, run="earlier", **options)
    store.put(name, completion, 0.5)
    store.close()


def test_what_is_put_is_got_under_its_whole_name(tmp_path: Path) -> None:
    """Everything but the cost survives, with who paid what and when; under no other name, nor in another form."""
    put(tmp_path, now=lambda: 1_000.7)
    store = AnswerStore(tmp_path)
    kept = store.get(NAME)
    assert kept is not None
    assert kept.completion == replace(FULL, cost_usd=None)
    assert kept.earlier == Earlier(usd=0.5, asked_at=1_000, run="earlier")
    assert store.known([NAME, *OTHERS.values()]) == {NAME: kept.earlier}
    assert [name for name, other in OTHERS.items() if store.get(other) is not None] == []
    assert AnswerStore(tmp_path, redacted=("email",)).get(NAME) is None
    assert AnswerStore(tmp_path, redacted=("email",)).known([NAME]) == {}


def test_names_by_the_thousand_are_known_at_once(tmp_path: Path) -> None:
    """More than one question to the file holds; the repeats of a request stay apart."""
    names = [replace(NAME, request_fp=f"{n:064x}", repeat=repeat) for n in range(1300) for repeat in (0, 1)]
    store = AnswerStore(tmp_path)
    for name in names[::3]:
        store.put(name, Completion(text=name.request_fp), 0.0)
    assert store.known(names).keys() == set(names[::3])


def test_looking_makes_nothing(tmp_path: Path) -> None:
    """A store that is not there is empty, and stays not there."""
    store = AnswerStore(tmp_path / "store")
    assert (store.get(NAME), dict(store.known([NAME])), store.other_settings(NAME.asked)) == (None, {}, [])
    assert not (tmp_path / "store").exists()


def test_only_its_owner_reads_it(tmp_path: Path) -> None:
    """Under the widest umask, the files beside it too, which hold the latest answers."""
    before = os.umask(0)
    try:
        store = AnswerStore(tmp_path / "store")
        store.put(NAME, FULL, 0.0)
        files = list((tmp_path / "store").iterdir())
        assert len(files) == 3
        assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
        assert stat.S_IMODE((tmp_path / "store").stat().st_mode) == 0o700
    finally:
        os.umask(before)


def test_an_answer_that_is_too_old_is_asked_again_and_replaced(tmp_path: Path) -> None:
    """Age is counted from when it was asked; the newer answer takes its place."""
    put(tmp_path, now=lambda: 1_000.0)
    young = AnswerStore(tmp_path, not_before=1_001.0, now=lambda: 2_000.0)
    assert (young.get(NAME), young.known([NAME])) == (None, {})
    young.put(NAME, Completion(text="newer"), 0.1)
    kept = AnswerStore(tmp_path).get(NAME)
    assert kept is not None
    assert (kept.completion.text, kept.earlier.asked_at) == ("newer", 2_000)


def test_other_settings_of_a_model_are_named(tmp_path: Path) -> None:
    """So that a plan can say what it does not use; another model is another matter."""
    for name in (NAME, *OTHERS.values()):
        put(tmp_path, name)
    found = AnswerStore(tmp_path).other_settings(NAME.asked)
    assert sorted((one.answers_key, one.base_url or "") for one in found) == [
        ('m {"max_tokens": 10}', "http://a.test/v1"),
        ('m {"max_tokens": 9}', ""),
        ('m {"max_tokens": 9}', "http://b.test/v1"),
    ]


COLUMNS: dict[str, Any] = {
    "request": "ef" * 32,
    "repeat": 7,
    "redacted": "email",
    "asked_at": 5,
    "usd": 0.25,
    "run": "another",
    "completion": b'{"text": "not what was said"}',
    "sum": 1,
}


@pytest.mark.parametrize("column", COLUMNS)
def test_a_row_that_was_changed_is_no_answer(tmp_path: Path, column: str) -> None:
    """Whichever column it is, the row is counted as damaged and the call is made again."""
    put(tmp_path)
    with sqlite3.connect(tmp_path / FILE) as database:
        database.execute(f"UPDATE answers SET {column} = ?", (COLUMNS[column],))
    database.close()
    store = AnswerStore(tmp_path, redacted=("email",) if column == "redacted" else ())
    name = (
        replace(NAME, **({column.replace("request", "request_fp"): COLUMNS[column]}))
        if column in ("request", "repeat")
        else NAME
    )
    assert store.known([name]) == {}
    assert store.get(name) is None
    assert "1 damaged answer" in store.notes()[0]
    store.put(name, Completion(text="again"), 0.0)
    assert store.get(name) is not None


WRECKS: dict[str, Callable[[Path], object]] = {
    "no database": lambda path: path.write_bytes(b"{}\n" * 4000),
    "a database of something else": lambda path: _other(path, 0),
    "another version": lambda path: _other(path, 99),
}


def _other(path: Path, version: int) -> None:
    path.unlink(missing_ok=True)
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE t (x)")
        database.execute(f"PRAGMA user_version = {version}")
    database.close()


@pytest.mark.parametrize("wreck", WRECKS)
def test_a_file_that_is_no_store_is_an_error_before_anything_is_paid(tmp_path: Path, wreck: str) -> None:
    """To go on without it would pay again for all that is in it; it is left as it is."""
    WRECKS[wreck](tmp_path / FILE)
    before = (tmp_path / FILE).read_bytes()
    with pytest.raises(InputError) as raised:
        AnswerStore(tmp_path)
    assert raised.value.code in ("store.damaged", "store.version")
    assert (tmp_path / FILE).read_bytes() == before


def test_a_cut_file_never_gives_a_wrong_answer(tmp_path: Path) -> None:
    """Cut at any page: an error, or some of the answers, each whole."""
    names = [replace(NAME, request_fp=f"{n:064x}") for n in range(200)]
    store = AnswerStore(tmp_path)
    for name in names:
        store.put(name, Completion(text=name.request_fp * 3), 0.0)
    store.close()
    whole = (tmp_path / FILE).read_bytes()
    for size in range(4096, len(whole), 7 * 4096):
        (tmp_path / FILE).write_bytes(whole[:size])
        for rest in ("-wal", "-shm"):
            (tmp_path / (FILE + rest)).unlink(missing_ok=True)
        try:
            store = AnswerStore(tmp_path)
            found = store.known(names)
        except InputError:
            continue
        for name in found:
            kept = store.get(name)
            assert kept is None or kept.completion.text == name.request_fp * 3
        store.close()


CHILD = """
import sys
from pathlib import Path
from dataclasses import replace
from audit.core.exchange import Completion
from audit.store.answers import AnswerStore
from tests.store.test_answers import NAME
store = AnswerStore(Path(sys.argv[1]), run=sys.argv[2])
for number in range(int(sys.argv[3]), int(sys.argv[4])):
    store.put(replace(NAME, request_fp=f"{number:064x}"), Completion(text=f"answer {number}"), 0.001)
    print(number, flush=True)
"""


def _child(folder: Path, run: str, first: int, last: int) -> subprocess.Popen[str]:
    arguments = [sys.executable, "-c", CHILD, str(folder), run, str(first), str(last)]
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2])


def test_two_processes_at_once_and_a_kill_lose_nothing_that_was_put(tmp_path: Path) -> None:
    """Both write the same new store; one is killed in the middle. What each said it had put is there, whole."""
    with _child(tmp_path, "one", 0, 300) as one, _child(tmp_path, "other", 200, 100_000) as other:
        assert other.stdout is not None
        said = [int(line) for line in itertools.islice(other.stdout, 150)]
        other.kill()
        said += [int(line) for line in other.stdout if line.endswith("\n")]
        out, _ = one.communicate(timeout=60)
    said += [int(line) for line in out.split()]
    assert one.returncode == 0
    store = AnswerStore(tmp_path)
    for number in said:
        kept = store.get(replace(NAME, request_fp=f"{number:064x}"))
        assert kept is not None
        assert kept.completion.text == f"answer {number}"
    assert not store.notes()


def test_many_may_make_the_store_in_the_same_moment(tmp_path: Path) -> None:
    """Nobody finds it half made, or in the hands of another."""
    everybody = 6
    for number in range(30):
        path, gate = tmp_path / f"{number}.sqlite", threading.Barrier(everybody)

        def made(path: Path = path, gate: threading.Barrier = gate) -> None:
            gate.wait()
            connect(path, make=True).close()

        with ThreadPoolExecutor(everybody) as pool:
            for done in [pool.submit(made) for _ in range(everybody)]:
                done.result()


def test_a_store_that_cannot_be_written_does_not_end_the_run(tmp_path: Path) -> None:
    """The answers that were paid for are in the run folder; that the next run cannot have them is said."""
    (tmp_path / "store").write_text("a file where the folder should be")
    store = AnswerStore(tmp_path / "store")
    store.put(NAME, FULL, 0.0)
    store.put(NAME, FULL, 0.0)
    (note,) = store.notes()
    assert "could not be kept" in note


def test_what_is_forgotten_is_in_no_byte(tmp_path: Path) -> None:
    """All answers to a request, whoever was asked; others stay, and counting alone changes nothing."""
    secret = replace(FULL, text="my name is ada lovelace")
    for name in (NAME, OTHERS["another model"], OTHERS["another repeat"]):
        put(tmp_path, name, secret)
    put(tmp_path, OTHERS["another request"])
    store = AnswerStore(tmp_path)
    assert store.forget([NAME.request_fp, "ef" * 32], sure=False) == 3
    assert store.get(NAME) is not None
    assert store.forget([NAME.request_fp], sure=True) == 3
    assert (store.get(NAME), store.get(OTHERS["another request"]) is None) == (None, False)
    store.close()
    assert [path.name for path in tmp_path.iterdir() if b"ada lovelace" in path.read_bytes()] == []
    assert AnswerStore(tmp_path / "none").forget([NAME.request_fp], sure=True) == 0
