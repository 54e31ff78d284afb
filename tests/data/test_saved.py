"""Tensors and pickled arrays: the values of the .npy, to the last bit, whatever the file."""

from __future__ import annotations

import collections
import os
import pickle
from pathlib import Path

import numpy as np
import pytest
from saved import (
    NO_HOOKS,
    Steps,
    archive,
    built,
    called,
    headed,
    named,
    pickled,
    pt,
    safetensors,
    stored,
    tensor,
)

import calibrate
from calibrate.data.column import Column, everything
from calibrate.data.readers.open import keys_held, open_column
from calibrate.data.readers.registry import Address

RNG = np.random.default_rng(3)
Z = RNG.normal(scale=2, size=(60, 5)).astype(np.float32)
Y = (Z / 2 + RNG.gumbel(size=Z.shape)).argmax(axis=1)
BFLOAT16 = (Z.view(np.uint32) >> 16).astype(np.uint16)  # cut, not rounded: float32 of it is exact

FILES = {  # of logits and labels
    "a.pt": pt(logits=Z, labels=Y),
    "a.pth": pt({"labels": Y, "epoch": 3, "model": "x", "logits": Z}),
    "pytorch_model.bin": pt(logits=Z, labels=Y, order="big"),
    "a.safetensors": safetensors(labels=Y, logits=Z),
    "a.pkl": pickle.dumps(
        {"logits": Z, "labels": Y, "note": None, "seen": {1, 2}, "f": frozenset("a")}
    ),
    "a.pickle": pickle.dumps({"logits": Z, "labels": Y.tolist()}),
}


def opened(folder: Path, name: str, content: bytes, key: str | None = None) -> Column:
    """The array of a file, opened through its name as the user writes it."""
    (folder / name).write_bytes(content)
    return open_column(f"{folder / name}" + (f":{key}" if key else ""), "logits")


def same(one: np.ndarray, two: np.ndarray) -> bool:
    return one.dtype == two.dtype and one.shape == two.shape and one.tobytes() == two.tobytes()


