"""One pass over the rows: what to look through, and what to add up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from calibrate.analyses.relation import relation
from calibrate.arrays import AnyArray, Float64, Index, Values
from calibrate.blocks.bins import BinTable, equal_width_edges
from calibrate.blocks.block import PARTS, Block, part_of
from calibrate.blocks.passes import doing, map_reduce
from calibrate.blocks.predictions import Predictions, TopScores, predicted, predictions
from calibrate.blocks.sums import NORMAL_95, RowSums
from calibrate.calibrators.methods.temperature import Temperature
from calibrate.calibrators.protocol import Calibrator, Scores
from calibrate.data.dataset import Dataset
from calibrate.data.groups import check_votes, groups_of
from calibrate.data.known_rows import fingerprint, fingerprint_of_top_labels
from calibrate.data.labels import check_class_names, check_classes
from calibrate.data.top_labels import TopLabels
from calibrate.errors import InputError
from calibrate.metrics.biases import Kinds, discovered
from calibrate.metrics.choice import Choice
from calibrate.metrics.classes import ClassTable
from calibrate.metrics.curves import (
    Predicted,
    class_reliability,
    classes_by_prediction,
    corp_reliability,
    reliability_of,
    smooth_reliability,
)
from calibrate.metrics.measure import measure, reach_zero, rough_of
from calibrate.metrics.registry import METRICS, Over, headline
from calibrate.metrics.settings import Settings
from calibrate.metrics.tests import significance_tests
from calibrate.metrics.totals import KeptRows, PartGaps, Totals
from calibrate.results.measurement import Metrics, sides_of
from calibrate.results.report import (
    Bias,
    Data,
    Fitted,
    GroupFigures,
    Report,
    RiskCoverage,
)
from calibrate.tasks import Task

KEPT_ROWS = 1 << 20  # up to so many rows are kept for the figures that need them in order
AS_THEY_ARE = Temperature(1.0)


class View(Protocol):
    """What rows are looked at through: a calibrator, or another model."""

    def scores(self, block: Block) -> Scores: ...


@dataclass(frozen=True)
class OtherModel:
    """The same rows of another model, through its calibrator."""

    dataset: Dataset
    calibrator: Calibrator

    def scores(self, block: Block) -> Scores:
        rows = self.dataset.read(block.start, block.start + len(block))
        return self.calibrator.scores(rows)


@dataclass(frozen=True)
class MeasuringStep:
    """The step that looks at a block through each view and adds up what the metrics need.

    Attributes:
        views: before, and after where there is one.
        best: through a cross-fitted temperature, or None.
        names: of the metrics that are means over rows.
        edges: of the confidence bins.
        magnitude: the largest ``|logit|``.
        full, yes_no: whether classes are looked at; whether decisions are yes or no.
        hard, alone: as in ``Totals``.
        stride: every so many rows one is kept.
    """

    views: tuple[View, ...]
    best: Calibrator | None
    names: tuple[str, ...]
    edges: Float64
    magnitude: float
    full: bool
    yes_no: bool
    hard: bool
    alone: bool
    stride: int

    def __call__(self, block: Block) -> Totals:
        shared = predicted(block.logits, block)
        best = 0.0 if self.best is None else self._look(self.best, block, shared, keep=False).nll
        sides, classes, yes = [], [], list[Float64]()
        for view in self.views:
            keep = (self.full or self.yes_no) and block.said is None
            side = self._look(view, block, shared, keep=keep)
            if side.probabilities is not None:  # now: the next view overwrites them
                classes.append(ClassTable.from_probabilities(side.probabilities, block, self.edges))
                yes.append(side.probabilities[:, 1].astype(np.float64))
            sides.append(replace(side, best_nll=best, probabilities=None))
        columns = [[METRICS[name].function(side) for name in self.names] for side in sides]
        if len(sides) == 2:
            columns.append([after - before for before, after in zip(*columns, strict=True)])
        columns.append([side.slope for side in sides])
        flat = [each for side in columns for each in side]
        part, w = block.part, block.weight
        return Totals(
            names=self.names,
            rows=RowSums.from_columns(flat, w, part),
            tables=tuple(BinTable.from_rows(s.confidence, s.correct, w, self.edges) for s in sides),
            gaps=tuple(
                PartGaps.from_rows(s.confidence, s.correct, w, part, self.edges) for s in sides
            ),
            yes_gaps=tuple(
                PartGaps.from_rows(p, block.yes, w, part, self.edges) for p in yes if self.yes_no
            ),
            classes=tuple(classes),
            parts=(self._kept(sides, yes, block),),
            yes_no=self.yes_no,
            hard=self.hard,
            alone=self.alone,
        )

    def _look(self, view: View, block: Block, shared: TopScores, *, keep: bool) -> Predictions:
        """The predictions through a view; the top scores are shared where all scores are."""
        seen = view.scores(block)
        if seen.values is block.logits:
            return predictions(seen.values, seen.factor, self.magnitude, shared, block, keep=keep)
        own = predicted(seen.values, block)
        return predictions(seen.values, seen.factor, np.inf, own, block, keep=keep)

    def _kept(self, sides: Sequence[Predictions], yes: Sequence[Float64], block: Block) -> KeptRows:
        rows = which_kept(block.start, len(block), self.stride)
        return KeptRows(
            confidences=tuple(side.confidence[rows] for side in sides),
            corrects=tuple(side.correct[rows] for side in sides),
            tilts=tuple(side.tilt[rows] for side in sides),
            weight=block.weight[rows],
            part=block.part[rows],
            predicted=sides[-1].prediction[rows],
            yes=(tuple(p[rows] for p in yes), block.yes[rows]) if self.yes_no else None,
        )


def which_kept(start: int, count: int, stride: int) -> slice | Index:
    """Which of the rows ``start, start + 1, ...`` are kept: one of ``stride``, by its number.

    Those of a part of 1 024 numbers that are dealt out evenly, so that no order of rows or labels
    can fall into step with them.
    """
    if stride == 1:
        return slice(None)
    numbers = np.arange(start, start + count)
    return np.flatnonzero(part_of(numbers + PARTS) % stride == 0)


def stride_of(dataset: Dataset) -> int:
    """Every so many rows one is kept."""
    return -(-dataset.n_rows // KEPT_ROWS)


@doing("measuring")
def totals_of(
    dataset: Dataset, views: tuple[View, ...], best: Calibrator | None, settings: Settings
) -> Totals:
    """Everything added up over the rows."""
    skipped = {"top_5_accuracy"} if dataset.n_classes <= 5 else set()
    skipped |= set() if best else {name for name, each in METRICS.items() if each.cross_fits}
    step = MeasuringStep(
        views=views,
        best=best,
        names=tuple(n for n, m in METRICS.items() if m.over is Over.ROWS and n not in skipped),
        edges=equal_width_edges(settings.n_bins),
        magnitude=dataset.magnitude,
        full=settings.measures("classwise_ece"),
        yes_no=dataset.task.yes_no,
        hard=dataset.hard,
        alone=dataset.alone,
        stride=stride_of(dataset),
    )
    return map_reduce(dataset.precise(), step)


# Dataset (+ calibrator) -> Report, in one pass over the rows.


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


def _bias(totals: Totals, side: int) -> Bias:
    """Mean confidence - accuracy; of yes-no decisions, mean P(yes) - share of yes."""
    kept = totals.kept.of_yes
    one = np.zeros(len(kept.weight), dtype=np.intp)
    (bias,) = Kinds.from_rows(kept, side, one, 1, exact=totals.plain, hard=totals.hard).biases()
    return bias


def report_of_top_labels(rows: TopLabels, settings: Settings) -> Report:
    """Measure what confidence and correctness alone can tell; the rest is left out, with a note."""
    totals = top_label_totals(rows, settings)
    about = Task.top_label, None, fingerprint_of_top_labels(rows)
    data = Data(rows.name, rows.name, rows.n_rows, rows.n_classes, None, *about)
    report = report_of(totals, data, None, settings, rows.warnings)
    measured = {*report.metrics.before, "positive_ece"}  # the latter is of yes-no models only
    missing = [name for name in METRICS if name not in measured]
    note = f"left out, as they need the logits: {', '.join(missing)}"
    return replace(report, warnings=(*report.warnings, note))


def top_label_totals(rows: TopLabels, settings: Settings) -> Totals:
    """What confidence and correctness alone add up to."""
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
        rows=RowSums.from_columns([*means.values(), nothing], weight, part),
        tables=(BinTable.from_rows(confidence, correct, weight, edges),),
        gaps=(PartGaps.from_rows(confidence, correct, weight, part, edges),),
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
    choice = None
    if fitted is not None and (data.in_sample or fitted.folds):  # these rows chose T
        ends = fitted.interval or (1.0, 1.0)
        choice = Choice(float(np.log(ends[1] / ends[0]) / 2 / NORMAL_95))
        figures = choice.allowed_for(figures, totals)
    if fitted is not None and fitted.folds:  # the best temperature is then the one in use
        figures = figures.only_before("nll_calibration")
    kept, alone, per_weight = totals.kept, totals.alone, totals.kept.rows_per_weight
    sides, used = range(totals.n_sides), settings.used
    report = Report(
        data=data,
        calibrator=fitted,
        metrics=figures,
        reliability=sides_of([reliability_of(table, per_weight) for table in totals.tables]),
        warnings=warnings + notes,
        rough_intervals=rough_of(
            figures, totals, tuple(fitted.parameters) if fitted and choice else ()
        ),
        settings=replace(used, class_names=None) if data.task.yes_no else used,
    )
    if totals.classes and settings.only is None:
        seen = [] if totals.yes_no else [Predicted.from_totals(totals, s) for s in sides]
        shown = class_reliability(totals, seen, settings)
        report = replace(report, class_reliability=sides_of(shown))
        if seen:
            names, top = settings.class_names, settings.top
            pairs = zip(totals.classes, seen, strict=True)
            classes = [classes_by_prediction(table, side, top, names) for table, side in pairs]
            report = replace(report, classes=sides_of(classes))
    if data.task.yes_no or data.task is Task.confidence:
        report = replace(report, lean=sides_of([_bias(totals, side) for side in sides]))
    if not settings.full:
        return report
    found = significance_tests(totals, settings.seed, choice)
    report = replace(
        report, metrics=reach_zero(figures, found.p_values), tests=sides_of(found.tests)
    )
    if settings.only is not None:
        return report
    bands = [chance.band for chance in found.chance]
    tables = [reliability_of(t, per_weight, b) for t, b in zip(totals.tables, bands, strict=True)]
    smooth = [smooth_reliability(kept.of_yes, s, alone=alone) for s in sides]
    curves = [levels.risk_coverage(CURVE_POINTS) for levels in kept.ordered]
    return replace(
        report,
        reliability=sides_of(tables),
        smooth_reliability=sides_of(smooth),
        corp_reliability=corp_reliability(kept, settings.seed, alone=alone),
        risk_coverage=sides_of([RiskCoverage(*(tuple(a.tolist()) for a in c)) for c in curves]),
    )


# The headline figures of each group of rows.


def group_figures(
    groups: AnyArray,
    totals_of_rows: Callable[[Index], Totals | None],
    settings: Settings,
    names: Sequence[str] | None = None,
) -> tuple[GroupFigures, ...]:
    """Measure each group on its own; the one whose confidence is most surely off first.

    Args:
        groups: ``(n,)`` the group of each row.
        totals_of_rows: what the rows of these numbers add up to; None where none of them counts.
        names: of groups that are numbers from 0.
    """
    found = []
    order = np.argsort(groups, kind="stable")
    labels, starts = np.unique(groups[order], return_index=True)
    for group, rows in zip(labels, np.split(order, starts[1:]), strict=True):
        totals = totals_of_rows(rows)
        if totals is None:
            continue
        text = group.decode(errors="replace") if isinstance(group, bytes) else str(group)
        text = text if names is None else names[int(group)]
        figures, bias = measure(totals, settings)[0], _bias(totals, totals.n_sides - 1)
        few = bias.p_value is None
        found.append(GroupFigures(text, len(rows), few, bias, figures.only(headline())))
    biases = discovered([each.bias for each in found])
    looked_at = [replace(each, bias=bias) for each, bias in zip(found, biases, strict=True)]
    return tuple(sorted(looked_at, key=lambda group: -group.bias.sure))


def groups_of_dataset(
    dataset: Dataset,
    groups: Values | None,
    calibrator: Calibrator | None,
    settings: Settings,
) -> tuple[GroupFigures, ...] | None:
    """The groups asked for; of a multi-label model, its labels are the groups."""
    of_labels = dataset.task is Task.multilabel and groups is None and settings.full
    if groups is None and not of_labels:
        return None
    of_rows = dataset.columns if groups is None else groups_of(groups, dataset, "groups")
    plain = replace(settings, class_names=None, classes=None, full=False, bootstrap=0)

    views = (AS_THEY_ARE,) if calibrator is None else (AS_THEY_ARE, calibrator)

    def totals_of_rows(rows: Index) -> Totals | None:
        part = dataset.take(rows)
        return totals_of(part, views, None, plain) if part.weight.any() else None

    names = settings.class_names if of_labels else None
    return group_figures(of_rows, totals_of_rows, plain, names)
