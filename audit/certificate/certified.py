"""From the tuning split to certificates: what was sealed is tested, and what recommended policies move is counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from audit.certificate.candidates import CandidateEvidence, SeenAtLook, gather
from audit.certificate.certify import MOVED_ALPHA, TestParameters, Verdicts, certify_policies, rule_of, with_exact_share
from audit.certificate.frozen import FrozenPolicies
from audit.certificate.looks import Schedule
from audit.certificate.noise import Floor, noise_floor
from audit.certificate.policies import PolicyInputs, propose
from audit.core.plan import LooksDone, RouteDesign
from audit.core.settings import Settings
from audit.core.tier import Tier
from audit.pairing.evidence import Tables
from audit.signals.signal import Remembering
from audit.stats.discrimination import discrimination_of
from audit.stats.planning import least_pairs


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ChosenFrom:
    """What a route's policies were chosen from: its design, and its tables before the certification split."""

    design: RouteDesign
    tables: Tables

    def same(self, other: ChosenFrom) -> bool:
        """Whether the choice would be the same."""
        return self.design == other.design and self.tables.same(other.tables)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """What was chosen and sealed before the certification split is looked at, by route.

    Attributes:
        bench: What policies are made from.
        sealed: By route.
        chosen_from: By route.
    """

    bench: PolicyInputs
    sealed: Mapping[str, FrozenPolicies]
    chosen_from: Mapping[str, ChosenFrom]

    def unchanged(self, tables: Tables, designs: Sequence[RouteDesign]) -> Prepared:
        """Without the routes that would be chosen from something else now: at the end of a run everything follows from
        what its folder holds then, whatever was known in its rounds."""
        before = tables.before_certification()
        now = {one.route: ChosenFrom(design=one, tables=before.of_route(one.route)) for one in designs}
        same = {route: one for route, one in self.chosen_from.items() if route in now and one.same(now[route])}
        return replace(self, sealed={route: self.sealed[route] for route in same}, chosen_from=same)


def prepare(
    tables: Tables, designs: Sequence[RouteDesign], bench: PolicyInputs, known: Prepared | None = None
) -> Prepared:
    """Choose and order every route's policies on the tuning split alone.

    Args:
        tables: The run's.
        designs: Routes.
        bench: What policies are made from; unused where something is known already.
        known: Routes that are in it stay as they are.
    """
    before = tables.before_certification()
    if known is not None:
        bench = known.bench
    elif bench.embedder is not None:
        bench = replace(bench, embedder=Remembering(bench.embedder))
    sealed = dict(known.sealed) if known is not None else {}
    chosen_from = dict(known.chosen_from) if known is not None else {}
    for design in designs:
        if design.route not in sealed:
            chosen = ChosenFrom(design=design, tables=before.of_route(design.route))
            chosen_from[design.route] = chosen
            sealed[design.route] = propose(chosen.tables, design, design.candidates, bench)
    return Prepared(bench=bench, sealed=sealed, chosen_from=chosen_from)


@dataclass(frozen=True, slots=True, kw_only=True)
class Certified:
    """What the certification split says of one route.

    Attributes:
        noise: Of the incumbent; it can forbid a verdict.
        terms: Of the certificate.
        sealed: What was tested.
        policies: What came of it.
        evidence: Of the candidates, in the order of the design, at the looks that they have got to; of those that the
            tuning split dropped, on that split.
        bench: That the policies were made and tested with.
    """

    noise: Floor
    terms: TestParameters
    sealed: FrozenPolicies
    policies: Verdicts
    evidence: tuple[CandidateEvidence, ...]
    bench: PolicyInputs


