"""Make the samples of what tools export: the same eight invented calls, seen through each of them.

Run: python sample_logs/make_exports.py
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
EPOCH = 1_788_220_800  # 2026-09-01 00:00 UTC
SYSTEM = {
    "triage": "Which queue does this ticket belong to: billing, technical or sales?",
    "reply": "Draft a friendly reply of two sentences.",
}
ASKED = (
    "My lamp arrived broken, order 4471.",
    "Puis-je changer l'adresse ?",
    "A blank page after login 🙂",
    "Twice 12.50?",
)
SCHEMA = {"type": "object", "properties": {"number": {"type": "string"}}, "required": ["number"]}
TOOL = {"name": "look_up_order", "description": "Find an order by its number", "parameters": SCHEMA}
ARGUMENTS = '{"number":"4471"}'


@dataclass(frozen=True)
class Call:
    """One call: the third wants a tool, the sixth is refused for its rate."""

    number: int

    @property
    def id(self) -> str:
        """Its name at the vendor."""
        return f"call-{self.number:02d}"

    @property
    def route(self) -> str:
        """What it is for."""
        return ("triage", "reply")[self.number % 2]

    @property
    def tenant(self) -> str:
        """Whose it is."""
        return ("north", "south")[self.number // 2 % 2]

    @property
    def failed(self) -> bool:
        """Whether the vendor refused it."""
        return self.number == 5

    @property
    def wants_tool(self) -> bool:
        """Whether the answer is a call of a tool."""
        return self.number == 2

    @property
    def asked(self) -> str:
        """The user's words."""
        return ASKED[self.number % 4]

    @property
    def said(self) -> str:
        """The answer's words."""
        return f"Answer {self.number}."

    @property
    def tokens(self) -> tuple[int, int, int]:
        """Prompt, of it cached, completion."""
        return 60 + self.number, 20 if self.number % 3 == 0 else 0, 10 + self.number

    @property
    def started(self) -> int:
        """Seconds since 1970."""
        return EPOCH + 3600 * self.number

    def at(self, late: float = 0.0) -> str:
        """Its time as ISO 8601."""
        minutes = f"2026-09-01T{self.number:02d}:00:{late:06.3f}"
        return f"{minutes}000+00:00"

    def chat(self) -> dict[str, Any]:
        """Its body for the chat API."""
        messages = [{"role": "system", "content": SYSTEM[self.route]}, {"role": "user", "content": self.asked}]
        body = {"model": "gpt-4o-mini", "messages": messages, "temperature": 0, "max_tokens": 200}
        return body | ({"tools": [{"type": "function", "function": TOOL}]} if self.wants_tool else {})

    def message(self) -> dict[str, Any]:
        """The answer in the chat shape."""
        if not self.wants_tool:
            return {"role": "assistant", "content": self.said}
        function = {"name": TOOL["name"], "arguments": ARGUMENTS}
        return {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": "t1", "type": "function", "function": function}],
        }

    def completion(self) -> dict[str, Any]:
        """The chat API's response."""
        prompt, cached, completion = self.tokens
        finish = "tool_calls" if self.wants_tool else "stop"
        usage = {
            "prompt_tokens": prompt,
            "completion_tokens": completion,
            "prompt_tokens_details": {"cached_tokens": cached},
        }
        choice = {"index": 0, "finish_reason": finish, "message": self.message()}
        return {
            "id": self.id,
            "object": "chat.completion",
            "model": "gpt-4o-mini-2024-07-18",
            "choices": [choice],
            "usage": usage,
        }


CALLS = tuple(map(Call, range(8)))
REFUSED = {"type": "rate_limit_error", "message": "slow down"}


def _attributes(values: dict[str, Any]) -> list[dict[str, Any]]:
    def of(value: Any) -> dict[str, Any]:
        if isinstance(value, list):
            return {"arrayValue": {"values": [of(item) for item in value]}}
        kind = {bool: "boolValue", int: "intValue", float: "doubleValue"}.get(type(value), "stringValue")
        return {kind: str(value) if kind == "intValue" else value}

    return [{"key": key, "value": of(value)} for key, value in values.items()]


def _span(name: str, call: Call, attributes: dict[str, Any], **ids: Any) -> dict[str, Any]:
    start = call.started * 10**9
    times = {"startTimeUnixNano": str(start), "endTimeUnixNano": str(start + 400_000_000)}
    made = {
        "traceId": f"{call.number + 1:032x}",
        "name": name,
        "kind": 3,
        **times,
        "attributes": _attributes(attributes),
    }
    return made | {"status": {}} | ids


