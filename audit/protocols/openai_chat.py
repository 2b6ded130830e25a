"""OpenAI's chat completions, as most servers speak them, and the shape in which this program keeps requests.

`request_to(..., extended=True)` writes the kept shape: the same, with what the protocol has no word for under the names
that LiteLLM made common (`cache_control`, `thinking_blocks`), and the rest under `vendor`. Nothing is lost in it, and
`request_from` reads it back. What is sent to an endpoint is never extended.

Source: openai 3.57.0, `types/chat/completion_create_params.py`, `types/chat/chat_completion.py`.
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
    Sampling,
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
from audit.core.fingerprint import REPLAY_PARAMS_IGNORED
from audit.protocols.chat_parts import call_from, call_to, image_from, image_to, simple, tool_from, tool_to
from audit.protocols.chat_stream import whole
from audit.protocols.finish import finish_of
from audit.protocols.protocol import BodyShape, Protocol, StreamPlace
from audit.protocols.shared import (
    SCHEMA_NAME,
    LossList,
    NotAnAnswer,
    NotARequest,
    arguments_text,
    count,
    data_url,
    media_loss,
    number,
    obj,
    objects,
    opaque_name,
    present,
    schema_name,
    source_of,
    strings,
    text,
    vendor_fields,
    vendor_of,
)
from audit.protocols.usage import usage_from

NAME = "openai_chat"
FINISH_OUT = {"refusal": "stop", "error": "stop", "aborted": "stop", "unknown": "stop"}

_LIMITS = ("max_completion_tokens", "max_tokens")
_READ = frozenset({
    "model", "messages", "tools", "tool_choice", "parallel_tool_calls", "functions", "function_call",
    "response_format", "temperature", "top_p", "top_k", "stop", "stop_sequences", "seed", "frequency_penalty",
    "presence_penalty", "reasoning_effort", "reasoning", "thinking", "verbosity", "service_tier", "max_tokens",
    "vendor",
})  # fmt: skip
# Parameters of the transport, the bill or the bookkeeping; `n` and `logprobs` add to a reply and leave choice 0 as is.
WITHOUT_EFFECT = REPLAY_PARAMS_IGNORED | {
    *("n", "logprobs", "top_logprobs", "prompt_cache_key", "prompt_cache_retention", "prompt_cache_options"),
    *("timeout", "max_retries", "extra_headers", "drop_params"),
}
CARRIED = frozenset({
    "max_completion_tokens", "min_p", "repetition_penalty", "logit_bias", "prediction", "chat_template_kwargs",
})  # fmt: skip
"""Further parameters that endpoints of this protocol know; any other is refused by name."""

_MESSAGE = frozenset({
    "role", "content", "name", "tool_calls", "tool_call_id", "function_call", "refusal", "reasoning_content",
    "reasoning", "thinking_blocks", "cache_control", "is_error", "vendor", "audio",
})  # fmt: skip
_TOOL = frozenset({"type", "function", "cache_control", "vendor"})
_REASONING_FIELDS = ("reasoning_content", "reasoning")
"""Where servers write reasoning; a thought keeps its field's name as a vendor's field, and goes back under it."""


def request_from(body: Mapping[str, Any]) -> tuple[ModelRequest, Losses]:
    """A request body, plain or extended.

    Raises:
        NotARequest: It has no list of messages.
    """
    if not isinstance(body.get("messages"), list | tuple):
        raise NotARequest("the body has no `messages`")
    losses = LossList()
    rest: dict[str, Any] = {}
    for name, value in body.items():
        if name in _READ or name in WITHOUT_EFFECT or value is None or value in ({}, []):
            continue
        if name in CARRIED:
            rest[name] = value
        elif name != "modalities" or value != ["text"]:
            losses.add(Loss.PARAMETER, name[:60])
    vendor = Vendor(NAME, rest) if rest else _kept_vendor(body)
    request = ModelRequest(
        messages=tuple(_message_from(message) for message in objects(body["messages"])),
        model=text(body.get("model")),
        tools=(*_tools_from(body.get("tools")), *map(tool_from, objects(body.get("functions")))),
        tool_choice=_choice_from(body),
        response_format=_format_from(body.get("response_format"), losses),
        sampling=Sampling(
            max_tokens=next((n for name in _LIMITS if (n := count(body.get(name))) is not None), None),
            temperature=number(body.get("temperature")),
            top_p=number(body.get("top_p")),
            top_k=count(body.get("top_k")),
            stop=strings(body.get("stop")) or strings(body.get("stop_sequences")),
            seed=body["seed"] if isinstance(body.get("seed"), int) else None,
            frequency_penalty=number(body.get("frequency_penalty")),
            presence_penalty=number(body.get("presence_penalty")),
            verbosity=text(body.get("verbosity")),
        ),
        reasoning=_reasoning_from(body),
        service_tier=text(body.get("service_tier")),
        vendor=vendor,
    )
    return request, losses.all


def request_to(
    request: ModelRequest, *, extended: bool = False, limit: str | None = None
) -> tuple[dict[str, Any], Losses]:
    """A request body.

    Args:
        extended: Keep what the protocol has no word for, for this program's own files.
        limit: Name of the token limit; default: as it was logged, else `max_tokens`.
    """
    losses = LossList()
    sampling, own = request.sampling, _own(request.vendor, losses, extended=extended)
    logged = own.pop("max_completion_tokens", None)
    limit = limit or ("max_tokens" if logged is None else "max_completion_tokens")
    reasoning = request.reasoning
    if not extended and (reasoning.budget_tokens is not None or reasoning.enabled is not None) and not reasoning.effort:
        losses.add(Loss.REASONING)
    body = present(
        model=request.model,
        messages=[_message_to(message, losses, extended) for message in request.messages],
        tools=[_tool_to(tool, losses, extended) for tool in request.tools if _sent(tool, losses, extended)] or None,
        tool_choice=_choice_to(request.tool_choice),
        parallel_tool_calls=request.tool_choice.parallel,
        response_format=_format_to(request.response_format),
        temperature=sampling.temperature,
        top_p=sampling.top_p,
        top_k=sampling.top_k,
        stop=list(sampling.stop) or None,
        seed=sampling.seed,
        frequency_penalty=sampling.frequency_penalty,
        presence_penalty=sampling.presence_penalty,
        reasoning_effort=reasoning.effort,
        verbosity=sampling.verbosity,
        service_tier=request.service_tier,
    )
    if extended and (kept := present(enabled=reasoning.enabled, max_tokens=reasoning.budget_tokens)):
        body["reasoning"] = kept
    if sampling.max_tokens is not None:
        body[limit] = sampling.max_tokens
    return body | own, losses.all


def answer_from(body: Mapping[str, Any]) -> tuple[ModelAnswer, Losses]:
    """Choice 0 of a chat completion; arguments of tool calls stay the text they were.

    Raises:
        NotAnAnswer: It has no choice with a message.
    """
    choice = next(objects(body.get("choices")), None)
    if choice is None or not isinstance(message := choice.get("message"), Mapping):
        raise NotAnAnswer("the body has no choice")
    raw = text(choice.get("finish_reason")) or text(obj(choice.get("finish_details")).get("type"))
    parts = _message_from({**message, "role": "assistant"}).parts
    refused = any(isinstance(part, Refusal) for part in parts)
    answer = ModelAnswer(
        parts=parts,
        finish_reason="refusal" if refused else finish_of(raw),
        finish_raw=raw,
        usage=usage_from(body.get("usage")),
        model=text(body.get("model")),
        id=text(body.get("id")),
    )
    return answer, ()


def answer_to(answer: ModelAnswer) -> tuple[dict[str, Any], Losses]:
    """A chat completion of one choice."""
    losses = LossList()
    message = _message_to(Message("assistant", answer.parts), losses, False)
    refusals = [part.text for part in answer.parts if isinstance(part, Refusal)]
    finish = FINISH_OUT.get(answer.finish_reason, answer.finish_reason)
    body = {
        "id": answer.id or "chatcmpl-0",
        "object": "chat.completion",
        "created": 0,
        "model": answer.model or "",
        "choices": [
            {
                "index": 0,
                "message": {"content": None, **message, "refusal": "".join(refusals) or None},
                "finish_reason": finish,
                "logprobs": None,
            }
        ],
    }
    if answer.usage is not None:
        body["usage"] = usage_to(answer.usage)
    return body, losses.all


def usage_to(usage: Usage) -> dict[str, Any]:
    """Counts under the chat API's names."""
    return {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.prompt_tokens + usage.completion_tokens,
        "prompt_tokens_details": {
            "cached_tokens": usage.cached_tokens,
            "cache_write_tokens": usage.cache_write_tokens,
        },
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
    }


