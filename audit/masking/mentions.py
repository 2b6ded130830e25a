"""Values that were found once, wherever they stand again: without the words that gave them away, and in other forms.

A name is a name by the words before it (`My name is Ada Lovelace`), and two sentences on it is `Ada`. What is known to
be somebody's is looked for by itself. All values are looked for at once, by their first words and their lengths, so
that thousands of them take no longer than one.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator

_WORD = re.compile(r"\w+")
_RUN = re.compile(r"(?<![A-Z0-9])[A-Z0-9+(](?:[ ().\-/]{0,3}[A-Z0-9]){5,33}(?![A-Za-z0-9])")
"""Numbers, with letters in them or without, in groups of any kind."""
_GROUP = re.compile(r"[A-Z0-9]+")
MOST_GROUPS = 10
"""Of one number."""
SHORTEST_PART = 3
"""Letters of a part of a name: shorter ones are words as well."""
LAST_DIGITS = 8
"""Of a telephone number, by which it is known with its country or without."""
AT_SIGNS = ("%40", "&#64;", "\uff20", " at ", " (at) ", "(at)", " [at] ", "[at]")
"""How addresses of mail stand in links and pages, and where a robot shall not find them."""
NUMBERS = frozenset({"phone", "card", "iban", "national-id", "tax-id", "passport"})
"""Kinds that are the same in other groups of digits."""


class Mentions:
    """Finds known values.

    Args:
        values: Kind and value of what was found.
    """

    def __init__(self, values: Iterable[tuple[str, str]]) -> None:
        self._numbers: dict[str, tuple[str, str]] = {}
        # By the first word: the lengths of what begins with it, and what it is.
        self._texts: dict[str, tuple[set[int], dict[str, tuple[str, str]]]] = defaultdict(lambda: (set(), {}))
        for kind, value in values:
            self._learn(value, (kind, value))
            if kind == "email":
                for sign in AT_SIGNS:
                    self._learn(value.replace("@", sign), (kind, value))
            if kind == "name":
                for part in _WORD.findall(value):
                    if len(part) >= SHORTEST_PART and part[0].isupper():
                        self._learn(part, (kind, value))
            if kind in NUMBERS:
                compact = _compact(value)
                self._numbers.setdefault(compact, (kind, value))
                if kind == "phone" and len(compact) >= LAST_DIGITS:
                    self._numbers.setdefault(compact[-LAST_DIGITS:], (kind, value))

    def _learn(self, text: str, found: tuple[str, str]) -> None:
        if (first := _WORD.search(text)) is not None:
            lengths, known = self._texts[first[0]]
            rest = text[first.start() :]
            lengths.add(len(rest))
            known.setdefault(rest, found)

    def replaced(self, text: str, name: Callable[[str, str, str], str]) -> str:
        """The text with another word for every mention.

        Args:
            name: From the kind and the value that was found, and from what the text has for it, to that word.
        """
        parts: list[str] = []
        done = 0
        for start, end, (kind, value) in sorted(self._found(text), key=lambda one: (one[0], -one[1])):
            if start >= done:
                parts += [text[done:start], name(kind, value, text[start:end])]
                done = end
        return "".join([*parts, text[done:]]) if parts else text

    def _found(self, text: str) -> Iterator[tuple[int, int, tuple[str, str]]]:
        for match in _WORD.finditer(text):
            if match[0] in self._texts:
                lengths, known = self._texts[match[0]]
                for length in sorted(lengths, reverse=True):
                    end = match.start() + length
                    if (found := known.get(text[match.start() : end])) is not None and not text[
                        end : end + 1
                    ].isalnum():
                        yield match.start(), end, found
                        break
        if self._numbers:
            for match in _RUN.finditer(text):
                yield from self._in_run(match[0], match.start())

    def _in_run(self, run: str, at: int) -> Iterator[tuple[int, int, tuple[str, str]]]:
        """Known numbers among the groups of a run, which may hold several one after another."""
        groups = list(_GROUP.finditer(run))
        first = 0
        while first < len(groups):
            compact, found = "", None
            for last in range(first, min(first + MOST_GROUPS, len(groups))):
                compact += groups[last][0]
                known = self._numbers.get(compact) or self._numbers.get(self._tail(compact))
                if known is not None:
                    found = last, known
            if found is None:
                first += 1
                continue
            last, known = found
            yield at + groups[first].start(), at + groups[last].end(), known
            first = last + 1

    def _tail(self, compact: str) -> str:
        return compact[-LAST_DIGITS:] if LAST_DIGITS < len(compact) <= 15 and compact.isdecimal() else ""


def _compact(value: str) -> str:
    return "".join(char for char in value.upper() if char.isalnum())
