"""An answer as a recording holds it: JSON, without its cost, which follows from the usage and the price of the day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from typing import Any

from audit.core.exchange.logged import Completion
from audit.core.plain import from_plain

_UNRECORDED = ("cost_usd",)
_ONLY_WITH_CONTENT = ("notes", "beside_bytes", "billed_usd")
"""Fields that came later: written only where they say something, so that recordings without them stay equal."""
_FIELDS = {field.name for field in fields(Completion)}


def recording_of(completion: Completion) -> dict[str, Any]:
    """The JSON form of an answer."""
    plain = asdict(completion)
    return {k: v for k, v in plain.items() if k not in _UNRECORDED and (v or k not in _ONLY_WITH_CONTENT)}


def recorded_completion(plain: Any) -> Completion:
    """An answer from its JSON form.

    Raises:
        KeyError, TypeError, ValueError: It is none, or says what this version does not know.
    """
    if not isinstance(plain, Mapping) or not plain.keys() <= _FIELDS:
        raise TypeError("no answer")
    # An empty field and one that is not there are the same, but for the text.
    found = from_plain(Completion, {"text": plain["text"]} | {k: v for k, v in plain.items() if v is not None})
    return replace(found, tool_calls=tuple(found.tool_calls))
