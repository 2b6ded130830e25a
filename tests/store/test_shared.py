"""A store that machines share: nobody loses what another put, nothing damaged is believed, and erased stays erased."""

from __future__ import annotations

import gzip
import hashlib
import json
import random
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from pyarrow.fs import FileSystem, LocalFileSystem, SubTreeFileSystem

from audit.cli.printing.store import print_stored
from audit.cli.terminal import Switches, Terminal
from audit.core.adaptation import AskedAs
from audit.core.errors import InputError
from audit.core.exchange import Completion
from audit.core.plain import to_plain
from audit.flow.keeping.sharing import Sharing
from audit.storage.address import ObjectAddress
from audit.storage.objects import ObjectFolder
from audit.store import pieces, shared, upkeep
from audit.store.answers import FILE, AnswerStore, checksum
from audit.store.erased import mark_of
from audit.store.kept import AnswerName
from audit.store.pieces import SharedAnswer
from audit.store.shared import DAY_S, SharedStore
from tests.store.test_answers import NAME

ADDRESS = ObjectAddress("s3", "audits/team")
NOW = 1_790_000_000.0


class Bucket:
    """A folder of this disk in place of the storage, in which anything may happen before an operation."""

    def __init__(self, folder: Path) -> None:
        for name in ("answers", "erased"):
            (folder / ADDRESS.place / name).mkdir(parents=True)
        self.folder = folder / ADDRESS.place
        self._files: FileSystem = SubTreeFileSystem(str(folder), LocalFileSystem())
        self.before: Callable[[str, str], None] = lambda _operation, _path: None

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._files, name)

        def called(path: Any, **rest: Any) -> Any:
            self.before(name, getattr(path, "base_dir", path))
            return method(path, **rest)

        return called

    def pieces(self) -> list[Path]:
        """Files of pieces."""
        return sorted((self.folder / "answers").iterdir())

    def once(self, operation: str, path: str, action: Callable[[], object]) -> None:
        """Do something the next time that an operation is about to be done below a path, and not within it."""

        def before(name: str, where: str) -> None:
            if name == operation and f"/{path}" in where:
                self.before = lambda _operation, _path: None
                action()

        self.before = before


@pytest.fixture
def bucket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    """An empty one; pieces hold a few answers."""
    made = Bucket(tmp_path / "bucket")
    monkeypatch.setattr(ObjectAddress, "connect", lambda _: made)
    monkeypatch.setattr(pieces, "PIECE_BYTES", 600)
    return made


