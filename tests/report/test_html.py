"""The report as a file: what it says, what it must never hold, and that it is the same everywhere."""

import base64
import dataclasses
import hashlib
import json
import os
import re
import subprocess
import sys
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import pytest

from audit.core.artifacts import read_findings, write_findings
from audit.core.display import visible
from audit.core.finding import Findings
from audit.report.charts import WIDE, verdict_bar
from audit.report.html import content_policy, island, render_html
from audit.report.templates import source_text, template_folder
from audit.report.words import headline_text
from tests.report import fixtures
from tests.report.fixtures import STATES, cases
from tests.report.hostile import spoiled, spoiled_cases
from tests.report.payloads import ALONE, PAYLOADS, SOME, SOME_JOINED

KNOWN_TAGS = set(
    re.findall(
        r"\w+",
        "html head meta title style body a header div b nav main section p span code h1 h2 h3 h4 em svg desc rect path "
        "circle text g dl dt dd small ul ol li table caption thead tbody tfoot tr th td bdi button details summary "
        "input label article pre del ins i footer script figure figcaption",
    )
)


class Seen(HTMLParser):
    """Every element with its attributes, and the text outside scripts and styles."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.raw: list[str] = []
        self.inside = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.inside = tag

    def handle_endtag(self, tag: str) -> None:
        self.inside = ""

    def handle_data(self, data: str) -> None:
        (self.raw if self.inside in ("script", "style") else self.text).append(data)

    def first(self, tag: str, html: str) -> str:
        """Text of the first element of a kind, markup removed."""
        found = re.search(rf"<{tag}[ >].*?</{tag}>", html, re.DOTALL)
        return "" if found is None else "".join(Seen(found[0]).text)


@cache
def page(name: str) -> str:
    """The report of a state, drawn once for all tests that only look at it."""
    return render_html(STATES[name](), cases())


@cache
def read(name: str) -> Seen:
    """What is in it."""
    return Seen(page(name))


@pytest.mark.parametrize("name", STATES)
def test_the_page_says_the_headline(name: str) -> None:
    """The h1 is the headline of the state, whole."""
    assert read(name).first("h1", page(name)) == headline_text(STATES[name]())


@pytest.mark.parametrize("name", STATES)
def test_nothing_on_the_page_can_run_or_load(name: str) -> None:
    """One style, one script, one island; no style or handler attribute; links stay on the page."""
    seen = read(name)
    tags = [tag for tag, _ in seen.tags]
    assert set(tags) <= KNOWN_TAGS
    assert (tags.count("script"), tags.count("style")) == (2, 1)
    for tag, attributes in seen.tags:
        assert not [key for key in attributes if key == "style" or key.startswith("on")], tag
        assert not {"src", "srcset", "action", "formaction", "data", "xlink:href"} & set(attributes), tag
        assert (attributes.get("href") or "#").startswith("#")


@pytest.mark.parametrize("name", STATES)
def test_every_id_is_unique_and_every_reference_resolves(name: str) -> None:
    """Links, labels and descriptions point at something that is there, once."""
    seen = read(name)
    ids = [attributes["id"] for _, attributes in seen.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    for _, attributes in seen.tags:
        wanted = (attributes.get("aria-labelledby") or "").split()
        wanted += [attributes.get("for") or "", (attributes.get("href") or "").lstrip("#")]
        assert {target for target in wanted if target} <= set(ids)


def test_the_corpus_is_large_and_varied() -> None:
    """Hundreds of texts, none twice, from every way out and with every thing to run."""
    assert len(set(PAYLOADS)) == len(PAYLOADS) >= 300
    assert len(set(ALONE)) >= 120


@pytest.mark.parametrize("payload", [*SOME_JOINED, *(pytest.param(one, marks=pytest.mark.slow) for one in PAYLOADS)])
def test_text_of_strangers_is_text(payload: str) -> None:
    """A payload in every field makes no element, no attribute and no script, and is still there to read."""
    html = render_html(spoiled(payload), spoiled_cases(payload))
    assert html.encode("utf-8")
    seen = Seen(html)
    tags = [tag for tag, _ in seen.tags]
    assert set(tags) <= KNOWN_TAGS
    assert (tags.count("script"), tags.count("style"), tags.count("img"), tags.count("base")) == (2, 1, 0, 0)
    names = {key for _, attributes in seen.tags for key in attributes}
    assert not [key for key in names if key == "style" or key.startswith("on")]
    shown = " ".join(" ".join(seen.text).replace("`", "").split())
    assert " ".join(visible(payload).replace("`", "").split()) in shown
    # The island and the script stand as they were made: nothing closed them early.
    assert any(raw.startswith('{"accepted_after"') and json.loads(raw) for raw in seen.raw)


@pytest.mark.parametrize("payload", SOME)
def test_the_island_holds_hostile_text_as_data(payload: str) -> None:
    """The JSON parses back to the same text, and holds nothing that HTML or JavaScript reads as an end."""
    text = island(spoiled(payload))
    assert not set(text) & set("<>&\u2028\u2029\x00")
    assert text.isascii()
    assert json.loads(text)["routes"][0]["route"] == payload


def test_the_island_has_no_text_of_requests() -> None:
    """Cases are not in it."""
    assert "Nordlicht" not in island(fixtures.proven())
    assert json.loads(island(fixtures.proven()))["avoidable_usd"]["est"] == fixtures.proven().avoidable_usd.est


@pytest.mark.parametrize("name", sorted({*STATES} - {"many_routes"}))
def test_a_run_without_cases_has_a_report(name: str) -> None:
    """Whatever was concluded, and whether or not texts may be shown: nothing to open, and a whole page."""
    for text in ("sample", "none"):
        page = render_html(STATES[name](), [], text=text)
        assert page.rstrip().endswith("</html>")
        assert "audit view RUN --case" not in page


def test_the_policy_names_the_style_and_the_script_by_hash() -> None:
    """The hashes are those of the bytes between the tags, and nothing else is allowed."""
    html = render_html(fixtures.proven(), [])
    style = re.search(r"<style>(.*?)</style>", html, re.DOTALL)
    script = re.search(r"<script>(.*?)</script>", html, re.DOTALL)
    assert style is not None
    assert script is not None
    policy = content_policy(style[1], script[1])
    digest = base64.b64encode(hashlib.sha256(script[1].encode()).digest()).decode()
    assert f"script-src &#39;sha256-{digest}&#39;" in html
    assert policy.replace("'", "&#39;") in html
    assert "unsafe" not in policy
    assert "http" not in policy


def test_without_text_no_word_of_a_case_is_shown() -> None:
    """`text="none"` leaves ids, criteria and counts, and drops requests, answers, expected, got and reasons."""
    outside = render_html(fixtures.proven(), cases(), text="none")
    for word in ("Nordlicht", "refund", "8841", "total differs", "1,240.50", "Extract vendor"):
        assert word not in outside
    assert "c-0417" in outside
    assert "fields match" in outside
    assert "Made without production text" in outside
    assert "Contains production text from 2 routes" in render_html(fixtures.proven(), cases())


def test_a_scan_never_says_avoidable() -> None:
    """The word is kept for what was tested."""
    seen = Seen(render_html(fixtures.scan_only(), []))
    assert "avoidable" not in " ".join(seen.text).lower()
    assert "nothing has been tested" in " ".join(seen.text)


def test_banners_stand_above_the_headline() -> None:
    """Demo, simulated and incomplete are read before the number."""
    for findings, word in ((fixtures.demo(), "Demo data."), (fixtures.incomplete(), "Incomplete run.")):
        html = render_html(findings, [])
        assert html.index(word) < html.index("<h1>")


def test_hundreds_of_routes_stay_small() -> None:
    """300 routes, three candidates each: under a megabyte and 5,000 elements, the largest 20 and a sum."""
    findings = fixtures.many_routes()
    thrice = tuple(dataclasses.replace(r, candidates=r.candidates * 3) for r in findings.routes)
    html = render_html(dataclasses.replace(findings, routes=thrice), cases())
    assert len(html.encode()) < 1_000_000
    assert len(Seen(html).tags) < 5_000
    assert "280 more routes" in html


def dollars(text: str) -> int:
    """Whole dollars of a money text."""
    return round(float(text.replace("$", "").replace(",", "").replace("−", "-")))


@pytest.mark.parametrize("name", ["proven", "split", "many_routes", "one_day", "below_floor", "some_open", "all_keep"])
def test_rows_add_up_to_the_totals(name: str) -> None:
    """What the rows show, the others row included, adds up to the footer, and the footer is the headline's number."""
    findings = STATES[name]()
    html = render_html(findings, [])
    table = re.search(r'<table id="route-table".*?</table>', html, re.DOTALL)
    assert table is not None
    for column in ("Paid", "Avoidable"):
        cells = re.findall(rf'data-l="{column}">.*?(−?\$[\d,.]+M?)', table[0], re.DOTALL)
        *parts, total = [dollars(cell) for cell in cells]
        assert sum(parts) == total
    assert f">{'$' + format(round(findings.avoidable_usd.est), ',')}</b>" in table[0]
    rest = re.search(r'<table class="num more".*?</table>', html, re.DOTALL)
    if rest:
        rows = re.findall(r"</th><td>(\$[\d,]+)</td>.*?<td>(\$[\d,]+)</td></tr>", rest[0])
        others = re.search(r'class="others".*?>(\$[\d,]+)<.*?>(\$[\d,]+)<', table[0], re.DOTALL)
        assert others is not None
        assert len(rows) == 280
        assert [sum(dollars(row[i]) for row in rows) for i in (0, 1)] == [dollars(others[1]), dollars(others[2])]


