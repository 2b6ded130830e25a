"""What to do with a route, complete: every output draws its verdict from this one object, and from nothing else.

A reader can follow each number: what moves, what it was billed, on which pairs the change of quality was measured, what
of it is on the requests that move, and what is saved with every call counted. Where the route stays, the same fields
are about the candidate that came closest, moving the whole route, and `moves` and `saving_usd` are zero.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, ClassVar

from audit.core.criteria import Grade
from audit.core.interval import Estimate
from audit.core.repeats import Repeats
from audit.core.robustness import Robustness


class Verdict(StrEnum):
    """What to do with a route."""

    SWITCH = "switch"
    SPLIT = "split"
    KEEP = "keep"
    NOT_PROVEN = "not_proven"


class Ground(StrEnum):
    """Why the verdict is what it is; `GROUNDS` has each as a sentence."""

    WHOLE_CERTIFIED = "whole_certified"
    PART_CERTIFIED = "part_certified"
    BELOW_FLOOR = "below_floor"
    ALL_LOSE = "all_lose"
    TESTED_LOSE = "tested_lose"
    SAVES_NOTHING = "saves_nothing"
    NOTHING_CHEAPER = "nothing_cheaper"
    UNDECIDED = "undecided"
    NOT_TESTED = "not_tested"


GROUNDS: dict[Ground, str] = {
    Ground.WHOLE_CERTIFIED: "the whole route holds the margin on the cheaper tier",
    Ground.PART_CERTIFIED: "a part of the route holds the margin on the cheaper tier",
    Ground.BELOW_FLOOR: "the route is below its own floor today; fix quality there before cutting cost",
    Ground.ALL_LOSE: "every candidate loses more than the margin",
    Ground.TESTED_LOSE: "every candidate that was worth a test loses more than the margin",
    Ground.SAVES_NOTHING: "no candidate that holds the margin costs less",
    Ground.NOTHING_CHEAPER: "no tier is cheaper than what serves it",
    Ground.UNDECIDED: "the replays rule out neither that it holds the margin nor that it loses more",
    Ground.NOT_TESTED: "no candidate was tested",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """Percentiles in milliseconds over replayed calls; None where nothing was measured."""

    p50: float | None
    p95: float | None
    p99: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PairTable:
    """Pairs of verdicts by what passes: a 2x2 table. Only pairs with both verdicts are in it.

    A request that was asked several times is split between two cells, by the share of its answers that are accepted.
    """

    both_pass: int | float = 0
    only_today: int | float = 0
    only_after: int | float = 0
    both_fail: int | float = 0

    @property
    def n(self) -> int:
        """Pairs."""
        return round(self.both_pass + self.only_today + self.only_after + self.both_fail)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moves:
    """What leaves today's model, of the route's whole traffic in the log's window. Zero where the route stays.

    Attributes:
        requests: That the cheap tier finally serves; an estimate where a check of the answer decides.
        share: Of all requests of the route, those included that could not be replayed; in [0, 1].
        spend_usd: What these requests were billed; None where unknown.
        share_escalated: Of all requests of the route, those that the cheap tier answers in vain: they are paid twice.
    """

    requests: int = 0
    share: float = 0.0
    spend_usd: float | None = 0.0
    share_escalated: float = 0.0


NOTHING_MOVES = Moves()

TODAY_UNMEASURED = "not measured: the criteria compare with today’s own answers"
"""What is said in place of an accepted share, where `Recommendation.today_unmeasured`."""


class DecidingChange:
    """A change of quality by all criteria, and by those alone that compare answers; both must hold the margin."""

    __slots__ = ()

    quality_delta: Estimate | None
    content_delta: Estimate | None

    @property
    def by_content(self) -> bool:
        """Whether the criteria that compare what an answer says show more loss than all criteria together."""
        content, whole = self.content_delta, self.quality_delta
        return content is not None and (whole is None or content.est < whole.est)

    @property
    def deciding_delta(self) -> Estimate | None:
        """The change that tables, charts and gates hold against the margin: of two that must hold, the worse."""
        return self.content_delta if self.by_content else self.quality_delta


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommendation(DecidingChange):
    """What to do with a route, and every number that is said of it.

    Attributes:
        verdict: Switch, Split, Keep or Not proven.
        ground: Why.
        reason: The same with its numbers, in one sentence.
        incumbent: Model with the largest spend on the route today.
        served_by: Where several models serve the route today, all of them, as in `RouteDesign.today`; else empty.
        tier: To move to; where the route stays, the candidate that came closest; None when none was tested.
        model: Of the tier.
        kind: Of the policy (`core.policy.KINDS`); None where the route stays.
        params: What the policy decides by, for people: signal, threshold, conditions, verifier.
        moves: What leaves today's model.
        quality_delta: Of accepted answers over all replayable traffic of the route, moved or not: policy less today.
        moved_delta: The same over the requests that move; None where nothing moves.
        score_delta: The same of the mean score, where the route's criteria are graded; else None.
        content_delta: The same of answers that are accepted by the criteria alone that compare what an answer says, and
            not its form; None where these decide every verdict.
        pairs: Over all draws; a request that the policy does not move is a pair without a difference.
        moved_pairs: Of the draws that move.
        unmeasured: Draws that could not be measured; they count as failures in the lower end of `quality_delta`.
        p_noninferior: Exact p-value of "the loss is at least the margin"; None without pairs.
        p_content: The same by the criteria that compare answers, on their own pairs; None where these decide every
            verdict, or nothing was tested. Both have to be small, so the larger is the p-value of the claim.
        p_inferior: Exact p-value of "the loss is at most the margin"; None without pairs.
        accepted_today: Accepted share of the log's answers over `pairs`.
        accepted_after: Accepted share over `pairs` if the policy is followed.
        saving_usd: With every call counted, on the auditable spend; exactly 0 where the route stays.
        saving_at_risk_usd: That less its one-sided lower bound.
        cost_usd: What the auditable part of the route costs if the recommendation is followed.
        latency_ms: Of the policy's answers, both calls of an escalated request counted; of the closest candidate's
            calls where the route stays.
        latency_today_ms: Of the log's calls.
        grade: What the criteria that the verdict rests on know of an answer; None where that was not tested.
        robustness: Which units carry the verdict, its course over the window, and each model that it replaces; None
            where nothing was tested.
        caveats: Sentences for "Before you use this number".
        repeats: Where its requests were asked several times, how far the answers to what moves differ; else None.
    """

    SPARSE: ClassVar[tuple[str, ...]] = ("p_content", "repeats", "served_by")

    verdict: Verdict
    ground: Ground
    reason: str
    incumbent: str
    tier: str | None
    model: str | None
    kind: str | None
    params: dict[str, Any] = field(default_factory=dict)
    moves: Moves = NOTHING_MOVES
    quality_delta: Estimate | None
    moved_delta: Estimate | None = None
    score_delta: Estimate | None = None
    content_delta: Estimate | None = None
    pairs: PairTable = PairTable()
    moved_pairs: PairTable = PairTable()
    unmeasured: int = 0
    p_noninferior: float | None = None
    p_content: float | None = None
    p_inferior: float | None = None
    accepted_today: Estimate | None = None
    accepted_after: Estimate | None = None
    saving_usd: Estimate
    saving_at_risk_usd: float = 0.0
    cost_usd: Estimate
    latency_ms: Latency = Latency(p50=None, p95=None)
    latency_today_ms: Latency = Latency(p50=None, p95=None)
    grade: Grade | None = None
    robustness: Robustness | None = None
    caveats: tuple[str, ...] = ()
    repeats: Repeats | None = None
    served_by: tuple[str, ...] = ()

    @property
    def today(self) -> str:
        """What goes on serving the requests that do not move; of several models none is named for all."""
        return "today’s models" if self.served_by else self.incumbent

    @property
    def today_unmeasured(self) -> bool:
        """The criteria compare with today's own answers, and so accept them whatever they are worth: their accepted
        share is no measurement, and after the move it is the share that agrees."""
        return self.grade is Grade.AGREEMENT

    @property
    def deciding_words(self) -> str:
        """Beside a change that is not that of all criteria together; "" where it is."""
        return "by the criteria that compare what an answer says" if self.by_content else ""

    @property
    def moves_traffic(self) -> bool:
        """Whether anything leaves today's model."""
        return self.verdict in (Verdict.SWITCH, Verdict.SPLIT)
