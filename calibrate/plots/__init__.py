"""Plots: Report -> matplotlib figure, one file per picture."""

from calibrate.plots.reliability import reliability_figure
from calibrate.plots.style import DEFAULT_DPI, check_figure_name, drawn, save_figure

__all__ = ["DEFAULT_DPI", "check_figure_name", "drawn", "reliability_figure", "save_figure"]
