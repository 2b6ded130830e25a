"""What of a tier's own limits is used up, by every audit that this user runs on this machine.

A limit is a host's, a key's and a model's, so processes that share these three share one small file: when the next call
may start, when the next token may be used, and who holds the places in flight. It is a file and no process, so that
nothing has to be started, and nobody is asked who may be gone:

- The two moments are never further ahead than what the last call used. Nothing is reserved for those who wait, so a
  process that is killed takes nothing with it.
- A place is a lock on one byte, and so is a process's presence. The system takes the locks of a process that ends,
  however it ends.

Places are dealt out in equal parts among the processes that have calls to make: else the one that came first would take
each of its places again before the other had looked.
"""

from __future__ import annotations

import fcntl
import math
import os
import platform
import struct
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from audit.core.artifacts import OWNER_FILE, private_folder
from audit.core.fingerprint import digest
from audit.core.tier import Tier
from audit.llm.tiers import host_of, is_local, variables_of

STARTS, TOKENS = 0, 1
"""The two moments."""
MINUTE_S = 60.0
WRITTEN = struct.Struct("<2dd")
"""The moments, and when they were written."""
PRESENCE, MOST_PROCESSES = 1 << 10, 64
PLACES, MOST_PLACES = 1 << 20, 1 << 10
"""First bytes and lengths of two stretches that are locked and never written; each tier has a stretch of places."""


class Allowance:
    """What is used up of the limits of one host, key and model.

    Args:
        descriptor: Of the file that processes share, open for reading and writing; None: this process is alone.
    """

    def __init__(self, descriptor: int | None = None) -> None:
        self._file = descriptor
        self._moments = [0.0, 0.0]
        self._presence: int | None = None
        self._calls = 0
        self._held: dict[int, set[int]] = {}

    @property
    def shared(self) -> bool:
        """Whether other processes of this machine see it."""
        return self._file is not None

    def start(self, which: int, cost_s: float, now: float, *, waited: bool) -> float:
        """Take a start, or say how long to wait before asking again.

        Args:
            which: `STARTS` or `TOKENS`.
            cost_s: Seconds that nothing else may start after this one.
            now: Of a clock that all processes of this machine share.
            waited: The caller has slept since it was told to. Its start was due then, so waking late costs no rate.

        Returns:
            Seconds; 0 where it was taken.
        """
        with self._shared_moments(now) as moments:
            # A remainder below the clock's resolution would never pass.
            if (wait := moments[which] - now) > 1e-6:
                return wait
            moments[which] = max(moments[which], now - cost_s if waited else now) + cost_s
            return 0.0

    def give_back(self, which: int, seconds: float, now: float) -> None:
        """Seconds that were taken and not used; fewer than none where more were used, which puts nobody off for longer
        than a minute: no limit of a minute holds what was used before it.
        """
        with self._shared_moments(now) as moments:
            latest = max(moments[which], now + MINUTE_S)
            moments[which] = max(now, min(moments[which] - seconds, latest))

    @contextmanager
    def _shared_moments(self, now: float) -> Iterator[list[float]]:
        if self._file is None:
            yield self._moments
            return
        # Held for microseconds, and by nobody who waits meanwhile.
        fcntl.lockf(self._file, fcntl.LOCK_EX, WRITTEN.size, 0)
        try:
            moments = self._read(now)
            yield moments
            os.pwrite(self._file, WRITTEN.pack(*moments, now), 0)
        finally:
            fcntl.lockf(self._file, fcntl.LOCK_UN, WRITTEN.size, 0)

    def _read(self, now: float) -> list[float]:
        assert self._file is not None
        data = os.pread(self._file, WRITTEN.size, 0)
        if len(data) < WRITTEN.size:
            return [0.0, 0.0]
        *moments, written = WRITTEN.unpack(data)
        # The clock starts anew with the machine; moments of its last life mean nothing.
        return moments if written <= now and all(map(math.isfinite, moments)) else [0.0, 0.0]

    def join(self) -> None:
        """A call of this process is waiting for its place; to be followed by `part`, whatever becomes of it."""
        self._calls += 1

    def part(self) -> None:
        """It is over. A process without calls leaves its part to the others."""
        self._calls -= 1
        if not self._calls and self._presence is not None:
            self._unlock(PRESENCE + self._presence)
            self._presence = None

    def take_place(self, tier: int, most: int) -> int | None:
        """A place in flight; None while there is none for this process.

        Args:
            tier: Its number among the tiers of this host, key and model.
            most: Places that its processes have together.
        """
        held = self._held.setdefault(tier, set())
        if self._file is None:
            place = next(place for place in range(len(held) + 1) if place not in held)
            held.add(place)
            return place
        if (processes := self._processes()) is None or len(held) >= math.ceil(most / processes):
            return None
        first = PLACES + tier * MOST_PLACES
        for place in range(most):
            if place not in held and self._lock(first + place):
                held.add(place)
                return place
        return None

    def leave_place(self, tier: int, place: int) -> None:
        """The place is free again."""
        self._held[tier].discard(place)
        if self._file is not None:
            self._unlock(PLACES + tier * MOST_PLACES + place)

    def _processes(self) -> int | None:
        """Those that have calls to make, this one among them; None where this one could not say that it is there."""
        if self._presence is None:
            free = (number for number in range(MOST_PROCESSES) if self._lock(PRESENCE + number))
            self._presence = next(free, None)
        if (own := self._presence) is None:
            return None
        if all(self._nobody(start, end) for start, end in ((0, own), (own + 1, MOST_PROCESSES))):
            return 1
        return 1 + sum(not self._nobody(one, one + 1) for one in range(MOST_PROCESSES) if one != own)

    def _nobody(self, start: int, end: int) -> bool:
        """Whether no other process holds one of these bytes of presence; looking takes locks that looks do not mind."""
        if start == end or not self._lock(PRESENCE + start, end - start, fcntl.LOCK_SH):
            return start == end
        self._unlock(PRESENCE + start, end - start)
        return True

    def _lock(self, start: int, length: int = 1, kind: int = fcntl.LOCK_EX) -> bool:
        assert self._file is not None
        try:
            fcntl.lockf(self._file, kind | fcntl.LOCK_NB, length, start)
        except (BlockingIOError, PermissionError):  # the two words that POSIX has for it
            return False
        return True

    def _unlock(self, start: int, length: int = 1) -> None:
        assert self._file is not None
        fcntl.lockf(self._file, fcntl.LOCK_UN, length, start)


