"""What judges have to be asked about a run, and what they have replied."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from audit.core.artifacts import RunFolder
from audit.core.criteria import BY_JUDGES, DAMAGED_FOR_JUDGES, own_answers_tell
from audit.core.schemas import NO_ANSWER
from audit.core.settings import RouteSettings, Settings
from audit.scoring.criteria import Criterion, build_criteria, parts_read, unsupported
from audit.scoring.expected.references import load_references
from audit.scoring.inputs import INCUMBENT, Item, judge_replies, read_items
from audit.scoring.judges.check import NO_REPLIES, JudgedCheck, Replies
from audit.scoring.judges.check import Question as Question
from audit.scoring.trial.judges import damaged_for_judges
from audit.scoring.trial.labelled import labelled_answers, read_judgements

BYTES_PER_TOKEN = 4

Questions = Mapping[str, Sequence[Question]]
"""By route, each question once."""


def judged_routes(settings: Settings, names: Sequence[str]) -> dict[str, RouteSettings]:
    """The routes on which some criterion asks a judge, with their entries."""
    found = {}
    for name in names:
        entry = settings.route(name)
        if entry is not None and any(one.judges for one in entry.criteria) and not unsupported(entry.criteria):
            found[name] = entry
    return found


def answer_questions(
    folder: RunFolder, settings: Settings, routes: Sequence[str], *, replays: bool = True
) -> Questions:
    """Everything that can be asked about the log's own answers of the slice and about their replays.

    Args:
        folder: With slice, traffic and bodies; replays where there are some.
        settings: `audit.yaml`.
        routes: Only these.
        replays: Not the log's own answers alone.
    """
    asked = {name: _judging(entry, settings) for name, entry in judged_routes(settings, routes).items()}
    if not asked:
        return {}
    found: dict[str, dict[tuple[str, str], Question]] = {name: {} for name in asked}
    for item in _answers(folder, settings, asked):
        if replays or item.arm == INCUMBENT:
            for criterion in asked[item.route]:
                found[item.route].update({one.key: one for one in criterion.questions(item.context)})
    return {name: list(questions.values()) for name, questions in found.items()}


def next_questions(folder: RunFolder, settings: Settings, routes: Sequence[str]) -> Questions:
    """What has to be asked next about answers of the slice, by what judges have replied so far.

    Left out is what decides nothing: further words about an answer that has its verdict, and the log's own answer to a
    request that no candidate has answered. A route with a floor needs the log's own answers, so there all are judged.

    Arguments as of `answer_questions`.
    """
    asked = {
        name: _judging(entry, settings, judge_replies(folder))
        for name, entry in judged_routes(settings, routes).items()
    }
    if not asked:
        return {}
    whole = {name for name in asked if (entry := settings.route(name)) is not None and entry.floor is not None}
    found: dict[str, dict[tuple[str, str], Question]] = {name: {} for name in asked}
    own: list[Item] = []
    for item in _answers(folder, settings, asked):
        if item.arm == INCUMBENT and item.route not in whole:
            own = [item]  # its replays follow it, where there are any
            continue
        about = [*own, item] if own and own[0].exchange_id == item.exchange_id else [item]
        own = []
        for one in about:
            for criterion in asked[one.route]:
                found[one.route].update({question.key: question for question in criterion.pending(one.context)})
    return {name: list(questions.values()) for name, questions in found.items()}


def _answers(folder: RunFolder, settings: Settings, asked: Mapping[str, Sequence[Criterion]]) -> Iterator[Item]:
    """Answers of the slice, each request's own of the log first, with what these criteria read."""
    references = load_references(settings.references, settings.directory).values
    needs = {part for criteria in asked.values() for criterion in criteria for part in criterion.reads}
    for items in read_items(folder, references, list(asked), needs):
        yield from (item for item in items if item.status not in NO_ANSWER)


def label_questions(folder: RunFolder, settings: Settings, routes: Sequence[str]) -> Questions:
    """What has to be asked about answers that people have labelled, so that the judge's error is known.

    Arguments as of `answer_questions`; a slice is not needed.
    """
    labelled = {name: entry for name, entry in judged_routes(settings, routes).items() if entry.labels is not None}
    if not labelled:
        return {}
    references = load_references(settings.references, settings.directory).values
    found: dict[str, Sequence[Question]] = {}
    for name, entry in labelled.items():
        questions = {one.key: one for one in _about_labels(folder, settings, name, entry, references)}
        found[name] = list(questions.values())
    return found


def _about_labels(
    folder: RunFolder, settings: Settings, name: str, entry: RouteSettings, references: Mapping[str, object]
) -> Iterator[Question]:
    every = build_criteria(entry.criteria, settings.directory)
    criteria = [criterion for criterion in every if criterion.judges]
    answers = labelled_answers(
        folder,
        name,
        read_judgements(settings.directory / (entry.labels or "")),
        needs=parts_read(criteria),
        references=references,
        own_answers=own_answers_tell(criterion.grade for criterion in every),
    )
    for context in answers.contexts:
        for criterion in criteria:
            yield from criterion.questions(context)


def control_questions(folder: RunFolder, settings: Settings, routes: Sequence[str]) -> Questions:
    """What has to be asked about labelled answers that are damaged on purpose; the labels have been judged.

    Arguments as of `label_questions`.
    """
    found: dict[str, Sequence[Question]] = {}
    judged = judged_routes(settings, routes)
    for name, contexts in damaged_for_judges(folder, settings, list(judged)).items():
        criteria = _judging(judged[name], settings)
        asked = {one.key: one for c in contexts for criterion in criteria for one in criterion.questions(c)}
        found[name] = list(asked.values())
    return found


def damaged_at_most(settings: Settings, route: str) -> int:
    """How many damaged answers of a route judges are asked about, before it is known which they are."""
    entry = settings.route(route)
    return 0 if entry is None or entry.labels is None else DAMAGED_FOR_JUDGES * len(BY_JUDGES)


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerShape:
    """What one criterion asks one judge about an answer, for what it costs.

    Attributes:
        judge: Name of the tier.
        requests: About one answer, at most.
        usual: About one answer, as a rule: what cannot change a verdict is not asked.
        shown: Answers in each.
        rubric_tokens: Of `value`, about.
    """

    judge: str
    requests: int
    usual: float
    shown: int
    rubric_tokens: int


def answer_shapes(settings: Settings, names: Sequence[str]) -> dict[str, list[AnswerShape]]:
    """What is asked about an answer of each route, by route that a judge judges."""
    found: dict[str, list[AnswerShape]] = {}
    for name, entry in judged_routes(settings, names).items():
        for criterion in build_criteria(entry.criteria, settings.directory, graded=entry.graded):
            if isinstance(check := criterion.check, JudgedCheck):
                rubric = len(str(entry.criteria[criterion.position].value or "").encode()) // BYTES_PER_TOKEN
                found.setdefault(name, []).extend(
                    AnswerShape(
                        judge=judge,
                        requests=check.each,
                        usual=check.usual_requests(place),
                        shown=check.shown,
                        rubric_tokens=rubric,
                    )
                    for place, judge in enumerate(check.judges)
                )
    return found


def _judging(entry: RouteSettings, settings: Settings, replies: Replies = NO_REPLIES) -> list[Criterion]:
    """A route's criteria that ask judges."""
    every = build_criteria(entry.criteria, settings.directory, replies=replies, graded=entry.graded)
    return [criterion for criterion in every if criterion.judges]


def unanswered(questions: Questions, replies: Replies) -> dict[str, list[Question]]:
    """The questions that have no reply."""
    return {route: [one for one in some if one.key not in replies] for route, some in questions.items()}
