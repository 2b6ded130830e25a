"""What the words that touch a number say of it, in many languages, and that nothing further away says anything."""

from __future__ import annotations

import itertools
import json
import random
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from audit.core.outcome import Errored, Outcome, Scored
from audit.scoring.criteria import Criterion, build_criteria
from audit.scoring.quantities import numbers
from audit.scoring.quantities.cut import quantities
from audit.scoring.quantities.stances import Said, Stance, TextSpan, said_of
from tests.scoring.cases import check, context_of, entry_of, outcome_of

VALUES = (("30", 30), ("1,250.50", 1250.5), ("−8", -8), ("$640", 640), ("12 kg", "12 kg"), ("45%", "45%"))
WHICH = (None, "first", "last", "only")

# `{}` is the number. Each row is one stance in one language or two.
SURROUNDINGS = {
    Stance.DENIED: (
        "not {}", "It is NOT {}.", "it isn’t {}", "certainly never {}", "anything but {}", "cannot be {}",
        "rather than {}",
        "it does not cost {}", "it is not equal to {}", "{} is wrong", "{} is not the answer", "~~{}~~", "{} ❌",
        "The total is {}. No, wait, I misread it.", "every size except {}", "hardly {}", "I doubt it is {}",
        "previously {}", "it used to be {}", "{} is too high",
        "kaum {}", "à peine {}", "es sind nicht {}", "keine {}",
        "ce n'est pas {}",
        "no es {}", "não é {}", "non è {}", "het is niet {}", "inte {}", "ikke {}", "to nie jest {}", "není {}",
        "не {}", "I don't think it is {}", "we do not believe that it's {}", "There is no way it is {}",
        "without the {}", "I don't think {}",
        "nem {}", "δεν είναι {}", "{} değil", "bukan {}", "không phải {}", "ليس {}", "לא {}", "不是{}", "并非{}",
        "{}ではない",
        "{}じゃない", "{} नहीं",
    ),
    Stance.NEAR: (
        "about {}", "roughly {}", "approx. {}", "~{}", "≈ {}", "around a total of {}", "nearly {}", "maybe {}",
        "{} or so",
        "{} more or less", "{}?", "Could it be {}?", "etwa {}", "ungefähr {}", "environ {}", "à peu près {}",
        "près d'environ {}", "unos {}",
        "aproximadamente {}", "cerca de {}", "quasi {}", "ongeveer {}", "ungefär {}", "noin {}", "około {}",
        "zhruba {}",
        "примерно {}", "около {}", "περίπου {}", "yaklaşık {}", "sekitar {}", "khoảng {}", "körülbelül {}",
        "حوالي {}",
        "כמעט {}", "लगभग {}", "大约{}", "约{}", "約{}", "およそ{}", "약 {}", "ประมาณ {}", "{}左右", "{}程度",
        "{} 정도", "I think {}", "I think it is {}", "I'd say {}", "I believe that the total is {}", "we guess {}",
        "my best guess is {}",
        "best guess: {}", "not sure, but {}", "I'm not entirely sure, {}", "Hard to say, it's {}", "it looks like {}",
        "{}, if I recall correctly", "{} (unverified)", "{}, but I'm not sure", "{}, as far as I know",
        "ich glaube, {}", "ich denke, es sind {}", "{}, glaube ich", "je crois que c'est {}", "{}, je crois",
        "creo que son {}",
        "me parece que {}", "credo che siano {}", "acho que são {}", "ik denk {}", "jag tror att det är {}",
        "думаю, {}", "кажется, это {}", "chyba {}", "おそらく{}", "多分{}", "我猜{}", "{}だと思います",
        "제 생각에는 {}",
        "{}, roughly", "{}, give or take.", "{} – more or less", "{} (estimate)", "est. {}", "estimate: {}",
    ),
    Stance.FROM: (
        "{} or later", "{}, at the earliest", "{} oder später",
        "at least {}", "no less than {}", "a minimum of {}", "{} or more", "{} at least", "{} and counting",
        "as few as {}", "mindestens {}",
        "{}, at least.", "{} oder mehr",
        "au moins {}", "al menos {}", "pelo menos {}", "almeno {}", "minstens {}", "co najmniej {}", "не менее {}",
        "en az {}", "至少{}", "少なくとも{}", "{}以上", "최소 {}", "{} 이상", "적어도 {}", "على الأقل {}",
        "לפחות {}",
    ),
    Stance.UP_TO: (
        "at most {}", "up to {}", "no more than {}", "not over {}", "max. {}", "{} or less", "{} at most", "{} max.",
        "höchstens {}", "bis zu {}", "au plus {}", "jusqu'à {}", "como máximo {}", "hasta {}", "até {}",
        "al massimo {}",
        "hoogstens {}", "najwyżej {}", "не более {}", "en fazla {}", "最多{}", "不超过{}",
        "{}以下", "최대 {}", "{} 이하",
    ),
    Stance.ABOVE: (
        "more than {}", "over {}", "in excess of {}", "mehr als {}", "plus de {}", "más de {}", "mais de {}",
        "più di {}",
        "meer dan {}", "ponad {}", "свыше {}", "lebih dari {}", "超过{}", "大于{}", "{} 초과",
    ),
    Stance.BELOW: (
        "less than {}", "under {}", "fewer than {}", "weniger als {}", "moins de {}", "menos de {}", "meno di {}",
        "minder dan {}", "poniżej {}", "менее {}", "kurang dari {}", "少于{}", "不到{}", "{}未満", "{} 미만",
    ),
    Stance.PART: (
        "twice {}", "half of {}", "{} times 3", "3 times {}", "{} divided by 4", "{} plus 1", "{} times the old price",
        "{} times higher", "{} veces más", "{} fois plus", "{} of the 77", "{} of all 77.", "{} von den 77",
        "the reciprocal of {}", "{} -> 77", "{} → 77", "{} +/- 2", "the square root of {}", "{} squared",
        "{} below zero", "die Hälfte von {}", "times {}", "divided by {}", "none of the {}",
    ),
    Stance.SUPPOSED: (
        "suppose it is {}", "Assume {}.", "If it were {}, we would pay", "assuming that the total is {}",
        "let's say {} for now", "for example {}", "e.g. {}", "such as {}", "hypothetically {}", "angenommen {}",
        "zum Beispiel {}",
        "par exemple {}", "supongamos {}", "ad esempio {}", "por exemplo {}", "bijvoorbeeld {}", "np. {}",
        "например {}", "例如{}", "假设{}", "例えば{}",
    ),
    Stance.LISTED: (
        "{} or 77", "77 or {}", "{} and 77", "{}, 77", "[{}; 77]", "77\n{}", "1. {}\n2. 77",
        "The answer is {}, 76, or 77.",
        "{} apples or 77 apples", "{}, maybe 77", "{} (or 77)", "{} oder 77", "{} ou 77", "{} o 77", "{} или 77",
        "{}或77",
        "{}、77", "{}, if not 77", "{} 또는 77", "- {}\n* 77",
    ),
}  # fmt: skip
MATRIX = [(stance, text) for stance, texts in SURROUNDINGS.items() for text in texts]

