"""How fast a LiteLLM log becomes traffic, against DuckDB's JSON reader on the same file, in the same run.

DuckDB writes the thirteen columns that a query can express. `audit` writes all columns of TRAFFIC and BODIES: it also
computes five digests per record, canonical JSON, labels, secrets and duplicates.
"""

from __future__ import annotations

import gzip
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

LOG_BYTES = 200_000_000
REPEATS = 3
CORES = 2
WORDS = """
invoice customer refund order account please summarise the following ticket and answer in one short paragraph
shipping policy contract renewal error log stack trace database query explain translate classify extract
fields total amount currency due date vendor address meeting notes agenda action items owner deadline priority
status
""".split()  # noqa: SIM905 (a list of sixty quoted words is harder to read)

OURS = """
import sys, time
import polars
class NoPandas:
    def find_spec(self, name, path=None, target=None):
        if name == "pandas":
            raise ImportError(name)
sys.meta_path.insert(0, NoPandas())  # a package of the tests only, half a second of which pyarrow would import
from pathlib import Path
from audit.core.artifacts import RunFolder
from audit.core.settings import IngestSettings
from audit.ingest.run import ingest
if __name__ == "__main__":
    began = time.perf_counter()
    ingest([Path(sys.argv[1])], IngestSettings(), RunFolder(sys.argv[2]), workers=int(sys.argv[3]))
    print(time.perf_counter() - began)
"""

THEIRS = """
import sys, time
import duckdb
if __name__ == "__main__":
    began = time.perf_counter()
    con = duckdb.connect()
    con.execute(f"SET threads={sys.argv[3]}")
    con.execute(f'''COPY (
        SELECT id, to_timestamp(startTime) AS started_at, to_timestamp(endTime) AS ended_at, model,
               custom_llm_provider AS provider, metadata->>'$.requester_metadata.route' AS route,
               metadata->>'$.user_api_key_team_alias' AS tenant, messages::VARCHAR AS messages,
               response->>'$.choices[0].message.content' AS response_text,
               response->>'$.choices[0].finish_reason' AS finish_reason,
               prompt_tokens, completion_tokens, response_cost, status
        FROM read_json('{sys.argv[1]}', format='newline_delimited', columns={{
            id: 'VARCHAR', startTime: 'DOUBLE', endTime: 'DOUBLE', model: 'VARCHAR', custom_llm_provider: 'VARCHAR',
            metadata: 'JSON', messages: 'JSON', response: 'JSON', prompt_tokens: 'BIGINT',
            completion_tokens: 'BIGINT', response_cost: 'DOUBLE', status: 'VARCHAR'}})
        ) TO '{sys.argv[2]}' (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)''')
    print(time.perf_counter() - began)
"""


def payload(rng: random.Random, number: int, *, lean: bool = False) -> dict[str, Any]:
    """One StandardLoggingPayload; as large as LiteLLM writes it, or with its main fields only."""
    route = rng.choice(("triage", "extract", "summarise", "answer"))
    prompt = " ".join(rng.choices(WORDS, k=max(20, int(rng.lognormvariate(5.0, 0.8)))))
    answer = " ".join(rng.choices(WORDS, k=max(5, int(rng.lognormvariate(4.0, 0.7)))))
    tokens = {"prompt_tokens": len(prompt) // 4, "completion_tokens": len(answer) // 4}
    started = 1_790_000_000 + number * 1.7 + rng.random()
    message = {"role": "assistant", "content": answer, "tool_calls": None, "function_call": None}
    record: dict[str, Any] = {
        "id": f"chatcmpl-{rng.getrandbits(96):024x}",
        "litellm_call_id": f"{rng.getrandbits(128):032x}",
        "trace_id": f"trace-{number // 3}",
        "call_type": "acompletion",
        "status": "success",
        "stream": None,
        "cache_hit": None,
        "custom_llm_provider": "openai",
        "startTime": started,
        "endTime": started + 1.5,
        "completionStartTime": started + 1.5,
        "model": "openai/gpt-4o",
        "model_group": "gpt-4o",
        **tokens,
        "response_cost": tokens["prompt_tokens"] * 2.5e-6 + tokens["completion_tokens"] * 1e-5,
        "request_tags": [f"route:{route}", "env:production"],
        "end_user": f"user-{rng.randrange(500)}",
        "messages": [
            {"role": "system", "content": f"You {route} tickets. Be brief."},
            {"role": "user", "content": prompt},
        ],
        "response": {
            "id": "x",
            "model": "gpt-4o",
            "object": "chat.completion",
            "choices": [{"index": 0, "finish_reason": "stop", "message": message}],
            "usage": tokens,
        },
        "model_parameters": {"temperature": 0, "max_tokens": 400},
        "metadata": {
            "user_api_key_team_alias": f"team-{rng.randrange(20)}",
            "user_api_key_alias": f"key-{rng.randrange(40)}",
            "requester_metadata": {"route": route, "environment": "production", "request_ref": f"req-{number}"},
            "usage_object": tokens,
        },
    }
    if not lean:
        record |= BULK
        record["metadata"] = record["metadata"] | METADATA
    return record


BULK = {
    "hidden_params": {
        "litellm_model_name": "openai/gpt-4o",
        "additional_headers": {f"llm_provider-x-header-{n}": "a value of some length" for n in range(16)}
        | {"x-litellm-attempted-retries": 0, "x-litellm-attempted-fallbacks": 0},
    },
    "model_map_information": {
        "model_map_key": "gpt-4o",
        "model_map_value": {f"capability_or_price_number_{n}": (None, 1.25e-06, True)[n % 3] for n in range(150)},
    },
    "cost_breakdown": {f"{name}_cost": 0.0 for name in ("input", "output", "total", "tool_usage", "original")},
    "error_information": {"error_code": "", "error_class": "", "llm_provider": "", "error_message": ""},
    "error_str": None,
}
METADATA = {f"user_api_key_{name}": None for name in ("spend", "max_budget", "org_id", "user_email")} | {
    "requester_custom_headers": {f"x-stainless-header-{n}": "python" for n in range(9)},
    "requester_ip_address": "203.0.113.7",
    "user_agent": "OpenAI/Python",
}


def write_log(path: Path, size: int, *, lean: bool = False, seed: int = 7) -> None:
    """A seeded log of about `size` bytes."""
    rng, written, number = random.Random(seed), 0, 0
    with path.open("wb") as file:
        while written < size:
            written += file.write(json.dumps(payload(rng, number, lean=lean)).encode() + b"\n")
            number += 1


def run(script: str, *arguments: object) -> tuple[float, float]:
    """Seconds inside the script, imports left out, and peak memory of its process tree in MB."""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder, "program.py")
        program.write_text(script, "utf-8")
        command = [sys.executable, str(program), *map(str, arguments)]
        process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        peak = _Peak(process.pid)
        peak.start()
        output, _ = process.communicate()
        peak.join()
    if process.returncode:
        raise RuntimeError(f"a measured program failed with {process.returncode}")
    return float(output), peak.megabytes


