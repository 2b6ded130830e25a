"""OpenAI's Responses: a conversation as a list of items.

What is kept at the vendor (`previous_response_id`, `conversation`, stored prompts) is not in the request: it is lost by
name. Reasoning items go back to the vendor as they came, and to nobody else.

Source: openai 3.57.0, `types/responses/response_create_params.py`, `types/responses/response.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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
    Reasoning,
    Refusal,
    ResponseFormat,
    Role,
    Sampling,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
    Usage,
    Vendor,
)
from audit.core.fingerprint import REPLAY_PARAMS_IGNORED
from audit.protocols.protocol import BodyShape, Protocol, StreamPlace
from audit.protocols.responses_stream import ENDS, whole
from audit.protocols.shared import (
    SCHEMA_NAME,
    LossList,
    NotAnAnswer,
    NotARequest,
    arguments_text,
    check_texts,
    count,
    data_url,
    detail_of,
    number,
    obj,
    objects,
    opaque_name,
    present,
    schema_from,
    schema_name,
    schema_to,
    source_of,
    text,
    vendor_fields,
    vendor_of,
)
from audit.protocols.usage import usage_from

NAME = "openai_responses"
ORIGIN = "openai"
STATE = ("previous_response_id", "conversation", "prompt")
"""Fields that stand for text which only the vendor has."""

_READ = frozenset({
    "model", "input", "instructions", "tools", "tool_choice", "parallel_tool_calls", "max_output_tokens", "temperature",
    "top_p", "reasoning", "text", "service_tier", *STATE,
})  # fmt: skip
_WITHOUT_EFFECT = REPLAY_PARAMS_IGNORED | {
    *("include", "background", "background_options", "truncation", "prompt_cache_key", "prompt_cache_retention"),
    *("top_logprobs", "prompt_cache_options", "moderation"),
}


def request_from(body: Mapping[str, Any]) -> tuple[ModelRequest, Losses]:
    """A request body.

    Raises:
        NotARequest: It has no input.
    """
    given = body.get("input")
    if not isinstance(given, str | list | tuple) and not any(body.get(name) for name in STATE):
        raise NotARequest("the body has no `input`")
    losses = LossList()
    for name in STATE:
        if body.get(name):
            losses.add(Loss.SERVER_STATE, name)
    instructions = text(body.get("instructions"))
    items = ({"role": "user", "content": given},) if isinstance(given, str) else objects(given)
    words, reasoning = obj(body.get("text")), obj(body.get("reasoning"))
    rest = {key: value for key, value in body.items() if key not in _WITHOUT_EFFECT}
    request = ModelRequest(
        messages=(
            *((Message("system", (Text(instructions),)),) if instructions else ()),
            *_messages_from(items, losses),
        ),
        model=text(body.get("model")),
        tools=tuple(_tool_from(tool) for tool in objects(body.get("tools"))),
        tool_choice=_choice_from(body, losses),
        response_format=_format_from(obj(words.get("format"))),
        sampling=Sampling(
            max_tokens=count(body.get("max_output_tokens")),
            temperature=number(body.get("temperature")),
            top_p=number(body.get("top_p")),
            verbosity=text(words.get("verbosity")),
        ),
        reasoning=Reasoning(effort=text(reasoning.get("effort"))),
        service_tier=text(body.get("service_tier")),
        vendor=vendor_of(NAME, rest, _READ),
    )
    return request, losses.all


def request_to(request: ModelRequest) -> tuple[dict[str, Any], Losses]:
    """A request body; nothing of it asks the vendor to keep anything."""
    losses = LossList()
    own = vendor_fields(request.vendor, NAME, losses)
    sampling, reasoning = request.sampling, request.reasoning
    for name in ("top_k", "frequency_penalty", "presence_penalty"):
        if getattr(sampling, name) is not None:
            losses.add(Loss.PARAMETER, name)
    if sampling.stop:
        losses.add(Loss.PARAMETER, "stop")
    if sampling.seed is not None:
        losses.add(Loss.SEED)
    if (reasoning.budget_tokens is not None or reasoning.enabled is not None) and not reasoning.effort:
        losses.add(Loss.REASONING)
    messages = request.messages
    instructions = _instructions(messages[0]) if messages else None
    if instructions is not None and len(messages[0].parts) > 1:
        losses.add(Loss.CACHE_POINT)
    items = [item for m in messages[instructions is not None :] for item in _items_to(m, losses)]
    body = present(
        model=request.model,
        instructions=instructions,
        input=items,
        tools=[made for tool in request.tools if (made := _tool_to(tool, losses))] or None,
        tool_choice=_choice_to(request.tool_choice),
        parallel_tool_calls=request.tool_choice.parallel,
        max_output_tokens=sampling.max_tokens,
        temperature=sampling.temperature,
        top_p=sampling.top_p,
        reasoning=present(effort=reasoning.effort) or None,
        text=present(format=_format_to(request.response_format), verbosity=sampling.verbosity) or None,
        service_tier=request.service_tier,
    )
    return body | own, losses.all


def answer_from(body: Mapping[str, Any]) -> tuple[ModelAnswer, Losses]:
    """A response.

    Raises:
        NotAnAnswer: It has no output, a text that is none, or the vendor says that it failed.
    """
    if not isinstance(body.get("output"), list) or body.get("status") in ("failed", "in_progress", "queued"):
        raise NotAnAnswer("the body has no finished output")
    parts_said = (part for item in objects(body["output"]) for part in objects(item.get("content")))
    check_texts(part.get("text") for part in parts_said if part.get("type") == "output_text")
    losses = LossList()
    parts = tuple(part for message in _messages_from(objects(body["output"]), losses) for part in message.parts)
    ended = "completed" if body.get("object") == COMPACTED else None
    status, why = text(body.get("status")) or ended, text(obj(body.get("incomplete_details")).get("reason"))
    called = any(isinstance(part, ToolCall) for part in parts)
    finish = {"max_output_tokens": "length", "content_filter": "content_filter"}.get(why or "")
    if finish is None and any(isinstance(part, Refusal) for part in parts):
        finish = "refusal"
    finish = finish or {"completed": "tool_calls" if called else "stop", "cancelled": "aborted"}.get(status or "")
    answer = ModelAnswer(
        parts=parts,
        finish_reason=finish or "unknown",
        finish_raw=why or status,
        usage=usage_from(body.get("usage")),
        model=text(body.get("model")),
        id=text(body.get("id")),
    )
    return answer, losses.all


def answer_to(answer: ModelAnswer) -> tuple[dict[str, Any], Losses]:
    """A response."""
    losses = LossList()
    cut = {"length": "max_output_tokens", "content_filter": "content_filter"}.get(answer.finish_reason)
    output = [_output(item, n) for n, item in enumerate(_items_to(Message("assistant", answer.parts), losses))]
    body = {
        "id": answer.id or "resp_0",
        "object": "response",
        "created_at": 0,
        "model": answer.model or "",
        "status": "incomplete" if cut else "completed",
        "incomplete_details": {"reason": cut} if cut else None,
        "error": None,
        "instructions": None,
        "metadata": {},
        "output": output,
        "parallel_tool_calls": True,
        "temperature": None,
        "tool_choice": "auto",
        "tools": [],
        "top_p": None,
    }
    if answer.usage is not None:
        body["usage"] = usage_to(answer.usage)
    return body, losses.all


def usage_to(usage: Usage) -> dict[str, Any]:
    """Counts under the vendor's names."""
    return {
        "input_tokens": usage.prompt_tokens,
        "input_tokens_details": {"cached_tokens": usage.cached_tokens, "cache_write_tokens": usage.cache_write_tokens},
        "output_tokens": usage.completion_tokens,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
        "total_tokens": usage.prompt_tokens + usage.completion_tokens,
    }


