"""One candidate on one route: counts, intervals, exact p-values and dollars, on the certification split."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from audit.certificate.claims import (
    accepted,
    cell,
    delta_of,
    observed,
    p_inferior,
    p_noninferior,
    random_labels_of,
    rate,
    repeats_of,
    table_of,
)
from audit.certificate.gold import gold_pairs
from audit.certificate.looks import Schedule
from audit.core.discrimination import Discrimination
from audit.core.finding import CandidateFinding, CandidateVerdict, CriterionRate, Latency, NotAsked, RandomLabels
from audit.core.interval import Estimate
from audit.core.plan import RouteDesign
from audit.core.reason import Because, Reason
from audit.core.schemas import MEASURED
from audit.core.tier import Tier
from audit.pairing.breakdown import breakdown
from audit.pairing.evidence import (
    MAX_MISSING,
    Pairs,
    Tables,
    dollar_draws,
    pair_up,
    quality_draws,
    spend_sample,
    unasked_limit,
)
from audit.pairing.money import Saved, dollars_of
from audit.pairing.odd import odd_answers
from audit.pairing.unasked import not_asked, unasked_share
from audit.stats.group_sequential import Look
from audit.stats.tango import PairCounts


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateEvidence:
    """What is known of a candidate before the sequence of tests decides.

    Attributes:
        tier: The candidate.
        tuning: Paired verdicts on the split that orders the candidates.
        pairs: Paired verdicts on the split that tests them.
        p_pass: Of "the loss is at least the margin", unmeasured draws at their worst; 1 without pairs.
        p_fail: Of "the loss is at most the margin", unmeasured draws at their best; 1 without pairs.
        delta: Candidate minus incumbent, or None without pairs.
        saving_usd: On the route's auditable spend; None without dollar draws.
        waste_usd: Hindsight, or None.
        look: Whose draws the pairs are; None before the first look.
        dropped: Why it was, on the tuning split, whose pairs then are meant; None of the others.
        not_asked: What it was not asked, over all draws that had their turn.
        stopped: Why nothing more was sent to it; None where nothing stopped it.
        replayed: Quality draws that have been replayed on it.
        random_labels: What labels of pairs that were drawn at random did to `delta`; None where none were.
        several: Accepted answers, today's and its own, that hold several values of which none was chosen.
    """

    tier: Tier
    tuning: Pairs
    pairs: Pairs
    p_pass: float
    p_fail: float
    delta: Estimate | None
    saving_usd: Estimate | None
    waste_usd: Estimate | None
    look: Look | None
    dropped: str | None
    not_asked: tuple[NotAsked, ...] = ()
    stopped: Because | None = None
    replayed: int = 0
    several: int = 0
    random_labels: RandomLabels | None = None

    @property
    def tuning_loss(self) -> float:
        """Estimated loss on the tuning split; nothing measured there counts as a total loss."""
        counts = observed(self.tuning)
        return (counts.b - counts.c) / counts.n if counts.n else 1.0

    @property
    def observed(self) -> PairCounts:
        """Counts over its measured pairs."""
        return observed(self.pairs)

    def below(self, margin: float) -> bool:
        """Whether the candidate is shown to lose more than the margin: its whole interval lies below."""
        return self.delta is not None and self.delta.hi is not None and self.delta.hi < -margin

    @property
    def insufficient(self) -> bool:
        """Whether too many draws could not be measured."""
        return self.pairs.missing_share > MAX_MISSING

    def unasked(self, margin: float) -> bool:
        """Whether so much was not asked that a claim about the rest is none about the route."""
        return unasked_share(self.not_asked) > unasked_limit(margin)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenAtLook:
    """Which draws a candidate is measured on.

    Attributes:
        look: Whose draws; None before the first.
        draws: Quality draws that it takes in.
        replayed: Quality draws that have been replayed on it: every one of them says what it costs.
        nominal: Level of the interval of delta, which with those of all looks holds the declared one.
        dropped: Why the candidate was, on the tuning split, which is then all that is seen of it; None of the others.
    """

    look: Look | None = None
    draws: int = 0
    replayed: int = 0
    nominal: float | None = None
    dropped: str | None = None

    @classmethod
    def at(cls, tier: str, look: Look | None, schedule: Schedule, dropped: str | None) -> SeenAtLook:
        """At a look; before the first the tuning split of a candidate that was dropped on it, and nothing of others."""
        if look is not None:
            draws, answered = schedule.draws_at(look), schedule.replayed([tier])
            return cls(look=look, draws=draws, replayed=answered, nominal=look.level)
        return cls() if dropped is None else cls(nominal=schedule.screening, dropped=dropped)


def gather(
    tables: Tables, design: RouteDesign, tier: Tier, level: float, seen: SeenAtLook, shown: Discrimination
) -> CandidateEvidence:
    """Measure one candidate of a route.

    Args:
        tables: Of the route.
        design: Of the route.
        tier: The candidate.
        level: Of its intervals.
        seen: The draws that its pairs are of.
        shown: How much of a true difference the route's criteria show.
    """
    mine = tables.moved_to(tier.name)
    tuning = pair_up(mine, quality_draws(mine, "tuning"), arm="candidate", tier=tier.name)
    certifying = quality_draws(mine, "certification").filter(pl.col("draw_order") < seen.draws)
    pairs = pair_up(mine, certifying, arm="candidate", tier=tier.name) if seen.dropped is None else tuning
    alpha = seen.look.alpha if seen.look else 1 - level
    draws = dollar_draws(tables, spend_sample(tables, design, tier.name, seen.replayed), tier.name)
    hindsight = np.where(draws.no_worse, np.maximum(draws.saved, 0.0), 0.0)
    saved = Saved(z=draws.saved, mass=draws.mass, lowest=draws.lowest)
    movable = design.movable_usd(tier.name)
    by_judge = delta_of(replace(pairs, labelled=None), level, shown=shown, nominal=seen.nominal, moved=1.0)
    return CandidateEvidence(
        tier=tier,
        tuning=tuning,
        pairs=pairs,
        p_pass=p_noninferior(pairs, margin=design.margin, shown=shown, alpha=alpha),
        p_fail=p_inferior(pairs, margin=design.margin, shown=shown, alpha=alpha),
        delta=delta_of(pairs, level, shown=shown, nominal=seen.nominal, moved=1.0),
        look=seen.look,
        dropped=seen.dropped,
        # Where nothing was answered, what it would have cost is not known; that is not "nothing is saved".
        saving_usd=dollars_of(saved, movable, level) if draws.answered else None,
        waste_usd=dollars_of(Saved(z=hindsight, mass=draws.mass), movable, level) if draws.answered else None,
        replayed=seen.replayed,
        not_asked=not_asked(tables, design, tier.name),
        several=_of_several(tables, tier.name),
        random_labels=random_labels_of(tables, design, tier.name, pairs, by_judge, level=level),
        stopped=notes.stop_of(design.route) if (notes := tables.notes.get(tier.name)) else None,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateDecision:
    """What the sequence of tests made of a candidate.

    Attributes:
        verdict: What that shows of it.
        reason: In one sentence.
        tested: Position in the sequence, from 1; None where the sequence did not reach it.
        content_delta: Of the whole route on it, by the criteria alone that compare what an answer says; None where
            these decide every verdict, or it was not worth a test.
        p_content: The p-value by these criteria; None likewise, and before the test.
    """

    verdict: CandidateVerdict
    reason: str
    tested: int | None
    content_delta: Estimate | None = None
    p_content: float | None = None


def describe(
    evidence: CandidateEvidence, decision: CandidateDecision, tables: Tables, design: RouteDesign, level: float
) -> CandidateFinding:
    """Write the finding of one candidate down.

    Args:
        evidence: What was measured of it.
        decision: What the sequence of tests made of that.
        tables: Of the route.
        design: Of the route.
        level: Of its intervals.
    """
    pairs, table, tuning = evidence.pairs, table_of(evidence.pairs), observed(evidence.tuning)
    calls = tables.replays.filter((pl.col("tier") == evidence.tier.name) & (pl.col("arm") == "candidate"))
    statuses = dict(calls.group_by("status").len().sort("status").iter_rows())
    saving = evidence.saving_usd
    return CandidateFinding(
        tier=evidence.tier.name,
        model=evidence.tier.model,
        n=pairs.n,
        b=table.only_today,
        c=table.only_after,
        both_pass=table.both_pass,
        both_fail=table.both_fail,
        incumbent_rate=accepted(pairs.incumbent, level),
        candidate_rate=accepted(pairs.candidate, level),
        quality_delta=evidence.delta,
        p_pass=evidence.p_pass if pairs.n else None,
        p_fail=evidence.p_fail if pairs.n else None,
        tested=decision.tested,
        verdict=decision.verdict,
        reason=decision.reason,
        saving_usd=saving,
        cost_usd_full_log=None if saving is None else saving.taken_from(design.auditable_usd),
        waste_usd=evidence.waste_usd,
        latency_ms=percentiles(calls.filter(pl.col("status") == "ok")["latency_ms"]),
        incumbent_latency_ms=percentiles(quality_draws(tables)["latency_ms"]),
        excluded=dict(sorted(pairs.excluded.items())),
        counted_against={name: statuses[name] for name in MEASURED[1:] if statuses.get(name)},
        criteria=criterion_rates(tables, evidence.tier.name, pairs.exchange_ids),
        tuning={"n": evidence.tuning.n, "b": cell(tuning.b), "c": cell(tuning.c)},
        look=evidence.look.number if evidence.look else None,
        cost=breakdown(tables, design, evidence.tier, level, evidence.replayed),
        dropped=evidence.dropped is not None,
        not_asked=evidence.not_asked,
        adaptations=notes.adaptations if (notes := tables.notes.get(evidence.tier.name)) else (),
        stopped=evidence.stopped,
        odd=odd_answers(calls),
        repeats=repeats_of(pairs, pairs, level),
        content_delta=decision.content_delta,
        p_content=decision.p_content,
        gold=gold_pairs(
            tables.scores,
            evidence.tier.name,
            pairs.exchange_ids,
            None if design.criteria is None else design.criteria.gold,
            level,
        ),
        random_labels=evidence.random_labels,
    )


def accepted_share(tables: Tables, design: RouteDesign, level: float) -> Estimate | None:
    """Accepted share of the log's completions over the quality draws that are a simple random sample."""
    quality = tables.slice.filter(
        (tables.slice["purpose"] == "quality") & (tables.slice["draw_order"] < design.quality_n)
    )["exchange_id"]
    logged = tables.accepted.filter(
        (tables.accepted["arm"] == "incumbent") & tables.accepted["exchange_id"].is_in(quality.implode())
    )["accepted"].drop_nulls()
    return rate(int(logged.sum()), len(logged), level)


