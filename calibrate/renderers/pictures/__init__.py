"""Plots: Report -> matplotlib figure, one file per picture."""

from calibrate.renderers.pictures.classes import classes_figure
from calibrate.renderers.pictures.reliability import reliability_figure
from calibrate.renderers.pictures.risk_coverage import risk_coverage_figure
from calibrate.renderers.pictures.smooth import smooth_reliability_figure
from calibrate.renderers.pictures.style import DEFAULT_DPI, check_figure_name, drawn, save_figure
from calibrate.renderers.pictures.temperature import temperature_figure

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
