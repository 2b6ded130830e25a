"""The summary that `audit replay` prints: plain text in styled spans, so that the command line may colour it."""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from audit.core.display import (
    compact,
    listing,
    percent,
    percent_share,
    points_interval,
    terminal_safe,
    usd,
    usd_estimate,
    usd_rate,
)
from audit.core.finding import Findings, RouteFinding, Verdict
from audit.report.mixing import palette, shares_of, week_shares
from audit.report.routes import change_parts, ends_text, money_columns, rounding_words, split_top
from audit.report.words import (
    STATUS,
    adapted_lines,
    banners,
    below_floor,
    billed,
    graded_saving,
    headline_text,
    level_text,
    limit_lines,
    margin_mark,
    odd_lines,
    range_text,
    route_name,
    settling,
    state_of,
    unasked_lines,
    undecided_lines,
    untried_lines,
    warning,
    window_text,
)

Style = Literal["", "title", "label", "money", "finding", "good", "bad", "unsure", "dim", "warning"]

STYLE_OF: dict[Verdict, Style] = {
    Verdict.SWITCH: "good",
    Verdict.SPLIT: "good",
    Verdict.KEEP: "dim",
    Verdict.NOT_PROVEN: "unsure",
}

ASCII = str.maketrans(
    {
        "●": "*", "◐": "/", "■": "#", "◇": "?", "▲": "^", "▼": "v", "−": "-", "–": "-", "→": "->", "·": "|", "≤": "<=",
        "≈": "~", "…": "~", "’": "'", "“": '"', "”": '"', "\u00a0": " ", "│": "|",
    }
)  # fmt: skip

FULL, WITHOUT_PAID = 92, 80
LABEL = 20
LEAST_NAME = 5
"""Columns of names, as of their heading. A name that takes more than there are stands on a line of its own, whole: two
routes may differ at their ends alone. What to do is never cut, because it ends in a number; where it leaves names less
than this, rows are blocks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A stretch of a line; without its style the meaning is the same."""

    text: str
    style: Style = ""


