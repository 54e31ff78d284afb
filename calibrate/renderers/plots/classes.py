"""One-vs-rest reliability of several classes, as small multiples."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from calibrate.renderers.bins import pooled
from calibrate.renderers.plots.panels import calibrated, diagonal, framed, line_key, title_of
from calibrate.renderers.plots.style import BLUE, GREY, VERMILION, drawing, labelled
from calibrate.results.report import ClassReliability, Report
from calibrate.tasks import Task

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


MOST_BESIDE = 3
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
    columns = min(MOST_BESIDE, len(found.before))
    rows = -(-len(found.before) // columns)
    with drawing(max(2.9 * columns + 0.3, 4.6), 2.85 * rows + 1.0) as figure:
        grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
        for ax in grid.flat[len(found.before) :]:
            ax.set_visible(False)
        for i, (ax, before) in enumerate(zip(grid.flat, found.before, strict=False)):
            after = None if found.after is None else found.after[i]
            diagonal(ax)
            _draw_class(ax, before, VERMILION, "white")
            if after is not None:
                _draw_class(ax, after, BLUE, BLUE)
            name = labelled(before.name, 20) if before.name else f"class {before.index}"
            mark = MARK if (after or before).off else ""
            eces = f"ECE {before.ece:.4f}" + (f" → {after.ece:.4f}" if after else "")
            ax.set_title(f"{name}{mark}: {before.rows:,.6g} rows\n{eces}", fontsize=9.5)
            ax.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), xticks=[0, 0.5, 1])
            ax.set_xticklabels(["0", "0.5", "1"])
            if i + columns >= len(found.before):  # nothing beneath
                ax.tick_params(labelbottom=True)
                ax.set_xlabel("probability of the class")
        for ax in grid[:, 0]:
            ax.set_ylabel("how often it is")
        look = {"color": VERMILION, "marker": "o", "markerfacecolor": "white"}
        handles = [line_key("as it is" if found.after is None else "before", **look)]
        if found.after is not None:
            handles.append(line_key("after", color=BLUE, marker="o"))
        handles.append(line_key("more rows", color=GREY, linestyle="none", marker="o", ms=8))
        handles.append(calibrated())
        title = title_of(report, columns, _off(report))
        framed(figure, title, handles, 4 if columns > 1 else 2, over=0.45, between=(0.15, 0.5))
    return figure


def _off(report: Report) -> str:
    """How many classes are off beyond chance, and which; empty where that was not looked at."""
    if report.classes is None or not report.classes.last.tested:
        return ""
    found, after = report.classes.last, "" if report.classes.after is None else " after calibration"
    of = f"of {found.tested:,} classes predicted for {found.fewest}+ rows"
    if not found.off:
        return f"none {of} is off beyond chance{after}"
    return f"{MARK} off beyond chance{after}: {found.off:,} {of}"


def _draw_class(ax: Axes, of_class: ClassReliability, colour: str, face: str) -> None:
    rows, probability, frequency = np.array(pooled(of_class.table)).T
    area = 4 + LARGEST_DOT * (np.log1p(rows) / np.log1p(rows.sum())) ** 2
    ax.plot(probability, frequency, color=colour, linewidth=1.3, alpha=0.8)
    ax.scatter(probability, frequency, area, facecolor=face, edgecolor=colour, zorder=3)
