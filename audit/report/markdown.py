"""`summary.md`: the verdict for a job summary, a ticket or a mail. It holds no request and no answer."""

from __future__ import annotations

import re

from audit.core.display import compact, percent_share, plural, points_interval, usd, usd_estimate, visible
from audit.core.finding import Findings
from audit.report.routes import ends_text, money_columns, rounding_words, split_top
from audit.report.words import (
    CAVEATS,
    STATUS,
    action,
    adapted_lines,
    banners,
    below_floor,
    billed,
    headline_text,
    lede,
    limit_lines,
    odd_lines,
    route_name,
    unasked_lines,
    undecided_lines,
    untried_lines,
    warning,
    window_text,
)

_MARKUP = re.compile(r"([\\`*_{}\[\]<>#|~@&])")


def literal(text: str) -> str:
    """A stranger's text as it is, on one line: no links, images, mentions, tables or HTML come out of it."""
    flat = " ".join(visible(text).split())
    # An entity ends a mention, a link and an issue number in every renderer; a backslash alone does not end `@name`.
    return _MARKUP.sub(lambda match: f"&#{ord(match[1])};", flat).replace("://", "&#58;//").replace("www.", "www&#46;")


def summary_markdown(findings: Findings) -> str:
    """The summary as Markdown: headline, lede, a table of at most twenty routes, and the run's id."""
    window = window_text(findings.window.get("from"), findings.window.get("to"))
    lines = [f"# {_said(headline_text(findings))}", ""]
    for banner in banners(findings):
        lines += [f"> **{banner.lead}.** {_said(banner.text)}", ""]
    lines += [_said(" ".join(lede(findings))), ""]
    opening = (*limit_lines(findings), *undecided_lines(findings), *untried_lines(findings))
    lines += [f"> {literal(line)}\n" for line in opening]
    # Of a run that was replayed, these have said already why criteria forbid a verdict.
    warned = below_floor if findings.tested else warning
    lines += [f"> {literal(line)}\n" for route in findings.routes if (line := warned(route))]
    lines += [f"> {literal(line)}\n" for route in findings.routes for line in unasked_lines(route)]
    lines += [f"> {literal(line)}\n" for line in (*adapted_lines(findings), *odd_lines(findings))]
    if findings.tested and findings.routes:
        lines += [*_table(findings), ""]
        lines += [f"{literal(rounded)}\n"] if (rounded := rounding_words(findings)) else []
    if findings.caveats:
        lines += ["Before you use this number:", "", *(f"- {literal(text)}" for text in findings.caveats[:CAVEATS])]
        left = len(findings.caveats) - CAVEATS
        lines += [*([f"- and {plural(left, 'more sentence')} in the report"] if left > 0 else []), ""]
    cost = f" · audit cost {billed(findings)}" if findings.tested else ""
    requests = "request" if findings.requests == 1 else "requests"
    lines.append(f"{window} · {compact(findings.requests)} {requests} · run `{literal(findings.run_id)}`{cost}")
    return "\n".join(lines) + "\n"


def _said(text: str) -> str:
    """A sentence of ours that may hold a tier's or a model's name."""
    return (
        " ".join(visible(text).split())
        .replace("<", "&lt;")
        .replace("@", "&#64;")
        .replace("](", "&#93;(")
        .replace("://", "&#58;//")
    )


def _table(findings: Findings) -> list[str]:
    top, rest = split_top(findings.routes)
    paid, avoidable = money_columns(findings)
    lines = ["| Route | Paid | Do this | Quality change, pts | Avoidable |", "|---|---:|---|---:|---:|"]
    for index, route in enumerate(top):
        status = STATUS[route.verdict]
        delta = route.recommendation.deciding_delta
        change = "–" if delta is None else points_interval(delta)
        change += f" ({said})" if (said := route.recommendation.deciding_words) else ""
        ends = f" {ends_text(route.avoidable_usd, findings.avoidable_usd.est)}" if route.avoidable_usd.est else ""
        do = f"{status.glyph} **{status.word}**. {literal(action(route))}"
        lines.append(
            f"| {literal(route_name(route))} | {paid[str(index)]} | {do} | {change} | {avoidable[str(index)]}{ends} |"
        )
    if rest:
        lines.append(f"| {plural(len(rest), 'more route')} | {paid['rest']} | | | {avoidable['rest']} |")
    share = f" ({percent_share(findings.avoidable_share.est)})" if findings.avoidable_usd.est else ""
    saved = findings.avoidable_usd
    total = f"{usd_estimate(saved)} {ends_text(saved, saved.est)}".rstrip()
    change = "–" if findings.accepted_change is None else f"{points_interval(findings.accepted_change)} overall"
    if any(route.recommendation.by_content for route in findings.routes):
        change += " (by all criteria)"
    lines.append(f"| **Total** | **{usd(findings.spend_usd)}** | | {change} | **{total}**{share} |")
    return lines
