"""Calls that several processes make: one cap, one result a call, and nothing paid twice, whoever dies."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from audit.core.artifacts import RunFolder, read_table
from audit.core.errors import AuditError, Incomplete
from audit.core.settings import ExecutorSettings, ReplaySettings
from audit.llm.client import ClientOptions
from audit.replay import shards
from audit.replay.journal import Journal, JournalLedger, done_events
from audit.replay.kept import AnswersAt
from audit.replay.leases import begin, signal_of, take_in_shard
from audit.replay.lending import STOP, KnownOfTiers, ShardJob, ShardTerms
from audit.replay.plan import TokenCounts
from audit.replay.shard import ask_shard
from audit.replay.table import money_spent
from tests.forked import Child
from tests.json_server import answering
from tests.replay import sharing
from tests.replay.sharing import CALLS, FAULTS, IN_FLIGHT, SLOW_MS, go, made_of, shares_of
from tests.replay.world import World, request, tier, world, world_of
from tests.server import REPO, serving

FOUR = ExecutorSettings(name="local", workers=4)
MARK = "00000000000000aa"


@pytest.fixture
def by_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shards of ten calls and more, in threads of this process."""
    for name, value in (("SHARED_FROM", 1), ("IN_FLIGHT_EACH", 1), ("FEWEST_CALLS", 10)):
        monkeypatch.setattr(shards, name, value)
    monkeypatch.setattr(shards, "open_pool", sharing.threads)


