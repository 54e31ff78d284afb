"""What fixed thresholds achieve, with bootstrap intervals over rows.

A threshold t decides p >= t. One or two thresholds cut the rows into zones, and every figure
depends on the weight of the positives and of the negatives in each zone, nothing else. So alike
rows are put into cells, and a bootstrap sample only draws how often each cell occurs. With hard
labels and equal weights these are the 2 x 2 counts and their draw is multinomial: exactly what
resampling the rows gives, whatever their number.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from calibrate.analyses.thresholds.curve import ratio
from calibrate.arrays import Float64, Index
from calibrate.results.measurement import Measurement

SIDE = 32
MAX_CELLS = SIDE * SIDE  # per zone and kind of label
PER_DRAW = 100  # samples computed at once

Decided = tuple[Float64, Float64, Float64, Float64]


@dataclass(frozen=True)
class ZoneCells:
    """Rows of one zone that count alike.

    Attributes:
        zone: ``(c,)`` how many of the thresholds accept these rows, in ``0..n_thresholds``.
        positive, negative: ``(c,)`` the weight of the positives and of the negatives.
        rows: ``(c,)`` how many rows; fewer where their weights differ.
        exact: whether the rows of each cell are all the same.
        n_thresholds: one more zone than that.
    """

    zone: Index
    positive: Float64
    negative: Float64
    rows: Float64
    exact: bool
    n_thresholds: int

    @staticmethod
    def of(
        probabilities: Float64, labels: Float64, weights: Float64, thresholds: Sequence[float]
    ) -> ZoneCells:
        """The cells of ``(n,)`` rows in the zones between rising thresholds."""
        zone = np.searchsorted(np.asarray(thresholds), probabilities, side="right")
        kind = zone * 3 + (labels > 0) + (labels == 1)
        order = np.lexsort((weights, labels, kind))
        kind, y, w = kind[order], labels[order], weights[order]
        new = (kind[1:] != kind[:-1]) | (y[1:] != y[:-1]) | (w[1:] != w[:-1])
        cell = np.append(0, np.cumsum(new))
        exact = True
        for each in np.unique(kind):
            span = slice(*np.searchsorted(kind, [each, each + 1]).tolist())
            if cell[span.stop - 1] - cell[span.start] >= MAX_CELLS:
                cell[span] = _coarse(y[span], w[span]) + len(cell) * (1 + each)
                exact = False
        _, first, cell = np.unique(cell, return_index=True, return_inverse=True)
        total = np.bincount(cell, w)
        # Weights that differ leave fewer effective rows: the variance of the sum stays the same.
        rows = np.bincount(cell) if exact else total**2 / np.bincount(cell, w * w)
        return ZoneCells(
            kind[first] // 3,
            np.bincount(cell, w * y).astype(np.float64),
            np.bincount(cell, w * (1 - y)).astype(np.float64),
            rows.astype(np.float64),
            exact,
            len(thresholds),
        )

    def decided(self, repeats: Float64) -> list[Decided]:
        """``(TP, FP, positives, negatives)`` of each threshold, each of shape ``(samples,)``.

        Args:
            repeats: ``(samples, c)`` how often each cell counts; 1 for the rows as they are.
        """
        found = []
        positives, negatives = repeats @ self.positive, repeats @ self.negative
        for number in range(self.n_thresholds):
            accepted = self.zone > number
            tp, fp = repeats @ (self.positive * accepted), repeats @ (self.negative * accepted)
            found.append((tp, fp, positives, negatives))
        return found

    def draws(self, samples: int, seed: int) -> Iterator[Float64]:
        """Blocks of ``repeats`` of bootstrap samples; multinomial where every row of a cell is the
        same, else Poisson.
        """
        rng = np.random.default_rng(seed)
        n = self.rows.sum()
        for start in range(0, samples, PER_DRAW):
            size = min(PER_DRAW, samples - start)
            if self.exact:
                drawn = rng.multinomial(round(n), self.rows / n, size)
            else:
                drawn = rng.poisson(self.rows, (size, len(self.rows)))
            yield drawn / self.rows


def _coarse(labels: Float64, weights: Float64) -> Index:
    """At most ``MAX_CELLS`` groups of rows that neighbour in label and weight."""
    n = len(labels)
    rank = np.empty(n, dtype=np.int64)
    rank[np.argsort(labels, kind="stable")] = np.arange(n)
    hard = labels[0] == labels[-1]  # sorted: all alike, so the weights may have all the groups
    slices = np.zeros_like(rank) if hard else rank * SIDE // n
    group = np.empty(n, dtype=np.int64)
    group[np.lexsort((weights, slices))] = np.arange(n) * MAX_CELLS // n
    return group


def figures(decided: Decided, costs: tuple[float, float] | None) -> dict[str, Float64]:
    """Each figure of ``(TP, FP, positives, negatives)``; NaN where it is 0 / 0.

    ``precision`` = TP / (TP + FP); ``recall`` = TP / (TP + FN); ``f1`` = 2 TP / (2 TP + FP + FN);
    ``positive_rate`` = (TP + FP) / all; ``cost`` = (FP · cost of one + FN · cost of one) / all,
    where costs are given.
    """
    tp, fp, positives, negatives = decided
    everything = positives + negatives
    found = {
        "precision": ratio(tp, tp + fp),
        "recall": ratio(tp, positives),
        "f1": ratio(2 * tp, tp + fp + positives),
        "positive_rate": ratio(tp + fp, everything),
    }
    if costs is not None:
        missed = np.maximum(positives - tp, 0.0)  # never below 0 by rounding
        found["cost"] = ratio(costs[0] * fp + costs[1] * missed, everything)
    return found


def measure_thresholds(
    probabilities: Float64,
    labels: Float64,
    weights: Float64,
    thresholds: Sequence[float],
    costs: tuple[float, float] | None,
    bootstrap: tuple[int, int],
) -> tuple[list[dict[str, Measurement]], Measurement | None]:
    """The figures at each of one or two thresholds, and the second cost minus the first.

    The intervals hold 95 % of the bootstrap samples of the rows, at these fixed thresholds. Both
    thresholds see the same samples: the difference is a paired one.

    A figure that all samples agree on gets no interval: rows without a false positive have a
    precision of 1 however often they are resampled, and an interval without width would claim a
    certainty that few rows cannot give.

    Args:
        probabilities: ``(n,)`` in [0, 1].
        labels: ``(n,)`` in [0, 1].
        weights: ``(n,)``, positive.
        thresholds: in any order.
        costs: of a false positive and a false negative, or None.
        bootstrap: samples behind the intervals, 0 for none, and their seed.
    """
    rising = sorted(thresholds)
    cells = ZoneCells.of(probabilities, labels, weights, rising)

    def computed(repeats: Float64) -> list[dict[str, Float64]]:
        zones = cells.decided(repeats)
        found = [figures(zones[rising.index(t)], costs) for t in thresholds]
        if costs is not None and len(found) == 2:
            found.append({"cost": found[1]["cost"] - found[0]["cost"]})
        return found

    values = computed(np.ones((1, len(cells.rows))))
    drawn = [computed(repeats) for repeats in cells.draws(*bootstrap)]
    measured = [
        {
            name: _percentile(float(value[0]), [block[i][name] for block in drawn])
            for name, value in side.items()
        }
        for i, side in enumerate(values)
    ]
    n = len(thresholds)
    return measured[:n], measured[n]["cost"] if len(measured) > n else None


def _percentile(value: float, blocks: list[Float64]) -> Measurement:
    """The value with the 2.5 % and the 97.5 % quantile; no interval where these are the same, or
    where the figure is undefined in more than a tenth of the samples.
    """
    if not np.isfinite(value):
        return Measurement(None)
    samples = np.concatenate(blocks) if blocks else np.empty(0)
    usable = samples[np.isfinite(samples)]
    if not len(usable) or len(usable) < 0.9 * len(samples):
        return Measurement(value)
    low, high = np.quantile(usable, [0.025, 0.975])
    return Measurement(value, float(low), float(high)) if low < high else Measurement(value)
