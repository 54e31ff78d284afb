from __future__ import annotations

import numpy as np
import pytest
from rows import kept
from scipy.stats import binomtest

from calibrate.metrics.curves import NODES, _spreads, fit_weights, smooth_reliability


def curve_of(accuracy_at, n=40_000, seed=0, low=0.3):
    rng = np.random.default_rng(seed)
    confidence = rng.uniform(low, 1.0, n)
    correct = (rng.random(n) < accuracy_at(confidence)).astype(float)
    return smooth_reliability(kept(confidence, correct), 0)


def drawn(curve):
    """Points, accuracy, low and high where there is a curve."""
    columns = (curve.confidence, curve.accuracy, curve.low, curve.high)
    rows = np.array(columns, dtype=float)
    return rows[:, ~np.isnan(rows[1])]


@pytest.mark.parametrize(
    ("accuracy", "start"),
    [
        (lambda c: c**2, 0.4),
        (lambda c: 1 - 0.6 * (1 - c) ** 0.25, 0.9),  # steep at 1
        (lambda c: 0.3 + 0.7 * c**20, 0.9),
        (lambda c: 0.25 + 0.6 / (1 + np.exp(-15 * (c - 0.7))), 0.4),
    ],
)
@pytest.mark.parametrize("n", [1_000, 10_000])
def test_the_band_holds_the_truth_also_where_it_is_steep(accuracy, start, n):
    held, points = [], []
    for seed in range(25):
        t, middle, low, high = drawn(curve_of(accuracy, n=n, seed=seed))
        assert np.all((low >= 0) & (low <= middle + 1e-9) & (middle <= high + 1e-9) & (high <= 1))
        held.append(((low <= accuracy(t)) & (accuracy(t) <= high))[t > start])
        points.append(t[t > start])
    assert 0.91 < np.mean(np.concatenate(held)) < 0.99
    top = np.concatenate(held)[np.concatenate(points) > 0.99]
    assert np.mean(top) > 0.88


def test_the_curve_goes_on_where_confidences_crowd_at_the_end():
    """Half of the rows are above 0.95, one in twenty is closer to 1 than 0.00001."""
    rng, held = np.random.default_rng(6), []
    for _ in range(12):
        c = 1 - 0.75 * rng.random(10_000) ** 4
        a = (rng.random(10_000) < 1 - 0.6 * (1 - c) ** 0.25).astype(float)
        t, _, low, high = drawn(smooth_reliability(kept(c, a), 0))
        truth, close = 1 - 0.6 * (1 - t) ** 0.25, (t > 0.999) & (t < 1 - 1e-8)
        assert np.count_nonzero(close) >= 3
        assert np.max((high - low)[close]) < 0.2
        held.append(((low <= truth) & (truth <= high))[close])
    assert np.mean(np.concatenate(held)) > 0.85


def test_nothing_is_drawn_where_there_are_no_rows():
    curve = curve_of(lambda c: c)
    t = drawn(curve)[0]
    assert 0.3 <= t.min() < 0.301  # the confidences seen, and no further
    assert 0.998 < t.max() < 1.0
    area = np.trapezoid(curve.density, curve.confidence)
    assert area == pytest.approx(1.0, abs=0.01)
    few = curve_of(lambda c: c, n=8)
    assert len(drawn(few)[0]) == 0


def test_a_calibrated_model_lies_on_the_diagonal():
    t, accuracy, _, _ = drawn(curve_of(lambda c: c))
    assert np.abs(accuracy - t)[t > 0.35].max() < 0.05


def test_where_all_rows_are_right_the_band_is_wilsons():
    # one confidence, 40 rows, none wrong; the interval of scipy's binomtest
    rows = kept(np.full(40, 0.8), np.ones(40))
    t, accuracy, low, high = drawn(smooth_reliability(rows, 0))
    at = np.flatnonzero(t == 0.8)[0]
    want = binomtest(40, 40).proportion_ci(method="wilson")
    assert accuracy[at] == pytest.approx(1.0)
    assert low[at] == pytest.approx(want.low, abs=1e-6)
    assert high[at] == pytest.approx(want.high, abs=1e-6)


def test_the_fit_is_a_weighted_least_squares_quadratic():
    rng = np.random.default_rng(2)
    nodes, value, weight = np.sort(rng.normal(size=60)), rng.random(60), rng.gamma(1.0, size=60)
    points, bandwidth = np.array([-0.7, 0.1, 1.3]), 0.5
    got = fit_weights(points, nodes, weight, bandwidth) @ (weight * value)
    for t, fit in zip(points, got, strict=True):
        under = weight * np.exp(-0.5 * ((nodes - t) / bandwidth) ** 2)
        want = np.polynomial.polynomial.polyfit(nodes - t, value, 2, w=np.sqrt(under))[0]
        assert fit == pytest.approx(want, abs=2e-4)  # the fit is held back a little, by RIDGE


def test_the_size_of_weights_does_not_matter_and_uneven_ones_widen_the_band():
    rng = np.random.default_rng(3)
    c = rng.uniform(0.3, 1.0, 5_000)
    a, w = (rng.random(5_000) < c**2).astype(float), rng.lognormal(0, 1, 5_000)
    curves = [drawn(smooth_reliability(kept(c, a, each), 0)) for each in (w, 1e-9 * w)]
    np.testing.assert_allclose(*curves, atol=1e-9)
    even = smooth_reliability(kept(c, a), 0)

    def width(t, _, low, high):
        return np.mean((high - low)[(t > 0.4) & (t < 0.95)])

    assert width(*curves[0]) > 1.3 * width(*drawn(even))


def test_rows_that_belong_together_count_as_one():
    """Six copies of each row say no more than one, once it is known that they are copies."""
    rng = np.random.default_rng(4)
    c = rng.uniform(0.3, 1.0, 3_000)
    a = (rng.random(3_000) < c**2).astype(float)
    copies = np.repeat(c, 6), np.repeat(a, 6)
    once = drawn(smooth_reliability(kept(c, a), 0))

    def of_copies(examples):
        rows = kept(*copies, units=examples)
        return drawn(smooth_reliability(rows, 0, alone=examples is None))

    def width(t, _, low, high):
        return np.mean((high - low)[(t > 0.4) & (t < 0.95)])

    known, blind = of_copies(np.arange(18_000) // 6), of_copies(None)
    narrower = 6**0.125  # 18 000 rows have a smaller bandwidth, n^(-1/4), than 3 000
    assert width(*known) == pytest.approx(width(*once) * narrower, rel=0.15)
    assert width(*known) == pytest.approx(width(*blind) * np.sqrt(6), rel=0.15)


def test_residuals_that_are_rounding_widen_no_band():
    """Where all rows near are correct, what is left by part is the noise of the last digits."""
    rng = np.random.default_rng(0)
    weights, node = rng.random((5, NODES)) / NODES, rng.integers(0, NODES, 300)
    part, weight = np.arange(300) // 50, np.ones(300)
    noise = np.full(300, 1e-17)
    assert (
        _spreads(weights, node, noise, weight, part)[1]
        == (_spreads(weights, node, noise, weight, None)[1])
    ).all()
    alike = _spreads(weights, node, np.full(300, 1e-3), weight, part)[1]
    assert (alike > 10 * _spreads(weights, node, noise, weight, None)[1]).all()
