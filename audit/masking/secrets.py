"""Secrets out of texts: one pass of one pattern in linear time, whatever stands in the text.

The mask, `<secret:KIND>`, is the same for the log and for what tiers answer, so that both sides of a comparison have
been masked alike.
"""

from __future__ import annotations

import base64
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import Any
from urllib.parse import quote

import re2

from audit.masking.kinds import SECRET_KINDS, SecretKind

SHORTEST_VALUE = 8
"""Letters of a key in use below which it is not looked for: `EMPTY` and `none`, which servers without keys are given,
are words of answers too."""
SHORTEST_RUN = 10
"""Letters and digits without a mark between them that a key drawn at random has at least."""
BITS_PER_LETTER = 3.0
"""Shannon entropy of a value drawn at random from letters and digits, at least, for lengths from ten on."""
_DFA_BYTES = 1 << 26

_END = "-----END"
_RUNS = re.compile("[A-Za-z0-9]+")


class _Finder:
    """Kinds of secrets as one pattern."""

    def __init__(self, kinds: Sequence[SecretKind]) -> None:
        options = re2.Options()
        options.max_mem = _DFA_BYTES
        self._kinds = kinds
        self._any = re2.compile("|".join(kind.groupless for kind in kinds), options)
        self._each = [re2.compile(kind.pattern) for kind in kinds]
        self._which = re2.Set.FullMatchSet(options)
        for kind in kinds:
            self._which.Add(kind.groupless)
        self._which.Compile()

    def find(self, text: str) -> Iterator[tuple[SecretKind, int, int]]:
        """Kind, start and end of what looks like a secret, in the order of the text."""
        for match in self._any.finditer(text):
            whole = match[0]
            # Of the kinds that one place fits, the first of the table decides.
            number = min(self._which.Match(whole))
            start, end = self._each[number].fullmatch(whole).span(1)
            yield self._kinds[number], match.start() + start, match.start() + end


@cache
def _finder(*, shapes: bool) -> _Finder:
    """All kinds; or those alone that are known by their shape."""
    return _Finder([kind for kind in SECRET_KINDS if kind.shape or not shapes])


SECRET_HINTS = "|".join(dict.fromkeys(kind.hints for kind in SECRET_KINDS))
"""What every secret has in it, as a regex of RE2's dialect: one fast pass over many texts finds those to look at.

It says nothing of where a text begins or ends, so that texts may lie one behind the other while they are searched.
"""


@cache
def _hinted() -> Any:
    return re2.compile(SECRET_HINTS)


@cache
def hint_pattern(*more: str) -> Any:
    """`SECRET_HINTS` and further patterns as one that is compiled once: its states are worked out in the first texts
    and kept for all later ones."""
    options = re2.Options()
    options.max_mem = _DFA_BYTES
    return re2.compile("|".join([SECRET_HINTS, *more]), options)


def found_secrets(text: str, *, shapes: bool = False) -> Iterable[tuple[int, int, str]]:
    """Start, end and kind of each secret of a text, in their order.

    Args:
        shapes: Only those that their form gives away, whatever word is in front of them; a digit need not be in them,
            because this is asked of files that no key belongs into.
    """
    # A lone half of a surrogate pair has no UTF-8; its substitute is one character too, so places stay.
    plain = text if text.isascii() else text.encode("utf-8", "replace").decode()
    if _hinted().search(plain) is None:
        return
    seen_to = 0
    for kind, start, end in _finder(shapes=shapes).find(plain):
        if start < seen_to or not _is_one(kind, text[start:end], sure=not shapes):
            continue
        if kind.name == "private-key":
            end = _end_of_key(text, end)
        seen_to = end
        yield start, end, kind.name


def _is_one(kind: SecretKind, value: str, *, sure: bool) -> bool:
    if kind.random:
        return looks_random(value, password=kind.name == "password")
    return not kind.digit or any(map(str.isdecimal, value)) or not (sure or kind.before)


def _end_of_key(text: str, start: int) -> int:
    """Behind the line that ends a private key; a key that is cut off reaches to the end of the text."""
    footer = text.find(_END, start)
    if footer < 0:
        return len(text)
    closing = text.find("-----", footer + len(_END))
    return len(text) if closing < 0 else closing + len("-----")


def looks_random(value: str, *, password: bool = False) -> bool:
    """Whether a value that follows a word like `token` looks drawn at random, and not like a word, a name or a date.

    Args:
        password: People choose passwords: a letter and two digits, or three sorts of characters, are enough.
    """
    if password:
        digits = sum(map(str.isdecimal, value))
        sorts = (any(map(str.islower, value)), any(map(str.isupper, value)), digits > 0, not value.isalnum())
        return any(map(str.isalpha, value)) and digits > 0 and (digits > 1 or sum(sorts) > 2)
    return any(
        len(run) >= SHORTEST_RUN
        and any(map(str.isdecimal, run))
        and any(map(str.isalpha, run))
        and bits_per_letter(run) >= BITS_PER_LETTER
        for run in _RUNS.findall(value)
    )


def bits_per_letter(text: str) -> float:
    """Shannon entropy of a text's letters, in bits; 0 for an empty text."""
    return -sum(n / len(text) * math.log2(n / len(text)) for n in Counter(text).values())


def mask_secrets(text: str, found: Counter[str] | None = None) -> str:
    """The text with every secret masked.

    Args:
        found: Counts them under `secret`.
    """
    parts: list[str] = []
    done = 0
    for start, end, name in found_secrets(text):
        # No digest of the secret: a short one could be guessed back from it.
        parts += [text[done:start], f"<secret:{name}>"]
        done = end
        if found is not None:
            found["secret"] += 1
    return "".join([*parts, text[done:]]) if parts else text


class KeysInUse:
    """The very values of the keys that this process sends, whatever they look like, and how else they are written.

    Args:
        values: From the environment. Short ones are left out.

    Attributes:
        hints: Like `SECRET_HINTS`, of these values; empty without any.
    """

    def __init__(self, values: Iterable[str | None] = ()) -> None:
        forms: set[str] = set()
        for value in values:
            if value and len(value) >= SHORTEST_VALUE:
                forms |= _forms(value)
        longest_first = sorted(forms, key=lambda form: (-len(form), form))
        self._pattern = re.compile("|".join(map(re.escape, longest_first))) if forms else None
        self.hints = "|".join(map(re2.escape, longest_first))

    def mask(self, text: str, found: Counter[str] | None = None) -> str:
        """The text without them."""
        if self._pattern is None:
            return text
        masked, times = self._pattern.subn("<secret:key-in-use>", text)
        if times and found is not None:
            found["secret"] += times
        return masked


NO_KEYS = KeysInUse()


def _forms(value: str) -> set[str]:
    """A value as it is, without its scheme (`Bearer ...`), in a URL, and in Base64."""
    bare = value.split(" ", 1)[1] if value.lower().startswith(("bearer ", "basic ", "token ")) else value
    encoded = base64.b64encode(bare.encode("utf-8", "surrogatepass")).decode()
    forms = {value, bare, quote(bare, safe=""), encoded.rstrip("=")}
    return {form for form in forms if len(form) >= SHORTEST_VALUE}