def _export(call: Call, spans: Iterable[tuple[str, dict[str, Any]]]) -> dict[str, Any]:
    resource = {"attributes": _attributes({"service.name": "shop", "deployment.environment.name": "production"})}
    scopes = [{"scope": {"name": scope}, "spans": [span]} for scope, span in spans]
    return {"resourceSpans": [{"resource": resource, "scopeSpans": scopes}]}


def _parts(message: dict[str, Any]) -> dict[str, Any]:
    parts = [{"type": "text", "content": message["content"]}] if message.get("content") else []
    for made in message.get("tool_calls", ()):
        function = made["function"]
        arguments = json.loads(function["arguments"])
        parts.append({"type": "tool_call", "id": made["id"], "name": function["name"], "arguments": arguments})
    return {"role": message["role"], "parts": parts}


def otlp() -> Iterator[dict[str, Any]]:
    """Content on spans, in log records and as bodies; the application around each; one span seen twice."""
    for call in CALLS:
        outer, inner = f"{call.number:08x}00000001", f"{call.number:08x}00000002"
        around = {"http.route": f"/{call.route}", "tenant.id": call.tenant, "session.id": f"session-{call.number // 2}"}
        around_span = _span(f"POST /{call.route}", call, around, spanId=outer, kind=2)
        prompt, cached, completion = call.tokens
        found: dict[str, Any] = {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "openai",
            "gen_ai.request.model": "gpt-4o-mini",
            "gen_ai.request.temperature": 0,
            "gen_ai.request.max_tokens": 200,
        }
        answered = {
            "gen_ai.response.id": call.id,
            "gen_ai.response.model": "gpt-4o-mini-2024-07-18",
            "gen_ai.response.finish_reasons": ["tool_call" if call.wants_tool else "stop"],
            "gen_ai.usage.input_tokens": prompt,
            "gen_ai.usage.output_tokens": completion,
            "gen_ai.usage.cache_read.input_tokens": cached,
        }
        found |= {"error.type": "RateLimitError"} if call.failed else answered
        messages = call.chat()["messages"]
        if call.number == 6:
            body, reply = json.dumps(call.chat()), json.dumps(call.completion())
            found = {
                "openinference.span.kind": "LLM",
                "input.value": body,
                "output.value": reply,
                "llm.system": "openai",
            }
        elif call.number != 7:
            found["gen_ai.input.messages"] = json.dumps([_parts(message) for message in messages])
            found |= {} if call.failed else {"gen_ai.output.messages": json.dumps([_parts(call.message())])}
        if call.wants_tool:
            found["gen_ai.tool.definitions"] = json.dumps([{"type": "function", **TOOL}])
        status = {"code": 2, "message": REFUSED["message"]} if call.failed else {}
        spans = [
            ("shop", around_span),
            ("openai", _span("chat", call, found, spanId=inner, parentSpanId=outer, status=status)),
        ]
        if call.number == 1:
            native = {key: value for key, value in found.items() if "messages" not in key}
            spans.append(
                ("sdk", _span("create", call, native, spanId=f"{call.number:08x}00000003", parentSpanId=inner))
            )
        yield _export(call, spans)
    yield _log_records(CALLS[7])


def _log_records(call: Call) -> dict[str, Any]:
    def event(name: str, body: dict[str, Any], late: int) -> dict[str, Any]:
        values = [{"key": key, "value": value} for key, value in body.items()]
        ids = {"traceId": f"{call.number + 1:032x}", "spanId": f"{call.number:08x}00000002", "eventName": name}
        return ids | {
            "observedTimeUnixNano": str(call.started * 10**9 + late),
            "body": {"kvlistValue": {"values": values}},
        }

    said = {"kvlistValue": {"values": [{"key": "content", "value": {"stringValue": call.said}}]}}
    records = [
        event(
            "gen_ai.choice", {"index": {"intValue": "0"}, "finish_reason": {"stringValue": "stop"}, "message": said}, 9
        ),
        event("gen_ai.system.message", {"content": {"stringValue": SYSTEM[call.route]}}, 1),
        event("gen_ai.user.message", {"content": {"stringValue": call.asked}}, 2),
    ]
    return {"resourceLogs": [{"resource": {}, "scopeLogs": [{"scope": {"name": "openai"}, "logRecords": records}]}]}


