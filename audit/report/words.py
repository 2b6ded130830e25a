"""The sentences of an audit: headline, lede, banners, actions. The page, the terminal and the Markdown share them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from audit.core.criteria import CriteriaCheck, proven_by, split_by_grade
from audit.core.display import (
    MINUS,
    count,
    listing,
    percent,
    percent_ends,
    percent_share,
    plural,
    points,
    points_interval,
    usd,
    usd_between,
    usd_ends,
    usd_estimate,
    usd_interval,
)
from audit.core.finding import CandidateFinding, CandidateVerdict, Findings, NeedsMore, RouteFinding, Verdict
from audit.core.interval import Estimate
from audit.core.mixture import Mix
from audit.core.note import OddAnswers, summed
from audit.core.plain import from_plain
from audit.core.reason import Reason, sentence_of
from audit.core.trim import Trim

State = Literal["proven", "keep", "open", "too_small", "scan"]

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")

CAVEATS = 3
"""Sentences under "Before you use this number" on the first screen."""

MOST_UNASKED = 3
"""Reasons per candidate that the first screen names."""

UNSEEN = (
    *(Reason.FIELDS_UNCOMPARED, Reason.SEVERAL_VALUES, Reason.TEXT_BESIDE_CALLS, Reason.PART_SEES_FORM),
    *(Reason.CRITERIA_LEAVE_OUT, Reason.ONE_ANSWER_SUFFICES),
)
"""What scoring the log's own answers finds that would move with a route, and that nothing judges."""

MOST_UNSEEN = 3
"""Of the sentences about routes on the first screen; the report has all, route by route."""

