"""Criteria that forgive more than they show, each against the damage that finds it, before anything is paid."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from random import Random
from typing import Any

import pytest

from audit.core.criteria import Control
from audit.core.exchange import Completion, Request
from audit.core.outcome import Scored
from audit.core.settings import ControlSettings, CriterionSettings
from audit.scoring.context import Context
from audit.scoring.controls.answer import AnswerView, FixedValue, views_of
from audit.scoring.controls.negation import deny
from audit.scoring.controls.run import run_controls
from audit.scoring.criteria import build_criteria, resolve

TOWNS = ["Aarhus", "Bergen", "Cadiz", "Delft", "Espoo", "Faro", "Ghent", "Hamar", "Imola", "Jena", "Kotor", "Lund"]
THINGS = ["a lamp", "two chairs", "one ladder", "the red kettle", "a garden hose", "six plates", "an old radio"]


def note(n: int) -> str:
    """A sentence that is another for every request, and that one word turns into its denial."""
    return f"{THINGS[n % 7]} from {TOWNS[n % 12]} to {TOWNS[(5 * n + 3) % 12]} is covered, {TOWNS[(7 * n) % 12]} said"


def answer(n: int, said: Any) -> Completion:
    """An answer in text, in JSON, or a call of a tool with these arguments."""
    if isinstance(said, tuple):
        call = {"type": "function", "function": {"name": said[0], "arguments": json.dumps(said[1])}}
        return Completion(text=None, tool_calls=(call,), finish_reason="tool_calls")
    text = said if isinstance(said, str) else json.dumps(said)
    return Completion(text=text, tool_calls=(), finish_reason="stop")


def controls(entries: list[Mapping[str, Any]], said: Callable[[int], Any], n: int = 60) -> dict[Control, float | None]:
    """The share of damaged answers that criteria accept, by control; None where nothing was tried."""
    settings = [CriterionSettings.model_validate(CriterionSettings.from_entry(dict(entry))) for entry in entries]
    criteria = build_criteria(settings, Path())
    contexts = []
    for i in range(n):
        own = answer(i, said(i))
        request = Request(request_fp=f"{i}", messages=({"role": "user", "content": f"What of number {i}?"},))
        contexts.append(Context(request=request, completion=own, incumbent=own))

    def accepts(some: Any) -> list[bool]:
        rows = zip(*(criterion.score(some) for criterion in criteria), strict=True)
        return [all(isinstance(one, Scored) and one.passed for one in row) for row in rows]

    assert all(accepts(contexts))
    looks = [
        AnswerView(
            scorer=resolve(c.scorer)[1],
            extract=c.extract,
            options=c.options,
            demands=c.demands,
            searches=c.searches,
            agrees="incumbent" in c.reads and "reference" not in c.reads,
        )
        for c in criteria
    ]
    views = views_of(looks, [context.completion for context in contexts])
    fixed = [FixedValue(one.value, c.extract, one.argument) for c in criteria for one in c.alternatives]
    limits = ControlSettings().limits
    results = run_controls(contexts, contexts, views, accepts, limits, seed=7, constants=fixed)
    return {one.control: None if one.share is None else one.share.est for one in results}


def failing(entries: list[Mapping[str, Any]], said: Callable[[int], Any]) -> set[Control]:
    """The controls above the limit."""
    return {control for control, share in controls(entries, said).items() if share is not None and share > 0.05}


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"type": "tool-call", "arguments": {"memo": {"fuzzy": 0.8}}}, lambda n: ("log", {"memo": note(n), "no": n})),
        (
            {"type": "json-fields", "fields": {"memo": {"fuzzy": 0.8}, "no": "exact"}},
            lambda n: {"memo": note(n), "no": n},
        ),
        ({"type": "json-fields", "fields": {"a.b": "fuzzy"}}, lambda n: {"a": {"b": [note(n), note(n + 1)]}}),
    ],
)
def test_prose_inside_json_and_calls_is_denied_as_plain_prose_is(entry: Any, said: Callable[[int], Any]) -> None:
    """A fuzzy comparison takes a sentence for its denial, wherever the sentence stands, and exact neighbours do not
    hide it; the same field compared exactly refuses it."""
    assert Control.NEGATED in failing([entry], said)
    strict = json.loads(json.dumps(entry).replace('{"fuzzy": 0.8}', '"exact"').replace('"fuzzy"', '"exact"'))
    assert controls([strict], said)[Control.NEGATED] == 0
    assert not failing([strict], said)


def listed(n: int) -> dict[str, Any]:
    """Lists with repeated items, one of them within an object of a list."""
    return {"rank": [TOWNS[n % 12], TOWNS[n % 12], TOWNS[(n + 1) % 12]], "parts": [{"sizes": [n, n + 1]}]}


@pytest.mark.parametrize("fields", [{"rank": "exact"}, {"parts": "exact"}, ["rank", "parts"]])
def test_lists_are_reversed_shortened_and_repeated_however_deep(fields: Any) -> None:
    """Criteria that compare lists exactly refuse all three, and each is tried on every answer."""
    found = controls([{"type": "json-fields", "fields": fields}], listed)
    assert {found[one] for one in (Control.REVERSED, Control.ITEM_DROPPED, Control.ITEM_REPEATED)} == {0.0}


def test_a_comparison_that_loses_a_lists_order_or_items_is_found() -> None:
    """By letters alone, a long list in another order, or with one item less, is much the same list."""
    said: Callable[[int], Any] = lambda n: {"all": [f"{n}", *TOWNS, *THINGS]}  # noqa: E731
    found = failing([{"type": "json-fields", "fields": {"all": {"fuzzy": 0.3}}}], said)
    assert found >= {Control.REVERSED, Control.ITEM_DROPPED, Control.ITEM_REPEATED}


def test_what_is_declared_not_to_matter_is_no_damage() -> None:
    """The order of a `set`, and anything in an ignored argument."""
    entry = {"type": "json-fields", "fields": {"rank": "set"}}
    assert Control.REVERSED not in controls([entry], lambda n: {"rank": [n, n + 1]})
    call = {"type": "tool-call", "arguments": {"memo": "ignore"}}
    found = controls([call], lambda n: ("log", {"memo": note(n), "no": n}))
    assert Control.NEGATED not in found
    assert not {one for one, share in found.items() if share}


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"type": "one-of", "value": ["{{incumbent.text}}", "no idea"]}, note),
        (
            {"type": "one-of", "value": "{{incumbent.json.town}}, elsewhere", "extract": {"json": "town"}},
            lambda n: {"town": TOWNS[n % 12]},
        ),
        ({"type": "icontains-any", "value": ["{{incumbent.text}}", "cannot say"]}, note),
        (
            {"type": "tool-call", "value": {"go": {"to": ["{{incumbent.tool_calls[0].function.arguments}}", "home"]}}},
            None,
        ),
    ],
)
def test_a_constant_beside_the_incumbents_answer_answers_everything(
    entry: Any, said: Callable[[int], Any] | None
) -> None:
    """The log need not say it for a candidate to say it always."""
    if said is None:
        criteria = build_criteria([CriterionSettings.model_validate(entry)], Path())
        assert [(one.value, one.argument) for one in criteria[0].alternatives] == [("home", "to")]
        return
    assert controls([entry], said)[Control.CONSTANT] == 1.0
    alone = {**entry, "value": ["{{incumbent.json.town}}" if "extract" in entry else "{{incumbent.text}}"]}
    assert Control.CONSTANT not in controls([alone], said)


def test_labels_beside_a_comparison_are_no_union() -> None:
    """A list of labels restricts; a constant of it is accepted where it is right, and nowhere else."""
    labels = {"type": "one-of", "value": TOWNS}
    found = controls([labels, {"type": "equals", "value": "{{incumbent.text}}"}], lambda n: TOWNS[n % 12])
    assert found[Control.CONSTANT] == 0


@pytest.mark.parametrize("name", ["contains", "icontains", "contains-all", "contains-any"])
def test_an_answer_that_is_looked_for_is_denied_among_others(name: str) -> None:
    """What is contained in a denial, too, shows nothing, and a limit of words beside it lets a short denial pass."""
    entry = {"type": name, "value": "{{incumbent.text}}" if "-" not in name else ["{{incumbent.text}}"]}
    assert controls([entry], note)[Control.DENIED] == 1.0
    assert Control.DENIED in failing([entry, {"type": "word-count", "value": {"max": 12}}], note)
    assert Control.DENIED not in controls([{"type": "equals", "value": "{{incumbent.text}}"}], note)


def order(n: int) -> str:
    """A sentence of which one word turns the meaning round."""
    what = ("Increase", "Enable", "Extend")[n % 3]
    return f"{what} the daily transfer limit of the account in {TOWNS[(5 * n) % 12]} for {n} days"


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"type": "fuzzy", "threshold": 0.8}, order),
        ({"type": "levenshtein", "threshold": 8}, order),
        ({"type": "rouge-n", "value": "{{incumbent.text}}", "threshold": 0.6}, order),
        ({"type": "json-fields", "fields": {"no": "exact", "do": {"fuzzy": 0.8}}}, lambda n: {"no": n, "do": order(n)}),
        ({"type": "tool-call", "arguments": {"note": {"fuzzy": 0.8}}}, lambda n: ("book", {"id": n, "note": order(n)})),
    ],
)
def test_likeness_takes_a_word_for_its_opposite(entry: dict[str, Any], said: Callable[[int], Any]) -> None:
    """A sentence of which no verb is in the table of negations; an exact neighbour does not hide it."""
    assert Control.WORD in failing([entry], said)


def test_values_that_are_looked_for_may_stand_in_each_others_fields() -> None:
    """Net and gross exchanged still contain both."""
    entries = [
        {"type": "is-json"},
        {"type": "contains-all", "value": ["{{incumbent.json.net}}", "{{incumbent.json.gross}}"]},
    ]
    said: Callable[[int], Any] = lambda n: {"net": f"{n}.50 EUR", "gross": f"{2 * n}.75 EUR"}  # noqa: E731
    assert Control.EXCHANGED in failing(entries, said)
    compared = {"type": "json-fields", "fields": {"net": "exact", "gross": "exact"}}
    assert controls([compared], said)[Control.EXCHANGED] == 0.0


DENIALS = [
    ("The parcel is here", "The parcel is not here"),
    ("Das Paket ist hier", "Das Paket ist nicht hier"),
    ("Le colis est dans la gare", "Le colis n'est pas dans la gare"),
    ("El paquete está en la casa", "El paquete no está en la casa"),
    ("O pacote está com os meninos", "O pacote não está com os meninos"),
    ("Il pacco è nel deposito", "Il pacco non è nel deposito"),
    ("Het pakket kan op de bank", "Het pakket kan niet op de bank"),
    ("Pakken er på lageret", "Pakken er ikke på lageret"),
    ("Paketet är på lagret", "Paketet är inte på lagret"),
    ("Paczka jest w domu", "Paczka nie jest w domu"),
    ("Посылка будет завтра", "Посылка не будет завтра"),
    ("这是我的包裹", "这不是我的包裹"),
    ("荷物です", "荷物ではありません"),
    ("소포가 있습니다", "소포가 없습니다"),
]


@pytest.mark.parametrize(("plain", "denial"), DENIALS)
def test_a_sentence_is_denied_in_its_own_language_and_back(plain: str, denial: str) -> None:
    """Both ways, so that the damage of a denial is the plain sentence."""
    assert deny(plain, Random(1)) == denial
    assert deny(denial, Random(1)) == plain


def test_where_no_denial_is_known_it_says_so() -> None:
    """Words in no language that is known: the control is told, and as not tried."""
    said: Callable[[int], Any] = lambda n: f"zorb {n} quux blick {n * n} frob"  # noqa: E731
    assert controls([{"type": "levenshtein", "threshold": 3}], said)[Control.NEGATED] is None


SEATS = "ABCDE"


def seat(n: int) -> str:
    """Five requests of a party differ by one letter, other parties wholly."""
    return (
        f"row {SEATS[n % 5]}, {TOWNS[n // 5 % 12]} side of {THINGS[n // 5 % 7]} near {TOWNS[(7 * (n // 5) + 2) % 12]}"
    )


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"type": "levenshtein"}, seat),
        ({"type": "fuzzy", "threshold": 0.95}, seat),
        (
            {"type": "json-fields", "fields": {"seat": {"fuzzy": 0.95}, "no": "exact"}},
            lambda n: {"no": 7, "seat": seat(n)},
        ),
        ({"type": "tool-call", "arguments": {"seat": {"fuzzy": 0.95}}}, lambda n: ("take", {"seat": seat(n)})),
    ],
)
def test_the_answer_of_a_neighbour_is_not_the_answer(entry: dict[str, Any], said: Callable[[int], Any]) -> None:
    """A random other answer is far away; the nearest differs by a letter, and a code alone as well."""
    assert {Control.NEAREST, Control.CODE} <= failing([entry], said)


@pytest.mark.parametrize("shape", ["{}", "X-{}9", "{}\n"])
def test_a_letter_of_an_answer_of_one_word_is_no_slip(shape: str) -> None:
    """Where the whole answer is one word, likeness by letters accepts another code, name or key; equality does not."""
    said: Callable[[int], Any] = lambda n: shape.format("".join(Random(n).choices("abcdefghijk", k=14)))  # noqa: E731
    assert Control.CODE in failing([{"type": "levenshtein", "threshold": 3}], said)
    exact = {"type": "equals", "value": "{{incumbent.text}}"}
    assert controls([exact], said)[Control.CODE] == 0


def test_what_a_tolerance_allows_is_no_neighbour() -> None:
    """A slowly moving series: the nearest other answer differs in its number alone, which is within the tolerance."""
    said: Callable[[int], Any] = lambda n: {"town": "Delft", "level": 3 + n / 100}  # noqa: E731
    found = controls([{"type": "json-fields", "fields": {"town": "exact", "level": {"numeric": 0.05}}}], said)
    assert Control.NEAREST not in found


def test_words_are_no_codes() -> None:
    """An article that begins a sentence, the first person, and a text all in capitals have no code to exchange."""
    entry = {"type": "fuzzy", "threshold": 0.5}
    for text in ("A parcel {} came. I took it", "THE BIG PARCEL {} IS AT THE GATE"):
        assert Control.CODE not in controls([entry], lambda n, text=text: text.format(TOWNS[n % 12].upper() * (n + 1)))


@pytest.mark.parametrize("which", ["first", "last"])
def test_any_number_of_an_answer_may_be_the_wrong_one(which: str) -> None:
    """Where today's answer is all that is known, its first number says nothing of its second."""
    said: Callable[[int], Any] = lambda n: f"Order {4000 + n}: total {17 * n + 3} EUR"  # noqa: E731
    entry = {"type": "numeric", "value": "{{incumbent.text}}", "which": which}
    assert Control.DIGIT in failing([entry], said)
    taken = {**entry, "extract": {"regex": r"total (\d+)"}, "value": "{{incumbent.text.split('total ')[1]}}"}
    assert not failing([taken], said)


