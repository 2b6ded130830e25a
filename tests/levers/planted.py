"""Logs with planted levers: rows of traffic with their own price list, and what an oracle needs of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl

from audit.core.fingerprint import canonical_json
from audit.core.rates import CallKind, Rates
from audit.core.reason import Reason

START = datetime(2026, 9, 7, tzinfo=UTC)
PRICES = {
    "claude-sonnet-4-5": (4.0, 0.4, 5.0, 16.0),
    "gpt-5": (4.0, 0.4, 4.0, 16.0),
    "large": (4.0, 0.4, 5.0, 16.0),
    "large-2025-01-02": (8.0, 0.8, 10.0, 32.0),
    "plain": (2.0, 2.0, 2.0, 6.0),
}
"""USD per million tokens: input, cached, written, output."""
COLUMNS = {
    "row_id": pl.String, "status": pl.Categorical, "finish_reason": pl.Categorical, "operation": pl.Categorical,
    "provider": pl.Categorical, "duplicate_of": pl.String, "cache_hit": pl.Boolean, "streaming": pl.Boolean,
    "batch": pl.Boolean, "started_at": pl.Datetime("us", "UTC"), "ended_at": pl.Datetime("us", "UTC"),
    "latency_ms": pl.Float64, "route": pl.String, "tenant": pl.String, "served_region": pl.String,
    "service_tier": pl.String, "params": pl.String, "request_fp": pl.String, "trace_id": pl.String,
    "session_id": pl.String, "n_turns": pl.Int16, "model_key": pl.String, "model_responded": pl.String,
    "model_called": pl.String, "model_requested": pl.String, "cost_usd_logged": pl.Float64,
    "cost_usd_recomputed": pl.Float64, "prompt_tokens": pl.Int64, "cached_tokens": pl.Int64,
    "cache_write_tokens": pl.Int64, "cache_write_1h_tokens": pl.Int64, "completion_tokens": pl.Int64,
    "audio_tokens": pl.Int64, "completion_image_tokens": pl.Int64, "has_images": pl.Boolean, "has_audio": pl.Boolean,
}  # fmt: skip


def rates_of(kind: CallKind) -> Sequence[Rates] | Reason:
    """A price list: batches cost half, the priority tier double, `plain` has neither, and nobody knows the others."""
    if kind.models[0] not in PRICES:
        return Reason.UNKNOWN_MODEL
    if kind.models[0] == "plain" and (kind.batch or kind.service_tier):
        return Reason.SERVICE_TIER
    factor = (0.5 if kind.batch else 1.0) * (2.0 if kind.service_tier == "priority" else 1.0)
    read, cached, written, out = (price * factor for price in PRICES[kind.models[0]])
    return (Rates(input=read, cached_input=cached, cache_write=written, output=out, source=kind.models[0]),)


def listed(row: dict[str, Any], **changed: Any) -> float:
    """What a row costs by the list, in plain arithmetic."""
    kind = row | changed
    found = rates_of(
        CallKind(
            models=(kind["model_key"],),
            provider=kind.get("provider"),
            at=None,
            service_tier=kind.get("service_tier"),
            batch=bool(kind.get("batch")),
        )
    )
    assert not isinstance(found, Reason)
    rates = found[0]
    cached, written = row.get("cached_tokens") or 0, row.get("cache_write_tokens") or 0
    fresh = row["prompt_tokens"] - cached - written
    assert rates.cached_input is not None
    assert rates.cache_write is not None
    paid = fresh * rates.input + cached * rates.cached_input + written * rates.cache_write
    return (paid + row["completion_tokens"] * rates.output) / 1e6


def row(seconds: float, **changes: Any) -> dict[str, Any]:
    """A request so many seconds after the start of the log, paid at its list price unless told otherwise."""
    made = {
        "status": "ok",
        "finish_reason": "stop",
        "operation": "chat",
        "provider": "openai",
        "streaming": False,
        "started_at": START + timedelta(seconds=seconds),
        "latency_ms": 2000.0,
        "route": "/a",
        "tenant": "t",
        "params": '{"temperature":0}',
        "request_fp": f"fp-{seconds}-{len(changes)}",
        "trace_id": f"trace-{seconds}",
        "n_turns": 1,
        "model_key": "large",
        "prompt_tokens": 1000,
        "completion_tokens": 100,
        "has_images": False,
        "has_audio": False,
    } | changes
    if "cost_usd_logged" not in made:
        made["cost_usd_logged"] = listed(made) if made["model_key"] in PRICES else None
    return made


def write_bodies(
    folder: Path, bodies: Sequence[tuple[list[Any], list[Any] | None, list[Any] | None]], ends: Sequence[int] = ()
) -> list[Path]:
    """Bodies of the rows that `write` wrote: messages, tools, and the answer's tool calls of each.

    Args:
        ends: Rows after which a new file begins, as one does in the traffic; row groups are short then.
    """
    made = [
        {
            "row_id": f"row-{n}",
            "messages": canonical_json(messages),
            "tools": None if tools is None else canonical_json(tools),
            "tool_calls": None if calls is None else canonical_json(calls),
        }
        for n, (messages, tools, calls) in enumerate(bodies)
    ]
    return _bodies(folder, made, ends)


def write_answers(folder: Path, rows: Sequence[dict[str, Any]]) -> list[Path]:
    """Bodies of the rows that `write` wrote as one part: each row's `form`, `answer` and `calls`, where it has them."""
    made = [
        {
            "row_id": f"row-{n}",
            "messages": canonical_json([{"role": "user", "content": "Which?"}]),
            "response_format": None if row.get("form") is None else canonical_json(row["form"]),
            "response_text": row.get("answer"),
            "tool_calls": row.get("calls"),
        }
        for n, row in enumerate(rows)
    ]
    return _bodies(folder, made)


def _bodies(folder: Path, made: Sequence[dict[str, Any]], ends: Sequence[int] = ()) -> list[Path]:
    columns = ("row_id", "messages", "tools", "response_format", "response_text", "tool_calls")
    named = [dict.fromkeys(columns) | one for one in made]
    files = []
    for start, end in pairwise([0, *ends, len(named)]):
        files.append(folder / f"bodies-{len(files)}.parquet")
        table = pl.DataFrame(named[start:end], schema=dict.fromkeys(columns, pl.String))
        table.write_parquet(files[-1], row_group_size=7 if ends else None)
    return files


def write(folder: Path, *parts: list[dict[str, Any]]) -> list[Path]:
    """Traffic files, one per part; a row's id is its place in them."""
    files, number = [], 0
    for part in parts:
        known = [{name: value for name, value in one.items() if name in COLUMNS} for one in part]
        named = [dict.fromkeys(COLUMNS) | one | {"row_id": f"row-{number + n}"} for n, one in enumerate(known)]
        number += len(part)
        files.append(folder / f"traffic-{len(files)}.parquet")
        pl.DataFrame(named, schema=COLUMNS).write_parquet(files[-1])
    return files
