"""Pairs that are drawn at random: how their lines say so, when they are a sample, and what they never are."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from audit.config.load import load_settings
from audit.core.artifacts import RunFolder, read_labels, read_run, write_findings
from audit.core.errors import InputError
from audit.core.finding import RouteFinding
from audit.core.labels import RandomPart
from audit.labelling.at_random import RandomSize
from audit.labelling.opening import RANDOM_PAIRS, open_session
from audit.labelling.pairs import logged_first, open_queue
from audit.labelling.session import Session, Word
from audit.pairing.truth import random_part, truth_of
from audit.scoring.drawn import write_drawn
from tests.labelling.world import session, support, write_labelled_run
from tests.view.big import days, ids, other_days

FIRST = 10
JUDGED = """\
tiers: [{name: judge, model: acme-judge, provider: simulated-judge, options: {answers: known.jsonl}}]
routes: [{match: "/support", labels: labels.jsonl, assert: [{type: llm-rubric, judge: judge, value: "Right."}]}]
"""


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    """A run whose route `/support` a judge decides."""
    made = write_labelled_run(tmp_path)
    (tmp_path / "audit.yaml").write_text(JUDGED, "utf-8")
    (tmp_path / "known.jsonl").write_text("", "utf-8")
    return made


def by_a_judge() -> RouteFinding:
    """The route as it was concluded."""
    found = support()
    assert found.criteria is not None
    return replace(found, criteria=replace(found.criteria, judges=("judge",)))


def at_work(folder: RunFolder, by: str = "ada", **changes: object) -> Session:
    """Somebody who starts with pairs that are drawn at random."""
    return session(folder, by, **{"first": FIRST, **changes})


def judge(ours: Session, words: list[Word]) -> list[str]:
    """Say these words of the next pairs; their names."""
    names = []
    for word in words:
        pair = ours.next()
        assert pair is not None
        names.append(pair.name)
        ours.judge(pair.name, word)
    return names


def table_of(folder: RunFolder) -> pl.DataFrame | None:
    """What is known of the draws, once it is written."""
    write_drawn(folder, load_settings(folder.path / "audit.yaml"))
    return pl.read_parquet(folder.drawn) if folder.drawn.exists() else None


def test_they_are_a_sample_once_all_that_were_declared_are_judged(folder: RunFolder) -> None:
    """With one left nothing is known of any; then what people said is the truth of these draws, and of those alone.
    Lines after them are of pairs that nobody drew."""
    ours = at_work(folder)
    names = judge(ours, [Word.BOTH] * (FIRST - 1))
    order = pl.Series([ids(i) for i in sorted(range(1, 60, 2), key=lambda i: 7 * i % 60)])
    table = table_of(folder)
    assert table is not None
    wanted = RandomPart(first=FIRST, of=ours.total)
    assert random_part(table, "small") == (wanted, FIRST - 1)
    assert truth_of(table, order, "small") is None
    assert ours.random_left == 1

    names += judge(ours, [Word.FIRST])
    after = judge(ours, [Word.NEITHER] * 3)
    table = table_of(folder)
    assert table is not None
    truth = truth_of(table, order, "small")
    assert truth is not None
    assert [name for name, known in zip(order, truth.people, strict=True) if known] == names
    alike = [ids(i) for i in range(1, 60, 2) if days(i) == other_days(i)]
    known = {name: low for name, low in zip(order, truth.low, strict=True) if not np.isnan(low)}
    assert known == {**dict.fromkeys([*names[:-1], *alike], 0.0), names[-1]: known[names[-1]]}
    assert abs(known[names[-1]]) == 1
    marks = {one.id: one.random for one in read_labels(ours.file)}
    assert [marks[name] for name in names] == [wanted] * FIRST
    assert [marks[name] for name in after] == [None] * 3


def test_lines_without_the_mark_are_never_random(folder: RunFolder) -> None:
    """The same words on the same pairs, from an older file or a merged gold set; and two numbers are no number."""
    ours = at_work(folder)
    judge(ours, [Word.BOTH] * FIRST)
    marked = ours.file.read_text("utf-8")
    lines = [json.loads(line) for line in marked.splitlines()]
    ours.file.write_text("".join(json.dumps({k: v for k, v in one.items() if k != "random"}) + "\n" for one in lines))
    assert table_of(folder) is None
    other = marked.replace(f'"first": {FIRST}', f'"first": {FIRST - 1}', 2)
    ours.file.write_text(other)
    table = table_of(folder)
    assert table is None or table.is_empty()
    ours.file.write_text(marked)
    table = table_of(folder)
    assert table is not None
    assert not table.is_empty()


def test_what_nobody_can_tell_or_agree_on_is_at_its_worst(folder: RunFolder) -> None:
    """Skipping the hard ones leaves no hole in the sample; people who differ widen it; the later word counts."""
    skipped = judge(at_work(folder), [Word.SKIP])
    rest = judge(at_work(folder), [Word.BOTH] * (FIRST - 1))
    other = at_work(folder, "bob")
    shown = other.next()
    assert shown is not None
    judge(other, [Word.SKIP, Word.NEITHER])
    table = table_of(folder)
    assert table is not None
    assert random_part(table, "small") == (RandomPart(first=FIRST, of=other.total), FIRST)
    bounds = {row["exchange_id"]: (row["low"], row["high"]) for row in table.to_dicts() if row["low"] is not None}
    assert bounds[skipped[0]] == (-1, 1)
    assert bounds[rest[0]] == (-1, 1)
    assert {bounds[name] for name in rest[1:]} == {(0, 0)}


def test_what_was_said_of_a_chosen_pair_is_asked_again(folder: RunFolder) -> None:
    """Somebody who read it before judges it once more, blind, as one of those that are drawn."""
    before = judge(at_work(folder, first=0), [Word.BOTH] * 4)
    ours = at_work(folder)
    assert judge(ours, [Word.BOTH] * FIRST)[:4] == before
    assert ours.random_left == 0
    assert "drawn at random" in ours.standing


def test_the_number_is_declared_once(folder: RunFolder) -> None:
    """It is the first that counts, for everybody: who may change it can stop as soon as they please."""
    found = read_run(folder.path)
    routes = tuple(by_a_judge() if one.route == "/support" else one for one in found.routes)
    write_findings(folder.findings, replace(found, routes=routes))
    settings = load_settings(folder.path / "audit.yaml")

    def opened(by: str, **changes: int) -> Session:
        return open_session(
            folder, settings, by=by, route="/support", file=folder.path / "labels.jsonl", **changes
        ).session

    usual = opened("ada")
    assert usual.first == min(RANDOM_PAIRS, usual.queue.certifying)
    assert opened("ada", at_random=0).first == 0
    judge(opened("ada", at_random=FIRST), [Word.BOTH])
    assert opened("bob").first == FIRST
    with pytest.raises(InputError, match="declared"):
        opened("bob", at_random=FIRST + 1)
    with pytest.raises(InputError, match="no judge"):
        open_session(folder, settings, by="ada", route="/orders", at_random=5)


def test_the_number_that_settles_it_does_not_say_who_is_ahead(tmp_path: Path) -> None:
    """People who call the log's answers right and people who call the candidate's right are told the same, after every
    tenth pair; who finds more pairs that differ in worth is told more of them."""
    folder = write_labelled_run(tmp_path, 1_800)
    route = replace(by_a_judge(), margin=0.1)
    size = RandomSize.of(route, open_queue(folder, route), confidence=0.95, expects=(0.15, 0.8))
    assert size is not None
    told: dict[str, list[str]] = {}
    for by, logged, other, every in (("ada", True, False, 3), ("bob", False, True, 3), ("cay", True, False, 1)):
        ours = at_work(folder, by, first=40, route=route, size=size, file=tmp_path / f"{by}.jsonl")
        told[by] = []
        for place, (name, pair) in enumerate(list(ours.queue.pairs.items())[:40]):
            told[by].append(ours.about_at_random)
            right = (logged, other) if place % every == 0 else (True, True)
            sides = right if logged_first(pair, seed=1, by=by) else right[::-1]
            ours.judge(name, next(word for word in Word if word.right == sides))
        assert ours.about_at_random == size.words(ours.random_changed)
        assert ours.about_at_random in ours.standing
        assert len(set(told[by][:10])) == len(set(told[by][10:20])) == 1
        told[by].append(ours.about_at_random)
    assert told["ada"] == told["bob"]
    few, many = (size.wanted([place % every == 0 for place in range(40)]) for every in (3, 1))
    assert few is not None
    assert many is None or many > few
