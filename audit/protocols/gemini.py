"""Google's generateContent, of the Gemini API and of Vertex AI.

Names are read in camel case, as the REST interface writes them, and in the snake case of the Python SDK; they are
written in camel case. Older models give a function call no id: it is named by its place, so that its result finds it.

Source: google-genai 3.6.1, `types.py`; https://ai.google.dev/api/generate-content
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from audit.core.exchange import (
    Audio,
    Blob,
    CachePoint,
    File,
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
from audit.protocols.finish import finish_of
from audit.protocols.gemini_stream import whole
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
    guessed_type,
    json_text,
    media_loss,
    number,
    obj,
    objects,
    opaque_name,
    present,
    schema_from,
    strings,
    text,
    vendor_fields,
    vendor_of,
)
from audit.protocols.usage import usage_from

NAME = "gemini"
ORIGIN = "google"
FINISH_OUT = {"length": "MAX_TOKENS", "content_filter": "SAFETY", "refusal": "SAFETY", "error": "OTHER"}
FILTERED = (
    *("safety", "recitation", "blocklist", "prohibited_content", "spii", "language", "model_armor", "image_safety"),
)
BROKEN = ("malformed_function_call", "malformed_response", "unexpected_tool_call", "too_many_tool_calls")
PLACE = "gemini-call-"
"""What the id of a call starts with that had none."""

_SNAKE = re.compile(r"_([a-z0-9])")
_STRUCTURE = frozenset({
    "request", "contents", "parts", "generationConfig", "config", "systemInstruction", "toolConfig", "thinkingConfig",
    "functionCallingConfig", "functionCall", "functionResponse", "inlineData", "fileData", "candidates", "content",
    "usageMetadata", "promptFeedback", "tools", "functionDeclarations",
})  # fmt: skip
_READ = frozenset({
    "model", "contents", "systemInstruction", "tools", "toolConfig", "generationConfig", "serviceTier",
})  # fmt: skip
_WITHOUT_EFFECT = frozenset({"labels", "store"})
_GENERATION = frozenset({
    "temperature", "topP", "topK", "maxOutputTokens", "stopSequences", "seed", "presencePenalty", "frequencyPenalty",
    "responseMimeType", "responseSchema", "responseJsonSchema", "thinkingConfig",
})  # fmt: skip
_NOT_GENERATION = frozenset({"candidateCount", "responseLogprobs", "logprobs"})
_PART = frozenset({
    "text", "thought", "inlineData", "fileData", "functionCall", "functionResponse", "executableCode",
    "codeExecutionResult", "toolCall", "toolResponse",
})  # fmt: skip


def request_from(body: Mapping[str, Any]) -> tuple[ModelRequest, Losses]:
    """A request body.

    Raises:
        NotARequest: It has no contents.
    """
    body = _camel(body)
    contents = body.get("contents")
    if not isinstance(contents, str | list | tuple):
        raise NotARequest("the body has no `contents`")
    losses = LossList()
    if body.get("cachedContent"):
        losses.add(Loss.SERVER_STATE, "cachedContent")
    settings = obj(body.get("generationConfig"))
    rest = {k: v for k, v in body.items() if k not in _READ | _WITHOUT_EFFECT | {"cachedContent"} and v is not None}
    tuned = {k: v for k, v in settings.items() if k not in _GENERATION | _NOT_GENERATION and v is not None}
    if tuned and tuned != {"responseModalities": ["TEXT"]}:
        rest["generationConfig"] = tuned
    system = body.get("systemInstruction")
    thinking = obj(settings.get("thinkingConfig"))
    budget = thinking.get("thinkingBudget")
    request = ModelRequest(
        messages=(*_system_from(system), *_Turns().read(contents)),
        model=text(body.get("model")),
        tools=tuple(tool for held in objects(body.get("tools")) for tool in _tools_from(held)),
        tool_choice=_choice_from(obj(obj(body.get("toolConfig")).get("functionCallingConfig"))),
        response_format=_format_from(settings),
        sampling=Sampling(
            max_tokens=count(settings.get("maxOutputTokens")),
            temperature=number(settings.get("temperature")),
            top_p=number(settings.get("topP")),
            top_k=count(settings.get("topK")),
            stop=strings(settings.get("stopSequences")),
            seed=settings["seed"] if isinstance(settings.get("seed"), int) else None,
            frequency_penalty=number(settings.get("frequencyPenalty")),
            presence_penalty=number(settings.get("presencePenalty")),
        ),
        reasoning=Reasoning(
            enabled=budget != 0 if isinstance(budget, int) else None,
            effort=(text(thinking.get("thinkingLevel")) or "").lower() or None,
            budget_tokens=budget if count(budget) else None,
        ),
        service_tier=(text(body.get("serviceTier")) or "").lower() or None,
        vendor=Vendor(NAME, rest) if rest else None,
    )
    return request, losses.all


def request_to(request: ModelRequest) -> tuple[dict[str, Any], Losses]:
    """A request body, `model` included, which HTTP carries in the address."""
    losses = LossList()
    own = vendor_fields(request.vendor, NAME, losses)
    sampling, choice = request.sampling, request.tool_choice
    if sampling.verbosity is not None:
        losses.add(Loss.PARAMETER, "verbosity")
    if choice.parallel is False:
        losses.add(Loss.PARALLEL_TOOL_CALLS)
    if request.service_tier is not None:
        losses.add(Loss.SERVICE_TIER)
    settings = present(
        temperature=sampling.temperature,
        topP=sampling.top_p,
        topK=sampling.top_k,
        maxOutputTokens=sampling.max_tokens,
        stopSequences=list(sampling.stop) or None,
        seed=sampling.seed,
        frequencyPenalty=sampling.frequency_penalty,
        presencePenalty=sampling.presence_penalty,
        thinkingConfig=_thinking_to(request.reasoning, losses) or None,
        **_format_to(request.response_format, losses),
        **own.pop("generationConfig", {}),
    )
    system, contents = _turns_to(request.messages, losses)
    body = present(
        model=request.model,
        systemInstruction={"parts": system} if system else None,
        contents=contents,
        tools=_tools_to(request.tools, losses) or None,
        toolConfig=_choice_to(choice),
        generationConfig=settings or None,
    )
    return body | own, losses.all


def answer_from(body: Mapping[str, Any]) -> tuple[ModelAnswer, Losses]:
    """A response; a prompt that was blocked is an answer without parts.

    Raises:
        NotAnAnswer: It has neither a candidate nor a reason for a block, or a text that is none.
    """
    body = _camel(body)
    candidate = next(objects(body.get("candidates")), None)
    blocked = text(obj(body.get("promptFeedback")).get("blockReason"))
    if candidate is None and not blocked:
        raise NotAnAnswer("the body has no candidate")
    said = obj(obj(candidate).get("content")).get("parts")
    check_texts(part["text"] for part in objects(said) if "text" in part)
    parts = tuple(part for m in _Turns().read([obj(obj(candidate).get("content"))]) for part in m.parts)
    raw = text(obj(candidate).get("finishReason")) or blocked
    finish = "content_filter" if candidate is None else finish_of(raw)
    if finish == "stop" and any(isinstance(part, ToolCall) for part in parts):
        finish = "tool_calls"
    answer = ModelAnswer(
        parts=parts,
        finish_reason=finish,
        finish_raw=raw,
        usage=usage_from(body.get("usageMetadata")),
        model=text(body.get("modelVersion")),
        id=text(body.get("responseId")),
    )
    return answer, ()


def answer_to(answer: ModelAnswer) -> tuple[dict[str, Any], Losses]:
    """A response of one candidate."""
    losses = LossList()
    parts = [made for part in answer.parts if (made := _part_to(part, {}, losses)) is not None]
    body: dict[str, Any] = {
        "responseId": answer.id or "0",
        "modelVersion": answer.model or "",
        "candidates": [
            {
                "index": 0,
                "content": {"role": "model", "parts": parts},
                "finishReason": FINISH_OUT.get(answer.finish_reason, "STOP"),
            }
        ],
    }
    if answer.usage is not None:
        body["usageMetadata"] = usage_to(answer.usage)
    return body, losses.all


def usage_to(usage: Usage) -> dict[str, Any]:
    """Counts under the vendor's names, thoughts beside the candidate's."""
    return {
        "promptTokenCount": usage.prompt_tokens,
        "cachedContentTokenCount": usage.cached_tokens,
        "candidatesTokenCount": usage.completion_tokens - usage.reasoning_tokens,
        "thoughtsTokenCount": usage.reasoning_tokens,
        "totalTokenCount": usage.prompt_tokens + usage.completion_tokens,
    }


def _camel(value: Any) -> Any:
    """Names in camel case, down through what the protocol defines; what users define stays as it is."""
    if isinstance(value, Mapping):
        out = {}
        for key, inner in value.items():
            name = _SNAKE.sub(lambda match: match[1].upper(), key) if isinstance(key, str) else key
            name = "generationConfig" if name == "config" else name
            out[name] = _camel(inner) if name in _STRUCTURE else inner
        return out
    return [_camel(item) for item in value] if isinstance(value, list | tuple) else value


def _system_from(system: Any) -> Iterable[Message]:
    parts = obj(system).get("parts") if isinstance(system, Mapping) else system
    words = (Text(parts),) if isinstance(parts, str) else tuple(Text(text(p.get("text")) or "") for p in objects(parts))
    if words:
        yield Message("system", words)


class _Turns:
    """Turns, with the ids that link a result to its call."""

    def __init__(self) -> None:
        self._made = 0
        self._open: list[tuple[str, str]] = []

    def read(self, contents: Any) -> Iterable[Message]:
        """The messages of some contents."""
        for content in ({"parts": [{"text": contents}]},) if isinstance(contents, str) else objects(contents):
            model = content.get("role") == "model"
            turn: list[Part] = []
            results = 0
            for part in map(self._part, objects(content.get("parts"))):
                if isinstance(part, ToolResult):
                    results += 1
                    yield Message("tool", (part,))
                else:
                    turn.append(part)
            if turn or not results:
                yield Message("assistant" if model else "user", tuple(turn))

    def _part(self, part: Mapping[str, Any]) -> Part:
        vendor = vendor_of(NAME, part, _PART)
        if isinstance(part.get("text"), str):
            if part.get("thought") is True:
                return Thinking(part["text"], origin=ORIGIN, vendor=vendor)
            return Text(part["text"], vendor=vendor)
        if call := obj(part.get("functionCall")):
            name, call_id = text(call.get("name")) or "", text(call.get("id"))
            if call_id is None:
                call_id = f"{PLACE}{self._made}"
                self._made += 1
            self._open.append((name, call_id))
            return ToolCall(call_id, name, _arguments(call.get("args")), vendor=vendor)
        if result := obj(part.get("functionResponse")):
            return self._result(result, vendor)
        if blob := obj(part.get("inlineData")):
            found: Blob | Url = Blob(text(blob.get("data")) or "", text(blob.get("mimeType")) or "")
            return _medium(found, text(blob.get("displayName")), vendor)
        if file := obj(part.get("fileData")):
            found = Url(text(file.get("fileUri")) or "", text(file.get("mimeType")) or "")
            return _medium(found, text(file.get("displayName")), vendor)
        return Opaque(NAME, dict(part))

    def _result(self, result: Mapping[str, Any], vendor: Vendor | None) -> ToolResult:
        name, call_id = text(result.get("name")) or "", text(result.get("id"))
        place = next((n for n, call in enumerate(self._open) if call_id in (None, call[1]) and call[0] == name), None)
        found = place is not None
        if place is not None:
            call_id = self._open.pop(place)[1]
        response = result.get("response")
        only = next(iter(response.items())) if isinstance(response, Mapping) and len(response) == 1 else ("", None)
        failed = only[0] == "error"
        if only[0] in ("output", "error") and isinstance(only[1], str):
            words = Text(only[1]) if only[1] else None
        else:
            words = Text(json_text(response), vendor=Vendor(NAME, {"response": response}))
        media = [self._part(_camel(part)) for part in objects(result.get("parts"))]
        held = tuple(part for part in media if isinstance(part, Image | Audio | File))
        content = (*((words,) if words else ()), *held)
        return ToolResult(call_id or "", content, name=None if found else name, is_error=failed, vendor=vendor)


def _arguments(value: Any) -> str:
    wrapped = obj(value).get(INVALID_JSON)
    return wrapped if isinstance(wrapped, str) and len(value) == 1 else arguments_text(value)


def _medium(source: Blob | Url, name: str | None, vendor: Vendor | None) -> Part:
    kind = source.media_type.partition("/")[0]
    if kind == "image":
        return Image(source, vendor=vendor)
    return Audio(source, vendor=vendor) if kind == "audio" else File(source, name=name, vendor=vendor)


def _turns_to(messages: Iterable[Message], losses: LossList) -> tuple[list[Any], list[Any]]:
    """System parts, and contents; results that follow each other, and the user's words after them, are one turn."""
    system: list[dict[str, Any]] = []
    contents: list[dict[str, Any]] = []
    names: dict[str, str] = {}
    after_result = False
    for message in messages:
        vendor_fields(message.vendor, NAME, losses)
        if message.name and message.role != "tool":
            losses.add(Loss.PARTICIPANT_NAME)
        names |= {part.id: part.name for part in message.parts if isinstance(part, ToolCall)}
        parts = [made for part in message.parts if (made := _part_to(part, names, losses)) is not None]
        if message.role in ("system", "developer"):
            if message.role == "developer":
                losses.add(Loss.DEVELOPER_ROLE)
            if contents:
                losses.add(Loss.SYSTEM_POSITION)
            system += parts
        elif after_result and message.role in ("tool", "user"):
            contents[-1]["parts"] += parts
        else:
            contents.append({"role": "model" if message.role == "assistant" else "user", "parts": parts})
        after_result = message.role == "tool"
    return system, contents


