"""Spans of model calls, in every convention: request, answer and tokens in the chat API's shape.

OpenTelemetry's GenAI conventions (open-telemetry/semantic-conventions-genai, content on spans, in events or in log
records), OpenInference (arize-ai/openinference, spec/semantic_conventions.md), Langfuse's attributes, OpenLLMetry's old
ones, and Vercel's AI SDK; all read 2026-11-23.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from audit.ingest import values
from audit.ingest.calls.chat import chat_answer, said_message
from audit.ingest.calls.recorded_bodies import out_of_text
from audit.ingest.calls.usage import usage_of_kinds
from audit.ingest.row import Unusable
from audit.ingest.telemetry import ai_sdk, pydantic_ai
from audit.ingest.values import integer, obj, objects, text, unpacked
from audit.protocols.count_words import kind_of
from audit.protocols.recognition import protocol_of_answer
from audit.protocols.usage import read_usage

Attributes = dict[str, Any]
_OPERATIONS = {
    **dict.fromkeys(("chat", "completion", "generate_content"), "chat"),
    **dict.fromkeys(("embeddings", "embedding"), "embeddings"),
    **dict.fromkeys(("image_generation", "generate_image", "image_edit"), "images"),
    **{name: name for name in ("responses", "text_completion", "rerank", "moderation", "transcription", "speech")},
    **dict.fromkeys(("messages", "anthropic_messages"), "messages"),
}
"""Words for what a span's call is, of the conventions and of LiteLLM, which has an `a` before those of its own that are
asynchronous; what is none of them (an agent, a tool, a workflow) is structure."""
_FRAMEWORKS = frozenset({
    "strands-agents", "strands_agents", "langchain", "langgraph", "llamaindex", "llama_index", "crewai", "autogen",
    "semantic_kernel", "haystack", "litellm",
})  # fmt: skip
"""Names that stand where a provider's should: those of what made the call."""


def operation_named(word: Any) -> str | None:
    """What a call is by a word for it; None for a word of something else."""
    name = str(word)
    return _OPERATIONS.get(name) or (_OPERATIONS.get(name[1:]) if name[:1] == "a" else None)


def providers_of(found: Attributes) -> Iterator[Any]:
    """What a span says who served its call, the most telling first."""
    yield from (name for key in PROVIDERS if (name := found.get(key)) and str(name).lower() not in _FRAMEWORKS)


_SDK_CALLS = {
    **dict.fromkeys(("generateText.doGenerate", "generateObject.doGenerate"), "chat"),
    **dict.fromkeys(("streamText.doStream", "streamObject.doStream"), "chat"),
    **dict.fromkeys(("embed.doEmbed", "embedMany.doEmbed"), "embeddings"),
    "rerank.doRerank": "rerank",
}
"""Spans of the AI SDK that are one call of a model each, behind `ai.`; those around them hold several."""


def value_of(any_value: Any) -> Any:
    """The value in OTLP's `AnyValue`; 64-bit integers are text there."""
    for kind, found in obj(any_value).items():
        if kind == "stringValue":
            return found
        if kind == "intValue":
            return integer(found) if not isinstance(found, int) else found
        if kind == "arrayValue":
            items = obj(found).get("values")
            return [value_of(item) for item in items] if isinstance(items, list) else []
        if kind == "kvlistValue":
            return attributes(obj(found).get("values"))
        return found
    return None


def attributes(pairs: Any) -> Attributes:
    """Attributes by key, from OTLP's list of pairs or from an object."""
    if isinstance(pairs, dict):
        return pairs
    return {str(pair.get("key")): value_of(pair.get("value")) for pair in objects(pairs)}


def is_engine(found: Attributes) -> bool:
    """Whether a span is vLLM's own of a request: its id, its counts and where its time went, without model and text."""
    return "gen_ai.request.id" in found and "gen_ai.latency.e2e" in found


_THRESHOLD = re.compile(r"(?:^|,)\s*ot=(?:[^,]*;)?th:(?P<th>[0-9a-f]{1,14})(?=[;,\s]|$)")
_SCALE = 16**14


