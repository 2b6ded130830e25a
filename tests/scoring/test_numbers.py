"""Numbers are read whole or not at all: every notation of a country, and what must never pass for a number."""

from __future__ import annotations

import itertools
import random
from contextlib import suppress
from fractions import Fraction

import pytest
from babel import Locale, UnknownLocaleError, localedata
from babel.numbers import (
    UnsupportedNumberingSystemError,
    format_compact_decimal,
    format_currency,
    format_decimal,
    format_percent,
)

from audit.scoring.quantities.cut import quantities
from audit.scoring.quantities.numbers import NumberKind, Sameness, compare, number_of
from audit.scoring.scorers.numeric import as_quantity, pick

SAME, OTHER, UNCLEAR = Sameness.SAME, Sameness.OTHER, Sameness.UNCLEAR

# Languages whose short magnitudes (`t`, `mn`) have no second meaning there that a reader elsewhere would not share.
LANGUAGES = "en de fr es it nl pl ru uk zh ja ko ar hi th el he bg hr".split()  # noqa: SIM905 - a line of words


def said(wanted: object, text: str, which: str = "first") -> Sameness | None:
    """What comparing a value with the number of a text says; None where the text has none of the kind."""
    expected = as_quantity(wanted, which)
    found = pick((each for each in quantities(text) if each.kind is expected.kind), which)
    return None if found is None else compare(expected, found)


def written_in_every_locale(value: float) -> set[str]:
    """The value in each notation that the Unicode CLDR knows, native digits included."""
    texts = set()
    for name in localedata.locale_identifiers():
        if name.startswith("tok"):
            continue  # a constructed language that groups by two
        for system in ("default", "native", "latn"):
            with suppress(UnknownLocaleError, UnsupportedNumberingSystemError, ValueError):
                texts.add(format_decimal(value, locale=Locale.parse(name), numbering_system=system))
    return texts


@pytest.mark.parametrize("value", [1234567.89, -9876543.21, 10203.5, 0.25, -12.75])
def test_every_locale_round_trips(value: float) -> None:
    """What a country writes is read as what it means, and as nothing else."""
    texts = written_in_every_locale(value)
    assert len(texts) > 2
    assert {text for text in texts if said(value, text) is not SAME} == set()
    assert {text for text in texts if said(value + 0.01, text) is SAME} == set()


@pytest.mark.parametrize("zero", "٠۰०০௦๐０᠐")
def test_digits_of_other_scripts(zero: str) -> None:
    """Every decimal digit of Unicode is one; a changed one is another number."""
    digits = {ord(str(n)): chr(ord(zero) + n) for n in range(10)}
    assert said(60718.5, "60,718.5".translate(digits)) is SAME
    assert said(60718.5, "60,719.5".translate(digits)) is OTHER


@pytest.mark.parametrize("value", [1234.0, -56789.0, 4321000.0])
def test_one_group_is_never_another_number(value: float) -> None:
    """`1.234` may be a thousand or not: it is never equal to another number, and never silently this one's fraction."""
    for text in written_in_every_locale(value):
        assert said(value, text) in (SAME, UNCLEAR), text
        assert said(value + 1, text) is OTHER, text


@pytest.mark.parametrize("name", LANGUAGES)
def test_magnitudes_of_languages(name: str) -> None:
    """`2,5 Mio.` is 2,500,000 or unclear, and never 2.5."""
    for value, width in itertools.product((12_000, 2_500_000, 3_000_000_000, 40_000_000), ("short", "long")):
        text = format_compact_decimal(value, format_type=width, locale=name, fraction_digits=1)
        assert said(value, text) in (SAME, UNCLEAR), text
        digits = next(quantities(text.split("\xa0")[0].split(" ")[0])).readings[0]
        if digits != value:
            assert said(float(digits), text) is not SAME, text


