"""Rules learned from the log: what tiers that are no model learn of the tuning draws, before anything is asked.

Of a route's sample they see the tuning draws alone: their requests, and what these were answered in the log, or the
right answer where the route's criteria compare with one. No answer of the certification draws is read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from audit.core.artifacts import RunFolder
from audit.core.errors import ConfigError, UnknownName
from audit.core.reason import Because
from audit.core.settings import Settings
from audit.core.tier import Tier
from audit.imitation.lesson import Lesson, learn
from audit.imitation.way import Example
from audit.sampling.run import Sample
from audit.scoring.expected.examples import wanted_answers


@dataclass(frozen=True, slots=True, kw_only=True)
class Lessons:
    """What tiers have learned of a sample.

    Attributes:
        learned: By tier.
        nothing: By tier that learned nothing, why.
    """

    learned: Mapping[str, Lesson]
    nothing: Mapping[str, Because]


def learn_of(folder: RunFolder, settings: Settings, sample: Sample, tiers: Sequence[Tier]) -> Lessons:
    """Let tiers that are no model learn of the tuning draws of their route."""
    learners = {tier.name: tier.only_route for tier in tiers if tier.only_route is not None}
    learned: dict[str, Lesson] = {}
    nothing: dict[str, Because] = {}
    for design in sample.designs:
        for name in sorted(set(design.candidates) & set(learners)):
            found = _learned(folder, settings, sample, design.route)
            if isinstance(found, Lesson):
                learned[name] = found
            else:
                nothing[name] = found
    return Lessons(learned=learned, nothing=nothing)


def refuse_learners(tiers: Sequence[Tier], routes: Sequence[str], settings: Settings) -> None:
    """See that tiers may learn.

    Raises:
        ConfigError: Two of them learn the same route, or one judges answers.
        UnknownName: The log has no route of that name.
    """
    learners = {tier.name: tier.only_route for tier in tiers if tier.only_route is not None}
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
