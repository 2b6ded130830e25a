"""Judges on trial: what they make of answers that people call right, once these are damaged.

To ask a judge about damaged answers costs money: that is done with a few of the labelled ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from random import Random

from audit.core.artifacts import RunFolder
from audit.core.criteria import DAMAGED_FOR_JUDGES, ControlResult, Labelled, own_answers_tell
from audit.core.settings import ControlSettings, Settings
from audit.scoring.context import Context
from audit.scoring.controls.answer import views_of
from audit.scoring.controls.run import Accepts, run_controls
from audit.scoring.criteria import criteria_of, parts_read
from audit.scoring.expected.references import load_references
from audit.scoring.inputs import judge_replies
from audit.scoring.trial.labelled import LabelledAnswers, labelled_answers, read_judgements
from audit.scoring.trial.looked_at import looked_at
from audit.scoring.trial.route import ScoredRoute


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
        criteria = criteria_of(entry, settings.directory, replies=replies)
        answers = labelled_answers(
            folder,
            name,
            read_judgements(path),
            needs=parts_read(criteria),
            references=references,
            own_answers=own_answers_tell(criterion.grade for criterion in criteria),
        )
        damaged = found.setdefault(name, [])

        def note(some: Sequence[Context], damaged: list[Context] = damaged) -> list[None]:
            damaged.extend(some)
            return [None] * len(some)

        route = ScoredRoute.of(name, entry, criteria, ())
        _damage(route, answers, settings.controls_of(name), settings.seed, note)
    return found


def controls_by_judges(
    route: ScoredRoute, answers: LabelledAnswers, controls: ControlSettings, seed: int, labelled: Labelled | None
) -> tuple[ControlResult, ...]:
    """What a route with judges makes of damaged answers, held to no less than the share of wrong answers that the
    judges may pass by their labels: what these show is in every interval already.
    """
    shown = None if labelled is None or labelled.agreement is None else labelled.agreement.specificity
    passes = 1.0 if shown is None or shown.lo is None else 1.0 - shown.lo
    results = _damage(route, answers, controls, seed, route.judge)
    return tuple(replace(result, limit=max(result.limit, passes), by_judge=True) for result in results)


def _damage(
    route: ScoredRoute, answers: LabelledAnswers, controls: ControlSettings, seed: int, accepts: Accepts
) -> tuple[ControlResult, ...]:
    """Damage a few answers that people call right and the route accepts.

    Args:
        route: With its judges.
        answers: What people have judged.
        controls: The route's.
        seed: Of the audit.
        accepts: Asked about the damaged answers.
    """
    verdicts = route.judge(answers.contexts)
    good = [c for c, right, holds in zip(answers.contexts, answers.right, verdicts, strict=True) if right and holds]
    chosen = Random(f"{seed}\x1f{route.settings.match}").sample(good, min(DAMAGED_FOR_JUDGES, len(good)))
    views = views_of(looked_at(route, chosen), [context.completion for context in chosen])
    results = run_controls(chosen, answers.contexts, views, accepts, controls.limits_of_judges, seed=seed)
    # Labels that came since choose other answers. Where the judge was not asked about most of these yet, the few that
    # are left are no test: two of three is no share.
    return tuple(result for result in results if result.tried and result.tried >= result.unscored)
