"""Ways in: patterns that the shell left alone, and refusals that name the tool."""

from __future__ import annotations

import gzip
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from audit.core.artifacts import RunFolder
from audit.core.errors import InputError
from audit.core.settings import IngestSettings
from audit.ingest.foreign import FOREIGN, Foreign
from audit.ingest.formats import FORMATS
from audit.ingest.run import ingest
from tests.ingest.reading import SAMPLES, payload, read, sample, write_jsonl


def test_a_pattern_stands_for_what_it_fits(tmp_path: Path) -> None:
    """Files below, by a pattern; a file whose name looks like one is itself."""
    (tmp_path / "in" / "deep").mkdir(parents=True)
    for number, name in enumerate(("a.jsonl", "deep/b.jsonl", "deep/c.txt")):
        write_jsonl(tmp_path / "in" / name, [payload(id=f"id-{number}", litellm_call_id=f"c-{number}")])
    got = read(tmp_path / "in" / "**" / "*.jsonl", tmp_path / "run")
    assert list(got.report.inputs) == ["a.jsonl", "b.jsonl"]
    odd = write_jsonl(tmp_path / "log[1].jsonl", [payload()])
    assert list(read(odd, tmp_path / "odd").report.inputs) == ["log[1].jsonl"]


def test_a_pattern_that_fits_nothing_is_an_error(tmp_path: Path) -> None:
    """It is said, with the pattern."""
    with pytest.raises(InputError, match=r"\*\.jsonl fits no file"):
        ingest([tmp_path / "*.jsonl"], IngestSettings(), RunFolder(tmp_path / "run"))


@pytest.mark.parametrize("known", FOREIGN, ids=lambda known: " ".join(sorted(known.fields))[:40])
def test_a_refusal_names_the_tool(known: Foreign, tmp_path: Path) -> None:
    """A file of a tool without a reader is refused by name, with what to do; no reader takes it, or calls within it."""
    fields = dict.fromkeys(known.fields, "x")
    assert not [name for name in FORMATS if FORMATS.get(name).detects(fields)]
    path = tmp_path / "log.jsonl"
    calls = [json.loads(line) for line in (SAMPLES / "openai_pairs.jsonl").read_text("utf-8").splitlines()]
    for held in (fields, *([] if known.envelope else [{**fields, "held": [{"calls": calls}]}])):
        path.write_text(json.dumps(held) + "\n")
        with pytest.raises(InputError) as caught:
            ingest([path], IngestSettings(), RunFolder(tmp_path / "run"))
        assert known.tool in caught.value.what
        assert caught.value.hint == known.hint
        assert caught.value.code == "ingest.unknown-format"


MAPPED = {
    "Cursor's export of usage": {
        "Date": "2026-11-02T10:00:00Z", "Kind": "Included", "Model": "gpt-4o", "Input (w/ Cache Write)": "100",
        "Input (w/o Cache Write)": "500", "Cache Read": "400", "Output Tokens": "50", "Cost": "Included",
    },
    "Kong's log of requests": {
        "started_at": 1_793_613_600_000, "latencies": {"proxy": 1200}, "response": {"status": 200},
        "ai": {"proxy": {
            "meta": {"response_model": "gpt-4o", "llm_latency": 1200},
            "usage": {"prompt_tokens": 1000, "completion_tokens": 50},
        }},
    },
    "Envoy AI Gateway's access log": {
        "start_time": "2026-11-02T10:00:00Z", "genai_model_name": "gpt-4o", "genai_tokens_input": 1000,
        "genai_tokens_output": 50, "duration": 1200, "response_code": 200,
    },
    "Snowflake's usage of Cortex by REST": {
        "START_TIME": "2026-11-02 10:00:00", "END_TIME": "2026-11-02 10:00:01.2", "REQUEST_ID": "r",
        "MODEL_NAME": "gpt-4o", "TOKENS": 1050, "TOKENS_GRANULAR": '{"input": 1000, "output": 50}',
    },
}  # fmt: skip


