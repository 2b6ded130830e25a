"""What vendors call the counts of a reply, and what an object of counts says by its names alone."""

from __future__ import annotations

import functools

import msgspec

from audit.protocols.count_words import kind_of

NAMES: dict[str, tuple[str, ...]] = {
    "prompt": (
        *("prompt_tokens", "input_tokens", "promptTokenCount", "inputTokens", "prompt_token_count"),
        *("inputTokenCount", "prompt_eval_count", "tokens_prompt", "promptTokens"),
    ),
    "completion": (
        *("completion_tokens", "output_tokens", "candidatesTokenCount", "outputTokens", "candidates_token_count"),
        *("outputTokenCount", "eval_count", "generated_tokens", "tokens_completion", "responseTokenCount"),
    ),
    "total": ("total_tokens", "totalTokenCount", "totalTokens", "total_token_count"),
    "read": ("cached_tokens", "cachedContentTokenCount", "cached_content_token_count", "prompt_cache_hit_tokens"),
    "read_beside": ("cache_read_input_tokens", "cacheReadInputTokens", "cacheReadInputTokenCount"),
    "written": ("cache_write_tokens", "cache_creation_tokens"),
    "written_beside": ("cache_creation_input_tokens", "cacheWriteInputTokens", "cacheWriteInputTokenCount"),
    "reasoning": ("reasoning_tokens", "thinking_tokens"),
    "thinking": ("thoughtsTokenCount", "thoughts_token_count", "total_thought_tokens", "totalThoughtTokens"),
    "extra_prompt": (
        *("toolUsePromptTokenCount", "tool_use_prompt_token_count", "total_tool_use_tokens", "totalToolUseTokens"),
    ),
    "images": ("image_tokens",),
    "audio": ("audio_tokens",),
}
"""What every count is called, by vendor; the first name that holds one counts. Other names are told by their words."""

_TABLE = {name: kind for kind, names in NAMES.items() for name in names}
_PROMPT_DETAILS = (
    *("prompt_tokens_details", "input_tokens_details", "promptTokensDetails", "prompt_token_details"),
    *("input_token_details", "inputTokenDetails", "inputTokensDetails", "input_details"),
    *("input_tokens_by_modality", "inputTokensByModality"),
)
_COMPLETION_DETAILS = (
    *("completion_tokens_details", "output_tokens_details", "candidatesTokensDetails", "candidates_tokens_details"),
    *("responseTokensDetails", "response_tokens_details", "completion_token_details", "output_token_details"),
    *("outputTokenDetails", "outputTokensDetails", "output_details"),
    *("output_tokens_by_modality", "outputTokensByModality"),
)
_CACHE_DETAILS = (
    *("cacheTokensDetails", "cache_tokens_details", "cached_tokens_by_modality", "cachedTokensByModality"),
)
PLAIN = frozenset({"prompt", "completion"})
"""The kinds that every reply counts."""
_SPLIT = frozenset(
    {*_PROMPT_DETAILS, *_COMPLETION_DETAILS, *_CACHE_DETAILS}
    | {"cache_creation", "cacheDetails", "iterations", "tokens", "billed_units"}
)
"""Names under which counts stand that are no numbers."""


class Form(msgspec.Struct, frozen=True, gc=False):
    """What the names in an object of counts say, whatever the numbers.

    Attributes:
        counts: Those of counts with their kinds: first those that vendors are known to write, in the order of `NAMES`,
            then those that are told by their words.
        unknown: Those of some count of tokens, of what nobody knows.
        prompt, completion, cache: Those under which the details of a side stand, the first to be asked first.
        only_sums: Whether there is nothing but the two sides and perhaps their total, as in most answers.
    """

    counts: tuple[tuple[str, str], ...]
    unknown: tuple[str, ...]
    prompt: tuple[str, ...]
    completion: tuple[str, ...]
    cache: tuple[str, ...]
    only_sums: bool


@functools.lru_cache(1024)
def form_of(names: tuple[str, ...]) -> Form:
    """The form of an object with these names: a log writes the same few objects over and over."""
    here = frozenset(names)
    counts = [(name, kind) for kind, known in NAMES.items() for name in known if name in here]
    worded = {name: kind_of(name) for name in names if name not in _TABLE}
    counts += ((name, kind) for name, kind in worded.items() if kind)
    unknown = tuple(name for name, kind in worded.items() if kind is None and "token" in name.lower())
    prompt, completion, cache = (
        tuple(name for name in known if name in here)
        for known in (_PROMPT_DETAILS, _COMPLETION_DETAILS, _CACHE_DETAILS)
    )
    only_sums = {kind for _, kind in counts} <= PLAIN | {"total"} and not unknown and here.isdisjoint(_SPLIT)
    return Form(tuple(counts), unknown, prompt, completion, cache, only_sums)
