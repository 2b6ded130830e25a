"""The sampling frame: the billable requests of the traffic, and which of them can be replayed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import polars as pl

from audit.core.errors import InputError
from audit.core.exchange import LIMIT_PARAMS
from audit.core.options import DIMENSIONS
from audit.core.policy import bare
from audit.core.reason import Reason
from audit.core.traffic import BILLABLE_STATUSES, MODEL_COLUMNS, SPEND_COLUMNS, exact_sum

SHAPE = ("prompt_chars", "n_turns", "n_tools")
"""Columns whose histograms tell whether later traffic is still like this log's."""

BINS = np.array([0, *(2**power for power in range(41))])
"""Edges of every histogram: 0, 1, 2 to 3, 4 to 7, ...; what is larger than the last counts as the last."""

COLUMNS = (
    "row_id",
    "route",
    "session_id",
    "request_fp",
    "prompt_hash",
    "prompt_tokens",
    "completion_tokens",
    "cached_tokens",
    "cache_write_tokens",
    *SHAPE,
    *DIMENSIONS,
    "params",
    "replayable",
    "unreplayable_reasons",
    "sampling_weight",
)

_INNER = ("reason", "route", "replayable", "unreplayable_reasons", "sampling_weight", *SHAPE)


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteFrame:
    """One route's billable requests.

    Attributes:
        route: Name.
        requests: Number of billable requests.
        spend_usd: Billed for them, unknown costs left out.
        rows: The replayable ones, of known cost unless asked otherwise, sorted by `row_id`: row_id, request_fp,
            session and prompt (as hashes), model, cost_usd, prompt_tokens, completion_tokens, cached_tokens,
            cache_write_tokens, max_tokens, and tenant, region and environment.
        models: Spend per model, largest first.
        unreplayable: Requests that cannot be audited, by first reason.
        unreplayable_usd: Their spend, by first reason.
        weights: The least and the largest number of calls that one of them stands for.
        shape: Histograms of the billable requests over `BINS`, by column, without the empty bins at the end.
    """

    route: str
    requests: int
    spend_usd: float
    rows: pl.DataFrame
    models: dict[str, float]
    unreplayable: dict[str, int]
    unreplayable_usd: dict[str, float]
    weights: tuple[float, float] = (1.0, 1.0)
    shape: dict[str, list[int]] = field(default_factory=dict)

    def on(self, model: str) -> pl.DataFrame:
        """The rows that a model served, whatever provider the log writes before its name."""
        return self.rows.filter(_is_model(model))

    def without(self, model: str) -> pl.DataFrame:
        """The others."""
        return self.rows.filter(~_is_model(model))

    @property
    def auditable_usd(self) -> float:
        """Spend on the rows that can be replayed."""
        return exact_sum(self.rows["cost_usd"])

    @property
    def incumbent(self) -> str:
        """The model with the largest spend."""
        return next(iter(self.models), "unknown")

    @property
    def segments(self) -> dict[str, dict[str, tuple[int, float]]]:
        """Auditable requests and their spend by tenant, region and environment; "" where the log names none."""
        return {name: _by(name, self.rows) for name in DIMENSIONS if name in self.rows.columns}


def _is_model(model: str) -> pl.Expr:
    return pl.col("model").str.split("/").list.last() == bare(model)


def _by(dimension: str, rows: pl.DataFrame) -> dict[str, tuple[int, float]]:
    parts = rows.with_columns(pl.col(dimension).fill_null("")).partition_by(dimension, as_dict=True)
    return {str(key[0]): (part.height, exact_sum(part["cost_usd"])) for key, part in sorted(parts.items())}


def _ends(values: pl.Series) -> tuple[float, float]:
    known = values.to_numpy()
    return float(known.min()), float(known.max())


def histogram(values: pl.Series) -> list[int]:
    """Counts of some values over `BINS`, without the empty bins at the end."""
    counts = np.histogram(np.minimum(values.to_numpy(), BINS[-1]), bins=BINS)[0].tolist()
    while counts and not counts[-1]:
        counts.pop()
    return [int(count) for count in counts]


