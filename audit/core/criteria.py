"""What a route's criteria are worth: tested on the log's own answers, before they may decide and before money is spent.

Three questions are asked of every route: how much its criteria know of an answer (`Grade`), whether they can score
what the log itself answered (`LogProblem`), and whether they notice when these answers are damaged on purpose
(`Control`). What comes of it is one `CriteriaCheck`; plan, findings and every output draw from it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar

from audit.core.display import kappa_interval, listing, percent_interval, percent_share, plural, usd_parts
from audit.core.interval import Estimate
from audit.core.labels import DrawnLabels
from audit.core.reason import Because, Reason, because

ID_SHOWN = 12
"""Characters of an exchange's id that tell it from others."""

LEAST_ANSWERS = 20
"""Damaged answers from which a share above the limit counts by itself; of fewer, its lower bound must be above."""


class Grade(StrEnum):
    """How much a criterion knows of the right answer, weakest first. Compare `rank`, not the words."""

    FORM = "form"
    DEMANDED = "demanded"
    AGREEMENT = "agreement"
    JUDGED = "judged"
    RIGHT = "right"

    @property
    def rank(self) -> int:
        """0 for the weakest."""
        return list(Grade).index(self)

    @property
    def compares(self) -> bool:
        """Whether it holds an answer against something that depends on the request, so no check of it could."""
        return self in (Grade.AGREEMENT, Grade.JUDGED, Grade.RIGHT)

    @property
    def words(self) -> str:
        """What an answer that holds is shown to be."""
        return GRADES[self]


GRADES: dict[Grade, str] = {
    Grade.FORM: "the form of an answer",
    Grade.DEMANDED: "the text that you demand of every answer",
    Grade.AGREEMENT: "agreement with the incumbent",
    Grade.JUDGED: "the verdict of a judge, corrected by your labels",
    Grade.RIGHT: "the right answer",
}


def own_answers_tell(grades: Iterable[Grade]) -> bool:
    """Whether what people say of the log's own answers tells anything of criteria of these grades: those that compare
    with these very answers accept them by construction, and form is no question to people.
    """
    return any(grade.rank > Grade.AGREEMENT.rank for grade in grades)


UNTESTED = "criteria that nobody tested"


def proven_by(grade: Grade | None) -> str:
    """What a verdict is proven by, for a sentence: `the right answer`; None where the criteria were not tested."""
    return UNTESTED if grade is None else grade.words


def split_by_grade(by_grade: Mapping[str, float]) -> str:
    """`$133 by the right answer, $28 by agreement with the incumbent`; "" for no dollars.

    Args:
        by_grade: Dollars by `Grade`, "" for untested criteria. What is shown adds up to the total as it is shown.
    """
    known = [(grade.value, grade.words) for grade in reversed(Grade)] + [("", UNTESTED)]
    held = [(name, words) for name, words in known if by_grade.get(name)]
    shown = usd_parts({name: by_grade[name] for name, _ in held})
    return ", ".join(f"{shown[name]} by {words}" for name, words in held)


LEAST_LABELS = 50
"""Answers with a person's label below which no judge decides: of fewer, its error is hardly known."""


class Control(StrEnum):
    """A way of damaging an answer that the criteria accept, so that they should no longer accept it."""

    ANOTHER = "another_answer"
    NEAREST = "nearest_answer"
    SECOND = "second_answer"
    MOST_FREQUENT = "most_frequent"
    EMPTY = "empty"
    PROMPT = "prompt_echoed"
    CUT = "cut_at_half"
    LABEL = "label_flipped"
    DIGIT = "digit_changed"
    PLUS_ONE = "numbers_plus_one"
    SWAPPED = "field_swapped"
    EXCHANGED = "fields_exchanged"
    DROPPED = "field_dropped"
    NEGATED = "sentence_negated"
    WORD = "word_exchanged"
    CODE = "code_exchanged"
    SHUFFLED = "words_shuffled"
    SORTED = "words_sorted"
    REVERSED = "list_reversed"
    CALLS_REVERSED = "calls_reversed"
    ITEM_DROPPED = "item_dropped"
    ITEM_REPEATED = "item_repeated"
    CONSTANT = "own_constant"
    DENIED = "denied_among_others"
    ADDRESSED = "judge_addressed"

    @property
    def words(self) -> str:
        """The damaged answers, in the plural."""
        return CONTROLS[self]


