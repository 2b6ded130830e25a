"""What touches a figure and no table understands: such a figure is never equal to one without it."""

from __future__ import annotations

from pathlib import Path

import pytest

from audit.core.errors import ConfigError
from audit.core.outcome import Errored, Scored
from audit.scoring.criteria import build_criteria
from tests.scoring.cases import context_of, entry_of


def said(value: str, completion: str, question: str = "") -> bool | None:
    """Whether the criterion `numeric` accepts an answer; None where it cannot tell, or does not take the value."""
    try:
        (criterion,) = build_criteria([entry_of({"type": "numeric", "value": value})], Path())
    except ConfigError:
        return None
    asked = {"messages": [{"role": "user", "content": question}]}
    (outcome,) = criterion.score([context_of({"completion": completion, "request": asked})])
    assert isinstance(outcome, Scored | Errored)
    return outcome.passed if isinstance(outcome, Scored) else None


NEVER = [
    *[("7'", '7"'), ("7 kn", "7 km"), ("7 sea miles", "7 miles"), ("7 miles", "7 statute miles"), ("7 oz", "7 fl oz")],
    *[
        ("7 fl. oz.", "7 oz"),
        ("7 gallons", "7 Imperial gallons"),
        ("7 tons", "7 metric tons"),
        ("7 days", "7 bank days"),
    ],
    *[("7 C", "7 F"), ("7 C", "It is 7 F there"), ("7 °C", "7 °F"), ("7°C", "7°F"), ("7 kW", "7 VA")],
    *[("$7", "7 Jamaican dollars"), ("7 dollars", "7 Hong Kong dollars"), ("7 a week", "7 a month"), ("7/h", "7/min")],
    *[
        ("753", "753 BC"),
        ("753 v. Chr.", "753"),
        ("753", "753 av. J.-C."),
        ("753", "753 до н. э."),
        ("753", "公元前753"),
    ],
    *[("753 B.C.", "753 A.D."), ("7", "y/7"), ("7", "y / 7"), ("7", "7/(x)"), ("7.4", "⌊7.4⌋"), ("7.4", "⌈7.4⌉")],
    *[("-7", "|-7|"), ("7", "7̄"), ("7", "7⌋"), ("7", "∂7"), ("7", "7‱"), ("7", "7௱"), ("7", "7 Ⅹ"), ("7", "7፻")],
    *[
        ("7", "%7d"),
        ("7", "x%7"),
        ("$7", "₡7"),
        ("7", "7 ₲"),
        ("20 °C", "20 C#"),
        ("7", "7&8"),
        ("7", "7 40"),
        ("7 ft", "7 ft 2"),
        ("7", "7 euros 40"),
        ("7", "7 -2"),
    ],
    *[
        ("7", "7 half-dozen"),
        ("7", "7 baker's dozen"),
        ("7", "7 half million"),
        ("7", "7 (in thousands)"),
        ("7", "7 pairs"),
    ],
    *[
        ("7", "in millions: 7"),
        ("7", "7 – in thousands"),
        ("7", "7 thirds"),
        ("7", "7 milijarda"),
        ("7", "7 milhõezinhos"),
    ],
    *[("7", "7 ათასი"), ("7", "7 მილიონამდე"), ("7", "7 հազարից"), ("7", "7 միլիարդ"), ("7", "໗ພັນ"), ("7", "7 ຕື້")],
    *[("7", "៧ពាន់"), ("7", "៧ លាន"), ("7", "၇ထောင်"), ("7", "၇ သန်း"), ("7", "7 ሺህ"), ("7", "7 ሚሊዮን"), ("7", "༧ སྟོང")],
    *[("7", "7 ලක්ෂ"), ("7", "7 ਲੱਖ"), ("7", "7 લાખ"), ("7", "7 ଲକ୍ଷ"), ("7", "7 ล้าน"), ("7", "7 लाखों"), ("7", "7 ہزار")],
    *[("7", "᠗ ᠮᠢᠩᠭᠠ"), ("7", "7 ᎢᏳ"), ("7", "x 7"), ("7", "7 x a week"), ("7", "7 ×"), ("7", "÷ 7"), ("7", "/7")],
    *[("7", "7±"), ("7", "·7"), ("7", "7µ"), ("7", "µ7"), ("7", "7 *"), ("7", "7 <"), ("7", "✗ 7"), ("7", "7 ❌")],
    *[("7", "7*"), ("7", "**Sum:** 7*."), ("7", "* 7*\n* estimated"), ("7", "7†"), ("7", "Sum: 7‡"), ("7", "7§")],
    *[("7 tons", "7 tonnes"), ("7 short tons", "7 metric tons"), ("7 long tons", "7 tons")],
]


