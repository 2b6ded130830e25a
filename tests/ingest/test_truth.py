"""Logs whose truth is known, from outside the repository."""

from __future__ import annotations

import csv
import json
from collections import Counter
from pathlib import Path

import polars as pl
import pytest

from audit.core.settings import IngestSettings
from audit.mix.run import measure_mix
from tests.ingest.reading import Read, read
from tests.shared import SHARED, needs_shared

pytestmark = needs_shared("logs")
DEV = IngestSettings(
    route="metadata.route",
    tenant="metadata.user_api_key_alias",
    environment="metadata.environment",
    region="metadata.region",
)


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Read:
    """The development log, read once."""
    return read(SHARED / "data/dev/log.jsonl.gz", tmp_path_factory.mktemp("dev") / "run", DEV)


@needs_shared("data/dev/log.jsonl.gz")
def test_dev_counts(dev: Read) -> None:
    """Lines, failures, double lines, cache hits and billable requests are those that were injected."""
    report = dev.report
    assert (report.read, report.failures, report.duplicates) == (13308, 328, 38)
    assert (report.cache_hits, report.requests, report.not_priced, report.rejected) == (190, 12752, 0, 0)
    assert (dev.traffic["replayable"] == "none").sum() == 328


@needs_shared("data/dev/log.jsonl.gz")
def test_dev_spend_by_route(dev: Read) -> None:
    """Spend and requests per route are the truth's, to the cent and beyond; so are the window and the total."""
    with (SHARED / "data/dev/truth_by_route.csv").open() as file:
        truth = {row["route"]: row for row in csv.DictReader(file) if row["is_incumbent"] == "true"}
    mix = measure_mix(dev.folder.traffic_files(), ())
    assert {row.name for row in mix.by_route} == set(truth)
    for row in mix.by_route:
        assert row.spend_usd == pytest.approx(float(truth[row.name]["incumbent_cost_usd"]), abs=1e-6)
        assert row.requests == int(truth[row.name]["n_requests"])
        assert [share.model for share in row.models] == [truth[row.name]["incumbent"]]
    assert (mix.window_from, mix.window_to, mix.days) == ("2026-11-02", "2026-11-15", 14)
    assert (mix.requests, mix.failures, mix.duplicates, mix.cache_hits) == (12752, 328, 38, 190)
    assert mix.total.first_week_cost_per_1k_usd is not None


@needs_shared("data/dev/prompts.parquet")
def test_dev_prompts_join(dev: Read) -> None:
    """Every recorded prompt is found by its prompt_hash."""
    prompts = pl.read_parquet(SHARED / "data/dev/prompts.parquet", columns=["messages_sha256"])
    assert set(prompts["messages_sha256"]) == set(dev.traffic["prompt_hash"])


def test_litellm_emitted(tmp_path: Path) -> None:
    """The proxy's own records: attempts, the aborted stream, lost system prompts, failures by class."""
    got = read(SHARED / "logs/litellm_standard_logging_payload.jsonl", tmp_path / "run")
    traffic = got.traffic
    served = traffic.filter(pl.col("status").is_in(["ok", "partial"]))
    sums = served.select("prompt_tokens", "completion_tokens", "cached_tokens", "cache_write_tokens").sum().row(0)
    assert sums == (23640, 1190, 19770, 570)
    assert (got.report.requests, got.report.failures) == (42, 8)
    assert traffic["logical_request_id"].n_unique() == 47
    assert traffic["is_final_attempt"].sum() == 47
    assert (traffic.filter("is_final_attempt")["status"] == "error").sum() == 5
    assert served.filter(status="partial")["usage_basis"].to_list() == ["emitter_estimated"]
    lost = traffic.filter(operation="messages")
    assert lost["unreplayable_reasons"].to_list() == [["suspected_missing_input", "system_missing"]] * 2
    assert Counter(traffic["error_type"].drop_nulls()) == {
        "rate_limit": 2,
        "server_error": 3,
        "context_length": 1,
        "overloaded": 1,
        "invalid_request": 1,
        "cancelled": 1,
    }
    responses = traffic.filter(operation="responses").join(got.bodies, on="row_id").to_dicts()[0]
    assert json.loads(responses["messages"])[0] == {"role": "system", "content": "Be brief"}
    assert json.loads(responses["tool_calls"])[0]["function"]["name"] == "get_weather"