def _message_from(message: Mapping[str, Any]) -> Message:
    role, cache = message.get("role"), _cache_from(message)
    vendor = _kept_vendor(message) or vendor_of(NAME, message, _MESSAGE)
    if role in ("tool", "function"):
        result = ToolResult(
            id=text(message.get("tool_call_id")) or text(message.get("name")) or "",
            content=tuple(
                part for part in _content_from(message.get("content")) if not isinstance(part, _IN_NO_RESULT)
            ),
            name=text(message.get("name")),
            is_error=message.get("is_error") is True,
            vendor=vendor,
        )
        return Message("tool", (result, *cache))
    parts = (
        *_thinking_from(message),
        *_content_from(message.get("content")),
        *_refusal_from(message),
        *(part for call in objects(message.get("tool_calls")) for part in _call_from(call)),
        *_function_call_from(message.get("function_call")),
        *cache,
    )
    known: Any = role if role in ("system", "developer", "user", "assistant") else "user"
    return Message(known, parts, name=text(message.get("name")), vendor=vendor)


_IN_NO_RESULT = (CachePoint, Refusal, Thinking, ToolCall, ToolResult)


def _content_from(content: Any) -> Iterable[Any]:
    if isinstance(content, str):
        return (Text(content),)
    return [part for item in objects(content) for part in _part_from(item)]