@pytest.mark.parametrize(("value", "completion"), NEVER)
def test_a_figure_with_something_unread_is_not_the_bare_figure(value: str, completion: str) -> None:
    """Whichever of the two the answer has."""
    assert said(value, completion) is not True
    assert said(completion, value) is not True


@pytest.mark.parametrize(
    ("value", "completion"),
    [
        *[("7", "She keeps 7 apples."), ("7", "**7**"), ("7", "→ 7"), ("7", '"7"'), ("7", "'7'"), ("7", "| 7 |")],
        *[("7", "7 ✅"), ("7", "7️⃣"), ("7", "7 (seven)"), ("7", "7 in all"), ("7", "7 ones"), ("7 days", "7 full days")],
        *[
            ("7 hours", "7 more hours"),
            ("7", "7 हैं।"),
            ("7", "7 ვაშლი"),
            ("7", "၇ ခု"),
            ("7", "៧ ផ្លែ"),
            ("7", "7 NBA games"),
        ],
        *[
            ("753 AD", "753"),
            ("753 BC", "753 BC"),
            ("7 sea miles", "7 sea miles"),
            ("7 sea miles", "It is 7 sea miles."),
        ],
        *[
            ("7'", '84"'),
            ('7"', "7 inches"),
            ("7'", "7 ft"),
            ("7.40", "7 euros 40"),
            ("7.40", "It is 7 euros 40 cents."),
        ],
        *[
            ("7", "*Sum: 7*"),
            ("7", "* **7**"),
            ("7", "*one\n7*"),
            ("7", "* 7"),
            ("7", "7 [2]"),
            ("7", "✔ 7"),
            ("7", "7<br>"),
        ],
        *[("7 tonnes", "7 metric tons"), ("7 metric tons", "7 Metric Tons"), ("7 tons", "7 tons")],
        *[("7000", "7 ათასი"), ("7000", "7 հազար"), ("7000", "໗ພັນ"), ("7000", "៧ពាន់"), ("700000", "၇ သိန်း")],
        *[("7000", "7 ሺህ"), ("7000", "༧ སྟོང"), ("700000", "7 ලක්ෂ"), ("700000", "7 ਲੱਖ"), ("7 per day", "7 a day")],
    ],
)
def test_words_that_go_on_leave_a_figure_what_it_is(value: str, completion: str) -> None:
    """So does what the tables understand, in another script or by another sign."""
    assert said(value, completion) is True


@pytest.mark.parametrize(
    ("value", "completion", "question", "holds"),
    [
        ("7", "7 nautical miles", "How many nautical miles are left?", True),
        ("7", "7 nautical miles", "How many miles are left?", None),
        ("7", "7 business days", "How many days does it take?", True),
        ("7 calendar days", "7 business days", "How many days does it take?", None),
        ("7 days", "7 business days", "How many days does it take?", None),
        ("7", "7 Canadian dollars", "What does it cost in Canadian dollars?", True),
        ("7", "7 Canadian dollars", "How many dollars does it cost?", None),
        ("753", "753 BC", "In which year BC was Rome founded?", True),
        ("753", "753 BC", "When was Rome founded?", None),
        ("7", "7 pairs", "How many pairs of socks are there?", True),
        ("7", "7 pairs", "How many socks are there?", None),
    ],
)
def test_what_the_question_names_an_answer_may_leave_out(
    value: str, completion: str, question: str, holds: bool | None
) -> None:
    """The unit, the era or the group that was asked for; not one that was not."""
    assert said(value, completion, question) is holds
