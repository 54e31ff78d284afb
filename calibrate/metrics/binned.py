"""Figures from a table of confidence bins."""

from __future__ import annotations

import numpy as np

from calibrate.bins import BinTable
from calibrate.metrics.metric import bin_metric


@bin_metric(
    lower_is_better=True, reference="Guo et al. (2017), On calibration of modern neural networks"
)
def ece(table: BinTable) -> float:
    """Expected calibration error, ``sum_b w_b/W |acc_b - conf_b|``. In [0, 1]."""
    return float(np.sum(table.share * np.abs(table.gap)))


@bin_metric(
    lower_is_better=True, reference="Guo et al. (2017), On calibration of modern neural networks"
)
def mce(table: BinTable) -> float:
    """Maximum calibration error, ``max_b |acc_b - conf_b|`` over non-empty bins. In [0, 1]."""
    return float(np.max(np.abs(table.gap)))


@bin_metric(
    lower_is_better=True,
    reference="Hendrycks, Mazeika & Dietterich (2019), Deep anomaly detection",
)
def rmsce(table: BinTable) -> float:
    """Root mean square calibration error, ``sqrt(sum_b w_b/W (acc_b - conf_b)²)``. In [0, 1]."""
    return float(np.sqrt(np.sum(table.share * np.square(table.gap))))
