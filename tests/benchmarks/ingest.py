"""How fast LiteLLM and OTLP logs become traffic, against DuckDB's JSON reader on the same file, in the same run.

Both have two cores and write Parquet with zstd level 1. DuckDB writes the columns that a query can express, and the
digests of bodies that it can name: SHA-256 of the messages, of messages and parameters together, of the system prompt,
of the end user. `audit` writes all columns of TRAFFIC and BODIES: it also sorts the keys of the JSON, flattens
metadata, masks secrets, looks for sentinels, groups attempts, finds duplicates and takes the SHA-256 of each record and
of the file. So there are two anchors: DuckDB as above, which does less; and, in the rows `..._same_digests`, DuckDB
reading the file twice more, as lines for the records' digests and whole for the file's, with its own SHA-256, which is
slower than OpenSSL's. Masking, grouping and duplicates have no counterpart in either.

Seconds are what a user waits; CPU seconds are what is to be compared on a machine that others use too. Imports of the
measured process are left out, those of the processes that it starts are not.
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
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import zstandard

LOG_BYTES = 200_000_000
REPEATS = 3
CORES = 2
PER_RECORDS = "CPU s per 100k records"
ANCHOR = "duckdb read_json to parquet, no masking or grouping"
SAME_DIGESTS = "duckdb, with the digests of records and file"
WORDS = """
invoice customer refund order account please summarise the following ticket and answer in one short paragraph
shipping policy contract renewal error log stack trace database query explain translate classify extract
fields total amount currency due date vendor address meeting notes agenda action items owner deadline priority
status
""".split()  # noqa: SIM905 (a list of sixty quoted words is harder to read)

MEASURED = """
import resource, sys, time
def spent():
    kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return time.perf_counter(), sum(sum(resource.getrusage(kind)[:2]) for kind in kinds)
"""
"""Wall clock and CPU seconds of the process and of those that it started and waited for."""

OURS = (
    MEASURED
    + """
if __name__ == "__main__":
    from pathlib import Path
    from audit.cli.lean import spare_pandas
    spare_pandas(["ingest"])  # as the command does: a package of the tests only, half a second of which pyarrow imports
    from audit.core.artifacts import RunFolder
    from audit.core.settings import ExecutorSettings, IngestSettings
    from audit.ingest.run import ingest
    began = spent()
    executor = ExecutorSettings(workers=int(sys.argv[3]))
    report = ingest([Path(sys.argv[1])], IngestSettings(), RunFolder(sys.argv[2]), executor=executor)
    print(*(b - a for a, b in zip(began, spent())), report.read)
"""
)

CONNECTED = (
    MEASURED
    + """
import duckdb
if __name__ == "__main__":
    began = spent()
    con = duckdb.connect()
    con.execute(f"SET threads={sys.argv[3]}")
"""
)
"""How all that is asked of DuckDB begins."""

THEIRS = (
    CONNECTED
    + """\
    done = con.execute(f'''COPY (SELECT
            id, litellm_call_id AS logical_request_id, trace_id, call_type AS operation, status, stream, cache_hit,
            to_timestamp(startTime) AS started_at, to_timestamp(endTime) AS ended_at,
            (endTime - startTime) * 1000 AS latency_ms, custom_llm_provider AS provider,
            model_group AS model_requested, model AS model_called, response->>'$.model' AS model_responded,
            metadata->>'$.requester_metadata.route' AS route, metadata->>'$.requester_metadata.environment' AS env,
            metadata->>'$.user_api_key_team_alias' AS tenant, sha256(end_user) AS end_user_hash,
            request_tags::VARCHAR AS tags, metadata::VARCHAR AS metadata,
            messages::VARCHAR AS messages, messages->>'$[0].content' AS system_text,
            sha256(messages::VARCHAR) AS prompt_hash, sha256(messages->>'$[0].content') AS system_hash,
            sha256(messages::VARCHAR || model_parameters::VARCHAR) AS request_fp,
            model_parameters::VARCHAR AS params, model_parameters->>'$.tools' AS tools,
            response->>'$.choices[0].message.content' AS response_text,
            response->>'$.choices[0].message.tool_calls' AS tool_calls, response->>'$.choices' AS response_choices,
            response->>'$.choices[0].finish_reason' AS finish_reason, response->>'$.usage' AS usage_raw,
            prompt_tokens, completion_tokens, response_cost
        FROM read_json('{sys.argv[1]}', format='newline_delimited', columns={{
            id: 'VARCHAR', litellm_call_id: 'VARCHAR', trace_id: 'VARCHAR', call_type: 'VARCHAR', status: 'VARCHAR',
            stream: 'BOOLEAN', cache_hit: 'BOOLEAN', startTime: 'DOUBLE', endTime: 'DOUBLE',
            custom_llm_provider: 'VARCHAR', model: 'VARCHAR', model_group: 'VARCHAR', end_user: 'VARCHAR',
            request_tags: 'JSON', metadata: 'JSON', messages: 'JSON', model_parameters: 'JSON', response: 'JSON',
            prompt_tokens: 'BIGINT', completion_tokens: 'BIGINT', response_cost: 'DOUBLE'}})
        ) TO '{sys.argv[2]}' (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)''').fetchone()
    print(*(b - a for a, b in zip(began, spent())), done[0])
