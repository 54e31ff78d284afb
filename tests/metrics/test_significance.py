from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import kstest

import calibrate
from calibrate import Settings
from calibrate.blocks.bins import equal_width_edges
from calibrate.blocks.ordered import Ordered
from calibrate.blocks.row_sums import RowSums
from calibrate.metrics.significance import (
    consistency_samples,
    consistency_test,
    spiegelhalter_test,
    temperature_test,
)
from calibrate.metrics.totals import KeptRows

EDGES = equal_width_edges(15)


def calibrated(seed: int, n: int = 400):
    rng = np.random.default_rng(seed)
    confidence = rng.beta(5, 2, n)
    return confidence, (rng.random(n) < confidence).astype(float)


def consistency(levels: Ordered, seed: int = 0):
    drawn = consistency_samples(levels, EDGES, seed)
    return consistency_test(levels.binned(EDGES), drawn)


def test_p_values_are_uniform_when_the_confidences_are_calibrated():
    first, second = [], []
    for seed in range(300):
        c, a = calibrated(seed)
        levels = Ordered.of(c, a, np.ones(len(c)))
        first.append(consistency(levels, seed).p_value)
        second.append(spiegelhalter_test(KeptRows((c,), (a,), np.ones(len(c))), 0).p_value)
    for p in (first, second):
        assert kstest(p, "uniform").pvalue > 0.001


def test_the_score_test_is_uniform_at_the_true_temperature():
    p = []
    for seed in range(300):
        rng = np.random.default_rng(seed)
        z = rng.normal(scale=3, size=(300, 5))
        y = (z / 2 + rng.gumbel(size=z.shape)).argmax(1)
        q = np.exp(z / 2) / np.exp(z / 2).sum(1, keepdims=True)
        slope = ((q * z).sum(1) - z[np.arange(300), y]) / 2
        p.append(temperature_test(RowSums.of([slope], np.ones(300)), -1).p_value)
    assert kstest(p, "uniform").pvalue > 0.001


def test_overconfidence_is_found():
    c, a = calibrated(1, 2000)
    levels = Ordered.of(np.minimum(c + 0.1, 1), a, np.ones(2000))
    assert consistency(levels).p_value == pytest.approx(1 / 1001)


def test_the_report_carries_them(data):
    report = calibrate.evaluate(*data, calibrate.Temperature(2.0), settings=Settings(bootstrap=0))
    before, after = report.tests.before, report.tests.after
    assert before.temperature.statistic > 5  # the data want T = 2, not 1
    assert abs(after.temperature.statistic) < 2.5
    assert before.consistency.p_value < 0.01 < after.consistency.p_value
    c = np.exp(data[0].astype(float) / 2)
    c = (c / c.sum(1, keepdims=True)).max(1)
    a = data[0].argmax(1) == data[1]
    z = ((a - c) * (1 - 2 * c)).sum() / np.sqrt(((1 - 2 * c) ** 2 * c * (1 - c)).sum())
    assert after.spiegelhalter.statistic == pytest.approx(z, abs=1e-9)


def test_a_test_without_variance_is_undefined():
    test = spiegelhalter_test(KeptRows((np.ones(5),), (np.ones(5),), np.ones(5)), 0)
    assert test.statistic is None
    assert test.p_value is None


def test_the_band_holds_what_calibrated_models_show():
    c, _ = calibrated(0, 3000)
    levels = Ordered.of(c, np.zeros(3000), np.ones(3000))
    drawn = consistency_samples(levels, EDGES, 0).accuracy
    low, high = np.quantile(drawn, [0.025, 0.975], axis=0)
    rng = np.random.default_rng(9)
    inside = []
    for _ in range(300):
        a = (rng.random(3000) < c).astype(float)
        accuracy = Ordered.of(c, a, np.ones(3000)).binned(EDGES).accuracy
        inside.append((accuracy >= low) & (accuracy <= high))
    assert 0.93 < np.mean(inside) <= 1
