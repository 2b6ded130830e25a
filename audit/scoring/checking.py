"""Criteria on trial: the log's own answers are scored, and damaged, before anything is paid.

What comes out is one `CriteriaCheck` per route. It reads traffic and bodies, sends nothing, and writes nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from random import Random
from typing import Any

import polars as pl

from audit.core.artifacts import RunFolder
from audit.core.criteria import (
    DAMAGED_FOR_JUDGES,
    LEAST_ANSWERS,
    ControlResult,
    CriteriaCheck,
    GoldAnswers,
    Grade,
    Labelled,
    LogProblem,
    own_answers_tell,
)
from audit.core.outcome import READ, Errored, NotApplicable, Outcome, Scored, Unjudged
from audit.core.reason import Reason
from audit.core.settings import ControlSettings, RouteSettings, Settings
from audit.embeddings import Embedder, open_embedder
from audit.scoring.answered import calls_beside, look_of, not_accepted, shortfall
from audit.scoring.context import Context
from audit.scoring.controls.answer import AnswerView, FixedValue, View, canonical, essence, views_of
from audit.scoring.controls.run import run_controls, uncompared_fields
from audit.scoring.criteria import Criterion, build_criteria, parts_read, resolve, unsupported
from audit.scoring.feasibility import impossible
from audit.scoring.inputs import Item, judge_replies, logged_items
from audit.scoring.labelled import LabelledAnswers, judge_labelled, labelled_answers, read_judgements, with_labels
from audit.scoring.references import load_references, no_random_sample
from audit.scoring.verdict import accept

MAX_UNSCORED = 0.02
"""Above this share of answers that cannot be scored, or cannot be right, the route stops."""

MAX_LEFT_OUT = 0.02
"""Above this share of answers that no criterion says anything of, a verdict on the others is none on the route."""

MAX_FAILING = 0.05
"""Above this share of answers in parts of the route where nothing passes, or that fail and cannot be compared with, the
route stops: a verdict on the others would be one on another route."""

CHANCE = 1e-3
"""Of a part of the route in which nothing passes: it must be less likely than this at the route's own pass rate."""

WEAKEST_SHARE = 0.02
"""A route has the grade that all but this share of its answers are decided by; the others would move unjudged. Answers
that fail, and that nothing is compared with, are no part of it: see `_unread`."""

SAME_SHARE = 0.95
"""From this share of equal answers on, a demanded text that all of them hold is all that they say."""

COMMON_SHARE = 0.5
"""A text that is right for this share of the requests is tried as the answer to all of them."""

CARRIED_BY_ALL = 0.01
"""Up to this share of answers without a demanded text it is said to be carried by all of them."""

EMBEDDED = 100
"""Answers that are damaged at most where a criterion embeds: a dozen damages of each take a transformer a while."""

PARTS = {"tenant": "tenant", "system_hash": "system prompt", "tools_hash": "list of tools", "model": "model"}
"""Columns of the traffic that part a route, with what people call them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Route:
    """A route's criteria, with what they say of the log's own answers."""

    settings: RouteSettings
    criteria: tuple[Criterion, ...]
    items: Sequence[Item]
    outcomes: Sequence[Sequence[Outcome]]

    @classmethod
    def of(cls, settings: RouteSettings, criteria: tuple[Criterion, ...], items: Sequence[Item]) -> _Route:
        """Score the log's answers; those that a judge has yet to be asked about are left out."""
        rows = score_all(criteria, [item.context for item in items])
        known = [
            (item, row)
            for item, row in zip(items, rows, strict=True)
            if not any(isinstance(o, Unjudged) and c.weight > 0 for c, o in zip(criteria, row, strict=True))
        ]
        return cls(
            settings=settings,
            criteria=criteria,
            items=[item for item, _ in known],
            outcomes=[row for _, row in known],
        )

    @property
    def judges(self) -> tuple[str, ...]:
        """Tiers that judge by a criterion that decides."""
        return tuple(dict.fromkeys(name for c in self.criteria if c.weight > 0 for name in c.judges))

    def waits(self, context: Context) -> bool:
        """Whether a judge that decides has yet to be asked about an answer."""
        deciding = [c for c in self.criteria if c.weight > 0 and c.judges]
        return any(isinstance(c.score([context])[0], Unjudged) for c in deciding)

    @property
    def weights(self) -> list[float]:
        return [criterion.weight for criterion in self.criteria]

    def verdicts(self) -> list[bool | None]:
        """Whether each answer of the log is accepted."""
        return [_accepted(self, item.context, row) for item, row in zip(self.items, self.outcomes, strict=True)]

    def judge_both(self, contexts: Sequence[Context]) -> list[tuple[bool | None, bool | None]]:
        """Whether each of some answers is accepted, by all criteria and by those alone that compare it."""
        rows = score_all(self.criteria, contexts)
        seeing = [c.weight if c.grade.compares else 0.0 for c in self.criteria]
        return [
            (
                _accepted(self, context, row),
                accept(row, seeing, self.settings.threshold, answered=calls_beside(self.criteria, context) is None),
            )
            for context, row in zip(contexts, rows, strict=True)
        ]

    def judge(self, contexts: Sequence[Context]) -> list[bool | None]:
        """Whether each of some answers is accepted."""
        rows = score_all(self.criteria, contexts)
        return [_accepted(self, context, row) for context, row in zip(contexts, rows, strict=True)]


