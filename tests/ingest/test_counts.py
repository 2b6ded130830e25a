"""Tokens, costs and identity of calls, in the shapes that vendors report them in."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from audit.core.doubts import Doubt, doubts_in
from audit.core.rates import Rates
from audit.core.settings import FieldMap, IngestSettings
from audit.ingest.calls.usage import billed_tier, put_usage
from audit.ingest.formats import FORMATS
from audit.ingest.labels import MODEL
from audit.ingest.row import Row
from audit.ingest.telemetry.otel import usage_of
from audit.ingest.values import INT64, integer
from audit.ingest.words import provider
from audit.llm.logprices import rates_of
from audit.protocols.billed import reported_cost
from tests.ingest.reading import BY_FORMAT, SAMPLES, Read, payload, read, sample, write_jsonl

COUNTS = ("prompt_tokens", "cached_tokens", "cache_write_tokens", "cache_write_1h_tokens", "completion_tokens")

REASONED = {"reasoning_tokens": 7}


def pair(n: int = 0, *, usage: Any = None, **changes: Any) -> dict[str, Any]:
    """A pair of a chat request and its response."""
    record = sample("openai_pairs.jsonl")[0]
    response = record["response"] | {"id": f"chatcmpl-{n}"} | ({"usage": usage} if usage else {})
    return record | {"timestamp": f"2026-09-01T10:{n // 60 % 60:02}:{n % 60:02}Z", "response": response} | changes


@pytest.mark.parametrize(
    ("usage", "counts"),
    [
        (
            {"prompt_tokens": 90, "completion_tokens": 9, "prompt_tokens_details": {"cached_tokens": 40}},
            (90, 40, None, None, 9),
        ),
        (
            {"input_tokens": 90, "output_tokens": 9, "input_tokens_details": {"cached_tokens": 40}},
            (90, 40, None, None, 9),
        ),
        (
            {"input_tokens": 50, "cache_read_input_tokens": 30, "cache_creation_input_tokens": 10, "output_tokens": 9,
             "cache_creation": {"ephemeral_5m_input_tokens": 4, "ephemeral_1h_input_tokens": 6}},
            (90, 30, 10, 6, 9),
        ),
        ({"prompt_tokens": 90, "prompt_cache_hit_tokens": 64, "completion_tokens": 9}, (90, 64, None, None, 9)),
        (
            {"prompt_tokens": 5, "completion_tokens": 9, "prompt_tokens_details": {"cached_tokens": 85}},
            (90, 85, None, None, 9),
        ),
        (
            {"prompt_tokens": 90, "completion_tokens": 2, "total_tokens": 99, "completion_tokens_details": REASONED},
            (90, None, None, None, 9),
        ),
        (
            {"prompt_tokens": 90, "completion_tokens": 9, "total_tokens": 99, "completion_tokens_details": REASONED},
            (90, None, None, None, 9),
        ),
        ({"prompt_tokens": "x", "completion_tokens": [], "prompt_tokens_details": [1]}, (None, None, None, None, None)),
    ],
)  # fmt: skip
def test_counts_are_inclusive(usage: dict[str, Any], counts: tuple[int | None, ...]) -> None:
    """Cached and written tokens are part of the prompt, reasoning is part of the completion, whoever counts."""
    row = Row()
    put_usage(row, usage)
    assert tuple(getattr(row, name) for name in COUNTS) == counts


def test_digits_are_the_count_that_they_are_as_a_number() -> None:
    """Integers of OTLP are text: the short road for digits comes where the long one does, for every other text too."""
    rng = random.Random(11)
    pieces = [*"0123456789", *"0123456789", ".", "-", "+", "e", " ", "_", "٣", "²", "0x", "inf", "nan"]
    for _ in range(5000):
        written = "".join(rng.choices(pieces[: rng.choice((10, 20, len(pieces)))], k=rng.randrange(22)))
        try:
            found = None if "_" in written else float(written)
        except ValueError:
            found = None
        counted = found is not None and 0 <= found < INT64 and found == found // 1
        assert integer(written) == (int(found) if counted and found is not None else None), written


def test_a_short_id_makes_no_two_calls_one(tmp_path: Path) -> None:
    """A call is its id, time and prompt; the same line again is the same call."""
    records = [pair(n) | {"response": pair(7)["response"]} for n in range(200)]
    got = read(write_jsonl(tmp_path / "log.jsonl", [*records, *records[:5]]), tmp_path / "run")
    assert (got.report.requests, got.report.duplicates) == (200, 5)
    assert got.traffic["is_final_attempt"].sum() == 200


def priced(tmp_path: Path, *records: dict[str, Any], settings: IngestSettings | None = None) -> Read:
    """Records with the catalogue's prices."""
    return read(write_jsonl(tmp_path / "log.jsonl", records), tmp_path / "run", settings, rates_of=rates_of())


