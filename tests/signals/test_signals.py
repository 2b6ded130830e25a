"""Signals: fitted on some requests, computed for any, the same everywhere."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from audit.core.errors import InputError, UnknownName
from audit.core.exchange import Request
from audit.core.plain import from_plain, to_plain
from audit.core.policy import SignalSpec
from audit.signals import SIGNALS, compute
from audit.signals.features import FEATURES, feature_row, feature_table, reads_text
from audit.signals.rules import in_force, short_between
from audit.signals.signal import FitData, Remembering
from audit.signals.written import written_rule

WORDS = ("parcel", "invoice", "refund", "sign-in")


class Bag:
    """An embedder: which of four words a text has. A unit vector, or zero."""

    name = "bag-of-four"

    def __init__(self) -> None:
        self.texts = 0

    def embed(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Unit vectors."""
        self.texts += len(texts)
        found = np.array([[word in text for word in WORDS] for text in texts], dtype=np.float32).reshape(-1, 4)
        lengths = np.linalg.norm(found, axis=1, keepdims=True)
        return np.divide(found, lengths, out=np.zeros_like(found), where=lengths > 0)


def request(text: str, *, turns: int = 1, system: str = "") -> Request:
    """A conversation that ends with a user turn."""
    messages = [{"role": "system", "content": system}] if system else []
    for _ in range((turns - 1) // 2):
        messages += [{"role": "user", "content": "before"}, {"role": "assistant", "content": "yes"}]
    return Request(request_fp=text, messages=[*messages, {"role": "user", "content": text}])


def planted(n: int = 300, *, seed: int = 0, noise: bool = False) -> FitData:
    """Threads and refunds are hard; with `noise` nothing is."""
    rng = np.random.default_rng(seed)
    requests, good = [], []
    for i in range(n):
        turns, word = int(rng.choice([1, 3])), str(rng.choice(WORDS))
        requests.append(request(f"{word} {i} " + "x" * int(rng.integers(5, 80)), turns=turns))
        risk = 0.2 if noise else 0.03 + 0.45 * (turns > 1) + 0.3 * (word == "refund")
        good.append(rng.random() > risk)
    differences = np.array(good) - 1.0
    return FitData(requests=requests, differences=differences, costs_usd=np.ones(n), seed=seed, embedder=Bag())


def fitted(name: str, data: FitData | None = None) -> SignalSpec:
    """A fit that must succeed."""
    spec = SIGNALS.get(name).fit(data or planted())
    assert spec is not None
    return spec


@pytest.mark.parametrize("name", list(SIGNALS))
def test_a_spec_survives_json_to_the_digit(name: str) -> None:
    """Written to a policy and read back, a signal gives the same numbers."""
    data, spec = planted(), fitted(name)
    again = from_plain(SignalSpec, json.loads(json.dumps(to_plain(spec), allow_nan=False)))
    before = compute(spec, data.requests, embedder=data.embedder)
    assert before.shape == (len(data.requests),)
    assert np.array_equal(before, compute(again, data.requests, embedder=data.embedder))


@pytest.mark.parametrize("name", list(SIGNALS))
def test_a_request_does_not_depend_on_its_batch(name: str) -> None:
    """Alone, in a crowd, or in another order: the same value, to the last digit."""
    data, spec = planted(), fitted(name)
    together = compute(spec, data.requests, embedder=data.embedder)
    alone = [compute(spec, [one], embedder=data.embedder)[0] for one in data.requests]
    assert together.tolist() == alone
    assert compute(spec, [], embedder=data.embedder).shape == (0,)


@pytest.mark.parametrize("name", list(SIGNALS))
def test_a_fit_is_reproducible(name: str) -> None:
    """Same data and seed, same parameters."""
    assert fitted(name) == fitted(name)


@pytest.mark.parametrize("name", list(SIGNALS))
def test_higher_is_safer(name: str) -> None:
    """On fresh requests good ones get higher values than bad ones, on average."""
    spec, fresh = fitted(name), planted(seed=1)
    values = compute(spec, fresh.requests, embedder=fresh.embedder)
    assert values[fresh.cheap_good].mean() > values[~fresh.cheap_good].mean() + 0.05


@pytest.mark.parametrize("name", list(SIGNALS))
def test_nothing_to_tell_apart_is_no_signal(name: str) -> None:
    """All good, or all bad: no fit."""
    data = planted(60)
    for verdict in (True, False):
        assert SIGNALS.get(name).fit(replace(data, differences=np.full(60, verdict - 1.0))) is None


def test_a_rule_says_what_a_person_would() -> None:
    """The first condition is the planted one, in few digits, and a threshold asks for a part of the list."""
    spec = fitted("rules")
    conditions = spec.params["conditions"]
    assert conditions[0] == {"feature": "messages", "op": "<=", "value": 2}
    assert in_force(spec.params, 1.0) == conditions
    assert in_force(spec.params, 1 / len(conditions)) == conditions[:1]


def test_rules_do_not_see_shapes_in_noise() -> None:
    """Where nothing is planted, a rule is found in at most one fit of ten."""
    found = [SIGNALS.get("rules").fit(planted(150, seed=seed, noise=True)) is not None for seed in range(60)]
    assert sum(found) <= 6


def test_rules_written_by_hand_are_rules() -> None:
    """Conditions count from the first that fails."""
    params = {
        "conditions": [
            {"feature": "messages", "op": "<=", "value": 1},
            {"feature": "questions", "op": "==", "value": 0},
        ]
    }
    spec = SignalSpec(name="rules", params=params, version=2)
    asked = [request("a"), request("a?"), request("a", turns=3), request("a?", turns=3)]
    assert compute(spec, asked).tolist() == [1.0, 0.5, 0.0, 0.0]


@pytest.mark.parametrize(("low", "high", "said"), [(1, 3, 2), (1, 2, 1), (119, 131, 120), (0.1234, 0.1239, 0.1236)])
def test_numbers_for_people(low: float, high: float, said: float) -> None:
    """A cut has few digits and parts the same values."""
    cut = short_between(low, high)
    assert low <= cut < high
    assert cut == pytest.approx(said, abs=2e-4)


def test_a_classifier_works_without_an_embedder() -> None:
    """Then it rests on cheap features and words, and tells the planted word from the others."""
    data = replace(planted(), embedder=None)
    spec = fitted("classifier", data)
    assert spec.params["embedding"] is None
    refund, parcel = compute(spec, [request("refund 7"), request("parcel 7")])
    assert refund < parcel - 0.05
    assert SIGNALS.get("similarity").fit(data) is None


def test_a_classifier_predicts_the_difference() -> None:
    """Requests on which the cheap tier often wins are safer than those where nothing differs."""
    rng = np.random.default_rng(4)
    words = rng.choice(["alpha", "beta", "gamma"], 600)
    lost, won = rng.random(600) < 0.1, (words == "alpha") & (rng.random(600) < 0.5)
    data = FitData(
        requests=[request(f"{word} please") for word in words],
        differences=won * 1.0 - (lost & ~won),
        costs_usd=np.ones(600),
        seed=0,
    )
    alpha, beta, gamma = compute(fitted("classifier", data), [request(f"{word} please") for word in sorted(set(words))])
    assert alpha > 0.3
    assert beta == pytest.approx(-0.1, abs=0.05)
    assert gamma == pytest.approx(-0.1, abs=0.05)


def test_a_classifier_finds_little_in_noise() -> None:
    """Where nothing is planted, most fits are given up, and what the others predict hardly varies."""
    specs = [SIGNALS.get("classifier").fit(planted(150, seed=seed, noise=True)) for seed in range(20)]
    fresh = planted(200, seed=99, noise=True)
    spreads = [compute(spec, fresh.requests, embedder=fresh.embedder).std() for spec in specs if spec is not None]
    assert len(spreads) <= 10
    assert np.median([0.0] * (20 - len(spreads)) + spreads) < 0.05


def test_a_classifier_is_small_and_holds_no_words() -> None:
    """A policy with the classifier is some kilobytes of JSON, in which nobody's words can be read."""
    text = json.dumps(to_plain(fitted("classifier", replace(planted(), embedder=None))))
    assert len(text) < 16_000
    assert not [word for word in WORDS if word in text]


def test_a_classifier_holds_little_of_a_record() -> None:
    """What a fit holds at most grows by less than the words of a record: never by a number for each word there is."""
    peaks = []
    for n in (5_000, 9_000):
        data = replace(planted(n), embedder=None)
        tracemalloc.start()
        assert SIGNALS.get("classifier").fit(data) is not None
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] - peaks[0] < 4_000 * 4_096


