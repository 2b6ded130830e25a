"""Stores that teams keep their logs in, each as one small entry: how records become what the store exports."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

Record = Mapping[str, Any]
Records = Sequence[Record]


def columns_of(records: Records) -> list[str]:
    """The fields of all records, in the order in which they come up."""
    return list(dict.fromkeys(name for record in records for name in record))


def cell(value: Any, *, true: str = "true", false: str = "false", null: str = "", mark: str = ".") -> str:
    """A value as the text of a cell; objects and lists as JSON."""
    if value is None:
        return null
    if isinstance(value, bool):
        return true if value else false
    if isinstance(value, float):
        return repr(value).replace(".", mark)
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else str(value)


def table(
    *, delimiter: str = ",", quoting: int = csv.QUOTE_MINIMAL, begin: str = "", upper: bool = False, **cells: str
) -> Callable[[Records], bytes]:
    """CSV as a store writes it."""

    def write(records: Records) -> bytes:
        out = io.StringIO()
        writer = csv.writer(out, delimiter=delimiter, quoting=quoting)  # type: ignore[arg-type]
        names = columns_of(records)
        writer.writerow([name.upper() for name in names] if upper else names)
        writer.writerows([cell(record.get(name), **cells) for name in names] for record in records)
        return (begin + out.getvalue()).encode()

    return write


def escaped(separator: str, quote: str) -> Callable[[Records], bytes]:
    """Backslashes before what would end a cell, and `\\N` for null: PostgreSQL's `COPY`, MySQL's `INTO OUTFILE`."""

    def held(value: Any) -> str:
        if value is None:
            return r"\N"
        text = cell(value, true="t", false="f").replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t")
        return f"{quote}{text.replace(quote, chr(92) + quote)}{quote}" if quote else text

    def write(records: Records) -> bytes:
        names = columns_of(records)
        lines = [names, *([held(record.get(name)) for name in names] for record in records)]
        return "".join(separator.join(line) + "\n" for line in lines).encode()

    return write


def parquet(*, upper: bool = False) -> Callable[[Records], bytes]:
    """Parquet, with objects as JSON texts."""

    def write(records: Records) -> bytes:
        names = columns_of(records)
        return in_parquet(
            {
                name.upper() if upper else name: json.dumps(value) if isinstance(value, dict | list) else value
                for name in names
                for value in (record.get(name),)
            }
            for record in records
        )

    return write


def in_parquet(rows: Iterable[Record]) -> bytes:
    """A file of rows that have the same columns."""
    out = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(list(rows)), out)
    return out.getvalue()


def structs(records: Records) -> bytes:
    """Parquet with columns of structs: those of which no two values are of different kinds, and others as JSON."""
    columns: dict[str, list[Any]] = {}
    for name in columns_of(records):
        values = [without_empty(record.get(name)) for record in records]
        try:
            pa.array(values)
        except pa.ArrowException:
            values = [json.dumps(value) if isinstance(value, dict | list) else value for value in values]
        columns[name] = values
    return in_parquet(dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True))


def without_empty(value: Any) -> Any:
    """A value without empty objects, which Parquet has no type for."""
    if isinstance(value, dict):
        return {name: without_empty(one) for name, one in value.items() if one != {}} or None
    return [without_empty(one) for one in value] if isinstance(value, list) else value


def dynamo(value: Any) -> dict[str, Any]:
    """DynamoDB's JSON: each value under a letter for its type."""
    if value is None:
        return {"NULL": True}
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, int | float):
        return {"N": str(value)}
    if isinstance(value, str):
        return {"S": value}
    if isinstance(value, list):
        return {"L": [dynamo(one) for one in value]}
    return {"M": {name: dynamo(one) for name, one in value.items()}}


def bigquery(value: Any) -> Any:
    """BigQuery's JSON: whole numbers as texts, and no field that is null."""
    if isinstance(value, dict):
        return {name: bigquery(one) for name, one in value.items() if one is not None}
    if isinstance(value, list):
        return [bigquery(one) for one in value if one is not None]
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def mongo(value: Any) -> Any:
    """MongoDB's canonical JSON: numbers and times under their type."""
    if isinstance(value, dict):
        return {name: mongo(one) for name, one in value.items()}
    if isinstance(value, list):
        return [mongo(one) for one in value]
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return {"$numberInt" if abs(value) < 2**31 else "$numberLong": str(value)}
    if isinstance(value, float):
        return {"$numberDouble": repr(value)}
    if (at := moment(value)) is not None:
        return {"$date": {"$numberLong": str(round(at.timestamp() * 1000))}}
    return value


def moment(text: str) -> datetime | None:
    """The time that a text is; None for any other."""
    try:
        at = datetime.fromisoformat(text) if len(text) > 18 else None
    except ValueError:
        return None
    return at if at is None or at.tzinfo else at.replace(tzinfo=UTC)


def lines(each: Callable[[Record], Any]) -> Callable[[Records], bytes]:
    """One value a line."""
    return lambda records: "".join(json.dumps(each(record), ensure_ascii=False) + "\n" for record in records).encode()


STORES: Mapping[str, Callable[[Records], bytes]] = {
    "athena.csv": table(quoting=csv.QUOTE_ALL),
    "postgres.csv": table(true="t", false="f"),
    "postgres.tsv": escaped("\t", ""),
    "mysql.csv": escaped(",", '"'),
    "sqlite.csv": table(true="1", false="0"),
    "pandas.csv": table(true="True", false="False", null=""),
    "excel.csv": table(delimiter=";", begin="\ufeff", true="WAHR", false="FALSCH", mark=","),
    "snowflake.csv": table(upper=True),
    "oracle.csv": table(upper=True, delimiter="|", quoting=csv.QUOTE_ALL, true="1", false="0"),
    "texts.parquet": parquet(),
    "upper.parquet": parquet(upper=True),
    "structs.parquet": structs,
    "dynamodb-export.json": lines(lambda record: {"Item": dynamo(record)["M"]}),
    "dynamodb-items.jsonl": lines(lambda record: dynamo(record)["M"]),
    "dynamodb-scan.json": lambda records: json.dumps(
        {"Items": [dynamo(record)["M"] for record in records], "Count": len(records)}, indent=4
    ).encode(),
    "bigquery.jsonl": lines(bigquery),
    "mongo.jsonl": lines(mongo),
    "texts.jsonl": lines(
        lambda record: {
            name: json.dumps(value) if isinstance(value, dict | list) else value for name, value in record.items()
        }
    ),
    "snowflake.jsonl": lines(lambda record: {name.upper(): value for name, value in record.items()}),
}
