"""`scores.parquet` and `accepted.parquet`: written batch by batch, whole or not at all, and read back for reuse."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from audit.core.artifacts import private_file, private_folder
from audit.core.outcome import READ, Errored, NotApplicable, Outcome, Scored
from audit.core.reason import Reason

INPUTS = "inputs"
"""Key in the evidence: digest of what the score was made from, so that a later run knows whether it still holds."""

_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Cell:
    """What a row of SCORES says of one completion and one criterion."""

    status: str
    value: float | None
    passed: bool | None
    reason: str | None
    evidence_json: str | None


SAYS_SEVERAL = Reason.SEVERAL_VALUES.value
"""Reason of an answer that is accepted by the first of several values."""

_OF_SEVERAL = f'"{READ}":'


def is_of_several(found: Cell) -> bool:
    """Whether a criterion read one of several different values, and nothing says which of them is meant."""
    return found.evidence_json is not None and _OF_SEVERAL in found.evidence_json


def said_as_one(found: Cell) -> Outcome:
    """The outcome, which passes only as far as an answer says one thing."""
    return outcome_of(replace(found, value=0.0, passed=False) if found.passed and is_of_several(found) else found)


def cell(outcome: Outcome, inputs: str) -> Cell:
    """An outcome as it is stored."""
    match outcome:
        case Scored():
            text = _evidence({**outcome.evidence, INPUTS: inputs}) or _evidence({INPUTS: inputs})
            return Cell("scored", outcome.value, outcome.passed, _clean(outcome.reason) or None, text)
        case NotApplicable():
            return Cell("not_applicable", None, None, _clean(outcome.reason), _evidence({INPUTS: inputs}))
        case Errored():
            return Cell("errored", None, None, _clean(outcome.error), _evidence({INPUTS: inputs}))


def outcome_of(stored: Cell) -> Outcome:
    """A stored cell as an outcome, without its evidence."""
    if stored.status == "scored" and stored.value is not None and stored.passed is not None:
        return Scored(value=stored.value, passed=stored.passed, reason=stored.reason or "")
    if stored.status == "not_applicable":
        return NotApplicable(reason=stored.reason or "")
    return Errored(error=stored.reason or "")


# Made once: `json.dumps` with options makes an encoder per call, which is most of its time for rows as small as these.
_ENCODE = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode


def _evidence(evidence: dict[str, Any]) -> str | None:
    try:
        text = _ENCODE(evidence)
    except (TypeError, ValueError, RecursionError):
        return None  # a user's own scorer may say more than JSON can
    return _clean(text)


def _clean(text: str) -> str:
    """The text without lone surrogates, which Parquet cannot hold."""
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)


Key = tuple[str, int, str, str]
"""Scorer, its version, its options, and the digest of what was scored."""


def stored_cells(path: Path, exchange_ids: Collection[str]) -> dict[Key, Cell]:
    """What an earlier run said of these exchanges. Errors are left out: they are tried again."""
    if not path.exists():
        return {}
    wanted = pl.col("exchange_id").is_in(pl.Series(list(exchange_ids), dtype=pl.String).implode())
    table = (
        pl.scan_parquet(path)
        .filter(wanted, pl.col("status").cast(pl.String) != "errored", pl.col("evidence_json").is_not_null())
        .select(
            pl.col("scorer").cast(pl.String),
            "scorer_version",
            "options_fp",
            pl.col("evidence_json").str.json_path_match(f"$.{INPUTS}").alias(INPUTS),
            pl.col("status").cast(pl.String),
            *("value", "passed", "reason", "evidence_json"),
        )
        .drop_nulls(INPUTS)
        .collect()
    )
    return {row[:4]: Cell(*row[4:]) for row in table.iter_rows()}


class Sink:
    """Rows of one table, a batch at a time."""

    def __init__(self, writer: pq.ParquetWriter, schema: pa.Schema) -> None:
        self._writer = writer
        self._schema = schema
        self._rows: list[tuple[Any, ...]] = []

    def add(self, *values: Any) -> None:
        """One row, in the order of the schema."""
        self._rows.append(values)

    def flush(self) -> None:
        """Write the rows added since the last time."""
        if self._rows:
            columns = zip(*self._rows, strict=True)
            arrays = [pa.array(column, field.type) for column, field in zip(columns, self._schema, strict=True)]
            self._writer.write_table(pa.Table.from_arrays(arrays, schema=self._schema))
            self._rows.clear()


@contextmanager
def open_sink(path: Path, schema: pa.Schema) -> Iterator[Sink]:
    """Write a Parquet file whole or not at all, without holding it in memory."""
    private_folder(path.parent)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with pq.ParquetWriter(private_file(temporary), schema, compression="zstd") as writer:
            sink = Sink(writer, schema)
            yield sink
            sink.flush()
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