@pytest.mark.parametrize(
    "name", ["en_US", "en_IN", "de_DE", "de_CH", "fr_FR", "pt_BR", "ja_JP", "sv_SE", "ar_EG", "pl_PL"]
)
def test_money_and_per_cent(name: str) -> None:
    """Currencies before or behind, and per cent, do not change a number; another currency is another amount."""
    for currency in ("USD", "EUR", "GBP"):
        text = format_currency(-98765.43, currency, locale=name)
        assert said(-98765.43, text) is SAME, text
        assert said(98765.43, text) is OTHER, text
    assert said(12.5, format_percent(0.125, locale=name, decimal_quantization=False)) is SAME
    assert said(format_currency(5.25, "USD", locale=name), format_currency(5.25, "EUR", locale=name)) is OTHER


def test_one_changed_digit_is_another_number() -> None:
    """Each digit of a long number counts, wherever it stands: nothing is rounded away."""
    rng = random.Random(7)
    for _ in range(300):
        digits = [rng.choice("123456789"), *rng.choices("0123456789", k=rng.randint(0, 24))]
        if rng.random() < 0.5:
            digits.insert(rng.randint(1, len(digits)), ".")
        text = "".join(digits).rstrip(".")
        place = rng.choice([i for i, char in enumerate(text) if char != "."])
        other = text[:place] + str((int(text[place]) + rng.randint(1, 9)) % 10) + text[place + 1 :]
        assert said(text, text) is SAME
        assert said(text, other) is not SAME, (text, other)


@pytest.mark.parametrize("sign", ["-", "−", "–", "—", "‐", "﹣", "－", "minus ", "negative ", "moins ", "负"])
@pytest.mark.parametrize("value", ["7", "$7.50", "1,250.75", "3/8"])
def test_every_sign_counts(sign: str, value: str) -> None:
    """A negative number is not its opposite, whatever dash it is written with."""
    assert said(value, sign + value) is OTHER
    assert said("-" + value, sign + value) is SAME


@pytest.mark.parametrize("text", ["it is {}", "x = {}", "(x) {}", "was {} degrees", "es ist {}"])
def test_a_sign_behind_a_word_is_one(text: str) -> None:
    """A dash that touches the number and no word is its sign."""
    for written in ("-8", "−8", "-$8", "$-8", "minus 8"):
        assert said(-8, text.format(written)) is SAME, written
        assert said(8, text.format(written)) is OTHER, written


