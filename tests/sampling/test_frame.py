"""The frame of a log: what it adds up, and that it is the same however the log is cut and whatever is held of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from audit.core.settings import Settings
from audit.core.tier import Price, PriceStep, Tier
from audit.core.traffic import exact_sum
from audit.sampling.design import RouteNeeds
from audit.sampling.frame import RouteFrame, recomputed_usd, route_frames, rows_of
from audit.sampling.rows import SHAPE, billed_rows
from audit.sampling.run import Sample, draw_sample
from audit.sampling.spool import RECORD, Spool
from tests.traffic_at_size import measured_apart, prepare_folder, traffic_table

ROWS = 6_000
STEPS = (PriceStep(above=1000, input=0.3, output=0.5), PriceStep(above=3000, input=0.4, output=0.6))
SMALL = Tier(name="small", model="acme-medium-1", provider="simulated", price=Price(input=0.1, output=0.3, steps=STEPS))
OTHER = Tier(name="other", model="acme-small-1", provider="simulated", price=Price(input=0.1, output=0.3))


def changed(table: pa.Table) -> pa.Table:
    """The traffic with what a real log has: unknown costs, bodies that are missing, pictures, calls without a session,
    tenants without a name, prices worked out here."""
    frame = pl.DataFrame(pl.from_arrow(table))
    row = pl.int_range(pl.len())
    told = pl.col("cost_usd_logged")
    frame = frame.with_columns(
        cost_usd_logged=pl.when(row % 3 > 0).then(told),
        cost_usd_recomputed=pl.when(row % 31 > 0).then(told * 1.01),
        request_fp=pl.when(row % 41 > 0).then("request_fp"),
        has_images=row % 19 == 0,
        session_id=pl.when(row % 5 > 0).then("session_id"),
        tenant=pl.when(row % 23 > 0).then("tenant"),
        prompt_tokens=pl.when(row % 29 > 0).then("prompt_tokens"),
        completion_tokens=pl.when(row % 37 > 0).then("completion_tokens"),
        replayable=pl.when(row % 43 > 0).then(pl.col("replayable").cast(pl.String)).otherwise(pl.lit("none")),
    )
    return frame.to_arrow().cast(table.schema)


def written(folder: Path, cuts: list[int], row_group: int, *, of: int = ROWS) -> list[Path]:
    """The beginning of a log of so many calls, in files that are cut at some rows; of a longer one less repeats."""
    folder.mkdir()
    table = changed(traffic_table(0, ROWS, of))
    files = []
    for number, (start, end) in enumerate(zip([0, *cuts], [*cuts, ROWS], strict=True)):
        files.append(folder / f"traffic-{number:05}.parquet")
        pq.write_table(table.slice(start, end - start), files[-1], row_group_size=row_group)
    return files


def sampled(files: list[Path], **more: Any) -> tuple[list[RouteFrame], Sample]:
    """The frames and the sample of a plan."""
    entry = {"match": "*", "candidates": ["small"], "assert": [{"type": "equals", "value": "x"}]}
    settings = Settings.model_validate({"seed": 5, "routes": [entry], "margin": "8pt", **more})
    frames = route_frames(files, tiers=[SMALL, OTHER], seed=settings.seed)
    needs = {frame.route: RouteNeeds(entry=settings.routes[0], unsupported=None) for frame in frames}
    return frames, draw_sample(frames, needs, [SMALL, OTHER], settings)


def told(frames: list[RouteFrame]) -> list[Any]:
    """What frames say of their routes."""
    own = [field.name for field in fields(RouteFrame) if field.name != "pool"]
    return [([getattr(frame, name) for name in own], frame.pool.tokens.rows()) for frame in frames]


@pytest.mark.parametrize(("cuts", "row_group", "part"), [([1, 2, 3_000], 500, 97), ([4_999], 77, 11)])
def test_it_is_the_same_however_the_log_is_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cuts: list[int], row_group: int, part: int
) -> None:
    """Sums, draws and counts are those of the log at once: in files, row groups and parts of any size, with the spool
    on disk and its dollars put in order range by range."""
    files = written(tmp_path / "whole", [], 50_000)
    whole, sample = sampled(files, max_spend="$0.30")
    with monkeypatch.context() as small:
        small.setattr("audit.sampling.rows.PART_ROWS", part)
        small.setattr("audit.sampling.frame.Spool", partial(Spool, held=part))
        small.setattr("audit.sampling.pool.SORTED_AT_ONCE", 100)
        small.setattr("audit.core.partial.AT_ONCE", 50)
        cut, same = sampled(written(tmp_path / "cut", cuts, row_group), max_spend="$0.30")
    assert told(cut) == told(whole)
    assert same.table.equals(sample.table)
    assert same.designs == sample.designs
    assert same.tokens.equals(sample.tokens)
    assert sample.table.num_rows > 1000


def test_its_sums_are_those_of_the_rows(tmp_path: Path) -> None:
    """Every figure of a frame against the rows themselves."""
    files = written(tmp_path / "log", [2_000], 700)
    frames, _ = sampled(files)
    every = billed_rows(files).collect()
    held = rows_of(frames)
    for frame in frames:
        mine, rows = every.filter(pl.col("route") == frame.route), held[frame.route]
        assert (frame.requests, frame.spend_usd) == (mine.height, exact_sum(mine["cost_usd"]))
        assert (frame.replayable, frame.auditable_usd) == (rows.height, exact_sum(rows["cost_usd"]))
        assert frame.models == {
            str(name): exact_sum(part["cost_usd"]) for (name,), part in mine.partition_by("model", as_dict=True).items()
        }
        assert frame.replayable + sum(frame.unreplayable.values()) == frame.requests
        assert set(frame.unreplayable) == {"unknown", "body_not_captured", "cost_unknown"}
        assert sum(frame.unreplayable_usd.values()) + frame.auditable_usd == pytest.approx(frame.spend_usd, rel=1e-12)
        tenants = rows.group_by(pl.col("tenant").fill_null("")).agg(pl.len(), pl.col("cost_usd"))
        assert frame.segments["tenant"] == {name: (n, exact_sum(costs)) for name, n, costs in tenants.iter_rows()}
        for low, high in ((-1, 1000), (1000, 3000), (3000, np.inf)):
            part = rows.filter((pl.col("prompt_tokens") > low) & (pl.col("prompt_tokens") <= high))
            sums = frame.pool.between(low, high)
            assert (sums.requests, sums.usd) == (part.height, exact_sum(part["cost_usd"]))
            assert sums.counted("completion_tokens") == part["completion_tokens"].sum()
            assert sums.weighed("prompt") == pytest.approx((part["cost_usd"] * part["prompt_tokens"]).sum(), rel=1e-12)
        for name in SHAPE:
            assert sum(frame.shape[name]) == frame.requests
        on, off = frame.pool.on("acme/acme-medium-1"), frame.pool.without("acme-medium-1")
        assert on.requests == rows.filter(pl.col("model") == "acme-medium-1").height
        assert on.requests + off.requests == frame.replayable
        paid = rows.filter(pl.col("cost_usd") > 0)
        assert frame.pool.paid().tolist() == paid["cost_usd"].to_list()
        at = np.array([0, 3, paid.height - 1])
        assert frame.pool.take(frame.pool.paid_at(at))["row_id"].to_list() == paid["row_id"].gather(at).to_list()
    assert recomputed_usd(files) is None


def test_spend_by_the_price_table_is_told_of_a_whole_log_alone(tmp_path: Path) -> None:
    """One billable request without a list price, and there is no such sum."""
    table = changed(traffic_table(0, 900, 900))
    priced = pl.DataFrame(pl.from_arrow(table)).with_columns(pl.col("cost_usd_recomputed").fill_null(0.25))
    for name, rows in (("some", table), ("all", priced.to_arrow().cast(table.schema))):
        pq.write_table(rows, tmp_path / f"{name}.parquet", row_group_size=100)
    assert recomputed_usd([tmp_path / "some.parquet"]) is None
    known = billed_rows([tmp_path / "all.parquet"]).collect()["cost_usd_recomputed"]
    assert recomputed_usd([tmp_path / "all.parquet"]) == exact_sum(known)


def test_a_draw_is_read_by_its_place_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is read of the log for a sample is one pass for its rows and one for their requests, however many routes."""
    files = written(tmp_path / "log", [2_000], 700, of=100 * ROWS)
    passes: Counter[str] = Counter()
    whole, single = pq.ParquetFile.iter_batches, pq.ParquetFile.read_row_group

    def counted(self: pq.ParquetFile, *arguments: Any, **options: Any) -> Any:
        passes["passes"] += 1
        return whole(self, *arguments, **options)

    def one(self: pq.ParquetFile, *arguments: Any, **options: Any) -> Any:
        passes["groups"] += 1
        return single(self, *arguments, **options)

    monkeypatch.setattr(pq.ParquetFile, "iter_batches", counted)
    monkeypatch.setattr(pq.ParquetFile, "read_row_group", one)
    frames, _ = sampled(files)
    assert len(frames) == 5
    # Two files, for the frame and for who asked a request first; nine row groups, for what is drawn and for those.
    assert passes == {"passes": 4, "groups": 18}


