"""Worlds with planted truth: sessions, prompts, verdicts and costs are given, request by request; an audit follows."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
import polars as pl

from audit.certificate.certified import Prepared, certify_route, certify_routes, prepare
from audit.certificate.jobs import Certified
from audit.certificate.policies import PolicyInputs
from audit.core.criteria import CriteriaCheck, Grade, Labelled
from audit.core.exchange import Request
from audit.core.plan import RouteDesign
from audit.core.policy import RoutePolicy, VerifierSpec
from audit.core.settings import Settings
from audit.core.tier import Price, Tier
from audit.pairing.costing import LIMIT, LOGGED, costing_of
from audit.pairing.evidence import Tables
from audit.sampling.design import RouteNeeds
from audit.sampling.frame import RouteFrame
from audit.sampling.run import draw_sample
from audit.signals import compute
from audit.signals.written import written_rule
from tests.findings.rounds import rounds_of
from tests.findings.world import INCUMBENT, empty_scores, table_of_calls, table_of_verdicts
from tests.held import held_frames

MARGIN = 0.03
LIMIT_TOKENS = 4096
SMALL = Tier(
    name="small",
    model="small-1",
    provider="simulated",
    price=Price(input=0.5, output=1.5),
    max_output_tokens=LIMIT_TOKENS,
)
TIERS = {"small": SMALL, "large": INCUMBENT}
WORDS = np.array(["order", "invoice", "refund", "parcel", "meter", "tariff", "contract", "window", "garden"])
CHECK = VerifierSpec(name="regex", params={"pattern": "sure"})
"""A check that most answers pass, whatever they are worth."""

RULE = written_rule("prompt_chars <= 90")
"""A rule that somebody wrote; it tells nothing either."""

DIMENSIONS = 32

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class HashedWords:
    """An embedder that costs nothing: counts of hashed words, as unit vectors."""

    name: str = "hashed words"

    def embed(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Shape (n, DIMENSIONS)."""
        rows = np.zeros((len(texts), DIMENSIONS), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in text.split():
                row[zlib.crc32(word.encode()) % DIMENSIONS] += 1
        return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9), dtype=np.float32)


EMBEDDER = HashedWords()


@dataclass(frozen=True, kw_only=True)
class Truth:
    """What is planted of n requests.

    Attributes:
        before: Whether the log's answer is accepted, shape (n,).
        after: Whether the candidate's is.
        session: Of each; None for none at all.
        prompt: Number of its prompt; equal prompts have equal verdicts. None for prompts that never repeat.
        today_usd: Billed.
        small_usd: What the candidate costs.
        words: Requests have words, so that signals can be fitted to them, and answers pass a check or not; neither
            tells anything.
        margin: Of the route.
        verdicts: What the criteria say of the log's answers and of the candidate's; None where they say the truth.
        check: What is known of the criteria.
    """

    before: Bools
    after: Bools
    session: npt.NDArray[np.int64] | None = None
    prompt: npt.NDArray[np.int64] | None = None
    today_usd: npt.NDArray[np.float64]
    small_usd: npt.NDArray[np.float64]
    words: bool = False
    margin: float = MARGIN
    verdicts: tuple[Bools, Bools] | None = None
    check: CriteriaCheck | None = None

    @property
    def n(self) -> int:
        """Requests."""
        return self.before.size

    @property
    def delta(self) -> float:
        """Candidate less incumbent, over all requests."""
        return float(self.after.mean() - self.before.mean())

    @property
    def saving_usd(self) -> float:
        """Of moving everything."""
        return float((self.today_usd - self.small_usd).sum())


@dataclass(frozen=True, kw_only=True)
class Planted:
    """Routes of planted truth, as an audit finds them once everything that it may ask for has been replayed.

    Attributes:
        truths: By route.
        requests: By route; empty where the world has no words.
        sure: By route, which of the candidate's answers pass the check.
        prepared: Policies proposed and sealed.
    """

    truths: Mapping[str, Truth]
    requests: Mapping[str, Sequence[Request]]
    sure: Mapping[str, Bools]
    tables: Tables
    designs: tuple[RouteDesign, ...]
    settings: Settings
    prepared: Prepared
    values: dict[str, dict[str, npt.NDArray[np.float64]]] = field(default_factory=dict)

    def whole(self) -> dict[str, Audited]:
        """An audit that replays all of the plan and takes all looks at once."""
        found = certify_routes(self.tables, self.designs, TIERS, self.settings, self.prepared, None)
        return {route: self._audited(route, one) for route, one in found.items()}

    def in_rounds(self) -> dict[str, Audited]:
        """An audit that goes look by look and stops where nothing is left to decide."""
        found = {}
        for design in self.designs:
            told = (self.tables, design, TIERS, self.settings, self.prepared)
            certified = certify_route(*told, {design.route: rounds_of(*told)[-1]})
            found[design.route] = self._audited(design.route, certified)
        return found

    def _audited(self, route: str, certified: Certified) -> Audited:
        return Audited(
            truth=self.truths[route],
            certified=certified,
            requests=tuple(self.requests[route]),
            sure=self.sure[route],
            values=self.values.setdefault(route, {}),
        )


