"""The NLL and the ECE against the temperature."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from calibrate.renderers import words
from calibrate.renderers.plots.panels import framed, title_of
from calibrate.renderers.plots.style import BLUE, GREY, INK, VERMILION, drawing
from calibrate.results.report import Report

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TICKS = (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100)


def temperature_figure(report: Report) -> Figure | None:
    """NLL above, ECE beneath, over T; None where these rows have no best temperature.

    Marked: T = 1, the best T of these rows with its 95 % interval, and the T in use.
    """
    sweep, in_use = report.sweep, report.temperature
    if sweep is None:
        return None
    with drawing(6.4, 5.6) as figure:
        top, bottom = figure.subplots(2, 1, sharex=True)
        for ax, values, name in ((top, sweep.nll, "NLL (nats)"), (bottom, sweep.ece, "ECE")):
            ax.plot(sweep.temperature, values, color=BLUE, linewidth=2)
            ax.set_ylabel(name)
            label = f"best here: {words.short(sweep.best)}"
            ax.axvline(sweep.best, color=VERMILION, linewidth=1.6, label=label)
            if sweep.interval:
                look = {"color": VERMILION, "alpha": 0.2, "linewidth": 0}
                ax.axvspan(*sweep.interval, label="its 95 % interval", **look)
            if in_use is not None and not report.calibrator_is_crossfit:
                label = f"in use: {words.short(in_use)}"
                ax.axvline(in_use, color=INK, linewidth=1.4, linestyle=(0, (5, 2)), label=label)
            ax.axvline(1.0, color=GREY, linewidth=1.2, linestyle=(0, (2, 2)), label="T = 1")
        top.set_ylim(top=1.02 * nll_ceiling(sweep.nll))
        bottom.set_ylim(bottom=0)
        bottom.set_xscale("log")
        low, high = sweep.temperature[0], sweep.temperature[-1]
        ticks = [tick for tick in TICKS if low <= tick <= high]
        bottom.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        bottom.minorticks_off()
        bottom.set_xlim(low, high)
        bottom.set_xlabel("temperature T")
        handles, _ = top.get_legend_handles_labels()
        framed(figure, title_of(report, 1), handles, 2, left=0.95)
    return figure


def nll_ceiling(nll: Sequence[float]) -> float:
    """Up to where an NLL is drawn: it soars as T falls, which would flatten the valley."""
    lowest = min(nll)
    return min(max(nll), lowest + 4 * (nll[-1] - lowest) + 0.1)
