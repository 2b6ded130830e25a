"""Which policies of a route are tested, and in which order: all of it chosen on the tuning split, then sealed.

Nothing here sees a verdict of the certification split: `propose` is given tables from which they were taken out. What
it returns is written to `policies.json`, with a digest, before the certification split is read; `certify.py` goes on
from there. Static tiers are policies like the others, so a route has one sequence of tests and one level.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from audit.certificate.claims import observed
from audit.certificate.frozen import FrozenPolicies, Proposal, policy_name, undominated
from audit.certificate.screening import Screening, dropped
from audit.core.exchange import Request, Usage
from audit.core.fingerprint import fingerprint
from audit.core.plain import to_plain
from audit.core.plan import RouteDesign
from audit.core.policy import RoutePolicy, SignalSpec, VerifierSpec
from audit.pairing.evidence import Pairs, Tables, quality_draws, unasked_limit
from audit.pairing.replayed import Replayed, Simulation, pairs_of, parted_by, replayed, saved_share, walk
from audit.pairing.sets import ReplayedSets
from audit.signals import SIGNALS, compute
from audit.signals.signal import BoolArray, FitData, FloatArray, TextEmbedder
from audit.stats.pairs_test import PairsTest
from audit.stats.random_mix import random_mix_z
from audit.stats.tango import tango_z

FOLDS = 5
LEARNED = ("rules", "similarity", "classifier", "guarded")
"""Signals that are fitted, in the order in which people ask for them."""

MOST_COMBINED = 2
"""Policies made of two halves, of each sort and per tier: more would only push bolder ones off the end of the list."""

UNKNOWN_SAVING = 1e-9

LEAST_TUNING = 20
"""Fewer tuning draws order nothing: candidates then stand in the order of their prices, and nothing is fitted."""

SHARES_MOVED = (0.1, 0.25, 0.4, 0.55, 0.7, 0.85)
"""Thresholds are put where they would send about these shares of the traffic to the cheap tier."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MovedTraffic:
    """What a rule that decides before the call does with all requests of a route that can be replayed.

    Attributes:
        requests: All of them.
        moved: Those that it sends to the cheap tier.
        usd: Billed for these.
    """

    requests: int
    moved: int
    usd: float


