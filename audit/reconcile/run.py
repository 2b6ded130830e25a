"""`reconcile`: the log and a bill side by side, and every dollar between them in one step with its cause."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from audit.core.display import plural, usd
from audit.core.errors import InputError
from audit.core.reconciliation import Bill, Cause, ChargeKind, ReconciledCell, Reconciliation, ReconciliationStep
from audit.core.traffic import exact_sum
from audit.reconcile.changes import PriceChange, price_changes
from audit.reconcile.fit import COST, LEAST_CELLS, MOST, Fit, Mask, agreed_share, agrees, best_fit, comparable
from audit.reconcile.grid import EXACT, OF_UTC, RELATIVE, BillClock, Grid, lay_out
from audit.reconcile.logged import SLOT_US, Array, Logged, logged_dollars
from audit.reconcile.names import CommonNames, common_names
from audit.reconcile.summaries import without_sums

LIKELY = 3.0
"""How many times its busiest rate a model may have cost in the hours for which the log has no record."""
DAYS_NAMED = 3
NO_PRICE = 20.0
"""Factor from which on no tax, fee or price list explains that a bill is above a log everywhere."""
UNITS = {1e2: "unit: cents", 1e3: 'decimal: ","', 1e6: "unit: micros"}
"""What makes every amount of a bill so many times the dollars, to what `reconcile.columns` says of it."""
DOUBLED = 1.5
"""Factor from which on a bill with lines for the same is one with lines too many, and no tax."""
BATCH_RATE = 0.5


def reconcile(traffic_files: Sequence[Path], bill: Bill, told: Mapping[str, str]) -> Reconciliation:
    """Hold a bill against the log, as finely as the bill goes: by day and model, else by what it has.

    Causes are looked for in the whole bill first (`fit.best_fit`), then place by place; what none of them explains is
    a step of its own. The steps add up from the log's dollars to the bill's.

    Args:
        traffic_files: `traffic-*.parquet` of one run.
        bill: As read.
        told: By what the bill calls a model, what the log calls it.

    Raises:
        InputError: There is no traffic, or none of it and the bill are of the same time.
    """
    if not traffic_files:
        raise InputError(
            "there is no traffic to reconcile", code="reconcile.no-traffic", hint="run `audit ingest` first"
        )
    logged = logged_dollars(traffic_files)
    bill = without_sums(bill, _names(bill, logged, told).of_item)
    names = _names(bill, logged, told)
    grid = lay_out(bill, logged, names)
    _check_times(grid)
    fit = best_fit(grid)
    if grid.again.any():
        single = lay_out(bill, logged, names, once=True)
        if _explains_more(single, found := best_fit(single), grid, fit):
            grid, fit = single, found
    if merged := _alike(grid, fit):
        again = {item: merged.get(name, name) for item, name in names.of_item.items()}
        names = CommonNames(again, names.of_model)
        grid = lay_out(bill, logged, names, once=grid.once)
        fit = best_fit(grid)
    _check_unit(grid, fit)
    return _told(bill, grid, fit, names, logged)


def _names(bill: Bill, logged: Logged, told: Mapping[str, str]) -> CommonNames:
    return common_names([line.item for line in bill.lines], logged.models, told)


def _explains_more(single: Grid, once: Fit, grid: Grid, twice: Fit) -> bool:
    """Whether a bill agrees better with what is there again taken once; of two alike, the factor nearer to one does."""
    better = agreed_share(single, once) - agreed_share(grid, twice)
    nearer = abs(np.log(once.factor)) < abs(np.log(twice.factor))
    doubled = twice.factor >= DOUBLED > once.factor and agreed_share(single, once) >= 1 / 2
    return bool(better > 0 or (better >= -COST and nearer) or doubled)


def _check_unit(grid: Grid, fit: Fit) -> None:
    """Raises `InputError` where every amount is so many times the log's that it is of another unit than dollars."""
    times = fit.factor
    if times == 1:  # of few figures no factor is concluded, but none is a hundred times another by chance
        usable = comparable(grid, fit)
        times = grid.bill[usable].sum() / max(fit.counted[usable].sum(), EXACT)
        times = next((unit for unit in UNITS if abs(times / unit - 1) <= RELATIVE), 1.0)
    if times < NO_PRICE:
        return
    unit = min(UNITS, key=lambda one: abs(np.log(times / one)))
    raise InputError(
        f"every amount of the bill is {times:,.4g} times the log's: they are of another unit than dollars",
        code="reconcile.unit",
        notes=[f"the log has {usd(float(fit.counted.sum()))} where the bill says {usd(float(grid.bill.sum()))}"],
        hint=f"say what they are in audit.yaml:  reconcile: {{columns: {{..., {UNITS[unit]}}}}}",
    )


