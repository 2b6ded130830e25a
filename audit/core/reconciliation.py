"""The log beside a bill: what the bill says, how far the log accounts for it, and what explains the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from audit.core.traffic import exact_sum


class ChargeKind(StrEnum):
    """What a line of a bill is for."""

    USAGE = "usage"
    CREDIT = "credit"
    TAX = "tax"
    COVERED = "covered"
    CAPACITY = "capacity"
    OTHER = "other"

    @property
    def words(self) -> str:
        """What the lines are, as a step from the log to the bill."""
        return _CHARGES[self]


_CHARGES = {
    ChargeKind.USAGE: "usage on the bill that is of no model",
    ChargeKind.CREDIT: "credits, discounts and refunds on the bill",
    ChargeKind.TAX: "taxes on the bill",
    ChargeKind.COVERED: "usage that a commitment paid for, billed at $0: the commitment's price stands among other "
    "charges, or on another bill",
    ChargeKind.CAPACITY: "capacity on the bill that is paid by the hour or the job: provisioned throughput, hosting, "
    "cache storage, training",
    ChargeKind.OTHER: "other charges on the bill: fees, commitments, purchases",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class BillLine:
    """One line of a bill.

    Attributes:
        start, end: The time that it is for, the end exclusive. Without a zone in the file: as if it were UTC.
        usd: Amount.
        item: What it is for, as written: a model, or a text with a model's name in it; "" where the bill does not say.
        kind: What sort of charge it is.
        cached: It is for tokens that were read from a prompt cache.
        repeated: The same line stood on the bill before, word for word.
        replaced: A later invoice or file of the bill has a line for the same time and item.
    """

    start: datetime
    end: datetime
    usd: float
    item: str = ""
    kind: ChargeKind = ChargeKind.USAGE
    cached: bool = False
    repeated: bool = False
    replaced: bool = False

    @property
    def again(self) -> bool:
        """Whether what it says may stand on the bill another time."""
        return self.repeated or self.replaced


class Uncounted(StrEnum):
    """Why a line of a bill is in none of its sums."""

    OTHER_SERVICE = "other_service"
    TOTAL = "total"
    NO_DAY = "no_day"
    ELSEWHERE = "elsewhere"

    @property
    def words(self) -> str:
        """What such lines are."""
        return _UNCOUNTED[self]


_UNCOUNTED = {
    Uncounted.OTHER_SERVICE: "of other services",
    Uncounted.TOTAL: "of totals, balances or payments, which repeat others",
    Uncounted.NO_DAY: "of usage without a day that can be read",
    Uncounted.ELSEWHERE: "that `reconcile.where` does not fit",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class UncountedLines:
    """Lines of a bill that are in none of its sums.

    Attributes:
        why: Why not.
        lines: How many.
        usd: What they say, added up.
    """

    why: Uncounted
    lines: int
    usd: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """A bill as it was read.

    Attributes:
        name: Of its file.
        format: Of `ingest.bills`.
        read_as: Which columns were taken for what.
        lines: In the order of the file.
        unit_usd: Smallest step of the amounts: what rounding may take off a line is half of it.
        unread: Lines without an amount that can be read.
        left_out: Lines that are not counted, by why.
        notes: What a reader should know of it.
        parts: Which accounts or projects it is of, where it is of several; for a log that is of one.
    """

    name: str
    format: str
    read_as: str
    lines: tuple[BillLine, ...]
    unit_usd: float = 0.0
    unread: int = 0
    left_out: tuple[UncountedLines, ...] = ()
    notes: tuple[str, ...] = ()
    parts: str = ""


class Cause(StrEnum):
    """Why a bill differs from the log. Each is tested against the figures; the order is that of the printed steps."""

    NO_TIME = "no_time"
    OUTSIDE_BILL = "outside_bill"
    CACHE_CLASSES = "cache_classes"
    CACHE_UNCOUNTED = "cache_uncounted"
    BATCH = "batch_price"
    LIST_PRICE = "list_price"
    FAILED_CALLS = "failed_calls"
    LOGGED_TWICE = "logged_twice"
    BILLED_TWICE = "billed_twice"
    REISSUED = "reissued"
    SHARE_OFF = "share_off"
    SHARE_ON = "share_on"
    MODEL_RATE = "model_rate"
    PRICE_CHANGED = "price_changed"
    TIME_ZONE = "time_zone"
    MODEL_NOT_IN_LOG = "model_not_in_log"
    MODEL_NOT_ON_BILL = "model_not_on_bill"
    DAY_NOT_IN_LOG = "day_not_in_log"
    DAY_NOT_ON_BILL = "day_not_on_bill"
    OUTSIDE_LOG = "outside_log"
    UNPRICED = "unpriced"
    ROUNDING = "rounding"
    UNEXPLAINED = "unexplained"

    @property
    def sentence(self) -> str:
        """What it is, its figures left out."""
        return _CAUSES[self]


_CAUSES = {
    Cause.NO_TIME: "calls of the log that have no time, so no day of the bill is theirs",
    Cause.OUTSIDE_BILL: "calls of the log outside the time of the bill",
    Cause.CACHE_CLASSES: "the log prices cached tokens as others; at the list price of cached tokens it is as billed",
    Cause.CACHE_UNCOUNTED: "the log does not count cached tokens, and the bill has them at their lower price",
    Cause.BATCH: "the log prices calls of batches as others; at the list price of batches it is as billed",
    Cause.LIST_PRICE: "the log's costs are at other prices than the list's; at the list's it is as billed",
    Cause.FAILED_CALLS: "failed calls of the log were billed too",
    Cause.LOGGED_TWICE: "calls that are in the log twice were billed twice",
    Cause.BILLED_TWICE: "lines that stand on the bill twice, word for word, and once in the log",
    Cause.REISSUED: "lines for the same days and models as a later invoice or file, which alone agrees with the log: "
    "they were reissued, or are another account's",
    Cause.SHARE_OFF: "one share less than the log everywhere: a credit or a discount",
    Cause.SHARE_ON: "one share more than the log everywhere: a tax, a fee or another price list",
    Cause.MODEL_RATE: "one model is billed at a constant multiple of the log's price",
    Cause.PRICE_CHANGED: "a price that changed within the bill's time: a discount, a tier of volume, a new list",
    Cause.TIME_ZONE: "the bill's days begin at another hour than the log's",
    Cause.MODEL_NOT_IN_LOG: "a model, or a service, of the bill that the log does not have",
    Cause.MODEL_NOT_ON_BILL: "a model of the log for which the bill has no dollars",
    Cause.DAY_NOT_IN_LOG: "days of the bill on which the log is silent",
    Cause.DAY_NOT_ON_BILL: "days of the log that are not on the bill",
    Cause.OUTSIDE_LOG: "the bill's time before the log begins or after it ends",
    Cause.UNPRICED: "calls whose cost the log does not know",
    Cause.ROUNDING: "rounding, and differences below half a per cent",
    Cause.UNEXPLAINED: "unexplained",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconciliationStep:
    """One step from the dollars of the log to those of the bill.

    Attributes:
        cause: A `Cause`, or a `ChargeKind` that the bill itself names.
        usd: What it adds; the steps add up to the difference.
        about: What it is about: a model, days, hours, a factor.
        cells: Places of the comparison (a day and a model) that it explains.
        explains_usd: Sum of the differences that it does away with, where it moves dollars between days.
    """

    cause: Cause | ChargeKind
    usd: float
    about: str = ""
    cells: int = 0
    explains_usd: float = 0.0

    @property
    def words(self) -> str:
        """The step for people, without its amount."""
        said = self.cause.sentence if isinstance(self.cause, Cause) else self.cause.words
        return f"{said} ({self.about})" if self.about else said


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconciledCell:
    """A period and a model: the log beside the bill.

    Attributes:
        start, end: Of the period, in the bill's own time, ISO 8601; the end is exclusive.
        model: As the log has it, else as the bill; "" where the bill names none.
        log_usd: The calls of the log within the period.
        expected_usd: The same with what was found of the whole bill: prices and shares.
        bill_usd: What the bill says.
        causes: What explains the difference; empty where there is none.
    """

    start: str
    end: str
    model: str
    log_usd: float
    expected_usd: float
    bill_usd: float
    causes: tuple[Cause, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciliation:
    """A log and a bill, held side by side.

    Attributes:
        bill: Name of the bill's file.
        format: How the bill was read.
        read_as: Which of its columns were taken for what.
        log_usd: Billable dollars of the log.
        bill_usd: Total of the bill, without the lines that are left out.
        steps: From the one to the other: `log_usd` and the steps add up to `bill_usd`.
        cells: By period and model, largest difference first.
        shift_hours: By how many hours the bill's clock is ahead of UTC, at its beginning; 0 where nothing was shown.
        unexplained_gross_usd: What no cause explains, without regard to its sign: two errors do not cancel.
        names: Models of the bill by the name that the log has for them, where the two differ.
        unread: Lines of the bill that could not be read.
        left_out: Lines that are in nothing here, by why.
        notes: What a reader should know.
    """

    bill: str
    format: str
    read_as: str
    log_usd: float
    bill_usd: float
    steps: tuple[ReconciliationStep, ...]
    cells: tuple[ReconciledCell, ...]
    shift_hours: float = 0.0
    unexplained_gross_usd: float = 0.0
    names: Mapping[str, str] = field(default_factory=dict)
    unread: int = 0
    left_out: tuple[UncountedLines, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def unexplained_usd(self) -> float:
        """What no cause explains, net."""
        return exact_sum(step.usd for step in self.steps if step.cause is Cause.UNEXPLAINED)

    @property
    def causes(self) -> Sequence[Cause]:
        """The causes found, in their order; rounding and what is unexplained are none."""
        found = {step.cause for step in self.steps} - {Cause.ROUNDING, Cause.UNEXPLAINED}
        return [cause for cause in Cause if cause in found]
