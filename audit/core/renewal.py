"""`renewal.json`: what to sign. The report's section and the terminal read this and no more.

Money is USD over the whole term, prices are multiples of what the log was billed, rates are in [0, 1]. An estimate
over the term has the mean as `est` and the quantiles of the simulation as its ends, unless it says otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from audit.core.exchange import Usage
from audit.core.interval import Estimate

SCHEMA = "audit-renewal/1"


class RenewalDecision(StrEnum):
    """What to do with a vendor's offer."""

    SIGN = "sign"
    GO_WITHOUT = "go_without"
    NOTHING_NEEDED = "nothing_needed"


class Origin(StrEnum):
    """Where an assumption comes from."""

    MEASURED = "measured"
    LIST_PRICE = "list price"
    CONTRACT = "audit.yaml"
    ASSUMED = "assumed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Billed:
    """What the log was billed for one model, and for which tokens; rows without a cost or without tokens left out."""

    spend_usd: float
    usage: Usage


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumption:
    """One line of what the figures rest on. `key` is its place in `audit.yaml`, or what was measured."""

    key: str
    value: str
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitOption:
    """One commitment, and what it leads to.

    Attributes:
        commit_usd: Signed.
        cost_usd: What is paid.
        unused_usd: Expected part of the commitment that is not used.
        unused_risk: Probability that a part is not used.
        overage_usd: Expected bill beyond the commitment.
        discount: Expected discount of the tiers.
    """

    commit_usd: float
    cost_usd: Estimate
    unused_usd: float
    unused_risk: float
    overage_usd: float
    discount: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CurvePoint:
    """Cost at one commitment: expected, and the quantiles of the simulation."""

    commit_usd: float
    cost_usd: float
    low_usd: float
    high_usd: float
    unused_risk: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TierOutcome:
    """One discount tier, before and after the proven moves are made, at the recommended commitment.

    Attributes:
        reached_before: Probability that it is reached when nothing moves.
        reached_after: When the proven moves are made.
    """

    from_usd: float
    discount: float
    reached_before: float
    reached_after: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CapacityOutcome:
    """Provisioned capacity: expected use that its fees pay for, and what it saves against paying by token."""

    fees_usd: float
    replaces_usd: float
    saves_usd: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Retirement:
    """A model that is switched off in the term.

    Attributes:
        spend_usd: Expected use of it after that day, at the log's prices, after the proven moves: it has to move.
        moved_usd: Part of its use that the proven moves take elsewhere anyway.
        proven: Whether the audit proved a successor for all of it.
    """

    model: str
    on: str
    spend_usd: float
    moved_usd: float
    proven: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class VendorRenewal:
    """What to sign with one vendor, and why.

    Attributes:
        models: Names that it bills, of the log and of the tiers that routes move to.
        need_usd: Use at negotiated prices once the proven moves are made, before discount tiers.
        need_before_usd: The same if nothing moved.
        minimum_usd: The floor.
        decision: Sign, go without a contract, or nothing is needed here.
        commit_usd: The commitment to sign; its interval holds what would be signed if the audit's savings were known
            exactly. None when nothing is to be signed.
        recommended: Least expected cost among commitments within the accepted risk; else the floor. None when the
            vendor has no use.
        within_risk: False when even the floor is left unused more often than accepted.
        cheapest: Least expected cost, whatever the risk.
        at_risk: The largest commitment within the accepted risk; None when even the floor is not.
        committed: The one that `committed_usd` names, or None.
        without_usd: What is paid without a contract.
        break_even: Price, of the offer's, at which the contract costs what going without does; above it, do not sign.
            None when the floor costs more at any price, or when there is no use.
        walk_away: Price, of the offer's, at which leaving the routes that were proven movable where they are costs what
            moving them does; above it, they move. None when nothing proven leaves.
        walk_away_routes: Those routes.
        basis_usd: Commitment that the next three are about: `committed_usd`, else the recommended one, against what
            would be recommended if nothing moved.
        avoidable_usd: What the proven moves take off this vendor's need, at the discount that it has without them.
        not_saved_usd: Part of it that is paid all the same: committed, or a discount tier lost.
        tier_lost_usd: Expected cost of discount that the moves lose.
        curve: Cost by commitment; empty when the floor is more than will be needed, so that there is nothing to choose.
    """

    name: str
    models: tuple[str, ...]
    need_usd: Estimate
    need_before_usd: Estimate
    minimum_usd: float
    decision: RenewalDecision
    commit_usd: Estimate | None
    recommended: CommitOption | None
    within_risk: bool
    cheapest: CommitOption | None
    at_risk: CommitOption | None
    committed: CommitOption | None
    without_usd: Estimate
    break_even: float | None
    walk_away: Estimate | None
    walk_away_routes: tuple[str, ...]
    basis_usd: float
    avoidable_usd: float
    not_saved_usd: float
    tier_lost_usd: float
    tiers: tuple[TierOutcome, ...]
    capacity: CapacityOutcome | None
    retirements: tuple[Retirement, ...]
    curve: tuple[CurvePoint, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewal:
    """The whole of it.

    Attributes:
        run_id: Of the audit.
        starts: First day of the term, or None when neither the log nor the contract has dates.
        risk: Accepted chance of paying for commitment that is not used.
        level: Of every interval.
        cost_usd: Paid to all vendors when the recommendations are followed and the proven moves made.
        cost_before_usd: Paid to all when nothing moves, at the commitments that would be best then.
        outside_usd: Expected use of models that no vendor of the contract bills, at the log's prices; in both costs.
        saved_usd: What the proven moves save under these contracts.
        vendors: In the order of `audit.yaml`.
        warnings: Sentences for "before you sign".
    """

    run_id: str
    months: int
    starts: str | None
    risk: float
    level: float
    seed: int
    demo: bool
    simulated: tuple[str, ...]
    cost_usd: Estimate
    cost_before_usd: Estimate
    outside_usd: float
    saved_usd: Estimate
    vendors: tuple[VendorRenewal, ...]
    assumptions: tuple[Assumption, ...]
    warnings: tuple[str, ...]
    schema: str = SCHEMA
