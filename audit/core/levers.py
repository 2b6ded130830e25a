"""The lever ledger: what the log alone shows to be avoidable, one lever after the other, from paid to left."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar

from audit.core.trim import UNUSED

LEDGER_REQUESTS = 2_000_000
"""Of a longer log `audit mix` takes the ledger only where it is asked for: the mix is one pass for sums, and the levers
meet every request a dozen times, which takes ten times as long."""


CACHE_SECONDS = 3600
"""How long the exact cache that the ledger counts keeps an answer."""
AT_END = -1
"""A cache point behind the last message, whichever that is."""
NOTABLE = 0.05
"""Share of a route's prompts from which on a part of them is told of."""
TRIED_TURNS = 2
"""Turns that a first trial of a shorter history sends: the one to be answered, and the one before."""


class LeverName(StrEnum):
    """Every lever, in the order in which the ledger takes them: what one takes, the next does not have."""

    UNUSED_ANSWERS = "unused-answers"
    REPEATS = "repeats"
    SAME_MODEL = "same-model"
    BATCH = "batch"
    PROMPT_CACHE = "prompt-cache"
    PROMPT_TRIMMING = "prompt-trimming"

    @property
    def words(self) -> str:
        """What it is called in a table."""
        return self.value.replace("-", " ")

    @property
    def removes(self) -> bool:
        """Whether it takes requests away; the others lower what they cost."""
        return self in (LeverName.UNUSED_ANSWERS, LeverName.REPEATS)


class LeverBasis(StrEnum):
    """What the dollars that a lever takes rest on."""

    CERTAIN = "certain"
    INFERRED = "inferred"
    CEILING = "ceiling"

    @property
    def sentence(self) -> str:
        """For people; without a full stop."""
        return {
            LeverBasis.CERTAIN: "arithmetic on the log: no answer would have been another one",
            LeverBasis.INFERRED: "the lower end of what the pattern of the traffic shows",
            LeverBasis.CEILING: "an upper end of what a replay could try; nothing is counted",
        }[self]


class Effort(StrEnum):
    """What a lever asks of those who pull it."""

    SETTING = "a setting"
    CODE = "a few lines of code"


class Kind(StrEnum):
    """What was found about some requests: the word in the ledger, with one sentence in `SENTENCES`."""

    ASKED_AGAIN = "asked_again"
    ASKED_AGAIN_SAMPLED = "asked_again_sampled"
    PARSE_FAILED = "parse_failed"
    PARSE_FAILED_ALONE = "parse_failed_alone"
    STREAM_CUT = "stream_cut"
    REPEATED = "repeated"
    REPEATED_ELSEWHERE = "repeated_elsewhere"
    DEARER_DEPLOYMENT = "dearer_deployment"
    OTHER_REGION = "other_region"
    SERVICE_TIER = "service_tier"
    OLD_SNAPSHOT = "old_snapshot"
    NIGHTLY = "nightly"
    NOT_STREAMED = "not_streamed"
    CACHE_OFF = "cache_off"
    CACHE_MISSED = "cache_missed"
    CHANGING_DATE = "changing_date"
    CHANGING_ID = "changing_id"
    CHANGING_TEXT = "changing_text"
    TOOLS_REORDERED = "tools_reordered"
    UNUSED_TOOLS = "unused_tools"
    LONG_HISTORY = "long_history"

    @property
    def sentence(self) -> str:
        """For people; its subject is the requests; without a full stop."""
        return SENTENCES[self]


SENTENCES = {
    Kind.ASKED_AGAIN: "the same request followed in the same trace, although it asks for no other answer",
    Kind.ASKED_AGAIN_SAMPLED: "the same request followed in the same trace; it may have been asked for another answer",
    Kind.PARSE_FAILED: (
        "the answer is not the JSON that was demanded, or lacks a required key, and the same request followed in the "
        "same trace"
    ),
    Kind.PARSE_FAILED_ALONE: (
        "the answer is not the JSON that was demanded, or lacks a required key; whoever asked may have used it all the "
        "same"
    ),
    Kind.STREAM_CUT: "the client left before the answer was whole, and the whole was billed",
    Kind.REPEATED: "an exact cache that keeps answers for an hour had the answer",
    Kind.REPEATED_ELSEWHERE: (
        "the same request was answered longer ago, on another route, for another tenant, or by sampling"
    ),
    Kind.DEARER_DEPLOYMENT: (
        "another deployment of the same model, provider and region in this log was cheaper on the same days"
    ),
    Kind.OTHER_REGION: "the same model is cheaper at a region or provider that this log uses elsewhere",
    Kind.SERVICE_TIER: "the service tier costs more than the standard one",
    Kind.OLD_SNAPSHOT: "the current snapshot of the same model has a lower list price",
    Kind.NIGHTLY: "they arrive in the same hours of every day, far above the hours around them, and are not streamed",
    Kind.NOT_STREAMED: "they are not streamed and have a batch price, so that waiting may be possible",
    Kind.CACHE_OFF: "they begin like one a few minutes before, and no prompt cache was written or read",
    Kind.CACHE_MISSED: "they begin like one a few minutes before, and less than that was read from the prompt cache",
    Kind.CHANGING_DATE: "a date or a time changes from prompt to prompt, with a long equal part behind it",
    Kind.CHANGING_ID: "an id or a number changes from prompt to prompt, with a long equal part behind it",
    Kind.CHANGING_TEXT: "a few words change from prompt to prompt, with a long equal part behind them",
    Kind.TOOLS_REORDERED: "the same tools come in another order",
    Kind.UNUSED_TOOLS: "they offer tools that no answer of the route has called",
    Kind.LONG_HISTORY: "they hold the earlier turns of the conversation",
}