def percentiles(latency_ms: pl.Series) -> Latency:
    """The median, the 95th and the 99th percentile; None where nothing was measured."""
    known = latency_ms.drop_nulls()
    if known.is_empty():
        return Latency(p50=None, p95=None)
    return Latency(
        p50=known.quantile(0.5, "linear"), p95=known.quantile(0.95, "linear"), p99=known.quantile(0.99, "linear")
    )


def criterion_rates(tables: Tables, tier: str, exchange_ids: Sequence[str]) -> tuple[CriterionRate, ...]:
    """Per criterion, the share of the pairs on which it holds in each arm; of several answers to a request, of all."""
    ids = pl.Series(exchange_ids, dtype=pl.String)
    mine = tables.scores.filter(pl.col("exchange_id").is_in(ids.implode()), pl.col("repeat") < tables.asked(tier))
    candidate = (pl.col("arm") == "candidate") & (pl.col("tier") == tier)
    scored = pl.col("status") == "scored"
    rows = (
        mine.filter(candidate | (pl.col("arm") == "incumbent"))
        .group_by("position", "criterion", "scorer")
        .agg(
            incumbent=pl.col("passed").filter(scored & (pl.col("arm") == "incumbent")).mean(),
            candidate=pl.col("passed").filter(scored & candidate).mean(),
            scored=(scored & candidate).sum(),
            not_applicable=((pl.col("status") == "not_applicable") & candidate).sum(),
            errored=((pl.col("status") == "errored") & candidate).sum(),
        )
        .sort("position", "criterion")
    )
    return tuple(
        CriterionRate(
            name=row["criterion"],
            scorer=row["scorer"],
            incumbent_rate=row["incumbent"],
            candidate_rate=row["candidate"],
            scored=row["scored"],
            not_applicable=row["not_applicable"],
            errored=row["errored"],
        )
        for row in rows.iter_rows(named=True)
    )


def _of_several(tables: Tables, tier: str) -> int:
    """Accepted answers of a tier, and of the log, whose value is one of several and chosen by nobody."""
    mine = pl.col("arm").is_in(["incumbent", "candidate"]) & pl.col("tier").is_in(["", tier])
    return tables.accepted.filter(mine & (pl.col("reason") == Reason.SEVERAL_VALUES.value)).height
