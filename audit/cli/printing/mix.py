"""The model mix as a table."""

from __future__ import annotations

import textwrap
from collections.abc import Callable

from rich.table import Table

from audit.cli.columns import Column, table
from audit.cli.printing.levers import print_levers
from audit.cli.terminal import Terminal
from audit.core.display import (
    MINUS,
    ascii_only,
    compact,
    count,
    milliseconds,
    percent,
    percent_share,
    plural,
    run_means,
    sparkline,
    terminal_safe,
    usd,
    usd_ends,
    usd_rate,
)
from audit.core.doubts import words_of
from audit.core.levers import LEDGER_REQUESTS
from audit.core.mixture import AnswerTimes, CostChange, Escalations, Mix, MixRow, ModelShare
from audit.core.reason import Reason, sentence_of
from audit.core.traffic import Apart, PricedBy

ROWS = 40
MODELS = 3
FEWEST_DAYS = 3
FEWEST_TIMES = 20
"""Answers of known time from which the latest twentieth is one."""
WORDS = 64
"""Cells of a line of the summary behind its name, in 80 columns."""


def print_mix(terminal: Terminal, mix: Mix, by: str, *, tiers: bool = True) -> None:
    """Print a summary, one line per route (or tenant, model, environment, region), and what was not tested.

    Args:
        terminal: Where.
        mix: To print.
        by: What a line is.
        tiers: The configuration names some, so that a replay can be the next step.
    """
    drawn = ascii_only if terminal.ascii else str
    window = f"{mix.window_from} to {mix.window_to}" if mix.window_from else "no dated requests"
    head = f"LLM model mix  ·  {window}  ·  {plural(mix.days, 'day')}  ·  {compact(mix.requests)} requests"
    terminal.lines(map(drawn, [head, "", *_summary(mix, bars=not terminal.ascii), ""]), fold=True)
    groups = {
        "route": mix.by_route,
        "tenant": mix.by_tenant,
        "model": mix.by_model,
        "environment": mix.by_environment,
        "region": mix.by_region,
    }
    rows = groups[by]
    if rows:
        terminal.tables(_table(rows, by, terminal.width, drawn))
    if not any(row.name for row in rows):
        named = (
            f"  No request has {'an' if by[0] in 'aeiou' else 'a'} {by}. The field that names it goes into audit.yaml:"
        )
        terminal.lines([f"{named}\n  ingest: {{{by}: FIELD}}"])
    if mix.levers is not None and mix.levers.paid_usd > 0:
        terminal.lines([""])
        print_levers(terminal, mix.levers)
    terminal.lines(map(drawn, ["", *_closing(mix, by, len(rows), tiers=tiers)]), fold=True)


def _summary(mix: Mix, *, bars: bool) -> list[str]:
    per_1k = "–" if mix.total.cost_per_1k_usd is None else usd_rate(mix.total.cost_per_1k_usd)
    paid = usd(mix.spend_usd) if mix.total.cost_known else "unknown"
    rate = f"{per_1k} per 1k{_trend(mix.total)}"
    if mix.unpriced_requests and mix.total.cost_known:
        known = percent_share(1 - mix.unpriced_requests / mix.requests)
        lines = _wrapped("You paid", f"{paid} for {known} of the requests; what the others cost is not known", rate)
    else:
        lines = [f"  You paid      {paid}     {rate}"]
    lines += [*_why(mix.total.change), *(_by_day(mix) if bars else ()), *_latency(mix.total.latency)]
    lines += _escalated(mix.escalations)
    shares = [f"{terminal_safe(m.model)} {percent_share(m.request_share)}" for m in _busiest(mix.total)[:MODELS]]
    if left := len(mix.total.models) - MODELS:
        shares += [f"{left} more"] if left > 0 else []
    lines.append(f"  Requests      {' · '.join(shares) or 'none'}")
    lines += _priced_by(mix)
    noted = [
        f"{count(number)} without a price, in no amount here: {sentence_of(why)}"
        + (f" ({terminal_safe(', '.join(named))})" if (named := mix.unpriced_names(why)) else "")
        for why, number in mix.unpriced.items()
        if number
    ]
    noted += [kind.counted(number, mix.apart_usd.get(kind)) for kind, number in _rows_apart(mix) if number]
    left_out = _wrapped("Not counted", "; ".join(noted), *_statement(mix)) if noted else ()
    return [*lines, *left_out, *_doubts(mix)]


