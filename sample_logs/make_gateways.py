"""Make the samples of what gateways and platforms export: the same eight invented calls, seen through each of them.

Run: python -m sample_logs.make_gateways
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from itertools import zip_longest
from typing import Any
from uuid import UUID

from sample_logs.make_exports import CALLS, HERE, REFUSED, SCHEMA, TOOL, Call

COST = 0.0001


def _session(call: Call) -> str:
    return f"session-{call.number // 2}"


def _cost(call: Call) -> float:
    return 0.0 if call.failed else round(COST * (call.number + 1), 6)


def helicone() -> Iterator[dict[str, Any]]:
    """Bodies as objects; the prompt is counted without the cache; a session path as a property."""
    for call in CALLS:
        prompt, cached, completion = call.tokens
        properties = {"route": call.route, "tenant": call.tenant, "Helicone-Session-Id": _session(call)}
        yield {
            "request_id": call.id,
            "request_created_at": call.at(),
            "request_body": call.chat(),
            "request_path": "https://api.openai.com/v1/chat/completions",
            "request_user_id": "user-1",
            "request_properties": properties,
            "request_model": "gpt-4o-mini",
            "model_override": None,
            "response_id": f"response-{call.number}",
            "response_created_at": call.at(0.4),
            "response_body": {"error": REFUSED} if call.failed else call.completion(),
            "response_status": 429 if call.failed else 200,
            "response_model": None if call.failed else "gpt-4o-mini-2024-07-18",
            "provider": "OPENAI",
            "delay_ms": 400,
            "time_to_first_token": None,
            "prompt_tokens": None if call.failed else prompt - cached,
            "prompt_cache_read_tokens": cached,
            "prompt_cache_write_tokens": 0,
            "completion_tokens": None if call.failed else completion,
            "cost": _cost(call),
            "cache_reference_id": "00000000-0000-0000-0000-000000000000",
            "feedback_rating": True if call.number == 0 else None,
        }


def portkey() -> Iterator[dict[str, Any]]:
    """Costs in cents; bodies as JSON texts on every other line."""
    for call in CALLS:
        prompt, _, completion = call.tokens
        body: Any = {"error": REFUSED} if call.failed else call.completion()
        asked: Any = call.chat()
        if call.number % 2:
            asked, body = json.dumps(asked), json.dumps(body)
        yield {
            "id": call.id,
            "trace_id": f"trace-{call.number}",
            "created_at": call.at(),
            "request": asked,
            "response": body,
            "ai_org": "openai",
            "ai_model": "gpt-4o-mini",
            "req_units": 0 if call.failed else prompt,
            "res_units": 0 if call.failed else completion,
            "total_units": 0 if call.failed else prompt + completion,
            "request_url": "https://api.openai.com/v1/chat/completions",
            "cost": _cost(call) * 100,
            "cost_currency": "USD",
            "response_time": 400,
            "response_status_code": 429 if call.failed else 200,
            "config": "production",
            "prompt_slug": None,
            "metadata": {"route": call.route, "tenant": call.tenant, "_user": "user-1", "session_id": _session(call)},
        }


def keywordsai() -> Iterator[dict[str, Any]]:
    """Messages as objects on even lines, the same as JSON texts on odd ones; a workflow that is no call; one stream."""
    for call in CALLS:
        prompt, cached, completion = call.tokens
        asked, said = call.chat(), None if call.failed else call.message()
        objects = {"prompt_messages": asked["messages"], "completion_message": said}
        texts = {"input": json.dumps(asked["messages"]), "output": json.dumps(said) if said else ""}
        counts = {} if call.failed else {"prompt_tokens_details": {"cached_tokens": cached}}
        yield {
            "unique_id": call.id,
            "log_type": "chat",
            "status": "error" if call.failed else "success",
            "status_code": 429 if call.failed else 200,
            "failed": call.failed,
            "error_message": REFUSED["message"] if call.failed else "",
            **(texts if call.number % 2 else objects),
            "model": asked["model"],
            "provider_id": "openai",
            "temperature": asked["temperature"],
            "max_tokens": asked["max_tokens"],
            "tools": asked.get("tools"),
            "tool_choice": None,
            "stream": call.number == 3,
            "prompt_tokens": None if call.failed else prompt,
            "completion_tokens": None if call.failed else completion,
            "usage": counts,
            "cost": _cost(call),
            "latency": 0.4,
            "time_to_first_token": 0.1 if call.number == 3 else None,
            "start_time": call.at(),
            "timestamp": call.at(0.4),
            "customer_identifier": call.tenant,
            "thread_identifier": _session(call),
            "trace_unique_id": f"trace-{call.number}",
            "metadata": {"route": call.route},
            "positive_feedback": True if call.number == 0 else None,
        }
    yield {"unique_id": "flow-0", "log_type": "workflow", "input": "", "output": "", "timestamp": CALLS[0].at()}


def bifrost() -> Iterator[dict[str, Any]]:
    """Rows of the table on even lines (JSON in text), the API's objects on odd ones; one row is still under way."""
    for call in CALLS:
        prompt, cached, completion = call.tokens
        body, text = call.chat(), call.number % 2 == 0
        usage = {
            "prompt_tokens": prompt,
            "completion_tokens": completion,
            "total_tokens": prompt + completion,
            "prompt_tokens_details": {"cached_tokens": cached},
        }
        error = {"status_code": 429, "error": REFUSED}
        held = {
            "input_history": body["messages"],
            "params": {"temperature": 0, "max_tokens": 200},
            "tools": body.get("tools"),
            "output_message": None if call.failed else call.message(),
            "token_usage": None if call.failed else usage,
            "error_details": error if call.failed else None,
            "metadata": {"route": call.route, "session_id": _session(call)},
        }
        yield {
            "id": call.id,
            "parent_request_id": None,
            "timestamp": call.at(),
            "object": "chat.completion",
            "provider": "openai",
            "model": "gpt-4o-mini-2024-07-18",
            "alias": "gpt-4o-mini",
            "number_of_retries": 0,
            "fallback_index": 0,
            "selected_key_id": "key-1",
            "customer_name": call.tenant,
            "latency": 400.0,
            "cost": None if call.failed else _cost(call),
            "status": "error" if call.failed else "success",
            "stop_reason": None if call.failed else "tool_calls" if call.wants_tool else "stop",
            "stream": False,
            **({name: json.dumps(value) for name, value in held.items() if value is not None} if text else held),
        }
    yield {"id": "call-08", "fallback_index": 0, "selected_key_id": "key-1", "status": "processing"}


