"""Ridge regression in closed form, against leaving records out by hand."""

import numpy as np
import pytest

from audit.signals.ridge import PENALTIES, best_penalty, likeness, mean_error, solve


def problem(n: int, d: int, noise: float = 0.3) -> tuple[np.ndarray, np.ndarray]:
    """A linear target with noise; rows of length about 1."""
    rng = np.random.default_rng(n * 100 + d)
    design = rng.normal(size=(n, d)) / np.sqrt(d)
    return design, design @ rng.normal(size=d) + rng.normal(0, noise, n) + 0.7


@pytest.mark.parametrize(("n", "d"), [(30, 5), (20, 60)])
def test_the_error_is_that_of_records_left_out(n: int, d: int) -> None:
    """The closed form equals n fits on n - 1 records each."""
    design, target = problem(n, d)
    found = best_penalty(likeness(design), target)
    errors = {}
    for penalty in PENALTIES:
        squared = 0.0
        for left_out in range(n):
            kept = np.arange(n) != left_out
            intercept, weights = solve(design[kept], target[kept], penalty)
            squared += float(target[left_out] - intercept - design[left_out] @ weights) ** 2
        errors[penalty] = squared / n
    assert found.value == min(errors, key=errors.__getitem__)
    assert found.error == pytest.approx(errors[found.value], rel=1e-9)


def test_both_systems_have_one_solution() -> None:
    """More columns than records, or fewer: the same equations, so gradients vanish at the solution."""
    for n, d in ((40, 8), (8, 40)):
        design, target = problem(n, d)
        intercept, weights = solve(design, target, 3.0)
        residual = target - intercept - design @ weights
        assert residual.sum() == pytest.approx(0.0, abs=1e-9)
        assert design.T @ residual == pytest.approx(3.0 * weights, abs=1e-9)


def test_noise_wants_the_largest_penalty() -> None:
    """Where the columns say nothing, little is learned, and the mean of the others predicts as well."""
    rng = np.random.default_rng(1)
    design, target = rng.normal(size=(80, 30)) / np.sqrt(30), rng.normal(size=80)
    found = best_penalty(likeness(design), target)
    assert found.value >= 30.0
    assert found.error > 0.95 * mean_error(target)


def test_the_mean_is_left_out_too() -> None:
    """The error of the plain mean is that of each record against the mean of the others."""
    target = np.array([0.0, 1.0, 3.0, -1.0])
    by_hand = np.mean([(target[i] - np.delete(target, i).mean()) ** 2 for i in range(4)])
    assert mean_error(target) == pytest.approx(by_hand)