@pytest.mark.parametrize(
    ("wanted", "text"),
    [
        (17, "The total is 17."),
        (17, "seventeen"),
        (17, "**17**"),
        (17, "`17` items"),
        (17, "<b>17</b>"),
        (17, "=> 17"),
        (17, '{"total": 17}'),
        (17, "On 2023-11-30 there were 17"),
        (17, "On 3 May 2021 we had 17"),
        (17, "Since January 12, 2020: 17"),
        (17, "v2.4.1 has 17 changes"),
        (17, "8 + 9 = 17"),
        (17, r"We add 8 and get \boxed{17}"),
        (17, r"\boxed{\text{17 apples}}"),
        ("17th", "#17"),
        ("about 17", "roughly 17"),
        ("12° 30′", "12.5°"),
        ("8 Mb", "1 MB"),
        ("0.5%", "5‰"),
        ("5 mb", "5 mb"),
        (17, "au moins une heure: 17"),
        (17, "No, it is 17"),
        (17, "The bill is not due yet. 17"),
        (17, "Great, the total is 17!"),
        (8400, r"$8{,}400$"),
        (8400, r"8\,400"),
        (8400, "8_400"),
        (8400, "8’400"),
        (8400, "8\u2009400"),
        (0.75, r"\frac{3}{4}"),
        (-0.75, r"$-\dfrac34$"),
        (0.75, "¾"),
        (2.75, "2 ¾ cups"),
        (2.75, "2¾"),
        (2.75, "2 3/4"),
        (1 / 3, "1/3"),
        (7200, "7.2e3"),
        (7200, "7.2 × 10^3"),
        (7200, "7.2·10³"),
        (7200, r"7.2 \times 10^{3}"),
        (1000, "10³"),
        (49, "7²"),
        (255, "0xff"),
        (5, "0b101"),
        (-430, "(430)"),
        (-430, "$(430)"),
        (-430, "(€430)"),
        (150_000, "15万"),
        (320_000_000, "3亿2000万"),
        (5_000_000, "5 hundred万".replace("hundred", "百").replace(" ", "")),
        (3e9, "3 mil millones de euros"),
        (250_000, "2.5 lakh"),
        (4e7, "₹4 crore"),
        (6_000_000, "$6m"),
        (72, "6 dozen"),
        ("2 h 15 min", "135 minutes"),
        ("1.5 km", "1500 m"),
        ("6'2\"", "6 ft 2 in"),
        ("3 pm", "15:00"),
        ("4:45 PM", "16:45"),
        ("2h15m", "135 min"),
        ("3m20s", "200 seconds"),
        ("2d 4h", "52 h"),
        ("March 9, 2022", "2022-03-09"),
        ("2022年3月9日", "9. März 2022"),
        ("20%", "20 percent"),
        ("€12", "12 EUR"),
        ("4-6", "4-6"),
        ("GPT-4", "GPT-4"),
        ("<3", "<3"),
        ("10.0.0.7", "10.0.0.7"),
        ("10.0.7", "v10.0.7"),
        ("4-6", "4 to 6"),
        ("4 – 6 km", "4-6 km"),
        (17.5, "17€50"),
        (9, "3**2"),
        (1 / 3, r"0.\overline{3}"),
        (7 / 6, "1.1(6)"),
        (0.75, "³⁄₄"),
        ("66 in", "5 ft 6 in"),
        ("2 gal", "8 quarts"),
        ("17 m2", "17 m²"),
        ("17 m2", "17 square metres"),
        ("17 widgets", "17 widget"),
        ("17 widgets", "17"),
        (17, r"17 \text{ in all}"),
    ],
)
def test_the_same(wanted: object, text: str) -> None:
    """Notations of one value."""
    assert said(wanted, text) is SAME


@pytest.mark.parametrize(
    ("wanted", "text"),
    [
        (17, "117"),
        (17, "1.7.1"),
        (17, "17-19"),
        (17, "17 – 19"),
        (17, "17 to 19"),
        (17, "17:19"),
        (17, "17x"),
        (17, "17π"),
        (17, "17√2"),
        (17, r"\sqrt{17}"),
        (17, "17 ± 2"),
        (17, "<17"),
        (17, "≥ 17"),
        (17, "17+"),
        (17, "17 million"),
        (17, "17k"),
        (17, "17万"),
        (17, "17/19"),
        (17, "17 1/2"),
        (17, "17^2"),
        (17, "17⁵"),
        (17, "17 × 3"),
        (17, "B17"),
        (17, "room-17"),
        (17, "2024-05-17"),
        (17, "17 May 2024"),
        (17, "17/05/2024"),
        (17, "5 pm"),
        (17, "555-01-17"),
        (17, "192.168.17.1"),
        (17, "17,18,19"),
        (17, "NaN"),
        (17, "∞"),
        (2, "2\u00b2\u2070"),
        ("17 kg", "17 lb"),
        ("17 °C", "17 °F"),
        ("$17", "€17"),
        ("$17/month", "$17/year"),
        ("17 m", "17 km"),
        ("1 h 17 min", "1 h 18 min"),
        ("17-19", "17-20"),
        ("-17-19", "17-19"),
        ("17-19 days", "17-19 weeks"),
        ("17:19", "17:20"),
        ("4:45 PM", "4:45 AM"),
        ("2h15m", "2h25m"),
        ("2d 4h", "3d 4h"),
        (17, "17k-19k"),
        (17, "17%-19%"),
        (17, "17 kg to 19 kg"),
        ("v1.17", "v1.18"),
        ("<17", ">17"),
        ("17x", "17y"),
        ("A17", "B17"),
        ("2024-05-17", "2024-06-17"),
        ("17 May", "17 June"),
        ("36028797018963969", "36028797018963968"),
        ("123456789012.17", "123456789012.18"),
        ("17 billion", "17 million"),
        (17, "eksi 17"),
        (17, "ناقص 17"),
        (17, "마이너스 17"),
        (17, "➖17"),
        (17, "17₈"),
        (17, r"\frac{17}{n}"),
        (17, r"\neq 17"),
        (17, r"17 \text{ million}"),
        (17, "17 kEUR"),
        (17, "17 h 45"),
        ("17 N", "17 kN"),
        ("17 psi", "17 bar"),
        ("17 m2", "17 m3"),
        ("17 l/min", "17 l/h"),
        ("17 tbsp", "17 tsp"),
        ("17%", "17 percentage points"),
        ("17%", "17 basis points"),
        ("17 years", "17 light years"),
        ("$17", "NT$17"),
    ],
)
def test_never_the_same(wanted: object, text: str) -> None:
    """No part of a quantity passes for the whole."""
    assert said(wanted, text) in (OTHER, None)


