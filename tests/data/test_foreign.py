"""What pandas, polars, pyarrow and tensors hold is read as the numpy array of the same values."""

from __future__ import annotations

import ml_dtypes
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import calibrate
from calibrate.data.foreign import as_array

NAMES = ["cat", "dog", "fox"]
RNG = np.random.default_rng(0)
Z = RNG.normal(size=(500, 3)) * 3
Y = (Z / 2 + RNG.gumbel(size=Z.shape)).argmax(axis=1)
TEXT = [NAMES[i] for i in Y]
COLUMNS = dict(zip(NAMES, Z.T, strict=True))


class Tensor:
    """On some device, with nothing but DLPack."""

    def __init__(self, array: np.ndarray) -> None:
        self._array = array

    def __dlpack__(self, **more: object) -> object:
        return self._array.__dlpack__(**more)

    def __dlpack_device__(self) -> tuple[int, int]:
        return self._array.__dlpack_device__()


SCORES = {
    "lists": Z.tolist(),
    "pandas": pd.DataFrame(COLUMNS),
    "pandas, a series of arrays": pd.Series(list(Z)),
    "polars": pl.DataFrame(COLUMNS),
    "polars, lists": pl.Series(Z.tolist()),
    "pyarrow, a table": pa.table(COLUMNS),
    "pyarrow, a batch": pa.RecordBatch.from_pydict(COLUMNS),
    "pyarrow, lists": pa.array(Z.tolist()),
    "pyarrow, lists of 3": pa.FixedSizeListArray.from_arrays(pa.array(Z.ravel()), 3),
    "DLPack": Tensor(Z),
}
LABELS = {
    "list": Y.tolist(),
    "pandas": pd.Series(Y),
    "pandas, nullable": pd.Series(Y).astype("Int64"),
    "polars": pl.Series(Y),
    "pyarrow, in chunks": pa.chunked_array([Y[:100], Y[100:]]),
    "DLPack": Tensor(Y),
    "one-hot": pd.get_dummies(pd.Series(TEXT)),
    "texts": TEXT,
    "texts of numpy 2": np.array(TEXT, dtype=np.dtypes.StringDType()),
    "texts of pandas": pd.Series(TEXT, dtype="string"),
    "categories of pandas": pd.Series(TEXT).astype("category"),
    "categories of polars": pl.Series(TEXT).cast(pl.Categorical),
    "a dictionary of pyarrow": pa.array(TEXT).dictionary_encode(),
}


@pytest.mark.parametrize("kind", SCORES)
def test_scores_are_those_of_numpy(kind: str):
    found = calibrate.fit(SCORES[kind], Y)
    assert found.temperature == calibrate.fit(Z, Y).temperature


@pytest.mark.parametrize("kind", LABELS)
def test_labels_are_those_of_numpy(kind: str):
    assert calibrate.fit(Z, LABELS[kind]).temperature == calibrate.fit(Z, Y).temperature


def test_bfloat16_of_jax_is_read_as_float32():
    rounded = Z.astype(ml_dtypes.bfloat16)
    assert (
        calibrate.fit(rounded, Y).temperature == calibrate.fit(rounded.astype("f4"), Y).temperature
    )


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame, pa.table])
def test_texts_are_matched_to_the_columns_of_a_frame_in_any_order(frame):
    turned = frame({name: COLUMNS[name] for name in ("fox", "cat", "dog")})
    assert calibrate.fit(turned, TEXT).temperature == calibrate.fit(Z, Y).temperature
    report = calibrate.evaluate(turned, TEXT, settings=calibrate.Settings(bootstrap=0))
    assert report.settings.class_names == ("fox", "cat", "dog")


def test_weights_and_clusters_of_a_frame():
    weights, clusters = np.arange(500.0), np.arange(500) // 5
    expected = calibrate.fit(Z, Y, weights=weights, clusters=clusters)
    named = pd.Series([f"text {i}" for i in clusters])
    for each in (named, named.astype("category"), pl.Series(named.tolist())):
        found = calibrate.fit(Z, Y, weights=pd.Series(weights), clusters=each)
        assert (found.temperature, found.interval) == (expected.temperature, expected.interval)


@pytest.mark.parametrize("make", [pl.Series, pa.array, pd.Series, Tensor])
def test_numbers_are_not_copied(make):
    made = make(np.arange(1000.0))
    assert np.shares_memory(as_array(made, "x"), as_array(made, "x"))


@pytest.mark.parametrize(
    ("scores", "labels", "message"),
    [
        (pd.DataFrame(COLUMNS).assign(name=TEXT), Y, "logits: expected numbers or text through"),
        ([[1.0, 2.0], [1.0]] * 9, [0, 1] * 9, "logits: expected numbers in rows of the same"),
        (pl.Series([[1.0, 2.0], [1.0]] * 9), [0, 1] * 9, "found .* in row 1$"),
        (Z, pd.Series([None, *TEXT[1:]]), "labels: expected numbers or text .* found nan in row 0"),
        (Z, pl.Series([None, *Y[1:].tolist()]), "labels: expected whole class indices"),
        ((row for row in Z), Y, "logits: expected an array, found generator"),
        ({"a": 1}, Y, "logits: expected an array, found dict"),
    ],
)
def test_what_is_no_array_is_said_in_one_line(scores, labels, message):
    with pytest.raises(calibrate.InputError, match=message) as caught:
        calibrate.fit(scores, labels)
    assert "\n" not in str(caught.value)
