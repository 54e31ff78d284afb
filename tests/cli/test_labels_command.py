"""Every kind of label through real processes on real files."""

from __future__ import annotations

import json

import numpy as np
import pytest
from conftest import SAMPLES
from scipy.special import expit

import calibrate

BREAST, DIGITS = SAMPLES / "breast", SAMPLES / "digits"
MANY = ("--task", "multilabel")

PLAIN = ("--format", "json", "--plots", "none")


def stdout_of(done) -> dict:
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_indices_one_hot_and_soft_rows_give_one_answer(run, files, tmp_path):
    labels = np.load(files[1])
    np.save(tmp_path / "hot.npy", np.eye(7, dtype=np.float32)[labels])
    reports = [
        stdout_of(run("report", "z.npy", name, "--fit", *PLAIN, "--bootstrap", "50"))
        for name in ("y.npy", "hot.npy")
    ]
    for report in reports:
        del report["data"]["labels"], report["made"]["command"]
    assert reports[0] == reports[1]


def test_what_was_recognised_is_said(run, files, tmp_path):
    labels = np.load(files[1])
    votes = 0.5 * np.eye(7)[labels] + 0.5 * np.eye(7)[labels[::-1]]
    np.save(tmp_path / "votes.npy", votes)
    np.save(tmp_path / "some.npy", np.where(np.arange(400) < 100, -100, labels))
    said = {
        ("y.npy",): "multiclass: 400 x 7 logits; labels: one class each",
        ("votes.npy",): "multiclass: 400 x 7 logits; labels: soft, shares of classes",
        ("some.npy", "--ignore-label", "-100"): (
            "multiclass: 300 x 7 logits; labels: one class each; 100 left out"
        ),
    }
    for arguments, line in said.items():
        done = run("fit", "z.npy", *arguments)
        assert done.returncode == 0, done.stderr
        assert done.stderr.splitlines()[0] == line


def test_binary_from_fit_to_decisions(run, tmp_path):
    val = BREAST / "val_logits.npy", BREAST / "val_labels.npy"
    fitted = stdout_of(run("fit", *val, "--format", "json"))
    t = fitted["calibrator"]["parameters"]["temperature"]
    z, y = (np.load(path) for path in val)
    assert t == calibrate.fit(np.stack([0 * z, z], 1), y).temperature
    assert fitted["data"]["task"] == "binary"
    assert fitted["metrics"]["after"]["positive_ece"]["low"] is not None
    test = BREAST / "test_logits.npy"
    assert run("apply", test, "-c", "calibrator.json", "-o", "p.npy").returncode == 0
    p = np.load(tmp_path / "p.npy")
    np.testing.assert_allclose(p, expit(np.load(test) / t), rtol=1e-5)
    found = stdout_of(
        run("thresholds", *val, "-c", "calibrator.json", "--for", "cost=1:5", "--format", "json")
    )
    (label,) = found["labels"]
    assert label["closed_form"]["threshold"] == pytest.approx(1 / 6)
    decide = ("apply", test, "-c", "calibrator.json", "--thresholds", "thresholds.json")
    assert run(*decide, "-o", "d.npy").returncode == 0
    decisions = np.load(tmp_path / "d.npy")
    assert decisions.dtype == np.uint8
    np.testing.assert_array_equal(decisions, p >= label["threshold"])


def test_multi_label_from_fit_to_decisions(run, tmp_path):
    val = DIGITS / "val_logits.npy", DIGITS / "val_labels.npy"
    fitted = stdout_of(run("fit", *val, *MANY, "--per-label", "--format", "json"))
    temperatures = fitted["calibrator"]["parameters"]["temperatures"]
    z, y = (np.load(path) for path in val)
    for label, t in enumerate(temperatures):
        assert t == pytest.approx(calibrate.fit(z[:, label], y[:, label]).temperature, rel=1e-12)
    test = DIGITS / "test_logits.npy"
    assert run("apply", test, "-c", "calibrator.json", "-o", "p.npy").returncode == 0
    p = np.load(tmp_path / "p.npy")
    np.testing.assert_allclose(p, expit(np.load(test) / temperatures), rtol=1e-5)
    names = DIGITS / "labels.txt"
    done = run(
        "thresholds", *val, "-c", "calibrator.json", "--for", "f1", "--class-names", names,
        "--format", "json",
    )  # fmt: skip
    found = stdout_of(done)
    assert [label["name"] for label in found["labels"]] == ["even", "above 4", "loop"]
    decide = ("apply", test, "-c", "calibrator.json", "--thresholds", "thresholds.json")
    assert run(*decide, "-o", "d.npy").returncode == 0
    at = [label["threshold"] for label in found["labels"]]
    np.testing.assert_array_equal(np.load(tmp_path / "d.npy"), p >= np.array(at))
    report = stdout_of(
        run(
            "report", test, DIGITS / "test_labels.npy", "-c", "calibrator.json", *MANY,
            "--class-names", names, "--bootstrap", "50", "--format", "json",
        )
    )  # fmt: skip
    assert {group["name"] for group in report["groups"]} == {"even", "above 4", "loop"}
    pictures = {path.name for path in (tmp_path / "report").glob("*.png")}
    assert "reliability.png" in pictures
    assert "classes.png" not in pictures


