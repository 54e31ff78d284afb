"""Arrow, Parquet, HDF5 and Zarr, cut and with bytes changed: an answer or one line."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import h5py
import numpy as np
import pyarrow as pa
import pytest
from pyarrow import feather, ipc, parquet

import calibrate

Z = np.random.default_rng(0).normal(size=(12, 3)).astype(np.float32)
TEXTS = ["ant", "bee", "cat"] * 4
LISTS = pa.table({"logits": list(Z), "label": pa.array(TEXTS).dictionary_encode()})
COLUMNS = pa.table({**{name: Z[:, i] for i, name in enumerate(TEXTS[:3])}, "label": TEXTS})
FLIPS = 60  # of each file


def stream(path: Path) -> None:
    with ipc.new_stream(path, LISTS.schema) as writer:
        writer.write_table(LISTS, 5)


def chunked(path: Path) -> None:
    with h5py.File(path, "w", libver="latest") as file:
        file.create_dataset("logits", data=Z, chunks=(5, 3), compression="gzip")
        file["labels"] = np.array(TEXTS, h5py.string_dtype())


def plain(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file["logits"], file["labels"] = Z, np.arange(12) % 3


FILES: dict[str, Callable[[Path], object]] = {
    "lists.parquet": lambda path: parquet.write_table(LISTS, path),
    "columns.parquet": lambda path: parquet.write_table(COLUMNS, path, row_group_size=5),
    "stream.arrow": stream,
    "columns.feather": lambda path: feather.write_feather(COLUMNS, path, "zstd"),
    "lists.feather": lambda path: feather.write_feather(LISTS, path, "uncompressed"),
    "chunked.h5": chunked,
    "plain.h5": plain,
}


def damaged(content: bytes, seed: int, step: int = 10) -> Iterator[bytes]:
    """Cut at every tenth byte, and with up to three bytes changed."""
    yield from (content[:at] for at in range(0, len(content), step))
    rng = np.random.default_rng(seed)
    for _ in range(FLIPS * 10 // step):
        changed = bytearray(content)
        for at in rng.integers(len(content), size=rng.integers(1, 4)):
            changed[at] = rng.choice([0, 255, changed[at] ^ 1, changed[at] ^ 128])
        yield bytes(changed)


def answers(path: Path) -> bool:
    """Whether there is an answer; else one line."""
    try:
        found = calibrate.open_dataset(str(path))
        found.read(0, found.n_rows)
    except calibrate.InputError as error:
        if "\n" in str(error) or len(str(error)) > 1_000:
            raise
        return False
    return True


@pytest.mark.parametrize("name", FILES)
def test_damaged_files(tmp_path, name):
    path = tmp_path / name
    FILES[name](path)
    assert answers(path)
    found = []
    for content in damaged(path.read_bytes(), 1):
        path.write_bytes(content)
        found.append(answers(path))
    assert not any(found[:3])
    assert not all(found[-FLIPS:])
    assert [each.name for each in tmp_path.iterdir()] == [name]


@pytest.mark.skipif(sys.version_info < (3, 11), reason="zarr 3 needs Python 3.11")
@pytest.mark.parametrize("version", [2, 3])
def test_damaged_stores(tmp_path, version):
    import zarr

    group = zarr.open_group(tmp_path / "a.zarr", mode="w", zarr_format=version)
    group.create_array("logits", data=Z, chunks=(5, 3))
    group.create_array("labels", data=np.arange(12) % 3)
    assert answers(tmp_path / "a.zarr")
    for path in (tmp_path / "a.zarr/logits").rglob("*"):
        if path.is_file() and path.name != ".zattrs":
            whole, found = path.read_bytes(), []
            for content in damaged(whole, 2, 50):
                path.write_bytes(content)
                found.append(answers(tmp_path / "a.zarr"))
            assert not all(found)
            path.write_bytes(whole)
    assert answers(tmp_path / "a.zarr")
