"""Rows of columnar files: Parquet, Arrow and Feather, ORC. All are read by Arrow, and a row is an object."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from audit.core.errors import InputError

KINDS = {b"PAR1": "Parquet", b"ARROW1": "Arrow", b"\xff\xff\xff\xff": "Arrow", b"FEA1": "Feather", b"ORC": "ORC"}
"""How such files begin: Arrow's files with their name, its streams with the mark of a message.

Sources: https://arrow.apache.org/docs/format/Columnar.html, https://orc.apache.org/specification/ORCv1/
"""
_STREAM = b"\xff\xff\xff\xff"
_ROWS = 2048


def kind_of_columns(begin: bytes) -> str | None:
    """The kind of a columnar file that begins so; None for any other file."""
    return next((kind for magic, kind in KINDS.items() if begin.startswith(magic)), None)


def columnar_records(path: Path, begin: bytes) -> Iterator[bytes]:
    """The rows of a columnar file as JSON objects.

    Args:
        path: The file.
        begin: Its first bytes.

    Raises:
        InputError: It is damaged, or of a version that Arrow does not read.
    """
    kind = kind_of_columns(begin)
    try:
        with _batches(path, begin) as batches:
            for batch in batches:
                yield from (msgspec.json.encode(row, enc_hook=str) for row in _rows(batch))
    except (pa.ArrowException, OSError, NotImplementedError) as error:
        raise InputError(
            f"{path} is not a readable {kind} file",
            code="ingest.not-parquet",
            notes=[type(error).__name__],
            hint="copy or export the file again; nothing was written",
        ) from None


@contextmanager
def _batches(path: Path, begin: bytes) -> Iterator[Iterator[pa.RecordBatch]]:
    """Some rows at a time."""
    kind = kind_of_columns(begin)
    if kind == "Parquet":
        with pq.ParquetFile(path) as file:
            yield file.iter_batches(batch_size=_ROWS)
    elif kind == "ORC":
        from pyarrow import orc

        stripes = orc.ORCFile(path)
        yield (stripes.read_stripe(number) for number in range(stripes.nstripes))
    elif kind == "Feather":
        from pyarrow import feather

        yield iter(feather.read_table(path).to_batches(_ROWS))
    else:
        with pa.memory_map(str(path)) as source:
            if begin.startswith(_STREAM):
                yield iter(pa.ipc.open_stream(source))
            else:
                held = pa.ipc.open_file(source)
                yield (held.get_batch(number) for number in range(held.num_record_batches))


def _rows(batch: pa.RecordBatch) -> list[dict[str, Any]]:
    """Rows with columns of maps as objects; a key that a map has twice has its last value."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pyarrow prints such keys
        return cast(list[dict[str, Any]], batch.to_pylist(maps_as_pydicts="lossy"))
