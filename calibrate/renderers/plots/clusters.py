"""The rows of three classes in the plane of their templates, a panel per model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from calibrate.arrays import Float64
from calibrate.renderers.documents.clusters import headline_of_clusters, spaces
from calibrate.renderers.plots.panels import framed, line_key
from calibrate.renderers.plots.style import (
    BLUE,
    DASHES,
    GREEN,
    GREY,
    INK,
    ORANGE,
    drawing,
    labelled,
    shortened,
)
from calibrate.renderers.words import short_measurement
from calibrate.results.clusters import ClusterReport, Clusters

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


TRIANGLE = ((0, 1), (0, 2), (1, 2))  # the corners of each side
CLASS_COLOURS = (BLUE, ORANGE, GREEN)
CLASS_MARKERS = ("o", "s", "^")
TEMPLATE = "D"
DENSE = 500  # points of a class: fewer are drawn larger and denser
BENEATH = {
    "within / between": "within_over_between",
    "wrong-class spread": "wrong_spread",
    "spread / label's lead": "wrong_spread_over_gap",
}


def clusters_figure(report: ClusterReport, units: str = "relative") -> Figure:
    """A panel per model, all with the same limits; beneath each, how tight its clusters are.

    Args:
        units: ``"relative"``: in each panel 1 is the mean distance between the class means, and
            the triangle of templates is drawn so that its mean side is 1 too, as only its
            directions matter; ``"absolute"``: the coordinates as they are.
    """
    models = report.models
    columns = 2 if len(models) == 4 else min(3, len(models))
    rows = -(-len(models) // columns)
    panels = [_scaled(model, units) for model in models]
    everything = np.concatenate([np.concatenate([*points, t]) for points, t in panels])
    low, high = everything.min(axis=0), everything.max(axis=0)
    half = 0.54 * float((high - low).max())  # of a square that holds everything, with some room
    x, y = ((low + high) / 2).tolist()
    with drawing(max(3.5 * columns, 4.6), 4.3 * rows + 0.85) as figure:
        grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
        for ax in grid.flat[len(models) :]:
            ax.set_visible(False)
        for ax, model, (points, templates) in zip(grid.flat, models, panels, strict=False):
            _draw_points(ax, points, templates)
            limits: Any = {"xlim": (x - half, x + half), "ylim": (y - half, y + half)}
            ax.set(box_aspect=1, anchor="N", **limits)
            ax.tick_params(labelsize=8.5, labelbottom=True, color=GREY)
            ax.locator_params(nbins=5)
            ax.set_title(shortened(model.name, 34), fontsize=10.5, parse_math=False)
            figures = {name: model.figures[key] for name, key in BENEATH.items()}
            beneath = [
                f"{name}: {'undefined' if found.value is None else short_measurement(found)}"
                for name, found in figures.items()
            ]
            ax.set_xlabel("\n".join(beneath), fontsize=9, linespacing=1.4, labelpad=6)
        looks = zip(report.classes, CLASS_MARKERS, CLASS_COLOURS, strict=True)
        handles = [
            line_key(labelled(each.title, 20), ls="none", marker=marker, color=colour, ms=7)
            for each, marker, colour in looks
        ]
        look = {"color": GREY, "linewidth": 1.0, "linestyle": DASHES, "ms": 7}
        edge = {"markerfacecolor": "white", "markeredgecolor": INK}
        handles.append(line_key("templates", marker=TEMPLATE, **look, **edge))
        title = _heading(report, units, columns)
        framed(
            figure,
            title,
            handles,
            2 if columns == 1 else 4,
            left=0.5,
            over=0.3,
            under=0.95,
            between=(0.25, 1.25),
        )
    return figure


def _scaled(model: Clusters, units: str) -> tuple[tuple[Float64, ...], Float64]:
    """The points of each class and the templates, in the units of the picture."""
    templates, means = np.array(model.templates), np.array(model.means)
    side = _mean_side(means)
    if units == "absolute" or not side > 0:
        return model.points, templates
    return tuple(points / side for points in model.points), templates / _mean_side(templates)


def _mean_side(corners: Float64) -> float:
    return float(np.mean([np.linalg.norm(corners[i] - corners[j]) for i, j in TRIANGLE]))


def _draw_points(ax: Axes, points: tuple[Float64, ...], templates: Float64) -> None:
    few = max(len(each) for each in points) < DENSE
    look: dict[str, Any] = {"markersize": 4.2 if few else 3.0, "alpha": 0.6 if few else 0.4}
    for each, marker, colour in zip(points, CLASS_MARKERS, CLASS_COLOURS, strict=True):
        ax.plot(*each.T, marker, markeredgewidth=0, color=colour, zorder=2, **look)
    triangle = templates[[0, 1, 2, 0]]
    ax.plot(*triangle.T, color=GREY, linewidth=1.0, linestyle=DASHES, zorder=1.5)
    look = {"markersize": 8.5, "markeredgecolor": INK, "markeredgewidth": 1.3, "zorder": 4}
    for (x, y), colour in zip(templates, CLASS_COLOURS, strict=True):
        ax.plot(x, y, marker=TEMPLATE, color=colour, **look)


def _heading(report: ClusterReport, units: str, columns: int) -> str:
    lines = [shortened(headline_of_clusters(report), max(52, 40 * columns))]
    drawn = sum(len(points) for points in report.models[0].points)
    rows = sum(of_class.rows for of_class in report.classes)
    of_rows = f"{rows:,} rows" if drawn == rows else f"{drawn:,} of {rows:,} rows drawn"
    lines += [f"three classes, {of_rows}, in the plane of their templates ({spaces(report)})"]
    if units == "relative":
        lines += ["1 = the mean distance between class means, or templates"]
    return "\n".join(lines)
