"""Planted prompts: a static part, something that changes in it, and what a cache would have saved by the rules."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from audit.core.levers import LeverLedger, LeverLine, LeverName
from audit.levers.run import measure_levers
from tests.levers.planted import START, rates_of, row, write, write_bodies

CLAUDE, GPT = "claude-sonnet-4-5", "gpt-5"
LIFE, MINIMUM = 300.0, 1024
WORDS = (
    *("policy", "refund", "parcel", "answer", "always", "customer", "never", "invoice", "status", "address", "agent"),
    *("polite", "number", "please", "order"),
)


@dataclass
class World:
    """Requests with their prompts, and what the oracle counts while they are made."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    bodies: list[tuple[list[Any], list[Any] | None, list[Any] | None]] = field(default_factory=list)

    def ask(
        self,
        seconds: float,
        messages: list[Any],
        tokens: int,
        *,
        tools: list[Any] | None = None,
        calls: list[Any] | None = None,
        **changes: Any,
    ) -> None:
        """Add one request."""
        plain = {
            "model_key": CLAUDE,
            "streaming": True,
            "prompt_tokens": tokens,
            "cached_tokens": 0,
            "cache_write_tokens": 0,
        }
        self.rows.append(row(seconds, **(plain | changes)))
        self.bodies.append((messages, tools, calls))

    def ledger(self, folder: Path) -> LeverLedger:
        """The ledger, prompts read."""
        return measure_levers(write(folder, self.rows), rates_of, write_bodies(folder, self.bodies))

    def line(self, folder: Path, name: LeverName = LeverName.PROMPT_CACHE) -> LeverLine:
        """One lever's line."""
        return next(one for one in self.ledger(folder).lines if one.lever is name)


def text(chance: random.Random, words: int) -> str:
    """Words at random."""
    return " ".join(chance.choices(WORDS, k=words))


def date(_: random.Random, n: int) -> str:
    """The time, as a prompt may hold it."""
    return f"{START + timedelta(seconds=20 * n):%Y-%m-%dT%H:%M:%S}"


def identity(chance: random.Random, _: int) -> str:
    """A request's id."""
    return f"{chance.getrandbits(64):016x}"


def name(chance: random.Random, _: int) -> str:
    """A user's name."""
    return chance.choice(["Anna", "Bernd", "Chiara", "Dmitri", "Eszter", "Farid", "Greta", "Hugo", "Ines", "Jonas"])


def saved_by_caching(static_tokens: int, starts: Sequence[float]) -> float:
    """USD that a cache of a static part saves by Claude's rules: 0.1 of the price to read, 1.25 to write, 5 minutes."""
    usd, last = 0.0, None
    for start in starts:
        hit = last is not None and start - last <= LIFE
        usd += static_tokens * (0.9 if hit else -0.25) * 4.0 / 1e6
        last = start
    return usd


def templated(
    seed: int, changing: Callable[[random.Random, int], str] | None, size: int = 60
) -> tuple[World, float, int]:
    """One system prompt for all, with something that changes at byte k of it; every question is another one.

    Tokens are not a fixed share of bytes: each part of a prompt has its own.

    Returns:
        The world, what a cache of the static part would save if what changes stood behind it, and k.
    """
    chance = random.Random(seed)
    head, tail = text(chance, chance.randrange(3, 40)) + ' "', '" ' + text(chance, chance.randrange(1200, 2000))
    per_token = chance.uniform(3.7, 4.5)
    static = int((len(head) + len(tail)) / per_token)
    made, now, starts = World(), 0.0, []
    for n in range(size):
        now += chance.choice([20.0, 20.0, 45.0, 400.0])
        question = text(chance, chance.randrange(20, 120))
        changed = changing(chance, n) if changing else ""
        tokens = static + int(len(question) / chance.uniform(3.7, 4.5)) + len(changed) // 3 + 12
        system = {"role": "system", "content": head + changed + tail}
        made.ask(now, [system, {"role": "user", "content": question}], tokens)
        starts.append(now)
    return made, saved_by_caching(static, starts), len(head.encode())


def natural(seed: int) -> World:
    """Traffic without a break: conversations that grow, documents that differ, a prompt that is edited once."""
    chance = random.Random(seed)
    made, now = World(), 0.0
    system = {"role": "system", "content": text(chance, 1100)}
    talks: list[list[Any]] = [[system] for _ in range(6)]
    for n in range(90):
        now += 15.0
        if n == 45:
            system = {"role": "system", "content": system["content"].replace("refund", "return", 1)}
            talks = [[system] for _ in range(6)]
        place = chance.randrange(8)
        if place < 6:
            talks[place].append({"role": "user", "content": text(chance, chance.randrange(5, 200))})
            messages = list(talks[place])
            talks[place].append({"role": "assistant", "content": text(chance, 80)})
        else:
            messages = [{"role": "user", "content": "Summarise: " + text(chance, 1300) + "\n\nIn three sentences."}]
        tokens = sum(len(m["content"]) // 4 + 4 for m in messages)
        made.ask(now, messages, tokens, session_id=f"s{place}" if place < 6 else None, n_turns=2)
    return made
