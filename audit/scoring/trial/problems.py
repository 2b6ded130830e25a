"""What scoring and damaging the log's own answers has found wrong with a route: one finder per kind of problem."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace

from audit.core.criteria import LEAST_ANSWERS, Grade, LogProblem
from audit.core.outcome import READ, Errored, NotApplicable, Scored
from audit.core.reason import Reason
from audit.scoring.controls.answer import essence
from audit.scoring.controls.run import uncompared_fields
from audit.scoring.criteria import resolve
from audit.scoring.trial.feasibility import impossible
from audit.scoring.trial.grades import too_many
from audit.scoring.trial.trial import PARTS, Trial

MAX_UNSCORED = 0.02
"""Above this share of answers that cannot be scored, or cannot be right, the route stops."""

MAX_LEFT_OUT = 0.02
"""Above this share of answers that no criterion says anything of, a verdict on the others is none on the route."""

MAX_FAILING = 0.05
"""Above this share of answers in parts of the route where nothing passes, or that fail and cannot be compared with, the
route stops: a verdict on the others would be one on another route."""

CHANCE = 1e-3
"""Of a part of the route in which nothing passes: it must be less likely than this at the route's own pass rate."""


def problems_of(trial: Trial) -> tuple[LogProblem, ...]:
    """What was found: what decides the answers, then what stops the route, then what nothing is compared with."""
    found = sorted(
        (problem for finder in OF_ANSWERS for problem in finder(trial)),
        key=lambda problem: (not problem.stops, -problem.count, problem.detail),
    )
    compared = OF_COMPARING if trial.grade.compares else ()
    return (*_form_decides(trial), *found, *(problem for finder in compared for problem in finder(trial)))


def _form_decides(trial: Trial) -> list[LogProblem]:
    """Answers that are accepted by their form alone, where others are compared: too many to let them move unjudged."""
    if trial.grade is not Grade.FORM or len(trial.graded) < 2:
        return []
    return [trial.problem(Reason.PART_SEES_FORM, "", trial.graded[Grade.FORM], stops=True)]


def _unscorable(trial: Trial) -> list[LogProblem]:
    """Answers on which a criterion that decides has failed to measure, by criterion and cause."""
    route = trial.route
    causes: dict[str, list[str]] = {}
    lost = 0
    for item, row, verdict in zip(route.items, route.outcomes, route.verdicts, strict=True):
        errors = [
            f"`{criterion.name}`: {outcome.error}"
            for criterion, outcome in zip(route.criteria, row, strict=True)
            if isinstance(outcome, Errored) and criterion.weight > 0
        ]
        lost += verdict is None and bool(errors)
        for error in errors:
            causes.setdefault(error, []).append(item.exchange_id)
    stops = trial.too_many(lost, MAX_UNSCORED)
    return [trial.problem(Reason.CRITERIA_CANNOT_SCORE, cause, ids, stops=stops) for cause, ids in causes.items()]


def _impossible(trial: Trial) -> list[LogProblem]:
    """Requests whose expected answer their own tools or schema rule out, by criterion and cause."""
    route = trial.route
    causes: dict[str, list[str]] = {}
    for item, row in zip(route.items, route.outcomes, strict=True):
        for criterion, outcome in zip(route.criteria, row, strict=True):
            if criterion.weight > 0 and not criterion.negated:
                why = impossible(resolve(criterion.scorer)[1], outcome, item.context.request)
                if why is not None:
                    causes.setdefault(f"`{criterion.name}`: {why}", []).append(item.exchange_id)
    stops = trial.too_many(len({one for ids in causes.values() for one in ids}), MAX_UNSCORED)
    return [trial.problem(Reason.EXPECTATION_IMPOSSIBLE, cause, ids, stops=stops) for cause, ids in causes.items()]


