"""Pairs of a request to Anthropic's Messages API and its answer, under any wrapper that a team wrote.

A record is any object that holds, at most three levels deep, an object with `messages` and `model`, and an object of
type `message` or the list of a stream's events. Source: anthropic 2.12.0, `types/message.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from audit.ingest.calls import pair_search, pairs
from audit.ingest.formats import Format
from audit.protocols import anthropic_messages


def detects(record: Mapping[str, Any]) -> str | None:
    """Why a record is such a pair."""
    if pair_search.protocol(record) is not anthropic_messages.PROTOCOL:
        return None
    return "holds a request with `messages` and `model`, and a message of Anthropic's API"


FORMAT = Format(
    name="anthropic",
    summary="Anthropic Messages API request and response pairs under any wrapper; streams as event lists; errors too",
    fields=("request", "response", "messages", "model", "system", "max_tokens", "status_code", "latency_ms"),
    detects=detects,
    open=pairs.open_reader,
    any_wrapper=True,
)
