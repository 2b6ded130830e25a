"""What `audit init` drafts of a log that lacks something, or whose names are hostile."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from audit.cli.main import run
from audit.config.load import load_settings
from audit.core.artifacts import RunFolder
from audit.core.reason import Reason
from audit.core.settings import Settings
from audit.flow import mixing, planning
from audit.flow.drafting import draft
from audit.flow.reading import ingest as read_log
from audit.llm.cheaper import serving
from tests.e2e.tiny import record, write_config, write_log

CANDIDATE = {"name": "s", "model": "s", "provider": "openai-compatible", "base_url": "http://127.0.0.1:9/v1"}


def answered(path: Path, answer: Callable[[int], str], n: int = 60) -> Path:
    """A log with other answers."""
    lines: list[dict[str, Any]] = [record(number) for number in range(n)]
    for number, line in enumerate(lines):
        line["response"]["choices"][0]["message"]["content"] = answer(number)
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    return path


def test_a_draft_needs_no_price(tmp_path: Path) -> None:
    """The answers of a model that nobody has a price for are drafted like those of any other; no price is not $0."""
    priced = draft.draft([write_log(tmp_path / "priced.jsonl")]).text
    unpriced = draft.draft([write_log(tmp_path / "unpriced.jsonl", response_cost=None)]).text
    assert yaml.safe_load(unpriced)["routes"] == yaml.safe_load(priced)["routes"]
    assert yaml.safe_load(unpriced)["routes"][0]["assert"][0]["type"] == "numeric"
    assert "cost unknown" in unpriced
    assert "$0 " not in unpriced
    assert "$0\n" not in unpriced


def test_the_draft_says_why_it_has_no_answers(tmp_path: Path) -> None:
    """Bodies that are not in the log are named as what is missing."""
    said = draft.draft([write_log(tmp_path / "log.jsonl", messages=None, response=None)]).text
    assert "assert: []   # no answer to infer criteria from: " in said
    assert "(12)" in said


@pytest.mark.parametrize("tagged", [True, False])
def test_the_draft_reads_the_log_as_it_was_read(tmp_path: Path, *, tagged: bool) -> None:
    """A route that stands in two fields is found in both of them by the draft too: no field is named for it."""
    lines = [record(number) for number in range(24)]
    for line in lines[::3]:
        del line["metadata"]["route"]
        line["metadata"] |= {} if tagged else {"feature": "/tagged"}
        line["request_tags"] = ["route:/tagged"] if tagged else []
    log = tmp_path / "log.jsonl"
    log.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    text = draft.draft([log]).text
    assert "stands in several fields (metadata." in text
    (tmp_path / "audit.yaml").write_text(text, "utf-8")
    places = []
    for name, settings in (("sniffed", Settings()), ("drafted", load_settings(tmp_path / "audit.yaml"))):
        folder = RunFolder(tmp_path / name)
        read_log([log], settings, folder)
        rows = pl.read_parquet([str(file) for file in folder.traffic_files()])
        places.append(rows.select("row_id", pl.col("route").cast(pl.String)).sort("row_id"))
    assert places[0].equals(places[1])
    assert set(places[0]["route"]) == {"/add", "/tagged"}


def test_a_field_that_looks_like_the_route_is_proposed(tmp_path: Path) -> None:
    """Where no field is the route: the one whose name tells most, with what was found, and routes by it."""
    own = [{"service": ("billing", "chat")[n % 2], "x\nmargin: 90pt\ny": {"service": n % 3}} for n in range(24)]
    lines = [record(number, metadata=line) for number, line in enumerate(own)]
    log = tmp_path / "log.jsonl"
    log.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    text = draft.draft([log]).text
    drafted = yaml.safe_load(text)
    assert "Confirm what is proposed: metadata.service (2 values, in every call).\n" in text
    assert (drafted["ingest"]["route"], drafted["margin"]) == ("metadata.service", "3pt")
    assert [entry["match"] for entry in drafted["routes"]] == ["billing", "chat"]


@pytest.mark.parametrize("name", ["callsite", "call_site", "CallSite", "taskType", "prompt-name"])
def test_a_purpose_is_known_in_any_spelling(tmp_path: Path, name: str) -> None:
    """A team's own wrapper writes names as one word, as two, in capitals; none of them is lost among the fields."""
    lines = []
    for number in range(24):
        own = {"llm": "acme-large", "business_unit": ("one", "two")[number % 2], name: ("a", "b", "c")[number % 3]}
        asked = {"model": "acme-large", "messages": [{"role": "user", "content": f"question {number}"}]}
        lines.append(
            json.dumps(own | {"request_body": json.dumps(asked), "response_body": json.dumps(record(0)["response"])})
        )
    log = tmp_path / "log.jsonl"
    log.write_text("\n".join(lines) + "\n", "utf-8")
    assert yaml.safe_load(draft.draft([log]).text)["ingest"]["route"] == name


