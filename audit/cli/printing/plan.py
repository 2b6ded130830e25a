"""The quote: what is sampled per route, what it costs, where text goes, and which routes it can decide."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Callable, Sequence
from pathlib import Path

from rich.table import Table
from rich.text import Text

from audit.cli.columns import Column, table, wrapped
from audit.cli.terminal import Terminal, is_ascii
from audit.core.criteria import REMEDIES, CriteriaCheck, Labelled
from audit.core.display import (
    ascii_only,
    compact,
    count,
    kappa_interval,
    listing,
    percent,
    percent_brief,
    percent_share,
    plural,
    points,
    terminal_safe,
    usd,
    usd_limit,
)
from audit.core.plan import Plan, RouteDesign, RouteQuote

ROWS = 60
DEAR = 0.25
"""A quote above this part of what could move is questioned."""
DRAFTED = (
    "a draft can hold free text only against today's answer, by likeness: give the route right answers (`references:`) "
    "or a judge (`llm-rubric`) before you confirm it (audit guide criteria)"
)
UNDER = 10
"""Columns before the words of a labelled line."""


def print_plan(
    terminal: Terminal, plan: Plan, *, refused: Sequence[str] = (), saved: Path | None = None, asking: bool = False
) -> None:
    """Print the quote on stdout, as a document where that was asked for, or on stderr when a question follows.

    Args:
        refused: What `audit gate` will refuse of the configuration when everything is paid, a sentence each.
    """
    if terminal.switches.json and not asking:
        terminal.document(plan)
        return
    stream = sys.stderr if asking else sys.stdout
    drawn = ascii_only if is_ascii(stream) else str
    console = terminal.console(stream)
    margin = points(plan.margin).lstrip("+")
    console.print(Text(drawn(f"Plan for margin {margin} pts, {percent(plan.confidence)} confidence")), "", sep="\n")
    console.print(_table(plan, terminal.width, drawn))
    for line in [
        "",
        *_reasons(plan, terminal.width),
        *_idle(plan, terminal.width),
        *_paragraphs(refused, terminal.width),
        *criteria_lines(plan.designs, terminal.width),
        *(part for one in _quote(plan, terminal.width) for part in _hung(one, terminal.width)),
        *_next(plan, saved),
    ]:
        console.print(Text(drawn(line)))


def _hung(line: str, width: int) -> list[str]:
    """A line that is too long goes on under its own words, behind the label."""
    under = UNDER if line[UNDER - 1 : UNDER] == " " else 4
    return textwrap.wrap(
        line, width, subsequent_indent=" " * under, break_on_hyphens=False, break_long_words=False
    ) or [line]


def _table(plan: Plan, width: int, drawn: Callable[[str], str]) -> Table:
    judged = any(quote.judge_usd for quote in plan.quotes)
    columns = [Column(title="Route", at_least=12), Column(title="Paid", right=True)]
    columns.append(Column(title="Candidates", at_least=10))
    titles = ("Sample", "Calls", "Replay", *(["Judge"] if judged else []))
    columns += [Column(title=title, right=True) for title in titles]
    columns.append(Column(title="Decides?"))
    quotes = {quote.route: quote for quote in plan.quotes}
    rows = [_cells(design, quotes.get(design.route), judged) for design in plan.designs[:ROWS]]
    return table(columns, rows, width=width, drawn=drawn)


def _cells(design: RouteDesign, quote: RouteQuote | None, judged: bool) -> list[str]:
    more = f" +{len(design.candidates) - 1}" if len(design.candidates) > 1 else ""
    judge = [usd(quote.judge_usd) if quote and quote.judge_usd else "–"] if judged else []
    return [
        terminal_safe(design.route) or "(none)",
        "unknown" if design.unpriced == design.requests else usd(design.spend_usd),
        terminal_safe(design.candidates[0]) + more if design.candidates else "–",
        count(design.distinct),
        count(quote.calls) if quote else "–",
        usd(quote.expected_usd) if quote else "–",
        *judge,
        design.can_decide,
    ]


def _reasons(plan: Plan, width: int) -> list[str]:
    """On what a route's decision depends, or why there can be none, before money is spent on it."""
    alike: dict[str, list[str]] = {}
    for design in plan.designs[:ROWS]:
        if design.reason:
            said = f"{design.can_decide}, {design.reason}" if design.can_decide == "yes" else design.reason
            alike.setdefault(terminal_safe(said), []).append(terminal_safe(design.route) or "(none)")
    lines = [
        line for said, routes in alike.items() for line in wrapped(f"{', '.join(routes)}: {said}", width, indent=2)
    ]
    hidden = len(plan.designs) - ROWS
    lines += [f"  and {plural(hidden, 'more route')}; --json has them all"] if hidden > 0 else []
    return [*lines, ""] if lines else []


