"""The lever ledger: each lever on a planted log, and their composition against a bill made anew request by request."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from audit.cli.printing.levers import _upper_end
from audit.core.levers import Kind, LeverBasis, LeverLedger, LeverLine, LeverName, Unseen
from audit.core.rates import CallKind, Rates
from audit.levers import LEVERS
from audit.levers.run import measure_levers
from tests.levers.oracle import bills, repeated, unused
from tests.levers.planted import listed, rates_of, row, write

DAY = 86_400


def ledger(folder: Path, *parts: list[dict[str, Any]]) -> LeverLedger:
    """The ledger of planted rows."""
    return measure_levers(write(folder, *parts), rates_of)


def line(found: LeverLedger, name: LeverName) -> LeverLine:
    """One line of a ledger."""
    return next(one for one in found.lines if one.lever is name)


def kinds(found: LeverLine) -> dict[Kind, int]:
    """Requests by what was found of them."""
    return {kind: sum(p.requests for p in found.parts if p.kind is kind) for kind in {p.kind for p in found.parts}}


def random_log(seed: int, size: int = 160, pace: float = 1.0) -> list[dict[str, Any]]:
    """A log with retries, repeats, cut answers, sampling and two deployments, all mixed; a discount begins on the third
    day.

    Args:
        pace: What the pauses between calls are multiplied by.
    """
    chance = random.Random(seed)
    rows, now = [], 0.0
    for _ in range(size):
        now += chance.choice([0.7, 3.1, 40.3, 900.9]) * pace
        called = chance.choice(["east", "west"])
        made = row(
            now,
            request_fp=f"fp-{chance.randrange(12)}",
            trace_id=f"trace-{chance.randrange(20)}",
            route=chance.choice(["/a", "/b"]),
            tenant=chance.choice(["t", "u"]),
            params=chance.choice(['{"temperature":0}', '{"temperature":0.7}', "{}"]),
            status=chance.choice(["ok"] * 9 + ["partial"]),
            finish_reason=chance.choice(["stop"] * 9 + ["length"]),
            latency_ms=chance.choice([500.0, 2_000.0, 60_000.0]),
            model_called=called,
            prompt_tokens=chance.randrange(50, 5000),
            cached_tokens=chance.choice([None, 0, 40]),
            completion_tokens=chance.randrange(1, 900),
            streaming=True,
        )
        made["cost_usd_logged"] = listed(made) * (0.7 if called == "west" else 1.0) * (0.9 if now > 2 * DAY else 1.0)
        rows.append(made)
    return rows


@pytest.mark.parametrize(("seed", "pace"), [(0, 1.0), (1, 1.0), (4, 8.0)])
def test_the_lines_are_differences_of_whole_bills(seed: int, pace: float, tmp_path: Path) -> None:
    """Composition: what is left after each lever is the bill made anew by brute force, far below a cent."""
    rows = random_log(seed, pace=pace)
    found = ledger(tmp_path, rows[:70], rows[70:])
    paid, *after = bills(rows)
    assert found.paid_usd == pytest.approx(paid, abs=1e-12)
    assert [one.left_usd for one in found.lines[:3]] == pytest.approx(after, abs=1e-9)
    assert found.paid_usd - sum(one.usd for one in found.lines) == pytest.approx(found.left_usd, abs=1e-9)
    assert min(one.usd for one in found.lines[:3]) > 0  # the log has something for each


@pytest.mark.parametrize("seed", range(2))
def test_routes_add_up(seed: int, tmp_path: Path) -> None:
    """Every lever's dollars by route are its line's, and a route's are its spend less what is left of it."""
    found = ledger(tmp_path, random_log(seed))
    for one in found.lines:
        assert sum(route.usd[one.lever] for route in found.routes) == pytest.approx(one.usd, abs=1e-12)
        assert sum(part.usd for part in one.parts) == pytest.approx(one.usd, abs=1e-12)
        assert sum(part.at_most_usd for part in one.parts) == pytest.approx(one.at_most_usd, abs=1e-12)
        assert one.usd <= one.at_most_usd + 1e-12
    for route in found.routes:
        assert route.paid_usd - sum(route.usd.values()) == pytest.approx(route.left_usd, abs=1e-9)


