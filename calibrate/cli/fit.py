"""calibrate fit"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from calibrate.cli import options
from calibrate.cli.command import Answer, command
from calibrate.cli.options import metric_names

if TYPE_CHECKING:
    from calibrate.data.dataset import Dataset
    from calibrate.metrics.settings import Settings


@dataclass(frozen=True, kw_only=True)
class MethodOptions:
    """What is fitted."""

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
class WantedOptions(options.SampleOptions):
    """What of the fit is printed. Samples are drawn for those of --metrics that need them."""

    metrics: options.Metrics = None
    class_names: options.ClassNames = None
    n_bins: options.Bins = 15
    negligible: options.Negligible = 0.005

    @property
    def shown(self) -> tuple[str, ...]:
        from calibrate.metrics.registry import headline

        chosen = metric_names(self.metrics)
        return headline() if chosen is None else chosen

    def settings(self) -> Settings:
        """Everything is measured only where a metric asks for it."""
        from calibrate.data.readers.text import read_names
        from calibrate.metrics import METRICS, Interval
        from calibrate.metrics.settings import Settings

        asked = [METRICS[name] for name in self.shown]
        full = any(not each.quick or each.interval is Interval.BOOTSTRAP for each in asked)
        return Settings(
            n_bins=self.n_bins,
            full=full,
            bootstrap=self.bootstrap if full else 0,
            seed=self.seed,
            negligible=self.negligible,
            class_names=None if self.class_names is None else read_names(self.class_names),
        )


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
    method: MethodOptions,
    show: options.ScreenOptions,
    draw: options.FigureOptions,
    wanted: WantedOptions,
    output: Annotated[
        str, typer.Option("-o", "--output", help="Where to write the calibrator.")
    ] = "calibrator.json",
) -> Answer:
    """Find the temperature that minimises the NLL, and write it to calibrator.json."""
    import calibrate
    from calibrate.blocks.passes import doing
    from calibrate.calibrators.file import symbol_held
    from calibrate.cli.console import not_measured, recognised
    from calibrate.cli.files import check_outputs, check_suffix, draw_picture
    from calibrate.data.labels import check_class_names
    from calibrate.results.report import Code

    shown, settings = wanted.shown, wanted.settings()
    check_outputs([output], [draw.figure])
    dataset = rows.dataset(settings.class_names)
    check_suffix(output, [".json"])  # when it is known that it is no input
    check_class_names(settings.class_names, dataset.layout.n_columns, wanted.class_names or "")
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
            draw_picture("reliability", report, draw.figure, draw.dpi)
    about = {output: f", {held}"} if held else {}
    warnings = not_measured(shown if wanted.metrics else (), report)
    notes = recognised(dataset)
    if report.verdict is None or report.verdict.code not in (Code.unrelated, Code.not_converged):
        notes.append(f"next, on other rows: calibrate report {_others(rows, dataset)} -c {output}")
    return Answer(report, show, about, warnings, notes, shown if wanted.metrics else None)
