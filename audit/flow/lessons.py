"""What tiers have learned of the log, in the run folder: `learned.json`, and beside the policy what serves by it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from audit.core.artifacts import RunFolder, read_json, write_json
from audit.core.display import count, percent_share
from audit.core.errors import LineageError
from audit.core.fingerprint import fingerprint
from audit.core.plan import Plan
from audit.core.policy import LESSON
from audit.core.settings import Settings
from audit.core.tier import Tier
from audit.flow.trimming import tiers_of
from audit.imitation.lesson import Lesson, lessons_from_plain, lessons_to_plain


def planned_tiers(folder: RunFolder, settings: Settings, plan: Plan) -> tuple[Tier, ...]:
    """The tiers of a run, each with what the plan let it learn.

    Raises:
        LineageError: Something else was learned since.
    """
    lessons = lessons_of(folder)
    if lineage_of(lessons).get("learned") != plan.made_from.get("learned"):
        raise LineageError(
            f"{folder.learned.name} is not what the plan was made with",
            code="learned.other",
            hint="run the audit again into this folder: it learns anew, which costs nothing",
        )
    return with_lessons(lessons, tiers_of(folder, settings), folder)


def lessons_of(folder: RunFolder) -> dict[str, Lesson]:
    """What tiers of a run have learned; empty where none did.

    Raises:
        InputError: The file is damaged.
    """
    return lessons_from_plain(read_json(folder.learned)) if folder.learned.exists() else {}


def hand_out(folder: RunFolder) -> None:
    """Write what serves requests beside the policy, which may be carved to any certified tier; nothing where none
    learned."""
    if lessons := lessons_of(folder):
        write_json(folder.served, lessons_to_plain(lessons, served=True))
    else:
        folder.served.unlink(missing_ok=True)


def notes_on(folder: RunFolder, plan: Plan) -> list[str]:
    """What a reader must know of the tiers that are no model: by what each answers; and why a tier is not asked."""
    asked = {name for design in plan.designs for name in design.candidates}
    answers = [
        f"Tier {name} is no model: rules learned from the log of {lesson.route} answer, by a {lesson.way}. Of the "
        f"{count(lesson.examples)} requests that they were learned from, none of which decides, they answer "
        f"{percent_share(lesson.agreement)} as wanted where they had not seen them"
        for name, lesson in lessons_of(folder).items()
        if name in asked
    ]
    silent = [
        f"Tier {name} is not asked on {design.route}: {why.sentence}"
        for design in plan.designs
        if design.candidates
        for name, why in design.unfit.items()
    ]
    return answers + silent


def lineage_of(lessons: Mapping[str, Lesson]) -> dict[str, str]:
    """What was learned, as lineage of a plan; empty where nothing was."""
    return {"learned": fingerprint(lessons_to_plain(lessons))} if lessons else {}


def with_lessons(lessons: Mapping[str, Lesson], tiers: Sequence[Tier], folder: RunFolder) -> tuple[Tier, ...]:
    """The tiers with what names their answers: in options, so that it is in the key of every call."""
    where = str(folder.learned.absolute())

    def options(lesson: Lesson) -> dict[str, str]:
        return {"route": lesson.route, LESSON: lesson.digest, "held_out": fingerprint(lesson.held_out), "path": where}

    return tuple(
        replace(tier, options=options(lessons[tier.name]))
        if tier.only_route is not None and tier.name in lessons
        else tier
        for tier in tiers
    )
