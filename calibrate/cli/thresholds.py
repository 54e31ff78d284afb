"""calibrate thresholds"""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import typer

from calibrate.cli import options
from calibrate.cli.command import Answer, command
from calibrate.cli.options import ThroughOptions


@command
def thresholds(
    rows: options.RowOptions,
    through: ThroughOptions,
    show: options.PrintOptions,
    goal: Annotated[
        str,
        typer.Option(
            "--for",
            help="f1, precision=0.95, recall=0.9 or cost=FP:FN, the costs of the errors.",
            rich_help_panel="Method",
        ),
    ] = "f1",
    confidence: Annotated[
        float | None,
        typer.Option(
            "--confidence",
            help="Promise a precision or recall for new rows with this confidence, as in 0.95, for "
            "each label on its own; refused where no threshold can.",
            rich_help_panel="Method",
        ),
    ] = None,
    seed: Annotated[
        int, typer.Option("--seed", min=0, help="Of the folds.", rich_help_panel="Method")
    ] = 0,
    output: Annotated[
        str, typer.Option("-o", "--output", help="Where to write the thresholds.")
    ] = "thresholds.json",
    class_names: options.ClassNames = None,
) -> Answer:
    """Choose a decision threshold for each label, and say what it achieves."""
    from calibrate.analyses.thresholds.choose import find_thresholds
    from calibrate.cli.console import recognised
    from calibrate.cli.files import check_outputs
    from calibrate.data.labels import check_class_names
    from calibrate.data.readers.text import read_names
    from calibrate.files import write_bytes
    from calibrate.results.json import to_json
    from calibrate.results.thresholds import Goal

    wanted = Goal.of_text(goal)
    check_outputs([output])
    method, warned = through.opened()
    if rows.task is None and method is not None and method.fits.labels is not None:
        rows = replace(rows, task=options.TaskKind.multilabel)
    names = None if class_names is None else read_names(class_names)
    dataset = rows.dataset()
    check_class_names(names, dataset.layout.n_labels, class_names or "")
    names = names or (dataset.class_names if dataset.layout.n_labels > 1 else None)
    found = find_thresholds(dataset, wanted, method, names=names, confidence=confidence, seed=seed)
    write_bytes(output, to_json(found).encode())
    warnings = (*warned, *dataset.warnings)
    return Answer(found, show, warnings=warnings, notes=recognised(dataset))
