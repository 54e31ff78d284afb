"""The rows of three classes in the plane of their templates, a panel per model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from calibrate.arrays import Float64
from calibrate.renderers.documents.clusters import cluster_headline, spaces
from calibrate.renderers.plots.style import (
    BLUE,
    GREEN,
    GREY,
    INK,
    ORANGE,
    drawing,
    labelled,
    shortened,
)
from calibrate.renderers.words import short
from calibrate.results.clusters import ClusterReport, Clusters
from calibrate.results.measurement import Measurement

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


COLUMNS = 3
SIDES = ((0, 1), (0, 2), (1, 2))  # of the triangle
COLOURS = (BLUE, ORANGE, GREEN)
MARKERS = ("o", "s", "^")
TEMPLATE = "D"
FEW = 500  # points of a class: they are drawn larger and denser


def clusters_figure(report: ClusterReport, units: str = "relative") -> Figure:
    """A panel per model, all with the same limits; beneath each, how tight its clusters are.

    Args:
        units: ``"relative"``: in each panel 1 is the mean distance between the class means, and
            the triangle of templates is drawn so that its mean side is 1 too, as only its
            directions matter; ``"absolute"``: the coordinates as they are.
    """
    models = report.models
    columns = 2 if len(models) == 4 else min(COLUMNS, len(models))
    n_rows = -(-len(models) // columns)
    panels = [_scaled(model, units) for model in models]
    with drawing(max(3.5 * columns, 4.6), 4.3 * n_rows + 0.85) as figure:
        grid = figure.subplots(n_rows, columns, sharex=True, sharey=True, squeeze=False)
        limits = _limits(panels)
        for i, ax in enumerate(grid.flat):
            if i >= len(models):
                ax.set_visible(False)
                continue
            _draw(ax, *panels[i])
            ax.set(box_aspect=1, anchor="N", **limits)
            ax.tick_params(labelsize=8.5, labelbottom=True, color=GREY)
            ax.locator_params(nbins=5)
            ax.set_title(shortened(models[i].name, 34), fontsize=10.5, parse_math=False)
            ax.set_xlabel(_beneath(models[i]), fontsize=9, linespacing=1.4, labelpad=6)
        figure.suptitle(
            _heading(report, units, columns), fontsize=8.5, color=GREY, parse_math=False
        )
        _legend(figure, report, columns)
    return figure


def _scaled(model: Clusters, units: str) -> tuple[tuple[Float64, ...], Float64]:
    """The points of each class and the templates, in the units of the picture."""
    templates, means = np.array(model.templates), np.array(model.means)
    side = _mean_side(means)
    if units == "absolute" or not side > 0:
        return model.points, templates
    return tuple(points / side for points in model.points), templates / _mean_side(templates)


def _mean_side(corners: Float64) -> float:
    return float(np.mean([np.linalg.norm(corners[i] - corners[j]) for i, j in SIDES]))


def _limits(panels: list[tuple[tuple[Float64, ...], Float64]]) -> dict[str, tuple[float, float]]:
    """A square that holds everything in any panel, with some room."""
    everything = np.concatenate([np.concatenate([*points, t]) for points, t in panels])
    low, high = everything.min(axis=0), everything.max(axis=0)
    half = 0.54 * float((high - low).max())
    x, y = ((low + high) / 2).tolist()
    return {"xlim": (x - half, x + half), "ylim": (y - half, y + half)}


def _draw(ax: Axes, points: tuple[Float64, ...], templates: Float64) -> None:
    few = max(len(each) for each in points) < FEW
    for each, marker, colour in zip(points, MARKERS, COLOURS, strict=True):
        ax.plot(
            each[:, 0],
            each[:, 1],
            linestyle="none",
            marker=marker,
            markersize=4.2 if few else 3.0,
            markeredgewidth=0,
            color=colour,
            alpha=0.6 if few else 0.4,
            zorder=2,
        )
    round_trip = templates[[0, 1, 2, 0]]
    ax.plot(
        round_trip[:, 0],
        round_trip[:, 1],
        color=GREY,
        linewidth=1.0,
        linestyle=(0, (4, 3)),
        zorder=1.5,
    )
    for (x, y), colour in zip(templates, COLOURS, strict=True):
        ax.plot(
            x,
            y,
            marker=TEMPLATE,
            color=colour,
            markersize=8.5,
            markeredgecolor=INK,
            markeredgewidth=1.3,
            zorder=4,
        )


def _beneath(model: Clusters) -> str:
    figures = model.figures
    return (
        f"within / between: {_figure(figures['within_over_between'])}\n"
        f"wrong-class spread: {_figure(figures['wrong_spread'])}\n"
        f"spread / label's lead: {_figure(figures['wrong_spread_over_gap'])}"
    )


def _figure(figure: Measurement) -> str:
    if figure.value is None:
        return "undefined"
    if figure.low is None or figure.high is None:
        return short(figure.value)
    return f"{short(figure.value)} [{short(figure.low)}, {short(figure.high)}]"


def _heading(report: ClusterReport, units: str, columns: int) -> str:
    length = max(52, 40 * columns)
    lines = [shortened(cluster_headline(report), length)]
    drawn = sum(len(points) for points in report.models[0].points)
    rows = sum(of_class.rows for of_class in report.classes)
    of_rows = f"{rows:,} rows" if drawn == rows else f"{drawn:,} of {rows:,} rows drawn"
    lines += [f"three classes, {of_rows}, in the plane of their templates ({spaces(report)})"]
    if units == "relative":
        lines += ["1 = the mean distance between class means, or templates"]
    return "\n".join(lines)


def _legend(figure: Figure, report: ClusterReport, columns: int) -> None:
    from matplotlib.lines import Line2D

    def marked(marker: str, face: str, edge: str, label: str) -> Line2D:
        return Line2D(
            [],
            [],
            linestyle="none",
            marker=marker,
            markerfacecolor=face,
            markeredgecolor=edge,
            markersize=7,
            label=label,
        )

    names = [labelled(each.title, 20) for each in report.classes]
    looks = zip(MARKERS, COLOURS, names, strict=True)
    handles = [marked(marker, colour, colour, name) for marker, colour, name in looks]
    template = marked(TEMPLATE, "white", INK, "templates")
    template.set(color=GREY, linewidth=1.0, linestyle=(0, (4, 3)))
    handles += [template]
    figure.legend(
        handles=handles,
        loc="outside lower center",
        ncols=2 if columns == 1 else 4,
        frameon=False,
        fontsize=9.5,
    )
