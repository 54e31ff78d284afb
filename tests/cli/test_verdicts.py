"""The first line of what people read: never more comfort than the rows give."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from conftest import margin, runs

import calibrate

PLAIN = ("--bootstrap", 0, "--plots", "none")


def save(folder: Path, logits, labels) -> tuple[str, str]:
    np.save(folder / "z.npy", logits)
    np.save(folder / "y.npy", labels)
    return "z.npy", "y.npy"


def overconfident(rng, n=1500):
    z = rng.normal(size=(n, 10))
    return 4 * z, (2 * z + rng.gumbel(size=z.shape)).argmax(1)


def test_shuffled_labels_are_the_first_thing_said(run, tmp_path):
    rng = np.random.default_rng(0)
    logits, labels = overconfident(rng)
    files = save(tmp_path, logits, rng.permutation(labels))
    for command in (["fit"], ["report", "--fit", *PLAIN]):
        done = run(*command, *files)
        first = done.stdout.splitlines()[0]
        assert first.startswith("NOTHING SHOWS THAT THESE SCORES BELONG TO THESE LABELS (p = ")
        for words in ("better", "needed", "divide the logits", "Within chance"):
            assert words not in done.stdout
        assert "next, on other rows" not in done.stderr
    report = json.loads(run("fit", *files, "--format", "json").stdout)
    assert report["verdict"]["code"] == "unrelated"
    assert report["relation"]["p_value"] > 0.01


def test_compare_says_which_scores_say_nothing(run, tmp_path):
    rng = np.random.default_rng(0)
    logits, labels = overconfident(rng)
    save(tmp_path, logits, labels)
    np.save(tmp_path / "other.npy", rng.permutation(logits))
    done = run("compare", "z.npy", "other.npy", "y.npy")
    assert "nothing shows that other.npy belongs to these labels (p = " in done.stderr
    assert "nothing shows that z.npy" not in done.stderr


def test_a_calibrator_that_did_not_converge_is_warned_of_each_time(run, tmp_path):
    z = np.random.default_rng(0).normal(size=(300, 4))
    files = save(tmp_path, z, z.argmax(1))
    said = "warning: the fit of this calibrator did not converge: do not rely on it"
    fitted = run("fit", *files)
    assert fitted.stdout.startswith("NO OPTIMUM: the fit stopped at T = ")
    assert "next, on other rows" not in fitted.stderr
    for command in (["apply", "z.npy"], ["report", *files, *PLAIN]):
        done = run(*command, "-c", "calibrator.json")
        assert done.returncode == 0
        assert said in done.stderr.splitlines()


def test_a_shifted_prior_is_not_taken_for_a_timid_model(run, tmp_path):
    rng = np.random.default_rng(0)
    z = 1.5 * rng.normal(size=4000) - 1
    files = save(tmp_path, z + 1.5, (rng.random(4000) < 1 / (1 + np.exp(-z))).astype(int))
    for command, first in (
        (["fit"], "The prior is off, and T = "),
        (["report", "--fit", *PLAIN], "STILL MISCALIBRATED after T = "),
    ):
        done = run(*command, *files)
        assert done.stdout.startswith(first)
        assert "P(yes) is too high by 22.6 points [" in done.stdout
        assert "label smoothing" not in done.stdout


@pytest.mark.parametrize("n", [30, 1500])
def test_how_many_rows_were_those_of_the_fit(run, tmp_path, n):
    rng = np.random.default_rng(0)
    logits, labels = overconfident(rng)
    files = save(tmp_path, logits, labels)
    run("fit", *files)
    order = rng.permutation(1500)[:n]
    save(tmp_path, logits[order].astype("f4"), labels[order])
    done = run("report", *files, "-c", "calibrator.json", *PLAIN)
    assert "fitted on" not in done.stdout
    all_of_them = "the very rows of the fit" if n == 1500 else "all of them were among the rows"
    assert all_of_them in done.stdout
    save(tmp_path, *overconfident(np.random.default_rng(1)))
    other = run("report", *files, "-c", "calibrator.json", *PLAIN)
    assert "none was recognised as a row of the fit" in other.stdout


def test_a_few_rows_clear_nobody():
    z, y = overconfident(np.random.default_rng(0), 30)
    report = calibrate.evaluate(z / 2, y, settings=calibrate.Settings(bootstrap=0))
    assert report.verdict.code == "too_few_rows"
    assert report.verdict.detectable > 0.05


def test_what_is_negligible_can_be_said():
    """By default this is negligible: tests/analyses/test_sentences.py."""
    rng = np.random.default_rng(0)
    z = 1.5 * rng.normal(size=(400_000, 3))
    y = (z + rng.gumbel(size=z.shape)).argmax(1)
    settings = calibrate.Settings(bootstrap=0, negligible=0.0)
    report = calibrate.evaluate(1.012 * z, y, settings=settings)
    assert report.verdict.code == "miscalibrated"
    assert report.verdict.negligible == 0


@runs(12, 60)
def test_calibrated_models_are_called_so(runs):
    """By all tests together in at least 95 of 100 cases."""
    found = []
    for seed in range(runs):
        rng = np.random.default_rng(seed)
        z = 1.5 * rng.normal(size=(500, 4))
        y = (z + rng.gumbel(size=z.shape)).argmax(1)
        settings = calibrate.Settings(bootstrap=0, seed=seed)
        found.append(calibrate.evaluate(z, y, settings=settings).verdict.code)
    assert np.mean([code == "miscalibrated" for code in found]) <= 0.05 + margin(0.05, runs)
