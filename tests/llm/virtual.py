"""Many calls at once against an endpoint, on a clock that jumps to whoever wakes next: no test waits for it."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Coroutine
from typing import Any

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
