"""Which rows of the traffic are money: one rule, in the words of tables in `core.columns`.

A request is billable when its `status` is in BILLABLE_STATUSES, `duplicate_of` is null and `cache_hit` is not true.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from enum import StrEnum

from audit.core.display import count, usd

BILLABLE_STATUSES = ("ok", "partial")
SPEND_COLUMNS = ("cost_usd_logged", "cost_usd_recomputed")
"""What was billed, the first that is not null: the log's figure, then the price table's."""
MODEL_COLUMNS = ("model_key", "model_responded", "model_called", "model_requested")
"""What a row's model is called in a report, the first that is not null."""


class Apart(StrEnum):
    """Rows that are no billable request. What the log says they cost is in no sum of spend, and is told beside it: with
    the spend, every dollar of the log is in one counter. A row belongs to the first of these that holds."""

    TWICE = "logged_twice"
    FAILED = "failed"
    UNKNOWN = "unknown_outcome"
    CACHE = "gateway_cache"

    @property
    def words(self) -> str:
        """What the rows are."""
        return _APART_WORDS[self]

    def counted(self, number: int, dollars: float | None) -> str:
        """How many rows there are, and what the log says that they cost, if anything: `7 failed, logged at $0.38`."""
        return f"{count(number)} {self.words}" + ("" if dollars is None else f", logged at {usd(dollars)}")


_APART_WORDS = {
    Apart.TWICE: "logged twice",
    Apart.CACHE: "from the gateway's cache",
    Apart.FAILED: "failed",
    Apart.UNKNOWN: "of unknown outcome",
}


class PricedBy(StrEnum):
    """Who says what a call cost."""

    GATEWAY = "gateway_pricetable"
    PLATFORM = "platform_pricetable"
    PROVIDER = "provider"
    RECOMPUTED = "recomputed"
    FREE = "free"

    @classmethod
    def words_of(cls, basis: str) -> str:
        """As a part of all dollars is told: `82% logged by the gateway`; an adapter of somebody else may have a word of
        its own."""
        return _PRICED_WORDS.get(basis, basis.replace("_", " "))


_PRICED_WORDS: dict[str, str] = {
    PricedBy.GATEWAY: "logged by the gateway",
    PricedBy.PLATFORM: "logged by the platform",
    PricedBy.PROVIDER: "reported by the provider",
    PricedBy.RECOMPUTED: "recomputed from prices and tokens",
    PricedBy.FREE: "free by the model's name",
}


def exact_sum(dollars: Iterable[float | None]) -> float:
    """The correctly rounded sum of what is known; it does not depend on the order, so equal rows give equal bytes."""
    # A column of a frame hands over a list of its values ten times as fast as one value after the other.
    if (known := getattr(dollars, "drop_nulls", None)) is not None:
        return math.fsum(known().to_list())
    return math.fsum(value for value in dollars if value is not None)
