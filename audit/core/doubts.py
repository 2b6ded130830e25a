"""What was odd about values of a log: read with a doubt, or not at all. Rows carry words, people read sentences."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Doubt(StrEnum):
    """Every oddity with a name of its own; a value that could not be read is `unreadable_` and its field."""

    CACHE_APART = "prompt_counted_without_cache"
    REASONING_APART = "completion_counted_without_reasoning"
    HIDDEN = "total_above_its_parts"
    NOT_UNDERSTOOD = "token_count_not_understood"
    TOO_MANY = "token_count_too_large"
    ANOTHER_MODEL = "tokens_of_another_model"
    TOOL_FEES = "server_tool_fees_not_in_tokens"
    ZERO_COST = "zero_cost_is_unknown"
    OTHER_CURRENCY = "cost_in_another_currency"
    UNDATED = "no_time_so_todays_price"
    BEFORE_LIST = "before_the_price_list"
    STANDS_FOR_SEVERAL = "stands_for_several_calls"
    NAMED_ALIKE = "several_requests_of_its_name"
    WITHOUT_SPAN = "told_by_a_log_record_alone"
    ANOTHER_ANSWER = "another_answer_beside_it"


_WORDS: dict[str, str] = {
    Doubt.CACHE_APART: "whose prompt was counted without its cache, which was added",
    Doubt.REASONING_APART: "whose answer was counted without its reasoning, which was added",
    Doubt.HIDDEN: "whose total is above prompt and answer; the rest is priced as answer",
    Doubt.NOT_UNDERSTOOD: "with tokens under a name that is not understood; they are in no amount here",
    Doubt.TOO_MANY: "with more tokens than any call has; not taken",
    Doubt.ANOTHER_MODEL: "on which another model worked too; its tokens are in no amount here",
    Doubt.TOOL_FEES: "with tools that ran at the vendor; its fees for them are in no recomputed amount",
    Doubt.ZERO_COST: "with a logged cost of 0 that nothing explains; taken for unknown",
    Doubt.OTHER_CURRENCY: "with a logged cost that is not in USD; not taken",
    Doubt.UNDATED: "without a time; priced by today's list",
    Doubt.BEFORE_LIST: "older than the first known price of their model or tier, or than the day in the model's name; "
    "priced by the first",
    Doubt.STANDS_FOR_SEVERAL: "that stand for several by their sampling; amounts, counts and shares are of the records",
    Doubt.NAMED_ALIKE: "whose `custom_id` several requests have; read without a prompt: keep each batch in a folder",
    Doubt.ANOTHER_ANSWER: "beside whose answer another one stands, without a request; it is in no amount here",
    Doubt.WITHOUT_SPAN: "that a log record tells and no span: without a duration, and without what stands around them",
}
_UNREADABLE = "unreadable_"


def doubts_in(warnings: Mapping[str, int]) -> dict[str, int]:
    """Of what was noted of a log's rows, what puts its numbers into question: what was masked does not."""
    return {word: n for word, n in warnings.items() if word in _WORDS or word.startswith(_UNREADABLE)}


def words_of(word: str) -> str:
    """What is odd about some calls, behind their number: `3 calls without a time; ...`."""
    if word.startswith(_UNREADABLE):
        return f"with a `{word.removeprefix(_UNREADABLE)}` that cannot be read"
    return _WORDS[word]
