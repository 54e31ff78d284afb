"""The reliability curves of several models, overlaid."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from calibrate.renderers.pictures.style import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    VERMILION,
    calibrated,
    diagonal,
    drawing,
    labelled,
    pooled,
)
from calibrate.renderers.words import short
from calibrate.results.comparison import ComparedModel, Comparison
from calibrate.results.report import Reliability

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = (BLUE, VERMILION, GREEN, ORANGE, "#CC79A7", "#56B4E9", "#F0E442", "#000000")
MARKERS = "os^Dvp<>"


def compare_figure(found: Comparison) -> Figure:
    """Accuracy against confidence of every model, without and with its temperature.

    A dot per bin, at its mean confidence; neighbouring bins are joined until they hold 20
    effective rows.
    """
    with drawing(10.0, 6.3) as figure:
        axes = figure.subplots(1, 2, sharex=True, sharey=True)
        for ax, side in zip(axes, ("before", "after"), strict=True):
            diagonal(ax)
            for number, model in enumerate(found.models):
                table = getattr(model.reliability, side)
                _draw(ax, table, _label(model), number)
            ax.set_title("without temperature" if side == "before" else "with temperature")
            ax.set_xlabel("confidence")
            ax.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), xticks=np.linspace(0, 1, 6))
        axes[0].set_ylabel("accuracy")
        figure.legend(
            handles=[*axes[0].get_legend_handles_labels()[0], calibrated()],
            loc="outside lower center",
            ncols=1 + (len(found.models) > 2),
            frameon=False,
            fontsize=9.5,
            handlelength=1.6,
        )
        data = found.data
        title = f"{data.labels}: {data.rows:,} rows, {data.classes:,} classes"
        figure.suptitle(title, fontsize=8.5, color=GREY, parse_math=False)
    return figure


def _draw(ax: Axes, table: Reliability, label: str, number: int) -> None:
    _, confidence, accuracy = pooled(table)
    colour, marker = COLOURS[number % len(COLOURS)], MARKERS[number % len(MARKERS)]
    ax.plot(
        confidence, accuracy, color=colour, marker=marker, markersize=5, linewidth=1.6, label=label
    )


def _label(model: ComparedModel) -> str:
    """``hard: ECE 0.064, with T = 2.74 0.010``; a long name is cut."""
    before, after = model.metrics.before["ece"].value, (model.metrics.after or {}).get("ece")
    t = short(model.calibrator.temperature or 1.0)
    text = f"{labelled(model.name, 30)}: ECE {before:.3f}"
    if after is not None:
        text += f", with T = {t} {after.value:.3f}"
    return text
