"""What is odd about an answer that counts all the same: one value and one sentence each."""

from __future__ import annotations

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
    NO_CHOICE = "no_choice"
    ABOVE_LIMIT = "above_limit"

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
    AnswerNote.CONTROL_TOKEN: "the answer ended in a control token of the model, which was taken off",
    AnswerNote.TOOL_CALL_AS_TEXT: "a tool call stands in the text",
    AnswerNote.NO_CHOICE: "the reply holds no answer although tokens were counted; a filter stopped it",
    AnswerNote.ABOVE_LIMIT: "the answer cost more than its token limit allows",
}