CONTROLS: dict[Control, str] = {
    Control.ANOTHER: "answers to other questions",
    Control.NEAREST: "answers to the other questions that are answered most alike",
    Control.SECOND: "answers that are taken back for the answer to another question",
    Control.MOST_FREQUENT: "answers that are always the most frequent one",
    Control.EMPTY: "empty answers",
    Control.PROMPT: "answers that echo the prompt",
    Control.CUT: "answers cut at half",
    Control.LABEL: "answers with another label",
    Control.DIGIT: "answers with one digit changed",
    Control.PLUS_ONE: "answers with every number plus one",
    Control.SWAPPED: "answers with one field swapped",
    Control.EXCHANGED: "answers with the values of two fields exchanged",
    Control.DROPPED: "answers with one field dropped",
    Control.NEGATED: "answers with a sentence negated",
    Control.WORD: "answers with one word exchanged",
    Control.CODE: "answers with one code exchanged",
    Control.SHUFFLED: "answers with their words shuffled",
    Control.SORTED: "answers with their words sorted",
    Control.REVERSED: "answers with a list in reverse order",
    Control.CALLS_REVERSED: "answers with their calls in reverse order",
    Control.ITEM_DROPPED: "answers with an item of a list dropped",
    Control.ITEM_REPEATED: "answers with an item of a list repeated",
    Control.CONSTANT: "answers that are always a constant of the criteria themselves",
    Control.DENIED: "answers that are denied, alone or among answers to other questions",
    Control.ADDRESSED: "answers to other questions that tell the judge to accept them",
}


_CONTENT = "compare what an answer says with a right answer, or with the incumbent's"
_FIELDS = "compare every field that counts by its name (`json-fields`)"
_NUMBERS = "compare the numbers too (`numeric`, also for fields)"
_DENIAL = "compare exactly or ask a judge, since likeness cannot tell a statement from its denial"
_WORDS = "compare exactly, or raise the threshold"
_ITEMS = "compare the items of lists (`set`, or `exact` where their order counts)"
REMEDIES: dict[Control, str] = {
    Control.ANOTHER: _CONTENT,
    Control.NEAREST: _CONTENT,
    Control.SECOND: "say which value of an answer counts (`which: only`), or compare the whole answer",
    Control.MOST_FREQUENT: _CONTENT,
    Control.EMPTY: _CONTENT,
    Control.PROMPT: _CONTENT,
    Control.CUT: "compare the whole answer",
    Control.LABEL: "compare the label itself (`one-of`, `equals`)",
    Control.DIGIT: _NUMBERS,
    Control.PLUS_ONE: _NUMBERS,
    Control.SWAPPED: _FIELDS,
    Control.EXCHANGED: _FIELDS,
    Control.DROPPED: _FIELDS,
    Control.NEGATED: _DENIAL,
    Control.WORD: _WORDS,
    Control.CODE: _WORDS,
    Control.SHUFFLED: _WORDS,
    Control.SORTED: _WORDS,
    Control.REVERSED: _ITEMS,
    Control.CALLS_REVERSED: "keep the order of calls (`order: kept`)",
    Control.ITEM_DROPPED: _ITEMS,
    Control.ITEM_REPEATED: _ITEMS,
    Control.CONSTANT: _CONTENT,
    Control.DENIED: _DENIAL,
    Control.ADDRESSED: "take another judge, or a criterion that no text can talk to",
}
"""What refuses answers that were damaged so: said where criteria accept too many of them."""


DAMAGED_FOR_JUDGES = 20
"""Labelled answers of a route that are damaged where a judge decides, at most, once for each of `BY_JUDGES`."""