class Machine:
    """A machine with its copy."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = SharedStore(ADDRESS, folder, now=lambda: NOW)

    def put(self, number: int, text: str = "", at: float = NOW - 10) -> None:
        """Keep an answer, as a run does."""
        with closing(AnswerStore(self.folder, run=self.folder.name, now=lambda: at)) as store:
            store.put(named(number), Completion(text=text or f"answer {number}"), 0.25)

    def held(self) -> dict[int, str]:
        """By number, the answers that a run here would take."""
        with closing(AnswerStore(self.folder)) as store:
            found = {number: store.get(named(number)) for number in range(40)}
        return {number: kept.completion.text or "" for number, kept in found.items() if kept is not None}


def named(number: int) -> AnswerName:
    """The name of an answer."""
    return replace(NAME, request_fp=f"{number:064x}")


@pytest.fixture
def machines(bucket: Bucket, tmp_path: Path) -> Callable[[str], Machine]:
    """By name; each has taken part once, so that its copy is there."""

    def made(name: str) -> Machine:
        machine = Machine(tmp_path / name)
        machine.store.take_in()
        return machine

    assert bucket.pieces() == []
    return made


@pytest.mark.parametrize("seed", range(3))
def test_whatever_the_order_all_have_what_anybody_put(machines: Callable[[str], Machine], seed: int) -> None:
    """Three machines put, share, take in, gather and leave at random, with names that two of them ask both: in the end
    all hold every answer, of one name the latest, and nobody is given what it has."""
    rng = random.Random(seed)
    all_ = [machines(name) for name in "abc"]
    put: dict[int, str] = {}
    for turn in range(40):
        machine = rng.choice(all_)
        action = rng.choice(["put", "put", "put", "share", "take in", "gather"])
        if action == "put":
            number, text = rng.randrange(15), f"text {turn}"
            machine.put(number, text, NOW - 1000 + turn)
            put[number] = text
        elif action == "share":
            machine.store.share()
        elif action == "take in":
            machine.store.take_in()
        else:
            machine.store.gather([one.name for one in ObjectFolder(ADDRESS).listed("answers")])
    for machine in (*all_, *all_):
        machine.store.take_in()
        machine.store.share()
    assert {machine.store.take_in().answers for machine in all_} == {0}
    assert [machine.held() for machine in all_] == [put, put, put]
    assert {machine.store.facts().unshared for machine in all_} == {0}
    assert all_[0].store.verify().damaged == ()


def test_a_machine_that_dies_anywhere_loses_nothing(
    bucket: Bucket, machines: Callable[[str], Machine], tmp_path: Path
) -> None:
    """Whichever operation on the storage fails while answers are shared and gathered: the next session has all."""
    one = machines("a")
    number = 0
    for fails_at in range(60):
        asked = 0

        def before(_name: str, _path: str, fails_at: int = fails_at) -> None:
            nonlocal asked
            asked += 1
            if asked > fails_at:
                raise OSError("AWS Error NETWORK_CONNECTION")

        for _ in range(3):
            one.put(number % 40)
            number += 1
        bucket.before = before
        done = False
        with suppress(InputError):
            one.store.gather(list(one.store.share()))
            done = True
        bucket.before = lambda _name, _path: None
        one.store.share()
        other = Machine(tmp_path / f"other{fails_at}")
        other.store.take_in()
        assert other.held() == one.held()
        if done:
            return
    pytest.fail("no session ever came to its end")


DAMAGE: dict[str, Callable[[Path], object]] = {
    "cut": lambda path: path.write_bytes(path.read_bytes()[:-9]),
    "empty": lambda path: path.write_bytes(b""),
    "a flipped bit": lambda path: path.write_bytes(path.read_bytes()[:-1] + b"\x01"),
    "under another name": lambda path: path.rename(path.with_name("0" * 64 + pieces.SUFFIX)),
}
FORGED: dict[str, bytes] = {
    "no rows": b'{"schema":"audit-answers/1"}\n[1,2]\n',
    "a row of other types": b'{"schema":"audit-answers/1"}\n[{},[],null,"0","",1,2.0,"","{}",7]\n',
    "another's row": b'{"schema":"audit-answers/1"}\n["m","","ff",0,"",1,2.0,"","{}",7]\n',
    "no form": b"[]\n",
    "nothing": b"",
    "deep": b'{"schema":"audit-answers/1"}\n' + b"[" * 100_000,
}


@pytest.mark.parametrize("name", [*DAMAGE, *FORGED])
def test_nothing_of_a_damaged_piece_is_believed(
    bucket: Bucket, machines: Callable[[str], Machine], tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole one beside it is; what was not used is told, named, and gone after a prune."""
    one, other = machines("a"), machines("b")
    one.put(1)
    one.store.share()
    (bad,) = bucket.pieces()
    if name in DAMAGE:
        DAMAGE[name](bad)
    else:
        bad.unlink()
        forged(bucket, gzip.compress(FORGED[name], mtime=0))
    one.put(2)
    one.store.share()
    taken = other.store.take_in()
    assert (other.held(), len(taken.damaged)) == ({2: "answer 2"}, 1)
    assert len(other.store.take_in().damaged) == 1
    checked = other.store.verify()
    assert (checked.answers, len(checked.damaged)) == (1, 1)
    other.store.prune(older_than_days=1000)
    assert other.store.verify().damaged == ()
    assert [len(bucket.pieces()), one.held()] == [1, {1: "answer 1", 2: "answer 2"}]


