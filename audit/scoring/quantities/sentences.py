"""The sentences that two quantities of a text stand in, and whether the second states again what the first did.

`Total: 10. After rechecking, the total is 14.` has one quantity with two values, `10. Five are red.` has two
quantities. Told by what each is called: the word before it, with words of being and articles left out.
"""

from __future__ import annotations

import re
from typing import Final

from audit.scoring.quantities.stances import TextSpan

_LOOK: Final = 160  # characters of a sentence that are looked at on either side
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
