"""Dataset (+ calibrator) -> Report, in one pass over the rows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from calibrate.analyses.evaluation.one_pass import AS_THEY_ARE, OtherModel, stride_of, totals_of
from calibrate.analyses.evaluation.relation import relation
from calibrate.blocks.bins import BinTable, equal_width_edges
from calibrate.blocks.ordered import Ordered
from calibrate.blocks.row_sums import RowSums
from calibrate.blocks.student import NORMAL_95
from calibrate.calibrators.protocol import Calibrator
from calibrate.data.class_names import check_class_names, check_classes
from calibrate.data.dataset import Dataset
from calibrate.data.fingerprint import fingerprint, fingerprint_of_top_labels
from calibrate.data.top_labels import TopLabels
from calibrate.data.votes import check_votes
from calibrate.errors import InputError
from calibrate.metrics.biases import Kinds
from calibrate.metrics.choice import Choice
from calibrate.metrics.corp import corp_reliability
from calibrate.metrics.measure import measure, reach_zero, rough_of
from calibrate.metrics.metric import METRICS
from calibrate.metrics.reliability import (
    Predicted,
    class_reliability,
    classes_by_prediction,
    reliability_of,
)
from calibrate.metrics.settings import Settings
from calibrate.metrics.significance import significance_tests
from calibrate.metrics.smooth_reliability import smooth_reliability
from calibrate.metrics.totals import KeptRows, PartGaps, Totals
from calibrate.results.biases import Bias
from calibrate.results.measurement import Figures, Metrics, sides_of
from calibrate.results.report import Data, Fitted, Report, RiskCoverage
from calibrate.results.settings_used import SettingsUsed
from calibrate.tasks import Task

CURVE_POINTS = 200


def evaluate_dataset(
    dataset: Dataset,
    calibrator: Calibrator | None = None,
    fitted: Fitted | None = None,
    *,
    best: Calibrator | None = None,
    in_sample: bool | None = None,
    settings: Settings | None = None,
    warnings: tuple[str, ...] = (),
) -> Report:
    """Measure rows as they are and through a calibrator.

    Args:
        dataset: labelled rows.
        calibrator: what they are seen through, or None.
        fitted: what to say about it in the report.
        best: temperatures cross-fitted on the folds of ``dataset``, for ``nll_calibration``.
        in_sample: True where the calibrator was fitted on these very rows.
    """
    settings = settings or Settings()
    if calibrator is not None:
        calibrator.fits.check(dataset)
    check_votes(dataset, settings.votes)
    check_class_names(settings.class_names, dataset.layout.n_columns, "`class_names`")
    if dataset.task.yes_no:  # classes are yes and no; the names are those of labels
        settings = replace(settings, class_names=("no", "yes"), classes=(1,), top=0)
    if dataset.task is Task.confidence and (settings.class_names or settings.classes):
        raise InputError(
            f"{dataset.logits.name}: answers are right or wrong, and of no class: leave "
            "`class_names` and `classes` out"
        )
    check_classes(settings.classes, dataset.n_classes)
    views = (AS_THEY_ARE,) if calibrator is None else (AS_THEY_ARE, calibrator)
    totals = totals_of(dataset, views, best, settings)
    data = data_of(dataset, in_sample)
    report = report_of(totals, data, fitted, settings, dataset.warnings + warnings)
    report = replace(report, relation=relation(dataset))
    stride = stride_of(dataset)
    if stride == 1 or not settings.full:
        return report
    kept = f"figures from confidences in order use one row in {stride}"
    return replace(report, warnings=(*report.warnings, kept))


def data_of(dataset: Dataset, in_sample: bool | None) -> Data:
    """What a report says of the rows."""
    return Data(
        logits=dataset.logits.name,
        labels=dataset.labels_name,
        rows=dataset.n_examples,
        classes=dataset.layout.n_columns,
        in_sample=in_sample,
        task=dataset.task,
        fingerprint=fingerprint(dataset),
    )


def evaluate_pair(
    first: Dataset, its: Calibrator, second: Dataset, theirs: Calibrator, settings: Settings
) -> Metrics:
    """Figures of ``second`` minus those of ``first``, paired: both hold the same rows."""
    views = (its, OtherModel(second.precise(), theirs))
    figures, _ = measure(totals_of(first, views, None, settings), settings)
    return figures.change or {}


def evaluate_group(
    dataset: Dataset, calibrator: Calibrator | None, settings: Settings
) -> tuple[Figures, Bias]:
    """The figures of a group of rows, and by how much their confidence is off at the end."""
    views = (AS_THEY_ARE,) if calibrator is None else (AS_THEY_ARE, calibrator)
    return _of_group(totals_of(dataset, views, None, settings), settings)


def evaluate_top_label_group(rows: TopLabels, settings: Settings) -> tuple[Figures, Bias]:
    """The same of rows of which only the prediction and its confidence are known."""
    return _of_group(_top_label_totals(rows, settings), settings)


def _of_group(totals: Totals, settings: Settings) -> tuple[Figures, Bias]:
    return measure(totals, settings)[0], _bias(totals, totals.n_sides - 1)


def _bias(totals: Totals, side: int) -> Bias:
    """Mean confidence - accuracy; of yes-no decisions, mean P(yes) - share of yes."""
    kept = totals.kept.of_yes
    one = np.zeros(len(kept.weight), dtype=np.intp)
    (bias,) = Kinds.of(kept, side, one, 1, exact=totals.plain, hard=totals.hard).biases()
    return bias


def evaluate_top_labels(rows: TopLabels, settings: Settings) -> Report:
    """Measure what confidence and correctness alone can tell; the rest is left out, with a note."""
    totals = _top_label_totals(rows, settings)
    about = Task.top_label, None, fingerprint_of_top_labels(rows)
    data = Data(rows.name, rows.name, rows.n_rows, rows.n_classes, None, *about)
    report = report_of(totals, data, None, settings, rows.warnings)
    measured = {*report.metrics.before, "positive_ece"}  # the latter is of yes-no models only
    missing = [name for name in METRICS if name not in measured]
    note = f"left out, as they need the logits: {', '.join(missing)}"
    return replace(report, warnings=(*report.warnings, note))


def _top_label_totals(rows: TopLabels, settings: Settings) -> Totals:
    correct, confidence = rows.correct, rows.confidence
    means = {
        "accuracy": correct,
        "mean_confidence": confidence,
        "overconfidence": confidence - correct,
    }
    nothing = np.zeros(rows.n_rows)  # no logits, no temperature
    edges, weight, part = equal_width_edges(settings.n_bins), rows.weight, rows.part
    return Totals(
        names=tuple(means),
        rows=RowSums.of([*means.values(), nothing], weight, part),
        tables=(BinTable.of(confidence, correct, weight, edges),),
        gaps=(PartGaps.of(confidence, correct, weight, part, edges),),
        yes_gaps=(),
        classes=(),
        parts=(KeptRows((confidence,), (correct,), (nothing,), weight, part),),
        alone=rows.clusters is None,
    )


def report_of(
    totals: Totals,
    data: Data,
    fitted: Fitted | None,
    settings: Settings,
    warnings: tuple[str, ...],
) -> Report:
    """The report on what a pass has added up."""
    figures, notes = measure(totals, settings)
    choice = choice_of(data, fitted)
    if choice is not None:
        figures = choice.allowed_for(figures, totals)
    if fitted is not None and fitted.folds:  # the best temperature is then the one in use
        figures = figures.only_before("nll_calibration")
    kept, alone, per_weight = totals.kept, totals.alone, totals.kept.rows_per_weight
    report = Report(
        data=data,
        calibrator=fitted,
        metrics=figures,
        reliability=sides_of([reliability_of(table, per_weight) for table in totals.tables]),
        warnings=warnings + notes,
        rough_intervals=rough_of(figures, totals, of_t=choice is not None),
        settings=used_of(settings, data),
    )
    if totals.classes:
        report = _with_classes(report, totals, settings)
    if data.task.yes_no or data.task is Task.confidence:
        leans = [_bias(totals, side) for side in range(totals.n_sides)]
        report = replace(report, lean=sides_of(leans))
    if not settings.full:
        return report
    found = significance_tests(totals, settings.seed, choice)
    bands = [chance.band for chance in found.chance]
    tables = [reliability_of(t, per_weight, b) for t, b in zip(totals.tables, bands, strict=True)]
    smooth = [smooth_reliability(kept.of_yes, s, alone=alone) for s in range(totals.n_sides)]
    return replace(
        report,
        metrics=reach_zero(figures, found.p_values),
        reliability=sides_of(tables),
        tests=sides_of(found.tests),
        smooth_reliability=sides_of(smooth),
        corp_reliability=corp_reliability(kept, settings.seed, alone=alone),
        risk_coverage=sides_of([_risk_coverage(each) for each in kept.ordered]),
    )


def _with_classes(report: Report, totals: Totals, settings: Settings) -> Report:
    """The report with what was found class by class."""
    sides = [] if totals.yes_no else [Predicted.of(totals, s) for s in range(totals.n_sides)]
    shown = class_reliability(totals, sides, settings)
    report = replace(report, class_reliability=sides_of(shown))
    if not sides:
        return report
    names, top = settings.class_names, settings.top
    classes = [
        classes_by_prediction(table, side, top, names)
        for table, side in zip(totals.classes, sides, strict=True)
    ]
    return replace(report, classes=sides_of(classes))


def used_of(settings: Settings, data: Data) -> SettingsUsed:
    """The settings as reports hold them; the classes of yes-no decisions have no other names."""
    return replace(settings.used, class_names=None) if data.task.yes_no else settings.used


def choice_of(data: Data, fitted: Fitted | None) -> Choice | None:
    """That the rows measured chose the temperature, and how uncertain it is."""
    if fitted is None or not (data.in_sample or fitted.folds):
        return None
    interval = fitted.interval
    width = np.log(interval[1] / interval[0]) if interval else 0.0
    return Choice(float(width / 2 / NORMAL_95))


def _risk_coverage(ordered: Ordered) -> RiskCoverage:
    coverage, risk = ordered.risk_coverage(CURVE_POINTS)
    return RiskCoverage(tuple(coverage.tolist()), tuple(risk.tolist()))
