"""The journal: whole lines count, torn ones do not, one writer at a time."""

from __future__ import annotations

import asyncio
import errno
import os
import random
from pathlib import Path
from typing import Any

import pytest

from audit.core.artifacts import read_table
from audit.replay import journal
from audit.replay.journal import (
    Journal,
    JournalLedger,
    JournalLocked,
    done_events,
    forget_texts,
    format_line,
    judge_requests,
    parse_line,
)
from audit.replay.plan import Call
from audit.replay.table import write_replays


def row(call_id: str, **rest: Any) -> dict[str, Any]:
    """A result with the fields that the ledger reads."""
    plain = {"call_id": call_id, "status": "ok", "attempts": 1, "served_from": "network", "usage_estimated": False}
    return {**plain, "spent_usd": 0.5, "lost_usd": 0.0, "text": "line\nbreak \ud800", **rest}


def write(path: Path, *rows: dict[str, Any]) -> None:
    """Journal some results."""

    async def main() -> None:
        async with Journal(path) as journal:
            for one in rows:
                journal.start(one["call_id"], 1.0)
                journal.done(one)

    asyncio.run(main())


def test_results_survive(tmp_path: Path) -> None:
    """What was journaled is read back, lone surrogates and line breaks included."""
    write(tmp_path / "j", row("a"), row("b", status="timeout", spent_usd=0.0, lost_usd=0.25))
    ledger = JournalLedger.read(tmp_path / "j")
    assert {k: (r.status, r.measured) for k, r in ledger.results.items()} == {
        "a": ("ok", True),
        "b": ("timeout", False),
    }
    assert (ledger.spent_usd, ledger.lost_usd, ledger.damaged) == (0.5, 0.25, 0)
    place = ledger.results["a"]
    line = (tmp_path / "j").read_bytes()[place.offset :][: place.length]
    assert (parse_line(line) or {})["text"] == "line\nbreak \ud800"


def test_half_a_line_on_a_full_disk_swallows_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk takes half of a line and has room again for the next: one is missing, which was said, and no more."""
    real, full = os.write, [True]

    def half(descriptor: int, data: bytes) -> int:
        if not full:
            return real(descriptor, data)
        if full.pop():
            full.append(False)
            return real(descriptor, data[:20])
        full.clear()
        raise OSError(errno.ENOSPC, "No space left on device")

    async def main() -> None:
        async with Journal(tmp_path / "j") as journal:
            journal.done(row("a"))
            monkeypatch.setattr(os, "write", half)
            with pytest.raises(OSError, match="No space left") as refused:
                journal.done(row("b"))
            assert refused.value.filename == str(tmp_path / "j")
            journal.done(row("c"))

    asyncio.run(main())
    ledger = JournalLedger.read(tmp_path / "j")
    assert (set(ledger.results), ledger.damaged) == ({"a", "c"}, 0)


def test_a_disk_that_does_not_take_what_was_written_stops_the_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the system says so only when the file is to reach the disk, nothing more is written, or sent."""

    def fails(descriptor: int) -> None:
        raise OSError(errno.EDQUOT, "Disk quota exceeded")

    async def main() -> None:
        async with Journal(tmp_path / "j") as journal:
            with monkeypatch.context() as patch:
                patch.setattr(os, "fsync", fails)
                journal.start("a", 1.0)
                await asyncio.sleep(0.05)
            with pytest.raises(OSError, match="quota"):
                journal.start("b", 1.0)

    asyncio.run(main())


def test_answers_are_forgotten_and_their_money_is_not(tmp_path: Path) -> None:
    """Those to some requests, and all that judges said, who quote them; counting alone changes nothing."""
    rows = (
        row("a", request_fp="f-a", arm="candidate"),
        row("b", request_fp="f-b", arm="candidate"),
        row("c", request_fp="f-c", arm="judge"),
    )
    write(tmp_path / "j", *rows)
    whole = (tmp_path / "j").read_bytes()
    assert forget_texts(tmp_path / "j", {"f-a"}, sure=False) == 2
    assert (tmp_path / "j").read_bytes() == whole
    before = JournalLedger.read(tmp_path / "j")
    assert forget_texts(tmp_path / "j", {"f-a"}, sure=True) == 2
    after = JournalLedger.read(tmp_path / "j")
    assert (after.results.keys(), after.spent_usd, after.damaged) == (before.results.keys(), before.spent_usd, 0)
    kept = {event["call_id"]: event.get("text") for event in done_events(tmp_path / "j")}
    assert kept == {"a": None, "b": "line\nbreak \ud800", "c": None}
    assert judge_requests(tmp_path / "j") == {"f-c"}
    assert forget_texts(tmp_path / "none", {"f-a"}, sure=True) == 0