"""
)

THEIRS_OTLP = (
    CONNECTED
    + """\
    done = con.execute(f'''COPY (
        WITH parts AS (SELECT unnest(resourceSpans) AS part FROM read_json('{sys.argv[1]}',
            format='newline_delimited', columns={{resourceSpans: 'STRUCT(resource JSON, scopeSpans STRUCT(scope JSON,
            spans STRUCT(traceId VARCHAR, spanId VARCHAR, parentSpanId VARCHAR, startTimeUnixNano VARCHAR,
            endTimeUnixNano VARCHAR, status JSON, attributes STRUCT("key" VARCHAR, "value" STRUCT(
            stringValue VARCHAR, intValue VARCHAR, doubleValue DOUBLE, arrayValue JSON))[])[])[])[]'}})),
        scopes AS (SELECT part.resource AS resource, unnest(part.scopeSpans) AS scope FROM parts),
        spans AS (SELECT resource, scope.scope AS scope, unnest(scope.spans) AS span FROM scopes),
        calls AS (SELECT *, map(list_transform(span.attributes, lambda pair: pair."key"),
            list_transform(span.attributes, lambda pair: coalesce(pair."value".stringValue, pair."value".intValue,
            pair."value".doubleValue::VARCHAR, pair."value".arrayValue::VARCHAR))) AS told FROM spans)
        SELECT told['gen_ai.response.id'] AS request_id, span.traceId AS trace_id, span.spanId AS span_id,
            span.parentSpanId AS parent_span_id, scope->>'$.name' AS emitter, span.status->>'$.code' AS status,
            make_timestamp(span.startTimeUnixNano::BIGINT // 1000) AS started_at,
            make_timestamp(span.endTimeUnixNano::BIGINT // 1000) AS ended_at,
            (span.endTimeUnixNano::BIGINT - span.startTimeUnixNano::BIGINT) / 1e6 AS latency_ms,
            told['gen_ai.operation.name'] AS operation, told['gen_ai.provider.name'] AS provider,
            told['gen_ai.request.model'] AS model_requested, told['gen_ai.response.model'] AS model_responded,
            told['gen_ai.request.max_tokens'] AS max_tokens, told['gen_ai.request.temperature'] AS temperature,
            told['route'] AS route, told['tenant'] AS tenant, sha256(told['user.id']) AS end_user_hash,
            resource->>'$.attributes[1].value.stringValue' AS environment, told::VARCHAR AS metadata,
            told['gen_ai.input.messages'] AS messages, sha256(told['gen_ai.input.messages']) AS prompt_hash,
            told['gen_ai.input.messages']::JSON->>'$[0].parts[0].content' AS system_text,
            sha256(told['gen_ai.input.messages']::JSON->>'$[0].parts[0].content') AS system_hash,
            sha256(told['gen_ai.input.messages'] || told['gen_ai.request.max_tokens']) AS request_fp,
            told['gen_ai.output.messages'] AS response_choices,
            told['gen_ai.output.messages']::JSON->>'$[0].parts[0].content' AS response_text,
            told['gen_ai.response.finish_reasons'] AS finish_reason,
            told['gen_ai.usage.input_tokens']::BIGINT AS prompt_tokens,
            told['gen_ai.usage.output_tokens']::BIGINT AS completion_tokens
        FROM calls) TO '{sys.argv[2]}' (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)''').fetchone()
    print(*(b - a for a, b in zip(began, spent())), done[0])
