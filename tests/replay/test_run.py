"""The replay as a whole, against a transport in this process or a real local server."""

from __future__ import annotations

import asyncio
import errno
import json
import random
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from audit.core import schemas
from audit.core.artifacts import RunFolder, read_table, rows_table
from audit.core.clock import ManualClock
from audit.core.errors import AuditError, EndpointError, Incomplete, InputError, MissingKey
from audit.core.exchange import Completion, Usage
from audit.core.finding import ReplayCounts
from audit.core.settings import ReplaySettings
from audit.core.tier import Price
from audit.llm.cassette import Cassette, CassetteLocked
from audit.llm.client import ClientOptions
from audit.llm.retry import Backoff
from audit.replay.kept import AnswersAt, known_calls
from audit.replay.meter import SilentMeter, Totals
from audit.replay.options import ReplayOptions
from audit.replay.plan import TokenCounts, counts_of, worst_case_usd
from audit.replay.requests import load_requests
from audit.replay.run import run_replay
from audit.replay.table import money_spent, replay_counts
from tests.replay.world import World, tier, world
from tests.server import serving

URL = "http://tier.test/v1"
FAST = ClientOptions(backoff=Backoff(base_s=0.005), environ={})


class Answers(httpx.AsyncBaseTransport):
    """Answers every chat call after a few turns of the loop; `status_of` may refuse one."""

    def __init__(self, *, fill: bool = False, status_of: Any = None) -> None:
        self.bodies: list[dict[str, Any]] = []
        self.fill = fill
        self.status_of = status_of or (lambda body: 200)
        self.billed_usd = 0.0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return httpx.Response(200, json={"data": []})
        body = json.loads(request.content)
        self.bodies.append(body)
        for _ in range(random.Random(len(self.bodies)).randint(0, 5)):
            await asyncio.sleep(0)
        status = self.status_of(body)
        if status != 200:
            return httpx.Response(status, json={"error": {}})
        text = body["messages"][-1]["content"]
        completion = body["max_tokens"] if self.fill else 10
        prompt = len(text)
        self.billed_usd += (prompt * 1.0 + completion * 2.0) / 1e6
        return httpx.Response(
            200,
            json={
                "model": body["model"],
                "choices": [
                    {"message": {"content": f"re: {text}"}, "finish_reason": "length" if self.fill else "stop"}
                ],
                "usage": {"prompt_tokens": prompt, "completion_tokens": completion},
            },
        )


def go(made: World, folder: Path, transport: httpx.AsyncBaseTransport | None = None, **rest: Any) -> ReplayCounts:
    """Replay a world."""
    settings = ReplaySettings.model_validate(rest.pop("settings", {}))
    options = ReplayOptions(**{"cap_usd": 10.0, "client": FAST, "transport": transport, **rest})
    return run_replay(made.calls, made.requests, made.tiers, settings, RunFolder(folder), options)


def test_every_call_is_made_once_and_written(tmp_path: Path) -> None:
    """The table has the declared schema, one row per call, sorted, with the real cost."""
    made, answers = world(URL, 30, tier(URL), tier(URL, "medium")), Answers()
    counts = go(made, tmp_path, answers)
    table = read_table(RunFolder(tmp_path).replay_table)
    assert counts == ReplayCounts(
        planned=60, done=60, by_status={"ok": 60}, served_from={"network": 60}, retried=0, complete=True
    )
    assert table.schema.equals(schemas.REPLAYS)
    rows = table.to_pylist()
    assert rows == sorted(rows, key=lambda r: (r["route"], r["tier"], r["arm"], r["request_fp"], r["repeat"]))
    assert sum(row["cost_usd"] for row in rows) == pytest.approx(answers.billed_usd)
    assert money_spent(RunFolder(tmp_path).journal).spent_usd == pytest.approx(answers.billed_usd)


