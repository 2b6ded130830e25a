"""Cheap features of a request: tens of microseconds, no model, the same number everywhere and always.

None of them reads what an assistant said earlier in the conversation. A log holds the incumbent's words there, and a
router in production those of whoever answered, so that a rule on their length would move other requests than it was
tested on. That an assistant said something counts, whatever it was.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from audit.core.exchange import Request, content_text
from audit.core.policy import SignalSpec
from audit.signals.signal import FloatArray

FEATURES: Mapping[str, str] = {
    "last_user_chars": "characters of the last user message",
    "prompt_chars": "characters of all messages but the assistant's",
    "messages": "messages without the system's, answers included: a question, its answer and the next question are 3",
    "tools": "tools on offer",
    "wants_json": "1 when the request asks for JSON by its response format",
    "digit_share": "share of the digits 0 to 9 among the characters of the last user message",
    "lines": "lines of the last user message",
    "questions": "question marks in the last user message",
    "non_ascii_share": "share of characters outside ASCII in the last user message",
    "system_bucket": "hash of the system prompt, 0 to 15: a name, not a quantity",
}
"""Every feature with what it is, in the order of `feature_row`."""

TEXT = "last_user"
"""The one thing besides features that a written rule may look at: the last user message itself."""

FORMER = {"turns": "messages"}
"""Names that features had in policies that were made before; what they count is the same."""

COUNTS = ("last_user_chars", "prompt_chars", "messages", "tools", "lines", "questions")
"""Features with a long right tail, which a linear model reads as a logarithm."""

SYSTEM_ROLES = ("system", "developer")
ANSWERING_ROLES = ("assistant", "model")
"""Whose words are answers of a model, and no part of what was asked."""

SYSTEM_BUCKETS = 16
LONGEST_CHARS = 100_000
"""What of the last user message is looked at; beyond it a share has settled and a count says enough."""


def reads_text(spec: SignalSpec) -> bool:
    """Whether a signal goes by what the user said last, and not by counts and shares of it alone."""
    if spec.name != "rules":
        return True
    return any(condition["feature"] == TEXT for condition in spec.params["conditions"])


def feature_row(request: Request) -> tuple[float, ...]:
    """The features of one request, in the order of `FEATURES`.

    Special cases:
        No message of the user: its features are 0.
    """
    last = request.last_user
    seen = last[:LONGEST_CHARS]
    length = max(len(seen), 1)
    digits = sum(map(seen.count, "0123456789"))
    foreign = 0 if seen.isascii() else len(seen) - len(seen.encode("ascii", "ignore"))
    asked = request.response_format or {}
    system, everything, messages = _conversation(request)
    return (
        float(len(last)),
        float(everything),
        float(messages),
        float(len(request.tools or ())),
        float(asked.get("type") in ("json_object", "json_schema")),
        digits / length,
        float(seen.count("\n") + 1 if seen else 0),
        float(seen.count("?")),
        foreign / length,
        float(_bucket(system)),
    )


def _conversation(request: Request) -> tuple[str, int, int]:
    """System prompt, characters of all messages but the assistant's, and number of all but the system's."""
    system, everything, messages = [], 0, 0
    for message in request.messages:
        role = message.get("role")
        messages += role not in SYSTEM_ROLES
        if role in ANSWERING_ROLES:
            continue
        text = content_text(message.get("content"))
        everything += len(text)
        if role in SYSTEM_ROLES:
            system.append(text)
    return "\n".join(system), everything, messages


def _bucket(system: str) -> int:
    digest = hashlib.blake2b(system.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big") % SYSTEM_BUCKETS


def feature_table(requests: Sequence[Request]) -> FloatArray:
    """The features of n requests, shape (n, len(FEATURES))."""
    return np.array([feature_row(request) for request in requests], dtype=np.float64).reshape(-1, len(FEATURES))


def column(table: FloatArray, params: Mapping[str, Any]) -> FloatArray:
    """One column of `feature_table` by its name in a fitted signal's parameters.

    Raises:
        KeyError: No such feature.
    """
    feature = FORMER.get(params["feature"], params["feature"])
    if feature not in FEATURES:
        raise KeyError(feature)
    values: FloatArray = table[:, list(FEATURES).index(feature)]
    return values