def _check_times(grid: Grid) -> None:
    """Raises `InputError` where the log and the bill are of different times."""
    near = 14 * 60 * 60
    first = grid.logged.first * SLOT_US / 1e6
    last = first + len(grid.logged.seen) * SLOT_US / 1e6
    start, end = grid.periods[0][0].timestamp(), grid.periods[-1][1].timestamp()
    if not len(grid.logged.seen) or last < start - near or first > end + near:
        has = "has no record with a time"
        if len(grid.logged.seen):
            has = f"is of {_day(datetime.fromtimestamp(first, UTC))} to {_day(datetime.fromtimestamp(last, UTC))}"
        raise InputError(
            "the log and the bill are not of the same time",
            code="reconcile.other-time",
            notes=[f"the log {has}; the bill is of {_day(grid.periods[0][0])} to {_day(grid.periods[-1][1])}"],
            hint="give the bill of the log's month, or the log of the bill's",
        )


def _alike(grid: Grid, fit: Fit) -> dict[str, str]:
    """Models that only the bill has by those that only the log has, where one costs what the other does, day by day."""
    expected = fit.expected(grid)
    on_bill, in_log = _only(grid)
    found: dict[str, str] = {}
    for name in on_bill:
        bill = grid.bill[:, grid.column(name)]
        for other in in_log:
            cost = expected[:, grid.column(other)]
            both = (bill > 0) & (cost > 0)
            same = both & (np.abs(bill - cost) <= grid.slack[:, grid.column(name)] + RELATIVE * bill)
            enough = bill[same].sum() >= MOST * bill.sum() and cost[same].sum() >= MOST * cost.sum()
            if other not in found.values() and same.sum() >= LEAST_CELLS and enough:
                found[name] = other
                break
    return found


def _only(grid: Grid) -> tuple[list[str], list[str]]:
    """Models of the bill without a call in the log, and models of the log without a line on the bill."""
    calls = grid.logged.usd.sum(axis=0) + grid.logged.unpriced.sum(axis=0)
    billed = grid.bill.sum(axis=0)
    return (
        [name for name, n, usd in zip(grid.models, calls, billed, strict=True) if n == 0 and usd > 0],
        [name for name, n, usd in zip(grid.models, calls, billed, strict=True) if n > 0 and usd == 0],
    )


@dataclass(frozen=True, slots=True)
class _Judged:
    """The places of a grid with what explains each: `why` is (periods, models), "" where they agree."""

    expected: Array
    why: list[list[str]]
    changes: tuple[PriceChange, ...]

    def where(self, cause: Cause) -> Mask:
        """The places that a cause explains."""
        return np.array([[why == cause.value for why in row] for row in self.why], dtype=bool)

    def where_agreed(self) -> Mask:
        """The places that need no explanation."""
        return np.array([[not why for why in row] for row in self.why], dtype=bool)


def _judge(grid: Grid, fit: Fit) -> _Judged:
    """What explains each place that does not agree: the first of the causes that can."""
    on_bill, in_log = (set(names) for names in _only(grid))
    expected = fit.expected(grid)
    for name in in_log:  # what is not on the bill has no price or credit of the bill's
        expected[:, grid.column(name)] = fit.counted[:, grid.column(name)]
    good, unpriced = agrees(grid, expected), grid.laid(grid.logged.unpriced, fit.clock) > 0
    empty = grid.bill.sum(axis=1) == 0
    absent = _absent_usd(grid, fit, expected)
    silent = grid.laid(grid.logged.silent, fit.clock) > 0
    why = [["" for _ in grid.models] for _ in grid.periods]
    for row, column in zip(*np.nonzero(~good), strict=True):
        model, more = grid.models[column], grid.bill[row, column] > expected[row, column]
        if model in on_bill:
            cause = Cause.MODEL_NOT_IN_LOG
        elif model in in_log:
            cause = Cause.MODEL_NOT_ON_BILL
        elif empty[row]:
            cause = Cause.DAY_NOT_ON_BILL
        elif more and grid.bill[row, column] - expected[row, column] <= absent[row, column]:
            cause = Cause.DAY_NOT_IN_LOG if silent[row] else Cause.OUTSIDE_LOG
        elif more and unpriced[row, column]:
            cause = Cause.UNPRICED
        else:
            cause = Cause.UNEXPLAINED
        why[row][column] = cause.value
    return _with_changes(grid, fit, _Judged(expected, why, ()))


