"""What a verdict rests on, in sentences: a part that pays for the mean, the units that carry it, its course."""

from __future__ import annotations

from collections.abc import Sequence

from audit.core.display import percent_share, plural, points_interval
from audit.core.robustness import IncumbentPart, Robustness


def robustness_caveats(found: Robustness) -> list[str]:
    """What a reader must know of the units and the course, in sentences."""
    said = []
    drift = found.drift
    if drift is not None and drift.since is not None:
        said.append(
            f"What moves became worse within the window: {points_interval(drift.since)} points since "
            f"{drift.changed_at}."
        )
    if (doubted := found.doubted) is not None:
        said.append(
            f"On {plural(doubted.requests, 'request')} that would move its right answers reject today's answer, and on "
            f"{doubted.same:,} of these the other answer says the same. Two models seldom err alike, so the right "
            "answers may be wrong there: look at some. If today's are right instead, the change is "
            f"{points_interval(doubted.delta)} points."
        )
    said += [
        f"All {plural(one.requests, 'measured request')} of the {one.kind} {one.name} ({percent_share(one.share, 1)} "
        "of the route) that today's answers pass would fail: the mean over the route hides it."
        for one in found.lost
    ]
    if len(found.incumbents) > 1:
        said.append(_against_each(found.incumbents))
    for units in found.units:
        if units.hangs_on:
            said.append(f"Without the {units.kind} {units.hangs_on[0]} the verdict would not be certified.")
        if units.n_large:
            largest = units.large[0]
            entirely = "; the largest fails entirely" if largest.fails_entirely else ""
            future = f"; for {units.kind}s to come {points_interval(units.future)} points" if units.future else ""
            said.append(
                f"{plural(units.n_large, str(units.kind))} {'carries' if units.n_large == 1 else 'carry'} "
                f"{percent_share(units.carried)} of this route (effective {units.kind}s {units.effective:,.0f} of "
                f"{units.total:,}){entirely}{future}."
            )
    return said


def _against_each(parts: Sequence[IncumbentPart]) -> str:
    """What becomes of the requests of each model that served the route; first what is shown to lose there."""
    losing = [one for one in parts if one.delta.hi is not None and one.delta.hi < 0]
    told = [
        f"{points_interval(one.delta)} points on the requests of {one.model} ({percent_share(one.share)})"
        for one in [*losing, *(one for one in parts if one not in losing)]
    ]
    names = " and ".join(one.model for one in losing)
    lead = f"The mean hides a loss where {names} answers today: " if losing else "Against each model that it replaces: "
    return f"{lead}{', '.join(told)}."
