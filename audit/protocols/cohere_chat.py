"""Cohere's Chat, version 2: of the chat family, with words of its own for sampling, tools and the end of an answer.

Functions bind strictly all or none. A response schema always binds and has no name. What a model plans before it calls
tools stands beside its text, as `tool_plan`. Documents are content of a tool's result, or of the request as a whole.

Source: cohere-python 7.0.9, `v2/client.py` and `types/`; https://docs.cohere.com/reference/chat
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from audit.core.exchange import (
    CachePoint,
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
    Usage,
    Vendor,
)
from audit.protocols.chat_parts import call_from, call_to, image_from, image_to, simple, tool_from, tool_to
from audit.protocols.cohere_stream import whole
from audit.protocols.finish import finish_of
from audit.protocols.protocol import BodyShape, Protocol, StreamPlace
from audit.protocols.shared import (
    GaveUp,
    LossList,
    NotAnAnswer,
    NotARequest,
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
    schema_to,
    strings,
    text,
    vendor_fields,
    vendor_of,
)
from audit.protocols.usage import usage_from

NAME = "cohere_chat"
FINISH_OUT = {
    "length": "MAX_TOKENS",
    "tool_calls": "TOOL_CALL",
    **dict.fromkeys(("content_filter", "refusal"), "ERROR_TOXIC"),
}
"""`ERROR_TOXIC` is a word of version 1: the second has none for an answer that a filter stopped."""
GAVE_UP = frozenset({"ERROR", "TIMEOUT"})
PLAN, THOUGHT = (Vendor(NAME, {"field": name}) for name in ("tool_plan", "content"))
"""Where a thought stood, so that it goes back to its place."""

_READ = frozenset({
    "model", "messages", "tools", "strict_tools", "tool_choice", "response_format", "max_tokens", "stop_sequences",
    "temperature", "seed", "frequency_penalty", "presence_penalty", "k", "p", "thinking",
})  # fmt: skip
_WITHOUT_EFFECT = frozenset({"stream", "logprobs", "priority"})
# Citations of an earlier turn point into a text that is carried itself.
_MESSAGE = frozenset({"role", "content", "tool_calls", "tool_plan", "tool_call_id", "citations"})
_CHOICES = {"REQUIRED": "required", "NONE": "none"}
"""Words for the choice of tools; no word is our `auto`."""
_SWITCHES = {"enabled": True, "disabled": False}
_OWN = frozenset({"p", "k", "strict_tools", "citation_options", "safety_mode"})


def request_from(body: Mapping[str, Any]) -> tuple[ModelRequest, Losses]:
    """A request body.

    Raises:
        NotARequest: It has no list of messages.
    """
    if not isinstance(body.get("messages"), list | tuple):
        raise NotARequest("the body has no `messages`")
    thinking, mode = obj(body.get("thinking")), _CHOICES.get(text(body.get("tool_choice")) or "")
    known: Any = mode
    request = ModelRequest(
        messages=tuple(_message_from(message) for message in objects(body["messages"])),
        model=text(body.get("model")),
        tools=tuple(_tools_from(body.get("tools"), strict=body.get("strict_tools") is True)),
        tool_choice=ToolChoice(known),
        response_format=_format_from(obj(body.get("response_format"))),
        sampling=Sampling(
            max_tokens=count(body.get("max_tokens")),
            temperature=number(body.get("temperature")),
            top_p=number(body.get("p")),
            top_k=count(body.get("k")),
            stop=strings(body.get("stop_sequences")),
            seed=count(body.get("seed")),
            frequency_penalty=number(body.get("frequency_penalty")),
            presence_penalty=number(body.get("presence_penalty")),
        ),
        reasoning=Reasoning(
            enabled=_SWITCHES.get(text(thinking.get("type")) or ""), budget_tokens=count(thinking.get("token_budget"))
        ),
        vendor=vendor_of(NAME, body, _READ | _WITHOUT_EFFECT),
    )
    return request, ()


def request_to(request: ModelRequest) -> tuple[dict[str, Any], Losses]:
    """A request body."""
    losses = LossList()
    own = vendor_fields(request.vendor, NAME, losses)
    sampling = request.sampling
    if sampling.verbosity is not None:
        losses.add(Loss.PARAMETER, "verbosity")
    if request.service_tier is not None:
        losses.add(Loss.SERVICE_TIER)
    body = present(
        model=request.model,
        messages=[_message_to(message, losses) for message in request.messages],
        **_tools_to(request, losses),
        response_format=_format_to(request.response_format, losses),
        max_tokens=sampling.max_tokens,
        temperature=sampling.temperature,
        p=sampling.top_p,
        k=sampling.top_k,
        stop_sequences=list(sampling.stop) or None,
        seed=sampling.seed,
        frequency_penalty=sampling.frequency_penalty,
        presence_penalty=sampling.presence_penalty,
        thinking=_thinking_to(request.reasoning, losses),
    )
    return body | own, losses.all


def answer_from(body: Mapping[str, Any]) -> tuple[ModelAnswer, Losses]:
    """A whole answer.

    Raises:
        NotAnAnswer: It has no message, or a text that is none.
        GaveUp: The vendor failed, or ran out of time.
    """
    message, raw = body.get("message"), text(body.get("finish_reason"))
    if not isinstance(message, Mapping):
        raise NotAnAnswer("the body has no message")
    if raw in GAVE_UP:
        raise GaveUp("the vendor has no answer")
    content = message.get("content")
    if not isinstance(content, str | list) and not isinstance(message.get("tool_calls"), list):
        raise NotAnAnswer("the message has no content")
    check_texts(part["text"] for part in objects(content) if "text" in part)
    answer = ModelAnswer(
        parts=_message_from({**message, "role": "assistant"}).parts,
        finish_reason=finish_of(raw),
        finish_raw=raw,
        usage=usage_from(body.get("usage")),
        id=text(body.get("id")),
    )
    return answer, ()


def answer_to(answer: ModelAnswer) -> tuple[dict[str, Any], Losses]:
    """A whole answer; its content is always a list."""
    losses = LossList()
    message = _message_to(Message("assistant", answer.parts), losses)
    content = message.get("content") or []
    message["content"] = [{"type": "text", "text": content}] if isinstance(content, str) else content
    body = {
        "id": answer.id or "0",
        "finish_reason": FINISH_OUT.get(answer.finish_reason, "COMPLETE"),
        "message": message,
        "usage": usage_to(answer.usage or Usage(prompt_tokens=0, completion_tokens=0)),
    }
    return body, losses.all


def usage_to(usage: Usage) -> dict[str, Any]:
    """Counts under the vendor's names."""
    counts = {"input_tokens": usage.prompt_tokens, "output_tokens": usage.completion_tokens}
    return {"billed_units": counts, "tokens": counts, "cached_tokens": usage.cached_tokens}