def _instructions(message: Message) -> str | None:
    """The text of a system message that is one text and nothing else."""
    parts = [part for part in message.parts if not isinstance(part, CachePoint)]
    only = parts[0] if message.role == "system" and len(parts) == 1 else None
    return only.text if isinstance(only, Text) and only.vendor is None and not message.name else None


def _messages_from(items: Iterable[Mapping[str, Any]], losses: LossList) -> list[Message]:
    """Turns; the items of one turn of the assistant (reasoning, words, calls) are put together."""
    out: list[Message] = []
    for item in items:
        if item.get("type") == "item_reference":
            losses.add(Loss.SERVER_STATE, "item_reference")
            continue
        role, parts = _item_from(item)
        if role == "assistant" and out and out[-1].role == "assistant":
            out[-1] = Message("assistant", out[-1].parts + parts)
        else:
            out.append(Message(role, parts))
    return out


def _item_from(item: Mapping[str, Any]) -> tuple[Role, tuple[Part, ...]]:
    kind = item.get("type", "message")
    if kind == "message":
        role: Any = item.get("role") if item.get("role") in ("system", "developer", "assistant") else "user"
        return role, tuple(_content_from(item.get("content")))
    if kind == "function_call":
        vendor = vendor_of(NAME, item, frozenset({"type", "call_id", "name", "arguments"}))
        arguments = arguments_text(item.get("arguments"))
        call = ToolCall(text(item.get("call_id")) or "", text(item.get("name")) or "", arguments, vendor=vendor)
        return "assistant", (call,)
    if kind == "function_call_output":
        vendor = vendor_of(NAME, item, frozenset({"type", "call_id", "output"}))
        content = tuple(p for p in _content_from(item.get("output")) if isinstance(p, Text | Image | File | Opaque))
        return "tool", (ToolResult(text(item.get("call_id")) or "", content, vendor=vendor),)
    if kind == "reasoning":
        shown = [*objects(item.get("summary")), *objects(item.get("content"))]
        return "assistant", (
            Thinking(
                "\n\n".join(words for part in shown if (words := text(part.get("text")))),
                signature=text(item.get("encrypted_content")),
                origin=ORIGIN,
                vendor=Vendor(NAME, {"item": dict(item)}),
            ),
        )
    return "assistant", (Opaque(NAME, dict(item)),)