def _part_to(part: Part, names: Mapping[str, str], losses: LossList) -> dict[str, Any] | None:
    own = vendor_fields(part.vendor, NAME, losses)
    if isinstance(part, Text | Refusal):
        if isinstance(part, Refusal):
            losses.add(Loss.REFUSAL_AS_TEXT)
        return {"text": part.text, **own}
    if isinstance(part, Thinking):
        if part.origin == ORIGIN:
            return {"text": part.text, "thought": True, **own}
        losses.add(Loss.THINKING)
        return None
    if isinstance(part, ToolCall):
        call_id = {} if part.id.startswith(PLACE) else {"id": part.id}
        return {"functionCall": {**call_id, "name": part.name, "args": arguments_object(part.arguments, losses)}, **own}
    if isinstance(part, ToolResult):
        return {"functionResponse": _result_to(part, names, losses), **own}
    if isinstance(part, CachePoint):
        losses.add(Loss.CACHE_POINT)
        return None
    if isinstance(part, Opaque):
        if part.protocol == NAME:
            return dict(part.payload)
        losses.add(Loss.SERVER_TOOL, opaque_name(part.payload))
        return None
    if isinstance(part, Image) and part.detail is not None:
        losses.add(Loss.IMAGE_DETAIL)
    return _media_to(part, own, losses)


