"""Texts in eight languages with planted personal data of twelve kinds, and texts with what only looks like it.

The values are made here, by the rules that their issuers publish; none is anybody's.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

LANGUAGES = ("en", "de", "fr", "es", "it", "pt", "nl", "pl")
FIRST = {
    "en": "James Olivia George Amelia", "de": "Jürgen Anna Lukas Sabine", "fr": "Émile Chloé Jérôme Manon",
    "es": "José Lucía Andrés Carmen", "it": "Giulia Marco Chiara Luca", "pt": "João Beatriz Tiago Inês",
    "nl": "Daan Sanne Pieter Femke", "pl": "Paweł Agnieszka Łukasz Zofia",
}  # fmt: skip
LAST = {
    "en": "Smith O'Brien Taylor Harrison", "de": "Müller Schäfer Weiß Krüger", "fr": "Lefèvre Dubois Moreau Girard",
    "es": "García Núñez Romero Ibáñez", "it": "Rossi Esposito Ferrari D'Angelo",
    "pt": "Gonçalves Ferreira Araújo Pinto",
    "nl": "Jansen Bakker Visser Smit", "pl": "Kowalski Wiśniewska Zieliński Wójcik",
}  # fmt: skip
NAMES = {
    "en": ("My name is {}.", "Please call Mrs. {} back.", "Kind regards,\n{}"),
    "de": ("Mein Name ist {}.", "Bitte rufen Sie Herrn {} zurück.", "Mit freundlichen Grüßen\n{}"),
    "fr": ("Je m'appelle {}.", "Merci de rappeler Madame {}.", "Cordialement,\n{}"),
    "es": ("Me llamo {}.", "La señora es Señora {}.", "Saludos,\n{}"),
    "it": ("Mi chiamo {}.", "Richiamare la Signora {}.", "Cordiali saluti,\n{}"),
    "pt": ("O meu nome é {}.", "Ligar à Senhora {}.", "Atenciosamente,\n{}"),
    "nl": ("Mijn naam is {}.", "Bel Mevrouw {} terug.", "Met vriendelijke groet,\n{}"),
    "pl": ("Nazywam się {}.", "Proszę oddzwonić do Pani {}.", "Pozdrawiam,\n{}"),
}
ADDRESSES = {
    "en": ("221B Baker Street", "1600 Pennsylvania Avenue", "14 Old Mill Lane, Springfield"),
    "de": ("Hauptstraße 12", "Schillerweg 3a", "Berliner Allee 101, 40212 Düsseldorf"),
    "fr": ("12 rue de la Paix", "5 bis avenue Victor Hugo", "8 boulevard Saint-Michel, 75006 Paris"),
    "es": ("Calle Mayor, 10", "Avenida de América 45", "Plaza de España, 7, 28008 Madrid"),
    "it": ("Via Roma 12", "Corso Garibaldi 7", "Piazza del Popolo, 3, 00187 Roma"),
    "pt": ("Rua Augusta, 100", "Avenida da Liberdade, n.º 24", "Travessa do Carmo 9, 1200-094 Lisboa"),
    "nl": ("Prinsengracht 263", "Kerkstraat 18", "Molenlaan 4, 1012 AB Amsterdam"),
    "pl": ("ul. Marszałkowska 10/12", "al. Jana Pawła 5", "ul. Długa 7, 00-238 Warszawa"),
}
BORN = {
    "en": ("I was born on {}.", "Date of birth: {}"),
    "de": ("Ich bin am {} geboren? Geburtsdatum: {}", "Geboren am {}"),
    "fr": ("Né le {}", "Date de naissance : {}"), "es": ("Nací el {}", "Fecha de nacimiento: {}"),
    "it": ("Nato il {}", "Data di nascita: {}"), "pt": ("Nasci em {}", "Data de nascimento: {}"),
    "nl": ("Geboren op {}", "Geboortedatum: {}"), "pl": ("Urodzony {}", "Data urodzenia: {}"),
}  # fmt: skip
DATES = {
    "en": ("March 3, 1980", "03/04/1991", "12 May 1975"), "de": ("3. März 1980", "04.05.1991", "12. Mai 1975"),
    "fr": ("3 mars 1980", "04/05/1991", "12 mai 1975"),
    "es": ("3 de marzo de 1980", "04/05/1991", "12 de mayo de 1975"),
    "it": ("3 marzo 1980", "04/05/1991", "12 maggio 1975"),
    "pt": ("3 de março de 1980", "04/05/1991", "12 de maio de 1975"),
    "nl": ("3 maart 1980", "04-05-1991", "12 mei 1975"), "pl": ("3 marca 1980", "04.05.1991", "12 maja 1975"),
}  # fmt: skip
PHONES = {
    "en": ("+44 20 7946 0958", "(212) 736-5000", "020 7946 0958"),
    "de": ("+49 30 901820", "030 90182011", "0171 2345678"),
    "fr": ("+33 1 42 68 53 00", "01 42 68 53 00", "06 12 34 56 78"),
    "es": ("+34 912 345 678", "912 345 678", "612 345 678"),
    "it": ("+39 06 6982 1234", "06 69821234", "347 123 4567"), "pt": ("+351 213 456 789", "213 456 789", "912 345 678"),
    "nl": ("+31 20 624 1111", "020 624 1111", "06 12345678"), "pl": ("+48 22 695 29 00", "22 695 29 00", "601 234 567"),
}  # fmt: skip
CALL = {
    "en": "Call me on {} please.", "de": "Meine Telefonnummer ist {}.", "fr": "Mon téléphone : {}.",
    "es": "Mi teléfono es {}.", "it": "Il mio telefono è {}.", "pt": "O meu telefone é {}.",
    "nl": "Bel me op {}.", "pl": "Mój telefon to {}.",
}  # fmt: skip
IDS = {
    "en": ("My SSN is {}.", ("536-90-4399", "219-09-8765")), "de": ("Steuer-ID: {}", ("36574261809", "36 574 261 809")),
    "fr": ("Numéro de sécurité sociale {}", ("2 55 08 14 168 025 38", "255081416802538")),
    "es": ("Mi DNI es {}", ("54362315K", "54362315-K")), "it": ("Codice fiscale: {}", ("RCCMNL83S18D969H",)),
    "pt": ("O meu NIF é {}", ("501964843",)), "nl": ("Mijn BSN is {}", ("111222333",)),
    "pl": ("Mój PESEL to {}", ("44051401359",)),
}  # fmt: skip
TAX = {
    "en": ("VAT number GB980780684", "GB980780684"), "de": ("USt-IdNr. DE136695976", "DE136695976"),
    "fr": ("TVA FR40303265045", "FR40303265045"), "es": ("NIF-IVA ESA13585625", "ESA13585625"),
    "it": ("Partita IVA IT00743110157", "IT00743110157"), "pt": ("NIPC PT501964843", "PT501964843"),
    "nl": ("Btw NL004495445B01", "NL004495445B01"), "pl": ("NIP PL8567346215", "PL8567346215"),
}  # fmt: skip
PASSPORTS = {
    "en": "My passport number is {}.", "de": "Reisepass Nr. {}", "fr": "Passeport n° {}", "es": "Mi pasaporte es {}",
    "it": "Passaporto: {}", "pt": "O meu passaporte: {}", "nl": "Paspoortnummer: {}", "pl": "Paszport nr {}",
}  # fmt: skip
SENTENCE = {
    "en": "I ordered two lamps last week and one arrived broken; what can I do now? ",
    "de": "Ich habe letzte Woche zwei Lampen bestellt, und eine kam zerbrochen an. ",
    "fr": "J'ai commandé deux lampes la semaine dernière et l'une est arrivée cassée. ",
    "es": "Pedí dos lámparas la semana pasada y una llegó rota; ¿qué puedo hacer? ",
    "it": "Ho ordinato due lampade la settimana scorsa e una è arrivata rotta. ",
    "pt": "Encomendei dois candeeiros na semana passada e um chegou partido. ",
    "nl": "Ik heb vorige week twee lampen besteld en er kwam er een kapot aan. ",
    "pl": "Zamówiłem w zeszłym tygodniu dwie lampy i jedna przyszła rozbita. ",
}
LOOK_ALIKES = (
    "Order 4111 1111 1111 1112 was shipped.", "Build 2026.11.3.1204 passed 1,204 tests in 3.5 s.",
    "The meeting is on 2026-03-04 at 10:30.", "Version 10.2.3 of the library, commit 9f8e7d6c5b4a.",
    "It costs 1 299,00 EUR, or 1.299,00 € a year.", "See RFC 2616, section 14.35, page 138.",
    "ISBN 978-3-16-148410-0 is out of print.", "At 12:30:45 the pump ran at 3000 rpm.",
    "Invoice INV-2026-000123456 is due in 30 days.", "Chapter 12 has 345 pages and 6 maps.",
    "Use a timeout of 30000 ms and 1048576 bytes.", "The ratio was 3.14159265 to 1.41421356.",
    "SKU 123456789 is out of stock.", "Ticket 20261104123456 was closed.", "Latitude 52.5200, longitude 13.4050.",
    "The street was empty and the road was long.", "Our doctor said that nothing is wrong.",
    "A passport is needed to travel; apply early.", "He was born to be a pilot, they say.",
    "Call the function twice, then call it again.",
    "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "Unix time 1795465420 is in 2026.", "The score was 3-2 after 120 minutes, 5-4 on penalties.",
    "x = 123456 * 789012 / 345678", "std::vector<int> v; v::size", "Set 192.168.1 as the prefix.",
    "The password is not a name: choose well.", "The IBAN has up to 34 letters and digits.",
    "Das Produkt DE12 ist im Regal 7.", "La calle estaba vacía.", "La rue était vide.", "De straat was leeg.",
    "Via e-mail is fine.", "Ulica była pusta.", "A rua estava vazia.", "The order of 12 May 2025 came late.",
    "Serial 8901234567890123 is not a card.", "uuid 123e4567-e89b-12d3-a456-426614174000",
    "POST /v1/items/12345678/lines/87654321 HTTP/1.1", "(1) first (2) second (3) third",
    "Ich bin Kunde seit 2019.",
    "I'm Happy with it.",
    "This is Great news",
    "Je suis Content",
    "Soy Cliente nuevo",
    "Am Montag 3 Uhr",
    "On Main Street there is a shop.",
    "Section 12 Way of working",
    "Die Straße 5",
    "See Figure 12, page 345",
    "call 911",
    "Call of Duty 4 Modern Warfare 2",
    "Order 123-456-789 shipped",
    "ISBN 0-306-40615-2",
    "version 3.11.7",
    "2026-11-29T01:02:03Z",
    "12:34:56:78",
    "10.1.2.3.4 is no address",
    "1,234,567.89",
    "price 1299 EUR",
    "EAN 4006381333931",
    "tracking 1Z999AA10123456784",
    "GET /a/1234567890123456",
    "id 507f1f77bcf86cd799439011",
    "0x1234567890ab",
)  # fmt: skip
MORE_LOOK_ALIKES = (
    "The Park Avenue 12 sofa is back in stock.",
    "We sell the Broadway 300 speaker and the Abbey Road 50 headphones.",
    "The model Kingsway 220 has been replaced.",
    "I like the Fifth Avenue 5 perfume and the Rodeo Drive 3 bag.",
    "Das Sofa Landstraße 7 ist ausverkauft.",
    "Der Schrank Allee 140 kostet 300 Euro.",
    "Das Regal Lindenweg 3 in Eiche.",
    "Wir haben Modell Ringstraße 20 im Angebot.",
    "La lampe Rue 12 est en rupture de stock.",
    "La mesa Plaza 120 es de roble.",
    "Il divano Via 200 costa 800 euro.",
    "O sofá Praça 3 chegou partido.",
    "De tafel Gracht 120 is op voorraad.",
    "Szafa Aleja 90 jest niedostępna.",
    "Route 66 is 2,448 miles long.",
    "Drive 5 miles, then turn left.",
    "Plan 9 from Outer Space Drive 1",
    "My phone case, item 4021187, is broken.",
    "The phone case item 612345678 arrived late.",
    "Phone stand, article 0612345678 please.",
    "Handyhülle Artikel 4021187654 ist kaputt.",
    "Coque de téléphone, référence 0123456789.",
    "Funda de móvil, artículo 612345678.",
    "Custodia cellulare, codice 3471234567.",
    "Capa de telemóvel, artigo 912345678.",
    "Telefoonhoesje, artikel 0612345678.",
    "Etui na telefon, artykuł 601234567.",
    "Call center ticket 20261104 is open.",
    "Mobile order 5551234567 is ready.",
    "VAT 19 % of 1234567.89 is due.",
    "VAT: 12345678 EUR for the quarter.",
    "VAT 1,234,567.00 was paid.",
    "plus VAT 20260000 in total",
    "MwSt. 12345678,90 EUR",
    "USt 12.345.678,00 EUR",
    "TVA 12 345 678 EUR",
    "IVA 12345678 euros",
    "Btw 12345678 euro",
    "The tax id field has 10 digits, e.g. 12345.",
    "IVA 21% sobre 12.345.678",
    "In La Liga 2020-2021 he scored 38.",
    "Das Telefonbuch 2019-2020 ist da.",
    "call 2024-2025 budgets",
    "Run it at 127.0.0.1 and 0.0.0.0.",
    "brotli>=1.2.0.0 and v10.0.0.1 of the driver",
    "Firmware 4.3.2.1 was released.",
    "M&Ms. The first bag has 20.",
    "Customer: Hi there.",
    "Name: Total",
    "Dear Customer, thank you.",
    "Dear Sir or Madam,",
    "Sehr geehrte Damen und Herren,",
    "Kind regards,",
    "Customer Support",
    "Mit freundlichen Grüßen",
    "Ihr Serviceteam",
    "I am Very Happy With This.",
    "This is Black Friday week.",
    "I'm Batman and you know it.",
    "Passport control is at gate B1234567.",
    "Passport photo size 35x45 mm",
    "Born to Run 1975",
    "Geboren in Berlin",
    "He was born in 1980.",
    "ID card printer ZXP1234567",
    "identity matrix 1000000000",
    "The document 123456789 was scanned.",
    "dni 3 del mes",
    "NIF format is 9 digits",
    "Invoice 4111-1111-1111-1111-22",
    "Acct DE12 3456 7890 1234 5678 90 is an example",
    "Herr der Ringe 3",
    "Pan American flights",
    "Pan Tadeusz is an epic",
    "100 Meter Straße",
    "Seite 12 Weg zum Ziel",
    "2 rue",
    "Place 3 items in the cart",
    "Place 12 Orders Today, 75001 times",
    "10 Square Meters of Tiles",
    "Wall Street 2: Money Never Sleeps",
    "Court 12 Ruling",
    "3 Way Switch",
    "4 Lane Highway",
    "6 Drive Bay NAS",
    "8 Street Tacos",
    "12 Park Tickets",
    "Samsung Galaxy Way 3",
    "Highway 101",
    "Sunset Boulevard (1950)",
    "Sunset Boulevard 1950",
)
"""Goods behind words for telephones, amounts behind taxes, products with a street's name, works and brands."""