def tensorzero() -> Iterator[dict[str, Any]]:
    """Both tables in one file: the inferences last, and none of the call that failed, which has no row."""
    answered = [call for call in CALLS if not call.failed]
    for call in answered:
        prompt, _, completion = call.tokens
        yield {
            "id": _uuid(call, 1),
            "inference_id": _uuid(call, 0),
            "raw_request": json.dumps(call.chat()),
            "raw_response": json.dumps(call.completion()),
            "model_name": "gpt-4o-mini",
            "model_provider_name": "openai",
            "input_tokens": prompt,
            "output_tokens": completion,
            "response_time_ms": 400,
            "ttft_ms": None,
            "cached": False,
            "finish_reason": "tool_call" if call.wants_tool else "stop",
            "timestamp": call.at(),
        }
    for call in answered:
        yield {
            "id": _uuid(call, 0),
            "function_name": call.route,
            "variant_name": "baseline",
            "episode_id": _session(call),
            "input": json.dumps({"messages": call.chat()["messages"]}),
            "tags": {"tenant": call.tenant, "user_id": "user-1"},
            "processing_time_ms": 410,
            "timestamp": call.at(),
        }


def _uuid(call: Call, kind: int) -> str:
    """An id of version 7 at the time of a call. Source: RFC 9562, 5.7."""
    milliseconds = int(datetime.fromisoformat(call.at()).timestamp() * 1000)
    return str(UUID(int=milliseconds << 80 | 7 << 76 | 2 << 62 | call.number << 8 | kind))


