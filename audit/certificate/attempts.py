"""The tests of a sealed list in its order, look by look."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from audit.certificate.draws import PolicyDraws
from audit.certificate.frozen import FrozenPolicies
from audit.certificate.parameters import TestParameters
from audit.stats.group_sequential import Look
from audit.stats.risk_control import Attempt, LookTest, PolicyOrder, certify_in_looks


def attempts_at(sealed: FrozenPolicies, trials: Sequence[PolicyDraws], terms: TestParameters) -> tuple[Attempt, ...]:
    """The sequence of tests over the looks that are reached; none on a route that is too noisy."""
    return _sequence(sealed.order, trials, terms, PolicyDraws.test)


def splits_at(sealed: FrozenPolicies, trials: Sequence[PolicyDraws], terms: TestParameters) -> tuple[Attempt, ...]:
    """The sequence of tests of what Splits move, in an order of its own, over the same looks."""
    return _sequence(sealed.splits, trials, terms, PolicyDraws.test_part)


def _sequence(
    order: PolicyOrder,
    trials: Sequence[PolicyDraws],
    terms: TestParameters,
    tested: Callable[[PolicyDraws, Look, TestParameters], LookTest],
) -> tuple[Attempt, ...]:
    if terms.noisy:
        return ()
    by_name = {trial.tuned.name: trial for trial in trials}

    def test(name: str, look: Look) -> LookTest | None:
        trial = by_name[name]
        reached = terms.schedule.reached(trial.tuned.policy.asks)
        if reached is None or reached.number < look.number:
            return None
        return tested(trial, look, terms)

    return certify_in_looks(order, terms.schedule.looks, test)


def shown(
    trial: PolicyDraws, attempt: Attempt | None, part: Attempt | None, terms: TestParameters
) -> tuple[Look | None, Look | None]:
    """The looks whose numbers people see, of the policy and of the part that it moves: the last one reached; of what
    is certified the last that certifies it.

    The intervals of all looks hold at once, so any of them may be shown; a Switch must not come with one across the
    margin because its route went on for the sake of another policy. Policy and part are shown at one look wherever one
    certifies both.
    """
    last = terms.schedule.reached(trial.tuned.policy.asks)
    if last is None or attempt is None or not attempt.certified:
        return last, last
    if part is None or not part.certified:
        look = _last_holding(trial, terms, attempt.look, last, (PolicyDraws.test,))
        return look, look
    both = _last_holding(trial, terms, max(attempt.look, part.look), last, (PolicyDraws.test, PolicyDraws.test_part))
    if both is not None:
        return both, both
    return (
        _last_holding(trial, terms, attempt.look, last, (PolicyDraws.test,)),
        _last_holding(trial, terms, part.look, last, (PolicyDraws.test_part,)),
    )


def _last_holding(
    trial: PolicyDraws,
    terms: TestParameters,
    first: int,
    last: Look,
    tests: Sequence[Callable[[PolicyDraws, Look, TestParameters], LookTest]],
) -> Look | None:
    """The last look from `first` on at which every test holds at the look's own level."""
    for look in reversed(terms.schedule.looks[first - 1 : last.number]):
        found = [test(trial, look, terms) for test in tests]
        if all(one.above and one.p <= look.alpha for one in found):
            return look
    return None