@dataclass(frozen=True, slots=True)
class Planted:
    """A text, and the value of a kind that is in it."""

    text: str
    kind: str
    value: str
    language: str


def luhn(digits: str) -> str:
    """The digits with the one behind them that makes their sum right."""
    total = sum(d if i % 2 else (d * 2 - 9 if d > 4 else d * 2) for i, d in enumerate(map(int, reversed(digits))))
    return digits + str(-total % 10)


def iban(country: str, account: str) -> str:
    """An IBAN in groups of four."""
    turned = "".join(str(int(char, 36)) for char in f"{account}{country}00")
    whole = f"{country}{98 - int(turned) % 97:02d}{account}"
    return " ".join(whole[i : i + 4] for i in range(0, len(whole), 4))


def planted(seed: int = 1, each: int = 6) -> Iterator[Planted]:
    """Every kind in every language, several times."""
    rng = random.Random(seed)
    for language in LANGUAGES:
        for turn in range(each):
            for kind, line, value in _of(language, turn, rng):
                filler = SENTENCE[language]
                yield Planted(f"{filler}{line.replace('{}', value)} {filler}", kind, value, language)


def _of(language: str, turn: int, rng: random.Random) -> Iterator[tuple[str, str, str]]:
    first, last = rng.choice(FIRST[language].split()), rng.choice(LAST[language].split())
    plain = f"{first}.{last}".encode("ascii", "ignore").decode().replace("'", "").lower()
    yield (
        "email",
        "({})",
        f"{plain}{rng.randrange(99)}@mail.{rng.choice(['example.com', 'firma.example.pl', 'uni.edu'])}",
    )
    yield "phone", CALL[language], PHONES[language][turn % 3]
    digits = luhn("4" + "".join(rng.choices("0123456789", k=14)))
    card = " ".join(digits[i : i + 4] for i in range(0, 16, 4)) if turn % 2 else digits
    yield "card", "Card {}, 12/29.", card
    yield "iban", "IBAN {}.", iban(rng.choice(["DE", "PL", "PT"]), "".join(rng.choices("0123456789", k=20)))
    yield (
        "ip",
        "from {} today",
        rng.choice([f"203.0.113.{rng.randrange(1, 255)}", f"2001:db8::{rng.randrange(4096):x}:1f"]),
    )
    yield "mac", "device {} joined", ":".join(f"{rng.randrange(256):02x}" for _ in range(6))
    line, values = IDS[language]
    yield "national-id", line, values[turn % len(values)]
    yield "tax-id", TAX[language][0], TAX[language][1]
    number = "".join(rng.choices("0123456789", k=7))
    yield "passport", PASSPORTS[language], rng.choice(["C", "AB", "X"]) + number
    born = BORN[language][turn % 2]
    yield "birth-date", born.split("? ")[-1], DATES[language][turn % 3]
    yield "address", "{}.", ADDRESSES[language][turn % 3]
    yield "name", NAMES[language][turn % 3], f"{first} {last}"