class _Peak(threading.Thread):
    """Samples the memory of a process and all below it; pages that processes share are counted once."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._pid = pid
        self.megabytes = 0.0

    def run(self) -> None:
        while Path(f"/proc/{self._pid}/statm").exists():
            total = sum(map(_resident, _tree(self._pid)))
            if not total and self.megabytes:
                return
            self.megabytes = max(self.megabytes, total / 1e6)
            time.sleep(0.05)


def _tree(pid: int) -> list[int]:
    try:
        below = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    return [pid, *(p for child in below for p in _tree(int(child)))]


def _resident(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


def compare(log: Path, size: int, folder: Path) -> tuple[list[float], list[float], float, float]:
    """MB/s of both, run by turns, and the peak memory of both."""
    ours, theirs, our_peak, their_peak = [], [], 0.0, 0.0
    for turn in range(REPEATS):
        seconds, peak = run(OURS, log, folder / f"run-{log.name}-{turn}", CORES)
        ours.append(size / seconds / 1e6)
        our_peak = max(our_peak, peak)
        seconds, peak = run(THEIRS, log, folder / "theirs.parquet", CORES)
        theirs.append(size / seconds / 1e6)
        their_peak = max(their_peak, peak)
    return ours, theirs, our_peak, their_peak


def _rate(name: str, ours: list[float], theirs: list[float]) -> dict[str, Any]:
    value, anchor = statistics.median(ours), statistics.median(theirs)
    return {
        "name": name,
        "value": round(value, 1),
        "unit": "MB/s",
        "anchor": "duckdb read_json to parquet",
        "anchor_value": round(anchor, 1),
        "ratio": round(value / anchor, 3),
    }


def _memory(name: str, ours: float, theirs: float) -> dict[str, Any]:
    return {
        "name": name,
        "value": round(ours),
        "unit": "MB",
        "anchor": "duckdb read_json to parquet",
        "anchor_value": round(theirs),
        "ratio": round(ours / theirs, 3),
    }


def ingest_litellm_plain(folder: Path) -> list[dict[str, Any]]:
    """Uncompressed records of the size that LiteLLM writes, and the peak memory."""
    log = folder / "plain.jsonl"
    write_log(log, LOG_BYTES)
    ours, theirs, our_peak, their_peak = compare(log, log.stat().st_size, folder)
    return [_rate("ingest_litellm_plain", ours, theirs), _memory("ingest_litellm_rss_mb", our_peak, their_peak)]


def ingest_litellm_lean(folder: Path) -> list[dict[str, Any]]:
    """Records with their main fields only: more rows, columns and digests per byte."""
    log = folder / "lean.jsonl"
    write_log(log, LOG_BYTES, lean=True)
    ours, theirs, _, _ = compare(log, log.stat().st_size, folder)
    return [_rate("ingest_litellm_plain_lean", ours, theirs)]


def ingest_litellm_gz(folder: Path) -> list[dict[str, Any]]:
    """The same records, gzipped; rates are of uncompressed bytes."""
    plain, log = folder / "plain.jsonl", folder / "packed.jsonl.gz"
    if not plain.exists():
        write_log(plain, LOG_BYTES)
    log.write_bytes(gzip.compress(plain.read_bytes(), compresslevel=6))
    ours, theirs, _, _ = compare(log, plain.stat().st_size, folder)
    return [_rate("ingest_litellm_gz", ours, theirs)]


def rows() -> list[dict[str, Any]]:
    """All of this module's measurements."""
    benches: tuple[Callable[[Path], list[dict[str, Any]]], ...] = (
        ingest_litellm_plain,
        ingest_litellm_gz,
        ingest_litellm_lean,
    )
    with tempfile.TemporaryDirectory() as folder:
        return [row for bench in benches for row in bench(Path(folder))]


if __name__ == "__main__":
    for row in rows():
        print(json.dumps(row))