def made(n: int) -> Completion:
    """Two calls of different functions, or of one."""
    return answer(n, ("save", {"no": n}))


@pytest.mark.parametrize(
    ("options", "names", "share"),
    [
        ({}, ("save", "drop"), 0.0),
        ({"order": "kept"}, ("save", "save"), 0.0),
        ({}, ("save", "save"), None),
        ({"order": "any"}, ("save", "drop"), None),
    ],
)
def test_calls_in_reverse_are_other_calls_unless_declared(
    options: dict[str, Any], names: tuple[str, str], share: float | None
) -> None:
    """The control counts where two different calls stand in an order that says something."""
    criteria = build_criteria([CriterionSettings.model_validate({"type": "tool-call", "options": options})], Path())
    contexts = []
    for n in range(30):
        calls = [
            {"type": "function", "function": {"name": name, "arguments": json.dumps({"no": 10 * n + at})}}
            for at, name in enumerate(names)
        ]
        own = Completion(text=None, tool_calls=tuple(calls), finish_reason="tool_calls")
        request = Request(request_fp=f"{n}", messages=({"role": "user", "content": "Go on."},))
        contexts.append(Context(request=request, completion=own, incumbent=own))

    def accepts(some: Any) -> list[bool]:
        return [isinstance(one, Scored) and one.passed for one in criteria[0].score(some)]

    views = views_of([AnswerView(scorer="tool-call", options=options)], [context.completion for context in contexts])
    results = run_controls(contexts, contexts, views, accepts, ControlSettings().limits, seed=3)
    shares = {one.control: one.share.est for one in results if one.share is not None}
    assert shares.get(Control.CALLS_REVERSED) == share
    assert shares[Control.SECOND] == 0.0


