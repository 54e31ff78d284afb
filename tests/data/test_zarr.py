"""Zarr stores: the values of the .npy, to the last bit; no objects, no odd codecs."""

from __future__ import annotations

import json
import os
import pickle
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

import calibrate
from calibrate.data import decoded as spool
from calibrate.data.column import APART, everything
from calibrate.data.readers.open import open_column

if sys.version_info < (3, 11):
    pytest.skip("zarr 3 needs Python 3.11", allow_module_level=True)

import numcodecs
import zarr
from zarr.codecs import BloscCodec, GzipCodec, TransposeCodec, ZstdCodec

from calibrate.data.readers import zarr as zarr_store

RNG = np.random.default_rng(4)
Z = RNG.normal(scale=2, size=(60, 5)).astype(np.float32)
Y = (Z / 2 + RNG.gumbel(size=Z.shape)).argmax(axis=1)
NAMES = ["ant", "bee", "cat", "sea lion", "yak"]

SLASHES = {"name": "v2", "separator": "/"}
LAYOUTS: dict[str, tuple[int, dict[str, object]]] = {
    "2": (2, {"chunks": (7, 2)}),
    "2, plain": (2, {"chunks": (60, 1), "compressors": None}),
    "2, keys with slashes": (2, {"chunks": (9, 5), "chunk_key_encoding": SLASHES}),
    "2, by columns": (2, {"chunks": (9, 5), "order": "F"}),
    "3": (3, {"chunks": (7, 2)}),
    "3, plain": (3, {"chunks": (8, 5), "compressors": None}),
    "3, in shards": (3, {"chunks": (4, 5), "shards": (16, 5)}),
    "3, transposed": (3, {"chunks": (9, 5), "filters": [TransposeCodec(order=(1, 0))]}),
}  # fmt: skip


def written(path: Path, version: int = 3, values: np.ndarray = Z, **options: object) -> Path:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of dtypes of which the format says nothing yet
        group = zarr.open_group(path, mode="w", zarr_format=version)
        group.create_array("out/val/logits", data=values, **options)
        group.create_array("labels", data=Y, chunks=(11,))
        group.create_array("species", data=np.array([NAMES[i] for i in Y]), chunks=(11,))
        texts = group.create_array("words", shape=(60,), dtype=str, chunks=(11,))
        texts[:] = np.array([NAMES[i] for i in Y], dtype=object)
    return path


@pytest.mark.parametrize("layout", LAYOUTS)
def test_values_are_those_of_the_npy(tmp_path, monkeypatch, layout):
    version, options = LAYOUTS[layout]
    path = written(tmp_path / "a.zarr", version, **options)
    monkeypatch.setattr(zarr_store, "AT_ONCE", 300)
    monkeypatch.setattr(zarr_store, "MOST_AT_ONCE", 900)
    monkeypatch.setattr(spool, "SMALL", 100)
    column = open_column(f"{path}:out/val/logits", "logits")
    assert column.apart == APART  # on disk
    assert everything(column).tobytes() == Z.tobytes()
    found = calibrate.open_dataset(f"{path}:/out/val/logits")
    assert calibrate.fit(found).temperature == calibrate.fit(Z, Y).temperature
    assert pickle.loads(pickle.dumps(found)).read(3, 9).labels.tolist() == Y[3:9].tolist()
    for key in ("species", "words"):
        named = calibrate.open_dataset(
            f"{path}:out/val/logits", f"{path}:{key}", reading=calibrate.Reading(class_names=NAMES)
        )
        assert named.read(0, 60).labels.tolist() == Y.tolist()


@pytest.mark.parametrize("version", [2, 3])
def test_a_store_of_one_array_under_any_name(tmp_path, version):
    zarr.create_array(tmp_path / "val", data=Z, zarr_format=version)
    zarr.create_array(tmp_path / "y.zarr", data=Y, zarr_format=version)
    found = calibrate.open_dataset(f"{tmp_path}/val", f"{tmp_path}/y.zarr")
    assert found.read(0, 60).logits.tobytes() == Z.tobytes()
    refused(f"{tmp_path}/val:x", "is one array, without keys; leave out :x")


@pytest.mark.parametrize("dtype", ["<f2", ">f2", "<f4", ">f8", "i1", ">i2", "<i8", "<u4", "?"])
@pytest.mark.parametrize("version", [2, 3])
def test_every_dtype(tmp_path, dtype, version):
    values = (Z * 3).astype("i1").astype(dtype)
    path = written(tmp_path / "a.zarr", version, values, chunks=(9, 5))
    found = everything(open_column(f"{path}:out/val/logits", "logits"))
    assert found.dtype.newbyteorder("=") == values.dtype.newbyteorder("=")
    assert found.tolist() == values.tolist()


