"""How many labels a route takes where a judge decides, said before anybody labels.

There are two ways. Labels of answers that somebody chose say how often the judge errs, and its verdicts are corrected
at the worst that they allow. Pairs of the sample that are judged in its random order carry the verdict themselves,
whatever the judge gets wrong; they can be had once a candidate has answered.
"""

from __future__ import annotations

import math

from audit.core.criteria import CriteriaCheck
from audit.core.plan import RouteDesign
from audit.core.settings import Settings, SliceSettings
from audit.sampling.design import pool_of
from audit.stats.discrimination import USUAL_AGREEMENT
from audit.stats.label_sizes import LabelSizing
from audit.stats.pairs_test import WantedTest, labels_to_settle


def labels_between(
    check: CriteriaCheck, design: RouteDesign, settings: Settings
) -> tuple[int | None, int | None] | None:
    """As `labels_wanted`, for a judge that never errs and for one that errs on a fifth of answers; None where it was
    asked about labels. What labels show later is not known before, and the number grows steeply with the error.
    """
    if check.labelled is not None and check.labelled.counted:
        return None
    never, often = (labels_wanted(check, design, settings, agreement=share) for share in (1.0, 0.8))
    return never, often


def labels_wanted(
    check: CriteriaCheck, design: RouteDesign, settings: Settings, *, agreement: float = USUAL_AGREEMENT
) -> int | None:
    """About how many labels that somebody chose would settle a route that a judge decides, with the requests that it
    has.

    Args:
        check: Of the route.
        design: Its.
        settings: `audit.yaml`.
        agreement: Share of answers on which the judge is taken to agree with people, where it has not been asked.
    """
    options = settings.slice
    wanted = WantedTest(
        margin=design.margin,
        alpha=_alpha_of(design, settings),
        confidence=settings.confidence,
        pairs=_most_pairs(design, options),
        discordance=options.discordance,
        power=options.power,
    )
    return labels_to_settle(check, wanted, agreement=agreement)


def random_pairs_wanted(check: CriteriaCheck, design: RouteDesign, settings: Settings) -> int | None:
    """About how many pairs of the sample people would judge in its random order until these settle the route; None
    where all of them would not. Arguments as of `labels_wanted`."""
    options = settings.slice
    sizing = LabelSizing.of(
        check,
        margin=design.margin,
        looks=len(design.stages),
        levels=(_alpha_of(design, settings), settings.confidence),
        expects=(options.discordance, options.power),
    )
    return sizing.planned(_most_pairs(design, options))


def _alpha_of(design: RouteDesign, settings: Settings) -> float:
    return settings.alpha if design.alpha is None else design.alpha


def _most_pairs(design: RouteDesign, options: SliceSettings) -> int:
    """Certification pairs that a route can give at most."""
    draws = min(pool_of(design) or design.replayable, options.max_per_route or design.replayable)
    return math.floor(draws * (1 - options.tuning_share))
