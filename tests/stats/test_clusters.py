"""Sessions, templates, duplicates."""

import math

import numpy as np
import pytest

from audit.stats.clusters import cluster_effect, clustered_delta, effective_counts
from audit.stats.exact import p_pass
from audit.stats.tango import PairCounts, tango
from tests.stats.populations import counts


def test_identical_copies_cost_their_number() -> None:
    """Each record copied ten times within its session has a design effect near ten."""
    rng = np.random.default_rng(0)
    one = rng.choice([-1.0, 0.0, 1.0], 200, p=[0.1, 0.85, 0.05])
    effect = cluster_effect(np.repeat(one, 10), np.repeat(np.arange(200), 10))
    assert effect.deff == pytest.approx(10.0, rel=0.02)
    assert effect.effective_templates == pytest.approx(200)
    assert effect.scale > effect.deff


def test_independent_records_cost_only_the_t_quantile() -> None:
    """One record per cluster has a design effect of 1 and a small penalty for estimating it."""
    values = np.random.default_rng(1).choice([-1.0, 0.0, 1.0], 400, p=[0.1, 0.85, 0.05])
    effect = cluster_effect(values, np.arange(400))
    assert effect.deff == pytest.approx(1.0, abs=0.01)
    assert 1.0 < effect.scale < 1.02


def test_interval_contains_the_plain_one() -> None:
    """Clusters widen the interval and change neither delta nor counts."""
    rng = np.random.default_rng(2)
    groups = np.repeat(np.arange(20), 30)
    hard = rng.random(20)[groups]
    incumbent, candidate = rng.random(600) < 0.9, rng.random(600) < 1 - 0.3 * hard
    counted = PairCounts.of(incumbent, candidate)
    plain = tango(counted, level=0.95)
    clustered = clustered_delta(incumbent, candidate, groups)
    assert (clustered.delta, clustered.b, clustered.c, clustered.n_pairs) == (
        counted.delta,
        counted.b,
        counted.c,
        600,
    )
    assert clustered.n_clusters == 20
    assert clustered.interval is not None
    assert clustered.interval.low < plain.low < plain.high < clustered.interval.high


def test_one_cluster_says_nothing() -> None:
    """With fewer than two clusters there is no interval, and no evidence for a test."""
    found = clustered_delta([1, 1, 0], [1, 0, 0], ["a", "a", "a"])
    assert (found.interval, found.n_clusters) == (None, 1)
    effect = cluster_effect([0.0, -1.0], ["a", "a"])
    assert math.isinf(effect.scale)
    assert p_pass(effective_counts(counts(0, 0, 500), effect), margin=0.05) == 1.0
    assert clustered_delta([], [], []).n_clusters == 0


def test_few_templates_refuse_a_future_claim() -> None:
    """Effective templates are 1 / sum of squared shares; below 20 there is no claim about future ones."""
    skewed = np.repeat(np.arange(30), [400] + [2] * 29)
    effect = cluster_effect(np.zeros(skewed.size), skewed)
    assert effect.effective_templates < 2
    assert not effect.future_claim
    assert cluster_effect(np.zeros(50), np.arange(50)).future_claim


def test_scaling_never_creates_evidence() -> None:
    """The p-value of scaled counts is above that of the plain ones where the sample speaks for the candidate."""
    effect = cluster_effect(np.repeat([0.0, 0.0, -1.0, 1.0] * 20, 5), np.repeat(np.arange(80), 5))
    table = counts(2, 2, 400)
    assert p_pass(effective_counts(table, effect), margin=0.05) >= p_pass(table, margin=0.05)


def test_labels_must_fit() -> None:
    """One label per record, or an error."""
    with pytest.raises(ValueError, match="one label per record"):
        cluster_effect([0.0, 1.0], ["a"])