def datadog() -> Iterator[dict[str, Any]]:
    """Spans of the Export API: the root of each trace has the tags, and costs are nano-dollars."""
    for call in CALLS:
        prompt, cached, completion = call.tokens
        shared = {
            "ml_app": "shop",
            "trace_id": f"trace-{call.number}",
            "start_ns": call.started * 10**9,
            "duration": 400_000_000,
            "status": "error" if call.failed else "ok",
        }
        root = f"root-{call.number}"
        tags = ["env:production", f"tenant:{call.tenant}"]
        yield _span_of(
            root, shared | {"name": call.route, "span_kind": "workflow", "parent_id": "undefined", "tags": tags}
        )
        message: dict[str, Any] = {"role": "assistant", "content": "" if call.failed else call.said}
        if call.wants_tool:
            wanted = {"name": TOOL["name"], "arguments": {"number": "4471"}, "tool_id": "t1", "type": "function"}
            message = {"role": "assistant", "content": "", "tool_calls": [wanted]}
        counted = {
            "input_tokens": prompt,
            "output_tokens": completion,
            "total_tokens": prompt + completion,
            "cache_read_input_tokens": cached,
            "estimated_total_cost": _cost(call) * 1e9,
        }
        own = {
            "name": "openai.chat",
            "span_kind": "llm",
            "parent_id": root,
            "session_id": _session(call),
            "model_name": "gpt-4o-mini" if call.failed else "gpt-4o-mini-2024-07-18",
            "model_provider": "openai",
            "input": {"messages": call.chat()["messages"]},
            "output": {"messages": [message]},
            "metadata": {"temperature": 0, "max_tokens": 200},
            "metrics": {} if call.failed else counted,
            "tags": ["env:production"],
        }
        if call.wants_tool:
            named = {key: TOOL[key] for key in ("name", "description")}
            own["tool_definitions"] = [named | {"schema": SCHEMA}]
        if call.failed:
            own["error"] = {"type": "RateLimitError", "message": REFUSED["message"]}
        yield _span_of(f"span-{call.number}", shared | own)


def _span_of(name: str, attributes: dict[str, Any]) -> dict[str, Any]:
    return {"id": name, "type": "span", "attributes": attributes | {"span_id": name}}


def braintrust() -> Iterator[dict[str, Any]]:
    """A task around each call, with the tenant and the error; the first call's row is there in two versions."""
    for call in CALLS:
        prompt, cached, completion = call.tokens
        body, root = call.chat(), f"root-{call.number}"
        shared = {"root_span_id": root, "log_id": "g", "project_id": "p", "created": call.at(), "scores": None}
        counted: dict[str, Any] = {"start": call.started, "end": call.started + 0.4}
        noted = {"tenant": call.tenant, "session_id": _session(call)}
        yield shared | {
            "id": root,
            "_xact_id": "1000",
            "span_id": root,
            "span_parents": None,
            "span_attributes": {"name": call.route, "type": "task"},
            "input": call.asked,
            "output": None,
            "error": "RateLimitError: slow down" if call.failed else None,
            "metadata": noted,
            "metrics": dict(counted),
        }
        tools = {"tools": body["tools"]} if call.wants_tool else {}
        finish = "tool_calls" if call.wants_tool else "stop"
        choice = [{"index": 0, "finish_reason": finish, "message": call.message()}]
        tokens = {
            "prompt_tokens": prompt,
            "completion_tokens": completion,
            "tokens": prompt + completion,
            "prompt_cached_tokens": cached,
            "estimated_cost": _cost(call),
        }
        row = shared | {
            "id": f"span-{call.number}",
            "_xact_id": "1001",
            "span_id": f"span-{call.number}",
            "span_parents": [root],
            "span_attributes": {"name": "Chat Completion", "type": "llm"},
            "input": body["messages"],
            "output": None if call.failed else choice,
            "error": None,
            "metadata": {"model": "gpt-4o-mini", "temperature": 0, "max_tokens": 200} | tools,
            "metrics": counted if call.failed else counted | tokens,
        }
        if call.number == 0:
            yield row | {"_xact_id": "999", "output": None, "metrics": counted}
            row |= {"scores": {"helpful": 1}}
        yield row


