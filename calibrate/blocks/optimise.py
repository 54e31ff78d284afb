"""The temperature that minimises the NLL of rows, with or without a bias per class.

A strided sample gives the start, the whole data then take one or two passes. Each pass gives the
value, the gradient and the curvature; a last step of third order polishes the temperature, and its
size is the proof that the optimum was reached. L-BFGS-B is for what lies farther off, and for
biases.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from calibrate.arrays import Float64
from calibrate.blocks.block import Block, sum_by_part
from calibrate.blocks.passes import Readable, map_blocks, map_reduce
from calibrate.blocks.softmax import exponentials, row_dot, target_scores
from calibrate.blocks.sums import Sums, effective, jackknife, leave_out, product, student_95

if TYPE_CHECKING:
    from typing_extensions import Self

NO_BIAS: Float64 = np.empty(0)
SMALLEST_GAP = 1e-303  # less is none: T and 1/T stay finite as far as T is searched
GAP_SCORES = 1 << 13  # scores looked at to find the scale of the logits
SAMPLE_ROWS = (250, 2_000)  # from nowhere to within a few percent of the optimum
SAMPLE_SCORES = 1 << 23  # no larger sample is ever copied
BOUND = 1e4  # T is searched between scale/BOUND and scale·BOUND
# A last step of this relative size leaves an error of its cube; finer ones drown in rounding.
STEP_TOLERANCE = {np.dtype(np.float32): 8e-3, np.dtype(np.float64): 1e-4}
CLOSE = {np.dtype(np.float32): 8e-3, np.dtype(np.float64): 5e-4}  # what a sample should reach
NEAR = 0.5  # a step of Halley's this long still leads closer
FAR_OFF = 3.0  # a start so far above the optimum in log(1/T), as no useful scores have, is left
SAMPLE_TOLERANCE = 3e-2  # the optimum of a sample is no closer to that of the data
SAMPLE_MARGIN = float(np.log(100.0))  # a sample's optimum this close to the bound says nothing
BIASED_SAMPLE = 20_000  # rows that give biases their start
BIAS_TOLERANCE = 1e-6  # of the gradient, in units of the root of the curvature


class Samples(Readable[Block], Protocol):
    """Labelled rows that can be read by range and sampled."""

    @property
    def n_classes(self) -> int: ...

    @property
    def dtype(self) -> np.dtype[Any]: ...

    @property
    def magnitude(self) -> float: ...

    @property
    def weight(self) -> Float64: ...

    def sample(self, rows: int) -> Self: ...


@dataclass(frozen=True)
class NllSums(Sums):
    """The NLL summed over rows, with its derivatives in the inverse temperature beta = 1/T.

    ``nll = sum_i w_i (logsumexp(beta z_i + b) - beta t_i - b_i)`` with t the score of the label and
    b_i its bias.

    Attributes:
        weight: sum w.
        nll, gradient, curvature, third: with the first three derivatives in beta; the third is not
            known of biased scores.
        by_part: ``(2, parts)`` the first two by part.
        bias_gradient, bias_curvature: ``(K,)`` in b; empty where there is none.
    """

    weight: float
    nll: float
    gradient: float
    curvature: float
    third: float
    by_part: Float64
    bias_gradient: Float64
    bias_curvature: Float64

    def half_width(self) -> float | None:
        """Half of the 95 % interval of beta at the optimum; None for one part.

        The jackknife's, which is the sandwich but for the leverage of a part: what beta would lose
        without the part is its gradient over the curvature of the others.
        Reference: MacKinnon & White (1985), Some heteroskedasticity-consistent covariance matrix
        estimators.
        """
        gradient, curvature = self.by_part
        n_parts = int(np.count_nonzero(curvature))
        if n_parts < 2:
            return None
        error = float(jackknife(leave_out(gradient, curvature), n_parts))
        return student_95(effective(curvature)) * error


@dataclass(frozen=True)
class NllStep:
    """The step that adds up the NLL at inverse temperature ``beta``, with its derivatives.

    With p = softmax(beta z): gradient = E_p[z] - t, curvature = Var_p[z], and the third
    derivative is the third central moment of z. ``magnitude`` bounds ``|z|`` (inf if unknown).
    """

    beta: float
    magnitude: float

    def __call__(self, block: Block) -> NllSums:
        k = exponentials(block.logits, self.beta, self.magnitude)
        total = k.e.sum(axis=k.axis).astype(np.float64)
        mean = row_dot(k.x, k.e, k.axis) / total
        np.multiply(k.x, k.e, out=k.e)
        mean_square = row_dot(k.x, k.e, k.axis) / total
        np.multiply(k.x, k.e, out=k.e)
        mean_cube = row_dot(k.x, k.e, k.axis) / total
        target = target_scores(block.logits, block) - k.shift
        nll = np.log(total) - self.beta * target
        gradient = k.unit * mean - target
        curvature = k.unit**2 * np.maximum(mean_square - mean * mean, 0.0)
        third = k.unit**3 * (mean_cube - 3 * mean * mean_square + 2 * mean**3)
        w = block.weight
        first_two = np.stack([w * gradient, w * curvature])
        return NllSums(
            weight=float(w.sum()),
            nll=float((w * nll).sum()),
            gradient=float((w * gradient).sum()),
            curvature=float((w * curvature).sum()),
            third=float((w * third).sum()),
            by_part=sum_by_part(first_two, block.part),
            bias_gradient=NO_BIAS,
            bias_curvature=NO_BIAS,
        )


@dataclass(frozen=True)
class BiasedStep:
    """The same of ``softmax(beta z + b)``, with a bias b per class.

    The gradient in b is p - q, with q the label, and the curvature p (1 - p).
    """

    beta: float
    bias: Float64

    def __call__(self, block: Block) -> NllSums:
        z, w = block.logits, block.weight
        scores = (self.beta * z + self.bias).astype(z.dtype)
        k = exponentials(scores, 1.0, np.inf)
        e, total = (k.e if k.axis else k.e.T), k.e.sum(axis=k.axis).astype(np.float64)
        z = np.where(np.isfinite(z), z, 0.0).astype(np.float64)  # a masked class weighs nothing
        p = e / total[:, None]
        mean = np.einsum("nk,nk->n", p, z)
        curvature = np.einsum("nk,nk->n", p, np.square(z)) - mean * mean
        gradient = mean - target_scores(z, block)
        nll = np.log(total) - (target_scores(scores, block) - k.shift)
        each, every = (1.0, 0.0)
        if block.smoothing is not None:
            each, every = block.smoothing.factors(p.shape[1])
        rows, classes, shares = block.entries()
        shared = each * np.bincount(classes, shares * w[rows], p.shape[1]) + every * w.sum()
        expected = product(w, p)
        return NllSums(
            weight=float(w.sum()),
            nll=float((w * nll).sum()),
            gradient=float((w * gradient).sum()),
            curvature=float((w * curvature).sum()),
            third=np.nan,
            by_part=sum_by_part(np.stack([w * gradient, w * curvature]), block.part),
            bias_gradient=expected - shared,
            bias_curvature=expected - product(w, np.square(p)),
        )


def scale_of(rows: Samples) -> float | None:
    """The median over some rows of the gap between the largest score and the next; where those are
    constant, the largest gap of all; None if all scores tie.

    Masked classes, however many and by whatever number, are not among a row's best two.
    """
    few = rows.sample(max(16, GAP_SCORES // rows.n_classes))
    gaps = _gaps(few.read(0, min(max(16, GAP_SCORES // rows.n_classes), few.n_rows)))
    nearest = np.where(gaps > SMALLEST_GAP, gaps, np.inf).min(axis=1)
    nearest = nearest[np.isfinite(nearest)]
    if nearest.size:
        return float(np.median(nearest))
    largest = max(map_blocks(rows, _largest_gap))
    return largest if largest > SMALLEST_GAP else None


def _gaps(block: Block) -> Float64:
    """How far each score lies below the largest of its row."""
    z = block.logits.astype(np.float64)
    with np.errstate(over="ignore"):
        return np.asarray(z.max(axis=1, keepdims=True) - z)


def _largest_gap(block: Block) -> float:
    gaps = _gaps(block)
    return float(np.max(gaps, where=np.isfinite(gaps), initial=0.0))


class Search:
    """The minimisation over ``theta = log(1/T)`` on some rows, remembering its last pass.

    Args:
        rows: labelled.
        scale: of their scores, see ``scale_of``.
        tolerance: of the last step; None: what rounding allows.
    """

    def __init__(self, rows: Samples, scale: float, tolerance: float | None = None) -> None:
        self.rows, self.scale = rows, scale
        self.bounds = float(np.log(1 / (BOUND * scale))), float(np.log(BOUND / scale))
        self.tolerance = tolerance or STEP_TOLERANCE[rows.dtype]
        self.passes = 0
        self._last: tuple[float, NllSums] | None = None

    def sums(self, theta: float) -> NllSums:
        """The NLL at a point and its derivatives, from one pass."""
        if self._last is None or self._last[0] != theta:
            self.passes += 1
            step = NllStep(float(np.exp(theta)), self.rows.magnitude)
            self._last = (theta, map_reduce(self.rows, step))
        return self._last[1]

    def last_step(self, theta: float) -> float:
        """Halley's step in theta towards a zero gradient; inf where the NLL is flat or concave."""
        s, beta = self.sums(theta), np.exp(theta)
        first = beta * s.gradient
        second = first + beta**2 * s.curvature
        third = first + 3 * beta**2 * s.curvature + beta**3 * s.third
        with np.errstate(over="ignore", invalid="ignore"):  # a score far from all others: no step
            slope = 2 * second**2 - first * third
        return float(-2 * first * second / slope) if second > 0 and slope > 0 else np.inf

    def arrived(self, theta: float) -> bool:
        """Whether a point is an optimum between the bounds but for the last step."""
        low, high = self.bounds
        return abs(self.last_step(theta)) <= self.tolerance and low < theta < high

    def start(self) -> float:
        """A start from samples, the last one just large enough to be close."""
        theta, n_rows, error = float(np.log(2.0 / self.scale)), self.rows.n_rows, 1.0
        if n_rows < 2 * SAMPLE_ROWS[0]:
            return theta
        limit = min(n_rows // 4, SAMPLE_SCORES // self.rows.n_classes)
        for few in SAMPLE_ROWS:
            if 2 * few <= n_rows:
                theta, error = self._of_sample(few, theta)
        for wanted in (CLOSE[self.rows.dtype], NEAR / 5):  # enough for one pass; for two
            few = int(SAMPLE_ROWS[-1] * (1.5 * error / wanted) ** 2)
            if few <= limit:
                return self._of_sample(few, theta)[0] if few > SAMPLE_ROWS[-1] else theta
        return theta

    def _of_sample(self, rows: int, theta: float) -> tuple[float, float]:
        """The optimum of a sample of so many rows, and its standard error.

        A sample can be separable where the data are not; then ``theta`` and 1 are returned.
        """
        few = self.rows.sample(rows)
        if not few.weight.any():
            return theta, 1.0
        sample = Search(few, self.scale, SAMPLE_TOLERANCE)
        solved = sample.solve(theta)
        found = solved + sample.last_step(solved)
        low, high = self.bounds
        if not low + SAMPLE_MARGIN < found < high - SAMPLE_MARGIN:
            return theta, 1.0
        s = sample.sums(solved)  # the plain sandwich (White 1982)
        return found, float(np.sqrt(np.square(s.by_part[0]).sum()) / s.curvature / np.exp(found))

    def solve(self, theta: float) -> float:
        """From close by, steps of Halley's; else, or where these do not arrive, L-BFGS-B, restarted
        with a fresh scale where it stopped early.
        """
        theta, arrived = self._polish(theta)
        if not arrived:
            theta, arrived = self._from_the_end(theta)
        if arrived:
            return theta
        for _ in range(6):
            if abs(self.last_step(theta)) <= self.tolerance:
                break
            before, s = theta, self.sums(theta)
            root = _root(np.array([_curvature(theta, s)]) / s.weight)
            theta = float(
                descend(self._value, theta, root, self.bounds, self.tolerance * float(root[0]))[0]
            )
            if theta == before:
                break
        return theta

    def _value(self, x: Float64) -> tuple[float, Float64]:
        s = self.sums(float(x[0]))
        return s.nll / s.weight, np.array([np.exp(x[0]) * s.gradient / s.weight])

    def _polish(self, theta: float) -> tuple[float, bool]:
        """As far as steps of Halley's lead, and whether they arrive."""
        low, high = self.bounds
        for _ in range(3):
            step = self.last_step(theta)
            if abs(step) <= self.tolerance:
                return theta, True
            if abs(step) > NEAR or not low < theta + step < high:
                break
            theta += step
        return theta, False

    def _from_the_end(self, theta: float) -> tuple[float, bool]:
        """The bound, where the NLL falls as far as there, or a better start close to it; and
        whether that is the optimum.

        The NLL is convex in beta, so its slope at the bound proves it. Descents would creep there:
        each step of theta shrinks the slope in theta that the next one goes by.
        """
        here = self._last = (theta, self.sums(theta))
        down = here[1].gradient > 0
        bound = self.bounds[0 if down else 1]
        end = self.sums(bound)
        if end.gradient > 0 if down else end.gradient <= 0:
            return bound, True
        if down and end.curvature > 0:  # Newton's step in beta, which is as good as 0 there
            near = float(np.log(np.exp(bound) - end.gradient / end.curvature))
            if bound < near < theta - FAR_OFF:
                return self._polish(near)
        self._last = here
        return theta, False


@dataclass(frozen=True)
class BiasedOptimum:
    """The ``theta = log(1/T)`` and the ``(K,)`` bias that minimise ``mean NLL + ridge/2 sum b²``.

    Attributes:
        nll: the mean NLL there.
        converged: whether the gradient vanishes.
        passes: over all rows.
    """

    theta: float
    bias: Float64
    nll: float
    converged: bool
    passes: int


def best_with_bias(
    rows: Samples, theta: float, ridge: float, bias: Float64 = NO_BIAS
) -> BiasedOptimum:
    """Minimise ``mean_i w_i NLL_i(z_i / T + b) + ridge/2 sum b²`` over T and b by L-BFGS-B.

    Args:
        rows: labelled.
        theta: close to the best log(1/T), as ``Search`` finds it.
        ridge: of the biases; a positive one makes them unique: a constant added to all of them
            changes nothing else.
        bias: ``(K,)`` to start from; else a sample of the rows gives one.
    """
    x = np.concatenate([[theta], bias if len(bias) else np.zeros(rows.n_classes)])
    if not len(bias) and rows.n_rows >= 4 * BIASED_SAMPLE:
        found = best_with_bias(rows.sample(BIASED_SAMPLE), theta, ridge)
        x = np.concatenate([[found.theta], found.bias]) if found.converged else x
    passes = 0

    def sums(x: Float64) -> NllSums:
        nonlocal passes
        passes += 1
        return map_reduce(rows, BiasedStep(float(np.exp(x[0])), x[1:]))

    def value(x: Float64) -> tuple[float, Float64]:
        s = sums(x)
        slope = np.concatenate([[np.exp(x[0]) * s.gradient], s.bias_gradient]) / s.weight
        slope[1:] += ridge * x[1:]
        return s.nll / s.weight + ridge / 2 * float(np.square(x[1:]).sum()), slope

    reach = np.concatenate([[float(np.log(BOUND))], np.full(rows.n_classes, np.inf)])
    bounds, converged = (x - reach, x + reach), False
    for _ in range(3):
        s = sums(x)
        curvature = np.concatenate([[_curvature(float(x[0]), s)], s.bias_curvature]) / s.weight
        curvature[1:] += ridge
        root = _root(curvature)
        x = descend(value, x, root, bounds, BIAS_TOLERANCE)
        penalised, slope = value(x)
        converged = bool(np.abs(slope / root).max() <= 10 * BIAS_TOLERANCE)
        if converged:
            break
    nll = penalised - ridge / 2 * float(np.square(x[1:]).sum())
    return BiasedOptimum(float(x[0]), x[1:], nll, converged, passes)


def _curvature(theta: float, s: NllSums) -> float:
    """The second derivative of the NLL in theta, without the part that can make it negative."""
    beta = np.exp(theta)
    return float(beta**2 * s.curvature + beta * max(s.gradient, 0))


def _root(curvature: Float64) -> Float64:
    """The units in which it is about 1."""
    with np.errstate(invalid="ignore"):
        root = np.sqrt(curvature)
    return np.where((root > 0) & np.isfinite(root), root, 1.0)


def descend(
    function: Callable[[Float64], tuple[float, Float64]],
    start: Float64 | float,
    root: Float64,
    bounds: tuple[Float64 | float, Float64 | float],
    tolerance: float,
) -> Float64:
    """The minimiser of ``function`` within ``bounds``, as far as L-BFGS-B gets from ``start``.

    In variables times ``root`` the curvature is about 1: the first step is the negative gradient,
    and ``tolerance``, of the gradient in these, a distance from the optimum. Whether the point
    returned is the optimum is for the caller to check.

    Reference: Byrd, Lu, Nocedal & Zhu (1995).
    """
    from scipy.optimize import Bounds, minimize  # here: this import takes a third of a second

    def scaled(y: Float64) -> tuple[float, Float64]:
        value, slope = function(start + y / root)
        return value, slope / root

    low, high = ((np.asarray(bound) - start) * root for bound in bounds)
    result = minimize(
        scaled,
        np.zeros(len(root)),
        jac=True,
        method="L-BFGS-B",
        bounds=Bounds(low, high),
        options={"gtol": tolerance, "ftol": 0.0, "maxiter": 100, "maxls": 10},
    )
    return np.asarray(np.clip(start + result.x / root, *bounds), dtype=np.float64)
