"""Dataset (+ calibrators) -> Report, in one pass over the rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from calibrate.blocks.bins import BinTable, equal_width_edges
from calibrate.blocks.block import Block, FloatArray, Index
from calibrate.blocks.passes import map_reduce
from calibrate.blocks.predictions import Predictions, TopScores, predictions, top_scores
from calibrate.blocks.row_sums import RowSums
from calibrate.blocks.softmax import Float64
from calibrate.calibrators.protocol import Calibrator, check_classes
from calibrate.data.dataset import Dataset
from calibrate.data.top_labels import TopLabels
from calibrate.metrics import METRICS, Metric, Ordered, Over, metrics_over
from calibrate.metrics.class_table import (
    ClassTable,
    check_class_names,
    check_classes_shown,
    class_reliability,
)
from calibrate.metrics.intervals.resampled import KeptRows
from calibrate.metrics.measure import Settings, Sums, measure, reach_zero
from calibrate.metrics.significance import significance_tests
from calibrate.metrics.smooth_reliability import smooth_reliability
from calibrate.results.report import (
    Data,
    Fitted,
    Measurement,
    Reliability,
    Report,
    RiskCoverage,
    sides_of,
)

View = Callable[[Block], tuple[FloatArray, float | Float64]]  # scores, and their factor(s)

CURVE_POINTS = 200
KEPT_ROWS = 1 << 20  # up to so many rows are kept for the figures that need them in order


def _as_they_are(block: Block) -> tuple[FloatArray, float]:
    return block.logits, 1.0


def _through(calibrators: Sequence[Calibrator]) -> View:
    """The view through one calibrator, or through each row's own out-of-fold temperature."""
    if len(calibrators) == 1:
        return calibrators[0].scaled

    def view(block: Block) -> tuple[FloatArray, Float64]:
        factors = [calibrator.scaled(block)[1] for calibrator in calibrators]
        return block.logits, np.array(factors)[block.folds]

    return view


@dataclass(frozen=True)
class _Pass:
    """One pass over the rows: what to look through, and what to add up."""

    views: tuple[View, ...]  # of the sides
    best: View | None  # through a cross-fitted temperature
    metrics: tuple[Metric, ...]  # means over rows
    edges: Float64
    magnitude: float
    full: bool
    yes_no: bool
    stride: int  # every so many rows one is kept

    def step(self, block: Block) -> Sums:
        assert block.labels is not None
        shared = top_scores(block.logits, block.labels)
        best = None if self.best is None else self._look(self.best, block, shared).nll
        sides, classes, yes = [], [], list[Float64]()
        for view in self.views:
            side = replace(
                self._look(view, block, shared, keep=self.full or self.yes_no), best_nll=best
            )
            if side.probabilities is not None:  # now: the next view overwrites them
                classes.append(ClassTable.of(side, block, self.edges))
                yes.append(side.probabilities[:, 1].astype(np.float64))
            sides.append(side)
        columns = [[metric.function(side) for metric in self.metrics] for side in sides]
        if len(sides) == 2:
            columns.append([after - before for before, after in zip(*columns, strict=True)])
        columns.append([side.slope for side in sides])
        return Sums(
            rows=RowSums.of(
                [each for side in columns for each in side], block.weights, block.clusters
            ),
            tables=tuple(
                BinTable.of(side.confidence, side.correct, block.weights, self.edges)
                for side in sides
            ),
            classes=tuple(classes),
            kept=self._kept(sides, yes, block),
            yes_no=self.yes_no,
        )

    def _look(
        self, view: View, block: Block, shared: TopScores, *, keep: bool = False
    ) -> Predictions:
        """The predictions through a view; the top_scores are shared where the scores are the same."""
        assert block.labels is not None
        scores, factor = view(block)
        if scores is block.logits:
            return predictions(scores, factor, self.magnitude, shared, block, keep=keep)
        own = top_scores(scores, block.labels)
        return predictions(scores, factor, np.inf, own, block, keep=keep)

    def _kept(
        self, sides: Sequence[Predictions], yes: Sequence[Float64], block: Block
    ) -> tuple[KeptRows, ...]:
        rows: slice | Index = slice(-block.start % self.stride, None, self.stride)
        if block.clusters is not None:  # whole examples
            rows = np.flatnonzero(block.clusters % self.stride == 0)
        weight = np.ones(len(block.logits)) if block.weights is None else block.weights
        confidences = tuple(side.confidence[rows] for side in sides)
        corrects = tuple(side.correct[rows] for side in sides)
        clusters = None if block.clusters is None else block.clusters[rows]
        both = None
        if self.yes_no:
            assert block.labels is not None
            labels = block.labels if block.labels.ndim == 1 else block.labels[:, 1]
            both = tuple(p[rows] for p in yes), labels[rows].astype(np.float64)
        return (KeptRows(confidences, corrects, weight[rows], clusters, both),)


def evaluate_dataset(
    dataset: Dataset,
    calibrators: Sequence[Calibrator] = (),
    fitted: Fitted | None = None,
    *,
    best: Sequence[Calibrator] = (),
    in_sample: bool | None = False,
    settings: Settings | None = None,
    warnings: tuple[str, ...] = (),
) -> Report:
    """Measure ``dataset`` as it is and through its calibrators.

    Args:
        dataset: labelled rows.
        calibrators: none, one for all rows, or one per fold of ``dataset.folds``.
        fitted: what to say about them in the report.
        best: temperatures cross-fitted on the folds of ``dataset``, for ``nll_calibration``.
        in_sample: whether the calibrators were fitted on these rows.
    """
    settings = settings or Settings()
    for calibrator in calibrators:
        check_classes(calibrator, dataset)
    check_class_names(settings.class_names, dataset.n_columns, "class names")
    if dataset.task != "multiclass":  # of yes and no; the names are those of labels
        settings = replace(settings, class_names=("no", "yes"), classes=(1,), top=0)
    check_classes_shown(settings.classes, dataset.n_classes)
    views = (_as_they_are, *([_through(calibrators)] if calibrators else []))
    sums, names = _pass_over(dataset, views, _through(best) if best else None, settings)
    data = Data(
        dataset.logits_name, dataset.labels_name, dataset.n_examples, dataset.n_columns, in_sample,
        dataset.task,
    )  # fmt: skip
    report = report_of(sums, names, data, fitted, settings, dataset.warnings + warnings)
    stride = _stride(dataset)
    if stride == 1 or not settings.full:
        return report
    kept = f"figures from confidences in order use every {stride}th row"
    return replace(report, warnings=(*report.warnings, kept))


