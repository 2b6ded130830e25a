"""Which format a log is in, and why: told from its first record that is an object."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from audit.core.errors import InputError, Place
from audit.core.settings import IngestSettings
from audit.ingest.calls.mapping import told_by
from audit.ingest.files.shippers import Path, abridged, find
from audit.ingest.files.shippers import named as path_name
from audit.ingest.files.source import HEAD_BYTES, Piece
from audit.ingest.foreign import recognised
from audit.ingest.formats import FORMATS
from audit.ingest.row import Unusable
from audit.ingest.values import parse, walk

SNIFFED_RECORDS = 1000
"""Records looked at before giving up: the first ones may be broken, a header, or other lines of the same program."""


@dataclass(frozen=True, slots=True)
class Sniffed:
    """A format's name, why it was chosen, and the path to its records where they lie within others."""

    name: str
    reason: str
    within: Path = ()

    def __str__(self) -> str:
        return f"{self.name}: {self.reason}"


def sniff(piece: Piece, settings: IngestSettings) -> Sniffed:
    """The format of a source, from its first piece.

    Raises:
        InputError: None fits; the message names the fields seen and the way to map them.
        UnknownName: `ingest.format` names no format.
    """
    recognised_as = recognition(settings)
    unmatched: Mapping[str, Any] | None = None
    problem, row = "not a JSON object", piece.first_row
    for number, record in piece.records():
        if number - piece.first_row >= SNIFFED_RECORDS:
            break
        try:
            value = parse(record if len(record) < HEAD_BYTES else abridged(record))
        except Unusable as error:
            problem, row = str(error), number
            continue
        if not isinstance(value, dict):
            problem, row = "not a JSON object", number
            continue
        if (sniffed := recognised_as(value)) is not None:
            own_words = settings.format or settings.map or not FORMATS.get(sniffed.name).any_wrapper
            return sniffed if own_words else _parts_among(piece, recognised_as) or sniffed
        unmatched = value if unmatched is None else unmatched
    if (named := settings.format or ("generic" if settings.map else None)) is not None and unmatched is not None:
        return Sniffed(named, _NAMED if settings.format else _MAPPED)
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


def _parts_among(piece: Piece, recognised_as: Callable[[Mapping[str, Any]], Sniffed | None]) -> Sniffed | None:
    """The format of records that are parts of one call, where some are among the first of a log: its first may be a
    stream of one event, which is whole."""
    for _, record in islice(piece.records(), _LOOKED_AT):
        try:
            value = parse(record if len(record) < HEAD_BYTES else abridged(record))
        except Unusable:
            continue
        sniffed = recognised_as(value) if isinstance(value, dict) else None
        if sniffed is not None and FORMATS.get(sniffed.name).any_wrapper and FORMATS.get(sniffed.name).join:
            return sniffed
    return None


_LOOKED_AT = 20
_NAMED, _MAPPED = "named by ingest.format", "its fields are mapped by ingest.map"


def recognition(settings: IngestSettings) -> Callable[[Mapping[str, Any]], Sniffed | None]:
    """What tells the format of a record, and where in it the log's own records lie.

    Raises:
        UnknownName: `ingest.format` names no format.
    """
    named = settings.format
    if named is not None and named != "generic":
        detects = FORMATS.get(named).detects
        return lambda value: _placed(value, lambda one: Sniffed(named, _NAMED) if detects(one) else None)
    if settings.map is not None:
        names = ("each",) if settings.map.each else told_by(settings.map)
        asked = [path for name in names for path in (getattr(settings.map, name) or "").split("|") if path]
        mapped = Sniffed("generic", _NAMED if named else _MAPPED)
        return lambda value: _placed(
            value, lambda one: mapped if any(walk(one, path.strip()) is not None for path in asked) else None
        )
    return _recognised


def _recognised(value: Mapping[str, Any]) -> Sniffed | None:
    """The format of a record, or of those within it.

    One that reads bodies under any wrapper would read those of a record within, and nothing else that it says.
    """
    named = _told(value, any_wrapper=False)
    if named is not None and (field := FORMATS.get(named.name).carries) in value:
        lines = {str(field): value[str(field)]}
        named = _held(lines, _of_a_line) or _held(lines, _of_any_wrapper) or named
    foreign = recognised(value.keys()) if named is None else None
    if foreign is not None and not foreign.envelope:
        return _of_any_wrapper(value)  # what another tool made of calls is no log of them
    return named or _held(value, _of_a_name) or _placed(value, _of_any_wrapper)


def _of_a_name(record: Mapping[str, Any]) -> Sniffed | None:
    return _told(record, any_wrapper=False)


def _of_a_line(record: Mapping[str, Any]) -> Sniffed | None:
    """The format of what a line holds: no format that holds lines, whose parts would be told for it."""
    found = _told(record, any_wrapper=False)
    return None if found is None or FORMATS.get(found.name).carries else found


def _of_any_wrapper(record: Mapping[str, Any]) -> Sniffed | None:
    return _told(record, any_wrapper=True)


def _placed(value: Mapping[str, Any], told: Callable[[Mapping[str, Any]], Sniffed | None]) -> Sniffed | None:
    """The format of a record itself, else of those within it."""
    return told(value) or _held(value, told)


def _held(value: Mapping[str, Any], told: Callable[[Mapping[str, Any]], Sniffed | None]) -> Sniffed | None:
    """The format of the records within another, with the path to them."""
    if (found := find(value, told)) is None:
        return None
    path, sniffed = found
    return Sniffed(sniffed.name, f"`{path_name(path)}` holds records, and the first {sniffed.reason}", path)


def _told(record: Mapping[str, Any], *, any_wrapper: bool) -> Sniffed | None:
    for name in (*FORMATS.installed(), *FORMATS.names):  # a format that somebody installed is more specific than ours
        format_ = FORMATS.get(name)
        if format_.any_wrapper is any_wrapper and (reason := format_.detects(record)):
            return Sniffed(name, reason)
    return None


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
            "started_at: time, prompt_tokens: usage.input, completion_tokens: usage.output, cost_usd: cost}}; "
            "`audit init LOGS` proposes them, of a log without prompts too"
        ),
    )
