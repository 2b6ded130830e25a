"""What personal data looks like, as data: one pattern of RE2's dialect for each way of writing it, in eight languages.

A pattern is a cheap first look, in one pass for all; `personal.py` says by check digits, by the rules of the
telephone networks and by the words in front of it what a candidate really is. Each group is what is replaced.
"""

from __future__ import annotations

_UPPER, _LETTER = "A-ZÀ-ÖØ-ÞĀ-Ž", "A-Za-zÀ-ÖØ-öø-ÿĀ-ž"
"""Latin letters: all capitals of Unicode would make the machine behind the patterns ten times as large."""
CAPITAL = rf"[{_UPPER}][{_LETTER}'’-]+"
_SMALL_WORDS = r"(?:de|da|do|das|dos|di|del|della|van|von|der|den|zu|la|le|du|des|los|las|el|y|e|of)"
_NEXT_NAME = rf"(?: (?:{_SMALL_WORDS} ){{0,2}}(?:[A-Z]\. )?{CAPITAL})"
_FULL_NAME = rf"{CAPITAL}{_NEXT_NAME}{{0,3}}"
_TWO_NAMES = rf"{CAPITAL}{_NEXT_NAME}{{1,3}}"
_PLACE = rf"{CAPITAL}(?:[ -](?:{_SMALL_WORDS}[ -]){{0,2}}{CAPITAL}){{0,3}}"
_HOUSE = r"\d{1,5}(?: ?[a-zA-Z]\b)?(?:[/-]\d{1,4})?"
_TOWN = (
    rf"(?:,? (?:\d{{5}}(?:-\d{{3,4}})?|\d{{4}} ?[A-Z]{{2}}|\d{{2}}-\d{{3}}|\d{{4}}-\d{{3}}) {_PLACE}|"
    rf", {_PLACE}(?:,? [A-Z]{{2}} \d{{5}}|,? [A-Z]{{1,2}}\d[A-Z0-9]? ?\d[A-Z]{{2}})?)?"
)

_MONTH = (
    r"(?i:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|mai|okt|dez|mär|"
    r"fév|févr|avr|juin|juil|aoû|déc|ene|abr|ago|dic|"
    r"gen|mag|giu|lug|set|ott|out|fev|mrt|maa|mei|sty|lut|kwi|maj|cze|lip|sie|wrz|paź|lis|gru)[a-zà-öø-ÿ]{0,9}\.?"
)
_DATE = (
    r"(?:\d{1,2}[./-] ?\d{1,2}[./-] ?(?:19|20)?\d{2}|(?:19|20)\d{2}[./-]\d{1,2}[./-]\d{1,2}"
    rf"|\d{{1,2}}(?:st|nd|rd|th|er|º|°)?\.? (?:de |of )?{_MONTH},? (?:de )?(?:19|20)\d{{2}}"
    rf"|{_MONTH} \d{{1,2}}(?:st|nd|rd|th)?,? (?:19|20)\d{{2}})"
)
_BORN = (
    r"(?i:born|birth ?date|date of birth|birthday|d\.?o\.?b\.?|geboren|geb\.|geburtsdatum|geburtstag|née? le|"
    r"date de naissance|naissance|anniversaire|nacid[oa]|fecha de nacimiento|nacimiento|nací|cumpleaños|nat[oa] il|"
    r"data di nascita|nascita|compleanno|nascid[oa]|data de nascimento|nascimento|"
    r"nasci|aniversário|geboortedatum|geboorte|"
    r"verjaardag|urodzon[yea]|data urodzenia|urodzenia|urodziłem|urodziłam|urodziny)"
)
_PASSPORT = (
    r"(?i:passport|reisepass|passnummer|passeport|pasaporte|passaporto|passaporte|"
    r"paspoort|paspoortnummer|paszport|paszportu)"
)

