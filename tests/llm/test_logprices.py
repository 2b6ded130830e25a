"""The rates of logged calls: by day, service tier, prompt length, provider and class of token."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from audit.core.rates import CallKind, Rates
from audit.core.reason import Reason
from audit.core.settings import EarlierRates, PriceSettings, TierSettings
from audit.ingest.calls.pairs import put_model
from audit.ingest.row import Row
from audit.ingest.words import PROVIDERS, charged_as, maker, model_key
from audit.llm.logprices import rates_of
from audit.llm.pricing import resolve_price, vendor_of

DAY = datetime(2026, 11, 20, tzinfo=UTC)


def kind(*models: str, provider: str | None = "openai", **changes: Any) -> CallKind:
    """A call, with some of its facts changed."""
    return CallKind(
        **{"models": models, "provider": provider, "at": DAY, "service_tier": None, "batch": False} | changes
    )


def first(asked: CallKind) -> Rates:
    """The rates of a short prompt; there must be some."""
    found = rates_of()(asked)
    assert not isinstance(found, Reason), found
    return found[0]


def test_the_day_decides() -> None:
    """A call before a price cut costs what it cost then."""
    before, after = (first(kind("o3", at=datetime(2025, month, 20, tzinfo=UTC))) for month in (5, 7))
    assert before.input > 2 * after.input


@pytest.mark.parametrize(
    ("name", "changes", "assumed"),
    [
        ("gpt-4o", {}, False),
        ("gpt-4o", {"at": datetime(2024, 6, 1, tzinfo=UTC)}, True),
        ("gpt-4o", {"at": None}, False),
        ("gpt-5-mini-2025-08-07", {"at": datetime(2025, 8, 6, tzinfo=UTC)}, True),
        ("gpt-5-mini-2025-08-07", {"at": datetime(2025, 8, 7, tzinfo=UTC)}, False),
        ("gpt-4o", {"batch": True}, False),
        ("gpt-4o", {"batch": True, "at": datetime(2026, 2, 1, tzinfo=UTC)}, True),
    ],
)
def test_what_a_list_cannot_know_is_assumed(name: str, changes: dict[str, Any], assumed: bool) -> None:
    """Calls before the list's first change, before the day in the model's name, or before a tier's price was seen."""
    assert first(kind(name, **changes)).assumed is assumed


@pytest.mark.parametrize(("tier", "least", "most"), [("flex", 0.4, 0.6), ("priority", 1.5, 2.5), ("default", 1, 1)])
def test_the_service_tier_decides(tier: str, least: float, most: float) -> None:
    """Flex is cheaper and priority dearer than the list, on every day; the list's own tier is the list."""
    for at in (DAY, datetime(2026, 1, 5, tzinfo=UTC)):
        plain, special = first(kind("gpt-5-mini", at=at)), first(kind("gpt-5-mini", at=at, service_tier=tier))
        assert least <= special.output / plain.output <= most


def test_batch_is_half_and_an_unknown_tier_is_named() -> None:
    """A batch is told by its flag or by its tier; a tier without a price is no list price."""
    plain = first(kind("gpt-4o"))
    for batched in (kind("gpt-4o", batch=True), kind("gpt-4o", service_tier="batch")):
        assert first(batched).input == plain.input / 2
    assert rates_of()(kind("gpt-4o", service_tier="scale")) is Reason.SERVICE_TIER


def test_long_prompts_have_rates_of_their_own() -> None:
    """Steps by prompt length, each above the one before."""
    steps = rates_of()(kind("gemini-2.5-pro", provider="gcp.gemini"))
    assert not isinstance(steps, Reason)
    assert [step.above for step in steps] == [0, 200_000]
    assert steps[1].input == 2 * steps[0].input


def test_unknown_is_named() -> None:
    """A model without a price and a machine of one's own have reasons, never a price of zero."""
    assert rates_of()(kind("acme-chat", provider=None)) is Reason.UNKNOWN_MODEL
    assert rates_of()(kind("gpt-4o", provider="ollama")) is Reason.SELF_HOSTED


