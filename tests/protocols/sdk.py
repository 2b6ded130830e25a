"""What the vendors' own SDKs make of a body. They are needed by these tests and by nothing else."""

from __future__ import annotations

import base64
import functools
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pydantic

NOT_IN_TYPES = {"anthropic_messages": {"temperature", "top_p", "top_k"}, "openai_chat": {"top_k"}}
"""Fields that an API takes, or servers of its protocol do, and that the SDK's types lack; `top_k` is vLLM's."""


def accept(protocol: str, body: Mapping[str, Any]) -> None:
    """Raise when the SDK's types do not take a request body, or know a field of it not."""
    {
        "openai_chat": _openai_chat,
        "openai_responses": _openai_responses,
        "anthropic_messages": _anthropic,
        "bedrock_converse": _converse,
        "cohere_chat": _cohere,
        "gemini": _gemini,
    }[protocol](body)


def _typed(hint: Any, body: Mapping[str, Any], protocol: str) -> None:
    taken = _exhausted(_adapter(hint).validate_python(dict(body)))
    missing = _missing(body, taken) - NOT_IN_TYPES.get(protocol, set())
    assert not missing, f"fields that the SDK does not know: {sorted(missing)}"


@functools.cache
def _adapter(hint: Any) -> pydantic.TypeAdapter[Any]:
    return pydantic.TypeAdapter(hint)


def _exhausted(value: Any) -> Any:
    """The value with its lazy lists read, which is when pydantic checks their items."""
    if isinstance(value, Mapping):
        return {key: _exhausted(item) for key, item in value.items()}
    if isinstance(value, str | bytes) or not hasattr(value, "__iter__"):
        return value
    return [_exhausted(item) for item in value]


def _missing(given: Any, taken: Any) -> set[str]:
    """Names of given fields that were not taken, at any depth."""
    if isinstance(given, Mapping):
        taken = taken if isinstance(taken, Mapping) else {}
        return {k for k in given if k not in taken} | {
            n for k in given if k in taken for n in _missing(given[k], taken[k])
        }
    if isinstance(given, list):
        return {n for a, b in zip(given, taken, strict=True) for n in _missing(a, b)}
    return set()


def _openai_chat(body: Mapping[str, Any]) -> None:
    from openai.types.chat.completion_create_params import CompletionCreateParamsNonStreaming

    _typed(CompletionCreateParamsNonStreaming, body, "openai_chat")


def _openai_responses(body: Mapping[str, Any]) -> None:
    from openai.types.responses.response_create_params import ResponseCreateParamsNonStreaming

    _typed(ResponseCreateParamsNonStreaming, body, "openai_responses")


def _anthropic(body: Mapping[str, Any]) -> None:
    from anthropic.types.message_create_params import MessageCreateParamsNonStreaming

    _typed(MessageCreateParamsNonStreaming, body, "anthropic_messages")


COHERE: dict[str, set[str]] = {
    "body": {
        *("model", "messages", "tools", "strict_tools", "documents", "citation_options", "response_format"),
        *("safety_mode", "max_tokens", "stop_sequences", "temperature", "seed", "frequency_penalty"),
        *("presence_penalty", "k", "p", "logprobs", "tool_choice", "thinking", "priority", "stream"),
    },
    "system": {"role", "content"},
    "user": {"role", "content"},
    "assistant": {"role", "content", "tool_calls", "tool_plan", "citations"},
    "tool": {"role", "content", "tool_call_id"},
}
"""Fields of `ClientV2.chat` and of its messages by role, in cohere-python 7.0.9."""
COHERE_PARTS = {"system": {"text"}, "user": {"text", "image_url"}, "assistant": {"text", "thinking"}}
"""Types of parts by role; a tool's result has the rest."""


def _cohere(body: Mapping[str, Any]) -> None:
    """By hand: the SDK's types let any field and any value pass, so that they would show nothing."""
    assert body.keys() <= COHERE["body"], sorted(body.keys() - COHERE["body"])
    for message in body["messages"]:
        assert message.keys() <= COHERE[message["role"]], message
        content = message.get("content")
        if isinstance(content, list):
            kinds = COHERE_PARTS.get(message["role"], {"text", "document"})
            assert {part["type"] for part in content} <= kinds, content
            assert all(part.keys() == {"type", part["type"]} for part in content), content
        else:
            assert isinstance(content, str) or message.get("tool_calls"), message
        for call in message.get("tool_calls", ()):
            assert (call.keys(), call["type"]) == ({"id", "type", "function"}, "function")
            assert {name: type(value) for name, value in call["function"].items()} == {"name": str, "arguments": str}
    for tool in body.get("tools", ()):
        assert tool["type"] == "function"
        assert {"name", "parameters"} <= tool["function"].keys() <= {"name", "description", "parameters"}
    assert body.get("tool_choice", "NONE") in ("REQUIRED", "NONE")
    form, thinking = body.get("response_format", {}), body.get("thinking", {})
    assert form.keys() <= {"type", "json_schema"}
    assert form.get("type", "text") in ("text", "json_object")
    assert thinking.keys() <= {"type", "token_budget"}
    assert thinking.get("token_budget", 1) > 0


def _gemini(body: Mapping[str, Any]) -> None:
    from google.genai import types

    kinds: dict[str, Any] = {
        "contents": list[types.Content],
        "systemInstruction": types.Content,
        "tools": list[types.Tool],
        "toolConfig": types.ToolConfig,
        "generationConfig": types.GenerationConfig,
        "safetySettings": list[types.SafetySetting],
    }
    for name, value in body.items():
        if name != "model":
            _adapter(kinds[name]).validate_python(value)