def _with_changes(grid: Grid, fit: Fit, judged: _Judged) -> _Judged:
    """The same with what a price that changed within the bill's time explains of the rest."""
    unexplained = judged.where(Cause.UNEXPLAINED)
    changes = tuple(price_changes(grid, judged.expected, comparable(grid, fit), unexplained))
    for change in changes:
        for row, column in zip(*np.nonzero(change.where), strict=True):
            judged.why[row][column] = Cause.PRICE_CHANGED.value
    return replace(judged, changes=changes)


def _absent_usd(grid: Grid, fit: Fit, expected: Array) -> Array:
    """What may have been billed in the hours of a period for which the log has no record; no bound without any."""
    slots = grid.slots
    absent = np.maximum(slots - fit.covered, 0)
    rate = np.max(expected / np.maximum(fit.covered, 1)[:, None], axis=0, initial=0.0)
    bound = LIKELY * absent[:, None] * rate[None, :]
    return np.where((fit.covered == 0)[:, None], np.inf, bound)


def _told(bill: Bill, grid: Grid, fit: Fit, names: CommonNames, logged: Logged) -> Reconciliation:
    judged = _judge(grid, fit)
    steps = [step for step in _steps(bill, grid, fit, judged) if step.cells or abs(step.usd) > EXACT]
    total, billed = logged.total_usd, exact_sum(line.usd for line in bill.lines)
    order = [*Cause][:-2], [*ChargeKind], [*Cause][-2:]
    place = {cause: number for number, cause in enumerate(cause for group in order for cause in group)}
    return Reconciliation(
        bill=bill.name,
        format=bill.format,
        read_as=bill.read_as,
        log_usd=total,
        bill_usd=billed,
        steps=tuple(sorted(steps, key=lambda step: (place[step.cause], -abs(step.usd)))),
        cells=tuple(sorted(_cells(bill, grid, fit, judged), key=_by_difference)),
        shift_hours=fit.clock.ahead([grid.periods[0][0]])[0] / 4,
        unexplained_gross_usd=exact_sum(np.abs(grid.bill - judged.expected)[judged.where(Cause.UNEXPLAINED)].tolist()),
        names={item: name for item, name in sorted(names.of_item.items()) if item and name and item != name},
        unread=bill.unread,
        left_out=bill.left_out,
        notes=(*bill.notes, *_notes(bill, grid), *_parts(bill, steps)),
    )


def _notes(bill: Bill, grid: Grid) -> Iterator[str]:
    raised = [line.usd for line in bill.lines if line.kind is ChargeKind.CREDIT and line.usd > 0]
    if raised:
        yield (
            f"{plural(len(raised), 'credit')} of the bill {'is' if len(raised) == 1 else 'are'} above zero "
            f"({usd(exact_sum(raised))}) and count as written: if they are meant to be taken off, it says too much"
        )
    if grid.models == ("",):
        yield "the bill names no model: it is compared by time alone"
    if int((grid.bill > 0).sum()) < LEAST_CELLS:
        yield "the bill has too few figures to tell causes apart: one by day and model says more"


def _parts(bill: Bill, steps: Sequence[ReconciliationStep]) -> Iterator[str]:
    """Of which accounts the bill is, where something is more than the log explains."""
    open_ = {Cause.UNEXPLAINED, Cause.SHARE_ON, Cause.MODEL_NOT_IN_LOG, Cause.MODEL_RATE}
    if bill.parts and any(step.cause in open_ and step.usd > 0 for step in steps):
        yield bill.parts


def _by_difference(cell: ReconciledCell) -> tuple[float, str, str]:
    return -abs(cell.bill_usd - cell.log_usd), cell.start, cell.model


def _cells(bill: Bill, grid: Grid, fit: Fit, judged: _Judged) -> Iterator[ReconciledCell]:
    plain = grid.laid(grid.logged.usd, fit.clock)
    general = _general(fit)
    twice = grid.again if grid.once else np.zeros_like(grid.again)
    reissued = any(line.replaced for line in bill.lines)
    for row, (start, end) in enumerate(grid.periods):
        for column, model in enumerate(grid.models):
            if not (grid.bill[row, column] or plain[row, column]):
                continue
            why = [Cause(judged.why[row][column])] if judged.why[row][column] else []
            changed = abs(judged.expected[row, column] - plain[row, column]) > grid.slack[row, column]
            own = [*general, *([Cause.MODEL_RATE] if fit.rates[column] != 1 else [])] if changed else []
            own += [Cause.REISSUED if reissued else Cause.BILLED_TWICE] if twice[row, column] else []
            yield ReconciledCell(
                start=_day(start),
                end=_day(end),
                model=model,
                log_usd=float(plain[row, column]),
                expected_usd=float(judged.expected[row, column] + twice[row, column]),
                bill_usd=float(grid.bill[row, column] + twice[row, column]),
                causes=(*own, *why),
            )


