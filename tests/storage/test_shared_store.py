"""A store that machines share, against real servers: what one has paid for, no other pays again."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from pyarrow.fs import FileSelector, FileSystem

from audit.cli.main import run
from audit.storage.address import ObjectAddress
from audit.store.pieces import answers_of
from audit.store.shared import SharedStore
from tests.e2e.tiny import record
from tests.object_servers import faulty
from tests.server import REPO, Endpoint
from tests.storage.machines import SCHEMES, machine, said
from tests.store.test_answers import put
from tests.store.test_shared import named

ADDRESS = ObjectAddress("s3", "audits/team")
ADA = 7


def computer(path: Path, monkeypatch: pytest.MonkeyPatch, url: str, store: str) -> Path:
    """A machine whose configuration names the store; one of its log's end users is Ada."""
    here = machine(path, monkeypatch, url)
    monkeypatch.setattr("audit.flow.places.RUNS", Path("runs"))
    monkeypatch.setattr("audit.flow.reading.RUNS", Path("runs"))
    with (here / "audit.yaml").open("a") as file:
        file.write(f"store: {{path: {store}}}\n")
    ada = {ADA: {"end_user": "ada"}}
    lines = (json.dumps(record(number, **ada.get(number, {}))) for number in range(40))
    (here / "log.jsonl").write_text("".join(f"{line}\n" for line in lines))
    return here


@pytest.mark.parametrize(("storage", "scheme"), SCHEMES, indirect=["storage"])
def test_what_one_machine_has_paid_for_no_other_pays_again(
    storage: FileSystem,
    scheme: str,
    endpoint: Endpoint,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A new machine asks nothing and finds the same; what is erased is asked again, by each, and comes from nobody."""
    address = f"{scheme}://audits/team"
    replay = ["replay", "log.jsonl", "--yes"]

    def asked(name: str, *more: str) -> tuple[int, list[tuple[str, int, int]]]:
        """Calls that a machine pays for, and its verdict."""
        computer(tmp_path / name, monkeypatch, endpoint.base_url, address)
        before = endpoint.stats().get("ok", 0)
        (route,) = said(capsys, *replay, *more)["routes"]
        return endpoint.stats().get("ok", 0) - before, [
            (route["verdict"], one["b"], one["c"]) for one in route["candidates"]
        ]

    calls, verdict = asked("first")
    assert calls > 30
    listed = said(capsys, "store", "--store", address)
    assert (listed["shared"]["pieces"], listed["shared"]["unshared"]) == (1, 0)
    assert sum(one["answers"] for one in listed["tiers"]) == calls
    assert asked("second") == (0, verdict)
    assert said(capsys, "store", "verify", "--store", address)["shared"]["answers"] == calls
    monkeypatch.chdir(tmp_path / "first")
    (ran,) = [path for path in (tmp_path / "first" / "runs").iterdir() if (path / "findings.json").exists()]
    erase = ["erase", str(ran), "--user", "ada"]
    assert said(capsys, *erase)["erasure"]["counts"]["answers in the store"] == 1
    said(capsys, *erase, "--yes")
    assert asked("third") == (1, verdict)
    left = {
        one.request
        for info in storage.get_file_info(FileSelector("audits/team/answers"))
        if info.is_file
        for one in answers_of(info.base_name, _bytes(storage, info.path))
    }
    assert len(left) == calls - 1
    assert said(capsys, "store", "prune", "--older-than", "0", "--store", address)["shared"]["answers"] == calls - 1
    monkeypatch.chdir(tmp_path / "second")
    left_there = said(capsys, "store", "--store", address)["shared"]
    assert left_there == {"address": address, "pieces": 0, "bytes": 0, "unshared": 0, "erased": 1}


@pytest.mark.parametrize("storage", ["s3"], indirect=True)
def test_a_throttled_storage_is_asked_again(
    storage: FileSystem, servers: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each request is refused once: the same answers, shared and taken in."""
    assert storage is not None
    for number in range(3):
        put(tmp_path / "a", named(number))
    SharedStore(ADDRESS, tmp_path / "a").take_in()
    with faulty(servers("s3"), lambda _path, n: 503 if n == 1 else 0) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        assert list(SharedStore(ADDRESS, tmp_path / "a").share().values()) == [3]
        assert SharedStore(ADDRESS, tmp_path / "b").take_in().answers == 3


@pytest.mark.parametrize("storage", ["s3"], indirect=True)
def test_an_outage_costs_this_command_nothing(
    storage: FileSystem,
    servers: Callable[[str], str],
    endpoint: Endpoint,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Before anything is paid it is refused, with the way to go on; once it runs it ends well, and the next shares."""
    assert storage is not None
    here = computer(tmp_path / "here", monkeypatch, endpoint.base_url, str(ADDRESS))
    with faulty(servers("s3"), lambda _path, _n: 403) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        error = said(capsys, "plan", "log.jsonl", code=2)["error"]
    assert ("cannot be" in error["message"], "--store" in error["hint"]) == (True, True)
    with faulty(servers("s3"), lambda path, _: 403 * (".gz" in path)) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        assert run(["replay", "log.jsonl", "--yes"]) == 0
        assert "Not shared: s3://audits/team/answers/" in capsys.readouterr().err
    monkeypatch.setenv("AWS_ENDPOINT_URL", servers("s3"))
    assert run(["plan", "log.jsonl"]) == 0
    told = capsys.readouterr().err
    assert "Store shared at s3://audits/team: 0 new answers." in told
    assert "Shared to s3://audits/team: 40 answers." in told
    assert list((here / "runs").glob("store-team-*"))
    assert SharedStore(ADDRESS, tmp_path / "other").take_in().answers > 30


CHILD = """
import sys
from pathlib import Path
from audit.core.errors import InputError
from audit.storage.address import ObjectAddress
from audit.store.shared import SharedStore
from tests.store.test_answers import put
from tests.store.test_shared import named
folder = Path(sys.argv[1])
store = SharedStore(ObjectAddress("s3", "audits/team"), folder)
store.take_in()
mine = []
for number in range(int(sys.argv[2]), int(sys.argv[3])):
    put(folder, named(number))
    mine += store.share()
for _ in range(5):
    try:
        store.gather(mine)
    except InputError:  # the server fails where an object is deleted while it is read; a session leaves it to the next
        continue
    break
"""


@pytest.mark.parametrize("storage", ["s3"], indirect=True)
def test_two_processes_at_once_lose_nothing_of_each_other(storage: FileSystem, tmp_path: Path) -> None:
    """Both share and gather at the same time, some of the answers under the same names."""
    assert storage is not None
    command = [sys.executable, "-c", CHILD]
    places = [(tmp_path / "a", "0", "8"), (tmp_path / "b", "5", "13")]
    children = [subprocess.Popen([*command, str(path), *some], cwd=REPO) for path, *some in places]
    assert [child.wait() for child in children] == [0, 0]
    taken = SharedStore(ADDRESS, tmp_path / "c").take_in()
    assert (taken.answers, taken.pieces, taken.damaged) == (13, 2, ())


def _bytes(storage: FileSystem, path: str) -> bytes:
    with storage.open_input_stream(path, compression=None) as file:
        return bytes(file.read())
