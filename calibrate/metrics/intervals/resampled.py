"""Bootstrap intervals of the figures that are not means over rows.

Rows that are alike are put into cells: all rows on their own up to ``MAX_CELLS`` rows, else rows
neighbouring in both confidences and equal in correctness. A bootstrap sample draws how often each
cell occurs from a Poisson distribution, and every figure is computed from these counts for many
samples at once, before and after calibration from the same draw: comparisons are paired.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from calibrate.blocks.bins import Float64, equal_mass_edges
from calibrate.blocks.block import Index
from calibrate.blocks.passes import map_blocks
from calibrate.metrics import Metric, Ordered, Over
from calibrate.results.report import Measurement

MAX_CELLS = 4096
PER_DRAW = 50  # samples computed at once
MASS_BINS = 15


@dataclass(frozen=True)
class KeptRows:
    """Confidence through each view, with correctness and weight: all that these figures need.

    Attributes:
        confidences: one ``(n,)`` array per view.
        corrects: one ``(n,)`` array per view.
        weight: ``(n,)``.
        clusters: ``(n,)`` as in ``Block``, or None.
        yes: of yes-no decisions, the probability of yes per view and the share of yes; else None.
    """

    confidences: tuple[Float64, ...]
    corrects: tuple[Float64, ...]
    weight: Float64
    clusters: Index | None = None
    yes: tuple[tuple[Float64, ...], Float64] | None = None

    @property
    def of_yes(self) -> KeptRows:
        """The same rows with the probability of yes in place of the confidence."""
        if self.yes is None:
            return self
        probabilities, share = self.yes
        return KeptRows(probabilities, (share,) * len(probabilities), self.weight, self.clusters)

    @property
    def rows_per_weight(self) -> float:
        return float(self.weight.sum() / np.square(self.weight).sum())

    @cached_property
    def levels(self) -> tuple[Ordered, ...]:
        """The levels of each view, all rows."""
        rows = self.rows_per_weight
        return tuple(
            Ordered.of(confidence, correct, self.weight, rows)
            for confidence, correct in zip(self.confidences, self.corrects, strict=True)
        )


def mass_edges(levels: Ordered) -> Float64:
    """The edges of the equal-mass bins of these levels."""
    rows = levels.weight * levels.rows_per_weight
    return equal_mass_edges(levels.confidence, rows, MASS_BINS)


@dataclass(frozen=True)
class Recipe:
    """How to compute the figures of one view from its levels: the edges are fixed beforehand."""

    edges: Float64
    mass_edges: Float64

    @staticmethod
    def of(levels: Ordered, edges: Float64) -> Recipe:
        return Recipe(edges, mass_edges(levels))

    def figures(self, levels: Ordered, metrics: Sequence[Metric]) -> Float64:
        """``(metrics, ...)``: each figure for each leading axis of the levels."""
        tables = {
            Over.BINS: levels.binned(self.edges),
            Over.MASS_BINS: levels.binned(self.mass_edges),
            Over.LEVELS: levels,
        }
        return np.stack([metric.function(tables[metric.over]) for metric in metrics])


@dataclass(frozen=True)
class _Draws:
    """Bootstrap samples by number, drawn in fixed groups: the seed decides, not the threads."""

    n_rows: int
    block_rows: int
    counts: Float64
    seed: int

    def read(self, start: int, stop: int) -> Float64:
        rng = np.random.default_rng([self.seed, start])
        draws = rng.poisson(self.counts, size=(stop - start, len(self.counts)))
        return draws.astype(np.float64) / self.counts


def bootstrap_figures(
    pairs: KeptRows,
    recipes: Sequence[Recipe],
    metrics: Sequence[Metric],
    samples: int,
    seed: int,
    workers: int | None,
) -> tuple[Float64, Float64]:
    """The figures of the cells themselves, ``(views, metrics)``, and of bootstrap samples of them,
    ``(samples, views, metrics)``.
    """
    cells, counts = _cells(pairs)

    def figures(repeats: Float64) -> Float64:
        weight = cells.weight * repeats
        per_view = [
            recipe.figures(Ordered.of(confidence, correct, weight, pairs.rows_per_weight), metrics)
            for confidence, correct, recipe in zip(
                cells.confidences, cells.corrects, recipes, strict=True
            )
        ]
        return np.moveaxis(np.stack(per_view), -1, 0)

    draws = _Draws(samples, PER_DRAW, counts, seed)
    centre = figures(np.ones((1, len(counts))))[0]
    return centre, np.concatenate(list(map_blocks(draws, figures, workers)))


def _cells(pairs: KeptRows) -> tuple[KeptRows, Float64]:
    """Rows grouped into at most ``MAX_CELLS`` cells, and the number of rows in each."""
    n = len(pairs.weight)
    if n <= MAX_CELLS:
        return pairs, np.ones(n)
    groups = MAX_CELLS // 2 ** len(set(map(id, pairs.corrects)))
    coarse = np.empty(n, dtype=np.int64)
    coarse[np.argsort(pairs.confidences[0], kind="stable")] = np.arange(n) * (groups // 4) // n
    order = np.lexsort((pairs.confidences[-1], coarse))
    cell = np.empty(n, dtype=np.int64)
    cell[order] = np.arange(n) * groups // n
    for correct in {id(c): c for c in pairs.corrects}.values():
        cell = cell * 2 + correct.astype(np.int64)
    _, cell = np.unique(cell, return_inverse=True)
    counts = np.bincount(cell).astype(np.float64)
    weight = np.bincount(cell, pairs.weight).astype(np.float64)

    def mean(values: Float64) -> Float64:
        sums = np.bincount(cell, values * pairs.weight)
        return np.divide(sums, weight, out=np.zeros_like(sums), where=weight > 0)

    confidences = tuple(mean(values) for values in pairs.confidences)
    corrects = tuple(np.round(mean(values)) for values in pairs.corrects)
    return KeptRows(confidences, corrects, weight), counts


def interval(
    value: float, centre: float, samples: Float64, bounds: tuple[float, float]
) -> Measurement:
    """The value with its basic bootstrap interval ``value - (quantiles of sample - centre)``.

    A figure that chance pushes up is pushed up once more in the samples; turning their quantiles
    around takes this bias off. Where that leaves the value itself outside, as it does near 0, the
    interval is stretched to it, and holds the truth more often than 95 times in 100.
    """
    if not np.isfinite(value):
        return Measurement(None)
    usable = samples[np.isfinite(samples)]
    if not len(usable) or len(usable) < 0.9 * len(samples):
        return Measurement(value)
    low, high = np.quantile(usable, [0.025, 0.975])
    return Measurement(
        value,
        min(value, float(np.clip(value + centre - high, *bounds))),
        max(value, float(np.clip(value + centre - low, *bounds))),
    )
