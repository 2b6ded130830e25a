"""What a route's criteria are worth: tested on the log's own answers, before they may decide and before money is spent.

Three questions are asked of every route: how much its criteria know of an answer (`Grade`), whether they can score what
the log itself answered (`Doubt`), and whether they notice when these answers are damaged on purpose (`Control`). What
comes of it is one `CriteriaCheck`; plan, findings and every output draw from it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from audit.core.display import percent, percent_brief, plural
from audit.core.interval import Estimate

LEAST_ANSWERS = 20
"""Damaged answers from which a share above the limit counts by itself; of fewer, its lower bound must be above."""


class Grade(StrEnum):
    """How much a criterion knows of the right answer, weakest first. Compare `rank`, not the words."""

    FORM = "form"
    AGREEMENT = "agreement"
    RIGHT = "right"

    @property
    def rank(self) -> int:
        """0 for the weakest."""
        return list(Grade).index(self)

    @property
    def words(self) -> str:
        """What an answer that holds is shown to be."""
        return GRADES[self]


GRADES: dict[Grade, str] = {
    Grade.FORM: "the form of an answer",
    Grade.AGREEMENT: "agreement with the incumbent",
    Grade.RIGHT: "the right answer",
}


class Control(StrEnum):
    """A way of damaging an answer that the criteria accept, so that they should no longer accept it."""

    ANOTHER = "another_answer"
    MOST_FREQUENT = "most_frequent"
    EMPTY = "empty"
    PROMPT = "prompt_echoed"
    CUT = "cut_at_half"
    LABEL = "label_flipped"
    DIGIT = "digit_changed"
    PLUS_ONE = "numbers_plus_one"
    SWAPPED = "field_swapped"
    DROPPED = "field_dropped"
    NEGATED = "sentence_negated"
    SHUFFLED = "words_shuffled"
    SORTED = "words_sorted"

    @property
    def words(self) -> str:
        """The damaged answers, in the plural."""
        return CONTROLS[self]


CONTROLS: dict[Control, str] = {
    Control.ANOTHER: "answers to other questions",
    Control.MOST_FREQUENT: "answers that are always the most frequent one",
    Control.EMPTY: "empty answers",
    Control.PROMPT: "answers that echo the prompt",
    Control.CUT: "answers cut at half",
    Control.LABEL: "answers with another label",
    Control.DIGIT: "answers with one digit changed",
    Control.PLUS_ONE: "answers with every number plus one",
    Control.SWAPPED: "answers with one field swapped",
    Control.DROPPED: "answers with one field dropped",
    Control.NEGATED: "answers with a sentence negated",
    Control.SHUFFLED: "answers with their words shuffled",
    Control.SORTED: "answers with their words sorted",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlResult:
    """One way of damage on one route.

    Attributes:
        control: Which.
        tried: Answers that the criteria accept as they are and that the damage changed.
        accepted: Of these, answers that the criteria still accept when damaged.
        unscored: Damaged answers that the criteria could not judge; they are not among `tried`.
        share: `accepted` of `tried` with its two-sided 95 % interval (Wilson); None where nothing was tried.
        limit: Share that the route allows.
    """

    control: Control
    tried: int
    accepted: int
    unscored: int = 0
    share: Estimate | None = None
    limit: float

    @property
    def fails(self) -> bool:
        """Whether the criteria accept too much: above the limit, and of few answers beyond doubt."""
        if self.share is None or self.share.est <= self.limit:
            return False
        return self.tried >= LEAST_ANSWERS or (self.share.lo or 0.0) > self.limit

    @property
    def too_few(self) -> bool:
        """Above the limit, but on too few answers to say so; the route is not blamed for it."""
        return self.share is not None and self.share.est > self.limit and not self.fails

    @property
    def sentence(self) -> str:
        """`your criteria accept 41 % of answers to other questions`, without a full stop."""
        share = 0.0 if self.share is None else self.share.est
        return f"your criteria accept {percent(share)} of {self.control.words}"


class Doubt(StrEnum):
    """Why criteria may not certify anything; `DOUBTS` has each as a sentence."""

    UNSCORABLE = "unscorable"
    UNSATISFIABLE = "unsatisfiable"
    NOTHING_PASSES = "nothing_passes"
    STRATUM_FAILS = "stratum_fails"
    FORM_ONLY = "form_only"
    ACCEPTS_DAMAGE = "accepts_damage"


DOUBTS: dict[Doubt, str] = {
    Doubt.UNSCORABLE: "its criteria cannot score {share} of the log's own answers",
    Doubt.UNSATISFIABLE: "no answer to {share} of its requests can meet what its criteria expect",
    Doubt.NOTHING_PASSES: "its criteria accept none of the log's own answers",
    Doubt.STRATUM_FAILS: "its criteria accept none of the log's own answers in a part of the route",
    Doubt.FORM_ONLY: "its criteria see the form of an answer alone, which proves nothing about what it says",
    Doubt.ACCEPTS_DAMAGE: "its criteria accept answers that were damaged on purpose",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LogProblem:
    """Something that scoring the log's own answers has found.

    Attributes:
        doubt: Its kind.
        detail: Criterion and cause, without any text of an answer.
        count: Answers that have it.
        of: Answers that were looked at.
        example_id: Exchange of one of them; `audit show` takes it.
        stops: There are too many of them for a verdict.
    """

    doubt: Doubt
    detail: str
    count: int
    of: int
    example_id: str
    stops: bool

    @property
    def sentence(self) -> str:
        """With its counts, its cause and an example, without a full stop."""
        share = percent_brief(round(self.count / self.of, 3)) if self.of else "none"
        said = DOUBTS[self.doubt].format(share=share)
        where = f": {self.detail}" if self.detail else ""
        return f"{said} ({self.count:,} of {self.of:,}){where}; for example {self.example_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CriteriaCheck:
    """What a route's criteria are worth, by the log's own answers.

    Attributes:
        grade: The weakest grade that decides more than a twentieth of the answers.
        grades: Of every criterion, by its name in the report.
        shares: Share of the answers that each grade decides.
        confirmed: False where the criteria were drafted from the log and nobody has confirmed them.
        answers: The log's answers that were scored.
        accepted: Those that the criteria accept.
        problems: What scoring them has found, worst first.
        controls: One result per way of damage that applies to the route's answers.
    """

    grade: Grade
    grades: dict[str, Grade] = field(default_factory=dict)
    shares: dict[str, float] = field(default_factory=dict)
    confirmed: bool = True
    answers: int = 0
    accepted: int = 0
    problems: tuple[LogProblem, ...] = ()
    controls: tuple[ControlResult, ...] = ()

    @property
    def failed(self) -> tuple[ControlResult, ...]:
        """Controls that the criteria fail, the one that they accept most of first."""
        found = [result for result in self.controls if result.fails and result.share is not None]
        return tuple(sorted(found, key=lambda r: (-r.share.est if r.share else 0.0, list(Control).index(r.control))))

    @property
    def doubt(self) -> Doubt | None:
        """Why the criteria may not certify anything; None where they may."""
        stops = next((problem.doubt for problem in self.problems if problem.stops), None)
        if stops is not None:
            return stops
        if self.grade is Grade.FORM:
            return Doubt.FORM_ONLY
        return Doubt.ACCEPTS_DAMAGE if self.failed else None

    @property
    def may_certify(self) -> bool:
        """Whether a verdict may rest on these criteria."""
        return self.doubt is None

    @property
    def reason(self) -> str:
        """Why they may not, in one sentence without a full stop; "" where they may."""
        match self.doubt:
            case None:
                return ""
            case Doubt.FORM_ONLY:
                return DOUBTS[Doubt.FORM_ONLY]
            case Doubt.ACCEPTS_DAMAGE:
                # An answer to another question says most to a reader, so it goes first when it is among the failed.
                other = next((r for r in self.failed if r.control is Control.ANOTHER), self.failed[0])
                more = len(self.failed) - 1
                return other.sentence + (f", and too much of {plural(more, 'other damage')}" if more else "")
            case _:
                return next(problem.sentence for problem in self.problems if problem.stops)
