"""One value in the notations of many countries: equal in each, and no other value in any."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from babel.dates import format_date

from audit.core.errors import ConfigError
from audit.core.outcome import Scored
from audit.scoring.criteria import build_criteria
from tests.scoring.cases import context_of, entry_of

GROUPS = [
    row.replace("\n", " ").split(" | ")
    for row in """
£5 | 5 pounds | GBP 5 | 5 GBP | £5.00 | 5 quid | 5 pounds sterling | 5 British pounds | 500 pence

$5 | 5 dollars | USD 5 | US$5 | 5 US dollars | 5 U.S. dollars | 5 dólares | 5 bucks | $5.00

€5 | 5 € | 5 euros | EUR 5 | 5,00 € | 5 евро

¥500 | ￥500 | 500 yen | JPY 500 | 500円

CHF 5 | 5 Franken | 5 Swiss francs | 5 francs suisses | Fr. 5.00

5 zł | PLN 5 | 5 złotych

5 руб. | 5 рублей | ₽5

5% | 5 pour cent | 5 Prozent | 5 percent | 5 per cent | 5 por ciento | 5 por cento | 5 per cento | 5 процентов | %5 |
%5,0 | ％5 | 5 procent | 5 パーセント | 5 퍼센트 | 5 प्रतिशत | ٥٪ | ５％ | 百分之5 | 500 basis points | 500 bps |
500 Basispunkte

10:00Z | 11:00+01:00 | 10:00 UTC | 10:00 GMT | 10:00:00Z | 11:00 CET | 12:00 UTC+2 | 5:00 EST

2024-01-05T10:00Z | 2024-01-05T11:00+01:00 | 2024-01-05T10:00:00.000Z | 2024-01-05 10:00 UTC |
2024-01-05T05:00:00-05:00

15-20 | 15 to 20 | from 15 to 20 | between 15 and 20 | 15–20 | 15 bis 20 | von 15 bis 20 | zwischen 15 und 20 |
entre 15 et 20 | entre 15 y 20 | tra 15 e 20 | 15 until 20

1.5k | 1,500 | 1500 | 1 500 | 1.5 thousand | 1'500 | 1’500 | 1.5e3 | 1.5×10^3 | 1.5·10³ | १,५०० | ١٬٥٠٠ |
１５００

1 Mio. | 1,000,000 | 1 million | 1M | 10^6 | 1 000 000 | 1.000.000 | 10,00,000 | 10 lakh | 100万 | 1 млн | 1 mln

90 min | 1.5 h | PT90M | PT1H30M | 1:30 h | 01:30 hours | 1h30 | 1 h 30 min | 1½ hours | 1 hour 30 minutes |
5400 s | 90 Minuten | 90分

1 day | P1D | PT24H | 24 h | 1 Tag | 86400 s

2 weeks | P2W | P14D | 14 days

3 months | P3M | 3 Monate | 3 mois

2 years | P2Y | 24 months | 2 Jahre

5 January 2024 | January 5, 2024 | 2024-01-05 | 5. Januar 2024 | 5 janvier 2024 | 5 de enero de 2024 |
5 января 2024 | 5 stycznia 2024 | 5. ledna 2024 | 5 Ocak 2024 | 5 січня 2024 | 2024年1月5日 | 2024. 1. 5. |
2024년 1월 5일 | 5/Jan/2024 | JANUARY 5, 2024 | 05 JAN 2024 | 2024 January 5 | 2024, January 5 | 5. 1. 2024 |
5 tháng 1, 2024 | 5-Jan-2024 | 5 de gener de 2024 | 5 जनवरी 2024

20:00 | 20 Uhr | 20:00 Uhr | 20.00 Uhr | 8 pm | 8:00 p.m. | 20時 | 20时 | 下午8点 | 午後8時 | 오후 8시 | 20:00:00 |
kl. 20.00 | 8.00 pm

14:30 | 14.30 Uhr | 14 Uhr 30 | 2.30 pm | 2:30 PM | 14.30 uur | 14時30分 | 14点30分 | 下午2:30 | 오후 2시 30분 |
午後2時半 | klo 14.30 | 2:30 de la tarde

8:00 | 8 o'clock | 8 o’clock | 8 am | 8 Uhr | 0800 hours | 上午8点 | 8:00 in the morning

12:00 | noon | at noon | 12 noon | 12 pm | 中午12点

0:00 | midnight | 12 am | 0 Uhr | 晚上12点

5 January | January 5 | 5. Januar | 1月5日 | 1월 5일

0.5 | ½ | half | Half of them. | die Hälfte | la moitié | metà | one-half | 一半 | 1/2 | 0,5 | .5 | 5e-1 | 5×10⁻¹ |
\\frac{1}{2} | ⁵⁄₁₀ | 2/4

1.75 | 1¾ | 1 3/4 | 7/4 | 1 and 3/4

2.5 | 2½ | 2 and a half | two and a half | 2 und ein halb | 2 et demi | 2 y medio | 5/2

