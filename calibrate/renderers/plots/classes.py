"""One-vs-rest reliability of several classes, as small multiples."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from calibrate.renderers.plots.style import (
    BLUE,
    GREY,
    VERMILION,
    calibrated,
    diagonal,
    drawing,
    headed,
    labelled,
    pooled,
)
from calibrate.results.report import ClassReliability, Report
from calibrate.tasks import Task

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


COLUMNS = 3
MARK = "*"  # of a class that is off beyond chance
LARGEST_DOT = 70.0  # square points, of a bin that holds all rows


def classes_figure(report: Report) -> Figure | None:
    """The frequency of each class against its probability; None where classes were not measured.

    A dot per bin, at its mean probability, its area after the logarithm of its rows; neighbouring
    bins are joined until they hold 20 effective rows.
    """
    found = report.class_reliability
    if found is None or not found.before or report.data.task is not Task.multiclass:
        return None
    n_rows = -(-len(found.before) // COLUMNS)
    columns = min(COLUMNS, len(found.before))
    with drawing(2.9 * columns + 0.3, 2.85 * n_rows + 1.0) as figure:
        grid = figure.subplots(n_rows, columns, sharex=True, sharey=True, squeeze=False)
        for i, ax in enumerate(grid.flat):
            if i >= len(found.before):
                ax.set_visible(False)
                continue
            diagonal(ax)
            _draw(ax, found.before[i], VERMILION, filled=False)
            if found.after is not None:
                _draw(ax, found.after[i], BLUE, filled=True)
            after = None if found.after is None else found.after[i]
            ax.set_title(_title(found.before[i], after), fontsize=9.5)
            ax.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), xticks=[0, 0.5, 1])
            ax.set_xticklabels(["0", "0.5", "1"])
            if i + columns >= len(found.before):  # nothing beneath
                ax.tick_params(labelbottom=True)
                ax.set_xlabel("probability of the class")
        for ax in grid[:, 0]:
            ax.set_ylabel("how often it is")
        headed(figure, report, 30 * columns, _chosen(report))
        _legend(figure, with_after=found.after is not None)
    return figure


def _chosen(report: Report) -> str:
    """How many classes are off beyond chance, and which; empty where that was not looked at."""
    if report.classes is None or not report.classes.last.tested:
        return ""
    found, after = report.classes.last, "" if report.classes.after is None else " after calibration"
    of = f"of {found.tested:,} classes predicted for {found.fewest}+ rows"
    if not found.off:
        return f"none {of} is off beyond chance{after}"
    return f"{MARK} off beyond chance{after}: {found.off:,} {of}"


def _title(before: ClassReliability, after: ClassReliability | None) -> str:
    name = labelled(before.name, 20) if before.name else f"class {before.index}"
    shown = before if after is None else after
    eces = f"ECE {before.ece:.4f}" + (f" → {after.ece:.4f}" if after else "")
    return f"{name}{MARK if shown.off else ''}: {before.rows:,.6g} rows\n{eces}"


def _draw(ax: Axes, of_class: ClassReliability, colour: str, filled: bool) -> None:
    rows, probability, frequency = pooled(of_class.table)
    area = 4 + LARGEST_DOT * (np.log1p(rows) / np.log1p(rows.sum())) ** 2
    ax.plot(probability, frequency, color=colour, linewidth=1.3, alpha=0.8)
    face = colour if filled else "white"
    ax.scatter(probability, frequency, area, facecolor=face, edgecolor=colour, zorder=3)


def _legend(figure: Figure, with_after: bool) -> None:
    from matplotlib.lines import Line2D

    def dot(colour: str, face: str, label: str) -> Line2D:
        return Line2D([], [], color=colour, marker="o", markerfacecolor=face, label=label)

    handles = [dot(VERMILION, "white", "before" if with_after else "as it is")]
    handles += [dot(BLUE, BLUE, "after")] if with_after else []
    larger = Line2D([], [], color=GREY, linestyle="none", marker="o", ms=8, label="more rows")
    handles += [larger, calibrated()]
    figure.legend(
        handles=handles, loc="outside lower center", ncols=len(handles), frameon=False, fontsize=9.5
    )
