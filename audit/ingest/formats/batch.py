"""OpenAI's and Anthropic's batch files: input, output and error lines, joined by `custom_id`, in whatever files.

OpenAI: `{custom_id, method, url, body}` in, `{id, custom_id, response: {status_code, body}, error}` out. Anthropic:
`{custom_id, params}` in, `{custom_id, result: {type, message | error}}` out. A line that has both is read as it is.
Source: platform.openai.com/docs/guides/batch and docs.anthropic.com, "Message Batches", read 2026-11-23.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from audit.core.doubts import Doubt
from audit.core.settings import IngestSettings
from audit.ingest import labels, values
from audit.ingest.calls import pairs
from audit.ingest.calls.answers import is_answer
from audit.ingest.calls.pair_search import HeldPair
from audit.ingest.formats import Format, Reader
from audit.ingest.join_notes import JoinNotes
from audit.ingest.row import Row, Unusable
from audit.ingest.values import obj, text

_REQUESTS = ("body", "params")
_ANSWERS = ("response", "result", "error")
_CANCELLED = frozenset({"canceled", "expired"})
_ENDS = re.compile(
    r"[^a-z0-9]*(?<![a-z])(?:input|output|request|response|result|answer|error)s?(?![a-z])"
    r"|(?:\.(?:jsonl?|ndjson|gz|zstd?|bz2|xz))+$"
)
_Asked = tuple[str, msgspec.Raw]
"""A request with what names its batch."""


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
    """Requests by `custom_id`, for the answers in other files; and which requests have an answer.

    A `custom_id` is one request's within its batch alone. Where several requests have it, an answer's is the one of its
    own batch: in the same folder, in a file whose name differs in `input` and `output` only. Else it has none: a
    wrong prompt is worse than no prompt.
    """

    def __init__(self) -> None:
        self._asked = JoinNotes()
        self._answered = JoinNotes()

    def see(self, record: Mapping[str, msgspec.Raw], file: str) -> None:
        """Take a record into account."""
        if "custom_id" not in record:
            return
        name = _name(record)
        if any(key in record for key in _ANSWERS):
            self._answered.note(name)
        for key in _REQUESTS:
            if key in record:
                self._asked.note(name, (_batch_of(file), record[key]))

    def join(self, record: dict[str, msgspec.Raw], file: str, _seen: None) -> dict[str, msgspec.Raw]:
        """The record with what others say of it: an answer gets its request, a request the mark that it is answered."""
        if "custom_id" not in record:
            return record
        name = _name(record)
        answer = any(key in record for key in _ANSWERS)
        if answer and not any(key in record for key in _REQUESTS):
            return record | self._request_of(name, _batch_of(file), "params" if "result" in record else "body")
        if not answer and name in self._answered:
            return record | {"answered": msgspec.Raw(b"true")}
        return record

    def _request_of(self, name: str, batch: str, field: str) -> dict[str, msgspec.Raw]:
        """The request under the field where a line has it, or the mark that it cannot be told which one it is."""
        asked = [msgspec.json.decode(told, type=_Asked) for told in self._asked.of(name)]
        requests = {bytes(request) for _, request in asked}
        if len(requests) > 1:
            requests = {bytes(request) for of, request in asked if of == batch}
        if len(requests) == 1:
            return {field: msgspec.Raw(requests.pop())}
        return {"ambiguous": msgspec.Raw(b"true")} if asked else {}


def _name(record: Mapping[str, msgspec.Raw]) -> str:
    return bytes(record.get("custom_id", b"")).decode("utf-8", "replace")


def _batch_of(file: str) -> str:
    """What the files of one batch have in common: their path without the words for its ends, and without suffixes."""
    return _ENDS.sub("", file.lower())


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
        row = pairs.pair_row(HeldPair(request, answer if is_answer(answer) else None, (whole,)), wanted)
        row.batch = True
        # The next batch has the same names for other requests.
        row.logical_request_id = f"{line['custom_id']} {row.request_fp}" if row.request_fp else line["custom_id"]
        if line.get("ambiguous"):
            row.ingest_warnings = (*row.ingest_warnings, Doubt.NAMED_ALIKE)
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
