"""Logs and bills with planted differences. A bill is added up from the calls themselves, one by one."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from audit.core.reconciliation import Bill, BillLine, ChargeKind

START = datetime(2026, 9, 1, tzinfo=UTC)
DAYS = 21
COLUMNS = {
    "status": pl.String,
    "duplicate_of": pl.String,
    "cache_hit": pl.Boolean,
    "started_at": pl.Datetime("us", "UTC"),
    "batch": pl.Boolean,
    "cached_tokens": pl.Int64,
    "cache_write_tokens": pl.Int64,
    "model_key": pl.String,
    "model_responded": pl.String,
    "model_called": pl.String,
    "model_requested": pl.String,
    "cost_usd_logged": pl.Float64,
    "cost_usd_recomputed": pl.Float64,
}
PRICES = {"large": 0.4, "small": 0.04, "other": 0.14}
"""Mean USD of a call, by model."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is planted.

    Attributes:
        credit: Share that the bill is less.
        credit_line: A line of the bill below zero.
        tax: A line of tax, as a share of the bill.
        ahead: Hours that the bill's clock is ahead of UTC.
        silent: Days of UTC that the log lost.
        unbilled: Days of its own that the bill lost.
        hidden: A model that is on the bill alone.
        elsewhere: A model that is in the log alone.
        rates: Factors of single models.
        changed: From so many days on, the factors of single models, or of "" for all.
        cached: Part of the calls that read from a cache, which the log prices at the full price.
        batched: Part of the calls that went through a batch, which the log prices at the full price.
        failed: Part of the calls that failed and were billed.
        unpriced: A model whose calls the log has without a cost.
        noise: Places of the bill that are wrong by a tenth to a half, without a cause.
        named: Whether the bill names models.
        cents: Whether the bill's lines are rounded to cents.
    """

    credit: float = 0.0
    credit_line: float = 0.0
    tax: float = 0.0
    ahead: float = 0.0
    silent: tuple[int, ...] = ()
    unbilled: tuple[int, ...] = ()
    hidden: str | None = None
    elsewhere: str | None = None
    rates: Mapping[str, float] = field(default_factory=dict)
    changed: Mapping[float, Mapping[str, float]] = field(default_factory=dict)
    cached: float = 0.0
    batched: float = 0.0
    failed: float = 0.0
    unpriced: str | None = None
    noise: int = 0
    named: bool = True
    cents: bool = True


@dataclass(frozen=True)
class World:
    """A log's rows, the bill, and the dollars of the bill by day and model before it was rounded."""

    rows: list[dict[str, Any]]
    bill: Bill
    places: dict[tuple[int, str], float]

    def files(self, folder: Path) -> list[Path]:
        """The log as a file of traffic."""
        path = folder / "traffic-0.parquet"
        pl.DataFrame(self.rows, schema=COLUMNS).write_parquet(path)
        return [path]


def calls(rng: random.Random) -> list[dict[str, Any]]:
    """Three weeks of calls: busy days, quiet nights, three models."""
    made = []
    for day in range(DAYS):
        for _ in range(rng.randrange(60, 140)):
            model = rng.choices(list(PRICES), weights=(2, 5, 2))[0]
            hour = min(max(rng.gauss(13, 5), 0), 23.99)
            made.append(
                {
                    "started_at": START + timedelta(days=day, hours=hour, seconds=rng.randrange(30)),
                    "model_key": model,
                    "status": "ok",
                    "cost_usd_logged": PRICES[model] * rng.lognormvariate(0, 0.5),
                }
            )
    # The log and the bill begin and end at the same time, as months do.
    made[0]["started_at"], made[-1]["started_at"] = START, START + timedelta(days=DAYS, seconds=-5)
    return [dict.fromkeys(COLUMNS) | call for call in made]


def world(seed: int, plan: Plan) -> World:
    """A log and its bill."""
    rng = random.Random(seed)
    rows, billed = [], []
    for call in calls(rng):
        logged, billed_usd = dict(call), float(call["cost_usd_logged"])
        if rng.random() < plan.cached:
            logged["cached_tokens"], logged["cost_usd_recomputed"] = 900, billed_usd * rng.uniform(0.4, 0.6)
            billed_usd = logged["cost_usd_recomputed"]
        elif rng.random() < plan.batched:
            logged["batch"], logged["cost_usd_recomputed"] = True, billed_usd / 2
            billed_usd /= 2
        else:
            logged["cost_usd_recomputed"] = billed_usd
        if rng.random() < plan.failed:
            logged["status"] = "error"
        if call["model_key"] == plan.unpriced:
            logged["cost_usd_logged"] = logged["cost_usd_recomputed"] = None
        since = (call["started_at"] - START) / timedelta(days=1)
        for days, factors in plan.changed.items():
            if since >= days:
                billed_usd *= factors.get(call["model_key"], factors.get("", 1.0))
        day = (call["started_at"] - START).days
        if day not in plan.silent and call["model_key"] != plan.hidden:
            rows.append(logged)
        if call["model_key"] != plan.elsewhere:
            billed.append((call["started_at"], call["model_key"], billed_usd * plan.rates.get(call["model_key"], 1.0)))
    return World(rows, *_bill(rng, plan, billed))


def _bill(rng: random.Random, plan: Plan, billed: list[tuple[datetime, str, float]]) -> tuple[Bill, Any]:
    places: dict[tuple[int, str], float] = defaultdict(float)
    for at, model, usd in billed:
        day = (at + timedelta(hours=plan.ahead) - START) // timedelta(days=1)
        places[day, model if plan.named else ""] += usd * (1 - plan.credit)
    # Days at the ends that the clock moves into the bill's time are on the bill of another month.
    places = {key: usd for key, usd in places.items() if 0 <= key[0] < DAYS and key[0] not in plan.unbilled}
    for key in rng.sample(sorted(places), plan.noise):
        places[key] *= rng.choice([0.5, 0.7, 1.3, 1.5])
    lines = [_line(day, usd, plan, item=model) for (day, model), usd in sorted(places.items())]
    total = sum(line.usd for line in lines)
    if plan.credit_line:
        lines.append(_line(DAYS - 1, -plan.credit_line, plan, kind=ChargeKind.CREDIT))
    if plan.tax:
        lines.append(_line(DAYS - 1, total * plan.tax, plan, kind=ChargeKind.TAX))
    unit = 0.01 if plan.cents else 0.0
    return Bill(name="bill.csv", format="invoice", read_as="", lines=tuple(lines), unit_usd=unit), places


def _line(day: int, usd: float, plan: Plan, **more: Any) -> BillLine:
    start = START + timedelta(days=day)
    return BillLine(start=start, end=start + timedelta(days=1), usd=round(usd, 2) if plan.cents else usd, **more)


def without(plan: Plan, **changes: Any) -> Plan:
    """The plan with something else."""
    return replace(plan, **changes)
