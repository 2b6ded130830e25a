"""`truth.json` says what is so: recounted here from the log, the answers and the tiers, without the script."""

from __future__ import annotations

import math

import pytest
from scipy.stats import binomtest

from audit.stats.exact import p_fail, p_pass
from audit.stats.tango import PairCounts
from tests.demo.material import answers, config, first_replays, is_right, paid, replayable, said, truth

ROUTES = tuple(truth()["routes"])
CANDIDATES = [(route, name) for route in ROUTES for name in truth()["routes"][route]["candidates"]]
MARGIN = 0.03


def counts(of: dict[str, int]) -> PairCounts:
    """The pairs of a truth entry."""
    return PairCounts(b=of["b"], c=of["c"], n=of["n"])


@pytest.mark.parametrize("route", ROUTES)
def test_requests_and_money(route: str) -> None:
    """Requests, spend and what can be replayed follow from the log's lines."""
    told = truth()["routes"][route]
    assert len(paid(route)) == told["requests"]
    assert len(replayable(route)) == told["replayable"] == told["requests"] - told["redacted"]
    assert sum(line.record["response_cost"] for line in paid(route)) == pytest.approx(told["spend_usd"], abs=1e-5)
    spent = sum(line.record["response_cost"] for line in replayable(route))
    assert spent == pytest.approx(told["auditable_usd"], abs=1e-5)
    assert sum(told["spend_by_model_usd"].values()) == pytest.approx(told["spend_usd"], abs=1e-5)
    assert len({line.key for line in replayable(route)}) == told["distinct_prompts"]


def test_totals_are_sums() -> None:
    """The whole is the sum of the routes."""
    routes = truth()["routes"].values()
    assert truth()["requests"] == sum(route["requests"] for route in routes)
    assert truth()["spend_usd"] == pytest.approx(sum(route["spend_usd"] for route in routes), abs=1e-5)
    for name in ("failures", "cache_hits"):
        assert truth()["lines"][name] == sum(route[name] for route in routes)


@pytest.mark.parametrize("route", ROUTES)
def test_accepted_answers_of_the_log(route: str) -> None:
    """The log's right answers are counted by comparing its words with the answers file."""
    right = sum(is_right(line.said, answers()[line.key]) for line in replayable(route))
    assert right == truth()["routes"][route]["accepted"]


@pytest.mark.parametrize(("route", "name"), CANDIDATES)
def test_pairs_and_costs_of_a_candidate(route: str, name: str) -> None:
    """Each candidate, asked everything once through the provider, loses, gains and costs what the truth says."""
    told, replays = truth()["routes"][route]["candidates"][name], first_replays(name)
    b = c = 0
    cost = 0.0
    for line in replayable(route):
        completion = replays[line.key]
        before = is_right(line.said, answers()[line.key])
        after = is_right(said(completion.text, completion.tool_calls), answers()[line.key])
        b += before and not after
        c += after and not before
        cost += completion.cost_usd or math.nan
    assert (b, c, len(replayable(route))) == (told["b"], told["c"], told["n"])
    assert told["delta"] == pytest.approx((c - b) / told["n"], abs=1e-6)
    assert told["cost_usd"] == pytest.approx(cost, abs=1e-5)
    assert told["saving_usd"] == pytest.approx(truth()["routes"][route]["auditable_usd"] - cost, abs=1e-5)


@pytest.mark.parametrize(("route", "name"), CANDIDATES)
def test_what_happened_is_near_what_was_planted(route: str, name: str) -> None:
    """Realised deltas are within four standard errors of the planted ones; repeats of a prompt share their luck."""
    told = truth()["routes"][route]
    found = told["candidates"][name]
    standard_error = math.sqrt(found["discordance"] / told["distinct_prompts"])
    assert abs(found["delta"] - found["planted_delta"]) < 4 * standard_error


def test_difficulties_add_up() -> None:
    """Pairs by difficulty sum to the route's pairs."""
    for route, name in CANDIDATES:
        found = truth()["routes"][route]["candidates"][name]
        for key in ("n", "b", "c", "accepted"):
            assert found[key] == sum(part[key] for part in found["by_difficulty"].values())


def test_the_incumbent_is_almost_itself() -> None:
    """The noise floor is small everywhere, and not zero where there is traffic to see it."""
    for route, told in truth()["routes"].items():
        assert 0 < told["noise"]["discordance"] < 0.06, route
        assert p_fail(counts(told["noise"]), margin=MARGIN) > 0.5