def test_the_order_of_the_log_changes_nothing(tmp_path: Path) -> None:
    """Shuffled rows in other files give the same dollars, to the last bit."""
    rows = random_log(7)
    shuffled = random.Random(1).sample(rows, len(rows))
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    one, other = ledger(tmp_path / "a", rows), ledger(tmp_path / "b", shuffled[:50], shuffled[50:])
    assert [(x.lever, x.usd, x.at_most_usd, x.left_usd) for x in one.lines] == [
        (x.lever, x.usd, x.at_most_usd, x.left_usd) for x in other.lines
    ]


@pytest.mark.parametrize("seed", range(1))
def test_a_cache_by_how_long_it_keeps(seed: int, tmp_path: Path) -> None:
    """Floor and ceiling of each time to live are those of brute force, and grow with it."""
    rows = sorted(random_log(seed), key=lambda one: one["started_at"])
    gone = unused(rows)
    lives = line(ledger(tmp_path, rows), LeverName.REPEATS).by_ttl
    for life in lives:
        span = None if life.seconds is None else timedelta(seconds=life.seconds)
        floor, anybody = repeated(rows, gone, span), repeated(rows, gone, span, own=False)
        assert (life.floor_requests, life.ceiling_requests) == (len(floor), len(floor | anybody))
        assert life.floor_usd == pytest.approx(sum(rows[i]["cost_usd_logged"] for i in floor), abs=1e-12)
    assert [life.floor_requests for life in lives] == sorted(life.floor_requests for life in lives)


def test_only_what_is_billed_is_in_the_ledger(tmp_path: Path) -> None:
    """Failures, rows logged twice and cache hits are in no bill; a request without a price is counted, not $0."""
    rows = [
        row(1),
        row(2, status="error"),
        row(3, duplicate_of="row-0"),
        row(4, cache_hit=True),
        row(5, model_key="unknown"),
    ]
    found = ledger(tmp_path, rows)
    assert (found.requests, found.unpriced_requests) == (2, 1)
    assert found.paid_usd == found.left_usd == rows[0]["cost_usd_logged"]


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({}, Kind.ASKED_AGAIN),
        ({"params": '{"temperature":0.0}'}, Kind.ASKED_AGAIN),
        ({"params": '{"temperature":0.2}'}, Kind.ASKED_AGAIN_SAMPLED),
        ({"params": "{}"}, Kind.ASKED_AGAIN_SAMPLED),
        ({"params": '{"temperature":1}', "finish_reason": "length"}, Kind.ASKED_AGAIN),
        ({"params": '{"temperature":1}', "status": "partial"}, Kind.ASKED_AGAIN),
        ({"latency_ms": 60_000.0}, None),  # both were under way at once: two votes, no second try
    ],
)
def test_answers_that_were_asked_for_again(changes: dict[str, Any], kind: Kind | None, tmp_path: Path) -> None:
    """The first of two equal calls of a trace was for nothing, where it can have been nothing else."""
    pair = {"request_fp": "same", "trace_id": "one"}
    found = line(ledger(tmp_path, [row(0, **pair, **changes), row(30, **pair)]), LeverName.UNUSED_ANSWERS)
    assert kinds(found) == ({kind: 1} if kind else {})
    assert (found.usd > 0) == (kind is Kind.ASKED_AGAIN)


def test_a_stream_that_the_client_left_is_a_ceiling(tmp_path: Path) -> None:
    """Nobody knows how much of a cut answer was read."""
    found = line(ledger(tmp_path, [row(0, status="partial")]), LeverName.UNUSED_ANSWERS)
    assert (found.usd, found.at_most_usd, kinds(found)) == (0.0, row(0)["cost_usd_logged"], {Kind.STREAM_CUT: 1})


