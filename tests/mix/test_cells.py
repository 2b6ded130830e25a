"""The mix for other tools: sums, labels, OpenMetrics text, and the dashboard that reads it."""

from __future__ import annotations

import json
import math
import random
import re
from fractions import Fraction
from pathlib import Path

import polars as pl
import pytest

from audit.core.errors import InputError
from audit.core.settings import Settings
from audit.core.traffic import exact_sum
from audit.flow import mixing
from audit.mix.cells import BY, FIGURES, mix_cells
from audit.mix.grain import TOKENS, added, grain_of, usd_of
from audit.mix.openmetrics import LATENCY, METRICS, PREFIX, openmetrics
from audit.mix.run import measure_mix
from audit.mix.tables import tables_of
from tests.mix.test_mix import row, traffic

DASHBOARD = Path(__file__).parents[2] / "docs" / "grafana" / "llm-mix.json"
SAMPLE = re.compile(r'([a-z_]+)(?:\{((?:[a-z]+="(?:[^"\\\n]|\\["\\n])*",?)*)\})? (\S+)')
ROWS = [
    row(0, 0.1, tenant='a"b\\c\nd', environment="prod", region="eu"),
    row(0, 0.2, tenant='a"b\\c\nd', environment="prod", region="eu", cached_tokens=400),
    row(1, None, route="b", model_key="small"),
    row(1, 0.7, status="error", route="b"),
    row(1, 0.5, duplicate_of="x"),
    row(2, 0.0, cache_hit=True),
    row(2, 0.1, cache_hit=True, status="error"),
    row(2, 0.1, cache_hit=True, status="unknown"),
    row(2, 0.3, status="unknown"),
    row(started_at=None),
]


@pytest.mark.parametrize("seed", range(12))
def test_dollars_of_a_grain_are_the_exact_sum(seed: int, tmp_path: Path) -> None:
    """To the last bit, over amounts from a hundredth of a cent's millionth to a million dollars."""
    rng = random.Random(seed)
    usd = [rng.choice((None, 0.0, 10 ** rng.uniform(-10, 6), rng.random() * 1e-3)) for _ in range(60)]
    assert usd_of(grain_of(traffic(tmp_path, [row(cost=value) for value in usd]))) == exact_sum(usd)


@pytest.mark.parametrize("usd", [1e6, 9000.0, 1e6 - 2**-30, 2.0**-90])
def test_sums_of_dollars_do_not_wrap(usd: float, tmp_path: Path) -> None:
    """A log's largest amounts, often enough that their sum leaves 2^31 dollars far behind; and the smallest bits."""
    grain = grain_of(traffic(tmp_path, [row(cost=usd)] * 4000))
    assert usd_of(grain) == float(4000 * Fraction(usd))
    assert usd_of(added(pl.concat([grain] * 1000), ("route",))) == float(4_000_000 * Fraction(usd))


def test_cells_add_up_to_the_mix(tmp_path: Path) -> None:
    """Every row of the traffic is in one figure of one cell, and every dollar of the mix."""
    files = traffic(tmp_path, ROWS)
    cells, mix = mix_cells(grain_of(files)), measure_mix(files, ())
    assert cells.columns == ["day", *BY, *FIGURES]
    assert math.isclose(cells["spend_usd"].sum(), mix.spend_usd)
    counts = {name: int(cells[name].sum()) for name in FIGURES if name not in ("spend_usd", "unpriced_requests")}
    told = ("requests", "failures", "duplicates", "cache_hits", "unknown")
    assert {name: counts[name] for name in told} == {name: getattr(mix, name) for name in told}
    assert sum(counts[name] for name in told) == len(ROWS)
    assert counts["prompt_tokens"] == 1000 * mix.requests, "tokens are of billable rows"
    assert cells["unpriced_requests"].sum() == mix.unpriced_requests == 1


def samples(text: str) -> list[tuple[str, dict[str, str], float]]:
    """OpenMetrics samples, read by their grammar: every line is a sample, metadata or the end."""
    *lines, end, empty = text.split("\n")
    assert (end, empty) == ("# EOF", "")
    found, typed = [], set()
    for line in lines:
        if line.startswith("# "):
            kind, name, _ = line[2:].split(" ", 2)
            assert kind in ("TYPE", "UNIT", "HELP")
            typed |= {name} if kind == "TYPE" else set()
            continue
        told = SAMPLE.fullmatch(line)
        assert told is not None, line
        assert told[1].removesuffix("_bucket").removesuffix("_gcount") in typed
        labels = dict(re.findall(r'([a-z]+)="((?:[^"\\]|\\.)*)"', told[2] or ""))
        found.append((told[1], labels, float(told[3])))
    assert len({(name, *sorted(labels.items())) for name, labels, _ in found}) == len(found), "one sample a series"
    return found


def test_openmetrics_has_every_request_and_dollar(tmp_path: Path) -> None:
    """By all labels, those with quotes, backslashes and line ends too; the window is whole days."""
    files = traffic(tmp_path, ROWS)
    tables = tables_of(files)
    mix, found = measure_mix(files, ()), samples(openmetrics(mix_cells(tables.grain), tables.latencies))
    sums = {name: sum(value for other, _, value in found if other == PREFIX + name) for name in METRICS}
    assert (sums["requests"], sums["failures"], sums["unpriced_requests"]) == (4, 2, 1)
    assert math.isclose(sums["spend_usd"], mix.spend_usd)
    assert {tuple(labels) for name, labels, _ in found if name == PREFIX + "requests"} == {BY}
    assert r"a\"b\\c\nd" in {labels.get("tenant") for _, labels, _ in found}
    window = {name: value for name, labels, value in found if not labels}
    assert window[f"{PREFIX}window_end_seconds"] - window[f"{PREFIX}window_start_seconds"] == 3 * 86_400
    untimed = tables_of(traffic(tmp_path, [row(started_at=None)]))
    assert samples(openmetrics(mix_cells(untimed.grain), untimed.latencies)), "a log without times has no window"