def cloudflare() -> Iterator[dict[str, Any]]:
    """Half from the logs API, without bodies, half from Logpush, with bodies that somebody decrypted, but one."""
    for call in CALLS:
        prompt, _, completion = call.tokens
        noted = {"route": call.route, "tenant": call.tenant, "session_id": _session(call)}
        if call.number < 4:
            yield {
                "id": call.id,
                "created_at": call.at(),
                "provider": "openai",
                "model": "gpt-4o-mini-2024-07-18",
                "path": "chat/completions",
                "success": True,
                "status_code": 200,
                "cached": False,
                "cost": _cost(call),
                "duration": 400,
                "tokens_in": prompt,
                "tokens_out": completion,
                "metadata": json.dumps(noted),
            }
            continue
        hidden = {"type": "encrypted", "data": "QUJD"}
        yield {
            "Cached": False,
            "Endpoint": "chat/completions",
            "Gateway": "shop",
            "Metadata": noted,
            "Metrics": {"cost": _cost(call), "durationMs": 400},
            "Model": "gpt-4o-mini-2024-07-18",
            "Provider": "openai",
            "RateLimited": False,
            "RequestBody": hidden if call.number == 7 else call.chat(),
            "RequestedModel": "gpt-4o-mini",
            "ResponseBody": hidden if call.number == 7 else {"error": REFUSED} if call.failed else call.completion(),
            "StatusCode": 429 if call.failed else 200,
            "Timestamp": call.at(),
        }


def openrouter() -> Iterator[dict[str, Any]]:
    """Answers of the API as they came; the fourth was cancelled, the fifth used the customer's own key."""
    for call in CALLS:
        if call.failed:
            continue
        prompt, cached, completion = call.tokens
        own = call.number == 4
        yield {
            "data": {
                "id": call.id,
                "upstream_id": f"upstream-{call.number}",
                "total_cost": 0.00001 if own else _cost(call),
                "upstream_inference_cost": 0.0004 if own else None,
                "is_byok": own,
                "created_at": call.at(),
                "model": "openai/gpt-4o-mini",
                "streamed": call.number == 3,
                "cancelled": call.number == 3,
                "provider_name": "OpenAI",
                "latency": 400,
                "finish_reason": None if call.number == 3 else "stop",
                "native_finish_reason": None if call.number == 3 else "stop",
                "tokens_prompt": prompt + 2,
                "tokens_completion": completion + 2,
                "native_tokens_prompt": prompt,
                "native_tokens_completion": completion,
                "native_tokens_reasoning": 0,
                "native_tokens_cached": cached,
                "origin": f"https://shop.example/{call.route}",
                "http_referer": None,
                "external_user": "user-1",
                "session_id": _session(call),
                "provider_responses": [{"status": 200}],
                "router": None,
                "api_type": "completions",
            }
        }


def phoenix() -> Iterator[dict[str, Any]]:
    """Spans of the REST API: flat attributes, the vendor's bodies as JSON texts, a chain around each call."""
    for call in CALLS:
        prompt, cached, completion = call.tokens
        trace, root = f"{call.number + 1:032x}", f"{call.number:08x}00000001"
        times = {"start_time": call.at(), "end_time": call.at(0.4)}
        status = {"status_code": "ERROR", "status_message": "RateLimitError: slow down"} if call.failed else {}
        status = status or {"status_code": "OK", "status_message": ""}
        around = {"route": call.route, "tenant": call.tenant, "session.id": _session(call)}
        yield (
            times
            | status
            | {
                "name": call.route,
                "context": {"trace_id": trace, "span_id": root},
                "span_kind": "CHAIN",
                "parent_id": None,
                "attributes": {"openinference.span.kind": "CHAIN", "input.value": call.asked} | around,
                "events": [],
            }
        )
        found = {
            "openinference.span.kind": "LLM",
            "llm.system": "openai",
            "llm.model_name": "gpt-4o-mini-2024-07-18",
            "input.value": json.dumps(call.chat()),
            "input.mime_type": "application/json",
        }
        said = {
            "output.value": json.dumps(call.completion()),
            "llm.token_count.prompt": prompt,
            "llm.token_count.completion": completion,
            "llm.token_count.prompt_details.cache_read": cached,
        }
        yield (
            times
            | status
            | {
                "name": "ChatCompletion",
                "context": {"trace_id": trace, "span_id": f"{call.number:08x}00000002"},
                "span_kind": "LLM",
                "parent_id": root,
                "attributes": found if call.failed else found | said,
                "events": [],
            }
        )


