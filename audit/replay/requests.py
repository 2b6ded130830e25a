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
    """As `load_requests`, one by one in file order. Every file is read once, however many requests are wanted.

    A row group's bodies are read only when one of them is wanted; of `wanted`, fingerprints and parameters are held.
    """
    fps = pl.Series("request_fp", list(wanted), dtype=pl.String).unique().sort()
    if fps.is_empty():
        return
    rows = _rows_of(traffic_files, fps)
    seen = np.zeros(len(fps), dtype=bool)
    for path in body_files:
        with pq.ParquetFile(path) as file:
            for group in range(file.num_row_groups):
                keys = pl.DataFrame({"row_id": pl.Series(file.read_row_group(group, columns=["row_id"]).column(0))})
                asked = keys.with_row_index("at").join(rows, on="row_id", maintain_order="left")
                asked = asked.filter(~pl.Series(seen[asked["place"].to_numpy()]))
                if not asked.is_empty():
                    for place, row, params in _with_messages(file, group, asked):
                        seen[place] = True
                        yield _request(fps[place], row, params)
    if absent := int((~seen).sum()):
        raise InputError(
            f"{absent} of {len(fps)} sampled requests have no body in the ingested log",
            code="replay.no-body",
            hint="ingest the logs again into a new run folder",
        )


def _rows_of(traffic_files: Sequence[Path], fps: pl.Series) -> pl.DataFrame:
    """Rows of the traffic with these fingerprints: row_id, place of the fingerprint among them, params."""
    places = pl.DataFrame({"request_fp": fps}).with_row_index("place")
    scan = pl.scan_parquet([str(path) for path in traffic_files])
    return (
        scan.select("row_id", "request_fp", "params")
        .filter(pl.col("request_fp").is_in(fps.implode()))
        .join(places.lazy(), on="request_fp", maintain_order="left")
        .drop("request_fp")
        .collect()
    )


def _with_messages(
    file: pq.ParquetFile, group: int, asked: pl.DataFrame
) -> Iterator[tuple[int, dict[str, Any], str | None]]:
    """The first row of each fingerprint that has its messages: its place, the row and its parameters."""
    table = file.read_row_group(group, columns=list(BODY_COLUMNS))
    there = pl.Series(pc.is_valid(table.column("messages")))
    first = asked.filter(there.gather(asked["at"])).unique("place", keep="first", maintain_order=True)
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
