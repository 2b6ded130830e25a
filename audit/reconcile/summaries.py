"""Lines of a bill that add up others of it: a month beside its days, a day's total beside its models.

A line is taken for a sum where its time holds that of the others and its amount is theirs, to the cent. One that only
looks like a sum, because its time holds that of others for the same model, is counted and questioned.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import combinations

from audit.core.display import plural, usd
from audit.core.reconciliation import Bill, ChargeKind, Uncounted, UncountedLines
from audit.core.traffic import exact_sum

CENT = 0.01
"""What totals are rounded to where their lines are finer."""
RELATIVE = 0.005
"""Part of a sum that the rounding of its lines may come to at most."""
LEAST = 2
"""Lines that a sum is of: one line beside another of the same amount may be a second charge."""
TELLING = 3
"""Times or lines in which a sum must come true where neither its time nor its name tells it for one."""
CHANCES = 1000
"""Amounts that there might have been, for a line to be a sum by its amount alone: $0.03 is easily $0.01 and $0.02."""
QUESTIONED = 3
"""Lines that are questioned by name."""
_BESIDE_USAGE = (ChargeKind.CREDIT, ChargeKind.OTHER, ChargeKind.TAX)
"""What a total may be with or without."""
_TOTAL = re.compile(r"(?i)\b(?:sub|grand )?totals?\b")

Span = tuple[datetime, datetime]


def without_sums(bill: Bill, names: Mapping[str, str]) -> Bill:
    """The bill without lines that add up others of it; they are left out, as totals are that say what they are.

    Args:
        bill: As read.
        names: Of models, by what lines are for; "" for those of no model.
    """
    found = _Sums(bill, names)
    for replaced in (False, True):  # an invoice that was replaced has sums of its own
        found.places = [at for at, line in enumerate(bill.lines) if line.replaced is replaced and not line.repeated]
        found.models_by_time()
        found.models_by_words()
        found.all_by_time()
        found.all_of_a_time()
        found.all_of_the_bill()
    found.again()
    notes = (*bill.notes, *found.questions())
    if not found.sums:
        return replace(bill, notes=notes)
    amounts = [bill.lines[at].usd for at in found.sums]
    before = next((one for one in bill.left_out if one.why is Uncounted.TOTAL), None)
    totals = UncountedLines(
        why=Uncounted.TOTAL,
        lines=len(amounts) + (before.lines if before else 0),
        usd=exact_sum([*amounts, *([before.usd] if before else [])]),
    )
    others = [one for one in bill.left_out if one is not before]
    said = f"{plural(len(amounts), 'line')} of the bill ({usd(exact_sum(amounts))}) add up others by time or model"
    return replace(
        bill,
        lines=tuple(line for at, line in enumerate(bill.lines) if at not in found.sums),
        left_out=tuple(sorted([*others, totals], key=lambda one: [*Uncounted].index(one.why))),
        notes=(*notes, f"{said}: they are not counted again"),
    )


@dataclass(slots=True)
class _Sums:
    """What was found so far; lines are told by their place on the bill.

    Attributes:
        places: Lines that are looked at.
        sums: Lines that add up others.
        unsure: Lines whose time holds that of others for the same, with the number and the dollars of those.
    """

    bill: Bill
    names: Mapping[str, str]
    places: Sequence[int] = ()
    sums: set[int] = field(default_factory=set)
    unsure: dict[int, tuple[int, float]] = field(default_factory=dict)

    def models_by_time(self) -> None:
        """A model's month beside its days; a tax or a credit likewise, by its words. Weeks are found before months."""
        of_one: dict[tuple[ChargeKind, str], list[int]] = defaultdict(list)
        for at in self.places:
            line = self.bill.lines[at]
            usage = line.kind is ChargeKind.USAGE
            of_one[line.kind, self.names[line.item] if usage else line.item.strip().lower()].append(at)
        for (kind, _), places in of_one.items():
            for own, within in self._longer(places):
                if self._is_sum(own, within):
                    self.sums |= set(own)
                elif kind is ChargeKind.USAGE and exact_sum(self._usd(own)) > (held := exact_sum(self._usd(within))):
                    self.unsure |= dict.fromkeys(own, (len(within), held))

    def models_by_words(self) -> None:
        """A model's total that says what it is, of whatever time: `gpt-4o subtotal` on the last day."""
        of_one: dict[str, list[int]] = defaultdict(list)
        for at in self._left():
            if self.bill.lines[at].kind is ChargeKind.USAGE:
                of_one[self.names[self.bill.lines[at].item]].append(at)
        for places in of_one.values():
            totals = [at for at in places if _TOTAL.search(self.bill.lines[at].item)]
            others = [at for at in places if at not in totals]
            for at in totals if others else ():
                if self._same([at], others):
                    self.sums.add(at)
                else:
                    self.unsure[at] = len(others), exact_sum(self._usd(others))

    def all_by_time(self) -> None:
        """A month of no model, or of all of them, beside the days of models; with credits and taxes, or without."""
        for own, within in self._longer(self._left()):
            usage = [at for at in own if self.bill.lines[at].kind is ChargeKind.USAGE]
            for said in ([usage], [[at] for at in usage]):
                for one in said:
                    nameless = all(not self.names[self.bill.lines[at].item] for at in one)
                    if one and (nameless or self._is_telling(one)) and self._is_total(one, within):
                        self.sums |= set(one)

    def all_of_a_time(self) -> None:
        """A day's total beside its models, under whatever name: every day that has it must bear it out."""
        by_span: dict[Span, list[int]] = defaultdict(list)
        named: dict[str, set[Span]] = defaultdict(set)
        for at in self._left():
            line = self.bill.lines[at]
            by_span[line.start, line.end].append(at)
            if line.kind is ChargeKind.USAGE:
                named[self.names[line.item]].add((line.start, line.end))
        for name, spans in sorted(named.items(), key=lambda one: one[0]):
            own: list[int] = []
            others = 0
            for span in spans:
                mine = [at for at in by_span[span] if self._is_of(at, name)]
                rest = [at for at in by_span[span] if not self._is_of(at, name)]
                usage = sum(self.bill.lines[at].kind is ChargeKind.USAGE for at in rest)
                if not usage:
                    continue  # nothing stands beside it, so it is a charge
                if not self._is_total(mine, rest, least=1):
                    break
                own, others = [*own, *mine], others + usage
            else:
                enough = others >= LEAST if not name else len(own) >= TELLING and others > len(own)
                self.sums |= set(own) if enough and self._is_telling(own) else set()

    def all_of_the_bill(self) -> None:
        """The largest line, where it is what all others are together."""
        left = self._left()
        usage = [at for at in left if self.bill.lines[at].kind is ChargeKind.USAGE]
        largest = max(usage, key=lambda at: self.bill.lines[at].usd, default=None)
        if largest is None:
            return
        rest = [at for at in left if at != largest]
        least = TELLING if self.names[self.bill.lines[largest].item] else LEAST
        if self._is_telling([largest]) and self._is_total([largest], rest, least=least):
            self.sums.add(largest)

    def again(self) -> None:
        """What stands there again of a sum is one."""
        sums = {replace(self.bill.lines[at], repeated=True) for at in self.sums}
        self.sums |= {at for at, line in enumerate(self.bill.lines) if line.repeated and line in sums}

    def questions(self) -> Iterator[str]:
        """Lines that may add up others and may be charges of their own, the largest first."""
        unsure = sorted(self.unsure.keys() - self.sums, key=lambda at: -self.bill.lines[at].usd)
        for at in unsure[:QUESTIONED]:
            line, (others, held) = self.bill.lines[at], self.unsure[at]
            of = f" of {self.names[line.item]}" if self.names[line.item] else ""
            yield (
                f"a line{of} for {line.start:%Y-%m-%d} to {line.end:%Y-%m-%d} ({usd(line.usd)}) "
                f"stands beside {plural(others, 'line')} of the same within that time ({usd(held)}): if it is a total, "
                "the bill has them twice; take it out"
            )

    def _left(self) -> list[int]:
        return [at for at in self.places if at not in self.sums]

    def _is_of(self, at: int, name: str) -> bool:
        line = self.bill.lines[at]
        return line.kind is ChargeKind.USAGE and self.names[line.item] == name

    def _longer(self, places: Sequence[int]) -> Iterator[tuple[list[int], list[int]]]:
        """Lines of each time, shortest first, with those of times half as long or shorter within it; sums that were
        found meanwhile are in neither."""
        spans: dict[Span, list[int]] = defaultdict(list)
        for at in places:
            spans[self.bill.lines[at].start, self.bill.lines[at].end].append(at)
        in_order = sorted(spans)
        starts = [start for start, _ in in_order]
        shortest = min((end - start for start, end in spans), default=timedelta())
        for start, end in sorted((one for one in spans if one[1] - one[0] >= 2 * shortest), key=_length):
            near = in_order[bisect_left(starts, start) : bisect_right(starts, end)]
            shorter = [one for one in near if one[1] <= end and 2 * _length(one)[0] <= end - start]
            within = [at for one in shorter for at in spans[one] if at not in self.sums]
            own = [at for at in spans[start, end] if at not in self.sums]
            if own and within:
                yield own, within

    def _usd(self, places: Sequence[int]) -> list[float]:
        return [self.bill.lines[at].usd for at in places]

    def _is_telling(self, places: Sequence[int]) -> bool:
        """Whether amounts are too fine to be sums by chance."""
        unit = self.bill.unit_usd or CENT / CHANCES
        return math.prod(max(abs(amount) / unit, 1.0) for amount in self._usd(places)) >= CHANCES

    def _is_sum(self, own: Sequence[int], others: Sequence[int]) -> bool:
        return len(others) >= LEAST and self._same(own, others)

    def _is_total(self, own: Sequence[int], others: Sequence[int], *, least: int = LEAST) -> bool:
        """Whether lines are as much as the usage of others, with or without each of their other charges."""
        kinds: dict[ChargeKind, list[int]] = defaultdict(list)
        for at in others:
            kinds[self.bill.lines[at].kind].append(at)
        metered = [*kinds[ChargeKind.USAGE], *kinds[ChargeKind.CAPACITY]]
        if len(metered) < least:
            return False
        there = [kind for kind in _BESIDE_USAGE if kinds[kind]]
        chosen = (some for size in range(len(there) + 1) for some in combinations(there, size))
        return any(self._same(own, [*metered, *(at for kind in some for at in kinds[kind])]) for some in chosen)

    def _same(self, own: Sequence[int], others: Sequence[int]) -> bool:
        """Whether two groups of lines come to one amount but for rounding, and to any."""
        mine, theirs = exact_sum(self._usd(own)), exact_sum(self._usd(others))
        rounding = (len(own) + len(others)) * self.bill.unit_usd / 2
        return theirs != 0 and abs(mine - theirs) <= max(CENT / 2, min(rounding, RELATIVE * abs(theirs))) + 1e-9


def _length(span: Span) -> tuple[timedelta, Span]:
    return span[1] - span[0], span
