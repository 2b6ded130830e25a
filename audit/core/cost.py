"""What a candidate would have cost on the log: by token class, under named assumptions, with lengths and retries.

Money is USD for the log's window, on the part of the route that can be audited.
"""

from __future__ import annotations

from dataclasses import dataclass

from audit.core.interval import Estimate

TOKEN_CLASSES = ("input", "cached_input", "cache_write", "output", "reasoning")
"""Disjoint here: input without what the cache served or took, output without reasoning."""

PROMPT_CACHES = ("cold", "warm")
"""What may be assumed of the candidate's prompt cache; every finding shows all of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenCost:
    """One class of tokens.

    Attributes:
        name: Of `TOKEN_CLASSES`.
        today: Tokens per request in the log's own calls, over the quality sample; None where the log does not say.
        candidate: The same of the candidate, under the assumption that the dollars rest on; None without calls.
        usd: What the candidate's would have cost.
    """

    name: str
    today: float | None
    candidate: float | None
    usd: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheScenario:
    """What the candidate would have cost under one assumption about its prompt cache.

    Attributes:
        prompt_cache: `cold`: no token is read from it. `warm`: on every request the same share of the prompt is read
            from it, and written to it, as in the log's own call.
        used: The verdict's dollars rest on it.
        cost_usd: What the candidate would have cost.
        saving_usd: The spend less that.
    """

    prompt_cache: str
    used: bool
    cost_usd: Estimate
    saving_usd: Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class CostAssumption:
    """Something that the dollars take for granted, by name.

    Attributes:
        name: prompt_cache | batch | price | retries.
        factor: What it multiplies the candidate's cost by; 1 where it has no single factor.
        text: In one sentence.
    """

    name: str
    factor: float
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Retries:
    """What the candidate's calls took.

    Attributes:
        calls: With a result.
        attempts: All of them together.
        retried: Calls that needed more than one.
        lost_usd: What attempts without an answer were billed, or may have been, at their worst case; over all sessions
            of the run.
        multiplier: Expected cost of a call over that of its answer: 1 + lost_usd / cost of all answers.
    """

    calls: int
    attempts: int
    retried: int
    lost_usd: float
    multiplier: float


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputShift:
    """Whether the candidate answers longer than what the log holds, reasoning included.

    Attributes:
        ratio: The candidate's completion tokens over the log's, totals over the same requests.
        today: Tokens per request in the log.
        candidate: Tokens per request of the candidate.
        n: Requests on which both are known.
    """

    ratio: Estimate
    today: float
    candidate: float
    n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CostBreakdown:
    """Where a candidate's cost comes from. Classes and `not_split_usd` add up to `cost_usd` of the scenario in use.

    Attributes:
        classes: In the order of `TOKEN_CLASSES`, those that occur in either arm.
        not_split_usd: Spend that stays with the incumbent because the candidate did not serve it, and calls whose
            tokens nobody counted.
        scenarios: One per assumption about the prompt cache.
        assumptions: All that the dollars rest on.
        retries: Of the candidate's calls on this route.
        output: None where the log or the candidate's endpoint counts no tokens.
        estimated_calls: Calls whose tokens were estimated, because the endpoint reported none.
    """

    classes: tuple[TokenCost, ...]
    not_split_usd: float
    scenarios: tuple[CacheScenario, ...]
    assumptions: tuple[CostAssumption, ...]
    retries: Retries
    output: OutputShift | None
    estimated_calls: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakEven:
    """Whether a cascade escalates seldom enough to save.

    Attributes:
        rate: Escalation rate above which it costs more than the incumbent alone, 1 - (cheap + checks) / incumbent,
            over the requests that it sends to the cheap tier; negative means that it cannot save.
        escalated: Share of these that it escalates.
        saves: The upper end of that share lies below `rate`.
    """

    rate: float
    escalated: Estimate
    saves: bool
