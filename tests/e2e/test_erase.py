"""What a data-protection officer asks for: one person's texts leave a run, and everything else stays."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from audit.cli.main import run
from audit.core.artifacts import RunFolder, read_findings
from audit.core.exchange import Completion
from audit.core.fingerprint import pseudonym
from audit.embeddings import open_embedder
from audit.llm.cassette import Cassette
from audit.policy.exporter import yaml_bytes
from audit.replay.journal import JournalLedger
from tests.e2e.tiny import record, write_answered

CONFIG = """\
ingest: {route: metadata.route, tenant: metadata.team}
tiers:
  - {name: small, model: acme-small-1, provider: simulated, price: {input: 0.1, output: 0.3},
     options: {answers: answers.jsonl, error_rates: {add: 0.2}}}
routes:
  - match: "*"
    candidates: [small]
    assert: [{type: equals, value: "{{incumbent.text}}"}]
replay: {cassette: tape}
"""
REQUESTS, ADAS = 60, (3, 17, 41)
SAYS = "my name is ada lovelace"
ANSWER = "dear ada lovelace"
SAME = "Who are you, and what can you do for me?"


def asked(number: int) -> dict[str, Any]:
    """Ada says her name, and is called by it; she asks one thing that somebody else asks too."""
    ada = number in ADAS
    text = SAME if number in (17, 18) else f"Number {number}: {SAYS if ada else 'nobody'}\n{'And more words. ' * 9}"
    made = record(number, end_user="ada" if ada else f"user-{number}", messages=[{"role": "user", "content": text}])
    message = {"role": "assistant", "content": f"{ANSWER if ada else 'dear you'}, {number}"}
    made["response"]["choices"][0]["message"] = message if number not in (17, 18) else {**message, "content": "I help"}
    return made


def content_of(number: int) -> str:
    """What the user of a request says."""
    return str(asked(number)["messages"][0]["content"])


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run, with a cassette and labels beside its configuration."""
    place = tmp_path_factory.mktemp("erase")
    log = write_answered(place, [asked(number) for number in range(REQUESTS)])
    (place / "audit.yaml").write_text(CONFIG, "utf-8")
    assert run(["replay", str(log), "--config", str(place / "audit.yaml"), "--out", str(place / "run"), "--yes"]) == 0
    traffic = pl.read_parquet(place / "run" / "traffic" / "traffic-*.parquet")
    ids = dict(traffic.select("end_user_hash", "row_id").iter_rows())
    fps = dict(traffic.select("row_id", "request_fp").iter_rows())
    hers, other = ids[pseudonym("ada")], ids[pseudonym("user-5")]
    (place / "labels.jsonl").write_text(
        "".join(
            json.dumps({"id": one, "right": True, "answer": ANSWER if one == hers else "dear you"}) + "\n"
            for one in (hers, other)
        ),
        "utf-8",
    )
    with Cassette(place / "tape") as tape:
        for one in (hers, other):
            tape.put("acme-small-1", fps[one], 0, Completion(text=ANSWER if one == hers else "dear you"))
        tape.compact()
    return place


def held(place: Path, text: str) -> set[str]:
    """Files that hold a text, tables read as rows."""
    found = set()
    for path in sorted(place.rglob("*")):
        if path.is_file() and path.name not in ("log.jsonl", "answers.jsonl"):
            rows = pl.read_parquet(path).rows() if path.suffix == ".parquet" else None
            data = path.read_bytes().decode("utf-8", "replace") if rows is None else str(rows)
            found |= {path.relative_to(place).as_posix()} if text in data else set()
    return found


def test_one_persons_texts_leave_and_figures_stay(whole: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Counted first, then erased from run, cassette and labels; what is left opens, and cannot be scored again."""
    folder = RunFolder(whole / "run")
    open_embedder("wordllama", cache=folder.vectors).embed([SAYS])  # as the viewer keeps them
    (spelled := folder.path / "policy" / "semantic-router").mkdir(parents=True)
    (spelled / "router.yaml").write_bytes(yaml_bytes({"utterances": [content_of(3)]}, head="Canonical prompts."))
    (spelled / "other.yaml").write_bytes(yaml_bytes({"utterances": [content_of(5)]}, head="Canonical prompts."))
    before, journal = read_findings(folder.findings), JournalLedger.read(folder.journal)
    assert {"run/traffic/bodies-00000.parquet", "run/replays/journal.jsonl"} <= held(whole, ANSWER)
    assert run(["erase", str(folder.path), "--user", "ada"]) == 0
    out = capsys.readouterr().out
    assert "To erase: 3 requests of /add" in out
    assert "1 request somebody else sent word for word" in out
    assert len(held(whole, ANSWER)) > 3
    assert any(name.startswith("store/readings/") for name in held(whole, ANSWER))

    assert run(["erase", str(folder.path), "--subject", pseudonym("ada"), "--yes"]) == 0
    assert "Erased: 3 requests" in capsys.readouterr().out
    assert held(whole, SAYS) | held(whole, ANSWER) | held(whole / "run", pseudonym("ada")) == set()
    assert list(folder.vectors.iterdir()) == []
    assert [path.name for path in spelled.iterdir()] == ["other.yaml"]
    assert "run/traffic/bodies-00000.parquet" in held(whole, "nobody")
    assert len((whole / "labels.jsonl").read_text("utf-8").splitlines()) == 1
    with Cassette(whole / "tape") as tape:
        assert len(tape) == 1

    after, ledger = read_findings(folder.findings), JournalLedger.read(folder.journal)
    assert (after.spend_usd, after.routes) == (before.spend_usd, before.routes)
    assert "erased after this audit: 3 requests" in " ".join(after.caveats)
    assert (ledger.results.keys(), ledger.spent_usd) == (journal.results.keys(), journal.spent_usd)
    capsys.readouterr()
    assert run(["show", str(folder.path)]) == 0
    assert run(["score", str(folder.path)]) == 2
    assert "error[run.erased]" in capsys.readouterr().err
    assert run(["erase", str(folder.path), "--user", "ada"]) == 2
    assert "error[erase.nobody]" in capsys.readouterr().err
    assert run(["erase", str(folder.path)]) == 2
    assert "error[usage]" in capsys.readouterr().err
