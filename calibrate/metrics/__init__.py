"""The registered metrics; importing this package registers them all."""

from calibrate.metrics.binned import ece, mce, rmsce
from calibrate.metrics.metric import BIN_METRICS, METRICS, ROW_METRICS, Metric
from calibrate.metrics.rows import accuracy, brier, mean_confidence, nll, overconfidence

__all__ = [
    "BIN_METRICS",
    "METRICS",
    "ROW_METRICS",
    "Metric",
    "accuracy",
    "brier",
    "ece",
    "mce",
    "mean_confidence",
    "nll",
    "overconfidence",
    "rmsce",
]