-3 | −3 | –3 | ﹣3 | －3 | ‑3 | minus 3 | negative 3 | moins 3 | -3.0

12500.25 | 12 500,25 | 12,500.25 | 12.500,25 | 12'500.25 | 12 500.25 | १२,५००.२५ | ١٢٬٥٠٠٫٢٥

5 kg | 5 kilograms | 5000 g | 5 kilogrammes | 5 кг | 5千克 | 5 chilogrammi

20 °C | 20 degrees Celsius | 20 Grad Celsius | 20 degrés Celsius | 20℃ | 20 C | 20ºC | 20 ºC | 20°c | 68 °F |
68 degrees Fahrenheit | 68°F | 68 F | 293.15 kelvin

5 l | 5 liters | 5 ℓ | 5 Liter | 5000 ml

5 m² | 5 square meters | 5 m2 | 5 qm | 5 sq m
""".strip().split("\n\n")
]


def said(value: str, completion: str, question: str = "") -> bool | None:
    """Whether `numeric` accepts an answer; None where it cannot tell, or does not take the value."""
    try:
        (criterion,) = build_criteria([entry_of({"type": "numeric", "value": value})], Path())
    except ConfigError:
        return None
    asked = {"messages": [{"role": "user", "content": question}]}
    (outcome,) = criterion.score([context_of({"completion": completion, "request": asked})])
    return outcome.passed if isinstance(outcome, Scored) else None


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group[0])
def test_every_notation_of_a_value_is_equal_to_every_other(group: list[str]) -> None:
    """Both ways round; what a country writes in a way that is another value elsewhere is not among them."""
    differ = [(one, other) for one, other in itertools.permutations(group, 2) if said(one, other) is not True]
    assert differ == []


def test_no_notation_of_a_value_is_equal_to_another_value() -> None:
    """A bare figure may stand for one with a unit, so that bare ones are not compared with others."""
    bare = {"0.5", "2.5", "-3", "1.5k", "1 Mio.", "1.75", "12500.25"}
    alike = [
        (one, other)
        for ours, theirs in itertools.permutations(GROUPS, 2)
        if not (ours[0] in bare or theirs[0] in bare)
        for one, other in zip(itertools.cycle(ours), theirs, strict=False)
        if said(one, other) is True
    ]
    assert alike == []


@pytest.mark.parametrize(
    ("value", "text", "same"),
    [("$5", "500 cents", True), ("€5", "500 cent", True), ("£5", "500 cents", False), ("$5", "500 pence", False)],
)
def test_hundredths_are_those_of_their_currency(value: str, text: str, same: bool) -> None:
    """Cents are those of many currencies, pence those of one."""
    assert said(value, text) is said(text, value) is same


@pytest.mark.parametrize("name", "en_GB de fr es it nl pt pl ru uk cs tr sv da nb ro ca fi id".split())  # noqa: SIM905
def test_months_of_every_language(name: str) -> None:
    """A long date in words is the date, and no other day, month or year."""
    import datetime

    for month in range(1, 13):
        text = format_date(datetime.date(2023, month, 17), format="d MMMM y", locale=name)
        assert said(f"2023-{month:02}-17", text) is True, text
        assert said(f"2023-{month % 12 + 1:02}-17", text) is not True, text
        assert said(f"2024-{month:02}-17", text) is not True, text


@pytest.mark.parametrize(
    "text",
    """
