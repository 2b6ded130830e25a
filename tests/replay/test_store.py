"""What was asked once is never asked again: which changes to a run pay, and which do not, as a matrix."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from audit.core.artifacts import RunFolder, read_table
from audit.core.settings import ReplaySettings
from audit.core.tier import Tier
from audit.replay.journal import JournalLedger, done_events
from audit.replay.kept import AnswersAt, known_calls
from audit.replay.options import ReplayOptions
from audit.replay.plan import judge_call
from audit.replay.run import run_replay
from audit.replay.table import changed_models, money_spent, replay_counts
from audit.store.answers import AnswerStore
from tests.quirky import Quirky
from tests.replay.test_learned import asked
from tests.replay.test_otherwise import DOES_NOT, OPTIONS, SHAPES, go
from tests.replay.test_run import FAST, URL, Answers
from tests.replay.world import World, tier, world, world_of

N = 6


def replay(made: World, folder: Path, server: Answers, **rest: Any) -> RunFolder:
    """Replay with the store beside the folder."""
    answers = AnswersAt(**{"store": folder.parent / "store", "run": folder.name, **rest.pop("answers", {})})
    settings = ReplaySettings.model_validate(rest.pop("settings", {}))
    options = ReplayOptions(**{"cap_usd": 10.0, "client": FAST, "transport": server, "answers": answers, **rest})
    run_replay(made.calls, made.requests, made.tiers, settings, RunFolder(folder), options)
    return RunFolder(folder)


def paid(tmp_path: Path, before: Tier, after: Tier, **rest: Any) -> int:
    """Calls that a second run sends, in a folder of its own."""
    replay(world(URL, N, before), tmp_path / "one", Answers())
    server = Answers()
    replay(world(URL, N, after), tmp_path / "two", server, **rest)
    return len(server.bodies)


ASKED_AGAIN: dict[str, dict[str, Any]] = {
    **{name: {name: value} for name, value in SHAPES.items() if name != "provider"},
    **{f"options.{name}": {"options": {name: OPTIONS[name]}} for name in ("headers", "body")},
    "base_url": {"base_url": "http://elsewhere.test/v1"},
}
NOT_AGAIN: dict[str, dict[str, Any]] = {
    "nothing": {},
    "name": {"name": "renamed"},
    **{name: {name: value} for name, value in DOES_NOT.items() if name not in ("repeats", "batch", "api_key_env")},
}
"""Changes of a tier. A batch, more repeats and a key are looked at on their own."""


@pytest.mark.parametrize("name", ASKED_AGAIN)
def test_what_decides_an_answer_is_asked_again(tmp_path: Path, name: str) -> None:
    """Another model, limit, effort, address: every call is another one."""
    small = tier(URL)
    assert paid(tmp_path, small, replace(small, **ASKED_AGAIN[name])) == N


@pytest.mark.parametrize("name", NOT_AGAIN)
def test_what_decides_none_pays_nothing(tmp_path: Path, name: str) -> None:
    """Another price, name, speed or time-out: no call is made."""
    small = tier(URL)
    assert paid(tmp_path, small, replace(small, **NOT_AGAIN[name])) == 0


def test_repeats_pay_for_the_new_ones_alone(tmp_path: Path) -> None:
    """Once before, three times now: two more each."""
    assert paid(tmp_path, tier(URL), tier(URL, repeats=3)) == 2 * N


def test_answers_in_another_form_or_too_old_are_asked_again(tmp_path: Path) -> None:
    """Personal data that is replaced now, an age limit, a store that is not used."""
    small = tier(URL)
    redacted = {"client": replace(FAST, redact=("email",)), "answers": {"redacted": ("email",)}}
    assert paid(tmp_path / "a", small, small, **redacted) == N
    assert paid(tmp_path / "b", small, small, answers={"not_before": 9e12}) == N
    assert paid(tmp_path / "c", small, small, answers={"store": None}) == N


def test_taken_answers_cost_the_same_and_spend_nothing(tmp_path: Path) -> None:
    """The table is the same but for where answers came from; the books hold nothing, and say who paid what."""
    made, first = world(URL, 25), Answers()
    one = replay(made, tmp_path / "one", first)
    two = replay(made, tmp_path / "two", Answers(), cap_usd=0.0, client=replace(FAST, environ={}))
    counts = replay_counts(two.journal, made.calls)
    assert (counts.served_from, counts.complete) == ({"store": 25}, True)
    rows = [read_table(folder.replay_table).to_pylist() for folder in (one, two)]
    changed = {"served_from": "network", "attempts": 1}
    assert [{**row, **changed} for row in rows[1]] == rows[0]
    money = money_spent(two.journal)
    assert (money.spent_usd, money.lost_usd) == (0.0, 0.0)
    assert money.earlier_usd == pytest.approx(first.billed_usd) == pytest.approx(money_spent(one.journal).spent_usd)
    assert {event["earlier"]["run"] for event in done_events(two.journal)} == {"one"}
    # A third run is told of the run that paid, not of the one that took.
    three = replay(made, tmp_path / "three", Answers(), cap_usd=0.0)
    assert {event["earlier"]["run"] for event in done_events(three.journal)} == {"one"}


def test_a_run_needs_no_key_for_answers_that_are_there(tmp_path: Path) -> None:
    """Nobody is asked, so nobody wants it."""
    named = tier(URL, api_key_env="A_KEY")
    made = world(URL, N, named)
    replay(made, tmp_path / "one", Answers(), client=replace(FAST, environ={"A_KEY": "sk-1"}))
    server = Answers()
    replay(made, tmp_path / "two", server, client=replace(FAST, environ={}))
    assert server.bodies == []


def test_only_answers_are_kept(tmp_path: Path) -> None:
    """What failed to measure is asked by the next run; so is an answer in another model's name."""
    made = world(URL, 4)
    texts = [made.requests[call.request_fp].messages[-1]["content"] for call in made.calls]
    broken = Answers(status_of=lambda body: 500 if body["messages"][-1]["content"] == texts[0] else 200)
    replay(made, tmp_path / "one", broken, settings={"attempts": 1, "max_failure_rate": "90%"})
    server = Answers()
    replay(made, tmp_path / "two", server)
    assert [body["messages"][-1]["content"] for body in server.bodies] == texts[:1]