def _accepted(route: _Route, context: Context, row: Sequence[Outcome]) -> bool | None:
    answered = not_accepted("ok", context, route.criteria) is None
    return accept(row, route.weights, route.settings.threshold, answered=answered)


def score_all(criteria: Sequence[Criterion], contexts: Sequence[Context]) -> list[tuple[Outcome, ...]]:
    """What every criterion says of every answer, by answer."""
    return list(zip(*(criterion.score(contexts) for criterion in criteria), strict=True)) if contexts else []


def check_criteria(
    folder: RunFolder,
    settings: Settings,
    drawn: Mapping[str, pl.DataFrame],
    *,
    embedder_factory: Callable[[], Embedder] | None = None,
) -> dict[str, CriteriaCheck]:
    """What each route's criteria are worth, by the log's own answers to some of its requests.

    Args:
        folder: With traffic and bodies, and what judges have replied so far; answers that they were not asked about are
            left out.
        settings: `audit.yaml`.
        drawn: By route, exchange_id, request_fp and cost_usd of the exchanges to look at, in a random order.
        embedder_factory: Opens the embedding model, only when a criterion needs it.

    Returns:
        By route. Routes without criteria, or with some that this version cannot measure, are left out.

    Raises:
        ConfigError, UnknownName: A criterion is wrong.
        InputError: The references or the labels cannot be read.
        MissingPackage: A criterion needs an embedding model, and there is none.
    """
    factory = embedder_factory or partial(open_embedder, cache=folder.scores.parent / "embeddings")
    embedder = cache(lambda: factory())
    references = load_references(settings.references, settings.directory).values
    parts, replies = _parts(folder, drawn), judge_replies(folder)
    judgements = cache(read_judgements)
    found: dict[str, CriteriaCheck] = {}
    for name, rows in drawn.items():
        entry = settings.route(name)
        if entry is None or not entry.criteria or unsupported(entry.criteria) or rows.is_empty():
            continue
        criteria = build_criteria(
            entry.criteria,
            settings.directory,
            embedder=embedder,
            confirmed=entry.confirmed,
            replies=replies,
            graded=entry.graded,
        )
        needs = parts_read(criteria)
        items = list(logged_items(folder, rows.with_columns(route=pl.lit(name)), references, needs))
        route = _Route.of(entry, criteria, items)
        sampled = settings.references is not None and settings.references.random_sample
        has = {item.exchange_id: item.context.reference is not None for item in items}
        unlike = no_random_sample(folder, has) if sampled else None
        controls, margin = settings.controls_of(name), settings.margin_of(name)
        found[name] = _check(route, controls, parts, settings.seed, margin, sampled=sampled, unlike=unlike)
        if entry.labels is not None:
            answers = labelled_answers(
                folder,
                name,
                judgements(settings.directory / entry.labels),
                needs=needs,
                references=references,
                own_answers=found[name].own_answers_tell,
            )
            labelled = judge_labelled(answers, route.judge_both, route.waits)
            found[name] = with_labels(found[name], labelled, settings.alpha)
            if route.judges:
                results = _controls_by_judges(route, answers, settings.controls_of(name), settings.seed, route.judge)
                found[name] = replace(found[name], controls=_no_harsher(results, found[name].labelled))
    return found


