"""OTLP as protobuf gives the rows that the same requests give as JSON."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
import zstandard
from google.protobuf.json_format import ParseDict
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from audit.core.artifacts import RunFolder
from audit.core.errors import InputError
from audit.core.settings import IngestSettings
from audit.ingest.files.protobuf import is_otlp
from audit.ingest.run import ingest
from sample_logs.make_exports import otlp
from tests.ingest.reading import SAMPLES, read

COLUMNS = ("request_fp", "prompt_hash", "prompt_tokens", "completion_tokens", "status", "route", "tenant", "trace_id")


def message(record: dict[str, Any]) -> bytes:
    """A request of the sample as protobuf."""
    made: Any = ExportTraceServiceRequest() if "resourceSpans" in record else ExportLogsServiceRequest()
    plain = json.loads(json.dumps(record), object_hook=_with_base64)
    return bytes(ParseDict(plain, made, ignore_unknown_fields=True).SerializeToString())


def _with_base64(item: dict[str, Any]) -> dict[str, Any]:
    """Ids as protobuf's own JSON has them; the sample's span ids are longer than eight bytes, which no reader minds."""
    import base64

    for name in ("traceId", "spanId", "parentSpanId"):
        if name in item:
            item[name] = base64.b64encode(
                bytes.fromhex(item[name].zfill(len(item[name]) + len(item[name]) % 2))
            ).decode()
    return item


FRAMED = b"".join(len(made).to_bytes(4, "big") + made for made in map(message, otlp()))


@pytest.mark.parametrize(("name", "data"), [
    ("plain.pb", FRAMED), ("packed.pb.gz", gzip.compress(FRAMED)), ("packed.pb.zst", zstandard.compress(FRAMED)),
])  # fmt: skip
def test_the_same_calls_as_json(name: str, data: bytes, tmp_path: Path) -> None:
    """Every column that matters, spans joined with log records, doubles told; compressed as the exporter does too."""
    (tmp_path / name).write_bytes(data)
    as_json, as_protobuf = read(SAMPLES / "otlp.jsonl", tmp_path / "a"), read(tmp_path / name, tmp_path / "b")
    wanted = [[row[column] for column in COLUMNS] for row in sorted(as_json.rows(), key=lambda row: row["started_at"])]
    found = [[row[column] for column in COLUMNS] for row in sorted(as_protobuf.rows(), key=lambda r: r["started_at"])]
    assert found == wanted
    assert as_protobuf.report.read == as_json.report.read


def test_one_request_may_be_the_whole_file(tmp_path: Path) -> None:
    """As a receiver stored what was posted to it."""
    (tmp_path / "posted").write_bytes(message(next(iter(otlp()))))
    assert len(read(tmp_path / "posted", tmp_path / "run").traffic) == 1


def test_a_message_that_cannot_be_read_costs_one_record(tmp_path: Path) -> None:
    """It is a reject among the others; a file that ends within one is damaged."""
    broken = len(b"\x0a\xff\xff").to_bytes(4, "big") + b"\x0a\xff\xff"
    (tmp_path / "log.pb").write_bytes(FRAMED + broken)
    got = read(tmp_path / "log.pb", tmp_path / "run")
    assert (got.report.rejected, len(got.traffic)) == (1, 8)
    (tmp_path / "cut.pb").write_bytes(FRAMED[:-10])
    with pytest.raises(InputError, match="cut off"):
        ingest([tmp_path / "cut.pb"], IngestSettings(), RunFolder(tmp_path / "cut"))


def test_no_text_is_taken_for_protobuf() -> None:
    """A log of text that begins with an empty line, in any encoding, stays text."""
    for text in ("\n{}", "\n\n[", "{", '["', "a,b,c\n", "é,b\n"):
        assert not any(is_otlp(text.encode(encoding)) for encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-32-be"))
