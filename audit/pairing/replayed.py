"""Replayed draws side by side: for each draw the request, the log's verdict and cost, and every candidate's.

A policy is judged by walking it over these, so nothing is called again: what it would have sent where, what that would
have cost with every call counted, and which answer would have been used.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import polars as pl

from audit.core.cost import BreakEven
from audit.core.exchange import Completion, Request
from audit.core.interval import Estimate
from audit.core.options import DIMENSIONS
from audit.core.policy import RoutePolicy, SignalSpec, VerifierSpec
from audit.core.robustness import UnitKind
from audit.core.schemas import AS_LOGGED, NO_ANSWER, NOT_ASKED
from audit.pairing.evidence import (
    SERVED,
    UNIT_COLUMNS,
    Pairs,
    Spread,
    Tables,
    Truth,
    answer_shares,
    calls_on,
    lowest_share,
)
from audit.pairing.money import Saved
from audit.signals import compute
from audit.signals.signal import BoolArray, FloatArray, Remembering, TextEmbedder
from audit.signals.verifiers import VERIFIERS
from audit.stats.missing import Missing
from audit.stats.paired import wilson
from audit.stats.random_mix import Parted
from audit.stats.routing_curves import break_even, cascade_saves
from audit.stats.tango import PairCounts

REQUESTS_AT_ONCE = 4_096
"""Requests whose texts are embedded together: a vector is longer than many a text."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AnswerShares:
    """Accepted shares of several answers to each draw, shape (n,).

    Attributes:
        asked: Answers to each.
        low: Those that could not be measured taken as rejected.
        high: The same, taken as accepted.
    """

    asked: int
    low: FloatArray
    high: FloatArray

    @property
    def share(self) -> FloatArray:
        """NaN unless all answers were measured."""
        found: FloatArray = np.where(self.low == self.high, self.low, np.nan)
        return found

    def part(self, rows: BoolArray) -> AnswerShares:
        """Of some of the draws."""
        return replace(self, low=self.low[rows], high=self.high[rows])

    def where(self, rows: BoolArray, other: AnswerShares) -> AnswerShares:
        """These on some of the draws, others on the rest."""
        return replace(self, low=np.where(rows, self.low, other.low), high=np.where(rows, self.high, other.high))

    def lost_on(self, rows: BoolArray) -> AnswerShares:
        """The same, where on some draws none of the answers is accepted."""
        return replace(self, low=np.where(rows, 0.0, self.low), high=np.where(rows, 0.0, self.high))

    def same(self, other: AnswerShares) -> bool:
        """Whether all shares are equal."""
        return np.array_equal(self.low, other.low) and np.array_equal(self.high, other.high)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Arm:
    """What one candidate made of the draws, one entry per draw. Of several answers to a draw the first is meant.

    Attributes:
        passed: 1, 0, or NaN where it could not be measured.
        content: The same by the criteria alone that see what an answer says; NaN also where none applies.
        cost_usd: Of its call, as assumed; NaN where it was not served or has no known cost.
        at_most_usd: Of its call if the answer ran to its limit; NaN where that is unknown.
        lost: The call failed in a way that says nothing of the candidate, or was never made.
        unasked: Of these, the candidate was not asked, for a reason that is none of its own; outside every claim.
        latency_ms: Of its call; NaN where it was not served.
        completions: None where there is none.
        shares: Of all answers, where each draw was asked several times; else None.
        content_shares: The same by the criteria alone that see what an answer says.
        unheard: The chance that a verdict would be missing, had every judge been asked in every order; None where no
            judge failed in another order.
        truth: What people said of pairs that were drawn at random; None where nobody did.
        as_logged: A right answer rejects it, and it says what the log's own answer says.
    """

    passed: FloatArray
    content: FloatArray
    cost_usd: FloatArray
    at_most_usd: FloatArray
    lost: BoolArray
    unasked: BoolArray
    latency_ms: FloatArray
    completions: Sequence[Completion | None]
    as_logged: BoolArray
    shares: AnswerShares | None = None
    content_shares: AnswerShares | None = None
    unheard: FloatArray | None = None
    truth: Truth | None = None

    @property
    def accepted(self) -> FloatArray:
        """The accepted share of its answers, in [0, 1]; NaN unless all of them were measured."""
        return self.passed if self.shares is None else self.shares.share


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Replayed:
    """Some draws of a route, n rows.

    Attributes:
        exchange_ids: In draw order.
        draw_order: Place of each in the sample, ascending for quality draws.
        request_fps: Of the request of each.
        requests: None where the run has no bodies; then nothing but static policies can be judged.
        passed: Whether the log's completion is accepted: 1, 0, or NaN.
        content: The same by the criteria alone that see what an answer says.
        cost_usd: What the log billed.
        times: How often each was drawn.
        mass: Dollars that each time stands for, up to a common factor; 1 of draws that are not of spend.
        models: That served each in the log.
        latency_ms: Of the log's own call; NaN where the log does not say.
        segments: By dimension of `core.options`, the tenant and the like of each; "" where the log names none.
        units: By kind, the session, template or prompt of each; "" where the log names none.
        at: When each was sent, seconds since 1970; NaN where the log does not say.
        arms: By candidate.
    """

    exchange_ids: Sequence[str]
    draw_order: npt.NDArray[np.int64]
    request_fps: Sequence[str]
    requests: Sequence[Request] | None
    passed: FloatArray
    content: FloatArray
    cost_usd: FloatArray
    times: FloatArray
    mass: FloatArray
    models: Sequence[str]
    latency_ms: FloatArray
    segments: Mapping[str, Sequence[str]]
    units: Mapping[UnitKind, Sequence[str]]
    at: FloatArray
    arms: Mapping[str, Arm]

    @property
    def n(self) -> int:
        """Rows."""
        return len(self.passed)

    def by_content(self, tier: str, *, checked: bool) -> Replayed | None:
        """The same draws, judged by the criteria alone that compare what an answer says.

        Args:
            tier: Whose answers are held against the log's.
            checked: The answers were let through by a check. A criterion that it enforces holds on every one of them:
                it shows that the check was run, and nothing of the answers, so draws to which no comparing criterion
                applies are not measured. Without a check such draws keep the verdict of the others.

        Returns:
            The draws; None where these criteria decide every verdict.

        Special cases:
            Draws that nothing compares, where today's answer is not accepted: the candidate's is not either. That its
            form is better shows no better answer, and must not pay for wrong ones elsewhere.
        """
        other, arm = np.zeros(self.n, dtype=bool) if checked else np.isnan(self.content), self.arms[tier]
        before, after = np.where(other, self.passed, self.content), np.where(other, arm.passed, arm.content)
        uncompared = np.isnan(self.content) & np.isnan(arm.content)
        ungained = uncompared & (self.passed == 0) & ~np.isnan(arm.passed) & (not uncompared.all())
        before, after = np.where(ungained, 0.0, before), np.where(ungained, 0.0, after)
        shares, same = arm.shares, True
        if arm.shares is not None and arm.content_shares is not None and not checked:
            shares = arm.shares.where(other, arm.content_shares).lost_on(ungained)
            same = shares.same(arm.shares)
        same = same and np.array_equal(after, arm.passed, equal_nan=True)
        if same and np.array_equal(before, self.passed, equal_nan=True):
            return None
        return replace(self, passed=before, arms={**self.arms, tier: replace(arm, passed=after, shares=shares)})

    def without_texts(self) -> Replayed:
        """The same draws without requests and completions, for whatever comes after the walk that uses them."""
        arms = {tier: replace(arm, completions=()) for tier, arm in self.arms.items()}
        return replace(self, requests=None, arms=arms)

    def first_answers(self) -> Replayed:
        """The same draws, where only the first answer to each counts: for tests of counts, which need whole pairs."""
        arms = {tier: replace(arm, shares=None, content_shares=None) for tier, arm in self.arms.items()}
        return replace(self, arms=arms)


