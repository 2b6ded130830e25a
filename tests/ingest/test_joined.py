"""Records of one format that belong together are joined as if nothing else stood in the file."""

from __future__ import annotations

from pathlib import Path

import pytest

from audit.ingest.formats import FORMATS
from tests.ingest.reading import BY_FORMAT, SAMPLES, read

JOINED = [name for name in FORMATS.names if FORMATS.get(name).join is not None]
BETWEEN = (b"", b"[1]", b"7", b"{", b'{"a": 1}', b"   ", b"\xff{}")
"""Lines that are no records of any format: blank, of another type, broken, of no known field, no text."""


@pytest.mark.parametrize("name", JOINED)
def test_what_stands_between_records_moves_nothing(name: str, tmp_path: Path) -> None:
    """What is seen of a record in the first pass comes back to the same record in the second one."""
    sample, settings = BY_FORMAT[name]
    lines = (SAMPLES / sample).read_bytes().splitlines()
    log = tmp_path / "log.jsonl"
    mixed = [part for at, line in enumerate(lines) for part in (line, BETWEEN[at % len(BETWEEN)])]
    log.write_bytes(b"\n".join(mixed) + b"\n")
    plain = tmp_path / "plain.jsonl"
    plain.write_bytes(b"\n".join(lines) + b"\n")
    apart, alone = (read(path, tmp_path / path.stem, settings) for path in (log, plain))
    left_out = ("source_file", "source_row", "source_sha256")
    assert apart.traffic.drop(left_out).rows() == alone.traffic.drop(left_out).rows()
    assert apart.bodies.rows() == alone.bodies.rows()
