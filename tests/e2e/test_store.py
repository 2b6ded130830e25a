"""One store by the command line: which changes of a run pay again, what the plan and the findings say of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from audit.cli.main import run
from audit.replay.journal import done_events
from tests.e2e.tiny import record
from tests.server import Endpoint, serving

REQUESTS = 60
CONFIG: dict[str, Any] = {
    "margin": "3pt",
    "seed": 1,
    "max_spend": "$5",
    "ingest": {"route": "metadata.route"},
    "slice": {"incumbent_min": 0, "incumbent_share": "1%"},
    "routes": [
        {
            "match": "*",
            "candidates": ["small"],
            "assert": [{"type": "equals", "value": "{{incumbent.text}}"}],
        }
    ],
}


@pytest.fixture(scope="module")
def endpoint() -> Iterator[Endpoint]:
    """A server that answers everything."""
    with serving() as found:
        yield found


class Place:
    """A folder with a log and a configuration, and runs in it."""

    def __init__(self, folder: Path, endpoint: Endpoint, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self.endpoint, self.capsys = folder, endpoint, capsys
        self.log = folder / "log.jsonl"
        self.write_log(range(REQUESTS))

    def write_log(self, numbers: range) -> None:
        """Requests of two routes."""
        lines = (json.dumps(record(n, metadata={"route": f"/{'ab'[n % 2]}"})) for n in numbers)
        self.log.write_text("\n".join(lines) + "\n", "utf-8")

    def command(self, name: str, out: str, *options: str, changes: dict[str, Any] | None = None) -> dict[str, Any]:
        """What a command prints as JSON."""
        small = {
            "name": "small",
            "model": "acme-small-1",
            "provider": "openai-compatible",
            "base_url": self.endpoint.base_url,
            "price": {"input": 1, "output": 3},
        }
        config = self.folder / "audit.json.yaml"
        config.write_text(json.dumps({"tiers": [small], **CONFIG, **(changes or {})}), "utf-8")
        self.capsys.readouterr()
        arguments = [name, str(self.log), "--config", str(config), "--out", str(self.folder / out), *options, "--json"]
        code = run(arguments)
        streams = self.capsys.readouterr()
        assert code == 0, streams.err + streams.out
        document: dict[str, Any] = json.loads(streams.out)
        return document

    def replay(self, out: str, *options: str, changes: dict[str, Any] | None = None) -> tuple[dict[str, Any], int]:
        """The findings of a replay, and how many calls the server got."""
        before = self.endpoint.stats().get("ok", 0)
        found = self.command("replay", out, "--yes", "--fixed", *options, changes=changes)
        return found, self.endpoint.stats().get("ok", 0) - before


@pytest.fixture
def place(tmp_path: Path, endpoint: Endpoint, capsys: pytest.CaptureFixture[str]) -> Place:
    """A new one."""
    return Place(tmp_path, endpoint, capsys)


FREE: dict[str, dict[str, Any]] = {
    "margin": {"margin": "2pt"},
    "confidence": {"confidence": "90%"},
    "guarantee": {"guarantee": "portfolio"},
    "seed": {"seed": 7},
    "cap": {"max_spend": "$1"},
    "criterion": {"routes": [{**CONFIG["routes"][0], "assert": [{"type": "numeric", "value": "{{incumbent.text}}"}]}]},
    "route": {"routes": [{**CONFIG["routes"][0], "match": "/a"}]},
    "graded": {"routes": [{**CONFIG["routes"][0], "graded": True}]},
    "cost": {"cost": {"prompt_cache": "warm"}},
    "tuning share": {"slice": {**CONFIG["slice"], "tuning_share": "40%"}},
    "looks": {"slice": {**CONFIG["slice"], "looks": 2}},
}
"""Changes that make another run and ask nothing of a tier that it was not asked."""


def test_a_changed_setting_pays_for_nothing_that_was_asked(place: Place) -> None:
    """Each change is a new run folder beside the first, and its plan quotes nothing: what it would have cost is named.
    A run with all of them at once sends nothing, says what earlier runs paid, and has it in no sum of its own."""
    first, calls = place.replay("first")
    assert calls == first["replay"]["done"] > 0
    for name, changes in FREE.items():
        plan = place.command("plan", name, "--fixed", "-o", str(place.folder / "plan.json"), changes=changes)
        assert (name, plan["expected_usd"], sum(quote["calls"] for quote in plan["quotes"])) == (name, 0, 0)
        assert plan["stored"]["calls"] > 0
        assert plan["stored"]["expected_usd"] > 0
    together = {key: value for changes in FREE.values() for key, value in changes.items()}
    found, again = place.replay("second", changes=together)
    assert again == 0
    assert found["replay"]["served_from"] == {"store": found["replay"]["done"]}
    assert found["replay_cost_usd"] == 0
    assert found["replay"]["earlier_usd"] > 0


@pytest.mark.slow
def test_next_months_run_pays_for_its_new_requests(place: Place) -> None:
    """Half of the log repeats: those answers are last month's."""
    _, calls = place.replay("october")
    place.write_log(range(REQUESTS // 2, REQUESTS + REQUESTS // 2))
    found, again = place.replay("november")
    assert 0 < again < calls
    assert found["replay"]["served_from"] == {"network": again, "store": found["replay"]["done"] - again}


@pytest.mark.slow
def test_a_fresh_run_asks_everything_and_stays_fresh_when_it_goes_on(place: Place) -> None:
    """It takes no older answer, on resuming either; the run after it takes the newer ones; a folder with answers cannot
    be made fresh."""
    _, calls = place.replay("first")
    _, again = place.replay("second", "--fresh")
    assert again == calls
    journal = place.folder / "second" / "replays" / "journal.jsonl"
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join(lines[: len(lines) // 2]))
    found, _ = place.replay("second")
    assert found["replay"]["complete"]
    assert {event["earlier"]["run"] for event in done_events(journal) if "earlier" in event} == {"second"}
    arguments = ["replay", str(place.log), "--config", str(place.folder / "audit.json.yaml"), "--fixed", "--yes"]
    assert run([*arguments, "--fresh", "--out", str(place.folder / "first")]) == 2
    assert "begin another run folder" in place.capsys.readouterr().err


@pytest.mark.slow
def test_without_a_store_everything_is_asked_and_nothing_is_kept(place: Place) -> None:
    """By the option and by the configuration; a store may be placed elsewhere."""
    _, calls = place.replay("first", "--no-store")
    assert not (place.folder / "store").exists()
    _, again = place.replay("second", changes={"store": {"keep": False}})
    assert again == calls
    assert not (place.folder / "store").exists()
    assert place.replay("third", "--store", str(place.folder / "elsewhere"))[1] == calls
    assert place.replay("fourth", changes={"store": {"path": "elsewhere"}})[1] == 0
    assert not (place.folder / "store").exists()
