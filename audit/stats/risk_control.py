"""Certified routing policies: split, order on one part, test in that order on the other, stop at the first failure.

The choice of a policy after looking at its scores is what makes a promise worthless: tuning and certifying on the same
300 records broke it in each of 120 runs. Here everything that can be chosen is chosen on the tuning part and hashed
before the certification part is read.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from audit.core.errors import InputError, LineageError
from audit.stats.betting import wsr_p
from audit.stats.exact import p_pass, smallest_n
from audit.stats.group_sequential import Look
from audit.stats.quantiles import BoolArray, FloatArray, check_open_unit
from audit.stats.tango import PairCounts

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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CertificationScores:
    """What the certification part says about one policy: counts, or graded differences in a stored random order.

    Attributes:
        name: The policy.
        counts: Pairs over all of the route's traffic; a record the policy does not move is concordant.
        differences: Candidate minus incumbent per record, shape (n,), each in [-1, 1], 0 for unmoved records.
    """

    name: str
    counts: PairCounts | None = None
    differences: FloatArray | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if (self.counts is None) == (self.differences is None):
            raise ValueError(f"policy `{self.name}` needs either counts or differences")

    @property
    def n(self) -> int:
        """Records of the certification part."""
        return int(self.counts.n) if self.counts is not None else int(np.asarray(self.differences).size)

    def p_value(self, *, margin: float, alpha: float) -> float:
        """p-value of the hypothesis that the policy loses the margin or more."""
        if self.counts is not None:
            return p_pass(self.counts, margin=margin)
        return wsr_p(np.asarray(self.differences), margin=margin, alpha=alpha)


@dataclass(frozen=True, slots=True, kw_only=True)
class Certification:
    """Which policies are certified, and why the testing stopped.

    Attributes:
        certified: Names certified, in the order of testing; any choice among them keeps the guarantee.
        p_values: p-value of each policy tested: the certified ones and the one that failed, if any.
        stopped_at: The first policy that failed, or None when all passed.
        n: Records of the certification part; 0 when nothing was tested.
        floor_n: Records below which nothing but gains can certify.
        below_floor: n < floor_n: warn.
        digest: Digest of the order that was tested.
    """

    certified: tuple[str, ...]
    p_values: tuple[float, ...]
    stopped_at: str | None
    n: int
    floor_n: int
    below_floor: bool
    digest: str


def fixed_sequence(p_values: Iterable[float], *, level: float) -> int:
    """How many hypotheses of a fixed sequence are rejected: all before the first p-value above the level.

    Args:
        p_values: In the pre-declared order; read one at a time, and none after the first that fails.
        level: Bound on the probability of even one wrong rejection, in (0, 1).

    Returns:
        The number rejected, from the start of the sequence.

    Source:
        Maurer, Hothorn & Lehmacher (1995); Angelopoulos et al. (2021), Learn then Test, arXiv 2110.01052.
    """
    check_open_unit("level", level)
    certified = 0
    for p in p_values:
        # A NaN must stop the sequence too, so the comparison is not turned round.
        if not p <= level:
            break
        certified += 1
    return certified


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


def certify(
    policies: Iterable[CertificationScores], *, order: PolicyOrder, margin: float, alpha: float = 0.05
) -> Certification:
    """Test policies in the sealed order on the certification part, stopping at the first failure.

    Args:
        policies: Scores in the sealed order. Pass a generator that reads them: what comes after the first failure is
            never asked for.
        order: The sequence from `order_by_loss`, written down before.
        margin: The loss that is accepted over the route's traffic, in (0, 1), fixed before replay.
        alpha: Probability of certifying any policy whose loss is the margin or more, for this route, in (0, 1). For a
            guarantee over K routes at once give alpha / K.

    Returns:
        The certified policies. The guarantee covers any choice among them, but only future traffic like the window's.

    Special cases:
        An empty order: nothing certified. Fewer records than `smallest_n`: `below_floor`, and only gains certify.

    Raises:
        LineageError: The scores do not follow the order, or the order is not the one that was sealed.
        ValueError: The margin or alpha is out of range.

    Source:
        Angelopoulos et al. (2021), Learn then Test, arXiv 2110.01052, with an exact paired p-value.
    """
    if order != _sealed(order.names):
        raise LineageError("the order of policies is not the one that was sealed", code="certification.order")
    floor_n = smallest_n(margin, alpha)
    tested: list[tuple[str, float, int]] = []

    def p_values() -> Iterator[float]:
        scores = iter(policies)
        for expected in order.names:
            score = next(scores, None)
            if score is None or score.name != expected:
                raise LineageError(
                    f"certification scores do not follow the sealed order at `{expected}`",
                    code="certification.order",
                    notes=[f"digest of the order: {order.digest}"],
                )
            tested.append((expected, score.p_value(margin=margin, alpha=alpha), score.n))
            yield tested[-1][1]

    count = fixed_sequence(p_values(), level=alpha)
    names = tuple(name for name, _, _ in tested)
    n = tested[0][2] if tested else 0
    return Certification(
        certified=names[:count],
        p_values=tuple(p for _, p, _ in tested),
        stopped_at=names[count] if count < len(names) else None,
        n=n,
        floor_n=floor_n,
        below_floor=n < floor_n,
        digest=order.digest,
    )


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
