"""What learns from a log: the right way, the same from any order, nothing from nothing, and never an error."""

from __future__ import annotations

import json
import random

import pytest

from audit.core.errors import InputError
from audit.core.exchange import Request
from audit.core.reason import Because, Reason
from audit.imitation.contexts import MOST_PLACES, MOST_TRIED, SEEDS, surroundings_of
from audit.imitation.lesson import WAYS, Lesson, learn, lessons_from_plain, lessons_to_plain
from audit.imitation.way import Example, same_as
from tests.imitation import worlds

WORLDS = {"rule": worlds.rule, "template": worlds.template, "sentence": worlds.sentence, "words": worlds.words}
EXPECTED = {"rule": "rule", "template": "template", "sentence": "template", "words": "classifier"}
HOSTILE = ("", " ", "\x00", "\ud800", "a" * 10_000, "{" * 500, "refund " * 2_000, "order no. order no.", "🙂 ١٢٣")


def taught(name: str, n: int = 160) -> Lesson:
    """What a world teaches."""
    found = learn("r", worlds.drawn(WORLDS[name], n, seed=1))
    assert isinstance(found, Lesson)
    return found


@pytest.mark.parametrize("name", WORLDS)
def test_a_world_is_learned_in_its_own_way(name: str) -> None:
    """Each world by its way, right on requests that it never saw; in any order; through JSON; and never an error."""
    lesson = taught(name)
    assert lesson.way == EXPECTED[name]
    fresh = worlds.drawn(WORLDS[name], 200, seed=2)
    right = sum(same_as(lesson.answer(one.text)) == same_as(one.answer) for one in fresh.values())
    assert right >= (190 if name != "words" else 170)
    examples = list(worlds.drawn(WORLDS[name], 160, seed=1).items())
    random.Random(3).shuffle(examples)
    assert learn("r", dict(examples)) == lesson
    written = json.loads(json.dumps(lessons_to_plain({"t": lesson})))
    again = lessons_from_plain(written)["t"]
    assert again == lesson
    assert again.digest == lesson.digest
    for text in HOSTILE:
        assert isinstance(again.answer(text), str)


NUMBERS = ("1e999", "-1e999", "NaN", "Infinity", "9" * 5_000, "007", "true", "1e-999", "-0", "12")


@pytest.mark.parametrize("seed", range(4))
def test_a_document_stays_a_document(seed: int) -> None:
    """Whatever stands where a number is looked for, in what is learned from and in what is served: what is answered is
    JSON, and so is what was learned."""
    rng = random.Random(seed)
    examples = {}
    for number in range(80):
        value = str(rng.randrange(10**5)) if rng.random() < 0.8 else rng.choice(NUMBERS)
        answer = f'{{"total": {value}, "rate": {rng.choice(NUMBERS)}}}' if number % 9 == 0 else f'{{"total": {value}}}'
        examples[f"{number:02}"] = Example(text=f"total: {value} eur", answer=answer)
    lesson = learn("r", examples)
    assert isinstance(lesson, Lesson)
    assert lesson.way == "template"
    json.dumps(lessons_to_plain({"t": lesson}), allow_nan=False)
    for value in NUMBERS:
        said = json.loads(lesson.answer(f"total: {value} eur"), parse_constant=pytest.fail)
        assert said["total"] is None or said["total"] == float(value)


