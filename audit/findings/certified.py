"""From the tuning split to certificates: what was sealed is tested, and what the recommended policies move is counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from audit.core.plan import RouteDesign
from audit.core.settings import Settings
from audit.findings.certify import Terms, Verdicts, certify_policies, rule_of, sharpened
from audit.findings.evidence import Tables
from audit.findings.noise import Floor, noise_floor
from audit.findings.policies import Bench, Sealed, propose
from audit.signals.signal import Remembering
from audit.stats.noninferiority import smallest_n

MIN_PAIRS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """What was chosen and sealed before the certification split is looked at, by route.

    Attributes:
        bench: What policies are made from.
        sealed: By route.
    """

    bench: Bench
    sealed: Mapping[str, Sealed]


def prepare(tables: Tables, designs: Sequence[RouteDesign], bench: Bench) -> Prepared:
    """Choose and order every route's policies on the tuning split alone."""
    before = tables.before_certification()
    if bench.embedder is not None:
        bench = replace(bench, embedder=Remembering(bench.embedder))
    sealed = {d.route: propose(before.of_route(d.route), d, d.candidates, bench) for d in designs}
    return Prepared(bench=bench, sealed=sealed)


def least_pairs(margin: float, alpha: float) -> int:
    """Pairs below which a route decides nothing."""
    return max(smallest_n(margin, alpha), MIN_PAIRS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Certified:
    """What the certification split says of one route.

    Attributes:
        noise: Of the incumbent; it can forbid a verdict.
        terms: Of the certificate.
        sealed: What was tested.
        policies: What came of it.
        bench: That the policies were made and tested with.
    """

    noise: Floor
    terms: Terms
    sealed: Sealed
    policies: Verdicts
    bench: Bench


def certify_routes(
    tables: Tables, designs: Sequence[RouteDesign], settings: Settings, prepared: Prepared
) -> dict[str, Certified]:
    """Test what was sealed, by route; what the recommended policies move of the whole log is counted in one go."""
    bench = prepared.bench
    found = {design.route: _certify(tables.of_route(design.route), design, settings, prepared) for design in designs}
    rules = {route: rule for route, one in found.items() if (rule := rule_of(one.policies, bench)) is not None}
    moved = bench.count_moved(rules)
    for design in designs:
        one = found[design.route]
        found[design.route] = replace(one, policies=sharpened(one.policies, moved.get(design.route), design, bench))
    return found


def _certify(tables: Tables, design: RouteDesign, settings: Settings, prepared: Prepared) -> Certified:
    level, alpha = settings.confidence, settings.alpha
    noise = noise_floor(tables, design, level=level, alpha=alpha)
    least = least_pairs(design.margin, alpha)
    terms = Terms(margin=design.margin, alpha=alpha, level=level, least_pairs=least, noisy=noise.noisy)
    sealed = prepared.sealed[design.route]
    policies = certify_policies(tables, design, sealed, prepared.bench, terms)
    return Certified(noise=noise, terms=terms, sealed=sealed, policies=policies, bench=prepared.bench)
