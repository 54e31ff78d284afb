from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest

from calibrate.blocks.sums import (
    EACH,
    GREATEST,
    LEAST,
    SAME,
    Sums,
    product,
    row_products,
)


@dataclass(frozen=True)
class Total(Sums):
    count: int
    values: np.ndarray
    names: tuple[str, ...]
    low: float = field(metadata=LEAST)
    high: float = field(metadata=GREATEST)
    edges: np.ndarray = field(metadata=SAME)
    parts: tuple[np.ndarray, ...] = field(metadata=EACH)


def test_fields_add_up_as_they_say():
    edges = np.array([0.0, 1.0])
    one = Total(2, np.array([1.0, 5.0]), ("a",), -1.5, 2.0, edges, (np.ones(2), np.zeros(3)))
    two = Total(
        3, np.array([0.5, -2.0]), ("b", "c"), 0.5, 7.0, edges, (np.full(2, 4.0), np.ones(3))
    )
    both = one + two
    assert both.count == 5
    np.testing.assert_array_equal(both.values, [1.5, 3.0])
    assert both.names == ("a", "b", "c")  # strung together
    assert (both.low, both.high) == (-1.5, 7.0)
    assert both.edges is edges
    np.testing.assert_array_equal(both.parts[0], [5, 5])
    np.testing.assert_array_equal(both.parts[1], [1, 1, 1])


@pytest.mark.parametrize(
    ("left", "right"), [((9,), (9,)), ((9,), (9, 4)), ((5, 9), (9,)), ((5, 9), (9, 4))]
)
def test_products_are_those_of_matrices(left, right):
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=left), rng.normal(size=right)
    np.testing.assert_allclose(product(a, b), a @ b, rtol=1e-12)
    np.testing.assert_allclose(product(a[..., ::-1], b[::-1]), a @ b, rtol=1e-12)
    assert product(a.astype(np.float32), b).shape == (a @ b).shape


def test_long_rows_add_up_precisely():
    """Of 50 000 classes: single precision within pieces of a row only."""
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(2, 3, 50_000)).astype(np.float32)
    exact = (a.astype(np.float64) * b).sum(axis=1)
    noise = np.sqrt((np.square(a.astype(np.float64) * b)).sum(axis=1))
    assert (np.abs(row_products(a, b) - exact) < 1e-6 * noise).all()
    np.testing.assert_allclose(row_products(a[:, :7], b[:, :7]), (a[:, :7] * b[:, :7]).sum(1), 1e-5)
