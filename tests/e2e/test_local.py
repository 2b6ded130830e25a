"""A tier that is no model, from the log to an answer in the caller's own process."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq
import pytest

from audit.cli.main import run
from audit.config.load import load_settings
from audit.core.artifacts import RunFolder, read_json, write_json, write_table
from audit.core.errors import LineageError
from audit.core.exchange import Request
from audit.core.reason import Reason
from audit.flow.preparation import prepare
from audit.flow.sequential import replay, score
from audit.policy.export import export_expressible
from audit.policy.exporter import CannotExpress
from audit.policy.exports import EXPORTERS
from audit.policy.local import LearnedAnswers
from audit.policy.policy_file import read_run_policy
from audit.policy.router import Router
from tests.e2e.tiny import record
from tests.imitation import worlds

CONFIG = """\
margin: 5pt
max_spend: $1
store: {keep: false}
slice: {looks: 1}
ingest: {route: metadata.route, tenant: metadata.team}
tiers:
  - {name: rules-tickets, provider: local, options: {route: tickets}}
  - {name: rules-orders, provider: local, options: {route: orders}}
  - {name: rules-chat, provider: local, options: {route: chat}}
routes:
  - {match: "*", confirmed: true, assert: [{type: equals, value: "{{incumbent.text}}"}]}
"""
ROUTES = {"tickets": worlds.rule, "orders": worlds.template, "chat": worlds.chatter}


def written(folder: Path) -> Path:
    """A log of three routes, and its configuration."""
    rng, lines = random.Random(1), []
    for number in range(600):
        route = list(ROUTES)[number % 3]
        made = ROUTES[route](rng)
        one: dict[str, Any] = record(number, messages=[{"role": "user", "content": made.text}])
        one["response"]["choices"][0]["message"]["content"] = made.answer
        lines.append(json.dumps({**one, "metadata": {**one["metadata"], "route": route}}))
    folder.mkdir(parents=True)
    (folder / "log.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    (folder / "audit.yaml").write_text(CONFIG, "utf-8")
    return folder / "log.jsonl"


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """A finished run."""
    log = written(tmp_path_factory.mktemp("local") / "a")
    folder = RunFolder(log.parent / "run")
    replay([log], load_settings(log.parent / "audit.yaml"), folder, consent=lambda quoted: quoted.at_most_usd == 0)
    return folder


def test_from_the_log_to_an_answer(audited: RunFolder) -> None:
    """Two routes are switched for nothing, the third says why it is not asked; no gateway takes it, a caller does."""
    findings = read_json(audited.findings)
    done = {one["route"]: one["recommendation"] for one in findings["routes"]}
    assert {name: one["tier"] for name, one in done.items() if one["kind"] == "static"} == {
        "orders": "rules-orders",
        "tickets": "rules-tickets",
    }
    designs = {one["route"]: one for one in read_json(audited.plan)["designs"]}
    assert designs["chat"]["why"]["reason"] == Reason.NEITHER_LABEL_NOR_PART
    assert designs["chat"]["candidates"] == []
    assert findings["replay_cost_usd"] == 0
    assert set(findings["replay"]["served_from"]) == {"local"}
    assert findings["simulated"] == []
    assert any("is no model: rules learned from the log" in note for note in findings["caveats"])

    path = audited.policy
    router, rules = Router.load(path), LearnedAnswers.load(path)
    assert not read_json(audited.served)["tiers"]["rules-tickets"]["held_out"]
    for route, world in (("tickets", worlds.rule), ("orders", worlds.template)):
        for one in worlds.drawn(world, 20, seed=9).values():
            request = Request(request_fp="", messages=[{"role": "user", "content": one.text}])
            decision = router.route(route, request)
            assert rules.serves(decision)
            assert rules.answer(decision, request).text == one.answer
    assert not rules.serves(router.route("chat", request))
    for target in set(EXPORTERS.names) - {"policy-json"}:
        with pytest.raises(CannotExpress):
            export_expressible(read_run_policy(audited), target)


def test_what_nothing_bills_has_no_interval(audited: RunFolder) -> None:
    """Rules save all that was paid for what can be replayed: in no figure may an unseen answer cost anything."""
    for one in read_json(audited.findings)["routes"]:
        paid = one["auditable_usd"]
        for candidate in one["candidates"]:
            assert candidate["saving_usd"] == {"est": paid, "lo": paid, "hi": paid, "level": 0.95}
            for scenario in candidate["cost"]["scenarios"]:
                assert scenario["cost_usd"] == {"est": 0.0, "lo": 0.0, "hi": 0.0, "level": 0.95}
        if recommended := one["recommendation"]:
            saved = one["avoidable_usd"]
            assert saved["lo"] == saved["est"] == saved["hi"] == (paid if recommended["tier"] else 0)


def test_a_policy_is_written_with_its_rules(
    audited: RunFolder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Wherever it goes as a folder, it serves from there; as a file alone, it is said where its rules are."""
    request = Request(request_fp="", messages=[{"role": "user", "content": "a refund, please"}])
    for output in (None, f"{tmp_path}/there/"):
        assert run(["policy", str(audited.path), *(["-o", output] if output else [])]) == 0
        (path,) = (Path(line) for line in capsys.readouterr().out.splitlines() if line.endswith("policy.json"))
        router, rules = Router.load(path), LearnedAnswers.load(path)
        assert rules.answer(router.route("tickets", request), request).text == "billing"
    for output in (str(tmp_path / "alone.json"), "-"):
        assert run(["policy", str(audited.path), "-o", output]) == 0
        said = " ".join(capsys.readouterr().err.split())
        assert f"It answers by the rules in {audited.served}" in said


