from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calibrate.blocks.bins import BinTable, Levels, bin_index, equal_width_edges
from calibrate.errors import InputError


def test_edges_belong_to_the_bin_below():
    edges = equal_width_edges(10)
    # linspace(0, 1, 11)[3] is 0.30000000000000004 > 0.3, and 0.3 / 0.1 is 2.999...
    values = np.array([0.0, 0.1, 0.3, edges[3], np.nextafter(edges[3], 1), 1.0])
    assert bin_index(values, edges).tolist() == [0, 0, 2, 2, 3, 9]


@given(st.floats(0, 1), st.integers(1, 50))
def test_every_value_lies_between_the_edges_of_its_bin(value, n_bins):
    edges = equal_width_edges(n_bins)
    b = bin_index(np.array([value]), edges)[0]
    assert edges[b] < value or b == 0
    assert value <= edges[b + 1]


def test_tables_add_up():
    rng = np.random.default_rng(0)
    confidence, correct = rng.random(101), (rng.random(101) < 0.5).astype(float)
    weights, edges = rng.random(101) + 0.1, equal_width_edges(7)
    whole = BinTable.from_rows(confidence, correct, weights, edges)
    parts = [
        BinTable.from_rows(confidence[s], correct[s], weights[s], edges)
        for s in (slice(0, 13), slice(13, 101))
    ]
    added = parts[0] + parts[1]
    np.testing.assert_allclose(added.weight, whole.weight, rtol=1e-14)
    np.testing.assert_allclose(added.gap, whole.gap, rtol=1e-12)
    assert whole.weight.sum() == pytest.approx(weights.sum(), rel=1e-14)


@pytest.mark.parametrize("n_bins", [0, -3, 10_001])
def test_number_of_bins_is_checked(n_bins):
    with pytest.raises(InputError, match="expected 1 to 10,000 bins"):
        equal_width_edges(n_bins)


@given(st.integers(0, 10_000), st.integers(1, 20))
def test_tables_against_sums_over_the_rows_of_each_bin(seed, n_bins):
    rng = np.random.default_rng(seed)
    confidence, correct = np.round(rng.random(50), 1), (rng.random(50) < 0.5).astype(float)
    weights, edges = rng.integers(0, 3, (2, 50)) + 0.0, equal_width_edges(n_bins)
    weights[:, 0] = 1.0
    levels = Levels.from_rows(confidence, correct, weights).binned(edges)  # of two samples at once
    inside = bin_index(confidence, edges) == np.arange(n_bins)[:, None]
    for sample, weight in enumerate(weights):
        table, total = BinTable.from_rows(confidence, correct, weight, edges), inside @ weight
        means = [inside @ (weight * x) / np.maximum(total, 1) for x in (confidence, correct)]
        want = [total / total.sum(), *means, means[1] - means[0]]
        got = [(t.share, t.confidence, t.accuracy, t.gap) for t in (table, levels)]
        np.testing.assert_allclose(got[0], want, atol=1e-12)
        np.testing.assert_allclose([each[sample] for each in got[1]], want, atol=1e-12)
