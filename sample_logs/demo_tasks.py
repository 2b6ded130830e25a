"""The demo's tasks: prompts with answers that the script can compute, so that the truth of every criterion is known.

`demo_words.yaml` has the wording. Each maker returns a `Task`; what makes it hard is visible in cheap features (length,
number of turns or lines), except on `/support-chat`, where the hard part is a question that the rule sheet leaves open.
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any, TypeVar

import yaml

from audit.llm.simulation import SimulatedAnswer

T = TypeVar("T")

WORDS: Mapping[str, Any] = yaml.safe_load(Path(__file__).with_name("demo_words.yaml").read_text("utf-8"))


class Dice:
    """Seeded chance. Only `random.random` is used, whose sequence Python keeps across versions."""

    def __init__(self, seed: str) -> None:
        self._random = random.Random(seed).random

    def chance(self, probability: float) -> bool:
        """True with this probability."""
        return self._random() < probability

    def whole(self, low: int, high: int) -> int:
        """A whole number from `low` to `high`, both included."""
        return low + int(self._random() * (high - low + 1))

    def real(self, low: float, high: float) -> float:
        """A number from `low` up to `high`."""
        return low + self._random() * (high - low)

    def pick(self, choices: Sequence[T]) -> T:
        """One of the choices."""
        return choices[int(self._random() * len(choices))]

    def some(self, choices: Sequence[T], count: int) -> list[T]:
        """`count` different ones of the choices, in random order."""
        left = list(choices)
        return [left.pop(int(self._random() * len(left))) for _ in range(count)]

    def weighted(self, weights: Mapping[T, float]) -> T:
        """A key, with probability in proportion to its weight."""
        at = self._random() * sum(weights.values())
        for key, weight in weights.items():
            at -= weight
            if at < 0:
                return key
        return list(weights)[-1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One prompt, what can be answered to it, and the reference that criteria compare with."""

    messages: list[dict[str, Any]]
    answer: SimulatedAnswer
    reference: Any
    params: dict[str, Any] = field(default_factory=dict)


def text_of(system: str, user: str) -> list[dict[str, Any]]:
    """A conversation of a system and a user message."""
    return [{"role": "system", "content": system}, {"role": "user", "content": user}]


def cents(value: Decimal) -> Decimal:
    """Rounded to cents, half a cent up."""
    return value.quantize(Decimal("0.01"), ROUND_HALF_UP)


# --- /invoice-extract -----------------------------------------------------------------------------------------------

INVOICE_SCHEMA: Mapping[str, Any] = json.loads(
    (Path(__file__).parent / "demo" / "invoice.schema.json").read_text("utf-8")
)
INVOICE_PARAMS = {
    "temperature": 0.2,
    "max_tokens": 4096,
    "response_format": {
        "type": "json_schema",
        "json_schema": {"name": "invoice", "strict": True, "schema": INVOICE_SCHEMA},
    },
}
CURRENCIES = {"Ltd": "GBP", "GmbH": "EUR", "BV": "EUR", "SARL": "EUR", "Inc": "USD", "AB": "SEK"}
COUNTRIES = {"Ltd": "UK", "GmbH": "Germany", "BV": "Netherlands", "SARL": "France", "Inc": "USA", "AB": "Sweden"}
DATE_FORMS = {"Ltd": "%d/%m/%Y", "GmbH": "%d.%m.%Y", "BV": "%d-%m-%Y", "SARL": "%d/%m/%Y", "Inc": "%m/%d/%Y"}
TAXES = {"Ltd": 20, "GmbH": 19, "BV": 21, "SARL": 20, "Inc": 8, "AB": 25}


