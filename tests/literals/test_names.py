"""Which text is a model's name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from audit.literals.names import ModelNames, key

KNOWN = (
    "gpt-4o",
    "gpt-4o-mini",
    "gpt-oss-20b",
    "o1",
    "o3-mini",
    "command",
    "claude-3-haiku",
    "claude-3-5-haiku",
    "gemini-2.5-flash",
    "meta-llama/Llama-3.3-70B-Instruct",
    "scaledown/extract",
    "openai/gpt-4o",
)
LOGGED = ("prod-chat-eu", "team-deployment-42")
CASES = [json.loads(line) for line in Path(__file__).with_name("names.jsonl").read_text("utf-8").splitlines()]


@pytest.fixture(scope="module")
def names() -> ModelNames:
    """A small catalogue and a log."""
    return ModelNames(KNOWN, LOGGED)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["text"] or "empty")
def test_names(names: ModelNames, case: dict[str, Any]) -> None:
    """Providers, regions and snapshots come off; what could be a word is not distinctive; other text is no name."""
    named = names.named(case["text"])
    if case["model"] is None:
        assert named is None
        return
    assert named is not None
    assert (named.model, named.distinctive, named.known) == (
        case["model"],
        case["distinctive"],
        case.get("known", True),
    )


def test_beginnings(names: ModelNames) -> None:
    """The constant beginning of a composed name counts when it ends where a part of a name ends."""
    found = names.beginning("gpt-4o-")
    assert found is not None
    assert found.model == "gpt-4o"
    assert names.beginning("gpt-4o") is None
    assert names.beginning("openai/") is None
    assert names.beginning("command-") is None


def test_spellings_are_compared_as_one() -> None:
    """Dots, colons and hyphens, and upper and lower case, make no other model; an underscore does."""
    assert key("claude-haiku-4.5") == key("Claude-Haiku-4-5")
    assert key("llama3.1:8b") == key("llama3.1-8b")
    assert key("gpt_4o") != key("gpt-4o")


def test_no_names_at_all() -> None:
    """Without a catalogue a family still says what is meant."""
    found = ModelNames(()).named("gpt-4o")
    assert found is not None
    assert not found.known
