"""The bill: one row per request that was paid for, with its dollars by class of tokens.

A lever reads the bill as the levers before it left it, and says what it would be with one thing changed.
"""

from __future__ import annotations

from datetime import datetime

import polars as pl

from audit.core.columns import PRICED_AT, ROW_KEY, billable
from audit.core.rates import CallKind, Rates, RatesOf
from audit.core.reason import Reason
from audit.core.tier import PER_MILLION
from audit.core.traffic import MODEL_COLUMNS, SPEND_COLUMNS

CLASSES = ("input", "cached", "written", "output")
"""Classes of tokens; a bill has each in USD, null where no price list says how the dollars divide."""
_KIND = ("model_key", "model_responded", "model_called", "provider", "service_tier", "batch", "priced_at")
_TOKENS = (
    "prompt_tokens", "cached_tokens", "cache_write_tokens", "cache_write_1h_tokens", "completion_tokens",
    "audio_tokens", "completion_image_tokens",
)  # fmt: skip
_READ = (
    *("started_at", "ended_at", "latency_ms", "status", "finish_reason", "streaming", "operation", "params"),
    *("request_fp", "trace_id", "session_id", "route", "tenant", "served_region", "n_turns"),
    *("row_id", "has_images", "has_audio"),
    *("provider", "service_tier", "batch", "duplicate_of", "cache_hit"),
)
PRICING = (*_KIND, *_TOKENS, "operation")
"""Columns that `with_rates` and `listed` read."""
_FIXED = (
    *("at", "key", "started_at", "ended", "day", "priced_at", "status", "finish_reason", "streaming", "operation"),
    "deterministic",
    *("request_fp", "trace_id", "session_id", "route", "tenant", "model", "served_region", "n_turns"),
    *("has_images", "has_audio", "provider", "service_tier", "batch", "model_key", "model_responded", "model_called"),
    *_TOKENS,
    *(f"rate_{name}" for name in CLASSES),
    *("scale", "divided"),
)
MONEY = ("alive", "batched", "left", *CLASSES)
"""Columns of a bill that a lever may change."""
IN_TIME = ("started_at", "key", "at")
"""Columns by which requests are in the order of time; two of the same microsecond by their ids."""
LIKELY_SCALE = (0.2, 3.0)
"""What was paid over what the list says. Beyond, the list is of something else and would divide the dollars wrongly."""
UNTOLD_LATENCY = pl.duration(minutes=1)
"""How long a call is taken to last where the log does not say."""
_TEMPERATURE = r'"temperature":(-?[0-9][0-9.eE+-]*)'


def bill_of(traffic: pl.LazyFrame, rates_of: RatesOf) -> tuple[pl.DataFrame, int]:
    """The bill of some rows as it was paid, and how many requests nobody knows the cost of.

    Long texts are held as 64-bit hashes, as the second pass of `ingest` does: two in a million rows are taken for one
    with a chance of 3e-8.

    Args:
        traffic: Rows of the traffic, with `at`.
        rates_of: Rates of a kind of call.

    Returns:
        Rows in the order of `at`: what levers look at, and `MONEY`: `alive` (it would still be made), `batched` (at the
        price of a batch), `left` (USD), and the four `CLASSES` (USD, their sum is `left`).
    """
    paid = pl.coalesce(*SPEND_COLUMNS)
    texts = ("request_fp", "trace_id", "session_id")
    temperature = pl.col("params").str.extract(_TEMPERATURE).cast(pl.Float64, strict=False)
    latency = pl.duration(milliseconds=pl.col("latency_ms"))
    rows = (
        traffic.select("at", *_READ, *MODEL_COLUMNS, *_TOKENS, left=paid)
        .filter(billable())
        .with_columns(pl.col("status", "finish_reason", "operation", "provider").cast(pl.String), key=ROW_KEY)
        .with_columns(
            *(pl.when(pl.col(name).is_not_null()).then(pl.col(name).hash()).alias(name) for name in texts),
            pl.col("route", "tenant").fill_null(""),
            ended=pl.coalesce("ended_at", pl.col("started_at") + latency),
            day=pl.col("started_at").dt.truncate("1d"),
            priced_at=PRICED_AT,
            model=pl.coalesce(*MODEL_COLUMNS).fill_null(""),
            deterministic=(temperature == 0).fill_null(False) | (pl.col("operation") == "embeddings").fill_null(False),
            alive=pl.lit(True),
            batched=pl.col("batch").fill_null(False),
        )
        .collect()
    )
    priced = rows.filter(pl.col("left").is_not_null())
    divided = _divided(with_rates(priced, rates_of))
    return divided.select(*_FIXED, *MONEY), len(rows) - len(priced)


