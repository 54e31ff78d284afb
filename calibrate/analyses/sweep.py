"""The NLL, the ECE and the confidence bins over a range of temperatures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from calibrate.arrays import Float64, FloatArray
from calibrate.blocks.bins import BinTable, bin_index, equal_width_edges
from calibrate.blocks.block import Block
from calibrate.blocks.passes import map_reduce
from calibrate.blocks.predictions import predicted
from calibrate.blocks.softmax import target_scores
from calibrate.blocks.sums import Sums, product
from calibrate.calibrators.methods.temperature import Temperature
from calibrate.calibrators.protocol import Fit
from calibrate.data.dataset import Dataset
from calibrate.metrics.binned import ece
from calibrate.results.report import Sweep, SweepBins

POINTS = 200
ROWS = 20_000  # of more, some: what they differ by does not show in a picture
SCORES = 1 << 22
REACH = 4.0  # how far beyond the temperatures of interest the range goes, as a factor
MOST_BINS = 100  # of a page; a table of more fills a file
DECIMALS = 4


def temperature_sweep(
    dataset: Dataset, fit: Fit[Temperature], in_use: float | None, n_bins: int
) -> Sweep | None:
    """Measure rows at temperatures around 1, the best and the one in use; these are among them.

    All rows, or evenly spread ones of many. None where the rows have no best temperature. The range
    is even on a logarithmic scale.
    """
    if not fit.converged:
        return None
    marked = {1.0, fit.temperature, in_use or 1.0}
    low, high = min(marked) / REACH, max(marked) * REACH
    few = dataset.sample(max(1, min(ROWS, SCORES // dataset.n_classes))).precise()
    if few.weights is not None and not few.weights.any():
        return None
    steps = POINTS - len(marked)
    per_octave = max(1, int((steps - 1) / np.log2(high / low)))
    edges, yes_no = equal_width_edges(n_bins), dataset.task.yes_no
    step = SweepStep(high, per_octave, steps, tuple(marked), edges, yes_no)
    found, temperatures = map_reduce(few, step), step.temperatures
    order = np.argsort(temperatures)
    top, yes = ([BinTable(edges, *c) for c in cells[order]] for cells in (found.top, found.yes))
    tables, bins = yes if yes_no else top, None
    if n_bins <= MOST_BINS:
        bins = SweepBins(
            tuple(edges.tolist()),
            share=tuple(_short(table.share, table) for table in tables),
            confidence=tuple(_short(table.confidence, table) for table in tables),
            accuracy=tuple(_short(table.accuracy, table) for table in tables),
        )
    return Sweep(
        temperature=tuple(temperatures[order].tolist()),
        nll=tuple((found.nll[order] / found.weight).tolist()),
        ece=tuple(float(ece(table)) for table in top),
        best=fit.temperature,
        interval=fit.interval,
        mean_confidence=tuple((found.confidence[order] / found.weight).tolist()),
        positive_ece=tuple(float(ece(table)) for table in yes) if yes_no else (),
        rows=few.n_rows,
        bins=bins,
    )


def _short(values: Float64, table: BinTable) -> tuple[float | None, ...]:
    """Values of bins, rounded; None in empty ones."""
    some, rounded = table.weight > 0, np.round(values, DECIMALS)
    return tuple(v if s else None for v, s in zip(rounded.tolist(), some.tolist(), strict=True))


@dataclass(frozen=True)
class SweepSums(Sums):
    """What rows add up to at each of the temperatures ``(t,)``.

    Attributes:
        weight: of all rows.
        nll, confidence: ``(t,)``.
        top: ``(t, 3, b)`` the weight, confidence and correctness in each bin of the confidence.
        yes: the same of the probability of yes; of other decisions ``(t, 3, 0)``.
    """

    weight: float
    nll: Float64
    confidence: Float64
    top: Float64
    yes: Float64


@dataclass(frozen=True)
class SweepStep:
    """The step that measures a block at all temperatures.

    Of each octave of temperatures only the largest ones take exponentials: half the temperature is
    the square of them.

    Attributes:
        high: the largest temperature.
        per_octave: how many there are between it and half of it.
        steps: how many in all, beside
        marked: these.
        edges: of the bins.
        yes_no: whether decisions are yes or no.
    """

    high: float
    per_octave: int
    steps: int
    marked: tuple[float, ...]
    edges: Float64
    yes_no: bool

    @property
    def temperatures(self) -> Float64:
        """Those of the steps from the largest on, then the marked ones."""
        falling = self.high * 2.0 ** (-np.arange(self.steps) / self.per_octave)
        return np.concatenate([falling, sorted(self.marked)])

    def __call__(self, block: Block) -> SweepSums:
        temperatures, n_bins = self.temperatures, len(self.edges) - 1
        cells, first = (len(temperatures), 3, n_bins), predicted(block.logits, block)
        scores, largest = block.logits, block.logits.max(axis=1)
        with np.errstate(over="ignore"):
            below = np.ascontiguousarray((scores - largest[:, None]).T)
        highest = largest.astype(np.float64)
        target = target_scores(scores, block) - highest
        rows = _BelowLargest(block, below, first.score - highest, target, first.correct)
        found = SweepSums(
            weight=float(block.weight.sum()),
            nll=np.zeros(len(temperatures)),
            confidence=np.zeros(len(temperatures)),
            top=np.zeros(cells),
            yes=np.zeros(cells if self.yes_no else (*cells[:2], 0)),
        )
        with np.errstate(over="ignore", under="ignore"):
            for start in range(min(self.per_octave, self.steps)):
                e = np.exp(rows.below * rows.below.dtype.type(1 / temperatures[start]))
                for i in range(start, self.steps, self.per_octave):
                    self._add(found, i, rows, e, 1 / temperatures[i])
                    np.square(e, out=e)
            for i in range(self.steps, len(temperatures)):
                beta = 1 / temperatures[i]
                e = np.exp(rows.below * rows.below.dtype.type(beta))
                self._add(found, i, rows, e, beta)
        return found

    def _add(
        self, found: SweepSums, i: int, rows: _BelowLargest, e: FloatArray, beta: float
    ) -> None:
        """The exponentials ``(K, n)`` of one temperature, added to the sums at its place."""
        block, total = rows.block, e.sum(axis=0, dtype=np.float64)
        confidence = np.minimum(1.0 / total, 1.0)
        if block.said is not None:
            confidence = block.said if beta == 1.0 else np.exp(beta * rows.top) / total
        found.nll[i] = product(block.weight, np.log(total) - beta * rows.target)
        found.confidence[i] = product(block.weight, confidence)
        found.top[i] = self._cells(confidence, rows.correct, block.weight)
        if found.yes.shape[2]:
            found.yes[i] = self._cells(e[1] / total, block.yes, block.weight)

    def _cells(self, confidence: Float64, correct: Float64, weight: Float64) -> Float64:
        index, many = bin_index(confidence, self.edges), len(self.edges) - 1
        sums = (weight, weight * confidence, weight * correct)
        return np.stack([np.bincount(index, each, minlength=many) for each in sums])


@dataclass(frozen=True)
class _BelowLargest:
    """The scores of a block below the largest of each row.

    Attributes:
        below: ``(K, n)``, 0 or less.
        top, target: ``(n,)`` the score of the prediction and of the label below the largest.
        correct: ``(n,)``.
    """

    block: Block
    below: FloatArray
    top: Float64
    target: Float64
    correct: Float64
