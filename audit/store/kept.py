"""What a place of kept answers can do, whichever it is: the store, or a cassette."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from audit.core.adaptation import AskedAs
from audit.core.exchange import Completion


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerName:
    """What was asked, and how: everything that decides the answer.

    Attributes:
        asked: The tier's settings and address.
        request_fp: Digest of the request: messages, tools, format, parameters. A judge's question with its rubric is a
            request like any other.
        repeat: 0 for the first independent answer.
    """

    asked: AskedAs
    request_fp: str
    repeat: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """What is known of an answer that an earlier run asked for.

    Attributes:
        usd: What that run was billed for it; None where nobody knows.
        asked_at: Seconds since 1970; None where nobody knows.
        run: Name of the run folder, or None.
    """

    usd: float | None = None
    asked_at: int | None = None
    run: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptAnswer:
    """An answer that is at hand, and where it is from."""

    completion: Completion
    earlier: Earlier


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownCalls:
    """Calls that have an answer already.

    Attributes:
        journal: Ids of those that the run folder has.
        kept: The others, by id, that an earlier run was answered.
    """

    journal: frozenset[str] = frozenset()
    kept: Mapping[str, Earlier] = field(default_factory=dict)

    @property
    def ids(self) -> frozenset[str]:
        """All of them."""
        return self.journal | self.kept.keys()


class KeptAnswers(Protocol):
    """Answers of earlier runs."""

    served_from: str
    """How replays say where such an answer came from: `store` or `cassette`."""

    def known(self, names: Iterable[AnswerName]) -> Mapping[AnswerName, Earlier]:
        """Those of the names that have an answer."""
        ...

    def get(self, name: AnswerName) -> KeptAnswer | None:
        """The answer, or None. One that is damaged is none."""
        ...

    def put(self, name: AnswerName, completion: Completion, usd: float) -> None:
        """Keep an answer that this run was billed for."""
        ...

    def other_settings(self, asked: AskedAs) -> Sequence[AskedAs]:
        """With which other settings the same model has been asked."""
        ...

    def claim(self) -> None:
        """Before the first call is paid for: see that answers can be kept."""
        ...

    def notes(self) -> Sequence[str]:
        """What was wrong and tolerated, for the user."""
        ...

    def close(self) -> None:
        """Write what is not written yet, and let go of the files."""
        ...