def test_a_call_has_cost_what_all_its_sessions_lost(tmp_path: Path) -> None:
    """Failed twice and answered in a third session: both losses are the call's; what a kill cut off is not."""
    whole = {"request_fp": "f", "route": "/r", "tier": "small", "arm": "candidate", "repeat": 0}
    for answer in (
        row("a", **whole, status="timeout", spent_usd=0.0, lost_usd=0.25),
        row("a", **whole, status="timeout", spent_usd=0.0, lost_usd=0.5),
        row("a", **whole, lost_usd=0.125, cost_usd=0.5),
    ):
        write(tmp_path / "j", answer)
    with (tmp_path / "j").open("ab") as file:
        file.write(format_line({"event": "start", "call_id": "a", "worst_usd": 2.0}))
    ledger = JournalLedger.read(tmp_path / "j")
    assert (ledger.results["a"].lost_usd, ledger.lost_usd) == (0.875, 2.875)
    write_replays(tmp_path / "j", [Call(call_id="a", **whole)], tmp_path / "t.parquet")
    assert read_table(tmp_path / "t.parquet").select(["status", "lost_usd"]).to_pylist() == [
        {"status": "ok", "lost_usd": 0.875}
    ]


def test_a_cut_anywhere_loses_at_most_the_last_result(tmp_path: Path) -> None:
    """For every length of the file: the whole results before the cut are read, and appending goes on cleanly."""
    path = tmp_path / "j"
    write(path, row("a"), row("b"), row("c"))
    whole = path.read_bytes()
    ends = [JournalLedger.read(path).results[name] for name in "abc"]
    for cut in random.Random(0).sample(range(len(whole)), 60):
        path.write_bytes(whole[:cut])
        kept = sum(end.offset + end.length <= cut for end in ends)
        assert len(JournalLedger.read(path).results) == kept
        write(path, row("d"))
        ledger = JournalLedger.read(path)
        assert (len(ledger.results), ledger.damaged) == (kept + 1, 0)


def test_a_line_is_folded_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However often a round asks for the ledger, a line is taken apart once; a journal that was changed in place is
    read anew, and so is another one at its path."""
    path = tmp_path / "j"
    parsed: list[bytes] = []

    def counted(line: bytes) -> dict[str, Any] | None:
        parsed.append(line)
        return parse_line(line)

    monkeypatch.setattr(journal, "parse_line", counted)
    write(path, row("a"), row("b"))
    first = JournalLedger.read(path)
    first.results.clear()  # a reader's ledger is its own
    assert set(JournalLedger.read(path).results) == {"a", "b"}
    write(path, row("c"))
    assert set(JournalLedger.read(path).results) == {"a", "b", "c"}
    assert len(parsed) == len(path.read_bytes().splitlines())
    with path.open("ab") as file:
        file.write(format_line({"event": "start", "call_id": "d", "worst_usd": 2.0})[:-1])
    assert JournalLedger.read(path).lost_usd == 0.0
    with path.open("ab") as file:
        file.write(b"\n")
    assert [JournalLedger.read(path).lost_usd for _ in range(2)] == [2.0, 2.0]
    path.write_bytes(path.read_bytes().replace(b'"call_id":"b","status"', b'"call_id":"y","status"'))
    assert (set(JournalLedger.read(path).results), JournalLedger.read(path).damaged) == ({"a", "c"}, 1)
    path.unlink()
    assert JournalLedger.read(path).results == {}
    write(path, row("e"))
    assert set(JournalLedger.read(path).results) == {"e"}


def test_a_damaged_line_in_the_middle_is_left_out_and_counted(tmp_path: Path) -> None:
    """A flipped byte fails the checksum; its call has no result, the others do."""
    path = tmp_path / "j"
    write(path, row("a"), row("b"))
    path.write_bytes(path.read_bytes().replace(b'"call_id":"a","status"', b'"call_id":"x","status"'))
    ledger = JournalLedger.read(path)
    assert (set(ledger.results), ledger.damaged) == ({"b"}, 1)


def test_a_start_without_an_end_counts_as_spent(tmp_path: Path) -> None:
    """A call in flight at a kill may have been billed: its worst case stays lost, even when it is done later."""
    path = tmp_path / "j"
    path.write_bytes(format_line({"event": "start", "call_id": "a", "worst_usd": 2.0}))
    assert JournalLedger.read(path).lost_usd == 2.0
    write(path, row("a"))
    ledger = JournalLedger.read(path)
    assert (ledger.lost_usd, ledger.spent_usd) == (2.0, 0.5)


def test_a_voided_start_costs_nothing(tmp_path: Path) -> None:
    """A call that was taken back before it was sent leaves no trace in the money."""
    path = tmp_path / "j"
    path.write_bytes(
        format_line({"event": "start", "call_id": "a", "worst_usd": 2.0})
        + format_line({"event": "void", "call_id": "a", "lost_usd": 0.0})
    )
    assert JournalLedger.read(path).lost_usd == 0.0


def test_the_second_writer_is_refused(tmp_path: Path) -> None:
    """Two audits never write one journal."""

    async def main() -> None:
        async with Journal(tmp_path / "j"):
            with pytest.raises(JournalLocked):
                Journal(tmp_path / "j")

    asyncio.run(main())
    write(tmp_path / "j", row("a"))