@pytest.mark.parametrize("gone", ["damaged", "deleted"])
def test_an_answer_that_goes_under_way_is_paid_within_the_cap(tmp_path: Path, gone: str) -> None:
    """It was there when the calls were counted and is not when its turn comes: asked as any other is, its worst case
    set aside."""
    made = world(URL, N)
    replay(made, tmp_path / "one", Answers())
    store = AnswerStore(tmp_path / "store")
    assert len(store.known([])) == 0
    database = store._open()
    first = made.calls[0].request_fp
    if gone == "damaged":
        database.execute("UPDATE answers SET sum = sum + 1 WHERE request = ?", (first,))
    else:
        known = AnswerStore.known

        def stale(self: AnswerStore, names: Any) -> Any:
            found = known(self, names)
            self._open().execute("DELETE FROM answers WHERE request = ?", (first,))
            return found

    store.close()
    server = Answers()
    with pytest.MonkeyPatch.context() as patch:
        if gone == "deleted":
            patch.setattr(AnswerStore, "known", stale)
        two = replay(made, tmp_path / "two", server)
    assert len(server.bodies) == 1
    events = [json.loads(line[len('{"sum":"00000000","event":') : -1]) for line in two.journal.read_text().splitlines()]
    assert [event["worst_usd"] > 0 for event in events if event["event"] == "start"] == [True]
    assert money_spent(two.journal).spent_usd > 0


def test_the_plan_knows_what_the_store_has(tmp_path: Path) -> None:
    """By call, apart from what the run folder has itself."""
    made = world(URL, N)
    replay(made, tmp_path / "one", Answers())
    at = AnswersAt(store=tmp_path / "store")
    known = known_calls(made.calls, made.tiers, RunFolder(tmp_path / "new"), at)
    assert (known.journal, set(known.kept)) == (frozenset(), {call.call_id for call in made.calls})
    again = known_calls(made.calls, made.tiers, RunFolder(tmp_path / "one"), at)
    assert (len(again.journal), dict(again.kept)) == (N, {})


