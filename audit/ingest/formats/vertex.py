"""Vertex AI request-response logs: rows of the BigQuery table, exported as JSON lines or Parquet.

Gemini's rows hold `generateContent` bodies, Claude's those of Anthropic's API. The table is a sample of the traffic if
the configuration says so; the rate is not in it, and neither is the unit of its latency, which is not read. Source:
cloud.google.com/vertex-ai/generative-ai/docs/multimodal/request-response-logging, read 2026-11-28.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from audit.core.settings import IngestSettings
from audit.ingest import labels, values
from audit.ingest.calls.envelope import Envelope, row_of
from audit.ingest.calls.recorded_bodies import out_of_text
from audit.ingest.formats import Format, Reader
from audit.ingest.row import Row, Unusable
from audit.ingest.values import obj, text, unpacked

_KEYS = {**labels.COMMON_KEYS, "session": ("session_id", "session"), "end_user": ("user_id", "user")}

_OURS = frozenset({"labels", "endpoint", "model"})
"""Fields of a logged request that are the service's."""


def detects(record: Mapping[str, Any]) -> str | None:
    """Why a record is a row of the table."""
    fields = {"full_request", "full_response", "api_method"}
    return "has full_request, full_response and api_method" if fields <= record.keys() else None


def open_reader(settings: IngestSettings) -> Reader:
    """A reader of one request per record."""
    wanted = labels.finders(settings, _KEYS)

    def read(record: bytes) -> Sequence[Row]:
        line = values.parse(record)
        if not isinstance(line, dict) or detects(line) is None:
            raise Unusable("no `full_request` with `api_method`: not a log of Vertex AI")
        row = row_of(_envelope(line))
        sent = obj(obj(unpacked(line.get("full_request"))).get("labels"))
        labels.put(row, wanted, line.get, ((sent, "full_request.labels."),))
        row.metadata = values.scalars(sent, "full_request.labels.") or None
        return (row,)

    return read


def _envelope(line: Mapping[str, Any]) -> Envelope:
    asked, said = obj(unpacked(line.get("full_request"))), out_of_text(line.get("full_response"))
    failed = bool(obj(said).get("error"))
    return Envelope(
        emitter="vertex",
        request={key: value for key, value in asked.items() if key not in _OURS},
        answer=None if failed or not said else said,
        request_id=text(line.get("request_id")),
        model=text(line.get("model")),
        responded=text(line.get("model")),
        provider="gcp.vertex",
        ended=line.get("logging_time"),
        started=line.get("logging_time"),
        error=obj(said).get("error") if failed else None,
        streaming="stream" in (text(line.get("api_method")) or "").lower(),
    )


FORMAT = Format(
    name="vertex",
    summary="Vertex AI request-response logs: rows of the BigQuery table, Gemini and Claude",
    fields=("full_request", "full_response", "api_method", "deployed_model_id", "logging_time", "endpoint"),
    detects=detects,
    open=open_reader,
)
