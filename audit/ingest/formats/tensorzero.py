"""TensorZero's tables: ModelInference, with what ChatInference or JsonInference says of the same inference.

A row of ModelInference is one call to a provider, with the bodies that were sent and received; an inference may have
several, as with retries and fallbacks. The function that was called, which is the route, the episode and the tags stand
in the other table; rows of both may lie in one file or in several.
Source: tensorzero.com/docs/gateway/data-model, tables ModelInference, ChatInference, JsonInference; read 2026-11-28.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec

from audit.core.settings import IngestSettings
from audit.ingest import labels, values
from audit.ingest.calls.envelope import Envelope, lowered, row_of
from audit.ingest.calls.recorded_bodies import out_of_text
from audit.ingest.formats import Format, Reader
from audit.ingest.join_notes import JoinNotes
from audit.ingest.row import Row, Unusable
from audit.ingest.values import boolean, obj, text, unpacked
from audit.protocols.recognition import protocol_of_answer

_KEYS = {
    **labels.COMMON_KEYS,
    "route": ("function_name", *labels.ROUTE_KEYS),
    "session": ("episode_id",),
    "end_user": ("user_id",),
}
_CALL = frozenset({"inference_id", "raw_request", "raw_response"})
_INFERENCE = frozenset({"id", "function_name", "variant_name", "episode_id"})
_SHARED = ("function_name", "variant_name", "episode_id", "tags")


def detects(record: Mapping[str, Any]) -> str | None:
    """Why a record is a row of TensorZero's."""
    if record.keys() >= _CALL:
        return "has inference_id, raw_request and raw_response: a ModelInference of TensorZero"
    if record.keys() >= _INFERENCE:
        return "has function_name, variant_name and episode_id: an inference of TensorZero"
    return None


class InferenceJoin:
    """What each inference says of itself, for the calls that it made; and which inferences have calls in the log."""

    def __init__(self) -> None:
        self._inferences = JoinNotes()
        self._called = JoinNotes()

    def see(self, record: Mapping[str, msgspec.Raw], _file: str) -> None:
        """Take a record into account."""
        if record.keys() >= _CALL:
            self._called.note(_name(record["inference_id"]))
        elif "id" in record:
            self._inferences.note(_name(record["id"]), {name: record[name] for name in _SHARED if name in record})

    def join(self, record: dict[str, msgspec.Raw], _file: str, _seen: None) -> dict[str, msgspec.Raw]:
        """A call with its inference; an inference with the mark that its calls are in the log."""
        if record.keys() >= _CALL:
            told = self._inferences.last(_name(record["inference_id"]))
            return record if told is None else msgspec.json.decode(told, type=dict[str, msgspec.Raw]) | record
        called = "id" in record and _name(record["id"]) in self._called
        return record | {"called": msgspec.Raw(b"true")} if called else record


def _name(raw: msgspec.Raw) -> str:
    return bytes(raw).decode("utf-8", "replace")


def open_reader(settings: IngestSettings) -> Reader:
    """A reader of one call per ModelInference; an inference whose calls are in the log is no call of its own."""
    wanted = labels.finders(settings, _KEYS)

    def read(record: bytes) -> Sequence[Row]:
        line = values.parse(record)
        if not isinstance(line, dict) or detects(line) is None:
            raise Unusable("neither a ModelInference nor an inference of TensorZero")
        if not line.keys() >= _CALL:
            if line.get("called") is not True:
                raise Unusable("an inference without its ModelInference, which has model, tokens and bodies")
            return ()
        row = row_of(_envelope(line))
        tags = obj(unpacked(line.get("tags")))
        labels.put(row, wanted, line.get, ((line, ""), (tags, "tags.")))
        row.metadata = values.scalars({**tags, "variant_name": text(line.get("variant_name"))}, "tags.") or None
        return (row,)

    return read


def _envelope(line: Mapping[str, Any]) -> Envelope:
    said = out_of_text(line.get("raw_response"))
    counts = {"prompt_tokens": line.get("input_tokens"), "completion_tokens": line.get("output_tokens")}
    return Envelope(
        emitter="tensorzero",
        request=obj(unpacked(line.get("raw_request"))),
        answer=said if protocol_of_answer(said) is not None else None,
        request_id=text(line.get("id")),
        logical_id=text(line.get("inference_id")),
        model=text(line.get("model_name")),
        provider=lowered(line.get("model_provider_name")),
        started=_made_at(line.get("id")) or line.get("timestamp"),
        latency_ms=line.get("response_time_ms"),
        ttft_ms=line.get("ttft_ms"),
        usage={name: count for name, count in counts.items() if count is not None} or None,
        cost=line.get("cost"),
        finish=text(line.get("finish_reason")),
        answered=True,  # a call that failed has no row
        cache_hit=boolean(line.get("cached")),
    )


def _made_at(name: Any) -> int | None:
    """Milliseconds since 1970 in an id of version 7. Source: RFC 9562, 5.7."""
    try:
        found = UUID(str(name))
    except ValueError:
        return None
    return found.int >> 80 if found.version == 7 else None


FORMAT = Format(
    name="tensorzero",
    summary="TensorZero's tables: ModelInference, joined with ChatInference or JsonInference",
    fields=("inference_id", "raw_request", "raw_response", "model_provider_name", "function_name", "episode_id"),
    detects=detects,
    open=open_reader,
    join=InferenceJoin,
)
