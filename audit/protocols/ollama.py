"""Ollama's own chat API, read into OpenAI's, as logs hold it. Tiers are asked through the latter, which it has too.

A stream is a JSON object a line, the last of them with `done`. Arguments of calls are objects, parameters stand under
`options`, and counts beside the message.

Source: github.com/ollama/ollama, `docs/api.md`, "Generate a chat completion"; `openai/openai.go` for the names that its
own translation gives to options. Read 2026-11-29.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from audit.protocols.chat_stream import whole
from audit.protocols.protocol import StreamPlace
from audit.protocols.shared import arguments_text, obj, objects, present, text

OBJECT = "ollama.chat"
"""What `object` is in a body that was read here."""
_PARAMETERS = {"num_predict": "max_tokens"}
_SAME = ("temperature", "top_p", "top_k", "min_p", "seed", "stop", "frequency_penalty", "presence_penalty")
_COUNTS = ("prompt_eval_count", "eval_count")


def is_answer(body: Any) -> bool:
    """Whether a body is an answer of Ollama's, or a line of one."""
    said = obj(body)
    return isinstance(said.get("done"), bool) and "role" in obj(said.get("message")) and "model" in said


def place(event: Any) -> StreamPlace | None:
    """Where a line stands. None has a name, and the last looks like a whole answer; None for what is no line."""
    done = obj(event).get("done")
    return StreamPlace(begins=None, ends=bool(done), whole=bool(done)) if is_answer(event) else None


def answer_from(value: Any) -> Any:
    """An answer of Ollama's as one of the chat API, and a stream of them as one of its; anything else as it is."""
    if isinstance(value, list):
        first = next(objects(value), None)
        return [_chunk(value)] if is_answer(first) else value
    return {**_chunk([value]), "object": OBJECT} if is_answer(value) else value


def _chunk(lines: Sequence[Any]) -> dict[str, Any]:
    """All lines of a stream as one chunk; without its last line it has no word for its end."""
    pieces = [{"choices": [{"delta": _message(obj(line.get("message")))}]} for line in objects(lines)]
    message = obj(obj(next(iter(whole(pieces).body["choices"]))).get("message"))
    last = next((line for line in objects(lines) if line.get("done") is True), {})
    counts = present(**{name: last.get(name) for name in _COUNTS})
    finish = (text(last.get("done_reason")) or "stop") if last else None
    error = next((found for line in objects(lines) if (found := line.get("error"))), None)
    return present(
        object=OBJECT,
        model=next((line.get("model") for line in objects(lines)), None),
        choices=[{"index": 0, "message": message, "finish_reason": finish}],
        usage=counts or None,
        error=error,
    )


def request_from(body: Mapping[str, Any]) -> dict[str, Any]:
    """A request to Ollama as one to the chat API; the settings of the server in it are left out."""
    made = {name: body[name] for name in ("model", "tools", "stream") if name in body}
    made["messages"] = [_message(message) for message in objects(body.get("messages"))]
    options = obj(body.get("options"))
    made |= {name: options[name] for name in _SAME if name in options}
    made |= {ours: options[theirs] for theirs, ours in _PARAMETERS.items() if theirs in options}
    form = body.get("format")
    if isinstance(form, Mapping):
        made["response_format"] = {"type": "json_schema", "json_schema": {"name": "response", "schema": dict(form)}}
    elif form == "json":
        made["response_format"] = {"type": "json_object"}
    return made


def _message(message: Mapping[str, Any]) -> dict[str, Any]:
    """A message with its calls' arguments as text, its images as parts, and its thinking under the chat API's name."""
    made = {name: value for name, value in message.items() if name not in ("tool_calls", "images", "thinking")}
    if calls := [_call(place, call) for place, call in enumerate(objects(message.get("tool_calls")))]:
        made["tool_calls"] = calls
    if isinstance(thought := message.get("thinking"), str) and thought:
        made["reasoning_content"] = thought
    images = message.get("images")
    if isinstance(images, list) and images:
        pictures = [{"type": "image_url", "image_url": {"url": f"data:image/png;base64,{data}"}} for data in images]
        made["content"] = [{"type": "text", "text": text(message.get("content")) or ""}, *pictures]
    return made


def _call(place: int, call: Mapping[str, Any]) -> dict[str, Any]:
    function = obj(call.get("function"))
    named = {"name": function.get("name"), "arguments": arguments_text(function.get("arguments"))}
    return {"index": place, "id": text(call.get("id")) or f"call_{place}", "type": "function", "function": named}
