"""Drawing rows: features, logits, P(label | row), labels, weights and clusters.

The true log-odds s of a row are ``scale (noise + lift of one class) + log frequency``; labels come
from softmax(s), the logits are a distortion of s. Rows of one cluster share a part of their
difficulty, and their labels depend on each other through a Gaussian copula: P(label | row) is
softmax(s) all the same, so that the truth of every figure is that of independent rows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from .cells import Cell

Array = npt.NDArray[np.float64]
SHARED_DIFFICULTY = 0.5  # the part of its variance that is common to a cluster
LABEL_CORRELATION = {
    "images": 0.2,
    "stacked images": 0.2,
    "tokens": 0.3,
    "uneven tokens": 0.3,
    "labels": 0.4,
}
MEAN_SIZE = {
    "images": 256,
    "stacked images": 256,
    "tokens": 10,
    "uneven tokens": 10,
    "duplicates": 3,
}
VOTES = 3
ACCURATE = 0.9


@dataclass(frozen=True)
class Rows:
    """Decisions of one in K.

    Attributes:
        logits: ``(n, K)`` of the model.
        probability: ``(n, K)`` P(label | row).
        difficulty: ``(n,)`` standard normal: small where the right class stands out.
        mass: ``(n,)`` what the row weighs in the population, or in the sample.
    """

    logits: Array
    probability: Array
    difficulty: Array
    mass: Array


@dataclass(frozen=True)
class Sample:
    """What a user would have: the arguments of the library's verbs."""

    logits: Array
    labels: Array | npt.NDArray[np.intp]
    weights: Array | None
    clusters: npt.NDArray[np.intp] | None
    correct: Array
    confidence: Array


def softmax(z: Array) -> tuple[Array, Array]:
    """The softmax of each row, written over z, and the logarithm of its denominator."""
    largest = z.max(axis=1)
    z -= largest[:, None]
    np.exp(z, out=z)
    total = z.sum(axis=1)
    z /= total[:, None]
    return z, largest + np.log(total)


def frequency(cell: Cell) -> Array:
    """Of each class."""
    if not cell.imbalanced:
        return np.full(cell.width, 1 / cell.width)
    if cell.width == 2:
        return np.array([0.95, 0.05])
    falling = 1 / np.arange(1.0, cell.width + 1)
    return falling / falling.sum()


def _log_odds(cell: Cell, scale: float, difficulty: Array, rng: np.random.Generator) -> Array:
    n, share = len(difficulty), frequency(cell)
    s = rng.standard_normal((n, cell.width))
    lifted = rng.choice(cell.width, size=n, p=share)
    lift = 1 + np.sqrt(2 * np.log(cell.width))
    if cell.accuracy > ACCURATE:  # else only enormous logits would get there
        lift *= 2
    s[np.arange(n), lifted] += lift * np.exp(-0.4 * difficulty)
    s *= scale
    s += np.log(share)
    if cell.task == "multilabel":
        s[:, 1] += np.resize(np.linspace(-1.5, 0.5, cell.classes), n)
    return s


