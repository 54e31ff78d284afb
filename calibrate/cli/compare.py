"""calibrate compare"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer

from calibrate.cli import options
from calibrate.cli.command import Answer, command


@dataclass(frozen=True, kw_only=True)
class ValidationOptions:
    """Where the temperatures come from."""

    val_logits: Annotated[
        list[str] | None,
        typer.Option(
            "--val-logits",
            help="The scores that a model's temperature is fitted on; once per model, in order. "
            "Default: cross-fitting.",
        ),
    ] = None
    val_labels: Annotated[
        str | None, typer.Option("--val-labels", help="The labels of --val-logits.")
    ] = None


@dataclass(frozen=True, kw_only=True)
class MeasureOptions:
    """How the models are measured."""

    n_bins: options.Bins = 15
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of the folds.")] = 0


@command
def compare(
    files: options.ManyFiles,
    fitted_on: ValidationOptions,
    rows: options.ReadOptions,
    measure: MeasureOptions,
    show: options.PrintOptions,
    name: options.Names = None,
    output: options.Folder = "compare",
    dpi: options.Dpi = 150,
) -> Answer:
    """Compare models on the same rows, without and with temperature; write a folder."""
    import calibrate
    from calibrate.analyses.clusters.models import check_counts, default_titles
    from calibrate.analyses.compare import compare as compare_datasets
    from calibrate.cli.console import recognised
    from calibrate.cli.outputs import check_result
    from calibrate.renderers.folder import write_result
    from calibrate.renderers.pictures.compare import compare_figure

    others = fitted_on.val_logits or []
    check_counts(files, name=name or (), val_logits=others)
    *logits, labels = files
    if others and rows.weights is not None:
        raise calibrate.InputError(
            "`weights` with `val_logits`: there are no weights for the validation rows; leave out "
            "`val_logits` to cross-fit"
        )
    if others and rows.cluster is not None:
        raise calibrate.InputError(
            "`cluster` with `val_logits`: there are no clusters for the validation rows; leave out "
            "`val_logits` to cross-fit"
        )
    if bool(others) != (fitted_on.val_labels is not None):
        raise calibrate.InputError(
            "expected both `val_logits` and `val_labels`, or neither to cross-fit"
        )
    check_result(output, "compare", ["reliability"])
    datasets = [rows.open(each, labels) for each in logits]
    validation = [rows.open(each, fitted_on.val_labels) for each in others]
    settings = calibrate.Settings(n_bins=measure.n_bins, seed=measure.seed)
    found = compare_datasets(name or default_titles(logits), datasets, validation, settings)
    pictures = {"reliability.png": lambda: compare_figure(found)}
    write_result(found, output, "compare", pictures, dpi=dpi)
    return Answer(found, show, notes=[recognised(datasets[0])])