def _content_from(content: Any) -> list[Part]:
    if isinstance(content, str):
        return [Text(content)]
    return [_part_from(part) for part in objects(content)]


def _part_from(part: Mapping[str, Any]) -> Part:
    kind = part.get("type")
    if kind in ("input_text", "output_text", "text"):
        kept = {k: v for k, v in part.items() if v not in ([], None)}
        known = frozenset(
            {"type", "text", "annotations", "logprobs"} if not kept.get("annotations") else {"type", "text"}
        )
        return Text(text(part.get("text")) or "", vendor=vendor_of(NAME, kept, known))
    if kind == "refusal":
        return Refusal(text(part.get("refusal")) or "")
    if kind == "input_image" and (url := text(part.get("image_url"))):
        return Image(source_of(url), detail=detail_of(part))
    if kind == "input_image" and (file_id := text(part.get("file_id"))):
        return Image(FileId(file_id), detail=detail_of(part))
    if kind == "input_file" and (file_id := text(part.get("file_id"))):
        return File(FileId(file_id), name=text(part.get("filename")))
    if kind == "input_file" and (url := text(part.get("file_data")) or text(part.get("file_url"))):
        return File(source_of(url), name=text(part.get("filename")))
    return Opaque(NAME, dict(part))


def _items_to(message: Message, losses: LossList) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    content: list[dict[str, Any]] = []
    if message.name and message.role != "tool":
        losses.add(Loss.PARTICIPANT_NAME)
    vendor_fields(message.vendor, NAME, losses)

    def close() -> None:
        if message.role == "assistant":
            items.extend(_said(made, len(items) + n) for n, made in enumerate(content))
        elif content:
            simple = len(content) == 1 and content[0].keys() == {"type", "text"}
            words: Any = content[0]["text"] if simple else list(content)
            items.append({"type": "message", "role": message.role, "content": words})
        content.clear()

    for part in message.parts:
        if isinstance(part, CachePoint):
            losses.add(Loss.CACHE_POINT)
        elif (item := _own_item(part, losses)) is not None:
            close()
            items.append(item)
        elif (made := _content_to(part, message.role, losses)) is not None:
            content.append(made)
    close()
    if not items and message.role in ("user", "system", "developer"):
        items.append({"type": "message", "role": message.role, "content": ""})
    return items


