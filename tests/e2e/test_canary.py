"""A canary by user, watched on a whole run: its users are found in the log by what is kept of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from audit.cli.main import run
from audit.core.artifacts import RunFolder
from audit.core.policy import Canary, CanaryKey
from audit.core.settings import Settings
from audit.flow.watching import watch
from audit.policy.router import Router
from tests.e2e.tiny import record, write_answered
from tests.policy.world import RULES, entry, policy, request

CONFIG = """\
ingest: {route: metadata.route}
tiers:
  - {name: large, model: acme-large-1, provider: simulated, price: {input: 1.0, output: 3.0},
     options: {answers: answers.jsonl, error_rates: {add: 0.2}}}
  - {name: small, model: acme-small-1, provider: simulated, price: {input: 0.1, output: 0.3},
     options: {answers: answers.jsonl, error_rates: {add: 0.2}}}
routes:
  - match: "*"
    candidates: [large, small]
    assert: [{type: equals, value: "{{incumbent.text}}"}]
"""
REQUESTS = 60


@pytest.mark.slow
def test_users_of_a_canary_are_counted(tmp_path: Path) -> None:
    """All requests of whom the router let in, moved or not, and no others."""
    users = [f"user-{number % 30}" for number in range(REQUESTS)]
    records = [record(number, end_user=user) for number, user in enumerate(users)]
    log = write_answered(tmp_path, records)
    (tmp_path / "audit.yaml").write_text(CONFIG, "utf-8")
    target = tmp_path / "run"
    argv = ["replay", str(log), "--config", str(tmp_path / "audit.yaml"), "--out", str(target), "--fixed", "--yes"]
    assert run(argv) == 0
    by_user = Canary(share=0.4, salt="s", by=CanaryKey.USER)
    routed = replace(RULES, route="/add", canary=by_user)
    router = Router(policy(replace(entry("/add"), canary=by_user)))
    inside = [name for name, user in enumerate(users) if router.route("/add", request("?"), user).cheap]
    sampled = pl.read_parquet(RunFolder(target).slice).filter(purpose="quality")["exchange_id"]
    traffic = pl.read_parquet(RunFolder(target).traffic_files()).sort("started_at")["row_id"]
    held = {traffic[name] for name in inside}
    found = watch(target, policy(routed), Settings()).pairs["/add"]
    assert found.n == sum(name in held for name in sampled)
    assert 0 < found.n < watch(target, policy(replace(routed, canary=None)), Settings()).pairs["/add"].n
