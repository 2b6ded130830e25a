"""The summary in the terminal and in Markdown."""

import dataclasses

import pytest

from audit.core.finding import Verdict
from audit.core.interval import Estimate
from audit.report.html import render_html
from audit.report.markdown import literal, summary_markdown
from audit.report.method import method
from audit.report.mixing import palette, tabs
from audit.report.terminal import cells, plain, summary_lines
from tests.report import fixtures
from tests.report.fixtures import STATES, cases, changed
from tests.report.hostile import spoiled
from tests.report.payloads import ALONE

PROVEN = """\
LLM spend audit  ·  2 Mar – 31 Mar 2026  ·  2.07 M requests  ·  run 5be1f07c

  You paid            $30,629      $14.80 per 1k requests, up 10% from first to last week
  Avoidable           $16,068      95% interval $15,681 – $16,456   (52% of spend)
  Not proven             $541      counted as $0
  Accepted answers    93.8% → 93.3%   −0.5 [−0.9, −0.1] pts overall, margin −3.0
  Mix, week 1 → last  aurora-4 59 → 68%   aurora-4-mini 28 → 23%   birch-9b 12 → 10%

  Route               Paid  Do                   Quality, pts        Avoidable
  invoice-fields    $9,412  ● switch → mini       −0.4 [−1.3, +0.4]  $7,006 [$6,726, $7,287]
  ticket-routing    $6,121  ● switch → local      −0.2 [−1.2, +0.7]  $5,871 [$5,636, $6,106]
  search-rewrite    $3,377  ● switch → local      −0.1 [−1.3, +1.1]  $3,191 [$3,063, $3,318]
  contract-summary  $8,205  ■ keep aurora-4       −7.5 [−9.8, −5.2]      $0
  sql-helper        $2,903  ■ keep aurora-4       −0.3 [−1.3, +0.7]      $0
  weekly-digest       $611  ◇ not proven (n=88)    0.0 [−4.5, +4.5]      $0 (≤ $541)

  Report  ./report.html        Audit cost $23.18
"""


def test_the_summary_at_full_width() -> None:
    """The whole of it, to the character."""
    assert plain(summary_lines(fixtures.proven(), width=92, paths={"Report": "./report.html"})) == PROVEN


def test_dollars_that_nobody_knows_are_not_zero() -> None:
    """Of a log without a known cost, and of a group without one, the terminal and the report say so."""
    plain_findings = fixtures.scan_only()
    mix = plain_findings.mix
    total = dataclasses.replace(mix.total, spend_usd=0.0, unpriced_requests=mix.total.requests)
    group = dataclasses.replace(mix.by_tenant[0], spend_usd=0.0, unpriced_requests=mix.by_tenant[0].requests)
    unknown = dataclasses.replace(mix, total=total, by_tenant=(group, *mix.by_tenant[1:]))
    found = dataclasses.replace(plain_findings, spend_usd=0.0, mix=unknown)
    assert "You paid            unknown" in plain(summary_lines(found, width=92))
    (tab,) = (one for one in tabs(unknown, palette(unknown)) if one.key == "tenant")
    assert [row.paid for row in tab.rows].count("unknown") == 1


@pytest.mark.parametrize("ascii_only", [False, True])
@pytest.mark.parametrize("width", [92, 80])
@pytest.mark.parametrize("name", STATES)
def test_the_table_fits(name: str, width: int, ascii_only: bool) -> None:
    """No line is wider than the terminal, whatever the names."""
    lines = plain(summary_lines(STATES[name](), width=width, ascii=ascii_only)).splitlines()
    assert [line for line in lines if cells(line) > width] == []


def test_80_columns_drop_what_was_paid() -> None:
    """`Paid` is a column at 92 and not at 80."""
    full, less = [plain(summary_lines(fixtures.proven(), width=width)) for width in (92, 80)]
    assert "Route               Paid  Do" in full
    assert "Paid" not in less


@pytest.mark.parametrize("width", [80, 92])
@pytest.mark.parametrize("name", ["/finance/invoice-extraction-v2", "/a-very-long/route-name" * 3])
def test_no_number_and_no_end_of_a_name_is_cut(name: str, width: int) -> None:
    """A long name stands alone in its line, and what to do keeps its count however wide the amounts are."""
    found = fixtures.all_open()
    route = dataclasses.replace(found.routes[0], route=name)
    wide = changed(route, up_to_usd=1234.56, avoidable_usd=Estimate.exact(0.0, 0.95))
    text = plain(summary_lines(dataclasses.replace(found, routes=(wide, *found.routes[1:])), width=width))
    assert name[: width - 3] in text
    for one in found.routes:
        assert f"(n={one.recommendation.pairs.n:,})" in text
    assert [line for line in text.splitlines() if cells(line) > width] == []


def test_a_route_that_nothing_was_tested_on_says_why_and_how_to_go_on() -> None:
    """One line a reason, for all routes that it is true of; money is the one that needs no change of the audit."""
    found = fixtures.proven()
    untried = [
        changed(dataclasses.replace(route, candidates=()), verdict=Verdict.NOT_PROVEN, reason=why)
        for route, why in zip(
            found.routes, ["the spend cap was used up before it", "none is cheaper"] * 2, strict=False
        )
    ]
    text = " ".join(plain(summary_lines(dataclasses.replace(found, routes=tuple(untried)))).split())
    first, second = [[route.route for route in untried][start::2] for start in (0, 1)]
    more = "the spend cap was used up before it; the same command with a higher --max-spend goes on with it."
    assert f"{' and '.join(first)}: {more}" in text
    assert f"{' and '.join(second)}: none is cheaper." in text


