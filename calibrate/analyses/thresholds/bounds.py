"""Exact binomial bounds, and several tests at once."""

from __future__ import annotations

import numpy as np

from calibrate.arrays import Float64


def lower_bound(successes: Float64, trials: Float64, error: Float64 | float) -> Float64:
    """The Clopper-Pearson lower bound of a share, too high with a probability of at most ``error``.

    The ``error`` quantile of Beta(x, n − x + 1); 0 where x = 0. ``x`` need not be whole.

    Args:
        successes: x, in [0, n].
        trials: n, non-negative.
        error: in (0, 1).

    Reference: Clopper and Pearson (1934), "The use of confidence or fiducial limits illustrated in
    the case of the binomial", Biometrika 26(4).
    """
    from scipy.special import betaincinv

    x, n = np.asarray(successes, np.float64), np.asarray(trials, np.float64)
    some = x > 0
    return np.where(some, betaincinv(np.where(some, x, 1), np.maximum(n - x, 0) + 1, error), 0.0)


def upper_bound(successes: Float64, trials: Float64, error: Float64 | float) -> Float64:
    """The Clopper-Pearson upper bound, of the failures a lower one."""
    return 1 - lower_bound(np.asarray(trials) - successes, trials, error)


def p_below(successes: Float64, trials: Float64, share: float) -> Float64:
    """The exact p-value of "the true share is below ``share``": P(Bin(n, share) >= x)."""
    from scipy.special import betainc

    x, n = np.asarray(successes, np.float64), np.asarray(trials, np.float64)
    some = x > 0
    return np.where(some, betainc(np.where(some, x, 1), np.maximum(n - x, 0) + 1, share), 1.0)


def fallback(p: Float64, budgets: Float64) -> list[int]:
    """The hypotheses that are rejected when tested in order, each at its own share of the error.

    A share that a rejection has used is passed on to the next hypothesis; where one is not
    rejected, it is spent. Some true hypothesis is rejected with a probability of at most the sum of
    the budgets, however the tests depend on each other. With one budget, all on the first, this
    is fixed-sequence testing.

    Args:
        p: ``(h,)`` p-values in the order of the tests.
        budgets: ``(h,)`` non-negative.

    Reference: Wiens (2003), "A fixed sequence Bonferroni procedure for testing multiple endpoints",
    Pharmaceutical Statistics 2(3).
    """
    rejected, level = [], 0.0
    for number, (value, budget) in enumerate(zip(p.tolist(), budgets.tolist(), strict=True)):
        level += budget
        if value <= level:
            rejected.append(number)
        else:
            level = 0.0
    return rejected


def holm(p: Float64, budgets: Float64) -> list[int]:
    """The hypotheses that are rejected, the share of each rejected one dealt out to the others.

    Some true hypothesis is rejected with a probability of at most the sum of the budgets, however
    the tests depend on each other.

    Args:
        p: ``(h,)`` p-values.
        budgets: ``(h,)`` positive.

    Reference: Holm (1979), "A simple sequentially rejective multiple test procedure", Scandinavian
    Journal of Statistics 6(2), with weights.
    """
    left, total = np.ones(len(p), dtype=bool), budgets.sum()
    rejected: list[int] = []
    while left.any():
        levels = np.where(left, budgets * (total / budgets[left].sum()), -1.0)
        passed = left & (p <= levels)
        if not passed.any():
            break
        rejected += np.flatnonzero(passed).tolist()
        left &= ~passed
    return sorted(rejected)
