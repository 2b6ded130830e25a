"""A statement and its denial are not nearly the same, however few letters tell them apart; what says the same is."""

from __future__ import annotations

import pytest

from audit.scoring.comparing import comparison

DENIED = {
    "it was accepted by all of them": "it was not accepted by all of them",
    "they can deliver it on the same day": "they can't deliver it on the same day",
    "the price that we offer is with VAT": "the price that we offer is without VAT",
    "there is a reason for the delay of it": "there is no reason for the delay of it",
    "der Antrag wurde heute angenommen": "der Antrag wurde heute nicht angenommen",
    "das ist ein Grund für die Verspätung": "das ist kein Grund für die Verspätung",
    "le contrat est encore valable ici": "le contrat n'est pas encore valable ici",
    "el contrato es válido en todo el país": "el contrato no es válido en todo el país",
    "договор действует во всей этой стране": "договор не действует во всей этой стране",
    "这份合同在全国范围内都是有效的合同": "这份合同在全国范围内都不是有效的合同",
}
PAIRS = [
    *(("an increase of the budget", "a decrease of the budget"), ("inbound calls of today", "outbound calls of today")),
    *(
        ("signs of hypertension in him", "signs of hypotension in him"),
        ("a prepaid order of hers", "an unpaid order of hers"),
    ),
    *(
        ("the meeting in march of this year", "the meeting in may of this year"),
        ("due before friday", "due after friday"),
    ),
    *(("open until monday evening", "open until sunday evening"), ("two towels in the room", "ten towels in the room")),
    *(("importing goods for them", "exporting goods for them"), ("the file was accepted", "the file was rejected")),
]
ALIKE = [
    ("the order was shipped in time", "the order was shipped in time."),
    ("there isn't a problem with it", "there is no problem with it"),
    ("the customer asks for a refund", "the customer asks for the refund"),
    ("the inner court is open today", "the inner court is open, today"),
]


@pytest.mark.parametrize(("statement", "denial"), [*DENIED.items(), *PAIRS])
def test_what_is_denied_is_not_the_same(statement: str, denial: str) -> None:
    """In both directions, however low the threshold; each is the same as itself."""
    same = comparison({"fuzzy": 0.5})
    assert (same(statement, denial), same(denial, statement)) == (False, False)
    assert same(statement, statement.upper())
    assert same(denial, denial + " ")


@pytest.mark.parametrize(("one", "other"), ALIKE)
def test_what_says_the_same_is_the_same(one: str, other: str) -> None:
    """A denial in other words, an article, a mark."""
    same = comparison({"fuzzy": 0.8})
    assert (same(one, other), same(other, one)) == (True, True)


def test_a_sentence_more_denies_nothing() -> None:
    """The other text says nothing of what it is about."""
    same = comparison({"fuzzy": 0.7})
    text = (
        "The parcel was handed to the carrier this morning and arrives tomorrow by noon, at the address that we have."
    )
    assert same(text, f"{text} Do not hesitate to write to us.")


def test_a_figure_with_a_unit_is_none_without() -> None:
    """What reads the field gets a share, or a number."""
    assert not comparison("fuzzy")("a discount of 5% on all", "a discount of 5 on all")