def _idle(plan: Plan, width: int) -> list[str]:
    """What of the configuration has no effect, which is mostly a name that was written in another way."""
    if not plan.idle:
        return []
    named = ", ".join(f"`{terminal_safe(match)}`" for match in plan.idle)
    said = f"Without effect in `routes:`: {named}. No route of the log is so called, or an entry above fits it first."
    return [*wrapped(said, width, indent=2), ""]


def _paragraphs(sentences: Sequence[str], width: int) -> list[str]:
    lines = [line for said in sentences for line in wrapped(terminal_safe(said), width, indent=2)]
    return [*lines, ""] if lines else []


def criteria_lines(designs: Sequence[RouteDesign], width: int) -> list[str]:
    """Per route what its criteria show of an answer, and what they still accept of damaged ones."""
    tested = [(design, design.criteria) for design in designs[:ROWS] if design.criteria is not None]
    if not tested:
        return []
    lines = ["  Criteria, tried on the log's own answers, and on these damaged on purpose:"]
    for design, check in tested:
        drafted = "" if check.confirmed else "; drafted from the log, nobody has confirmed them"
        accepted = f"{count(check.accepted)} of {count(check.answers)} accepted as logged"
        if check.judges and not check.answers:
            accepted = f"`{terminal_safe(listing(check.judges))}` has yet to be asked about the log's answers"
        lines += wrapped(
            f"{terminal_safe(design.route) or '(none)'}: they show {check.grade.words}{drafted}; {accepted}",
            width,
            indent=4,
        )
        lines += wrapped("graded: the mean score must hold the margin too", width, indent=6) if design.graded else []
        lines += [line for p in check.problems for line in wrapped(terminal_safe(p.because.sentence), width, indent=6)]
        lines += [line for said in damage_lines(check) for line in wrapped(said, width, indent=6)]
        lines += wrapped(check.gold.words, width, indent=6) if check.gold else []
        lines += [line for said in label_lines(check) for line in wrapped(said, width, indent=6)]
    return [*lines, ""]


def label_lines(check: CriteriaCheck) -> list[str]:
    """What labels say of the criteria, and of the judges among them."""
    labelled, lines = check.labelled, [terminal_safe(check.kin_words)] if check.kin else list[str]()
    if labelled is None:
        return lines
    if labelled.counted or not labelled.waiting:
        lines.append(labelled_line(labelled))
    if labelled.agreement is not None:
        lines.append(f"against people: {labelled.agreement.words}")
    if labelled.waiting:
        lines.append(
            f"labels: {plural(labelled.waiting, 'answer')} to be put to the judge before anything is replayed "
            f"({count(labelled.waiting_right)} right, {count(labelled.waiting_wrong)} wrong)"
        )
    if check.drawn:
        lines.append(terminal_safe(check.drawn_words))
    elif check.judges and check.unlabelled is None:
        lines += _wanted(check, labelled.counted + labelled.waiting)
    return lines


def _wanted(check: CriteriaCheck, labels: int) -> list[str]:
    """About how many labels would settle a route of which a judge is asked already."""
    drawn = f"{check.random_words} would" if check.random_words else ""
    if check.labels_wanted is None:
        if drawn or check.unchecked is not None:
            return [drawn] if drawn else []
        return ["no number of labels would settle it with this judge, unless the candidate is better"]
    if check.labels_wanted <= labels:
        return []
    said = f"about {count(check.labels_wanted)} labels would settle it; it has {count(labels)}"
    return [f"{said}; or {drawn}" if drawn else said]


def labelled_line(labelled: Labelled) -> str:
    """What the criteria make of answers that people have judged, and of the lines that are of no use."""
    said = f"labels: {labelled.words}"
    if not labelled.wrong:
        said += "; without wrong answers they correct nothing"
    if labelled.kappa is not None:
        said += f"; people agree with kappa {kappa_interval(labelled.kappa)}"
    if labelled.disputed:
        said += f"; people disagree on {count(labelled.disputed)} more, which count at their worst"
    if labelled.unscored:
        said += f"; {count(labelled.unscored)} more could not be scored"
    if labelled.unknown:
        said += f"; {plural(labelled.unknown, 'line')} of the file name no request of this route"
    return said


