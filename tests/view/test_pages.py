"""The pages of a run: what they list, find and show, beside a replay that is still running too."""

from __future__ import annotations

import itertools
import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from audit.cases.index import SHOWN, CaseIndex, Filters, counts, selected, shown
from audit.core.artifacts import RunFolder
from audit.core.errors import InputError
from audit.core.plan import RouteQuote
from audit.replay.journal import format_line
from audit.view.app import application, case_link
from audit.view.progress import JournalTail
from tests.cli.test_prints import plan
from tests.view.asking import Answer, ask
from tests.view.big import ids, question, write_run

N = 240


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """A run of two routes."""
    return write_run(tmp_path_factory.mktemp("run"), N, filler=40)


def page(folder: RunFolder, path: str, **query: Any) -> Answer:
    """A page of the run."""
    return ask(application(folder), f"/{path}?{urlencode(query)}")


def listed(answer: Answer) -> list[str]:
    """Exchanges of the list of cases, in its order."""
    cases = answer.body.partition('<ol class="cases">')[2].partition("</ol>")[0]
    return re.findall(r"[?;]id=(\w+)", cases)


def test_filters_keep_what_they_say(folder: RunFolder) -> None:
    """Every combination of them against the rule by which the run was written."""
    index = CaseIndex.read(folder)
    kinds = {(True, True): "both_pass", (True, False): "only_incumbent", (False, True): "only_candidate"}
    for route, tenant, criterion, least in itertools.product(
        ("", "/support"), ("", "team-4"), ("", "days are right", "is polite"), (None, 300)
    ):
        wanted: dict[str, set[str]] = {show: set() for show in SHOWN}
        for i in range(N):
            today, other = i % 11 > 0, i % 7 > 0
            keep = (not route or i % 2) and (not tenant or i % 9 == 4) and (least is None or 100 + i % 900 >= least)
            keep = keep and (not criterion or (criterion == "days are right" and not (today and other)))
            if keep:
                kind = kinds.get((today, other), "both_fail")
                for show in ("all", kind, *(["differ"] if kind.startswith("only") else [])):
                    wanted[show].add(ids(i))
        filters = Filters(route=route, tenant=tenant, criterion=criterion, least_tokens=least)
        rows = selected(index, filters)
        assert counts(rows) == {show: len(found) for show, found in wanted.items()}
        for show, found in wanted.items():
            assert set(shown(rows, show)["exchange_id"]) == found


def test_pages_are_a_partition_in_the_order_asked_for(folder: RunFolder) -> None:
    """Every case is on one page; the dearest first where that is asked for."""
    pages = [listed(page(folder, "cases", page=number, sort="cost")) for number in range(1, 6)]
    assert [len(found) for found in pages] == [50, 50, 50, 50, 40]
    names = [name for found in pages for name in found]
    assert len(set(names)) == N
    costs = {ids(i): 1 + i % 50 for i in range(N)}
    assert [costs[name] for name in names] == sorted(costs.values(), reverse=True)


ODD = 'a "quoted" word \\ back\\slash'


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("about order 7919:", {1}),
        ("ABOUT ORDER 7919:", {1}),
        ('A "quoted" word \\ BACK\\slash', {5}),
        ("late by 7 days", {7, 15, 16, 23, 25, 31, 34, 39}),
        ("nothing like this", set()),
    ],
)
def test_a_text_is_found_wherever_it_stands(tmp_path: Path, words: str, wanted: set[int]) -> None:
    """In the conversation, in the logged answer and in the replayed one, whatever its case, with quotes and slashes."""
    folder = write_run(tmp_path, 40, filler=40, question=lambda i: question(i) + (ODD if i == 5 else ""))
    body = page(folder, "cases", text=words).body
    assert {i for i in range(40) if f"id={ids(i)}" in body} == wanted


def test_a_case_shows_both_answers_and_why(folder: RunFolder) -> None:
    """With the conversation, the differences marked, what each criterion said, and where each figure is from."""
    found = page(folder, "case", id=ids(14), of="small")
    assert found.status == 200
    assert question(14) in found.text
    assert "It is late by <del>5</del> days." in found.body
    assert "It is late by <ins>6</ins> days." in found.body
    assert "days are right holds fails" in found.text
    assert "candidate, expected: 3 candidate, read: 4" in found.text
    assert "$0.0150 as logged" in found.text
    assert "replays/replays.parquet" in found.text


