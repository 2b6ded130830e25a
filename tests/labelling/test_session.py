"""People at work: which pairs they get, in which order, and what becomes of their words."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest

from audit.core.artifacts import read_labels
from audit.core.criteria import LEAST_LABELS, CriteriaCheck, Grade, Labelled
from audit.core.errors import InputError
from audit.core.labels import last_words
from audit.core.recommendation import PairTable
from audit.labelling.needed import FIRST, MOST, Standing, needed
from audit.labelling.pairs import logged_first, open_queue, route_to_label
from audit.labelling.session import Word
from tests.labelling.world import session, support, write_labelled_run
from tests.report.fixtures import changed, findings
from tests.view.big import days, ids, other_days


def test_only_pairs_that_differ_are_asked_about_and_in_the_order_of_the_sample(tmp_path: Path) -> None:
    """Whatever the criteria said of them: labels that were chosen by it would measure the choice."""
    orders = []
    for worse, better in ((7, 11), (2, 3), (1, 1)):
        queue = open_queue(write_labelled_run(tmp_path / f"{worse}", worse=worse, better=better), support())
        orders.append(list(queue.pairs))
    differ = [i for i in range(60) if i % 2 and days(i) != other_days(i)]
    assert set(orders[0]) == {ids(i) for i in differ}
    assert orders[0] == [ids(i) for i in sorted(differ, key=lambda i: 7 * i % 60)]
    assert orders[0] == orders[1] == orders[2]
    assert queue.alike == 30 - len(differ)


def test_what_repeats_is_asked_about_once(tmp_path: Path) -> None:
    """The same request with the same two answers; with another answer it is another pair."""
    folder = write_labelled_run(tmp_path)
    queue = open_queue(folder, support())
    assert len({(pair.request_fp, pair.logged, pair.other) for pair in queue.pairs.values()}) == len(queue.pairs)


def test_sides_are_drawn_evenly_and_stay(tmp_path: Path) -> None:
    """For each labeller anew; the same pair looks the same when it comes again."""
    folder = write_labelled_run(tmp_path, 900)
    pairs = list(session(folder).queue.pairs.values())
    sides = {by: [logged_first(pair, seed=4, by=by) for pair in pairs] for by in ("ada", "bob")}
    assert len(pairs) > 390
    for drawn in sides.values():
        assert 0.42 < sum(drawn) / len(drawn) < 0.58
    same = sum(a is b for a, b in zip(sides["ada"], sides["bob"], strict=True)) / len(pairs)
    assert 0.42 < same < 0.58


def test_every_word_is_a_line_about_each_answer(tmp_path: Path) -> None:
    """Read back through the file, each word says of both answers what the key said of the sides."""
    folder = write_labelled_run(tmp_path)
    ours = session(folder)
    wanted: dict[tuple[str, bool], bool] = {}
    for number in range(20):
        shown = ours.next()
        assert shown is not None
        word = [Word.FIRST, Word.BOTH, Word.SECOND, Word.NEITHER][number % 4]
        first = logged_first(ours.queue.pairs[shown.name], seed=1, by="ada")
        for side, right in zip((first, not first), word.right, strict=True):
            wanted[(shown.name, side)] = bool(right)
        ours.judge(shown.name, word)
    said = {(one.id, one.logged): one.right for one in last_words(read_labels(ours.file))}
    assert said == wanted
    texts = {ids(i): other_days(i) for i in range(60)}
    assert all(one.answer == texts[one.id] for one in read_labels(ours.file) if not one.logged)
    assert {one.by for one in read_labels(ours.file)} == {"ada"}


def test_any_run_of_words_and_undos_can_be_taken_up_again(tmp_path: Path) -> None:
    """After every step a new session says what the old one says, and shows what it would show."""
    folder = write_labelled_run(tmp_path, 40)
    rng = random.Random(2)
    ours = session(folder)
    for _ in range(25):
        shown = ours.next()
        if shown is None or rng.random() < 0.3:
            before = len(ours.judged_pairs)
            undone = ours.undo()
            assert len(ours.judged_pairs) in (before, before - 1)
            assert not undone or ours.next() is not None
        else:
            ours.judge(shown.name, rng.choice([Word.FIRST, Word.BOTH, Word.SECOND, Word.NEITHER]))
        again = session(folder, now=ours.now)
        assert again.judged_pairs == ours.judged_pairs
        assert again.labelled() == ours.labelled()


def test_undo_shows_the_pair_again_and_goes_back_as_far_as_the_file(tmp_path: Path) -> None:
    """Also what was said yesterday; a word that was taken back counts for nothing."""
    folder = write_labelled_run(tmp_path)
    ours, order = session(folder), []
    for _ in range(4):
        shown = ours.next()
        assert shown is not None
        order.append(shown.name)
        ours.judge(shown.name, Word.BOTH)
    later = session(folder, now=ours.now)
    for name in reversed(order):
        assert later.undo()
        shown = later.next()
        assert shown is not None
        assert shown.name == name
    assert not later.undo()
    assert later.labelled() == Labelled()
    assert later.people() == {}


def test_what_nobody_can_tell_comes_again_at_the_end(tmp_path: Path) -> None:
    """Not in the same sitting; all pairs come once before."""
    folder = write_labelled_run(tmp_path, 20)
    ours = session(folder)
    shown = []
    while (pair := ours.next()) is not None:
        shown.append(pair.name)
        ours.judge(pair.name, Word.SKIP if len(shown) == 1 else Word.BOTH)
    assert sorted(shown) == sorted(ours.queue.pairs)
    again = session(folder).next()
    assert again is not None
    assert again.name == shown[0]


def test_two_people_and_how_far_they_agree(tmp_path: Path) -> None:
    """Each judges the same pairs, on sides of their own; what they differ on is a dispute in the counts."""
    folder = write_labelled_run(tmp_path, 120)
    ada, bob = session(folder, "ada"), None
    for one in (ada, bob := session(folder, "bob")):
        for number, (name, pair) in enumerate(list(one.queue.pairs.items())[:24]):
            logged, other = number % 5 > 0, number % 3 > 0 and not (one is bob and number % 8 == 1)
            first, second = (logged, other) if logged_first(pair, seed=1, by=one.by) else (other, logged)
            one.judge(name, next(word for word in Word if word.right == (first, second)))
    both = session(folder, "cay")
    assert both.people() == {"ada": 48, "bob": 48}
    (agreement,) = both.agreements()
    differ = sum(number % 3 > 0 and number % 8 == 1 for number in range(24))
    assert (agreement.people, agreement.answers, agreement.same) == (("ada", "bob"), 48, 48 - differ)
    assert agreement.kappa is not None
    assert 0.8 < agreement.kappa.est < 1
    assert both.labelled().disputed == differ
    assert both.judged_pairs == set()


def test_criteria_that_compare_with_the_log_learn_from_the_candidates_answers_alone(tmp_path: Path) -> None:
    """They accept the log's own by construction."""
    folder = write_labelled_run(tmp_path)
    ours = session(folder, route=support(grade=Grade.AGREEMENT))
    for name in list(ours.queue.pairs)[:10]:
        ours.judge(name, Word.NEITHER)
    found = ours.labelled()
    assert (found.right, found.wrong + found.repeated) == (0, 10)