def test_offline_plays_the_store(tmp_path: Path) -> None:
    """Nothing is sent, and nothing has to be named."""
    made = world(URL, N)
    replay(made, tmp_path / "one", Answers())
    two = replay(made, tmp_path / "two", Answers(), settings={"offline": True}, cap_usd=0.0)
    assert replay_counts(two.journal, made.calls).served_from == {"store": N}


def test_other_settings_in_the_store_are_named_with_what_they_cost(tmp_path: Path) -> None:
    """Before the calls are paid for again; the address too, which decides an answer here."""
    small = tier(URL, model="takes everything")
    store = tmp_path / "store"
    go(world_of(asked(5), small), tmp_path / "a", Quirky(), store=store)
    moved = replace(small, base_url="http://elsewhere.test/v1", max_tokens=50)
    (told,) = go(world_of(asked(5), moved), tmp_path / "b", Quirky(), store=store)
    assert "5 calls to tier `small` are in the store with other settings (base_url and max_tokens), for $" in told


def test_an_alias_that_moved_is_said(tmp_path: Path) -> None:
    """Half of the answers are of an earlier model of the same name: the run says so, and which tier."""

    class Moved(Answers):
        async def handle_async_request(self, request: Any) -> Any:
            reply = await super().handle_async_request(request)
            plain = json.loads(reply.content)
            return type(reply)(
                reply.status_code, json=plain | ({"model": "model-small-0611"} if "model" in plain else {})
            )

    replay(world(URL, 4), tmp_path / "one", Answers())
    two = replay(world(URL, 8), tmp_path / "two", Moved())
    (said,) = changed_models(two.replay_table)
    assert "`small` answered as model-small-0611 in this run and as model-small in earlier ones" in said
    assert changed_models(replay(world(URL, 4), tmp_path / "three", Answers()).replay_table) == []
    assert len(JournalLedger.read(two.journal).results) == 8


@pytest.mark.parametrize("place", ["store", "cassette"])
def test_a_key_that_an_endpoint_says_is_kept_nowhere(tmp_path: Path, place: str) -> None:
    """Answers are masked before they are kept, in whichever place."""
    key = "violet-anchor-lantern"

    class Echo(Answers):
        async def handle_async_request(self, request: Any) -> Any:
            reply = await super().handle_async_request(request)
            plain = json.loads(reply.content)
            for choice in plain.get("choices", ()):
                choice["message"]["content"] += f" {request.headers['authorization']}"
            return type(reply)(reply.status_code, json=plain)

    made = world(URL, N, tier(URL, api_key_env="A_KEY"))
    replay(
        made,
        tmp_path / "one",
        Echo(),
        client=replace(FAST, environ={"A_KEY": key}),
        answers={"store": None, place: tmp_path / place},
    )
    kept = b"".join(path.read_bytes() for path in (tmp_path / place).rglob("*") if path.is_file())
    assert kept.count(b"<secret:") == N
    assert key.encode() not in kept


def test_a_judge_is_asked_once_by_all_runs(tmp_path: Path) -> None:
    """A verdict is kept by the whole question: another rubric or another answer is another question."""
    judge = tier(URL, "judge")
    made = world(URL, N, judge)
    questions = [judge_call("r", fp, judge) for fp in made.requests]
    asked = World(made.tiers, made.requests, questions)
    replay(asked, tmp_path / "one", Answers(), table=False)
    server = Answers()
    replay(asked, tmp_path / "two", server, table=False)
    assert server.bodies == []
    other = world(URL, N, judge, text="another rubric")
    replay(
        World(other.tiers, other.requests, [judge_call("r", fp, judge) for fp in other.requests]),
        tmp_path / "three",
        server,
        table=False,
    )
    assert len(server.bodies) == N