def langsmith() -> Iterator[dict[str, Any]]:
    """A chain around each call; the chain's name is the route."""
    for call in CALLS:
        root, own = f"root-{call.number}", f"run-{call.number}"
        metadata = {"tenant": call.tenant, "session_id": f"session-{call.number // 2}", "env": "production"}
        shared = {"trace_id": root, "start_time": call.at(), "end_time": call.at(0.4), "session_name": "prod"}
        extra = {"metadata": metadata}
        yield shared | {
            "id": root,
            "name": call.route,
            "run_type": "chain",
            "dotted_order": root,
            "extra": extra,
            "inputs": {},
            "outputs": {},
        }
        prompt, cached, completion = call.tokens
        usage = {"input_tokens": prompt, "output_tokens": completion, "input_token_details": {"cache_read": cached}}
        outputs = {key: value for key, value in call.completion().items() if key != "usage"} | {"usage_metadata": usage}
        yield shared | {
            "id": own,
            "name": "ChatOpenAI",
            "run_type": "llm",
            "dotted_order": f"{root}.{own}",
            "parent_run_id": root,
            "inputs": call.chat(),
            "outputs": {} if call.failed else outputs,
            "error": "RateLimitError('slow down')" if call.failed else None,
            "extra": {"metadata": metadata | {"ls_provider": "openai", "ls_model_name": "gpt-4o-mini"}},
        }


def langfuse() -> Iterator[dict[str, Any]]:
    """A span around each generation, token buckets that do not overlap, and a score of one trace."""
    for call in CALLS:
        prompt, cached, completion = call.tokens
        trace, body = f"trace-{call.number}", call.chat()
        shared = {
            "trace_id": trace,
            "environment": "production",
            "session_id": f"session-{call.number // 2}",
            "user_id": "user-1",
            "trace_name": call.route,
            "tags": [f"squad:{call.tenant}"],
            "level": "DEFAULT",
            "status_message": None,
            "start_time": f"2026-09-01 {call.number:02d}:00:00.000000",
            "end_time": f"2026-09-01 {call.number:02d}:00:00.400000",
        }
        yield shared | {
            "id": f"span-{call.number}",
            "type": "SPAN",
            "name": call.route,
            "provided_model_name": None,
            "usage_details": {},
        }
        given = {"tools": body["tools"], "messages": body["messages"]} if call.wants_tool else body["messages"]
        usage = {
            "input": prompt - cached,
            "input_cached_tokens": cached,
            "output": completion,
            "total": prompt + completion,
        }
        record = shared | {
            "id": f"generation-{call.number}",
            "type": "GENERATION",
            "name": "answer",
            "parent_observation_id": f"span-{call.number}",
            "input": json.dumps(given),
            "output": json.dumps(call.message()),
            "metadata": {"tenant": call.tenant},
            "provided_model_name": "gpt-4o-mini-2024-07-18",
            "model_parameters": json.dumps({"temperature": 0, "max_tokens": 200}),
            "usage_details": usage,
            "total_cost": 2e-05,
        }
        if call.failed:
            record |= {"level": "ERROR", "status_message": "Rate limit: slow down", "output": None, "usage_details": {}}
            record |= {"provided_model_name": "gpt-4o-mini", "total_cost": 0}
        yield record
    yield {
        "id": "score-1",
        "trace_id": "trace-0",
        "observation_id": None,
        "name": "helpful",
        "value": 1.0,
        "data_type": "NUMERIC",
        "string_value": None,
        "source": "API",
        "comment": None,
    }


def batch() -> Iterator[dict[str, Any]]:
    """Requests, then answers and the error in another order."""
    for call in CALLS:
        metadata = {"metadata": {"route": call.route, "tenant": call.tenant}}
        yield {"custom_id": call.id, "method": "POST", "url": "/v1/chat/completions", "body": call.chat() | metadata}
    for call in reversed(CALLS):
        told = {"id": f"line-{call.number}", "custom_id": call.id, "timestamp": call.at()}
        if call.failed:
            body = {"error": REFUSED}
            yield told | {"response": {"status_code": 429, "request_id": "r", "body": body}, "error": None}
        else:
            yield told | {"response": {"status_code": 200, "request_id": "r", "body": call.completion()}, "error": None}


def _wrapped(call: Call, request: dict[str, Any], response: Any) -> dict[str, Any]:
    told = {"timestamp": call.at(), "latency_ms": 400.0, "route": call.route, "tenant": call.tenant}
    if call.failed:
        return told | {"status_code": 429, "request": request, "response": None, "error": {"error": REFUSED}}
    return told | {"status_code": 200, "request": request, "response": response, "error": None}


