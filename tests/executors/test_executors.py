"""What every executor promises, checked for every name of the catalog."""

import os
from collections.abc import Iterator

import pytest

from audit.executors import EXECUTORS

HERE = "tests.executors.work"

pytestmark = pytest.mark.parametrize("name", EXECUTORS.names)


@pytest.mark.parametrize("workers", [1, 2])
def test_results_come_in_the_order_of_the_jobs(name: str, workers: int) -> None:
    """One worker and two give the same list, also when the first job is the slowest."""
    run = EXECUTORS.get(name).run
    assert list(run(range(7), work=f"{HERE}:slow_first", workers=workers)) == list(range(7))


def test_more_workers_are_other_processes(name: str) -> None:
    """With two workers the work is done elsewhere; with one it is done here."""
    run = EXECUTORS.get(name).run
    assert set(run(range(3), work=f"{HERE}:process", workers=1)) == {os.getpid()}
    assert os.getpid() not in set(run(range(3), work=f"{HERE}:process", workers=2))


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_is_raised_in_its_turn(name: str, workers: int) -> None:
    """Results before the failing job arrive; then its error does."""
    results = EXECUTORS.get(name).run(range(9), work=f"{HERE}:refuse_three", workers=workers)
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(ValueError, match="three"):
        next(results)


def test_no_jobs(name: str) -> None:
    """No jobs give no results."""
    assert list(EXECUTORS.get(name).run([], work=f"{HERE}:square", workers=2)) == []


def test_jobs_are_taken_as_they_are_needed(name: str) -> None:
    """A long stream of jobs is not read ahead of the work by more than a few."""
    taken = []

    def jobs() -> Iterator[int]:
        for number in range(1_000):
            taken.append(number)
            yield number

    results = EXECUTORS.get(name).run(jobs(), work=f"{HERE}:square", workers=1)
    assert next(results) == 0
    assert len(taken) < 20


@pytest.mark.parametrize("work", ["no-colon", f"{HERE}:", f"{HERE}:NOT_A_FUNCTION", f"{HERE}:a.b"])
def test_a_name_that_is_no_function(name: str, work: str) -> None:
    """The name must be a function's."""
    with pytest.raises(ValueError, match="name of a function"):
        list(EXECUTORS.get(name).run([1], work=work, workers=1))