def _general(fit: Fit) -> list[Cause]:
    """What was found of the whole bill and changes amounts."""
    share = [Cause.SHARE_OFF if fit.factor < 1 else Cause.SHARE_ON] if fit.factor != 1 else []
    return [*fit.ways, *([Cause.CACHE_UNCOUNTED] if fit.cached_at else []), *share]


def _steps(bill: Bill, grid: Grid, fit: Fit, judged: _Judged) -> Iterator[ReconciliationStep]:
    """From the log to the bill. Each amount is a sum over places, so that all of them add up to the difference."""
    plain, logged = grid.laid(grid.logged.usd, fit.clock), grid.logged
    yield ReconciliationStep(cause=Cause.NO_TIME, usd=-logged.no_time_usd)
    yield ReconciliationStep(
        cause=Cause.OUTSIDE_BILL, usd=float(plain.sum() - logged.usd.sum()), about=_outside(grid, fit)
    )
    before = plain
    for way in fit.ways:
        more = grid.laid(logged.otherwise[way], fit.clock)
        yield ReconciliationStep(cause=way, usd=float(more.sum()), cells=_changed(grid, more))
        before = before + more
    yield from _factors(grid, fit, judged, before)
    if fit.clock.causes:
        other = grid.laid(logged.usd, OF_UTC)
        moved = float(np.abs(plain - other).sum() / 2)
        yield ReconciliationStep(
            cause=Cause.TIME_ZONE,
            usd=0.0,
            about=_zone(grid, fit.clock),
            cells=_changed(grid, plain - other),
            explains_usd=moved,
        )
    difference = grid.bill - judged.expected
    yield from _places(grid, fit, judged, difference)
    yield ReconciliationStep(cause=Cause.ROUNDING, usd=float(difference[judged.where_agreed()].sum()))
    yield from _named_by_bill(bill, grid)


def _factors(grid: Grid, fit: Fit, judged: _Judged, counted: Array) -> Iterator[ReconciliationStep]:
    """The steps of the factors, of the cached tokens that the log does not count, and of single models."""
    _, in_log = _only(grid)
    on = np.array([name not in in_log for name in grid.models])
    if fit.factor != 1:
        share = counted * (fit.factor - 1) * on
        cause = Cause.SHARE_OFF if fit.factor < 1 else Cause.SHARE_ON
        yield ReconciliationStep(
            cause=cause, usd=float(share.sum()), about=f"{abs(fit.factor - 1):.1%}", cells=_changed(grid, share)
        )
    for column, model in enumerate(grid.models):
        if fit.rates[column] != 1:
            more = counted[:, column] * fit.factor * (fit.rates[column] - 1) * on[column]
            half = abs(fit.rates[column] * fit.factor - BATCH_RATE) < 0.01
            about = f"{model}: {fit.rates[column]:.3g} times{', as batches are' if half else ''}"
            cells = int((np.abs(more) > grid.slack[:, column]).sum())
            yield ReconciliationStep(cause=Cause.MODEL_RATE, usd=float(more.sum()), about=about, cells=cells)
    # What is left between the two is what was put back for cached tokens.
    whole = counted * np.where(on, fit.factor * fit.rates, 1.0)
    if fit.cached_at:
        less = judged.expected - whole
        yield ReconciliationStep(cause=Cause.CACHE_UNCOUNTED, usd=float(less.sum()), cells=_changed(grid, less))


def _places(grid: Grid, fit: Fit, judged: _Judged, difference: Array) -> Iterator[ReconciliationStep]:
    """The steps of causes that hold in some places, by cause, and by model where they are about one."""
    for cause in (Cause.MODEL_NOT_IN_LOG, Cause.MODEL_NOT_ON_BILL):
        for column, model in enumerate(grid.models):
            where = judged.where(cause)[:, column]
            if where.any():
                yield ReconciliationStep(
                    cause=cause, usd=float(difference[where, column].sum()), about=model, cells=int(where.sum())
                )
    for change in judged.changes:
        yield ReconciliationStep(
            cause=Cause.PRICE_CHANGED,
            usd=float(difference[change.where].sum()),
            about=_stretch(grid, change),
            cells=int(change.where.sum()),
        )
    days = (Cause.DAY_NOT_IN_LOG, Cause.DAY_NOT_ON_BILL, Cause.OUTSIDE_LOG, Cause.UNPRICED, Cause.UNEXPLAINED)
    for cause in days:
        where = judged.where(cause)
        if where.any():
            about = _silences(grid) if cause is Cause.DAY_NOT_IN_LOG else _days_of(grid, where)
            yield ReconciliationStep(
                cause=cause, usd=float(difference[where].sum()), about=about, cells=int(where.sum())
            )


