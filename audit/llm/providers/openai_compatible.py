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
from typing import Any

from audit.core.errors import TransientError
from audit.core.exchange import Completion, Request, Usage, content_text
from audit.core.tier import Tier
from audit.llm.over_protocol import OPTIONS, asked, base_of, headers_of, merged, post, refuse
from audit.llm.provider import HttpCall, HttpReply, WireProvider
from audit.llm.providers._openai_errors import classify, error_of
from audit.protocols import openai_chat

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


def encode(request: Request, tier: Tier, key: str | None) -> HttpCall:
    """One POST to `{base_url}/chat/completions`."""
    typed = asked(request, tier)
    body, losses = openai_chat.request_to(typed, limit=tier.options.get("limit_parameter"))
    refuse(losses, tier)
    body = merged(body, tier.options.get("body", {}))
    return post(f"{base_of(tier)}/chat/completions", body, _headers(tier, key))


def probe(tier: Tier, key: str | None) -> HttpCall:
    """The list of models, which every such endpoint has and none bills."""
    return HttpCall(method="GET", url=f"{base_of(tier)}/models", headers=_headers(tier, key))


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


def _headers(tier: Tier, key: str | None) -> dict[str, str]:
    return headers_of(tier, Authorization=f"Bearer {key}" if key else None)


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
    options=(*OPTIONS, "limit_parameter"),
    default_base_url=None,
    encode=encode,
    decode=decode,
    classify=classify,
    probe=probe,
)