def weave() -> Iterator[dict[str, Any]]:
    """An operation around each call, whose usage is the sum of what it holds."""
    for call in CALLS:
        prompt, cached, completion = call.tokens
        trace, root = f"trace-{call.number}", f"root-{call.number}"
        counts = {
            "requests": 1,
            "prompt_tokens": prompt,
            "completion_tokens": completion,
            "prompt_tokens_details": {"cached_tokens": cached},
        }
        costs = {"prompt_tokens_total_cost": _cost(call) / 2, "completion_tokens_total_cost": _cost(call) / 2}
        model = "gpt-4o-mini-2024-07-18"
        told = {"weave": {"latency_ms": 400, "status": "success", "costs": {model: costs}}}
        summary = {} if call.failed else {"usage": {model: counts}} | told
        shared = {
            "project_id": "acme/shop",
            "trace_id": trace,
            "started_at": call.at(),
            "ended_at": call.at(0.4),
            "summary": summary,
            "exception": "RateLimitError: slow down" if call.failed else None,
        }
        yield shared | {
            "id": root,
            "op_name": f"weave:///acme/shop/op/{call.route}:a1b2",
            "parent_id": None,
            "attributes": {"tenant": call.tenant, "session_id": _session(call)},
            "inputs": {"question": call.asked},
            "output": None if call.failed else call.said,
        }
        yield shared | {
            "id": f"call-{call.number}",
            "op_name": "weave:///acme/shop/op/openai.chat.completions.create:c3d4",
            "parent_id": root,
            "attributes": {},
            "inputs": {"self": "weave:///acme/shop/object/Completions:e5f6"} | call.chat(),
            "output": None if call.failed else call.completion(),
        }


def vertex() -> Iterator[dict[str, Any]]:
    """Gemini's rows; bodies are JSON texts on every other line. The refused call left no row."""
    for call in CALLS:
        if call.failed:
            continue
        prompt, cached, completion = call.tokens
        system = call.chat()["messages"][0]["content"]
        asked: dict[str, Any] = {
            "contents": [{"role": "user", "parts": [{"text": call.asked}]}],
            "systemInstruction": {"parts": [{"text": system}]},
            "generationConfig": {"temperature": 0, "maxOutputTokens": 200},
            "labels": {"route": call.route, "tenant": call.tenant},
        }
        part: dict[str, Any] = {"text": call.said}
        if call.wants_tool:
            named = {key: TOOL[key] for key in ("name", "description")}
            asked["tools"] = [{"functionDeclarations": [named | {"parameters": SCHEMA}]}]
            part = {"functionCall": {"name": TOOL["name"], "args": {"number": "4471"}}}
        counts = {"promptTokenCount": prompt, "candidatesTokenCount": completion, "cachedContentTokenCount": cached}
        said: dict[str, Any] = {
            "candidates": [{"content": {"role": "model", "parts": [part]}, "finishReason": "STOP"}],
            "usageMetadata": counts | {"totalTokenCount": prompt + completion},
            "modelVersion": "gemini-2.5-flash",
            "responseId": call.id,
        }
        text = call.number % 2 == 0
        yield {
            "endpoint": "projects/1/locations/us-central1/publishers/google/models/gemini-2.5-flash",
            "deployed_model_id": "",
            "logging_time": call.at(),
            "request_id": 1000 + call.number,
            "request_payload": [],
            "response_payload": [],
            "model": "gemini-2.5-flash",
            "model_version": "default",
            "api_method": "generateContent",
            "full_request": json.dumps(asked) if text else asked,
            "full_response": json.dumps(said) if text else said,
            "metadata": {"request_latency": 400},
        }


