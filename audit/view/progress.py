"""How far a replay has got, read from its journal while it runs: only what was added since the last look."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from pathlib import Path

from audit.core.artifacts import RunFolder
from audit.core.plan import Plan
from audit.replay.journal import parse_line


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteProgress:
    """One route of a plan.

    Attributes:
        done: Calls that have a result.
        planned: Calls that the plan makes at most; looks that stop early leave some of them out.
    """

    route: str
    done: int
    planned: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """A replay, as its journal has it.

    Attributes:
        routes: In the order of the plan.
        spent_usd: Billed for answers.
        cap_usd: Hard stop.
    """

    routes: tuple[RouteProgress, ...]
    spent_usd: float
    cap_usd: float

    @property
    def done(self) -> int:
        """Calls that have a result, over all routes."""
        return sum(route.done for route in self.routes)

    @property
    def planned(self) -> int:
        """Calls of the plan at most."""
        return sum(route.planned for route in self.routes)


@dataclass(slots=True)
class JournalTail:
    """What of a journal was read so far. Safe to use from several threads."""

    path: Path
    offset: int = 0
    route_of: dict[str, str] = field(default_factory=dict)
    spent_usd: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def read_on(self) -> None:
        """Take in the lines that were written since."""
        with self.lock:
            if not self.path.exists():
                return
            if self.path.stat().st_size < self.offset:  # another journal is at this place now
                self.offset, self.spent_usd = 0, 0.0
                self.route_of.clear()
            with self.path.open("rb") as file:
                file.seek(self.offset)
                for line in file:
                    if not line.endswith(b"\n"):
                        break  # it is being written
                    self.offset += len(line)
                    event = parse_line(line)
                    if event is not None and event["event"] == "done":
                        self.route_of[event["call_id"]] = event["route"]
                        self.spent_usd += event["spent_usd"]

    def progress(self, plan: Plan) -> Progress:
        """Where the replay of a plan stands."""
        self.read_on()
        done: dict[str, int] = {}
        for route in self.route_of.values():
            done[route] = done.get(route, 0) + 1
        return Progress(
            routes=tuple(
                RouteProgress(route=one.route, done=done.get(one.route, 0), planned=one.calls + one.recorded)
                for one in plan.quotes
            ),
            spent_usd=self.spent_usd,
            cap_usd=plan.max_spend_usd,
        )


def tail_of(folder: RunFolder) -> JournalTail:
    """The journal of a run, from its beginning."""
    return JournalTail(folder.journal)