MovesRequest = Callable[[Sequence[Request]], BoolArray]
"""Which of some requests a rule sends to the cheap tier."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MakingTerms:
    """How policies are made, whatever route they are of.

    Attributes:
        embedder: For signals that embed texts; None leaves those out.
        seed: Of the fits.
        real_prompts: Similarity is to be to requests, not to centres of many.
        alpha: Of the certificates.
        confidence: Of the intervals.
    """

    embedder: TextEmbedder | None = None
    seed: int = 0
    real_prompts: bool = False
    alpha: float = 0.05
    confidence: float = 0.95

    @property
    def shared(self) -> dict[str, Any]:
        """These, by name."""
        return {one.name: getattr(self, one.name) for one in fields(MakingTerms)}


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteInputs(MakingTerms):
    """What one route's policies are made from, besides its tables: data that another process can be given.

    Attributes:
        requests: Of the slice, by fingerprint; empty leaves static policies alone.
        verifiers: The checks that its criteria and requests allow.
        rules: What people wrote: the tier to move to, and the rule as a signal.
    """

    requests: Mapping[str, Request] = field(default_factory=dict)
    verifiers: Sequence[VerifierSpec] = ()
    rules: Sequence[tuple[str, SignalSpec]] = ()

    def test_of(self, design: RouteDesign, tier: str | None = None) -> PairsTest:
        """What the route's pairs have to show of a candidate; None: by its criteria."""
        return PairsTest.of(
            design.criteria, margin=design.margin, alpha=self.alpha, confidence=self.confidence, tier=tier
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyInputs(MakingTerms):
    """What the policies of all routes are made from, besides the tables.

    Attributes:
        requests: Of the slice, by fingerprint.
        verifiers: By route.
        rules: By route.
        count_moved: By route, a rule and the model that it moves to, to what it moves of the whole log, requests that
            this model serves already left out; asked once, for what is recommended.
    """

    requests: Mapping[str, Request] = field(default_factory=dict)
    verifiers: Callable[[str], Sequence[VerifierSpec]] = lambda route: ()
    rules: Callable[[str], Sequence[tuple[str, SignalSpec]]] = lambda route: ()
    count_moved: Callable[[Mapping[str, MovesRequest], Mapping[str, str]], Mapping[str, MovedTraffic]] = (
        lambda goes, already: {}
    )

    def of_route(self, design: RouteDesign, tables: Tables) -> RouteInputs:
        """The part of one route, whose tables these are; a route without candidates has no policies to make."""
        if not design.candidates:
            return RouteInputs(alpha=self.alpha, confidence=self.confidence)
        return RouteInputs(
            requests=self.requests_of(tables),
            verifiers=tuple(self.verifiers(design.route)),
            rules=tuple(self.rules(design.route)),
            **self.shared,
        )

    def requests_of(self, tables: Tables) -> dict[str, Request]:
        """The requests of a route, by fingerprint."""
        return {fp: self.requests[fp] for fp in tables.slice["request_fp"].unique().sort()} if self.requests else {}


def propose(tables: Tables, design: RouteDesign, bench: RouteInputs) -> FrozenPolicies:
    """The sealed list of a route's policies.

    Args:
        tables: Of the route, as `Tables.before_certification` gives them.
        design: Of the route.
        bench: What policies are made from.
    """
    tiers = design.candidates
    sets = ReplayedSets(tables, tiers, bench.requests)
    tuning = sets.of(quality_draws(tables, "tuning"))
    if tuning.n < LEAST_TUNING:
        return _by_price(tables, design, bench)
    certifying = quality_draws(tables, "certification").height
    by_tier = {tier: sets.of(quality_draws(tables.moved_to(tier), "tuning")) for tier in tiers}
    maker = _Maker(design=design, bench=bench, by_tier=by_tier)
    whole = {tier: maker.static(tier) for tier in tiers}
    tests = {tier: bench.test_of(design, tier) for tier in tiers}
    # Of a candidate whose pairs people have judged, what the judge says of the tuning split decides nothing.
    told = {tier for tier, test in tests.items() if test.drawn is not None}
    out = dropped(
        tuning,
        whole,
        Screening.of(design, certifying, bench.test_of(design)),
        kept={to for to, _ in bench.rules} | told,
    )
    proposed = [tuned for tier, tuned in whole.items() if tier not in out]
    useful = [tuned.policy.tier for tuned in proposed if maker.saves(tuned.policy)]
    if bench.requests:
        # With fewer draws nothing can be certified, so nothing is fitted.
        for tier in (one for one in useful if certifying >= tests[one].least):
            before_the_call = [*maker.written(tier), *maker.signals(tier)]
            cascades = maker.cascades(tier, useful)
            proposed += [*(scored.tuned for scored in before_the_call), *cascades]
            proposed += maker.combined(before_the_call, cascades)
    return FrozenPolicies.of(design.route, proposed, out)


def _by_price(tables: Tables, design: RouteDesign, bench: RouteInputs) -> FrozenPolicies:
    """The list where no tuning draws are left, because every session or prompt is in the certification split too.

    What a tier would cost at the logged tokens is known without a verdict. All losses count as unknown, so the tier
    that costs most is tested first; of a written rule its share of the requests is known as well.
    """
    draws = replayed(tables, quality_draws(tables, "certification"), (), bench.requests)
    maker = _Maker(design=design, bench=bench, by_tier=dict.fromkeys(design.candidates, draws))
    proposed = []
    for tier in design.candidates:
        saving = _saving_at_logged_tokens(tables, tier)
        proposed.append(maker.untried(maker.policy("static", tier), saving))
        proposed += [maker.untried(policy, saving * share) for policy, share in maker.rules_of(tier)]
    return FrozenPolicies.of(design.route, proposed, {}, by_price=True)


def _saving_at_logged_tokens(tables: Tables, tier: str) -> float:
    """Share of the sample's bill that a tier would save at the logged tokens; next to nothing where it is unknown."""
    price = tables.costing.prices.get(tier)
    rows = quality_draws(tables).drop_nulls(["logged_prompt_tokens", "logged_completion_tokens"])
    billed = float(rows["cost_usd"].sum())
    if price is None or billed <= 0:
        # Unknown is not no: the policy keeps its place on the list, and its own replays say what it saves.
        return UNKNOWN_SAVING
    usage = Usage(
        prompt_tokens=int(rows["logged_prompt_tokens"].sum()),
        completion_tokens=int(rows["logged_completion_tokens"].sum()),
    )
    return 1 - price.cost_usd(usage) / billed


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Scored:
    """A policy with the values of its signal on the tuning draws, out of fold where it was fitted on them."""

    tuned: Proposal
    values: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class _Maker:
    """Makes and estimates the policies of one route.

    Attributes:
        by_tier: By candidate, the tuning draws that it does not serve already.
    """

    design: RouteDesign
    bench: RouteInputs
    by_tier: Mapping[str, Replayed]

    def static(self, tier: str) -> Proposal:
        """The whole route to one tier."""
        return self._tuned(self.policy("static", tier))

    def written(self, tier: str) -> list[_Scored]:
        """The rules that people wrote for this tier, whole: nothing in them was fitted, so nothing is held out."""
        found = []
        for policy in self._rules(tier):
            assert policy.signal is not None
            values = compute(policy.signal, self.by_tier[tier].requests or ())
            found.append(_Scored(tuned=self._tuned(policy, values), values=values))
        return found

    def rules_of(self, tier: str) -> list[tuple[RoutePolicy, float]]:
        """The same with the share of the draws that each moves, where nothing is known of any answer."""
        requests = self.by_tier[tier].requests
        if not requests:
            return []
        return [
            (policy, float((compute(policy.signal, requests) >= 1.0).mean()))
            for policy in self._rules(tier)
            if policy.signal
        ]

    def untried(self, policy: RoutePolicy, saving_share: float) -> Proposal:
        """A policy of which no tuning draw tells anything: its loss counts as a total one."""
        return Proposal(
            name=policy_name(policy),
            policy=policy,
            loss=1.0,
            saving_share=saving_share,
            promise=None if policy.kind == "static" else 0.0,
        )

    def _rules(self, tier: str) -> list[RoutePolicy]:
        mine = {fingerprint(to_plain(spec)): spec for to, spec in self.bench.rules if to == tier}
        return [replace(self.policy("rules", tier), signal=spec, threshold=1.0) for spec in mine.values()]

    def signals(self, tier: str) -> list[_Scored]:
        """Every signal that can be fitted, at its thresholds."""
        data, rows = self._fit_data(tier)
        if not data.separable:
            return []
        folds = np.array([_fold(request.request_fp, self.bench.seed) for request in data.requests])
        found: list[_Scored] = []
        for name in (*LEARNED, *SIGNALS.installed()):
            spec = SIGNALS.get(name).fit(data)
            if spec is None:
                continue
            values = np.full(self.by_tier[tier].n, np.nan)
            values[rows] = _out_of_fold(name, data, folds)
            policies = [
                replace(self.policy(name, tier), signal=spec, threshold=at) for at in _thresholds(spec, values[rows])
            ]
            best = undominated([self._tuned(policy, values) for policy in policies])
            found += [_Scored(tuned=tuned, values=values) for tuned in best]
        both = {t.name for t in self._few(undominated([one.tuned for one in found]), "guarded")}
        return [one for one in found if one.tuned.policy.kind != "guarded" or one.tuned.name in both]

    def combined(self, scored: Sequence[_Scored], cascades: Sequence[Proposal]) -> list[Proposal]:
        """A signal on top and a check as the net: the few that save most of those that beat both of their halves."""
        halves = [*(one.tuned for one in scored), *cascades]
        checks = list(
            {c.name: c.policy.verifier for c in cascades if c.policy.verifier and len(c.policy.asks) == 1}.values()
        )
        found = []
        for one in scored:
            for verifier in checks:
                policy = replace(one.tuned.policy, kind="cascade", verifier=verifier)
                found.append(self._tuned(policy, one.values))
        better = {tuned.name for tuned in undominated([*halves, *found])}
        return self._few([tuned for tuned in found if tuned.name in better], "cascade")

    def _few(self, tuned: Sequence[Proposal], kind: str) -> list[Proposal]:
        """Of a combined kind the few that save most while they seem to hold the margin, then the safest."""
        mine = [(one.loss > self.design.margin, one) for one in tuned if one.policy.kind == kind]
        mine.sort(key=lambda pair: (pair[0], pair[1].loss if pair[0] else -pair[1].saving_share, pair[1].name))
        return [one for _, one in mine[:MOST_COMBINED]]

    def cascades(self, tier: str, tiers: Sequence[str]) -> list[Proposal]:
        """The cheap tier first, and the incumbent where its answer fails a check; idle checks are left out."""
        # Two tiers that agree are the cheap one and any other that is paid for as well.
        seconds = [VerifierSpec(name="agreement", params={}, tiers=(other,)) for other in tiers if other != tier]
        found = []
        # Where no criterion sees what an answer says, a check could only certify itself.
        seen = not np.isnan(self.by_tier[tier].content).all()
        for verifier in [*(self.bench.verifiers if seen else ()), *seconds]:
            policy = replace(self.policy("cascade", tier), verifier=verifier)
            kept = walk(policy, self.by_tier[tier], None).kept
            if kept.any() and not kept.all():
                found.append(self._tuned(policy))
        return undominated(found)

    def policy(self, kind: str, tier: str) -> RoutePolicy:
        """A policy of this route, whole."""
        design = self.design
        replaces = tuple(name for name in design.today if name != tier)
        return RoutePolicy(
            route=design.route,
            kind=kind,
            tier=tier,
            otherwise=None if replaces else design.incumbent_tier or design.incumbent,
            replaces=replaces,
        )

    def _fit_data(self, tier: str) -> tuple[FitData, BoolArray]:
        """The tuning draws on which both verdicts are known, and which rows these are."""
        tuning = self.by_tier[tier]
        before, after = tuning.passed, tuning.arms[tier].accepted
        rows = ~np.isnan(before) & ~np.isnan(after)
        requests = tuning.requests or ()
        return FitData(
            requests=[request for request, taken in zip(requests, rows, strict=True) if taken],
            differences=after[rows] - before[rows],
            costs_usd=tuning.cost_usd[rows],
            seed=self.bench.seed,
            embedder=self.bench.embedder,
            real_prompts=self.bench.real_prompts,
        ), rows

    def _tuned(self, policy: RoutePolicy, values: FloatArray | None = None) -> Proposal:
        """Estimate a policy on the tuning draws, given its signal's values there, out of fold."""
        tuning = self.by_tier[policy.tier]
        walked = walk(policy, tuning, values)
        pairs = pairs_of(policy, tuning, walked)
        loss = _loss(pairs)
        if (compared := tuning.by_content(policy.tier, checked=policy.checks_itself)) is not None:
            loss = max(loss, _loss(pairs_of(policy, compared, walked)))
        # What could not be claimed after the whole replay is not worth one.
        claimable = pairs.unasked_share <= unasked_limit(self.design.margin)
        return Proposal(
            name=policy_name(policy),
            policy=policy,
            loss=loss,
            saving_share=saved_share(policy, tuning, walked) if claimable else 0.0,
            promise=None if policy.kind == "static" else self._promise(policy, walked),
        )

    def saves(self, policy: RoutePolicy) -> bool:
        """Whether a whole-route switch saves anything on the tuning draws that its tier answered."""
        tuning = self.by_tier[policy.tier]
        return saved_share(policy, tuning, walk(policy, tuning, None)) > 0

    def _promise(self, policy: RoutePolicy, walked: Simulation) -> float:
        parted = parted_by(policy, self.by_tier[policy.tier], walked)
        within = tango_z(parted.moved, -self.bench.test_of(self.design).margin) if parted.moved.n else 0.0
        return float(min(within, random_mix_z(parted)))


def _loss(pairs: Pairs) -> float:
    """Estimated loss; nothing measured counts as a total one."""
    counts = observed(pairs)
    return (counts.b - counts.c) / counts.n if counts.n else 1.0


def _fold(request_fp: str, seed: int) -> int:
    """Equal requests share a fold, so that none is predicted by itself."""
    drawn = hashlib.blake2b(f"{seed}\x1f{request_fp}".encode(), digest_size=8, person=b"fold").digest()
    return int.from_bytes(drawn, "big") % FOLDS


def _out_of_fold(name: str, data: FitData, folds: npt.NDArray[np.int_]) -> FloatArray:
    """Each request's value by a fit that has not seen it; NaN where the others show nothing to fit."""
    values = np.full(len(data.requests), np.nan)
    for fold in range(FOLDS):
        held_out = folds == fold
        spec = SIGNALS.get(name).fit(data.part(~held_out)) if held_out.any() else None
        if spec is not None:
            values[held_out] = compute(spec, data.part(held_out).requests, embedder=data.embedder)
    return values


def _thresholds(spec: SignalSpec, values: FloatArray) -> list[float]:
    """Where a signal is cut, boldest last: between two values, so that a last digit does not move a request."""
    if spec.name == "rules":
        steps = len(spec.params["conditions"])
        return [step / steps for step in range(steps, 0, -1)]
    known = np.unique(values[~np.isnan(values)])
    if len(known) < 2:
        return []
    if "prompts" in spec.params:
        # The nearest prompt wins: all that a router of example texts can do.
        return [0.0] if known[0] < 0 <= known[-1] else []
    found: list[float] = []
    for share in SHARES_MOVED:
        wanted = np.quantile(values[~np.isnan(values)], 1 - share)
        above = int(np.clip(np.searchsorted(known, wanted), 1, len(known) - 1))
        found.append(_between(float(known[above - 1]), float(known[above])))
    return sorted(set(found), reverse=True)


def _between(low: float, high: float) -> float:
    middle = (low + high) / 2
    short = float(f"{middle:.6g}")
    return short if low < short <= high else middle