@dataclass(frozen=True, kw_only=True)
class Audited:
    """What an audit has concluded of one route."""

    truth: Truth
    certified: Certified
    requests: tuple[Request, ...]
    sure: Bools
    values: dict[str, npt.NDArray[np.float64]]
    """Of signals over all requests, as far as somebody has asked for them."""

    def moved(self, policy: RoutePolicy) -> Bools:
        """Which of all requests are served by the candidate under a policy."""
        kept = np.ones(self.truth.n, dtype=np.bool_) if policy.verifier is None else self.sure
        if policy.signal is None:
            return kept
        key = repr(policy.signal)
        if key not in self.values:
            self.values[key] = compute(policy.signal, self.requests, embedder=EMBEDDER)
        return np.asarray(kept & (self.values[key] >= (policy.threshold or 0.0)))

    def _lost(self, policy: RoutePolicy) -> tuple[float, float]:
        """A policy's loss over all requests, and over those that it moves."""
        rows = self.moved(policy)
        lost = self.truth.before.astype(float) - self.truth.after
        return float((lost * rows).mean()), float(lost[rows].mean()) if rows.any() else 0.0

    @cached_property
    def wrong(self) -> bool:
        """Whether a policy is recommended that loses more than the margin, on all traffic or on what it moves."""
        best = self.certified.policies.best
        return best is not None and max(self._lost(best.tuned.policy)) > self.truth.margin

    @cached_property
    def wrongly_certified(self) -> bool:
        """Whether any policy is certified over all traffic that loses more than the margin there."""
        policies = [one.tuned.policy for one in self.certified.policies.tested if one.certified]
        return any(self._lost(policy)[0] > self.truth.margin for policy in policies)

    @property
    def switch(self) -> bool:
        """Whether the whole route is moved."""
        best = self.certified.policies.best
        return best is not None and best.tuned.policy.kind == "static"

    @property
    def split(self) -> bool:
        """Whether a part of the route is moved."""
        return self.certified.policies.best is not None and not self.switch

    @property
    def kinds(self) -> set[str]:
        """Kinds of the policies that were tested."""
        return {one.tuned.policy.kind for one in self.certified.policies.tested}

    @property
    def certified_kinds(self) -> set[str]:
        """Kinds of those that are certified over all traffic."""
        return {one.tuned.policy.kind for one in self.certified.policies.tested if one.certified}

    @property
    def draws(self) -> int:
        """Quality draws that were replayed."""
        return self.certified.terms.schedule.replayed(["small"])

    @property
    def holds_delta(self) -> bool:
        """Whether the interval of the whole route's delta holds the truth."""
        tested = self.certified.policies.static("small")
        assert tested is not None
        assert tested.delta is not None
        assert tested.delta.lo is not None
        assert tested.delta.hi is not None
        return tested.delta.lo <= self.truth.delta <= tested.delta.hi

    @property
    def holds_saving(self) -> bool:
        """Whether the interval of the whole route's saving holds the truth."""
        tested = self.certified.policies.static("small")
        assert tested is not None
        assert tested.saving_usd is not None
        assert tested.saving_usd.lo is not None
        assert tested.saving_usd.hi is not None
        return tested.saving_usd.lo <= self.truth.saving_usd <= tested.saving_usd.hi