_STREETS = (
    # 221B Baker Street
    rf"\d{{1,5}}[A-Z]? (?:{CAPITAL} ){{1,3}}(?:Street|St\b\.?|Avenue|Ave\b\.?|Road|Rd\b\.?|Lane|Ln\b\.?|Drive|Dr\b\.?|"
    r"Boulevard|Blvd\b\.?|Court|Ct\b\.?|Way|Place|Square|Terrace|Close|Crescent)",
    # Hauptstraße 5, Am Alten Markt has no form of its own and is not found; Prinsengracht 263
    rf"(?:{CAPITAL}[ -]){{0,2}}[{_UPPER}][{_LETTER}-]*(?: ?[sS]tra(?:ß|ss)e|"
    rf" ?[sS]tr\.| ?[wW]eg| ?[pP]latz| ?[aA]llee|gasse| ?[rR]ing|damm|ufer|"
    rf"straat|laan|plein|gracht|kade|dijk|steeg|wal|singel|rak) {_HOUSE}",
    # 12 bis rue de la Paix
    rf"\d{{1,5}}(?: (?:bis|ter))?,? (?:rue|avenue|av\.|boulevard|bd|place|allée|chemin|impasse|quai|cours|square) "
    rf"(?:de la |de l'|d'|du |des |de )?{_PLACE}",
    # Calle Mayor, 10; Via Roma 12; Rua Augusta, n.º 100
    rf"(?:Calle|C/|Avenida|Avda\.?|Av\.|Plaza|Paseo|Camino|Via|Viale|Piazza|Corso|Vicolo|Rua|Travessa|Praça|Estrada) "
    rf"(?:de la |de los |de las |della |delle |dei |del |de |do |da |dos |das |"
    rf"di )?{_PLACE},? (?:n\.?[ºo°]\.? ?)?{_HOUSE}",
    # ul. Marszałkowska 10/12
    rf"(?:ul\.|al\.|pl\.|os\.|[uU]lica|[uU]licy|[aA]leja|[aA]lei) {_PLACE} {_HOUSE}",
)

_POSTCODE = r"(?:\d{5}|\d{4} ?[A-Z]{2}|\d{2}-\d{3}|\d{4}-\d{3})"
_LIVES = (
    r"(?i:live at|wohne in|wohnhaft in|wohne|habite(?: au)?|vivo en|abito in|moro n[ao]|woon op|woon aan|mieszkam przy|"
    r"address is|address:|adresse:|dirección:|indirizzo:|endereço:|adres:)"
)
_ID_CARD = (
    r"(?i:\bni number|national insurance|personalausweis(?:nummer|nr\.?)?|ausweisnummer|id card|identity card|"
    r"carte d['’]identité|carta d['’]identità|documento de identidad|cartão de cidadão|identiteitskaart|"
    r"dow[oó]du? osobist\w{1,4}|nr dowodu)"
)

_TITLES = (
    r"(?:Mr|Mrs|Ms|Miss|Dr|Prof)\.?|Herrn?|Frau|Monsieur|Madame|Mademoiselle|Mme|Mlle|Señora?|Señorita|Sra?\.|Don|Doña|"
    r"Signora?|Signor|Sig\.(?:ra)?|Dott\.(?:ssa)?|Senhora?|Dona|Dhr\.|Mevr\.|Mevrouw|Meneer"
)
_I_AM = (
    r"(?i:my (?:full )?name is|name:|customer:|mein name ist|ich heiße|ich heisse|je m['’]appelle|mon nom est|nom ?:|"
    r"me llamo|mi nombre es|nombre:|mi chiamo|il mio nome è|nome:|o meu nome é|meu nome é|chamo-me|me chamo|"
    r"mijn naam is|ik heet|naam:|nazywam się|mam na imię|imię i nazwisko:|best regards,|kind regards,|sincerely,|"
    r"mit freundlichen grüßen,?|cordialement,?|saludos,?|cordiali saluti,?|atenciosamente,?|met vriendelijke groet,?|"
    r"pozdrawiam,?)"
)

_HEX = "[0-9A-Fa-f]{1,4}"

