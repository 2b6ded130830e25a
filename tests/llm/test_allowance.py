"""A tier's own limits are kept by all processes of a machine together, and one that is killed takes nothing with it."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from audit.core.artifacts import RunFolder
from audit.core.exchange import Usage
from audit.core.tier import Tier
from audit.flow.places import limits_folder
from audit.llm.allowance import STARTS, TOKENS, Allowance, limited_by, shared_allowances
from audit.llm.limiter import Limiter, TokenRate, limiters_of
from audit.llm.pace import Pace
from audit.replay.journal import JournalLedger
from tests.forked import Child
from tests.llm.virtual import JumpingClock
from tests.llm.world import request, tier
from tests.server import serving


def opened(path: Path) -> Allowance:
    """As another process opens it: with a descriptor and a memory of its own."""
    return Allowance(_descriptor(path.parent))


def _descriptor(folder: Path) -> int:
    return os.open(folder / "limits", os.O_RDWR | os.O_CREAT, 0o600)


class Unseated(Allowance):
    """Without places: they are locks of processes, and what stands for several is one here."""

    def take_place(self, tier: int, most: int) -> int:
        return 0

    def leave_place(self, tier: int, place: int) -> None:
        pass


@pytest.mark.parametrize("per_minute", [30, 600])
def test_calls_per_minute_are_kept_by_all_processes_together(per_minute: int, tmp_path: Path) -> None:
    """Three that know nothing of each other: no minute sees more than the limit and one, and each gets its part."""
    clock, starts = JumpingClock(), []

    async def worker(limiter: Limiter, process: int) -> None:
        while clock.now() < 180:
            async with limiter:
                starts.append((clock.now(), process))
                await clock.sleep(0.4)

    async def main() -> None:
        asked = tier(concurrency=30, requests_per_minute=per_minute)
        limiters = [
            Limiter(asked, pace=Pace(clock), clock=clock, allowance=Unseated(_descriptor(tmp_path))) for _ in range(3)
        ]
        await clock.run([worker(limiter, n) for n, limiter in enumerate(limiters) for _ in range(30)])

    asyncio.run(main())
    times = sorted(at for at, _ in starts)
    busiest = max(sum(begin <= at < begin + 60 for at in times) for begin in times)
    assert busiest <= per_minute + 1
    assert sum(at < 180 for at in times) >= 0.95 * 3 * per_minute
    parts = Counter(process for _, process in starts)
    assert min(parts.values()) > 0.5 * max(parts.values())


def test_what_one_process_uses_the_next_waits_for(tmp_path: Path) -> None:
    """Starts and tokens apart from each other; what is given back is there for everybody; and no line waits for one
    that is gone, because nothing is reserved for those who wait."""
    first, second = opened(tmp_path / "limits"), opened(tmp_path / "limits")
    assert first.start(STARTS, 60.0, 100.0, waited=False) == 0
    assert second.start(STARTS, 60.0, 100.0, waited=False) == 60
    assert second.start(TOKENS, 8.0, 100.0, waited=False) == 0
    assert first.start(TOKENS, 8.0, 101.0, waited=False) == 7
    second.give_back(TOKENS, 6.0, 101.0)
    assert first.start(TOKENS, 8.0, 102.0, waited=True) == 0
    # The second has waited, and is killed.
    assert first.start(STARTS, 60.0, 160.0, waited=False) == 0


def test_no_call_puts_others_off_for_longer_than_a_minute(tmp_path: Path) -> None:
    """A request that names a huge limit, whose process is killed meanwhile, and a host that says of a call that it used
    a million million tokens."""
    clock, third = JumpingClock(), opened(tmp_path / "limits")
    tokens = TokenRate(tier(tokens_per_minute=1_000), clock, opened(tmp_path / "limits"))
    taken = asyncio.run(tokens.take(request(params={"max_tokens": 10**12})))
    assert 59 < third.start(TOKENS, 1.0, clock.now(), waited=False) <= 60
    tokens.settle(taken, Usage(prompt_tokens=10**12, completion_tokens=10**12))
    assert 59 < third.start(TOKENS, 1.0, clock.now(), waited=False) <= 60
    tokens.give_back(taken)
    assert third.start(TOKENS, 1.0, clock.now(), waited=False) == 0


@pytest.mark.parametrize("found", [b"", b"torn", b"\xff" * 24])
def test_whatever_stands_in_the_file_is_no_limit(found: bytes, tmp_path: Path) -> None:
    """Half a write, no numbers, and moments of the clock before the machine was started anew."""
    path = tmp_path / "limits"
    path.write_bytes(found)
    assert opened(path).start(STARTS, 60.0, 5e6, waited=False) == 0
    assert opened(path).start(STARTS, 60.0, 10.0, waited=False) == 0
    assert opened(path).start(STARTS, 60.0, 10.0, waited=False) == 60


def test_places_are_dealt_out_and_a_killed_process_gives_its_own_back(tmp_path: Path) -> None:
    """Alone a process has them all; with another one each has half; and all again when the other one is killed."""
    (path := tmp_path / "limits").touch()
    own = opened(path)
    own.join()
    places = [own.take_place(0, 8) for _ in range(9)]
    assert places == [*range(8), None]
    other = Child("tests.llm.holder", path, 8, 8)
    assert other.stdout.readline() == "0\n"
    for place in range(6):
        own.leave_place(0, place)
    assert [own.take_place(0, 8), own.take_place(0, 8), own.take_place(0, 8)].count(None) == 1, "more than its half"
    third = Child("tests.llm.holder", path, 8, 8)
    assert third.stdout.readline() == "3\n", "a third, rounded up"
    for child in (other, third):
        child.kill()
        child.communicate()
    assert sum(own.take_place(0, 8) is not None for _ in range(9)) == 4
    own.part()


def test_two_runs_at_once_share_the_places_of_a_host(tmp_path: Path) -> None:
    """Six calls in flight at most, by the server's own count, and each run gets all of its answers."""
    with serving(latency_ms=40) as endpoint:
        runs = [
            Child(
                "tests.replay.child",
                tmp_path / name,
                *(endpoint.base_url, 30, 6),
                environment={**os.environ, "LIMITS": str(tmp_path / "limits")},
            )
            for name in ("one", "two")
        ]
        for run in runs:
            _, told = run.communicate(timeout=300)
            assert run.returncode == 0, told
        assert endpoint.stats()["most_in_flight"] == 6
    for name in ("one", "two"):
        assert len(JournalLedger.read(RunFolder(tmp_path / name).journal).results) == 30