def claude_code() -> Iterator[dict[str, Any]]:
    """One session: each answer in two lines with the same usage, the first line repeated, a limit that was hit."""
    for call in CALLS:
        prompt, cached, completion = call.tokens
        shared = {
            "sessionId": "session-1",
            "isSidechain": False,
            "userType": "external",
            "cwd": "/home/ann/shop",
            "gitBranch": "main",
            "version": "2.1.40",
        }
        asked = {"role": "user", "content": [{"type": "text", "text": call.asked}]}
        user = {
            "type": "user",
            "uuid": f"u-{call.number}",
            "parentUuid": None,
            "message": asked,
            "timestamp": call.at(),
        }
        yield shared | user
        line = shared | {"type": "assistant", "parentUuid": f"u-{call.number}", "timestamp": call.at(0.4)}
        if call.failed:
            message = {"model": "<synthetic>", "role": "assistant", "content": [{"type": "text", "text": "limit"}]}
            yield line | {
                "uuid": f"e-{call.number}",
                "isApiErrorMessage": True,
                "error": "rate_limit",
                "message": message,
            }
            continue
        usage = {"input_tokens": prompt - cached, "cache_read_input_tokens": cached, "cache_creation_input_tokens": 0}
        for part, block in enumerate(
            ({"type": "thinking", "thinking": "", "signature": "s"}, {"type": "text", "text": call.said})
        ):
            message = {
                "id": f"msg-{call.number}",
                "type": "message",
                "role": "assistant",
                "model": "claude-haiku-4-5",
                "content": [block],
                "stop_reason": "end_turn" if part else None,
                "usage": usage | {"output_tokens": completion if part else 1},
            }
            made = line | {"uuid": f"a-{call.number}-{part}", "requestId": f"req-{call.number}", "message": message}
            yield made
            if call.number == 0 and part == 0:
                yield made
    yield {"type": "summary", "summary": "Tickets", "leafUuid": "a-7-1"}


def codex() -> Iterator[dict[str, Any]]:
    """One session: a count after each answer, one of them repeated."""
    head = {"id": "session-1", "cwd": "/home/ann/shop", "cli_version": "0.65.0", "model_provider": "openai"}
    yield {"timestamp": CALLS[0].at(), "type": "session_meta", "payload": head}
    total = 0
    for call in CALLS:
        if call.failed:
            continue
        prompt, cached, completion = call.tokens
        total += prompt + completion
        last = {"input_tokens": prompt, "cached_input_tokens": cached, "output_tokens": completion}
        counts = {"last_token_usage": last | {"reasoning_output_tokens": 0, "total_tokens": prompt + completion}}
        info = counts | {"total_token_usage": {"total_tokens": total}}
        yield {
            "timestamp": call.at(),
            "type": "turn_context",
            "payload": {"model": "gpt-4o-mini", "cwd": "/home/ann/shop"},
        }
        said = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": call.said}]}
        yield {"timestamp": call.at(0.3), "type": "response_item", "payload": said}
        event = {"timestamp": call.at(0.4), "type": "event_msg", "payload": {"type": "token_count", "info": info}}
        yield event
        if call.number == 2:
            yield event | {"timestamp": call.at(0.5)}
    yield {"timestamp": CALLS[7].at(0.6), "type": "event_msg", "payload": {"type": "token_count", "info": None}}


def gemini_cli() -> Iterator[dict[str, Any]]:
    """One session: a head, messages that are written again when they change, all of them once more, a rewind."""
    told = []
    head = {"sessionId": "session-1", "projectHash": "0a1b2c3d" * 8, "startTime": CALLS[0].at(), "kind": "main"}
    yield head | {"directories": ["/home/ann/shop"]}
    for call in CALLS:
        prompt, cached, completion = call.tokens
        yield {"id": f"user-{call.number}", "timestamp": call.at(), "type": "user", "content": [{"text": call.asked}]}
        if call.failed:
            yield {"id": "error-1", "timestamp": call.at(0.4), "type": "error", "content": "slow down"}
            continue
        counts = {"input": prompt, "output": completion - 4, "cached": cached, "thoughts": 4, "tool": 0}
        answer = {"id": f"answer-{call.number:014d}", "timestamp": call.at(), "type": "gemini", "content": call.said}
        answer |= {"model": "gemini-2.5-flash", "tokens": counts | {"total": prompt + completion}}
        yield answer | {"tokens": None}
        if call.wants_tool:
            answer |= {"toolCalls": [{"id": "t1", "name": "look_up_order", "args": {}, "status": "success"}]}
        yield answer
        told.append(answer)
        yield {"$set": {"lastUpdated": call.at(0.5)}}
    yield {"$set": {"messages": told}}
    yield {"$rewindTo": "answer-00000000000006"}


