"""Logs in object storage, against real servers of each kind: the same traffic as from files, or a clear error."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from pyarrow.fs import FileSystem

from audit.core.artifacts import RunFolder
from audit.core.errors import InputError
from audit.core.settings import Settings
from audit.flow import reading
from audit.ingest.files import objects
from audit.ingest.files.source import find_sources
from audit.storage import az
from tests.e2e.tiny import record
from tests.object_servers import ACCOUNT_KEY, SERVERS, azurite, faulty, started_when_asked

FILES = {
    "logs/2026-10-30/a.jsonl": range(5),
    "logs/2026-11-01/a.jsonl": range(5, 12),
    "logs/2026-11-02/b.jsonl": range(12, 20),
    "logs/2026-11-02/notes.txt": range(3),
    "logs/_staging/c.jsonl": range(4),
    "other/a.jsonl": range(30, 33),
}
OFF = Settings.model_validate({"store": {"keep": False}})


NO_AZURITE = pytest.mark.skipif(azurite() is None, reason="no Azurite here: make test-azure")
SCHEMES = ["s3", "gs", pytest.param("az", marks=NO_AZURITE)]


@pytest.fixture(scope="module")
def servers() -> Iterator[Callable[[str], str]]:
    """As `started_when_asked`, for the tests of this file."""
    with started_when_asked() as address:
        yield address


@pytest.fixture
def filled(
    servers: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], FileSystem]:
    """A scheme's storage with the files in a bucket named `audits`; the same on the disk, below `tmp_path/local`."""

    def fill(scheme: str) -> FileSystem:
        url, server = servers(scheme), SERVERS[scheme]
        for name, value in server.environment(url).items():
            monkeypatch.setenv(name, value)
        objects._fetched.cache_clear()
        storage = server.storage(url)
        storage.create_dir("audits")
        for name, numbers in FILES.items():
            data = "".join(json.dumps(record(n)) + "\n" for n in numbers).encode()
            path = tmp_path / "local" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            with storage.open_output_stream(f"audits/{name}") as file:
                file.write(data)
        return storage

    return fill


@pytest.fixture
def bucket(filled: Callable[[str], FileSystem]) -> FileSystem:
    """The files in S3."""
    return filled("s3")


@pytest.fixture
def server(servers: Callable[[str], str]) -> str:
    """The address of the S3 server."""
    return servers("s3")


def traffic(path: Path | str, folder: Path) -> dict[str, Any]:
    """What is read from there."""
    run = RunFolder(folder)
    report = reading.ingest([Path(path)], OFF, run)
    tables = [pq.read_table(file).to_pylist() for file in (*run.traffic_files(), *run.body_files())]
    return {"inputs": report.inputs, "requests": report.requests, "tables": tables}


WHERE = ["logs", "logs/", "logs/2026-11-02/b.jsonl", "logs/2026-11-*/*.jsonl", "logs/**/*.jsonl", "*/a.jsonl"]


@pytest.mark.parametrize("where", WHERE)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_objects_are_read_as_files_are(
    filled: Callable[[str], FileSystem], tmp_path: Path, scheme: str, where: str
) -> None:
    """A prefix, an object, a range of days: the same files in the same order, and the same traffic."""
    filled(scheme)
    names = [source.name for source in find_sources([tmp_path / "local" / where])]
    assert [source.name for source in find_sources([Path(f"{scheme}://audits/{where}")])] == names != []
    local = traffic(tmp_path / "local" / where, tmp_path / "one")
    assert traffic(f"{scheme}://audits/{where}", tmp_path / "two") == local


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_digest_is_that_of_the_files(filled: Callable[[str], FileSystem], tmp_path: Path, scheme: str) -> None:
    """So that a run, a plan and the store know a log wherever it lies; what was copied is its owner's."""
    filled(scheme)
    remote = [Path(f"{scheme}://audits/logs")]
    assert reading.digest_of(remote) == reading.digest_of([tmp_path / "local" / "logs"])
    assert {source.path.stat().st_mode & 0o777 for source in find_sources(remote)} == {0o600}


WRONG: dict[str, tuple[str, str]] = {
    "no such bucket": ("nowhere/logs", "holds no log|not there"),
    "no such prefix": ("audits/absent", "holds no log"),
    "a pattern that fits nothing": ("audits/logs/2025-*/*.jsonl", "holds no log"),
}


@pytest.mark.parametrize("name", WRONG)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_what_is_not_there_is_said(filled: Callable[[str], FileSystem], tmp_path: Path, scheme: str, name: str) -> None:
    """With its address as it was written, and nothing is left behind."""
    filled(scheme)
    place, words = WRONG[name]
    address = f"{scheme}://{place}"
    with pytest.raises(InputError, match=words) as raised:
        traffic(address, tmp_path / "run")
    assert address in raised.value.what
    assert not (tmp_path / "run" / "traffic").exists()


