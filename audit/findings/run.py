"""The stage: scores to findings."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from audit.certificate.certified import Prepared, certificate_jobs, prepare
from audit.certificate.frozen import document
from audit.certificate.onward import next_looks
from audit.certificate.policies import PolicyInputs
from audit.core.artifacts import RunFolder, write_json
from audit.core.display import count, listing, percent, percent_share, usd
from audit.core.finding import Case, Findings, IngestCounts, Ledger, Provenance, ReplayCounts, RouteFinding, Verdict
from audit.core.mixture import Mix
from audit.core.options import PolicyOptions
from audit.core.plan import LooksDone, Plan, RouteDesign
from audit.core.policy import RoutingPolicy
from audit.core.reason import Reason, because
from audit.core.settings import Settings
from audit.core.tier import Tier
from audit.executors import open_pool
from audit.findings.cases import pick_cases
from audit.findings.curves import frontier
from audit.findings.handover import hand_over
from audit.findings.routes import RouteTraffic, find_routes
from audit.findings.totals import ledger, needed_bill, totals
from audit.pairing.evidence import Tables

LEAST_DAYS = 14
"""Of a window in which a week without traffic says that a route has ended."""
CHANGED_COST = 0.2
"""Part of what moves by which the costs of the last week have to differ before the report says so."""
BILL_DIFFERENCE = 0.02
"""The log's own costs and the price table's are both shown when they differ by more than this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingsInputs:
    """What the earlier stages know and the findings repeat.

    Attributes:
        run_id: The run's.
        demo: Bundled data.
        simulated: Tiers whose completions are simulated.
        mix: Of the whole log.
        ingest: Counts.
        replay: Counts.
        replay_cost_usd: Money really spent on this run's replays.
        replay_cost_estimated: Some endpoint reported no usage.
        replay_cost_at_most_usd: With what may have been billed without an answer; 0 where nothing was asked.
        replay_cap_usd: Hard stop of that; 0 likewise.
        recomputed_usd: Spend by the price table, where every billed row has a price; None otherwise.
        traffic: Per route.
        unreplayable_usd: Per route, spend that cannot be audited, by reason.
        provenance: The run's.
    """

    run_id: str
    demo: bool
    simulated: tuple[str, ...]
    mix: Mix
    ingest: IngestCounts
    replay: ReplayCounts
    replay_cost_usd: float
    replay_cost_estimated: bool
    replay_cost_at_most_usd: float
    replay_cap_usd: float
    recomputed_usd: float | None
    traffic: Mapping[str, RouteTraffic]
    unreplayable_usd: Mapping[str, Mapping[str, float]]
    provenance: Provenance


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """The findings, the cases that show them to a person, the policy that follows, and what could be had instead."""

    findings: Findings
    cases: list[Case]
    policy: RoutingPolicy
    options: PolicyOptions


@dataclass(slots=True, kw_only=True)
class SequentialTest:
    """A replay watched from round to round: policies are sealed once, and tested at every look.

    Attributes:
        folder: The run's.
        tiers: Of the settings.
        settings: The run's.
        bench: What policies are made from.
        prepared: What has been sealed so far; None before the first round.
    """

    folder: RunFolder
    tiers: Sequence[Tier]
    settings: Settings
    bench: PolicyInputs
    prepared: Prepared | None = None

    def seal(self, tables: Tables, designs: Sequence[RouteDesign]) -> Prepared:
        """Choose and order the policies of routes that have none yet, and write `policies.json` with its digest.

        This comes before any verdict of the certification split is looked at; which routing is best can then be read
        off that split without spoiling the promise.
        """
        with open_pool(self.settings.executor) as pool:
            self.prepared = prepare(tables, designs, self.bench, self.prepared, pool)
        write_json(self.folder.policies, document(list(self.prepared.sealed.values())))
        return self.prepared

    def seal_at_the_end(self, tables: Tables, designs: Sequence[RouteDesign]) -> Prepared:
        """As `seal`; what was sealed in the rounds stands where it would be chosen from the same now."""
        if self.prepared is not None:
            self.prepared = self.prepared.unchanged(tables, designs)
        return self.seal(tables, designs)

    def next_looks(self, designs: Sequence[RouteDesign], reach: LooksDone) -> LooksDone:
        """Which candidates of which routes go on to which look, after what has been replayed and scored so far.

        Args:
            designs: Routes whose replay has begun.
            reach: How far it has got.
        """
        tables = Tables.read(self.folder).costed(self.tiers, self.settings)
        prepared = self.seal(tables, designs)
        by_name = {tier.name: tier for tier in self.tiers}
        jobs = list(certificate_jobs(tables, designs, by_name, self.settings, prepared, reach))
        with open_pool(self.settings.executor) as pool:
            return next_looks(jobs, pool)


