"""How the store that a log was kept in writes its records, told from the first of a file: each is put back as it was.

A warehouse or a database has its own way with objects: a table keeps them as JSON text in a cell, Snowflake and Oracle
write names in capitals, DynamoDB writes the type of each value beside it, a spreadsheet of a European country writes
decimal commas. None of that is of a log's format, and no format need know of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from audit.core.errors import InputError
from audit.core.settings import IngestSettings
from audit.ingest.files.cells import refuse_unreadable, value_in
from audit.ingest.files.text_files import whole
from audit.ingest.files.typed_values import Typing, typing_of
from audit.ingest.foreign import recognised
from audit.protocols.recognition import protocol_of_answer, protocol_of_request

_FIELDS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_TEXT = msgspec.json.Decoder(str)
_SAID = frozenset({
    "answer", "completion", "content", "generation", "input", "inputs", "instructions", "message", "messages", "output",
    "outputs", "prompt", "query", "question", "reply", "request", "request_body", "response", "response_body", "result",
    "system", "system_prompt", "text", "tool_input", "tool_output",
})  # fmt: skip
"""Columns of what people and models say: JSON in their texts may be what was said. Only what is a body, or a list of
messages, is taken for one."""
_FLAGS = frozenset({"stream", "streaming", "streamed", "is_stream", "is_streaming", "cache_hit", "is_cache_hit"})
_FLAG_WORDS = {
    **dict.fromkeys(("true", "t", "1", "yes", "wahr", "vrai", "verdadero", "vero"), msgspec.Raw(b"true")),
    **dict.fromkeys(("false", "f", "0", "no", "falsch", "faux", "falso"), msgspec.Raw(b"false")),
}
"""What tables and spreadsheets write for true and false."""
_HUMPED = {
    name.lower(): name
    for name in (
        *("startTime", "endTime", "completionStartTime", "requestId", "sessionId", "userId", "traceId", "modelId"),
        *("parentObservationId", "promptName", "promptVersion", "modelParameters", "usageDetails", "costDetails"),
        *("statusMessage", "traceName", "providedModelName", "totalCost", "latencyMs", "createdAt", "statusCode"),
        *("schemaType", "schemaVersion", "inferenceRegion", "requestMetadata"),
    )
}
"""Names of formats that capitals hide, by what they are in small letters."""
_HELD = (b"{", b"[", b"\\")
"""How a text begins that may hold an object: the last is the mark before a quotation mark, of JSON in a text."""
_DECIMAL_COMMA = re.compile(rb'"(-?\d{1,15}),(\d{1,20}(?:[eE][+-]?\d+)?)"')
_SURELY_DECIMAL = re.compile(rb'"-?(?:0,\d+|\d+,(?:\d{1,2}|\d{4,}))"')
_DECIMAL_POINT = re.compile(rb'"-?\d+\.\d+"')
_COUNTED = re.compile(
    rb'"(index|created|n|seed|temperature|top_[pk]|top_logprobs|max_(?:output_|completion_)?tokens|latency_ms|status_code|'
    rb'(?:prompt|completion|input|output|total|cached|reasoning)_tokens)": ?"(-?(?:0|[1-9]\d{0,17}))"'
)
"""Whole numbers of requests, answers and streams that BigQuery writes as texts.

