"""What an answer must have cost where it says nothing of its tokens, or nonsense: by the size of its text."""

from __future__ import annotations

import math
from dataclasses import dataclass

from audit.core.exchange import Usage
from audit.core.note import AnswerNote

BYTES_PER_TOKEN = 16
"""Text of any language has at least one token in so many bytes: typical are 4, Hindi under a large vocabulary 12."""

SURE_BYTES = 256
"""Shorter text is not judged by that."""


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
