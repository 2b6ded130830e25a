"""Replays in batches, over real HTTP, against a server that keeps books of what was asked and what was billed."""

from __future__ import annotations

import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from audit.core.artifacts import RunFolder
from audit.core.errors import AuditError
from audit.llm.batch import StoredFile
from audit.llm.batches import BATCHES
from audit.llm.budget import CapReached
from audit.replay import batch_files
from audit.replay.batches import BatchesWaiting
from audit.replay.journal import JournalLedger
from tests.batch_server import Vendor, vendor
from tests.forked import Child
from tests.object_servers import environment, s3_server, storage_at
from tests.replay.batch_child import made_of, replayed
from tests.replay.world import World

PROVIDERS = ("openai-compatible", "anthropic", "gemini", "bedrock")
COST_USD = (10 * 0.5 + 5 * 1.0) / 1e6
"""Of one answer in a batch."""
TEXTS = [f"question {n}" for n in range(12)]


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    """An S3 server with a bucket named `batches`."""
    with s3_server() as url:
        storage_at(url).create_dir("batches")
        yield url


@pytest.fixture(params=PROVIDERS)
def provider(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """A provider, with object storage where its batches are files."""
    name: str = request.param
    if name == "bedrock":
        for variable, value in environment(request.getfixturevalue("s3")).items():
            monkeypatch.setenv(variable, value)
    return name


def run_child(
    folder: Path, at: Vendor, provider: str, moment: str, texts: list[str]
) -> subprocess.CompletedProcess[str]:
    """A replay in a process of its own."""
    process = Child("tests.replay.batch_child", folder, at.base_url, provider, moment, *texts)
    out, err = process.communicate(timeout=60)
    return subprocess.CompletedProcess([], process.returncode or 0, out, err)


def rows_of(folder: Path) -> dict[str, dict[str, Any]]:
    """The table by request."""
    rows = pq.read_table(RunFolder(folder).replay_table).to_pylist()
    return {row["request_fp"]: row for row in rows}


def check(folder: Path, made: World, at: Vendor) -> None:
    """Every request was answered and billed once, its own answer is in the table, and the money is the server's."""
    rows, ledger = rows_of(folder), JournalLedger.read(RunFolder(folder).journal)
    texts = {fp: request.messages[0]["content"] for fp, request in made.requests.items()}
    assert at.billed == Counter(texts.values())
    assert not at.events("online")
    assert {texts[fp]: (row["status"], row["text"]) for fp, row in rows.items()} == {
        text: ("ok", f"answer to {text}") for text in texts.values()
    }
    assert ledger.spent_usd == pytest.approx(len(texts) * COST_USD)
    assert (ledger.lost_usd, ledger.submissions) == (0.0, {})
    # What the traffic would cost is another matter: it would not wait for batches.
    assert [row["cost_usd"] for row in rows.values()] == pytest.approx([2 * COST_USD] * len(rows))
    assert {row["latency_ms"] for row in rows.values()} == {None}


def test_a_batch_is_asked_and_joined(tmp_path: Path, provider: str) -> None:
    """Results in another order than the requests are joined by their ids; nothing is asked online."""
    with vendor(tmp_path / "books", ends_after=2) as at:
        made = made_of(at.base_url, provider, TEXTS)
        replayed(RunFolder(tmp_path / "run"), made)
        check(tmp_path / "run", made, at)
        replayed(RunFolder(tmp_path / "run"), made)  # a run that is done asks nothing
        assert len(at.events("batch")) == 1


@pytest.mark.parametrize("moment", ["submit", "accept"])
def test_a_kill_around_handing_in_pays_nothing_twice(tmp_path: Path, provider: str, moment: str) -> None:
    """Killed before the batch arrives, or after it and before that is written down: another process finds out which."""
    with vendor(tmp_path / "books", ends_after=3) as at:
        texts = [*TEXTS, "let this expire"]
        killed = run_child(tmp_path / "run", at, provider, moment, texts)
        assert killed.returncode == -signal.SIGKILL
        assert len(at.events("batch")) == (moment == "accept")
        ledger = JournalLedger.read(RunFolder(tmp_path / "run").journal)
        assert [len(one.calls) for one in ledger.submissions.values()] == [len(texts)]
        made = made_of(at.base_url, provider, texts)
        replayed(RunFolder(tmp_path / "run"), made)
        check(tmp_path / "run", made, at)
        assert len(at.events("batch")) == 2  # the second holds what expired in the first


def test_a_later_process_takes_the_answers(tmp_path: Path, provider: str) -> None:
    """Handed in and left: the money is set aside, exit code 4 says so, and a later run takes what is there."""
    with vendor(tmp_path / "books", ends_after=1) as at:
        left = run_child(tmp_path / "run", at, provider, "hand-in", TEXTS)
        assert (left.returncode, left.stderr.splitlines()[0]) == (4, "replay.batches-waiting")
        assert "12 calls in 1 batch" in left.stderr
        made = made_of(at.base_url, provider, TEXTS)
        replayed(RunFolder(tmp_path / "run"), made)
        check(tmp_path / "run", made, at)
        assert len(at.events("batch")) == 1


def test_a_signal_ends_the_wait(tmp_path: Path) -> None:
    """Whoever waits for a batch can stop at once: nothing is lost, and the exit code is the signal's."""
    with vendor(tmp_path / "books", ends_after=60) as at:
        process = Child("tests.replay.batch_child", tmp_path / "run", at.base_url, "anthropic", "whole", *TEXTS)
        give_up = time.monotonic() + 60
        while not at.events("batch") and time.monotonic() < give_up:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=60)
        assert process.returncode == 130, told
        assert "12 calls with the vendor in batches" in told
        made = made_of(at.base_url, "anthropic", TEXTS)
        replayed(RunFolder(tmp_path / "run"), made)
        check(tmp_path / "run", made, at)
        assert len(at.events("batch")) == 1


