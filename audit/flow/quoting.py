"""What a plan costs: replays, what judges are asked of their answers, and what earlier runs have paid for already."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from audit.core.artifacts import RunFolder
from audit.core.plan import (
    AskedOtherwise,
    BatchQuote,
    PlannedPlaceholders,
    RouteDesign,
    RouteQuote,
    StoredAnswers,
    TrimQuote,
)
from audit.core.repeats import RepeatQuote
from audit.core.settings import Settings
from audit.flow.hiding import hiding_of, told_as_asked
from audit.flow.judgecost import JudgeCosts, question_at_most_usd, question_usd
from audit.flow.keeping.answers import known, otherwise, stored_answers
from audit.flow.trimming import with_trimmed
from audit.replay.likely import likely_usd
from audit.replay.plan import Call, TokenCounts, batch_quotes, quote, repeat_quotes
from audit.scoring.asking import (
    Questions,
    answer_questions,
    control_questions,
    damaged_at_most,
    label_questions,
)
from audit.store.kept import Earlier, KnownCalls


@dataclass(frozen=True, slots=True, kw_only=True)
class Quoted:
    """What the calls of a plan cost.

    Attributes:
        tokens: By request, with what tiers are sent of it that are sent less.
        trims: The same in sum, of each of these tiers.
        quotes: By route, of what has no answer yet.
        whole: The same as if nothing had been recorded.
        likely_usd: What the calls cost less than in 95 of 100 cases.
        done: Ids of the calls that have an answer already.
        stored: What earlier runs were answered, replays and questions to judges; None for nothing.
        otherwise: What was answered with other settings of its tier, and is asked again.
        personal: Personal data in what leaves this machine; None where nothing leaves it.
        asked: The calls that all of this is of: those that are made, without requests that a tier is kept from.
        designs: With what routes can decide on these.
    """

    tokens: Mapping[str, TokenCounts]
    trims: tuple[TrimQuote, ...]
    quotes: tuple[RouteQuote, ...]
    whole: tuple[RouteQuote, ...]
    likely_usd: float
    batches: tuple[BatchQuote, ...]
    repeats: tuple[RepeatQuote, ...]
    done: frozenset[str]
    stored: StoredAnswers | None
    otherwise: tuple[AskedOtherwise, ...]
    personal: PlannedPlaceholders | None
    asked: Sequence[Call]
    designs: tuple[RouteDesign, ...]


def quoted(
    designs: Sequence[RouteDesign], calls: Sequence[Call], judging: JudgeCosts, settings: Settings, folder: RunFolder
) -> Quoted:
    """What the calls of a plan cost, with what judging their answers adds."""
    tiers = list(judging.tiers.values())
    hiding = hiding_of(calls, tiers, folder)
    designs = told_as_asked(designs, calls, hiding.asked, settings)
    calls = hiding.asked
    tokens, trims = with_trimmed(judging.tokens, calls, tiers, folder)
    there = known(calls, tiers, settings, folder)
    would = quote([call for call in calls if call.call_id in there.kept], tokens, tiers)
    stored, stored_usd = dict(there.kept), sum(one.expected_usd for one in would)
    quotes, whole = quote(calls, tokens, tiers, there.ids), quote(calls, tokens, tiers)
    replays_at_most = sum(one.at_most_usd for one in quotes)
    if judging.shapes:
        judged = _judged(calls, there, judging, settings, folder)
        quotes = tuple(judged.added_to(one) for one in quotes)
        whole = tuple(judged.added_to_whole(one) for one in whole)
        stored |= judged.stored
        stored_usd += judged.stored_usd
    return Quoted(
        tokens=tokens,
        trims=trims,
        quotes=quotes,
        whole=whole,
        likely_usd=likely_usd(
            calls,
            tokens,
            tiers,
            there.ids,
            judges_usd=sum(one.judge_usd for one in quotes),
            judges_at_most_usd=sum(one.at_most_usd for one in quotes) - replays_at_most,
        ),
        batches=batch_quotes(calls, tiers, there.ids),
        repeats=repeat_quotes(calls, tokens, tiers, there.ids),
        done=there.ids,
        stored=stored_answers(stored, stored_usd),
        otherwise=otherwise(calls, tiers, settings, folder),
        personal=hiding.personal,
        asked=calls,
        designs=designs,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judged:
    """What judges are asked about the answers of a plan.

    Attributes:
        judging: Of answers that are not there yet.
        calls: Of the replay.
        waiting: Those of which it is not known yet what judges are asked.
        questions: What is known to be asked.
        first: What is asked whatever the replays answer.
        answered: Questions that have an answer.
        damaged: By route, damaged answers at most of which it is not known yet what they are.
        left: The same, now.
    """

    judging: JudgeCosts
    calls: Sequence[Call]
    waiting: Sequence[Call]
    questions: Questions
    first: Questions
    answered: KnownCalls
    damaged: Mapping[str, int]
    left: Mapping[str, int]

    def added_to(self, one: RouteQuote) -> RouteQuote:
        """A quote of replays with what judging their answers adds."""
        return _with_judges(one, self.questions, self.answered.ids, self.waiting, self.left, self.judging)

    def added_to_whole(self, one: RouteQuote) -> RouteQuote:
        """The same as if nothing had been recorded."""
        return _with_judges(one, self.first, frozenset(), self.calls, self.damaged, self.judging)

    @property
    def stored(self) -> Mapping[str, Earlier]:
        """Questions that earlier runs had answered, by call id."""
        return self.answered.kept

    @property
    def stored_usd(self) -> float:
        """What these would cost."""
        judging = self.judging
        asked = {judging.call(name, one).call_id: one for name, some in self.questions.items() for one in some}
        some = (one for call_id, one in asked.items() if call_id in self.stored)
        return sum(question_usd(one.request, judging.tiers[one.judge]) for one in some)


def _judged(
    calls: Sequence[Call], there: KnownCalls, judging: JudgeCosts, settings: Settings, folder: RunFolder
) -> _Judged:
    """What judges are asked. Of an answer in the store that is not known until it is in the run folder: it counts as if
    they had to be asked."""
    routes = list(judging.shapes)
    labels = label_questions(folder, settings, routes)
    answers = answer_questions(folder, settings, routes)
    # Which answers are damaged is known when the labels have been judged; until then as many as there can be.
    damaged = {name: damaged_at_most(settings, name) for name in routes}
    recorded = _answered(labels, judging, settings, folder).ids
    coming = [labels, answers]
    if all(judging.call(name, one).call_id in recorded for name, some in labels.items() for one in some):
        coming.append(control_questions(folder, settings, routes))
    questions = _together(coming)
    return _Judged(
        judging=judging,
        calls=calls,
        waiting=[call for call in calls if call.call_id not in there.journal],
        questions=questions,
        first=_together([labels, answer_questions(folder, settings, routes, replays=False)]),
        answered=_answered(questions, judging, settings, folder),
        damaged=damaged,
        left=dict.fromkeys(routes, 0) if len(coming) > 2 else damaged,
    )


def _answered(questions: Questions, judging: JudgeCosts, settings: Settings, folder: RunFolder) -> KnownCalls:
    calls = [judging.call(name, one) for name, some in questions.items() for one in some]
    return known(calls, list(judging.tiers.values()), settings, folder)


def _together(parts: Sequence[Questions]) -> Questions:
    """Each question once, by route."""
    routes = dict.fromkeys(name for part in parts for name in part)
    return {name: list({one.key: one for part in parts for one in part.get(name, ())}.values()) for name in routes}


def _with_judges(
    quote: RouteQuote,
    questions: Questions,
    recorded: Collection[str],
    waiting: Sequence[Call],
    damaged: Mapping[str, int],
    costs: JudgeCosts,
) -> RouteQuote:
    """A quote of replays with what judging their answers adds.

    Args:
        quote: Of the replays alone.
        questions: What is known to be asked.
        recorded: Ids of calls that have an answer.
        waiting: Calls of the replay that have no answer yet.
        damaged: By route, damaged answers of which it is not known yet what they are.
        costs: Of judging answers.
    """
    route, about = quote.route, questions.get(quote.route, ())
    asked = [one for one in about if costs.call(route, one).call_id not in recorded]
    coming = [call for call in waiting if call.route == route]
    expected, most = [costs.expected_usd(call) for call in coming], [costs.at_most_usd(call) for call in coming]
    more = damaged.get(route, 0)
    judge_usd = sum(question_usd(one.request, costs.tiers[one.judge]) for one in asked) + sum(expected)
    judge_usd += more * sum(expected) / len(expected) if expected else 0.0
    at_most = sum(question_at_most_usd(one.request, costs.tiers[one.judge]) for one in asked) + sum(most)
    at_most += more * max(most, default=0.0)
    each = sum(shape.requests for shape in costs.shapes.get(route, ()))
    judge_calls = len(asked) + (len(coming) + (more if coming else 0)) * each
    return replace(
        quote,
        calls=quote.calls + judge_calls,
        recorded=quote.recorded + len(about) - len(asked),
        expected_usd=quote.expected_usd + judge_usd,
        at_most_usd=quote.at_most_usd + at_most,
        judge_usd=judge_usd,
        judge_calls=judge_calls,
    )
