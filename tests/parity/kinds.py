"""The kinds of disagreement with promptfoo, each with who is right and why; `docs/promptfoo.md` lists them."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

from rapidfuzz.distance import Levenshtein

from tests.parity.pairs import Pair

US, THEM, EITHER = "audit", "promptfoo", "a matter of choice"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind.

    Attributes:
        name: Of the disagreement, in a few words.
        types: Assertion types that it concerns, without `not-`.
        right: Who is right.
        why: The reason, one or two sentences.
        holds: Whether a pair on which the two disagree is of this kind.
    """

    name: str
    types: tuple[str, ...]
    right: str
    why: str
    holds: Callable[[Pair], bool]


def _letters(pair: Pair) -> str:
    return json.dumps(pair.entry.get("value"), ensure_ascii=False) + pair.text


def _composed(pair: Pair) -> bool:
    return unicodedata.normalize("NFC", _letters(pair)) != _letters(pair)


def _shares_nothing(pair: Pair) -> bool:
    value = str(pair.entry["value"])
    return Levenshtein.distance(value, pair.text) == max(len(value), len(pair.text))


def _other_pattern(pair: Pair) -> bool:
    pattern = str(pair.entry["value"])
    beyond = any(ord(char) > 0xFFFF for char in pair.text)
    return beyond or "(?" in pattern or ("\\w" in pattern and not pair.text.isascii()) or pair.text.endswith("\n")


def _loose_json(pair: Pair) -> bool:
    return any(mark in pair.text for mark in ("'a'", ",}", "NaN", "1e999")) or pair.text.startswith("[[1]")


TEXT_TYPES = (
    "equals", "contains", "icontains", "starts-with", "contains-all", "contains-any", "icontains-all", "icontains-any",
    "levenshtein", "rouge-n", "bleu", "regex",
)  # fmt: skip

KINDS = (
    Kind(
        name="one letter in two encodings",
        types=TEXT_TYPES,
        right=US,
        why="`é` as one code point or as two is the same text; Unicode's composed form is compared.",
        holds=_composed,
    ),
    Kind(
        name="ß without case",
        types=("icontains", "icontains-all", "icontains-any", "rouge-n", "bleu", "levenshtein"),
        right=US,
        why="`Straße` and `STRASSE` differ by case alone; case folding knows, lower-casing does not.",
        holds=lambda pair: "ß" in pair.text,
    ),
    Kind(
        name="byte order mark before JSON",
        types=("equals",),
        right=US,
        why="The mark belongs to the file, not to the value.",
        holds=lambda pair: pair.text.startswith("\ufeff"),
    ),
    Kind(
        name="Python's and JavaScript's patterns",
        types=("regex",),
        right=EITHER,
        why="Each reads its own language's patterns. Here `(?i)` sets a flag, `\\w` knows every script, `.` is "
        "a whole character (an emoji too), and `$` also matches before a final line break; in JavaScript the first is "
        "an error and the others are not so.",
        holds=_other_pattern,
    ),
    Kind(
        name="a number beyond the range of a float",
        types=("is-json", "contains-json", "equals"),
        right=US,
        why="JavaScript reads `1e999` as Infinity, which equals every other such number; here it is no number.",
        holds=lambda pair: "1e999" in pair.text,
    ),
    Kind(
        name="JSON with mistakes",
        types=("contains-json",),
        right=US,
        why="promptfoo repairs what it finds (`{'a': 1}`, a trailing comma, NaN) before it looks; a program that "
        "parses the answer would fail there.",
        holds=_loose_json,
    ),
    Kind(
        name="a list is JSON",
        types=("contains-json",),
        right=US,
        why="promptfoo looks for objects alone; a schema of `type: array` could never hold.",
        holds=lambda pair: "[" in pair.text,
    ),
    Kind(
        name="HTML that a browser would mend",
        types=("is-html",),
        right=EITHER,
        why="promptfoo's parser accepts elements that are never closed, that are closed by another name, and names "
        "that are none of HTML's; here the elements must be known and closed.",
        holds=lambda pair: pair.text.startswith("<"),
    ),
    Kind(
        name="nothing in common within the edits",
        types=("levenshtein",),
        right=US,
        why="By default five edits are allowed, and five edits make `no` out of `yes`, and nothing out of `yes`. A "
        "text that keeps no letter in its place is not near to the value.",
        holds=_shares_nothing,
    ),
    Kind(
        name="the full stop of a short answer",
        types=("bleu", "rouge-n"),
        right=US,
        why="`Yes.` says `yes`. promptfoo counts the full stop as a part of the word (BLEU) or as a word (ROUGE); in "
        "an answer of one word that is all or half of the score.",
        holds=lambda pair: len(pair.text.split()) == 1 and pair.text.endswith("."),
    ),
    Kind(
        name="refusals",
        types=("is-refusal",),
        right=US,
        why="promptfoo looks for fixed beginnings and parts in English. It takes regret and idioms (`I'm sorry to hear "
        "that`, `I can't help but`) for refusals, and misses other wordings and other languages.",
        holds=lambda pair: True,
    ),
    Kind(
        name="words of scripts without spaces",
        types=("word-count",),
        right=US,
        why="A Chinese or Thai answer is one word to promptfoo, however long; here each of its letters counts.",
        holds=lambda pair: not pair.text.isascii(),
    ),
)


def kind_of(pair: Pair) -> Kind | None:
    """The first kind that explains a disagreement; None when it is a new one."""
    name = str(pair.entry["type"]).removeprefix("not-")
    return next((kind for kind in KINDS if name in kind.types and kind.holds(pair)), None)