class Unseen(StrEnum):
    """Why a lever did not look at a request. Its dollars stay where they are, and are told beside the lever's."""

    NO_FINGERPRINT = "no_fingerprint"
    NO_TRACE = "no_trace"
    NO_TIME = "no_time"
    NO_RATES = "no_rates"
    NO_BATCH_PRICE = "no_batch_price"
    NO_CACHE_RULES = "no_cache_rules"
    NO_CACHE_COUNTS = "no_cache_counts"
    NO_PROMPT = "no_prompt"
    MEDIA = "media"

    @property
    def sentence(self) -> str:
        """For people; without a full stop."""
        return {
            Unseen.NO_FINGERPRINT: "the log does not hold the request",
            Unseen.NO_TRACE: "the log does not say which calls belong together",
            Unseen.NO_TIME: "the log has no time, or not when the answer ended",
            Unseen.NO_RATES: "no price divides what was paid by class of token: none is known, or tiers differ",
            Unseen.NO_BATCH_PRICE: "no batch price of the model is known",
            Unseen.NO_CACHE_RULES: "the rules of the vendor's prompt cache are not known here",
            Unseen.NO_CACHE_COUNTS: "the log does not say how much was read from the prompt cache",
            Unseen.NO_PROMPT: "the log does not hold the prompt",
            Unseen.MEDIA: "images or audio, whose tokens no length tells",
        }[self]


@dataclass(frozen=True, slots=True, kw_only=True)
class LeverPart:
    """What one lever found of one kind on one route.

    Attributes:
        route: "" where the log has none.
        kind: What was found.
        requests: How many requests it is about.
        usd: What the lever takes of them, in USD of the log's window; 0.0 for a kind that is only a ceiling.
        at_most_usd: What it could take at most, `usd` included.
        cases: Row ids of the requests with the most dollars, for a look into the log.
        where: The place of the prompt that it is about: "message 1 (system), byte 14", bytes count from 0; or the hours
            of the day: "01:00 to 04:00 UTC".
        cache_point: Of a prompt cache that nobody asked for, where it is to be asked for: behind so many messages, or
            `AT_END` of every prompt. 0 is behind the tools, or within the first message.
    """

    SPARSE: ClassVar[tuple[str, ...]] = ("where", "cache_point")

    route: str
    kind: Kind
    requests: int
    usd: float
    at_most_usd: float
    cases: tuple[str, ...] = ()
    where: str = ""
    cache_point: int | None = None

    @property
    def place(self) -> str:
        """Where it is to be pulled, in words; "" where the route says all."""
        if self.cache_point is None:
            return self.where
        if self.cache_point == AT_END:
            return "a cache point at the end of every prompt"
        if self.cache_point == 0:
            return "a cache point behind the tools, or within the first message"
        return f"a cache point behind message {self.cache_point}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeToLive:
    """What an exact cache would have answered, by how long it keeps an answer.

    Attributes:
        seconds: How long; None for the whole log.
        floor_requests: Served within one route and tenant, of requests that ask for the same answer each time.
        floor_usd: What they were paid.
        ceiling_requests: Served to anybody who asked the same of the same model, sampled or not.
        ceiling_usd: What they were paid.
    """

    seconds: int | None
    floor_requests: int
    floor_usd: float
    ceiling_requests: int
    ceiling_usd: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptShares:
    """What the prompts of a route are made of, by bytes of canonical JSON. The shares overlap.

    Attributes:
        route: "" where the log has none.
        requests: Whose prompt was read.
        static: Share of tools and leading system messages that an earlier request of the route had too.
        history: Share of the messages between these and the last user message.
        unused_tools: Share of tools that nobody calls.
        never_called: Names of these tools, as logged.
        model: That most of the route's dollars go to; "" where the log names none.
    """

    SPARSE: ClassVar[tuple[str, ...]] = ("model",)

    route: str
    requests: int
    static: float
    history: float
    unused_tools: float
    never_called: tuple[str, ...]
    model: str = ""

    @property
    def trim(self) -> dict[str, str | int]:
        """`trim:` of a tier that an audit tries it with; empty where too little could go."""
        tools: dict[str, str | int] = {"tools": UNUSED} if self.unused_tools >= NOTABLE else {}
        return tools | ({"history": TRIED_TURNS} if self.history >= NOTABLE else {})

    @property
    def tier(self) -> dict[str, Any]:
        """That tier, as an entry of `tiers:`; who serves the model is for its owner to say. Empty as `trim`."""
        if not self.trim or not self.model:
            return {}
        name = f"{self.model.rpartition('/')[2]}-trimmed"
        return {"name": name, "model": self.model, "provider": "PROVIDER", "trim": self.trim}


