"""What a shard of a replay is told and what it tells: calls that another process makes, with money that it was lent.

A shard is a replay like any other, with a folder, a journal and a cap of its own: the money of its lease. So a shard
that is run again because its worker was lost goes on from its journal, as a run does. Its results are in its journal
alone, on storage that all machines share, and whoever lent the money takes them in from there.

Who lent the money says in a file, every now and then, that it is still there. A shard that reads another word, or the
same one for too long, starts no more calls and waits for those on the wire.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from audit.core.adaptation import TierNotes
from audit.core.artifacts import RunFolder, write_atomic
from audit.core.errors import AuditError
from audit.core.exchange import Request
from audit.core.reason import Because
from audit.core.settings import ReplaySettings
from audit.core.tier import Tier
from audit.llm.budget import Trust
from audit.llm.client import ClientOptions
from audit.llm.tiers import variables_of
from audit.replay.plan import Call, TokenCounts, counts_of, worst_case_usd

STOP, DROP = "stop", "drop"
"""Words of the file beside numbers: start no more calls; and drop those on the wire."""
BEAT_S = 1.0
SILENT_S = 30.0
"""After which who says nothing is taken for gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownOfTiers:
    """What a shard begins with, and ends with.

    Attributes:
        notes: By tier.
        refused_marks: By tier, what of requests it does not take.
        shapes: By tier, shapes of requests that were asked one by one.
        trust: How far tiers have kept their limits.
        answered: Names of the tiers that have answered.
    """

    notes: Mapping[str, TierNotes]
    refused_marks: Mapping[str, Mapping[str, Because]]
    shapes: Mapping[str, frozenset[str]]
    trust: Trust
    answered: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardJob:
    """One shard, as data.

    Attributes:
        run: The run folder, as every machine sees it.
        mark: Of the lease, and of the shard's folder in the run's.
        session: Who lent the money; in no other session may it be spent.
        usd: The money.
        calls: In the order in which they are made; none has an answer anywhere.
        tiers: With this shard's part of their limits.
        client: With the values of the keys.
    """

    run: Path
    mark: str
    session: str
    usd: float
    calls: Sequence[Call]
    requests: Mapping[str, Request]
    tiers: Sequence[Tier]
    settings: ReplaySettings
    client: ClientOptions
    tokens: Mapping[str, TokenCounts]
    models: frozenset[str]
    known: KnownOfTiers
    silent_s: float = SILENT_S

    @property
    def folder(self) -> RunFolder:
        """Where its journal is."""
        return RunFolder(self.run).shard(self.mark)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardTerms:
    """What all shards of a session have in common.

    Attributes:
        folder: Of the run.
        requests: As logged, by fingerprint.
        tiers: By name; a shard's calls may go to any of them.
        tokens: Logged counts by request.
        client: How calls are made.
        parts: Into how many parts each limit of a tier is divided; 1 where the processes see what is used up of it.
    """

    folder: RunFolder
    requests: Mapping[str, Request]
    tiers: Mapping[str, Tier]
    settings: ReplaySettings
    tokens: Mapping[str, TokenCounts]
    client: ClientOptions
    models: frozenset[str]
    parts: int

    def worst_usd(self, call: Call, as_sent: Request) -> float:
        """What a call costs if its tier keeps its limits."""
        return worst_case_usd(counts_of(as_sent, self.tokens.get(call.request_fp)), self.tiers[call.tier])

    def job(self, session: str, mark: str, usd: float, calls: Sequence[Call], known: KnownOfTiers) -> ShardJob:
        """A shard with its own part of what there is, and none of what it does not need."""
        wanted = {call.request_fp for call in calls}
        tiers, environ = list(self.tiers.values()), self.client.environ
        keys = sorted({name for tier in tiers for name in variables_of(tier) if name in environ})
        client = replace(
            self.client,
            environ={name: environ[name] for name in keys},
            answered=known.answered,
            limits=self.client.limits if self.parts == 1 else None,
            seed=self.client.seed + int(mark, 16) % 1_000_003,  # of the waits between attempts, which must not meet
        )
        return ShardJob(
            run=self.folder.path.absolute(),
            mark=mark,
            session=session,
            usd=usd,
            calls=list(calls),
            requests={fp: self.requests[fp] for fp in wanted},
            tiers=[_part(tier, self.parts) for tier in tiers],
            settings=self.settings,
            client=client,
            tokens={fp: self.tokens[fp] for fp in wanted if fp in self.tokens},
            models=self.models,
            known=known,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardReport:
    """How a shard ended. What its calls came to is in its journal.

    Attributes:
        mark: Of its lease.
        known: What it knows of its tiers now.
        stops: By tier, what stopped it.
        notes: Sentences for whoever watches the run.
    """

    mark: str
    known: KnownOfTiers
    stops: Mapping[str, AuditError] = field(default_factory=dict)
    notes: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class LenderSignal:
    """The file in which a session says that it is there.

    Attributes:
        folder: Of the run's shards.
        session: A name that no other session has.
    """

    folder: Path
    session: str

    def say(self, word: str) -> None:
        """Write a word: a number that grows, `STOP` or `DROP`."""
        write_atomic(self.folder / "session", f"{self.session} {word}".encode())

    def heard(self) -> str | None:
        """The last word; None where another session has the run, or none is to be seen."""
        try:
            said = (self.folder / "session").read_text("utf-8").split()
        except OSError:
            return None
        return said[1] if len(said) == 2 and said[0] == self.session else None


def _part(tier: Tier, parts: int) -> Tier:
    """A tier with one of so many equal parts of its limits."""
    calls, tokens = tier.requests_per_minute, tier.tokens_per_minute
    return replace(
        tier,
        concurrency=max(tier.concurrency // parts, 1),
        requests_per_minute=None if calls is None else calls / parts,
        tokens_per_minute=None if tokens is None else tokens / parts,
    )