def _named_by_bill(bill: Bill, grid: Grid) -> Iterator[ReconciliationStep]:
    """The steps that the bill itself names."""
    yield ReconciliationStep(cause=ChargeKind.USAGE, usd=grid.nameless_usd)
    if grid.once:
        replaced = [line for line in bill.lines if line.replaced]
        repeated = [line for line in bill.lines if line.repeated and not line.replaced]
        for cause, lines in ((Cause.BILLED_TWICE, repeated), (Cause.REISSUED, replaced)):
            usd = exact_sum(line.usd for line in lines)
            yield ReconciliationStep(cause=cause, usd=usd, about=plural(len(lines), "line"), cells=len(lines))
    for kind in (ChargeKind.CREDIT, ChargeKind.TAX, ChargeKind.COVERED, ChargeKind.CAPACITY, ChargeKind.OTHER):
        lines = [line for line in bill.lines if line.kind is kind and not (grid.once and line.again)]
        yield ReconciliationStep(cause=kind, usd=exact_sum(line.usd for line in lines), cells=len(lines))


def _changed(grid: Grid, amounts: Array) -> int:
    return int((np.abs(amounts) > grid.slack).sum())


def _zone(grid: Grid, clock: BillClock) -> str:
    """`UTC+5:45`, or `UTC-7, UTC-8 from 2026-11-01, as in America/Los_Angeles`."""
    starts = [start for start, _ in grid.periods]
    said: list[str] = []
    before: int | None = None
    for start, ahead in zip(starts, clock.ahead(starts), strict=True):
        if ahead != before:
            hours, quarters = divmod(abs(ahead), 4)
            name = f"UTC{'+' if ahead >= 0 else '-'}{hours}{f':{15 * quarters}' if quarters else ''}"
            said.append(name if before is None else f"{name} from {_day(start)}")
        before = ahead
    return ", ".join([*said, *([f"as in {clock.zone}"] if clock.zone else [])])


def _stretch(grid: Grid, change: PriceChange) -> str:
    """`gpt-4o: 0.8 times from 2026-09-15 on`."""
    first, last = (_day(grid.periods[row][0]) for row in (change.first, change.last))
    when = f"from {first} to {last}"
    if not grid.bill[change.last + 1 :].any():
        when = f"from {first} on"
    elif not grid.bill[: change.first].any():
        when = f"until {last}"
    return f"{'all models' if change.model is None else change.model or 'all'}: {change.factor:.3g} times {when}"


def _outside(grid: Grid, fit: Fit) -> str:
    return f"the bill is of {_day(grid.periods[0][0])} to {_day(grid.periods[-1][1])}"


def _days_of(grid: Grid, where: Mask) -> str:
    """The periods of some places, the first few by name."""
    rows = np.flatnonzero(where.any(axis=1))
    named = [_day(grid.periods[row][0]) for row in rows[:DAYS_NAMED]]
    more = f" and {len(rows) - DAYS_NAMED} more" if len(rows) > DAYS_NAMED else ""
    return ", ".join(named) + more


def _silences(grid: Grid) -> str:
    """The stretches in which the log has no record, in UTC."""
    edges = np.diff(np.concatenate([[0.0], grid.logged.silent, [0.0]]))
    starts, ends = np.flatnonzero(edges > 0), np.flatnonzero(edges < 0)
    said = [
        f"{_hour(grid.logged, int(start))} to {_hour(grid.logged, int(end))} UTC"
        for start, end in zip(starts, ends, strict=True)
    ]
    more = f" and {len(said) - DAYS_NAMED} more" if len(said) > DAYS_NAMED else ""
    return "; ".join(said[:DAYS_NAMED]) + more


def _hour(logged: Logged, slot: int) -> str:
    return f"{datetime.fromtimestamp((logged.first + slot) * SLOT_US / 1e6, UTC):%Y-%m-%d %H:%M}"


def _day(moment: datetime) -> str:
    """A day, with the hour where it does not begin at midnight."""
    return f"{moment:%Y-%m-%d}" if moment.hour == moment.minute == 0 else f"{moment:%Y-%m-%dT%H:%MZ}"