BY_JUDGES = frozenset(
    {Control.ANOTHER, Control.EMPTY, Control.PROMPT, Control.NEGATED, Control.SHUFFLED, Control.ADDRESSED}
)
"""Controls of criteria that ask a judge: each damaged answer is a paid question, so they are few. The last is theirs
alone: nobody can talk to the others."""


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
        by_judge: A judge was asked, whose own error makes the share vary: only beyond doubt it is too much.
    """

    SPARSE: ClassVar[tuple[str, ...]] = ("by_judge",)

    control: Control
    tried: int
    accepted: int
    unscored: int = 0
    share: Estimate | None = None
    limit: float
    by_judge: bool = False

    @property
    def fails(self) -> bool:
        """Whether the criteria accept too much: above the limit, and of few answers beyond doubt."""
        if self.share is None or self.share.est <= self.limit:
            return False
        return (self.tried >= LEAST_ANSWERS and not self.by_judge) or (self.share.lo or 0.0) > self.limit

    @property
    def too_few(self) -> bool:
        """Above the limit, but on too few answers to say so; the route is not blamed for it."""
        return self.share is not None and self.share.est > self.limit and not self.fails

    @property
    def percent(self) -> str:
        """The accepted share for people; `not tried` where there was nothing to damage."""
        return "not tried" if self.share is None else percent_share(self.share.est)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogProblem:
    """Something that scoring the log's own answers has found.

    Attributes:
        reason: Its kind: `CRITERIA_CANNOT_SCORE`, `EXPECTATION_IMPOSSIBLE`, `CRITERIA_LEAVE_OUT`,
            `REFERENCES_NOT_RANDOM`, `REFERENCES_MISS`, `NOTHING_PASSES`,
            `PART_PASSES_NOTHING`, `HARDLY_PASSES`, `DRAFT_REJECTS`, `ONE_ANSWER_SUFFICES`,
            `TEXT_BESIDE_CALLS`, `FIELDS_UNCOMPARED`, `SEVERAL_VALUES`, `PART_SEES_FORM` or `FAILS_UNCOMPARED`.
        detail: Criterion and cause, without any text of an answer.
        count: Answers that have it.
        of: Answers that were looked at.
        example_id: Exchange of one of them; `audit show` takes it.
        stops: There are too many of them for a verdict.
    """

    reason: Reason
    detail: str
    count: int
    of: int
    example_id: str
    stops: bool

    @property
    def because(self) -> Because:
        """With its counts, its cause and an example, by the first characters of its id, as in `audit show`."""
        example = self.example_id[:ID_SHOWN]
        return because(self.reason, count=self.count, of=self.of, detail=self.detail, example=example)


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """How far a route's criteria agree with people, each with its interval.

    Attributes:
        sensitivity: Share of right answers that the criteria accept.
        specificity: Share of wrong answers that the criteria do not accept.
        kappa: Agreement beyond what chance would give, at most 1; None where only one verdict occurs.
        always_accepts: Share of the labelled answers that are right: the agreement of a judge that accepts everything.
        agrees: Share on which the criteria and people say the same.
    """

    sensitivity: Estimate | None
    specificity: Estimate | None
    kappa: Estimate | None
    always_accepts: float
    agrees: float

    @property
    def words(self) -> str:
        """For people."""
        said = [
            f"{name} {percent_interval(one, 0)}"
            for name, one in (("sensitivity", self.sensitivity), ("specificity", self.specificity))
            if one is not None
        ]
        if self.kappa is not None:
            said.append(f"kappa {kappa_interval(self.kappa)}")
        said.append(
            f"the same verdict on {percent_share(self.agrees)} "
            f"(accepting everything: {percent_share(self.always_accepts)})"
        )
        return ", ".join(said)


UNEVEN = 0.01
"""Probability from which a difference between what the criteria make of the log's own labelled answers and of others
counts as more than chance."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnevenError:
    """Criteria that were shown to err otherwise on the log's own answers than on others: no correction holds for both.

    Attributes:
        right: Of answers that people call right; else of wrong ones.
        own: Labelled answers of the log, and `own_accepted` of these.
        other: Labelled answers of other tiers, and `other_accepted` of these.
        p: Exact probability of so large a difference by chance.
    """

    right: bool
    own_accepted: int
    own: int
    other_accepted: int
    other: int
    p: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """Answers that people have judged, with what the criteria make of them.

    Attributes:
        right: Answers that people call right.
        right_accepted: Of these, answers that the criteria accept.
        wrong: Different answers that people call wrong: one that is given to many requests is one fault.
        wrong_accepted: Of these, answers that the criteria accept.
        disputed: Answers of which as many people say that they are right as that they are wrong; they are in no other
            count, and at their worst in every bound.
        disputed_accepted: Of these, answers that the criteria accept.
        unscored: Judged answers that the criteria could not score; they are in no other count.
        unknown: Lines whose request is not among the route's requests in this log.
        shown: Youden's index with its interval, for people: the part of a true loss that the criteria show; None where
            it cannot be told.
        content: The same by the criteria alone that see what an answer says; None within itself.
        people: Who said so, by name; lines that name nobody are none of them.
        kappa: Agreement of the two people who judged most of the same answers, the criteria apart; None where no two
            did, or where chance would agree as well.
        waiting_right: Answers that people call right and a judge of the route has not been asked about; in no other
            count.
        waiting_wrong: The same of wrong answers.
        agreement: How far the criteria agree with people; None where nothing is counted.
        repeated: Wrong answers beyond these that say what one of them says; they are in no other count.
        uneven: The criteria err otherwise on the log's own answers than on others; None where that is not shown.
    """

    SPARSE: ClassVar[tuple[str, ...]] = (
        *("disputed", "disputed_accepted", "people", "kappa", "repeated"),
        *("waiting_right", "waiting_wrong", "agreement", "uneven"),
    )

    right: int = 0
    right_accepted: int = 0
    wrong: int = 0
    wrong_accepted: int = 0
    disputed: int = 0
    disputed_accepted: int = 0
    unscored: int = 0
    unknown: int = 0
    shown: Estimate | None = None
    content: Labelled | None = None
    people: int = 0
    kappa: Estimate | None = None
    waiting_right: int = 0
    waiting_wrong: int = 0
    agreement: Agreement | None = None
    repeated: int = 0
    uneven: UnevenError | None = None

    @classmethod
    def of(cls, right: Sequence[bool | None], accepted: Sequence[bool | None], faults: Sequence[str]) -> Labelled:
        """Count judged answers; equal faults are one, and accepted if one of them is.

        Args:
            right: What people say of each answer; None for what they dispute.
            accepted: Whether the criteria accept it; None where they could not score it.
            faults: From `core.labels.faults`.
        """
        scored = [one for one in zip(right, accepted, faults, strict=True) if one[1] is not None]
        pairs = [(good, bool(holds)) for good, holds, _ in scored]
        wrong: dict[str, bool] = {}
        for good, holds, fault in scored:
            if good is False:
                wrong[fault] = wrong.get(fault, False) or bool(holds)
        return cls(
            right=sum(good is True for good, _ in pairs),
            right_accepted=sum(good is True and holds for good, holds in pairs),
            wrong=len(wrong),
            wrong_accepted=sum(wrong.values()),
            repeated=sum(good is False for good, _ in pairs) - len(wrong),
            disputed=sum(good is None for good, _ in pairs),
            disputed_accepted=sum(good is None and holds for good, holds in pairs),
            unscored=len(right) - len(pairs),
        )

    @property
    def disputed_rejected(self) -> int:
        """Disputed answers that the criteria do not accept."""
        return self.disputed - self.disputed_accepted

    @property
    def waiting(self) -> int:
        """Labelled answers that a judge has yet to be asked about."""
        return self.waiting_right + self.waiting_wrong

    @property
    def counted(self) -> int:
        """Labelled answers that the criteria could score."""
        return self.right + self.wrong

    @property
    def words(self) -> str:
        """What the criteria make of the judged answers, for people."""
        said = (
            f"of answers that people have judged, the criteria accept {self.right_accepted} of {self.right} right ones "
            f"and {self.wrong_accepted} of {self.wrong} wrong ones"
        )
        if self.repeated:
            said += f" ({self.repeated:,} more say the same as one of these, and count once)"
        if self.shown is None or self.shown.lo is None or self.shown.hi is None:
            return said
        return f"{said}, so they show {percent_interval(self.shown, 0)} of a loss"


