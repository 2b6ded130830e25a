"""The section "What to sign": it answers first, places what the renewal says, and holds no other page."""

import dataclasses
import re

import pytest

from audit.core.interval import Estimate
from audit.core.renewal import Renewal, RenewalDecision
from audit.report.html import render_html
from audit.report.renewal import CostChart, renewal_section
from audit.report.renewal_words import facts, headline
from tests.renewal.world import audited, contract, kept, moved, renewed
from tests.report import fixtures

SAVING = Estimate(est=2e4, lo=1.8e4, hi=2.1e4, level=0.95)
GROWTH = [{"name": "low", "monthly": "-1%", "spread": "5%"}, {"name": "high", "monthly": "2%", "spread": "5%"}]


@pytest.fixture(scope="module")
def renewal() -> Renewal:
    """Two vendors: one to sign with, one whose floor is too high."""
    vendors = [
        {
            "name": "Aurora <b>",
            "models": ["aurora-*"],
            "discount": "10%",
            "overage": "120%",
            "discounts": [{"from": "$100000", "discount": "5%"}],
        },
        {"name": "Birch", "models": ["birch-*"], "minimum_usd": "$50000"},
    ]
    found = audited(kept("/a", 80_000.0), moved("/b", 30_000.0, SAVING))
    return renewed(found, contract(vendors=vendors, growth=GROWTH))


def test_no_renewal_no_section() -> None:
    """The page of a run for which nobody asked has neither the section nor its link."""
    html = render_html(fixtures.proven(), [])
    assert "#renewal" not in html
    assert renewal_section(None) is None


def test_the_answer_comes_first(renewal: Renewal) -> None:
    """The section's first sentence says what to sign, with every name escaped."""
    html = render_html(fixtures.proven(), [], renewal=renewal)
    section = html[html.index('<section id="renewal">') :]
    first = re.search(r'<p class="lede">(.*?)</p>', section)
    assert first is not None
    assert first[1].startswith("Sign $")
    assert "Aurora &lt;b&gt;" in first[1]
    assert "<b>" not in first[1]
    assert "do not sign with Birch" in first[1]
    assert 'href="#renewal"' in html


@pytest.mark.parametrize(
    ("price", "said"),
    [
        (1.0, "sign at the offered prices;"),
        (1.0004, "sign at the offered prices;"),
        (0.9998, "sign at the offered prices;"),
        (1.002, "sign up to 0.2% above the offer;"),
        (1.3, "sign up to 30.0% above the offer;"),
    ],
)
def test_up_to_which_price_to_sign(renewal: Renewal, price: float, said: str) -> None:
    """By how much the prices may rise; where that rounds to nothing, at the offer, and not "up to 100%" of it."""
    vendor = dataclasses.replace(renewal.vendors[0], decision=RenewalDecision.SIGN, break_even=price)
    assert dict(facts(vendor))["Break-even"].startswith(said)


def test_what_to_ask_the_vendor_points_at_the_offer(renewal: Renewal) -> None:
    """Once the offer has been worked out nobody is told to write it down."""
    found = fixtures.proven()
    assert "has the offer" in render_html(found, [])
    assert "has the offer" not in render_html(found, [], renewal=renewal)


def test_every_figure_and_assumption_is_there(renewal: Renewal) -> None:
    """What `renewal.json` assumes is on the page, line by line, with its origin."""
    section = renewal_section(renewal)
    assert section is not None
    assert [row[0] for row in section.assumptions.rows] == [line.key for line in renewal.assumptions]
    assert {row[2] for row in section.assumptions.rows} >= {"measured", "audit.yaml", "assumed"}
    assert [part.name for part in section.vendors] == [vendor.name for vendor in renewal.vendors]


def test_the_chart_stays_on_its_plot(renewal: Renewal) -> None:
    """Curve, marks and the interval lie inside; where there is nothing to choose there is no chart."""
    section = renewal_section(renewal)
    assert section is not None
    drawn, none = (part.charts for part in section.vendors)
    assert none == ()
    for chart in drawn:
        inside(chart)


def inside(chart: CostChart) -> None:
    """Assert that everything is within the plot."""
    left, right, top, bottom = chart.plot
    points = [tuple(map(float, pair.split())) for pair in chart.line[1:].split("L")]
    assert all(left <= x <= right and top <= y <= bottom for x, y in points)
    assert all(left <= flag.x <= right for flag in chart.flags)
    assert [flag.css for flag in chart.flags].count("pick") == 1


def test_the_interval_of_the_commitment() -> None:
    """Where the savings decide the need, the interval is drawn around the commitment."""
    found = audited(kept("/a", 80_000.0), moved("/b", 30_000.0, SAVING))
    section = renewal_section(renewed(found, contract(models=["*"], discount="20%", overage="120%", growth=GROWTH)))
    assert section is not None
    chart = section.vendors[0].charts[0]
    assert chart.interval is not None
    (pick,) = [flag for flag in chart.flags if flag.css == "pick"]
    assert chart.interval[0] <= pick.x <= chart.interval[1]


def test_many_vendors(renewal: Renewal) -> None:
    """The first sentence stays a sentence, and the page stays small."""
    many = dataclasses.replace(renewal, vendors=renewal.vendors * 20)
    assert len(headline(many)) < 250
    section = renewal_section(many)
    assert section is not None
    assert sum(bool(part.charts) for part in section.vendors) == 3  # every other one has a chart, of the first six
