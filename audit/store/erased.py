"""Requests whose answers were erased, as several machines tell each other: by marks that say nothing of them.

A mark is a digest of a request's fingerprint. Whoever holds an answer to the request finds it by the mark, now or in a
year; whoever does not have the request learns nothing. An erasure is one object that is named by its digest, and stays.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from audit.core.fingerprint import canonical_json, digest

SCHEMA = "audit-erased/1"
SUFFIX = ".json"

Marks = Mapping[str, float | None]
"""By mark: until when answers that were asked are refused, seconds since 1970; None for always."""


def mark_of(request: str) -> str:
    """The mark of a request, by its fingerprint."""
    return digest(f"{SCHEMA} {request}")


def is_erased(marks: Marks, request: str, asked_at: float) -> bool:
    """Whether an answer to a request, asked at a time, is one that was erased."""
    mark = mark_of(request)
    if mark not in marks:
        return False
    until = marks[mark]
    return until is None or asked_at <= until


def united(one: Marks, other: Marks) -> dict[str, float | None]:
    """Of two erasures of a request the longer."""
    found = dict(one)
    for mark, until in other.items():
        before = found.get(mark, until)
        found[mark] = None if before is None or until is None else max(before, until)
    return found


def erasure_of(marks: Marks) -> tuple[str, bytes]:
    """The name and the bytes of an erasure."""
    data = canonical_json({"schema": SCHEMA, "marks": dict(marks)}).encode()
    return f"{hashlib.sha256(data).hexdigest()}{SUFFIX}", data


def marks_of(name: str, data: bytes) -> Marks:
    """The marks of an erasure.

    Raises:
        ValueError: It is not what its name says, holds something else, or is of another version.
    """
    if f"{hashlib.sha256(data).hexdigest()}{SUFFIX}" != name:
        raise ValueError("not what was put there")
    try:
        document = json.loads(data)
        schema, marks = document["schema"], document["marks"].items()
        found = {str(mark): None if until is None else float(until) for mark, until in marks}
    except (AttributeError, KeyError, TypeError, OverflowError, RecursionError):
        raise ValueError("holds something else than marks") from None
    if schema != SCHEMA:
        raise ValueError("of another version")
    return found
