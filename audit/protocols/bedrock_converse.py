"""Amazon Bedrock's Converse, as JSON on the wire: bytes are base64 text.

What Converse has no field for goes to the model under `additionalModelRequestFields`: reasoning and `top_k`, by the
names that Anthropic's models take there.

Source: botocore 1.44.8, `data/bedrock-runtime/2023-09-30/service-2.json`.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from audit.core.exchange import (
    Audio,
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
    Vendor,
)
from audit.protocols.anthropic_messages import (
    ORIGIN,
    reasoning_from,
    reasoning_to,
    refuse_parameters,
    split_system,
)
from audit.protocols.converse_stream import whole
from audit.protocols.finish import finish_of
from audit.protocols.protocol import BodyShape, Protocol, StreamPlace
from audit.protocols.shared import (
    INVALID_JSON,
    LossList,
    NotAnAnswer,
    NotARequest,
    arguments_object,
    arguments_text,
    check_texts,
    count,
    has_messages_and,
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

NAME = "bedrock_converse"
FINISH_OUT = {
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "content_filter": "content_filtered",
    "refusal": "content_filtered",
}
IMAGES = {"image/png": "png", "image/jpeg": "jpeg", "image/gif": "gif", "image/webp": "webp"}
AUDIOS = {f"audio/{name}": name for name in ("wav", "mp3", "mpeg", "aac", "flac", "ogg", "opus", "webm", "m4a")}
VIDEOS = {"video/mp4": "mp4", "video/quicktime": "mov", "video/webm": "webm", "video/x-matroska": "mkv"}
DOCUMENTS = {
    "application/pdf": "pdf",
    "text/csv": "csv",
    "text/html": "html",
    "text/plain": "txt",
    "text/markdown": "md",
    "application/msword": "doc",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/vnd.ms-excel": "xls",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
}
_TYPES = {form: kind for table in (IMAGES, AUDIOS, VIDEOS, DOCUMENTS) for kind, form in reversed(table.items())}
_SAFE_NAME = re.compile(r"[^A-Za-z0-9\s\-()\[\]]")

_READ = frozenset({
    "modelId", "messages", "system", "inferenceConfig", "toolConfig", "additionalModelRequestFields", "outputConfig",
    "serviceTier",
})  # fmt: skip
_WITHOUT_EFFECT = frozenset(
    {"requestMetadata", "performanceConfig", "additionalModelResponseFieldPaths", "projectIdentifier"}
)


def request_from(body: Mapping[str, Any]) -> tuple[ModelRequest, Losses]:
    """A request body; the model stands in the address, and in `modelId` as the SDK takes it.

    Raises:
        NotARequest: It has no list of messages.
    """
    if not isinstance(body.get("messages"), list | tuple):
        raise NotARequest("the body has no `messages`")
    losses = LossList()
    inference, tools = obj(body.get("inferenceConfig")), obj(body.get("toolConfig"))
    more = dict(obj(body.get("additionalModelRequestFields")))
    output = obj(body.get("outputConfig"))
    thinking, top_k = obj(more.pop("thinking", None)), count(more.pop("top_k", None))
    effort = text(output.get("effort")) or text(obj(more.pop("output_config", None)).get("effort"))
    rest = {key: value for key, value in body.items() if key not in _READ | _WITHOUT_EFFECT and value is not None}
    if more:
        rest["additionalModelRequestFields"] = more
    system = tuple(_blocks_from(body.get("system")))
    request = ModelRequest(
        messages=(
            *((Message("system", system),) if system else ()),
            *(message for item in objects(body["messages"]) for message in _messages_from(item)),
        ),
        model=text(body.get("modelId")),
        tools=_tools_from(tools.get("tools")),
        tool_choice=_choice_from(obj(tools.get("toolChoice"))),
        response_format=_format_from(obj(output.get("textFormat"))),
        sampling=Sampling(
            max_tokens=count(inference.get("maxTokens")),
            temperature=number(inference.get("temperature")),
            top_p=number(inference.get("topP")),
            top_k=top_k,
            stop=strings(inference.get("stopSequences")),
        ),
        reasoning=reasoning_from(thinking, effort),
        service_tier=text(obj(body.get("serviceTier")).get("type")),
        vendor=Vendor(NAME, rest) if rest else None,
    )
    return request, losses.all


def request_to(request: ModelRequest) -> tuple[dict[str, Any], Losses]:
    """A request body, `modelId` included, which HTTP carries in the address."""
    losses = LossList()
    own = vendor_fields(request.vendor, NAME, losses)
    sampling = request.sampling
    refuse_parameters(sampling, losses)
    if sampling.seed is not None:
        losses.add(Loss.SEED)
    thinking, effort = reasoning_to(request.reasoning, losses)
    system, turns = split_system(request.messages)
    more = {**own.pop("additionalModelRequestFields", {}), **present(thinking=thinking, top_k=sampling.top_k)}
    tier = request.service_tier
    if tier is not None and tier not in ("priority", "default", "flex", "reserved"):
        losses.add(Loss.SERVICE_TIER)
        tier = None
    body = present(
        modelId=request.model,
        system=_system_to(system, losses),
        messages=_messages_to(turns, losses),
        inferenceConfig=present(
            maxTokens=sampling.max_tokens,
            temperature=sampling.temperature,
            topP=sampling.top_p,
            stopSequences=list(sampling.stop) or None,
        )
        or None,
        toolConfig=_tools_to(request, losses),
        outputConfig=present(effort=effort, textFormat=_format_to(request.response_format, losses)) or None,
        additionalModelRequestFields=more or None,
        serviceTier=None if tier is None else {"type": tier},
    )
    return body | own, losses.all


def answer_from(body: Mapping[str, Any]) -> tuple[ModelAnswer, Losses]:
    """A Converse response.

    Raises:
        NotAnAnswer: It has no message, or a text that is none.
    """
    message = obj(body.get("output")).get("message")
    if not isinstance(message, Mapping) or not isinstance(message.get("content"), list):
        raise NotAnAnswer("the body has no message")
    check_texts(block["text"] for block in objects(message["content"]) if "text" in block)
    raw = text(body.get("stopReason"))
    answer = ModelAnswer(
        parts=tuple(_blocks_from(message.get("content"))),
        finish_reason=finish_of(raw),
        finish_raw=raw,
        usage=usage_from(body.get("usage")),
    )
    return answer, ()


def answer_to(answer: ModelAnswer) -> tuple[dict[str, Any], Losses]:
    """A Converse response."""
    losses = LossList()
    body = {
        "output": {"message": {"role": "assistant", "content": _blocks_to(answer.parts, losses)}},
        "stopReason": FINISH_OUT.get(answer.finish_reason, "end_turn"),
        "usage": usage_to(answer.usage or Usage(prompt_tokens=0, completion_tokens=0)),
        "metrics": {"latencyMs": 0},
    }
    return body, losses.all


def usage_to(usage: Usage) -> dict[str, Any]:
    """Counts under the vendor's names, exclusive of the cache."""
    return {
        "inputTokens": usage.prompt_tokens - usage.cached_tokens - usage.cache_write_tokens,
        "outputTokens": usage.completion_tokens,
        "totalTokens": usage.prompt_tokens + usage.completion_tokens,
        "cacheReadInputTokens": usage.cached_tokens,
        "cacheWriteInputTokens": usage.cache_write_tokens,
    }