TOLD = {"spend_usd": "cost_usd_logged", **{name: name for name in TOKENS}}
"""By a figure that may be unknown, the column of a row that tells it."""


@pytest.mark.parametrize("seed", range(8))
def test_what_nobody_knows_is_absent_and_never_zero(seed: int, tmp_path: Path) -> None:
    """A figure is the sum of what rows tell; where they are requests and none tells, it is null, and no sample at all.
    What they are of is counted beside it."""
    rng = random.Random(seed)
    rows = []
    for _ in range(40):
        told = {name: rng.choice((None, 0, 7)) for name in TOKENS}
        more = rng.choice(({}, {}, {"status": "error"}, {"duplicate_of": "x"}))
        rows.append(row(rng.randrange(2), rng.choice((None, 0.0, 0.5)), route=rng.choice("abcdef"), **told | more))
    tables = tables_of(traffic(tmp_path, rows))
    cells = mix_cells(tables.grain)
    found = {
        (name, labels["route"]): value
        for name, labels, value in samples(openmetrics(cells, tables.latencies))
        if labels
    }
    routes = {one["route"] for one in rows}
    for route in routes:
        billed = [one for one in rows if one["route"] == route and one["status"] == "ok" and not one["duplicate_of"]]
        for name in METRICS.keys() & TOLD.keys():
            values = [one[TOLD[name]] for one in billed if one[TOLD[name]] is not None]
            wanted = sum(values) if values or not billed else None
            assert found.get((PREFIX + name, route)) == wanted, (name, route)
        uncounted = sum(None in (one["prompt_tokens"], one["completion_tokens"]) for one in billed)
        assert found[f"{PREFIX}uncounted_requests", route] == uncounted
    for cell in cells.iter_rows(named=True):
        billed = [
            one
            for one in rows
            if (one["route"], one["started_at"].date()) == (cell["route"], cell["day"])
            and (one["status"], one["duplicate_of"]) == ("ok", None)
        ]
        for name, column in TOLD.items():
            values = [one[column] for one in billed if one[column] is not None]
            assert cell[name] == (sum(values) if values or not billed else None)


def test_openmetrics_has_every_time_in_a_bucket(tmp_path: Path) -> None:
    """Buckets hold what is at most their bound and grow to all billable requests of known time."""
    times = [0.1, 125.0, 126.0, 1000.0, 1001.0, 64_000.0, 9e6, None, 0.0, -5.0]
    rows = [row(latency_ms=ms) for ms in times] + [row(latency_ms=1.0, status="error"), row(latency_ms=2.0, route="b")]
    tables = tables_of(traffic(tmp_path, rows))
    found = samples(openmetrics(mix_cells(tables.grain), tables.latencies))
    of_a = [(labels, value) for name, labels, value in found if LATENCY in name and labels["route"] == "a"]
    buckets = {labels["le"]: value for labels, value in of_a if "le" in labels}
    assert list(buckets.values()) == [2, 3, 3, 4, 5, 5, 5, 5, 5, 6, 6, 7]
    assert [value for labels, value in of_a if "le" not in labels] == [buckets["+Inf"]] == [7]


def test_the_dashboard_asks_for_metrics_and_labels_that_are_written() -> None:
    """Every query of the Grafana file names metrics of the export, groups by its labels, and filters by all of them."""
    board = json.loads(DASHBOARD.read_text("utf-8"))
    queries = [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    asked = {name for query in queries for name in re.findall(r"[a-z_]*audit_llm_[a-z_]+", query)}
    assert asked == {PREFIX + name for name in (*METRICS, f"{LATENCY}_bucket")}, "and each metric is on it"
    grouped = {
        label for query in queries for part in re.findall(r"by \(([^)]*)\)", query) for label in part.split(", ")
    }
    assert grouped == {*BY, "le"}
    variables = {variable["name"] for variable in board["templating"]["list"]}
    assert variables == {"datasource", *BY}
    assert {panel["datasource"]["uid"] for panel in board["panels"]} == {"${datasource}"}
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
    for query in queries:
        assert {label for label in BY if f'{label}=~"${label}"' in query} == set(BY), query


def test_a_mix_is_written_for_other_tools(tmp_path: Path) -> None:
    """CSV, Parquet and OpenMetrics of one log have the same cells; another suffix is refused before a log is read."""
    log = Path(__file__).parents[2] / "sample_logs" / "litellm.jsonl"
    plain = Settings.model_validate({"store": {"keep": False}})
    csv, parquet, text = (tmp_path / name for name in ("mix.csv", "mix.parquet", "llm.prom"))
    mixing.mix([log], plain, table_to=csv, openmetrics_to=text)
    found = mixing.mix([log], plain, table_to=parquet)
    read = pl.read_parquet(parquet)
    assert read["requests"].sum() == pl.read_csv(csv)["requests"].sum() == found.requests
    assert sum(v for name, _, v in samples(text.read_text()) if name == f"{PREFIX}requests") == found.requests
    with pytest.raises(InputError, match="no kind of table"):
        mixing.mix([tmp_path / "absent"], plain, table_to=tmp_path / "mix.xls")
