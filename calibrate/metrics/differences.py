"""Comparing many: intervals of differences that hold all together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from calibrate.arrays import Float64
from calibrate.blocks.sums import NORMAL_95, effective, jackknife, product, student_95
from calibrate.results.comparison import ComparedModel, ModelRuns, OverRuns, Pair, Spread
from calibrate.results.measurement import Measurement, Metrics, Sides

SAMPLES = 4000


@dataclass(frozen=True)
class RowMeans:
    """A mean over rows.

    Attributes:
        mean: of the rows.
        influence: what it would lose without each part of them.
        weight: of the parts.
        enough: whether the rows carry any interval.
    """

    mean: float
    influence: Float64
    weight: Float64
    enough: bool = True


def dunn(many: int) -> float:
    """The normal quantile with which so many 95 % intervals hold all together.

    Reference: Dunn (1961), Multiple comparisons among means.
    """
    from scipy.special import ndtri

    return float(ndtri(1 - 0.025 / max(many, 1)))


def all_pairs(names: Sequence[str], models: Sequence[RowMeans], seed: int) -> tuple[Pair, ...]:
    """The difference of the means of each pair, with 95 % intervals that hold all together.

    The largest of the studentised differences is drawn by giving the noise of each part a random
    sign, the same for all models: models that err on the same rows are told apart by less.
    Reference: Romano & Wolf (2005), Stepwise multiple testing as formalized data snooping.
    """
    if len(models) < 2:
        return ()
    pairs = list(combinations(range(len(models)), 2))
    first, second = np.array(pairs).T
    influence = np.stack([model.influence for model in models])
    weight = models[0].weight
    n_parts = int(np.count_nonzero(weight))
    errors = jackknife(influence[second] - influence[first], n_parts)
    signs = 2.0 * np.random.default_rng([seed, 2]).integers(0, 2, (SAMPLES, len(weight))) - 1
    drawn = product(signs, influence.T)
    differ = errors > 0
    largest = np.zeros(SAMPLES)
    if differ.any():
        each = np.abs(drawn[:, second] - drawn[:, first])[:, differ] / errors[differ]
        largest = each.max(axis=1)
    few = student_95(effective(weight)) / NORMAL_95
    limit = max(float(np.quantile(largest, 0.95)), NORMAL_95) * few
    found = []
    for (a, b), error in zip(pairs, errors.tolist(), strict=True):
        value = models[b].mean - models[a].mean
        half = limit * error
        if not (models[a].enough and models[b].enough):
            found.append(Pair(names[a], names[b], Measurement(value)))
            continue
        found.append(Pair(names[a], names[b], Measurement(value, value - half, value + half)))
    return tuple(found)


# Several runs of models, as with other seeds: means, how they spread, and differences.
#
# Another run changes a figure beside what other rows would. These intervals are about runs, on the
# same rows: Student's t over the runs, which is all there is to know of where a run may fall.


def over_runs(models: Sequence[ComparedModel]) -> OverRuns | None:
    """The models that several of these are runs of; None where each is alone."""
    by_name: dict[str, list[ComparedModel]] = {}
    for model in models:
        by_name.setdefault(model.run_of or model.name, []).append(model)
    if len(by_name) == len(models):
        return None
    first, *others = by_name.values()
    found = [
        ModelRuns(
            name,
            len(runs),
            Sides(_spreads([r.metrics.before for r in runs]), _spreads(_after(runs))),
            None if runs is first else _against(first, runs, len(others)),
        )
        for name, runs in by_name.items()
    ]
    pairs = list(combinations(by_name, 2))
    nll = {name: [side["nll"].value for side in _after(runs)] for name, runs in by_name.items()}
    apart = (Pair(a, b, difference(nll[a], nll[b], len(pairs))) for a, b in pairs)
    return OverRuns(tuple(found), tuple(apart))


def _after(runs: Sequence[ComparedModel]) -> list[Metrics]:
    return [run.metrics.last for run in runs]


def _spreads(runs: Sequence[Metrics]) -> dict[str, Spread]:
    return {name: spread([run[name].value for run in runs]) for name in runs[0]}


def _against(
    first: Sequence[ComparedModel], runs: Sequence[ComparedModel], many: int
) -> Sides[Metrics]:
    def minus(ours: Sequence[Metrics], theirs: Sequence[Metrics]) -> Metrics:
        return {
            name: difference([m[name].value for m in ours], [m[name].value for m in theirs], many)
            for name in theirs[0]
        }

    before = minus([run.metrics.before for run in first], [run.metrics.before for run in runs])
    return Sides(before, minus(_after(first), _after(runs)))


def spread(values: Sequence[float | None]) -> Spread:
    """The mean over runs with its 95 % interval, Student's t, and their standard deviation.

    There is no interval of a single run, nor where all runs are alike: that tells nothing of
    another one.
    """
    found = [value for value in values if value is not None]
    if len(found) < len(values):
        return Spread(None)
    mean = float(np.mean(found))
    if len(found) < 2:
        return Spread(mean)
    sd = _deviation(found)
    if sd == 0:
        return Spread(mean, sd=sd)
    half = _quantile(len(found) - 1, 1) * sd / len(found) ** 0.5
    return Spread(mean, mean - half, mean + half, sd)


def difference(
    first: Sequence[float | None], second: Sequence[float | None], many: int = 1
) -> Measurement:
    """The mean over the runs of the second minus that of the first, with its interval.

    So many intervals hold together (Dunn 1961). There is none where a model has a single run, or
    runs that are all alike. The spreads may differ: Student's t has as many degrees of freedom as
    the model of fewer runs, with which an interval holds at least as often as it says, where
    Welch's of 2 and 10 runs holds 90 times in 100.
    Reference: Mickey & Brown (1966), Bounds on the distribution functions of the Behrens-Fisher
    statistic.
    """
    ours = [value for value in first if value is not None]
    theirs = [value for value in second if value is not None]
    if len(ours) < len(first) or len(theirs) < len(second):
        return Measurement(None)
    value = float(np.mean(theirs) - np.mean(ours))
    if min(len(ours), len(theirs)) < 2:
        return Measurement(value)
    a, b = _deviation(ours) ** 2 / len(ours), _deviation(theirs) ** 2 / len(theirs)
    if a == 0 or b == 0:
        return Measurement(value)
    half = _quantile(min(len(ours), len(theirs)) - 1, many) * (a + b) ** 0.5
    return Measurement(value, value - half, value + half)


def _deviation(values: Sequence[float]) -> float:
    """The standard deviation, exactly 0 where all are alike."""
    return 0.0 if min(values) == max(values) else float(np.std(values, ddof=1))


def _quantile(freedom: float, many: int) -> float:
    """Student's, with which so many 95 % intervals hold all together."""
    from scipy.special import stdtrit

    return float(stdtrit(freedom, 1 - 0.025 / max(many, 1)))
