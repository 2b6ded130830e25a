"""Requests read back from the ingested log. Memory holds what was asked for, or a handful of rows, never the log."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from audit.core.errors import InputError
from audit.core.exchange import Request

BODY_COLUMNS = ("row_id", "messages", "tools", "tool_choice", "response_format")

PARSED_ROWS = 2_000
"""Rows whose JSON is held as objects at once; objects are many times the text."""


def load_requests(
    body_files: Sequence[Path], traffic_files: Sequence[Path], wanted: Collection[str]
) -> dict[str, Request]:
    """The requests with these fingerprints, sorted by them.

    Of several rows with one fingerprint the first in file order that has its messages is taken; they are equal.

    Args:
        body_files: Parquet files of `schemas.BODIES`.
        traffic_files: Parquet files of `schemas.TRAFFIC`.

    Raises:
        InputError: Some have no body in the log any more.
    """
    found = {request.request_fp: request for request in stream_requests(body_files, traffic_files, wanted)}
    return {request_fp: found[request_fp] for request_fp in sorted(found)}


def stream_requests(
    body_files: Sequence[Path], traffic_files: Sequence[Path], wanted: Collection[str]
) -> Iterator[Request]:
    """As `load_requests`, one by one in file order. Every file is read once, however many requests are wanted, and none
    after the last of them is found.

    A row group's bodies are read only when one of them is wanted; of `wanted`, the fingerprints are held.
    """
    fps = pl.Series("request_fp", list(wanted), dtype=pl.String).unique().sort()
    missing = np.ones(len(fps), dtype=bool)
    for traffic, bodies in zip(traffic_files, body_files, strict=False):
        if not missing.any():
            break
        asked = _rows_of(traffic, fps, missing)
        if asked.is_empty():
            continue
        with pq.ParquetFile(bodies) as file:
            for group, rows in _by_group(file, asked):
                rows = rows.filter(_at(missing, rows["place"]))
                for place, row, params in _with_messages(file, group, rows) if len(rows) else ():
                    missing[place] = False
                    yield _request(fps[place], row, params)
    if absent := int(missing.sum()):
        raise InputError(
            f"{absent} of {len(fps)} sampled requests have no body in the ingested log",
            code="replay.no-body",
            hint="ingest the logs again into a new run folder",
        )


def _at(flags: np.ndarray[Any, np.dtype[np.bool_]], places: pl.Series) -> pl.Series:
    return pl.Series(flags[places.to_numpy()], dtype=pl.Boolean)


def _rows_of(traffic: Path, fps: pl.Series, missing: np.ndarray[Any, np.dtype[np.bool_]]) -> pl.DataFrame:
    """Rows of a file of the traffic with fingerprints that are missing: `at`, `place` among the fingerprints, which are
    sorted, `row_id`, `params`.

    Fingerprints are looked up, not joined: a join goes through all that are wanted, for each of thousands of files.
    """
    rows = pl.read_parquet(traffic, columns=["request_fp"]).with_row_index("at").drop_nulls()
    rows = rows.with_columns(place=fps.search_sorted(rows["request_fp"])).filter(pl.col("place") < len(fps))
    rows = rows.filter(fps.gather(rows["place"]) == rows["request_fp"])
    rows = rows.filter(_at(missing, rows["place"])).select("at", "place")
    if rows.is_empty():
        return rows
    told = pl.read_parquet(traffic, columns=["row_id", "params"]).select("row_id", "params")
    return rows.hstack(told[rows["at"]])


def _by_group(file: pq.ParquetFile, asked: pl.DataFrame) -> Iterator[tuple[int, pl.DataFrame]]:
    """The row groups of bodies that hold some of these rows, and which; `at` is counted from the group's first.

    Bodies are row by row those of the traffic, so that a row is found by its place.
    """
    start = 0
    for group in range(file.num_row_groups):
        end = start + file.metadata.row_group(group).num_rows
        rows = asked.filter(pl.col("at").is_between(start, end, closed="left"))
        if len(rows):
            yield group, rows.with_columns(pl.col("at") - start)
        start = end


def _with_messages(
    file: pq.ParquetFile, group: int, asked: pl.DataFrame
) -> Iterator[tuple[int, dict[str, Any], str | None]]:
    """The first row of each fingerprint that has its messages: its place, the row and its parameters."""
    table = file.read_row_group(group, columns=list(BODY_COLUMNS))
    there = pl.Series(pc.is_valid(table.column("messages")))
    # A file that was put in another's place has other rows: none of them is taken for what was asked for.
    own = pl.Series(table.column("row_id")).gather(asked["at"]) == asked["row_id"]
    first = asked.filter(there.gather(asked["at"]) & own).unique("place", keep="first", maintain_order=True)
    for part in first.iter_slices(PARSED_ROWS):
        taken = table.take(pa.array(part["at"].to_numpy())).to_pylist()
        yield from zip(part["place"], taken, part["params"], strict=True)


def _request(request_fp: str, row: dict[str, Any], params: str | None) -> Request:
    return Request(
        request_fp=request_fp,
        messages=json.loads(row["messages"]),
        tools=_json(row["tools"]),
        tool_choice=_json(row["tool_choice"]),
        response_format=_json(row["response_format"]),
        params=_json(params) or {},
    )


def _json(text: str | None) -> Any:
    """JSON text as a value; a bare word, as some logs have for `tool_choice`, as itself."""
    if text is None:
        return None
    try:
        return json.loads(text)
    except ValueError:
        return text
