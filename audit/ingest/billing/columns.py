"""Which column of an invoice is what, by its name: the day, the amount with its unit and currency, the model."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from audit.core.settings import BillColumns

_USUAL = {
    "day": ("day", "date", "usage_date", "usage_date_utc", "usage_day", "start", "start_date", "start_time",
            "period_start", "timestamp", "time", "month", "billing_month"),
    "end": ("end", "end_date", "end_time", "period_end"),
    "amount": ("amount", "cost", "usd", "total_cost", "charge", "charges", "spend", "net_amount", "line_total",
               "total", "price"),
    "model": ("model", "model_name", "model_id", "sku", "item", "line_item", "product", "description"),
    "kind": ("type", "kind", "category", "charge_type", "line_type"),
    "currency": ("currency", "currency_code", "amount_currency"),
}  # fmt: skip
_QUANTITIES = frozenset(("quantity", "qty", "units", "usage", "usage_quantity", "tokens", "requests"))
"""Columns beside which a price is that of one unit, and no amount."""
_AMOUNTS = frozenset(
    ("amount", "cost", "net", "gross", "discount", "tax", "vat", "subtotal", "total", "credit", "paid")
)
_OF_AMOUNTS = frozenset(
    ("type", "kind", "center", "rate", "tokens", "requests", "currency", "id", "name", "code", "unit")
)
"""Words of columns that hold amounts, and those beside which they do not."""
UNITS = {"cents": 100.0, "micros": 1e6, "microdollars": 1e6, "micro_usd": 1e6}
"""What a column's name may say of its unit: how many make a dollar."""
_MONEY = re.compile(r"_?(usd|us\$|\$|eur|gbp|jpy|inr|cad|aud|chf|cny|brl|sek|nok|dkk|pln|€|£|¥|₹)$")


def columns_of(record: Mapping[str, Any], told: BillColumns | None) -> dict[str, str]:
    """Which column is taken for what: as `reconcile.columns` says, else by the usual names."""
    said = {name: column for name in _USUAL if told and (column := getattr(told, name))}
    if said:
        return said
    plain = {plain_name(column): column for column in map(str, record)}
    if _QUANTITIES & plain.keys():
        plain.pop("price", None)
    found = {name: next((plain[one] for one in usual if one in plain), None) for name, usual in _USUAL.items()}
    found["amount"] = _amount_column(plain)
    if found["amount"] and currency_of(found["amount"]) == "USD":
        found["currency"] = None  # it is that of another column of amounts
    return {name: column for name, column in found.items() if column}


def _amount_column(plain: Mapping[str, str]) -> str | None:
    """The column of amounts: one in dollars before one that says no currency, and that before one in another."""
    found: list[tuple[int, int, str]] = []
    for name, column in plain.items():
        currency, word = currency_of(name), _MONEY.sub("", _without_unit(name)) or "usd"
        if word in _USUAL["amount"]:
            rank = 1 if currency is None else 0 if currency == "USD" else 2
            found.append((rank, _USUAL["amount"].index(word), column))
    return min(found)[2] if found else None


def is_amount(column: str) -> bool:
    """Whether a column's name says that it holds amounts: of what, the reader of a bill has to know."""
    words = set(plain_name(column).split("_"))
    return bool(words & _AMOUNTS) and not words & _OF_AMOUNTS


def plain_name(column: str) -> str:
    """`Amount (USD)` as `amount_usd`."""
    return re.sub(r"[\s()\[\].-]+", "_", column.strip().lower()).strip("_")


def _without_unit(plain: str) -> str:
    return next((plain[: -len(unit) - 1] for unit in UNITS if plain.endswith(f"_{unit}")), plain)


def units_per_usd(column: str) -> float:
    """How many of a column's units make a dollar, by its name."""
    return next((size for unit, size in UNITS.items() if plain_name(column).endswith(f"_{unit}")), 1.0)


def currency_of(column: str) -> str | None:
    """The currency that a column's name says."""
    found = _MONEY.search(_without_unit(plain_name(column)))
    return None if found is None else "USD" if found[1] in ("usd", "us$", "$") else found[1].upper()
