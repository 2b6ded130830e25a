"""Nothing a labeller is sent says whose answer is whose: the same bytes when the two models change places."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlencode

import pytest
from starlette.applications import Starlette

from audit.cli.printing.labels import pair_lines
from audit.labelling.opening import Opened
from audit.labelling.session import Session, Word
from audit.view.labelling import application
from tests.labelling.world import session, write_labelled_run
from tests.view.asking import Answer, ask
from tests.view.big import days, other_days

RUBRIC = ("equals: {{incumbent.text}}", "llm-rubric: says how late it is")


def opened(one: Session) -> Opened:
    """As `audit label` opens it."""
    return Opened(session=one, criteria=RUBRIC, unused="labels: labels.jsonl", demo=False)


def places(tmp_path: Path) -> tuple[Session, Session]:
    """Two runs alike but for this: who gave which answer, what the criteria said of it, and who is dearer."""
    one = write_labelled_run(tmp_path / "one", 60, answers=(days, other_days), worse=2, better=10_000)
    two = write_labelled_run(tmp_path / "two", 60, answers=(other_days, days), worse=10_000, better=2)
    return session(one), session(two)


def mirrored(text: str, first: str, second: str) -> str:
    """The text with both answers in each other's place."""
    return text.replace(first, "\x00").replace(second, first).replace("\x00", second)


def test_a_page_is_the_same_bytes_whoever_gave_which_answer(tmp_path: Path) -> None:
    """Headers, source, address and lines of the terminal, pair after pair, also after words and undos."""
    one, two = places(tmp_path)
    apps = application(opened(one)), application(opened(two))
    for number in range(11):
        pairs = one.next(), two.next()
        assert pairs[0] is not None
        assert pairs[1] is not None
        # The place of the log's own answer is drawn by the exchange: the same in both runs, so the texts change places.
        answers = pairs[0].first.text, pairs[0].second.text
        assert (pairs[1].second.text, pairs[1].first.text) == answers
        pages = [ask(app, "/") for app in apps]
        assert pages[0].headers == pages[1].headers
        assert mirrored(pages[1].body, *answers) == pages[0].body
        shown = [
            "\n".join(pair_lines(opened(s), p, width=80, whole=True)) for s, p in zip((one, two), pairs, strict=True)
        ]
        assert mirrored(shown[1], *answers) == shown[0]
        for app in apps:
            if number % 5 == 4:
                assert post(app, "/undo").headers["location"] == "."
            word = "asdfx"[number % 5]
            assert post(app, "/judge", pair=pairs[0].name, word=word).headers["location"] == "."


def test_no_word_of_the_page_is_about_the_models(tmp_path: Path) -> None:
    """Neither their names, nor their costs, nor what the criteria said, nor where a case could be looked up."""
    one, _ = places(tmp_path)
    app = application(opened(one))
    said = ask(app, "/").text + ask(app, "/summary").text
    for word in (
        "large",
        "small",
        "today",
        "candidate",
        "incumbent ",
        "$",
        "accepted",
        "fails",
        "holds",
        "days are right",
    ):
        assert word not in said.replace("{{incumbent.text}}", "").lower(), word
    for path in ("/cases", "/case", "/progress", "/labels.jsonl"):
        assert ask(app, path).status == 404


def post(app: Starlette, path: str, **form: str) -> Answer:
    """Send a form."""
    return ask(app, path, method="POST", body=urlencode(form).encode())


@pytest.mark.parametrize(
    ("form", "status"),
    [({}, 400), ({"word": "a"}, 404), ({"pair": "x", "word": "a"}, 404), ({"pair": "x", "word": "zz"}, 400)],
)
def test_a_form_that_is_none_says_nothing(tmp_path: Path, form: dict[str, str], status: int) -> None:
    """And neither does one that is too large; the file stays as it was."""
    one, _ = places(tmp_path)
    app = application(opened(one))
    assert post(app, "/judge", **form).status == status
    name = next(iter(one.queue.pairs))
    assert post(app, "/judge", pair=name, word="a", more="x" * 20_000).status == 400
    assert not one.file.exists()


def test_the_summary_says_who_judged_and_what_to_add(tmp_path: Path) -> None:
    """When all is judged it comes by itself."""
    one, _ = places(tmp_path)
    for name in one.queue.pairs:
        one.judge(name, Word.FIRST)
    answer = ask(application(opened(one)), "/")
    assert "Every pair of this route is judged" in answer.text
    assert f"ada {2 * one.total}" in answer.text
    assert "labels: labels.jsonl" in answer.text
