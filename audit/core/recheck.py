"""`recheck.json`: what a new tier looks like on the sample of a run, and whether it is worth a full audit.

It never says Switch: a recheck looks at requests that choose, and a recommendation needs requests that chose nothing.
Money is USD for the log's window, but where a name says `yearly`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from audit.core.interval import Estimate
from audit.core.reason import Because

SCHEMA = "audit-recheck/1"


class Worth(StrEnum):
    """What a recheck says of a tier on a route."""

    FULL_AUDIT = "worth_a_full_audit"
    NOT = "not_worth_it"
    OPEN = "cannot_tell"

    @property
    def words(self) -> str:
        """For people."""
        return self.value.replace("_", " ")


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteRecheck:
    """One tier on one route.

    Attributes:
        route: Name.
        worth: Whether to audit it.
        because: Why.
        spend_usd: Billed for the route.
        margin: Accepted loss, as the run had it.
        today: The run's verdict.
        today_usd: What the run's verdict saves.
        asked: Requests that had their turn, of those planned.
        planned: Requests that the recheck would have gone on to.
        n: Pairs in which both answers were scored.
        b: Today's answer passes and the tier's fails.
        c: Today's answer fails and the tier's passes.
        quality_delta: Tier minus today's; None without pairs.
        p_inferior: Exact p-value of "the loss is at most the margin"; None without pairs.
        chance: That a full audit would certify the tier, if the rest is like what was seen; None without pairs.
        saving_usd: Of moving the whole route to it, at most as its upper end says; the lower is not known. None where
            no cost is known.
        beyond_usd: The same beyond what the run's verdict saves already, which is at its least in the upper end.
        full_calls: That a full audit would make.
        full_usd: What these would cost.
    """

    route: str
    worth: Worth
    because: Because
    spend_usd: float
    margin: float
    today: str
    today_usd: Estimate
    asked: int = 0
    planned: int = 0
    n: int = 0
    b: int = 0
    c: int = 0
    quality_delta: Estimate | None = None
    p_inferior: float | None = None
    chance: float | None = None
    saving_usd: Estimate | None = None
    beyond_usd: Estimate | None = None
    full_calls: int = 0
    full_usd: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recheck:
    """A tier held against the sample of a run.

    Attributes:
        run_id: Of the run.
        tier: Its name in `audit.yaml`.
        model: As its endpoint calls it.
        windows_a_year: Windows like the log's in a year; 1 where the log does not say how long its window is.
        routes: In the order of the run's findings.
        audited: Routes on which the run has audited this tier already, with the run's verdict of it.
        calls: To the tier, made or answered from the store.
        spent_usd: Billed for them, by all sessions.
        earlier_usd: What earlier runs were billed for answers that came from the store.
        cap_usd: Hard stop.
        run_usd: What the answers of the run cost, over the network or from the store.
        miss: Of tiers that lose less than the margin, and save more beyond the least that the run saves than a full
            audit costs, at most this share is called not worth it.
        complete: Nothing stopped it.
        demo: Bundled data.
        simulated: The tier's completions are simulated.
    """

    run_id: str
    tier: str
    model: str
    windows_a_year: float
    routes: tuple[RouteRecheck, ...]
    audited: Mapping[str, str]
    calls: int
    spent_usd: float
    earlier_usd: float
    cap_usd: float
    run_usd: float
    miss: float
    complete: bool
    demo: bool = False
    simulated: bool = False
    schema: str = SCHEMA
