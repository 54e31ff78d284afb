"""calibrate report"""

from __future__ import annotations

from typing import Annotated

import typer

from calibrate.cli import options


def report(
    logits: Annotated[
        str,
        typer.Argument(
            metavar="LOGITS",
            help="Scores, rows x classes: file.npy, file.npz or file.npz:key. Or a .csv with the "
            "columns true_label, pred_label, confidence, for what can be told from these.",
        ),
    ],
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
    metrics: Annotated[
        str | None,
        typer.Option("--metrics", help="Which figures to print, with commas. JSON holds all."),
    ] = None,
    class_names: Annotated[
        str | None, typer.Option("--class-names", help="A text file: one name per line and class.")
    ] = None,
    classes: Annotated[
        str | None,
        typer.Option(
            "--classes",
            help="Classes to draw, by name or number, with commas. Default: the most frequent.",
        ),
    ] = None,
    top: Annotated[int, typer.Option("--top", min=0, help="How many of the worst classes.")] = 10,
    groups: Annotated[
        str | None,
        typer.Option(
            "--groups", help="The group of each row: file.npy, file.txt or file.csv:COLUMN."
        ),
    ] = None,
    columns: Annotated[
        str | None,
        typer.Option("--columns", help="The names of the columns of the .csv, with commas."),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of folds and samples.")] = 0,
    output: Annotated[
        str, typer.Option("-o", "--output", help="The folder to write; made if missing.")
    ] = "report",
    weights: options.Weights = None,
    scores: options.Scores = None,
    task: options.Task = None,
    label_offset: options.LabelOffset = 0,
    ignore_label: options.IgnoreLabel = None,
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
    from pathlib import Path

    import calibrate
    from calibrate.analyses.evaluation.groups import check_groups, flat_groups
    from calibrate.cli.console import Progress, note, print_report, recognised
    from calibrate.data.readers import Columns, read_groups, read_names, read_weights
    from calibrate.errors import check_known
    from calibrate.files import check_distinct
    from calibrate.metrics import METRICS
    from calibrate.metrics.class_table import check_class_names, class_numbers
    from calibrate.renderers.folder import check_folder, write_folder
    from calibrate.renderers.pictures import PICTURES

    pictures = tuple(PICTURES) if figures is None else tuple(figures.split(","))
    shown = None if metrics is None else tuple(metrics.split(","))
    check_known("figures", pictures, PICTURES)
    check_known("metrics", shown or (), METRICS)
    check_folder(output, pictures, figure)
    check_distinct([figure], [logits, labels, calibrator])
    names = None if class_names is None else read_names(class_names)
    settings = calibrate.Settings(
        n_bins=n_bins, bootstrap=bootstrap, seed=seed, workers=workers, top=top,
        class_names=names, classes=class_numbers(classes, names),
    )  # fmt: skip
    taken_for = ""
    if logits.lower().endswith(".csv"):
        given: list[object] = [
            labels,
            calibrator,
            cross_fit or None,
            scores,
            task,
            class_names,
            classes,
        ]
        given += [ignore_label, label_offset or None]
        if any(option is not None for option in given):
            raise calibrate.InputError(
                f"{logits}: a .csv of predictions takes neither LABELS nor -c, --fit, --scores, "
                "--task, --class-names, --classes, --ignore-label or --label-offset"
            )
        top_labels = calibrate.read_top_labels(logits, Columns.of(columns))
        rows = top_labels.weighted(read_weights(weights), weights or "")
        of_rows = None
        if groups is not None:
            of_rows = check_groups(read_groups(groups), rows.n_rows, groups)
        measured = calibrate.evaluate_top_labels(rows, groups=of_rows, settings=settings)
    else:
        if columns is not None:
            raise calibrate.InputError(f"{logits}: --columns is for a .csv of predictions")
        if calibrator is not None and cross_fit:
            raise calibrate.InputError("expected either -c calibrator.json or --fit, got both")
        with Progress() as progress:
            dataset = calibrate.open_source(
                logits, labels, weights=weights, scores=scores and scores.value,
                task=task and task.value, label_offset=label_offset, ignore_label=ignore_label,
                workers=workers, on_rows=progress,
            )  # fmt: skip
            check_class_names(names, dataset.n_columns, class_names or "")
            of_rows = None
            if groups is not None:
                of_rows = flat_groups(read_groups(groups), dataset, groups)
            if cross_fit:
                measured = calibrate.cross_evaluate(dataset, groups=of_rows, settings=settings)
            else:
                measured = calibrate.evaluate(
                    dataset, calibrator=calibrator, groups=of_rows, settings=settings
                )
        taken_for = recognised(dataset)
    written = write_folder(measured, output, pictures, figure, dpi, shown)
    print_report(measured, format.value, shown)
    drawn = {Path(path).stem for path in written}
    for name in pictures if figures is not None else ():
        if name not in drawn and not figure:
            note(f"warning: {name}: there is nothing to draw for these rows")
    for name in shown or ():
        if name not in measured.metrics.before:
            note(f"warning: {name}: is not measured on these rows")
    if taken_for:
        note(taken_for)
    note(f"wrote {', '.join(written)}")
