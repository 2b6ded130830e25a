"""What judging costs: what is known to be asked, and what will be about answers that do not exist yet."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import polars as pl

from audit.core.artifacts import RunFolder
from audit.core.exchange import Request, Usage
from audit.core.plan import RouteDesign, RouteQuote
from audit.core.settings import Settings
from audit.core.tier import Tier
from audit.llm.tiers import is_local
from audit.llm.tokens import prompt_tokens_bound, prompt_tokens_estimate
from audit.replay.plan import Call, TokenCounts, judge_call, worst_case_usd
from audit.replay.run import recorded_calls
from audit.sampling.frame import RouteFrame
from audit.scoring.asking import (
    AnswerShape,
    Question,
    Questions,
    answer_questions,
    answer_shapes,
    control_questions,
    damaged_at_most,
    label_questions,
)
from audit.scoring.judges.prompt import REPLY_TOKENS

INSTRUCTIONS_TOKENS = 450
"""Of a judge's task and the lines around its sections, without the rubric."""

EXPECTED_REPLY_TOKENS = 80
"""Of a verdict with its reason."""


def _expected(shape: AnswerShape, judge: Tier, prompt: float, completion: float) -> float:
    """What judging an answer costs, for a request and answers of so many tokens."""
    if is_local(judge):
        return 0.0
    read = round(prompt + shape.shown * completion) + INSTRUCTIONS_TOKENS + shape.rubric_tokens
    usage = Usage(prompt_tokens=read, completion_tokens=EXPECTED_REPLY_TOKENS)
    return shape.requests * judge.replay_price.cost_usd(usage)


def _at_most(shape: AnswerShape, judge: Tier, prompt: int, completion: int) -> float:
    """The same for answers at their limit."""
    if is_local(judge):
        return 0.0
    read = prompt + shape.shown * completion + 2 * (INSTRUCTIONS_TOKENS + shape.rubric_tokens)
    return shape.requests * worst_case_usd(TokenCounts(prompt=read, max_tokens=REPLY_TOKENS), judge)