def anthropic() -> Iterator[dict[str, Any]]:
    """Messages with a system prompt, a tool, a stream of events; the prompt is counted without the cache."""
    for call in CALLS:
        prompt, cached, completion = call.tokens
        request: dict[str, Any] = {
            "model": "claude-haiku-4-5",
            "system": SYSTEM[call.route],
            "max_tokens": 200,
            "temperature": 0,
            "messages": [{"role": "user", "content": call.asked}],
        }
        block: dict[str, Any] = {"type": "text", "text": call.said}
        if call.wants_tool:
            named = {key: TOOL[key] for key in ("name", "description")}
            request["tools"] = [named | {"input_schema": SCHEMA}]
            block = {"type": "tool_use", "id": "t1", "name": TOOL["name"], "input": json.loads(ARGUMENTS)}
        usage = {"input_tokens": prompt - cached, "cache_read_input_tokens": cached, "cache_creation_input_tokens": 0}
        message = {"id": f"msg-{call.number}", "type": "message", "role": "assistant", "model": "claude-haiku-4-5"}
        whole = {"content": [block], "stop_reason": "tool_use" if call.wants_tool else "end_turn"}
        response: Any = message | whole | {"usage": usage | {"output_tokens": completion}}
        if call.number == 4:
            request["stream"] = True
            response = _events(message, usage, call)
        yield _wrapped(call, request, response)


def _events(message: dict[str, Any], usage: dict[str, Any], call: Call) -> list[dict[str, Any]]:
    start = message | {"content": [], "stop_reason": None, "usage": usage | {"output_tokens": 1}}
    words = [{"type": "text_delta", "text": word} for word in ("Answer ", f"{call.number}.")]
    return [
        {"type": "message_start", "message": start},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        *({"type": "content_block_delta", "index": 0, "delta": word} for word in words),
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": call.tokens[2]}},
        {"type": "message_stop"},
    ]


def openai_responses() -> Iterator[dict[str, Any]]:
    """Instructions and input, a function call among the output."""
    for call in CALLS:
        prompt, cached, completion = call.tokens
        request: dict[str, Any] = {
            "model": "gpt-4o-mini",
            "instructions": SYSTEM[call.route],
            "input": call.asked,
            "temperature": 0,
            "max_output_tokens": 200,
        }
        said = {"type": "output_text", "text": call.said, "annotations": []}
        item: dict[str, Any] = {
            "type": "message",
            "id": "m1",
            "role": "assistant",
            "status": "completed",
            "content": [said],
        }
        if call.wants_tool:
            request["tools"] = [{"type": "function", "strict": None, **TOOL}]
            item = {"type": "function_call", "id": "f1", "call_id": "t1", "name": TOOL["name"], "arguments": ARGUMENTS}
        usage = {"input_tokens": prompt, "output_tokens": completion, "input_tokens_details": {"cached_tokens": cached}}
        head = {
            "id": f"resp-{call.number}",
            "object": "response",
            "status": "completed",
            "model": "gpt-4o-mini-2024-07-18",
        }
        yield _wrapped(call, request, head | {"output": [item], "usage": usage})


def bedrock() -> Iterator[dict[str, Any]]:
    """Converse; the prompt is counted without the cache, and the call that was refused left no record."""
    for call in CALLS:
        if call.failed:
            continue
        prompt, cached, completion = call.tokens
        body: dict[str, Any] = {
            "messages": [{"role": "user", "content": [{"text": call.asked}]}],
            "system": [{"text": SYSTEM[call.route]}],
            "inferenceConfig": {"maxTokens": 200, "temperature": 0},
        }
        block: dict[str, Any] = {"text": call.said}
        if call.wants_tool:
            spec = {"name": TOOL["name"], "description": TOOL["description"], "inputSchema": {"json": SCHEMA}}
            body["toolConfig"] = {"tools": [{"toolSpec": spec}]}
            block = {"toolUse": {"toolUseId": "t1", "name": TOOL["name"], "input": json.loads(ARGUMENTS)}}
        counts = {"inputTokens": prompt - cached, "outputTokens": completion, "cacheReadInputTokens": cached}
        said = {
            "output": {"message": {"role": "assistant", "content": [block]}},
            "usage": counts,
            "metrics": {"latencyMs": 400},
            "stopReason": "tool_use" if call.wants_tool else "end_turn",
        }
        told = {"inputTokenCount": prompt - cached, "cacheReadInputTokenCount": cached, "cacheWriteInputTokenCount": 0}
        yield {
            "schemaType": "ModelInvocationLog",
            "schemaVersion": "1.0",
            "timestamp": f"2026-09-01T{call.number:02d}:00:00Z",
            "region": "eu-west-1",
            "inferenceRegion": "eu-central-1",
            "requestId": f"request-{call.number}",
            "operation": "Converse",
            "modelId": "eu.anthropic.claude-haiku-4-5-20251001-v1:0",
            "identity": {"arn": f"arn:aws:sts::123456789012:assumed-role/{call.tenant}/i-0"},
            "input": {"inputContentType": "application/json", "inputBodyJson": body, **told},
            "output": {"outputContentType": "application/json", "outputBodyJson": said, "outputTokenCount": completion},
            "requestMetadata": {"route": call.route, "tenant": call.tenant},
        }


