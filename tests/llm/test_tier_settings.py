"""Two tiers of one model that are asked differently are two candidates: in bodies, keys, limits and policies."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from typing import Any

import pytest

from audit.core.exchange import Request
from audit.core.tier import REQUEST_SETTINGS, Price, Tier
from audit.core.trim import Trim
from audit.llm.provider import WireProvider
from audit.llm.providers import PROVIDERS
from audit.policy.exporter import CannotExpress
from audit.policy.exports import EXPORTERS
from audit.replay.plan import TokenCounts, worst_case_usd
from tests.policy.world import entry, policy

PLAIN = Tier(name="t", model="m", provider="openai-compatible", price=Price(input=1, output=1), base_url="http://x/v1")
SETTINGS: dict[str, Any] = {
    "max_tokens": 77,
    "prompt_suffix": " /no_think",
    "reasoning_effort": "low",
    "service_tier": "flex",
    "thinking_tokens": 2048,
    "trim": Trim(history=2),
}
REQUEST = Request(request_fp="f", messages=[{"role": "user", "content": "Hello"}], params={"max_tokens": 9})


def body_of(tier: Tier, request: Request = REQUEST) -> dict[str, Any]:
    """What a tier is sent."""
    provider = PROVIDERS.get(tier.provider)
    assert isinstance(provider, WireProvider)
    body: dict[str, Any] = json.loads(provider.encode(request, tier, None).body)
    return body


def test_every_setting_is_in_the_list() -> None:
    """The examples below are all of them."""
    assert set(SETTINGS) == set(REQUEST_SETTINGS)


def test_each_setting_makes_another_candidate() -> None:
    """No two tiers with different settings share a key; a tier without any has its model's name, as it always had."""
    tiers = [PLAIN, *(replace(PLAIN, **{name: value}) for name, value in SETTINGS.items())]
    tiers += [replace(PLAIN, reasoning_effort="high"), replace(PLAIN, options={"body": {"reasoning_effort": "low"}})]
    for one, other in itertools.combinations(tiers, 2):
        assert one.identity != other.identity
    assert PLAIN.identity == "m"


def test_settings_are_sent_over_the_logs() -> None:
    """Each provider writes them where its protocol has them."""
    logged = replace(REQUEST, params={"max_tokens": 9, "reasoning_effort": "high"})
    chat = body_of(replace(PLAIN, reasoning_effort="low", service_tier="flex", prompt_suffix=" /no_think"), logged)
    assert (chat["reasoning_effort"], chat["service_tier"]) == ("low", "flex")
    assert chat["messages"] == [{"role": "user", "content": "Hello /no_think"}]
    claude = body_of(replace(PLAIN, provider="anthropic", thinking_tokens=2048), logged)
    assert claude["thinking"] == {"type": "enabled", "budget_tokens": 2048}
    assert claude["max_tokens"] == 2048 + 9
    google = body_of(replace(PLAIN, provider="gemini", thinking_tokens=0), logged)
    assert google["generationConfig"]["thinkingConfig"] == {"thinkingBudget": 0}
    assert "service_tier" not in body_of(PLAIN, replace(REQUEST, params={"service_tier": "priority"}))


@pytest.mark.parametrize("settings", [{}, {"max_tokens": 77}, {"thinking_tokens": 100}, {"max_output_tokens": 50}])
@pytest.mark.parametrize("logged", [None, 9])
def test_the_limit_that_is_sent_is_the_one_that_the_cap_counts(settings: dict[str, int], logged: int | None) -> None:
    """The worst case of a call is made of the limit in its body."""
    tier = replace(PLAIN, **settings)
    params = {} if logged is None else {"max_tokens": logged}
    sent = body_of(tier, replace(REQUEST, params=params))["max_tokens"]
    free = replace(tier, price=Price(input=0, output=1_000_000))
    assert worst_case_usd(TokenCounts(prompt=1, max_tokens=logged), free) == sent


def test_a_policy_for_a_tier_with_settings_goes_to_no_gateway_without_them() -> None:
    """A model alone is not what was certified: targets that cannot ask for the settings refuse the policy."""
    for settings in ({"prompt_suffix": " /no_think"}, {"trim": {"tools": ["no_think"]}}):
        made = policy(entry(), settings={"small": settings})
        for name in EXPORTERS:
            if name == "policy-json":
                assert b"no_think" in EXPORTERS.get(name).export(made)["policy.json"]
                continue
            with pytest.raises(CannotExpress):
                EXPORTERS.get(name).export(made)


def test_litellm_is_told_the_effort() -> None:
    """What LiteLLM's parameters can hold stands in them."""
    made = policy(entry(), settings={"small": {"reasoning_effort": "low", "thinking_tokens": 0}})
    written = EXPORTERS.get("litellm").export(made)["config.yaml"].decode()
    assert "reasoning_effort: low" in written
    assert "type: disabled" in written