def test_scored_again_it_says_the_same(audited: RunFolder, tmp_path: Path) -> None:
    """Rescoring finds every answer; what was learned since is refused, and so is a policy's file of another run."""
    copy = RunFolder(tmp_path / "run")
    shutil.copytree(audited.path, copy.path)
    settings = load_settings(audited.path.parent / "audit.yaml")
    before = audited.findings.read_bytes()
    score(copy, settings)
    assert copy.findings.read_bytes() == before
    learned = read_json(copy.learned)
    learned["tiers"]["rules-tickets"]["params"]["otherwise"] = "else"
    write_json(copy.learned, learned)
    with pytest.raises(LineageError):
        score(copy, settings)
    served = read_json(copy.served)
    served["tiers"]["rules-orders"]["params"]["fields"][0]["left"] = "no. "
    write_json(copy.served, served)
    with pytest.raises(LineageError):
        LearnedAnswers.load(copy.policy)


def test_what_the_log_holds_masked_certifies_nothing(tmp_path: Path) -> None:
    """Where the answer depends on whether there is an address, and where it names one, a rule is right on the masked
    log alone: whoever is served says the address, and would be answered with a placeholder."""
    rng, lines = random.Random(2), []
    for number in range(600):
        has = rng.random() < 0.5
        said = f"{' '.join(rng.sample(worlds.WORDS, 4))} {f'mail ada{number}@example.org' if has else 'mail none'}"
        route, answer = ("tickets", "yes" if has else "no") if number % 2 else ("orders", "write to help@example.org")
        one: dict[str, Any] = record(number, messages=[{"role": "user", "content": said}])
        one["response"]["choices"][0]["message"]["content"] = answer
        lines.append(json.dumps({**one, "metadata": {**one["metadata"], "route": route}}))
    log = tmp_path / "log.jsonl"
    log.write_text("\n".join(lines) + "\n", "utf-8")
    tiers = CONFIG.replace("  - {name: rules-chat, provider: local, options: {route: chat}}\n", "")
    (tmp_path / "audit.yaml").write_text(tiers.replace("ingest: {", "ingest: {redact: [email], "), "utf-8")
    folder = RunFolder(tmp_path / "run")
    replay([log], load_settings(tmp_path / "audit.yaml"), folder, consent=lambda _: True)
    assert [one["recommendation"]["kind"] for one in read_json(folder.findings)["routes"]] == [None, None]
    assert "<email" not in (folder.learned.read_text() if folder.learned.exists() else "")


def test_certification_draws_teach_nothing(audited: RunFolder, tmp_path: Path) -> None:
    """Other answers to what is no tuning draw: the same is learned. Another answer to one tuning draw: not."""
    draws = pl.read_parquet(audited.slice).with_columns(pl.col(pl.Categorical).cast(pl.String))
    tuning = draws.filter((pl.col("split") == "tuning") & (pl.col("route") != "chat"))
    held_out = read_json(audited.learned)["tiers"]["rules-tickets"]["held_out"]
    assert set(held_out) == set(tuning.filter(pl.col("route") == "tickets")["request_fp"])
    certifying = draws.filter(pl.col("split") == "certification", pl.col("purpose") == "quality")
    assert not set(held_out) & set(certifying["request_fp"])
    settings = load_settings(audited.path.parent / "audit.yaml")

    def learned(name: str, changed: pl.Expr) -> bytes:
        copy = RunFolder(tmp_path / name)
        shutil.copytree(audited.path, copy.path)
        for path in copy.body_files():
            other = pl.when(changed).then(pl.lit("another answer")).otherwise(pl.col("response_text"))
            bodies = pl.read_parquet(path).with_columns(response_text=other)
            write_table(path, bodies.to_arrow().cast(pq.read_schema(path)))
        copy.note_traffic()
        made = prepare([audited.path.parent / "log.jsonl"], settings, copy).plan
        assert made.expected_usd == made.at_most_usd == 0
        return copy.learned.read_bytes()

    mine = pl.col("row_id").is_in(tuning["exchange_id"].implode())
    # A fifth of the others: criteria would tell nothing of a route that says one thing always.
    some = pl.int_range(pl.len()) % 5 == 0
    assert learned("others", ~mine & some) == audited.learned.read_bytes()
    assert learned("mine", mine & some) != audited.learned.read_bytes()
