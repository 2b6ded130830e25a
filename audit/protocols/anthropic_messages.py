"""Anthropic's Messages, also as the body of Bedrock's InvokeModel and Vertex' rawPredict for Claude.

Source: anthropic 2.14.0, `types/message_create_params.py`, `types/message.py`. `temperature`, `top_p` and `top_k` left
the SDK's types; the API takes them for the models that take them, and logs hold them.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from audit.core.exchange import (
    Blob,
    CachePoint,
    File,
    FileId,
    Image,
    Loss,
    Losses,
    Message,
    ModelAnswer,
    ModelRequest,
    Opaque,
    Part,
    Reasoning,
    Refusal,
    ResponseFormat,
    Sampling,
    Source,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
    Url,
    Usage,
)
from audit.protocols.anthropic_stream import whole
from audit.protocols.finish import finish_of
from audit.protocols.protocol import BodyShape, Protocol, StreamPlace
from audit.protocols.shared import (
    INVALID_JSON,
    LossList,
    NotAnAnswer,
    NotARequest,
    arguments_object,
    check_texts,
    count,
    guessed_type,
    json_text,
    media_loss,
    number,
    obj,
    objects,
    opaque_name,
    present,
    schema_from,
    schema_to,
    strings,
    text,
    vendor_fields,
    vendor_of,
)
from audit.protocols.usage import usage_from

NAME = "anthropic_messages"
ORIGIN = "anthropic"
FINISH_OUT = {"stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use"}
IMAGES = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})
EFFORTS = frozenset({"low", "medium", "high", "xhigh", "max"})

_READ = frozenset({
    "model", "messages", "system", "tools", "tool_choice", "max_tokens", "temperature", "top_p", "top_k",
    "stop_sequences", "thinking", "output_config", "output_format", "service_tier",
})  # fmt: skip
_WITHOUT_EFFECT = frozenset({
    "stream", "metadata", "anthropic_version", "anthropic_beta", "user_profile_id", "workspace_id", "diagnostics",
    "inference_geo", "speed",
})  # fmt: skip


def request_from(body: Mapping[str, Any]) -> tuple[ModelRequest, Losses]:
    """A request body.

    Raises:
        NotARequest: It has no list of messages.
    """
    if not isinstance(body.get("messages"), list | tuple):
        raise NotARequest("the body has no `messages`")
    losses = LossList()
    output = obj(body.get("output_config"))
    rest = {key: value for key, value in body.items() if key not in _WITHOUT_EFFECT}
    system = _blocks_from(body.get("system"))
    request = ModelRequest(
        messages=(
            *((Message("system", tuple(system)),) if system else ()),
            *(message for item in objects(body["messages"]) for message in _messages_from(item)),
        ),
        model=text(body.get("model")),
        tools=tuple(_tool_from(tool) for tool in objects(body.get("tools"))),
        tool_choice=_choice_from(obj(body.get("tool_choice"))),
        response_format=_format_from(output.get("format", body.get("output_format")), losses),
        sampling=Sampling(
            max_tokens=count(body.get("max_tokens")),
            temperature=number(body.get("temperature")),
            top_p=number(body.get("top_p")),
            top_k=count(body.get("top_k")),
            stop=strings(body.get("stop_sequences")),
        ),
        reasoning=reasoning_from(obj(body.get("thinking")), text(output.get("effort"))),
        service_tier=text(body.get("service_tier")),
        vendor=vendor_of(NAME, rest, _READ),
    )
    return request, losses.all


def request_to(request: ModelRequest) -> tuple[dict[str, Any], Losses]:
    """A request body. The API asks for `max_tokens`, which stands here only where the request names it."""
    losses = LossList()
    own = vendor_fields(request.vendor, NAME, losses)
    sampling = request.sampling
    refuse_parameters(sampling, losses)
    if sampling.seed is not None:
        losses.add(Loss.SEED)
    thinking, effort = reasoning_to(request.reasoning, losses)
    system, turns = split_system(request.messages)
    body = present(
        model=request.model,
        max_tokens=sampling.max_tokens,
        system=_system_to(system, losses),
        messages=_messages_to(turns, losses),
        tools=[made for tool in request.tools if (made := _tool_to(tool, losses))] or None,
        tool_choice=_choice_to(request.tool_choice, bool(request.tools), losses),
        temperature=sampling.temperature,
        top_p=sampling.top_p,
        top_k=sampling.top_k,
        stop_sequences=list(sampling.stop) or None,
        thinking=thinking,
        output_config=present(effort=effort, format=_format_to(request.response_format, losses)) or None,
        service_tier=_service_tier(request.service_tier, losses),
    )
    return body | own, losses.all


def answer_from(body: Mapping[str, Any]) -> tuple[ModelAnswer, Losses]:
    """A message.

    Raises:
        NotAnAnswer: It has no content, or a text that is none.
    """
    if not isinstance(body.get("content"), list) or body.get("type", "message") != "message":
        raise NotAnAnswer("the body has no content")
    check_texts(block.get("text") for block in objects(body["content"]) if block.get("type", "text") == "text")
    raw = text(body.get("stop_reason"))
    answer = ModelAnswer(
        parts=tuple(_blocks_from(body["content"])),
        finish_reason=finish_of(raw),
        finish_raw=raw,
        usage=usage_from(body.get("usage")),
        model=text(body.get("model")),
        id=text(body.get("id")),
    )
    return answer, ()


def answer_to(answer: ModelAnswer) -> tuple[dict[str, Any], Losses]:
    """A message."""
    losses = LossList()
    refused = answer.finish_reason in ("refusal", "content_filter")
    body = {
        "id": answer.id or "msg_0",
        "type": "message",
        "role": "assistant",
        "model": answer.model or "",
        "content": _blocks_to(answer.parts, losses),
        "stop_reason": "refusal" if refused else FINISH_OUT.get(answer.finish_reason, "end_turn"),
        "stop_sequence": None,
        "usage": usage_to(answer.usage or Usage(prompt_tokens=0, completion_tokens=0)),
    }
    return body, losses.all


def usage_to(usage: Usage) -> dict[str, Any]:
    """Counts under the vendor's names, exclusive of the cache."""
    return {
        "input_tokens": usage.prompt_tokens - usage.cached_tokens - usage.cache_write_tokens,
        "output_tokens": usage.completion_tokens,
        "cache_read_input_tokens": usage.cached_tokens,
        "cache_creation_input_tokens": usage.cache_write_tokens,
        "output_tokens_details": {"thinking_tokens": usage.reasoning_tokens},
    }


