"""What a reply says of its tokens, under whatever names.

Counts are inclusive here: cached tokens are part of the prompt, reasoning tokens of the completion. Endpoints count
otherwise in two places. Anthropic and Bedrock give cached tokens beside the input; Gemini gives thinking beside the
answer, and xAI reasoning beside the completion. The names tell the first, the total tells the rest.

Sources: OpenAI `CompletionUsage` and `ResponseUsage`, Anthropic `Usage`, Bedrock `TokenUsage`, Gemini `UsageMetadata`,
DeepSeek `prompt_cache_hit_tokens`, Ollama `prompt_eval_count`, Cohere `billed_units`, Gemini's Interactions
(https://docs.cloud.google.com/gemini-enterprise-agent-platform/reference/rest/v1beta1/Usage), Alibaba's explicit cache
(https://help.aliyun.com/en/model-studio/context-cache). Names that are in none of them
are told by their words (`count_words.py`), and one that says nothing is noted.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec.structs import replace

from audit.core.exchange import Usage
from audit.protocols.count_names import NAMES, PLAIN, Form, form_of

LARGEST = 100_000_000
"""A count above this is none: no request has so many tokens."""

ERROR_BYTES = 1_000_000
"""An error body longer than this is not looked into."""

_SAMPLED = frozenset({"prompt", "completion", "read_beside", "written_beside"})
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
        billed_usd: What the vendor says that it billed, in replies; readers of logs ask for it themselves.
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
    billed_usd: float | None = None

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


def read_usage(raw: Any) -> Counts:
    """Counts under any vendor's names; of anything else, none."""
    if not isinstance(raw, dict):
        return Counts(unreadable=raw is not None)
    if all(isinstance(raw.get(name), dict) for name in _AI_SDK):
        raw = _of_sides(raw)
    if "tokens" in raw or "billed_units" in raw:
        raw = _billed(raw)
    aside = False
    if isinstance(raw.get("iterations"), list):
        raw, aside = _with_samplings(raw, raw["iterations"])
    form = form_of(tuple(raw))
    whole = _counts(raw, form)
    if form.only_sums and whole.keys() >= PLAIN:
        return inclusive(Counts(prompt=whole["prompt"], completion=whole["completion"]), whole.get("total"))
    details, told = _details(raw, form.prompt), _details(raw, form.completion)
    of_prompt, of_completion = form_of(tuple(details)), form_of(tuple(told))
    inputs, outputs = _counts(details, of_prompt), _counts(told, of_completion)
    hour, lives = _lives(raw, details)
    unread = _unread(raw, form) or _unread(details, of_prompt) or _unread(told, of_completion)
    prompt, completion, thinking = whole.get("prompt"), whole.get("completion"), whole.get("thinking")
    unreadable = (prompt is None and _says(raw, "prompt")) or (completion is None and _says(raw, "completion"))
    read, written = whole.get("read_beside"), whole.get("written_beside")
    within = _known(inputs.get("written"), inputs.get("written_beside"))  # Alibaba's details have Anthropic's name
    if prompt is not None:
        prompt += whole.get("extra_prompt", 0)
        if (read or written) and _is_exclusive(raw):
            prompt += (read or 0) + (written or 0)
    if thinking:
        completion = (completion or 0) + thinking
    heard = _known(inputs.get("audio"), inputs.get("heard"), whole.get("heard"))
    again = _details(raw, form.cache)
    heard_again = _counts(again, form_of(tuple(again))).get("audio", 0)
    return inclusive(
        Counts(
            prompt=prompt,
            completion=completion,
            cached=_known(inputs.get("read"), inputs.get("read_beside"), whole.get("read"), read),
            written=_known(within, written, whole.get("written"), lives or None),
            written_hour=_known(hour, inputs.get("hour"), whole.get("hour")),
            reasoning=_known(thinking, outputs.get("reasoning"), whole.get("reasoning")),
            images=_known(inputs.get("images"), inputs.get("seen"), whole.get("seen")),
            # What was read from the cache is cheaper whatever its modality.
            heard=heard if heard is None else max(heard - heard_again, 0),
            spoken=_known(outputs.get("audio"), outputs.get("heard"), outputs.get("spoken"), whole.get("spoken")),
            drawn=_known(outputs.get("images"), outputs.get("drawn"), outputs.get("seen"), whole.get("drawn")),
            unreadable=unreadable,
            unread=unread,
            aside=aside,
        ),
        whole.get("total"),
    )


_AI_SDK = {"inputTokens": "inputTokenDetails", "outputTokens": "outputTokenDetails"}


def _of_sides(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Counts of which each side is an object of its classes, as a model of the AI SDK gives them from version 6 on.

    Source:
        https://app.unpkg.com/@ai-sdk/openai@3.0.37/files/src/chat/convert-openai-chat-usage.ts, `LanguageModelV3Usage`
    """
    sums = {name: raw[name].get("total") for name in _AI_SDK}
    return sums | {details: raw[name] for name, details in _AI_SDK.items()}


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
        for name, kind in form_of(tuple(step)).counts:
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


def _counts(raw: Mapping[str, Any], form: Form) -> dict[str, int]:
    """The counts that an object holds, by kind; of two of a kind the first name's."""
    found: dict[str, int] = {}
    for name, kind in form.counts:
        if kind not in found and (count := count_of(raw[name])) is not None:
            found[kind] = count
    return found


def _unread(raw: Mapping[str, Any], form: Form) -> bool:
    """Whether tokens are counted under a name that is not understood."""
    return bool(form.unknown) and any(count_of(raw[name]) for name in form.unknown)


def _says(raw: Mapping[str, Any], kind: str) -> bool:
    """Whether anything stands under a name of the kind, even what is no count."""
    return any(raw.get(name) is not None for name in NAMES[kind])


def _is_exclusive(raw: Mapping[str, Any]) -> bool:
    """Whether the prompt is counted under a name that leaves the cache out; details inside it would tell otherwise."""
    name = next((name for name in NAMES["prompt"] if count_of(raw.get(name)) is not None), None)
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
        elif (count := count_of(item.get("tokenCount", item.get("token_count", item.get("tokens"))))) is not None:
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