def planted(truths: Mapping[str, Truth], seed: int, **more: object) -> Planted:
    """Sample and seal the routes of one log, by the functions that a run uses.

    Args:
        truths: By route.
        seed: Of the log's ids, the audit and the words.
        more: Further settings.
    """
    entries = [
        {
            "match": route,
            "candidates": ["small"],
            "margin": f"{100 * one.margin:g}pt",
            "assert": [{"type": "equals", "value": "x"}],
        }
        for route, one in truths.items()
    ]
    settings = Settings.model_validate({"seed": seed, "routes": entries, **more})
    rows = {route: _rows(route, one, f"{k:04x}{seed:08x}") for k, (route, one) in enumerate(truths.items())}
    frames = sorted(held_frames(rows, seed=seed), key=lambda frame: list(rows).index(frame.route))
    needs = {
        route: RouteNeeds(entry=settings.route(route), unsupported=None, criteria=one.check)
        for route, one in truths.items()
    }
    sample = draw_sample(frames, needs, list(TIERS.values()), settings)
    sure = {route: np.random.default_rng([seed, 10]).random(one.n) < 0.8 for route, one in truths.items()}
    slice_ = pl.DataFrame(pl.from_arrow(sample.table)).with_columns(pl.col(pl.Categorical).cast(pl.String))
    units = pl.concat(
        [frame.rows.select(session_id="session", prompt_hash="prompt", exchange_id="row_id") for frame in frames]
    )
    replays = pl.concat([_calls(frame, truths[frame.route], sure[frame.route]) for frame in frames])
    tables = Tables(
        slice=slice_.join(units, on="exchange_id", how="left", maintain_order="left").with_columns(
            latency_ms=pl.lit(900.0), **dict.fromkeys((*LOGGED, LIMIT), pl.lit(None, dtype=pl.Int64))
        ),
        replays=replays.with_columns(same_answer=pl.lit(None, dtype=pl.Boolean)),
        accepted=pl.concat([_verdicts(frame, truths[frame.route]) for frame in frames]),
        scores=empty_scores(),
        costing=costing_of(TIERS.values(), settings, list(truths), replays),
    )
    requests = {frame.route: _requests(frame, seed) if truths[frame.route].words else () for frame in frames}
    by_fp = {one.request_fp: one for some in requests.values() for one in some}
    bench = PolicyInputs(
        requests=by_fp,
        embedder=EMBEDDER if by_fp else None,
        verifiers=lambda route: [CHECK] if requests[route] else [],
        rules=lambda route: [("small", RULE)] if requests[route] else [],
        seed=seed,
        alpha=settings.alpha,
    )
    return Planted(
        truths=truths,
        requests=requests,
        sure=sure,
        tables=tables,
        designs=sample.designs,
        settings=settings,
        prepared=prepare(tables, sample.designs, bench),
    )


def audit_of(truth: Truth, seed: int) -> Audited:
    """One audit of a log with one route, all looks at once."""
    return planted({"/r": truth}, seed).whole()["/r"]


def _rows(route: str, truth: Truth, name: str) -> pl.DataFrame:
    n = truth.n
    prompts = np.arange(n) if truth.prompt is None else truth.prompt
    session = [None] * n if truth.session is None else [f"s{one}" for one in truth.session]
    return pl.DataFrame(
        {
            "row_id": [f"{i:08x}{name}" for i in range(n)],
            "session": pl.Series(session, dtype=pl.String),
            "request_fp": [f"fp{i}{route}" for i in range(n)],
            "prompt": [f"p{one}{route}" for one in prompts],
            "model": "large-1",
            "cost_usd": truth.today_usd,
            "prompt_tokens": (truth.today_usd * 1e5).astype(int) + 1,
            "completion_tokens": 20,
            "max_tokens": pl.Series([None] * n, dtype=pl.Int64),
        }
    )


def _calls(frame: RouteFrame, truth: Truth, sure: Bools) -> pl.DataFrame:
    ok = np.full(truth.n, "ok", dtype=object)
    found = table_of_calls(frame.rows["request_fp"].to_list(), "candidate", "small", ok, truth.small_usd)
    said = pl.Series(np.where(sure, "that is sure", "that may be"), dtype=pl.String)
    return found.with_columns(route=pl.lit(frame.route), prompt_tokens=pl.lit(100, dtype=pl.Int64), text=said)


def _verdicts(frame: RouteFrame, truth: Truth) -> pl.DataFrame:
    ids, ok = frame.rows["row_id"].to_list(), np.full(truth.n, "ok", dtype=object)
    before, after = truth.verdicts or (truth.before, truth.after)
    arms = [
        table_of_verdicts(ids, "incumbent", "", before, ok),
        table_of_verdicts(ids, "candidate", "small", after, ok),
    ]
    return pl.concat(arms).with_columns(route=pl.lit(frame.route))


def _requests(frame: RouteFrame, seed: int) -> tuple[Request, ...]:
    rng = np.random.default_rng([seed, 9])
    return tuple(
        Request(
            request_fp=fp,
            messages=[{"role": "user", "content": " ".join(rng.choice(WORDS, int(rng.integers(5, 20))))}],
        )
        for fp in frame.rows["request_fp"]
    )


def _plain(rng: np.random.Generator, n: int, *, loss: float = 0.0, noise: float = 0.01) -> tuple[Bools, Bools]:
    """Verdicts with symmetric noise and a loss that falls on requests at random."""
    before = rng.random(n) < 0.95
    flips = rng.random(n)
    after = np.where(before, flips >= noise + loss / 0.95, flips < noise * 19)
    return before, after


