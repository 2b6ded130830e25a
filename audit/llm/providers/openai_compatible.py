"""The chat-completions protocol of OpenAI, as vLLM, llama.cpp, LiteLLM, OpenRouter and most others speak it.

Every parameter of a request is carried, or known not to change the answer that is compared, or the request is
not asked, with the reason. Replies are streamed only where the endpoint knows nothing else: a stream changes no
token, and a whole body has its usage, its length and a status that can be trusted. Only choice 0 is compared, so `n` is
not sent and one answer is paid for. Where a request names no token limit, the tier's `max_output_tokens` is sent:
without it the spend cap is no cap.

Tier options: `headers` and `body` are merged into the call; `limit_parameter` renames the token limit, for endpoints
that know only one of `max_tokens` and `max_completion_tokens`; `stream` asks for a stream, which the client does by
itself when the endpoint says that it only streams; `stream: without usage` for endpoints that do not take
`stream_options`, which the client finds out as well.
"""

from __future__ import annotations

from dataclasses import replace

from audit.core.exchange import Completion, Request
from audit.core.tier import Tier
from audit.llm.over_protocol import OPTIONS, asked, base_of, classify, headers_of, merged, post, refuse, streams
from audit.llm.provider import STREAM_WITHOUT_USAGE, HttpCall, HttpReply, WireProvider
from audit.llm.translation import diagnosed
from audit.protocols import openai_chat
from audit.protocols.chat_reply import read_reply
from audit.protocols.reply import NoAnswer


def encode(request: Request, tier: Tier, key: str | None) -> HttpCall:
    """One POST to `{base_url}/chat/completions`."""
    typed = asked(request, tier)
    body, losses = openai_chat.request_to(typed, limit=tier.options.get("limit_parameter"))
    refuse(losses, tier)
    if streams(tier):
        wants_usage = tier.options["stream"] != STREAM_WITHOUT_USAGE
        body |= {"stream": True, **({"stream_options": {"include_usage": True}} if wants_usage else {})}
    body = merged(body, tier.options.get("body", {}))
    return post(f"{base_of(tier)}/chat/completions", body, _headers(tier, key))


def probe(tier: Tier, key: str | None) -> HttpCall:
    """The list of models, which every such endpoint has and none bills."""
    return HttpCall(method="GET", url=f"{base_of(tier)}/models", headers=_headers(tier, key))


def decode(reply: HttpReply, tier: Tier) -> Completion:
    """Choice 0 of a chat completion, streamed or not."""
    try:
        completion = read_reply(reply.body, tier.answers_as)
    except NoAnswer as error:
        raise diagnosed(error.diagnosis, billed=error.counts.usage, again=error.again) from None
    return replace(completion, ttft_ms=reply.first_token_ms)


def _headers(tier: Tier, key: str | None) -> dict[str, str]:
    return headers_of(tier, Authorization=f"Bearer {key}" if key else None)


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
