"""What to do next: moves in order, with who does them, what they take and what they are worth; how they begin and are
taken back; then what to mend, what to decide, and what to ask the vendor."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from audit.core.display import listing, percent, percent_share, points, usd
from audit.core.finding import Findings, RouteFinding, Verdict
from audit.core.policy import bare
from audit.report.routes import saved_text
from audit.report.words import (
    decides,
    moves,
    recommended,
    route_name,
    rule_text,
    settings_of,
    trim_of,
    why_undecided,
    why_untried,
)

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
        owner: Who does it.
        effort: How long it takes, in a word or two.
        text: What it takes.
    """

    css: str
    lead: str
    worth: str
    owner: str
    effort: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionList:
    """The section.

    Attributes:
        actions: The first ones.
        more: How many there are beside them.
        moves: Whether anything moves, so that a canary and a way back are worth a word.
        no_canary: What a canary would need and the run lacks; "" where one can be sized.
        ask: What to ask the vendor of today's models; "" where nothing moves.
    """

    actions: tuple[Action, ...]
    more: int
    moves: bool
    no_canary: str
    ask: str

    @property
    def canary(self) -> bool:
        """Whether what moves can begin with a share of its traffic."""
        return not self.no_canary


def action_list(findings: Findings) -> ActionList | None:
    """Write down what follows from the verdicts of a replay; None where nothing does."""
    moving = sorted(filter(moves, findings.routes), key=lambda one: -(one.avoidable_usd.lo or 0.0))
    # Hundreds of routes may move: only those are written out that are shown.
    found = [*_moves(moving[:MOST], findings), *_repairs(findings), *_open(findings)]
    if not found:
        return None
    return ActionList(
        actions=tuple(found[:MOST]),
        more=max(len(found) + len(moving[MOST:]) - MOST, 0),
        moves=bool(moving),
        no_canary=_no_canary(findings),
        ask=_ask(findings),
    )


def _no_canary(findings: Findings) -> str:
    """What `audit policy --canary` would refuse the run for."""
    if not findings.days:
        return "the log does not say over how many days it went"
    strict = [route for route in findings.routes if moves(route) and not route.margin]
    return f"{route_name(strict[0])} may lose nothing at all" if strict else ""


def _ask(findings: Findings) -> str:
    """By how much today's models would have to become cheaper, on what moves, before staying cost no more."""
    moving = [route for route in findings.routes if moves(route)]
    billed = [route.recommendation.moves.spend_usd for route in moving]
    known = [amount for amount in billed if amount is not None]
    if not moving or len(known) < len(billed) or sum(known) <= 0:
        return ""
    saved = sum(route.avoidable_usd.est for route in moving)
    replaced = (
        model for route in moving for model in route.incumbents if bare(model) != bare(route.recommendation.model or "")
    )
    models = listing(list(dict.fromkeys(replaced)))
    share = percent_share(min(max(saved / sum(known), 0.0), 1.0))
    return f"What {models} would cost from now on: on what moves, staying pays only if the price falls by {share}."


def _moves(moving: Sequence[RouteFinding], findings: Findings) -> Iterator[Action]:
    """What moves."""
    for route in moving:
        made, (effort, text) = route.recommendation, _effort(route, findings)
        part = "" if route.verdict is Verdict.SWITCH else f" {percent_share(made.moves.share)} of"
        yield Action(
            css="switch" if route.verdict is Verdict.SWITCH else "split",
            lead=f"Move{part} {route_name(route)} to {made.tier}.",
            worth=_worth(route, findings),
            owner="whoever runs the gateway",
            effort=effort,
            text=text,
        )


def _worth(route: RouteFinding, findings: Findings) -> str:
    if not findings.days:
        return f"{saved_text(route, findings)} in this log"
    return f"{saved_text(route, findings, MONTH_DAYS / findings.days)} a month"


def _effort(route: RouteFinding, findings: Findings) -> tuple[str, str]:
    """How long a move takes, and what it asks of whoever makes it."""
    if route.verdict is Verdict.SWITCH and (tier := route.candidate) is not None:
        if (trim := trim_of(findings, tier)) is not None:
            return "hours", f"Its requests are sent {trim.words}, by the caller or by the router."
        if settings := settings_of(findings, tier):
            return "minutes", f"Its model is asked with another {listing(sorted(settings))}."
        return "minutes", "Its model is changed, nothing else."
    params, rule = recommended(route), rule_text(recommended(route))
    if params.get("verifier"):
        asked_twice = percent_share(route.recommendation.moves.share_escalated)
        return "days", f"The answer is checked ({params['verifier']}); {asked_twice} of its requests are asked twice."
    if isinstance(params.get("conditions"), list | tuple):
        return "hours", f"A rule before the call: {rule}."
    return "days", f"A score before the call: {rule}. The gateway needs the router, or calls it."


def _repairs(findings: Findings) -> Iterator[Action]:
    """Routes whose answers are too poor today for cost to be the question."""
    for route in findings.routes:
        if route.below_floor and route.accepted_rate is not None and route.floor is not None:
            yield Action(
                css="keep",
                lead=f"Mend the answers of {route_name(route)}.",
                worth="",
                owner="the team of the route",
                effort="",
                text=f"{percent_share(route.accepted_rate.est)} are accepted today, below its own floor of "
                f"{percent(route.floor)}; no cheaper tier mends that.",
            )


def _open(findings: Findings) -> Iterator[Action]:
    """What is not proven, the largest possible saving first: what would settle it, or what stands in the way."""
    left = [route for route in findings.routes if route.verdict is Verdict.NOT_PROVEN and not route.below_floor]
    for route in sorted(left, key=lambda one: (-one.up_to_usd, -one.spend_usd)):
        text = _what_settles(route)
        if text:
            yield Action(
                css="open",
                lead=f"Settle {route_name(route)}, or leave it as it is.",
                worth=f"Up to {usd(route.up_to_usd)} in this log" if route.up_to_usd else "",
                owner="whoever runs the audit",
                effort="",
                text=text,
            )


def _what_settles(route: RouteFinding) -> str:
    """What would decide a route that is open; "" where nothing is known to, and nothing to be gained."""
    if need := decides(route.needs_more):
        return _sentence(need)
    if route.is_untested and route.reason:
        return _sentence(why_untried(route))
    if why := why_undecided(route):
        return _sentence(why)
    if not route.up_to_usd:
        return ""
    noise = route.noise_floor
    if noise is None or not noise.shifted:
        return "More replays of this log would not settle it."
    return (
        f"More replays of this log would not settle it: today’s model, asked again, moves by {points(noise.delta.est)} "
        "points itself. Criteria that compare with a right answer tell such differences from losses."
    )


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."