def test_the_users_price_comes_first() -> None:
    """A tier of audit.yaml prices the calls of its model, a deployment's and a self-hosted one's too."""
    price = PriceSettings(input=1, output=2)
    own = [TierSettings(name="t", model="acme-chat", provider="openai-compatible", base_url="http://x", price=price)]
    for asked in (kind("acme-chat", provider=None), kind("acme-chat", provider="hosted_vllm")):
        found = rates_of(own)(asked)
        assert not isinstance(found, Reason)
        assert (found[0].input, found[0].source) == (1, "audit.yaml")


@pytest.mark.parametrize("inputs", [(1, 2), (2, 1), (1, 2, 1), (1, 2, 2), (1, 1, 2)])
def test_tiers_that_disagree_price_nothing(inputs: tuple[int, ...]) -> None:
    """Two prices for one model: neither is the log's, whatever the order of the tiers; equal ones are."""

    def tier(number: int, price: int) -> TierSettings:
        prices = PriceSettings(input=price, output=2)
        return TierSettings(
            name=f"t{number}", model="gpt-4o", provider="openai-compatible", base_url="http://x", price=prices
        )

    assert rates_of([tier(k, price) for k, price in enumerate(inputs)])(kind("gpt-4o")) is Reason.PRICES_DIFFER
    same = rates_of([tier(k, inputs[0]) for k in range(len(inputs))])(kind("gpt-4o"))
    assert not isinstance(same, Reason)
    assert same[0].input == inputs[0]


def test_a_price_that_changed_is_the_one_of_the_day() -> None:
    """A contract of the middle of a month: each call has the rates of its day (UTC), one without a time today's."""
    steps = [{"above": 200_000, "input": 6, "output": 20}]
    earlier = [
        {"input": 5, "output": 25, "until": "2026-11-02"},
        {"input": 3, "output": 15, "until": "2026-11-15", "steps": steps},
    ]
    price = PriceSettings.model_validate({"input": 2, "output": 10, "cached_input": 0.2, "earlier": earlier})
    tiers = [TierSettings(name=f"t{k}", model="claude-x", provider="openai", price=price) for k in range(2)]
    days = {(2026, 11, 1): [5], (2026, 11, 2): [3, 6], (2026, 11, 14): [3, 6], (2026, 11, 15): [2], None: [2]}
    for day, inputs in days.items():
        at = None if day is None else datetime(*day, 23, 30, tzinfo=UTC)
        found = rates_of(tiers)(kind("claude-x", at=at))
        assert not isinstance(found, Reason)
        assert [rates.input for rates in found] == inputs
    assert resolve_price(tiers[0]).input == 2
    other = [*tiers, tiers[0].model_copy(update={"price": PriceSettings(input=2, output=10, cached_input=0.2)})]
    assert rates_of(other)(kind("claude-x")) is Reason.PRICES_DIFFER
    with pytest.raises(ValueError, match="older to newer"):
        PriceSettings.model_validate({"input": 2, "output": 10, "earlier": earlier[::-1]})
    with pytest.raises(ValueError, match="isoformat"):
        EarlierRates(input=1, output=1, until="mid-November")


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("left_out", ["cached_input", "cache_write"])
def test_a_class_that_one_tier_leaves_out_is_no_disagreement(left_out: str, order: int) -> None:
    """A tier with less of the prompt may say nothing of cached tokens; two rates of one class are still two prices."""

    def tier(name: str, **classes: float) -> TierSettings:
        price = PriceSettings(input=2, output=8, **classes)
        return TierSettings(name=name, model="gpt-4o", provider="openai-compatible", base_url="http://x", price=price)

    brief, whole, other = tier("brief"), tier("whole", **{left_out: 0.5}), tier("other", **{left_out: 0.7})
    found = rates_of([brief, whole][::order])(kind("gpt-4o"))
    assert not isinstance(found, Reason)
    assert (found[0].input, getattr(found[0], left_out), found[0].output) == (2, 0.5, 8)
    assert rates_of([brief, whole, other][::order])(kind("gpt-4o")) is Reason.PRICES_DIFFER


