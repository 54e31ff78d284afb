"""calibrate thresholds"""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from calibrate.cli import options


def thresholds(
    logits: options.Logits,
    labels: options.Labels = None,
    goal: Annotated[
        str,
        typer.Option(
            "--for", help="f1, precision=0.95, recall=0.9 or cost=FP:FN, the costs of the errors."
        ),
    ] = "f1",
    calibrator: Annotated[
        str | None,
        typer.Option("-c", "--calibrator", help="What `calibrate fit` wrote. Default: T = 1."),
    ] = None,
    output: Annotated[
        str, typer.Option("-o", "--output", help="Where to write the thresholds.")
    ] = "thresholds.json",
    class_names: Annotated[
        str | None, typer.Option("--class-names", help="A text file: one name per line and label.")
    ] = None,
    bootstrap: Annotated[
        int, typer.Option("--bootstrap", min=0, help="Samples behind the intervals; 0 for none.")
    ] = 1000,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of the samples.")] = 0,
    weights: options.Weights = None,
    scores: options.Scores = None,
    task: options.Task = None,
    ignore_label: options.IgnoreLabel = None,
    workers: options.Workers = None,
    format: options.ReportFormat = options.Format.text,
    debug: options.Debug = False,
) -> None:
    """Choose a decision threshold for each label, and say what it achieves."""
    del debug  # read by the error handler
    import calibrate
    from calibrate.analyses.thresholds.decisions import find_thresholds
    from calibrate.analyses.thresholds.file import save_thresholds
    from calibrate.analyses.thresholds.goal import Goal
    from calibrate.cli.console import Progress, in_colour, note, recognised, warn
    from calibrate.data.readers import read_names
    from calibrate.files import check_distinct, check_writable
    from calibrate.metrics.class_table import check_class_names
    from calibrate.renderers.documents.thresholds import (
        render_thresholds_json,
        render_thresholds_markdown,
        render_thresholds_text,
    )

    wanted = Goal.of(goal)
    check_distinct([output], [logits, labels, calibrator, weights, class_names])
    check_writable(output)
    method = None if calibrator is None else calibrate.load(calibrator)
    if task is None and method is not None and method.n_labels is not None:
        task = options.TaskKind.multilabel
    names = None if class_names is None else read_names(class_names)
    with Progress() as progress:
        dataset = calibrate.open_source(
            logits, labels, weights=weights, scores=scores and scores.value,
            task=task and task.value, ignore_label=ignore_label, workers=workers, on_rows=progress,
        )  # fmt: skip
        check_class_names(names, dataset.n_labels, class_names or "")
        found = find_thresholds(
            dataset, wanted, method, names=names, bootstrap=bootstrap, seed=seed, workers=workers
        )
    save_thresholds(found, output)
    if format is options.Format.text:
        text = render_thresholds_text(found, colour=in_colour())
    elif format is options.Format.json:
        text = render_thresholds_json(found)
    else:
        text = render_thresholds_markdown(found)
    sys.stdout.write(text)
    warn(dataset.warnings)
    note(recognised(dataset))
    note(f"wrote {output}")
