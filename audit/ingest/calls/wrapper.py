"""What the object that a team put around a request and its answer says of the call, under whatever names: when, how it
ended, what it cost.

Every team writes its own: `startedAt`, `@timestamp`, `statusCode`, `fromCache`. A name is read whatever its case and
separators, from the object itself, else from those that it keeps beside the bodies.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from audit.core.doubts import Doubt
from audit.ingest.calls.chat import is_message
from audit.ingest.calls.usage import told_cost
from audit.ingest.row import Row
from audit.ingest.values import boolean, microseconds, number, obj, small, text, unpacked
from audit.protocols.count_words import kind_of
from audit.protocols.usage import count_of

_START = (
    *("started_at", "start_time", "start", "request_time", "request_timestamp", "requested_at", "request_start"),
    *("timestamp", "created_at", "created", "time", "ts", "datetime", "date_time", "date", "event_time"),
    *("logged_at", "log_time", "received_at", "when", "inserted_at", "processed_time"),
)
_END = ("ended_at", "end_time", "end", "completed_at", "finished_at", "response_timestamp", "request_end")
_LATENCY = (
    "latency_ms",
    "duration_ms",
    "execution_duration_ms",
    "elapsed_ms",
    "response_time_ms",
    "total_ms",
    "took_ms",
)
_FIRST_TOKEN = ("ttft_ms", "time_to_first_token_ms", "first_token_ms")
_STATUS = (
    *("status_code", "http_status", "http_status_code", "http_code", "response_code", "response_status_code"),
    *("response_status", "status"),
)
_ERROR = ("error", "exception", "error_message", "error_msg", "err", "failure", "failure_reason")
_SUCCESS = ("success", "succeeded", "ok", "is_success")
_FAILED = frozenset({"error", "failed", "failure", "timeout", "timed_out", "exception", "rejected", "aborted"})
_HIT = ("cache_hit", "from_cache", "served_from_cache", "cache_status", "cache")
_HIT_OR_CACHED = (*_HIT, "cached", "is_cached")
_HIT_HEADERS = (
    *("cf_aig_cache_status", "x_portkey_cache_status", "helicone_cache", "x_cache", "x_cache_status"),
    *("x_litellm_cache_hit", "x_kong_llm_cache_status"),
)
_USD = ("cost_usd", "cost", "total_cost", "response_cost", "total_cost_usd", "cost_in_usd", "usd", "spend")
_CENTS = ("cost_cents", "cost_in_cents", "total_cost_cents")
_TOTAL = ("total", "total_cost", "amount", "usd", "value")
_USAGE = ("usage", "token_usage", "tokens", "usage_metadata", "token_counts", "token_count", "llm_usage")
_SAID = (
    *("response", "completion", "answer", "output", "response_text", "output_text", "completion_text", "answer_text"),
    *("reply", "generation", "generated_text", "assistant_message", "response_content", "result"),
)
_WORDS_OF = ("text", "content", "output_text", "answer", "message")
"""Where an object in the place of an answer has what was said."""
_CURRENCY = ("currency", "cost_currency")
_OUTCOME = ("status", "outcome", "state")
_BATCH_ID = ("batch_id", "batch_job_id")
_BATCH = ("batch", "is_batch", "batched")
_JOB_FIELDS = ({"modelInput", "modelOutput"}, {"processed_time", "request", "response"})
"""Fields of the lines that batch jobs write: Bedrock's and Vertex AI's."""
_OPERATION = (
    "operation_id",
    "logical_request_id",
    "parent_request_id",
    "correlation_id",
    "idempotency_key",
    "request_id",
)
_SAMPLED = ("sampling_fraction", "sampling_rate", "sampling_ratio", "sample_rate", "sample_fraction")
"""What part of its calls a platform keeps, as Databricks does; a rate of sound is above 1."""
_MODES = ("mode", "processing", "processing_mode", "api")
_AROUND = ("request", "req", "meta", "metadata", "context", "info", "timing", "timings", "event", "log")
"""Objects beside the bodies, or around them, that may hold what the record does not."""
Places = Sequence[Mapping[str, Any]]
"""Objects around a request and its answer, the innermost first: what is nearer to the call knows more of it."""
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_CODE = re.compile(r"[1-5]\d\d\b")


@functools.lru_cache(16384)
def _present(keys: tuple[str, ...], names: tuple[str, ...]) -> tuple[str, ...]:
    """Of an object's keys, those that are some names in whatever spelling, in the order of the names.

    A log has few sets of keys, so each is looked through once.
    """
    folded: dict[str, str] = {}
    for key in keys:
        folded.setdefault(_HUMP.sub("_", key).lower().replace("-", "_").replace(" ", "_").lstrip("@_$"), key)
    return tuple(folded[name] for name in names if name in folded)


def _all(record: Mapping[str, Any], names: tuple[str, ...]) -> Sequence[Any]:
    """What stands under some names, in their order, nulls left out."""
    keys = _present(tuple(record), names)
    return [value for key in keys if (value := record[key]) is not None] if keys else ()


def _of(places: Places, names: tuple[str, ...]) -> Iterable[Any]:
    """The same of several objects, one after the other."""
    if len(places) == 1:
        return _all(places[0], names)
    return [value for place in places for value in _all(place, names)]


def put_times(row: Row, places: Places, created: Any) -> None:
    """Write start, end and durations; a time that is there and cannot be read is noted.

    Args:
        created: When the vendor says that it made the answer: it is nearer to the call than the time of an envelope.
    """
    odd = False
    around = (time for place in places[1:] for time in _starts(place))
    for value in chain(_starts(places[0]), (created,), around):
        row.started_at, row.started_at_resolution = microseconds(value)
        if row.started_at is not None:
            break
        odd = odd or (value not in (None, "", 0) and value is not created)
    else:
        if odd:
            row.ingest_warnings = (*row.ingest_warnings, "unreadable_started_at")
    row.ended_at = next((t for value in _of(places, _END) if (t := microseconds(value)[0]) is not None), None)
    row.latency_ms = next((n for value in _of(places, _LATENCY) if (n := number(value)) is not None and n >= 0), None)
    row.ttft_ms = next((n for value in _of(places, _FIRST_TOKEN) if (n := number(value)) is not None), None)
    if row.latency_ms is None and row.started_at is not None and row.ended_at is not None:
        row.latency_ms = (row.ended_at - row.started_at) / 1000


def _starts(record: Mapping[str, Any]) -> Iterator[Any]:
    """What may be the time at which a call began, the most telling first."""
    yield from _all(record, _START)
    for name in _AROUND:
        if held := obj(record.get(name)):
            yield from _all(held, _START)


def status_of(places: Places) -> int | None:
    """The HTTP status, of an object or of the response in it; `429 Too Many Requests` is one too."""
    for place in (inner for one in places for inner in (one, one.get("response"), one.get("res"))):
        if not isinstance(place, dict):
            continue
        for value in _all(place, _STATUS):
            code = small(value)
            if code is None and isinstance(value, str) and (found := _CODE.match(value)):
                code = int(found[0])
            if code is not None and 100 <= code <= 599:
                return code
    return None


def error_of(places: Places, *, answered: bool) -> Any:
    """What went wrong; None for nothing.

    Args:
        places: What lies around the call.
        answered: There is an answer: then a word such as `failed`, or `success: false`, may be of what it was for.
    """
    if not _is_nothing(error := places[0].get("error")):
        return error
    if answered:
        return None
    told = next((value for value in _of(places, _ERROR) if not _is_nothing(value)), None)
    if told is not None:
        return told
    word = next((v for v in _of(places, _OUTCOME) if isinstance(v, str)), "").lower()
    failed = word in _FAILED or any(boolean(value) is False for value in _of(places, _SUCCESS))
    return {"message": word or "failed"} if failed else None


_NOTHING = frozenset({"", "null", "none", "nan", "{}", "[]", "\\n"})
"""What tables write into a cell of which there is nothing to say."""


def _is_nothing(value: Any) -> bool:
    return value.strip().lower() in _NOTHING if isinstance(value, str) else not value


def usage_of(places: Places) -> Mapping[str, Any]:
    """Token counts that a team wrote beside the bodies, in an object or each under its own name; empty for none."""
    for place in (inner for one in places for inner in (one, obj(one.get("response")))):
        for value in _all(place, _USAGE):
            found = obj(unpacked(value))
            if _counts_both({name: kind_of(name) for name in found}):
                return found
        kinds = {name: kind for name, value in place.items() if count_of(value) is not None and (kind := kind_of(name))}
        if _counts_both(kinds):
            return {name: place[name] for name in kinds}
    return {}


def _counts_both(kinds: Mapping[str, str | None]) -> bool:
    return {"prompt", "completion"} <= set(kinds.values())


def said_of(places: Places) -> Any:
    """What stands in the place of an answer and is no vendor's body: a text, or a message; None for nothing."""
    for value in _of(places, _SAID):
        held = unpacked(value)
        if isinstance(value, str) and value.strip() and not isinstance(held, list | dict):
            return value
        if is_message(held):
            return held
        words = next((word for word in _all(obj(held), _WORDS_OF) if isinstance(word, str) and word), None)
        if words is not None:
            return words
    return None


