"""What was erased of somebody, or would be."""

from __future__ import annotations

from audit.core.display import count, listing, plural, terminal_safe
from audit.flow.erasing import Erasure

KEPT = (
    "Kept: tokens, costs, times, scores and verdicts of these requests, without texts and names; figures as computed.",
    "Not touched: the log itself, packs and reports that were written elsewhere, backups.",
)


def erasure_lines(found: Erasure) -> list[str]:
    """What there is of each kind, what stays, and what to do next."""
    routes = listing([terminal_safe(route) or "(no route)" for route in found.routes[:3]])
    more = f" and {len(found.routes) - 3} more" if len(found.routes) > 3 else ""
    done = "Erased" if found.done else "To erase"
    lines = [f"{done}: {plural(found.requests, 'request')} of {routes}{more}"]
    wide = max((len(count(number)) for number in found.counts.values()), default=0)
    lines += [f"  {count(number):>{wide}}  {what}" for what, number in found.counts.items()]
    if found.shared:
        says = "somebody else sent word for word: what tiers answered to them stays."
        lines.append(f"{plural(found.shared, 'request')} {says}")
    return [*lines, *KEPT, *([] if found.done else ["Nothing was changed: add --yes to erase it."])]
