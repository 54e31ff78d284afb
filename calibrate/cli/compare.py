"""calibrate compare"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from calibrate.cli import options
from calibrate.cli.command import Answer, command
from calibrate.cli.figures import Figures, figure_files
from calibrate.errors import InputError

RunNames = Annotated[
    list[str] | None,
    typer.Option(
        "--name",
        help="What to call a model; once per file, in order. The same name again is another run of "
        "that model, as with another seed: means and spread over its runs are shown.",
    ),
]


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

    def check(self, rows: options.ReadOptions) -> None:
        """Raise InputError for options that do not go together."""
        if self.val_logits and rows.weights is not None:
            raise InputError(
                "`weights` with `val_logits`: there are no weights for the validation rows; leave "
                "out `val_logits` to cross-fit"
            )
        if self.val_logits and rows.cluster is not None:
            raise InputError(
                "`cluster` with `val_logits`: there are no clusters for the validation rows; leave "
                "out `val_logits` to cross-fit"
            )
        if bool(self.val_logits) != (self.val_labels is not None):
            raise InputError("expected both `val_logits` and `val_labels`, or neither to cross-fit")


@dataclass(frozen=True, kw_only=True)
class MeasureOptions:
    """How the models are measured."""

    n_bins: options.Bins = 15
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of the folds.")] = 0


@dataclass(frozen=True, kw_only=True)
class WriteOptions:
    """What is written: a folder, and tables."""

    output: options.Folder = "compare"
    figures: Figures = None
    table: Annotated[
        list[str] | None,
        typer.Option(
            "--table", help="Write the figures to a .csv, or a .tex for LaTeX with booktabs, too."
        ),
    ] = None
    dpi: options.Dpi = 150

    @property
    def tables(self) -> list[str]:
        return self.table or []

    @property
    def outside(self) -> list[str]:
        """The tables that do not go into a folder that is still to be made."""
        folder = Path(self.output).resolve()
        return [t for t in self.tables if folder.exists() or Path(t).resolve().parent != folder]


@command
def compare(
    files: options.ManyFiles,
    fitted_on: ValidationOptions,
    rows: options.ReadOptions,
    measure: MeasureOptions,
    show: options.PrintOptions,
    write: WriteOptions,
    name: RunNames = None,
) -> Answer:
    """Compare models on the same rows, without and with temperature; write a folder."""
    import calibrate
    from calibrate.analyses.clusters.models import check_counts, default_titles
    from calibrate.analyses.compare import compare as compare_datasets
    from calibrate.cli.console import recognised
    from calibrate.cli.outputs import check_outputs
    from calibrate.files import check_folder, write_bytes
    from calibrate.renderers.folder import write_result
    from calibrate.renderers.pictures import COMPARISON_PICTURES
    from calibrate.renderers.tables import check_table_name, table

    pictures = figure_files(write.figures, COMPARISON_PICTURES)
    others = fitted_on.val_logits or []
    check_counts(files, name=name or (), val_logits=others)
    *logits, labels = files
    fitted_on.check(rows)
    check_folder(write.output, ("compare.json", "compare.md", *pictures))
    for each in write.tables:
        check_table_name(each)
    inputs = [*files, *others, fitted_on.val_labels, rows.weights, rows.cluster]
    check_outputs(write.outside, [], inputs)
    datasets = [rows.open(each, labels) for each in logits]
    validation = [rows.open(each, fitted_on.val_labels) for each in others]
    settings = calibrate.Settings(n_bins=measure.n_bins, seed=measure.seed)
    found = compare_datasets(name or default_titles(logits), datasets, validation, settings)
    drawings = {file: partial(COMPARISON_PICTURES[name], found) for file, name in pictures.items()}
    written = write_result(found, write.output, "compare", drawings, dpi=write.dpi)
    for each in write.tables:
        write_bytes(each, table(found, each))
    return Answer(found, show, [*written, *write.tables], notes=[recognised(datasets[0])])
