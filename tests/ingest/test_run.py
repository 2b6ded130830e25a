"""What ingest makes of a log."""

from __future__ import annotations

import gzip
import json
import tracemalloc
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq
import pytest
import zstandard

from audit.core import fingerprint
from audit.core.artifacts import RunFolder
from audit.core.rates import CallKind, Rates
from audit.core.schemas import BODIES, REJECTS, TRAFFIC
from audit.core.settings import ExecutorSettings, FieldMap, IngestSettings
from audit.ingest.files import source
from audit.ingest.run import ingest
from audit.ingest.suggest_route import suggest_route_fields
from tests.ingest.reading import SAMPLES, payload, read, sample, write_jsonl


def test_writes_the_declared_schemas(tmp_path: Path) -> None:
    """Traffic, bodies and rejects have the columns and types that core/schemas.py declares."""
    got = read(SAMPLES / "litellm.jsonl", tmp_path / "run")
    assert pq.read_schema(got.folder.traffic_files()[0]).remove_metadata().equals(TRAFFIC)
    assert pq.read_schema(got.folder.body_files()[0]).remove_metadata().equals(BODIES)
    assert pq.read_schema(got.folder.rejects).remove_metadata().equals(REJECTS)


def test_counts_of_the_sample(tmp_path: Path) -> None:
    """Twenty calls, one failed attempt and one double line: the cache hit and the double line are not billable."""
    report = read(SAMPLES / "litellm.jsonl", tmp_path / "run").report
    assert (report.read, report.requests, report.failures) == (22, 19, 1)
    assert (report.duplicates, report.cache_hits, report.not_priced) == (1, 1, 1)


def test_same_bytes_whatever_the_workers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One process and two, in whatever time zone, write the same files."""
    records = [payload(id=f"id-{n}", litellm_call_id=f"c-{n // 2}", startTime=1.79e9 + n) for n in range(900)]
    records += records[:5]
    log = write_jsonl(tmp_path / "log.jsonl", records)
    monkeypatch.setattr(source, "PIECE_BYTES", 1 << 17)
    monkeypatch.setattr("audit.ingest.parts.PIECE_BYTES", 1 << 17)
    monkeypatch.setattr("audit.ingest.run.PARALLEL_BYTES", 0)
    one = read(log, tmp_path / "one")
    monkeypatch.setenv("TZ", "Pacific/Auckland")
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    two = read(log, tmp_path / "two", executor=ExecutorSettings(workers=2))
    files = [p.relative_to(one.folder.path) for p in sorted(one.folder.path.rglob("*.parquet"))]
    assert len(files) > 10
    assert one.report == two.report
    for file in files:
        assert (one.folder.path / file).read_bytes() == (two.folder.path / file).read_bytes(), file


def test_plain_gzip_zstd_array_and_object_are_one_log(tmp_path: Path) -> None:
    """The packing does not matter, and is told by the first bytes, not by the name."""
    records = sample("litellm.jsonl")
    text = (SAMPLES / "litellm.jsonl").read_bytes()
    frames = zstandard.compress(text[:9000]) + zstandard.compress(text[9000:])
    packed = {
        "gz.jsonl": gzip.compress(text[:5000]) + gzip.compress(text[5000:]),
        "zst.json": frames,
        "array.log": json.dumps(records, indent=1).encode(),
        "array.gz": gzip.compress(json.dumps(records).encode()),
        "bom.jsonl": b"\xef\xbb\xbf" + text,
        "crlf.jsonl": text.replace(b"\n", b"\r\n"),
    }
    wanted = read(SAMPLES / "litellm.jsonl", tmp_path / "plain").traffic
    for name, data in packed.items():
        (tmp_path / name).write_bytes(data)
        got = read(tmp_path / name, tmp_path / f"run-{name}").traffic
        for column in ("request_id", "prompt_hash", "request_fp", "cost_usd_logged", "duplicate_of"):
            if column == "duplicate_of":
                assert got[column].null_count() == wanted[column].null_count(), name
            else:
                assert got[column].to_list() == wanted[column].to_list(), (name, column)


def test_folder_of_single_objects(tmp_path: Path) -> None:
    """A bucket's layout, one object per file, pretty-printed or not, is read in order of path into few parts."""
    for n, record in enumerate(sample("litellm.jsonl")[:6]):
        path = tmp_path / "bucket" / f"2026-09-0{n + 1}" / f"time-{n}.json"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(record, indent=2 if n % 2 else None), "utf-8")
    (tmp_path / "bucket" / "empty.json").write_text("")
    (tmp_path / "bucket" / "_SUCCESS").write_text("done")
    got = read(tmp_path / "bucket", tmp_path / "run")
    assert got.traffic["source_file"].to_list() == [f"time-{n}.json" for n in range(6)]
    assert len(got.folder.traffic_files()) == 1
    assert got.rejects.rows() == [("empty.json", 0, "empty file", "")]