def reasoning_from(thinking: Mapping[str, Any], effort: str | None) -> Reasoning:
    """`thinking` and `effort`."""
    enabled = {"enabled": True, "adaptive": True, "disabled": False}.get(text(thinking.get("type")) or "")
    return Reasoning(enabled=enabled, effort=effort, budget_tokens=count(thinking.get("budget_tokens")))


def reasoning_to(reasoning: Reasoning, losses: LossList) -> tuple[dict[str, Any] | None, str | None]:
    """`thinking`, and the word for `effort`; either may be None."""
    effort = reasoning.effort
    if effort is not None and effort not in EFFORTS:
        losses.add(Loss.REASONING)
        effort = None
    if reasoning.budget_tokens:
        return {"type": "enabled", "budget_tokens": reasoning.budget_tokens}, effort
    if reasoning.enabled is None and reasoning.budget_tokens is None:
        return None, effort
    return {"type": "adaptive" if reasoning.enabled else "disabled"}, effort


def refuse_parameters(sampling: Sampling, losses: LossList) -> None:
    """Name the parameters that neither Anthropic nor Converse has."""
    for name in ("frequency_penalty", "presence_penalty", "verbosity"):
        if getattr(sampling, name) is not None:
            losses.add(Loss.PARAMETER, name)


def split_system(messages: Sequence[Message]) -> tuple[Sequence[Message], Sequence[Message]]:
    """The system messages at the start, and the rest."""
    first = next((n for n, m in enumerate(messages) if m.role not in ("system", "developer")), len(messages))
    return messages[:first], messages[first:]


def _system_to(messages: Sequence[Message], losses: LossList) -> Any:
    blocks = []
    for message in messages:
        if message.role == "developer":
            losses.add(Loss.DEVELOPER_ROLE)
        vendor_fields(message.vendor, NAME, losses)
        blocks += _blocks_to(message.parts, losses)
    if len(blocks) == 1 and blocks[0].keys() == {"type", "text"}:
        return blocks[0]["text"]
    return blocks or None