def replayed(tables: Tables, draws: pl.DataFrame, tiers: Sequence[str], requests: Mapping[str, Request]) -> Replayed:
    """Join draws with what is known of them.

    Quality draws to which no criterion applies are outside every claim and left out; dollars are billed all the same.

    Args:
        tables: Of the route; verdicts that it does not hold are NaN.
        draws: Rows of the slice, in draw order.
        tiers: Candidates.
        requests: By fingerprint; empty when the run has none.
    """
    logged = tables.accepted.filter(pl.col("arm") == "incumbent").select(
        "exchange_id", y0=pl.col("accepted"), c0=pl.col("accepted_content"), why0=pl.col("reason")
    )
    rows = draws.join(logged, on="exchange_id", how="left", maintain_order="left")
    outside = (pl.col("why0") == "not_applicable").fill_null(False) & pl.col("y0").is_null()
    rows = rows.filter(~outside | (pl.col("purpose") == "dollars"))
    request_fps = rows["request_fp"].to_list()
    return Replayed(
        exchange_ids=rows["exchange_id"].to_list(),
        draw_order=rows["draw_order"].to_numpy(),
        request_fps=request_fps,
        requests=[requests[fp] for fp in request_fps] if requests else None,
        passed=_floats(rows["y0"]),
        content=_floats(rows["c0"]),
        cost_usd=_floats(rows["cost_usd"]),
        times=_floats(rows["weight"]),
        mass=_floats(rows["mass"]) if "mass" in rows.columns else np.ones(rows.height),
        models=rows["incumbent_model"].to_list(),
        latency_ms=_floats(rows["latency_ms"]),
        segments={name: rows[name].fill_null("").to_list() for name in DIMENSIONS if name in rows.columns},
        units={kind: rows[name].fill_null("").to_list() for kind, name in UNIT_COLUMNS.items() if name in rows.columns},
        at=_seconds(rows),
        arms={tier: _arm(tables, rows, tier) for tier in tiers},
    )


