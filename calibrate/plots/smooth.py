"""The smooth reliability curve with its band, above the density of the confidences."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from calibrate.plots.style import BLUE, GREEN, GREY, VERMILION, diagonal, headed, style
from calibrate.render import words
from calibrate.report import Report, SmoothReliability

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def smooth_reliability_figure(report: Report) -> Figure | None:
    """Accuracy against confidence without bins, before and after; None where there is no curve.

    The curve is drawn where there are rows; between it and the diagonal lies the miscalibration.
    After Blasiok & Nakkiran (2023).
    """
    from matplotlib.figure import Figure

    curves = report.smooth_reliability
    if curves is None:
        return None
    sides = [("as it is" if curves.after is None else "before", curves.before)]
    metrics = [report.metrics.before]
    if curves.after is not None and report.metrics.after is not None:
        sides.append(("after", curves.after))
        metrics.append(report.metrics.after)
    with style():
        figure = Figure(figsize=(4.9 * len(sides) + 0.2, 6.2), layout="constrained")
        axes = figure.subplots(
            2, len(sides), sharex=True, sharey="row", squeeze=False, height_ratios=[3.4, 1]
        )
        for column, (name, curve) in enumerate(sides):
            _draw_curve(axes[0, column], curve)
            _draw_density(axes[1, column], curve)
            smooth = words.number(metrics[column]["smooth_ece"].value)
            axes[0, column].set_title(f"{name}: smooth ECE {smooth}", fontweight="bold")
        axes[1, 0].set_ylim(0, 1.05 * max(max(curve.density) for _, curve in sides))
        axes[0, 0].set_ylabel("accuracy")
        axes[1, 0].set_ylabel("density")
        headed(figure, report, 40 * len(sides))
        _legend(figure, columns=4 if len(sides) == 2 else 2)
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
    ax.set(xlim=(0, 1), ylim=(0, 1.01))


def _draw_density(ax: Axes, curve: SmoothReliability) -> None:
    ax.fill_between(curve.confidence, curve.density, color=GREY, alpha=0.6, linewidth=0)
    ax.set_xlabel("confidence")


def _legend(figure: Figure, columns: int) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    figure.legend(
        handles=[
            Line2D([], [], color=BLUE, linewidth=2, label="accuracy"),
            Patch(facecolor=BLUE, alpha=0.25, label="its 95 % band"),
            Patch(facecolor=VERMILION, alpha=0.25, label="overconfident"),
            Patch(facecolor=GREEN, alpha=0.25, label="underconfident"),
        ],
        loc="outside lower center",
        ncols=columns,
        frameon=False,
        fontsize=9.5,
    )
