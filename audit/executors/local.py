"""Run the work on this machine: in this process, and from two workers on in fresh processes beside it."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import BrokenExecutor, Future
from concurrent.futures import Executor as Processes
from contextlib import AbstractContextManager
from typing import Any

from audit.core.pandas_spared import pandas_refused, refuse_pandas
from audit.core.settings import ExecutorSettings
from audit.executors.executor import Executor, Pool, do_work, find_work, workers_lost

AHEAD = 2
"""Jobs under way per process: enough to keep it busy, few enough that memory stays bounded."""

LOSSES = 3
"""How often processes may die, without a result between, before the work is given up."""


class LocalPool(AbstractContextManager["LocalPool"]):
    """This process and `workers - 1` others.

    This one works too: it need not import everything first, as a new one must.
    """

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self._processes: Processes | None = None

    def __exit__(self, *_: object) -> None:
        self._stop()

    def run(self, jobs: Iterable[Any], *, work: str) -> Iterator[Any]:
        """Results in the order of the jobs; this process takes a job when the others have enough."""
        do = find_work(work)
        if self.workers == 1:
            yield from map(do, jobs)
            return
        enough = AHEAD * (self.workers - 1)
        flying: deque[tuple[Any, Future[Any]]] = deque()
        try:
            for job in jobs:
                others_busy = sum(not future.done() for _, future in flying) >= enough
                flying.append((job, _done(work, job) if others_busy else self._submit(work, job)))
                # Results wait for those before them, so what is held is bounded too.
                while flying and (flying[0][1].done() or len(flying) > 2 * enough + 2):
                    yield self._landed(flying, work)
            while flying:
                yield self._landed(flying, work)
        finally:
            for _, future in flying:
                future.cancel()

    def _submit(self, work: str, job: Any) -> Future[Any]:
        if self._processes is None:
            # Imported here: a small log needs no processes, and is read before they could be imported.
            from concurrent.futures import ProcessPoolExecutor
            from multiprocessing import get_context

            # Spawned, not forked: a forked child of a process with threads (polars has them) can hang.
            spawned = get_context("spawn")
            self._processes = ProcessPoolExecutor(
                self.workers - 1, mp_context=spawned, initializer=_begin, initargs=(pandas_refused(),)
            )
        try:
            return self._processes.submit(_do_whole, work, job)
        except BrokenExecutor as error:  # told when its turn comes
            lost: Future[Any] = Future()
            lost.set_exception(error)
            return lost

    def _landed(self, flying: deque[tuple[Any, Future[Any]]], work: str) -> Any:
        """The first result. Where a process died, what it and the others of its kind had is begun anew."""
        for _ in range(LOSSES):
            try:
                result = flying[0][1].result()
            except BrokenExecutor:
                self._stop()
                for place, (job, future) in enumerate(flying):
                    if future.cancelled() or isinstance(future.exception(), BrokenExecutor):
                        flying[place] = job, self._submit(work, job)
            except BaseException:
                flying.popleft()
                raise
            else:
                flying.popleft()
                return result
        raise workers_lost(hint='use one worker, or, in a script, call this under `if __name__ == "__main__":`')

    def _stop(self) -> None:
        if self._processes is not None:
            self._processes.shutdown(wait=True, cancel_futures=True)
            self._processes = None


_AT_WORK = threading.Lock()


def _begin(without_pandas: bool) -> None:
    """Become a worker that does without what its parent does without."""
    if without_pandas:
        refuse_pandas()
    _end_with_parent()


def _end_with_parent() -> None:
    """End this process when the one that hands out the work is gone: nobody would ever tell it to. A job that it has
    begun is done first, since what is half done may have to be paid for again."""
    # Imported here for the reason above.
    from multiprocessing import parent_process
    from multiprocessing.connection import wait

    parent = parent_process()

    def watch() -> None:
        if parent is not None:
            wait([parent.sentinel])
            with _AT_WORK:
                os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _do_whole(work: str, job: Any) -> Any:
    with _AT_WORK:
        return do_work(work, job)


def _done(work: str, job: Any) -> Future[Any]:
    """A job done here, as a future, so that its error too waits for its turn."""
    future: Future[Any] = Future()
    try:
        future.set_result(do_work(work, job))
    except Exception as error:
        future.set_exception(error)
    return future


def open_pool(settings: ExecutorSettings) -> AbstractContextManager[Pool]:
    """As many workers as asked for, else one per core."""
    return LocalPool(settings.workers or os.cpu_count() or 1)


EXECUTOR = Executor(name="local", summary=__doc__, open=open_pool, here=True)
