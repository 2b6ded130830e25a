"""LangChain's messages and generations, as its tracer serialises them, in the chat API's shape."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from audit.ingest import values
from audit.ingest.values import obj

_ROLES = {"human": "user", "ai": "assistant", "system": "system", "tool": "tool", "function": "tool"}


def request_of(inputs: Mapping[str, Any], extra: Mapping[str, Any], metadata: Mapping[str, Any]) -> dict[str, Any]:
    """The request body: as an SDK's wrapper keeps it, or put together from LangChain's messages and parameters."""
    if isinstance(inputs.get("model"), str):
        return dict(inputs)
    messages = inputs.get("messages")
    if isinstance(messages, list) and messages and isinstance(messages[0], list):
        messages = messages[0]
    sent = obj(extra.get("invocation_params")) or obj(metadata.get("ls_invocation_params"))
    known = {key.removeprefix("ls_"): metadata[key] for key in ("ls_temperature", "ls_max_tokens") if key in metadata}
    request = {**known, **{key: value for key, value in sent.items() if not key.startswith("_")}, **inputs}
    if isinstance(messages, list):
        request["messages"] = [_message(obj(message)) for message in messages]
    return request


def _message(message: Mapping[str, Any]) -> dict[str, Any]:
    """A message in the chat shape, from LangChain's serialised one; any other stays as it is."""
    kwargs = obj(message.get("kwargs")) or obj(message.get("data"))
    if not kwargs:
        return dict(message)
    path = message.get("id")
    named = path[-1] if isinstance(path, list) and path else message.get("type") or kwargs.get("type")
    word = str(named).lower().removesuffix("chunk").removesuffix("message")
    made: dict[str, Any] = {"role": _ROLES.get(word, word), "content": kwargs.get("content")}
    calls = obj(kwargs.get("additional_kwargs")).get("tool_calls")
    if calls or (isinstance(kwargs.get("tool_calls"), list) and kwargs["tool_calls"]):
        made["tool_calls"] = calls or [_call(obj(call)) for call in kwargs["tool_calls"]]
    if kwargs.get("tool_call_id"):
        made["tool_call_id"] = kwargs["tool_call_id"]
    return made


def _call(call: Mapping[str, Any]) -> dict[str, Any]:
    function = {"name": call.get("name"), "arguments": values.canonical(call.get("args") or {})}
    return {"id": call.get("id"), "type": "function", "function": function}


def answer_of(outputs: Mapping[str, Any]) -> dict[str, Any]:
    """The answer: the vendor's, or one put together from LangChain's generations."""
    generations = outputs.get("generations")
    if not isinstance(generations, list) or not generations:
        return dict(outputs)
    first = generations[0] if isinstance(generations[0], list) else generations
    choices = []
    for index, generation in enumerate(map(obj, first)):
        message = _message(obj(generation.get("message"))) or {"content": generation.get("text")}
        told = obj(generation.get("generation_info"))
        finish = told.get("finish_reason") or told.get("stop_reason")
        choices.append({"index": index, "message": {"role": "assistant", **message}, "finish_reason": finish})
    told = obj(outputs.get("llm_output"))
    return {"choices": choices, "model": told.get("model_name"), "usage": told.get("token_usage")}


def usages_of(outputs: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The counts that the first generation's message has, in LangChain's names."""
    generations = outputs.get("generations")
    while isinstance(generations, list) and generations:
        generations = generations[0]
    message = obj(obj(generations).get("message"))
    if counted := obj((obj(message.get("kwargs")) or message).get("usage_metadata")):
        yield counted
