"""What every log format promises, over every name of the catalog."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from audit.core.schemas import BODIES, TRAFFIC
from audit.core.settings import IngestSettings
from audit.ingest.formats import FORMATS
from audit.ingest.row import DRAFT, SECOND_PASS, Columns, Row, Unusable
from audit.ingest.scrub import scrub
from audit.masking.secrets import KeysInUse
from tests.ingest.reading import BY_FORMAT, SAMPLES, read

FUZZED, FUZZED_LONG = 120, 2_000
"""Records of each format that are changed at one place; the long run is slow."""
STRANGE: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2**31, 2**63, 2**70, -(2**70), 0.0, -0.5, 1e-300, 1e300, 1.5, "", " ", "a", "1", "-3",
    "true", "2026-09-01", "9999-12-31T23:59:59+00:00", "0001-01-01", "[", "{}", '{"a":', "{\"choices\":[{}]}", "\ud800",
    "é🙂\u0000", [], [None], [[]], [1, "a", {}], {}, {"a": None}, {"": ""}, {"content": 5},
    [{"role": 7, "content": [3]}],
    {"choices": [{"message": {"content": [{"type": "text", "text": 1}]}}]},
    [{"choices": [{"delta": {"tool_calls": 3}}]}],
    {"prompt_tokens": "x", "prompt_tokens_details": []}, "x" * 3000, [{"type": "image_url", "image_url": 4}],
)  # fmt: skip

SAID = ("route", "tenant", "started_at", "model_key", "prompt_hash", "request_fp")
SEQUENCES = {"codex", "gemini-cli", "streams"}
"""Formats whose lines go on with those before them; order means something there."""
BODIES_APART = {"prompt_hash", "request_fp"}
UNSAID: dict[str, set[str]] = {
    "cloudflare": {"prompt_tokens", *BODIES_APART},
    "openrouter": {"tenant", *BODIES_APART},
    "claude-code": {"tenant", "model_key", *BODIES_APART},
    "codex": {"tenant", *BODIES_APART},
    "gemini-cli": {"tenant", *BODIES_APART},
    "streams": BODIES_APART,
}
"""What some rows of a format's sample do not have: logs of counts hold no bodies."""


def mutated(value: Any, rng: random.Random) -> Any:
    """The value with one place, anywhere in it, taken by something strange."""
    if isinstance(value, dict) and value and rng.random() < 0.85:
        key = rng.choice(sorted(value))
        if rng.random() < 0.1:
            return {k: v for k, v in value.items() if k != key}
        return value | {key: mutated(value[key], rng)}
    if isinstance(value, list) and value and rng.random() < 0.85:
        place = rng.randrange(len(value))
        return [*value[:place], mutated(value[place], rng), *value[place + 1 :]]
    return rng.choice(STRANGE)


def test_the_list_is_the_folder() -> None:
    """Every file of the folder is in the list, and the list names no other."""
    folder = Path(sys.modules[FORMATS.package].__file__ or "").parent
    assert {p.stem.replace("_", "-") for p in folder.glob("*.py")} - {"--init--"} == set(FORMATS.names)


def test_the_list_imports_no_adapter() -> None:
    """Reading the names imports no format."""
    code = "import sys, audit.ingest.formats as f; sys.exit(f'{f.__name__}.{f.FORMATS.names[0]}' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_rows_have_the_columns_of_the_schemas() -> None:
    """A row's fields are exactly the columns of TRAFFIC and BODIES that formats fill, and the key for duplicates."""
    assert set(Row.__struct_fields__) == {*TRAFFIC.names, *BODIES.names, "dedupe_key", "tells_end", "cut"} - set(
        SECOND_PASS
    )


@pytest.mark.parametrize("name", FORMATS.names)
def test_reads_its_sample(name: str, tmp_path: Path) -> None:
    """A format tells its sample from the others, and reads all of it, with a route, a model and a time in every row."""
    file, settings = BY_FORMAT[name]
    got = read(SAMPLES / file, tmp_path / "run", settings)
    assert got.report.format_sniffed.startswith(f"{name}: ")
    assert (got.report.rejected, got.report.formats) == (0, {name: len(got.traffic)})
    assert got.report.read == got.traffic["source_row"].n_unique() + got.report.not_calls
    for column in set(SAID) - UNSAID.get(name, set()):
        assert got.traffic[column].null_count() == 0, column
    assert got.traffic["row_id"].n_unique() == len(got.traffic) == len(got.bodies)
    if "prompt_tokens" not in UNSAID.get(name, set()):
        assert got.traffic.filter(status="ok")["prompt_tokens"].null_count() == 0


