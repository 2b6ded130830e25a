"""A portfolio's saved dollars, worked out again from the sample and the calls by nothing but sums.

No function of the product is used: what is drawn, how often, and what each call counted stand in the run's tables.
"""

from __future__ import annotations

import json
import math
import random
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from scipy.special import stdtrit

from audit.cli.main import run
from audit.core.artifacts import RunFolder, read_run
from audit.core.finding import Verdict
from tests.e2e.tiny import record, write_answered

REQUESTS = 260
INPUT, OUTPUT, LIMIT = 2, 6, 16
ROUTES = {"/add": "small", "/sum": "small", "/wrong": "bad"}
CONFIG = """\
margin: 12pt
guarantee: portfolio
ingest: {route: metadata.route}
slice: {looks: 1}
tiers:
  - {name: small, model: small-1, provider: simulated, price: {input: 2, output: 6},
     options: {answers: answers.jsonl, error_rates: {add: 0.0}}}
  - {name: bad, model: bad-1, provider: simulated, price: {input: 2, output: 6},
     options: {answers: answers.jsonl, error_rates: {add: 0.4}}}
routes:
  - {match: "/wrong", candidates: [bad], assert: [{type: equals, value: "{{incumbent.text}}"}]}
  - {match: "*", candidates: [small], assert: [{type: equals, value: "{{incumbent.text}}"}]}
"""


def audited(folder: Path) -> RunFolder:
    """Three routes of one portfolio, on two of which nothing is lost; costs of very different size."""
    rng, records = random.Random(4), []
    for number in range(REQUESTS * len(ROUTES)):
        route = list(ROUTES)[number % len(ROUTES)]
        one = record(number, response_cost=0.0002 * math.exp(rng.gauss(0, 1)))
        records.append(one | {"metadata": {"route": route, "team": "one"}})
    log = write_answered(folder, records)
    (folder / "audit.yaml").write_text(CONFIG, "utf-8")
    command = ["replay", str(log), "--config", str(folder / "audit.yaml"), "--out", str(folder / "run"), "--yes"]
    assert run(command) == 0
    return RunFolder(folder / "run")


def rows(path: Path) -> list[dict[str, Any]]:
    """A table as plain records."""
    return pl.read_parquet(path).with_columns(pl.col(pl.Categorical).cast(pl.String)).to_dicts()


def saved(draws: list[dict[str, Any]], calls: dict[str, dict[str, Any]], spend: float, requests: int) -> list[float]:
    """What moving a route saves, and how far the ends of its 95 % interval are: the estimate, below, above."""
    quality = [one for one in draws if one["purpose"] == "quality" and one["split"] == "certification"]
    by_cost = [one for one in draws if one["purpose"] == "dollars"]
    drawn = sum(one["weight"] for one in by_cost)
    masses, shares, worst = [], [], []
    for one in [*by_cost, *quality]:
        cost, call = one["cost_usd"], calls[one["request_fp"]]
        paid = (INPUT * call["prompt_tokens"] + OUTPUT * call["completion_tokens"]) / 1e6
        most = (INPUT * call["prompt_tokens"] + OUTPUT * LIMIT) / 1e6
        for _ in range(int(one["weight"]) if one["purpose"] == "dollars" else 1):
            masses.append(cost / (len(quality) / requests + drawn * cost / spend))
            shares.append(1 - paid / cost)
            worst.append(1 - max(paid, most) / cost)
    estimate = sum(m * z for m, z in zip(masses, shares, strict=True)) / sum(masses)
    lowest = min(0.0, sum(m * w for m, w in zip(masses, worst, strict=True)) / sum(masses))
    mean = sum(masses) / len(masses)
    masses, shares = [*masses, mean, mean], [*shares, lowest, 1.0]
    n, middle = len(masses), sum(m * z for m, z in zip(masses, shares, strict=True)) / sum(masses)
    squares = sum((m * (z - middle)) ** 2 for m, z in zip(masses, shares, strict=True))
    half = stdtrit(n - 1, 0.975) * math.sqrt(squares / (n - 1) / n) / (sum(masses) / n)
    low, high = middle - half, min(middle + half, 1.0)
    return [spend * estimate, spend * (estimate - low), spend * (high - estimate)]


def test_the_saved_dollars_of_a_portfolio_by_sums_alone(tmp_path: Path) -> None:
    """The estimate and both ends are within half a per cent of what the report says; what stays adds nothing."""
    folder = audited(tmp_path)
    findings = read_run(folder.path)
    verdicts = {route.route: route.verdict for route in findings.routes}
    assert verdicts["/wrong"] is not Verdict.SWITCH
    moved = [name for name, verdict in verdicts.items() if verdict is Verdict.SWITCH]
    assert len(moved) == len(ROUTES) - 1
    log = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text("utf-8").splitlines()]
    sample = rows(folder.slice)
    calls = {one["request_fp"]: one for one in rows(folder.replay_table) if one["arm"] == "candidate"}
    parts = []
    for name in moved:
        bills = [one["response_cost"] for one in log if one["metadata"]["route"] == name]
        draws = [one for one in sample if one["route"] == name]
        parts.append(saved(draws, calls, sum(bills), len(bills)))
    estimate = sum(part[0] for part in parts)
    low, high = (math.sqrt(sum(part[side] ** 2 for part in parts)) for side in (1, 2))
    told = findings.avoidable_usd
    assert told.est == pytest.approx(estimate, rel=0.005)
    assert told.lo == pytest.approx(estimate - low, rel=0.005)
    assert told.hi == pytest.approx(estimate + high, rel=0.005)
    # Ends that are no ends would be within half a per cent as well.
    assert low > 0.01 * estimate, (low, high, estimate)
