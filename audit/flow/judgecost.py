"""What judging costs: what is known to be asked, and what will be about answers that do not exist yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from audit.core.exchange import Request, Usage
from audit.core.plan import RouteDesign
from audit.core.settings import Settings
from audit.core.tier import Tier
from audit.llm.tiers import is_local
from audit.llm.tokens import prompt_tokens_bound, prompt_tokens_estimate
from audit.replay.plan import Call, TokenCounts, judge_call, worst_case_usd
from audit.sampling.frame import RouteFrame
from audit.scoring.asking import (
    AnswerShape,
    Question,
    answer_shapes,
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
    return shape.usual * judge.replay_price.cost_usd(usage)


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
    prompt, completion = (
        frame.pool.counted(name) / max(frame.replayable, 1) for name in ("prompt_tokens", "completion_tokens")
    )
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

    def call(self, route: str, question: Question) -> Call:
        """The call that asks a question."""
        return judge_call(route, question.request.request_fp, self.tiers[question.judge])

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


def question_usd(request: Request, judge: Tier) -> float:
    """Expected cost of a question that is known."""
    if is_local(judge):
        return 0.0
    read = prompt_tokens_estimate(request)
    return judge.replay_price.cost_usd(Usage(prompt_tokens=read, completion_tokens=EXPECTED_REPLY_TOKENS))


def question_at_most_usd(request: Request, judge: Tier) -> float:
    """Its cost at most."""
    if is_local(judge):
        return 0.0
    return worst_case_usd(TokenCounts(prompt=prompt_tokens_bound(request), max_tokens=REPLY_TOKENS), judge)
