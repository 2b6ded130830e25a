"""What a log shows of the names of models: alarms first, then what holds, then what outcomes say of the criteria."""

from __future__ import annotations

from collections.abc import Iterator

from audit.core.display import count, percent, percent_interval, percent_share, plural, terminal_safe
from audit.core.names import ASKED_AGAIN, CRITERIA, NamesWatched, NameWatched, ProxyCheck

OTHER_REQUESTS = 0.1
"""Stability index above which requests are said to be others."""


def watch_lines(found: NamesWatched) -> list[str]:
    """Everything that was watched, as lines."""
    lines = [line for one in found.alarms for line in _alarm(one, found.loss.get(one.route, 0.0))]
    quiet = [one for one in found.watched if one.alarm is None]
    lines += [f"  ✓ {_subject(one)}: {_rates(one)}" for one in quiet]
    if found.proxies:
        lines += ["", "  What the criteria say of answers whose outcome is known:"]
        lines += [f"    {line}" for one in found.proxies for line in _proxy(one)]
        lines.append(
            "    Outcomes are of those who left one, on today's model. No candidate has any: they decide nothing."
        )
    lines += [f"  – {terminal_safe(said)}" for said in found.left_out]
    end = f"{plural(len(found.alarms), 'alarm')} in {plural(len(found.watched), 'series', 'series')}"
    sure = f"; chance of any false alarm {percent(found.alpha)} over all of them" if found.watched else ""
    return [*lines, "", f"WATCH {'ALARM' if found.alarms else 'quiet' if found.watched else 'nothing'}: {end}{sure}"]


def _subject(one: NameWatched) -> str:
    route = terminal_safe(one.route) or "(no route)"
    by = {CRITERIA: "", ASKED_AGAIN: ", sessions not asked again"}.get(one.signal, f", {terminal_safe(one.signal)}")
    return f"{terminal_safe(one.name)} on {route}{by}"


def _rates(one: NameWatched) -> str:
    before = f"{percent_share(one.before_good / one.before_n, 1)} of {count(one.before_n)} until {one.before_to}"
    return f"{before}, then {percent_share(one.after_good / one.after_n, 1)} of {count(one.after_n)} until {one.to}"


def _alarm(one: NameWatched, loss: float) -> Iterator[str]:
    since = "" if one.after_began is None else f", {percent_share(one.after_began, 1)} since {one.began}"
    yield f"  ✗ {_subject(one)}: {percent_share(one.before_good / one.before_n, 1)} until {one.before_to}{since}"
    yield f"      more than {loss * 100:g} points worse; alarm on {one.alarm}"
    if one.responded:
        was, now = (terminal_safe(name) or "nothing" for name in one.responded)
        yield f"      it called itself {was} before, and {now} since"
    if one.drift is not None and one.drift > OTHER_REQUESTS:
        yield f"      its requests are others too (stability index {one.drift:.2f}), which may be why"
    else:
        yield "      its requests are as long as before, so look at the model behind the name"


def _proxy(one: ProxyCheck) -> Iterator[str]:
    shares = [
        f"{name} rejected {percent_interval(share, 0)} of {count(n)}"
        for name, share, n in (("bad", one.bad_share, one.bad), ("good", one.good_share, one.good))
        if share is not None
    ]
    covered = percent_share((one.bad + one.good) / one.requests, 1)
    route, outcome = terminal_safe(one.route) or "(no route)", terminal_safe(one.outcome)
    yield f"{route}, {outcome} ({covered} of requests): {'; '.join(shares)}"
