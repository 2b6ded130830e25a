"""The sentences that two quantities of a text stand in, and whether the second states again what the first did.

`Total: 10. After rechecking, the total is 14.` has one quantity with two values, `10. Five are red.` has two
quantities. Told by what each is called: the word before it, with words of being and articles left out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from audit.scoring.quantities.numbers import Quantity, Sameness, same_value
from audit.scoring.quantities.stances import TextSpan

_LOOK: Final = 160  # characters of a sentence that are looked at on either side
_APART: Final = 400  # characters from one quantity to another beyond which they do not stand side by side
_END: Final = re.compile(r"[.!?。！？;；](?=\s|$)|[。！？；\n]")
_WORD: Final = re.compile(r"[^\W\d_]+")


def _words(row: str) -> frozenset[str]:
    return frozenset(row.split())


_LINKS: Final = _words(
    "is was are were be been equals equal makes make gives give becomes comes to of the a an at exactly just now so "
    "then therefore thus hence again really only there it this that we i you get got have has had ist sind war beträgt "
    "ergibt der die das ein eine also jetzt est sont était fait donne donc le la les un une es son era da el los las "
    "é são foi dá o os as um uma è sono era fa il lo gli zijn bedraagt het een jest är er это равно составляет"
)
"""Words between what a quantity is called and the quantity; alone they call it nothing."""
_ANSWERS: Final = _words(
    "answer result total sum solution value number amount outcome antwort ergebnis summe lösung wert réponse résultat "
    "somme respuesta resultado suma resposta soma risposta risultato somma antwoord resultaat svar summa odpowiedź "
    "wynik ответ итого сумма результат"
)
"""What the answer itself is called."""


def asks(place: TextSpan) -> bool:
    """Whether the sentence of a quantity goes on and is a question; a mark that touches it is a stance."""
    end = _END.search(place.text, place.end, place.end + _LOOK)
    return end is not None and end[0] in "?？" and any(map(str.isalnum, place.text[place.end : end.start()]))


def sentence_end(place: TextSpan) -> int:
    """Where the sentence of a quantity ends; the end of the text where it has no other."""
    end = _END.search(place.text, place.end)
    return len(place.text) if end is None else end.start()


def restates(first: TextSpan, later: TextSpan) -> bool:
    """Whether a quantity of a later sentence is called what the first is, or stands in place of it.

    Special cases:
        The first is called nothing: a later one that is called an answer (`the total is 14`).
        The later one is all of its sentence: it states an answer.
    """
    theirs = _called(later)
    if not theirs and _alone(later):
        return True
    ours = _called(first)
    return bool(theirs & ours) if ours else bool(theirs & _ANSWERS)


def beside_another(wanted: Quantity, found: Quantity, every: Sequence[Quantity], question: str) -> bool:
    """Whether another number stands beside the one of a text that is looked at, and one of the two is the expected.

    Args:
        wanted: What is expected.
        found: The number that is looked at.
        every: All numbers of the text, in order.
        question: What was asked.

    Special cases:
        The last number is `found` again: the text has come back to it.
        A year is none: it tells when.
        One that is far away is none, so that the work grows with the text and no faster.
    """
    place = found.place
    if place is None or found.item or len(every) == 1:
        return False
    if every[-1] is not found and same_value(found, every[-1]) is Sameness.SAME:
        return False
    near = [each for each in every if each.place is not None and _are_near(place, each.place)]
    others = [each for each in near if each.unit == found.unit and not each.item and not _is_year(each)]
    if same_value(wanted, found) is not Sameness.SAME:
        others = [each for each in others if same_value(wanted, each) is Sameness.SAME]
    if not others:
        return False
    asked = frozenset(map(str.casefold, _WORD.findall(question)))
    return any(
        each.place is not None and same_value(found, each) is not Sameness.SAME and beside(place, each.place, asked)
        for each in others
    )


def _are_near(one: TextSpan, other: TextSpan) -> bool:
    return max(one.begin, other.begin) - min(one.end, other.end) <= _APART


def _is_year(one: Quantity) -> bool:
    return one.unit is None and _YEAR.fullmatch(one.written) is not None


def beside(first: TextSpan, other: TextSpan, asked: frozenset[str]) -> bool:
    """Whether two quantities of an answer stand side by side, so that nothing in it says which of them answers.

    `Alice has 10 and Bob has 12`, `10 apples, 12 pears`, `Alice: 10` above `Bob: 12`, `10 (12)`.

    Args:
        first, other: Both, in any order.
        asked: The words of the question, folded.

    Special cases:
        The first is called an answer (`the total is 10, and 12 are left`), or the question names what stands beside it
            and not what stands beside the other: it answers.
        What only explains (`10, because 12 are left`, `10 apples (4 red, 6 green)`, `10, 2 more than before`) stands
            below it.
    """
    if first.begin > other.begin:
        first, other = other, first
    if _called(first) & _ANSWERS or _asked_for(first, other, asked):
        return False
    between = first.text[first.end : other.begin]
    if between.rfind("(") > between.rfind(")") or _DIFFERS.match(other.text, other.end):
        return False
    if _END.search(between) is None:
        set_apart = not between.strip() and first.text.startswith("(", other.begin)
        return set_apart or _joined(between)
    ours, theirs = _words_before(first), _words_before(other)
    if not ours or not theirs:
        return not ours and not theirs and _behind(first) == _behind(other) != ""
    labels = all(_LABEL.search(one.text, max(0, one.begin - _LOOK), one.begin) for one in (first, other))
    alike = len(ours) == len(theirs) > 1 and ours[-1] == theirs[-1]
    return ours != theirs and bool(alike or (labels and max(len(ours), len(theirs)) <= _LABEL_WORDS))


def _joined(between: str) -> bool:
    """Whether what stands between two quantities of one sentence has them side by side.

    One pass for each pattern: what looks ahead at every character for every join takes a square of the length.
    """
    if _LINKED.fullmatch(between):
        return True
    if "\n" in between or _EXPLAINS.search(between):
        return False
    ends = [join.end() for join in _JOIN.finditer(between)]
    return bool(ends) and _PARTS.search(between, ends[-1]) is None


def _asked_for(first: TextSpan, other: TextSpan, asked: frozenset[str]) -> bool:
    """Whether a question names what stands beside one of two quantities and not what stands beside the other."""
    if not asked:
        return False
    ours, theirs = (
        {word for word in (*_words_before(place), _behind(place)) if word not in _LINKS} for place in (first, other)
    )
    return bool((ours - theirs) & asked) and not (theirs - ours) & asked


def _words_before(place: TextSpan) -> list[str]:
    """The words before a quantity in its clause, folded."""
    before = place.text[max(0, place.begin - _LOOK) : place.begin]
    parts = [one.end() for one in _CLAUSE.finditer(before)]
    return [word.casefold() for word in _WORD.findall(before[parts[-1] if parts else 0 :])]


def _behind(place: TextSpan) -> str:
    """The word right behind a quantity, folded, or a sign between it and a word; nothing where neither is there."""
    match = _NEXT.match(place.text, place.end)
    return "" if match is None else (match["word"] or match["sign"]).casefold()


_YEAR: Final = re.compile(r"(?:19|20)\d\d")
_CLAUSE: Final = re.compile(r"[.!?。！？;；](?=\s|$)|[。！？；\n,]|\s(?:and|but|while|und|et|y|e|en)\s", re.I)
_NEXT: Final = re.compile(r"\s?(?:(?P<word>[^\W\d_]+)|(?P<sign>[-–—:|=])\s?(?=[^\W\d_]))")
_LABEL: Final = re.compile(r"[^\W\d_][\"'*_\])]{0,4}\s{0,4}[:=|→–—]{1,2}\s{0,4}[\"'*_(\[$€£]{0,4}$")
_DIFFERS: Final = re.compile(r"\s(?:more|less|fewer|higher|lower|mehr|weniger|plus|moins|más|menos|più|meno)\b", re.I)
_LABEL_WORDS: Final = 4
# What stands below the clause before it, wherever it begins.
_EXPLAINS: Final = re.compile(
    r"\b(?:because|since|as|if|when|which|that|who|where|so|thus|hence|therefore|weil|da|denn|wenn|dass|parce|car|si|que"
    r"|qui|porque|ya|perché|se|che|omdat|want|als|dat|bo|jeśli|потому|если|что)\b",
    re.I,
)
# What makes a figure behind it a part of another.
_PARTS: Final = re.compile(
    r"\b(?:after|before|until|from|up|down|of|with|without|including|using|by|at|per|than|instead|rather|not|no|each"
    r"|von|mit|nach|vor|nicht|statt|de|avec|après|avant|pas|con|sin|después|antes|dopo|prima|met|na|niet)\b",
    re.I,
)
_JOIN: Final = re.compile(
    r"[,;|/]|\b(?:and|but|while|whereas|then|plus|or|und|aber|während|oder|et|mais|tandis\sque|ou|y|pero|mientras|e|ma"
    r"|mentre|mas|en|maar|i|a|ale|и|а|но)\b",
    re.I,
)
_LINKED: Final = re.compile(
    r"[^\w\n]{0,3}[=≠][^\w\n]{0,3}"
    r"|\s(?:in|from(?:\sa\stotal\sof)?|over|against|aka|among|to|into"
    r"|(?:\w+\s)?out\sof(?:\sa(?:\s\w+){1,2})?)\s[^\w\n]{0,3}",
    re.I,
)
"""What sets two quantities side by side when nothing else stands between them."""


def _called(place: TextSpan) -> frozenset[str]:
    """What a quantity is called, folded: the last word before it in its sentence that is no link, and every word for an
    answer there; empty where it is called nothing.
    """
    before = place.text[max(0, place.begin - _LOOK) : place.begin]
    ends = list(_END.finditer(before))
    words = [word.casefold() for word in _WORD.findall(before[ends[-1].end() :] if ends else before)]
    content = [word for word in words if word in _ANSWERS or word not in _LINKS]
    return frozenset(content[-1:]) | {word for word in words if word in _ANSWERS}


def _alone(place: TextSpan) -> bool:
    """Whether a quantity is all that its sentence says."""
    end = _END.search(place.text, place.end, place.end + _LOOK)
    after = place.text[place.end : place.end + _LOOK if end is None else end.start()]
    return not any(map(str.isalnum, after))
