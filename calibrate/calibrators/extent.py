"""How far the scores of rows lie apart, and where the NLL leads at both ends of T."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from calibrate.batch import Batch
from calibrate.blocks import map_reduce
from calibrate.softmax import target_scores
from calibrate.source import Source

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


def end_slopes(batch: Batch) -> EndSlopes:
    z = batch.logits.astype(np.float64)
    target = target_scores(z, batch)
    gap = z.max(axis=1) - target
    possible = np.isfinite(z)
    below = (np.where(possible, z, 0.0) - target[:, None] * possible).sum(axis=1)
    weights = np.ones(len(z)) if batch.weights is None else batch.weights
    flat = weights * below / possible.sum(axis=1)
    row = int(flat.argmax())
    return EndSlopes(
        float((weights * gap).sum()),
        float(flat.sum()),
        float(np.maximum(flat, 0.0).sum()),
        float(flat[row]),
        batch.start + row,
        float(gap[row]),
    )


def typical_gap(source: Source) -> float | None:
    """The median over rows of the gap between the largest score and the next; None if all tie.

    Masked classes, however many and by whatever number, are not among a row's best two.
    """
    rows = max(16, GAP_SCORES // source.n_classes)
    few = source.sample(rows)
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


def largest_gap(source: Source, workers: int | None) -> float | None:
    """The largest gap of all rows, for data whose sampled rows are constant."""

    def step(batch: Batch) -> _LargestGap:
        z = batch.logits.astype(np.float64)
        with np.errstate(over="ignore"):
            gaps = z.max(axis=1, keepdims=True) - z
        return _LargestGap(float(np.max(gaps, where=np.isfinite(gaps), initial=0.0)))

    return map_reduce(source, step, workers).value or None
