"""Run the work on this machine: in this process with one worker, else in fresh processes."""

from __future__ import annotations

import itertools
import multiprocessing
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from typing import Any

from audit.executors.executor import Executor, do_work, find_work

_AHEAD = 2  # jobs in flight per worker: enough to keep it busy, few enough that memory stays bounded


def run(jobs: Iterable[Any], *, work: str, workers: int) -> Iterator[Any]:
    """Yield the results in the order of the jobs; at most a few jobs per worker are in flight."""
    if workers <= 1:
        yield from map(find_work(work), jobs)
        return
    # Spawned, not forked: a forked child of a process with threads (polars has them) can hang.
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        flying: deque[Future[Any]] = deque()
        source = iter(jobs)
        try:
            for job in itertools.islice(source, workers * _AHEAD):
                flying.append(pool.submit(do_work, work, job))
            while flying:
                result = flying.popleft().result()
                for job in itertools.islice(source, 1):
                    flying.append(pool.submit(do_work, work, job))
                yield result
        finally:
            for future in flying:
                future.cancel()


EXECUTOR = Executor(name="local", summary=__doc__, run=run)
