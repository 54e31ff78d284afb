"""Cross-fitting as a calibrator: also of calibrators that do more than scale."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
from scipy.special import log_softmax

import calibrate
from calibrate.analyses.evaluate import evaluate_dataset
from calibrate.blocks import passes
from calibrate.blocks.block import Block
from calibrate.calibrators.apply import apply_blocks
from calibrate.calibrators.cross_fit import PerFold
from calibrate.calibrators.protocol import Scores, Shape

PLAIN = calibrate.Settings(full=False, bootstrap=0)


@dataclass(frozen=True)
class Biased:
    """Logits over T plus a bias per class: it changes predictions, as vector scaling does."""

    temperature: float
    bias: tuple[float, ...]

    method: ClassVar[str] = "biased"

    @property
    def fits(self) -> Shape:
        return Shape(len(self.bias))

    def scores(self, block: Block) -> Scores:
        return Scores(block.logits / self.temperature + np.array(self.bias, block.logits.dtype))


PARTS = (
    Biased(2.0, (0.0, 1.5, 0.0, -2.0)),
    Biased(1.2, (3.0, 0.0, 0.5, 0.0)),
    Biased(0.7, (0.0, 0.0, 0.0, 1.0)),
)


def rows(n: int = 90, k: int = 4) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    z = rng.normal(scale=3, size=(n, k))
    return z, (z / 2 + rng.gumbel(size=z.shape)).argmax(axis=1)


def by_the_book(z: np.ndarray, folds: np.ndarray) -> np.ndarray:
    """Each row through the calibrator of its fold, one after the other."""
    return np.stack(
        [
            row / PARTS[fold].temperature + np.array(PARTS[fold].bias)
            for row, fold in zip(z, folds, strict=True)
        ]
    )


@pytest.mark.parametrize("elements", [1 << 19, 50])
def test_a_bias_per_class_reaches_the_figures(elements, monkeypatch):
    """The factor alone would leave the uncalibrated NLL behind."""
    monkeypatch.setattr(passes, "BLOCK_ELEMENTS", elements)
    z, y = rows()
    dataset = calibrate.Dataset.of(z, y).with_folds(3, 0)
    report = evaluate_dataset(dataset, PerFold(PARTS), settings=PLAIN)
    own = by_the_book(z, dataset.folds)
    nll = -log_softmax(own, axis=1)[np.arange(90), y].mean()
    assert report.metrics.after["nll"].value == pytest.approx(nll, rel=1e-12)
    assert report.metrics.after["nll"].value != pytest.approx(report.metrics.before["nll"].value)
    right = (own.argmax(axis=1) == y).mean()
    assert report.metrics.after["accuracy"].value == pytest.approx(right)
    assert right != (z.argmax(axis=1) == y).mean()


def test_it_applies_like_any_other():
    z, y = rows()
    dataset = calibrate.Dataset.of(z, y).with_folds(3, 0)
    got = np.concatenate(list(apply_blocks(PerFold(PARTS), dataset, "log-probabilities")))
    np.testing.assert_allclose(got, log_softmax(by_the_book(z, dataset.folds), axis=1), rtol=1e-12)


def test_temperatures_share_the_logits():
    """No copy of the scores where the parts only scale: the leaders are found once."""
    z, y = rows()
    block = calibrate.Dataset.of(z, y).with_folds(2, 0).read(0, 90)
    parts = PerFold((calibrate.Temperature(2.0), calibrate.Temperature(0.5)))
    scores = parts.scores(block)
    assert scores.values is block.logits
    np.testing.assert_array_equal(scores.factor, np.where(block.folds == 0, 0.5, 2.0))


def test_rows_without_folds_are_refused():
    z, y = rows()
    with pytest.raises(ValueError, match="no folds"):
        PerFold(PARTS).scores(calibrate.Dataset.of(z, y).read(0, 90))
    with pytest.raises(calibrate.InputError, match="expected 4 classes"):
        evaluate_dataset(calibrate.Dataset.of(z[:, :3], y % 3).with_folds(3, 0), PerFold(PARTS))


def test_a_label_nobody_annotated_keeps_a_temperature_of_1():
    z, labels = np.random.default_rng(0).normal(size=(2, 90, 3))
    labels = np.where(np.arange(3) == 1, np.nan, labels > 0)
    fit = calibrate.fit_per_label(z, labels)
    assert (fit.calibrator.temperatures[1], fit.intervals["temperatures"][1]) == (1, None)
    assert fit.warnings == ("label 1: nobody annotated it; T = 1 was kept",)
    assert not fit.converged
