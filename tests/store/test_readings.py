"""A log is read once: which changes read it again, who shares a reading, and that a run is whole without it."""

from __future__ import annotations

import json
import os
import shutil
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from audit.core.artifacts import RunFolder
from audit.core.errors import InputError
from audit.core.settings import Settings
from audit.flow import mixing, reading
from audit.flow.drafting import draft
from audit.flow.places import store_folder
from audit.store.readings import FOLDER, ReadingStore
from tests.e2e.tiny import record, write_log

CONFIGURED: dict[str, Any] = {"ingest": {"route": "metadata.route"}}


class Place:
    """A log, and how often it was read."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.folder, self.read = folder, 0
        self.log = write_log(folder / "log.jsonl", 20)
        read = reading.read_logs

        def counted(*args: Any, **options: Any) -> Any:
            self.read += 1
            return read(*args, **options)

        patch.setattr(reading, "read_logs", counted)

    def settings(self, **changes: Any) -> Settings:
        """With the store of this place."""
        plain = {**CONFIGURED, "store": {"path": str(self.folder / "store")}, **changes}
        return Settings.model_validate(plain)

    def ingest(self, run: str, **changes: Any) -> RunFolder:
        """A run folder with the log's traffic."""
        folder = RunFolder(self.folder / run)
        reading.ingest([self.log], self.settings(**changes), folder)
        return folder

    @property
    def readings(self) -> list[Path]:
        """Folders in the store."""
        return sorted((self.folder / "store" / FOLDER).iterdir())


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A new one."""
    return Place(tmp_path, monkeypatch)


def traffic(folder: RunFolder) -> dict[str, bytes]:
    """All that a reading is, by its path."""
    files = [*folder.traffic_files(), *folder.body_files(), folder.rejects]
    return {str(path.relative_to(folder.path)): path.read_bytes() for path in files}


TIER = {"name": "small", "model": "m", "provider": "openai", "price": {"input": 1, "output": 2}, "api_key_env": "A_KEY"}
SAME: dict[str, dict[str, Any]] = {
    "nothing": {},
    "margin": {"margin": "2pt"},
    "seed": {"seed": 4},
    "route entry": {"routes": [{"match": "*", "assert": [{"type": "equals", "value": "{{incumbent.text}}"}]}]},
    "cap": {"max_spend": "$3"},
    "replay": {"replay": {"attempts": 2}},
    "executor": {"executor": {"workers": 1}},
}
OTHER: dict[str, dict[str, Any]] = {
    "route": {"ingest": {"route": "metadata.team"}},
    "redact": {"ingest": {**CONFIGURED["ingest"], "redact": ["email"]}},
    "format": {"ingest": {**CONFIGURED["ingest"], "format": "litellm"}},
    "a price of one's own": {"tiers": [{**TIER, "model": "acme-large-2"}]},
}


@pytest.mark.parametrize("name", SAME)
def test_what_does_not_decide_how_a_log_is_read_reads_nothing(place: Place, name: str) -> None:
    """Another run of the same log is there at once, with the same bytes."""
    one, two = place.ingest("one"), place.ingest("two", **SAME[name])
    assert place.read == 1
    assert traffic(one) == traffic(two) != {}
    assert (one.facts("traffic") or {})["report"] == (two.facts("traffic") or {})["report"]


@pytest.mark.parametrize("name", OTHER)
def test_what_decides_it_reads_again(place: Place, name: str) -> None:
    """Another route key, another form, another price."""
    place.ingest("one")
    place.ingest("two", **OTHER[name])
    assert (place.read, len(place.readings)) == (2, 2)


CHANGES: dict[str, Callable[[Path], object]] = {
    "a line more": lambda log: log.write_text(log.read_text() + json.dumps(record(99)) + "\n"),
    "the same size and time": lambda log: _same_size_and_time(log),
    "another name": lambda log: log.rename(log.with_name("other.jsonl")),
}


def _same_size_and_time(log: Path) -> None:
    before = log.stat()
    text = log.read_text()
    log.unlink()
    log.write_text(text.replace("What is 3 plus 3?", "What is 4 plus 4?"))
    os.utime(log, ns=(before.st_atime_ns, before.st_mtime_ns))


@pytest.mark.parametrize("name", CHANGES)
def test_another_log_is_read(place: Place, name: str) -> None:
    """A log is named by its bytes and by its name, which stands in the traffic; its date says nothing."""
    place.ingest("one")
    CHANGES[name](place.log)
    place.log = next(place.folder.glob("*.jsonl"))
    place.ingest("two")
    assert place.read == 2


def test_a_key_that_was_not_masked_is_masked_when_it_is_known(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """A log that was read without the key is read again with it; no digest of a reading says the key."""
    monkeypatch.delenv("A_KEY", raising=False)
    place.ingest("one", tiers=[TIER])
    monkeypatch.setenv("A_KEY", "violet-anchor-lantern-12")
    folder = place.ingest("two", tiers=[TIER])
    assert place.read == 2
    assert "violet" not in folder.manifest.read_text()
    place.ingest("three", tiers=[TIER])
    assert place.read == 2


def test_other_code_reads_again(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """A changed reader under the same version."""
    place.ingest("one")
    monkeypatch.setattr(reading, "code_of", lambda _: "other")
    place.ingest("two")
    assert place.read == 2


def test_commands_without_a_run_share_a_reading(place: Place) -> None:
    """`mix` twice and a plan; `init`, which has no configuration yet, has one of its own with `mix` before it."""
    settings = place.settings()
    first = mixing.mix([place.log], settings)
    assert mixing.mix([place.log], settings, prompts=True).spend_usd == first.spend_usd
    place.ingest("run")
    assert place.read == 1
    bare = Settings.model_validate({"store": {"path": str(place.folder / "store")}})
    drafted = draft.draft([place.log], bare)
    mixing.mix([place.log], bare)
    assert place.read == 2
    assert drafted == draft.draft([place.log], Settings.model_validate({"store": {"keep": False}}))


def test_nothing_is_kept_where_nothing_may_be(place: Place) -> None:
    """Not by a run, nor by a command without one."""
    off = {"keep": False, "path": str(place.folder / "store")}
    place.ingest("one", store=off)
    mixing.mix([place.log], place.settings(store=off))
    assert place.read == 2
    assert not (place.folder / "store").exists()


def test_a_run_is_whole_without_the_store(place: Place) -> None:
    """Its files are links, which cost no space; deleting the reading takes nothing from it, and links may be absent."""
    folder = place.ingest("one")
    (held,) = place.readings
    for name in traffic(folder):
        assert (folder.path / name).stat().st_ino == (held / name).stat().st_ino
        assert not (folder.path / name).is_symlink()
    before = traffic(folder)
    shutil.rmtree(place.folder / "store")
    assert traffic(folder) == before
    place.ingest("one")
    assert place.read == 1


def test_where_a_disk_has_no_links_files_are_copied(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same bytes, for the owner alone."""

    def refused(*_: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", refused)
    folder = place.ingest("one")
    assert traffic(folder) == traffic(RunFolder(place.readings[0]))
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.traffic.iterdir()} == {0o600}


