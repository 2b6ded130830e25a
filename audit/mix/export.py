"""The mix in files for other tools: a table as CSV or Parquet, and OpenMetrics text."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import polars as pl

from audit.core.artifacts import publish
from audit.core.errors import InputError
from audit.mix.cells import mix_cells
from audit.mix.openmetrics import openmetrics
from audit.mix.tables import MixTables

_WRITERS: dict[str, Callable[[pl.DataFrame, BinaryIO], object]] = {
    ".csv": pl.DataFrame.write_csv,
    ".parquet": pl.DataFrame.write_parquet,
}


def kind_of_table(path: Path) -> str:
    """The suffix by which a table is written.

    Raises:
        InputError: It is neither `.csv` nor `.parquet`.
    """
    suffix = path.suffix.lower()
    if suffix not in _WRITERS:
        raise InputError(f"{path} names no kind of table", code="usage", hint="end its name with .csv or .parquet")
    return suffix


def write_cells(tables: MixTables, table: Path | None, text: Path | None) -> None:
    """Write the mix by day and labels.

    Args:
        tables: Of one log.
        table: Where to write it as a table; None for nowhere.
        text: Where to write it as OpenMetrics text.

    Raises:
        InputError: `table` names no kind of table.
    """
    cells = mix_cells(tables.grain)
    if table is not None:
        data = io.BytesIO()
        _WRITERS[kind_of_table(table)](cells, data)
        publish(table, data.getvalue())
    if text is not None:
        publish(text, openmetrics(cells, tables.latencies).encode("utf-8", "replace"))
