"""What a reply says of its tokens, under whatever names, and what it must have cost where it says nothing or nonsense.

Counts are inclusive here: cached tokens are part of the prompt, reasoning tokens of the completion. Endpoints count
otherwise in two places. Anthropic and Bedrock give cached tokens beside the input; Gemini gives thinking beside the
answer, and xAI reasoning beside the completion. The names tell the first, the total tells the rest.

Sources: OpenAI `CompletionUsage` and `ResponseUsage`, Anthropic `Usage`, Bedrock `TokenUsage`, Gemini `UsageMetadata`,
DeepSeek `prompt_cache_hit_tokens`, Ollama `prompt_eval_count`, Cohere `billed_units`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from audit.core.exchange import Usage
from audit.core.note import AnswerNote

LARGEST = 100_000_000
"""A count above this is none: no request has so many tokens."""

BYTES_PER_TOKEN = 16
"""Text of any language has at least one token in so many bytes: typical are 4, Hindi under a large vocabulary 12."""

ERROR_BYTES = 1_000_000
"""An error body longer than this is not looked into."""

SURE_BYTES = 256
"""Shorter text is not judged by that."""

_PROMPT = (
    *("prompt_tokens", "input_tokens", "promptTokenCount", "inputTokens", "prompt_token_count", "inputTokenCount"),
    *("prompt_eval_count", "tokens_prompt"),
)
_COMPLETION = (
    *("completion_tokens", "output_tokens", "candidatesTokenCount", "outputTokens", "candidates_token_count"),
    *("outputTokenCount", "eval_count", "generated_tokens", "tokens_completion"),
)
_TOTAL = ("total_tokens", "totalTokenCount", "totalTokens", "total_token_count")
_BESIDE_READ = ("cache_read_input_tokens", "cacheReadInputTokens", "cacheReadInputTokenCount")
_BESIDE_WRITTEN = ("cache_creation_input_tokens", "cacheWriteInputTokens", "cacheWriteInputTokenCount")
_INSIDE_READ = ("cachedContentTokenCount", "cached_content_token_count", "prompt_cache_hit_tokens", "cached_tokens")
_INSIDE_WRITTEN = ("cache_write_tokens", "cache_creation_tokens")
_REASONING = ("reasoning_tokens", "thinking_tokens")
_THINKING = ("thoughtsTokenCount", "thoughts_token_count")
_EXTRA_PROMPT = ("toolUsePromptTokenCount", "tool_use_prompt_token_count")
_PROMPT_DETAILS = ("prompt_tokens_details", "input_tokens_details")
_COMPLETION_DETAILS = ("completion_tokens_details", "output_tokens_details")
_EXCLUSIVE_PROMPT = frozenset({"input_tokens", "inputTokens", "inputTokenCount"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Tokens as reported, made inclusive. None is what was not said, or said in a way that cannot be read.

    Attributes:
        hidden: Tokens of the total that stand in neither count; they are part of `completion`.
        unreadable: Something was said that is no count.
    """

    prompt: int | None = None
    completion: int | None = None
    cached: int = 0
    written: int = 0
    reasoning: int = 0
    hidden: int = 0
    unreadable: bool = False

    @property
    def usage(self) -> Usage | None:
        """As `settled` takes it: a side that was not said is zero; None when neither was."""
        if self.prompt is None and self.completion is None:
            return None
        return Usage(
            prompt_tokens=self.prompt or 0,
            completion_tokens=self.completion or 0,
            cached_tokens=self.cached,
            cache_write_tokens=self.written,
            reasoning_tokens=self.reasoning,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """Usage of one answer, with nothing left unknown.

    Attributes:
        usage: The best there is: as reported, or estimated and marked so. What the answer's cost is made of.
        at_most: What may have been billed: as reported, or a bound by bytes. What the spend cap is held by.
        notes: What was odd.
    """

    usage: Usage
    at_most: Usage
    notes: tuple[AnswerNote, ...] = ()


def read_usage(raw: Any) -> Counts:
    """Counts under any vendor's names; of anything else, none."""
    if not isinstance(raw, Mapping):
        return Counts(unreadable=raw is not None)
    raw = next((raw[name] for name in ("tokens", "billed_units") if isinstance(raw.get(name), Mapping)), raw)  # Cohere
    prompt_name, prompt = _first(raw, _PROMPT)
    _, completion = _first(raw, _COMPLETION)
    unreadable = (_said(raw, _PROMPT) and prompt is None) or (_said(raw, _COMPLETION) and completion is None)
    inputs, outputs = _details(raw, _PROMPT_DETAILS), _details(raw, _COMPLETION_DETAILS)
    total = _first(raw, _TOTAL)[1]
    reasoning = _first(outputs, _REASONING)[1] or _first(raw, _REASONING)[1] or 0
    thinking = _first(raw, _THINKING)[1] or 0
    beside_read, beside_written = _first(raw, _BESIDE_READ)[1] or 0, _first(raw, _BESIDE_WRITTEN)[1] or 0
    cached = _first(inputs, ("cached_tokens",))[1] or _first(raw, _INSIDE_READ)[1] or beside_read
    written = _first(inputs, _INSIDE_WRITTEN)[1] or beside_written
    if prompt is not None:
        prompt += _first(raw, _EXTRA_PROMPT)[1] or 0
        beside = beside_read + beside_written
        if beside and (prompt_name in _EXCLUSIVE_PROMPT or beside > prompt):
            prompt += beside
    if thinking:
        reasoning, completion = thinking, (completion or 0) + thinking
    hidden = 0
    if prompt is not None and completion is not None and total is not None and total > prompt + completion:
        rest = total - prompt - completion
        # xAI counts reasoning beside the completion. https://docs.x.ai/docs/key-information/consumption-and-rate-limits
        hidden = 0 if rest == reasoning else rest
        completion += rest
    elif prompt is not None and completion is None and total is not None and total >= prompt:
        completion = total - prompt
    prompt_left = prompt or 0
    cached = min(cached, prompt_left)
    return Counts(
        prompt=prompt,
        completion=completion,
        cached=cached,
        written=min(written, prompt_left - cached),
        reasoning=min(reasoning, completion or 0),
        hidden=hidden,
        unreadable=unreadable,
    )


def usage_from(raw: Any) -> Usage | None:
    """The usage that an answer reports, inclusive; None unless both sides were said."""
    counts = read_usage(raw)
    return None if counts.prompt is None or counts.completion is None else counts.usage


def billed_in(body: bytes) -> Usage | None:
    """Usage that an error body reports, for the books; None for none. Read only where the word stands in it."""
    if b'"usage"' not in body or len(body) > ERROR_BYTES:
        return None
    try:
        plain = json.loads(body)
    except (ValueError, RecursionError):
        return None
    holders = (plain, plain.get("error")) if isinstance(plain, Mapping) else ()
    counts = (read_usage(holder.get("usage")).usage for holder in holders if isinstance(holder, Mapping))
    return next((usage for usage in counts if usage is not None), None)


def settled(reported: Usage | None, *, prompt: TextSize, answer: TextSize) -> Settled:
    """Usage without gaps: what was not said, or cannot be, is estimated from the text and bounded by its bytes.

    Args:
        reported: None when nothing was said.
        prompt: Of everything that was sent.
        answer: Of everything that came back: text, refusal, reasoning, tool calls.

    Special cases:
        Zero tokens for text that is there: taken as not said. Fewer tokens than the text can have: the same. Usage
        that is an estimate already stays as it is.
    """
    if reported is not None and reported.estimated:
        return Settled(usage=reported, at_most=reported)
    if reported is None:
        asked, wrote, notes = None, None, [AnswerNote.USAGE_MISSING]
        reported = Usage(prompt_tokens=0, completion_tokens=0)
    else:
        asked, asked_note = _checked(reported.prompt_tokens, prompt)
        wrote, wrote_note = _checked(reported.completion_tokens, answer)
        notes = list(dict.fromkeys(note for note in (asked_note, wrote_note) if note is not None))
    if asked is not None and wrote is not None:
        return Settled(usage=reported, at_most=reported)
    rest = {
        "cached_tokens": reported.cached_tokens if asked is not None else 0,
        "cache_write_tokens": reported.cache_write_tokens if asked is not None else 0,
        "reasoning_tokens": reported.reasoning_tokens if wrote is not None else 0,
    }

    def with_gaps(prompt_tokens: int, completion_tokens: int) -> Usage:
        return Usage(
            prompt_tokens=prompt_tokens if asked is None else asked,
            completion_tokens=completion_tokens if wrote is None else wrote,
            estimated=True,
            **rest,
        )

    return Settled(
        usage=with_gaps(prompt.estimate, answer.estimate),
        at_most=with_gaps(prompt.bytes, answer.bytes),
        notes=tuple(notes),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class TextSize:
    """How much text there is.

    Attributes:
        text: Bytes in UTF-8 of the text alone, which a report is held against.
        bytes: Tokens at most: no byte-level tokenizer makes more than one a byte. With what a chat template and media
            add.
        estimate: About how many tokens: four bytes each, which holds within a third for English, code, Russian,
            Arabic and Chinese under the vocabularies in use.
    """

    text: int
    bytes: int
    estimate: int

    def plus(self, *, estimate: int, at_most: int) -> TextSize:
        """With tokens that are no text: a chat template, images, reasoning that was not kept."""
        return TextSize(text=self.text, bytes=self.bytes + at_most, estimate=self.estimate + estimate)


def size_of(*texts: str) -> TextSize:
    """Size of some texts."""
    encoded = sum(len(text.encode("utf-8", "surrogatepass")) for text in texts)
    return TextSize(text=encoded, bytes=encoded, estimate=math.ceil(encoded / 4))


def _checked(count: int, size: TextSize) -> tuple[int | None, AnswerNote | None]:
    """A count that the text can have, else None with the reason."""
    if count == 0 and size.estimate > 0:
        return None, AnswerNote.USAGE_ZERO
    if size.text >= SURE_BYTES and count * BYTES_PER_TOKEN < size.text:
        return None, AnswerNote.USAGE_TOO_SMALL
    return count, None


def _first(raw: Mapping[str, Any], names: tuple[str, ...]) -> tuple[str | None, int | None]:
    """The first of the names that has a count."""
    for name in names:
        count = count_of(raw.get(name))
        if count is not None:
            return name, count
    return None, None


def _said(raw: Mapping[str, Any], names: tuple[str, ...]) -> bool:
    return any(raw.get(name) is not None for name in names)


def _details(raw: Mapping[str, Any], names: tuple[str, ...]) -> Mapping[str, Any]:
    """The object with a side's details; Gemini's list by modality holds nothing that the sums do not."""
    return next((raw[name] for name in names if isinstance(raw.get(name), Mapping)), {})


def count_of(value: Any) -> int | None:
    """A count of tokens from 0: an integer, a float (rounded up), or digits. None for anything else."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 12:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= LARGEST:
        return None
    return math.ceil(value)
