"""A run in object storage: what is published is whole at every moment, and two copies of it never mix."""

from __future__ import annotations

import hashlib
import json
import random
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from pyarrow.fs import FileSystem, LocalFileSystem, SubTreeFileSystem

from audit.core.artifacts import ORIGIN
from audit.core.errors import InputError
from audit.storage import shelf
from audit.storage.address import ObjectAddress
from audit.storage.shelf import Shelf
from audit.storage.working_copy import STALE_S, WorkingCopy

ADDRESS = ObjectAddress("s3", "audits/june")
SMALL = 10
"""Bytes of a piece here, so that files have several."""


class Counted:
    """A file system that counts what is written, and fails at one operation."""

    def __init__(self, files: FileSystem) -> None:
        self._files = files
        self.written = 0
        self.fails_at: int | None = None

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._files, name)
        if name in ("open_output_stream", "delete_file"):
            self.written += 1
            if self.written == self.fails_at:
                raise OSError("AWS Error NETWORK_CONNECTION")
        return method


@pytest.fixture
def bucket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Counted:
    """A folder of this disk in place of the storage; pieces are small."""
    (tmp_path / "bucket" / "audits" / "june" / "pieces").mkdir(parents=True)
    files = Counted(SubTreeFileSystem(str(tmp_path / "bucket"), LocalFileSystem()))
    monkeypatch.setattr(ObjectAddress, "connect", lambda _: files)
    monkeypatch.setattr(shelf, "PIECE_BYTES", SMALL)
    return files


def copy_at(folder: Path) -> WorkingCopy:
    """A copy in a folder, as published last."""
    copy = WorkingCopy(ADDRESS, folder)
    copy.open()
    return copy


def held(folder: Path) -> dict[str, bytes]:
    """Every file of a folder, by name."""
    found = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    return {name: path.read_bytes() for name, path in found.items() if name != ORIGIN}


def seed(folder: Path, files: Mapping[str, bytes]) -> None:
    """Publish a first state."""
    copy = copy_at(folder)
    for name, data in files.items():
        write(folder, name, data)
    copy.close()


def write(folder: Path, name: str, data: bytes) -> None:
    """A file, and its folders."""
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)


@pytest.mark.parametrize("seed", range(8))
def test_what_one_publishes_the_other_has(bucket: Counted, tmp_path: Path, seed: int) -> None:
    """Files that are made, grow, change and go, by turns on two machines; no piece is left that nothing names."""
    rng = random.Random(seed)
    names = ["manifest.json", "replays/journal.jsonl", "traffic/traffic-0.parquet", "report.html", "empty"]
    for turn in range(8):
        here, there = (tmp_path / "ab"[(turn + n) % 2] for n in (0, 1))
        copy = copy_at(here)
        for name in rng.sample(names, 3):
            if (here / name).exists() and rng.random() < 0.3:
                (here / name).unlink()
            else:
                before = (here / name).read_bytes() if (here / name).exists() and rng.random() < 0.5 else b""
                write(here, name, before + rng.randbytes(rng.randrange(4 * SMALL)))
        copy.close()
        copy_at(there)
        assert held(here) == held(there)
    there = tmp_path / "bucket/audits/june"
    report = there / "report.html"
    assert (report.read_bytes() if report.exists() else None) == held(tmp_path / "a").get("report.html")
    left = {path.name for path in (there / "pieces").iterdir()}
    pieces = [data[n : n + SMALL] for data in held(tmp_path / "a").values() for n in range(0, len(data), SMALL)]
    assert left == {hashlib.sha256(piece).hexdigest() for piece in pieces}