@pytest.mark.parametrize(
    ("wanted", "text"),
    [
        (4567, "4.567"),
        (4.567, "4,567"),
        (0.4, "40%"),
        (430, "(430)"),
        (6e6, "6m"),
        (9, "9/10"),
        (9, "9 out of 10"),
        (300_000, "300 K"),
        (300, "300 K"),
        (-7, "7-"),
        (7, "7-"),
        (12, "12 500"),
        ("03/04/2025", "2025-03-04"),
        (2e12, "2 billion"),
        (0.4, "0.4%"),
        ("0.25%", "0.25"),
        (6, "6!"),
        (30, "30‰"),
        (30, "30 ppm"),
        (30, "30 per thousand"),
        (30, "item #30"),
        (30, "the 30th of them"),
        (30, "It is No. 30"),
        ("30 GB", "30 gb"),
        ("30 MW", "30 mw"),
        ("30 kcal", "30 cal"),
        ("30 widgets", "30 kg"),
        ("30 widgets", "30 gadgets"),
        ("30 kg", "30 bushels"),
        (30, "it rose from 30 to 40"),
        (17, "17th"),
        (17, "#17"),
        (30, "the sum of 30 and 40"),
        (30, "30 percent of 200"),
        (30, r"\boxed{\log 30}"),
        (30, "f(30)"),
        (30, "e^30"),
        (30, "30 grand"),
        (30.5, "30.5..."),
        (30, r"\boxed{30 \text{ or } 31}"),
    ],
)
def test_unclear(wanted: object, text: str) -> None:
    """Two readings, one of them the value: the measurement fails, and the answer is neither right nor wrong."""
    assert said(wanted, text) is UNCLEAR


@pytest.mark.parametrize("which", ["first", "last", "only"])
def test_which(which: str) -> None:
    """The first, the last, or the only number of a text; what counts the items of a list is none of them."""
    text = "1. We sold 30, and 12 came back."
    assert [value for value in (1, 30, 12) if said(value, text, which) is SAME] == {"first": [30], "last": [12]}.get(
        which, []
    )
    assert said(30, "we sold 30", which) is SAME
    assert said(30, "30: we sold 30.0", which) is SAME


@pytest.mark.parametrize(
    ("text", "counts"),
    [
        ("1. Open it.\n2. Wait 40 minutes.", True),
        ("1) Open it\n2) Wait 40 minutes", True),
        ("Step 1: open it.\nStep 2: wait 40 minutes.", True),
        ("(1) Wait 40 minutes", True),
        ("1.", False),
        ("2. That is the count.", False),
        ("3. apples\n5. pears", False),
        ("1.5 kg", False),
    ],
)
def test_what_counts_the_items_of_a_list(text: str, counts: bool) -> None:
    """From one on, at the start of a line, before words; the bare number that somebody answers stays one."""
    found = [each for each in quantities(text) if each.readings[0] != 40]
    assert [each.item for each in found] == [counts] * len(found)


def test_the_number_of_an_item_is_never_surely_the_answer() -> None:
    """`1. There is only one.` may mean that it is one, or be the first of several remarks."""
    assert said(1, "1. There is only one way.") is UNCLEAR


