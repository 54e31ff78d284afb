"""Parquet, Arrow, Feather and folders of datasets: the values of the .npy, to the last bit."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import feather, ipc, parquet

import calibrate
from calibrate.data import decoded as spool
from calibrate.data.column import APART, everything
from calibrate.data.readers import arrow as reader
from calibrate.data.readers.open import open_column

RNG = np.random.default_rng(4)
Z = RNG.normal(scale=2, size=(60, 5)).astype(np.float32)
Y = np.r_[np.arange(5), (Z[5:] / 2 + RNG.gumbel(size=(55, 5))).argmax(axis=1)]
NAMES = ["ant", "bee", "cat", "sea lion", "yak"]
TEXTS = [NAMES[i] for i in Y]


def lists(values: np.ndarray = Z, kind: str = "fixed") -> pa.Array:
    flat, width = pa.array(values.reshape(-1)), values.shape[1]
    if kind == "fixed":
        return pa.FixedSizeListArray.from_arrays(flat, width)
    offsets = np.arange(0, values.size + 1, width)
    if kind == "large":
        return pa.LargeListArray.from_arrays(pa.array(offsets, pa.int64()), flat)
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), flat)


def classes(**more: object) -> pa.Table:
    return pa.table({**{name: Z[:, i] for i, name in enumerate(NAMES)}, **more})


TABLES = {
    "fixed lists": pa.table({"logits": lists(), "label": Y}),
    "lists": pa.table({"id": Y, "label": Y, "probs": lists(kind="list"), "text": TEXTS}),
    "large lists": pa.table({"y": Y.astype(np.uint8), "scores": lists(kind="large")}),
    "columns": classes(label=Y),
    "columns, texts": classes(Label=TEXTS),
    "categories": classes(target=pa.array(TEXTS).dictionary_encode()),
    "large texts": classes(target=pa.array(TEXTS, pa.large_string())),
    "views": classes(target=pa.array(TEXTS, pa.string_view())),
    "a part of a larger one": pa.table(
        {"logits": lists(np.r_[Z[:7], Z], "list"), "label": np.r_[Y[:7], Y]}
    ).slice(7),
}


def stream(path: Path, table: pa.Table, rows: int | None = None, **options: object) -> None:
    with ipc.new_stream(path, table.schema, options=ipc.IpcWriteOptions(**options)) as writer:
        writer.write_table(table, rows)


def arrow(path: Path, table: pa.Table, rows: int | None = None, **options: object) -> None:
    with ipc.new_file(path, table.schema, options=ipc.IpcWriteOptions(**options)) as writer:
        writer.write_table(table, rows)


def saved(path: Path, table: pa.Table, files: int = 2, info: dict | None = None) -> None:
    """A folder as Dataset.save_to_disk of datasets 4.0 writes it."""
    path.mkdir(parents=True)
    names = [f"data-{i:05}-of-{files:05}.arrow" for i in range(files)]
    each = -(-table.num_rows // files)
    for i, name in enumerate(names):
        stream(path / name, table.slice(i * each, each), 9)
    state = {
        "_data_files": [{"filename": name} for name in names],
        "_fingerprint": "6b8f", "_format_columns": None, "_format_kwargs": {},
        "_format_type": None, "_output_all_columns": False, "_split": None,
    }  # fmt: skip
    (path / "state.json").write_text(json.dumps(state))
    (path / "dataset_info.json").write_text(json.dumps(info or {"features": {}}))


WAYS = {
    "a.parquet": parquet.write_table,
    "b.parquet": lambda path, table: parquet.write_table(
        table, path, row_group_size=7, compression="zstd", use_dictionary=False,
        data_page_version="2.0",
    ),
    "a.arrow": lambda path, table: arrow(path, table),
    "b.arrow": lambda path, table: stream(path, table, 7),
    "c.arrow": lambda path, table: arrow(path, table, 11, compression="zstd"),
    "a.feather": lambda path, table: feather.write_feather(table, path),
    "b.feather": lambda path, table: feather.write_feather(table, path, "uncompressed"),
    "folder": saved,
}  # fmt: skip
WAYS["a.parquet"] = lambda path, table: parquet.write_table(table, path)


@pytest.mark.parametrize("table", TABLES)
def test_figures_are_those_of_the_npy(tmp_path, table):
    parquet.write_table(TABLES[table], tmp_path / "a.parquet")
    found = calibrate.open_dataset(f"{tmp_path}/a.parquet")
    assert calibrate.fit(found).temperature == calibrate.fit(Z, Y).temperature


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("table", TABLES)
def test_values_are_those_of_the_npy(tmp_path, table, way):
    WAYS[way](tmp_path / way, TABLES[table])
    found = calibrate.open_dataset(str(tmp_path / way))
    assert found.logits.dtype == np.float32
    assert found.read(0, 60).logits.tobytes() == Z.tobytes()
    assert found.read(7, 41).labels.tolist() == Y[7:41].tolist()
    again = pickle.loads(pickle.dumps(found))
    assert again.read(3, 9).logits.tobytes() == Z[3:9].tobytes()


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("table", TABLES)
def test_the_same_from_many_blocks_and_a_spool(tmp_path, monkeypatch, table, way):
    WAYS[way](tmp_path / way, TABLES[table])
    monkeypatch.setattr(reader, "AT_ONCE", 300)
    monkeypatch.setattr(reader, "BESIDE", 2)
    monkeypatch.setattr(spool, "SMALL", 100)
    monkeypatch.setenv("CALIBRATE_SPOOL", str(tmp_path))
    column = open_column(f"{tmp_path / way}", "logits")
    assert column.apart == APART  # on disk
    assert [each.name for each in tmp_path.iterdir()] == [way]  # the spool has no name
    assert everything(column).tobytes() == Z.tobytes()
    rows = np.array([0, 3, 8, 9, 30, 59])
    assert column.take(rows).tobytes() == Z[rows].tobytes()
    assert column.take(rows[:0]).shape == column.read(5, 5).shape == (0, 5)


@pytest.mark.parametrize("dtype", ["f4", "?"])
def test_lists_that_begin_within_their_values(tmp_path, dtype):
    """As the format allows; pyarrow writes none, so that the offsets are put in by hand."""
    values = (Z > 0).astype(dtype)
    stream(tmp_path / "a.arrow", pa.table({"logits": lists(values, "list")}))
    content = (tmp_path / "a.arrow").read_bytes()
    before, after = (np.arange(at, 301, 5 - (at > 0), "<i4").tobytes() for at in (0, 60))
    assert content.count(before) == 1
    (tmp_path / "a.arrow").write_bytes(content.replace(before, after))
    found = everything(open_column(f"{tmp_path}/a.arrow", "logits"))
    assert found.tolist() == values.reshape(-1)[60:].reshape(60, 4).tolist()


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "?"])
def test_every_dtype(tmp_path, dtype, way):
    values = (Z * 3).astype("i1").astype(dtype)
    WAYS[way](tmp_path / way, pa.table({"logits": lists(values), "one": values[:, 1].copy()}))
    column = open_column(str(tmp_path / way), "logits")
    assert column.dtype == values.dtype
    assert everything(column).tolist() == values.tolist()
    one = open_column(f"{tmp_path / way}:one", "labels")
    assert one.dtype == values.dtype
    assert everything(one).tolist() == values[:, 1].tolist()


def test_columns_of_several_dtypes_become_one(tmp_path):
    table = pa.table({"a": Z[:, 0], "b": Z[:, 1].astype("f8") * 3, "c": (Y % 2).astype("i2")})
    for way in WAYS:
        WAYS[way](tmp_path / way, table)
        reading = calibrate.Reading(label_column="c")
        found = calibrate.open_dataset(str(tmp_path / way), reading=reading)
        assert found.logits.dtype == np.float64
        assert found.read(0, 60).logits.tolist() == [[a, b * 3] for a, b in Z[:, :2].astype("f8")]


def frame(**more: object) -> object:
    import pandas as pd

    return pd.DataFrame({**{name: Z[:, i] for i, name in enumerate(NAMES)}, **more})


def test_pandas_and_its_index(tmp_path):
    import pandas as pd

    held = frame(label=pd.Categorical(TEXTS, NAMES))
    held.index = pd.Index(np.arange(60) * 2, name="number")
    held.to_parquet(tmp_path / "a.parquet")
    found = calibrate.open_dataset(f"{tmp_path}/a.parquet")
    assert found.class_names == tuple(NAMES)
    assert found.read(0, 60).logits.tobytes() == Z.tobytes()
    assert found.read(0, 60).labels.tolist() == Y.tolist()
    assert any("as the index of pandas: number" in note for note in found.notes)


def test_polars(tmp_path):
    """Written by polars 2.1, whose texts are views; skipped only where polars is not installed."""
    polars = pytest.importorskip("polars")
    held = polars.DataFrame({"logits": list(Z), "label": TEXTS, "text": ["long " * i for i in Y]})
    held.write_parquet(tmp_path / "a.parquet")
    held.write_ipc(tmp_path / "a.arrow")
    held.write_ipc_stream(tmp_path / "b.arrow", compression="lz4")
    reading = calibrate.Reading(class_names=NAMES)
    for each in ("a.parquet", "a.arrow", "b.arrow"):
        found = calibrate.open_dataset(str(tmp_path / each), reading=reading)
        assert found.read(0, 60).logits.tobytes() == Z.tobytes()
        assert found.read(0, 60).labels.tolist() == Y.tolist()


LABEL = {"names": NAMES, "_type": "ClassLabel"}


@pytest.mark.parametrize("where", ["info", "metadata"])
def test_names_of_a_class_label(tmp_path, where):
    features = {"features": {"label": LABEL}}
    table = TABLES["fixed lists"]
    if where == "metadata":
        table = table.replace_schema_metadata({"huggingface": json.dumps({"info": features})})
    saved(tmp_path / "set", table, info=features if where == "info" else None)
    found = calibrate.open_dataset(str(tmp_path / "set"))
    assert found.class_names == tuple(NAMES)
    assert everything(open_column(f"{tmp_path}/set:label", "labels")).tolist() == Y.tolist()


def test_splits_are_told_and_named(tmp_path, run):
    for each in ("train", "test"):
        saved(tmp_path / "sets" / each, TABLES["lists"])
    (tmp_path / "sets" / "dataset_dict.json").write_text('{"splits": ["train", "test"]}')
    with pytest.raises(calibrate.InputError) as told:
        calibrate.open_dataset(str(tmp_path / "sets"))
    assert f"the splits train, test; name one as {tmp_path}/sets/train" in str(told.value)
    assert calibrate.open_dataset(f"{tmp_path}/sets/test").n_rows == 60
    done = run("fit", "sets/train:probs", "sets/test/:label", "-o", "-")
    assert (done.returncode, done.stderr.count("Traceback")) == (0, 0), done.stderr


STATES = {
    "above": ('{"_data_files": [{"filename": "../a.arrow"}]}', "in the same folder"),
    "absolute": ('{"_data_files": [{"filename": "/etc/passwd"}]}', "in the same folder"),
    "no name": ('{"_data_files": [{"filename": 3}]}', "in the same folder"),
    "none": ('{"_data_files": []}', "found none"),
    "lost": ('{"_data_files": [{"filename": "b.arrow"}]}', "set/b.arrow: no such file"),
    "a folder": ('{"_data_files": [{"filename": ".."}]}', "in the same folder"),
    "a selection": ('{"_data_files": [], "_indices_data_files": [1]}', "a selection of them"),
    "cut": ('{"_data_files"', "expected JSON"),
    "a list": ("[1]", "expected a JSON object"),
}


@pytest.mark.parametrize("case", STATES)
def test_states_that_lie(tmp_path, case):
    saved(tmp_path / "set", TABLES["lists"])
    stream(tmp_path / "a.arrow", TABLES["lists"])
    content, said = STATES[case]
    (tmp_path / "set" / "state.json").write_text(content)
    refused(tmp_path / "set", said)


def refused(path: Path, said: str, role: str = "logits", key: str = "") -> None:
    with pytest.raises(calibrate.InputError) as told:
        everything(open_column(f"{path}{key}", role))
    assert said in str(told.value)
    assert "\n" not in str(told.value)


def holed(values: list[object], kind: pa.DataType | None = None) -> pa.Table:
    return pa.table({"logits": pa.array(values, kind)})


LIST = pa.list_(pa.float32())
ODD = {
    "a null": (holed([[1, 2], None, [1, 2]], LIST), "column 'logits', row 1: expected a value"),
    "a null in a list": (holed([[1, 2], [1, 2], [1, None]], LIST), "row 2: expected a value"),
    "a null in a fixed list": (
        holed([[1, 2], [1, None]], pa.list_(pa.float32(), 2)), "row 1: expected a value",
    ),
    "a null in a column": (
        pa.table({"a": pa.array([0.5, None]), "b": [0.5, 1.5]}), "column 'a', row 1: expected",
    ),
    "ragged": (holed([[1, 2], [1, 2], [1, 2, 3]], LIST), "row 2: expected 2 numbers"),
    "empty lists": (holed([[], []], LIST), "found 0 in each row"),
    "nested": (holed([[[1.0], [2.0]]]), "found list<"),
    "decimals": (holed([1, 2], pa.decimal128(5, 2)), "found decimal128(5, 2)"),
    "times": (holed([1, 2], pa.timestamp("s")), "found timestamp["),
    "texts": (holed(["1", "2"]), "found string"),
    "a struct": (holed([{"a": 1}]), "found struct<"),
    "categories": (
        pa.table({"logits": pa.array(["1", "2"]).dictionary_encode()}), "found dictionary<",
    ),
    "an extension": (
        holed([b"0" * 16], pa.uuid()),
        "found extension<arrow.uuid>",
    ),
    "no rows": (holed([], LIST), "at least one row"),
    "no columns": (pa.table({}), "no array 'logits'"),
    "labels alone": (pa.table({"label": ["a", "b"]}), "no array 'logits'"),
    "twice": (pa.Table.from_arrays([pa.array([0.5])] * 2, ["a", "a"]), "2 columns are named 'a'"),
}  # fmt: skip


@pytest.mark.parametrize("way", ["a.parquet", "a.arrow", "b.arrow", "c.arrow", "folder"])
@pytest.mark.parametrize("case", ODD)
def test_odd_columns_are_told_in_one_line(tmp_path, case, way):
    table, said = ODD[case]
    if way == "folder":
        saved(tmp_path / way, table, 1)
    else:
        WAYS[way](tmp_path / way, table)
    refused(tmp_path / way, said)


def test_texts_that_are_missing_or_no_labels(tmp_path):
    parquet.write_table(classes(label=pa.array([*TEXTS[:-1], None])), tmp_path / "a.parquet")
    refused(tmp_path / "a.parquet", "column 'label', row 59: expected a value", "labels")
    coded = pa.DictionaryArray.from_arrays(pa.array([0] * 59 + [1]), pa.array(["cat", None]))
    arrow(tmp_path / "a.arrow", classes(label=coded))
    refused(tmp_path / "a.arrow", "column 'label', row 59: expected a value", "labels")
    parquet.write_table(classes(kind=TEXTS), tmp_path / "b.parquet")
    with pytest.raises(calibrate.InputError, match="name its column with `label_column`"):
        calibrate.open_dataset(f"{tmp_path}/b.parquet")
    named = calibrate.Reading(label_column="kind")
    found = calibrate.open_dataset(f"{tmp_path}/b.parquet", reading=named)
    assert found.read(0, 60).labels.tolist() == Y.tolist()
    column = open_column(f"{tmp_path}/b.parquet", "logits")
    assert column.notes == (f"{tmp_path}/b.parquet: left out, as they hold no numbers: kind",)


@pytest.mark.parametrize("way", WAYS)
def test_labels_among_the_scores_are_noticed(tmp_path, way):
    WAYS[way](tmp_path / way, classes(gold=Y))
    refused(tmp_path / way, '`label_column="gold"` if these are')


OTHERS = {
    "empty": (b"", "an empty file"),
    "text": (b"a,b,label\n1,2,0\n", "expected a"),
    "an array": (b"\x93NUMPY\x01\x00", "expected a"),
    "a zip": (b"PK\x03\x04" + bytes(99), "expected a"),
}


@pytest.mark.parametrize("name", ["a.parquet", "a.arrow", "a.feather"])
@pytest.mark.parametrize("case", OTHERS)
def test_other_formats_under_these_names(tmp_path, case, name):
    content, said = OTHERS[case]
    (tmp_path / name).write_bytes(content)
    refused(tmp_path / name, "damaged" if case != "empty" and "parquet" not in name else said)


def test_one_format_under_the_name_of_another(tmp_path):
    parquet.write_table(TABLES["lists"], tmp_path / "a.arrow")
    refused(tmp_path / "a.arrow", "found a Parquet file")
    arrow(tmp_path / "a.parquet", TABLES["lists"])
    refused(tmp_path / "a.parquet", "expected a Parquet file, found something else")
    (tmp_path / "b.feather").write_bytes(b"FEA1" + bytes(20))
    refused(tmp_path / "b.feather", "found Feather of version 1")


class Bomb:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return eval, ("open('ran', 'w').close()",)


@pytest.mark.parametrize("way", WAYS)
def test_pickles_of_types_are_not_run(tmp_path, monkeypatch, way):
    """Types that pyarrow before 14.0.1 made by unpickling, and the metadata of pandas."""
    monkeypatch.chdir(tmp_path)
    evil = pickle.dumps(Bomb())
    about = {
        "ARROW:extension:name": "arrow.py_extension_type",
        "ARROW:extension:metadata": evil,
    }
    field = pa.field("logits", lists().type, metadata=about)
    schema = pa.schema([field, pa.field("label", pa.int64())], metadata={"pandas": evil})
    WAYS[way](tmp_path / way, pa.Table.from_arrays([lists(), pa.array(Y)], schema=schema))
    assert evil in (tmp_path / way / "data-00000-of-00002.arrow" if way == "folder" else
                    tmp_path / way).read_bytes() or way.endswith("parquet")  # fmt: skip
    found = calibrate.open_dataset(str(tmp_path / way))
    assert found.read(0, 60).logits.tobytes() == Z.tobytes()
    assert not (tmp_path / "ran").exists()


def test_the_pickle_would_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    pickle.loads(pickle.dumps(Bomb()))
    assert (tmp_path / "ran").exists()
