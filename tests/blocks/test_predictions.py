"""What is said of each row, against the formulas written out row by row."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import log_softmax

from calibrate.blocks.block import Block
from calibrate.blocks.predictions import predicted, predictions


def by_hand(z: np.ndarray, q: np.ndarray, beta: float) -> dict[str, float]:
    """The figures of one row; of equal scores the smaller class goes first."""
    order = sorted(range(len(z)), key=lambda k: (-z[k], k))
    h = 1e-5
    ahead, here, behind = (log_softmax(beta * np.exp(t) * z) for t in (h, 0, -h))
    return {
        "confidence": np.exp(here.max()),
        "correct": q[order[0]],
        "nll": -(q @ here),
        "brier": ((np.exp(here) - q) ** 2).sum(),
        "top_5": q[order[:5]].sum(),
        "slope": -(q @ (ahead - behind)) / (2 * h),
        "tilt": (np.exp(ahead.max()) - np.exp(behind.max())) / (2 * h),
        "prediction": order[0],
    }


@pytest.mark.parametrize("kind", ["hard", "soft"])
@pytest.mark.parametrize("n_classes", [2, 3, 5, 6, 9, 70])  # laid out class by class, or by row
@pytest.mark.parametrize("beta", [0.6, "per row"])
@pytest.mark.parametrize("magnitude", [1.5, np.inf])  # the largest score, or not known
def test_against_the_formulas(kind, n_classes, beta, magnitude):
    rng = np.random.default_rng(n_classes)
    scores = rng.integers(-3, 4, (41, n_classes)) / 2  # many are equal
    hard, shares = rng.integers(0, n_classes, 41), rng.dirichlet(np.ones(n_classes), 41)
    block = Block(scores, hard if kind == "hard" else shares)
    factor = np.linspace(0.3, 2, 41) if beta == "per row" else beta
    first = predicted(scores, block)
    got = predictions(scores, factor, magnitude, first, block, keep=True)
    targets, factors = np.eye(n_classes)[hard] if kind == "hard" else shares, np.full(41, factor)
    want = [by_hand(*row) for row in zip(scores, targets, factors, strict=True)]
    for name in want[0]:
        expected = [row[name] for row in want]
        np.testing.assert_allclose(getattr(got, name), expected, atol=3e-9, err_msg=name)
    p = np.exp(log_softmax(factors[:, None] * scores, axis=1))
    np.testing.assert_allclose(got.probabilities, p, rtol=1e-12)
