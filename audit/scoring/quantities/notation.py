"""A text made plain for the reader of numbers: one sign for each meaning, LaTeX, HTML and Markdown taken off.

Nothing here changes a value: digits of other scripts become ASCII, dashes that are signs become `-`, spaces that group
digits become U+00A0, superscripts become `^`, fractions get the slash U+2044.
"""

from __future__ import annotations

import html
import re
import unicodedata

from audit.scoring.quantities.spelled import spelled_out
from audit.scoring.texts.json_values import nfc

GROUP_SPACE = "\u00a0"
FRACTION = "\u2044"

_TABLE = str.maketrans(
    {
        **dict.fromkeys("\u00a0\u2007\u2008\u2009\u202f\u2006\u2005\u2004\u200a", GROUP_SPACE),
        **dict.fromkeys("\u2010\u2011\u2012\u2212\ufe63\uff0d\u207b\u208b\u2796", "-"),
        **dict.fromkeys(
            "\u200b\u2060\ufeff\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u00ad"
        ),
        "\u060c": ",",
        "\u2e41": ",",
        "\u066b": ".",
        "\u066c": ",",
        "\u066a": "%",
        "\uff0e": ".",
        "\uff0c": ",",
        "\uff05": "%",
        "\uff0b": "+",
        "\uff04": "$",
        "\uffe5": "¥",
        "\uff08": "(",
        "\uff09": ")",
        "\uff1a": ":",
        "\uff0f": "/",
        "\uff1c": "<",
        "\uff1e": ">",
        "\u2013": "–",
        "\u2015": "—",
        "\u2018": "'",
        "\u2019": "'",
        "\u02bc": "'",
        "\u201c": '"',
        "\u201d": '"',
        "\u2032": "'",
        "\u2033": '"',
        "\u2215": FRACTION,
        "\u22c5": "×",
        "\u00b7": "·",
        "\u03bc": "µ",
        "\u2113": "l",
        "\u2103": "°C",
        "\u2109": "°F",
    }
)
_SUPERSCRIPT = re.compile("[⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻]+")
_SUPERSCRIPT_SIGNS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻", "0123456789+-")
_SMALL_FRACTION = re.compile("([⁰¹²³⁴-⁹]+)[⁄/∕]([₀-₉]+)")
_REPEATING = re.compile(
    r"(?<![\d.,])(?P<whole>\d{1,9})\.(?P<fixed>\d{0,9})(?:\\(?:overline|bar|dot)\s?\{(?P<a>\d{1,9})\}"
    r"|\((?P<b>\d{1,9})\)"
    "|(?P<c>(?:\\d[\u0304\u0305\u0307]){1,9}))"
)
_VULGAR = re.compile("[¼-¾⅐-⅞↉]")
_STRUCK = re.compile(r"</?(?:s|del|strike)(?:\s[^<>]{0,200})?>", re.IGNORECASE)
_TAG = re.compile(r"</?[A-Za-z][^<>]{0,200}>")
_COMMENT = re.compile(r"<!--(?:(?!-->).){0,400}-->", re.DOTALL)
# Inside of a word or a figure only these stand; any other tag parts what is on its sides (`<td>5</td><td>2</td>`).
_INLINE = re.compile(
    r"</?(?:a|abbr|b|big|bdi|bdo|cite|code|data|em|font|i|ins|kbd|mark|q|samp|small|span|strong|time|tt|u|var|wbr"
    r"|output)"
    r"(?:\s[^<>]{0,200})?/?>",
    re.IGNORECASE,
)
_RAISED = re.compile(r"<(?P<tag>sup|sub)(?:\s[^<>]{0,200})?>\s?(?P<held>[-+−]?\d{1,4})\s?</(?P=tag)\s?>", re.IGNORECASE)
_LOWERED = str.maketrans("0123456789+-−", "₀₁₂₃₄₅₆₇₈₉₊₋₋")
_STARS = re.compile(
    r"(?<!\d)\*{2,3}|\*{2,3}(?!\d)|`+|(?:(?<=\s)|^)[*_]{1,3}(?=\S)|(?<=\S)[*_]{1,3}(?=\s|[.,;:!?)]|$)", re.M
)
# Units of several words, as the one word that stands for them.
_UNIT_OF_WORDS = re.compile(
    r"\b(?:(?P<tonnes>metric[\s-](?:tons?|tonnes?))|(?P<USD>(?:U\.?S\.?|American)\s(?:dollars?|\$))"
    r"|(?P<GBP>pounds?\ssterling|British\spounds?|livres?\ssterling|Pfund\sSterling)"
    r"|(?P<CHF>Swiss\sfrancs?|francs?\ssuisses?|Schweizer\sFranken|franchi\ssvizzeri))(?!\w)",
    re.IGNORECASE,
)
_UNIT_WORDS = ("etric", "ollar", "terling", "British", "wiss", "uisse", "Schweizer", "svizzeri")
_STAR_RUN = re.compile(r"\*+|\n[ \t]*\n")
_MINUS_WORD = re.compile(
    r"(?P<before>\d\s*|)(?<!\bal )(?<!\bau )(?<!\bdu )(?<!\blo )(?<!\bao )(?<!\bpelo )(?<!\bo )(?<!\bou )"
    r"\b(?:minus|negative|negativ[aoe]?|moins|menos|meno|минус|мінус|mínus|mínusz|miinus|eksi|neg\.?|negatif|âm"
    r"|μείον|πλην|מינוס|ناقص|سالب"
    r"|माइनस|ऋण|마이너스|ลบ)\s+(?=[^\w\s]{0,2}\d)|(?:负|負|マイナス|마이너스|ลบ)(?=[^\w\s]{0,2}\d)",
    re.IGNORECASE,
)
_LONG_DASH = re.compile(r"(?P<before>\w?)(?P<space>\s?)[–—](?=\s?[^\w\s]{0,2}\d)")

