"""Ridge regression in closed form, against leaving records out by hand."""

import numpy as np
import pytest
from scipy.sparse import csr_array

from audit.signals.ridge import PENALTIES, Spectrum, best_penalty, likeness, mean_error, solve, solve_blocks


def problem(n: int, d: int, noise: float = 0.3) -> tuple[np.ndarray, np.ndarray]:
    """A linear target with noise; rows of length about 1."""
    rng = np.random.default_rng(n * 100 + d)
    design = rng.normal(size=(n, d)) / np.sqrt(d)
    return design, design @ rng.normal(size=d) + rng.normal(0, noise, n) + 0.7


@pytest.mark.parametrize(("n", "d"), [(30, 5), (20, 60)])
def test_the_error_is_that_of_records_left_out(n: int, d: int) -> None:
    """The closed form equals n fits on n - 1 records each."""
    design, target = problem(n, d)
    found = best_penalty(Spectrum.of(likeness(design)), target)
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


@pytest.mark.parametrize("n", [20, 200])
def test_a_design_in_parts_has_the_same_solution(n: int) -> None:
    """Whether a part is sparse changes nothing; each part has its own weights, those of an empty column are nothing."""
    design, target = problem(n, 30)
    design[:, 10:25] *= np.random.default_rng(n).random((n, 15)) < 0.2
    design[:, 12] = 0.0
    intercept, weights = solve(design, target, 3.0)
    found, parts = solve_blocks([design[:, :10], csr_array(design[:, 10:25]), design[:, 25:]], target, 3.0)
    assert found == pytest.approx(intercept, abs=1e-12)
    assert [len(part) for part in parts] == [10, 15, 5]
    assert np.concatenate(parts) == pytest.approx(weights, abs=1e-12)
    assert parts[1][2] == pytest.approx(0.0, abs=1e-12)


def test_noise_wants_the_largest_penalty() -> None:
    """Where the columns say nothing, little is learned, and the mean of the others predicts as well."""
    rng = np.random.default_rng(1)
    design, target = rng.normal(size=(80, 30)) / np.sqrt(30), rng.normal(size=80)
    found = best_penalty(Spectrum.of(likeness(design)), target)
    assert found.value >= 30.0
    assert found.error > 0.95 * mean_error(target)


def test_the_mean_is_left_out_too() -> None:
    """The error of the plain mean is that of each record against the mean of the others."""
    target = np.array([0.0, 1.0, 3.0, -1.0])
    by_hand = np.mean([(target[i] - np.delete(target, i).mean()) ** 2 for i in range(4)])
    assert mean_error(target) == pytest.approx(by_hand)


@pytest.mark.parametrize("copies", [1, 2])
def test_columns_and_products_say_the_same(copies: int) -> None:
    """A design is taken apart by its columns or by its rows, also where columns repeat each other or are empty."""
    design, target = problem(40, 6)
    design = np.concatenate([design] * copies + [np.zeros((40, 3))], axis=1)
    by_rows, by_columns = Spectrum.of(likeness(design)), Spectrum.of_columns(design)
    assert len(by_columns.lengths) == 6
    assert by_rows.lengths[-6:] == pytest.approx(by_columns.lengths, rel=1e-9)
    for found in (best_penalty(by_rows, target), best_penalty(by_columns, target)):
        assert found.error == pytest.approx(best_penalty(by_rows, target).error, rel=1e-9)


def test_a_design_of_nothing_is_the_mean() -> None:
    """Without a column that varies a record is predicted by the mean of the others, at any penalty."""
    target = np.array([0.0, 1.0, 3.0, -1.0])
    for spectrum in (Spectrum.of_columns(np.ones((4, 2))), Spectrum.of(likeness(np.ones((4, 2))))):
        found = best_penalty(spectrum, target)
        assert found.value == PENALTIES[-1]
        assert found.error == pytest.approx(mean_error(target))
