"""What a student would see in a teacher's targets, against the temperature."""

from __future__ import annotations

from math import log
from typing import TYPE_CHECKING

from calibrate.renderers.plots.style import BLUE, GREEN, GREY, INK, ORANGE, drawing, shortened
from calibrate.results.measurement import Measurement
from calibrate.results.targets import TargetReport

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


PARTS = (("true_class", BLUE), ("runner_up", ORANGE), ("rest", GREEN))
NAMES = {"runner_up": "runner-up", "rest": "all the rest"}
MARKER = {"true_class": "o", "runner_up": "s", "rest": "^"}
MOST_TICKS = 12


def targets_figure(report: TargetReport) -> Figure:
    """Mass on the true class, the runner-up and the rest above, mean entropy beneath, over T.

    The shades are 95 % intervals; the dashed line is the entropy of even targets, log K.
    """
    points = report.sweep or ()
    temperatures = [point.temperature for point in points]
    with drawing(6.4, 6.0) as figure:
        top, bottom = figure.subplots(2, 1, sharex=True)
        true = "true class" if report.true_class == "label" else "teacher's top class"
        for name, colour in PARTS:
            found = [getattr(point, name) for point in points]
            _line(top, temperatures, found, colour, MARKER[name], NAMES.get(name, true))
        top.set_ylabel("mean mass")
        top.set_ylim(0, 1.03)
        _legend(figure, top)
        found = [point.entropy for point in points]
        _line(bottom, temperatures, found, INK, "o", None)
        bottom.axhline(log(report.data.classes), color=GREY, linewidth=1.2, linestyle=(0, (4, 3)))
        bottom.annotate(
            f"log {report.data.classes:,}: every class alike",
            (0, log(report.data.classes)),
            (4, 3),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            va="bottom",
            color=GREY,
        )
        bottom.set_ylabel("mean entropy (nats)")
        bottom.set_ylim(0, 1.13 * log(report.data.classes))
        _temperature_axis(bottom, temperatures)
        title = f"{shortened(report.data.teacher or '', 60)}\n"
        title += f"{report.data.rows:,} rows, {report.data.classes:,} classes"
        if report.mix is not None:
            title += f", {report.mix:g} teacher + {1 - report.mix:.6g} label"
        figure.suptitle(title, fontsize=8.5, color=GREY, parse_math=False)
    return figure


def _legend(figure: Figure, top: Axes) -> None:
    from matplotlib.patches import Patch

    handles, _ = top.get_legend_handles_labels()
    handles.append(Patch(facecolor=GREY, alpha=0.4, label="95 % intervals"))
    figure.legend(handles=handles, loc="outside lower center", ncols=4, frameon=False, fontsize=9.5)


def _line(
    ax: Axes, x: list[float], found: list[Measurement], colour: str, marker: str, label: str | None
) -> None:
    values = [figure.value or 0.0 for figure in found]
    ax.plot(x, values, color=colour, linewidth=2, marker=marker, markersize=5, label=label)
    low = [value if f.low is None else f.low for f, value in zip(found, values, strict=True)]
    high = [value if f.high is None else f.high for f, value in zip(found, values, strict=True)]
    ax.fill_between(x, low, high, color=colour, alpha=0.2, linewidth=0)


def _temperature_axis(ax: Axes, temperatures: list[float]) -> None:
    """A logarithmic axis that names the temperatures tried, or some of them where they are many."""
    ax.set_xscale("log")
    ticks = _spread(temperatures)
    ax.set_xticks(ticks, [f"{tick:.4g}" for tick in ticks])
    ax.minorticks_off()
    margin = 1.15
    ax.set_xlim(temperatures[0] / margin, temperatures[-1] * margin)
    ax.set_xlabel("temperature T")


def _spread(temperatures: list[float]) -> list[float]:
    """The first and the last, and those between that leave room for each other's names."""
    room = log(temperatures[-1] / temperatures[0]) / MOST_TICKS
    kept = temperatures[:1]
    for t in temperatures[1:-1]:
        if log(t / kept[-1]) >= room and log(temperatures[-1] / t) >= room:
            kept.append(t)
    return kept + temperatures[1:][-1:]
