"""Which candidates of a route are replayed further, and how far, after the tuning split and after every look.

Two things keep a route going: a sealed policy that would save more than the best certified one and can still be
certified, and, while nothing is certified, a candidate that may still be shown to lose too much. Everything else has
been decided, or is not going to be.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from audit.certificate.candidates import CandidateEvidence
from audit.certificate.claims import observed, tells
from audit.certificate.jobs import CertificateJob, Certified, certify, sharing
from audit.certificate.looks import NO_PROSPECT, WORTH
from audit.certificate.verdicts import PolicyTest
from audit.core.progress import counted
from audit.executors.executor import Pool
from audit.stats import random_labels
from audit.stats.group_sequential import chance_to_cross
from audit.stats.quantiles import upper_normal
from audit.stats.random_mix import random_mix_z
from audit.stats.tango import tango_z

ONWARD = "audit.certificate.onward:looks_of"


def next_looks(jobs: Sequence[CertificateJob], pool: Pool) -> dict[str, Mapping[str, int]]:
    """By route, the look to which each candidate goes next; without the routes that are finished."""
    designs = [job.design for job in jobs]
    found = sharing(pool, designs).run(jobs, work=ONWARD)
    told = counted(found, "Testing routes", total=len(designs), unit="routes")
    return {design.route: looks for design, looks in zip(designs, told, strict=True) if looks}


def looks_of(job: CertificateJob) -> dict[str, int]:
    """`onward` of a route that is tested here; what a worker does."""
    return onward(certify(job), job.design.auditable_usd)


def onward(certified: Certified, spend_usd: float) -> dict[str, int]:
    """The look to which each candidate goes next; a route without any is finished.

    Args:
        certified: The route after its latest look.
        spend_usd: Auditable spend of the route.

    Special cases:
        Before the first look: every candidate that may cost less and was not dropped on the tuning split goes to it,
        unless the route is too noisy, or so much was not asked that no policy could be claimed. Where the tier was
        stopped, nobody goes on.
    """
    schedule = certified.terms.schedule
    if certified.terms.noisy:
        return {}
    now = schedule.taken
    if now == 0:
        tested = {tier for one in certified.policies.tested for tier in one.tuned.policy.asks}
        going = (e for e in certified.evidence if _may_save(e) and e.dropped is None and e.stopped is None)
        return {e.tier.name: 1 for e in going if not e.unasked(certified.terms.margin) or e.tier.name in tested}
    wanted = {**_for_the_splits(certified, now, spend_usd), **_for_the_sequence(certified, now, spend_usd)}
    if certified.policies.best is None and now < len(schedule.stages):
        undecided = (e for e in certified.evidence if schedule.reach.get(e.tier.name, 0) == now and _open(e, certified))
        wanted |= {e.tier.name: now + 1 for e in undecided}
    stopped = {e.tier.name for e in certified.evidence if e.stopped is not None}
    return {tier: look for tier, look in wanted.items() if look > schedule.reach.get(tier, 0) and tier not in stopped}


def _for_the_sequence(certified: Certified, now: int, spend_usd: float) -> dict[str, int]:
    """What the next test of the sealed sequence needs, while a test can still change the recommendation."""
    policies, schedule = certified.policies, certified.terms.schedule
    left = [tested for tested in policies.tested if not tested.certified]
    enough = _saving(policies.best) + WORTH * spend_usd if policies.best else 0.0
    if not any(_saving(tested) > enough and not _hopeless(tested, certified) for tested in left):
        return {}
    head = left[0]
    behind = min(schedule.reach.get(tier, 0) for tier in head.tuned.policy.asks) < now
    target = now if behind else now + 1
    if target > len(schedule.stages) or _hopeless(head, certified):
        # The sequence stops at its first failure, so nothing after this policy can be certified either.
        return {}
    return dict.fromkeys(head.tuned.policy.asks, target)


def _for_the_splits(certified: Certified, now: int, spend_usd: float) -> dict[str, int]:
    """What the next test of a Split's part needs, while a certified Split only wants that to be recommended."""
    policies, schedule = certified.policies, certified.terms.schedule
    enough = _saving(policies.best) + WORTH * spend_usd if policies.best else 0.0
    waiting = [t for t in policies.tested if t.certified and t.moved.holds is not True and _saving(t) > enough]
    by_name = {t.tuned.name: t for t in policies.tested}
    in_order = [by_name[name] for name in certified.sealed.splits.names]
    head = next((t for t in in_order if t.moved.holds is not True), None)
    if head is None or not any(len(t.tuned.policy.asks) == 1 and t.tuned.policy.kind != "static" for t in waiting):
        return {}
    reached = min(schedule.reach.get(tier, 0) for tier in head.tuned.policy.asks)
    if reached >= len(schedule.stages) or _part_hopeless(head, certified):
        return {}
    return dict.fromkeys(head.tuned.policy.asks, min(reached, now) + 1)