def lines(path: Path) -> list[dict[str, Any]]:
    """What a server wrote down."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


@pytest.mark.usefixtures("by_threads")
@pytest.mark.parametrize("seed", range(3))
def test_the_cap_holds_over_all_shards(seed: int, tmp_path: Path) -> None:
    """A slow and faulty server and four shards: its own bill stays below the cap, and no answer comes twice."""
    books, cap = tmp_path / "server.jsonl", 0.006 * (1 + seed)
    with serving(journal=books, latency_ms=SLOW_MS, seed=seed, fill=1, **FAULTS) as endpoint:
        made = made_of(endpoint.base_url, 120)
        with pytest.raises(Incomplete) as stopped:
            go(made, tmp_path / "run", cap, FOUR)
    assert stopped.value.code == "replay.cap"
    billed, booked, twice = shares_of(RunFolder(tmp_path / "run"), made, lines(books), cap)
    assert (billed > 0.3, booked > 0.8, twice) == (True, True, 0)


@pytest.mark.usefixtures("by_threads")
def test_shared_calls_come_to_what_one_process_makes_of_them(tmp_path: Path) -> None:
    """The same table but for times, the same money, the answers in the store, and nothing left to be lent."""
    books, answers = tmp_path / "server.jsonl", AnswersAt(store=tmp_path / "store")
    with serving(journal=books) as endpoint:
        made = made_of(endpoint.base_url, 150)
        runs = [
            go(made, tmp_path / "alone", 1.0, ExecutorSettings(workers=1)),
            go(made, tmp_path / "shared", 1.0, FOUR, answers=answers),
            go(made, tmp_path / "next", 1.0, FOUR, answers=answers),
        ]
    alone, shared, after = ([*map(_untimed, read_table(run.replay_table).to_pylist())] for run in runs)
    assert alone == shared
    assert [(row["text"], row["cost_usd"]) for row in shared] == [(row["text"], row["cost_usd"]) for row in after]
    assert len(lines(books)) == 2 * 150
    assert money_spent(runs[0].journal).spent_usd == pytest.approx(money_spent(runs[1].journal).spent_usd)
    assert b'"recording"' not in runs[1].journal.read_bytes()
    assert [ledger.leases for ledger in map(JournalLedger.read, (run.journal for run in runs))] == [{}] * 3


def _untimed(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in ("latency_ms", "ttft_ms")}


@pytest.mark.usefixtures("by_threads")
def test_a_tier_that_refuses_its_key_stops_and_the_others_go_on(tmp_path: Path) -> None:
    """What a shard learns of a tier, the session and the other shards know."""
    with serving() as endpoint:
        tiers = [tier(endpoint.base_url, name=name, model=name, concurrency=16) for name in ("good", "fault-401")]
        made = world(endpoint.base_url, 60, *tiers)
        with pytest.raises(Incomplete) as stopped:
            go(made, tmp_path / "run", 1.0, FOUR)
        assert endpoint.stats()["401"] < 20
    assert stopped.value.code == "replay.auth"
    results = JournalLedger.read(RunFolder(tmp_path / "run").journal).results
    assert sum(result.measured for result in results.values()) == 60


@pytest.mark.usefixtures("by_threads")
def test_what_only_a_first_answer_shows_is_not_asked_of_every_shard(tmp_path: Path) -> None:
    """A tier that has answered is not given up by a shard whose own first calls it refuses."""
    refused = "refuse"

    def handle(path: str, headers: Any, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if refused in body["messages"][-1]["content"]:
            return 404, {"error": {"message": "no such thing", "code": "not_found"}}
        choice = {"index": 0, "message": {"role": "assistant", "content": "yes"}, "finish_reason": "stop"}
        usage = {"prompt_tokens": 5, "completion_tokens": 1, "total_tokens": 6}
        return 200, {"model": body["model"], "choices": [choice], "usage": usage}

    texts = [f"question {n}" if n < 20 or n >= 60 else f"{refused} {n}" for n in range(80)]
    with answering(handle) as url:
        made = world_of([request(text) for text in texts], tier(f"{url}/v1", concurrency=16))
        with suppress(Incomplete):
            go(made, tmp_path / "run", 1.0, FOUR)
    results = JournalLedger.read(RunFolder(tmp_path / "run").journal).results
    assert sum(result.status == "ok" for result in results.values()) == 40


def test_few_calls_and_narrow_tiers_are_not_shared() -> None:
    """A process more is worth it from as many calls and as many in flight as one process has its hands full with."""
    executor = ExecutorSettings(name="local", workers=8)
    assert [shards.processes_for(executor, in_flight, 50_000) for in_flight in (16, 127, 128, 400, 9_999)] == [
        1,
        1,
        2,
        6,
        8,
    ]
    assert shards.processes_for(executor, 9_999, 1_999) == 1


def lent(made: World, folder: RunFolder, usd: float = 1.0, **rest: Any) -> ShardJob:
    """A shard of all calls, as a session hands it out."""
    client = ClientOptions(**{"environ": {}, **rest.pop("client", {})})
    terms = ShardTerms(
        folder=folder,
        requests=made.requests,
        tiers={one.name: one for one in made.tiers},
        settings=ReplaySettings(),
        tokens=rest.pop("tokens", {}),
        client=client,
        models=frozenset(),
        parts=rest.pop("parts", 1),
    )
    known = KnownOfTiers(notes={}, refused_marks={}, shapes={}, trust={})
    return replace(terms.job("s", MARK, usd, made.calls, known), **rest)


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    """A run folder in which session `s` has lent a dollar."""
    made, folder = world("http://127.0.0.1:9/v1", 3), RunFolder(tmp_path / "run")
    journal = Journal(folder.journal)
    begin(folder, journal, MARK, 1.0, [call.call_id for call in made.calls])
    journal.close()
    signal_of(folder, "s").say("1")
    return folder


def test_a_shard_has_its_part_of_the_limits_and_no_key_but_those_of_its_tiers(folder: RunFolder) -> None:
    """Four shards that cannot see each other pass no limit together, and get nothing that they do not need."""
    limits: dict[str, Any] = {"concurrency": 10, "requests_per_minute": 100.0, "tokens_per_minute": 1_000.0}
    made = world("http://127.0.0.1:9/v1", 3, tier("http://127.0.0.1:9/v1", api_key_env="SOME_KEY", **limits))
    client = {"environ": {"SOME_KEY": "k", "OTHER": "o"}, "limits": folder.path}
    fps = list(made.requests)
    job = lent(replace(made, calls=made.calls[:1]), folder, parts=4, client=client, tokens={fps[2]: TokenCounts()})
    (one,) = job.tiers
    assert (one.concurrency, one.requests_per_minute, one.tokens_per_minute) == (2, 25.0, 250.0)
    assert (job.client.environ, job.client.limits, job.tokens) == ({"SOME_KEY": "k"}, None, {})
    assert list(job.requests) == [made.calls[0].request_fp]
    whole = lent(made, folder, client=client)
    assert (list(whole.tiers), whole.client.limits) == (list(made.tiers), folder.path)


@pytest.mark.parametrize("said", ["s stop", "s drop", "another 1"])
def test_money_of_a_session_that_is_over_is_not_spent(said: str, tmp_path: Path, folder: RunFolder) -> None:
    """A shard that begins late finds another word, or another session, and sends nothing."""
    (folder.shards / "session").write_text(said, "utf-8")
    with serving(journal=tmp_path / "server.jsonl") as endpoint:
        ask_shard(lent(world(endpoint.base_url, 3), folder))
    assert not lines(tmp_path / "server.jsonl")


def test_a_machine_that_does_not_see_the_run_folder_says_so(tmp_path: Path, folder: RunFolder) -> None:
    """It sends nothing."""
    with pytest.raises(AuditError) as refused:
        ask_shard(replace(lent(world("http://127.0.0.1:9/v1", 3), folder), run=tmp_path / "elsewhere"))
    assert refused.value.code == "executor.other-storage"


@pytest.mark.parametrize("silent_s", [0.2, 60.0], ids=["silent", "told to stop"])
def test_a_shard_ends_with_its_session(silent_s: float, tmp_path: Path, folder: RunFolder) -> None:
    """Whoever lent the money says nothing any more, or says stop: what is on the wire comes back, the rest is left."""
    books = tmp_path / "server.jsonl"
    with serving(journal=books, latency_ms=150) as endpoint:
        made = world(endpoint.base_url, 60, tier(endpoint.base_url, concurrency=2))
        told = threading.Timer(0.3, _told_to_stop, (folder, silent_s))
        told.start()
        ask_shard(lent(made, folder, silent_s=silent_s))
        told.join()
    ledger = JournalLedger.read(folder.shard(MARK).journal)
    assert 0 < len(ledger.results) == len(lines(books)) < 60
    assert ledger.lost_usd == 0


def _told_to_stop(folder: RunFolder, silent_s: float) -> None:
    if silent_s > 1:
        signal_of(folder, "s").say(STOP)


def test_a_shard_that_is_run_again_goes_on_from_its_journal(tmp_path: Path, folder: RunFolder) -> None:
    """As after the loss of its worker: nothing is asked twice, and what it spent before counts."""
    books = tmp_path / "server.jsonl"
    with serving(journal=books) as endpoint:
        made = world(endpoint.base_url, 20)
        for usd in (0.002, 1.0, 1.0):
            ask_shard(lent(made, folder, usd))
            assert money_spent(folder.shard(MARK).journal).spent_usd <= usd
    assert len(lines(books)) == len({line["key"] for line in lines(books)}) == 20


def shard_with(folder: RunFolder, *, lose: bool) -> World:
    """A shard that has two results and an attempt on the wire; or whose journal is gone."""
    made = world("http://127.0.0.1:9/v1", 3)
    journal = Journal(folder.shard(MARK).journal)
    for call in made.calls[:2]:
        journal.start(call.call_id, 0.3)
        row = {name: getattr(call, name) for name in ("call_id", "request_fp", "route", "tier", "arm", "repeat")}
        facts = {"status": "ok", "attempts": 1, "served_from": "network", "usage_estimated": False, "text": "yes"}
        journal.done({**row, **facts, "spent_usd": 0.1, "lost_usd": 0.02, "failed_usd": 0.0})
    journal.start(made.calls[2].call_id, 0.3)
    journal.close()
    if lose:
        folder.shard(MARK).journal.unlink()
    return made


def test_what_a_shard_left_is_taken_in_once(folder: RunFolder) -> None:
    """A session is killed after the first of two results; the next one copies the other, and counts what was on the
    wire at its worst case. Until then all that was lent counts."""
    shard_with(folder, lose=False)
    assert JournalLedger.read(folder.journal).lost_usd == pytest.approx(1.0)

    class Killed(Exception):
        """At its worst moment."""

    def take_in(journal: Journal, most: int) -> Callable[..., None]:
        def one(call: Any, row: Any, answer: Any) -> None:
            if len(journal.ledger.results) == most:
                raise Killed
            journal.done(dict(row))

        return one

    for most in (1, 9):
        journal = Journal(folder.journal)
        try:
            assert take_in_shard(folder, journal, MARK, take_in(journal, most)) == pytest.approx((0.2, 0.34))
        except Killed:
            assert most == 1
            booked = JournalLedger.read(folder.journal)
            assert (booked.spent_usd, booked.lost_usd) == pytest.approx((0.1, 0.02 + 0.88))
        finally:
            journal.close()
    ledger = JournalLedger.read(folder.journal)
    assert (ledger.spent_usd, ledger.lost_usd) == pytest.approx((0.2, 0.34))
    assert not ledger.leases
    assert len([*done_events(folder.journal)]) == len(ledger.results) == 2


def test_of_a_shard_that_is_gone_all_its_money_is(folder: RunFolder) -> None:
    """Its journal was there before it began; without it nobody knows what was spent."""
    shard_with(folder, lose=True)
    journal = Journal(folder.journal)
    assert take_in_shard(folder, journal, MARK, lambda *_: None) == (0.0, 1.0)
    journal.close()
    assert JournalLedger.read(folder.journal).lost_usd == 1.0


def start(folder: Path, *rest: object, **environ: str) -> Child | subprocess.Popen[str]:
    """A session in a process of its own; one that has processes for its shards is no child of the tests' server, whose
    children may have none."""
    arguments = (folder, *rest)
    paths = os.pathsep.join(filter(None, [str(REPO), os.environ.get("PYTHONPATH")]))
    environment = {**os.environ, "PYTHONPATH": paths, **environ}
    if "threads" in arguments:
        return Child("tests.replay.sharing", *arguments, environment=environment)
    command = [sys.executable, "-m", "tests.replay.sharing", *map(str, arguments)]
    return subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True, cwd=folder.parent)


def killed_at(process: Child | subprocess.Popen[str], books: Path, answers: int) -> bool:
    """Kill a session when the server has sent so many answers; False where it ended before."""
    while process.poll() is None and books.read_text("utf-8").count('"ok"') < answers:
        time.sleep(0.01)
    ended = process.poll() is not None
    process.kill()
    process.communicate()
    return not ended


@dataclass(frozen=True)
class Ended:
    """What a run came to: whether all calls were made, kills, answers that came twice, and shares of the cap."""

    whole: bool
    kills: int
    twice: int
    billed: float
    booked: float


def one_seed(seed: int, folder: Path, *executor: object, calls: int = CALLS) -> Ended:
    """A run to its end or to its cap. It is killed once on the way with all its shards, or, where these are processes,
    one of them is."""
    rng, books, run = random.Random(seed), folder / "server.jsonl", folder / "run"
    folder.mkdir()
    books.touch()
    cap = calls * 8e-5 * (1 + seed % 5)
    with serving(journal=books, latency_ms=SLOW_MS, seed=seed, fill=1, **FAULTS) as endpoint:
        arguments = (endpoint.base_url, calls, cap, *executor)
        kills = 0
        if "threads" in executor:
            kills += killed_at(start(run, *arguments), books, rng.randint(1, calls // 5))
            process = start(run, *arguments)
        else:
            process = start(run, *arguments, DIES="1")
        _, told = process.communicate(timeout=600)
        assert process.returncode in (0, 4), told
    kills += (folder / "dying.died").exists()
    made = made_of(endpoint.base_url, calls)
    billed, booked, twice = shares_of(RunFolder(run), made, lines(books), cap)
    assert twice <= kills * IN_FLIGHT
    return Ended(process.returncode == 0, kills, twice, billed, booked)


def told_of(ended: Sequence[Ended]) -> str:
    """The figures of several runs."""
    whole, kills, twice = (sum(getattr(one, name) for one in ended) for name in ("whole", "kills", "twice"))
    return (
        f"{len(ended)} seeds, {whole} to their end and {len(ended) - whole} to their cap, {kills} kills: the server "
        f"billed {max(one.billed for one in ended):.3f} of the cap at most, the books say "
        f"{max(one.booked for one in ended):.3f}; {twice} answers came twice"
    )


def test_a_session_that_is_killed_with_its_shards(tmp_path: Path) -> None:
    """The next one takes in what they have left, and pays nothing twice but what was on the wire."""
    ended = one_seed(4, tmp_path / "4", "threads", 4, calls=100)
    assert (ended.kills, ended.billed > 0.3) == (1, True)


@pytest.mark.slow
def test_fifty_seeds_with_four_shards(tmp_path: Path) -> None:
    """Each killed once with its shards. Prints the largest bill in caps, and how many answers came twice."""
    print(told_of([one_seed(seed, tmp_path / str(seed), "threads", 4) for seed in range(50)]))


@pytest.mark.slow
def test_workers_that_are_killed_at_their_calls(tmp_path: Path) -> None:
    """Shards are processes, of which one is killed while it makes calls. Prints the same."""
    ended = [one_seed(seed, tmp_path / str(seed), "local", 4) for seed in range(4)]
    print(told_of(ended))
    assert sum(one.kills for one in ended) == 4


@pytest.mark.slow
def test_a_signal_waits_for_what_shards_have_on_the_wire(tmp_path: Path) -> None:
    """Ctrl-C at the session: every answer that was sent is in the journal, and nothing is lost."""
    books = tmp_path / "server.jsonl"
    books.touch()
    with serving(journal=books, latency_ms=300) as endpoint:
        process = start(tmp_path / "run", endpoint.base_url, CALLS, 10.0, "local", 4)
        while books.read_text("utf-8").count('"ok"') < 20:
            time.sleep(0.02)
        process.send_signal(2)
        _, told = process.communicate(timeout=120)
    ledger = JournalLedger.read(RunFolder(tmp_path / "run").journal)
    assert process.returncode == 130, told
    assert 20 <= len(ledger.results) == len(lines(books)) < CALLS
    assert (ledger.lost_usd, ledger.leases) == (0, {})
