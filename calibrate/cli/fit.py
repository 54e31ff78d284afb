"""calibrate fit"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import typer

from calibrate.cli import options
from calibrate.cli.command import Answer, command
from calibrate.cli.options import metric_names

if TYPE_CHECKING:
    from calibrate.data.dataset import Dataset


@dataclass(frozen=True, kw_only=True)
class TemperatureOptions:
    """What is fitted."""

    panel: ClassVar = "Method"

    per_label: Annotated[
        bool, typer.Option("--per-label", help="A temperature for each label of --task multilabel.")
    ] = False
    label_smoothing: Annotated[
        float,
        typer.Option("--label-smoothing", help="Fit to labels smoothed by this share, 0 up to 1."),
    ] = 0.0
    smoothing_over: Annotated[
        options.SmoothingOver,
        typer.Option("--smoothing-over", help="Which classes share it: all, or the others only."),
    ] = options.SmoothingOver.all


@dataclass(frozen=True, kw_only=True)
class FitMeasureOptions(options.MeasureOptions):
    """What is measured and printed. Samples are drawn for those of --metrics that need them."""

    metrics: options.Metrics = None
    negligible: options.Negligible = 0.005


def _others(rows: options.RowOptions, dataset: Dataset) -> str:
    """How other rows of this kind are named."""
    from calibrate.tasks import Task

    if dataset.task is not Task.confidence:
        return "TEST TEST_LABELS"
    named = "TEST" if rows.labels is None else "TEST TEST_CORRECT"
    if rows.percent:
        return f"{named} --percent"
    return named if rows.labels is None else f"{named} --task confidence"


@command
def fit(
    rows: options.RowOptions,
    method: TemperatureOptions,
    show: options.ScreenOptions,
    draw: options.FigureOptions,
    measure: FitMeasureOptions,
    output: Annotated[
        str, typer.Option("-o", "--output", help="Where to write the calibrator.")
    ] = "calibrator.json",
) -> Answer:
    """Find the temperature that minimises the NLL, and write it to calibrator.json."""
    import calibrate
    from calibrate.blocks.passes import doing
    from calibrate.calibrators.file import symbol_held
    from calibrate.cli.console import not_measured, recognised
    from calibrate.cli.files import check_outputs, check_suffix
    from calibrate.data.labels import check_class_names
    from calibrate.metrics import METRICS, Interval, headline
    from calibrate.renderers.plots.reliability import reliability_figure
    from calibrate.renderers.plots.style import save_figure
    from calibrate.results.report import Code

    chosen = metric_names(measure.metrics)
    asked = [METRICS[name] for name in chosen or headline()]
    full = any(not each.quick or each.interval is Interval.BOOTSTRAP for each in asked)
    bootstrap = measure.bootstrap if full else 0
    settings = measure.settings(full=full, bootstrap=bootstrap, negligible=measure.negligible)
    check_outputs([output], [draw.figure])
    dataset = rows.dataset(settings.class_names)
    check_suffix(output, [".json"])  # when it is known that it is no input
    check_class_names(settings.class_names, dataset.layout.n_columns, measure.class_names or "")
    fitted: calibrate.Fit[Any]
    if not method.per_label:
        share, over = method.label_smoothing, method.smoothing_over.value
        fitted = calibrate.fit(dataset, label_smoothing=share, smoothing_over=over)
    elif method.label_smoothing:
        raise calibrate.InputError("expected either `per_label` or `label_smoothing`, got both")
    else:
        fitted = calibrate.fit_per_label(dataset, names=dataset.class_names)
    report = calibrate.evaluate(dataset, calibrator=fitted, settings=settings)
    held = symbol_held(output)
    calibrate.save(fitted, output)
    if draw.figure:
        with doing("drawing"):
            save_figure(reliability_figure(report), draw.figure, draw.dpi)
    about = {output: f", {held}"} if held else {}
    warnings = not_measured(chosen, report)
    notes = recognised(dataset)
    if report.verdict is None or report.verdict.code not in (Code.unrelated, Code.not_converged):
        notes.append(f"next, on other rows: calibrate report {_others(rows, dataset)} -c {output}")
    return Answer(report, show, about, warnings, notes, chosen)
