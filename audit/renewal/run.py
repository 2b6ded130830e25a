"""Findings and contract to a renewal: what to sign with each vendor."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from audit.core.contract import ContractSettings
from audit.core.errors import InputError
from audit.core.finding import Findings
from audit.core.renewal import Billed, Renewal
from audit.renewal.assumptions import assumptions_of, warnings_of
from audit.renewal.demand import demand_of, need_of
from audit.renewal.leaving import leaving_of
from audit.renewal.offer import estimate, judge_offer
from audit.renewal.rates import rate_of


def renew(findings: Findings, contract: ContractSettings | None, billed: Mapping[str, Billed], seed: int) -> Renewal:
    """Work a renewal out.

    The term is simulated: scenarios of growth and mix, times what the proven moves save, drawn from the audit's
    intervals. What is not proven saves $0. Equal arguments give equal results.

    Args:
        billed: Spend and tokens per model of the log; needed where the contract has prices per million tokens.
        seed: Of the draws.

    Raises:
        InputError: There is no contract, nothing was billed, or an offered price cannot be compared with the log's.
    """
    if contract is None:
        raise InputError(
            "there is nothing to renew: audit.yaml has no `contract:`",
            code="renew.no-contract",
            notes=[
                "add what the vendor offers; what is left out has a default, and the output lists it:",
                "contract:",
                "  vendors:",
                '    - {name: acme, models: ["acme-*"], discount: 10%, minimum_usd: $50000, overage: 115%}',
            ],
            hint="every key: audit init --schema",
        )
    if findings.spend_usd <= 0:
        raise InputError("the log holds no spend, so there is nothing to renew", code="renew.no-spend")
    level = findings.confidence
    demand = demand_of(findings, contract, seed)
    rates = {model: rate_of(model, contract, findings, billed) for model in demand.monthly}
    signed = [
        judge_offer(
            vendor, contract, demand, need_of(vendor, demand, rates), leaving_of(vendor, demand, rates, level), level
        )
        for vendor in contract.vendors
    ]
    outside = need_of(None, demand, rates)
    paid = np.sum([outside.without, *(part.paid for part in signed)], axis=0)
    before = np.sum([outside.without_before, *(part.paid_before for part in signed)], axis=0)
    vendors = tuple(part.vendor for part in signed)
    return Renewal(
        run_id=findings.run_id,
        months=contract.months,
        starts=demand.starts.isoformat() if demand.starts else None,
        risk=contract.risk,
        level=level,
        seed=seed,
        demo=findings.demo,
        simulated=findings.simulated,
        cost_usd=estimate(paid, level),
        cost_before_usd=estimate(before, level),
        outside_usd=float(outside.without.mean()),
        saved_usd=estimate(before - paid, level),
        vendors=vendors,
        assumptions=assumptions_of(findings, contract, demand, rates),
        warnings=warnings_of(findings, contract, vendors),
    )
