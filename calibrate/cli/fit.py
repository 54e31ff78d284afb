"""calibrate fit"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from calibrate.cli import options

if TYPE_CHECKING:
    from calibrate.calibrators import Fit


def fit(
    logits: options.Logits,
    labels: options.Labels = None,
    output: Annotated[
        str, typer.Option("-o", "--output", help="Where to write the calibrator.")
    ] = "calibrator.json",
    weights: options.Weights = None,
    scores: options.Scores = None,
    task: options.Task = None,
    label_offset: options.LabelOffset = 0,
    ignore_label: options.IgnoreLabel = None,
    per_label: Annotated[
        bool, typer.Option("--per-label", help="A temperature for each label of --task multilabel.")
    ] = False,
    label_smoothing: Annotated[
        float,
        typer.Option("--label-smoothing", help="Fit to labels smoothed by this share, 0 up to 1."),
    ] = 0.0,
    smoothing_over: Annotated[
        options.SmoothingOver,
        typer.Option("--smoothing-over", help="Which classes share it: all, or the others only."),
    ] = options.SmoothingOver.all,
    workers: options.Workers = None,
    format: options.ReportFormat = options.Format.text,
    n_bins: options.Bins = 15,
    figure: options.FigurePath = None,
    dpi: options.Dpi = 150,
    debug: options.Debug = False,
) -> None:
    """Find the temperature that minimises the NLL, and write it to calibrator.json."""
    del debug  # read by the error handler
    import calibrate
    from calibrate.calibrators import check_no_smoothing
    from calibrate.cli.console import Progress, note, print_report, recognised
    from calibrate.files import check_distinct, check_writable
    from calibrate.renderers.documents.words import HEADLINE

    check_distinct([output, figure], [logits, labels, weights])
    check_writable(output)
    if figure:
        from calibrate.renderers.pictures import check_figure_name, reliability_figure, save_figure

        check_figure_name(figure)
        check_writable(figure)
    with Progress() as progress:
        dataset = calibrate.open_source(
            logits, labels, weights=weights, scores=scores and scores.value,
            task=task and task.value, label_offset=label_offset, ignore_label=ignore_label,
            workers=workers, on_rows=progress,
        )  # fmt: skip
        fitted: Fit
        if per_label:
            check_no_smoothing(label_smoothing)
            fitted = calibrate.fit_per_label(dataset, workers=workers)
        else:
            fitted = calibrate.fit(
                dataset, label_smoothing=label_smoothing, smoothing_over=smoothing_over.value,
                workers=workers,
            )  # fmt: skip
        settings = calibrate.Settings(n_bins=n_bins, full=False, bootstrap=0, workers=workers)
        report = calibrate.evaluate(dataset, calibrator=fitted, settings=settings)
    if figure:
        save_figure(reliability_figure(report), figure, dpi)
    calibrate.save(fitted, output)
    print_report(report, format.value, HEADLINE)
    note(recognised(dataset))
    note(f"wrote {output}" + (f", {figure}" if figure else ""))
