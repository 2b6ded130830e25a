"""A renewal as a table, one row per vendor: CSV with plain numbers, or Markdown with words."""

from __future__ import annotations

import csv
import io

from audit.core.display import percent, usd, usd_interval
from audit.core.renewal import Renewal, RenewalDecision, VendorRenewal

DECISIONS = {
    RenewalDecision.SIGN: "sign",
    RenewalDecision.GO_WITHOUT: "go without a contract",
    RenewalDecision.NOTHING_NEEDED: "nothing is needed",
}
HEAD = (
    "vendor",
    "decision",
    "commit_usd",
    "commit_low_usd",
    "commit_high_usd",
    "need_usd",
    "need_low_usd",
    "need_high_usd",
    "need_before_usd",
    "expected_cost_usd",
    "unused_risk",
    "without_contract_usd",
    "break_even_price",
    "walk_away_price",
    "avoidable_usd",
    "not_saved_usd",
    "tier_lost_usd",
)


def renewal_csv(renewal: Renewal) -> str:
    """Comma-separated values: USD over the term, prices as multiples of the offer's, empty where there is none."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(HEAD)
    writer.writerows([_plain(value) for value in _row(vendor)] for vendor in renewal.vendors)
    return out.getvalue()


def _row(vendor: VendorRenewal) -> list[str | float | None]:
    commit, need, chosen = vendor.commit_usd, vendor.need_usd, vendor.recommended
    signs = vendor.decision is RenewalDecision.SIGN
    return [
        vendor.name,
        vendor.decision.value,
        *((commit.est, commit.lo, commit.hi) if commit else (None, None, None)),
        need.est,
        need.lo,
        need.hi,
        vendor.need_before_usd.est,
        chosen.cost_usd.est if chosen and signs else vendor.without_usd.est,
        chosen.unused_risk if chosen and signs else None,
        vendor.without_usd.est,
        vendor.break_even,
        vendor.walk_away.est if vendor.walk_away else None,
        vendor.avoidable_usd,
        vendor.not_saved_usd,
        vendor.tier_lost_usd,
    ]


def _plain(value: str | float | None) -> str:
    if isinstance(value, str):
        # A spreadsheet must not take a vendor's name for a formula.
        return f"'{value}" if value[:1] in "=+-@\t\r" else value
    return "" if value is None else f"{value:.4f}".rstrip("0").rstrip(".")


def renewal_markdown(renewal: Renewal) -> str:
    """A Markdown table, and the assumptions under it."""
    lines = [
        "| Vendor | Do | Commit | Need | Cost if signed | Without a contract | Break-even | Walk-away |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for vendor in renewal.vendors:
        chosen = vendor.recommended
        cells = [
            vendor.name,
            DECISIONS[vendor.decision],
            "–" if vendor.commit_usd is None else usd_interval(vendor.commit_usd),
            usd_interval(vendor.need_usd),
            "–" if chosen is None else usd(chosen.cost_usd.est),
            usd(vendor.without_usd.est),
            "–" if vendor.break_even is None else percent(vendor.break_even),
            "–" if vendor.walk_away is None else percent(vendor.walk_away.est),
        ]
        lines.append("| " + " | ".join(_cell(cell) for cell in cells) + " |")
    lines += ["", "USD over the term; break-even and walk-away in % of the offer's prices.", "", "Assumptions:", ""]
    lines += [f"- {_cell(line.key)}: {_cell(line.value)} ({line.origin.value})" for line in renewal.assumptions]
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    """Text that neither ends the cell nor becomes markup."""
    flat = " ".join(text.split())
    return "".join(f"\\{char}" if char in "\\`*_[]<>|!" else char for char in flat)
