"""The Brier score of the confidence, split by isotonic regression."""

from __future__ import annotations

import numpy as np

from calibrate.arrays import Float64
from calibrate.blocks.bins import Levels
from calibrate.metrics.registry import Interval, Over, metric

CORP = "Dimitriadis, Gneiting & Jordan (2021), Stable reliability diagrams"


@metric(
    Over.ORDERED,
    Interval.BOOTSTRAP,
    lower_is_better=True,
    measures_error=True,
    without=("change",),
    reference=CORP,
)
def brier_calibration(levels: Levels) -> Float64:
    """How much of the Brier score of the confidence a monotone repair would remove. In [0, 1].

    ``mean (conf - correct)² - mean (iso(conf) - correct)²``, iso the isotonic regression of
    correctness on confidence (CORP's miscalibration). The score is that of the yes-no question
    "is the prediction correct?", not of the K classes.
    """
    c = levels.confidence
    plain = np.sum(levels.weight * c**2 - 2 * c * levels.correct + levels.correct, axis=-1)
    return np.asarray((plain - levels.refinement) / levels.total)


@metric(Over.ORDERED, Interval.BOOTSTRAP, lower_is_better=True, reference=CORP)
def brier_refinement(levels: Levels) -> Float64:
    """What is left of the Brier score of the confidence after the monotone repair. In [0, 1].

    ``mean (iso(conf) - correct)²``; together with ``brier_calibration`` it makes the whole.
    """
    return np.asarray(levels.refinement / levels.total)
