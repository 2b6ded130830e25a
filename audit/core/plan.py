"""The plan: what will be replayed, what it costs, which routes it can decide. Money is spent on nothing else."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from audit.core.adaptation import TierNotes
from audit.core.criteria import CriteriaCheck
from audit.core.display import count, listing, percent_share, plural, usd
from audit.core.fingerprint import fingerprint
from audit.core.plain import from_plain
from audit.core.reason import Because, Reason
from audit.core.repeats import RepeatQuote
from audit.core.trim import Trim

SCHEMA = "audit-plan/1"

CALLED_LATER = 0.05
"""Chance that later requests call a tool that the log never calls more often than is told."""

LooksDone = Mapping[str, Mapping[str, int]]
"""How far a replay has got: by route and candidate, the declared looks whose draws are replayed. 0 is the tuning split
and the dollar draws, which come before every look."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteDesign:
    """How one route is sampled.

    Attributes:
        route: Name.
        requests: Billable requests in the log.
        replayable: Those that can be replayed.
        spend_usd: Billed for all of them.
        auditable_usd: Billed for the replayable ones with a known cost.
        incumbent: Model with the largest spend.
        incumbent_tier: Tier that serves this model, on which the noise floor is measured; None when there is none.
        incumbent_n: Quality draws on which the incumbent is replayed too.
        margin: Accepted loss.
        candidates: Tier names.
        quality_n: Equal-probability draws.
        dollars_n: Dollar-weighted draws.
        distinct: Different requests among both, replayed once each.
        can_decide: yes | no | maybe.
        why: Why; None before that is known.
        looks: Quality draws, in draw order, that each declared look takes in; the last takes in all of them. Empty is
            one look at the whole sample.
        alpha: One-sided error rate of the route's certificate, which sized its samples; None for that of the settings.
        already: By candidate, replayable requests that the log shows on its model already: nothing would move there.
        already_usd: By candidate, what these were billed.
        priority: Place in the order in which routes are given money, from 0: what they could save per replay dollar.
        criteria: What its criteria are worth, by the log's own answers; None where they were not tested.
        graded: The mean score of its criteria must hold the margin too.
        judge_usd: Expected cost of judging one answer, in USD; 0 where nothing is asked.
        today: Where several models serve the route, each by its tier or else by its own name, the largest spend first;
            empty where one does.
        unfit: By tier, why it is no candidate here: its log teaches no rules, or its trim leaves every request whole.
        unpriced: Requests that could be replayed, of unknown cost: they are in no amount.
    """

    SPARSE: ClassVar[tuple[str, ...]] = ("judge_usd", "today", "unfit", "unpriced")

    route: str
    requests: int
    replayable: int
    spend_usd: float
    auditable_usd: float
    incumbent: str
    incumbent_tier: str | None
    incumbent_n: int
    margin: float
    candidates: tuple[str, ...]
    quality_n: int
    dollars_n: int
    distinct: int
    can_decide: str
    why: Because | None = None
    looks: tuple[int, ...] = ()
    priority: int = 0
    criteria: CriteriaCheck | None = None
    alpha: float | None = None
    already: dict[str, int] = field(default_factory=dict)
    already_usd: dict[str, float] = field(default_factory=dict)
    graded: bool = False
    judge_usd: float = 0.0
    today: tuple[str, ...] = ()
    unfit: dict[str, Because] = field(default_factory=dict)
    unpriced: int = 0

    def movable(self, tier: str) -> int:
        """Replayable requests that would move if the whole route went to a candidate."""
        return self.replayable - self.already.get(tier, 0)

    def movable_usd(self, tier: str) -> float:
        """What these were billed."""
        return self.auditable_usd - self.already_usd.get(tier, 0.0)

    def share_of_route(self, tier: str, share: float) -> float:
        """A share of what would move to a candidate, as a share of all requests of the route, in [0, 1]."""
        return share * self.movable(tier) / self.requests if self.requests else 0.0

    @property
    def sampled_usd(self) -> float:
        """What the requests were billed that are sampled: those that the only candidate serves already are not."""
        return self.movable_usd(self.candidates[0]) if len(self.candidates) == 1 else self.auditable_usd

    @property
    def reason(self) -> str:
        """`why` in one sentence; "" before that is known."""
        return self.why.sentence if self.why else ""

    @property
    def stages(self) -> tuple[int, ...]:
        """`looks`, never empty."""
        return self.looks or (self.quality_n,)

    @property
    def whole(self) -> dict[str, int]:
        """Every candidate at the last look."""
        return dict.fromkeys(self.candidates, len(self.stages))


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteQuote:
    """What one route's replay costs.

    Attributes:
        calls: To make, those already recorded left out.
        recorded: Calls that the journal, the store or a cassette already answers.
        expected_usd: At the logged completion lengths.
        at_most_usd: Every answer at its token limit.
        judge_usd: Part of `expected_usd` that judges take.
        judge_calls: Part of `calls` that ask judges, at most: equal answers are judged once.
        incumbent_usd: Part of `expected_usd` that asks today's tier again, for the noise floor.
    """

    SPARSE: ClassVar[tuple[str, ...]] = ("judge_calls", "incumbent_usd")

    route: str
    calls: int
    recorded: int
    expected_usd: float
    at_most_usd: float
    judge_usd: float = 0.0
    judge_calls: int = 0
    incumbent_usd: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchQuote:
    """What a tier is asked in batches.

    Attributes:
        calls: To make.
        batches: That they fill at least, by the vendor's limit of requests.
        input: USD per million prompt tokens in a batch.
        output: The same of completion tokens.
        online_input: What both cost outside of batches.
        hours: After which the vendor gives up what it has not processed; None: it does not.
        least: Requests that the vendor takes in a batch at least.
    """

    tier: str
    calls: int
    batches: int
    input: float
    output: float
    online_input: float
    online_output: float
    hours: int | None
    least: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class TrimQuote:
    """What a trim does to the sampled requests of a tier, before anything is asked.

    Attributes:
        tier: Its name.
        trim: What is not sent, tools by name.
        requests: Sampled requests that go to it.
        changed: Of these, those that are sent shorter; the others are asked all the same, as they were logged.
        kept: Share of the prompts' tokens that is sent, about, in [0, 1].
        seen: Where the tools were read from the log, the fewest requests that offer one of them; None elsewhere.
    """

    tier: str
    trim: Trim
    requests: int
    changed: int
    kept: float
    seen: int | None = None

    @property
    def sentence(self) -> str:
        """For people; without a full stop."""
        return (
            f"{self.tier} is sent requests {self.trim.words}: {count(self.changed)} of {count(self.requests)} are "
            f"shorter, and about {percent_share(self.kept)} of the prompts' tokens are sent"
        )

    @property
    def later(self) -> str:
        """How often later requests may want a tool that this log never called; "" where no tool was read from it."""
        if not self.seen:
            return ""
        often = 1 - CALLED_LATER ** (1 / self.seen)
        return (
            f"None of {count(self.seen)} answers called one of these tools. Later ones may, in up to "
            f"{percent_share(often, 1)} of requests at 95% confidence, and no replay of this log shows what these lose"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredAnswers:
    """Calls of a plan that earlier runs were answered, so that nobody pays for them again.

    Attributes:
        calls: How many, questions to judges included.
        expected_usd: What they would add to the quote.
        since: Day on which the oldest of the answers was given, ISO date; None where that is not known.
    """

    calls: int
    expected_usd: float
    since: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedOtherwise:
    """Answers to calls of a plan that were made with other settings of their tier, so that they are asked again.

    Attributes:
        tier: Whose settings changed.
        where: `journal` of the run folder, `store`, or `cassette`.
        calls: Of the plan, answered so.
        usd: What they cost over the network; None where that is not known.
        differs: Names of the settings that are others now.
    """

    tier: str
    where: str
    calls: int
    usd: float | None
    differs: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """For people; without a full stop."""
        cost = "" if self.usd is None else f", for {usd(self.usd)}"
        return (
            f"{plural(self.calls, 'call')} to tier `{self.tier}` {'is' if self.calls == 1 else 'are'} in the "
            f"{self.where} with other settings ({listing(self.differs)}){cost}; not used, and asked again"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedPlaceholders:
    """Personal data in the sampled requests that go to tiers on other machines.

    Attributes:
        requests: Sampled requests with some.
        of: Sampled requests in all that go there.
        kinds: How many of them hold each kind, sorted by kind.
        kept_from: Tiers that are not asked these requests.
        hidden_from: Tiers that are sent placeholders in its place.
        sent_to: Tiers whose settings say that it is sent as it is.
    """

    requests: int
    of: int
    kinds: dict[str, int]
    kept_from: tuple[str, ...] = ()
    hidden_from: tuple[str, ...] = ()
    sent_to: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A quoted replay.

    Attributes:
        made_from: Digests of what the plan rests on (`traffic`, `config`, `prices`, `slice`); when one changes, the
            plan is stale.
        seed: Of the draws.
        likely_usd: What it costs less than in 95 of 100 cases; 0 where nothing costs anything.
        max_spend_usd: Hard stop: the user's cap, or `at_most_usd`.
        calls: To make, those to judges included; what has an answer already is not in them, nor in `tokens`.
        whole_usd: `expected_usd` and `at_most_usd` as if nothing had been recorded yet.
        hosts: Where text will be sent.
        config: Path of `audit.yaml` as given, so that a saved plan can be run by itself; None for the defaults.
        sources: Paths of the logs as given.
        batches: Tiers that are asked in batches; empty where none is.
        tiers: What calls so far have shown of the tiers: how requests are changed, what is not asked, what stopped.
        asked_otherwise: What has been answered under other settings, and is paid for again.
        repeats: Tiers that are asked each request of the quality sample several times; part of the calls and the quote.
        trims: Tiers that are sent less than the logged requests; part of the quote.
        stored: What earlier runs were answered; None for nothing.
        personal: Personal data in what leaves this machine; None where nothing leaves it.
        given: Options of the command line that it was made with, as overrides of the configuration.
        idle: Entries of `routes:`, by what they match, that decide no route of the log.
        least_cap_usd: A cap that would begin a route, where the given one begins none; None where it begins some.
    """

    SPARSE: ClassVar[tuple[str, ...]] = (
        "repeats",
        "trims",
        "stored",
        "likely_usd",
        "personal",
        "least_cap_usd",
        "given",
        "idle",
    )

    made_from: dict[str, str]
    seed: int
    margin: float
    confidence: float
    expected_usd: float
    at_most_usd: float
    max_spend_usd: float
    calls: int
    tokens: int
    whole_usd: dict[str, float]
    hosts: tuple[str, ...]
    designs: tuple[RouteDesign, ...]
    quotes: tuple[RouteQuote, ...]
    config: str | None = None
    sources: tuple[str, ...] = ()
    tiers: dict[str, TierNotes] = field(default_factory=dict)
    batches: tuple[BatchQuote, ...] = ()
    asked_otherwise: tuple[AskedOtherwise, ...] = ()
    repeats: tuple[RepeatQuote, ...] = ()
    trims: tuple[TrimQuote, ...] = ()
    stored: StoredAnswers | None = None
    personal: PlannedPlaceholders | None = None
    likely_usd: float = 0.0
    idle: tuple[str, ...] = ()
    least_cap_usd: float | None = None
    given: dict[str, Any] = field(default_factory=dict)
    schema: str = SCHEMA

    @property
    def criteria_stop_it(self) -> bool:
        """Whether nothing can be decided, for want of criteria that this tool knows."""
        unknown = any(one.why and one.why.reason is Reason.CRITERIA_NOT_SUPPORTED for one in self.designs)
        return unknown and all(one.can_decide == "no" for one in self.designs)

    @property
    def cap_stops_it(self) -> bool:
        """Whether nothing can be begun, because the cap pays for no route's first look, or for no fixed sample."""
        capped = any(one.why and one.why.reason is Reason.CAP_LEAVES_TOO_LITTLE for one in self.designs)
        return self.least_cap_usd is not None or (capped and not any(one.candidates for one in self.designs))

    @property
    def cap_that_begins(self) -> str:
        """What to set in place of a cap that begins nothing, for people; without a full stop."""
        if self.least_cap_usd is None:
            return "raise --max-spend, or leave it out: the whole quote is the limit then"
        enough = math.ceil(self.least_cap_usd * 100) / 100
        return f"--max-spend {enough:.2f} is enough to begin a route; without a cap the whole quote is the limit"

    @property
    def at_stake_usd(self) -> float:
        """Billed, in the log's window, for what the candidates of all routes could move."""
        return sum(max(map(one.movable_usd, one.candidates), default=0.0) for one in self.designs)

    @property
    def plan_id(self) -> str:
        """Digest of what decides which calls are made; neither paths nor what is recorded already enter it."""
        return fingerprint(self.made_from)


def plan_from_plain(value: object) -> Plan:
    """Rebuild a plan from JSON values."""
    return from_plain(Plan, value)