def test_tolerances_are_exact() -> None:
    """A tolerance of 0.3 lets 10.3 pass and 10.30001 not; slack for rounding never grows with the number."""
    wanted = number_of(10)
    assert wanted is not None
    for text, same in (("10.3", SAME), ("9.7", SAME), ("10.30001", OTHER)):
        assert compare(wanted, next(quantities(text)), absolute=Fraction("0.3")) is same
    noisy = number_of(0.1 + 0.2)
    assert noisy is not None
    assert compare(noisy, next(quantities("0.3"))) is SAME
    assert compare(noisy, next(quantities("0.3000001"))) is OTHER


@pytest.mark.parametrize(
    "piece", ["1 ", "1,", "1-", "$1 ", r"\frac", r"\boxed{", "<a ", "1.1.1", "*1* ", "1:", "年1", "(", "1e"]
)
def test_work_grows_with_the_text(piece: str) -> None:
    """Twice the text gives about twice the quantities."""
    counts = [sum(1 for _ in quantities(piece * n)) for n in (200, 400)]
    assert counts[1] <= 2 * counts[0] + 2


def test_kinds() -> None:
    """Dates, times and codes are quantities of their own."""
    kinds = [each.kind for each in quantities("On 2024-05-17 at 17:19, v1.2.3 cost $17")]
    assert kinds == [NumberKind.DATE, NumberKind.TIME, NumberKind.OTHER, NumberKind.NUMBER]


@pytest.mark.parametrize(
    ("left", "right"),
    [("mW", "MW"), ("MB", "Mb"), ("GB", "Gb"), ("kB", "Kb"), ("mV", "MV"), ("mA", "MA"), ("mWh", "MWh"), ("mHz", "MHz"),
     ("pF", "nF"), ("mmol", "mol"), ("mA", "A"), ("kPa", "MPa"), ("kJ", "J"), ("dB", "dBm"),
     ("mg", "Mg"), ("ms", "Ms"), ("mm", "Mm"), ("MBps", "Mbps")],
)  # fmt: skip
def test_case_of_units_counts(left: str, right: str) -> None:
    """A unit in another case is another unit."""
    assert said(f"7 {left}", f"7 {right}") is OTHER
    assert said(f"7 {left}", f"7 {left}.") is SAME


@pytest.mark.parametrize("text", ["6_00_0", "60_00", "6_0_0_0", "60_0_0"])
def test_groups_of_other_sizes_are_no_number(text: str) -> None:
    """Underscores part groups of three or four."""
    assert said(6000, text) is not SAME


# Two ways of saying different things; each side has figures in common with the other.
APART = r"""
half of 5 | twice 5 | the square root of 5 | 5 squared | 5 cubed | 5 too many | 5 too few | 5
\sin 30 | \cos 30 | ln 30 | \log 30 | f(30) | g(30) | e^{30} | x^{30}
from 4 to 6 | from 4 to 8
the sum of 30 and 40 | the product of 30 and 40 | the sum of 30 and 50
30% of 200 | 30% of 300
2^{1/2} | 2^{1/3} | 2^{0.5} | 2^n | 2^{n+1} | 2**0.5 | 2
2^{0.5} | 1
\sqrt{8} | \sqrt[3]{8} | \sqrt[4]{8}
1/\sqrt{2} | 1/\sqrt{3} | 1/x | 1/(2\pi) | 1
\frac{x}{3} | 3
\frac{5}{2^{3}} | \frac{10}{\sqrt{5}} | 5 | 10
5 \cdot x | 5 \div 2 | 2(3+4) | 2 | 5
-\boxed{5} | \boxed{5}
9.8 m/s | 9.8 m/s^2 | 9.8 m
5 kg/m^2 | 5 kg/m^3 | 5 kg·m | 5 kg
5 m s^{-1} | 5 m s^{-2} | 5 m
5 Nm | 5 nm
40.7° N | 40.7° S | 40.7° W
2024-01-01T10:00+02:00 | 2024-01-01T10:00-07:00 | 2024-01-01 10:00 PST | 2024-01-01T10:00Z
1 in 5 | 1 in 10 | 1
3 de cada 5 | 3 de cada 10 | 3
5分の3 | 5分の2 | 5
5 point five | 5 komma 5 | 5点5 | 5元5角 | 5块5 | 5 tenths | 5 Zehntel | 5 und ein halb | 5点半 | 5
5 yüz | 5 puluh | 5 สิบล้าน | 5 ร้อยล้าน | 5仟 | 5
5佰 | 5拾 | 5
5 trăm | 5 chục | 5
5 száz | 5
5 sata | 5
5 مئة | 5
5 מאות | 5
5% | 5% less
5% more | 5% less
up 5 points | down 5 points
5 days before | 5 days after
5 years ago | 5 years from now
5 minutes late | 5 minutes early
5 points ahead | 5 points behind
5 too high | 5 too low
half past 5 | quarter to 5 | 5
5 degrees Celsius | 5 degrees Fahrenheit
5 Grad Celsius | 5 Grad Fahrenheit
5 °C | 5 degrees F
5 centaines | 5 Tausende | 5
5 сотни | 5 কোটি | 5
Rp5 juta | Rp5
"""


