"""The verdict of a route: Switch, Split, Keep or Not proven, with what it rests on."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import polars as pl

from audit.certificate.bakeoff import policy_findings, reason_of
from audit.certificate.candidates import CandidateEvidence, accepted_share, describe
from audit.certificate.certified import Certified, Prepared, certify_routes, prepare
from audit.certificate.certify import PolicyTest, TestParameters, Verdicts
from audit.certificate.noise import Floor
from audit.certificate.onward import left_behind
from audit.certificate.policies import PolicyInputs
from audit.certificate.sequence import decide
from audit.core.criteria import CriteriaCheck, Grade, LogProblem
from audit.core.display import count, percent, plural, points, points_interval, usd
from audit.core.exploration import MarginFinding, ThresholdCurve
from audit.core.finding import CandidateFinding, CandidateVerdict, NeedsMore, Recommendation, RouteFinding, Verdict
from audit.core.interval import Estimate
from audit.core.options import RouteOptions
from audit.core.plan import LooksDone, RouteDesign
from audit.core.reason import Reason
from audit.core.recommendation import GROUNDS, Ground
from audit.core.settings import Settings
from audit.core.tier import Tier
from audit.findings.curves import MARGINS, at_margins, threshold_curve
from audit.findings.handover import RouteEvidence
from audit.findings.more import needs_more
from audit.findings.options import SegmentTraffic, options_of
from audit.findings.recommendation import Decided, moved_draws, recommend
from audit.findings.resting import robustness_caveats
from audit.pairing.evidence import Tables
from audit.stats.planning import least_pairs

MAX_UNREPLAYABLE = 0.05
"""Above this share of a route's requests the report warns that the claim leaves them out."""