def test_one_vocabulary_of_providers() -> None:
    """What ingest calls a provider, the price catalogue knows, unless it has no such vendor."""
    unknown = {name for name in PROVIDERS.values() if vendor_of(name) is None}
    assert unknown == {"aws.sagemaker"}


@pytest.mark.parametrize(
    ("name", "gateway", "key"),
    [
        (
            "bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0",
            "bedrock",
            "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
        ),
        ("bedrock/converse/anthropic.claude-3-haiku-v1:0", "bedrock", "anthropic.claude-3-haiku-v1:0"),
        ("bedrock/us-east-1/amazon.nova-lite-v1:0", "bedrock", "amazon.nova-lite-v1:0"),
        ("arn:aws:bedrock:us-east-1:1:inference-profile/eu.amazon.nova-pro-v1:0", None, "eu.amazon.nova-pro-v1:0"),
        ("openai/gpt-4o", "openai", "gpt-4o"),
        ("gpt-4o", None, "gpt-4o"),
    ],
)
def test_the_price_tables_name(name: str, gateway: str | None, key: str) -> None:
    """What gateways and clouds put before a model's name is taken off."""
    assert model_key(name, gateway) == key


@pytest.mark.parametrize(
    ("asked", "responded", "in_pairs", "by_a_gateway"),
    [
        # Another model's name: it would be priced and shown as that one.
        ("gpt-4o-mini", "gpt-4.1", "gpt-4.1", "gpt-4.1"),
        ("gpt-4o-mini", "gpt-4", "gpt-4", "gpt-4"),
        ("llama-3.1-70b", "gpt-4.1-2025-04-14", "gpt-4.1-2025-04-14", "gpt-4.1-2025-04-14"),
        ("gemini-flash-latest", "gemini-2.5-flash", "gemini-2.5-flash", "gemini-2.5-flash"),
        # A snapshot, which a gateway's log need not name; a fine-tuned model; a catalogue's own names.
        ("gpt-4o", "gpt-4o-2024-08-06", "gpt-4o-2024-08-06", "gpt-4o"),
        ("ft:gpt-4o-mini:acme::a1", "ft:gpt-4o-mini:acme::a1", "ft:gpt-4o-mini:acme::a1", "ft:gpt-4o-mini:acme::a1"),
        ("eu.anthropic.claude-x-v1:0", "claude-x-20240307", "eu.anthropic.claude-x-v1:0", "eu.anthropic.claude-x-v1:0"),
        ("openrouter/auto", "anthropic/claude-x", "anthropic/claude-x", "openrouter/auto"),
        # A team's own word.
        ("acme-chat-prod", "gpt-4o-2024-08-06", "acme-chat-prod", "acme-chat-prod"),
        ("gpt-4o", "large", "gpt-4o", "gpt-4o"),
        ("gpt-4o", None, "gpt-4o", "gpt-4o"),
    ],
)
def test_no_call_is_charged_as_a_model_that_did_not_answer(
    asked: str, responded: str | None, in_pairs: str, by_a_gateway: str
) -> None:
    """A deployment or an alias may have the name of any model."""
    row = Row(model_requested=asked)
    put_model(row, {"provider": "azure"}, responded)
    assert (row.model_key, charged_as(f"azure/{asked}", responded, "azure")) == (in_pairs, by_a_gateway)
    # A gateway that writes its clients' alias into the answer does not say what answered.
    assert charged_as(f"azure/{asked}", responded, "azure", responded) == asked


def test_the_maker_is_told_by_names_that_only_it_gives() -> None:
    """Open weights tell nothing of who served them."""
    told = {
        name: maker(name) for name in ("gpt-4.1", "claude-x", "deepseek-chat", "llama-3.1-8b", "gpt-oss-120b", "qwen3")
    }
    assert told == {
        "gpt-4.1": "openai", "claude-x": "anthropic", "deepseek-chat": "deepseek", "llama-3.1-8b": None,
        "gpt-oss-120b": None, "qwen3": None,
    }  # fmt: skip