CANDIDATES: tuple[tuple[str, str], ...] = (
    # From the sign on: what stands before it may be long, and a pattern that began there would have to read on and on.
    ("email", rf"(@[{_LETTER}0-9-]{{1,63}}(?:\.[{_LETTER}0-9-]{{1,63}}){{0,8}}\.[A-Za-z]{{2,24}})\b"),
    ("mac", r"\b([0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4})\b"),
    ("mac", r"\b((?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}|(?:[0-9A-Fa-f]{2}-){5}[0-9A-Fa-f]{2})\b"),
    ("iban", r"\b([A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?)\b"),
    ("birth-date", rf"{_BORN}[^\n\d]{{0,24}}({_DATE})"),
    ("passport", rf"{_PASSPORT}[^\n\d]{{0,24}}?[ :#=]([A-Z]{{0,3}}[0-9][A-Z0-9]{{5,8}})\b"),
    ("passport", rf"{_PASSPORT}[^\n\d]{{0,24}}?[ :#=]([A-Z]{{1,3}}[0-9]{{6,8}})\b"),
    ("iban", r"(?i:\biban)[ :]{0,3}([A-Za-z]{2}\d{2}(?: ?[A-Za-z0-9]{4}){2,7}(?: ?[A-Za-z0-9]{1,4})?)\b"),
    ("national-id", rf"{_ID_CARD}[^\n\d]{{0,20}}?[ :#]([A-Z]{{1,3}} ?[0-9][A-Z0-9 ]{{5,11}}[A-Z0-9])\b"),
    *(("address", rf"({street}{_TOWN})") for street in _STREETS),
    ("address", rf"{_LIVES} ((?:{CAPITAL} ){{1,4}}{_HOUSE}{_TOWN})"),
    ("address", rf"({CAPITAL}(?: [{_LETTER}]{{1,20}}){{0,3}} {_HOUSE}, {_POSTCODE} {_PLACE})"),
    ("name", rf"(?:^|[^\w&])(?:{_TITLES})(?: (?:Dr|Prof)\.?){{0,2}} ({_FULL_NAME})"),
    ("name", rf"(?:[iI]ch bin|[jJ]e suis|[sS]oy|[sS]ono|[sS]ou [oa]|[iI]k ben|[jJ]estem|I['’]m|I am|[tT]his is|"
     rf"[sS]igned,?) ({_TWO_NAMES})"),
    ("name", rf"\bPan(?:i|a|em|u|ią)? ({_TWO_NAMES})"),
    ("name", rf"{_I_AM}\s{{1,3}}({_FULL_NAME})"),
    ("number", r"([+(]{0,2}\d[\d ().\-/]{6,28}\d(?:[- ]?[A-Z]\b)?)"),
    ("ip", r"\b(\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3})\b"),
    ("ip", rf"((?:{_HEX}:){{7}}{_HEX}|(?:{_HEX}:){{1,6}}:(?:{_HEX}(?::{_HEX}){{0,5}})?)"),
    ("coded", r"\b([A-HJNP-SUVW]\d{8})\b"),
    ("coded", r"\b([XYZ]-?\d{7}-?[A-Z])\b"),
    ("coded", r"\b([A-Z]{6}\d{2}[A-EHLMPRST]\d{2}[A-Z]\d{3}[A-Z])\b"),
    ("coded", r"\b([A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D])\b"),
    ("coded", r"\b((?:DE|ATU|FR[A-HJ-NP-Z0-9]{2}|IT|ES[A-Z0-9]|PL|PT|BE|GB|NL|"
     r"LU|SE|DK|FI)[ ]?[0-9][0-9 .]{5,14}[0-9A-Z]"
     r"(?:[B]\d{2})?)\b"),
)  # fmt: skip
"""The first that fits at a place decides what is looked at; kinds may occur twice."""

