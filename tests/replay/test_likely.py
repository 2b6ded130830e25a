"""The upper end of a quote, against replays whose answers have planted lengths."""

from __future__ import annotations

import numpy as np
import pytest

from audit.core.tier import Price, Tier
from audit.replay.likely import LENGTH_SPREAD, likely_usd
from audit.replay.plan import Call, TokenCounts, quote

CALLS, LIMIT = 400, 4096
PRICE = Price(input=1.0, output=4.0)


def tier(name: str) -> Tier:
    """A paid endpoint."""
    return Tier(name=name, model=name, provider="openai", price=PRICE)


def billed(lengths: np.ndarray, prompts: np.ndarray) -> float:
    """What answers of these lengths cost."""
    return float((prompts * PRICE.input + np.minimum(lengths, LIMIT) * PRICE.output).sum() / 1e6)


@pytest.mark.parametrize(
    ("sigma", "candidates", "seeds"),
    [
        (1.0, 1, 100),
        *(pytest.param(sigma, n, 300, marks=pytest.mark.slow) for n in (1, 3) for sigma in (0.5, 1.0, 1.5)),
    ],
)
def test_it_holds_as_often_as_it_says(sigma: float, candidates: int, seeds: int) -> None:
    """Candidates that write more or less by factors of the stated spread, and draw every length anew, cost more than
    that in at most 7 of 100 logs; candidates that write as today's model does, in at most one."""
    above = {LENGTH_SPREAD: 0, 0.0: 0}
    shares = []
    for seed in range(seeds):
        rng = np.random.default_rng([seed, candidates])
        logged = np.clip(rng.lognormal(4.8, sigma, CALLS), 1, LIMIT).astype(int)
        prompts = np.clip(rng.lognormal(6.0, 0.8, CALLS), 1, 50_000).astype(int)
        tokens = {
            str(i): TokenCounts(prompt=int(prompts[i]), completion=int(logged[i]), max_tokens=LIMIT)
            for i in range(CALLS)
        }
        tiers = [tier(f"t{k}") for k in range(candidates)]
        calls = [
            Call(call_id=f"{i}-{one.name}", request_fp=str(i), route="/a", tier=one.name, arm="candidate")
            for i in range(CALLS)
            for one in tiers
        ]
        told = likely_usd(calls, tokens, tiers)
        (made,) = quote(calls, tokens, tiers)
        assert made.expected_usd <= told < made.at_most_usd
        shares.append((told / made.expected_usd, made.at_most_usd / made.expected_usd))
        for spread in above:
            factors = np.exp(rng.normal(0.0, spread, candidates))
            spent = sum(billed(rng.choice(logged, CALLS) * factor, prompts) for factor in factors)
            above[spread] += spent > told
    likely, most = np.median(shares, axis=0)
    print(
        f"\nsigma {sigma}, {candidates} candidates: above in {above[LENGTH_SPREAD] / seeds:.1%} "
        f"(of equal length {above[0.0] / seeds:.1%}); {likely:.2f} times what is expected, the maximum {most:.1f}"
    )
    assert above[LENGTH_SPREAD] <= 0.07 * seeds
    assert above[0.0] <= 0.01 * seeds
    assert likely < 2.5


def test_what_costs_nothing_is_no_amount() -> None:
    """Answered calls, and calls within this process."""
    call = Call(call_id="c", request_fp="r", route="/a", tier="t", arm="candidate")
    tokens = {"r": TokenCounts(prompt=100, completion=100, max_tokens=100)}
    assert likely_usd([call], tokens, [tier("t")], {"c"}) == 0.0
    assert likely_usd([call], tokens, [Tier(name="t", model="t", provider="simulated", price=PRICE)]) == 0.0


def test_todays_own_model_has_no_factor() -> None:
    """Asked again for the noise floor it writes as it did: only single lengths vary."""
    tokens = {str(i): TokenCounts(prompt=100, completion=100, max_tokens=1_000) for i in range(900)}
    calls = [Call(call_id=str(i), request_fp=str(i), route="/a", tier="t", arm="incumbent_replay") for i in range(900)]
    (made,) = quote(calls, tokens, [tier("t")])
    assert made.expected_usd < likely_usd(calls, tokens, [tier("t")]) < 1.08 * made.expected_usd
