"""Tokens under every vendor's names, and what is done where they are missing or impossible."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from audit.core.note import AnswerNote
from audit.protocols.count_words import kind_of
from audit.protocols.settling import settled, size_of
from audit.protocols.usage import read_usage

FILE = Path(__file__).parent / "cases" / "usage.jsonl"
CASES: list[dict[str, Any]] = [json.loads(line) for line in FILE.read_text("utf-8").splitlines()]
ENGLISH, CHINESE = "one two three four " * 100, "今天天气很好，我们去公园散步。" * 100


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["says"])
def test_counts_are_read_and_made_inclusive(case: dict[str, Any]) -> None:
    """Prompt and completion hold their cached, written and reasoning tokens."""
    got = read_usage(case["raw"])
    for name in ("prompt", "completion"):
        assert getattr(got, name) == case.get(name), name
    for name in ("cached", "written", "written_hour", "reasoning", "images", "heard", "spoken", "drawn"):
        assert (getattr(got, name) or 0) == case.get(name, 0), name
    for name in ("hidden", "unreadable", "unread", "aside"):
        assert getattr(got, name) == case.get(name, 0), name


NAMED = {
    "prompt": ("input tokens", "prompt token count"),
    "completion": ("output tokens", "completion token count", "generated tokens"),
    "read": ("cached input tokens", "cache read tokens", "input tokens cached", "prompt cache hit tokens"),
    "written": ("cache write tokens", "cache creation input tokens", "input tokens cache write"),
    "hour": ("cache creation 1h tokens", "ephemeral 1h input tokens"),
    "reasoning": ("reasoning tokens", "output tokens reasoning", "thoughts token count"),
    "heard": ("input audio tokens", "prompt details audio"),
    "spoken": ("output audio tokens", "completion details audio"),
    "drawn": ("output image tokens", "candidates image token count"),
    "total": ("total tokens", "total token count"),
    "": (
        "prompt cache miss tokens",
        "text tokens",
        "accepted prediction tokens",
        "input tokens cost",
        "tokens per second",
    ),
}


def _camel(words: list[str]) -> str:
    return words[0] + "".join(word[0].upper() + word[1:] for word in words[1:])


@pytest.mark.parametrize("kind", NAMED)
def test_a_count_is_told_by_its_words_however_they_are_joined(kind: str) -> None:
    """Snake case, camel case, dots, dashes, and behind `details`."""
    for name in NAMED[kind]:
        words = name.split()
        for written in (*(mark.join(words) for mark in "_.-"), _camel(words), "details." + "_".join(words)):
            assert kind_of(written) == kind, written


def test_words_that_say_nothing_are_no_count() -> None:
    """Neither of a table's kinds, nor of those that add nothing."""
    for name in ("citation_tokens", "search_queries", "queue_time", "tokensOfSorts"):
        assert kind_of(name) is None, name


def test_a_report_that_can_be_true_is_believed() -> None:
    """Nothing is estimated, and the bound is the report."""
    found = settled(
        read_usage({"prompt_tokens": 20, "completion_tokens": 3}).usage, prompt=size_of("hi"), answer=size_of("42")
    )
    assert (found.usage, found.notes) == (found.at_most, ())
    assert (found.usage.prompt_tokens, found.usage.completion_tokens, found.usage.estimated) == (20, 3, False)


@pytest.mark.parametrize("text", [ENGLISH, CHINESE], ids=["English", "Chinese"])
@pytest.mark.parametrize(
    ("raw", "note"),
    [
        (None, AnswerNote.USAGE_MISSING),
        ({"prompt_tokens": 0, "completion_tokens": 0}, AnswerNote.USAGE_ZERO),
        ({"prompt_tokens": 1, "completion_tokens": 1}, AnswerNote.USAGE_TOO_SMALL),
        ({"prompt_tokens": -5, "completion_tokens": "many"}, AnswerNote.USAGE_UNREADABLE),
    ],
)
def test_a_report_that_cannot_be_true_is_bounded_by_bytes(raw: Any, note: AnswerNote, text: str) -> None:
    """Never $0 for text: an estimate for the cost, and for the cap one token a byte."""
    found = settled(read_usage(raw).usage, prompt=size_of(text), answer=size_of(text))
    assert note in found.notes or (note is AnswerNote.USAGE_UNREADABLE and read_usage(raw).unreadable)
    assert found.usage.estimated
    assert found.at_most.completion_tokens == len(text.encode())
    assert 0 < len(text) / 8 <= found.usage.completion_tokens <= found.at_most.completion_tokens
    assert found.at_most.prompt_tokens >= found.usage.prompt_tokens > 0


def test_an_empty_answer_may_have_no_tokens() -> None:
    """A zero is believed where there is no text."""
    found = settled(
        read_usage({"prompt_tokens": 9, "completion_tokens": 0}).usage, prompt=size_of("x"), answer=size_of("")
    )
    assert (found.usage.completion_tokens, found.notes) == (0, ())


def test_anything_at_all_is_read() -> None:
    """Whatever stands in the place of usage, there are counts from zero, and cached tokens fit into the prompt."""
    rng = random.Random(5)
    odd = [None, True, -1, 0, 3, 2.5, float("nan"), float("inf"), 10**30, "7", "x", [], [1], {}, {"cached_tokens": 9}]
    names = sorted({name for case in CASES if isinstance(case["raw"], dict) for name in case["raw"]})
    for _ in range(5000):
        raw = {name: rng.choice(odd) for name in rng.sample(names, rng.randrange(len(names)))}
        found = settled(read_usage(raw).usage, prompt=size_of("hello"), answer=size_of("world")).usage
        assert found.prompt_tokens > 0
        assert found.completion_tokens > 0
        assert 0 <= found.cached_tokens + found.cache_write_tokens <= found.prompt_tokens
        assert 0 <= found.reasoning_tokens <= found.completion_tokens
    for raw_ in odd:
        assert settled(read_usage(raw_).usage, prompt=size_of("a"), answer=size_of("b")).usage.completion_tokens > 0