def test_lost_chunks_of_scores_are_told(tmp_path):
    path = written(tmp_path / "a.zarr", chunks=(7, 5))
    (path / "out/val/logits/c/3/0").unlink()
    refused(f"{path}:out/val/logits", "1 of its 9 chunks are not there")


def test_chunks_of_labels_that_are_all_0_need_no_file(tmp_path):
    group = zarr.open_group(tmp_path / "a.zarr", mode="w")
    group.create_array("labels", data=np.sort(Y), chunks=(5,))
    assert not (tmp_path / "a.zarr/labels/c/0").exists()
    column = open_column(f"{tmp_path}/a.zarr", "labels")
    assert everything(column).tolist() == np.sort(Y).tolist()


class Bomb:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return eval, ("open('ran', 'w').close()",)


def test_objects_are_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "a.zarr" / "logits"
    folder.mkdir(parents=True)
    (folder / "0").write_bytes(pickle.dumps(Bomb()))
    about = {
        "zarr_format": 2, "shape": [3], "chunks": [3], "dtype": "|O", "compressor": None,
        "fill_value": None, "order": "C", "filters": [{"id": "pickle", "protocol": 5}],
    }  # fmt: skip
    (folder / ".zarray").write_text(json.dumps(about))
    refused(str(tmp_path / "a.zarr"), "packed with 'pickle', which is neither read nor run")
    (folder / ".zarray").write_text(json.dumps({**about, "filters": None}))
    refused(str(tmp_path / "a.zarr"), "expected numbers, found '|O'")
    assert not (tmp_path / "ran").exists()


def changed(path: Path, **more: object) -> None:
    about = json.loads(path.read_text())
    path.write_text(json.dumps({**about, **more}))


BYTES = {"name": "bytes", "configuration": {"endian": "little"}}
GRID = {"name": "regular", "configuration": {"chunk_shape": [1 << 17, 1 << 12]}}
ODD: dict[str, tuple[dict[str, object], str]] = {
    "an unknown codec": ({"codecs": [BYTES, {"name": "numcodecs.pickle"}]}, "'numcodecs.pickle'"),
    "one inside of shards": (
        {"codecs": [{"name": "sharding_indexed", "configuration": {"codecs": [{"name": "x"}]}}]},
        "packed with 'x'",
    ),
    "large chunks": ({"chunk_grid": GRID, "shape": [1 << 17, 1 << 12]}, "one of 2.0 GiB"),
    "no shape": ({"shape": "x"}, "damaged"),
    "negative": ({"shape": [-60, 5]}, "damaged"),
    "flat": ({"shape": [60]}, "damaged"),
    "endless": ({"shape": [1 << 62, 1 << 62]}, "expected at most 1 GiB"),
    "no codecs": ({"codecs": 3}, "damaged"),
    "complex": ({"data_type": "complex64"}, "found 'complex64'"),
    "times": ({"data_type": {"name": "numpy.datetime64"}}, "expected numbers, found {"),
    "other sizes": ({"shape": [61, 9]}, "chunks are not there"),
    "a larger dtype": ({"data_type": "float64", "fill_value": 0.0}, "damaged"),
    "transformers": ({"storage_transformers": [{"name": "x"}]}, "damaged"),
}


@pytest.mark.parametrize("case", ODD)
def test_descriptions_that_lie(tmp_path, case):
    path = written(tmp_path / "a.zarr", chunks=(7, 5))
    more, said = ODD[case]
    changed(path / "out/val/logits/zarr.json", **more)
    refused(f"{path}:out/val/logits", said)


@pytest.mark.parametrize("content", ["", "{", "[" * 100_000, "[]", '"x"'])
def test_descriptions_that_are_none(tmp_path, content):
    path = tmp_path / "a.zarr"
    path.mkdir()
    (path / "zarr.json").write_text(content)
    refused(str(path), "expected")
    (path / "zarr.json").unlink()
    refused(str(path), "found no .zarray or zarr.json in it")
    path.rmdir()
    path.write_text("x")
    refused(str(path), "expected a folder of the format Zarr, found a file")


def test_damaged_chunks_are_told(tmp_path):
    path = written(tmp_path / "a.zarr", chunks=(7, 5))
    (path / "out/val/logits/c/3/0").write_bytes(b"x")
    refused(f"{path}:out/val/logits", "damaged")