def verdicts_of_log(folder: RunFolder, settings: Settings, drawn: Mapping[str, pl.DataFrame]) -> dict[str, bool | None]:
    """Whether each answer of the log is accepted by its route's criteria, without a call.

    Args:
        folder: With traffic and bodies.
        settings: `audit.yaml`.
        drawn: By route, exchange_id, request_fp and cost_usd of the exchanges to look at.

    Returns:
        By exchange; None where its criteria say nothing of it. Left out are routes without criteria, with some that
        this version cannot measure, or whose criteria hold an answer against the log's own alone, and answers that a
        judge has to be asked about.

    Raises:
        As `check_criteria`.
    """
    embedder = cache(partial(open_embedder, cache=None))
    references = load_references(settings.references, settings.directory).values
    found: dict[str, bool | None] = {}
    for name, rows in drawn.items():
        entry = settings.route(name)
        if entry is None or not entry.criteria or unsupported(entry.criteria) or rows.is_empty():
            continue
        criteria = build_criteria(entry.criteria, settings.directory, embedder=embedder, confirmed=entry.confirmed)
        # Against themselves the log's answers always hold.
        if all("incumbent" in criterion.reads for criterion in criteria if criterion.weight > 0):
            continue
        items = list(logged_items(folder, rows.with_columns(route=pl.lit(name)), references, parts_read(criteria)))
        route = _Route.of(entry, criteria, items)
        found |= dict(zip((item.exchange_id for item in route.items), route.verdicts(), strict=True))
    return found


def damaged_for_judges(folder: RunFolder, settings: Settings, names: Sequence[str]) -> dict[str, list[Context]]:
    """Labelled answers that a judge passes rightly, damaged on purpose: what it has to be asked about after the labels.

    Args:
        folder: With traffic and bodies, and what judges have replied so far.
        settings: `audit.yaml`.
        names: Routes on which a judge judges.
    """
    labelled = {
        name: (entry, settings.directory / entry.labels)
        for name in names
        if (entry := settings.route(name)) is not None and entry.labels is not None
    }
    if not labelled:
        return {}
    references, replies = load_references(settings.references, settings.directory).values, judge_replies(folder)
    found: dict[str, list[Context]] = {}
    for name, (entry, path) in labelled.items():
        criteria = build_criteria(
            entry.criteria, settings.directory, confirmed=entry.confirmed, replies=replies, graded=entry.graded
        )
        answers = labelled_answers(
            folder,
            name,
            read_judgements(path),
            needs=parts_read(criteria),
            references=references,
            own_answers=own_answers_tell(criterion.grade for criterion in criteria),
        )
        route, damaged = _Route(settings=entry, criteria=criteria, items=(), outcomes=()), found.setdefault(name, [])

        def note(some: Sequence[Context], damaged: list[Context] = damaged) -> list[None]:
            damaged.extend(some)
            return [None] * len(some)

        _controls_by_judges(route, answers, settings.controls_of(name), settings.seed, note)
    return found


def _controls_by_judges(
    route: _Route,
    answers: LabelledAnswers,
    controls: ControlSettings,
    seed: int,
    accepts: Callable[[Sequence[Context]], Sequence[bool | None]],
) -> tuple[ControlResult, ...]:
    """What judges make of damaged answers: of a few that people call right and the route accepts."""
    verdicts = route.judge(answers.contexts)
    good = [c for c, right, holds in zip(answers.contexts, answers.right, verdicts, strict=True) if right and holds]
    chosen = Random(f"{seed}\x1f{route.settings.match}").sample(good, min(DAMAGED_FOR_JUDGES, len(good)))
    views = views_of(_looks(route, chosen), [context.completion for context in chosen])
    results = run_controls(chosen, answers.contexts, views, accepts, controls.limits_of_judges, seed=seed)
    # Labels that came since choose other answers. Where the judge was not asked about most of these yet, the few that
    # are left are no test: two of three is no share.
    return tuple(result for result in results if result.tried and result.tried >= result.unscored)


