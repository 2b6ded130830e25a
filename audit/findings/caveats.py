"""What a reader must know before using a route's numbers: one function per caveat, in the order they are told."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from audit.certificate.jobs import Certified
from audit.core.criteria import Grade, LogProblem
from audit.core.display import count, percent, percent_share, plural, points, points_interval, usd
from audit.core.finding import CandidateFinding
from audit.core.plan import RouteDesign
from audit.core.reason import Reason
from audit.core.settings import Settings
from audit.findings.resting import robustness_caveats
from audit.findings.verdict import Decided
from audit.signals.features import reads_text

MAX_UNREPLAYABLE = 0.05
"""Above this share of a route's requests the report warns that the claim leaves them out."""

MAX_LATER_TURNS = 0.05
"""Above this share of a route's requests the report warns that they are answered after turns of today's model."""

SAMPLED_WIDTH = 1.96 * 0.5
"""Half the width of a 95 % interval of one answer's verdict in the worst case: half of such answers are accepted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Concluded:
    """A route with its verdict, as caveats see it.

    Attributes:
        unreplayable: Requests of the route that could not be replayed.
        later_turns: Share of its requests that carry earlier turns.
        left_usd: What a policy that was not tested to the end may save beyond this one.
    """

    design: RouteDesign
    certified: Certified
    verdict: Decided
    settings: Settings
    unreplayable: int
    later_turns: float
    left_usd: float

    @property
    def candidate(self) -> CandidateFinding | None:
        """That the verdict is about."""
        return self.verdict.candidate

    @property
    def moves(self) -> bool:
        """Whether the verdict moves requests."""
        return self.verdict.policy is not None

    def found(self, *reasons: Reason) -> list[LogProblem]:
        """What was found of the log's own answers, of some kinds."""
        check = self.design.criteria
        return [] if check is None else [problem for problem in check.problems if problem.reason in reasons]


def caveats_of(route: Concluded) -> tuple[str, ...]:
    """Every caveat of a route, as sentences."""
    return tuple(sentence for caveat in CAVEATS for sentence in caveat(route))


def _unconfirmed(route: Concluded) -> list[str]:
    """That nobody has confirmed a draft."""
    check = route.design.criteria
    if check is None or check.confirmed:
        return []
    return ["Its criteria were drafted from the log, and nobody has confirmed them."]


def _demanded(route: Concluded) -> list[str]:
    """What a text that is demanded of every answer cannot show."""
    check = route.design.criteria
    if check is None or check.grade is not Grade.DEMANDED:
        return []
    alone = check.shares.get(Grade.DEMANDED.value, 1.0)
    where = "" if alone == 1 else f" in {percent_share(alone, 1)} of the answers"
    today = percent_share(check.accepted / check.answers, 1) if check.answers else "some"
    return [
        f"Its criteria demand a text, whatever the request, and compare nothing else{where}: one accepted answer, "
        f"given to all of these requests, would always pass. Of the log's own answers {today} pass. A gain shows no "
        "better answers: whoever says the text where it is untrue gains as much."
    ]


def _one_answer(route: Concluded) -> list[str]:
    """That one answer, given to every request, would hold the margin."""
    return [
        f"{_looked_at(p)} say the same: that answer, given to every request, would hold the margin as well. What a "
        "candidate makes of the others hardly counts."
        for p in route.found(Reason.ONE_ANSWER_SUFFICES)
    ]


def _beside_calls(route: Concluded) -> list[str]:
    """That what is said beside calls was compared by nothing."""
    return [
        f"{_looked_at(p)} say something beside their calls. No criterion compares it: a candidate could say anything "
        "there, also the opposite."
        for p in route.found(Reason.TEXT_BESIDE_CALLS)
    ]


def _of_several(route: Concluded) -> list[str]:
    """That a criterion reads one of several different values, and nobody has said which; that none compares a field."""
    found = route.found(Reason.SEVERAL_VALUES, Reason.FIELDS_UNCOMPARED)
    return [f"{sentence[0].upper()}{sentence[1:]}." for sentence in (p.because.sentence for p in found)]


def _unread(route: Concluded) -> list[str]:
    """Answers of the log that fail by their form, so that nothing could be compared with them."""
    return [
        f"{_looked_at(p)} fail by their form, and nothing can be compared with them: the verdict is about the others, "
        "and a candidate gains nothing there."
        for p in route.found(Reason.FAILS_UNCOMPARED)
    ]


def _left_out(route: Concluded) -> list[str]:
    """Answers of the log that no criterion says anything of."""
    found = route.found(Reason.CRITERIA_LEAVE_OUT)
    share = sum(p.count for p in found) / found[0].of if found else 0.0
    if share <= 0:
        return []
    return [
        f"Its criteria say nothing of {percent_share(share, 1)} of its requests; the verdict takes them to be like the "
        "others."
    ]


