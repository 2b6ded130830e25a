"""A provider made of a wire protocol: what is sent, what comes back, and what is not sent because it would be lost.

A provider's own file adds the address, the authentication and the quirks.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace as replace_field
from typing import Any

from msgspec.structs import replace

from audit.core.errors import EndpointError
from audit.core.exchange import (
    Completion,
    Image,
    Loss,
    Losses,
    Message,
    ModelRequest,
    Reasoning,
    Request,
    Text,
    Thinking,
    completion_of,
)
from audit.core.reason import Because, Reason, because
from audit.core.tier import Tier
from audit.llm.provider import CERTAINLY_TOO_LONG, HttpCall, HttpReply, Unsupported
from audit.llm.tokens import prompt_tokens_estimate
from audit.llm.translation import diagnosed
from audit.protocols.errors import diagnose, diagnose_object
from audit.protocols.kept import request_of
from audit.protocols.oddities import annotated
from audit.protocols.protocol import Protocol
from audit.protocols.reply import NoAnswer, body_of_reply, counts_of, no_answer
from audit.protocols.shared import GaveUp, NotAnAnswer, NotARequest
from audit.protocols.usage import billed_in

OPTIONS = ("headers", "body", "accept_losses", "stream")
"""Options of every provider made of a protocol: what is merged into the call, losses that the user accepts, and whether
a stream is asked for, which the client does by itself where an endpoint says that it only streams."""

_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def asked(request: Request, tier: Tier) -> ModelRequest:
    """The request as the tier is asked: its model, a token limit, the tier's own settings over the log's.

    Where a request names no token limit, the tier's `max_output_tokens` is sent: without it the spend cap is no cap.

    Raises:
        Unsupported: It needs what the tier has not, or the log holds less than all of it.
    """
    try:
        typed, losses = request_of(request)
    except NotARequest:
        raise Unsupported(because(Reason.LOST_ON_THE_WAY, name="the log holds no messages")) from None
    refuse(losses, tier)
    supports = tier.supports
    if not supports.tools and typed.tools:
        raise Unsupported(because(Reason.TOOLS_OFF))
    if not supports.json_schema and typed.response_format and typed.response_format.kind == "json_schema":
        raise Unsupported(because(Reason.SCHEMAS_OFF))
    if not supports.images and any(isinstance(part, Image) for m in typed.messages for part in m.parts):
        raise Unsupported(because(Reason.IMAGES_OFF))
    window = tier.context_tokens
    if window is not None and prompt_tokens_estimate(request) > window * CERTAINLY_TOO_LONG:
        raise Unsupported(because(Reason.TOO_LONG))
    return replace(
        typed,
        model=tier.model,
        messages=_with_suffix(typed.messages, tier.prompt_suffix),
        sampling=replace(typed.sampling, max_tokens=tier.output_limit(typed.sampling.max_tokens)),
        reasoning=_reasoning(typed.reasoning, tier),
        service_tier=tier.service_tier,
    )


def _reasoning(logged: Reasoning, tier: Tier) -> Reasoning:
    """The tier's own amount of reasoning, else the log's."""
    if tier.reasoning_effort is None and tier.thinking_tokens is None:
        return logged
    enabled = None if tier.thinking_tokens is None else tier.thinking_tokens > 0
    return Reasoning(enabled=enabled, effort=tier.reasoning_effort, budget_tokens=tier.thinking_tokens or None)


def _with_suffix(messages: tuple[Message, ...], suffix: str | None) -> tuple[Message, ...]:
    """The messages, with a text after the user's last words."""
    if suffix is None:
        return messages
    last = next((n for n in reversed(range(len(messages))) if messages[n].role == "user"), None)
    if last is None:
        return (*messages, Message("user", (Text(suffix),)))
    parts = list(messages[last].parts)
    place = next((n for n in reversed(range(len(parts))) if isinstance(parts[n], Text)), None)
    if place is not None and isinstance(said := parts[place], Text):
        parts[place] = replace(said, text=said.text + suffix)
    else:
        parts.append(Text(suffix))
    return (*messages[:last], replace(messages[last], parts=tuple(parts)), *messages[last + 1 :])


