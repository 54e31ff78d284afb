"""The temperature at which a teacher's probabilities have a wanted mean entropy."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from math import exp, inf, isfinite, log
from operator import add

import numpy as np

from calibrate.arrays import Float64, FloatArray
from calibrate.blocks.block import Block
from calibrate.blocks.passes import doing, map_reduce
from calibrate.blocks.softmax import FEW_CLASSES, row_dot
from calibrate.blocks.sums import Sums
from calibrate.data.dataset import Dataset
from calibrate.errors import InputError

SAMPLE_ROWS = 2_000  # enough to start the solution on all rows close to its end
PASSES = 300
CLOSE = 1e-12  # relative; what sums over millions of rows still hold
ENOUGH = 1e-10  # relative; what is promised
FURTHEST = 700.0  # |log T|: exp of it is still a number
CACHED = 1 << 15  # numbers in a piece, 256 KiB of float64
LOG_TINY = float(np.log(np.finfo(np.float64).tiny))
STEP = 2.0  # in log T, where Newton's step leads nowhere


@dataclass(frozen=True)
class EntropySums(Sums):
    """Sums over rows of the entropy, and of its derivative in log T."""

    rows: int
    entropy: float
    slope: float


@dataclass(frozen=True)
class RangeSums(Sums):
    """Sums over rows of log(ties for the maximum) and of log(classes that are not masked)."""

    rows: int
    ties: float
    classes: float


@doing("finding the temperature")
def temperature_for_entropy(dataset: Dataset, entropy: float) -> float:
    """T with ``mean_i H(softmax(z_i / T)) = entropy``, in float64 on all rows, to 1e-10 relative.

    The mean entropy grows with T: with ``x = z / T``, ``dH / d log T = Var_p[x]``. It goes from the
    mean of log(ties for the largest logit) as T -> 0 to the mean of log(classes that are not
    masked) as T -> infinity, and reaches neither.

    Args:
        dataset: the teacher's logits.
        entropy: the wanted mean, in nats.

    Raises:
        InputError: no temperature gives this mean entropy; the line says which ones can be had.
    """
    low, high = entropy_range(dataset)
    if not low < entropy < high:
        raise InputError(
            f"{dataset.logits.name}: no temperature gives a mean entropy of {entropy:.9g} nats; "
            f"expected more than {low:.9g} (T -> 0) and less than {high:.9g} (T -> infinity)"
        )
    start, few = 0.0, dataset.sample(SAMPLE_ROWS)
    if few.n_rows < dataset.n_rows:
        few_low, few_high = entropy_range(few)
        if few_low < entropy < few_high:
            start, _ = _solve(few, entropy, few_low, few_high, 0.0, 1e-6)
    log_t, gap = _solve(dataset, entropy, low, high, start, CLOSE)
    if gap > ENOUGH * entropy:
        raise InputError(
            f"{dataset.logits.name}: the temperature for a mean entropy of {entropy:.9g} nats is "
            "out of the range of numbers; choose another entropy"
        )
    return exp(log_t)


def entropy_range(dataset: Dataset) -> tuple[float, float]:
    """The mean entropy as T -> 0 and as T -> infinity."""
    sums = map_reduce(dataset, _range_sums)
    return sums.ties / sums.rows, sums.classes / sums.rows


def _range_sums(block: Block) -> RangeSums:
    z = block.logits
    ties = np.count_nonzero(z == z.max(axis=1, keepdims=True), axis=1)
    classes = np.count_nonzero(z > -np.inf, axis=1)
    return RangeSums(len(z), float(np.log(ties).sum()), float(np.log(classes).sum()))


@dataclass(frozen=True)
class EntropyStep:
    """The step that adds up the entropy of ``softmax(beta z)`` and its derivative in log T.

    In float64, in pieces that stay in the cache.
    """

    beta: float

    def __call__(self, block: Block) -> EntropySums:
        rows = max(1, CACHED // block.logits.shape[1])
        pieces = (block.logits[i : i + rows] for i in range(0, len(block), rows))
        return reduce(add, (_piece(logits, self.beta) for logits in pieces))


def _piece(logits: FloatArray, beta: float) -> EntropySums:
    """The 1 of the largest class is kept apart, so that small entropies keep all their digits."""
    axis = 0 if logits.shape[1] < FEW_CLASSES else 1
    z = logits.T if axis == 0 else logits
    x = np.array(z, dtype=np.float64, order="C")
    with np.errstate(over="ignore", under="ignore"):
        x -= x.max(axis=axis, keepdims=True)
        x *= beta
        e = np.exp(x)
        np.maximum(x, LOG_TINY, out=x)  # 0 times -inf would be NaN
        np.put_along_axis(e, np.expand_dims(x.argmax(axis=axis), axis), 0.0, axis)
        others: Float64 = e.sum(axis=axis)
        total = 1.0 + others
        mean = row_dot(e, x, axis) / total
        e *= x
        variance = np.maximum(row_dot(e, x, axis) / total - mean * mean, 0.0)
    entropy = np.log1p(others) - mean
    return EntropySums(len(logits), float(entropy.sum()), float(variance.sum()))


def _solve(
    dataset: Dataset, wanted: float, low: float, high: float, start: float, close: float
) -> tuple[float, float]:
    """log T of the wanted mean entropy, and how far off it is.

    Newton's method, kept inside a shrinking bracket. It works on ``log((H - low) / (high - H))``,
    which is nearly straight in log T near the upper end; where it fails, the bracket is halved, or
    widened by a fixed step.
    """
    left, right, at = -inf, inf, start
    best, best_gap = start, inf
    goal = log((wanted - low) / (high - wanted))
    for _ in range(PASSES):
        sums = map_reduce(dataset, EntropyStep(exp(-at)))
        found, slope = sums.entropy / sums.rows, sums.slope / sums.rows
        gap = abs(found - wanted)
        if gap < best_gap:
            best, best_gap = at, gap
        if gap <= close * wanted:
            break
        left, right = (at, right) if found < wanted else (left, at)
        following = inf
        if low < found < high and slope > 0:  # Newton's step
            error = log((found - low) / (high - found)) - goal
            step = -error / (slope * (1 / (found - low) + 1 / (high - found)))
            following = at + max(-2 * STEP, min(2 * STEP, step))
        if not left < following < right:
            bounded = isfinite(left) and isfinite(right)
            step = STEP if found < wanted else -STEP
            following = (left + right) / 2 if bounded else at + step
        following = max(-FURTHEST, min(FURTHEST, following))
        if following in (left, right):  # no number lies between
            break
        at = following
    return best, best_gap