def _statement(mix: Mix) -> list[str]:
    """What to write into audit.yaml for the model that most requests without a price ask."""
    found = next((one for one in mix.unpriced_models if one.model and one.reason in _STATED), None)
    if found is None:
        return []
    price = "price: {input: USD, output: USD}"
    return [
        "What a million tokens of it cost can be stated in audit.yaml: "
        f"tiers: [{{name: paid, model: {terminal_safe(found.model)}, provider: openai, {price}}}]"
    ]


_STATED = frozenset({Reason.UNKNOWN_MODEL, Reason.SERVICE_TIER, Reason.SELF_HOSTED})
"""Reasons for no price that a stated one removes."""


def _doubts(mix: Mix) -> list[str]:
    """What of the log could not be read, and what was read with a doubt."""
    lines = []
    if mix.rejected:
        told = [f"{plural(number, 'record')}: {terminal_safe(why)}" for why, number in mix.rejected.items()]
        lines += _wrapped("Not read", "; ".join(told))
    odd = sorted(mix.questioned.items(), key=lambda one: (-one[1], one[0]))
    return lines + (_wrapped("In doubt", *(f"{plural(n, 'call')} {words_of(word)}" for word, n in odd)) if odd else [])


def _wrapped(name: str, *texts: str) -> list[str]:
    """A line of the summary; each text begins one, and is wrapped."""
    first, *rest = [line for text in texts for line in textwrap.wrap(text, WORDS)]
    return [f"  {name:<14}{first}", *(" " * 16 + line for line in rest)]


def _priced_by(mix: Mix) -> list[str]:
    """Who says what the dollars are, largest part first, and what nobody says."""
    parts = sorted(mix.priced_by_usd.items(), key=lambda part: (-part[1], part[0]))
    parts = [(by, usd) for by, usd in parts if usd > 0]
    whole = "all of it" if len(parts) == 1 else ""
    said = [
        f"{whole or percent_share(usd / mix.spend_usd)} {terminal_safe(PricedBy.words_of(by))}" for by, usd in parts
    ]
    lines = [" · ".join(said)] if said else []
    if mix.unpriced_requests:
        share = percent_share(mix.unpriced_requests / mix.requests)
        lines.append(f"{share} of requests have no known cost, and are in no amount here")
    return _wrapped("Priced", *lines) if lines else []


def _rows_apart(mix: Mix) -> list[tuple[Apart, int]]:
    return [
        (Apart.FAILED, mix.failures),
        (Apart.TWICE, mix.duplicates),
        (Apart.CACHE, mix.cache_hits),
        (Apart.UNKNOWN, mix.unknown),
    ]


def _trend(row: MixRow) -> str:
    change = _change(row)
    if change is None:
        return ""
    if percent(abs(change)) == "0%":
        return ", unchanged first to last week"
    return f", {'up' if change > 0 else 'down'} {percent(abs(change))} first to last week"


def _change(row: MixRow) -> float | None:
    first, last = row.first_week_cost_per_1k_usd, row.last_week_cost_per_1k_usd
    return last / first - 1 if first and last is not None else None


def _why(change: CostChange | None) -> list[str]:
    """What 1,000 requests cost more or less in the last week, by cause."""
    if change is None or not change.told:
        return []
    return _wrapped("Because of", f"{change.told} per 1k" + (f" ({'; '.join(change.notes)})" if change.notes else ""))


