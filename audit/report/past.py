"""This audit after earlier ones of the same configuration: a row each, with the avoidable share as an interval."""

from __future__ import annotations

from dataclasses import dataclass

from audit.core.display import compact, percent_interval, percent_share, usd, usd_rate
from audit.core.finding import Findings, Verdict
from audit.core.history import History, PastAudit, past_audit
from audit.core.interval import Estimate
from audit.report.charts import MINI
from audit.report.scales import Linear
from audit.report.words import STATUS, change_text, window_text


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareMark:
    """The avoidable share of an audit on the scale that all rows have in common."""

    key: str
    title: str
    desc: str
    x: float
    ends: tuple[float, float] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PastRow:
    """One audit."""

    window: str
    run_id: str
    requests: str
    paid: str
    per_1k: str
    share: str
    ends: str
    mark: ShareMark
    verdicts: str
    this: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """The section."""

    finding: str
    rows: tuple[PastRow, ...]


def past(findings: Findings, history: History) -> Past | None:
    """Lay the section out; None without earlier audits, or when this one tested nothing."""
    if not history.audits or not findings.tested:
        return None
    audits = [*history.audits, past_audit(findings)]
    highest = max(_high(one.avoidable_share) for one in audits)
    scale = Linear(low=0.0, high=highest or 1.0, start=6, end=MINI - 6)
    before, now = audits[-2], audits[-1]
    finding = (
        f"Since the audit before, {percent_share(before.avoidable_share.est)} avoidable became "
        f"{percent_share(now.avoidable_share.est)} of spend."
    )
    old, new = before.cost_per_1k_usd, now.cost_per_1k_usd
    if old is not None and new is not None:
        finding += f" Cost per 1,000 requests went from {usd(old)} to {usd(new)} ({change_text(old, new)})."
    last = len(audits) - 1
    return Past(
        finding=finding,
        rows=tuple(_row(one, f"h{index}", scale, this=index == last) for index, one in enumerate(audits)),
    )


def _row(one: PastAudit, key: str, scale: Linear, *, this: bool) -> PastRow:
    share, per_1k, window = one.avoidable_share, one.cost_per_1k_usd, window_text(one.window_from, one.window_to)
    ends = None
    if share.lo is not None and share.hi is not None:
        ends = scale.clip(share.lo), scale.clip(share.hi)
    shown, _, text = percent_interval(share, 0).partition(" ")
    return PastRow(
        window=window,
        run_id=one.run_id,
        requests=compact(one.requests),
        paid=usd(one.spend_usd),
        per_1k="–" if per_1k is None else usd_rate(per_1k),
        share=shown,
        ends=text,
        mark=ShareMark(
            key=key,
            title=f"Avoidable share, {window}",
            desc=f"{shown} {text}".rstrip() + ".",
            x=scale.clip(share.est),
            ends=ends,
        ),
        verdicts=", ".join(
            f"{STATUS[verdict].glyph} {one.verdicts[verdict.value]} {STATUS[verdict].word.lower()}"
            for verdict in Verdict
            if one.verdicts.get(verdict.value)
        ),
        this=this,
    )


def _high(estimate: Estimate) -> float:
    return estimate.est if estimate.hi is None else max(estimate.est, estimate.hi)
