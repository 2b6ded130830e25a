"""Where a run's store is, and since when its answers count for the run."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from audit.core.artifacts import RunFolder
from audit.core.errors import InputError
from audit.core.settings import Settings
from audit.flow import places
from audit.flow.keeping.answers import DAY_S, answers_at, begin_fresh
from audit.flow.places import store_folder
from audit.replay.journal import format_line

DONE = {"event": "done", "call_id": "c", "status": "ok", "attempts": 1, "served_from": "network", "lost_usd": 0.0}


def settings(**store: object) -> Settings:
    """With these settings of the store."""
    made = Settings.model_validate({"store": store, "ingest": {"redact": ["email"]}})
    return made.model_copy(update={"directory": Path("/configured")})


def test_the_store_stands_beside_the_run(tmp_path: Path) -> None:
    """On the same disk, wherever the command is run; a path starts where audit.yaml is; kept off, there is none."""
    folder = RunFolder(tmp_path / "runs" / "ab12")
    assert store_folder(settings(), folder) == tmp_path / "runs" / "store"
    assert store_folder(settings()) == places.RUNS / "store"
    assert store_folder(settings(path="kept"), folder) == Path("/configured/kept")
    assert store_folder(settings(path="/kept"), folder) == Path("/kept")
    assert store_folder(settings(keep=False, path="kept"), folder) is None
    at = answers_at(settings(), folder)
    assert (at.store, at.redacted, at.run) == (tmp_path / "runs" / "store", ("email",), "ab12")


def test_old_answers_do_not_count(tmp_path: Path) -> None:
    """By the age limit, in days."""
    at = answers_at(settings(max_age_days=2), RunFolder(tmp_path))
    assert time.time() - at.not_before == pytest.approx(2 * DAY_S, abs=60)


def test_a_run_that_was_begun_fresh_stays_so(tmp_path: Path) -> None:
    """Resumed without the option, it takes nothing older; begun again, it keeps its beginning."""
    folder = RunFolder(tmp_path).create()
    begin_fresh(settings(), folder)
    assert answers_at(settings(), folder).not_before < time.time() - DAY_S
    begin_fresh(settings(fresh=True), folder)
    begun = answers_at(settings(), folder).not_before
    assert begun == pytest.approx(time.time(), abs=60)
    folder.replays.mkdir()
    folder.journal.write_bytes(format_line({**DONE, "usage_estimated": False, "spent_usd": 0.1}))
    begin_fresh(settings(fresh=True), folder)
    assert answers_at(settings(), folder).not_before == begun


def test_a_folder_with_answers_cannot_be_made_fresh(tmp_path: Path) -> None:
    """What it has it does not ask again, so that the option would do nothing."""
    folder = RunFolder(tmp_path).create()
    folder.replays.mkdir()
    folder.journal.write_bytes(format_line({**DONE, "usage_estimated": False, "spent_usd": 0.1}))
    with pytest.raises(InputError, match="--fresh would not ask again") as raised:
        begin_fresh(settings(fresh=True), folder)
    assert raised.value.hint is not None
    assert "--out" in raised.value.hint
