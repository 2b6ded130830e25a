"""Token counts and costs that a response reports, made inclusive: what a vendor counts apart is added."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from audit.ingest.row import Row
from audit.ingest.values import integer, json_text, number, obj, text

EXCLUSIVE_PROMPT = "prompt_counted_without_cache"
EXCLUSIVE_COMPLETION = "completion_counted_without_reasoning"


def put_usage(row: Row, usage: Any) -> None:
    """Write token counts in the inclusive convention: cached and written are part of the prompt.

    Reads the names of the chat API, the Responses API, Anthropic's Messages API (whose `input_tokens` leaves the cache
    out) and DeepSeek, Gemini and Bedrock, with the details that gateways add to them.
    """
    if not isinstance(usage, dict) or not usage:
        return
    usage = _renamed(usage)
    row.prompt_tokens = integer(usage.get("prompt_tokens", usage.get("input_tokens")))
    row.completion_tokens = integer(usage.get("completion_tokens", usage.get("output_tokens")))
    prompt = obj(usage.get("prompt_tokens_details", usage.get("input_tokens_details")))
    completion = obj(usage.get("completion_tokens_details", usage.get("output_tokens_details")))
    _put_cache(row, usage, prompt)
    heard = spoken = None
    if prompt:
        row.image_tokens, heard = integer(prompt.get("image_tokens")), integer(prompt.get("audio_tokens"))
    if completion:
        row.reasoning_tokens = integer(completion.get("reasoning_tokens"))
        spoken = integer(completion.get("audio_tokens"))
    if heard is not None or spoken is not None:
        row.audio_tokens, row.completion_audio_tokens = (heard or 0) + (spoken or 0), spoken
    if _anthropic(usage) and row.prompt_tokens is not None:
        row.prompt_tokens += (row.cached_tokens or 0) + (row.cache_write_tokens or 0)
    if "service_tier" in usage:
        row.service_tier = text(usage["service_tier"]) or row.service_tier
    settle_counts(row, integer(usage.get("total_tokens")))
    row.usage_raw = json_text(usage)
    row.usage_basis = "provider" if row.prompt_tokens is not None else "absent"


def _renamed(usage: dict[str, Any]) -> dict[str, Any]:
    """Gemini's and Bedrock's counts under the names of the Responses and the Messages API, which count as they do."""
    if "promptTokenCount" in usage:
        thoughts = integer(usage.get("thoughtsTokenCount")) or 0
        said = integer(usage.get("candidatesTokenCount"))
        return {
            "input_tokens": (integer(usage["promptTokenCount"]) or 0)
            + (integer(usage.get("toolUsePromptTokenCount")) or 0),
            "output_tokens": None if said is None and not thoughts else (said or 0) + thoughts,
            "input_tokens_details": {"cached_tokens": usage.get("cachedContentTokenCount")},
            "output_tokens_details": {"reasoning_tokens": thoughts or None},
        }
    if "inputTokens" in usage:
        return {
            "input_tokens": usage["inputTokens"],
            "output_tokens": usage.get("outputTokens"),
            "cache_read_input_tokens": usage.get("cacheReadInputTokens", usage.get("cacheReadInputTokenCount")),
            "cache_creation_input_tokens": usage.get("cacheWriteInputTokens", usage.get("cacheWriteInputTokenCount")),
        }
    return usage


def _anthropic(usage: Mapping[str, Any]) -> bool:
    """Whether the prompt is counted without the cache, as Anthropic does."""
    cached = "cache_read_input_tokens" in usage or "cache_creation_input_tokens" in usage
    return cached and "prompt_tokens" not in usage and "input_tokens_details" not in usage


_READ = ("cache_read_input_tokens", "prompt_cache_hit_tokens", "cached_tokens")
_WRITTEN = ("cache_write_tokens", "cache_creation_tokens")


def _put_cache(row: Row, usage: Mapping[str, Any], details: Mapping[str, Any]) -> None:
    row.cached_tokens = integer(details.get("cached_tokens"))
    if row.cached_tokens is None:
        row.cached_tokens = _first(usage, _READ)
    row.cache_write_tokens = _first(details, _WRITTEN)
    if row.cache_write_tokens is None and "cache_creation_input_tokens" in usage:
        row.cache_write_tokens = integer(usage["cache_creation_input_tokens"])
    split = usage.get("cache_creation") or details.get("cache_creation_token_details")
    if split:
        row.cache_write_1h_tokens = integer(obj(split).get("ephemeral_1h_input_tokens"))


def _first(counts: Mapping[str, Any], names: tuple[str, ...]) -> int | None:
    """The first of some counts that is one."""
    for name in names:
        if name in counts and (count := integer(counts[name])) is not None:
            return count
    return None


def settle_counts(row: Row, total: int | None = None) -> None:
    """Make counts inclusive where they show that they are not.

    More cached and written tokens than prompt tokens mean that the prompt is counted without them. Reasoning is counted
    apart where only with it the parts give the total (xAI), or where it exceeds the completion. Both are noted.
    """
    cached = (row.cached_tokens or 0) + (row.cache_write_tokens or 0)
    if not cached and not row.reasoning_tokens:
        return
    if row.prompt_tokens is not None and cached > row.prompt_tokens:
        row.prompt_tokens += cached
        row.ingest_warnings = (*row.ingest_warnings, EXCLUSIVE_PROMPT)
    reasoning, completion = row.reasoning_tokens or 0, row.completion_tokens
    if reasoning and completion is not None and row.prompt_tokens is not None:
        apart = total is not None and total == row.prompt_tokens + completion + reasoning
        if apart or reasoning > completion:
            row.completion_tokens = completion + reasoning
            row.ingest_warnings = (*row.ingest_warnings, EXCLUSIVE_COMPLETION)


def reported_cost(usage: Any) -> float | None:
    """USD that the provider says it billed, as OpenRouter does; with the upstream's bill where the key is the user's.

    A zero alone is no price: it is what a gateway writes for a model that it knows none of.
    """
    billed = number(obj(usage).get("cost"))
    upstream = number(obj(obj(usage).get("cost_details")).get("upstream_inference_cost"))
    own_key = obj(usage).get("is_byok") is True
    whole = (billed or 0) + ((upstream or 0) if own_key else 0)
    return whole if whole > 0 else None
