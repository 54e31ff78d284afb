"""Differences of many models: intervals that hold all together, against Tukey's."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from calibrate.blocks.sums import RowSums
from calibrate.metrics.differences import RowMeans, all_pairs, dunn


def models(values: np.ndarray, **more) -> list[RowMeans]:
    """From ``(models, rows)`` values."""
    sums = RowSums.from_columns(list(values), np.ones(values.shape[1]))
    return [
        RowMeans(float(mean), influence, sums.weight, **more)
        for mean, influence in zip(sums.means, sums.influence, strict=True)
    ]


@pytest.mark.parametrize("count", [2, 3, 6])
@pytest.mark.parametrize("shared", [0.0, 3.0])
def test_intervals_of_all_pairs_are_those_of_tukey(count, shared):
    """Models alike, with or without rows that are hard for all: the studentised range."""
    rng = np.random.default_rng(0)
    values = rng.normal(size=(count, 1000)) + shared * rng.normal(size=1000)
    found = all_pairs([str(i) for i in range(count)], models(values), seed=0)
    assert len(found) == count * (count - 1) // 2
    limit = stats.studentized_range.ppf(0.95, count, 999) / np.sqrt(2)
    for pair in found:
        difference = values[int(pair.second)] - values[int(pair.first)]
        half = limit * stats.sem(difference)
        m = pair.nll
        assert m.value == pytest.approx(difference.mean(), abs=1e-12)
        assert m.high - m.value == pytest.approx(half, rel=0.04)
        assert m.value - m.low == pytest.approx(half, rel=0.04)


def test_the_same_model_twice_differs_by_nothing_for_sure():
    values = np.random.default_rng(0).normal(size=(2, 200))[[0, 0, 1]]
    same, *others = (pair.nll for pair in all_pairs("abc", models(values), seed=0))
    assert (same.low, same.value, same.high) == (0, 0, 0)
    assert all(m.low < m.value < m.high for m in others)


def test_rows_that_carry_no_interval():
    values = np.random.default_rng(0).normal(size=(2, 200))
    (pair,) = all_pairs("ab", models(values, enough=False), seed=0)
    assert pair.nll.low is None
    for one, other in ((0, 1), (1, 0)):  # on either side
        mixed = [models(values)[one], models(values, enough=False)[other]]
        assert all_pairs("ab", mixed, seed=0)[0].nll.low is None
    assert all_pairs("a", models(values[:1]), seed=0) == ()


def test_together_is_bonferroni():
    for many in (1, 3, 40):
        assert 2 * many * stats.norm.sf(dunn(many)) == pytest.approx(0.05, rel=1e-9)
