"""Figures from a table of confidence bins."""

from __future__ import annotations

import numpy as np

from calibrate.arrays import Float64
from calibrate.blocks.bins import BinTable
from calibrate.metrics.registry import Interval, Over, metric

GUO = "Guo et al. (2017), On calibration of modern neural networks"
KUMAR = "Kumar, Liang & Ma (2019), Verified uncertainty calibration"


@metric(
    Over.BINS,
    Interval.ECE,
    lower_is_better=True,
    measures_error=True,
    reference=GUO,
    headline=True,
)
def ece(table: BinTable) -> Float64:
    """Expected calibration error, ``sum_b w_b/W |acc_b - conf_b|``. In [0, 1]."""
    return np.asarray(np.sum(table.share * np.abs(table.gap), axis=-1))


@metric(Over.MASS_BINS, Interval.ECE, lower_is_better=True, measures_error=True, reference=KUMAR)
def ece_equal_mass(table: BinTable) -> Float64:
    """The ECE over 15 bins of equal weight; rows of equal confidence share a bin. In [0, 1]."""
    return np.asarray(np.sum(table.share * np.abs(table.gap), axis=-1))


@metric(
    Over.CLASSES,
    Interval.NONE,
    lower_is_better=True,
    only_for="multiclass scores",
    reference="Kull et al. (2019), Beyond temperature scaling",
)
def classwise_ece(eces: Float64) -> Float64:
    """The mean over all K classes of the one-vs-rest ECE; classes without rows count. In [0, 1].

    Of class k: ``sum_b w_b/W |share of label k in bin b - mean p_k in bin b|``.
    """
    return np.asarray(eces.mean(axis=-1))


@metric(
    Over.YES_BINS,
    Interval.ECE,
    lower_is_better=True,
    only_for="binary and multi-label scores",
    reference=KUMAR,
    headline=True,
)
def positive_ece(table: BinTable) -> Float64:
    """The ECE of the probability of yes, over bins of [0, 1], of binary and multi-label models.

    ``sum_b w_b/W |share of yes in bin b - mean p_yes in bin b|``. In [0, 1]. The ECE of the
    confidence, ``ece``, folds the probabilities below 1/2 over to 1 - p: it is another figure.
    """
    return ece(table)


@metric(
    Over.BINS,
    Interval.NONE,
    lower_is_better=True,
    measures_error=True,
    reference=GUO,
)
def mce(table: BinTable) -> Float64:
    """Maximum calibration error, ``max_b |acc_b - conf_b|`` over non-empty bins. In [0, 1]."""
    return np.asarray(np.max(np.abs(table.gap), axis=-1))


@metric(
    Over.BINS,
    Interval.BOOTSTRAP,
    lower_is_better=True,
    measures_error=True,
    without=("change",),
    reference="Hendrycks, Mazeika & Dietterich (2019), Deep anomaly detection",
)
def rmsce(table: BinTable) -> Float64:
    """Root mean square calibration error, ``sqrt(sum_b w_b/W (acc_b - conf_b)²)``. In [0, 1]."""
    return np.asarray(np.sqrt(np.sum(table.share * np.square(table.gap), axis=-1)))


@metric(
    Over.MASS_BINS,
    Interval.NONE,
    lower_is_better=True,
    measures_error=True,
    reference=KUMAR,
)
def rmsce_debiased(table: BinTable) -> Float64:
    """The RMSCE over 15 equal-mass bins without the part that chance adds. In [0, 1].

    ``sqrt(max(0, sum_b w_b/W [(acc_b - conf_b)² - acc_b (1 - acc_b) / (n_b - 1)]))``; bins of
    fewer than two rows count 0.
    """
    rows = table.weight * table.rows_per_weight
    enough = rows >= 2
    chance = table.accuracy * (1 - table.accuracy) / np.where(enough, rows - 1, 1.0)
    squares = np.where(enough, np.square(table.gap) - chance, 0.0)
    return np.asarray(np.sqrt(np.maximum(np.sum(table.share * squares, axis=-1), 0.0)))