def _system_to(messages: Sequence[Message], losses: LossList) -> list[dict[str, Any]] | None:
    blocks = []
    for message in messages:
        if message.role == "developer":
            losses.add(Loss.DEVELOPER_ROLE)
        vendor_fields(message.vendor, NAME, losses)
        blocks += _blocks_to(message.parts, losses)
    return blocks or None


def _messages_from(message: Mapping[str, Any]) -> Iterable[Message]:
    """One turn; the results in a user's turn become messages of their own, which come first."""
    role = message.get("role")
    known: Any = role if role in ("system", "assistant") else "user"
    turn: list[Part] = []
    results = 0
    for part in _blocks_from(message.get("content")):
        if isinstance(part, ToolResult):
            results += 1
            yield Message("tool", (part,))
        else:
            turn.append(part)
    if turn or not results:
        yield Message(known, tuple(turn))


def _messages_to(messages: Sequence[Message], losses: LossList) -> list[dict[str, Any]]:
    """Turns; results that follow each other, and the user's words after them, are one turn."""
    out: list[dict[str, Any]] = []
    after_result = False
    for message in messages:
        if message.role == "developer":
            losses.add(Loss.DEVELOPER_ROLE)
        if message.name and message.role != "tool":
            losses.add(Loss.PARTICIPANT_NAME)
        vendor_fields(message.vendor, NAME, losses)
        role = {"tool": "user", "developer": "system"}.get(message.role, message.role)
        content = _blocks_to(message.parts, losses)
        if after_result and role == "user":
            out[-1]["content"] += content
        else:
            out.append({"role": role, "content": content})
        after_result = message.role == "tool"
    return out


