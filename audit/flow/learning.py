"""Rules learned from the log: what tiers that are no model learn of the tuning draws, before anything is asked.

Of a route's sample they see the tuning draws alone: their requests, and what these were answered in the log, or the
right answer where the route's criteria compare with one. No answer of the certification draws is read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from audit.core.artifacts import RunFolder, write_json, write_table
from audit.core.errors import ConfigError, UnknownName
from audit.core.reason import Because
from audit.core.settings import Settings
from audit.core.tier import Tier
from audit.flow.keeping.frames import Frames, sample_of
from audit.flow.lessons import lineage_of, with_lessons
from audit.imitation.lesson import Lesson, learn, lessons_to_plain
from audit.imitation.way import Example
from audit.sampling.design import RouteNeeds
from audit.sampling.run import Sample as Sample
from audit.scoring.examples import wanted_answers


@dataclass(frozen=True, slots=True, kw_only=True)
class TaughtSample:
    """A sample whose candidates have learned what they answer by.

    Attributes:
        sample: As drawn; a tier that has nothing to learn of its route is no candidate there.
        tiers: The run's, each that learned with the digest of it.
        made_from: What was learned, as lineage of a plan; empty where nothing was.
    """

    sample: Sample
    tiers: tuple[Tier, ...]
    made_from: Mapping[str, str]


def draw_and_teach(
    folder: RunFolder,
    settings: Settings,
    frames: Frames,
    needs: Mapping[str, RouteNeeds],
    tiers: Sequence[Tier],
) -> TaughtSample:
    """Draw the sample, let tiers learn of its tuning draws, and write both; without such tiers the sample alone.

    Raises:
        ConfigError: Two tiers learn the same route, or one judges answers.
        UnknownName: The log has no route of that name.
        As `sampling.run.draw_sample`.
    """
    learners = {tier.name: tier.only_route for tier in tiers if tier.only_route is not None}
    _refuse(learners, [frame.route for frame in frames], settings)
    while True:
        sample = sample_of(folder, settings, frames, needs, tiers)
        lessons: dict[str, Lesson] = {}
        unlearned: dict[str, Because] = {}
        for design in sample.designs:
            for name in sorted(set(design.candidates) & set(learners)):
                found = _learned(folder, settings, sample, design.route)
                if isinstance(found, Lesson):
                    lessons[name] = found
                else:
                    unlearned[name] = found
        if not unlearned:
            break
        # A route without that candidate has another sample; so may have others, which share the cap with it.
        needs = {
            route: replace(need, unlearned={**need.unlearned, **_of_route(unlearned, learners, route)})
            for route, need in needs.items()
        }
    write_table(folder.slice, sample.table)
    if lessons:
        write_json(folder.learned, lessons_to_plain(lessons))
    else:
        folder.learned.unlink(missing_ok=True)
    return TaughtSample(sample=sample, tiers=with_lessons(lessons, tiers, folder), made_from=lineage_of(lessons))


def _of_route(unlearned: Mapping[str, Because], learners: Mapping[str, str], route: str) -> dict[str, Because]:
    return {name: why for name, why in unlearned.items() if learners[name] == route}


def _refuse(learners: Mapping[str, str], routes: Sequence[str], settings: Settings) -> None:
    judges = {name for entry in settings.routes for one in entry.criteria for name in one.judges}
    taken: dict[str, str] = {}
    for name, route in learners.items():
        if route not in routes:
            raise UnknownName.among("route", route, routes)
        if name in judges:
            raise ConfigError(f"tier `{name}` learns answers, so it judges none", code="config.learned")
        if route in taken:
            raise ConfigError(
                f"tiers `{taken[route]}` and `{name}` both learn route `{route}`",
                code="config.learned",
                hint="one of them is enough: it takes what answers best of all that can be learned",
            )
        taken[route] = name


def _learned(folder: RunFolder, settings: Settings, sample: Sample, route: str) -> Lesson | Because:
    """What the tuning draws of a route teach."""
    slice_: Any = pl.from_arrow(sample.table)
    mine = (pl.col("route") == route) & (pl.col("purpose") == "quality") & (pl.col("split") == "tuning")
    rows = slice_.with_columns(pl.col(pl.Categorical).cast(pl.String)).filter(mine)
    examples: dict[str, Example] = {}
    unlike = 0
    for request, wanted in wanted_answers(folder, settings, rows, route):
        if wanted is None:
            unlike += request.request_fp not in examples
        else:
            examples.setdefault(request.request_fp, Example(text=request.last_user, answer=wanted))
    return learn(route, examples, unlike=unlike)