MAX_LATER_TURNS = 0.05
"""Above this share of a route's requests the report warns that they are answered after turns of today's model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteTraffic:
    """What the log says of one route.

    Attributes:
        spend_by_model: USD, largest first.
        unreplayable: Requests that could not be replayed, by reason.
        segments: Auditable requests and their spend, by dimension and name.
        shape: Histograms of the requests.
        days: Of the log's window.
    """

    spend_by_model: Mapping[str, float]
    unreplayable: Mapping[str, int]
    segments: SegmentTraffic = field(default_factory=dict)
    shape: Mapping[str, Sequence[int]] = field(default_factory=dict)
    days: int = 0


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
    certified = certify_routes(tables, designs, tiers, settings, prepared, reach)
    return [_judge(tables, design, traffic[design.route], settings, certified[design.route]) for design in designs]


def _judge(
    tables: Tables,
    design: RouteDesign,
    traffic: RouteTraffic,
    settings: Settings,
    certified: Certified,
) -> RouteFound:
    level, terms, policies = settings.confidence, certified.terms, certified.policies
    mine, sealed, bench = tables.of_route(design.route), certified.sealed, certified.bench
    evidence = certified.evidence
    decisions = decide(evidence, policies, terms)
    candidates = [describe(e, decisions[e.tier.name], mine, design, level) for e in evidence]
    accepted_floor = entry.floor if (entry := settings.route(design.route)) is not None else None
    accepted = accepted_share(mine, design, level)
    below = _below_floor(accepted, accepted_floor)
    verdict = _verdict(design, candidates, policies, below)
    left_usd = left_behind(certified) if verdict.policy else 0.0
    caveats = _sentences(design, traffic, certified, verdict, left_usd, settings)
    # A route below its own floor stays where it is at any margin.
    others = () if below else tuple(_terms_at(margin, terms, certified.noise) for margin in MARGINS)
    judged = RouteAssessment(
        design=design,
        traffic=traffic,
        terms=terms,
        evidence=evidence,
        candidates=candidates,
        policies=policies,
        curve=threshold_curve(
            policies, sealed, verdict.candidate.tier if verdict.candidate else None, bench, terms, design.share_of_route
        ),
        at_margins=at_margins(policies, sealed, others, design.share_of_route),
        noise=certified.noise,
        accepted_floor=accepted_floor,
        accepted_rate=accepted,
        below=below is not None,
        verdict=verdict,
        recommendation=recommend(verdict, policies, design, bench, terms, caveats),
        left_usd=left_usd,
    )
    about = _evidence(mine, design, traffic, certified)
    kept = policies if verdict.policy else replace(policies, tested=())
    alternatives = [
        recommend(_moving(tested, design, candidates), kept, design, bench, terms, caveats) for tested in kept.certified
    ]
    return RouteFound(
        finding=_finding(judged, settings),
        policy=verdict.policy,
        evidence=about,
        moved=moved_draws(verdict, policies),
        options=options_of(kept, alternatives, design, bench, terms, traffic.segments, about),
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


def _verdict(
    design: RouteDesign, candidates: Sequence[CandidateFinding], policies: Verdicts, below: Estimate | None
) -> Decided:
    """What to do with the route."""
    if not candidates:
        # Nothing to compare is not the same as nothing cheaper: only the latter is a decision.
        if design.why is not None and design.why.reason is Reason.NO_CHEAPER_TIER:
            return Decided(verdict=Verdict.KEEP, ground=Ground.NOTHING_CHEAPER, reason=design.reason, candidate=None)
        return Decided(verdict=Verdict.NOT_PROVEN, ground=Ground.NOT_TESTED, reason=design.reason, candidate=None)
    closest = max(candidates, key=_closeness)
    if below is not None:
        reason = f"accepts {percent(below.est, 1)} today: {GROUNDS[Ground.BELOW_FLOOR]}"
        return Decided(verdict=Verdict.KEEP, ground=Ground.BELOW_FLOOR, reason=reason, candidate=closest)
    if (best := policies.best) is not None:
        return _moving(best, design, candidates)
    open_ones = [c for c in candidates if c.still_open and (_may_save(c) or not _measured(c))]
    if not open_ones:
        ground = _why_kept(candidates)
        return Decided(verdict=Verdict.KEEP, ground=ground, reason=GROUNDS[ground], candidate=closest)
    closest = max(open_ones, key=_closeness)
    return Decided(
        verdict=Verdict.NOT_PROVEN,
        ground=Ground.UNDECIDED,
        reason=f"{closest.tier}: {closest.reason}",
        candidate=closest,
    )


def _moving(tested: PolicyTest, design: RouteDesign, candidates: Sequence[CandidateFinding]) -> Decided:
    """The verdict that gives the route a certified policy."""
    cheap = next(c for c in candidates if c.tier == tested.tuned.policy.tier)
    static = tested.tuned.policy.kind == "static"
    return Decided(
        verdict=Verdict.SWITCH if static else Verdict.SPLIT,
        ground=Ground.WHOLE_CERTIFIED if static else Ground.PART_CERTIFIED,
        reason=f"{cheap.tier}: {cheap.reason}" if static else reason_of(tested, design),
        candidate=cheap,
        policy=tested,
    )


def _why_kept(candidates: Sequence[CandidateFinding]) -> Ground:
    """Why no candidate is left that could still be moved to."""
    losing = [c for c in candidates if c.verdict is CandidateVerdict.INFERIOR]
    if len(losing) == len(candidates):
        return Ground.ALL_LOSE
    return Ground.TESTED_LOSE if all(c in losing or c.dropped for c in candidates) else Ground.SAVES_NOTHING


def _terms_at(margin: float, terms: TestParameters, floor: Floor) -> TestParameters:
    """The terms of the same test at another margin."""
    return replace(
        terms,
        margin=margin,
        least_pairs=least_pairs(terms.shown.shown(margin), terms.alpha),
        noisy=floor.beyond(margin, terms.alpha),
    )


def _closeness(candidate: CandidateFinding) -> tuple[float, float, str]:
    delta = candidate.quality_delta
    return (-2.0 if delta is None else delta.est, _low(candidate.saving_usd), candidate.tier)


def _low(estimate: Estimate | None) -> float:
    return -math.inf if estimate is None or estimate.lo is None else estimate.lo


def _may_save(candidate: CandidateFinding) -> bool:
    """The saving could be above $0."""
    saving = candidate.saving_usd
    return saving is not None and (saving.hi is None or saving.hi > 0)


def _measured(candidate: CandidateFinding) -> bool:
    """Enough of it was measured to say anything; what was not cannot be ruled out."""
    return candidate.verdict is not CandidateVerdict.INSUFFICIENT


def _below_floor(share: Estimate | None, floor: float | None) -> Estimate | None:
    """The incumbent's accepted share if its whole interval is below the floor that the user demands."""
    if floor is None or share is None or share.hi is None or share.hi >= floor:
        return None
    return share


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


def _sentences(
    design: RouteDesign,
    traffic: RouteTraffic,
    certified: Certified,
    verdict: Decided,
    left_usd: float,
    settings: Settings,
) -> tuple[str, ...]:
    """Everything that a reader must know before using the route's numbers."""
    return (
        *_caveats(design, traffic, certified.noise, verdict.candidate),
        *_error_caveats(design, certified.terms, verdict.candidate),
        *_measure_caveats(certified, verdict),
        *(_better(design, verdict.candidate) if verdict.policy else ()),
        *(_both_fail(verdict.candidate, design.margin) if verdict.policy else ()),
        *_order_caveats(certified, left_usd),
        *(robustness_caveats(verdict.policy.robust) if verdict.policy else ()),
        *_untested_rules(design, settings),
        *(_later_turns(traffic) if verdict.policy else ()),
    )