def test_litellm_agrees_with_what_was_served(tmp_path: Path) -> None:
    """Call by call: tokens, finish reason and route are what the provider served, but for the aborted stream."""
    got = read(SHARED / "logs/litellm_standard_logging_payload.jsonl", tmp_path / "run")
    rows = {row["request_id"]: row for row in got.traffic.to_dicts()}
    truth = [json.loads(line) for line in (SHARED / "logs/truth/litellm.jsonl").read_text().splitlines()]
    checked = 0
    for line in truth:
        row = rows.get(line.get("response_id") or "")
        if row is None or row["status"] == "partial" or line["usage"] is None:
            continue
        checked += 1
        assert row["prompt_tokens"] == line["usage"]["prompt_tokens"]
        assert row["completion_tokens"] == line["usage"]["completion_tokens"]
        if row["route"]:
            assert row["route"] == line["route"]
    assert checked >= 35


def test_openai_pairs_emitted(tmp_path: Path) -> None:
    """Thirty-five answers, one of them cut off, and five errors, each with its class."""
    got = read(SHARED / "logs/raw_sdk/openai_chat_pairs.jsonl", tmp_path / "run")
    assert Counter(got.traffic["status"]) == {"ok": 34, "partial": 1, "error": 5}
    assert Counter(got.traffic["error_type"].drop_nulls()) == {
        "rate_limit": 2,
        "server_error": 1,
        "context_length": 1,
        "overloaded": 1,
    }
    assert got.traffic["route"].null_count() == 0
    assert got.traffic["tenant"].n_unique() == 4
    assert Counter(got.traffic["replayable"])["exact"] == 33
    partial = got.traffic.filter(status="partial").to_dicts()[0]
    assert (partial["finish_reason"], partial["usage_basis"], partial["prompt_tokens"]) == ("aborted", "absent", None)
    two = got.traffic.join(got.bodies, on="row_id").filter(pl.col("params").str.contains('"n":2')).to_dicts()[0]
    assert len(json.loads(two["response_choices"])) == 2


EXPORTS = {
    "anthropic pairs": (["raw_sdk/anthropic_pairs.jsonl"], (40, 35, 5), None),
    "anthropic batch": (
        ["raw_sdk/anthropic_batch_requests.jsonl", "raw_sdk/anthropic_batch_results.jsonl"],
        (40, 35, 5),
        None,
    ),
    "openai chat pairs": (["raw_sdk/openai_chat_pairs.jsonl"], (40, 35, 5), None),
    "openai responses": (["raw_sdk/openai_responses_pairs.jsonl"], (7, 6, 1), None),
    "openai batch": (
        [f"raw_sdk/openai_batch_{part}.jsonl" for part in ("input", "output", "errors")],
        (40, 36, 4),
        None,
    ),
    "langsmith": (["langsmith/runs_ingested.jsonl"], (40, 36, 4), (21226, 1015)),
    "otel default": (
        [f"otel_openai_v2_default/{part}.jsonl" for part in ("spans", "logs")],
        (40, 36, 4),
        (21226, 1015),
    ),
    "otel genai": ([f"otel_genai_1.3b0/{part}.jsonl" for part in ("spans", "logs")], (65, 59, 6), (30104, 1439)),
    "openinference": (["openinference/spans.jsonl"], (65, 59, 6), (30104, 1439)),
    "langfuse otlp": (["langfuse_sdk_otlp/spans.jsonl"], (40, 36, 4), (21226, 1015)),
    "langfuse blob": (["langfuse_export_CONSTRUCTED/blob_observations_v2.jsonl"], (40, 36, 4), (21226, 1015)),
    "langfuse ui": (["langfuse_export_CONSTRUCTED/ui_observations.jsonl"], (40, 36, 4), (21226, 1015)),
    "langfuse csv": (["langfuse_export_CONSTRUCTED/ui_observations.csv"], (40, 36, 4), (21226, 1015)),
    "mlflow": (["mlflow/traces.jsonl"], (47, 42, 5), (27947, 1106)),
    "mlflow csv": (["mlflow/search_traces_first12.csv"], (12, 10, 2), None),
    "bedrock": (["bedrock_ENVELOPE_CONSTRUCTED"], (38, 38, 0), None),
}
"""Files, (calls, answered, failed) and (prompt, completion tokens) as the samples' README has them."""
JOINED = {
    "langsmith": "langsmith",
    "otel default": "otel_openai_v2_default",
    "otel genai": "otel_genai_1.3b0",
    "openinference": "openinference",
    "mlflow": "mlflow",
}
"""Where a response id joins a row to the truth: the truth file."""


