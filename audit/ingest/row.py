"""One row of traffic with its bodies, as a format fills it, and how rows become columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import pyarrow as pa

from audit.core.doubts import Doubt
from audit.core.fingerprint import digest
from audit.core.schemas import BODIES, TRAFFIC
from audit.protocols.usage import LARGEST

SECOND_PASS = (
    "attempt_index",
    "is_final_attempt",
    "duplicate_of",
    "cost_usd_recomputed",
    "price_table_version",
    "unpriced_reason",
    "source_sha256",
)
"""Columns that need the whole log, or the whole file; filled after the last record is read."""


class Unusable(Exception):
    """A record that cannot become traffic. The reason is a short class of problem and never quotes the record."""


class Row(msgspec.Struct, kw_only=True, gc=False):
    """One attempt at one model call. The fields are the columns of TRAFFIC and BODIES; a format fills what it knows.

    `dedupe_key` is no column: two rows with one key are the same call logged twice; see `call_key`. None means that
    only equal bytes with a time stamp are. Nor is `tells_end`: the log has a place for why the answer ended, be it
    empty; nor `cut`: the log shows that the answer broke off, as by the last event of its stream.
    """

    dedupe_key: str | None = None
    tells_end: bool = False
    cut: bool = False
    row_id: str = ""
    request_id: str | None = None
    logical_request_id: str | None = None
    trace_id: str | None = None
    span_id: str | None = None
    parent_span_id: str | None = None
    session_id: str | None = None
    started_at: int | None = None  # microseconds since 1970
    ended_at: int | None = None
    started_at_resolution: str = "us"
    latency_ms: float | None = None
    ttft_ms: float | None = None
    route: str | None = None
    route_source: str | None = None
    tenant: str | None = None
    tenant_source: str | None = None
    end_user_hash: str | None = None
    environment: str | None = None
    region: str | None = None
    served_region: str | None = None
    release: str | None = None
    provider: str | None = None
    gateway: str | None = None
    operation: str = "chat"
    model_requested: str | None = None
    model_called: str | None = None
    model_responded: str | None = None
    model_key: str | None = None
    params: str | None = None
    params_defaulted: Sequence[str] = ()
    finish_reason: str | None = None
    finish_reason_raw: str | None = None
    streaming: bool | None = None
    prompt_tokens: int | None = None
    cached_tokens: int | None = None
    cache_write_tokens: int | None = None
    cache_write_1h_tokens: int | None = None
    completion_tokens: int | None = None
    reasoning_tokens: int | None = None
    audio_tokens: int | None = None
    completion_audio_tokens: int | None = None
    image_tokens: int | None = None
    completion_image_tokens: int | None = None
    usage_basis: str = "absent"
    usage_raw: str | None = None
    cost_usd_logged: float | None = None
    cost_basis: str = "absent"
    service_tier: str | None = None
    batch: bool | None = None
    cache_hit: bool | None = None
    status: str = "unknown"
    error_type: str | None = None
    error_code: str | None = None
    http_status: int | None = None
    error_message: str | None = None
    retries: int | None = None
    fallbacks: int | None = None
    fallback_from: str | None = None
    escalated: bool | None = None
    routing: str | None = None
    feedback: Sequence[Any] = ()
    tags: Sequence[str] = ()
    metadata: Sequence[tuple[str, str]] | None = None
    prompt_hash: str | None = None
    prefix_hash: str | None = None
    system_hash: str | None = None
    tools_hash: str | None = None
    request_fp: str | None = None
    has_images: bool = False
    has_audio: bool = False
    n_turns: int = 0
    n_tools: int = 0
    prompt_chars: int = 0
    replayable: str = "none"
    unreplayable_reasons: Sequence[str] = ()
    sampling_weight: float = 1.0
    secrets_masked: int = 0
    source_format: str = ""
    source_format_version: str | None = None
    emitter: str | None = None
    source_file: str = ""
    source_row: int = 0
    ingest_warnings: Sequence[str] = ()
    messages: str | None = None
    system_text: str | None = None
    tools: str | None = None
    tool_choice: str | None = None
    response_format: str | None = None
    native_request: str | None = None
    native_response: str | None = None
    native_api: str | None = None
    response_text: str | None = None
    response_choices: str | None = None
    tool_calls: str | None = None
    refusal: str | None = None


def put_weight(row: Row, weight: float) -> None:
    """Write how many calls a record stands for; more than itself is noted, because dollars are those of the log."""
    row.sampling_weight = weight
    if weight > 1:
        row.ingest_warnings = (*row.ingest_warnings, Doubt.STANDS_FOR_SEVERAL)


UNIQUE_ID_CHARS = 16
"""Shorter ids may be counters, which begin anew."""


def call_key(row: Row, made: Any = None) -> str | None:
    """What names one call: its id, its time and its prompt; an id alone may be short, and a conversation's.

    None without an id or a time: then only equal bytes are the same call.

    Args:
        row: The call.
        made: When the vendor says that it made the answer, as it is written there, else a digest of what it says. Where
            an id is the vendor's, that is the time: what exports a log twice, or a cache that answers again, writes its
            own beside the same answer.
    """
    if row.request_id is None:
        return None
    time = made if made is not None and len(row.request_id) >= UNIQUE_ID_CHARS else row.started_at
    return None if time is None else f"{row.request_id}@{time}@{row.prompt_hash}@{row.status}"


def digest_of_answer(row: Row) -> str | None:
    """What tells a whole answer from another one with its id, where its vendor names no time; None for one that is not
    whole."""
    return digest(row.response_choices) if row.response_choices and row.finish_reason_raw else None


_COUNTED = ("prompt_tokens", "completion_tokens", "cached_tokens", "cache_write_tokens", "cache_write_1h_tokens")


def bound_counts(row: Row) -> None:
    """Take away counts that no call has, whichever field of a log gave them: dollars would be worked out from them."""
    for name in _COUNTED:
        if (count := getattr(row, name)) is not None and count > LARGEST:
            setattr(row, name, None)
            row.ingest_warnings = (*row.ingest_warnings, Doubt.TOO_MANY)


def note_undated(row: Row) -> None:
    """Note a call that is priced by today's list because the log does not say when it was."""
    if row.started_at is None and row.cost_usd_logged is None and row.prompt_tokens:
        row.ingest_warnings = (*row.ingest_warnings, Doubt.UNDATED)