def _said(part: dict[str, Any], place: int) -> dict[str, Any]:
    """An earlier part of the assistant as an item: words alone need no more than that, other parts a name."""
    if part.keys() == {"type", "text"}:
        return {"type": "message", "role": "assistant", "content": part["text"]}
    content = [{"annotations": [], **part} if part["type"] == "output_text" else part]
    named = {"id": f"msg_{place}", "status": "completed"}
    return {"type": "message", **named, "role": "assistant", "content": content}


def _own_item(part: Part, losses: LossList) -> dict[str, Any] | None:
    """The item that a part is by itself; None for what stands inside a message."""
    if isinstance(part, ToolCall):
        own = vendor_fields(part.vendor, NAME, losses)
        return {"type": "function_call", "call_id": part.id, "name": part.name, "arguments": part.arguments, **own}
    if isinstance(part, ToolResult):
        own = vendor_fields(part.vendor, NAME, losses)
        if part.is_error:
            losses.add(Loss.TOOL_ERROR_MARK)
        content: Any = [made for p in part.content if (made := _content_to(p, "user", losses)) is not None]
        if not content or (len(content) == 1 and content[0].keys() == {"type", "text"}):
            content = content[0]["text"] if content else ""
        return {"type": "function_call_output", "call_id": part.id, "output": content, **own}
    if isinstance(part, Opaque) and part.protocol == NAME and not str(part.payload.get("type")).startswith("input_"):
        return dict(part.payload)
    if isinstance(part, Thinking) and part.origin == ORIGIN and part.vendor and part.vendor.protocol == NAME:
        return dict(part.vendor.fields["item"])
    return None


def _content_to(part: Part, role: str, losses: LossList) -> dict[str, Any] | None:
    own = {} if isinstance(part, Thinking) else vendor_fields(part.vendor, NAME, losses)
    if isinstance(part, Text):
        return {"type": "output_text" if role == "assistant" else "input_text", "text": part.text, **own}
    if isinstance(part, Refusal):
        return {"type": "refusal", "refusal": part.text}
    if isinstance(part, Image):
        if isinstance(part.source, FileId):
            return {"type": "input_image", "file_id": part.source.id, "detail": part.detail or "auto"}
        url = data_url(part.source) if isinstance(part.source, Blob) else part.source.url
        return {"type": "input_image", "image_url": url, "detail": part.detail or "auto"}
    if isinstance(part, File):
        source = part.source
        if isinstance(source, FileId):
            held = {"file_id": source.id}
        else:
            held = {"file_data": data_url(source)} if isinstance(source, Blob) else {"file_url": source.url}
        return {"type": "input_file", **held, **present(filename=part.name)}
    if isinstance(part, Opaque) and part.protocol == NAME:
        return dict(part.payload)
    if isinstance(part, Opaque):
        losses.add(Loss.SERVER_TOOL, opaque_name(part.payload))
    else:
        losses.add(Loss.AUDIO if isinstance(part, Audio) else Loss.THINKING)
    return None


def _output(item: dict[str, Any], number_: int) -> dict[str, Any]:
    """An item as it stands in a response: with an id and a status."""
    if item["type"] == "message":
        content = item["content"]
        if isinstance(content, str):
            content = [{"type": "output_text", "text": content, "annotations": []}]
        return {"id": f"msg_{number_}", "status": "completed", **item, "content": content}
    return {"id": f"item_{number_}", "status": "completed", **item}


def _tool_from(tool: Mapping[str, Any]) -> Tool | Opaque:
    if tool.get("type") != "function":
        return Opaque(NAME, dict(tool))
    known = frozenset({"type", "name", "description", "parameters", "strict"})
    return Tool(
        name=text(tool.get("name")) or "",
        description=text(tool.get("description")),
        schema=schema_from(tool.get("parameters")),
        strict=tool.get("strict") is True,
        vendor=vendor_of(NAME, tool, known),
    )


