"""What a log shows of the names that its models are called by: do they still answer as they did?"""

from __future__ import annotations

from dataclasses import dataclass

from audit.core.interval import Estimate

CRITERIA = "criteria"
"""Name of the signal that is the route's own criteria."""
ASKED_AGAIN = "asked again"
"""Name of the signal that is the same request coming again in the same session."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NameWatched:
    """One name on one route by one signal.

    Attributes:
        route: Name.
        name: As the model is called in the log.
        signal: `CRITERIA`, `ASKED_AGAIN`, or the name of an outcome that the log has.
        before_from: First day, ISO date.
        before_to: Last day of the time that the later days are held against.
        to: Last day.
        before_n: Answers before; one a session or prompt and day.
        before_good: Of these, accepted.
        after_n: Answers since.
        after_good: Of these, accepted.
        days: Windows since.
        alarm: Day of the alarm; None where there is none.
        began: Day from which it most likely answers worse.
        after_began: Accepted share from that day on; None without an alarm.
        drift: How much the requests themselves are others since then (population stability index); None without alarm.
        responded: Names by which the model called itself before and since, where they differ.
        unmeasured: Answers that the signal says nothing of.
    """

    route: str
    name: str
    signal: str
    before_from: str
    before_to: str
    to: str
    before_n: int
    before_good: int
    after_n: int
    after_good: int
    days: int
    alarm: str | None = None
    began: str | None = None
    after_began: float | None = None
    drift: float | None = None
    responded: tuple[str, str] | None = None
    unmeasured: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyCheck:
    """Whether the criteria of a route see what an outcome sees, on today's own answers.

    Attributes:
        route: Name.
        outcome: Name.
        bad: Answers with a bad outcome that the criteria judged.
        bad_rejected: Of these, rejected by the criteria.
        good: Answers with a good outcome that they judged.
        good_rejected: Of these, rejected.
        bad_share, good_share: Rejected shares with their 95 % intervals; None where there is no such answer.
        requests: Billable requests of the route; most have no outcome.
    """

    route: str
    outcome: str
    bad: int
    bad_rejected: int
    good: int
    good_rejected: int
    bad_share: Estimate | None
    good_share: Estimate | None
    requests: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NamesWatched:
    """All names of a log.

    Attributes:
        watched: By route, name and signal.
        proxies: By route and outcome.
        left_out: Sentences on what could not be watched.
        alpha: Chance of any false alarm, over all of them and all days.
        loss: By route, the loss that is accepted.
    """

    watched: tuple[NameWatched, ...]
    proxies: tuple[ProxyCheck, ...]
    left_out: tuple[str, ...]
    alpha: float
    loss: dict[str, float]

    @property
    def alarms(self) -> tuple[NameWatched, ...]:
        """Those that answer worse."""
        return tuple(one for one in self.watched if one.alarm is not None)
