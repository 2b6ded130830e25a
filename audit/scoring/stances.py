"""Words that govern a number: a denial, a bound, an approximation, in the languages that logs hold most.

`not 5`, `at least 5` and `about 5` hold a five and do not say five. A denial governs what follows it in its clause, a
bound or an approximation the number that it touches. Both work on text that `notation.plain` has made plain.
"""

from __future__ import annotations

import regex  # type: ignore[import-untyped]

from audit.scoring.numbers import Stance

BEFORE, AFTER = 80, 48
"""How many characters around a number are looked at."""

_DENIALS = (
    # English, German, Dutch, Scandinavian languages
    r"not|cannot|never|neither|nor|\w{1,8}n't|no\s(?:longer|way)|anything\sbut|(?:rather|other)\sthan|instead\sof"
    r"|nicht|kein\w{0,2}|nie|niemals|weder|niet|geen|nooit|inte|aldrig|ikke|aldri|ei"
    # French, Spanish, Portuguese, Italian
    r"|pas|jamais|aucune?|plutôt\sque|nunca|jamás|tampoco|não|jamais|non|mai|nessun\w?|né|en\svez\sde|em\svez\sde"
    r"|no\s(?:es|son|era|fue|ser[áí]a?|hay|tiene|vale|cuesta|igual)"
    # Slavic languages, Turkish, Indonesian, Vietnamese
    r"|nie|ne|není|nije|nikdy|nigdy|не|нет|нельзя|ни|bukan|tidak|không|nu|nem"
    # Arabic, Hebrew, Persian
    r"|ليس|ليست|لا|لم|لن|غير|לא|אינו|אינה|نیست"
)
# Denials in scripts without spaces, and those that are short enough to be another word as well, touch the number.
_DENIALS_THAT_TOUCH = (
    r"(?:不是|并非|並非|不等于|不等於|没有|沒有|绝非|而非|不会是|不為|不为)[约約为為是]?|\bno|~~|¬|!=|=/="
)
_NEAR = (
    r"about|around|approx(?:imately|\.)?|roughly|circa|ca\.?|c\.|nearly|almost|close\sto|near|estimated|maybe|perhaps"
    r"|possibly|probably|presumably|might\sbe|may\sbe|could\sbe|give\sor\stake|some(?:thing|where)\s(?:like|around|near)"
    r"|etwa|ungefähr|zirka|rund|fast|knapp|nahezu|annähernd|vielleicht|vermutlich|wahrscheinlich|schätzungsweise"
    r"|environ|à\speu\sprès|autour\sde|presque|près\sde|peut-être|probablement"
    r"|aproximadamente|aprox\.?|alrededor\sde|unos|unas|cerca\sde|casi|quizás?|tal\svez|probablemente"
    r"|quase|por\svolta\sde|talvez|provavelmente|quasi|approssimativamente|intorno\sa|forse|probabilmente"
    r"|ongeveer|bijna|rond|misschien|ungefär|cirka|omkring|nästan|omtrent|kanskje|måske|kanske|noin"
    r"|około|ok\.|prawie|mniej\swięcej|может\sбыть|возможно|около|примерно|приблизительно|почти|близько|приблизно"
    r"|yaklaşık|sekitar|kira-kira|khoảng|حوالي|تقريبا|نحو|लगभग|करीब"
)
_NEAR_THAT_TOUCH = r"[~≈∼≃≅˜]|大约|大約|大概|约|約|接近|将近|近|およそ|おおよそ|ほぼ|대략|거의|약"
_BOUNDS = (
    r"at\s(?:least|most|the\s(?:least|most)|minimum|maximum)|up\sto|(?:more|less|fewer|greater|higher|lower|larger|smaller"
    r"|bigger|better|worse)\sthan|over|under|above|below|exceed(?:s|ed|ing)?|beyond|minimum|maximum|max\.?|min\.|upwards\sof"
    r"|as\s(?:many|much|few|little)\sas|mindestens|höchstens|maximal|minimal|bis\szu|über|unter|(?:mehr|weniger)\sals"
    r"|wenigstens|au\s(?:moins|plus|maximum|minimum)|jusqu'à|plus\sde|moins\sde|al\smenos|por\slo\smenos|como\s(?:mínimo|máximo)"
    r"|a\slo\ssumo|hasta|más\sde|menos\sde|mais\sde|pelo\smenos|no\s(?:máximo|mínimo)|até|almeno|al\s(?:massimo|minimo)"
    r"|fino\sa|più\sdi|meno\sdi|oltre|minstens|hoogstens|maximaal|tot|(?:meer|minder)\sdan|ten\sminste|minst|högst|upp\still"
    r"|mer\sän|co\snajmniej|najwyżej|ponad|не\s(?:менее|более|меньше|больше)|более|менее|больше|меньше|минимум|максимум|свыше"
    r"|en\s(?:az|fazla)|至少|至多|最多|最少|不超过|不超過|超过|超過|不少于|不少於|低于|低於|高于|高於|大于|小于|少なくとも|最大|最小|최소|최대"
    r"|적어도|أكثر\sمن|أقل\sمن|على\sالأقل|حتى|कम\sसे\sकम|अधिकतम"
)
# Words that may stand between such a word and its number.
_LINKS = r"(?:(?:a|an|the|of|to|equal|be|is|der|die|das|de|la|le|les|el|los|di|o|total|as)\s){0,3}"
_OPENING = r"[\s\"'(\[:=$€£¥*_]{0,4}$"

