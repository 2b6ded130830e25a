"""Which protocol a body or a message is in. Each protocol knows its own; the order of the catalog decides the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from itertools import islice
from typing import Any

from audit.protocols import PROTOCOLS, ollama
from audit.protocols.protocol import Protocol, StreamPlace
from audit.protocols.shared import obj, objects

LOOKED_AT = 8
"""Events looked at before a list counts as no stream."""


@cache
def in_order() -> tuple[Protocol, ...]:
    """The protocols that logs may hold, in the order in which a body is held against them.

    That of the catalog. Protocols of other packages come before its last one, which takes what nobody else claims.
    """
    *first, last = PROTOCOLS.names
    found = map(PROTOCOLS.get, (*first, *PROTOCOLS.installed(), last))
    return tuple(protocol for protocol in found if protocol.shape.is_read)


def fallback() -> Protocol:
    """The protocol of what is like nothing in particular: the catalog's last."""
    return PROTOCOLS.get(PROTOCOLS.names[-1])


def protocol_of_request(body: Mapping[str, Any]) -> Protocol | None:
    """The protocol that a request body is written in; None for what is no request, as for an empty body."""
    for protocol in in_order() if body else ():
        if protocol.shape.asks(body):
            return protocol
    return None


def can_be(body: Mapping[str, Any], protocol: Protocol) -> bool:
    """Whether a request body can be read as one of a protocol: many a body fits two."""
    return isinstance(body.get(protocol.shape.field), list) or protocol.shape.asks(body)


def protocol_of_answer(body: Any) -> Protocol | None:
    """The protocol that an answer is written in, streams as lists of events too; None for what is no answer, as for
    an empty body.

    A stream is told by the first of its events that any protocol begins one with: others may stand before it.
    """
    if isinstance(body, list):
        begun = islice(objects(body), LOOKED_AT)
        return next((protocol for event in begun for protocol in in_order() if protocol.shape.streams(event)), None)
    held = obj(body)
    for protocol in in_order() if held else ():
        if protocol.shape.answers(held):
            return protocol
    return None


def place_of_event(event: Mapping[str, Any]) -> tuple[str, StreamPlace] | None:
    """The API whose streams have such an event, and where in its stream it stands; None for what is no event."""
    for protocol in in_order():
        if (place := protocol.shape.place(event)) is not None:
            return protocol.shape.api, place
    return None if (place := ollama.place(event)) is None else (ollama.OBJECT, place)


def protocol_of_messages(messages: Sequence[Mapping[str, Any]]) -> Protocol:
    """Whose messages these are: of those whose own words stand in them, the first; else the fallback."""
    found = (protocol for message in objects(messages) for protocol in in_order() if protocol.shape.speaks(message))
    return next(found, None) or fallback()
