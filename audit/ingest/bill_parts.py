"""Bills of several accounts, projects or keys: which parts they are of, and the lines of one of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from audit.core.display import listing, usd
from audit.core.errors import InputError, Place
from audit.core.reconciliation import BillLine
from audit.core.traffic import exact_sum
from audit.ingest.bills import Charges
from audit.ingest.values import obj, text

NAMED = 3
"""Parts that are named; of others only how many there are."""
MOST = 200
"""Parts that are kept apart: a column with more is no account's."""
COLUMNS = (
    *("project", "project_id", "project_name", "workspace", "workspace_id", "api_key", "api_key_name"),
    *("team", "account"),
    *("SubAccountId", "SubAccountName", "line_item_usage_account_id", "lineItem/UsageAccountId", "SubscriptionId"),
    *("SubscriptionName", "SubscriptionGuid", "subscriptionName"),
)
"""What exports call the part of an organisation that a line is of."""
_KNOWN = frozenset(COLUMNS)


def check_columns(first: Sequence[Mapping[str, Any]], where: Mapping[str, str], path: Path) -> None:
    """Raises `InputError` where `reconcile.where` names a column that no line has."""
    seen = {str(name) for record in first for name in record if name != "results"}
    seen |= {str(name) for record in first for one in _results(record) for name in one}
    for column in where:
        if column not in seen:
            raise InputError(
                f"the bill has no column `{column}`, which `reconcile.where` names",
                code="reconcile.column",
                place=Place(file=str(path)),
                notes=[f"columns seen: {', '.join(sorted(seen)[:20])}"],
            )


def parted(record: Mapping[str, Any], where: Mapping[str, str]) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """A record as the part that fits and the part that does not; a bucket of an API has some of its results in each."""
    if not where:
        return record, {}
    if not isinstance(record.get("results"), list):
        return (record, {}) if _fits(record, where) else ({}, record)
    results = _results(record)
    mine = [one for one in results if _fits(one, where)]
    others = [one for one in results if not _fits(one, where)]
    return {**record, "results": mine}, {**record, "results": others} if others else {}


def _results(record: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    results = record.get("results")
    return [obj(one) for one in results] if isinstance(results, list) else []


def _fits(line: Mapping[str, Any], where: Mapping[str, str]) -> bool:
    return all(fnmatchcase(text(line.get(column)) or "", pattern) for column, pattern in where.items())


@dataclass(slots=True)
class BillParts:
    """The dollars of a bill by account or project, where it has a column for it."""

    usd: dict[str, dict[str, list[float]]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(list)))

    def add(self, record: Mapping[str, Any], charges: Charges) -> None:
        """Count a record's charges under its parts."""
        lines = [charge for charge in charges if isinstance(charge, BillLine)]
        held = _results(record) or [record]
        if len(held) not in (1, len(lines)):
            return
        for number, one in enumerate(held):
            amounts = [line.usd for line in lines] if len(held) == 1 else [lines[number].usd]
            for column in _KNOWN & one.keys():
                value = text(one[column])
                if value and len(self.usd[column]) <= MOST:
                    self.usd[column][value].extend(amounts)

    def sentence(self) -> str:
        """Of which parts the bill is, by the first column that tells several apart; "" for a bill of one."""
        for column in COLUMNS:
            sums = {name: exact_sum(amounts) for name, amounts in self.usd.get(column, {}).items()}
            if 1 < len(sums) <= MOST:
                largest = sorted(sums, key=lambda name: (-sums[name], name))[:NAMED]
                more = [f"{len(sums) - NAMED} more"] if len(sums) > NAMED else []
                said = listing([*(f"{name} {usd(sums[name])}" for name in largest), *more])
                return (
                    f"the bill is of several by `{column}`: {said}; where the log is of one, say so in audit.yaml: "
                    f"reconcile: {{where: {{{column}: {largest[0]}}}}}"
                )
        return ""
