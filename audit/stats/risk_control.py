"""Certified routing policies: split, order on one part, test in that order on the other, stop at the first failure.

The choice of a policy after looking at its scores is what makes a promise worthless: tuning and certifying on the same
300 records broke it in each of 120 runs. Here everything that can be chosen is chosen on the tuning part and hashed
before the certification part is read.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from audit.core.errors import InputError, LineageError
from audit.stats.group_sequential import Look
from audit.stats.quantiles import BoolArray, check_open_unit

# More policies than this only lengthen the sequence: the certified ones are its beginning.
MAX_POLICIES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class TunedPolicy:
    """A policy as the tuning part sees it.

    Attributes:
        name: Unique name with everything that defines it, such as tier and threshold.
        loss: Estimated quality loss over all of the route's traffic; positive is worse than the incumbent.
        saving: Estimated saving, in any one unit; a policy that does not save is dropped.
    """

    name: str
    loss: float
    saving: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyOrder:
    """The pre-registered sequence of tests.

    Attributes:
        names: Policies in the order of testing.
        digest: SHA-256 over the names in order; write it down before certification scores are read.
    """

    names: tuple[str, ...]
    digest: str


def order_by_loss(policies: Sequence[TunedPolicy], *, limit: int = MAX_POLICIES) -> PolicyOrder:
    """Order policies from safe to bold by what the tuning part says, and seal the order.

    Args:
        policies: Estimates from the tuning part alone.
        limit: Policies to keep.

    Returns:
        The policies with a positive saving, least loss first, then least saving, then by name.

    Raises:
        InputError: Two policies have one name.
    """
    names = [policy.name for policy in policies]
    if len(set(names)) < len(names):
        raise InputError("two policies have the same name", code="certification.policy-name")
    saving = [policy for policy in policies if policy.saving > 0]
    ordered = sorted(saving, key=lambda policy: (policy.loss, policy.saving, policy.name))
    return _sealed(policy.name for policy in ordered[:limit])


@dataclass(frozen=True, slots=True, kw_only=True)
class LookTest:
    """What one look says of one policy.

    Attributes:
        p: p-value of the hypothesis that the policy loses the margin or more.
        above: The interval of this look lies above the margin as a whole.
    """

    p: float
    above: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A policy that the sequence reached.

    Attributes:
        name: Of the policy.
        look: Number of the look at which it was certified, or else tested last.
        p: p-value there.
        certified: Whether it was.
    """

    name: str
    look: int
    p: float
    certified: bool


def certify_in_looks(
    order: PolicyOrder, looks: Sequence[Look], test: Callable[[str, Look], LookTest | None]
) -> tuple[Attempt, ...]:
    """Go through a sealed sequence; each policy is tested at every look that it was replayed to.

    The first policy of the order that truly loses the margin is certified only if its exact p-value is at most a
    look's alpha at some look, and these add up to alpha; so the chance of any wrong certificate is at most alpha,
    whenever the looks end and for whatever reason. A certificate does not end the sequence: the next policy is tested
    at once, at the looks that it has been replayed to, whichever look certified the one before it.

    Args:
        order: The sequence from `order_by_loss`, written down before.
        looks: Declared looks, from `declare_looks`.
        test: What a look says of a policy; None when the policy has not been replayed that far.

    Returns:
        The policies that were reached, in order: certified ones, and the one that stopped the sequence, if any. One
        that was not replayed to any look stops the sequence without an attempt.

    Raises:
        LineageError: The order is not the one that was sealed.

    Source:
        Maurer, Hothorn & Lehmacher (1995); Glimm, Maurer & Bretz (2010), Statistics in Medicine 29:219-228, for a
        hierarchy in a group-sequential design; the sum over looks by Boole's inequality.
    """
    if order != _sealed(order.names):
        raise LineageError("the order of policies is not the one that was sealed", code="certification.order")
    reached: list[Attempt] = []
    for name in order.names:
        attempt = None
        for look in looks:
            found = test(name, look)
            if found is None:
                break
            holds = found.p <= look.alpha and found.above
            attempt = Attempt(name=name, look=look.number, p=found.p, certified=holds)
            if holds:
                break
        if attempt is None:
            break
        reached.append(attempt)
        if not attempt.certified:
            break
    return tuple(reached)


def split_rows(row_ids: Sequence[str], *, tuning_share: float = 1 / 3, seed: int) -> BoolArray:
    """Assign each record to the tuning or the certification part, by its own hash.

    Args:
        row_ids: Of the records, shape (n,).
        tuning_share: Expected share of records in the tuning part, in (0, 1).
        seed: Part of the record; another seed gives another split.

    Returns:
        Shape (n,), True for tuning. Depends on (seed, id) alone, so a growing sample keeps earlier assignments and
        neither order nor chunking matters. Each part of a simple random sample is one itself.
    """
    check_open_unit("tuning_share", tuning_share)
    limit = int(tuning_share * 2.0**64)
    return np.fromiter((_hash64(f"{seed}\x1f{name}") < limit for name in row_ids), dtype=np.bool_, count=len(row_ids))


def order_by_promise(policies: Mapping[str, float]) -> PolicyOrder:
    """Order policies by how likely the tuning part makes it that they pass, most likely first, and seal the order.

    Args:
        policies: By name, a score that rises with the chance.
    """
    return _sealed(sorted(policies, key=lambda name: (-policies[name], name)))


def _sealed(names: Iterable[str]) -> PolicyOrder:
    ordered = tuple(names)
    text = json.dumps(ordered, ensure_ascii=True, separators=(",", ":"))
    return PolicyOrder(names=ordered, digest=hashlib.sha256(text.encode()).hexdigest())


def _hash64(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")