def test_limits_are_of_a_host_a_model_and_a_key(tmp_path: Path) -> None:
    """Tiers of another name share them; another address, model, variable or value of the key has its own; and no key
    is in the file's name or in the file."""
    environ = {"KEY": "sk-one", "OTHER": "sk-one"}

    def limited(known: dict[str, str] = environ, **said: Any) -> tuple[str, ...]:
        return limited_by(tier(**{"api_key_env": "KEY", **said}), known)

    assert limited() == limited_by(tier("another", api_key_env="KEY", concurrency=3), environ)
    others = {
        limited(base_url="http://other.test/v1"), limited(model="larger"), limited(api_key_env="OTHER"),
        limited({"KEY": "sk-two"}), limited(),
    }  # fmt: skip
    assert len(others) == 5
    assert "sk-one" not in str(others)
    notes: list[str] = []
    allowance = shared_allowances(tmp_path / "limits", environ, notes.append)(tier(api_key_env="KEY"))
    assert allowance is shared_allowances(tmp_path / "limits", environ, notes.append)(tier(api_key_env="KEY"))
    (file,) = (tmp_path / "limits").iterdir()
    assert (file.stat().st_mode & 0o777, (tmp_path / "limits").stat().st_mode & 0o777) == (0o600, 0o700)
    assert notes == []


def test_the_folder_is_the_users_wherever_an_audit_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the place that the system names for state, else in the home; none for a user that has no home."""
    assert limits_folder({"XDG_STATE_HOME": "/var/state"}) == Path("/var/state/audit/limits")
    monkeypatch.setenv("HOME", "/home/ada")
    assert limits_folder({"XDG_STATE_HOME": "not/absolute"}) == Path("/home/ada/.local/state/audit/limits")
    monkeypatch.delenv("HOME")
    monkeypatch.setattr("pwd.getpwuid", lambda number: {}[number])
    assert limits_folder({}) is None


def test_without_a_folder_each_process_keeps_limits_by_itself(tmp_path: Path) -> None:
    """What cannot be written is said once, and nothing stops for it; tiers with the same limits share them all the
    same."""
    (tmp_path / "file").touch()
    notes: list[str] = []
    tiers: list[Tier] = [tier("a", requests_per_minute=60), tier("b", requests_per_minute=60)]
    clock = JumpingClock()
    allowances = shared_allowances(tmp_path / "file" / "below", {}, notes.append)
    limiters = limiters_of(tiers, clock, lambda names, rate: None, allowances)
    starts: list[float] = []

    async def one(limiter: Limiter) -> None:
        async with limiter:
            starts.append(clock.now())

    asyncio.run(clock.run([one(limiter) for limiter in limiters.values() for _ in range(3)]))
    assert starts == pytest.approx([0, 1, 2, 3, 4, 5])
    assert len(notes) == 1
