"""One-vs-rest calibration of every class, from tables that add up over blocks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from calibrate.batch import Batch, FloatArray, IntArray
from calibrate.bins import BinTable, Float64, bin_index
from calibrate.errors import InputError, check_known
from calibrate.gap_intervals import Gaps, gap_intervals
from calibrate.metrics import classwise_ece
from calibrate.report import ClassFigures, ClassReliability, Measurement, Reliability

GROUPS = 20  # of rows, for the standard error; one, and no interval, for very many classes
MANY_CLASSES = 2_000
MOST_SHOWN = 9
NOISE_OF_MANY = 3.0  # standard errors up to which one of many gaps may be noise
STUDENT_95 = 2.093024054408263  # of 19 degrees of freedom


class HowToShow(Protocol):
    @property
    def classes(self) -> tuple[int, ...] | None: ...

    @property
    def class_names(self) -> tuple[str, ...] | None: ...


@dataclass(frozen=True)
class ClassTable:
    """Sums per group of rows, class and probability bin: row r belongs to group r mod 20.

    Attributes:
        weight: ``(g,)`` the weight of all rows of a group.
        probability: ``(g, K, b)`` sums of the probability of the class over the rows whose
            probability of it falls into the bin.
        label: ``(g, K, b)`` the weight of those rows whose label it is.
        inside: ``(K, b)`` the weight of all those rows.
        confidence, correct: ``(g, K)`` sums over the rows whose label is the class.
    """

    weight: Float64
    probability: Float64
    label: Float64
    inside: Float64
    confidence: Float64
    correct: Float64

    def __add__(self, other: ClassTable) -> ClassTable:
        return ClassTable(
            self.weight + other.weight,
            self.probability + other.probability,
            self.label + other.label,
            self.inside + other.inside,
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
        bins = bin_index(high, edges)
        probability = total(rows, classes, bins, high * w[rows])
        for g in range(groups):
            those = slice((g - start) % groups, None, groups)
            column = p[those].sum(axis=0) if weights is None else w[those] @ p[those]
            probability[g, :, 0] = np.maximum(column - probability[g].sum(axis=1), 0.0)
        inside = np.bincount(
            classes * n_bins + bins, w[rows], minlength=n_classes * n_bins
        ).reshape(shape[1:])
        inside[:, 0] = w.sum() - inside.sum(axis=1)
        everyone = np.arange(n)
        own = p[everyone, labels].astype(np.float64)
        by_label = group * n_classes + labels
        return ClassTable(
            weight=np.bincount(group, w, minlength=groups).astype(np.float64),
            probability=probability,
            label=total(everyone, labels, bin_index(own, edges), w),
            inside=inside,
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
        gaps = np.abs(self.label.sum(axis=0) - self.probability.sum(axis=0))
        return np.asarray(gaps.sum(axis=1) / self.weight.sum())

    def slopes(self) -> Float64:
        """What each group of rows adds to the linearised sum of gaps, ``(g,)``."""
        gaps = self.label - self.probability
        return np.asarray((np.sign(gaps.sum(axis=0)) * gaps).sum(axis=(1, 2)))


def class_reliability(
    tables: Sequence[ClassTable], edges: Float64, settings: HowToShow
) -> list[tuple[ClassReliability, ...]]:
    """Probability against frequency of the classes asked for, or of the most frequent ones."""
    rows = tables[0].label.sum(axis=(0, 2))
    chosen = settings.classes
    if chosen is None:
        frequent = np.argsort(-rows, kind="stable")[:MOST_SHOWN]
        chosen = tuple(int(k) for k in frequent if rows[k] > 0)
    names = settings.class_names

    def shown(table: ClassTable, k: int) -> ClassReliability:
        probability, label = table.probability[:, k].sum(axis=0), table.label[:, k].sum(axis=0)
        bins = BinTable(edges, table.inside[k], probability, label)
        name, ece = names[k] if names else None, float(table.eces()[k])
        return ClassReliability(k, name, float(rows[k]), ece, Reliability.of(bins))

    return [tuple(shown(table, k) for k in chosen) for table in tables]


def class_numbers(chosen: str | None, names: Sequence[str] | None) -> tuple[int, ...] | None:
    """The numbers of classes given by name or number, with commas; None for None.

    Raises:
        InputError: a name is not among ``names``, or a number is none.
    """
    if chosen is None:
        return None
    found = []
    for each in chosen.split(","):
        if names is not None and each in names:
            found.append(list(names).index(each))
        elif each.strip().isdecimal():
            found.append(int(each))
        else:
            check_known("classes", [each], names or ("numbers from 0",))
    return tuple(found)


def check_class_names(names: Sequence[str] | None, n_classes: int, where: str) -> None:
    """Raise InputError unless there is one name per class, or none at all."""
    if names is not None and len(names) != n_classes:
        raise InputError(f"{where}: expected {n_classes} names, one per class, found {len(names)}")


def check_classes_shown(classes: Sequence[int] | None, n_classes: int) -> None:
    """Raise InputError for the number of a class that does not exist."""
    for number in classes or ():
        if not 0 <= number < n_classes:
            raise InputError(f"classes: expected numbers from 0 to {n_classes - 1}, got {number}")


def classwise_measurements(
    tables: tuple[ClassTable, ...], rows_per_weight: float
) -> list[Measurement]:
    """``classwise_ece`` before, after and change.

    Its interval is that of a sum of absolute gaps, one per class and bin; the standard error comes
    from the spread over groups of rows.
    """
    values = [float(classwise_ece(table.eces())) for table in tables]
    weight = tables[0].weight
    if np.count_nonzero(weight) < GROUPS:
        return [Measurement(value) for value in (*values, *np.diff(values).tolist())]
    n_classes = len(tables[0].inside)
    terms = weight.sum() * n_classes
    sides = [
        Gaps.of(
            table.label.sum(axis=0) * rows_per_weight,
            table.probability.sum(axis=0) * rows_per_weight,
            table.inside * rows_per_weight,
            NOISE_OF_MANY,
        ).over(terms * rows_per_weight)
        for table in tables
    ]
    slopes = [table.slopes() for table in tables]
    if len(slopes) == 2:
        slopes.append(slopes[1] - slopes[0])
    return gap_intervals(sides, [_width(each, weight) / n_classes for each in slopes])


def _width(slopes: Float64, weight: Float64) -> float:
    """Half of the 95 % interval of ``sum slopes / sum weight``, from groups."""
    centred = slopes - weight * slopes.sum() / weight.sum()
    error = np.sqrt(GROUPS / (GROUPS - 1) * np.square(centred).sum()) / weight.sum()
    return float(STUDENT_95 * error)