def _message_from(message: Mapping[str, Any]) -> Message:
    role, vendor = message.get("role"), vendor_of(NAME, message, _MESSAGE)
    content = tuple(_content_from(message.get("content")))
    if role == "tool":
        held: Any = tuple(part for part in content if not isinstance(part, Thinking))
        return Message("tool", (ToolResult(text(message.get("tool_call_id")) or "", held, vendor=vendor),))
    plan = text(message.get("tool_plan"))
    thought = (Thinking(plan, vendor=PLAN),) if plan else ()
    calls = (_call_from(call) for call in objects(message.get("tool_calls")))
    known: Any = role if role in ("system", "user", "assistant") else "user"
    return Message(known, (*thought, *content, *calls), vendor=vendor)


def _content_from(content: Any) -> Iterable[Part]:
    if isinstance(content, str):
        return (Text(content),)
    return [_part_from(part) for part in objects(content)]


def _part_from(part: Mapping[str, Any]) -> Part:
    kind = text(part.get("type")) or ""
    vendor = vendor_of(NAME, part, frozenset({"type", kind}))
    if kind == "text":
        return Text(text(part.get("text")) or "", vendor=vendor)
    if kind == "thinking":
        return Thinking(text(part.get("thinking")) or "", vendor=THOUGHT)
    if kind == "image_url":
        return image_from(part, vendor)
    if kind == "document" and "data" in (document := obj(part.get("document"))):
        data = document["data"]
        return Text(data if isinstance(data, str) else json_text(data), vendor=Vendor(NAME, {"json": dict(document)}))
    return Opaque(NAME, dict(part))


