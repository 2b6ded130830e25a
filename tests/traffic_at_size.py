"""Ingested traffic of any size, written directly: what a plan and a mix are measured on where no log is at hand.

`python -m tests.traffic_at_size [--keep] ROWS FOLDER [STAGE...]` writes it in the product's schema, in files of a
million rows with small bodies, and measures the mix, the ledger of levers (prompts read) and the plan on it, each in a
process of its own; a folder that has it serves again. With --keep the figures are written down, and `docs/scale.md` is
filled from them. A hundred million rows are 12 GB.

The stage `second-pass` compares the ids of a log that was read: rows come twice, attempts have the id of their request
and calls that of their conversation. It is measured on drafts in parts of as many lines as reading makes, which have
the columns that it compares and no others: a hundred million are 23 GB.

The stage `spans` joins a log of OpenTelemetry, a line for each call with the span of the request around it: both passes
over the lines, until they have what others say of them and could be read. A million are 1.5 GB.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from audit.core.schemas import BODIES, TRAFFIC
from audit.core.settings import IngestSettings
from audit.ingest.compare import AT_ONCE, find_fixes, read_draft
from audit.ingest.files.source import Source
from audit.ingest.formats import FORMATS
from audit.ingest.join import joined_pieces
from audit.ingest.part_files import PartFiles
from audit.ingest.row import DRAFT
from audit.ingest.sniff import Sniffed
from tests.growth import CONFIG, MODELS, PROMPTS, ROUTES, prompt_of

KEPT = Path(__file__).with_name("traffic_at_size.json")
SECOND_PASS = "second-pass"
SPANS = "spans"
STAGES = (SPANS, SECOND_PASS, "mix", "levers", "plan")
SPANS_LOG = "spans.jsonl"
FILE_ROWS = 1_000_000
DRAFTS, DRAFT_ROWS = "drafts", 11_000
"""Where drafts are, and how many lines of one and a half kilobytes are a part of a log."""
ROW_GROUP = 1 << 16
TENANTS = 40
START_US = 1_790_000_000_000_000
SPACING_US = 26_000
"""A hundred million calls in thirty days."""
COPIES = 20
"""How often a request is asked, on average."""


def digests(numbers: np.ndarray, salt: int) -> pa.Array:
    """A text of 64 hexadecimal digits for each number, the same for equal ones."""
    words = [_mixed(numbers.astype(np.uint64) + np.uint64(salt * 4 + k)) for k in range(4)]
    raw = np.stack([word.astype(">u8") for word in words], axis=1).tobytes().hex().encode()
    ends = np.arange(numbers.size + 1, dtype=np.int32) * 64
    return pa.Array.from_buffers(pa.string(), numbers.size, [None, pa.py_buffer(ends), pa.py_buffer(raw)])


def _mixed(x: np.ndarray) -> np.ndarray:
    """SplitMix64 (Steele, Lea & Flood 2014): a bijection whose values look random."""
    with np.errstate(over="ignore"):
        x = (x + np.uint64(0x9E3779B97F4A7C15)) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0x94D049BB133111EB)
        return np.asarray(x ^ (x >> np.uint64(31)))


def _words(choices: list[str], codes: np.ndarray) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int32)), pa.array(choices))


def traffic_table(first: int, rows: int, total: int) -> pa.Table:
    """Rows of the traffic from a number on, of a log of so many."""
    numbers = np.arange(first, first + rows, dtype=np.uint64)
    draw = np.random.default_rng([7, first])
    asked = draw.integers(0, max(total // COPIES, 1), rows).astype(np.uint64)
    fingerprints = digests(asked, 3)
    model = draw.integers(0, len(MODELS), rows)
    prompt = draw.integers(50, 4000, rows)
    completion = draw.integers(5, 400, rows)
    cost = np.round(prompt * 2.5e-6 + completion * 1e-5 * (1 + model), 8)
    models = _words(list(MODELS), model).cast(pa.string())
    values: dict[str, Any] = {
        "row_id": digests(numbers, 1),
        "logical_request_id": digests(numbers, 2),
        "attempt_index": np.zeros(rows, np.int16),
        "is_final_attempt": np.ones(rows, bool),
        "session_id": digests(numbers // 4, 5),
        "started_at": pa.array(START_US + numbers.astype(np.int64) * SPACING_US, pa.timestamp("us", tz="UTC")),
        "latency_ms": draw.integers(100, 5000, rows).astype(float),
        "started_at_resolution": _words(["ms"], np.zeros(rows)),
        # A request is of one route.
        "route": _words(list(ROUTES), asked % np.uint64(len(ROUTES))).cast(pa.string()),
        "tenant": _words([f"team-{n}" for n in range(TENANTS)], draw.integers(0, TENANTS, rows)).cast(pa.string()),
        "operation": _words(["chat"], np.zeros(rows)),
        "model_requested": models,
        "model_key": models,
        "params": _words(['{"max_tokens":400,"temperature":0}'], np.zeros(rows)).cast(pa.string()),
        "usage_basis": _words(["provider"], np.zeros(rows)),
        "finish_reason": _words(["stop"], np.zeros(rows)),
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "cost_usd_logged": cost,
        "cost_basis": _words(["gateway_pricetable"], np.zeros(rows)),
        # Every fiftieth failed.
        "status": _words(["ok", "error"], draw.integers(0, 50, rows) == 0),
        "prompt_hash": digests(asked, 4),
        "request_fp": fingerprints,
        "has_images": np.zeros(rows, bool),
        "has_audio": np.zeros(rows, bool),
        "n_turns": np.ones(rows, np.int16),
        "n_tools": np.zeros(rows, np.int16),
        "prompt_chars": prompt * 4,
        "replayable": _words(["full"], np.zeros(rows)),
        "sampling_weight": np.ones(rows),
        "secrets_masked": np.zeros(rows, np.int32),
        "source_format": _words(["litellm"], np.zeros(rows)),
        "source_file": _words(["log.jsonl"], np.zeros(rows)).cast(pa.string()),
        "source_row": numbers.astype(np.int64),
    }
    nothing = pa.ListArray.from_arrays(pa.array(np.zeros(rows + 1, np.int32)), pa.array([], pa.string()))
    columns = []
    for field in TRAFFIC:
        if field.name in values:
            columns.append(pa.array(values[field.name]).cast(field.type))
        elif pa.types.is_list(field.type) and not field.nullable:
            columns.append(nothing if field.type.value_type == pa.string() else _empty_lists(field.type, rows))
        else:
            columns.append(pa.nulls(rows, field.type))
    return pa.Table.from_arrays(columns, schema=TRAFFIC)


def _empty_lists(kind: pa.DataType, rows: int) -> pa.Array:
    return pa.ListArray.from_arrays(pa.array(np.zeros(rows + 1, np.int32)), pa.array([], kind.value_type))


def _bodies(row_ids: pa.ChunkedArray) -> pa.Table:
    rows = len(row_ids)
    message = json.dumps([{"role": "user", "content": "is it so?"}])
    values = {
        "row_id": row_ids,
        "messages": _words([message], np.zeros(rows)).cast(pa.large_string()),
        # A tenth of the answers say no: criteria that every answer meets alike prove nothing.
        "response_text": _words(["yes", "no"], np.arange(rows) % 10 == 0).cast(pa.large_string()),
    }
    return pa.Table.from_arrays([values.get(field.name, pa.nulls(rows, field.type)) for field in BODIES], schema=BODIES)


def write_traffic(folder: Path, rows: int) -> None:
    """Write `traffic-*.parquet` and `bodies-*.parquet` of so many rows; the same rows for the same number."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, first in enumerate(range(0, rows, FILE_ROWS)):
        table = traffic_table(first, min(FILE_ROWS, rows - first), rows)
        bodies = _bodies(table.column("row_id"))
        for name, part in (("traffic", table), ("bodies", bodies)):
            path = folder / f"{name}-{number:05}.parquet"
            pq.write_table(part, path, compression="zstd", compression_level=1, row_group_size=ROW_GROUP)