def _arm(tables: Tables, rows: pl.DataFrame, tier: str) -> Arm:
    mine = (pl.col("tier") == tier) & (pl.col("arm") == "candidate") & (pl.col("repeat") == 0)
    verdicts = tables.accepted.filter(mine).select(
        "exchange_id", y1="accepted", c1="accepted_content", as_logged=pl.col("reason") == AS_LOGGED
    )
    joined = calls_on(tables, rows, tier).join(verdicts, on="exchange_id", how="left", maintain_order="left")
    lost = joined["status"].is_null() | joined["status"].is_in(NO_ANSWER)
    return Arm(
        passed=_floats(joined["y1"]),
        content=_floats(joined["c1"]),
        cost_usd=_floats(joined["usd"]),
        at_most_usd=_floats(joined["at_most_usd"]),
        lost=lost.to_numpy().astype(bool),
        unasked=(joined["status"] == NOT_ASKED).fill_null(False).to_numpy().astype(bool),
        latency_ms=_floats(joined["call_latency_ms"]),
        completions=[
            _completion(*row) for row in joined.select("status", "text", "tool_calls", "finish_reason").iter_rows()
        ],
        as_logged=joined["as_logged"].fill_null(False).to_numpy().astype(bool),
        shares=_shares(tables, rows, tier, "accepted"),
        content_shares=_shares(tables, rows, tier, "accepted_content"),
        unheard=_unheard(tables, rows, tier),
        truth=tables.truth(rows["exchange_id"], tier),
    )


def _unheard(tables: Tables, rows: pl.DataFrame, tier: str) -> FloatArray | None:
    found = tables.unheard("candidate", tier)
    if found is None:
        return None
    joined = rows.select("exchange_id").join(found, on="exchange_id", how="left", maintain_order="left")
    return joined["unheard"].fill_null(0.0).to_numpy()


def _shares(tables: Tables, rows: pl.DataFrame, tier: str, verdict: str) -> AnswerShares | None:
    if (asked := tables.asked(tier)) == 1:
        return None
    found = answer_shares(tables, tier, asked, verdict)
    joined = rows.select("exchange_id").join(found, on="exchange_id", how="left", maintain_order="left")
    return AnswerShares(
        asked=asked,
        low=joined["low"].fill_null(0.0).to_numpy(),
        high=joined["high"].fill_null(1.0).to_numpy(),
    )


def _completion(
    status: str | None, text: str | None, tool_calls: str | None, finish_reason: str | None
) -> Completion | None:
    if status not in SERVED:
        return None
    refused = status == "refused"
    return Completion(
        text=None if refused else text,
        refusal=(text or "refused") if refused else None,
        tool_calls=json.loads(tool_calls) if tool_calls else (),
        finish_reason="length" if status == "truncated" else finish_reason or "unknown",
    )


