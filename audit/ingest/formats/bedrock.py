"""Amazon Bedrock model invocation logs, as S3 and CloudWatch hold them: Converse, InvokeModel and their streams.

Token counts leave the cache out. The log has no failed calls that the service threw back, and a time of one second.
Bodies over 100 kB lie in S3 beside the log. Source: docs.aws.amazon.com/bedrock, "Model invocation logging", read
2026-11-23.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from audit.core.reason import Reason
from audit.core.settings import IngestSettings
from audit.ingest import labels, values
from audit.ingest.calls import bodies, chat
from audit.ingest.calls.usage import billed_tier, put_usage
from audit.ingest.formats import Format, Reader
from audit.ingest.row import Row, Unusable, call_key
from audit.ingest.values import integer, microseconds, number, obj, text
from audit.ingest.words import model_key
from audit.protocols.bedrock_converse import PROTOCOL as CONVERSE
from audit.protocols.recognition import can_be

_KEYS = {**labels.COMMON_KEYS, "session": ("session_id", "session"), "end_user": ("user_id", "user")}


def detects(record: Mapping[str, Any]) -> str | None:
    """Why a record is a model invocation."""
    return "has schemaType ModelInvocationLog" if record.get("schemaType") == "ModelInvocationLog" else None


def open_reader(settings: IngestSettings) -> Reader:
    """A reader of one invocation per record."""
    wanted = labels.finders(settings, _KEYS)

    def read(record: bytes) -> Sequence[Row]:
        line = values.parse(record)
        if not isinstance(line, dict) or detects(line) is None:
            raise Unusable("`schemaType` is not ModelInvocationLog")
        return (_row(line, wanted),)

    return read


def _row(line: dict[str, Any], wanted: labels.Finders) -> Row:
    given, got = obj(line.get("input")), obj(line.get("output"))
    row = Row(provider="aws.bedrock", emitter="bedrock", request_id=text(line.get("requestId")))
    row.model_requested = row.model_called = text(line.get("modelId"))
    operation = text(line.get("operation")) or ""
    reasons, answered = _put_bodies(row, given.get("inputBodyJson"), got.get("outputBodyJson"), operation)
    if "inputBodyS3Path" in given or "outputBodyS3Path" in got:
        reasons.add(Reason.BODY_EXTERNAL)
    row.request_id = text(line.get("requestId")) or row.request_id
    row.model_requested = row.model_called
    row.model_key = model_key(row.model_called, "bedrock")
    row.streaming = "Stream" in operation
    row.service_tier = billed_tier(line) or row.service_tier
    _put_tokens(row, given, got)
    # The log holds answered calls; a model's own body may be in words that are not read.
    # An embedding, a ranking or an image is an answer too, whose body no protocol here reads.
    told = bool(obj(got.get("outputBodyJson"))) or bool(integer(got.get("outputTokenCount")))
    answered = answered or told or "outputBodyS3Path" in got
    bodies.put_outcome(row, line.get("errorCode"), None, answered=answered)
    row.ended_at, row.started_at_resolution = microseconds(line.get("timestamp"))
    row.started_at = row.ended_at
    spent = obj(obj(got.get("outputBodyJson")).get("metrics")).get("latencyMs")
    row.latency_ms = number(spent)
    _put_labels(row, line, wanted)
    row.dedupe_key = call_key(row)
    chat.judge_replayable(row, reasons, "exact")
    return row


def _put_bodies(row: Row, asked: Any, said: Any, operation: str) -> tuple[set[str], bool]:
    """Write request and answer; InvokeModel has the bodies of the model's own vendor."""
    spoken = CONVERSE if operation.startswith("Converse") else bodies.spoken(obj(asked), said)
    row.native_api = spoken.shape.api
    reasons: set[str] = set()
    if isinstance(asked, dict):
        if can_be(asked, spoken):
            reasons = bodies.put_request(row, asked, spoken)
        else:
            row.operation, row.native_request = _operation(asked), values.json_text(asked)
            reasons.add(Reason.OTHER_OPERATION)
    return reasons, said is not None and bodies.put_answer(row, said, spoken)


def _operation(asked: Mapping[str, Any]) -> str:
    return "embeddings" if "inputText" in asked or "texts" in asked else "other"


def _put_tokens(row: Row, given: Mapping[str, Any], got: Mapping[str, Any]) -> None:
    """The envelope's counts; the body's alone say how long a written cache is kept."""
    raw = row.usage_raw
    if integer(given.get("inputTokenCount")) is None:
        return
    put_usage(row, {
        "inputTokens": given["inputTokenCount"],
        "outputTokens": got.get("outputTokenCount"),
        "cacheReadInputTokens": given.get("cacheReadInputTokenCount"),
        "cacheWriteInputTokens": given.get("cacheWriteInputTokenCount"),
    })  # fmt: skip
    row.usage_raw = raw or row.usage_raw


def _put_labels(row: Row, line: dict[str, Any], wanted: labels.Finders) -> None:
    sent = obj(line.get("requestMetadata"))
    role = (text(obj(line.get("identity")).get("arn")) or "").partition("assumed-role/")[2].partition("/")[0]
    places = ((sent, "requestMetadata."),)
    labels.put(row, wanted, line.get, places, region=(*places, ({"region": line.get("region")}, "")))
    row.served_region = text(line.get("inferenceRegion"))
    row.metadata = [*values.scalars(sent, "requestMetadata."), *([("identity.role", role)] if role else [])] or None


FORMAT = Format(
    name="bedrock",
    summary="Amazon Bedrock model invocation logs: Converse, InvokeModel and streams, from S3 or CloudWatch",
    fields=("schemaType", "modelId", "requestId", "operation", "input", "output", "inferenceRegion", "identity"),
    detects=detects,
    open=open_reader,
)