def test_a_promise_is_printed_recorded_and_applied(run, tmp_path):
    val = BREAST / "val_logits.npy", BREAST / "val_labels.npy"
    promise = ("--for", "precision=0.9", "--confidence", "0.9")
    done = run("thresholds", *val, *promise)
    assert done.returncode == 0, done.stderr
    assert "Promised with 90 % confidence: a precision of at least 0.9" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 100
    content = json.loads((tmp_path / "thresholds.json").read_text())
    assert (content["confidence"], content["folds"]) == (0.9, 10)
    test = BREAST / "test_logits.npy"
    assert run("apply", test, "--thresholds", "thresholds.json", "-o", "d.npy").returncode == 0
    p = expit(np.load(test).astype(np.float64))
    expected = p.reshape(-1) >= content["labels"][0]["threshold"]
    np.testing.assert_array_equal(np.load(tmp_path / "d.npy").reshape(-1), expected)


def test_label_smoothing_is_kept_and_said(run, files):
    done = run("fit", "z.npy", "y.npy", "--label-smoothing", "0.1", "--smoothing-over", "others")
    assert done.returncode == 0, done.stderr
    assert "fitted to labels smoothed by 0.1 over the other classes" in done.stdout
    logits, labels = (np.load(path) for path in files)
    want = calibrate.fit(logits, labels, label_smoothing=0.1, smoothing_over="others")
    report = run("report", "z.npy", "y.npy", "-c", "calibrator.json", "--bootstrap", "0")
    assert "smoothed by 0.1" in report.stdout
    assert f"T = {want.temperature:.3g}" in report.stdout


def test_folds_keep_the_labels_of_an_example_together():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, (50, 4)).astype(float)
    y[3, 2] = np.nan
    dataset = calibrate.Dataset.of(
        rng.normal(size=(50, 4)), y, reading=calibrate.Reading(task="multilabel")
    )
    folds = dataset.with_folds(5, 0).folds
    for example in range(50):
        assert len(set(folds[dataset.numbers // 4 == example])) == 1
    assert set(folds) == set(range(5))


WRONG = [
    ("fit z.npy many.npy", "many.npy: expected one class per row", "--task multilabel"),
    ("fit z.npy votes.npy", "votes.npy", "in row 7 the sum is off by 0.5"),
    ("fit b.npy signs.npy", "signs.npy: expected labels 0 and 1", "save (labels + 1) / 2"),
    ("fit z.npy y.npy --per-label", "z.npy", "pass --task multilabel"),
    ("fit z.npy y.npy --ignore-label 0 --task binary", "y.npy", "shape of the scores"),
    ("thresholds z.npy y.npy", "z.npy: thresholds are for yes-no decisions", "found 7 classes"),
    (
        "thresholds b.npy ones.npy --for precision=0.9",
        "ones.npy: goal precision=0.9",
        "every row is positive",
    ),
    ("thresholds b.npy bits.npy --confidence 0.9", "--confidence: no promise", "about F1"),
    (
        "thresholds b.npy bits.npy --for precision=0.9 --confidence 0.95",
        "bits.npy: goal precision=0.9: cannot be promised with 95 % confidence: at best 0.",
        "of which",
    ),
    ("apply b.npy --thresholds z.npy", "z.npy", "thresholds"),
]


@pytest.mark.parametrize(("command", "first", "second"), WRONG)
@pytest.mark.usefixtures("files")
def test_one_line_and_nothing_written(run, tmp_path, command, first, second):
    rng = np.random.default_rng(0)
    np.save(tmp_path / "many.npy", np.ones((400, 7), int))
    votes = np.full((400, 7), 1 / 7)
    votes[7] *= 1.5
    np.save(tmp_path / "votes.npy", votes)
    np.save(tmp_path / "b.npy", rng.normal(scale=3, size=400))
    np.save(tmp_path / "signs.npy", np.tile([-1, 1], 200))
    np.save(tmp_path / "ones.npy", np.ones(400, int))
    np.save(tmp_path / "bits.npy", np.tile([0, 1], 200))
    before = set(tmp_path.iterdir())
    done = run(*command.split())
    *notes, line = done.stderr.splitlines()
    assert done.returncode == 2
    assert done.stdout == ""
    assert line.startswith("calibrate: ")
    assert first in line
    assert second in line
    assert all(note.startswith(("multiclass:", "binary:")) for note in notes)
    assert set(tmp_path.iterdir()) == before