def _left_out(trial: Trial) -> list[LogProblem]:
    """Answers that no criterion says anything of, where some say something of others; and requests without a right
    answer, where those that have one are said to be a random sample and are none.
    """
    route = trial.route
    causes: dict[str, list[str]] = {}
    unlike = 0
    for item, row in zip(route.items, route.outcomes, strict=True):
        deciding = [(c, o) for c, o in zip(route.criteria, row, strict=True) if c.weight > 0]
        silent = [(c, o.reason) for c, o in deciding if isinstance(o, NotApplicable)]
        if deciding and len(silent) == len(deciding):
            causes.setdefault(f"`{silent[0][0].name}`: {silent[0][1]}", []).append(item.exchange_id)
            unlike += not (trial.sampled and any("reference" in criterion.reads for criterion, _ in silent))
    if sum(map(len, causes.values())) == len(route.items):
        return []  # That nothing passes says it.
    stops = trial.too_many(unlike, MAX_LEFT_OUT)
    found = [trial.problem(Reason.CRITERIA_LEAVE_OUT, cause, ids, stops=stops) for cause, ids in causes.items()]
    lacking = [item.exchange_id for item in route.items if item.context.reference is None]
    if found and lacking and trial.unlike is not None:
        stops = trial.too_many(len(lacking), MAX_LEFT_OUT)
        found.append(trial.problem(Reason.REFERENCES_NOT_RANDOM, trial.unlike, lacking, stops=stops))
    return found


def _no_right_answer(trial: Trial) -> list[LogProblem]:
    """A file of right answers that has none of this route's, where criteria compare with them: mostly its key is no
    hash of the prompt. Where other criteria compare all the same, it stops nothing.
    """
    route = trial.route
    wanted = any("reference" in criterion.reads and criterion.weight > 0 for criterion in route.criteria)
    if not wanted or not route.items or any(item.context.reference is not None for item in route.items):
        return []
    ids = [item.exchange_id for item in route.items]
    stops = not (any(route.verdicts) and trial.grade.compares)
    return [trial.problem(Reason.REFERENCES_MISS, "", ids, stops=stops)]


def _nothing_passes(trial: Trial) -> list[LogProblem]:
    """Criteria that accept no answer of the log, also where they apply to none: nothing they say can be a verdict."""
    route = trial.route
    if any(route.verdicts) or len(route.items) < LEAST_ANSWERS:
        return []
    scored = (item for item, holds in zip(route.items, route.verdicts, strict=True) if holds is not None)
    example = next(scored, route.items[0]).exchange_id
    return [replace(trial.problem(Reason.NOTHING_PASSES, "", [example], stops=True), count=0)]


def _parts_pass_nothing(trial: Trial) -> list[LogProblem]:
    """Parts of the route in which the incumbent passes nothing although it passes elsewhere."""
    route = trial.route
    told = zip(route.items, route.verdicts, strict=True)
    scored = [(item.exchange_id, holds) for item, holds in told if holds is not None]
    passed = sum(holds for _, holds in scored)
    if not passed or len(scored) < LEAST_ANSWERS:
        return []
    failing: dict[str, list[str]] = {}
    for column, words in PARTS.items():
        groups: dict[str, list[tuple[str, bool]]] = {}
        for exchange_id, holds in scored:
            if value := trial.parts.get(exchange_id, {}).get(column):
                groups.setdefault(value, []).append((exchange_id, holds))
        for value, rows in groups.items():
            unlikely = (1 - passed / len(scored)) ** len(rows) < CHANCE
            if len(rows) >= LEAST_ANSWERS and unlikely and not any(holds for _, holds in rows):
                failing[f"the {words} is {value[:24]}"] = [exchange_id for exchange_id, _ in rows]
    # The same requests may be a part by more than one column; each is told once.
    once = {tuple(ids): detail for detail, ids in failing.items()}
    lost = len({one for ids in once for one in ids})
    stops = lost > MAX_FAILING * len(scored)
    return [trial.problem(Reason.PART_PASSES_NOTHING, detail, ids, stops=stops) for ids, detail in once.items()]


def _hardly_passes(trial: Trial) -> list[LogProblem]:
    """So few accepted answers that a candidate which is wrong on every request would lose no more than the margin; or
    answers that a draft made from them does not accept, and which would move unjudged.
    """
    route = trial.route
    told = list(zip(route.items, route.verdicts, strict=True))
    failed = [item.exchange_id for item, holds in told if holds is False]
    passed = sum(holds is True for _, holds in told)
    scored = len(failed) + passed
    if scored < LEAST_ANSWERS or not passed or not failed:
        return []
    grades = {c.grade_on(item.context) for item in route.items for c in route.criteria if c.weight > 0}
    drafted = not route.settings.confirmed and Grade.AGREEMENT in grades and Grade.RIGHT not in grades
    if passed <= trial.margin * scored:
        reason, detail, count = Reason.HARDLY_PASSES, f"{trial.margin * 100:g} points", passed
    elif drafted and too_many(len(failed), MAX_LEFT_OUT, scored):
        reason, detail, count = Reason.DRAFT_REJECTS, "", len(failed)
    else:
        return []
    return [LogProblem(reason=reason, detail=detail, count=count, of=scored, example_id=failed[0], stops=True)]