def _seconds(rows: pl.DataFrame) -> FloatArray:
    if "started_at" not in rows.columns:
        return np.full(rows.height, np.nan)
    return _floats(rows["started_at"].dt.epoch("ms").cast(pl.Float64)) / 1000


def _floats(values: pl.Series) -> FloatArray:
    return values.cast(pl.Float64).fill_null(float("nan")).to_numpy()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Simulation:
    """What a policy does with each of n draws.

    Attributes:
        asked: The cheap tier is called.
        kept: Its answer is used; the others were served by the incumbent, after the cheap call or without one.
    """

    asked: BoolArray
    kept: BoolArray


def walk(policy: RoutePolicy, draws: Replayed, values: FloatArray | None) -> Simulation:
    """Send the draws where a policy sends them.

    Args:
        policy: To walk.
        draws: Over which.
        values: Of its signal, shape (n,); None for a policy without one. NaN stays with the incumbent.
    """
    asked = np.ones(draws.n, dtype=bool)
    if policy.threshold is not None:
        assert values is not None
        asked = values >= policy.threshold
    kept = asked if policy.verifier is None else asked & _verified(policy, policy.verifier, draws)
    return Simulation(asked=asked, kept=kept)


def _verified(policy: RoutePolicy, verifier: VerifierSpec, draws: Replayed) -> BoolArray:
    """Whether each cheap answer passes the check. One that was lost passes: it then counts as not measured."""
    assert draws.requests is not None
    check, arm = VERIFIERS[verifier.name], draws.arms[policy.tier]
    others = [draws.arms[tier].completions for tier in verifier.tiers]
    found = arm.lost.copy()
    for i, said in enumerate(arm.completions):
        said_too = [completions[i] for completions in others]
        if said is not None and None not in said_too:
            found[i] = check(verifier.params, draws.requests[i], [said, *(c for c in said_too if c is not None)])
    return found


def pairs_of(policy: RoutePolicy, draws: Replayed, walked: Simulation, *, before: int | None = None) -> Pairs:
    """The policy against the incumbent over all draws: one that it does not move is a pair without a difference.

    Args:
        policy: That was walked.
        draws: Over which.
        walked: What it did.
        before: Only the draws whose place in the sample is below this; None for all of them.

    Special cases:
        Draws that were asked several times count by the accepted share of their answers. A policy that checks answers
        checks one of them, and is judged on the first.
    """
    first = slice(None if before is None else int(np.searchsorted(draws.draw_order, before)))
    passed, kept = draws.passed[first], walked.kept[first]
    shares = draws.arms[policy.tier].shares if policy.verifier is None else None
    less = draws.arms[policy.tier].unheard
    answers = draws.arms[policy.tier].passed if shares is None else shares.share
    after = np.where(kept, answers[first], passed)
    known = ~np.isnan(passed) & ~np.isnan(after)
    unasked = kept & draws.arms[policy.tier].unasked[first]
    missing = ~known & kept & ~unasked
    counted = known | ~kept
    good = np.nan_to_num(passed) > 0.5
    reached = np.nan_to_num(after) > 0.5 if shares is None else np.nan_to_num(after)
    spread = None
    if shares is not None:
        ends = (np.where(kept, end[first], np.nan_to_num(passed)) for end in (shares.low, shares.high))
        today = np.where(kept, passed, np.nan_to_num(passed))
        claimed = counted | missing
        spread = Spread.of(shares.asked, *(values[claimed] for values in (today, *ends)))
    truth = draws.arms[policy.tier].truth
    said = None
    if truth is not None:
        claimed = counted | missing
        held = truth.part(np.arange(draws.n) < len(passed)).where(kept).part(claimed)
        said = held.beside(passed[claimed], after[claimed])
    return Pairs(
        exchange_ids=tuple(name for name, taken in zip(draws.exchange_ids[first], counted, strict=True) if taken),
        incumbent=good[counted],
        candidate=np.where(kept, reached, good)[counted],
        missing=Missing(
            passed=int((missing & (passed == 1)).sum()),
            failed=int((missing & (passed == 0)).sum()),
            unknown=int((missing & np.isnan(passed)).sum()),
        ),
        excluded={},
        not_applicable=0,
        unasked=int(unasked.sum()),
        unheard=0.0 if less is None else float(less[first][kept & ~unasked & ~np.isnan(passed)].sum()),
        spread=spread,
        labelled=said,
    )