def damage_lines(check: CriteriaCheck) -> list[str]:
    """Which damaged answers the criteria accept too often and what would refuse them, then the other kinds in sum."""
    failed, few = check.failed, [one for one in check.controls if one.too_few]
    refused_by: dict[str, list[str]] = {}
    for one in failed:
        refused_by.setdefault(REMEDIES[one.control], []).append(f"{one.percent} of {one.control.words}")
    limit = percent_brief(failed[0].limit) if failed else ""
    lines = [f"FAIL: {listing(kinds)} pass (limit {limit}). To mend: {by}" for by, kinds in refused_by.items()]
    if failed and not check.confirmed and check.leaves_open:
        lines.append(DRAFTED)
    lines += [f"too few to tell: {one.accepted} of {one.tried} {one.control.words} pass" for one in few]
    rest = [one for one in check.controls if one.share is not None and one not in (*failed, *few)]
    if rest:
        most = max((one.share.est if one.share else 0.0) for one in rest)
        passed = "none passes" if most == 0 else f"at most {percent_share(most)} of a kind pass"
        other = "other " if failed or few else ""
        lines.append(f"{plural(len(rest), f'{other}kind')} of damaged answers tried: {passed}")
    untried = [one.control.words for one in check.controls if one.share is None]
    return [*lines, *([f"not tried, as the log has none that could be: {listing(untried)}"] if untried else [])]


def _quote(plan: Plan, width: int) -> list[str]:
    recorded = sum(quote.recorded for quote in plan.quotes)
    lines = [
        f"  Quote   {usd(plan.expected_usd)} expected, at the log's lengths of answers.",
        *_ends(plan),
        *_stake(plan),
        f"  Cap     {usd_limit(plan.max_spend_usd)}; the replay stops there.",
        *_looks(plan),
        f"  Calls   {count(plan.calls)}, about {compact(plan.tokens)} tokens"
        + (f"; {count(recorded)} more are recorded already." if recorded else "."),
    ]
    lines += _stored(plan)
    lines += _repeats(plan)
    lines += _trims(plan, width) + _unfit(plan, width)
    lines += _batches(plan)
    lines += [f"  Again   {terminal_safe(one.sentence)}." for one in plan.asked_otherwise]
    lines += _tiers(plan)
    hosts = ", ".join(terminal_safe(host) for host in plan.hosts)
    where = f"  Text leaves this process for: {hosts}." if hosts else "  No text leaves this process."
    return [*lines, where, *_personal(plan)]


def _personal(plan: Plan) -> list[str]:
    """What becomes of personal data in what leaves this machine."""
    if (found := plan.personal) is None:
        return []
    kinds = ", ".join(f"{terminal_safe(kind)} in {count(n)}" for kind, n in found.kinds.items())
    held = f"{count(found.requests)} of {count(found.of)} sampled requests hold personal data"
    lines = [f"  {held}{f' ({kinds})' if kinds else ''}, as far as its form tells."]
    if found.kept_from and found.requests:
        named = ", ".join(map(terminal_safe, found.kept_from))
        lines.append(
            f"  {named} {'is' if len(found.kept_from) == 1 else 'are'} not asked these: they are outside every claim "
            "and the quote, and what a route can decide is told without them. Say at the tier `redact: off` to send "
            "them as they are, or `redact: personal` to send placeholders, as you would in production."
        )
    if found.hidden_from:
        named = ", ".join(map(terminal_safe, found.hidden_from))
        lines.append(f"  To {named} it goes as placeholders, which are put back in the answers: `redact: personal`.")
    if found.sent_to:
        lines.append(f"  To {', '.join(map(terminal_safe, found.sent_to))} it goes as it is: `redact: off`.")
    return lines


def _ends(plan: Plan) -> list[str]:
    """What it may come to: with a stated risk, and if every answer is as long as allowed."""
    if not plan.at_most_usd:
        return []
    likely = []
    if plan.likely_usd:
        likely = [f"          95 of 100 times below {usd(plan.likely_usd)}: models differ in how much they write."]
    return [
        *likely,
        f"          {usd(plan.at_most_usd)} at most: every answer as long as allowed, prompts half longer.",
    ]


def _stake(plan: Plan) -> list[str]:
    """Whether the quote is worth what it can decide about; what was answered before is paid already."""
    quote, stake = plan.expected_usd, plan.at_stake_usd
    if not quote or not stake:
        return []
    share = quote / stake
    lines = [f"  Stake   {usd(stake)} was paid for what could move; the quote is {percent_share(share)} of it."]
    if share > DEAR:
        many = max(len(one.candidates) for one in plan.designs)
        fewer = f"fewer candidates (a route has up to {many})" if many > 1 else "fewer routes"
        lines.append(f"          At best it is earned back by another {percent_share(share)} of this log's traffic.")
        lines.append(f"          Less to ask: {fewer}, by --tier or --route.")
    return lines + _again(plan)


def _again(plan: Plan) -> list[str]:
    """What of the quote asks today's tiers again, what that is for, and how to leave it out."""
    again = sum(quote.incumbent_usd for quote in plan.quotes)
    if again < DEAR * plan.expected_usd:
        return []
    named = listing([terminal_safe(one) for one in dict.fromkeys(d.incumbent_tier for d in plan.designs) if one])
    return [
        f"          {usd(again)} of the quote asks today's tier ({named}) again, for the noise floor: how far its own "
        "answers differ from time to time. To leave it out: `slice: {incumbent_share: 0%, incumbent_min: 0}`; verdicts "
        "then rest on the log's answers, and a model that does not repeat itself goes unnoticed."
    ]


