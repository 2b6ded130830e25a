"""Whole commands on one log, from start to end, imports and all: first on an empty store, then once more.

Beside each stands what DuckDB spends on the same raw lines in the same run, in a process of its own: a group-by for
what only counts (`mix`), the same columns to Parquet for what keeps them. It draws nothing, prices nothing, masks
nothing and scores nothing, so for the later stages it is a yardstick of size alone. CPU seconds of the process and of
those that it waited for, and the most memory that any of them held.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.growth import write_world

LINES = int(os.environ.get("AUDIT_BENCH_LINES", "100000"))
"""Of the log: a kilobyte and a half each."""
CHANGED = '{type: equals, value: "{{incumbent.text}}"}'
COUNTED = """
import sys, duckdb
duckdb.sql(f'''SELECT metadata->>'$.route' AS route, model, count(*), sum(prompt_tokens), sum(completion_tokens),
    sum(response_cost) FROM read_json('{sys.argv[1]}', format='newline_delimited', columns={{metadata: 'JSON',
    model: 'VARCHAR', prompt_tokens: 'BIGINT', completion_tokens: 'BIGINT', response_cost: 'DOUBLE'}})
    GROUP BY ALL''').fetchall()
"""
KEPT = """
import sys, duckdb
duckdb.sql(f'''COPY (SELECT id, trace_id, status, to_timestamp(startTime) AS started_at, model,
    metadata->>'$.route' AS route, metadata->>'$.team' AS tenant, messages::VARCHAR AS messages,
    sha256(messages::VARCHAR) AS prompt_hash, response->>'$.choices[0].message.content' AS response_text,
    prompt_tokens, completion_tokens, response_cost FROM read_json('{sys.argv[1]}', format='newline_delimited',
    columns={{id: 'VARCHAR', trace_id: 'VARCHAR', status: 'VARCHAR', startTime: 'DOUBLE', model: 'VARCHAR',
    metadata: 'JSON', messages: 'JSON', response: 'JSON', prompt_tokens: 'BIGINT', completion_tokens: 'BIGINT',
    response_cost: 'DOUBLE'}})) TO '{sys.argv[2]}' (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)''')
"""


@dataclass(frozen=True, slots=True)
class Spent:
    """CPU seconds of a process tree, and megabytes that its largest process held."""

    cpu_s: float
    megabytes: float


def run(folder: Path, *arguments: str) -> Spent:
    """Run Python on arguments in a folder, to its end."""
    process = subprocess.Popen(
        [sys.executable, *arguments], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    assert process.stderr is not None
    said = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{' '.join(arguments)[:80]} ended with {process.returncode}: {said.decode()[-500:]}")
    return Spent(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def rows() -> list[dict[str, Any]]:
    """Two rows a command: its CPU seconds and its memory."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        log = write_world(folder, LINES)
        counted, kept = run(folder, "-c", COUNTED, str(log)), run(folder, "-c", KEPT, str(log), "theirs.parquet")
        return [row for name, words in _commands(folder) for row in _rows(name, run(folder, *words), counted, kept)]


def _commands(folder: Path) -> Iterator[tuple[str, Sequence[str]]]:
    """Command lines by name, each on what those before it left."""
    audit = ("-m", "audit", "--quiet")
    for state in ("cold", "warm"):
        yield f"mix_{state}", (*audit, "mix", "log.jsonl")
    for state in ("cold", "warm"):
        yield f"ingest_{state}", (*audit, "ingest", "log.jsonl", "--into", f"runs/{state}", "--store", "ingested")
    for state in ("cold", "warm"):
        yield f"plan_{state}", (*audit, "plan", "log.jsonl", "--store", "planned")
    for state in ("cold", "warm"):
        yield f"replay_{state}", (*audit, "replay", "log.jsonl", "--yes", "--out", "runs/replay")
    config = folder / "audit.yaml"
    text = config.read_text("utf-8")
    assert CHANGED in text
    config.write_text(text.replace(CHANGED, f"{CHANGED}, {{type: not-contains, value: sorry}}"), "utf-8")
    for state in ("cold", "warm"):
        yield f"score_changed_{state}", (*audit, "score", "runs/replay")


def _rows(name: str, ours: Spent, counted: Spent, kept: Spent) -> Iterator[dict[str, Any]]:
    theirs, anchor = (counted, "duckdb group-by") if name.startswith("mix") else (kept, "duckdb read_json to parquet")
    for unit, value, other in (
        ("CPU s", ours.cpu_s, theirs.cpu_s),
        ("MB", ours.megabytes, theirs.megabytes),
    ):
        yield {
            "name": f"chain_{name}_{'cpu_s' if unit == 'CPU s' else 'rss_mb'} ({LINES:,} lines)",
            "value": round(value, 2),
            "unit": unit,
            "anchor": f"{anchor}, the raw lines",
            "anchor_value": round(other, 2),
            "ratio": round(value / other, 2),
        }
