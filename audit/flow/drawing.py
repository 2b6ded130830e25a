"""The sample of a run: drawn, and drawn again without the tiers that it shows to be no candidates.

A route's sample tells what its tiers can learn, and what a trim leaves out of its requests. A tier that it tells out
goes, and with it its part of the money and of the draws.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from audit.core.artifacts import RunFolder, write_json, write_table
from audit.core.settings import Settings
from audit.core.tier import Tier
from audit.flow.idle_trims import untrimmed
from audit.flow.keeping.frames import Frames, sample_of
from audit.flow.learning import learn_of, refuse_learners
from audit.flow.lessons import lineage_of, with_lessons
from audit.imitation.lesson import lessons_to_plain
from audit.sampling.design import RouteNeeds
from audit.sampling.run import Sample as Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class FittingSample:
    """A sample whose candidates can be tried, and have learned what they answer by.

    Attributes:
        sample: As drawn.
        tiers: The run's, each that learned with the digest of it.
        made_from: What was learned, as lineage of a plan; empty where nothing was.
    """

    sample: Sample
    tiers: tuple[Tier, ...]
    made_from: Mapping[str, str]


def draw_fitting(
    folder: RunFolder,
    settings: Settings,
    frames: Frames,
    needs: Mapping[str, RouteNeeds],
    tiers: Sequence[Tier],
) -> FittingSample:
    """Draw the sample, let tiers learn of its tuning draws, and write both; without such tiers the sample alone.

    Raises:
        As `refuse_learners` and `sampling.run.draw_sample`.
    """
    refuse_learners(tiers, [frame.route for frame in frames], settings)
    while True:
        sample = sample_of(folder, settings, frames, needs, tiers)
        lessons = learn_of(folder, settings, sample, tiers)
        unfit = untrimmed(folder, settings, sample, frames, tiers)
        for name, why in lessons.nothing.items():
            (route,) = (tier.only_route for tier in tiers if tier.name == name)
            unfit.setdefault(str(route), {})[name] = why
        if not unfit:
            break
        # A route without that candidate has another sample; so may have others, which share the cap with it.
        needs = {route: replace(need, unfit={**need.unfit, **unfit.get(route, {})}) for route, need in needs.items()}
    write_table(folder.slice, sample.table)
    learned = lessons.learned
    if learned:
        write_json(folder.learned, lessons_to_plain(learned))
    else:
        folder.learned.unlink(missing_ok=True)
    return FittingSample(sample=sample, tiers=with_lessons(learned, tiers, folder), made_from=lineage_of(learned))
