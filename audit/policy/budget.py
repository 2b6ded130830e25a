"""A policy under a budget: of the certified ones, the set that reaches it with the least loss of quality."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from audit.core.display import usd
from audit.core.errors import InputError
from audit.core.options import Option, RouteOptions
from audit.core.units import number

STEPS = 2_000
"""Steps into which the needed saving is cut. Savings are rounded down to whole steps, so a set that reaches the budget
in steps reaches it in dollars."""

MONTH_DAYS = 30
_BUDGET = re.compile(r"\$?\s*(\d[\d,_]*\.?\d*|\.\d+)\s*(?:/\s*(month|window))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class CostBudget:
    """Dollars for a month of 30 days, or for a window as long as the log's."""

    usd: float
    per: str

    def in_window(self, days: int) -> float:
        """Dollars for as many days as the log has."""
        return self.usd * days / MONTH_DAYS if self.per == "month" else self.usd

    def __str__(self) -> str:
        return f"{usd(self.usd)} per {self.per}"


def budget_of(text: str) -> CostBudget:
    """Read `$200`, `$200/month` or `$200/window`; the first is for the window. A shell may have eaten the sign.

    Raises:
        InputError: It is none of these.
    """
    match = _BUDGET.fullmatch(text.strip())
    if match is None:
        raise InputError(f"`--budget {text}` is no budget", code="policy.budget", hint="--budget '$200/month'")
    return CostBudget(usd=number(match[1]), per=match[2] or "window")


def certain(option: Option) -> float:
    """What an option surely saves: the lower end of its interval, or nothing."""
    saving = option.saving_usd
    return max(saving.lo or 0.0, 0.0) if saving is not None else 0.0


def within_budget(
    routes: Sequence[tuple[RouteOptions, Sequence[Option]]], spend_usd: float, budget: CostBudget, days: int
) -> dict[str, Option]:
    """Choose at most one option per route, so that the spend is surely within the budget and least quality is lost.

    The loss is counted in accepted answers: a route's estimated loss times its requests. Savings count at the lower
    ends of their intervals.

    Args:
        routes: With the options that may be chosen.
        spend_usd: Of the log.
        budget: To reach.
        days: Of the log.

    Returns:
        By route, what to run; every other route stays as it is.

    Raises:
        InputError: The spend is within the budget already, or the certified policies do not reach it.
    """
    limit = budget.in_window(days)
    need = spend_usd - limit
    if need <= 0:
        raise InputError(
            f"the log's spend, {usd(spend_usd)} in {days} days, is within {budget} already",
            code="policy.budget-met",
            hint="without --budget the policy saves as much as is certified",
        )
    boldest = {route.route: max(found, key=certain) for route, found in routes if found}
    most = sum(certain(option) for option in boldest.values())
    if most < need:
        raise InputError(
            f"{budget} cannot be reached by certified policies: of {usd(spend_usd)} in {days} days they surely save "
            f"{usd(most)}, which leaves {usd(spend_usd - most)}",
            code="policy.budget-unreachable",
            notes=[f"the budget is {usd(limit)} for these {days} days"],
            hint="more replays may certify more (`audit plan` says where), or accept a larger margin and audit anew",
        )
    return _least_loss(routes, need) or boldest


def _least_loss(routes: Sequence[tuple[RouteOptions, Sequence[Option]]], need: float) -> dict[str, Option] | None:
    """A knapsack over whole steps of the needed saving; None when only the rounding keeps it from being reached."""
    states: dict[int, tuple[float, int, tuple[tuple[str, Option], ...]]] = {0: (0.0, 0, ())}
    for route, found in routes:
        after = dict(states)
        for saved, (loss, moved, chosen) in states.items():
            for option in found:
                step = min(saved + math.floor(certain(option) / need * STEPS), STEPS)
                state = (loss + option.loss * route.requests, moved + 1, (*chosen, (route.route, option)))
                if step not in after or state[:2] < after[step][:2]:
                    after[step] = state
        states = after
    reached = states.get(STEPS)
    return None if reached is None else dict(reached[2])