def _blocks_from(content: Any) -> list[Any]:
    return [_block_from(block) for block in objects(content)]


def _block_from(block: Mapping[str, Any]) -> Part:
    if "text" in block:
        return Text(text(block["text"]) or "")
    if point := obj(block.get("cachePoint")):
        return CachePoint(ttl=text(point.get("ttl")) or "5m")
    if reasoning := obj(block.get("reasoningContent")):
        words = obj(reasoning.get("reasoningText"))
        redacted = text(reasoning.get("redactedContent"))
        return Thinking(text(words.get("text")) or "", text(words.get("signature")), redacted, ORIGIN)
    if call := obj(block.get("toolUse")):
        if call.get("type"):
            return Opaque(NAME, dict(block))
        return ToolCall(text(call.get("toolUseId")) or "", text(call.get("name")) or "", _arguments(call.get("input")))
    if result := obj(block.get("toolResult")):
        content = tuple(part for item in objects(result.get("content")) for part in _result_from(item))
        return ToolResult(text(result.get("toolUseId")) or "", content, is_error=result.get("status") == "error")
    if media := _media_from(block):
        return media
    return Opaque(NAME, dict(block))


def _arguments(value: Any) -> str:
    wrapped = obj(value).get(INVALID_JSON)
    return wrapped if isinstance(wrapped, str) and len(value) == 1 else arguments_text(value)


def _result_from(item: Mapping[str, Any]) -> tuple[Any, ...]:
    if "json" in item:
        return (Text(json_text(item["json"]), vendor=Vendor(NAME, {"json": item["json"]})),)
    return (_block_from(item),)


def _media_from(block: Mapping[str, Any]) -> Part | None:
    for kind in ("image", "document", "video", "audio"):
        held = obj(block.get(kind))
        source = obj(held.get("source"))
        media_type = _TYPES.get(text(held.get("format")) or "", "")
        found: Source
        if (data := source.get("bytes")) is not None:
            data = base64.b64encode(data).decode() if isinstance(data, bytes) else str(data)
            found = Blob(data, media_type)
        elif uri := text(obj(source.get("s3Location")).get("uri")):
            found = Url(uri, media_type)
        elif kind == "document" and (words := text(source.get("text"))) is not None:
            found = Blob(base64.b64encode(words.encode("utf-8", "replace")).decode(), "text/plain")
        else:
            continue
        vendor = vendor_of(NAME, held, frozenset({"format", "source", "name"}))
        if kind == "image":
            return Image(found, vendor=vendor)
        if kind == "audio":
            return Audio(found, vendor=vendor)
        return File(found, name=text(held.get("name")), vendor=vendor)
    return None


def _blocks_to(parts: Iterable[Part], losses: LossList) -> list[dict[str, Any]]:
    return [block for part in parts if part != Text("") and (block := _block_to(part, losses)) is not None]