def billable(traffic_files: Sequence[Path]) -> pl.LazyFrame:
    """Billable rows with `cost_usd` and `model` worked out, lazily."""
    scan = pl.scan_parquet([str(path) for path in traffic_files])
    return scan.filter(
        pl.col("status").cast(pl.String).is_in(BILLABLE_STATUSES),
        pl.col("duplicate_of").is_null(),
        ~pl.col("cache_hit").fill_null(False),
    ).with_columns(
        cost_usd=pl.coalesce(*SPEND_COLUMNS),
        model=pl.coalesce(*MODEL_COLUMNS).fill_null("unknown"),
    )


def route_frames(traffic_files: Sequence[Path], *, priced: bool = True) -> list[RouteFrame]:
    """The frame of every route, routes in name order.

    Requests without a route form the route "".

    Args:
        traffic_files: Of the run folder.
        priced: Requests of unknown cost cannot be audited; False keeps them, for what needs answers alone.

    Raises:
        InputError: The logs hold no billable request.
    """
    by_route: dict[str, list[pl.DataFrame]] = {}
    # File by file: a log may be as large as the memory, and what is read of it is three times what is held.
    for file in traffic_files:
        for (route,), part in _rows(file).partition_by("route", as_dict=True).items():
            by_route.setdefault(str(route), []).append(part)
    if not by_route:
        raise InputError("the logs hold no answered request, so there is nothing to audit", code="input.no-requests")
    return [_frame(route, pl.concat(by_route.pop(route)).sort("row_id"), priced=priced) for route in sorted(by_route)]


def _rows(file: Path) -> pl.DataFrame:
    """What a frame holds of the billable rows of one file."""
    return (
        billable([file])
        .select(
            *[pl.col(name) for name in COLUMNS if name not in ("params", "prompt_hash", "session_id")],
            "model",
            "cost_usd",
            # One text over many pictures is many prompts.
            prompt=pl.when(pl.col("has_images") | pl.col("has_audio")).then("request_fp").otherwise("prompt_hash"),
            session="session_id",
            max_tokens=pl.coalesce(pl.col("params").str.json_path_match(f"$.{name}") for name in LIMIT_PARAMS).cast(
                pl.Int64, strict=False
            ),
        )
        .with_columns(
            # Both are asked for equality alone, so eight bytes are held instead of a hundred.
            *(
                pl.when(pl.col(name).is_not_null()).then(pl.col(name).hash()).alias(name)
                for name in ("prompt", "session")
            ),
            pl.col("route").fill_null(""),
            pl.col("replayable").cast(pl.String),
            # Where nobody counted, three characters a token is on the safe side of prose and code alike.
            prompt_tokens=pl.coalesce("prompt_tokens", pl.col("prompt_chars") // 3),
        )
        .collect()
    )


def _frame(route: str, rows: pl.DataFrame, *, priced: bool) -> RouteFrame:
    """Split one route's rows into those that can be audited and those that cannot, with reasons."""
    reason = (
        pl.when(pl.col("replayable") == "none")
        .then(pl.col("unreplayable_reasons").list.first().fill_null("unknown"))
        .when(pl.col("request_fp").is_null())
        .then(pl.lit(Reason.BODY_NOT_CAPTURED.value))
        .when(pl.col("cost_usd").is_null() & pl.lit(priced))
        .then(pl.lit(Reason.COST_UNKNOWN.value))
    )
    marked = rows.with_columns(reason=reason)
    lost = marked.filter(pl.col("reason").is_not_null()).partition_by("reason", as_dict=True)
    by_reason = {str(key[0]): part for key, part in sorted(lost.items())}
    spent = {str(key[0]): exact_sum(part["cost_usd"]) for key, part in rows.partition_by("model", as_dict=True).items()}
    return RouteFrame(
        route=route,
        requests=rows.height,
        spend_usd=exact_sum(rows["cost_usd"]),
        rows=marked.filter(pl.col("reason").is_null()).drop(_INNER),
        weights=_ends(rows["sampling_weight"]),
        shape={name: histogram(rows[name]) for name in SHAPE},
        models=dict(sorted(spent.items(), key=lambda item: (-item[1], item[0]))),
        unreplayable={reason: part.height for reason, part in by_reason.items()},
        unreplayable_usd={reason: exact_sum(part["cost_usd"]) for reason, part in by_reason.items()},
    )