DAMAGES: dict[str, Callable[[RunFolder], object]] = {
    "a file is gone": lambda held: held.body_files()[0].unlink(),
    "a file is cut": lambda held: os.truncate(held.traffic_files()[0], 10),
    "no manifest": lambda held: held.manifest.unlink(),
    "half a manifest": lambda held: os.truncate(held.manifest, 40),
    "another manifest": lambda held: held.manifest.write_text('{"schema": "audit-run/1", "artifacts": {"traffic": 3}}'),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_a_reading_that_is_not_whole_is_read_again(place: Place, name: str) -> None:
    """Whatever happened to it; the new one is as the first was."""
    one = place.ingest("one")
    expected = dict(traffic(one))
    shutil.copytree(one.path, place.folder / "copy")
    DAMAGES[name](RunFolder(place.readings[0]))
    two = place.ingest("two")
    assert place.read == 2
    assert traffic(two) == expected if name != "a file is cut" else traffic(two).keys() == expected.keys()
    place.ingest("three")
    assert place.read == 2


def test_a_log_that_cannot_be_read_leaves_nothing(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error in the middle: no half reading is offered, and no scratch stays; nor of a process that was killed."""
    stale = place.folder / "store" / FOLDER / ".abc.999999999.tmp"
    stale.mkdir(parents=True)

    def broken(sources: Any, settings: Any, folder: RunFolder, **_: Any) -> None:
        folder.traffic.mkdir()
        raise KeyboardInterrupt

    monkeypatch.setattr(reading, "read_logs", broken)
    with pytest.raises(KeyboardInterrupt):
        place.ingest("one")
    assert place.readings == []


def test_of_two_that_read_at_once_one_reading_stays(place: Place) -> None:
    """The second finds the place taken and uses what is there."""
    store = ReadingStore(place.folder / "store")
    settings = place.settings()
    made_from = reading._made_from([place.log], settings)
    with store.making(made_from) as mine:
        report = reading._read([place.log], settings, mine)
        place.ingest("other")
        held = store.publish(mine, made_from, {"report": reading.to_plain(report), "demo": False})
    assert [held.path] == place.readings


def test_a_file_in_the_place_of_the_store_is_said(place: Place) -> None:
    """At its place or above it."""
    for path in (place.log, place.log / "store"):
        with pytest.raises(InputError, match="is a file"):
            place.ingest("one", store={"path": str(path)})


def test_only_its_owner_reads_it(place: Place) -> None:
    """Under the widest umask, as a run folder."""
    before = os.umask(0)
    try:
        place.ingest("one")
    finally:
        os.umask(before)
    found = list((place.folder / "store").rglob("*"))
    assert {stat.S_IMODE(path.stat().st_mode) for path in found if path.is_file()} == {0o600}
    assert {stat.S_IMODE(path.stat().st_mode) for path in found if path.is_dir()} == {0o700}


def test_a_command_without_a_run_keeps_its_reading_in_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that the run that follows by its default folder finds it."""
    monkeypatch.undo()
    settings = Settings()
    assert store_folder(settings) == store_folder(settings, reading.run_folder([], settings))
