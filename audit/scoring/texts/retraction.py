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
    rf"^[\s\"'*_)\]}}.,;:–—-]{{0,12}}(?:(?:but|however,?|no,|aber|mais|pero|ma|mas|но)\s)?(?:(?:\w+\s)?(?:is|was|are|would\sbe|seems|cannot\sbe|can['’]t\sbe)\s(?:{_WRONG})\b"
    r"|(?:(?:das|dies)\s)?(?:ist|wäre|war)\s(?:falsch|nicht\s(?:richtig|korrekt))|(?:ce\sn?['’]?|c['’])?est\s(?:faux|incorrect)|(?:eso\s)?es\s(?:falso|incorrecto)"
    r"|è\s(?:sbagliato|errato)|(?:isso\s)?está\serrado|is\sfout|неверно|неправильно|不对|错了|錯了|\?\s+no\b|[✗✘❌☒])",
    re.IGNORECASE,
)
_DENIED_BEFORE: Final = re.compile(
    r"(?:\b(?:not|never|neither|instead\sof|rather\sthan|anything\sbut|wrong|incorrect|false|nicht|kein\w*|niemals|falsch"
    r"|pas|jamais|faux|nunca|falso|não|non|niet|geen|fout|не|неверно)|n['’]t|不是|不)"
    r"(?:\s(?:the|a|an|be|is|die|das|der|le|la|el|il|o|answer|label|result|answers?))*[\s:：=\"'*_(\[-]{0,8}$",
    re.IGNORECASE,
)


_ONCE: Final = re.compile(
    r"\b(?:(?:i|we)\s(?:first\s|initially\s|originally\s|had\s)*(?:thought(?!\s(?:about|through|it))|assumed|guessed|believed|expected)"
    r"|(?:might|may|would|could|tempted\sto)\s(?:first\s)?(?:think|say|guess|assume|expect|answer|believe)"
    r"|(?:most\s)?people\s(?:often\s|might\s|would\s)?(?:think|say|believe|assume)|(?:is|was)\swhat\s(?:most|many|some)"
    r"|(?:at|on)\sfirst\s(?:glance|sight|look|thought)|initially|originally|(?:my|the)\s(?:first|initial|previous|earlier|old)\s(?:\w+\s)?"
    r"(?:answer|guess|thought|estimate|value|figure|number|total|sum|result|calculation|price|amount)"
    r"|draft|preliminary|provisional(?:ly)?|earlier\si|(?:was|were)\s(?:last|the\s(?:old|previous|former))"
    r"|ich\sdachte|zuerst|zunächst|anfangs|ursprünglich|auf\sden\sersten\sblick|entwurf|je\spensais|(?:tout\s)?d['’]abord"
    r"|initialement|à\spremière\svue|brouillon|pensaba|pensé|al\sprincipio|inicialmente|a\sprimera\svista|borrador|pensavo"
    r"|all['’]inizio|inizialmente|a\sprima\svista|bozza|pensei|no\sinício|à\sprimeira\svista|rascunho|eerst|aanvankelijk"
    r"|сначала|сперва|изначально|думал)|起初|最初|原本|一开始|一開始|처음",
    re.IGNORECASE,
)
"""Words for what somebody else says, or what was said or so before."""

_BUT: Final = re.compile(
    r"\b(?:but|however|yet|though|although|now|actually|in\s(?:fact|truth|reality)|really|right|correct(?:ed)?|true|truth|final"
    r"|closer|second|this\s(?:year|month|week|time)|the\sanswer\sis|aber|jedoch|doch|sondern|jetzt|nun|richtig|endgültig|mais"
    r"|cependant|toutefois|maintenant|finalement|correct|pero|sino|ahora|correcto|ma|però|invece|adesso|ora|corretto|mas"
    r"|porém|agora|correto|maar|echter|nu|но|однако|теперь|правильн)\b|但|不过|不過|其实|其實|现在|現在|しかし|でも|実際|하지만|그러나",
    re.IGNORECASE,
)

_IN_ITS_PLACE: Final = re.compile(
    r"(?:\b(?:edit(?:ed)?|updated?(?:\s(?:to|answer|value))?|revised(?:\s(?:to|answer|value))?|amended(?:\sto)?"
    r"|(?:is|are)\snow|(?:on|upon)\s(?:reflection|closer\s\w+)|looking\sagain)"
    # With a subject of its own it is said of something else: `50. The tip should be 20 %`.
    r"|(?:[,;(\[—–-]\s?|\b(?:it|that|this|which|das|es|cela|ça|eso|questo|isso)\s)(?:should\s(?:be|have\sbeen|read)"
    r"|(?:muss|müsste|sollte)\s(?:heißen|sein)?|devrait\sêtre|debería\sser|dovrebbe\sessere|deveria\sser))"
    r"[\s:：,=–—-]{1,4}(?:it['’]?s?\s(?:is\s)?|the\sanswer\sis\s)?(?=[^\w\s]{0,2}\d)",
    re.IGNORECASE,
)
"""Words that put the figure behind them in the place of one before."""

_LINE: Final = re.compile(r"[.!?。！？\n](?:\s|$)|[。！？\n]")
_FAR: Final = 160  # characters of a sentence that are looked at

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
    if named is not None and _replaced(before, after, named):
        return True
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


def _replaced(before: str, after: str, named: Named) -> bool:
    """Whether a part is what was once said or what others say, and another value is named for what holds.

    `I first thought 10, but it is 12`, `10 is what most people say; the truth is 12`, `Answer: 10. Update: 12`.
    """
    later = named(after)
    if not later or later[-1]:
        return False
    if any(not all(named(after[place.end() :])[:1]) for place in _IN_ITS_PLACE.finditer(after)):
        return True
    *_, own = _LINE.split(before[-_FAR:])
    clause = after[: _FAR if (end := _BREAK.search(after)) is None else end.start()]
    return bool(_BUT.search(after) and (_ONCE.search(own) or _ONCE.search(clause)))
