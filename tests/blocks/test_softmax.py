from __future__ import annotations

import numpy as np
import pytest
from scipy.special import log_softmax as scipy_log_softmax

from calibrate.blocks.block import Block
from calibrate.blocks.optimise import NllStep
from calibrate.blocks.predictions import predictions, top_scores
from calibrate.blocks.softmax import log_softmax, softmax


def plain_outcomes(z, b):
    return predictions(z, 1.0, np.inf, top_scores(z, b.labels), b)


def block(n_classes: int, dtype=np.float64, weights=None) -> Block:
    rng = np.random.default_rng(n_classes)
    logits = rng.normal(scale=4, size=(57, n_classes)).astype(dtype)
    return Block(logits, rng.integers(0, n_classes, 57), weights)


@pytest.mark.parametrize("n_classes", [2, 10, 63, 64, 200])  # both layouts
@pytest.mark.parametrize("magnitude", [20.0, np.inf])  # without and with the shift
@pytest.mark.parametrize("weighted", [False, True])
def test_nll_and_derivatives_against_written_out_formulas(n_classes, magnitude, weighted):
    w = np.random.default_rng(1).random(57) + 0.2 if weighted else None
    b, beta = block(n_classes, weights=w), 0.7
    got = NllStep(beta, magnitude)(b)
    weight = np.ones(57) if w is None else w
    log_p = scipy_log_softmax(beta * b.logits, axis=1)
    p, rows = np.exp(log_p), np.arange(57)
    gradient = (p * b.logits).sum(1) - b.logits[rows, b.labels]
    curvature = (p * b.logits**2).sum(1) - (p * b.logits).sum(1) ** 2
    assert got.weight == pytest.approx(weight.sum(), rel=1e-13)
    assert got.nll == pytest.approx(-(weight * log_p[rows, b.labels]).sum(), rel=1e-12)
    assert got.gradient == pytest.approx((weight * gradient).sum(), rel=1e-10)
    assert got.curvature == pytest.approx((weight * curvature).sum(), rel=1e-10)
    np.testing.assert_allclose(got.by_part[0, :57], weight * gradient, rtol=1e-7, atol=1e-12)


def test_derivatives_are_the_slopes_of_the_nll():
    b, h = block(5), 1e-5
    low, mid, high = (NllStep(0.8 + d, np.inf)(b) for d in (-h, 0, h))
    assert mid.gradient == pytest.approx((high.nll - low.nll) / (2 * h), rel=1e-6)
    assert mid.curvature == pytest.approx((high.gradient - low.gradient) / (2 * h), rel=1e-6)


@pytest.mark.parametrize("n_classes", [3, 100])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_hopeless_classes_weigh_nothing(n_classes, dtype):
    b = block(n_classes, dtype)
    for hopeless in (-np.inf, np.finfo(dtype).min):
        padded = np.insert(b.logits, 1, hopeless, axis=1)
        labels = b.labels + (b.labels >= 1)
        got = NllStep(0.9, np.inf)(Block(padded, labels))
        want = NllStep(0.9, np.inf)(b)
        for name in ("nll", "gradient", "curvature"):
            assert getattr(got, name) == pytest.approx(getattr(want, name), rel=1e-5), name
        after = plain_outcomes(padded, Block(padded, labels))
        before = plain_outcomes(b.logits, b)
        np.testing.assert_allclose(after.brier, before.brier, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_huge_logits_of_both_signs_stay_numbers(dtype):
    big = np.finfo(dtype).max
    z = np.array([[big, -big, 0], [-big, -big, -big], [big, big, big]], dtype=dtype)
    b = Block(z, np.array([0, 1, 2]))
    got = NllStep(1.0, np.inf)(b)
    assert np.isfinite([got.nll, got.gradient, got.curvature]).all()
    assert got.nll == pytest.approx(2 * np.log(3), rel=1e-6)
    np.testing.assert_allclose(plain_outcomes(z, b).confidence, [1, 1 / 3, 1 / 3], rtol=1e-6)


def test_log_softmax_and_softmax():
    z = block(9).logits
    z[3, 2] = -np.inf
    np.testing.assert_allclose(log_softmax(z), scipy_log_softmax(z, axis=1), rtol=1e-13)
    np.testing.assert_allclose(softmax(z), np.exp(scipy_log_softmax(z, axis=1)), rtol=1e-13)
