"""What the earlier stages left, joined once: per route the paired verdicts, the dollar draws and the calls."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from audit.core.adaptation import TierNotes
from audit.core.artifacts import RunFolder, read_tier_notes
from audit.core.options import DIMENSIONS
from audit.core.plan import RouteDesign
from audit.core.reason import Reason
from audit.core.robustness import UnitKind
from audit.core.schemas import DRAWN, MEASURED, NOT_ASKED
from audit.core.settings import Settings
from audit.core.tier import Tier
from audit.pairing.costing import LIMIT_READ, LOGGED, Costing, costing_of
from audit.pairing.costing import logged_on as logged_on
from audit.pairing.truth import LabelledDraws, truth_of
from audit.pairing.truth import Truth as Truth
from audit.pairing.unheard import unheard
from audit.stats.dollars import pooled_masses
from audit.stats.missing import Missing

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

SERVED = tuple(status for status in MEASURED if status not in (Reason.TOO_LONG, Reason.MALFORMED))
"""Statuses of calls that a candidate answered, and billed."""

MAX_MISSING = 0.02
"""Above this share of unmeasured draws a finding is insufficient (`product.md` section 6)."""

MAX_UNASKED = 0.02
"""Above this share of draws that a candidate was not asked, a claim about the others is no claim about the route."""


def unasked_limit(margin: float) -> float:
    """The share of draws that a candidate may not have been asked: no more than the margin would forgive, were all of
    them failures.
    """
    return min(MAX_UNASKED, margin)


NOTHING_DRAWN = pl.DataFrame(DRAWN.empty_table())
"""Of runs whose labels, if there are any, were chosen."""

UNIT_COLUMNS = {
    UnitKind.SESSION: "session_id",
    UnitKind.TEMPLATE: "system_hash",
    UnitKind.PROMPT: "prompt_hash",
}
"""Columns of the traffic that name what makes requests alike."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """The run's tables, strings plain: slice, replays, accepted and scores; what people said of pairs that were drawn
    at random; what dollars assume of candidates, what the replay learned of their tiers, and how often these were asked
    each request, where that is more than once."""

    slice: pl.DataFrame
    replays: pl.DataFrame
    accepted: pl.DataFrame
    scores: pl.DataFrame
    drawn: pl.DataFrame = field(default_factory=lambda: NOTHING_DRAWN)
    costing: Costing = field(default_factory=Costing)
    notes: Mapping[str, TierNotes] = field(default_factory=dict)
    repeats: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def read(cls, folder: RunFolder) -> Tables:
        """Read what the stages wrote, with the log's latencies, tokens and tenants, and identical answers marked."""
        slice_ = _plain(pl.read_parquet(folder.slice))
        replays = _plain(pl.read_parquet(folder.replay_table))
        return cls(
            slice=_with_the_log(slice_, folder.traffic_files()),
            replays=_with_same_answer(replays, slice_, folder.body_files()),
            accepted=_plain(pl.read_parquet(folder.accepted)),
            scores=_plain(pl.read_parquet(folder.scores).drop("evidence_json")),
            drawn=pl.read_parquet(folder.drawn) if folder.drawn.exists() else NOTHING_DRAWN,
            notes=read_tier_notes(folder.tiers),
        )

    def costed(self, tiers: Sequence[Tier], settings: Settings) -> Tables:
        """The same with what these settings assume of the candidates' costs, and how often each was asked."""
        return replace(
            self,
            costing=costing_of(tiers, settings, self.slice["route"].unique().sort(), self.replays),
            repeats={tier.name: tier.repeats for tier in tiers if tier.repeats > 1},
        )

    def asked(self, tier: str) -> int:
        """How often a candidate was asked each quality draw."""
        return self.repeats.get(tier, 1)

    def unheard(self, arm: str, tier: str) -> pl.DataFrame | None:
        """The chance that a verdict of a route would be missing, had judges been asked all; as `unheard.unheard`."""
        return unheard(self.accepted, arm=arm, tier=tier, asked=self.asked(tier) if arm == "candidate" else 1)

    def first_answers(self) -> Tables:
        """The same where only the first answer to each request counts."""
        return replace(self, repeats={})

    def before_certification(self) -> Tables:
        """The same without the verdicts, scores and replays that only the certification split has.

        What is chosen from these cannot depend on how the certification split turns out.
        """
        tuning = (pl.col("purpose") == "quality") & (pl.col("split") == "tuning")
        ids = self.slice.filter(tuning)["exchange_id"].implode()
        asked = self.slice.filter(tuning)["request_fp"].implode()
        return replace(
            self,
            # What failed attempts cost is measured on all calls, these included.
            costing=replace(self.costing, retries={}),
            replays=self.replays.filter(pl.col("request_fp").is_in(asked)),
            accepted=self.accepted.filter(pl.col("exchange_id").is_in(ids)),
            scores=self.scores.filter(pl.col("exchange_id").is_in(ids)),
            drawn=NOTHING_DRAWN,
        )

    def moved_to(self, tier: str) -> Tables:
        """Without the draws that the log shows on a tier's model already: nothing would move there."""
        model = self.costing.models.get(tier)
        if model is None:
            return self
        return replace(self, slice=self.slice.filter(~logged_on(model)))

    def same(self, other: Tables) -> bool:
        """Whether both hold the same rows and assume the same."""
        pairs = [(getattr(self, one.name), getattr(other, one.name)) for one in fields(self)]
        return all(a.equals(b) if isinstance(a, pl.DataFrame) else a == b for a, b in pairs)

    def of_route(self, route: str) -> Tables:
        """The rows of one route."""
        return self.by_route([route])[route]

    def by_route(self, routes: Iterable[str]) -> dict[str, Tables]:
        """The rows of each of some routes, in one pass over every table."""
        wanted = list(routes)
        slice_, replays, accepted, scores, drawn = (
            _parted(table, wanted) for table in (self.slice, self.replays, self.accepted, self.scores, self.drawn)
        )
        return {
            route: replace(
                self,
                slice=slice_[route],
                replays=replays[route],
                accepted=accepted[route],
                scores=scores[route],
                drawn=drawn[route],
            )
            for route in wanted
        }

    def truth(self, exchange_ids: pl.Series, tier: str) -> Truth | None:
        """What people said at random of a candidate's draws, as `truth.truth_of`; None also where each request was
        asked several times: people have read one of the answers."""
        return None if self.asked(tier) > 1 else truth_of(self.drawn, exchange_ids, tier)