def parted_by(policy: RoutePolicy, draws: Replayed, walked: Simulation, *, before: int | None = None) -> Parted:
    """The cheap tier's verdicts on what a policy moves, and on what it leaves, as if it had moved that too.

    Draws that could not be measured are at their worst for the policy: regressions where it moves them, gains that it
    forgoes where it does not. Draws that the cheap tier was not asked are outside both parts.

    Arguments as of `pairs_of`.
    """
    first = slice(None if before is None else int(np.searchsorted(draws.draw_order, before)))
    passed, after, kept = draws.passed[first], draws.arms[policy.tier].passed[first], walked.kept[first]
    asked = ~draws.arms[policy.tier].unasked[first]
    known = ~np.isnan(passed) & ~np.isnan(after)
    lost = np.where(known, (passed == 1) & (after == 0), kept & (passed != 0))
    gained = np.where(known, (passed == 0) & (after == 1), ~kept & (passed != 1))
    moved, left = (
        PairCounts(b=int(lost[rows].sum()), c=int(gained[rows].sum()), n=int(rows.sum()))
        for rows in (kept & asked, ~kept & asked)
    )
    return Parted(moved=moved, kept=left)


def part_of(draws: Replayed, walked: Simulation, rows: BoolArray) -> tuple[Replayed, Simulation]:
    """Some of the draws, and what a policy did with these; without requests and completions, which the walk has used.

    Args:
        draws: To take from.
        walked: Over them.
        rows: Which, shape (n,).
    """
    arms = {
        tier: replace(
            arm,
            passed=arm.passed[rows],
            content=arm.content[rows],
            cost_usd=arm.cost_usd[rows],
            at_most_usd=arm.at_most_usd[rows],
            lost=arm.lost[rows],
            unasked=arm.unasked[rows],
            latency_ms=arm.latency_ms[rows],
            completions=(),
            as_logged=arm.as_logged[rows],
            shares=None if arm.shares is None else arm.shares.part(rows),
            content_shares=None if arm.content_shares is None else arm.content_shares.part(rows),
            unheard=None if arm.unheard is None else arm.unheard[rows],
            truth=None if arm.truth is None else arm.truth.part(rows),
        )
        for tier, arm in draws.arms.items()
    }
    chosen: list[int] = np.flatnonzero(rows).tolist()
    part = replace(
        draws,
        exchange_ids=[draws.exchange_ids[i] for i in chosen],
        request_fps=[draws.request_fps[i] for i in chosen],
        requests=None,
        passed=draws.passed[rows],
        content=draws.content[rows],
        cost_usd=draws.cost_usd[rows],
        times=draws.times[rows],
        mass=draws.mass[rows],
        models=[draws.models[i] for i in chosen],
        latency_ms=draws.latency_ms[rows],
        segments={name: [names[i] for i in chosen] for name, names in draws.segments.items()},
        units={kind: [names[i] for i in chosen] for kind, names in draws.units.items()},
        at=draws.at[rows],
        arms=arms,
    )
    return part, Simulation(asked=walked.asked[rows], kept=walked.kept[rows])


def saved_of(policy: RoutePolicy, draws: Replayed, walked: Simulation) -> Saved:
    """Savings on draws of spend, each repeated as often as it was drawn.

    A cheap call that was not served or has no known cost saves nothing.
    """
    part = _spent_usd(policy, draws) / draws.cost_usd
    priced = walked.asked & ~np.isnan(part)
    z = np.where(priced, walked.kept - np.nan_to_num(part), 0.0)
    at_most = np.sum([draws.arms[tier].at_most_usd for tier in policy.asks], axis=0) / draws.cost_usd
    # Where answers are checked, any of them might have been paid for twice.
    kept = 0.0 if policy.verifier else 1.0
    worst = np.where(priced, kept - np.fmax(np.nan_to_num(part), at_most), 0.0)
    times = draws.times.astype(np.int64)
    z, worst, mass = (np.repeat(values, times) for values in (z, worst, draws.mass))
    return Saved(z=z, mass=mass, lowest=lowest_share(worst, z, mass))


