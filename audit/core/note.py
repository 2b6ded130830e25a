"""What is odd about an answer that counts all the same: one value and one sentence each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class AnswerNote(StrEnum):
    """Something that a reader should know of an answer. The value is what tables hold."""

    USAGE_MISSING = "usage_missing"
    USAGE_ZERO = "usage_zero"
    USAGE_UNREADABLE = "usage_unreadable"
    USAGE_TOO_SMALL = "usage_too_small"
    HIDDEN_TOKENS = "hidden_tokens"
    SERVICE_TIER = "service_tier"
    OTHER_MODEL = "other_model"
    IN_REASONING = "in_reasoning"
    REASONING_USED_LIMIT = "reasoning_used_limit"
    CONTROL_TOKEN = "control_token"
    TOOL_CALL_AS_TEXT = "tool_call_as_text"
    REASONING_AS_TEXT = "reasoning_as_text"
    NO_CHOICE = "no_choice"
    ABOVE_LIMIT = "above_limit"
    BILLED_OTHERWISE = "billed_otherwise"
    AT_LIMIT = "at_limit"
    NO_FINISH = "no_finish"
    SECRET_MASKED = "secret_masked"
    PLACEHOLDERS = "placeholders"

    @property
    def words(self) -> str:
        """One sentence, its subject "the answer" or "the endpoint"."""
        return _WORDS[self]


_WORDS = {
    AnswerNote.USAGE_MISSING: "the endpoint reported no usage; tokens are estimated, and spend is bounded by bytes",
    AnswerNote.USAGE_ZERO: "the endpoint reported no tokens for text; they are estimated",
    AnswerNote.USAGE_UNREADABLE: "the endpoint reported usage that cannot be read; tokens are estimated",
    AnswerNote.USAGE_TOO_SMALL: "the endpoint reported fewer tokens than the text can have; they are estimated",
    AnswerNote.HIDDEN_TOKENS: "the total is above prompt and answer; the rest is priced as output",
    AnswerNote.SERVICE_TIER: "the endpoint served another service tier, whose price may differ",
    AnswerNote.OTHER_MODEL: "another model than the one asked for says that it answered",
    AnswerNote.IN_REASONING: "the answer stands in a reasoning field; its own field is empty",
    AnswerNote.REASONING_USED_LIMIT: "reasoning used up the token limit before there was an answer",
    AnswerNote.CONTROL_TOKEN: "the answer ends in a control token of the model, which its callers get too",
    AnswerNote.TOOL_CALL_AS_TEXT: "a tool call stands in the text",
    AnswerNote.REASONING_AS_TEXT: "the model's reasoning stands in the text before its answer, and its callers get it "
    "too; many servers have a setting that takes it out",
    AnswerNote.NO_CHOICE: "the reply holds no answer although tokens were counted; a filter stopped it",
    AnswerNote.ABOVE_LIMIT: "the answer cost more than its token limit allows",
    AnswerNote.BILLED_OTHERWISE: "the endpoint says that it billed another amount than the tier's price makes of the "
    "tokens; savings are at that price, and the spend cap counts the larger of the two",
    AnswerNote.AT_LIMIT: "the answer has all the tokens that its limit allows; it may be cut off",
    AnswerNote.NO_FINISH: "the endpoint does not say why the answer ended; it may be cut off",
    AnswerNote.SECRET_MASKED: "a secret in the answer is masked, and criteria see the mask, as in the log's answers",
    AnswerNote.PLACEHOLDERS: "the request was sent with placeholders for the personal data that today's model saw; "
    "quality and cost hold where placeholders are sent in production too",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class OddAnswers:
    """Answers of one candidate that share a note.

    Attributes:
        note: What is odd about them.
        answers: How many.
        models: Under which names other models say that they answered, fit to be printed.
    """

    note: AnswerNote
    answers: int
    models: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """For people; without a full stop."""
        named = f" ({', '.join(f'`{name}`' for name in self.models[:MOST_NAMES])})" if self.models else ""
        return f"{self.answers:,} {'answer' if self.answers == 1 else 'answers'}: {self.note.words}{named}"


MOST_NAMES = 3
"""Names of models in a sentence."""


def summed(found: Sequence[OddAnswers]) -> tuple[OddAnswers, ...]:
    """The odd answers of several routes together, one entry a note, the most frequent first."""
    merged: dict[AnswerNote, OddAnswers] = {}
    for one in found:
        before = merged.get(one.note, OddAnswers(note=one.note, answers=0))
        models = tuple(sorted({*before.models, *one.models}))
        merged[one.note] = OddAnswers(note=one.note, answers=before.answers + one.answers, models=models)
    return tuple(sorted(merged.values(), key=lambda one: (-one.answers, one.note)))