REPLAY_LIMIT = (
    "A replay is not production. Prompt caches, retries and what users ask next are not re-created; "
    "roll a change out behind a canary."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """How a verdict is written: never by colour alone."""

    word: str
    glyph: str
    ascii: str
    css: str


STATUS = {
    Verdict.SWITCH: Status(word="Switch", glyph="●", ascii="*", css="switch"),
    Verdict.SPLIT: Status(word="Split", glyph="◐", ascii="/", css="split"),
    Verdict.KEEP: Status(word="Keep", glyph="■", ascii="#", css="keep"),
    Verdict.NOT_PROVEN: Status(word="Not proven", glyph="◇", ascii="?", css="open"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TextPiece:
    """A part of the headline. `kind` is "" for words, `money` for an amount, `finding` for the amount that matters."""

    text: str
    kind: Literal["", "money", "finding"] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Banner:
    """A line above the headline that cannot be turned off."""

    kind: Literal["demo", "incomplete"]
    lead: str
    text: str


def state_of(findings: Findings) -> State:
    """Which of the five headlines the findings call for."""
    if not findings.tested:
        return "scan"
    if findings.avoidable_usd.est > 0:
        return "proven"
    verdicts = {route.verdict for route in findings.routes}
    if Verdict.NOT_PROVEN not in verdicts:
        return "keep"
    return "too_small" if verdicts == {Verdict.NOT_PROVEN} else "open"


def headline(findings: Findings) -> tuple[TextPiece, ...]:
    """The first sentence, in pieces."""
    opening = _opening(findings)
    state = state_of(findings)
    if state == "proven":
        claim = TextPiece(text=usd_estimate(findings.avoidable_usd), kind="finding")
        return (*opening, claim, TextPiece(text=f" of it was avoidable, with quality inside {whose_margin(findings)}."))
    if state == "keep":
        return (*opening, TextPiece(text=_why_kept(findings)))
    if state == "too_small":
        small = bool(settling(findings)) or not (untried_lines(findings) or undecided_lines(findings))
        said = "The sample is too small to say what was avoidable." if small else "No route could be decided."
        return (*opening, TextPiece(text=said))
    if state == "open":
        if findings.not_proven_usd <= 0:
            return (*opening, TextPiece(text="Nothing is proven avoidable yet."))
        still = TextPiece(text=usd(findings.not_proven_usd), kind="money")
        return (
            *opening,
            TextPiece(text="Nothing is proven avoidable yet; up to "),
            still,
            TextPiece(text=" is still open."),
        )
    bound = findings.mix.upper_bound
    if bound is None or bound.saving_usd <= 0:
        return (*opening, TextPiece(text="Nothing has been tested."))
    most = TextPiece(text=usd(bound.saving_usd), kind="money")
    lead = TextPiece(text="Moving everything to the cheapest tier would cut at most ")
    return (*opening, lead, most, TextPiece(text="; nothing has been tested."))


def _opening(findings: Findings) -> tuple[TextPiece, ...]:
    """What was paid, in which time, and for which part of the requests where the cost of others is not known."""
    mix = findings.mix
    if not mix.total.cost_known:
        return (TextPiece(text="What these requests cost is not known. "),)
    window = f" in {plural(findings.days, 'day')}" if findings.days > 0 else " in this log"
    part = ""
    if mix.unpriced_requests:
        part = f" for {percent_share(1 - mix.unpriced_requests / mix.requests)} of the requests"
    paid = TextPiece(text=usd(findings.spend_usd), kind="money")
    return TextPiece(text="You paid "), paid, TextPiece(text=f"{window}{part}. ")


def _why_kept(findings: Findings) -> str:
    """All keep: because the margin does not hold, because nothing is saved, or for both reasons."""
    if not findings.routes:
        return "No route could be tested."
    inferior = [
        any(c.tier == route.candidate and c.verdict is CandidateVerdict.INFERIOR for c in route.candidates)
        for route in findings.routes
    ]
    if all(inferior):
        return "No cheaper tier we tried holds your margin."
    if any(inferior):
        return "No cheaper tier we tried holds your margin and saves money."
    return "No tier we tried would have saved money."


def headline_text(findings: Findings) -> str:
    """The first sentence as plain text."""
    return "".join(piece.text for piece in headline(findings))


def lede(findings: Findings) -> tuple[str, ...]:
    """The sentences under the headline."""
    state = state_of(findings)
    if state == "proven":
        return _proven_lede(findings)
    if state == "scan":
        return _scan_lede(findings)
    if state == "keep":
        if not findings.routes:
            return ("No row of the log could be billed to a route.",)
        return (
            f"{plural(len(findings.routes), 'route')} checked. Every cheaper tier that was tested loses more than the "
            "margin allows, or saves nothing.",
        )
    settle = settling(findings)
    if state == "too_small":
        return (settle,) if settle else ("What stood in the way stands below; more of the same replay would not help.",)
    decided = sum(route.verdict is not Verdict.NOT_PROVEN for route in findings.routes)
    return (
        f"{number_word(decided).capitalize()} of {number_word(len(findings.routes))} routes {_is(decided)} decided. "
        "What is not proven counts as $0.",
        *((settle,) if settle else ()),
    )


def _proven_lede(findings: Findings) -> tuple[str, ...]:
    sentences = []
    interval = range_text(findings.avoidable_usd)
    if interval:
        share = findings.avoidable_share
        of_spend = ""
        if share.lo is not None and share.hi is not None:
            low, high = percent_ends(share.lo, share.hi)
            of_spend = f" ({low} – {high} of spend)"
        sentences.append(f"{percent(findings.avoidable_usd.level)} interval {interval}{of_spend}.")
    sentences.append(carriers(findings))
    if split := graded_saving(findings):
        sentences.append(f"Proven: {split}.")
    sentences.append(
        f"A route counts only if its cheaper tier is shown to lose less than {whose_margin(findings, 'its margin')}; "
        "the rest count as $0."
    )
    return tuple(sentences)


def _scan_lede(findings: Findings) -> tuple[str, ...]:
    bound = findings.mix.upper_bound
    if bound is None or bound.saving_usd <= 0:
        return ("This is what the log says about itself. `audit replay` tests cheaper tiers on it.",)
    return (
        f"That is a ceiling, at the logged tokens: it assumes that {bound.model} could have answered every request.",
        "`audit replay` tests how much of it holds.",
    )


def carriers(findings: Findings) -> str:
    """Which part of the routes carries the avoidable spend."""
    routes = findings.routes
    if len(routes) == 1:
        return "One route."
    amounts = sorted((route.avoidable_usd.est for route in routes if route.avoidable_usd.est > 0), reverse=True)
    if len(amounts) == len(routes) <= 20:
        return f"It comes from {'both' if len(routes) == 2 else f'all {number_word(len(routes))}'} routes."
    if len(routes) <= 20:
        return f"It comes from {number_word(len(amounts))} of the {number_word(len(routes))} routes."
    running, needed = 0.0, 0
    for amount in amounts:
        running, needed = running + amount, needed + 1
        if running >= 0.9 * sum(amounts):
            break
    return f"90% of it comes from {number_word(needed)} of the {count(len(routes))} routes."


def whose_margin(findings: Findings, several: str = "each route’s margin") -> str:
    """`your 2-point margin`, or `several` when the routes that move have different ones."""
    moving = {round(route.margin, 6) for route in findings.routes if moves(route)}
    if len(moving) > 1:
        return several
    return f"your {margin_points(moving.pop() if moving else findings.margin)}-point margin"


def settling(findings: Findings) -> str:
    """What would decide the routes that are not proven; "" when nothing is known to."""
    wanting = [route for route in findings.routes if route.needs_more is not None]
    needs = [route.needs_more for route in wanting if route.needs_more is not None]
    if not needs:
        return ""
    named = some([route_name(route) for route in wanting], 3)
    known = [need.usd for need in needs if need.usd is not None]
    price = f" (≈ {usd(sum(known))})" if len(known) == len(needs) else ""
    replays = sum(need.replays for need in needs)
    if missing := sum(need.requests_missing for need in needs):
        return f"Settling {named} takes {_longer(missing, replays)}{price}."
    return f"About {plural(replays, 'more replay')}{price} would settle {named}."


def _longer(requests: int, replays: int) -> str:
    """What a log that is too short lacks: a request may be replayed on several candidates, so both numbers stand."""
    return f"about {plural(requests, 'request')} more than the log has, and {plural(replays, 'more replay')} in all"


def banners(findings: Findings) -> tuple[Banner, ...]:
    """What must be known before the headline is read."""
    found = []
    if findings.demo:
        text = "These logs came with the tool and are synthetic. Nothing here is about your traffic."
        found.append(Banner(kind="demo", lead="Demo data", text=text))
    if findings.simulated:
        text = (
            f"The completions of {listing(findings.simulated)} were simulated, not asked of a model. "
            "The arithmetic is real; the quality is not."
        )
        found.append(Banner(kind="demo", lead="Simulated data", text=text))
    replay = findings.replay
    if replay is not None and not replay.complete:
        share = percent(replay.done / replay.planned) if replay.planned else "0%"
        text = (
            f"{share} of the plan was replayed ({count(replay.done)} of {count(replay.planned)} calls). "
            "Run the same command again to finish it; calls that are done are not paid twice."
        )
        found.append(Banner(kind="incomplete", lead="Incomplete run", text=text))
    return tuple(found)


def limit_lines(findings: Findings) -> list[str]:
    """What the figures say nothing of, a sentence each: requests without a price, then what no criterion looks at."""
    unpriced = unpriced_sentence(findings.mix)
    unseen = [line for route in findings.routes for line in unseen_lines(route)]
    more = len(unseen) - MOST_UNSEEN
    left = [f"{plural(more, 'more sentence')} of this kind: the report has them, route by route."] if more > 0 else []
    return [*([unpriced] if unpriced else []), *unseen[:MOST_UNSEEN], *left]


def unseen_lines(route: RouteFinding) -> list[str]:
    """What would move with the route unjudged; nothing of a route that stays where it is."""
    if route.criteria is None or not route.recommendation.moves_traffic:
        return []
    found = [problem for problem in route.criteria.problems if problem.reason in UNSEEN]
    return [f"{route_name(route)}: {problem.because.sentence}." for problem in found]


def unpriced_sentence(mix: Mix) -> str:
    """How many requests are in no amount, of which models; "" where all have a price."""
    if not mix.unpriced_requests:
        return ""
    named = mix.unpriced_names()
    whose = f": {listing(named)}" if named else ""
    share = percent_share(mix.unpriced_requests / mix.requests)
    verb = "has" if mix.unpriced_requests == 1 else "have"
    return (
        f"{count(mix.unpriced_requests)} of {plural(mix.requests, 'request')} ({share}) {verb} no known cost and "
        f"{'is' if mix.unpriced_requests == 1 else 'are'} in no amount here{whose}."
    )


def route_name(route: RouteFinding) -> str:
    """The route's name; a log without a route field has one route without a name."""
    return route.route or "(no route)"


def warning(route: RouteFinding) -> str:
    """The extra line about a route whose criteria may not certify, or that fails its own floor today; else ""."""
    if route.criteria is not None and route.criteria.why is not None and not route.candidates:
        return f"{route_name(route)} is not proven: {route.criteria.why.sentence}."
    return below_floor(route)


def criteria_note(route: RouteFinding) -> str:
    """What the route's criteria show of an answer, and what they still accept of damaged ones; "" where untested."""
    check = route.criteria
    if check is None:
        return ""
    said = f"Its criteria show {check.grade.words}"
    said += "." if check.confirmed else "; they were drafted from the log, and nobody has confirmed them."
    if check.labelled is not None and check.labelled.wrong:
        said += f" {check.labelled.words[0].upper()}{check.labelled.words[1:]}"
        if not any(one.random_labels.used for one in route.candidates if one.random_labels):
            said += "; every delta is corrected by that"
        said += "."
    said += "".join(f" {one}" for one in random_notes(route))
    said += judge_note(check) + gold_note(route)
    tried = [result for result in check.controls if result.tried]
    if not tried:
        return said
    alike: dict[str, list[str]] = {}
    for result in tried:
        alike.setdefault(f"{result.percent} of {count(result.tried)}", []).append(result.control.words)
    shares = "; ".join(
        f"{share}{' each of' if len(kinds) > 1 else ''} {listing(kinds)}" for share, kinds in alike.items()
    )
    return f"{said} Of the log’s accepted answers, damaged on purpose, they still accept {shares}."


def random_notes(route: RouteFinding) -> list[str]:
    """By candidate, what `random_words` says of it; of those that nobody judged so, nothing."""
    return [f"{one.tier}: {random_words(one)}." for one in route.candidates if one.random_labels is not None]


def random_words(candidate: CandidateFinding) -> str:
    """How many pairs people judged in random order, and whether the change rests on them; where it is not proven, how
    many would about settle it."""
    found = candidate.random_labels
    if found is None:
        return ""
    open_ = candidate.verdict is CandidateVerdict.NOT_PROVEN and found.wanted_words
    return f"{found.words}. {found.wanted_words}" if open_ else found.words


def gold_note(route: RouteFinding) -> str:
    """What the requests of a gold set show, beside the verdict; "" where the route has none."""
    if route.criteria is None or route.criteria.gold is None:
        return ""
    words = route.criteria.gold.words
    said = f" {words[0].upper()}{words[1:]}."
    shown = [(one.tier, one.gold) for one in route.candidates if one.gold is not None]
    for tier, gold in shown:
        said += (
            f" Of {plural(gold.n, 'pair')} with {tier}, today’s answer is right on {count(gold.incumbent)} and its own "
            f"on {count(gold.candidate)}: {points_interval(gold.delta)} points, as evidence beside the verdict."
        )
    return said


def judge_note(check: CriteriaCheck) -> str:
    """How far a judge agrees with people, and how many labels would about settle the route; "" where none decides."""
    labelled, said = check.labelled, ""
    if check.kin:
        said = f" {check.kin_words[0].upper()}{check.kin_words[1:]}."
    if labelled is None or not check.judges:
        return said
    if labelled.agreement is not None:
        said = f" Against people, {listing(check.judges)} has {labelled.agreement.words}."
    if not check.drawn and check.labels_wanted is not None and check.labels_wanted > labelled.counted:
        said += f" About {count(check.labels_wanted)} labels would settle the route; it has {count(labelled.counted)}"
        said += f"; or {check.random_words} would." if check.random_words else "."
    return said


def graded_saving(findings: Findings) -> str:
    """What proves the avoidable dollars: all of it by one grade of criteria, or so much by each; "" for nothing."""
    return split_by_grade(findings.avoidable_by_grade)


def below_floor(route: RouteFinding) -> str:
    """The extra line about a route that fails its own floor today; "" for the others."""
    if not route.below_floor or route.floor is None:
        return ""
    floor, share = _floor_text(route.floor), route.accepted_rate
    known = f"less than the {floor}" if share is None else f"only {percent(share.est, 1)} today, less than the {floor}"
    return f"{route_name(route)} passes {known} that you require; fix quality there before cutting cost."


def verdict_line(route: RouteFinding) -> str:
    """The recommendation of a route in one line: what to do, its change of quality, its dollars, and what proves it."""
    made = route.recommendation
    parts = [f"{STATUS[made.verdict].glyph} {STATUS[made.verdict].word}. {action(route)}"]
    if (delta := made.deciding_delta) is not None:
        about = "over all traffic" if made.moves_traffic else f"for {made.tier}, {plural(made.pairs.n, 'pair')}"
        by = f", {made.deciding_words}" if made.by_content else ""
        parts.append(f"{points_interval(delta)} points {about}{by}")
    if made.moves_traffic:
        parts += [f"saves {usd_interval(made.saving_usd)}", f"proven by {proven_by(made.grade)}"]
    elif made.grade is not None:
        parts.append(f"its criteria show {made.grade.words}")
    return "; ".join(parts)


def untried_lines(findings: Findings) -> list[str]:
    """Why nothing was tested on routes, a line a reason, and how to go on where money was all that they lacked."""
    names: dict[str, list[str]] = {}
    for route in findings.routes if findings.tested else ():
        if route.is_untested and route.reason:
            names.setdefault(why_untried(route), []).append(route_name(route))
    return [f"{some(routes, 3)}: {why}." for why, routes in names.items()]


def why_untried(route: RouteFinding) -> str:
    """The reason, with a way on where there is one that needs nothing but money."""
    more = "; the same command with a higher --max-spend goes on with it"
    return route.reason + (more if route.reason == sentence_of(Reason.CAP_LEFT_NOTHING) else "")


def undecided_lines(findings: Findings) -> list[str]:
    """Why routes whose candidates were asked have come to no verdict, where more replays are not what they lack: a line
    a reason, with what to do next."""
    names: dict[str, list[str]] = {}
    for route in findings.routes if findings.tested else ():
        if why := why_undecided(route):
            names.setdefault(why, []).append(route_name(route))
    return [f"{some(routes, 3)}: {why}." for why, routes in names.items()]


def why_undecided(route: RouteFinding) -> str:
    """Why a route whose candidates were asked is not proven without a test of them; "" for every other route, and where
    `unasked_lines` says it. Without a full stop."""
    if route.verdict is not Verdict.NOT_PROVEN or route.is_untested:
        return ""
    noise = route.noise_floor
    if noise is None or not noise.beyond_margin:
        return "" if route.recommendation.pairs.n or unasked_lines(route) else route.reason
    tuned = "" if route.recommendation.pairs.n else "its candidates answered, and no test followed: "
    return (
        f"{tuned}today’s model, asked {plural(noise.n, 'request')} of its own log again, moved by "
        f"{points_interval(noise.delta)} points, beyond the margin of {margin_points(route.margin)}, so a cheaper tier "
        f"cannot be told from it. Next: {route.beyond_noise}"
    )


def unasked_lines(route: RouteFinding) -> list[str]:
    """What candidates were not asked, what stopped them and what could not be measured of them, a line each; none where
    a verdict needed none of it."""
    if route.verdict is not Verdict.NOT_PROVEN:
        return []
    stops = [
        f"{route_name(route)}: {candidate.tier}: {candidate.stopped.sentence}. That does not count against it."
        for candidate in route.candidates
        if candidate.stopped is not None
    ]
    unmeasured = [
        f"{route_name(route)}: {candidate.tier}: {candidate.reason}{_causes(candidate.excluded)}. "
        "That does not count against it."
        for candidate in route.candidates
        if candidate.verdict is CandidateVerdict.INSUFFICIENT and not candidate.stopped and not candidate.not_asked
    ]
    return [*stops, *unmeasured] + [
        f"{route_name(route)}: {candidate.tier} was not asked {percent_share(one.share)} of the requests "
        f"({usd(one.usd)}): {one.because.sentence}. That is no answer, and does not count against it."
        for candidate in route.candidates
        for one in candidate.not_asked[:MOST_UNASKED]
    ]


def _causes(excluded: Mapping[str, int]) -> str:
    """Why draws say nothing, the most frequent cause first."""
    causes = sorted(excluded.items(), key=lambda cause: (-cause[1], cause[0]))
    return f" ({'; '.join(f'{count(n)}: {sentence_of(status)}' for status, n in causes)})" if causes else ""


def adapted_lines(findings: Findings) -> list[str]:
    """How requests were changed for tiers, one line each: whoever sends them there must change them too."""
    candidates = {c.tier: c for route in findings.routes for c in route.candidates}
    changes = {tier: changes_of(findings, candidate) for tier, candidate in sorted(candidates.items())}
    return [f"Tier {tier}: {listing(made)}." for tier, made in changes.items() if made]


def changes_of(findings: Findings, candidate: CandidateFinding) -> list[str]:
    """How a candidate's requests differ from the log's: what it is not sent, and what its endpoint needs."""
    sent = trim_of(findings, candidate.tier)
    return [*([f"requests are sent {sent.words}"] if sent else []), *(one.sentence for one in candidate.adaptations)]


def settings_of(findings: Findings, tier: str | None) -> Mapping[str, Any]:
    """What a tier is asked with beside its model; empty for its model alone."""
    facts = findings.provenance.tiers.get(tier or "", {})
    settings = facts.get("settings", {})
    return settings if isinstance(settings, Mapping) else {}


def trim_of(findings: Findings, tier: str) -> Trim | None:
    """What a tier is not sent; None for nothing."""
    trim = settings_of(findings, tier).get("trim")
    return None if trim is None else from_plain(Trim, trim)


def odd_lines(findings: Findings) -> list[str]:
    """What is odd about the answers that were counted, one line per tier."""
    odd: dict[str, list[OddAnswers]] = {}
    for candidate in (c for route in findings.routes for c in route.candidates):
        odd.setdefault(candidate.tier, []).extend(candidate.odd)
    said = {tier: "; ".join(one.sentence for one in summed(found)) for tier, found in sorted(odd.items())}
    return [f"Tier {tier}: {sentence}." for tier, sentence in said.items() if sentence]


def _floor_text(floor: float) -> str:
    return percent(floor, 0 if round(floor * 100, 6).is_integer() else 1)


def action(route: RouteFinding) -> str:
    """What to do with the route, in one short sentence."""
    if route.verdict is Verdict.SWITCH:
        return f"Send all of it to {route.candidate}"
    if route.verdict is Verdict.SPLIT:
        part = f"Send {percent_share(route.share_moved)} to {route.candidate}{_which(recommended(route))}"
        return f"{part}; the rest stays on {route.recommendation.today}"
    if route.verdict is Verdict.KEEP:
        return f"Stay on {route.recommendation.today}"
    more = decides(route.needs_more)
    return f"Stay on {route.recommendation.today}; {more}" if more else f"Stay on {route.recommendation.today} for now"


def recommended(route: RouteFinding) -> Mapping[str, Any]:
    """The parameters of the policy that the verdict rests on; empty when it rests on none."""
    return route.recommendation.params


def rule_text(params: Mapping[str, Any]) -> str:
    """What a policy decides by, in words: `messages ≤ 2`, `the classifier’s score is ≥ 0.72`; "" for none."""
    signs = {"<=": "≤", ">=": "≥", "==": "=", "!=": "≠"}
    conditions = params.get("conditions")
    if isinstance(conditions, list | tuple):
        return " and ".join(
            f"{str(one['feature']).replace('_', ' ')} {signs.get(one['op'], one['op'])} {one['value']}"
            for one in conditions
        )
    if params.get("signal") and params.get("threshold") is not None:
        return f"the {params['signal']} score is ≥ {score_text(params['threshold'])}"
    return f"{params['verifier']} accepts the answer" if params.get("verifier") else ""


def _which(params: Mapping[str, Any]) -> str:
    """Which part a policy moves, short: a rule in full, a score by its name."""
    checked = f", checked by {params['verifier']}" if params.get("verifier") else ""
    if isinstance(params.get("conditions"), list | tuple):
        return f", where {rule_text(params)}{checked}"
    if params.get("signal"):
        return f" by {params['signal']} score{checked}"
    return checked


def score_text(value: float) -> str:
    """A threshold of a score: `0.72`, `−0.124`."""
    return f"{value:.3g}".replace("-", MINUS)


def decides(need: NeedsMore | None) -> str:
    """`about 1,400 more replays (≈ $0.71) would decide it`; "" when unknown.

    Where the log has too few requests for that, `deciding it takes about 319 requests more than the log has`.
    """
    if need is None:
        return ""
    price = "" if need.usd is None else f" (≈ {usd(need.usd)})"
    if need.requests_missing:
        return f"deciding it takes {_longer(need.requests_missing, need.replays)}{price}"
    return f"about {plural(need.replays, 'more replay')}{price} would decide it"


def moves(route: RouteFinding) -> bool:
    """Whether the verdict moves traffic."""
    return route.verdict in (Verdict.SWITCH, Verdict.SPLIT)


def margin_points(margin: float) -> str:
    """An accepted loss as written by the user: `2`, `2.5`."""
    return f"{margin * 100:.2f}".rstrip("0").rstrip(".")


def margin_mark(margin: float) -> str:
    """The margin as the lowest delta that is accepted: `−2.0`."""
    return points(-margin) if margin > 0 else "0.0"


def range_text(estimate: Estimate) -> str:
    """`$17,405 – $18,901`; "" when an end is unknown, or when the amount is known exactly."""
    if estimate.ends is None:
        return ""
    low, high = usd_ends(*estimate.ends)
    return f"{low} – {high}"


def level_text(findings: Findings) -> str:
    """The level of the intervals: `95%`."""
    return percent(findings.confidence, 0 if round(findings.confidence * 100, 6).is_integer() else 1)


def number_word(number: int) -> str:
    """Numbers to twelve in letters."""
    return NUMBERS[number] if 0 <= number < len(NUMBERS) else count(number)


def window_text(start: str | None, end: str | None) -> str:
    """`24 Oct – 22 Nov 2026`, from ISO dates or date-times; `unknown window` without them."""
    first, last = _day(start), _day(end)
    if first is None or last is None:
        return "unknown window"
    if first == last:
        return _written(last)
    if first.year != last.year:
        return f"{_written(first)} – {_written(last)}"
    return f"{short_day(first)} – {_written(last)}"


def short_day(day: date) -> str:
    """`24 Oct`."""
    return f"{day.day} {MONTHS[day.month - 1]}"


def _written(day: date) -> str:
    return f"{short_day(day)} {day.year}"


def _day(value: str | None) -> date | None:
    try:
        return None if value is None else date.fromisoformat(value[:10])
    except ValueError:
        return None


def change_text(before: float | None, after: float | None) -> str:
    """A relative change with its sign: `▲ +13%`, `▼ −4%`, `■ 0%`; "–" when either is unknown."""
    if before is None or after is None or before <= 0:
        return "–"
    change = after / before - 1
    text = percent(abs(change))
    if text == "0%":
        return "■ 0%"
    return f"▲ +{text}" if change > 0 else f"▼ {MINUS}{text}"


def some(names: Sequence[str], limit: int) -> str:
    """A listing cut to `limit` names: `a, b and 3 more`."""
    if len(names) <= limit:
        return listing(list(names))
    return f"{', '.join(names[:limit])} and {count(len(names) - limit)} more"


def _is(number: int) -> str:
    return "is" if number == 1 else "are"


def billed(findings: Findings) -> str:
    """What the replay was billed: an amount, or its ends where attempts may have been billed that gave no answer."""
    return usd_between(findings.replay_cost_usd, findings.replay_cost_at_most_usd)