def _media_to(part: Image | Audio | File, own: dict[str, Any], losses: LossList) -> dict[str, Any] | None:
    source, name = part.source, part.name if isinstance(part, File) else None
    if isinstance(source, Blob) and source.media_type:
        return {"inlineData": {"mimeType": source.media_type, "data": source.data, **present(displayName=name)}, **own}
    if isinstance(source, Url) and not source.url.startswith("s3:") and (source.media_type or guessed_type(source.url)):
        media_type = source.media_type or guessed_type(source.url)
        return {"fileData": {"mimeType": media_type, "fileUri": source.url, **present(displayName=name)}, **own}
    losses.add(media_loss(part))
    return None


def _result_to(part: ToolResult, names: Mapping[str, str], losses: LossList) -> dict[str, Any]:
    texts = [item for item in part.content if isinstance(item, Text)]
    response: Any = {"error" if part.is_error else "output": "".join(item.text for item in texts)}
    if len(texts) == 1 and (kept := texts[0].vendor) is not None and kept.protocol == NAME:
        response = kept.fields.get("response", response)
    media = []
    for item in part.content:
        if isinstance(item, Image | File) and isinstance(item.source, Blob):
            media.append(_media_to(item, {}, losses))
        elif not isinstance(item, Text):
            losses.add(Loss.TOOL_RESULT_MEDIA)
    call_id = {} if part.id.startswith(PLACE) else {"id": part.id}
    named = {"name": names.get(part.id) or part.name or part.id, "response": response}
    return {**call_id, **named, **present(parts=media or None)}


