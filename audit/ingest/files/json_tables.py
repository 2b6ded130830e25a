"""Tables written as JSON, their columns' names once and each row as a list of cells: rows as objects again.

What answers a query over HTTP writes a result so. The names stand beside the rows or in another corner of the object,
as texts or as objects with a name; a cell is a value, or an object that holds one.

Sources: BigQuery `jobs.getQueryResults`, Databricks `api/2.0/sql/statements`, Snowflake `api/v2/statements`, Athena
`GetQueryResults`, RDS and Redshift Data API, Azure Monitor `query`, ClickHouse `JSONCompact`, Trino `v1/statement`,
Elasticsearch `_sql` and `_query`, pandas `to_json(orient="split")`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from audit.ingest.files.shippers import abridged
from audit.protocols.recognition import protocol_of_answer, protocol_of_request

_DEPTH = 4
"""Objects around the names and the rows at most."""
_NAMED = ("name", "Name", "column_name")
_CELL = frozenset({"v", "VarCharValue", "stringValue", "longValue", "doubleValue", "booleanValue", "isNull"})
_ROW = frozenset({"f", "Data"})
"""What a vendor puts around a cell, and around the cells of a row."""
_TABLES = 100
"""Tables of one answer at most."""
_LEAST = 3
"""Columns of a log at least: two lists of two may be anything."""
_LONG = 1 << 20
"""Bytes above which a record is told by its beginning."""
_COLUMN = re.compile(r"[\w @.:/()$-]{1,120}")


class NamedColumn(msgspec.Struct, frozen=True):
    """A column: its name, and those of the record in each of its cells, as of BigQuery's `RECORD`."""

    name: str
    fields: tuple[NamedColumn, ...] = ()
    repeated: bool = False


def is_table(record: bytes) -> bool:
    """Whether a record holds tables."""
    return record[:1] == b"{" and b"[" in record and bool(_tables(_decoded(_beginning(record)), _DEPTH))


def rows_of(record: bytes) -> Iterator[bytes]:
    """The rows of the tables that a record holds, as objects; the record itself where it holds none."""
    tables = _tables(_decoded(record), _DEPTH)
    return (msgspec.json.encode(row) for table in tables for row in table) if tables else iter((record,))


def columns_of(record: bytes) -> tuple[str, ...] | None:
    """The names that a record lists, of the columns of the lists that follow it; None for any other record.

    Source: ClickHouse `JSONCompactEachRowWithNames`, and the values of a spreadsheet.
    """
    columns = _names(_decoded(record)) if record[:1] == b"[" else None
    return None if columns is None else tuple(column.name for column in columns)


def row_under(columns: Sequence[str], record: bytes) -> bytes:
    """A list of cells as an object; one of another length, or what is none, stays as it is."""
    cells = _decoded(record)
    if not isinstance(cells, list) or len(cells) != len(columns):
        return record
    return msgspec.json.encode(dict(zip(columns, cells, strict=True)))


def _beginning(record: bytes) -> bytes:
    return record if len(record) < _LONG else abridged(record)


def _decoded(record: bytes) -> Any:
    try:
        return msgspec.json.decode(record)
    except (ValueError, RecursionError):
        return None


def _tables(value: Any, depth: int) -> list[Iterator[dict[str, Any]]]:
    """The rows of each table in a value."""
    if not isinstance(value, dict) or not depth or protocol_of_request(value) or protocol_of_answer(value):
        return []
    # The tables of an answer stand in a list, each with names of its own.
    listed = (item for held in value.values() if isinstance(held, list) for item in held[:_TABLES])
    if found := [table for item in listed for table in _tables(item, depth - 1)]:
        return found
    lists = list(_lists(value, _DEPTH))
    named = [(one, columns) for one in lists if (columns := _names(one)) is not None]
    for fits in (_are_cells, _are_objects):
        for names, columns in named:
            if (rows := next((one for one in lists if one is not names and fits(columns, one)), None)) is not None:
                return [_records(columns, rows)]
    return []


def _lists(value: Any, depth: int) -> Iterator[list[Any]]:
    """The lists in an object and in those within it."""
    if isinstance(value, list):
        yield value
    elif isinstance(value, dict) and depth:
        for one in value.values():
            yield from _lists(one, depth - 1)


def _names(items: Any) -> tuple[NamedColumn, ...] | None:
    """The columns that a list names; None for one that names none."""
    if not isinstance(items, list) or len(items) < _LEAST:
        return None
    columns = tuple(column for item in items if (column := _column(item)) is not None)
    return columns if len(columns) == len(items) == len({column.name for column in columns}) else None


def _column(item: Any) -> NamedColumn | None:
    fields: tuple[NamedColumn, ...] = ()
    repeated = False
    if isinstance(item, dict):
        inner = item.get("fields")
        fields = tuple(one for held in inner if (one := _column(held))) if isinstance(inner, list) else ()
        repeated = item.get("mode") == "REPEATED"
        item = next((item[name] for name in _NAMED if name in item), None)
    if not isinstance(item, str) or not _COLUMN.fullmatch(item) or item.isdecimal():
        return None
    return NamedColumn(item, fields, repeated)


def _are_cells(columns: Sequence[NamedColumn], rows: list[Any]) -> bool:
    """Whether a list is of rows with a cell for each column."""
    held = map(_cells, rows)
    return bool(rows) and all(isinstance(cells, list) and len(cells) == len(columns) for cells in held)


def _are_objects(columns: Sequence[NamedColumn], rows: list[Any]) -> bool:
    """Whether a list is of rows that are objects with these columns."""
    names = {column.name for column in columns}
    return bool(rows) and all(isinstance(row, dict) and row and row.keys() <= names for row in rows)


def _cells(row: Any) -> Any:
    """The cells of a row, out of what stands around them."""
    return next(iter(row.values())) if isinstance(row, dict) and len(row) == 1 and row.keys() <= _ROW else row


def _records(columns: Sequence[NamedColumn], rows: list[Any]) -> Iterator[dict[str, Any]]:
    names = [column.name for column in columns]
    for at, row in enumerate(rows):
        cells = _cells(row)
        record = row if isinstance(cells, dict) else _record(columns, cells)
        if at or list(record.values()) != names:  # Athena writes the names as its first row, too
            yield record


def _record(columns: Sequence[NamedColumn], cells: Sequence[Any]) -> dict[str, Any]:
    return {column.name: _value(column, cell) for column, cell in zip(columns, cells, strict=True)}


def _value(column: NamedColumn, cell: Any) -> Any:
    held = _held(cell)
    if column.repeated and isinstance(held, list):
        return [_inner(column, _held(one)) for one in held]
    return _inner(column, held)


def _inner(column: NamedColumn, held: Any) -> Any:
    cells = _cells(held)
    if column.fields and isinstance(held, Mapping) and isinstance(cells, list) and len(cells) == len(column.fields):
        return _record(column.fields, cells)
    return held


def _held(cell: Any) -> Any:
    """What a cell holds: null for an empty object, as Athena writes it."""
    if not isinstance(cell, dict) or len(cell) > 1 or not cell.keys() <= _CELL:
        return cell
    return None if "isNull" in cell else next(iter(cell.values()), None)
