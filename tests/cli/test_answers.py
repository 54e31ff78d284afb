"""Unusual data that deserve an answer, through real processes on real files."""

from __future__ import annotations

import json

import numpy as np
import pytest
from conftest import gumbel_labels

RNG = np.random.default_rng(4)
Z = RNG.normal(scale=3, size=(300, 6)).astype(np.float32)
Y = gumbel_labels(Z, 2.0, RNG)
BIG = np.finfo(np.float32).max


def padded(value: float) -> np.ndarray:
    return np.concatenate([Z, np.full((300, 1), value, np.float32)], axis=1)


def report_of(run, tmp_path, z: np.ndarray, y: np.ndarray, *options: str) -> tuple[dict, str]:
    np.save(tmp_path / "z.npy", z)
    np.save(tmp_path / "y.npy", y)
    done = run("fit", "z.npy", "y.npy", "--format", "json", *options)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    return json.loads(done.stdout, parse_constant=pytest.fail), done.stderr


@pytest.mark.parametrize(
    ("z", "y"),
    [
        (padded(-np.inf), Y),
        (padded(-BIG), Y),
        (Z.astype(np.float64), Y),
        (Z.astype(">f4"), Y),
        (np.asfortranarray(Z), Y),
        *((Z, Y.astype(t)) for t in "bBhHiIqQ"),
        (Z, Y.astype(np.float64)),
        (Z, Y.astype(">i4")),
        (Z, Y[:, None]),
    ],
    ids=lambda a: f"{a.dtype}{a.shape}",
)
def test_the_same_answer_in_every_dress(run, tmp_path, z, y):
    report, _ = report_of(run, tmp_path, z, y)
    want, _ = report_of(run, tmp_path, Z, Y)
    t = report["calibrator"]["parameters"]["temperature"]
    assert t == pytest.approx(want["calibrator"]["parameters"]["temperature"], rel=1e-9)
    for side in ("before", "after"):
        for name, figure in want["metrics"][side].items():
            assert report["metrics"][side][name]["value"] == pytest.approx(
                figure["value"], abs=1e-9
            )


def test_float16(run, tmp_path):
    report, _ = report_of(run, tmp_path, Z.astype(np.float16), Y)
    want, _ = report_of(run, tmp_path, Z.astype(np.float16).astype(np.float64), Y)
    assert report["calibrator"]["parameters"] == pytest.approx(want["calibrator"]["parameters"])


@pytest.mark.parametrize(
    ("z", "y", "converged", "said"),
    [
        (Z, Z.argmax(1), False, "separate the labels"),
        (Z, Z.argmin(1), False, "same order"),
        (np.full((9, 4), 2.5), np.arange(9) % 4, False, "undefined"),
        (np.array([[1.0, 5.0, 2.0]]), np.array([1]), False, "separate"),
        (Z * np.float32(2e37), Y, True, ""),
    ],
    ids=["separable", "adversarial", "constant", "one row", "huge"],
)
def test_answers_not_errors(run, tmp_path, z, y, converged, said):
    report, stderr = report_of(run, tmp_path, z, y)
    assert report["calibrator"]["converged"] is converged
    assert report["calibrator"]["parameters"]["temperature"] > 0
    assert said in " ".join(report["warnings"])
    assert ("warning: " in stderr) == (not converged)
    saved = json.loads((tmp_path / "calibrator.json").read_text())
    assert saved["fitted"]["converged"] is converged


def test_label_offset_and_probabilities(run, tmp_path):
    want, _ = report_of(run, tmp_path, Z, Y)
    p = np.exp(Z.astype(float)) / np.exp(Z.astype(float)).sum(1, keepdims=True)
    got, _ = report_of(run, tmp_path, p, Y + 1, "--scores", "probabilities", "--label-offset", "1")
    assert got["calibrator"]["parameters"] == pytest.approx(
        want["calibrator"]["parameters"], rel=1e-6
    )


def test_probabilities_of_zero_are_read_as_tiny_and_counted(run, tmp_path):
    p = np.array([[1, 0, 0], [0, 1, 0], [0.5, 0.25, 0.25], [0.25, 0.5, 0.25]], np.float32)
    _, stderr = report_of(run, tmp_path, p, np.array([0, 2, 0, 0]), "--scores", "probabilities")
    assert "labels with probability 0, read as 5.6e-17: 1\n" in stderr


def test_logits_in_the_unit_interval_can_be_insisted_on(run, tmp_path):
    p = np.array([[0.25, 0.75], [0.5, 0.5], [0.75, 0.25]])
    report, _ = report_of(run, tmp_path, p, np.array([0, 1, 0]), "--scores", "logits")
    assert report["data"]["rows"] == 3
