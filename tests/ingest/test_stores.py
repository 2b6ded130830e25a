"""One log, whatever store a team keeps it in: the same calls, answers, tokens, dollars, routes and tenants."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from audit.core.errors import InputError
from audit.core.settings import FieldMap, IngestSettings
from audit.ingest.files.cells import value_in
from audit.ingest.files.json_tables import rows_of
from audit.ingest.files.logs import log_pieces
from audit.ingest.files.source import find_sources
from audit.ingest.files.stores import store_of
from audit.ingest.files.typed_values import DYNAMODB
from audit.ingest.values import microseconds
from audit.llm.logprices import rates_of
from tests.ingest.reading import BY_FORMAT, SAMPLES, Read, read, sample, write_jsonl
from tests.ingest.stores import STORES, dynamo, table

FORMATS_KEPT = ("litellm", "openai-chat", "langfuse", "generic", "helicone", "portkey", "anthropic")
SAME = (
    *("request_fp", "prompt_hash", "started_at", "latency_ms", "status", "error_type", "http_status", "finish_reason"),
    *("prompt_tokens", "completion_tokens", "cached_tokens", "cost_usd_logged", "cache_hit", "route", "tenant"),
    *("environment", "session_id", "streaming", "model_key", "operation", "replayable", "response_text", "tool_calls"),
)


def calls(got: Read) -> list[str]:
    """What is told of each call, in an order that does not depend on how records were written."""
    return sorted(json.dumps([str(row[name]) for name in SAME]) for row in got.rows())


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Read]:
    """Each log as lines."""
    out = tmp_path_factory.mktemp("plain")
    return {
        name: read(SAMPLES / BY_FORMAT[name][0], out / name, BY_FORMAT[name][1], rates_of=rates_of())
        for name in FORMATS_KEPT
    }


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize("name", FORMATS_KEPT)
def test_a_log_is_the_same_in_every_store(name: str, store: str, plain: Mapping[str, Read], tmp_path: Path) -> None:
    """Requests, attempts, failures and every figure of them are those of the plain lines."""
    file, settings = BY_FORMAT[name]
    (path := tmp_path / store).write_bytes(STORES[store](sample(file)))
    got = read(path, tmp_path / "run", settings, rates_of=rates_of())
    for figure in ("requests", "failures", "rejected", "duplicates"):
        assert getattr(got.report, figure) == getattr(plain[name].report, figure), figure
    assert calls(got) == calls(plain[name])


@pytest.mark.parametrize("file", sorted({file for file, _ in BY_FORMAT.values()}))
def test_lines_are_left_as_they_were_written(file: str) -> None:
    """A log that was written as lines gives its own bytes: no store is seen in it, and nothing is decoded twice."""
    for piece in log_pieces(find_sources([SAMPLES / file])[0], IngestSettings()):
        assert piece.store is None


@pytest.mark.parametrize("digits", ["5", "007", "-1"])
def test_digits_that_a_log_has_as_text_stay_text(digits: str, tmp_path: Path) -> None:
    """What a tool was given, and a label: only a store that writes no whole number at all writes them as texts."""
    used = {"type": "tool_use", "id": "t", "name": "look_up", "input": {"index": digits, "n": digits}}
    request = {
        "model": "claude-sonnet-4-5",
        "max_tokens": 50,
        "messages": [{"role": "user", "content": "Look it up."}, {"role": "assistant", "content": [used]}],
    }
    (record,) = sample("anthropic_pairs.jsonl")[:1]
    write_jsonl(path := tmp_path / "log.jsonl", [record | {"request": request}])
    (row,) = read(path, tmp_path / "run").rows()
    assert json.loads(json.loads(row["messages"])[1]["tool_calls"][0]["function"]["arguments"]) == used["input"]


def test_a_text_with_leading_zeros_is_no_number(tmp_path: Path) -> None:
    """Where whole numbers are texts too: it would be no JSON."""
    write_jsonl(path := tmp_path / "log.jsonl", [{"index": "0", "seed": "007"}])
    store = store_of(path.read_bytes().splitlines(), IngestSettings(), table=False)
    assert store is not None
    assert json.loads(store.undone(path.read_bytes().strip())) == {"index": 0, "seed": "007"}


SAID = [
    {"id": f"c{at}", "at": f"2026-11-02T10:00:0{at}Z", "model": "gpt-4o", "feature": "extract", **one}
    for at, one in enumerate(
        ({"q": '{"order": 1}', "a": '{"total": 2}'}, {"q": '["x"]', "a": "[]"}, {"q": "1,5", "a": "true"})
    )
]


@pytest.mark.parametrize("store", [store for store in STORES if store != "snowflake.jsonl"])
def test_what_was_said_stays_a_text(store: str, tmp_path: Path) -> None:
    """Prompts and answers that are JSON, a number or a word are no objects, numbers and flags of the store."""
    settings = IngestSettings(
        map=FieldMap(prompt="q", response="a", model="model", started_at="at", request_id="id"), route="feature"
    )
    (path := tmp_path / store).write_bytes(STORES[store](SAID))
    got = read(path, tmp_path / "run", settings)
    write_jsonl(lines := tmp_path / "plain.jsonl", SAID)
    assert calls(got) == calls(read(lines, tmp_path / "plain", settings))


@pytest.mark.parametrize("path", ["FEATURE", "feature"])
def test_a_column_keeps_the_name_that_the_settings_give_it(path: str, tmp_path: Path) -> None:
    """A route named as the store writes it, and as the log has it, is the same route."""
    records = [{**record, "feature": "checkout"} for record in sample("openai_pairs.jsonl")]
    (log := tmp_path / "log.csv").write_bytes(table(upper=True)(records))
    got = read(log, tmp_path / "run", IngestSettings(route=path))
    assert set(got.traffic["route"]) == {"checkout"}


def test_types_of_dynamodb_are_taken_off_whatever_the_names() -> None:
    """A field that is called as a type is a field, at any depth."""
    value = {"S": {"N": 1, "M": [True, None, {"S": "x"}]}, "L": "y", "big": 12345678901234567890}
    assert json.loads(msgspec.json.encode(DYNAMODB.untyped(dynamo(value), dict))) == value


TIMES = {
    "2026-11-02 10:00:00.123 Z": "2026-11-02T10:00:00.123Z",
    "2026-11-02 10:00:00.123+00": "2026-11-02T10:00:00.123Z",
    "2026-11-02 10:00:00.123456 UTC": "2026-11-02T10:00:00.123456Z",
    "02-NOV-26 10.00.00.123000 AM": "2026-11-02T10:00:00.123Z",
    "02-NOV-26 12.00.00.123000 AM": "2026-11-02T00:00:00.123Z",
    "02-NOV-26 10.00.00.123000000 PM +01:00": "2026-11-02T21:00:00.123Z",
    "02-NOV-2026 10:00:05": "2026-11-02T10:00:05Z",
    "02.11.2026 10:00": "2026-11-02T10:00:00Z",
    "2.11.2026 9:05:07": "2026-11-02T09:05:07Z",
}


@pytest.mark.parametrize("written", TIMES)
def test_a_time_is_told_as_stores_write_it(written: str) -> None:
    """Snowflake, PostgreSQL, BigQuery, Oracle, and a spreadsheet where days come first."""
    assert microseconds(written)[0] == microseconds(TIMES[written])[0]


@pytest.mark.parametrize("written", ["31.02.2026 10:00", "02-FOO-26 10.00.00", "45.11.2026 10:00"])
def test_what_is_no_day_is_no_time(written: str) -> None:
    """It looks like a time of a store and is none."""
    assert microseconds(written)[0] is None


def test_columns_in_place_of_records_are_refused_by_name(tmp_path: Path) -> None:
    """What pandas writes without `orient="records"` holds columns, and the refusal says what to write instead."""
    records = sample("openai_pairs.jsonl")
    names = records[0]
    columns: dict[str, Any] = {name: {str(at): one.get(name) for at, one in enumerate(records)} for name in names}
    (path := tmp_path / "log.json").write_text(json.dumps(columns))
    with pytest.raises(InputError) as caught:
        read(path, tmp_path / "run")
    assert "records" in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("{role=user, content=Hi, you}", "json_format"),
        ("[{role=user, content=a=b}, {role=user, content=x]}]", "json_format"),
        ("{'role': 'user', 'at': datetime.date(2026, 11, 2)}", "json.dumps"),
        ("array([{'role': 'user'}], dtype=object)", "json.dumps"),
    ],
)
def test_objects_that_cannot_be_read_back_are_refused_by_their_column(written: str, told: str, tmp_path: Path) -> None:
    """A struct of Athena's has no marks around its texts, and not all that Python prints can be read."""
    records = [{"id": f"c{at}", "model": "gpt-4o", "messages": written, "usage": "{prompt_tokens=1}"} for at in "12"]
    (path := tmp_path / "log.csv").write_bytes(table()(records))
    with pytest.raises(InputError, match="`messages` holds objects") as caught:
        read(path, tmp_path / "run")
    assert told in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("{a=1, b={c=null, d=true}, e=[1, 2]}", {"a": 1, "b": {"c": None, "d": True}, "e": [1, 2]}),
        ("[{n=x y, m=0.5}, {n=007}]", [{"n": "x y", "m": 0.5}, {"n": "007"}]),
        ("{'a': None, 'b': [True, 'it\\'s']}", {"a": None, "b": [True, "it's"]}),
        ('{a,"b c",NULL,"d\\"e",env:prod}', ["a", "b c", None, 'd"e', "env:prod"]),
        ('"{\\"a\\": 1}"', {"a": 1}),
        ("{a=b=c}", None), ("{a=1, b}", None), ("{a=1", None), ("{'a': f(1)}", None), ("{a,b", None), ("{x y}", None),
        ("Dear {name}, hello", None), ('"quoted"', None),
    ],
)  # fmt: skip
def test_a_cell_is_read_as_it_was_written(cell: str, value: Any) -> None:
    """Structs, what Python prints, arrays, JSON in a text; what has two readings has none."""
    assert value_in(cell) == value


def test_nested_records_of_bigquery_have_their_names() -> None:
    """A cell of a `RECORD` is a list of cells, whose names stand in the schema alone."""
    inner = [{"name": "prompt_tokens", "type": "INTEGER"}, {"name": "completion_tokens", "type": "INTEGER"}]
    fields = [
        {"name": "id", "type": "STRING"},
        {"name": "usage", "type": "RECORD", "fields": inner},
        {"name": "tags", "type": "STRING", "mode": "REPEATED"},
        {"name": "steps", "type": "RECORD", "mode": "REPEATED", "fields": inner},
    ]
    counts = {"f": [{"v": "7"}, {"v": None}]}
    cells = [{"v": "a"}, {"v": counts}, {"v": [{"v": "x"}]}, {"v": [{"v": counts}]}]
    (row,) = rows_of(json.dumps({"schema": {"fields": fields}, "rows": [{"f": cells}]}).encode())
    named = {"prompt_tokens": "7", "completion_tokens": None}
    assert json.loads(row) == {"id": "a", "usage": named, "tags": ["x"], "steps": [named]}
