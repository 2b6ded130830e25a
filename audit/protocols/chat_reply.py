"""A chat completion as endpoints really send it, read into one answer: choice 0, with notes on what is odd about it.

Nothing in a body is taken for granted: a field of another type than the protocol's is as if it were not there.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from audit.core.exchange import Completion
from audit.core.note import AnswerNote
from audit.protocols import ollama
from audit.protocols.chat_stream import first_choice, usage_of, whole
from audit.protocols.errors import diagnose_object, error_in
from audit.protocols.finish import finish_of
from audit.protocols.oddities import annotated
from audit.protocols.reply import NoAnswer, body_of_reply, counts_in, cut, misshapen, no_answer
from audit.protocols.shared import Whole, obj, objects
from audit.protocols.shared import text as text_of
from audit.protocols.usage import Counts

GAVE_UP = frozenset({
    *("error", "abort", "aborted", "cancelled", "timeout", "network_error", "insufficient_system_resource"),
    "malformed",
})  # fmt: skip
"""Words of servers that have no answer; a model whose call is malformed has answered, badly."""
TEXT_PARTS = frozenset({"text", "output_text", "input_text"})
ENVELOPES = ("result", "data", "response")
"""Under which some gateways put a whole completion."""
REASONING = ("reasoning_content", "reasoning", "thinking", "reasoning_details", "thinking_blocks")


def read_reply(body: bytes, model: str) -> Completion:
    """The answer in a body with a 2xx status: JSON or a stream of events, comments before either taken off.

    Args:
        model: The one that was asked for.

    Raises:
        NoAnswer: The body is no answer; `diagnosis` says of which kind.
    """
    return answer_of(body_of_reply(body, _whole), model)


def _whole(payloads: Iterable[Any]) -> Whole:
    """One body from a stream's pieces; from the lines of Ollama's own API, which stand at the address of another."""
    pieces = list(payloads)
    if not any(map(ollama.is_answer, pieces)):
        return whole(pieces)
    (body,) = ollama.answer_from([piece for piece in pieces if ollama.is_answer(piece)])
    error = next((error for piece in pieces if (error := obj(piece).get("error"))), None)
    ended = any(obj(piece).get("done") is True for piece in pieces)
    return Whole({**body, **({"error": error} if error else {})}, ended=ended)


def answer_of(body: Any, model: str) -> Completion:
    """The answer in a parsed body; raises as `read_reply`."""
    if isinstance(body, list) and len(body) == 1:
        body = body[0]
    if not isinstance(body, Mapping):
        raise misshapen()
    if ollama.is_answer(body) and body["done"] is not True:
        raise cut()
    body = _unwrapped(ollama.answer_from(body))
    choice = _choice(body)
    counts = counts_in(usage_of(body, choice) or body.get("usage"))
    if choice is None:
        return annotated(_without_choice(body, counts), model, counts)
    raw, ended = choice.get("finish_reason"), finish_of(choice.get("finish_reason"))
    # OpenRouter reports a model that failed after it was chosen inside the choice, others beside it.
    error = choice.get("error") or error_in({"error": body.get("error")})
    if error or (isinstance(raw, str) and raw.lower() in GAVE_UP):
        raise NoAnswer(diagnose_object(error, 200), counts)
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


def _unwrapped(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """The completion in a gateway's envelope; a body that is one, or none, as it is.

    Cloudflare's Workers AI has a text and calls there in place of choices:
    <https://developers.cloudflare.com/workers-ai/get-started/rest-api/>.
    """
    if "choices" in body:
        return body
    result = obj(body.get("result"))
    if body.get("success") is True and isinstance(result.get("response"), str | dict):
        said = result["response"]
        message = {
            "content": said if isinstance(said, str) else json.dumps(said, ensure_ascii=False),
            "tool_calls": result.get("tool_calls"),
        }
        return {"model": result.get("model"), "usage": result.get("usage"), "choices": [{"message": message}]}
    held = (obj(body.get(name)) for name in ENVELOPES)
    return next(({**body, **inner} for inner in held if isinstance(inner.get("choices"), list)), body)


def _choice(body: Mapping[str, Any]) -> dict[str, Any] | None:
    """Choice 0, with a message; one of the old completions API has a text, and a proxy's may be a stream's piece."""
    choice = first_choice(body) or next(objects(body.get("choices")), None)
    if choice is None:
        return None
    if isinstance(choice.get("message"), Mapping):
        return dict(choice)
    if isinstance(choice.get("delta"), Mapping):
        return {**choice, "message": choice["delta"]}
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
    if not body.get("choices", True) and error_in(body) is None:
        raise cut(counts)  # an answer without its choices: the next one may have them
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
        elif (said := _said(part)) is not None:
            texts.append(said)
        else:
            beside += _bytes(part)
    return ("".join(texts) if texts else None), beside


def _said(part: Any) -> str | None:
    """The text of a part; the Assistants' has it one level down. None where it is none."""
    if not isinstance(part, Mapping) or part.get("type", "text") not in TEXT_PARTS:
        return None
    return text_of(part.get("text")) or text_of(obj(part.get("text")).get("value")) or text_of(part.get("text"))


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
    for call in (*objects(found), *_call_parts(message.get("content"))):
        function = call["function"] if isinstance(call.get("function"), Mapping) else call
        if not isinstance(function.get("name"), str) or not function["name"]:
            continue
        arguments = function.get("arguments", function.get("parameters"))
        if not isinstance(arguments, str):
            arguments = "" if arguments is None else json.dumps(arguments, ensure_ascii=False)
        name = {"id": call["id"]} if isinstance(call.get("id"), str) else {}
        calls.append({**name, "type": "function", "function": {"name": function["name"], "arguments": arguments}})
    return tuple(calls)


def _call_parts(content: Any) -> list[Mapping[str, Any]]:
    """Calls that gateways to Anthropic's models leave among the parts of the content."""
    parts = (part for part in objects(content) if part.get("type") == "tool_use")
    return [{"id": part.get("id"), "name": part.get("name"), "arguments": part.get("input")} for part in parts]
