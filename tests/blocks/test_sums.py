from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from calibrate.blocks.sums import EACH, GREATEST, LEAST, SAME, Sums


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