def _block_to(part: Part, losses: LossList) -> dict[str, Any] | None:
    own = vendor_fields(part.vendor, NAME, losses)
    if isinstance(part, Text | Refusal):
        if isinstance(part, Refusal):
            losses.add(Loss.REFUSAL_AS_TEXT)
        return {"text": part.text}
    if isinstance(part, CachePoint):
        return {"cachePoint": present(type="default", ttl=part.ttl if part.ttl != "5m" else None)}
    if isinstance(part, Thinking):
        if part.origin != ORIGIN:
            losses.add(Loss.THINKING)
            return None
        if part.redacted is not None:
            return {"reasoningContent": {"redactedContent": part.redacted}}
        return {"reasoningContent": {"reasoningText": present(text=part.text, signature=part.signature)}}
    if isinstance(part, ToolCall):
        called = {"toolUseId": part.id, "name": part.name, "input": arguments_object(part.arguments, losses)}
        return {"toolUse": called}
    if isinstance(part, ToolResult):
        content = [made for item in part.content if (made := _result_to(item, losses)) is not None]
        marked = {"status": "error"} if part.is_error else {}
        return {"toolResult": {"toolUseId": part.id, "content": content, **marked}}
    if isinstance(part, Opaque):
        if part.protocol == NAME:
            return dict(part.payload)
        losses.add(Loss.SERVER_TOOL, opaque_name(part.payload))
        return None
    return _media_to(part, own, losses)


def _result_to(item: Any, losses: LossList) -> dict[str, Any] | None:
    if isinstance(item, Text) and item.vendor is not None and item.vendor.protocol == NAME:
        return {"json": item.vendor.fields["json"]}
    if isinstance(item, Audio):
        losses.add(Loss.TOOL_RESULT_MEDIA)
        return None
    return None if item == Text("") else _block_to(item, losses)


def _media_to(part: Part, own: dict[str, Any], losses: LossList) -> dict[str, Any] | None:
    assert isinstance(part, Image | Audio | File)
    loss = media_loss(part)
    source = part.source
    if isinstance(source, FileId) or (isinstance(source, Url) and not source.url.startswith("s3:")):
        losses.add(loss)
        return None
    kind, table = "image", IMAGES
    if isinstance(part, Audio):
        kind, table = "audio", AUDIOS
    elif isinstance(part, File):
        kind, table = ("video", VIDEOS) if source.media_type.startswith("video/") else ("document", DOCUMENTS)
    form = table.get(source.media_type)
    if form is None or (isinstance(source, Blob) and not _is_base64(source.data)):
        losses.add(loss)
        return None
    if isinstance(part, Image) and part.detail is not None:
        losses.add(Loss.IMAGE_DETAIL)
    held: dict[str, Any] = {"bytes": source.data} if isinstance(source, Blob) else {"s3Location": {"uri": source.url}}
    named = {"name": _name(part, losses)} if kind == "document" and isinstance(part, File) else {}
    return {kind: {"format": form, **named, "source": held, **own}}


def _is_base64(data: str) -> bool:
    try:
        return bool(base64.b64decode(data, validate=True))
    except (binascii.Error, ValueError):
        return False


def _name(part: File, losses: LossList) -> str:
    """The file's name in the letters that the API takes; it asks for one."""
    name = re.sub(r"\s+", " ", _SAFE_NAME.sub("-", part.name or "document"))
    if name != part.name:
        losses.add(Loss.FILE_NAME)
    return name


def _tools_from(tools: Any) -> tuple[Tool | Opaque, ...]:
    out: list[Tool | Opaque] = []
    for tool in objects(tools):
        spec = obj(tool.get("toolSpec"))
        if (point := obj(tool.get("cachePoint"))) and out and isinstance(before := out[-1], Tool):
            out[-1] = Tool(
                before.name,
                before.description,
                before.schema,
                before.strict,
                CachePoint(text(point.get("ttl")) or "5m"),
            )
        elif spec:
            schema = obj(spec.get("inputSchema")).get("json")
            schema = _parsed(schema) if isinstance(schema, str) else schema
            named = (text(spec.get("name")) or "", text(spec.get("description")))
            out.append(Tool(*named, schema=schema_from(schema), strict=spec.get("strict") is True))
        else:
            out.append(Opaque(NAME, dict(tool)))
    return tuple(out)


def _parsed(value: str) -> Any:
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return None


