"""From what a pass has added up to the measurements: before, after and change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from calibrate.blocks.bins import DEFAULT_BINS, BinTable
from calibrate.blocks.block import sum_by_example
from calibrate.blocks.row_sums import RowSums
from calibrate.blocks.softmax import Float64
from calibrate.metrics import METRICS, Over, metrics_over
from calibrate.metrics.class_table import ClassTable, classwise_measurements, positive_measurements
from calibrate.metrics.intervals.gaps import SUMS_OF_GAPS, gap_measurements
from calibrate.metrics.intervals.resampled import (
    KeptRows,
    Recipe,
    bootstrap_figures,
    interval,
    mass_edges,
)
from calibrate.results.report import Figures, Measurement

ANY = (-np.inf, np.inf)


@dataclass(frozen=True)
class Settings:
    """How much to measure.

    Attributes:
        n_bins: equal-width confidence bins.
        full: every metric and test; else the means over rows and the figures from bins.
        bootstrap: samples behind the intervals of figures that are not means; 0 for none.
        top: how many of the worst classes to list.
        class_names: one per class, or None.
        classes: the numbers of those whose reliability is wanted; None for the most frequent.
        seed: of the bootstrap and of the consistency resampling.
        workers: threads; nothing depends on it.
    """

    n_bins: int = DEFAULT_BINS
    full: bool = True
    bootstrap: int = 1000
    top: int = 10
    class_names: tuple[str, ...] | None = None
    classes: tuple[int, ...] | None = None
    seed: int = 0
    workers: int | None = None


@dataclass(frozen=True)
class Sums:
    """What one pass adds up; tuples run over the sides (before, after)."""

    rows: RowSums
    tables: tuple[BinTable, ...]
    classes: tuple[ClassTable, ...]  # none unless everything is measured, or yes-no decisions
    kept: tuple[KeptRows, ...]  # by block
    yes_no: bool = False

    def __add__(self, other: Sums) -> Sums:
        return Sums(
            self.rows + other.rows,
            tuple(a + b for a, b in zip(self.tables, other.tables, strict=True)),
            tuple(a + b for a, b in zip(self.classes, other.classes, strict=True)),
            self.kept + other.kept,
            self.yes_no,
        )

    @cached_property
    def pairs(self) -> KeptRows:
        """The kept rows of all blocks."""
        sides = range(len(self.tables))
        corrects = [np.concatenate([p.corrects[s] for p in self.kept]) for s in sides]
        if len(corrects) == 2 and np.array_equal(corrects[0], corrects[1]):
            corrects[1] = corrects[0]  # as with any temperature: cells need not tell them apart
        found = [p.clusters for p in self.kept if p.clusters is not None]
        clusters = found if len(found) == len(self.kept) else None
        return KeptRows(
            tuple(np.concatenate([p.confidences[s] for p in self.kept]) for s in sides),
            tuple(corrects),
            np.concatenate([p.weight for p in self.kept]),
            None if clusters is None else np.concatenate(clusters),
            self._yes(),
        )

    def _yes(self) -> tuple[tuple[Float64, ...], Float64] | None:
        found = [p.yes for p in self.kept if p.yes is not None]
        if not found:
            return None
        sides = zip(*(probabilities for probabilities, _ in found), strict=True)
        return tuple(map(np.concatenate, sides)), np.concatenate([share for _, share in found])


Side = dict[str, Measurement]


def measure(
    sums: Sums, row_metrics: Sequence[str], edges: Float64, settings: Settings
) -> tuple[Figures, tuple[str, ...]]:
    """All measurements in the order of the registry, and what to say about missing ones.

    ``row_metrics`` names the first columns of ``sums.rows``: of each side, then of the change.
    """
    sides = [
        _means(sums, row_metrics),
        [_from_tables(table) for table in sums.tables],
        *([_classwise(sums)] if sums.classes else []),
        *([_resampled(sums, edges, settings)] if settings.full else []),
        _sums_of_gaps(sums, settings),
    ]
    n_sides = len(sums.tables)
    found = [{n: m for part in sides for n, m in part[i].items()} for i in range(n_sides)]
    change = dict[str, Measurement]()
    if n_sides == 2:
        change = _differences(*found)
        for part in sides:
            change |= part[2] if len(part) > 2 else {}
    missing = sorted({name for side in found for name, m in side.items() if m.value is None})
    ordered = [{name: side[name] for name in METRICS if name in side} for side in (*found, change)]
    return (
        Figures(ordered[0], *((ordered[1], ordered[2]) if n_sides == 2 else (None, None))),
        tuple(f"{name} is undefined on these rows" for name in missing),
    )


def _means(sums: Sums, names: Sequence[str]) -> list[Side]:
    """The means over rows: before, after and change."""
    n_sides = len(sums.tables)
    bounds = [METRICS[name].bounds for name in names] * n_sides
    rest = sums.rows.values.size - len(bounds)
    flat = sums.rows.measurements(bounds + [ANY] * rest)
    spans = range(0, (3 if n_sides == 2 else 1) * len(names), len(names))
    return [dict(zip(names, flat[i : i + len(names)], strict=True)) for i in spans]


def _from_tables(table: BinTable) -> Side:
    metrics = metrics_over(Over.BINS)
    return {name: Measurement(float(m.function(table))) for name, m in metrics.items()}


def _differences(before: Side, after: Side) -> Side:
    def difference(b: float | None, a: float | None) -> Measurement:
        return Measurement(None if a is None or b is None else a - b)

    return {name: difference(before[name].value, after[name].value) for name in before}


def _classwise(sums: Sums) -> list[Side]:
    """Over all classes; of yes-no decisions, of yes alone."""
    rows_per_weight = sums.pairs.rows_per_weight
    found: list[Side] = [{}, {}, {}]
    parts = {}
    if not sums.yes_no:
        parts["classwise_ece"] = classwise_measurements(sums.classes, rows_per_weight)
    else:
        parts["positive_ece"] = positive_measurements(sums.classes, rows_per_weight)
    for name, sides in parts.items():
        for i, measurement in enumerate(sides):
            found[i][name] = measurement
    return found


def _sums_of_gaps(sums: Sums, settings: Settings) -> list[Side]:
    found: list[Side] = [{}, {}, {}]
    pairs, levels = sums.pairs, sums.pairs.levels
    kept = int(np.count_nonzero(sum_by_example(pairs.weight, pairs.clusters)))
    rows_per_pair = sums.rows.rows / max(1, kept)
    for name, over in SUMS_OF_GAPS.items():
        tables: Sequence[BinTable] = sums.tables
        if over is Over.MASS_BINS:
            if not settings.full:
                continue
            tables = [each.binned(mass_edges(each)) for each in levels]
        for i, measurement in enumerate(gap_measurements(pairs, tables, rows_per_pair)):
            found[i][name] = measurement
    return found


def _resampled(sums: Sums, edges: Float64, settings: Settings) -> list[Side]:
    """The figures from confidences, with bootstrap intervals: before, after and change."""
    skipped = (Over.ROWS, Over.CLASSES)
    metrics = [m for n, m in METRICS.items() if m.over not in skipped and n not in SUMS_OF_GAPS]
    pairs, levels = sums.pairs, sums.pairs.levels
    recipes = [Recipe.of(each, edges) for each in levels]
    values = np.stack([r.figures(each, metrics) for r, each in zip(recipes, levels, strict=True)])
    for side, table in enumerate(sums.tables):  # exact on all rows, also where few are kept
        for i, metric in enumerate(metrics):
            if metric.over is Over.BINS:
                values[side, i] = metric.function(table)
    centre, samples = values, np.empty((0, *values.shape))
    if settings.bootstrap:
        centre, samples = bootstrap_figures(
            pairs, recipes, metrics, settings.bootstrap, settings.seed, settings.workers
        )
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


def reach_zero(figures: Figures, p_values: Sequence[float | None]) -> Figures:
    """Let the intervals of errors reach 0 on sides whose rows may well be calibrated.

    Calibrated confidences have an error of 0, at the very end of its range, where a bootstrap
    cannot look. There the consistency test decides: not rejected at 5 %, 0 is in the interval.
    """
    sides = [figures.before, figures.after]
    for i, (side, p) in enumerate(zip(sides, p_values, strict=False)):
        if side is not None and p is not None and p >= 0.05:
            sides[i] = {
                name: replace(m, low=0.0) if METRICS[name].measures_error and m.low else m
                for name, m in side.items()
            }
    return Figures(sides[0] or {}, sides[1], figures.change)