def _call_from(call: Mapping[str, Any]) -> ToolCall:
    return call_from(call, vendor_of(NAME, call, frozenset({"id", "type", "function"})))


def _message_to(message: Message, losses: LossList) -> dict[str, Any]:
    own = vendor_fields(message.vendor, NAME, losses)
    if message.name and message.role != "tool":
        losses.add(Loss.PARTICIPANT_NAME)
    if message.role == "developer":
        losses.add(Loss.DEVELOPER_ROLE)
    out: dict[str, Any] = {"role": "system" if message.role == "developer" else message.role}
    content: list[dict[str, Any]] = []
    calls: list[dict[str, Any]] = []
    for part in message.parts:
        if isinstance(part, ToolResult):
            out |= _result_to(part, losses)
        elif isinstance(part, ToolCall):
            calls.append(call_to(part) | vendor_fields(part.vendor, NAME, losses))
        elif isinstance(part, Thinking) and part.vendor == PLAN:
            out["tool_plan"] = part.text
        elif (made := _part_to(part, losses)) is not None:
            if calls:
                losses.add(Loss.PART_ORDER)
            content.append(made)
    if message.role != "tool" and (content or not calls):
        out["content"] = simple(content) or ""
    return out | present(tool_calls=calls or None) | own


def _result_to(part: ToolResult, losses: LossList) -> dict[str, Any]:
    content: list[dict[str, Any]] = []
    for item in part.content:
        if isinstance(item, Text) or (isinstance(item, Opaque) and item.protocol == NAME):
            content.append(_part_to(item, losses) or {})
        else:
            losses.add(Loss.SERVER_TOOL if isinstance(item, Opaque) else Loss.TOOL_RESULT_MEDIA)
    if part.is_error:
        losses.add(Loss.TOOL_ERROR_MARK)
    held = {"tool_call_id": part.id, "content": simple(content) or ""}
    return held | vendor_fields(part.vendor, NAME, losses)


def _part_to(part: Part, losses: LossList) -> dict[str, Any] | None:
    if isinstance(part, Thinking):
        if part.vendor == THOUGHT:
            return {"type": "thinking", "thinking": part.text}
        losses.add(Loss.THINKING)
        return None
    own = vendor_fields(part.vendor, NAME, losses)
    if isinstance(part, Refusal):
        losses.add(Loss.REFUSAL_AS_TEXT)
    if isinstance(part, Text | Refusal):
        return (
            {"type": "document", "document": own["json"]}
            if "json" in own
            else {"type": "text", "text": part.text, **own}
        )
    if isinstance(part, Image) and (made := image_to(part)) is not None:
        return made | own
    if isinstance(part, Opaque) and part.protocol == NAME:
        return dict(part.payload)
    if isinstance(part, CachePoint):
        losses.add(Loss.CACHE_POINT)
    elif isinstance(part, Opaque):
        losses.add(Loss.SERVER_TOOL, opaque_name(part.payload))
    else:
        losses.add(media_loss(part))
    return None


def _tools_from(tools: Any, *, strict: bool) -> Iterable[Tool | Opaque]:
    for tool in objects(tools):
        if function := obj(tool.get("function")):
            vendor = vendor_of(NAME, tool, frozenset({"type", "function"}))
            yield tool_from(function, strict=strict, vendor=vendor)
        else:
            yield Opaque(NAME, dict(tool))


