"""calibrate fit"""

from __future__ import annotations

from typing import Annotated

import typer

from calibrate.cli import options


def fit(
    logits: options.Logits,
    labels: options.Labels = None,
    output: Annotated[
        str, typer.Option("-o", "--output", help="Where to write the calibrator.")
    ] = "calibrator.json",
    weights: options.Weights = None,
    scores: options.Scores = None,
    label_offset: options.LabelOffset = 0,
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
    from calibrate.cli.console import Progress, note, print_report
    from calibrate.output import check_distinct, check_writable
    from calibrate.render.words import HEADLINE

    check_distinct([output, figure], [logits, labels, weights])
    check_writable(output)
    if figure:
        from calibrate.plots import check_figure_name, reliability_figure, save_figure

        check_figure_name(figure)
        check_writable(figure)
    with Progress() as progress:
        source = calibrate.open_source(
            logits, labels, weights=weights, scores=scores and scores.value,
            label_offset=label_offset, workers=workers, on_rows=progress,
        )  # fmt: skip
        fitted = calibrate.fit(source, workers=workers)
        settings = calibrate.Settings(n_bins=n_bins, full=False, bootstrap=0, workers=workers)
        report = calibrate.evaluate(source, calibrator=fitted, settings=settings)
    if figure:
        save_figure(reliability_figure(report), figure, dpi)
    calibrate.save(fitted, output)
    print_report(report, format.value, HEADLINE)
    note(f"wrote {output}" + (f", {figure}" if figure else ""))
