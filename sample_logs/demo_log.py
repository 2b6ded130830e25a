"""The demo's log: requests as lines of LiteLLM's StandardLoggingPayload, the way a proxy exports them.

Field names: https://docs.litellm.ai/docs/proxy/logging_spec.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from audit.core.fingerprint import digest
from audit.core.tier import Tier
from sample_logs.demo_tasks import Dice
from sample_logs.demo_world import Call, World

DOUBLE_LINES = 7
"""Lines that were delivered twice."""
REDACTED = "redacted-by-litellm"


def records(call: Call, world: World, dice: Dice) -> Iterator[tuple[float, dict[str, Any]]]:
    """The log lines of one request with their end times: a failed attempt, if there was one, and the answer."""
    stamp = int(call.at.timestamp() * 1000)
    call_id = f"{stamp >> 16:08x}-{stamp & 0xFFFF:04x}-7{dice.whole(0, 4095):03x}-8000-{dice.whole(0, 16**6):012x}"
    start = call.at.timestamp()
    if call.first_error:
        wait = 60.0 if call.first_error[1] == "Timeout" else 0.4
        first = "large" if call.fallback else call.tier
        failed = envelope(call, world.tiers[first].tier, call_id, start, start + wait)
        code, kind, message = call.first_error
        failed |= {
            "id": call_id,
            "status": "failure",
            "stream": None,
            "response": {},
            "error_str": f"{kind}: {message}",
        }
        failed["error_information"] = {
            "error_code": code,
            "error_class": kind,
            "llm_provider": "atlas",
            "error_message": message,
        }
        yield start + wait, failed
        start = round(start + wait + 0.5, 3)
    if call.completion is not None:
        yield answered(call, world, call_id, start)


def envelope(call: Call, tier: Tier, call_id: str, start: float, end: float) -> dict[str, Any]:
    """What every line has, answered or not."""
    deployment = f"{tier.model}-{call.region}"
    own = {"route": call.route, "environment": call.environment, "region": call.region}
    if call.session:
        own["session_id"] = call.session
    return {
        "id": f"chatcmpl-{call_id}",
        "litellm_call_id": call_id,
        "trace_id": call.session or call_id,
        "session_id": "",
        "call_type": "acompletion",
        "status": "success",
        "stream": True if call.task.params.get("stream") else None,
        "cache_hit": None,
        "custom_llm_provider": "atlas",
        "model": tier.model,
        "model_group": "atlas-large" if call.fallback else tier.model,
        "model_id": deployment,
        "api_base": "https://models.example.com/v1",
        "startTime": start,
        "endTime": end,
        "completionStartTime": end,
        "response_time": round(end - start, 3),
        "prompt_tokens": 0,
        "completion_tokens": 0,
        "total_tokens": 0,
        "response_cost": 0.0,
        "saved_cache_cost": 0.0,
        "request_tags": [f"env:{call.environment}"],
        "end_user": "",
        "messages": [{"role": "user", "content": REDACTED}] if call.redacted else call.task.messages,
        "response": {},
        "model_parameters": call.task.params,
        "metadata": {
            "user_api_key_hash": digest(call.tenant),
            "user_api_key_alias": f"{call.tenant}-{call.environment}",
            "user_api_key_team_alias": call.tenant,
            "user_api_key_request_route": "/v1/chat/completions",
            "requester_metadata": own,
            "usage_object": {},
        },
        "hidden_params": {"model_id": deployment, "litellm_model_name": tier.model, "additional_headers": {}},
        "model_map_information": {
            "model_map_key": tier.model,
            "model_map_value": {
                "key": tier.model,
                "litellm_provider": "atlas",
                "mode": "chat",
                "input_cost_per_token": tier.price.input / 1e6,
                "output_cost_per_token": tier.price.output / 1e6,
            },
        },
        "error_str": None,
        "error_information": None,
    }


def answered(call: Call, world: World, call_id: str, start: float) -> tuple[float, dict[str, Any]]:
    """The line of an answered attempt, or of an answer from the gateway's own cache."""
    done, tier = call.completion, world.tiers[call.tier].tier
    assert done is not None
    assert done.usage is not None
    assert done.latency_ms is not None
    end = round(start + (0.012 if call.cached_from else done.latency_ms / 1000), 3)
    line = envelope(call, tier, call_id, round(start, 3), end)
    usage = {
        "prompt_tokens": done.usage.prompt_tokens,
        "completion_tokens": done.usage.completion_tokens,
        "total_tokens": done.usage.prompt_tokens + done.usage.completion_tokens,
        "completion_tokens_details": {"reasoning_tokens": done.usage.reasoning_tokens},
    }
    cost = round(done.cost_usd or 0.0, 10)
    message: dict[str, Any] = {"role": "assistant", "content": done.text}
    if done.tool_calls:
        message["tool_calls"] = list(done.tool_calls)
    line |= {key: usage[key] for key in ("prompt_tokens", "completion_tokens", "total_tokens")}
    line["response_cost"] = cost
    line["response"] = {
        "id": line["id"],
        "object": "chat.completion",
        "created": int(start),
        "model": tier.model,
        "choices": [{"index": 0, "finish_reason": done.finish_reason, "message": message}],
        "usage": usage,
    }
    line["metadata"]["usage_object"] = usage
    if line["stream"]:
        first = world.tiers[call.tier].behaviour.latency_ms / 1000
        line["completionStartTime"] = round(start + first, 3)
        line["response_time"] = round(first, 3)
    if call.first_error:
        kind = "fallbacks" if call.fallback else "retries"
        line["hidden_params"]["additional_headers"] = {f"x-litellm-attempted-{kind}": 1}
    if call.redacted:
        line["response"]["choices"][0]["message"] = {"role": "assistant", "content": REDACTED}
    if call.cached_from:
        line |= {"id": f"{line['id']}_cache_hit{int(start)}", "cache_hit": True, "response_cost": 0.0}
        line["saved_cache_cost"] = cost
    return end, line


def log_lines(calls: Sequence[Call], world: World, dice: Dice) -> list[str]:
    """All lines as the proxy exports them, a day at a time, each team's in the order in which the calls ended.

    Some were delivered twice, and the last one was cut off.
    """
    timed = [(end, call.tenant, line) for call in calls for end, line in records(call, world, dice)]
    timed.sort(key=lambda item: (int(item[0] // 86_400), item[1], item[0]))
    ordered = [json.dumps(line, ensure_ascii=False) for _, _, line in timed]
    for at in sorted(dice.some(range(len(ordered)), DOUBLE_LINES), reverse=True):
        ordered.insert(at + 1, ordered[at])
    return [*ordered, ordered[-1][:1500]]
