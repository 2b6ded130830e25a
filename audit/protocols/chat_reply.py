"""A chat completion as endpoints really send it, read into one answer: choice 0, with notes on what is odd about it.

Nothing in a body is taken for granted: a field of another type than the protocol's is as if it were not there.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from audit.core.exchange import Completion
from audit.core.note import AnswerNote
from audit.protocols.chat_stream import whole
from audit.protocols.errors import diagnose_object
from audit.protocols.finish import finish_of
from audit.protocols.oddities import annotated
from audit.protocols.reply import NoAnswer, body_of_reply, misshapen, no_answer
from audit.protocols.shared import text as text_of
from audit.protocols.usage import Counts, read_usage

GAVE_UP = frozenset({"error", "abort", "aborted", "network_error", "insufficient_system_resource", "malformed"})
"""Words of servers that have no answer; a model whose call is malformed has answered, badly."""
TEXT_PARTS = frozenset({"text", "output_text", "input_text"})
REASONING = ("reasoning_content", "reasoning", "thinking", "reasoning_details", "thinking_blocks")


def read_reply(body: bytes, model: str) -> Completion:
    """The answer in a body with a 2xx status: JSON or a stream of events, comments before either taken off.

    Args:
        model: The one that was asked for.

    Raises:
        NoAnswer: The body is no answer; `diagnosis` says of which kind.
    """
    return answer_of(body_of_reply(body, whole), model)


def answer_of(body: Any, model: str) -> Completion:
    """The answer in a parsed body; raises as `read_reply`."""
    if isinstance(body, list) and len(body) == 1:
        body = body[0]
    if not isinstance(body, Mapping):
        raise misshapen()
    counts = read_usage(body.get("usage"))
    choice = _choice(body)
    if choice is None:
        return annotated(_without_choice(body, counts), model, counts)
    raw, ended = choice.get("finish_reason"), finish_of(choice.get("finish_reason"))
    if choice.get("error") or (isinstance(raw, str) and raw.lower() in GAVE_UP):
        # OpenRouter reports a model that failed after it was chosen inside the choice.
        raise NoAnswer(diagnose_object(choice.get("error"), 200), counts)
    message = choice["message"]
    if not isinstance(message.get("content"), str | list | Mapping | None):
        raise misshapen(counts)  # an answer that cannot be read is no empty answer
    text, beside = _text_of(message.get("content"))
    reasoning = beside + sum(_bytes(message.get(name)) for name in REASONING)
    refusal = message.get("refusal") if isinstance(message.get("refusal"), str) else None
    refusal = refusal or _refusal_part(message.get("content"))
    calls = _calls(message)
    if calls and ended in ("stop", "unknown"):
        ended = "tool_calls"
    completion = Completion(
        text=text,
        tool_calls=calls,
        finish_reason="refusal" if refusal else ended,
        refusal=refusal,
        model_reported=text_of(body.get("model")),
        beside_bytes=reasoning,
    )
    return annotated(completion, model, counts, body.get("service_tier"))


def _choice(body: Mapping[str, Any]) -> dict[str, Any] | None:
    """Choice 0, with a message; one of the old completions API has a text."""
    choices = body.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    if not isinstance(choice, Mapping):
        return None
    if isinstance(choice.get("message"), Mapping):
        return dict(choice)
    if isinstance(choice.get("text"), str):
        return {**choice, "message": {"content": choice["text"]}}
    return {**choice, "message": {}} if choice.get("error") else None


def _without_choice(body: Mapping[str, Any], counts: Counts) -> Completion:
    """No choice and tokens of a prompt are Gemini's way to say that a filter stopped it; all else is an error."""
    if body.get("choices") == [] and counts.prompt and not counts.completion:
        return Completion(
            text=None,
            finish_reason="content_filter",
            model_reported=text_of(body.get("model")),
            notes=(AnswerNote.NO_CHOICE.value,),
        )
    raise no_answer(body, counts)


def _text_of(content: Any) -> tuple[str | None, int]:
    """The text of a message's content, and how many bytes stand in parts that are no text.

    Special cases:
        A list without any text part: None.
    """
    if isinstance(content, str):
        return content, 0
    if isinstance(content, Mapping):
        content = [content]
    if not isinstance(content, list):
        return None, 0
    texts, beside = [], 0
    for part in content:
        if isinstance(part, str):
            texts.append(part)
        elif isinstance(part, Mapping) and part.get("type", "text") in TEXT_PARTS and isinstance(part.get("text"), str):
            texts.append(part["text"])
        else:
            beside += _bytes(part)
    return ("".join(texts) if texts else None), beside


def _refusal_part(content: Any) -> str | None:
    parts = content if isinstance(content, list) else ()
    found = [part.get("refusal") for part in parts if isinstance(part, Mapping) and part.get("type") == "refusal"]
    return "".join(text for text in found if isinstance(text, str)) or None


def _bytes(value: Any, depth: int = 6) -> int:
    """Bytes of all strings in a value."""
    if isinstance(value, str):
        return len(value.encode("utf-8", "surrogatepass"))
    if depth and isinstance(value, Mapping):
        return sum(_bytes(child, depth - 1) for name, child in value.items() if name not in ("type", "signature"))
    if depth and isinstance(value, list):
        return sum(_bytes(child, depth - 1) for child in value)
    return 0


def _calls(message: Mapping[str, Any]) -> tuple[dict[str, Any], ...]:
    """Tool calls in the OpenAI shape; arguments stay the text they were, and an object becomes JSON."""
    found = message.get("tool_calls")
    if isinstance(found, Mapping):
        found = [found]
    if isinstance(message.get("function_call"), Mapping) and not found:
        found = [{"function": message["function_call"]}]
    calls = []
    for call in found if isinstance(found, list) else ():
        function = call.get("function") if isinstance(call, Mapping) else None
        if not isinstance(function, Mapping) or not isinstance(function.get("name"), str) or not function["name"]:
            continue
        arguments = function.get("arguments")
        if not isinstance(arguments, str):
            arguments = "" if arguments is None else json.dumps(arguments, ensure_ascii=False)
        name = {"id": call["id"]} if isinstance(call.get("id"), str) else {}
        calls.append({**name, "type": "function", "function": {"name": function["name"], "arguments": arguments}})
    return tuple(calls)
