"""The verdict of a route: Switch, Split, Keep or Not proven, with what it rests on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import polars as pl

from audit.certificate.bakeoff import policy_findings
from audit.certificate.candidates import CandidateEvidence, accepted_share, describe
from audit.certificate.certified import Prepared, certify_routes, prepare
from audit.certificate.jobs import Certified, sharing
from audit.certificate.noise import Floor
from audit.certificate.onward import left_behind
from audit.certificate.parameters import TestParameters
from audit.certificate.policies import PolicyInputs
from audit.certificate.sequence import decide
from audit.certificate.verdicts import PolicyTest, Verdicts
from audit.core.exploration import MarginFinding, ThresholdCurve
from audit.core.finding import CandidateFinding, NeedsMore, Recommendation, RouteFinding, Verdict
from audit.core.interval import Estimate
from audit.core.options import RouteOptions
from audit.core.plan import LooksDone, RouteDesign
from audit.core.settings import Settings
from audit.core.tier import Tier
from audit.executors import open_pool
from audit.findings.caveats import Concluded, caveats_of
from audit.findings.curves import MARGINS, at_margins, threshold_curve
from audit.findings.handover import RouteEvidence
from audit.findings.more import needs_more
from audit.findings.options import SegmentTraffic, options_of
from audit.findings.recommendation import moved_draws, recommend
from audit.findings.verdict import Decided, below_floor, moving, verdict_of
from audit.pairing.evidence import Tables

JUDGE = "audit.findings.routes:judge"


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteTraffic:
    """What the log says of one route.

    Attributes:
        spend_by_model: USD, largest first.
        unreplayable: Requests that could not be replayed, by reason.
        segments: Auditable requests and their spend, by dimension and name.
        shape: Histograms of the requests.
        days: Of the log's window.
        weights: The least and the largest number of calls that one of its records stands for.
    """

    spend_by_model: Mapping[str, float]
    unreplayable: Mapping[str, int]
    segments: SegmentTraffic = field(default_factory=dict)
    shape: Mapping[str, Sequence[int]] = field(default_factory=dict)
    days: int = 0
    weights: tuple[float, float] = (1.0, 1.0)

    @property
    def later_turns(self) -> float:
        """Share of the requests that carry earlier turns; the bins of the histogram are 0, 1, and all beyond."""
        turns = self.shape.get("n_turns", ())
        return sum(turns[2:]) / sum(turns) if sum(turns) else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteAssessment:
    """Everything that is known of a route once it is judged; `evidence` and `candidates` run in parallel."""

    design: RouteDesign
    traffic: RouteTraffic
    terms: TestParameters
    evidence: Sequence[CandidateEvidence]
    candidates: Sequence[CandidateFinding]
    policies: Verdicts
    curve: ThresholdCurve | None
    at_margins: tuple[MarginFinding, ...]
    noise: Floor
    accepted_floor: float | None
    accepted_rate: Estimate | None
    below: bool
    verdict: Decided
    recommendation: Recommendation
    left_usd: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteFound:
    """What is concluded of a route.

    Attributes:
        policy: That a router should run; None when the route stays as it is.
        evidence: What a policy of the route carries with it.
        options: Every certified policy; also where the verdict is to leave the route alone.
        moved: Exchanges behind the policy's pairs, each with whether it moves; None where the route stays.
    """

    finding: RouteFinding
    policy: PolicyTest | None
    evidence: RouteEvidence
    options: RouteOptions
    moved: Mapping[str, bool] | None


def find_route(
    tables: Tables,
    design: RouteDesign,
    traffic: RouteTraffic,
    tiers: Mapping[str, Tier],
    settings: Settings,
    prepared: Prepared | None = None,
    reach: LooksDone | None = None,
) -> RouteFound:
    """`find_routes` of one route; without `prepared` whole-route switches alone are tested."""
    ready = prepared or prepare(tables, [design], PolicyInputs())
    return find_routes(tables, [design], {design.route: traffic}, tiers, settings, ready, reach)[0]


def find_routes(
    tables: Tables,
    designs: Sequence[RouteDesign],
    traffic: Mapping[str, RouteTraffic],
    tiers: Mapping[str, Tier],
    settings: Settings,
    prepared: Prepared,
    reach: LooksDone | None = None,
) -> list[RouteFound]:
    """Judge routes.

    Args:
        tables: Of the whole run.
        designs: Of the routes.
        traffic: What the log says of each.
        tiers: By name.
        settings: The run's.
        prepared: From `prepare`.
        reach: How far each route was replayed; None for all of the plan.

    Returns:
        What is concluded, by design.
    """
    with open_pool(settings.executor) as pool:
        certified = certify_routes(tables, designs, tiers, settings, prepared, reach, pool)
        mine = tables.by_route(design.route for design in designs)
        jobs = (
            VerdictJob(
                tables=mine[design.route],
                design=design,
                traffic=traffic[design.route],
                settings=settings.about(design.route),
                certified=certified[design.route],
            )
            for design in designs
        )
        return list(sharing(pool, designs).run(jobs, work=JUDGE))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class VerdictJob:
    """A route to be judged, as data for another process.

    Attributes:
        tables: Of the route.
        design: Of the route.
        traffic: What the log says of it.
        settings: The run's, with the route's entry alone.
        certified: What its certification split says.
    """

    tables: Tables
    design: RouteDesign
    traffic: RouteTraffic
    settings: Settings
    certified: Certified


def judge(job: VerdictJob) -> RouteFound:
    """The verdict of a route with what it rests on; what a worker does."""
    mine, design, traffic, settings, certified = job.tables, job.design, job.traffic, job.settings, job.certified
    level, terms, policies = settings.confidence, certified.terms, certified.policies
    sealed, evidence = certified.sealed, certified.evidence
    decisions = decide(evidence, policies, terms)
    candidates = [describe(e, decisions[e.tier.name], mine, design, level) for e in evidence]
    accepted_floor = entry.floor if (entry := settings.route(design.route)) is not None else None
    accepted = accepted_share(mine, design, level)
    below = below_floor(accepted, accepted_floor)
    verdict = verdict_of(design, candidates, policies, below)
    left_usd = left_behind(certified) if verdict.policy else 0.0
    caveats = caveats_of(
        Concluded(
            design=design,
            certified=certified,
            verdict=verdict,
            settings=settings,
            unreplayable=sum(traffic.unreplayable.values()),
            later_turns=traffic.later_turns,
            left_usd=left_usd,
        )
    )
    # A route below its own floor stays where it is at any margin.
    others = () if below else tuple(terms.at(margin, certified.noise) for margin in MARGINS)
    judged = RouteAssessment(
        design=design,
        traffic=traffic,
        terms=terms,
        evidence=evidence,
        candidates=candidates,
        policies=policies,
        curve=threshold_curve(
            policies,
            sealed,
            verdict.candidate.tier if verdict.candidate else None,
            certified.choice.values,
            terms,
            design.share_of_route,
        ),
        at_margins=at_margins(policies, sealed, others, design.share_of_route),
        noise=certified.noise,
        accepted_floor=accepted_floor,
        accepted_rate=accepted,
        below=below is not None,
        verdict=verdict,
        recommendation=recommend(verdict, policies, design, terms, caveats),
        left_usd=left_usd,
    )
    about = _evidence(mine, design, traffic, certified)
    kept = policies if verdict.policy else replace(policies, tested=())
    alternatives = [
        recommend(moving(tested, design, candidates), kept, design, terms, caveats) for tested in kept.certified
    ]
    return RouteFound(
        finding=_finding(judged, settings),
        policy=verdict.policy,
        evidence=about,
        moved=moved_draws(verdict, policies),
        options=options_of(kept, alternatives, design, terms, traffic.segments, about),
    )


def _evidence(tables: Tables, design: RouteDesign, traffic: RouteTraffic, certified: Certified) -> RouteEvidence:
    """What the route's policies carry with them beside the figures of their recommendations."""
    terms = certified.terms
    return RouteEvidence(
        requests=design.requests,
        spend_usd=design.spend_usd,
        days=traffic.days,
        margin=design.margin,
        alpha=terms.alpha / terms.shown.kept,
        sealed=certified.sealed.order.digest,
        shape=traffic.shape,
        models=tuple(traffic.spend_by_model),
        reported=_reported(tables),
        adaptations={tier: notes.adaptations for tier, notes in tables.notes.items()},
        criteria_digest=design.criteria.digest if design.criteria else "",
        shown=terms.shown,
    )


