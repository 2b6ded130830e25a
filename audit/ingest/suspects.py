"""Which cells of a batch may hold a secret, a key in use or what stands in place of lost text: the few to look at."""

from __future__ import annotations

import functools
import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from audit.core.reason import Reason
from audit.ingest.row import Columns, Row
from audit.masking.redact import Redactor
from audit.masking.secrets import KeysInUse, hint_pattern

SENTINELS = {
    "litellm_truncated": Reason.TRUNCATED_MIDDLE,
    "redacted-by-litellm": Reason.REDACTED,
    "REDACTED_BY_LITELM": Reason.REDACTED,
    "__REDACTED__": Reason.REDACTED,
    "[base64_data truncated": Reason.IMAGE_MISSING,
    "@@@langfuseMedia": Reason.BODY_EXTERNAL,
    "mlflow-attachment://": Reason.BODY_EXTERNAL,
    "fetching body from signed_url": Reason.BODY_EXTERNAL,
}
"""What emitters write in place of text that they did not keep, and the reason that follows."""

_ANSWERS = ("response_text", "tool_calls", "refusal")
REPEATED: Mapping[str, tuple[str, ...]] = {
    "messages": ("system_text",),
    "response_choices": _ANSWERS,
    "response_text": _ANSWERS,
    "tool_calls": _ANSWERS,
    "tools": (),
    "tool_choice": (),
    "response_format": (),
    "params": (),
    "routing": (),
    "native_request": (),
    "native_response": (),
    "error_message": (),
    "refusal": (),
}
"""A column that is searched, and the columns that repeat parts of its text: masked with it, and counted once."""
IDS = ("request_id", "logical_request_id", "trace_id", "span_id", "parent_span_id", "session_id")
"""Columns by which rows are told apart: two secrets in them stay two."""
NAMES = (
    *("environment", "region", "served_region", "release", "provider", "gateway", "operation", "service_tier"),
    *("model_requested", "model_called", "model_responded", "model_key", "fallback_from", "emitter"),
    *("finish_reason", "finish_reason_raw", "error_type", "error_code", "usage_raw", "native_api"),
    "source_format_version",
)
"""Short texts in which nobody expects a secret."""
_SEARCHED = (*REPEATED, "route", "tenant", "tags", *IDS, *NAMES)
_EVERY = frozenset({*_SEARCHED, "metadata", "feedback"})
_IN_CHOICES = frozenset({"response_text", "tool_calls"})
_REPETITIVE = frozenset({"tools", "response_format"})
"""Columns of long texts that repeat: only the different ones are searched."""
_SENTINEL_HINTS = tuple(map(re.escape, SENTINELS))


def suspects(rows: Sequence[Row], columns: Columns, keys: KeysInUse, *, every: bool) -> dict[int, frozenset[str]]:
    """Position of a row to the columns of it that are to be looked at closely; rows without any are left out.

    Args:
        columns: Those of the rows.
        keys: Values that are secrets whatever they look like.
        every: Every column of every row, because what is looked for has no hint.
    """
    if every:
        return dict.fromkeys(range(len(rows)), _EVERY)
    hints = hint_pattern(*_SENTINEL_HINTS, *([keys.hints] if keys.hints else []))
    found: dict[int, set[str]] = {}
    for name in _SEARCHED:
        for index in _hinted_rows(columns, name, hints):
            found.setdefault(index, set()).add(name)
    for index in _telling_labels(columns["metadata"], hints, keys):
        found.setdefault(index, set()).add("metadata")
    for index, row in enumerate(rows):
        if row.feedback:
            found.setdefault(index, set()).add("feedback")
    return {index: frozenset(names) for index, names in sorted(found.items())}


