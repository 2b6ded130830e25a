"""The chat-completions protocol of OpenAI, as vLLM, llama.cpp, LiteLLM, OpenRouter and most others speak it.

Every parameter of a request is carried, or known not to change the answer that is compared, or the request is
`unsupported` with the reason. Replies are never streamed: a stream changes no token, and a whole body has its usage,
its length and a status that can be trusted. Only choice 0 is compared, so `n` is not sent and one answer is paid for.
Where a request names no token limit, the tier's `max_output_tokens` is sent: without it the spend cap is no cap.

Tier options: `headers` and `body` are merged into the call; `limit_parameter` renames the token limit, for endpoints
that know only one of `max_tokens` and `max_completion_tokens`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from audit.core.errors import TransientError
from audit.core.exchange import Completion, Request, Usage, content_text
from audit.core.fingerprint import REPLAY_PARAMS_IGNORED
from audit.core.tier import Tier
from audit.llm.provider import HttpCall, HttpReply, Unsupported, WireProvider
from audit.llm.providers._openai_errors import classify, error_of

LIMITS = ("max_completion_tokens", "max_tokens")
CARRIED = frozenset(
    {"temperature", "top_p", "top_k", "min_p", "stop", "seed", "frequency_penalty", "presence_penalty"}
    | {"repetition_penalty", "logit_bias", "reasoning_effort", "verbosity", "parallel_tool_calls", "prediction"}
    | {"functions", "function_call", "chat_template_kwargs"}
)
# Parameters of the transport, the bill or the bookkeeping; `n` and `logprobs` add to a reply and leave choice 0 as is.
WITHOUT_EFFECT = REPLAY_PARAMS_IGNORED | {
    *("n", "logprobs", "top_logprobs", "service_tier", "prompt_cache_key", "prompt_cache_retention"),
    *("timeout", "max_retries", "extra_headers", "drop_params"),
}
FINISH = {
    "stop": "stop",
    "eos": "stop",
    "length": "length",
    "max_tokens": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "content_filter",
    "refusal": "refusal",
}

# `json.dumps` makes an encoder for each call that has options.
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def encode(request: Request, tier: Tier, key: str | None) -> HttpCall:
    """One POST to `{base_url}/chat/completions`."""
    body: dict[str, Any] = {"model": tier.model, "messages": request.messages}
    if request.tools:
        body["tools"] = request.tools
    if request.tool_choice is not None:
        body["tool_choice"] = request.tool_choice
    if request.response_format is not None:
        body["response_format"] = request.response_format
    body |= _parameters(request.params, tier)
    body |= tier.options.get("body", {})
    try:
        content = _ENCODER.encode(body).encode()
    except UnicodeEncodeError:  # a lone surrogate has no UTF-8, but an escape
        content = json.dumps(body).encode()
    return HttpCall(url=f"{_base(tier)}/chat/completions", headers=_headers(tier, key), body=content)


def probe(tier: Tier, key: str | None) -> HttpCall:
    """The list of models, which every such endpoint has and none bills."""
    return HttpCall(method="GET", url=f"{_base(tier)}/models", headers=_headers(tier, key))


def decode(reply: HttpReply, tier: Tier) -> Completion:
    """Choice 0 of a chat completion; arguments of tool calls stay the strings they were."""
    try:
        body = json.loads(reply.body)
    except ValueError:
        raise TransientError("the body is not JSON", kind="undecodable", status=reply.status) from None
    if not isinstance(body, dict):
        raise TransientError("the body is not a JSON object", kind="undecodable", status=reply.status)
    choices = body.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    if not isinstance(choice, dict) or not isinstance(message := choice.get("message"), dict):
        # OpenRouter answers 200 and an error object when a model fails after it was chosen.
        # https://openrouter.ai/docs/api/reference/errors-and-debugging
        if isinstance(error := body.get("error"), dict):
            raise error_of(error["code"] if isinstance(error.get("code"), int) else 500, error)
        raise TransientError("the body has no choice", kind="undecodable", status=reply.status)
    finish = str(choice.get("finish_reason") or "unknown")
    if finish in ("error", "abort", "aborted"):
        raise TransientError(f"the endpoint gave up with finish_reason `{finish}`", kind="http_error")
    calls = message.get("tool_calls") or ()
    if legacy := message.get("function_call"):
        calls = ({"type": "function", "function": legacy},)
    refusal = message.get("refusal") or None
    content = message.get("content")
    return Completion(
        text=None if content is None else content_text(content),
        tool_calls=tuple(calls),
        finish_reason="refusal" if refusal else FINISH.get(finish, "unknown"),
        refusal=refusal,
        usage=_usage(body.get("usage")),
        model_reported=body.get("model") if isinstance(body.get("model"), str) else None,
    )


def _parameters(params: Mapping[str, Any], tier: Tier) -> dict[str, Any]:
    """The parameters to send, with exactly one token limit."""
    sent: dict[str, Any] = {}
    limit: tuple[str, Any] = ("max_tokens", tier.max_output_tokens)
    for name, value in params.items():
        if value is None or value in ({}, []) or name in WITHOUT_EFFECT:
            continue
        if name in LIMITS:
            limit = (name, value)
        elif name in CARRIED:
            sent[name] = value
        elif name != "modalities" or value != ["text"]:
            raise Unsupported(f"the parameter `{name[:40]}` cannot be carried")
    sent[tier.options.get("limit_parameter", limit[0])] = limit[1]
    return sent


def _base(tier: Tier) -> str:
    return (tier.base_url or "").rstrip("/")


def _headers(tier: Tier, key: str | None) -> dict[str, str]:
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    if key:
        headers["Authorization"] = f"Bearer {key}"
    own: Mapping[str, str] = tier.options.get("headers", {})
    return {**headers, **own}


def _usage(usage: Any) -> Usage | None:
    """Inclusive counts; None when the endpoint gave none."""
    if not isinstance(usage, dict):
        return None
    prompt, completion = _count(usage.get("prompt_tokens")), _count(usage.get("completion_tokens"))
    if prompt is None or completion is None:
        return None
    read, wrote = usage.get("prompt_tokens_details") or {}, usage.get("completion_tokens_details") or {}
    reasoning = _count(wrote.get("reasoning_tokens")) or 0
    # xAI counts reasoning beside the completion, all others inside; the total tells which.
    # https://docs.x.ai/docs/key-information/consumption-and-rate-limits
    if reasoning and _count(usage.get("total_tokens")) == prompt + completion + reasoning:
        completion += reasoning
    return Usage(
        prompt_tokens=prompt,
        completion_tokens=completion,
        cached_tokens=_count(read.get("cached_tokens")) or _count(usage.get("prompt_cache_hit_tokens")) or 0,
        cache_write_tokens=_count(read.get("cache_write_tokens")) or 0,
        reasoning_tokens=reasoning,
    )


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


PROVIDER = WireProvider(
    name="openai-compatible",
    summary="Any endpoint with OpenAI's chat-completions protocol",
    options=("headers", "body", "limit_parameter"),
    default_base_url=None,
    encode=encode,
    decode=decode,
    classify=classify,
    probe=probe,
)