def _part_from(part: Mapping[str, Any]) -> tuple[Part, ...]:
    kind, cache = text(part.get("type", "text")) or "", _cache_from(part)
    vendor = _kept_vendor(part) or vendor_of(NAME, part, frozenset({"type", kind, "text", "cache_control", "vendor"}))
    if kind in ("text", "input_text", "output_text"):
        return (Text(text(part.get("text")) or "", vendor=vendor), *cache)
    if kind == "refusal":
        return (Refusal(text(part.get("refusal")) or "", vendor=vendor), *cache)
    if kind == "image_url":
        return (image_from(part, vendor), *cache)
    if kind == "input_audio":
        sound = obj(part.get("input_audio"))
        return (Audio(Blob(text(sound.get("data")) or "", f"audio/{sound.get('format')}"), vendor=vendor), *cache)
    if kind == "file" and isinstance(file := part.get("file"), Mapping):
        if file_id := text(file.get("file_id")):
            return (File(FileId(file_id), name=text(file.get("filename")), vendor=vendor), *cache)
        return (File(source_of(text(file.get("file_data")) or ""), name=text(file.get("filename"))), *cache)
    if kind == "opaque":
        return (Opaque(text(part.get("protocol")) or NAME, dict(obj(part.get("payload")))), *cache)
    if kind == "media":  # the kept shape of what chat has no part for
        return (_media_from(part), *cache)
    return (Opaque(NAME, dict(part)),)


def _media_from(part: Mapping[str, Any]) -> Part:
    source = Url(text(part.get("url")) or "", text(part.get("media_type")) or "")
    if "file_id" in part:
        return Image(FileId(text(part["file_id"]) or ""), vendor=_kept_vendor(part))
    if part.get("medium") == "audio":
        return Audio(source, vendor=_kept_vendor(part))
    return File(source, name=text(part.get("name")), vendor=_kept_vendor(part))


def _thinking_from(message: Mapping[str, Any]) -> Iterable[Part]:
    for block in objects(message.get("thinking_blocks")):
        redacted = text(block.get("data"))
        origin = text(block.get("origin")) or "anthropic"
        yield Thinking(
            text(block.get("thinking")) or "",
            signature=text(block.get("signature")),
            redacted=redacted,
            origin=origin if redacted or block.get("signature") else None,
            vendor=_kept_vendor(block),
        )
    if not message.get("thinking_blocks"):
        for name in _REASONING_FIELDS:
            if words := text(message.get(name)):
                yield Thinking(words, vendor=Vendor(NAME, {"field": name}))
                return


def _refusal_from(message: Mapping[str, Any]) -> Iterable[Part]:
    words = text(message.get("refusal"))
    return (Refusal(words),) if words else ()


def _call_from(call: Mapping[str, Any]) -> tuple[Part, ...]:
    if not isinstance(call.get("function"), Mapping):
        return (Opaque(NAME, dict(call)),)
    known = frozenset({"id", "type", "function", "index", "cache_control", "vendor"})
    vendor = _kept_vendor(call) or vendor_of(NAME, call, known)
    return (call_from(call, vendor), *_cache_from(call))


