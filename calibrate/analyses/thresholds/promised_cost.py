"""A threshold whose mean cost per row is shown to be at most so much."""

from __future__ import annotations

import numpy as np

from calibrate.analyses.thresholds.bounds import holm
from calibrate.analyses.thresholds.mistakes import Mistakes
from calibrate.arrays import Float64
from calibrate.errors import InputError

SHIFTS = (0.0, -0.5, 0.5, -1.0, 1.0, -2.0, 2.0, -3.0, 3.0, -5.0, 5.0)  # in the logit of p
FIRST = 0.5  # the share of the error that the closed form gets


def promised_cost(
    p: Float64, labels: Float64, costs: tuple[float, float], most: float, error: float
) -> float:
    """The cheapest on these rows of the thresholds whose true mean cost is shown to be at most c.

    The candidates do not depend on the rows: the closed form FP / (FP + FN), which is the best
    for calibrated p, with half of the error, and fixed distances from it in the logit of p, which
    share the other half; by Holm's procedure.

    Args:
        p: ``(n,)`` in [0, 1].
        labels: ``(n,)`` 0 or 1.
        costs: of a false positive and a false negative.
        most: c, above 0 and below the larger cost.
        error: the probability that the true mean cost exceeds c, in (0, 1).

    Raises:
        InputError: no candidate passes; says what is nearest.
    """
    with np.errstate(over="ignore"):
        at = 1 / (1 + costs[1] / costs[0] * np.exp(-np.array(SHIFTS)))
    yes, no = np.sort(p[labels == 1]), np.sort(p[labels == 0])
    missed = np.searchsorted(yes, at, side="left")
    false = len(no) - np.searchsorted(no, at, side="left")
    budgets = np.full(len(at), error * (1 - FIRST) / (len(at) - 1))
    budgets[0] = error * FIRST
    mistakes = [
        Mistakes.of(len(p), (int(fp), int(fn)), costs) for fp, fn in zip(false, missed, strict=True)
    ]
    values = [m.p_value(most, b) for m, b in zip(mistakes, budgets.tolist(), strict=True)]
    passed = holm(np.array(values), budgets)
    on_rows = [each.mean for each in mistakes]
    if passed:
        return float(at[min(passed, key=lambda i: (on_rows[i], abs(SHIFTS[i])))])
    best = int(np.argmin(on_rows))
    bound = mistakes[best].bound(float(budgets[best]))
    raise InputError(
        f"at best {np.ceil(bound * 1e4) / 1e4:.4g}, at the threshold {at[best]:.4g}, where these "
        f"{len(p):,} rows cost {on_rows[best]:.4g} on average"
    )