def mlflow() -> Iterator[dict[str, Any]]:
    """A trace around each call; attributes are JSON texts, and the trace's tokens repeat its span's."""
    for call in CALLS:
        prompt, cached, completion = call.tokens
        start = call.started * 10**9
        times = {"start_time_unix_nano": start, "end_time_unix_nano": start + 400_000_000}
        counted = {"input_tokens": prompt, "output_tokens": completion, "cache_read_input_tokens": cached}
        failed = {"code": "STATUS_CODE_ERROR", "message": "RateLimitError: slow down"}
        shared = {
            "trace_id": "dHJhY2U=",
            "status": failed if call.failed else {"code": "STATUS_CODE_OK", "message": ""},
        }
        found = {"mlflow.spanType": "CHAT_MODEL", "mlflow.spanInputs": call.chat()}
        if not call.failed:
            found |= {"mlflow.spanOutputs": call.completion(), "mlflow.chat.tokenUsage": counted}
        outer = {"mlflow.spanType": "CHAIN", "mlflow.spanInputs": {"question": call.asked}}
        written = [{key: json.dumps(value) for key, value in attributes.items()} for attributes in (outer, found)]
        root = {"span_id": f"root-{call.number}", "parent_span_id": None, "name": "handle", "attributes": written[0]}
        own = {
            "span_id": f"span-{call.number}",
            "parent_span_id": root["span_id"],
            "name": "create",
            "attributes": written[1],
        }
        info = {
            "trace_id": f"tr-{call.number}",
            "tags": {"route": call.route, "tenant": call.tenant, "mlflow.traceName": "handle"},
            "trace_metadata": {
                "mlflow.trace.session": f"session-{call.number // 2}",
                "mlflow.trace.tokenUsage": json.dumps(counted),
            },
        }
        yield {"info": info, "data": {"spans": [{**root, **shared, **times}, {**own, **shared, **times}]}}


def litellm_spend() -> Iterator[dict[str, Any]]:
    """Rows of the spend table; bodies are JSON texts."""
    for call in CALLS:
        prompt, _, completion = call.tokens
        told = {
            "error_information": {"error_code": "429", "error_class": "RateLimitError", "error_message": "slow down"}
        }
        metadata = {"user_api_key_team_alias": call.tenant, "requester_metadata": {"route": call.route}}
        yield {
            "request_id": call.id,
            "litellm_call_id": f"own-{call.number}",
            "call_type": "acompletion",
            "spend": 0.0 if call.failed else 0.0001 * (call.number + 1),
            "prompt_tokens": prompt,
            "completion_tokens": 0 if call.failed else completion,
            "startTime": call.at(),
            "endTime": call.at(0.4),
            "completionStartTime": call.at(0.4),
            "model": "openai/gpt-4o-mini",
            "model_group": "gpt-4o-mini",
            "custom_llm_provider": "openai",
            "cache_hit": "False",
            "session_id": f"session-{call.number // 2}",
            "status": "failure" if call.failed else "success",
            "metadata": json.dumps(metadata | (told if call.failed else {})),
            "request_tags": json.dumps([f"route:{call.route}"]),
            "messages": "{}",
            "proxy_server_request": json.dumps(call.chat()),
            "response": json.dumps({} if call.failed else call.completion()),
        }


EXPORTS = {
    "mlflow.jsonl": mlflow,
    "litellm_spend.jsonl": litellm_spend,
    "otlp.jsonl": otlp,
    "langsmith.jsonl": langsmith,
    "langfuse.jsonl": langfuse,
    "batch.jsonl": batch,
    "anthropic_pairs.jsonl": anthropic,
    "openai_responses_pairs.jsonl": openai_responses,
    "bedrock.jsonl": bedrock,
}


def main() -> None:
    """Write every sample beside this file."""
    for name, make in EXPORTS.items():
        lines = (json.dumps(record, ensure_ascii=False) for record in make())
        (HERE / name).write_text("".join(line + "\n" for line in lines), "utf-8")


if __name__ == "__main__":
    main()