SECONDS = [
    ({"type": "numeric", "value": "{{incumbent.text}}"}, lambda n: f"{17 * n + 3}"),
    ({"type": "equals", "value": "{{incumbent.text}}"}, note),
    ({"type": "json-fields", "others": "exact"}, lambda n: {"no": n, "to": TOWNS[n % 12]}),
    ({"type": "json-fields", "fields": ["to"]}, lambda n: {"no": n, "to": TOWNS[n % 12]}),
    ({"type": "equals", "value": "{{incumbent.json.to}}", "extract": {"json": "to"}}, lambda n: {"to": TOWNS[n % 12]}),
    (
        {"type": "equals", "value": "{{incumbent.text.split(' ')[1]}}", "extract": {"regex": r"Town: (\w+)"}},
        lambda n: f"Town: {TOWNS[n % 12]}",
    ),
]


@pytest.mark.parametrize(("entry", "said"), SECONDS)
def test_an_answer_that_goes_on_with_another_one_is_not_accepted(
    entry: dict[str, Any], said: Callable[[int], Any]
) -> None:
    """Whole, by fields, by a path or a pattern: criteria of this package never pass it."""
    assert not controls([entry], said).get(Control.SECOND)


def test_a_criterion_of_somebody_else_that_reads_the_first_value_is_found() -> None:
    """A function of the user's that takes the first number, whatever follows it."""
    entry = {"type": "python", "value": "file://tests/scoring/user_scorers.py:first_number"}
    assert Control.SECOND in failing([entry], lambda n: f"{17 * n + 3}")