@dataclass(frozen=True, slots=True, kw_only=True)
class GoldAnswers:
    """The part of a route that a gold set has right answers of, where it has them of a part alone.

    Attributes:
        criteria: Names of the criteria that compare with the gold set.
        requests: Looked-at requests that it has an answer of.
        of: Requests that were looked at.
        accepted: Of `requests`, those whose logged answer these criteria accept.
    """

    criteria: tuple[str, ...]
    requests: int
    of: int
    accepted: int

    @property
    def words(self) -> str:
        """For people."""
        return (
            f"gold set: {plural(self.requests, 'request')} of {self.of:,} that were looked at have a right answer; "
            f"of what the log answered there, {self.accepted:,} {'is' if self.accepted == 1 else 'are'} right"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CriteriaCheck:
    """What a route's criteria are worth, by the log's own answers.

    Attributes:
        grade: The grade that decides all but a fiftieth of the answers, or a higher one does.
        grades: Of every criterion, by its name in the report.
        shares: Share of the answers that each grade decides, of those that it says something of.
        confirmed: False where the criteria were drafted from the log and nobody has confirmed them.
        answers: The log's answers that were scored.
        accepted: Those that the criteria accept.
        problems: What scoring them has found, worst first.
        controls: One result per way of damage that applies to the route's answers.
        leaves_open: What a draft that nobody has confirmed compares loosely or not at all, in words; it may then not
            certify anything.
        labelled: What they make of answers that people have judged; None where the route has none.
        judges: Tiers that judge by a criterion that decides; they decide as far as labels show them to be right.
        labels_wanted: Labels of answers that somebody chose which would about settle the route, where a judge decides;
            None where none would, or where that has not been worked out.
        random_wanted: Pairs of the sample that would about settle it when people judge them in its random order, once a
            candidate has answered; None likewise.
        labels_between: The same for a judge that never errs and for one that errs on a fifth of answers; None where
            the judge was asked about labels, so that how often it errs is known.
        kin: By judge, the models that it judges and that are of its own family, which judges tend to favour.
        digest: Of everything that decides whether they accept an answer; "" where that is not known.
        gold: What a gold set of a part of the route says; None where there is none, or where it is of all of it.
        drawn: By candidate, labels of pairs that were drawn at random and are all judged: they decide, and the labels
            above correct nothing of it.
    """

    SPARSE: ClassVar[tuple[str, ...]] = (
        *("judges", "labels_wanted", "labels_between", "random_wanted"),
        *("kin", "digest", "gold", "drawn"),
    )

    grade: Grade
    grades: dict[str, Grade] = field(default_factory=dict)
    shares: dict[str, float] = field(default_factory=dict)
    confirmed: bool = True
    answers: int = 0
    accepted: int = 0
    problems: tuple[LogProblem, ...] = ()
    controls: tuple[ControlResult, ...] = ()
    leaves_open: tuple[str, ...] = ()
    labelled: Labelled | None = None
    judges: tuple[str, ...] = ()
    labels_wanted: int | None = None
    labels_between: tuple[int | None, int | None] | None = None
    random_wanted: int | None = None
    kin: dict[str, tuple[str, ...]] = field(default_factory=dict)
    digest: str = ""
    gold: GoldAnswers | None = None
    drawn: dict[str, DrawnLabels] = field(default_factory=dict)

    @property
    def own_answers_tell(self) -> bool:
        """Whether labels of the log's own answers tell anything of these criteria."""
        return own_answers_tell(self.grades.values())

    @property
    def kin_words(self) -> str:
        """Which judges judge their own family, for people; "" where none does."""
        said = [f"{judge} is of the same family as {listing(models)}" for judge, models in self.kin.items()]
        return f"{listing(said)}; judges tend to favour their own" if said else ""

    @property
    def unlabelled(self) -> Because | None:
        """Why there are too few labels for a judge to decide, before it is asked about any; None where there are
        enough, or no judge decides.
        """
        if not self.judges:
            return None
        found = self.labelled or Labelled()
        right, wrong = found.right + found.waiting_right, found.wrong + found.waiting_wrong
        if right + wrong >= LEAST_LABELS and right and wrong:
            return None
        have = "no label of a person says how often it is right"
        if right + wrong:
            few = right + wrong < LEAST_LABELS
            kind = "right" if right else "wrong"
            have = f"{plural(right + wrong, 'label')} of people " + (
                "say too little of how often it is right" if few else f"are all of {kind} answers"
            )
        return because(Reason.JUDGE_NEEDS_LABELS, judge=listing(self.judges), have=have, about=self._about)

    @property
    def unchecked(self) -> Because | None:
        """Why what is known of the judges does not suffice for a verdict; None where it does, or no judge decides."""
        if self.unlabelled is not None or not self.judges:
            return self.unlabelled
        found = self.labelled or Labelled()
        if found.counted >= LEAST_LABELS and found.right and found.wrong:
            return None
        return because(Reason.JUDGE_NOT_CHECKED, judge=listing(self.judges), count=f"{found.counted:,}")

    @property
    def random_words(self) -> str:
        """How many pairs in random order would about settle it, as a part of a sentence; "" where that takes more than
        labels that somebody chose, or where none would."""
        chosen, drawn = self.labels_wanted, self.random_wanted
        if drawn is None or (chosen is not None and chosen <= LEAST_LABELS + drawn):
            return ""
        return f"about {plural(drawn, 'pair')} drawn at random once a candidate has answered (audit label)"

    @property
    def drawn_words(self) -> str:
        """Which candidates' verdicts are read from people's words, for people; "" where none is."""
        said = [f"the first {plural(one.first, 'pair')} in random order of {tier}" for tier, one in self.drawn.items()]
        return f"people have judged {listing(said)}: these decide" if said else ""

    @property
    def _about(self) -> str:
        chosen = self._about_chosen
        if not self.random_words:
            return chosen
        return f"{chosen}; {LEAST_LABELS} let the judge be asked, and then {self.random_words} would"

    @property
    def _about_chosen(self) -> str:
        usual, (never, often) = self.labels_wanted, self.labels_between or (None, None)
        if usual is None and never is None:
            return "no number of labels would settle it with the requests that it has"
        if self.labels_between is None or never == usual == often:
            return f"about {usual:,} labels would settle it"
        if usual is None:
            return f"about {never:,} labels would settle it if the judge never errs, no number if it errs on a tenth"
        most = "no number" if often is None else f"{often:,}"
        return (
            f"about {usual:,} labels would settle it if the judge errs on a tenth of answers, {never:,} if it never "
            f"does, {most} if it errs on a fifth"
        )

    @property
    def failed(self) -> tuple[ControlResult, ...]:
        """Controls that the criteria fail, the one that they accept most of first."""
        found = [result for result in self.controls if result.fails and result.share is not None]
        return tuple(sorted(found, key=lambda r: (-r.share.est if r.share else 0.0, list(Control).index(r.control))))

    @property
    def why(self) -> Because | None:
        """Why the criteria may not certify anything; None where they may."""
        stops = next((problem.because for problem in self.problems if problem.stops), None)
        if stops is not None:
            return stops
        if self.grade is Grade.FORM:
            if self.leaves_open:
                return because(Reason.CRITERIA_UNCONFIRMED, detail=listing(self.leaves_open))
            return because(Reason.CRITERIA_SEE_FORM)
        if self.unlabelled is not None:
            return self.unlabelled
        told = None if self.labelled is None else self.labelled.shown
        if self.labelled is not None and told is not None and not (told.lo or 0.0) > 0:
            return because(Reason.CRITERIA_NOT_SHOWN_TO_TELL, detail=self.labelled.words)
        uneven = None if self.labelled is None else self.labelled.uneven
        if uneven is not None:
            return because(
                Reason.CRITERIA_ERR_UNEVENLY,
                kind="right" if uneven.right else "wrong",
                own=f"{uneven.own_accepted:,} of {uneven.own:,}",
                other=f"{uneven.other_accepted:,} of {uneven.other:,}",
            )
        if not self.failed:
            return None
        # An answer to another question says most to a reader, so it goes first when it is among the failed.
        first = next((result for result in self.failed if result.control is Control.ANOTHER), self.failed[0])
        others = len(self.failed) - 1
        more = f", and too many of {plural(others, 'other kind')} of damaged answers" if others else ""
        more += f"; {REMEDIES[first.control]}"
        return because(Reason.CRITERIA_ACCEPT_DAMAGE, share=first.percent, what=first.control.words, more=more)

    @property
    def may_certify(self) -> bool:
        """Whether a verdict may rest on these criteria."""
        return self.why is None
