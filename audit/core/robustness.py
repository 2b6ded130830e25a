"""What a verdict rests on beside its counts: the sessions, templates and prompts that carry it, and its course."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from audit.core.interval import Estimate


class UnitKind(StrEnum):
    """What makes requests alike, so that they tend to pass and fail together."""

    SESSION = "session"
    TEMPLATE = "template"
    PROMPT = "prompt"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """One session, template or prompt.

    Attributes:
        name: Of the session; the first digits of the digest of a template or prompt.
        pairs: Of the claim that are in it.
        share: Of the pairs of the claim, in [0, 1].
        b: Pairs on which only the incumbent passes.
        c: Pairs on which only the policy does.
        fails_entirely: The policy passes on none of its pairs, and the incumbent on some.
    """

    name: str
    pairs: int
    share: float
    b: int | float
    c: int | float
    fails_entirely: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Units:
    """The sessions, templates or prompts of a claim.

    Attributes:
        total: Different ones among its pairs.
        pairs: Of the claim.
        effective: As many units of equal size say as much: one over the sum of squared shares.
        large: Those above 2 % of the pairs, largest first, at most five.
        n_large: How many are above 2 %.
        carried: Share of the pairs that these have together.
        hangs_on: Names of those in `large` without which the claim would not be certified.
        future: Delta for sessions, templates or prompts to come instead of requests like the log's, by the design
            effect; None where there are too few to speak of others.
    """

    kind: UnitKind
    total: int
    pairs: int
    effective: float
    large: tuple[Unit, ...]
    n_large: int
    carried: float
    hangs_on: tuple[str, ...]
    future: Estimate | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """A part of the log's window.

    Attributes:
        since: ISO date and time of its first moment.
        pairs: On what the policy moves.
        delta: On these, at the level of the look.
    """

    since: str
    pairs: int
    delta: Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """Whether what the policy does to the requests that it moves has been the same over the window.

    Attributes:
        periods: Of equal length, in order.
        p_change: Exact p-value of "no part of the window up to its end is worse than what came before", over all
            boundaries between periods.
        changed_at: ISO date and time of the boundary that tells most; None where nothing differs.
        since: Delta from there on; None where nothing differs.
        contradicts: It is shown to have become worse, and from there on it loses more than the margin.
    """

    periods: tuple[Period, ...]
    p_change: float
    changed_at: str | None
    since: Estimate | None
    contradicts: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class IncumbentPart:
    """The requests that one model served in the log.

    Attributes:
        model: Its name.
        pairs: Of the claim that are its.
        share: Of the pairs of the claim.
        delta: Policy less this model, at the level of the look.
    """

    model: str
    pairs: int
    share: float
    delta: Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class LostPart:
    """A part of a route on which a candidate fails wherever today's answer is accepted, and more often than by chance.

    Attributes:
        kind: What its requests have in common, in words: `tenant`, `system prompt`, `session`, ...
        name: Of the part; the beginning of a hash.
        requests: That were measured, that the policy moves, and whose answer of today is accepted.
        share: Its pairs among those of the claim.
        p: Chance that it fails wholly if the losses fell on the claim's requests at random, times the parts looked at.
    """

    kind: str
    name: str
    requests: int
    share: float
    p: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DoubtedAnswers:
    """Right answers that reject today's answers, where the policy says the same as these about as often as elsewhere.

    Attributes:
        requests: That move and whose answer of today is rejected.
        same: Of these, requests on which the policy's answer says the same.
        delta: The change if today's answers were right there, at the level of the look.
        holds: Whether the claim would be certified then too, or they are so few that it hardly matters.
    """

    requests: int
    same: int
    delta: Estimate
    holds: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Robustness:
    """What a policy's claim rests on.

    Attributes:
        units: One per kind that groups any of its pairs.
        drift: None where the log has no times, or too few pairs for two periods.
        incumbents: One per model with pairs enough, where several served the route; most pairs first.
        lost: Parts on which nothing of what moves is accepted any more; largest first.
        doubted: Right answers that may be wrong themselves; None where nothing says so.
    """

    SPARSE: ClassVar[tuple[str, ...]] = ("lost", "doubted")

    units: tuple[Units, ...] = ()
    drift: Drift | None = None
    incumbents: tuple[IncumbentPart, ...] = ()
    lost: tuple[LostPart, ...] = ()
    doubted: DoubtedAnswers | None = None

    @property
    def contradicted(self) -> bool:
        """Whether the end of the window contradicts the mean over it, or the claim rests on right answers in doubt."""
        drifts = self.drift is not None and self.drift.contradicts
        return drifts or (self.doubted is not None and not self.doubted.holds)
