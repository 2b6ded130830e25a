"""The options of `audit policy`, read: what of a policy is wished for."""

from __future__ import annotations

from collections.abc import Iterable

from audit.core.errors import InputError
from audit.core.units import milliseconds
from audit.policy.budget import budget_of
from audit.policy.carve import Wish
from audit.policy.exporter import slug
from audit.policy.segments import part_of


def wish_of(part: str | None, route_wide: bool, max_latency_p95: str | None, budget: str | None) -> Wish:
    """The options of the command line as a wish.

    Raises:
        AuditError: One of them cannot be read, or needs another.
    """
    if route_wide and part is None:
        raise InputError("`--route-wide` is about `--for`", code="policy.part", hint="--for tenant:NAME --route-wide")
    try:
        limit = None if max_latency_p95 is None else milliseconds(max_latency_p95)
    except ValueError as error:
        raise InputError(f"`--max-latency-p95 {max_latency_p95}` {error}", code="policy.latency") from None
    return Wish(
        part=None if part is None else part_of(part),
        route_wide=route_wide,
        latency_p95_ms=limit,
        budget=None if budget is None else budget_of(budget),
    )


def alone(others: Iterable[object]) -> None:
    """See that `--levers` has no option of a policy beside it.

    Raises:
        InputError: It has.
    """
    if any(other not in (None, False) for other in others):
        raise InputError(
            "`--levers` writes no policy, so it takes no option of one",
            code="policy.levers",
            hint="--levers with --to and --output alone",
        )


def label_of(*wishes: str | None) -> str:
    """The end of a folder's name, so that a carved policy never lies where the run's own does."""
    return "".join(f"-{slug(wish)}" for wish in wishes if wish is not None)
