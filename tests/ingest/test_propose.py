"""A map guessed for a foreign log: what is found by names and values, what is left out, and what a person is shown."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from audit.config.load import load_settings
from audit.core.errors import InputError
from audit.core.settings import FieldMap, IngestSettings
from audit.flow.drafting import draft
from audit.ingest.files.source import find_sources
from audit.ingest.propose_map import propose_map
from audit.llm.logprices import rates_of
from tests.ingest.reading import BY_FORMAT, GENERIC, SAMPLES, read, write_jsonl

ASKED = [{"role": "user", "content": "Where is parcel 77?"}]


def proposed(folder: Path, records: list[Any]) -> dict[str, Any] | None:
    """The map for a log of these records."""
    (source,) = find_sources([write_jsonl(folder / "log.jsonl", records)])
    return propose_map(source)


def test_the_map_that_a_person_wrote() -> None:
    """For the sample of a foreign log, the guess is the map that was written by hand, in both of its forms."""
    assert GENERIC.map is not None
    by_hand = {name: path for name, path in GENERIC.map.model_dump(exclude_unset=True).items() if path}
    for name in ("generic.jsonl", "generic.parquet"):
        (source,) = find_sources([SAMPLES / name])
        assert propose_map(source) == by_hand


def test_nested_names_and_other_spellings(tmp_path: Path) -> None:
    """Camel case, objects in objects, and objects in text."""
    call = {
        "requestId": "r1",
        "createdAt": "2026-09-01T10:00:00Z",
        "payload": json.dumps({"messages": ASKED, "modelName": "m-1"}),
        "result": {"outputText": "At the depot.", "stopReason": "end"},
        "metrics": {"promptTokens": 12, "completionTokens": 4, "durationSeconds": 1.25, "costCents": 3},
    }
    assert proposed(tmp_path, [call | {"requestId": f"r{n}"} for n in range(5)]) == {
        "messages": "payload.messages",
        "response": "result.outputText",
        "model": "payload.modelName",
        "request_id": "requestId",
        "started_at": "createdAt",
        "latency_ms": "metrics.durationSeconds",
        "prompt_tokens": "metrics.promptTokens",
        "completion_tokens": "metrics.completionTokens",
        "cost_usd": "metrics.costCents",
        "finish_reason": "result.stopReason",
        "duration_unit": "s",
        "cost_unit": "cents",
    }


def test_calls_in_a_list_and_calls_among_others(tmp_path: Path) -> None:
    """`each` where a record holds several calls; `where` where other records stand between."""
    turn = {"prompt": "Hello", "completion": "Hi", "model": "m-1"}
    assert proposed(tmp_path, [{"session": "s", "turns": [turn, turn]}] * 3) == {
        "each": "turns",
        "prompt": "prompt",
        "response": "completion",
        "model": "model",
    }
    mixed = [{"type": "llm", **turn}, {"type": "http", "url": "https://example.com"}] * 4
    found = proposed(tmp_path, mixed)
    assert found is not None
    assert found["where"] == {"type": "llm"}


def test_cached_tokens_above_the_prompt_are_counted_apart(tmp_path: Path) -> None:
    """A prompt smaller than what was read from the cache shows that the log counts without it."""
    call = {"prompt": "p", "answer": "a", "usage": {"input_tokens": 10, "output_tokens": 3, "cache_read_tokens": 400}}
    found = proposed(tmp_path, [call] * 3)
    assert found is not None
    assert found["counts"] == "exclusive"


COUNTS = {
    "prompt_tokens": ["tokens in", "input tokens", "tokens of prompt", "n prompt tokens total"],
    "completion_tokens": ["out tokens", "tokens output", "completion tokens count"],
    "cached_tokens": ["tokens in cached", "cached tokens in", "prompt cached tokens", "tokens cache read"],
    "cache_write_tokens": ["tokens in cache write", "cache written tokens", "input tokens cache creation"],
    "reasoning_tokens": ["tokens reasoning", "output tokens thinking"],
}


@pytest.mark.parametrize(("key", "words"), [(key, words) for key, names in COUNTS.items() for words in names])
def test_a_count_is_found_by_its_words_in_any_order_and_spelling(key: str, words: str, tmp_path: Path) -> None:
    """Snake case, dashes, camel case, and behind another object's name; what says no such count is left out."""
    first, *rest = words.replace(" of ", " ").split()
    for name in ("_".join([first, *rest]), "-".join([first, *rest]), first + "".join(map(str.capitalize, rest))):
        call = {"prompt": "p", "answer": "a", "tokens_per_second": 9, "max_tokens": 5, "token_price_eur": 3}
        assert (proposed(tmp_path, [call | {name: 3}] * 3) or {}).get(key) == name
        nested = call | {"usage": {name: 3}}
        assert (proposed(tmp_path, [nested] * 3) or {}).get(key) == f"usage.{name}"
        found = proposed(tmp_path, [call] * 3) or {}
        assert not found.keys() & COUNTS.keys()


def test_two_counts_that_say_the_same_are_none(tmp_path: Path) -> None:
    """Which of them is meant, nobody knows."""
    call = {"prompt": "p", "answer": "a", "tokens_in_cached": 3, "tokens_in_cache_total": 4}
    assert "cached_tokens" not in (proposed(tmp_path, [call] * 3) or {})