@pytest.mark.parametrize("row", APART.strip().split("\n"))
def test_different_things_with_the_same_figures_are_never_the_same(row: str) -> None:
    """Whichever is the value and whichever the answer."""
    texts = row.split(" | ")
    for wanted, text in itertools.permutations(texts, 2):
        assert said(wanted, text) is not SAME, (wanted, text)


@pytest.mark.parametrize(
    ("wanted", "text"),
    [
        (0.6, "5分の3"),
        ("5%", "百分之5"),
        (500, "5 yüz"),
        (50_000_000, "5 สิบล้าน"),
        (-5, r"x = -\boxed{5}"),
        ("9.8 m/s^2", "9.8 m/s²"),
        ("9.8 m/s^2", r"9.8\,\text{m/s}^2"),
        ("9.8 m/s^2", "9.8 m s^{-2}"),
        ("5 kg/m^3", "5 kg/m3"),
        (9.8, "9.8 m/s^2"),
        ("40.7° N", "40.7°N"),
        ("2024-01-01T10:00Z", "2024-01-01 10:00 UTC"),
        (1, "1 in 2020"),
        (3, "x ≡ 3 (mod 7)"),
        (0.125, "2^{-3}"),
        ("half of 5", "Half of 5"),
        ("5 years", "5 years ago"),
        ("5 minutes", "5 minutes late"),
        ("5 °C", "5 degrees Celsius"),
        ("5 days after the order", "It came 5 days after the order, not before."),
        ("Rp 5000", "Rp5.000,00"),
    ],
)
def test_one_thing_in_two_notations_stays_one(wanted: object, text: str) -> None:
    """What tells things apart does not part what is the same."""
    assert said(wanted, text) is SAME


SPAN_ENDS = [
    ("10:30", "11:30"),
    ("3 pm", "5 pm"),
    ("2024-01-05", "2024-02-10"),
    ("5 January 2024", "10 February 2024"),
    ("Jan 5, 2024", "Feb 10, 2024"),
    ("05-JAN-2024", "10-FEB-2024"),
]


@pytest.mark.parametrize(("first", "last"), SPAN_ENDS)
@pytest.mark.parametrize("span", ["{}–{}", "{} - {}", "{} to {}", "between {} and {}", "{} bis {}"])
def test_an_end_of_a_span_of_time_is_not_stated(first: str, last: str, span: str) -> None:
    """A time or a date that begins or ends a span is none; alone it is itself, in whatever notation."""
    for one, which in ((first, "first"), (last, "last")):
        assert said(one, span.format(first, last), which) is not SAME, which
        assert said(one, one) is SAME


