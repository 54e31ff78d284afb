"""What follows from measuring through a temperature that the very rows have chosen.

With g_i the slope of the NLL of row i in log(1/T) and H the curvature of their sum, a row has
moved log(1/T) by ``-g_i / H``. The curvature is known from the standard error of log T, which is
``sqrt(sum g²) / H``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from calibrate.arrays import Float64
from calibrate.metrics.totals import Totals
from calibrate.results.measurement import Figures

ALLOWANCE = 2.5  # of nll that T may have won or lost by chance; see docs/statistics.md


@dataclass(frozen=True)
class Choice:
    """The temperature behind the last side was chosen by the rows measured, also by folds.

    Attributes:
        error: the standard error of log T; 0 where it is not known.
    """

    error: float

    def __post_init__(self) -> None:
        if not np.isfinite(self.error):  # T without a finite interval: nothing is known of it
            object.__setattr__(self, "error", 0.0)

    def pull(self, totals: Totals) -> Float64:
        """By how much each part of the rows has moved log(1/T), ``(parts,)``."""
        score = totals.rows.values[-1]
        size = _size(score)
        return -score * self.error / size if size > 0 else np.zeros_like(score)

    def chance(self, totals: Totals) -> float:
        """How much NLL per row the choice of T wins or loses by chance, ``sum g² / (H W)``."""
        return _size(totals.rows.values[-1]) * self.error / totals.rows.total

    def allowed_for(self, figures: Figures, totals: Totals) -> Figures:
        """The same, the change of the NLL as uncertain as the choice of T makes it."""
        found, more = (figures.change or {}).get("nll"), ALLOWANCE * self.chance(totals)
        if found is None or found.value is None or found.low is None or found.high is None:
            return figures
        low = found.value - float(np.hypot(found.value - found.low, more))
        high = found.value + float(np.hypot(found.high - found.value, more))
        change = {**(figures.change or {}), "nll": replace(found, low=low, high=high)}
        return replace(figures, change=change)


def _size(score: Float64) -> float:
    with np.errstate(over="ignore"):  # of huge scores
        return float(np.sqrt(np.square(score).sum()))
