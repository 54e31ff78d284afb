"""A temperature with a bias per class: the optimum of the NLL written out."""

from __future__ import annotations

import numpy as np
import pytest
from conftest import gumbel_labels
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax

from calibrate.blocks import optimise
from calibrate.blocks.block import Block, Smoothing
from calibrate.blocks.optimise import BiasedStep, NllStep, best_with_bias
from calibrate.data.dataset import Dataset

RIDGE = 0.02


def drawn(n=600, k=4, seed=0, dtype=float):
    rng = np.random.default_rng(seed)
    z = rng.normal(scale=2.0, size=(n, k)).astype(dtype)
    return z, gumbel_labels(z + 1.5 * np.arange(k), 1.6, rng)


def written_out(z, q, w, ridge=RIDGE):
    """The optimum by scipy, of soft labels q with weights w."""

    def loss(x):
        nll = -np.where(q > 0, q * log_softmax(np.exp(x[0]) * z + x[1:], axis=1), 0.0).sum(axis=1)
        return w @ nll / w.sum() + ridge / 2 * (x[1:] @ x[1:])

    found = minimize(loss, np.zeros(1 + z.shape[1]), method="BFGS", options={"gtol": 1e-9})
    return found.x, loss(found.x)


@pytest.mark.parametrize("kind", ["hard", "weights", "soft", "smoothed", "masked"])
def test_temperature_and_biases_minimise_the_penalised_nll(kind):
    z, y = drawn()
    w, q = np.ones(len(z)), np.eye(4)[y]
    if kind == "weights":
        w = np.random.default_rng(1).exponential(size=len(z))
    if kind == "soft":
        q = 0.6 * q + 0.4 * softmax(z, axis=1)
    if kind == "masked":
        z[(np.arange(len(z)) % 2 == 0) & (y != 3), 3] = -np.inf
    dataset = Dataset.of(z, q if kind == "soft" else y, weights=w if kind == "weights" else None)
    if kind == "smoothed":
        dataset, q = dataset.smoothed(Smoothing(0.1)), 0.9 * q + 0.1 / 4
    found = best_with_bias(dataset, 0.0, RIDGE)
    x, penalised = written_out(np.where(np.isfinite(z), z, -1e4), q, w)
    assert found.converged
    np.testing.assert_allclose([found.theta, *found.bias], x, atol=2e-5)
    assert found.nll + RIDGE / 2 * np.square(found.bias).sum() == pytest.approx(penalised, abs=1e-9)


def test_a_sample_gives_the_start_and_float32_the_same_optimum(monkeypatch):
    z, y = drawn(4_000, dtype=np.float32)
    whole = best_with_bias(Dataset.of(z, y), 0.0, RIDGE)
    monkeypatch.setattr(optimise, "BIASED_SAMPLE", 500)
    sampled = best_with_bias(Dataset.of(z, y), 0.0, RIDGE)
    assert whole.converged
    assert sampled.converged
    np.testing.assert_allclose(sampled.bias, whole.bias, atol=1e-4)
    x, _ = written_out(z.astype(float), np.eye(4)[y], np.ones(len(z)))
    np.testing.assert_allclose([sampled.theta, *sampled.bias], x, atol=1e-4)


@pytest.mark.parametrize("k", [3, 80])  # classes first, and rows first
def test_no_bias_is_the_temperature_alone(k):
    rng = np.random.default_rng(4)
    block = Block(rng.normal(size=(50, k)), rng.integers(0, k, 50), rng.exponential(size=50))
    plain, biased = NllStep(0.7, np.inf)(block), BiasedStep(0.7, np.zeros(k))(block)
    for name in ("weight", "nll", "gradient", "curvature"):
        assert getattr(biased, name) == pytest.approx(getattr(plain, name), rel=1e-12), name
    np.testing.assert_allclose(biased.by_part, plain.by_part, atol=1e-12)


def test_scores_that_separate_the_labels_have_biases_but_no_temperature():
    z = 5 * np.eye(3)[np.arange(30) % 3]
    found = best_with_bias(Dataset.of(z, np.arange(30) % 3), 0.0, RIDGE)
    np.testing.assert_allclose(found.bias, 0, atol=1e-5)
    assert found.theta > 1
