"""Which format a log is in, and why: told from its first record that is an object."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from audit.core.errors import InputError, Place
from audit.core.settings import IngestSettings
from audit.ingest.formats import FORMATS
from audit.ingest.row import Unusable
from audit.ingest.source import Piece
from audit.ingest.values import parse

SNIFFED_RECORDS = 20
"""Records looked at before giving up: the first one may be broken, or a header of some kind."""


@dataclass(frozen=True, slots=True)
class Sniffed:
    """A format's name, and why it was chosen."""

    name: str
    reason: str

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
    if settings.map is not None:
        return Sniffed("generic", "its fields are mapped by ingest.map")
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
        for name in FORMATS:
            reason = FORMATS.get(name).detects(value)
            if reason:
                return Sniffed(name, reason)
        unmatched = value if unmatched is None else unmatched
    if unmatched is None:
        raise InputError(
            f"no record among the first {SNIFFED_RECORDS} can be read: {problem}",
            code="ingest.not-json",
            place=Place(file=str(piece.source.path), line=row),
            hint="export as JSONL, one request per line",
        )
    raise _unknown(piece, unmatched)


def _unknown(piece: Piece, record: Mapping[str, Any]) -> InputError:
    fields = sorted(str(key) for key in record)
    near = max(FORMATS, key=lambda name: len(set(FORMATS.get(name).fields) & set(fields)))
    shared = sorted(set(FORMATS.get(near).fields) & set(fields))
    notes = [f"fields seen: {', '.join(fields[:20])}{', ...' if len(fields) > 20 else ''}"]
    if shared:
        notes.append(f"nearest format: {near}, which shares {', '.join(shared)}")
    notes.append(f"known formats: {', '.join(FORMATS)}")
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
