"""Refusals that are the whole answer: an apology, and a sentence by which the speaker declines.

`I can't tell you that.` declines where nothing else is said; in front of an answer the same words may belong to it. So
every sentence must be a refusal or an apology, and none may go on with what is possible instead.
"""

from __future__ import annotations

import re

_LONGEST = 240
_NOT = r"(?:can(?:no|\W?)t|can not|won\W?t|will not|could not|couldn\W?t|(?:am|are|\W?m|\W?re) (?:unable|not able) to)"
_ASSIST = (
    r"(?:help(?! but\b)|assist|comply|answer(?! (?:the|my)\b)|respond|proceed|continue|fulfil|provide"
    r"|process(?! (?:my|the)\b)|do (?:that|this|so|it)\b|discuss"
    r"|say\b|tell you|look (?:that|this|it) up|write (?:that|this)|(?:share|disclose) (?:that|this|it|such)|verify"
    r"|predict|diagnose|prescribe"
    r"|(?:send|receive) (?:e-?mails?|messages)|(?:see|view|open|read) (?:images?|pictures?|files?|links?|attachments?)"
    # What a request brought along; a person's own things, and what stands before a person, are told from it.
    r"|(?:see|view|open|read|access|load|watch|play|hear|listen to|download|display|click(?: on)?|follow|visit)"
    r" (?:it|that|this|them|those|these|(?:that|this|these|those|the|your|any) (?:\w+ ){0,2}"
    r"(?:images?|pictures?|photos?|screenshots?|files?|documents?|pdfs?|links?|urls?|attachments?|videos?|recordings?"
    r"|audio|spreadsheets?|web ?pages?|web ?sites?)(?: (?:you (?:sent|shared|attached|uploaded|linked|provided)"
    r"|(?:from|in) here|directly))?)(?=\W*$))"
)
_ENGLISH = (
    rf"\bi\W? ?{_NOT} (?:be able to )?{_ASSIST}|^\W*(?:unable to|not able to|can(?:no|\W?)t) {_ASSIST}",
    r"\bi(?:\W?m| am) (?:just|only|merely) an? (?:ai|bot|assistant|chatbot|language model|program)\b.{0,60}"
    r"\b(?:can(?:no|\W?)t|not|don\W?t|unable)\b",
    r"\bi(?:\W?m| am) not (?:qualified|licensed|trained|supposed|here|meant|intended) to\b",
    r"\bi (?:have no|do not have (?:a|any)|don\W?t have (?:a|any)) (?:way|means|tools?) (?:to|of|for)\b"
    r"|\bi lack the \w+ to\b",
    r"\bi (?:do not|don\W?t) (?:provide|give|offer|discuss|answer|write|support|engage)\b",
    r"\bi(?:\W?ve| have| was| am|\W?m) (?:been )?(?:instructed|told|asked|programmed|trained) not to\b",
    r"\b(?:have to|must|going to|\W?ll|will) pass on (?:this|that|your)\b|\bno can do\b|\bnothing (?:that )?i can do\b",
    r"(?:\bnot|n\W?t)(?: be)? (?:appropriate|right|proper) for me to\b",
    r"\b(?:is|be) (?:inappropriate|improper|unethical|irresponsible) (?:for me|of me) to\b",
    r"\bi\b.{0,12}\b(?:have|going|need) to (?:respectfully |politely )?(?:decline|pass)(?: on| this| that|\W*$)",
    r"^\W*(?:i\W?d|i would) rather not\W*$",
    r"^\W*i (?:must |have to |will )?refuse\W*$|^\W*(?:no\W+|nope\W+)?not doing (?:that|this|it)\W*$",
    r"^\W*\[refus(?:ed|al)\]\W*$",
    r"^\W*(?:this |the |my )?(?:response|answer|reply) (?:is |was |has been )?(?:blocked|withheld|filtered)\W*$",
    r"(?:\bnot|n\W?t) something (?:that )?i(?:\W?m| am|\W?ll| will)? "
    r"(?:comfortable|willing|able|allowed|going|prepared|do\b)",
    r"^\W*(?:(?:your |the |this )?(?:request|access|permission) (?:is |was |has been )?(?:denied|declined"
    r"|refused|rejected)|sorry\W+no|no\W+sorry)\W*$",
)
_OTHERS = (
    r"\bmir\b[^.!?]{0,20}\bnicht (?:möglich|erlaubt|gestattet)|\bdas geht (?:leider )?nicht\W*$|\bnicht behilflich|"
    r"\b(?:habe ich|ich habe) kein\w* zugriff|\bkeine auskunft|\bdas kann ich (?:leider )?nicht\W*$",
    r"\bich kann (?:es|sie|ihn|das|die|den|diese[nrs]?|ihre[ns]?) (?:\w+ )?(?:leider )?nicht (?:öffnen|lesen|ansehen"
    r"|sehen|abrufen|anzeigen|abspielen|herunterladen)\W*$",
    r"\bje ne (?:peux|puis|parviens)(?: pas)?(?: à)? (?:l['’]|les? |la )?(?:ouvrir|lire|voir|consulter|visionner"
    r"|télécharger)(?: (?:ces?|cette|les?|la|votre|vos) [\w ]{1,30})?\W*$",
    r"\bno puedo (?:abrir|leer|ver|descargar|reproducir)(?:l[oa]s?| (?:el|la|los|las|es[eao]s?|est[eao]s?|tus?|sus?)"
    r" \w+)\W*$",
    r"\bm['’]est (?:pas possible|impossible|interdit)|\bimpossible pour moi|\bje (?:préfère|souhaite) ne pas|"
    r"\bje n['’]ai pas (?:accès|le droit)|\bje (?:vais )?(?:devoir )?(?:refuse|décline)",
    r"\bprefiero no\b|\bno me (?:está|es|será) (?:permitido|posible)|\bno tengo (?:acceso|permiso)|\bme niego\b|"
    r"\bno puedo (?:hacerlo|ayudarl\w+|ayudart\w+)",
    r"\bprefiro não\b|\bdevo recusar|\bnão tenho (?:acesso|permissão)|\bnão me é (?:permitido|possível)|\brecuso\b",
    r"\bpreferisco non\b|\bdevo (?:rifiutare|declinare)|\bnon ho (?:accesso|il permesso)|"
    r"\bnon mi è (?:possibile|permesso|consentito)|\bmi rifiuto\b|\bnon posso farlo",
    r"\bmoet\b.{0,40}\b(?:weigeren|afwijzen)|\bheb geen toegang|\b(?:ik (?:kan|mag|wil)|(?:kan|mag|wil) ik)\b.{0,50}"
    r"\b(?:niet|niets)\b.{0,12}\b(?:delen|uitvoeren|zeggen|doen|vertellen|inwilligen)",
    r"\bmuszę odmówić|\bodmawiam\b|\bnie mam (?:dostępu|uprawnień)|\bnie mogę tego (?:zrobić|zdradzić)",
    r"\bmusím (?:to )?odmítnout|\bodmítám\b|\bnemám přístup|\bnemohu\b(?! se\b)",
    r"\bвынужден\w* отказ|\bотказываюсь|\bмне (?:не разрешено|запрещено|не позволено)|\b(?:не имею|у меня нет) доступа|"
    r"^\W*(?:я )?не могу\W*$|"
    r"^\W*(?:(?:но|увы)\W+)?это (?:для меня )?невозможно|\bвідмовляюс|\bзмушен\w* відмов|\bне маю доступу",
    r"\bmåste (?:tacka nej|avstå|neka)|\bhar inte (?:tillgång|tillåtelse)|\bhar ikke (?:tilgang|adgang|lov)|\bmå avslå",
    r"[无無][权權]|[无無]可奉告|做不到|[帮幫]不上|[帮幫]不了|不方便(?:回答|透露|[说說])|恕(?:我)?(?:不能|[无無]法|[难難])|"
    r"我(?:必须)?[拒][绝絕]|我不能(?:告[诉訴]|透露|[这這]么?做|[这這][样樣]做)",
    r"^\W*(?:それ|これ|そのよう\w{0,8})は?(?:でき|出来|いたしかね|致しかね)|ご希望に(?:は)?沿|お断り(?:し|いた|致|させ)|"
    r"応じ(?:られ|かね)ま|お伝え(?:でき|し?かね)|差し控え",
    r"(?:답|답변|말씀|공개|알려|들어|응|처리|수행|제공)\w{0,6} ?(?:드릴 |할 )?수 ?(?:는 |가 )?없|거절(?:하|합)"
    r"|거부(?:하|합)|^\W*(?:할|해드릴) 수 없",
    r"لا (?:أستطيع|يمكنني|أقدر|نستطيع|يمكننا) (?:فعل|القيام|ذلك|مناقشة|مشاركة)|أرفض|لا أملك (?:إمكانية|صلاحية)",
    r"\b(?:yapamam|edemem|veremem|cevaplayamam|paylaşamam|söyleyemem|reddediyorum)\b|erişimim yok|yerine getiremiyorum",
    r"\btidak (?:memiliki|punya) akses|\bsaya (?:menolak|harus menolak)|\btôi (?:từ chối|phải từ chối)|không có quyền",
)
_DECLINES = re.compile("|".join((*_ENGLISH, *_OTHERS)), re.IGNORECASE)
_SORRY = (
    r"(?:i\W?m|i am|we\W?re|we are)? ?(?:very |so |really |truly )?sorry|(?:my )?apologies|i apologi[sz]e",
    r"unfortunately|no\b|(?:es )?tut mir (?:sehr )?leid|entschuldigung|leider|je regrette|malheureusement",
    r"(?:je suis )?(?:vraiment )?désolée?|lo siento(?: mucho)?|disculp\w*|perdón|lamentablemente|desculp\w*",
    r"lamento|sinto muito|infelizmente|mi dispiace|scusa\w*|purtroppo|het spijt me|helaas|przykro mi|przepraszam",
    r"niestety|je mi líto|omlouvám se|bohužel|извините|простите|к сожалению|увы|на жаль|很?抱歉|非常抱歉|对不起|對不起",
    r"不好意思|申し訳(?:あり|ござい)ません(?:が)?|すみません(?:が)?|恐れ入りますが|죄송합니다(?:만)?|죄송하지만|آسف|عذرًا|أعتذر",
    r"üzgünüm|maalesef|maaf|beklager|tyvärr|desværre|valitettavasti|sajnos",
)
_APOLOGY = re.compile(rf"\W*(?:{'|'.join(_SORRY)})\W*", re.IGNORECASE)
_SENTENCES = re.compile(r"[.!?。！？؟;；:\n]+")
_GOES_ON = re.compile(
    r",\s?(?:so|but|however|though|because|since|as|and|aber|sondern|jedoch|weil|da|mais|car|pero|porque|mas|porém|ma|perché|"
    r"maar|omdat|ale|bo|но|потому|але|ama|fakat|tapi|men)\b|，(?:但|不[过過]|因[为為]|所以)|が、|지만[, ]",
    re.IGNORECASE,
)


def only_declines(text: str) -> bool:
    """Whether a short text says that its speaker declines, and nothing else."""
    if len(text) > _LONGEST:
        return False
    declined = False
    for sentence in filter(str.strip, _SENTENCES.split(text)):
        apology = _APOLOGY.match(sentence)
        said = sentence if apology is None else sentence[apology.end() :]
        if not _DECLINES.search(sentence) and not _DECLINES.search(said):
            if apology is None or said.strip():
                return False
        elif _GOES_ON.search(said):
            return False
        else:
            declined = True
    return declined