def test_a_lost_reply_is_looked_for(tmp_path: Path, provider: str) -> None:
    """The vendor made the batch, and the connection broke before it said so."""
    with vendor(tmp_path / "books", lose_reply=True) as at:
        made = made_of(at.base_url, provider, TEXTS)
        replayed(RunFolder(tmp_path / "run"), made)
        check(tmp_path / "run", made, at)
        assert len(at.events("batch")) == 1


def test_lines_with_errors_cost_their_calls(tmp_path: Path, provider: str) -> None:
    """One line is an error, one has no line, one fails and one expires twice: the others are answers, and the money is
    what was answered, with the worst case of what nobody can tell."""
    odd = ["error", "silent", "server-error", *(["expire"] if provider in ("openai-compatible", "anthropic") else [])]
    with vendor(tmp_path / "books", expire_times=9) as at:
        made = made_of(at.base_url, provider, [*TEXTS, *odd])
        replayed(RunFolder(tmp_path / "run"), made)
        rows = {made.requests[fp].messages[0]["content"]: row for fp, row in rows_of(tmp_path / "run").items()}
        ends = {
            "error": ("http_error", 1),
            "silent": ("undecodable", 1),
            "server-error": ("http_error", 2),
            "expire": ("timeout", 2),
        }
        assert {text: (rows[text]["status"], rows[text]["attempts"]) for text in odd} == {
            text: ends[text] for text in odd
        }
        assert {rows[text]["status"] for text in TEXTS} == {"ok"}
        assert [entry["requests"] for entry in at.events("batch")] == [12 + len(odd), len(odd) - 2]
        ledger = JournalLedger.read(RunFolder(tmp_path / "run").journal)
        assert ledger.spent_usd == pytest.approx(12 * COST_USD)
        assert at.billed == Counter([*TEXTS, "silent"])  # billed and not told: the books hold its worst case
        assert COST_USD < ledger.lost_usd < 20 * COST_USD
        assert ledger.submissions == {}


def test_a_cancelled_batch_is_not_handed_in_again(tmp_path: Path, provider: str) -> None:
    """Somebody cancelled it: what was answered is taken, the rest is a failure that a later run asks again."""
    with vendor(tmp_path / "books", cancel=True) as at:
        made = made_of(at.base_url, provider, TEXTS)
        replayed(RunFolder(tmp_path / "run"), made)
        assert Counter(row["status"] for row in rows_of(tmp_path / "run").values()) == {"ok": 6, "http_error": 6}
        ledger = JournalLedger.read(RunFolder(tmp_path / "run").journal)
        assert (len(at.events("batch")), ledger.lost_usd) == (1, 0.0)
        assert ledger.spent_usd == pytest.approx(sum(at.billed.values()) * COST_USD)


def test_a_full_queue_takes_smaller_batches(tmp_path: Path) -> None:
    """A vendor that has no room for a batch is given halves, one after the other."""
    with vendor(tmp_path / "books", full=4) as at:
        made = made_of(at.base_url, "openai-compatible", TEXTS)
        replayed(RunFolder(tmp_path / "run"), made)
        check(tmp_path / "run", made, at)
        assert [entry["requests"] for entry in at.events("batch")] == [3, 3, 3, 3]


