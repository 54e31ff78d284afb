"""The CORP curve, its numbers and its band: slow definitions, a package, closed forms."""

from __future__ import annotations

import json

import numpy as np
import pytest
from conftest import SAMPLES
from rows import kept
from scipy.optimize import isotonic_regression

import calibrate
from calibrate.metrics.curves import _Cells, corp_reliability
from calibrate.renderers.plots.curves import corp_reliability_figure
from calibrate.results.json import decode, encode
from calibrate.results.report import CorpReliability


def sample(n: int, seed: int = 0, digits: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    confidence = rng.beta(4, 2, n)
    if digits is not None:
        confidence = np.round(confidence, digits)
    return confidence, (rng.random(n) < confidence**2).astype(float)


def corp_of(confidence, correct, weight=None, examples=None, seed=0) -> CorpReliability:
    rows = kept(confidence, correct, weight, examples)
    return corp_reliability(rows, seed, alone=examples is None).before


def slow_pav(c, a, w):
    """The isotonic accuracy at each distinct confidence, by pooling adjacent violators by hand."""
    blocks = []
    for value in np.unique(c):
        at = c == value
        blocks.append([(w * a)[at].sum(), w[at].sum(), 1])
        while len(blocks) > 1 and blocks[-2][0] / blocks[-2][1] >= blocks[-1][0] / blocks[-1][1]:
            last = blocks.pop()
            blocks[-1] = [x + y for x, y in zip(blocks[-1], last, strict=True)]
    return np.concatenate([[right / size] * levels for right, size, levels in blocks])


@pytest.mark.parametrize("digits", [None, 1])
def test_the_curve_is_the_isotonic_regression(digits):
    c, a = sample(90, digits=digits)
    w = np.random.default_rng(1).gamma(1.0, size=90)
    found = corp_of(c, a, w)
    at = np.searchsorted(np.unique(c), found.confidence)
    np.testing.assert_array_equal(np.unique(c)[at], found.confidence)
    np.testing.assert_allclose(found.accuracy, slow_pav(c, a, w)[at], atol=1e-12)
    assert found.confidence[0] == c.min()
    assert found.confidence[-1] == c.max()


def test_the_parts_of_the_brier_score_against_a_package():
    # model-diagnostics 1.5.0, decompose(SquaredError()) of max p on mnist/hard_test.npy, float64
    logits = np.load(SAMPLES / "mnist/hard_test.npy").astype(float)
    labels = np.load(SAMPLES / "mnist/labels_test.npy")
    settings = calibrate.Settings(bootstrap=0)
    report = calibrate.evaluate(logits, labels, settings=settings)
    found = report.corp_reliability.before
    assert found.miscalibration == pytest.approx(0.014061887391449472, abs=1e-12)
    assert found.discrimination == pytest.approx(0.022871864489820905, abs=1e-12)
    assert found.uncertainty == pytest.approx(0.07694399999999998, abs=1e-12)
    metric = report.metrics.before["brier_calibration"].value
    assert found.miscalibration == pytest.approx(metric, abs=1e-14)
    weights = 1.0 + np.arange(len(labels)) % 3  # the same, with weights=
    weighted = calibrate.evaluate(logits, labels, weights=weights, settings=settings)
    found = weighted.corp_reliability.before
    assert found.miscalibration == pytest.approx(0.013452141591144127, abs=1e-12)
    assert found.discrimination == pytest.approx(0.021839951586318955, abs=1e-12)
    assert found.uncertainty == pytest.approx(0.07550212134178831, abs=1e-12)


def test_yes_no_is_about_the_probability_of_yes():
    logits = np.load(SAMPLES / "breast/test_logits.npy")
    labels = np.load(SAMPLES / "breast/test_labels.npy")
    report = calibrate.evaluate(logits, labels, settings=calibrate.Settings(bootstrap=0))
    found = report.corp_reliability.before
    p = 1 / (1 + np.exp(-logits.astype(float)))
    score = found.miscalibration - found.discrimination + found.uncertainty
    assert score == pytest.approx(np.mean((p - labels) ** 2), abs=1e-7)
    assert found.uncertainty == pytest.approx(labels.mean() * (1 - labels.mean()), abs=1e-12)
    assert found.confidence[0] < 0.01


def test_the_band_is_that_of_fits_to_every_row():
    """Without cells: correctness of every row from its confidence, and the fit to all of them."""
    c, a = sample(3_000, seed=3)
    found = corp_of(c, a)
    rng, ordered = np.random.default_rng(7), np.sort(c)
    fits = [isotonic_regression((rng.random(3_000) < ordered) * 1.0).x for _ in range(1_000)]
    low, high = np.quantile(fits, [0.025, 0.975], axis=0)
    at = np.searchsorted(ordered, found.confidence)
    inner = (np.array(found.confidence) > 0.2) & (np.array(found.confidence) < 0.95)
    for got, want in ((found.consistency_low, low[at]), (found.consistency_high, high[at])):
        off = (np.array(got) - want)[inner]
        assert np.abs(off).max() < 0.04
        assert abs(off.mean()) < 0.003


def test_the_band_holds_calibrated_models():
    held = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        c = rng.random(1_000) ** 0.5
        found = corp_of(c, (rng.random(1_000) < c).astype(float), seed=seed)
        t, accuracy = np.array(found.confidence), np.array(found.accuracy)
        low, high = np.array(found.consistency_low), np.array(found.consistency_high)
        even = np.searchsorted(t, np.linspace(0.1, 0.99, 30))
        held.append(((low <= accuracy + 1e-9) & (accuracy <= high + 1e-9))[even])
    assert 0.92 < np.mean(held) < 0.98


def test_the_band_is_open_at_the_ends_where_single_rows_make_the_curve():
    held = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        c = rng.uniform(0.3, 0.7, 20_000)
        found = corp_of(c, (rng.random(20_000) < c).astype(float), seed=seed)
        held.append(found.consistency_low[0] <= found.accuracy[0] <= found.consistency_high[0])
        held.append(found.consistency_low[-1] <= found.accuracy[-1] <= found.consistency_high[-1])
    assert np.mean(held) > 0.8


@pytest.mark.parametrize("weight", [np.ones(600), np.arange(1.0, 601.0) ** 2])
def test_one_confidence_has_a_binomial_band_of_the_right_number_of_rows(weight):
    # at one confidence the fit is the mean: 1.96 sqrt(c (1 - c) sum w²) / sum w to either side
    c, a = np.full(600, 0.7), np.arange(600) % 3.0 // 2
    found = [corp_of(c, a, weight, seed=seed) for seed in range(12)]
    half = 1.96 * np.sqrt(0.21 * np.square(weight).sum()) / weight.sum()
    widths = [each.consistency_high[0] - each.consistency_low[0] for each in found]
    assert np.mean(widths) == pytest.approx(2 * half, rel=0.07)


@pytest.mark.parametrize("weight", [[1.0, 2.0], [3.0, 1.0, 1.0], [1.0, 1.0]])
def test_the_draws_of_a_cell_vary_as_the_weighted_mean_of_its_rows(weight):
    """``c (1 - c) sum w² / (sum w)²``, also where that is the variance of 1.8 rows."""
    c, w = 0.4, np.array(weight)
    rows = kept(np.full(len(w), c), np.zeros(len(w)), w)
    draws = _Cells.from_rows(rows, 0, rows.ordered[0], None).fits(40_000, seed=0)
    assert draws.mean() == pytest.approx(c, abs=0.01)
    variance = c * (1 - c) * np.square(w).sum() / w.sum() ** 2
    assert draws.var() == pytest.approx(variance, rel=0.02)


def test_rows_that_belong_together_widen_the_band():
    rng = np.random.default_rng(5)
    c, luck = rng.random(800), rng.random(800)
    whole = corp_of(c, (luck < c).astype(float))
    c, luck = np.repeat(c, 6), np.repeat(luck, 6)
    found = corp_of(c, (luck < c).astype(float), examples=np.arange(4_800) // 6)
    blind = corp_of(c, (luck < c).astype(float))

    def width(curve):
        even = np.searchsorted(curve.confidence, np.linspace(0.2, 0.8, 20))
        return np.mean((np.array(curve.consistency_high) - np.array(curve.consistency_low))[even])

    assert width(found) == pytest.approx(width(whole), rel=0.15)
    assert width(blind) < 0.7 * width(whole)


@pytest.mark.parametrize("digits", [None, 2])
def test_it_stays_small_and_goes_to_json_and_back(digits):
    found = corp_of(*sample(50_000, digits=digits))
    assert len(found.confidence) <= 200
    assert np.all(np.diff(found.confidence) > 0)
    assert np.all(np.diff(found.accuracy) >= 0)
    assert np.sum(found.share) == pytest.approx(1.0)
    assert decode(CorpReliability, json.loads(json.dumps(encode(found))), "file") == found


def test_rows_without_weight_change_nothing():
    c, a = sample(200)
    more, wrong = np.append(c, [0.001, 0.999]), np.append(a, [1.0, 0.0])
    weight = np.append(np.ones(200), [0.0, 0.0])
    assert corp_of(more, wrong, weight) == corp_of(c, a)


def test_the_picture_says_what_the_numbers_say():
    logits = np.load(SAMPLES / "mnist/hard_test.npy")
    labels = np.load(SAMPLES / "mnist/labels_test.npy")
    settings = calibrate.Settings(bootstrap=0)
    report = calibrate.evaluate(logits, labels, calibrate.Temperature(2.7), settings=settings)
    figure = corp_reliability_figure(report)
    curve = report.corp_reliability.after
    assert f"MCB {curve.miscalibration:.4f}" in figure.axes[1].texts[0].get_text()
    drawn = figure.axes[1].lines[-1]
    np.testing.assert_array_equal(drawn.get_ydata(), curve.accuracy)
    less = calibrate.Settings(full=False)
    assert corp_reliability_figure(calibrate.evaluate(logits, labels, settings=less)) is None
