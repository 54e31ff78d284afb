"""The error rate among the most confident rows, against how many they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calibrate.renderers import words
from calibrate.renderers.plots.style import BLUE, GREY, VERMILION, drawing, headed
from calibrate.results.measurement import Measurement
from calibrate.results.report import Report, RiskCoverage

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def risk_coverage_figure(report: Report) -> Figure | None:
    """Risk against coverage, before and after; None where the report has no such curve.

    Read it from the left: answering only the most confident share of rows, how many are wrong?
    After Geifman & El-Yaniv (2017).
    """
    curves = report.risk_coverage
    if curves is None:
        return None
    with drawing(6.4, 4.6) as figure:
        ax = figure.subplots()
        overall = curves.before.risk[-1]
        ax.axhline(overall, color=GREY, linewidth=1.2, linestyle=(0, (4, 3)))
        ax.annotate(
            f"all rows: {100 * overall:.1f} % wrong",
            (0.01, overall),
            (0, 4),
            xycoords="data",
            textcoords="offset points",
            color=GREY,
            fontsize=9.5,
        )
        after = curves.after
        name = "as it is" if after is None else "before"
        _draw(ax, curves.before, name, report.metrics.before, VERMILION, "-")
        if after is not None and report.metrics.after is not None:
            _draw(ax, after, "after", report.metrics.after, BLUE, (0, (5, 2)))
        highest = max(*curves.before.risk, *(after.risk if after else ()), 1e-3)
        ax.set(xlim=(0, 1), ylim=(0, 1.18 * highest))
        ax.set_xlabel("coverage: the most confident share of rows")
        ax.set_ylabel("risk: the share of them that is wrong")
        figure.legend(loc="outside lower center", ncols=2, frameon=False)
        headed(figure, report, 60)
    return figure


def _draw(
    ax: Axes,
    curve: RiskCoverage,
    name: str,
    metrics: dict[str, Measurement],
    colour: str,
    dashes: str | tuple[int, tuple[int, int]],
) -> None:
    label = f"{name}: AURC {words.number(metrics['aurc'].value)}"
    ax.plot(curve.coverage, curve.risk, color=colour, linewidth=2, linestyle=dashes, label=label)
