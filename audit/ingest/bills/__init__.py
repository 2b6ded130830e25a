"""Bills, one kind a file, most specific first: the order in which they are tried on a file's first record."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from audit.core.catalog import Catalog
from audit.core.reconciliation import BillLine
from audit.core.settings import ReconcileSettings


@dataclass(frozen=True, slots=True)
class OtherService:
    """A line of a bill that is for another service than a model, and what it costs in USD."""

    usd: float


Charges = Sequence[BillLine | OtherService]
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
        open: A reader, for the settings and the first record.
    """

    name: str
    summary: str
    detects: Callable[[Mapping[str, Any], ReconcileSettings], str | None]
    open: Callable[[ReconcileSettings, Mapping[str, Any]], ChargeReader]


BILLS: Catalog[BillFormat] = Catalog(
    kind="bill",
    group="audit.bills",
    package=__name__,
    constant="BILL",
    names=("openai-costs", "anthropic-costs", "aws-cur", "focus", "invoice"),
    expects=BillFormat,
)