def test_the_switch_is_beyond_doubt() -> None:
    """On the extraction route even half of the pairs would prove both candidates inside the margin."""
    for found in truth()["routes"]["/invoice-extract"]["candidates"].values():
        half = PairCounts(b=math.ceil(found["b"] / 2), c=found["c"] // 2, n=found["n"] // 2)
        assert p_pass(half, margin=MARGIN) < 0.01
        assert 0.03 < found["discordance"] < 0.07
        assert found["saving_usd"] > 100


@pytest.mark.parametrize("route", ["/order-quote", "/ticket-triage"])
def test_the_keeps_are_beyond_doubt(route: str) -> None:
    """Half of the pairs would prove every candidate outside the margin."""
    for found in truth()["routes"][route]["candidates"].values():
        half = PairCounts(b=found["b"] // 2, c=math.ceil(found["c"] / 2), n=found["n"] // 2)
        assert p_fail(half, margin=MARGIN) < 0.01


def test_the_split_to_be() -> None:
    """On single mails the cheap tiers are as good, on threads far worse; moving the mails alone would be certified."""
    for found in truth()["routes"]["/ticket-triage"]["candidates"].values():
        mail, thread = found["by_difficulty"]["mail"], found["by_difficulty"]["thread"]
        assert p_fail(counts(thread), margin=0.2) < 0.01
        moved = PairCounts(b=mail["b"], c=mail["c"], n=found["n"])
        assert p_pass(moved, margin=MARGIN) < 0.01
        assert mail["n"] > 0.5 * found["n"]


def test_threads_are_seen_before_the_call() -> None:
    """Length and number of turns tell mails from threads, so that a rule on either can split the route."""
    lengths: dict[str, list[int]] = {"mail": [], "thread": []}
    for line in replayable("/ticket-triage"):
        asked = [message for message in line.record["messages"] if message["role"] == "user"]
        kind = answers()[line.key]["difficulty"]
        lengths[kind].append(sum(len(message["content"]) for message in asked))
        assert (len(asked) > 1) == (kind == "thread")
    assert sorted(lengths["mail"])[int(0.95 * len(lengths["mail"]))] < min(lengths["thread"]) + 150
    assert sum(lengths["thread"]) / len(lengths["thread"]) > 2 * sum(lengths["mail"]) / len(lengths["mail"])


def test_too_little_traffic_is_not_proven() -> None:
    """Under a hundred pairs, no candidate can pass or fail."""
    told = truth()["routes"]["/policy-qa"]
    assert 60 <= told["requests"] <= 90
    for found in told["candidates"].values():
        assert p_pass(counts(found), margin=MARGIN) > 0.05
        assert p_fail(counts(found), margin=MARGIN) > 0.05


def test_the_chat_fails_its_own_floor() -> None:
    """The incumbent is below 92 % by its whole interval, and no candidate can be told from it."""
    told = truth()["routes"]["/support-chat"]
    interval = binomtest(told["accepted"], told["replayable"]).proportion_ci(0.95, method="wilson")
    assert told["floor"] == "92%"
    assert 0.82 < told["accepted_rate"] < interval.high < 0.92
    for found in told["candidates"].values():
        assert abs(found["delta"]) < MARGIN
        assert p_pass(counts(found), margin=MARGIN) > 0.1
        assert p_fail(counts(found), margin=MARGIN) > 0.1


def test_expected_verdicts_follow_from_the_candidates() -> None:
    """A proven candidate means switch; all failing, or an incumbent below its floor, keep, but split where a part that
    can be told beforehand holds the margin; else not proven."""
    assert float(config()["margin"].removesuffix("pt")) == 100 * MARGIN
    for told in truth()["routes"].values():
        verdicts = {found["expected_verdict"] for found in told["candidates"].values()}
        below = told["floor"] is not None and 100 * told["accepted_rate"] < float(told["floor"].removesuffix("%"))
        keep = below or verdicts == {"inferior"}
        expected = "keep" if keep else "switch" if "non_inferior" in verdicts else "not_proven"
        if "mail" in next(iter(told["candidates"].values()))["by_difficulty"]:
            expected = "split"
        assert told["expected_verdict"] == expected
    assert {told["expected_verdict"] for told in truth()["routes"].values()} == {
        "switch",
        "split",
        "keep",
        "not_proven",
    }
