"""What kinds of requests fail: groups by likeness on a page of the viewer."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from audit.cases.index import CaseIndex
from audit.cases.kinds import kinds_of
from audit.core.artifacts import RunFolder
from audit.view.app import application
from tests.view.asking import ask
from tests.view.big import ids, write_run

N = 240
SUBJECTS = ("Where is my parcel, the delivery is late", "How do I cook rice with saffron", "Cancel my gym membership")


def subject(i: int) -> str:
    """Three kinds of requests on each route."""
    return f"{SUBJECTS[i // 2 % 3]} {i}?"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """A run in which the candidate fails on every sixth request: all of one kind and one route."""
    return write_run(tmp_path_factory.mktemp("run"), N, filler=0, question=subject, worse=6, better=11)


def test_like_requests_are_one_group_and_the_bad_one_stands_out(folder: RunFolder) -> None:
    """Every sixth request is about parcels and of /orders; its group comes first, with its words and examples."""
    found = kinds_of(folder, CaseIndex.read(folder), "/orders", "small")
    assert (found.grouped, found.cases) == (N // 2, N // 2)
    assert sorted(kind.cases for kind in found.kinds) == [40, 40, 40]
    worst = found.kinds[0]
    assert {"parcel", "late"} & set(worst.words)
    assert worst.stands_out
    assert worst.share is not None
    assert worst.share.est > 0.5
    parcels = {ids(i) for i in range(0, N, 6)}
    assert set(worst.examples) <= parcels
    others = [kind for kind in found.kinds if not {"parcel", "late"} & set(kind.words)]
    assert others
    assert not any(kind.worse or kind.stands_out for kind in others)


def test_the_page_is_honest_and_leads_to_cases(folder: RunFolder) -> None:
    """It says what an embedding cannot see; its links are cases; another route is a page that says so."""
    app = application(folder)
    page = ask(app, "/kinds?route=%2Forders&tier=small")
    assert page.status == 200
    for words in ("Exploratory", "does not see whether an answer is right", "no verdict rests", "more than chance"):
        assert words in page.text
    links = re.findall(r'class="example" href="([^"#]+)', page.body)
    assert links
    assert ask(app, "/" + links[0].replace("&amp;", "&")).status == 200
    assert ask(app, "/kinds?route=%2Fnone").status == 404
    assert 'href="kinds?route=%2Forders' in ask(app, "/cases?route=%2Forders").body


def test_a_large_route_is_grouped_in_part(folder: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first cases of the sample's random order, and the page says so."""
    monkeypatch.setattr("audit.cases.kinds.MOST_CASES", 50)
    assert "the first 50 of 120 cases" in ask(application(folder), "/kinds?route=%2Forders&tier=small").text


def test_vectors_are_kept_in_the_run_by_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Worked out once, whatever viewer asks next; a folder that cannot be written to is read all the same."""
    run = write_run(tmp_path, N, filler=0, question=subject, worse=6, better=11)
    index = CaseIndex.read(run)
    monkeypatch.setattr("audit.cases.kinds.os.access", lambda *_: False)
    unkept = kinds_of(run, index, "/orders", "small")
    assert not run.vectors.exists()
    monkeypatch.undo()
    assert kinds_of(run, index, "/orders", "small") == unkept
    (kept,) = run.vectors.iterdir()
    made = kept.stat().st_mtime_ns
    assert kinds_of(run, index, "/orders", "small") == unkept
    assert kept.stat().st_mtime_ns == made