def test_an_answer_that_is_wrong_of_many_requests_is_one_fault(tmp_path: Path) -> None:
    """It was expected of none, so that a hundred such labels tell as little of the criteria as one."""
    ours = session(write_labelled_run(tmp_path, 120), route=support(grade=Grade.AGREEMENT))
    for name in list(ours.queue.pairs):
        ours.judge(name, Word.NEITHER)
    labels, pairs = ours.labelled(), ours.queue.pairs
    unknown = {name: replace(pair, other="I do not know.") for name, pair in pairs.items()}
    ours.queue = replace(ours.queue, pairs=unknown)
    same = ours.labelled()
    assert labels.wrong + labels.repeated == len(pairs)
    assert labels.wrong > 20
    assert (same.wrong, same.repeated) == (1, len(pairs) - 1)


def test_the_number_needed_is_told_after_every_tenth_pair(tmp_path: Path) -> None:
    """Told at once, its change would say what the criteria made of the answer just judged."""
    folder = write_labelled_run(tmp_path, 120)
    ours, told = session(folder), []
    for name in list(ours.queue.pairs)[:30]:
        told.append(ours.needed)
        ours.judge(name, Word.FIRST)
    for tens in (told[:10], told[10:20], told[20:30]):
        assert len(set(tens)) == 1