def _by_day(mix: Mix) -> list[str]:
    """What each day cost as a bar; over many days, what an average day of each run of equally many cost. A day of which
    no cost is known is none of $0, and has no place in a row of bars: without it, days would not stand side by side."""
    if not all(day.cost_known for day in mix.trend):
        return []
    run, spent = run_means([day.spend_usd for day in mix.trend])
    if len(spent) < FEWEST_DAYS or not any(spent):
        return []
    low, high = usd_ends(min(spent), max(spent))
    name, each = ("By day", "") if run == 1 else (f"By {run} days", " a day")
    return [f"  {name:<14}{sparkline(spent)}  {low} to {high}{each}"]


def _latency(latency: AnswerTimes | None) -> list[str]:
    if latency is None or latency.requests < FEWEST_TIMES:
        return []
    median, most = _times(latency)
    return [f"  Answers took  {median} in the median, 95% within {most}"]


def _escalated(found: Escalations | None) -> list[str]:
    """Answers after which a dearer model was asked the same; the pairs that cost most."""
    if found is None or not found.pairs:
        return []
    told = [
        f"{plural(pair.requests, 'answer')} of {terminal_safe(pair.asked)} asked again of {terminal_safe(pair.then)}"
        f" within 10 minutes: {usd(pair.first_usd)}, then {usd(pair.second_usd)}"
        for pair in found.pairs[:MODELS]
    ]
    if (more := len(found.pairs) - MODELS) > 0:
        told.append(f"{plural(more, 'more pair')} of models")
    return _wrapped("Escalated", *told)


def _table(rows: tuple[MixRow, ...], by: str, width: int, drawn: Callable[[str], str]) -> Table:
    columns = [Column(title=by.capitalize(), at_least=12)]
    columns += [Column(title=title, right=True) for title in ("Requests", "Paid", "Per 1k", "Change")]
    columns += (
        [Column(title="Median", right=True), Column(title="95% within", right=True)]
        if by == "model"
        else [Column(title="Models, by requests", at_least=12, folds=True)]
    )
    return table(columns, [_cells(row, by) for row in rows[:ROWS]], width=width, drawn=drawn)


def _cells(row: MixRow, by: str) -> list[str]:
    change = _change(row)
    sign = "" if change is None or percent(abs(change)) == "0%" else "+" if change > 0 else MINUS
    return [
        terminal_safe(row.name) or "(none)",
        compact(row.requests),
        usd(row.spend_usd) if row.cost_known else "unknown",
        "–" if row.cost_per_1k_usd is None else usd_rate(row.cost_per_1k_usd),
        "" if change is None else sign + percent(abs(change)),
        *(_times(row.latency) if by == "model" else [_models(row)]),
    ]


def _times(latency: AnswerTimes | None) -> list[str]:
    if latency is None:
        return ["", ""]
    return [milliseconds(took, latency.within) for took in (latency.p50_ms, latency.p95_ms)]


def _busiest(row: MixRow) -> list[ModelShare]:
    return sorted(row.models, key=lambda model: -model.request_share)


def _models(row: MixRow) -> str:
    return ", ".join(f"{terminal_safe(m.model)} {percent_share(m.request_share)}" for m in _busiest(row)[:MODELS])


def _closing(mix: Mix, by: str, rows: int, *, tiers: bool) -> list[str]:
    lines = [f"  and {plural(rows - ROWS, f'more {by}')}; --json has them all", ""] if rows > ROWS else []
    lines.append("  Nothing has been tested.")
    if mix.upper_bound is not None:
        bound = mix.upper_bound
        share = f" ({percent_share(bound.saving_usd / mix.spend_usd)} of spend)" if mix.spend_usd > 0 else ""
        lines += [
            f"  Upper bound: everything on {terminal_safe(bound.tier)}, at the logged tokens, would have cost",
            f"  {usd(bound.cost_usd)}, which is {usd(bound.saving_usd)} less{share}, if it were good enough.",
        ]
    if mix.levers is None and mix.requests > LEDGER_REQUESTS:
        lines.append("  A log this long is searched for levers when asked:  audit mix LOGS --levers")
    if mix.levers is not None and mix.levers.paid_usd > 0:
        lines.append("  What to change, where, and the levers in the prompts:  audit mix LOGS --levers")
    return [*lines, f"  Find out what is good enough:  audit {'replay' if tiers else 'init'} LOGS"]