def test_a_folder_is_an_input_that_is_not_written_to(tmp_path, run):
    written(tmp_path / "a.zarr", chunks=(7, 5))
    done = run("fit", "a.zarr:out/val/logits", "-o", "a.zarr/out/val/logits/c/3/0")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    assert "is an input or another output" in done.stderr
    done = run("apply", "a.zarr:out/val/logits", "--temperature", 2)
    assert done.returncode == 0, done.stderr
    assert {each.name for each in tmp_path.iterdir()} == {"a.zarr", "a.calibrated.npy"}


def refused(name: str, said: str) -> None:
    with pytest.raises(calibrate.InputError) as told:
        everything(open_column(name, "logits"))
    assert said in str(told.value)
    assert "\n" not in str(told.value)


PACKERS = {
    **{(2, each.codec_id): {"compressors": each} for each in (
        numcodecs.Blosc(), numcodecs.Zstd(), numcodecs.GZip(), numcodecs.Zlib(), numcodecs.BZ2(),
        numcodecs.LZMA(), numcodecs.LZ4(),
    )},
    **{(3, type(each).__name__): {"compressors": each} for each in (
        BloscCodec(), ZstdCodec(), GzipCodec()
    )},
    **{(3, f"{type(each).__name__} in shards"): {"compressors": each, "shards": (120, 5)}
       for each in (BloscCodec(), ZstdCodec(), GzipCodec())},
}  # fmt: skip


@pytest.mark.parametrize(("version", "packer"), PACKERS)
def test_a_chunk_that_unpacks_to_more_is_not_unpacked(tmp_path, version, packer):
    values = np.tile(Z, (2, 1)).astype(np.float64)
    options = {"chunks": (60, 5), **PACKERS[version, packer]}
    zarr.create_array(tmp_path / "a.zarr", data=values, zarr_format=version, **options)
    assert everything(open_column(f"{tmp_path}/a.zarr", "logits")).tolist() == values.tolist()
    if version == 2:
        changed(tmp_path / "a.zarr/.zarray", dtype="|u1", fill_value=0)
    else:
        changed(tmp_path / "a.zarr/zarr.json", data_type="uint8", fill_value=0)
    refused(f"{tmp_path}/a.zarr", "a chunk that unpacks to more")


@pytest.mark.parametrize("place", [4, 12])
@pytest.mark.parametrize("shards", [None, (60, 5)])
def test_the_sizes_in_a_chunk_of_blosc_are_those_of_the_chunk(tmp_path, place, shards):
    options = {"chunks": (30, 5), "compressors": BloscCodec(cname="lz4"), "shards": shards}
    array = zarr.create_array(tmp_path / "a.zarr", data=Z, **options)
    assert array.nchunks == 2
    chunk = tmp_path / "a.zarr/c/0/0"
    content = bytearray(chunk.read_bytes())
    content[place + 2] = 1  # 64 KiB more
    chunk.write_bytes(content)
    refused(
        f"{tmp_path}/a.zarr", "a chunk that unpacks" if place == 4 else "bytes that says it has"
    )


@pytest.mark.parametrize(
    ("chunk", "size"),
    [
        ("28b52ffd" "20" "05" "290000" "6869686968", 5),  # a raw block, whose size is said
        ("28b52ffd" "00" "58" "290000" "6869686968", 5),  # the same, whose size is not
        ("28b52ffd" "00" "58" "030010" "00", 1 << 17),  # a byte again and again, which ends here
        ("502a4d18" "02000000" "ffff" "28b52ffd" "20" "05" "290000" "6869686968", 5),
    ],
)  # fmt: skip
def test_how_much_a_chunk_of_zstd_unpacks_to(chunk, size):
    assert zarr_store._zstd_size(bytes.fromhex(chunk)) == size


def test_an_index_of_a_shard_is_not_packed(tmp_path):
    path = written(tmp_path / "a.zarr", chunks=(4, 5), shards=(16, 5))
    about = json.loads((path / "out/val/logits/zarr.json").read_text())
    about["codecs"][0]["configuration"]["index_codecs"].append({"name": "gzip"})
    (path / "out/val/logits/zarr.json").write_text(json.dumps(about))
    refused(f"{path}:out/val/logits", "packed with 'a packed index'")


def test_a_pipe_in_the_place_of_a_chunk_is_not_waited_for(tmp_path):
    path = written(tmp_path / "a.zarr", chunks=(7, 5))
    (path / "out/val/logits/c/3/0").unlink()
    os.mkfifo(path / "out/val/logits/c/3/0")
    refused(f"{path}:out/val/logits", "c/3/0: expected a regular file, found a pipe")