def _losing(rng: np.random.Generator, n: int, loss: float, *, noise: float = 0.01) -> tuple[Bools, Bools]:
    """The same with a loss that is exact in every log, rounded up to a whole request: a certificate is always wrong."""
    gained, passing = round(noise * n), round(0.95 * n)
    lost = gained + math.ceil(loss * n)
    order = rng.permutation(n)
    before, after = np.zeros(n, dtype=np.bool_), np.zeros(n, dtype=np.bool_)
    before[order[:passing]] = after[order[lost:passing]] = after[order[passing : passing + gained]] = True
    return before, after


def _costs(rng: np.random.Generator, n: int) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    asked, said = 50 * rng.lognormal(0, 1, n) + 10, 20 * rng.lognormal(0, 0.7, n) + 1
    return (asked * 10 + said * 30) / 1e6, (asked * 0.5 + said * 1.5) / 1e6


def one_session(rng: np.random.Generator, n: int = 6000) -> Truth:
    """A nightly batch of 4.5 % of the traffic fails wholly; elsewhere nothing is lost on average."""
    before, after = _plain(rng, n, loss=0.006)
    session = np.where(rng.random(n) < 0.045, 0, rng.integers(1, 1200, n))
    return _truth(rng, before, after & (session != 0), session=session)


def nightly_sessions(rng: np.random.Generator, n: int = 6000) -> Truth:
    """Thirty sessions; one of them fails wholly."""
    before, after = _plain(rng, n, loss=0.005)
    session = rng.integers(0, 30, n)
    return _truth(rng, before, after & (session != 7), session=session)


def zipf_prompts(rng: np.random.Generator, n: int = 6000) -> Truth:
    """Two thousand prompts, few of them frequent; each is right or wrong, and the third most frequent fails."""
    shares = 1 / np.arange(1, 2001) ** 0.9
    prompt = rng.choice(2000, n, p=shares / shares.sum())
    before, after = _plain(rng, 2000, loss=0.012)
    after[2] = False
    before[2] = True
    return _truth(rng, before[prompt], after[prompt], prompt=prompt)


def runaway_answers(rng: np.random.Generator, n: int = 6000) -> Truth:
    """Nothing is lost; one answer in a hundred runs to the limit."""
    found = _truth(rng, *_plain(rng, n))
    return replace(found, small_usd=np.where(rng.random(n) < 0.01, LIMIT_TOKENS * 1.5 / 1e6, found.small_usd))


def useless_signals(rng: np.random.Generator, n: int = 3000, loss: float = MARGIN + 0.0005) -> Truth:
    """Requests lose at random, together a little more than the margin, and no word and no check tells which."""
    return replace(_truth(rng, *_losing(rng, n, loss)), words=True)


def at_the_boundary(rng: np.random.Generator, n: int = 6000, margin: float = MARGIN) -> Truth:
    """The loss is the margin's, and a little more."""
    return replace(_truth(rng, *_losing(rng, n, margin + 0.0005)), margin=margin)


def blind_criteria(
    rng: np.random.Generator, n: int = 6000, *, loss: float = 0.045, sees: float = 0.6, labels: int = 400
) -> Truth:
    """The criteria see a part of the faults; people have judged some answers, half of them right and half wrong."""
    before, after = _plain(rng, n, loss=loss)
    blind = rng.random(n) >= sees
    verdicts = (before | blind, after | blind)
    labelled = None
    if labels:
        half = labels // 2
        accepted = int(rng.binomial(half, 1 - sees))
        counts = Labelled(right=half, right_accepted=half, wrong=half, wrong_accepted=accepted)
        labelled = replace(counts, content=counts)
    check = CriteriaCheck(grade=Grade.RIGHT, labelled=labelled)
    return replace(_truth(rng, before, after), verdicts=verdicts, check=check)


def _truth(
    rng: np.random.Generator,
    before: Bools,
    after: Bools,
    *,
    session: npt.NDArray[np.int64] | None = None,
    prompt: npt.NDArray[np.int64] | None = None,
) -> Truth:
    today, small = _costs(rng, before.size)
    return Truth(before=before, after=after, session=session, prompt=prompt, today_usd=today, small_usd=small)


WORLDS: dict[str, Callable[..., Truth]] = {
    "one dominating session": one_session,
    "nightly sessions": nightly_sessions,
    "Zipf prompts": zipf_prompts,
    "runaway answers": runaway_answers,
    "useless signals": useless_signals,
    "a route at the boundary": at_the_boundary,
    "criteria that see 60 %": blind_criteria,
}


def routes_at_the_boundary(seed: int, *, routes: int = 100, n: int = 1000, margin: float = 0.1) -> dict[str, Truth]:
    """Many routes of one log, each at its boundary; a wide margin, so that they need few requests."""
    return {f"/r{k}": at_the_boundary(np.random.default_rng([seed, k, 78]), n, margin) for k in range(routes)}