def _function_call_from(call: Any) -> Iterable[Part]:
    """The one call of the deprecated form, named by its function, as its result is."""
    if name := text(obj(call).get("name")):
        yield ToolCall(name, name, arguments_text(call.get("arguments")))


def _cache_from(holder: Mapping[str, Any]) -> tuple[CachePoint, ...]:
    control = holder.get("cache_control")
    return (CachePoint(ttl=text(control.get("ttl")) or "5m"),) if isinstance(control, Mapping) else ()


def _kept_vendor(holder: Mapping[str, Any]) -> Vendor | None:
    kept = holder.get("vendor")
    if isinstance(kept, Mapping) and isinstance(kept.get("protocol"), str) and isinstance(kept.get("fields"), Mapping):
        return Vendor(kept["protocol"], dict(kept["fields"]))
    return None


def _own(vendor: Vendor | None, losses: LossList, *, extended: bool) -> dict[str, Any]:
    if extended and vendor is not None and vendor.protocol != NAME:
        return {"vendor": {"protocol": vendor.protocol, "fields": dict(vendor.fields)}}
    return vendor_fields(vendor, NAME, losses)


def _message_to(message: Message, losses: LossList, extended: bool) -> dict[str, Any]:
    out: dict[str, Any] = {"role": message.role}
    if message.name and message.role != "tool":
        out["name"] = message.name
    content: list[dict[str, Any]] = []
    calls: list[dict[str, Any]] = []
    last: dict[str, Any] = out
    for part in message.parts:
        if isinstance(part, CachePoint):
            if extended:
                last["cache_control"] = present(type="ephemeral", ttl=part.ttl if part.ttl != "5m" else None)
            else:
                losses.add(Loss.CACHE_POINT)
        elif isinstance(part, ToolCall):
            calls.append(last := call_to(part) | _own(part.vendor, losses, extended=extended))
        elif isinstance(part, ToolResult):
            last = _put_result(out, part, losses, extended)
        elif isinstance(part, Thinking):
            _put_thinking(out, part, losses, extended)
        elif isinstance(part, Refusal):
            out["refusal"] = out.get("refusal", "") + part.text
        elif (made := _part_to(part, losses, extended)) is not None:
            if calls:
                losses.add(Loss.PART_ORDER)
            content.append(last := made)
    if message.role != "tool":
        out["content"] = simple(content)
        if out["content"] is None and not calls and message.role != "assistant":
            out["content"] = ""
    if calls:
        out["tool_calls"] = calls
    return out | _own(message.vendor, losses, extended=extended)


def _put_result(out: dict[str, Any], part: ToolResult, losses: LossList, extended: bool) -> dict[str, Any]:
    content = []
    for item in part.content:
        if not extended and not isinstance(item, Text):
            losses.add(Loss.SERVER_TOOL if isinstance(item, Opaque) else Loss.TOOL_RESULT_MEDIA)
        elif (made := _part_to(item, losses, extended)) is not None:
            content.append(made)
    held = simple(content)
    out |= {"role": "tool", "tool_call_id": part.id, "content": "" if held is None else held}
    if part.name:
        out["name"] = part.name
    if part.is_error and extended:
        out["is_error"] = True
    elif part.is_error:
        losses.add(Loss.TOOL_ERROR_MARK)
    out |= _own(part.vendor, losses, extended=extended)
    return out


def _put_thinking(out: dict[str, Any], part: Thinking, losses: LossList, extended: bool) -> None:
    if part.vendor is not None and part.vendor.protocol == NAME and "field" in part.vendor.fields:
        out[part.vendor.fields["field"]] = part.text
    elif extended:
        block = {"type": "redacted_thinking" if part.redacted else "thinking"}
        block |= present(thinking=part.text, signature=part.signature, data=part.redacted, origin=part.origin)
        out.setdefault("thinking_blocks", []).append(block | _own(part.vendor, losses, extended=True))
    else:
        losses.add(Loss.THINKING)


