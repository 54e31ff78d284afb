from __future__ import annotations

import numpy as np
import pytest

from calibrate.data.column import Flat, in_memory
from calibrate.data.layout import Selection
from calibrate.data.readers.registry import Address


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("width", [5, None])
def test_leading_axes_are_strung_together(order, width):
    cube = np.asarray(np.random.default_rng(0).normal(size=(7, 3, 5)), order=order)
    flat = Flat(in_memory(cube, "z"), width)
    want = cube.reshape(-1) if width is None else cube.reshape(-1, 5)
    for start, stop in ((0, 1), (2, 4), (5, 17), (0, len(want)), (len(want) - 1, len(want))):
        np.testing.assert_array_equal(flat.read(slice(start, stop)), want[start:stop])
    some = np.array([1, 2, 7, 19])
    np.testing.assert_array_equal(flat.read(some), want[some])
    assert flat.read(some[:0]).shape == want[:0].shape


def test_a_selection_remembers_the_file():
    whole = Selection.of(10, np.array([1, 2, 5, 7, 8]))
    few = whole.take(np.array([0, 3]))
    assert few.in_file(slice(0, 2)).tolist() == [1, 7]
    assert few.in_columns(slice(0, 2)).tolist() == [1, 7]
    copied = few.copied()
    assert copied.in_columns(slice(0, 2)) == slice(0, 2)
    assert copied.in_file(slice(1, 2)).tolist() == [7]
    again = copied.take(np.array([1]))  # of what was copied
    assert again.in_columns(slice(0, 1)).tolist() == [1]
    assert again.in_file(slice(0, 1)).tolist() == [7]
    assert Selection.of(4, None).in_file(slice(1, 3)).tolist() == [1, 2]


@pytest.mark.parametrize(
    ("name", "file", "key", "stem"),
    [
        ("z.npy", "z.npy", None, "z"),
        ("a.npz:logits", "a.npz", "logits", "a"),
        ("a.npz:b.npz:c", "a.npz:b.npz", "c", "a.npz:b"),
        ("g.csv:site of it", "g.csv", "site of it", "g"),
        ("dir.npz/z.npy", "dir.npz/z.npy", None, "dir.npz/z"),
        ("no suffix:here", "no suffix:here", None, "no suffix:here"),
    ],
)
def test_addresses(name, file, key, stem):
    address = Address.of(name)
    assert (str(address.path), address.file, address.key) == (file, file, key)
    assert address.stem == stem


def test_a_file_that_is_there_is_no_key(tmp_path):
    path = tmp_path / "a.npz:b"
    path.touch()
    assert Address.of(str(path)).key is None
