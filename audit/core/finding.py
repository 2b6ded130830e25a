"""`findings.json`: what an audit concludes. The report, the gate, the policy and the terminal read this and no more.

Money is USD for the log's window, rates and deltas are in [0, 1] and [-1, 1], an estimate is `{"est", "lo", "hi",
"level"}`, what is unbounded or unknown is null, never NaN.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, ClassVar

from audit.core.adaptation import Adaptation
from audit.core.cost import BreakEven, CostBreakdown
from audit.core.criteria import CriteriaCheck, Grade
from audit.core.exploration import FrontierPoint, MarginFinding, ThresholdCurve
from audit.core.interval import Estimate
from audit.core.levers import NeededBill
from audit.core.mixture import Mix
from audit.core.note import OddAnswers
from audit.core.reason import Because
from audit.core.recommendation import DecidingChange, PairTable
from audit.core.recommendation import Latency as Latency
from audit.core.recommendation import Recommendation as Recommendation
from audit.core.recommendation import Verdict as Verdict
from audit.core.repeats import Repeats
from audit.core.tested import MovedPart
from audit.core.tested import RandomLabels as RandomLabels

SCHEMA = "audit-findings/2"


class CandidateVerdict(StrEnum):
    """What the replay showed of a candidate."""

    NON_INFERIOR = "non_inferior"
    INFERIOR = "inferior"
    NOT_PROVEN = "not_proven"
    INSUFFICIENT = "insufficient"


@dataclass(frozen=True, slots=True, kw_only=True)
class CriterionRate:
    """Share of the certification pairs on which one criterion holds, per arm."""

    name: str
    scorer: str
    incumbent_rate: float | None
    candidate_rate: float | None
    scored: int
    not_applicable: int
    errored: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NotAsked:
    """Requests of a route that a candidate was not asked, for one reason; they are outside every claim about it.

    Attributes:
        because: Why.
        requests: Quality draws.
        share: Of the quality draws that had their turn.
        usd: Of the route's auditable spend, estimated by the dollar draws.
    """

    because: Because
    requests: int
    share: float
    usd: float


@dataclass(frozen=True, slots=True, kw_only=True)
class GoldPairs:
    """A candidate on the requests that a gold set has right answers of: evidence beside the verdict, not part of it.

    Attributes:
        n: Pairs whose answers the criteria of the gold set could both score.
        incumbent: Of these, right answers of the log.
        candidate: Right answers of the candidate.
        delta: Share of right answers, candidate less log, with its interval (Tango).
    """

    n: int
    incumbent: int
    candidate: int
    delta: Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateFinding(DecidingChange):
    """One candidate on one route, judged on the certification split.

    Attributes:
        tier: The candidate's name.
        n: Pairs in which both arms were scored.
        b: Incumbent passes and candidate fails.
        c: Incumbent fails and candidate passes.
        both_pass, both_fail: Both pass, both fail.
        incumbent_rate: Accepted share of the log's completions, over the pairs.
        candidate_rate: Accepted share of the candidate's.
        quality_delta: Candidate minus incumbent. Calls that could not be measured count as failures in `lo`.
        content_delta: The same of the whole route by the criteria alone that compare what an answer says; None where
            these decide every verdict, or the candidate was not worth a test.
        p_pass: Exact p-value of "the loss is at least the margin"; None without pairs.
        p_content: The same by the criteria of `content_delta`; None where that is, and before its test.
        p_fail: Exact p-value of "the loss is at most the margin".
        tested: Position in the fixed sequence, from 1; None when the sequence stopped before it.
        verdict: What that shows.
        reason: The verdict in one sentence.
        saving_usd: Route's spend less what the candidate would have cost, on auditable spend; may be negative.
        cost_usd_full_log: What the candidate would have cost.
        waste_usd: Hindsight: spend on exchanges where the candidate was no worse; an upper bound, never a forecast.
        latency_ms: Of the candidate's calls.
        incumbent_latency_ms: Of the log's.
        excluded: Replay statuses that could not be measured, with counts.
        counted_against: Statuses that count against the candidate (those of `schemas.MEASURED` but `ok`), with counts.
        criteria: One row per criterion.
        tuning: (n, b, c) on the tuning split, which ordered the candidates.
        look: Number of the declared look that its pairs are of; None before the first.
        dropped: Given up on the tuning split, which its pairs are then of.
        cost: Where `cost_usd_full_log` comes from; None where nothing is known of it.
        not_asked: What it was not asked, by reason, the largest share first.
        adaptations: How its requests were changed, so that its endpoint takes them.
        stopped: Why nothing more was sent to it on this route; None where nothing stopped it.
        odd: Answers that count and are odd, by note, the most frequent first.
        repeats: How far the answers to a request differ, where each was asked several times. `b`, `c` and the cells
            beside them then split a request by the share of its answers that are accepted.
        gold: On the requests of a gold set, by its criteria alone; None where it has none of the pairs, or is of the
            whole route.
        random_labels: Where a judge decides and pairs were drawn at random for people, how many, and what they did to
            `quality_delta`; else None.
    """

    SPARSE: ClassVar[tuple[str, ...]] = ("content_delta", "p_content", "repeats", "gold", "random_labels")

    tier: str
    model: str
    n: int
    b: int | float
    c: int | float
    both_pass: int | float
    both_fail: int | float
    incumbent_rate: Estimate | None
    candidate_rate: Estimate | None
    quality_delta: Estimate | None
    p_pass: float | None
    p_fail: float | None
    tested: int | None
    verdict: CandidateVerdict
    reason: str
    saving_usd: Estimate | None
    cost_usd_full_log: Estimate | None
    waste_usd: Estimate | None
    latency_ms: Latency
    incumbent_latency_ms: Latency
    excluded: dict[str, int]
    counted_against: dict[str, int]
    criteria: tuple[CriterionRate, ...]
    tuning: dict[str, int | float]
    look: int | None = None
    cost: CostBreakdown | None = None
    dropped: bool = False
    not_asked: tuple[NotAsked, ...] = ()
    adaptations: tuple[Adaptation, ...] = ()
    stopped: Because | None = None
    odd: tuple[OddAnswers, ...] = ()
    repeats: Repeats | None = None
    content_delta: Estimate | None = None
    p_content: float | None = None
    gold: GoldPairs | None = None
    random_labels: RandomLabels | None = None

    @property
    def still_open(self) -> bool:
        """Neither shown to lose too much nor given up."""
        return self.verdict is not CandidateVerdict.INFERIOR and not self.dropped


@dataclass(frozen=True, slots=True, kw_only=True)
class NoiseFloor:
    """The incumbent replayed against its own logged completions.

    Attributes:
        psi: Share of pairs that differ in the verdict.
        delta: Replay minus log.
        n: Pairs.
        same_answer: Share of identical texts.
        shifted: The interval excludes 0: the replay does not reproduce production.
        beyond_margin: It is shown to move by more than the route's margin, so that nothing can be certified there.
    """

    SPARSE: ClassVar[tuple[str, ...]] = ("beyond_margin",)

    psi: float
    delta: Estimate
    n: int
    b: int
    c: int
    same_answer: float | None
    shifted: bool
    beyond_margin: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NeedsMore:
    """What would decide the route: further replays, and their price.

    Attributes:
        replays: Of all candidates that have to be asked.
        usd: None where a price is unknown.
        requests_missing: Requests that this takes beyond those of the log.
    """

    replays: int
    usd: float | None
    requests_missing: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyFinding:
    """A routing policy and what it would have done.

    Attributes:
        share_moved: Share of the route's requests, as in its recommendation.
        break_even: Of a cascade; None for a policy that decides before the call and checks nothing after it.
        savings_at_risk_usd: The saving less its one-sided lower bound; None where that is unknown.
        table: Verdicts over all the route's traffic, on the certification draws; None of what is only described.
        moved: The same over what it moves, with the tests of that part.
    """

    kind: str
    params: dict[str, Any]
    share_moved: float
    quality_loss: Estimate | None
    saving_usd: Estimate | None
    certified: bool
    break_even: BreakEven | None = None
    savings_at_risk_usd: float | None = None
    table: PairTable | None = None
    moved: MovedPart | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteFinding:
    """One route: what was paid, what to do, and how sure that is.

    What is said of the verdict stands once, in `recommendation`. Its headline figures have short names here, which
    `findings.json` repeats beside it for people who read the file with `jq`.

    Attributes:
        route: Name.
        requests: Billable requests.
        spend_usd: Billed in the window.
        auditable_usd: The part that could be replayed; the rest is in the ledger with its reasons.
        incumbent: Model with the largest spend on the route.
        incumbents: Every model that served it, with its share of the route's spend.
        recommendation: What to do, with every number of it.
        margin: Accepted loss, in [0, 1].
        up_to_usd: What could still turn out avoidable; 0 when decided.
        needs_more: What would decide it, or None.
        noise_floor: Or None, with `noise_reason` saying why it was not measured.
        accepted_rate: Accepted share of the log's completions over the whole quality sample, or None.
        floor: The accepted share that the user demands, or None.
        below_floor: The incumbent itself is below it, by the whole interval.
        unreplayable: Requests that could not be replayed, by reason.
        quality_bounds: Worst and best delta if every unreplayable request went one way (Manski).
        sampled: Requests in the quality sample, and in the dollar sample.
        can_decide: What the plan promised for this route.
        curve: How much of it can move by a router's score; None without a score.
        at_margins: What other margins would recommend.
        looks: The last look that any candidate was taken to, and the declared ones.
        left_usd: What policies behind the recommended one might save beyond it, had the replay gone on; 0 when nothing
            could.
        already: Replayable requests that run on the recommended or closest candidate's model already: they are outside
            `quality_delta` and the saving, because nothing would move there.
        already_usd: What these were billed.
        criteria: What the route's criteria are worth; None where there was nothing to test them on.
    """

    REPEATED: ClassVar[tuple[str, ...]] = (
        *("verdict", "reason", "candidate", "share_moved", "quality_delta", "avoidable_usd", "savings_at_risk_usd"),
        "caveats",
    )

    route: str
    requests: int
    spend_usd: float
    auditable_usd: float
    incumbent: str
    incumbents: dict[str, float]
    recommendation: Recommendation
    margin: float
    up_to_usd: float
    needs_more: NeedsMore | None
    noise_floor: NoiseFloor | None
    noise_reason: str | None
    floor: float | None
    below_floor: bool
    unreplayable: dict[str, int]
    quality_bounds: Estimate | None
    sampled: dict[str, int]
    can_decide: str
    candidates: tuple[CandidateFinding, ...]
    policies: tuple[PolicyFinding, ...] = ()
    accepted_rate: Estimate | None = None
    curve: ThresholdCurve | None = None
    at_margins: tuple[MarginFinding, ...] = ()
    looks: tuple[int, int] = (1, 1)
    left_usd: float = 0.0
    already: int = 0
    already_usd: float = 0.0
    criteria: CriteriaCheck | None = None

    @property
    def verdict(self) -> Verdict:
        """What to do."""
        return self.recommendation.verdict

    @property
    def reason(self) -> str:
        """The verdict in one sentence."""
        return self.recommendation.reason

    @property
    def candidate(self) -> str | None:
        """Tier that the verdict is about; None when none was tested."""
        return self.recommendation.tier

    @property
    def is_untested(self) -> bool:
        """Whether no candidate was measured, so that nothing is known of what could be saved."""
        return self.verdict is Verdict.NOT_PROVEN and all(one.saving_usd is None for one in self.candidates)

    @property
    def beyond_noise(self) -> str:
        """What would settle it where the incumbent moves by more than the margin against itself; "" elsewhere."""
        if self.noise_floor is None or not self.noise_floor.beyond_margin:
            return ""
        right = self.criteria is not None and self.criteria.grade is Grade.RIGHT
        settles = (
            "look whether the model was changed since, or whether the replay lacks something that production sends"
            if right
            else "criteria that compare with right answers (`references:`) tell such differences from losses"
        )
        return f"{settles}; or declare a wider margin before another replay"

    @property
    def share_moved(self) -> float:
        """Share of the route's requests that the verdict moves."""
        return self.recommendation.moves.share

    @property
    def judged_share(self) -> float:
        """Share of the requests that `quality_delta` is about: all that can be replayed and are not on the recommended
        or closest candidate's model already.
        """
        outside = sum(self.unreplayable.values()) + self.already
        return 1 - outside / self.requests if self.requests else 0.0

    @property
    def quality_delta(self) -> Estimate | None:
        """Over all replayable traffic of the route."""
        return self.recommendation.quality_delta

    @property
    def avoidable_usd(self) -> Estimate:
        """Saving of the verdict; exactly 0 unless it moves something."""
        return self.recommendation.saving_usd

    @property
    def savings_at_risk_usd(self) -> float:
        """`avoidable_usd` less its one-sided lower bound: what a headline of the bound withholds."""
        return self.recommendation.saving_at_risk_usd

    @property
    def caveats(self) -> tuple[str, ...]:
        """Sentences for "Before you use this number"."""
        return self.recommendation.caveats


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """Every dollar of the log in one bucket; the three add up to the spend."""

    audited_usd: float
    extrapolated_usd: float
    not_auditable_usd: float
    reasons: dict[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestCounts:
    """Rows of the logs by what they are."""

    read: int
    rejected: int
    rejects: dict[str, int]
    requests: int
    failures: int
    duplicates: int
    cache_hits: int
    not_priced: int
    secrets_masked: int
    formats: dict[str, int]
    apart_usd: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayCounts:
    """Replayed calls by what became of them.

    Attributes:
        planned: Calls of the looks that were taken.
        done: Those with a result.
        spared: Calls of the plan that early stops made unnecessary.
        spared_usd: What these would have cost, at the mean cost of the calls made; None where none has a known cost.
        earlier_usd: What earlier runs were billed for the answers that this run took from the store. Their cost counts
            for the statistics as any answer's does, and in no sum of what this run spent.
    """

    SPARSE: ClassVar[tuple[str, ...]] = ("earlier_usd",)

    planned: int
    done: int
    by_status: dict[str, int]
    served_from: dict[str, int]
    retried: int
    complete: bool
    spared: int = 0
    spared_usd: float | None = None
    earlier_usd: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """What the numbers were made from; equal provenance means equal bytes.

    Attributes:
        inputs: Basename and SHA-256 of each log.
        config_sha256: Of the settings as read.
        seed: Of every draw.
        tool_version: Of `audit`.
        packages: Versions of the libraries that numbers depend on.
        tiers: Model, endpoint host, price, its source and date, per tier.
        plan_sha256: Of the plan that was replayed.
        quote: Expected and at most, in USD.
        embedder: Name of the embedding model, if one was used.
        embedding_shift: By criterion that compared at less than full precision, how far that moved its scores, as a
            sentence without its full stop.
        methods: Statistical method per kind of number, with its source.
        notes: What the stages want a reader to know: references left out, patterns with a time limit, ...
    """

    SPARSE: ClassVar[tuple[str, ...]] = ("embedding_shift",)

    inputs: dict[str, str]
    config_sha256: str
    seed: int
    tool_version: str
    packages: dict[str, str]
    tiers: dict[str, dict[str, Any]]
    plan_sha256: str | None
    quote: dict[str, float]
    embedder: str | None
    methods: dict[str, str]
    notes: tuple[str, ...] = ()
    embedding_shift: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """The whole audit.

    Attributes:
        run_id: First twelve hex digits of the digest of inputs, configuration, prices and seed.
        demo: Bundled data; every output says so and cannot be told not to.
        simulated: Tiers whose completions were simulated; every output says so.
        tested: False when nothing was replayed; then the word "avoidable" is not used.
        avoidable_usd: Sum over routes.
        not_proven_usd: Sum of `up_to_usd`.
        yearly_usd: `avoidable_usd` at the window's daily rate, for 365 days.
        accepted_before: Accepted share of the sampled routes as served, weighted by requests; None where the criteria
            of one of them compare with today's own answers, which they accept by construction.
        accepted_after: The same if the verdicts were followed.
        replay_cost_usd: Spent on replays.
        replay_cost_estimated: Some endpoint reported no usage.
        replay_cost_at_most_usd: With what attempts without an answer may have been billed, at their worst case; 0 where
            nothing was asked over the network.
        replay_cap_usd: The hard stop of that; 0 likewise.
        routes: Largest avoidable first, then largest spend.
        frontier: Ways to serve the whole log: as today, as recommended, at other margins, all on one tier.
        savings_at_risk_usd: `avoidable_usd` less its one-sided lower bound.
        avoidable_by_grade: `avoidable_usd` by the grade of the criteria that it rests on; "" where they are untested.
        guarantee: Whether 1 - `confidence` is the error rate of each route's verdict, or of all together.
        needed: What the levers of the log (`mix.levers`) and the verdicts leave together; None where the levers were
            not taken.
    """

    SPARSE: ClassVar[tuple[str, ...]] = ("needed", "replay_cost_at_most_usd", "replay_cap_usd")
    UNKNOWN: ClassVar[tuple[str, ...]] = ("spend_usd",)

    run_id: str
    window: dict[str, str | None]
    days: int
    confidence: float
    margin: float
    demo: bool
    simulated: tuple[str, ...]
    tested: bool
    requests: int
    spend_usd: float
    spend_recomputed_usd: float | None
    ledger: Ledger
    avoidable_usd: Estimate
    avoidable_share: Estimate
    yearly_usd: Estimate | None
    not_proven_usd: float
    accepted_before: Estimate | None
    accepted_after: Estimate | None
    accepted_change: Estimate | None
    replay_cost_usd: float
    replay_cost_estimated: bool
    routes: tuple[RouteFinding, ...]
    mix: Mix
    ingest: IngestCounts
    replay: ReplayCounts | None
    caveats: tuple[str, ...]
    provenance: Provenance
    frontier: tuple[FrontierPoint, ...] = ()
    savings_at_risk_usd: float = 0.0
    avoidable_by_grade: dict[str, float] = field(default_factory=dict)
    guarantee: str = "route"
    schema: str = SCHEMA
    needed: NeededBill | None = None
    replay_cost_at_most_usd: float = 0.0
    replay_cap_usd: float = 0.0

    @property
    def cost_known(self) -> bool:
        """Whether anybody knows the cost of any of the requests."""
        return self.mix.total.cost_known


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseSide:
    """One side of a case: who answered, what, at what price, and what each criterion said of it.

    Attributes:
        asked: Answers to this request, of which the first is shown; 0 where it was asked once.
        accepted: Of these.
    """

    SPARSE: ClassVar[tuple[str, ...]] = ("asked", "accepted")

    tier: str
    text: str
    cost_usd: float | None
    passed: bool | None
    results: tuple[dict[str, Any], ...]  # {criterion, status, passed, value, reason, expected, extracted}
    asked: int = 0
    accepted: int = 0

    @property
    def answers(self) -> str:
        """How many of several answers are accepted, for people; "" where there is one."""
        return f"the first of {self.asked} answers, {self.accepted} of them accepted" if self.asked else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A replayed exchange that the report shows as evidence. Cases are in `cases.jsonl`, apart from the findings.

    `moved` says whether the recommended policy sends it to the cheap tier; where the route stays, whether moving all of
    it to the closest candidate would. `kind` is about the two answers, whichever is used.
    """

    case_id: str
    exchange_id: str
    route: str
    kind: str  # only_incumbent | only_candidate | both_pass | both_fail
    request: str
    incumbent: CaseSide
    candidate: CaseSide
    moved: bool = True
    tenant: str | None = None
    metadata: dict[str, str] = field(default_factory=dict)