def _tools_to(request: ModelRequest, losses: LossList) -> dict[str, Any]:
    """The tools, whether they bind, and the choice among them, where there is anything to say."""
    made: list[dict[str, Any]] = []
    functions = [tool for tool in request.tools if isinstance(tool, Tool)]
    strict = bool(functions) and all(tool.strict for tool in functions)
    for tool in request.tools:
        if isinstance(tool, Tool):
            if tool.strict and not strict:
                losses.add(Loss.STRICT)
            if tool.cache is not None:
                losses.add(Loss.CACHE_POINT)
            made.append(tool_to(tool, schema_to(tool.schema)) | vendor_fields(tool.vendor, NAME, losses))
        elif tool.protocol == NAME:
            made.append(dict(tool.payload))
        else:
            losses.add(Loss.SERVER_TOOL, opaque_name(tool.payload))
    choice = request.tool_choice
    if choice.parallel is False:
        losses.add(Loss.PARALLEL_TOOL_CALLS)
    if choice.names:
        losses.add(Loss.TOOL_CHOICE)
    word = next((word for word, mode in _CHOICES.items() if mode == choice.mode), None)
    return {"tools": made or None, "strict_tools": strict or None, "tool_choice": word}


def _format_from(form: Mapping[str, Any]) -> ResponseFormat | None:
    if form.get("type") != "json_object":
        return None
    schema = obj(form.get("json_schema")) or obj(form.get("schema"))  # the name in the guides
    return ResponseFormat("json_schema", dict(schema), strict=True) if schema else ResponseFormat("json_object")


def _format_to(form: ResponseFormat | None, losses: LossList) -> dict[str, Any] | None:
    if form is None or form.schema is None:
        return None if form is None else {"type": "json_object"}
    if form.name is not None or form.description is not None:
        losses.add(Loss.SCHEMA_NAME)
    if not form.strict:
        losses.add(Loss.STRICT)
    return {"type": "json_object", "json_schema": dict(form.schema)}


def _thinking_to(reasoning: Reasoning, losses: LossList) -> dict[str, Any] | None:
    if reasoning.effort is not None:
        losses.add(Loss.REASONING)
    if reasoning.enabled is None and reasoning.budget_tokens is None:
        return None
    switch = "disabled" if reasoning.enabled is False else "enabled"
    return {"type": switch, **present(token_budget=reasoning.budget_tokens)}


def _answers(body: Mapping[str, Any]) -> bool:
    """A message beside its bill, or beside a word for its end in capitals; the chat API has small letters."""
    ended = text(body.get("finish_reason")) or ""
    message, billed = obj(body.get("message")), "billed_units" in obj(body.get("usage"))
    return isinstance(message.get("role"), str) and (billed or ended.isupper())


def _speaks(message: Mapping[str, Any]) -> bool:
    return "tool_plan" in message or any("document" in part for part in objects(message.get("content")))


_EVENTS = re.compile(r"(?:message|content|tool-call|citation)-(?:start|end)|(?:content|tool-call|tool-plan)-delta")


def _place(event: Mapping[str, Any]) -> StreamPlace | None:
    """Where an event stands: the first has the message's id, the others have none."""
    kind = text(event.get("type")) or ""
    if not _EVENTS.fullmatch(kind):
        return None
    return StreamPlace(id=text(event.get("id")), begins=kind == "message-start", ends=kind == "message-end")


PROTOCOL = Protocol(
    name=NAME,
    summary="Cohere's Chat, version 2",
    request_from=request_from,
    request_to=request_to,
    answer_from=answer_from,
    answer_to=answer_to,
    stream_from=whole,
    shape=BodyShape(
        api="cohere.chat",
        asks=lambda body: has_messages_and(body, _OWN),
        answers=_answers,
        streams=lambda event: event.get("type") == "message-start",
        place=_place,
        speaks=_speaks,
        tells_end=lambda body: "finish_reason" in body,
    ),
    finish_words={
        **dict.fromkeys(("complete", "stop_sequence"), "stop"),
        "max_tokens": "length",
        "tool_call": "tool_calls",
        "error_toxic": "content_filter",
        **dict.fromkeys(("error", "timeout", "error_limit"), "error"),
        "user_cancel": "aborted",
    },
)
