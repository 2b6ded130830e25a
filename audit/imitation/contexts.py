"""The texts between which a value stands: learned from messages and values, found by plain search."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

LEFT_CHARS, RIGHT_CHARS = 40, 16
MOST_PLACES = 4
"""Occurrences of a value in a message that are looked at."""

SEEDS = 16
"""Examples whose pairs propose contexts, taken from the whole list at equal steps."""

MOST_TRIED = 12
"""Proposals for each side that are tried: the most frequent."""

MOST_COUNTED = 300
"""Examples on which they are tried, at equal steps."""

MOST_CHARS = 2_000_000
"""Of all of these together: of long messages, fewer are tried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """Where a value begins and ends.

    Attributes:
        left: Text before it; its first occurrence counts. Empty: the beginning of the message.
        closing: Text after it. Empty: the end of the message.
        right: Examples whose value they find, of all that were given (an estimate where these are many).
    """

    left: str
    closing: str
    right: int


def shared_start(one: str, other: str) -> str:
    """What two texts begin with."""
    length = 0
    for mine, theirs in zip(one, other, strict=False):
        if mine != theirs:
            break
        length += 1
    return one[:length]


def between(text: str, left: str, closing: str) -> str | None:
    """What stands behind the first `left` and before the next `closing`; None where one of them is missing."""
    at = text.find(left)
    if at < 0:
        return None
    begin = at + len(left)
    end = text.find(closing, begin) if closing else len(text)
    return None if end < 0 else text[begin:end]


def surroundings_of(seen: Sequence[tuple[str, str]]) -> Surroundings | None:
    """The contexts that find the most values; of equals the longest left one, then the shortest right one.

    Args:
        seen: Messages, each with the value that it should give; empty values have no place.

    Special cases:
        None where no two messages have their value, or none is found by any context.
    """
    there = [(text, value) for text, value in seen if value and value in text]
    if len(there) < 2:
        return None
    lefts: Counter[str] = Counter()
    closings: Counter[str] = Counter()
    seeds = _some(there, SEEDS)
    for number, (text, value) in enumerate(seeds):
        for other_text, other_value in seeds[:number]:
            for begin in _places(text, value):
                for other in _places(other_text, other_value):
                    before = _shared_end(text[:begin], other_text[:other])
                    behind = text[begin + len(value) :], other_text[other + len(other_value) :]
                    lefts[before] += 1
                    closings[shared_start(behind[0][:RIGHT_CHARS], behind[1][:RIGHT_CHARS])] += 1
    # A longer right text than its first letters finds no more values than these, but for values that hold them.
    closings.update({closing[:1]: count for closing, count in list(closings.items())})
    usual_chars = sum(len(text) for text, _ in there) // len(there) + 1
    tried = _some(there, min(MOST_COUNTED, max(MOST_CHARS // usual_chars, SEEDS)))
    best: tuple[tuple[int, int, int, str, str], str, str] | None = None
    for left in _frequent(lefts):
        for closing in _frequent(closings):
            right = sum(between(text, left, closing) == value for text, value in tried)
            rank = (right, len(left), -len(closing), left, closing)
            if right and (best is None or rank > best[0]):
                best = (rank, left, closing)
    if best is None:
        return None
    return Surroundings(left=best[1], closing=best[2], right=round(best[0][0] * len(there) / len(tried)))


def _some(seen: Sequence[tuple[str, str]], most: int) -> list[tuple[str, str]]:
    step = max(len(seen) / most, 1.0)
    return [seen[int(number * step)] for number in range(min(most, len(seen)))]


def _places(text: str, value: str) -> Iterator[int]:
    at = text.find(value)
    for _ in range(MOST_PLACES):
        if at < 0:
            return
        yield at
        at = text.find(value, at + 1)


def _shared_end(one: str, other: str) -> str:
    return shared_start(one[-LEFT_CHARS:][::-1], other[-LEFT_CHARS:][::-1])[::-1]


def _frequent(counts: Counter[str]) -> list[str]:
    return sorted(counts, key=lambda one: (-counts[one], one))[:MOST_TRIED]
