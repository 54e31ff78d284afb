"""The reliability curves of several models, overlaid."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from calibrate.renderers.bins import pooled
from calibrate.renderers.plots.panels import calibrated, diagonal, framed, line_key
from calibrate.renderers.plots.style import (
    BLUE,
    GREEN,
    ORANGE,
    VERMILION,
    drawing,
    labelled,
    shortened,
)
from calibrate.renderers.words import methods_of, noun_of
from calibrate.results.comparison import ComparedModel, Comparison, ModelRuns

if TYPE_CHECKING:
    from matplotlib.figure import Figure


MODEL_COLOURS = (BLUE, VERMILION, GREEN, ORANGE, "#CC79A7", "#56B4E9", "#F0E442", "#000000")
MODEL_MARKERS = "os^Dvp<>"


def compare_figure(found: Comparison) -> Figure:
    """Accuracy against confidence of every model, without and with its temperature.

    A dot per bin, at its mean confidence; neighbouring bins are joined until they hold 20
    effective rows. Runs of one model share its colour.
    """
    names = list(dict.fromkeys(model.run_of or model.name for model in found.models))
    models: Sequence[ComparedModel | ModelRuns] = found.models
    if found.over_runs is not None:
        models = found.over_runs.models
    columns = 1 + (len(models) > 2)
    with drawing(10.0, 6.3) as figure:
        axes = figure.subplots(1, 2, sharex=True, sharey=True)
        for ax, side in zip(axes, ("before", "after"), strict=True):
            diagonal(ax)
            for model in found.models:
                _, confidence, accuracy = zip(
                    *pooled(getattr(model.reliability, side)), strict=True
                )
                size, width = (5.0, 1.6) if model.run_of is None else (3.5, 1.0)
                look = _look(names.index(model.run_of or model.name))
                ax.plot(confidence, accuracy, markersize=size, linewidth=width, **look)
            ax.set_title(f"{'without' if side == 'before' else 'with'} {methods_of(found)}")
            ax.set_xlabel("confidence")
            ax.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), xticks=np.linspace(0, 1, 6))
        axes[0].set_ylabel("accuracy")
        handles = [
            line_key(_label(m, noun_of(found)), ms=5, **_look(i)) for i, m in enumerate(models)
        ]
        data = found.data
        title = f"{shortened(data.labels, 80)}: {data.rows:,} rows, {data.classes:,} classes"
        framed(figure, title, [*handles, calibrated()], columns, over=0.3)
    return figure


def _look(number: int) -> dict[str, Any]:
    """The colour and the marker of a model."""
    number %= len(MODEL_COLOURS)
    return {"color": MODEL_COLOURS[number], "marker": MODEL_MARKERS[number]}


def _label(model: ComparedModel | ModelRuns, noun: str) -> str:
    """``hard: ECE 0.064; with T = 2.74: 0.010``, or ``hard, 3 runs: mean ECE 0.064; with T: 0.010``

    A long name is cut.
    """
    before, after = model.metrics.before["ece"].value, (model.metrics.after or {}).get("ece")
    if isinstance(model, ComparedModel):
        what, noun = ": ECE", model.calibrator.symbol
    else:
        what = f", {model.runs} runs: mean ECE" if model.runs > 1 else ", 1 run: ECE"
    text = f"{labelled(model.name, 30)}{what} {before:.3f}"
    return text if after is None else f"{text}; with {noun}: {after.value:.3f}"