@dataclass(frozen=True, slots=True, kw_only=True)
class LeverLine:
    """One lever over the whole log.

    Attributes:
        lever: Its name.
        basis: What `usd` rests on.
        effort: What it asks of those who pull it.
        change: What to change, one sentence without a full stop.
        requests: That it takes dollars from.
        usd: What it takes of what the levers before it left.
        at_most_usd: What it could take of that at most. Upper ends of different levers do not add up.
        left_usd: What is left after it.
        unseen_requests: Priced requests that it could not look at, by the reason.
        unseen_usd: Their dollars.
        parts: What was found, the most dollars first.
        by_ttl: Of `repeats` alone.
        prompts: Of `prompt-trimming` alone; routes with the most dollars left first.
    """

    lever: LeverName
    basis: LeverBasis
    effort: Effort
    change: str
    requests: int
    usd: float
    at_most_usd: float
    left_usd: float
    unseen_requests: dict[str, int]
    unseen_usd: float
    parts: tuple[LeverPart, ...]
    by_ttl: tuple[TimeToLive, ...] = ()
    prompts: tuple[PromptShares, ...] = ()

    SPARSE: ClassVar[tuple[str, ...]] = ("by_ttl", "prompts")

    @property
    def is_open(self) -> bool:
        """Whether nothing was found because requests were not looked at, which is no zero."""
        return not self.at_most_usd and self.unseen_usd > 0

    @property
    def is_partial(self) -> bool:
        """Whether the upper end says less than it seems to: more dollars were not looked at than it has."""
        return self.unseen_usd > self.at_most_usd


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulled:
    """What some levers take of a route together, as shares of what was paid for it.

    Attributes:
        gone: Of requests that are not made any more.
        lowered: Of the others, by lower prices.
    """

    gone: float = 0.0
    lowered: float = 0.0

    @property
    def taken(self) -> float:
        """Both together."""
        return self.gone + self.lowered


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteLevers:
    """What the levers take of one route, composed in their order.

    Attributes:
        route: "" where the log has none.
        paid_usd: Its spend.
        usd: By lever.
        left_usd: `paid_usd` less all of them.
    """

    route: str
    paid_usd: float
    usd: dict[str, float]
    left_usd: float

    def pulled(self, levers: Collection[LeverName]) -> Pulled:
        """What some of the levers take; at least that, where one before them in their order is not pulled."""
        if self.paid_usd <= 0:
            return Pulled()
        gone, lowered = (
            sum(self.usd.get(lever, 0.0) for lever in levers if lever.removes is removes) / self.paid_usd
            for removes in (True, False)
        )
        return Pulled(gone=gone, lowered=lowered)


@dataclass(frozen=True, slots=True, kw_only=True)
class LeverLedger:
    """From what was paid to what the levers leave of it.

    Attributes:
        requests: Billable requests.
        paid_usd: What was billed for those with a price: the spend of the model mix.
        unpriced_requests: Requests that nobody knows the cost of; no lever looks at them, and none of it is $0.
        lines: One per lever, in the order in which they are taken.
        routes: The largest spend first.
        left_usd: `paid_usd` less what all lines take.
        prompts_read: The levers that read prompts are among the lines.
    """

    UNKNOWN: ClassVar[tuple[str, ...]] = ("paid_usd", "left_usd")

    requests: int
    paid_usd: float
    unpriced_requests: int
    lines: tuple[LeverLine, ...]
    routes: tuple[RouteLevers, ...]
    left_usd: float
    prompts_read: bool = False

    @property
    def cost_known(self) -> bool:
        """Whether anybody knows the cost of any of the requests."""
        return not self.requests or self.unpriced_requests < self.requests

    def taken(self, basis: LeverBasis) -> float:
        """What the levers of one basis take together; they are composed, so this sum is right."""
        return sum(line.usd for line in self.lines if line.basis is basis)


@dataclass(frozen=True, slots=True, kw_only=True)
class NeededBill:
    """From paid to needed: what the levers leave, less what the verdicts save of that.

    Attributes:
        proven_usd: What the verdicts save of the bill as it was paid.
        model_usd: What they save of what the levers leave. A request that would not be made saves nothing by another
            model, and the candidate is taken to have none of the lower prices.
        needed_usd: What is left by the ledger, less `model_usd`.
    """

    proven_usd: float
    model_usd: float
    needed_usd: float
