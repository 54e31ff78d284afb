"""HDF5: the values of the .npy, to the last bit; nothing of other files, no plugins."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

import calibrate
from calibrate.data import decoded as spool
from calibrate.data.column import APART, everything
from calibrate.data.readers import hdf5
from calibrate.data.readers.open import open_column
from calibrate.data.readers.registry import Request

RNG = np.random.default_rng(4)
Z = RNG.normal(scale=2, size=(60, 5)).astype(np.float32)
Y = (Z / 2 + RNG.gumbel(size=Z.shape)).argmax(axis=1)

LAYOUTS = {
    "contiguous": {},
    "chunks": {"chunks": (7, 2)},
    "gzip": {"chunks": (8, 5), "compression": "gzip", "shuffle": True, "fletcher32": True},
    "lzf": {"chunks": (60, 1), "compression": "lzf"},
    "one that grows": {"maxshape": (None, 5), "chunks": (16, 5)},
    "scaled": {"chunks": (60, 5), "scaleoffset": 5},
}


def written(path: Path, **more: object) -> Path:
    with h5py.File(path, "w", userblock_size=more.pop("userblock", 0)) as file:
        for name, values in {"logits": Z, "labels": Y, **more}.items():
            file[name] = values
    return path


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("userblock", [0, 1024])
def test_values_are_those_of_the_npy(tmp_path, monkeypatch, layout, userblock):
    values = Z.round(2) if layout == "scaled" else Z
    with h5py.File(tmp_path / "a.h5", "w", userblock_size=userblock) as file:
        file.create_dataset("out/val/logits", data=values, **LAYOUTS[layout])
        file["labels"] = Y
        expected = file["out/val/logits"][:]
    monkeypatch.setattr(hdf5, "AT_ONCE", 300)
    monkeypatch.setattr(hdf5, "MOST_AT_ONCE", 900)
    monkeypatch.setattr(spool, "SMALL", 100)
    column = open_column(f"{tmp_path}/a.h5:out/val/logits", "logits")
    assert column.apart == APART  # on disk
    assert everything(column).tobytes() == expected.tobytes()
    assert column.take(np.array([1, 8, 50])).tobytes() == expected[[1, 8, 50]].tobytes()
    found = calibrate.open_dataset(f"{tmp_path}/a.h5:/out/val/logits")
    assert calibrate.fit(found).temperature == calibrate.fit(expected, Y).temperature
    assert pickle.loads(pickle.dumps(found)).read(3, 9).labels.tolist() == Y[3:9].tolist()


@pytest.mark.parametrize("chunks", [None, (7, 5), (60, 5)])
def test_plain_values_are_read_in_place(tmp_path, monkeypatch, chunks):
    with h5py.File(tmp_path / "a.hdf5", "w") as file:
        file.create_dataset("logits", data=Z, chunks=chunks)
        file["labels"] = Y
    monkeypatch.setattr(h5py.Dataset, "__getitem__", None)
    found = calibrate.open_dataset(f"{tmp_path}/a.hdf5")
    assert found.read(0, 60).logits.tobytes() == Z.tobytes()


@pytest.mark.parametrize("dtype", ["<f2", ">f2", "<f4", ">f8", "i1", ">i2", "<i8", ">u4", "?"])
@pytest.mark.parametrize("chunks", [None, (9, 5)])
def test_every_dtype(tmp_path, dtype, chunks):
    values = (Z * 3).astype("i1").astype(dtype)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("logits", data=values, chunks=chunks)
    column = open_column(f"{tmp_path}/a.h5", "logits")
    assert column.dtype.newbyteorder("=") == values.dtype.newbyteorder("=")
    assert everything(column).tolist() == values.tolist()


def test_values_of_an_odd_size_are_not_taken_for_others(tmp_path):
    """bfloat16 as others write it: 2 bytes, which h5py reads as float32."""
    kind = h5py.h5t.IEEE_F32LE.copy()
    kind.set_fields(15, 7, 8, 0, 7)
    kind.set_size(2)
    kind.set_ebias(127)
    upper = (Z.view(np.uint32) >> 16 << 16).view(np.float32)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        made = h5py.h5d.create(file.id, b"logits", kind, h5py.h5s.create_simple(Z.shape))
        made.write(h5py.h5s.ALL, h5py.h5s.ALL, upper)
    found = everything(open_column(f"{tmp_path}/a.h5", "logits"))
    assert found.astype(np.float32).tobytes() == upper.tobytes()


def test_values_that_were_never_written(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("logits", (60, 5), "f4", fillvalue=2.5)
    assert (everything(open_column(f"{tmp_path}/a.h5", "logits")) == 2.5).all()


NAMES = ["ant", "bee", "caf\u00e9", "sea lion", "yak"]
TEXTS = {
    "various lengths": np.array([NAMES[i] for i in Y], h5py.string_dtype()),
    "one length": np.array([NAMES[i].encode() for i in Y]),
    "ASCII": np.array([NAMES[i][:3] for i in Y], h5py.string_dtype("ascii")),
}


@pytest.mark.parametrize("kind", TEXTS)
def test_labels_of_text(tmp_path, monkeypatch, kind):
    monkeypatch.setattr(hdf5, "AT_ONCE", 100)
    path = written(tmp_path / "a.h5", species=TEXTS[kind])
    named = [name[:3] for name in NAMES] if kind == "ASCII" else NAMES
    reading = calibrate.Reading(class_names=named)
    found = calibrate.open_dataset(str(path), f"{path}:species", reading=reading)
    assert found.read(0, 60).labels.tolist() == Y.tolist()


def test_links_are_not_followed(tmp_path):
    written(tmp_path / "other.h5")
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["held/here"] = Z
        file["held/logits"] = h5py.ExternalLink("other.h5", "logits")
        file["soft"] = h5py.SoftLink("/held/logits")
        file["held/again"] = file["held"]  # a circle
    column = open_column(f"{tmp_path}/a.h5", "logits")
    assert column.name.endswith("a.h5")
    assert hdf5.keys(tmp_path / "a.h5", Request(file="a.h5")) == ["held/here"]
    refused(tmp_path / "a.h5:held/logits", "a link to logits in the file other.h5, which is not")
    refused(tmp_path / "a.h5:soft", "a link to /held/logits, which is not followed")
    refused(tmp_path / "a.h5:soft/x", "no array 'soft/x'")


def external(file: h5py.File) -> None:
    file.create_dataset("logits", (60, 5), "f4", external=[("other.bin", 0, 1200)])


def virtual(file: h5py.File) -> None:
    layout = h5py.VirtualLayout((60, 5), "f4")
    layout[:] = h5py.VirtualSource("other.h5", "logits", (60, 5))
    file.create_virtual_dataset("logits", layout)


def plugin(file: h5py.File) -> None:
    """What no plugin was there for when it was written, as HDF5 allows for optional filters."""
    made = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    made.set_chunk((60, 5))
    made.set_filter(32001, h5py.h5z.FLAG_OPTIONAL, (1, 2))
    space = h5py.h5s.create_simple((60, 5))
    h5py.h5d.create(file.id, b"logits", h5py.h5t.IEEE_F32LE, space, made)


def large(file: h5py.File) -> None:
    file.create_dataset("logits", (1 << 20, 1000), "f4", chunks=(1 << 19, 1000))


def empty(file: h5py.File) -> None:
    file.create_dataset("logits", (1 << 20, 1000), "f4", chunks=(1, 1000))


def held(values: object, kind: object = None) -> Callable[[h5py.File], None]:
    def write(file: h5py.File) -> None:
        file.create_dataset("logits", data=values, dtype=kind)

    return write


LISTS = np.empty(2, object)
LISTS[:] = [np.ones(2, "f4"), np.ones(3, "f4")]
ODD = {
    "external storage": (external, "in another file, other.bin"),
    "virtual": (virtual, "a virtual dataset"),
    "a plugin": (plugin, "the filter 32001"),
    "large chunks": (large, "chunks of at most 1 GiB, found one of 2.0 GiB"),
    "values never written": (empty, "found 3.9 GiB in"),
    "a compound": (held(np.zeros(3, "i4,f4")), "found [('f0', '<i4'), ('f1', '<f4')]"),
    "lists": (held(LISTS, h5py.vlen_dtype(np.float32)), "found lists of various lengths"),
    "references": (
        lambda file: file.create_dataset("logits", (2,), h5py.ref_dtype), "found references",
    ),
    "complex": (held(np.zeros(2, complex)), "found complex128"),
    "bytes": (held(np.zeros(2, "V3")), "found |V3"),
    "rows of texts": (held(np.array([[b"a", b"b"]])), "texts of more than one axis"),
    "nothing": (lambda file: file.create_dataset("logits", dtype="f4"), "without a shape"),
    "no array": (lambda file: file.create_group("logits"), "found none in it"),
    "a link alone": (
        lambda file: file.__setitem__("logits", h5py.ExternalLink("other.h5", "logits")),
        "logits is a link to logits in the file other.h5",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", ODD)
def test_what_is_no_plain_array_of_this_file(tmp_path, monkeypatch, case):
    monkeypatch.chdir(tmp_path)
    written(tmp_path / "other.h5")
    (tmp_path / "other.bin").write_bytes(Z.tobytes())
    write, said = ODD[case]
    with h5py.File(tmp_path / "a.h5", "w") as file:
        write(file)
    refused(tmp_path / "a.h5", said)


@pytest.mark.parametrize("content", [b"", b"a,b\n1,2\n", b"\x89HDF\r\n\x1a\n", b"PK\x03\x04" * 9])
def test_other_files_under_this_name(tmp_path, content):
    (tmp_path / "a.h5").write_bytes(content)
    refused(tmp_path / "a.h5", "an empty file" if not content else "expected a whole HDF5 file")


def test_a_wrong_key_names_the_nearest(tmp_path):
    written(tmp_path / "a.h5", **{"out/logist": Z})
    refused(tmp_path / "a.h5:out/logits", "no array 'out/logits'; it holds out/logist, ")


def refused(path: Path, said: str) -> None:
    with pytest.raises(calibrate.InputError) as told:
        everything(open_column(str(path), "logits"))
    assert said in str(told.value)
    assert "\n" not in str(told.value)
