"""One-vs-rest calibration of every class, from tables that add up over blocks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import prod
from typing import Protocol

import numpy as np

from calibrate.blocks.bins import BinTable, Float64, bin_index
from calibrate.blocks.block import Block, Index, label_entries
from calibrate.blocks.cell_sums import CellSums
from calibrate.blocks.predictions import Predictions
from calibrate.errors import InputError, check_known
from calibrate.metrics.intervals.gaps import NOISE, Gaps, gap_intervals
from calibrate.results.report import ClassFigures, ClassReliability, Measurement, Reliability

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

    Most probabilities fall into the first bin: only those beyond it are looked at one by one, and
    the first bin gets what is left of the sums of the columns.

    Attributes:
        shape: ``(g, K, b)``.
        weight: ``(g,)`` the weight of all rows of a group.
        column: ``(g, K)`` the sums of the probability of the class over the rows of a group.
        cells: per (g, K, b): the label and, beyond the first bin, the probability and the weight
            of the rows whose probability of the class falls into the bin.
        rows, confidence, correct: ``(K,)`` the weight of the rows whose label is the class, and
            sums over them.
    """

    shape: tuple[int, int, int]
    weight: Float64
    column: Float64
    cells: CellSums
    rows: Float64
    confidence: Float64
    correct: Float64

    def __add__(self, other: ClassTable) -> ClassTable:
        return ClassTable(
            self.shape,
            self.weight + other.weight,
            self.column + other.column,
            self.cells + other.cells,
            self.rows + other.rows,
            self.confidence + other.confidence,
            self.correct + other.correct,
        )

    @staticmethod
    def of(side: Predictions, block: Block, edges: Float64) -> ClassTable:
        """The table of one block, from its probabilities and what came of its rows."""
        p = side.probabilities
        assert p is not None
        n, n_classes = p.shape
        groups = GROUPS if n_classes <= MANY_CLASSES else 1
        shape = groups, n_classes, len(edges) - 1
        examples = block.start + np.arange(n) if block.clusters is None else block.clusters
        group = examples % groups
        w = np.ones(n) if block.weights is None else block.weights

        def by_class(classes: Index, values: Float64) -> Float64:
            return np.bincount(classes, values, minlength=n_classes).astype(np.float64)

        def cells_of(rows: Index, classes: Index, probability: Float64) -> Index:
            bins = bin_index(probability, edges)
            return np.asarray((group[rows] * n_classes + classes) * shape[2] + bins)

        column = np.empty(shape[:2])
        for g in range(groups):
            those: slice | Index = slice((g - block.start) % groups, None, groups)
            if block.clusters is not None:
                those = np.flatnonzero(group == g)
            column[g] = p[those].sum(axis=0) if block.weights is None else w[those] @ p[those]
        flat = p.reshape(-1)
        beyond = np.flatnonzero(flat > edges[1])
        high = flat[beyond].astype(np.float64)
        rows, classes = np.divmod(beyond, n_classes)
        labelled, label, share = label_entries(block)
        share = share * w[labelled]
        own = p[labelled, label].astype(np.float64)
        values = np.zeros((3, len(label) + len(beyond)))
        values[0, : len(label)] = share
        values[1, len(label) :] = high * w[rows]
        values[2, len(label) :] = w[rows]
        cells = np.concatenate([cells_of(labelled, label, own), cells_of(rows, classes, high)])
        sums = CellSums(prod(shape), cells, values)
        return ClassTable(
            shape=shape,
            weight=np.bincount(group, w, minlength=groups).astype(np.float64),
            column=column,
            cells=sums.compact() if len(cells) > sums.n_cells else sums,
            rows=by_class(label, share),
            confidence=by_class(label, share * side.confidence[labelled]),
            correct=by_class(label, share * side.correct[labelled]),
        )

    @cached_property
    def sums(self) -> tuple[Float64, Float64, Float64]:
        """Label, probability and weight per cell, ``(g, K, b)`` each."""
        label, probability, inside = self.cells.total().reshape(3, *self.shape)
        probability[..., 0] = np.maximum(self.column - probability.sum(axis=2), 0.0)
        inside[..., 0] = self.weight[:, None] - inside.sum(axis=2)
        return label, probability, inside

    @property
    def label(self) -> Float64:
        """``(K, b)`` the weight of the rows with this label and a probability in the bin."""
        return np.asarray(self.sums[0].sum(axis=0))

    @property
    def probability(self) -> Float64:
        """``(K, b)`` the sums of the probabilities in the bin."""
        return np.asarray(self.sums[1].sum(axis=0))

    @property
    def inside(self) -> Float64:
        """``(K, b)`` the weight of the rows whose probability of the class is in the bin."""
        return np.asarray(self.sums[2].sum(axis=0))

    def worst(self, top: int, names: Sequence[str] | None) -> tuple[ClassFigures, ...]:
        """The ``top`` classes of largest one-vs-rest ECE among those that have rows."""
        rows, confidence, correct = self.rows, self.confidence, self.correct
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
        return np.asarray(np.abs(self.label - self.probability).sum(axis=1) / self.weight.sum())

    def slopes(self, classes: slice) -> Float64:
        """What each group of rows adds to the linearised sum of gaps of classes, ``(g,)``."""
        gap = (self.sums[0] - self.sums[1])[:, classes]
        return np.asarray((np.sign(gap.sum(axis=0)) * gap).sum(axis=(1, 2)))


