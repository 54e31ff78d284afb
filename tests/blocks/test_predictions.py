"""What is said of each row, against the formulas written out row by row."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import log_softmax

from calibrate.blocks.block import Block, Smoothing
from calibrate.blocks.predictions import predicted, predictions
from calibrate.blocks.softmax import log_softmax as log_p_of
from calibrate.blocks.softmax import softmax, target_scores

FIELDS = ("confidence", "correct", "nll", "brier", "top_5", "slope", "tilt")


def rows(n_classes: int, kind: str, n: int = 41) -> Block:
    """Scores from few values, so that many are equal, with hard or soft labels."""
    rng = np.random.default_rng(n_classes)
    scores = rng.integers(-3, 4, (n, n_classes)) / 2
    hard = rng.integers(0, n_classes, n)
    return Block(scores, hard if kind == "hard" else rng.dirichlet(np.ones(n_classes), n))


def by_hand(z: np.ndarray, label: np.ndarray | int, beta: float) -> dict[str, float]:
    """The figures of one row; of equal scores the smaller class goes first."""
    q = np.eye(len(z))[label] if np.ndim(label) == 0 else np.asarray(label)
    order = sorted(range(len(z)), key=lambda k: (-z[k], k))

    def log_p(t: float) -> np.ndarray:
        return log_softmax(beta * np.exp(t) * z)

    p, step = np.exp(log_p(0)), 1e-5
    top = order[0]
    ends = [-(q @ log_p(t)) for t in (step, -step)], [np.exp(log_p(t)[top]) for t in (step, -step)]
    slope, tilt = ((high - low) / (2 * step) for high, low in ends)
    return {
        "confidence": p.max(),
        "correct": q[top],
        "nll": -(q @ log_p(0)),
        "brier": ((p - q) ** 2).sum(),
        "top_5": q[order[:5]].sum(),
        "slope": slope,
        "tilt": tilt,
    }


@pytest.mark.parametrize("kind", ["hard", "soft"])
@pytest.mark.parametrize("n_classes", [2, 3, 5, 6, 9, 70])  # classes go first, or last
@pytest.mark.parametrize("beta", [0.6, "per row"])
@pytest.mark.parametrize("magnitude", [1.5, 10.0, np.inf])  # the largest score, a bound, unknown
def test_against_the_formulas(kind, n_classes, beta, magnitude):
    block = rows(n_classes, kind)
    factor = np.linspace(0.3, 2, len(block)) if beta == "per row" else beta
    first = predicted(block.logits, block)
    got = predictions(block.logits, factor, magnitude, first, block, keep=True)
    each = zip(block.logits, block.target, np.broadcast_to(factor, len(block)), strict=True)
    want = [by_hand(z, label, b) for z, label, b in each]
    for name in FIELDS:
        expected = [row[name] for row in want]
        np.testing.assert_allclose(getattr(got, name), expected, atol=3e-9, err_msg=name)
    np.testing.assert_array_equal(got.prediction, block.logits.argmax(axis=1))
    np.testing.assert_array_equal(first.score, block.logits.max(axis=1))
    p = np.exp(log_softmax(np.reshape(factor, (-1, 1)) * block.logits, axis=1))
    np.testing.assert_allclose(got.probabilities, p, rtol=1e-12)


def test_one_factor_per_row():
    z, beta = np.random.default_rng(0).normal(size=(7, 4)), np.linspace(0.2, 3, 7)
    want = log_softmax(beta[:, None] * z, axis=1)
    np.testing.assert_allclose(log_p_of(z, beta), want, rtol=1e-12)
    np.testing.assert_allclose(softmax(z, beta), np.exp(want), rtol=1e-12)


@pytest.mark.parametrize("beta", [1.0, 0.5])
def test_an_answer_keeps_its_confidence_until_it_is_calibrated(beta):
    said, right = np.array([0.9, 0.7, 0.2]), np.array([1.0, 0.0, 0.25])
    logits = np.stack([np.zeros(3), np.log(said / (1 - said))], axis=1)
    block = Block(logits, np.stack([1 - right, right], axis=1), said=said + 1e-3)  # as rounded
    got = predictions(logits, beta, np.inf, predicted(logits, block), block)
    sure = said + 1e-3 if beta == 1 else 1 / (1 + np.exp(-beta * logits[:, 1]))
    np.testing.assert_allclose(got.confidence, sure, rtol=1e-12)
    np.testing.assert_allclose(got.brier, (sure - right) ** 2, rtol=1e-12)
    assert (got.correct.tolist(), got.prediction.tolist()) == (right.tolist(), [1, 1, 1])
    assert got.top_5.tolist() == [1, 1, 1]


@pytest.mark.parametrize("kind", ["hard", "soft"])
@pytest.mark.parametrize("over", ["all", "others"])
def test_the_score_of_smoothed_labels(kind, over):
    block, eps = rows(5, kind), 0.2
    q = np.eye(5)[block.target] if kind == "hard" else block.target
    smoothed = (1 - eps) * q + (eps / 5 if over == "all" else eps * (1 - q) / 4)
    soft = Block(block.logits, block.labels, smoothing=Smoothing(eps, over))
    want = (smoothed * block.logits).sum(axis=1)
    np.testing.assert_allclose(target_scores(block.logits, soft), want, atol=1e-12)


def test_the_labels_as_entries():
    shares = np.array([[0.25, 0.0, 0.75], [0.0, 1.0, 0.0]])
    found = [part.tolist() for part in Block(np.zeros((2, 3)), shares).entries()]
    assert found == [[0, 0, 1], [0, 2, 1], [0.25, 0.75, 1.0]]
    assert [x.tolist() for x in Block(np.zeros((2, 3)), np.array([2, 0])).entries()] == [
        [0, 1],
        [2, 0],
        [1, 1],
    ]