def _unreplayable(route: Concluded) -> list[str]:
    """Requests that could not be replayed."""
    share = route.unreplayable / route.design.requests if route.design.requests else 0.0
    if share <= MAX_UNREPLAYABLE:
        return []
    return [f"{percent_share(share)} of its requests cannot be replayed; the verdict is about the others."]


def _shifted(route: Concluded) -> list[str]:
    """That today's model passes more or less often than its own log."""
    noise = route.certified.noise.found
    if noise is None or not noise.shifted:
        return []
    return [f"Replaying the incumbent moved its own pass rate by {points_interval(noise.delta)} points."]


def _not_asked(route: Concluded) -> list[str]:
    """Requests that the candidate was not asked."""
    chosen = route.candidate
    if chosen is None or not chosen.not_asked:
        return []
    share, first = percent(sum(one.share for one in chosen.not_asked), 1), chosen.not_asked[0].because.sentence
    return [f"{chosen.tier} was not asked {share} of its requests ({first}); the verdict is about the others."]


def _unmeasured(route: Concluded) -> list[str]:
    """Draws of the candidate without a measured answer."""
    chosen = route.candidate
    if chosen is None or not chosen.excluded:
        return []
    n = sum(chosen.excluded.values())
    count_as = "and count" if chosen.repeats is None else "with all answers; those that are missing count"
    return [f"{plural(n, 'draw')} of {chosen.tier} could not be measured {count_as} as failures in the lower bound."]


def _error(route: Concluded) -> list[str]:
    """What the criteria's own error did to the delta."""
    terms, chosen, check = route.certified.terms, route.candidate, route.design.criteria
    labelled, shown = check.labelled if check else None, terms.shown
    if shown.perfect or chosen is None or chosen.quality_delta is None or not chosen.n:
        return []
    measured = points((chosen.c - chosen.b) / chosen.n)
    if labelled is None or not labelled.wrong:
        return [
            f"Its criteria still accept {percent(1 - shown.low, 1)} of one kind of damaged answers, so a loss of "
            f"{terms.margin * 100:.3g} points may show as {terms.tested_margin * 100:.3g}: the interval is that much "
            "wider."
        ]
    said = labelled.words[0].upper() + labelled.words[1:]
    if (random := chosen.random_labels) is not None and random.used:
        return [f"{said}. {random.words}."]
    return [
        f"{said}. Every delta is corrected by that: {measured} as measured is {points_interval(chosen.quality_delta)}."
    ]


def _other_measures(route: Concluded) -> list[str]:
    """What else is held to the margin: the criteria that compare answers by themselves, and the mean score."""
    certified, verdict = route.certified, route.verdict
    chosen = verdict.policy
    if chosen is None and verdict.candidate is not None:
        chosen = certified.policies.static(verdict.candidate.tier)
    if chosen is None:
        return []
    found = []
    several = next((one.several for one in certified.evidence if one.tier.name == chosen.tuned.policy.tier), 0)
    if (delta := chosen.content_delta) is not None and several:
        found.append(
            f"{plural(several, 'accepted answer')}, today's and its own, hold several different values, and no "
            "`which` says which is meant. Counted as wrong on both sides they make the change "
            f"{points_interval(delta)} points, which is held to the margin too."
        )
    elif delta is not None:
        found.append(
            "Some of its criteria see the form of an answer alone. By those that compare what it says the change is "
            f"{points_interval(delta)} points, and is held to the margin too."
        )
    if chosen.score_delta is not None:
        moved = points_interval(chosen.score_delta)
        found.append(f"Its criteria are graded: the mean score moves by {moved} points, and is held to the margin too.")
    return found


def _better(route: Concluded) -> list[str]:
    """That a cheaper tier agrees with right answers more often than today's model does, which they may owe to it."""
    chosen, check = route.candidate, route.design.criteria
    delta = None if chosen is None else chosen.quality_delta
    if not route.moves or chosen is None or delta is None or not (delta.lo or 0.0) > 0:
        return []
    if check is None or check.grade is not Grade.RIGHT:
        return []
    return [
        f"{chosen.tier} agrees with its right answers more often than today's model does, by {points_interval(delta)} "
        "points. Right answers that were written or checked with the help of that model favour it; what people say of "
        "some of its answers (`labels:`) would tell."
    ]


