"""What commands print when they succeed, on a tiny log: golden files, whatever the folder, the port and the clock."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from audit.cli.main import run
from tests.e2e.tiny import write_config, write_log
from tests.golden_file import assert_golden
from tests.server import Endpoint, serving

GOLDEN = Path(__file__).parent / "golden" / "outputs"


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """80 columns, no colour, in an empty folder."""
    for name in ("COLUMNS", "FORCE_COLOR", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def endpoint() -> Iterator[Endpoint]:
    """A server that answers everything."""
    with serving() as found:
        yield found


def printed(capsys: pytest.CaptureFixture[str], *argv: object) -> str:
    """What a command that succeeds prints, both streams, without what differs between two machines."""
    capsys.readouterr()
    code = run([str(word) for word in argv])
    streams = capsys.readouterr()
    assert code == 0, streams.err
    text = f"$ audit {' '.join(map(str, argv))}\n{streams.out}"
    text += f"--- stderr\n{streams.err}" if streams.err else ""
    text = re.sub(r"http://127\.0\.0\.1:\d+", "http://HOST", text)
    text = re.sub(r"127\.0\.0\.1:\d+", "HOST", text)
    text = re.sub(r"\b[0-9a-f]{8,12}\b", "RUN", text)
    return re.sub(r"[ \t]+\n", "\n", text)


def test_ingest(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What was read, what it is, and where it went."""
    write_log(tmp_path / "log.jsonl")
    assert_golden(GOLDEN / "ingest.txt", printed(capsys, "ingest", "log.jsonl", "--into", "run"))


def test_init(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A first configuration, and what to confirm in it."""
    write_log(tmp_path / "log.jsonl")
    said = printed(capsys, "init", "log.jsonl")
    assert_golden(GOLDEN / "init.txt", said + (tmp_path / "audit.yaml").read_text("utf-8"))


def test_scan(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A hard-coded model name, where it stands and what could stand there."""
    (tmp_path / "app.py").write_text('client.chat.completions.create(model="gpt-4o", messages=messages)\n', "utf-8")
    assert_golden(GOLDEN / "scan.txt", printed(capsys, "scan", "app.py"))


def test_replay_and_score(tmp_path: Path, endpoint: Endpoint, capsys: pytest.CaptureFixture[str]) -> None:
    """The summary of a run, and of the same run scored again."""
    write_log(tmp_path / "log.jsonl")
    write_config(tmp_path / "audit.yaml", endpoint.base_url)
    replayed = printed(capsys, "-q", "replay", "log.jsonl", "--out", "run", "--yes")
    assert_golden(GOLDEN / "replay.txt", replayed)
    assert_golden(GOLDEN / "score.txt", printed(capsys, "-q", "score", "run"))
    assert_golden(GOLDEN / "report.txt", printed(capsys, "report", "run", "--format", "md", "--output", "summary.md"))


def test_doctor(capsys: pytest.CaptureFixture[str]) -> None:
    """What is looked at; what was found differs from machine to machine."""
    said = printed(capsys, "doctor")
    # The mark in front says whether it was found, which is the machine's affair.
    looked_at = [line[2:].split("  ")[0].strip() for line in said.splitlines()[1:] if line and line[0] != " "]
    assert_golden(GOLDEN / "doctor.txt", "\n".join(looked_at) + "\n")
