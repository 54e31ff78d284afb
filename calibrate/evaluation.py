"""Source (+ calibrators) -> Report, in one pass over the rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from calibrate.batch import Batch, FloatArray
from calibrate.bins import DEFAULT_BINS, BinTable, equal_width_edges
from calibrate.blocks import map_reduce
from calibrate.bootstrap import Pairs, Recipe, bootstrap_figures, interval
from calibrate.calibrators.base import Calibrator, check_classes
from calibrate.metrics import METRICS, Metric, Over, metrics_over
from calibrate.report import Data, Figures, Fitted, Measurement, Reliability, Report, Sides
from calibrate.row_sums import RowSums
from calibrate.significance import significance_tests
from calibrate.softmax import Float64, Outcomes, leaders, outcomes
from calibrate.source import Source

View = Callable[[Batch], tuple[FloatArray, float | Float64]]  # scores, and their factor(s)

KEPT_ROWS = 1 << 20  # up to so many rows are kept for the figures that need them in order


@dataclass(frozen=True)
class Settings:
    """How much to measure.

    Attributes:
        n_bins: equal-width confidence bins.
        full: every metric and test; else the means over rows and the figures from bins.
        bootstrap: samples behind the intervals of figures that are not means; 0 for none.
        seed: of the bootstrap and of the consistency resampling.
        workers: threads; nothing depends on it.
    """

    n_bins: int = DEFAULT_BINS
    full: bool = True
    bootstrap: int = 1000
    seed: int = 0
    workers: int | None = None


@dataclass(frozen=True)
class _Sums:
    """What one pass adds up; tuples run over the sides (before, after)."""

    rows: RowSums
    tables: tuple[BinTable, ...]
    kept: tuple[Pairs, ...]  # by block

    def __add__(self, other: _Sums) -> _Sums:
        tables = tuple(a + b for a, b in zip(self.tables, other.tables, strict=True))
        return _Sums(self.rows + other.rows, tables, self.kept + other.kept)

    def pairs(self) -> Pairs:
        """The kept rows of all blocks."""
        sides = range(len(self.tables))
        corrects = [np.concatenate([p.corrects[s] for p in self.kept]) for s in sides]
        if len(corrects) == 2 and np.array_equal(corrects[0], corrects[1]):
            corrects[1] = corrects[0]  # as with any temperature: cells need not tell them apart
        return Pairs(
            tuple(np.concatenate([p.confidences[s] for p in self.kept]) for s in sides),
            tuple(corrects),
            np.concatenate([p.weight for p in self.kept]),
        )


def _as_they_are(batch: Batch) -> tuple[FloatArray, float]:
    return batch.logits, 1.0


def _through(calibrators: Sequence[Calibrator]) -> View:
    """The view through one calibrator, or through each row's own out-of-fold temperature."""
    if len(calibrators) == 1:
        return lambda batch: calibrators[0].scaled(batch.logits)

    def view(batch: Batch) -> tuple[FloatArray, Float64]:
        factors = [calibrator.scaled(batch.logits)[1] for calibrator in calibrators]
        return batch.logits, np.array(factors)[batch.folds]

    return view


def _outcomes(views: Sequence[View], batch: Batch, magnitude: float) -> list[Outcomes]:
    """The outcomes of one block through each view; views of the same scores share their order."""
    assert batch.labels is not None
    found: list[Outcomes] = []
    shared = leaders(batch.logits, batch.labels)
    for view in views:
        scores, factor = view(batch)
        if scores is batch.logits:
            found.append(outcomes(scores, factor, magnitude, shared, batch))
        else:
            own = leaders(scores, batch.labels)
            found.append(outcomes(scores, factor, np.inf, own, batch))
    return found


@dataclass(frozen=True)
class _Pass:
    """One pass over the rows: what to look through, and what to add up."""

    views: tuple[View, ...]  # of the sides
    best: View | None  # through a cross-fitted temperature
    metrics: tuple[Metric, ...]  # means over rows
    edges: Float64
    magnitude: float
    stride: int  # every so many rows one is kept; 0 for none

    def step(self, batch: Batch) -> _Sums:
        views = (*self.views, self.best) if self.best else self.views
        found = _outcomes(views, batch, self.magnitude)
        sides = found[: len(self.views)]
        if self.best:
            sides = [replace(side, best_nll=found[-1].nll) for side in sides]
        columns = [[metric.function(side) for metric in self.metrics] for side in sides]
        if len(sides) == 2:
            columns.append([after - before for before, after in zip(*columns, strict=True)])
        columns.append([side.slope for side in sides])
        return _Sums(
            rows=RowSums.of([each for side in columns for each in side], batch.weights),
            tables=tuple(
                BinTable.of(side.confidence, side.correct, batch.weights, self.edges)
                for side in sides
            ),
            kept=self._kept(sides, batch),
        )

    def _kept(self, sides: Sequence[Outcomes], batch: Batch) -> tuple[Pairs, ...]:
        if not self.stride:
            return ()
        rows = slice(-batch.start % self.stride, None, self.stride)
        weight = np.ones(len(batch.logits)) if batch.weights is None else batch.weights
        confidences = tuple(side.confidence[rows] for side in sides)
        return (Pairs(confidences, tuple(side.correct[rows] for side in sides), weight[rows]),)


