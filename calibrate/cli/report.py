"""calibrate report"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from calibrate.cli import options
from calibrate.cli.command import Answer, command
from calibrate.cli.options import Plots, ThroughOptions, metric_names, plot_files

if TYPE_CHECKING:
    from calibrate.data.dataset import Dataset
    from calibrate.data.reading import Reading
    from calibrate.metrics.settings import Settings
    from calibrate.results.report import Report


@dataclass(frozen=True, kw_only=True)
class ReportRows(options.RowOptions):
    """A file of scores and one of labels, or one of predictions or confidences in answers."""

    logits: Annotated[
        str,
        typer.Argument(
            metavar="LOGITS",
            help="Scores, rows x classes: .npy, .npz, .pt, .safetensors, .pkl, .csv, .tsv, .json, "
            ".jsonl, .parquet, .arrow, .feather, .h5, .zarr or a saved dataset, or file.npz:key. "
            "Or a .csv with the columns true_label, pred_label, confidence, or a table with the "
            "columns confidence and correct, for what can be told from these.",
        ),
    ]
    columns: Annotated[
        str | None,
        typer.Option(
            "--columns", help="The names of these two or three columns of the .csv, with commas."
        ),
    ] = None
    groups: Annotated[
        str | None,
        typer.Option(
            "--groups", help="The group of each row: file.npy, file.txt or file.csv:COLUMN."
        ),
    ] = None

    @property
    def reading(self) -> Reading:
        from calibrate.data.readers.registry import Address

        own, groups = super().reading, Address.of(self.groups or "")
        if groups.key is None or groups.path != Address.of(self.logits).path:
            return own
        return replace(own, leave_out=(*own.leave_out, groups.key))

    @property
    def are_predictions(self) -> bool:
        from calibrate.data.readers.answers import holds_predictions

        if self.percent or self.task is options.TaskKind.confidence:
            return False
        return holds_predictions(self.logits, self.columns)

    @property
    def named(self) -> ReportRows:
        """The same, with two columns given by name as two files."""
        both = (self.columns or "").split(",")
        if len(both) != 2 or not all(both) or self.labels is not None:
            return self
        sure, right = (f"{self.logits}:{column}" for column in both)
        task = self.task or options.TaskKind.confidence
        return replace(self, logits=sure, labels=right, columns=None, task=task)


@dataclass(frozen=True, kw_only=True)
class AfterOptions(ThroughOptions):
    """What the rows are measured through: before and after."""

    cross_fit: Annotated[
        bool, typer.Option("--fit", help="Before and after a temperature cross-fitted on 5 folds.")
    ] = False


@dataclass(frozen=True, kw_only=True)
class VoteOptions(options.MeasureOptions):
    """How rows with labels of any kind are measured."""

    votes: options.Votes = None


@dataclass(frozen=True, kw_only=True)
class ReportMeasureOptions(VoteOptions):
    """What is measured and listed."""

    metrics: options.Metrics = None
    classes: Annotated[
        str | None,
        typer.Option(
            "--classes",
            help="Classes to draw, by name or number, with commas. Default: those off beyond "
            "chance, then the most frequent.",
        ),
    ] = None
    top: Annotated[int, typer.Option("--top", min=0, help="How many of the worst classes.")] = 10
    negligible: options.Negligible = 0.005


@dataclass(frozen=True, kw_only=True)
class ReportShow(options.ScreenOptions):
    """How a report is printed."""

    diagram: Annotated[
        bool, typer.Option("--diagram", help="Print a reliability diagram, too.")
    ] = False


@command
def report(
    rows: ReportRows,
    after: AfterOptions,
    measure: ReportMeasureOptions,
    show: ReportShow,
    output: options.Folder = "report",
    plots: Plots = "reliability",
    dpi: options.Dpi = 150,
) -> Answer:
    """Measure calibration; write report.json, report.md, report.html, plots to a folder."""
    from calibrate.blocks.passes import doing
    from calibrate.cli.console import made_here, not_measured, recognised
    from calibrate.cli.files import check_result
    from calibrate.renderers.folder import write_result
    from calibrate.renderers.plots import PICTURES

    shown = metric_names(measure.metrics)
    names = plot_files(plots, PICTURES)
    check_result(output, "report", list(names))
    settings = measure.settings(top=measure.top, negligible=measure.negligible, votes=measure.votes)
    notes, rows = list[str](), rows.named
    if rows.are_predictions:
        measured = of_predictions(rows, after, measure, settings, measure.classes)
    else:
        measured, dataset = of_logits(rows, after, measure, settings, measure.classes)
        notes = recognised(dataset)
    measured = replace(measured, made=made_here())
    drawings = {file: partial(PICTURES[name], measured) for file, name in names.items()}
    with doing("drawing"):
        written = write_result(measured, output, "report", drawings, dpi=dpi, metrics=shown)
    warnings = not_measured(shown, measured)
    drawn = {Path(file).name for file in written}
    if plots != "all":
        missing = [name for file, name in names.items() if file not in drawn]
        warnings += [f"{name}: there is nothing to draw for these rows" for name in missing]
    return Answer(measured, show, warnings=warnings, notes=notes, metrics=shown)


def of_predictions(
    rows: ReportRows,
    after: AfterOptions,
    measure: VoteOptions,
    settings: Settings,
    classes: str | None = None,
) -> Report:
    """The report on rows of which only predictions are known."""
    import calibrate
    from calibrate.data.column import in_memory
    from calibrate.data.groups import check_groups
    from calibrate.data.readers.answers import Columns
    from calibrate.data.readers.open import read_array, read_groups

    plain = ReportRows(
        logits=rows.logits,
        weights=rows.weights,
        cluster=rows.cluster,
        columns=rows.columns,
        groups=rows.groups,
    )
    asked = measure.class_names or measure.votes or classes
    if rows != plain or after != AfterOptions() or asked:
        raise calibrate.InputError(
            f"{rows.logits}: a .csv of predictions takes neither LABELS nor -c, --temperature, "
            "--fit, --scores, --task, --class-names, --classes, --votes, --ignore-label, "
            "--label-offset or --label-column"
        )
    found = calibrate.read_top_labels(rows.logits, Columns.of(rows.columns))
    of_file = in_memory(found.confidence, rows.logits)
    if rows.weights is not None:
        found = found.weighted(read_array(rows.weights, "weights", of_file), rows.weights)
    if rows.cluster is not None:
        found = found.clustered(read_groups(rows.cluster, of_file), rows.cluster)
    groups = None
    if rows.groups is not None:
        groups = check_groups(read_groups(rows.groups, of_file), found.n_rows, rows.groups)
    return calibrate.evaluate_top_labels(found, groups=groups, settings=settings)


def of_logits(
    rows: ReportRows,
    after: AfterOptions,
    measure: VoteOptions,
    settings: Settings,
    classes: str | None = None,
) -> tuple[Report, Dataset]:
    """The report on rows of scores, and these rows."""
    import calibrate
    from calibrate.data.groups import groups_of
    from calibrate.data.labels import check_class_names, class_numbers
    from calibrate.data.readers.open import read_groups

    if rows.columns is not None:
        raise calibrate.InputError(f"{rows.logits}: `columns` is for a .csv of predictions")
    calibrator = after.given
    if calibrator is not None and after.cross_fit:
        name = "calibrator" if after.temperature is None else "temperature"
        raise calibrate.InputError(f"expected either `{name}` or `cross_fit`, got both")
    dataset = rows.dataset(settings.class_names)
    check_class_names(settings.class_names, dataset.layout.n_columns, measure.class_names or "")
    names = settings.class_names or dataset.class_names
    settings = replace(settings, classes=class_numbers(classes, names))
    groups = None
    if rows.groups is not None:
        groups = read_groups(rows.groups, dataset.logits)
        groups_of(groups, dataset, rows.groups)
    if after.cross_fit:
        found = calibrate.cross_evaluate(dataset, groups=groups, settings=settings)
    else:
        found = calibrate.evaluate(dataset, calibrator=calibrator, groups=groups, settings=settings)
    return found, dataset