def _parted(table: pl.DataFrame, routes: Sequence[str]) -> dict[str, pl.DataFrame]:
    """A table by route, rows in their order; empty for a route without any.

    Where the rows of each route stand together, as stages write them, its part is a view of the table and no copy.
    """
    runs = table["route"].rle().struct.unnest() if table.height else pl.DataFrame({"len": [], "value": []})
    if runs["value"].is_duplicated().any():
        mine = table.filter(pl.col("route").is_in(routes))
        found = {str(key[0]): part for key, part in mine.partition_by("route", as_dict=True).items()}
    else:
        ends = runs["len"].cast(pl.Int64).cum_sum()
        places = zip(runs["value"], ends - runs["len"].cast(pl.Int64), runs["len"], strict=True)
        found = {route: table.slice(start, length) for route, start, length in places}
    return {route: found.get(route, table.clear()) for route in routes}


def _plain(table: pl.DataFrame) -> pl.DataFrame:
    """Dictionary columns as strings, so that comparisons and joins need no care."""
    return table.with_columns(pl.col(pl.Categorical).cast(pl.String))


def _with_the_log(slice_: pl.DataFrame, traffic_files: Sequence[Path]) -> pl.DataFrame:
    """The slice with `latency_ms` and the tokens of the log's own call, and with who sent it from where."""
    ids = slice_["exchange_id"].unique()
    logged = (
        pl.scan_parquet([str(path) for path in traffic_files])
        .filter(pl.col("row_id").is_in(ids.implode()))
        .select(
            *DIMENSIONS,
            *UNIT_COLUMNS.values(),
            "started_at",
            "latency_ms",
            *(pl.col(name.removeprefix("logged_")).alias(name) for name in LOGGED),
            LIMIT_READ,
            exchange_id="row_id",
        )
        .collect()
    )
    return slice_.join(logged, on="exchange_id", how="left", maintain_order="left")


