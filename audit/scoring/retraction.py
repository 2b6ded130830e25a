"""Whether the text around a value takes it back: `Answer: 10. That is wrong. Answer: 14`.

An extraction reads a part of an answer and leaves the rest alone, and a number is one of several that a text holds. A
program that reads them so reads the first; whoever reads the whole answer reads that it does not hold. Where the rest
takes the part back, no criterion can say what the answer is: it is errored, never passed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

TAKEN_BACK: Final = "the answer holds a value and takes it back, or names another in its place"
TWO_VALUES: Final = "the answer holds two different values of what is compared"

_NEAR = 80  # characters around a part in which a denial touches it

_WRONG = r"wrong|incorrect|mistaken|false|not\s(?:right|correct|true)|an?\s(?:mistake|error|typo)"
_NO_DOUBT: Final = re.compile(
    r"\b(?:scratch\sthat|strike\sthat|on\ssecond\sthought|my\smistake|my\sbad|i\s(?:made|have\smade)\san?\s(?:mistake|error)"
    r"|i\s(?:was|am)\s(?:wrong|mistaken)|i\s(?:need|have|want)\sto\scorrect|let\sme\scorrect|i\stake\s(?:that|it)\sback"
    r"|i\scorrect\smyself|i\smisspoke|(?:ignore|disregard)\s(?:that|the\s(?:above|previous|first)|my\s(?:previous|first))"
    rf"|(?:sorry|apologies|pardon)[,.:;!]?\s(?:but\s)?(?:that|this|it)(?:\s(?:was|is)|['’]s)\s(?:{_WRONG})"
    r"|(?:correction|corrected(?:\s\w+)?|korrektur|corrección|correction|correzione|correção|correctie|исправление|更正|訂正)\s?[:：]"
    r"|ich\shabe\smich\s(?:geirrt|vertan|verrechnet)|je\sme\ssuis\stromp[ée]e?|me\sequivoqué|me\she\sequivocado"
    r"|mi\ssono\ssbagliat[oa]|eu\sme\senganei|ik\sheb\smij?\svergist|я\sошиб(?:ся|лась))",
    re.IGNORECASE,
)
"""Words that take back what was said, wherever they stand behind it."""

_MAYBE: Final = re.compile(
    rf"\b(?:(?:that|this|it|which|the\s(?:above|first\sone|previous\sanswer))\s?(?:was|is|['’]s|would\sbe|seems|looks)\s(?:{_WRONG})"
    r"|sorry|apologies|wait|oops|hmm|actually|instead|rather|no,|not\sso|correct(?:ion|ed)|after\sre-?checking|re-?check"
    r"|korrektur|das\s(?:ist|war|stimmt)\s(?:falsch|nicht)|entschuldigung|moment|vielmehr|c['’]est\sfaux|en\sfait|désolée?|pardon"
    r"|eso\s(?:es|era)\s(?:falso|incorrecto)|perdón|lo\ssiento|en\srealidad|è\s(?:sbagliato|errato)|scusa|anzi"
    r"|isso\sestá\serrado|desculpe|dat\sis\s(?:fout|onjuist)|sorry|это\s(?:неверно|неправильно)|извините|不对|不對|错了|錯了"
    r"|抱歉|間違い|すみません|틀렸|죄송)",
    re.IGNORECASE,
)
"""Words that may take something back, and do where another value follows them."""

_DENIED_AFTER: Final = re.compile(
    rf"^[\s\"'*_)\]}}.,;:–—-]{{0,12}}(?:(?:\w+\s)?(?:is|was|are|would\sbe|seems|cannot\sbe|can['’]t\sbe)\s(?:{_WRONG})\b"
    r"|(?:ist|wäre|war)\s(?:falsch|nicht\s(?:richtig|korrekt))|est\s(?:faux|incorrect)|es\s(?:falso|incorrecto)"
    r"|è\s(?:sbagliato|errato)|está\serrado|is\sfout|неверно|неправильно|不对|错了|錯了|\?\s+no\b|[✗✘❌☒])",
    re.IGNORECASE,
)
_DENIED_BEFORE: Final = re.compile(
    r"(?:\b(?:not|never|neither|instead\sof|rather\sthan|anything\sbut|wrong|incorrect|false|nicht|kein\w*|niemals|falsch"
    r"|pas|jamais|faux|nunca|falso|não|non|niet|geen|fout|не|неверно)|n['’]t|不是|不)"
    r"(?:\s(?:the|a|an|be|is|die|das|der|le|la|el|il|o|answer|label|result|answers?))*[\s:：=\"'*_(\[-]{0,8}$",
    re.IGNORECASE,
)


_BREAK: Final = re.compile(r"[.!?。！？;,\n–—]|\s-\s")

Named = Callable[[str], Sequence[bool]]
"""For every value of the kind that a text names, in order, whether it is the one that is looked at."""


def taken_back(before: str, after: str, named: Named | None = None) -> bool:
    """Whether the text around a part of an answer takes that part back.

    Args:
        before: What stands before the part.
        after: What stands behind it.
        named: Finds further values; None where only words tell.

    Special cases:
        The last value that is named is the part again: the text has come back to it.
    """
    denied = _DENIED_AFTER.search(after[:_NEAR]) or _DENIED_BEFORE.search(before[-_NEAR:]) or _NO_DOUBT.search(after)
    # Words in the clause of the part itself are about something else: `10 instead of 12` says ten.
    clause = _BREAK.search(after)
    maybe = None if clause is None else _MAYBE.search(after, clause.start())
    if not denied and maybe is None:
        return False
    later = named(after) if named is not None else ()
    if later and later[-1]:
        return False
    if denied:
        return True
    return maybe is not None and named is not None and not all(named(after[maybe.end() :]))
