"""A replay in rounds, by the command line against a real local server: early stops, a shared cap, resuming."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from audit.cli.main import run
from tests.e2e.tiny import record
from tests.server import Endpoint, serving

REQUESTS = 880
"""Of a route: at a margin of four points enough for a Switch at the second look, where answers do not differ."""

CONFIG = """\
margin: 4pt
max_spend: ${cap}
ingest: {{route: metadata.route}}
slice: {{incumbent_min: 0, incumbent_share: 1%}}
tiers:
  - {{name: small, model: acme-small-1, provider: openai-compatible, base_url: "{url}", concurrency: 64,
     price: {{input: 1, output: 3}}}}
routes:
  - match: "*"
    candidates: [small]
    assert: [{{type: python, value: "file://scorers.py:as_logged_or_served"}}]
"""

SCORER = """\
def as_logged_or_served(exchange, completion):
    return completion.text == exchange.completion.text or (completion.text or "").startswith("answer ")
"""
"""Accepts every answer of the local server, and of the log nothing but what was logged."""


@pytest.fixture(scope="module")
def endpoint() -> Iterator[Endpoint]:
    """A server that answers everything."""
    with serving() as found:
        yield found


def write(folder: Path, endpoint: Endpoint, routes: tuple[str, ...], cap: str) -> tuple[Path, Path]:
    """A log with so many routes, and its configuration."""
    lines = [
        json.dumps(record(i * len(routes) + j, metadata={"route": route}))
        for i in range(REQUESTS)
        for j, route in enumerate(routes)
    ]
    log = folder / "log.jsonl"
    log.write_text("\n".join(lines) + "\n", "utf-8")
    (folder / "scorers.py").write_text(SCORER, "utf-8")
    config = folder / "audit.yaml"
    config.write_text(CONFIG.format(url=endpoint.base_url, cap=cap), "utf-8")
    return log, config


def audit(capsys: pytest.CaptureFixture[str], *argv: object) -> dict[str, Any]:
    """The findings that `audit replay` prints, of a run that has its journal alone."""
    capsys.readouterr()
    code = run(["replay", *map(str, argv), "--yes", "--json", "--no-store"])
    streams = capsys.readouterr()
    assert code == 0, streams.err
    document: dict[str, Any] = json.loads(streams.out)
    return document


def test_a_decided_route_stops_and_a_cut_run_goes_on(
    tmp_path: Path, endpoint: Endpoint, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a difference the second look decides, and what that spares is never asked; cut in its second round, the
    run asks for what is missing alone, concludes the same, and asks nothing when it is run again."""
    log, config = write(tmp_path, endpoint, ("/a",), "9")
    folder, before = tmp_path / "run", endpoint.stats().get("ok", 0)
    whole = audit(capsys, log, "--config", config, "--out", folder)
    (route,) = whole["routes"]
    assert (route["verdict"], route["looks"]) == ("switch", [2, 5])
    assert whole["replay"]["spared"] > 250
    assert whole["replay"]["spared_usd"] > 0
    assert whole["replay"]["complete"]
    assert endpoint.stats()["ok"] - before == whole["replay"]["done"] < REQUESTS - 250

    rounds = json.loads((folder / "rounds.json").read_text("utf-8"))
    assert len(rounds["rounds"]) == 3
    rounds["rounds"].pop()
    (folder / "rounds.json").write_text(json.dumps(rounds), "utf-8")
    journal = folder / "replays" / "journal.jsonl"
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join(lines[: len(lines) * 2 // 3]))
    before = endpoint.stats()["ok"]
    cut = audit(capsys, log, "--config", config, "--out", folder)
    assert 0 < endpoint.stats()["ok"] - before < len(lines) // 2
    assert said(cut) == said(whole)
    before = endpoint.stats()["ok"]
    assert said(audit(capsys, log, "--config", config, "--out", folder)) == said(whole)
    assert endpoint.stats()["ok"] == before


def said(findings: dict[str, Any]) -> Any:
    """What does not depend on how long an answer took: the verdict, its pairs and its dollars."""
    (route,) = findings["routes"]
    names = ("verdict", "reason", "quality_delta", "avoidable_usd", "looks", "share_moved")
    pairs = [{name: one[name] for name in ("tier", "n", "b", "c", "p_pass", "look")} for one in route["candidates"]]
    return {name: route[name] for name in names}, pairs


def test_a_fixed_sample_is_replayed_whole(
    tmp_path: Path, endpoint: Endpoint, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--fixed` takes no look before the end."""
    log, config = write(tmp_path, endpoint, ("/a",), "9")
    found = audit(capsys, log, "--config", config, "--out", tmp_path / "run", "--fixed")
    assert found["routes"][0]["looks"] == [1, 1]
    assert found["replay"]["spared"] == 0
    assert found["replay"]["done"] == REQUESTS


def test_routes_share_a_cap(tmp_path: Path, endpoint: Endpoint, capsys: pytest.CaptureFixture[str]) -> None:
    """A cap for one and a half samples decides two routes, because the first stops early."""
    cap = f"{REQUESTS * 1.5 * (120 * 1 + 3 * 3) / 1e6 / 0.9:.4f}"
    log, config = write(tmp_path, endpoint, ("/a", "/b"), cap)
    found = audit(capsys, log, "--config", config, "--out", tmp_path / "rounds")
    assert [route["verdict"] for route in found["routes"]] == ["switch", "switch"]
    assert found["replay_cost_usd"] <= float(cap)


def test_a_route_that_waits_for_money_is_not_said_to_have_stopped_early(
    tmp_path: Path, endpoint: Endpoint, capsys: pytest.CaptureFixture[str]
) -> None:
    """What early stops spared is of routes that needed no more, whether those that wait have begun or not; the same
    command with a higher cap goes on with these."""
    sample = REQUESTS * (120 * 1 + 3 * 3) / 1e6 / 0.9
    log, config = write(tmp_path, endpoint, ("/a", "/b", "/c"), f"{sample * 1.05:.4f}")
    found = audit(capsys, log, "--config", config, "--out", tmp_path / "run")
    decided = {route["route"] for route in found["routes"] if route["verdict"] == "switch"}
    assert decided
    assert decided != {"/a", "/b", "/c"}
    asked = Counter(pl.read_parquet(tmp_path / "run" / "replays" / "replays.parquet")["route"])
    assert found["replay"]["spared"] == sum(REQUESTS - asked[route] for route in decided)
    more = audit(capsys, log, "--config", config, "--out", tmp_path / "run", "--max-spend", "9")
    assert {route["verdict"] for route in more["routes"]} == {"switch"}
    assert more["replay"]["done"] + more["replay"]["spared"] == 3 * REQUESTS
