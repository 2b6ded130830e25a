"""Bodies out of what a log keeps in their place: text, lines, lists of events. Ollama's become the chat API's."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from audit.ingest.values import SORTED, obj, parse, repaired, unpacked
from audit.protocols import ollama
from audit.protocols.protocol import Protocol
from audit.protocols.recognition import protocol_of_answer
from audit.protocols.recorded import unwrapped
from audit.protocols.reply import usage_in
from audit.protocols.sse import DONE


def out_of_text(value: Any) -> Any:
    """A body, or the events of a stream, out of the text or the list that a log keeps it in; else the value."""
    if value is None:
        return None
    return ollama.answer_from(unwrapped(unpacked(value)) if isinstance(value, str | list) else value)


def answer_within(value: Any) -> tuple[Any, Protocol | None]:
    """As `out_of_text`, also of a stream that an object holds in a field, as `{"streamed_data": [...]}`.

    Returns:
        What was found, and the protocol that it is written in; None for what is no answer.
    """
    answer = out_of_text(value)
    protocol = protocol_of_answer(answer)
    if protocol is not None or not isinstance(answer, dict):
        return answer, protocol
    held = (out_of_text(field) for field in answer.values() if isinstance(field, str | list))
    streams = ((found, protocol_of_answer(found)) for found in held if isinstance(found, list))
    return next(((found, spoken) for found, spoken in streams if spoken is not None), (answer, None))


def stands_alone(answer: Any) -> bool:
    """Whether an answer is one without its request: whole, and with its tokens. An event of a stream is none."""
    body = obj(answer)
    begun = body.get("type") == "message" and body.get("stop_reason") is None
    return bool(usage_in(body)) and not begun and not str(body.get("object")).endswith(".chunk")


def request_beside(request: Mapping[str, Any], answer: Any) -> Mapping[str, Any]:
    """The request of an answer that `answer_within` gave: one to Ollama as one to the chat API, others as they are."""
    body = answer[0] if isinstance(answer, list) and answer else answer
    return ollama.request_from(request) if request and obj(body).get("object") == ollama.OBJECT else request


def put_together(events: Sequence[Any], protocol: Protocol) -> tuple[dict[str, Any], bool]:
    """The body that the call would have without its stream, and whether that was cut.

    It was cut where neither the vendor's last event nor a word that the stream is over is there.
    """
    made = protocol.stream_from(events)
    body = made.body
    try:
        SORTED.encode(body)
    except ValueError:  # halves of a surrogate pair, which came in two events or alone
        body = obj(parse(repaired(json.dumps(body).encode())))
    return body, not (made.ended or DONE in events)
