"""One pass over a file's bytes that says where anything in it could name a model; most files end here."""

from __future__ import annotations

import re
from collections.abc import Iterable

import re2

from audit.literals.names import FAMILIES, ModelNames, is_distinctive, key

_MEMORY = 64 << 20
"""Bytes for the automaton; RE2 falls back to a slower search above it."""
_BEFORE = r"""(?:["'`/:=~@>]|[:=-] |[a-z]\.|-model |-m )"""
"""What a name follows: a quote, a provider, a key, a flag. A word of a sentence follows a space."""
_NOTHING = "[^\\x00-\\x{10FFFF}]"


class Prefilter:
    """Finds what is worth parsing. It may point to too many places, never to too few."""

    def __init__(self, names: ModelNames) -> None:
        options = re2.Options()
        options.max_mem, options.case_sensitive, options.never_capture = _MEMORY, False, True
        self._pattern = re2.compile("|".join(_patterns(names)).encode(), options=options)

    def passes(self, data: bytes) -> bool:
        """Whether a file with these bytes has to be parsed."""
        return self._pattern.search(data) is not None

    def lines(self, text: str) -> list[int]:
        """Lines of a text, from 1, on which a name may begin."""
        found: list[int] = []
        data, line, at = text.encode("utf-8", "replace"), 1, 0
        for match in self._pattern.finditer(data):
            start = match.start()
            line += data.count(b"\n", at, start)
            at = start
            if not found or found[-1] != line:
                found.append(line)
        return found


def _patterns(names: ModelNames) -> list[str]:
    """Numbered families, beginnings of names that speak for themselves, and other names where a value ends."""
    heads, others = set(), set()
    for name in (*names.known, *names.logged):
        tail = key(name.rpartition("/")[2])
        if re.match(rf"(?:{FAMILIES})-?(?:[a-z]+-)*v?\d", tail):
            continue
        if is_distinctive(tail, digits_suffice=True):
            heads.add("-".join(tail.split("-")[:2]))
        else:
            others.add(tail)
    family = rf"(?:{FAMILIES})[-.:]?(?:[a-z]+[-.:])*v?[0-9]"
    quoted = rf"""(?:["'`/:=.]|:-)(?:{_any_of(others)})(?:["'`\\:@}}]|-[0-9]|-latest)"""
    bare = rf"(?:[:=] ?|--?[a-z-]*model[ =])(?:{_any_of(others)})(?:[\s,}}]|$)"
    return [_BEFORE + family, rf"{_BEFORE}(?:{_any_of(heads)})", quoted, bare]


def _any_of(texts: Iterable[str]) -> str:
    """The alternatives, with every separator standing for each that names are written with."""
    made = (re.escape(text).replace(r"\-", "[-.:]") for text in sorted(texts) if text)
    return "|".join(made) or _NOTHING
