"""Is the miscalibration more than chance? Is this temperature right for these rows?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from calibrate.arrays import Float64, IntArray
from calibrate.blocks.bins import BinTable
from calibrate.blocks.ordered import Ordered
from calibrate.blocks.passes import map_blocks
from calibrate.blocks.row_sums import RowSums
from calibrate.metrics.definitions.binned import ece
from calibrate.metrics.totals import KeptRows, Totals
from calibrate.results.report import Test, Tests

CELLS = 1024  # rows are taken together, by confidence, into at most so many cells
SAMPLES = 1000
PER_DRAW = 50  # samples computed at once


def significance_tests(
    totals: Totals, seed: int
) -> tuple[list[Tests], list[BinTable], list[float | None]]:
    """The tests of each side, and the tables of calibrated models with the same confidences.

    Of yes-no decisions the consistency test is about the probability of yes: a lean towards yes
    cancels in the confidence. The last ones returned are the p-values of the test of the
    confidences.
    """
    kept, edges, sides = totals.kept, totals.edges, range(totals.n_sides)
    drawn = [consistency_samples(each, edges, seed) for each in kept.ordered]
    confidence = [consistency_test(kept.ordered[i].binned(edges), drawn[i]) for i in sides]
    consistency = confidence
    if kept.yes is not None:
        consistency = [
            consistency_test(each.binned(edges), consistency_samples(each, edges, seed))
            for each in kept.of_yes.ordered
        ]
    tests = [
        Tests(
            consistency=consistency[side],
            spiegelhalter=spiegelhalter_test(kept, side),
            temperature=temperature_test(totals.rows, side - len(sides)),
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


@dataclass(frozen=True)
class _Generators:
    """A generator of its own for each group of samples: the seed decides, not who runs."""

    n_rows: int
    block_rows: int
    seed: int

    def read(self, start: int, stop: int) -> np.random.Generator:
        return np.random.default_rng([self.seed, 1, start, stop])


@dataclass(frozen=True)
class _Calibrated:
    """The step that draws the correctness of calibrated rows: how many are right, per bin."""

    confidence: Float64
    weight: Float64
    rows: IntArray
    edges: Float64

    def __call__(self, rng: np.random.Generator) -> Float64:
        rows, weight = self.rows, self.weight
        correct = rng.binomial(rows, self.confidence, size=(PER_DRAW, len(rows))) / rows * weight
        repeated = np.broadcast_to(weight, correct.shape)
        return Ordered(self.confidence, repeated, correct).binned(self.edges).correct_sum


def consistency_samples(ordered: Ordered, edges: Float64, seed: int) -> BinTable:
    """The tables of ``SAMPLES`` calibrated models with these confidences, ``(samples, b)``."""
    cells = np.arange(len(ordered.confidence)) * CELLS // max(CELLS, len(ordered.confidence))
    starts = np.flatnonzero(np.concatenate([[True], cells[1:] > cells[:-1]]))
    weight = np.add.reduceat(ordered.weight, starts)
    confidence = np.add.reduceat(ordered.weight * ordered.confidence, starts)
    confidence = np.clip(np.divide(confidence, weight, out=confidence, where=weight > 0), 0, 1)
    rows = np.maximum(np.rint(weight * ordered.rows_per_weight), 1).astype(np.int64)
    step = _Calibrated(confidence, weight, rows, edges)
    draws = _Generators(SAMPLES, PER_DRAW, seed)
    correct = np.concatenate(list(map_blocks(draws, step)))
    same = Ordered(confidence, weight, weight * confidence).binned(edges)

    def repeat(sums: Float64) -> Float64:
        return np.broadcast_to(sums, correct.shape)

    return BinTable(edges, repeat(same.weight), repeat(same.confidence_sum), correct)


def spiegelhalter_test(kept: KeptRows, side: int) -> Test:
    """Spiegelhalter's Z: is the Brier score of the confidence what the confidences promise?

    ``Z = sum w (a - c)(1 - 2c) / sqrt(sum w² (1 - 2c)² c (1 - c))``, normal for a calibrated
    model. Reference: Spiegelhalter (1986), Probabilistic prediction in patient management.
    """
    c, a, w = kept.confidences[side], kept.corrects[side], kept.weight
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