def test_running_again_asks_nothing(tmp_path: Path) -> None:
    """A finished run is resumed by doing nothing, and the table stays the same bytes."""
    made = world(URL, 20)
    go(made, tmp_path, Answers())
    before = RunFolder(tmp_path).replay_table.read_bytes()
    again = Answers()
    go(made, tmp_path, again)
    assert again.bodies == []
    assert RunFolder(tmp_path).replay_table.read_bytes() == before


@pytest.mark.parametrize("concurrency", [1, 7])
def test_the_table_does_not_depend_on_the_order_of_answers(tmp_path: Path, concurrency: int) -> None:
    """One worker and seven write the same bytes."""
    one = world(URL, 40, tier(URL, concurrency=1))
    many = world(URL, 40, tier(URL, concurrency=concurrency))
    go(one, tmp_path / "one", Answers(), clock=ManualClock())
    go(many, tmp_path / "many", Answers(), clock=ManualClock())
    paths = [RunFolder(tmp_path / name).replay_table for name in ("one", "many")]
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_what_failed_to_measure_is_asked_again_on_the_next_run(tmp_path: Path) -> None:
    """Leftover failures are results of an incomplete kind: journaled, shown, and retried by a resume."""
    made = world(URL, 20)
    bad = made.requests[made.calls[3].request_fp].messages[0]["content"]
    broken = Answers(status_of=lambda body: 500 if body["messages"][0]["content"] == bad else 200)
    counts = go(made, tmp_path, broken, settings={"attempts": 3})
    assert counts.by_status == {"http_error": 1, "ok": 19}
    assert len(broken.bodies) == 19 + 3
    healed = Answers()
    assert go(made, tmp_path, healed).by_status == {"ok": 20}
    assert len(healed.bodies) == 1


@pytest.mark.parametrize("cap_usd", [0.0, 0.0011, 0.003, 0.0058])
def test_the_cap_holds_when_every_answer_is_as_long_as_allowed(tmp_path: Path, cap_usd: float) -> None:
    """Answers at the limit: what was billed never passes the cap, and what is left could not pay another call."""
    made, answers = world(URL, 40, tier(URL, concurrency=8)), Answers(fill=True)
    with pytest.raises(Incomplete, match="spend cap") as stopped:
        go(made, tmp_path, answers, cap_usd=cap_usd)
    worst_usd = (64 + 150 + 2 * 100) / 1e6
    assert stopped.value.exit_code == 4
    assert answers.billed_usd <= cap_usd
    assert cap_usd - answers.billed_usd < worst_usd
    assert replay_counts(RunFolder(tmp_path).journal, made.calls).done == len(answers.bodies)


def test_the_cap_counts_what_earlier_sessions_spent(tmp_path: Path) -> None:
    """Resuming with the same cap spends nothing more."""
    made = world(URL, 40)
    for answers in (Answers(fill=True), again := Answers(fill=True)):
        with pytest.raises(Incomplete):
            go(made, tmp_path, answers, cap_usd=0.003)
    assert again.bodies == []


def test_the_plans_bound_is_enough_to_finish(tmp_path: Path) -> None:
    """A cap equal to the sum of the worst cases lets every call through, even when all answers are at the limit."""
    made, answers = world(URL, 40, tier(URL, concurrency=8)), Answers(fill=True)
    tokens = {fp: TokenCounts(prompt=12) for fp in made.requests}
    at_most = 40 * (round(12 * 1.5) + 64 + 200) / 1e6
    assert go(made, tmp_path, answers, cap_usd=at_most, tokens=tokens).complete


def test_lost_attempts_count_against_the_cap(tmp_path: Path) -> None:
    """A body cut short may have been billed: with a real server that cuts half of them, answers and losses stay
    below the cap."""
    with serving(rate_truncate=0.5, fill=1) as endpoint:
        made = world(endpoint.base_url, 60, tier(endpoint.base_url, concurrency=4))
        with pytest.raises(Incomplete, match="spend cap"):
            go(made, tmp_path, cap_usd=0.006)
        stats = endpoint.stats()
    billed = (stats["ok"] + stats["cut"]) * 200 / 1e6
    money = money_spent(RunFolder(tmp_path).journal)
    assert money.lost_usd > 0
    assert billed <= money.spent_usd + money.lost_usd <= 0.006 + 1e-9


