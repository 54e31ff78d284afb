"""The true value of every figure, from many rows with P(label | row) in place of labels.

A row counts as correct as it is probable, so that no figure is pushed up by the chance of labels;
only the features are sampled, two hundred times as often as in a run.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy.optimize import brentq

from calibrate.blocks.bins import BinTable, Levels, equal_width_edges
from calibrate.metrics.registry import METRICS, Over
from calibrate.metrics.totals import mass_edges

from .cells import Cell
from .populations import VOTES, Array, Rows, population, softmax

BINS = 15
EDGES = equal_width_edges(BINS)
TIMES = 200  # as many rows as in a run
FEWEST, MOST = 200_000, 2_000_000
MOST_SCORES = 400_000_000
BLOCK_SCORES = 2_000_000
MANY = 1e9  # rows per weight: what chance would add to few rows is no part of the truth
Figures = dict[str, float]


def block_of(cell: Cell, number: int) -> Rows:
    """The rows of one block of the population; the same whenever asked for."""
    rows = max(10_000, BLOCK_SCORES // cell.width)
    rows -= rows % cell.classes  # labels of multi-label models take turns
    return population(cell, rows, np.random.default_rng([7, number]))


def n_blocks(cell: Cell) -> int:
    wanted = int(np.clip(TIMES * cell.decisions, FEWEST, MOST))
    wanted = min(wanted, MOST_SCORES // cell.width)
    return -(-wanted // max(10_000, BLOCK_SCORES // cell.width))


@dataclass(frozen=True)
class _Part:
    """What one block adds up to at each temperature.

    Attributes:
        mass: ``(n,)``.
        correct: ``(n,)`` P(prediction is the label), the same at all temperatures.
        confidence: ``(t, n)``.
        sums: ``(t, 3)`` of nll, brier and top-5 accuracy, weighted.
        classes: ``(t, 2, K, b)`` sums of label and probability.
    """

    mass: Array
    correct: Array
    confidence: Array
    sums: Array
    classes: Array


def _part(cell: Cell, temperatures: Sequence[float], number: int) -> _Part:
    rows = block_of(cell, number)
    z, q, mass = rows.logits, rows.probability, rows.mass
    n = len(z)
    at = np.arange(n), z.argmax(axis=1)
    top_5 = np.ones(n)
    if cell.width > 5:
        largest = np.argpartition(-z, 4, axis=1)[:, :5]
        top_5 = np.take_along_axis(q, largest, axis=1).sum(axis=1)
    square, target = _label_squares(cell, q), np.einsum("nk,nk->n", q, z)
    confidence = np.empty((len(temperatures), n))
    sums = np.empty((len(temperatures), 3))
    classes = []
    for i, t in enumerate(temperatures):
        p, log_total = softmax(z / t)
        nll = log_total - target / t
        brier = np.einsum("nk,nk->n", p, p) - 2 * np.einsum("nk,nk->n", p, q) + square
        confidence[i] = np.minimum(p[at], 1.0)
        sums[i] = [mass @ nll, mass @ brier, mass @ top_5]
        classes.append(_class_sums(p, q, mass))
    return _Part(mass, q[at], confidence, sums, np.stack(classes))


def _label_squares(cell: Cell, q: Array) -> Array | float:
    """The mean of ``sum_k label_k²``."""
    if cell.labels == "hard":
        return 1.0
    exact = np.einsum("nk,nk->n", q, q)
    return exact if cell.labels == "exact shares" else exact + (1 - exact) / VOTES


def _class_sums(p: Array, q: Array, mass: Array) -> Array:
    """Sums of label and probability per class and bin; most probabilities are in the first."""
    n_classes = p.shape[1]
    rows, classes = np.nonzero(p > EDGES[1])
    cell = classes * BINS + np.searchsorted(EDGES, p[rows, classes], side="left") - 1
    sums = np.empty((2, n_classes, BINS))
    for into, values in zip(sums, (q, p), strict=True):
        beyond = np.bincount(cell, mass[rows] * values[rows, classes], minlength=n_classes * BINS)
        into[:] = beyond.reshape(n_classes, BINS)
        into[:, 0] = mass @ values - into.sum(axis=1)
    return sums


def figures_at(cell: Cell, temperatures: Sequence[float], pool: Executor) -> list[Figures]:
    """Every figure of the population through each temperature."""
    parts = list(pool.map(partial(_part, cell, temperatures), range(n_blocks(cell))))
    mass = np.concatenate([part.mass for part in parts])
    correct = np.concatenate([part.correct for part in parts])
    total = mass.sum()
    sums = sum(part.sums for part in parts) / total
    classes = sum(part.classes for part in parts) / total
    found = []
    for i in range(len(temperatures)):
        confidence = np.concatenate([part.confidence[i] for part in parts])
        figures = _of_confidence(confidence, correct, mass)
        figures |= dict(zip(("nll", "brier", "top_5_accuracy"), sums[i].tolist(), strict=True))
        eces = np.abs(classes[i, 0] - classes[i, 1]).sum(axis=1)
        figures["classwise_ece"] = float(eces.mean())
        figures["positive_ece"] = float(eces[1])
        found.append(figures)
    return found


def _of_confidence(confidence: Array, correct: Array, mass: Array) -> Figures:
    ordered = Levels.from_rows(confidence, correct, mass, MANY)
    tables = {
        Over.BINS: BinTable.from_rows(confidence, correct, mass, EDGES),
        Over.MASS_BINS: ordered.binned(mass_edges(ordered)),
        Over.ORDERED: ordered,
    }
    figures = {
        name: float(metric.function(tables[metric.over]))
        for name, metric in METRICS.items()
        if metric.over in tables
    }
    figures["accuracy"] = float(np.average(correct, weights=mass))
    figures["mean_confidence"] = float(np.average(confidence, weights=mass))
    figures["overconfidence"] = figures["mean_confidence"] - figures["accuracy"]
    return figures


def best_temperature(cell: Cell, pool: Executor) -> float:
    """The temperature of least nll: exact where known, else by Newton's method on all rows."""
    if cell.calibrates:
        known = {"overconfident": 2.0, "very overconfident": 5.0, "underconfident": 0.5}
        return known.get(cell.distortion, 1.0)
    rows = block_of(cell, 0)
    beta = float(brentq(lambda b: _slopes(rows, b)[0], 1e-2, 1e2))
    for _ in range(2):
        slopes = pool.map(partial(_block_slopes, cell, beta), range(n_blocks(cell)))
        first, second = np.sum(list(slopes), axis=0)
        beta -= first / second
    return 1 / beta


def _block_slopes(cell: Cell, beta: float, number: int) -> Array:
    return _slopes(block_of(cell, number), beta)


def _slopes(rows: Rows, beta: float) -> Array:
    """The first two derivatives of the summed nll in beta."""
    z = rows.logits
    p, _ = softmax(beta * z)
    mean = np.einsum("nk,nk->n", p, z)
    first = mean - np.einsum("nk,nk->n", rows.probability, z)
    second = np.einsum("nk,nk,nk->n", p, z, z) - mean**2
    return np.array([rows.mass @ first, rows.mass @ second])
