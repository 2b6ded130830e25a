"""Pairs of an OpenAI chat request and its response, under any wrapper that a team wrote.

A record is any object that holds, at most three levels deep, an object with `messages` and `model`; the response is an
object with `choices`, or the list of chunks of a stream. Source: openai 3.54.0, `types/chat/chat_completion.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from audit.ingest import pairs
from audit.ingest.formats import Format
from audit.protocols import openai_chat


def detects(record: Mapping[str, Any]) -> str | None:
    """Why a record is such a pair."""
    if pairs.protocol(record) is not openai_chat.PROTOCOL:
        return None
    return "holds a request with `messages` and `model`, and a response with `choices`"


FORMAT = Format(
    name="openai-chat",
    summary="OpenAI chat request and response pairs under any wrapper; streams as chunk lists; errors too",
    fields=("request", "response", "messages", "model", "choices", "status_code", "latency_ms", "timestamp"),
    detects=detects,
    open=pairs.open_reader,
)