def _messages_from(message: Mapping[str, Any]) -> Iterable[Message]:
    """One turn; the results in a user's turn become messages of their own, which come first."""
    role = message.get("role")
    known: Any = role if role in ("system", "developer", "assistant") else "user"
    turn: list[Part] = []
    for part in _blocks_from(message.get("content")):
        if isinstance(part, ToolResult):
            yield Message("tool", (part,))
        else:
            turn.append(part)
    results = any(block.get("type") == "tool_result" for block in objects(message.get("content")))
    if turn or not results:
        yield Message(known, tuple(turn), vendor=vendor_of(NAME, message, frozenset({"role", "content"})))


def _messages_to(messages: Sequence[Message], losses: LossList) -> list[dict[str, Any]]:
    """Turns; results that follow each other, and the user's words after them, are one turn, as the API asks."""
    out: list[dict[str, Any]] = []
    after_result = False
    for message in messages:
        if message.role == "developer":
            losses.add(Loss.DEVELOPER_ROLE)
        if message.name and message.role != "tool":
            losses.add(Loss.PARTICIPANT_NAME)
        role = {"tool": "user", "developer": "system"}.get(message.role, message.role)
        content: Any = _blocks_to(message.parts, losses)
        if after_result and role == "user":
            out[-1]["content"] += content
        else:
            if message.role != "tool" and len(content) == 1 and content[0].keys() == {"type", "text"}:
                content = content[0]["text"]
            out.append({"role": role, "content": content} | vendor_fields(message.vendor, NAME, losses))
        after_result = message.role == "tool"
    return out


def _blocks_from(content: Any) -> list[Any]:
    if isinstance(content, str):
        return [Text(content)]
    return [part for block in objects(content) for part in _block_from(block)]


def _block_from(block: Mapping[str, Any]) -> tuple[Part, ...]:
    kind = block.get("type", "text")
    control = block.get("cache_control")
    cache = (CachePoint(ttl=text(control.get("ttl")) or "5m"),) if isinstance(control, Mapping) else ()

    def rest(*known: str) -> Any:
        return vendor_of(NAME, block, frozenset({"type", "cache_control", *known}))

    part: Part
    if kind == "text":
        part = Text(text(block.get("text")) or "", vendor=rest("text"))
    elif kind == "thinking":
        part = Thinking(
            text(block.get("thinking")) or "",
            signature=text(block.get("signature")) or None,
            origin=ORIGIN,
            vendor=rest("thinking", "signature"),
        )
    elif kind == "redacted_thinking":
        part = Thinking("", redacted=text(block.get("data")) or "", origin=ORIGIN, vendor=rest("data"))
    elif kind == "tool_use":
        call = (text(block.get("id")) or "", text(block.get("name")) or "", _arguments(block.get("input")))
        part = ToolCall(*call, vendor=rest("id", "name", "input"))
    elif kind == "tool_result":
        content = tuple(_blocks_from(block.get("content")))
        result = tuple(p for p in content if isinstance(p, Text | Image | File | Opaque))
        part = ToolResult(
            text(block.get("tool_use_id")) or "",
            result,
            is_error=block.get("is_error") is True,
            vendor=rest("tool_use_id", "content", "is_error"),
        )
    elif kind == "image" and (source := _source_from(obj(block.get("source")))):
        part = Image(source, vendor=rest("source"))
    elif kind == "document" and (source := _source_from(obj(block.get("source")))):
        part = File(source, name=text(block.get("title")), vendor=rest("source", "title"))
    else:
        return (Opaque(NAME, {key: value for key, value in block.items() if key != "cache_control"}), *cache)
    return (part, *cache)


def _arguments(value: Any) -> str:
    """The input of a call as text; the text that was wrapped for being broken comes back as it was."""
    wrapped = obj(value).get(INVALID_JSON)
    return wrapped if isinstance(wrapped, str) and len(value) == 1 else json_text(value if value is not None else {})


def _source_from(source: Mapping[str, Any]) -> Source | None:
    kind = source.get("type")
    if kind == "base64":
        return Blob(text(source.get("data")) or "", text(source.get("media_type")) or "")
    if kind == "text":
        data = base64.b64encode((text(source.get("data")) or "").encode("utf-8", "replace")).decode()
        return Blob(data, "text/plain")
    if kind == "url":
        url = text(source.get("url")) or ""
        return Url(url, guessed_type(url))
    return FileId(text(source.get("file_id")) or "") if kind == "file" else None


