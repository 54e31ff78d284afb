"""calibrate report"""

from __future__ import annotations

from typing import Annotated

import typer

from calibrate.cli import options


def report(
    logits: options.Logits,
    labels: options.Labels = None,
    calibrator: Annotated[
        str | None,
        typer.Option("-c", "--calibrator", help="What `calibrate fit` wrote: before and after."),
    ] = None,
    cross_fit: Annotated[
        bool, typer.Option("--fit", help="Before and after a temperature cross-fitted on 5 folds.")
    ] = False,
    bootstrap: Annotated[
        int, typer.Option("--bootstrap", min=0, help="Samples behind the intervals; 0 for none.")
    ] = 1000,
    class_names: Annotated[
        str | None, typer.Option("--class-names", help="A text file: one name per line and class.")
    ] = None,
    top: Annotated[int, typer.Option("--top", min=0, help="How many of the worst classes.")] = 10,
    groups: Annotated[
        str | None,
        typer.Option(
            "--groups", help="The group of each row: file.npy, file.txt or file.csv:COLUMN."
        ),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of folds and samples.")] = 0,
    output: Annotated[
        str, typer.Option("-o", "--output", help="The folder to write; made if missing.")
    ] = "report",
    weights: options.Weights = None,
    scores: options.Scores = None,
    label_offset: options.LabelOffset = 0,
    workers: options.Workers = None,
    format: options.ReportFormat = options.Format.text,
    n_bins: options.Bins = 15,
    figures: Annotated[
        str | None,
        typer.Option("--figures", help="Which pictures, by name, with commas. Default: all."),
    ] = None,
    figure: options.FigurePath = None,
    dpi: options.Dpi = 150,
    debug: options.Debug = False,
) -> None:
    """Measure calibration; write report.json, report.md and pictures to a folder."""
    del debug  # read by the error handler
    import calibrate
    from calibrate.classwise import check_class_names
    from calibrate.cli.console import Progress, note, print_report
    from calibrate.groups import check_groups
    from calibrate.output import check_distinct
    from calibrate.plots import PICTURES
    from calibrate.readers import read_groups, read_names
    from calibrate.report_folder import check_folder, check_pictures, write_folder

    if calibrator is not None and cross_fit:
        raise calibrate.InputError("expected either -c calibrator.json or --fit, got both")
    pictures = tuple(PICTURES) if figures is None else tuple(figures.split(","))
    check_pictures(pictures)
    check_folder(output, pictures, figure)
    check_distinct([figure], [logits, labels, calibrator])
    settings = calibrate.Settings(
        n_bins=n_bins, bootstrap=bootstrap, seed=seed, workers=workers, top=top,
        class_names=None if class_names is None else read_names(class_names),
    )  # fmt: skip
    with Progress() as progress:
        source = calibrate.open_source(
            logits, labels, weights=weights, scores=scores and scores.value,
            label_offset=label_offset, workers=workers, on_rows=progress,
        )  # fmt: skip
        check_class_names(settings.class_names, source.n_classes, class_names or "")
        of_rows = None if groups is None else read_groups(groups)
        if of_rows is not None:
            check_groups(of_rows, source.n_rows, groups or "")
        if cross_fit:
            measured = calibrate.cross_evaluate(source, groups=of_rows, settings=settings)
        else:
            measured = calibrate.evaluate(
                source, calibrator=calibrator, groups=of_rows, settings=settings
            )
    written = write_folder(measured, output, pictures, figure, dpi)
    print_report(measured, format.value)
    note(f"wrote {', '.join(written)}")
