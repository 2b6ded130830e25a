"""Licences of what is installed: which are allowed, and what a package says that its own is."""

from __future__ import annotations

import re
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, distribution

ALLOWED = frozenset({
    "0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "BSL-1.0", "CC0-1.0", "CNRI-Python", "HPND",
    "ISC", "LLVM-exception", "MIT", "MIT-0", "MPL-2.0", "PSF-2.0", "Unlicense", "Zlib",
})  # fmt: skip
"""By their SPDX names: those that let a program under Apache-2.0 use and carry the package. MPL-2.0 asks for the source
of its own files alone, and these are not changed here."""

NAMED: dict[str, tuple[str, str]] = {
    "axe-playwright-python": ("MIT", "its file LICENSE; its metadata names none"),
    "httpx-aiohttp": ("BSD-3-Clause", "its metadata holds the text of the licence"),
    "wordllama": ("MIT", "its metadata holds the text of the licence"),
    "python-stdnum": ("LGPL-2.1-or-later", "used as it is, as a library that anybody can replace; nothing is copied"),
}
"""Packages whose licence has to be said here, and why. One that is not among the allowed ones is allowed by name."""

_FREE_TEXT = {
    "apache software license": "Apache-2.0",
    "apache 2.0 license": "Apache-2.0",
    "apache 2.0": "Apache-2.0",
    "apache license 2.0": "Apache-2.0",
    "mit license": "MIT",
    "bsd license": "BSD-3-Clause",
    "3-clause bsd license": "BSD-3-Clause",
    "isc license (iscl)": "ISC",
    "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
    "python software foundation license": "PSF-2.0",
    "the unlicense (unlicense)": "Unlicense",
}
_WORDS = re.compile(r"[A-Za-z0-9.+-]+")


def licence_of(name: str) -> str | None:
    """The licence that an installed package states, by SPDX where it can be told; None when it is not installed."""
    try:
        stated = distribution(name).metadata
    except PackageNotFoundError:
        return None
    if name in NAMED:
        return NAMED[name][0]
    if expression := stated.get("License-Expression"):
        return str(expression)
    classes = [one.split(" :: ")[-1] for one in stated.get_all("Classifier") or () if one.startswith("License :: ")]
    words = [one for one in classes if one != "OSI Approved"] or [str(stated.get("License") or "none is named")]
    return " AND ".join(_FREE_TEXT.get(one.strip().lower(), one.strip()) for one in words)


def is_allowed(licence: str) -> bool:
    """Whether every licence of an SPDX expression is allowed; of alternatives, one is enough."""
    return all(
        any(set(_WORDS.findall(choice)) - {"WITH"} <= ALLOWED for choice in re.split(r"\bOR\b", part.strip(" ()")))
        for part in re.split(r"\bAND\b", licence)
    )


def refused(names: Iterable[str]) -> dict[str, str]:
    """Of these packages those that are installed under a licence that nobody allowed, with what they state."""
    found = {name: licence for name in names if (licence := licence_of(name)) is not None}
    return {n: licence for n, licence in found.items() if not is_allowed(licence) and n not in NAMED}