def test_too_many_failures_stop_the_run(tmp_path: Path) -> None:
    """Above the failure rate, after 50 calls, the run stops with exit code 4 and keeps what it has."""
    made, answers = world(URL, 200), Answers(status_of=lambda body: 400)
    with pytest.raises(Incomplete, match="more than 5% failed") as stopped:
        go(made, tmp_path, answers)
    assert stopped.value.code == "replay.failures"
    assert 50 <= len(answers.bodies) < 80


def test_a_refused_key_ends_the_run(tmp_path: Path) -> None:
    """401: host and variable are named, exit code 2, and at most the calls in flight were sent."""
    small = tier(URL, api_key_env="ACME_API_KEY", concurrency=4)
    made, answers = world(URL, 50, small), Answers(status_of=lambda body: 401)
    client = ClientOptions(environ={"ACME_API_KEY": "k"})
    with pytest.raises(EndpointError, match=r"tier\.test refuses the key in ACME_API_KEY") as stopped:
        go(made, tmp_path, answers, client=client)
    assert (stopped.value.code, stopped.value.exit_code) == ("replay.auth", 2)
    assert len(answers.bodies) <= 4
    assert any("0 of 50 calls" in note for note in stopped.value.notes)


def test_a_missing_key_is_an_error_before_anything_is_sent(tmp_path: Path) -> None:
    """The variable is named, and nothing went out."""
    made, answers = world(URL, 5, tier(URL, api_key_env="ACME_API_KEY")), Answers()
    with pytest.raises(MissingKey, match="ACME_API_KEY"):
        go(made, tmp_path, answers)
    assert answers.bodies == []


def test_an_unreachable_tier_is_an_error_before_anything_is_sent(tmp_path: Path) -> None:
    """A port where nobody listens: replay.unreachable, exit code 2, nothing journaled."""
    url = "http://127.0.0.1:9/v1"
    with pytest.raises(EndpointError) as stopped:
        go(world(url, 5), tmp_path)
    assert (stopped.value.code, stopped.value.exit_code) == ("replay.unreachable", 2)
    assert replay_counts(RunFolder(tmp_path).journal, world(url, 5).calls).done == 0


def test_one_tiers_outage_does_not_stop_the_others(tmp_path: Path) -> None:
    """A tier that is down is given up after a few probes; the other tier's calls are all made; exit code 4."""
    made = world(URL, 100, tier(URL), tier(URL, "medium"))
    answers = Answers(status_of=lambda body: 503 if body["model"] == "model-small" else 200)
    with pytest.raises(Incomplete, match="down") as stopped:
        go(made, tmp_path, answers, clock=ManualClock(), settings={"max_failure_rate": "100%"})
    assert stopped.value.code == "replay.outage"
    rows = pq.read_table(RunFolder(tmp_path).replay_table).to_pylist()
    assert sum(row["tier"] == "medium" for row in rows) == 100
    assert sum(body["model"] == "model-small" for body in answers.bodies) < 70


def test_calls_that_always_fail_are_no_outage_of_their_tier(tmp_path: Path) -> None:
    """When only they are left, their failures come in a row; they are not measured, and the tier is not stopped."""
    made = world(URL, 200)
    broken = {made.requests[call.request_fp].messages[-1]["content"] for call in made.calls[-5:]}
    answers = Answers(status_of=lambda body: 500 if body["messages"][-1]["content"] in broken else 200)
    counts = go(made, tmp_path, answers, clock=ManualClock(), settings={"attempts": 12})
    assert counts.by_status == {"http_error": 5, "ok": 195}
    assert counts.complete


