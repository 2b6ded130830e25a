"""The least number that is enough."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable


def least_enough(enough: Callable[[int], bool], low: int, high: int) -> int | None:
    """The least number from `low` to `high` that is enough, where every larger one is too; None where `high` is not."""
    return low + bisect_left(range(low, high), True, key=enough) if enough(high) else None
