"""Requests of the slice, read back from the ingested log. Memory holds the slice, never the log."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from audit.core.errors import InputError
from audit.core.exchange import Request

BODY_COLUMNS = ("row_id", "messages", "tools", "tool_choice", "response_format")


def load_requests(
    body_files: Sequence[Path], traffic_files: Sequence[Path], wanted: Collection[str]
) -> dict[str, Request]:
    """The requests with these fingerprints.

    Of several rows with one fingerprint the first in file order that has its messages is taken; they are equal.

    Args:
        body_files: Parquet files of `schemas.BODIES`.
        traffic_files: Parquet files of `schemas.TRAFFIC`.

    Raises:
        InputError: Some have no body in the log any more.
    """
    params: dict[str, tuple[str, str | None]] = {}
    for batch in _matching(traffic_files, "request_fp", wanted, ("row_id", "request_fp", "params")):
        for row in batch.to_pylist():
            params.setdefault(row["row_id"], (row["request_fp"], row["params"]))
    found: dict[str, Request] = {}
    for batch in _matching(body_files, "row_id", params, BODY_COLUMNS):
        for row in batch.to_pylist():
            request_fp, own = params[row["row_id"]]
            if request_fp not in found and row["messages"] is not None:
                found[request_fp] = _request(request_fp, row, own)
    if absent := len(set(wanted) - set(found)):
        raise InputError(
            f"{absent} of {len(set(wanted))} sampled requests have no body in the ingested log",
            code="replay.no-body",
            hint="ingest the logs again into a new run folder",
        )
    return {request_fp: found[request_fp] for request_fp in sorted(found)}


def _matching(
    files: Sequence[Path], key: str, wanted: Collection[str], columns: Sequence[str]
) -> Iterator[pa.RecordBatch | pa.Table]:
    """Rows whose `key` is wanted. A row group's other columns are read only when it has one."""
    values = pa.array(sorted(wanted), pa.string())
    for path in files:
        file = pq.ParquetFile(path)
        for group in range(file.num_row_groups):
            keys = file.read_row_group(group, columns=[key]).column(key)
            mask = pc.is_in(keys.cast(pa.string()), value_set=values)
            if pc.any(mask).as_py():
                yield file.read_row_group(group, columns=list(columns)).filter(mask)


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