DRAFT = pa.schema([field for field in TRAFFIC if field.name not in SECOND_PASS] + [pa.field("dedupe_key", pa.string())])
"""TRAFFIC as it is before the second pass."""


_TYPES = {field.name: field.type for schema in (DRAFT, BODIES) for field in schema}
_TURNED_ROWS = 64


class Columns:
    """A batch of rows turned into columns: Arrow arrays, each made once, when it is first asked for."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self._fields = _turned(rows)
        self._arrays: dict[str, pa.Array] = {}

    def __getitem__(self, name: str) -> pa.Array:
        """A column.

        Raises:
            pa.ArrowException, OverflowError, UnicodeEncodeError: A format put a value into a column that cannot hold
                it.
        """
        if name not in self._arrays:
            self._arrays[name] = pa.array(self._fields[name], type=_TYPES[name])
        return self._arrays[name]

    def put(self, index: int, row: Row) -> None:
        """Take over a row that has changed."""
        for (name, values), value in zip(self._fields.items(), msgspec.structs.astuple(row), strict=True):
            if values[index] is not value:
                values[index] = value
                self._arrays.pop(name, None)

    def batch(self, schema: pa.Schema) -> pa.RecordBatch:
        """The columns of a schema; raises what reading a column raises."""
        return pa.record_batch([self[field.name] for field in schema], schema=schema)


def _turned(rows: Sequence[Row]) -> dict[str, list[Any]]:
    """The rows' values by field.

    Turned in small groups: a row is a kilobyte of pointers, and a walk down one field of many rows misses the cache.
    """
    fields: dict[str, list[Any]] = {name: [] for name in Row.__struct_fields__}
    lists = list(fields.values())
    for start in range(0, len(rows), _TURNED_ROWS):
        group = map(msgspec.structs.astuple, rows[start : start + _TURNED_ROWS])
        for values, part in zip(lists, zip(*group, strict=True), strict=True):
            values.extend(part)
    return fields


def id_within(record_id: str, index: int) -> str:
    """The id of a further call of one record, from the record's own."""
    return digest(f"{record_id}/{index}")


def copy_id(row_id: str, number: int) -> str:
    """The id of the n-th further record with the same bytes, so that ids stay unique and the same on every ingest."""
    return digest(f"{row_id}#{number}")
