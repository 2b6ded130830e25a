"""Packs made up by somebody who makes every view anew and every digest fit: what is worked out again finds them."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from audit.core.finding import Case, Findings
from audit.core.plain import from_plain, to_plain
from audit.core.plan import plan_from_plain
from audit.flow.evidence import packing
from audit.flow.evidence.packed_tables import CALLS, COLUMNS, DRAWS, SCORES, TERMS, VERDICTS
from audit.flow.evidence.retest import retested
from audit.pack.archive import Members, write_members
from audit.pack.evidence import Content, facts_of, json_bytes, prices_bytes, report_bytes, sha256, summary_bytes
from audit.pack.verify import Verification

Pack = dict[str, bytes]
TIMES = 10


@pytest.fixture(scope="module")
def members(evidence: Path) -> Pack:
    """The pack of the demo's run."""
    with Members(evidence) as opened:
        return {name: opened.read(name) for name in opened.names}


def dearer(value: Any, money: bool = False) -> Any:
    """A JSON value with every dollar times ten, in intervals too."""
    if isinstance(value, dict):
        return {name: item if name == "level" else dearer(item, money or "usd" in name) for name, item in value.items()}
    if isinstance(value, list):
        return [dearer(item, money) for item in value]
    return value * TIMES if money and isinstance(value, int | float) and not isinstance(value, bool) else value


def changed(pack: Pack, name: str, change: Callable[[Any], Any]) -> None:
    """Change a JSON member."""
    if name in pack:
        pack[name] = json_bytes(change(json.loads(pack[name])))


def table(pack: Pack, name: str, **columns: pl.Expr) -> None:
    """Change columns of a table."""
    buffer = io.BytesIO()
    pl.read_ndjson(io.BytesIO(pack[name]), schema=COLUMNS[name]).with_columns(**columns).write_ndjson(buffer)
    pack[name] = buffer.getvalue()


def in_dollars(pack: Pack) -> None:
    """Every dollar of the findings, the plan and the cases."""
    for name in ("findings.json", "plan.json", "history.json", "renewal.json"):
        changed(pack, name, dearer)
    lines = [dearer(json.loads(line)) for line in pack["cases.jsonl"].decode().splitlines()]
    pack["cases.jsonl"] = "".join(
        json.dumps(to_plain(from_plain(Case, line)), sort_keys=True, separators=(",", ":"), ensure_ascii=False) + "\n"
        for line in lines
    ).encode()


def in_dollars_of_draws(pack: Pack) -> None:
    """Those of the draws and of the calls as well."""
    in_dollars(pack)
    table(pack, DRAWS, cost_usd=pl.col("cost_usd") * TIMES)
    table(pack, CALLS, cost_usd=pl.col("cost_usd") * TIMES, lost_usd=pl.col("lost_usd") * TIMES)


def in_prices(pack: Pack) -> None:
    """And the prices that the findings and the tables name."""

    def tiers(value: Any) -> Any:
        for tier in value.values():
            tier["price"] |= {key: tier["price"][key] * TIMES for key in ("input", "output")}
        return value

    in_dollars_of_draws(pack)
    changed(pack, TERMS, lambda terms: {**terms, "tiers": tiers(terms["tiers"])})
    changed(
        pack,
        "findings.json",
        lambda one: {**one, "provenance": {**one["provenance"], "tiers": tiers(one["provenance"]["tiers"])}},
    )


def in_verdicts(pack: Pack) -> None:
    """Every answer of a candidate is accepted."""
    table(pack, VERDICTS, accepted=pl.when(pl.col("arm") == "candidate").then(True).otherwise(pl.col("accepted")))


def in_scores(pack: Pack) -> None:
    """Every criterion holds of every answer, and every answer is accepted."""
    in_verdicts(pack)
    table(pack, SCORES, passed=pl.when(pl.col("arm") == "candidate").then(True).otherwise(pl.col("passed")))
    table(pack, SCORES, status=pl.when(pl.col("arm") == "candidate").then(pl.lit("scored")).otherwise(pl.col("status")))


