"""Figures from the confidences in order."""

from __future__ import annotations

import numpy as np

from calibrate.arrays import Float64, Index
from calibrate.blocks.bins import Levels
from calibrate.metrics.registry import Interval, Over, metric

GRID = 1024  # intervals of [0, 1] between whose ends smooth_ece shares out the confidences
PER_BANDWIDTH = 32  # intervals that a bandwidth should span while it is looked for
NARROWEST = 1e-3  # the least bandwidth of smooth_ece


@metric(
    Over.ORDERED,
    Interval.BOOTSTRAP,
    lower_is_better=True,
    measures_error=True,
    without=("change",),
    reference="Blasiok & Nakkiran (2023), Smooth ECE: principled reliability diagrams",
)
def smooth_ece(levels: Levels) -> Float64:
    """``∫ |smoothed (confidence - correctness)|`` under a reflected Gaussian kernel. In [0, 1].

    The bandwidth sigma is where the figure equals sigma: the figure falls as sigma grows. The
    integral is the sum over a mesh that includes 0 and 1, as in the authors' package relplot.
    """
    residual, weight = (_spectrum(levels, each) for each in (levels.residual, levels.weight))

    def at(sigma: Float64, grid: int) -> Float64:
        return np.asarray(_mass(residual, sigma, grid) / _whole(weight, sigma, grid))

    low, high = np.zeros(levels.total.shape), np.ones(levels.total.shape)
    for _ in range(10):
        middle = (low + high) / 2
        wide_enough = (middle >= NARROWEST) & (middle >= at(middle, _fine_enough(middle)))
        high, low = np.where(wide_enough, middle, high), np.where(wide_enough, low, middle)
    return at(high, GRID)


def _spectrum(levels: Levels, values: Float64) -> Float64:
    """The cosine transform of values shared out to the nodes of a grid: it reflects at 0 and 1."""
    from scipy.fft import dct

    node = np.minimum((levels.confidence * GRID).astype(np.intp), GRID - 1)
    beyond = levels.confidence * GRID - node
    starts = np.flatnonzero(np.concatenate([[True], node[1:] > node[:-1]]))
    grid = np.zeros((*values.shape[:-1], GRID + 1))
    grid[..., node[starts]] = np.add.reduceat(values * (1 - beyond), starts, axis=-1)
    grid[..., node[starts] + 1] += np.add.reduceat(values * beyond, starts, axis=-1)
    return np.asarray(dct(grid, type=1, axis=-1))


def _fine_enough(sigma: Float64) -> int:
    """The intervals of a grid on which a kernel of the least of these bandwidths is smooth."""
    wanted = PER_BANDWIDTH / max(float(sigma.min()), NARROWEST)
    return int(min(GRID, max(64, 2 ** np.ceil(np.log2(wanted)))))


def _damping(sigma: Float64, frequencies: Index) -> Float64:
    return np.asarray(np.exp(-0.5 * np.square(np.pi * frequencies * sigma[..., None])))


def _mesh(sigma: Float64) -> Float64:
    """The intervals of the mesh of relplot."""
    return np.asarray(np.maximum(np.rint(10 / sigma), 200) - 1)


def _mass(spectrum: Float64, sigma: Float64, grid: int) -> Float64:
    """The sum of the absolute smoothed values over the mesh, in units of ``grid``."""
    from scipy.fft import idct

    damped = spectrum[..., : grid + 1] * _damping(sigma, np.arange(grid + 1))
    smoothed = np.abs(idct(damped, type=1, axis=-1))
    ends = smoothed[..., 0] + smoothed[..., -1]
    return np.asarray(smoothed.sum(axis=-1) + ends * (grid / _mesh(sigma) - 1) / 2)


def _whole(spectrum: Float64, sigma: Float64, grid: int) -> Float64:
    """The same of values none of which is negative: their trapezoid sum is the first coefficient,
    and the values at the ends are sums of the even ones.
    """
    even = np.arange(0, grid + 1, 2)
    damped = spectrum[..., even] * _damping(sigma, even)
    ends = (2 * damped.sum(axis=-1) - damped[..., 0] - damped[..., -1]) / grid
    return np.asarray(spectrum[..., 0] / 2 + ends * grid / _mesh(sigma) / 2)


@metric(
    Over.ORDERED,
    Interval.BOOTSTRAP,
    lower_is_better=True,
    measures_error=True,
    without=("change",),
    reference="Gupta et al. (2021), Calibration of neural networks using splines",
)
def ks(levels: Levels) -> Float64:
    """``max_t |sum_{conf <= t} w (conf - correct)| / W``, after Kolmogorov-Smirnov. In [0, 1]."""
    running = np.abs(np.cumsum(levels.residual, axis=-1))
    return np.asarray(running.max(axis=-1) / levels.total)


@metric(
    Over.ORDERED,
    Interval.BOOTSTRAP,
    lower_is_better=False,
    reference="Hanley & McNeil (1982), The meaning and use of the area under a ROC curve",
)
def auroc(levels: Levels) -> Float64:
    """The chance that a correct row is more confident than a wrong one, ties half. In [0, 1].

    NaN if all rows are correct or none is.
    """
    wrong = levels.weight - levels.correct
    below = np.cumsum(wrong, axis=-1) - wrong / 2
    pairs = levels.correct.sum(axis=-1) * wrong.sum(axis=-1)
    won = np.asarray((levels.correct * below).sum(axis=-1))
    return np.asarray(np.divide(won, pairs, out=np.full_like(won, np.nan), where=pairs > 0))


@metric(
    Over.ORDERED,
    Interval.BOOTSTRAP,
    lower_is_better=True,
    reference="Geifman & El-Yaniv (2017), Selective classification for deep neural networks",
)
def aurc(levels: Levels) -> Float64:
    """The mean over coverages of the error rate among the most confident rows. In [0, 1].

    A weight counts as so many rows, and rows of equal confidence come in random order: s rows of
    error rate r after C rows with E errors add ``s r + (E - r C)(ψ(C + s + 1) - ψ(C + 1))``.
    """
    from scipy.special import digamma

    size = levels.weight[..., ::-1] * levels.rows_per_weight
    errors = size - levels.correct[..., ::-1] * levels.rows_per_weight
    covered, failed = np.cumsum(size, axis=-1), np.cumsum(errors, axis=-1)
    before, earlier = covered - size, failed - errors
    rate = np.divide(errors, size, out=np.zeros_like(errors), where=size > 0)
    harmonic = np.diff(digamma(covered + 1), axis=-1, prepend=digamma(1.0))
    area = errors + (earlier - rate * before) * harmonic
    return np.asarray(area.sum(axis=-1) / covered[..., -1])


@metric(
    Over.ORDERED,
    Interval.BOOTSTRAP,
    lower_is_better=True,
    bounds=(0.0, 0.5),
    reference="Traub et al. (2024), Overcoming common flaws in the evaluation of selective "
    "classification systems",
)
def augrc(levels: Levels) -> Float64:
    """The mean over coverages of the share of all rows that is accepted and wrong. In [0, 1/2].

    ``∫ P(wrong and accepted) d coverage = (1 - AUROC) acc (1 - acc) + (1 - acc)²/2``: the share is
    one of all rows, where that of ``aurc`` is one of those accepted. Between levels it runs
    straight, which is rows of equal confidence in random order; a weight counts as so many rows.
    """
    wrong = (levels.weight - levels.correct)[..., ::-1]
    failed = np.cumsum(wrong, axis=-1)
    area = levels.weight[..., ::-1] * (failed - wrong / 2)
    return np.asarray(area.sum(axis=-1) / np.square(levels.total))
