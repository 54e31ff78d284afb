"""A temperature per label, folds, and which scores a calibrator fits."""

from __future__ import annotations

import numpy as np
import pytest
from reference import exact_temperature

import calibrate
from calibrate.calibrators.protocol import Shape
from calibrate.calibrators.solve.best_temperature import Optimum
from calibrate.data.dataset import Dataset


@pytest.fixture(scope="module")
def many():
    """300 rows of 4 labels; of the third none is annotated, of the others some are not."""
    rng = np.random.default_rng(0)
    z = rng.normal(scale=2, size=(300, 4))
    y = (rng.random(z.shape) < 1 / (1 + np.exp(-z / [0.7, 1.5, 1, 3]))).astype(float)
    y[rng.random(z.shape) < 0.2] = np.nan
    y[:, 2] = np.nan
    return z, y, rng.uniform(0.5, 2, 300)


def test_each_label_has_the_temperature_of_its_own_rows(many):
    z, y, w = many
    fit = calibrate.fit_per_label(z, y, weights=w)
    losses, mass = 0.0, 0.0
    for k, t in enumerate(fit.calibrator.temperatures):
        own, interval = ~np.isnan(y[:, k]), fit.intervals["temperatures"][k]
        if not own.any():
            assert (t, interval) == (1, None)
            continue
        two, labels = np.stack([0 * z[own, k], z[own, k]], axis=1), y[own, k].astype(int)
        assert t == pytest.approx(exact_temperature(two, labels, w[own]), rel=1e-6)
        alone = calibrate.fit(z[own, k], labels, weights=w[own])
        assert interval == pytest.approx(alone.interval, rel=1e-6)
        losses, mass = losses + alone.nll * w[own].sum(), mass + w[own].sum()
    assert fit.nll == pytest.approx(losses / mass, rel=1e-9)
    assert fit.n_rows == np.count_nonzero(~np.isnan(y))
    assert (fit.converged, fit.warnings) == (
        False,
        ("label 2: nobody annotated it; T = 1 was kept",),
    )
    assert calibrate.fit_per_label(z[:, :2], y[:, :2]).converged


def test_a_calibrator_fits_as_many_classes_and_labels_as_it_has_seen(many):
    z, y, _ = many
    labels, classes = calibrate.Reading(task="multilabel"), Dataset.of(z, np.arange(300) % 4)
    of_labels = Dataset.of(z, y, reading=labels)
    assert (Shape.of(classes), Shape.of(of_labels)) == (Shape(4), Shape(2, 4))
    for fits, dataset in ((Shape(), classes), (Shape(4), classes), (Shape(2, 4), of_labels)):
        fits.check(dataset)
    for fits, dataset, said in (
        (Shape(5), classes, "expected 5 classes.*found 4"),
        (Shape(2, 3), of_labels, "expected 3 labels.*found 4"),
        (Shape(4), of_labels, "expected 4 classes.*found 2"),
    ):
        with pytest.raises(calibrate.InputError, match=said):
            fits.check(dataset)


def test_an_optimum_of_scores_in_another_unit():
    found = Optimum(2.0, 0.7, 3, (1.5, 2.5)).in_units(4.0)
    assert (found.temperature, found.nll, found.interval) == (8, 0.7, (6, 10))
    assert Optimum(2.0, 0.7, 3).in_units(4.0).interval is None
