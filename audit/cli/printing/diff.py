"""Two audits as lines."""

from __future__ import annotations

from audit.core.display import (
    MINUS,
    compact,
    listing,
    percent,
    percent_share,
    plural,
    points,
    points_interval,
    terminal_safe,
    usd,
    usd_interval,
    usd_rate,
)
from audit.core.finding import Verdict
from audit.flow.comparison import ComparedRun, RouteChange, RouteSide, RunComparison

MODELS, ROUTES = 8, 40
LONGEST_NAME = 40


def diff_lines(found: RunComparison) -> list[str]:
    """Figures, mix and changed verdicts; routes whose verdict is the same are a count."""
    before, after = found.before, found.after
    lines = [f"Run {terminal_safe(before.run_id)} → run {terminal_safe(after.run_id)}", *_notices(found), ""]
    lines += [f"  Window      {_window(before)} → {_window(after)}"]
    lines += [
        f"  Requests    {compact(before.requests)} → {compact(after.requests)}{_moved(before.requests, after.requests)}"
    ]
    lines += [
        f"  Paid        {usd(before.spend_usd)} → {usd(after.spend_usd)}{_moved(before.spend_usd, after.spend_usd)}"
    ]
    was, now = before.cost_per_1k_usd, after.cost_per_1k_usd
    if was is not None and now is not None:
        lines.append(f"  Per 1k      {usd_rate(was)} → {usd_rate(now)}{_moved(was, now)}")
    lines += [f"  Avoidable   {_avoidable(before)} → {_avoidable(after)}", "", *_mix(found), ""]
    return [*lines, *_routes(found)]


def _notices(found: RunComparison) -> list[str]:
    lines = []
    for side in (found.before, found.after):
        name = terminal_safe(side.run_id)
        if side.demo:
            lines.append(f"  Run {name} is a demo: bundled data; these figures describe no real company.")
        if side.simulated:
            lines.append(f"  Run {name} has simulated completions: {terminal_safe(', '.join(side.simulated))}.")
        if not side.complete:
            lines.append(f"  Run {name} is incomplete: its replay did not run to the end of its plan.")
    if found.made_from:
        lines.append(f"  They differ in {listing([terminal_safe(name) for name in found.made_from])}.")
    if found.before.margin != found.after.margin:
        margins = " → ".join(points(side.margin).lstrip("+") for side in (found.before, found.after))
        lines.append(f"  They were judged by other margins: {margins} pts.")
    return list(dict.fromkeys(lines))


def _window(side: ComparedRun) -> str:
    return f"{side.window_from} to {side.window_to}" if side.window_from else "no dates"


def _moved(before: float, after: float) -> str:
    """`  (+4%)`; nothing where there is nothing to compare with."""
    if before <= 0:
        return ""
    change = after / before - 1
    text = percent(abs(change), 1)
    return "  (unchanged)" if text == "0.0%" else f"  ({'+' if change > 0 else MINUS}{text})"


def _avoidable(side: ComparedRun) -> str:
    return "not tested" if side.avoidable_usd is None else usd_interval(side.avoidable_usd)


def _mix(found: RunComparison) -> list[str]:
    lines = ["  Mix, share of requests"]
    wide = max((len(_name(one.model)) for one in found.models[:MODELS]), default=0)
    for one in found.models[:MODELS]:
        shares = f"{percent_share(one.before):>4} → {percent_share(one.after):>4}"
        lines.append(f"    {_name(one.model):<{wide}}  {shares}  {points(one.after - one.before):>6} pts")
    hidden = len(found.models) - MODELS
    return [*lines, *([f"    and {plural(hidden, 'more model')}"] if hidden > 0 else [])]


def _routes(found: RunComparison) -> list[str]:
    changed = [one for one in found.routes if one.changed]
    same = len(found.routes) - len(changed)
    if not changed:
        return [f"  No verdict changed ({plural(same, 'route')})."]
    lines = [f"  {plural(len(changed), 'verdict')} changed"]
    for one in changed[:ROUTES]:
        lines.append(f"    {_name(one.route)}: {_word(one.before)} → {_word(one.after)}")
        lines += [f"      {text}" for text in _quality(one)]
    if len(changed) > ROUTES:
        lines.append(f"    and {len(changed) - ROUTES} more; --json has them all")
    return [*lines, *([f"  {plural(same, 'verdict')} {'is' if same == 1 else 'are'} the same"] if same else [])]


def _word(side: RouteSide | None) -> str:
    if side is None:
        return "not in this run"
    if side.verdict is None:
        return "not tested"
    word = {Verdict.NOT_PROVEN: "not proven"}.get(side.verdict, side.verdict.value)
    return word + (f" to {terminal_safe(side.candidate)}" if side.candidate else "")


def _quality(one: RouteChange) -> list[str]:
    """`quality, pts  −0.9 [−1.8, 0.0] → −4.8 [−7.4, −2.1]`."""
    sides = [side.quality_delta if side else None for side in (one.before, one.after)]
    if not any(sides):
        return []
    return ["quality, pts  " + " → ".join("–" if delta is None else points_interval(delta) for delta in sides)]


def _name(text: str) -> str:
    """A name that starts no line as a command to a CI runner."""
    safe = terminal_safe(text).replace("##[", "## [").replace("::", ": :") or "(none)"
    return safe if len(safe) <= LONGEST_NAME else safe[: LONGEST_NAME - 1] + "…"