def test_another_scheme_is_refused(tmp_path: Path) -> None:
    """With the schemes that there are."""
    with pytest.raises(InputError, match="from files and from az://, gs://, s3://"):
        traffic("hdfs://audits/logs", tmp_path / "run")


def test_credentials_that_are_wrong_are_said(
    filled: Callable[[str], FileSystem], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Azure's address names no account: without one, and with a wrong key, the variables to look at are named."""
    monkeypatch.delenv("AZURE_STORAGE_CONNECTION_STRING", raising=False)
    monkeypatch.delenv("AZURE_STORAGE_ACCOUNT", raising=False)
    with pytest.raises(InputError, match="no variable names its account"):
        traffic("az://audits/logs", tmp_path / "run")
    if azurite() is None:
        return
    filled("az")
    right = os.environ["AZURE_STORAGE_CONNECTION_STRING"]
    for wrong, words in (("YW5vdGhlciBrZXk=", "authorization failure"), ("no key", "cannot be read")):
        objects._fetched.cache_clear()
        monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", right.replace(ACCOUNT_KEY, wrong))
        with pytest.raises(InputError, match=words):
            traffic("az://audits/logs", tmp_path / "run")


PLACES: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "the public cloud": ({"AccountName": "a", "DefaultEndpointsProtocol": "https"}, {}),
    "another cloud": (
        {"AccountName": "a", "DefaultEndpointsProtocol": "https", "EndpointSuffix": "core.chinacloudapi.cn"},
        {"blob": "https://.blob.core.chinacloudapi.cn", "dfs": "https://.dfs.core.chinacloudapi.cn"},
    ),
    "an account's whole address": (
        {"AccountName": "a", "BlobEndpoint": "https://a.blob.core.windows.net/"},
        {"blob": "https://.blob.core.windows.net", "dfs": "https://.dfs.core.windows.net"},
    ),
    "an emulator": (
        {"AccountName": "a", "BlobEndpoint": "http://127.0.0.1:10000/a"},
        {"blob": "http://127.0.0.1:10000", "dfs": "http://127.0.0.1:10000"},
    ),
}


@pytest.mark.parametrize("name", PLACES)
def test_a_connection_string_says_where_the_account_answers(name: str) -> None:
    """As Azure's own programs read it; Arrow puts the account before a host that begins with a dot."""
    named, expected = PLACES[name]
    text = ";".join(f"{key}={value}" for key, value in (named | {"AccountKey": "a2V5cw=="}).items())
    read = az._connection_string(text)
    assert read == named | {"AccountKey": "a2V5cw=="}
    place = az._place(read)
    assert {
        kind: f"{place[f'{kind}_storage_scheme']}://{place[f'{kind}_storage_authority']}"
        for kind in ("blob", "dfs")
        if place
    } == expected


def test_a_throttled_storage_is_asked_again(
    bucket: FileSystem, server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each request is refused once: the same traffic."""
    assert bucket is not None
    expected = traffic(tmp_path / "local" / "logs", tmp_path / "one")
    with faulty(server, lambda path, n: 503 if n == 1 else 0) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        assert traffic("s3://audits/logs", tmp_path / "two") == expected


FAULTS: dict[str, tuple[Callable[[str, int], int], str]] = {
    "an object that vanished": (lambda path, n: 404 * path.endswith("2026-11-02/b.jsonl"), "cannot be read"),
    "no rights": (lambda path, n: 403, "cannot be read"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_what_cannot_be_had_whole_is_not_read(
    bucket: FileSystem, server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """One part that is gone, or no rights: an error that names it, and nothing half read."""
    assert bucket is not None
    fault, words = FAULTS[name]
    with faulty(server, fault) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        with pytest.raises(InputError, match=words) as raised:
            traffic("s3://audits/logs", tmp_path / "run")
    assert raised.value.what.startswith("s3://audits/logs")
    assert not (tmp_path / "run" / "traffic").exists()


def test_an_object_that_changed_since_the_listing_is_not_read(
    bucket: FileSystem, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was listed with another size: what came is not what was to be read."""
    listed = objects._listed

    def changing(*arguments: Any) -> Any:
        found = listed(*arguments)
        with bucket.open_output_stream("audits/logs/2026-11-01/a.jsonl") as file:
            file.write(b"{}\n")
        return found

    monkeypatch.setattr(objects, "_listed", changing)
    with pytest.raises(InputError, match="changed while it was copied"):
        traffic("s3://audits/logs", tmp_path / "run")
    assert not (tmp_path / "run" / "traffic").exists()


def test_a_folder_that_looks_like_an_address_is_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is there on the disk is meant."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "s3:" / "audits").mkdir(parents=True)
    (tmp_path / "s3:" / "audits" / "a.jsonl").write_text(json.dumps(record(1)) + "\n")
    assert [source.name for source in find_sources([Path("s3:/audits")])] == ["a.jsonl"]
