"""How far people agree who judged the same answers right or wrong, among themselves and with a route's criteria."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from scipy import optimize, special

from audit.core.criteria import Agreement, Labelled
from audit.core.interval import Estimate
from audit.stats.discrimination import clopper_pearson
from audit.stats.quantiles import check_open_unit


def kappa(both_right: int, differ: int, both_wrong: int, *, level: float = 0.95) -> Estimate | None:
    """Intraclass kappa of two judges whose names do not matter, with its goodness-of-fit interval.

    Args:
        both_right: Answers that both call right.
        differ: Answers that one calls right and the other wrong.
        both_wrong: Answers that both call wrong.
        level: Coverage in (0, 1).

    Returns:
        1 where they always agree, 0 for agreement by chance, below it for less than that.

    Special cases:
        No answers, or all of them called the same by both: None, because chance would agree as well.

    Source:
        Donner & Eliasziw (1992), Statistics in Medicine 11:1511-1519. Unlike the interval of a large-sample standard
        error it holds its level from some 25 answers on.
    """
    counts = (both_right, differ, both_wrong)
    if min(counts) < 0:
        raise ValueError(f"counts cannot be negative: {counts}")
    n = sum(counts)
    share = (2 * both_right + differ) / (2 * n) if n else 0.0
    if share in (0.0, 1.0):
        return None
    mixed = share * (1 - share)
    est = 1 - differ / (2 * n * mixed)
    limit = float(special.chdtri(1, 1 - check_open_unit("level", level)))

    def excess(value: float) -> float:
        """Chi-square of the counts at this kappa, less what the level allows."""
        expected = (share**2 + value * mixed, 2 * mixed * (1 - value), (1 - share) ** 2 + value * mixed)
        return sum(_misfit(k, n * p) for k, p in zip(counts, expected, strict=True)) - limit

    least = max(-share / (1 - share), -(1 - share) / share)
    return Estimate(est=est, lo=_end(excess, est, least), hi=_end(excess, est, 1.0), level=level)


def _misfit(found: int, expected: float) -> float:
    if expected <= 1e-12:
        return 0.0 if found == 0 else 1e12
    return (found - expected) ** 2 / expected


def _end(excess: Callable[[float], float], inside: float, outermost: float) -> float:
    """Where the excess crosses zero between the estimate and the last possible value; that value if it never does."""
    if inside == outermost or excess(outermost) <= 0:
        return outermost
    return float(optimize.brentq(excess, inside, outermost))


@dataclass(frozen=True, slots=True, kw_only=True)
class TwoPeople:
    """Two people who judged the same answers.

    Attributes:
        people: Their names.
        answers: That both judged.
        same: Of these, with the same word.
        kappa: Agreement beyond chance with its interval; None where chance would agree as well.
    """

    people: tuple[str, str]
    answers: int
    same: int
    kappa: Estimate | None


def agreements(votes: Collection[Mapping[str, bool]]) -> list[TwoPeople]:
    """Every two people who judged some of the same answers, by name.

    Args:
        votes: By answer, what each person says of it; lines that name nobody ("") are no person's.
    """
    found = []
    for one, other in itertools.combinations(sorted({name for said in votes for name in said if name}), 2):
        both = [(said[one], said[other]) for said in votes if one in said and other in said]
        right, differ = sum(a and b for a, b in both), sum(a is not b for a, b in both)
        if both:
            found.append(
                TwoPeople(
                    people=(one, other),
                    answers=len(both),
                    same=len(both) - differ,
                    kappa=kappa(right, differ, len(both) - right - differ),
                )
            )
    return found


def agreement_of(labelled: Labelled, *, level: float) -> Agreement | None:
    """How far a route's criteria agree with people: both shares with exact intervals, and kappa.

    Args:
        labelled: Counts of answers that people have judged; what they dispute is left out.
        level: Of each interval, in (0, 1).

    Special cases:
        Nothing counted: None. No right or no wrong answers: no sensitivity, or no specificity.
    """
    right, wrong = labelled.right, labelled.wrong
    if not right + wrong:
        return None
    both, neither = labelled.right_accepted, wrong - labelled.wrong_accepted
    return Agreement(
        sensitivity=_exact(both, right, level),
        specificity=_exact(neither, wrong, level),
        kappa=kappa(both, right + wrong - both - neither, neither, level=level),
        always_accepts=right / (right + wrong),
        agrees=(both + neither) / (right + wrong),
    )


def _exact(k: int, n: int, level: float) -> Estimate | None:
    return Estimate.of(k / n, clopper_pearson(k, n, level=level), level) if n else None
