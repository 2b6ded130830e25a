"""A tier: a model at an endpoint at a price."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from audit.core.adaptation import KEEPS_MEANING, Adapt
from audit.core.exchange import Usage
from audit.core.fingerprint import fingerprint
from audit.core.plain import to_plain
from audit.core.trim import Trim

PER_MILLION = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceStep:
    """USD per one million tokens of every call whose prompt has more than `above` tokens; fields as in `Price`."""

    above: int
    input: float
    output: float
    cached_input: float | None = None
    cache_write: float | None = None

    def times(self, factor: float) -> PriceStep:
        """The same with every rate times a factor."""
        return PriceStep(
            above=self.above,
            input=self.input * factor,
            output=self.output * factor,
            cached_input=_times(self.cached_input, factor),
            cache_write=_times(self.cache_write, factor),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """USD per one million tokens, by token class.

    Attributes:
        input: Prompt tokens that were not read from a prompt cache.
        output: Completion tokens, reasoning included.
        cached_input: Prompt tokens read from the provider's prompt cache; None means billed as `input`.
        cache_write: Prompt tokens written to it; None means billed as `input`.
        steps: Rates of longer prompts, shortest first; they hold for all tokens of a call.
        source: Where the price comes from, for the report: a catalogue with its version, or `audit.yaml`.
        as_of: ISO date on which it was true, or None when nobody said.
        discount: What a contract takes off the price, in [0, 1]; it is taken off above already.
    """

    input: float
    output: float
    cached_input: float | None = None
    cache_write: float | None = None
    steps: tuple[PriceStep, ...] = ()
    source: str = "audit.yaml"
    as_of: str | None = None
    discount: float = 0.0

    @property
    def cached_rate(self) -> float:
        """USD per million tokens read from the cache."""
        return self.input if self.cached_input is None else self.cached_input

    @property
    def written_rate(self) -> float:
        """USD per million tokens written to the cache."""
        return self.input if self.cache_write is None else self.cache_write

    def less(self, discount: float) -> Price:
        """The price under a contract that takes this share off every class, at every length."""
        if not discount:
            return self
        kept = 1 - discount
        steps = tuple(step.times(kept) for step in self.steps)
        return replace(
            self,
            input=self.input * kept,
            output=self.output * kept,
            cached_input=_times(self.cached_input, kept),
            cache_write=_times(self.cache_write, kept),
            steps=steps,
            discount=discount,
        )

    def spans(self) -> Iterator[tuple[int, float, Price]]:
        """The price by prompt length: above how many tokens, up to how many, and a price without steps.

        Within a span a price is linear in the token classes, so that sums of tokens can be priced instead of calls.
        """
        ends = [*(step.above for step in self.steps), math.inf]
        yield -1, ends[0], replace(self, steps=())
        for step, end in zip(self.steps, ends[1:], strict=True):
            yield (
                step.above,
                end,
                replace(
                    self,
                    input=step.input,
                    output=step.output,
                    cached_input=step.cached_input,
                    cache_write=step.cache_write,
                    steps=(),
                ),
            )

    def at(self, prompt_tokens: int) -> Price:
        """The price of a call with so long a prompt, without steps."""
        return next(price for low, high, price in self.spans() if low < prompt_tokens <= high)

    def cost_usd(self, usage: Usage) -> float:
        """What a call with this usage costs, in USD."""
        if self.steps:
            return self.at(usage.prompt_tokens).cost_usd(usage)
        cached, written = usage.cached_tokens, usage.cache_write_tokens
        fresh = max(usage.prompt_tokens - cached - written, 0)
        return (
            fresh * self.input
            + cached * self.cached_rate
            + written * self.written_rate
            + usage.completion_tokens * self.output
        ) / PER_MILLION


def _times(rate: float | None, factor: float) -> float | None:
    return None if rate is None else rate * factor


@dataclass(frozen=True, slots=True, kw_only=True)
class Supports:
    """What the endpoint can do; a request that needs more is not asked there."""

    tools: bool = True
    json_schema: bool = True
    images: bool = False


CHAT_PROVIDERS = frozenset({"openai-compatible", "openai", "azure-openai", "openrouter", "simulated", "cassette"})
"""Providers of the chat protocol, and those in this process; each other one is a protocol of its own."""
BATCH_OPTIONS = frozenset({"batch_bucket", "batch_role", "batch_least", "batch_url"})
"""Options that say where batches are handed in, and by whose right."""
NOT_IN_ANSWERS = frozenset({"body", "stream", "path", "recorded_as"}) | BATCH_OPTIONS
"""Options that decide no answer, or are request settings already."""

LEARNED = "local"
"""The provider whose tiers are no model: rules learned from a route's log."""

