"""The error rate among the most confident rows, against how many they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from calibrate.renderers import words
from calibrate.renderers.plots.panels import framed, title_of
from calibrate.renderers.plots.style import BLUE, DASHES, GREY, VERMILION, drawing
from calibrate.results.report import Report

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def risk_coverage_figure(report: Report) -> Figure | None:
    """Risk against coverage, before and after; None where the report has no such curve.

    Read it from the left: answering only the most confident share of rows, how many are wrong?
    After Geifman & El-Yaniv (2017).
    """
    curves, metrics = report.risk_coverage, report.metrics
    if curves is None:
        return None
    name = "as it is" if curves.after is None else "before"
    look: dict[str, Any] = {"color": VERMILION, "linestyle": "-"}
    drawn = [(name, curves.before, metrics.before, look)]
    if curves.after is not None and metrics.after is not None:
        look = {"color": BLUE, "linestyle": (0, (5, 2))}
        drawn.append(("after", curves.after, metrics.after, look))
    with drawing(6.4, 4.6) as figure:
        ax = figure.subplots()
        overall = curves.before.risk[-1]
        ax.axhline(overall, color=GREY, linewidth=1.2, linestyle=DASHES)
        text: Any = {"textcoords": "offset points", "color": GREY, "fontsize": 9.5}
        ax.annotate(f"all rows: {100 * overall:.1f} % wrong", (0.01, overall), (0, 4), **text)
        for name, curve, found, look in drawn:
            label = f"{name}: AURC {words.number(found['aurc'].value)}"
            ax.plot(curve.coverage, curve.risk, linewidth=2, label=label, **look)
        highest = max(1e-3, *(risk for _, curve, *_ in drawn for risk in curve.risk))
        ax.set(xlim=(0, 1), ylim=(0, 1.18 * highest))
        ax.set_xlabel("coverage: the most confident share of rows")
        ax.set_ylabel("risk: the share of them that is wrong")
        handles, _ = ax.get_legend_handles_labels()
        framed(figure, title_of(report, 1), handles, 2, left=0.95)
    return figure
