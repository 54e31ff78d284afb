"""Reliability diagrams without bins: the smooth curve, and the isotonic one (CORP)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from calibrate.renderers import words
from calibrate.renderers.plots.panels import (
    area_key,
    calibrated,
    framed,
    line_key,
    sides,
    title_of,
)
from calibrate.renderers.plots.style import BLUE, GREEN, GREY, VERMILION, wording
from calibrate.results.measurement import Sides
from calibrate.results.report import Report

if TYPE_CHECKING:
    from matplotlib.figure import Figure

C = TypeVar("C")


def _named(curves: Sides[C]) -> list[tuple[str, C]]:
    """The curves with the names of their sides."""
    if curves.after is None:
        return [("as it is", curves.before)]
    return [("before", curves.before), ("after", curves.after)]


def smooth_reliability_figure(report: Report) -> Figure | None:
    """Accuracy against confidence without bins, before and after; None where there is no curve.

    The curve is drawn where there are rows; between it and the diagonal lies the miscalibration.
    After Blasiok & Nakkiran (2023).
    """
    if report.smooth_reliability is None:
        return None
    curves, called = _named(report.smooth_reliability), wording(report)
    metric = "positive_ece" if report.data.task.yes_no else "smooth_ece"
    label = metric.replace("_", " ").replace("ece", "ECE")
    titles = [
        (f"{name}: {label} {words.number((metrics or {})[metric].value)}", "")
        for (name, _), metrics in zip(
            curves, (report.metrics.before, report.metrics.after), strict=False
        )
    ]
    with sides(report, titles, "density") as (figure, upper, lower):
        for ax, beneath, (_, curve) in zip(upper, lower, curves, strict=True):
            t = np.array(curve.confidence)
            accuracy, low, high = (
                np.array(values, dtype=float) for values in (curve.accuracy, curve.low, curve.high)
            )
            for over, colour in ((True, VERMILION), (False, GREEN)):
                side = (accuracy < t) == over
                ax.fill_between(t, accuracy, t, where=side, color=colour, alpha=0.25, linewidth=0)
            ax.fill_between(t, low, high, color=BLUE, alpha=0.25, linewidth=0)
            ax.plot(t, accuracy, color=BLUE, linewidth=2)
            if np.isnan(accuracy).all():
                ax.text(0.4, 0.9, "too few rows near any one point", ha="center", color=GREY)
            beneath.fill_between(t, curve.density, color=GREY, alpha=0.6, linewidth=0)
        lower[0].set_ylim(0, 1.05 * max(max(curve.density) for _, curve in curves))
        handles = [
            line_key(called.accuracy, color=BLUE, linewidth=2),
            area_key("its 95 % band", facecolor=BLUE, alpha=0.25),
            area_key(called.over, facecolor=VERMILION, alpha=0.25),
            area_key(called.under, facecolor=GREEN, alpha=0.25),
            calibrated(),
        ]
        columns = 5 if len(curves) == 2 else 3
        framed(figure, title_of(report, len(curves)), handles, columns, over=0.3)
    return figure


def corp_reliability_figure(report: Report) -> Figure | None:
    """Accuracy as an isotonic function of confidence, before and after; None where there is none.

    The grey band is pointwise: calibrated models leave it at 5 of 100 confidences. The captions
    split the Brier score of the confidence. After Dimitriadis, Gneiting & Jordan (2021), figure 2.
    """
    if report.corp_reliability is None:
        return None
    curves, called = _named(report.corp_reliability), wording(report)
    titles = []
    for name, curve in curves:
        mcb, dsc, unc = curve.miscalibration, curve.discrimination, curve.uncertainty
        of = "P(yes)" if report.data.task.yes_no else "confidence"
        parts = (("MCB", mcb), ("DSC", dsc), ("UNC", unc))
        caption = "   ".join(f"{part} {words.number(value)}" for part, value in parts)
        titles.append((f"{name}: Brier score of {of} {words.number(mcb - dsc + unc)}", caption))
    with sides(report, titles, "share of rows") as (figure, upper, lower):
        for ax, beneath, (_, curve) in zip(upper, lower, curves, strict=True):
            t, accuracy, low, high, edges = map(
                np.array,
                (
                    curve.confidence,
                    curve.accuracy,
                    curve.consistency_low,
                    curve.consistency_high,
                    curve.edges,
                ),
            )
            ax.fill_between(t, low, high, color=GREY, alpha=0.35, linewidth=0)
            beyond = ((accuracy < low, low, VERMILION), (accuracy > high, high, GREEN))
            for off, edge, colour in beyond:
                look: Any = {"color": colour, "alpha": 0.4, "linewidth": 0}
                ax.fill_between(t, accuracy, edge, where=off, interpolate=True, **look)
            ax.plot(t, accuracy, color=BLUE, linewidth=2, solid_joinstyle="miter", zorder=5)
            widths = np.diff(edges)
            beneath.bar(edges[:-1], curve.share, widths, align="edge", color=GREY, linewidth=0)
        handles = [
            line_key(f"{called.accuracy}, isotonic", color=BLUE, linewidth=2),
            calibrated(),
            area_key("95 % of calibrated models", facecolor=GREY, alpha=0.35),
            area_key(f"{called.over}, beyond the band", facecolor=VERMILION, alpha=0.4),
            area_key(f"{called.under}, beyond the band", facecolor=GREEN, alpha=0.4),
        ]
        columns = 3 if len(curves) == 2 else 2
        framed(figure, title_of(report, len(curves)), handles, columns, over=0.5)
    return figure
