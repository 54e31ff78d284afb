"""calibrate compare"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Annotated, ClassVar

import typer

from calibrate.cli import options
from calibrate.cli.command import Answer, command
from calibrate.cli.options import Plots, metric_names, plot_files, temperature_of
from calibrate.errors import InputError
from calibrate.renderers.formats import FORMATS, format_of

if TYPE_CHECKING:
    from calibrate.calibrators.file import CalibratorFile
    from calibrate.calibrators.methods.temperature import Temperature

RunNames = Annotated[
    list[str] | None,
    typer.Option(
        "--name",
        help="What to call a model; once per file, in order. The same name again is another run of "
        "that model, as with another seed: means and spread over its runs are shown.",
        rich_help_panel="Input",
    ),
]


@dataclass(frozen=True, kw_only=True)
class ValidationOptions:
    """Where the temperatures come from."""

    panel: ClassVar = "Method"

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
    calibrator: Annotated[
        list[str] | None,
        typer.Option(
            "-c",
            "--calibrator",
            help="What `calibrate fit` wrote, in place of fitting; once per model, in order.",
        ),
    ] = None
    temperature: Annotated[
        list[float] | None,
        typer.Option("--temperature", help="A temperature; once per model, in order."),
    ] = None

    def check(self, files: list[str], names: list[str] | None, rows: options.ReadOptions) -> None:
        """Raise InputError unless the temperatures come from one place, for each model."""
        from calibrate.analyses.candidates import check_counts
        from calibrate.errors import InputError

        several = {"val_logits": self.val_logits, "calibrator": self.calibrator}
        several["temperature"] = [f"{t:g}" for t in self.temperature or ()]
        check_counts(files, name=names or (), **{n: each or () for n, each in several.items()})
        ways = [f"`{name}`" for name, each in several.items() if each]
        if len(ways) > 1:
            raise InputError(f"expected one of {' and '.join(ways)}, got both")
        for what, given in (("weights", rows.weights), ("cluster", rows.cluster)):
            if self.val_logits and given is not None:
                held = "clusters" if what == "cluster" else what
                raise InputError(
                    f"`{what}` with `val_logits`: there are no {held} for the validation rows; "
                    "leave out `val_logits` to cross-fit"
                )
        if bool(self.val_logits) != (self.val_labels is not None):
            raise InputError("expected both `val_logits` and `val_labels`, or neither to cross-fit")

    def calibrators(self) -> list[CalibratorFile | Temperature]:
        """The temperatures that are given, one per model; none where they are to be fitted."""
        from calibrate.calibrators.file import read_calibrator_file

        files = map(read_calibrator_file, self.calibrator or ())
        return [*files, *map(temperature_of, self.temperature or ())]


@dataclass(frozen=True, kw_only=True)
class CompareMeasureOptions:
    """How the models are measured."""

    panel: ClassVar = "Measurement"

    metrics: options.Metrics = None
    n_bins: options.Bins = 15
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of the folds.")] = 0


TABLES = ("csv", "latex")


@dataclass(frozen=True, kw_only=True)
class WriteOptions:
    """What is written: a folder, and tables."""

    panel: ClassVar = "Output"

    output: options.Folder = "compare"
    plots: Plots = "reliability"
    table: Annotated[
        list[str] | None,
        typer.Option(
            "--table", help="Write the figures to a .csv, or a .tex for LaTeX with booktabs, too."
        ),
    ] = None
    dpi: options.Dpi = 150

    @property
    def tables(self) -> dict[str, str]:
        """The format of each table.

        Raises:
            InputError: the name of one asks for none.
        """
        found = dict[str, str]()
        for name in self.table or ():
            format = format_of(name, TABLES)
            if format is None:
                suffix = f".{name.rpartition('.')[2].lower()}" if "." in name else "no suffix"
                raise InputError(
                    f"{name}: expected a table name ending in "
                    f"{', '.join(FORMATS[each].suffix for each in TABLES)}, found {suffix!r}"
                )
            found[name] = format
        return found


@command
def compare(
    files: options.ManyFiles,
    fitted_on: ValidationOptions,
    rows: options.ReadOptions,
    measure: CompareMeasureOptions,
    show: options.PrintOptions,
    write: WriteOptions,
    name: RunNames = None,
) -> Answer:
    """Compare models on the same rows, without and with temperature; write a folder."""
    import calibrate
    from calibrate.analyses.candidates import default_names
    from calibrate.analyses.compare import metrics_of_comparison
    from calibrate.blocks.passes import doing
    from calibrate.cli.console import made_here, recognised
    from calibrate.cli.files import check_result
    from calibrate.files import write_bytes
    from calibrate.renderers.folder import write_result
    from calibrate.renderers.parts import EVERYTHING
    from calibrate.renderers.plots import COMPARISON_PICTURES

    plots = plot_files(write.plots, COMPARISON_PICTURES)
    fitted_on.check(files, name, rows)
    shown = metric_names(measure.metrics)
    metrics_of_comparison(shown or ())
    *logits, labels = files
    calibrators = fitted_on.calibrators()
    tables = write.tables
    check_result(write.output, "compare", list(plots), write.table or ())
    datasets = [rows.open(each, labels) for each in logits]
    validation = [rows.open(each, fitted_on.val_labels) for each in fitted_on.val_logits or ()]
    settings = calibrate.Settings(n_bins=measure.n_bins, seed=measure.seed)
    found = calibrate.compare(
        list(zip(name or default_names(logits), datasets, strict=True)),
        validation=validation or None,
        calibrators=calibrators or None,
        metrics=shown or (),
        settings=settings,
    )
    found = replace(found, made=made_here())
    drawings = {file: partial(COMPARISON_PICTURES[name], found) for file, name in plots.items()}
    with doing("drawing"):
        write_result(found, write.output, "compare", drawings, dpi=write.dpi, metrics=shown)
    for each, format in tables.items():
        text = FORMATS[format](found, EVERYTHING)
        write_bytes(each, text.encode(errors="replace"))
    return Answer(found, show, notes=recognised(datasets[0]), metrics=shown)
