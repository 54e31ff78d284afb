"""A local quadratic fit on a line, as the weights that it gives to the values around each point."""

from __future__ import annotations

import numpy as np

from calibrate.arrays import Float64
from calibrate.blocks.sums import product

RIDGE = 1e-4  # of the even spread of the kernel: keeps fits definite where levels are few
LEAST = 1e-8  # weight under the kernel below which there is no fit


def fit_weights(points: Float64, nodes: Float64, weight: Float64, bandwidth: float) -> Float64:
    """``l``, ``(points, nodes)``, such that ``l @ (weight * value)`` is the fit at the points.

    At the point t: the constant of the quadratic in ``u = (node - t) / bandwidth`` that fits best
    by least squares under ``weight exp(-u²/2)``. Its bias is of the fourth order of the bandwidth
    inside, of the third at the ends: it is the local linear fit corrected for its bias with the
    same bandwidth. 0 where there is next to no weight.
    Reference: Fan & Gijbels (1996), Local polynomial modelling; Calonico et al. (2018).
    """
    u = (nodes - points[:, None]) / bandwidth
    powers = [kernel(points, nodes, bandwidth)]
    for _ in range(4):
        powers.append(powers[-1] * u)
    sums = [product(power, weight) for power in powers]
    some = sums[0] > LEAST
    mass = np.where(some, sums[0], 1.0)
    rows = [np.stack([sums[i + j] / mass for j in range(3)], axis=-1) for i in range(3)]
    moments = np.stack(rows, axis=-2) + np.diag([0.0, RIDGE, RIDGE])
    moments[~some] = np.eye(3)
    first = np.broadcast_to([[1.0], [0.0], [0.0]], (len(points), 3, 1))
    factors = np.linalg.solve(moments, first)[..., 0] * (some / mass)[:, None]
    return np.asarray(sum(factors[:, [j]] * powers[j] for j in range(3)))


def kernel(points: Float64, nodes: Float64, bandwidth: float) -> Float64:
    """``exp(-u²/2)`` of the distances between points and nodes, ``(points, nodes)``."""
    square = np.square((nodes - points[:, None]) / bandwidth)
    return np.asarray(np.exp(-0.5 * np.minimum(square, 600.0)))  # denormal numbers are slow