def test_every_dollar_has_a_basis_or_a_reason(tmp_path: Path) -> None:
    """Logged, reported, free by name, recomputed; what has none is counted by its reason."""
    usage = {"prompt_tokens": 1000, "completion_tokens": 100}
    asked = sample("openai_pairs.jsonl")[0]["request"]

    def of(n: int, model: str, usage: dict[str, Any], **changes: Any) -> dict[str, Any]:
        made = pair(n, usage=usage, request=asked | {"model": model}, **changes)
        return made | {"response": made["response"] | {"model": model}}

    got = priced(
        tmp_path,
        of(1, "gpt-4o", usage, cost_usd=0.5),
        of(2, "acme/large", usage | {"cost": 0.01, "is_byok": True, "cost_details": {"upstream_inference_cost": 0.2}}),
        of(3, "acme/small:free", usage, cost_usd=0),
        of(4, "gpt-4o", usage, cost_usd=0),
        of(5, "acme-large", usage),
        of(6, "gpt-4o", {}),
        of(7, "whatever", usage, base_url="http://localhost:8000/v1"),
    )
    assert got.report.spend_usd == pytest.approx(
        {"free": 0.0, "gateway_pricetable": 0.5, "provider": 0.21, "recomputed": 0.0035 + 0.0}, rel=0.3
    )
    assert sum(got.report.unpriced.values()) == got.report.not_priced
    assert got.report.unpriced == {"self_hosted": 1, "unknown_model": 1}
    assert got.report.warnings["zero_cost_is_unknown"] == 1


def test_what_cannot_be_audited_is_named_with_its_dollars(tmp_path: Path) -> None:
    """An answered call that cannot be replayed stays in the books, under its reason."""
    gone = [{"role": "user", "content": "redacted-by-litellm"}]
    cut = sample("openai_pairs.jsonl")[0]["request"] | {"messages": gone}
    got = priced(tmp_path, pair(1, cost_usd=0.25), pair(2, cost_usd=0.5, request=cut))
    assert got.report.not_auditable_usd == {"redacted": 0.5}
    assert got.report.spend_usd == {"gateway_pricetable": 0.75}


MAP = FieldMap(
    where={"kind": "llm"},
    each="calls",
    prompt="body.question|q",
    response="a",
    model="model|defaults.model",
    request_id="id",
    started_at="at",
    latency_ms="took",
    duration_unit="s",
    prompt_tokens="in",
    cached_tokens="cached",
    cache_write_tokens="written",
    completion_tokens="out",
    counts="exclusive",
    cost_usd="cents",
    cost_unit="cents",
    batch="batch",
    service_tier="tier",
    error="problem.message",
)