def limited_by(tier: Tier, environ: Mapping[str, str]) -> tuple[str, ...]:
    """What a tier's limits belong to: host, model, and the key by its variables and a digest of their values."""
    variables = variables_of(tier)
    values = [environ.get(name, "") for name in variables]
    return (host_of(tier) or tier.name, tier.model, *variables, digest("\n".join(values)))


def shared_allowances(
    folder: Path | None, environ: Mapping[str, str], note: Callable[[str], None]
) -> Callable[[Tier], Allowance]:
    """What is used up of each tier's limits; tiers whose limits are the same get one.

    Args:
        folder: Of the files that processes share; made where it is not there. None: this process is alone, as it is
            where the folder cannot be written or its disk has no locks.
        environ: Where keys are.
        note: Told that the folder cannot be used, in one sentence, once.
    """
    alone: dict[tuple[str, ...], Allowance] = {}
    told: list[str] = []

    def allowance(tier: Tier) -> Allowance:
        limited = limited_by(tier, environ)
        if folder is not None and not is_local(tier):
            try:
                # A folder that several machines share is one for each of them, because their clocks differ.
                return _at(private_folder(folder) / digest("\n".join((platform.node(), *limited)))[:32])
            except OSError as error:
                if not told:
                    told.append(f"limits are kept by this process alone: {folder}: {error.strerror}")
                    note(told[0])
        return alone.setdefault(limited, Allowance())

    return allowance


@cache
def _at(path: Path) -> Allowance:
    """One a process, never closed: to close any descriptor of a file gives back all locks of the process on it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, OWNER_FILE)
    fcntl.lockf(descriptor, fcntl.LOCK_EX, WRITTEN.size, 0)
    fcntl.lockf(descriptor, fcntl.LOCK_UN, WRITTEN.size, 0)
    return Allowance(descriptor)