def _reported(tables: Tables) -> dict[str, list[str]]:
    """By candidate, the models that answered, as they called themselves."""
    calls = tables.replays.filter(pl.col("arm") == "candidate").drop_nulls("model_reported")
    named = calls.select("tier", "model_reported").unique().sort("tier", "model_reported")
    return {
        str(key[0]): part["model_reported"].to_list() for key, part in named.partition_by("tier", as_dict=True).items()
    }


def _finding(judged: RouteAssessment, settings: Settings) -> RouteFinding:
    """Write the finding of a route down."""
    design, traffic, verdict, noise = judged.design, judged.traffic, judged.verdict, judged.noise
    spend = sum(traffic.spend_by_model.values()) or 1.0
    return RouteFinding(
        route=design.route,
        requests=design.requests,
        spend_usd=design.spend_usd,
        auditable_usd=design.auditable_usd,
        incumbent=design.incumbent,
        incumbents={model: usd / spend for model, usd in traffic.spend_by_model.items()},
        recommendation=judged.recommendation,
        margin=design.margin,
        up_to_usd=_still_open(verdict, judged.candidates),
        needs_more=_needs_more(judged, settings),
        noise_floor=noise.found,
        noise_reason=noise.reason,
        floor=judged.accepted_floor,
        below_floor=judged.below,
        unreplayable=dict(traffic.unreplayable),
        quality_bounds=_bounds(design, judged.recommendation.quality_delta, judged.recommendation.tier),
        sampled={"quality": design.quality_n, "dollars": design.dollars_n, "distinct": design.distinct},
        can_decide=f"{design.can_decide}, {design.reason}" if design.reason else design.can_decide,
        candidates=tuple(judged.candidates),
        policies=policy_findings(judged.policies, design, judged.terms),
        accepted_rate=judged.accepted_rate,
        curve=judged.curve,
        at_margins=judged.at_margins,
        looks=(judged.terms.schedule.taken, len(judged.terms.schedule.looks)),
        left_usd=judged.left_usd,
        criteria=design.criteria,
        already=design.already.get(judged.recommendation.tier or "", 0),
        already_usd=design.already_usd.get(judged.recommendation.tier or "", 0.0),
    )