def test_what_cannot_be_looked_at_is_told(tmp_path: Path) -> None:
    """Requests without a fingerprint, a trace, a time or a price list stay in the bill, with reason and dollars."""
    rows = [
        row(0, request_fp=None),
        row(1, trace_id=None),
        row(2, started_at=None),
        row(3, cost_usd_logged=5.0),  # a thousand times the list: it cannot say how the dollars divide
        row(4, model_key="plain"),
    ]
    found = ledger(tmp_path, rows)
    why = {one.lever: one.unseen_requests for one in found.lines}
    assert why[LeverName.UNUSED_ANSWERS] == {Unseen.NO_FINGERPRINT: 1, Unseen.NO_TRACE: 1, Unseen.NO_TIME: 1}
    assert why[LeverName.REPEATS] == {Unseen.NO_FINGERPRINT: 1, Unseen.NO_TIME: 1}
    assert why[LeverName.SAME_MODEL] == {Unseen.NO_RATES: 1}
    assert why[LeverName.BATCH] == {Unseen.NO_RATES: 1, Unseen.NO_BATCH_PRICE: 1, Unseen.NO_TIME: 1}
    assert line(found, LeverName.SAME_MODEL).unseen_usd == 5.0
    for one in found.lines:
        assert one.is_partial == (one.unseen_usd > one.at_most_usd)
        assert _upper_end(one, 2).endswith("*") == (one.is_partial and one.at_most_usd > 0)


def test_the_same_model_for_less(tmp_path: Path) -> None:
    """A dearer deployment is counted; another region, a service tier and an old snapshot are ceilings."""
    east = [row(n, model_called="east") for n in range(30)]
    west = [row(100 + n, model_called="west", cost_usd_logged=listed(row(0)) * 0.8) for n in range(30)]
    found = line(ledger(tmp_path, east + west), LeverName.SAME_MODEL)
    assert found.usd == pytest.approx(sum(one["cost_usd_logged"] for one in east) * 0.2)
    assert kinds(found) == {Kind.DEARER_DEPLOYMENT: 30}
    for one in west:
        one["served_region"] = "eu"
    found = line(ledger(tmp_path, east + west), LeverName.SAME_MODEL)
    assert (found.usd, kinds(found)) == (0.0, {Kind.OTHER_REGION: 30})
    assert found.at_most_usd == pytest.approx(sum(one["cost_usd_logged"] for one in east) * 0.2)
    fast = row(0, service_tier="priority")
    found = line(ledger(tmp_path, [fast, row(1, model_key="large-2025-01-02")]), LeverName.SAME_MODEL)
    assert (found.usd, kinds(found)) == (0.0, {Kind.SERVICE_TIER: 1, Kind.OLD_SNAPSHOT: 1})
    assert found.at_most_usd == pytest.approx(2 * listed(row(0)))


