"""Bills, one kind a file, most specific first: the order in which they are tried on a file's first record."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from audit.core.catalog import Catalog
from audit.core.reconciliation import BillLine, ChargeKind, Uncounted
from audit.core.settings import ReconcileSettings


@dataclass(frozen=True, slots=True)
class LeftOutLine:
    """A line of a bill that is no charge of a model's use, or says again what others say.

    Attributes:
        usd: What it costs.
        why: Why it is left out.
        line: What it would be if the bill had no line of usage beside it, as one of daily totals has.
    """

    usd: float
    why: Uncounted = Uncounted.OTHER_SERVICE
    line: BillLine | None = None


@dataclass(frozen=True, slots=True)
class UndatedCharge:
    """A credit, tax or fee of the bill as a whole: a line without a day, as at the foot of an invoice."""

    usd: float
    kind: ChargeKind
    item: str = ""


Charges = Sequence[BillLine | LeftOutLine | UndatedCharge]
ChargeReader = Callable[[Mapping[str, Any]], Charges]
"""From one record of the file to its lines. Raises `Unusable` for one without a day or an amount that can be read, and
`InputError` for another currency."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BillFormat:
    """How one kind of bill is told and read.

    Attributes:
        name: Its name in the output.
        summary: One line for the documentation.
        detects: Why a record is of this kind, in words that name its columns; None when it is not.
        open: A reader, for the settings and the first records.
    """

    name: str
    summary: str
    detects: Callable[[Mapping[str, Any], ReconcileSettings], str | None]
    open: Callable[[ReconcileSettings, Sequence[Mapping[str, Any]]], ChargeReader]


def sample_of(records: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The first records as one: a cell that is empty in one row may be filled in the next."""
    found: dict[str, Any] = {}
    for record in records:
        for name, value in record.items():
            if found.get(name) in (None, ""):
                found[name] = value
    return found


BILLS: Catalog[BillFormat] = Catalog(
    kind="bill",
    group="audit.bills",
    package=__name__,
    constant="BILL",
    names=(
        *("openai-costs", "anthropic-costs", "aws-cur", "focus", "azure-costs", "google-billing"),
        *("openrouter-activity", "invoice"),
    ),
    expects=BillFormat,
)
