"""What chance makes of right confidences: the gaps of calibrated models, bin by bin."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from calibrate.arrays import Float64, Index
from calibrate.blocks.bins import BinTable, bin_index
from calibrate.blocks.passes import map_blocks
from calibrate.blocks.sums import product
from calibrate.metrics.totals import PartGaps
from calibrate.results.tests import Test

CELLS = 2048  # rows of a bin are taken together, by weight and confidence, beyond so many rows
SAMPLES = 1000
PER_DRAW = 50  # samples computed at once
POWER = 0.8


@dataclass(frozen=True)
class Chance:
    """The gaps seen, and those of calibrated models with the same confidences.

    Attributes:
        seen: ``(b,)`` the sums ``sum w (correct - confidence)`` of the bins.
        drawn: ``(samples, b)`` the same of calibrated models.
        table: the bins.
    """

    seen: Float64
    drawn: Float64
    table: BinTable

    @property
    def total(self) -> float:
        return float(self.table.weight.sum())

    @cached_property
    def eces(self) -> Float64:
        """The ECE of each calibrated model, ``(samples,)``."""
        return np.asarray(np.abs(self.drawn).sum(axis=1) / self.total)

    @property
    def test(self) -> Test:
        """How often would a calibrated model of these confidences show at least this ECE?

        p = (1 + how often the ECE is at least the observed one) / 1 001. Reference: Broecker &
        Smith (2007), Increasing the reliability of reliability diagrams.
        """
        ece = float(np.abs(self.seen).sum() / self.total)
        p = (1 + np.count_nonzero(self.eces >= ece - 1e-12)) / (1 + len(self.eces))
        return Test(ece, float(p), self.limit, self.detectable)

    @cached_property
    def limit(self) -> float:
        """The ECE that calibrated models stay below 19 times in 20."""
        return float(np.quantile(self.eces, 0.95))

    @cached_property
    def detectable(self) -> float:
        """The smallest ECE that the test would find four times in five: of a model whose
        confidence is off by the same amount, and the same way, everywhere.
        """
        share = self.table.weight / self.total
        noise = self.drawn / self.total

        def found(shift: float) -> float:
            return float(np.mean(np.abs(noise + shift * share).sum(axis=1) > self.limit))

        low, high = 0.0, 1.0
        for _ in range(20):
            middle = (low + high) / 2
            low, high = (low, middle) if found(middle) >= POWER else (middle, high)
        return high

    @property
    def band(self) -> tuple[Float64, Float64]:
        """Between which accuracies 95 % of calibrated models lie, ``(b,)`` each."""
        weight = self.table.weight
        gaps = np.divide(self.drawn, weight, out=np.zeros_like(self.drawn), where=weight > 0)
        low, high = np.quantile(self.table.confidence + gaps, [0.025, 0.975], axis=0)
        return np.clip(low, 0, 1), np.clip(high, 0, 1)


@dataclass(frozen=True)
class _Generators:
    """A generator of its own for each group of samples: the seed decides, not who runs."""

    n_rows: int
    block_rows: int
    seed: int

    def read(self, start: int, stop: int) -> np.random.Generator:
        return np.random.default_rng([self.seed, 1, start, stop])


@dataclass(frozen=True)
class _Draw:
    """The step that draws the correctness of calibrated rows: the gaps per bin.

    Attributes:
        rows, confidence: ``(cells,)`` how many rows a cell has, and their mean confidence.
        scale: ``(cells,)`` what one right answer more adds to the gap.
        starts, bins: where each bin that has cells starts, and which it is.
        n_bins: of all.
    """

    rows: Float64
    confidence: Float64
    scale: Float64
    starts: Index
    bins: Index
    n_bins: int

    def __call__(self, rng: np.random.Generator) -> Float64:
        shape = (PER_DRAW, len(self.rows))
        if self.rows.max() == 1:
            right = (rng.random(shape) < self.confidence).astype(np.float64)
        else:
            count = rng.binomial(self.rows.astype(np.int64), self.confidence, size=shape)
            right = count.astype(np.float64)
        expected = self.rows * self.confidence
        gap = np.zeros((PER_DRAW, self.n_bins))
        gap[:, self.bins] = np.add.reduceat((right - expected) * self.scale, self.starts, axis=1)
        return gap


def drawn_gaps(confidence: Float64, weight: Float64, edges: Float64, seed: int) -> Float64:
    """The gaps of ``SAMPLES`` calibrated models with these confidences, ``(samples, b)``.

    Each row is drawn once, with its own weight. Where there are many, rows of the same bin, of
    like weight and confidence, are drawn together: their number of right answers is binomial, and
    stands for a sum of the same variance, ``sum w² c (1 - c)``.
    """
    index = bin_index(confidence, edges)
    order = np.lexsort((confidence, weight, index))
    index, c, w = index[order], confidence[order], weight[order]
    n = len(c)
    cell = np.arange(n) * min(n, CELLS) // n
    first = np.flatnonzero((np.diff(cell, prepend=-1) > 0) | (np.diff(index, prepend=-1) > 0))
    rows = np.diff(first, append=n).astype(np.float64)
    mean = np.clip(np.add.reduceat(c, first) / rows, 0.0, 1.0)
    variance = np.add.reduceat(np.square(w) * c * (1 - c), first)
    binomial = rows * mean * (1 - mean)
    scale = np.sqrt(np.divide(variance, binomial, out=np.zeros_like(rows), where=binomial > 0))
    own = index[first]
    starts = np.flatnonzero(np.diff(own, prepend=-1) > 0)
    step = _Draw(rows, mean, scale, starts, own[starts], len(edges) - 1)
    return np.concatenate(list(map_blocks(_Generators(SAMPLES, PER_DRAW, seed), step)))


def signed_gaps(gaps: PartGaps, seed: int) -> Float64:
    """The gaps with a random sign for the noise of each part, ``(samples, b)``.

    Reference: Mammen (1993), Bootstrap and wild bootstrap; Cameron, Gelbach & Miller (2008) for
    clusters.
    """
    n_parts = int(np.count_nonzero(gaps.weight))
    signs = np.random.default_rng([seed, 1]).integers(0, 2, size=(SAMPLES, len(gaps.weight)))
    stretched = gaps.noise * np.sqrt(n_parts / max(n_parts - 1, 1))
    return product(2.0 * signs - 1, stretched)