def test_generic_parquet_and_jsonl_agree(tmp_path: Path) -> None:
    """A mapped Parquet file and the same records as JSONL give the same requests."""
    from tests.ingest.reading import GENERIC

    lines = read(SAMPLES / "generic.jsonl", tmp_path / "lines", GENERIC)
    table = read(SAMPLES / "generic.parquet", tmp_path / "table", GENERIC)
    for column in ("request_fp", "prompt_hash", "cost_usd_logged", "status", "route", "tenant", "started_at", "params"):
        assert lines.traffic[column].to_list() == table.traffic[column].to_list(), column
    assert lines.report.failures == 1
    assert lines.traffic.filter(status="error")["error_type"].to_list() == ["timeout"]


def test_digests_are_those_of_core(tmp_path: Path) -> None:
    """prompt_hash and request_fp can be recomputed, by core/fingerprint.py, from the columns that are written."""
    odd = payload(
        id="odd",
        litellm_call_id="odd",
        messages=[
            {"role": "system", "content": "é\n\t\"'\u0001\u2028 🙂"},
            {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}], "name": "Zoë"},
        ],
        model_parameters={"temperature": 1e-05, "logit_bias": {"9": 1e16}, "stream": True, "user": "u", "top_p": 0.1},
    )
    log = write_jsonl(tmp_path / "log.jsonl", [*sample("litellm.jsonl"), odd])
    rows = [*read(log, tmp_path / "a").rows(), *read(SAMPLES / "openai_pairs.jsonl", tmp_path / "b").rows()]
    for row in rows:
        messages, tools = json.loads(row["messages"]), json.loads(row["tools"] or "null")
        choice, shape = json.loads(row["tool_choice"] or "null"), json.loads(row["response_format"] or "null")
        params = json.loads(row["params"])
        assert row["prompt_hash"] == fingerprint.prompt_hash(messages)
        assert row["request_fp"] == fingerprint.request_fp(messages, tools, choice, shape, params)
        assert row["messages"] == fingerprint.canonical_json(messages)
        assert row["system_hash"] == fingerprint.digest(row["system_text"])
    assert json.loads(rows[22]["params"]) == {"temperature": 1e-05, "logit_bias": {"9": 1e16}, "top_p": 0.1}


def test_attempts_are_grouped_and_never_merged(tmp_path: Path) -> None:
    """Attempts of one call share the logical request; the answered one is final, wherever it stands in the file."""
    failure = {"status": "failure", "response": {}, "response_cost": 0.0}
    log = write_jsonl(
        tmp_path / "log.jsonl",
        [
            payload(id="ok", litellm_call_id="call", startTime=1.79e9 + 9),
            payload(id="call", litellm_call_id="call", startTime=1.79e9 + 3, **failure),
            payload(id="call", litellm_call_id="call", startTime=1.79e9 + 1, **failure),
            payload(id="lost", litellm_call_id="lost", startTime=1.79e9, **failure),
        ],
    )
    got = read(log, tmp_path / "run").traffic
    assert got["attempt_index"].to_list() == [2, 1, 0, 0]
    assert got["is_final_attempt"].to_list() == [True, False, False, True]
    assert got["duplicate_of"].null_count() == 4, "two failed attempts share the call's id and are not one line twice"
    assert got["error_type"].drop_nulls().len() == 3


def test_double_lines_and_client_retries(tmp_path: Path) -> None:
    """A line delivered twice is a duplicate, across files too; a client's retry has a new id and is billed."""
    one = payload(id="a", litellm_call_id="a", trace_id="t")
    retry = payload(id="b", litellm_call_id="b", trace_id="t", startTime=one["startTime"] + 5)
    first = write_jsonl(tmp_path / "1.jsonl", [one, retry, one])
    second = write_jsonl(tmp_path / "2.jsonl", [one, payload(id="c", litellm_call_id="c")])
    got = read([first, second], tmp_path / "run")
    ids = got.traffic["row_id"].to_list()
    assert got.traffic["duplicate_of"].to_list() == [None, None, ids[0], ids[0], None]
    assert len(set(ids)) == 5
    assert got.traffic["row_id"].to_list() == got.bodies["row_id"].to_list()
    assert got.traffic["is_final_attempt"].to_list() == [True, True, False, False, True]
    assert got.report.requests == 3