@functools.cache
def _bedrock() -> Any:
    from botocore.session import Session

    return Session().get_service_model("bedrock-runtime").operation_model("Converse")


def _converse(body: Mapping[str, Any]) -> None:
    from botocore.validate import ParamValidator

    shape = _bedrock().input_shape
    report = ParamValidator().validate(as_parameters(body), shape)
    assert not report.has_errors(), report.generate_report()


def as_parameters(body: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON of a Converse call as the parameters that botocore takes."""
    parameters: dict[str, Any] = _with_bytes(body, _bedrock().input_shape)
    return parameters


def _with_bytes(value: Any, shape: Any) -> Any:
    """The JSON of the wire as botocore's parameters: base64 text is bytes."""
    if shape.type_name == "structure" and isinstance(value, Mapping) and not shape.is_document_type:
        return {k: _with_bytes(v, shape.members[k]) if k in shape.members else v for k, v in value.items()}
    if shape.type_name == "list":
        return [_with_bytes(item, shape.member) for item in value]
    return base64.b64decode(value) if shape.type_name == "blob" else value


Read = dict[str, Any]
"""What an SDK finds in an answer: `text`, `calls` as (name, arguments), `prompt` and `completion` tokens as counted."""


def read(protocol: str, body: Mapping[str, Any]) -> Read:
    """An answer as the SDK parses it."""
    readers: dict[str, Callable[[Mapping[str, Any]], Read]] = {
        "openai_chat": _read_chat,
        "openai_responses": _read_responses,
        "anthropic_messages": _read_anthropic,
        "bedrock_converse": _read_converse,
        "cohere_chat": _read_cohere,
        "gemini": _read_gemini,
    }
    return readers[protocol](body)


def _read_chat(body: Mapping[str, Any]) -> Read:
    from openai.types.chat import ChatCompletion

    completion = ChatCompletion.model_validate(body)
    message, usage = completion.choices[0].message, completion.usage
    assert usage is not None
    calls = [(c.function.name, json.loads(c.function.arguments)) for c in message.tool_calls or ()]  # type: ignore[union-attr]
    return {
        "text": message.content or "",
        "refusal": message.refusal,
        "calls": calls,
        "tokens": (usage.prompt_tokens, usage.completion_tokens),
    }


def _read_responses(body: Mapping[str, Any]) -> Read:
    from openai.types.responses import Response

    response = Response.model_validate(body)
    calls = [(i.name, json.loads(i.arguments)) for i in response.output if i.type == "function_call"]
    parts = [p for i in response.output if i.type == "message" for p in i.content]
    assert response.usage is not None
    return {
        "text": response.output_text,
        "refusal": "".join(p.refusal for p in parts if p.type == "refusal") or None,
        "calls": calls,
        "tokens": (response.usage.input_tokens, response.usage.output_tokens),
    }


def _read_anthropic(body: Mapping[str, Any]) -> Read:
    from anthropic.types import Message

    message = Message.model_validate(body)
    usage = message.usage
    return {
        "text": "".join(block.text for block in message.content if block.type == "text"),
        "refusal": None,
        "calls": [(block.name, block.input) for block in message.content if block.type == "tool_use"],
        "tokens": (
            usage.input_tokens + (usage.cache_read_input_tokens or 0) + (usage.cache_creation_input_tokens or 0),
            usage.output_tokens,
        ),
    }


def _read_converse(body: Mapping[str, Any]) -> Read:
    from botocore.parsers import create_parser

    reply = {"status_code": 200, "headers": {}, "body": json.dumps(body).encode()}
    parsed = create_parser("rest-json").parse(reply, _bedrock().output_shape)
    content, usage = parsed["output"]["message"]["content"], parsed["usage"]
    return {
        "text": "".join(block.get("text", "") for block in content),
        "refusal": None,
        "calls": [(b["toolUse"]["name"], b["toolUse"]["input"]) for b in content if "toolUse" in b],
        "tokens": (
            usage["inputTokens"] + usage["cacheReadInputTokens"] + usage["cacheWriteInputTokens"],
            usage["outputTokens"],
        ),
    }


def _read_cohere(body: Mapping[str, Any]) -> Read:
    """Along the fields that the SDK documents, its types checking nothing."""
    message, billed = body["message"], body["usage"]["billed_units"]
    calls = [call["function"] for call in message.get("tool_calls") or ()]
    return {
        "text": "".join(part["text"] for part in message["content"] if part["type"] == "text"),
        "refusal": None,
        "calls": [(call["name"], json.loads(call["arguments"])) for call in calls],
        "tokens": (billed["input_tokens"], billed["output_tokens"]),
    }


def _read_gemini(body: Mapping[str, Any]) -> Read:
    from google.genai import types

    response = types.GenerateContentResponse.model_validate(body)
    assert response.candidates
    assert response.usage_metadata is not None
    content, usage = response.candidates[0].content, response.usage_metadata
    parts: Iterator[Any] = iter((content.parts if content else None) or ())
    known = list(parts)
    return {
        "text": "".join(part.text for part in known if part.text and not part.thought),
        "refusal": None,
        "calls": [(p.function_call.name, p.function_call.args) for p in known if p.function_call],
        "tokens": (
            usage.prompt_token_count,
            (usage.candidates_token_count or 0) + (usage.thoughts_token_count or 0),
        ),
    }