"""
)

THEIR_DIGESTS = (
    CONNECTED
    + """\
    done = con.execute(f'''COPY (SELECT sha256(json::VARCHAR) AS row_id
        FROM read_json_objects('{sys.argv[1]}', format='newline_delimited')
        ) TO '{sys.argv[2]}' (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)''').fetchone()
    con.execute(f"SELECT sha256(content) FROM read_blob('{sys.argv[1]}')").fetchone()
    print(*(b - a for a, b in zip(began, spent())), done[0])
"""
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One run of a program: wall clock, CPU seconds of its process tree, records, and peak memory of the tree."""

    seconds: float
    cpu_seconds: float
    records: int
    megabytes: float


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


def export(rng: random.Random, number: int) -> dict[str, Any]:
    """An export request of OTLP with the span of one call, in OpenTelemetry's conventions for GenAI."""
    call = payload(rng, number, lean=True)
    asked = [{"role": one["role"], "parts": [{"type": "text", "content": one["content"]}]} for one in call["messages"]]
    answer = call["response"]["choices"][0]["message"]["content"]
    said = [{"role": "assistant", "parts": [{"type": "text", "content": answer}], "finish_reason": "stop"}]
    told = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-4o",
        "gen_ai.response.model": "gpt-4o-2024-08-06",
        "gen_ai.response.id": call["id"],
        "gen_ai.request.max_tokens": 400,
        "gen_ai.request.temperature": 0.5,
        "gen_ai.usage.input_tokens": call["prompt_tokens"],
        "gen_ai.usage.output_tokens": call["completion_tokens"],
        "gen_ai.response.finish_reasons": ["stop"],
        "gen_ai.input.messages": json.dumps(asked),
        "gen_ai.output.messages": json.dumps(said),
        "server.address": "api.openai.com",
        "server.port": 443,
        "route": call["metadata"]["requester_metadata"]["route"],
        "tenant": call["metadata"]["user_api_key_team_alias"],
        "user.id": call["end_user"],
    }
    started = int(call["startTime"] * 1e9)
    span = {
        "traceId": f"{rng.getrandbits(128):032x}",
        "spanId": f"{rng.getrandbits(64):016x}",
        "parentSpanId": "",
        "name": "chat gpt-4o",
        "kind": 3,
        "startTimeUnixNano": str(started),
        "endTimeUnixNano": str(started + 1_500_000_000),
        "attributes": [_attribute(*pair) for pair in told.items()],
        "status": {},
    }
    resource = [_attribute("service.name", "shop"), _attribute("deployment.environment.name", "production")]
    scope = {"scope": {"name": "opentelemetry.instrumentation.openai_v2"}, "spans": [span]}
    return {"resourceSpans": [{"resource": {"attributes": resource}, "scopeSpans": [scope]}]}


def _attribute(key: str, value: Any) -> dict[str, Any]:
    if isinstance(value, list):
        return {"key": key, "value": {"arrayValue": {"values": [{"stringValue": item} for item in value]}}}
    kind = {int: "intValue", float: "doubleValue", str: "stringValue"}[type(value)]
    return {"key": key, "value": {kind: str(value) if kind == "intValue" else value}}


def write_log(
    path: Path, size: int, *, lean: bool = False, seed: int = 7, record: Callable[..., dict[str, Any]] | None = None
) -> None:
    """A seeded log of about `size` bytes: LiteLLM's payloads, or what `record` makes of a generator and a number."""
    rng, written, number = random.Random(seed), 0, 0
    made = record or partial(payload, lean=lean)
    with path.open("wb") as file:
        while written < size:
            written += file.write(json.dumps(made(rng, number)).encode() + b"\n")
            number += 1


def run(script: str, *arguments: object) -> Measured:
    """Run a program that prints its wall clock, its CPU seconds and its records."""
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
    seconds, cpu_seconds, records = output.split()
    return Measured(
        seconds=float(seconds), cpu_seconds=float(cpu_seconds), records=int(records), megabytes=peak.megabytes
    )


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