def _no_harsher(results: Sequence[ControlResult], labelled: Labelled | None) -> tuple[ControlResult, ...]:
    """Controls of a judge, held to no less than the share of wrong answers that it may pass by its labels: what these
    show is in every interval already.
    """
    shown = None if labelled is None or labelled.agreement is None else labelled.agreement.specificity
    passes = 1.0 if shown is None or shown.lo is None else 1.0 - shown.lo
    return tuple(replace(result, limit=max(result.limit, passes), by_judge=True) for result in results)


def _check(
    route: _Route,
    controls: ControlSettings,
    parts: Mapping[str, Mapping[str, str]],
    seed: int,
    margin: float,
    *,
    sampled: bool,
    unlike: str | None,
) -> CriteriaCheck:
    verdicts = route.verdicts()
    accepted = [item.context for item, holds in zip(route.items, verdicts, strict=True) if holds]
    unread = _unread(route, verdicts)
    graded = _graded(route, unread)
    shares = {grade.value: len(graded.get(grade, ())) / sum(map(len, graded.values())) for grade in Grade if graded}
    views = views_of(_looks(route, accepted), [context.completion for context in accepted])
    most = min(controls.answers, EMBEDDED) if any(c.embeds for c in route.criteria) else controls.answers
    # To ask a judge about damaged answers costs money: that is done with a few of the labelled ones.
    results = run_controls(
        [] if route.judges else accepted[:most],
        [item.context for item in route.items],
        views,
        route.judge,
        controls.limits,
        seed=seed,
        constants=_constants(route, accepted),
    )
    grade = _grade(graded, route.criteria)
    problems = _problems(route, verdicts, parts, margin, sampled=sampled, unlike=unlike)
    problems = [*_form_decides(route, grade, graded), *problems]
    if grade.compares:
        problems += [*_one_answer(route, verdicts, views, margin), *_beside_calls(route)]
        problems += _uncompared(route, accepted, views, seed)
        if unread:
            stops = _too_many(len(unread), MAX_FAILING, len(route.items))
            problems.append(_problem(Reason.FAILS_UNCOMPARED, "", unread, route, stops))
    return CriteriaCheck(
        grade=grade,
        grades={criterion.name: criterion.grade for criterion in route.criteria},
        shares=shares,
        confirmed=route.settings.confirmed,
        answers=len(route.items),
        accepted=len(accepted),
        problems=tuple(problems),
        controls=results,
        leaves_open=() if route.settings.confirmed else _open(route.criteria),
        judges=route.judges,
        gold=_gold(route),
    )


def _gold(route: _Route) -> GoldAnswers | None:
    """What right answers of a part of the requests say of the log's own; None where all requests or none have one."""
    places = [place for place, criterion in enumerate(route.criteria) if "reference" in criterion.reads]
    said = [[row[place] for place in places if isinstance(row[place], Scored)] for row in route.outcomes]
    told = [[outcome.passed for outcome in one if isinstance(outcome, Scored)] for one in said if one]
    if not told or len(told) == len(said):
        return None
    names = tuple(route.criteria[place].name for place in places)
    return GoldAnswers(criteria=names, requests=len(told), of=len(said), accepted=sum(map(all, told)))


def _open(criteria: Sequence[Criterion]) -> tuple[str, ...]:
    """What criteria that compare with the incumbent let differ, so that nobody's draft may decide by it."""
    comparing = [c for c in criteria if c.weight > 0 and not c.negated and "incumbent" in c.reads]
    return tuple(dict.fromkeys(words for criterion in comparing for words in criterion.leaves_open))


def _looks(route: _Route, accepted: Sequence[Context]) -> list[AnswerView]:
    """What the criteria look at. A demanded text that tells no answer of the log from another is none of it, so that
    the controls take the whole answer instead: all of them carry it, and say different things beside it.
    """
    contents = [c for c in route.criteria if c.weight > 0 and c.grade is not Grade.FORM]
    if all(c.grade is Grade.DEMANDED for c in contents) and not _tells(route, contents, accepted):
        return []
    return [look_of(criterion) for criterion in contents]


