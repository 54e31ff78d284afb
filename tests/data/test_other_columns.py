"""Columns of a table that are no scores of classes: found, named, or told."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import calibrate

NAMES = ["cat", "dog", "sea lion", "fox"]


@pytest.fixture
def frame(tmp_path, monkeypatch) -> pd.DataFrame:
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    z = rng.normal(size=(300, 4)) * 3
    y = (z / 2 + rng.gumbel(size=z.shape)).argmax(1)
    return pd.DataFrame(dict(zip(NAMES, z.T, strict=True))).assign(label=[NAMES[i] for i in y])


def write(frame: pd.DataFrame, kind: str) -> str:
    name = f"a.{kind}"
    frame.to_csv(name, index=False) if kind == "csv" else frame.to_parquet(name, index=False)
    return name


KINDS = pytest.mark.parametrize("kind", ["csv", "parquet"])


@KINDS
@pytest.mark.parametrize("labels", [None, "label"])
def test_whole_numbers_among_scores_are_no_class(frame, kind, labels):
    best = calibrate.fit(calibrate.open_dataset(write(frame, kind))).temperature
    name = write(frame.assign(fold=np.arange(300) % 5), kind)
    with pytest.raises(calibrate.InputError, match=r"column 'fold' .* from 0 to 4 only") as told:
        calibrate.open_dataset(name, reading=calibrate.Reading(label_column=labels))
    assert "\n" not in str(told.value)
    without = calibrate.open_dataset(name, reading=calibrate.Reading(leave_out=["fold"]))
    assert calibrate.fit(without).temperature == best
    insisted = calibrate.open_dataset(name, reading=calibrate.Reading(leave_out=["none"]))
    assert insisted.n_classes == 5
    with pytest.raises(calibrate.InputError, match=r"no column 'fodl'.* did you mean 'fold'"):
        calibrate.open_dataset(name, reading=calibrate.Reading(leave_out=["fodl"]))


@KINDS
def test_scores_that_are_0_and_1_only_are_scores(frame, kind):
    frame["fox"] = (frame["fox"] > 2).astype(float)
    assert calibrate.open_dataset(write(frame, kind)).n_classes == 4


@KINDS
def test_weights_clusters_and_labels_of_the_same_table_are_no_classes(frame, kind):
    weights, clusters = np.linspace(0.5, 2, 300), np.arange(300) // 3
    expected = calibrate.fit(
        frame[NAMES], frame["label"], weights=weights, clusters=clusters
    ).temperature
    name = write(frame.rename(columns={"label": "gold"}).assign(w=weights, doc=clusters), kind)
    found = calibrate.open_dataset(
        name, f"{name}:gold", weights=f"{name}:w", clusters=f"{name}:doc"
    )
    assert calibrate.fit(found).temperature == expected


def test_groups_of_the_same_table_are_no_class(frame, run):
    write(frame.assign(g=np.arange(300) % 3), "csv")
    plain = ("--plots", "none", "--bootstrap", "0")
    done = run("report", "a.csv", "--groups", "a.csv:g", *plain)
    assert done.returncode == 0, done.stderr
    assert "300 rows, 4 classes" in done.stdout


def test_a_frame_that_still_holds_its_labels(frame):
    with pytest.raises(calibrate.InputError, match="a column per class, found one named 'label'"):
        calibrate.fit(frame.assign(label=0.5), np.zeros(300, int))


def test_a_first_line_taken_for_what_it_is_not_is_told(frame):
    frame[NAMES].to_csv("z.csv", index=False)
    pd.Series(np.zeros(300, int)).to_csv("y.csv", index=False)
    with pytest.raises(calibrate.InputError, match=r"first line of y\.csv was taken for a label"):
        calibrate.open_dataset("z.csv", "y.csv")
    frame["label"].to_csv("t.csv", index=False, header=False)
    with pytest.raises(calibrate.InputError, match=r"first line of t\.csv was taken for a header"):
        calibrate.open_dataset("z.csv", "t.csv")


def test_numbers_for_names_are_no_names(frame):
    expected = calibrate.fit(frame[NAMES].to_numpy(), frame["label"]).temperature
    pd.DataFrame(frame[NAMES].to_numpy()).to_csv("z.csv", index=False)
    frame[["label"]].to_csv("y.csv", index=False)
    assert calibrate.fit(calibrate.open_dataset("z.csv", "y.csv")).temperature == expected


def test_letters_may_be_composed_in_either_way(frame):
    frame = frame.rename(columns={"fox": "Fu\u0308chsin"})
    frame["label"] = frame["label"].replace("fox", "F\u00fcchsin")
    assert calibrate.open_dataset(write(frame, "csv")).n_rows == 300


def test_confidences_in_percent_without_a_word(frame):
    c = np.round(100 / (1 + np.exp(-frame["cat"].to_numpy())))
    found = calibrate.Dataset.of(c, (frame["label"] == "cat").astype(int))
    assert any("percent" in warning for warning in found.warnings)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("apply z.npy --temperature 2 -o p.csv", "expected a name ending in .npy"),
        ("fit z.npy y.npy -o c.npy", "expected a name ending in .json"),
    ],
)
@pytest.mark.usefixtures("files")
def test_a_name_promises_what_is_written(arguments, said, run, tmp_path: Path):
    done = run(*arguments.split())
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert {path.name for path in tmp_path.iterdir()} == {"z.npy", "y.npy"}


@pytest.mark.usefixtures("frame")
def test_labels_alone_are_no_scores():
    np.savez("y.npz", labels=np.arange(300) % 2)
    with pytest.raises(calibrate.InputError, match="no array 'logits'; it holds labels"):
        calibrate.open_dataset("y.npz")
    with pytest.raises(calibrate.InputError, match=r"open files with calibrate\.open_dataset"):
        calibrate.fit("y.npz")


def test_of_a_handful_of_rows_nothing_is_known():
    z = np.random.default_rng(0).normal(size=(4, 3))
    fit = calibrate.fit(z, [0, 1, 2, 0])
    report = calibrate.evaluate(z, [0, 1, 2, 0], fit, settings=calibrate.Settings(bootstrap=0))
    assert report.data.shared is None