# What holds the same words, further away or about something else.
STATED = (
    "The maximum is {}.", "The minimum was {}", "It is not clear why, but the total is {}.", "No, it is {}",
    "Not at all: {}",
    "I am not sure about the rest. {}", "The bill is not due yet: {}", "At least one was late, so the answer is {}.",
    "Nearly done. The total is {}", "Great, the total is {}!", "{} is not divisible by 77", "{} isn't prime",
    "In 1999, {} people came", "{} people came, and 77 went", "{} came and 77 of them went", "x = {}, y = 77",
    "#### {}",
    "**{}**", "Answer: {}", "au moins une heure: {}", "Es ist nicht teuer. Es kostet {}.", "No hay duda, son {}",
    "Это не много, всего {}", "不是很多，一共{}", "节约{}", "The two agree on {}, or so they say.",
    "He did not say; she said {}",
    "{}. That is more than enough", "{} instead of 77", "{} boxes of 77", "{} of 77 passed", "{} (exactly)",
    "{} % of the 77 users left", "{} % of 77 users", "{}, {}", "{} or {}", "1. The total is {}", "Step 1: we take {}.",
    "{}, at least in March", "There is no doubt that it is {}", "without doubt {}", "Without the tax we pay {}",
    "Assuming no tax, the total is {}", "If you add them up, you get {}", "For example, the total is {}",
    "it times out after {}", "Both agree: {}",
)  # fmt: skip


@cache
def numeric(value: Any, which: str | None = None) -> Criterion:
    """The criterion, built once for each value."""
    options = {"value": value} if which is None else {"value": value, "which": which}
    return build_criteria([entry_of({"type": "numeric", **options})], Path())[0]


def score(value: Any, which: str | None, said: str, incumbent: str = "") -> Outcome:
    """What the criterion says of a text."""
    context = context_of({"options": {}, "completion": said, "incumbent": incumbent})
    return numeric(value, which).score([context])[0]


def passed(outcome: object) -> bool:
    """Whether a criterion holds."""
    return isinstance(outcome, Scored) and outcome.passed