def with_rates(rows: pl.DataFrame, rates_of: RatesOf, prefix: str = "rate") -> pl.DataFrame:
    """Add the list's rates of each row, USD per million tokens, as `PREFIX_CLASS`; nulls where there is no list.

    What a rate depends on is read from the rows, so that another provider, moment, service tier or way of delivery is
    asked for by changing the column.
    """
    kinds = rows.select(_KIND).unique(maintain_order=True).with_row_index("kind")
    steps = [row for kind in kinds.iter_rows(named=True) for row in _steps(kind, rates_of, prefix)]
    names = [f"{prefix}_{name}" for name in (*CLASSES, "hourly")]
    schema = {"kind": pl.UInt32, "above": pl.Int64, **dict.fromkeys(names, pl.Float64), f"{prefix}_source": pl.String}
    table = pl.DataFrame(steps, schema=schema).sort("above")
    # Rates hold for prompts of more than `above` tokens, and a join looks for "at least".
    length = (pl.col("prompt_tokens").fill_null(0) - 1).clip(lower_bound=0).alias("_length")
    found = rows.join(kinds, on=list(_KIND), how="left", nulls_equal=True, maintain_order="left").with_columns(length)
    found = found.sort("_length").join_asof(
        table, left_on="_length", right_on="above", by="kind", strategy="backward", check_sortedness=False
    )
    return found.sort("at").drop("kind", "above", "_length", strict=False)


def _steps(kind: dict[str, object], rates_of: RatesOf, prefix: str) -> list[dict[str, object]]:
    """A kind of call as rows of rates by prompt length; none where no list has it."""
    names = [kind["model_key"], kind["model_responded"], kind["model_called"]]
    models = tuple(dict.fromkeys(str(name) for name in names if name))
    if not models:
        return []
    moment, provider, tier = kind["priced_at"], kind["provider"], kind["service_tier"]
    found = rates_of(
        CallKind(
            models=models,
            provider=str(provider) if provider else None,
            at=moment if isinstance(moment, datetime) else None,
            service_tier=str(tier) if tier else None,
            batch=bool(kind["batch"]),
        )
    )
    return [] if isinstance(found, Reason) else [_row(kind["kind"], rates, prefix) for rates in found]


def _row(kind: object, rates: Rates, prefix: str) -> dict[str, object]:
    return {
        "kind": kind,
        "above": rates.above,
        f"{prefix}_input": rates.input,
        f"{prefix}_cached": rates.input if rates.cached_input is None else rates.cached_input,
        f"{prefix}_written": rates.input if rates.cache_write is None else rates.cache_write,
        f"{prefix}_output": rates.output,
        f"{prefix}_hourly": rates.cache_write_1h,
        f"{prefix}_source": rates.source,
    }


def listed(prefix: str = "rate") -> dict[str, pl.Expr]:
    """What the tokens of a row cost by the list, USD by class; null where tokens or a rate are unknown."""
    cached, written = pl.col("cached_tokens").fill_null(0), pl.col("cache_write_tokens").fill_null(0)
    hourly = pl.min_horizontal(pl.col("cache_write_1h_tokens").fill_null(0), written)
    completion = pl.col("completion_tokens")
    completion = pl.when(pl.col("operation") == "embeddings").then(completion.fill_null(0)).otherwise(completion)
    rate = {name: pl.col(f"{prefix}_{name}") / PER_MILLION for name in (*CLASSES, "hourly")}
    return {
        "input": (pl.col("prompt_tokens") - cached - written).clip(lower_bound=0) * rate["input"],
        "cached": cached * rate["cached"],
        "written": pl.when(hourly > 0)
        .then((written - hourly) * rate["written"] + hourly * rate["hourly"])
        .otherwise(written * rate["written"]),
        "output": completion * rate["output"],
    }


def _divided(rows: pl.DataFrame) -> pl.DataFrame:
    """Divide what was paid into classes as the list does. Audio and images in answers have rates of their own, so their
    requests are not divided."""
    by_list = listed()
    total = pl.sum_horizontal(by_list.values(), ignore_nulls=False)
    low, high = LIKELY_SCALE
    rows = rows.with_columns(scale=pl.col("left") / pl.when(total > 0).then(total))
    apart = pl.max_horizontal("audio_tokens", "completion_image_tokens").fill_null(0) > 0
    usable = pl.col("scale").is_between(low, high) & ~apart
    usable = usable | (pl.col("left") == 0)
    return rows.with_columns(
        pl.when(usable).then(share * pl.col("scale").fill_null(0)).alias(name) for name, share in by_list.items()
    ).with_columns(divided=pl.all_horizontal(pl.col(name).is_not_null() for name in CLASSES))
