"""Which count of tokens a name means, told by its words: for names that no table of vendors' names has.

Vendors and instrumentations write the same few counts under ever new names: `cachedInputTokens`, `input_tokens.cached`,
`cache_read.input_tokens`, `details.cache_read_tokens`. The words are the same ones: a side, a class, what was done.
"""

from __future__ import annotations

import functools
import re

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Za-z])(?=\d)")
_WORD = re.compile(r"[a-z0-9]+")
_PROMPT = frozenset({"prompt", "input", "in"})
_COMPLETION = frozenset({"completion", "output", "out", "candidates", "response", "generated"})
_PLAIN = frozenset({"tokens", "token", "count", "num", "n", "total", "details", "detail", "usage"})
"""Words that tell nothing of which tokens are counted; `total` alone with them is the sum of both sides."""
_WRITES = frozenset({"write", "writes", "written", "creation", "created"})
_THOUGHT = frozenset({"reasoning", "thinking", "thoughts", "thought"})
_NO_COUNT = frozenset(
    {"cost", "costs", "price", "usd", "ticks", "per", "rate", "ratio", "limit", "max", "ms", "seconds"}
)
_INSIDE = frozenset({
    "text", "miss", "missed", "nocache", "uncached", "accepted", "rejected", "prediction", "5m", "video", "document",
    "tool",
})  # fmt: skip
"""Classes that stand inside a side and are priced as the rest of it."""


@functools.lru_cache(4096)
def kind_of(name: str) -> str | None:
    """The kind of count that a name means, as the table in `protocols/count_names.py` calls it.

    Returns:
        `prompt`, `completion`, `total`, `read`, `written`, `hour` (of the written ones, those kept for an hour),
        `reasoning`, `heard` and `spoken` (audio of the two sides), `seen` and `drawn` (images of them); an empty text
        for what adds nothing to these, and None for a name whose meaning is not known.
    """
    words = frozenset(_WORD.findall(_HUMP.sub("_", name).lower()))
    if words & _NO_COUNT:
        return ""
    if words & {"cache", "cached", "ephemeral"} or words == {"nocache", "tokens"}:
        return _of_cache(words)
    said = bool(words & _COMPLETION)
    if words & _THOUGHT:
        return "reasoning"
    if "audio" in words:
        return "spoken" if said else "heard"
    if words & {"image", "images"}:
        return "drawn" if said else "seen"
    if words & _INSIDE:
        return ""
    rest = words - _PLAIN
    if rest and rest <= _PROMPT:
        return "prompt"
    if rest and rest <= _COMPLETION:
        return "completion"
    return "total" if not rest and words & {"token", "tokens"} else None


def _of_cache(words: frozenset[str]) -> str:
    if words & _INSIDE or "no" in words:
        return ""
    if words & {"audio", "image", "images"}:  # of the cached ones, which are counted as such
        return ""
    if "1h" in words:
        return "hour"
    return "written" if words & _WRITES else "read"