Source: https://cloud.google.com/bigquery/docs/exporting-data, on INT64 in JSON
"""
_DEEPEST = 50
"""Objects and lists within one another that are looked into for whole numbers."""


@dataclass(frozen=True, slots=True)
class Store:
    """What a store did to the records of a file.

    Attributes:
        named: Columns that the settings name: they keep their names.
        mapped: Columns that `ingest.map` names: JSON in their texts is read there.
        said: Of these, those of what people and models say: they stay as they are.
        bodies: Columns of what people and models say in which bodies are written otherwise than as JSON.
        capitals: Names are in capitals.
        cells: Objects and lists are JSON in texts, and flags are words.
        decimal_comma: Numbers are texts with a comma before their decimals.
        typed: How values are written with their types, as by DynamoDB; None where they are not.
        counted: Whole numbers are texts, as from BigQuery.
    """

    named: frozenset[str] = frozenset()
    mapped: frozenset[str] = frozenset()
    said: frozenset[str] = frozenset()
    bodies: frozenset[str] = frozenset()
    capitals: bool = False
    cells: bool = False
    decimal_comma: bool = False
    typed: Typing | None = None
    counted: bool = False

    def undone(self, record: bytes) -> bytes:
        """A record as it was before it was stored; what is no object stays as it is."""
        if self.counted:
            record = _COUNTED.sub(rb'"\1":\2', record)
        try:
            if self.typed:
                record = msgspec.json.encode(self.typed.untyped(msgspec.json.decode(record), self._cells))
            if not (self.capitals or self.cells):
                return record
            fields = _FIELDS.decode(record)
            return msgspec.json.encode(
                {(own := self._name(name)): self._value(own, value) for name, value in fields.items()}
            )
        except (ValueError, RecursionError):
            return record

    def _cells(self, item: Mapping[str, Any]) -> Mapping[str, Any]:
        """An item of a typed store, whose texts are the cells of a table."""
        own = replace(self, cells=True)
        return {
            name: own._value(name, msgspec.Raw(msgspec.json.encode(one))) if isinstance(one, str) else one
            for name, one in item.items()
        }

    def _name(self, name: str) -> str:
        if not self.capitals or name in self.named:
            return name
        return _HUMPED.get(name.lower(), name.lower())

    def _value(self, name: str, value: msgspec.Raw) -> msgspec.Raw:
        begin = bytes(memoryview(value)[:2])
        if not self.cells or begin[:1] != b'"':
            return value
        if begin[1:] in _HELD:
            spoken = name in _SAID or name in self.said
            value = value if spoken and name not in self.bodies else _packed(value)
            return value if name in self.said or name in self.mapped else _opened(name, value)
        if name in self.said:
            return value
        if name in _FLAGS:
            return _FLAG_WORDS.get(_TEXT.decode(value).lower(), value)
        if self.decimal_comma and name not in _SAID and (found := _DECIMAL_COMMA.fullmatch(value)):
            return msgspec.Raw(b'"%s.%s"' % found.groups())
        return value


def _packed(value: msgspec.Raw) -> msgspec.Raw:
    """A text of JSON for one that holds the same in another writing; any other text as it is."""
    text = _TEXT.decode(value)
    data = text.encode("utf-8", "replace")
    if data.rstrip()[-1:] in (b"}", b"]") and whole(data):
        return value
    held = value_in(text)
    return value if held is None else msgspec.Raw(msgspec.json.encode(msgspec.json.encode(held).decode()))


def _opened(name: str, value: msgspec.Raw) -> msgspec.Raw:
    """The object or list that a text holds, byte for byte; the text where it holds none, or what was said."""
    data = _TEXT.decode(value).encode("utf-8", "replace")
    if data.rstrip()[-1:] not in (b"}", b"]") or not whole(data):
        return value
    if name in _SAID and not _is_body(msgspec.json.decode(data)):
        return value
    return msgspec.Raw(data)


def _is_body(value: Any) -> bool:
    """Whether a value is a request, an answer, or messages."""
    if isinstance(value, list):
        return bool(value) and all(isinstance(one, dict) and "role" in one for one in value)
    return bool(protocol_of_request(value) or protocol_of_answer(value))


def store_of(records: Iterable[bytes], settings: IngestSettings, *, table: bool) -> Store | None:
    """What a store did to the first records of a file; None for nothing, as with a log that was written as lines.

    Args:
        records: As they were written.
        settings: What a person names in them stays under that name.
        table: They are rows of CSV or Parquet.

    Raises:
        InputError: The file holds columns in place of records, or a column of objects that cannot be read back.
    """
    seen = [record for record in records if record[:1] == b"{"]
    values = [value for record in seen if (value := _decoded(record)) is not None]
    if not values:
        return None
    if len(seen) == 1 and _is_columns(values[0]):
        raise InputError(
            "this is a table written column by column, which audit does not read",
            code="ingest.not-json",
            hint='write it row by row: pandas does with `to_json(path, orient="records", lines=True)`',
        )
    if table:
        refuse_unreadable(values, _said(settings))
    names = {name for value in values for name in value}
    capitals = len(names) > 1 and all(name == name.upper() != name.lower() for name in names)
    capitals = capitals and recognised(names) is None  # some tools have such names of their own
    cells = table or any(map(_keeps_texts, values))
    typed = typing_of(values)
    all_ = b"\n".join(seen)
    counted = not table and _COUNTED.search(all_) is not None and not any(map(_holds_integers, values))
    if not (capitals or cells or typed or counted):
        return None
    comma = table and _SURELY_DECIMAL.search(all_) is not None and not _DECIMAL_POINT.search(all_)
    return Store(
        named=_named(settings),
        mapped=_mapped(settings),
        said=_said(settings),
        bodies=_bodies(values, _SAID | _said(settings)) if cells else frozenset(),
        capitals=capitals,
        cells=cells,
        decimal_comma=comma,
        typed=typed,
        counted=counted,
    )


def _is_columns(value: Mapping[str, Any]) -> bool:
    """Whether an object holds columns, as `DataFrame.to_json` writes them where it is not told otherwise, or split."""
    if value.keys() == {"columns", "index", "data"}:
        return True
    columns = list(value.values())
    if len(columns) < 2 or not all(isinstance(one, dict) and len(one) > 1 for one in columns):
        return False
    rows = columns[0].keys()
    return all(one.keys() == rows for one in columns) and all(row.isdecimal() for row in rows)


def _holds_integers(value: Any, depth: int = _DEEPEST) -> bool:
    """Whether a whole number stands anywhere in a value, or might, as in one that is nested deeply.

    BigQuery writes none: where one is, a text of digits is a text, such as what a tool was given.
    """
    if not depth:
        return True
    if isinstance(value, dict | list):
        held = value.values() if isinstance(value, dict) else value
        return any(_holds_integers(one, depth - 1) for one in held)
    return type(value) is int


def _decoded(record: bytes) -> dict[str, Any] | None:
    try:
        value = msgspec.json.decode(record)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _keeps_texts(record: Mapping[str, Any]) -> bool:
    """Whether a line has its objects as JSON in texts, which no format does that has such fields."""
    held = {name.lower() for name, value in record.items() if _is_packed(value)}
    return "metadata" in held and not held.isdisjoint(("request", "hidden_params", "model_map_information"))


def _is_packed(value: Any) -> bool:
    return isinstance(value, str) and value.startswith("{") and whole(value.encode("utf-8", "replace"))


def _named(settings: IngestSettings) -> frozenset[str]:
    """The columns that the settings name, as they are written there."""
    labels = (settings.route, settings.tenant, settings.environment, settings.region, settings.session)
    return _columns((*labels, settings.end_user)) | _mapped(settings)


def _mapped(settings: IngestSettings) -> frozenset[str]:
    """The columns that `ingest.map` names, whose paths go through JSON in texts."""
    fields = settings.map
    if fields is None:
        return frozenset()
    paths = (value for value in dict(fields).values() if isinstance(value, str))
    return _columns((*paths, *fields.where, *fields.feedback.values()))


def _said(settings: IngestSettings) -> frozenset[str]:
    """The columns in which the map has texts, of which JSON, a number or a word may be all that was said."""
    fields = settings.map
    return frozenset() if fields is None else _columns((fields.messages, fields.prompt, fields.system, fields.response))


def _bodies(values: Iterable[Mapping[str, Any]], said: frozenset[str]) -> frozenset[str]:
    """Of the columns of what was said, those in which a body is written otherwise than as JSON."""
    return frozenset(
        written
        for value in values
        for name, cell in value.items()
        for written in (name, name.lower())  # as it is called once capitals are undone
        if name.lower() in said and isinstance(cell, str) and _is_body(value_in(cell))
    )


def _columns(paths: Iterable[str | None]) -> frozenset[str]:
    ways = [way.strip() for path in paths for way in (path or "").split("|") if way.strip()]
    return frozenset(ways) | {way.partition(".")[0] for way in ways}
