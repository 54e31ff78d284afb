"""The smooth reliability curve with its band, above the density of the confidences."""

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
from calibrate.results.report import Report, SmoothReliability

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def smooth_reliability_figure(report: Report) -> Figure | None:
    """Accuracy against confidence without bins, before and after; None where there is no curve.

    The curve is drawn where there are rows; between it and the diagonal lies the miscalibration.
    After Blasiok & Nakkiran (2023).
    """
    curves = report.smooth_reliability
    if curves is None:
        return None
    sides = [("as it is" if curves.after is None else "before", curves.before)]
    metrics = [report.metrics.before]
    if curves.after is not None and report.metrics.after is not None:
        sides.append(("after", curves.after))
        metrics.append(report.metrics.after)
    yes_no, called = report.data.task.yes_no, wording(report)
    with drawing(4.9 * len(sides) + 0.2, 6.2) as figure:
        axes = figure.subplots(
            2, len(sides), sharex=True, sharey="row", squeeze=False, height_ratios=[3.4, 1]
        )
        for column, (name, curve) in enumerate(sides):
            _draw_curve(axes[0, column], curve)
            _draw_density(axes[1, column], curve)
            axes[1, column].set_xlabel(called.x)
            shown = "positive_ece" if yes_no else "smooth_ece"
            value = words.number(metrics[column][shown].value)
            label = shown.replace("_", " ").replace("ece", "ECE")
            axes[0, column].set_title(f"{name}: {label} {value}", fontweight="bold")
        axes[1, 0].set_ylim(0, 1.05 * max(max(curve.density) for _, curve in sides))
        axes[0, 0].set_ylabel(called.y)
        axes[1, 0].set_ylabel("density")
        headed(figure, report, 40 * len(sides))
        _legend(figure, 5 if len(sides) == 2 else 2, called)
    return figure


def _draw_curve(ax: Axes, curve: SmoothReliability) -> None:
    diagonal(ax)
    t = np.array(curve.confidence)
    accuracy, low, high = (
        np.array(values, dtype=float) for values in (curve.accuracy, curve.low, curve.high)
    )
    for over, colour in ((True, VERMILION), (False, GREEN)):
        side = (accuracy < t) == over
        ax.fill_between(t, accuracy, t, where=side, color=colour, alpha=0.25, linewidth=0)
    ax.fill_between(t, low, high, color=BLUE, alpha=0.25, linewidth=0)
    ax.plot(t, accuracy, color=BLUE, linewidth=2)
    if np.isnan(accuracy).all():
        ax.text(0.4, 0.9, "too few rows near any one point", ha="center", color=GREY)
    ax.set(xlim=(0, 1), ylim=(0, 1.01))


def _draw_density(ax: Axes, curve: SmoothReliability) -> None:
    ax.fill_between(curve.confidence, curve.density, color=GREY, alpha=0.6, linewidth=0)


def _legend(figure: Figure, columns: int, called: Wording) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    figure.legend(
        handles=[
            Line2D([], [], color=BLUE, linewidth=2, label=called.accuracy),
            Patch(facecolor=BLUE, alpha=0.25, label="its 95 % band"),
            Patch(facecolor=VERMILION, alpha=0.25, label=called.over),
            Patch(facecolor=GREEN, alpha=0.25, label=called.under),
            calibrated(),
        ],
        loc="outside lower center",
        ncols=columns,
        frameon=False,
        fontsize=9.5,
    )
