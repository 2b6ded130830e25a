"""The model mix: sums, shares, weeks, gaps, and the upper bound."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from audit.cli.printing.mix import _summary
from audit.core.errors import InputError
from audit.core.tier import Price, PriceStep, Tier
from audit.mix.run import measure_mix

START = datetime(2026, 9, 1, 12, tzinfo=UTC)
CHEAP = Tier(name="small", model="s-1", provider="x", price=Price(input=1.0, output=2.0))
DEAR = Tier(name="large", model="l-1", provider="x", price=Price(input=100.0, output=200.0))
COLUMNS = {
    "status": pl.Categorical,
    "unpriced_reason": pl.Categorical,
    "duplicate_of": pl.String,
    "cache_hit": pl.Boolean,
    "started_at": pl.Datetime("us", "UTC"),
    "route": pl.String,
    "tenant": pl.String,
    "environment": pl.String,
    "region": pl.String,
    "model_key": pl.String,
    "model_responded": pl.String,
    "model_called": pl.String,
    "model_requested": pl.String,
    "cost_basis": pl.String,
    "provider": pl.String,
    "cost_usd_logged": pl.Float64,
    "cost_usd_recomputed": pl.Float64,
    "prompt_tokens": pl.Int64,
    "completion_tokens": pl.Int64,
    "cached_tokens": pl.Int64,
    "cache_write_tokens": pl.Int64,
    "latency_ms": pl.Float64,
}


def row(day: int = 0, cost: float | None = 0.1, **changes: Any) -> dict[str, Any]:
    """A billable request on a day of the window."""
    plain = {
        "status": "ok",
        "started_at": START + timedelta(days=day),
        "route": "a",
        "model_key": "big",
        "cost_usd_logged": cost,
        "cost_basis": "gateway_pricetable" if cost is not None else "absent",
        "prompt_tokens": 1000,
        "completion_tokens": 100,
    }
    return dict.fromkeys(COLUMNS) | plain | changes


def traffic(folder: Path, *parts: list[dict[str, Any]]) -> list[Path]:
    """Traffic files, one per part."""
    files = []
    for number, rows in enumerate(parts):
        files.append(folder / f"traffic-{number}.parquet")
        pl.DataFrame(rows, schema=COLUMNS).write_parquet(files[-1])
    return files


def test_every_dollar_says_where_it_is_from(tmp_path: Path) -> None:
    """By who names it; the parts add up to the spend, and what nobody names is in none of them."""
    rows = [
        row(cost=0.5),
        row(cost=0.25, cost_basis="provider"),
        row(cost=None, cost_usd_recomputed=0.125),
        row(cost=None),
        row(cost=9.0, status="error"),
    ]
    mix = measure_mix(traffic(tmp_path, rows), ())
    assert mix.priced_by_usd == {"gateway_pricetable": 0.5, "provider": 0.25, "recomputed": 0.125}
    assert sum(mix.priced_by_usd.values()) == mix.spend_usd
    assert mix.unpriced_requests == 1


def test_who_served_a_model_is_told_where_all_requests_say_it(tmp_path: Path) -> None:
    """Two providers of one model, or a request that names none, and nobody is named; failures do not count."""
    rows = [
        *(row(model_key="one", provider="azure"), row(model_key="one", provider="azure")),
        *(row(model_key="two", provider="azure"), row(model_key="two", provider="openai")),
        *(row(model_key="half", provider="azure"), row(model_key="half"), row(model_key="none")),
        *(row(model_key="failed", provider="openai", status="error"), row(model_key="failed", provider="azure")),
    ]
    assert measure_mix(traffic(tmp_path, rows), ()).providers == {"one": "azure", "failed": "azure"}


def test_only_billable_rows_are_counted(tmp_path: Path) -> None:
    """Failures, duplicates and cache hits are counted apart and are in no sum; cut streams are billed."""
    rows = [
        row(),
        row(status="partial"),
        row(status="error", cost=5.0),
        row(duplicate_of="x", cost=5.0),
        row(cache_hit=True, cost=0.0),
        row(cache_hit=False),
        row(status="unknown", cost=5.0),
    ]
    mix = measure_mix(traffic(tmp_path, rows), ())
    assert (mix.requests, mix.failures, mix.duplicates, mix.cache_hits) == (3, 1, 1, 1)
    assert mix.spend_usd == mix.total.spend_usd == 0.30000000000000004  # the exact sum of three 0.1, rounded once
    assert mix.total.cost_per_1k_usd == pytest.approx(100)


def test_the_logged_cost_comes_first(tmp_path: Path) -> None:
    """Recomputed cost stands in only where the log has none; without either a request is unpriced, not free."""
    rows = [row(cost=1.0, cost_usd_recomputed=9.0), row(cost=None, cost_usd_recomputed=2.0), row(cost=None)]
    mix = measure_mix(traffic(tmp_path, rows), ())
    assert (mix.spend_usd, mix.requests, mix.unpriced_requests) == (3.0, 3, 1)


def test_groups_add_up_to_the_total(tmp_path: Path) -> None:
    """Every grouping has all requests and all dollars, over several files, largest spend first."""
    rows = [
        row(day % 5, 0.01 * day, route=f"r{day % 3}", tenant=None if day % 4 else "t", model_key=f"m{day % 2}")
        for day in range(60)
    ]
    mix = measure_mix(traffic(tmp_path, rows[:20], rows[20:]), ())
    for group in (mix.by_model, mix.by_route, mix.by_tenant, mix.by_environment, mix.by_region, (mix.total,)):
        assert sum(r.requests for r in group) == mix.requests
        assert sum(r.spend_usd for r in group) == pytest.approx(mix.spend_usd, abs=1e-9)
        assert [r.spend_usd for r in group] == sorted((r.spend_usd for r in group), reverse=True)
        for line in group:
            assert sum(share.request_share for share in line.models) == pytest.approx(1)
            assert sum(share.spend_share for share in line.models) == pytest.approx(1)
    assert {r.name for r in mix.by_tenant} == {"", "t"}


def test_the_order_of_rows_changes_nothing(tmp_path: Path) -> None:
    """Shuffled rows and files give the same mix, to the last bit."""
    rows = [row(n % 20, 0.1 / (n + 1), route=f"r{n % 7}", model_key=f"m{n % 5}") for n in range(200)]
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    assert measure_mix(traffic(tmp_path / "a", rows), (CHEAP,)) == measure_mix(
        traffic(tmp_path / "b", rows[150:][::-1], rows[:150]), (CHEAP,)
    )


def test_gaps_are_days_of_zeros(tmp_path: Path) -> None:
    """A day without traffic is in the trend, and a window under 14 days has no weeks to compare."""
    mix = measure_mix(traffic(tmp_path, [row(0), row(3), row(4, status="error")]), ())
    assert [(day.day, day.requests) for day in mix.trend] == [
        ("2026-09-01", 1),
        ("2026-09-02", 0),
        ("2026-09-03", 0),
        ("2026-09-04", 1),
        ("2026-09-05", 0),
    ]
    assert (mix.trend[1].cost_per_1k_usd, mix.trend[1].shares, mix.trend[0].shares) == (None, {}, {"big": 1.0})
    assert mix.total.first_week_cost_per_1k_usd is None


def test_first_and_last_week(tmp_path: Path) -> None:
    """From 14 days on, the first seven days are compared with the last seven."""
    rows = [row(day, 0.1 if day < 7 else 0.3) for day in range(14)]
    total = measure_mix(traffic(tmp_path, rows), ()).total
    assert total.first_week_cost_per_1k_usd == pytest.approx(100)
    assert total.last_week_cost_per_1k_usd == pytest.approx(300)


def test_upper_bound(tmp_path: Path) -> None:
    """The cheapest tier at the logged tokens; unpriced rows are on neither side; nothing saved is $0, not negative."""
    files = traffic(tmp_path, [row(), row(), row(cost=None)])
    bound = measure_mix(files, (DEAR, CHEAP)).upper_bound
    assert bound is not None
    assert (bound.tier, bound.model) == ("small", "s-1")
    assert bound.cost_usd == pytest.approx(2 * (1000 + 200) / 1e6)
    assert bound.saving_usd == pytest.approx(0.2 - bound.cost_usd)
    dear = measure_mix(files, (DEAR,)).upper_bound
    assert dear is not None
    assert dear.saving_usd == 0
    assert measure_mix(files, ()).upper_bound is None
    assert measure_mix(traffic(tmp_path, [row(prompt_tokens=None)]), (CHEAP,)).upper_bound is None


def test_traffic_without_times(tmp_path: Path) -> None:
    """A log without time stamps has a mix, and no window."""
    mix = measure_mix(traffic(tmp_path, [row(started_at=None)]), ())
    assert (mix.window_from, mix.days, mix.trend, mix.requests) == (None, 0, (), 1)


def test_no_traffic() -> None:
    """Nothing to measure is an error, not zeros."""
    with pytest.raises(InputError):
        measure_mix([], ())


def test_the_upper_bound_is_priced_by_length(tmp_path: Path) -> None:
    """Two prompts on either side of a step cost what each costs, and not what their sum would."""
    steps = (PriceStep(above=1000, input=10.0, output=20.0),)
    tier = replace(CHEAP, price=Price(input=1.0, output=2.0, steps=steps))
    rows = [row(prompt_tokens=1000, completion_tokens=10), row(prompt_tokens=1001, completion_tokens=10)]
    bound = measure_mix(traffic(tmp_path, rows), (tier,)).upper_bound
    assert bound is not None
    assert bound.cost_usd == pytest.approx((1000 + 20 + 10_010 + 200) / 1e6)


def test_models_without_a_price_are_named_with_whom_they_were_looked_up_under(tmp_path: Path) -> None:
    """Each model and provider with its requests; together they are the requests without a known cost."""
    asked = {"cost": None, "unpriced_reason": "unknown_model"}
    rows = [row(**asked, model_key="claude-opus-4-1", provider="openai")] * 3
    rows += [row(**asked, model_key="own"), row()]
    mix = measure_mix(traffic(tmp_path, rows), ())
    assert [(one.model, one.provider, one.requests) for one in mix.unpriced_models] == [
        ("claude-opus-4-1", "openai", 3),
        ("own", "", 1),
    ]
    by_reason: dict[str, int] = {}
    for one in mix.unpriced_models:
        by_reason[one.reason] = by_reason.get(one.reason, 0) + one.requests
    assert by_reason == mix.unpriced
    assert sum(by_reason.values()) == mix.unpriced_requests
    shown = " ".join(" ".join(_summary(mix, bars=False)).split())
    assert "for 20% of the requests" in shown
    assert "(claude-opus-4-1 at openai 3, own 1)" in shown
