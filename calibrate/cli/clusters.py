"""calibrate clusters"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Annotated

import typer

from calibrate.cli import options

if TYPE_CHECKING:
    from calibrate.analyses.clusters.measure import ClusterReport


class Units(str, Enum):
    relative = "relative"
    absolute = "absolute"


def clusters(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="LOGITS... LABELS",
            help="The scores of one model or more on the same rows, and last the labels: "
            "file.npy, file.npz or file.npz:key.",
        ),
    ],
    classes: Annotated[
        str,
        typer.Option("--classes", help="Three classes, by name or number from 0, with commas."),
    ],
    output: Annotated[
        str, typer.Option("-o", "--output", help="The picture: a .png, .svg or .pdf file.")
    ] = "clusters.png",
    features: Annotated[
        list[str] | None,
        typer.Option(
            "--features",
            help="What the last layer takes, rows x features; once per model, in order. "
            "Default: look at the logits instead.",
        ),
    ] = None,
    weights: Annotated[
        list[str] | None,
        typer.Option("--weights", help="The last layer's weights; with --features, in order."),
    ] = None,
    weights_axis: Annotated[
        int | None,
        typer.Option(
            "--weights-axis", min=0, max=1,
            help="0: each row of the weights is a class; 1: each column. Default: by the shape.",
        ),
    ] = None,
    name: Annotated[
        list[str] | None,
        typer.Option("--name", help="The title of a panel; once per model, in order."),
    ] = None,
    class_names: Annotated[
        str | None, typer.Option("--class-names", help="A text file: one name per line and class.")
    ] = None,
    units: Annotated[
        Units,
        typer.Option(
            "--units",
            help="relative: 1 is the mean distance between class means, in every panel; absolute: "
            "coordinates as they are.",
        ),
    ] = Units.relative,
    bootstrap: Annotated[
        int, typer.Option("--bootstrap", min=0, help="Samples behind the intervals; 0 for none.")
    ] = 1000,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of the samples.")] = 0,
    scores: options.Scores = None,
    label_offset: options.LabelOffset = 0,
    workers: options.Workers = None,
    format: options.ReportFormat = options.Format.text,
    dpi: options.Dpi = 150,
    debug: options.Debug = False,
) -> None:  # fmt: skip
    """Draw three classes in the plane of their templates: what label smoothing does to them."""
    del debug  # read by the error handler
    from calibrate.analyses.clusters.measure import measure_clusters
    from calibrate.analyses.clusters.models import check_counts, open_models
    from calibrate.cli.console import Progress, note, warn
    from calibrate.data.readers import read_names
    from calibrate.files import check_distinct, check_writable
    from calibrate.metrics.class_table import check_class_names, class_numbers
    from calibrate.renderers.pictures.clusters import clusters_figure
    from calibrate.renderers.pictures.style import check_figure_name, save_figure

    check_counts(files, features or [], weights or [], name or [])
    check_figure_name(output)
    check_writable(output)
    check_distinct([output], [*files, *(features or []), *(weights or []), class_names])
    names = None if class_names is None else read_names(class_names)
    numbers = class_numbers(classes, names) or ()
    with Progress() as progress:
        models = open_models(
            files, features or [], weights or [], name or [], weights_axis=weights_axis,
            scores=scores and scores.value, label_offset=label_offset, workers=workers,
            on_rows=progress,
        )  # fmt: skip
        check_class_names(names, models[0].dataset.n_classes, class_names or "")
        report = measure_clusters(
            models, numbers, class_names=names, bootstrap=bootstrap, seed=seed, workers=workers
        )
    save_figure(clusters_figure(report, units.value), output, dpi)
    _print(report, format.value)
    warn(report.warnings)
    note(f"wrote {output}")


def _print(report: ClusterReport, format: str) -> None:
    import os
    import sys

    from calibrate.renderers.documents import clusters as render

    if format == "json":
        text = render.render_clusters_json(report)
    elif format == "markdown":
        text = render.render_clusters_markdown(report)
    else:
        colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ
        text = render.render_clusters_text(report, colour=colour)
    sys.stdout.write(text)