_ID_WORDS = (
    r"(?i)\b(?:ssn|social security|national insurance|nino|national id|"
    r"id number|id no|id card|identity|personalausweis|"
    r"ausweis|steuer-?id|steueridentifikations|idnr|sozialversicherung|nir|"
    r"numéro de sécu|sécurité sociale|insee|dni|nie|"
    r"documento|codice fiscale|cpf|nif|contribuinte|cartão de cidadão|bsn|burgerservice|pesel|dowód|dowodu|nr id)"
)
_TAX_WORDS = (
    r"(?i)\b(?:(?:vat|tax|tva|iva|btw|mwst)\.?[ -]?(?:id|reg|no\b|nr\b|num|núm|n[°º]|intra)|tin\b|ein\b|ust-?id|"
    r"umsatzsteuer-?id|steuernummer|numéro de tva|siren|siret|cif\b|nif-iva|partita iva|p\.? ?iva|cnpj|nipc|nip\b)"
)
_VAT_WORDS = r"(?i)\b(?:vat|tva|iva|btw|umsatzsteuer|mwst|ust)\b"
"""Of the tax as often as of the number: what follows is one by its check digits alone."""
_PHONE_WORDS = (
    r"(?i)(?:\b(?:my|mein|meine|mon|mi|mio|meu|mijn|mój) n[uú]m[a-zé]{1,5}|"
    r"\btel|phone|\bcall|\bmobile|\bcell|\bfax|handy|telefon|téléphone|"
    r"\bappel|\bnuméro|teléfono|móvil|llám|cellulare|"
    r"chiama|telefone|telemóvel|celular|\bliga|\bbel\b|mobiel|\bgsm|komórk|"
    r"zadzwo|whatsapp|\bsms\b|\btext me|\banruf|\bruf)"
)

WORDS = {"id": _ID_WORDS, "tax": _TAX_WORDS, "vat": _VAT_WORDS, "phone": _PHONE_WORDS}
"""Words that announce a number, by what they say that it is."""

OTHER_NUMBER = (
    r"(?i)\b(?:item|article|sku|part|model|order|ticket|invoice|serial|reference|ref|batch|case|gate|printer|reader|"
    r"version|artikel|bestellung|bestell|rechnung|modell|teil|seriennummer|référence|réf|commande|facture|modèle|"
    r"artículo|pedido|factura|modelo|referencia|articolo|codice|ordine|fattura|modello|artigo|código|encomenda|fatura|"
    r"bestelling|factuur|artykuł|zamówienie|faktura)s?\.?"
    r"(?:[ -]?(?:no|nr|num|number|nummer|número|numero|numer|id|n[°º])\b\.?)?[ :#.=-]{0,3}$"
)
"""Words right before a number that say what it is, whatever the words before them announced."""
MODEL = (
    r"(?i)(?:\b(?:modell?|modelo|modèle|modello|series?|serie|collection|kollektion|sofa|regal|edition|film|novel|song)"
    r"[: ]{1,2}[^ ]*$|\bmodell?$)"
)
"""Words before what is written like a street, or at its beginning, that make a product or a work of it."""
VERSION = r"(?i)(?:[=<>~^]=|[~^]|\b(?:v|versions?|firmware|release|build|driver|treiber))[ :.]{0,2}$"
"""What stands before a version of four parts, which looks like an address of the Internet."""
NO_NAMES = frozenset({
    "Hi", "Hello", "Hey", "Dear", "Thanks", "Thank", "The", "This", "That", "There", "It", "We", "You", "He", "She",
    "They", "Yes", "No", "Ok", "Okay", "Please", "Good", "Great", "Very", "So", "Not", "Just", "Really", "Total",
    "Black", "None", "Null", "Unknown", "True", "False", "Customer", "Hallo", "Guten", "Danke", "Bitte", "Ja",
    "Nein", "Bonjour", "Merci", "Oui", "Non", "Hola", "Gracias", "Buenos", "Buenas", "Sí", "Ciao", "Buongiorno",
    "Grazie", "Olá", "Bom", "Obrigado", "Obrigada", "Hoi", "Goedemorgen", "Bedankt", "Cześć", "Dzień", "Dziękuję",
    "Tak", "Nie",
})  # fmt: skip
"""Words with a capital that begin a sentence, not a name, where a name might stand."""
