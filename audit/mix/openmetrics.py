"""The mix as OpenMetrics text: a production metric, by route, tenant, environment, region and model."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, time, timedelta

import polars as pl

from audit.mix.cells import BY, added_up
from audit.mix.latency import buckets_of

METRICS = {
    "requests": "Requests that were answered and are billed.",
    "spend_usd": "US dollars billed for them, as logged, else by price list.",
    "unpriced_requests": "Of the requests, those that nobody knows the cost of; in no dollars.",
    "failures": "Calls that failed.",
    "uncounted_requests": "Of the requests, those whose tokens of prompt or answer nobody knows.",
    "prompt_tokens": "Tokens of prompts, cached ones included, of the requests that tell them.",
    "completion_tokens": "Tokens of answers, of the requests that tell them.",
    "cached_tokens": "Of the prompt tokens, those read from the vendor's cache, of the requests that tell them.",
}
"""Columns of the cells that are metrics, with their help texts."""
PREFIX = "audit_llm_"
LATENCY = "latency_seconds"
"""A histogram of what is over, so a gauge of one: `..._bucket` by `le`, and `..._gcount`."""


def openmetrics(cells: pl.DataFrame, binned: pl.DataFrame) -> str:
    """The mix of a log as OpenMetrics text: gauges over the window of the log, without time stamps.

    A log is a window that is over, so its sums are gauges: a series is what the window holds, and the next export of
    the next window replaces it. Labels that are empty stay, so that sums over all series are those of the mix. A
    series of which nothing is known is absent, and never 0: dollars without a known cost, tokens that no request tells.

    Args:
        cells: As of `mix_cells`.
        binned: As of `latencies_of`.

    Source: https://prometheus.io/docs/specs/om/open_metrics_spec/
    """
    total = cells.group_by(BY).agg(*map(added_up, METRICS)).sort(BY)
    lines = []
    for name, help_ in METRICS.items():
        lines += [f"# TYPE {PREFIX}{name} gauge", f"# HELP {PREFIX}{name} {help_}"]
        known = total.drop_nulls(name).iter_rows(named=True)
        lines += [f"{PREFIX}{name}{_labels(row)} {_number(row[name])}" for row in known]
    lines += [*_latency(binned), *_window(cells)]
    return "\n".join([*lines, "# EOF", ""])


def _latency(binned: pl.DataFrame) -> list[str]:
    """How long answers took; nothing where the log does not tell."""
    name = PREFIX + LATENCY
    found = [
        f"# TYPE {name} gaugehistogram",
        f"# UNIT {name} seconds",
        f"# HELP {name} Requests by the time until their answer was whole.",
    ]
    for labels, part in sorted(binned.partition_by(BY, as_dict=True).items()):
        row, buckets = dict(zip(BY, labels, strict=True)), buckets_of(part)
        for bound, requests in buckets.items():
            le = "+Inf" if bound == math.inf else repr(bound)
            found.append(f"{name}_bucket{_labels({**row, 'le': le})} {requests}")
        found.append(f"{name}_gcount{_labels(row)} {buckets[math.inf]}")
    return found if len(binned) else []


def _window(cells: pl.DataFrame) -> list[str]:
    """The first moment of the log's first day and the last of its last, as seconds since 1970; nothing without days."""
    first, last = cells["day"].min(), cells["day"].max()
    if not isinstance(first, date) or not isinstance(last, date):
        return []
    found = []
    for end, day in (("start", first), ("end", last + timedelta(days=1))):
        name = f"{PREFIX}window_{end}_seconds"
        seconds = int(datetime.combine(day, time(), UTC).timestamp())
        found += [
            f"# TYPE {name} gauge",
            f"# UNIT {name} seconds",
            f"# HELP {name} The {end} of the log's days, since 1970.",
            f"{name} {seconds}",
        ]
    return found


def _labels(row: dict[str, object]) -> str:
    return "{" + ",".join(f'{name}="{_escaped(str(row[name]))}"' for name in (*BY, "le") if name in row) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _number(value: float) -> str:
    return repr(value) if isinstance(value, float) else str(value)
