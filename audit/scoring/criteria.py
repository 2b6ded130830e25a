"""A route's `assert:` list, validated and compiled into criteria."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

from audit.core.criteria import Grade
from audit.core.errors import AuditError, ConfigError, UnknownName, nearest
from audit.core.fingerprint import fingerprint
from audit.core.outcome import READ, Errored, NotApplicable, Outcome, Scored
from audit.core.settings import CriterionSettings, RouteSettings
from audit.embeddings import Embedder
from audit.scoring.context import Context
from audit.scoring.expected.files import code_sha256, read_value
from audit.scoring.judges.check import NO_REPLIES, JudgedCheck, LaterOrders, Question, Replies
from audit.scoring.scorer import (
    Alternative,
    BatchCheck,
    Check,
    ExpectsCalls,
    Options,
    Scorer,
    Takes,
    guarded,
    no_embedder,
    shown,
)
from audit.scoring.scorers import ALIASES, NOT_SUPPORTED, SCORERS
from audit.scoring.texts.extract import FIRST_MATCH, Extract, build_extract

NEGATION = "not-"
NOTHING_EXTRACTED = "nothing extracted"

READING = 5
"""Raised with every change to how values are taken out of answers; part of the key of scores that do."""

_NAME_HINT_CHARS = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Criterion:
    """One entry of a route's `assert:` list, ready to score.

    Attributes:
        name: In the report, unique within the route.
        position: In the list, from 0.
        scorer: The type as written, `not-` included.
        version: Of the scorer.
        options_fp: Digest of everything in the entry that can change a score, files included.
        weight: Share in the route's `threshold`; 0 means measured but not judged.
        reads: Parts of the context, beside the completion, that decide the score.
        embeds: It needs an embedding model.
        expects_calls: As of its scorer.
        searches: It looks for a text, and leaves the rest of the answer alone.
        notes: Sentences for the report.
        grade: The most that it can show of an answer.
        demands: Constant texts that every acceptable answer must say.
        alternatives: Constants that it accepts beside other values.
        leaves_open: What it lets differ between an answer and its value, in words.
        options: What only its scorer understands, as written.
    """

    name: str
    position: int
    scorer: str
    version: int
    options_fp: str
    weight: float
    check: Check
    negated: bool = False
    extract: Extract | None = None
    reads: frozenset[str] = frozenset()
    embeds: bool = False
    expects_calls: ExpectsCalls | None = None
    searches: bool = False
    notes: tuple[str, ...] = ()
    grade: Grade = Grade.FORM
    demands: tuple[str, ...] = ()
    alternatives: tuple[Alternative, ...] = ()
    leaves_open: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)

    def grade_on(self, context: Context) -> Grade:
        """What it shows of this answer: one that compares with a reference or else with the incumbent needs the former
        to show that an answer is right. Where no call is expected, that an answer makes none is its form.
        """
        if self.expects_calls is not None and self.grade.compares and not self.expects_calls(context, self.reads):
            return Grade.FORM
        if self.grade is Grade.RIGHT and "incumbent" in self.reads and context.reference is None:
            return Grade.AGREEMENT
        return self.grade

    @property
    def sees_calls(self) -> bool:
        """Whether it looks at the calls of an answer: a scorer of calls, or a function that is given all of it."""
        return self.expects_calls is not None or self.scorer == "python"

    @property
    def compares_texts(self) -> bool:
        """Whether an answer that says something else fails it: not one of form, and not one of calls alone."""
        return self.grade.compares and not self.negated and self.weight > 0 and self.expects_calls is None

    @property
    def judges(self) -> tuple[str, ...]:
        """Names of the tiers that judge; empty for a criterion that asks nobody."""
        return self.check.judges if isinstance(self.check, JudgedCheck) else ()

    def questions(self, context: Context) -> list[Question]:
        """Everything that judges can be asked of an answer; nothing where the criterion needs none, or cannot ask."""
        return self._asked(context, lambda check, shown: check.questions(shown))

    def pending(self, context: Context) -> list[Question]:
        """What judges have to be asked next, by what they have replied so far; nothing once there is a verdict."""
        return self._asked(context, lambda check, shown: check.pending(shown))

    def later_orders(self, context: Context) -> LaterOrders:
        """What became of the questions in which judges see the answers in another order; none where nobody compares."""
        found = self._judged(context, lambda check, shown: check.later_orders(shown))
        return found if isinstance(found, LaterOrders) else LaterOrders()

    def _asked(self, context: Context, of: Callable[[JudgedCheck, Context], list[Question]]) -> list[Question]:
        asked = self._judged(context, of)
        return asked if isinstance(asked, list) else []

    def _judged(self, context: Context, of: Callable[[JudgedCheck, Context], object]) -> object:
        """What the check says of an answer as it is shown; None where nobody judges, or there is nothing to show."""
        check = self.check
        if not isinstance(check, JudgedCheck):
            return None
        if self.extract is not None:
            found = guarded(self._extracted, context)
            if isinstance(found, NotApplicable | Errored) or found[0] is None:
                return None
            context = context.with_text(found[0])
        return guarded(lambda shown: of(check, shown), context)

    def score(self, contexts: Sequence[Context]) -> list[Outcome]:
        """One outcome per context, in order. Never raises for what a completion holds."""
        if self.extract is None:
            return [_sound(outcome) for outcome in self._run(contexts)]
        outcomes: list[Outcome] = [Scored(value=0.0, passed=False, reason=NOTHING_EXTRACTED)] * len(contexts)
        places, extracted, chosen = [], [], []
        for place, context in enumerate(contexts):
            found = guarded(self._extracted, context)
            if isinstance(found, NotApplicable | Errored):
                outcomes[place] = found
            elif found[0] is not None:
                places.append(place)
                extracted.append(context.with_text(found[0]))
                chosen.append({READ: FIRST_MATCH} if found[1] else {})
        for place, context, read, outcome in zip(places, extracted, chosen, self._run(extracted), strict=True):
            outcomes[place] = _sound(_with_evidence(outcome, extracted=shown(context.text), **read))
        return outcomes

    def _extracted(self, context: Context) -> tuple[str | None, bool]:
        assert self.extract is not None
        return self.extract.read(context.text)

    def _run(self, contexts: Sequence[Context]) -> list[Outcome]:
        outcomes = run_check(self.check, contexts)
        return [_negated(outcome) for outcome in outcomes] if self.negated else outcomes


def orders_of(criterion: Criterion, context: Context, outcome: Outcome) -> list[tuple[str, tuple[str, str]]]:
    """What each judge said of two answers in both orders, by its name; nothing where nobody compared, or where the
    second order was asked only because of what was said in the first.
    """
    check = criterion.check
    if not isinstance(check, JudgedCheck) or not isinstance(outcome, Scored):
        return []
    panel = outcome.evidence.get("panel")
    said = panel if isinstance(panel, Mapping) else {criterion.judges[0]: outcome.evidence}
    both = [(judge, tuple(one["orders"])) for judge, one in said.items() if len(one.get("orders", ())) == 2]
    return both if both and check.audited(context) else []


def later_orders(criteria: Sequence[Criterion], context: Context) -> tuple[int | None, int | None, int | None]:
    """What became of the questions in which judges see two answers in another order: how many were asked, how many of
    these failed, how many were left because the first reply settled it; nulls where there are none.
    """
    found = LaterOrders()
    for criterion in criteria:
        found += criterion.later_orders(context)
    return (found.asked, found.failed, found.left) if found != LaterOrders() else (None, None, None)


def run_check(check: Check, contexts: Sequence[Context]) -> list[Outcome]:
    """Score contexts, together where the check can; when that fails, one by one, so that one cannot spoil the rest."""
    if isinstance(check, BatchCheck) and len(contexts) > 1:
        try:
            return list(check.score_many(contexts))
        except Exception:
            return [guarded(check, context) for context in contexts]
    return [guarded(check, context) for context in contexts]


def _negated(outcome: Outcome) -> Outcome:
    if not isinstance(outcome, Scored):
        return outcome
    reason = "holds, and must not" if outcome.passed else ""
    return Scored(value=1 - outcome.value, passed=not outcome.passed, reason=reason, evidence=outcome.evidence)


def _with_evidence(outcome: Outcome, **more: Any) -> Outcome:
    if not isinstance(outcome, Scored):
        return outcome
    evidence = {**outcome.evidence, **more}
    return Scored(value=outcome.value, passed=outcome.passed, reason=outcome.reason, evidence=evidence)


def _sound(outcome: Outcome) -> Outcome:
    """The outcome, or an error where a scorer returned something that is none."""
    if not isinstance(outcome, Scored):
        return outcome
    value, passed = cast(Any, outcome.value), cast(Any, outcome.passed)  # of a function of the user's, anything
    if not isinstance(passed, bool) or not isinstance(value, _NUMBERS):
        return Errored(error="the scorer returned something else than a number and a yes or no")
    if not 0 <= value <= 1:
        return Errored(error="the scorer returned a value outside [0, 1]")
    return outcome


_NUMBERS = (int, float)
"""Written once: a union of types in a test for each answer takes longer than the test."""


def criteria_of(
    entry: RouteSettings,
    directory: Path,
    *,
    embedder: Callable[[], Embedder] = no_embedder,
    replies: Replies = NO_REPLIES,
) -> tuple[Criterion, ...]:
    """The criteria of a route, as its entry says; arguments and errors as of `build_criteria`."""
    return build_criteria(
        entry.criteria, directory, embedder=embedder, confirmed=entry.confirmed, replies=replies, graded=entry.graded
    )


def build_criteria(
    entries: Sequence[CriterionSettings],
    directory: Path,
    *,
    embedder: Callable[[], Embedder] = no_embedder,
    confirmed: bool = True,
    replies: Replies = NO_REPLIES,
    graded: bool = False,
) -> tuple[Criterion, ...]:
    """Compile a route's list. A type that is known but not supported becomes a criterion that always errors.

    Args:
        entries: As in `audit.yaml`.
        directory: Where `file://` paths start.
        embedder: Opens the embedding model when a criterion needs it; called while scoring, not here.
        confirmed: Somebody has said that this is what they want. A draft demands nothing of an answer: what all answers
            of a log happen to say is their form. Nor is agreement what lets answers differ: a person decides whether
            the difference matters.
        replies: What judges have replied so far.
        graded: The route keeps grades, so that a judge's value counts and not its verdict alone.

    Raises:
        ConfigError: An entry is wrong; all of them are in `problems`.
        UnknownName: A type that nobody knows.
    """
    built: list[Criterion] = []
    problems: list[AuditError] = []
    for position, entry in enumerate(entries):
        try:
            built.append(build_criterion(entry, directory, position=position, embedder=embedder, replies=replies))
        except (ConfigError, UnknownName) as error:
            problems.append(error)
    if len(problems) == 1:
        raise problems[0]
    if problems:
        raise ConfigError(f"{len(problems)} criteria are wrong", code="criterion", problems=problems)
    named = (replace(criterion, name=name) for criterion, name in zip(built, _names(entries), strict=True))
    if graded:
        named = (_with_values(criterion) for criterion in named)
    return tuple(named if confirmed else map(_drafted, named))


def _with_values(criterion: Criterion) -> Criterion:
    """The criterion with judges that are asked everything."""
    if not isinstance(criterion.check, JudgedCheck):
        return criterion
    return replace(criterion, check=replace(criterion.check, whole=True))


def parts_read(criteria: Iterable[Criterion]) -> set[str]:
    """Parts of the context that some of the criteria read; what was asked is always one."""
    return {"request", *(part for criterion in criteria for part in criterion.reads)}


def _drafted(criterion: Criterion) -> Criterion:
    """The criterion as it counts while nobody has confirmed it; what a reference decides stays as it is."""
    unsure = criterion.leaves_open and criterion.grade.compares and "incumbent" in criterion.reads
    return replace(criterion, grade=Grade.FORM) if unsure or criterion.grade is Grade.DEMANDED else criterion


def build_criterion(
    entry: CriterionSettings,
    directory: Path,
    *,
    position: int = 0,
    embedder: Callable[[], Embedder] = no_embedder,
    replies: Replies = NO_REPLIES,
) -> Criterion:
    """Compile one entry.

    Raises:
        ConfigError: A wrong value or option.
        UnknownName: A type that nobody knows.
    """
    negated, name, preset = resolve(entry.type)
    if name in NOT_SUPPORTED:
        return _placeholder(entry, position, f"{entry.type} is not supported: {NOT_SUPPORTED[name]}")
    scorer = SCORERS.get(name)
    entry = entry.model_copy(update={"options": {**preset, **entry.options}})
    _refuse_unknown(entry, scorer)
    value = _plain(entry.value) if name == "python" else _plain(read_value(entry, directory))
    notes: list[str] = []
    try:
        extract = None if entry.extract is None else build_extract(entry.extract, notes)
    except ValueError as error:
        raise ConfigError(f"`{entry.type}`: {error}", code="criterion.option") from None
    options = Options(
        where=f"`{entry.type}`",
        value=value,
        threshold=entry.threshold,
        extra=entry.options,
        directory=directory,
        embedder=embedder,
        extract=extract,
        notes=notes,
        judges=entry.judges,
        replies=replies,
    )
    check = scorer.build(options)
    return Criterion(
        name=entry.metric or entry.type,
        position=position,
        scorer=entry.type,
        version=scorer.version,
        options_fp=_options_fp(entry, value, directory),
        weight=entry.weight,
        check=check,
        negated=negated,
        extract=extract,
        reads=frozenset({*scorer.reads, *options.reads}),
        embeds=scorer.embeds,
        expects_calls=scorer.expects_calls,
        searches=scorer.takes is Takes.PART,
        notes=tuple(notes),
        grade=_grade(scorer, options, negated=negated),
        demands=() if negated else tuple(options.demands),
        alternatives=() if negated else tuple(options.alternatives),
        leaves_open=tuple(options.leaves_open) if scorer.takes is Takes.WHOLE else (f"answers by `{entry.type}`",),
        options=entry.options,
    )


def _grade(scorer: Scorer, options: Options, *, negated: bool) -> Grade:
    """What a criterion can show of an answer, by what it compares with.

    What a judge says is worth what labels show of the judge. A denial rules one wrong answer out and shows nothing of
    the others. A text that is demanded of every answer is what the user accepts, and no more than that; a choice among
    several is a form (docs/method/criteria.md).
    """
    if scorer.calls_model:
        return Grade.AGREEMENT if "incumbent" in scorer.reads else Grade.JUDGED
    if negated:
        return Grade.FORM
    if "grade" in scorer.accepts:
        return Grade(options.choice("grade", Grade.AGREEMENT, Grade))
    if options.reads & {"reference", "metadata"}:
        return Grade.RIGHT
    if "incumbent" in options.reads:
        return Grade.AGREEMENT
    return Grade.DEMANDED if options.demands else Grade.FORM


def resolve(written: str) -> tuple[bool, str, Mapping[str, Any]]:
    """A type as written: whether it is negated, the scorer's name, and the options that an alias stands for.

    Raises:
        UnknownName: Nobody knows it.
    """
    negated = written.startswith(NEGATION)
    name, preset = ALIASES.get(written.removeprefix(NEGATION), (written.removeprefix(NEGATION), {}))
    if name not in SCORERS and name not in NOT_SUPPORTED:
        known = {*SCORERS.known(), *NOT_SUPPORTED, *ALIASES}
        raise UnknownName.among(SCORERS.kind, written, {NEGATION + k for k in known} if negated else known)
    return negated, name, preset


def unsupported(entries: Sequence[CriterionSettings]) -> str | None:
    """Why a route with these entries cannot be audited, naming the types; None when it can."""
    names = {resolve(entry.type)[1] for entry in entries} & set(NOT_SUPPORTED)
    return "; ".join(f"`{name}` is not supported: {NOT_SUPPORTED[name]}" for name in sorted(names)) or None


def _placeholder(entry: CriterionSettings, position: int, why: str) -> Criterion:
    def check(context: Context) -> Outcome:
        return Errored(error=why)

    return Criterion(
        name=entry.metric or entry.type,
        position=position,
        scorer=entry.type,
        version=0,
        options_fp=fingerprint([entry.type]),
        weight=entry.weight,
        check=check,
        notes=(why,),
    )


def _refuse_unknown(entry: CriterionSettings, scorer: Scorer) -> None:
    written = {
        *entry.options,
        *(["value"] if entry.value is not None else []),
        *(["threshold"] if entry.threshold is not None else []),
        *(["extract"] if entry.extract is not None else []),
        *(["judge"] if entry.judge is not None and not scorer.calls_model else []),
    }
    for name in sorted(written - set(scorer.accepts)):
        near = nearest(name, scorer.accepts)
        known = ", ".join([*scorer.accepts, "weight", "metric"])
        raise ConfigError(
            f"`{entry.type}` has no option `{name}`",
            code="criterion.option",
            notes=[f"known: {known}"],
            hint=f"did you mean `{near}`?" if near else None,
        )


def _plain(value: Any) -> Any:
    """The value with what YAML knows and JSON does not, such as dates, as text."""
    if isinstance(value, datetime.date | datetime.datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value if value is None or isinstance(value, str | int | float) else str(value)


def _options_fp(entry: CriterionSettings, value: Any, directory: Path) -> str:
    code = None
    if resolve(entry.type)[1] == "python":
        code = code_sha256(str(value), directory)
    extract = None if entry.extract is None else list(_plain(entry.extract).items())
    more: list[Any] = [list(entry.judges)] if entry.judges else []
    if extract is not None or "incumbent.json" in str(value):
        more.append([READING])
    return fingerprint([entry.type, value, entry.threshold, extract, _plain(entry.options), code, *more])


def _names(entries: Sequence[CriterionSettings]) -> list[str]:
    """Names for the report: the metric, else the type, with a hint at the value where a type stands twice."""
    plain = [entry.metric or entry.type for entry in entries]
    hinted = [
        f"{name} {hint}" if plain.count(name) > 1 and entry.metric is None and (hint := _hint(entry.value)) else name
        for name, entry in zip(plain, entries, strict=True)
    ]
    seen: Counter[str] = Counter()
    names = []
    for name in hinted:
        seen[name] += 1
        names.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return names


def _hint(value: Any) -> str:
    text = " ".join(str(value).split()) if isinstance(value, str | int | float) else ""
    return text if len(text) <= _NAME_HINT_CHARS else text[: _NAME_HINT_CHARS - 1] + "…"
