"""Why an answer ended: vendors' words, made one. Each protocol brings those of its vendors."""

from __future__ import annotations

from functools import cache

from audit.protocols import PROTOCOLS


def finish_of(raw: object) -> str:
    """The normalised finish reason of a vendor's word, in either case; `unknown` for another word, and for none.

    Words are not asked for their protocol: servers put one vendor's words into another's bodies. Gemini's endpoint for
    OpenAI's protocol puts its own word behind OpenAI's: `content_filter: PROHIBITED_CONTENT`.
    """
    if not isinstance(raw, str):
        return "unknown"
    word = raw.lower()
    return _words().get(word) or _words().get(word.partition(":")[0], "unknown")


@cache
def _words() -> dict[str, str]:
    """The words of all protocols; where two have the same one, the tests see that they mean the same."""
    return {word: finish for name in PROTOCOLS for word, finish in PROTOCOLS.get(name).finish_words.items()}
