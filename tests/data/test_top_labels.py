from __future__ import annotations

import csv
import json

import numpy as np
import pytest
from scipy.special import softmax

import calibrate
from calibrate import Settings


@pytest.fixture(autouse=True)
def top(data, tmp_path):
    """The predictions of ``data`` in a CSV with other column names."""
    logits, labels = data
    p = softmax(logits.astype(float), axis=1)
    with (tmp_path / "p.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["row", "y", "guess", "sure"])
        for i, (y, guess, sure) in enumerate(zip(labels, p.argmax(1), p.max(1), strict=True)):
            rows.writerow([i, f"class {y}", f"class {guess}", repr(float(sure))])


def test_the_figures_are_those_of_the_logits(data, run, tmp_path):
    done = run(
        "report", "p.csv", "--columns", "y,guess,sure", "--plots", "all", "--bootstrap", "100"
    )
    assert done.returncode == 0, done.stderr
    assert "left out, as they need the logits: top_5_accuracy, nll" in done.stderr
    got = json.loads((tmp_path / "report/report.json").read_text())
    assert (got["data"]["task"], got["data"]["rows"], got["data"]["classes"]) == (
        "top-label",
        400,
        7,
    )
    whole = calibrate.evaluate(*data, settings=Settings(bootstrap=100))
    want = whole.metrics.before
    assert {"accuracy", "ece", "smooth_ece", "ks", "auroc", "brier_calibration"} <= set(
        got["metrics"]["before"]
    )
    for name, figure in got["metrics"]["before"].items():
        assert figure["value"] == pytest.approx(want[name].value, abs=1e-9), name
        assert figure["low"] == pytest.approx(want[name].low, abs=1e-6), name
    assert set(got["tests"]["before"]["temperature"].values()) == {None}
    pictures = {path.name for path in (tmp_path / "report").glob("*.png")}
    names = ("reliability", "reliability-smooth", "reliability-corp", "risk-coverage")
    assert pictures == {f"{name}.png" for name in names}


def test_weights_and_groups(data, run, tmp_path):
    weights = np.arange(1.0, 401.0)
    np.save(tmp_path / "w.npy", weights)
    np.save(tmp_path / "g.npy", np.arange(400) % 2)
    done = run(
        "report", "p.csv", "--columns", "y,guess,sure", "--weights", "w.npy", "--groups", "g.npy",
        "--bootstrap", "0",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    got = json.loads((tmp_path / "report/report.json").read_text())
    settings = Settings(bootstrap=0)
    want = calibrate.evaluate(*data, weights=weights, groups=np.arange(400) % 2, settings=settings)
    assert got["metrics"]["before"]["ece"]["value"] == pytest.approx(
        want.metrics.before["ece"].value, abs=1e-9
    )
    for group, whole in zip(got["groups"], want.groups, strict=True):
        assert group["name"] == whole.name
        assert group["metrics"]["before"]["ece"]["value"] == pytest.approx(
            whole.metrics.before["ece"].value, abs=1e-9
        )


def test_numbers_are_compared_as_numbers(tmp_path):
    (tmp_path / "n.csv").write_text(
        "true_label,pred_label,confidence\n1.0,1,0.9\n2.0,1,0.8\n3,3.0,0.7\n"
    )
    rows = calibrate.read_top_labels(str(tmp_path / "n.csv"))
    assert rows.correct.tolist() == [1, 0, 1]
    assert (rows.n_classes, rows.warnings) == (3, ())


def test_labels_of_different_kinds_are_pointed_out(tmp_path):
    (tmp_path / "n.csv").write_text("true_label,pred_label,confidence\ncat,0,0.9\ndog,1,0.8\n")
    rows = calibrate.read_top_labels(str(tmp_path / "n.csv"))
    (warning,) = calibrate.evaluate_top_labels(rows, settings=Settings(bootstrap=0)).warnings[:1]
    assert "no value of true_label occurs in pred_label (such as 'cat' and '0')" in warning