_BOX = re.compile(r"\\(?:boxed|fbox)\s{0,3}\{")
_SIGN_BEFORE = re.compile(r"(?:^|[=\s$(])[-\u2212]\s?$")
_FRAC = re.compile(r"(?P<whole>\d?)\\[dtc]?frac\s{0,3}(?:\{([^{}]{1,40})\}|(\d))\s{0,3}(?:\{([^{}]{1,40})\}|(\d))")
_HELD = r"\{((?:[^{}]|\{[^{}]{0,40}\}){1,60})\}"
_DEEP_FRAC = re.compile(rf"\\[dtc]?frac\s{{0,3}}{_HELD}\s{{0,3}}{_HELD}")
# Shares as East Asia says them: `5分の3` are three fifths, `百分之5` are 5 %.
_DEGREE = re.compile(r"(?<=\d)(?P<space>\s?)º(?=\s?[CF]\b)")  # an ordinal's sign looks like that of degrees
_AND_HALF = re.compile(
    r"(?<![\d.,/:])(?P<whole>\d{1,6})\s(?:and\sa\shalf|und\sein(?:e|en)?\shalbe?[ns]?|et\sdemie?|y\smedi[oa]|e\smezz[oa]"
    r"|e\smei[oa]|en\seen\shalf|og\sen\shalv|och\sen\shalv|с\sполовиной)\b",
    re.I,
)
_PARTS_OF = re.compile(r"(?P<whole>百|千|\d{1,9})\s?分\s?[の之]\s?(?P<part>\d{1,9}(?:\.\d{1,9})?)")
_LATEX = (
    (re.compile(r"\{([,.])\}"), r"\1"),
    (re.compile(r"\\[,;:! ]|(?<=\d)~(?=\d)"), GROUP_SPACE),
    (re.compile(r"\\(?:left|right|big|Big|displaystyle)(?![a-zA-Z])"), ""),
    (
        re.compile(
            r"[ \u00a0]{0,3}\\(?:text|textbf|mathrm|mathbf|mathit|operatorname|bf|rm)\s?"
            r"\{\s{0,3}([^{}]{0,80}?)\s{0,3}\}[ \u00a0]{0,3}"
        ),
        r" \1 ",
    ),
    (re.compile(r"\^\s?\{?\s?\\circ\s?\}?|\\degree(?![a-zA-Z])"), "°"),
    (re.compile(r"\^\s?\{\s?([-+]?\d{1,4})\s?\}(?!\d)"), r"^\1"),
    (re.compile(r"\^\s?\{([^{}]{0,80})\}"), r"^(\1)"),
    (re.compile(r"\\(?:times|cdot)(?![a-zA-Z])"), "×"),
    (re.compile(r"\\div(?![a-zA-Z])"), "÷"),
    (re.compile(r"\\(?:approx|sim)(?![a-zA-Z])"), "≈"),
    (re.compile(r"\\(?:neq?|not\s?=)(?![a-zA-Z])"), "≠"),
    (re.compile(r"\\(?:lt|ll)(?![a-zA-Z])"), "<"),
    (re.compile(r"\\(?:gt|gg)(?![a-zA-Z])"), ">"),
    (re.compile(r"\\(?:leqq?|le|leqslant|lesssim)(?![a-zA-Z])"), "≤"),
    (re.compile(r"\\(?:geqq?|ge|geqslant|gtrsim)(?![a-zA-Z])"), "≥"),
    (re.compile(r"\\pm(?![a-zA-Z])"), "±"),
    # The index stays, behind what it is the root of: `\sqrt[3]{8}` is no `\sqrt{8}`.
    (re.compile(r"\\sqrt\s?\[([^\]]{0,8})\]\s?\{([^{}]{0,80})\}"), r"√\2^(1/\1)"),
    (re.compile(r"\\sqrt(?:\[[^\]]{0,8}\])?\s?\{?"), "√"),
    (re.compile(r"\\pi(?![a-zA-Z])"), "π"),
    (re.compile(r"\\(?:mid|vert)(?![a-zA-Z])"), "|"),
    (re.compile(r"\\([%$#&_{}])"), r"\1"),
    (re.compile(r"\\[()\[\]]"), " "),
    (re.compile(r"(?<!\w)\$(?=[^\s$])([^$\n]{1,200}?)(?<=[^\s$])\$(?![\w$])"), r"\1"),
    (re.compile(r"[{}]"), ""),
)