def per_answer_usd(settings: Settings, frame: RouteFrame, tiers: Sequence[Tier]) -> float:
    """Expected cost of judging one answer of a route, at its logged lengths."""
    by_name = {tier.name: tier for tier in tiers}
    shapes = answer_shapes(settings, [frame.route]).get(frame.route, ())
    rows = frame.rows.select(pl.col("prompt_tokens", "completion_tokens").fill_null(0).mean())
    prompt, completion = (float(value or 0.0) for value in (rows.row(0) if rows.height else (0.0, 0.0)))
    return sum(_expected(shape, by_name[shape.judge], prompt, completion) for shape in shapes)


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeCosts:
    """What it costs to judge answers that are not there yet.

    Attributes:
        shapes: What is asked about an answer, by route that a judge judges.
        tokens: Logged counts by request.
        tiers: By name.
    """

    shapes: Mapping[str, Sequence[AnswerShape]]
    tokens: Mapping[str, TokenCounts]
    tiers: Mapping[str, Tier]

    @property
    def judges(self) -> set[str]:
        """Names of the tiers that are asked."""
        return {shape.judge for some in self.shapes.values() for shape in some}

    def added_to(
        self,
        quotes: tuple[RouteQuote, ...],
        whole: tuple[RouteQuote, ...],
        calls: Sequence[Call],
        done: Collection[str],
        folder: RunFolder,
        settings: Settings,
    ) -> tuple[tuple[RouteQuote, ...], tuple[RouteQuote, ...]]:
        """Quotes of replays with what judging their answers adds.

        Args:
            quotes: Of the calls that have no answer yet.
            whole: As if nothing had been recorded.
            calls: Of the replay.
            done: Ids of those that journal or cassette answer.
        """
        if not self.shapes:
            return quotes, whole
        routes = list(self.shapes)
        labels = label_questions(folder, settings, routes)
        answers = answer_questions(folder, settings, routes)
        # Which answers are damaged is known when the labels have been judged; until then as many as there can be.
        damaged = {name: damaged_at_most(settings, name) for name in routes}
        recorded = self._recorded(labels, folder, settings)
        known = [labels, answers]
        if all(self.call(name, one).call_id in recorded for name, some in labels.items() for one in some):
            known.append(control_questions(folder, settings, routes))
        questions = _together(known)
        recorded = self._recorded(questions, folder, settings)
        waiting = [call for call in calls if call.call_id not in done]
        first = _together([labels, answer_questions(folder, settings, routes, replays=False)])
        left = dict.fromkeys(routes, 0) if len(known) > 2 else damaged
        return (
            tuple(_with_judges(one, questions, recorded, waiting, left, self) for one in quotes),
            tuple(_with_judges(one, first, frozenset(), calls, damaged, self) for one in whole),
        )

    def call(self, route: str, question: Question) -> Call:
        """The call that asks a question."""
        return judge_call(route, question.request.request_fp, self.tiers[question.judge])

    def _recorded(self, questions: Questions, folder: RunFolder, settings: Settings) -> Collection[str]:
        calls = [self.call(name, one) for name, some in questions.items() for one in some]
        return recorded_calls(calls, list(self.tiers.values()), settings.replay, folder, settings.directory)

    def expected_usd(self, call: Call) -> float:
        """Of the answer that a call will give, as long as the logged one."""
        counts = self.tokens.get(call.request_fp, TokenCounts())
        length = counts.completion or 0
        return sum(
            _expected(shape, self.tiers[shape.judge], counts.prompt or 0, length)
            for shape in self.shapes.get(call.route, ())
        )

    def at_most_usd(self, call: Call) -> float:
        """Of an answer at its limit."""
        counts = self.tokens.get(call.request_fp, TokenCounts())
        limit = max(self.tiers[call.tier].output_limit(counts.max_tokens), counts.completion or 0)
        return sum(
            _at_most(shape, self.tiers[shape.judge], counts.prompt or 0, limit)
            for shape in self.shapes.get(call.route, ())
        )


def judge_costs(
    designs: Sequence[RouteDesign], settings: Settings, tiers: Sequence[Tier], tokens: Mapping[str, TokenCounts]
) -> JudgeCosts:
    """What it costs to judge answers on the routes that are replayed."""
    names = [design.route for design in designs if design.candidates]
    by_name = {tier.name: tier for tier in tiers}
    return JudgeCosts(shapes=answer_shapes(settings, names), tokens=tokens, tiers=by_name)


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
        recorded: Ids of calls that journal or cassette answer.
        waiting: Calls of the replay that have no answer yet.
        damaged: By route, damaged answers of which it is not known yet what they are.
        costs: Of judging answers.
    """
    route, about = quote.route, questions.get(quote.route, ())
    asked = [one for one in about if costs.call(route, one).call_id not in recorded]
    coming = [call for call in waiting if call.route == route]
    expected, most = [costs.expected_usd(call) for call in coming], [costs.at_most_usd(call) for call in coming]
    more = damaged.get(route, 0)
    judge_usd = sum(_expected_usd(one.request, costs.tiers[one.judge]) for one in asked) + sum(expected)
    judge_usd += more * sum(expected) / len(expected) if expected else 0.0
    at_most = sum(_at_most_usd(one.request, costs.tiers[one.judge]) for one in asked) + sum(most)
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


def _expected_usd(request: Request, judge: Tier) -> float:
    if is_local(judge):
        return 0.0
    read = prompt_tokens_estimate(request)
    return judge.replay_price.cost_usd(Usage(prompt_tokens=read, completion_tokens=EXPECTED_REPLY_TOKENS))


def _at_most_usd(request: Request, judge: Tier) -> float:
    if is_local(judge):
        return 0.0
    return worst_case_usd(TokenCounts(prompt=prompt_tokens_bound(request), max_tokens=REPLY_TOKENS), judge)
