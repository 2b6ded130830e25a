"""Numbers in words, in seven languages: read where a text has no figure, so that `five per cent` is `5 per cent`.

A word that is seldom a number (`one`, `due`, `once`) is read only beside another one, a magnitude or a fraction, or
where little else is said.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple


def _words(row: str) -> list[str]:
    return row.split()


def _spaced(small: str, tens: str) -> dict[str, int]:
    """Words of a language that joins tens and units by a hyphen, or leaves them apart."""
    words = {word: value for value, word in enumerate(small.split())}
    by_ten = {word: 10 * value for value, word in enumerate(tens.split(), start=2)}
    joined = {
        f"{ten}-{unit}": ten_value + value
        for ten, ten_value in by_ten.items()
        for unit, value in words.items()
        if 0 < value < 10
    }
    return {**words, **by_ten, **joined}


def _inverted(small: str, tens: str, link: str, hundred: str, *, one: str) -> dict[str, int]:
    """Words of German and Dutch: the unit stands first (`zweiundvierzig`), and hundreds are one word with the rest."""
    words = {word: value for value, word in enumerate(small.split())}
    by_ten = {word: 10 * value for value, word in enumerate(tens.split(), start=2)}
    units = {(one if value == 1 else word): value for word, value in words.items() if 0 < value < 10}
    for (unit, value), (ten, ten_value) in itertools.product(units.items(), by_ten.items()):
        # Two vowels that meet have a diaeresis in Dutch: `tweeëntwintig`.
        words[unit + (link.replace("e", "ë", 1) if unit.endswith("e") and link == "en" else link) + ten] = (
            ten_value + value
        )
    words |= by_ten
    rest = {"": 0, **{word: value for word, value in words.items() if value}}
    hundreds = {f"{unit}{hundred}": 100 * value for unit, value in units.items()} | {hundred: 100}
    return words | {head + tail: value + more for head, value in hundreds.items() for tail, more in rest.items()}


def _italian() -> dict[str, int]:
    small = (
        "zero uno due tre quattro cinque sei sette otto nove dieci undici dodici tredici quattordici quindici sedici "
        "diciassette diciotto diciannove"
    )
    words = {word: value for value, word in enumerate(small.split())}
    tens = "venti trenta quaranta cinquanta sessanta settanta ottanta novanta"
    for ten, value in zip(tens.split(), range(20, 100, 10), strict=True):
        words[ten] = value
        for unit in range(1, 10):
            name = small.split()[unit]
            stem = ten[:-1] if name[0] in "uo" else ten
            words[stem + ("tré" if unit == 3 else name)] = value + unit
    return words


def _french() -> dict[str, int]:
    small = _words(
        "zéro un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize dix-sept "
        "dix-huit dix-neuf"
    )
    words = {word: value for value, word in enumerate(small)}
    for ten, value in (("vingt", 20), ("trente", 30), ("quarante", 40), ("cinquante", 50), ("soixante", 60)):
        words[ten] = value
        words |= {f"{ten}-{name}": value + unit for unit, name in enumerate(small[:10]) if unit > 1}
        words[f"{ten}-et-un"] = value + 1
    words |= {f"soixante-{name}": 60 + unit for unit, name in enumerate(small) if unit >= 10}
    words |= {f"quatre-vingt-{name}": 80 + unit for unit, name in enumerate(small) if unit}
    return words | {"soixante-et-onze": 71, "quatre-vingts": 80, "quatre-vingt": 80}


_WORDS: Final = {
    **_inverted(
        "nul een twee drie vier vijf zes zeven acht negen tien elf twaalf dertien veertien vijftien zestien zeventien "
        "achttien negentien",
        "twintig dertig veertig vijftig zestig zeventig tachtig negentig",
        "en",
        "honderd",
        one="een",
    ),
    **_inverted(
        "null eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn "
        "siebzehn achtzehn neunzehn",
        "zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig",
        "und",
        "hundert",
        one="ein",
    ),
    **_italian(),
    **_french(),
    **_spaced(
        "zero um dois três quatro cinco seis sete oito nove dez onze doze treze catorze quinze dezesseis dezessete "
        "dezoito dezenove",
        "vinte trinta quarenta cinquenta sessenta setenta oitenta noventa",
    ),
    **_spaced(
        "cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciséis diecisiete "
        "dieciocho diecinueve",
        "veinte treinta cuarenta cincuenta sesenta setenta ochenta noventa",
    ),
    **{
        f"veinti{unit}": 20 + value
        for value, unit in enumerate(_words("un dós trés cuatro cinco séis siete ocho nueve"), 1)
    },
    "veintiuno": 21,
    **_spaced(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
        "seventeen eighteen nineteen",
        "twenty thirty forty fifty sixty seventy eighty ninety",
    ),
    **{
        word: 100 * value
        for value, word in enumerate(
            _words("doscientos trescientos cuatrocientos quinientos seiscientos setecientos ochocientos novecientos"),
            start=2,
        )
    },
    **{
        word: 100 * value
        for value, word in enumerate(
            _words("duzentos trezentos quatrocentos quinhentos seiscentos setecentos oitocentos novecentos"), start=2
        )
    },
}
_ONES: Final = frozenset(_words("a an one ein eine einen un une una um uma een"))
_SELDOM: Final = _ONES | frozenset(_words("uno eins due sei once elf dos null nul cent cents"))
_SCALES: Final = {
    "hundred": 100,
    "cent": 100,
    "cents": 100,
    **dict.fromkeys(_words("thousand tausend mille mila mil duizend"), 1_000),
    **dict.fromkeys(
        _words("million millionen millions millón millones milhão milhões milione milioni miljoen"), 1_000_000
    ),
}
_BEFORE_CENT: Final = frozenset(_words("deux trois quatre cinq sept huit neuf"))
"""Words before `cents` that make it a hundred: elsewhere it is money."""
_LINKS: Final = frozenset(_words("and und et y e en"))
_FRACTIONS: Final = {
    **dict.fromkeys(_words("half halves"), 2),
    **dict.fromkeys(_words("third thirds drittel tiers tercio tercios terzo terzi terço terços derde"), 3),
    **dict.fromkeys(
        _words("quarter quarters fourth fourths viertel quart quarts cuarto cuartos quarto quarti kwart"), 4
    ),
    **dict.fromkeys(_words("fifths fünftel quintos quinti"), 5),
    **dict.fromkeys(_words("tenths zehntel décimos decimi"), 10),
}
_HALVES: Final = frozenset(
    _words(
        "half hälfte halb halbe halbes halber moitié demi demie mitad medio metà mezzo mezza metade meio meia "
        "helft połowa pół половина половину hälften halvdelen halvparten puolet polovina yarısı نصف חצי 一半 半分 "
        "절반 आधा"
    )
)
_BESIDE_HALF: Final = _ONES | frozenset(
    _words(
        "the of them it is it's exactly answer die der das den von ihnen genau es ist la le d'entre eux c'est est "
        "exactement de ellos el es exactamente di loro il è esattamente deles o é exatamente het van hen их это"
    )
)
"""Words that stand beside a half that is all of an answer; beside others (`half past`, `half price`) it is none."""
_CLOCK_WORDS: Final = {
    **dict.fromkeys(_words("noon midday mediodía mezzogiorno"), "12:00"),
    **dict.fromkeys(_words("midnight mitternacht minuit medianoche mezzanotte middernacht meia-noite"), "00:00"),
}
_OTHERS: Final = {**_CLOCK_WORDS, "anderthalb": "1.5", "полтора": "1.5", "полторы": "1.5"}
_AND_HALF_JOINED: Final = re.compile(r"(?P<whole>[^\W\d_]{2,24})einhalb")
_TOKEN: Final = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_FIGURE: Final = re.compile(r"\d")
_HALF_MORE: Final = re.compile(
    r"\s(?:and\sa\shalf|et\sdemie?|y\smedi[oa]|e\smezz[oa]|e\smei[oa]|en\seen\shalf)\b", re.I
)
_FEW: Final = 1
"""Most other words of a text where a word that is seldom a number is one."""
_LONGEST: Final = 2_000  # characters of a text in which words are looked at


class _Token(NamedTuple):
    word: str
    start: int
    end: int


def spelled_out(text: str) -> str:
    """The text with its numbers in figures, where it has none in figures; any other text as it is."""
    if len(text) > _LONGEST or _FIGURE.search(text) is not None:
        return text
    tokens = [token for match in _TOKEN.finditer(text) for token in _tokens(match)]
    words = [token.word for token in tokens]
    if len(halves := [token for token in tokens if token.word in _HALVES]) == 1 and _is_all(halves[0].word, words):
        return f"{text[: tokens[0].start]}1/2{text[tokens[-1].end :]}"
    if not any(word in _WORDS or word in _SCALES or word in _FRACTIONS or _whole_token(word) for word in words):
        return text
    parts, done = list[str](), 0
    for start, end, figure in _numbers(text, tokens):
        parts += [text[done:start], figure]
        done = end
    return "".join([*parts, text[done:]])


def _is_all(half: str, words: Sequence[str]) -> bool:
    """Whether a text of these words says nothing but a half."""
    return all(word == half or word in _BESIDE_HALF for word in words)


def _tokens(match: re.Match[str]) -> list[_Token]:
    """A word; two where a hyphen joins the parts of a fraction (`three-quarters`)."""
    word = match[0].casefold()
    head, hyphen, tail = word.rpartition("-")
    if not hyphen or word in _WORDS or word in _OTHERS or tail not in _FRACTIONS:
        return [_Token(word, *match.span())]
    middle = match.start() + len(head)
    return [_Token(head, match.start(), middle), _Token(tail, middle + 1, match.end())]


def _whole_token(word: str) -> str | None:
    """What one word says that no other one goes on: `zweieinhalb`, `noon`; None for any other."""
    joined = _AND_HALF_JOINED.fullmatch(word)
    whole = None if joined is None else _WORDS.get(joined["whole"], 1 if joined["whole"] == "ein" else None)
    return _OTHERS.get(word) if whole is None else f"{whole}.5"


def _numbers(text: str, tokens: Sequence[_Token]) -> Iterator[tuple[int, int, str]]:
    """Where numbers in words begin and end, and what they are."""
    place = 0
    while place < len(tokens):
        if (figure := _whole_token(tokens[place].word)) is not None:
            yield tokens[place].start, tokens[place].end, figure
            place += 1
            continue
        stop, value = _run(text, tokens, place)
        if stop == place:
            place += 1
            continue
        end, figure = tokens[stop - 1].end, str(value)
        if stop < len(tokens) and tokens[stop].word in _FRACTIONS and not text[end : tokens[stop].start].strip(" -"):
            end, figure = tokens[stop].end, f"{value}/{_FRACTIONS[tokens[stop].word]}"
            stop += 1
        elif half := _HALF_MORE.match(text, end):
            end, figure = half.end(), f"{value}.5"
        elif _is_seldom_one(tokens, place, stop):
            place = stop
            continue
        yield tokens[place].start, end, figure
        place = stop
        while place < len(tokens) and tokens[place].start < end:
            place += 1


def _is_seldom_one(tokens: Sequence[_Token], start: int, stop: int) -> bool:
    """Whether words are seldom a number, and no more likely one here."""
    words = [token.word for token in tokens[start:stop]]
    return words in (["a"], ["an"]) or (_SELDOM.issuperset(words) and len(tokens) - len(words) > _FEW)


def _run(text: str, tokens: Sequence[_Token], first: int) -> tuple[int, int]:
    """Where the words of one number end, and the number; `first` where none begins."""
    total = current = 0
    room, place, stop = 1_000, first, first
    while place < len(tokens):
        word = tokens[place].word
        if place > first and text[tokens[place - 1].end : tokens[place].start].strip(" -\u00a0"):
            break
        value = _WORDS.get(word, 1 if word in _ONES and place == first else None)
        scale = _SCALES.get(word)
        if value is not None and 0 < value < room:
            current += value
            room = 10 if value in range(20, 100, 10) else 100 if value in range(100, 1_000, 100) else 0
        elif value == 0 and place == first:
            return first + 1, 0
        elif scale == 100 and 0 < current < 100 and (word == "hundred" or tokens[place - 1].word in _BEFORE_CENT):
            current, room = current * 100, 100
        elif scale is not None and scale > 100 and current:
            total, current, room = total + current * scale, 0, 1_000
        elif word in _LINKS and stop == place > first and room and place + 1 < len(tokens):
            follows = _WORDS.get(tokens[place + 1].word)
            if follows is None or not 0 < follows < room:
                break
            place += 1
            continue
        else:
            break
        place += 1
        stop = place
    return stop, total + current
