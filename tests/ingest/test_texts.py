"""However a log is encoded, broken into lines and wrapped, it is one log; and nothing in it is lost without a count."""

from __future__ import annotations

import csv
import gzip
import io
import json
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import zstandard

from audit.core.settings import FieldMap, IngestSettings
from audit.ingest.files import text_files
from audit.ingest.files.source import Source, pieces
from audit.ingest.sniff import sniff
from tests.ingest.reading import SAMPLES, payload, read, sample, write_jsonl

RECORDS = sample("litellm.jsonl")
LINES = [json.dumps(record) for record in RECORDS]
TEXT = "\n".join(LINES) + "\n"

ENCODINGS: dict[str, Callable[[str], bytes]] = {
    "utf-8": lambda text: text.encode(),
    "utf-8 bom": lambda text: b"\xef\xbb\xbf" + text.encode(),
    "utf-16": lambda text: text.encode("utf-16"),
    "utf-16-le": lambda text: text.encode("utf-16-le"),
    "utf-16-be bom": lambda text: b"\xfe\xff" + text.encode("utf-16-be"),
    "utf-32": lambda text: text.encode("utf-32"),
}
LAYOUTS = {
    "lines": TEXT,
    "crlf": TEXT.replace("\n", "\r\n"),
    "cr": TEXT.replace("\n", "\r"),
    "server-sent events": "".join(f"id: {n}\ndata: {line}\n\n" for n, line in enumerate(LINES)) + "data: [DONE]\n",
    "syslog": "".join(f"Nov 19 10:00:00 host app[7]: {line}\n" for line in LINES),
    "pretty": "\n".join(json.dumps(record, indent=2) for record in RECORDS),
    "flush left": "\n".join(json.dumps(record, indent=0) for record in RECORDS),
    "one after another": "".join(LINES),
    "array": json.dumps(RECORDS, indent=1),
    "elements without brackets": ",\n".join(LINES) + ",\n",
    "blank lines around": "\n\n  \n" + TEXT.replace("\n", "\n\n"),
    "elements a line": "[\n" + ",\n".join(LINES) + "\n]\n",
    "wrapped": json.dumps({"object": "list", "data": RECORDS, "next": None}),
    "pages": "\n".join(json.dumps({"items": RECORDS[at : at + 7]}) for at in range(0, len(RECORDS), 7)),
}
PACKINGS: dict[str, Callable[[bytes], bytes]] = {
    "plain": lambda data: data,
    "gzip members": lambda data: gzip.compress(data[:4000]) + gzip.compress(data[4000:]),
    "zstd": zstandard.compress,
}


@pytest.fixture(scope="module")
def wanted(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Any, ...]]:
    """The log as it is in the samples."""
    return facts(SAMPLES / "litellm.jsonl", tmp_path_factory.mktemp("wanted"))


def facts(path: Path, out: Path) -> list[tuple[Any, ...]]:
    """What must not depend on the packing."""
    got = read(path, out)
    assert got.report.rejected == 0
    return got.traffic.select("request_id", "prompt_hash", "request_fp", "cost_usd_logged", "started_at").rows()


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_one_log_in_every_encoding_and_layout(
    encoding: str, layout: str, wanted: list[tuple[Any, ...]], tmp_path: Path
) -> None:
    """The same records, in the same order, whatever the text looks like; packed in turn."""
    packing = list(PACKINGS)[(list(LAYOUTS).index(layout) + list(ENCODINGS).index(encoding)) % len(PACKINGS)]
    path = tmp_path / "log"
    path.write_bytes(PACKINGS[packing](ENCODINGS[encoding](LAYOUTS[layout])))
    assert facts(path, tmp_path / "run") == wanted


