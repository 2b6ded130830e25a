"""Make the small sample of each log format: invented traffic, seeded, with the oddities that the format is known for.

Run: python sample_logs/make_formats.py
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

HERE = Path(__file__).parent
SEED = 20260901
EPOCH = 1_788_220_800  # 2026-09-01 00:00 UTC
ROUTES = {
    "triage": "Which queue does this ticket belong to: billing, technical or sales?",
    "extract": "Return the order number and the total of this message as JSON.",
    "reply": "Draft a friendly reply of two sentences.",
}
TEXTS = (
    "My lamp arrived broken, order 4471.",
    "Puis-je changer l'adresse de livraison ?",
    "The app shows a blank page after login 🙂",
    "Order 9001 was charged twice: 12.50 and 12.50.",
    "ご注文の確認をお願いします。",
)
TOOL = {
    "type": "function",
    "function": {
        "name": "look_up_order",
        "description": "Find an order by its number",
        "parameters": {"type": "object", "properties": {"number": {"type": "string"}}, "required": ["number"]},
    },
}
CALL = {"id": "call_1", "type": "function", "function": {"name": "look_up_order", "arguments": '{"number": "4471"}'}}


def _usage(rng: random.Random) -> dict[str, Any]:
    prompt, completion = rng.randint(40, 90), rng.randint(5, 60)
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": {"cached_tokens": prompt // 4 if rng.random() < 0.3 else 0},
    }


def _messages(route: str, text: str) -> list[dict[str, Any]]:
    return [{"role": "system", "content": ROUTES[route]}, {"role": "user", "content": text}]


def litellm() -> list[dict[str, Any]]:
    """Payloads with tool calls, streams, a cut stream, a cache hit, a failed attempt with its retry, a double line."""
    rng = random.Random(SEED)
    records = []
    for n in range(20):
        route, text, usage = rng.choice(sorted(ROUTES)), rng.choice(TEXTS), _usage(rng)
        message: dict[str, Any] = {"role": "assistant", "content": f"Answer {n}."}
        parameters: dict[str, Any] = {"temperature": 0, "max_tokens": 200}
        if n % 7 == 3:
            parameters["tools"] = [TOOL]
            message = {"role": "assistant", "content": None, "tool_calls": [CALL]}
        finish = "tool_calls" if "tool_calls" in message else "stop"
        started = EPOCH + n * 3600.25
        records.append(
            {
                "id": f"chatcmpl-sample-{n:02d}",
                "litellm_call_id": f"call-{n:02d}",
                "trace_id": f"session-{n // 4}",
                "call_type": "acompletion",
                "status": "success",
                "stream": True if n % 5 == 0 else None,
                "cache_hit": None,
                "custom_llm_provider": "openai",
                "model": "openai/gpt-4o",
                "model_group": "large",
                "startTime": started,
                "completionStartTime": started + 0.4,
                "endTime": started + 1.2,
                "prompt_tokens": usage["prompt_tokens"],
                "completion_tokens": usage["completion_tokens"],
                "response_cost": round(usage["prompt_tokens"] * 2.5e-6 + usage["completion_tokens"] * 1e-5, 10),
                "messages": _messages(route, text),
                "response": {
                    "id": f"chatcmpl-sample-{n:02d}",
                    "object": "chat.completion",
                    "model": "large",
                    "choices": [{"index": 0, "finish_reason": finish, "message": message}],
                    "usage": usage,
                },
                "model_parameters": parameters,
                "request_tags": [f"route:{route}", "env:production", "User-Agent: sample"],
                "end_user": f"user-{n % 3}",
                "metadata": {
                    "user_api_key_team_alias": rng.choice(("north", "south")),
                    "requester_metadata": {"route": route, "region": "eu-west-1"},
                    "requester_ip_address": "203.0.113.9",
                },
                "model_map_information": {"model_map_key": "gpt-4o", "model_map_value": {"mode": "chat"}},
                "hidden_params": {"litellm_model_name": "openai/gpt-4o", "additional_headers": {}},
                "error_information": None,
            }
        )
    return _with_oddities(records)


def _with_oddities(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    cut, hit, retried = records[5], records[8], records[11]
    cut["error_information"] = {"error_code": "499", "error_class": "ClientDisconnected", "error_message": "gone"}
    hit |= {"cache_hit": True, "response_cost": 0.0, "id": hit["id"] + "_cache_hit1788"}
    failed = retried | {
        "id": retried["litellm_call_id"],
        "status": "failure",
        "startTime": retried["startTime"] - 2,
        "endTime": retried["startTime"] - 1,
        "response": {},
        "response_cost": 0.0,
        "prompt_tokens": 0,
        "completion_tokens": 0,
        "error_information": {"error_code": "429", "error_class": "RateLimitError", "error_message": "slow down"},
    }
    records[2]["response_cost"] = 0.0
    records[2]["zero_cost_diagnostic"] = {"reason": "model not in the price map"}
    return [*records[:11], failed, *records[11:], records[15]]


def openai_pairs() -> list[dict[str, Any]]:
    """Pairs with two choices, streams whole and cut, a tool call, an image, and errors without a response."""
    rng = random.Random(SEED + 1)
    records = []
    for n in range(16):
        route, usage = rng.choice(sorted(ROUTES)), _usage(rng)
        request: dict[str, Any] = {
            "model": "gpt-4o-mini",
            "messages": _messages(route, rng.choice(TEXTS)),
            "temperature": 0.2,
            "user": f"user-{n % 4}",
            "metadata": {"route": route, "tenant": rng.choice(("north", "south")), "env": "production"},
        }
        answer = {"role": "assistant", "content": f"Answer {n}.", "refusal": None}
        response: Any = {
            "id": f"chatcmpl-pair-{n:02d}",
            "object": "chat.completion",
            "model": "gpt-4o-mini-2024-07-18",
            "choices": [{"index": 0, "finish_reason": "stop", "message": answer}],
            "usage": usage,
        }
        record = {"timestamp": f"2026-09-01T{n:02d}:00:00.250000+00:00", "latency_ms": 400.5 + n, "status_code": 200}
        if n == 3:
            request["n"] = 2
            response["choices"].append({"index": 1, "finish_reason": "stop", "message": answer})
        if n in (5, 6):
            request["stream"] = True
            response = _chunks(response, complete=n == 5)
        if n == 8:
            image = {"type": "image_url", "image_url": {"url": "https://images.example.com/lamp.png"}}
            request["messages"][1]["content"] = [{"type": "text", "text": "What is this?"}, image]
        if n in (10, 11):
            code, word = (429, "rate_limit_exceeded") if n == 10 else (400, "context_length_exceeded")
            record |= {"status_code": code, "error": {"message": "refused", "type": "requests", "code": word}}
            response = None
        records.append(record | {"request": request, "response": response})
    return records


def _chunks(response: dict[str, Any], *, complete: bool) -> list[dict[str, Any]]:
    head = {k: response[k] for k in ("id", "model")} | {"object": "chat.completion.chunk"}
    words = ["Ans", "wer ", "in ", "parts."][: 4 if complete else 2]
    chunks = [{**head, "choices": [{"index": 0, "delta": {"content": word}, "finish_reason": None}]} for word in words]
    if complete:
        chunks.append({**head, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
        chunks.append({**head, "choices": [], "usage": response["usage"]})
    return chunks


def generic() -> list[dict[str, Any]]:
    """A log of a home-made gateway, flat but for its usage."""
    rng = random.Random(SEED + 2)
    records = []
    for n in range(12):
        route, usage = rng.choice(sorted(ROUTES)), _usage(rng)
        records.append(
            {
                "call": f"c-{n:02d}",
                "when": f"2026-09-02T{n:02d}:30:00Z",
                "took_ms": 300 + n,
                "engine": "mistral-large",
                "feature": route,
                "customer": rng.choice(("north", "south")),
                "chat": _messages(route, rng.choice(TEXTS)),
                "answer": f"Answer {n}." if n != 4 else None,
                "settings": json.dumps({"temperature": 0.5}),
                "usage": {"in": usage["prompt_tokens"], "out": usage["completion_tokens"]},
                "usd": round(usage["prompt_tokens"] * 2e-6 + usage["completion_tokens"] * 6e-6, 10) if n != 4 else 0.0,
                "outcome": "ok" if n != 4 else "timeout",
            }
        )
    return records


def write_jsonl(path: Path, records: Iterable[Any]) -> None:
    """One record a line."""
    path.write_text("".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records), "utf-8")


def main(folder: Path = HERE) -> None:
    """Write all samples."""
    write_jsonl(folder / "litellm.jsonl", litellm())
    write_jsonl(folder / "openai_pairs.jsonl", openai_pairs())
    write_jsonl(folder / "generic.jsonl", generic())
    pq.write_table(pa.Table.from_pylist(generic()), folder / "generic.parquet", compression="zstd")


if __name__ == "__main__":
    main()