def _constants(route: _Route, accepted: Sequence[Context]) -> list[FixedValue]:
    """What criteria accept beside other values, and what is among the right answers to most requests. A text that is
    demanded is one as well where another criterion compares the answer: with a `threshold`, the demand may do without
    the comparison.
    """
    found: dict[str, FixedValue] = {}
    compares = any(c.weight > 0 and c.grade.compares for c in route.criteria)
    for criterion in route.criteria:
        own = [FixedValue(one.value, criterion.extract, one.argument) for one in criterion.alternatives]
        own += [FixedValue(text, criterion.extract) for text in criterion.demands if compares]
        for one in own if criterion.weight > 0 else []:
            found.setdefault(repr((one.value, one.argument, id(one.extract))), one)
    return [*found.values(), *map(FixedValue, _common_replies(accepted))]


def _common_replies(accepted: Sequence[Context]) -> list[str]:
    """Texts that stand in a list of right answers to most requests."""
    lists = [list(_in_lists(context.reference)) for context in accepted if context.reference is not None]
    counts = Counter(text for texts in lists for text in set(texts))
    return [text for text, n in counts.most_common(2) if n >= max(COMMON_SHARE * len(accepted), LEAST_ANSWERS)]


def _in_lists(value: Any, listed: bool = False) -> Iterator[str]:
    if isinstance(value, str):
        if listed:
            yield value
    elif isinstance(value, Mapping):
        yield from (text for item in value.values() for text in _in_lists(item))
    elif isinstance(value, list | tuple) and len(value) > 1:
        yield from (text for item in value for text in _in_lists(item, True))


def _tells(route: _Route, demanding: Sequence[Criterion], accepted: Sequence[Context]) -> bool:
    """Whether demanded texts tell the log's whole answers apart, or are all that its accepted answers say."""
    places = [route.criteria.index(criterion) for criterion in demanding]
    rows = [
        row
        for item, row in zip(route.items, route.outcomes, strict=True)
        if shortfall("ok", item.context.completion) is None
    ]
    lacking = sum(any(isinstance(o := row[place], Scored) and not o.passed for place in places) for row in rows)
    said = Counter(canonical(context.text) for context in accepted)
    same = max(said.values(), default=0) >= SAME_SHARE * len(accepted)
    return lacking > CARRIED_BY_ALL * len(rows) or same


def _unread(route: _Route, verdicts: Sequence[bool | None]) -> list[str]:
    """Answers that fail by their form, and that no comparing criterion could read: prose where JSON is compared.

    They say nothing of the grade. Today's answer is not accepted there, so a candidate cannot lose; nor does a test of
    what answers say let it gain (`Replayed.by_content`).
    """
    if not any(criterion.grade.compares for criterion in route.criteria if criterion.weight > 0):
        return []
    return [
        item.exchange_id
        for item, row, holds in zip(route.items, route.outcomes, verdicts, strict=True)
        if holds is False and not any(grade.compares for grade, _ in _applying(route, item, row))
    ]


def _applying(route: _Route, item: Item, row: Sequence[Outcome]) -> list[tuple[Grade, float]]:
    """Grade and weight of the criteria that decide and say something of an answer."""
    return [
        (criterion.grade_on(item.context), criterion.weight)
        for criterion, outcome in zip(route.criteria, row, strict=True)
        if criterion.weight > 0 and not isinstance(outcome, NotApplicable)
    ]


def _graded(route: _Route, outside: Sequence[str]) -> dict[Grade, list[str]]:
    """The answers that each grade decides, but for some; answers to which nothing applies are outside too."""
    found: dict[Grade, list[str]] = {}
    left = set(outside)
    for item, row in zip(route.items, route.outcomes, strict=True):
        if item.exchange_id not in left and (applying := _applying(route, item, row)):
            found.setdefault(deciding(applying, route.settings.threshold), []).append(item.exchange_id)
    return found


def _too_many(count: int, share: float, of: int) -> bool:
    """Whether answers are more than a share of those that were looked at. One answer alone never is: of a few dozen it
    would be above any share, and nothing is said of a route by a single one.
    """
    return count > max(share * of, 1)