def certify_routes(
    tables: Tables,
    designs: Sequence[RouteDesign],
    tiers: Mapping[str, Tier],
    settings: Settings,
    prepared: Prepared,
    reach: LooksDone | None,
) -> dict[str, Certified]:
    """Test what was sealed, by route; what the recommended policies move of the whole log is counted in one go.

    Args:
        tables: Of the whole run.
        designs: Of the routes.
        tiers: By name.
        settings: The run's.
        prepared: From `prepare`.
        reach: How far each route was replayed; None for all of the plan.
    """
    bench = prepared.bench
    found = _certified(tables, designs, tiers, settings, prepared, reach)
    rules = {route: rule for route, one in found.items() if (rule := rule_of(one.policies, bench)) is not None}
    policies = {route: found[route].policies.best for route in rules}
    models = {route: tiers[best.tuned.policy.tier].identity for route, best in policies.items() if best}
    moved = bench.count_moved(rules, models)
    for design in designs:
        one = found[design.route]
        found[design.route] = replace(
            one, policies=with_exact_share(one.policies, moved.get(design.route), design, bench)
        )
    return found


def _certified(
    tables: Tables,
    designs: Sequence[RouteDesign],
    tiers: Mapping[str, Tier],
    settings: Settings,
    prepared: Prepared,
    reach: LooksDone | None,
) -> dict[str, Certified]:
    """Every route at its own error rate; where all share one, a route that has nothing left to show leaves its part.

    Source:
        Holm (1979), Scand. J. Statist. 6:65-70; for families with an order inside, Bretz et al. (2009), Statistics in
        Medicine 28:586-604.
    """
    found = {design.route: certify_route(tables, design, tiers, settings, prepared, reach) for design in designs}
    asking = [design for design in designs if design.alpha is not None and design.candidates]
    done: set[str] = set()
    while finished := {d.route for d in asking if d.route not in done and _nothing_left(found[d.route])}:
        done |= finished
        for design in (d for d in asking if d.route not in done):
            share = replace(design, alpha=settings.alpha / (len(asking) - len(done)))
            found[design.route] = certify_route(tables, share, tiers, settings, prepared, reach)
    return found


def _nothing_left(certified: Certified) -> bool:
    """Whether every policy of a route's list is certified."""
    tested = certified.policies.tested
    return bool(tested) and all(one.certified for one in tested)


def certify_route(
    tables: Tables,
    design: RouteDesign,
    tiers: Mapping[str, Tier],
    settings: Settings,
    prepared: Prepared,
    reach: LooksDone | None,
) -> Certified:
    """Test the sealed policies of one route at the looks that are reached, and measure its candidates there.

    Arguments as of `certify_routes`.
    """
    level, alpha = settings.confidence, settings.alpha if design.alpha is None else design.alpha
    mine = tables.of_route(design.route)
    error = min(alpha, 1 - level)
    shown = discrimination_of(design.criteria, error=error)
    # The bounds of the criteria's own error take their part of the error rate; the looks share the rest.
    kept = alpha * shown.kept
    noise = noise_floor(mine, design, level=level, alpha=alpha, shown=shown)
    looks = None if reach is None else reach.get(design.route, {})
    terms = TestParameters(
        margin=design.margin,
        alpha=kept,
        level=level,
        least_pairs=least_pairs(shown.shown(design.margin), kept),
        noisy=noise.noisy,
        schedule=Schedule.of(design, alpha=kept, confidence=1 - (1 - level) * shown.kept, reach=looks),
        moved_alpha=MOVED_ALPHA * kept / settings.alpha,
        shown=shown,
        shown_content=discrimination_of(design.criteria, error=error, content=True),
    )
    sealed, bench = prepared.sealed[design.route], prepared.bench
    policies = certify_policies(mine, design, sealed, bench, terms)
    evidence = []
    for name in design.candidates:
        tested = policies.static(name)
        look = tested.look if tested is not None else terms.schedule.reached([name])
        seen = SeenAtLook.at(name, look, terms.schedule, sealed.dropped.get(name))
        evidence.append(gather(mine, design, tiers[name], level, seen, shown))
    return Certified(noise=noise, terms=terms, sealed=sealed, policies=policies, evidence=tuple(evidence), bench=bench)