def _part_to(part: Part, losses: LossList, extended: bool) -> dict[str, Any] | None:
    own = _own(part.vendor, losses, extended=extended)
    if isinstance(part, Text):
        return {"type": "text", "text": part.text, **own}
    if isinstance(part, Opaque):
        if part.protocol == NAME:
            return dict(part.payload)
        if extended:
            return {"type": "opaque", "protocol": part.protocol, "payload": dict(part.payload)}
        losses.add(Loss.SERVER_TOOL, opaque_name(part.payload))
        return None
    if isinstance(part, Image) and (made := image_to(part)) is not None:
        return made | own
    if isinstance(part, Audio) and isinstance(part.source, Blob):
        form = part.source.media_type.removeprefix("audio/")
        form = {"mpeg": "mp3", "x-wav": "wav"}.get(form, form)
        if extended or form in ("wav", "mp3"):
            return {"type": "input_audio", "input_audio": {"data": part.source.data, "format": form}, **own}
    if isinstance(part, File) and not isinstance(part.source, Url):
        source = part.source
        held = {"file_id": source.id} if isinstance(source, FileId) else {"file_data": data_url(source)}
        return {"type": "file", "file": {**held, **present(filename=part.name)}, **own}
    if extended and isinstance(part, Image | Audio | File):
        media = present(name=getattr(part, "name", None), medium="audio" if isinstance(part, Audio) else None)
        if isinstance(part.source, Url):
            media |= {"url": part.source.url, "media_type": part.source.media_type}
        elif isinstance(part.source, FileId):
            media |= {"file_id": part.source.id}
        return {"type": "media", **media, **own}
    losses.add(media_loss(part))
    return None


def _tools_from(tools: Any) -> Iterable[Tool | Opaque]:
    for tool in objects(tools):
        function = tool.get("function")
        if tool.get("type") == "opaque":
            yield Opaque(text(tool.get("protocol")) or NAME, dict(obj(tool.get("payload"))))
        elif isinstance(function, Mapping):
            cache = _cache_from(tool)
            vendor = _kept_vendor(tool) or vendor_of(NAME, tool, _TOOL)
            strict = function.get("strict") is True
            yield tool_from(function, strict=strict, cache=cache[0] if cache else None, vendor=vendor)
        else:
            yield Opaque(NAME, dict(tool))


def _sent(tool: Tool | Opaque, losses: LossList, extended: bool) -> bool:
    if isinstance(tool, Opaque) and tool.protocol != NAME and not extended:
        losses.add(Loss.SERVER_TOOL, opaque_name(tool.payload))
        return False
    return True


def _tool_to(tool: Tool | Opaque, losses: LossList, extended: bool) -> dict[str, Any]:
    if isinstance(tool, Opaque):
        if tool.protocol == NAME:
            return dict(tool.payload)
        return {"type": "opaque", "protocol": tool.protocol, "payload": dict(tool.payload)}
    out = tool_to(tool, tool.schema, strict=tool.strict or None)
    if tool.cache is not None and extended:
        out["cache_control"] = present(type="ephemeral", ttl=tool.cache.ttl if tool.cache.ttl != "5m" else None)
    elif tool.cache is not None:
        losses.add(Loss.CACHE_POINT)
    return out | _own(tool.vendor, losses, extended=extended)


def _choice_from(body: Mapping[str, Any]) -> ToolChoice:
    choice = body.get("tool_choice", body.get("function_call"))
    parallel = body.get("parallel_tool_calls")
    parallel = parallel if isinstance(parallel, bool) else None
    if isinstance(choice, str):
        mode: Any = {"any": "required"}.get(choice, choice)
        return ToolChoice(mode if mode in ("auto", "none", "required") else None, parallel=parallel)
    if allowed := obj(obj(choice).get("allowed_tools")):
        names = tuple(text(obj(t.get("function")).get("name")) or "" for t in objects(allowed.get("tools")))
        return ToolChoice("required" if allowed.get("mode") == "required" else "auto", names, parallel)
    kind = text(obj(choice).get("type"))
    if kind in ("auto", "any", "none"):  # Anthropic's words, which gateways log beside the chat shape
        return ToolChoice("required" if kind == "any" else "none" if kind == "none" else "auto", parallel=parallel)
    name = text(obj(obj(choice).get("function")).get("name")) or text(obj(choice).get("name"))
    return ToolChoice("required", (name,), parallel) if name else ToolChoice(parallel=parallel)


def _choice_to(choice: ToolChoice) -> Any:
    if not choice.names:
        return choice.mode
    functions = [{"type": "function", "function": {"name": name}} for name in choice.names]
    if choice.mode == "required" and len(functions) == 1:
        return functions[0]
    mode = "required" if choice.mode == "required" else "auto"
    return {"type": "allowed_tools", "allowed_tools": {"mode": mode, "tools": functions}}


