"""Replays whose calls are shared, for tests: small ones as well, by threads of this process or by what an executor has,
with workers that die at them."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from audit.core.artifacts import RunFolder
from audit.core.errors import AuditError
from audit.core.settings import ExecutorSettings, ReplaySettings
from audit.executors.executor import find_work
from audit.llm.client import ClientOptions
from audit.llm.retry import Backoff
from audit.replay import leases, shards
from audit.replay.options import ReplayOptions
from audit.replay.run import run_replay
from audit.replay.table import money_spent, replay_counts
from tests.replay.world import World, tier, world

FAULTS = {"rate_429": 0.05, "rate_500": 0.05, "rate_reset": 0.05, "rate_truncate": 0.05}
SLOW_MS = 20
CALLS = 400
IN_FLIGHT = 16


@dataclass(frozen=True)
class Threads:
    """A pool of threads: shards as they are, without the second that a process takes to begin."""

    workers: int

    def run(self, jobs: Iterable[Any], *, work: str) -> Iterator[Any]:
        """As executors do."""
        with ThreadPoolExecutor(self.workers) as threads:
            flying = []
            for job in jobs:
                flying.append(threads.submit(find_work(work), job))
                while len(flying) > self.workers:
                    yield flying.pop(0).result()
            for one in flying:
                yield one.result()


def share_all(fewest_calls: int = 10) -> None:
    """Share calls however few they are; for processes of a test's own."""
    shards.SHARED_FROM = shards.IN_FLIGHT_EACH = 1
    shards.FEWEST_CALLS = fewest_calls


@contextmanager
def threads(settings: ExecutorSettings) -> Iterator[Threads]:
    """In place of `open_pool`."""
    yield Threads(settings.workers or 1)


def dies(folder: Path) -> None:
    """Let one worker be killed that is not this process."""
    (folder / "dying").write_text(str(os.getpid()), "utf-8")
    shards.WORK = "tests.executors.dying:ask_dying_at_once"


def made_of(base_url: str, n: int = CALLS) -> World:
    """Calls of one tier."""
    return world(base_url, n, tier(base_url, model="m", concurrency=IN_FLIGHT, timeout_s=10.0))


def go(made: World, folder: Path, cap_usd: float, executor: ExecutorSettings, **rest: Any) -> RunFolder:
    """Replay, sharing the calls."""
    client = ClientOptions(backoff=Backoff(base_s=0.01), **rest.pop("client", {}))
    options = ReplayOptions(cap_usd=cap_usd, client=client, executor=executor, **rest)
    run_replay(made.calls, made.requests, made.tiers, ReplaySettings(attempts=8), RunFolder(folder), options)
    return RunFolder(folder)


def shares_of(folder: RunFolder, made: World, server: list[dict[str, Any]], cap_usd: float) -> tuple[float, float, int]:
    """What is true of every run: nothing is lent any more, one result a call, and books that hold the server's bill.

    Returns:
        Of the cap, what the server has billed and what the books say; answers that came twice.
    """
    from tests.replay.test_chaos import bill_of

    assert not folder.shards.exists()
    counts, money = replay_counts(folder.journal, made.calls), money_spent(folder.journal)
    answered = Counter(line["key"] for line in server if line["event"] == "ok")
    billed, booked = bill_of(server, "ok") + bill_of(server, "cut"), money.spent_usd + money.lost_usd
    assert counts.done <= len(answered) <= len(made.calls)
    assert billed <= booked + 1e-9
    assert booked <= cap_usd + 1e-9
    return billed / cap_usd, booked / cap_usd, sum(answered.values()) - len(answered)


def main(folder: str, base_url: str, calls: str, cap: str, executor: str, workers: str, *address: str) -> int:
    """A session in a process of its own, which a test may kill: `python -m tests.replay.sharing`, with these arguments.

    The executor may be `threads`: who kills this process then kills its shards with it. The environment may hold
    `DIES`, so that a worker is killed.
    """
    share_all()
    if executor == "threads":
        vars(shards)["open_pool"], executor = threads, "local"
    if "DIES" in os.environ:
        dies(Path(folder).parent)
    leases.LOOK_EVERY_S = 0.05
    settings = ExecutorSettings(name=executor, workers=int(workers), address=next(iter(address), None))
    try:
        go(made_of(base_url, int(calls)), Path(folder), float(cap), settings)
    except AuditError as error:
        print(error.code, error.what, *error.notes, sep="\n", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    from tests.replay.sharing import main as main_by_its_name  # workers find the functions of this module by its name

    sys.exit(main_by_its_name(*sys.argv[1:]))
