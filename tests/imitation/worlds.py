"""Planted routes for what learns from a log: requests whose answers follow something, or only seem to."""

from __future__ import annotations

import json
import random
from collections.abc import Callable

from audit.imitation.way import Example

WORDS = (
    *("alpha", "beta", "gamma", "delta", "charge", "ship", "broken", "lost"),
    *("hello", "please", "thanks", "where", "today", "maybe", "never", "soon"),
)
TOPICS = {"refund": "billing", "invoice": "billing", "late": "shipping", "parcel": "shipping", "howto": "other"}
GOOD, BAD = ([f"{kind}{number}" for number in range(30)] for kind in ("fine", "poor"))

World = Callable[[random.Random], Example]


def rule(rng: random.Random) -> Example:
    """One word of each message decides."""
    topic = rng.choice(list(TOPICS))
    words = [*rng.sample(WORDS, 7), topic]
    rng.shuffle(words)
    return Example(text=f"{' '.join(words)} {rng.randrange(10**6)}", answer=TOPICS[topic])


def template(rng: random.Random) -> Example:
    """A document of two values that stand in the message, nested, and a constant."""
    order, count = f"A-{rng.randrange(10**6)}", rng.randrange(1, 99)
    text = f"Dear shop,\nmy order no. {order} of {count} items.\nBye, {rng.choice(WORDS)}"
    return Example(text=text, answer=json.dumps({"order": {"id": order, "items": count}, "source": "mail"}))


def sentence(rng: random.Random) -> Example:
    """A value that stands in the message, in a frame of text."""
    day = f"2026-{rng.randrange(1, 13):02}-{rng.randrange(1, 29):02}"
    return Example(text=f"{rng.choice(WORDS)} {rng.choice(WORDS)} on {day} at noon", answer=f"Due: {day}.")


def words(rng: random.Random) -> Example:
    """Many words, each a little evidence, and none that decides alone."""
    good = rng.random() < 0.5
    mine, other = (GOOD, BAD) if good else (BAD, GOOD)
    said = [*rng.sample(mine, 6), rng.choice(other), *rng.sample(WORDS, 4)]
    rng.shuffle(said)
    return Example(text=" ".join(said), answer="positive" if good else "negative")


def chatter(rng: random.Random) -> Example:
    """Answers that are neither labels nor parts of the request."""
    return Example(text=" ".join(rng.sample(WORDS, 6)), answer=f"{' '.join(rng.sample(WORDS, 9))} {rng.random()}")


def unseen(world: World, share: float) -> World:
    """The same, but in this share of requests something that the message does not say decides: another label."""

    def example(rng: random.Random) -> Example:
        made = world(rng)
        if rng.random() >= share:
            return made
        return Example(text=made.text, answer=rng.choice(sorted({*TOPICS.values()} - {made.answer})))

    return example


def drawn(world: World, n: int, seed: int) -> dict[str, Example]:
    """n requests of a world, by fingerprint."""
    rng = random.Random(seed)
    return {f"{seed}-{number:05}": world(rng) for number in range(n)}