def _stored(plan: Plan) -> list[str]:
    """What earlier runs were answered: no part of the quote."""
    if plan.stored is None:
        return []
    since = f", the oldest on {plan.stored.since}" if plan.stored.since else ""
    lines = [
        f"  Store   {plural(plan.stored.calls, 'call')} answered by earlier runs{since}:",
        f"          {usd(plan.stored.expected_usd)} less to pay. --fresh asks them again.",
    ]
    if any(quote.judge_usd for quote in plan.quotes):
        lines.append("          Verdicts on these answers are quoted above, and cost nothing where the store has them.")
    return lines


def _repeats(plan: Plan) -> list[str]:
    """Which tiers are asked several times, and what that adds: it is part of the calls and the quote above."""
    lines = []
    for one in plan.repeats:
        asked = f"{plural(one.requests, 'request')} {one.asked} times each"
        lines += [
            f"  Repeats {terminal_safe(one.tier)}: {asked}, {plural(one.calls, 'call')} more;",
            f"          {usd(one.expected_usd)} expected, {usd(one.at_most_usd)} at most: part of the quote above.",
        ]
    return lines


def _trims(plan: Plan, width: int) -> list[str]:
    """Which tiers are sent less than the log's requests; the quote above is of what is sent."""
    lines = []
    for one in plan.trims:
        first, *rest = wrapped(terminal_safe(f"{one.sentence}."), width, indent=10)
        lines += [f"  Trim    {first.strip()}", *rest]
        lines += wrapped(terminal_safe(f"{one.later}."), width, indent=10) if one.later else []
    return lines


def _unfit(plan: Plan, width: int) -> list[str]:
    """A line on each tier that the sample shows to be no candidate of a route; a route that is left with none says it
    with its reason."""
    lines: list[str] = []
    for design in plan.designs:
        for name, why in design.unfit.items() if design.candidates else ():
            route = terminal_safe(design.route) or "(none)"
            said = f"{terminal_safe(name)} is not asked on {route}: {terminal_safe(why.sentence)}."
            first, *rest = wrapped(said, width, indent=10)
            lines += [f"  Unasked {first.strip()}", *rest]
    return lines


def _batches(plan: Plan) -> list[str]:
    """What is asked in batches: at which price, and how long the answers may take."""
    lines = []
    for one in plan.batches:
        wait = "the vendor names no longest wait" if one.hours is None else f"answers within {one.hours} hours"
        what = f"{plural(one.calls, 'call')} in {plural(one.batches, 'batch', 'batches')}"
        lines += [
            f"  Batch   {terminal_safe(one.tier)}: {what}; {wait}.",
            f"          {_price(one.input, one.output)} per million tokens; "
            f"online {_price(one.online_input, one.online_output)}.",
        ]
        if one.least > 1:
            few = "; these are too few, and will not be asked" if one.calls < one.least else ""
            lines.append(f"          The vendor takes batches of at least {one.least:,} requests{few}.")
    if lines:
        lines.append("          All at once, as with --fixed. Savings are counted at the price online.")
    return lines


def _price(input_usd: float, output_usd: float) -> str:
    return f"${input_usd:.4g} in, ${output_usd:.4g} out"


def _tiers(plan: Plan) -> list[str]:
    """What calls so far have shown of the tiers."""
    lines = []
    for name, notes in plan.tiers.items():
        told = [one.sentence for one in notes.adaptations]
        told += [f"not asked where {why.sentence}" for why in notes.refused]
        told += [notes.stopped.sentence] if notes.stopped else []
        lines += [f"  Tier    {terminal_safe(name)}: {terminal_safe(one)}." for one in told]
    return lines


def _looks(plan: Plan) -> list[str]:
    """That the quote is for the whole sample, and that most routes will not need it."""
    most = max((len(design.looks) for design in plan.designs if design.candidates), default=1)
    if most < 2:
        return []
    return [f"  Looks   up to {most} a route; one that is decided earlier stops there and costs less."]


def _next(plan: Plan, saved: Path | None) -> list[str]:
    if saved is None:
        return []
    if plan.cap_stops_it:
        why = f"The cap is too low to begin any route, so this plan would not be run: {plan.cap_that_begins}."
        return ["", f"Saved {saved}. {why}"]
    if not plan.calls and not any(quote.recorded for quote in plan.quotes):
        why = "No route can be decided, so there is nothing to replay. Correct what is named above, and plan again."
        return ["", f"Saved {saved}. {why}"]
    return ["", f"Saved {saved}. Nothing has been sent.", f"To run this plan:   audit replay {saved}"]