def latency_of(policy: RoutePolicy, draws: Replayed, walked: Simulation) -> FloatArray:
    """Milliseconds until each draw is answered, shape (n,): an escalated request waits for both calls. NaN: unknown."""
    asked = np.where(walked.asked, draws.arms[policy.tier].latency_ms, 0.0)
    took: FloatArray = asked + np.where(walked.kept, 0.0, draws.latency_ms)
    return took


def saved_share(policy: RoutePolicy, draws: Replayed, walked: Simulation) -> float:
    """Share of the incumbent's bill for equal-probability draws that a policy saves, some of which may have been free.

    A cheap call that was not served or has no known cost saves nothing; nor does anything where nothing was billed.
    """
    billed, spent = float(draws.cost_usd.sum()), _spent_usd(policy, draws)
    saved = np.where(walked.asked, walked.kept * draws.cost_usd - spent, 0.0)
    return float(np.nansum(saved)) / billed if billed > 0 else 0.0


def _spent_usd(policy: RoutePolicy, draws: Replayed) -> FloatArray:
    """What every call that a policy may make costs on each draw, shape (n,); NaN where one is not known."""
    spent: FloatArray = np.sum([draws.arms[tier].cost_usd for tier in policy.asks], axis=0)
    return spent


def break_even_of(policy: RoutePolicy, draws: Replayed, walked: Simulation, level: float) -> BreakEven | None:
    """Whether a cascade escalates seldom enough to save, over the quality draws that it sends to the cheap tier.

    Draws are of requests, each counted alike. None for a policy without a check, and where no cost is known.
    """
    if policy.verifier is None:
        return None
    cheap = draws.arms[policy.tier].cost_usd
    checks = sum((draws.arms[tier].cost_usd for tier in policy.verifier.tiers), np.zeros(draws.n))
    known = walked.asked & ~np.isnan(cheap + checks + draws.cost_usd)
    incumbent = float(draws.cost_usd[known].mean()) if known.any() else 0.0
    if incumbent <= 0:
        return None
    rate = break_even(cheap=float(cheap[known].mean()), verify=float(checks[known].mean()), incumbent=incumbent)
    n, escalated = int(walked.asked.sum()), int((walked.asked & ~walked.kept).sum())
    return BreakEven(
        rate=rate,
        escalated=Estimate.of(escalated / n, wilson(escalated, n, level=level), level),
        saves=cascade_saves(escalated, n, break_even_rate=rate, level=level),
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SignalValues:
    """Values of fitted signals on requests, worked out once: every look of a route asks for them again.

    Attributes:
        places: Of each request among the n of them, by its fingerprint.
        known: Each signal with its values, shape (n,).
    """

    places: Mapping[str, int] = field(default_factory=dict)
    known: Sequence[tuple[SignalSpec, FloatArray]] = ()

    @classmethod
    def worked_out(
        cls, policies: Sequence[RoutePolicy], requests: Sequence[Request], embedder: TextEmbedder | None
    ) -> SignalValues:
        """The values of all signals of some policies.

        Args:
            policies: Those without a signal add nothing.
            requests: On which; equal ones are asked about once.
            embedder: The one that the signals were fitted with, where they were. It embeds each text once, and what it
                makes of the texts is held for some thousands of requests at a time.
        """
        specs: list[SignalSpec] = []
        for policy in policies:
            if policy.signal is not None and policy.signal not in specs:
                specs.append(policy.signal)
        asked = list({request.request_fp: request for request in requests}.values()) if specs else []
        known = [(spec, np.empty(len(asked))) for spec in specs]
        for first in range(0, len(asked), REQUESTS_AT_ONCE):
            part = asked[first : first + REQUESTS_AT_ONCE]
            once = None if embedder is None else Remembering(embedder)
            for spec, values in known:
                values[first : first + len(part)] = compute(spec, part, embedder=once)
        return cls(places={request.request_fp: place for place, request in enumerate(asked)}, known=known)

    def of(self, policy: RoutePolicy, draws: Replayed) -> FloatArray | None:
        """The values of a policy's signal on some draws, shape (n,); None for a policy without one."""
        if policy.signal is None:
            return None
        values = next(values for spec, values in self.known if spec == policy.signal)
        found: FloatArray = values[[self.places[fp] for fp in draws.request_fps]]
        return found