def test_nothing_is_handed_in_above_the_cap(tmp_path: Path, provider: str) -> None:
    """At most as many requests are with the vendor as their worst cases fit under what is left, in any process."""
    worst_usd = (64 + 3 * 15) * 0.5e-6 + 100 * 1.0e-6  # more than one worst case, less than two
    with vendor(tmp_path / "books", ends_after=1) as at:
        made = made_of(at.base_url, provider, [f"question {n}" for n in range(60)])
        with pytest.raises(BatchesWaiting):
            replayed(RunFolder(tmp_path / "run"), made, wait=False, cap_usd=3 * worst_usd)
        first = at.events("batch")[0]["requests"]
        assert 2 <= first <= 4
        with pytest.raises(CapReached):
            replayed(RunFolder(tmp_path / "run"), made, cap_usd=3 * worst_usd)
        asked = [entry["requests"] for entry in at.events("batch")]
        assert sum(asked) > first  # answers cost less than their worst case, and leave room
        ledger = JournalLedger.read(RunFolder(tmp_path / "run").journal)
        assert ledger.spent_usd == pytest.approx(sum(at.billed.values()) * COST_USD)
        assert ledger.spent_usd <= 3 * worst_usd
        assert (max(at.billed.values()), ledger.submissions) == (1, {})


