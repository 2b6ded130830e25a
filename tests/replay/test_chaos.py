"""Everything goes wrong at once: the endpoint fails in six ways, the process is killed again and again, the disk is
full once, and a second process wants the same folder."""

from __future__ import annotations

import json
import math
import random
import signal
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from audit.core.artifacts import RunFolder
from audit.core.schemas import MEASURED
from audit.replay.journal import JournalLedger, parse_line
from tests.forked import Child
from tests.replay.billing import INPUT_USD, OUTPUT_USD
from tests.server import REPO, serving

FAULTS = {
    "rate_429": 0.20,
    "rate_500": 0.10,
    "rate_reset": 0.05,
    "rate_hang": 0.05,
    "rate_truncate": 0.05,
    "rate_garbage": 0.02,
}
TIMEOUT_S = "3"
"""Of a call. On a busy machine a shorter one would pass for answers that were sent, and they would be paid twice."""
MOST_SESSIONS = 12


@dataclass(frozen=True)
class Chaos:
    """What a run of chaos came to.

    Attributes:
        kills: SIGKILLs.
        ended: Sessions that it took from there to the end.
        refused: What a session said that found another one in the folder.
        full: What the session on a full disk said.
        answered: Answers that the server sent whole, by what was asked.
        least_usd: The server's own bill for answers that were sent whole.
        most_usd: With those that it cut.
    """

    kills: int
    ended: int
    refused: str
    full: str
    answered: Counter[str]
    least_usd: float
    most_usd: float


def start(folder: Path, *arguments: object, **environ: str) -> Child:
    """A session, about to begin."""
    environment = {"PATH": "", "PYTHONPATH": str(REPO), "TIMEOUT_S": TIMEOUT_S, **environ}
    process = Child("tests.replay.child", folder, *arguments, environment=environment)
    assert process.stdout.readline() == "ready\n"
    return process


def done(journal: Path) -> int:
    """Results so far."""
    return journal.read_bytes().count(b'"event":"done"') if journal.exists() else 0


def at_work(process: Child, journal: Path, wanted: int) -> bool:
    """Wait until the journal has so many results; False where the session ended before."""
    give_up = time.monotonic() + 300
    while process.poll() is None and done(journal) < wanted and time.monotonic() < give_up:
        time.sleep(0.005)
    return process.poll() is None


def killed(process: Child) -> None:
    """As by the system, in the middle of whatever it does."""
    process.kill()
    process.communicate()


def unmeasured(journal: Path, calls: int) -> int:
    """Calls without a result that says something of the tier."""
    return calls - sum(result.measured for result in JournalLedger.read(journal).results.values())


def bill_of(lines: list[dict[str, Any]], event: str) -> float:
    """What the server bills for one kind of answers, USD."""
    billed = [line["billed"] for line in lines if line["event"] == event]
    return math.fsum(one["prompt_tokens"] * INPUT_USD + one["completion_tokens"] * OUTPUT_USD for one in billed)


def chaos(folder: Path, calls: int, in_flight: int, planned_kills: int, latency_ms: int) -> Chaos:
    """Run it to its end."""
    rng, journal, books = random.Random(5), RunFolder(folder).journal, folder / "server.jsonl"
    folder.mkdir()
    kills = ended = 0
    with serving(journal=books, latency_ms=latency_ms, **FAULTS) as endpoint:
        arguments = (endpoint.base_url, calls, in_flight)
        process = start(folder, *arguments)
        assert at_work(process, journal, 1)
        process.send_signal(signal.SIGSTOP)  # or it could be done before the other one has begun
        refused = start(folder, *arguments).communicate(timeout=600)[1]
        process.send_signal(signal.SIGCONT)
        for _ in range(planned_kills):
            kills += at_work(process, journal, done(journal) + rng.randint(1, calls // (2 * planned_kills)))
            killed(process)
            process = start(folder, *arguments)
        at_work(process, journal, done(journal) + 1)
        killed(process)
        process = start(folder, *arguments, FULL_AT=str(journal.stat().st_size + 3_333))
        full = process.communicate(timeout=600)[1]
        # An answer that cannot be read is no result, and is asked for again by the next session alone.
        while unmeasured(journal, calls):
            start(folder, *arguments).communicate(timeout=600)
            ended += 1
            assert ended < MOST_SESSIONS
    lines = [json.loads(line) for line in books.read_text().splitlines()]
    return Chaos(
        kills=kills + 1,
        ended=ended,
        refused=refused,
        full=full,
        answered=Counter(line["key"] for line in lines if line["event"] == "ok"),
        least_usd=bill_of(lines, "ok"),
        most_usd=bill_of(lines, "ok") + bill_of(lines, "cut"),
    )


def check(folder: Path, calls: int, in_flight: int, found: Chaos) -> str:
    """One result per call, nothing paid twice but what was in flight, books that hold the server's own bill."""
    journal = RunFolder(folder).journal
    ledger = JournalLedger.read(journal)
    assert "another audit is writing" in found.refused
    assert "File too large" in found.full
    assert (len(ledger.results), unmeasured(journal, calls)) == (calls, 0)
    events = [parse_line(line) for line in journal.read_bytes().splitlines(keepends=True)]
    assert None not in events, "a torn line stayed"
    measured = Counter(e["call_id"] for e in events if e and e["event"] == "done" and e["status"] in MEASURED)
    assert set(measured.values()) == {1}
    twice = sum(found.answered.values()) - len(found.answered)
    stops = found.kills + 1
    assert twice <= stops * in_flight
    assert len(found.answered) == calls
    spent, booked = ledger.spent_usd, ledger.spent_usd + ledger.lost_usd
    assert spent <= found.least_usd + 1e-9
    assert found.most_usd <= booked + 1e-9
    return (
        f"{calls:,} calls, {in_flight} in flight, {found.kills} kills, disk full once, a second process "
        f"refused, {found.ended} sessions to the end: one result per call; {twice} answers came twice; "
        f"billed ${found.least_usd:.6f} (${found.most_usd:.6f} with cut answers), "
        f"books between ${spent:.6f} and ${booked:.6f}"
    )


def test_a_little_chaos(tmp_path: Path) -> None:
    """Two kills, a full disk and a second process, with every fault at once: the books hold the bill."""
    found = chaos(tmp_path / "run", 60, 16, planned_kills=1, latency_ms=5)
    print(check(tmp_path / "run", 60, 16, found))


@pytest.mark.slow
def test_chaos(tmp_path: Path) -> None:
    """2,000 calls at 64 in flight, killed every few seconds; prints the figures."""
    found = chaos(tmp_path / "run", 2_000, 64, planned_kills=20, latency_ms=50)
    print(check(tmp_path / "run", 2_000, 64, found))