def test_a_classifier_decides_about_as_fast_as_words_are_found() -> None:
    """Without an embedder a decision on some pages costs a few times what finding their words does, in the same run."""
    spec = fitted("classifier", replace(planted(), embedder=None))
    text = "How 12 are you today, and what of the refund? " * 400
    one = request(text, turns=5, system="rules " * 600)
    taken, found = least_seconds(lambda: compute(spec, [one])), least_seconds(lambda: re.findall(r"\w+", text))
    print(f"\nclassifier without embeddings: {1e6 * taken:.0f} µs per decision, finding the words {1e6 * found:.0f} µs")
    assert taken < 10 * found


def least_seconds(work: Callable[[], object]) -> float:
    """Processor time of one call, from the best of ten blocks: other work on the machine only makes it slower."""
    blocks = []
    for _ in range(10):
        started = time.process_time()
        for _ in range(20):
            work()
        blocks.append((time.process_time() - started) / 20)
    return min(blocks)


@pytest.mark.parametrize("damage", [{"words": "AAAA"}, {"words": "?"}, {"columns": [{}]}, {"intercept": "x"}])
def test_a_damaged_classifier_is_refused(damage: dict[str, object]) -> None:
    """Weights of another length, no base64, no column: said, not computed."""
    spec = fitted("classifier", replace(planted(), embedder=None))
    with pytest.raises(InputError, match="damaged"):
        compute(replace(spec, params={**spec.params, **damage}), [request("secret")])


