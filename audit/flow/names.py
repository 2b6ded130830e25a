"""The watch on models' names from a log alone: the criteria on its own answers and its outcomes, day by day."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import cast

import polars as pl

from audit.core.display import plural, visible
from audit.core.errors import InputError
from audit.core.interval import Estimate
from audit.core.names import ASKED_AGAIN, CRITERIA, NamesWatched, NameWatched, ProxyCheck
from audit.core.settings import Settings
from audit.flow.reading import traffic_of
from audit.sampling.draw import quality_order
from audit.sampling.rows import billed_rows, histogram
from audit.scoring.trial.check import verdicts_of_log
from audit.stats.drift import stability_index
from audit.stats.falling import watch_rate
from audit.stats.paired import wilson

LEAST_BEFORE = 200
SHARE_BEFORE = 1 / 3
"""The time before, where nobody names its last day: so many answers at least, and this part of the days."""
LEAST_AFTER = 20
PER_DAY = 300
"""Answers of a name on a route and day that are judged at most: drawn, as in a sample."""
OUTCOMES_IN_SESSIONS = 0.5

Rows = pl.DataFrame


def watch_names(sources: Sequence[Path], settings: Settings, *, before: date | None = None) -> NamesWatched:
    """Hold the later days of a log against its earlier ones, name by name. Nothing is sent.

    Args:
        sources: Logs.
        settings: How they are read, the criteria and the margins.
        before: Last day of the time that later days are held against; None for a third of the days, and 200
            answers at least.

    Raises:
        InputError: No billable request of the log has a time, or `before` leaves nothing on one of its sides.
    """
    with traffic_of(sources, settings) as (folder, _):
        rows = _rows(folder.traffic_files())
        if rows.is_empty():
            raise InputError(
                "no billable request of the log has a time, so there is no day to watch", code="names.times"
            )
        _refuse_outside(rows, before)
        drawn = _drawn(rows, settings.seed)
        by_route = {str(key[0]): part for key, part in drawn.partition_by("route", as_dict=True).items()}
        asked = {name: part.select("request_fp", "cost_usd", exchange_id="row_id") for name, part in by_route.items()}
        verdicts = verdicts_of_log(folder, settings, asked)
    judged = _signal(drawn, pl.col("row_id").replace_strict(verdicts, default=None, return_dtype=pl.Boolean), CRITERIA)
    parts = [judged, _outcomes(rows), _asked_again(rows)]
    found, left_out = _watched(pl.concat(parts), rows, settings, before)
    proxies = _proxies(rows, judged, parts[1])
    return NamesWatched(
        watched=tuple(found),
        proxies=tuple(proxies),
        left_out=(*_unjudged(by_route, verdicts), *left_out),
        alpha=settings.alpha,
        loss={name: settings.margin_of(name) for name in sorted(by_route)},
    )


def _refuse_outside(rows: Rows, before: date | None) -> None:
    """A day that has the whole log on one side compares nothing, and "no alarm" would not mean that all is well."""
    first, last = cast("date", rows["day"].min()), cast("date", rows["day"].max())
    if before is not None and not first <= before < last:
        raise InputError(
            f"`--before {before}` leaves no day to compare: the log is from {first} to {last}",
            code="watch.date",
            hint="name a day before its last, or leave --before out: a third of the days is the yardstick",
        )


def _rows(files: Sequence[Path]) -> Rows:
    """Billable requests with a time, in order of time."""
    return (
        billed_rows(files)
        .filter(pl.col("started_at").is_not_null())
        .select(
            *("row_id", "session_id", "request_fp", "model_responded", "started_at"),
            *("cost_usd", "feedback"),
            prompt_tokens=pl.coalesce("prompt_tokens", pl.col("prompt_chars") // 3),
            route=pl.col("route").fill_null(""),
            name=pl.coalesce("model_called", "model_requested", "model_responded").fill_null("unknown"),
            day=pl.col("started_at").dt.date(),
        )
        .sort("started_at", "row_id")
        .collect()
    )  # fmt: skip


def _drawn(rows: Rows, seed: int) -> Rows:
    """One answer for each session or prompt of a day, because answers that hang together are no separate evidence; of
    these at most `PER_DAY` of a name, route and day."""
    group = pl.coalesce("session_id", "request_fp", "row_id")
    once = rows.with_columns(group=group).unique(["route", "name", "day", "group"], keep="first", maintain_order=True)
    parts = []
    for part in once.partition_by("route", "name", "day"):
        parts.append(part[quality_order(part["row_id"].to_list(), seed)[:PER_DAY]])
    return pl.concat(parts)


def _signal(rows: Rows, good: pl.Expr, name: str) -> Rows:
    """Whether each answer is good by one signal."""
    return rows.select("row_id", "route", "name", "day", "started_at", signal=pl.lit(name), good=good)


def _outcomes(rows: Rows) -> Rows:
    """What the log says became of an answer: numbers from 0 to 1, of which at least a half is good; others are left."""
    flat = rows.explode("feedback").unnest("feedback", separator=":").filter(pl.col("feedback:value").is_between(0, 1))
    good = pl.col("feedback:value") >= 0.5
    named = flat.select(
        "row_id", "route", "name", "day", "started_at", signal=pl.col("feedback:name").fill_null("feedback"), good=good
    )
    # One answer has one outcome by each name: bad if any says so.
    return (
        named.group_by("row_id", "route", "name", "day", "started_at", "signal")
        .agg(pl.col("good").all())
        .sort("started_at", "row_id")
    )


def _asked_again(rows: Rows) -> Rows:
    """Sessions of a day in which a request came again: its first answer was not the last word. Only where most
    requests have a session."""
    if rows["session_id"].is_not_null().mean() < OUTCOMES_IN_SESSIONS:  # type: ignore[operator]
        return _signal(rows.head(0), pl.lit(True), ASKED_AGAIN)
    known = rows.filter(pl.col("session_id").is_not_null() & pl.col("request_fp").is_not_null())
    again = pl.col("row_id").cum_count().over("session_id", "request_fp") < pl.len().over("session_id", "request_fp")
    asked = _signal(known.with_columns(good=~again), pl.col("good"), ASKED_AGAIN)
    # What a session asks again it may ask ten times: it is one session.
    return (
        asked.with_columns(known["session_id"])
        .group_by("session_id", "route", "name", "day", "signal")
        .agg(pl.col("row_id", "started_at").first(), pl.col("good").all())
        .select(asked.columns)
        .sort("started_at", "row_id")
    )


def _watched(signals: Rows, rows: Rows, settings: Settings, before: date | None) -> tuple[list[NameWatched], list[str]]:
    keys = ["route", "name", "signal"]
    series, left_out = [], []
    for key, part in sorted(signals.partition_by(keys, as_dict=True).items()):
        one = _split(part.drop_nulls("good"), before)
        if one is None:
            which = f"`{visible(str(key[1]))}` on {visible(str(key[0])) or 'no route'} by {visible(str(key[2]))}"
            left_out.append(f"{which}: too few answers, or too few days ({plural(part.height, 'answer')})")
        else:
            series.append((tuple(map(str, key)), part, *one))
    found = []
    for (route, name, signal), part, early, late in series:
        watched = NameWatched(
            route=route,
            name=name,
            signal=signal,
            before_from=str(early["day"].min()),
            before_to=str(early["day"].max()),
            to=str(late["day"].max()),
            before_n=_answers(early),
            before_good=_answers(early) - _failed(early),
            after_n=_answers(late),
            after_good=_answers(late) - _failed(late),
            days=late.height,
            unmeasured=int(part["good"].null_count()),
        )
        # Any of them may give a false alarm, so each has its part of the chance.
        falling = watch_rate(
            late["failed"].to_list(),
            late["n"].to_list(),
            before_failed=watched.before_n - watched.before_good,
            before_n=watched.before_n,
            loss=settings.margin_of(route),
            alpha=settings.alpha / len(series),
        )
        if falling.alarm is not None and falling.began is not None:
            watched = _told(watched, late, rows, falling.alarm, falling.began)
        found.append(watched)
    return found, left_out


def _split(part: Rows, before: date | None) -> tuple[Rows, Rows] | None:
    """Days with their answers and failures: those of the time before, and those since; None where one is too few."""
    days = part.group_by("day").agg(n=pl.len(), failed=(~pl.col("good")).sum()).sort("day")
    if before is not None:
        early, late = days.filter(pl.col("day") <= before), days.filter(pl.col("day") > before)
    else:
        enough = days["n"].cum_sum() >= LEAST_BEFORE
        first = int(enough.arg_max() or 0) + 1 if enough.any() else days.height
        first = max(first, math.ceil(days.height * SHARE_BEFORE))
        early, late = days[:first], days[first:]
    if not _answers(early) or _answers(late) < LEAST_AFTER:
        return None
    return early, late


def _answers(days: Rows) -> int:
    return int(days["n"].sum())


def _failed(days: Rows) -> int:
    return int(days["failed"].sum())


def _told(watched: NameWatched, late: Rows, rows: Rows, alarm: int, began: int) -> NameWatched:
    """What else is known of an alarm: the rate since, and whether requests or the model's own name changed with it."""
    first = late["day"][began]
    since = late.filter(pl.col("day") >= first)
    mine = rows.filter((pl.col("route") == watched.route) & (pl.col("name") == watched.name))
    then, now = (mine.filter(pl.col("day") < first), mine.filter(pl.col("day") >= first))
    called = [_called(part["model_responded"]) for part in (then, now)]
    return replace(
        watched,
        alarm=str(late["day"][alarm]),
        began=str(first),
        after_began=1 - _failed(since) / _answers(since),
        drift=stability_index(*(histogram(part["prompt_tokens"].fill_null(0)) for part in (then, now))),
        responded=(called[0], called[1]) if called[0] != called[1] else None,
    )


