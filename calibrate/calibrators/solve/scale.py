"""How far the scores of rows lie apart, and where the NLL leads at both ends of T."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from calibrate.arrays import Float64
from calibrate.blocks.block import Block
from calibrate.blocks.passes import map_reduce
from calibrate.blocks.softmax import target_scores
from calibrate.blocks.sums import GREATEST, Sums
from calibrate.data.dataset import Dataset

SMALLEST_GAP = 1e-303  # less is none: T and 1/T stay finite as far as T is searched
GAP_SCORES = 1 << 13  # scores looked at to find the scale of the logits


@dataclass(frozen=True, order=True)
class Against:
    """What a row adds to the slope at T = inf, its number, and how far below its largest score the
    label's lies."""

    pull: float
    row: int
    gap: float


@dataclass(frozen=True)
class EndSlopes(Sums):
    """The slope of the NLL in 1/T at both ends: ``max z - t`` for T = 0, ``mean z - t`` for inf.

    ``against`` is what the rows add to ``flat`` that pull it up, and ``worst`` the row that adds
    most.
    """

    sharp: float
    flat: float
    against: float
    worst: Against = field(metadata=GREATEST)


def end_slopes(block: Block) -> EndSlopes:
    z = block.logits.astype(np.float64)
    target = target_scores(z, block)
    gap = z.max(axis=1) - target
    possible = np.isfinite(z)
    below = (np.where(possible, z, 0.0) - target[:, None] * possible).sum(axis=1)
    flat = block.weight * below / possible.sum(axis=1)
    row = int(flat.argmax())
    return EndSlopes(
        float((block.weight * gap).sum()),
        float(flat.sum()),
        float(np.maximum(flat, 0.0).sum()),
        Against(float(flat[row]), block.start + row, float(gap[row])),
    )


def typical_gap(dataset: Dataset) -> float | None:
    """The median over rows of the gap between the largest score and the next; None if all tie.

    Masked classes, however many and by whatever number, are not among a row's best two.
    """
    rows = max(16, GAP_SCORES // dataset.n_classes)
    few = dataset.sample(rows)
    gaps = _gaps(few.read(0, min(rows, few.n_rows)))
    nearest = np.where(gaps > SMALLEST_GAP, gaps, np.inf).min(axis=1)
    nearest = nearest[np.isfinite(nearest)]
    return float(np.median(nearest)) if nearest.size else None


@dataclass(frozen=True)
class _LargestGap(Sums):
    value: float = field(metadata=GREATEST)

    @staticmethod
    def of(block: Block) -> _LargestGap:
        gaps = _gaps(block)
        return _LargestGap(float(np.max(gaps, where=np.isfinite(gaps), initial=0.0)))


def largest_gap(dataset: Dataset) -> float | None:
    """The largest gap of all rows, for data whose sampled rows are constant."""
    found = map_reduce(dataset, _LargestGap.of).value
    return found if found > SMALLEST_GAP else None


def _gaps(block: Block) -> Float64:
    """How far each score lies below the largest of its row."""
    z = block.logits.astype(np.float64)
    with np.errstate(over="ignore"):
        return np.asarray(z.max(axis=1, keepdims=True) - z)