def test_similarity_goes_by_one_centre_of_each_kind() -> None:
    """Good and bad requests have one canonical prompt each, a unit vector."""
    params = fitted("similarity").params
    assert (len(params["good"]), len(params["bad"])) == (1, 1)


def test_canonical_prompts_may_be_real_ones() -> None:
    """Then each is a request of its side, named by its fingerprint, and its vector is that request's."""
    data = replace(planted(), real_prompts=True)
    spec = fitted("similarity", data)
    by_name = {one.request_fp: i for i, one in enumerate(data.requests)}
    for side, good in (("good", True), ("bad", False)):
        (name,) = spec.params["prompts"][side]
        assert bool(data.cheap_good[by_name[name]]) is good
    nearest = data.requests[by_name[spec.params["prompts"]["good"][0]]]
    worst = data.requests[by_name[spec.params["prompts"]["bad"][0]]]
    good_value, bad_value = compute(spec, [nearest, worst], embedder=data.embedder)
    assert good_value == pytest.approx(-bad_value)
    assert good_value > 0


def test_another_embedder_is_refused() -> None:
    """Vectors of two models do not compare."""
    spec = fitted("similarity")
    other = Bag()
    other.name = "another"
    for at_hand in (None, other):
        with pytest.raises(InputError, match="bag-of-four"):
            compute(spec, [request("refund")], embedder=at_hand)


def test_another_version_is_refused() -> None:
    """A policy of another version of a signal does not route by this one's numbers."""
    with pytest.raises(InputError, match="version 9"):
        compute(replace(fitted("rules"), version=9), [])
    with pytest.raises(UnknownName):
        compute(SignalSpec(name="rule", params={}), [])


@pytest.mark.parametrize("params", [{}, {"conditions": [{"feature": "mood", "op": "<=", "value": 1}]}])
def test_damaged_parameters_are_refused(params: dict[str, object]) -> None:
    """What cannot be computed is said, without the request."""
    with pytest.raises(InputError, match="damaged"):
        compute(SignalSpec(name="rules", params=params, version=2), [request("secret")])


def test_every_text_is_embedded_once() -> None:
    """Folds and candidates share what was embedded."""
    bag = Bag()
    remembering = Remembering(bag)
    first = remembering.embed(["refund", "parcel", "refund"])
    assert np.array_equal(remembering.embed(["parcel", "refund"]), first[[1, 0]])
    assert bag.texts == 2