@lru_cache
def scale_of(cell: Cell) -> float:
    """The scale of the log-odds that gives the accuracy of the cell, by bisection."""
    n = max(2000, min(40_000, 2_000_000 // cell.width))
    low, high = 0.0, 50.0
    for _ in range(20):
        middle = (low + high) / 2
        rng = np.random.default_rng(0)
        p, _ = softmax(_log_odds(cell, middle, rng.standard_normal(n), rng))
        reached = float(p.max(axis=1).mean()) >= cell.accuracy
        low, high = (low, middle) if reached else (middle, high)
    return high


def distorted(cell: Cell, s: Array) -> Array:
    """The logits of a model of which s are the true log-odds."""
    if cell.distortion == "class-dependent":
        if cell.width == 2:
            return s + np.array([0.0, 0.5])
        lean = np.linspace(-0.5, 0.5, cell.width)
        return (s - lean) * np.linspace(0.7, 2.5, cell.width)
    factors = {"overconfident": 2.0, "very overconfident": 5.0, "underconfident": 0.5}
    return s * factors[cell.distortion] if cell.distortion in factors else s


def _rows(cell: Cell, difficulty: Array, mass: Array, rng: np.random.Generator) -> Rows:
    s = _log_odds(cell, scale_of(cell), difficulty, rng)
    logits = distorted(cell, s)
    probability, _ = softmax(s.copy() if logits is s else s)
    probability *= 1 - cell.label_noise
    probability += cell.label_noise / cell.width
    return Rows(logits, probability, difficulty, mass)


def expected_weight(cell: Cell, difficulty: Array) -> Array:
    """The mean weight of rows of this difficulty, up to a constant."""
    if cell.weights == "shift":
        return np.exp(0.5 * difficulty)
    if cell.weights == "heavy":
        return np.exp(0.8 * difficulty)
    if cell.weights == "few heavy":
        return 1 + 49 * np.where(difficulty > 0, 0.035, 0.005)
    return np.ones(len(difficulty))


def _weights(cell: Cell, difficulty: Array, rng: np.random.Generator) -> Array | None:
    if cell.weights == "none":
        return None
    n = len(difficulty)
    if cell.weights == "heavy":
        own = rng.standard_normal(n)
        return np.exp(1.6 * (0.5 * difficulty + np.sqrt(0.75) * own))
    if cell.weights == "pareto":
        return (1 - rng.random(n)) ** (-1 / 2.1)
    if cell.weights == "few heavy":
        return np.where(rng.random(n) < np.where(difficulty > 0, 0.035, 0.005), 50.0, 1.0)
    return expected_weight(cell, difficulty)


def _growth(effect: Array) -> Array:
    """How much larger than the mean uneven clusters of this difficulty are."""
    return np.exp(0.6 * effect - 0.18)


def population(cell: Cell, n: int, rng: np.random.Generator) -> Rows:
    """Independent rows for the truth, each as heavy as it is in the population."""
    effect = rng.standard_normal(n)
    own = np.sqrt(1 - SHARED_DIFFICULTY) * rng.standard_normal(n)
    difficulty = np.sqrt(SHARED_DIFFICULTY) * effect + own
    mass = expected_weight(cell, difficulty)
    if cell.clusters == "uneven tokens":
        mass *= 1 + (MEAN_SIZE[cell.clusters] - 1) * _growth(effect)
    return _rows(cell, difficulty, mass, rng)


def _sizes(cell: Cell, rng: np.random.Generator) -> tuple[npt.NDArray[np.intp], Array]:
    """The number of rows of each cluster, and its difficulty."""
    if cell.clusters == "labels":
        return np.full(cell.n, cell.classes), rng.standard_normal(cell.n)
    mean = MEAN_SIZE[cell.clusters]
    count = cell.n // mean
    effect = rng.standard_normal(count)
    if cell.clusters == "uneven tokens":
        return 1 + rng.poisson((mean - 1) * _growth(effect)), effect
    if cell.clusters == "duplicates":
        return rng.integers(1, 2 * mean, size=count), effect
    return np.full(count, mean), effect


def sample(cell: Cell, rng: np.random.Generator) -> Sample:
    """One data set."""
    if cell.clusters in ("none", "duplicates"):
        n = cell.n if cell.clusters == "none" else cell.n // MEAN_SIZE[cell.clusters]
        rows = _rows(cell, rng.standard_normal(n), np.ones(n), rng)
        found = _observed(cell, rows, lambda: rng.random(n), None, rng)
        return found if cell.clusters == "none" else _repeated(cell, found, rng)
    sizes, effect = _sizes(cell, rng)
    ids = np.repeat(np.arange(len(sizes)), sizes)
    n = len(ids)
    own = np.sqrt(1 - SHARED_DIFFICULTY) * rng.standard_normal(n)
    difficulty = np.sqrt(SHARED_DIFFICULTY) * effect[ids] + own
    rows = _rows(cell, difficulty, np.ones(n), rng)
    shared = LABEL_CORRELATION[cell.clusters]

    def uniforms() -> Array:
        common = np.sqrt(shared) * rng.standard_normal(len(sizes))[ids]
        return np.asarray(ndtr(common + np.sqrt(1 - shared) * rng.standard_normal(n)))

    return _observed(cell, rows, uniforms, ids, rng)


def _repeated(cell: Cell, found: Sample, rng: np.random.Generator) -> Sample:
    times, _ = _sizes(cell, rng)
    ids = np.repeat(np.arange(len(times)), times)
    weights = None if found.weights is None else found.weights[ids]
    return Sample(
        found.logits[ids],
        found.labels[ids],
        weights,
        ids,
        found.correct[ids],
        found.confidence[ids],
    )


def _drawn(rows: Rows, uniform: Array) -> npt.NDArray[np.intp]:
    """Labels from uniform numbers: the predicted class where they are small."""
    prediction = rows.logits.argmax(axis=1)
    at = np.arange(len(prediction)), prediction
    right = rows.probability[at]
    others = rows.probability.copy()
    others[at] = 0.0
    running = np.cumsum(others, axis=1)
    drawn = (running > (uniform - right)[:, None]).argmax(axis=1)
    return np.where(uniform < right, prediction, drawn)


def _observed(
    cell: Cell,
    rows: Rows,
    uniforms: Callable[[], Array],
    ids: npt.NDArray[np.intp] | None,
    rng: np.random.Generator,
) -> Sample:
    """Labels, weights and shapes as they are given to the library."""
    prediction = rows.logits.argmax(axis=1)
    hard = _drawn(rows, uniforms())
    labels, logits = hard, rows.logits
    if cell.labels == "exact shares":
        labels = rows.probability
    elif cell.labels == "three votes":
        votes = [hard, *(_drawn(rows, uniforms()) for _ in range(VOTES - 1))]
        labels = sum(np.eye(cell.width)[each] for each in votes) / VOTES
    if cell.task != "multiclass":
        logits = logits[:, 1] - logits[:, 0]
    if cell.clusters == "stacked images":
        shape = -1, MEAN_SIZE[cell.clusters]
        logits, labels, ids = logits.reshape(*shape, cell.width), labels.reshape(shape), None
    if cell.task == "multilabel":
        logits, labels, ids = logits.reshape(cell.n, -1), labels.reshape(cell.n, -1), None
    confidence = softmax(rows.logits.copy())[0].max(axis=1)
    return Sample(
        logits=logits,
        labels=labels,
        weights=_weights(cell, rows.difficulty, rng),
        clusters=ids,
        correct=(hard == prediction).astype(np.float64),
        confidence=np.minimum(confidence, 1.0),
    )