def _error_caveats(design: RouteDesign, terms: TestParameters, chosen: CandidateFinding | None) -> list[str]:
    """What the criteria's own error did to the delta."""
    labelled, shown = design.criteria.labelled if design.criteria else None, terms.shown
    if shown.perfect or chosen is None or chosen.quality_delta is None or not chosen.n:
        return []
    measured = points((chosen.c - chosen.b) / chosen.n)
    if labelled is None or not labelled.wrong:
        return [
            f"Its criteria still accept {percent(1 - shown.low, 1)} of one kind of damaged answers, so a loss of "
            f"{terms.margin * 100:.3g} points may show as {terms.tested_margin * 100:.3g}: the interval is that much "
            "wider."
        ]
    said = labelled.words[0].upper() + labelled.words[1:]
    if (random := chosen.random_labels) is not None and random.used:
        return [f"{said}. {random.words}."]
    return [
        f"{said}. Every delta is corrected by that: {measured} as measured is {points_interval(chosen.quality_delta)}."
    ]


def _measure_caveats(certified: Certified, verdict: Decided) -> list[str]:
    """What else is held to the margin: the criteria that compare answers by themselves, and the mean score."""
    chosen = verdict.policy
    if chosen is None and verdict.candidate is not None:
        chosen = certified.policies.static(verdict.candidate.tier)
    if chosen is None:
        return []
    found = []
    several = next((one.several for one in certified.evidence if one.tier.name == chosen.tuned.policy.tier), 0)
    if (delta := chosen.content_delta) is not None and several:
        found.append(
            f"{plural(several, 'accepted answer')}, today's and its own, hold several different values, and no "
            "`which` says which is meant. Counted as wrong on both sides they make the change "
            f"{points_interval(delta)} points, which is held to the margin too."
        )
    elif delta is not None:
        found.append(
            "Some of its criteria see the form of an answer alone. By those that compare what it says the change is "
            f"{points_interval(delta)} points, and is held to the margin too."
        )
    if chosen.score_delta is not None:
        moved = points_interval(chosen.score_delta)
        found.append(f"Its criteria are graded: the mean score moves by {moved} points, and is held to the margin too.")
    return found


def _order_caveats(certified: Certified, left_usd: float) -> list[str]:
    """What the order of the tests, and where it ended, left undone."""
    found = []
    if certified.sealed.by_price and certified.evidence:
        found.append(
            "Every session or prompt of the sample is in the certification split: candidates were tested in the order "
            "of their prices, and no signal was fitted."
        )
    if left_usd > 0:
        schedule = certified.terms.schedule
        taken, looks = schedule.taken, len(schedule.looks)
        found.append(
            f"The replay stopped at look {taken} of {looks}; another policy, not tested to the end, may save "
            f"{usd(left_usd)} more (`--fixed` tests it)."
        )
    return found


def _untested_rules(design: RouteDesign, settings: Settings) -> list[str]:
    entry = settings.route(design.route)
    unasked = [rule for rule in (entry.rules if entry else ()) if rule.to not in design.candidates]
    return [f"Its rule to {rule.to} was not tested: the tier is no candidate of the route." for rule in unasked]


def _demanded(check: CriteriaCheck) -> str:
    """What a text that is demanded of every answer cannot show."""
    alone = check.shares.get(Grade.DEMANDED.value, 1.0)
    where = "" if alone == 1 else f" in {percent(alone, 1)} of the answers"
    today = percent(check.accepted / check.answers, 1) if check.answers else "some"
    return (
        f"Its criteria demand a text, whatever the request, and compare nothing else{where}: one accepted answer, "
        f"given to all of these requests, would always pass. Of the log's own answers {today} pass. A gain shows no "
        "better answers: whoever says the text where it is untrue gains as much."
    )


def _better(design: RouteDesign, chosen: CandidateFinding | None) -> list[str]:
    """That a cheaper tier agrees with right answers more often than today's model does, which they may owe to it."""
    delta = None if chosen is None else chosen.quality_delta
    if chosen is None or delta is None or not (delta.lo or 0.0) > 0:
        return []
    if design.criteria is None or design.criteria.grade is not Grade.RIGHT:
        return []
    return [
        f"{chosen.tier} agrees with its right answers more often than today's model does, by {points_interval(delta)} "
        "points. Right answers that were written or checked with the help of that model favour it; what people say of "
        "some of its answers (`labels:`) would tell."
    ]


def _both_fail(chosen: CandidateFinding | None, margin: float) -> list[str]:
    """How many requests move although today's answer is not accepted, and the candidate's neither."""
    share = chosen.both_fail / chosen.n if chosen is not None and chosen.n else 0.0
    if share <= margin:
        return []
    return [
        f"On {percent(share, 1)} of its requests neither today's answer nor the candidate's is accepted: how wrong "
        "either is there, no figure says."
    ]


