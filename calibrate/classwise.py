"""One-vs-rest calibration of every class, from tables that add up over blocks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from calibrate.batch import Batch, FloatArray, IntArray
from calibrate.bins import Float64, bin_index
from calibrate.errors import InputError
from calibrate.metrics import classwise_ece
from calibrate.report import ClassFigures, Measurement

GROUPS = 20  # of rows, for the jackknife; one, and no interval, for very many classes
MANY_CLASSES = 2_000
STUDENT_95 = 2.093024054408263  # of 19 degrees of freedom


@dataclass(frozen=True)
class ClassTable:
    """Sums per group of rows, class and probability bin: row r belongs to group r mod 20.

    Attributes:
        weight: ``(g,)`` the weight of all rows of a group.
        probability: ``(g, K, b)`` sums of the probability of the class over the rows whose
            probability of it falls into the bin.
        label: ``(g, K, b)`` the weight of those rows whose label it is.
        confidence, correct: ``(g, K)`` sums over the rows whose label is the class.
    """

    weight: Float64
    probability: Float64
    label: Float64
    confidence: Float64
    correct: Float64

    def __add__(self, other: ClassTable) -> ClassTable:
        return ClassTable(
            self.weight + other.weight,
            self.probability + other.probability,
            self.label + other.label,
            self.confidence + other.confidence,
            self.correct + other.correct,
        )

    @staticmethod
    def of(
        p: FloatArray, batch: Batch, confidence: Float64, correct: Float64, edges: Float64
    ) -> ClassTable:
        """The table of one block, with its probabilities ``(n, K)`` and what came of its rows.

        Most probabilities fall into the first bin: only those beyond it are looked at one by
        one, and the first bin gets what is left of the sums of the columns.
        """
        assert batch.labels is not None
        labels, weights, start = batch.labels, batch.weights, batch.start
        n, n_classes = p.shape
        groups = GROUPS if n_classes <= MANY_CLASSES else 1
        n_bins = len(edges) - 1
        shape = groups, n_classes, n_bins
        group, size = (start + np.arange(n)) % groups, groups * n_classes
        w = np.ones(n) if weights is None else weights

        def total(rows: IntArray, classes: IntArray, bins: IntArray, values: Float64) -> Float64:
            cells = (group[rows] * n_classes + classes) * n_bins + bins
            sums = np.bincount(cells, values, minlength=size * n_bins)
            return sums.astype(np.float64).reshape(shape)

        flat = p.reshape(-1)
        beyond = np.flatnonzero(flat > edges[1])
        rows, classes = np.divmod(beyond, n_classes)
        high = flat[beyond].astype(np.float64)
        probability = total(rows, classes, bin_index(high, edges), high * w[rows])
        for g in range(groups):
            those = slice((g - start) % groups, None, groups)
            column = p[those].sum(axis=0) if weights is None else w[those] @ p[those]
            probability[g, :, 0] = np.maximum(column - probability[g].sum(axis=1), 0.0)
        everyone = np.arange(n)
        own = p[everyone, labels].astype(np.float64)
        by_label = group * n_classes + labels
        return ClassTable(
            weight=np.bincount(group, w, minlength=groups).astype(np.float64),
            probability=probability,
            label=total(everyone, labels, bin_index(own, edges), w),
            confidence=np.bincount(by_label, w * confidence, minlength=size).reshape(shape[:2]),
            correct=np.bincount(by_label, w * correct, minlength=size).reshape(shape[:2]),
        )

    def worst(self, top: int, names: Sequence[str] | None) -> tuple[ClassFigures, ...]:
        """The ``top`` classes of largest one-vs-rest ECE among those that have rows."""
        rows = self.label.sum(axis=(0, 2))
        confidence = self.confidence.sum(axis=0)
        correct = self.correct.sum(axis=0)
        eces = self.eces()
        with_rows = np.flatnonzero(rows > 0)
        order = with_rows[np.argsort(-eces[with_rows], kind="stable")]
        return tuple(
            ClassFigures(
                index=int(k),
                name=names[k] if names else None,
                rows=float(rows[k]),
                accuracy=float(correct[k] / rows[k]),
                mean_confidence=float(confidence[k] / rows[k]),
                overconfidence=float((confidence[k] - correct[k]) / rows[k]),
                ece=float(eces[k]),
            )
            for k in order[:top]
        )

    def eces(self) -> Float64:
        """The one-vs-rest ECE of each class, ``(K,)``."""
        return _eces(self.probability.sum(axis=0), self.label.sum(axis=0), self.weight.sum())

    def leave_out(self) -> Float64:
        """``classwise_ece`` without each group that holds rows, ``(groups,)``."""
        held = np.flatnonzero(self.weight > 0)
        p, y, w = self.probability.sum(axis=0), self.label.sum(axis=0), self.weight.sum()
        return np.array(
            [
                float(
                    classwise_ece(
                        _eces(p - self.probability[g], y - self.label[g], w - self.weight[g])
                    )
                )
                for g in held
            ]
        )


def check_class_names(names: Sequence[str] | None, n_classes: int, where: str) -> None:
    """Raise InputError unless there is one name per class, or none at all."""
    if names is not None and len(names) != n_classes:
        raise InputError(f"{where}: expected {n_classes} names, one per class, found {len(names)}")


def _eces(probability: Float64, label: Float64, weight: float) -> Float64:
    return np.asarray(np.abs(label - probability).sum(axis=1) / weight)


def classwise_measurements(tables: tuple[ClassTable, ...]) -> list[Measurement]:
    """``classwise_ece`` before, after and change.

    The interval is that of the jackknife over 20 groups of rows, with its bias taken off.
    """
    values = [float(classwise_ece(table.eces())) for table in tables]
    parts = [table.leave_out() for table in tables]
    found = [_jackknife(v, part, 0.0) for v, part in zip(values, parts, strict=True)]
    if len(tables) == 2:
        found.append(_jackknife(values[1] - values[0], parts[1] - parts[0], -np.inf))
    return found


def _jackknife(value: float, left_out: Float64, lowest: float) -> Measurement:
    g = len(left_out)
    if g < GROUPS:
        return Measurement(value)
    centre = value - (g - 1) * (float(left_out.mean()) - value)
    error = float(np.sqrt((g - 1) / g * np.square(left_out - left_out.mean()).sum()))
    low, high = centre - STUDENT_95 * error, centre + STUDENT_95 * error
    return Measurement(value, min(value, max(lowest, low)), max(value, high))
