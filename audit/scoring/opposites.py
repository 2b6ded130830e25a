"""Whether one text says what another denies, where their letters are nearly the same.

Small tables of frequent words, in the languages that logs hold most: what is in none of them is not seen, so a text
that is not opposed here may be the opposite all the same.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection

from audit.scoring.text import fold

_MARKS = ".,;:!?\"'()[]"

_DENIALS = re.compile(
    r"(?<!\w)(?:no(?!\.?\s*\d)|not|never|without|none|nor|neither|cannot|nothing|nobody|nicht|nichts|kein\w{0,2}|ohne|nie|"
    r"niemals|pas|non|sans|jamais|aucune?|rien|sin|nunca|ning[uú]na?|não|sem|nenhuma?|senza|nessuna?|niet|geen|zonder|"
    r"nooit|bez|не|нет|без|никогда|inte|ikke|ingen|utan|uden|değil)(?!\w)|n['’]t(?!\w)|[不没沒無无未]|ない|ません"
)
"""Words that deny; `No. 5` is a number."""

_DENYING = ("dis", "un", "in", "im", "ir", "il", "non", "non-", "not-", "not_", "mis", "ab")
"""Syllables that turn a word around."""

_TURNED = (
    *(("in", "de"), ("in", "ex"), ("in", "out"), ("hyper", "hypo"), ("pre", "post"), ("pre", "un"), ("over", "under")),
    *(("up", "down"), ("max", "min"), ("as", "des"), ("for", "back"), ("en", "dis"), ("pro", "anti"), ("im", "ex")),
)
"""Syllables of which each says the opposite before the same rest: `increase` and `decrease`."""

_ONE_OF = tuple(
    frozenset(words.split())
    for words in (
        "january february march april may june july august september october november december",
        "monday tuesday wednesday thursday friday saturday sunday",
        "zero one two three four five six seven eight nine ten eleven twelve",
        "before after",
        "above below",
        "true false",
        "yes no",
        "left right",
        "first last",
        "on off",
        "more less fewer",
        "higher lower",
        "high low",
        "buy sell",
        "bought sold",
        "open closed",
        "opened closed",
        "allowed denied forbidden prohibited",
        "accept reject",
        "accepted rejected declined",
        "approved rejected denied declined",
        "granted refused denied",
        "pass fail",
        "passed failed",
        "success failure",
        "started ended",
        "won lost",
        "debit credit",
        "positive negative",
        "always never",
        "all none",
        "morning evening",
    )
)
"""Words of which a thing is one: who says another one of them says something else."""

_FEW_WORDS, _FEW_LETTERS = 3, 20
"""In which texts differ that say the same thing but for a denial (`is`, `is not`, `did not`); a text with a sentence
more denies nothing of the other."""

_SHORTEST = 3
"""Letters of what stands behind a syllable, at least: less is no word of its own."""


def opposed(left: str, right: str) -> bool:
    """Whether one text denies what the other says.

    By a word (`not`, `ohne`) that the other has not as often, where they differ in a few words; by a syllable before a
    word of the other (`approve`, `disapprove`), or in the place of another one (`increase`, `decrease`); or by another
    word of a few (`before`, `after`).
    """
    left, right = fold(left), fold(right)
    sides = [Counter(word.strip(_MARKS) for word in text.split()) for text in (left, right)]
    ours, theirs = sides[0] - sides[1], sides[1] - sides[0]
    near = max(ours.total(), theirs.total()) <= _FEW_WORDS and abs(len(left) - len(right)) <= _FEW_LETTERS
    if near and len(_DENIALS.findall(left)) != len(_DENIALS.findall(right)):
        return True
    if any(not group.isdisjoint(ours) and not group.isdisjoint(theirs) for group in _ONE_OF):
        return True
    return any(_denies(mine, other) for mine, other in ((ours, theirs), (theirs, ours)))


def _denies(mine: Collection[str], other: Collection[str]) -> bool:
    """Whether a word of one text, with a syllable before it or in place of its first, stands in the other."""
    if any(syllable + word in other for word in mine if len(word) >= _SHORTEST for syllable in _DENYING):
        return True
    return any(
        turned + word[len(syllable) :] in other
        for one, two in _TURNED
        for syllable, turned in ((one, two), (two, one))
        for word in mine
        if word.startswith(syllable) and len(word) >= len(syllable) + _SHORTEST
    )