def weight_of(trace_state: Any) -> float:
    """How many calls a span stands for: the inverse of the probability with which its sampler kept it; 1 where none is
    told.

    Source:
        https://opentelemetry.io/docs/specs/otel/trace/tracestate-probability-sampling/: `ot=th:T`, a rejection
        threshold of up to 14 hexadecimal digits, zeros at the end left out.
    """
    found = _THRESHOLD.search(trace_state) if isinstance(trace_state, str) else None
    return 1.0 if found is None else _SCALE / (_SCALE - int(found["th"].ljust(14, "0"), 16))


_LITELLM = "gen_ai.framework"


def operation_of(found: Attributes) -> str | None:
    """What a span's call is, in the tables' words; None for a span that is no call of a model."""
    kind = str(found.get("openinference.span.kind") or "").upper()
    if kind:
        return {"LLM": "chat", "EMBEDDING": "embeddings"}.get(kind)
    observed = found.get("langfuse.observation.type")
    if observed:
        return {"generation": "chat", "embedding": "embeddings"}.get(str(observed).lower())
    if "gen_ai.operation.name" in found:
        return operation_named(found["gen_ai.operation.name"])
    if "llm.request.type" in found:  # OpenLLMetry's `completion` is one of text
        word = found["llm.request.type"]
        return "text_completion" if word == "completion" and _LITELLM not in found else operation_named(word)
    if is_engine(found):
        return "chat"
    if (sdk := _SDK_CALLS.get(str(found.get("ai.operationId")).removeprefix("ai."))) is not None:
        return sdk
    named = "gen_ai.request.model" in found and ("gen_ai.system" in found or "gen_ai.provider.name" in found)
    return "chat" if named else None


def tree(found: Attributes, prefix: str) -> Any:
    """What was flattened under a prefix: `a.0.role` becomes a list of objects; None when nothing was."""
    root: dict[str, Any] = {}
    under = prefix + "."
    for key in [key for key in found if key.startswith(under)]:
        place = root
        *path, last = key[len(under) :].split(".")
        for step in path:
            inner = place.setdefault(step, {})
            place = inner if isinstance(inner, dict) else {}
        place[last] = found[key]
    return _listed(root) if root else None