def _still_open(verdict: Decided, candidates: Sequence[CandidateFinding]) -> float:
    """The most that a candidate neither certified, ruled out nor given up could save: the largest upper end."""
    if verdict.verdict is not Verdict.NOT_PROVEN:
        return 0.0
    left = [c.saving_usd for c in candidates if c.still_open and c.saving_usd]
    return max([0.0, *(saving.est if saving.hi is None else saving.hi for saving in left)])


def _needs_more(judged: RouteAssessment, settings: Settings) -> NeedsMore | None:
    """What would settle a route that is not proven; None where it is decided, or where no replay would settle it."""
    verdict = judged.verdict
    if verdict.verdict is not Verdict.NOT_PROVEN or verdict.candidate is None:
        return None
    savings = {one.tier: one.saving_usd for one in judged.candidates}
    return needs_more(judged.design, verdict.candidate.tier, judged.policies, judged.evidence, savings, settings)


def _bounds(design: RouteDesign, delta: Estimate | None, tier: str | None) -> Estimate | None:
    """Delta if every request that could not be replayed went one way or the other (Manski bounds)."""
    if delta is None or design.requests == 0:
        return None
    u = 1 - design.replayable / design.requests
    # What runs on the candidate already stays as it is, so the delta is about the rest of the replayable requests.
    delta = delta.scaled(design.movable(tier) / design.replayable) if tier and design.replayable else delta
    lo = None if delta.lo is None else (1 - u) * delta.lo - u
    hi = None if delta.hi is None else (1 - u) * delta.hi + u
    return Estimate(est=(1 - u) * delta.est, lo=lo, hi=hi, level=delta.level)
