"""A batch of rows made fit to be written: secrets masked, personal data replaced, sentinels of lost text found."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from audit.core.fingerprint import digest
from audit.ingest.row import Columns, Row
from audit.ingest.suspects import IDS, NAMES, REPEATED, SENTINELS, masked_label, suspects
from audit.masking.redact import Redactor
from audit.masking.secrets import NO_KEYS, KeysInUse

_JSON = frozenset({
    "messages", "tools", "tool_choice", "response_format", "native_request", "native_response", "response_choices",
    "tool_calls", "params", "usage_raw", "routing",
})  # fmt: skip
_BODIES = frozenset({"messages", "tools", "response_format", "response_choices", "response_text", "tool_calls"})
_SENTINEL_COLUMNS = ("messages", "tools", "response_choices", "response_text")


def scrub(rows: Sequence[Row], columns: Columns, personal: Sequence[str], keys: KeysInUse = NO_KEYS) -> None:
    """Clean the rows and their columns in place. Fast where there is nothing to clean.

    Args:
        columns: Those of the rows.
        personal: Kinds of personal data to replace; with any, every row is looked at closely.
        keys: Values that are secrets whatever they look like.
    """
    for index, names in suspects(rows, columns, keys, every=bool(personal)).items():
        _scrub_row(rows[index], names, Redactor(personal, keys))
        columns.put(index, rows[index])


def _scrub_row(row: Row, names: Collection[str], redactor: Redactor) -> None:
    reasons = {
        reason
        for column in _SENTINEL_COLUMNS
        for sentinel, reason in SENTINELS.items()
        if sentinel in (getattr(row, column) or "")
    }
    changed = False
    silent = redactor.silent()
    done: set[str] = set()
    for name, copies in REPEATED.items():
        for column in (name, *copies) if name in names else ():
            if column not in done:
                done.add(column)
                changed |= _mask(row, column, redactor if column == name else silent) and column in _BODIES
    _mask_small(row, names, redactor)
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


def _mask_small(row: Row, names: Collection[str], redactor: Redactor) -> None:
    silent = redactor.silent()
    if "tags" in names:
        row.tags = [redactor.text(tag) for tag in row.tags]
    if row.metadata and "metadata" in names:
        row.metadata = [masked_label(redactor, *label) for label in row.metadata]
    if "feedback" in names:
        row.feedback = silent.value(list(row.feedback))
    for column in ("route", "tenant", *NAMES):
        if column in names:
            _mask(row, column, silent)
    for column in IDS:
        before = getattr(row, column)
        if column in names and _mask(row, column, silent):
            setattr(row, column, f"{getattr(row, column)}{digest(before)[:12]}")
