"""The CORP reliability diagram: isotonic accuracy with its consistency band."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from calibrate.renderers import words
from calibrate.renderers.plots.style import (
    BLUE,
    GREEN,
    GREY,
    VERMILION,
    Wording,
    calibrated,
    diagonal,
    drawing,
    headed,
    wording,
)
from calibrate.results.report import CorpReliability, Report

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def corp_reliability_figure(report: Report) -> Figure | None:
    """Accuracy as an isotonic function of confidence, before and after; None where there is none.

    The grey band is pointwise: calibrated models leave it at 5 of 100 confidences. The captions
    split the Brier score of the confidence. After Dimitriadis, Gneiting & Jordan (2021), figure 2.
    """
    curves = report.corp_reliability
    if curves is None:
        return None
    sides = [("as it is" if curves.after is None else "before", curves.before)]
    if curves.after is not None:
        sides.append(("after", curves.after))
    yes_no, called = report.data.task.yes_no, wording(report)
    of = "P(yes)" if yes_no else "confidence"
    with drawing(4.9 * len(sides) + 0.2, 6.2) as figure:
        axes = figure.subplots(
            2, len(sides), sharex=True, sharey="row", squeeze=False, height_ratios=[3.4, 1]
        )
        for column, (name, curve) in enumerate(sides):
            _draw_curve(axes[0, column], curve)
            _draw_histogram(axes[1, column], curve)
            axes[1, column].set_xlabel(called.x)
            axes[0, column].set_title(_caption(curve), fontsize=10)
            axes[0, column].text(
                0.5,
                1.09,
                f"{name}: Brier score of {of} {words.number(_score(curve))}",
                transform=axes[0, column].transAxes,
                ha="center",
                fontsize=11.5,
                fontweight="bold",
            )
        axes[0, 0].set_ylabel(called.y)
        axes[1, 0].set_ylabel("share of rows")
        headed(figure, report, 40 * len(sides))
        _legend(figure, 3 if len(sides) == 2 else 2, called)
    return figure


def _score(curve: CorpReliability) -> float:
    return curve.miscalibration - curve.discrimination + curve.uncertainty


def _caption(curve: CorpReliability) -> str:
    parts = {
        "MCB": curve.miscalibration,
        "DSC": curve.discrimination,
        "UNC": curve.uncertainty,
    }
    return "   ".join(f"{name} {words.number(value)}" for name, value in parts.items())


def _draw_curve(ax: Axes, curve: CorpReliability) -> None:
    t, accuracy, low, high = map(
        np.array,
        (curve.confidence, curve.accuracy, curve.consistency_low, curve.consistency_high),
    )
    ax.fill_between(t, low, high, color=GREY, alpha=0.35, linewidth=0)
    diagonal(ax)
    for off, edge, colour in (
        (accuracy < low, low, VERMILION),
        (accuracy > high, high, GREEN),
    ):
        ax.fill_between(
            t, accuracy, edge, where=off, color=colour, alpha=0.4, linewidth=0, interpolate=True
        )
    ax.plot(t, accuracy, color=BLUE, linewidth=2, solid_joinstyle="miter", zorder=5)
    ax.set(xlim=(0, 1), ylim=(0, 1.01))
    ax.set_yticks([0, 0.2, 0.4, 0.6, 0.8, 1])


def _draw_histogram(ax: Axes, curve: CorpReliability) -> None:
    edges = np.array(curve.edges)
    ax.bar(edges[:-1], curve.share, np.diff(edges), align="edge", color=GREY, linewidth=0)
    ax.set_xticks([0, 0.2, 0.4, 0.6, 0.8, 1])


def _legend(figure: Figure, columns: int, called: Wording) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    figure.legend(
        handles=[
            Line2D([], [], color=BLUE, linewidth=2, label=f"{called.accuracy}, isotonic"),
            calibrated(),
            Patch(facecolor=GREY, alpha=0.35, label="95 % of calibrated models"),
            Patch(facecolor=VERMILION, alpha=0.4, label=f"{called.over}, beyond the band"),
            Patch(facecolor=GREEN, alpha=0.4, label=f"{called.under}, beyond the band"),
        ],
        loc="outside lower center",
        ncols=columns,
        frameon=False,
        fontsize=9.5,
    )