def _format_from(form: Any, losses: LossList) -> ResponseFormat | None:
    kind = obj(form).get("type")
    if kind == "json_object":
        return ResponseFormat("json_object")
    if kind == "json_schema":
        inner = obj(form.get("json_schema", form))
        return ResponseFormat(
            "json_schema",
            schema=dict(obj(inner.get("schema"))),
            name=schema_name(inner),
            description=text(inner.get("description")),
            strict=inner.get("strict") is True,
        )
    if kind not in (None, "text"):
        losses.add(Loss.RESPONSE_FORMAT)
    return None


def _format_to(form: ResponseFormat | None) -> dict[str, Any] | None:
    if form is None or form.kind == "json_object":
        return None if form is None else {"type": "json_object"}
    inner = present(
        name=form.name or SCHEMA_NAME, description=form.description, schema=form.schema, strict=form.strict or None
    )
    return {"type": "json_schema", "json_schema": inner}


def _reasoning_from(body: Mapping[str, Any]) -> Reasoning:
    """From OpenAI's word, from OpenRouter's `reasoning`, or from the `thinking` that LiteLLM and DeepSeek take."""
    reasoning, thinking = obj(body.get("reasoning")), obj(body.get("thinking"))
    enabled: Any = reasoning.get("enabled", {"enabled": True, "disabled": False}.get(text(thinking.get("type")) or ""))
    return Reasoning(
        enabled=enabled if isinstance(enabled, bool) else None,
        effort=text(body.get("reasoning_effort")) or text(reasoning.get("effort")),
        budget_tokens=count(reasoning.get("max_tokens", thinking.get("budget_tokens"))),
    )


def _place(event: Mapping[str, Any]) -> StreamPlace | None:
    """Where a chunk stands. Each has the answer's id, but for one that Azure sends ahead, about its filter; a piece of
    a text completion looks like a whole one once it says why it ended."""
    choices, name = event.get("choices"), text(event.get("id")) or None
    if not isinstance(choices, list):
        return None
    first = next(objects(choices), {})
    ends = first.get("finish_reason") is not None
    if event.get("object") == "text_completion":
        return StreamPlace(id=name, begins=None, ends=ends, whole=ends)
    if not choices:
        whole_too = event.get("object") != "chat.completion.chunk" and "prompt_filter_results" not in event
        return StreamPlace(id=name, begins=None, whole=whole_too)
    if event.get("object") != "chat.completion.chunk" and "delta" not in first:
        return None
    # OpenRouter's last chunk, which has the counts, has a role again.
    begins = "role" in obj(first.get("delta")) and not first.get("index") and not event.get("usage")
    return StreamPlace(id=name, begins=begins or None, ends=ends)


def _tells_end(body: Mapping[str, Any]) -> bool:
    """Whether choice 0 has a place for why it ended: tools that put an answer together from its text leave it out."""
    return "finish_reason" in next(objects(body.get("choices")), {})


PROTOCOL = Protocol(
    name=NAME,
    summary="OpenAI's chat completions, which most servers speak",
    request_from=request_from,
    request_to=request_to,
    answer_from=answer_from,
    answer_to=answer_to,
    stream_from=whole,
    shape=BodyShape(
        api="openai.chat",
        asks=lambda body: isinstance(body.get("messages"), list),
        answers=lambda body: isinstance(body.get("choices"), list),
        streams=lambda event: isinstance(event.get("choices"), list),
        place=_place,
        tells_end=_tells_end,
    ),
    finish_words={
        **dict.fromkeys(("stop", "eos", "eos_token", "stop_token", "eos_found", "natural_stop"), "stop"),
        **dict.fromkeys(("end", "endturn", "done", "finished"), "stop"),
        **dict.fromkeys(("length", "model_length", "max_length", "length_limit"), "length"),
        **dict.fromkeys(("maxtokens", "max_new_tokens", "token_limit", "time_limit"), "length"),
        **dict.fromkeys(("tool_calls", "function_call"), "tool_calls"),
        **dict.fromkeys(("content_filter", "sensitive", "moderation"), "content_filter"),
        **dict.fromkeys(("input_guardrail_triggered", "output_guardrail_triggered"), "content_filter"),
        "function_call_filter": "error",
        **dict.fromkeys(("error", "network_error", "insufficient_system_resource", "malformed"), "error"),
        **dict.fromkeys(("abort", "aborted", "cancelled"), "aborted"),
    },
)