@pytest.mark.parametrize("name", EXPORTS)
def test_an_export_is_read_as_its_truth(name: str, tmp_path: Path) -> None:
    """Calls, failures and tokens of every really emitted export; the table shows fields right of fields compared."""
    files, counts, tokens = EXPORTS[name]
    got = read([SHARED / "logs" / file for file in files], tmp_path / "run")
    traffic = got.traffic.filter(pl.col("duplicate_of").is_null())
    assert got.report.rejected == 0
    assert (len(traffic), got.report.requests, got.report.failures) == counts
    served = traffic.filter(pl.col("status").is_in(["ok", "partial"]))
    if tokens is not None:
        assert served.select("prompt_tokens", "completion_tokens").sum().row(0) == tokens
    right, compared = _fields(name, traffic)
    print(f"{name:<20} {len(traffic)} calls, {got.report.failures} failed; {right} of {compared} fields right")
    assert right == compared


def _fields(name: str, traffic: pl.DataFrame) -> tuple[int, int]:
    """Fields that are the truth's, and fields compared: model, tokens, and labels where the log has them."""
    if name not in JOINED:
        return 0, 0
    lines = (SHARED / f"logs/truth/{JOINED[name]}.jsonl").read_text("utf-8").splitlines()
    truth = {line["response_id"]: line for line in map(json.loads, lines) if line.get("response_id")}
    right = compared = 0
    for row in traffic.filter(pl.col("request_id").is_in(list(truth))).to_dicts():
        known = truth[row["request_id"]]
        usage = known.get("usage") or {}
        told = {"model_requested": known.get("model"), "route": known.get("route"), "tenant": known.get("tenant")}
        if "prompt_tokens" in usage and row["prompt_tokens"] is not None:  # a stream may keep its counts to itself
            told |= {"prompt_tokens": usage["prompt_tokens"], "completion_tokens": usage["completion_tokens"]}
        for column, expected in told.items():
            found = row[column].removeprefix("/api/") if column == "route" and row[column] else row[column]
            if expected is not None and (found is not None or column not in ("route", "tenant")):
                compared += 1
                right += found == expected
    return right, compared


def test_bedrock_counts_are_inclusive(tmp_path: Path) -> None:
    """The log's input tokens leave out what was read from or written to the cache; ours do not."""
    lines = (SHARED / "logs/truth/bedrock.jsonl").read_text("utf-8").splitlines()
    truth = {line["rid"]: line for line in map(json.loads, lines)}
    got = read(SHARED / "logs/bedrock_ENVELOPE_CONSTRUCTED", tmp_path / "run").traffic
    for row in got.filter(pl.col("request_id").is_in(list(truth))).to_dicts():
        known = truth[row["request_id"]]
        assert row["prompt_tokens"] == known["input"] + known["cache_read"] + known["cache_write"]
        assert (row["cached_tokens"], row["completion_tokens"]) == (known["cache_read"], known["output"])
