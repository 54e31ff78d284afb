"""Arrays in files, read by range: the same bits as numpy's, and of one version of the file."""

from __future__ import annotations

import os
import pickle

import numpy as np
import pytest

import calibrate
from calibrate.data import column as columns
from calibrate.data.column import Column, Flat, in_file, in_memory
from calibrate.data.file_span import FileSpan, LocalFile
from calibrate.data.readers.open import open_column

SHAPES = [(37,), (37, 5), (7, 3, 5), (7, 1), (1, 9)]


def saved(path, array: np.ndarray) -> Column:
    """The column of an array behind some other bytes in a .npz, or in a .npy."""
    if path.suffix == ".npz":
        np.savez(path, odd=np.arange(3, dtype=np.uint8), logits=array)
        return open_column(f"{path}:logits", "logits")
    np.save(path, array)
    return open_column(str(path), "logits")


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", ["<f4", ">f8", "<i2", "?", "<U3"])
@pytest.mark.parametrize("name", ["a.npy", "a.npz"])
def test_ranges_and_rows(tmp_path, shape, order, dtype, name):
    array = np.random.default_rng(0).integers(0, 90, shape).astype(dtype, order=order)
    column = saved(tmp_path / name, array)
    n = len(array)
    assert (column.shape, column.dtype) == (array.shape, array.dtype)
    for start, stop in ((0, n), (0, 1), (n // 2, n), (2, 2), (n - 1, n + 5), (n + 3, n + 9)):
        np.testing.assert_array_equal(column.read(start, stop), array[start:stop])
    for rows in ([0], [n - 1], [0, n // 3, n - 1], range(n), range(1, n, 2), []):
        index = np.array(list(rows), dtype=np.intp)
        np.testing.assert_array_equal(column.take(index), array[index])
    again = pickle.loads(pickle.dumps(column))
    np.testing.assert_array_equal(again.read(0, n), array)


@pytest.mark.parametrize("shape", SHAPES)
def test_large_arrays_in_fortran_order(tmp_path, monkeypatch, shape):
    monkeypatch.setattr(columns, "IN_MEMORY", 1)
    array = np.random.default_rng(0).normal(size=shape)
    array.T.tofile(tmp_path / "z")
    with (tmp_path / "z").open("rb") as file:
        source = LocalFile.of(file, str(tmp_path / "z"), "z")
    column = in_file(FileSpan(source, 0, array.shape, array.dtype, fortran=True), "z")
    assert column.in_place
    n = len(array)
    for start, stop in ((0, n), (n // 2, n), (2, 2), (n - 1, n + 5)):
        np.testing.assert_array_equal(column.read(start, stop), array[start:stop])
    for rows in ([0], [0, n - 1], range(1, n, 2), []):
        index = np.array(list(rows), dtype=np.intp)
        np.testing.assert_array_equal(column.take(index), array[index])


@pytest.mark.parametrize("width", [5, None])
def test_rows_far_apart(tmp_path, width):
    """Of more bytes than are read over; with leading axes too."""
    array = np.random.default_rng(0).normal(size=(60, 80, 5)).astype(np.float32)
    flat = Flat(saved(tmp_path / "a.npy", array), width)
    whole = array.reshape(-1) if width is None else array.reshape(-1, width)
    for rows in (np.arange(0, len(whole), 1111), np.array([3, 4, 5, 2100, len(whole) - 1])):
        np.testing.assert_array_equal(flat.read(rows), whole[rows])
        np.testing.assert_array_equal(Flat(in_memory(array, "z"), width).read(rows), whole[rows])


def test_nothing_between_rows_far_apart_is_read(tmp_path):
    """A sparse file, of 4 GiB if it were all there."""
    np.lib.format.open_memmap(tmp_path / "big.npy", "w+", np.float32, (1 << 16, 1 << 14))
    column = open_column(str(tmp_path / "big.npy"), "logits")
    assert column.take(np.array([0, 1 << 15, (1 << 16) - 1])).shape == (3, 1 << 14)


def test_a_single_number(tmp_path):
    assert saved(tmp_path / "a.npy", np.array(2.5)).read(0, 0) == 2.5


def test_what_was_opened_and_then_changed(tmp_path):
    z = np.random.default_rng(0).normal(size=(4000, 10))
    path = tmp_path / "z.npy"
    np.save(path, z)
    rows = calibrate.open_dataset(str(path), None, needs_labels=False)
    rows.read(0, 5)
    np.save(tmp_path / "new.npy", z * 2)
    os.replace(tmp_path / "new.npy", path)  # what was opened is still there to be read
    np.testing.assert_array_equal(rows.read(0, 5).logits, z[:5])
    again = calibrate.open_dataset(str(path), None, needs_labels=False)
    os.truncate(path, 20_000)
    with pytest.raises(calibrate.InputError, match=r"z\.npy: changed while it was read; run again"):
        calibrate.Temperature(2.0).apply(again.logits)


def test_the_checksum_of_a_stored_member_is_compared(tmp_path):
    path = tmp_path / "a.npz"
    np.savez(path, logits=np.arange(60.0).reshape(12, 5))
    content = bytearray(path.read_bytes())
    content[300] ^= 1
    path.write_bytes(content)
    with pytest.raises(calibrate.InputError, match="expected bytes of the checksum"):
        open_column(f"{path}:logits", "logits")
