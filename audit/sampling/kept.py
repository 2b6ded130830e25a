"""The frames of a log, and a sample of it, as bytes that are kept, and back: the same to the last digit."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, fields

import polars as pl
import pyarrow as pa

from audit.core.plain import from_plain, to_plain
from audit.core.plan import RouteDesign
from audit.sampling.frame import RouteFrame, spooled
from audit.sampling.pool import RoutePool
from audit.sampling.rows import Rows
from audit.sampling.run import Sample

KEYS = ("route", "model")
"""Columns of a pool's sums that hold names; the others hold whole numbers."""

_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


@dataclass(frozen=True, slots=True, kw_only=True)
class _Frame:
    """A `RouteFrame` as JSON has it, in the order of its models.

    Attributes:
        cells: As of `RoutePool`.
        tokens: The columns of `RoutePool.tokens`.
    """

    route: str
    requests: int
    spend_usd: float
    cells: dict[str, int]
    tokens: dict[str, list[int | str]]
    models: dict[str, float]
    unreplayable: dict[str, int]
    unreplayable_usd: dict[str, float]
    segments: dict[str, dict[str, tuple[int, float]]]
    weights: tuple[float, float]
    shape: dict[str, list[int]]


_SAME = tuple(field.name for field in fields(_Frame) if field.name not in ("cells", "tokens"))
"""What is kept of a frame as it is."""


def frames_to_bytes(frames: Sequence[RouteFrame]) -> bytes:
    """The sums of some frames. What can be drawn of them is in the log, and is looked at again when it is needed."""
    plain = [
        _Frame(
            cells=frame.pool.cells,
            tokens=frame.pool.tokens.to_dict(as_series=False),
            **{name: getattr(frame, name) for name in _SAME},
        )
        for frame in frames
    ]
    return _encode(to_plain(plain)).encode("utf-8", "surrogatepass")


def frames_from_bytes(kept: bytes, rows: Rows, seed: int) -> list[RouteFrame]:
    """The frames again.

    Args:
        kept: What `frames_to_bytes` made of them.
        rows: Of the same log.
        seed: Of the random order in which requests are drawn.

    Raises:
        KeyError, TypeError, ValueError: It is something else.
    """
    plain = [from_plain(_Frame, value) for value in json.loads(kept)]
    cells = {(frame.route, model): cell for frame in plain for model, cell in frame.cells.items()}
    spool = spooled(rows, cells, seed)
    return [
        RouteFrame(
            pool=RoutePool(rows=rows, spool=spool, cells=frame.cells, tokens=_table(frame.tokens)),
            **{name: getattr(frame, name) for name in _SAME},
        )
        for frame in plain
    ]


def _table(columns: dict[str, list[int | str]]) -> pl.DataFrame:
    return pl.DataFrame(columns, schema={name: pl.String if name in KEYS else pl.Int64 for name in columns})


def sample_to_bytes(sample: Sample) -> bytes:
    """A sample: one Arrow stream behind the other, after the designs and the length of each."""
    tables = [_stream(sample.table), _stream(sample.tokens.to_arrow())]
    head = {"designs": to_plain(sample.designs), "lengths": [len(one) for one in tables]}
    return b"\n".join([_encode(head).encode("utf-8", "surrogatepass"), b"".join(tables)])


def sample_from_bytes(kept: bytes) -> Sample:
    """The sample again.

    Raises:
        KeyError, TypeError, ValueError: It is something else.
    """
    head, _, tables = kept.partition(b"\n")
    said = json.loads(head)
    first, second = said["lengths"]
    tokens = pl.DataFrame(_unstream(tables[first : first + second]))
    designs = tuple(from_plain(RouteDesign, design) for design in said["designs"])
    return Sample(designs=designs, table=_unstream(tables[:first]), tokens=tokens)


def _stream(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


def _unstream(data: bytes) -> pa.Table:
    return pa.ipc.open_stream(data).read_all()
