"""A run folder of any size, written column by column: what the viewer reads, without the hours of a real replay."""

from __future__ import annotations

import hashlib
import itertools
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from audit.core.artifacts import RunFolder, write_json, write_table
from audit.core.schemas import ACCEPTED, BODIES, REPLAYS, SCORES, SLICE, TRAFFIC

GROUP = 1_200
"""Rows in a row group of bodies, as `audit ingest` writes them."""


def column(field: pa.Field, values: list[Any]) -> pa.Array:
    """A column of the schema's type."""
    return (
        pa.array(values, pa.string()).cast(field.type)
        if pa.types.is_dictionary(field.type)
        else pa.array(values, field.type)
    )


def table(schema: pa.Schema, n: int, **columns: Any) -> pa.Table:
    """A table in which columns are functions of the row's number; obligatory ones without one are filled."""
    made = []
    for field in schema:
        of = columns.get(field.name)
        if callable(of):
            values = [of(i) for i in range(n)]
        elif field.name in columns:
            values = [of] * n
        elif field.nullable:
            values = [None] * n
        else:
            values = [_blank(field.type)] * n
        made.append(column(field, values))
    return pa.Table.from_arrays(made, schema=schema)


def _blank(kind: pa.DataType) -> Any:
    if pa.types.is_list(kind):
        return []
    if pa.types.is_boolean(kind):
        return False
    return 0 if pa.types.is_integer(kind) or pa.types.is_floating(kind) else ""


def ids(i: int) -> str:
    """The id of request number i: as in a real run, one that says nothing of where its row is."""
    return hashlib.blake2b(b"%d" % i, digest_size=8).hexdigest()


def question(i: int) -> str:
    """What is asked in request number i."""
    return f"Question {i} about order {7919 * i % 10_007}: is it late?"


def days(i: int) -> str:
    """What the log's model answers to request number i."""
    return f"It is late by {i % 9} days."


def other_days(i: int) -> str:
    """What the candidate answers to it."""
    return f"It is late by {i % 8} days."


def write_run(
    path: Path,
    n: int,
    *,
    filler: int = 1_500,
    question: Callable[[int], str] = question,
    answers: tuple[Callable[[int], str], Callable[[int], str]] = (days, other_days),
    worse: int = 7,
    better: int = 11,
) -> RunFolder:
    """n requests of two routes, each answered by one candidate.

    Args:
        path: Of the folder.
        n: Requests.
        filler: Characters of the system prompt of each.
        question: What is asked.
        answers: Of the log's model, and of the candidate.
        worse: The criteria reject every so many-th answer of the candidate.
        better: The criteria reject every so many-th answer of the log's model.
    """
    folder = RunFolder(path).create()
    words = ["".join(letters) for letters in itertools.product("bdfgklmnprst", "aeiou", "bdfgklmnprst")]
    rng = random.Random(8)

    def route(i: int) -> str:
        return "/support" if i % 2 else "/orders"

    def talk(_: int) -> str:
        return " ".join(rng.choices(words, k=filler // 4))

    write_table(
        folder.traffic / "traffic-00000.parquet",
        table(TRAFFIC, n, row_id=ids, request_id=lambda i: f"req-{i}", logical_request_id=ids, route=route,
              tenant=lambda i: f"team-{i % 9}", prompt_tokens=lambda i: 100 + i % 900, n_turns=lambda i: 1 + i % 5,
              prompt_chars=lambda i: 400 + i % 3_600, request_fp=lambda i: f"fp{i}", source_file="log.jsonl"),
    )  # fmt: skip
    bodies = table(
        BODIES,
        n,
        row_id=ids,
        messages=lambda i: json.dumps(
            [{"role": "system", "content": talk(i)}, {"role": "user", "content": question(i)}]
        ),
        response_text=answers[0],
    )
    folder.traffic.mkdir(exist_ok=True)
    pq.write_table(bodies, folder.traffic / "bodies-00000.parquet", compression="zstd", row_group_size=GROUP)
    write_table(
        folder.slice,
        table(SLICE, n, exchange_id=ids, route=route, purpose="quality", split="certification",
              request_fp=lambda i: f"fp{i}", draw_order=lambda i: 7 * i % n,
              incumbent_model="large", cost_usd=lambda i: 0.001 * (1 + i % 50),
              inclusion_prob=1.0, weight=1.0),
    )  # fmt: skip
    write_table(
        folder.replay_table,
        table(REPLAYS, n, request_fp=lambda i: f"fp{i}", route=route, tier="small", arm="candidate",
              status="ok", text=answers[1],
              completion_tokens=8, cost_usd=0.0001, served_from="network"),
    )  # fmt: skip
    right = {"incumbent": lambda i: i % better > 0, "candidate": lambda i: i % worse > 0}
    tiers = {"incumbent": "", "candidate": "small"}
    arms = [
        table(
            ACCEPTED,
            n,
            exchange_id=ids,
            route=route,
            arm=arm,
            tier=tiers[arm],
            accepted=good,
        )
        for arm, good in right.items()
    ]
    write_table(folder.accepted, pa.concat_tables(arms).unify_dictionaries())
    scores = [
        table(SCORES, n, exchange_id=ids, route=route, arm=arm, tier=tiers[arm], criterion=name,
              position=place, scorer="contains", status="scored", value=1.0, passed=good if place == 0 else True,
              reason="the days differ", evidence_json='{"expected": "3", "extracted": "4"}')
        for arm, good in right.items()
        for place, name in enumerate(("days are right", "is polite", "is short"))
    ]  # fmt: skip
    write_table(folder.scores, pa.concat_tables(scores).unify_dictionaries())
    write_json(folder.manifest, {"schema": "audit-run/1", "artifacts": {}})
    return folder