def deciding(graded: Sequence[tuple[Grade, float]], threshold: float | None) -> Grade:
    """The highest grade without which an answer cannot be accepted.

    Args:
        graded: Grade and weight of every criterion that applies to the answer.
        threshold: Weighted share of them that must hold; None is all.
    """
    total = sum(weight for _, weight in graded)
    for grade in sorted(Grade, key=lambda one: -one.rank):
        weaker = sum(weight for other, weight in graded if other.rank < grade.rank)
        if weaker < total and (threshold is None or weaker < threshold * total - 1e-9):
            return grade
    return Grade.FORM


def _grade(graded: Mapping[Grade, Sequence[str]], criteria: Sequence[Criterion]) -> Grade:
    """The grade that all but a few answers are decided by, or by a higher one."""
    if not graded:
        return max((c.grade for c in criteria if c.weight > 0), key=lambda grade: grade.rank, default=Grade.FORM)
    total = sum(map(len, graded.values()))
    for grade in sorted(graded, key=lambda one: -one.rank):
        weaker = sum(len(ids) for other, ids in graded.items() if other.rank < grade.rank)
        if not _too_many(weaker, WEAKEST_SHARE, total):
            return grade
    return Grade.FORM


def _form_decides(route: _Route, grade: Grade, graded: Mapping[Grade, Sequence[str]]) -> list[LogProblem]:
    """Answers that are accepted by their form alone, where others are compared: too many to let them move unjudged."""
    if grade is not Grade.FORM or len(graded) < 2:
        return []
    return [_problem(Reason.PART_SEES_FORM, "", graded[Grade.FORM], route, stops=True)]


def _problems(
    route: _Route,
    verdicts: Sequence[bool | None],
    parts: Mapping[str, Mapping[str, str]],
    margin: float,
    *,
    sampled: bool,
    unlike: str | None,
) -> list[LogProblem]:
    """What scoring the log's own answers has found, what stops the route first."""
    left_out = _left_out(route, sampled=sampled)
    if left_out and unlike is not None:
        left_out += _not_random(route, unlike)
    found = [*_unscorable(route, verdicts), *_impossible(route), *left_out]
    found += [*_passing_nothing(route, verdicts, parts), *_passing_little(route, verdicts, margin)]
    found += _several_values(route)
    return sorted(found, key=lambda problem: (not problem.stops, -problem.count, problem.detail))


def _unscorable(route: _Route, verdicts: Sequence[bool | None]) -> list[LogProblem]:
    """Answers on which a criterion that decides has failed to measure, by criterion and cause."""
    causes: dict[str, list[str]] = {}
    lost = 0
    for item, row, verdict in zip(route.items, route.outcomes, verdicts, strict=True):
        errors = [
            f"`{criterion.name}`: {outcome.error}"
            for criterion, outcome in zip(route.criteria, row, strict=True)
            if isinstance(outcome, Errored) and criterion.weight > 0
        ]
        lost += verdict is None and bool(errors)
        for error in errors:
            causes.setdefault(error, []).append(item.exchange_id)
    stops = _too_many(lost, MAX_UNSCORED, len(route.items))
    return [_problem(Reason.CRITERIA_CANNOT_SCORE, cause, ids, route, stops) for cause, ids in causes.items()]


def _left_out(route: _Route, *, sampled: bool) -> list[LogProblem]:
    """Answers that no criterion says anything of, where some say something of others.

    Args:
        route: Of which.
        sampled: Requests with a right answer are a random sample, so that lacking one stops nothing.
    """
    causes: dict[str, list[str]] = {}
    unlike = 0
    for item, row in zip(route.items, route.outcomes, strict=True):
        deciding = [(c, o) for c, o in zip(route.criteria, row, strict=True) if c.weight > 0]
        silent = [(c, o.reason) for c, o in deciding if isinstance(o, NotApplicable)]
        if deciding and len(silent) == len(deciding):
            causes.setdefault(f"`{silent[0][0].name}`: {silent[0][1]}", []).append(item.exchange_id)
            unlike += not (sampled and any("reference" in criterion.reads for criterion, _ in silent))
    if sum(map(len, causes.values())) == len(route.items):
        return []  # That nothing passes says it.
    stops = _too_many(unlike, MAX_LEFT_OUT, len(route.items))
    return [_problem(Reason.CRITERIA_LEAVE_OUT, cause, ids, route, stops) for cause, ids in causes.items()]


