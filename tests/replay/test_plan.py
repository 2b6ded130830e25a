"""Which calls are planned, and what they are quoted at."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from audit.core.errors import UnknownName
from audit.core.plan import RouteQuote
from audit.core.tier import Price, PriceStep
from audit.replay.plan import TokenCounts, planned_calls, quote, repeat_quotes, worst_case_usd
from tests.replay.world import design, slice_of, tier

URL = "http://127.0.0.1:1/v1"
TIERS = (tier(URL), tier(URL, "medium"), tier(URL, "large"))


def test_each_distinct_request_goes_once_to_each_candidate() -> None:
    """Two draws of one request are one call per tier, and the ids are unique."""
    slice_ = slice_of([("r", "quality", "a"), ("r", "quality", "b"), ("r", "quality", "a"), ("r", "dollars", "b")])
    calls = planned_calls([design(candidates=("small", "medium"))], slice_, TIERS)
    assert [(c.request_fp, c.tier, c.arm) for c in calls] == [
        ("a", "small", "candidate"),
        ("a", "medium", "candidate"),
        ("b", "small", "candidate"),
        ("b", "medium", "candidate"),
    ]
    assert len({c.call_id for c in calls}) == 4


def test_the_incumbent_is_replayed_on_the_first_quality_draws() -> None:
    """Dollar draws never go to the incumbent's tier, nor do quality draws after the first `incumbent_n`."""
    slice_ = slice_of([("r", "dollars", "z"), *(("r", "quality", fp) for fp in "abcd")])
    calls = planned_calls([design(incumbent_tier="large", incumbent_n=2)], slice_, TIERS)
    assert [c.request_fp for c in calls if c.arm == "incumbent_replay"] == ["a", "b"]
    assert {c.tier for c in calls if c.arm == "incumbent_replay"} == {"large"}
    assert {c.request_fp for c in calls if c.arm == "candidate"} == set("abcdz")


def test_a_prefix_of_the_calls_is_a_smaller_run() -> None:
    """Routes and tiers take turns, so that the first half of the calls has half of each."""
    slice_ = slice_of([(route, "quality", f"{route}{i}") for route in "pq" for i in range(10)])
    designs = [design(r, candidates=("small", "medium")) for r in "pq"]
    half = planned_calls(designs, slice_, TIERS)[:20]
    assert Counter((c.route, c.tier) for c in half) == dict.fromkeys(
        [("p", "small"), ("p", "medium"), ("q", "small"), ("q", "medium")], 5
    )


def test_a_shared_request_is_asked_once() -> None:
    """A request in two routes is one call, under the route whose draw comes first."""
    slice_ = slice_of([("p", "quality", "x"), ("q", "quality", "y"), ("q", "quality", "x")])
    calls = planned_calls([design("p"), design("q")], slice_, TIERS)
    assert [(c.route, c.request_fp) for c in calls] == [("p", "x"), ("q", "y")]


def test_planning_is_a_function_of_its_inputs() -> None:
    """The same designs and the same slice in another row order give the same calls."""
    slice_ = slice_of([("r", "quality", fp) for fp in "abcdef"])
    backwards = slice_.take(list(reversed(range(6))))
    designs = [design(incumbent_tier="large", incumbent_n=3)]
    assert planned_calls(designs, slice_, TIERS) == planned_calls(designs, backwards, TIERS)


def test_a_call_is_named_by_tier_model_and_address() -> None:
    """The same tier at another address is another call: its answers are not the first one's."""
    slice_ = slice_of([("r", "quality", "a")])
    here, there = (planned_calls([design()], slice_, (tier(url),))[0] for url in (URL, "http://elsewhere/v1"))
    assert here.call_id != there.call_id


def test_a_design_with_an_unknown_tier_is_an_error() -> None:
    """A candidate that no tier has is named."""
    with pytest.raises(UnknownName, match="tiny"):
        planned_calls([design(candidates=("tiny",))], slice_of([]), TIERS)


def test_a_quote_expects_logged_lengths_and_bounds_by_limits() -> None:
    """Expected: 1,000 + 10 tokens at $1 and $2. At most: 1,564 prompt tokens and the tier's limit of 100."""
    slice_ = slice_of([("r", "quality", "a"), ("r", "quality", "b")])
    calls = planned_calls([design()], slice_, TIERS)
    tokens = {"a": TokenCounts(prompt=1000, completion=10)}
    quotes = quote(calls, tokens, TIERS, done={calls[1].call_id})
    assert quotes == (
        RouteQuote(
            route="r",
            calls=1,
            recorded=1,
            expected_usd=pytest.approx(0.00102),
            at_most_usd=pytest.approx(0.001564 + 0.0002),
        ),
    )


