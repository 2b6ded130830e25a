"""What a verdict rests on, in sentences: a part that pays for the mean, the units that carry it, its course."""

from __future__ import annotations

from audit.core.display import percent, plural, points_interval
from audit.core.robustness import Robustness


def robustness_caveats(found: Robustness) -> list[str]:
    """What a reader must know of the units and the course, in sentences."""
    said = []
    drift = found.drift
    if drift is not None and drift.since is not None:
        said.append(
            f"What moves became worse within the window: {points_interval(drift.since)} points since "
            f"{drift.changed_at}."
        )
    said += [
        f"All {plural(one.requests, 'measured request')} of the {one.kind} {one.name} ({percent(one.share, 1)} of the "
        "route) that today's answers pass would fail: the mean over the route hides it."
        for one in found.lost
    ]
    for units in found.units:
        if units.hangs_on:
            said.append(f"Without the {units.kind} {units.hangs_on[0]} the verdict would not be certified.")
        if units.n_large:
            largest = units.large[0]
            entirely = "; the largest fails entirely" if largest.fails_entirely else ""
            future = f"; for {units.kind}s to come {points_interval(units.future)} points" if units.future else ""
            said.append(
                f"{plural(units.n_large, str(units.kind))} {'carries' if units.n_large == 1 else 'carry'} "
                f"{percent(units.carried)} of this route (effective {units.kind}s {units.effective:,.0f} of "
                f"{units.total:,}){entirely}{future}."
            )
    return said