def _several_values(trial: Trial) -> list[LogProblem]:
    """Answers that hold several different values of what a criterion reads, where nobody has said which one counts. It
    stops nothing: which one is read is a rule, and a program that reads the answers so has the same.
    """
    route = trial.route
    causes: dict[str, list[str]] = {}
    for item, row in zip(route.items, route.outcomes, strict=True):
        for criterion, outcome in zip(route.criteria, row, strict=True):
            if criterion.weight > 0 and isinstance(outcome, Scored) and (read := outcome.evidence.get(READ)):
                causes.setdefault(f"`{criterion.name}` reads {read}", []).append(item.exchange_id)
    return [trial.problem(Reason.SEVERAL_VALUES, cause, ids, stops=False) for cause, ids in causes.items()]


def _one_answer(trial: Trial) -> list[LogProblem]:
    """Accepted answers that all come down to one, and so many that it would lose no more than the margin if it were
    given to every request. It stops nothing, since such a loss is what the user allows.
    """
    route = trial.route
    told = [(item, holds) for item, holds in zip(route.items, route.verdicts, strict=True) if holds is not None]
    said = {item.exchange_id: essence(trial.views, item.context.completion) for item, holds in told if holds}
    if len(told) < LEAST_ANSWERS or not said:
        return []
    common, n = Counter(said.values()).most_common(1)[0]
    if len(said) - n > trial.margin * len(told):
        return []
    same = [exchange_id for exchange_id, one in said.items() if one == common]
    return [
        LogProblem(reason=Reason.ONE_ANSWER_SUFFICES, detail="", count=n, of=len(told), example_id=same[0], stops=False)
    ]


def _beside_calls(trial: Trial) -> list[LogProblem]:
    """Texts beside calls that nothing is compared with. It stops nothing: they are often a courtesy to the user."""
    route = trial.route
    if any(criterion.compares_texts for criterion in route.criteria):
        return []
    told = [(item.exchange_id, item.context.completion) for item in route.items]
    ids = [one for one, completion in told if completion.tool_calls and (completion.text or "").strip()]
    if len(ids) <= MAX_LEFT_OUT * len(told):
        return []
    return [trial.problem(Reason.TEXT_BESIDE_CALLS, "", ids, stops=False)]


def _uncompared(trial: Trial) -> list[LogProblem]:
    """Fields of JSON answers that nothing is compared with. It stops nothing: the user may need none of them."""
    route = trial.route
    if route.judges or any(criterion.embeds for criterion in route.criteria):
        return []
    found = uncompared_fields(trial.accepted, trial.views, route.judge, seed=trial.seed)
    if not found:
        return []
    names = {id(item.context): item.exchange_id for item in route.items}
    ids = [
        names[id(trial.accepted[place])] for place in sorted({place for places in found.values() for place in places})
    ]
    detail = ", ".join(f"`{name}`" for name in found)
    return [trial.problem(Reason.FIELDS_UNCOMPARED, detail, ids, stops=False)]


def _fails_uncompared(trial: Trial) -> list[LogProblem]:
    """Answers that fail by their form, and that nothing is compared with."""
    if not trial.unread:
        return []
    stops = trial.too_many(len(trial.unread), MAX_FAILING)
    return [trial.problem(Reason.FAILS_UNCOMPARED, "", trial.unread, stops=stops)]


Finder = Callable[[Trial], Sequence[LogProblem]]

OF_ANSWERS: tuple[Finder, ...] = (
    _unscorable,
    _impossible,
    _left_out,
    _no_right_answer,
    _nothing_passes,
    _parts_pass_nothing,
    _hardly_passes,
    _several_values,
)
"""Of every route; what stops it is told first."""

OF_COMPARING: tuple[Finder, ...] = (_one_answer, _beside_calls, _uncompared, _fails_uncompared)
"""Of a route whose answers are decided by a comparison."""
