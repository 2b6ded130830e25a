"""Worlds with planted truth: sessions, prompts, verdicts and costs are given, request by request; an audit follows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import polars as pl

from audit.core.criteria import CriteriaCheck, Grade, Labelled
from audit.core.exchange import Request
from audit.core.plan import RouteDesign
from audit.core.policy import RoutePolicy
from audit.core.settings import Settings
from audit.core.tier import Price, Tier
from audit.findings.certified import Certified, certify_route, prepare
from audit.findings.costing import LIMIT, LOGGED, costing_of
from audit.findings.evidence import Tables
from audit.findings.policies import Bench
from audit.sampling.design import RouteNeeds
from audit.sampling.frame import RouteFrame
from audit.sampling.run import draw_sample
from audit.signals import compute
from tests.findings.world import INCUMBENT, empty_scores, table_of_calls, table_of_verdicts

MARGIN = 0.03
LIMIT_TOKENS = 4096
SMALL = Tier(
    name="small",
    model="small-1",
    provider="simulated",
    price=Price(input=0.5, output=1.5),
    max_output_tokens=LIMIT_TOKENS,
)
WORDS = np.array(["order", "invoice", "refund", "parcel", "meter", "tariff", "contract", "window", "garden"])

Bools = npt.NDArray[np.bool_]


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
        words: Requests have words, so that signals can be fitted to them; they tell nothing.
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
    verdicts: tuple[Bools, Bools] | None = None
    check: CriteriaCheck | None = None

    @property
    def delta(self) -> float:
        """Candidate less incumbent, over all requests."""
        return float(self.after.mean() - self.before.mean())

    @property
    def saving_usd(self) -> float:
        """Of moving everything."""
        return float((self.today_usd - self.small_usd).sum())


@dataclass(frozen=True, kw_only=True)
class Audited:
    """One audit of a world."""

    truth: Truth
    certified: Certified
    requests: tuple[Request, ...]

    def moved(self, policy: RoutePolicy) -> Bools:
        """Which of all requests a policy moves."""
        if policy.signal is None:
            return np.ones(self.truth.before.size, dtype=np.bool_)
        return np.asarray(compute(policy.signal, self.requests) >= (policy.threshold or 0.0))

    @property
    def wrong(self) -> bool:
        """Whether a policy is recommended that loses more than the margin, on all traffic or on what it moves."""
        best = self.certified.policies.best
        if best is None:
            return False
        rows = self.moved(best.tuned.policy)
        lost = self.truth.before.astype(float) - self.truth.after
        return bool(lost[rows].mean() > MARGIN or (lost * rows).mean() > MARGIN)

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


def audit_of(truth: Truth, seed: int) -> Audited:
    """Sample, seal and test the world's one route, by the functions that a run uses."""
    n = truth.before.size
    ids = [f"{i:08x}{seed:08x}" for i in range(n)]
    prompts = np.arange(n) if truth.prompt is None else truth.prompt
    session = [None] * n if truth.session is None else [f"s{one}" for one in truth.session]
    rows = pl.DataFrame(
        {
            "row_id": ids,
            "session_id": pl.Series(session, dtype=pl.String),
            "request_fp": [f"fp{i}" for i in range(n)],
            "prompt_hash": [f"p{one}" for one in prompts],
            "model": "large-1",
            "cost_usd": truth.today_usd,
            "prompt_tokens": (truth.today_usd * 1e5).astype(int) + 1,
            "completion_tokens": 20,
            "max_tokens": pl.Series([None] * n, dtype=pl.Int64),
        }
    )
    spend = float(truth.today_usd.sum())
    frame = RouteFrame(
        route="/r",
        requests=n,
        spend_usd=spend,
        rows=rows,
        models={"large-1": spend},
        unreplayable={},
        unreplayable_usd={},
    )
    tiers = {"small": SMALL, "large": INCUMBENT}
    entry = {"match": "*", "candidates": ["small"], "assert": [{"type": "equals", "value": "x"}]}
    settings = Settings.model_validate({"seed": seed, "routes": [entry]})
    needs = {"/r": RouteNeeds(entry=settings.routes[0], unsupported=None, criteria=truth.check)}
    sample = draw_sample([frame], needs, list(tiers.values()), settings)
    design: RouteDesign = sample.designs[0]
    ok = np.full(n, "ok", dtype=object)
    slice_ = pl.DataFrame(pl.from_arrow(sample.table)).with_columns(pl.col(pl.Categorical).cast(pl.String))
    units = rows.select("session_id", "prompt_hash", exchange_id="row_id")
    replays = table_of_calls(rows["request_fp"].to_list(), "candidate", "small", ok, truth.small_usd)
    replays = replays.with_columns(prompt_tokens=pl.lit(100, dtype=pl.Int64))
    before, after = truth.verdicts or (truth.before, truth.after)
    verdicts = [
        table_of_verdicts(ids, "incumbent", "", before, ok),
        table_of_verdicts(ids, "candidate", "small", after, ok),
    ]
    tables = Tables(
        slice=slice_.join(units, on="exchange_id", how="left", maintain_order="left").with_columns(
            latency_ms=pl.lit(900.0), **dict.fromkeys((*LOGGED, LIMIT), pl.lit(None, dtype=pl.Int64))
        ),
        replays=replays.with_columns(same_answer=pl.lit(None, dtype=pl.Boolean)),
        accepted=pl.concat(verdicts),
        scores=empty_scores(),
    )
    tables = Tables(
        slice=tables.slice,
        replays=tables.replays,
        accepted=tables.accepted,
        scores=tables.scores,
        costing=costing_of(tiers.values(), settings, ["/r"], tables.replays),
    )
    requests = _requests(n, seed) if truth.words else ()
    bench = Bench(requests={one.request_fp: one for one in requests}, seed=seed, alpha=settings.alpha)
    prepared = prepare(tables, [design], bench)
    certified = certify_route(tables, design, tiers, settings, prepared, None)
    return Audited(truth=truth, certified=certified, requests=requests)


