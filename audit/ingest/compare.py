"""What rows of the whole log are to one another: a record that came again, a call written down twice, attempts.

Only ids and a few narrow columns are compared, as 64-bit hashes: two in two million rows are taken for one with a
chance of 1e-7. Those of a long log are dealt by their hashes into partitions, so that equal ones meet; one partition is
held at a time, the others are in a file. `order` is the number of a row in the log.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

import polars as pl
import pyarrow as pa

from audit.core.traffic import BILLABLE_STATUSES
from audit.ingest.part_files import PartFiles
from audit.ingest.row import copy_id
from audit.spill import Parts

AT_ONCE = 1 << 19
"""Rows that are compared at once: about 0.2 GB."""
PARTITIONS = 512
"""At most: more of them would be too small pieces of a file. A log of more than `AT_ONCE` times as many rows has larger
ones."""

_KEYS = (
    *("row_id", "dedupe_key", "logical_request_id", "started_at", "status"),
    *("cost_usd_logged", "prompt_tokens", "completion_tokens"),
)


@dataclass(frozen=True, slots=True)
class Fixes:
    """What the second pass changes in one part, as frames by row position (`at`)."""

    ids: pl.DataFrame  # at, row_id
    duplicates: pl.DataFrame  # at, duplicate_of
    attempts: pl.DataFrame  # at, attempt_index, is_final_attempt: of requests with several; duplicates are in none


_NONE = pl.DataFrame(schema={"at": pl.Int64})


def find_fixes(parts: Sequence[PartFiles], rows: Sequence[int], at_once: int = AT_ONCE) -> Iterator[Fixes]:
    """Compare the rows of all parts; what changes in each part, in their order.

    Args:
        parts: Whose drafts are there.
        rows: How many each has.
        at_once: Rows that are held at once, about. It changes nothing of what is found.
    """
    log = _Places(parts, rows, at_once)
    if not log.rows:
        yield from (Fixes(_NONE, _NONE, _NONE) for _ in parts)
        return
    found = _compared(log)
    for number, stretch in enumerate(log.stretches):
        frames = [some.part(number).sort("order") for some in found]
        for part in stretch:
            yield Fixes(*(log.within(part, frame) for frame in frames))


def read_draft(part: PartFiles) -> pa.Table:
    """A part's metadata before the second pass; it is mapped, so that only columns that are used are read."""
    with pa.memory_map(str(part.draft)) as file:
        return pa.ipc.open_file(file).read_all()


class _Places:
    """Where the rows of a log are: in parts, and in stretches of parts that are changed together.

    Args:
        parts: Of the log.
        rows: Of each part.
        at_once: Rows of a stretch, at least, but for the last; and of a partition, about.
    """

    def __init__(self, parts: Sequence[PartFiles], rows: Sequence[int], at_once: int) -> None:
        self.parts = parts
        self._starts = list(accumulate(rows, initial=0))
        self.rows = self._starts[-1]
        self._at_once = at_once
        cuts = [0]
        for number, start in enumerate(self._starts):
            if start - self._starts[cuts[-1]] >= at_once or number == len(parts) > cuts[-1]:
                cuts.append(number)
        self.stretches = [range(*cut) for cut in pairwise(cuts)]
        self._bounds = pl.Series([self._starts[number] for number in cuts])

    def dealt(self) -> Parts:
        """Where rows can be dealt to by a hash."""
        number = min(math.ceil(self.rows / self._at_once), PARTITIONS)
        return Parts(number, self._at_once, self.parts[0].folder)

    def home(self) -> Parts:
        """Where what was found can be brought back to its stretch."""
        return Parts(len(self.stretches), self._at_once, self.parts[0].folder)

    def stretch_of(self, order: str) -> pl.Expr:
        """The number of the stretch that a row is in."""
        return pl.lit(self._bounds).search_sorted(pl.col(order), side="right") - 1

    def compared_columns(self) -> Iterator[pl.DataFrame]:
        """What rows are compared by, part by part."""
        for part, start in zip(self.parts, self._starts, strict=False):
            yield _keys(part, start)

    def within(self, part: int, found: pl.DataFrame) -> pl.DataFrame:
        """What was found of the rows of a part, by their places in it.

        Args:
            part: Its number.
            found: Sorted by `order`.
        """
        start, end = self._starts[part : part + 2]
        low, high = (bisect_left(found["order"], bound) for bound in (start, end)) if found.height else (0, 0)
        if low == high:
            return _NONE
        return found.slice(low, high - low).select((pl.col("order") - start).alias("at"), pl.exclude("order"))

    def row_ids(self, stretch: int, orders: pl.Series) -> pl.DataFrame:
        """The ids of some rows of a stretch as they are in its drafts, as `order` and `row_id`."""
        places = orders.unique().sort()
        found = [pl.Series([], dtype=pl.String)]
        for part in self.stretches[stretch] if len(places) else ():
            start, end = self._starts[part : part + 2]
            low, high = bisect_left(places, start), bisect_left(places, end)
            if low < high:
                column = read_draft(self.parts[part])["row_id"]
                found.append(pl.Series(column.take((places[low:high] - start).to_arrow())))
        return pl.DataFrame({"order": places, "row_id": pl.concat(found)})


