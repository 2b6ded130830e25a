"""Ways in: patterns that the shell left alone, and refusals that name the tool."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from audit.core.artifacts import RunFolder
from audit.core.errors import InputError
from audit.core.settings import IngestSettings
from audit.ingest.foreign import FOREIGN, Foreign
from audit.ingest.formats import FORMATS
from audit.ingest.run import ingest
from tests.ingest.reading import SAMPLES, payload, read, write_jsonl


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
    for held in (fields, {**fields, "held": [{"calls": calls}]}):
        path.write_text(json.dumps(held) + "\n")
        with pytest.raises(InputError) as caught:
            ingest([path], IngestSettings(), RunFolder(tmp_path / "run"))
        assert known.tool in caught.value.what
        assert caught.value.hint == known.hint
        assert caught.value.code == "ingest.unknown-format"


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