def compare(
    name: str, log: Path, size: int, folder: Path, *, digests: bool = False, query: str = THEIRS
) -> list[dict[str, Any]]:
    """Rate, CPU seconds and memory of both, run by turns; `size` is that of the uncompressed log in bytes.

    Args:
        digests: Also compare with what DuckDB needs when it takes the digests of records and file too.
        query: The program that has DuckDB read the log.
    """
    ours, theirs, more = [], [], []
    for turn in range(REPEATS):
        ours.append(run(OURS, log, folder / f"run-{log.name}-{turn}", CORES))
        theirs.append(run(query, log, folder / "theirs.parquet", CORES))
        if digests:
            more.append(run(THEIR_DIGESTS, log, folder / "digests.parquet", CORES))
    if any(other[0].records != ours[0].records for other in (theirs, more) if other):
        raise RuntimeError("the two did not read the same number of records")
    found = [
        _row(name, "MB/s", size / _seconds(ours) / 1e6, size / _seconds(theirs) / 1e6),
        _row(f"{name}_cpu", PER_RECORDS, _cpu(ours), _cpu(theirs)),
        _row(f"{name}_rss_mb", "MB", *(max(run.megabytes for run in runs) for runs in (ours, theirs))),
    ]
    if digests:
        both = size / (_seconds(theirs) + _seconds(more)) / 1e6
        found += [
            _row(f"{name}_same_digests", "MB/s", size / _seconds(ours) / 1e6, both, SAME_DIGESTS),
            _row(f"{name}_same_digests_cpu", PER_RECORDS, _cpu(ours), _cpu(theirs) + _cpu(more), SAME_DIGESTS),
        ]
    return found


def _seconds(runs: Sequence[Measured]) -> float:
    return statistics.median(run.seconds for run in runs)


def _cpu(runs: Sequence[Measured]) -> float:
    # The least: what others do on the machine only ever adds.
    return min(run.cpu_seconds / run.records * 1e5 for run in runs)


def _row(name: str, unit: str, value: float, anchor_value: float, anchor: str = ANCHOR) -> dict[str, Any]:
    return {
        "name": name,
        "value": round(value, 1),
        "unit": unit,
        "anchor": anchor,
        "anchor_value": round(anchor_value, 1),
        "ratio": round(value / anchor_value, 3),
    }


def ingest_litellm_plain(folder: Path) -> list[dict[str, Any]]:
    """Uncompressed records with all that LiteLLM writes: 11 KB each."""
    log = folder / "plain.jsonl"
    write_log(log, LOG_BYTES)
    return compare("ingest_litellm_plain", log, log.stat().st_size, folder, digests=True)


def ingest_litellm_lean(folder: Path) -> list[dict[str, Any]]:
    """Records with their main fields only, 3 KB each: more rows, columns and digests per byte."""
    log = folder / "lean.jsonl"
    write_log(log, LOG_BYTES, lean=True)
    return compare("ingest_litellm_lean", log, log.stat().st_size, folder, digests=True)


def ingest_litellm_gz(folder: Path) -> list[dict[str, Any]]:
    """The plain records, gzipped; rates are of uncompressed bytes."""
    plain, log = folder / "plain.jsonl", folder / "packed.jsonl.gz"
    if not plain.exists():
        write_log(plain, LOG_BYTES)
    log.write_bytes(gzip.compress(plain.read_bytes(), compresslevel=6))
    return compare("ingest_litellm_gz", log, plain.stat().st_size, folder)


def ingest_litellm_zst(folder: Path) -> list[dict[str, Any]]:
    """The plain records, as zstd; rates are of uncompressed bytes."""
    plain, log = folder / "plain.jsonl", folder / "packed.jsonl.zst"
    if not plain.exists():
        write_log(plain, LOG_BYTES)
    log.write_bytes(zstandard.ZstdCompressor(level=3).compress(plain.read_bytes()))
    return compare("ingest_litellm_zst", log, plain.stat().st_size, folder)


def ingest_otlp(folder: Path) -> list[dict[str, Any]]:
    """Spans of calls, one an export request."""
    log = folder / "spans.jsonl"
    write_log(log, LOG_BYTES, record=export)
    return compare("ingest_otlp", log, log.stat().st_size, folder, digests=True, query=THEIRS_OTLP)


def rows() -> list[dict[str, Any]]:
    """All of this module's measurements."""
    benches: tuple[Callable[[Path], list[dict[str, Any]]], ...] = (
        ingest_litellm_plain,
        ingest_litellm_gz,
        ingest_litellm_zst,
        ingest_litellm_lean,
        ingest_otlp,
    )
    with tempfile.TemporaryDirectory() as folder:
        return [row for bench in benches for row in bench(Path(folder))]


if __name__ == "__main__":
    for row in rows():
        print(json.dumps(row))
