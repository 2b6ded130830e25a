"""Saying the opposite of a sentence, in the languages that logs hold most: the finite verb is denied, or a denial gone.

Small tables of frequent verbs: a text with none of them, or in another language, cannot be denied here, and nothing is
said of how criteria take a denial of it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from random import Random

_VERB = "VERB"


@dataclass(frozen=True)
class SpokenLanguage:
    """How one language denies.

    Attributes:
        words: Words that tell the language, between `|`.
        verbs: Finite verbs that are often seen, between `|`.
        denied: A denied verb, with `VERB` in its place; "" where only `pairs` are used.
        pairs: Endings or verbs whose denial is another word.
        undone: Other denials, with what they deny.
        spaced: Words are separated by spaces.
    """

    words: str
    verbs: str = ""
    denied: str = ""
    pairs: Mapping[str, str] = field(default_factory=dict)
    undone: Mapping[str, str] = field(default_factory=dict)
    spaced: bool = True

    @cached_property
    def _both_ways(self) -> dict[str, str]:
        return {**self.pairs, **{denial: plain for plain, denial in self.pairs.items()}, **self.undone}

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        """A denial, whole, or what can be denied; the longest first."""
        found = sorted(map(re.escape, self._both_ways), key=len, reverse=True)
        if self.denied:
            verbs = f"(?:{self.verbs})"
            found += [self._denial(rf"(?P<denied>{verbs})"), rf"(?P<verb>{verbs})"]
        inner = "|".join(found)
        return re.compile(rf"(?<!\w)(?:{inner})(?!\w)" if self.spaced else inner, re.IGNORECASE)

    def _denial(self, verb: str) -> str:
        before, after = self.denied.split(_VERB)
        return f"{_spaces(before)}{verb}{_spaces(after)}"

    @cached_property
    def _telling(self) -> re.Pattern[str]:
        inner = "|".join(filter(None, (self.words, self.verbs)))
        return re.compile(rf"(?<!\w)(?:{inner})(?!\w)" if self.spaced else inner, re.IGNORECASE)

    def count(self, text: str) -> int:
        """Words of a text that tell this language."""
        return len(self._telling.findall(text))

    def deny(self, text: str, random: Random) -> str | None:
        """The text with one verb denied, or one denial gone; None where none of its verbs is known."""
        found = list(self._pattern.finditer(text))
        if not found:
            return None
        chosen = random.choice(found)
        groups = chosen.groupdict()
        if groups.get("verb") is not None:
            new = self.denied.replace(_VERB, groups["verb"])
        else:
            new = groups.get("denied") or self._both_ways[chosen.group().lower()]
        return text[: chosen.start()] + new + text[chosen.end() :]


def _spaces(text: str) -> str:
    return r"\s+".join(map(re.escape, text.split(" ")))


_ENGLISH = SpokenLanguage(
    "the|of|and|to|in|for|with|this|that|your|it|you|by|on|be",
    "is|are|was|were|can|could|will|would|should|must|does|do|did|has|have|may",
    "VERB not",
    {"can": "cannot"},
    {
        f"{verb}n{mark}t": verb
        for verb in ["is", "are", "was", "were", "could", "would", "should", "must", "does", "do", "did", "has", "have"]
        for mark in "'’"
    }
    | {"can't": "can", "can’t": "can", "won't": "will", "won’t": "will"},
)
_SPACED = (
    _ENGLISH,
    SpokenLanguage(  # German
        "der|die|das|und|ein|eine|mit|für|auf|von|zu|den|dem|im|nicht|sie",
        "ist|sind|war|waren|kann|können|wird|werden|muss|darf|soll|hat|haben|wurde|wurden",
        "VERB nicht",
    ),
    SpokenLanguage(  # French
        "le|la|les|des|et|une|pour|dans|du|vous|votre|sur|par|pas|au",
        "peut|peuvent|sont|sera|seront|doit|doivent|fait|va|permet|contient|couvre|reste",
        "ne VERB pas",
        {"est": "n'est pas", "a": "n'a pas", "ont": "n'ont pas", "était": "n'était pas", "avait": "n'avait pas"},
    ),
    SpokenLanguage(  # Spanish
        "el|los|las|y|una|para|con|del|por|su|se|que|lo|al",
        "es|está|están|son|puede|pueden|tiene|tienen|debe|deben|será|fue|ha|han|hay|cubre|incluye",
        "no VERB",
    ),
    SpokenLanguage(  # Portuguese
        "os|as|uma|um|com|do|da|dos|das|seu|sua|ao|em|não|que",
        "é|está|estão|são|pode|podem|tem|têm|deve|devem|será|foi|há|cobre|inclui",
        "não VERB",
    ),
    SpokenLanguage(  # Italian
        "il|lo|gli|di|per|della|del|nel|che|non|un|suo|alla|sono",
        "è|può|possono|deve|devono|ha|hanno|sarà|viene|era|copre|include",
        "non VERB",
    ),
    SpokenLanguage(  # Dutch
        "de|het|een|van|en|voor|met|op|te|niet|dat|deze|uw|wordt",
        "is|zijn|was|waren|kan|kunnen|wordt|worden|moet|mag|heeft|hebben|zal",
        "VERB niet",
    ),
    SpokenLanguage(  # Danish, Norwegian
        "og|det|en|et|til|av|af|på|ikke|som|din|dette|den",
        "er|var|kan|vil|skal|må|har|blir|bliver|ble|blev",
        "VERB ikke",
    ),
    SpokenLanguage(  # Swedish
        "och|det|ett|till|på|inte|som|för|av|din|den|att",
        "är|var|kan|kommer|ska|måste|har|blir|blev|får",
        "VERB inte",
    ),
    SpokenLanguage(  # Polish
        "w|i|na|z|do|się|że|dla|przez|od|nie",
        "jest|są|był|była|było|może|mogą|ma|mają|będzie|musi|można|został|została",
        "nie VERB",
    ),
    SpokenLanguage(  # Czech
        "v|a|na|se|že|pro|od|ve|si|ke",
        pairs={"je": "není", "jsou": "nejsou", "byl": "nebyl", "byla": "nebyla", "může": "nemůže", "mohou": "nemohou"}
        | {"má": "nemá", "mají": "nemají", "bude": "nebude", "musí": "nemusí", "lze": "nelze"},
    ),
    SpokenLanguage(  # Russian, Ukrainian
        "[а-яёіїєґ]+",
        "является|являются|может|могут|был|была|было|были|будет|будут|должен|должна|должно|можно|имеет|имеют|"
        "входит|покрывает|разрешено|доступен|доступна|доступно|може|можуть|буде|має|мають|підлягає|є",
        "не VERB",
        {"есть": "нет"},
    ),
    SpokenLanguage(  # Turkish
        "ve|bir|bu|için|ile|de|da|olarak|daha|çok",
        pairs={"var": "yok", "vardır": "yoktur", "olur": "olmaz", "edilir": "edilmez", "olabilir": "olamaz"}
        | {"gerekir": "gerekmez", "yapılır": "yapılmaz", "geçerlidir": "geçerli değildir", "mümkün": "mümkün değil"},
    ),
    SpokenLanguage(  # Indonesian
        "yang|dan|di|untuk|dengan|ini|itu|dari|ke|pada|anda",
        "bisa|dapat|akan|boleh|harus|termasuk|tersedia|memiliki",
        "tidak VERB",
        {"sudah": "belum", "adalah": "bukan"},
    ),
    SpokenLanguage(  # Vietnamese
        "của|và|các|cho|này|trong|một|những|với|bạn|không",
        "có|được|thể|phải|sẽ|cần|bao gồm",
        "không VERB",
        {"là": "không phải là", "đã": "chưa"},
    ),
    SpokenLanguage("[\u0600-\u06ff]+", "يمكن|يجب|يوجد|يشمل|يغطي|يسمح|يتم", "لا VERB", {"هو": "ليس", "هي": "ليست"}),
    SpokenLanguage("[\u0590-\u05ff]+", "יכול|יכולה|ניתן|מותר|הוא|היא|היה|הייתה|כולל", "לא VERB", {"יש": "אין"}),
    SpokenLanguage("[\u0900-\u097f]+", "है|हैं|था|थी|थे|होगा|होगी|सकता|सकती|सकते", "नहीं VERB"),
)
_UNSPACED = (
    SpokenLanguage(  # Chinese
        "[\u4e00-\u9fff]",
        pairs={"是": "不是", "可以": "不可以", "能够": "不能够", "已经": "还没有", "需要": "不需要", "允许": "不允许"}
        | {"属于": "不属于", "包括": "不包括", "符合": "不符合", "有效": "无效", "应该": "不应该", "適用": "不適用"}
        | {"适用": "不适用", "應該": "不應該", "支持": "不支持"},
        undone={"不能": "能", "不会": "会", "不會": "會", "没有": "有", "沒有": "有"},
        spaced=False,
    ),
    SpokenLanguage(  # Japanese
        "[\u3040-\u30ff]",
        pairs={
            "です": "ではありません",
            "である": "ではない",
            "ます": "ません",
            "できる": "できない",
            "ました": "ませんでした",
        }
        | {
            "される": "されない",
            "している": "していない",
            "があります": "はありません",
            "がある": "はない",
            "でした": "ではありませんでした",
        },
        spaced=False,
    ),
    SpokenLanguage(  # Korean
        "[\uac00-\ud7af]",
        pairs={
            "있습니다": "없습니다",
            "있다": "없다",
            "있어요": "없어요",
            "합니다": "하지 않습니다",
            "됩니다": "되지 않습니다",
        }
        | {
            "입니다": "아닙니다",
            "된다": "되지 않는다",
            "한다": "하지 않는다",
            "했습니다": "하지 않았습니다",
            "가능": "불가능",
        },
        spaced=False,
    ),
    SpokenLanguage("[\u0e00-\u0e7f]", "สามารถ|เป็น|มี|ได้รับ|จะ|ต้อง|ครอบคลุม", "ไม่VERB", spaced=False),  # Thai
)


def deny(text: str, random: Random) -> str | None:
    """The text with one sentence that says the opposite; None where that is not known how.

    Args:
        text: In one language; the one that most of its words tell, English where several tell as many.
        random: Chooses the sentence.
    """
    # Signs of a script with no spaces are many in any text of it, so a word of Latin inside does not decide.
    unspaced = max(_UNSPACED, key=lambda one: (one.count(text), _UNSPACED.index(one)))
    if unspaced.count(text) > 0:
        kana = next(one for one in _UNSPACED if one.words.startswith("[\u3040"))
        return (kana if kana.count(text) else unspaced).deny(text, random)
    spaced = max(_SPACED, key=lambda one: one.count(text))
    return spaced.deny(text, random) if spaced.count(text) else None
