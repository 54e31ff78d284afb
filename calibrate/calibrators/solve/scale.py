"""How far the scores of rows lie apart, and where the NLL leads at both ends of T."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from calibrate.blocks.block import Block
from calibrate.blocks.passes import map_reduce
from calibrate.blocks.softmax import target_scores
from calibrate.data.dataset import Dataset

GAP_SCORES = 1 << 13  # scores looked at to find the scale of the logits


@dataclass(frozen=True)
class EndSlopes:
    """The slope of the NLL in 1/T at both ends: ``max z - t`` for T = 0, ``mean z - t`` for inf.

    ``against`` is what the rows add to ``flat`` that pull it up, and ``worst`` the most that one
    row adds: row number ``row``, whose label's score lies ``gap`` below its largest.
    """

    sharp: float
    flat: float
    against: float
    worst: float
    row: int
    gap: float

    def __add__(self, other: EndSlopes) -> EndSlopes:
        worse = self if self.worst >= other.worst else other
        return EndSlopes(
            self.sharp + other.sharp,
            self.flat + other.flat,
            self.against + other.against,
            worse.worst,
            worse.row,
            worse.gap,
        )


def end_slopes(block: Block) -> EndSlopes:
    z = block.logits.astype(np.float64)
    target = target_scores(z, block)
    gap = z.max(axis=1) - target
    possible = np.isfinite(z)
    below = (np.where(possible, z, 0.0) - target[:, None] * possible).sum(axis=1)
    weights = np.ones(len(z)) if block.weights is None else block.weights
    flat = weights * below / possible.sum(axis=1)
    row = int(flat.argmax())
    return EndSlopes(
        float((weights * gap).sum()),
        float(flat.sum()),
        float(np.maximum(flat, 0.0).sum()),
        float(flat[row]),
        block.start + row,
        float(gap[row]),
    )


def typical_gap(dataset: Dataset) -> float | None:
    """The median over rows of the gap between the largest score and the next; None if all tie.

    Masked classes, however many and by whatever number, are not among a row's best two.
    """
    rows = max(16, GAP_SCORES // dataset.n_classes)
    few = dataset.sample(rows)
    z = few.read(0, min(rows, few.n_rows)).logits.astype(np.float64)
    with np.errstate(over="ignore"):
        gaps = z.max(axis=1, keepdims=True) - z
    nearest = np.where(gaps > 0, gaps, np.inf).min(axis=1)
    nearest = nearest[np.isfinite(nearest)]
    return float(np.median(nearest)) if nearest.size else None


@dataclass(frozen=True)
class _LargestGap:
    value: float

    def __add__(self, other: _LargestGap) -> _LargestGap:
        return _LargestGap(max(self.value, other.value))


def largest_gap(dataset: Dataset, workers: int | None) -> float | None:
    """The largest gap of all rows, for data whose sampled rows are constant."""

    def step(block: Block) -> _LargestGap:
        z = block.logits.astype(np.float64)
        with np.errstate(over="ignore"):
            gaps = z.max(axis=1, keepdims=True) - z
        return _LargestGap(float(np.max(gaps, where=np.isfinite(gaps), initial=0.0)))

    return map_reduce(dataset, step, workers).value or None