def counted(times: float = 1.0, wrong_accepted: int = 2) -> Labelled:
    """30 right answers of which 29 are accepted, and 20 wrong ones, in the same proportions however many."""
    return Labelled(
        right=round(30 * times),
        right_accepted=round(29 * times),
        wrong=round(20 * times),
        wrong_accepted=round(wrong_accepted * times),
    )


@pytest.mark.parametrize(("b", "n"), [(10, 900), (4, 700), (32, 700)])
def test_so_many_more_labels_settle_it_and_fewer_do_not(b: int, n: int) -> None:
    """By the very bounds that the verdict will use, with the labels to come in the proportions of those that came."""
    route = support(b=b, c=2, n=n)
    found = needed(route, counted(), confidence=0.95)
    assert found.standing is Standing.MORE
    assert found.pairs is not None
    total = 50 + 2 * found.pairs
    assert needed(route, counted(total / 50 * 1.02), confidence=0.95).standing is Standing.SETTLED
    fewer = needed(route, counted(max(total / 50 * 0.9, 1.0)), confidence=0.95)
    assert fewer.standing is Standing.MORE or found.pairs < 10


def test_what_labels_cannot_do_is_said() -> None:
    """Pairs that decide nothing even if the criteria were known; too few labels; criteria that nobody tested."""
    near = support(b=40, c=13, n=900)
    assert needed(near, counted(), confidence=0.95).standing is Standing.NEVER
    assert needed(near, counted(MOST), confidence=0.95).standing is Standing.NEVER
    few = needed(support(), Labelled(right=3, right_accepted=3, wrong=1), confidence=0.95)
    assert (few.standing, few.pairs) == (Standing.FIRST, (FIRST - 4) // 2)
    judged = replace(support(), criteria=CriteriaCheck(grade=Grade.RIGHT, judges=("large",)))
    few = needed(judged, Labelled(right=20, right_accepted=20, wrong=4), confidence=0.95)
    assert (few.standing, few.pairs) == (Standing.FIRST, (LEAST_LABELS - 24) // 2)
    assert needed(support(), Labelled(right=50, right_accepted=50), confidence=0.95).standing is Standing.FIRST
    assert needed(replace(support(), criteria=None), counted(), confidence=0.95).standing is Standing.UNTESTED
    split = changed(support(), pairs=PairTable(both_pass=90.5, only_today=4.5, only_after=3, both_fail=2))
    assert needed(split, counted(), confidence=0.95).standing is Standing.REPEATED
    for standing in Standing:
        assert standing.value


def test_the_undecided_route_comes_first() -> None:
    """Before routes that move already, however much these cost; a route that there is not is an error."""
    moves = changed(support(b=1, c=1), route="/other", spend_usd=9_000.0)
    assert moves.recommendation.moves_traffic
    stays = support(b=30, c=13)
    assert not stays.recommendation.moves_traffic
    both = findings((moves, stays))
    assert route_to_label(both, None).route == "/support"
    assert route_to_label(both, "/other").route == "/other"
    with pytest.raises(InputError, match="no such route"):
        route_to_label(both, "/absent")
    assert isinstance(stays.criteria, CriteriaCheck)