def plain(text: str) -> str:
    """The text with every notation of digits, signs, groups and fractions in one form.

    Special cases:
        A LaTeX box: only what is in it, because that is the answer; of several that differ, what is in each.
        What is struck out keeps the marks of Markdown for it, which deny it.
    """
    text = spelled_out(unboxed(nfc(text)))
    text = _REPEATING.sub(_repeating, text)
    if "\\" in text or "$" in text or "{" in text:
        text = _FRAC.sub(_fraction, text)
        text = _DEEP_FRAC.sub(lambda m: f"({m[1]}){FRACTION}({m[2]})", text)
        for pattern, replacement in _LATEX:
            text = pattern.sub(replacement, text)
    if "&" in text:
        text = html.unescape(text)
    if "<" in text:
        text = _without_tags(text)
    text = _AND_HALF.sub(rf"\g<whole> 1{FRACTION}2", text)
    if not text.isascii():
        text = _DEGREE.sub(r"\g<space>°", text)
        text = _SMALL_FRACTION.sub(_small_fraction, text)
        text = _SUPERSCRIPT.sub(lambda m: "^" + m[0].translate(_SUPERSCRIPT_SIGNS), text)
        text = _VULGAR.sub(_vulgar, text)
        text = "".join(_digit(char) for char in text.translate(_TABLE))
        text = _LONG_DASH.sub(_dash, text)
        text = _PARTS_OF.sub(_parts_of, text)
    if any(word in text for word in _UNIT_WORDS):
        text = _UNIT_OF_WORDS.sub(lambda match: str(match.lastgroup), text)
    return _MINUS_WORD.sub(lambda m: f"{m['before']}- " if m["before"] else "-", _STARS.sub("", _with_notes(text)))


