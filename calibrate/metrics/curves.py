"""Confidence against accuracy, as plain numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from calibrate.arrays import Float64, Index
from calibrate.blocks.bins import BinTable, Levels
from calibrate.blocks.block import PARTS
from calibrate.blocks.sums import NORMAL_95, product
from calibrate.metrics.biases import FEWEST, Kinds, simes
from calibrate.metrics.classes import ClassTable
from calibrate.metrics.settings import Settings
from calibrate.metrics.totals import KeptRows, Totals
from calibrate.results.measurement import Sides, sides_of
from calibrate.results.report import (
    Bias,
    ClassFigures,
    ClassFindings,
    ClassReliability,
    CorpReliability,
    EveryClass,
    Reliability,
    SmoothReliability,
)

MOST_SHOWN = 9


def reliability_of(
    table: BinTable, rows_per_weight: float, band: tuple[Float64, Float64] | None = None
) -> Reliability:
    """Plain numbers from a table, and between which accuracies calibrated models lie."""
    low, high = band or (None, None)
    return Reliability(
        edges=tuple(table.edges.tolist()),
        weight=tuple(table.weight.tolist()),
        confidence=_known(table.confidence, table),
        accuracy=_known(table.accuracy, table),
        consistency_low=() if low is None else _known(low, table),
        consistency_high=() if high is None else _known(high, table),
        rows=tuple((table.weight * rows_per_weight).tolist()),
    )


def _known(values: Float64, table: BinTable) -> tuple[float | None, ...]:
    """Values of bins, None in empty ones."""
    some = table.weight > 0
    return tuple(v if s else None for v, s in zip(values.tolist(), some.tolist(), strict=True))


@dataclass(frozen=True)
class Predicted:
    """The rows by the class that they are predicted to be of, and by how much each is off."""

    kinds: Kinds
    biases: list[Bias]

    @staticmethod
    def from_totals(totals: Totals, side: int) -> Predicted:
        """Through one of the views."""
        kept, n_classes = totals.kept, totals.classes[side].shape[0]
        predicted = kept.predicted if kept.predicted is not None else np.zeros(0, dtype=np.intp)
        kinds = Kinds.from_rows(
            kept, side, predicted, n_classes, exact=totals.plain, hard=totals.hard
        )
        return Predicted(kinds, kinds.biases())

    @property
    def off(self) -> list[int]:
        """The classes that are off beyond chance, the surest first."""
        those = [k for k, bias in enumerate(self.biases) if bias.off]
        return sorted(those, key=lambda k: -self.biases[k].sure)


def worth_showing(sides: Sequence[Predicted], rows: Float64) -> tuple[int, ...]:
    """The classes that have something to show.

    First those that are off beyond chance after calibration, then those that were before, the
    surest first; then the most frequent.
    """
    off = [k for side in reversed(sides) for k in side.off]
    frequent = [int(k) for k in np.argsort(-rows, kind="stable") if rows[k] > 0]
    return tuple(dict.fromkeys([*off, *frequent]))[:MOST_SHOWN]


def class_reliability(
    totals: Totals, sides: Sequence[Predicted], settings: Settings
) -> list[tuple[ClassReliability, ...]]:
    """Probability against frequency of the classes asked for, or of those worth showing.

    ``sides``: none where that was not looked at.
    """
    tables, edges = totals.classes, totals.edges
    rows, rows_per_weight = tables[0].rows, totals.kept.rows_per_weight
    chosen, names = settings.classes, settings.class_names
    if chosen is None:
        chosen = worth_showing(sides, rows)

    def shown(side: int) -> tuple[ClassReliability, ...]:
        table = tables[side]
        label, probability, inside = table.sums
        eces, biases = table.eces(), sides[side].biases if sides else None
        return tuple(
            ClassReliability(
                index=k,
                name=names[k] if names else None,
                rows=float(rows[k]),
                ece=float(eces[k]),
                table=_with_binomial_band(
                    BinTable(edges, inside[k], probability[k], label[k]), rows_per_weight
                ),
                off=None if biases is None or biases[k].p_value is None else biases[k].off,
            )
            for k in chosen
        )

    return [shown(side) for side in range(totals.n_sides)]


def _with_binomial_band(table: BinTable, rows_per_weight: float) -> Reliability:
    """The table with where 95 % of calibrated models would be: quantiles of the binomial."""
    from scipy.special import bdtrik

    rows = np.maximum(table.weight * rows_per_weight, 1.0)
    p = np.clip(table.confidence, 1e-12, 1 - 1e-12)
    low, high = (np.clip(np.nan_to_num(bdtrik(q, rows, p)) / rows, 0, 1) for q in (0.025, 0.975))
    return reliability_of(table, rows_per_weight, (low, high))


def classes_by_prediction(
    table: ClassTable, found: Predicted, top: int, names: Sequence[str] | None
) -> ClassFindings:
    """The ``top`` classes whose predictions are most surely off, and how many there are."""
    kinds, biases, eces = found.kinds, found.biases, table.eces()
    some = [k for k in range(table.shape[0]) if kinds.weight[k] > 0]
    order = sorted(some, key=lambda k: (-biases[k].sure, -kinds.weight[k]))
    listed = tuple(
        ClassFigures(
            index=k,
            name=names[k] if names else None,
            rows=float(kinds.weight[k]),
            accuracy=float(kinds.accuracy[k]),
            mean_confidence=float(kinds.confidence[k]),
            bias=biases[k],
            ece=float(eces[k]),
        )
        for k in order[:top]
    )
    tested = [b for b in biases if b.p_value is not None]
    off, every = sum(b.off for b in tested), _every(kinds, biases, eces)
    return ClassFindings(listed, len(tested), off, FEWEST, simes(tested), every)


def _every(kinds: Kinds, biases: Sequence[Bias], eces: Float64) -> EveryClass:
    def known(values: Float64) -> tuple[float | None, ...]:
        pairs = zip(values.tolist(), kinds.weight.tolist(), strict=True)
        return tuple(value if weight > 0 else None for value, weight in pairs)

    return EveryClass(
        rows=tuple(kinds.weight.tolist()),
        accuracy=known(kinds.accuracy),
        mean_confidence=known(kinds.confidence),
        low=tuple(bias.low for bias in biases),
        high=tuple(bias.high for bias in biases),
        p_value=tuple(bias.p_value for bias in biases),
        off=tuple(bias.off for bias in biases),
        ece=tuple(eces.tolist()),
    )


# A local quadratic fit on a line, as the weights that it gives to the values around each point.


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


# The smooth reliability curve: accuracy against confidence without bins.


POINTS = 201
BEYOND = 10  # more points between the last of these and the most extreme confidence, at either end
NODES = 1001  # confidences are taken to the nearest of these
FITTED = 51  # at so many places accuracy is fitted for the residuals, and joined by lines
FACTOR, POWER = 1.4, -0.25  # of the bandwidth
BANDWIDTHS = 0.1, 0.4  # the least and the most, in log-odds
FINEST = 1e-12  # confidences closer to 0 or 1 count as that close
DENSITY_BANDWIDTH = 0.02
ROUNDING = 1e-24  # of the variance of a row, below which residuals are 0 but for their last digits
SPARSE = 10.0  # effective rows below which nothing is drawn


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
    scale = _LogOdds.resolving(confidence)
    points = _points(confidence, scale)
    odds, at = scale.of_confidence(confidence), scale.of_confidence(points)
    mean = np.average(odds, weights=weight)
    deviation = np.sqrt(np.average(np.square(odds - mean), weights=weight))
    rows = np.square(weight.sum()) / np.square(weight).sum()
    bandwidth = float(np.clip(FACTOR * deviation * rows**POWER, *BANDWIDTHS))
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
    ample = (near >= SPARSE) & (unit > 0) & (unit * SPARSE <= 1)
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
    def resolving(confidence: Float64) -> _LogOdds:
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


# The CORP reliability curve: accuracy as an isotonic function of confidence.


SAMPLES = 250  # calibrated models behind the band
RUNS = 400  # confidences are taken together in so many runs of equal weight,
STEPS = 400  # cut where they pass one of so many even steps,
ALONE = 50  # but for the first and the last ones: the ends of the curve are made by few rows
MOST_POINTS = 100  # shown: evenly spread ones, and as many ends of level stretches
HISTOGRAM = 50
LOCAL = 20  # stretches of confidence within which rows may stand and fall together


def corp_reliability(kept: KeptRows, seed: int, *, alone: bool = True) -> Sides[CorpReliability]:
    """The isotonic regression of correctness on confidence, before and after, with its band.

    Where a calibrated model would be: correctness is drawn 250 times from the confidences, fitted
    anew each time, and 95 % of these fits taken at each confidence (a consistency band). In cells
    of rows of nearly the same confidence the draws are binomial, of as many rows as have the
    variance of the weighted ones; where rows belong together, they are spread out further. Of
    yes-no decisions, all this of the probability of yes. Reference: Dimitriadis, Gneiting & Jordan
    (2021), Stable reliability diagrams for probabilistic classifiers. ``alone``: whether each row
    is independent of all others.
    """
    kept = kept.of_yes
    return sides_of([_of_side(kept, side, seed, alone) for side in range(len(kept.confidences))])


def _of_side(kept: KeptRows, side: int, seed: int, alone: bool) -> CorpReliability:
    levels = kept.ordered[side]
    some = levels.weight > 0
    levels = Levels(levels.confidence[some], levels.weight[some], levels.correct[some])
    fit, starts = _isotonic(levels.correct / levels.weight, levels.weight)
    shown = _shown(levels.confidence, starts)
    cells = _Cells.from_rows(kept, side, levels, None if alone else kept.part)
    low, high = np.quantile(cells.fits(SAMPLES, seed), [0.025, 0.975], axis=0)
    points, edges = levels.confidence[shown], np.linspace(0.0, 1.0, HISTOGRAM + 1)
    share, _ = np.histogram(levels.confidence, edges, weights=levels.weight / levels.total)
    right = float(levels.correct.sum() / levels.total)
    c, a, w = levels.confidence, levels.correct, levels.weight
    score = float(np.sum(w * c**2 - 2 * c * a + a) / levels.total)  # soft labels count as draws
    refined = float(np.sum(w * fit**2 - 2 * fit * a + a) / levels.total)
    return CorpReliability(
        confidence=tuple(points.tolist()),
        accuracy=tuple(fit[shown].tolist()),
        consistency_low=tuple(np.interp(points, cells.confidence, low).tolist()),
        consistency_high=tuple(np.interp(points, cells.confidence, high).tolist()),
        edges=tuple(edges.tolist()),
        share=tuple(share.tolist()),
        miscalibration=score - refined,
        discrimination=right * (1 - right) - refined,
        uncertainty=right * (1 - right),
    )


def _isotonic(mean: Float64, weight: Float64) -> tuple[Float64, Index]:
    """The regression, and where its level stretches start."""
    from scipy.optimize import isotonic_regression

    found = isotonic_regression(mean, weights=weight)
    return found.x, found.blocks[:-1]


def _shown(confidence: Float64, starts: Index) -> Index:
    """Which levels to show: evenly spread over their range, and the ends of level stretches."""
    even = np.linspace(confidence[0], confidence[-1], MOST_POINTS)
    ends = np.unique(np.concatenate([starts, starts[1:] - 1, [len(confidence) - 1]]))
    chosen = np.unique(np.linspace(0, len(ends) - 1, min(len(ends), MOST_POINTS)).astype(np.intp))
    nearest = np.minimum(np.searchsorted(confidence, even), len(confidence) - 1)
    return np.unique(np.concatenate([nearest, ends[chosen]]))


@dataclass(frozen=True)
class _Cells:
    """Neighbouring levels taken together.

    Attributes:
        confidence: the mean of each cell, ascending.
        weight: of each.
        rows: how many rows of equal weight have the variance of those of the cell.
        together: how many times that variance grows as rows belong together.
    """

    confidence: Float64
    weight: Float64
    rows: Float64
    together: float

    @staticmethod
    def from_rows(kept: KeptRows, side: int, levels: Levels, part: Index | None) -> _Cells:
        confidence, weight = kept.confidences[side], kept.weight
        cell = _cell_of(levels)
        n = int(cell[-1]) + 1
        total = np.bincount(cell, levels.weight, n).astype(np.float64)
        mean = np.bincount(cell, levels.weight * levels.confidence, n) / total
        first = levels.confidence[np.flatnonzero(np.diff(cell, prepend=-1))]
        own = np.maximum(np.searchsorted(first, confidence, side="right") - 1, 0)
        square = np.bincount(own, np.square(weight), n).astype(np.float64)
        together = _together(kept.corrects[side] - confidence, weight, own, part)
        rows = np.maximum(np.square(total) / square, 1.0)
        return _Cells(np.clip(mean, 0.0, 1.0), total, rows, together)

    def fits(self, samples: int, seed: int) -> Float64:
        """The regressions of calibrated models with these confidences, ``(samples, cells)``."""
        rng = np.random.default_rng([seed, 2])
        fewer = np.floor(self.rows + 1e-9)
        often = fewer * ((fewer + 1) / self.rows - 1)  # so that 1/rows comes out in the mean
        extra = rng.random((len(self.rows), samples)) >= often[:, None]
        rows = fewer[:, None].astype(np.int64) + extra  # cells first: equal draws in a row are fast
        c = self.confidence[:, None]
        drawn = c + np.sqrt(self.together) * (rng.binomial(rows, c) / rows - c)
        each = np.ascontiguousarray(drawn.T)
        return np.clip([_isotonic(one, self.weight)[0] for one in each], 0.0, 1.0)


def _cell_of(levels: Levels) -> Index:
    """The number of the cell of each level, from 0; about a thousand cells at most."""
    n = len(levels.confidence)
    before = np.cumsum(levels.weight) - levels.weight / 2
    run = (before * (RUNS / levels.total)).astype(np.intp)
    step = (levels.confidence * STEPS).astype(np.intp)
    index = np.arange(n)
    alone = np.minimum(index, n - 1 - index) < ALONE
    new: npt.NDArray[np.bool_] = (np.diff(run, prepend=-1) != 0) | (np.diff(step, prepend=-1) != 0)
    new |= alone | np.concatenate([[True], alone[:-1]])
    return np.asarray(np.cumsum(new) - 1, dtype=np.intp)


def _together(gap: Float64, weight: Float64, cell: Index, part: Index | None) -> float:
    """How many times the variance of sums of gaps grows as rows belong together; 1 or more.

    ``sum (sum w r of a part in a stretch of confidence)² / sum (w r)²``, r the gap beyond the mean
    one of its stretch.
    """
    if part is None:
        return 1.0
    stretch = cell * LOCAL // (int(cell.max()) + 1)
    total = np.bincount(stretch, weight, LOCAL)
    mean = np.bincount(stretch, weight * gap, LOCAL) / np.where(total > 0, total, 1.0)
    residual = weight * (gap - mean[stretch])
    square = float(np.square(residual).sum())
    sums = np.bincount(part * LOCAL + stretch, residual, PARTS * LOCAL)
    return max(1.0, float(np.square(sums).sum()) / square) if square else 1.0
