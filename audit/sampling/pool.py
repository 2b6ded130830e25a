"""Requests of one route that may be drawn: their sums, their random order, and their dollars in the order of their ids.

Nothing here holds the requests. What is asked of each of them is asked of the spool, block by block; the one thing that
is held is what the dollar draws need, a number for each paid request of one route.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import polars as pl

from audit.core.exactly import total_of
from audit.core.policy import bare
from audit.sampling.rows import Rows
from audit.sampling.spool import RECORD, Records, Spool

SORTED_AT_ONCE = 1 << 22
"""Records that are put in order together: 200 MB."""

Hashes = npt.NDArray[np.uint64]

NOTHING = np.zeros(0, dtype=RECORD)


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutePool:
    """Requests that can be audited, of one route and some models.

    Attributes:
        rows: Of the log.
        spool: With the numbers of each request; None where the frame was made without a seed, so that nothing can be
            drawn of it.
        cells: Its cell in the spool, by model as logged.
        tokens: Of `Tally.tokens`, the rows of the route and these models.
    """

    rows: Rows
    spool: Spool | None
    cells: dict[str, int]
    tokens: pl.DataFrame

    @property
    def requests(self) -> int:
        """How many."""
        return int(self.tokens["requests"].sum())

    @property
    def unpriced(self) -> int:
        """Those that nobody knows the cost of."""
        return int(self.tokens["unpriced"].sum())

    @property
    def usd(self) -> float:
        """What they cost, rounded once."""
        return total_of(self.tokens, "usd")

    def counted(self, name: str) -> int:
        """Their tokens of one class, of `COUNTED`; unknown ones are none."""
        return int(self.tokens[name].sum())

    def weighed(self, name: str) -> float:
        """Dollars times tokens, summed over the requests; `name` is `prompt` or `completion`."""
        return total_of(self.tokens, f"usd_{name}")

    def between(self, low: float, high: float) -> RoutePool:
        """Its sums alone of the requests whose prompts are longer than `low` tokens and at most `high`, which are
        bounds of the frame or no bound at all. Nothing can be drawn of it."""
        longer = pl.col("above") >= low
        return replace(self, cells={}, tokens=self.tokens.filter(longer & (pl.col("above") < high)))

    def on(self, model: str) -> RoutePool:
        """Those that a model served, whatever provider the log writes before its name."""
        return self._of([name for name in self.cells if bare(name) == bare(model)])

    def without(self, model: str) -> RoutePool:
        """The others."""
        return self._of([name for name in self.cells if bare(name) != bare(model)])

    def _of(self, models: Sequence[str]) -> RoutePool:
        tokens = self.tokens.filter(pl.col("model").is_in(list(models)))
        return replace(self, cells={name: self.cells[name] for name in models}, tokens=tokens)

    def take(self, records: Records) -> pl.DataFrame:
        """The rows of some records, in their order."""
        return self.rows.take(records["place"])

    def first(self, n: int) -> Records:
        """The first n of the random order, or all where there are fewer."""
        return self._first(self._blocks(), n)

    def free(
        self, after: Records, sessions: npt.ArrayLike, prompts: npt.ArrayLike, n: int
    ) -> tuple[Records, list[int]]:
        """The first n of the random order behind some others that share no session and no prompt, and the place of each
        in the whole order.

        Args:
            after: The beginning of the order, not empty.
            sessions: Hashes of sessions, shape (k,).
            prompts: Hashes of prompts, shape (m,).
            n: Fewer are found where there are no more.
        """
        last = after[-1]

        def kept(block: Records) -> Records:
            behind = block[_is_behind(block, last)]
            taken = np.isin(behind["session"], sessions) & (behind["session"] != 0)
            taken |= np.isin(behind["prompt"], prompts) & (behind["prompt"] != 0)
            return np.asarray(behind[~taken])

        found = self._first(map(kept, self._blocks()), n)
        before = np.zeros(found.size, dtype=np.int64)
        for block in self._blocks():
            # Of records with one priority, which hardly ever are, the key decides; `_is_behind` counts them one by one.
            at = np.searchsorted(found["priority"], block["priority"], side="left")
            before += np.cumsum(np.bincount(at, minlength=found.size + 1))[: found.size]
            equal = np.flatnonzero(np.isin(block["priority"], found["priority"]))
            for one in block[equal]:
                same = found["priority"] == one["priority"]
                before[same] -= 1
                before[same & (found["key"] > one["key"])] += 1
        return found, [int(place) for place in before]

    def paid(self) -> npt.NDArray[np.float64]:
        """What each request that cost something cost, in the order of the ids; shape (number of them,)."""
        costs = np.empty(self.requests, dtype=np.float64)
        filled = 0
        for block in self._in_order():
            costs[filled : filled + block.size] = block["cost"]
            filled += block.size
        return costs[:filled]

    def paid_at(self, positions: npt.NDArray[np.int64]) -> Records:
        """The requests at some positions of `paid`, which are in ascending order."""
        found, before = [NOTHING], 0
        for block in self._in_order():
            low, high = np.searchsorted(positions, [before, before + block.size])
            found.append(block[positions[low:high] - before])
            before += block.size
        return np.concatenate(found)

    def _blocks(self) -> Iterator[Records]:
        if self.spool is None:
            raise ValueError("a frame that was made without a seed has no random order")
        return self.spool.read(list(self.cells.values()))

    def _first(self, blocks: Iterator[Records], n: int) -> Records:
        best: Records = NOTHING
        for block in blocks:
            near = block if best.size < n else block[block["priority"] <= best["priority"].max(initial=0)]
            found = np.concatenate([best, near])
            if found.size > 2 * n > 0:
                found = found[found["priority"] <= np.partition(found["priority"], n - 1)[n - 1]]
            best = np.asarray(found[np.lexsort((found["key"], found["priority"]))[:n]])
        return best

    def _in_order(self) -> Iterator[Records]:
        """The requests that cost something in the order of their ids, range by range."""
        ranges = max(-(-self.requests // SORTED_AT_ONCE), 1)
        for number in range(ranges):
            found = [NOTHING]
            for block in self._blocks():
                mine = block["cost"] > 0
                if ranges > 1:
                    # The upper half of a key, times the ranges, over 2^32: the number of its range.
                    mine &= ((block["key"] >> np.uint64(32)) * np.uint64(ranges)) >> np.uint64(32) == number
                found.append(block[mine])
            whole = np.concatenate(found)
            yield whole[np.argsort(np.ascontiguousarray(whole["key"]))]


def _is_behind(block: Records, last: np.void) -> npt.NDArray[np.bool_]:
    same = (block["priority"] == last["priority"]) & (block["key"] > last["key"])
    return np.asarray((block["priority"] > last["priority"]) | same)


def load_together(pools: Sequence[tuple[RoutePool, Sequence[Records]]]) -> None:
    """Read the rows of some records of several pools, in one pass over each log that they are of."""
    logs = {id(pool.rows): pool.rows for pool, _ in pools}
    for name, rows in logs.items():
        rows.load([part["place"] for pool, parts in pools if id(pool.rows) == name for part in parts])