def cost_of(row: Row, places: Places) -> float | None:
    """USD that an object around the call names, if only beside its counts; what is no cost in USD is noted."""
    held = [one for place in places for one in (place, *map(obj, _all(place, _USAGE)))]
    for record, names, unit in ((place, *kind) for place in held for kind in ((_USD, 1.0), (_CENTS, 1e-2))):
        for value in _all(record, names):
            parts = obj(value)
            if parts:
                value = next(iter(_all(parts, _TOTAL)), value)
            told = (v for place in (parts, record) for v in _all(place, _CURRENCY) if isinstance(v, str))
            currency = next(told, "USD").strip().upper()
            if currency not in ("USD", "$", "US$", "CENTS"):
                row.ingest_warnings = (*row.ingest_warnings, Doubt.OTHER_CURRENCY)
                return None
            return told_cost(row, value, unit=1e-2 if currency == "CENTS" else unit)
    return None


def is_hit(places: Places, *, read: bool) -> bool | None:
    """Whether a gateway's cache answered; None where nothing tells. A number may be one of tokens, and tells nothing.

    Args:
        places: What lies around the call.
        read: The provider read tokens from its own cache: a plain `cached` may be of that.
    """
    headers = [obj(obj(place.get("response")).get("headers")) for place in places]
    for value in (*_of(places, _HIT if read else _HIT_OR_CACHED), *_of(headers, _HIT_HEADERS)):
        value = obj(value).get("hit", value)
        word = value.lower() if isinstance(value, str) else ""
        if value is True or word in ("true", "hit", "semantic hit"):
            return True
    return None


def is_batch(places: Places) -> bool | None:
    """Whether the call went through a batch API; None where nothing tells."""
    if any(fields <= place.keys() for place in places for fields in _JOB_FIELDS):
        return True
    if any(boolean(value) is True for value in _of(places, _BATCH)) or any(_of(places, _BATCH_ID)):
        return True
    return True if "batch" in _of(places, _MODES) else None


def weight_of(places: Places) -> float:
    """How many calls a record stands for, where a platform keeps a part of them; 1 where nothing tells."""
    parts = (number(value) for value in _of(places, _SAMPLED))
    return next((1 / part for part in parts if part is not None and 0 < part < 1), 1.0)


def operation_of(row: Row, places: Places) -> str | None:
    """What all attempts at one request share, where a wrapper retries and logs each: an id of its own and the prompt.

    The id alone may be that of a task, of which another call failed. None without one: then each call is its own.
    """
    name = next((found for value in _of(places, _OPERATION) if (found := text(value))), None)
    return None if name is None or row.prompt_hash is None else f"{name}@{row.prompt_hash}"