def test_the_parts_of_the_bar_add_up() -> None:
    """Avoidable, open and kept as shown add up to the spend as shown, whatever the cents."""
    whole = fixtures.proven()
    for cents in range(0, 100, 7):
        avoidable = dataclasses.replace(whole.avoidable_usd, est=171.0 + cents / 100)
        found = dataclasses.replace(whole, spend_usd=304.59, avoidable_usd=avoidable, not_proven_usd=2.86)
        parts = [dollars(segment.amount) for segment in verdict_bar(found, WIDE).segments]
        assert parts[0] == round(avoidable.est)
        assert sum(parts) == 305


def test_every_chart_states_its_finding_and_has_its_numbers() -> None:
    """Large charts have a title, a description in words and a table."""
    html = render_html(fixtures.proven(), [])
    for svg in re.findall(r"<svg.*?</svg>", html, re.DOTALL):
        assert "<title" in svg
        assert "<desc" in svg or 'class="mini"' in svg
    assert html.count("<summary>Show the numbers</summary>") == 4
    assert "6 comparisons: 3 inside the margin, 2 keep, 1 not proven." in html


SCRIPT = """
import hashlib, locale
from tests.report.fixtures import STATES, cases
from audit.report.html import render_html
from audit.report.terminal import plain, summary_lines
from audit.report.markdown import summary_markdown
try:
    locale.setlocale(locale.LC_ALL, "")
except locale.Error:
    pass
whole = "".join(
    render_html(make(), cases()) + plain(summary_lines(make())) + summary_markdown(make()) for make in STATES.values()
)
print(hashlib.sha256(whole.encode()).hexdigest())
"""


