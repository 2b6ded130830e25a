"""Whichever cell of a batch holds a secret, it is masked; every other cell stays the very object that it was."""

from __future__ import annotations

import json
import random
from typing import Any

import msgspec
import pyarrow as pa
import pytest

from audit.core.schemas import BODIES
from audit.ingest.row import DRAFT, Columns, Row
from audit.ingest.scrub import scrub
from audit.ingest.suspects import IDS, NAMES, REPEATED, _hinted
from audit.masking.secrets import KeysInUse, hint_pattern

KEY = "sk-" + "proj-4f9A2c7D8e1B6a3F5d0C9b8A"
IN_USE = "corporate-words-only"
PIECES = (KEY, "sk", "-", "secret", ": ", "litellm_trun", "cated", "AKIA", "eyJ", "key", " is ", "passw", "ord")
"""What hints are made of, whole and in halves."""
LABEL = [("user_api_key_alias", "key-12"), ("user_api_key_team_alias", "team-3"), ("prompt_tokens", "12")]
TEXTS = sorted({*REPEATED, *(copy for copies in REPEATED.values() for copy in copies), *IDS, *NAMES, "route", "tenant"})


def rows_with(column: str, value: Any) -> list[Row]:
    """A batch of five rows, all with a gateway's labels; the third has the value."""
    rows = [Row(request_id=f"r{number}", metadata=list(LABEL), route="/chat") for number in range(5)]
    setattr(rows[2], column, value)
    if column == "system_text":
        rows[2].messages = json.dumps([{"role": "system", "content": value}])
    return rows


def written(rows: list[Row], columns: Columns, keys: KeysInUse) -> str:
    """Every cell of the batch after it was cleaned, as text; all rows but the third must not have been touched."""
    before = [msgspec.structs.astuple(row) for row in rows]
    scrub(rows, columns, (), keys)
    for index in (0, 1, 3, 4):
        assert all(a is b for a, b in zip(before[index], msgspec.structs.astuple(rows[index]), strict=True))
    return f"{columns.batch(BODIES).to_pylist()} {columns.batch(DRAFT).to_pylist()} {rows[2].feedback}"


@pytest.mark.parametrize("secret", [KEY, IN_USE])
@pytest.mark.parametrize("column", TEXTS)
def test_a_secret_in_any_text(column: str, secret: str) -> None:
    """Of the ways that a text holds one: as it is where text is, as a JSON string where JSON is."""
    text = f"the {secret} of today"
    rows = rows_with(column, text if column in ("system_text", "route") else json.dumps([{"note": text}]))
    assert secret not in written(rows, Columns(rows), KeysInUse([IN_USE]))


@pytest.mark.parametrize(
    "label",
    [
        ("note", f"the {KEY}"),
        ("note", f"the {IN_USE}"),
        (f"about {KEY}", "yes"),
        ("requester_metadata.db.password", "hunter2secret"),
        ("user_api_key", "4f9A2c7D8e1B6a3F5d0C9b8A"),
        ("inner", json.dumps({"deep": [{"password": "hunter2secret"}]})),
    ],
    ids=lambda label: label[0][:12],
)
def test_a_secret_in_a_label(label: tuple[str, str]) -> None:
    """Its value, its name, or the value in the light of the name; the labels of the other rows tell nothing."""
    rows = rows_with("metadata", [*LABEL, label])
    cells = written(rows, Columns(rows), KeysInUse([IN_USE]))
    assert not any(secret in cells for secret in (KEY, IN_USE, "hunter2", "4f9A2c7D8e1B"))
    assert "<secret:" in cells
    assert rows[2].metadata is not None
    assert list(rows[2].metadata)[: len(LABEL)] == LABEL


def test_a_secret_that_many_labels_repeat() -> None:
    """A value is searched once, however often it comes; it is masked wherever it stands."""
    rng = random.Random(21)
    for _ in range(40):
        rows = [Row(request_id=f"r{number}", metadata=list(LABEL)) for number in range(12)]
        told = set(rng.sample(range(12), rng.randrange(1, 12)))
        for number in told:
            rows[number].metadata = [*LABEL, (rng.choice(("note", "user_api_key", "n.password")), KEY)]
        columns = Columns(rows)
        scrub(rows, columns, ())
        assert KEY not in str(columns["metadata"].to_pylist())
        assert {number for number, row in enumerate(rows) if "<secret:" in str(row.metadata)} == told


@pytest.mark.parametrize(("column", "value"), [("tags", [f"key:{KEY}"]), ("feedback", [{"said": f"my {KEY}"}])])
def test_a_secret_in_a_list(column: str, value: list[Any]) -> None:
    """Tags and what users said of an answer."""
    rows = rows_with(column, value)
    assert KEY not in written(rows, Columns(rows), KeysInUse())


def test_ids_with_two_secrets_stay_two() -> None:
    """A masked id is still told apart from another masked one."""
    rows = [Row(request_id=f"{KEY}{end}") for end in "ab"]
    scrub(rows, Columns(rows), ())
    assert rows[0].request_id != rows[1].request_id
    assert all(KEY not in str(row.request_id) for row in rows)


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string()], ids=str)
def test_texts_that_lie_together_are_searched_as_if_apart(kind: pa.DataType) -> None:
    """What ends one text and begins the next hides no hint, whatever the two are; a slice of them is searched alone."""
    rng = random.Random(20)
    parts = [*PIECES, None, "", "é\ud7ff", "x", " ", "=", "://u:", "@"]
    hints = hint_pattern("litellm_truncated")
    for _ in range(300):
        chosen = [rng.choices(parts, k=rng.randrange(4)) for _ in range(rng.randrange(1, 30))]
        texts = [None if None in some else "".join(map(str, some)) for some in chosen]
        start = rng.randrange(len(texts))
        array = pa.array([f"before {KEY}", *texts, f"{KEY} after"], kind).slice(1 + start, len(texts) - start)
        apart = {at for at, text in enumerate(texts[start:]) if text is not None and hints.search(text)}
        found = _hinted(array, hints)
        assert apart <= set(found) <= {at for at, text in enumerate(texts[start:]) if text}
        assert found == sorted(set(found))
