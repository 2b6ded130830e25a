"""`audit recheck` by the command line: what it asks, what it says, what it refuses, and how it goes on."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from audit.cli.main import run
from audit.core.artifacts import RunFolder
from tests.e2e.rechecked import write_tiers, write_world
from tests.server import serving

TIERS = {"old": 0.5, "same": 0.07, "worse": 0.6}


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an audit of a tier that answers half of the requests wrongly."""
    home = tmp_path_factory.mktemp("recheck")
    log = write_world(home, 500)
    config = write_tiers(home, TIERS, ["old"])
    argv = ["replay", str(log), "--config", str(config), "--out", str(home / "runs" / "one"), "--yes", "--json"]
    assert run(argv) == 0
    return home


@pytest.fixture
def home(audited: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    copy = tmp_path / "home"
    shutil.copytree(audited, copy)
    return copy


def recheck(home: Path, capsys: pytest.CaptureFixture[str], tier: str, *argv: str, code: int = 0) -> dict[str, Any]:
    """The document that a recheck prints."""
    capsys.readouterr()
    words = ["recheck", str(home / "runs" / "one"), "--config", str(home / "audit.yaml"), "--tier", tier, "--json"]
    assert run([*words, "--yes", *argv]) == code
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_it_asks_what_tunes_and_says_what_it_sees(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One tier is as good as today's and one is not; no request that certifies is asked, nothing is asked twice."""
    folder = RunFolder(home / "runs" / "one")
    before = folder.findings.read_bytes(), folder.journal.read_bytes(), folder.slice.read_bytes()
    (same,) = recheck(home, capsys, "same")["routes"]
    (worse,) = recheck(home, capsys, "worse")["routes"]
    assert (same["worth"], worse["worth"]) == ("worth_a_full_audit", "not_worth_it")
    assert same["beyond_usd"]["hi"] >= same["beyond_usd"]["est"] > 0.5
    assert worse["p_inferior"] < 0.05
    slice_ = pl.read_parquet(folder.slice).with_columns(pl.col(pl.Categorical).cast(pl.String))
    certifying = set(
        slice_.filter((pl.col("purpose") == "quality") & (pl.col("split") == "certification"))["request_fp"]
    )
    for one in folder.all_rechecks():
        asked = set(pl.read_parquet(one.replay_table)["request_fp"])
        assert len(asked) >= 50
        assert not asked & certifying
    assert before == (folder.findings.read_bytes(), folder.journal.read_bytes(), folder.slice.read_bytes())
    journals = [one.journal.read_bytes() for one in folder.all_rechecks()]
    assert recheck(home, capsys, "same")["routes"] == [same]
    assert [one.journal.read_bytes() for one in folder.all_rechecks()] == journals


def test_people_read_it(home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """80 columns, the three words and what they rest on, and never a recommendation to switch."""
    monkeypatch.setenv("COLUMNS", "80")
    capsys.readouterr()
    words = ["recheck", str(home / "runs" / "one"), "--config", str(home / "audit.yaml")]
    said = ""
    for tier in ("same", "worse"):
        assert run([*words, "--tier", tier, "--yes"]) == 0
        said += capsys.readouterr().out
    assert max(map(len, said.splitlines())) <= 80
    assert "● worth a full audit" in said
    assert "■ not worth it" in said
    assert "pairs, " in said
    assert "audit replay LOGS --tier same --route /add" in said
    assert "witch" not in said
    assert run([*words, "--tier", "same", "--dry-run"]) == 0
    assert "No text leaves this process." in capsys.readouterr().out


def test_what_cannot_be_told_says_why(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Other criteria than the run's, and no money, leave the route open; nothing is asked."""
    config = home / "audit.yaml"
    text = config.read_text("utf-8")
    config.write_text(text.replace("type: equals", "type: contains"), "utf-8")
    found = recheck(home, capsys, "same")
    assert [(one["worth"], one["because"]["reason"]) for one in found["routes"]] == [
        ("cannot_tell", "criteria_changed")
    ]
    assert found["calls"] == 0


def test_refusals(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A tier that the run has audited, one that is not there, a route that is not, and no consent."""
    words = ["recheck", str(home / "runs" / "one"), "--config", str(home / "audit.yaml")]
    for argv, code in (
        (["--tier", "old", "--yes"], "recheck.nothing"),
        (["--tier", "smae", "--yes"], "tier.unknown"),
        (["--tier", "same", "--route", "/other", "--yes"], "route.unknown"),
    ):
        assert run([*words, *argv]) == 2
        assert f"error[{code}]" in capsys.readouterr().err
    assert not RunFolder(home / "runs" / "one").all_rechecks()


def test_only_prompts_that_cost_too_much_are_refused_unasked(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Dearer at the logged tokens is asked, since answers may be shorter; a fifth of `max_spend` is the cap of a run
    whose answers cost nothing."""
    config = home / "audit.yaml"
    written, cheap = config.read_text("utf-8"), "{input: 0.1, output: 0.3}"
    for price, asked in (("{input: 7, output: 900}", True), ("{input: 90, output: 1}", False)):
        config.write_text(written.replace(cheap, price), "utf-8")
        plan = recheck(home, capsys, "same", "--dry-run")
        assert (plan["calls"] > 0) is asked
        assert plan["max_spend_usd"] == pytest.approx(1.0)
    (route,) = recheck(home, capsys, "same")["routes"]
    assert (route["worth"], route["because"]["reason"]) == ("not_worth_it", "not_cheaper")
    # Of a prompt that is trimmed there may be next to nothing left.
    config.write_text(written.replace(f"price: {cheap}", f"trim: {{history: 1}}, price: {price}"), "utf-8")
    assert recheck(home, capsys, "same", "--dry-run")["calls"] > 0


def test_a_cap_is_held_and_money_is_told(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A tier over the network costs what it bills; a cap too small for the least that says anything asks nothing."""
    with serving() as endpoint:
        more = (
            f'  - {{name: wired, model: acme-wired, provider: openai-compatible, base_url: "{endpoint.base_url}",\n'
            "     price: {input: 1, output: 3}}\n"
        )
        write_tiers(home, TIERS, ["old"], more=more)
        none = recheck(home, capsys, "wired", "--max-spend", "0.001", "--no-store")
        assert [one["because"]["reason"] for one in none["routes"]] == ["cap_left_nothing"]
        assert (none["calls"], none["spent_usd"], endpoint.stats().get("ok", 0)) == (0, 0.0, 0)
        found = recheck(home, capsys, "wired", "--max-spend", "1", "--no-store")
        (route,) = found["routes"]
        assert route["worth"] == "not_worth_it"  # the server answers with words of its own
        assert found["calls"] == endpoint.stats()["ok"] == route["asked"]
        assert 0 < found["spent_usd"] < 1
        assert route["full_usd"] > 0


def test_what_is_erased_of_a_run_is_erased_of_its_rechecks(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The answers to a session's requests leave the journal and the table of a recheck too."""
    folder = RunFolder(home / "runs" / "one")
    recheck(home, capsys, "same")
    (one,) = folder.all_rechecks()
    asked = pl.read_parquet(one.replay_table).select("request_fp", "text").row(0, named=True)
    traffic = pl.read_parquet(folder.traffic_files()).filter(pl.col("request_fp") == asked["request_fp"])
    assert run(["erase", str(folder.path), "--session", traffic["session_id"][0], "--yes"]) == 0
    capsys.readouterr()
    rows = pl.read_parquet(one.replay_table).filter(pl.col("request_fp") == asked["request_fp"])
    assert asked["text"]
    assert rows["text"].to_list() == [None]
    assert run(["recheck", str(folder.path), "--config", str(home / "audit.yaml"), "--tier", "same", "--yes"]) == 2
    assert "error[run.erased]" in capsys.readouterr().err
