"""Rows that belong together, through the command line."""

from __future__ import annotations

import json

import numpy as np
import pytest
from conftest import refused

import calibrate


@pytest.fixture
def twins(tmp_path, data):
    """Every row of the data twice, and which are twins, in each kind of file."""
    logits, labels = data
    np.save(tmp_path / "twice.npy", np.repeat(logits, 2, axis=0))
    np.save(tmp_path / "labels_twice.npy", np.repeat(labels, 2))
    ids = np.repeat(np.arange(len(labels)), 2)
    np.save(tmp_path / "ids.npy", ids)
    (tmp_path / "ids.txt").write_text("\n".join(f"text {i}" for i in ids) + "\n")
    rows = "\n".join(f"{i},x" for i in ids)
    (tmp_path / "ids.csv").write_text(f"doc,other\n{rows}\n")
    return tmp_path / "twice.npy", tmp_path / "labels_twice.npy"


def interval(done) -> list[float]:
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["calibrator"]["intervals"]["temperature"]


@pytest.mark.parametrize("ids", ["ids.npy", "ids.txt", "ids.csv:doc"])
def test_twins_tell_as_much_as_one_of_them(run, files, twins, ids):
    once = interval(run("fit", *files, "--format", "json"))
    done = run("fit", *twins, "--cluster", ids, "--format", "json")
    assert interval(done) == pytest.approx(once, rel=1e-4)
    assert "400 clusters" in done.stderr
    blind = interval(run("fit", *twins, "--format", "json"))
    assert np.log(blind[1] / blind[0]) < 0.8 * np.log(once[1] / once[0])


def test_the_first_axis_is_a_cluster_and_the_output_says_so(run, tmp_path, data):
    logits, labels = data
    np.save(tmp_path / "tokens.npy", np.repeat(logits[:, None], 4, axis=1))
    np.save(tmp_path / "token_labels.npy", np.repeat(labels[:, None], 4, axis=1))
    done = run(
        "report", "tokens.npy", "token_labels.npy", "--bootstrap", "0", "--plots", "reliability"
    )
    assert done.returncode == 0, done.stderr
    assert "400 clusters" in done.stderr
    assert "1,600 rows in 400 clusters tell as much as" in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("ids", "said"),
    [
        (np.arange(5), "ids.npy: expected 400 clusters, one per row"),
        (np.zeros(400, int), "ids.npy: expected at least 2 clusters, found 1"),
        (np.linspace(0, 1, 400), "whole numbers or text, found float64"),
    ],
)
@pytest.mark.parametrize("command", ["fit", "report"])
def test_wrong_clusters_are_one_line(run, files, tmp_path, ids, said, command):
    np.save(tmp_path / "ids.npy", ids)
    done = run(command, *files, "--cluster", "ids.npy")
    refused(done, said)
    assert not (tmp_path / "calibrator.json").exists()
    assert not (tmp_path / "report").exists()


def test_a_cluster_for_each_place_of_the_first_axis(data):
    logits, labels = data
    z, y = logits.reshape(100, 4, 7), labels.reshape(100, 4)
    documents = np.arange(100) // 2
    want = calibrate.fit(z, y, clusters=np.repeat(documents, 4)).interval
    assert calibrate.fit(z, y, clusters=documents).interval == want
    assert calibrate.fit(z, y, clusters=documents.astype(float)).interval == want
    assert calibrate.fit(z, y).interval != want


def test_a_blank_is_no_cluster():
    names = np.array(["a", "b", " ", "c"] * 5)
    with pytest.raises(calibrate.InputError, match=r"found none for row 2 \(5 in all\)"):
        calibrate.fit(np.eye(2)[np.arange(20) % 2], np.arange(20) % 2, clusters=names)


def test_clusters_without_weight_do_not_count(data):
    logits, labels = data
    weights = np.where(np.arange(400) < 200, 1.0, 0.0)
    with pytest.raises(calibrate.InputError, match="2 clusters with rows that count, found 1"):
        calibrate.fit(logits, labels, weights=weights, clusters=np.arange(400) // 200)


def test_too_few_clusters_for_the_folds(run, files, tmp_path):
    np.save(tmp_path / "ids.npy", np.arange(400) % 3)
    done = run("report", *files, "--fit", "--cluster", "ids.npy")
    assert done.returncode == 2
    assert "expected at least 5 clusters for 5 folds" in done.stderr


def test_predictions_take_clusters_too(run, tmp_path):
    rng = np.random.default_rng(0)
    rows = [f"{a},{a if r < c else 1 - a},{c:.3f}" for a, r, c in zip(
        rng.integers(0, 2, 300), rng.random(300), rng.uniform(0.5, 1, 300), strict=True
    ) for _ in range(3)]  # fmt: skip
    (tmp_path / "p.csv").write_text("true_label,pred_label,confidence\n" + "\n".join(rows) + "\n")
    np.save(tmp_path / "ids.npy", np.arange(900) // 3)
    done = run("report", "p.csv", "--cluster", "ids.npy", "--bootstrap", "0")
    assert done.returncode == 0, done.stderr
    assert "900 rows in 300 clusters tell as much as" in done.stdout + done.stderr


def test_no_promise_on_rows_that_belong_together(run, tmp_path):
    rng = np.random.default_rng(0)
    z = rng.normal(scale=3, size=200)
    np.save(tmp_path / "z.npy", z)
    np.save(tmp_path / "y.npy", (z + rng.logistic(size=200) > 0).astype(int))
    np.save(tmp_path / "ids.npy", np.arange(200) // 2)
    options = ("--for", "precision=0.8", "--cluster", "ids.npy")
    done = run("thresholds", "z.npy", "y.npy", *options, "--confidence", "0.9")
    assert done.returncode == 2
    assert "a promise needs independent rows" in done.stderr
    done = run("thresholds", "z.npy", "y.npy", *options)
    assert done.returncode == 0, done.stderr
    assert "no intervals: rows belong together" in done.stdout
    assert "[" not in done.stdout
