"""What a criterion's own error does to a claim: bounds of how well it tells right answers from wrong ones, and tests.

A check that accepts 40 % of wrong answers shows 60 % of a loss: a true -4.5 looks like -2.7. So a measured delta is
divided by the check's discrimination, and the margin that it is tested against is multiplied by its lower bound.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from scipy import special

from audit.core.criteria import LEAST_ANSWERS, UNEVEN, CriteriaCheck, Grade, Labelled, UnevenError
from audit.core.discrimination import PERFECT, Discrimination
from audit.core.interval import Interval
from audit.stats import exact
from audit.stats.planning import least_pairs
from audit.stats.quantiles import check_open_unit
from audit.stats.subsample import share_p
from audit.stats.tango import PairCounts

ERROR_SHARE = 0.2
"""Part of the error rate that the bounds from labelled answers may be wrong with."""


USUAL_AGREEMENT = 0.9
"""Share of right and of wrong answers on which a judge is taken to agree with people, before it is asked about any."""


def clopper_pearson(k: int, n: int, *, level: float) -> Interval:
    """Exact interval of a share: `k` of `n`.

    Args:
        k: Records with the property, in [0, n].
        n: Records.
        level: Least coverage in (0, 1).

    Returns:
        The interval of the share; both tails miss with at most half of what is left of the level.

    Special cases:
        n = 0: [0, 1].

    Raises:
        ValueError: k is negative or exceeds n, or the level is out of range.

    Source:
        Clopper & Pearson (1934), Biometrika 26:404-413.
    """
    if not 0 <= k <= n:
        raise ValueError(f"k must lie in [0, n], got k={k}, n={n}")
    tail = (1.0 - check_open_unit("level", level)) / 2.0
    low = float(special.betaincinv(k, n - k + 1, tail)) if k > 0 else 0.0
    high = float(special.betaincinv(k + 1, n - k, 1.0 - tail)) if k < n else 1.0
    return Interval(low=low, high=high, level=level)


def discrimination_of(check: CriteriaCheck | None, *, error: float, content: bool = False) -> Discrimination:
    """What is known of the discrimination of a route's criteria.

    Where people have judged answers, the acceptance of right and of wrong ones has exact bounds, and the error rate
    pays for them. Criteria that compare with the incumbent always accept the incumbent's own answer; a true loss then
    shows in every request on which the candidate becomes wrong and the criteria notice it, so only their acceptance
    of wrong answers counts. A judge that compares calls right answers worse as well: these false alarms are taken off.

    The damage that the criteria accept most of bounds what they show too, as far as that damage is like true faults:
    alone without labels, when nothing corrects the estimate and no error rate is spent, and beside them, since judged
    answers that happen to be easy say nothing of faults that damage has shown to pass. Of a judge that no label checks,
    nothing is known.

    Args:
        check: Of the route; None where its criteria were not tested.
        error: Error rate of the verdict, or of its intervals if that is smaller, in (0, 1).
        content: Of the criteria alone that see what an answer says.

    Source:
        docs/method/criteria-error.md.
    """
    if check is None:
        return Discrimination()
    labelled = check.labelled.content if content and check.labelled is not None else check.labelled
    if labelled is not None and labelled.wrong:
        told = _by_labels(labelled, error, compares=check.grade is Grade.AGREEMENT, judged=bool(check.judges))
        return replace(told, low=min(told.low, _by_controls(check)))
    return Discrimination(low=0.0 if check.judges else _by_controls(check))


def deciding(shown: Discrimination, *, people: bool) -> Discrimination:
    """How much of a true difference is shown by the words that a verdict is read from.

    Args:
        shown: By the route's criteria.
        people: People's words of random pairs are there for the claim: they show all of it. What the bounds of the
            criteria's error may be wrong with is spent all the same, because other claims of the route rest on these.
    """
    return replace(PERFECT, error_share=shown.error_share) if people else shown


def least_certifying(shown: Discrimination, *, margin: float, alpha: float, people: bool) -> int:
    """The pairs below which a claim certifies nothing, whatever they say.

    Args:
        shown: How much of a true difference the route's criteria show.
        margin: Accepted loss.
        alpha: Error rate that is left for the pairs.
        people: As of `deciding`.
    """
    return least_pairs(deciding(shown, people=people).shown(margin), alpha)


def _by_controls(check: CriteriaCheck) -> float:
    """What is left of a loss where true faults pass as often as the damage that the criteria accept most of."""
    shares = [one.share.est for one in check.controls if one.share is not None and one.tried >= LEAST_ANSWERS]
    return 1.0 - max(shares, default=0.0)


def _by_labels(labelled: Labelled, error: float, *, compares: bool, judged: bool) -> Discrimination:
    # What the labels may err with is split between the shares, and within each between its two tails.
    level = 1.0 - check_open_unit("error", error) * ERROR_SHARE / (1 if compares and not judged else 2)
    wrong = _share(labelled.wrong_accepted, labelled.wrong, labelled, level)
    if compares and not judged:
        # What differs from the incumbent and is right all the same is counted as a loss already, so the true loss is
        # bounded by this, not estimated.
        return Discrimination(low=1.0 - wrong.high, error_share=ERROR_SHARE)
    right = _share(labelled.right_accepted, labelled.right, labelled, level)
    accepts_right = labelled.right_accepted / labelled.right if labelled.right else 1.0
    accepts_wrong = labelled.wrong_accepted / labelled.wrong
    if compares:
        # A judge errs on right answers too, and accepts the incumbent's own without being asked: a loss is seen in part
        # and false alarms come on top of it.
        return Discrimination(
            est=max(accepts_right - accepts_wrong, 1e-9),
            low=1.0 - wrong.high,
            error_share=ERROR_SHARE,
            alarms=1.0 - right.low,
            alarms_est=1.0 - accepts_right,
        )
    return Discrimination(
        est=max(accepts_right - accepts_wrong, 1e-9),
        low=right.low - wrong.high,
        high=right.high - wrong.low,
        error_share=ERROR_SHARE,
    )


def _share(accepted: int, of: int, labelled: Labelled, level: float) -> Interval:
    """Bounds of an accepted share, each with the disputed answers that make it worse: people do not say which of them
    are right, so any of them may be."""
    above, below = labelled.disputed_accepted, labelled.disputed_rejected
    return Interval(
        low=clopper_pearson(accepted, of + below, level=level).low,
        high=clopper_pearson(accepted + above, of + above, level=level).high,
        level=level,
    )


def expected(check: CriteriaCheck) -> CriteriaCheck:
    """The check as it is planned with: labelled answers that a judge has yet to be asked about count as if it agreed
    with people on the usual share. Nothing but a plan may rest on it.
    """
    labelled = check.labelled
    if labelled is None or not labelled.waiting:
        return check
    right, wrong = labelled.waiting_right, labelled.waiting_wrong
    counts = replace(
        labelled,
        right=labelled.right + right,
        right_accepted=labelled.right_accepted + round(right * USUAL_AGREEMENT),
        wrong=labelled.wrong + wrong,
        wrong_accepted=labelled.wrong_accepted + round(wrong * (1.0 - USUAL_AGREEMENT)),
        waiting_right=0,
        waiting_wrong=0,
    )
    return replace(check, labelled=counts)


def acceptance_of(check: CriteriaCheck, *, agreement: float = USUAL_AGREEMENT) -> tuple[float, float]:
    """Shares of right and of wrong answers that a judge is taken to accept: as on the labels so far, and as assumed on
    those that it has not been asked about."""
    found = check.labelled or Labelled()
    right, wrong = found.right + found.waiting_right, found.wrong + found.waiting_wrong
    accepts_right = (found.right_accepted + found.waiting_right * agreement) / right if right else agreement
    accepts_wrong = (found.wrong_accepted + found.waiting_wrong * (1.0 - agreement)) / wrong if wrong else 1 - agreement
    return accepts_right, accepts_wrong


def uneven_error(judged: Sequence[tuple[bool, bool, bool, str]]) -> UnevenError | None:
    """Whether the criteria err otherwise on the log's own answers than on others, by exact tests of each kind.

    Args:
        judged: Of each answer whether it is the log's own, whether it is right, whether the criteria accept it, and the
            fault that it is: equal faults of the log's own, or of others, are one.

    Special cases:
        Answers of one side alone: None.

    Source:
        Fisher (1935), J. R. Stat. Soc. 98:39-82; two tests, each at half of `UNEVEN`.
    """
    found = []
    for kind in (True, False):
        once: dict[tuple[bool, object], bool] = {}
        for place, (own, good, holds, fault) in enumerate(judged):
            if good is kind:
                key = (own, place if kind else fault)
                once[key] = once.get(key, False) or holds
        sides = {own: [holds for (whose, _), holds in once.items() if whose is own] for own in (True, False)}
        accepted, n = sum(once.values()), len(once)
        if not sides[True] or not sides[False]:
            continue
        mine = sum(sides[True])
        found.append(
            UnevenError(
                right=kind,
                own_accepted=mine,
                own=len(sides[True]),
                other_accepted=accepted - mine,
                other=len(sides[False]),
                p=share_p((mine, len(sides[True]), accepted, n)),
            )
        )
    worst = min(found, key=lambda one: one.p, default=None)
    return worst if worst is not None and 2 * worst.p <= UNEVEN else None


def p_noninferior(counts: PairCounts, *, margin: float, shown: Discrimination) -> float:
    """Exact p-value of "the true loss is the margin or more", given the bounds of the discrimination.

    It is `exact.p_pass` at the least that a loss of the margin shows. Errors of the bounds are not part of it: they
    have their own share of the error rate (Berger & Boos 1994, JASA 89:1012-1016; one confidence set for all tests).

    Special cases:
        Criteria that are not shown to tell right from wrong: 1.
    """
    return exact.p_pass(counts, margin=shown.shown(margin)) if shown.low > 0 else 1.0


def p_inferior(counts: PairCounts, *, margin: float, shown: Discrimination) -> float:
    """Exact p-value of "the true loss is the margin or less"; 1 where right and wrong are not told apart."""
    return exact.p_fail(counts, margin=shown.shown_at_most(margin)) if shown.low > 0 else 1.0
