"""calibrate fit"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import typer

from calibrate.cli import options
from calibrate.cli.command import Answer, command


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


@command
def fit(
    rows: options.RowOptions,
    method: MethodOptions,
    show: options.PrintOptions,
    draw: options.FigureOptions,
    output: Annotated[
        str, typer.Option("-o", "--output", help="Where to write the calibrator.")
    ] = "calibrator.json",
    n_bins: options.Bins = 15,
) -> Answer:
    """Find the temperature that minimises the NLL, and write it to calibrator.json."""
    import calibrate
    from calibrate.calibrators.file import temperature_held
    from calibrate.cli.console import recognised
    from calibrate.cli.outputs import check_outputs, draw_picture
    from calibrate.metrics.metric import headline

    check_outputs([output], [draw.figure])
    dataset = rows.dataset()
    fitted: calibrate.Fit[Any]
    if not method.per_label:
        share, over = method.label_smoothing, method.smoothing_over.value
        fitted = calibrate.fit(dataset, label_smoothing=share, smoothing_over=over)
    elif method.label_smoothing:
        raise calibrate.InputError("expected either `per_label` or `label_smoothing`, got both")
    else:
        fitted = calibrate.fit_per_label(dataset)
    settings = calibrate.Settings(n_bins=n_bins, full=False, bootstrap=0)
    report = calibrate.evaluate(dataset, calibrator=fitted, settings=settings)
    held = temperature_held(output)
    calibrate.save(fitted, output)
    if draw.figure:
        draw_picture("reliability", report, draw.figure, draw.dpi)
    about = {} if held is None else {output: f", T = {held:.3g}"}
    return Answer(report, show, about, notes=[recognised(dataset)], metrics=headline())