def draft_table(first: int, rows: int) -> pa.Table:
    """Rows of a draft from a number on. A hundredth repeats an earlier row, a fiftieth failed and was tried again, and
    a fifth are calls of a conversation of four."""
    numbers = np.arange(first, first + rows, dtype=np.uint64)
    draw = np.random.default_rng([8, first])
    earlier = (draw.random(rows) * numbers).astype(np.uint64)
    call = np.where(draw.integers(0, 100, rows) == 0, earlier, numbers)
    together = np.select([call // 4 % 5 == 0, call % 50 == 49], [call // 4 * 4, call - 1], call)
    values: dict[str, Any] = {
        "row_id": digests(call, 1),
        "dedupe_key": digests(call, 6),
        "logical_request_id": digests(together, 2),
        "started_at": pa.array(START_US + call.astype(np.int64) * SPACING_US, pa.timestamp("us", tz="UTC")),
        "status": _words(["ok", "error"], call % 50 == 48),
        "cost_usd_logged": np.where(call % 3 == 0, 0.0012, np.nan),
        "prompt_tokens": np.full(rows, 180),
        "completion_tokens": np.full(rows, 12),
    }
    fields = [field for field in DRAFT if field.name in values]
    return pa.table(
        {f.name: pa.array(values[f.name], from_pandas=True).cast(f.type) for f in fields}, pa.schema(fields)
    )


def write_drafts(folder: Path, rows: int, part_rows: int = DRAFT_ROWS) -> list[PartFiles]:
    """Write what a first pass over so many rows leaves for the second one to compare."""
    folder.mkdir(parents=True, exist_ok=True)
    parts = []
    for number, first in enumerate(range(0, rows, part_rows)):
        parts.append(PartFiles(number, folder))
        table = draft_table(first, min(part_rows, rows - first))
        with pa.ipc.new_file(parts[-1].draft, table.schema) as writer:
            writer.write_table(table)
    return parts


def compare_drafts(folder: Path, at_once: int = AT_ONCE) -> int:
    """The second pass over drafts: how many changes it finds. They are dropped part by part, as a log's are written."""
    parts = [PartFiles(number, folder) for number in range(len(list(folder.glob("draft-*.arrow"))))]
    found = find_fixes(parts, [read_draft(part).num_rows for part in parts], at_once)
    return sum(len(fixes.ids) + len(fixes.duplicates) + len(fixes.attempts) for fixes in found)


def write_spans(path: Path, rows: int) -> None:
    """A log of so many calls, each inside the span of the request that it was made for."""
    start = START_US * 1000
    with path.open("w", encoding="utf-8") as file:
        for number in range(rows):
            prompt, answer = prompt_of(number % len(ROUTES), number % PROMPTS)
            told = {
                "gen_ai.operation.name": "chat", "gen_ai.provider.name": "acme", "gen_ai.request.model": MODELS[0],
                "gen_ai.response.id": f"chatcmpl-{number}",
                "gen_ai.input.messages": json.dumps([{"role": "user", "parts": [{"type": "text", "content": prompt}]}]),
                "gen_ai.output.messages": json.dumps(
                    [{"role": "assistant", "parts": [{"type": "text", "content": answer}], "finish_reason": "stop"}]
                ),
            }  # fmt: skip
            inside, around = f"{2 * number:016x}", f"{2 * number + 1:016x}"
            spans = [
                {"spanId": inside, "parentSpanId": around, "name": "chat", "attributes": _attributes(told)},
                {"spanId": around, "name": "POST", "attributes": _attributes({"http.route": ROUTES[number % 5]})},
            ]
            at = {"traceId": f"{number:032x}", "startTimeUnixNano": str(start + number), "endTimeUnixNano": str(start)}
            scopes = [{"spans": [span | at for span in spans]}]
            file.write(json.dumps({"resourceSpans": [{"scopeSpans": scopes}]}) + "\n")


def _attributes(told: dict[str, str]) -> list[dict[str, Any]]:
    return [{"key": key, "value": {"stringValue": value}} for key, value in told.items()]


def join_spans(path: Path) -> int:
    """Both passes over a log of spans: how many of its lines have what stands around and inside them."""
    pieces = joined_pieces(FORMATS.get("otlp"), [(Source(path, path.name), Sniffed("otlp", ""))], IngestSettings())
    return sum(len(piece.items or ()) for piece in pieces)


def work_of(stage: str, folder: Path) -> Callable[[], object]:
    """One of `STAGES`, to be done on what a folder holds."""
    from audit.config.load import load_settings
    from audit.core.artifacts import RunFolder
    from audit.flow import preparation
    from audit.levers.run import measure_levers
    from audit.llm.logprices import rates_of
    from audit.llm.tiers import resolve_tiers
    from audit.mix.run import measure_mix

    if stage == SECOND_PASS:
        return lambda: compare_drafts(folder / DRAFTS)
    if stage == SPANS:
        return lambda: join_spans(folder / SPANS_LOG)
    settings, run = load_settings(folder / "audit.yaml"), RunFolder(folder)
    if stage == "mix":
        return lambda: measure_mix(run.traffic_files(), resolve_tiers(settings))
    if stage == "levers":
        return lambda: measure_levers(run.traffic_files(), rates_of(settings.tiers), run.body_files())
    return lambda: preparation.prepare([folder / "log.jsonl"], settings, run)


def measure(stage: str, folder: Path) -> dict[str, float]:
    """Seconds, processor seconds and the most memory in MB of one of `STAGES` on what a folder holds."""
    work = work_of(stage, folder)
    before, began = resource.getrusage(resource.RUSAGE_SELF), time.monotonic()
    work()
    after = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "s": time.monotonic() - began,
        "cpu_s": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
        "peak_mb": most_mb(),
    }


def most_mb() -> float:
    """The most memory of this process; what its parent had does not count, as it does in `ru_maxrss`."""
    status = Path("/proc/self/status").read_text("utf-8")
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) / 1e3