def refuse(losses: Losses, tier: Tier) -> None:
    """Let a request with tolerable and accepted losses pass.

    Raises:
        Unsupported: It has another loss; the first is the reason.
    """
    accepted = tier.options.get("accept_losses", ())
    for loss, what in losses:
        if not loss.tolerable and loss.value not in accepted:
            raise Unsupported(not_carried(loss, what))


def body_of(request: Request, tier: Tier, protocol: Protocol) -> dict[str, Any]:
    """The body that asks a tier, with the tier's own fields merged into it.

    Raises:
        Unsupported: As `asked`, or the protocol cannot say it.
    """
    body, losses = protocol.request_to(asked(request, tier))
    refuse(losses, tier)
    return merged(body, tier.options.get("body", {}))


def streams(tier: Tier) -> bool:
    """Whether the tier is asked for streams."""
    return bool(tier.options.get("stream"))


def merged(body: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """The tier's own fields over the body's; objects are merged one level deep."""
    both = {name: {**body[name], **value} for name, value in own.items() if _objects(body.get(name), value)}
    return {**body, **own, **both}


def post(url: str, body: Mapping[str, Any], headers: Mapping[str, str]) -> HttpCall:
    """A call with a JSON body."""
    try:
        content = _ENCODER.encode(body).encode()
    except UnicodeEncodeError:  # a lone surrogate has no UTF-8, but an escape
        content = json.dumps(body).encode()
    return HttpCall(url=url, headers={"Content-Type": "application/json", **headers}, body=content)


def base_of(tier: Tier) -> str:
    """The tier's address without a slash at its end."""
    return (tier.base_url or "").rstrip("/")


def headers_of(tier: Tier, **own: str | None) -> dict[str, str]:
    """Headers of a call: a provider's, over them the tier's. Underscores stand for hyphens; None is left out."""
    named = {name.replace("_", "-"): value for name, value in own.items() if value is not None}
    return {"Accept": "application/json", **named, **tier.options.get("headers", {})}


def classify(reply: HttpReply) -> EndpointError | None:
    """The error that a status stands for; None for 2xx."""
    if 200 <= reply.status < 300:
        return None
    return diagnosed(diagnose(reply.status, reply.body, reply.headers), billed=billed_in(reply.body))


def decoder(protocol: Protocol) -> Callable[[HttpReply, Tier], Completion]:
    """Reads a body with a 2xx status, streamed or not, as the protocol's answer."""

    def decode(reply: HttpReply, tier: Tier) -> Completion:
        try:
            body = body_of_reply(reply.body, protocol.stream_from)
            counts = counts_of(body)
            answer, _ = protocol.answer_from(body)
        except NoAnswer as error:
            raise diagnosed(error.diagnosis, billed=error.counts.usage, again=error.again) from None
        except GaveUp:
            raise diagnosed(diagnose_object(None, 200), billed=counts.usage) from None
        except NotAnAnswer:
            found = no_answer(body, counts)
            raise diagnosed(found.diagnosis, billed=counts.usage, again=found.again) from None
        beside = "".join(part.text for part in answer.parts if isinstance(part, Thinking))
        completion = replace_field(
            completion_of(answer),
            beside_bytes=len(beside.encode("utf-8", "surrogatepass")),
            ttft_ms=reply.first_token_ms,
        )
        return annotated(completion, tier.answers_as, counts, body.get("service_tier"))

    return decode


def not_carried(loss: Loss, what: str) -> Because:
    """Why a request is not sent that would lose something on the way."""
    if loss is Loss.PARAMETER and what:
        return because(Reason.PARAMETER_NOT_CARRIED, name=what[:40])
    return because(Reason.LOST_ON_THE_WAY, name=loss.sentence + (f" ({what[:40]})" if what else ""))


def _objects(*values: Any) -> bool:
    return all(isinstance(value, Mapping) for value in values)
