"""Which values are answers, how many a list of them is, and which of a record are the same one.

An answer that nobody counts was paid all the same; one that a record holds in two forms was paid once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from audit.core.doubts import Doubt
from audit.ingest.calls import bodies
from audit.ingest.calls.recorded_bodies import out_of_text
from audit.ingest.row import Row
from audit.ingest.values import obj, text
from audit.protocols.recognition import protocol_of_answer
from audit.protocols.reply import usage_in


def is_answer(value: Any) -> bool:
    """Whether a value is an answer of any protocol, the list of a stream's events, or a list of answers."""
    return protocol_of_answer(value) is not None or bool(several_answers(value))


def several_answers(value: Any) -> Sequence[dict[str, Any]]:
    """The answers that a list holds, each whole: with tokens and an id of its own; none for the events of a stream."""
    if not isinstance(value, list) or len(value) < 2 or not usage_in(obj(out_of_text(value[0]))):
        return ()
    bodies_ = [obj(out_of_text(item)) for item in value]
    ids = {text(body.get("id")) or text(body.get("responseId")) for body in bodies_} - {None}
    whole = len(ids) == len(bodies_) and all(usage_in(body) and protocol_of_answer(body) for body in bodies_)
    return bodies_ if whole else ()


def note_others(rows: Sequence[Row], beside: Sequence[Any]) -> None:
    """Note at the first of a record's rows that further answers stand in it: what they cost is in no row.

    Args:
        rows: Of the record.
        beside: Answers in other fields of it, without requests of their own.
    """
    if beside and any(_is_another(answer, rows) for answer in beside):
        rows[0].ingest_warnings = (*rows[0].ingest_warnings, Doubt.ANOTHER_ANSWER)


def _is_another(answer: Any, rows: Sequence[Row]) -> bool:
    """Whether an answer is that of none of some rows; a gateway may keep a vendor's beside its own form of it."""
    one = Row()
    bodies.put_exchange(one, {}, answer)
    return not any(_is_same(one, row) for row in rows)


def _is_same(one: Row, other: Row) -> bool:
    """Whether two answers are one: by their ids, else by their tokens, and where one tells none by their words."""
    tokens = [(row.prompt_tokens, row.completion_tokens) for row in (one, other)]
    if one.request_id is not None and one.request_id == other.request_id:
        return True
    return tokens[0] == tokens[1] if (None, None) not in tokens else one.response_text == other.response_text
