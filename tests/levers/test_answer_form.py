"""Answers that are not the JSON that was demanded: counted where the same request followed, else an upper end."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from audit.core.levers import Kind, LeverLine, LeverName
from audit.levers.answer_form import keeps_form
from audit.levers.run import measure_levers
from tests.levers.oracle import bills, unreadable, unused
from tests.levers.planted import rates_of, row, write, write_answers

OBJECT = {"type": "json_object"}
SCHEMA = {
    "type": "json_schema",
    "json_schema": {"name": "label", "schema": {"type": "object", "required": ["label", "sure"]}},
}
GOOD = '{"label": "a", "sure": true}'
ANSWERS = (GOOD, f"```json\n{GOOD}\n```", '{"label": "a"}', "The label is a.", "", '{"label": "a", "sure": tr', "[1]")
SEEDS = 200


def planted(seed: int, size: int = 120) -> list[dict[str, Any]]:
    """Requests that demand JSON or nothing, answered well and badly, some of them asked again in their trace."""
    chance, rows, now = random.Random(seed), list[dict[str, Any]](), 0.0
    for _ in range(size):
        now += chance.choice([0.9, 4.1, 60.3])
        made = row(
            now,
            request_fp=f"fp-{chance.randrange(10)}",
            trace_id=f"trace-{chance.randrange(10)}",
            params=chance.choice(['{"temperature":0}', '{"temperature":0.7}', "{}"]),
            status=chance.choice(["ok"] * 9 + ["partial"]),
            finish_reason=chance.choice(["stop"] * 6 + ["length", "tool_calls"]),
            latency_ms=chance.choice([500.0, 9_000.0]),
            completion_tokens=chance.randrange(1, 900),
            streaming=True,
        )
        made |= {"form": chance.choice([None, {"type": "text"}, OBJECT, SCHEMA]), "answer": chance.choice(ANSWERS)}
        made |= {"calls": "[]"} if chance.random() < 0.1 else {}
        rows.append(made)
    return rows


def line_of(rows: list[dict[str, Any]], folder: Path) -> LeverLine:
    """The ledger's line of unused answers, texts read."""
    found = measure_levers(write(folder, rows), rates_of, write_answers(folder, rows))
    return next(one for one in found.lines if one.lever is LeverName.UNUSED_ANSWERS)


def as_by_brute_force(rows: list[dict[str, Any]], folder: Path) -> bool:
    """Whether dollars, requests and the upper end are those of each request looked at alone, to the last."""
    found, gone = line_of(rows, folder), unused(rows)
    paid, after, *_ = bills(rows)
    alone = [one for n, one in enumerate(rows) if unreadable(one) and n not in gone]
    bound = [part for part in found.parts if part.kind is Kind.PARSE_FAILED_ALONE]
    counted = [n for n in gone if unreadable(rows[n])]
    return (
        found.requests == len(gone)
        and abs(found.usd - (paid - after)) < 1e-9
        and sum(p.requests for p in found.parts if p.kind is Kind.PARSE_FAILED) == len(counted)
        and sum(p.requests for p in bound) == len(alone)
        and abs(sum(p.at_most_usd for p in bound) - sum(one["cost_usd_logged"] for one in alone)) < 1e-9
    )


@pytest.mark.parametrize("seed", range(3))
def test_planted_failures_are_found_exactly(seed: int, tmp_path: Path) -> None:
    """Where the same request followed they are counted, whatever the temperature; elsewhere they are an upper end."""
    rows = planted(seed)
    assert any(unreadable(rows[n]) for n in unused(rows))
    assert as_by_brute_force(rows, tmp_path)


def test_without_texts_nothing_is_said_of_answers(tmp_path: Path) -> None:
    """The first screen reads no bodies, and bodies of an older run may lack the columns."""
    rows = planted(1)
    (line, *_) = measure_levers(write(tmp_path, rows), rates_of).lines
    assert not {Kind.PARSE_FAILED, Kind.PARSE_FAILED_ALONE} & {part.kind for part in line.parts}


@pytest.mark.parametrize(
    ("form", "text", "kept"),
    [
        ('{"type":"json_object"}', "Sorry.", False),
        ('{"type":"json_object"}', " {} ", True),
        ('{"type":"json_object"}', "~~~\n{}\n~~~\n", True),
        ('{"type":"json_object"}', "{} and more", False),
        ('{"type":"json_object"}', '{"a": "... (litellm_truncated 900 chars)', True),
        ('{"type":"json_schema","schema":{"required":["a"]}}', '{"b": 1}', False),
        ('{"type":"json_schema","json_schema":{"schema":{"type":"array","required":["a"]}}}', "[]", True),
        ('{"type":"json_schema","json_schema":7}', "1", True),
        ('{"type":"json_schema","json_schema":{"schema":{"required":"a"}}}', "1", True),
        ('{"type":"grammar"}', "x", True),
        ("json_object", "x", True),
        ("[" * 5000, "x", True),
        ('{"type":"json_object"}', "[" * 5000, False),
        ('{"type":"json_object"}', '"\ud800"', False),
    ],
)
def test_what_a_form_demands(form: str, text: str, kept: bool) -> None:
    """Only what the request says counts, and nothing that a log may hold stops the ledger."""
    assert keeps_form(form, text) is kept


@pytest.mark.slow
def test_failures_are_found_exactly_in_many_logs(tmp_path: Path) -> None:
    """Over 200 seeds: dollars and requests to the last."""
    exact = 0
    for seed in range(SEEDS):
        (place := tmp_path / str(seed)).mkdir()
        exact += as_by_brute_force(planted(seed, 20 + seed % 90), place)
    print(f"\nanswers in the wrong form: exact {exact}/{SEEDS}")
    assert exact == SEEDS