def test_policies_of_before_are_read() -> None:
    """What counts messages was called `turns`: a rule or a classifier that says so moves the same requests."""
    asked = [request("a"), request("a", turns=3), request("a?", turns=5)]
    column = {"feature": "turns", "log": False, "mean": 0.0, "scale": 1.0, "weight": -0.5}
    for name, params in (
        ("rules", {"conditions": [{"feature": "turns", "op": "<=", "value": 3}]}),
        ("classifier", {"intercept": 1.0, "columns": [column], "words": None, "embedding": None}),
    ):
        now = json.loads(json.dumps(params).replace('"turns"', '"messages"'))
        version = SIGNALS.get(name).version
        old, new = (compute(SignalSpec(name=name, params=one, version=version), asked) for one in (params, now))
        assert np.array_equal(old, new)
        assert len(set(old)) > 1


def test_features_of_odd_requests() -> None:
    """No user turn, parts, lone surrogates, tools and a JSON schema."""
    empty = Request(request_fp="", messages=[])
    assert feature_row(empty)[:9] == (0.0,) * 9
    odd = Request(
        request_fp="",
        messages=[
            {"role": "developer", "content": "be brief"},
            {"role": "user", "content": [{"type": "text", "text": "é1?\n\ud800"}, {"type": "image_url"}]},
        ],
        tools=[{}, {}],
        response_format={"type": "json_schema"},
    )
    found = dict(zip(FEATURES, feature_row(odd), strict=True))
    assert (found["last_user_chars"], found["prompt_chars"], found["messages"]) == (5, 13, 1)
    assert (found["tools"], found["wants_json"], found["lines"], found["questions"]) == (2, 1, 2, 1)
    assert (found["digit_share"], found["non_ascii_share"]) == (0.2, 0.4)
    assert feature_table([]).shape == (0, len(FEATURES))


def test_the_catalog_is_the_folder_and_computing_is_light() -> None:
    """Each name has its file, and a router that only computes loads no other signal."""
    code = """
import sys
from audit.core.exchange import Request
from audit.core.policy import SignalSpec
from audit.signals import SIGNALS, compute
assert not [name for name in sys.modules if name.startswith("audit.signals.") and name.split(".")[-1] in SIGNALS.names]
compute(SignalSpec(name="rules", params={"conditions": []}, version=2), [Request(request_fp="", messages=[])])
assert "audit.signals.classifier" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)
    assert [SIGNALS.get(name).name for name in SIGNALS] == list(SIGNALS)


def test_features_cost_microseconds() -> None:
    """A request of some pages takes well under a tenth of a millisecond."""
    one = request("How 12 are you? " * 100, turns=5, system="rules " * 600)
    started = time.process_time()
    for _ in range(1000):
        feature_row(one)
    assert time.process_time() - started < 0.2


def test_what_the_log_holds_masked_is_no_text() -> None:
    """Patterns and embedders meet the words around a placeholder; a real prompt is one without, where there is one."""
    plain, masked = request("my mail is , refund"), request("my mail is <email:0a1b2c>, refund <secret:aws-key>")
    assert masked.last_user != plain.last_user
    for pattern, matches in (("email", False), ("secret", False), ("refund", True), ("<", False)):
        spec = written_rule(f"last_user ~ '{pattern}'")
        assert compute(spec, [masked]).tolist() == [float(matches)]
    heard: list[str] = []

    class Heard(Bag):
        def embed(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
            heard.extend(texts)
            return super().embed(texts)

    good = [f"parcel {n} <name:{n:06x}>" for n in range(29)] + ["parcel, without a name"]
    data = FitData(
        requests=[request(text) for text in good] + [request("refund")] * 30,
        differences=np.repeat([0.0, -1.0], 30),
        costs_usd=np.ones(60),
        seed=0,
        embedder=Heard(),
        real_prompts=True,
    )
    asked = [replace(one, request_fp=str(n)) for n, one in enumerate(data.requests)]
    spec = SIGNALS.get("similarity").fit(replace(data, requests=asked))
    assert spec is not None
    assert not any("<" in text for text in heard)
    assert spec.params["prompts"]["good"] == ["29"]


def test_what_reads_the_text_says_so() -> None:
    """Whoever counts characters and messages alone does not."""
    assert reads_text(written_rule("messages <= 2 and last_user ~ 'refund'"))
    assert not reads_text(written_rule("messages <= 2 and last_user_chars < 900"))
    assert reads_text(SignalSpec(name="similarity", params={}, version=1))
