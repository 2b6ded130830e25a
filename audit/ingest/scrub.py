"""A batch of rows made fit to be written: secrets masked, personal data replaced, sentinels of lost text found."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from audit.core.fingerprint import digest
from audit.core.reason import Reason
from audit.ingest.row import Columns, Row
from audit.masking.redact import Redactor
from audit.masking.secrets import NO_KEYS, SECRET_HINTS, KeysInUse

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

_JSON = frozenset({
    "messages", "tools", "tool_choice", "response_format", "native_request", "native_response", "response_choices",
    "tool_calls", "params", "usage_raw", "routing",
})  # fmt: skip
_GROUPS = (
    ("messages", ("system_text",)),
    ("response_choices", ("response_text", "tool_calls", "refusal")),
    ("response_text", ("response_text", "tool_calls", "refusal")),
    ("tool_calls", ("response_text", "tool_calls", "refusal")),
    ("tools", ()),
    ("tool_choice", ()),
    ("response_format", ()),
    ("params", ()),
    ("routing", ()),
    ("native_request", ()),
    ("native_response", ()),
    ("error_message", ()),
    ("refusal", ()),
)
"""A column that is searched, and the columns that repeat parts of its text: masked with it, and counted once."""
_IN_CHOICES = frozenset({"response_text", "tool_calls"})
_SMALL = ("route", "tenant", "tags", "metadata")
_IDS = ("request_id", "logical_request_id", "trace_id", "span_id", "parent_span_id", "session_id")
"""Columns by which rows are told apart: two secrets in them stay two."""
_NAMES = (
    *("environment", "region", "served_region", "release", "provider", "gateway", "operation", "service_tier"),
    *("model_requested", "model_called", "model_responded", "model_key", "fallback_from", "emitter"),
    *(
        "finish_reason",
        "finish_reason_raw",
        "error_type",
        "error_code",
        "usage_raw",
        "native_api",
        "source_format_version",
    ),
)
"""Short texts in which nobody expects a secret."""
_REPETITIVE = frozenset({"tools", "tool_choice", "response_format", "params", "routing", "error_message", *_NAMES})
"""Columns of which only the different texts are searched."""
_BODIES = frozenset({"messages", "tools", "response_format", "response_choices", "response_text", "tool_calls"})
_SENTINEL_COLUMNS = ("messages", "tools", "response_choices", "response_text")
_HINTS = "|".join([SECRET_HINTS, *map(re.escape, SENTINELS)])


def scrub(rows: Sequence[Row], columns: Columns, personal: Sequence[str], keys: KeysInUse = NO_KEYS) -> None:
    """Clean the rows and their columns in place. Fast where there is nothing to clean.

    Args:
        columns: Those of the rows.
        personal: Kinds of personal data to replace; with any, every row is looked at closely.
        keys: Values that are secrets whatever they look like.
    """
    hints = f"{_HINTS}|{keys.hints}" if keys.hints else _HINTS
    suspects: dict[int, list[int]] = {}
    for group, (name, _) in enumerate(_GROUPS):
        for index in range(len(rows)) if personal else _suspects(columns, name, hints):
            suspects.setdefault(index, []).append(group)
    for name in (*_SMALL, *_IDS, *_NAMES):
        for index in () if personal else _suspects(columns, name, hints):
            suspects.setdefault(index, [])
    for index in (index for index, row in enumerate(rows) if row.feedback):
        suspects.setdefault(index, [])
    for index, groups in suspects.items():
        _scrub_row(rows[index], groups, Redactor(personal, keys))
        columns.put(index, rows[index])


def _suspects(columns: Columns, name: str, hints: str) -> Iterable[int]:
    """Positions of the rows in whose column the hint pattern occurs."""
    column = columns[name]
    if column.null_count == len(column):
        return ()
    if name in _IN_CHOICES:
        # An answer's text is left out where the choices that hold it are searched.
        column = pc.if_else(columns["response_choices"].is_null(), column, pa.scalar(None, column.type))
        return _hinted(column, hints)
    if name in _REPETITIVE:
        encoded = column.dictionary_encode()
        found = pa.array(_hinted(encoded.dictionary, hints), encoded.indices.type)
        return _positions(pc.is_in(encoded.indices, value_set=found)) if len(found) else ()
    if pa.types.is_nested(column.type):
        values = column.items if pa.types.is_map(column.type) else column.values
        names = _hinted(column.keys, hints) if pa.types.is_map(column.type) else []
        found = sorted({*_hinted(values, hints), *names})
        return pc.list_parent_indices(_as_list(column, values)).take(pa.array(found)).to_pylist() if found else ()
    return _hinted(column, hints)


def _as_list(column: pa.Array, values: pa.Array) -> pa.ListArray:
    return pa.ListArray.from_arrays(column.offsets, values)


def _hinted(texts: pa.Array, hints: str) -> list[int]:
    return _positions(pc.match_substring_regex(texts, hints))


def _positions(mask: pa.Array) -> list[int]:
    """Where a mask is true."""
    return pc.indices_nonzero(mask).to_pylist()  # type: ignore[no-any-return]


def _scrub_row(row: Row, groups: Sequence[int], redactor: Redactor) -> None:
    reasons = {
        reason
        for column in _SENTINEL_COLUMNS
        for sentinel, reason in SENTINELS.items()
        if sentinel in (getattr(row, column) or "")
    }
    changed = False
    silent = redactor.silent()
    done: set[str] = set()
    for name, copies in (_GROUPS[group] for group in groups):
        for column in (name, *copies):
            if column not in done:
                done.add(column)
                changed |= _mask(row, column, redactor if column == name else silent) and column in _BODIES
    _mask_small(row, redactor)
    row.secrets_masked = redactor.found.pop("secret", 0)
    row.ingest_warnings = (*row.ingest_warnings, *(f"redacted_{k}:{n}" for k, n in sorted(redactor.found.items())))
    if reasons:
        row.unreplayable_reasons = sorted({*row.unreplayable_reasons, *reasons})
        row.replayable = "none"
    elif changed and row.replayable != "none":
        row.replayable = "lossy"


def _mask(row: Row, column: str, redactor: Redactor) -> bool:
    """Mask one column of the row; says whether its text changed."""
    value = getattr(row, column)
    if not value:
        return False
    masked = redactor.json(value) if column in _JSON else redactor.text(value)
    setattr(row, column, masked)
    return bool(masked != value)


def _mask_small(row: Row, redactor: Redactor) -> None:
    silent = redactor.silent()
    row.tags = [redactor.text(tag) for tag in row.tags]
    if row.metadata:
        named = [(silent.text(key), redactor.named(key.rpartition(".")[2], value)) for key, value in row.metadata]
        row.metadata = named
    row.feedback = silent.value(list(row.feedback))
    for column in ("route", "tenant", *_NAMES):
        _mask(row, column, silent)
    for column in _IDS:
        before = getattr(row, column)
        if _mask(row, column, silent):
            setattr(row, column, f"{getattr(row, column)}{digest(before)[:12]}")
