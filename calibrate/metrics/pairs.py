"""Comparing many: intervals of differences that hold all together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from calibrate.arrays import Float64
from calibrate.blocks.row_sums import effective, jackknife
from calibrate.blocks.student import NORMAL_95, student_95
from calibrate.blocks.sums import product
from calibrate.results.comparison import Pair
from calibrate.results.measurement import Measurement

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


def together(many: int) -> float:
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