def test_the_next_case_is_the_next_of_the_list(folder: RunFolder) -> None:
    """Across pages, through all cases that the filters keep, and back."""
    filters = Filters(route="/orders", show="differ")
    order = shown(selected(CaseIndex.read(folder), filters), "differ")["exchange_id"].to_list()
    for name, following in itertools.pairwise(order):
        body = page(folder, "case", id=name, of="small", route="/orders", show="differ").body
        (link,) = [line for line in body.split("<a ") if 'data-key="j"' in line]
        assert f"id={following}&amp;" in link
    assert 'data-key="j"' not in page(folder, "case", id=order[-1], of="small", route="/orders", show="differ").body


def test_nonsense_in_an_address_is_left_out(folder: RunFolder) -> None:
    """Numbers that are none, pages beyond the end, shows and sorts that there are not."""
    for query in ({"page": "-3"}, {"page": "9" * 400}, {"least_tokens": "many"}, {"show": "'"}, {"sort": "x"}):
        assert page(folder, "cases", **query).status == 200
    assert "No case is left by these filters." in page(folder, "cases", most_usd="-1").text


def test_a_running_replay_is_shown_as_far_as_it_is(tmp_path: Path) -> None:
    """Without scores, without a table of replays, without findings; what comes later is seen without a restart."""
    folder = write_run(tmp_path, 30, filler=40)
    kept = {path: path.read_bytes() for path in (folder.scores, folder.accepted, folder.replay_table)}
    for path in kept:
        path.unlink()
    app = application(folder)
    assert "No verdict 30" in ask(app, "/cases").text
    assert "No answer yet." in ask(app, f"/case?id={ids(3)}").text
    assert "No criterion has judged this case yet." in ask(app, f"/case?id={ids(3)}").text
    for path, data in kept.items():
        path.write_bytes(data)
    assert "No verdict 0" in ask(app, "/cases").text
    assert "It is late by" in ask(app, f"/case?id={ids(3)}").text


def test_progress_counts_a_call_once_and_waits_for_a_whole_line(tmp_path: Path) -> None:
    """By route, over what is added to the journal; another journal at the same place is another replay."""
    quotes = [
        RouteQuote(route=r, calls=n, recorded=1, expected_usd=1, at_most_usd=2) for r, n in (("/a", 5), ("/b", 3))
    ]
    planned = plan(quotes=tuple(quotes), max_spend_usd=2.0)
    tail = JournalTail(tmp_path / "journal.jsonl")
    assert (tail.progress(planned).done, tail.progress(planned).planned) == (0, 10)

    def done(call: str, route: str) -> bytes:
        return format_line({"event": "done", "call_id": call, "route": route, "spent_usd": 0.5})

    lines = [done("1", "/a"), done("1", "/a"), b"damaged\n", done("2", "/b")]
    tail.path.write_bytes(b"".join(lines) + done("3", "/b")[:20])
    found = tail.progress(planned)
    assert [(route.route, route.done) for route in found.routes] == [("/a", 1), ("/b", 1)]
    assert found.spent_usd == 1.5
    tail.path.write_bytes(b"".join(lines) + done("3", "/b"))
    assert tail.progress(planned).done == 3
    tail.path.write_bytes(done("9", "/a"))
    assert tail.progress(planned).done == 1


def test_a_case_is_found_by_any_of_its_names(folder: RunFolder) -> None:
    """Its exchange, the beginning of it, or the log's own request id; nothing else."""
    for name in (ids(9), ids(9)[:10], "req-9"):
        assert f"id={ids(9)}" in case_link(folder, name)
    for name in ("req-999", ids(9)[:3], "c-0001"):
        with pytest.raises(InputError, match="no such case"):
            case_link(folder, name)


def test_a_bug_shows_no_text_of_the_log(tmp_path: Path) -> None:
    """A damaged table is said as what it is, without what is in it."""
    folder = write_run(tmp_path, 30, filler=40)
    folder.accepted.write_bytes(b"my secret prompt")
    answer = ask(application(folder), "/cases")
    assert answer.status == 500
    assert "secret" not in answer.body
    assert json.loads(ask(application(folder), "/progress").body) == {"line": ""}
