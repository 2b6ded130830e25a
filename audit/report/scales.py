"""Where things go on a chart: linear scales, round ticks, labels that do not touch. Pure numbers, in pixels."""

from __future__ import annotations

import itertools
import math
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

CHAR_PX = 0.6
"""Width of a character in ems, on the generous side: system fonts differ, and a label must fit in all of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Linear:
    """A linear map from data to pixels.

    Attributes:
        low: Data value at `start`.
        high: Data value at `end`.
        start: Pixels.
        end: Pixels; may be less than `start`, as y axes are.
    """

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """Pixels of a value, to a tenth; values outside the domain land outside the range.

        Special cases:
            An empty domain (`low == high`) maps everything to the middle.
        """
        if self.high == self.low:
            return round((self.start + self.end) / 2, 1)
        share = (value - self.low) / (self.high - self.low)
        return round(self.start + share * (self.end - self.start), 1)

    def clip(self, value: float) -> float:
        """Pixels of the value, or of the nearer end of the domain."""
        return self(min(max(value, self.low), self.high))


def nice_step(span: float, target: int) -> float:
    """The step of 1, 2 or 5 times a power of ten that cuts `span` into about `target` parts."""
    raw = span / max(target, 1)
    if raw <= 0 or not math.isfinite(raw):
        return 1.0
    power = 10.0 ** math.floor(math.log10(raw))
    for factor in (1, 2, 5, 10):
        # The tolerance keeps a span that is an exact multiple from falling to the next factor by a rounding error.
        if raw <= factor * power * (1 + 1e-9):
            return factor * power
    return 10 * power


def nice_ticks(low: float, high: float, target: int = 6) -> tuple[float, ...]:
    """Round values inside [low, high], ascending, zero exact.

    Special cases:
        `low == high` gives that one value.
    """
    if high <= low:
        return (low,)
    step = nice_step(high - low, target)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    digits = max(0, -math.floor(math.log10(step))) + 1
    return tuple(round(index * step, digits) + 0.0 for index in range(first, last + 1))


def nice_domain(low: float, high: float, target: int = 6) -> tuple[float, float]:
    """The domain widened to the next round values."""
    if high <= low:
        return low - 0.5, high + 0.5
    step = nice_step(high - low, target)
    return math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step


def spread(positions: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Push positions apart until neighbours are `gap` apart, as near to where they were as that allows.

    Args:
        positions: In any order; the result is in the same order, and so is the order of equal positions.
        gap: Least distance.
        low: Nothing goes below.
        high: Nothing goes above, unless there is no room: then `gap` holds and the last ones go over.
    """
    order = sorted(range(len(positions)), key=lambda index: (positions[index], index))
    placed = [0.0] * len(positions)
    floor = low
    for index in order:
        placed[index] = max(positions[index], floor)
        floor = placed[index] + gap
    ceiling = max(high, low + gap * (len(positions) - 1))
    for index in reversed(order):
        placed[index] = round(min(placed[index], ceiling), 1)
        ceiling = placed[index] - gap
    return placed


def spans_apart(starts: Sequence[float], widths: Sequence[float], gap: float, end: float) -> list[float]:
    """Start points of labels in a row, moved so that none overlaps the next and the last ends before `end`.

    Args:
        starts: Where each label would like to start, ascending.
        widths: Of each label.
        gap: Least space between two.
        end: Right edge.
    """
    placed = list(starts)
    ceiling = end
    for index in range(len(placed) - 1, -1, -1):
        placed[index] = min(placed[index], ceiling - widths[index])
        ceiling = placed[index] - gap
    floor = 0.0
    for index, width in enumerate(widths):
        placed[index] = round(max(placed[index], floor), 1)
        floor = placed[index] + width + gap
    return placed


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A rectangle in pixels, and how a text stands in it."""

    left: float
    top: float
    right: float
    bottom: float
    anchor: str = "start"

    def covers(self, other: Box) -> float:
        """Area shared with another box, in square pixels."""
        wide = min(self.right, other.right) - max(self.left, other.left)
        high = min(self.bottom, other.bottom) - max(self.top, other.top)
        return wide * high if wide > 0 and high > 0 else 0.0


def place_labels(
    points: Sequence[tuple[float, float]],
    sizes: Sequence[tuple[float, float]],
    frame: Box,
    *,
    reach: float = 10.0,
    avoid: Sequence[Box] = (),
) -> list[Box]:
    """A box for the label of each point: beside, above or below it, on no mark and on no label placed before.

    Args:
        points: Centres of the marks; earlier ones choose first.
        sizes: Width and height of each label.
        frame: Labels stay inside.
        reach: Distance between a mark and its label.
        avoid: What else no label should stand on, such as a line.

    Special cases:
        Where nothing is free, the place that covers least is taken.
    """
    marks = [Box(left=x - 7, top=y - 7, right=x + 7, bottom=y + 7) for x, y in points]
    placed: list[Box] = []
    for (x, y), (width, height) in zip(points, sizes, strict=True):
        tries = [
            Box(left=x + dx, top=y + dy, right=x + dx + width, bottom=y + dy + height)
            if side > 0
            else Box(left=x - dx - width, top=y + dy, right=x - dx, bottom=y + dy + height, anchor="end")
            for dy in (reach, -height / 2, -height - reach, 3 * reach, -height - 3 * reach, 6 * reach)
            for side, dx in ((1, reach), (-1, reach), (1, -reach), (-1, -reach))
            if dy != -height / 2 or dx > 0
        ]
        inside = [
            box
            for box in tries
            if box.left >= frame.left
            and box.right <= frame.right
            and box.top >= frame.top
            and box.bottom <= frame.bottom
        ]
        best = min(
            inside or tries,
            key=lambda box: sum(box.covers(other) for other in (*placed, *marks, *avoid)),
            default=tries[0],
        )
        placed.append(best)
    return placed


def boxes_along(points: Sequence[tuple[float, float]], step: float = 16.0) -> list[Box]:
    """Small boxes on a line through some points, for `place_labels` to avoid."""
    found = []
    for (x1, y1), (x2, y2) in itertools.pairwise(points):
        parts = max(math.ceil(math.hypot(x2 - x1, y2 - y1) / step), 1)
        for index in range(parts + 1):
            x, y = x1 + (x2 - x1) * index / parts, y1 + (y2 - y1) * index / parts
            found.append(Box(left=x - 2, top=y - 2, right=x + 2, bottom=y + 2))
    return found


def text_width(text: str, size: float) -> float:
    """A generous guess at the width of a text, in pixels; full-width characters count double."""
    return _cells(text) * size * CHAR_PX


def elided(text: str, limit: int) -> str:
    """The text, or its two ends around an ellipsis, so that names with one beginning stay apart; in `limit` characters,
    of which full-width ones count double."""
    if _cells(text) <= limit:
        return text
    head = (limit - 1) * 2 // 3
    return f"{_beginning(text, head)}…{_beginning(text[::-1], limit - 1 - head)[::-1]}"


def shortened(text: str, limit: int) -> str:
    """The text, or its beginning with an ellipsis; full-width characters count double."""
    return text if _cells(text) <= limit else _beginning(text, limit - 1).rstrip() + "…"


def _beginning(text: str, room: int) -> str:
    """As much of a text as has room."""
    kept = ""
    for char in text:
        room -= _cells(char)
        if room < 0:
            break
        kept += char
    return kept


def _cells(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)