def test_the_requests_own_limit_bounds_the_answer() -> None:
    """A request's `max_tokens` goes before the tier's."""
    counts = TokenCounts(prompt=0, max_tokens=1000)
    assert worst_case_usd(counts, tier(URL, price=Price(input=0, output=1))) == pytest.approx(0.001)


def test_tiers_in_this_process_are_quoted_at_nothing() -> None:
    """A cassette costs nothing to ask; its calls are counted."""
    tape = tier("", provider="cassette", options={"path": "tape"})
    calls = planned_calls([design()], slice_of([("r", "quality", "a")]), (tape,))
    assert quote(calls, {}, (tape,)) == (RouteQuote(route="r", calls=1, recorded=0, expected_usd=0.0, at_most_usd=0.0),)


def test_what_shapes_an_answer_is_part_of_the_call() -> None:
    """A tier with another effort, limit or protocol is asked anew; one with another pace is not."""
    slice_ = slice_of([("r", "quality", "fp")])

    def call_id(**rest: object) -> str:
        (call,) = planned_calls([design()], slice_, [tier("http://h/v1", **rest)])
        return call.call_id

    plain = call_id(max_output_tokens=4096)
    assert call_id(max_output_tokens=4096, concurrency=2, timeout_s=3.0) == plain
    other = {
        call_id(max_output_tokens=9),
        call_id(max_output_tokens=4096, options={"body": {"reasoning_effort": "high"}}),
        call_id(max_output_tokens=4096, reasoning_effort="low"),
        call_id(max_output_tokens=4096, provider="openai-responses"),
    }
    assert len(other | {plain}) == 5


def test_quality_draws_are_asked_as_often_as_the_tier_says() -> None:
    """Dollar draws and the incumbent once; answers to one request next to each other, each a call of its own."""
    slice_ = slice_of([*(("r", "quality", fp) for fp in "ab"), ("r", "dollars", "b"), ("r", "dollars", "z")])
    asked = (tier(URL, repeats=3), tier(URL, "medium"), tier(URL, "large", repeats=2))
    planned = design(candidates=("small", "medium"), incumbent_tier="large", incumbent_n=2)
    calls = planned_calls([planned], slice_, asked)
    assert [(c.request_fp, c.repeat) for c in calls if c.tier == "small"] == [
        *(("a", repeat) for repeat in range(3)),
        *(("b", repeat) for repeat in range(3)),
        ("z", 0),
    ]
    assert Counter((c.tier, c.repeat) for c in calls if c.tier != "small") == {("medium", 0): 3, ("large", 0): 2}
    assert len({c.call_id for c in calls}) == len(calls)


def test_more_repeats_ask_only_what_is_missing() -> None:
    """The calls of fewer repeats are among those of more, by name: what was paid for stays of use."""
    slice_ = slice_of([("r", "quality", fp) for fp in "abc"])
    once, three = ({c.call_id for c in planned_calls([design()], slice_, (tier(URL, repeats=n),))} for n in (1, 3))
    assert once < three
    assert len(three) == 9


def test_what_repeats_add_is_quoted() -> None:
    """Calls beyond the first, and their part of the quote; nothing where each request is asked once."""
    slice_ = slice_of([*(("r", "quality", fp) for fp in "ab"), ("r", "dollars", "z")])
    tokens = {fp: TokenCounts(prompt=1000, completion=10) for fp in "abz"}
    asked = (tier(URL, repeats=3),)
    calls = planned_calls([design()], slice_, asked)
    (added,) = repeat_quotes(calls, tokens, asked)
    (whole,) = quote(calls, tokens, asked)
    assert (added.tier, added.asked, added.requests, added.calls, whole.calls) == ("small", 3, 2, 4, 7)
    assert added.expected_usd == pytest.approx(whole.expected_usd * 4 / 7)
    assert added.at_most_usd == pytest.approx(whole.at_most_usd * 4 / 7)
    recorded = {call.call_id for call in calls if call.repeat == 2}
    assert repeat_quotes(calls, tokens, asked, recorded)[0].calls == 2
    assert repeat_quotes(planned_calls([design()], slice_, (tier(URL),)), tokens, (tier(URL),)) == ()


def test_the_worst_case_is_that_of_the_prompts_length() -> None:
    """A prompt that may pass a step of the price is bounded at the step's rates; a cheaper step bounds nothing."""
    flat = Price(input=1.0, output=2.0)
    dear, cheap = (PriceStep(above=1000, input=1.0 * k, output=2.0 * k) for k in (5.0, 0.2))
    counts = TokenCounts(prompt=1000, max_tokens=50)
    at = [
        worst_case_usd(counts, tier("http://t", price=replace(flat, steps=steps))) for steps in ((), (dear,), (cheap,))
    ]
    assert at[1] == pytest.approx(5 * at[0])
    assert at[2] == at[0]