@pytest.mark.parametrize(("stance", "text"), MATRIX)
def test_words_that_touch_a_number_count(stance: Stance, text: str) -> None:
    """The value is never surely said there, whichever number counts; another value is another; a text is itself."""
    for (written, value), which in itertools.product(VALUES, WHICH):
        said = text.format(written)
        assert not passed(outcome := score(value, which, said)), (said, outcome)
        check(score(500_003, which, said), False)
        itself = score("{{incumbent.text}}", which, said, incumbent=said)
        if which is None and len({each.readings[0] for each in quantities(said)}) > 1:
            assert isinstance(itself, Errored) or passed(itself)  # several numbers, and nobody says which counts
        elif which != "only":
            assert passed(itself), said
    if stance is not Stance.LISTED:
        assert {each.said.stance for each in quantities(text.format("30")) if each.readings[0] == 30} == {stance}


@pytest.mark.parametrize("text", STATED)
def test_words_further_away_say_nothing(text: str) -> None:
    """A number that is stated is the number, whatever else stands in the text."""
    for written, value in VALUES:
        said = text.format(written, written)
        outcomes = [score(value, which, said) for which in WHICH[1:3]]
        assert any(map(passed, outcomes)), (said, outcomes)


@pytest.mark.parametrize(("stance", "text"), [pair for pair in MATRIX if pair[0] is not Stance.LISTED])
def test_fields_and_arguments_read_as_numeric_does(stance: Stance, text: str) -> None:
    """A text in JSON, compared as a number, is read like a completion."""
    completion = json.dumps({"a": text.format("30")})
    assert not passed(
        outcome_of(
            "json-fields", {"options": {"value": {"a": 30}, "fields": {"a": "numeric"}}, "completion": completion}
        )
    )
    calls = [{"id": "1", "type": "function", "function": {"name": "f", "arguments": completion}}]
    options = {"value": {"f": {"a": [30]}}, "arguments": {"a": "numeric"}}
    assert not passed(outcome_of("tool-call", {"options": options, "completion": {"text": None, "tool_calls": calls}}))


def test_stances_are_told_apart() -> None:
    """Two texts with one number and different stances are never the same."""
    ones = {stance: texts[0].format("30") for stance, texts in SURROUNDINGS.items()} | {Stance.STATED: "30"}
    for (left, one), (right, two) in itertools.product(ones.items(), ones.items()):
        assert passed(score("{{incumbent.text}}", "first", two, incumbent=one)) is (left is right), (one, two)
    assert isinstance(score("{{incumbent.text}}", "first", "30 or 32", incumbent="30 or 31"), Errored)


def test_a_tolerance_admits_what_is_near_and_nothing_else() -> None:
    """Who allows a distance has said that near is enough."""
    for stance, text in MATRIX:
        near = outcome_of("numeric", {"options": {"value": 30, "tolerance": 0.5}, "completion": text.format("30.4")})
        assert passed(near) is (stance is Stance.NEAR), (text, near)


PROSE = (
    "the order holds many boxes of green tea which we ship from Lyon to our clerk whose desk is near and who said that "
    "this price was quoted before by Anna while Omar wrote it down again because they agreed on terms last spring"
)


def test_a_number_without_a_hedge_is_read_as_ever() -> None:
    """In random prose with one number the criterion passes on that number, and fails on any other."""
    rng, words = random.Random(11), PROSE.split()
    hedges = {"near", "to", "and", "before", "last"}  # what may govern a number is not put before one
    for _ in range(400):
        before, after = rng.choices(words, k=rng.randint(0, 9)), rng.choices(words, k=rng.randint(0, 9))
        if {*before[-3:], *after[:2]} & hedges:
            continue
        written, value = rng.choice(VALUES)
        text = " ".join([*before, written, *after]) + rng.choice((".", "", "!", "\n"))
        for which in WHICH:
            check(score(value, which, text), True)
            check(score(500_003, which, text), False)


@pytest.mark.parametrize(
    "piece", ["not about 5 or ", "at least 5, ", "no more than ", "5 or ", "5, ", "~", "1. x\n", "- 5\n"]
)
def test_only_the_surroundings_of_one_number_are_read(piece: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many numbers and hedges a text has: the words around one number are read, and a bounded part of them."""
    read: list[TextSpan] = []

    def counted(place: TextSpan) -> Said:
        read.append(place)
        return said_of(place)

    monkeypatch.setattr(numbers, "said_of", counted)
    for which in ("first", "last"):
        outcome_of("numeric", {"options": {"value": 5, "which": which}, "completion": piece * 400 + "5"})
    assert len(read) <= 4
