"""What a chat request and its answer are, whatever wrapped them: the facts that every format of chat logs needs."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from audit.core import fingerprint
from audit.core.exchange import content_text
from audit.core.fingerprint import REPLAY_PARAMS_IGNORED
from audit.core.reason import Reason
from audit.ingest import values
from audit.ingest.row import Row, Unusable
from audit.ingest.values import SORTED, cached_digest, canonical, integer, json_text, obj
from audit.ingest.words import finish_reason

PREFIX_CHARS = 4096
"""About 1,024 tokens, the shortest prompt prefix that OpenAI caches; openai.com's prompt-caching guide."""

NOT_PARAMS = REPLAY_PARAMS_IGNORED | {
    "model", "messages", "input", "prompt", "tools", "tool_choice", "response_format", "instructions", "system",
    "extra_headers", "extra_body", "headers", "api_key", "api_base", "base_url", "timeout", "n_retries", "max_retries",
    "litellm_params", "text", "previous_response_id", "service_tier",
}  # fmt: skip
"""Keys of a request body that stand elsewhere, are secret, or steer the client rather than the model."""

_READ = frozenset({
    "tools", "tool_choice", "response_format", "text", "instructions", "system", "stream", "previous_response_id",
    "service_tier", "extra_body",
})  # fmt: skip
_UNREAD = NOT_PARAMS - _READ
"""Keys of a body that `read_call` does not look at: its messages, and what differs from one call to the next."""


@dataclass(frozen=True, slots=True)
class ChatCall:
    """The part of a request that is not its messages; repeats a lot, so it is read once per different text."""

    params: str
    tools: str | None
    tool_choice: str | None
    response_format: str | None
    tools_hash: str | None
    n_tools: int
    tail: bytes
    stream: bool | None
    n: int
    instructions: str | None
    service_tier: str | None
    reasons: tuple[str, ...]


_SDK_OPTIONS = ("extra_headers", "extra_query", "timeout")
"""Options of the client that stand beside the body in what is logged of an SDK's call."""


