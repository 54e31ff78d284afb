"""Bootstrap intervals of the figures that are not means over rows.

A bootstrap sample draws how often each part of the rows occurs from a Poisson distribution: parts
are independent, whatever the rows in them have to do with each other, and each row keeps its
weight and its share. Rows neighbouring in confidence are taken together into at most ``CELLS``
cells by part; a sample is then a product of two matrices, and every figure is computed from it for
many samples at once, before and after calibration from the same draw: comparisons are paired.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from calibrate.arrays import Float64
from calibrate.blocks.bins import Levels
from calibrate.blocks.block import PARTS
from calibrate.blocks.passes import doing, map_blocks
from calibrate.blocks.sums import NORMAL_95, effective, product, student_95
from calibrate.metrics.registry import METRICS, Interval, Metric, Over, metrics_of
from calibrate.metrics.settings import Settings
from calibrate.metrics.totals import KeptRows, Totals, mass_edges
from calibrate.results.measurement import Measurement, Metrics

if TYPE_CHECKING:
    from scipy.sparse import csr_array


CELLS = 1024
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
    def for_levels(ordered: Levels, edges: Float64, metrics: Sequence[Metric]) -> Recipe:
        return Recipe(edges, mass_edges(ordered), tuple(metric.name for metric in metrics))

    def figures(self, ordered: Levels) -> Float64:
        """``(metrics, ...)``: each figure for each leading axis of the confidences."""
        tables = {
            Over.BINS: ordered.binned(self.edges),
            Over.MASS_BINS: ordered.binned(self.mass_edges),
            Over.ORDERED: ordered,
        }
        metrics = [METRICS[name] for name in self.metrics]
        return np.stack([metric.function(tables[metric.over]) for metric in metrics])


@dataclass(frozen=True)
class PartCells:
    """The rows of one view by part and by cell of neighbouring confidences.

    Attributes:
        confidence: ``(cells,)`` ascending means.
        weight, correct: ``(cells, parts)`` sum w, and sum w a; sparse.
        rows_per_weight: as in ``BinTable``.
    """

    confidence: Float64
    weight: csr_array
    correct: csr_array
    rows_per_weight: float

    @staticmethod
    def from_rows(kept: KeptRows, side: int) -> PartCells:
        from scipy.sparse import csr_array

        levels, inverse = np.unique(kept.confidences[side], return_inverse=True)
        weight = np.bincount(inverse, kept.weight, len(levels))
        if len(levels) > CELLS:  # of equal weight, as nearly as levels allow
            before = np.cumsum(weight) - weight
            coarse = np.unique(before * CELLS // weight.sum(), return_inverse=True)[1]
            inverse = coarse[inverse]
        n_cells = int(inverse.max()) + 1

        def total(values: Float64) -> csr_array:
            return csr_array((values, (inverse, kept.part)), shape=(n_cells, PARTS))

        sums, mass = (
            np.bincount(inverse, values, n_cells)
            for values in (kept.weight * kept.confidences[side], kept.weight)
        )
        some = mass > 0
        weight, correct = total(kept.weight), total(kept.weight * kept.corrects[side])
        return PartCells(sums[some] / mass[some], weight[some], correct[some], kept.rows_per_weight)

    def sample(self, repeats: Float64) -> Levels:
        """The confidences with every part repeated, ``(samples, parts)`` times."""
        weight, correct = (
            np.ascontiguousarray((each @ repeats.T).T) for each in (self.weight, self.correct)
        )
        return Levels(self.confidence, weight, np.minimum(correct, weight), self.rows_per_weight)


@dataclass(frozen=True)
class _SampleFigures:
    """The step that computes the figures of some bootstrap samples."""

    cells: tuple[PartCells, ...]
    recipes: tuple[Recipe, ...]

    def __call__(self, draw: tuple[np.random.Generator, int]) -> Float64:
        rng, samples = draw
        return self.figures(rng.poisson(1.0, size=(samples, PARTS)).astype(np.float64))

    def figures(self, repeats: Float64) -> Float64:
        """``(samples, views, metrics)``."""
        some = product(repeats, self.cells[0].weight.sum(axis=0)) > 0  # of few none may be drawn
        both = zip(self.cells, self.recipes, strict=True)
        per_view = [recipe.figures(cells.sample(repeats[some])) for cells, recipe in both]
        found = np.full((len(repeats), *np.stack(per_view).shape[:2]), np.nan)
        found[some] = np.moveaxis(np.stack(per_view), -1, 0)
        return found


@doing("bootstrap", "samples")
def bootstrap(
    kept: KeptRows, recipes: Sequence[Recipe], samples: int, seed: int
) -> tuple[Float64, Float64]:
    """The figures of the cells themselves, ``(views, metrics)``, and of bootstrap samples of them,
    ``(samples, views, metrics)``.
    """
    cells = tuple(PartCells.from_rows(kept, side) for side in range(len(recipes)))
    step = _SampleFigures(cells, tuple(recipes))
    centre = step.figures(np.ones((1, PARTS)))[0]
    draws = Generators(samples, PER_DRAW, (seed,))
    drawn = np.concatenate(list(map_blocks(draws, step)))
    return centre, centre + (drawn - centre) * stretch(kept.part_weight)


def stretch(weight: Float64) -> float:
    """By how much the spread of bootstrap samples of few or uneven parts falls short: Student's
    quantile in place of the normal one, and n - 1 in place of n.
    """
    n_parts = int(np.count_nonzero(weight))
    if n_parts < 2:
        return np.nan
    return float(student_95(effective(weight)) / NORMAL_95 * np.sqrt(n_parts / (n_parts - 1)))


def interval(
    value: float, centre: float, samples: Float64, bounds: tuple[float, float]
) -> Measurement:
    """The value with its basic bootstrap interval ``value - (quantiles of sample - centre)``.

    A figure that chance pushes up is pushed up once more in the samples; turning their quantiles
    around takes this bias off. Where that leaves the value itself outside, as it does near 0, the
    interval is stretched to it, and holds the truth more often than 95 times in 100. One without
    width, of a figure that sits on the end of its range in nearly all samples, is none.
    """
    if not np.isfinite(value):
        return Measurement(None)
    usable = samples[np.isfinite(samples)]
    if not len(usable) or len(usable) < 0.9 * len(samples):
        return Measurement(value)
    low, high = np.quantile(usable, [0.025, 0.975])
    ends = [float(np.clip(value + centre - q, *bounds)) for q in (high, low)]
    low, high = min(value, ends[0]), max(value, ends[1])
    return Measurement(value) if low == high and value in bounds else Measurement(value, low, high)


def resampled(totals: Totals, settings: Settings) -> list[Metrics]:
    """The figures from confidences, with bootstrap intervals: before, after and change."""
    metrics = list(metrics_of(Interval.BOOTSTRAP).values())
    kept = totals.kept
    recipes = [Recipe.for_levels(each, totals.edges, metrics) for each in kept.ordered]
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