def test_a_map_reads_any_shape(tmp_path: Path) -> None:
    """Row filter, several calls in a record, JSON in text, alternatives, exclusive counts, units, errors."""
    call = {
        "id": 1,
        "body": json.dumps({"question": "why?"}),
        "a": "so",
        "at": "Thu, 19 Nov 2026 10:00:00 GMT",
        "took": 1.5,
    }
    record = {
        "kind": "llm",
        "defaults": {"model": "gpt-4o"},
        "calls": [
            call
            | {"in": "1,000", "cached": 200, "written": 100, "out": 50, "cents": "$1.5", "batch": True, "tier": "flex"},
            {
                "id": 2,
                "q": "and?",
                "model": "gpt-4o-mini",
                "at": "2026-11-19 11:00",
                "problem": {"message": "Too many requests"},
            },
            {"id": 3, "q": "odd", "a": "x", "at": "yesterday", "in": "many", "out": 1, "cents": -3},
        ],
    }
    got = read(
        write_jsonl(tmp_path / "log.jsonl", [record, {"kind": "tool"}]), tmp_path / "run", IngestSettings(map=MAP)
    )
    one, two, three = got.rows()
    assert json.loads(one["messages"]) == [{"role": "user", "content": "why?"}]
    assert [one[name] for name in COUNTS] == [1300, 200, 100, None, 50]
    assert (one["cost_usd_logged"], one["latency_ms"], one["batch"], one["service_tier"]) == (0.015, 1500, True, "flex")
    assert (one["model_key"], two["model_key"]) == ("gpt-4o", "gpt-4o-mini")
    assert (two["status"], two["error_type"], two["error_message"]) == ("error", "rate_limit", "Too many requests")
    assert three["ingest_warnings"] == ["unreadable_started_at", "unreadable_prompt_tokens", "unreadable_cost_usd"]
    assert (got.report.read, got.report.not_calls, got.report.failures, got.report.requests) == (2, 1, 1, 2)


def test_conservation(tmp_path: Path) -> None:
    """Every record is in exactly one counter: it is a row, a reject, or no call."""
    records: list[Any] = [{"kind": "llm", "q": "a", "calls": [{"q": "x", "a": "y"}]}, {"kind": "other"}, "{", "[1]"]
    got = read(write_jsonl(tmp_path / "log.jsonl", records), tmp_path / "run", IngestSettings(map=MAP))
    report = got.report
    assert report.read == got.traffic["source_row"].n_unique() + report.rejected + report.not_calls == 4


@pytest.mark.parametrize("name", BY_FORMAT)
def test_a_model_can_be_the_route_of_every_format(name: str, tmp_path: Path) -> None:
    """What is proposed where a log names no purpose works as it is written."""
    file, settings = BY_FORMAT[name]
    route = "engine" if name == "generic" else MODEL
    rows = read(SAMPLES / file, tmp_path, settings.model_copy(update={"route": route})).rows()
    named = [row for row in rows if row["model_requested"] or row["model_responded"]]
    assert named
    assert all(row["route"] for row in named)


@pytest.mark.parametrize("name", ["openai_pairs.jsonl", "anthropic_pairs.jsonl", "openai_responses_pairs.jsonl"])
def test_what_an_sdk_merges_into_the_body_is_asked(name: str, tmp_path: Path) -> None:
    """`extra_body` of a call is the same request as its fields in the body; options of the client are none of it."""
    record = next(one for one in map(dict, sample(name)) if one.get("response"))
    plain = {name: value for name, value in record["request"].items() if name not in ("temperature", "top_p")}
    whole = record | {"request": plain | {"temperature": 0.3, "top_p": 0.9}}
    call = record | {"request": plain | {"temperature": 0.3, "extra_body": {"top_p": 0.9}, "extra_headers": {"a": "b"}}}
    rows = [
        read(write_jsonl(tmp_path / f"{n}.jsonl", [one]), tmp_path / str(n)).rows()
        for n, one in enumerate((whole, call))
    ]
    fields = ("request_fp", "params", "replayable", "unreplayable_reasons")
    assert [[row[name] for name in fields] for row in rows[0]] == [[row[name] for name in fields] for row in rows[1]]
    assert '"top_p":0.9' in rows[1][0]["params"]


SPAN = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-4o", "gen_ai.system": "openai"}
SUMS = {"gen_ai.usage.input_tokens": 100, "gen_ai.usage.output_tokens": 10}