def _keys(part: PartFiles, start: int) -> pl.DataFrame:
    frame = pl.DataFrame(pl.from_arrow(read_draft(part).select(_KEYS)))
    hashed = {"row_id": "row_id", "dedupe_key": "dedupe_key", "logical": "logical_request_id"}
    return frame.select(
        pl.int_range(start, start + pl.len(), dtype=pl.Int64).alias("order"),
        *(pl.when(pl.col(id_).is_not_null()).then(pl.col(id_).hash()).alias(name) for name, id_ in hashed.items()),
        pl.col("started_at").cast(pl.Int64),
        pl.col("status").cast(pl.String).is_in(list(BILLABLE_STATUSES)).alias("answered"),
        pl.when(pl.col("cost_usd_logged") > 0)
        .then(0)
        .when(pl.col("prompt_tokens").is_not_null() & pl.col("completion_tokens").is_not_null())
        .then(1)
        .otherwise(2)
        .cast(pl.Int8)
        .alias("unpriced"),
    )


def _compared(log: _Places) -> tuple[Parts, Parts, Parts]:
    """New ids, the names of duplicates, and attempts, by stretch."""
    records, calls, requests = log.dealt(), log.dealt(), log.dealt()
    for keys in log.compared_columns():
        for dealt, key, others in (
            (records, "row_id", ()),
            (calls, "dedupe_key", ("unpriced", "logical")),
            (requests, "logical", ("started_at", "answered")),
        ):
            dealt.spread(keys.select("order", key, *others).drop_nulls(key), pl.col(key) % dealt.number)
    copies, twice, left_out, attempts = log.home(), log.home(), log.dealt(), log.home()
    for number in range(records.number):
        copies.spread(_copies(records.part(number)), log.stretch_of("order"))
    for number in range(calls.number):
        duplicates = _duplicates(calls.part(number))
        twice.spread(duplicates.select("order", "kept"), log.stretch_of("kept"))
        left_out.spread(duplicates.select("order", "logical").drop_nulls(), pl.col("logical") % left_out.number)
    for number in range(requests.number):
        kept = requests.part(number).join(left_out.part(number), on="order", how="anti")
        attempts.spread(_attempts(kept), log.stretch_of("order"))
    return *_named(log, copies, twice), attempts


def _copies(records: pl.DataFrame) -> pl.DataFrame:
    """Records whose bytes stand in an earlier part too, with how many did before."""
    repeats = records.filter(pl.col("row_id").is_duplicated())
    before = (pl.col("order").rank("ordinal").over("row_id").cast(pl.Int64) - 1).alias("number")
    return repeats.select("order", before).filter(pl.col("number") > 0)


def _duplicates(calls: pl.DataFrame) -> pl.DataFrame:
    """Rows that repeat another, with the one that is kept.

    Kept is the first that says what it cost, else the first that says its tokens: a gateway may write a call down when
    it begins, and again when it knows the bill.
    """
    same = calls.filter(pl.col("dedupe_key").is_duplicated())
    kept = pl.col("order").sort_by("unpriced", "order").first().over("dedupe_key").alias("kept")
    return same.select("order", "logical", kept).filter(pl.col("order") != pl.col("kept"))


def _attempts(requests: pl.DataFrame) -> pl.DataFrame:
    """Place of each attempt in its logical request; the one that was answered, else the last, is what the client got.

    An answered attempt ends its request: a later one of the same id that is answered too is a request of its own, as
    where the id is a conversation's. Failures after the last answer belong to it.
    """
    grouped = requests.filter(pl.col("logical").is_duplicated()).sort("logical", "started_at", "order", nulls_last=True)
    answered = pl.col("answered").cast(pl.Int64)
    # One step after the other: an `over` within another is worked out anew for every group.
    grouped = grouped.with_columns(
        before=answered.cum_sum().over("logical") - answered,
        answers=answered.sum().over("logical"),
        last=pl.col("order").last().over("logical"),
    )
    grouped = grouped.with_columns(turn=pl.min_horizontal("before", (pl.col("answers") - 1).clip(lower_bound=0)))
    return grouped.select(
        "order",
        attempt_index=pl.int_range(pl.len()).over("logical", "turn").clip(upper_bound=2**15 - 1).cast(pl.Int16),
        is_final_attempt=pl.col("answered") | ((pl.col("answers") == 0) & (pl.col("order") == pl.col("last"))),
    )


def _named(log: _Places, copies: Parts, twice: Parts) -> tuple[Parts, Parts]:
    """New ids of copies, and by duplicate the id of the row that is kept: each stretch of drafts is opened once.

    Args:
        log: Where rows are.
        copies: `order` and `number`, by the stretch of the copy.
        twice: `order` and `kept`, by the stretch of what is kept.
    """
    ids, names = log.home(), log.home()
    for number in range(len(log.stretches)):
        again, wanted = copies.part(number), twice.part(number)
        old = log.row_ids(number, pl.concat([again["order"], wanted["kept"]]))
        again = again.join(old, on="order", how="left", maintain_order="left")
        new = [
            copy_id(f"{row_id}/later", count) for row_id, count in zip(again["row_id"], again["number"], strict=True)
        ]
        renamed = again.select("order", pl.Series("row_id", new, dtype=pl.String))
        ids.add(number, renamed)
        current = old.update(renamed, on="order").rename({"order": "kept", "row_id": "duplicate_of"})
        wanted = wanted.join(current, on="kept", how="left", maintain_order="left").drop("kept")
        names.spread(wanted, log.stretch_of("order"))
    return ids, names