def test_equal_findings_give_equal_bytes_everywhere() -> None:
    """Check 23: two time zones, two locales, two hash seeds: one page."""
    digests = set()
    for zone, language, seed in (("Pacific/Auckland", "de_DE.UTF-8", "1"), ("America/Lima", "C", "2")):
        environment = {**os.environ, "TZ": zone, "LANG": language, "LC_ALL": language, "PYTHONHASHSEED": seed}
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT],
            env=environment,
            cwd=Path(__file__).parents[2],
            capture_output=True,
            text=True,
            check=True,
        )
        digests.add(done.stdout.strip())
    assert len(digests) == 1


def test_templates_are_found() -> None:
    """The folder has the page, its style and its script."""
    assert {"report.html.j2", "tokens.css", "style.css", "script.js"} <= {
        path.name for path in template_folder().iterdir()
    }


@pytest.mark.parametrize("name", STATES)
def test_findings_survive_the_trip_to_disk(name: str, tmp_path: Path) -> None:
    """A page made from what was read back is the page made from what was written."""
    findings: Findings = STATES[name]()
    write_findings(tmp_path / "findings.json", findings)
    assert render_html(read_findings(tmp_path / "findings.json"), []) == render_html(findings, [])


def palette_of(scheme: str) -> dict[str, str]:
    """The custom properties of the style sheet, light, dark or print."""
    css = source_text("tokens.css") + source_text("style.css")
    blocks = re.findall(r":root \{(.*?)\}", css, re.DOTALL)
    return dict(re.findall(r"--([\w-]+): (#\w{6})", blocks[("light", "dark", "print").index(scheme)]))


def contrast(one: str, other: str) -> float:
    """WCAG 2 contrast ratio."""

    def luminance(colour: str) -> float:
        channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


TEXT = [
    ("fg", "bg"), ("soft", "bg"), ("link", "bg"), ("fg", "panel"), ("soft", "panel"), ("go", "go-bg"), ("go", "bg"),
    ("stay", "stay-bg"), ("stay", "bg"), ("stay", "zone"), ("open", "open-bg"), ("open", "bg"), ("warn", "warn-bg"),
    ("fg", "del"), ("fg", "ins"), ("fg", "zone"), ("soft", "zone"),
]  # fmt: skip
GRAPHICS = [
    ("m0", "bg"), ("m1", "bg"), ("edge", "bg"), ("avoidable", "bg"), ("kept", "bg"), ("open", "open-fill"),
    ("go", "zone"), ("stay", "zone"), ("open", "zone"),
]  # fmt: skip


@pytest.mark.parametrize("scheme", ["light", "dark", "print"])
def test_contrast(scheme: str) -> None:
    """Check 4: every text pair has 4.5 to 1, every graphic 3 to 1 against what it stands on."""
    colours = palette_of(scheme)
    low = {pair: contrast(colours[pair[0]], colours[pair[1]]) for pair in TEXT}
    assert {pair: ratio for pair, ratio in low.items() if ratio < 4.5} == {}
    low = {pair: contrast(colours[pair[0]], colours[pair[1]]) for pair in GRAPHICS}
    assert {pair: ratio for pair, ratio in low.items() if ratio < 3} == {}
