"""Metrics with intervals, and tests. The definitions are imported in the order of reports."""

from calibrate.metrics import rows  # isort: skip
from calibrate.metrics import decomposition  # isort: skip
from calibrate.metrics import binned  # isort: skip
from calibrate.metrics import ranked  # isort: skip
from calibrate.metrics.registry import METRICS, Interval, Metric, Over, headline, metrics_of

__all__ = [
    "METRICS",
    "Interval",
    "Metric",
    "Over",
    "binned",
    "decomposition",
    "headline",
    "metrics_of",
    "ranked",
    "rows",
]