@pytest.mark.slow
def test_memory_hardly_follows_the_log(tmp_path: Path) -> None:
    """A million more calls take a plan less memory than half of what their columns would: 500 bytes each."""
    sizes, peaks = (200_000, 1_200_000), []
    for rows in sizes:
        folder = tmp_path / str(rows)
        prepare_folder(folder, rows)
        peaks.append(measured_apart("plan", folder)["peak_mb"] * 1e6)
    assert (peaks[1] - peaks[0]) / (sizes[1] - sizes[0]) < 500


def test_a_spool_holds_what_it_may() -> None:
    """Beyond its limit records are on disk, and what is read back is what was added."""
    spool, draw, added = Spool(held=1000), np.random.default_rng(3), Counter[tuple[int, int]]()
    for number in range(50):
        records = np.zeros(300, dtype=RECORD)
        records["place"] = np.arange(300) + 300 * number
        cells = draw.integers(0, 7, 300).astype(np.uint32)
        spool.add(cells, records)
        added.update(zip(cells.tolist(), records["place"].tolist(), strict=True))
        assert spool.in_memory <= 1000
    for _ in range(2):
        read = Counter(
            (cell, int(place)) for cell in range(7) for block in spool.read([cell]) for place in block["place"]
        )
        assert read == added
    assert list(spool.read([99])) == []