def streams() -> Iterator[dict[str, Any]]:
    """What a proxy saw of streams, an event a line: two answers at once, and the counts behind each end."""
    answered = [call for call in CALLS if not call.failed]
    for one, other in zip_longest(answered[::2], answered[1::2]):
        yield from (line for both in zip_longest(_events(one), _events(other)) for line in both if line is not None)


def _events(call: Call | None) -> Iterator[dict[str, Any]]:
    if call is None:
        return
    whole, message = call.completion(), call.message()
    one = {"id": call.id, "object": "chat.completion.chunk", "created": call.started, "model": whole["model"]}
    said = [{"role": "assistant", "content": ""}]
    if calls := message.get("tool_calls"):
        said += [{"tool_calls": [{"index": 0, **made}]} for made in calls]
    else:
        said += [{"content": word} for word in ("Answer ", f"{call.number}.")]
    choices = [{"index": 0, "delta": delta, "finish_reason": None} for delta in said]
    choices.append({"index": 0, "delta": {}, "finish_reason": whole["choices"][0]["finish_reason"]})
    for late, chosen in enumerate([*([choice] for choice in choices), []]):
        beside = {"time": call.at(late / 10), "route": call.route, "tenant": call.tenant}
        yield {**beside, "chunk": {**one, "choices": chosen, "usage": None if chosen else whole["usage"]}}


def azure_apim() -> Iterator[dict[str, Any]]:
    """A row of counts, one of the request and one of the response for each call, and the gateway's own row of it."""
    for call in CALLS:
        prompt, _, completion = call.tokens
        name = f"{call.number:08d}-0000-4000-8000-000000000000"
        blank = {"ModelName": "", "DeploymentName": "", "PromptTokens": 0, "CompletionTokens": 0, "TotalTokens": 0}
        row = {"TimeGenerated": call.at(), "CorrelationId": name, "Region": "West Europe", **blank}
        row |= {"Type": "ApiManagementGatewayLlmLog", "IsStreamCompletion": False, "ApiVersion": "2024-10-21"}
        counts = {"PromptTokens": prompt, "CompletionTokens": completion, "TotalTokens": prompt + completion}
        counts = {"PromptTokens": 0, "CompletionTokens": 0, "TotalTokens": 0} if call.failed else counts
        model = {"ModelName": "gpt-4o-mini-2024-07-18", "DeploymentName": "gpt-4o-mini"}
        asked = json.dumps(call.chat()["messages"])
        rows = [
            row | {"SequenceNumber": 0} | model | counts,
            row | {"SequenceNumber": 1, "RequestMessages": asked},
            row | {"SequenceNumber": 2, "ResponseMessages": json.dumps([call.message()])},
        ]
        yield from reversed(rows[:2] if call.failed else rows)
        yield {
            "TimeGenerated": call.at(0.4),
            "CorrelationId": name,
            "ApiId": "openai",
            "OperationId": call.route,
            "ApimSubscriptionId": call.tenant,
            "ResponseCode": 429 if call.failed else 200,
            "BackendResponseCode": 429 if call.failed else 200,
            "TotalTime": 400,
            "Region": "West Europe",
            "Type": "ApiManagementGatewayLogs",
        }


GATEWAYS = {
    "helicone.jsonl": helicone,
    "portkey.jsonl": portkey,
    "keywordsai.jsonl": keywordsai,
    "bifrost.jsonl": bifrost,
    "tensorzero.jsonl": tensorzero,
    "datadog.jsonl": datadog,
    "braintrust.jsonl": braintrust,
    "phoenix.jsonl": phoenix,
    "weave.jsonl": weave,
    "vertex.jsonl": vertex,
}
"""Exports that carry whole calls."""
COUNTED = {
    "cloudflare.jsonl": cloudflare,
    "openrouter.jsonl": openrouter,
    "claude_code.jsonl": claude_code,
    "codex.jsonl": codex,
    "gemini_cli.jsonl": gemini_cli,
    "azure_apim.jsonl": azure_apim,
    "streams.jsonl": streams,
}
"""Exports whose records may have counts and costs alone."""


def main() -> None:
    """Write every sample beside this file."""
    for name, make in (GATEWAYS | COUNTED).items():
        lines = (json.dumps(record, ensure_ascii=False) for record in make())
        (HERE / name).write_text("".join(line + "\n" for line in lines), "utf-8")


if __name__ == "__main__":
    main()
