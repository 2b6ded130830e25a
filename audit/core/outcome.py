"""What a scorer says of one completion: a number, not applicable, or failed. Never a number in disguise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

READ = "read_of_several"
"""Key in the evidence: what was read of several different values, where nobody has said which of them counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """The criterion was measured.

    Attributes:
        value: In [0, 1]; 1 is best.
        passed: Whether the criterion holds.
        reason: One sentence for a person.
        evidence: What was expected, what was extracted, and whatever else explains the value; JSON values only.
    """

    value: float
    passed: bool
    reason: str = ""
    evidence: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class NotApplicable:
    """The criterion says nothing about this exchange, for example because it has no reference."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Errored:
    """The measurement failed. Never a score of 0."""

    error: str
    retryable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Unjudged(Errored):
    """A judge has to be asked first, and has not been: nothing is known of the answer, good or bad."""


Outcome = Scored | NotApplicable | Errored
