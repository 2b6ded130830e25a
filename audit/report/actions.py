"""What to do next: moves with what they are worth and what they take, then what to mend and what to decide."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from audit.core.display import percent, usd, usd_interval
from audit.core.finding import Findings, RouteFinding, Verdict
from audit.report.words import decides, moves, recommended, route_name, rule_text

MOST = 5
"""Actions that are listed; a plan of more is none."""
MONTH_DAYS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One thing to do.

    Attributes:
        css: Of the verdict that it follows from.
        lead: What, in a few words.
        worth: Dollars, with their interval where they are proven; "" where none is known.
        text: What it takes.
    """

    css: str
    lead: str
    worth: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionList:
    """The section: the first actions, and how many more there are."""

    actions: tuple[Action, ...]
    more: int


def action_list(findings: Findings) -> ActionList | None:
    """Write down what follows from the verdicts of a replay; None where nothing does."""
    found = [*_moves(findings), *_repairs(findings), *_open(findings)]
    if not found:
        return None
    return ActionList(actions=tuple(found[:MOST]), more=max(len(found) - MOST, 0))


def _moves(findings: Findings) -> Iterator[Action]:
    """What moves, the largest sure saving first."""
    moving = [route for route in findings.routes if moves(route)]
    for route in sorted(moving, key=lambda one: -(one.avoidable_usd.lo or 0.0)):
        made = route.recommendation
        part = "" if route.verdict is Verdict.SWITCH else f" {percent(made.moves.share)} of"
        yield Action(
            css="switch" if route.verdict is Verdict.SWITCH else "split",
            lead=f"Move{part} {route_name(route)} to {made.tier}.",
            worth=_worth(route, findings.days),
            text=_effort(route),
        )


def _worth(route: RouteFinding, days: int) -> str:
    saved = route.avoidable_usd
    return f"{usd_interval(saved.scaled(MONTH_DAYS / days))} a month" if days else f"{usd_interval(saved)} in this log"


def _effort(route: RouteFinding) -> str:
    """What a move asks of whoever makes it."""
    if route.verdict is Verdict.SWITCH:
        return "Its model is changed, nothing else."
    params, rule = recommended(route), rule_text(recommended(route))
    if params.get("verifier"):
        asked_twice = percent(route.recommendation.moves.share_escalated)
        return f"The answer is checked ({params['verifier']}); {asked_twice} of its requests are asked twice."
    if isinstance(params.get("conditions"), list | tuple):
        return f"A rule before the call: {rule}."
    return f"A score before the call: {rule}. The gateway needs the router, or calls it."


def _repairs(findings: Findings) -> Iterator[Action]:
    """Routes whose answers are too poor today for cost to be the question."""
    for route in findings.routes:
        if route.below_floor and route.accepted_rate is not None and route.floor is not None:
            yield Action(
                css="keep",
                lead=f"Mend the answers of {route_name(route)}.",
                worth="",
                text=f"{percent(route.accepted_rate.est)} are accepted today, below its own floor of "
                f"{percent(route.floor)}; no cheaper tier mends that.",
            )


def _open(findings: Findings) -> Iterator[Action]:
    """What is not proven, the largest possible saving first: what would settle it, or what stands in the way."""
    left = [route for route in findings.routes if route.verdict is Verdict.NOT_PROVEN and not route.below_floor]
    for route in sorted(left, key=lambda one: (-one.up_to_usd, -one.spend_usd)):
        need = decides(route.needs_more)
        if not need and not route.up_to_usd:
            continue
        yield Action(
            css="open",
            lead=f"Decide {route_name(route)}, or leave it.",
            worth=f"up to {usd(route.up_to_usd)} in this log" if route.up_to_usd else "",
            text=f"{need[0].upper()}{need[1:]}." if need else "More replays of this log would not settle it.",
        )
