"""Values of the library show themselves in a line, in a notebook as a small table."""

from __future__ import annotations

import numpy as np
import pytest
from conftest import SAMPLES

import calibrate
from calibrate.calibrators.file import read_calibrator_file
from calibrate.data.known_rows import KnownRows
from calibrate.data.top_labels import TopLabels

MNIST, DIGITS = SAMPLES / "mnist", SAMPLES / "digits"
NAMES = tuple(f"class {i}" for i in range(1000))
MULTILABEL = calibrate.Reading(task="multilabel")
QUICK = calibrate.Settings(full=False, bootstrap=0)


def hard(**more: object) -> calibrate.Dataset:
    z, y = np.load(MNIST / "hard_val.npy"), np.load(MNIST / "labels_val.npy")
    return calibrate.Dataset.of(z, more.pop("labels", y), **more)


def digits() -> calibrate.Dataset:
    return calibrate.open_dataset(
        f"{DIGITS}/val_logits.npy", f"{DIGITS}/val_labels.npy", reading=MULTILABEL
    )


def test_a_fit_says_its_temperature_its_rows_and_whether_it_converged():
    assert repr(calibrate.fit(hard())) == (
        "Fit(temperature: T = 2.74 [2.54, 2.96], 1,500 rows, converged)"
    )
    assert repr(calibrate.fit(hard(), label_smoothing=0.05)).endswith(
        "converged, label smoothing 0.05 over all classes)"
    )
    never = calibrate.fit(np.eye(3) * 5, np.arange(3))
    assert repr(never).startswith("Fit(temperature: T = ")
    assert ", 3 rows, not converged" in repr(never)
    assert repr(calibrate.fit_per_label(digits())) == (
        "Fit(per-label-temperature: T of 3 labels from 1.41 to 1.57, 2,100 rows, converged)"
    )


def test_a_dataset_says_what_its_rows_are():
    assert repr(hard()) == "Dataset(logits: 1,500 rows, 10 classes, multiclass, hard labels)"
    both = hard(
        weights=np.ones(1500), clusters=np.arange(1500) // 2, labels=np.full((1500, 10), 0.1)
    )
    assert repr(both) == (
        "Dataset(logits: 1,500 rows, 10 classes, multiclass, soft labels, weighted, clustered)"
    )
    said = repr(digits())
    assert said.endswith(": 2,100 decisions, 3 labels, multilabel, hard labels)")
    assert "val_logits.npy" in said
    binary = calibrate.Dataset.of(np.arange(4.0) - 2, np.arange(4) % 2)
    assert repr(binary) == "Dataset(logits: 4 rows, binary, hard labels)"


def test_no_value_that_users_meet_shows_more_than_a_line(tmp_path):
    rng = np.random.default_rng(0)
    z = rng.normal(size=(300, 500))
    fit, many = calibrate.fit(hard()), calibrate.fit_per_label(z, (z > 1).astype(int))
    calibrate.save(many, tmp_path / "c.json")
    report = calibrate.evaluate(hard(), calibrator=fit, settings=QUICK)
    for value in (
        fit,
        many,
        many.calibrator,
        read_calibrator_file(tmp_path / "c.json"),
        KnownRows.of(hard()),
        TopLabels(np.ones(500), np.linspace(0, 1, 500), 3, weights=np.ones(500)),
        calibrate.Settings(class_names=NAMES),
        calibrate.Reading(class_names=NAMES),
        report.metrics,
        report.reliability.before,
    ):
        assert len(repr(value)) < 300, type(value)
        assert "\n" not in repr(value)


def test_short_values_are_shown_whole():
    assert repr(calibrate.Settings(n_bins=20)).startswith("Settings(n_bins=20, full=True, ")
    per_label = calibrate.PerLabelTemperature((1.25, 2.0))
    assert repr(per_label) == "PerLabelTemperature(temperatures=(1.25, 2.0))"


@pytest.mark.parametrize("value", [hard, lambda: calibrate.fit(hard())])
def test_a_notebook_gets_the_same_as_a_table(value):
    shown = value()
    html = shown._repr_html_()
    assert html.count("<tr>") == html.count("</td></tr>") >= 3
    cells = [row.split("</td>")[0] for row in html.split("<td>")[1:]]
    assert f"{type(shown).__name__}({', '.join(cells)})" == repr(shown)


def test_hostile_names_are_escaped(tmp_path):
    path = tmp_path / "<b>\x1b[31m.npy"
    np.save(path, np.load(MNIST / "hard_val.npy"))
    dataset = calibrate.open_dataset(str(path), f"{MNIST}/labels_val.npy")
    assert "\x1b" not in repr(dataset)
    assert "\\x1b" in repr(dataset)
    assert "<b>" not in dataset._repr_html_()
    assert "&lt;b&gt;" in dataset._repr_html_()
