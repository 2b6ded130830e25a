"""What a reply says of its tokens, under whatever names, and what it must have cost where it says nothing or nonsense.

Counts are inclusive here: cached tokens are part of the prompt, reasoning tokens of the completion. Endpoints count
otherwise in two places. Anthropic and Bedrock give cached tokens beside the input; Gemini gives thinking beside the
answer, and xAI reasoning beside the completion. The names tell the first, the total tells the rest.

Sources: OpenAI `CompletionUsage` and `ResponseUsage`, Anthropic `Usage`, Bedrock `TokenUsage`, Gemini `UsageMetadata`,
DeepSeek `prompt_cache_hit_tokens`, Ollama `prompt_eval_count`, Cohere `billed_units`. Names that are in none of them
are told by their words (`count_words.py`), and one that says nothing is noted.
"""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from msgspec.structs import replace

from audit.core.exchange import Usage
from audit.core.note import AnswerNote
from audit.protocols.count_words import kind_of

LARGEST = 100_000_000
"""A count above this is none: no request has so many tokens."""

BYTES_PER_TOKEN = 16
"""Text of any language has at least one token in so many bytes: typical are 4, Hindi under a large vocabulary 12."""

ERROR_BYTES = 1_000_000
"""An error body longer than this is not looked into."""

SURE_BYTES = 256
"""Shorter text is not judged by that."""

_NAMES: dict[str, tuple[str, ...]] = {
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
    "thinking": ("thoughtsTokenCount", "thoughts_token_count"),
    "extra_prompt": ("toolUsePromptTokenCount", "tool_use_prompt_token_count"),
    "images": ("image_tokens",),
    "audio": ("audio_tokens",),
}
"""What every count is called, by vendor; the first name that holds one counts. Other names are told by their words."""