def _without_tags(text: str) -> str:
    """HTML as a reader sees it: no comments, what is raised and lowered in signs of its own, blocks on lines."""
    text = _RAISED.sub(_raised, _STRUCK.sub("~~", _COMMENT.sub(" ", text)))
    return _TAG.sub("\n", _INLINE.sub("", text))


def _raised(match: re.Match[str]) -> str:
    return f"^{match['held']}" if match["tag"].lower() == "sup" else match["held"].translate(_LOWERED)


def _with_notes(text: str) -> str:
    """`5*` as `5†`: a star behind a figure that closes no emphasis of its paragraph points to a note."""
    if "*" not in text:
        return text
    done, parts, opened = 0, list[str](), set[int]()
    for run in _STAR_RUN.finditer(text):
        before, after, length = (
            text[max(0, run.start() - 1) : run.start()],
            text[run.end() : run.end() + 1],
            len(run[0]),
        )
        if run[0].isspace():
            opened.clear()
        elif length in opened:
            opened.remove(length)
        elif length == 1 and before.isdigit() and not after.isalnum():
            parts += [text[done : run.start()], "†"]
            done = run.end()
        elif after.strip():
            opened.add(length)
    return "".join([*parts, text[done:]])


def unboxed(text: str) -> str:
    r"""What `\boxed{...}` holds, each different content on a line; the text as it is where one does not end."""
    held: list[str] = []
    end = 0
    for opening in _BOX.finditer(text):
        if opening.start() < end:
            continue  # a box in a box
        inner = _braced(text, opening.end())
        if inner is None:
            return text
        sign = "-" if _SIGN_BEFORE.search(text, max(0, opening.start() - 4), opening.start()) else ""
        held.append(sign + inner)
        end = opening.end() + len(inner)
    return "\n".join(dict.fromkeys(each.strip() for each in held)) if held else text


def _parts_of(match: re.Match[str]) -> str:
    sign = {"百": "%", "千": "‰"}.get(match["whole"])
    return f"{match['part']}{sign}" if sign else f"{match['part']}{FRACTION}{match['whole']}"


def _braced(text: str, start: int) -> str | None:
    """What stands before the brace that closes the one before `start`; None where none does."""
    depth = 1
    for place in range(start, len(text)):
        depth += {"{": 1, "}": -1}.get(text[place], 0)
        if depth == 0:
            return text[start:place]
    return None


def _digit(char: str) -> str:
    if char.isascii() or not char.isdecimal():
        return char
    return str(unicodedata.decimal(char))


def _fraction(match: re.Match[str]) -> str:
    top, bottom = match[2] or match[3], match[4] or match[5]
    space = " " if match["whole"] else ""
    return f"{match['whole']}{space}{top}{FRACTION}{bottom}"


def _small_fraction(match: re.Match[str]) -> str:
    before = match.string[match.start() - 1] if match.start() else ""
    top, bottom = (unicodedata.normalize("NFKC", match[n]) for n in (1, 2))
    return f"{' ' if before.isdecimal() else ''}{top}{FRACTION}{bottom}"


def _repeating(match: re.Match[str]) -> str:
    """A decimal whose last digits go on for ever, as a fraction: `0.(3)` is a third, and `1.4(9)` is `3/2`."""
    repeated = match["a"] or match["b"] or re.sub(r"\D", "", match["c"])
    fixed = match["fixed"]
    top = int(match["whole"] + fixed + repeated) - int(match["whole"] + fixed)
    return f"{top}{FRACTION}{(10 ** len(repeated) - 1) * 10 ** len(fixed)}"


def _vulgar(match: re.Match[str]) -> str:
    # `1½` is a whole and a part, and a space is what stands between the two.
    before = match.string[match.start() - 1] if match.start() else ""
    return (" " if before.isdecimal() else "") + unicodedata.normalize("NFKC", match[0])


def _dash(match: re.Match[str]) -> str:
    """An en or em dash before a number: a range after a digit, a sign where it touches it alone, else either."""
    before, space = match["before"], match["space"]
    touches = match.string[match.end() : match.end() + 1].strip() != ""
    if before and not before.isdecimal():
        return f"{before} -" if space and touches else f"{before} - "
    return f"{before}{space}-"
