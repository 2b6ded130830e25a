"""The completion is well-formed XML and nothing else; with `requiredElements` in `value`, it has these."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from xml.parsers import expat

from audit.core.outcome import Outcome
from audit.scoring.context import Context
from audit.scoring.scorer import Check, Options, Scorer, verdict

_SURROGATE = re.compile("[\ud800-\udfff]")


class _Refused(Exception):
    """The document declares what must not be expanded."""


def build(options: Options) -> Check:
    """Parse; a document type with declarations of its own is refused, so that no entity is ever expanded."""
    required = options.constant(as_paths)

    def check(context: Context) -> Outcome:
        elements = elements_of(context.text)
        if elements is None:
            return verdict(False, "is not well-formed XML")
        missing = [path for path in required if tuple(path.split(".")) not in elements]
        return verdict(not missing, f"lacks {len(missing)} of the required elements", missing=missing)

    return check


def as_paths(value: Any) -> tuple[str, ...]:
    """The paths in `requiredElements`.

    Raises:
        ValueError: `value` is not a mapping with a list of them.
    """
    if value is None:
        return ()
    paths = value.get("requiredElements") if isinstance(value, Mapping) and len(value) == 1 else None
    if not isinstance(paths, list | tuple) or not all(isinstance(path, str) and path for path in paths):
        raise ValueError("must be a mapping with the list `requiredElements`")
    return tuple(paths)


def elements_of(text: str) -> set[tuple[str, ...]] | None:
    """Paths of all elements of a document, or None when it is not well-formed."""
    stack: list[str] = []
    found: set[tuple[str, ...]] = set()

    def start(name: str, attributes: dict[str, str]) -> None:
        stack.append(name)
        if len(stack) <= 64:
            found.add(tuple(stack))

    def end(name: str) -> None:
        stack.pop()

    def refuse(*declaration: Any) -> None:
        raise _Refused

    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.EntityDeclHandler = parser.UnparsedEntityDeclHandler = parser.ElementDeclHandler = refuse
    parser.AttlistDeclHandler = refuse
    try:
        parser.Parse(_SURROGATE.sub("\ufffd", text).strip().encode(), True)
    except (expat.ExpatError, _Refused):
        return None
    return found


SCORER = Scorer(name="is-xml", version=1, summary=__doc__, needs_reference=False, calls_model=False, build=build)
