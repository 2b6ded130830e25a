"""Transcripts of coding agents: a call is counted once, however many sessions repeat it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.ingest.reading import read, write_jsonl


def line(kind: str, at: int, **payload: Any) -> dict[str, Any]:
    """A line of a rollout."""
    return {"timestamp": f"2026-11-02T10:00:{at:02d}.000Z", "type": kind, "payload": payload}


def count(at: int, tokens: int, total: int) -> dict[str, Any]:
    """A count of a call, with the session's total behind it."""
    last = {"input_tokens": tokens - 10, "cached_input_tokens": 0, "output_tokens": 10, "total_tokens": tokens}
    info = {"last_token_usage": last, "total_token_usage": {"total_tokens": total}}
    return line("event_msg", at, type="token_count", info=info)


def meta(at: int, name: str, **said: Any) -> dict[str, Any]:
    """The head of a session."""
    return line("session_meta", at, id=name, cwd="/home/ann/shop", model_provider="openai", **said)


TURN = line("turn_context", 0, model="gpt-5", cwd="/home/ann/shop")
PARENT = [meta(0, "a"), TURN, count(1, 100, 100), count(2, 200, 300), count(3, 300, 600)]
FORKED, SPAWNED = {"forked_from_id": "a"}, {"source": {"subagent": {"thread_spawn": {"parent_thread_id": "a"}}}}


def fork(name: str, own: int, **said: Any) -> list[dict[str, Any]]:
    """A session that begins with the first two calls of its parent, at its own time, and goes on with one."""
    return [meta(10, name, **said), meta(10, "a"), TURN, count(10, 100, 100), count(10, 200, 300), own_count(own)]


def own_count(tokens: int) -> dict[str, Any]:
    """A call of a fork's own."""
    return count(20, tokens, 300 + tokens)


def tokens(folder: Path, out: Path) -> list[int]:
    """Prompt tokens of the calls, in order."""
    return sorted(read(folder, out).traffic["prompt_tokens"].to_list())


@pytest.mark.parametrize("said", [FORKED, SPAWNED, {}])
@pytest.mark.parametrize("names", [("1", "2", "3"), ("3", "1", "2")])
def test_a_fork_does_not_pay_again_what_it_was_forked_from(
    said: dict[str, Any], names: tuple[str, str, str], tmp_path: Path
) -> None:
    """Whatever the order of the files, and however the fork says that it is one; each keeps its own calls."""
    (tmp_path / "logs").mkdir()
    for name, lines in zip(names, (PARENT, fork("b", 50, **said), fork("c", 70, **said)), strict=True):
        write_jsonl(tmp_path / "logs" / f"{name}.jsonl", lines)
    assert tokens(tmp_path / "logs", tmp_path / "run") == [40, 60, 90, 190, 290]
    counted = read(tmp_path / "logs", tmp_path / "again").traffic.sort("prompt_tokens")
    assert [at.second for at in counted["started_at"]] == [20, 20, 1, 2, 3]
    assert counted["session_id"].to_list() == ["b", "c", "a", "a", "a"]


def test_a_parent_that_is_not_there_was_paid_once(tmp_path: Path) -> None:
    """Its calls are known from its forks alone: they are counted at one of them."""
    (tmp_path / "logs").mkdir()
    for name, own in (("b", 50), ("c", 70)):
        write_jsonl(tmp_path / "logs" / f"{name}.jsonl", fork(name, own, **FORKED))
    assert tokens(tmp_path / "logs", tmp_path / "run") == [40, 60, 90, 190]


def test_equal_counts_of_two_sessions_are_two_calls(tmp_path: Path) -> None:
    """A job that asks the same each night pays each night; several sessions may lie in one file."""
    (tmp_path / "logs").mkdir()
    for name in ("a", "d"):
        write_jsonl(tmp_path / "logs" / f"{name}.jsonl", [meta(0, name), *PARENT[1:]])
    assert tokens(tmp_path / "logs", tmp_path / "run") == [90, 90, 190, 190, 290, 290]
    both = [meta(0, "a"), *PARENT[1:], meta(30, "d"), *PARENT[1:]]
    assert tokens(write_jsonl(tmp_path / "both.jsonl", both), tmp_path / "both") == [90, 90, 190, 190, 290, 290]
