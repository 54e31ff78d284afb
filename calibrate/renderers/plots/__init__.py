"""Pictures: a result -> a matplotlib figure; one file per picture.

Those of a report have a row in PICTURES, those of a comparison in COMPARISON_PICTURES; each gives
None where there is nothing to draw.
"""

from calibrate.renderers.plots.classes import classes_figure
from calibrate.renderers.plots.compare import compare_figure
from calibrate.renderers.plots.curves import corp_reliability_figure, smooth_reliability_figure
from calibrate.renderers.plots.reliability import reliability_figure
from calibrate.renderers.plots.risk import risk_coverage_figure
from calibrate.renderers.plots.temperature import temperature_figure

PICTURES = {
    "reliability": reliability_figure,
    "reliability-smooth": smooth_reliability_figure,
    "reliability-corp": corp_reliability_figure,
    "temperature": temperature_figure,
    "classes": classes_figure,
    "risk-coverage": risk_coverage_figure,
}

COMPARISON_PICTURES = {"reliability": compare_figure}

__all__ = ["COMPARISON_PICTURES", "PICTURES"]
