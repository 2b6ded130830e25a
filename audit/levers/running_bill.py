"""The bill of a whole log, part by part, while one lever after the other changes its dollars."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import polars as pl

from audit.core.rates import RatesOf
from audit.levers.answer_form import misshapen
from audit.levers.bill import MONEY, bill_of
from audit.levers.gathered import Gathered
from audit.levers.log_files import LogFiles
from audit.spill import Parts


class RunningBill:
    """A bill in the parts of its log: what is known of each request once, and its dollars as they are now.

    Attributes:
        unpriced: Requests that nobody knows the cost of; they are in no part.
    """

    def __init__(self, files: LogFiles, known: Parts, money: Parts, unpriced: int) -> None:
        self._files, self._known, self._money = files, known, money
        self.unpriced = unpriced

    @classmethod
    def opened(cls, files: LogFiles, rates_of: RatesOf) -> RunningBill:
        """The bill as it was paid, with `unreadable`: the answer is not in the form that its request demands."""
        known, money, unpriced = files.kept(), files.kept(), 0
        for number in range(files.number):
            rows, without_price = bill_of(files.part(number), rates_of)
            unpriced += without_price
            rows = rows.with_columns(unreadable=pl.col("at").is_in(misshapen(files, number, rows).implode()))
            known.add(number, rows.drop(MONEY))
            money.add(number, rows.select(MONEY))
        return cls(files, known, money, unpriced)

    def parts(self, columns: Sequence[str]) -> Iterator[tuple[int, pl.DataFrame]]:
        """Some columns of every part, with its number; rows in the order of the log."""
        for number in range(self._files.number):
            yield number, self._part(number, columns)

    def gathered(self, shared: Sequence[str], columns: Sequence[str], *, in_turn: bool) -> Gathered:
        """The requests that would still be made, by what they share; some of their columns."""
        gathered = Gathered(shared, self._files, in_turn=in_turn)
        for number in range(self._files.number):
            gathered.add(self._part(number, columns).filter("alive"))
        return gathered

    def now(self, money: Parts) -> RunningBill:
        """The same bill with other dollars."""
        return RunningBill(self._files, self._known, money, self.unpriced)

    def _part(self, number: int, columns: Sequence[str]) -> pl.DataFrame:
        known = self._known.part(number, [name for name in columns if name not in MONEY])
        money = self._money.part(number, [name for name in columns if name in MONEY])
        return pl.concat([known, money], how="horizontal")
