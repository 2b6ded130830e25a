"""Refusals of the speaker's own, told from what people cannot do: a set in thirty languages and more, both ways."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from audit.scoring.refusals.sentences import declines
from audit.scoring.refusals.whole_answers import declines_request
from audit.scoring.refusals.words import SPEECHES

SET = [json.loads(line) for line in Path(__file__).with_name("refusals.jsonl").read_text("utf-8").splitlines()]
PLAIN = [one for one in SET if "asked" not in one and one["text"].isprintable()]


def wide(text: str) -> str:
    """The same letters in their full-width forms."""
    return "".join(chr(ord(char) + 0xFEE0) if char.isascii() and char.isalpha() else char for char in text)


WRITTEN: dict[str, Callable[[str], str]] = {
    "bold": "**{}**".format,
    "emphasis": "_{}_".format,
    "heading": "## {}".format,
    "quotation": "> {}".format,
    "item": "- {}".format,
    "fence": "```\n{}\n```".format,
    "HTML": "<p>{}</p>".format,
    "JSON": lambda text: json.dumps({"answer": text}, ensure_ascii=False),
    "JSON beside nothing": lambda text: json.dumps({"result": None, "status": "error", "code": 403, "message": text}),
    "JSON in a fence": lambda text: f"```json\n{json.dumps([text])}\n```",
    "curly apostrophes": lambda text: text.replace("'", "’"),
    "modifier letters": lambda text: text.replace("'", "ʼ"),
    "zero-width spaces": lambda text: "\u200b".join(text),
    "soft hyphens": lambda text: text.replace("n", "\u00adn"),
    "no-break spaces": lambda text: text.replace(" ", "\u00a0"),
    "wide spaces": lambda text: text.replace(" ", "  "),
    "full-width letters": wide,
}


def test_precision_and_recall() -> None:
    """Letters that a model drafts, users' words that it repeats and statuses of logs are answers."""
    said = [(one["refuses"], declines(one["text"], one.get("asked", "")), one["text"]) for one in SET]
    right = sum(wanted and found for wanted, found, _ in said)
    precision = right / sum(found for _, found, _ in said)
    recall = right / sum(wanted for wanted, _, _ in said)
    print(f"{len(SET)} lines, {len({one['language'] for one in SET})} languages: {precision:.3f}, {recall:.3f}")
    wrong = [text for wanted, found, text in said if wanted is not found]
    assert precision >= 0.98, wrong
    assert recall >= 0.98, wrong
    assert sum(one["refuses"] for one in SET) > 350
    assert len({one["language"] for one in SET}) > 30


@pytest.mark.parametrize("form", WRITTEN)
def test_how_it_is_written_changes_nothing(form: str) -> None:
    """The same words decline, or do not, in every form that a text is written in."""
    written = WRITTEN[form]
    changed = [
        one["text"]
        for one in PLAIN
        if one["text"][:1] not in "{[" and declines(one["text"]) is not declines(written(one["text"]))
    ]
    assert len(changed) <= len(PLAIN) / 100, changed


def test_every_language_of_the_table_is_in_the_set() -> None:
    """A row that no sentence of the set needs is not known to work."""
    texts = [one["text"].rstrip(".!।") for one in SET if one["refuses"]]
    unused = [
        speech.denies
        for speech in SPEECHES
        if not any(
            declines_request(text) and set(speech.denies.split()) & set(text.casefold().split()) for text in texts
        )
    ]
    assert unused == []


@pytest.mark.parametrize(
    "text",
    [
        '{"id": 7, "note": "I cannot help with that."}',
        '{"total": 12.5, "comment": "I can\'t assist with that."}',
        '{"label": "complaint", "customer_message": "I cannot help with that."}',
        '{"translation": "I cannot help with that."}',
    ],
)
def test_json_that_tells_more_is_an_answer(text: str) -> None:
    """A figure beside the words, or words that are called somebody else's: the answer holds what was asked for."""
    assert not declines(text)
