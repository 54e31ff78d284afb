"""The Brier score of the confidence, split by isotonic regression."""

from __future__ import annotations

import numpy as np

from calibrate.bins import Float64
from calibrate.metrics.levels import Levels
from calibrate.metrics.metric import Over, metric

CORP = "Dimitriadis, Gneiting & Jordan (2021), Stable reliability diagrams"


@metric(Over.LEVELS, lower_is_better=True, reference=CORP)
def brier_calibration(levels: Levels) -> Float64:
    """How much of the Brier score of the confidence a monotone repair would remove. In [0, 1].

    ``mean (conf - correct)² - mean (iso(conf) - correct)²``, iso the isotonic regression of
    correctness on confidence (CORP's miscalibration). The score is that of the yes-no question
    "is the prediction correct?", not of the K classes.
    """
    return np.asarray(_split(levels)[0])


@metric(Over.LEVELS, lower_is_better=True, reference=CORP)
def brier_refinement(levels: Levels) -> Float64:
    """What is left of the Brier score of the confidence after the monotone repair. In [0, 1].

    ``mean (iso(conf) - correct)²``; together with ``brier_calibration`` it makes the whole.
    """
    return np.asarray(_split(levels)[1])


def _split(levels: Levels) -> tuple[Float64, Float64]:
    from scipy.optimize import isotonic_regression

    shape = levels.weight.shape[:-1]
    repaired = np.empty(shape)
    weights = levels.weight.reshape(-1, levels.weight.shape[-1])
    corrects = levels.correct.reshape(weights.shape)
    for i, (w, a) in enumerate(zip(weights, corrects, strict=True)):
        some = w > 0
        rate = a[some] / w[some]
        fitted = isotonic_regression(rate, weights=w[some]).x
        # sum w (iso - correct)², correctness being 0 or 1
        repaired.flat[i] = np.sum(w[some] * fitted**2 - 2 * fitted * a[some] + a[some])
    c = levels.confidence
    plain = np.sum(levels.weight * c**2 - 2 * c * levels.correct + levels.correct, axis=-1)
    return (plain - repaired) / levels.total, repaired / levels.total
