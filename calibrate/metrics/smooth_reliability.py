"""The smooth reliability curve: accuracy against confidence without bins."""

from __future__ import annotations

import numpy as np

from calibrate.arrays import Float64
from calibrate.blocks.student import NORMAL_95
from calibrate.metrics.definitions.ranked import smooth_ece
from calibrate.metrics.totals import KeptRows
from calibrate.results.report import SmoothReliability

POINTS = 201
NODES = 2001  # confidences are taken to the nearest of these
BANDWIDTHS = 0.025, 0.06  # drawn: narrower ones show single rows, wider ones blur the shape
FEWEST = 5.0  # rows under the kernel below which nothing is drawn


def smooth_reliability(kept: KeptRows, side: int) -> SmoothReliability:
    """``t + sum K(t, c) w (a - c) / sum K(t, c) w`` over the confidences t, with its 95 % band.

    K is the Gaussian kernel reflected at 0 and 1, its bandwidth the smooth ECE, the scale on which
    that figure is measured, within 0.025 to 0.06. The band is pointwise and normal, from the
    variance of the residuals under the kernel. Reference: Blasiok & Nakkiran (2023).
    """
    confidence, correct, weight = kept.confidences[side], kept.corrects[side], kept.weight
    sigma = float(np.clip(smooth_ece(kept.ordered[side]), *BANDWIDTHS))
    node = np.rint(confidence * (NODES - 1)).astype(np.intp)
    residual = correct - confidence

    def total(values: Float64) -> Float64:
        return np.bincount(node, values, minlength=NODES).astype(np.float64)

    points = np.linspace(0.0, 1.0, POINTS)
    kernel = _reflected_gaussian(points[:, None], np.linspace(0.0, 1.0, NODES), sigma)
    mass = kernel @ total(weight)
    ample = mass / kernel.max(axis=1) * kept.rows_per_weight >= FEWEST
    some = np.where(mass > 0, mass, 1.0)
    shift = kernel @ total(weight * residual) / some
    square, w2 = kernel**2, weight**2
    spread = square @ total(w2 * residual**2) - 2 * shift * (square @ total(w2 * residual))
    spread += shift**2 * (square @ total(w2))
    width = NORMAL_95 * np.sqrt(np.maximum(spread, 0.0)) / some

    def shown(values: Float64) -> tuple[float | None, ...]:
        inside = np.clip(values, 0.0, 1.0).tolist()
        return tuple(v if enough else None for v, enough in zip(inside, ample, strict=True))

    return SmoothReliability(
        bandwidth=sigma,
        confidence=tuple(points.tolist()),
        accuracy=shown(points + shift),
        low=shown(points + shift - width),
        high=shown(points + shift + width),
        density=tuple((mass / weight.sum()).tolist()),
    )


def _reflected_gaussian(t: Float64, u: Float64, sigma: float) -> Float64:
    """The density at t of a Gaussian around u, folded back at 0 and 1."""
    distances = (t - u, t + u, 2 - t - u)
    whole = sum(np.exp(-0.5 * np.square(each / sigma)) for each in distances)
    return np.asarray(whole / (sigma * np.sqrt(2 * np.pi)))
