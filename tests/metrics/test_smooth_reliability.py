from __future__ import annotations

import numpy as np
import pytest

from calibrate.blocks.parts import part_of
from calibrate.metrics.smooth_reliability import smooth_reliability
from calibrate.metrics.totals import KeptRows


def curve_of(accuracy_at, n=40_000, seed=0):
    rng = np.random.default_rng(seed)
    confidence = rng.uniform(0.3, 1.0, n)
    correct = (rng.random(n) < accuracy_at(confidence)).astype(float)
    pairs = KeptRows((confidence,), (correct,), (np.zeros(n),), np.ones(n), part_of(np.arange(n)))
    return smooth_reliability(pairs, 0)


def test_the_curve_finds_the_truth_and_its_band_holds_it():

    def truth(c):
        return c**2

    held, seen = 0, 0
    for seed in range(20):
        curve = curve_of(truth, n=4_000, seed=seed)
        for t, low, middle, high in zip(
            curve.confidence, curve.low, curve.accuracy, curve.high, strict=True
        ):
            if middle is not None and 0.4 < t < 0.9:
                assert low <= middle <= high
                held += low <= truth(t) <= high
                seen += 1
    assert seen > 1_000
    assert 0.88 < held / seen < 0.99


def test_nothing_is_drawn_where_there_are_no_rows():
    curve = curve_of(lambda c: c)
    drawn = [t for t, a in zip(curve.confidence, curve.accuracy, strict=True) if a is not None]
    assert 0.1 < min(drawn) < 0.3
    assert max(drawn) == 1.0
    area = np.trapezoid(curve.density, curve.confidence)
    assert area == pytest.approx(1.0, abs=0.01)


def test_a_calibrated_model_lies_on_the_diagonal():
    curve = curve_of(lambda c: c)
    gaps = [
        abs(a - t)
        for t, a in zip(curve.confidence, curve.accuracy, strict=True)
        if a is not None and t > 0.35
    ]
    assert max(gaps) < 0.05