def _requests(n: int, seed: int) -> tuple[Request, ...]:
    rng = np.random.default_rng([seed, 9])
    return tuple(
        Request(
            request_fp=f"fp{i}",
            messages=[{"role": "user", "content": " ".join(rng.choice(WORDS, int(rng.integers(5, 20))))}],
        )
        for i in range(n)
    )


def _plain(rng: np.random.Generator, n: int, *, loss: float = 0.0, noise: float = 0.01) -> tuple[Bools, Bools]:
    """Verdicts with symmetric noise and a loss that falls on requests at random."""
    before = rng.random(n) < 0.95
    flips = rng.random(n)
    after = np.where(before, flips >= noise + loss / 0.95, flips < noise * 19)
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
    small = np.where(rng.random(n) < 0.01, LIMIT_TOKENS * 1.5 / 1e6, found.small_usd)
    return Truth(before=found.before, after=found.after, today_usd=found.today_usd, small_usd=small)


def useless_signals(rng: np.random.Generator, n: int = 3000) -> Truth:
    """Every request loses at random, a little more than the margin, and no word tells which."""
    found = _truth(rng, *_plain(rng, n, loss=0.0305))
    return Truth(
        before=found.before, after=found.after, today_usd=found.today_usd, small_usd=found.small_usd, words=True
    )


def at_the_boundary(rng: np.random.Generator, n: int = 6000) -> Truth:
    """The loss is the margin's, and a little more."""
    return _truth(rng, *_plain(rng, n, loss=0.0305))


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


WORLDS: dict[str, Callable[[np.random.Generator], Truth]] = {
    "one dominating session": one_session,
    "nightly sessions": nightly_sessions,
    "Zipf prompts": zipf_prompts,
    "runaway answers": runaway_answers,
    "useless signals": useless_signals,
    "routes at the boundary": at_the_boundary,
    "criteria that see 60 %": blind_criteria,
}
