"""A small run folder, made by hand: traffic, bodies, slice and replays."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa

from audit.core import schemas
from audit.core.artifacts import RunFolder, rows_table, write_table
from audit.core.fingerprint import prompt_hash, request_fp
from audit.core.settings import Settings

TRAFFIC: dict[str, Any] = {
    "attempt_index": 0,
    "is_final_attempt": True,
    "started_at_resolution": "s",
    "operation": "chat",
    "params_defaulted": [],
    "usage_basis": "logged",
    "cost_basis": "logged",
    "status": "ok",
    "feedback": [],
    "tags": [],
    "has_images": False,
    "has_audio": False,
    "n_turns": 1,
    "n_tools": 0,
    "prompt_chars": 1,
    "replayable": "yes",
    "unreplayable_reasons": [],
    "sampling_weight": 1.0,
    "secrets_masked": 0,
    "source_format": "x",
    "source_file": "x",
    "source_row": 1,
    "ingest_warnings": [],
}
SLICE: dict[str, Any] = {
    "purpose": "quality",
    "stratum": "all",
    "inclusion_prob": 1.0,
    "weight": 1.0,
    "draw_order": 1,
    "split": "certification",
    "incumbent_model": "large",
    "cost_usd": 0.01,
}
REPLAY: dict[str, Any] = {
    "repeat": 0,
    "status": "ok",
    "arm": "candidate",
    "usage_estimated": False,
    "attempts": 1,
    "served_from": "network",
    "finish_reason": "stop",
}


def exchange(number: int, route: str, answer: str, **more: Any) -> dict[str, Any]:
    """One logged exchange: fields of all its tables together."""
    messages = [{"role": "user", "content": more.pop("prompt", f"question {number}")}]
    own = {
        "row_id": f"x{number:03}",
        "exchange_id": f"x{number:03}",
        "logical_request_id": f"x{number:03}",
        "route": route,
        "messages": json.dumps(messages),
        "prompt_hash": prompt_hash(messages),
        "request_fp": request_fp(messages),
        "response_text": answer,
        "finish_reason": "stop",
    }
    return {**TRAFFIC, **SLICE, **own, **more}


def replay(of: dict[str, Any], tier: str, text: str | None, **more: Any) -> dict[str, Any]:
    """A replay of an exchange's request."""
    return {**REPLAY, "request_fp": of["request_fp"], "route": of["route"], "tier": tier, "text": text, **more}


def make_folder(path: Path, exchanges: list[dict[str, Any]], replays: list[dict[str, Any]]) -> RunFolder:
    """Write the tables."""
    folder = RunFolder(path).create()

    def write(place: Path, rows: list[dict[str, Any]], schema: Any) -> None:
        write_table(place, rows_table([{k: row.get(k) for k in schema.names} for row in rows], schema))

    write(folder.traffic / "traffic-000.parquet", exchanges, schemas.TRAFFIC)
    write(folder.traffic / "bodies-000.parquet", exchanges, schemas.BODIES)
    write(folder.slice, exchanges, schemas.SLICE)
    write(folder.replay_table, replays, schemas.REPLAYS)
    return folder


def make_large_folder(path: Path, n: int) -> RunFolder:
    """A folder of n exchanges with three candidates each, all requests and answers different; made as columns."""
    folder = RunFolder(path).create()
    ids, prints = [f"x{k:07}" for k in range(n)], [f"{k * 7919 % 10_000_019:064x}" for k in range(n)]
    logged = [f"{'words and words ' * 20}The answer is {k % 7}, no. {k}." for k in range(n)]
    answers = [f"{'words and words ' * 20}answer: {k % 5} {k}" for k in range(3 * n)]
    tiers = [tier for tier in "abc" for _ in range(n)]
    own = {"row_id": ids, "exchange_id": ids, "logical_request_id": ids, "request_fp": prints, "response_text": logged}
    replays = {"request_fp": prints * 3, "tier": tiers, "text": answers}

    def write(place: Path, rows: int, schema: pa.Schema, columns: dict[str, Any], same: dict[str, Any]) -> None:
        arrays = {name: columns.get(name) or [same.get(name)] * rows for name in schema.names}
        write_table(place, pa.Table.from_pydict(arrays, schema=schema))

    write(folder.traffic / "traffic-000.parquet", n, schemas.TRAFFIC, own, {**TRAFFIC, "route": "/qa"})
    write(folder.traffic / "bodies-000.parquet", n, schemas.BODIES, own, {})
    write(folder.slice, n, schemas.SLICE, own, {**SLICE, "route": "/qa"})
    write(folder.replay_table, 3 * n, schemas.REPLAYS, replays, {**REPLAY, "route": "/qa"})
    return folder


def settings(directory: Path, routes: list[dict[str, Any]], **more: Any) -> Settings:
    """The configuration of these routes."""
    return Settings.model_validate({"routes": routes, **more, "directory": directory})