def forged(bucket: Bucket, data: bytes) -> None:
    """Put bytes where a piece of them would be."""
    name = hashlib.sha256(data).hexdigest() + pieces.SUFFIX
    (bucket.folder / "answers" / name).write_bytes(data)


WHOLE = SharedAnswer(
    answers_key="m", address="", request="f" * 64, repeat=0, redacted="", asked_at=1, usd=0.5, run="r",
    completion='{"text": "yes"}', sum=0,
)  # fmt: skip
STRANGE: tuple[Any, ...] = (
    *(None, True, -1, 1 << 70, 1e400, float("nan"), 0.5, "", "9", "\ud800", "\x00", [], {}, "[]", '"text"', "null"),
    *('{"text": 5}', '{"text": "yes", "usage": 7}', '{"text": "yes", "tool_calls": {"a": 1}}', "[" * 100_000),
)
"""Of which some are right in some columns."""


@pytest.mark.parametrize("column", [one.name for one in fields(SharedAnswer)])
def test_whatever_a_column_holds_nobody_stumbles(
    bucket: Bucket, machines: Callable[[str], Machine], column: str
) -> None:
    """A piece with the right name and sums, made by something else: its answers are answers or are not used, what is
    said of the store can be said, and the others are taken."""
    one, other = machines("a"), machines("b")
    one.put(2)
    one.store.share()
    names = []
    for value in STRANGE:
        row = replace(WHOLE, **{column: value})
        name = replace(
            NAME,
            asked=AskedAs(answers_key=row.answers_key, base_url=row.address or None),
            request_fp=row.request,
            repeat=row.repeat,
        )
        with suppress(AttributeError, TypeError, ValueError):
            facts = (row.asked_at, row.usd, row.run)
            row = replace(row, sum=checksum(name, row.redacted, facts, row.completion.encode()))
        forged(bucket, pieces.piece_of([row])[1])
        if column in ("usd", "run", "asked_at", "completion", "sum"):
            names.append(name)
    other.store.take_in()
    with closing(AnswerStore(other.folder)) as store:
        assert all((kept := store.get(name)) and kept.completion.text == "yes" for name in store.known(names))
    assert other.held() == {2: "answer 2"}
    stored = replace(upkeep.contents(other.folder), shared=other.store.facts())
    print_stored(Terminal(Switches()), stored)
    json.dumps(to_plain(stored), allow_nan=False).encode()
    other.store.verify()
    upkeep.verify(other.folder)
    other.store.prune(older_than_days=1)


def test_what_is_no_piece_is_left_alone(bucket: Bucket, machines: Callable[[str], Machine]) -> None:
    """Somebody's own files under the same address are not read, not counted as damage, and outlive every command."""
    one = machines("a")
    theirs = {
        name: bucket.folder / "answers" / name
        for name in ("gold.jsonl.gz", "notes.txt", "A" * 64 + pieces.SUFFIX, "\x1b[31m", "0" * 63 + pieces.SUFFIX)
    }
    for path in theirs.values():
        path.write_text("mine")
    one.put(1)
    one.store.share()
    assert machines("b").held() == {1: "answer 1"}
    assert one.store.take_in().damaged == ()
    _erase(one, 1)
    one.store.prune(older_than_days=0, most_bytes=0)
    checked = one.store.verify()
    assert (checked.damaged, checked.pieces) == ((), 0)
    assert checked.foreign == tuple(f"answers/{name}" for name in sorted(theirs))
    assert {path.read_text() for path in theirs.values()} == {"mine"}