def files(at: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Object storage for a test that is about Bedrock alone."""
    for variable, value in environment(at).items():
        monkeypatch.setenv(variable, value)


def test_too_few_requests_are_not_handed_in(tmp_path: Path, s3: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A vendor that takes no batch of so few gets none: the tier stops and says why, and nothing is spent."""
    files(s3, monkeypatch)
    with vendor(tmp_path / "books") as at:
        made = made_of(at.base_url, "bedrock", TEXTS, batch_least=100)
        with pytest.raises(AuditError, match="batches of at least 100 requests, and tier `small` has 12 to ask"):
            replayed(RunFolder(tmp_path / "run"), made)
        assert not at.books.read_text()


def test_what_is_left_of_a_batch_and_too_little_for_another_fails(
    tmp_path: Path, s3: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One request expires, and alone it is no batch: it is a failure to measure, and the others are answers."""
    files(s3, monkeypatch)
    with vendor(tmp_path / "books") as at:
        made = made_of(at.base_url, "bedrock", [*TEXTS, "let this expire"], batch_least=5)
        replayed(RunFolder(tmp_path / "run"), made)
        assert Counter(row["status"] for row in rows_of(tmp_path / "run").values()) == {"ok": 12, "http_error": 1}
        ledger = JournalLedger.read(RunFolder(tmp_path / "run").journal)
        assert (len(at.events("batch")), ledger.lost_usd, ledger.submissions) == (1, 0.0, {})
        assert ledger.spent_usd == pytest.approx(12 * COST_USD)
        replayed(RunFolder(tmp_path / "run"), made)  # a later run cannot ask it either, and is no error
        assert Counter(row["status"] for row in rows_of(tmp_path / "run").values()) == {"ok": 12, "http_error": 1}


def test_a_rest_too_little_for_a_batch_is_shared(tmp_path: Path, s3: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What would be left over by bytes and is too little alone goes out in two batches of one size."""
    files(s3, monkeypatch)
    monkeypatch.setattr("audit.replay.batches.MOST_BYTES", 2_600)
    with vendor(tmp_path / "books") as at:
        made = made_of(at.base_url, "bedrock", [f"{n} {'x' * 100}" for n in range(14)], batch_least=5)
        replayed(RunFolder(tmp_path / "run"), made)
        check(tmp_path / "run", made, at)
        assert [entry["requests"] for entry in at.events("batch")] == [7, 7]


def test_a_rest_that_cannot_be_shared_waits_for_the_batch_before_it(
    tmp_path: Path, s3: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is decided when that batch has ended, which may leave more; the tier goes on until then."""
    files(s3, monkeypatch)
    monkeypatch.setattr("audit.replay.batches.MOST_BYTES", 2_000)
    texts = [f"let this expire {n} {'x' * 90}" for n in range(4)] + [f"{n} {'x' * 100}" for n in range(6)]
    with vendor(tmp_path / "books", ends_after=2) as at:
        made = made_of(at.base_url, "bedrock", texts, batch_least=6)
        replayed(RunFolder(tmp_path / "run"), made)
        handed = [entry["requests"] for entry in at.events("batch")]
        assert len(handed) == 2
        assert sum(handed) == len(texts) + 4
        assert {row["status"] for row in rows_of(tmp_path / "run").values()} == {"ok"}


def test_a_batch_whose_least_has_too_many_bytes_is_no_question_of_money(
    tmp_path: Path, s3: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As many requests as the vendor takes at least may be larger than ours; larger than its own stop the tier."""
    files(s3, monkeypatch)
    monkeypatch.setattr("audit.replay.batches.MOST_BYTES", 300)
    texts = [f"{n} {'x' * 100}" for n in range(10)]
    with vendor(tmp_path / "books") as at:
        made = made_of(at.base_url, "bedrock", texts, batch_least=5)
        replayed(RunFolder(tmp_path / "run"), made, cap_usd=1000.0)
        check(tmp_path / "run", made, at)
    small = replace(BATCHES.get("bedrock"), most_bytes=600)
    monkeypatch.setattr("audit.llm.batches.bedrock.BATCH", small)
    with vendor(tmp_path / "other") as at:
        made = made_of(at.base_url, "bedrock", texts, batch_least=5)
        with pytest.raises(AuditError, match="at least 5 requests and of at most") as caught:
            replayed(RunFolder(tmp_path / "larger"), made, cap_usd=1000.0)
        assert not isinstance(caught.value, CapReached)
        assert not at.books.read_text()


def test_a_batch_is_read_where_it_was_handed_in(tmp_path: Path, s3: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tier names another folder and another role by now: nothing is asked, or billed, again."""
    files(s3, monkeypatch)
    with vendor(tmp_path / "books", ends_after=1) as at:
        with pytest.raises(BatchesWaiting):
            replayed(RunFolder(tmp_path / "run"), made_of(at.base_url, "bedrock", TEXTS), wait=False)
        moved = {"batch_bucket": "s3://batches/another", "batch_role": "arn:aws:iam::123456789012:role/another"}
        made = made_of(at.base_url, "bedrock", TEXTS, **moved)
        replayed(RunFolder(tmp_path / "run"), made)
        check(tmp_path / "run", made, at)
        assert len(at.events("batch")) == 1


def test_results_that_are_not_there_leave_their_batch_open(
    tmp_path: Path, s3: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The job says that it completed: the error names the file, and once it is back its answers are taken."""
    files(s3, monkeypatch)
    storage, folder = storage_at(s3), RunFolder(tmp_path / "run")
    with vendor(tmp_path / "books", ends_after=1) as at:
        made = made_of(at.base_url, "bedrock", TEXTS)
        with pytest.raises(BatchesWaiting):
            replayed(folder, made, wait=False)
        whole = batch_files.take

        async def gone(file: StoredFile) -> bytes | None:
            storage.move(file.address.removeprefix("s3://"), "batches/aside")
            return await whole(file)

        monkeypatch.setattr(batch_files, "take", gone)
        with pytest.raises(AuditError, match=r"s3://batches/audit/.*\.jsonl\.out is not there") as caught:
            replayed(folder, made)
        assert caught.value.code == "replay.batch-storage"
        ledger = JournalLedger.read(folder.journal)
        assert [len(one.calls) for one in ledger.submissions.values()] == [len(TEXTS)]
        assert (ledger.lost_usd, ledger.results) == (0.0, {})
        monkeypatch.setattr(batch_files, "take", whole)
        address = str(caught.value).split("s3://")[1].split(" is not there")[0]
        storage.move("batches/aside", address)
        replayed(folder, made)
        check(tmp_path / "run", made, at)
        assert len(at.events("batch")) == 1


def test_a_job_that_fails_as_a_whole_stops_the_tier(tmp_path: Path, s3: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The vendor's reason has a name of ours; its words stay with it."""
    files(s3, monkeypatch)
    with vendor(tmp_path / "books", least=50) as at:
        made = made_of(at.base_url, "bedrock", TEXTS)
        with pytest.raises(AuditError) as caught:
            replayed(RunFolder(tmp_path / "run"), made)
        assert "too-few-records" in str(caught.value)
        ledger = JournalLedger.read(RunFolder(tmp_path / "run").journal)
        assert (ledger.spent_usd, ledger.lost_usd, ledger.submissions) == (0.0, 0.0, {})


def test_a_bucket_that_is_not_there_stops_the_tier(tmp_path: Path, s3: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is handed in whose requests cannot be put anywhere."""
    files(s3, monkeypatch)
    with vendor(tmp_path / "books") as at:
        made = made_of(at.base_url, "bedrock", TEXTS, batch_bucket="s3://nowhere-at-all/x")
        with pytest.raises(AuditError, match="s3://nowhere-at-all/x/audit-") as caught:
            replayed(RunFolder(tmp_path / "run"), made)
        assert "question" not in str(caught.value)
        assert not at.books.read_text()


def test_a_vendor_without_batches_stops_the_tier(tmp_path: Path) -> None:
    """A server that has no such path: nothing was billed, nothing is open, and the error says so."""
    with vendor(tmp_path / "books") as at:
        made = made_of(at.base_url.removesuffix("/v1"), "openai-compatible", TEXTS[:2])
        with pytest.raises(AuditError) as caught:
            replayed(RunFolder(tmp_path / "run"), made)
        assert "question" not in str(caught.value)
        ledger = JournalLedger.read(RunFolder(tmp_path / "run").journal)
        assert (ledger.spent_usd, ledger.lost_usd, ledger.submissions, ledger.results) == (0.0, 0.0, {}, {})
