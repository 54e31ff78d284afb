"""What a student would see in its training targets: columns of figures, a value per row."""

from __future__ import annotations

from dataclasses import dataclass
from math import log

import numpy as np
import numpy.typing as npt

from calibrate.arrays import Float64, Index, IntArray
from calibrate.blocks.row_sums import RowSums
from calibrate.metrics.intervals.normal import means_of, score_interval
from calibrate.results.measurement import Measurement
from calibrate.results.targets import TargetFigures

Targets = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Made:
    """A block of targets ``(n, K)`` with the sums of its figures over rows."""

    targets: Targets
    sums: RowSums


def figures_of(sums: RowSums, n_classes: int, *, labelled: bool) -> TargetFigures:
    """The figures from sums over rows; the fifth column, if labels are known, is the agreement."""
    bounds = [(0.0, log(n_classes))] + [(0.0, 1.0)] * (len(sums.values) - 1)
    found = means_of(sums, bounds)
    entropy, true_class, runner_up, rest = found[:4]
    agreement = score_interval(found[4].value or 0.0, sums.rows) if labelled else None
    return TargetFigures(entropy, true_class, runner_up, rest, agreement)


def amount_of(sums: RowSums) -> Measurement:
    """The mean amount of label smoothing, the last column of the sums."""
    return means_of(sums, [(0.0, 1.0)] * len(sums.values))[-1]


def plogp(p: Float64) -> Float64:
    """``p log p``, and 0 where p is 0."""
    return np.asarray(p * np.log(np.where(p > 0, p, 1.0)))


def smoothed_columns(on: Float64, off: Float64, labels: IntArray, n_classes: int) -> list[Float64]:
    """Entropy, true class, runner-up, rest and agreement of smoothed labels, ``(n,)`` each.

    Args:
        on, off: ``(n,)`` the target of the label, and that of every other class.
    """
    entropy = -(plogp(on) + (n_classes - 1) * plogp(off))
    agreement = (on > off) | ((on == off) & (labels == 0))  # a tie falls to the first class
    return [entropy, on, off, (n_classes - 2) * off, agreement.astype(np.float64)]


def entries(shape: tuple[int, ...], axis: int, classes: IntArray) -> Index:
    """Where in the flattened array each row's class is; classes lie along ``axis``."""
    if axis == 0:
        return np.asarray(classes * shape[1] + np.arange(shape[1]), dtype=np.intp)
    return np.asarray(np.arange(shape[0]) * shape[1] + classes, dtype=np.intp)


def soft_columns(q: Targets, axis: int, entropy: Float64, labels: IntArray | None) -> list[Float64]:
    """The same of any targets with classes along ``axis``; the agreement only with labels."""
    top = q.argmax(axis=axis)
    flat = q.reshape(-1)
    index = entries(q.shape, axis, top if labels is None else labels)
    held = flat[index]
    flat[index] = -1.0  # out of the way while the largest other class is looked for
    runner_up = q.max(axis=axis).astype(np.float64)
    flat[index] = held
    true_class = held.astype(np.float64)
    rest = np.maximum(1.0 - true_class - runner_up, 0.0) if q.shape[axis] > 2 else 0.0 * held
    columns = [entropy, true_class, runner_up, np.asarray(rest, dtype=np.float64)]
    return columns if labels is None else [*columns, (top == labels).astype(np.float64)]
