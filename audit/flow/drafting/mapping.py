"""The map of a log for a first configuration: guessed where the format is not known, and shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import wrap
from typing import Any

import polars as pl

from audit.core.artifacts import RunFolder
from audit.core.display import count, plural, terminal_safe, usd
from audit.core.errors import InputError
from audit.core.settings import FieldMap, IngestSettings, Settings
from audit.core.traffic import MODEL_COLUMNS, SPEND_COLUMNS, exact_sum
from audit.ingest.files.logs import log_pieces
from audit.ingest.files.source import Source, find_sources
from audit.ingest.propose_map import propose_map, unused_fields
from audit.ingest.run import IngestReport
from audit.ingest.sniff import sniff

PREVIEW = 5
"""Calls that are shown."""
WIDE = 110
"""Characters of a line."""
MOST = 28
"""Characters of a model's name that are shown."""
ASKED_FOR = ("started_at", "model", "response", "prompt_tokens", "completion_tokens", "cost_usd", "request_id")
"""What a map should have; without one of them something cannot be measured."""
UNITS = frozenset({"where", "each", "duration_unit", "counts", "cost_unit", "feedback"})
"""Keys of a map that are no field of a call."""
UNUSED = 40
"""Fields without a place in the map that are named."""
_COLUMNS = ("started_at", "status", "prompt_chars", "prompt_tokens", "completion_tokens")


@dataclass(frozen=True, slots=True)
class GuessedMap:
    """What was guessed of a log of no known format; empty where the format is known.

    Attributes:
        fields: As `ingest.map` takes it.
        unused: Paths of the log's fields that it says nothing of.
    """

    fields: Mapping[str, Any]
    unused: tuple[str, ...] = ()


def with_map(sources: Sequence[Path], settings: Settings) -> tuple[Settings, GuessedMap]:
    """The settings with a guessed `ingest.map`, and that map, where no file of the logs is of a known format and some
    field holds prompts, or models and amounts; else the settings as they are and an empty map.
    """
    if settings.ingest.map is not None or settings.ingest.format is not None:
        return settings, GuessedMap({})
    files = find_sources(sources)
    if not all(_is_foreign(source, settings.ingest) for source in files) or not (guessed := propose_map(files[0])):
        return settings, GuessedMap({})
    mapped = settings.ingest.model_copy(update={"map": FieldMap(**guessed)})
    return settings.model_copy(update={"ingest": mapped}), GuessedMap(guessed, unused_fields(files[0], guessed))


def _is_foreign(source: Source, settings: IngestSettings) -> bool:
    """Whether a file has records and is of no known format; what else is wrong with one is told where it is read."""
    try:
        sniff(next(log_pieces(source, settings)), settings)
    except InputError as error:
        return error.code == "ingest.unknown-format"
    return False


def preview_of(folder: RunFolder, report: IngestReport, guessed: GuessedMap) -> tuple[str, ...]:
    """Five calls and the totals under a guessed map, as lines without a word of a prompt; nothing without a map."""
    return tuple(_preview(folder, report, guessed)) if guessed.fields else ()


def _preview(folder: RunFolder, report: IngestReport, guessed: GuessedMap) -> Iterator[str]:
    first = (
        pl.scan_parquet(folder.traffic_files())
        .select(*_COLUMNS, model=pl.coalesce(*MODEL_COLUMNS), usd=pl.coalesce(*SPEND_COLUMNS))
        .head(PREVIEW)
        .collect()
    )
    yield "The format of this log is not known: its fields are guessed from their names and values. Look whether they"
    yield "are right, and correct what is wrong under `ingest.map`. The first calls, as they are read:"
    head = ("time (UTC)", "model", "prompt", "tokens in", "out", "cost", "status")
    shown = [head, *(_cells(row) for row in first.iter_rows(named=True))]
    wide = [max(len(line[at]) for line in shown) for at in range(len(head))]
    for line in shown:
        yield "  " + "  ".join(cell.ljust(width) for cell, width in zip(line, wide, strict=True)).rstrip()
    yield from _totals(folder, report)
    yield from _left_out(folder, guessed)


def _left_out(folder: RunFolder, guessed: GuessedMap) -> Iterator[str]:
    """Which keys of a map have no field, and which fields no key: where they meet, the guess is to be corrected."""
    missing = [name for name in ASKED_FOR if name not in guessed.fields]
    if missing:
        yield f"Not found in the log: {', '.join(missing)}."
    more = [name for name in FieldMap.model_fields if name not in {*guessed.fields, *missing, *UNITS}]
    if not {"messages", "prompt"}.isdisjoint(guessed.fields):
        more = [name for name in more if name not in ("messages", "prompt")]
    yield from wrap(f"Nor, of what the map can name besides: {', '.join(more)}.", WIDE)
    labels = pl.scan_parquet(folder.traffic_files()).select(pl.col("route_source", "tenant_source").cast(pl.String))
    named = {name for column in labels.unique().collect().iter_columns() for name in column.drop_nulls()}
    if unused := [terminal_safe(path) for path in guessed.unused if path not in named]:
        shown = [*unused[:UNUSED], *([f"{count(len(unused) - UNUSED)} more"] if len(unused) > UNUSED else [])]
        yield from wrap(f"Fields of the log that the map does not use: {', '.join(shown)}.", WIDE)


def _totals(folder: RunFolder, report: IngestReport) -> Iterator[str]:
    """What the whole log comes to, so that a wrong field or unit is seen."""
    rows = pl.scan_parquet(folder.traffic_files()).select(pl.col("prompt_tokens", "completion_tokens").sum()).collect()
    read, written = (int(rows[name][0] or 0) for name in ("prompt_tokens", "completion_tokens"))
    spent = usd(exact_sum(report.spend_usd.values())) if report.spend_usd else "no cost known"
    yield f"All of it: {plural(report.requests, 'request')}, {spent}, {count(read)} tokens in, {count(written)} out;"
    yield (
        f"{count(report.failures)} failed, {count(report.unknown)} of unknown outcome, {count(report.rejected)} "
        f"unreadable, {count(report.not_calls)} no calls, {count(report.not_priced)} without a known cost."
    )
    if unread := sum(n for word, n in report.warnings.items() if word.startswith("unreadable")):
        yield f"Values of mapped fields that could not be read: {count(unread)}."


def _cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    """A call in a line: figures and names, never its text."""
    at, model = row["started_at"], terminal_safe(row["model"] or "–")
    counts = ("–" if row[name] is None else count(row[name]) for name in ("prompt_tokens", "completion_tokens"))
    return (
        f"{at:%Y-%m-%d %H:%M:%S}" if at is not None else "–",
        model if len(model) <= MOST else model[: MOST - 1] + "…",
        f"{count(row['prompt_chars'])} characters",
        *counts,
        "–" if row["usd"] is None else usd(row["usd"]),
        str(row["status"]),
    )