def _source_to(source: Source) -> dict[str, Any] | None:
    if isinstance(source, FileId):
        return {"type": "file", "file_id": source.id}
    if isinstance(source, Url):
        return {"type": "url", "url": source.url} if source.url.startswith(("http:", "https:")) else None
    if source.media_type == "text/plain":
        try:
            words = base64.b64decode(source.data, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            return None
        return {"type": "text", "media_type": "text/plain", "data": words}
    return {"type": "base64", "media_type": source.media_type, "data": source.data}


def _blocks_to(parts: Iterable[Part], losses: LossList) -> list[dict[str, Any]]:
    blocks: list[dict[str, Any]] = []
    for part in parts:
        if isinstance(part, CachePoint):
            if blocks and blocks[-1]["type"] not in ("thinking", "redacted_thinking"):
                blocks[-1]["cache_control"] = _cache_to(part)
            else:
                losses.add(Loss.CACHE_POINT)
        elif part == Text(""):
            continue  # the API refuses an empty text, and it says nothing
        elif (block := _block_to(part, losses)) is not None:
            blocks.append(block)
    return blocks


def _cache_to(point: CachePoint) -> dict[str, Any]:
    return {"type": "ephemeral"} if point.ttl == "5m" else {"type": "ephemeral", "ttl": point.ttl}


def _block_to(part: Part, losses: LossList) -> dict[str, Any] | None:
    own = vendor_fields(part.vendor, NAME, losses)
    if isinstance(part, Text | Refusal):
        if isinstance(part, Refusal):
            losses.add(Loss.REFUSAL_AS_TEXT)
        return {"type": "text", "text": part.text, **own}
    if isinstance(part, Thinking):
        if part.origin != ORIGIN:
            losses.add(Loss.THINKING)
            return None
        if part.redacted is not None:
            return {"type": "redacted_thinking", "data": part.redacted, **own}
        return {"type": "thinking", "thinking": part.text, "signature": part.signature or "", **own}
    if isinstance(part, ToolCall):
        made = {"id": part.id, "name": part.name, "input": arguments_object(part.arguments, losses)}
        return {"type": "tool_use", **made, **own}
    if isinstance(part, ToolResult):
        content: Any = _blocks_to(part.content, losses)
        if len(content) == 1 and content[0].keys() == {"type", "text"}:
            content = content[0]["text"]
        marked = {"is_error": True} if part.is_error else {}
        return {"type": "tool_result", "tool_use_id": part.id, "content": content, **marked, **own}
    if isinstance(part, Opaque):
        if part.protocol == NAME:
            return dict(part.payload)
        losses.add(Loss.SERVER_TOOL, opaque_name(part.payload))
        return None
    return _media_to(part, own, losses)


def _media_to(part: Part, own: dict[str, Any], losses: LossList) -> dict[str, Any] | None:
    if isinstance(part, Image) and (source := _source_to(part.source)):
        if part.detail is not None:
            losses.add(Loss.IMAGE_DETAIL)
        if source["type"] != "base64" or source["media_type"] in IMAGES:
            return {"type": "image", "source": source, **own}
    if (
        isinstance(part, File)
        and (source := _source_to(part.source))
        and (source["type"] != "base64" or source["media_type"] == "application/pdf")
    ):
        return {"type": "document", "source": source, **present(title=part.name), **own}
    losses.add(media_loss(part))
    return None


def _tool_from(tool: Mapping[str, Any]) -> Tool | Opaque:
    if tool.get("type", "custom") not in ("custom", None) or not isinstance(tool.get("name"), str):
        return Opaque(NAME, dict(tool))
    control = tool.get("cache_control")
    known = frozenset({"type", "name", "description", "input_schema", "strict", "cache_control"})
    return Tool(
        name=tool["name"],
        description=text(tool.get("description")),
        schema=schema_from(tool.get("input_schema")),
        strict=tool.get("strict") is True,
        cache=CachePoint(ttl=text(control.get("ttl")) or "5m") if isinstance(control, Mapping) else None,
        vendor=vendor_of(NAME, tool, known),
    )


def _tool_to(tool: Tool | Opaque, losses: LossList) -> dict[str, Any] | None:
    if isinstance(tool, Opaque):
        if tool.protocol == NAME:
            return dict(tool.payload)
        losses.add(Loss.SERVER_TOOL, opaque_name(tool.payload))
        return None
    made = present(
        name=tool.name,
        description=tool.description,
        input_schema=schema_to(tool.schema),
        strict=tool.strict or None,
        cache_control=None if tool.cache is None else _cache_to(tool.cache),
    )
    return made | vendor_fields(tool.vendor, NAME, losses)


def _choice_from(choice: Mapping[str, Any]) -> ToolChoice:
    single = choice.get("disable_parallel_tool_use")
    parallel = not single if isinstance(single, bool) else None
    kind = choice.get("type")
    if kind == "tool":
        return ToolChoice("required", (text(choice.get("name")) or "",), parallel)
    mode: Any = {"auto": "auto", "any": "required", "none": "none"}.get(str(kind))
    return ToolChoice(mode, parallel=parallel)


def _choice_to(choice: ToolChoice, tools: bool, losses: LossList) -> dict[str, Any] | None:
    parallel = {} if choice.parallel is None else {"disable_parallel_tool_use": not choice.parallel}
    if choice.mode == "required" and len(choice.names) == 1:
        return {"type": "tool", "name": choice.names[0], **parallel}
    if choice.names:
        losses.add(Loss.TOOL_CHOICE)
    if choice.mode is None:
        return {"type": "auto", **parallel} if parallel and tools else None
    if choice.mode == "none":
        return {"type": "none"}
    return {"type": {"auto": "auto", "required": "any"}[choice.mode], **parallel}


def _format_from(form: Any, losses: LossList) -> ResponseFormat | None:
    if not isinstance(form, Mapping):
        return None
    if form.get("type") != "json_schema":
        losses.add(Loss.RESPONSE_FORMAT)
        return None
    return ResponseFormat("json_schema", schema=dict(obj(form.get("schema"))), strict=True)


def _format_to(form: ResponseFormat | None, losses: LossList) -> dict[str, Any] | None:
    if form is None:
        return None
    if form.kind == "json_object" or form.schema is None:
        losses.add(Loss.RESPONSE_FORMAT)
        return None
    if form.name is not None or form.description is not None:
        losses.add(Loss.SCHEMA_NAME)
    if not form.strict:
        losses.add(Loss.STRICT)
    return {"type": "json_schema", "schema": form.schema}


def _service_tier(tier: str | None, losses: LossList) -> str | None:
    if tier in (None, "auto", "standard_only"):
        return tier
    losses.add(Loss.SERVICE_TIER)
    return None


_BLOCKS = frozenset({
    "tool_use", "tool_result", "thinking", "redacted_thinking", "image", "document", "server_tool_use",
    "web_search_tool_result", "search_result",
})  # fmt: skip


def _asks(body: Mapping[str, Any]) -> bool:
    """Whether a body with messages has what only this vendor's has."""
    if not isinstance(body.get("messages"), list):
        return False
    described = any("input_schema" in tool for tool in objects(body.get("tools")))
    named = str(body.get("model") or "").startswith("claude") and "max_tokens" in body
    return "system" in body or "anthropic_version" in body or described or named


_EVENTS = frozenset({
    "message_start", "content_block_start", "content_block_delta", "content_block_stop", "message_delta",
    "message_stop", "ping",
})  # fmt: skip


def _place(event: Mapping[str, Any]) -> StreamPlace | None:
    """Where an event stands: the first has the message's id, the others have none."""
    kind = text(event.get("type"))
    if kind not in _EVENTS:
        return None
    name = text(obj(event.get("message")).get("id"))
    return StreamPlace(id=name, begins=kind == "message_start", ends=kind == "message_stop")


PROTOCOL = Protocol(
    name=NAME,
    summary="Anthropic's Messages; also Claude's bodies on Bedrock's InvokeModel and on Vertex",
    request_from=request_from,
    request_to=request_to,
    answer_from=answer_from,
    answer_to=answer_to,
    stream_from=whole,
    shape=BodyShape(
        api="anthropic.messages",
        operation="messages",
        asks=_asks,
        answers=lambda body: body.get("type") == "message" and isinstance(body.get("content"), list),
        streams=lambda event: event.get("type") in ("message_start", "ping"),
        place=_place,
        speaks=lambda message: any(text(part.get("type")) in _BLOCKS for part in objects(message.get("content"))),
        tells_end=lambda body: "stop_reason" in body,
    ),
    finish_words={
        **dict.fromkeys(("end_turn", "stop_sequence"), "stop"),
        **dict.fromkeys(("max_tokens", "model_context_window_exceeded"), "length"),
        "tool_use": "tool_calls",
        "refusal": "refusal",
    },
)