def test_spans_of_time_are_quantities() -> None:
    """Whatever joins their ends; another end is another span."""
    assert said("10:30-11:30", "10:30 to 11:30") is SAME
    assert said("10:30-11:30", "10:30 – 12:30") is OTHER
    assert said("2024-01-05/2024-02-10", "Jan 5, 2024 to Feb 10, 2024") is SAME
    for text in ("May 5-10", "May 5 to 10", "5 May - 10 May"):
        assert said("May 5", text) is not SAME, text


ZONES = {"": 0, "Z": 0, " UTC": 0, "+02:00": 120, " UTC+2": 120, " CEST": 120, " UTC-2": -120, " GMT+5:30": 330}
"""Minutes ahead of Universal Time; none is read as that beside one that says so."""


@pytest.mark.parametrize(("one", "other"), list(itertools.product(ZONES, repeat=2)))
@pytest.mark.parametrize("start", ["", "2024-01-05T"])
def test_a_time_in_another_zone_is_another(one: str, other: str, start: str) -> None:
    """Equal zones are the same; none and UTC are; what differs is never surely the same."""
    if start and (" GMT" in one + other or " UTC" in one + other or " CEST" in one + other):
        return  # no way to write an ISO time
    same = ZONES[one] == ZONES[other]
    assert (said(f"{start}12:30{one}", f"{start}12:30{other}") is SAME) is same


@pytest.mark.parametrize(("one", "other"), list(itertools.permutations([zone for zone in ZONES if zone], 2)))
def test_a_moment_is_the_same_in_every_zone(one: str, other: str) -> None:
    """The clock of another zone says another time at one moment, also across midnight."""
    for hour in (0, 12, 23):
        minutes = hour * 60 + 30 - ZONES[one] + ZONES[other]
        there = f"{minutes // 60 % 24:02}:{minutes % 60:02}{other}"
        assert said(f"{hour:02}:30{one}", there) is SAME, there


def test_a_day_begins_earlier_elsewhere() -> None:
    """The date belongs to the moment."""
    assert said("2024-01-05T23:30-01:00", "2024-01-06T00:30Z") is SAME
    assert said("2024-01-05T23:30-01:00", "2024-01-05T00:30Z") is OTHER


def test_hours_with_the_part_of_the_day() -> None:
    """Words say of a clock of twelve hours what am and pm do; fractions of a second are no other time without them."""
    assert said("12:00", "12:00 noon") is SAME
    assert said("12:00", "12:00 midnight") is OTHER
    assert said("15:00", "3:00 in the afternoon") is SAME
    assert said("2024-01-05T10:00:00Z", "2024-01-05T10:00:00.000Z") is SAME
    assert said("2024-01-05T10:00:00.1Z", "2024-01-05T10:00:00.2Z") is OTHER


@pytest.mark.parametrize("parted", ["<td>5</td><td>2</td>", "5<br>2", "<p>5</p><p>2</p>", "<li>5</li>2", "5<hr/>2"])
def test_tags_of_blocks_part_figures(parted: str) -> None:
    """What stands in two cells or on two lines is no one number; tags inside of a line part nothing."""
    assert said(52, parted) is not SAME
    assert said(52, "<b>5</b>2") is SAME
    assert said(52, "<td><b>52</b></td>") is SAME


@pytest.mark.parametrize(
    ("wanted", "text", "same"),
    [
        (25, "5<sup>2</sup>", True),
        (52, "5<sup>2</sup>", False),
        (0.001, "10<sup>-3</sup>", True),
        (52, "5<sub>2</sub>", False),
        (5, "5<sub>2</sub>", False),
        ("17 m²", "17 m<sup>2</sup>", True),
        ("17 m³", "17 m<sup>2</sup>", False),
        (5, "<!-- 5 --> 6", False),
        (6, "<!-- 5 --> 6", True),
        (1990, "the 1990s", False),
        ("1990s", "the 1990s", True),
        ("1990s", "1980s", False),
        (1.5, "1.5 e3", False),
    ],
)
def test_what_html_raises_lowers_and_hides(wanted: object, text: str, *, same: bool) -> None:
    """Powers and indices are such, comments are not seen; a decade is no year."""
    assert (said(wanted, text) is SAME) is same
