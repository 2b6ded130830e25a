"""OpenAI's and Anthropic's batch files: input, output and error lines, joined by `custom_id`, in whatever files.

OpenAI: `{custom_id, method, url, body}` in, `{id, custom_id, response: {status_code, body}, error}` out. Anthropic:
`{custom_id, params}` in, `{custom_id, result: {type, message | error}}` out. A line that has both is read as it is.
Source: platform.openai.com/docs/guides/batch and docs.anthropic.com, "Message Batches", read 2026-11-23.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from audit.core.settings import IngestSettings
from audit.ingest import labels, pairs, values
from audit.ingest.formats import Format, Reader
from audit.ingest.row import Row, Unusable
from audit.ingest.values import obj, text

_REQUESTS = ("body", "params")
_ANSWERS = ("response", "result", "error")
_CANCELLED = frozenset({"canceled", "expired"})


def detects(record: Mapping[str, Any]) -> str | None:
    """Why a record is a line of a batch."""
    if "custom_id" not in record:
        return None
    if isinstance(record.get("params"), dict) or "type" in obj(record.get("result")):
        return "has custom_id, with params or a result: an Anthropic batch"
    asked = isinstance(record.get("body"), dict) and "url" in record
    if asked or "body" in obj(record.get("response")) or {"response", "error"} <= record.keys():
        return "has custom_id, with a body or a response: an OpenAI batch"
    return None


class BatchJoin:
    """Requests by `custom_id`, for the answers in other files; and which requests have an answer."""

    def __init__(self) -> None:
        self._asked: dict[str, msgspec.Raw] = {}
        self._answered: set[str] = set()

    def see(self, record: Mapping[str, msgspec.Raw]) -> None:
        """Take a record into account."""
        name = bytes(record.get("custom_id", b"")).decode("utf-8", "replace")
        if any(key in record for key in _ANSWERS):
            self._answered.add(name)
        for key in _REQUESTS:
            if key in record:
                self._asked[name] = record[key]

    def join(self, record: dict[str, msgspec.Raw], _seen: None) -> dict[str, msgspec.Raw]:
        """The record with what others say of it: an answer gets its request, a request the mark that it is answered."""
        name = bytes(record.get("custom_id", b"")).decode("utf-8", "replace")
        answer = any(key in record for key in _ANSWERS)
        if answer and not any(key in record for key in _REQUESTS) and name in self._asked:
            return record | {"params" if "result" in record else "body": self._asked[name]}
        if not answer and name in self._answered:
            return record | {"answered": msgspec.Raw(b"true")}
        return record


def open_reader(settings: IngestSettings) -> Reader:
    """A reader of one line per record: a request alone is no call, its answer is."""
    wanted = labels.finders(settings, pairs.KEYS)

    def read(record: bytes) -> Sequence[Row]:
        line = values.parse(record)
        if not isinstance(line, dict) or not isinstance(line.get("custom_id"), str):
            raise Unusable("no `custom_id`: not a line of a batch")
        request = next((line[key] for key in _REQUESTS if isinstance(line.get(key), dict)), None)
        if not any(key in line for key in _ANSWERS):
            if request is None:
                raise Unusable("a batch line with neither a request nor an answer")
            return ()
        result, response = obj(line.get("result")), obj(line.get("response"))
        answer = result.get("message") if result else response.get("body")
        whole = line | {"status_code": response.get("status_code"), "error": _error(line, result, response)}
        row = pairs.pair_row(whole, request, answer if pairs.is_answer(answer) else None, wanted)
        row.batch, row.logical_request_id = True, line["custom_id"]
        if result.get("type") in _CANCELLED:
            row.status, row.error_type, row.error_code = "error", "cancelled", text(result["type"])
        return (row,)

    return read


def _error(line: Mapping[str, Any], result: Mapping[str, Any], response: Mapping[str, Any]) -> Any:
    found = line.get("error") or obj(response.get("body")).get("error")
    return obj(result.get("error")).get("error", result.get("error")) if result else found


FORMAT = Format(
    name="batch",
    summary="Batch files of OpenAI and Anthropic: input, output and errors, joined by custom_id",
    fields=("custom_id", "body", "response", "error", "params", "result", "method", "url"),
    detects=detects,
    open=open_reader,
    join=BatchJoin,
)
