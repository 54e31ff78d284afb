"""The CORP reliability curve: accuracy as an isotonic function of confidence."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from calibrate.arrays import Float64, Index
from calibrate.blocks.ordered import Ordered
from calibrate.blocks.parts import PARTS
from calibrate.metrics.totals import KeptRows
from calibrate.results.corp import CorpReliability
from calibrate.results.measurement import Sides, sides_of

SAMPLES = 250  # calibrated models behind the band
RUNS = 400  # confidences are taken together in so many runs of equal weight,
STEPS = 400  # cut where they pass one of so many even steps,
ALONE = 50  # but for the first and the last ones: the ends of the curve are made by few rows
POINTS = 100  # shown: evenly spread ones, and as many ends of level stretches
HISTOGRAM = 50
LOCAL = 20  # stretches of confidence within which rows may stand and fall together


def corp_reliability(kept: KeptRows, seed: int, *, alone: bool = True) -> Sides[CorpReliability]:
    """The isotonic regression of correctness on confidence, before and after, with its band.

    Where a calibrated model would be: correctness is drawn 250 times from the confidences, fitted
    anew each time, and 95 % of these fits taken at each confidence (a consistency band). In cells
    of rows of nearly the same confidence the draws are binomial, of as many rows as have the
    variance of the weighted ones; where rows belong together, they are spread out further. Of
    yes-no decisions, all this of the probability of yes. Reference: Dimitriadis, Gneiting & Jordan
    (2021), Stable reliability diagrams for probabilistic classifiers. ``alone``: whether each row
    is independent of all others.
    """
    kept = kept.of_yes
    return sides_of([_of_side(kept, side, seed, alone) for side in range(len(kept.confidences))])


def _of_side(kept: KeptRows, side: int, seed: int, alone: bool) -> CorpReliability:
    levels = kept.ordered[side]
    some = levels.weight > 0
    levels = Ordered(levels.confidence[some], levels.weight[some], levels.correct[some])
    fit, starts = _isotonic(levels.correct / levels.weight, levels.weight)
    shown = _shown(levels.confidence, starts)
    cells = _Cells.of(kept, side, levels, None if alone else kept.part)
    low, high = np.quantile(cells.fits(SAMPLES, seed), [0.025, 0.975], axis=0)
    points, edges = levels.confidence[shown], np.linspace(0.0, 1.0, HISTOGRAM + 1)
    share, _ = np.histogram(levels.confidence, edges, weights=levels.weight / levels.total)
    right = float(levels.correct.sum() / levels.total)
    c, a, w = levels.confidence, levels.correct, levels.weight
    score = float(np.sum(w * c**2 - 2 * c * a + a) / levels.total)  # soft labels count as draws
    refined = float(np.sum(w * fit**2 - 2 * fit * a + a) / levels.total)
    return CorpReliability(
        confidence=tuple(points.tolist()),
        accuracy=tuple(fit[shown].tolist()),
        consistency_low=tuple(np.interp(points, cells.confidence, low).tolist()),
        consistency_high=tuple(np.interp(points, cells.confidence, high).tolist()),
        edges=tuple(edges.tolist()),
        share=tuple(share.tolist()),
        miscalibration=score - refined,
        discrimination=right * (1 - right) - refined,
        uncertainty=right * (1 - right),
    )


def _isotonic(mean: Float64, weight: Float64) -> tuple[Float64, Index]:
    """The regression, and where its level stretches start."""
    from scipy.optimize import isotonic_regression

    found = isotonic_regression(mean, weights=weight)
    return found.x, found.blocks[:-1]


def _shown(confidence: Float64, starts: Index) -> Index:
    """Which levels to show: evenly spread over their range, and the ends of level stretches."""
    even = np.linspace(confidence[0], confidence[-1], POINTS)
    ends = np.unique(np.concatenate([starts, starts[1:] - 1, [len(confidence) - 1]]))
    chosen = np.unique(np.linspace(0, len(ends) - 1, min(len(ends), POINTS)).astype(np.intp))
    nearest = np.minimum(np.searchsorted(confidence, even), len(confidence) - 1)
    return np.unique(np.concatenate([nearest, ends[chosen]]))


@dataclass(frozen=True)
class _Cells:
    """Neighbouring levels taken together.

    Attributes:
        confidence: the mean of each cell, ascending.
        weight: of each.
        rows: how many rows of equal weight have the variance of those of the cell.
        together: how many times that variance grows as rows belong together.
    """

    confidence: Float64
    weight: Float64
    rows: Float64
    together: float

    @staticmethod
    def of(kept: KeptRows, side: int, levels: Ordered, part: Index | None) -> _Cells:
        confidence, weight = kept.confidences[side], kept.weight
        cell = _cell_of(levels)
        n = int(cell[-1]) + 1
        total = np.bincount(cell, levels.weight, n).astype(np.float64)
        mean = np.bincount(cell, levels.weight * levels.confidence, n) / total
        first = levels.confidence[np.flatnonzero(np.diff(cell, prepend=-1))]
        own = np.maximum(np.searchsorted(first, confidence, side="right") - 1, 0)
        square = np.bincount(own, np.square(weight), n).astype(np.float64)
        together = _together(kept.corrects[side] - confidence, weight, own, part)
        rows = np.maximum(np.square(total) / square, 1.0)
        return _Cells(np.clip(mean, 0.0, 1.0), total, rows, together)

    def fits(self, samples: int, seed: int) -> Float64:
        """The regressions of calibrated models with these confidences, ``(samples, cells)``."""
        rng = np.random.default_rng([seed, 2])
        fewer = np.floor(self.rows + 1e-9)
        often = fewer * ((fewer + 1) / self.rows - 1)  # so that 1/rows comes out in the mean
        extra = rng.random((len(self.rows), samples)) >= often[:, None]
        rows = fewer[:, None].astype(np.int64) + extra  # cells first: equal draws in a row are fast
        c = self.confidence[:, None]
        drawn = c + np.sqrt(self.together) * (rng.binomial(rows, c) / rows - c)
        each = np.ascontiguousarray(drawn.T)
        return np.clip([_isotonic(one, self.weight)[0] for one in each], 0.0, 1.0)


def _cell_of(levels: Ordered) -> Index:
    """The number of the cell of each level, from 0; about a thousand cells at most."""
    n = len(levels.confidence)
    before = np.cumsum(levels.weight) - levels.weight / 2
    run = (before * (RUNS / levels.total)).astype(np.intp)
    step = (levels.confidence * STEPS).astype(np.intp)
    index = np.arange(n)
    alone = np.minimum(index, n - 1 - index) < ALONE
    new: npt.NDArray[np.bool_] = (np.diff(run, prepend=-1) != 0) | (np.diff(step, prepend=-1) != 0)
    new |= alone | np.concatenate([[True], alone[:-1]])
    return np.asarray(np.cumsum(new) - 1, dtype=np.intp)


def _together(gap: Float64, weight: Float64, cell: Index, part: Index | None) -> float:
    """How many times the variance of sums of gaps grows as rows belong together; 1 or more.

    ``sum (sum w r of a part in a stretch of confidence)² / sum (w r)²``, r the gap beyond the mean
    one of its stretch.
    """
    if part is None:
        return 1.0
    stretch = cell * LOCAL // (int(cell.max()) + 1)
    total = np.bincount(stretch, weight, LOCAL)
    mean = np.bincount(stretch, weight * gap, LOCAL) / np.where(total > 0, total, 1.0)
    residual = weight * (gap - mean[stretch])
    square = float(np.square(residual).sum())
    sums = np.bincount(part * LOCAL + stretch, residual, PARTS * LOCAL)
    return max(1.0, float(np.square(sums).sum()) / square) if square else 1.0