def _called(names: pl.Series) -> str:
    counted = names.drop_nulls().value_counts(sort=True)
    return str(counted[names.name][0]) if counted.height else ""


def _proxies(rows: Rows, judged: Rows, outcomes: Rows) -> list[ProxyCheck]:
    """The criteria's verdicts against each outcome, on the answers that have both."""
    requests = dict(rows.group_by("route").len().iter_rows())
    both = outcomes.join(judged.drop_nulls("good").select("row_id", accepted="good"), on="row_id")
    found = []
    for (route, outcome), part in sorted(both.partition_by("route", "signal", as_dict=True).items()):
        bad, good = part.filter(~pl.col("good")), part.filter(pl.col("good"))
        found.append(
            ProxyCheck(
                route=str(route),
                outcome=str(outcome),
                bad=bad.height,
                bad_rejected=int((~bad["accepted"]).sum()),
                good=good.height,
                good_rejected=int((~good["accepted"]).sum()),
                bad_share=_rejected(bad),
                good_share=_rejected(good),
                requests=int(requests[route]),
            )
        )
    return found


def _rejected(answers: Rows) -> Estimate | None:
    """The share that the criteria reject."""
    if answers.is_empty():
        return None
    rejected = int((~answers["accepted"]).sum())
    return Estimate.of(rejected / answers.height, wilson(rejected, answers.height), 0.95)


def _unjudged(by_route: Mapping[str, Rows], verdicts: Mapping[str, bool | None]) -> list[str]:
    """Routes whose answers no criterion judges here."""
    return [
        f"{visible(route) or 'requests without a route'}: no criterion judges an answer of the log by itself"
        for route, part in sorted(by_route.items())
        if not any(name in verdicts for name in part["row_id"])
    ]
