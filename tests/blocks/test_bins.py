from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calibrate.blocks.bins import BinTable, Levels, bin_index, equal_mass_edges, equal_width_edges
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
    for sample, weight in enumerate(weights):
        table = BinTable.from_rows(confidence, correct, weight, edges)
        for b in range(n_bins):
            inside = bin_index(confidence, edges) == b
            w, total = weight[inside], weight[inside].sum()
            want = [total / weight.sum(), 0.0, 0.0]
            if total:
                want[1:] = (np.average(each[inside], weights=w) for each in (confidence, correct))
            got = (table.share[b], table.confidence[b], table.accuracy[b])
            assert got == pytest.approx(want, abs=1e-12)
            assert table.gap[b] == pytest.approx(want[2] - want[1], abs=1e-12)
            of_sample = levels.share, levels.confidence, levels.accuracy
            assert [each[sample, b] for each in of_sample] == pytest.approx(want, abs=1e-12)


@given(st.integers(0, 10_000), st.integers(1, 20), st.booleans())
def test_bins_of_equal_mass(seed, n_bins, ties):
    """Sizes are those of array_split; edges lie halfway between neighbours, of ties outside."""
    rng = np.random.default_rng(seed)
    values = np.sort(np.round(rng.uniform(0.05, 0.95, 40), 1 if ties else 9))
    levels, count = np.unique(values, return_counts=True)
    edges = equal_mass_edges(levels, count.astype(float), n_bins)
    assert (edges[0], edges[-1]) == (0, 1)
    assert np.all(np.diff(edges) > 0)
    halfway = {(a + b) / 2 for a, b in itertools.pairwise(levels)}
    for last in np.cumsum([len(part) for part in np.array_split(values, n_bins)])[:-1]:
        a, b = values[last - 1], values[last]
        assert np.min(np.abs(edges - (a + b) / 2)) < 1e-12
    if not ties:
        assert halfway.issuperset(edges[1:-1].tolist())
        assert len(edges) == n_bins + 1


def test_fewer_rows_than_bins():
    edges = equal_mass_edges(np.array([0.2, 0.4, 0.8]), np.ones(3), 15)
    assert edges.tolist() == pytest.approx([0, 0.3, 0.6, 1])