def class_reliability(
    tables: Sequence[ClassTable], edges: Float64, rows_per_weight: float, settings: HowToShow
) -> list[tuple[ClassReliability, ...]]:
    """Probability against frequency of the classes asked for, or of the most frequent ones."""
    rows = tables[0].rows
    chosen = settings.classes
    if chosen is None:
        frequent = np.argsort(-rows, kind="stable")[:MOST_SHOWN]
        chosen = tuple(int(k) for k in frequent if rows[k] > 0)
    names = settings.class_names

    def shown(table: ClassTable) -> tuple[ClassReliability, ...]:
        inside, probability, label = table.inside, table.probability, table.label
        eces, unit = table.eces(), rows_per_weight
        return tuple(
            ClassReliability(
                index=k,
                name=names[k] if names else None,
                rows=float(rows[k]),
                ece=float(eces[k]),
                table=_with_band(BinTable(edges, inside[k], probability[k], label[k]), unit),
            )
            for k in chosen
        )

    return [shown(table) for table in tables]


def _with_band(table: BinTable, rows_per_weight: float) -> Reliability:
    """The table with where 95 % of calibrated models would be: quantiles of the binomial."""
    from scipy.special import bdtrik

    rows = np.maximum(table.weight * rows_per_weight, 1.0)
    p = np.clip(table.confidence, 1e-12, 1 - 1e-12)
    low, high = (np.clip(np.nan_to_num(bdtrik(q, rows, p)) / rows, 0, 1) for q in (0.025, 0.975))
    some = (table.weight > 0).tolist()

    def known(values: Float64) -> tuple[float | None, ...]:
        return tuple(v if s else None for v, s in zip(values.tolist(), some, strict=True))

    plain = Reliability.of(table)
    return replace(plain, consistency_low=known(low), consistency_high=known(high))


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
    """``classwise_ece`` before, after and change."""
    return _measured(tables, slice(None), rows_per_weight)


def positive_measurements(
    tables: tuple[ClassTable, ...], rows_per_weight: float
) -> list[Measurement]:
    """``positive_ece`` before, after and change, of yes-no decisions."""
    return _measured(tables, slice(1, 2), rows_per_weight)


def _measured(
    tables: tuple[ClassTable, ...], classes: slice, rows_per_weight: float
) -> list[Measurement]:
    """The mean one-vs-rest ECE of some classes.

    Its interval is that of a sum of absolute gaps, one per class and bin; the standard error comes
    from the spread over groups of rows.
    """
    weight = tables[0].weight
    count = len(range(*classes.indices(tables[0].shape[1])))
    terms, noise = weight.sum() * count, NOISE_OF_MANY if count > 1 else NOISE
    sides = [
        Gaps.of(
            table.label[classes] * rows_per_weight,
            table.probability[classes] * rows_per_weight,
            table.inside[classes] * rows_per_weight,
            noise,
        ).over(terms * rows_per_weight)
        for table in tables
    ]
    if np.count_nonzero(weight) < GROUPS:
        values = [side.value for side in sides]
        return [Measurement(float(value)) for value in (*values, *np.diff(values))]
    slopes = [table.slopes(classes) for table in tables]
    if len(slopes) == 2:
        slopes.append(slopes[1] - slopes[0])
    return gap_intervals(sides, [_width(each, weight) / count for each in slopes])


def _width(slopes: Float64, weight: Float64) -> float:
    """Half of the 95 % interval of ``sum slopes / sum weight``, from groups."""
    centred = slopes - weight * slopes.sum() / weight.sum()
    error = np.sqrt(GROUPS / (GROUPS - 1) * np.square(centred).sum()) / weight.sum()
    return float(STUDENT_95 * error)
