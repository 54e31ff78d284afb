"""Markdown as GitHub and GitLab show it: what matters first, the rest folded."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from conftest import SAMPLES
from markdown_it import MarkdownIt

import calibrate
from calibrate.analyses.thresholds.choose import find_thresholds
from calibrate.renderers.formats import FORMATS
from calibrate.renderers.parts import EVERYTHING, Shown
from calibrate.results.thresholds import Goal

MNIST = SAMPLES / "mnist"


def shown(result: object, how: Shown = EVERYTHING) -> tuple[str, str]:
    """What a reader sees at once, and what is folded, as HTML of CommonMark with tables."""
    page = MarkdownIt("commonmark").enable("table").render(FORMATS["markdown"](result, how))
    folds = re.findall(r"<details>\n.*?</details>\n", page, re.DOTALL)
    assert page.count("<details>") == len(folds)
    first = page
    for fold in folds:
        first = first.replace(fold, "")
    return first, "".join(folds)


@pytest.fixture(scope="module")
def report():
    rows = calibrate.open_dataset(f"{MNIST}/hard_test.npy", f"{MNIST}/labels_test.npy")
    settings = calibrate.Settings(bootstrap=0)
    return calibrate.evaluate(rows, calibrator=calibrate.Temperature(2.7), settings=settings)


def test_a_report(report):
    first, folded = shown(replace(report, warnings=("rows are odd",)))
    assert first.startswith("<h1>NO MISCALIBRATION FOUND after T = 2.70: ECE ")
    assert first.count("<table>") == 1
    assert [name for name in report.metrics.before if f"<td>{name}</td>" in first] == [
        "accuracy", "nll", "brier", "ece",
    ]  # fmt: skip
    assert "<strong>Warning:</strong> rows are odd" in first
    assert "<summary>All figures</summary>" in folded
    assert all(f"<td>{name}</td>" in folded for name in report.metrics.before)
    assert "predicted class, after" in folded
    assert "rows are odd" not in folded
    assert "|" not in re.sub(
        "<pre>.*?</pre>", "", first + folded, flags=re.DOTALL
    )  # no table left raw


def test_pictures_are_folded_and_a_diagram_is_not(report):
    first, folded = shown(report, Shown(pictures=("a b.png",), diagram=True))
    assert '<img src="a%20b.png" alt="a b.png"' in folded
    assert '<pre><code class="language-text">confidence ' in first


def test_a_comparison_says_first_which_is_best():
    z, y = np.load(MNIST / "hard_test.npy"), np.load(MNIST / "labels_test.npy")
    rows = [
        calibrate.Dataset.of(scores, y)
        for scores in (z, z[:, ::-1], z / 2 + 1e-3 * y[:, None] * z[:, ::-1])
    ]
    first, folded = shown(calibrate.compare(zip("abc", rows, strict=True)))
    assert re.match(r"<h1>Least nll with T: [ac] \(0\.2", first)
    assert "3 models on labels: 2,000 rows, 10 classes" in first
    assert first.count("<table>") == 1
    assert "minus a" in folded
    assert "told apart" in folded


@pytest.mark.parametrize(("labels", "folds"), [(30, 1), (31, 2)])
def test_a_long_table_is_folded(labels, folds):
    rng = np.random.default_rng(0)
    z = rng.normal(size=(60, labels))
    reading = calibrate.Reading("multilabel")
    rows = calibrate.Dataset.of(z, (z + rng.normal(size=z.shape) > 0).astype(int), reading=reading)
    first, folded = shown(find_thresholds(rows, Goal.of_text("cost=1:2")))
    assert folded.count("<details>") == folds
    assert ("<td>label 30</td>" in folded) or labels == 30
    assert (f"<summary>label: {labels} rows</summary>" in folded) == (labels == 31)
    assert first.count("<table>") == 2 - folds