def _tool_to(tool: Tool | Opaque, losses: LossList) -> dict[str, Any] | None:
    if isinstance(tool, Opaque):
        if tool.protocol == NAME:
            return dict(tool.payload)
        losses.add(Loss.SERVER_TOOL, opaque_name(tool.payload))
        return None
    if tool.cache is not None:
        losses.add(Loss.CACHE_POINT)
    own = vendor_fields(tool.vendor, NAME, losses)
    # A tool is strict here unless it says otherwise, and in the chat API it is not.
    fixed = {"parameters": schema_to(tool.schema), "strict": tool.strict}
    return {"type": "function", **present(name=tool.name, description=tool.description), **fixed, **own}


def _choice_from(body: Mapping[str, Any], losses: LossList) -> ToolChoice:
    choice, parallel = body.get("tool_choice"), body.get("parallel_tool_calls")
    parallel = parallel if isinstance(parallel, bool) else None
    if isinstance(choice, Mapping):
        if choice.get("type") == "function":
            return ToolChoice("required", (text(choice.get("name")) or "",), parallel)
        if choice.get("type") == "allowed_tools":
            names = tuple(text(tool.get("name")) or "" for tool in objects(choice.get("tools")))
            return ToolChoice("required" if choice.get("mode") == "required" else "auto", names, parallel)
        losses.add(Loss.TOOL_CHOICE)
    mode: Any = choice if choice in ("auto", "none", "required") else None
    return ToolChoice(mode, parallel=parallel)


def _choice_to(choice: ToolChoice) -> Any:
    if not choice.names:
        return choice.mode
    tools = [{"type": "function", "name": name} for name in choice.names]
    if choice.mode == "required" and len(tools) == 1:
        return tools[0]
    return {"type": "allowed_tools", "mode": "required" if choice.mode == "required" else "auto", "tools": tools}


def _format_from(form: Mapping[str, Any]) -> ResponseFormat | None:
    if form.get("type") == "json_object":
        return ResponseFormat("json_object")
    if form.get("type") != "json_schema":
        return None
    return ResponseFormat(
        "json_schema",
        schema=dict(obj(form.get("schema"))),
        name=schema_name(form),
        description=text(form.get("description")),
        strict=form.get("strict") is True,
    )


def _format_to(form: ResponseFormat | None) -> dict[str, Any] | None:
    if form is None or form.kind == "json_object":
        return None if form is None else {"type": "json_object"}
    named = present(name=form.name or SCHEMA_NAME, description=form.description, strict=form.strict or None)
    return {"type": "json_schema", "schema": form.schema or {}, **named}


_ITEMS = frozenset({"function_call", "function_call_output", "reasoning", "item_reference", "message"})
_PARTS = frozenset({"input_image", "input_file"})


COMPACTED = "response.compaction"
"""A conversation that the vendor made shorter: billed as any answer, and without a status.

Source: https://platform.openai.com/docs/api-reference/responses/compact
"""


def _answers(body: Mapping[str, Any]) -> bool:
    return body.get("object") in ("response", COMPACTED) or (isinstance(body.get("output"), list) and "status" in body)


def _speaks(message: Mapping[str, Any]) -> bool:
    """Items stand beside each other where others have messages, and the parts of a message have names of their own."""
    parts = objects(message.get("content"))
    return text(message.get("type")) in _ITEMS or any(text(part.get("type")) in _PARTS for part in parts)


def _place(event: Mapping[str, Any]) -> StreamPlace | None:
    """Where an event stands: those that hold the response have its id, the others have none."""
    kind = text(event.get("type")) or ""
    if not kind.startswith("response."):
        return None
    name = text(obj(event.get("response")).get("id"))
    return StreamPlace(id=name, begins=kind == "response.created", ends=kind in ENDS)


PROTOCOL = Protocol(
    name=NAME,
    summary="OpenAI's Responses",
    request_from=request_from,
    request_to=request_to,
    answer_from=answer_from,
    answer_to=answer_to,
    stream_from=whole,
    shape=BodyShape(
        api="openai.responses",
        operation="responses",
        field="input",
        asks=lambda body: isinstance(body.get("input"), str | list),
        answers=_answers,
        streams=lambda event: (text(event.get("type")) or "").startswith("response."),
        place=_place,
        speaks=_speaks,
        tells_end=lambda body: "status" in body,
    ),
    finish_words={"completed": "stop", "max_output_tokens": "length", "incomplete": "length"},
)
