"""A batch of rows made fit to be written: secrets masked, personal data replaced, sentinels of lost text found."""

from __future__ import annotations

import re
from collections.abc import Sequence
from operator import itemgetter

import polars as pl

from audit.ingest.redact import SECRET_HINTS, Redactor
from audit.ingest.row import Row

SENTINELS = {
    "litellm_truncated": "truncated_middle",
    "redacted-by-litellm": "redacted",
    "REDACTED_BY_LITELM": "redacted",
    "__REDACTED__": "redacted",
    "[base64_data truncated": "image_missing",
    "@@@langfuseMedia": "body_external",
    "mlflow-attachment://": "body_external",
    "fetching body from signed_url": "body_external",
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
    ("error_message", ("error_code",)),
)
"""A column that is searched, and the columns that repeat parts of its text: masked with it, and counted once."""
_VALUE = itemgetter(1)
_BODIES = frozenset({"messages", "tools", "response_format", "response_choices", "response_text", "tool_calls"})
_SENTINEL_COLUMNS = ("messages", "tools", "response_choices", "response_text")
_HINTS = "|".join([SECRET_HINTS, *(re.escape(text).replace("\\ ", " ").replace("\\-", "-") for text in SENTINELS)])


def scrub(rows: Sequence[Row], personal: Sequence[str]) -> None:
    """Clean the rows in place. Fast where there is nothing to clean.

    Args:
        personal: Kinds of personal data to replace; with any, every row is looked at closely.
    """
    suspects: dict[int, list[int]] = {}
    for group, (name, _) in enumerate(_GROUPS):
        for index in range(len(rows)) if personal else _hinted(_column(rows, name)):
            suspects.setdefault(index, []).append(group)
    for index in range(len(rows)) if personal else _hinted([_small_texts(row) for row in rows]):
        suspects.setdefault(index, [])
    for index, groups in suspects.items():
        _scrub_row(rows[index], groups, Redactor(personal))


def _column(rows: Sequence[Row], name: str) -> list[str | None]:
    """A column to search; an answer's text is left out where the choices that hold it are searched."""
    if name in ("response_text", "tool_calls"):
        return [getattr(row, name) if row.response_choices is None else None for row in rows]
    return [getattr(row, name) for row in rows]


def _small_texts(row: Row) -> str:
    # One text for the many short ones; the line break keeps a value from running into the next.
    return "\n".join([row.route or "", row.tenant or "", *row.tags, *map(_VALUE, row.metadata or ())])


def _hinted(texts: list[str | None]) -> list[int]:
    """Positions of the texts in which the hint pattern occurs."""
    if texts.count(None) == len(texts):
        return []
    series = pl.Series(texts, dtype=pl.String)
    return series.str.contains(_HINTS).fill_null(False).arg_true().to_list()


def _scrub_row(row: Row, groups: Sequence[int], redactor: Redactor) -> None:
    reasons = {
        reason
        for column in _SENTINEL_COLUMNS
        for sentinel, reason in SENTINELS.items()
        if sentinel in (getattr(row, column) or "")
    }
    changed = False
    silent = Redactor(redactor.kinds)
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
    row.tags = [redactor.text(tag) for tag in row.tags]
    if row.metadata:
        row.metadata = [(key, redactor.named(key.rpartition(".")[2], value)) for key, value in row.metadata]
    for column in ("route", "tenant"):
        _mask(row, column, Redactor(redactor.kinds))