Line = tuple[Span, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cells:
    """One route as words."""

    name: str
    paid: str
    glyph: str
    do: str
    change: str
    ends: str
    avoidable: str
    avoidable_ends: str
    style: Style


def summary_lines(
    findings: Findings,
    *,
    width: int = FULL,
    ascii: bool = False,  # noqa: A002 - as `rich` and `--ascii` call it
    paths: Mapping[str, str] | None = None,
) -> list[Line]:
    """The summary as lines of spans.

    Args:
        findings: What the audit concludes.
        width: Columns of the terminal. From 92 there is a table, from 80 one without `Paid`, below a block per route.
        ascii: For streams that are not UTF-8: signs are replaced, and what has no ASCII form becomes `?`.
        paths: What was written, by name; it becomes the last line.

    Returns:
        Lines without line ends. Untrusted text (route names, tier names) has no control characters.
    """
    lines = [_title(findings), (), *_banner_lines(findings, width), *_figures(findings, width)]
    if findings.tested and findings.routes:
        lines += [(), *_routes(findings, width, _ascii if ascii else str)]
    if findings.tested and (settle := settling(findings)) and state_of(findings) != "proven":
        lines += [(), *((Span(text=line),) for line in _wrapped(settle, width))]
    for untried in (*limit_lines(findings), *undecided_lines(findings), *untried_lines(findings)):
        lines += [(), *((Span(text=line),) for line in _wrapped(untried, width))]
    # Of a run that was replayed, the lines above have said already why criteria forbid a verdict.
    for floor in filter(None, map(below_floor if findings.tested else warning, findings.routes)):
        lines += [(), *((Span(text=line, style="warning"),) for line in _wrapped(floor, width))]
    unasked = (line for route in findings.routes for line in unasked_lines(route))
    shifted = (f"{said}." for said in findings.provenance.embedding_shift)
    for line in (*shifted, *unasked, *adapted_lines(findings), *odd_lines(findings)):
        lines += [(), *((Span(text=part, style="warning"),) for part in _wrapped(line, width))]
    if last := _paths(findings, paths or {}, width):
        lines += [(), *last]
    return [_as_ascii(line) for line in lines] if ascii else lines


def plain(lines: Iterable[Line]) -> str:
    """The lines as one text."""
    return "".join("".join(span.text for span in line).rstrip() + "\n" for line in lines)


def _title(findings: Findings) -> Line:
    window = window_text(findings.window.get("from"), findings.window.get("to"))
    requests = "request" if findings.requests == 1 else "requests"
    rest = f"  ·  {window}  ·  {compact(findings.requests)} {requests}  ·  run {findings.run_id[:8]}"
    return Span(text="LLM spend audit", style="title"), Span(text=rest, style="dim")


def _banner_lines(findings: Findings, width: int) -> list[Line]:
    lines: list[Line] = []
    for banner in banners(findings):
        first, *more = _wrapped(f"{banner.lead}. {banner.text}", width)
        said = first.removeprefix(f"  {banner.lead}.")
        lines += [(Span(text=f"  {banner.lead}.", style="warning"), Span(text=said))]
        lines += [*((Span(text=line),) for line in more), ()]
    return lines


def _wrapped(text: str, width: int) -> list[str]:
    lines = textwrap.wrap(terminal_safe(text), max(width, 40) - 2)
    return [f"  {inert(line)}" for line in lines]


def _figures(findings: Findings, width: int) -> list[Line]:
    total, full = findings.mix.total, width >= FULL
    paid = ""
    if total.cost_per_1k_usd is not None:
        paid = f"{usd_rate(total.cost_per_1k_usd)} per 1k{' requests' if full else ''}"
        paid += _course(total.first_week_cost_per_1k_usd, total.last_week_cost_per_1k_usd, full=full)
    spend = usd(findings.spend_usd) if total.cost_known else "unknown"
    lines = [_figure("You paid", spend, paid, "money")]
    if findings.tested:
        lines += _verdict_figures(findings, width)
    else:
        said = headline_text(findings).partition(". ")[2]
        lines += [(Span(text=line),) for line in _wrapped(said, width)]
    return [*lines, *_mix(findings, width - LABEL - 2)]


def _course(first: float | None, last: float | None, *, full: bool) -> str:
    """`, up 13% from first to last week`; "" when unknown."""
    if first is None or last is None or first <= 0:
        return ""
    moved = percent(abs(last / first - 1))
    way = "flat" if moved == "0%" else f"up {moved}" if last > first else f"down {moved}"
    return f", {way} {'from ' if full else ''}first to last week"


def _verdict_figures(findings: Findings, width: int) -> list[Line]:
    interval, detail = range_text(findings.avoidable_usd), ""
    if findings.avoidable_usd.est:
        share = f"({percent_share(findings.avoidable_share.est)} of spend)"
        detail = (
            f"{level_text(findings)} interval {interval}{f'   {share}' if width >= FULL else ''}" if interval else share
        )
    lines = [_figure("Avoidable", usd_estimate(findings.avoidable_usd), detail, "finding")]
    if split := graded_saving(findings):
        lines.append(_figure("Proven", "", split, "finding"))
    if findings.not_proven_usd > 0:
        lines.append(_figure("Not proven", usd(findings.not_proven_usd), "counted as $0", "unsure"))
    return lines + _accepted(findings, width)


def _figure(label: str, amount: str, detail: str, style: Style) -> Line:
    return (
        Span(text=f"  {label:{LABEL - 4}}", style="label"),
        Span(text=f"{amount:>11}", style=style),
        Span(text=f"      {detail}" if detail else ""),
    )


def _accepted(findings: Findings, width: int) -> list[Line]:
    before, after, change = findings.accepted_before, findings.accepted_after, findings.accepted_change
    if before is None and change is None:
        return []
    text = "not measured" if before is None else percent(before.est, 1)
    if change is not None and findings.avoidable_usd.est > 0:
        text += f"{'' if after is None else f' → {percent(after.est, 1)}'}   {points_interval(change)} pts"
        margin = f", margin {margin_mark(findings.margin)}"
        # Beside the change of each route: this one is of all requests. In ASCII the arrow takes two columns.
        text += f" overall{margin}" if LABEL + 2 + cells(f"{text} overall{margin}") < width else margin
    return [(Span(text=f"  {'Accepted answers':{LABEL}}", style="label"), Span(text=text))]


def _mix(findings: Findings, room: int) -> list[Line]:
    """Shares per model, the largest first, as many as fit; in the first and the last week where the log has both."""
    colours, days = palette(findings.mix), findings.mix.trend
    now = shares_of(week_shares(days[-7:] if len(days) >= 14 else days), colours)
    before = dict(shares_of(week_shares(days[:7]), colours)) if len(days) >= 14 else {}
    parts = []
    for name, share in sorted(now, key=lambda one: -one[1]):
        first = f"{percent_share(before.get(name, 0.0))[:-1]} → " if before else ""
        parts.append(f"{_fit(inert(name), 24)} {first}{percent_share(share)}")
    shown = len(parts)
    while shown > 1 and cells(_listed(parts, shown)) > room:
        shown -= 1
    label = "Mix, week 1 → last" if before else "Mix"
    return [(Span(text=f"  {label:{LABEL}}", style="label"), Span(text=_listed(parts, shown)))] if parts else []


def _listed(parts: Sequence[str], shown: int) -> str:
    more = [f"+{len(parts) - shown} more"] if shown < len(parts) else []
    return "   ".join([*parts[:shown], *more])


def _routes(findings: Findings, width: int, written: Callable[[str], str]) -> list[Line]:
    rows = _cells(findings, written)
    lines = _table(rows, paid=width >= FULL, width=width) if width >= WITHOUT_PAID else _blocks(rows, width)
    top, rest = split_top(findings.routes)
    shown = [route for route in top if route.recommendation.by_content]
    if shown:
        names = listing([inert(route_name(route)) for route in shown])
        text = written(f"  Change on {names}: {shown[0].recommendation.deciding_words}; overall by all criteria.")
        lines += [(Span(text=line, style="dim"),) for line in textwrap.wrap(text, width, subsequent_indent="  ")]
    if rest:
        paid, avoidable = money_columns(findings)
        text = f"  {len(rest):,} more routes: {paid['rest']} paid, {avoidable['rest']} avoidable"
        lines.append((Span(text=text, style="dim"),))
    rounded = written(terminal_safe(f"  {rounding_words(findings, paid=width >= FULL)}"))
    lines += [(Span(text=line, style="dim"),) for line in textwrap.wrap(rounded, width, subsequent_indent="  ")]
    return lines


def _cells(findings: Findings, written: Callable[[str], str]) -> list[Cells]:
    """The rows, in the characters that will be printed, so that columns are measured right."""
    paid, avoidable = money_columns(findings)
    found = []
    for index, route in enumerate(split_top(findings.routes)[0]):
        change, ends = change_parts(route.recommendation.deciding_delta)
        found.append(
            Cells(
                name=written(inert(route_name(route))),
                paid=written(paid[str(index)]),
                glyph=written(STATUS[route.verdict].glyph),
                do=written(terminal_safe(_do(route))),
                change=written(change),
                ends=written(ends),
                avoidable=written(avoidable[str(index)]),
                avoidable_ends=written(_avoidable_ends(route, findings.avoidable_usd.est)),
                style=STYLE_OF[route.verdict],
            )
        )
    return found


def _do(route: RouteFinding) -> str:
    if route.verdict is Verdict.SWITCH:
        return f"switch → {route.candidate}"
    if route.verdict is Verdict.SPLIT:
        return f"split {percent_share(route.share_moved)} → {route.candidate}"
    if route.verdict is Verdict.KEEP:
        return "keep as it is" if route.recommendation.served_by else f"keep {route.incumbent}"
    if (route.is_untested and not route.recommendation.pairs.n) or not any(route.sampled.values()):
        return "not proven, untried"  # left out of the run, nothing to draw or no money: no answer was looked at
    if not route.recommendation.pairs.n:
        return "not proven, untested"  # asked, and no test was made: a line below says why
    return f"not proven (n={route.recommendation.pairs.n:,})"


def _avoidable_ends(route: RouteFinding, total: float) -> str:
    estimate = route.avoidable_usd
    if route.verdict is Verdict.NOT_PROVEN:
        return f"(≤ {usd(route.up_to_usd)})" if route.up_to_usd > 0 else ""
    return ends_text(estimate, total) if estimate.est else ""


def _table(rows: Sequence[Cells], *, paid: bool, width: int) -> list[Line]:
    quality = max(len("Quality, pts") - 6, *(cells(row.ends) for row in rows))
    money = max(*(cells(row.avoidable) for row in rows), 2)
    ends = max(cells(row.avoidable_ends) for row in rows)
    paid_width = max(*(cells(row.paid) for row in rows), 4) if paid else -2
    # 2 of indent, 2 between five columns, 2 of glyph, 6 for the change and its space, 1 before the dollar interval.
    room = width - (2 + paid_width + 2 + 2 + 2 + 6 + quality + 2 + money + 1 + ends + 2)
    do = max(cells(row.do) for row in rows)
    name = min(max(max(cells(row.name) for row in rows), 5), room - do)
    if name < LEAST_NAME:
        return _blocks(rows, width)
    head = f"  {_pad('Route', name)}" + (f"  {'Paid':>{paid_width}}" if paid else "")
    head += f"  {_pad('Do', do + 2)}  {_pad('Quality, pts', quality + 6)}  Avoidable"
    lines: list[Line] = [(Span(text=head, style="label"),)]
    for row in rows:
        beside = row.name if cells(row.name) <= name else ""
        if not beside:
            lines.append((Span(text=f"  {_fit(row.name, width - 2)}"),))
        lines.append(
            (
                Span(text=f"  {_pad(beside, name)}"),
                Span(text=f"  {row.paid:>{paid_width}}" if paid else ""),
                Span(text=f"  {row.glyph} {_pad(_fit(row.do, do), do)}", style=row.style),
                Span(text=f"  {row.change:>5} {_pad(row.ends, quality)}"),
                Span(text=f"  {row.avoidable:>{money}}", style="finding" if row.style == "good" else ""),
                Span(text=f" {row.avoidable_ends}" if row.avoidable_ends else "", style="dim"),
            )
        )
    return lines


def _blocks(rows: Sequence[Cells], width: int) -> list[Line]:
    room = max(width - 4, 16)
    lines: list[Line] = []
    for row in rows:
        lines += [
            (Span(text=f"  {_fit(row.name, room)}", style="title"),),
            (Span(text=f"    {row.glyph} {_fit(row.do, room - 4)}", style=row.style),),
            (Span(text=f"    paid {row.paid}"),),
            (Span(text=f"    quality {row.change} {row.ends}".rstrip()),),
            (Span(text=f"    avoidable {row.avoidable} {row.avoidable_ends}".rstrip()),),
            (),
        ]
    return lines[:-1]


def _paths(findings: Findings, paths: Mapping[str, str], width: int) -> list[Line]:
    """What was written and what it cost, in one line where that fits."""
    parts = [f"{name}  {path}" for name, path in paths.items()]
    if findings.tested:
        about = "≈ " if findings.replay_cost_estimated else ""
        earlier = findings.replay.earlier_usd if findings.replay is not None else 0.0
        paid = f", and {usd(earlier)} in earlier runs" if earlier else ""
        parts.append(f"Audit cost {about}{billed(findings)}{paid}")
    whole = "        ".join(parts)
    shown = [whole] if cells(whole) + 2 <= width else parts
    return [(Span(text=f"  {part}", style="dim"),) for part in shown if part]


def cells(text: str) -> int:
    """Columns that a text takes in a terminal."""
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text
    )


def _pad(text: str, width: int) -> str:
    return text + " " * max(width - cells(text), 0)


def _fit(text: str, width: int) -> str:
    """The text, or its beginning and an ellipsis, in `width` columns."""
    if cells(text) <= width:
        return text
    kept = ""
    for char in text:
        if cells(kept) + cells(char) > width - 1:
            break
        kept += char
    return kept + "…"


def _as_ascii(line: Line) -> Line:
    return tuple(Span(text=_ascii(span.text), style=span.style) for span in line)


def _ascii(text: str) -> str:
    return text.translate(ASCII).encode("ascii", "replace").decode()


def inert(name: str) -> str:
    """A name that may start a line: GitHub's runner reads lines that start with `::` or `##[` as commands."""
    safe = terminal_safe(name)
    return f"│ {safe}" if safe.lstrip().startswith(("::", "##[")) else safe