@pytest.mark.parametrize(
    "counted",
    [
        {**SUMS, "gen_ai.usage.cache_read.input_tokens": 80, "gen_ai.usage.cache_creation.input_tokens": 5},
        {**SUMS, "gen_ai.usage.cache_read_input_tokens": 80, "gen_ai.usage.cache_creation_input_tokens": 5},
        {**SUMS, "gen_ai.usage.input_tokens.cached": 80, "gen_ai.usage.input_tokens.cache_write": 5},
        {
            **SUMS, "gen_ai.usage.details.cache_read_tokens": 80, "gen_ai.usage.details.cache_write_tokens": 5,
            "gen_ai.usage.details.input_tokens": 15,  # the vendor's own count leaves the cache out
        },
        {
            "ai.usage.inputTokens": 100, "ai.usage.outputTokens": 10, "ai.usage.totalTokens": 110,
            "ai.usage.inputTokenDetails.cacheReadTokens": 80, "ai.usage.inputTokenDetails.cacheWriteTokens": 5,
        },
        {
            "llm.token_count.prompt": 100, "llm.token_count.completion": 10,
            "llm.token_count.prompt_details.cache_read": 80, "llm.token_count.prompt_details.cache_write": 5,
        },
        {
            "ai.usage.inputTokens": 15, "ai.usage.outputTokens": 10, "ai.usage.cachedInputTokens": 80,
            "ai.response.providerMetadata": json.dumps({"anthropic": {"usage": {
                "input_tokens": 15, "output_tokens": 10, "cache_read_input_tokens": 80,
                "cache_creation_input_tokens": 5,
            }}}),
        },
    ],
)  # fmt: skip
def test_spans_count_alike_whoever_wrote_them(counted: dict[str, Any]) -> None:
    """Instrumentations have a name each for the same tokens."""
    row = Row()
    put_usage(row, usage_of({**SPAN, **counted}))
    assert tuple(getattr(row, name) for name in COUNTS) == (100, 80, 5, None, 10)


@pytest.mark.parametrize(
    ("said", "tier"),
    [
        ({"service_tier": "flex"}, "flex"),
        ({"serviceTier": "FLEX"}, "flex"),
        ({"serviceTier": {"type": "priority"}}, "priority"),
        ({"trafficType": "ON_DEMAND"}, None),
        ({"trafficType": "ON_DEMAND_PRIORITY"}, "priority"),
        ({"trafficType": "PROVISIONED_THROUGHPUT"}, "provisioned_throughput"),
        ({"speed": "fast", "service_tier": "standard"}, "fast"),
        ({"speed": "standard", "service_tier": "standard"}, "standard"),
        ({"performanceConfig": {"latency": "optimized"}}, "latency_optimized"),
        ({"inference_geo": "us", "service_tier": "standard"}, "inference_geo_us"),
        ({"inference_geo": "not_available", "service_tier": "standard"}, "standard"),
        ({}, None),
    ],
)
def test_what_changes_a_price_is_a_tier(said: dict[str, Any], tier: str | None) -> None:
    """A call that the list's price is not of is never priced by it."""
    assert billed_tier(said) == tier


@pytest.mark.parametrize(
    ("usage", "usd"),
    [
        ({"cost": 0.02}, 0.02),
        ({"cost": "0.02"}, 0.02),
        ({"cost": "1_0"}, None),
        ({"cost": True}, None),
        ({"cost": 0.02, "currency": 5}, None),
        ({"cost": 0, "is_byok": True, "cost_details": {"upstream_inference_cost": 0.02}}, 0.02),
        ({"cost": {"input_tokens_cost": 0.003, "request_cost": 0.006, "total_cost": 0.024}}, 0.024),
        ({"cost": {"currency": "EUR", "total_cost": 0.024}}, None),
        ({"cost_in_usd_ticks": 37_756_000}, 0.0037756),
        ({"cost": 0}, None),
        ({"cost": -1}, None),
    ],
)
def test_what_the_provider_bills_is_read_in_its_own_words(usage: dict[str, Any], usd: float | None) -> None:
    """Fees for searches and tools are in it, which no price of tokens has."""
    assert reported_cost(usage) == usd


