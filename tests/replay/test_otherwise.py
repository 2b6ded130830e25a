"""Keys of calls and recordings hold what decides an answer and nothing else; what changed is said before it is paid."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from audit.core.adaptation import Adapt
from audit.core.artifacts import RunFolder, read_tier_notes
from audit.core.clock import ManualClock
from audit.core.settings import ReplaySettings
from audit.core.tier import NOT_IN_ANSWERS, Price, Supports, Tier
from audit.core.trim import Trim
from audit.llm.client import ClientOptions
from audit.llm.providers import PROVIDERS
from audit.replay.journal import JournalLedger
from audit.replay.kept import AnswersAt, answered_otherwise
from audit.replay.meter import SilentMeter
from audit.replay.options import ReplayOptions
from audit.replay.otherwise import asked_otherwise
from audit.replay.plan import asked_as, call_id_of
from audit.replay.run import run_replay
from tests.quirky import Quirky
from tests.replay.test_learned import asked
from tests.replay.world import World, tier, world_of

URL = "http://tier.test/v1"

SHAPES: dict[str, Any] = {
    "model": "another",
    "provider": "anthropic",
    "max_output_tokens": 7,
    "max_tokens": 9,
    "reasoning_effort": "low",
    "thinking_tokens": 512,
    "prompt_suffix": " /no_think",
    "trim": Trim(tools=("refund",)),
    "service_tier": "flex",
    "adapt": tuple(Adapt),
    "redact": "personal",
}
"""Fields of a tier that decide its answers, each with another value."""

DOES_NOT: dict[str, Any] = {
    "price": Price(input=7, output=8),
    "api_key_env": "ANOTHER_KEY",
    "concurrency": 99,
    "requests_per_minute": 12.5,
    "tokens_per_minute": 9000.0,
    "timeout_s": 1.0,
    "batch_discount": 0.5,
    "batch": True,
    "batch_price": Price(input=0.5, output=1),
    "repeats": 3,
    "reported_as": "another-name",
}
"""Fields that decide none: what it costs, how fast, how often and in which way it is asked, by which name it
answers, and which key pays."""

APART = {
    "name": "the journal tells tiers apart by it; a recording is the model's",
    "base_url": "in the journal; a recording plays at any address, and two addresses of one model are refused",
    "supports": "what is not asked has no answer, and is asked when it may be",
    "context_tokens": "what was too long and never sent is looked at again",
    "options": "by name, below",
}
"""Fields that are neither, and why."""

OPTIONS: dict[str, Any] = {
    "headers": {"x-route": "b"},
    "body": {"top_k": 3},
    "accept_losses": ["parameter"],
    "limit_parameter": "max_tokens",
    "api_version": "2025-04-01",
    "region": "eu-west-1",
    "route": "/b",
}
"""Options of the providers that decide answers."""


def keys(made: Tier) -> tuple[str, str]:
    """The journal's key of a call, and the cassette's name for the tier."""
    return call_id_of(made.name, asked_as(made), "fp", "candidate"), made.answers_key


def test_every_field_of_a_tier_is_in_one_list() -> None:
    """A new field is put into the key, or is said to decide nothing."""
    assert {field.name for field in fields(Tier)} == {*SHAPES, *DOES_NOT, *APART}
    known = {name for provider in PROVIDERS for name in PROVIDERS.get(provider).options or ()}
    assert known == {*OPTIONS, *NOT_IN_ANSWERS}


@pytest.mark.parametrize("name", SHAPES)
def test_what_decides_an_answer_is_in_both_keys(name: str) -> None:
    """Another value is another call and another recording."""
    before, after = keys(tier(URL)), keys(tier(URL, **{name: SHAPES[name]}))
    assert before[0] != after[0]
    assert before[1] != after[1]


@pytest.mark.parametrize("name", DOES_NOT)
def test_what_decides_none_is_in_neither(name: str) -> None:
    """Another price, speed or key asks nothing again."""
    assert keys(tier(URL)) == keys(tier(URL, **{name: DOES_NOT[name]}))


@pytest.mark.parametrize("name", OPTIONS)
def test_options_that_decide_answers_are_in_both_keys(name: str) -> None:
    """Their values too, and never in words: a header may be a secret."""
    one, other = tier(URL, options={name: OPTIONS[name]}), tier(URL, options={name: "sk-very-secret"})
    assert len({keys(tier(URL)), keys(one), keys(other)}) == 3
    assert name == "body" or "very-secret" not in other.answers_key


@pytest.mark.parametrize("name", sorted(NOT_IN_ANSWERS - {"body"}))
def test_how_an_answer_travels_is_in_neither(name: str) -> None:
    """A stream, or the folder of a recording."""
    assert keys(tier(URL)) == keys(tier(URL, options={name: "x"}))


class Notes(SilentMeter):
    """Keeps what was told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def note(self, text: str) -> None:
        """One line."""
        self.told.append(text)