def _both_fail(route: Concluded) -> list[str]:
    """How many requests move although today's answer is not accepted, and the candidate's neither."""
    chosen = route.candidate
    share = chosen.both_fail / chosen.n if chosen is not None and chosen.n else 0.0
    if not route.moves or share <= route.design.margin:
        return []
    return [
        f"On {percent_share(share, 1)} of its requests neither today's answer nor the candidate's is accepted: how "
        "wrong either is there, no figure says."
    ]


def _order(route: Concluded) -> list[str]:
    """That no candidate could be ordered by its tuning draws."""
    if not (route.certified.sealed.by_price and route.certified.evidence):
        return []
    return [
        "Every session or prompt of the sample is in the certification split: candidates were tested in the order of "
        "their prices, and no signal was fitted."
    ]


def _untested_policies(route: Concluded) -> list[str]:
    """What the end of the replay left undone."""
    if route.left_usd <= 0:
        return []
    schedule = route.certified.terms.schedule
    return [
        f"The replay stopped at look {schedule.taken} of {len(schedule.looks)}; another policy, not tested to the end, "
        f"may save {usd(route.left_usd)} more (`--fixed` tests it)."
    ]


def _robustness(route: Concluded) -> list[str]:
    """What the certificate rests on."""
    policy = route.verdict.policy
    return [] if policy is None else robustness_caveats(policy.robust)


def _sent_once(route: Concluded) -> list[str]:
    """That one answer counts for all requests that are equal, where those could use up the margin by themselves.

    Equal requests are sent once. A candidate that samples draws that answer anew in production each time, so the change
    differs from run to run by the shares of equal requests: at most, where half of its answers are accepted, with half
    the root of their squares as standard deviation.
    """
    chosen = route.verdict.policy
    if chosen is None:
        return []
    trial, tier = route.certified.policies.trial(chosen), chosen.tuned.policy.tier
    taken_in = trial.draws.draw_order < (chosen.taken_in or 0)
    moved = np.array(trial.draws.request_fps, dtype=object)[taken_in & trial.walked.kept].astype(str)
    sizes = np.unique(moved, return_counts=True)[1]
    repeated = sizes[sizes > 1] / max(int(taken_in.sum()), 1)
    shares = trial.draws.arms[tier].shares
    answers = 1 if shares is None else shares.asked
    moves_by = SAMPLED_WIDTH * math.sqrt(float(repeated @ repeated) / answers)
    if moves_by <= route.design.margin:
        return []
    counts = "one answer counts" if shares is None else f"{answers} answers count"
    return [
        f"Equal requests are sent once, and {counts} for all of them: the most frequent is "
        f"{percent_share(float(repeated.max()), 1)} of the route. Where {tier} samples its answers, another run may "
        f"move the change by up to {points(moves_by)[1:]} points, which no interval here allows for; more `repeats` "
        "of the tier narrow it."
    ]


def _untested_rules(route: Concluded) -> list[str]:
    """Rules of the user's to a tier that is no candidate."""
    design = route.design
    entry = route.settings.route(design.route)
    unasked = [rule for rule in (entry.rules if entry else ()) if rule.to not in design.candidates]
    return [f"Its rule to {rule.to} was not tested: the tier is no candidate of the route." for rule in unasked]


def _masked(route: Concluded) -> list[str]:
    """What a policy that reads texts was tested on, where the log holds them masked."""
    policy, choice = route.verdict.policy, route.certified.choice
    signal = None if policy is None else policy.tuned.policy.signal
    if signal is None or not choice.masked or not reads_text(signal):
        return []
    return [
        f"In {count(choice.masked)} of {plural(choice.requests, 'sampled request')} the log has placeholders for "
        "something that the user said last. The policy was tested on the words around them; it will read what is said "
        "there, and may decide otherwise."
    ]


def _later_turns(route: Concluded) -> list[str]:
    """What moves would be answered after turns of another model."""
    if not route.moves or route.later_turns <= MAX_LATER_TURNS:
        return []
    return [
        f"{percent(route.later_turns)} of its requests carry earlier turns. A replay keeps those as they were logged: "
        "what a candidate would have said there, and where that leads, is not measured."
    ]


def _looked_at(problem: LogProblem) -> str:
    """How many answers a problem is about, as the beginning of a sentence."""
    return f"{count(problem.count)} of {plural(problem.of, 'answer')} of the log that were looked at"


CAVEATS: tuple[Callable[[Concluded], Sequence[str]], ...] = (
    _unconfirmed,
    _demanded,
    _one_answer,
    _beside_calls,
    _of_several,
    _unread,
    _left_out,
    _unreplayable,
    _shifted,
    _not_asked,
    _unmeasured,
    _error,
    _other_measures,
    _better,
    _both_fail,
    _order,
    _untested_policies,
    _robustness,
    _sent_once,
    _untested_rules,
    _masked,
    _later_turns,
)
