"""Few labels, many proxies."""

import math

import numpy as np
import pytest

from audit.stats.paired import tango
from audit.stats.proxies import disagreement_delta, ppi_mean
from tests.stats.populations import counts


@pytest.mark.acceptance(22)
@pytest.mark.parametrize("side", ["at-least", "at-most"])
def test_one_sided_ends_are_infinite(side: str) -> None:
    """A one-sided claim has one infinite end, and its finite end lies inside the two-sided interval's."""
    rng = np.random.default_rng(0)
    labels, proxies = (rng.random(80) < 0.7).astype(float), (rng.random(80) < 0.7).astype(float)
    more = (rng.random(400) < 0.7).astype(float)
    both = ppi_mean(labels, proxies, more).interval
    one = ppi_mean(labels, proxies, more, side=side).interval
    assert both is not None
    assert one is not None
    if side == "at-least":
        assert one.high == math.inf
        assert both.low < one.low < both.high
    else:
        assert one.low == -math.inf
        assert both.low < one.high < both.high


@pytest.mark.acceptance(22)
@pytest.mark.parametrize("labels", [[1.0], [0.0], [1.0] * 40, [0.0, 1.0]])
@pytest.mark.parametrize("proxy", ["constant", "equal"])
def test_few_or_constant_labels_never_collapse(labels: list[float], proxy: str) -> None:
    """One label, constant labels and a constant proxy give a finite interval with a width."""
    known = np.ones(len(labels)) if proxy == "constant" else np.array(labels)
    found = ppi_mean(labels, known, [1.0, 0.0] * 100)
    assert found.interval is not None
    assert math.isfinite(found.interval.low)
    assert math.isfinite(found.interval.high)
    assert found.interval.high - found.interval.low > 0.01
    assert not found.enough_labels


def test_no_labels_are_none_and_no_proxies_are_labels_alone() -> None:
    """Without labels there is no estimate; without further proxies the labels alone decide."""
    assert ppi_mean([], [], [1.0, 0.0]).mean is None
    assert ppi_mean([], [], [1.0, 0.0]).interval is None
    alone = ppi_mean([1.0, 0.0, 1.0], [1.0, 0.0, 1.0], [])
    assert (alone.trust, alone.mean) == (0.0, pytest.approx(2 / 3))


def test_a_good_proxy_narrows_and_a_useless_one_is_not_trusted() -> None:
    """The width falls with the correlation; the trust of an unrelated proxy is near 0."""
    rng = np.random.default_rng(3)
    truth = (rng.random(2000) < 0.8).astype(float)
    flips = rng.random(2000) < 0.05
    good, useless = np.where(flips, 1 - truth, truth), (rng.random(2000) < 0.5).astype(float)
    widths = {}
    for name, proxy in (("good", good), ("useless", useless)):
        found = ppi_mean(truth[:200], proxy[:200], proxy[200:])
        assert found.interval is not None
        widths[name] = found.interval.high - found.interval.low
        assert found.interval.low < 0.8 < found.interval.high
    assert widths["good"] < 0.75 * widths["useless"]
    assert ppi_mean(truth[:200], useless[:200], useless[200:]).trust < 0.2
    assert ppi_mean(truth[:200], good[:200], good[200:]).enough_labels


def test_a_whole_log_of_proxies_has_no_error_of_its_own() -> None:
    """When the proxy is known on the whole log its mean adds no variance."""
    rng = np.random.default_rng(4)
    truth = (rng.random(600) < 0.8).astype(float)
    sample = ppi_mean(truth[:100], truth[:100], truth).interval
    whole = ppi_mean(truth[:100], truth[:100], truth, whole_log=True).interval
    assert sample is not None
    assert whole is not None
    assert whole.high - whole.low < sample.high - sample.low


def test_disagreement_formula() -> None:
    """The estimate is the differing share times the labelled delta, with both errors added in quadrature."""
    found = disagreement_delta(counts(20, 5, 50), differing=100, replays=500)
    mean, share, z = -0.3, 0.2, 1.959963985
    labelled = tango(counts(20, 5, 50))
    extra = (mean * z) ** 2 * share * (1 - share) / 500
    assert found.delta == pytest.approx(-0.06)
    assert found.interval is not None
    assert found.interval.low == pytest.approx(-0.06 - math.sqrt((share * (mean - labelled.low)) ** 2 + extra))
    assert found.interval.high == pytest.approx(-0.06 + math.sqrt((share * (labelled.high - mean)) ** 2 + extra))
    assert (found.b, found.c, found.n_pairs) == (20, 5, 500)


def test_disagreement_edges() -> None:
    """Nothing differs, nothing labelled, everything labelled, nothing replayed: never a point, never a guess."""
    same = disagreement_delta(counts(0, 0, 0), differing=0, replays=100)
    assert same.delta == 0.0
    assert same.interval is not None
    assert same.interval.high == pytest.approx(0.0370, abs=1e-4)
    unlabelled = disagreement_delta(counts(0, 0, 0), differing=20, replays=100)
    assert unlabelled.delta is None
    assert unlabelled.interval is not None
    assert unlabelled.interval.high > 0.2
    complete = disagreement_delta(counts(7, 3, 20), differing=20, replays=100)
    assert complete.interval == tango(counts(7, 3, 100))
    assert disagreement_delta(counts(0, 0, 0), differing=0, replays=0).interval is None
    with pytest.raises(ValueError, match="labels <= differing"):
        disagreement_delta(counts(1, 1, 30), differing=20, replays=100)


def test_wrong_input_is_refused() -> None:
    """Unequal shapes, missing values and a range of 0 raise."""
    with pytest.raises(ValueError, match="equal shapes"):
        ppi_mean([1.0], [1.0, 0.0], [1.0])
    with pytest.raises(ValueError, match="missing"):
        ppi_mean([math.nan], [1.0], [1.0])
    with pytest.raises(ValueError, match="value_range"):
        ppi_mean([1.0], [1.0], [1.0], value_range=0.0)
