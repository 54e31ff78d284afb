"""Confidences in answers, from a file to a repaired column, through real processes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest


@pytest.fixture
def answers(tmp_path: Path) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    c = rng.choice([60, 70, 80, 90, 95, 100], 600)
    share = np.where(c == 100, 0.9975, c / 100)
    right = rng.random(600) < 1 / (1 + (1 / share - 1) ** 0.4)
    rows = [f'"a, b",{sure},{str(ok).lower()}' for sure, ok in zip(c, right.tolist(), strict=True)]
    (tmp_path / "a.csv").write_text("\n".join(["question,confidence,correct", *rows, ""]))
    np.save(tmp_path / "c.npy", c / 100)
    np.save(tmp_path / "y.npy", right)
    return c / 100, right


def test_fit_report_apply(run, tmp_path: Path, answers):
    c, _ = answers
    refused = run("fit", "a.csv")
    assert refused.returncode == 2
    assert refused.stderr.count("\n") == 1
    assert "found 60 to 100; if these are percentages, pass --percent" in refused.stderr
    done = run("fit", "a.csv", "--percent")
    assert done.stdout.startswith("Overconfident: divide the log-odds by T = ")
    assert "confidence: 600 answers; right where a.csv:correct is 1" in done.stderr
    assert "calibrate report TEST --percent -c calibrator.json" in done.stderr
    through = ("-c", "calibrator.json")
    again = run("report", "a.csv", "--percent", *through, "--format", "json", "--bootstrap", 0)
    report = json.loads(again.stdout)
    assert (report["data"]["task"], report["data"]["in_sample"]) == ("confidence", True)
    run("apply", "a.csv", "--percent", *through, "-o", "out.csv")
    run("apply", "c.npy", "--task", "confidence", *through, "-o", "out.npy")
    title, *lines = (tmp_path / "out.csv").read_text().split()
    assert title == "confidence"
    repaired = np.load(tmp_path / "out.npy")
    assert np.array([float(line) for line in lines]) == pytest.approx(repaired, abs=1e-15)
    t = json.loads((tmp_path / "calibrator.json").read_text())["parameters"]["temperature"]
    inside = c < 1
    assert repaired[inside] == pytest.approx(1 / (1 + (1 / c[inside] - 1) ** (1 / t)))


@pytest.mark.usefixtures("answers")
def test_report_of_two_arrays_or_two_columns(run):
    shown = ("--fit", "--format", "json", "--bootstrap", 0, "--plots", "none")
    arrays = run("report", "c.npy", "y.npy", "--task", "confidence", *shown)
    columns = run("report", "a.csv", "--columns", "confidence,correct", "--percent", *shown)
    first, second = (json.loads(done.stdout) for done in (arrays, columns))
    assert first["metrics"] == second["metrics"]
    assert len(first["calibrator"]["folds"]) == 5


@pytest.mark.usefixtures("answers")
def test_answers_have_no_classes(run):
    done = run("report", "a.csv", "--percent", "--classes", "1")
    assert (done.returncode, done.stdout) == (2, "")
    assert "answers are right or wrong" in done.stderr