@pytest.mark.parametrize("name", FILES)
def test_one_file_with_both_gives_the_temperature_of_the_npy(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(FILES[name])
    np.save(tmp_path / "z.npy", Z)
    np.save(tmp_path / "y.npy", Y)
    expected = calibrate.open_dataset(f"{tmp_path / 'z.npy'}", f"{tmp_path / 'y.npy'}")
    found = calibrate.fit(calibrate.open_dataset(str(path)))
    assert found.temperature == calibrate.fit(expected).temperature
    keyed = calibrate.open_dataset(f"{path}:logits", f"{path}:labels")
    assert calibrate.fit(keyed).temperature == found.temperature


@pytest.mark.parametrize("order", ["little", "big"])
@pytest.mark.parametrize("dtype", ["f8", "f4", "f2", "i8", "i4", "i2", "i1", "u1", "?"])
def test_every_dtype_of_torch(tmp_path, dtype, order):
    values = (Z * 10).astype("i1").astype(dtype)
    column = opened(tmp_path, "a.pt", pt(values, order))
    assert column.in_place
    assert same(everything(column).astype(dtype), values)
    assert same(column.take(np.array([3, 50])).astype(dtype), values[[3, 50]])


@pytest.mark.parametrize("order", ["little", "big"])
@pytest.mark.parametrize("view", [slice(None), slice(10, 20), (slice(None), slice(1, 3))])
def test_bfloat16_is_float32_of_the_same_value(tmp_path, view, order):
    column = opened(tmp_path, "a.pt", pt(BFLOAT16[view], order))
    expected = (BFLOAT16[view].astype(np.uint32) << 16).view(np.float32)
    assert column.dtype == np.float32
    assert same(everything(column), np.ascontiguousarray(expected))
    assert np.abs(everything(column) / Z[view] - 1).max() < 2**-7


def test_bfloat16_of_safetensors(tmp_path):
    column = opened(tmp_path, "a.safetensors", safetensors(logits=BFLOAT16))
    assert column.in_place
    assert same(everything(column), (BFLOAT16.astype(np.uint32) << 16).view(np.float32))


@pytest.mark.parametrize("dtype", ["f8", "f4", "f2", "i8", "i4", "u1", "?"])
def test_every_dtype_of_safetensors(tmp_path, dtype):
    values = (Z * 10).astype("i1").astype(dtype)
    content = safetensors(other=Y, logits=values)
    column = opened(tmp_path, "a.safetensors", content)
    assert column.in_place
    assert same(everything(column), values)


CUBE = np.arange(24.0).reshape(2, 3, 4).copy()
VIEWS = {
    "rows": (Z[10:20], True),
    "transposed": (Z.T, False),
    "columns": (Z[:, 1:4], False),
    "every second": (Z[::2], False),
    "permuted": (CUBE.transpose(2, 0, 1), False),
    "inner axes swapped": (CUBE.transpose(0, 2, 1), False),
    "one row": (Z[7:8], True),
    "scalar": (Z[3, 2:3].reshape(()), False),
    "empty": (np.empty((0, 5), np.float32), False),
    "no columns": (np.empty((5, 0), np.float32), False),
}


@pytest.mark.parametrize("name", VIEWS)
def test_views_of_a_storage(tmp_path, name):
    values, in_place = VIEWS[name]
    column = opened(tmp_path, "a.pt", pt(values))
    assert column.in_place is in_place
    assert same(np.ascontiguousarray(everything(column)), np.ascontiguousarray(values))


def test_a_transposed_view_that_is_large_is_read_by_range(tmp_path, monkeypatch):
    monkeypatch.setattr("calibrate.data.column.IN_MEMORY", 100)
    column = opened(tmp_path, "a.pt", pt(BFLOAT16.T))
    assert column.in_place
    expected = (BFLOAT16.astype(np.uint32) << 16).view(np.float32).T
    assert same(column.read(1, 4), np.ascontiguousarray(expected[1:4]))


def test_parameters_and_states(tmp_path):
    weights = tensor(stored("0", 300), (60, 5), (5, 1))
    made = called(named("torch._utils._rebuild_parameter"), weights, True, NO_HOOKS)
    state = built(NO_HOOKS, {"_metadata": {}})
    content = archive(pickled([made, state]), data_0=Z.tobytes())
    assert same(everything(opened(tmp_path, "a.pt", content, "0")), Z)


def test_unsigned_integers_of_torch(tmp_path):
    rebuild, untyped = named("torch._utils._rebuild_tensor_v3"), "torch.storage.UntypedStorage"
    where, kind = stored("0", 120, untyped), named("torch.uint16")
    made = called(rebuild, where, 0, (60,), (1,), False, NO_HOOKS, kind)
    content = archive(pickled(made), data_0=Y.astype("<u2").tobytes())
    assert same(everything(opened(tmp_path, "a.pt", content)), Y.astype(np.uint16))


SETS = ((Z, Y), (Z[:30], Y[:30]))


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("core", ["numpy._core", "numpy.core"])
def test_the_classic_sets_of_logits(tmp_path, protocol, core):
    content = pickle.dumps(SETS, protocol)
    if protocol < 4:  # names are lines there
        content = content.replace(b"numpy._core", core.encode())
    for key, values in {"0.0": Z, "0.1": Y, "1.0": Z[:30], "1.1": Y[:30]}.items():
        assert same(everything(opened(tmp_path, "a.pkl", content, key)), values)


ARRAYS = {
    "Fortran order": np.asfortranarray(Z),
    "big-endian": Z.astype(">f4"),
    "half": Z.astype(np.float16),
    "gaps": Z[::2, 1:3],
    "permuted": CUBE.transpose(1, 0, 2),
    "bool": Z > 0,
    "text": np.array(["cat", "dög"]),
    "bytes": np.array([b"cat", b""]),
    "none": np.empty((0, 5)),
    "scalar": np.float64(2.5),
    "no axes": np.array(7),
}


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("name", ARRAYS)
def test_pickles_of_every_array(tmp_path, name, protocol):
    values = np.asarray(ARRAYS[name])
    column = opened(tmp_path, "a.pkl", pickle.dumps(ARRAYS[name], protocol))
    assert column.dtype == values.dtype
    assert np.array_equal(everything(column), values)


def test_python_2_wrote_bytes_as_text(tmp_path):
    text = Steps(b"T" + Z.nbytes.to_bytes(4, "little") + Z.tobytes())
    dtype = called(named("numpy.dtype"), "f4", 0, 1)
    dtype = built(dtype, (3, "<", None, None, None, -1, -1, 0))
    rebuild, kind = named("numpy.core.multiarray._reconstruct"), named("numpy.ndarray")
    content = pickled(built(called(rebuild, kind, (0,), "b"), (1, Z.shape, dtype, False, text)))
    assert same(everything(opened(tmp_path, "a.pkl", content)), Z)


@pytest.mark.parametrize(
    ("tree", "keys"),
    [
        ((Z, Y), ["0", "1"]),
        ([Z, [Z, Y]], ["0", "1.0", "1.1"]),
        ({"outputs": {"logits": Z}, "labels": Y}, ["outputs.logits", "labels"]),
        ({0: Z, "val": (Z,), "steps": 7, "names": ["a"], "y": [1, 2]}, ["0", "val.0", "y"]),
        (collections.OrderedDict(a=Z), ["a"]),
        (Z, None),
    ],
)
def test_keys(tmp_path, tree, keys):
    (tmp_path / "a.pkl").write_bytes(pickle.dumps(tree))
    (tmp_path / "a.pt").write_bytes(pt(tree))
    for name in ("a.pkl", "a.pt"):
        assert keys_held(Address.of(str(tmp_path / name))) == keys


def test_one_array_alone_is_taken(tmp_path):
    for name, content in {
        "a.pt": pt(scores=Z),
        "b.pt": pt(Z),
        "a.safetensors": safetensors(scores=Z),
        "a.pkl": pickle.dumps({"scores": Z}),
    }.items():
        assert same(everything(opened(tmp_path, name, content)), Z)


def test_a_column_is_pickled_as_its_address(tmp_path):
    column = opened(tmp_path, "a.pt", pt(logits=Z))
    content = pickle.dumps(column)
    assert len(content) < 1000
    assert same(everything(pickle.loads(content)), Z)


@pytest.mark.parametrize("name", ["a.pt", "a.safetensors", "a.pkl"])
def test_the_command_takes_them(run, tmp_path, name):
    (tmp_path / name).write_bytes(FILES[name])
    done = run("fit", name, "-o", "c.json")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "c.json").exists()


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may read everything")
@pytest.mark.parametrize("name", FILES)
def test_no_permission(tmp_path, name):
    (tmp_path / name).write_bytes(FILES[name])
    (tmp_path / name).chmod(0)
    with pytest.raises(calibrate.InputError, match="cannot be read: Permission denied"):
        open_column(f"{tmp_path / name}:logits", "logits")


def test_a_key_that_comes_twice(tmp_path):
    entry = '{"dtype":"U8","shape":[1],"data_offsets":[0,1]}'
    other = entry.replace("[0,1]", "[1,2]")
    content = headed(f'{{"a":{entry},"a":{other}}}', b"ab")
    with pytest.raises(calibrate.InputError, match="holds 2 arrays 'a'"):
        opened(tmp_path, "a.safetensors", content, "a")