def _listed(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    made = {key: _listed(item) for key, item in value.items()}
    if made and all(key.isdecimal() for key in made):
        return [made[key] for key in sorted(made, key=int)]
    return made


def told_in_events(span: Mapping[str, Any]) -> tuple[Attributes, list[dict[str, Any]]]:
    """What the events of a span hold of its call: attributes, as in `gen_ai.content.prompt` of the conventions before
    messages, and messages one by one, as in Azure's `gen_ai.user.message` with its `gen_ai.event.content`."""
    told: Attributes = {}
    messages = []
    for event in objects(span.get("events")):
        name, own = str(event.get("name")), attributes(event.get("attributes"))
        if isinstance(body := unpacked(own.get("gen_ai.event.content")), dict):
            messages.append({"name": name, "body": body})
        elif name.startswith("gen_ai."):
            told |= own
    return told, messages


def told_in_attribute(found: Attributes) -> list[dict[str, Any]]:
    """The messages that Pydantic AI kept as a list of events in one attribute, before the conventions had messages."""
    told = objects(unpacked(found.get("events")))
    return [
        {"name": name, "body": event} for event in told if (name := str(event.get("event.name"))).startswith("gen_ai.")
    ]


def request_of(found: Attributes, events: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The request body: the vendor's own where it was kept, else one in the chat shape."""
    kept = unpacked(found.get("input.value"))
    if isinstance(kept, dict) and isinstance(kept.get("messages", kept.get("input")), str | list):
        return {"model": found.get("llm.request.model_name") or found.get("llm.model_name"), **kept}
    body = _parameters(found)
    messages = _asked(found, events)
    if messages is not None:
        body["messages"] = messages
    body |= {key: value for key, value in _tools(found).items() if value}
    return body


_PARAMETERS = {
    "temperature": "temperature", "top_p": "top_p", "max_tokens": "max_tokens", "seed": "seed", "top_k": "top_k",
    "stop_sequences": "stop", "frequency_penalty": "frequency_penalty", "presence_penalty": "presence_penalty",
    "choice.count": "n", "stream": "stream", "reasoning_effort": "reasoning_effort",
    "reasoning.level": "reasoning_effort",
}  # fmt: skip
_REQUESTED = {f"gen_ai.request.{name}": own for name, own in _PARAMETERS.items()}
"""Attributes that hold parameters of the request, with the chat API's names for them."""


_WRITTEN = re.compile(r"-?\d+(\.\d+)?|true|false|\[.*\]", re.DOTALL)


def _out_of_text(value: Any) -> Any:
    """A parameter that a store of texts keeps as one: a number, a list, a word for true or false."""
    written = isinstance(value, str) and _WRITTEN.fullmatch(value) is not None
    try:
        return values.parse(str(value).encode()) if written else value
    except Unusable:
        return value


def _parameters(found: Attributes) -> dict[str, Any]:
    sent = obj(unpacked(found.get("llm.invocation_parameters"))) or obj(
        unpacked(found.get("langfuse.observation.model.parameters"))
    )
    body = {key: value for key, value in sent.items() if value not in (None, "Infinity")}
    for name, own in _REQUESTED.items():
        if (value := found.get(name)) is not None:
            body[own] = _out_of_text(value)
    shape = unpacked(found.get("langfuse.observation.metadata.response_format"))
    if isinstance(shape, dict):
        body["response_format"] = shape
    schema = unpacked(found.get("gen_ai.request.structured_output_schema"))
    if isinstance(schema, dict):
        body["response_format"] = {"type": "json_schema", "json_schema": {"name": "response", "schema": schema}}
    body["model"] = (
        found.get("gen_ai.request.model") or found.get("llm.request.model_name") or found.get("ai.model.id")
        or body.get("model") or found.get("langfuse.observation.model.name") or found.get("llm.model_name")
    )  # fmt: skip
    return body


def _asked(found: Attributes, events: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]] | None:
    given = unpacked(found.get("gen_ai.input.messages"))
    if isinstance(given, list):
        system = unpacked(found.get("gen_ai.system_instructions"))
        first = chat_messages([{"role": "system", "parts": system}]) if isinstance(system, list) else []
        return first + chat_messages(given)
    for prefix in ("llm.input_messages", "gen_ai.prompt"):
        if isinstance(flat := tree(found, prefix), list):
            return [_flat_message(obj(item)) for item in flat]
    for name in ("langfuse.observation.input", "ai.prompt.messages", "gen_ai.prompt"):
        kept = unpacked(found.get(name))
        kept = kept.get("messages") if isinstance(kept, dict) else kept
        if isinstance(kept, list):
            return ai_sdk.messages_of(kept) if name.startswith("ai.") else [dict(obj(message)) for message in kept]
        if isinstance(kept, str):
            return [{"role": "user", "content": kept}]
    told = [event for event in events if event["name"] != "gen_ai.choice"]
    return [_event_message(event) for event in told] if told else None


def answer_of(found: Attributes, events: Sequence[Mapping[str, Any]]) -> Any:
    """The answer's body: the vendor's own where it was kept, else one in the chat shape; None when there is none."""
    for name, whole in (("output.value", True), ("langfuse.observation.output", False)):
        kept = out_of_text(found.get(name))
        if (whole or isinstance(kept, list)) and protocol_of_answer(kept) is not None:
            return kept
    choices = _choices(found, events)
    return {"choices": choices} if choices else None


def _choices(found: Attributes, events: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    given = unpacked(found.get("gen_ai.output.messages"))
    finishes = unpacked(found.get("gen_ai.response.finish_reasons"))
    finishes = finishes if isinstance(finishes, list) else [found.get("llm.finish_reason")]
    if isinstance(given, list):
        made = [(chat_messages([obj(item)]), obj(item).get("finish_reason")) for item in given]
        return [_choice(n, messages[0], finish) for n, (messages, finish) in enumerate(made) if messages]
    for prefix in ("llm.output_messages", "gen_ai.completion"):
        if isinstance(flat := tree(found, prefix), list):
            ends = [*finishes, *([None] * len(flat))]
            return [
                _choice(n, _flat_message(obj(item)), obj(item).get("finish_reason") or ends[n])
                for n, item in enumerate(flat)
            ]
    kept = found.get("langfuse.observation.output")
    if isinstance(said := unpacked(found.get("gen_ai.completion")), list) and said:
        kept = said[0]
    if kept is None and (choice := ai_sdk.answer_of(found)) is not None:
        return [choice]
    if chat_answer(given := obj(unpacked(kept)).get("choices")) is not None:
        return list(given or ())
    if (message := said_message(kept)) is not None:
        finish = unpacked(found.get("langfuse.observation.metadata.finish_reason"))
        return [_choice(0, message, finish or finishes[0] if finishes else None)]
    told = [obj(event["body"]) for event in events if event["name"] == "gen_ai.choice"]
    return [_choice(n, obj(body.get("message")), body.get("finish_reason")) for n, body in enumerate(told)]


def _choice(index: int, message: Mapping[str, Any], finish: Any) -> dict[str, Any]:
    word = {"tool_call": "tool_calls"}.get(str(finish), finish) or None
    return {"index": index, "message": {"role": "assistant", **message}, "finish_reason": word}


def chat_messages(given: Sequence[Any]) -> list[dict[str, Any]]:
    """Messages of the GenAI conventions, made of parts, in the chat shape; each tool's response is a message."""
    made: list[dict[str, Any]] = []
    for message in map(obj, given):
        parts = message.get("parts")
        if not isinstance(parts, list):
            made.append({key: value for key, value in message.items() if key in ("role", "content", "name")})
            continue
        content: list[dict[str, Any]] = []
        calls: list[dict[str, Any]] = []
        results: list[dict[str, Any]] = []
        thought = ""
        for part in map(obj, parts):
            kind = part.get("type")
            if kind == "tool_call":
                calls.append(_call(part.get("id"), part.get("name"), part.get("arguments")))
            elif kind == "tool_call_response":
                said = part.get("response", part.get("result"))
                results.append({"role": "tool", "tool_call_id": part.get("id"), "content": _words(said)})
            elif kind == "reasoning":
                thought += str(part.get("content") or "")
            else:
                content.append(_part(part))
        made += results
        if content or calls or thought or not results:
            made.append(_message(message, content, calls, thought))
    return made


def _message(
    message: Mapping[str, Any], content: list[dict[str, Any]], calls: list[Any], thought: str
) -> dict[str, Any]:
    words: Any = content
    if all(part.get("type") == "text" for part in content) and len(content) < 2:
        words = content[0]["text"] if content else None
    made = {"role": message.get("role"), "content": words}
    extra = {"tool_calls": calls or None, "reasoning_content": thought or None, "name": message.get("name")}
    return made | {key: value for key, value in extra.items() if value}


def _part(part: Mapping[str, Any]) -> dict[str, Any]:
    kind = part.get("type")
    if kind == "text" or (kind is None and "content" in part):
        return {"type": "text", "text": _words(part.get("content"))}
    modality = str(part.get("modality") or part.get("mime_type") or "")
    if kind == "blob" and modality.startswith("image"):
        return {"type": "image_url", "image_url": {"url": f"data:{part.get('mime_type')};base64,{part.get('content')}"}}
    if kind == "uri" and modality.startswith("image"):
        return {"type": "image_url", "image_url": {"url": part.get("uri")}}
    return {"type": "file", "file": {"file_id": text(part.get("file_id")) or text(part.get("uri")) or "unknown"}}


def _words(value: Any) -> str:
    return value if isinstance(value, str) else values.canonical(value)


def _call(name_id: Any, name: Any, arguments: Any) -> dict[str, Any]:
    return {"id": name_id, "type": "function", "function": {"name": name, "arguments": _words(arguments)}}


def _flat_message(item: dict[str, Any]) -> dict[str, Any]:
    """A message that was flattened into attributes, by OpenInference or by OpenLLMetry."""
    message = obj(item.get("message")) or item
    made: dict[str, Any] = {"role": message.get("role"), "content": message.get("content")}
    contents = message.get("contents")
    if isinstance(contents, list):
        parts = [_flat_part(obj(obj(part).get("message_content"))) for part in contents]
        plain = [part["text"] for part in parts if part["type"] == "text"]
        made["content"] = plain[0] if len(plain) == len(parts) == 1 else parts
    calls = message.get("tool_calls")
    if isinstance(calls, list):
        flat = [obj(obj(call).get("tool_call")) or obj(call) for call in calls]
        made["tool_calls"] = [
            _call(call.get("id"), obj(call.get("function")).get("name") or call.get("name"),
                  obj(call.get("function")).get("arguments") or call.get("arguments") or "")
            for call in flat
        ]  # fmt: skip
    if message.get("tool_call_id"):
        made["tool_call_id"] = message["tool_call_id"]
    return made


def _flat_part(part: Mapping[str, Any]) -> dict[str, Any]:
    if part.get("type") == "image":
        return {"type": "image_url", "image_url": {"url": obj(obj(part.get("image")).get("image")).get("url")}}
    return {"type": "text", "text": str(part.get("text") or "")}


def _event_message(event: Mapping[str, Any]) -> dict[str, Any]:
    """A message from a log record `gen_ai.user.message` and the like."""
    body = obj(event["body"])
    made = {"role": body.get("role") or str(event["name"]).split(".")[1], "content": body.get("content")}
    if isinstance(body.get("tool_calls"), list):
        made["tool_calls"] = [
            _call(call.get("id"), obj(call.get("function")).get("name"), obj(call.get("function")).get("arguments"))
            for call in map(obj, body["tool_calls"])
        ]
    if made["role"] == "tool" and body.get("id"):
        made["tool_call_id"] = body["id"]
    return made


def _tools(found: Attributes) -> dict[str, Any]:
    defined = unpacked(found.get("gen_ai.tool.definitions"))
    if isinstance(defined, list):
        return {"tools": [unpacked(tool) for tool in defined]}
    flat = tree(found, "llm.tools")
    if isinstance(flat, list):
        return {"tools": [unpacked(obj(obj(item).get("tool")).get("json_schema")) for item in flat]}
    named = tree(found, "llm.request.functions")
    if isinstance(named, list):
        return {"tools": [
            {"name": obj(item).get("name"), "description": obj(item).get("description"),
             "parameters": unpacked(obj(item).get("parameters"))} for item in named
        ]}  # fmt: skip
    if sent := obj(unpacked(found.get("model_request_parameters"))):
        return pydantic_ai.tools_of(sent)
    kept = unpacked(found.get("langfuse.observation.input"))
    return {"tools": kept.get("tools")} if isinstance(kept, dict) else ai_sdk.tools_of(found)


def usage_of(found: Attributes) -> dict[str, Any]:
    """Inclusive counts under the Responses API's names; empty when the span has none."""
    detailed = unpacked(found.get("langfuse.observation.usage_details"))
    if isinstance(detailed, dict) and detailed:
        return disjoint(detailed)

    if isinstance(kept := _provider_usage(found), dict):
        return kept
    counts: dict[str, Any] = {}
    for prefix, keys in zip(_USAGE, _counted(tuple(found)), strict=True):
        for key in keys:
            kind = kind_of(key.removeprefix(prefix))
            if kind and found[key] is not None:
                counts.setdefault(kind, found[key])
    if operation_of(found) == "embeddings":  # the AI SDK has one count of them, which is the prompt's
        counts.setdefault("prompt", counts.get("total"))
    return usage_of_kinds(counts)


_USAGE = ("gen_ai.usage.", "llm.usage.", "llm.token_count.", "ai.usage.", "anthropic.usage.", "gen_ai.usage.details.")
"""What attributes with counts begin with, those that are believed first before the others: an instrumentation that
keeps the vendor's own `details` has made them inclusive in front of them."""


@functools.lru_cache(1024)
def _counted(keys: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    """Of a span's attributes, those that may hold counts, by their place in `_USAGE`."""
    ranked: tuple[list[str], ...] = tuple([] for _ in _USAGE)
    for key in keys:
        fits = [rank for rank, prefix in enumerate(_USAGE) if key.startswith(prefix)]
        if fits:
            ranked[fits[-1]].append(key)
    return tuple(map(tuple, ranked))


def _provider_usage(found: Attributes) -> Any:
    """The usage as its vendor wrote it, which the AI SDK keeps beside its own counts; None where it does not.

    Its own leave the cache out for some vendors and not for others.
    """
    for told in map(obj, obj(unpacked(found.get("ai.response.providerMetadata"))).values()):
        usage = obj(told.get("usage"))
        if usage and read_usage(usage).prompt is not None:
            return usage
    return None


PROVIDERS = ("gen_ai.provider.name", "gen_ai.system", "llm.provider", "llm.system", "ai.model.provider")
"""Attributes that name who served a call, the most telling first."""

_COSTS = (
    *("gen_ai.usage.cost", "gen_ai.usage.total_cost", "gen_ai.cost.total_cost", "llm.cost.total", "operation.cost"),
    *("gen_ai.usage.cost_usd", "llm.usage.cost", "llm.usage.total_cost"),
)


def costs_of(found: Attributes) -> Iterator[Any]:
    """What a span says that its call cost in USD, the most telling first; Vercel's gateway tells the AI SDK."""
    yield from (found.get(name) for name in _COSTS)
    told = obj(unpacked(found.get("ai.response.providerMetadata")))
    yield obj(told.get("gateway")).get("cost")
    yield obj(obj(told.get("openrouter")).get("usage")).get("cost")


_BESIDE = ("cache_read_input_tokens", "cache_creation_input_tokens")


def disjoint(detailed: Mapping[str, Any]) -> dict[str, Any]:
    """Langfuse's buckets, which do not overlap, as inclusive counts; counts under OpenAI's names as they are. Its guide
    names the cache as Anthropic does.

    https://langfuse.com/docs/observability/features/token-and-cost-tracking
    """
    if "prompt_tokens" in detailed:
        return dict(detailed)
    counts = {key: count for key, value in detailed.items() if (count := integer(value)) is not None}
    asked = sum(count for key, count in counts.items() if key.startswith(("input", *_BESIDE)))
    said = sum(count for key, count in counts.items() if key.startswith("output"))
    total = counts.get("total")
    if total is not None and 0 <= total - said < asked:
        asked = total - said  # buckets of one vendor overlap (text beside cached): the total knows
    cached = [
        counts[key]
        for key in ("input_cached_tokens", "input_cache_read", "input_cache_read_tokens", _BESIDE[0])
        if key in counts
    ]
    written = [
        count
        for key, count in counts.items()
        if key.startswith("input_cache_creation") or key in ("input_cache_write", _BESIDE[1])
    ]
    hourly = sum(count for key, count in counts.items() if kind_of(key) == "hour")
    thought = [count for key, count in counts.items() if key in ("output_reasoning_tokens", "output_reasoning")]
    return {
        "input_tokens": asked,
        "output_tokens": said,
        "input_tokens_details": {
            "cached_tokens": cached[0] if cached else None,
            "cache_write_tokens": sum(written) if written else None,
            "audio_tokens": counts.get("input_audio_tokens"),
        },
        "output_tokens_details": {
            "reasoning_tokens": thought[0] if thought else None,
            "audio_tokens": counts.get("output_audio_tokens"),
        },
        "cache_creation": {"ephemeral_1h_input_tokens": hourly} if hourly else None,
    }
