"""Earlier audits of the same configuration, as the report recalls them: an input that a run folder records."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from audit.core.finding import Findings
from audit.core.interval import Estimate

SCHEMA = "audit-history/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class PastAudit:
    """One audit in a line; money is USD in its own window.

    Attributes:
        window_from: ISO date or date-time.
        window_to: ISO date or date-time.
        avoidable_share: Of its spend.
        verdicts: Routes by verdict.
        cost_per_1k_usd: Per 1,000 requests with a known cost; None without any, or where an old record lacks it.
    """

    run_id: str
    window_from: str | None
    window_to: str | None
    days: int
    requests: int
    spend_usd: float
    avoidable_usd: Estimate
    avoidable_share: Estimate
    verdicts: dict[str, int]
    cost_per_1k_usd: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Earlier audits, oldest first."""

    audits: tuple[PastAudit, ...] = ()
    schema: str = SCHEMA


def past_audit(findings: Findings) -> PastAudit:
    """An audit as later ones recall it."""
    return PastAudit(
        run_id=findings.run_id,
        window_from=findings.window.get("from"),
        window_to=findings.window.get("to"),
        days=findings.days,
        requests=findings.requests,
        spend_usd=findings.spend_usd,
        avoidable_usd=findings.avoidable_usd,
        avoidable_share=findings.avoidable_share,
        verdicts=dict(Counter(route.verdict.value for route in findings.routes)),
        cost_per_1k_usd=findings.mix.total.cost_per_1k_usd,
    )