@pytest.mark.parametrize("tool", [known.tool for known in FOREIGN if "map it" in known.hint])
def test_the_map_of_a_refusal_reads_the_log(tool: str, tmp_path: Path) -> None:
    """What a refusal tells to write into audit.yaml reads the file that it refused."""
    path = write_jsonl(tmp_path / "log.jsonl", [MAPPED[tool]])
    with pytest.raises(InputError) as caught:
        ingest([path], IngestSettings(), RunFolder(tmp_path / "run"))
    assert caught.value.hint is not None
    written = caught.value.hint[caught.value.hint.index("`ingest:") + 1 :].partition("`")[0]
    (row,) = read(path, tmp_path / "run", IngestSettings(**yaml.safe_load(written)["ingest"])).rows()
    assert (row["status"], row["prompt_tokens"], row["completion_tokens"]) == ("ok", 1000, 50)
    assert (row["latency_ms"] or 1200.0, row["model_key"]) == (1200.0, "gpt-4o")


def test_helicones_table_is_read(tmp_path: Path) -> None:
    """Its CSV has no ids of requests and no answers: what it counts was paid."""
    row = {
        "response_id": "r", "response_created_at": "2026-11-02T10:00:01Z", "response_status": "200",
        "request_created_at": "2026-11-02T10:00:00Z", "request_properties": '{"route": "x"}', "model": "gpt-4o",
        "request_body": '{"model": "gpt-4o", "messages": [{"role": "user", "content": "hi"}]}', "latency": None,
        "prompt_tokens": "1000", "completion_tokens": "50", "cost_usd": None, "request_user_id": "u",
    }  # fmt: skip
    (got,) = read(write_jsonl(tmp_path / "log.jsonl", [row]), tmp_path / "run").rows()
    assert (got["status"], got["route"], got["prompt_tokens"]) == ("ok", "x", 1000)


def test_rows_of_openrouters_page_are_generations(tmp_path: Path) -> None:
    """The CSV of its activity page and the objects of its SDK are what its API says, under other names."""
    (api,) = sample("openrouter.jsonl")[:1]
    plain = {"generation_id": "id", "cost_total": "total_cost", "model_permaslug": "model", "created_at": "created_at",
             "tokens_prompt": "native_tokens_prompt", "tokens_completion": "native_tokens_completion",
             "tokens_cached": "native_tokens_cached", "streamed": "streamed", "cancelled": "cancelled"}  # fmt: skip
    held = api.get("data", api)
    named = re.compile(r"_(\w)")
    written = {
        "api": held,
        "csv": {name: held.get(own) for name, own in plain.items()},
        "sdk": {named.sub(lambda found: found[1].upper(), name): value for name, value in held.items()},
    }
    rows = [read(write_jsonl(tmp_path / name, [one]), tmp_path / f"run {name}").rows() for name, one in written.items()]
    same = (
        "request_id",
        "status",
        "model_key",
        "prompt_tokens",
        "cached_tokens",
        "completion_tokens",
        "cost_usd_logged",
    )
    assert len({tuple(row[name] for name in same) for (row,) in rows}) == 1


def test_a_server_log_of_vllm_is_refused_by_name(tmp_path: Path) -> None:
    """Its lines hold prompts behind a template and no counts."""
    path = tmp_path / "server.log"
    path.write_text(
        "INFO 11-29 10:00:00 [loggers.py:127] Engine 000: Avg prompt throughput: 3.1 tokens/s, Running: 1 reqs\n"
        "INFO 11-29 10:00:01 [logger.py:42] Received request chatcmpl-1: params: SamplingParams(n=1, temperature=0.7)\n"
    )
    with pytest.raises(InputError, match="vLLM's server log") as caught:
        ingest([path], IngestSettings(), RunFolder(tmp_path / "run"))
    assert "otlp-traces-endpoint" in str(caught.value.hint)


def test_a_dash_is_standard_input(tmp_path: Path) -> None:
    """A log from a pipe is read as a file is, compressed too, and the copy of it is gone at the end."""
    packed = gzip.compress((SAMPLES / "litellm.jsonl").read_bytes())
    command = [sys.executable, "-m", "audit", "ingest", "-", "--into", str(tmp_path / "run"), "--json"]
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    done = subprocess.run(command, input=packed, capture_output=True, check=True, env=environment)
    report = json.loads(done.stdout)
    assert (report["read"], list(report["inputs"])) == (22, ["stdin"])
    assert {path.name for path in tmp_path.iterdir()} == {"run", "store"}