def _not_random(route: _Route, unlike: str) -> list[LogProblem]:
    """Requests without a right answer, where those that have one are said to be a random sample and are none."""
    ids = [item.exchange_id for item in route.items if item.context.reference is None]
    stops = _too_many(len(ids), MAX_LEFT_OUT, len(route.items))
    return [_problem(Reason.REFERENCES_NOT_RANDOM, unlike, ids, route, stops)] if ids else []


def _impossible(route: _Route) -> list[LogProblem]:
    """Requests whose expected answer their own tools or schema rule out, by criterion and cause."""
    causes: dict[str, list[str]] = {}
    for item, row in zip(route.items, route.outcomes, strict=True):
        for criterion, outcome in zip(route.criteria, row, strict=True):
            if criterion.weight > 0 and not criterion.negated:
                why = impossible(resolve(criterion.scorer)[1], outcome, item.context.request)
                if why is not None:
                    causes.setdefault(f"`{criterion.name}`: {why}", []).append(item.exchange_id)
    stops = _too_many(len({one for ids in causes.values() for one in ids}), MAX_UNSCORED, len(route.items))
    return [_problem(Reason.EXPECTATION_IMPOSSIBLE, cause, ids, route, stops) for cause, ids in causes.items()]


def _several_values(route: _Route) -> list[LogProblem]:
    """Answers that hold several different values of what a criterion reads, where nobody has said which one counts. It
    stops nothing: which one is read is a rule, and a program that reads the answers so has the same.
    """
    causes: dict[str, list[str]] = {}
    for item, row in zip(route.items, route.outcomes, strict=True):
        for criterion, outcome in zip(route.criteria, row, strict=True):
            if criterion.weight > 0 and isinstance(outcome, Scored) and (read := outcome.evidence.get(READ)):
                causes.setdefault(f"`{criterion.name}` reads {read}", []).append(item.exchange_id)
    return [_problem(Reason.SEVERAL_VALUES, cause, ids, route, stops=False) for cause, ids in causes.items()]


def _problem(reason: Reason, detail: str, ids: Sequence[str], route: _Route, stops: bool) -> LogProblem:
    return LogProblem(reason=reason, detail=detail, count=len(ids), of=len(route.items), example_id=ids[0], stops=stops)


def _passing_nothing(
    route: _Route, verdicts: Sequence[bool | None], parts: Mapping[str, Mapping[str, str]]
) -> list[LogProblem]:
    """The route, or parts of it, in which the incumbent passes nothing although it passes elsewhere."""
    scored = [(item.exchange_id, holds) for item, holds in zip(route.items, verdicts, strict=True) if holds is not None]
    passed = sum(holds for _, holds in scored)
    if passed == 0 and len(route.items) >= LEAST_ANSWERS:
        # Also where the criteria apply to none of the answers: nothing that they say can become a verdict.
        example = scored[0][0] if scored else route.items[0].exchange_id
        return [
            LogProblem(
                reason=Reason.NOTHING_PASSES, detail="", count=0, of=len(route.items), example_id=example, stops=True
            )
        ]
    if len(scored) < LEAST_ANSWERS:
        return []
    failing: dict[str, list[str]] = {}
    for column, words in PARTS.items():
        groups: dict[str, list[tuple[str, bool]]] = {}
        for exchange_id, holds in scored:
            if value := parts.get(exchange_id, {}).get(column):
                groups.setdefault(value, []).append((exchange_id, holds))
        for value, rows in groups.items():
            unlikely = (1 - passed / len(scored)) ** len(rows) < CHANCE
            if len(rows) >= LEAST_ANSWERS and unlikely and not any(holds for _, holds in rows):
                failing[f"the {words} is {value[:24]}"] = [exchange_id for exchange_id, _ in rows]
    # The same requests may be a part by more than one column; each is told once.
    once = {tuple(ids): detail for detail, ids in failing.items()}
    lost = len({one for ids in once for one in ids})
    stops = lost > MAX_FAILING * len(scored)
    return [_problem(Reason.PART_PASSES_NOTHING, detail, ids, route, stops) for ids, detail in once.items()]