def test_calls_before_the_first_known_price_are_told(tmp_path: Path) -> None:
    """They are priced by it, counted as doubts, and no more than once; a cost of the log needs no list."""
    early = "2024-03-01T10:00:00Z"
    records = [pair(1), pair(2, timestamp=early), pair(3, timestamp=early), pair(4, timestamp=early, cost=0.5)]
    found = read(write_jsonl(tmp_path / "log.jsonl", records), tmp_path / "run", rates_of=rates_of())
    rows = found.rows()
    priced = [row["cost_usd_logged"] is None for row in rows]
    assert found.report.warnings.get(Doubt.BEFORE_LIST) == sum(priced[1:]) >= 2
    assert Doubt.BEFORE_LIST in doubts_in(found.report.warnings)
    assert all(row["cost_usd_recomputed"] for row in rows)


def test_images_and_audio_have_rates_of_their_own(tmp_path: Path) -> None:
    """A class without a rate costs what its side costs, but for audio: that is priced apart, or not at all."""
    usage = {
        "prompt_tokens": 1000, "completion_tokens": 100,
        "prompt_tokens_details": {"image_tokens": 400, "audio_tokens": 100, "cached_tokens": 200},
        "completion_tokens_details": {"image_tokens": 60},
    }  # fmt: skip
    log = write_jsonl(tmp_path / "log.jsonl", [pair(usage=usage)])
    whole = Rates(input=1, output=10, cached_input=0.5, input_audio=4, input_image=3, output_image=100, source="made")
    for rates, usd in (
        (whole, 300 * 1 + 200 * 0.5 + 100 * 4 + 400 * 3 + 40 * 10 + 60 * 100),
        (replace(whole, input_image=None, output_image=None), 700 * 1 + 200 * 0.5 + 100 * 4 + 100 * 10),
        (replace(whole, input_audio=None), None),
    ):
        found = read(log, tmp_path / f"run-{usd}", rates_of=lambda _, rates=rates: (rates,))
        (cost,) = found.traffic["cost_usd_recomputed"]
        assert cost == (None if usd is None else pytest.approx(usd / 1e6))


HOURLY = {
    "input_tokens": 10, "cache_creation_input_tokens": 50, "output_tokens": 5,
    "cache_creation": {"ephemeral_5m_input_tokens": 20, "ephemeral_1h_input_tokens": 30},
}  # fmt: skip
ASKED = {"model": "claude-sonnet-4-5", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}
SAID = {
    "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5", "stop_reason": "end_turn",
    "content": [{"type": "text", "text": "a"}], "usage": HOURLY,
}  # fmt: skip
COARSE = {"input_tokens": 60, "output_tokens": 5, "cache_creation_input_tokens": 50}


