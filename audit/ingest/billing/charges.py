"""What a row of an invoice is for, by its words: use of a model, a credit, a tax, another charge, or a total."""

from __future__ import annotations

import re

from audit.core.reconciliation import ChargeKind

_CREDIT = ("credit", "discount", "refund", "promo", "rebate", "adjust", "gutschrift", "rabatt")
_TAX = frozenset(("tax", "taxes", "vat", "gst", "hst", "pst", "mwst", "ust", "iva", "tva", "umsatzsteuer"))
_OTHER = frozenset(
    (
        *("fee", "fees", "commitment", "commit", "purchase", "subscription", "support", "seat", "seats", "minimum"),
        *("surcharge", "interest", "rounding", "recharge", "topup", "prepaid", "prepayment", "deposit"),
    )
)
_BOUGHT = frozenset(("purchase", "purchased", "recharge", "topup", "prepaid", "prepayment"))
"""Words by which a credit above zero is one that was bought."""
_TOTALS = frozenset(
    (
        *("total", "totals", "subtotal", "subtotals", "sum", "balance", "payment", "payments", "due", "carried"),
        *("brought", "summe", "gesamt", "gesamtsumme", "gesamtbetrag", "gesamtkosten", "zwischensumme", "saldo"),
        *("zahlung", "rechnungsbetrag", "totaal"),
    )
)
_LEFT_TO_PAY = frozenset(("due", "after", "before", "less", "payable"))
"""Words of what is left when credits are taken off."""
_OF_TOTALS = frozenset(
    (
        *("sub", "grand", "net", "gross", "overall", "all", "amount", "received", "paid", "previous", "opening"),
        *("closing", "outstanding", "invoice", "bill", "month", "monthly", "day", "daily", "usage", "cost", "costs"),
        *("charges", "models", "services", "of", "to", "for", "the", "this", "before", "after", "incl", "excl"),
        *("including", "excluding", "thank", "you", "usd", "and", "in", "on", "your", "new", "current", "final"),
        *("period", "week", "weekly", "quarter", "year", "yearly", "annual", "running", "cumulative", "spend"),
        *("forward", "over", "less", "payable", "applied"),
        *("january", "february", "march", "april", "may", "june", "july", "august", "september", "october"),
        *("november", "december", "jan", "feb", "mar", "apr", "jun", "jul", "aug", "sep", "sept", "oct", "nov", "dec"),
        *("kosten", "betrag", "netto", "brutto", "monat", "rechnung", "offen", "offener", "montant", "mois"),
    )
)
_WORD = re.compile(r"[^\W\d_]+")
_MODEL_ID = re.compile(r"\S*[\d:/]\S*")
"""A text of one word with a digit, a colon or a slash: `ft:gpt-4o:acme:tax-bot:x1`, which is no tax."""


def is_total(words: str) -> bool:
    """Whether a text says that a row is a total, a balance or a payment, and says nothing else.

    What is due after credits is one; a total of credits may be all that a bill says of them.
    """
    said = set(_WORD.findall(words.lower()))
    if said & _LEFT_TO_PAY:
        said = {word for word in said if not word.startswith(_CREDIT)}
    return bool(said & _TOTALS) and said <= _TOTALS | _OF_TOTALS | _TAX


def kind_of(word: str, item: str, usd: float) -> ChargeKind:
    """What a line is for, by its type, else by its text where that is no model's id; below zero it is a credit."""
    for said in (word, "" if word or _MODEL_ID.fullmatch(item.strip()) else item):
        words = _WORD.findall(said.lower())
        if any(one.startswith(_CREDIT) for one in words):
            return ChargeKind.OTHER if usd > 0 and _BOUGHT.intersection(words) else ChargeKind.CREDIT
        if _TAX.intersection(words):
            return ChargeKind.TAX
        if _OTHER.intersection(words):
            return ChargeKind.OTHER
    return ChargeKind.CREDIT if usd < 0 else ChargeKind.USAGE


_CAPACITY = re.compile(
    r"(?i)provisioned|(?<![a-z])ptu|model.?unit|hosting|training|caching storage|custom.?model.?storage"
)
_CACHED = re.compile(r"(?i)cache[-_ ]?read|cached|c?chd|(?<![a-z])cd[- ]inp|caching(?! storage)")


def metered_kind(item: str, usd: float) -> ChargeKind:
    """What a metered line of a cloud's bill is for: capacity is paid by the hour, whatever calls are made."""
    if usd < 0:
        return ChargeKind.CREDIT
    return ChargeKind.CAPACITY if _CAPACITY.search(item) else ChargeKind.USAGE


def is_cached(item: str) -> bool:
    """Whether a line is for tokens that were read from a prompt cache, by the words of its meter."""
    return _CACHED.search(item) is not None
