"""How a request is changed so that a tier's endpoint takes it: what may be changed, what was, and in which words.

A change that keeps the meaning (another name for the token limit, another word for a role) is made without asking.
Leaving a parameter out changes how answers are drawn, so it is done only where `adapt:` of the tier allows it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from audit.core.exchange import Request
from audit.core.reason import Because, Reason


class Adapt(StrEnum):
    """What may be changed; the words of a tier's `adapt:`."""

    RENAME = "rename"
    ROLE = "role"
    DROP = "drop"


KEEPS_MEANING = (Adapt.RENAME, Adapt.ROLE)
"""Allowed unless a tier says otherwise."""

LIMITS = {"max_tokens": "max_completion_tokens", "max_completion_tokens": "max_tokens"}
"""Two names of one limit."""

ROLES = {"developer": "system"}
"""A newer word for the older one, which every endpoint knows."""

NEVER_DROPPED = frozenset({*LIMITS, "stop", "functions", "function_call", "modalities", "prediction"})
"""Parameters without which the request is another one, or its cost has no bound."""

SENTENCES: Mapping[Adapt, str] = {
    Adapt.RENAME: "`{name}` is sent as `{to}`",
    Adapt.ROLE: "messages of role `{name}` are sent as `{to}`",
    Adapt.DROP: "`{name}` is left out, so the endpoint's default holds",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Adaptation:
    """One change to the requests of a tier.

    Attributes:
        kind: What is changed.
        name: The parameter or the role.
        to: What stands in its place; "" where it is left out.
    """

    kind: Adapt
    name: str
    to: str = ""

    @property
    def sentence(self) -> str:
        """For people; without a full stop."""
        return SENTENCES[self.kind].format(name=self.name, to=self.to)


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedAs:
    """What decided a tier's answers when calls of it were made; no secret is in it.

    Attributes:
        answers_key: `Tier.answers_key`.
        base_url: Its address, or None.
    """

    answers_key: str
    base_url: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TierNotes:
    """What a replay learned of a tier.

    Attributes:
        adaptations: Changes to its requests, in the order in which they were learned.
        stopped: Why nothing more was sent to it; None where nothing stopped it.
        routes_stopped: The same by route, where only calls of that route failed.
        refused: Why requests were not asked, each reason once.
        asked_as: With what it was asked so far, each once: calls made with other settings are no answers of today's.
    """

    adaptations: tuple[Adaptation, ...] = ()
    stopped: Because | None = None
    routes_stopped: dict[str, Because] = field(default_factory=dict)
    refused: tuple[Because, ...] = ()
    asked_as: tuple[AskedAs, ...] = ()

    def stop_of(self, route: str) -> Because | None:
        """Why nothing more of a route was sent to it; None where nothing stopped that."""
        return self.stopped or self.routes_stopped.get(route)


def adapted(request: Request, changes: Sequence[Adaptation], limit: int) -> Request:
    """The request as it is sent.

    Args:
        request: As logged.
        changes: Of the tier.
        limit: Token limit to send under a new name where the request names none.
    """
    params, messages = dict(request.params), request.messages
    for change in changes:
        if change.kind is Adapt.DROP:
            params.pop(change.name, None)
        elif change.kind is Adapt.RENAME:
            params[change.to] = params.pop(change.name, None) or params.get(change.to) or limit
        else:
            messages = [_with_role(message, change) for message in messages]
    return replace(request, params=params, messages=messages) if changes else request


def remedy(why: Because, request: Request, allowed: Sequence[Adapt]) -> Adaptation | None:
    """The change that would make an endpoint take a request; None where there is none, or it is not allowed.

    Args:
        why: The request was not taken.
        request: As it was sent.
        allowed: By the tier.
    """
    name = why.facts.get("name", "")
    if why.reason is Reason.ROLE_REFUSED:
        there = [role for role in ROLES if any(message.get("role") == role for message in request.messages)]
        if not there or Adapt.ROLE not in allowed:
            return None
        return Adaptation(kind=Adapt.ROLE, name=there[0], to=ROLES[there[0]])
    if why.reason not in (Reason.PARAMETER_REFUSED, Reason.PARAMETER_NOT_CARRIED):
        return None
    if name in LIMITS:
        return Adaptation(kind=Adapt.RENAME, name=name, to=LIMITS[name]) if Adapt.RENAME in allowed else None
    if name in request.params and name not in NEVER_DROPPED and Adapt.DROP in allowed:
        return Adaptation(kind=Adapt.DROP, name=name)
    return None


def _with_role(message: Mapping[str, Any], change: Adaptation) -> Mapping[str, Any]:
    return {**message, "role": change.to} if message.get("role") == change.name else message