def _part_hopeless(tested: PolicyTest, certified: Certified) -> bool:
    """Whether the part that a Split moves has no prospect of holding the margin, or of beating a random choice."""
    terms = certified.terms
    if tested.look is None:
        return False
    trial = certified.policies.trial(tested)
    parted, part = trial.parted(tested.look, terms), trial.part(tested.look, terms)
    last, times = terms.schedule.looks[-1], terms.schedule.times_left(tested.look)

    def crosses(z: float, alpha: float) -> float:
        return chance_to_cross(z, fraction=1 / times, critical=upper_normal(alpha))

    if tells(part.labelled):
        error = terms.part_alpha(last)
        within = random_labels.prospects(part.labelled, margin=terms.margin, times=times, error=error).passing
    else:
        z = tango_z(parted.moved, -terms.tested_margin) if parted.moved.n else 0.0
        within = crosses(z, terms.part_alpha(last))
    return min(within, crosses(random_mix_z(parted), last.alpha)) < NO_PROSPECT


def left_behind(certified: Certified) -> float:
    """What a policy behind the recommended one might save beyond it if the replay went on to the last look, in USD.

    Special cases:
        Nothing is recommended, or every policy that would save more was tested at the last look, or has no prospect, or
        stands behind one of these, where the sequence ends: 0.
    """
    policies, schedule = certified.policies, certified.terms.schedule
    if policies.best is None:
        return 0.0
    more = [0.0]
    for tested in policies.tested:
        policy = tested.tuned.policy
        further = min(schedule.reach.get(tier, 0) for tier in policy.asks) < len(schedule.stages)
        if tested.certified:
            continue
        if not further or _hopeless(tested, certified):
            break
        if len(policy.asks) == 1:
            more.append(_saving(tested) - _saving(policies.best))
    return max(more)


def _saving(tested: PolicyTest) -> float:
    return tested.saving_usd.est if tested.saving_usd else 0.0


def _hopeless(tested: PolicyTest, certified: Certified) -> bool:
    if tested.look is None:
        return False
    terms, trial = certified.terms, certified.policies.trial(tested)
    claims = [(trial.seen(tested.look, terms), tested.counts, terms)]
    said = trial.content_seen(tested.look, terms)
    if said is not None and tested.content_counts is not None:
        claims.append((said, tested.content_counts, terms.by_content))
    chances = (by.prospects(seen.pairs, counts, tested.look) for seen, counts, by in claims)
    return min(chance.passing for chance in chances) < NO_PROSPECT


def _open(evidence: CandidateEvidence, certified: Certified) -> bool:
    """Neither shown to lose too much nor without a chance of it or of the opposite."""
    terms = certified.terms
    if (
        evidence.look is None
        or evidence.unasked(terms.margin)
        or not _may_save(evidence)
        or evidence.below(terms.margin)
    ):
        return False
    chance = terms.prospects(evidence.pairs, observed(evidence.pairs), evidence.look)
    return max(chance.passing, chance.failing) >= NO_PROSPECT


def _may_save(evidence: CandidateEvidence) -> bool:
    """The saving could be above $0; unknown is not no."""
    saving = evidence.saving_usd
    return saving is None or saving.hi is None or saving.hi > 0
