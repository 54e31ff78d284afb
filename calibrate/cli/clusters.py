"""calibrate clusters"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Annotated, ClassVar

import typer

from calibrate.cli import options
from calibrate.cli.command import Answer, command
from calibrate.cli.options import Plots, one_plot


class Units(str, Enum):
    relative = "relative"
    absolute = "absolute"


@dataclass(frozen=True, kw_only=True)
class LayerOptions:
    """The last layer of each model."""

    panel: ClassVar = "Input"

    features: Annotated[
        list[str] | None,
        typer.Option(
            "--features",
            help="What the last layer takes, rows x features; once per model, in order. "
            "Default: look at the logits instead.",
        ),
    ] = None
    last_layer: Annotated[
        list[str] | None,
        typer.Option("--last-layer", help="The last layer's weights; with --features, in order."),
    ] = None
    weights_axis: Annotated[
        int | None,
        typer.Option(
            "--weights-axis",
            min=0,
            max=1,
            help="0: each row of the weights is a class; 1: each column. Default: by the shape.",
        ),
    ] = None


@dataclass(frozen=True, kw_only=True)
class PanelOptions:
    """What the plot shows."""

    panel: ClassVar = "Output"

    classes: Annotated[
        str,
        typer.Option(
            "--classes",
            help="Three classes, by name or number from 0, with commas.",
            rich_help_panel="Measurement",
        ),
    ]
    output: Annotated[
        str | None,
        typer.Option(
            "-o",
            "--output",
            help="The plot: a .png, .svg or .pdf file. Default: clusters.png",
        ),
    ] = None
    plots: Plots = "clusters"
    name: options.Names = None
    class_names: options.ClassNames = None
    units: Annotated[
        Units,
        typer.Option(
            "--units",
            help="relative: 1 is the mean distance between class means, in every panel; absolute: "
            "coordinates as they are.",
        ),
    ] = Units.relative
    dpi: options.Dpi = 150


@command
def clusters(
    files: options.ManyFiles,
    panels: PanelOptions,
    layers: LayerOptions,
    read: options.ClassOptions,
    samples: options.SampleOptions,
    show: options.PrintOptions,
) -> Answer:
    """Draw three classes in the plane of their templates: what label smoothing does to them."""
    from calibrate.analyses.clusters import measure_clusters, open_models
    from calibrate.blocks.passes import doing
    from calibrate.cli.files import check_outputs
    from calibrate.data.labels import check_class_names, class_numbers
    from calibrate.data.readers.text import read_names
    from calibrate.renderers.plots.clusters import clusters_figure
    from calibrate.renderers.plots.style import save_figure

    plots = one_plot("clusters", panels.plots, panels.output)
    check_outputs([], plots)
    names = None if panels.class_names is None else read_names(panels.class_names)
    of_layers = (layers.features or [], layers.last_layer or [], panels.name or [])
    models = open_models(files, *of_layers, weights_axis=layers.weights_axis, reading=read.reading)
    names = names or models[0].test.class_names
    numbers = class_numbers(panels.classes, names) or ()
    check_class_names(names, models[0].test.n_classes, panels.class_names or "")
    drawn = {"bootstrap": samples.bootstrap, "seed": samples.seed}
    report = measure_clusters(models, numbers, class_names=names, **drawn)
    with doing("drawing"):
        for plot in plots:
            save_figure(clusters_figure(report, panels.units.value), plot, panels.dpi)
    return Answer(report, show)