def as_sent(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """The body that went over the wire, where the log has the call of an SDK: `extra_body` is merged into it.

    https://github.com/openai/openai-python#undocumented-request-params; Anthropic's SDK does the same.
    """
    extra = body.get("extra_body")
    if not isinstance(extra, dict) and not any(name in body for name in _SDK_OPTIONS):
        return body
    return {name: value for name, value in body.items() if name not in ("extra_body", *_SDK_OPTIONS)} | obj(extra)


def read_call(body: Mapping[str, Any]) -> ChatCall:
    """Read a request body of the chat or the Responses API, in whatever order its keys come."""
    read = {key: value for key, value in body.items() if key not in _UNREAD}
    try:
        same = msgspec.json.encode(read)
    except (ValueError, TypeError, RecursionError):  # integers beyond 64 bits
        return _call(read)
    return read_raw_call(same)


def _call(body: Mapping[str, Any]) -> ChatCall:
    body = as_sent(body)
    tools, reasons = chat_tools(body.get("tools"))
    choice, shape = body.get("tool_choice"), body.get("response_format") or _text_format(body.get("text"))
    params = {k: v for k, v in body.items() if k not in NOT_PARAMS and v is not None}
    reasoning = params.pop("reasoning", None)
    if isinstance(reasoning, dict) and reasoning.get("effort"):
        params["reasoning_effort"] = reasoning["effort"]
    if body.get("previous_response_id") or body.get("conversation"):
        reasons = (*reasons, Reason.SERVER_SIDE_STATE)
    parts = [canonical(tools), canonical(choice), canonical(shape), canonical(params)]
    return ChatCall(
        params=parts[3],
        tools=parts[0] if tools else None,
        tool_choice=None if choice is None else parts[1],
        response_format=None if shape is None else parts[2],
        tools_hash=fingerprint.digest(parts[0]) if tools else None,
        n_tools=min(len(tools or ()), 2**15 - 1),
        tail=("," + ",".join(parts) + "]").encode("utf-8", "surrogatepass"),
        stream=values.boolean(body.get("stream")),
        n=integer(body.get("n")) or 1,
        instructions=values.text(body.get("instructions")) or _system_text(body.get("system")),
        service_tier=values.text(body.get("service_tier")),
        reasons=reasons,
    )


@functools.lru_cache(4096)
def read_raw_call(raw: bytes) -> ChatCall:
    """`read_call` of raw JSON; what is not an object counts as an empty one. A log has few different ones."""
    return _call(obj(values.parse(raw)))


def chat_tools(tools: Any) -> tuple[list[Any] | None, tuple[str, ...]]:
    """Tools in the chat API's shape, from there, from the Responses API's or from Anthropic's."""
    if not isinstance(tools, list) or not tools:
        return None, ()
    out, foreign = [], False
    for tool in tools:
        if not isinstance(tool, dict) or isinstance(tool.get("function"), dict):
            out.append(tool)
        elif isinstance(tool.get("name"), str) and tool.get("type", "function") in ("function", "custom"):
            schema = tool.get("parameters", tool.get("input_schema"))
            named = {"name": tool["name"], "description": tool.get("description"), "parameters": schema}
            named["strict"] = tool.get("strict")
            out.append({"type": "function", "function": {k: v for k, v in named.items() if v is not None}})
        else:  # web_search and the like run at the provider
            out.append(tool)
            foreign = True
    return out, ("external_tool",) if foreign else ()


def _text_format(value: Any) -> Any:
    shape = obj(value).get("format")
    if not isinstance(shape, dict) or shape.get("type") in (None, "text"):
        return None
    inner = {k: v for k, v in shape.items() if k != "type" and v is not None}
    return {"type": shape["type"], "json_schema": inner} if inner else {"type": shape["type"]}


def _system_text(value: Any) -> str | None:
    return content_text(value) or None if isinstance(value, str | list) else None


def put_call(row: Row, call: ChatCall) -> None:
    """Write the call's facts into a row."""
    row.params, row.tools, row.tool_choice = call.params, call.tools, call.tool_choice
    row.response_format, row.tools_hash, row.n_tools = call.response_format, call.tools_hash, call.n_tools


class _Seen(msgspec.Struct, gc=False):
    chars: int = 0
    turns: int = 0
    simple: bool = True
    images: bool = False
    audio: bool = False
    system: list[str] = []
    reasons: set[str] = set()


def put_messages(row: Row, messages: Any, call: ChatCall) -> set[str]:
    """Write the prompt's facts into a row: text, digests, size, modality.

    Returns:
        Reasons why it cannot be replayed.

    Raises:
        Unusable: The messages are no list of objects.
    """
    if isinstance(messages, str):
        messages = [{"role": "user", "content": messages}]
    if not isinstance(messages, list):
        raise Unusable("messages are not a list")
    if call.instructions and not (messages and obj(messages[0]).get("role") in ("system", "developer")):
        messages = [{"role": "system", "content": call.instructions}, *messages]
    seen = _Seen()
    for message in messages:
        _look(message, seen)
    # Messages of a role and a text are the list that a prompt is named by.
    data = SORTED.encode(messages) if seen.simple else canonical(messages).encode("utf-8", "surrogatepass")
    row.messages = canonical_messages = data.decode("utf-8", "surrogatepass")
    row.prompt_hash = hashlib.sha256(data).hexdigest() if seen.simple else fingerprint.prompt_hash(messages)
    row.request_fp = hashlib.sha256(b"[%s%s" % (data, call.tail)).hexdigest()
    if seen.system:
        row.system_text = "\n\n".join(seen.system)
        row.system_hash = cached_digest(row.system_text)
    if len(canonical_messages) + len(call.tools or "") >= PREFIX_CHARS:
        prefix = ((call.tools or "") + canonical_messages[:PREFIX_CHARS])[:PREFIX_CHARS]
        row.prefix_hash = fingerprint.digest(prefix)
    row.has_images, row.has_audio = seen.images, seen.audio
    row.n_turns, row.prompt_chars = min(seen.turns, 2**15 - 1), seen.chars
    return seen.reasons


def _look(message: Any, seen: _Seen) -> None:
    if type(message) is not dict:
        raise Unusable("messages hold something that is not an object")
    role, content = message.get("role"), message.get("content")
    if role == "user":
        seen.turns += 1
    if type(content) is str:
        seen.chars += len(content)
        if len(message) != 2 or type(role) is not str:
            seen.simple = False
    else:
        seen.simple = False
        content = _look_at_parts(content, seen)
    if role == "system" or role == "developer":
        seen.system.append(content)


def _look_at_parts(content: Any, seen: _Seen) -> str:
    for part in content if isinstance(content, list) else ():
        if not isinstance(part, dict):
            continue
        kind = part.get("type")
        if kind in ("image_url", "image", "input_image"):
            seen.images = True
            reason = _image_problem(part)
            if reason:
                seen.reasons.add(reason)
        elif kind in ("input_audio", "audio"):
            seen.audio = True
        elif kind in ("file", "input_file", "document"):
            if "file_id" in part or "file_id" in obj(part.get("file")):
                seen.reasons.add(Reason.BODY_EXTERNAL)
        elif not isinstance(part.get("text", ""), str | None):
            raise Unusable("a message part's text is not text")
    words = content_text(content) if isinstance(content, str | list | None) else ""
    seen.chars += len(words)
    return words


def _image_problem(part: Mapping[str, Any]) -> str | None:
    source = part.get("image_url") or part.get("source")
    where = source.get("url") if isinstance(source, dict) else source
    if isinstance(source, dict) and source.get("data"):
        return None
    if not isinstance(where, str) or "truncated" in where[:80]:
        return Reason.IMAGE_MISSING
    return None if where.startswith("data:") else Reason.REMOTE_IMAGE_URL


_OF_ANSWERS = frozenset({"assistant", "model", "ai"})
_KINDS = frozenset({"ai", "AIMessage", "AIMessageChunk"})
_MESSAGE_KEYS = frozenset({
    "role", "content", "tool_calls", "function_call", "refusal", "reasoning", "reasoning_content", "annotations",
    "audio", "model", "usage", "finish_reason", "stop_reason",
})  # fmt: skip


def is_message(value: Any) -> bool:
    """Whether an object is an answer's message, and not an answer that is JSON itself.

    A message has the role of who answers, or, without a role, content or calls and nothing that no message has.
    """
    if not isinstance(value, dict):
        return False
    if value.get("role") is not None:
        return value["role"] in _OF_ANSWERS
    if value.get("type") in _KINDS and "content" in value:  # LangChain's
        return True
    return ("content" in value or bool(value.get("tool_calls"))) and value.keys() <= _MESSAGE_KEYS


def said_message(value: Any) -> dict[str, Any] | None:
    """An answer's message from what a log holds in its place: a message or its JSON text, or what was said.

    Returns:
        The message, with its role; None where there is nothing. What is no message is what was said: a text as it
        stands, also where it is JSON; an object as JSON.
    """
    held = values.unpacked(value)
    if is_message(held):
        return {**held, "role": "assistant"}
    if held in (None, "", {}, []):
        return None
    if isinstance(value, list) and all(isinstance(part, dict) and "type" in part for part in value):
        return {"role": "assistant", "content": value}
    return {"role": "assistant", "content": value if isinstance(value, str) else json_text(value)}


class ChatAnswer(msgspec.Struct, frozen=True, gc=False):
    """What the model said: choice 0 in parts, and all choices as they are."""

    text: str | None = None
    tool_calls: Sequence[Any] | None = None
    refusal: str | None = None
    finish: str | None = None
    choices: Sequence[Any] | None = None


def chat_answer(choices: Any) -> ChatAnswer | None:
    """The answer in a chat completion's `choices`, or None when there is none."""
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
        return None
    chosen = choices[0] if len(choices) == 1 else _first_choice(choices)
    message = chosen.get("message")
    finish = values.text(chosen.get("finish_reason"))
    if not isinstance(message, dict):
        words = chosen.get("text")
        return ChatAnswer(words, None, None, finish, choices) if isinstance(words, str) else None
    content, calls = message.get("content"), message.get("tool_calls")
    if calls is None and isinstance(message.get("function_call"), dict):
        calls = [{"type": "function", "function": message["function_call"]}]
    refusal = message.get("refusal") or obj(message.get("provider_specific_fields")).get("refusal")
    return ChatAnswer(
        text=content if type(content) is str else (content_text(content) if isinstance(content, list) else None),
        tool_calls=calls if isinstance(calls, list) and calls else None,
        refusal=refusal if isinstance(refusal, str) and refusal else None,
        finish=finish,
        choices=choices,
    )


def _first_choice(choices: Sequence[Any]) -> Mapping[str, Any]:
    """The choice with the lowest number: some servers send them as they end."""
    numbered = [(index, choice) for choice in choices if (index := integer(obj(choice).get("index"))) is not None]
    return min(numbered, key=lambda one: one[0])[1] if numbered else obj(choices[0])


def responses_answer(response: Mapping[str, Any]) -> ChatAnswer | None:
    """The answer in a Responses API object, or None when there is none."""
    output = response.get("output")
    if not isinstance(output, list) or not output:
        return None
    texts: list[str] = []
    refusals: list[str] = []
    calls: list[Any] = []
    for item in map(obj, output):
        if item.get("type") == "function_call":
            function = {"name": item.get("name"), "arguments": item.get("arguments")}
            calls.append({"id": item.get("call_id"), "type": "function", "function": function})
        content = item.get("content")
        for part in map(obj, content if isinstance(content, list) else ()):
            if part.get("type") == "output_text" and isinstance(part.get("text"), str):
                texts.append(part["text"])
            elif part.get("type") == "refusal" and isinstance(part.get("refusal"), str):
                refusals.append(part["refusal"])
    reason = values.text(obj(response.get("incomplete_details")).get("reason"))
    finish = reason or ("tool_calls" if calls else values.text(response.get("status")))
    return ChatAnswer("".join(texts) if texts else None, calls or None, "".join(refusals) or None, finish, output)


def put_answer(row: Row, answer: ChatAnswer) -> None:
    """Write the answer's facts into a row."""
    row.response_text, row.refusal = answer.text, answer.refusal
    row.tool_calls = canonical(answer.tool_calls) if answer.tool_calls else None
    row.response_choices = json_text(answer.choices)
    row.finish_reason_raw = answer.finish
    row.finish_reason = "refusal" if answer.refusal and answer.finish == "stop" else finish_reason(answer.finish)


def _hides_input(row: Row, prompt_tokens: int) -> bool:
    """Whether far more tokens were billed than the visible text can have; three bytes a token is a generous rate."""
    if row.messages is None or row.has_images or row.has_audio or prompt_tokens <= 200 + len(row.messages) / 2:
        return False
    visible = (len(row.messages.encode("utf-8", "replace")) + len(row.tools or "")) / 3
    return prompt_tokens > 1.5 * visible + 200


def _holds_answer(row: Row) -> bool:
    """Whether the last message of the request is its answer: the list was appended to before the log was written.

    A replay of it would ask every candidate with the answer before its eyes.
    """
    sent = row.messages
    if sent is None or not sent.startswith('assistant"', sent.rfind(_ROLE) + len(_ROLE)):
        return False
    last = msgspec.json.decode(sent.encode("utf-8", "replace"))[-1]
    content, calls = last.get("content"), last.get("tool_calls")
    said = content_text(content).strip() if isinstance(content, str | list) else ""
    answered = (row.response_text or "").strip()
    if calls or row.tool_calls:
        return bool(calls) and canonical(calls) == row.tool_calls and said == answered
    return bool(said) and said == answered


_ROLE = '"role":"'
"""As canonical JSON writes the key; within a text the quotes are escaped."""

_NO_CHAT = frozenset({"text_completion", "images", "rerank", "moderation", "transcription", "speech", "other"})

HARMLESS = frozenset(
    {Reason.REMOTE_IMAGE_URL, Reason.SUSPECTED_MISSING_INPUT, Reason.PARAMS_MISSING, Reason.TOOLS_MISSING}
)
"""Reasons that make a replay less than exact, but not impossible."""


def judge_replayable(row: Row, reasons: set[str], best: str) -> None:
    """Settle whether a row can be replayed, from the reasons found; `best` is what it is without any.

    Replaying needs the whole request, and comparing needs the whole answer that the log's model gave.
    """
    if row.messages is None:
        reasons.add(Reason.OTHER_OPERATION if row.operation in _NO_CHAT else Reason.BODY_NOT_CAPTURED)
    if row.operation == "embeddings":
        reasons.add(Reason.EMBEDDING)
    if row.status == "partial":
        reasons.add(Reason.PARTIAL_STREAM)
    elif row.response_text is None and row.tool_calls is None and row.refusal is None:
        filtered = row.status == "ok" and row.finish_reason in ("content_filter", "length", "refusal")
        if not filtered:
            reasons.add(Reason.NO_RESPONSE)
    if row.tool_calls is not None and row.tools is None:
        reasons.add(Reason.TOOLS_MISSING)  # an answer without a call then tells nothing: `scoring.inputs`
    if _holds_answer(row):
        reasons.add(Reason.ANSWER_IN_REQUEST)
    if row.prompt_tokens is not None and _hides_input(row, row.prompt_tokens):
        reasons.add(Reason.SUSPECTED_MISSING_INPUT)
    if reasons:
        row.unreplayable_reasons = sorted(reasons)
        row.replayable = "lossy" if reasons <= HARMLESS else "none"
    else:
        row.replayable = best


def raw_value(raw: Any) -> Any:
    """The value of a raw field; an absent one is None."""
    return msgspec.json.decode(raw) if isinstance(raw, msgspec.Raw) and bytes(raw) else None
