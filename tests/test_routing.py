"""What a policy moves of the whole log: counted in one pass over its bodies, whatever is counted."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from audit.certificate.policies import MovedTraffic, MovesRequest
from audit.core.artifacts import RunFolder, rows_table
from audit.core.exchange import Request
from audit.core.schemas import BODIES, TRAFFIC
from audit.core.settings import Settings
from audit.flow.routing import policy_inputs_of
from audit.sampling.frame import RouteFrame
from tests.held import held_frames

ROUTES = ("/a", "/b", "/c")


def long_prompt(requests: list[Request]) -> Any:
    """A rule that is not the same on every request."""
    return np.array([len(request.last_user) % 3 == 0 for request in requests])


def a_log(folder: RunFolder, n: int, *, group: int) -> list[RouteFrame]:
    """A log of n rows in three files; some requests repeat, also across routes, and cost something else each time."""
    folder.traffic.mkdir(parents=True)
    traffic = [{"row_id": f"row{i:06}", "request_fp": f"fp{i % (n - n // 5)}", "params": "{}"} for i in range(n)]
    bodies = [
        {"row_id": row["row_id"], "messages": json.dumps([{"role": "user", "content": "x" * (int(fp) % 7)}])}
        for row in traffic
        for fp in [row["request_fp"][2:]]
    ]
    third = n // 3 + 1
    for name, rows, schema in (("traffic", traffic, TRAFFIC), ("bodies", bodies, BODIES)):
        some = {"row_id", "request_fp", "params", "messages", "tools", "tool_choice", "response_format"}
        columns = pa.schema([field for field in schema if field.name in some])
        for part in range(3):
            table = rows_table(rows[part * third : (part + 1) * third], columns)
            pq.write_table(table, folder.traffic / f"{name}-{part:05}.parquet", row_group_size=group)
    rows_ = pl.DataFrame(traffic).with_columns(cost_usd=pl.Series([0.1 + i % 11 for i in range(n)]))
    return held_frames({route: rows_.gather_every(3, offset) for offset, route in enumerate(ROUTES)})


def count(folder: RunFolder, frames: list[RouteFrame], rules: dict[str, MovesRequest]) -> dict[str, MovedTraffic]:
    """Through the door that the findings use."""
    return dict(policy_inputs_of(folder, Settings(), frames, set()).count_moved(rules, {}))


def test_counts_are_those_of_every_request(tmp_path: Path) -> None:
    """Requests that repeat count as often as they were billed, each with its own cost."""
    folder = RunFolder(tmp_path)
    frames = a_log(folder, 3000, group=100)
    found = count(folder, frames, dict.fromkeys(ROUTES, long_prompt))
    for frame in frames:
        lengths = [int(fp[2:]) % 7 for fp in frame.rows["request_fp"]]
        going = [length % 3 == 0 for length in lengths]
        costs = [cost for cost, goes in zip(frame.rows["cost_usd"], going, strict=True) if goes]
        assert found[frame.route].requests == frame.rows.height
        assert found[frame.route].moved == sum(going)
        assert found[frame.route].usd == pytest.approx(sum(costs), rel=1e-12)


def test_every_body_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Twice the log is twice the reads, three routes are no more than one, and no request is asked about twice."""
    bodies_read = 0
    asked: Counter[str] = Counter()
    whole = pq.ParquetFile.read_row_group

    def counted(self: pq.ParquetFile, group: int, columns: list[str], **options: Any) -> pa.Table:
        nonlocal bodies_read
        bodies_read += 1
        return whole(self, group, columns=columns, **options)

    def rule(requests: list[Request]) -> Any:
        asked.update(request.request_fp for request in requests)
        return long_prompt(requests)

    monkeypatch.setattr(pq.ParquetFile, "read_row_group", counted)
    found = {}
    for n in (3000, 6000):
        for routes in (("/a",), ROUTES):
            folder = RunFolder(tmp_path / f"{n}-{len(routes)}")
            frames = a_log(folder, n, group=100)
            bodies_read = 0
            asked.clear()
            count(folder, frames, dict.fromkeys(routes, rule))
            found[n, len(routes)] = bodies_read
            if len(routes) == 1:
                assert set(asked.values()) == {1}
    assert found[6000, 3] <= 2 * found[3000, 3] + 3
    assert found[3000, 3] <= 33


def test_nothing_recommended_reads_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run without a policy that decides before the call does not read the log again."""
    folder = RunFolder(tmp_path)
    frames = a_log(folder, 300, group=100)
    bench = policy_inputs_of(folder, Settings(), frames, set())
    monkeypatch.setattr(pq.ParquetFile, "read_row_group", lambda *_, **__: pytest.fail("the log was read"))
    assert bench.count_moved({}, {}) == {}
