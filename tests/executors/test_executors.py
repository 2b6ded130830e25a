"""What every executor promises, checked for every name of the catalog."""

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from audit.core.errors import AuditError, MissingKey
from audit.core.settings import ExecutorSettings
from audit.executors import EXECUTORS, open_pool
from audit.executors.executor import Pool
from tests.executors.cluster import address_of

HERE = "tests.executors.work"
MARKS = {"ray": pytest.mark.ray}

pytestmark = pytest.mark.parametrize(
    "name", [pytest.param(name, marks=MARKS.get(name, ())) for name in EXECUTORS.names]
)


def opened(name: str, workers: int) -> AbstractContextManager[Pool]:
    """Workers of an executor, on a cluster of the tests where it needs one."""
    return open_pool(ExecutorSettings(name=name, workers=workers, address=address_of(name)))


def mark_of(path: Path) -> Path:
    """The file by which workers know who is none: this process, which hands the work out."""
    path.write_text(str(os.getpid()), "utf-8")
    return path


@pytest.mark.parametrize("workers", [1, 2])
def test_results_come_in_the_order_of_the_jobs(name: str, workers: int) -> None:
    """One worker and two give the same list, also when the first job is the slowest."""
    with opened(name, workers) as pool:
        assert list(pool.run(range(15), work=f"{HERE}:slow_first")) == list(range(15))


def test_more_workers_are_more_processes(name: str) -> None:
    """Two workers are two processes, and another run by the same workers has them again."""
    with opened(name, 2) as pool:
        assert pool.workers == 2
        first = set(pool.run(range(12), work=f"{HERE}:process"))
        assert len(first) == 2
        assert first & set(pool.run(range(12), work=f"{HERE}:process"))


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_is_raised_in_its_turn(name: str, workers: int) -> None:
    """Results before the failing job arrive; then its error does, as itself."""
    with opened(name, workers) as pool:
        results = pool.run(range(9), work=f"{HERE}:refuse_three")
        assert [next(results) for _ in range(3)] == [0, 1, 2]
        with pytest.raises(ValueError, match="three") as caught:
            next(results)
        assert type(caught.value) is ValueError


def test_our_errors_arrive_whole(name: str) -> None:
    """What an error says, its code and its hint are those of the place where it was raised."""
    with opened(name, 2) as pool, pytest.raises(MissingKey) as caught:
        list(pool.run(range(5), work=f"{HERE}:lack_a_key"))
    here = MissingKey("SOME_KEY", "small")
    assert (caught.value.what, caught.value.code, caught.value.hint) == (here.what, here.code, here.hint)


def test_no_jobs(name: str) -> None:
    """No jobs give no results."""
    with opened(name, 2) as pool:
        assert list(pool.run([], work=f"{HERE}:square")) == []


@pytest.mark.parametrize("workers", [1, 2])
def test_jobs_are_taken_as_they_are_needed(name: str, workers: int) -> None:
    """A long stream of jobs is not read ahead of the work by more than a few."""
    taken = []

    def jobs() -> Iterator[int]:
        for number in range(1_000):
            taken.append(number)
            yield number

    with opened(name, workers) as pool:
        results = pool.run(jobs(), work=f"{HERE}:square")
        assert next(results) == 0
        assert len(taken) < 20
        results.close()  # type: ignore[attr-defined]


def test_what_a_lost_worker_had_is_done_again(name: str, tmp_path: Path) -> None:
    """A process that dies in the middle of a job costs time: every result is there, in order, once."""
    with opened(name, 2) as pool:
        jobs = [(number, mark_of(tmp_path / "mark")) for number in range(20)]
        assert list(pool.run(jobs, work=f"{HERE}:die_once")) == list(range(20))
    assert (tmp_path / "mark.died").exists()


def test_workers_that_always_die_are_given_up(name: str) -> None:
    """A job that kills whoever takes it ends the run with an error that says so, and what to do."""
    with opened(name, 2) as pool:
        results = pool.run([(number, os.getpid()) for number in range(3, 9)], work=f"{HERE}:die")
        with pytest.raises(AuditError) as caught:
            next(results)
    assert caught.value.code == "executor.workers-lost"
    assert caught.value.hint


@pytest.mark.parametrize("work", ["no-colon", f"{HERE}:", f"{HERE}:NOT_A_FUNCTION", f"{HERE}:a.b"])
def test_a_name_that_is_no_function(name: str, work: str) -> None:
    """The name must be a function's."""
    with opened(name, 1) as pool, pytest.raises(ValueError, match="name of a function"):
        list(pool.run([1], work=work))
