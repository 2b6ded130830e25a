"""How speakers decline a request, language by language: words for not being able, for what is asked, and for doing it.

A sentence declines where all three stand in it: `Ich kann diese Anfrage nicht bearbeiten`. The order is the
language's own, so each is looked for by itself.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple


class Speech(NamedTuple):
    """One language's words.

    Attributes:
        denies: Words of which one stands in every sentence that declines, folded.
        cannot: Regular expression for the speaker who cannot, may not or will not; `…` is a gap inside the sentence.
        does: Regular expression for what an assistant does with a request.
        request: Regular expression for the request by name.
        this: Regular expression for words that point to it, or to whoever asks.
        fillers: Words that say nothing more beside the others.
    """

    denies: str
    cannot: str
    does: str
    request: str
    this: str
    fillers: str = ""


SPEECHES: Final = (
    Speech(  # German
        denies="nicht nichts kein keine keinen keiner keinerlei",
        cannot=r"\b(?:(?:ich|wir) (?:kann|können|darf|dürfen|möchten?|werden?|will|wollen)"
        r"|(?:kann|können|darf|dürfen|möchten?|werden?|will|wollen) (?:ich|wir))\b…\b(?:nicht|nichts|kein\w*)\b",
        does=r"\b(?:machen|tun|(?:be|ver)arbeiten|aus(?:führen|füllen)|durchführen|umsetzen|erledigen|(?:weiter)?helfen"
        r"|beantworten|antworten|eingehen|leisten|unterstützen|sagen|teilen|verraten|angaben|auskunft|übernehmen"
        r"|erstellen|erfüllen|nachkommen|entsprechen|schreiben|(?:be)?sprechen|reden|diskutieren|behandeln"
        r"|behilflich|annehmen)\b",
        request=r"\b(?:anfrage|frage|bitte|wunsch|anliegen|aufforderung)\b",
        this=r"\b(?:das|dies\w*|dabei|damit|dazu|daran|darauf|darüber|hierzu|hierbei|hiermit|hierüber|dir|ihnen|euch"
        r"|so etwas|solch\w*)\b",
        fillers="leider aber jedoch einfach derzeit wirklich auch",
    ),
    Speech(  # French
        denies="pas plus",
        cannot=r"\b(?:je|nous) (?:ne |n')(?:(?:vous|te|t'|le|la|y) ?)?(?:peux|puis|pouvons|pourrai|veux|vais"
        r"|souhaite)\b…"
        r"\b(?:pas|plus)\b|\b(?:je|nous) ne (?:suis|sommes) pas (?:en mesure|autoris\w+|capables?)",
        does=r"\b(?:faire|traiter|répondre|aider|satisfaire|accéder|donner|exécuter|effectuer|fournir|créer|écrire|dire"
        r"|partager|discuter|réaliser|accomplir|rédiger|aborder)\b",
        request=r"\b(?:demande|requête|question)\b",
        this=r"\b(?:ça|cela|ceci|ce sujet|vous|te|toi|y|en parler)\b|\bt'",
        fillers="malheureusement mais désolé désolée vraiment",
    ),
    Speech(  # Spanish
        denies="no",
        cannot=r"\bno (?:(?:me|te|le|les|se|lo|la|os) )?(?:puedo|podemos|podré|voy a|vamos a|quiero|debo|pienso"
        r"|estoy autorizad\w|estoy en condiciones|soy capaz)\b",
        does=r"\b(?:procesar|tramitar|hacer|realizar|ejecutar|ayudar|responder|contestar|atender|cumplir|decir"
        r"|compartir"
        r"|crear|escribir|generar|hablar|comentar|completar|dar)",
        request=r"\b(?:solicitud|petición|pregunta|consulta)\b",
        this=r"\b(?:eso|esto|ello|te|le|les)\b|\w(?:ar|er|ir)(?:lo|te|le|les|la|nos)\b",
        fillers="lamentablemente pero",
    ),
    Speech(  # Italian
        denies="non",
        cannot=r"\bnon (?:(?:ti|vi|le|lo|la) )?(?:posso|possiamo|potrò|voglio|intendo|sono autorizzat\w"
        r"|sono in grado)\b",
        does=r"\b(?:elaborare|fare?|aiutar|rispond|soddisfar|gestire|eseguire|trattare|dir|condivid|crear|scriver"
        r"|fornir"
        r"|completar|parlar|evader)",
        request=r"\b(?:richiesta|domanda)\b",
        this=r"\b(?:quest[oa]|ciò|ti|vi|le)\b|\w(?:ar|er|ir)(?:ti|vi|le|la|lo|ne)\b",
        fillers="purtroppo ma però",
    ),
    Speech(  # Portuguese
        denies="não nao",
        cannot=r"\bn[ãa]o (?:(?:te|lhe|o|a) )?(?:posso|podemos|poderei|consigo|conseguimos|vou|quero|devo"
        r"|estou autorizad\w|sou capaz)\b",
        does=r"\b(?:processar|fazer|ajudar|auxiliar|responder|atender|executar|realizar|cumprir|dizer|compartilhar"
        r"|partilhar"
        r"|criar|escrever|gerar|completar|tratar|falar)",
        request=r"\b(?:solicitação|pedido|pergunta|requisição)\b",
        this=r"\b(?:isso|isto|te|lhe|você)\b|\w(?:ar|er|ir)-(?:te|lhe|lo|la|o|a)\b",
        fillers="infelizmente mas",
    ),
    Speech(  # Catalan
        denies="no",
        cannot=r"\bno (?:(?:et|us|li|ho) )?(?:puc|podem|podré)\b",
        does=r"\b(?:processar|fer|ajudar|respondre|atendre)",
        request=r"\b(?:sol·licitud|petició|pregunta)\b",
        this=r"\b(?:això|allò|et|us|li)\b|\w(?:ar|er|re)(?:-(?:te|vos|ho)|'t)\b",
    ),
    Speech(  # Romanian
        denies="nu",
        cannot=r"\bnu (?:(?:te|vă|îți|vi|o|îl) )?(?:pot|putem|am voie|voi|sunt în măsură|îmi este permis)\b",
        does=r"\b(?:ajuta?|proces\w+|fac\w*|răspund\w*|îndeplin\w+|ofer\w*|furniz\w+|spune|crea|scrie|discuta)\b",
        request=r"\b(?:solicitare\w*|cerere\w*|întrebare\w*)\b",
        this=r"\b(?:te|vă|îți|asta|aceasta|acest lucru)\b",
    ),
    Speech(  # Dutch
        denies="niet niets geen",
        cannot=r"\b(?:(?:ik|wij|we) (?:kan|kunnen|mag|mogen|wil|willen|zal|zullen|ga)"
        r"|(?:kan|kunnen|mag|mogen|wil|willen|zal) (?:ik|wij|we))\b…\b(?:niet|niets|geen)\b",
        does=r"\b(?:(?:be|ver)werken|helpen|beantwoorden|doen|uitvoeren|behandelen|voldoen|zeggen|delen|geven|maken"
        r"|schrijven|verstrekken|bespreken)\b",
        request=r"\b(?:verzoek|vraag|aanvraag)\b",
        this=r"\b(?:dit|dat|daar\w*|hier\w*|je|jou|u|zoiets)\b",
        fillers="helaas maar echt",
    ),
    Speech(  # Swedish, Norwegian, Danish
        denies="inte ikke ej",
        cannot=r"\b(?:(?:jag|jeg|vi) (?:kan|får|må|vill?|tänker)|(?:kan|får|må|vill?|tänker) (?:jag|jeg"
        r"|vi))\b…\b(?:inte|ikke|ej)\b",
        does=r"\b(?:behandla|hjälpa|göra|svara|besvara|utföra|säga|dela|skapa|skriva|tillgodose|uppfylla"
        r"|behandle|hj[eæ]lpe|gj?øre|svare|besvare|ut?d?føre|si|sige|dele|lage|skrive|oppfylle|opfylde)\b",
        request=r"\b(?:begäran|fråg(?:an|a)|förfrågan|forespørsel\w*|anmodning\w*|spørsmål\w*|spørgsmål\w*)\b",
        this=r"\b(?:det|detta|dette|dig|deg|dej|er)\b",
        fillers="tyvärr men desværre dessverre",
    ),
    Speech(  # Polish
        denies="nie",
        cannot=r"\bnie (?:(?:ci|panu|pani) )?(?:mogę|możemy|potrafię|będę|chcę|wolno mi|jestem w stanie|zamierzam)\b",
        does=r"\b(?:przetworzyć|pomóc|zrobić|robić|odpowiedzieć|wykonać|spełnić|zrealizować|powiedzieć|udzielić"
        r"|stworzyć"
        r"|napisać|omawiać|udostępnić|obsłużyć)\b",
        request=r"\b(?:prośb\w+|zapytani\w+|żądani\w+|pytani\w+|poleceni\w+)",
        this=r"\b(?:tego|tym|temu|ci|panu|pani)\b",
        fillers="niestety ale",
    ),
    Speech(  # Czech, Slovak
        denies="nemohu nemůžu nemůžeme nesmím nebudu nedokážu nemôžem nesmiem",
        cannot=r"\b(?:nemohu|nemůžu|nemůžeme|nesmím|nebudu|nedokážu|nemôžem|nesmiem)\b",
        does=r"\b(?:pomoc[it]|pomôcť|udělat|dělat|urobiť|zpracovat|spracovať|odpovědět|odpovedať|vyhovět|splnit|splniť"
        r"|provést|poskytnout|říc[it]|povedať|sdílet|vytvořit|napsat|diskutovat)\b",
        request=r"\b(?:požadav\w+|požiadavk\w+|žádost\w*|dotaz\w*|otázk\w+)",
        this=r"\b(?:to|toto|tím|tým|tomu|vám|ti)\b",
        fillers="bohužel ale",
    ),
    Speech(  # Croatian, Serbian, Slovene
        denies="ne",
        cannot=r"\bne (?:mogu|možemo|smijem|smem|morem|smem)\b",
        does=r"\b(?:pomoći|pomagati|odgovoriti|učiniti|obraditi|ispuniti|napraviti|reći)\b",
        request=r"\b(?:zahtjev\w*|zahtev\w*|pitanj\w+)",
        this=r"\b(?:to|tim|time|tome|ovo|vam|ti)\b",
    ),
    Speech(  # Russian
        denies="не нельзя",
        cannot=r"\bне (?:могу|можем|смогу|сможем|буду|стану|имею права|вправе|в состоянии)\b|\b(?:мне|нам) нельзя\b",
        does=r"\b(?:обработать|обрабатывать|помочь|помогать|выполнить|ответить|отвечать|сделать|делать|предоставить"
        r"|исполнить|разглашать|раскрыть|сказать|рассказать|обсуждать|создать|написать|удовлетворить|поделиться)\b",
        request=r"\b(?:запрос\w*|просьб\w+|вопрос\w*|эт\w+ информаци\w+)",
        this=r"\b(?:это\w*|эти[мх]|вам|тебе|так(?:ое|ого|ие)?)\b",
        fillers="но увы",
    ),
    Speech(  # Ukrainian
        denies="не",
        cannot=r"\bне (?:можу|можемо|зможу|зможемо|буду|маю (?:права|змоги|можливості)|в змозі)\b",
        does=r"\b(?:обробити|допомогти|виконати|відповісти|зробити|робити|надати|сказати|обговорювати|створити|написати"
        r"|розповісти)\b",
        request=r"\b(?:запит\w*|прохання|питання)",
        this=r"\b(?:це|цього|цим|цьому|вам|тобі|таке|такого)\b",
    ),
    Speech(  # Bulgarian
        denies="не",
        cannot=r"\bне (?:мога|можем|бива да)\b",
        does=r"\b(?:помогна|обработя|изпълня|отговоря|направя)\b",
        request=r"\b(?:заявка\w*|искане\w*|молба\w*|въпрос\w*)",
        this=r"\b(?:това|ви|ти)\b",
    ),
    Speech(  # Greek
        denies="δεν",
        cannot=r"\bδεν (?:(?:σας|σε) )?(?:μπορώ|μπορούμε|επιτρέπεται)\b",
        does=r"\b(?:βοηθήσω|κάνω|απαντήσω|επεξεργαστώ|εκτελέσω|ικανοποιήσω)\b",
        request=r"\b(?:αίτημ\w+|ερώτησ?η?\w*)",
        this=r"\b(?:αυτό|αυτά|σας|σε)\b",
    ),
    Speech(  # Finnish
        denies="en",
        cannot=r"\ben (?:voi|pysty|saa|aio)\b",
        does=r"\b(?:auttaa|tehdä|vastata|käsitellä|toteuttaa|täyttää)\b",
        request=r"\b(?:pyyntö\w*|kysymy\w+)",
        this=r"\b(?:siinä|tässä|sitä|tätä|siihen|tähän|sinua|teitä)\b",
    ),
    Speech(  # Hungarian
        denies="nem",
        cannot=r"\bnem (?:tudok|tudom|tudunk|fogok|szabad|áll módomban)\b",
        does=r"\b(?:segíteni|válaszolni|teljesíteni|feldolgozni|megtenni|elmondani)\b",
        request=r"\b(?:kérés\w*|kérdés\w*)",
        this=r"\b(?:ebben|ezt|ezzel|erre|azt|abban|önnek|neked)\b",
    ),
    Speech(  # Vietnamese
        denies="không",
        cannot=r"\b(?:tôi|chúng tôi|mình)\b…\bkhông (?:thể|được phép)\b",
        does=r"\b(?:thực hiện|làm|giúp|hỗ trợ|xử lý|trả lời|cung cấp|đáp ứng)\b",
        request=r"\b(?:yêu cầu|câu hỏi)\b",
        this=r"\b(?:điều (?:này|đó)|việc (?:này|đó)|bạn)\b",
    ),
    Speech(  # Indonesian, Malay
        denies="tidak tak",
        cannot=r"\b(?:saya|kami) (?:tidak|tak) (?:bisa|dapat|boleh|diizinkan|diperbolehkan|akan)\b",
        does=r"\b(?:memproses|melakukan|membantu|menjawab|memenuhi|memberikan|menyelesaikan|mengerjakan|membahas)",
        request=r"\b(?:permintaan|pertanyaan|permohonan)\b",
        this=r"\b(?:itu|ini|tersebut|anda|kamu)\b",
    ),
    Speech(  # Arabic
        denies="لا لن",
        cannot=r"\b(?:لا (?:أستطيع|يمكنني|أقدر|نستطيع|يمكننا)|لن (?:أتمكن|أستطيع))\b",
        does=r"(?:معالجة|تنفيذ|مساعدت|الإجابة|القيام|فعل|تلبية|الرد)",
        request=r"(?:الطلب|طلبك|السؤال|سؤالك)",
        this=r"\b(?:ذلك|هذا|هذه|بذلك|بهذا|مساعدتك\w*)\b",
    ),
    Speech(  # Hindi
        denies="नहीं",
        cannot=r"(?:मैं|हम) …नहीं (?:कर|दे|बना) ?(?:सकत|पाऊ)",
        does=r"(?:कर|दे|बना)",
        request=r"(?:अनुरोध|सवाल|प्रश्न)",
        this=r"(?:ऐसा|यह|इसमें|आपकी|आपको)",
    ),
)

OTHER_SENTENCES: Final = (
    r"\bmir\b[^.!?]{0,20}\bnicht (?:möglich|erlaubt|gestattet)|\bdas geht (?:leider )?nicht\W*$|\bnicht behilflich|"
    r"\b(?:habe ich|ich habe) kein\w* zugriff|\bkeine auskunft|\b(?:ich muss|muss ich)\b[^.!?]{0,40}\bablehnen\b",
    r"\bich (?:lehne (?:das|dies\w*)\b[^.!?]{0,30}\bab\b|weigere mich)|\bdas übersteigt meine"
    r"|\bich\b.{0,20}\bkeinen zugriff"
    r"|\b(?:me niego|tengo que (?:rechazar|negarme)|debo (?:rechazar|declinar))\b|\bno puedo acceder a (?:tu|su|esta"
    r"|esa) (?:petición"
    r"|solicitud)|\bmi rifiuto di\b|\brecuso-me\b|\bik weiger\b|\bmij niet toegestaan|\b(?:мы )?отказываемся\b",
    r"\bich kann (?:es|sie|ihn|das|die|den|diese[nrs]?|ihre[ns]?) (?:\w+ )?(?:leider )?nicht (?:öffnen|lesen|ansehen"
    r"|sehen|abrufen|anzeigen|abspielen|herunterladen)\W*$",
    r"\bje ne (?:peux|puis|parviens)(?: pas)?(?: à)? (?:l'|les? |la )?(?:ouvrir|lire|voir|consulter|visionner"
    r"|télécharger)(?: (?:ces?|cette|les?|la|votre|vos) [\w ]{1,30})?\W*$",
    r"\bno puedo (?:abrir|leer|ver|descargar|reproducir)(?:l[oa]s?| (?:el|la|los|las|es[eao]s?|est[eao]s?|tus?|sus?)"
    r" \w+)\W*$",
    r"\bm'est (?:pas possible|impossible|interdit)|\bimpossible pour moi|\bje (?:préfère|souhaite) ne pas|"
    r"\bje n'ai pas (?:accès|le droit)|\bje (?:vais )?(?:devoir )?(?:refuse|décline)",
    r"\bprefiero no\b|\bno me (?:está|es|será) (?:permitido|posible)|\bno tengo (?:acceso|permiso)|\bme niego\b",
    r"\bprefiro não\b|\bdevo recusar|\bnão tenho (?:acesso|permissão)|\bnão me é (?:permitido|possível)|\brecuso\b",
    r"\bpreferisco non\b|\bdevo (?:rifiutare|declinare)|\bnon ho (?:accesso|il permesso)|"
    r"\bnon mi è (?:possibile|permesso|consentito)|\bmi rifiuto\b",
    r"\bmoet\b.{0,40}\b(?:weigeren|afwijzen)|\bheb geen toegang|\b(?:ik (?:kan|mag|wil)|(?:kan|mag|wil) ik)\b.{0,50}"
    r"\b(?:niet|niets)\b.{0,12}\b(?:delen|uitvoeren|zeggen|doen|vertellen|inwilligen)",
    r"\bmuszę odmówić|\bodmawiam\b|\bnie mam (?:dostępu|uprawnień)|\bnie mogę tego (?:zrobić|zdradzić)",
    r"\bmusím (?:to )?odmítnout|\bodmítám\b|\bnemám přístup",
    r"\bвынужден\w* от(?:каз|клон)|\bотказываюсь|\bмне (?:не разрешено|запрещено|не позволено)|\b(?:не имею"
    r"|у меня нет) доступа|"
    r"^\W*(?:(?:но|увы)\W+)?это (?:для меня )?невозможно|\bвідмовляюс|\bзмушен\w* відмов|\bне маю (?:доступу|права"
    r"|змоги)",
    r"\bmåste (?:tacka nej|avstå|neka)|\bhar inte (?:tillgång|tillåtelse|möjlighet)|\bhar ikke (?:tilgang|adgang"
    r"|lov)|\bmå avslå",
    r"[无無][权權]|[无無]可奉告|做不到|[帮幫]不上|[帮幫]不了|不方便(?:回答|透露|[说說])|恕(?:我)?(?:不能|[无無]法"
    r"|[难難])|"
    r"我(?:必须)?[拒][绝絕]|(?<![您你户])(?:不能|[没沒][办辦]法|[无無]法)(?:告[诉訴]你|告[诉訴]您|透露|[这這]么?做"
    r"|[这這][样樣]做)",
    r"^\W*(?:(?:[这這][个個]?|此|[该該]|您的|你的)(?:[请請]求|要求|[问問][题題]|任[务務])我?们?|我们?"
    r"|我們)?(?:[暂暫][时時]|目前)?"
    r"(?:[无無]法|不能|[没沒][办辦]法)(?:[处處]理|完成|[执執]行|[满滿]足|回答|接受|提供)"
    r"(?:[这這][个個]?|此|[该該]|您的|你的)?(?:[请請]求|要求|[问問][题題]|任[务務])?\W*$(?<![成理行足答受供。])",
    r"^\W*(?:[这這][个個]?|此|[该該]|您的|你的)(?:[请請]求|要求|[问問][题題]|任[务務])我们?(?:[无無]法|不能"
    r"|[没沒][办辦]法)"
    r"(?:[处處]理|完成|[执執]行|[满滿]足|回答|接受)\W*$",
    r"^\W*(?:それ|これ|そのよう\w{0,8})は?(?:でき|出来|いたしかね|致しかね)|ご希望に(?:は)?沿|お断り(?:し|いた|致"
    r"|させ)|"
    r"応じ(?:られ|かね)ま|お伝え(?:でき|し?かね)|差し控え|お話し(?:でき|しかね)|^\W*私には?(?:それ"
    r"|これ)[^。]{0,8}できません",
    r"(?:リクエスト|依頼|要望|質問|お願い|要求)(?:を|に|には|は)[^。]{0,12}(?:でき|出来|られ|かね|受けでき"
    r"|応えでき)(?:ません|かねます|ない|ます)"
    r"(?<!できます)(?<!られます)",
    r"(?:답|답변|말씀|공개|알려|들어|응|처리|수행|제공)\w{0,6} ?(?:드릴 |할 )?수 ?(?:는 |가 )?없|거절(?:하|합)"
    r"|거부(?:하|합)|^\W*(?:할|해드릴) 수 없|^\W*(?:그건|그것은|그렇게|그런 것은|이건|이것은)(?: 제가)? (?:해 ?드릴"
    r"|할) 수 없",
    r"لا (?:أستطيع|يمكنني|أقدر|نستطيع|يمكننا) (?:مناقشة|مشاركة)|أرفض|لا أملك (?:إمكانية|صلاحية)|لا يسمح لي",
    r"(?:yapa|(?:yardım|kabul|devam) ede|vere|cevaplaya|yanıtlaya|paylaşa|söyleye|işleye|ola|getire|sağlaya"
    r"|tamamlaya|karşılaya|gerçekleştire)"
    r"m(?:[ea]m|[ıi]yorum|[ıi]yoruz)\b|\breddediyorum\b|erişimim yok|bun(?:a|u yapmama) izin(?:im yok| verilmiyor)",
    r"\btidak (?:memiliki|punya) akses|\bsaya (?:menolak|harus menolak)|\btôi (?:từ chối|phải từ chối)|không có quyền",
    r"نمی ?توانم[^.!؟]{0,40}(?:کمک|پاسخ|انجام|پردازش)|(?:کمک|پاسخ|انجام|پردازش)[^.!؟]{0,20}نمی ?توانم"
    r"|(?:সাহায্য|উত্তর|অনুরোধ)[^।.!?]{0,20}(?:পারব|পারছি|পারি) না|என்னால்[^.!?]{0,40}முடியாது"
    r"|\bsiwezi\b[^.!?]{0,20}\bku(?:saidia|kusaidia|jibu|fanya)|\bhindi (?:ko|kita|ako)\b[^.!?]{0,20}\b(?:matutulungan"
    r"|masasagot|magagawa|makakatulong)",
)
"""Further sentences that decline, where they are all that is said. Languages whose verbs hold the denial are here."""

APOLOGIES: Final = (
    r"(?:i\W?m|i am|we\W?re|we are)? ?(?:very |so |really |truly )?sorry|(?:my )?apologies|i apologi[sz]e",
    r"unfortunately|no\b|(?:es )?tut mir (?:sehr )?leid|entschuldigung|leider|ich bedau(?:e?re|re es)|je regrette"
    r"|malheureusement",
    r"(?:je suis )?(?:vraiment )?désolée?|lo siento(?: mucho)?|disculp\w*|perdón|lamentablemente|desculp\w*",
    r"lamento|sinto muito|infelizmente|mi dispiace|scusa\w*|spiacente|purtroppo|het spijt me|helaas|przykro mi"
    r"|przepraszam",
    r"niestety|je mi líto|omlouvám se|bohužel|извините|простите|к сожалению|увы|на жаль|вибачте|перепрошую"
    r"|съжалявам|žao mi je|很?抱歉|非常抱歉|对不起|對不起",
    r"不好意思|很?遗憾|很?遺憾|申し訳(?:あり|ござい)ません(?:が)?|すみません(?:が)?|恐れ入りますが|ごめんなさい"
    r"|残念ながら"
    r"|죄송합니다(?:만)?|죄송하지만|유감스럽지만|유감스럽게도|미안하지만|미안합니다|آسف|عذرا|أعتذر|للأسف|متأسفم",
    r"üzgünüm|maalesef|(?:mohon )?maaf|beklager|tyvärr|jag är ledsen|förlåt|ursäkta|undskyld|unnskyld|desværre"
    r"|dessverre|valitettavasti|sajnos|sajnálom"
    r"|(?:îmi|ne) pare rău|din păcate|λυπάμαι|(?:tôi )?(?:rất )?(?:xin lỗi|tiếc)|ho sento|माफ़ कीजिए|क्षमा करें"
    r"|मुझे खेद है|দুঃখিত|மன்னிக்கவும்|samahani|paumanhin",
)
"""How a refusal begins: with words that decline nothing."""

EAGER: Final = re.compile(
    r"\b(?:wait|warten|erwarten|attendre|esperar|aspettare|wachten|vänta|vente|czekać|doczekać|dočkat|ждать|дождаться"
    r"|дочекатися|aștept|chờ|menunggu)\b|الانتظار",
    re.IGNORECASE,
)
"""`I can't wait to help`: what the speaker cannot do is wait."""


def compiled(pattern: str) -> re.Pattern[str]:
    """A pattern of this table; `…` is what may stand between two words of a sentence."""
    return re.compile(pattern.replace("…", r"[^.!?\n]{0,60}?"), re.IGNORECASE)