def _stride(dataset: Dataset) -> int:
    return -(-dataset.n_rows // KEPT_ROWS)


def _pass_over(
    dataset: Dataset, views: tuple[View, ...], best: View | None, settings: Settings
) -> tuple[Sums, list[str]]:
    """Everything added up over the rows, and the names of the means over them."""
    skipped = {"top_5_accuracy"} if dataset.n_classes <= 5 else set()
    skipped |= set() if best else {"nll_calibration"}
    row_metrics = tuple(m for n, m in metrics_over(Over.ROWS).items() if n not in skipped)
    work = _Pass(
        views=views,
        best=best,
        metrics=row_metrics,
        edges=equal_width_edges(settings.n_bins),
        magnitude=dataset.magnitude,
        full=settings.full,
        yes_no=dataset.task != "multiclass",
        stride=_stride(dataset),
    )
    sums = map_reduce(dataset.precise(), work.step, settings.workers)
    return sums, [metric.name for metric in row_metrics]


def evaluate_pair(
    first: Dataset,
    its: Sequence[Calibrator],
    second: Dataset,
    theirs: Sequence[Calibrator],
    settings: Settings,
) -> dict[str, Measurement]:
    """Figures of ``second`` minus those of ``first``, paired: both hold the same rows.

    Args:
        its, theirs: the calibrators of each, as in ``evaluate_dataset``.
    """
    second = second.precise()
    other = _through(theirs) if theirs else _as_they_are

    def look(block: Block) -> tuple[FloatArray, float | Float64]:
        return other(second.read(block.start, block.start + len(block.logits)))

    views = (_through(its) if its else _as_they_are, look)
    sums, names = _pass_over(first, views, None, settings)
    figures, _ = measure(sums, names, sums.tables[0].edges, settings)
    return figures.change or {}


def evaluate_top_labels(
    rows: TopLabels, settings: Settings, warnings: tuple[str, ...] = ()
) -> Report:
    """Measure what confidence and correctness alone can tell; the rest is left out, with a note."""
    correct, confidence, weights = rows.correct, rows.confidence, rows.weights
    means = {
        "accuracy": correct,
        "mean_confidence": confidence,
        "overconfidence": confidence - correct,
    }
    slope = np.zeros(rows.n_rows)  # no logits, no temperature
    weight = np.ones(rows.n_rows) if weights is None else weights
    sums = Sums(
        rows=RowSums.of([*means.values(), slope], weights),
        tables=(BinTable.of(confidence, correct, weights, equal_width_edges(settings.n_bins)),),
        classes=(),
        kept=(KeptRows((confidence,), (correct,), weight),),
    )
    data = Data(rows.name, rows.name, rows.n_rows, rows.n_classes, False, task="top-label")
    report = report_of(sums, list(means), data, None, settings, rows.warnings + warnings)
    measured = {*report.metrics.before, "positive_ece"}  # the latter is of yes-no models only
    missing = [name for name in METRICS if name not in measured]
    note = f"left out, as they need the logits: {', '.join(missing)}"
    return replace(report, warnings=(*report.warnings, note))


def report_of(
    sums: Sums,
    row_metrics: Sequence[str],
    data: Data,
    fitted: Fitted | None,
    settings: Settings,
    warnings: tuple[str, ...],
) -> Report:
    """The report on what a pass has added up.

    ``row_metrics`` names the first columns of ``sums.rows``: of each side, then of the change; the
    last ones are the slopes, per side.
    """
    edges = sums.tables[0].edges
    figures, notes = measure(sums, row_metrics, edges, settings)
    report = Report(
        data=data,
        calibrator=fitted,
        metrics=figures,
        reliability=sides_of([Reliability.of(table) for table in sums.tables]),
        warnings=warnings + notes,
    )
    if sums.classes:
        shown = class_reliability(sums.classes, edges, sums.pairs.rows_per_weight, settings)
        report = replace(report, class_reliability=sides_of(shown))
    if not settings.full:
        return report
    tests, drawn, p_values = significance_tests(sums.pairs, sums.rows, edges, settings)
    tables = [Reliability.of(*both) for both in zip(sums.tables, drawn, strict=True)]
    smooth = [smooth_reliability(sums.pairs.of_yes, side) for side in range(len(tests))]
    report = replace(
        report,
        metrics=reach_zero(figures, p_values),
        reliability=sides_of(tables),
        tests=sides_of(tests),
        smooth_reliability=sides_of(smooth),
        risk_coverage=sides_of([_risk_coverage(levels) for levels in sums.pairs.levels]),
    )
    if not sums.classes or sums.yes_no:
        return report
    worst = [table.worst(settings.top, settings.class_names) for table in sums.classes]
    return replace(report, classes=sides_of(worst))


def _risk_coverage(levels: Ordered) -> RiskCoverage:
    coverage, risk = levels.risk_coverage(CURVE_POINTS)
    return RiskCoverage(tuple(coverage.tolist()), tuple(risk.tolist()))
