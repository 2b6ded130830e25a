"""What a route's requests should be answered, for whoever learns from it: as logged, or as its references say."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache, partial
from typing import Any

import polars as pl

from audit.core.artifacts import RunFolder
from audit.core.exchange import Request
from audit.core.personal import is_masked
from audit.core.settings import Settings
from audit.embeddings import embedder_of
from audit.scoring.context import Context
from audit.scoring.criteria import build_criteria, parts_read
from audit.scoring.expected.references import load_references
from audit.scoring.inputs import logged_items


def wanted_answers(
    folder: RunFolder, settings: Settings, rows: pl.DataFrame, route: str
) -> Iterator[tuple[Request, str | None]]:
    """Each request with the answer to learn, in the order of the rows.

    Args:
        folder: With traffic and bodies.
        settings: With the route's criteria.
        rows: exchange_id, route, request_fp and cost_usd of the exchanges; no others are read.
        route: Theirs.

    Special cases:
        None where the log answers with calls, or where it answers with no text, was cut or refused, and no reference
        is a text or an object; and where the log holds the last message or the answer masked: whoever is served says
        and hears the text itself.

    Raises:
        InputError: The references cannot be read.
    """
    entry = settings.route(route)
    if entry is None or rows.is_empty():
        return
    embedder = cache(partial(embedder_of, settings))
    criteria = build_criteria(entry.criteria, settings.directory, embedder=embedder, confirmed=entry.confirmed)
    compares = "reference" in parts_read(criteria)
    references = load_references(settings.references, settings.directory).values if compares else {}
    for item in logged_items(folder, rows, references, {"request"}):
        request, wanted = item.context.request, _wanted(item.context)
        masked = wanted is not None and (is_masked(wanted) or is_masked(request.last_user))
        yield request, None if masked else wanted


def _wanted(context: Context) -> str | None:
    said = context.completion
    # A reference to calls is no text that could be answered in their place.
    if said.tool_calls:
        return None
    if (right := _written(context.reference)) is not None:
        return right
    whole = said.text and not said.refusal and said.finish_reason in ("stop", "unknown")
    return said.text if whole else None


def _written(reference: Any) -> str | None:
    """A reference as an answer; None where it is none, or several."""
    if isinstance(reference, str):
        return reference
    if isinstance(reference, dict) or type(reference) in (int, float):
        return json.dumps(reference, ensure_ascii=False)
    return None