def _hinted_rows(columns: Columns, name: str, hints: Any) -> Iterable[int]:
    """Positions of the rows in whose column the hint pattern occurs."""
    column = columns[name]
    if column.null_count == len(column):
        return ()
    if name in _IN_CHOICES:
        # An answer's text is left out where the choices that hold it are searched.
        if not (choices := columns["response_choices"]).null_count:
            return ()
        column = pc.if_else(choices.is_null(), column, pa.scalar(None, column.type))
    if name in _REPETITIVE:
        column = column.dictionary_encode()
    if pa.types.is_dictionary(column.type):
        return _holding(column, column.dictionary, hints)
    if pa.types.is_list(column.type):
        return _parents(column, column.values, _hinted(column.values, hints))
    return _hinted(column, hints)


def _telling_labels(column: pa.MapArray, hints: Any, keys: KeysInUse) -> Iterable[int]:
    """Positions of the rows with a label that would be masked.

    A name hints as it does in front of its value, `password: `. A hint alone says little here: a gateway's names and
    values hold words of secrets in every row. But few labels differ, so each different one is masked, to see.
    """
    if column.null_count == len(column):
        return ()
    named, valued = column.keys.dictionary_encode(), column.items.dictionary_encode()
    announced = pc.binary_join_element_wise(named.dictionary, ": ", "")
    places = pa.array(sorted({*_holding(named, announced, hints), *_holding(valued, valued.dictionary, hints)}))
    if not len(places):
        return ()
    # A different pair of a name and a value is a different number.
    names, values = (part.take(places).dictionary_encode("encode") for part in (column.keys, column.items))
    base = len(values.dictionary)
    pairs = pc.add(pc.multiply(names.indices.cast(pa.int64()), base), values.indices).dictionary_encode()
    labels = ((names.dictionary[pair // base], values.dictionary[pair % base]) for pair in pairs.dictionary.to_pylist())
    changed = [number for number, (name, value) in enumerate(labels) if _is_told(name.as_py(), value.as_py(), keys)]
    told = pc.is_in(pairs.indices, value_set=pa.array(changed, pairs.indices.type))
    return _parents(column, column.items, places.filter(told).to_pylist())


@functools.lru_cache(4096)
def _is_told(name: str, value: str | None, keys: KeysInUse) -> bool:
    return masked_label(Redactor((), keys), name, value) != (name, value)


def masked_label(redactor: Redactor, name: str, value: str | None) -> tuple[str, str]:
    """A label's name and value, masked in the light of the last part of its name; its value alone is counted."""
    return redactor.silent().text(name), redactor.named(name.rpartition(".")[2], value)


def _parents(column: pa.Array, values: pa.Array, places: Sequence[int]) -> list[int]:
    """Positions of the rows that hold these places of the column's values."""
    if not places:
        return []
    lists = pa.ListArray.from_arrays(column.offsets, values)
    return pc.list_parent_indices(lists).take(pa.array(places)).unique().to_pylist()  # type: ignore[no-any-return]


def _hinted(texts: pa.Array, hints: Any) -> list[int]:
    """Positions of the texts in which the hint pattern occurs, and of some beside them.

    All texts of an array lie in one buffer, which is searched as a whole: mostly there is nothing, and a text costs
    nothing but its letters. A hint over the border of two texts is of neither; the first is looked at for nothing.
    """
    _, borders, letters = texts.buffers()
    if letters is None:
        return []
    offsets = memoryview(borders).cast("q" if pa.types.is_large_string(texts.type) else "i")
    offsets = offsets[texts.offset : texts.offset + len(texts) + 1]
    found: list[int] = []
    at, end = offsets[0], offsets[-1]
    while (match := hints.search(letters, at, end)) is not None:
        found.append(bisect_right(offsets, match.start()) - 1)
        at = offsets[found[-1] + 1]
    return found


def _holding(column: pa.DictionaryArray, texts: pa.Array, hints: Any) -> Iterable[int]:
    """Positions in a column at which the hint pattern occurs in the text that stands for the value: each is searched
    once, however often its value comes."""
    found = pa.array(_hinted(texts, hints), column.indices.type)
    return _positions(pc.is_in(column.indices, value_set=found)) if len(found) else ()


def _positions(mask: pa.Array) -> list[int]:
    """Where a mask is true."""
    return pc.indices_nonzero(mask).to_pylist()  # type: ignore[no-any-return]
