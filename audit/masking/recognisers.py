"""Recognisers of personal data that other packages bring: names, places, whatever a language model of theirs can tell.

None is built in. A package offers one under the entry point `audit.recognisers`; what it finds is replaced wherever
personal data is, beside what is told by form.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from audit.core.catalog import Catalog


@dataclass(frozen=True, slots=True, kw_only=True)
class Recogniser:
    """One way to find personal data.

    Attributes:
        find: From a text to start, end and kind of what it finds: one of `PERSONAL_KINDS`, or a kind of its own.
        kinds: Those that it may find.
    """

    find: Callable[[str], Iterable[tuple[int, int, str]]]
    kinds: tuple[str, ...]


RECOGNISERS: Catalog[Recogniser] = Catalog(
    kind="recogniser",
    group="audit.recognisers",
    package=__name__,
    constant="RECOGNISER",
    names=(),
    expects=Recogniser,
)