REQUEST_SETTINGS = ("max_tokens", "prompt_suffix", "reasoning_effort", "service_tier", "thinking_tokens", "trim")
"""Fields of a tier that make it another candidate than its model alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """A model at an endpoint at a price, with everything needed to call it.

    Attributes:
        name: The user's name for it, unique in a run.
        model: The model id that is sent.
        provider: Name in `llm.providers`.
        price: What its tokens cost.
        base_url: Endpoint, without the operation's path; None where the provider has a default or no network.
        api_key_env: Environment variable that holds the key; None for no key.
        context_tokens: Size of the context window, or None when unknown.
        max_output_tokens: Used for the worst-case quote where the request names no limit.
        max_tokens: Token limit of every request, over the log's.
        reasoning_effort: How much it thinks, in the vendor's word.
        thinking_tokens: Thinking budget, which is added to a request's token limit; 0 for none.
        prompt_suffix: Text after the last user message.
        trim: What of the logged request it is not sent; None for nothing.
        service_tier: As the vendor names it; it has a price of its own.
        concurrency: Calls in flight at most.
        requests_per_minute: Rate limit to stay under, or None.
        tokens_per_minute: The same of tokens, prompts and answers together.
        redact: `personal` where personal data is sent as placeholders, `off` where it is sent as it is; None: a request
            that holds some is not asked, unless the endpoint is on this machine.
        timeout_s: Per attempt.
        batch_discount: What its price loses when a request may wait for a batch, in [0, 1].
        batch: The replay asks it through its vendor's batch interface. How its traffic would be served is another
            matter, so what its answers are taken to cost is still `price`.
        batch_price: What a batch of the replay is billed; None where it asks online.
        reported_as: Name under which its replies name the model, where that is another than `model`.
        adapt: Changes to a request that may be made where the endpoint does not take it as logged.
        repeats: How often each quality draw of a candidate is asked: a tier that samples answers otherwise each time.
        options: What only this provider understands.
    """

    name: str
    model: str
    provider: str
    price: Price
    base_url: str | None = None
    api_key_env: str | None = None
    context_tokens: int | None = None
    max_output_tokens: int = 4096
    max_tokens: int | None = None
    reasoning_effort: str | None = None
    thinking_tokens: int | None = None
    prompt_suffix: str | None = None
    trim: Trim | None = None
    service_tier: str | None = None
    supports: Supports = field(default_factory=Supports)
    concurrency: int = 16
    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None
    redact: str | None = None
    timeout_s: float = 120.0
    batch_discount: float = 0.0
    batch: bool = False
    batch_price: Price | None = None
    reported_as: str | None = None
    adapt: tuple[Adapt, ...] = KEEPS_MEANING
    repeats: int = 1
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def only_route(self) -> str | None:
        """The one route that it can serve, where it was learned from that route's log; None for any."""
        return str(self.options.get("route")) if self.provider == LEARNED else None

    @property
    def answers_as(self) -> str:
        """The name of the model that its replies should bear."""
        return self.reported_as or self.model

    @property
    def replay_price(self) -> Price:
        """What the replay pays for its tokens."""
        return self.batch_price or self.price

    @property
    def request_settings(self) -> dict[str, Any]:
        """What the tier asks of its model beside the request: two tiers of one model differ in it."""
        own = {name: to_plain(getattr(self, name)) for name in REQUEST_SETTINGS}
        return {
            name: value
            for name, value in (own | {"body": self.options.get("body") or None}).items()
            if value is not None
        }

    @property
    def identity(self) -> str:
        """What makes it another candidate, as a key: the model alone, or the model with its settings as sorted JSON."""
        return _key(self.model, self.request_settings)

    @property
    def answers_key(self) -> str:
        """What decides its answers, as the key of calls and recordings: as `identity`, and a protocol other than chat,
        a token limit other than the default, options, and whether parameters may be left out.

        Options count as a digest, since a header may be a secret. How an answer travels, where it lies and at which
        address it is made do not count.
        """
        settings = self.request_settings
        if self.provider not in CHAT_PROVIDERS:
            settings["provider"] = self.provider
        if self.max_output_tokens != Tier.__dataclass_fields__["max_output_tokens"].default:
            settings["max_output_tokens"] = self.max_output_tokens
        if options := {name: value for name, value in self.options.items() if name not in NOT_IN_ANSWERS}:
            settings["options"] = fingerprint(options)
        if self.redact == "personal":
            # An answer to placeholders is none to the text itself, nor to what an earlier version replaced less of.
            settings["redact"] = f"{self.redact}, wherever it stands"
        if Adapt.DROP in self.adapt:
            # Answers without a logged parameter are others than those with it.
            settings["adapt"] = Adapt.DROP.value
        return _key(self.model, settings)

    def output_limit(self, logged: int | None) -> int:
        """Tokens that an answer may have: what is sent, and what the worst case is made of.

        Args:
            logged: The limit that the request names, or None.
        """
        limit = self.max_tokens or (self.max_output_tokens if logged is None else logged)
        return limit + (self.thinking_tokens or 0)


def _key(model: str, settings: Mapping[str, Any]) -> str:
    return f"{model} {json.dumps(settings, sort_keys=True)}" if settings else model
