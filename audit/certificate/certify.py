"""The certification split: the sealed policies are tested in their order, and the best certified one is chosen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from audit.certificate.attempts import attempts_at, shown, splits_at
from audit.certificate.claims import delta_of, pessimistic, table_of
from audit.certificate.draws import PolicyDraws
from audit.certificate.frozen import Choice, FrozenPolicies
from audit.certificate.grades import Scores, scores_of
from audit.certificate.parameters import TestParameters
from audit.certificate.verdicts import PolicyTest, Verdicts, best_of
from audit.core.exchange import Request
from audit.core.plan import RouteDesign
from audit.core.robustness import Robustness
from audit.core.tested import MovedPart
from audit.pairing.evidence import Tables, quality_draws, spend_sample
from audit.pairing.money import at_risk, dollars_of
from audit.pairing.replayed import (
    Replayed,
    break_even_of,
    part_of,
    saved_of,
    walk,
)
from audit.pairing.sets import ReplayedSets
from audit.stats.group_sequential import Look
from audit.stats.random_mix import random_mix_p
from audit.stats.risk_control import Attempt


def certify_policies(
    tables: Tables, design: RouteDesign, choice: Choice, requests: Mapping[str, Request], terms: TestParameters
) -> Verdicts:
    """Test a sealed list.

    Args:
        tables: Of the route, whole.
        design: Of the route.
        choice: The list, written down by now, with the values of its signals.
        requests: Of the route, by fingerprint; policies that check answers look at them.
        terms: Of the certificate.
    """
    sealed = choice.sealed
    tiers = sorted({tuned.policy.tier for tuned in sealed.policies} | set(design.candidates))
    sets = ReplayedSets(tables, tiers, requests)
    certifying = {tier: sets.of(quality_draws(tables.moved_to(tier), "certification")) for tier in tiers}
    paid = {tier: sets.of(spend_sample(tables, design, tier, terms.schedule.replayed([tier]))) for tier in tiers}
    draws, spend = ({tier: one.without_texts() for tier, one in of.items()} for of in (certifying, paid))
    scores = _scores(tables, draws) if design.graded else {}
    trials = tuple(
        PolicyDraws(
            tuned=tuned,
            draws=draws[policy.tier],
            walked=walk(policy, whole, choice.values.of(policy, whole)),
            paid=walk(policy, billed, choice.values.of(policy, billed)),
            scores=scores.get((policy.tier, policy.verifier is None)),
            compared=draws[policy.tier].by_content(policy.tier, checked=policy.checks_itself),
        )
        for tuned in sealed.policies
        for policy, whole, billed in [(tuned.policy, certifying[tuned.policy.tier], paid[tuned.policy.tier])]
    )
    tested = _tested(design, sealed, trials, spend, terms)
    return Verdicts(
        tested=tested,
        best=best_of(tested),
        measured=tested,
        trials=trials,
        certification=draws,
        spend=spend,
        everything=sets.of(quality_draws(tables, "certification")).without_texts(),
    )


def _tested(
    design: RouteDesign,
    sealed: FrozenPolicies,
    trials: Sequence[PolicyDraws],
    spend: Mapping[str, Replayed],
    terms: TestParameters,
) -> tuple[PolicyTest, ...]:
    """The sealed list, each policy with what its test shows."""
    attempts = attempts_at(sealed, trials, terms)
    parts = {attempt.name: attempt for attempt in splits_at(sealed, trials, terms)}
    tested = []
    for index, trial in enumerate(trials):
        policy = trial.tuned.policy
        attempt = attempts[index] if index < len(attempts) else None
        part = parts.get(trial.tuned.name)
        look, part_look = shown(trial, attempt, part, terms)
        seen, said = trial.seen(look, terms), trial.content_seen(look, terms)
        movable = design.movable_usd(policy.tier)
        saved = saved_of(policy, spend[policy.tier], trial.paid)
        tested.append(
            PolicyTest(
                tuned=trial.tuned,
                position=index + 1,
                reached=attempt is not None,
                p=None if attempt is None else trial.p_at(look, terms),
                certified=attempt is not None and attempt.certified,
                look=look,
                counts=pessimistic(seen.pairs),
                delta=seen.delta,
                saving_usd=dollars_of(saved, movable, terms.level),
                at_risk_usd=at_risk(saved, movable, terms.level),
                break_even=break_even_of(policy, *part_of(trial.draws, trial.walked, seen.taken_in), terms.level),
                share_moved=_mean(seen.kept),
                share_escalated=_mean(seen.asked & ~seen.kept),
                n=seen.pairs.n,
                n_moved=int(seen.kept.sum()),
                sealed=sealed.order.digest,
                table=table_of(seen.pairs),
                moved=_moved(trial, part_look, terms, holds=None if part is None else part.certified),
                score_delta=trial.score_delta(look, terms),
                content_delta=None if said is None else said.delta,
                content_counts=None if said is None else pessimistic(said.pairs),
                p_content=None if attempt is None else trial.p_content_at(look, terms),
                robust=trial.robust(look, terms) if _is_shown(trial, attempt) else Robustness(),
                taken_in=terms.schedule.draws_at(look) if look else None,
            )
        )
    return tuple(tested)


def _moved(trial: PolicyDraws, look: Look | None, terms: TestParameters, *, holds: bool | None) -> MovedPart:
    """What is known at a look of the part that a policy moves."""
    part = trial.part(look, terms)
    return MovedPart(
        table=table_of(part),
        unmeasured=part.missing.total,
        delta=delta_of(part, terms.level, shown=terms.shown, nominal=look.level, moved=1.0) if look else None,
        p_margin=None if holds is None else terms.p_noninferior(part, terms.part_alpha(look)),
        p_mix=None if holds is None else random_mix_p(trial.parted(look, terms)),
        holds=holds,
    )


def _scores(tables: Tables, draws: Mapping[str, Replayed]) -> dict[tuple[str, bool], Scores]:
    """Scores by candidate, of all answers and, for policies that check one, of the first."""
    first = tables.first_answers()
    return {
        (tier, whole): scores_of(tables if whole else first, mine, tier)
        for tier, mine in draws.items()
        for whole in (True, False)
    }


def _is_shown(trial: PolicyDraws, attempt: Attempt | None) -> bool:
    """Whether a policy may be recommended, or stand for its candidate where nothing is."""
    return trial.tuned.policy.kind == "static" or (attempt is not None and attempt.certified)


def _mean(rows: Any) -> float:
    return float(rows.mean()) if len(rows) else 0.0
