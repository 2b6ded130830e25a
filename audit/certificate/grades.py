"""Scores of answers, where a route's criteria are graded: a loss that stays above every threshold is a loss too."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from audit.core.interval import Estimate
from audit.pairing.evidence import Tables
from audit.pairing.replayed import Replayed, Simulation
from audit.signals.signal import FloatArray
from audit.stats.betting import wsr_p
from audit.stats.group_sequential import Look
from audit.stats.paired import graded_delta
from audit.stats.risk_control import LookTest


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Grades:
    """Paired scores in [0, 1] of draws in their random order, shape (n,); an unmeasured draw has its worst.

    Attributes:
        before: Of the log's answers.
        after: Of the answers that a policy gives.
        moved: The cheap tier gives it.
    """

    before: FloatArray
    after: FloatArray
    moved: np.ndarray

    @classmethod
    def of(cls, scores: Scores, draws: Replayed, walked: Simulation, tier: str, *, before: int) -> Grades:
        """Of a policy on the draws whose place in the sample is below `before`.

        Draws that the cheap tier was not asked are outside, as they are outside the claim of accepted answers.
        """
        rows = (draws.draw_order < before) & ~(walked.kept & draws.arms[tier].unasked)
        first, then, kept = scores.incumbent[rows], scores.candidate[rows], walked.kept[rows]
        lost = kept & (np.isnan(first) | np.isnan(then))
        # What is not moved is the same answer on both sides, whatever its score.
        left = np.nan_to_num(first)
        return cls(
            before=np.where(lost, 1.0, left),
            after=np.where(lost, 0.0, np.where(kept, np.nan_to_num(then), left)),
            moved=kept,
        )

    def delta(self, level: float, nominal: float) -> Estimate | None:
        """Mean score after less before; the interval is worked out at `nominal` and holds `level` over all looks."""
        found = graded_delta(self.before, self.after, level=nominal)
        if found.delta is None or found.interval is None:
            return None
        return Estimate(est=found.delta, lo=found.interval.low, hi=found.interval.high, level=level)

    def test(self, look: Look, margin: float) -> LookTest:
        """Whether the mean score holds the margin: valid for every n and every distribution of the scores."""
        delta = self.delta(look.level, look.level)
        above = delta is not None and delta.lo is not None and delta.lo > -margin
        return LookTest(p=wsr_p(self.after - self.before, margin=margin, alpha=look.alpha), above=above)

    def p_moved(self, margin: float, alpha: float) -> float:
        """p-value of "what moves loses the margin or more of its mean score"."""
        return wsr_p((self.after - self.before)[self.moved], margin=margin, alpha=alpha)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scores:
    """Scores of both answers to each draw, shape (n,); NaN where there is none."""

    incumbent: FloatArray
    candidate: FloatArray


def scores_of(tables: Tables, draws: Replayed, tier: str) -> Scores:
    """The weighted mean of the criteria that apply to an answer; 0 of one that is refused or cut.

    Of several answers to a request the mean of their scores, unknown unless all were measured.

    Args:
        tables: Of the route.
        draws: To score.
        tier: The candidate.
    """
    asked = tables.asked(tier)
    mine = tables.scores.filter(pl.col("repeat") < asked)
    scored, weight = pl.col("status") == "scored", pl.col("weight")
    answer = ["exchange_id", "arm", "tier", "repeat"]
    whole = mine.filter(pl.col("position") < 0).select(*answer, whole="passed")
    rows = (
        mine.filter(pl.col("position") >= 0, weight > 0)
        .group_by(answer)
        .agg(
            score=(pl.col("value") * weight).filter(scored).sum() / weight.filter(scored).sum(),
            errored=(pl.col("status") == "errored").any(),
        )
        .join(whole, on=answer, how="left")
        .with_columns(
            score=pl.when(pl.col("errored")).then(None).when(~pl.col("whole")).then(0.0).otherwise(pl.col("score"))
        )
    )
    ids = pl.DataFrame({"exchange_id": list(draws.exchange_ids)}, schema={"exchange_id": pl.String})

    def column(arm: pl.Expr, answers: int) -> FloatArray:
        means = (
            rows.filter(arm)
            .sort("exchange_id", "repeat")
            .group_by("exchange_id", maintain_order=True)
            .agg(pl.when(pl.col("score").count() == answers).then(pl.col("score").mean()).alias("score"))
        )
        found = ids.join(means, on="exchange_id", how="left", maintain_order="left")
        return found["score"].cast(pl.Float64).fill_null(float("nan")).to_numpy()

    return Scores(
        incumbent=column(pl.col("arm") == "incumbent", 1),
        candidate=column((pl.col("arm") == "candidate") & (pl.col("tier") == tier), asked),
    )
