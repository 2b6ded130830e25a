"""The steps of a canary, as sentences beside the policy that is written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from audit.core.display import count, percent_brief, percent_share, plural, points, terminal_safe, usd
from audit.core.errors import InputError, UnknownName
from audit.core.policy import CanaryKey
from audit.policy.canary import BAD, LIFE_DAYS, CanaryRoute


def canary_key_of(by: str | None, step: int | None) -> CanaryKey:
    """What the command line says that stays together in a canary.

    Raises:
        InputError: It is no such thing, or there is no canary.
    """
    if by is None:
        return CanaryKey.SESSION
    if step is None:
        raise InputError("`--canary-by` is about `--canary`", code="policy.canary", hint="--canary 1 --canary-by user")
    if by not in tuple(CanaryKey):
        raise UnknownName.among("key of a canary", by, list(CanaryKey))
    return CanaryKey(by)


def canary_notes(plan: Sequence[CanaryRoute], number: int) -> list[str]:
    """What each route's canary does, where it stands, and when it is taken back."""
    return [line for one in plan for line in _route_lines(one, number)] + [
        "Advance a step when `audit gate NEXT_RUN --policy policy.json` has not failed on the window's traffic.",
        "Where it fails (exit 1), take the policy back:  --canary 0",
    ]


def _route_lines(one: CanaryRoute, number: int) -> Iterator[str]:
    name = terminal_safe(one.route)
    days = plural(round(one.window_days), "day")
    if not one.steps:
        yield f"{name}: no canary: one step of the smallest share would be expected to lose more than it may."
        return
    for at, step in enumerate(one.steps, start=1):
        here = "> " if at == min(number, len(one.steps)) and number else "  "
        yield (
            f"{here}{name}, step {at}: {percent_brief(step.share)} for {days}, {count(step.pairs)} watched; a loss of "
            f"{points(BAD * one.margin).lstrip('+')} points is seen by then with a chance of {percent_share(step.seen)}"
        )
    cost = "" if one.watch_usd is None else f"; the watch replays today's tier for at most {usd(one.watch_usd)} a step"
    lost = one.steps[-1].lost * one.requests
    yield f"  {name}: such a loss costs {count(round(lost))} answers before it is seen{cost}."
    if not one.complete:
        yield (
            f"  {name}: with {count(round(one.requests))} requests in {days} a loss is not seen soon enough to go "
            f"further in the {LIFE_DAYS:.0f} days that the evidence holds: watch longer, or take a wider margin."
        )
