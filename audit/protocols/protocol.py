"""What a wire protocol is to this program: four pure translations."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from audit.core.exchange import Losses, ModelAnswer, ModelRequest
from audit.protocols.shared import Whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Protocol:
    """A wire protocol, both ways. Each translation to or from the typed form returns its value and what was lost.

    Attributes:
        name: As in the catalog.
        summary: One sentence for lists.
        request_from: A request body to the typed form. Raises `NotARequest`.
        request_to: The typed form to a request body.
        answer_from: The body of a whole answer to the typed form. Raises `NotAnAnswer`.
        answer_to: The typed form to the body of an answer.
        stream_from: The payloads of a stream, in order, to the body that the same call has without one.
    """

    name: str
    summary: str
    request_from: Callable[[Mapping[str, Any]], tuple[ModelRequest, Losses]]
    request_to: Callable[[ModelRequest], tuple[dict[str, Any], Losses]]
    answer_from: Callable[[Mapping[str, Any]], tuple[ModelAnswer, Losses]]
    answer_to: Callable[[ModelAnswer], tuple[dict[str, Any], Losses]]
    stream_from: Callable[[Iterable[Any]], Whole]
