"""One-vs-rest calibration of every class, from tables that add up over blocks."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from calibrate.arrays import Float64, FloatArray
from calibrate.blocks.bins import bin_index
from calibrate.blocks.block import Block
from calibrate.blocks.sums import SAME, CellSums, Sums, product


@dataclass(frozen=True)
class ClassTable(Sums):
    """Sums per class and probability bin.

    Most probabilities fall into the first bin: only those beyond it are looked at one by one, and
    the first bin gets what is left of the sums of the columns.

    Attributes:
        shape: ``(K, b)``.
        n_rows: how many rows weigh anything.
        weight: of all rows.
        column: ``(K,)`` the sums of the probability of the class.
        cells: per (K, b): the label and, beyond the first bin, the probability and the weight of
            the rows whose probability of the class falls into the bin.
        rows: ``(K,)`` the weight of the rows whose label is the class.
    """

    shape: tuple[int, int] = field(metadata=SAME)
    n_rows: int
    weight: float
    column: Float64
    cells: CellSums
    rows: Float64

    @staticmethod
    def from_probabilities(p: FloatArray, block: Block, edges: Float64) -> ClassTable:
        """The table of one block, from its ``(n, K)`` probabilities."""
        shape, w = (p.shape[1], len(edges) - 1), block.weight
        labelled, label, share = block.entries()
        share = share * w[labelled]
        own = p[labelled, label].astype(np.float64)
        flat = p.reshape(-1)
        beyond = np.flatnonzero(flat > edges[1])  # the others are in the first bin
        rows, classes = np.divmod(beyond, shape[0])
        high = flat[beyond].astype(np.float64)
        values = np.zeros((3, len(label) + len(rows)))
        values[0, : len(label)] = share
        values[1, len(label) :] = high * w[rows]
        values[2, len(label) :] = w[rows]

        bins = bin_index(np.concatenate([own, high]), edges)
        cells = np.concatenate([label, classes]) * shape[1] + bins
        sums = CellSums(shape[0] * shape[1], cells, values)
        column = p.sum(axis=0, dtype=np.float64) if block.weights is None else product(w, p)
        return ClassTable(
            shape=shape,
            n_rows=int(np.count_nonzero(w)),
            weight=float(w.sum()),
            column=column,
            cells=sums.compact() if len(cells) > sums.n_cells else sums,
            rows=np.bincount(label, share, minlength=shape[0]).astype(np.float64),
        )

    @cached_property
    def sums(self) -> tuple[Float64, Float64, Float64]:
        """``(K, b)`` each: the weight of the rows with this label and a probability in the bin, the
        sums of the probabilities in the bin, and the weight of the rows with these.
        """
        label, probability, inside = self.cells.total().reshape(3, *self.shape)
        probability[:, 0] = np.maximum(self.column - probability.sum(axis=1), 0.0)
        inside[:, 0] = self.weight - inside.sum(axis=1)
        return label, probability, inside

    def eces(self) -> Float64:
        """The one-vs-rest ECE of each class, ``(K,)``."""
        label, probability, _ = self.sums
        return np.asarray(np.abs(label - probability).sum(axis=1) / self.weight)