def test_a_publisher_that_dies_anywhere_publishes_nothing_or_all(bucket: Counted, tmp_path: Path) -> None:
    """Whichever of its writes fails: others see what was before or what is now; the next command publishes the rest."""
    fails_at = 0
    seed(tmp_path / "a", before := {"one": b"first " * 9, "two": b"second " * 9})
    for round_ in range(60):
        copy, wanted = copy_at(tmp_path / "a"), held(tmp_path / "a")
        bucket.fails_at, fails_at = bucket.written + fails_at + 1, fails_at + 1
        try:
            copy.close()
            done = True
        except InputError:
            done = False
        bucket.fails_at = None
        copy_at(tmp_path / "b")
        assert held(tmp_path / "b") in (before, wanted)
        assert not done or held(tmp_path / "b") == wanted
        before = held(tmp_path / "b")
        if done and round_ > 30:
            return
        write(tmp_path / "a", "one", f"state {round_} ".encode() * 9)
    pytest.fail("no publisher ever came to its end")


def test_a_reader_beside_a_publisher_sees_one_state(
    bucket: Counted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Publishing between two files that a reader takes gives it the old state or the new one, never parts of both."""
    seed(tmp_path / "a", {f"file{number}": b"old" * 9 for number in range(4)})
    fill, taken = Shelf.fill, 0

    def slow(self: Shelf, *given: Any) -> bool:
        nonlocal taken
        if (taken := taken + 1) == 3:
            for number in range(4):
                write(tmp_path / "a", f"file{number}", b"new" * 9)
            copy_at(tmp_path / "a").close()
        return fill(self, *given)

    monkeypatch.setattr(Shelf, "fill", slow)
    copy_at(tmp_path / "b")
    assert set(held(tmp_path / "b").values()) == {b"new" * 9}


@pytest.mark.parametrize("moves", range(5))
def test_a_copy_that_is_killed_while_it_is_made_is_made_by_the_next_command(
    bucket: Counted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moves: int
) -> None:
    """After none, some or all of its files were moved to their place; made for the first time, or once more."""
    seed(tmp_path / "a", {f"in/file{number}": b"old" for number in range(3)} | {"goes": b"soon"})
    copy_at(tmp_path / "b")
    copy = copy_at(tmp_path / "a")
    (tmp_path / "a" / "goes").unlink()
    for number in range(3):
        write(tmp_path / "a", f"in/file{number}", b"new")
    copy.close()
    replace, done = Path.replace, 0

    def dying(self: Path, place: Path) -> Path:
        nonlocal done
        if ".incoming" in self.parts and not self.name.startswith("."):
            done += 1
            if done > moves:
                raise KeyboardInterrupt
        return replace(self, place)

    for machine in ("b", "c"):
        done = 0
        monkeypatch.setattr(Path, "replace", dying)
        with suppress(KeyboardInterrupt):
            copy_at(tmp_path / machine)
        monkeypatch.undo()
        monkeypatch.setattr(ObjectAddress, "connect", lambda _: bucket)
        copy_at(tmp_path / machine).close()
        assert held(tmp_path / machine) == {f"in/file{number}": b"new" for number in range(3)}
        assert not list((tmp_path / machine).glob(".*"))


def test_an_index_that_was_cut_by_its_successor_is_read_again(
    bucket: Counted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its size was asked for before it was replaced; what was read then is the beginning of another one."""
    seed(tmp_path / "a", {"journal": b"paid"})
    get, cut = Shelf.get, iter([7, 100])

    def short(self: Shelf, key: str) -> bytes | None:
        data = get(self, key)
        return data[: next(cut, None)] if data is not None and key == "index.json" else data

    monkeypatch.setattr(Shelf, "get", short)
    copy_at(tmp_path / "b")
    assert held(tmp_path / "b") == {"journal": b"paid"}


def test_two_that_changed_the_same_never_mix(bucket: Counted, tmp_path: Path) -> None:
    """The second one is refused, keeps what it has, and is told so each time until it is moved away."""
    copy_at(tmp_path / "a").close()
    one, two = copy_at(tmp_path / "a"), copy_at(tmp_path / "b")
    write(tmp_path / "a", "journal", b"paid by a")
    write(tmp_path / "b", "journal", b"paid by b")
    one.close()
    for attempt in (two.close, two.open):
        with pytest.raises(InputError, match="somebody else"):
            attempt()
    assert (held(tmp_path / "a"), held(tmp_path / "b")) == ({"journal": b"paid by a"}, {"journal": b"paid by b"})
    (tmp_path / "b").rename(tmp_path / "kept")
    copy_at(tmp_path / "b")
    assert held(tmp_path / "b") == {"journal": b"paid by a"}


def test_a_file_that_grows_costs_its_end(bucket: Counted, tmp_path: Path) -> None:
    """A journal of a hundred pieces that got one more line: its last piece and the index are put, one piece goes."""
    seed(tmp_path / "a", {"journal": b"x" * (100 * SMALL - 3)})
    copy = copy_at(tmp_path / "a")
    write(tmp_path / "a", "journal", b"x" * (100 * SMALL - 3) + b"yyy")
    before = bucket.written
    copy.close()
    assert bucket.written - before == 3


def test_only_one_works_on_a_run(bucket: Counted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Until it ends, or has not been heard of for a while; what another left there is no word of anybody."""
    first = copy_at(tmp_path / "a")
    first.claim()
    with pytest.raises(InputError, match="worked on by another command"):
        copy_at(tmp_path / "b").claim()
    first.close()
    second = copy_at(tmp_path / "b")
    second.claim()
    later = time.time() + STALE_S + 1
    monkeypatch.setattr("audit.storage.working_copy.time.time", lambda: later)
    third = copy_at(tmp_path / "c")
    third.claim()
    third.close()
    second.close()


HOSTILE: list[tuple[str, Callable[[dict[str, Any]], Any]]] = [
    ("a file above", lambda file: {"../escaped": file}),
    ("an absolute path", lambda file: {"/tmp/escaped": file}),
    ("within and out again", lambda file: {"a/../../escaped": file}),
    ("a hidden file", lambda file: {".bashrc": file}),
    ("where the copy is from", lambda file: {ORIGIN: file}),
    ("a piece elsewhere", lambda file: {"a": file | {"pieces": ["../index.json"]}}),
    ("another size", lambda file: {"a": file | {"size": 5}}),
    ("another piece", lambda file: {"a": file | {"pieces": ["0" * 64]}}),
    ("no files", lambda file: [file]),
    ("a size in words", lambda file: {"a": file | {"size": "many"}}),
    ("a file below a file", lambda file: {"a": file, "a/b": file}),
]


@pytest.mark.parametrize(("what", "files"), HOSTILE, ids=[what for what, _ in HOSTILE])
def test_an_index_is_not_believed(
    bucket: Counted, tmp_path: Path, what: str, files: Callable[[dict[str, Any]], Any]
) -> None:
    """Whoever may write to the bucket can write no file outside the run's folder, and none that is not what it says."""
    seed(tmp_path / "seed", {"a": b"content"})
    index = tmp_path / "bucket/audits/june/index.json"
    document = json.loads(index.read_text())
    document["files"] = files(document["files"]["a"])
    index.write_text(json.dumps(document))
    with pytest.raises(InputError, match=r"is damaged|lacks a piece"):
        copy_at(tmp_path / "deep" / "a")
    assert not [*tmp_path.rglob("escaped"), *Path("/tmp").glob("escaped")]
    assert held(tmp_path / "deep" / "a") in ({}, {"a": b"content"})


def test_a_folder_in_the_way_is_left_alone(bucket: Counted, tmp_path: Path) -> None:
    """Somebody's own folder of that name, or a copy of another run."""
    write(tmp_path / "a", "mine", b"mine")
    with pytest.raises(InputError, match="is no copy of s3://audits/june"):
        copy_at(tmp_path / "a")
    other = WorkingCopy(ObjectAddress("s3", "audits/july"), tmp_path / "b")
    other.open()
    with pytest.raises(InputError, match="is no copy of s3://audits/june"):
        copy_at(tmp_path / "b")
    assert held(tmp_path / "a") == {"mine": b"mine"}
