"""What touches a figure and no table understands: signs, scales, eras, words that make another unit of one.

A figure is read whole or not at all. What stands beside it and is understood became a part of its value; what is not
understood is kept here, so that a figure with it never passes for one without: `x/5`, `⌊5.7⌋`, `5 nautical miles`,
`500 BC`, `5 half-dozen`, `5 (in thousands)`. Words that merely go on (`5 apples are left`) are none of it.
"""

from __future__ import annotations

import re
import unicodedata
from enum import Enum
from typing import Final, NamedTuple

from audit.scoring.quantities.stances import TextSpan
from audit.scoring.quantities.units import LETTERS, MAGNITUDES, dimension_of, named_unit


class Touching(Enum):
    """What kind of thing stands there."""

    SIGN = "a sign, a scale or an era, without which the figure is another"
    UNIT = "a unit that no table knows, or a word that makes another one of a known unit"


class Unread(NamedTuple):
    """One thing that touches a figure and is not understood.

    Attributes:
        mark: What kind of thing it is.
        text: How it stands there, folded.
        unit: The unit that it changes; None for a sign, and where it is no known one.
    """

    mark: Touching
    text: str
    unit: str | None = None


_FAR: Final = 48  # characters on either side that are looked at
_UNDERSTOOD: Final = "=+<>|~→⇒⟹↦∴±×÷·≈≡≤≥≠√∼≃≅−⁄¬^`´¨"  # here or by the readers of figures and of stances
_NO_DIGITS: Final = " .,)" + "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_BRACKETS: Final = "⌊⌋⌈⌉⟦⟧‖‱∣△▲▽▼"  # a triangle is a minus in Japan, and elsewhere says up or down
_CROSSED: Final = "✗✘✕✖❌❎🚫⛔"
_NOTES: Final = "†‡§¶※"
_MONEY: Final = "€£¥₹₩₽₺₫₴฿₦₱₪¢"  # beside a figure they are a part of it; any other currency is unread
# An operator whose other side is not there: of a product or a sum with both, the reader of figures has made one value.
_OPERATOR: Final = re.compile(r"(?:(?<![\w)\]])(?:[xX](?=\s)|[×÷✕⋅·∙±∓])|(?<!\S)/)\s?$")
_OPERATOR_ON: Final = re.compile(r"\s?(?:[×÷⋅·∙±∓]|[<>≤≥](?=\s*$)|(?<=\s)(?:[xX](?![\w-])|\*(?=\s|$)))")
_MICRO: Final = re.compile(r"[µμ](?!\w)")
_SLASH: Final = re.compile(r"(?<=[^\s/])\s?/\s?$")
_SLASH_ON: Final = re.compile(r"\s?/(?=\s*$|\s?[(\[{])")
_ERA: Final = re.compile(
    r"[\s,]{0,2}\(?(?:b\.?\s?c\.?(?:\s?e\.?)?(?!\w)|v\.\s?(?:chr|u\.\s?z)|av\.?\s?j\.?-?c|a\.\s?c\.|a\.?e\.?c\.?(?!\w)"
    r"|ante\s(?:cristo|christum)|avanti\scristo|antes\sde\scristo|avant\snotre\sère|a\.?\sde\sc|до\s(?:н\.?\s?э"
    r"|р\.?\s?х|н\.?\s?е)"
    r"|п\.?\s?н\.?\s?е(?!\w)|p\.?\s?n\.?\s?e\.?(?!\w)|př\.?\s?n\.?\s?l|f\.?\s?kr|eaa\b|i\.?\s?e\.?\s?(?=\d)|π\.?\s?χ"
    r"|ק\.?לפנה|לפנה|ق\.?\s?م|قبل\sالميلاد|ई\.?\s?पू|before\s(?:christ|the\scommon\sera)|ybp\b|(?-i:BP)\b(?=\W|$))",
    re.I,
)
_ERA_BEFORE: Final = re.compile(
    r"(?:紀元前|公元前|西元前|기원전|前(?=\s?$)|ก่อนคริสต\w*|MÖ|M\.Ö\.)\s?(?:ปี"
    r"|พ\.ศ\.)?\s?$"
)
_CAPITALS: Final = re.compile(r"[\s\xa0]?(?P<word>[A-Z]{1,5})(?![\w.&'-]|\s?=)")
# Vowel signs of Indic scripts are marks, no letters.
_LETTER: Final = r"(?:[^\W\d_]|[\u0300-\u036f\u0900-\u0dff\u0e00-\u109f])"
_NEXT: Final = re.compile(rf"[\s-]{{1,2}}(?P<word>{_LETTER}{{1,40}}(?:['.]{_LETTER}{{0,20}})?)")
_SCALE: Final = re.compile(
    r"\s?[(\[–—,-]\s?(?:(?:all\s)?(?:in|en|em|angaben\sin)\s)?(?P<word>[^\W\d_]+)\s?[)\].]?", re.I
)
_SCALE_BEFORE: Final = re.compile(
    r"\b(?:in|en|em)\s(?:[$€£]\s?|[A-Z]{3}\s|of\s)?(?P<word>[^\W\d_]{4,})(?:\sof\s\w+"
    r"|\s[A-Z]{3})?\s?[)\]]?\s?[:=]?\s?[$€£]?$",
    re.I,
)
_PER: Final = re.compile(
    r"\s?(?:/|(?:per|pro|par|por|al|каждый|в)\s|an?\s(?=(?:second|minute|hour|day|week|month|year|person"
    r"|piece)\b))\s?(?P<word>[^\W\d_]{1,20})",
    re.I,
)
_EXPONENT_APART: Final = re.compile(r"\s[eE]\s?[-+]?\d{1,3}(?!\w)")
_FIGURE_ON: Final = re.compile(r"[ \t\xa0][-+]?\d(?![\d:.]*[)\].:]\s)")
_PARTS: Final = re.compile(
    r"[\s-](?P<word>fold|fach|hal(?:f|ves)|thirds?|fourths?|quarters?|ninths?|pairs?|couples?|score|gross(?=\W*$"
    r"|\sof\b)|reams?"
    r"|hälften|quart[se]?|tiers|tercios?|cuartos?|quartos?|terzi|quarti|paare?|paires?|pares|paia)(?!\w)",
    re.I,
)
# Words between a figure and its unit that leave the unit what it is.
_HARMLESS: Final = frozenset(
    [
        "more",
        "extra",
        "full",
        "whole",
        "additional",
        "total",
        "complete",
        "entire",
        "further",
        "other",
        "straight",
        "consecutive",
        "different",
        "separate",
        "new",
        "old",
        "single",
        "individual",
        "such",
        "these",
        "those",
        "remaining",
        "great",
        "good",
        "of",
        "the",
        "a",
        "an",
        "and",
        "or",
        "to",
        "in",
        "is",
        "are",
        "was",
        "were",
        "per",
        "for",
        "at",
        "by",
        "on",
        "with",
        "as",
        "than",
        "from",
        "that",
        "this",
        "it",
        "its",
        "so",
        "then",
        "each",
        "every",
        "out",
        "into",
        "over",
        "under",
        "about",
        "around",
        "after",
        "before",
        "less",
        "fewer",
        "times",
        "equals",
        "equal",
        "minus",
        "plus",
        "left",
        "only",
        "exactly",
        "just",
        "old",
        "worth",
        "away",
        "later",
        "ago",
        "und",
        "oder",
        "von",
        "der",
        "die",
        "das",
        "den",
        "zu",
        "weitere",
        "volle",
        "ganze",
        "mehr",
        "et",
        "ou",
        "de",
        "du",
        "des",
        "la",
        "le",
        "les",
        "y",
        "o",
        "del",
        "los",
        "las",
        "el",
        "más",
        "e",
        "di",
        "il",
        "i",
        "gli",
        "più",
        "och",
        "eller",
        "van",
        "het",
        "een",
        "meer",
        "a",
        "z",
        "w",
    ]
)
_OF_DAYS: Final = frozenset({"business", "calendar", "working"})
"""Sorts of days. An answer that says which ones it means answers "how many days"; two sorts are still no one number."""
_SEVERAL_SIZES: Final = {"ton": "ton", "tons": "ton", "barrel": "barrel", "barrels": "barrel"}
"""Units of which several sizes have one name, so that none is known by it."""
_STEM: Final = 6
_STEMS: Final = {
    word[:_STEM]: word
    for word in MAGNITUDES
    if len(word) >= _STEM - 1 and unicodedata.name(word[0], "").startswith(("LATIN", "GREEK", "CYRILLIC"))
}
_OTHER_STEMS: Final = tuple(
    word
    for word in MAGNITUDES
    if len(word) >= 3 and not unicodedata.name(word[0], "").startswith(("LATIN", "GREEK", "CYRILLIC", "CJK", "HANGUL"))
)
_KNOWN_SCRIPTS: Final = (
    *("LATIN", "GREEK", "CYRILLIC", "CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "HANGUL", "ARABIC", "HEBREW"),
    *("DEVANAGARI", "BENGALI", "TAMIL", "TELUGU", "KANNADA", "MALAYALAM", "GUJARATI", "GURMUKHI", "ORIYA", "SINHALA"),
    *("THAI", "LAO", "KHMER", "MYANMAR", "TIBETAN", "GEORGIAN", "ARMENIAN", "ETHIOPIC", "FULLWIDTH", "HALFWIDTH"),
    *("FEMININE", "MASCULINE", "MICRO", "IDEOGRAPHIC"),
)
"""Scripts of whose languages `units.py` knows the magnitudes, by the first word of a letter's name in Unicode."""


def unread_of(place: TextSpan | None) -> frozenset[Unread]:
    """What touches a figure and is not understood; nothing for a value that is no part of a text.

    Special cases:
        Figures parted by space alone (`5 euros 30`): the second is not understood as a part of the first.
        A word in a script whose magnitudes no table has: it may be one.
    """
    if place is None:
        return frozenset()
    text, begin, end = place
    before, after = text[max(0, begin - _FAR) : begin], text[end : end + _FAR]
    found = [*_signs(text, begin, end, before, after), *_scales(before, after)]
    return frozenset([*found, *_units(text[begin:end], after)])


def unlike(
    wanted: TextSpan | None, found: TextSpan | None, units: tuple[str | None, str | None], question: str
) -> bool:
    """Whether something unread stands beside one of two equal figures alone, which may make it another.

    Args:
        wanted: Where the expected figure stands.
        found: Where the other stands.
        units: The units of both that are understood.
        question: What was asked; what it names itself an answer may name or leave out.
    """
    ours, theirs = unread_of(wanted), unread_of(found)
    if ours == theirs:
        return False
    return _alone(ours - theirs, theirs, units[1], question) or _alone(theirs - ours, ours, units[0], question)


def _alone(those: frozenset[Unread], others: frozenset[Unread], unit: str | None, question: str) -> bool:
    """Whether what one side alone has makes its figure another than the one with `others` and `unit`."""
    bare = unit is None and not any(one.mark is Touching.UNIT for one in others)
    for one in those:
        if _named_in(one.text, question):
            continue
        if one.mark is Touching.SIGN or not bare:
            return True
        if one.unit is not None and one.text.partition(" ")[0] not in _OF_DAYS and _asks_for(one.unit, question):
            return True
    return False


def _named_in(text: str, question: str) -> bool:
    folded = question.casefold()
    words = re.findall(r"[^\W_]+", text.removeprefix("per "))
    return bool(folded and words) and all(re.search(rf"(?<!\w){re.escape(word[:_STEM])}", folded) for word in words)


def _asks_for(unit: str, question: str) -> bool:
    dimension = dimension_of(unit)
    words = re.findall(r"[^\W\d_]{2,}|[$€£]", question)
    return dimension is not None and any(
        (name := named_unit(word)) is not None and dimension_of(name) == dimension for word in words
    )


def _signs(text: str, begin: int, end: int, before: str, after: str) -> list[Unread]:
    """Signs that touch a figure, eras, and a figure behind it."""
    found = []
    if (slash := _SLASH.search(before)) is not None or (slash := _SLASH_ON.match(after)) is not None:
        found.append(slash[0].strip())
    found += [char for char in (before[-1:], after[:1], after.lstrip()[:1]) if char and _is_sign(char)]
    found += [char for char in (before.rstrip()[-1:], after.lstrip()[:1]) if char and char in _CROSSED]
    found += [char for char in after[:1] if char in _NOTES]
    for operator in (_OPERATOR.search(before), _OPERATOR_ON.match(after)):
        found += [] if operator is None else [operator[0].strip()]
    if before[-1:] in ("µ", "μ") or _MICRO.match(after):
        found.append("µ")
    inner = text[begin:end].strip()
    found += [char for char in (before[-1:], after[:1]) if char and char in "&@"]
    found += ["%"] * before.endswith("%")
    if before[-1:] == after[:1] == "|" and inner.startswith("-"):
        found.append("||")
    # An abbreviation may begin like a unit: `500 v. Chr.`.
    digits = begin + len(text[begin:end].rstrip(_NO_DIGITS))
    if _ERA.match(text, digits) or _ERA_BEFORE.search(before):
        found.append("bc")
    if (further := _FIGURE_ON.match(after) or _EXPONENT_APART.match(after)) is not None:
        found.append(further[0].strip())
    return [Unread(Touching.SIGN, sign) for sign in found]


def _is_sign(char: str) -> bool:
    """Whether a character that touches a figure is a sign, a mark over it, or a number of another kind."""
    if char in _BRACKETS:
        return True
    if char.isascii() or char in _UNDERSTOOD:
        return False
    category = unicodedata.category(char)
    if category == "Sc":
        return char not in _MONEY
    if category == "Sm":
        return not unicodedata.name(char, "").startswith(("RIGHTWARDS", "LEFT RIGHT", "BLACK", "WHITE"))
    return category in ("Mn", "Me", "No", "Nl") and not "\ufe00" <= char <= "\ufe0f" and char != "\u20e3"


def _scales(before: str, after: str) -> list[Unread]:
    """Words that multiply or part a figure: `(in thousands)`, `half-dozen`, `thirds`, `milijardos`."""
    found = []
    for match in (_SCALE.match(after), _SCALE_BEFORE.search(before)):
        if match is not None and _is_magnitude(match["word"]):
            found.append(match["word"])
    if (parts := _PARTS.match(after)) is not None:
        found.append(parts["word"])
    words = _words_on(after)
    if words and (stem := _STEMS.get(words[0].casefold()[:_STEM])) is not None and named_unit(words[0]) is None:
        found.append(stem)
    if words and (_is_of_unknown_script(words[0][0]) or words[0].startswith(_OTHER_STEMS)):
        found.append(words[0])
    if len(words) > 1 and words[0].casefold() not in _HARMLESS and _is_magnitude(words[1]):
        found.append(f"{words[0]} {words[1]}")
    if after and unicodedata.category(after[0]) == "Lo" and _is_of_unknown_script(after[0]):
        found.append(after[:2])
    return [Unread(Touching.SIGN, word.casefold()) for word in found]


def _is_magnitude(word: str) -> bool:
    folded = word.casefold()
    forms = (folded, folded.removesuffix("s"), folded.removesuffix("en"))
    return any(len(form) >= 4 and form not in LETTERS and form in MAGNITUDES for form in forms)


def _is_of_unknown_script(char: str) -> bool:
    return char.isalpha() and unicodedata.name(char, "LATIN").split()[0] not in _KNOWN_SCRIPTS


def _words_on(after: str) -> list[str]:
    """Up to three words behind a figure, with nothing but a space or a hyphen before each."""
    words: list[str] = []
    place = 0
    while len(words) < 3 and (match := _NEXT.match(after, place)) is not None:
        words.append(match["word"].rstrip(".'"))
        place = match.end()
    return words


def _units(figure: str, after: str) -> list[Unread]:
    """A unit in capitals that no table knows, and a known one that a word before it makes another."""
    found = []
    if (capitals := _CAPITALS.match(after)) is not None:
        found.append(Unread(Touching.UNIT, capitals["word"].casefold()))
    if (per := _PER.match(after)) is not None:
        found.append(Unread(Touching.UNIT, f"per {per['word'].casefold()}"))
    words = _words_on(after)
    found += [Unread(Touching.UNIT, word) for word in words[:1] if word in _SEVERAL_SIZES]
    if any(char.isalpha() or char in "%°$€£" for char in figure):
        return found
    for count in (1, 2):
        unit = named_unit(words[count]) or _SEVERAL_SIZES.get(words[count]) if len(words) > count else None
        if unit is None or len(words[count]) < 2 or words[count].casefold() in _HARMLESS:
            continue
        if not any(word.casefold() in _HARMLESS for word in words[:count]):
            found.append(Unread(Touching.UNIT, " ".join(words[:count]).casefold(), unit))
            break
    return found