def measured_apart(stage: str, folder: Path) -> dict[str, float]:
    """The same in a fresh process, so that no stage meets another's memory."""
    code = f"import json, pathlib; from tests.traffic_at_size import measure; print(json.dumps(measure({stage!r}, "
    code += f"pathlib.Path({str(folder)!r}))))"
    done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, check=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def prepare_folder(folder: Path, rows: int) -> None:
    """A run folder with traffic of so many rows, its configuration, and a log that is never read."""
    write_traffic(folder / "traffic", rows)
    (folder / "log.jsonl").write_text("{}\n", "utf-8")
    (folder / "answers.jsonl").write_text("", "utf-8")
    (folder / "audit.yaml").write_text(CONFIG, "utf-8")


def main(arguments: list[str]) -> None:
    """Write so many rows, measure all stages or those that are named, and print what they took."""
    number, place, *stages = [word for word in arguments if word != "--keep"]
    rows, folder, wanted = int(float(number)), Path(place), stages or list(STAGES)
    folder.mkdir(parents=True, exist_ok=True)
    if {*wanted} - {SECOND_PASS, SPANS} and not (folder / "audit.yaml").exists():
        prepare_folder(folder, rows)
    if SPANS in wanted and not (folder / SPANS_LOG).exists():
        write_spans(folder / SPANS_LOG, rows)
    if SECOND_PASS in wanted and not (folder / DRAFTS).exists():
        write_drafts(folder / DRAFTS, rows)
    found = {}
    for stage in wanted:
        found[stage] = measured_apart(stage, folder)
        print(stage, json.dumps(found[stage]), flush=True)
    if "--keep" in arguments:
        kept = json.loads(KEPT.read_text("utf-8")) if KEPT.exists() else {}
        kept[str(rows)] = kept.get(str(rows), {}) | found
        KEPT.write_text(json.dumps(kept, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