def find(watch: SequentialTest, plan: Plan, context: FindingsInputs, reach: LooksDone | None = None) -> RunResult:
    """Judge every route and add up.

    Args:
        watch: Over the run folder, with every table.
        plan: The run's.
        context: What earlier stages know.
        reach: How far each route was replayed; None for all of the plan.

    Returns:
        What depends neither on the order of rows, nor on the clock, nor on how the work was spread.
    """
    folder, tiers, settings = watch.folder, watch.tiers, watch.settings
    tables = Tables.read(folder).costed(tiers, settings)
    by_name = {tier.name: tier for tier in tiers}
    designs = [design if reach is None or design.route in reach else _unpaid(design) for design in plan.designs]
    prepared = watch.seal_at_the_end(tables, designs)
    judged = find_routes(tables, designs, context.traffic, by_name, settings, prepared, reach)
    routes = sorted((one.finding for one in judged), key=_largest_first)
    level, mix = settings.confidence, context.mix
    sums = totals(routes, spend_usd=mix.spend_usd, days=mix.days, level=level)
    buckets = ledger(routes, tables, context.unreplayable_usd)
    moved = {found.finding.route: found.moved for found in judged}
    policies = {found.finding.route: found.policy.tuned.policy for found in judged if found.policy}
    findings = Findings(
        run_id=context.run_id,
        window={"from": mix.window_from, "to": mix.window_to},
        days=mix.days,
        confidence=level,
        margin=settings.margin,
        demo=context.demo,
        simulated=context.simulated,
        tested=any(route.candidates for route in routes),
        requests=mix.requests,
        spend_usd=mix.spend_usd,
        spend_recomputed_usd=context.recomputed_usd,
        ledger=buckets,
        avoidable_usd=sums.avoidable_usd,
        avoidable_by_grade=sums.avoidable_by_grade,
        savings_at_risk_usd=sums.savings_at_risk_usd,
        avoidable_share=sums.avoidable_share,
        yearly_usd=sums.yearly_usd,
        not_proven_usd=sums.not_proven_usd,
        accepted_before=sums.accepted_before,
        accepted_after=sums.accepted_after,
        accepted_change=sums.accepted_change,
        replay_cost_usd=context.replay_cost_usd,
        replay_cost_estimated=context.replay_cost_estimated,
        replay_cost_at_most_usd=context.replay_cost_at_most_usd,
        replay_cap_usd=context.replay_cap_usd,
        routes=tuple(routes),
        mix=mix,
        ingest=context.ingest,
        replay=context.replay,
        caveats=_caveats(routes, buckets, context, settings),
        provenance=context.provenance,
        frontier=frontier(routes, mix.spend_usd, level),
        guarantee=settings.guarantee,
        needed=None if mix.levers is None else needed_bill(mix.levers, routes),
    )
    return RunResult(
        findings=findings,
        cases=pick_cases(routes, moved, tables, folder.body_files(), folder.scores),
        policy=hand_over(findings, policies, {found.finding.route: found.evidence for found in judged}, tiers),
        options=PolicyOptions(
            run_id=context.run_id,
            days=mix.days,
            spend_usd=mix.spend_usd,
            confidence=level,
            routes=tuple(sorted((found.options for found in judged), key=lambda one: one.route)),
        ),
    )


def _largest_first(route: RouteFinding) -> tuple[float, float, str]:
    return -route.avoidable_usd.est, -route.spend_usd, route.route


def _unpaid(design: RouteDesign) -> RouteDesign:
    """A route that never got its turn."""
    if not design.candidates:
        return design
    return replace(design, candidates=(), can_decide="no", why=because(Reason.CAP_LEFT_NOTHING))


def _names(routes: Sequence[RouteFinding]) -> str:
    """The first three, and how many more."""
    names = listing([route.route or "(no route)" for route in routes[:3]])
    return f"{names} and {len(routes) - 3} more" if len(routes) > 3 else names


def _past(routes: Sequence[RouteFinding], mix: Mix) -> list[RouteFinding]:
    """Routes to be moved that have no traffic left to move, as where a name was changed within the window."""
    ended = {row.name for row in mix.by_route if row.cost_per_1k_usd and row.last_week_cost_per_1k_usd is None}
    return [
        route
        for route in routes
        if route.recommendation.moves_traffic and route.route in ended and mix.days >= LEAST_DAYS
    ]