def _tools_to(request: ModelRequest, losses: LossList) -> dict[str, Any] | None:
    made: list[dict[str, Any]] = []
    for tool in request.tools:
        if isinstance(tool, Tool):
            schema = {"json": schema_to(tool.schema)}
            spec = present(name=tool.name, description=tool.description or None, inputSchema=schema)
            made.append({"toolSpec": {**spec, **present(strict=tool.strict or None)}})
            vendor_fields(tool.vendor, NAME, losses)
            if tool.cache is not None:
                made.append(_block_to(tool.cache, losses) or {})
        elif tool.protocol == NAME:
            made.append(dict(tool.payload))
        else:
            losses.add(Loss.SERVER_TOOL, opaque_name(tool.payload))
    choice = request.tool_choice
    if choice.parallel is False:
        losses.add(Loss.PARALLEL_TOOL_CALLS)
    if choice.mode == "none" or len(choice.names) > 1 or (choice.names and choice.mode != "required"):
        losses.add(Loss.TOOL_CHOICE)
    if not made:
        return None
    chosen: dict[str, Any] | None = None
    if choice.mode == "required":
        chosen = {"tool": {"name": choice.names[0]}} if len(choice.names) == 1 else {"any": {}}
    elif choice.mode == "auto":
        chosen = {"auto": {}}
    return {"tools": made, **present(toolChoice=chosen)}


def _choice_from(choice: Mapping[str, Any]) -> ToolChoice:
    if name := text(obj(choice.get("tool")).get("name")):
        return ToolChoice("required", (name,))
    return ToolChoice("required" if "any" in choice else "auto" if "auto" in choice else None)


def _format_from(form: Mapping[str, Any]) -> ResponseFormat | None:
    inner = obj(obj(form.get("structure")).get("jsonSchema"))
    schema = _parsed(text(inner.get("schema")) or "")
    if not isinstance(schema, dict):
        return None
    return ResponseFormat("json_schema", schema, text(inner.get("name")), text(inner.get("description")), strict=True)


def _format_to(form: ResponseFormat | None, losses: LossList) -> dict[str, Any] | None:
    if form is None:
        return None
    if form.kind == "json_object" or form.schema is None:
        losses.add(Loss.RESPONSE_FORMAT)
        return None
    if not form.strict:
        losses.add(Loss.STRICT)
    inner = present(schema=json_text(form.schema), name=form.name, description=form.description)
    return {"type": "json_schema", "structure": {"jsonSchema": inner}}


_BLOCKS = frozenset({
    "toolUse", "toolResult", "reasoningContent", "cachePoint", "image", "document", "video", "guardContent",
})  # fmt: skip
_OWN = frozenset({"modelId", "inferenceConfig", "toolConfig", "additionalModelRequestFields", "outputConfig"})


def _speaks(message: Mapping[str, Any]) -> bool:
    """Blocks have no type: the one field that they have is it."""
    return any(part.get("type") is None and not _BLOCKS.isdisjoint(part) for part in objects(message.get("content")))


_EVENTS = frozenset({
    "messageStart", "contentBlockStart", "contentBlockDelta", "contentBlockStop", "messageStop", "metadata",
})  # fmt: skip


def _place(event: Mapping[str, Any]) -> StreamPlace | None:
    """Where an event stands: it is one field, and none has a name; the last has the counts."""
    kind = next(iter(event)) if len(event) == 1 else None
    if kind not in _EVENTS or (kind == "metadata" and "usage" not in obj(event["metadata"])):
        return None
    return StreamPlace(begins=kind == "messageStart", ends=kind == "metadata")


PROTOCOL = Protocol(
    name=NAME,
    summary="Amazon Bedrock's Converse",
    request_from=request_from,
    request_to=request_to,
    answer_from=answer_from,
    answer_to=answer_to,
    stream_from=whole,
    shape=BodyShape(
        api="bedrock.converse",
        asks=lambda body: has_messages_and(body, _OWN),
        answers=lambda body: isinstance(obj(body.get("output")).get("message"), Mapping),
        streams=lambda event: "messageStart" in event,
        place=_place,
        speaks=_speaks,
        tells_end=lambda body: "stopReason" in body,
    ),
    finish_words={
        **dict.fromkeys(("end_turn", "stop_sequence"), "stop"),
        **dict.fromkeys(("max_tokens", "model_context_window_exceeded"), "length"),
        "tool_use": "tool_calls",
        **dict.fromkeys(("guardrail_intervened", "content_filtered"), "content_filter"),
        **dict.fromkeys(("malformed_model_output", "malformed_tool_use"), "error"),
    },
)
