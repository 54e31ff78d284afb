"""Is the miscalibration more than chance? Is this temperature right for these rows?"""

from __future__ import annotations

from typing import Protocol

import numpy as np

from calibrate.blocks.bins import BinTable, Float64
from calibrate.blocks.passes import map_blocks
from calibrate.blocks.row_sums import RowSums
from calibrate.metrics import Ordered, ece
from calibrate.metrics.intervals.resampled import PER_DRAW, KeptRows
from calibrate.results.report import Test, Tests

CELLS = 1024  # rows are taken together, by confidence, into at most so many cells
SAMPLES = 1000


class HowToResample(Protocol):
    @property
    def seed(self) -> int: ...

    @property
    def workers(self) -> int | None: ...


def significance_tests(
    pairs: KeptRows, rows: RowSums, edges: Float64, settings: HowToResample
) -> tuple[list[Tests], list[BinTable], list[float | None]]:
    """The tests of each side, and the tables of calibrated models with the same confidences.

    Of yes-no decisions the consistency test is about the probability of yes: a lean towards yes
    cancels in the confidence. The last ones returned are the p-values of the test of the
    confidences. The last columns of ``rows`` are the slopes of the NLL, per side.
    """
    sides = range(len(pairs.confidences))
    levels = pairs.levels
    drawn = [consistency_samples(each, edges, settings) for each in levels]
    confidence = [consistency_test(levels[side].binned(edges), drawn[side]) for side in sides]
    consistency = confidence
    if pairs.yes is not None:
        of_yes = pairs.of_yes.levels
        consistency = [
            consistency_test(each.binned(edges), consistency_samples(each, edges, settings))
            for each in of_yes
        ]
    tests = [
        Tests(
            consistency=consistency[side],
            spiegelhalter=spiegelhalter_test(pairs, side),
            temperature=temperature_test(rows, side - len(sides)),
        )
        for side in sides
    ]
    return tests, drawn, [test.p_value for test in confidence]


def consistency_test(observed: BinTable, calibrated: BinTable) -> Test:
    """How often would a calibrated model of these confidences show at least this ECE?

    The correctness of each row is drawn from its confidence, 1 000 times; p = (1 + how often the
    ECE is at least the observed one) / 1 001. Reference: Broecker & Smith (2007).
    """
    statistic, drawn = float(ece(observed)), ece(calibrated)
    p = (1 + np.count_nonzero(drawn >= statistic - 1e-12)) / (1 + len(drawn))
    return Test(statistic=statistic, p_value=float(p))


def consistency_samples(levels: Ordered, edges: Float64, settings: HowToResample) -> BinTable:
    """The tables of ``SAMPLES`` calibrated models with these confidences, ``(samples, b)``."""
    cells = np.arange(len(levels.confidence)) * CELLS // max(CELLS, len(levels.confidence))
    starts = np.flatnonzero(np.concatenate([[True], cells[1:] > cells[:-1]]))
    weight = np.add.reduceat(levels.weight, starts)
    confidence = np.add.reduceat(levels.weight * levels.confidence, starts)
    confidence = np.clip(np.divide(confidence, weight, out=confidence, where=weight > 0), 0, 1)
    rows = np.maximum(np.rint(weight * levels.rows_per_weight), 1).astype(np.int64)

    def step(rng: np.random.Generator) -> Float64:
        correct = rng.binomial(rows, confidence, size=(PER_DRAW, len(rows))) / rows * weight
        repeated = np.broadcast_to(weight, correct.shape)
        return Ordered(confidence, repeated, correct).binned(edges).correct_sum

    draws = _Generators(SAMPLES, PER_DRAW, settings.seed)
    correct = np.concatenate(list(map_blocks(draws, step, settings.workers)))
    same = Ordered(confidence, weight, weight * confidence).binned(edges)

    def repeat(sums: Float64) -> Float64:
        return np.broadcast_to(sums, correct.shape)

    return BinTable(edges, repeat(same.weight), repeat(same.confidence_sum), correct)


class _Generators:
    """A generator of its own for each group of samples: the seed decides, not the threads."""

    def __init__(self, n_rows: int, block_rows: int, seed: int) -> None:
        self.n_rows, self.block_rows, self.seed = n_rows, block_rows, seed

    def read(self, start: int, stop: int) -> np.random.Generator:
        return np.random.default_rng([self.seed, 1, start, stop])


def spiegelhalter_test(pairs: KeptRows, side: int) -> Test:
    """Spiegelhalter's Z: is the Brier score of the confidence what the confidences promise?

    ``Z = sum w (a - c)(1 - 2c) / sqrt(sum w² (1 - 2c)² c (1 - c))``, normal for a calibrated
    model. Reference: Spiegelhalter (1986), Probabilistic prediction in patient management.
    """
    c, a, w = pairs.confidences[side], pairs.corrects[side], pairs.weight
    variance = float(np.sum(np.square(w * (1 - 2 * c)) * c * (1 - c)))
    return _normal(float(np.sum(w * (a - c) * (1 - 2 * c))), variance)


def temperature_test(rows: RowSums, column: int) -> Test:
    """The score test: is the slope of the NLL in the temperature 0, but for chance?

    ``z = sum w g / sqrt(sum (w g)²)`` with g the slope of the NLL of a row in log(1/T). Negative:
    the rows want a smaller T than the one in use, positive: a larger one.
    """
    return _normal(float(rows.values[column]), float(rows.squares[column]))


def _normal(total: float, variance: float) -> Test:
    from scipy.special import ndtr

    if not variance > 0:
        return Test(None, None)
    z = total / np.sqrt(variance)
    return Test(float(z), float(2 * ndtr(-abs(z))))
