"""What a logged call costs: what its price depends on, and the rates found for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from audit.core.reason import Reason

SELF_HOSTED = frozenset({
    "custom", "hosted_vllm", "huggingface_tgi", "llamafile", "lm_studio", "local", "localai", "ollama", "ollama_chat",
    "self_hosted", "sglang", "tgi", "triton", "vllm", "xinference",
})  # fmt: skip
"""Providers that are programs on the user's own machines."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallKind:
    """What the rates of a call depend on.

    Attributes:
        models: Names that its model may have a price under, the most telling first.
        provider: As logged and normalised; None when nothing tells.
        at: Day (or half hour, where prices change within a day) of the call, UTC; None when the log has no time.
        service_tier: As the provider reports it: `flex`, `priority`, `default`, ...
        batch: It went through a batch API.
    """

    models: tuple[str, ...]
    provider: str | None
    at: datetime | None
    service_tier: str | None
    batch: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """USD per million tokens, for prompts of more than `above` tokens; None where there is no such rate.

    Attributes:
        above: Rates of longer prompts hold for all tokens of the call.
        input: Prompt tokens, neither from the cache nor into it.
        output: Completion tokens, reasoning included; None for a model that the list has no price of writing for, as of
            embeddings.
        cached_input: None means billed as `input`.
        cache_write: Kept for five minutes; None means billed as `input`.
        cache_write_1h: Kept for an hour.
        input_audio: Audio in the prompt.
        output_audio: Audio in the completion.
        input_image: Images in the prompt; None means billed as `input`.
        output_image: Images in the completion; None means billed as `output`.
        source: The price table with its version, and the entry in it.
        assumed: The call is of a day before the first for which the table is known to hold, so it may have cost
            otherwise.
    """

    above: int = 0
    input: float
    output: float | None
    cached_input: float | None = None
    cache_write: float | None = None
    cache_write_1h: float | None = None
    input_audio: float | None = None
    output_audio: float | None = None
    input_image: float | None = None
    output_image: float | None = None
    source: str
    assumed: bool = False


RatesOf = Callable[[CallKind], Sequence[Rates] | Reason]
"""From a kind of call to its rates by prompt length, shortest first; or the reason why there are none."""


def unlisted(_: CallKind) -> Reason:
    """The rates of calls where there is no price list."""
    return Reason.UNKNOWN_MODEL
