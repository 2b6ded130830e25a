"""A policy run in the caller's own process."""

from __future__ import annotations

import subprocess
import sys
import threading
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from audit.core.errors import InputError, UnknownName
from audit.core.exchange import Completion, Usage
from audit.core.policy import RoutePolicy, SignalSpec, VerifierSpec
from audit.policy.policy_file import write_policy
from audit.policy.router import Router, attributes
from tests.benchmarks.router import rows
from tests.policy.world import (
    CASCADE,
    CLASSIFIER,
    MODELS,
    RULES,
    SIMILARITY,
    Letters,
    answer,
    entry,
    policy,
    request,
    rules,
)


def router(*routes: RoutePolicy) -> Router:
    """A router of these policies, with the embedding model that one of them needs."""
    return Router(policy(*routes), embedder=Letters())


@pytest.mark.parametrize(
    ("route", "text", "tier", "value"),
    [
        (entry("/a"), "x", "small", None),
        (RULES, "what? why?", "small", 1.0),
        (RULES, "what?", "large", 0.5),
        (RULES, "??" * 500, "large", 0.0),
        (SIMILARITY, "aaa", "small", 1.0),
        (SIMILARITY, "bbb", "large", -1.0),
        (SIMILARITY, "ab", "large", 0.0),
        (CLASSIFIER, "x", "small", 0.5),
        (CASCADE, "x", "small", None),
    ],
)
def test_routes(route: RoutePolicy, text: str, tier: str, value: float | None) -> None:
    """A value at or over the threshold goes to the cheap tier, everything else to the incumbent."""
    decision = router(route).route(route.route, request(text))
    assert (decision.tier, decision.model_id, decision.kind) == (tier, MODELS[tier], route.kind)
    assert decision.value == (None if value is None else pytest.approx(value, abs=1e-3))
    assert decision.cheap == (tier == "small")
    assert decision.error is None


def test_the_threshold_itself_is_cheap() -> None:
    """At least the threshold: the tie goes where the certification counted it."""
    two = entry("/r", "rules", threshold=0.5, signal=rules(("lines", "<=", 1), ("lines", ">", 9)))
    decision = router(two).route("/r", request("x"))
    assert (decision.value, decision.cheap) == (0.5, True)
    assert decision.reason == "rules 0.5 ≥ 0.5"


def test_a_route_without_a_policy() -> None:
    """It goes to the default tier; without one nothing is said, and the caller's own model stays. So does one that is
    another than the default tier's: nothing was certified that would change it."""
    made = policy(entry("/a"))
    assert Router(made).route("/other", request()).model_id == MODELS["large"]
    asked = Router(made).route("/other", request(), model=f"any/{MODELS['large'].rpartition('/')[2]}")
    assert (asked.tier, asked.model_id) == ("large", MODELS["large"])
    for given in (made, replace(made, default_tier=None)):
        other = Router(given).route("/other", request(), model="stranger-1")
        assert (other.tier, other.model_id, other.cheap, other.asked) == (None, "stranger-1", False, "stranger-1")
    silent = Router(replace(made, default_tier=None)).route("/other", request())
    assert (silent.tier, silent.model_id, silent.cheap) == (None, None, False)


def test_a_route_of_several_models() -> None:
    """What does not move keeps the model that was asked for; so does what the policy was not certified against."""
    several = replace(RULES, otherwise=None, replaces=("large", "medium"))
    made = Router(policy(several, CASCADE, models={**MODELS, "medium": "acme/mid-1"}))
    stays, moves = request("what?"), request("what? why?")
    for model, cheap in (("gpt-4.1", True), ("other/mid-1", True), ("stranger-1", False), ("gpt-4.1-nano", False)):
        kept = made.route("/rules", stays, model=model)
        assert (kept.tier, kept.model_id, kept.cheap) == (None, model, False)
        moved = made.route("/rules", moves, model=model)
        assert (moved.cheap, moved.model_id) == (cheap, MODELS["small"] if cheap else model)
    unnamed = made.route("/rules", stays)
    assert (unnamed.tier, unnamed.model_id) == (None, None)
    assert made.route("/rules", moves).tier == "small"
    assert made.route("/extract", request("x"), model="stranger-1").cheap is False
    checked = Router(policy(replace(CASCADE, otherwise=None, replaces=("large", "medium")), models=made.policy.models))
    first = checked.route("/extract", request("x"), model="mid-1")
    assert (first.cheap, first.verify) == (True, True)
    again = checked.escalated(first)
    assert (again.tier, again.model_id) == (None, "mid-1")


def test_what_cannot_be_computed_goes_to_the_incumbent() -> None:
    """A signal that fails, or is no number, costs money and no quality; no word of the prompt is told."""

    class Failing(Letters):
        def embed(self, texts):  # type: ignore[no-untyped-def]
            if texts != ["probe"]:
                raise RuntimeError(f"cannot embed {texts}")
            return super().embed(texts)

    class Empty(Letters):
        def embed(self, texts):  # type: ignore[no-untyped-def]
            return super().embed(texts) * float("nan")

    failed = Router(policy(SIMILARITY), embedder=Failing()).route("/similar", request("the secret"))
    assert (failed.tier, failed.error, failed.value) == ("large", "RuntimeError", None)
    assert "secret" not in failed.reason
    nothing = Router(policy(SIMILARITY), embedder=Empty()).route("/similar", request("aaa"))
    assert (nothing.tier, nothing.error) == ("large", "NaN")


