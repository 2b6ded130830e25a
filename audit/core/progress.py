"""How far a long step has come: said by the stages as they go, drawn by whoever listens, and by nobody by default.

A stage says `with step("Scoring", total=n, unit="answers") as advance:` and calls `advance(k)`. Who listens is a matter
of the context, so no stage is handed a meter for it; a library's caller hears nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Protocol, TypeVar

T = TypeVar("T")
Advance = Callable[[float], None]


class Reporter(Protocol):
    """Who listens. Steps nest: the innermost is the one that is under way."""

    def begin(self, what: str, total: float | None, unit: str) -> None:
        """A step begins.

        Args:
            what: In a word or two, with a capital.
            total: How much there is to do; None where that is not known.
            unit: What is counted, in the plural; `bytes` are drawn as such.
        """
        ...

    def advance(self, done: float) -> None:
        """So much more of the innermost step is done."""
        ...

    def end(self) -> None:
        """The innermost step is over, or has failed."""
        ...


class _Nobody:
    def begin(self, what: str, total: float | None, unit: str) -> None: ...

    def advance(self, done: float) -> None: ...

    def end(self) -> None: ...


_LISTENING: ContextVar[Reporter] = ContextVar("audit_progress", default=_Nobody())  # noqa: B039


def reporter() -> Reporter:
    """Who listens now."""
    return _LISTENING.get()


@contextmanager
def reporting(to: Reporter) -> Iterator[None]:
    """Let somebody listen to all steps within."""
    token = _LISTENING.set(to)
    try:
        yield
    finally:
        _LISTENING.reset(token)


@contextmanager
def step(what: str, *, total: float | None = None, unit: str = "") -> Iterator[Advance]:
    """A step that may take long; arguments as of `Reporter.begin`."""
    listening = _LISTENING.get()
    listening.begin(what, total, unit)
    try:
        yield listening.advance
    finally:
        listening.end()


def counted(items: Iterable[T], what: str, *, total: float | None = None, unit: str = "") -> Iterator[T]:
    """The items, each of them counted when the next one is asked for."""
    with step(what, total=total, unit=unit) as advance:
        for item in items:
            yield item
            advance(1)
