"""Records that take steps together are read as each would be alone, whatever stands between them."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from audit.ingest.files.source import Piece, find_sources, pieces
from audit.ingest.formats import FORMATS
from audit.ingest.row import Row
from audit.ingest.steps import CHUNK_BYTES, CHUNK_RECORDS, NotRead, Stepwise, chunks, stepwise
from tests.ingest.reading import BY_FORMAT, SAMPLES

ODD = [b"{", b"[]", b"null", b'{"messages": 7, "status": 1}', b'{"a": [' + b"[" * 5000 + b'"', b"\xff\xfe", b"{}"]
"""What no format can read, or only some."""


def told(rows: Any) -> Any:
    """What a reader said of a record, as values that can be compared."""
    if isinstance(rows, NotRead):
        return type(rows.error).__name__, str(rows.error)
    return [msgspec.structs.astuple(row) for row in rows]


def alone(reader: Stepwise, record: bytes) -> Any:
    """The same of a record that is read without others."""
    try:
        return told(reader(record))
    except Exception as error:
        return told(NotRead(error))


@pytest.mark.parametrize("name", sorted(BY_FORMAT))
def test_read_together_as_alone(name: str) -> None:
    """Every record of a sample, with foreign ones between them: same rows, same refusals, in the same order."""
    file, settings = BY_FORMAT[name]
    records = [record for piece in pieces(find_sources([SAMPLES / file])[0]) for _, record in piece.records()]
    mixed = [each for at, record in enumerate(records[:40]) for each in (record, ODD[at % len(ODD)])]
    reader = stepwise(FORMATS.get(name).open(settings))
    together = reader.read(mixed)
    assert len(together) == len(mixed)
    assert [told(rows) for rows in together] == [alone(reader, record) for record in mixed]


def test_a_step_that_stumbles_costs_one_record() -> None:
    """Whichever step it is; later steps are spared what is lost, and no other record is touched."""
    seen: list[str] = []

    def step(name: str) -> Any:
        def take(value: str) -> str:
            seen.append(f"{name}{value}")
            if value == name:
                raise ValueError(name)
            return value

        return take

    reader = Stepwise(bytes.decode, step("a"), step("b"), lambda value: (Row(request_id=value),))
    *found, last = reader.read([b"a", b"b", b"c", b"\xff"])
    assert [told(rows)[1] if isinstance(rows, NotRead) else rows[0].request_id for rows in found] == ["a", "b", "c"]
    assert isinstance(last, NotRead)
    assert seen == ["aa", "ab", "ac", "bb", "bc"]


def test_chunks_are_bounded_and_lose_nothing() -> None:
    """By number and by bytes, whatever the sizes; a record that is larger than a chunk is one of its own."""
    sizes = [1] * 200 + [CHUNK_BYTES * 3, 1, 1] + [CHUNK_BYTES // 3] * 7
    given = [(number, b"x" * size) for number, size in enumerate(sizes, 5)]
    made = list(chunks(given))
    assert [pair for numbers, records in made for pair in zip(numbers, records, strict=True)] == given
    assert max(len(records) for _, records in made) == CHUNK_RECORDS
    assert all(sum(map(len, records[:-1])) < CHUNK_BYTES for _, records in made)


def test_lines_over_the_borders_of_blocks(tmp_path: Any) -> None:
    """Lines of all lengths around the size in which a file is read come out whole."""
    lines = [
        json.dumps({"n": n, "x": "y" * size}) for n, size in enumerate([0, 1, 262_100, 262_144, 262_160, 600_000, 3])
    ]
    log = tmp_path / "log.jsonl"
    log.write_text("\n".join(lines), "utf-8")
    piece: Piece = next(pieces(find_sources([log])[0]))
    assert [record.decode() for _, record in piece.records()] == lines
