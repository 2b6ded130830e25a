"""The refusal of a choice of routes and candidates that leaves nothing to test."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

from audit.core.display import count, listing
from audit.core.errors import InputError, UnknownName
from audit.core.plan import RouteDesign
from audit.core.reason import Reason
from audit.core.settings import Settings, SliceSettings

EVERY = SliceSettings().routes
UNPREPARED = (Reason.NO_ENTRY, Reason.NO_CRITERIA)
NAMED = 5
"""Routes that a refusal names, each with its reason."""


def refuse_nothing_chosen(designs: Sequence[RouteDesign], settings: Settings) -> None:
    """Refuse routes and candidates that leave nothing to test: an empty audit would read as one that found nothing.

    A route of which something else is in the way, such as its criteria, is no matter of the choice: it is a finding.

    Raises:
        UnknownName: The log has no route of a glob, and none of the others.
        InputError: No route that is chosen has one of the chosen candidates.
    """
    names = [design.route for design in designs]
    globs = settings.slice.routes
    if names and not any(fnmatchcase(name, glob) for name in names for glob in globs):
        raise UnknownName.among("route", globs[0], [name for name in names if name])
    chosen = [one for one in designs if one.why is None or one.why.reason is not Reason.LEFT_OUT]
    cut = [one for one in chosen if one.why and one.why.reason is Reason.CANDIDATES_LEFT_OUT]
    if any(one.candidates for one in chosen):
        return
    if cut:
        tiers = listing([f"`{name}`" for name in settings.slice.tiers or ()])
        raise InputError(
            f"nothing is left to test: {tiers} is no candidate of any route that is chosen",
            code="slice.nothing",
            notes=_some([f"{_name(one)}: on {one.incumbent or 'an unknown model'} today" for one in cut]),
            hint="a candidate is cheaper than what serves the route, or named by its `candidates:`; without --tier all "
            "of them are tested",
        )
    if settings.slice.routes != EVERY and all(one.why and one.why.reason in UNPREPARED for one in chosen):
        raise InputError(
            "nothing is left to test on the routes that are chosen",
            code="slice.nothing",
            notes=_some([f"{_name(one)}: {one.reason}" for one in chosen]),
            hint="give them an entry with criteria under `routes:` of audit.yaml, or choose others",
        )


def _name(design: RouteDesign) -> str:
    return design.route or "(none)"


def _some(lines: Sequence[str]) -> list[str]:
    rest = len(lines) - NAMED
    return [*lines[:NAMED], *([f"and {count(rest)} more"] if rest > 0 else [])]