def _repriced(routes: Sequence[RouteFinding], mix: Mix) -> Iterator[str]:
    """That the routes to be moved cost something else per request at the end of the window, all together: a price or a
    discount changed, or the requests did. A year is scaled from the whole window.
    """
    rows = {row.name: row for row in mix.by_route if row.cost_per_1k_usd and row.last_week_cost_per_1k_usd is not None}
    moved = [route for route in routes if route.recommendation.moves_traffic and route.route in rows]
    mean = math.fsum(rows[route.route].spend_usd for route in moved)
    last = math.fsum(
        row.spend_usd * (row.last_week_cost_per_1k_usd or 0.0) / (row.cost_per_1k_usd or 1.0)
        for row in (rows[route.route] for route in moved)
    )
    if mean and abs(last / mean - 1) > CHANGED_COST:
        yield (
            f"At the costs per request of the log's last week {_names(moved)} would have cost {usd(last)}, and cost "
            f"{usd(mean)}: the figures for a year take the costs of the whole log to go on."
        )


def _thinned(routes: Sequence[RouteFinding], traffic: Mapping[str, RouteTraffic]) -> Iterator[str]:
    """Routes of which the log keeps some calls only, by how many calls a record stands for."""
    kept: dict[tuple[float, float], list[RouteFinding]] = {}
    for route in routes:
        weights = traffic[route.route].weights
        if max(weights) > 1:
            kept.setdefault(weights, []).append(route)
    for (least, most), some in kept.items():
        calls = f"{most:.3g}" if f"{least:.3g}" == f"{most:.3g}" else f"{least:.3g} to {most:.3g}"
        yield (
            f"Each record of {_names(some)} stands for {calls} calls. Requests, dollars (those for a year too) and "
            "sums over routes count the records that the log keeps, not the calls that they stand for."
        )


def _caveats(
    routes: Sequence[RouteFinding], buckets: Ledger, context: FindingsInputs, settings: Settings
) -> tuple[str, ...]:
    """Sentences for "Before you use this number": what matters most first, then route by route, none left out."""
    found = []
    unsettled = [route for route in routes if route.verdict is Verdict.NOT_PROVEN]
    measured = [route for route in unsettled if not route.is_untested]
    untested = [route for route in unsettled if route.is_untested]
    if measured:
        left = sum(route.up_to_usd for route in measured)
        verb = "is" if len(measured) == 1 else "are"
        found.append(f"{_names(measured)} {verb} not proven. Up to {usd(left)} is counted as $0.")
    if untested:
        spend = sum(route.spend_usd for route in untested)
        found.append(
            f"Nothing was tested on {_names(untested)}. What of {usd(spend)} could be avoided is not known, "
            "and counts as $0."
        )
    if past := _past(routes, context.mix):
        found.append(
            f"{_names(past)} {'has' if len(past) == 1 else 'have'} had no request in the last seven days of the log: "
            "what could have been saved there is past, and the figures for a year take it to go on."
        )
    found += [*_repriced(routes, context.mix), *_thinned(routes, context.traffic)]
    moved = sum(route.recommendation.moves_traffic for route in routes)
    if settings.guarantee == "route" and moved * settings.alpha >= 1:
        found.append(
            f"Each verdict is right with {percent(settings.confidence)} confidence, per route: of {moved} routes about "
            f"{moved * settings.alpha:.0f} may be wrong (`guarantee: portfolio` is about all of them)."
        )
    recomputed, spend = context.recomputed_usd, context.mix.spend_usd
    if recomputed is not None and spend and abs(recomputed / spend - 1) > BILL_DIFFERENCE:
        found.append(f"The log says {usd(spend)}, list prices say {usd(recomputed)}; the log's figure is used.")
    bill = context.mix.reconciliation
    if bill is not None and bill.unexplained_gross_usd > BILL_DIFFERENCE * abs(bill.bill_usd):
        found.append(
            f"{usd(bill.unexplained_gross_usd)} between the log and the bill of {usd(bill.bill_usd)} is unexplained."
        )
    if settings.contract is not None and settings.contract.committed_usd is not None:
        committed = usd(settings.contract.committed_usd)
        found.append(f"{committed} is committed by contract; moved tokens do not lower a bill already committed.")
    if spend and buckets.not_auditable_usd / spend > 0.01:
        share = percent_share(buckets.not_auditable_usd / spend)
        found.append(f"{share} of the spend could not be audited and is counted as kept.")
    ingest = context.ingest
    if ingest.read and ingest.rejected / ingest.read > 0.01:
        found.append(f"{count(ingest.rejected)} of {count(ingest.read)} log rows could not be read.")
    if not any(route.noise_floor for route in routes) and any(route.candidates for route in routes):
        found.append("The incumbent was not replayed, so the noise floor is unknown.")
    found.extend(f"{route.route}: {caveat}" for route in routes for caveat in route.caveats)
    made = context.provenance
    found.extend(f"{note.rstrip('.')}." for note in (*made.embedding_shift, *made.notes))
    return tuple(found)