def test_double_lines_across_parts_keep_bodies_joined(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where equal lines stand in different parts, ids are still unique and the same in both halves."""
    monkeypatch.setattr(source, "PIECE_BYTES", 2000)
    monkeypatch.setattr(source, "_BUFFER_BYTES", 2000)
    monkeypatch.setattr("audit.ingest.parts.PIECE_BYTES", 2000)
    records = [payload(id=f"x{n}", litellm_call_id=f"x{n}") for n in range(20)]
    got = read(write_jsonl(tmp_path / "log.jsonl", [*records, *records]), tmp_path / "run")
    assert len(got.folder.traffic_files()) > 5
    assert got.traffic["row_id"].n_unique() == 40
    assert got.traffic["row_id"].to_list() == got.bodies["row_id"].to_list()
    assert got.report.duplicates == 20
    kept = dict(zip(got.traffic["request_id"][:20], got.traffic["row_id"][:20], strict=True))
    assert got.traffic["duplicate_of"][20:].to_list() == [kept[f"x{n}"] for n in range(20)]


def test_an_unknown_cost_is_null(tmp_path: Path) -> None:
    """LiteLLM's 0 for a model without a price is no cost; 0 of a cache hit is one; a failure's 0 is one."""
    tokens = {"prompt_tokens": 5, "completion_tokens": 2}
    log = write_jsonl(
        tmp_path / "log.jsonl",
        [
            payload(id="1", litellm_call_id="1", response_cost=0.0, **tokens),
            payload(id="2", litellm_call_id="2", response_cost=0.0, cache_hit=True, **tokens),
            payload(id="3", litellm_call_id="3", response_cost=None, **tokens),
            payload(id="4", litellm_call_id="4", response_cost=0.25, **tokens),
        ],
    )
    got = read(log, tmp_path / "run")
    assert got.traffic["cost_usd_logged"].to_list() == [None, 0.0, None, 0.25]
    assert got.traffic["ingest_warnings"].to_list() == [["zero_cost_is_unknown"], [], [], []]
    assert got.report.not_priced == 2


def test_cost_is_recomputed_from_the_price(tmp_path: Path) -> None:
    """Each model is priced once; the figure is Price.cost_usd's, cached tokens included; cache hits are not priced."""
    rates = Rates(input=2.5, output=10, cached_input=1.25, source="table 7")
    asked: list[tuple[str, str | None]] = []

    def rates_of(kind: CallKind) -> tuple[Rates, ...]:
        asked.append((kind.models[0], kind.provider))
        return (rates,)

    got = read(SAMPLES / "litellm.jsonl", tmp_path / "run", rates_of=rates_of)
    assert set(asked) == {("gpt-4o", "openai")}
    assert got.report.not_priced == 0
    for row in got.traffic.filter(pl.col("status") == "ok", ~pl.col("cache_hit").fill_null(False)).to_dicts():
        fresh = row["prompt_tokens"] - row["cached_tokens"]
        expected = (fresh * 2.5 + row["cached_tokens"] * 1.25 + row["completion_tokens"] * 10) / 1e6
        assert row["cost_usd_recomputed"] == pytest.approx(expected, abs=1e-15)
        assert row["price_table_version"] == "table 7"
    assert got.traffic.filter(pl.col("cache_hit"))["cost_usd_recomputed"].to_list() == [None]


def test_cut_streams_are_partial(tmp_path: Path) -> None:
    """A client that hung up leaves a partial row with estimated tokens, which is billed and cannot be replayed."""
    for name in ("litellm.jsonl", "openai_pairs.jsonl"):
        rows = read(SAMPLES / name, tmp_path / name).traffic.filter(status="partial").to_dicts()
        assert len(rows) == 1
        assert rows[0]["finish_reason"] == "aborted"
        assert rows[0]["replayable"] == "none"
        assert "partial_stream" in rows[0]["unreplayable_reasons"]


def test_streams_are_joined(tmp_path: Path) -> None:
    """Chunks become one answer with the usage of the last."""
    row = next(r for r in read(SAMPLES / "openai_pairs.jsonl", tmp_path / "run").rows() if r["streaming"])
    assert row["response_text"] == "Answer in parts."
    assert row["finish_reason"] == "stop"
    assert row["prompt_tokens"] > 0


@pytest.mark.parametrize(
    ("sentinel", "reason"),
    [
        ("start (litellm_truncated skipped 900 chars) end", "truncated_middle"),
        ("redacted-by-litellm", "redacted"),
        ("[base64_data truncated: 81B]", "image_missing"),
        ("@@@langfuseMedia:type=image/png|id=1|source=bytes@@@", "body_external"),
        ("mlflow-attachment://x", "body_external"),
    ],
)
def test_sentinels_make_a_record_unreplayable(tmp_path: Path, sentinel: str, reason: str) -> None:
    """What an emitter writes in place of lost text is found in prompts, and the row stays in every sum."""
    record = payload(messages=[{"role": "user", "content": sentinel}])
    got = read(write_jsonl(tmp_path / "log.jsonl", [record]), tmp_path / "run")
    assert got.traffic["replayable"].to_list() == ["none"]
    assert reason in got.traffic["unreplayable_reasons"][0]
    assert got.report.requests == 1


ASKED = {"role": "user", "content": "Which queue?"}
CALLED = [{"id": "c1", "type": "function", "function": {"name": "file", "arguments": '{"queue": "billing"}'}}]


@pytest.mark.parametrize(
    ("last", "answer", "held"),
    [
        ({"role": "assistant", "content": "billing"}, {"content": "billing"}, True),
        ({"content": " billing ", "role": "assistant", "name": "bot"}, {"content": "billing"}, True),
        ({"role": "assistant", "content": [{"type": "text", "text": "billing"}]}, {"content": "billing"}, True),
        ({"role": "assistant", "content": 'say "role":"user"'}, {"content": 'say "role":"user"'}, True),
        ({"role": "assistant", "content": None, "tool_calls": CALLED}, {"content": None, "tool_calls": CALLED}, True),
        # The beginning of an answer that the caller wrote, an earlier turn, and words that somebody else said.
        ({"role": "assistant", "content": "The queue is"}, {"content": "billing"}, False),
        ({"role": "assistant", "content": ""}, {"content": ""}, False),
        ({"role": "user", "content": "billing"}, {"content": "billing"}, False),
        ({"role": "assistant", "content": None, "tool_calls": CALLED}, {"content": "billing"}, False),
    ],
)
def test_a_request_that_ends_with_its_own_answer_is_not_replayed(
    tmp_path: Path, last: dict[str, Any], answer: dict[str, Any], held: bool
) -> None:
    """A list of messages that was appended to before it was logged: whoever is asked would read the answer first."""
    message = {"role": "assistant", **answer}
    response = {"id": "r", "model": "m", "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}
    record = payload(messages=[ASKED, last], response=response)
    request = {"model": "m", "messages": [ASKED, last]}
    pair = {
        "timestamp": "2026-11-20T10:00:00Z",
        "request": request,
        "response": {**response, "object": "chat.completion"},
    }
    for name, one in (("payload", record), ("pair", pair)):
        got = read(write_jsonl(tmp_path / f"{name}.jsonl", [one]), tmp_path / name)
        assert ("answer_in_request" in got.traffic["unreplayable_reasons"][0]) is held, name
        assert got.traffic["replayable"].to_list() == ["none"] or not held
        assert got.report.requests == 1


def test_an_earlier_turn_that_says_the_same_is_no_answer(tmp_path: Path) -> None:
    """Somebody who asks again gets the same label again."""
    said = {"role": "assistant", "content": "billing"}
    response = {"id": "r", "model": "m", "choices": [{"index": 0, "message": said, "finish_reason": "stop"}]}
    record = payload(messages=[ASKED, said, ASKED], response=response)
    got = read(write_jsonl(tmp_path / "log.jsonl", [record]), tmp_path / "run")
    assert got.traffic["unreplayable_reasons"].to_list() == [[]]


def test_metadata_leaves_out_secrets_addresses_and_headers(tmp_path: Path) -> None:
    """The flat metadata has the team's own keys, and nothing about transport, people's addresses or keys."""
    metadata = {
        "team": "north",
        "requester_metadata": {"feature": "triage", "headers": {"authorization": "Bearer x"}, "depth": {"level": 3}},
        "requester_ip_address": "203.0.113.9",
        "user_agent": "curl",
        "user_api_key_hash": "abc",
        "user_api_key_user_email": "a@b.co",
        "api_key": "sk-1",
        "empty": None,
    }
    got = read(write_jsonl(tmp_path / "log.jsonl", [payload(metadata=metadata)]), tmp_path / "run")
    pairs = dict(pq.read_table(got.folder.traffic_files()[0], columns=["metadata"])["metadata"][0].as_py())
    assert pairs == {
        "metadata.team": "north",
        "metadata.requester_metadata.feature": "triage",
        "metadata.requester_metadata.depth.level": "3",
    }
    assert got.traffic["end_user_hash"][0] not in (None, payload()["end_user"])


def test_route_comes_from_the_named_field_and_from_nowhere_else(tmp_path: Path) -> None:
    """A named path that finds nothing gives no route; without one the format's own order is used, and said."""
    records = [
        payload(
            id="1", litellm_call_id="1", metadata={"route": "/a"}, request_tags=["route:/tag"], extra={"route": "/x"}
        ),
        payload(id="2", litellm_call_id="2", metadata={}, request_tags=["route:/tag"]),
    ]
    log = write_jsonl(tmp_path / "log.jsonl", records)
    cases = {
        "metadata.route": (["/a", None], ["metadata.route", None]),
        "request_tags.route": (["/tag", "/tag"], ["request_tags.route"] * 2),
        "extra.route": (["/x", None], ["extra.route", None]),
        "model_group": (["large", "large"], ["model_group"] * 2),
        None: (["/tag", "/tag"], ["request_tags.route"] * 2),
    }
    for path, (routes, sources) in cases.items():
        got = read(log, tmp_path / f"run-{path}", IngestSettings(route=path)).traffic
        assert got["route"].to_list() == routes, path
        assert got["route_source"].to_list() == sources, path


def test_suggests_fields_for_the_route(tmp_path: Path) -> None:
    """Fields with a telling name first, then those in most calls, without their values; ids are left out."""
    records = [
        payload(
            id=str(n),
            litellm_call_id=str(n),
            request_tags=[f"squad:s{n % 9}"],
            metadata={"feature": f"f{n % 4}", "build": f"b{n % 6}", "request_ref": f"r{n}", "constant": "c"}
            | ({"serviceName": f"s{n % 3}"} if n % 5 else {}),
        )
        for n in range(60)
    ]
    folder = read(write_jsonl(tmp_path / "log.jsonl", records), tmp_path / "run").folder
    assert [(str(field), field.top) for field in suggest_route_fields(folder)] == [
        ("metadata.feature (4 values, in every call)", (15, 15, 15)),
        ("metadata.serviceName (3 values, in 80 % of the calls)", (16, 16, 16)),
        ("request_tags.squad (9 values, in every call)", (7, 7, 7)),
    ]
    assert suggest_route_fields(RunFolder(tmp_path / "nothing")) == []


@pytest.mark.parametrize("wrapped", [True, False])
def test_a_purpose_at_the_top_of_a_record_is_found(wrapped: bool, tmp_path: Path) -> None:
    """Under any name that teams give to it, in pairs and in mapped logs; a text under such a name is no purpose."""
    records = []
    for n in range(40):
        own = {"service": f"s{n % 3}", "Prompt-Name": f"p{n % 2}", "template": f"t{n % 2}", "action": "Say " * 60}
        asked = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": f"question {n}"}]}
        said = {"choices": [{"message": {"role": "assistant", "content": "yes"}, "finish_reason": "stop"}]}
        records.append(own | ({"request": asked, "response": said} if wrapped else {**asked, "answer": "yes"}))
    mapped = IngestSettings(map=FieldMap(messages="messages", response="answer", model="model"))
    log = write_jsonl(tmp_path / "log.jsonl", records)
    folder = read(log, tmp_path / "run", None if wrapped else mapped).folder
    assert [field.path for field in suggest_route_fields(folder) if field.named] == ["Prompt-Name", "service"]


def test_bad_lines_are_counted_and_the_rest_is_read(tmp_path: Path) -> None:
    """A line that is no JSON, no object or no call is a reject with its place and its reason, never its text."""
    good = [payload(id=str(n), litellm_call_id=str(n)) for n in range(8)]
    bad = ['{"private": "text', "[1]", '{"x": 1}']
    got = read(write_jsonl(tmp_path / "log.jsonl", [*good, *bad, ""]), tmp_path / "run")
    assert got.report.read == 11
    assert got.report.rejected == 3
    assert got.report.rejects == {
        "neither `status` nor `messages`: not a LiteLLM payload": 1,
        "not JSON": 1,
        "not a JSON object": 1,
    }
    assert got.rejects["source_row"].to_list() == [9, 10, 11]
    assert "private" not in str(got.rejects.rows())


def test_pythons_json_is_read(tmp_path: Path) -> None:
    """NaN and halves of surrogate pairs, which Python's json writes, cost a value and not the record."""
    line = json.dumps(payload(response_cost=float("nan"), messages=[{"role": "user", "content": "\ud83d!"}]))
    row = read(write_jsonl(tmp_path / "log.jsonl", [line]), tmp_path / "run").rows()[0]
    assert row["cost_usd_logged"] is None
    assert json.loads(row["messages"])[0]["content"] == "\ufffd!"


def test_an_earlier_ingest_is_replaced_and_a_killed_one_leaves_nothing(tmp_path: Path) -> None:
    """Files appear under their names only when all are complete; leftovers of a killed run go."""
    run = tmp_path / "run"
    (run / ".traffic.1.tmp").mkdir(parents=True)
    read(SAMPLES / "openai_pairs.jsonl", run)
    got = read(SAMPLES / "litellm.jsonl", run)
    assert len(got.traffic) == 22
    assert sorted(p.name for p in run.iterdir()) == ["rejects.parquet", "traffic"]
    bad = tmp_path / "bad.jsonl"
    bad.write_bytes(gzip.compress((SAMPLES / "litellm.jsonl").read_bytes())[:-20])
    with pytest.raises(Exception, match="cut off"):
        ingest([bad], IngestSettings(), RunFolder(tmp_path / "fresh"))
    assert list((tmp_path / "fresh").iterdir()) == []


def test_the_generic_format_does_not_take_a_conversation_for_a_duplicate(tmp_path: Path) -> None:
    """A mapped id that several calls share is an id of something larger; equal lines are one call."""
    records = [{"id": "conversation", "at": 1.79e9 + n, "q": f"question {n}", "a": "x"} for n in (0, 1, 1)]
    mapped = FieldMap(prompt="q", response="a", request_id="id", started_at="at")
    got = read(write_jsonl(tmp_path / "log.jsonl", records), tmp_path / "run", IngestSettings(map=mapped))
    assert got.traffic["duplicate_of"].null_count() == 2
    assert got.traffic["replayable"].to_list() == ["lossy"] * 3


@pytest.mark.parametrize("size", [1, 300, 5000, 1 << 20])
@pytest.mark.parametrize("end", [b"", b"\n"])
def test_pieces_are_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int, end: bytes) -> None:
    """However a file is cut, its records and their line numbers are the file's lines."""
    lines = [b'{"n": %d, "x": "%s"}' % (n, b"x" * (n * 37 % 900)) for n in range(200)]
    lines[50] = b""
    path = tmp_path / "log.jsonl"
    path.write_bytes(b"\n".join(lines) + end)
    monkeypatch.setattr(source, "PIECE_BYTES", size)
    monkeypatch.setattr(source, "_BUFFER_BYTES", 700)
    got = [record for piece in source.pieces(source.Source(path, "log")) for record in piece.records()]
    assert got == [(n, line) for n, line in enumerate(lines, 1) if line]


def test_memory_does_not_grow_with_a_compressed_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines of a compressed file pass through memory; those of a part that was read are let go."""
    size = 1 << 18
    monkeypatch.setattr(source, "PIECE_BYTES", size)
    monkeypatch.setattr("audit.ingest.parts.PIECE_BYTES", size)
    # Bulk that no row keeps, as in the records that LiteLLM writes, so that what is counted is the lines.
    bulk = {"model_map_information": "x" * 200_000}
    peaks = []
    for turn, count in enumerate((20, 20, 80)):  # the first pays for imports
        log = tmp_path / f"{turn}.jsonl.gz"
        log.write_bytes(
            gzip.compress(b"\n".join(json.dumps(payload(id=f"c{i}") | bulk).encode() for i in range(count)))
        )
        tracemalloc.start()
        try:
            ingest([log], IngestSettings(), RunFolder(tmp_path / str(turn)))
            peaks.append(tracemalloc.get_traced_memory()[1])
        finally:
            tracemalloc.stop()
    grown = peaks[2] - peaks[1]
    assert grown < 4 * size, f"12 MB more of log took {grown / 1e6:.1f} MB more"
