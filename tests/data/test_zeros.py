"""Probabilities of 0: no mass, the order kept, and no row that decides in silence."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax

import calibrate


def model(n: int, k: int, scale: float, t: float, seed: int = 0):
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(n, k)) * scale
    return z, (z / t + rng.gumbel(size=z.shape)).argmax(1)


def exact(z, y) -> float:
    """The best temperature of the exact logits, by Brent's method."""
    rows = np.arange(len(y))
    found = minimize_scalar(
        lambda log_t: -log_softmax(z / np.exp(log_t), axis=1)[rows, y].mean(),
        bounds=(-3, 3),
        method="bounded",
    )
    return float(np.exp(found.x))


@pytest.mark.parametrize("k", [10, 1000])
def test_float16_probabilities_give_the_figures_of_exact_ones(k):
    z, y = model(3000, k, 6.0, 1.5)
    p = softmax(z, axis=1)
    small = p.astype(np.float16)
    assert (small == 0).mean() > 0.1
    report = calibrate.evaluate(
        small, y, scores="probabilities", settings=calibrate.Settings(full=False, bootstrap=0)
    )
    want = float(p.max(axis=1).mean())
    assert report.metrics.before["mean_confidence"].value == pytest.approx(want, abs=1e-4)
    found = calibrate.fit(small, y, scores="probabilities")
    assert found.temperature == pytest.approx(exact(z, y), rel=0.01)  # its own standard error


def bfloat16(values: np.ndarray) -> np.ndarray:
    """To the nearest number of 8 significant bits, as float32."""
    bits = values.astype(np.float32).view(np.uint32)
    return ((bits + 0x8000) & 0xFFFF0000).astype(np.uint32).view(np.float32)


@pytest.mark.parametrize("wider", ["f4", "f8"])
@pytest.mark.parametrize("half", [bfloat16, np.float16])
def test_probabilities_of_half_precision_may_be_saved_as_something_wider(half, wider):
    z, y = model(2000, 40, 3.0, 1.5)
    p = half(softmax(z, axis=1)).astype(wider)
    assert np.abs(p.sum(axis=1) - 1).max() > 2e-4  # too much for float32
    found = calibrate.fit(p, y, scores="probabilities")
    assert found.temperature == pytest.approx(exact(z, y), rel=0.01)
    with pytest.raises(calibrate.InputError, match="rows that are non-negative and sum to 1"):
        calibrate.fit(p, y)


def test_other_probabilities_that_do_not_sum_to_1_are_refused():
    z, y = model(2000, 40, 3.0, 1.5)
    p = softmax(z, axis=1).astype(np.float32) * np.float32(0.999)
    with pytest.raises(calibrate.InputError, match=r"sum to 1 within 0\.0001"):
        calibrate.fit(p, y, scores="probabilities")


def forest(n: int = 2000, seed: int = 1):
    """Shares of 100 trees, twice as timid as they should be."""
    rng = np.random.default_rng(seed)
    base = rng.dirichlet([0.5] * 3, size=n)
    p = rng.multinomial(100, base) / 100
    sharp = base**2 / np.square(base).sum(axis=1, keepdims=True)
    y = (rng.random((n, 1)) > sharp.cumsum(1)[:, :-1]).sum(1)
    possible = p[np.arange(n), y] > 0
    return p[possible], y[possible]


@pytest.mark.parametrize("dtype", ["f8", "f4"])
def test_a_label_of_probability_0_does_not_decide_in_silence(dtype):
    p, y = forest()
    without = calibrate.fit(p.astype(dtype), y, scores="probabilities")
    assert without.warnings == ()
    row = int(np.flatnonzero(p[:, 0] == 0)[0])
    y = y.copy()
    y[row] = 0
    found = calibrate.fit(p.astype(dtype), y, scores="probabilities")
    others = np.arange(len(y)) != row
    kept = calibrate.fit(p[others].astype(dtype), y[others], scores="probabilities")
    assert without.temperature == pytest.approx(kept.temperature, rel=0.01)
    assert found.temperature < 1.3 * kept.temperature
    (warning,) = found.warnings
    assert f"without these 1 of {len(y):,} rows it would be {kept.temperature:.3g} (" in warning


def test_of_yes_no_decisions_both_ends_are_looked_at():
    p, y = forest()
    yes, label = p[:, 0], (y == 0).astype(int)
    label[np.flatnonzero(yes == 0)[0]], label[np.flatnonzero(yes == 1)[0]] = 1, 0
    found = calibrate.fit(yes, label, scores="probabilities")
    assert f"these 2 of {len(y):,} rows" in found.warnings[0]


def test_the_order_is_kept_below_any_floor():
    p = np.array([[1.0, 1e-300, 0.0], [1.0, 1e-310, 0.0], [0.5, 0.5, 0.0]])
    block = calibrate.Dataset.of(
        p, np.array([0, 0, 1]), reading=calibrate.Reading(scores="probabilities")
    ).read(0, 3)
    assert np.isfinite(block.logits).all()
    assert (block.logits[:2, 1] > block.logits[:2, 2]).all()
    assert block.logits[0, 1] > block.logits[1, 1]
    assert softmax(block.logits[2])[2] < 1e-300


@pytest.mark.parametrize("dtype", ["u1", "i4", "u8"])
def test_whole_numbers_from_0_are_scores_like_others(dtype):
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 200)
    scores = (2 * np.eye(3)[labels] + 3 * rng.random((200, 3))).astype(dtype)
    found = calibrate.fit(scores, labels).temperature
    assert found == pytest.approx(calibrate.fit(scores.astype(float), labels).temperature, 1e-5)
