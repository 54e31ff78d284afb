"""Quantiles of Student's distribution, for standard errors that come from few parts."""

from __future__ import annotations

from functools import cache

NORMAL_95 = 1.959963984540054


@cache
def student_95(parts: float) -> float:
    """The 97.5 % quantile of Student's t with ``parts - 1`` degrees of freedom, at least 1.

    Reference: Student (1908), The probable error of a mean.
    """
    from scipy.special import stdtrit

    if parts > 1e6:
        return NORMAL_95
    return float(stdtrit(max(parts - 1, 1.0), 0.975))
