"""Do scores and labels belong together at all, or were the rows of one of them shuffled?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from calibrate.arrays import Float64
from calibrate.blocks.block import Block
from calibrate.blocks.passes import map_reduce
from calibrate.blocks.sums import RowSums, Sums, effective, jackknife, product
from calibrate.data.dataset import Dataset
from calibrate.results.report import Test

SCORES = 1 << 20  # looked at first; all of them only where these show nothing
FAR = 32.0  # gaps below the largest score beyond which masked classes and outliers are cut
UNRELATED = 0.01  # a p-value below which scores and labels belong together


@dataclass(frozen=True)
class Means(Sums):
    """The mean score and label of each class; of yes-no decisions, of each label.

    Attributes:
        weight: ``(columns,)`` the rows that weigh anything.
        scores, shares: ``(columns, K)`` the sums of z and q over these.
    """

    weight: Float64
    scores: Float64
    shares: Float64

    def of_rows(self, block: Block) -> tuple[Float64, Float64]:
        """Both for each row, ``(n, K)`` or ``(1, K)``."""
        weight = np.maximum(self.weight, 1e-300)[:, None]
        which = np.zeros(1, dtype=np.intp) if block.columns is None else block.columns
        return (self.scores / weight)[which], (self.shares / weight)[which]


@dataclass(frozen=True)
class MeansStep:
    """Adds up scores and labels over ``n_columns`` labels, measured in ``unit``."""

    n_columns: int
    unit: float

    def __call__(self, block: Block) -> Means:
        z, w = scaled_scores(block, self.unit), counting(block)
        q = np.zeros(z.shape)
        rows, classes, shares = block.entries()
        q[rows, classes] = shares
        columns = np.zeros(len(block), dtype=np.intp) if block.columns is None else block.columns
        n = self.n_columns

        def total(values: Float64) -> Float64:
            each = [np.bincount(columns, w * v, n) for v in values.T]
            return np.stack(each, axis=1).astype(np.float64)

        if n == 1:
            return Means(np.array([w.sum()]), product(w, z)[None], product(w, q)[None])
        return Means(np.bincount(columns, w, n).astype(np.float64), total(z), total(q))


@dataclass(frozen=True)
class RelationStep:
    """Adds up by part ``sum_k (z_k - mean z_k)(q_k - mean q_k)``, beside the weight."""

    means: Means
    unit: float

    def __call__(self, block: Block) -> RowSums:
        z = scaled_scores(block, self.unit)
        mean_z, mean_q = self.means.of_rows(block)
        z -= mean_z
        rows, classes, shares = block.entries()
        own = np.bincount(rows, shares * z[rows, classes], len(block))
        each = own - np.einsum("nk,nk->n", z, np.broadcast_to(mean_q, z.shape))
        return RowSums.from_columns([each], counting(block), block.part)


def relation(dataset: Dataset) -> Test:
    """Is the label's score higher than that of a label drawn without looking at the row?

    The mean over rows of ``sum_k (q_k - pi_k)(z_k - mean z_k)``, with q the label, pi the mean
    label and z the scores, is 0 for labels in any order that has nothing to do with the rows, also
    where classes are imbalanced: it is what permuting the labels leaves on average. Of multi-label
    models, within each label; rows count once, whatever they weigh. Scores are cut 32 typical gaps
    below the largest of the row.

    Reference: Hoeffding (1951), A combinatorial central limit theorem.
    """
    few = dataset.sample(max(256, SCORES // dataset.n_classes))
    found = _of(few)
    unsure = found.p_value is None or unrelated(found)
    return _of(dataset) if unsure and few.n_rows < dataset.n_rows else found


def unrelated(found: Test) -> bool:
    """Whether nothing shows that scores and labels belong together."""
    return found.p_value is not None and found.p_value >= UNRELATED


def _of(dataset: Dataset) -> Test:
    """One-sided: a p-value near 0 where scores and labels belong together."""
    from scipy.special import stdtr

    if not dataset.weight.any():
        return Test(None, None)
    # The unit is the median over rows of how far scores lie below the largest, on average.
    few = dataset.sample(256)
    z = few.read(0, few.n_rows).logits.astype(np.float64)
    with np.errstate(invalid="ignore", over="ignore"):
        below = z.max(axis=1, keepdims=True) - z
    known = np.isfinite(below)
    mean = np.where(known, below, 0.0).sum(axis=1) / np.maximum(known.sum(axis=1) - 1, 1)
    unit = float(np.median(mean)) or float(mean.max()) or 1.0
    means = map_reduce(dataset, MeansStep(dataset.layout.n_labels, unit))
    found = map_reduce(dataset, RelationStep(means, unit))
    weight, (each,), n_parts = found.weight, found.values, found.n_parts
    if n_parts < 2:
        return Test(None, None)
    centred = each - weight * (each.sum() / weight.sum())
    error = float(jackknife(centred, n_parts)) * n_parts / (n_parts - 1)
    if not error > 0:
        return Test(None, None)
    statistic = float(each.sum()) / error
    p = float(stdtr(max(effective(weight) - 1, 1.0), -statistic))
    return Test(statistic, p)


def counting(block: Block) -> Float64:
    """1 for each row that weighs anything: how much does not matter to whether it belongs there."""
    return (block.weight > 0).astype(np.float64)


def scaled_scores(block: Block, unit: float) -> Float64:
    """The scores below the largest of each row, in units, none farther than ``FAR``."""
    z = block.logits.astype(np.float64)
    with np.errstate(over="ignore"):
        z -= z.max(axis=1, keepdims=True)
        z /= unit
    return np.maximum(z, -FAR)