@pytest.mark.parametrize("name", ["why\nmargin: 90pt\n#", "why\u2028x", "why\u202ex", "`why` # {{x}}"])
def test_a_field_cannot_write_into_the_draft(tmp_path: Path, name: str) -> None:
    """What a draft leaves open is told in a comment, and names of fields come from answers of a model."""
    prose = "The parcel of order {} is with the neighbour and was not opened."
    log = answered(tmp_path / "log.jsonl", lambda n: json.dumps({name: prose.format(n)}))
    text = draft.draft([log]).text
    assert yaml.safe_load(text)["margin"] == "3pt"
    assert "certifies nothing until you confirm it" in text
    assert "\u202e" not in text.split("# compares", 1)[1].split("\n", 1)[0]


@pytest.mark.parametrize("confirmed", [False, True])
def test_a_draft_of_prose_stops_the_plan_until_confirmed(tmp_path: Path, confirmed: bool) -> None:
    """The reason names the field; nothing would be replayed. Confirmed, the controls are what decides."""
    prose = "The parcel of order {} is with the neighbour and was never opened."
    log = answered(tmp_path / "log.jsonl", lambda n: json.dumps({"why": prose.format(n)}), 120)
    drafted = yaml.safe_load(draft.draft([log]).text)
    drafted["tiers"] = [{**CANDIDATE, "price": {"input": 0.1, "output": 0.3}}]
    drafted["routes"][0]["confirmed"] = confirmed
    (tmp_path / "audit.yaml").write_text(yaml.safe_dump(drafted), "utf-8")
    plan = planning.plan([log], load_settings(tmp_path / "audit.yaml"), RunFolder(tmp_path / "run"))
    (design,) = plan.designs
    assert design.why is not None
    assert (design.why.reason is Reason.CRITERIA_UNCONFIRMED) is not confirmed
    assert ("`why` by fuzzy" in design.why.sentence) is not confirmed
    assert plan.calls == 0


def test_cheaper_models_of_the_vendor_are_proposed_and_asked_nothing(tmp_path: Path) -> None:
    """They are comments with their share of the cost; without the `#` they are tiers, with an address and a price."""
    served = {"model": "gpt-4.1", "custom_llm_provider": "openai", "response_cost": 0.01}
    answered = {**record(0)["response"], "model": "gpt-4.1-2025-04-14"}
    log = write_log(tmp_path / "log.jsonl", 300, **served, response=answered)
    text = draft.draft([log]).text
    assert [tier["name"] for tier in yaml.safe_load(text)["tiers"]] == ["today"]
    proposed = [line for line in text.splitlines() if line.startswith("  # - {name: gpt")]
    assert "gpt-4.1-mini" in proposed[0]
    assert "of what gpt-4.1 costs" in proposed[0]
    taken = text.replace("  # - {name: gpt-4.1-mini", "  - {name: gpt-4.1-mini")
    (tmp_path / "audit.yaml").write_text(taken.replace("confirmed: false", "confirmed: true"), "utf-8")
    plan = planning.plan([log], load_settings(tmp_path / "audit.yaml"), RunFolder(tmp_path / "run"))
    assert plan.designs[0].candidates == ("gpt-4.1-mini",)
    assert "api.openai.com" in plan.hosts


@pytest.mark.parametrize("small", ["gpt-4.1-mini", "gpt-4.1-mini-2025-04-14"])
def test_what_serves_the_log_is_not_proposed_again(tmp_path: Path, small: str) -> None:
    """A cheaper model of the log is a tier already; a proposal beside it would be the same candidate twice."""
    log = tmp_path / "log.jsonl"
    lines = []
    for number in range(60):
        line = record(number)
        model = small if number % 3 else "gpt-4.1"
        line |= {"model": model, "custom_llm_provider": "openai", "response_cost": 0.01 if number % 3 else 0.1}
        lines.append(json.dumps(line | {"response": {**line["response"], "model": model}}) + "\n")
    log.write_text("".join(lines), "utf-8")
    text = draft.draft([log]).text
    assert [tier["model"] for tier in yaml.safe_load(text)["tiers"]] == ["gpt-4.1", small]
    assert "of what gpt-4.1 costs" in text
    assert "# - {name: gpt-4.1-mini," not in text


@pytest.mark.parametrize(
    ("model", "provider", "ours"),
    [
        ("gpt-4.1", "openai", "openai"),
        ("claude-haiku-4-5", "anthropic", "anthropic"),
        ("openai/gpt-4.1", "openrouter", "openrouter"),
        ("gemini-2.5-flash", "gemini", "gemini"),
        ("gemini-2.5-flash", "vertex_ai", None),  # the same prices at another address for each customer
        ("gpt-4.1", "azure", None),
        ("gpt-4.1", None, None),
    ],
)
def test_todays_model_is_asked_where_the_log_says_or_what_to_fill_in_is_said(
    tmp_path: Path, model: str, provider: str | None, ours: str | None
) -> None:
    """No address is made up for a vendor that has one; where the log names none, the draft says what is missing."""
    served = {"model": model, "custom_llm_provider": provider, "response_cost": 0.01}
    log = write_log(tmp_path / "log.jsonl", 30, **served, response={**record(0)["response"], "model": model})
    text = draft.draft([log]).text
    (today,) = yaml.safe_load(text)["tiers"]
    assert today["model"] == model
    assert today["provider"] == (ours or "openai-compatible")
    assert ("base_url" in today) is (ours is None)
    assert ("does not say where" in text) is (ours is None)
    # As a gateway writes a model, its vendor does not.
    assert serving("openai/gpt-4.1", "openai") is None