def _problems(check: CriteriaCheck | None, *reasons: Reason) -> list[LogProblem]:
    """What was found of the log's own answers, of some kinds."""
    return [] if check is None else [problem for problem in check.problems if problem.reason in reasons]


def _looked_at(problem: LogProblem) -> str:
    """How many answers a problem is about, as the beginning of a sentence."""
    return f"{count(problem.count)} of {plural(problem.of, 'answer')} of the log that were looked at"


def _one_answer(check: CriteriaCheck | None) -> list[str]:
    """That one answer, given to every request, would hold the margin."""
    return [
        f"{_looked_at(p)} say the same: that answer, given to every request, would hold the margin as well. What a "
        "candidate makes of the others hardly counts."
        for p in _problems(check, Reason.ONE_ANSWER_SUFFICES)
    ]


def _beside_calls(check: CriteriaCheck | None) -> list[str]:
    """That what is said beside calls was compared by nothing."""
    return [
        f"{_looked_at(p)} say something beside their calls. No criterion compares it: a candidate could say anything "
        "there, also the opposite."
        for p in _problems(check, Reason.TEXT_BESIDE_CALLS)
    ]


def _of_several(check: CriteriaCheck | None) -> list[str]:
    """That a criterion reads one of several different values, and nobody has said which; that none compares a field."""
    found = _problems(check, Reason.SEVERAL_VALUES, Reason.FIELDS_UNCOMPARED)
    return [f"{sentence[0].upper()}{sentence[1:]}." for sentence in (p.because.sentence for p in found)]


def _later_turns(traffic: RouteTraffic) -> list[str]:
    """What moves would be answered after turns of another model; the bins of the histogram are 0, 1, and all beyond."""
    turns = traffic.shape.get("n_turns", ())
    share = sum(turns[2:]) / sum(turns) if sum(turns) else 0.0
    if share <= MAX_LATER_TURNS:
        return []
    return [
        f"{percent(share)} of its requests carry earlier turns. A replay keeps those as they were logged: what a "
        "candidate would have said there, and where that leads, is not measured."
    ]


def _unread(check: CriteriaCheck | None) -> list[str]:
    """Answers of the log that fail by their form, so that nothing could be compared with them."""
    return [
        f"{_looked_at(p)} fail by their form, and nothing can be compared with them: the verdict is about the others, "
        "and a candidate gains nothing there."
        for p in _problems(check, Reason.FAILS_UNCOMPARED)
    ]


def _left_out(check: CriteriaCheck | None) -> float:
    """Share of the log's answers that no criterion says anything of."""
    found = _problems(check, Reason.CRITERIA_LEAVE_OUT)
    return sum(p.count for p in found) / found[0].of if found else 0.0


def _caveats(
    design: RouteDesign, traffic: RouteTraffic, floor: Floor, chosen: CandidateFinding | None
) -> tuple[str, ...]:
    """What a reader must know before using the route's numbers."""
    found = []
    if design.criteria is not None and not design.criteria.confirmed:
        found.append("Its criteria were drafted from the log, and nobody has confirmed them.")
    if design.criteria is not None and design.criteria.grade is Grade.DEMANDED:
        found.append(_demanded(design.criteria))
    found += [*_one_answer(design.criteria), *_beside_calls(design.criteria), *_of_several(design.criteria)]
    found += _unread(design.criteria)
    left_out = _left_out(design.criteria)
    if left_out > 0:
        found.append(
            f"Its criteria say nothing of {percent(left_out, 1)} of its requests; the verdict takes them to be like "
            "the others."
        )
    lost = sum(traffic.unreplayable.values())
    if design.requests and lost / design.requests > MAX_UNREPLAYABLE:
        share = percent(lost / design.requests)
        found.append(f"{share} of its requests cannot be replayed; the verdict is about the others.")
    if floor.found and floor.found.shifted:
        shift = points_interval(floor.found.delta)
        found.append(f"Replaying the incumbent moved its own pass rate by {shift} points.")
    if chosen and chosen.not_asked:
        share, first = percent(sum(one.share for one in chosen.not_asked), 1), chosen.not_asked[0].because.sentence
        found.append(f"{chosen.tier} was not asked {share} of its requests ({first}); the verdict is about the others.")
    if chosen and chosen.excluded:
        n = sum(chosen.excluded.values())
        count_as = "and count" if chosen.repeats is None else "with all answers; those that are missing count"
        found.append(
            f"{plural(n, 'draw')} of {chosen.tier} could not be measured {count_as} as failures in the lower bound."
        )
    return tuple(found)
