"""Hostile replies: each costs its call, is in the books, and never ends the run."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pyarrow.parquet as pq

from audit.core.artifacts import RunFolder
from audit.core.errors import Incomplete
from audit.replay.table import money_spent
from tests.cases.frame import CASES, Family, Result
from tests.replay.test_run import URL, go
from tests.replay.world import tier, world

SOURCE = CASES / "hostile" / "replies.jsonl"
CALLS = 3


def run() -> Iterator[Result]:
    """Every reply of the file, as the only answer of a server to three calls."""
    for line in SOURCE.read_text("utf-8").splitlines():
        case = json.loads(line)
        body = case["raw"].encode() if "raw" in case else json.dumps(case["body"]).encode()
        expected = f"{CALLS} rows, each with a status, and what was billed in the books"
        try:
            got, right = _replayed(case["status"], body)
        except Exception as error:  # whatever escapes is what this family is about
            got, right = f"escaped: {type(error).__name__}", False
        yield Result(case=case["why"], expected=expected, got=got, right=right)


def _replayed(status: int, body: bytes) -> tuple[str, bool]:
    def answer(request: httpx.Request) -> httpx.Response:
        return (
            httpx.Response(200, json={"data": []}) if request.method == "GET" else httpx.Response(status, content=body)
        )

    with tempfile.TemporaryDirectory() as name:
        folder, ended = RunFolder(Path(name)), ""
        try:
            go(world(URL, CALLS, tier(URL)), Path(name), httpx.MockTransport(answer), settings={"attempts": 2})
        except Incomplete as error:
            ended = f", {error.code}"
        rows = pq.read_table(folder.replay_table).to_pylist()
        money = money_spent(folder.journal)
        booked = money.spent_usd + money.lost_usd
    billed = status == 200
    got = f"{len(rows)} rows: {', '.join(sorted({row['status'] for row in rows}))}; ${booked:.6f}{ended}"
    return got, len(rows) == CALLS and (booked > 0 or not billed) and not ended


FAMILY = Family(name="replies", source=SOURCE, run=run)
