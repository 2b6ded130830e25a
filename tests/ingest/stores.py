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
from pyarrow import feather, orc

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


def firestore(value: Any) -> dict[str, Any]:
    """Firestore's JSON: each value under a name for its type."""
    if value is None:
        return {"nullValue": None}
    if isinstance(value, bool):
        return {"booleanValue": value}
    if isinstance(value, int):
        return {"integerValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value}
    if isinstance(value, str):
        return {"stringValue": value}
    if isinstance(value, list):
        return {"arrayValue": {"values": [firestore(one) for one in value]}}
    return {"mapValue": {"fields": {name: firestore(one) for name, one in value.items()}}}


def avro(value: Any) -> Any:
    """Avro's JSON, where every field may be null: each value under the name of its type."""
    if value is None:
        return None
    if isinstance(value, list):
        return {"array": [avro(one) for one in value]}
    if isinstance(value, dict):
        return {"map": {name: avro(one) for name, one in value.items()}}
    kinds: Sequence[tuple[type, str]] = ((bool, "boolean"), (int, "long"), (float, "double"), (str, "string"))
    return {next(name for kind, name in kinds if isinstance(value, kind)): value}


def packed(record: Record, write: Callable[[Any], str] = json.dumps) -> Record:
    """A record whose objects and lists are texts."""
    return {name: write(value) if isinstance(value, dict | list) else value for name, value in record.items()}


def json_table(around: Callable[[list[str], list[list[Any]]], Any]) -> Callable[[Records], bytes]:
    """A table as JSON: the names of its columns, and its rows as lists of cells."""

    def write(records: Records) -> bytes:
        names = columns_of(records)
        return json.dumps(around(names, [[record.get(name) for name in names] for record in records])).encode()

    return write


def lines_of_cells(names: list[str], records: Records) -> bytes:
    """A list of cells a line, those of the names first."""
    rows = (names, *([record.get(name) for name in names] for record in records))
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def in_texts(row: list[Any]) -> list[str | None]:
    """Cells as texts, null where there is nothing."""
    return [None if value is None else cell(value) for value in row]


def pg_array(value: Any) -> Any:
    """PostgreSQL's array for a list of texts."""
    if not isinstance(value, list) or not value or not all(isinstance(one, str) for one in value):
        return value
    held = (one.replace("\\", "\\\\").replace('"', '\\"') for one in value)
    return "{" + ",".join(f'"{one}"' if set(one) & set(' ,{}"\\') else one for one in held) + "}"


def in_arrow(kind: str) -> Callable[[Records], bytes]:
    """Files of Arrow's, with objects as JSON texts."""

    def write(records: Records) -> bytes:
        names = columns_of(records)
        columns = {name: pa.array([packed(record).get(name) for record in records]) for name in names}
        held, out = pa.table(columns), io.BytesIO()
        if kind == "feather":
            feather.write_feather(held, out, compression="zstd")
        elif kind == "orc":
            orc.write_table(held.select([name for name in names if not pa.types.is_null(held[name].type)]), out)
        else:
            opened = pa.ipc.new_stream if kind == "stream" else pa.ipc.new_file
            with opened(out, held.schema) as writer:
                writer.write_table(held)
        return out.getvalue()

    return write


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
    "texts.jsonl": lines(packed),
    "dynamodb-texts.json": lines(lambda record: {"Item": dynamo(packed(record))["M"]}),
    "dynamodb-scan-texts.json": lambda records: json.dumps(
        {"Items": [dynamo(packed(record))["M"] for record in records], "Count": len(records)}
    ).encode(),
    "firestore.jsonl": lines(lambda record: {"name": "p/d", "fields": firestore(record)["mapValue"]["fields"]}),
    "avro.jsonl": lines(lambda record: avro(record)["map"]),
    "postgres-arrays.csv": lambda records: table(true="t", false="f")(
        [{name: pg_array(value) for name, value in record.items()} for record in records]
    ),
    "python.csv": lambda records: table(true="True", false="False")([packed(record, repr) for record in records]),
    "texts-in-texts.csv": lambda records: table()(
        [packed(record, lambda value: json.dumps(json.dumps(value))) for record in records]
    ),
    "bigquery-api.json": json_table(
        lambda names, rows: {
            "kind": "bigquery#queryResponse",
            "schema": {"fields": [{"name": name, "type": "STRING", "mode": "NULLABLE"} for name in names]},
            "rows": [{"f": [{"v": value} for value in in_texts(row)]} for row in rows],
            "totalRows": str(len(rows)),
        }
    ),
    "databricks-api.json": json_table(
        lambda names, rows: {
            "manifest": {"schema": {"columns": [{"name": name, "position": at} for at, name in enumerate(names)]}},
            "result": {"data_array": list(map(in_texts, rows)), "row_count": len(rows)},
        }
    ),
    "athena-api.json": json_table(
        lambda names, rows: {
            "ResultSet": {
                "Rows": [
                    {"Data": [{} if value is None else {"VarCharValue": value} for value in row]}
                    for row in (names, *map(in_texts, rows))
                ],
                "ResultSetMetadata": {"ColumnInfo": [{"Name": name, "Type": "varchar"} for name in names]},
            }
        }
    ),
    "clickhouse-compact.json": json_table(
        lambda names, rows: {"meta": [{"name": name, "type": "String"} for name in names], "data": rows}
    ),
    "clickhouse-compact.jsonl": lambda records: lines_of_cells(columns_of(records), records),
    "pandas-split.json": json_table(
        lambda names, rows: {"columns": names, "index": list(range(len(rows))), "data": rows}
    ),
    "log-analytics.json": json_table(
        lambda names, rows: {"tables": [{"name": "t", "columns": [{"name": one} for one in names], "rows": rows}]}
    ),
    "log.arrow": in_arrow("file"),
    "log-stream.arrow": in_arrow("stream"),
    "log.feather": in_arrow("feather"),
    "log.orc": in_arrow("orc"),
    "snowflake.jsonl": lines(lambda record: {name.upper(): value for name, value in record.items()}),
}
