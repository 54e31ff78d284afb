"""The smooth reliability curve: accuracy against confidence without bins."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from calibrate.arrays import Float64, Index
from calibrate.blocks.parts import PARTS
from calibrate.blocks.student import NORMAL_95
from calibrate.blocks.sums import product
from calibrate.metrics.local_quadratic import fit_weights, kernel
from calibrate.metrics.totals import KeptRows
from calibrate.results.report import SmoothReliability

POINTS = 201
BEYOND = 10  # more points between the last of these and the most extreme confidence, at either end
NODES = 1001  # confidences are taken to the nearest of these
FITTED = 51  # at so many places accuracy is fitted for the residuals, and joined by lines
FACTOR, POWER = 1.4, -0.25  # of the bandwidth
BANDWIDTHS = 0.1, 0.4  # the least and the most, in log-odds
FINEST = 1e-12  # confidences closer to 0 or 1 count as that close
DENSITY_BANDWIDTH = 0.02
ROUNDING = 1e-24  # of the variance of a row, below which residuals are 0 but for their last digits
FEWEST = 10.0  # effective rows below which nothing is drawn


def smooth_reliability(kept: KeptRows, side: int, *, alone: bool = True) -> SmoothReliability:
    """Accuracy as a local quadratic function of the log-odds of the confidence, with a 95 % band.

    The log-odds are ``log((c + d) / (1 - c + d))``, d the least distance of a confidence from 0
    and 1: where confidences crowd at an end, so does the detail. The kernel is Gaussian, its
    bandwidth 1.4 standard deviations of the log-odds times ``n^(-1/4)``, within 0.1 to 0.4: small
    enough for the bias to be small beside the band, which is pointwise (see ``_band``). None where
    fewer than 10 effective rows bear on the fit, and beyond the confidences seen. Reference:
    Calonico, Cattaneo & Farrell (2018), On the effect of bias estimation on coverage accuracy.
    ``alone``: whether each row is independent of all others.
    """
    confidence, correct = kept.confidences[side], kept.corrects[side]
    weight = kept.weight * kept.rows_per_weight  # a row of the usual weight weighs 1
    scale = _LogOdds.of(confidence)
    points = _points(confidence, scale)
    odds, at = scale.of_confidence(confidence), scale.of_confidence(points)
    bandwidth = _bandwidth(odds, weight)
    nodes = np.linspace(odds.min(), odds.max() + 1e-9, NODES)
    node = np.rint((odds - nodes[0]) / (nodes[1] - nodes[0])).astype(np.intp)
    mass = np.bincount(node, weight, minlength=NODES).astype(np.float64)
    right = np.bincount(node, weight * correct, minlength=NODES).astype(np.float64)
    weights = fit_weights(at, nodes, mass, bandwidth)
    accuracy = np.clip(product(weights, right), 0.0, 1.0)
    few = np.linspace(nodes[0], nodes[-1], FITTED)
    fitted = np.clip(product(fit_weights(few, nodes, mass, bandwidth), right), 0.0, 1.0)
    residual = weight * (correct - np.interp(nodes, few, fitted)[node])
    spread, unit = _spreads(weights, node, residual, weight, None if alone else kept.part)
    low, high = _band(accuracy, spread, unit)
    near = product(kernel(at, nodes, bandwidth), mass)
    ample = (near >= FEWEST) & (unit > 0) & (unit * FEWEST <= 1)
    ample &= (points >= confidence.min()) & (points <= confidence.max())

    def shown(values: Float64) -> tuple[float | None, ...]:
        return tuple(v if a else None for v, a in zip(values.tolist(), ample.tolist(), strict=True))

    return SmoothReliability(
        bandwidth=bandwidth,
        confidence=tuple(points.tolist()),
        accuracy=shown(accuracy),
        low=shown(low),
        high=shown(high),
        density=tuple(_density(confidence, weight, points).tolist()),
    )


@dataclass(frozen=True)
class _LogOdds:
    """``log((c + d) / (1 - c + d))``, finite also at 0 and 1."""

    distance: float

    @staticmethod
    def of(confidence: Float64) -> _LogOdds:
        edges = np.minimum(confidence, 1 - confidence)
        least = edges.min(where=edges > 0, initial=0.5)
        return _LogOdds(max(float(least), FINEST))

    def of_confidence(self, c: Float64) -> Float64:
        return np.asarray(np.log((c + self.distance) / (1 - c + self.distance)))

    def confidence_at(self, odds: Float64) -> Float64:
        share = 0.5 * (1 + np.tanh(odds / 2))
        return np.clip((1 + 2 * self.distance) * share - self.distance, 0.0, 1.0)


def _points(confidence: Float64, scale: _LogOdds) -> Float64:
    """Evenly spread over [0, 1], and between the outermost of these and the data, if they reach
    beyond, evenly in log-odds.
    """
    even = np.linspace(0.0, 1.0, POINTS)
    ends = np.array([confidence.min(), confidence.max()])
    seen, outermost = scale.of_confidence(ends), scale.of_confidence(even[[1, -2]])
    ways = [
        np.linspace(end, inner, BEYOND, endpoint=False)
        for end, inner, beyond in zip(seen, outermost, (-1, 1), strict=True)
        if (end - inner) * beyond > 0
    ]
    beyond = [scale.confidence_at(way) for way in ways]
    return np.unique(np.concatenate([even, ends, *beyond]))


def _bandwidth(odds: Float64, weight: Float64) -> float:
    mean = np.average(odds, weights=weight)
    deviation = np.sqrt(np.average(np.square(odds - mean), weights=weight))
    rows = np.square(weight.sum()) / np.square(weight).sum()
    return float(np.clip(FACTOR * deviation * rows**POWER, *BANDWIDTHS))


def _spreads(
    weights: Float64, node: Index, residual: Float64, weight: Float64, part: Index | None
) -> tuple[Float64, Float64]:
    """The variance of the fits, and what it would be of rows whose own variance is 1.

    ``sum (l r)²`` and ``sum (l w)²`` over rows; where rows belong together, both times what adding
    up ``l r`` by part before squaring it makes of the first, if that is more.
    """
    from scipy.sparse import csr_array

    square = np.square(weights)
    spread, unit = (
        product(square, np.bincount(node, np.square(values), minlength=NODES))
        for values in (residual, weight)
    )
    if part is None:
        return spread, unit
    sums = csr_array((residual, (part, node)), shape=(PARTS, NODES))
    together = np.square(sums @ weights.T).sum(axis=0)
    some = spread > ROUNDING * unit  # less is noise of rounding: all rows near are correct
    ratio = np.divide(together, spread, out=np.ones_like(spread), where=some)
    ratio = np.maximum(ratio, 1.0)
    return spread * ratio, unit * ratio


def _band(accuracy: Float64, spread: Float64, unit: Float64) -> tuple[Float64, Float64]:
    """All p with ``(accuracy - p)² <= 1.96² (p (1 - p) unit + more)``.

    Wilson's interval with 1 / unit rows, which stays open where all rows near are correct; more is
    by how much the spread of the residuals is above ``accuracy (1 - accuracy) unit``.
    """
    z2 = NORMAL_95**2
    more = np.maximum(spread - accuracy * (1 - accuracy) * unit, 0.0)
    a, b = 1 + z2 * unit, accuracy + z2 * unit / 2
    root = np.sqrt(np.maximum(b * b - a * (np.square(accuracy) - z2 * more), 0.0))
    return np.clip((b - root) / a, 0.0, 1.0), np.clip((b + root) / a, 0.0, 1.0)


def _density(confidence: Float64, weight: Float64, points: Float64) -> Float64:
    """Of the confidences: a Gaussian around each, folded back at 0 and 1."""
    nodes = np.linspace(0.0, 1.0, NODES)
    node = np.rint(confidence * (NODES - 1)).astype(np.intp)
    mass = np.bincount(node, weight, minlength=NODES) / weight.sum()
    folded = [kernel(points, each, DENSITY_BANDWIDTH) for each in (nodes, -nodes, 2 - nodes)]
    density = product(np.sum(folded, axis=0), mass)
    return np.asarray(density / (DENSITY_BANDWIDTH * np.sqrt(2 * np.pi)))
