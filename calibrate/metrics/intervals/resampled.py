"""Bootstrap intervals of the figures that are not means over rows.

Rows that are alike are put into cells: all rows on their own up to ``MAX_CELLS`` rows, else rows
neighbouring in both confidences and equal in correctness. A bootstrap sample draws how often each
cell occurs from a Poisson distribution, and every figure is computed from these counts for many
samples at once, before and after calibration from the same draw: comparisons are paired.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from calibrate.arrays import Float64
from calibrate.blocks.ordered import Ordered
from calibrate.blocks.passes import map_blocks
from calibrate.metrics.metric import METRICS, Interval, Metric, Over, metrics_of
from calibrate.metrics.settings import Settings
from calibrate.metrics.totals import KeptRows, Totals, mass_edges
from calibrate.results.measurement import Measurement, Metrics

MAX_CELLS = 4096
PER_DRAW = 50  # samples computed at once
ANY = (-np.inf, np.inf)


@dataclass(frozen=True)
class Generators:
    """Samples by number, with a generator for each group of them: the seed decides, not who runs.

    Attributes:
        n_rows, block_rows: how many samples, and how many at once.
        seed: of all.
    """

    n_rows: int
    block_rows: int
    seed: tuple[int, ...]

    def read(self, start: int, stop: int) -> tuple[np.random.Generator, int]:
        """A generator, and how many samples to draw with it."""
        return np.random.default_rng([*self.seed, start]), stop - start


@dataclass(frozen=True)
class Recipe:
    """How to compute the figures of one view: the edges are fixed beforehand."""

    edges: Float64
    mass_edges: Float64
    metrics: tuple[str, ...]

    @staticmethod
    def of(ordered: Ordered, edges: Float64, metrics: Sequence[Metric]) -> Recipe:
        return Recipe(edges, mass_edges(ordered), tuple(metric.name for metric in metrics))

    def figures(self, ordered: Ordered) -> Float64:
        """``(metrics, ...)``: each figure for each leading axis of the confidences."""
        tables = {
            Over.BINS: ordered.binned(self.edges),
            Over.MASS_BINS: ordered.binned(self.mass_edges),
            Over.ORDERED: ordered,
        }
        metrics = [METRICS[name] for name in self.metrics]
        return np.stack([metric.function(tables[metric.over]) for metric in metrics])


@dataclass(frozen=True)
class _Resample:
    """The step that computes the figures of some bootstrap samples."""

    cells: KeptRows
    counts: Float64
    rows_per_weight: float
    recipes: tuple[Recipe, ...]

    def __call__(self, draw: tuple[np.random.Generator, int]) -> Float64:
        rng, samples = draw
        drawn = rng.poisson(self.counts, size=(samples, len(self.counts)))
        return self.figures(drawn.astype(np.float64) / self.counts)

    def figures(self, repeats: Float64) -> Float64:
        """``(samples, views, metrics)``."""
        weight = self.cells.weight * repeats
        per_view = [
            recipe.figures(Ordered.of(confidence, correct, weight, self.rows_per_weight))
            for confidence, correct, recipe in zip(
                self.cells.confidences, self.cells.corrects, self.recipes, strict=True
            )
        ]
        return np.moveaxis(np.stack(per_view), -1, 0)


def bootstrap(
    kept: KeptRows, recipes: Sequence[Recipe], samples: int, seed: int
) -> tuple[Float64, Float64]:
    """The figures of the cells themselves, ``(views, metrics)``, and of bootstrap samples of them,
    ``(samples, views, metrics)``.
    """
    cells, counts = _cells(kept)
    step = _Resample(cells, counts, kept.rows_per_weight, tuple(recipes))
    centre = step.figures(np.ones((1, len(counts))))[0]
    draws = Generators(samples, PER_DRAW, (seed,))
    return centre, np.concatenate(list(map_blocks(draws, step)))


def _cells(kept: KeptRows) -> tuple[KeptRows, Float64]:
    """Rows grouped into at most ``MAX_CELLS`` cells, and the number of rows in each."""
    n = len(kept.weight)
    if n <= MAX_CELLS:
        return kept, np.ones(n)
    groups = MAX_CELLS // 2 ** len(set(map(id, kept.corrects)))
    coarse = np.empty(n, dtype=np.int64)
    coarse[np.argsort(kept.confidences[0], kind="stable")] = np.arange(n) * (groups // 4) // n
    order = np.lexsort((kept.confidences[-1], coarse))
    cell = np.empty(n, dtype=np.int64)
    cell[order] = np.arange(n) * groups // n
    for correct in {id(c): c for c in kept.corrects}.values():
        cell = cell * 2 + correct.astype(np.int64)
    _, cell = np.unique(cell, return_inverse=True)
    counts = np.bincount(cell).astype(np.float64)
    weight = np.bincount(cell, kept.weight).astype(np.float64)

    def mean(values: Float64) -> Float64:
        sums = np.bincount(cell, values * kept.weight)
        return np.divide(sums, weight, out=np.zeros_like(sums), where=weight > 0)

    confidences = tuple(mean(values) for values in kept.confidences)
    corrects = tuple(np.round(mean(values)) for values in kept.corrects)
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


def resampled(totals: Totals, settings: Settings) -> list[Metrics]:
    """The figures from confidences, with bootstrap intervals: before, after and change."""
    metrics = list(metrics_of(Interval.RESAMPLED).values())
    kept = totals.kept
    recipes = [Recipe.of(each, totals.edges, metrics) for each in kept.ordered]
    values = np.stack([r.figures(each) for r, each in zip(recipes, kept.ordered, strict=True)])
    for side, table in enumerate(totals.tables):  # exact on all rows, also where few are kept
        for i, metric in enumerate(metrics):
            if metric.over is Over.BINS:
                values[side, i] = metric.function(table)
    centre, samples = values, np.empty((0, *values.shape))
    if settings.bootstrap:
        centre, samples = bootstrap(kept, recipes, settings.bootstrap, settings.seed)
    if len(values) == 2:
        values, centre = (np.concatenate([v, v[1:] - v[:1]]) for v in (values, centre))
        samples = np.concatenate([samples, samples[:, 1:] - samples[:, :1]], axis=1)
    return [
        {
            metric.name: interval(
                float(values[side, i]),
                float(centre[side, i]),
                samples[:, side, i],
                metric.bounds if side < 2 else ANY,
            )
            for i, metric in enumerate(metrics)
        }
        for side in range(len(values))
    ]
