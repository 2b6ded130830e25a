"""What a killed run loses: nothing that finished."""

from __future__ import annotations

import json
import random
import signal
import sys
import time
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from audit.core.artifacts import RunFolder
from audit.core.schemas import MEASURED
from audit.replay.journal import JournalLedger, parse_line
from audit.replay.table import replay_counts
from tests.forked import Child
from tests.replay.child import made_of
from tests.replay.world import World, tier, world
from tests.server import flags, serving, started
from tests.shared import SHARED, needs_shared

MODEL = "gpt-4o-mini-2024-07-18"
FAULTS = {"rate_429": 0.05, "rate_500": 0.05, "rate_reset": 0.05, "rate_truncate": 0.05}


def child(folder: Path, *arguments: object) -> Child:
    """Start a replay and wait until it is about to begin."""
    process = Child("tests.replay.child", folder, *arguments)
    assert process.stdout.readline() == "ready\n"
    return process


def kill_until_done(folder: Path, base_url: str, n: int, *rest: object, kills: int) -> int:
    """Kill the replay at `kills` moments, each some progress after the last, then let it finish."""
    rng = random.Random(11)
    journal = RunFolder(folder).journal
    done = 0
    for _ in range(kills):
        process = child(folder, base_url, n, *rest)
        until = done + rng.randint(1, max(2 * n // (kills * 3), 2))
        give_up = time.monotonic() + 20
        while process.poll() is None and time.monotonic() < give_up:
            if journal.exists() and journal.read_bytes().count(b'"event":"done"') >= until:
                break
            time.sleep(rng.uniform(0.001, 0.02))
        process.kill()
        process.communicate()
        done = len(JournalLedger.read(journal).results)
    process = child(folder, base_url, n, *rest)
    _, told = process.communicate(timeout=600)
    assert process.returncode == 0, told
    return done


def check(folder: Path, made: World, server_journal: Path, *, most_twice: int) -> None:
    """One measured result per call, and no answer paid for twice but those in flight at a kill."""
    n = len(made.calls)
    counts = replay_counts(RunFolder(folder).journal, made.calls)
    assert (counts.done, set(counts.by_status) <= set(MEASURED)) == (n, True)
    measured = Counter(
        event["call_id"]
        for line in RunFolder(folder).journal.read_bytes().splitlines(keepends=True)
        if (event := parse_line(line)) and event["event"] == "done" and event["status"] in MEASURED
    )
    assert measured == Counter({call.call_id: 1 for call in made.calls})
    assert pq.read_table(RunFolder(folder).replay_table).num_rows == n
    answered = Counter(
        line["key"] for line in map(json.loads, server_journal.read_text().splitlines()) if line["event"] == "ok"
    )
    assert len(answered) == n
    assert sum(answered.values()) - n <= most_twice


@pytest.mark.slow
def test_twenty_kills_lose_nothing(tmp_path: Path) -> None:
    """The same with 500 calls, killed at 20 moments, under rate limits, errors, resets and cut bodies."""
    with serving(journal=tmp_path / "server.jsonl", latency_ms=10, **FAULTS) as endpoint:
        done = kill_until_done(tmp_path / "run", endpoint.base_url, 500, 16, kills=20)
        assert done >= 20
        made = world(endpoint.base_url, 500, tier(endpoint.base_url, model="m"))
        check(tmp_path / "run", made, tmp_path / "server.jsonl", most_twice=20 * 16)


@pytest.mark.slow
@needs_shared("tools/recorded_server.py")
@needs_shared("data/dev/corpus/gsm.parquet")
def test_kills_against_recorded_completions(tmp_path: Path) -> None:
    """The same against a server of real completions that others wrote, with its own faults and its own journal."""
    corpus, journal = SHARED / "data/dev/corpus/gsm.parquet", tmp_path / "server.jsonl"
    rows = pq.read_table(corpus, columns=["model", "messages"]).to_pylist()
    lists = [json.loads(row["messages"]) for row in rows if row["model"] == MODEL][:500]
    (tmp_path / "messages.json").write_text(json.dumps(lists))
    command = [sys.executable, str(SHARED / "tools/recorded_server.py"), "--corpus", str(corpus), "--port", "0"]
    faults = flags({**FAULTS, "retry_after": 0.05, "latency_ms": 20, "journal": journal})
    with started([*command, *faults]) as endpoint:
        arguments = (endpoint.base_url, 500, 16, MODEL, tmp_path / "messages.json")
        kill_until_done(tmp_path / "run", *arguments, kills=20)
        check(tmp_path / "run", made_of(*map(str, arguments)), journal, most_twice=20 * 16)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_waits_for_what_is_paid(tmp_path: Path, number: int, code: int) -> None:
    """The first signal lets the calls on the wire finish: nothing was answered that is not in the journal."""
    server_journal = tmp_path / "server.jsonl"
    with serving(journal=server_journal, latency_ms=300) as endpoint:
        process = child(tmp_path / "run", endpoint.base_url, 400, 8)
        wait_for_lines(server_journal, 8)
        process.send_signal(number)
        _, told = process.communicate(timeout=300)
    answered = len(server_journal.read_text().splitlines())
    ledger = JournalLedger.read(RunFolder(tmp_path / "run").journal)
    assert process.returncode == code, told
    assert f"{len(ledger.results)} of 400 calls are done and kept" in told
    assert 8 <= len(ledger.results) == answered < 400
    assert ledger.lost_usd == 0
    assert pq.read_table(RunFolder(tmp_path / "run").replay_table).num_rows == answered


def test_the_second_signal_drops_what_is_in_flight(tmp_path: Path) -> None:
    """Dropped calls end the run at once, and their worst case counts as spent."""
    with serving(latency_ms=3_000) as endpoint:
        process = child(tmp_path / "run", endpoint.base_url, 40, 4)
        while endpoint.stats().get("most_in_flight", 0) < 4:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=300)
    ledger = JournalLedger.read(RunFolder(tmp_path / "run").journal)
    assert process.returncode == 130
    assert (len(ledger.results), ledger.lost_usd > 0) == (1, True)  # the first call shows what the endpoint takes


def wait_for_lines(path: Path, n: int) -> None:
    """Wait until a file has this many lines."""
    give_up = time.monotonic() + 120
    while time.monotonic() < give_up and (not path.exists() or path.read_text().count("\n") < n):
        time.sleep(0.01)
