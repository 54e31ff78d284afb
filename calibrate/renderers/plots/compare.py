"""The reliability curves of several models, overlaid."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from calibrate.renderers.plots.style import (
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
    shortened,
)
from calibrate.renderers.words import methods_of, noun_of
from calibrate.results.comparison import ComparedModel, Comparison, ModelRuns
from calibrate.results.report import Reliability

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


COLOURS = (BLUE, VERMILION, GREEN, ORANGE, "#CC79A7", "#56B4E9", "#F0E442", "#000000")
MARKERS = "os^Dvp<>"


def compare_figure(found: Comparison) -> Figure:
    """Accuracy against confidence of every model, without and with its temperature.

    A dot per bin, at its mean confidence; neighbouring bins are joined until they hold 20
    effective rows. Runs of one model share its colour.
    """
    names = list(dict.fromkeys(model.run_of or model.name for model in found.models))
    with drawing(10.0, 6.3) as figure:
        axes = figure.subplots(1, 2, sharex=True, sharey=True)
        for ax, side in zip(axes, ("before", "after"), strict=True):
            diagonal(ax)
            for model in found.models:
                table = getattr(model.reliability, side)
                _draw(ax, table, names.index(model.run_of or model.name), model.run_of is None)
            ax.set_title(f"{'without' if side == 'before' else 'with'} {methods_of(found)}")
            ax.set_xlabel("confidence")
            ax.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), xticks=np.linspace(0, 1, 6))
        axes[0].set_ylabel("accuracy")
        labels = [_label(model) for model in found.models]
        if found.over_runs is not None:
            labels = [_label_over_runs(model, noun_of(found)) for model in found.over_runs.models]
        _legend(figure, labels)
        data = found.data
        title = f"{shortened(data.labels, 80)}: {data.rows:,} rows, {data.classes:,} classes"
        figure.suptitle(title, fontsize=8.5, color=GREY, parse_math=False)
    return figure


def _look(number: int) -> dict[str, Any]:
    """The colour and the marker of a model."""
    return {"color": COLOURS[number % len(COLOURS)], "marker": MARKERS[number % len(MARKERS)]}


def _draw(ax: Axes, table: Reliability, number: int, alone: bool) -> None:
    _, confidence, accuracy = pooled(table)
    marker, line = (5.0, 1.6) if alone else (3.5, 1.0)
    ax.plot(confidence, accuracy, markersize=marker, linewidth=line, **_look(number))


def _legend(figure: Figure, labels: list[str]) -> None:
    from matplotlib.lines import Line2D

    each = [Line2D([], [], label=label, ms=5, **_look(i)) for i, label in enumerate(labels)]
    figure.legend(
        handles=[*each, calibrated()],
        loc="outside lower center",
        ncols=1 + (len(labels) > 2),
        frameon=False,
        fontsize=9.5,
        handlelength=1.6,
    )


def _label(model: ComparedModel) -> str:
    """``hard: ECE 0.064; with T = 2.74: 0.010``; a long name is cut."""
    before, after = model.metrics.before["ece"].value, (model.metrics.after or {}).get("ece")
    text = f"{labelled(model.name, 30)}: ECE {before:.3f}"
    return text if after is None else f"{text}; with {model.calibrator.symbol}: {after.value:.3f}"


def _label_over_runs(model: ModelRuns, noun: str) -> str:
    """``hard, 3 runs: mean ECE 0.064; with T: 0.010``"""
    before, after = model.metrics.before["ece"].value, (model.metrics.after or {}).get("ece")
    runs = f"{model.runs} runs: mean ECE" if model.runs > 1 else "1 run: ECE"
    text = f"{labelled(model.name, 30)}, {runs} {before:.3f}"
    return text if after is None else f"{text}; with {noun}: {after.value:.3f}"