@pytest.mark.parametrize("name", FORMATS.names)
def test_row_ids_are_stable(name: str, tmp_path: Path) -> None:
    """The same records have the same ids on every ingest, in whatever file and order they come."""
    file, settings = BY_FORMAT[name]
    first = read(SAMPLES / file, tmp_path / "a", settings)
    other = tmp_path / "renamed.log"
    lines = (SAMPLES / file).read_bytes().splitlines(keepends=True)
    other.write_bytes(b"".join(lines if name in SEQUENCES else reversed(lines)))
    second = read(other, tmp_path / "b", settings)
    assert set(first.traffic["row_id"]) == set(second.traffic["row_id"])


@pytest.mark.parametrize("times", [FUZZED, pytest.param(FUZZED_LONG, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", FORMATS.names)
def test_is_total(name: str, times: int) -> None:
    """Whatever stands in whichever field, a record becomes rows that fit the schemas, or is unusable with a reason."""
    file, settings = BY_FORMAT[name]
    reader = FORMATS.get(name).open(settings)
    records = [json.loads(line) for line in (SAMPLES / file).read_text("utf-8").splitlines()]
    rng = random.Random(f"fuzz {name}")
    rows: list[Row] = []
    reasons: set[str] = set()
    for _ in range(times):
        record = json.dumps(mutated(rng.choice(records), rng)).encode()
        try:
            rows += reader(record)
        except Unusable as error:
            reasons.add(str(error))
    for row in rows:
        row.row_id = row.logical_request_id = "x"
    columns = Columns(rows)
    scrub(rows, columns, ("email", "phone", "card", "iban", "ip"))
    columns.batch(DRAFT)
    columns.batch(BODIES)
    assert len(reasons) < 10, "a reason is a class of problem, not a message with the record in it"


def with_text(value: Any, text: str, rng: random.Random) -> Any:
    """The value with a text behind one of its strings, in the place of one, or as a key."""
    if isinstance(value, dict) and value:
        if rng.random() < 0.05:
            return value | {text: 1}
        key = rng.choice(sorted(value))
        return value | {key: with_text(value[key], text, rng)}
    if isinstance(value, list) and value:
        place = rng.randrange(len(value))
        return [*value[:place], with_text(value[place], text, rng), *value[place + 1 :]]
    return f"{value} {text}" if isinstance(value, str) and rng.random() < 0.5 else text


@pytest.mark.parametrize("name", FORMATS.names)
def test_no_field_brings_a_secret_in(name: str) -> None:
    """Whichever field holds a key, by its form or by its value alone, no column of the tables has it."""
    file, settings = BY_FORMAT[name]
    reader = FORMATS.get(name).open(settings)
    records = [json.loads(line) for line in (SAMPLES / file).read_text("utf-8").splitlines()]
    rng = random.Random(f"secret {name}")
    shaped, plain = "gsk" + "_" + "aB3dE5gH7jK9mN1pQ3rS5tU7vW9xY1zA3bC5dE7f", "violet-anchor-lantern"
    rows: list[Row] = []
    for number in range(FUZZED // 2):
        secret = (shaped, plain)[number % 2]
        try:
            rows += reader(json.dumps(with_text(rng.choice(records), secret, rng)).encode())
        except Unusable:  # its reasons are few, as `test_is_total` holds, so none has the record in it
            continue
    for row in rows:
        row.row_id, row.dedupe_key = "x", None
    columns = Columns(rows)
    scrub(rows, columns, (), KeysInUse([plain]))
    for table in (columns.batch(DRAFT), columns.batch(BODIES)):
        for column in table.column_names:
            said = str(table[column].to_pylist())
            assert shaped not in said, column
            assert plain not in said, column


@pytest.mark.parametrize("name", FORMATS.names)
@pytest.mark.parametrize("record", [b"", b"{", b"null", b"[]", b"1", b'"x"', b"\xff\xfe", b"{}", b'{"a":1}' * 2])
def test_refuses_what_is_no_record(name: str, record: bytes) -> None:
    """What is not a call is unusable, whatever it is."""
    with pytest.raises(Unusable):
        FORMATS.get(name).open(BY_FORMAT[name][1])(record)


@pytest.mark.parametrize("name", FORMATS.names)
def test_detects_is_total(name: str) -> None:
    """A detector answers for any object."""
    rng = random.Random(f"detect {name}")
    detects = FORMATS.get(name).detects
    for file, _ in BY_FORMAT.values():
        for line in (SAMPLES / file).read_text("utf-8").splitlines():
            value = mutated(json.loads(line), rng)
            if isinstance(value, dict):
                assert detects(value) is None or isinstance(detects(value), str)


def test_generic_without_a_map_reads_nothing() -> None:
    """Without paths the generic format refuses every record instead of guessing."""
    with pytest.raises(Unusable):
        FORMATS.get("generic").open(IngestSettings())(b'{"messages": []}')
