"""Which format a log is in, and why: told from its first record that is an object."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from audit.core.errors import InputError, Place
from audit.core.settings import FieldMap, IngestSettings
from audit.ingest.foreign import recognised
from audit.ingest.formats import FORMATS
from audit.ingest.row import Unusable
from audit.ingest.source import Piece
from audit.ingest.values import parse, walk

SNIFFED_RECORDS = 20
"""Records looked at before giving up: the first one may be broken, or a header of some kind."""


@dataclass(frozen=True, slots=True)
class Sniffed:
    """A format's name, why it was chosen, and the field that holds the list of its records, where an export has one."""

    name: str
    reason: str
    within: str | None = None

    def __str__(self) -> str:
        return f"{self.name}: {self.reason}"


def sniff(piece: Piece, settings: IngestSettings) -> Sniffed:
    """The format of a source, from its first piece.

    Raises:
        InputError: None fits; the message names the fields seen and the way to map them.
        UnknownName: `ingest.format` names no format.
    """
    if settings.format is not None:
        FORMATS.get(settings.format)
        return Sniffed(settings.format, "named by ingest.format")
    unmatched: Mapping[str, Any] | None = None
    problem, row = "not a JSON object", piece.first_row
    for number, record in piece.records():
        if number - piece.first_row >= SNIFFED_RECORDS:
            break
        try:
            value = parse(record)
        except Unusable as error:
            problem, row = str(error), number
            continue
        if not isinstance(value, dict):
            problem, row = "not a JSON object", number
            continue
        if settings.map is not None:
            return _mapped(value, settings.map)
        if (sniffed := _told(value) or _wrapped(value)) is not None:
            return sniffed
        unmatched = value if unmatched is None else unmatched
    if unmatched is None and next(iter(piece.records()), None) is None:
        raise InputError(
            f"{piece.source.path} holds no record",
            code="ingest.empty",
            place=Place(file=str(piece.source.path), line=row),
            hint="check the export that wrote it",
        )
    if unmatched is None:
        raise InputError(
            f"no record among the first {SNIFFED_RECORDS} can be read: {problem}",
            code="ingest.not-json",
            place=Place(file=str(piece.source.path), line=row),
            hint="export as JSONL, one request per line",
        )
    raise _unknown(piece, unmatched)


def _told(record: Mapping[str, Any]) -> Sniffed | None:
    for name in (*FORMATS.installed(), *FORMATS.names):  # a format that somebody installed is more specific than ours
        reason = FORMATS.get(name).detects(record)
        if reason:
            return Sniffed(name, reason)
    return None


def _wrapped(record: Mapping[str, Any]) -> Sniffed | None:
    """The format of the records in the first list of an object that has one of a known format."""
    for field, items in record.items():
        if isinstance(items, list) and items and isinstance(items[0], dict) and (sniffed := _told(items[0])):
            return Sniffed(sniffed.name, f"`{field}` holds records, and the first {sniffed.reason}", field)
    return None


def _mapped(record: Mapping[str, Any], paths: FieldMap) -> Sniffed:
    """The generic format; its records may lie in a list too, where the mapped prompt is not in the object itself."""
    asked = [path for path in (paths.messages, paths.prompt) if path]
    if all(walk(record, path) is None for path in asked):
        for field, items in record.items():
            if isinstance(items, list) and items and any(walk(items[0], path) is not None for path in asked):
                return Sniffed("generic", f"its fields are mapped by ingest.map, in the list `{field}`", field)
    return Sniffed("generic", "its fields are mapped by ingest.map")


def _unknown(piece: Piece, record: Mapping[str, Any]) -> InputError:
    fields = sorted(str(key) for key in record)
    near = max(FORMATS, key=lambda name: len(set(FORMATS.get(name).fields) & set(fields)))
    shared = sorted(set(FORMATS.get(near).fields) & set(fields))
    notes = [f"fields seen: {', '.join(fields[:20])}{', ...' if len(fields) > 20 else ''}"]
    if shared:
        notes.append(f"nearest format: {near}, which shares {', '.join(shared)}")
    notes.append(f"known formats: {', '.join(FORMATS)}")
    if (foreign := recognised(fields)) is not None:
        return InputError(
            f"this looks like {foreign.tool}, which audit does not read",
            code="ingest.unknown-format",
            place=Place(file=str(piece.source.path), line=piece.first_row),
            notes=notes,
            hint=foreign.hint,
        )
    return InputError(
        "the format of this log is not known",
        code="ingest.unknown-format",
        place=Place(file=str(piece.source.path), line=piece.first_row),
        notes=notes,
        hint=(
            "say in audit.yaml where its values are, as dotted paths: "
            "ingest: {map: {messages: request.messages, response: response.text, model: request.model, "
            "started_at: time, prompt_tokens: usage.input, completion_tokens: usage.output, cost_usd: cost}}"
        ),
    )
