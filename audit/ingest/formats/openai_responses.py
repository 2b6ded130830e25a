"""Pairs of a request to OpenAI's Responses API and its response, under any wrapper that a team wrote.

A record is any object that holds, at most three levels deep, an object with `input` and `model`, and an object of type
`response`. Source: openai 3.54.0, `types/responses/response.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from audit.ingest.calls import pair_search, pairs
from audit.ingest.formats import Format
from audit.protocols import openai_responses


def detects(record: Mapping[str, Any]) -> str | None:
    """Why a record is such a pair."""
    if pair_search.protocol(record) is not openai_responses.PROTOCOL:
        return None
    return "holds a request with `input` and `model`, and a response with `output`"


FORMAT = Format(
    name="openai-responses",
    summary="OpenAI Responses API request and response pairs under any wrapper; errors too",
    fields=("request", "response", "input", "model", "output", "status_code", "latency_ms", "timestamp"),
    detects=detects,
    open=pairs.open_reader,
    any_wrapper=True,
)
