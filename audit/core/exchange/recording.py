"""An answer as a recording holds it: JSON, without its cost, which follows from the usage and the price of the day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from audit.core.exchange.logged import Completion, Usage

_UNRECORDED = ("cost_usd",)
_ONLY_WITH_CONTENT = ("notes", "beside_bytes")
"""Fields that came later: written only where they say something, so that recordings without them stay equal."""


def recording_of(completion: Completion) -> dict[str, Any]:
    """The JSON form of an answer."""
    plain = asdict(completion)
    return {k: v for k, v in plain.items() if k not in _UNRECORDED and (v or k not in _ONLY_WITH_CONTENT)}


def recorded_completion(plain: Mapping[str, Any]) -> Completion:
    """An answer from its JSON form.

    Raises:
        KeyError, TypeError: It is none.
    """
    usage = plain.get("usage")
    calls = tuple(plain.get("tool_calls") or ())
    notes = tuple(plain.get("notes") or ())
    whole = {**plain, "tool_calls": calls, "notes": notes, "usage": None if usage is None else Usage(**usage)}
    return Completion(**whole)
