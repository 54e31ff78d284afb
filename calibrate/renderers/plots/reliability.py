"""The reliability diagram: accuracy against confidence, before and after."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from calibrate.arrays import Float64
from calibrate.renderers.plots.style import (
    BLUE,
    FAINT,
    FEW,
    GREEN,
    GREY,
    INK,
    SELDOM,
    VERMILION,
    Wording,
    calibrated,
    diagonal,
    drawing,
    headed,
    wording,
)
from calibrate.results.measurement import Measurement, Sides
from calibrate.results.report import Reliability, Report

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


MOST_COUNTED = 20  # bins whose counts are written in
OVER, UNDER = "///", r"\\\\"


def reliability_figure(report: Report) -> Figure:
    """Bars of accuracy per confidence bin, with the gap to the bin's mean confidence.

    One panel for a model as it is, two for before and after. Beneath each, the share of rows
    per bin on the same axis. After Guo et al. (2017), figure 1, with the gap drawn from the
    bin's own mean confidence rather than from its centre, and coloured by its sign. Of binary and
    multi-label models: how often yes is right against its probability.
    """
    yes_no, called = report.data.task.yes_no, wording(report)
    sides = _tables(report, yes_no)
    with drawing(4.9 * len(sides) + 0.2, 6.2) as figure:
        axes = figure.subplots(
            2, len(sides), sharex=True, sharey="row", squeeze=False, height_ratios=[3.4, 1]
        )
        for column, (name, table, metrics) in enumerate(sides):
            _draw_bins(axes[0, column], table)
            _draw_histogram(axes[1, column], table)
            axes[1, column].set_xlabel(called.x)
            axes[0, column].set_title(_caption(metrics, yes_no), fontsize=10)
            axes[0, column].text(
                0.5,
                1.09,
                _title(name, report),
                transform=axes[0, column].transAxes,
                ha="center",
                fontsize=12.5,
                fontweight="bold",
            )
        axes[0, 0].set_ylabel(called.y)
        axes[1, 0].set_ylabel("share of rows")
        headed(figure, report, 40 * len(sides))
        _legend(figure, 2 * len(sides), called, [table for _, table, _ in sides])
    return figure


def _tables(report: Report, yes_no: bool) -> list[tuple[str, Reliability, dict[str, Measurement]]]:
    """Name, table and metrics of each panel."""
    tables = report.reliability
    if yes_no and report.class_reliability is not None:
        shown = report.class_reliability
        tables = Sides(shown.before[0].table, shown.after[0].table if shown.after else None)
    sides = [("before", tables.before, report.metrics.before)]
    if tables.after is not None and report.metrics.after is not None:
        sides.append(("after", tables.after, report.metrics.after))
    return sides


def _title(side: str, report: Report) -> str:
    if report.calibrator is None:
        return "the model as it is"
    if side == "before":
        return "before calibration"
    note = ", in-sample" if report.data.in_sample else ""
    note = ", cross-fitted" if report.calibrator.folds else note
    return f"after: {report.calibrator.symbol}{note}"


@dataclass(frozen=True)
class _Bins:
    """The ends of some bins, their mean confidence and accuracy, ``(b,)`` each."""

    low: Float64
    high: Float64
    confidence: Float64
    accuracy: Float64

    def those(self, which: NDArray[np.bool_]) -> _Bins:
        return _Bins(*(getattr(self, field.name)[which] for field in fields(self)))


def _draw_bins(ax: Axes, table: Reliability) -> None:
    diagonal(ax)
    filled = [i for i, weight in enumerate(table.weight) if weight > 0]
    edges = np.array(table.edges)
    confidence = np.array(table.confidence, dtype=float)[filled]
    accuracy = np.array(table.accuracy, dtype=float)[filled]
    bins = _Bins(edges[filled], edges[1:][filled], confidence, accuracy)
    few = np.array(table.effective)[filled] < FEW
    _draw_bars(ax, bins.those(~few), _line(table), None)
    _draw_bars(ax, bins.those(few), _line(table), FAINT)
    if table.consistency_low:
        _draw_consistency(ax, table, filled, np.where(few, 2 * FAINT, 1.0))
    ax.set(xlim=(0, 1), ylim=(0, 1.01))
    ax.set_yticks([0, 0.2, 0.4, 0.6, 0.8, 1])


def _draw_bars(ax: Axes, bins: _Bins, line: float, alpha: float | None) -> None:
    base = np.minimum(bins.confidence, bins.accuracy)
    look: Any = {"align": "edge", "linewidth": line, "alpha": alpha}
    ax.bar(bins.low, base, bins.high - bins.low, color=BLUE, edgecolor="white", **look)
    for over, colour, hatch in ((True, VERMILION, OVER), (False, GREEN, UNDER)):
        side = bins.those((bins.confidence > bins.accuracy) == over)
        ax.bar(
            side.low,
            np.abs(side.confidence - side.accuracy),
            side.high - side.low,
            bottom=np.minimum(side.confidence, side.accuracy),
            facecolor=colour + "44",
            edgecolor=colour,
            hatch=hatch if line else None,
            **look,
        )
    ends: Any = {"xmin": bins.low, "xmax": bins.high, "zorder": 3, "alpha": alpha}
    ax.hlines(bins.accuracy, color=BLUE, linewidth=2.5, **ends)
    ax.hlines(bins.confidence, color=INK, linewidth=1.6, **ends)


def _draw_consistency(ax: Axes, table: Reliability, filled: list[int], alpha: Float64) -> None:
    """Bars over the accuracies that 95 % of calibrated models with these confidences show."""
    left, right = np.array(table.edges)[filled], np.array(table.edges)[1:][filled]
    low = np.array(table.consistency_low, dtype=float)[filled]
    high = np.array(table.consistency_high, dtype=float)[filled]
    middle, cap = (left + right) / 2, 0.15 * (right - left)
    look: Any = {"colors": [(INK, a) for a in alpha], "linewidth": 1.1, "zorder": 5}
    ax.vlines(middle, low, high, **look)
    for end in (low, high):
        ax.hlines(end, middle - cap, middle + cap, **look)


def _line(table: Reliability) -> float:
    """The width of the lines around bars; none around bars as narrow as a line."""
    return 0.8 if len(table.weight) <= 60 else 0.0


def _draw_histogram(ax: Axes, table: Reliability) -> None:
    total = sum(table.weight)
    widths = [high - low for low, high in zip(table.edges, table.edges[1:], strict=False)]
    ax.bar(
        table.edges[:-1],
        [weight / total for weight in table.weight],
        widths,
        align="edge",
        color=GREY,
        edgecolor="white",
        linewidth=_line(table),
    )
    if len(widths) <= MOST_COUNTED:
        for left, width, weight in zip(table.edges, widths, table.weight, strict=False):
            if weight > 0:
                where = left + width / 2, weight / total
                ax.annotate(
                    _compact(weight),
                    where,
                    (0, 1.5),
                    textcoords="offset points",
                    ha="center",
                    fontsize=7,
                )
        ax.margins(y=0.2)
    ax.set_xticks([0, 0.2, 0.4, 0.6, 0.8, 1])


def _caption(metrics: dict[str, Measurement], yes_no: bool) -> str:
    if yes_no:
        names = {"positive ECE": "positive_ece", "top-label ECE": "ece"}
    else:
        names = {"ECE": "ece", "accuracy": "accuracy", "mean confidence": "mean_confidence"}
    return "   ".join(f"{label} {metrics[name].value:.3f}" for label, name in names.items())


def _compact(count: float) -> str:
    """1234 -> 1.2k; at most four characters."""
    for size, suffix in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if count >= size:
            return (
                f"{count / size:.2g}{suffix}"
                if count < 100 * size
                else f"{count / size:.0f}{suffix}"
            )
    return f"{count:.3g}"


def _legend(figure: Figure, columns: int, called: Wording, tables: list[Reliability]) -> None:
    """What is drawn in any panel."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    handles: list[Artist] = [
        Patch(facecolor=BLUE, label=called.accuracy),
        Line2D([], [], color=INK, linewidth=1.6, label="mean " + called.x.removesuffix(" of yes")),
        Patch(fc=VERMILION + "44", ec=VERMILION, hatch=OVER, label=called.over),
        Patch(fc=GREEN + "44", ec=GREEN, hatch=UNDER, label=called.under),
        calibrated(),
    ]
    if any(table.consistency_low for table in tables):
        look: Any = {"color": INK, "linewidth": 1.1, "marker": "|", "markersize": 9}
        handles.append(Line2D([], [], label="95 % of calibrated models", **look))
    if any(0 < rows < FEW for table in tables for rows in table.effective):
        handles.append(Patch(facecolor=BLUE, alpha=FAINT, label=SELDOM))
    figure.legend(
        handles=handles,
        loc="outside lower center",
        ncols=columns,
        frameon=False,
        fontsize=9.5,
        handlelength=1.6,
        columnspacing=1.4,
    )
