"""OTLP as protobuf, made OTLP JSON: the Collector's file exporter with `format: proto`, or one request in a file.

The exporter writes four bytes of length, big-endian, before each message. Spans and log records lie under the same
field numbers; a span has a trace id where a log record has a time, which tells them apart. Source:
github.com/open-telemetry/opentelemetry-collector-contrib, `exporter/fileexporter/README.md`, and opentelemetry-proto
1.45.2, `trace.proto` and `logs.proto`, read 2026-11-28.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any, BinaryIO

import msgspec

from audit.core.errors import MissingPackage

MESSAGE_BYTES = 1 << 28
"""A longer message is none: no exporter sends so much at once."""

_FIELD_ONE = 0x0A
_LONG = 0x80
_IDS = ("traceId", "spanId", "parentSpanId")
_TRACE_ID_BYTES = 16


def is_otlp(head: bytes) -> bool:
    """Whether a file's first bytes are a message of OTLP, or the length of one and the message.

    Field one of a request is one resource with all its spans: its length takes two bytes or more, and no log in text
    goes on like that after an empty line. Four empty lines would be the length of a message, too.
    """
    size = int.from_bytes(head[:4], "big")
    framed = 0 < size <= MESSAGE_BYTES and head[4:5] == bytes([_FIELD_ONE]) and head[:1] <= b"\x0f"
    framed = framed and bool(head[:4].strip())
    return framed or (head[:1] == bytes([_FIELD_ONE]) and len(head) > 2 and bool(head[1] & _LONG))


def json_records(stream: BinaryIO) -> Iterator[bytes]:
    """The export requests of a file as OTLP JSON; a message that cannot be read is JSON that is no request.

    Raises:
        EOFError: The last message has no end.
        MissingPackage: The package with OTLP's messages is not installed.
    """
    yield from map(_as_json, _messages(stream))


def _messages(stream: BinaryIO) -> Iterator[bytes]:
    first = stream.read(4)
    if first[:1] == bytes([_FIELD_ONE]):
        yield first + stream.read()
        return
    while first:
        size = int.from_bytes(first, "big")
        message = stream.read(size) if len(first) == 4 and size <= MESSAGE_BYTES else b""
        if len(message) < size or len(first) < 4:
            raise EOFError("the last message has no end")
        yield message
        first = stream.read(4)


def _as_json(message: bytes) -> bytes:
    try:
        from google.protobuf.json_format import MessageToDict
        from google.protobuf.message import DecodeError
        from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
        from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
    except ImportError:
        raise MissingPackage("opentelemetry-proto", extra="otlp", why="OTLP as protobuf needs it") from None
    for kind, told in ((ExportTraceServiceRequest, _has_spans), (ExportLogsServiceRequest, _has_logs)):
        try:
            found = kind.FromString(message)
        except DecodeError:
            continue
        if told(found):
            return msgspec.json.encode(_with_hex_ids(MessageToDict(found)))
    return b'"neither spans nor log records"'


def _has_spans(request: Any) -> bool:
    spans = (span for part in request.resource_spans for scope in part.scope_spans for span in scope.spans)
    first = next(spans, None)
    return first is not None and len(first.trace_id) == _TRACE_ID_BYTES


def _has_logs(request: Any) -> bool:
    logs = (log for part in request.resource_logs for scope in part.scope_logs for log in scope.log_records)
    first = next(logs, None)
    return first is not None and bool(first.time_unix_nano or first.observed_time_unix_nano)


def _with_hex_ids(request: dict[str, Any]) -> dict[str, Any]:
    """The request with its ids as OTLP JSON writes them: protobuf's own JSON has them in base64."""
    for part in (*request.get("resourceSpans", ()), *request.get("resourceLogs", ())):
        for scope in (*part.get("scopeSpans", ()), *part.get("scopeLogs", ())):
            for item in (*scope.get("spans", ()), *scope.get("logRecords", ())):
                item |= {name: base64.b64decode(item[name]).hex() for name in _IDS if name in item}
    return request
