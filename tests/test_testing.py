"""Calibration as a test of other people: ``assert_calibrated``, and the fixture of pytest."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT, SAMPLES

import calibrate
from calibrate.results.json import read_result
from calibrate.results.report import Report
from calibrate.testing import assert_calibrated

MNIST = SAMPLES / "mnist"
Z, Y = np.load(MNIST / "hard_test.npy"), np.load(MNIST / "labels_test.npy")
QUICK = calibrate.Settings(bootstrap=0)


def failure(*arguments: object, **limits: object) -> str:
    with pytest.raises(AssertionError) as caught:
        assert_calibrated(*arguments, settings=QUICK, **limits)
    return str(caught.value)


def test_a_report_comes_back():
    report = assert_calibrated(Z, Y, calibrate.Temperature(2.74), settings=QUICK, max_ece=0.03)
    assert report.metrics.after["ece"].value < 0.02


def test_the_message_shows_the_table():
    said = failure(Z, Y, max_ece=0.03, min_accuracy=0.8, max_ks=1.0)
    first, second, _, *table = said.splitlines()
    assert first == "not calibrated"
    assert second == "  ece (at most 0.03): 0.0640 [0.0516, 0.0749]"
    assert table[0].startswith("MISCALIBRATED: ECE 0.0640")
    assert [line.split()[0] for line in table if line[:4] in ("nll ", "ece ", "ks  ")] == [
        "nll", "ece", "ks",
    ]  # fmt: skip


def test_what_fails_confidently():
    """ECE 0.0640 [0.0516, 0.0749] and accuracy 0.9160 [0.9030, 0.9274]."""
    for limits in ({"max_ece": 0.052}, {"min_accuracy": 0.927}):
        assert_calibrated(Z, Y, settings=QUICK, **limits)
        failure(Z, Y, confident=False, **limits)
    for limits in ({"max_ece": 0.051}, {"min_accuracy": 0.928}):
        failure(Z, Y, **limits)
    for limits in ({"max_ece": 0.065}, {"min_accuracy": 0.915}):
        assert_calibrated(Z, Y, settings=QUICK, confident=False, **limits)


def test_after_calibration_where_there_is_a_calibrator(tmp_path):
    fit = calibrate.fit(np.load(MNIST / "hard_val.npy"), np.load(MNIST / "labels_val.npy"))
    calibrate.save(fit, tmp_path / "c.json")
    for through in (fit, fit.calibrator, tmp_path / "c.json", str(tmp_path / "c.json")):
        assert_calibrated(Z, Y, through, settings=QUICK, confident=False, max_ece=0.02)
    of_files = (str(MNIST / "hard_test.npy"), MNIST / "labels_test.npy", tmp_path / "c.json")
    assert_calibrated(*of_files, settings=QUICK, confident=False, max_ece=0.02)


def test_rows_that_do_not_belong_together_fail():
    shuffled = np.random.default_rng(0).permutation(Y)
    said = failure(Z, shuffled, min_accuracy=0.0)
    assert "nothing shows that these logits belong to these labels" in said


def test_a_fit_without_an_optimum_fails():
    right = Z.argmax(axis=1)
    fit = calibrate.fit(Z, right)
    assert "did not converge" in failure(Z, right, fit, max_ece=0.9)


def test_a_figure_that_is_not_measured_fails():
    said = failure(Z[:, 0], (Y == 0).astype(int), max_top_5_accuracy=1.0)
    assert "top_5_accuracy (at most 1): is not measured on these rows" in said


WRONG = [
    ({}, "expected a limit, such as max_ece=0.03"),
    ({"max_ecee": 1}, "`max_ecee`: expected one of .*; did you mean ece?"),
    ({"ece": 1}, "expected limits such as max_ece=0.03 or min_accuracy=0.9, got ece"),
    ({"max_ece": "1"}, "`max_ece`: expected a number, got '1'"),
    ({"max_ece": float("nan")}, "`max_ece`: expected a number"),
]


@pytest.mark.parametrize(("limits", "said"), WRONG)
def test_a_limit_that_is_none(limits, said):
    with pytest.raises(calibrate.InputError, match=said):
        assert_calibrated(Z, Y, **limits)


def test_files_and_arrays_are_not_mixed():
    with pytest.raises(calibrate.InputError, match="`labels`: expected an array"):
        assert_calibrated(Z, "y.npy", max_ece=1)
    with pytest.raises(calibrate.InputError, match="`labels`: expected the name of a file"):
        assert_calibrated("z.npy", Y, max_ece=1)


TESTS = """
import numpy as np
from calibrate.testing import assert_calibrated

Z, Y = np.load({z!r}), np.load({y!r})

def test_passes(calibration_report, tmp_path):
    report = calibration_report(Z, Y)
    assert calibration_report.folder == tmp_path / "calibration"
    assert report.metrics.before["ece"].value < 0.1
    calibration_report(Z, Y)  # again

def test_fails():
    assert_calibrated(Z, Y, max_ece=0.03)
"""


def pytest_of_others(folder: Path, *arguments: str) -> str:
    """A run of pytest with the plugin, as an installed package has it, and no other."""
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "calibrate.pytest_plugin", *arguments],
        cwd=folder, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPATH": str(ROOT)},
    ).stdout  # fmt: skip


def test_in_a_run_of_pytest(tmp_path):
    names = {"z": str(MNIST / "hard_test.npy"), "y": str(MNIST / "labels_test.npy")}
    (tmp_path / "test_model.py").write_text(TESTS.format(**names))
    said = pytest_of_others(tmp_path, "--basetemp", "kept")
    assert "1 failed, 1 passed" in said
    assert "E       AssertionError: not calibrated" in said
    assert "E         ece (at most 0.03): 0.0640 [0.0516, 0.0749]" in said
    assert "testing.py" not in said  # the line of the user is shown, not ours
    left = tmp_path / "kept/test_passes0/calibration"
    assert {path.name for path in left.iterdir()} == {
        "report.json", "report.md", "report.html", "reliability.png",
    }  # fmt: skip
    assert read_result(Report, left / "report.json").data.rows == 2000
    assert (left / "reliability.png").read_bytes().startswith(b"\x89PNG")
    assert "2,000 rows" in (left / "report.html").read_text()


def test_the_plugin_costs_next_to_nothing():
    code = (
        "import pytest, sys, json; before = set(sys.modules); import calibrate.pytest_plugin\n"
        "print(json.dumps(sorted(set(sys.modules) - before)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    loaded = json.loads(done.stdout)
    assert len(loaded) < 20, loaded
    assert all(name.startswith(("calibrate", "importlib")) for name in loaded), loaded


def test_the_entry_point_names_it():
    text = (ROOT / "pyproject.toml").read_text()
    assert '[project.entry-points.pytest11]\ncalibrate = "calibrate.pytest_plugin"' in text
