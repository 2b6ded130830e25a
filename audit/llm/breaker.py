"""Stop asking an endpoint that is down, so that an outage does not burn every call's attempts."""

from __future__ import annotations

import asyncio

from audit.core.clock import Clock


class Outage(Exception):
    """The endpoint stayed down for as long as anybody waits."""


class Breaker:
    """Closed: everybody passes. Open: one call at a time is a probe, after a pause that doubles; the others wait.

    Args:
        threshold: Failures in a row, over all calls of the tier, that open it.
        pause_s: First pause; doubles up to `longest_pause_s`.
        probes: Failed probes in a row after which the endpoint is given up: with the defaults after three minutes.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        threshold: int = 20,
        pause_s: float = 1.0,
        longest_pause_s: float = 60.0,
        probes: int = 8,
    ) -> None:
        self._clock = clock
        self._threshold = threshold
        self._first_pause_s = pause_s
        self._longest_pause_s = longest_pause_s
        self._probes = probes
        self._failures = 0
        self._failed_probes = 0
        self._probe: asyncio.Task[object] | None = None
        self._changed = asyncio.Event()
        self.is_open = False

    async def admit(self) -> None:
        """Return when a call may be sent.

        Raises:
            Outage: The endpoint was given up.
        """
        while self.is_open:
            if self._failed_probes >= self._probes:
                raise Outage
            if self._probe is None:
                self._probe = asyncio.current_task()
                try:
                    await self._clock.sleep(min(self._first_pause_s * 2**self._failed_probes, self._longest_pause_s))
                except BaseException:
                    self.abandoned()
                    raise
                return
            await self._changed.wait()

    def succeeded(self) -> None:
        """The endpoint gave an answer, be it a refusal: it is up."""
        self._failures = 0
        if self.is_open:
            self.is_open, self._failed_probes, self._probe = False, 0, None
            self._tell()

    def failed(self) -> None:
        """No answer, or a 5xx."""
        self._failures += 1
        if self._probe is not None and self._probe is asyncio.current_task():
            self._failed_probes, self._probe = self._failed_probes + 1, None
            self._tell()
        elif not self.is_open and self._failures >= self._threshold:
            self.is_open = True

    def abandoned(self) -> None:
        """The call was cancelled before it showed anything; another may probe."""
        if self._probe is not None and self._probe is asyncio.current_task():
            self._probe = None
            self._tell()

    def _tell(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()
