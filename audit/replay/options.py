"""What a replay needs beside its calls, and how it may end early."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from audit.core.clock import Clock
from audit.core.errors import Incomplete
from audit.core.settings import ExecutorSettings
from audit.llm.budget import Trust
from audit.llm.client import ClientOptions
from audit.llm.wire import Transport
from audit.replay.batches import BatchPace
from audit.replay.kept import AnswersAt
from audit.replay.learned import Learned
from audit.replay.meter import Meter, SilentMeter
from audit.replay.plan import Call, TokenCounts

OUTAGE = "replay.outage"
RESUME = "run the same command again: it resumes, and finished calls are not paid twice"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lent:
    """Of a replay whose cap is money that another process lent it: that one has seen that the tiers are there, keeps
    the answers, and makes the calls again that are left without a result.

    Attributes:
        trust: How far tiers have kept their limits.
        still: Whether the money may be spent: asked once nobody else can spend it.
    """

    trust: Trust
    still: Callable[[], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayOptions:
    """What a replay needs beside its calls.

    Attributes:
        cap_usd: Hard stop, over all sessions of the run folder.
        tokens: Logged token counts by request, for the worst case of a call.
        client: How calls are made; `attempts` and `offline` come from the settings.
        answers: Where answers of earlier runs are, and those of this one go.
        transport: What carries HTTP; None for the network.
        clock: None for the machine's.
        meter: Who is told.
        settled: Calls that are not asked again whatever became of them: their results have been looked at.
        learned: What earlier rounds of this process learned of the tiers; None for what the run folder knows.
        ahead: Calls of later rounds. Tiers that ask in batches are asked them along, because a batch takes a day; they
            are no part of this round's table.
        pace: How often batches are looked at.
        models: Of the audit, its tiers' and the incumbents': an answer in the name of another one is none.
        table: Write the table of replays; False for calls that ask judges, whose replies are no replays.
        executor: Where many calls are made; None for this process alone.
        lent: Whose money the cap is; None where it is the run's own.
    """

    cap_usd: float
    tokens: Mapping[str, TokenCounts] = field(default_factory=dict)
    client: ClientOptions = field(default_factory=ClientOptions)
    answers: AnswersAt = field(default_factory=AnswersAt)
    transport: Transport | None = None
    clock: Clock | None = None
    meter: Meter = field(default_factory=SilentMeter)
    settled: frozenset[str] = frozenset()
    learned: Learned | None = None
    ahead: Sequence[Call] = ()
    pace: BatchPace = field(default_factory=BatchPace)
    models: frozenset[str] = frozenset()
    table: bool = True
    executor: ExecutorSettings | None = None
    lent: Lent | None = None


class PartStopped(Incomplete):
    """A tier, or a route on a tier, was stopped; everything else was done."""
