"""Audits made by hand for renewals: a year of log, so that a year's need is the log's spend."""

from dataclasses import replace
from typing import Any

from audit.core.contract import ContractSettings
from audit.core.finding import Findings, RouteFinding, Verdict
from audit.core.interval import Estimate
from audit.core.renewal import Renewal
from audit.renewal.run import renew
from tests.report.fixtures import LARGE, candidate, changed, findings, route

LEVEL = 0.95
OTHER = "birch-9b"


def exact(value: float) -> Estimate:
    """A figure without error."""
    return Estimate.exact(value, LEVEL)


def kept(name: str, spend: float) -> RouteFinding:
    """A route that stays on the large model."""
    made = route(name, spend, 1000, candidate("local", saving=-1.0))
    return changed(
        made,
        auditable_usd=spend,
        incumbents={LARGE: 1.0},
        verdict=Verdict.KEEP,
        avoidable_usd=exact(0.0),
        up_to_usd=0.0,
    )


def moved(name: str, spend: float, saving: Estimate) -> RouteFinding:
    """A route that was proven to move to another vendor's model."""
    tested = replace(candidate("local", saving=saving.est), saving_usd=saving)
    return changed(
        route(name, spend, 1000, tested),
        auditable_usd=spend,
        incumbents={LARGE: 1.0},
        verdict=Verdict.SWITCH,
        candidate="local",
        avoidable_usd=saving,
        up_to_usd=0.0,
    )


def audited(*routes: RouteFinding, **changes: Any) -> Findings:
    """An audit of a year's log."""
    made = findings(routes)
    spend = sum(entry.spend_usd for entry in routes)
    return replace(made, **{"days": 365, "spend_usd": spend, "not_proven_usd": 0.0, **changes})


def contract(*, vendors: list[dict[str, Any]] | None = None, growth: Any = None, **vendor: Any) -> ContractSettings:
    """A contract as `audit.yaml` writes it: one vendor with the large model, or several."""
    own = {key: vendor.pop(key) for key in ("months", "risk", "starts", "moves_after", "levers") if key in vendor}
    entries = vendors or [{"name": "aurora", "models": [LARGE], **vendor}]
    return ContractSettings.model_validate({"vendors": entries, **own, **({"growth": growth} if growth else {})})


def renewed(found: Findings, terms: ContractSettings, seed: int = 0) -> Renewal:
    """The renewal, without the log's tokens."""
    return renew(found, terms, {}, seed)