def test_what_cannot_run_fails_when_it_is_loaded() -> None:
    """No embedder, another one, another version, an unknown signal or verifier: an error before the first request."""
    with pytest.raises(InputError, match="letters"):
        Router(policy(SIMILARITY))
    with pytest.raises(InputError, match="version"):
        Router(policy(replace(RULES, signal=SignalSpec(name="rules", params={"conditions": []}, version=99))))
    with pytest.raises(InputError, match="damaged"):
        Router(policy(replace(RULES, signal=SignalSpec(name="rules", params={}, version=2))))
    with pytest.raises(UnknownName):
        Router(policy(replace(RULES, signal=SignalSpec(name="moon", params={}))))
    with pytest.raises(UnknownName):
        Router(policy(replace(CASCADE, verifier=VerifierSpec(name="moon", params={}))))


def test_from_a_file(tmp_path: Path) -> None:
    """A router is made of the file, and knows the day on which its evidence is stale."""
    write_policy(tmp_path / "policy.json", policy(entry("/a"), RULES))
    made = Router.load(tmp_path / "policy.json")
    assert made.route("/rules", request("a? b?")).tier == "small"
    assert (made.is_expired(date(2026, 12, 1)), made.is_expired(date(2026, 12, 2))) == (False, True)


@pytest.mark.parametrize(
    ("completion", "verdict"),
    [(answer('{"a": 1}'), "accept"), (answer("no json"), "escalate"), (answer(None), "escalate")],
)
def test_verify(completion: Completion, verdict: str) -> None:
    """The cheap answer of a cascade is accepted when its check passes, and only then."""
    made = router(CASCADE)
    decision = made.route("/extract", request())
    assert decision.verify
    assert made.verify("/extract", request(), completion) == verdict
    above = made.escalated(decision)
    assert (above.tier, above.cheap, above.verify) == ("large", False, False)


def test_verify_without_a_check() -> None:
    """A route without a check, and one without a policy, accept what came."""
    made = router(entry("/a"))
    assert made.verify("/a", request(), answer()) == "accept"
    assert made.verify("/other", request(), answer(None)) == "accept"
    assert not made.route("/a", request()).verify


def test_agreement_hears_the_other_tiers() -> None:
    """A check that asks other tiers gets their answers; without them nothing agrees."""
    made = router(replace(CASCADE, verifier=VerifierSpec(name="agreement", params={}, tiers=("large",))))
    assert made.verify("/extract", request(), answer("Yes."), [answer("yes")]) == "accept"
    assert made.verify("/extract", request(), answer("Yes."), [answer("no")]) == "escalate"
    assert made.verify("/extract", request(), answer("Yes.")) == "escalate"


def test_a_check_that_fails_has_not_passed() -> None:
    """A broken check escalates, and does not raise in a serving path."""
    made = router(replace(CASCADE, verifier=VerifierSpec(name="regex", params={"pattern": "("})))
    assert made.verify("/extract", request(), answer("x")) == "escalate"


def test_a_cascade_may_have_a_signal() -> None:
    """Requests under the threshold skip the cheap tier and its check."""
    both = replace(CASCADE, signal=rules(("questions", "<=", 0)), threshold=1.0)
    made = router(both)
    assert made.route("/extract", request("x")).verify
    above = made.route("/extract", request("x?"))
    assert (above.tier, above.verify) == ("large", False)


def test_attributes() -> None:
    """A decision as OpenTelemetry attributes: only what is known, and nothing that anybody wrote."""
    decision = router(RULES).route("/rules", request("a? b?"))
    came = answer("the answer", model_reported="nano-1", usage=Usage(prompt_tokens=3, completion_tokens=2))
    assert attributes(decision, escalations=1, completion=came, latency_ms=412.5) == {
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": "openai/gpt-4.1-nano",
        "gen_ai.response.model": "nano-1",
        "gen_ai.response.finish_reasons": ["stop"],
        "gen_ai.usage.input_tokens": 3,
        "gen_ai.usage.output_tokens": 2,
        "audit.route": "/rules",
        "audit.tier": "small",
        "audit.policy.kind": "rules",
        "audit.signal.value": 1.0,
        "audit.signal.threshold": 1.0,
        "audit.escalations": 1,
        "audit.latency_ms": 412.5,
    }
    plain = attributes(router(entry("/a")).route("/other", request()))
    assert set(plain) == {
        "gen_ai.operation.name",
        "gen_ai.request.model",
        "audit.route",
        "audit.tier",
        "audit.escalations",
    }


def test_threads_share_a_router() -> None:
    """Many threads at once get what one gets."""
    made = router(RULES, SIMILARITY, CLASSIFIER)
    texts = ["a? b?", "b", "aaa?", "?" * 1000]
    expected = [made.route(route, request(text)) for route in ("/rules", "/similar", "/classify") for text in texts]
    wrong = []

    def work() -> None:
        for _ in range(50):
            got = [made.route(route, request(text)) for route in ("/rules", "/similar", "/classify") for text in texts]
            if got != expected:
                wrong.append(got)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_it_is_light() -> None:
    """A service that imports the router loads neither polars nor torch, no HTTP client and no model."""
    heavy = ("polars", "torch", "httpx", "sklearn", "sentence_transformers", "wordllama", "scipy")
    code = f"import sys, audit.policy.router; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.slow
def test_a_decision_takes_microseconds() -> None:
    """Without embeddings a decision on a prompt of two pages stays far under a millisecond; prints the figures."""
    for row in rows():
        print(f"{row['name']}: {row['value']:.1f} µs, {row['ratio']:.2f} times {row['anchor']}")
        assert row["value"] < 1000
