"""Money in columns: what is shown adds up."""

import random
from dataclasses import replace

import pytest

from audit.core.display import usd_parts
from audit.core.mixture import ModelShare
from audit.gate.decide import judge, with_names
from audit.gate.markdown import markdown
from audit.report.mixing import palette
from audit.report.routes import routes_table
from tests.report import fixtures


def units(text: str) -> float:
    """The number in a money text."""
    return float(text.replace("$", "").replace(",", "").replace("−", "-"))


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
