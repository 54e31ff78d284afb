"""What a student would see in a teacher's targets, against the temperature."""

from __future__ import annotations

from math import log
from typing import TYPE_CHECKING

from calibrate.renderers.plots.panels import area_key, framed
from calibrate.renderers.plots.style import (
    BLUE,
    DASHES,
    GREEN,
    GREY,
    INK,
    ORANGE,
    drawing,
    shortened,
)
from calibrate.results.measurement import Measurement
from calibrate.results.targets import TargetReport

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


MOST_TICKS = 12


def targets_figure(report: TargetReport) -> Figure:
    """Mass on the true class, the runner-up and the rest above, mean entropy beneath, over T.

    The shades are 95 % intervals; the dashed line is the entropy of even targets, log K.
    """
    points, data = report.sweep or (), report.data
    temperatures = [point.temperature for point in points]
    with drawing(6.4, 6.0) as figure:
        top, bottom = figure.subplots(2, 1, sharex=True)
        true = "true class" if report.true_class == "label" else "teacher's top class"
        for name, colour, marker, label in (
            ("true_class", BLUE, "o", true),
            ("runner_up", ORANGE, "s", "runner-up"),
            ("rest", GREEN, "^", "all the rest"),
        ):
            found = [getattr(point, name) for point in points]
            _draw_means(top, temperatures, found, colour, marker, label)
        top.set_ylabel("mean mass")
        top.set_ylim(0, 1.03)
        _draw_means(bottom, temperatures, [point.entropy for point in points], INK, "o", None)
        even = log(data.classes)
        bottom.axhline(even, color=GREY, linewidth=1.2, linestyle=DASHES)
        bottom.annotate(
            f"log {data.classes:,}: every class alike",
            (0, even),
            (4, 3),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            va="bottom",
            color=GREY,
        )
        bottom.set_ylabel("mean entropy (nats)")
        bottom.set_ylim(0, 1.13 * even)
        bottom.set_xscale("log")
        ticks = _apart(temperatures)
        bottom.set_xticks(ticks, [f"{tick:.4g}" for tick in ticks])
        bottom.minorticks_off()
        bottom.set_xlim(temperatures[0] / 1.15, temperatures[-1] * 1.15)
        bottom.set_xlabel("temperature T")
        title = f"{shortened(data.teacher or '', 60)}\n{data.rows:,} rows, {data.classes:,} classes"
        if report.mix is not None:
            title += f", {report.mix:g} teacher + {1 - report.mix:.6g} label"
        handles, _ = top.get_legend_handles_labels()
        handles.append(area_key("95 % intervals", facecolor=GREY, alpha=0.4))
        framed(figure, title, handles, 4)
    return figure


def _draw_means(
    ax: Axes, x: list[float], found: list[Measurement], colour: str, marker: str, label: str | None
) -> None:
    values = [figure.value or 0.0 for figure in found]
    ax.plot(x, values, color=colour, linewidth=2, marker=marker, markersize=5, label=label)
    low = [value if f.low is None else f.low for f, value in zip(found, values, strict=True)]
    high = [value if f.high is None else f.high for f, value in zip(found, values, strict=True)]
    ax.fill_between(x, low, high, color=colour, alpha=0.2, linewidth=0)


def _apart(temperatures: list[float]) -> list[float]:
    """The first and the last, and those between that leave room for each other's names."""
    room = log(temperatures[-1] / temperatures[0]) / MOST_TICKS
    kept = temperatures[:1]
    for t in temperatures[1:-1]:
        if log(t / kept[-1]) >= room and log(temperatures[-1] / t) >= room:
            kept.append(t)
    return kept + temperatures[1:][-1:]