def test_refusals_and_cut_answers_are_results(tmp_path: Path) -> None:
    """content_filter counts as refused and length as truncated; neither is asked again."""
    finishes = {"question 0": "content_filter", "question 1": "length"}

    async def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return httpx.Response(200)
        text = json.loads(request.content)["messages"][0]["content"]
        message = {"content": "…"}
        return httpx.Response(
            200, json={"choices": [{"message": message, "finish_reason": finishes.get(text, "stop")}]}
        )

    counts = go(world(URL, 4), tmp_path, httpx.MockTransport(answer))
    assert counts.by_status == {"ok": 2, "refused": 1, "truncated": 1}
    assert money_spent(RunFolder(tmp_path).journal).estimated


def test_a_cassette_saves_the_second_run(tmp_path: Path) -> None:
    """What one run recorded, another plays for nothing: cost kept, spend zero, and offline works."""
    made, first = world(URL, 25), Answers()
    played = AnswersAt(cassette=tmp_path / "tape")
    go(made, tmp_path / "first", first, answers=played)
    tape = tmp_path / "tape" / "completions.jsonl"
    recorded = tape.read_bytes()
    assert recorded.splitlines() == sorted(recorded.splitlines(), key=lambda line: json.loads(line)["key"])
    second = Answers()
    counts = go(made, tmp_path / "second", second, answers=played, settings={"offline": True}, cap_usd=0.0)
    assert (counts.served_from, second.bodies) == ({"cassette": 25}, [])
    money = money_spent(RunFolder(tmp_path / "second").journal)
    rows = read_table(RunFolder(tmp_path / "second").replay_table).to_pylist()
    assert (money.spent_usd, sum(r["cost_usd"] for r in rows)) == (0.0, pytest.approx(first.billed_usd))
    assert tape.read_bytes() == recorded


