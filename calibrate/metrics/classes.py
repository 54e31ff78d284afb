"""One-vs-rest calibration of every class, from tables that add up over blocks."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from math import prod

import numpy as np

from calibrate.arrays import Float64, FloatArray, Index
from calibrate.blocks.bins import bin_index
from calibrate.blocks.block import Block
from calibrate.blocks.sums import SAME, CellSums, Sums, product

GROUPS = 20  # of rows, for the standard error; one, and no interval, for very many classes
MANY_CLASSES = 2_000


@dataclass(frozen=True)
class ClassTable(Sums):
    """Sums per group of rows, class and probability bin: row r belongs to group r mod 20.

    Most probabilities fall into the first bin: only those beyond it are looked at one by one, and
    the first bin gets what is left of the sums of the columns.

    Attributes:
        shape: ``(g, K, b)``.
        n_rows: how many rows weigh anything.
        weight: ``(g,)`` the weight of all rows of a group.
        column: ``(g, K)`` the sums of the probability of the class over the rows of a group.
        cells: per (g, K, b): the label and, beyond the first bin, the probability and the weight
            of the rows whose probability of the class falls into the bin.
        rows: ``(K,)`` the weight of the rows whose label is the class.
    """

    shape: tuple[int, int, int] = field(metadata=SAME)
    n_rows: int
    weight: Float64
    column: Float64
    cells: CellSums
    rows: Float64

    @staticmethod
    def from_probabilities(p: FloatArray, block: Block, edges: Float64) -> ClassTable:
        """The table of one block, from its ``(n, K)`` probabilities ."""
        n, n_classes = p.shape
        groups = GROUPS if n_classes <= MANY_CLASSES else 1
        shape = groups, n_classes, len(edges) - 1
        units = block.start + np.arange(n) if block.units is None else block.units
        group, w = units % groups, block.weight
        labelled, label, share = block.entries()
        share = share * w[labelled]
        own = p[labelled, label].astype(np.float64)
        flat = p.reshape(-1)
        beyond = np.flatnonzero(flat > edges[1])  # the others are in the first bin
        rows, classes = np.divmod(beyond, n_classes)
        high = flat[beyond].astype(np.float64)
        values = np.zeros((3, len(label) + len(rows)))
        values[0, : len(label)] = share
        values[1, len(label) :] = high * w[rows]
        values[2, len(label) :] = w[rows]

        def cells_of(rows: Index, classes: Index, probability: Float64) -> Index:
            bins = bin_index(probability, edges)
            return np.asarray((group[rows] * n_classes + classes) * shape[2] + bins)

        cells = np.concatenate([cells_of(labelled, label, own), cells_of(rows, classes, high)])
        sums = CellSums(prod(shape), cells, values)
        return ClassTable(
            shape=shape,
            n_rows=int(np.count_nonzero(w)),
            weight=np.bincount(group, w, minlength=groups).astype(np.float64),
            column=_column_sums(p, block, group, groups),
            cells=sums.compact() if len(cells) > sums.n_cells else sums,
            rows=np.bincount(label, share, minlength=n_classes).astype(np.float64),
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

    def eces(self) -> Float64:
        """The one-vs-rest ECE of each class, ``(K,)``."""
        return np.asarray(np.abs(self.label - self.probability).sum(axis=1) / self.weight.sum())

    def slopes(self, classes: slice) -> Float64:
        """What each group of rows adds to the linearised sum of gaps of classes, ``(g,)``."""
        gap = (self.sums[0] - self.sums[1])[:, classes]
        return np.asarray((np.sign(gap.sum(axis=0)) * gap).sum(axis=(1, 2)))


def _column_sums(p: FloatArray, block: Block, group: Index, groups: int) -> Float64:
    """The weighted sums of each column over the rows of each group, ``(g, K)``."""
    column = np.empty((groups, p.shape[1]))
    for g in range(groups):
        those: slice | Index = slice((g - block.start) % groups, None, groups)
        if block.units is not None:
            those = np.flatnonzero(group == g)
        if block.weights is not None:
            column[g] = product(block.weight[those], p[those])
        elif block.units is None:
            column[g] = p[those].sum(axis=0)  # several times as fast as a product
        else:  # a copy row by row, which numpy adds up one after the other
            column[g] = p[those].sum(axis=0, dtype=np.float64)
    return column