def _tools_from(held: Mapping[str, Any]) -> Iterable[Tool | Opaque]:
    for function in objects(held.get("functionDeclarations")):
        function = _camel(function)
        given = function.get("parametersJsonSchema", function.get("parameters"))
        known = frozenset({"name", "description", "parameters", "parametersJsonSchema"})
        yield Tool(
            name=text(function.get("name")) or "",
            description=text(function.get("description")),
            schema=schema_from(_lower_types(given) if "parametersJsonSchema" not in function else given),
            vendor=vendor_of(NAME, function, known),
        )
    if rest := {key: value for key, value in held.items() if key != "functionDeclarations" and value is not None}:
        yield Opaque(NAME, rest)


def _tools_to(tools: Iterable[Tool | Opaque], losses: LossList) -> list[dict[str, Any]]:
    functions: list[dict[str, Any]] = []
    others: list[dict[str, Any]] = []
    for tool in tools:
        if isinstance(tool, Opaque):
            if tool.protocol == NAME:
                others.append(dict(tool.payload))
            else:
                losses.add(Loss.SERVER_TOOL, opaque_name(tool.payload))
            continue
        if tool.cache is not None:
            losses.add(Loss.CACHE_POINT)
        if tool.strict:
            losses.add(Loss.STRICT)
        made = present(name=tool.name, description=tool.description, parametersJsonSchema=tool.schema)
        functions.append(made | vendor_fields(tool.vendor, NAME, losses))
    return [*([{"functionDeclarations": functions}] if functions else []), *others]


