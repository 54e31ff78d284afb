"""Looking at many: which of these classes, or groups of rows, are off beyond chance?

Each is tested for ``mean confidence - accuracy``; with many looked at, some are off by luck, so
they are put in order by how sure the size is, and called off by the rule of Benjamini & Hochberg
(1995), Controlling the false discovery rate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from calibrate.arrays import Float64, Index
from calibrate.blocks.block import PARTS
from calibrate.metrics.totals import KeptRows
from calibrate.results.report import Bias

FEWEST = 50  # effective rows below which nothing is tested
FEWEST_PARTS = 20
RATE = 0.05
ENOUGH = 5.0  # errors to be expected, or nearly, for a normal distribution


@dataclass(frozen=True)
class Kinds:
    """The rows of each kind: their confidence, accuracy and how both vary.

    Attributes:
        weight: ``(k,)`` sum w.
        rows: ``(k,)`` effective rows, ``(sum w)² / sum w²``.
        confidence, accuracy: ``(k,)`` means.
        variance: ``(k,)`` of their difference, from the parts of the rows.
        chance: ``(k,)`` the same if the confidences were right and labels hard.
        parts: ``(k,)`` how many parts of equal weight the rows of the kind amount to.
        exact: whether rows are independent draws of equal weight with hard labels.
    """

    weight: Float64
    rows: Float64
    confidence: Float64
    accuracy: Float64
    variance: Float64
    chance: Float64
    parts: Float64
    exact: bool

    @staticmethod
    def from_rows(
        kept: KeptRows, side: int, kind: Index, count: int, *, exact: bool, hard: bool
    ) -> Kinds:
        """Of rows whose kinds are numbered from 0."""
        c, a, w = kept.confidences[side], kept.corrects[side], kept.weight

        def total(values: Float64) -> Float64:
            return np.bincount(kind, values, count).astype(np.float64)

        weight = total(w)
        some = np.where(weight > 0, weight, 1.0)
        bias = total(w * (c - a)) / some
        cells, place = np.unique(kind * PARTS + kept.part, return_inverse=True)
        held = np.square(np.bincount(place, w))
        spread = np.bincount(place, w * (c - a - bias[kind]))
        uneven = np.maximum(np.bincount(cells // PARTS, held, count), 1e-300)
        parts = np.square(weight) / uneven
        squares = np.bincount(cells // PARTS, np.square(spread), count)
        variance = squares * parts / np.maximum(parts - 1, 1) / some**2
        rows = np.square(weight) / np.maximum(total(np.square(w)), 1e-300)
        confidence, chance = total(w * c) / some, total(np.square(w) * c * (1 - c)) / some**2
        if hard:  # a kind in which nobody was wrong is not free of chance
            variance = np.maximum(variance, chance)
        return Kinds(weight, rows, confidence, confidence - bias, variance, chance, parts, exact)

    def biases(self) -> list[Bias]:
        """Each kind, and whether it is off among all of them."""
        found = [self._bias(k) for k in range(len(self.weight))]
        return discovered(found)

    def _bias(self, k: int) -> Bias:
        from scipy.special import stdtr, stdtrit

        n, c, a = float(self.rows[k]), float(self.confidence[k]), float(self.accuracy[k])
        if n < FEWEST or self.parts[k] < FEWEST_PARTS:
            return Bias(n, c - a)
        if self.exact and n * n * self.chance[k] < ENOUGH:
            return _of_count(round(n * a), round(n), c)
        error, freedom = float(np.sqrt(self.variance[k])), float(self.parts[k] - 1)
        few = n * n * float(self.chance[k]) < ENOUGH and not self.exact
        if not error > 0 or few:
            return Bias(n, c - a)
        half = float(stdtrit(freedom, 0.975)) * error
        p = 2 * float(stdtr(freedom, -abs(c - a) / error))
        return Bias(n, c - a, c - a - half, c - a + half, p)


def _of_count(right: int, rows: int, confidence: float) -> Bias:
    """Of so many right answers: by the binomial distribution (Clopper & Pearson 1934)."""
    from scipy.special import betainc, betaincinv

    def at_least(count: int, share: float) -> float:
        return 1.0 if count <= 0 else float(betainc(count, rows - count + 1, share))

    above, below = at_least(right, confidence), 1 - at_least(right + 1, confidence)
    if right == rows:
        below = 1.0
    low = float(betaincinv(right, rows - right + 1, 0.025)) if right else 0.0
    high = float(betaincinv(right + 1, rows - right, 0.975)) if right < rows else 1.0
    p = min(1.0, 2 * min(above, below))
    return Bias(rows, confidence - right / rows, confidence - high, confidence - low, p)


def discovered(biases: Sequence[Bias]) -> list[Bias]:
    """The same, those marked off that are beyond chance among all that were tested."""
    tested = sorted(b.p_value for b in biases if b.p_value is not None)
    passed = [p for i, p in enumerate(tested, 1) if p <= RATE * i / len(tested)]
    limit = max(passed, default=-1.0)
    return [replace(b, off=b.p_value is not None and b.p_value <= limit) for b in biases]


def simes(biases: Sequence[Bias]) -> float | None:
    """The p-value of "none is off": ``min_i p_(i) m / i``, below 5 % where one is called off.

    Reference: Simes (1986), An improved Bonferroni procedure for multiple tests of significance.
    """
    p = sorted(bias.p_value for bias in biases if bias.p_value is not None)
    return min((each * len(p) / i for i, each in enumerate(p, 1)), default=None)