def evaluate_source(
    source: Source,
    calibrators: Sequence[Calibrator] = (),
    fitted: Fitted | None = None,
    *,
    best: Sequence[Calibrator] = (),
    in_sample: bool | None = False,
    settings: Settings | None = None,
    warnings: tuple[str, ...] = (),
) -> Report:
    """Measure ``source`` as it is and through its calibrators.

    Args:
        source: labelled rows.
        calibrators: none, one for all rows, or one per fold of ``source.folds``.
        fitted: what to say about them in the report.
        best: temperatures cross-fitted on the folds of ``source``, for ``nll_calibration``.
        in_sample: whether the calibrators were fitted on these rows.
    """
    settings = settings or Settings()
    for calibrator in calibrators:
        check_classes(calibrator, source)
    skipped = {"top_5_accuracy"} if source.n_classes <= 5 else set()
    skipped |= set() if best else {"nll_calibration"}
    row_metrics = tuple(m for n, m in metrics_over(Over.ROWS).items() if n not in skipped)
    work = _Pass(
        views=(_as_they_are, *([_through(calibrators)] if calibrators else [])),
        best=_through(best) if best else None,
        metrics=row_metrics,
        edges=equal_width_edges(settings.n_bins),
        magnitude=source.magnitude,
        stride=-(-source.n_rows // KEPT_ROWS) if settings.full else 0,
    )
    sums = map_reduce(source.precise(), work.step, settings.workers)
    figures, notes = _figures(sums, work, settings)
    tables = [Reliability.of(table) for table in sums.tables]
    return Report(
        data=Data(
            source.logits_name, source.labels_name, source.n_rows, source.n_classes, in_sample
        ),
        calibrator=fitted,
        metrics=figures,
        reliability=Sides(tables[0], tables[1] if calibrators else None),
        tests=significance_tests(sums.pairs(), sums.rows, work.edges, settings)
        if settings.full
        else None,
        warnings=source.warnings + warnings + notes,
    )


def _figures(sums: _Sums, work: _Pass, settings: Settings) -> tuple[Figures, tuple[str, ...]]:
    """All measurements in the order of the registry, and what to say about missing ones."""
    names = [metric.name for metric in work.metrics]
    bounds = [metric.bounds for metric in work.metrics]
    n_sides = len(work.views)
    spans = [bounds, bounds, [(-np.inf, np.inf)] * len(bounds)] if n_sides == 2 else [bounds]
    flat = sums.rows.measurements(
        [b for span in spans for b in span] + [(-np.inf, np.inf)] * n_sides
    )
    found = [
        dict(zip(names, flat[i * len(names) : (i + 1) * len(names)], strict=True))
        for i in range(len(spans))
    ]
    if settings.full:
        more = _resampled(sums, work, settings)
    else:
        more = [_from_tables(table) for table in sums.tables]
        if n_sides == 2:
            more.append(_differences(*more))
    ordered = [
        {name: (a | b)[name] for name in METRICS if name in a or name in b}
        for a, b in zip(found, more, strict=True)
    ]
    undefined = sorted(
        {n for side in ordered[:n_sides] for n, m in side.items() if m.value is None}
    )
    notes = tuple(f"{name} is undefined on these rows" for name in undefined)
    if work.stride > 1:
        notes += (f"figures from confidences in order use every {work.stride}th row",)
    return (
        Figures(
            ordered[0], ordered[1] if n_sides == 2 else None, ordered[2] if n_sides == 2 else None
        ),
        notes,
    )


def _from_tables(table: BinTable) -> dict[str, Measurement]:
    metrics = metrics_over(Over.BINS)
    return {name: Measurement(float(m.function(table))) for name, m in metrics.items()}


def _bare(value: float) -> Measurement:
    return Measurement(value if np.isfinite(value) else None)


def _differences(
    before: dict[str, Measurement], after: dict[str, Measurement]
) -> dict[str, Measurement]:
    values = {name: (before[name].value, after[name].value) for name in before}
    return {
        name: Measurement(None if b is None or a is None else a - b)
        for name, (b, a) in values.items()
    }


def _resampled(sums: _Sums, work: _Pass, settings: Settings) -> list[dict[str, Measurement]]:
    """The figures that are not means over rows: before, after and change."""
    metrics = [metric for metric in METRICS.values() if metric.over is not Over.ROWS]
    pairs = sums.pairs()
    levels = [pairs.levels(side) for side in range(len(work.views))]
    recipes = [Recipe.of(each, work.edges) for each in levels]
    values = np.stack([r.figures(each, metrics) for r, each in zip(recipes, levels, strict=True)])
    for side, table in enumerate(sums.tables):  # exact on all rows, also where few are kept
        for i, metric in enumerate(metrics):
            if metric.over is Over.BINS:
                values[side, i] = metric.function(table)
    names = [metric.name for metric in metrics]
    if not settings.bootstrap:
        plain = [
            {
                n: Measurement(float(v) if np.isfinite(v) else None)
                for n, v in zip(names, row, strict=True)
            }
            for row in values
        ]
        return [*plain, _differences(*plain)] if len(plain) == 2 else plain
    centre, samples = bootstrap_figures(
        pairs, recipes, metrics, settings.bootstrap, settings.seed, settings.workers
    )
    bounds = [metric.bounds for metric in metrics]
    if len(work.views) == 2:
        values, centre = (np.concatenate([v, v[1:] - v[:1]]) for v in (values, centre))
        samples = np.concatenate([samples, samples[:, 1:] - samples[:, :1]], axis=1)
    return [
        {
            name: interval(
                float(values[side, i]),
                float(centre[side, i]),
                samples[:, side, i],
                bounds[i] if side < 2 else (-np.inf, np.inf),
            )
            for i, name in enumerate(names)
        }
        for side in range(len(values))
    ]