Alice has 10 and Bob has 12 | Alice: 10, Bob: 12 | Alice has 10. Bob has 12. | Alice has 10 while Bob has 12
10 apples and 12 pears | 10 for Alice, 12 for Bob | 10 wins, 12 losses | 10 before tax, 12 after tax | 10 (12) | 10 = 12
10 of 12 | 10 in 12 | 10 out of 12 | 10 points out of 12 | 1 in 10 | one in 10 | nine of 10 | 10 or 12 | 10 to 12
10 until 12 | 10-12 | 10 ± 2 | page 10 | pp. 10 | chapter 10 | § 10 | Seite 10 | página 10 | step 10 | room 10
Windows 10 | day 10 | top 10 | first 10 | every 10 | per 10 | #10 | 10th | 10位 | 10x | 10-fold | 10+ | 10 plus
10-plus | 10 plus tax | 10-something | ~10 | probably 10 | 10, I think | more than 10 | north of 10 | under 10
limit of 10 | 10 tops | up from 10
10 > 8 | ▲10 | △10 | 10 thousand | 10 half-dozen | 10 °F below zero
""".replace("\n", " | ")
    .strip(" |")
    .split(" | "),
)
def test_an_answer_that_only_holds_the_figure_does_not_state_it(text: str) -> None:
    """Where a ten is demanded: a name, a bound, a part, one of two things, another thing a ten stands in."""
    assert said("10", text) is not True
    assert text.startswith("Alice") or said("10", f"It is {text}.") is not True


@pytest.mark.parametrize(
    ("value", "text", "question"),
    [
        ("10", "Alice has 10 and Bob has 12", "How many does Alice have?"),
        ("12", "12 pears and 10 apples", "How many pears are there?"),
        ("10", "It is on page 10.", "On which page is it?"),
        ("10", "The 10th", "Which floor is it?"),
        ("10", "10, because 12 left and 2 came", ""),
        ("10", "10 apples (4 red, 6 green)", ""),
        ("10", "The total is 10, but 12 are left.", ""),
        ("10", "10, down 2 from 12", ""),
        ("10", "10 [1]", ""),
        ("10", "There were 10 in 2023, as in 2022", ""),
    ],
)
def test_an_answer_that_the_question_or_its_words_tell_is_read(value: str, text: str, question: str) -> None:
    """What was asked names one of two figures; what explains stands below what it explains."""
    assert said(value, text, question) is True


def test_a_range_is_itself_with_its_unit_and_without() -> None:
    """As a number is; another unit or magnitude is another range."""
    assert said("5-10", "It takes 5 to 10 days") is True
    assert said("5-10 days", "between 5 and 10 days") is True
    assert said("5-10 days", "5-10") is True
    for other in ("5-10 weeks", "5-10 million", "5-11 days", "10-5"):
        assert said("5-10 days", other) is not True, other
        assert said(other, "5-10 days") is not True, other


def test_the_second_of_two_things_may_be_meant_as_well() -> None:
    """The expected figure stands beside the first one: neither is it shown nor denied."""
    assert said("12", "Alice has 10 and Bob has 12") is None
    assert said("14", "Alice has 10 and Bob has 12") is False


MOMENTS = ("2024-03-05", "March 5, 2024", "5 March 2024", "March 5", "14:30", "2:30 pm", "20 Uhr", "2024-03-05T10:00Z")
BOUNDS = (
    *("before {}", "after {}", "until {}", "by {}", "prior to {}", "no later than {}", "not {}", "around {}", "vor {}"),
    *("nach dem {}", "bis {}", "avant le {}", "après le {}", "antes del {}", "hasta el {}", "entro il {}", "dopo {}"),
    *("spätestens am {}", "{} or later", "{}, at the latest"),
)


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_bound_of_a_time_is_not_the_time(moment: str) -> None:
    """Words before the month's name count as those before the day do; who asks for a bound is told one."""
    for bound in BOUNDS:
        assert said(moment, bound.format(moment)) is not True, bound
        assert said(bound.format(moment), bound.format(moment)) is True, bound
    assert said(moment, f"by {moment}", "By when must it be paid? What is the deadline?") is True
    assert said(moment, f"before {moment}", "By when must it be paid? What is the deadline?") is not True
    assert said(moment, f"not {moment}", "By when must it be paid? What is the deadline?") is not True


@pytest.mark.parametrize("month", ["January", "March", "May", "October"])
def test_the_month_is_a_part_of_its_date(month: str) -> None:
    """Two dates with one day and year and two months are two, however the month stands to them."""
    for form in ("{} 5, 2024", "5 {} 2024", "2024 {} 5", "{} 5", "5/{}/2024"):
        other = form.format("April")
        assert said(form.format(month), form.format(month)) is True
        assert said(form.format(month), other) is said(other, form.format(month)) is False, form


def test_hours_are_of_a_clock_where_one_is_asked_for() -> None:
    """`20 h` may be twenty hours; the hour of a clock is its bare figure with its unit."""
    for text in ("20 h", "20h", "20 heures", "20 hours"):
        assert said("20:00", text) is None or said("20:00", text) is False
        assert said("20:00", text, "When does the museum close?") is True
        assert said("21:00", text, "When does the museum close?") is not True
    assert said("20", "20 Uhr") is True
    assert said("8", "20 Uhr") is said("20", "8 Uhr") is False
    assert said("20:30", "20 Uhr") is False
    assert said("20:00", "20 Stunden", "How long?") is not True
    assert said("3 h", "It opens at 14:00 and takes 3 h") is True


def test_zeros_of_temperatures_differ() -> None:
    """A temperature is converted with its zero, its scale may be left out, and letters of other things are none."""
    assert said("0 °C", "32 °F") is said("-40 °C", "-40 °F") is said("100 °C", "212 F") is True
    assert said("20 °C", "20 °F") is said("20 C", "68 C") is said("20 °C", "36 °F") is False
    assert said("20 °C", "20 degrees") is said("20", "20 C") is True
    assert said("20 °C", "20 C#") is not True


def test_shares_of_a_whole_in_words() -> None:
    """A half is a number where it is all of the answer, and beside nothing else."""
    for words in ("half", "The answer is half", "la mitad", "een half", "½"):
        assert said("0.5", words) is True, words
    for words in (
        "half past",
        "half price",
        "behalf",
        "not half",
        "two halves",
        "the second half",
        "half-life",
        "10 and a half",
    ):
        assert said("0.5", words) is not True, words
    assert said("2/3", "two-thirds") is said("1.5", "anderthalb") is said("2.5", "zweieinhalb") is True