def _passing_little(route: _Route, verdicts: Sequence[bool | None], margin: float) -> list[LogProblem]:
    """So few accepted answers that a candidate which is wrong on every request would lose no more than the margin; or
    answers that a draft made from them does not accept, and which would move unjudged.
    """
    told = list(zip(route.items, verdicts, strict=True))
    failed = [item.exchange_id for item, holds in told if holds is False]
    passed = sum(holds is True for _, holds in told)
    scored = len(failed) + passed
    if scored < LEAST_ANSWERS or not passed or not failed:
        return []
    grades = {c.grade_on(item.context) for item in route.items for c in route.criteria if c.weight > 0}
    drafted = not route.settings.confirmed and Grade.AGREEMENT in grades and Grade.RIGHT not in grades
    if passed <= margin * scored:
        reason, detail, count = Reason.HARDLY_PASSES, f"{margin * 100:g} points", passed
    elif drafted and _too_many(len(failed), MAX_LEFT_OUT, scored):
        reason, detail, count = Reason.DRAFT_REJECTS, "", len(failed)
    else:
        return []
    return [LogProblem(reason=reason, detail=detail, count=count, of=scored, example_id=failed[0], stops=True)]


def _one_answer(
    route: _Route, verdicts: Sequence[bool | None], views: Sequence[View], margin: float
) -> list[LogProblem]:
    """Accepted answers that all come down to one, and so many that it would lose no more than the margin if it were
    given to every request. It stops nothing, since such a loss is what the user allows.
    """
    told = [(item, holds) for item, holds in zip(route.items, verdicts, strict=True) if holds is not None]
    said = {item.exchange_id: essence(views, item.context.completion) for item, holds in told if holds}
    if len(told) < LEAST_ANSWERS or not said:
        return []
    common, n = Counter(said.values()).most_common(1)[0]
    if len(said) - n > margin * len(told):
        return []
    same = [exchange_id for exchange_id, one in said.items() if one == common]
    return [
        LogProblem(reason=Reason.ONE_ANSWER_SUFFICES, detail="", count=n, of=len(told), example_id=same[0], stops=False)
    ]


def _uncompared(route: _Route, accepted: Sequence[Context], views: Sequence[View], seed: int) -> list[LogProblem]:
    """Fields of JSON answers that nothing is compared with. It stops nothing: the user may need none of them."""
    if route.judges or any(criterion.embeds for criterion in route.criteria):
        return []
    found = uncompared_fields(accepted, views, route.judge, seed=seed)
    if not found:
        return []
    names = {id(item.context): item.exchange_id for item in route.items}
    ids = [names[id(accepted[place])] for place in sorted({place for places in found.values() for place in places})]
    return [_problem(Reason.FIELDS_UNCOMPARED, ", ".join(f"`{name}`" for name in found), ids, route, stops=False)]


def _beside_calls(route: _Route) -> list[LogProblem]:
    """Texts beside calls that nothing is compared with. It stops nothing: they are often a courtesy to the user."""
    if any(criterion.compares_texts for criterion in route.criteria):
        return []
    told = [(item.exchange_id, item.context.completion) for item in route.items]
    ids = [one for one, completion in told if completion.tool_calls and (completion.text or "").strip()]
    if len(ids) <= MAX_LEFT_OUT * len(told):
        return []
    return [_problem(Reason.TEXT_BESIDE_CALLS, "", ids, route, stops=False)]


def _parts(folder: RunFolder, drawn: Mapping[str, pl.DataFrame]) -> dict[str, dict[str, str]]:
    """The values of `PARTS` by exchange."""
    ids = pl.concat([rows["exchange_id"] for rows in drawn.values()]) if drawn else pl.Series(dtype=pl.String)
    table = (
        pl.scan_parquet([str(path) for path in folder.traffic_files()])
        .filter(pl.col("row_id").is_in(ids.implode()))
        .select(
            *("row_id", "tenant", "system_hash", "tools_hash"),
            model=pl.coalesce("model_called", "model_responded", "model_requested"),
        )
        .collect()
    )
    return {row.pop("row_id"): {k: v for k, v in row.items() if v} for row in table.iter_rows(named=True)}
