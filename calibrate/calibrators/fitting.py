"""The temperature that minimises the NLL, by L-BFGS-B, with its interval."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from calibrate.arrays import Float64
from calibrate.blocks.block import Block
from calibrate.blocks.optimise import NllStep, NllSums, minimise
from calibrate.blocks.passes import map_blocks, map_reduce
from calibrate.blocks.sums import GREATEST, NORMAL_95, Sums
from calibrate.calibrators.warnings import ZeroLabels, certain, end_slopes, reasons
from calibrate.data.dataset import Dataset
from calibrate.tasks import Task

# How far the scores of rows lie apart.


SMALLEST_GAP = 1e-303  # less is none: T and 1/T stay finite as far as T is searched
GAP_SCORES = 1 << 13  # scores looked at to find the scale of the logits


def typical_gap(dataset: Dataset) -> float | None:
    """The median over rows of the gap between the largest score and the next; None if all tie.

    Masked classes, however many and by whatever number, are not among a row's best two.
    """
    rows = max(16, GAP_SCORES // dataset.n_classes)
    few = dataset.sample(rows)
    gaps = _gaps(few.read(0, min(rows, few.n_rows)))
    nearest = np.where(gaps > SMALLEST_GAP, gaps, np.inf).min(axis=1)
    nearest = nearest[np.isfinite(nearest)]
    return float(np.median(nearest)) if nearest.size else None


@dataclass(frozen=True)
class _LargestGap(Sums):
    value: float = field(metadata=GREATEST)

    @staticmethod
    def of(block: Block) -> _LargestGap:
        gaps = _gaps(block)
        return _LargestGap(float(np.max(gaps, where=np.isfinite(gaps), initial=0.0)))


def largest_gap(dataset: Dataset) -> float | None:
    """The largest gap of all rows, for data whose sampled rows are constant."""
    found = map_reduce(dataset, _LargestGap.of).value
    return found if found > SMALLEST_GAP else None


def _gaps(block: Block) -> Float64:
    """How far each score lies below the largest of its row."""
    z = block.logits.astype(np.float64)
    with np.errstate(over="ignore"):
        return np.asarray(z.max(axis=1, keepdims=True) - z)


# The temperature that minimises the NLL, by L-BFGS-B, with its interval.


SAMPLE_ROWS = (250, 2_000)  # from nowhere to within a few percent of the optimum
SAMPLE_SCORES = 1 << 23  # no larger sample is ever copied
FAR = 6  # scores whose typical gap is beyond 2^±6 are rescaled
BOUND = 1e4  # T is searched between scale/BOUND and scale·BOUND
# A last step of this relative size leaves an error of its cube; finer ones drown in rounding.
STEP_TOLERANCE = {np.dtype(np.float32): 8e-3, np.dtype(np.float64): 1e-4}
CLOSE = {np.dtype(np.float32): 8e-3, np.dtype(np.float64): 5e-4}  # what a sample should reach
WIDEST = 100.0  # half an interval of log T so wide tells nothing, and its ends overflow
NEAR = 0.5  # a step of Halley's this long still leads closer
FAR_OFF = 3.0  # a start so far above the optimum in log(1/T), as no useful scores have, is left
SAMPLE_TOLERANCE = 3e-2  # the optimum of a sample is no closer to that of the data
SAMPLE_MARGIN = float(np.log(100.0))  # a sample's optimum this close to the bound says nothing


@dataclass(frozen=True)
class Optimum:
    """The best temperature; ``Fit`` says what the fields mean."""

    temperature: float
    nll: float
    passes: int
    interval: tuple[float, float] | None = None
    converged: bool = True
    warnings: tuple[str, ...] = ()

    def in_units(self, unit: float) -> Optimum:
        """That of scores ``unit`` times as large."""
        interval = self.interval and (self.interval[0] * unit, self.interval[1] * unit)
        return replace(self, temperature=self.temperature * unit, interval=interval)


def best_temperature(dataset: Dataset, start: float | None = None) -> Optimum:
    """Minimise ``mean_i w_i NLL_i(z_i / T)`` over T by L-BFGS-B.

    The variable is log T, scaled by the curvature: a strided sample gives the start, the whole
    data then take one or two passes. A last step by Halley's method, from derivatives that each
    pass yields anyway, polishes the optimum; its size is the proof of convergence. The interval,
    from the sandwich variance by parts, is taken on the scale of log T.

    Args:
        dataset: labelled rows.
        start: a temperature close to the optimum, where one is known.
    """
    dataset = dataset.precise()
    scale = typical_gap(dataset) or largest_gap(dataset)
    if scale is None:
        s = map_reduce(dataset, NllStep(1.0, dataset.magnitude))
        warning = f"T is undefined: {reasons(dataset.task).flat}; T = 1 was kept"
        return Optimum(1.0, float(s.nll / s.weight), 1, converged=False, warnings=(warning,))
    exponent = round(np.log2(scale))
    if abs(exponent) > FAR:  # bring the scores near 1, so that no power of them overflows
        unit = 2.0**exponent
        return best_temperature(dataset.rescaled(1 / unit)).in_units(unit)
    search = _Search(dataset, (np.log(1 / (BOUND * scale)), np.log(BOUND / scale)))
    theta = np.log(2.0 / scale)
    if start is not None:
        theta = -np.log(start)
    elif dataset.n_rows >= 2 * SAMPLE_ROWS[0]:
        theta = _start(search, theta)
    return search.conclude(search.solve(theta))


def _start(search: _Search, theta: float) -> float:
    """A start for ``search`` from samples, the last one just large enough to be close."""
    dataset = search.dataset
    limit = min(dataset.n_rows // 4, SAMPLE_SCORES // dataset.n_classes)
    error = 1.0
    for rows in SAMPLE_ROWS:
        if 2 * rows <= dataset.n_rows:
            theta, error = search.try_sample(rows, theta)
    for wanted in (CLOSE[dataset.dtype], NEAR / 5):  # enough for one pass; for two
        rows = int(SAMPLE_ROWS[-1] * (1.5 * error / wanted) ** 2)
        if rows <= limit:
            return search.try_sample(rows, theta)[0] if rows > SAMPLE_ROWS[-1] else theta
    return theta


class _Search:
    """The minimisation over ``theta = log(1/T)`` of one dataset, remembering its last pass."""

    def __init__(
        self, dataset: Dataset, bounds: tuple[float, float], tolerance: float | None = None
    ) -> None:
        self.dataset, self.bounds = dataset, bounds
        self.tolerance = tolerance or STEP_TOLERANCE[dataset.dtype]
        self.passes = 0
        self._last: tuple[float, NllSums] | None = None

    def sums(self, theta: float) -> NllSums:
        if self._last is None or self._last[0] != theta:
            self.passes += 1
            step = NllStep(float(np.exp(theta)), self.dataset.magnitude)
            self._last = (theta, map_reduce(self.dataset, step))
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

    def try_sample(self, rows: int, theta: float) -> tuple[float, float]:
        """The optimum of a sample of so many rows, and its standard error.

        A sample can be separable where the data are not; then ``theta`` and 1 are returned.
        """
        few = self.dataset.sample(rows)
        if few.weights is not None and not few.weights.any():
            return theta, 1.0
        sample = _Search(few, self.bounds, SAMPLE_TOLERANCE)
        solved = sample.solve(theta)
        found = solved + sample.last_step(solved)
        low, high = self.bounds
        if not low + SAMPLE_MARGIN < found < high - SAMPLE_MARGIN:
            return theta, 1.0
        s = sample.sums(solved)
        return found, float(s.spread / np.exp(found))

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
            before, theta = theta, self._descend(theta)
            if theta == before:
                break
        return theta

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

    def _descend(self, start: float) -> float:
        first = self.sums(start)
        beta = np.exp(start)
        # the second derivative in theta, without the part that can make it negative
        root = np.sqrt((beta**2 * first.curvature + beta * max(first.gradient, 0)) / first.weight)
        if not root > 0 or not np.isfinite(root):
            root = 1.0

        def function(x: Float64) -> tuple[float, Float64]:
            theta = float(start + x[0] / root)
            s = self.sums(theta)
            slope = np.exp(theta) * s.gradient / s.weight
            return s.nll / s.weight, np.array([slope / root])

        low, high = ((np.array([b]) - start) * root for b in self.bounds)
        x = minimise(function, np.zeros(1), (low, high), self.tolerance * root)
        return float(np.clip(start + x[0] / root, *self.bounds))

    def conclude(self, theta: float) -> Optimum:
        step, s = self.last_step(theta), self.sums(theta)
        low, high = self.bounds
        if abs(step) > self.tolerance or not low < theta < high:
            return self._not_converged(theta)
        mean_nll = s.nll / s.weight
        theta += step
        beta = float(np.exp(theta))
        interval, half = None, s.half_width()
        if half is not None and half < WIDEST * beta:
            width = half / beta
            interval = (float(np.exp(-theta - width)), float(np.exp(-theta + width)))
        return Optimum(
            temperature=1.0 / beta,
            nll=float(mean_nll + step * beta * s.gradient / s.weight / 2),
            passes=self.passes,
            interval=interval,
        )

    def _not_converged(self, theta: float) -> Optimum:
        """No finite optimum: say which way it lies and stop at the bound."""
        ends, unit = map_reduce(self.dataset, end_slopes), 1 / self.dataset.factor
        if ends.sharp <= 0:
            theta = self.bounds[1]
            reason = reasons(self.dataset.task).separated
        elif ends.flat >= 0 and ends.worst.pull > ends.against / 2 and self.dataset.n_rows > 2:
            theta = self.bounds[0]
            reason = (
                f"in row {ends.worst.row} the score of the label is "
                f"{unit * ends.worst.gap:.3g} below the largest: it outweighs all other rows; is "
                "this label right, or its class masked?"
            )
        elif ends.flat >= 0:
            theta = self.bounds[0]
            reason = reasons(self.dataset.task).astray
        else:
            reason = "the optimum was not reached"
        s, t = self.sums(theta), float(np.exp(-theta))
        warning = f"{reason}; stopped at T = {unit * t:.4g}"
        nll = float(s.nll / s.weight)
        return Optimum(t, nll, self.passes, converged=False, warnings=(warning,))


def heeding_zeros(dataset: Dataset, found: Optimum) -> Optimum:
    """The same optimum, with a warning where rows whose label has probability 0 decide it, or
    answers said with 100 %, of which some were wrong.

    They do where T without them differs by more than its standard error.
    """
    zeros, interval = dataset.zeros, found.interval
    if not zeros.labels or dataset.left_out is not None or interval is None:
        return found
    lowest = (float(np.log(zeros.short)), float(np.log(zeros.read_as)))
    answers = dataset.task is Task.confidence and dataset.scores == "probabilities"
    step = certain if answers else ZeroLabels(lowest, dataset.layout.width is None)
    rows = np.concatenate(list(map_blocks(dataset, step)))
    others = np.setdiff1d(np.arange(dataset.n_rows), rows)
    if not len(others):
        return found
    without = best_temperature(dataset.take(others))
    if not without.converged or without.interval is None:
        return found
    low, high = without.interval
    error = np.log(high / low) / 2 / NORMAL_95
    if abs(np.log(found.temperature / without.temperature)) <= error:
        return found
    which = "answers said with 100 or 0 %" if answers else "labels with probability 0"
    warning = (
        f"{which} move T: without these {len(rows):,} of {dataset.n_rows:,} rows "
        f"it would be {without.temperature:.3g} (95 % interval {low:.3g} to {high:.3g})"
    )
    return replace(found, warnings=(*found.warnings, warning))