_TABLE = {name: kind for kind, names in _NAMES.items() for name in names}
_PROMPT_DETAILS = (
    *("prompt_tokens_details", "input_tokens_details", "promptTokensDetails", "prompt_token_details"),
    *("input_token_details", "inputTokenDetails", "inputTokensDetails", "input_details"),
)
_COMPLETION_DETAILS = (
    *("completion_tokens_details", "output_tokens_details", "candidatesTokensDetails", "candidates_tokens_details"),
    *("responseTokensDetails", "response_tokens_details", "completion_token_details", "output_token_details"),
    *("outputTokenDetails", "outputTokensDetails", "output_details"),
)
_CACHE_DETAILS = ("cacheTokensDetails", "cache_tokens_details")
_SAMPLED = frozenset({"prompt", "completion", "read_beside", "written_beside"})
_PLAIN, _SUMS = frozenset({"prompt", "completion"}), frozenset({"prompt", "completion", "total"})
_EXCLUSIVE_PROMPT = frozenset({"input_tokens", "inputTokens", "inputTokenCount"})


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """Tokens as reported, made inclusive. None is what was not said, or said in a way that cannot be read.

    Attributes:
        written_hour: Of the tokens written to the cache, those kept for an hour.
        images, heard: Image and audio tokens of the prompt.
        spoken, drawn: Audio and image tokens of the completion.
        hidden: Tokens of the total that stand in neither count; they are part of `completion`.
        cache_apart: Only the numbers show that the prompt was counted without its cache, not the names.
        reasoning_apart: The same of the completion and its reasoning.
        unreadable: Something was said that is no count.
        unread: Tokens are counted under a name that is not understood.
        aside: Tokens of another model, with a price of their own, are told beside the counts.
    """

    prompt: int | None = None
    completion: int | None = None
    cached: int | None = None
    written: int | None = None
    written_hour: int | None = None
    reasoning: int | None = None
    images: int | None = None
    heard: int | None = None
    spoken: int | None = None
    drawn: int | None = None
    hidden: int = 0
    cache_apart: bool = False
    reasoning_apart: bool = False
    unreadable: bool = False
    unread: bool = False
    aside: bool = False

    @property
    def usage(self) -> Usage | None:
        """As `settled` takes it: what was not said is zero, parts fit into their whole; None when neither side was."""
        if self.prompt is None and self.completion is None:
            return None
        prompt, completion = self.prompt or 0, self.completion or 0
        cached = min(self.cached or 0, prompt)
        return Usage(
            prompt_tokens=prompt,
            completion_tokens=completion,
            cached_tokens=cached,
            cache_write_tokens=min(self.written or 0, prompt - cached),
            reasoning_tokens=min(self.reasoning or 0, completion),
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
    if not isinstance(raw, dict):
        return Counts(unreadable=raw is not None)
    if "tokens" in raw or "billed_units" in raw:
        raw = _billed(raw)
    aside = False
    if isinstance(raw.get("iterations"), list):
        raw, aside = _with_samplings(raw, raw["iterations"])
    whole = _counts(raw)
    details, told = _details(raw, _PROMPT_DETAILS), _details(raw, _COMPLETION_DETAILS)
    inputs, outputs = _counts(details) if details else {}, _counts(told) if told else {}
    hour, lives = _lives(raw, details)
    unread = _unread(raw) or _unread(details) or _unread(told)
    if not (inputs or outputs or lives or unread or aside) and _PLAIN <= whole.keys() <= _SUMS:
        # The two sums and nothing else, as most answers have them.
        return inclusive(Counts(prompt=whole["prompt"], completion=whole["completion"]), whole.get("total"))
    prompt, completion, thinking = whole.get("prompt"), whole.get("completion"), whole.get("thinking")
    unreadable = (prompt is None and _says(raw, "prompt")) or (completion is None and _says(raw, "completion"))
    read, written = whole.get("read_beside"), whole.get("written_beside")
    if prompt is not None:
        prompt += whole.get("extra_prompt", 0)
        if (read or written) and _is_exclusive(raw):
            prompt += (read or 0) + (written or 0)
    if thinking:
        completion = (completion or 0) + thinking
    heard = _known(inputs.get("audio"), inputs.get("heard"), whole.get("heard"))
    again = _counts(_details(raw, _CACHE_DETAILS))
    return inclusive(
        Counts(
            prompt=prompt,
            completion=completion,
            cached=_known(inputs.get("read"), whole.get("read"), read),
            written=_known(inputs.get("written"), written, whole.get("written"), lives or None),
            written_hour=_known(hour, inputs.get("hour"), whole.get("hour")),
            reasoning=_known(thinking, outputs.get("reasoning"), whole.get("reasoning")),
            images=_known(inputs.get("images"), inputs.get("seen"), whole.get("seen")),
            # What was read from the cache is cheaper whatever its modality.
            heard=heard if heard is None else max(heard - again.get("audio", 0), 0),
            spoken=_known(outputs.get("audio"), outputs.get("heard"), outputs.get("spoken"), whole.get("spoken")),
            drawn=_known(outputs.get("images"), outputs.get("drawn"), outputs.get("seen"), whole.get("drawn")),
            unreadable=unreadable,
            unread=unread,
            aside=aside,
        ),
        whole.get("total"),
    )


def _with_samplings(raw: dict[str, Any], steps: list[Any]) -> tuple[dict[str, Any], bool]:
    """Anthropic's counts with those of the samplings that summarised the conversation, which are billed and in no sum.

    Returns:
        The counts, and whether another model's are told beside them: those have a price of their own, and are in none.

    Source:
        https://platform.claude.com/docs/en/build-with-claude/compaction, `usage.iterations`
    """
    told = [step for step in steps if isinstance(step, dict)]
    extra = [step for step in told if step.get("type") == "compaction"]
    made = dict(raw)
    for step in extra:
        for name, kind in _kinds(tuple(step)):
            if kind in _SAMPLED and (count := count_of(step[name])) is not None:
                made[name] = (count_of(made.get(name)) or 0) + count
    return made, any(step.get("type") not in ("message", "compaction") for step in told)


def _lives(raw: Mapping[str, Any], details: Mapping[str, Any]) -> tuple[int | None, int]:
    """Of the tokens written to the cache, those kept for an hour, and all whose life is told."""
    split = raw.get("cache_creation") or details.get("cache_creation_token_details") or details
    if isinstance(listed := raw.get("cacheDetails"), list):  # Bedrock
        split = dict[str, int]()
        for one in (item for item in listed if isinstance(item, dict)):
            name = f"ephemeral_{one.get('ttl')}_input_tokens"
            split[name] = split.get(name, 0) + (count_of(one.get("inputTokens")) or 0)
    if not isinstance(split, dict):
        return None, 0
    hour = count_of(split.get("ephemeral_1h_input_tokens"))
    return hour, (hour or 0) + (count_of(split.get("ephemeral_5m_input_tokens")) or 0)


def _billed(raw: dict[str, Any]) -> dict[str, Any]:
    """Cohere's counts: it bills others than it counts, as it does not bill what it adds to a prompt itself.

    The cached tokens stand beside both and are some of those counted, so that no more are billed than all that are.
    """
    counted = next((raw[name] for name in ("billed_units", "tokens") if isinstance(raw.get(name), dict)), raw)
    cached, prompt = count_of(raw.get("cached_tokens")), count_of(counted.get("input_tokens"))
    return counted if cached is None or prompt is None else {**counted, "cached_tokens": min(cached, prompt)}


def _counts(raw: Mapping[str, Any]) -> dict[str, int]:
    """The counts that an object holds, by kind; of two of a kind the first name's."""
    found: dict[str, int] = {}
    for name, kind in _kinds(tuple(raw)):
        if kind not in found and (count := count_of(raw[name])) is not None:
            found[kind] = count
    return found


@functools.lru_cache(1024)
def _kinds(keys: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """The names of counts among an object's keys, with their kinds: a log writes the same few objects over and over.

    Those of the table first, then those that are told by their words.
    """
    listed = [(name, kind) for kind, names in _NAMES.items() for name in names if name in keys]
    worded = ((name, kind_of(name)) for name in keys if name not in _TABLE)
    return (*listed, *((name, kind) for name, kind in worded if kind))


@functools.lru_cache(1024)
def _unknown(keys: tuple[str, ...]) -> tuple[str, ...]:
    """The names among an object's keys that are some count of tokens, and of what nobody knows."""
    return tuple(key for key in keys if key not in _TABLE and "token" in key.lower() and kind_of(key) is None)


def _unread(raw: Mapping[str, Any]) -> bool:
    """Whether tokens are counted under a name that is not understood."""
    return any(count_of(raw[name]) for name in _unknown(tuple(raw)))


def _says(raw: Mapping[str, Any], kind: str) -> bool:
    """Whether anything stands under a name of the kind, even what is no count."""
    return any(raw.get(name) is not None for name in _NAMES[kind])


def _is_exclusive(raw: Mapping[str, Any]) -> bool:
    """Whether the prompt is counted under a name that leaves the cache out; details inside it would tell otherwise."""
    name = next((name for name in _NAMES["prompt"] if count_of(raw.get(name)) is not None), None)
    return name in _EXCLUSIVE_PROMPT and "input_tokens_details" not in raw


def _known(*counts: int | None) -> int | None:
    """The first count above zero, else a zero that was said, else None."""
    for count in counts:
        if count:
            return count
    return 0 if 0 in counts else None


def inclusive(counts: Counts, total: int | None = None) -> Counts:
    """Counts that are inclusive where the numbers alone show that they were not.

    More cached and written tokens than prompt tokens mean that the prompt was counted without them. Reasoning was
    counted apart where it exceeds the completion, or where only with it the parts give the total (xAI). What else a
    total holds beyond its parts was generated and is billed.

    Source: https://docs.x.ai/docs/key-information/consumption-and-rate-limits
    """
    prompt, completion = counts.prompt, counts.completion
    cache, reasoning = (counts.cached or 0) + (counts.written or 0), counts.reasoning or 0
    cache_apart = prompt is not None and cache > prompt
    if prompt is None:
        return counts
    prompt += cache if cache_apart else 0
    if completion is None:
        rest = None if total is None or total < prompt else total - prompt
        return replace(counts, prompt=prompt, completion=rest, cache_apart=cache_apart)
    rest = max((total or 0) - prompt - completion, 0)
    reasoning_apart = reasoning > 0 and (rest == reasoning or (reasoning > completion and not rest))
    if not (rest or cache_apart or reasoning_apart):
        return counts
    return replace(
        counts,
        prompt=prompt,
        completion=completion + (reasoning if reasoning_apart else rest),
        hidden=0 if reasoning_apart else rest,
        cache_apart=cache_apart,
        reasoning_apart=reasoning_apart,
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


def _details(raw: Mapping[str, Any], names: tuple[str, ...]) -> Mapping[str, Any]:
    """The object with a side's details; a list of them, by modality or by name, as one."""
    for name in names:
        found = raw.get(name)
        if type(found) is dict:
            return found
        if type(found) is list:
            return _of_list(found)
    return {}


def _of_list(items: list[Any]) -> dict[str, Any]:
    """Details that are a list: Gemini's has a count for each modality."""
    made: dict[str, Any] = {}
    for item in items:
        if not isinstance(item, dict):
            continue
        modality = item.get("modality")
        if not isinstance(modality, str):
            made |= item
        elif (count := count_of(item.get("tokenCount", item.get("token_count")))) is not None:
            name = f"{modality.lower()}_tokens"
            made[name] = made.get(name, 0) + count
    return made


def count_of(value: Any) -> int | None:
    """A count of tokens from 0: an integer, a float (rounded up), or digits. None for anything else."""
    if type(value) is int:
        return value if 0 <= value <= LARGEST else None
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 12:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= LARGEST:
        return None
    return math.ceil(value)