def test_every_key_without_a_field_and_every_field_without_a_key_is_named(tmp_path: Path) -> None:
    """Whoever reads the draft sees which of the one may be which of the other; what is used is not named."""
    call = {"prompt": "p", "answer": "a", "kept": {"warm_tokens": 4, "price_eur": 1}, "attempt": 1}
    made = draft.draft(
        [write_jsonl(tmp_path / "log.jsonl", [call | {"prompt": f"p{n}", "purpose": "xy"[n % 2]} for n in range(30)])]
    )
    shown = " ".join(made.preview)
    fields = {name for name, field in FieldMap.model_fields.items() if field.annotation == (str | None)}
    told = shown.partition("Not found in the log: ")[2].partition("Fields of the log")[0]
    named = {word.strip(".,:") for word in told.split()}
    assert named & fields == fields - {"each", "messages", "prompt", "response"}
    assert "Fields of the log that the map does not use: kept.warm_tokens, kept.price_eur, attempt." in shown


@pytest.mark.parametrize(
    ("change", "left_out"),
    [
        ({"id": "conversation-1"}, "request_id"),
        ({"duration": 7}, "latency_ms"),
        ({"status": "done after 0.4 s"}, "status"),
        ({"cost": "a lot"}, "cost_usd"),
        ({"timestamp": "yesterday"}, "started_at"),
    ],
)
def test_what_is_ambiguous_is_left_out(change: dict[str, Any], left_out: str, tmp_path: Path) -> None:
    """An id that many calls share, a duration without a unit, states without number, and values of another kind."""
    records = [{"prompt": "p", "answer": "a", **change} for _ in range(20)]
    if "status" in change:
        records = [record | {"status": f"done after 0.{n} s"} for n, record in enumerate(records)]
    found = proposed(tmp_path, records)
    assert found is not None
    assert left_out not in found


def test_a_log_without_prompts_is_refused_as_before(tmp_path: Path) -> None:
    """No field holds what was asked: no guess, and the error says how to map."""
    log = write_jsonl(tmp_path / "log.jsonl", [{"level": "info", "line": n} for n in range(5)])
    with pytest.raises(InputError) as caught:
        draft.draft([log])
    assert caught.value.code == "ingest.unknown-format"


def test_the_draft_reads_the_log_as_the_map_by_hand_does(tmp_path: Path) -> None:
    """The drafted file loads, and rows, tokens and dollars are those of the map that a person wrote."""
    made = draft.draft([SAMPLES / "generic.jsonl"])
    path = tmp_path / "audit.yaml"
    path.write_text(made.text)
    settings = load_settings(path)
    name, by_hand = BY_FORMAT["generic"]
    columns = ["row_id", "route", "tenant", "model_key", "started_at", "prompt_tokens", "cost_usd_logged", "status"]
    both = [read(SAMPLES / name, tmp_path / str(n), one).traffic for n, one in enumerate((settings.ingest, by_hand))]
    assert both[0].select(columns).equals(both[1].select(columns))


def test_the_preview_shows_figures_and_no_word_of_a_prompt(tmp_path: Path) -> None:
    """Five calls, the totals, and what was not found; a hostile model cannot write into the file."""
    model = 'm"\n# x\nmargin: 90pt'
    calls = [{"prompt": "Wie heisst der Kater?", "answer": "Mikesch", "model_name": model, "n": n} for n in range(9)]
    made = draft.draft([write_jsonl(tmp_path / "log.jsonl", calls)])
    shown = "\n".join(made.preview)
    assert shown.count("21 characters") == 5
    assert "All of it: 9 requests, no cost known" in shown
    assert "Not found in the log: started_at, model, prompt_tokens, completion_tokens, cost_usd, request_id." in shown
    assert "Kater" not in made.text
    assert "Mikesch" not in shown
    assert yaml.safe_load(made.text)["margin"] == "3pt"


def test_a_log_of_counts_alone_is_proposed_and_read(tmp_path: Path) -> None:
    """Times, models and amounts are a log of what was paid; without a prompt nothing in it is replayed."""
    records = [
        {"ts": "2026-11-02T10:00:00Z", "feature": "search", "engine": "gpt-4o", "usage": {"in": 1000, "out": 100}},
        {"ts": "2026-11-02T10:00:00Z", "feature": "search", "engine": "gpt-4o", "usage": {"in": 1000, "out": 100}},
        {"ts": "2026-11-02T10:00:05Z", "feature": "chat", "engine": "gpt-4o", "usage": {"in": 10, "out": 0}},
        {"note": "started"},
    ]
    path = write_jsonl(tmp_path / "log.jsonl", records)
    guessed = propose_map(find_sources([path])[0]) or {}
    wanted = {"model": "engine", "started_at": "ts", "prompt_tokens": "usage.in", "completion_tokens": "usage.out"}
    assert {name: guessed.get(name) for name in wanted} == wanted
    settings = IngestSettings(map=FieldMap(**guessed))
    got = read(path, tmp_path / "run", settings, rates_of=rates_of())
    assert (got.report.requests, got.report.duplicates, got.report.unknown) == (2, 0, 1)
    assert got.traffic["replayable"].unique().to_list() == ["none"]
    assert round(sum(got.report.spend_usd.values()), 6) == 0.007


def test_counts_of_one_moment_in_two_files_are_one_call(tmp_path: Path) -> None:
    """Equal counts at the same thousandth of a second were exported twice; at the same second they may be two calls."""
    settings = IngestSettings(map=FieldMap(model="m", started_at="t", prompt_tokens="i", completion_tokens="o"))
    for time, duplicates in (("2026-11-02T10:00:00.123Z", 1), ("2026-11-02T10:00:00Z", 0)):
        path = write_jsonl(tmp_path / "log.jsonl", [{"t": time, "m": "gpt-4o", "i": 10, "o": 1}] * 2)
        assert read(path, tmp_path / "run", settings).report.duplicates == duplicates