def test_a_plan_that_unknown_criteria_stop_is_exit_code_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where another route can be decided, or the criteria are known, the plan is one; its quote is weighed."""
    log, config = write_log(tmp_path / "log.jsonl", 400), tmp_path / "audit.yaml"
    argv = ["plan", str(log), "--config", str(config), "-o", str(tmp_path / "plan.json"), "--no-store"]
    write_config(config)
    assert run([*argv, "--out", str(tmp_path / "one")]) == 0
    assert "was paid for what could move; the quote is" in capsys.readouterr().out
    text = config.read_text("utf-8")
    known = 'assert: [{type: numeric, value: "{{incumbent.text}}"}]'
    assert known in text
    config.write_text(text.replace(known, "assert: [{type: javascript, value: 'true'}]"), "utf-8")
    assert run([*argv, "--out", str(tmp_path / "two")]) == 2
    assert "javascript" in capsys.readouterr().out


def test_a_drafted_price_leaves_what_was_paid(tmp_path: Path) -> None:
    """The draft prices the log as the catalogue does: cached tokens, long prompts and service tiers cost with it
    what they did, and what a batch would save is known as before."""
    usage = [
        {"prompt_tokens": 6_000, "completion_tokens": 90, "prompt_tokens_details": {"cached_tokens": 5_000}},
        {"prompt_tokens": 300_000, "completion_tokens": 50},
        {"prompt_tokens": 700, "completion_tokens": 400},
    ]
    lines = [
        {
            "timestamp": f"2026-11-{1 + number:02}T00:00:00Z",
            "status_code": 200,
            "request": {"model": model, "messages": [{"role": "user", "content": f"question {number} {model}"}]},
            "response": {
                "id": f"{model}{number}",
                "object": "chat.completion",
                "created": 1_793_000_000 + number,
                "model": model,
                "choices": [
                    {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": str(number)}}
                ],
                "usage": counts | {"total_tokens": counts["prompt_tokens"] + counts["completion_tokens"]},
                "service_tier": "flex" if number % 4 == 3 else "default",
            },
        }
        for model in ("gpt-4o", "gemini-2.5-pro", "claude-sonnet-4-5")
        for number, counts in enumerate(usage * 4)
    ]
    log = tmp_path / "log.jsonl"
    log.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    plain = Settings.model_validate({"store": {"keep": False}})
    before = mixing.mix([log], plain)
    (tmp_path / "audit.yaml").write_text(draft.draft([log], plain).text, "utf-8")
    after = mixing.mix([log], load_settings(tmp_path / "audit.yaml", overrides={"store.keep": False}))
    assert before.spend_usd > 0
    assert after.unpriced == before.unpriced
    assert before.levers is not None
    assert after.levers is not None
    assert any(line.at_most_usd for line in before.levers.lines if line.lever == "batch")
    assert [(line.lever, line.at_most_usd, line.unseen_usd) for line in after.levers.lines] == [
        (line.lever, pytest.approx(line.at_most_usd), pytest.approx(line.unseen_usd)) for line in before.levers.lines
    ]
    assert after.spend_usd == pytest.approx(before.spend_usd)
    assert {row.name: row.spend_usd for row in after.by_model} == pytest.approx(
        {row.name: row.spend_usd for row in before.by_model}
    )


@pytest.mark.parametrize(("routes", "written"), [((None,), ["*"]), ((None, "/add"), ["", "/add"])])
def test_requests_without_a_route_get_an_entry_that_says_so(
    tmp_path: Path, routes: tuple[str | None, ...], written: list[str]
) -> None:
    """Where no request names one the entry is of whatever a field will name, since no route will be called ""."""
    lines = [record(number) for number in range(60)]
    for number, line in enumerate(lines):
        line["metadata"]["route"] = route = routes[number % len(routes)]
        line["response_cost"] *= 1 if route else 9
    log = tmp_path / "log.jsonl"
    log.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    text = draft.draft([log]).text
    assert [entry["match"] for entry in yaml.safe_load(text)["routes"]] == written
    assert text.count("requests that name no route, ") == 1


def test_today_is_what_most_requests_ask_where_costs_are_unknown(tmp_path: Path) -> None:
    """A model without a price is no cheap one: the one with most of the traffic comes first, to be filled in."""
    calls = [
        {"prompt": f"p{n}", "answer": "a", "engine": engine, "tokens_in": 100, "tokens_out": 10}
        for n, engine in enumerate(["acme-large-2"] * 8 + ["gpt-4o-mini"] * 2)
    ]
    path = tmp_path / "log.jsonl"
    path.write_text("".join(json.dumps(call) + "\n" for call in calls), encoding="utf-8")
    lines = [line for line in draft.draft([path]).text.splitlines() if "name: today" in line]
    assert "name: today, model: acme-large-2" in lines[0]
    assert "name: today-2, model: gpt-4o-mini" in lines[1]