def test_narrow_terminals_get_a_block_per_route() -> None:
    """Below 80 columns there is no table."""
    text = plain(summary_lines(fixtures.proven(), width=60))
    assert "Quality, pts" not in text
    assert "    ● switch → mini\n    paid $9,412\n    quality −0.4 [−1.3, +0.4]\n    avoidable $7,006" in text


@pytest.mark.parametrize("name", STATES)
def test_ascii_means_ascii(name: str) -> None:
    """Signs have a fall-back, and names that have none are question marks."""
    assert plain(summary_lines(STATES[name](), ascii=True)).isascii()


def test_columns_line_up_in_ascii() -> None:
    """An arrow of two characters does not push a row to the right."""
    lines = plain(summary_lines(fixtures.proven(), ascii=True)).splitlines()
    rows = [line for line in lines if line.startswith("  ") and "[" in line and "$" in line][1:]
    assert len({line.rindex("[", 0, line.index("]")) for line in rows if "pts" not in line}) == 1


@pytest.mark.parametrize(
    "payload", [*ALONE, "::error file=x::y", "##[error]x", "\x1b]0;title\x07x", "a\r\nb", "\x9b31m"]
)
def test_names_cannot_speak_to_the_terminal_or_the_runner(payload: str) -> None:
    """No control character, no override, no line that a CI runner takes for a command."""
    text = plain(summary_lines(spoiled(payload)))
    assert not [char for char in text if ord(char) < 32 and char != "\n"]
    assert not set(text) & set("\x7f\x9b\u202e\u2028\u2029\u200b")
    assert not [line for line in text.splitlines() if line.lstrip().startswith(("::", "##["))]


def test_a_scan_has_no_avoidable_line() -> None:
    """Untested spend is not called avoidable, and no route is judged."""
    text = plain(summary_lines(fixtures.scan_only()))
    assert "void" not in text
    assert "cut at most $29,640; nothing has been tested" in text


def test_a_route_that_was_left_out_has_no_sample_of_nothing() -> None:
    """Not `n=0`, which reads like a measurement."""
    findings = fixtures.all_open()
    left = dataclasses.replace(findings.routes[0], sampled=dict.fromkeys(findings.routes[0].sampled, 0))
    text = plain(summary_lines(dataclasses.replace(findings, routes=(left,))))
    assert "not proven, untried" in text
    assert "(n=0)" not in text


def test_hundreds_of_routes_end_in_a_sum() -> None:
    """Twenty rows and one line for the others."""
    text = plain(summary_lines(fixtures.many_routes()))
    assert text.count("service-") == 20
    assert "280 more routes:" in text


def test_the_report_and_the_summary_agree() -> None:
    """Every row's amounts are on the page too, exactly."""
    html = render_html(fixtures.proven(), cases())
    for row in PROVEN.splitlines()[9:15]:
        name, paid = row.split()[:2]
        assert name in html
        assert f">{paid}<" in html


def test_markdown_has_the_headline_and_a_row_per_route() -> None:
    """Headline, table, total, run."""
    text = summary_markdown(fixtures.proven())
    assert text.startswith("# You paid $30,629 in 30 days. $16,068 of it was avoidable")
    assert "| ticket-routing | $6,121 | ● **Switch**. Send all of it to local |" in text
    assert "| **Total** | **$30,629** |" in text
    assert text.rstrip().endswith("audit cost $23.18")


@pytest.mark.parametrize(
    "payload", [*ALONE, "[x](http://evil.example)", "![x](//e.x/i.png)", "@everyone", "a|b|c", "#12 !3"]
)
def test_markdown_makes_nothing_of_names(payload: str) -> None:
    """No HTML, link, image, mention, table cell or reference comes out of a name."""
    made = literal(payload)
    assert "<" not in made
    assert "](" not in made
    assert "@" not in made
    assert "://" not in made
    text = summary_markdown(spoiled(payload))
    assert "<script" not in text.lower()
    assert "<img" not in text.lower()
    rows = [line for line in text.splitlines() if line.startswith("| ") and "$" in line]
    assert {line.count("|") for line in rows} == {6}


def test_markdown_holds_no_text_of_requests() -> None:
    """There is no way for a case into it, and no summary says what a scan did not test."""
    assert "avoidable" not in summary_markdown(fixtures.scan_only()).lower()
    for make in STATES.values():
        assert "Nordlicht" not in summary_markdown(make())


def test_what_may_have_been_billed_is_told_with_the_cap() -> None:
    """Where attempts gave no answer, the audit's cost has two ends; the method names the cap as well."""
    findings = dataclasses.replace(fixtures.proven(), replay_cost_at_most_usd=25.5, replay_cap_usd=60.0)
    assert "Audit cost between $23.18 and $25.50" in plain(summary_lines(findings))
    assert "audit cost between $23.18 and $25.50" in summary_markdown(findings)
    assert "between $23.18 and $25.50, of $60.00 at most" in str(method(findings, ()).provenance)


def test_a_cost_that_was_estimated_says_so() -> None:
    """An endpoint without usage makes the audit's cost an estimate."""
    findings = dataclasses.replace(fixtures.proven(), replay_cost_estimated=True)
    assert "Audit cost ≈ $23.18" in plain(summary_lines(findings))


def test_what_8_bit_vectors_did_is_said_in_every_summary() -> None:
    """In the terminal and in the report's method, and nowhere where every vector is exact."""
    found = fixtures.proven()
    said = "/chat: `similar` compared by 8-bit integers; 3 of 200 verdicts would be different"
    provenance = dataclasses.replace(found.provenance, embedding_shift=(said,))
    shifted = dataclasses.replace(found, provenance=provenance)
    assert said in " ".join(plain(summary_lines(shifted, width=92)).split())
    assert "8-bit" not in plain(summary_lines(found, width=92))
