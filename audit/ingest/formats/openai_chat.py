"""Pairs of a request and its response, under any wrapper that a team wrote: of OpenAI's chat API, and of every protocol
that has no format of its own.

A record is any object that holds, at most three levels deep, an object with `messages` and `model`; the response is an
object with `choices`, or the list of chunks of a stream. Source: openai 3.54.0, `types/chat/chat_completion.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from audit.ingest.calls import pair_search, pairs
from audit.ingest.formats import Format
from audit.protocols import anthropic_messages, openai_chat, openai_responses


def detects(record: Mapping[str, Any]) -> str | None:
    """Why a record is such a pair."""
    found = pair_search.protocol(record)
    if found is None or found in (anthropic_messages.PROTOCOL, openai_responses.PROTOCOL):
        return None
    if found is openai_chat.PROTOCOL:
        return "holds a request with `messages` and `model`, and a response with `choices`"
    return f"holds a request and a response of {found.shape.api}"


FORMAT = Format(
    name="openai-chat",
    summary="OpenAI chat request and response pairs under any wrapper; also Cohere's, Gemini's, Converse's; streams",
    fields=("request", "response", "messages", "model", "choices", "status_code", "latency_ms", "timestamp"),
    detects=detects,
    open=pairs.open_reader,
    any_wrapper=True,
)