def go(made: World, folder: Path, server: Quirky, **answers: Path) -> list[str]:
    """Replay, and what was told.

    Args:
        answers: Of earlier runs: a `cassette` or a `store`.
    """
    meter = Notes()
    options = ReplayOptions(
        cap_usd=10.0,
        client=ClientOptions(environ={}),
        answers=AnswersAt(**answers),
        transport=server,
        clock=ManualClock(),
        meter=meter,
    )
    run_replay(made.calls, made.requests, made.tiers, ReplaySettings(), RunFolder(folder), options)
    return meter.told


def test_a_changed_setting_is_named_with_its_calls_and_their_cost_before_they_are_asked_again(tmp_path: Path) -> None:
    """In the plan, and when the replay starts; not where nothing changed."""
    small = tier(URL, model="takes everything")
    first = world_of(asked(12, temperature=0), small)
    assert go(first, tmp_path, Quirky()) == []
    assert go(first, tmp_path, Quirky()) == []
    changed = world_of(asked(12, temperature=0), replace(small, max_output_tokens=77, options={"headers": {"a": "b"}}))
    (found,) = answered_otherwise(changed.calls, changed.tiers, RunFolder(tmp_path), AnswersAt())
    assert (found.tier, found.where, found.calls) == ("small", "journal", 12)
    assert found.differs == ("max_output_tokens", "options")
    assert found.usd == pytest.approx(12 * (20 * 1.0 + 2 * 2.0) / 1e6)
    (told,) = go(changed, tmp_path, Quirky())
    assert told == found.sentence
    assert "12 calls" in told
    assert go(changed, tmp_path, Quirky()) == []
    assert len(read_tier_notes(RunFolder(tmp_path).tiers)["small"].asked_as) == 2


def test_an_address_is_named_for_the_journal_and_a_recording_plays_on(tmp_path: Path) -> None:
    """The cassette answers at another address, so that nothing is asked again; settings are named there too."""
    small = tier(URL, model="takes everything")
    go(world_of(asked(5), small), tmp_path / "a", Quirky(), cassette=tmp_path / "tape")
    moved = replace(small, base_url="http://elsewhere.test/v1")
    server = Quirky()
    go(world_of(asked(5), moved), tmp_path / "a", server, cassette=tmp_path / "tape")
    assert server.bodies == {}
    assert go(world_of(asked(5), moved), tmp_path / "b", server, cassette=tmp_path / "tape") == []
    deeper = world_of(asked(5), replace(moved, reasoning_effort="high"))
    (told,) = go(deeper, tmp_path / "c", Quirky(), cassette=tmp_path / "tape")
    assert "5 calls" in told
    assert "cassette" in told
    assert "reasoning_effort" in told


def test_a_context_that_grew_is_asked(tmp_path: Path) -> None:
    """What was too long by the tier's own setting and never sent is no answer for good."""
    small = tier(URL, model="takes everything", context_tokens=2, supports=Supports())
    made = world_of(asked(4), small)
    server = Quirky()
    go(made, tmp_path, server)
    assert server.bodies == {}
    assert {result.status for result in JournalLedger.read(RunFolder(tmp_path).journal).results.values()} == {
        "too_long"
    }
    go(world_of(asked(4), replace(small, context_tokens=1000)), tmp_path, server)
    assert len(server.bodies["takes everything"]) == 4


def test_a_run_folder_of_before_says_nothing(tmp_path: Path) -> None:
    """Where nobody wrote down the settings, nothing is guessed."""
    made = world_of(asked(3), tier(URL))
    assert asked_otherwise(made.calls, {"small": made.tiers[0]}, JournalLedger.read(tmp_path / "none"), {}) == ()


@pytest.mark.parametrize("name", sorted(SHAPES.keys() - {"model", "provider"}))
def test_what_another_tier_of_the_audit_was_answered_is_no_changed_setting(tmp_path: Path, name: str) -> None:
    """Tiers of one model stand side by side: nobody changed what the one is asked with into the other's settings.

    Where the first tier has gone from the audit, its answers are under other settings than the second's, and said.
    """
    first = tier(URL, model="takes everything")
    second = replace(first, name="second", **{name: SHAPES[name]})
    store = tmp_path / "store"
    assert go(world_of(asked(6), first), tmp_path / "a", Quirky(), store=store) == []
    both = world_of(asked(6), first, second)
    assert answered_otherwise(both.calls, both.tiers, RunFolder(tmp_path / "b"), AnswersAt(store=store)) == ()
    alone = world_of(asked(6), second)
    (found,) = answered_otherwise(alone.calls, alone.tiers, RunFolder(tmp_path / "c"), AnswersAt(store=store))
    assert (found.tier, found.differs) == ("second", (name,))
