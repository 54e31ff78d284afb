from __future__ import annotations

from functools import reduce
from operator import add

import numpy as np

from calibrate.blocks.sums import CellSums


def test_lists_and_sums_give_the_same_totals():
    rng = np.random.default_rng(0)
    cells, values = rng.integers(0, 20, 300), rng.normal(size=(2, 300))
    want = np.zeros((2, 20))
    for cell, value in zip(cells, values.T, strict=True):
        want[:, cell] += value
    parts = [CellSums(20, cells[i : i + 7], values[:, i : i + 7]) for i in range(0, 300, 7)]
    total = reduce(add, parts)
    assert total.summed is not None
    assert len(total.cells) <= 20 + 7
    np.testing.assert_allclose(total.total(), want, rtol=1e-12)
    np.testing.assert_allclose((parts[0] + total.compact()).total(), want + parts[0].total())