def test_a_piece_that_expands_without_end_is_damaged(
    bucket: Bucket, machines: Callable[[str], Machine], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither is one read that is longer than any piece; what is whole up to the limit is no whole piece."""
    one = machines("a")
    one.put(1)
    one.store.share()
    (piece,) = bucket.pieces()
    text = gzip.decompress(piece.read_bytes())
    for module in (shared, pieces):
        monkeypatch.setattr(module, "MOST_BYTES", 2 * len(text))
    forged(bucket, gzip.compress(text + b" " * 2 * len(text), mtime=0))
    forged(bucket, gzip.compress(text + random.Random(1).randbytes(9 * len(text)), mtime=0))
    fresh = Machine(one.folder.with_name("b"))
    taken = fresh.store.take_in()
    assert (taken.answers, len(taken.damaged)) == (1, 2)
    checked = one.store.verify()
    assert (checked.answers, len(checked.damaged)) == (1, 2)


@pytest.mark.parametrize(
    "marks", ["[1]", "7", '{"a": "x"}', '{"a": 1' + "0" * 400 + "}", '{"a": [1]}', "[" * 100_000, "null"]
)
def test_an_erasure_of_something_else_is_refused(
    bucket: Bucket, machines: Callable[[str], Machine], marks: str
) -> None:
    """With the right name, but made by something else: nothing is taken, and what to do is said."""
    one = machines("a")
    for data in (f'{{"schema": "audit-erased/1", "marks": {marks}}}'.encode(), marks.encode()):
        path = bucket.folder / "erased" / (hashlib.sha256(data).hexdigest() + ".json")
        path.write_bytes(data)
        with pytest.raises(InputError, match="it says what was erased"):
            one.store.take_in()
        assert len(one.store.verify().damaged) == 1
        path.unlink()


def test_a_damaged_answer_here_is_not_shared(machines: Callable[[str], Machine]) -> None:
    """A row that is not as it was written stays where it is; the others go."""
    one, other = machines("a"), machines("b")
    for number in range(3):
        one.put(number)
    with closing(sqlite3.connect(one.folder / FILE, isolation_level=None)) as database:
        database.execute("UPDATE answers SET usd = 9 WHERE request = ?", (named(1).request_fp,))
    one.store.share()
    other.store.take_in()
    assert other.held().keys() == {0, 2}


def test_what_is_gathered_while_it_is_taken_in_is_not_missed(
    bucket: Bucket, machines: Callable[[str], Machine]
) -> None:
    """Pieces go between their listing and their reading: they are listed again. Those that never come are told of."""
    one, other = machines("a"), machines("b")
    names: list[str] = []
    for number in range(4):
        one.put(number)
        names += one.store.share()
    bucket.once("open_input_stream", "answers", lambda: one.store.gather(names))
    taken = other.store.take_in()
    assert (other.held(), taken.damaged) == (one.held(), ())
    third = machines("c")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ObjectFolder, "get", lambda *_args, **_rest: None)
        fourth = Machine(third.folder.with_name("d"))
        assert fourth.store.take_in().damaged == ("pieces that are listed are not there",)
    assert fourth.held() == {}


def _erase(machine: Machine, *numbers: int) -> int:
    return machine.store.forget([named(number).request_fp for number in numbers], sure=True)


LATE: dict[str, tuple[str, str]] = {
    "before its erasure is put": ("open_output_stream", "erased"),
    "before the pieces are looked through": ("get_file_info", "answers"),
}


@pytest.mark.parametrize("when", [*LATE, "long after", "another machine's clock is ahead"])
def test_a_late_publisher_brings_nothing_back(
    bucket: Bucket, machines: Callable[[str], Machine], tmp_path: Path, when: str
) -> None:
    """Another machine holds the answer, shared or not, and publishes at every bad moment: it is nowhere afterwards."""
    office, late, copied = machines("office"), machines("late"), machines("copied")
    office.put(1, "ada's")
    office.put(2)
    office.store.share()
    copied.store.take_in()
    late.put(1, "ada's too", NOW + 9 * DAY_S if "ahead" in when else NOW - 5)
    late.put(3)
    if when in LATE:
        bucket.once(*LATE[when], late.store.share)
    assert office.store.forget([named(1).request_fp, "absent"], sure=False) == 1
    assert office.held().keys() == {1, 2}
    assert _erase(office, 1) == 1
    for machine in (late, copied, office):
        machine.store.share()
        machine.store.take_in()
    fresh = Machine(tmp_path / "fresh")
    fresh.store.take_in()
    for machine in (office, late, copied, fresh):
        assert machine.held().keys() == {2, 3}
        told = b"".join(path.read_bytes() for path in machine.folder.iterdir())
        assert b"ada" not in told
    left = [one for path in bucket.pieces() for one in pieces.answers_of(path.name, path.read_bytes())]
    assert {one.request for one in left} == {named(2).request_fp, named(3).request_fp}
    assert named(1).request_fp not in next((bucket.folder / "erased").iterdir()).read_text()


@pytest.mark.parametrize("dies", [False, True])
def test_an_erasure_between_a_look_and_a_put_is_seen(
    bucket: Bucket, machines: Callable[[str], Machine], tmp_path: Path, dies: bool
) -> None:
    """A publisher has looked for erasures and puts its piece after one was made. It looks again; where it dies before
    that, whoever meets the piece takes nothing erased from it, and cleans it."""
    office, late = machines("office"), machines("late")
    late.put(1, "ada's")
    late.put(2)

    def erase() -> None:
        _erase(office, 1)
        if dies:
            bucket.once("get_file_info", "erased", stop)

    def stop() -> None:
        raise OSError("AWS Error NETWORK_CONNECTION")

    bucket.once("open_output_stream", "answers", erase)
    with suppress(InputError):
        late.store.share()
    bucket.before = lambda _operation, _path: None
    if dies:
        assert len(bucket.pieces()) == 1
    fresh = Machine(tmp_path / "fresh")
    fresh.store.take_in()
    assert fresh.held() == {2: "answer 2"}
    for path in bucket.pieces():
        assert [one.request for one in pieces.answers_of(path.name, path.read_bytes())] == [named(2).request_fp]
    late.store.share()
    assert late.held() == {2: "answer 2"}


def test_what_judges_were_asked_may_be_asked_again(machines: Callable[[str], Machine]) -> None:
    """Erased so far, not for good: an answer of a day later is shared; one of a clock that is some hours ahead is not.
    Of two erasures of one request the longer holds."""
    one, other = machines("a"), machines("b")
    for at, held in ((NOW - 1, set[int]()), (NOW + 3600, set()), (NOW + DAY_S + 1, {1})):
        one.store.forget([], [named(1).request_fp], sure=True)
        other.put(1, at=at)
        other.store.share()
        one.store.take_in()
        assert one.held().keys() == held
    one.store.forget([named(1).request_fp], sure=True)
    one.store.forget([], [named(1).request_fp], sure=True)
    other.store.take_in()
    other.put(1, at=NOW + 2 * DAY_S)
    other.store.share()
    assert (other.held(), one.store.facts().pieces) == ({}, 0)


def test_without_knowing_what_was_erased_nothing_is_taken_or_shared(
    bucket: Bucket, machines: Callable[[str], Machine], tmp_path: Path
) -> None:
    """A damaged erasure is no erasure that may be passed over."""
    one, other = machines("a"), machines("b")
    one.put(1)
    one.store.share()
    _erase(one, 1)
    (erasure,) = (bucket.folder / "erased").iterdir()
    erasure.write_bytes(erasure.read_bytes().replace(mark_of(named(1).request_fp)[:8].encode(), b"00000000"))
    other.put(1)
    for act in (other.store.take_in, other.store.share, Machine(tmp_path / "c").store.take_in):
        with pytest.raises(InputError, match="it says what was erased"):
            act()
    assert bucket.pieces() == []
    assert len(one.store.verify().damaged) == 1


@pytest.mark.parametrize(
    ("limits", "left"),
    [
        ({"older_than_days": 4.5}, range(5)),
        ({"older_than_days": 0}, range(0)),
        ({"most_bytes": 0}, range(0)),
        ({"most_bytes": 10**9}, range(10)),
        ({"older_than_days": 8.5, "most_bytes": 10**9}, range(9)),
    ],
)
def test_pruned_is_not_brought_back(machines: Callable[[str], Machine], limits: dict[str, Any], left: range) -> None:
    """The young stay, in fewer pieces; a machine that holds the old ones keeps them to itself."""
    one, other = machines("a"), machines("b")
    for days in range(10):
        one.put(days, at=NOW - days * DAY_S - 1)
        one.store.share()
    other.store.take_in()
    before = one.store.facts()
    pruned = one.store.prune(**limits)
    assert pruned.answers == 10 - len(left)
    assert pruned.bytes == before.bytes - one.store.facts().bytes
    other.put(20)
    other.store.share()
    new = machines("c")
    assert new.held().keys() == {*left, 20}
    assert new.store.facts().pieces < before.pieces
    assert len(other.held()) == 11


def test_half_of_the_room_holds_the_younger_half(machines: Callable[[str], Machine]) -> None:
    """By size, the oldest go first."""
    one = machines("a")
    for days in range(10):
        one.put(days, at=NOW - days * DAY_S - 1)
        one.store.share()
    one.store.prune(most_bytes=one.store.facts().bytes // 2)
    assert machines("c").held().keys() == {*range(5)}


def test_a_session_shares_while_it_works_and_leaves_one_piece(
    bucket: Bucket, machines: Callable[[str], Machine], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was paid for is there before the end; what a killed session left is shared by the next."""
    monkeypatch.setattr(pieces, "PIECE_BYTES", 1 << 20)
    one, other = machines("a"), machines("b")
    one.put(0)
    session = Sharing(one.store, every_s=0.01)
    session.open()
    for number in range(1, 4):
        one.put(number)
        while number not in other.held():
            other.store.take_in()
    assert session.close() == 4
    assert len(bucket.pieces()) == 1
    assert machines("c").held() == one.held()


def test_who_may_only_read_takes_what_is_there(
    machines: Callable[[str], Machine], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And is told, at its end, that what it paid for was not shared; the machine keeps it for later."""
    one, other = machines("a"), machines("b")
    one.put(1)
    one.store.share()
    other.put(2)

    def refused(self: ObjectFolder, key: str, _data: bytes) -> None:
        raise self.address.unreachable(OSError("AWS Error ACCESS_DENIED"), "written")

    with monkeypatch.context() as denied:
        denied.setattr(ObjectFolder, "put", refused)
        session = Sharing(other.store)
        assert session.open().answers == 1
        with pytest.raises(InputError, match="access denied"):
            session.close()
    assert other.held().keys() == {1, 2}
    other.store.share()
    assert machines("c").held().keys() == {1, 2}


def test_no_bucket_is_said_before_anything_is_paid(machines: Callable[[str], Machine], tmp_path: Path) -> None:
    """A slip of the pen is not an empty store."""
    assert machines("a").held() == {}
    absent = SharedStore(ObjectAddress("s3", "adits/team"), tmp_path / "b")
    with pytest.raises(InputError, match="s3://adits cannot be read") as raised:
        Sharing(absent).open()
    assert "--store" in str(raised.value.hint)


def test_another_version_is_named_and_left(
    bucket: Bucket, machines: Callable[[str], Machine], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A newer program's pieces are neither half read nor taken for damage."""
    one = machines("a")
    one.put(1)
    with monkeypatch.context() as newer:
        newer.setattr(pieces, "SCHEMA", "audit-answers/2")
        one.store.share()
    for act in (machines, lambda _: one.store.prune(older_than_days=0)):
        with pytest.raises(InputError, match="another version: audit-answers/2"):
            act("b")
    assert len(bucket.pieces()) == 1