@pytest.mark.parametrize("block", [7, 100, 5000])
def test_values_are_found_whatever_the_blocks(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A value that a block cuts is one value; a broken one ends where the next line begins an object."""
    monkeypatch.setattr(text_files, "_BLOCK_BYTES", block)
    values = [
        '{"a": 1}',
        '{\n "b": "x\\"}{"\n}',
        '{"broken": \n',
        '{"c": [1, 2]}',
        '{"d": "\N{SNOWMAN}"}',
        '{"cut": "o',
    ]
    got = list(text_files.json_values(io.BytesIO("\n".join(values).encode())))
    assert [json.loads(value) for value in (got[0], got[1], got[3], got[4])] == [
        {"a": 1}, {"b": 'x"}{'}, {"c": [1, 2]}, {"d": "\N{SNOWMAN}"},
    ]  # fmt: skip
    assert len(got) == 6, "the two broken ones are yielded too, to be counted"


def test_a_greeting_and_a_cut_line_are_rejects(tmp_path: Path) -> None:
    """What a logger writes before the first record, and a record that lost its end, cost one reject each."""
    path = tmp_path / "app.log"
    path.write_text("starting up\n" + "\n".join(LINES[:4]) + "\n" + LINES[5][:300])
    got = read(path, tmp_path / "run")
    assert got.report.rejects == {"not JSON": 2}
    assert got.rejects["source_row"].to_list() == [1, 6]
    assert got.report.read == 6


def test_csv_is_records_by_column(tmp_path: Path) -> None:
    """Cells over several lines, JSON in cells, and rows of another width, which are rejects."""
    path = tmp_path / "export.csv"
    with path.open("w", newline="", encoding="utf-8-sig") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "when", "question", "answer", "usage", "usd"])
        for n in range(3):
            writer.writerow(
                [n, f"2026-09-0{n + 1}T10:00:00Z", f'line "one"\nline {n}', "x", json.dumps({"in": 5}), "0.5"]
            )
        writer.writerow([9, "too short"])
    mapped = FieldMap(
        prompt="question",
        response="answer",
        request_id="id",
        started_at="when",
        prompt_tokens="usage.in",
        cost_usd="usd",
    )
    got = read(path, tmp_path / "run", IngestSettings(map=mapped))
    assert [json.loads(row["messages"])[0]["content"] for row in got.rows()] == [
        f'line "one"\nline {n}' for n in range(3)
    ]
    assert got.traffic["prompt_tokens"].to_list() == [5, 5, 5]
    assert got.traffic["cost_usd_logged"].sum() == 1.5
    assert got.report.rejects == {"not a JSON object": 1}


UI_EXPORT = {
    "id": "o", "traceId": "t", "type": "GENERATION", "name": "chat", "startTime": "2026-11-02T10:00:00.000Z",
    "endTime": "2026-11-02T10:00:01.000Z", "model": "gpt-4o", "input": '[{"role": "user", "content": "hi"}]',
    "output": '{"role": "assistant", "content": "yo"}', "level": "DEFAULT", "parentObservationId": "p",
    "promptName": "greet", "usageDetails": '{"input": 1000, "output": 50}', "totalCost": "0.5",
}  # fmt: skip


@pytest.mark.parametrize("empty", [name for name in UI_EXPORT if name != "type"])
def test_an_empty_cell_has_its_column_all_the_same(empty: str, tmp_path: Path) -> None:
    """A first row without a parent, a prompt or a cost is of the same format: it was read as a plain pair, without its
    route."""
    path = tmp_path / "export.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(UI_EXPORT))
        writer.writeheader()
        writer.writerows([{**UI_EXPORT, empty: ""}, {**UI_EXPORT, "id": "o2", "parentObservationId": ""}])
    got = read(path, tmp_path / "run")
    assert got.report.formats == {"langfuse": 2}
    assert got.rows()[1]["route"] == "greet"


def test_a_table_of_events_is_one_of_observations(tmp_path: Path) -> None:
    """Langfuse's newer table has neither parents nor the older name of the model."""
    event = {name: value for name, value in UI_EXPORT.items() if name not in ("parentObservationId", "model")}
    event |= {"providedModelName": "gpt-4o", "latencyMs": "1000"}
    (row,) = read(write_jsonl(tmp_path / "log.jsonl", [event]), tmp_path / "run").rows()
    assert (row["route"], row["model_key"], row["prompt_tokens"]) == ("greet", "gpt-4o", 1000)


def test_a_foreign_file_is_a_reject_and_alone_an_error(tmp_path: Path) -> None:
    """One file of no known format among logs is counted; where no file is a log, the first is the error."""
    log = write_jsonl(tmp_path / "log.jsonl", [payload()])
    foreign = write_jsonl(tmp_path / "inventory.jsonl", [{"sku": 1, "stock": 4}])
    got = read([foreign, log], tmp_path / "run")
    assert got.report.rejects == {"file of no known format": 1}
    assert got.report.requests == 1
    with pytest.raises(Exception, match="the format of this log is not known"):
        read([foreign, write_jsonl(tmp_path / "more.jsonl", [{"sku": 2}])], tmp_path / "none")


@pytest.mark.parametrize("depth", [150, 300, 420, 900])
@pytest.mark.parametrize("field", ["messages", "metadata", "tools", "response"])
def test_depth_costs_a_body_at_most(field: str, depth: int, tmp_path: Path) -> None:
    """A record nested too deeply to be searched stays in every sum; where it is read, its secrets are masked."""
    secret = "sk-live-" + "a1" * 12
    nested: Any = json.loads('{"a":[' * (depth // 2) + json.dumps(secret) + "]}" * (depth // 2))
    changes: dict[str, Any] = {
        "messages": {"messages": [{"role": "user", "content": "q", "extra": nested}]},
        "metadata": {"metadata": {"deep": nested}},
        "tools": {
            "model_parameters": {"tools": [{"type": "function", "function": {"name": "f", "parameters": nested}}]}
        },
        "response": {"response": payload()["response"] | {"choices": [{"message": {"content": "a", "x": nested}}]}},
    }[field]
    got = read(
        write_jsonl(tmp_path / "log.jsonl", [payload(), payload(id="deep", litellm_call_id="deep", **changes)]),
        tmp_path / "run",
    )
    assert got.report.requests + got.report.rejected == 2
    assert got.report.rejected == 0 or depth > 800
    assert secret not in json.dumps(got.rows(), default=str)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("shape", ["[{}]", '{{"has_more": false, "data": [{}]}}', '{{"hits": {{"hits": [{}]}}}}'])
def test_one_document_is_not_held_as_objects(shape: str, packed: bool, tmp_path: Path) -> None:
    """An export may be one value of gigabytes: what is held of it are its bytes, not what they say."""
    lines = [
        json.dumps(
            {"model": "m", "messages": [{"role": "user", "content": str(n)}], "response": {"text": "ok"}, "n": n}
        )
        for n in range(60_000)
    ]
    text = shape.format(",".join(lines)).encode()
    path = tmp_path / "log.json"
    path.write_bytes(gzip.compress(text, 1) if packed else text)
    tracemalloc.start()
    count = 0
    for piece in pieces(Source(path, path.name)):
        sniffed = sniff(piece, IngestSettings())
        count += sum(1 for _ in piece.of(sniffed.name, sniffed.within).records())
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == len(lines)
    assert most < 3 * len(text), f"{most / len(text):.1f} times the document"


def test_numbers_with_types_are_numbers(tmp_path: Path) -> None:
    """MongoDB's canonical JSON gives each number a type; what a person wrote of one stays."""
    said = '{\\"$numberInt\\": \\"7\\"}'
    line = (
        '{"_id": {"$oid": "655"}, "at": {"$date": {"$numberLong": "1793613600000"}}, "request": {"model": "gpt-4o", '
        '"messages": [{"role": "user", "content": "' + said + '"}]}, "response": {"id": "c", "model": "gpt-4o", '
        '"choices": [{"index": {"$numberInt": "0"}, "message": {"role": "assistant", "content": "a"}, '
        '"finish_reason": "stop"}], "usage": {"prompt_tokens": {"$numberInt": "7"}, "completion_tokens": '
        '{"$numberLong":"3"}}}, "cost_usd": {"$numberDouble": "0.5"}}'
    )
    path = tmp_path / "log.jsonl"
    path.write_text(line + "\n", "utf-8")
    (row,) = read(path, tmp_path / "run").rows()
    assert (row["prompt_tokens"], row["completion_tokens"], row["cost_usd_logged"]) == (7, 3, 0.5)
    assert "$numberInt" in row["messages"]