_CLAUSE = regex.compile(
    r"(?:[.,;:!?—()\n。，；：！？、،]|\d|\s-\s"
    r"|\b(?:and|but|so|because|since|und|aber|sondern|denn|et|mais|donc|y|pero|sino|e|ma|mas|en|maar|och|og|men|и|но|а|ale)\b)"
)
_DENIED = regex.compile(rf"(?:\b(?:{_DENIALS})(?:\W+[\w']+){{0,4}}\W*|(?:{_DENIALS_THAT_TOUCH}){_OPENING})$", regex.I)
_BOUNDED = regex.compile(rf"(?<!\w)(?:{_BOUNDS})\s{{0,2}}{_LINKS}{_OPENING}", regex.I)
_NEARLY = regex.compile(rf"(?:(?<!\w)(?:{_NEAR})\s{{0,2}}{_LINKS}|(?:{_NEAR_THAT_TOUCH})\s?){_OPENING}", regex.I)

_THEN_DENIED = regex.compile(
    r"[\s\"')\]]{0,3}(?:[\w.]{1,12}\s)?(?:(?:is|was|are|were|would\sbe|seems)\s(?:\w+ly\s)?(?:wrong|incorrect|false|not\s(?:the|it|"
    r"correct|right|true|what|my|our|valid|possible))|(?:is|was|are)n't|cannot\sbe|can't\sbe|(?:ist|war|wäre)\s(?:nicht|falsch)"
    r"|est\s(?:faux|incorrect)|n'est\spas|no\ses|es\s(?:falso|incorrecto)|não\sé|non\sè|is\s(?:niet|fout)|неверно|değil)\b"
    r"|[\s\"')\]]{0,3}(?:ではな|ではあり|じゃな|でない|[이가]\s?아니|नहीं|~~)",
    regex.I,
)
_THEN_BOUND = regex.compile(
    r"\s?(?:[\w.]{1,12}\s)?(?:or|oder|ou|o|of|eller|lub|или)\s(?:more|less|fewer|above|below|higher|lower|over|under|greater|mehr|weniger"
    r"|plus|moins|más|menos|mais|più|meno|meer|minder|mer|więcej|mniej|более|менее|больше|меньше)\b"
    r"|\s?(?:[\w.]{1,12}\s)?(?:at\s(?:least|most)|(?:and|und)\s(?:above|below|up|over|counting)|max(?:imum)?|minimum|tops)\b"
    r"|\s?\w{0,2}\s?(?:以上|以下|未満|以内|之?内|이상|이하|미만|초과)",
    regex.I,
)
_THEN_NEAR = regex.compile(
    r"\s?(?:[\w.]{1,12}\s)?(?:or\sso|or\sthereabouts|give\sor\stake|more\sor\sless|approximately|approx\b|oder\sso|environ\b"
    r"|más\so\smenos|mais\sou\smenos)|\s?\w{0,2}\s?(?:左右|上下|ぐらい|くらい|程度|前後|정도|쯤|내외)",
    regex.I,
)


def stance_of(before: str, after: str) -> Stance:
    """What the words around a quantity say of it.

    Args:
        before: The text up to its sign and currency; the last `BEFORE` characters are looked at.
        after: The text behind its unit; the first `AFTER` characters are looked at.

    Special cases:
        Several at once: a denial counts before a bound, a bound before an approximation.
        `not less than`, `not more than`, `not about`: a bound or an approximation.
    """
    before, after = before[-BEFORE:], after[:AFTER]
    if _BOUNDED.search(before) or _THEN_BOUND.match(after):
        return Stance.BOUND
    if _DENIED.search(_clause(before)) or _THEN_DENIED.match(after):
        return Stance.DENIED
    if _NEARLY.search(before) or _THEN_NEAR.match(after):
        return Stance.NEAR
    return Stance.STATED


def _clause(before: str) -> str:
    """What stands between the last end of a clause and the quantity, but for what opens the quantity itself."""
    text = before.rstrip(" \"'([=$€£¥")
    last = 0
    for match in _CLAUSE.finditer(text):
        last = match.end()
    return text[last:]