def _with_same_answer(replays: pl.DataFrame, slice_: pl.DataFrame, body_files: Sequence[Path]) -> pl.DataFrame:
    """The replays with `same_answer`: whether the text is the log's, verbatim; null but for the incumbent's."""
    again = replays.filter((pl.col("arm") == "incumbent_replay") & (pl.col("status") == "ok"))
    asked = slice_.filter(pl.col("request_fp").is_in(again["request_fp"].implode())).unique("request_fp", keep="first")
    logged = (
        pl.scan_parquet([str(path) for path in body_files])
        .filter(pl.col("row_id").is_in(asked["exchange_id"].implode()))
        .select(exchange_id="row_id", logged="response_text")
        .collect()
        .join(asked.select("exchange_id", "request_fp"), on="exchange_id")
        .select("request_fp", "logged", arm=pl.lit("incumbent_replay"))
    )
    return (
        replays.join(logged, on=["request_fp", "arm"], how="left", maintain_order="left")
        .with_columns(same_answer=pl.col("text") == pl.col("logged"))
        .drop("logged")
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Spread:
    """Differences of accepted share, other arm less log, over all draws of a claim in draw order, shape (m,).

    Attributes:
        asked: Answers to each request.
        worst: With everything that could not be measured at its worst for the other arm.
        best: The same at its best.
        unmeasured: Draws that could not be measured, each by the share of its answers that are missing.
    """

    asked: int
    worst: FloatArray
    best: FloatArray
    unmeasured: float

    @classmethod
    def of(cls, asked: int, before: FloatArray, low: FloatArray, high: FloatArray) -> Spread:
        """Of draws.

        Args:
            asked: Answers to each request.
            before: Whether the log's completion is accepted: 1, 0, or NaN.
            low: Accepted share of the answers, those that could not be measured taken as rejected.
            high: The same, taken as accepted.
        """
        unknown = np.isnan(before)
        return cls(
            asked=asked,
            worst=low - np.where(unknown, 1.0, before),
            best=high - np.where(unknown, 0.0, before),
            unmeasured=float(np.where(unknown, 1.0, high - low).sum()),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    """Paired verdicts of one candidate on one route and split.

    Attributes:
        exchange_ids: Of the measured pairs, in draw order.
        incumbent: Whether the log's completion is accepted, shape (n,).
        candidate: Whether the other arm's is, shape (n,); of requests that were asked several times the accepted share
            of their answers, in [0, 1].
        missing: Draws that could not be measured; of several answers to a request, not all.
        excluded: Why draws are missing, with counts.
        not_applicable: Draws to which no criterion applies; they are outside the claim.
        unasked: Draws that the candidate was not asked; they are outside the claim.
        unheard: Draws with a verdict that are expected to have none had every judge been asked in every order; of
            several answers to a request, their shares.
        spread: Where requests were asked several times, what a claim about their shares is tested on; else None.
        labelled: Where people judged a random part, all draws of the claim with what they said; else None.
    """

    exchange_ids: tuple[str, ...]
    incumbent: BoolArray
    candidate: BoolArray | FloatArray
    missing: Missing
    excluded: Mapping[str, int]
    not_applicable: int
    unasked: int = 0
    unheard: float = 0.0
    spread: Spread | None = None
    labelled: LabelledDraws | None = None

    @classmethod
    def measured(cls, incumbent: BoolArray, candidate: BoolArray | FloatArray) -> Pairs:
        """Of draws that were all measured."""
        return cls(
            exchange_ids=(),
            incumbent=incumbent,
            candidate=candidate,
            missing=Missing(),
            excluded={},
            not_applicable=0,
        )

    @property
    def n(self) -> int:
        """Measured pairs."""
        return len(self.incumbent)

    @property
    def missing_share(self) -> float:
        """Share of draws inside the claim that could not be measured, or could not have been had every judge been asked
        in every order: a judge fails no less for being asked less. Of several answers to each, of the answers.
        """
        drawn = self.n + self.missing.total
        lost = self.unheard + (self.missing.total if self.spread is None else self.spread.unmeasured)
        return lost / drawn if drawn else 0.0

    @property
    def unasked_share(self) -> float:
        """Share of draws that the candidate was not asked."""
        drawn = self.n + self.missing.total + self.unasked
        return self.unasked / drawn if drawn else 0.0

    def unmeasurable(self, margin: float) -> bool:
        """Whether so much is not measured, or was not asked, that nothing can be concluded about this margin."""
        return self.missing_share > MAX_MISSING or self.unasked_share > unasked_limit(margin)


def quality_draws(tables: Tables, split: str | None = None) -> pl.DataFrame:
    """The equal-probability draws of a route, in draw order."""
    rows = tables.slice.filter(pl.col("purpose") == "quality")
    if split is not None:
        rows = rows.filter(pl.col("split") == split)
    return rows.sort("draw_order", "exchange_id")


def pair_up(tables: Tables, draws: pl.DataFrame, *, arm: str, tier: str) -> Pairs:
    """Pair the log's completions with another arm's on the same exchanges."""
    logged = tables.accepted.filter(pl.col("arm") == "incumbent").select(
        "exchange_id", y0=pl.col("accepted"), why0=pl.col("reason")
    )
    asked = tables.asked(tier) if arm == "candidate" else 1
    other = _verdicts(tables, arm, tier, asked)
    joined = (
        draws.select("exchange_id", "draw_order")
        .join(logged, on="exchange_id", how="left")
        .join(other, on="exchange_id", how="left")
        .sort("draw_order", "exchange_id")
    )
    outside = (pl.col("why0") == "not_applicable").fill_null(False) & pl.col("y0").is_null()
    unasked = (pl.col("why1") == NOT_ASKED).fill_null(False) & pl.col("y1").is_null()
    claimed = joined.filter(~outside & ~unasked)
    less = tables.unheard(arm, tier)
    truth = tables.truth(claimed["exchange_id"], tier) if arm == "candidate" else None
    measured = claimed.drop_nulls(["y0", "y1"])
    missing = claimed.filter(pl.col("y0").is_null() | pl.col("y1").is_null()).with_columns(
        why=pl.when(pl.col("y0").is_null())
        .then(pl.lit(Reason.INCUMBENT_UNSCORED.value))
        .otherwise(pl.col("why1").fill_null(Reason.NOT_REPLAYED.value))
    )
    reasons = missing.group_by("why").len().sort("why")
    return Pairs(
        exchange_ids=tuple(measured["exchange_id"]),
        incumbent=measured["y0"].to_numpy().astype(bool),
        candidate=measured["y1"].to_numpy().astype(bool if asked == 1 else float),
        missing=Missing(
            passed=missing.filter(pl.col("y0")).height,
            failed=missing.filter(~pl.col("y0")).height,
            unknown=missing["y0"].null_count(),
        ),
        excluded=dict(zip(reasons["why"], reasons["len"], strict=True)),
        not_applicable=joined.filter(outside).height,
        unasked=joined.filter(~outside & unasked).height,
        unheard=0.0 if less is None else float(claimed.drop_nulls("y0").join(less, on="exchange_id")["unheard"].sum()),
        spread=None
        if asked == 1
        else Spread.of(
            asked,
            *(
                claimed[name].cast(pl.Float64).fill_null(unknown).to_numpy()
                for name, unknown in (("y0", float("nan")), ("low", 0.0), ("high", 1.0))
            ),
        ),
        labelled=None if truth is None else truth.beside(*(_numbers(claimed[name]) for name in ("y0", "y1"))),
    )


def _numbers(values: pl.Series) -> FloatArray:
    return values.cast(pl.Float64).fill_null(float("nan")).to_numpy()


def _verdicts(tables: Tables, arm: str, tier: str, asked: int) -> pl.DataFrame:
    """By exchange the verdict of an arm, and why there is none; of several answers as `answer_shares`."""
    if asked > 1:
        return answer_shares(tables, tier, asked).rename({"share": "y1", "why": "why1"})
    mine = (pl.col("arm") == arm) & (pl.col("tier") == tier) & (pl.col("repeat") == 0)
    return tables.accepted.filter(mine).select("exchange_id", y1=pl.col("accepted"), why1=pl.col("reason"))


def answer_shares(tables: Tables, tier: str, asked: int, verdict: str = "accepted") -> pl.DataFrame:
    """What share of a candidate's answers to each exchange is accepted.

    Args:
        tables: Of the route.
        tier: The candidate.
        asked: Answers to each request that are planned.
        verdict: Column of `schemas.ACCEPTED`: by all criteria, or by those alone that compare what an answer says.

    Returns:
        By `exchange_id`: `share`, null unless all answers were measured; `low` and `high`, the share with the others
        taken as rejected and as accepted; `why` not, the reason of the first that was not measured.

    Special cases:
        The candidate was not asked the first: `not_asked`, and the exchange is outside the claim, as with one answer.
        Not asked a later one: that answer is missing.
    """
    unknown = pl.col(verdict).is_null()
    rows = (
        tables.accepted.filter((pl.col("arm") == "candidate") & (pl.col("tier") == tier) & (pl.col("repeat") < asked))
        .sort("exchange_id", "repeat")
        .group_by("exchange_id", maintain_order=True)
        .agg(
            passed=pl.col(verdict).sum(),
            measured=pl.col(verdict).count(),
            unasked=((pl.col("repeat") == 0) & unknown & (pl.col("reason") == NOT_ASKED)).fill_null(False).any(),
            why=pl.col("reason").filter(unknown).first(),
        )
    )
    return rows.select(
        "exchange_id",
        share=pl.when(~pl.col("unasked") & (pl.col("measured") == asked)).then(pl.col("passed") / asked),
        low=pl.col("passed") / asked,
        high=(pl.col("passed") + asked - pl.col("measured")) / asked,
        why=pl.when(pl.col("unasked"))
        .then(pl.lit(NOT_ASKED))
        .otherwise(pl.col("why").replace(NOT_ASKED, Reason.NOT_REPLAYED.value)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DollarDraws:
    """What one candidate costs on all draws of one route that it has answered, one entry per draw, shape (n,).

    Attributes:
        saved: 1 - candidate's cost / incumbent's cost; 0 where the candidate's cost could not be measured.
        mass: Dollars that the draw stands for, up to a common factor.
        lowest: Share saved if every answer ran to its limit, from `lowest_share`.
        no_worse: Whether the candidate's answer was accepted or the incumbent's was not; unmeasured is False.
        answered: Draws whose cost is known.
    """

    saved: npt.NDArray[np.float64]
    mass: npt.NDArray[np.float64]
    lowest: float
    no_worse: BoolArray
    answered: int


def calls_on(tables: Tables, draws: pl.DataFrame, tier: str, prompt_cache: str | None = None) -> pl.DataFrame:
    """Draws in their order, each with the candidate's call on its request.

    Args:
        tables: Of the route.
        draws: Rows of the slice.
        tier: The candidate.
        prompt_cache: Assumed of it; None for what the verdict's dollars assume.

    Returns:
        The rows with the columns of the call, `call_usd` as billed, `usd` as assumed and `at_most_usd` for an answer
        that runs to its limit. All are null where there was no call, costs also where the candidate did not serve the
        request.
    """
    mine = (pl.col("tier") == tier) & (pl.col("arm") == "candidate") & (pl.col("repeat") == 0)
    calls = tables.replays.filter(mine).select(
        *("request_fp", "status", "text", "tool_calls", "finish_reason", "usage_estimated"),
        *("prompt_tokens", "completion_tokens", "cached_tokens", "cache_write_tokens", "reasoning_tokens"),
        call_usd="cost_usd",
        call_latency_ms="latency_ms",
    )
    served = pl.col("status").is_in(SERVED)
    return (
        draws.join(calls, on="request_fp", how="left", maintain_order="left")
        .with_columns(pl.when(served).then(pl.col("call_usd", "call_latency_ms")))
        .with_columns(usd=tables.costing.usd(tier, prompt_cache), at_most_usd=tables.costing.at_most_usd(tier))
    )


def dollar_sample(tables: Tables) -> pl.DataFrame:
    """The dollar-weighted draws of a route, in draw order."""
    return tables.slice.filter(pl.col("purpose") == "dollars").sort("draw_order", "exchange_id")


def spend_sample(tables: Tables, design: RouteDesign, tier: str, before: int) -> pl.DataFrame:
    """Every draw that says what a candidate costs: the dollar-weighted ones and the certification draws, pooled.

    The dollar draws hold the expensive requests; the ten times as many certification draws hold the rare answers that
    run away, whatever their request cost.

    Args:
        tables: Of the route.
        design: Of the route.
        tier: The candidate; requests that it serves already are left out.
        before: Certification draws whose place in the sample is below this have been replayed on it.

    Returns:
        Rows of the slice with a cost, `weight` times each, with `mass`, the dollars that each time stands for up to a
        common factor; all of purpose `dollars`.
    """
    dollars = dollar_sample(tables)
    quality = quality_draws(tables, "certification").filter(pl.col("draw_order") < before)
    drawn, first = float(dollars["weight"].sum()), dollars.head(1)
    # Both samples are of the same rows, so these are known from any of their rows.
    spend = float(first["cost_usd"][0] / first["inclusion_prob"][0]) if drawn else 1.0
    rate = quality.height / design.quality_n * float(quality["inclusion_prob"][0]) if quality.height else 0.0
    rows = pl.concat([dollars, quality.filter(pl.col("cost_usd") > 0)])
    masses = pooled_masses(rows["cost_usd"].to_numpy(), quality_rate=rate, dollar_draws=drawn, spend=spend)
    pooled = rows.with_columns(purpose=pl.lit("dollars"), mass=pl.Series(masses, dtype=pl.Float64))
    return replace(tables, slice=pooled).moved_to(tier).slice


def lowest_share(
    worst: npt.NDArray[np.float64], saved: npt.NDArray[np.float64], mass: npt.NDArray[np.float64]
) -> float:
    """The share saved in the worst case over draws.

    Args:
        worst: By draw, the share saved if the answer ran to its limit, shape (n,).
        saved: By draw, the share saved, shape (n,).
        mass: Dollars that each draw stands for, shape (n,).

    Returns:
        At most 0: what nobody foresaw may cost all that is saved.

    Special cases:
        Nothing was billed on any draw, nor can be at any length (rules learned from the log, a model of one's own at
        a price of 0): 1, since there is no unseen answer to allow for.
        No draws: 0.
    """
    if not len(worst):
        return 0.0
    if worst.min() >= 1 and saved.min() >= 1:
        return 1.0
    return min(0.0, float(worst @ mass / mass.sum()))


def dollar_draws(tables: Tables, sample: pl.DataFrame, tier: str, prompt_cache: str | None = None) -> DollarDraws:
    """Costs and acceptance on a sample of spend, records that were drawn m times repeated m times.

    Args:
        tables: Of the route.
        sample: From `spend_sample`.
        tier: The candidate.
        prompt_cache: As in `calls_on`.
    """
    logged = tables.accepted.filter(pl.col("arm") == "incumbent").select("exchange_id", y0="accepted")
    first = (pl.col("arm") == "candidate") & (pl.col("tier") == tier) & (pl.col("repeat") == 0)
    other = tables.accepted.filter(first).select("exchange_id", y1="accepted")
    served = pl.col("usd").is_not_null()
    joined = (
        calls_on(tables, sample, tier, prompt_cache)
        .join(logged, on="exchange_id", how="left", maintain_order="left")
        .join(other, on="exchange_id", how="left", maintain_order="left")
        .with_columns(
            saved=pl.when(served).then(1 - pl.col("usd") / pl.col("cost_usd")).otherwise(0.0),
            worst=1 - pl.max_horizontal(pl.col("usd"), pl.col("at_most_usd")).fill_null(0.0) / pl.col("cost_usd"),
            no_worse=served & (pl.col("y1").fill_null(False) | ~pl.col("y0").fill_null(True)),
        )
    )
    times = joined["weight"].cast(pl.Int64).to_numpy()
    mass, saved = (np.repeat(joined[name].to_numpy(), times) for name in ("mass", "saved"))
    return DollarDraws(
        saved=saved,
        mass=mass,
        lowest=lowest_share(np.repeat(joined["worst"].to_numpy(), times), saved, mass),
        no_worse=np.repeat(joined["no_worse"].to_numpy().astype(bool), times),
        answered=joined.height - joined["usd"].null_count(),
    )
