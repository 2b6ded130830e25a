"""Money in columns: what is shown adds up."""

import random
from dataclasses import replace

import pytest

from audit.core.display import money_digits, usd, usd_at, usd_parts
from audit.core.finding import Findings
from audit.core.interval import Estimate
from audit.core.mixture import ModelShare
from audit.gate.decide import judge, with_names
from audit.gate.markdown import markdown
from audit.report.html import render_html
from audit.report.markdown import summary_markdown
from audit.report.mixing import palette
from audit.report.routes import money_columns, rounding_words, routes_table
from audit.report.terminal import plain, summary_lines
from tests.report import fixtures


def units(text: str) -> float:
    """The number in a money text; what is less than a unit of its column counts as none."""
    return 0.0 if text.startswith("<") else float(text.replace("$", "").replace(",", "").replace("−", "-"))


@pytest.mark.parametrize("scale", [0.0001, 0.01, 1.0, 40.0, 3_000.0])
def test_hundreds_of_parts_add_up_and_stay_near(scale: float) -> None:
    """The parts shown are the total shown, and each is within one unit of its value."""
    rng = random.Random(5)
    values = {str(index): rng.expovariate(1) * scale for index in range(300)}
    texts = usd_parts(values)
    total = sum(values.values())
    unit = 1.0 if total >= 100 else 0.01 if total >= 0.095 else 0.0001
    assert sum(units(text) for text in texts.values()) == pytest.approx(round(total / unit) * unit, abs=unit / 100)
    assert all(abs(units(texts[name]) - value) < unit for name, value in values.items())


def test_groups_are_sums_of_what_is_shown() -> None:
    """A group's text is the sum of its parts as they are written."""
    texts = usd_parts({"a": 100.2, "b": 50.45, "c": 50.4}, {"b": "rest", "c": "rest"})
    assert texts == {"a": "$100", "b": "$51", "c": "$50", "rest": "$101"}


def test_nothing_stays_nothing() -> None:
    """A part of exactly $0 takes no residue, a negative one keeps its sign, and no parts are no column."""
    assert usd_parts({"a": 0.0, "b": 150.5, "c": -20.2}) == {"a": "$0", "b": "$150", "c": "−$20"}
    assert usd_parts({}) == {}


@pytest.mark.parametrize(
    ("total", "little", "text"), [(260.0, 0.41, "<$1"), (9.0, 0.004, "<$0.01"), (0.05, 0.00001, "<$0.0001")]
)
def test_what_was_paid_is_never_shown_as_nothing(total: float, little: float, text: str) -> None:
    """An amount below the unit of its column is below it, alone and as the sum of a group; $0 is $0."""
    shown = usd_parts({"much": total, "little": little, "none": 0.0}, {"little": "rest", "none": "rest"})
    assert (shown["little"], shown["none"], shown["rest"]) == (text, "$0", text)


def test_what_an_audit_may_have_cost_has_one_text() -> None:
    """Where attempts may have been billed that gave no answer, a pull request reads what the report reads."""
    found = replace(fixtures.proven(), replay_cost_usd=28.28, replay_cost_at_most_usd=32.09)
    text = "between $28.28 and $32.09"
    assert f"The audit cost {text}." in markdown(judge(found, with_names(["skipped_share <= 5%"])), found)
    assert text in summary_markdown(found)


def test_what_a_thousand_requests_cost_has_one_base() -> None:
    """Requests of unknown cost count in no figure: the mix's is that of the report, of a pull request and of a rule."""
    found = fixtures.proven()
    rows = tuple(replace(row, unpriced_requests=9, cost_per_1k_usd=56.5) for row in found.mix.by_route)
    total = replace(found.mix.total, unpriced_requests=40, cost_per_1k_usd=123.4)
    found = replace(found, mix=replace(found.mix, by_route=rows, total=total))
    table = routes_table(found, palette(found.mix))
    names = {row.name for row in rows}
    assert {row.per_1k for row in table.rows if row.full in names} == {"$56.50 / 1k"}
    assert table.total_per_1k == "$123.40 / 1k"
    assert "Spend per 1k requests **$123 →" in markdown(judge(found, with_names(["skipped_share <= 5%"])), found)
    half = ModelShare(model="m", requests=10, spend_usd=1.0, request_share=1.0, spend_share=1.0, unpriced_requests=5)
    assert half.cost_per_1k_usd == 200
    assert replace(half, unpriced_requests=10).cost_per_1k_usd is None


def test_an_amount_that_is_known_exactly_keeps_its_value() -> None:
    """The residue goes where an interval has room for it, and elsewhere only where none has."""
    values = {"rules": 3.0759, "trimmed": 1.1665}
    known = Estimate.exact(3.0759, 0.95)
    assert usd_parts(values) == {"rules": "$3.07", "trimmed": "$1.17"}
    vague = {"rules": known, "trimmed": Estimate(est=1.1665, lo=0.97, hi=1.23, level=0.95)}
    assert usd_parts(values, ends=vague) == {"rules": "$3.08", "trimmed": "$1.16"}
    assert usd_parts(values, ends={"rules": known, "trimmed": Estimate.exact(1.1665, 0.95)}) == usd_parts(values)


@pytest.mark.parametrize("seed", range(200))
def test_parts_with_intervals_add_up_and_stay_near(seed: int) -> None:
    """Whatever the intervals are: columns add up, and no part is a unit off."""
    rng = random.Random(seed)
    values = {str(index): rng.expovariate(1) * 10 ** rng.uniform(-1, 3) for index in range(rng.randint(2, 9))}
    ends = {
        name: Estimate(est=value, lo=value - rng.choice([0, 0.3, 40]), hi=value + rng.choice([0, 0.3, 40]), level=0.95)
        for name, value in values.items()
    }
    texts = usd_parts(values, ends=ends)
    digits = money_digits(sum(values.values()))
    shown = {name: units(text) for name, text in texts.items()}
    assert sum(shown.values()) == pytest.approx(round(sum(values.values()), digits))
    assert all(abs(shown[name] - value) < 10**-digits for name, value in values.items())


def test_an_amount_that_gave_way_is_said_as_it_is() -> None:
    """Where a column shows another amount than the route's own, the table says which, in all faces; else nothing."""
    found = fixtures.proven()
    spent = [route.spend_usd for route in found.routes]
    assert all(("Taken alone" in face) == bool(rounding_words(found)) for face in faces(found))
    odd = [round(usd) + 0.4 for usd in spent]
    routes = tuple(replace(route, spend_usd=usd) for route, usd in zip(found.routes, odd, strict=True))
    found = replace(found, routes=routes, spend_usd=sum(odd))
    gave = [
        route
        for index, route in enumerate(routes)
        if money_columns(found)[0][str(index)] != usd_at(round(route.spend_usd), money_digits(found.spend_usd))
    ]
    assert gave
    words = rounding_words(found)
    assert all(f"{usd(route.spend_usd)} paid on {route.route}" in words for route in gave)
    assert "paid" not in rounding_words(found, paid=False)
    assert all("rounded so that the columns add up" in face for face in faces(found))


def faces(found: Findings) -> list[str]:
    """The report, the summary and a wide terminal."""
    return [render_html(found, []), summary_markdown(found), plain(summary_lines(found, width=120))]
