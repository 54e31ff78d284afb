"""From what a pass added up to figures with intervals, and tests; imports all definitions."""

from calibrate.metrics import definitions
from calibrate.metrics.metric import METRICS, Interval, Metric, Over, headline, metrics_of

__all__ = ["METRICS", "Interval", "Metric", "Over", "definitions", "headline", "metrics_of"]
