"""Many calls at once against an endpoint, on a clock that jumps to whoever wakes next: no test waits for it."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import random
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from audit.llm.limiter import Limiter
from audit.llm.retry import Backoff

SETTLE = 12
"""Turns of the event loop after which everybody who woke has gone to sleep again."""


class JumpingClock:
    """Sleepers wake in order; time passes only when nobody is awake."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._number = itertools.count()

    def now(self) -> float:
        """Seconds passed."""
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        """Wait for one's moment."""
        moment = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self.seconds + max(seconds, 0.0), next(self._number), moment))
        await moment

    async def run(self, work: list[Coroutine[Any, Any, None]]) -> None:
        """Run everything to its end."""
        tasks = [asyncio.create_task(one) for one in work]
        while not all(task.done() for task in tasks):
            for _ in range(SETTLE):
                await asyncio.sleep(0)
            if self._sleepers:
                moment = self._sleepers[0][0]
                self.seconds = max(self.seconds, moment)
                while self._sleepers and self._sleepers[0][0] <= moment:
                    heapq.heappop(self._sleepers)[2].set_result(None)
        await asyncio.gather(*tasks)


@dataclass(kw_only=True)
class Load:
    """What came of a run.

    Attributes:
        done: Moments at which calls were answered.
        refused: Attempts that were refused.
        lost: Calls whose attempts were used up.
    """

    done: list[float] = field(default_factory=list)
    refused: int = 0
    lost: int = 0

    @property
    def refused_share(self) -> float:
        """Of all attempts."""
        return self.refused / max(self.refused + len(self.done), 1)

    def until(self, share: float, calls: int) -> float:
        """Seconds until so much of the calls was answered; infinite where it never was."""
        wanted = int(share * calls)
        return sorted(self.done)[wanted - 1] if len(self.done) >= wanted else float("inf")


def loaded(
    refusal: Callable[[float, random.Random], float | None],
    *,
    calls: int,
    concurrency: int,
    latency_s: float = 0.5,
    attempts: int = 6,
    seed: int = 0,
) -> Load:
    """As the client does: a place of the limiter, an answer or a 429, a wait with jitter, again.

    Args:
        refusal: Of a moment: None where the endpoint takes the call, else the seconds it asks to wait (0: none named).
    """
    clock, load, rng = JumpingClock(), Load(), random.Random(seed)
    limiter = Limiter(concurrency=concurrency, requests_per_minute=None, clock=clock)
    backoff = Backoff()

    async def call() -> None:
        for attempt in range(1, attempts + 1):
            async with limiter:
                await clock.sleep(latency_s * rng.uniform(0.5, 1.5))
                wait = refusal(clock.now(), rng)
                if wait is None:
                    limiter.answered()
                    load.done.append(clock.now())
                    return
                limiter.throttled(wait or None)
            load.refused += 1
            if attempt < attempts:
                await clock.sleep(backoff.wait_s(attempt, rng, wait or None) or 0.0)
        load.lost += 1

    async def worker(queue: list[int]) -> None:
        while queue:
            queue.pop()
            await call()

    queue = list(range(calls))
    asyncio.run(clock.run([worker(queue) for _ in range(concurrency)]))
    return load
