"""Minimise a value-and-gradient function by scipy's L-BFGS-B."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from calibrate.arrays import Float64


def minimise(
    function: Callable[[Float64], tuple[float, Float64]],
    start: Float64,
    bounds: tuple[Float64, Float64],
    gradient_tolerance: float,
) -> Float64:
    """The minimiser of ``function`` within ``bounds``, as far as L-BFGS-B gets.

    The variables should be scaled so that the curvature is about 1: the first step is the
    negative gradient, and ``gradient_tolerance`` is then a distance from the optimum. Whether
    the point returned is the optimum is for the caller to check.

    Reference: Byrd, Lu, Nocedal & Zhu (1995).
    """
    from scipy.optimize import Bounds, minimize  # here: this import takes a third of a second

    result = minimize(
        function,
        start,
        jac=True,
        method="L-BFGS-B",
        bounds=Bounds(*bounds),
        options={"gtol": gradient_tolerance, "ftol": 0.0, "maxiter": 100, "maxls": 10},
    )
    return np.asarray(result.x, dtype=np.float64)
