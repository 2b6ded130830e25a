"""Commands on a run in object storage, against real servers: what one machine does, another goes on with."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from pyarrow.fs import FileSelector, FileSystem

from audit.cli.main import run
from audit.storage.address import ObjectAddress
from audit.storage.shelf import Shelf
from audit.storage.working_copy import WorkingCopy
from tests.server import Endpoint
from tests.storage.machines import SCHEMES, machine, said


@pytest.mark.parametrize(("storage", "scheme"), SCHEMES, indirect=["storage"])
def test_another_machine_goes_on(
    storage: FileSystem,
    scheme: str,
    endpoint: Endpoint,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A replay is published; elsewhere the same replay asks nothing, and findings and report are the same bytes."""
    address = f"{scheme}://audits/team/june"
    replay = ["replay", "log.jsonl", "--out", address, "--yes", "--no-store"]
    first = machine(tmp_path / "first", monkeypatch, endpoint.base_url)
    found = said(capsys, *replay)
    asked = endpoint.stats()["ok"]
    assert asked > 0
    second = machine(tmp_path / "second", monkeypatch, endpoint.base_url)
    assert said(capsys, "show", address) == json.loads(_show(capsys, first / "runs" / "june"))
    assert said(capsys, *replay)["routes"] == found["routes"]
    assert endpoint.stats()["ok"] == asked
    for name in ("findings.json", "report.html"):
        assert (second / "runs/june" / name).read_bytes() == (first / "runs/june" / name).read_bytes()
    with storage.open_input_stream("audits/team/june/report.html") as published:
        assert bytes(published.read()) == (first / "runs/june/report.html").read_bytes()


@pytest.mark.parametrize("storage", ["s3"], indirect=True)
def test_a_command_that_cannot_publish_loses_nothing(
    storage: FileSystem, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The rights end while a command runs: the error says where its work is, and the next command publishes it."""
    here = machine(tmp_path / "here", monkeypatch, "http://127.0.0.1:9/v1")
    put = Shelf.put

    def refused(self: Shelf, key: str, data: bytes) -> None:
        if key.startswith("pieces/"):
            raise self.address.unreachable(OSError("AWS Error ACCESS_DENIED"), "written")
        put(self, key, data)

    with monkeypatch.context() as denied:
        denied.setattr(Shelf, "put", refused)
        assert run(["ingest", "log.jsonl", "--into", "s3://audits/june", "--json"]) == 2
    streams = capsys.readouterr()
    assert json.loads(streams.out)["requests"] == 40
    told = " ".join(streams.err.split())
    assert "s3://audits/june cannot be written: access denied" in told
    assert "runs/june has it, and the next command on s3://audits/june publishes it" in told
    assert [info.path for info in storage.get_file_info(FileSelector("audits", recursive=True)) if info.is_file] == []
    run(["ingest", "log.jsonl", "--into", str(here / "runs" / "june")])
    names = Shelf(ObjectAddress("s3", "audits/june")).index().files
    assert {"manifest.json", "rejects.parquet"} < names.keys()


@pytest.mark.parametrize("storage", ["s3"], indirect=True)
def test_what_was_paid_for_is_published_before_the_end(
    storage: FileSystem, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a command works, what it has done so far is published again and again: its machine may be lost."""
    assert storage is not None
    monkeypatch.setattr("audit.storage.working_copy.EVERY_S", 0.01)
    copy = WorkingCopy(ObjectAddress("s3", "audits/june"), tmp_path / "june")
    copy.open()
    copy.claim()
    (tmp_path / "june" / "replays").mkdir()
    journal = tmp_path / "june" / "replays" / "journal.jsonl"
    for number in range(3):
        with journal.open("a") as file:
            file.write(f"answer {number}\n")
        shelf = Shelf(ObjectAddress("s3", "audits/june"))
        while (
            there := shelf.index().files.get("replays/journal.jsonl")
        ) is None or there.size < journal.stat().st_size:
            time.sleep(0.01)
    copy.close()
    assert shelf.get("busy.json") is None


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("s3://audits", "names no run"),
        ("ftp://audits/june", "runs are kept in folders and in az://, gs://, s3://"),
        ("s3://nowhere/june", "cannot be written"),
    ],
)
@pytest.mark.parametrize("storage", ["s3"], indirect=True)
def test_an_address_that_cannot_be_is_refused(
    storage: FileSystem,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    path: str,
    words: str,
) -> None:
    """Before anything is read or paid."""
    assert storage is not None
    machine(tmp_path / "here", monkeypatch, "http://127.0.0.1:9/v1")
    assert words in said(capsys, "ingest", "log.jsonl", "--into", path, code=2)["error"]["message"]


@pytest.mark.parametrize("storage", ["s3"], indirect=True)
def test_where_nothing_was_published_there_is_no_run(
    storage: FileSystem, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is said by its address, and no folder is made."""
    assert storage is not None
    here = machine(tmp_path / "here", monkeypatch, "http://127.0.0.1:9/v1")
    assert "s3:/audits/june" in said(capsys, "show", "s3://audits/june", code=2)["error"]["message"]
    assert not (here / "runs").exists()


def _show(capsys: pytest.CaptureFixture[str], folder: Path) -> str:
    capsys.readouterr()
    assert run(["show", str(folder), "--json"]) == 0
    return capsys.readouterr().out