def test_an_answer_that_could_not_be_kept_is_in_the_books(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk is full when answers are to be recorded: they were billed, and count at their worst case at least."""
    made, server = world(URL, 4, tier(URL, concurrency=2)), Answers()

    def full(*asked: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Cassette, "put", full)
    with pytest.raises(OSError, match="No space left"):
        go(made, tmp_path / "run", server, answers=AnswersAt(cassette=tmp_path / "tape"))
    money = money_spent(RunFolder(tmp_path / "run").journal)
    assert 0 < server.billed_usd <= money.spent_usd + money.lost_usd


def test_a_cassette_that_is_being_recorded_stops_the_replay_before_it_pays(tmp_path: Path) -> None:
    """Two audits into one cassette would write into each other's lines; the second sends nothing."""
    made, transport = world(URL, 4), Answers()
    with Cassette(tmp_path / "tape") as other:
        other.claim()
        with pytest.raises(CassetteLocked):
            go(made, tmp_path / "run", transport, answers=AnswersAt(cassette=tmp_path / "tape"))
    assert not transport.bodies
    assert go(made, tmp_path / "run", transport, answers=AnswersAt(cassette=tmp_path / "tape")).done == 4


class InAnotherName(Answers):
    """A gateway that fell back: every reply names another model than the one that was asked."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        reply = await super().handle_async_request(request)
        plain = json.loads(reply.content)
        return reply if "model" not in plain else httpx.Response(200, json=plain | {"model": "large-1-2026-01-01"})


@pytest.mark.parametrize(
    ("models", "reported_as", "status"),
    [({"large-1"}, None, "other_model"), ({"larger"}, None, "ok"), (set(), None, "ok"), ({"large-1"}, "large-1", "ok")],
)
def test_another_model_of_the_audit_is_no_candidate(
    tmp_path: Path, models: set[str], reported_as: str | None, status: str
) -> None:
    """An answer in the incumbent's name says nothing of the candidate, and is paid for; a stranger's name is noted; a
    deployment may say under which name it answers."""
    made = world(URL, 6, tier(URL, reported_as=reported_as))
    counts = go(made, tmp_path, InAnotherName(), models=frozenset(models))
    assert counts.by_status == {status: 6}
    rows = read_table(RunFolder(tmp_path).replay_table).to_pylist()
    assert all((row["text"] is None) == (status == "other_model") for row in rows)
    spent = money_spent(RunFolder(tmp_path).journal).spent_usd
    assert spent > 0
    lost = sum(row["lost_usd"] for row in rows)
    assert lost == (pytest.approx(spent) if status == "other_model" else 0.0)


def test_failures_that_were_billed_raise_what_a_candidate_costs(tmp_path: Path) -> None:
    """Every first attempt is an error that counts its tokens: a call costs what both cost, and no dollar twice."""
    tried: Counter[str] = Counter()

    class BilledTwice(Answers):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            reply = await super().handle_async_request(request)
            tried[request.content.decode()] += 1
            if request.method == "GET" or tried[request.content.decode()] > 1:
                return reply
            return httpx.Response(503, json={"error": {}, "usage": json.loads(reply.content)["usage"]})

    transport = BilledTwice()
    go(world(URL, 5), tmp_path, transport)
    folder = RunFolder(tmp_path)
    rows, spend = read_table(folder.replay_table).to_pylist(), money_spent(folder.journal)
    assert (spend.spent_usd, spend.lost_usd) == (pytest.approx(transport.billed_usd), 0.0)
    assert [row["lost_usd"] for row in rows] == pytest.approx([row["cost_usd"] for row in rows])


def test_offline_says_how_many_calls_are_missing(tmp_path: Path) -> None:
    """Offline with a part recorded: nothing is sent, the number is in the message, and the quote knows the part."""
    made = world(URL, 10)
    with Cassette(tmp_path / "tape") as cassette:
        for call in made.calls[:4]:
            usage = Usage(prompt_tokens=1, completion_tokens=1)
            completion = Completion(text="x", finish_reason="stop", usage=usage)
            cassette.put(made.tiers[0].answers_key, call.request_fp, 0, completion)
    played = AnswersAt(cassette=tmp_path / "tape")
    known = known_calls(made.calls, made.tiers, RunFolder(tmp_path / "run"), played)
    assert known.ids == {call.call_id for call in made.calls[:4]}
    with pytest.raises(InputError, match="6 of 10 calls are not recorded"):
        go(made, tmp_path / "run", Answers(), answers=played, settings={"offline": True})


def test_a_cassette_tier_answers_without_a_network(tmp_path: Path) -> None:
    """Provider `cassette`: the same bytes whenever it is run; a request without a recording failed to measure."""
    made = world("", 30, tier("", provider="cassette", model="m", options={"path": "tape"}))
    with Cassette(tmp_path / "tape") as cassette:
        for call in made.calls[:-1]:
            cassette.put("m", call.request_fp, 0, Completion(text="recorded \ud800", finish_reason="stop"))
    client = ClientOptions(directory=tmp_path, environ={})
    for name in ("one", "two"):
        counts = go(made, tmp_path / name, client=client, cap_usd=0.0)
        assert counts.by_status == {"http_error": 1, "ok": 29}
    paths = [RunFolder(tmp_path / name).replay_table for name in ("one", "two")]
    assert paths[0].read_bytes() == paths[1].read_bytes()
    assert "recorded \ufffd" in read_table(paths[0]).column("text").to_pylist()


def test_the_meter_is_told(tmp_path: Path) -> None:
    """Each call is started and finished once, and the totals end at the plan."""

    class Recorder(SilentMeter):
        def __init__(self) -> None:
            self.events: list[str] = []
            self.last: Totals | None = None

        def started(self, call: Any) -> None:
            self.events.append("started")

        def finished(self, call: Any, status: str, cost_usd: float | None) -> None:
            self.events.append(status)

        def totals(self, totals: Totals) -> None:
            self.last = totals

    meter = Recorder()
    go(world(URL, 9), tmp_path, Answers(), meter=meter)
    assert (meter.events.count("started"), meter.events.count("ok")) == (9, 9)
    assert meter.last is not None
    assert (meter.last.done, meter.last.planned, meter.last.reserved_usd) == (9, 9, 0.0)


def test_prompts_stay_out_of_errors(tmp_path: Path) -> None:
    """An endpoint that quotes the prompt in its error does not get it into ours."""
    made = world(URL, 60)

    async def quote(request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return httpx.Response(200)
        return httpx.Response(400, json={"error": {"message": request.content.decode(), "code": "question 1 quoted"}})

    with pytest.raises(AuditError) as stopped:
        go(made, tmp_path, httpx.MockTransport(quote))
    assert "question" not in "".join([stopped.value.what, *stopped.value.notes])
    assert b"question" not in RunFolder(tmp_path).journal.read_bytes()


def _write_log(folder: Path, number: int, fps: list[str], row_group_size: int = 50) -> tuple[Path, Path]:
    """A file of traffic and one of its bodies, with a row for each fingerprint; the text of a request is its own."""
    traffic, bodies = [], []
    for i, fp in enumerate(fps):
        row_id = f"file{number}row{i}"
        traffic.append({"row_id": row_id, "request_fp": fp, "params": '{"temperature":0.5}'})
        messages = json.dumps([{"role": "user", "content": f"text of {fp} " + "x" * 2000}])
        bodies.append({"row_id": row_id, "messages": messages, "tools": None, "tool_choice": '"auto"'})
        bodies[-1]["response_format"] = None
    if fps[3:]:
        bodies[3]["tools"], bodies[3]["tool_choice"] = '[{"type":"function"}]', "required"
    if fps[7:]:
        bodies[7]["messages"] = None
    paths = []
    for name, rows, schema in (("traffic", traffic, schemas.TRAFFIC), ("bodies", bodies, schemas.BODIES)):
        part = {f.name: f for f in schema}
        columns = [part[key] for key in {key: None for row in rows for key in row}]
        paths.append(folder / f"{name}-{number}")
        pq.write_table(rows_table(rows, pa.schema(columns)), paths[-1], row_group_size=row_group_size)
    return paths[0], paths[1]


def test_requests_are_read_back_from_the_log(tmp_path: Path) -> None:
    """Messages, tools and parameters come from the parquet files; only the wanted ones; a lost body is an error."""
    traffic, bodies = _write_log(tmp_path, 0, [f"fp{i % 250}" for i in range(500)])
    found = load_requests([bodies], [traffic], {"fp3", "fp7"})
    assert list(found) == ["fp3", "fp7"]
    assert found["fp3"].params == {"temperature": 0.5}
    assert (found["fp3"].tools, found["fp3"].tool_choice) == ([{"type": "function"}], "required")
    assert found["fp7"].messages[0]["content"].startswith("text of fp7 ")
    with pytest.raises(InputError, match="1 of 2 sampled requests"):
        load_requests([bodies], [traffic], {"fp3", "nowhere"})


def test_what_only_repeats_a_request_is_not_read_again(tmp_path: Path) -> None:
    """A log repeats itself: bodies of rows whose requests are known are left alone, or each costs anew."""
    files = [
        _write_log(tmp_path, number, [f"fp{i}" for i in fps]) for number, fps in enumerate(([1, 2, 3], [4], [2, 1]))
    ]
    traffic, bodies = [pair[0] for pair in files], [pair[1] for pair in files]
    bodies[2].write_bytes(b"damaged")
    found = load_requests(bodies, traffic, {"fp1", "fp2", "fp4"})
    assert [request.messages[0]["content"].split()[2] for request in found.values()] == ["fp1", "fp2", "fp4"]


@pytest.mark.parametrize("seed", range(20))
def test_every_wanted_request_is_found_wherever_it_stands(seed: int, tmp_path: Path) -> None:
    """However a log is cut into files and row groups: each wanted request once, with its own text; and none where the
    bodies are those of other rows."""
    draw = random.Random(seed)
    logs = [[f"fp{draw.randrange(12)}" for _ in range(draw.randint(1, 7))] for _ in range(draw.randint(2, 5))]
    files = [_write_log(tmp_path, number, log, row_group_size=2) for number, log in enumerate(logs)]
    traffic, bodies = [pair[0] for pair in files], [pair[1] for pair in files]
    wanted = {fp for log in logs for fp in log if draw.random() < 0.7}
    found = load_requests(bodies, traffic, wanted)
    assert {fp: request.messages[0]["content"].split()[2] for fp, request in found.items()} == {fp: fp for fp in wanted}
    if wanted:
        with pytest.raises(InputError, match=f"{len(wanted)} of {len(wanted)} sampled requests have no body"):
            load_requests([*bodies[1:], bodies[0]], traffic, wanted)


def test_the_price_of_nothing_is_no_cap(tmp_path: Path) -> None:
    """A tier at $0 runs under a cap of $0."""
    made = world(URL, 5, tier(URL, price=Price(input=0, output=0)))
    assert go(made, tmp_path, Answers(), cap_usd=0.0).complete


def test_a_run_that_stops_among_the_repeats_of_a_request_asks_only_what_is_missing(tmp_path: Path) -> None:
    """Answer by answer under caps that end in the middle: each is asked once, and paid for once, over all sessions."""
    made, answers = world(URL, 5, tier(URL, repeats=3, concurrency=1)), Answers(fill=True)
    worst_usd = max(worst_case_usd(counts_of(made.requests[c.request_fp], None), made.tiers[0]) for c in made.calls)
    billed_usd = (len("question 0") * 1.0 + 100 * 2.0) / 1e6
    seen = []
    for answered in (1, 5, 10):
        with pytest.raises(Incomplete):
            go(made, tmp_path, answers, cap_usd=worst_usd + (answered - 0.5) * billed_usd)
        rows = pq.read_table(RunFolder(tmp_path).replay_table, columns=["request_fp", "repeat"]).to_pylist()
        seen.append(Counter(row["request_fp"] for row in rows))
    assert go(made, tmp_path, answers).complete
    # A stop in the middle of a request is what this is about.
    assert any(number % 3 for counts in seen for number in counts.values())
    assert Counter(body["messages"][-1]["content"] for body in answers.bodies) == Counter(
        made.requests[call.request_fp].messages[-1]["content"] for call in made.calls
    )
    rows = pq.read_table(RunFolder(tmp_path).replay_table, columns=["request_fp", "repeat"]).to_pylist()
    assert sorted((row["request_fp"], row["repeat"]) for row in rows) == sorted(
        (call.request_fp, call.repeat) for call in made.calls
    )
    assert money_spent(RunFolder(tmp_path).journal).spent_usd == pytest.approx(answers.billed_usd)
    # One more answer to each is the only thing that a larger number asks.
    more = world(URL, 5, tier(URL, repeats=4, concurrency=1))
    before = len(answers.bodies)
    assert go(more, tmp_path, answers).complete
    assert len(answers.bodies) == before + 5


def test_a_cassette_holds_each_answer_apart(tmp_path: Path) -> None:
    """Recorded once, the repeats play offline, each as it was."""
    made = world(URL, 3, tier(URL, repeats=2, concurrency=1))

    class Numbered(Answers):
        """Answers every call with its number."""

        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            reply = await super().handle_async_request(request)
            body = json.loads(reply.content)
            if "choices" in body:
                body["choices"][0]["message"]["content"] = f"answer {len(self.bodies)}"
            return httpx.Response(reply.status_code, json=body)

    played = AnswersAt(cassette=tmp_path / "cassette")
    go(made, tmp_path / "first", Numbered(), answers=played)
    go(made, tmp_path / "second", answers=played, settings={"offline": True}, cap_usd=0.0)
    texts = [pq.read_table(RunFolder(tmp_path / name).replay_table)["text"].to_pylist() for name in ("first", "second")]
    assert texts[0] == texts[1]
    assert len(set(texts[0])) == 6