def invoice(dice: Dice, day: date) -> Task:
    """An invoice to be read into six fields; a smudged scan now and then, on which every model fails often."""
    words = WORDS["invoice"]
    form = dice.pick(words["vendor_forms"])
    vendor = f"{dice.pick(words['vendor_heads'])} {dice.pick(words['vendor_kinds'])} {form}"
    issued = day - timedelta(days=dice.whole(0, 9))
    days = dice.pick([7, 14, 30, 30, 45, 60])
    due = issued + timedelta(days=days)
    number = f"{vendor[:2].upper()}-{issued:%y}-{dice.whole(1000, 9999)}"
    items = dice.some(words["items"], dice.whole(1, 7))
    priced = [(item, dice.whole(1, 40), Decimal(dice.whole(150, 19000)) / 100) for item in items]
    subtotal = sum((quantity * price for _, quantity, price in priced), Decimal(0))
    total = subtotal + cents(subtotal * TAXES[form] / 100)
    smudged = dice.chance(0.04)

    def money(value: Decimal) -> str:
        text = f"{value:,.2f}"
        return text if form in ("Ltd", "Inc") else text.translate(str.maketrans(",.", ".,"))

    def on(when: date) -> str:
        return f"{when:{DATE_FORMS[form]}}" if form in DATE_FORMS else when.isoformat()

    lines = [
        vendor,
        f"{dice.whole(1, 180)} {dice.pick(words['streets'])}, {COUNTRIES[form]}",
        f"INVOICE {number}",
        f"Date: {on(issued)}",
        f"Due: {on(due)}" if dice.chance(0.6) else f"Terms: net {days} days; 2 % discount within 5 days",
        *[f"{quantity} x {item} @ {money(price)} = {money(quantity * price)}" for item, quantity, price in priced],
        f"Subtotal {money(subtotal)}",
        f"Tax {TAXES[form]} % {money(total - subtotal)}",
        f"Amount payable {CURRENCIES[form]} {money(total)}",
    ]
    page = "\n".join(lines)
    if smudged:
        page = "[scan, quality: poor]\n" + page.translate(str.maketrans("015", "OlS"))
    fields = {
        "vendor": vendor,
        "invoice_number": number,
        "invoice_date": issued.isoformat(),
        "due_date": due.isoformat(),
        "currency": CURRENCIES[form],
        "total": float(total),
    }
    return Task(
        messages=text_of(words["system"], page),
        answer=SimulatedAnswer(
            task="invoice",
            difficulty="scan" if smudged else "print",
            effort_tokens=860 + 60 * len(items) + 500 * smudged,
            right=[{"text": json.dumps(fields)}],
            wrong=_wrong_invoices(fields, float(subtotal), issued),
        ),
        reference=fields,
        params=INVOICE_PARAMS,
    )


