"""Time as an argument: the real clock, and one that a test turns by hand."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Seconds that only go forward, and a way to wait."""

    def now(self) -> float:
        """Monotonic seconds."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        ...


class SystemClock:
    """The machine's monotonic clock."""

    def now(self) -> float:
        """Monotonic seconds."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        import asyncio  # commands that wait for nothing start without it

        await asyncio.sleep(seconds)


class ManualClock:
    """A clock that moves only when somebody sleeps on it; for tests."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.slept: list[float] = []

    def now(self) -> float:
        """Seconds slept so far."""
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        """Move the clock, and let others run."""
        self.slept.append(seconds)
        self.seconds += max(seconds, 0.0)
        import asyncio

        await asyncio.sleep(0)