def in_some_scores(pack: Pack) -> None:
    """Two answers of one candidate change places: the counts of everything stay what they were."""
    scores = pl.read_ndjson(io.BytesIO(pack[SCORES]), schema=COLUMNS[SCORES])
    rows = scores.with_row_index("at").filter(
        (pl.col("route") == "/policy-qa") & (pl.col("arm") == "candidate") & (pl.col("criterion") == "equals")
    )
    turned = [rows.filter(pl.col("passed") == passed)["at"][0] for passed in (True, False)]
    at = pl.int_range(pl.len()).is_in(turned)
    table(pack, SCORES, passed=pl.when(at).then(~pl.col("passed")).otherwise(pl.col("passed")))


def in_answers_left_out(pack: Pack) -> None:
    """Nobody shall read what the answers were."""
    lines = pack["cassette/completions.jsonl"].splitlines(keepends=True)
    pack["cassette/completions.jsonl"] = b"".join(lines[::2])


def in_what_answers_are_compared_with(pack: Pack) -> None:
    """Nobody shall read what the right answers are."""
    pack["cassette/compared.jsonl"] = pack["cassette/compared.jsonl"].replace(b'"reference":"', b'"reference":"x')


def made_to_fit(pack: Pack, path: Path) -> Path:
    """The pack with its plan's id, its views and its digests made anew."""
    findings = from_plain(Findings, json.loads(pack["findings.json"]))
    plan = plan_from_plain(json.loads(pack["plan.json"]))
    findings = replace(findings, provenance=replace(findings.provenance, plan_sha256=plan.plan_id))
    pack["findings.json"] = json_bytes(to_plain(findings))
    changed(pack, "rounds.json", lambda rounds: {**rounds, "plan": plan.plan_id})
    cases = [from_plain(Case, json.loads(line)) for line in pack["cases.jsonl"].decode().splitlines()]
    pack["report.html"] = report_bytes(Content(findings=findings, cases=cases), "sample")
    pack["summary.md"], pack["prices.json"] = summary_bytes(findings), prices_bytes(findings)
    index = json.loads(pack.pop("pack.json")) | facts_of(findings)
    index["files"] = {name: {"bytes": len(data), "sha256": sha256(data)} for name, data in pack.items()}
    write_members(path, {**pack, "pack.json": json_bytes(index)})
    return path


def failing(checked: Verification) -> set[str]:
    """Names of the checks that do not hold."""
    return {check.name for check in checked.checks if not check.holds}


@pytest.mark.parametrize(
    ("forge", "found"),
    [
        (in_dollars, {"dollars"}),
        (in_dollars_of_draws, {"prices"}),
        (in_prices, {"prices"}),
        (in_verdicts, {"scores", "pairs"}),
        (in_scores, {"pairs", "answers"}),
        (in_some_scores, {"answers"}),
        (in_answers_left_out, {"answers"}),
        (in_what_answers_are_compared_with, {"answers"}),
    ],
)
def test_the_tables_contradict_what_was_forged(forge: Callable[[Pack], None], found: set[str], members: Pack) -> None:
    """However much is made to fit, what is left of the evidence says otherwise."""
    pack = dict(members)
    forge(pack)
    findings = from_plain(Findings, json.loads(pack["findings.json"]))
    plan = plan_from_plain(json.loads(pack["plan.json"]))
    assert found <= {name for name, wrong in retested(findings, plan, pack).items() if wrong}


def test_what_nobody_looks_at_is_not_in_a_table(members: Pack) -> None:
    """A column more would be evidence of nothing."""
    pack = {**members, DRAWS: members[DRAWS].replace(b'{"exchange_id"', b'{"extra":1,"exchange_id"', 1)}
    findings = from_plain(Findings, json.loads(pack["findings.json"]))
    with pytest.raises(ValueError, match="more than it should"):
        retested(findings, plan_from_plain(json.loads(pack["plan.json"])), pack)


def test_a_full_forgery_fails(members: Pack, tmp_path: Path) -> None:
    """Every dollar times ten, views made anew, digests made to fit; and the same without the tables that show it."""
    pack = dict(members)
    in_dollars(pack)
    assert "dollars" in failing(packing.verify(made_to_fit(dict(pack), tmp_path / "forged.zip")))
    for name in [*COLUMNS, TERMS]:
        del pack[name]
    assert "tables/" in failing(packing.verify(made_to_fit(pack, tmp_path / "stripped.zip")))
