"""The registered metrics; importing this package registers them all, in the order of reports."""

from calibrate.metrics.definitions.rows import (  # isort: skip
    accuracy,
    brier,
    mean_confidence,
    nll,
    nll_calibration,
    overconfidence,
    top_5_accuracy,
)
from calibrate.metrics.definitions.decomposition import brier_calibration, brier_refinement  # isort: skip
from calibrate.metrics.definitions.binned import (  # isort: skip
    classwise_ece,
    ece,
    ece_equal_mass,
    mce,
    positive_ece,
    rmsce,
    rmsce_debiased,
)
from calibrate.metrics.definitions.ranked import auroc, aurc, ks, smooth_ece  # isort: skip
from calibrate.blocks.ordered import Ordered
from calibrate.metrics.metric import METRICS, Metric, Over, metrics_over

__all__ = [
    "METRICS",
    "Metric",
    "Ordered",
    "Over",
    "accuracy",
    "aurc",
    "auroc",
    "brier",
    "brier_calibration",
    "brier_refinement",
    "classwise_ece",
    "ece",
    "ece_equal_mass",
    "ks",
    "mce",
    "mean_confidence",
    "metrics_over",
    "nll",
    "nll_calibration",
    "overconfidence",
    "positive_ece",
    "rmsce",
    "rmsce_debiased",
    "smooth_ece",
    "top_5_accuracy",
]
