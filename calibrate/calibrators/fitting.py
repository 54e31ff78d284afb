"""The temperature that minimises the NLL of a dataset, with its interval and what to say of it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from calibrate.blocks.optimise import NllStep, Search, scale_of
from calibrate.blocks.passes import map_blocks, map_reduce
from calibrate.blocks.sums import NORMAL_95
from calibrate.calibrators.warnings import ZeroLabels, certain, reasons, why_at_the_bound
from calibrate.data.dataset import Dataset
from calibrate.tasks import Task

FAR = 6  # scores whose typical gap is beyond 2^±6 are rescaled
WIDEST = 100.0  # half an interval of log T so wide tells nothing, and its ends overflow


@dataclass(frozen=True)
class Optimum:
    """The best temperature; ``Fit`` says what the fields mean."""

    temperature: float
    nll: float
    passes: int
    interval: tuple[float, float] | None = None
    converged: bool = True
    warnings: tuple[str, ...] = ()


def best_temperature(dataset: Dataset, start: float | None = None) -> Optimum:
    """Minimise ``mean_i w_i NLL_i(z_i / T)`` over T.

    The interval, from the sandwich variance by parts, is taken on the scale of log T.

    Args:
        dataset: labelled rows.
        start: a temperature close to the optimum, where one is known.
    """
    dataset = dataset.precise()
    scale = scale_of(dataset)
    if scale is None:
        s = map_reduce(dataset, NllStep(1.0, dataset.magnitude))
        warning = f"T is undefined: {reasons(dataset.task).flat}; T = 1 was kept"
        return Optimum(1.0, float(s.nll / s.weight), 1, converged=False, warnings=(warning,))
    exponent = round(np.log2(scale))
    if abs(exponent) > FAR:  # bring the scores near 1, so that no power of them overflows
        unit = 2.0**exponent
        found = best_temperature(dataset.rescaled(1 / unit))
        interval = found.interval and (found.interval[0] * unit, found.interval[1] * unit)
        return replace(found, temperature=found.temperature * unit, interval=interval)
    search = Search(dataset, scale)
    theta = search.solve(search.start() if start is None else -float(np.log(start)))
    if not search.arrived(theta):
        theta, reason = why_at_the_bound(dataset, theta, search.bounds)
        s, t = search.sums(theta), float(np.exp(-theta))
        warning = f"{reason}; stopped at T = {t / dataset.factor:.4g}"
        nll = float(s.nll / s.weight)
        return Optimum(t, nll, search.passes, converged=False, warnings=(warning,))
    step, s = search.last_step(theta), search.sums(theta)
    theta += step
    beta = float(np.exp(theta))
    interval, half = None, s.half_width()
    if half is not None and half < WIDEST * beta:
        width = half / beta
        interval = (float(np.exp(-theta - width)), float(np.exp(-theta + width)))
    return Optimum(
        temperature=1.0 / beta,
        nll=float(s.nll / s.weight + step * beta * s.gradient / s.weight / 2),
        passes=search.passes,
        interval=interval,
    )


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
