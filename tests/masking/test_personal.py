"""Personal data is found by form, by check digits and by the words in front of it, in eight languages."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path

import pytest

from audit.core.personal import PERSONAL_KINDS, is_masked
from audit.masking.personal import found_personal
from audit.masking.recognisers import Recogniser
from audit.masking.redact import Redactor
from audit.masking.secrets import mask_secrets
from tests.masking.held_out import NOBODYS, held_out
from tests.masking.planted import LANGUAGES, LOOK_ALIKES, MORE_LOOK_ALIKES, SENTENCE, planted

ROOT = Path(__file__).parents[2]


def found(text: str) -> list[tuple[str, str]]:
    """Values and kinds."""
    return [(text[start:end], kind) for start, end, kind in found_personal(text, PERSONAL_KINDS)]


def test_recall_on_twelve_kinds_in_eight_languages() -> None:
    """At least 95 of 100 planted values go whole, of every kind and in every language."""
    tried: Counter[str] = Counter()
    left: Counter[str] = Counter()
    for case in planted():
        masked = Redactor(PERSONAL_KINDS).text(case.text)
        for part in (case.kind, case.language):
            tried[part] += 1
            left[part] += case.value in masked
    print(f"recall {1 - left.total() / tried.total():.4f} of {tried.total() // 2} planted values")
    assert set(tried) == {*PERSONAL_KINDS, *LANGUAGES}
    assert {part: n for part, n in left.items() if n > 0.05 * tried[part]} == {}


def test_what_is_masked_is_known_for_it() -> None:
    """Whoever learns from a log tells a placeholder of every kind from what people write."""
    for case in planted():
        masked = Redactor(PERSONAL_KINDS).text(case.text)
        assert is_masked(masked) is (masked != case.text), masked
    assert is_masked(mask_secrets("key AKIAIOSFODNN7REALKEY now")) is is_masked("<secret:key-in-use>") is True
    assert not any(map(is_masked, (*LOOK_ALIKES, *MORE_LOOK_ALIKES, *NOBODYS, "<b:strong>", "<email>", "a <3:1 b>")))


def test_false_alarms() -> None:
    """Of texts with what only looks like it, at most two in a hundred are touched."""
    texts = (*LOOK_ALIKES, *MORE_LOOK_ALIKES, *SENTENCE.values())
    alarms = [text for text in texts if found(text)]
    print(f"false alarms in {len(alarms)} of {len(texts)} texts")
    assert len(alarms) <= 0.02 * len(texts), alarms


def test_a_set_that_nothing_was_mended_by() -> None:
    """Its figures are what to expect of new text: 95 of 100 of every kind and language, two false alarms in 100."""
    cases = list(held_out())
    left = [case for case in cases if case.value in Redactor(PERSONAL_KINDS).text(case.text)]
    alarms = [text for text in NOBODYS if found(text)]
    print(f"held out: recall {1 - len(left) / len(cases):.4f} of {len(cases)}, {len(alarms)} false alarms of 100")
    assert {(case.kind, case.language) for case in cases} == {(k, lang) for k in PERSONAL_KINDS for lang in LANGUAGES}
    assert len(left) <= 0.05 * len(cases), left
    assert len(alarms) <= 0.02 * len(NOBODYS) == 2, alarms


WAYS = [
    ("Reach me at (415) 555-0132 after five.", "(415) 555-0132"),
    ("My cell: 415-867-5309", "415-867-5309"),
    ("tel. 0049 89 636 48018", "0049 89 636 48018"),
    ("Rufen Sie mich unter 089/63648018 an", "089/63648018"),
    ("Handynummer 01512 3456789", "01512 3456789"),
    ("appelez le 06.12.34.56.78", "06.12.34.56.78"),
    ("Mi móvil es 654321987", "654321987"),
    ("cell. 333 1234567", "333 1234567"),
    ("Telemóvel: 961234567", "961234567"),
    ("mijn nummer is 0612345678", "0612345678"),
    ("telefon 501-234-567", "501-234-567"),
    ("WhatsApp +5511987654321", "+5511987654321"),
    ("social security number 078-05-1120?", "078-05-1120"),
    ("SSN: 219-09-9999", "219-09-9999"),
    ("NI number QQ123456C", "QQ123456C"),
    ("National Insurance: AB 12 34 56 C", "AB 12 34 56 C"),
    ("NIE X1234567L", "X1234567L"),
    ("mon numéro de sécu est le 1 85 05 78 006 084 91", "1 85 05 78 006 084 91"),
    ("CPF 529.982.247-25", "529.982.247-25"),
    ("BSN: 123456782", "123456782"),
    ("codice fiscale RSSMRA85T10A562S", "RSSMRA85T10A562S"),
    ("PESEL: 02070803628", "02070803628"),
    ("Personalausweisnummer L01X00T471", "L01X00T471"),
    ("Her passport no. 533401372 expires", "533401372"),
    ("Reisepassnummer C01X00T47", "C01X00T47"),
    ("numéro de passeport 09AE12345", "09AE12345"),
    ("pasaporte AAA123456", "AAA123456"),
    ("passaporto YA1234567", "YA1234567"),
    ("paszport: EP1234567", "EP1234567"),
    ("DOB 12/31/1979", "12/31/1979"),
    ("date of birth is 1979-12-31", "1979-12-31"),
    ("she was born on the 4th of July 1985", "4th of July 1985"),
    ("geb. am 01.02.1990", "01.02.1990"),
    ("geboren: 1. Februar 1990", "1. Februar 1990"),
    ("née le 14 juillet 1989", "14 juillet 1989"),
    ("nacida el 5 de mayo de 1992", "5 de mayo de 1992"),
    ("nata il 7/8/1993", "7/8/1993"),
    ("nascido a 25 de abril de 1974", "25 de abril de 1974"),
    ("geboren op 27 april 1967", "27 april 1967"),
    ("urodzona 11 listopada 1918", "11 listopada 1918"),
    ("I live at 742 Evergreen Terrace, Springfield", "742 Evergreen Terrace"),
    ("ship to 10 Downing Street, London SW1A 2AA", "10 Downing Street"),
    ("350 Fifth Avenue, New York, NY 10118", "350 Fifth Avenue"),
    ("Wohnhaft Musterstr. 7, 12345 Berlin", "Musterstr. 7"),
    ("Unter den Linden 77, 10117 Berlin", "Unter den Linden 77"),
    ("j'habite 3 place de la République, 31000 Toulouse", "3 place de la République"),
    ("vivo en Calle de Alcalá 50, 28014 Madrid", "Calle de Alcalá 50"),
    ("C/ Gran Vía 12", "C/ Gran Vía 12"),
    ("abito in Via Giuseppe Verdi 8, 20121 Milano", "Via Giuseppe Verdi 8"),
    ("moro na Avenida Paulista, 1578", "Avenida Paulista, 1578"),
    ("ik woon op Damrak 12, Amsterdam", "Damrak 12"),
    ("Nieuwezijds Voorburgwal 147", "Nieuwezijds Voorburgwal 147"),
    ("mieszkam przy ul. Nowy Świat 15", "ul. Nowy Świat 15"),
    ("Dear Mr Johnson,", "Johnson"),
    ("Dr. Maria Silva will see you", "Maria Silva"),
    ("Signed, John A. Smith", "John A. Smith"),
    ("Ich bin Peter Schmidt", "Peter Schmidt"),
    ("Sehr geehrte Frau Dr. Weber", "Weber"),
    ("Bonjour, je suis Claire Martin", "Claire Martin"),
    ("Hola, soy Pablo Ruiz", "Pablo Ruiz"),
    ("Sono Marco Bianchi", "Marco Bianchi"),
    ("Sou o Pedro Costa", "Pedro Costa"),
    ("Ik ben Jan de Vries", "Jan de Vries"),
    ("Jestem Anna Nowak", "Anna Nowak"),
    ("I'm Sarah Connor and", "Sarah Connor"),
    ("this is Tom Baker speaking", "Tom Baker"),
    ("VAT no. GB 123 4567 82", "GB 123 4567 82"),
    ("USt-IdNr.: DE 136 695 976", "DE 136 695 976"),
    ("EIN 12-3456789", "12-3456789"),
    ("P.IVA 00743110157", "00743110157"),
    ("NIP 526-10-40-828", "526-10-40-828"),
    ("CNPJ 11.222.333/0001-81", "11.222.333/0001-81"),
    ("CIF B58378431", "B58378431"),
    ("card 5500-0000-0000-0004", "5500-0000-0000-0004"),
    ("amex 3782 822463 10005", "3782 822463 10005"),
    ("GB29NWBK60161331926819", "GB29NWBK60161331926819"),
    ("iban fr14 2004 1010 0505 0001 3m02 606", "fr14 2004 1010 0505 0001 3m02 606"),
    ("NL91 ABNA 0417 1643 00", "NL91 ABNA 0417 1643 00"),
    ("client 10.0.0.12 connected", "10.0.0.12"),
    ("fe80::1ff:fe23:4567:890a", "fe80::1ff:fe23:4567:890a"),
    ("MAC 00-1A-2B-3C-4D-5E", "00-1A-2B-3C-4D-5E"),
    ("0011.2233.4455", "0011.2233.4455"),
    ("mail jürgen@müller.example", "jürgen@müller.example"),
    ("first.last+tag@sub.domain.co.uk", "first.last+tag@sub.domain.co.uk"),
]
"""Other ways to write them, each with the value."""


@pytest.mark.parametrize(("text", "value"), WAYS, ids=lambda part: part[:24])
def test_other_ways_to_write_them(text: str, value: str) -> None:
    """Most of a value goes, whatever its writer made of the form."""
    spans = [text[start:end] for start, end, _ in found_personal(text, PERSONAL_KINDS)]
    assert any(value in span or (span in value and len(span) >= 0.6 * len(value)) for span in spans), spans


def test_the_rest_of_a_text_stays() -> None:
    """What stands around a value is left as it is, in whatever letters it is written."""
    for case in planted(seed=2, each=1):
        before, _, after = case.text.partition(case.value)
        # A title in front of a name and a town behind a street may belong to either.
        masked = Redactor(PERSONAL_KINDS).text(case.text)
        assert masked.startswith(before[:60])
        assert masked.endswith(after[-60:])


@pytest.mark.parametrize("odd", ["", "\ud800 ada@example.com \udfff", "日本 ada@example.com 日本", "\x00" * 50])
def test_places_hold_in_any_letters(odd: str) -> None:
    """Places are letters of the text, whatever its encoding takes; a lone surrogate moves nothing."""
    assert [value for value, _ in found(odd)] == ["ada@example.com"] * ("@" in odd)


def test_a_recogniser_of_another_package_adds_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """What it finds is replaced, under a kind of its own too; where the form told already, that holds."""

    class Installed:
        def installed(self) -> list[str]:
            return ["pets"]

        def get(self, name: str) -> Recogniser:
            assert name == "pets"
            return Recogniser(
                find=lambda text: [(text.index("Rex"), text.index("Rex") + 3, "pet"), (0, 5, "pet")], kinds=("pet",)
            )

    monkeypatch.setattr("audit.masking.personal.RECOGNISERS", Installed())
    masked = Redactor((*PERSONAL_KINDS, "pet")).text("ada@example.com has Rex")
    assert masked.startswith("<email:")
    assert "has <pet:" in masked
    assert "Rex" not in masked


def test_what_it_costs() -> None:
    """One pass in the main: prose without personal data takes a few microseconds for each kB. The figure is printed."""
    text = (ROOT / "README.md").read_text("utf-8") + (ROOT / "docs" / "security.md").read_text("utf-8")
    took = []
    for _ in range(5):
        began = time.process_time()
        list(found_personal(text, PERSONAL_KINDS))
        took.append(time.process_time() - began)
    print(f"{min(took) / len(text) * 1e9:.2f} microseconds per kB")
    planted_texts = " ".join(case.text for case in planted(each=1))
    assert len(found(planted_texts)) >= 12 * len(LANGUAGES)