def test_a_price_that_changes_with_time_is_no_cheaper_deployment(tmp_path: Path) -> None:
    """Two deployments that pay one price at each moment: neither takes anything of the other, whatever the price does
    in the meantime, as when a discount begins, or the list is dearer at some hours of the day."""

    def by_the_hour(kind: CallKind) -> Sequence[Rates]:
        factor = 2.0 if kind.at is not None and kind.at.hour < 6 else 1.0
        return (Rates(input=1.0 * factor, output=4.0 * factor, source="by the hour"),)

    def paid(seconds: float, called: str, of_list: float = 1.0, peak: float = 1.0) -> dict[str, Any]:
        usd = (1000 * 1.0 + 100 * 4.0) / 1e6 * of_list * peak
        named = {"model_key": "deepseek-v4", "model_called": called, "cost_usd_logged": usd}
        return row(seconds, streaming=True, **named)

    moved = [paid(n * DAY / 8, "old" if n < 160 else "new", 1.0 if n < 160 else 0.8) for n in range(320)]
    hours = [paid(n // 24 * DAY + n % 24 * 3600, "day", peak=1.0) for n in range(720) if n % 24 >= 6]
    hours += [paid(n // 24 * DAY + n % 24 * 3600 + 1, "night", peak=2.0) for n in range(720) if n % 24 < 6]
    for name, rows in (("moved", moved), ("hours", hours)):
        (tmp_path / name).mkdir()
        rates = by_the_hour if name == "hours" else lambda _: by_the_hour(replace(_, at=None))
        found = line(measure_levers(write(tmp_path / name, rows), rates), LeverName.SAME_MODEL)
        assert (found.usd, kinds(found), found.unseen_requests) == (0.0, {}, {}), name


def nightly(seed: int, days: int = 14, job: int = 60) -> tuple[list[dict[str, Any]], float]:
    """Daytime traffic that rises and falls, with a job at 3 o'clock, and what its batch price would save."""
    chance = random.Random(seed)
    rows, saves = [], 0.0
    for day in range(days):
        for hour in range(24):
            busy = 4 + 12 * (8 <= hour <= 18) + 6 * (10 <= hour <= 16)
            for _ in range(max(int(chance.gauss(busy, busy**0.5)), 0)):
                rows.append(row(day * DAY + hour * 3600 + chance.uniform(0, 3600)))
        for _ in range(int(chance.gauss(job, job**0.5)) if job else 0):
            rows.append(row(day * DAY + 3 * 3600 + chance.uniform(0, 3600), completion_tokens=chance.randrange(900)))
            saves += rows[-1]["cost_usd_logged"] / 2
    return rows, saves


@pytest.mark.parametrize("seed", range(2))
def test_a_nightly_job_is_inside_its_interval(seed: int, tmp_path: Path) -> None:
    """What a batch would save on the job lies between what is counted and the whole hour's saving."""
    rows, saves = nightly(seed)
    found = line(ledger(tmp_path, rows), LeverName.BATCH)
    hour = [part for part in found.parts if part.kind is Kind.NIGHTLY]
    assert 0.6 * saves < found.usd <= saves <= sum(part.at_most_usd for part in hour)
    assert found.basis is LeverBasis.INFERRED


@pytest.mark.parametrize("changes", [{"job": 0}, {"days": 2}])
def test_people_are_no_job(changes: dict[str, int], tmp_path: Path) -> None:
    """The daily rise and fall is no job, and two days are no pattern."""
    rows, _ = nightly(11, **changes)
    assert line(ledger(tmp_path, rows), LeverName.BATCH).usd == 0


def test_streams_and_conversations_wait(tmp_path: Path) -> None:
    """What is streamed, has several turns or pays for waiting already is in no batch, not even in the ceiling."""
    rows = [row(0, streaming=True), row(1, n_turns=3), row(2, batch=True), row(3, service_tier="batch", batch=True)]
    assert line(ledger(tmp_path, rows), LeverName.BATCH).at_most_usd == 0


def test_every_lever_has_its_words() -> None:
    """The ledger's order is the catalog's, and every word that it may say has a sentence."""
    assert list(LEVERS.names) == [name.value for name in LeverName]
    assert [LEVERS.get(name).name for name in LEVERS.names] == list(LeverName)
    assert all(word.sentence for words in (Kind, Unseen, LeverBasis) for word in words)


SEEDS = 200


@pytest.mark.slow
def test_nightly_jobs_are_inside_their_interval(tmp_path: Path) -> None:
    """Jobs of many sizes over 200 seeds: what a batch saves lies inside the interval in at least 95 %."""
    inside = false = 0
    for seed in range(SEEDS):
        (tmp_path / str(seed)).mkdir()
        rows, saves = nightly(1000 + seed, job=30 + seed % 5 * 30, days=7 + seed % 3 * 7)
        found = line(ledger(tmp_path / str(seed), rows), LeverName.BATCH)
        hours = sum(part.at_most_usd for part in found.parts if part.kind is Kind.NIGHTLY)
        inside += 0 < found.usd <= saves <= hours
        rows, _ = nightly(2000 + seed, job=0)
        (tmp_path / f"people-{seed}").mkdir()
        false += line(ledger(tmp_path / f"people-{seed}", rows), LeverName.BATCH).usd > 0
    print(f"\nnightly jobs: saving inside its interval {inside}/{SEEDS}; jobs found among people {false}/{SEEDS}")
    assert inside >= 0.95 * SEEDS
    assert false <= 0.05 * SEEDS


@pytest.mark.slow
def test_planted_repeats_are_found_exactly(tmp_path: Path) -> None:
    """A share d of repeats within the hour, over 200 seeds: their number and dollars to the last."""
    exact = 0
    for seed in range(SEEDS):
        (tmp_path / str(seed)).mkdir()
        chance, rows, repeats = random.Random(seed), [], []
        for n in range(60):
            again = bool(rows) and chance.random() < seed % 10 / 20
            prompt = chance.choice(rows[-20:])["request_fp"] if again else f"new-{n}"
            rows.append(row(60.0 * n, request_fp=prompt, streaming=True, completion_tokens=chance.randrange(500)))
            repeats += [rows[-1]["cost_usd_logged"]] if again else []
        found = line(ledger(tmp_path / str(seed), rows), LeverName.REPEATS)
        exact += found.requests == len(repeats) and abs(found.usd - sum(repeats)) < 1e-9
    print(f"\nplanted repeats: exact {exact}/{SEEDS}")
    assert exact == SEEDS