def _wrong_invoices(fields: dict[str, Any], subtotal: float, issued: date) -> list[dict[str, Any]]:
    """What models get wrong: the subtotal, the discount's date, prose around the object, an object cut short."""
    text = json.dumps(fields)
    return [
        {"text": json.dumps({**fields, "total": subtotal})},
        {"text": json.dumps({**fields, "due_date": (issued + timedelta(days=5)).isoformat()})},
        {"text": f"Here is the invoice as JSON:\n{text}"},
        {"text": text[: len(text) // 2], "finish_reason": "length"},
    ]


# --- /ticket-triage -------------------------------------------------------------------------------------------------

QUEUES = tuple(WORDS["triage"]["asks"])
TRIAGE_PARAMS = {
    "temperature": 0.2,
    "max_tokens": 4096,
    "tool_choice": "required",
    "tools": [
        {
            "type": "function",
            "function": {
                "name": "route_ticket",
                "description": "Put the conversation into a queue.",
                "parameters": {
                    "type": "object",
                    "properties": {
                        "queue": {"type": "string", "enum": list(QUEUES)},
                        "priority": {"type": "string", "enum": ["low", "normal", "high"]},
                        "language": {"type": "string", "description": "ISO 639-1 code"},
                    },
                    "required": ["queue", "priority", "language"],
                },
            },
        }
    ],
}


def triage(dice: Dice, day: date) -> Task:
    """A customer's mail for a queue, chosen by a tool call: one short message, or a long thread that changes topic."""
    words = WORDS["triage"]
    queue = dice.pick(QUEUES)
    thread = dice.chance(0.35)
    ask, costly = _ask(dice, queue)
    priority = "high" if queue == "fraud" or costly else "normal"
    other = dice.pick([name for name in QUEUES if name != queue])
    closing = dice.pick(words["closings"]).format(name=dice.pick(words["names"]))
    if not thread:
        said = _paragraph(dice, dice.pick(words["openings"]), ask, details=dice.whole(0, 2))
        turns = [{"role": "user", "content": f"{said} {closing}"}]
    else:
        turns = _thread(dice, ask, _ask(dice, other)[0], closing)
    return Task(
        messages=[{"role": "system", "content": words["system"]}, *turns],
        answer=SimulatedAnswer(
            task="triage",
            difficulty="thread" if thread else "mail",
            effort_tokens=720 if thread else 360,
            right=[_route_ticket(queue, priority)],
            wrong=[
                _route_ticket(other, "normal" if priority == "high" else priority),
                _route_ticket(other, priority),
                _route_ticket(queue, "low" if priority == "high" else "high"),
                {"text": f"This should go to the {queue} queue."},
            ],
        ),
        reference={"route_ticket": {"queue": [queue], "priority": [priority], "language": ["en"]}},
        params=TRIAGE_PARAMS,
    )


def _ask(dice: Dice, queue: str) -> tuple[str, bool]:
    """One request for a queue, and whether an amount in it makes it urgent."""
    words = WORDS["triage"]
    template = dice.pick(words["asks"][queue])
    amount = dice.whole(1900, 98000)
    said = template.format(
        order=dice.whole(410000, 489999), amount=f"{amount / 100:.2f} EUR", good=dice.pick(words["goods"])
    )
    return said, "{amount}" in template and amount > 50000


def _thread(dice: Dice, ask: str, first: str, closing: str) -> list[dict[str, Any]]:
    """A conversation about `first`, which is settled, and then about `ask`, which is not."""
    words = WORDS["triage"]
    turns = [
        {"role": "user", "content": _paragraph(dice, dice.pick(words["openings"]), first, details=2)},
        {"role": "assistant", "content": dice.pick(words["solved"]).format(digits=dice.whole(1000, 9999))},
    ]
    turn = _paragraph(dice, dice.pick(words["confirmed"]), dice.pick(words["pivots"]) + ask, details=2)
    turns.append({"role": "user", "content": f"{turn} {closing}"})
    if dice.chance(0.5):
        turns.append({"role": "assistant", "content": "Thank you. Is there anything else we should know about it?"})
        turns.append({"role": "user", "content": _paragraph(dice, dice.pick(words["noise"]), details=1)})
    return turns


def _paragraph(dice: Dice, *parts: str, details: int) -> str:
    filling = dice.some(WORDS["triage"]["details"], details)
    return " ".join([*parts, *[text.format(digits=dice.whole(1000, 9999)) for text in filling]])


def _route_ticket(queue: str, priority: str) -> dict[str, Any]:
    arguments = json.dumps({"queue": queue, "priority": priority, "language": "en"})
    call = {"id": "call_0", "type": "function", "function": {"name": "route_ticket", "arguments": arguments}}
    return {"tool_calls": [call]}


# --- /order-quote ---------------------------------------------------------------------------------------------------

QUOTE_PARAMS = {"temperature": 0.2, "max_tokens": 4096}
BREAKS = ((200, 12), (50, 7), (10, 3))
CLASSES = {"retail": 0, "partner": 5, "key account": 9}
TAX = {"DE": 19, "AT": 20, "NL": 21, "SE": 25, "CH": 0, "NO": 0}


@dataclass(frozen=True, slots=True)
class _Line:
    quantity: int
    price: Decimal
    net: bool

    def value(self, *, breaks: bool) -> Decimal:
        percent = next((p for least, p in BREAKS if self.quantity >= least), 0) if breaks and not self.net else 0
        value = cents(self.quantity * self.price)
        return value - cents(value * percent / 100)


def quote(dice: Dice, day: date) -> Task:
    """A price to be worked out from six rules; more lines, more mistakes."""
    words = WORDS["quote"]
    large = dice.chance(0.45)
    goods = dice.some(words["goods"], dice.whole(4, 8) if large else dice.whole(1, 3))
    lines = [
        _Line(dice.pick([2, 4, 6, 12, 20, 36, 60, 120, 250]), Decimal(dice.whole(95, 8900)) / 100, dice.chance(0.2))
        for _ in goods
    ]
    kind, country, weight = dice.pick(list(CLASSES)), dice.pick(list(TAX)), dice.whole(2, 160)
    listed = "\n".join(
        f"- {line.quantity} x {good}, list price {line.price:.2f}{' (net)' if line.net else ''}"
        for line, good in zip(lines, goods, strict=True)
    )
    asked = f"Quote of {day:%d %B %Y}. Customer class: {kind}. Delivery: {country}. Weight: {weight} kg.\n{listed}"
    value, shipping, tax, total = _price(lines, kind, country, weight)
    wrong = {
        _price(lines, kind, country, weight, breaks=False)[3],
        _price(lines, "retail" if kind != "retail" else "partner", country, weight)[3],
        cents(value + shipping),
        total + Decimal("10.00"),
    } - {total}
    return Task(
        messages=text_of(words["system"], asked),
        answer=SimulatedAnswer(
            task="quote",
            difficulty="long" if large else "short",
            effort_tokens=900 + 140 * len(lines),
            right=[{"text": _quoted(value, shipping, tax, total)}],
            wrong=[{"text": _quoted(value, shipping, tax, answer)} for answer in sorted(wrong)],
        ),
        reference=f"{total:.2f}",
        params=QUOTE_PARAMS,
    )


def _price(
    lines: Sequence[_Line], kind: str, country: str, weight: int, *, breaks: bool = True
) -> tuple[Decimal, Decimal, Decimal, Decimal]:
    """Goods after discounts, shipping, tax and total, by the rules of the sheet."""
    discounted = sum((line.value(breaks=breaks) for line in lines if not line.net), Decimal(0))
    net = sum((line.value(breaks=breaks) for line in lines if line.net), Decimal(0))
    value = discounted - cents(discounted * CLASSES[kind] / 100) + net
    table = ((5, "6.90"), (20, "14.50"), (100, "49.00"))
    shipping = Decimal(next((price for most, price in table if weight <= most), "95.00"))
    if country != "DE":
        shipping = cents(shipping * Decimal("1.4"))
    if kind == "key account" and value >= 1000:
        shipping = Decimal("0.00")
    tax = cents((value + shipping) * TAX[country] / 100)
    return value, shipping, tax, value + shipping + tax


def _quoted(value: Decimal, shipping: Decimal, tax: Decimal, total: Decimal) -> str:
    return f"Goods after discounts: {value:.2f}\nShipping: {shipping:.2f}\nTax: {tax:.2f}\nTOTAL: {total:.2f}"


# --- /policy-qa -----------------------------------------------------------------------------------------------------

POLICY_PARAMS = {"temperature": 0.2, "max_tokens": 4096}


def policy(dice: Dice, day: date) -> Task:
    """Who approves an expense: a letter."""
    amount = dice.whole(8, 420)
    city = dice.pick(["Lyon", "Oslo", "Porto", "Zurich", "Leeds", "Geneva"])
    kind = dice.pick(["meal", "rail", "hotel", "training", "gift"])
    if kind == "meal":
        public = dice.chance(0.2)
        asked = (
            f"Dinner in {city} with {'guests from the city council' if public else 'a customer'}, {amount} per person."
        )
        letter = "D" if public else _level(amount, 40, 90)
    elif kind == "rail":
        first = dice.chance(0.5)
        asked = f"Rail ticket to {city}, {'first' if first else 'second'} class, {amount}."
        letter = ("B" if amount <= 250 else "C") if first else "A"
    elif kind == "hotel":
        low, high = (200, 300) if city in ("Oslo", "Zurich", "Geneva") else (140, 220)
        asked, letter = f"Two nights in {city} at {amount} per night.", _level(amount, low, high)
    elif kind == "training":
        amount *= dice.pick([1, 10])
        asked = f"A course in {city} for {amount}."
        letter = "B" if amount <= 500 else "C" if amount <= 3000 else "D"
    else:
        asked, letter = f"A gift for a customer in {city}, {amount}.", "B" if amount <= 25 else "D"
    if dice.chance(0.1) and amount > 100:
        asked, letter = asked[:-1] + ", paid in cash.", "D"
    return Task(
        messages=text_of(WORDS["policy"]["system"], f"{asked} Who approves? (asked on {day:%d %B})"),
        answer=SimulatedAnswer(
            task="policy",
            difficulty="rule",
            effort_tokens=420,
            right=[{"text": f"Answer: {letter}"}],
            wrong=[{"text": f"Answer: {other}"} for other in "ABCD" if other != letter],
        ),
        reference=letter,
        params=POLICY_PARAMS,
    )


def _level(amount: int, low: int, high: int) -> str:
    return "A" if amount <= low else "B" if amount <= high else "C"


# --- /support-chat --------------------------------------------------------------------------------------------------

CHAT_PARAMS = {"temperature": 0.2, "max_tokens": 4096, "stream": True}
LANGUAGES = {"en": 0.45, "de": 0.25, "fr": 0.15, "es": 0.15}
LISTED = ("furniture", "electronics", "textiles", "kitchen")
UNLISTED = ("garden", "toys", "sports")
TOPICS = tuple(WORDS["chat"]["questions"])
UNLISTED_SHARE = 0.11
OFF_TOPIC = {
    "return": "exchange",
    "warranty": "exchange",
    "delivery": "warranty",
    "exchange": "warranty",
    "repair": "exchange",
    "price": "delivery",
}
"""Topics whose answers no embedding takes for each other, so that what `similar` should say is known."""


def chat_turn(dice: Dice, language: str, history: Sequence[dict[str, Any]]) -> Task:
    """The next question of a conversation. About an unlisted category, the only right answer is to hand over."""
    words = WORDS["chat"]
    topic = dice.pick(TOPICS)
    unlisted = dice.chance(UNLISTED_SHARE)
    category = dice.pick(UNLISTED if unlisted else LISTED)
    asked = words["questions"][topic][language].format(category=words["categories"][language][category])
    if not history:
        asked = f"{dice.pick(words['greetings'][language])} {asked}"
    if dice.chance(0.5):
        asked += " " + words["references"][language].format(order=dice.whole(410000, 489999))
    facts = words["facts"][topic]
    invented = dice.pick([fact for name, fact in facts.items() if name != category])
    refusal = {"text": words["refusal"][language]}
    if unlisted:
        right = [{"text": text} for text in words["handover"][language]]
        wrong = [{"text": text} for text in _replies(topic, language, category, invented)]
        reference = {"replies": list(words["handover"][language]), "number": 4471}
    else:
        said = _replies(topic, language, category, facts[category])
        right = [{"text": text} for text in said]
        # The right number in the answer to another question: only the list of approved replies sees it.
        elsewhere = dice.pick([name for name in LISTED if name != category])
        other = _replies(OFF_TOPIC[topic], language, elsewhere, facts[category])
        wrong = [{"text": text} for text in [*_replies(topic, language, category, invented), other[0]]] + [refusal]
        reference = {"replies": said, "number": facts[category]}
    system = [{"role": "system", "content": words["system"]}]
    return Task(
        messages=[*(history or system), {"role": "user", "content": asked}],
        answer=SimulatedAnswer(
            task="chat",
            difficulty="unlisted" if unlisted else "listed",
            effort_tokens=330,
            right=right,
            wrong=wrong,
        ),
        reference=reference,
        params=CHAT_PARAMS,
    )


def _replies(topic: str, language: str, category: str, fact: int) -> list[str]:
    words = WORDS["chat"]
    name = words["categories"][language][category]
    said = [text.format(category=name, fact=fact) for text in words["replies"][topic][language]]
    return [text[0].upper() + text[1:] for text in said]