def _lower_types(schema: Any) -> Any:
    """A schema in OpenAPI's form with types in capitals, as JSON schema has them."""
    if isinstance(schema, Mapping):
        lowered = {key: _lower_types(value) for key, value in schema.items()}
        if isinstance(kind := lowered.get("type"), str):
            lowered["type"] = kind.lower()
        return lowered
    return [_lower_types(item) for item in schema] if isinstance(schema, list) else schema


def _choice_from(config: Mapping[str, Any]) -> ToolChoice:
    mode: Any = {"AUTO": "auto", "NONE": "none", "ANY": "required"}.get((text(config.get("mode")) or "").upper())
    return ToolChoice(mode, strings(config.get("allowedFunctionNames")))


def _choice_to(choice: ToolChoice) -> dict[str, Any] | None:
    if choice.mode is None and not choice.names:
        return None
    mode = {"auto": "AUTO", "none": "NONE", "required": "ANY"}[choice.mode or "auto"]
    return {"functionCallingConfig": {"mode": mode, **present(allowedFunctionNames=list(choice.names) or None)}}


def _format_from(settings: Mapping[str, Any]) -> ResponseFormat | None:
    if isinstance(schema := settings.get("responseJsonSchema"), Mapping):
        return ResponseFormat("json_schema", dict(schema), strict=True)
    if isinstance(schema := settings.get("responseSchema"), Mapping):
        return ResponseFormat("json_schema", _lower_types(schema), strict=True)
    return ResponseFormat("json_object") if settings.get("responseMimeType") == "application/json" else None


def _format_to(form: ResponseFormat | None, losses: LossList) -> dict[str, Any]:
    if form is None:
        return {}
    if form.kind == "json_object" or form.schema is None:
        return {"responseMimeType": "application/json"}
    if form.name is not None or form.description is not None:
        losses.add(Loss.SCHEMA_NAME)
    if not form.strict:
        losses.add(Loss.STRICT)
    return {"responseMimeType": "application/json", "responseJsonSchema": form.schema}


def _thinking_to(reasoning: Reasoning, losses: LossList) -> dict[str, Any]:
    if reasoning.budget_tokens is not None:
        return {"thinkingBudget": reasoning.budget_tokens}
    if reasoning.effort in ("minimal", "low", "medium", "high"):
        return {"thinkingLevel": reasoning.effort}
    if reasoning.effort is not None:
        losses.add(Loss.REASONING)
    return {} if reasoning.enabled is None else {"thinkingBudget": -1 if reasoning.enabled else 0}


def _is_blocked(body: Mapping[str, Any]) -> bool:
    """Whether a body is the answer to a prompt that was not let through: it has no candidate."""
    if "promptFeedback" not in body and "prompt_feedback" not in body:
        return False
    feedback = obj(body.get("promptFeedback", body.get("prompt_feedback")))
    return text(feedback.get("blockReason", feedback.get("block_reason"))) is not None


def _place(event: Mapping[str, Any]) -> StreamPlace | None:
    """Where a chunk stands. Each has the answer's id, and the last looks like a whole answer."""
    if not isinstance(event.get("candidates"), list):
        return None
    done = any(text(one.get("finishReason")) is not None for one in objects(event["candidates"]))
    return StreamPlace(id=text(event.get("responseId")), begins=None, whole=done, ends=done)


PROTOCOL = Protocol(
    name=NAME,
    summary="Google's generateContent, of the Gemini API and of Vertex AI",
    request_from=request_from,
    request_to=request_to,
    answer_from=answer_from,
    answer_to=answer_to,
    stream_from=whole,
    shape=BodyShape(
        api="gemini.generateContent",
        field="contents",
        asks=lambda body: isinstance(body.get("contents"), list),
        answers=lambda body: isinstance(body.get("candidates"), list) or _is_blocked(body),
        streams=lambda event: isinstance(event.get("candidates"), list),
        place=_place,
        speaks=lambda message: "parts" in message and "content" not in message,
    ),
    finish_words={
        "stop": "stop",
        "max_tokens": "length",
        **dict.fromkeys(FILTERED, "content_filter"),
        **dict.fromkeys(BROKEN, "error"),
    },
)