def test_no_log_makes_learning_long() -> None:
    """Thousands of fields, and messages of megabytes: nothing is learned, or of a few examples, in bounded work."""
    wide = {
        f"{n:02}": Example(text=" ".join(f"k{k}={n}{k};" for k in range(3_000)), answer=json.dumps(dict.fromkeys(
            map(str, range(3_000)), str(n)))) for n in range(40)
    }  # fmt: skip
    found = learn("r", wide)
    assert isinstance(found, Because)
    assert found.reason is Reason.NEITHER_LABEL_NOR_PART
    looked: list[int] = []

    class Counted(str):
        __slots__ = ()

        def find(self, *args: object) -> int:
            looked.append(len(self))
            return str.find(self, *args)  # type: ignore[arg-type]

    long = [(Counted(f"{'ab ' * 300_000} no. {n} of it"), str(n)) for n in range(1_000, 1_040)]
    surroundings = surroundings_of(long)
    assert surroundings is not None
    assert surroundings.left.endswith("no. ")
    tries = 2 * MOST_TRIED**2
    assert sum(looked) < (tries * SEEDS + SEEDS**2 * MOST_PLACES**2) * len(long[0][0])


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
def test_every_way_keeps_the_contract(way: object) -> None:
    """Odd examples teach nothing or something, as JSON, and never raise; what was fitted answers anything."""
    assert way in WAYS
    for given in ([], ["x"], ["a", "a", "b", "b"], list(HOSTILE), ["{}"] * 9, ['{"a": NaN}'] * 9, ["[1, 2]"] * 9):
        for examples in ([Example(text=text, answer=text) for text in given],
                         [Example(text="m", answer=text) for text in given]):  # fmt: skip
            params = way.fit(examples)  # type: ignore[attr-defined]
            for text in HOSTILE if params is not None else ():
                assert isinstance(way.answer(json.loads(json.dumps(params)), text), str)  # type: ignore[attr-defined]


def test_nothing_is_learned_of_nothing() -> None:
    """Free text, few requests, answers that are no texts, labels that nothing predicts: each with its reason."""
    found = {
        Reason.NEITHER_LABEL_NOR_PART: learn("r", worlds.drawn(worlds.chatter, 120, seed=1)),
        Reason.FEW_TUNING_REQUESTS: learn("r", worlds.drawn(worlds.rule, 19, seed=1)),
        Reason.RULES_DIFFER: learn("r", worlds.drawn(worlds.rule, 60, seed=1), unlike=70),
    }
    for reason, why in found.items():
        assert isinstance(why, Because)
        assert why.reason is reason
        assert why.sentence
    coins = {key: Example(text=one.text, answer="abcd"[number % 4])
             for number, (key, one) in enumerate(worlds.drawn(worlds.chatter, 120, seed=4).items())}  # fmt: skip
    blind = learn("r", coins)
    assert isinstance(blind, Because)
    assert blind.reason is Reason.RULES_DIFFER


def test_what_it_saw_is_answered_by_what_had_not_seen_it() -> None:
    """Of random labels a way remembers what it can: what tries a candidate is as bad as on fresh requests."""
    rng = random.Random(5)
    examples = {
        str(number): Example(text=f"w{number} v{number} u{number}", answer="a" if rng.random() < 0.65 else "b")
        for number in range(200)
    }
    found = learn("r", examples)
    assert isinstance(found, Lesson)
    assert set(found.held_out) == set(examples)
    right = sum(found.held_out[key] == one.answer for key, one in examples.items())
    assert right == round(found.agreement * len(examples)) < 150
    request = Request(request_fp="7", messages=[{"role": "user", "content": examples["7"].text}])
    assert found.completion(request, "m", served=False).text == found.held_out["7"]
    assert found.completion(request, "m").text == found.answer(examples["7"].text)


def test_a_masked_message_has_no_answer_in_a_replay() -> None:
    """The log holds a placeholder where whoever is served says something else: `email` would be a word to go by."""
    lesson = taught("rule")
    for text, masked in (("refund <email:0a1b2c>", True), ("refund <secret:aws>", True), ("refund <email>", False)):
        request = Request(request_fp="x", messages=[{"role": "user", "content": text}])
        assert lesson.completion(request, "m").text == "billing"
        assert lesson.completion(request, "m", served=False).text == ("" if masked else "billing")


def test_damaged_lessons_are_refused() -> None:
    """Another version, another shape, or parameters that are none: an error that says so, never an answer."""
    plain = lessons_to_plain({"t": taught("words", 60)})
    one = plain["tiers"]["t"]
    for change in ({"version": 9}, {"way": "pickle"}, {"params": {}}, {"params": {"labels": [{"answer": "x"}]}},
                   {"params": {"labels": [{"answer": "x", "intercept": 0, "words": "AAAA"}]}}):  # fmt: skip
        lesson = lessons_from_plain({**plain, "tiers": {"t": {**one, **change}}})["t"]
        with pytest.raises(InputError):
            lesson.answer("fine1 poor2")
    for value in ([], {"schema": "audit-learned/9"}, {**plain, "tiers": {"t": 3}}, {**plain, "tiers": []}):
        with pytest.raises(InputError):
            lessons_from_plain(value)
