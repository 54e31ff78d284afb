"""The reliability diagram: accuracy against confidence, before and after."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from calibrate.arrays import Float64
from calibrate.renderers.bins import FEW
from calibrate.renderers.plots.panels import (
    area_key,
    calibrated,
    framed,
    line_key,
    sides,
    title_of,
)
from calibrate.renderers.plots.style import BLUE, GREEN, GREY, INK, VERMILION, wording
from calibrate.results.measurement import Measurement, Sides
from calibrate.results.report import Reliability, Report

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


MOST_COUNTED = 20  # bins whose counts are written in
OVER, UNDER = "///", r"\\\\"
FAINT = 0.25  # of bins with few rows


def reliability_figure(report: Report) -> Figure:
    """Bars of accuracy per confidence bin, with the gap to the bin's mean confidence.

    One panel for a model as it is, two for before and after. Beneath each, the share of rows
    per bin on the same axis. After Guo et al. (2017), figure 1, with the gap drawn from the
    bin's own mean confidence rather than from its centre, and coloured by its sign. Of binary and
    multi-label models: how often yes is right against its probability.
    """
    found, called = shown_bins(report), wording(report)
    metrics, titles = report.metrics, [(_title("before", report), _caption(report, False))]
    tables = [found.before]
    if found.after is not None and metrics.after is not None:
        tables.append(found.after)
        titles.append((_title("after", report), _caption(report, True)))
    with sides(report, titles, "share of rows") as (figure, upper, lower):
        for ax, beneath, table in zip(upper, lower, tables, strict=True):
            _draw_bins(ax, table)
            _draw_shares(beneath, table)
        handles: list[Artist] = [
            area_key(called.accuracy, facecolor=BLUE),
            line_key("mean " + called.x.removesuffix(" of yes"), color=INK, linewidth=1.6),
            area_key(called.over, fc=VERMILION + "44", ec=VERMILION, hatch=OVER),
            area_key(called.under, fc=GREEN + "44", ec=GREEN, hatch=UNDER),
            calibrated(),
        ]
        if any(table.consistency_low for table in tables):
            look = {"color": INK, "linewidth": 1.1, "marker": "|", "markersize": 9}
            handles.append(line_key("95 % of calibrated models", **look))
        if any(0 < rows < FEW for table in tables for rows in table.effective):
            handles.append(area_key(f"fewer than {FEW:g} rows", facecolor=BLUE, alpha=FAINT))
        framed(
            figure, title_of(report, len(tables)), handles, 4 if len(tables) == 2 else 2, over=0.5
        )
    return figure


def shown_bins(report: Report) -> Sides[Reliability]:
    """The bins of the confidence; of yes-no models those of the probability of yes."""
    shown = report.class_reliability
    if report.data.task.yes_no and shown is not None and shown.before:
        return Sides(shown.before[0].table, shown.after[0].table if shown.after else None)
    return report.reliability


def _title(side: str, report: Report) -> str:
    if report.calibrator is None:
        return "the model as it is"
    if side == "before":
        return "before calibration"
    note = ", in-sample" if report.data.in_sample else ""
    note = ", cross-fitted" if report.calibrator.folds else note
    return f"after: {report.calibrator.symbol}{note}"


def _caption(report: Report, after: bool) -> str:
    metrics: dict[str, Measurement] = report.metrics.last if after else report.metrics.before
    names = {"ECE": "ece", "accuracy": "accuracy", "mean confidence": "mean_confidence"}
    if report.data.task.yes_no:
        names = {"positive ECE": "positive_ece", "top-label ECE": "ece"}
    return "   ".join(f"{label} {metrics[name].value:.3f}" for label, name in names.items())


def _draw_bins(ax: Axes, table: Reliability) -> None:
    filled, edges = np.array(table.weight) > 0, np.array(table.edges)
    bins = np.array([edges[:-1], edges[1:], table.confidence, table.accuracy], dtype=float)
    bins, few = bins[:, filled], np.array(table.effective)[filled] < FEW
    for those, alpha in ((~few, None), (few, FAINT)):
        _draw_bars(ax, bins[:, those], _line_width(table), alpha)
    if table.consistency_low:  # over the accuracies that 95 % of calibrated models show
        ends = np.array([table.consistency_low, table.consistency_high], dtype=float)
        low, high = ends[:, filled]
        middle, cap = (bins[0] + bins[1]) / 2, 0.15 * (bins[1] - bins[0])
        colours = [(INK, alpha) for alpha in np.where(few, 2 * FAINT, 1.0)]
        look: Any = {"colors": colours, "linewidth": 1.1, "zorder": 5}
        ax.vlines(middle, low, high, **look)
        for end in (low, high):
            ax.hlines(end, middle - cap, middle + cap, **look)


def _draw_bars(ax: Axes, bins: Float64, line: float, alpha: float | None) -> None:
    """Bars of bins, which are rows of low and high ends, mean confidences and accuracies."""
    low, high, confidence, accuracy = bins
    base, gap = np.minimum(confidence, accuracy), np.abs(confidence - accuracy)
    look: Any = {"align": "edge", "linewidth": line, "alpha": alpha}
    ax.bar(low, base, high - low, color=BLUE, edgecolor="white", **look)
    for over, colour, hatch in ((True, VERMILION, OVER), (False, GREEN, UNDER)):
        those = (confidence > accuracy) == over
        ax.bar(
            low[those],
            gap[those],
            (high - low)[those],
            bottom=base[those],
            facecolor=colour + "44",
            edgecolor=colour,
            hatch=hatch if line else None,
            **look,
        )
    ends: Any = {"xmin": low, "xmax": high, "zorder": 3, "alpha": alpha}
    ax.hlines(accuracy, color=BLUE, linewidth=2.5, **ends)
    ax.hlines(confidence, color=INK, linewidth=1.6, **ends)


def _line_width(table: Reliability) -> float:
    """The width of the lines around bars; none around bars as narrow as a line."""
    return 0.8 if len(table.weight) <= 60 else 0.0


def _draw_shares(ax: Axes, table: Reliability) -> None:
    shares, edges = np.array(table.weight) / sum(table.weight), np.array(table.edges)
    look: Any = {"color": GREY, "edgecolor": "white", "linewidth": _line_width(table)}
    ax.bar(edges[:-1], shares, np.diff(edges), align="edge", **look)
    if len(shares) > MOST_COUNTED:
        return
    middles = (edges[:-1] + edges[1:]) / 2
    for x, y, count in zip(middles, shares, table.weight, strict=True):
        if count > 0:
            text: Any = {"textcoords": "offset points", "ha": "center", "fontsize": 7}
            ax.annotate(_compact(count), (x, y), (0, 1.5), **text)
    ax.margins(y=0.2)


def _compact(count: float) -> str:
    """1234 -> 1.2k; at most four characters."""
    for size, suffix in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if count >= size:
            digits = ".2g" if count < 100 * size else ".0f"
            return f"{count / size:{digits}}{suffix}"
    return f"{count:.3g}"
