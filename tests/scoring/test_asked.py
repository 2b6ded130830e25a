"""A unit or a loss on one side alone: what was asked says whether the figure beside it is the expected one."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from audit.core.exchange import Completion, Request
from audit.core.outcome import Errored, Outcome, Scored
from audit.scoring.context import Context
from audit.scoring.criteria import build_criteria
from audit.scoring.quantities.units import UNITS, dimension_of
from tests.scoring.cases import entry_of


def said(question: str, text: str, value: float | str, **options: object) -> Outcome:
    """What `numeric` says of an answer to a question."""
    (criterion,) = build_criteria([entry_of({"type": "numeric", "value": "{{reference}}", **options})], Path())
    request = Request(request_fp="f", messages=({"role": "user", "content": question},))
    context = Context(request=request, completion=Completion(text=text), reference=value)
    return criterion.score([context])[0]


def holds(question: str, text: str, value: float | str, **options: object) -> bool:
    """Whether it accepts it."""
    found = said(question, text, value, **options)
    return isinstance(found, Scored) and found.passed


FIGURES = ("10", "1,250.5", "−8", "0.25")
SHARES = ("{}%", "{} %", "{} percent", "{} per cent", "{} Prozent", "It is {} % of them.")
LOSSES = (
    *("a loss of {}", "a net loss of {}", "He lost {}.", "They lose {} a week", "a deficit of {}", "it fell by {}"),
    *("a drop of {}", "He owes {}.", "a debt of {}", "a decrease of {}", "{} in the red", "Loss: {}", "a {} loss"),
    *("ein Verlust von {}", "une perte de {}", "una pérdida de {}", "una perdita di {}", "een verlies van {}"),
    *("um prejuízo de {}", "er sank um {}", "убыток {}"),
)
NEUTRAL = ("What is the total?", "How much did the shop make in May?", "Wie viel ist es?")


def figure(written: str) -> float:
    """The value of one of the figures."""
    return float(written.replace(",", "").replace("−", "-"))


@pytest.mark.parametrize(("form", "written"), list(itertools.product(SHARES, FIGURES)))
def test_per_cent_is_the_figure_where_a_share_was_asked(form: str, written: str) -> None:
    """Else nobody can say whether ten of a hundred or ten is meant; another figure fails whatever was asked."""
    text, value = form.format(written), figure(written)
    for question in NEUTRAL:
        assert not holds(question, text, value), question
        assert not holds(question, written, f"{value}%"), question
    for question in ("What percentage is it?", "How many % is it?", "Wie viel Prozent sind es?"):
        assert not holds(question, text, value + 1)
        if abs(value) > 1:  # a quarter and a quarter of a per cent are read both ways
            assert holds(question, text, value), question


@pytest.mark.parametrize(("form", "written"), list(itertools.product(LOSSES, FIGURES)))
def test_a_loss_is_the_figure_where_a_loss_was_asked(form: str, written: str) -> None:
    """Else its sign is the other one: never equal to the figure, nor to the figure with a minus."""
    text, value = form.format(written), figure(written)
    for question, which in itertools.product(NEUTRAL, ("first", "last", "only")):
        assert not holds(question, text, value, which=which), question
        assert not holds(question, text, -value, which=which), question
    if value > 0:
        assert holds("How much did they lose?", text, value)
        assert isinstance(said(NEUTRAL[0], text, -value), Errored)
    assert not holds("How much did they lose?", text, value + 1)


SIZES = {
    dimension: sorted(name for name, (own, _) in UNITS.items() if own == dimension and name.isalpha() and len(name) > 1)
    for dimension in {own for own, _ in UNITS.values()}
}


@pytest.mark.parametrize("dimension", sorted(name for name, units in SIZES.items() if len(units) > 1))
def test_a_unit_is_the_one_that_was_asked(dimension: str) -> None:
    """`10 g` for 10 is right where grams were asked, and no answer where kilograms were; unasked people add it."""
    for unit, other in itertools.permutations(SIZES[dimension], 2):
        if unit in ("in", "mo") or other in ("in", "mo") or not holds("How much?", f"10 {unit}", 10):
            continue  # words of their own, and letters that are magnitudes as well
        assert holds(f"How much is it in {unit}?", f"10 {unit}", 10), unit
        assert not holds(f"How much is it in {other}?", f"10 {unit}", 10), (unit, other)
        assert holds(f"Of 3 {other}, how much is it in {unit}?", f"10 {unit}", 10), (unit, other)


def test_money_is_in_the_currency_that_was_asked() -> None:
    """Cents and dollars, euros and dollars; a sign is a name."""
    assert dimension_of("cents") == dimension_of("USD")
    for question, right, wrong in (
        ("How many dollars is it?", "$10", "10 cents"),
        ("What does it cost, in €?", "10 euros", "$10"),
        ("How many cents?", "10 cents", "10 dollars"),
    ):
        assert holds(question, right, 10)
        assert not holds(question, wrong, 10)
