"""What the words that touch a quantity say of it: a denial, a bound, an approximation, or one value of several.

`not 5`, `at least 5`, `about 5` and `5 or 6` hold a five and do not say five. Only the immediate surroundings count:
words further away are prose, and `which` chooses there. Everything works on text that `notation.plain` has made plain.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import Enum
from typing import Final, NamedTuple


class Stance(Enum):
    """What the words around a quantity say of it."""

    STATED = "it is the quantity"
    DENIED = "it is not the quantity"
    NEAR = "the quantity is near to it, or may be it"
    ABOVE = "the quantity is more than it"
    FROM = "the quantity is it or more"
    BELOW = "the quantity is less than it"
    UP_TO = "the quantity is it or less"
    PART = "it is a part of another quantity"
    SUPPOSED = "it is supposed, or an example"
    LOST = "it is a loss or a lack, which a sign would say of a figure"
    LISTED = "it is one of several values"
    NAMED = "it names a thing of a row: a page, a step, a place"
    ITEM = "it numbers an item of a list"


_OPPOSITES: Final = tuple(
    tuple(frozenset(side.split()) for side in row.split("|"))
    for row in (
        "more higher above increase up gain won wins win ahead plus mehr más mais più|"
        "less fewer lower below decrease down loss lost losses behind minus weniger menos meno",
        "late later after past nach später après después dopo|early earlier before to vor früher avant antes prima",
        "ago|hence now later in",
        "next|last previous",
        "high|low",
        "over|under",
        "north northern|south southern",
        "east eastern|west western",
        "inside|outside",
        "credit|debit",
        "bc bce|ad ce",
    )
)
"""Words of which a figure says another thing beside one than beside its opposite."""


class TextSpan(NamedTuple):
    """Where a quantity stands: from its sign or currency to behind its unit."""

    text: str
    begin: int
    end: int


class Said(NamedTuple):
    """What is said of a quantity; for one value of several all of them, as they are written, for a part of another
    quantity what stands around it (`half of 5` and `twice 5` say different things), and for a name what it names."""

    stance: Stance
    values: str = ""


def _words(row: str) -> frozenset[str]:
    return frozenset(row.casefold().split())


_BEFORE, _AFTER = 64, 48  # characters around a quantity that are looked at
_OPERANDS = 24  # characters of a word between two operands
_MOST_LINKS = 4

# Words before a quantity. A phrase is matched by its words, whatever the case.
_WORDS_BEFORE: Final = {
    Stance.DENIED: "hardly, scarcely, without, previously, formerly, up from, down from, used to be, doubt it is, "
    "doubt it's, not, cannot, "
    "never, neither, nor, no longer, anything but, rather than, other than, instead of, "
    "nowhere near, far from, all but, except, except for, excluding, no, kaum, à peine, apenas, a malapena, "
    "едва, nicht, kein, keine, keinen, keiner, "
    "niemals, weder, anstatt, statt, niet, geen, nooit, inte, ej, aldrig, ikke, aldri, ei ole, pas, jamais, aucun, "
    "aucune, plutôt que, au lieu de, no es, no son, no era, no fue, no será, no hay, no tiene, nunca, jamás, "
    "tampoco, en vez de, não, em vez de, non, mai, né, nie, není, nejsou, nije, nisu, ne, nikdy, nigdy, nem, "
    "nu este, nu e, nu sunt, не, нет, ни, никогда, нельзя, δεν, όχι, ليس, ليست, ليسوا, غير, לא, אינו, אינה, bukan, "
    "tidak, không, không phải, chẳng phải",
    Stance.NEAR: "est., estimate, estimate:, about, around, approx, approx., approximately, roughly, circa, ca, "
    "ca., c., nearly, almost, probably, i guess, my guess is, likely, most likely, presumably, wahrscheinlich, "
    "vermutlich, probablement, "
    "probablemente, provavelmente, probabilmente, waarschijnlijk, вероятно, наверное, "
    "close to, near, some, estimated, an estimated, maybe, perhaps, possibly, might be, may be, could be, "
    "somewhere around, something like, in the region of, on the order of, nearly equal to, approximately equal to, "
    "gut, etwa, ungefähr, zirka, rund, fast, knapp, nahezu, annähernd, vielleicht, schätzungsweise, environ, "
    "à peu près, "
    "autour de, plus ou moins, más o menos, mais ou menos, più o meno, presque, près de, peut-être, "
    "aproximadamente, aprox, aprox., alrededor de, unos, unas, cerca de, "
    "casi, quizá, quizás, tal vez, quase, por volta de, talvez, quasi, approssimativamente, intorno a, forse, "
    "ongeveer, bijna, rond, misschien, ungefär, cirka, omkring, nästan, omtrent, nesten, kanskje, måske, kanske, "
    "noin, około, ok., prawie, mniej więcej, asi, přibližně, zhruba, около, примерно, приблизительно, почти, "
    "возможно, может быть, близько, приблизно, майже, περίπου, σχεδόν, yaklaşık, sekitar, kira-kira, khoảng, gần, "
    "körülbelül, aproximativ, circa, حوالي, تقريبا, تقريبًا, نحو, ربما, בערך, כמעט, लगभग, करीब, 약, 대략, 거의, "
    "아마",
    Stance.FROM: "at least, at the least, at minimum, at a minimum, no less than, not less than, no fewer than, "
    "not fewer than, starting at, starting from, a minimum of, minimum, minimum of, min, min., as many as, "
    "as few as, "
    "mindestens, wenigstens, nicht weniger als, minimal, au moins, au minimum, pas moins de, al menos, "
    "por lo menos, como mínimo, no menos de, pelo menos, no mínimo, ao menos, almeno, non meno di, minstens, "
    "ten minste, tenminste, minst, mindst, minimalt, co najmniej, przynajmniej, alespoň, nejméně, не менее, "
    "не меньше, минимум, щонайменше, τουλάχιστον, en az, setidaknya, minimal, ít nhất, legalább, cel puțin, "
    "على الأقل, לפחות, कम से कम, 최소, 적어도",
    Stance.UP_TO: "at most, at the most, at maximum, at a maximum, up to, no more than, not more than, not over, "
    "not above, no higher than, a maximum of, maximum, maximum of, max, max., as much as, limit of, a limit of, cap "
    "of, capped at, limited to, höchstens, maximal, "
    "bis zu, nicht mehr als, au plus, au maximum, jusqu'à, pas plus de, a lo sumo, como máximo, hasta, no más de, "
    "no máximo, até, al massimo, fino a, non più di, hoogstens, maximaal, ten hoogste, högst, upp till, højst, "
    "op til, maks, maks., najwyżej, maksymalnie, nejvýše, maximálně, не более, не больше, максимум, до, "
    "щонайбільше, το πολύ, έως, en fazla, maksimal, hingga, tối đa, legfeljebb, cel mult, حتى, על היותר, "
    "לכל היותר, "
    "अधिकतम, 최대",
    Stance.ABOVE: "more than, greater than, higher than, larger than, bigger than, over, above, exceeds, över, yli, "
    "exceeding, "
    "exceed, beyond, upwards of, upward of, north of, in excess of, mehr als, über, größer als, plus de, supérieur "
    "à, más de, "
    "mayor que, "
    "mais de, maior que, più di, maggiore di, oltre, meer dan, mer än, mer enn, mere end, ponad, więcej niż, "
    "více než, более, больше, свыше, понад, πάνω από, lebih dari, hơn, több mint, peste, أكثر من, يزيد عن, יותר מ, "
    "से अधिक",
    Stance.BELOW: "less than, fewer than, lower than, smaller than, under, below, short of, south of, weniger als, "
    "unter, "
    "kleiner als, moins de, inférieur à, menos de, menor que, meno di, minore di, minder dan, onder, mindre än, "
    "mindre enn, mindre end, poniżej, mniej niż, méně než, менее, меньше, κάτω από, kurang dari, dưới, "
    "kevesebb mint, sub, أقل من, פחות מ, से कम",
    Stance.LOST: "a loss of, loss of, losses of, loss, loss:, net loss, net loss:, deficit of, deficit, deficit:, "
    "shortfall of, shortfall, debt of, decrease of, decline of, drop of, fall of, reduction of, cut of, "
    "decreases by, decreased by, declines by, declined by, drops by, dropped by, drop by, falls by, fell by, "
    "fall by, sinks by, sank by, shrinks by, shrank by, reduced by, lower by, down by, is down, are down, in "
    "debt by, in the red by, overdrawn by, short by, behind by, lost, loses, lose, losing, owes, owe, owed, "
    "owing, verlust von, verlust, verlust:, defizit von, rückgang von, minus von, schulden von, sank um, sinkt "
    "um, fiel um, fällt um, verliert, verlor, schuldet, perte de, pertes de, perte nette de, déficit de, baisse "
    "de, recul de, diminué de, baissé de, perd, perdu, doit, pérdida de, pérdidas de, caída de, descenso de, "
    "bajó, pierde, perdió, debe, perda de, prejuízo de, queda de, perdeu, deve, perdita di, calo di, perde, "
    "perso, ha perso, verlies van, tekort van, daling van, verliest, verloor, убыток, потеря, потери, снижение "
    "на, потерял, потеряла",
    Stance.PART: "none of, some of, top, bottom, the first, the last, the next, first, last, next, previous, every, "
    "for every, per, "
    "out of, scale of, factor of, base, modulo, mod, times, divided by, multiplied by, multiply by, divide by, half "
    "past, "
    "quarter past, quarter to, "
    "reciprocal of, inverse of, logarithm of, multiple of, root of, half of, half, twice, double, "
    "triple, third of, quarter of, square of, cube of, log of, negative of, "
    "opposite of, double of, the double of, complement of, doppelte von, le double de, double de, el doble de, "
    "log, sqrt, halb, wurzel aus, wurzel von, hälfte von, doppelt, racine de, racine carrée de, moitié de, "
    "raíz de, "
    "raíz cuadrada de, raíz quadrada de, radice di, radice quadrata di, mitad de, metade de, metà di, половина",
    Stance.NAMED: "page, pages, p., pp., chapter, ch., section, sec., §, §§, paragraph, para., article, art., clause, "
    "appendix, figure, fig., table, line, row, column, item, question, exercise, problem, example, option, choice, "
    "step, "
    "phase, stage, level, lesson, part, volume, vol., issue, episode, season, room, floor, gate, platform, track, "
    "lane, "
    "route, highway, exit, flight, bus, terminal, version, release, rank, ranked, position, seat, zone, size, grade, "
    "class, week, day, round, group, team, player, apartment, apt., suite, windows, ios, android, seite, kapitel, "
    "abschnitt, absatz, artikel, zeile, spalte, frage, aufgabe, schritt, stufe, zimmer, gleis, linie, platz, rang, "
    "etage, "
    "folge, abb., tabelle, chapitre, ligne, étape, niveau, chambre, étage, quai, página, pág., capítulo, sección, "
    "artículo, línea, fila, pregunta, paso, nivel, habitación, piso, pagina, pag., capitolo, sezione, articolo, riga, "
    "domanda, passo, livello, stanza, seção, artigo, linha, pergunta, nível, blz., hoofdstuk, regel, vraag, stap, "
    "kamer, "
    "strona, str., rozdział, artykuł, pytanie, krok, страница, стр., глава, раздел, статья, строка, вопрос, шаг",
    Stance.STATED: "no doubt it is, no doubt it's, without a doubt it is, no doubt that it is",
    Stance.SUPPOSED: "let's say, let us say, hypothetically, for example, for instance, e.g., eg, such as, as an "
    "example, angenommen, gesetzt, beispielsweise, zum beispiel, z.b., z. b., etwa wie, par exemple, p. ex., "
    "supposons, "
    "imaginons, por ejemplo, p. ej., supongamos, digamos, per esempio, ad esempio, supponiamo, mettiamo, por exemplo, "
    "p. ex., suponha, suponhamos, bijvoorbeeld, bijv., stel, till exempel, t.ex., antag, for eksempel, f.eks., na "
    "przykład, np., załóżmy, například, např., например, предположим, допустим, наприклад, припустимо",
}
_OPINIONS: Final = ("think", "believe", "expect", "suppose", "guess", "say", "mean")
_SUPPOSITIONS: Final = ("if", "suppose", "supposing", "assume", "assuming", "imagine", "unless")
_CLAUSES: Final = ("it is", "it's", "it was", "it were", "there are", "there were", "the answer is", "the total is")


def _clauses_of(verbs: Sequence[str]) -> tuple[str, ...]:
    """What a verb says of a quantity: `think`, `think it is`, `think that it is`, ..."""
    return tuple(
        f"{verb}{that}" for verb in verbs for that in ("", *(f"{w}{c}" for w in (" ", " that ") for c in _CLAUSES))
    )


# An opinion is a hedge: `I think 10`, `ich glaube, es sind 10`, `creo que son 10`, `not sure, but it's 10`.
_HOLDS: Final = "|".join(
    (
        r"(?:i|we)\s(?:think|believe|guess|suppose|reckon|suspect|recall|remember)|guess|guessing|if\smemory\sserves",
        r"i(?:'d|\swould)\s(?:say|guess|think|estimate|put\sit\sat)|(?:seems|looks)\slike|it\s(?:seems|appears)",
        r"apparently|supposedly|conceivably|afaik|(?:not|can't\sbe|cannot\sbe)\s(?:\w+\s)?(?:sure|certain|confident)",
        r"unsure|uncertain|no\sidea|hard\sto\s(?:say|tell)|(?:don't|do\snot)\sknow",
        r"ich\s(?:glaube|denke|schätze|vermute|meine|tippe\sauf|würde\ssagen)|(?:glaube|denke|vermute|schätze)\sich",
        r"möglicherweise|eventuell|wohl|(?:nicht|unsicher)\ssicher|soweit\sich\sweiß",
        r"je\s(?:crois|pense|dirais|suppose)|il\sme\ssemble|sans\sdoute|pas\ssûre?",
        r"creo|pienso|supongo|diría|me\sparece|posiblemente|no\sestoy\ssegur[oa]",
        r"credo|penso|direi|suppongo|mi\ssembra|secondo\sme|non\s(?:ne\s)?sono\ssicur[oa]",
        r"acho|creio|suponho|diria|parece-me|possivelmente|não\stenho\scerteza",
        r"ik\s(?:denk|geloof|vermoed|gok)|vermoedelijk|(?:jag|jeg)\s(?:tror|tycker|synes|antar)|förmodligen|troligen",
        r"formentlig|sannsynligvis|myślę|sądzę|chyba|myslím|luulen|ehkä|azt\shiszem|talán|cred",
        r"думаю|полагаю|кажется|по-моему|наверно|вроде|гадаю|мабуть|sanırım|galiba|bence|herhalde|saya\skira|mungkin",
        r"tôi\snghĩ|có\slẽ|أظن|أعتقد|אני\sחושב(?:ת)?|אולי|शायद|मुझे\sलगता\sहै|제\s생각에는",
    )
)
_THAT: Final = r"that|but|so|dass|aber|que|mais|pero|che|ma|mas|dat|maar|att|at|że|ale|že|что|но|що|hogy|că|कि|أن"
_IT_IS: Final = "|".join(
    (
        r"(?:it|there|they|the\s\w{1,12})(?:'s|\s(?:is|was|are|were|would\sbe|should\sbe))|is|was",
        r"es\s(?:sind|ist|waren|war)|(?:die|das)\s\w{1,12}\s(?:ist|sind)|c'est|ce\ssont|il\sy\sen\sa"
        r"|l[ae]\s\w{1,12}\sest",
        r"es|son|hay|(?:la|el|il|a|o)\s\w{1,12}\s(?:es|è|é)|sono|sia|siano|è|é|são",
        r"(?:het|er)\s(?:is|zijn)|het\s\w{1,12}\sis|det\s(?:är|er)|to|jest|to\sjest|je|je\sto|это|их",
    )
)
_AN_OPINION: Final = re.compile(
    rf"(?<!\w)(?:{_HOLDS})[,:]?(?:\s(?:{_THAT}))?(?:\s(?:{_IT_IS}))?"
    r"(?:\s(?:the|an?|around|der|die|das|le|la|les|el|los|il|os?|as|het|de|den|det|exactly))?$"
)


_DENIALS: Final = (
    "do not",
    "don't",
    "does not",
    "doesn't",
    "did not",
    "didn't",
    "cannot",
    "can't",
    "would not",
    "wouldn't",
)
_WORDS_BEFORE[Stance.PART] += ", " + ", ".join(
    f"{count} {of}"
    for count in ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
    for of in ("in", "of", "to", "past", "or")
)
_WORDS_BEFORE[Stance.SUPPOSED] += ", " + ", ".join(_clauses_of(_SUPPOSITIONS))
_WORDS_BEFORE[Stance.DENIED] += ", " + ", ".join(
    (*(f"{no} {said}" for no in _DENIALS for said in _clauses_of(_OPINIONS)), *_clauses_of(("no way",)))
)
# Phrases of scripts that put no space between words, and signs; they touch the quantity. The longest one counts, so
# that words which end alike (to save, a contract) say nothing.
_TOUCHING_BEFORE: Final = {
    Stance.SUPPOSED: "例如 比如 譬如 假设 假設 假如 如果是 例えば たとえば 仮に 예를들어 예컨대 가령",
    Stance.STATED: "节约 節約 合约 合約 预约 預約 条约 條約 签约 予約 契約 要約 制約",
    Stance.DENIED: "不是 不为 不為 不等于 不等於 并非 並非 没有 沒有 绝非 而非 不会是 ไม่ใช่ ~~ ¬ != =/=",
    Stance.NEAR: "大约 大約 大概 约为 約為 约 約 接近 将近 可能是 也许是 およそ おおよそ ほぼ たぶん ประมาณ ราว "
    "恐らく おそらく 多分 きっと 私の考えでは 我猜 我觉得 我覺得 我想 我认为 我認為 大約 或许 或許 恐怕 好像是 "
    "估计 估計 "
    "~ ≈ ∼ ≃ ≅ ˜ ≒ +/",
    Stance.FROM: "至少 最少 不少于 不少於 不低于 不低於 不小于 少なくとも 最低でも อย่างน้อย",
    Stance.UP_TO: "至多 最多 不超过 不超過 不多于 不高于 不大于 最大 多くても ไม่เกิน",
    Stance.ABOVE: "超过 超過 多于 多於 大于 大於 高于 高於 มากกว่า",
    Stance.BELOW: "少于 少於 小于 小於 低于 低於 不到 不足 น้อยกว่า",
    Stance.PART: "零下 氷点下 영하",
}
_IS_NOT: Final = ("is not", "isn't", "was not", "wasn't", "are not", "aren't", "would not be", "cannot be", "can't be")
_THE_ONE: Final = (
    *("it", "correct", "right", "true", "what", "my", "our", "valid", "possible", "the answer", "the correct"),
    *("the right", "the result", "the total", "the number", "the value", "the solution"),
)
_WORDS_AFTER: Final = {
    Stance.DENIED: "is too high, is too low, is too much, is wrong, is incorrect, is false, was wrong, "
    "was incorrect, are wrong, is impossible, "
    "would be wrong, would be incorrect, seems wrong, is ruled out, ist falsch, wäre falsch, ist nicht richtig, "
    "ist nicht korrekt, ist nicht die, est faux, est incorrect, n'est pas la, n'est pas correct, es falso, "
    "es incorrecto, no es la, "
    "no es correcto, no es correcta, é falso, não é a, è sbagliato, non è la, is fout, is niet het, неверно, "
    "неправильно, değil, नहीं, " + ", ".join(f"{verb} {what}" for verb in _IS_NOT for what in _THE_ONE),
    Stance.NEAR: "or so, or thereabouts, probably, i think, i guess, i believe, i suppose, i'd say, i would say, "
    "if i recall correctly, if i remember correctly, if i'm not mistaken, if i am not mistaken, if memory serves, "
    "as far as i know, as far as i can tell, afaik, not verified, unverified, unconfirmed, not confirmed, not sure, "
    "not certain, but i'm not sure, but i am not sure, i'm not sure, i am not sure, though i'm not sure, "
    "but not sure, unless i'm mistaken, i reckon, perhaps, maybe, possibly, presumably, likely, most likely, "
    "glaube ich, denke ich, vermute ich, schätze ich, wenn ich mich nicht irre, soweit ich weiß, vermutlich, "
    "wahrscheinlich, je crois, je pense, il me semble, sauf erreur, si je ne me trompe pas, peut-être, creo, "
    "supongo, si no me equivoco, me parece, quizás, credo, penso, forse, se non sbaglio, mi sembra, acho eu, acho, "
    "creio, talvez, se não me engano, denk ik, geloof ik, vermoed ik, misschien, tror jag, tror jeg, chyba, myślę, "
    "думаю, наверное, кажется, если не ошибаюсь, sanırım, galiba, "
    "give or take, more or less, approximately, approx, roughly, or about, ish, -ish, "
    "oder so, environ, à peu près, más o menos, aproximadamente, mais ou menos, circa, più o meno, ongeveer, "
    "mniej więcej, примерно, приблизительно, civarında, تقريبا, تقريبًا",
    Stance.FROM: "or later, or after, onwards, onward, at the earliest, oder später, frühestens, ou plus tard, "
    "au plus tôt, o más tarde, o después, o più tardi, ou mais tarde, of later, and counting, or more, or above, "
    "or higher, or over, or greater, or up, or better, and up, "
    "and above, and over, "
    "at least, minimum, at minimum, oder mehr, und mehr, mindestens, ou plus, au moins, au minimum, o más, "
    "al menos, como mínimo, ou mais, no mínimo, pelo menos, o più, almeno, of meer, minstens, eller mer, "
    "eller fler, eller mere, lub więcej, a více, или более, или больше, и более, или више, vagy több, "
    "sau mai mult, "
    "أو أكثر, או יותר, या अधिक",
    Stance.UP_TO: "or earlier, or before, or sooner, at the latest, oder früher, spätestens, ou plus tôt, "
    "au plus tard, o antes, o prima, al più tardi, ou antes, of eerder, tops, at best, or less, or fewer, "
    "or below, or lower, or under, and below, and under, at most, "
    "max, maximum, "
    "at maximum, oder weniger, höchstens, maximal, ou moins, au plus, au maximum, o menos, como máximo, "
    "como mucho, "
    "ou menos, no máximo, o meno, al massimo, of minder, hoogstens, eller mindre, eller färre, lub mniej, a méně, "
    "или менее, или меньше, и менее, أو أقل, या कम",
    Stance.LOST: "loss, losses, lost, net loss, deficit, shortfall, in debt, in the red, overdrawn, decrease, "
    "decline, drop, reduction, lower, less, fewer, cheaper, short, verlust, defizit, rückgang, weniger, schulden, de "
    "perte, de moins, de pérdida, de pérdidas, menos, de prejuízo, di perdita, in meno, verlies, minder, убытка, "
    "меньше",
    Stance.PART: "less than, fewer than, more than, higher than, lower than, weniger als, mehr als, and a half, "
    "short of, away from, off from, times that, times this, times as, times more, times less, times the, "
    "times its, times their, times his, "
    "times her, times our, times my, times your, times what, times higher, times lower, times larger, times smaller, "
    "times greater, times bigger, times faster, times slower, times longer, times better, times worse, mal so, "
    "mal mehr, mal größer, fois plus, fois moins, fois le, fois la, veces más, veces menos, veces el, veces la, "
    "volte più, volte meno, volte il, volte la, vezes mais, vezes menos, vezes o, vezes a, keer zo, keer meer, "
    "раз больше, раз меньше, razy więcej, smaller than, "
    "larger than, greater than, too many, too few, too much, too little, zu viel, zu wenig, de trop, "
    "and a quarter, et demi, y medio, e mezzo, e meio, squared, cubed, factorial, "
    "below zero, below freezing, under zero, degrees below, im quadrat, "
    "unter null, au carré, sous zéro, al cuadrado, bajo cero, ao quadrado, abaixo de zero, al quadrato, "
    "sotto zero, "
    "ниже нуля",
}
# Regular expressions, because of what may stand inside them; counters of East Asia may stand before them.
_TOUCHING_AFTER: Final = {
    Stance.DENIED: r"では?な|ではあり|じゃな|でない|は間違い|[이가]\s?아니|~~|[❌✗✘☒]"
    r"|\((?:wrong|incorrect|false|falsch|faux|negative|minus)\b",
    Stance.NEAR: r"-?odd\b(?!\s\w)|-?some(?:thing)?\b|\((?:(?:an?\s)?(?:rough\s)?(?:estimated?|est\.|guess"
    r"|approximation)|geschätzt"
    r"|estimé|estimado|stimato|примерно)\b|est\.(?!\w)|\?|だと思|と思|かも|でしょう|だろう|吧|인?\s?것\s?같|弱"
    r"|強|左右|上下|ぐらい|くらい|程度|前後|ほど|정도|쯤|가량"
    r"|내외",
    Stance.FROM: r"及?以上|이상|-?plus\b(?!\s[^\w\s]{0,2}\d)",
    Stance.UP_TO: "及?以下|以内|之内|이하|이내",
    Stance.ABOVE: "余|多|초과|'?(?:d|t)[ae]n\\s(?:fazla|çok)",
    Stance.BELOW: "未満|未满|미만",
}
_TAKEN_BACK: Final = re.compile(
    r"[\s.,;:!?…—-]{0,4}\(?(?:no,?\swait|wait,?\sno|oops|scratch\sthat|correction|make\sthat|or\srather|I\smean)\b",
    re.I,
)
# What may stand between such a word and its quantity: articles for all, verbs of being for a denial alone, so that
# `the maximum is 5` states a five.
_ARTICLES: Final = _words(
    "a an the of to total der die das den ein eine einen von zu le la les un une de des el los las o os as um "
    "uma il "
    "lo i gli di een het en ett det et"
)
_BEING: Final = _words(
    "be been is are was were am equal equals exactly just only really quite even actually simply merely "
    "necessarily "
    "cost costs have has had having make makes need needs take takes pay pays get gets worth ist sind war "
    "waren sein "
    "genau gleich est sont était soit exactement égal à que es son era ser igual exactamente é são foi "
    "exatamente è "
    "sono esattamente jest są to je jsou byl är er var ole sunt это есть было е είναι zijn precies adalah phải là"
)
_ALONE: Final = _words("no ne mai né nem some c. ok. sub log half")
"""Words that say another thing where they do not touch the quantity."""

_OF_LOSS: Final = re.compile(
    r"\b(?:los[ts]|lose|losing|deficit|short|debt|ow(?:e|ed|es|ing)\b|decreas|declin|drop|fall|fell\b|reduc|down\b"
    r"|lower"
    r"|less\b|fewer|behind|overdrawn|cheaper|discount|shr[aiu]nk|verlust|verl[io]|defizit|rückgang|schuld|s[ai]nk"
    r"|fiel\b"
    r"|fäll|weniger|pert|perd|baiss|moins|pérdid|caída|baj|menos|deb|prejuízo|queda|calo\b|meno\b|perso|verlies|tekort"
    r"|daling|minder|убыт|потер|сниж|меньш)",
    re.I,
)


def opposed(one: TextSpan, other: TextSpan) -> bool:
    """Whether the words around two figures say opposite things of them: `5 days before` and `5 days after`."""
    ours, theirs = _beside(one), _beside(other)
    return any(
        (ours & left and theirs & right and not (ours & right or theirs & left))
        or (ours & right and theirs & left and not (ours & left or theirs & right))
        for left, right in _OPPOSITES
    )


def _beside(place: TextSpan) -> set[str]:
    before = place.text[max(0, place.begin - _BEFORE) : place.begin].rpartition("\n")[2]
    after = place.text[place.end : place.end + _AFTER].partition("\n")[0]
    words = [*before.casefold().split()[-2:], *after.casefold().split()[:3]]
    return {word.strip(_OPENS + _ENDS) for word in words}


def asks_of_loss(question: str) -> bool:
    """Whether a text asks for a loss or a lack, so that its size is what an answer states."""
    return _OF_LOSS.search(question) is not None


_OPENS: Final = " \t\xa0\"'([{$€£¥*_"
_ENDS: Final = ".,;:!?\"')*_"

_Phrase = tuple[str, Stance]


def _phrases(rows: dict[Stance, str], key: int) -> dict[str, list[_Phrase]]:
    """Phrases by their first (0) or last (-1) word, the longest first."""
    table: dict[str, list[_Phrase]] = {}
    every = [(phrase.casefold(), stance) for stance, row in rows.items() for phrase in row.split(", ")]
    for phrase, stance in sorted(every, key=lambda each: -len(each[0])):
        table.setdefault(phrase.split()[key], []).append((phrase, stance))
    return table


_BY_LAST: Final = {
    last: (dict(reversed(found)), sorted({p.count(" ") + 1 for p, _ in found})[::-1])
    for last, found in _phrases(_WORDS_BEFORE, -1).items()
}
"""By their last word, phrases with what they say, and how many words they have, the most first."""
_BY_FIRST: Final = _phrases(_WORDS_AFTER, 0)
_WHOLE: Final = {phrase: stance for phrases in _BY_FIRST.values() for phrase, stance in phrases}
_SUFFIXES: Final = {sign: stance for stance, row in _TOUCHING_BEFORE.items() for sign in row.split()}
_LENGTHS: Final = sorted({len(sign) for sign in _SUFFIXES}, reverse=True)
# `10, at least.` says of the figure what `10 at least` does, `10, at least in March` what March does.
_ASIDE: Final = re.compile(r"\s?[,–—]\s?(?P<words>[^\W\d_][^.,;:!?\n()]{1,32})(?:[.!)]|\s*$)")
_COUNTED: Final = re.compile(
    r"\s?[^\W\x00-\x7f]{0,2}?\s?(?:"
    + "|".join(f"(?P<{stance.name}>{pattern})" for stance, pattern in _TOUCHING_AFTER.items())
    + ")"
)

# One value of several: numbers that nothing but a comma, a line or a word like `or` parts. A comma, a line and `and`
# part sentences as well, so that there nothing else may stand around the numbers.
_FIGURE: Final = r"[^\w\s]{0,3}\d+(?:[.,:/-]\d+)*(?:\s?[%°€$£]|\s?[A-Za-z]{1,3}(?![A-Za-z]))?"
_EITHER: Final = (
    r"or|and/or|oder|ou|o|u|eller|lub|albo|czy|или|або|nebo|veya|ya\sda|atau|hoặc|vagy|sau|ή|أو|או|या|vs\.?|versus"
)
_BOTH: Final = r"and|und|et|y|e|en|och|og|i|и|та|ve|dan|și|και|و|और|&"
_TOUCHING_JOINS: Final = r"或者?|还是|還是|和|与|與|及|、|または|もしくは|か|や|と|또는|이나|및"
_PERHAPS: Final = r"(?:(?:maybe|perhaps|possibly|even|rather|else|vielleicht|peut-être|quizás?|talvez|forse)\s)?"
_NOUN: Final = r"(?:\s[^\W\d_]{1,20})?"
_JOIN: Final = (
    rf"(?:{_NOUN},?\s\(?(?:{_EITHER})\s{_PERHAPS}|\s?[^\W\d\x00-\x7f]?(?:{_TOUCHING_JOINS})\s?"
    r"|,\s(?:maybe|perhaps|possibly|if\snot|or\seven)\s)"
)
_COMMA: Final = (
    rf"(?:\s?[,;|]\s{{0,4}}(?:(?:{_BOTH}|{_EITHER})\s)?|\s(?:{_BOTH})\s"
    r"|\s{0,4}\n\s{0,8}(?:[-*•]\s|\d{1,2}[.)]\s)?)"
)
_DIGITS: Final = re.compile(r"\d+(?:[.,:/-]\d+)*")
_COUNTS: Final = re.compile(r"\n\s{0,8}\d{1,2}[.)]\s")
_JOINED_ON: Final = re.compile(rf"(?:{_COMMA}{_FIGURE}){{0,12}}?{_JOIN}{_FIGURE}", re.I)
_JOINED_BEFORE: Final = re.compile(rf"(?P<run>{_FIGURE}{_JOIN})[^\w\s]{{0,3}}$", re.I)
_BARE_ON: Final = re.compile(
    rf"(?:{_COMMA}{_FIGURE}){{0,40}}(?={_NOUN}\s{{0,4}}(?:[.!?]?\s{{0,4}}(?:$|\n)|[\])}}\"'|]))", re.I
)
_BARE_BEFORE: Final = re.compile(
    r"(?:^|[\n:=(\[{|]|\b(?:is|are|was|were|be|ist|sind|est|sont|es|son|è|sono|é|são|answers?|values?|numbers?"
    r"|both|either|neither|sowohl|weder|ni|né|nem|ни"
    r"|get|got))"
    rf"\s{{0,4}}(?:\d{{1,2}}[.)]\s)?(?P<run>(?:{_FIGURE}{_COMMA}){{0,40}})[^\w\s]{{0,3}}$",
    re.I,
)
_RUN: Final = 200  # characters of a list before its last value


# One operand of a calculation in words. Behind an arrow stands what comes out of it, before one what goes in.
_OPERATOR: Final = (
    r"plus|minus|times|multiplied\sby|divided\sby|mod|(?:in\s)?base|mal|geteilt\sdurch|fois|divisé\spar"
    r"|multiplicado\spor|"
    r"dividido\s(?:por|entre)"
)
_OPERAND_ON: Final = re.compile(
    rf"(?:\s(?:{_OPERATOR})\s|\s?(?:\+/-|[-=]>|→)\s?)[^\w\s]{{0,2}}\d|\s(?:plus\sor\sminus)\s"
    # A power, product, quotient or residue whose second operand is no figure: `2^n`, `5·x`, `1/x`, `2(3)`.
    r"|\s?[<>≤≥≠]\s?[\w(]|\s?(?:\^|\*\*)|\s?[×·÷]\s?[^\W\d_](?![^\W\d_])|/(?:[^\W\d_](?!\w)|\s?[√π(])|\((?=[-\d√])"
    r"|\s?\\b?mod\b",
    re.I,
)
# The rest of a number of which the first part is written in figures: `5 point five`, `5点5`, `5元5角`, `5 tenths`.
_SPOKEN_ON: Final = re.compile(
    r"\s(?:point|dot|comma|komma|virgule|coma|vírgula|virgola|запятая|przecinek|punkt|přecinek)\s"
    r"(?:\d|zero|oh|one|two|three|four|five|six|seven|eight|nine)"
    r"|[点點块塊元円]\s?[\d半]|(?<=[点點块塊元円时時])[\d半]|[时時]半"
    r"|\s(?:tenths|hundredths|thousandths|sixteenths|eighths|sevenths|sixths|fifths|twelfths|viertel|drittel|fünftel"
    r"|sechstel"
    r"|achtel|zehntel|hundertstel|tausendstel|dixièmes|centièmes|millièmes|décimos|décimas|centésim[ao]s"
    r"|milésim[ao]s|decimi"
    r"|centesimi|millesimi|десятых|сотых|тысячных)\b"
    r"|\s(?:and\s(?:a|one)\shalf|and\s(?:one|three)\squarters?|und\sein(?:e|en)?\s(?:halb\w*|viertel)|et\sdemie"
    r"|\w+\set\sdemie)\b|\sto\sthe\s(?:power|\w+\spower)\b|\schoose\s\d|\s(?:\(?base\s\d|in\sbinary|\(?hex)",
    re.I,
)
# `42 % of 100 is 42` begins with an operand, `42 % of the 100 users left` with what is stated.
_SHARE_BEFORE: Final = re.compile(
    r"\s(?:of|von|der|de|di|dei|delle|van|av|af|z|из|от)\s(?:(?:all|the|all\sthe|those|these|our|a\stotal\sof"
    r"|den|allen|les|los"
    r"|las|i|os|as|de|alle)\s)?[^\w\s]{0,2}\d[\d.,]{0,12}[!)]?\s?(?:(?:=|≈|is|equals|makes|ist|est|es|é|è|to"
    r"|jest)\W|$)",
    re.I,
)
_OPERAND_BEFORE: Final = re.compile(rf"\d\s(?:{_OPERATOR})\s?[^\w\s]{{0,2}}$", re.I)


# `from 4 to 6` is no four, whether it is a range or a change.
_FROM: Final = re.compile(r"\b(?:from|von|de|da|van|från|fra|od|от|с)\s[^\w\s]{0,2}$", re.I)
_UNTIL: Final = re.compile(r"\s(?:to|up\sto|bis|auf|à|a|tot|till|til|do|до)\s[^\w\s]{0,2}\d", re.I)
# What it is applied to is no result: `log 5`, `f(5)`, `e^5`.
_FUNCTION: Final = re.compile(
    r"(?:[∛∜^]|\\?\b(?:ln|lg|log(?:_?\{?\w{1,2}\}?)?|exp|sqrt|cbrt|(?:arc)?(?:sin|cos|tan)|gcd|lcm|det|floor|ceil|abs)"
    r"\s?\(?|(?<!\w)[A-Za-z]\()\s?$"
)
_SUM: Final = re.compile(
    r"\b(?:sum|product|difference|quotient|ratio|average|mean)\s(?:of|between)\s[^\w\s]{0,2}$", re.I
)
_AND_MORE: Final = re.compile(r"(?:,\s?[^\w\s]?\d[\d.,]*){0,8},?\sand\s[^\w\s]{0,2}\d", re.I)
_SPANS: Final = ((_FROM, _UNTIL), (_SUM, _AND_MORE))
"""What stands before and behind the first of two quantities that are one thing together."""
_FRACTIONAL: Final = re.compile(r"\d[.,]\d+$")


def said_of(place: TextSpan) -> Said:
    """What the words that touch a quantity say of it.

    Special cases:
        Several at once: what touches the quantity counts, a denial or a bound before an approximation.
        `not less than`, `no more than`: bounds.
    """
    earlier = place.text[max(0, place.begin - _BEFORE) : place.begin]
    applied = f"{earlier}(" if place.text.startswith("(", place.begin) else earlier
    if _FUNCTION.search(applied) or any(
        before.search(earlier) and behind.match(place.text, place.end) for before, behind in _SPANS
    ):
        return _part(place)
    if place.text.startswith(("...", "…"), place.end) and _FRACTIONAL.search(place.text[place.begin : place.end]):
        return Said(Stance.NEAR)
    before = _said_before(earlier)
    if before not in (Stance.STATED, Stance.NEAR):
        if before is Stance.NAMED:
            return Said(before, earlier.rstrip(_OPENS).split()[-1].casefold())
        return _part(place) if before is Stance.PART else Said(before)
    after = _said_after(place.text[place.end : place.end + _AFTER])
    if after is not Stance.STATED:
        return _part(place) if after is Stance.PART else Said(after)
    if (
        _OPERAND_ON.match(place.text, place.end)
        or _SPOKEN_ON.match(place.text, place.end)
        or _SHARE_BEFORE.match(place.text, place.end)
        or _OPERAND_BEFORE.search(place.text, max(0, place.begin - _OPERANDS), place.begin)
    ):
        return _part(place)
    values = _values(place)
    return Said(before) if values is None else Said(Stance.LISTED, values)


_OF_MOMENTS: Final = {
    Stance.BELOW: r"before|prior\sto|earlier\sthan|ahead\sof|vor|avant|antes\sd[eo]l?|prima\sd(?:i|el|elle)"
    r"|voor|före|før|przed",
    Stance.ABOVE: r"after|later\sthan|nach|après|después\sdel?|depois\sd[aeo]s?|dopo|efter|etter|после|sometime\safter",
    Stance.UP_TO: r"by|until|till|through|(?:no|not)\slater\sthan|bis|jusqu'(?:au|à|en)|hasta|até|fino\s(?:a|al"
    r"|alle)|entro"
    r"|tot(?:\sen\smet)?|uiterlijk|spätestens(?:\sam|\sum)?",
    Stance.FROM: r"(?:no|not)\searlier\sthan|frühestens(?:\sam|\sum)?",
}
_MOMENT_BEFORE: Final = re.compile(
    r"\b(?:"
    + "|".join(f"(?P<{stance.name}>{words})" for stance, words in _OF_MOMENTS.items())
    + r")(?:\s(?:the|dem|zum|den|le|l'|el|il|la|las|les|de|het|om|kl\.?|um|[^\W\d_]{2,12}day,?|[^\W\d_]{2,8}tag,?))?$"
)
_ASKS_BOUND: Final = {
    stance: re.compile(rf"\b(?:{words})\b", re.I)
    for stance, words in {
        Stance.BELOW: r"before|earlier|vor|bevor|avant|antes|prima|voor|до|раньше",
        Stance.ABOVE: r"after|later|nach|nachdem|après|después|depois|dopo|after|после|позже",
        Stance.UP_TO: r"by|until|till|how\slong|deadline|due|latest|expir\w*|valid|clos\w*|ends?|lasts?|bis|frist"
        r"|spätestens|fällig|gültig|jusqu|échéance|limite|hasta|plazo|vence\w*|até|prazo|entro|scad\w*|fino|tot"
        r"|uiterlijk|до|срок\w*",
        Stance.FROM: r"earliest|frühestens|start\w*|open\w*|begin\w*|ab|seit",
    }.items()
}


def asks_of_bound(question: str, bound: Stance) -> bool:
    """Whether a text asks for such a bound of a time, so that `by Friday` states what it asks for."""
    return bound in _ASKS_BOUND and _ASKS_BOUND[bound].search(question) is not None


def moment_said_of(place: TextSpan) -> Said:
    """What the words that touch a date or a time say of it: `before`, `until` and `after` say other things of those.

    Special cases:
        What other words say of it, but that it is stated: that counts.
    """
    said = said_of(place)
    if said.stance is not Stance.STATED:
        return said
    window = place.text[max(0, place.begin - _BEFORE) : place.begin].rstrip(_OPENS).casefold()
    bound = _MOMENT_BEFORE.search(window)
    return said if bound is None else Said(Stance[str(bound.lastgroup)])


def _part(place: TextSpan) -> Said:
    around = place.text[max(0, place.begin - _BEFORE) : place.end + _AFTER]
    return Said(Stance.PART, " ".join(around.casefold().split()))


def _said_before(window: str) -> Stance:
    stance = _said_by_words_before(window)
    if stance is Stance.STATED and _AN_OPINION.search(window.rstrip(_OPENS).casefold()) is not None:
        return Stance.NEAR
    return stance


def _said_by_words_before(window: str) -> Stance:
    rest, stance = window.rstrip(_OPENS), Stance.STATED
    while length := next((n for n in _LENGTHS if n <= len(rest) and rest[-n:] in _SUFFIXES), 0):
        found = _SUFFIXES[rest[-length:]]
        if found is not Stance.NEAR:
            return found
        rest, stance = rest[:-length].rstrip(_OPENS), found
    words = [word.lstrip(_OPENS) for word in rest.casefold().split()]
    links, being = 0, False
    while words and links <= _MOST_LINKS:
        phrase, found = _ending(words, alone=links == 0)
        if phrase and not (being and found is not Stance.DENIED):
            if found is not Stance.NEAR:
                return found
            stance, links = found, 0
            del words[-phrase:]
            continue
        word = words.pop().rpartition("'")[2]
        if word not in _ARTICLES and word not in _BEING:
            break
        links, being = links + 1, being or word not in _ARTICLES
    return stance


def _ending(words: Sequence[str], *, alone: bool) -> tuple[int, Stance]:
    """How many words at the end are a phrase of the table, none where it is 0, and what they say.

    Args:
        words: What stands before the quantity, folded.
        alone: Whether they touch the quantity.
    """
    last = words[-1]
    if last.endswith("n't"):
        return 1, Stance.DENIED
    if not alone and last in _ALONE:
        return 0, Stance.STATED
    key = last if last in _BY_LAST else last.rpartition("'")[2]
    known, lengths = _BY_LAST.get(key, ({}, []))
    for length in lengths:
        phrase = key if length == 1 else " ".join(words[-length:])
        if (stance := known.get(phrase)) is not None:
            return length, stance
    return 0, Stance.STATED


def _said_after(window: str) -> Stance:
    if _TAKEN_BACK.match(window):
        return Stance.DENIED
    if (counted := _COUNTED.match(window)) is not None and counted.lastgroup is not None:
        return Stance[counted.lastgroup]
    if (aside := _ASIDE.match(window)) is not None and (behind := aside["words"].casefold()) in _WHOLE:
        return _WHOLE[behind]
    words = window.lstrip(_OPENS).casefold().split()
    for place in (0, 1):
        # The second time behind the noun that is counted.
        if place < len(words) and (place == 0 or words[0].isalpha()):
            for phrase, stance in _BY_FIRST.get(words[place].rstrip(_ENDS), ()):
                if " ".join(words[place : place + phrase.count(" ") + 1]).rstrip(_ENDS) == phrase:
                    return stance
    return Stance.STATED


def _values(place: TextSpan) -> str | None:
    """The values of which a quantity is one, as they are written; None where it stands alone, or all are alike."""
    text, begin, end = place
    while text[begin].isspace():
        begin += 1
    earlier = text[max(0, begin - _RUN) : begin]
    head, tail = _JOINED_BEFORE.search(earlier, max(0, len(earlier) - _BEFORE)), _JOINED_ON.match(text, end)
    if head is None and tail is None:
        tail = _BARE_ON.match(text, end)
        head = None if tail is None else _BARE_BEFORE.search(earlier)
        if head is None:
            return None
    before, after = "" if head is None else head["run"], "" if tail is None else tail[0]
    others = set(_DIGITS.findall(_COUNTS.sub("\n", f"{before}\n{after}")))
    if others <= set(_DIGITS.findall(text[begin:end])):
        return None
    return " ".join(f"{before}{text[begin:end]}{after}".casefold().split())