def _span(attributes: dict[str, Any]) -> dict[str, Any]:
    pairs = [{"key": key, "value": {"stringValue": value}} for key, value in attributes.items()]
    span = {"traceId": "0a" * 16, "spanId": "0b" * 8, "startTimeUnixNano": "1793613600000000000", "attributes": pairs}
    return {"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}


BESIDE_A_BODY: dict[str, dict[str, Any]] = {
    "mlflow": {
        "info": {"trace_id": "tr-0", "tags": {}},
        "data": {"spans": [{
            "span_id": "s", "parent_span_id": None, "start_time_unix_nano": 1793613600000000000,
            "attributes": {
                "mlflow.spanType": '"CHAT_MODEL"', "mlflow.spanInputs": json.dumps(ASKED),
                "mlflow.spanOutputs": json.dumps(SAID), "mlflow.chat.tokenUsage": json.dumps(COARSE),
            },
        }]},
    },
    "otlp": _span({
        "openinference.span.kind": "LLM", "input.value": json.dumps(ASKED), "output.value": json.dumps(SAID),
        "llm.token_count.prompt": "60", "llm.token_count.completion": "5",
        "llm.token_count.prompt_details.cache_write": "50",
    }),
    "langsmith": {
        "id": "r", "run_type": "llm", "start_time": "2026-11-02T10:00:00", "inputs": ASKED, "extra": {},
        "outputs": {**SAID, "usage_metadata": {
            "input_tokens": 60, "output_tokens": 5, "input_token_details": {"cache_creation": 50},
        }},
    },
}  # fmt: skip


@pytest.mark.parametrize("name", BESIDE_A_BODY)
def test_coarser_counts_beside_a_body_take_no_class_away(name: str) -> None:
    """A platform's sums agree with the body's, and say nothing of how long a cache was kept: the body still does."""
    (row,) = FORMATS.get(name).open(IngestSettings())(json.dumps(BESIDE_A_BODY[name]).encode())
    assert (row.prompt_tokens, row.cache_write_tokens, row.cache_write_1h_tokens) == (60, 50, 30)


def test_other_sums_are_another_count() -> None:
    """Classes of other sums would be more than what is counted now."""
    row = Row()
    put_usage(row, HOURLY)
    put_usage(row, {"input_tokens": 7, "output_tokens": 5})
    assert (row.prompt_tokens, row.cache_write_tokens, row.cache_write_1h_tokens) == (7, None, None)


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("OpenAI", "openai"), ("Anthropic", "anthropic"), ("AWS", "aws.bedrock"), ("amazon-bedrock", "aws.bedrock"),
        ("Azure OpenAI", "azure"), ("azure.ai.openai", "azure"), ("openai.responses", "openai"),
        ("google.generative-ai", "gcp.gemini"), ("google.vertex.chat", "gcp.vertex"), ("gcp.vertex_ai", "gcp.vertex"),
        ("anthropic.messages", "anthropic"), ("MistralAI", "mistral"), ("Acme-Cloud", "Acme-Cloud"),
    ],
)  # fmt: skip
def test_a_provider_is_the_same_whoever_writes_it(written: str, name: str) -> None:
    """Gateways, SDKs and conventions spell it each in their way; a name that nobody knows stays."""
    assert provider(written) == name


def test_lines_of_batch_jobs_cost_half(tmp_path: Path) -> None:
    """Bedrock's and Vertex AI's write request and answer side by side, without a word that says batch."""
    gemini = {
        "candidates": [{"content": {"role": "model", "parts": [{"text": "a"}]}, "finishReason": "STOP"}],
        "modelVersion": "gemini-2.5-flash", "usageMetadata": {"promptTokenCount": 60, "candidatesTokenCount": 5},
    }  # fmt: skip
    job = [
        {"recordId": "1", "modelInput": {k: v for k, v in ASKED.items() if k != "model"}, "modelOutput": SAID},
        {
            "status": "", "processed_time": "2026-11-02T10:00:00Z", "response": gemini,
            "request": {"contents": [{"role": "user", "parts": [{"text": "hi"}]}]},
        },
    ]  # fmt: skip
    for number, line in enumerate(job):
        found = read(write_jsonl(tmp_path / f"{number}.jsonl", [line]), tmp_path / f"run{number}").traffic
        assert (found["batch"].to_list(), found["status"].to_list(), found["prompt_tokens"].to_list()) == (
            [True], ["ok"], [60],
        )  # fmt: skip


def test_calls_of_tools_are_no_calls_of_models(tmp_path: Path) -> None:
    """A gateway logs what its tools were asked beside what its models were; one with a cost is money all the same."""
    tool = {"call_type": "call_mcp_tool", "prompt_tokens": 0, "completion_tokens": 0, "response": {}}
    records = [payload(), payload(id="2", response_cost=0, **tool), payload(id="3", response_cost=0.01, **tool)]
    found = read(write_jsonl(tmp_path / "log.jsonl", records), tmp_path / "run").report
    assert (found.read, found.requests, found.not_calls) == (3, 2, 1)
