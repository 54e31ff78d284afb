"""Plots: Report -> matplotlib figure, one file per picture."""

from calibrate.plots.classes import classes_figure
from calibrate.plots.reliability import reliability_figure
from calibrate.plots.risk_coverage import risk_coverage_figure
from calibrate.plots.smooth import smooth_reliability_figure
from calibrate.plots.style import DEFAULT_DPI, check_figure_name, drawn, save_figure
from calibrate.plots.temperature import temperature_figure

PICTURES = {
    "reliability": reliability_figure,
    "reliability-smooth": smooth_reliability_figure,
    "temperature": temperature_figure,
    "classes": classes_figure,
    "risk-coverage": risk_coverage_figure,
}

__all__ = [
    "DEFAULT_DPI",
    "PICTURES",
    "check_figure_name",
    "classes_figure",
    "drawn",
    "reliability_figure",
    "risk_coverage_figure",
    "save_figure",
    "smooth_reliability_figure",
    "temperature_figure",
]
