"""From the tuning split to certificates: what was sealed is tested, and what recommended policies move is counted.

The work of a route is a job (`jobs.py`), which an executor shares out where there is much of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from audit.certificate.exact_share import rule_of, with_exact_share
from audit.certificate.frozen import Choice, FrozenPolicies
from audit.certificate.jobs import (
    CERTIFY,
    CHOOSE,
    CertificateJob,
    Certified,
    ChoiceJob,
    ChosenFrom,
    certify,
    sharing,
)
from audit.certificate.policies import PolicyInputs
from audit.core.plan import LooksDone, RouteDesign
from audit.core.settings import Settings
from audit.core.tier import Tier
from audit.executors.executor import IN_PROCESS, Pool
from audit.pairing.evidence import Tables


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """What was chosen and sealed before the certification split is looked at, by route.

    Attributes:
        bench: What policies are made from.
        choices: By route.
        chosen_from: By route.
    """

    bench: PolicyInputs
    choices: Mapping[str, Choice]
    chosen_from: Mapping[str, ChosenFrom]

    @property
    def sealed(self) -> dict[str, FrozenPolicies]:
        """The list of each route."""
        return {route: choice.sealed for route, choice in self.choices.items()}

    def unchanged(self, tables: Tables, designs: Sequence[RouteDesign]) -> Prepared:
        """Without the routes that would be chosen from something else now: at the end of a run everything follows from
        what its folder holds then, whatever was known in its rounds."""
        mine = tables.before_certification().by_route(one.route for one in designs)
        now = {one.route: ChosenFrom(design=one, tables=mine[one.route]) for one in designs}
        same = {route: one for route, one in self.chosen_from.items() if route in now and one.same(now[route])}
        return replace(self, choices={route: self.choices[route] for route in same}, chosen_from=same)


def prepare(
    tables: Tables,
    designs: Sequence[RouteDesign],
    bench: PolicyInputs,
    known: Prepared | None = None,
    pool: Pool = IN_PROCESS,
) -> Prepared:
    """Choose and order every route's policies on the tuning split alone.

    Args:
        tables: The run's.
        designs: Routes.
        bench: What policies are made from; unused where something is known already.
        known: Routes that are in it stay as they are.
        pool: Who works it out.
    """
    known = known or Prepared(bench=bench, choices={}, chosen_from={})
    bench = known.bench
    new = [design for design in designs if design.route not in known.choices]
    mine = tables.before_certification().by_route(design.route for design in new)
    chosen_from = {design.route: ChosenFrom(design=design, tables=mine[design.route]) for design in new}
    jobs = (ChoiceJob(chosen_from=one, inputs=bench.of_route(one.design, one.tables)) for one in chosen_from.values())
    choices = dict(zip(chosen_from, sharing(pool, new).run(jobs, work=CHOOSE), strict=True))
    return Prepared(
        bench=bench,
        choices={**known.choices, **choices},
        chosen_from={**known.chosen_from, **chosen_from},
    )


def certify_routes(
    tables: Tables,
    designs: Sequence[RouteDesign],
    tiers: Mapping[str, Tier],
    settings: Settings,
    prepared: Prepared,
    reach: LooksDone | None,
    pool: Pool = IN_PROCESS,
) -> dict[str, Certified]:
    """Test what was sealed, by route; what the recommended policies move of the whole log is counted in one go.

    Args:
        tables: Of the whole run.
        designs: Of the routes.
        tiers: By name.
        settings: The run's.
        prepared: From `prepare`.
        reach: How far each route was replayed; None for all of the plan.
        pool: Who works it out.
    """
    bench = prepared.bench
    jobs = {job.design.route: job for job in certificate_jobs(tables, designs, tiers, settings, prepared, reach)}
    found = _certified(jobs, designs, settings, sharing(pool, designs))
    rules = {route: rule for route, one in found.items() if (rule := rule_of(one.policies, bench.embedder)) is not None}
    policies = {route: found[route].policies.best for route in rules}
    models = {route: tiers[best.tuned.policy.tier].identity for route, best in policies.items() if best}
    moved = bench.count_moved(rules, models)
    for design in designs:
        one = found[design.route]
        found[design.route] = replace(one, policies=with_exact_share(one.policies, moved.get(design.route), design))
    return found


def certificate_jobs(
    tables: Tables,
    designs: Sequence[RouteDesign],
    tiers: Mapping[str, Tier],
    settings: Settings,
    prepared: Prepared,
    reach: LooksDone | None,
) -> Iterator[CertificateJob]:
    """The job of each route; arguments as of `certify_routes`."""
    mine = tables.by_route(design.route for design in designs)
    for design in designs:
        choice = prepared.choices[design.route]
        checked = any(tuned.policy.verifier for tuned in choice.sealed.policies)
        yield CertificateJob(
            tables=mine[design.route],
            design=design,
            tiers={name: tiers[name] for name in design.candidates},
            choice=choice,
            requests=prepared.bench.requests_of(mine[design.route]) if checked else {},
            confidence=settings.confidence,
            alpha=settings.alpha,
            looks=None if reach is None else reach.get(design.route, {}),
        )


def _certified(
    jobs: Mapping[str, CertificateJob], designs: Sequence[RouteDesign], settings: Settings, pool: Pool
) -> dict[str, Certified]:
    """Every route at its own error rate; where all share one, a route that has nothing left to show leaves its part.

    Source:
        Holm (1979), Scand. J. Statist. 6:65-70; for families with an order inside, Bretz et al. (2009), Statistics in
        Medicine 28:586-604.
    """
    found = dict(zip(jobs, pool.run(jobs.values(), work=CERTIFY), strict=True))
    asking = [design for design in designs if design.alpha is not None and design.candidates]
    done: set[str] = set()
    while finished := {d.route for d in asking if d.route not in done and _nothing_left(found[d.route])}:
        done |= finished
        shares = {
            d.route: replace(jobs[d.route], design=replace(d, alpha=settings.alpha / (len(asking) - len(done))))
            for d in asking
            if d.route not in done
        }
        found |= zip(shares, pool.run(shares.values(), work=CERTIFY), strict=True)
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
    """Test the sealed policies of one route; arguments as of `certify_routes`."""
    return certify(next(certificate_jobs(tables, [design], tiers, settings, prepared, reach)))
