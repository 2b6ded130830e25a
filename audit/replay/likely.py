"""What a replay costs in 95 of 100 cases: between what is expected at today's lengths and every answer at its limit.

The log's lengths are today's model's. A candidate writes more or less than that, by a factor that is nearly the same on
all of its answers and unknown before it is asked. How far such factors spread was measured (`docs/method/quote.md`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from audit.core.exchange import Usage
from audit.core.tier import Tier
from audit.llm.tiers import is_local
from audit.replay.plan import INCUMBENT_REPLAY, Call, TokenCounts, completion_length, worst_case_usd

RISK = 0.05
"""Chance that a replay costs more than is told."""
LENGTH_SPREAD = 0.5
"""Standard deviation of the log of a model's mean answer length over that of the model that a route has."""
TOKENIZER_SPREAD = 0.15
"""The same of prompt tokens: tokenizers differ by 10 to 40 % on prose and code."""
JUDGES = "judges"

_FUTURES = 4_000


@dataclass(slots=True)
class _Part:
    """Dollars of the calls to one tier: prompts and answers as expected, the squares of the latter, and the worst."""

    prompts: float = 0.0
    answers: float = 0.0
    squares: float = 0.0
    at_most: float = 0.0


def likely_usd(
    calls: Sequence[Call],
    tokens: Mapping[str, TokenCounts],
    tiers: Sequence[Tier],
    done: Collection[str] = frozenset(),
    *,
    judges_usd: float = 0.0,
    judges_at_most_usd: float = 0.0,
) -> float:
    """The amount that the calls stay below in 95 of 100 cases, in USD.

    Args:
        calls: Of a plan.
        tokens: By request fingerprint, as logged.
        tiers: That are asked.
        done: Ids of calls that have an answer; they cost nothing.
        judges_usd: Expected for judging the answers; it grows with their length as they do.
        judges_at_most_usd: For the same.

    Returns:
        At least what is expected at today's lengths, and never more than every answer at its limit.

    Special cases:
        No call that costs anything: 0.
    """
    parts = _parts(calls, tokens, tiers, done)
    if judges_usd:
        parts[JUDGES, False] = _Part(answers=judges_usd, at_most=max(judges_at_most_usd, judges_usd))
    expected = sum(part.prompts + part.answers for part in parts.values())
    if not expected:
        return 0.0
    rng = np.random.default_rng(0)
    total = np.zeros(_FUTURES)
    for (_, today), part in sorted(parts.items()):
        # Today's own model, asked again, writes as it did; nobody knows a candidate's way before it is asked.
        longer = rng.normal(0.0, 0.0 if today else LENGTH_SPREAD, _FUTURES)
        counted = rng.normal(0.0, 0.0 if today else TOKENIZER_SPREAD, _FUTURES)
        # Lengths are taken to be drawn anew, whatever the log's answer to the request was: the widest they can vary.
        each = rng.normal(0.0, 1.0, _FUTURES) * np.sqrt(part.squares)
        cost = part.prompts * np.exp(counted) + np.exp(longer) * np.maximum(part.answers + each, 0.0)
        total += np.minimum(cost, part.at_most)
    at_most = sum(part.at_most for part in parts.values())
    return min(max(float(np.quantile(total, 1 - RISK)), expected), at_most)


def _parts(
    calls: Sequence[Call], tokens: Mapping[str, TokenCounts], tiers: Sequence[Tier], done: Collection[str]
) -> dict[tuple[str, bool], _Part]:
    """By tier, and whether it is asked as today's model."""
    paid = {tier.name: tier for tier in tiers if not is_local(tier)}
    parts: dict[tuple[str, bool], _Part] = {}
    for call in calls:
        if call.call_id in done or call.tier not in paid:
            continue
        tier, counts = paid[call.tier], tokens.get(call.request_fp, TokenCounts())
        price, prompt = tier.replay_price, counts.sent_to(tier)
        prompts = price.cost_usd(Usage(prompt_tokens=prompt, completion_tokens=0))
        whole = price.cost_usd(Usage(prompt_tokens=prompt, completion_tokens=completion_length(counts, tier)))
        part = parts.setdefault((call.tier, call.arm == INCUMBENT_REPLAY), _Part())
        part.prompts += prompts
        part.answers += whole - prompts
        part.squares += (whole - prompts) ** 2
        part.at_most += worst_case_usd(counts, tier)
    return parts
