"""What a month of a given size takes, computed from the figures that `python -m tests.growth --keep` and, of memory,
`python -m tests.traffic_at_size --keep` wrote down.

Arithmetic alone: nothing of these sizes was run here. Every assumption is a constant below and is named in the page.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from functools import cache

from audit.core.settings import Settings
from audit.stats.planning import pairs_needed
from tests.growth import KEPT, PER_LINE, PER_SAMPLE
from tests.traffic_at_size import KEPT as KEPT_AT_SIZE
from tests.traffic_at_size import SPANS, STAGES

CALLS = (10**8, 10**9, 10**10)
"""Calls a month."""

CORES = 16
"""Of a machine."""

NIGHT_H = 8.0
CORE_HOUR_USD, GB_HOUR_USD = 0.05, 0.005
"""A core, and a GB of memory beyond what comes with a core, at list price."""

ROUTES, CANDIDATES = 50, 2
MARGIN = 0.03
CALL_USD = 0.002
"""A replay: 4,000 tokens in and 500 out at $0.25 and $2 a million."""

MICRO, HOUR_S = 1e-6, 3600.0


def replays_of_a_route() -> int:
    """Calls of a route at the default settings: what a verdict needs, and the incumbent against itself."""
    settings = Settings()
    options = settings.slice
    pairs = pairs_needed(discordance=options.discordance, margin=MARGIN, alpha=settings.alpha, power=options.power)
    assert pairs is not None
    quality = math.ceil(pairs / (1 - options.tuning_share))
    return CANDIDATES * (quality + options.dollars_per_route) + math.ceil(options.incumbent_share * quality)


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """What was measured.

    Attributes:
        line_us: Processor microseconds per line, by stage.
        later_us: What a line adds to the replay and to a new scoring, which are about the sample.
        fixed_s: Processor seconds of the replay and of a new scoring without the log's part.
        line_bytes: Length of a line.
    """

    line_us: dict[str, float]
    later_us: dict[str, float]
    fixed_s: dict[str, float]
    line_bytes: float


@cache
def costs() -> Costs:
    """The figures, from the two largest logs: what is per line is the slope between them for what has a fixed part."""
    kept = {int(size): stages for size, stages in json.loads(KEPT.read_text("utf-8")).items()}
    small, large = sorted(kept)[-2:]
    more = large - small

    def slope(stage: str, what: str) -> float:
        return float(kept[large][stage][what] - kept[small][stage][what]) / more

    later = ("replay", "score")
    return Costs(
        line_us={stage: kept[large][stage]["cpu_s"] / large / MICRO for stage in PER_LINE},
        later_us={stage: slope(stage, "cpu_s") / MICRO for stage in later},
        fixed_s={stage: kept[small][stage]["cpu_s"] - slope(stage, "cpu_s") * small for stage in later},
        line_bytes=kept[large]["log"]["mb"] * 1e6 / large,
    )


def measured_rows() -> list[tuple[str, str, str]]:
    """What was measured: stage, per line, and whether several machines share it."""
    shared = {"ingest": "yes"}
    found = costs()
    rows = [(stage, f"{us:.0f} µs", shared.get(stage, "no")) for stage, us in found.line_us.items()]
    rows += [(f"{stage}, what the log adds", f"{us:.0f} µs", "no") for stage, us in found.later_us.items()]
    rows += [(f"{stage}, the sample's own part", f"{s:.1f} s in all", "by route") for stage, s in found.fixed_s.items()]
    return rows


def memory_gb(calls: int) -> float:
    """What the stage that needs most takes by the time of so many calls: between the two largest sizes that it was
    measured at, and beyond, as a straight line."""
    kept = {int(size): stages for size, stages in json.loads(KEPT_AT_SIZE.read_text("utf-8")).items()}
    needed = []
    for stage in (stage for stage in STAGES if stage != SPANS):  # the lines on paper stand each for itself
        small, large = sorted(size for size, stages in kept.items() if stage in stages)[-2:]
        peaks = [kept[size][stage]["peak_mb"] for size in (small, large)]
        slope = max(peaks[1] - peaks[0], 0.0) / (large - small)
        needed.append(peaks[1] + slope * (calls - large))
    return max(needed) / 1e3


def month_rows() -> list[tuple[str, ...]]:
    """A month of each size: what reading takes on many machines, what is left for one, and what replays cost."""
    found, replays = costs(), ROUTES * replays_of_a_route()
    alone_us = sum(found.line_us[stage] for stage in ("mix", "levers", "plan")) + found.later_us["replay"]
    rows: list[tuple[str, ...]] = []
    for calls in CALLS:
        reading_h = calls * found.line_us["ingest"] * MICRO / HOUR_S
        alone_h, memory = calls * alone_us * MICRO / HOUR_S, memory_gb(calls)
        dollars = reading_h * CORE_HOUR_USD + alone_h * (CORE_HOUR_USD + memory * GB_HOUR_USD)
        rows.append(
            (
                f"{calls:,}",
                f"{calls * found.line_bytes / 1e12:,.2f} TB",
                f"{reading_h:,.1f}",
                f"{math.ceil(reading_h / (CORES * NIGHT_H)):,}",
                f"{alone_h:,.1f} h",
                f"{memory:,.0f} GB",
                f"${dollars:,.2f}",
                f"{replays:,}",
                f"${replays * CALL_USD:,.0f}",
            )
        )
    return rows


def growth_rows() -> list[tuple[str, ...]]:
    """What was measured at each length of a log, a row a length: what is done for every line, by line; what is done for
    the sample, in all; the calls that were planned; the most memory."""
    kept = {int(size): stages for size, stages in json.loads(KEPT.read_text("utf-8")).items()}
    return [
        (
            f"{lines:,}",
            *(f"{stages[stage]['cpu_s'] / lines / MICRO:.1f} µs" for stage in PER_LINE),
            *(f"{stages[stage]['cpu_s']:.1f} s" for stage in PER_SAMPLE),
            f"{stages['plan']['calls']:,.0f}",
            f"{max(stage.get('peak_mb', 0.0) for stage in stages.values()) / 1e3:.1f} GB",
        )
        for lines, stages in sorted(kept.items())
    ]


def size_rows() -> list[tuple[str, ...]]:
    """What each stage took on ingested traffic: calls, then processor time and memory of each."""
    kept = json.loads(KEPT_AT_SIZE.read_text("utf-8"))
    return [
        (f"{int(calls):,}", *(cell for stage in STAGES for cell in _took(stages.get(stage))))
        for calls, stages in sorted(kept.items(), key=lambda item: int(item[0]))
    ]


def _took(stage: dict[str, float] | None) -> tuple[str, str]:
    if stage is None:
        return "not measured", ""
    return f"{stage['cpu_s']:,.0f} s", f"{stage['peak_mb'] / 1e3:.1f} GB"
