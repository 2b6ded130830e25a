"""Errors are data too: a worker hands them over."""

from __future__ import annotations

import inspect
import pickle
from collections.abc import Iterator

import pytest

from audit.core.errors import AuditError, Place
from audit.core.reason import Reason, because

VALUES = {"str": "words", "int": 4, "Because": because(Reason.TOO_LONG)}
"""What errors are made from, by its type."""


def kinds(kind: type[AuditError] = AuditError) -> Iterator[type[AuditError]]:
    """A class of errors and all below it."""
    yield kind
    for one in kind.__subclasses__():
        yield from kinds(one)


@pytest.mark.parametrize(
    "kind", sorted({one for one in kinds() if one.__module__.startswith("audit.")}, key=str), ids=str
)
def test_an_error_is_handed_over_whole(kind: type[AuditError]) -> None:
    """Whatever a class is made from, what it says, its place, its hint and its exit code arrive."""
    needed = {
        one.name: VALUES[one.annotation]
        for one in inspect.signature(kind).parameters.values()
        if one.default is inspect.Parameter.empty and one.kind is not inspect.Parameter.VAR_KEYWORD
    }
    made = kind(**needed)
    made.place, made.hint, made.notes = Place(file="f", line=3), "do this", ("a fact",)
    got = pickle.loads(pickle.dumps(made))
    assert type(got) is kind
    assert str(got) == str(made)
    assert got.__dict__ == made.__dict__
