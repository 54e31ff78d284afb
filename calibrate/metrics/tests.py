"""What chance makes of right confidences: the gaps of calibrated models, bin by bin."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from calibrate.arrays import Float64, Index
from calibrate.blocks.bins import BinTable, bin_index
from calibrate.blocks.block import sum_by_part
from calibrate.blocks.passes import doing, map_blocks
from calibrate.blocks.sums import effective, jackknife, product
from calibrate.metrics.choice import Choice
from calibrate.metrics.evidence import Evidence
from calibrate.metrics.gaps import ClasswiseChance
from calibrate.metrics.means import skewed, skewness
from calibrate.metrics.totals import KeptRows, PartGaps, Totals
from calibrate.results.report import Test, Tests

CELLS = 2048  # rows of a bin are taken together, by weight and confidence, beyond so many rows
SAMPLES = 1000
PER_DRAW = 50  # samples computed at once
POWER = 0.8


@dataclass(frozen=True)
class Chance:
    """The gaps seen, and those of calibrated models with the same confidences.

    Attributes:
        seen: ``(b,)`` the sums ``sum w (correct - confidence)`` of the bins.
        drawn: ``(samples, b)`` the same of calibrated models.
        table: the bins.
    """

    seen: Float64
    drawn: Float64
    table: BinTable

    @property
    def total(self) -> float:
        return float(self.table.weight.sum())

    @cached_property
    def eces(self) -> Float64:
        """The ECE of each calibrated model, ``(samples,)``."""
        return np.asarray(np.abs(self.drawn).sum(axis=1) / self.total)

    @property
    def test(self) -> Test:
        """How often would a calibrated model of these confidences show at least this ECE?

        p = (1 + how often the ECE is at least the observed one) / 1 001. Reference: Broecker &
        Smith (2007), Increasing the reliability of reliability diagrams.
        """
        ece = float(np.abs(self.seen).sum() / self.total)
        p = (1 + np.count_nonzero(self.eces >= ece - 1e-12)) / (1 + len(self.eces))
        return Test(ece, float(p), self.limit, self.detectable)

    @cached_property
    def limit(self) -> float:
        """The ECE that calibrated models stay below 19 times in 20."""
        return float(np.quantile(self.eces, 0.95))

    @cached_property
    def detectable(self) -> float:
        """The smallest ECE that the test would find four times in five: of a model whose
        confidence is off by the same amount, and the same way, everywhere.
        """
        share = self.table.weight / self.total
        noise = self.drawn / self.total

        def found(shift: float) -> float:
            return float(np.mean(np.abs(noise + shift * share).sum(axis=1) > self.limit))

        low, high = 0.0, 1.0
        for _ in range(20):
            middle = (low + high) / 2
            low, high = (low, middle) if found(middle) >= POWER else (middle, high)
        return high

    @property
    def band(self) -> tuple[Float64, Float64]:
        """Between which accuracies 95 % of calibrated models lie, ``(b,)`` each."""
        weight = self.table.weight
        gaps = np.divide(self.drawn, weight, out=np.zeros_like(self.drawn), where=weight > 0)
        low, high = np.quantile(self.table.confidence + gaps, [0.025, 0.975], axis=0)
        return np.clip(low, 0, 1), np.clip(high, 0, 1)


@dataclass(frozen=True)
class _Generators:
    """A generator of its own for each group of samples: the seed decides, not who runs."""

    n_rows: int
    block_rows: int
    seed: int

    def read(self, start: int, stop: int) -> np.random.Generator:
        return np.random.default_rng([self.seed, 1, start, stop])


@dataclass(frozen=True)
class _Draw:
    """The step that draws the correctness of calibrated rows: the gaps per bin.

    Attributes:
        rows, confidence: ``(cells,)`` how many rows a cell has, and their mean confidence.
        scale: ``(cells,)`` what one right answer more adds to the gap.
        starts, bins: where each bin that has cells starts, and which it is.
        n_bins: of all.
    """

    rows: Float64
    confidence: Float64
    scale: Float64
    starts: Index
    bins: Index
    n_bins: int

    def __call__(self, rng: np.random.Generator) -> Float64:
        shape = (PER_DRAW, len(self.rows))
        if self.rows.max() == 1:
            right = (rng.random(shape) < self.confidence).astype(np.float64)
        else:
            count = rng.binomial(self.rows.astype(np.int64), self.confidence, size=shape)
            right = count.astype(np.float64)
        expected = self.rows * self.confidence
        gap = np.zeros((PER_DRAW, self.n_bins))
        gap[:, self.bins] = np.add.reduceat((right - expected) * self.scale, self.starts, axis=1)
        return gap


def drawn_gaps(confidence: Float64, weight: Float64, edges: Float64, seed: int) -> Float64:
    """The gaps of ``SAMPLES`` calibrated models with these confidences, ``(samples, b)``.

    Each row is drawn once, with its own weight. Where there are many, rows of the same bin, of
    like weight and confidence, are drawn together: their number of right answers is binomial, and
    stands for a sum of the same variance, ``sum w² c (1 - c)``.
    """
    index = bin_index(confidence, edges)
    order = np.lexsort((confidence, weight, index))
    index, c, w = index[order], confidence[order], weight[order]
    n = len(c)
    cell = np.arange(n) * min(n, CELLS) // n
    first = np.flatnonzero((np.diff(cell, prepend=-1) > 0) | (np.diff(index, prepend=-1) > 0))
    rows = np.diff(first, append=n).astype(np.float64)
    mean = np.clip(np.add.reduceat(c, first) / rows, 0.0, 1.0)
    variance = np.add.reduceat(np.square(w) * c * (1 - c), first)
    binomial = rows * mean * (1 - mean)
    scale = np.sqrt(np.divide(variance, binomial, out=np.zeros_like(rows), where=binomial > 0))
    own = index[first]
    starts = np.flatnonzero(np.diff(own, prepend=-1) > 0)
    step = _Draw(rows, mean, scale, starts, own[starts], len(edges) - 1)
    return np.concatenate(list(map_blocks(_Generators(SAMPLES, PER_DRAW, seed), step)))


def signed_gaps(gaps: PartGaps, seed: int) -> Float64:
    """The gaps with a random sign for the noise of each part, ``(samples, b)``.

    Reference: Mammen (1993), Bootstrap and wild bootstrap; Cameron, Gelbach & Miller (2008) for
    clusters.
    """
    n_parts = int(np.count_nonzero(gaps.weight))
    signs = np.random.default_rng([seed, 1]).integers(0, 2, size=(SAMPLES, len(gaps.weight)))
    stretched = gaps.noise * np.sqrt(n_parts / max(n_parts - 1, 1))
    return product(2.0 * signs - 1, stretched)


# Is the miscalibration more than chance? Is this temperature right for these rows?


FEWEST = 20.0  # errors expected, and right answers, for a test that rests on a normal distribution
NONE = Test(None, None)
LEFT = 0.2  # of the spread of Z: where the choice of T leaves less, errors of T outweigh it


@dataclass(frozen=True)
class Significance:
    """The tests of each side, and what they rest on.

    Attributes:
        tests: per side.
        chance: per side, the gaps of calibrated models with the same confidences.
        p_values: per side, of the consistency test of the confidences.
    """

    tests: tuple[Tests, ...]
    chance: tuple[Chance, ...]
    p_values: tuple[float | None, ...]


@doing("testing", "samples")
def significance_tests(totals: Totals, seed: int, choice: Choice | None = None) -> Significance:
    """Test each side.

    Of yes-no decisions the consistency test is about the probability of yes: a lean towards yes
    cancels in the confidence. Where the last side went through a temperature that these rows
    chose, what the choice takes away from the gaps is allowed for, and the score test, which it
    makes 0, is left out.
    """
    last = totals.n_sides - 1
    sides = [
        _Side(totals, side, seed, choice if side == last else None) for side in range(last + 1)
    ]
    return Significance(
        tuple(side.tests for side in sides),
        tuple(side.of_confidence for side in sides),
        tuple(side.of_confidence.test.p_value if side.testable else None for side in sides),
    )


@dataclass(frozen=True)
class _Side:
    """One side, and the choice of its temperature by these rows, if they made it."""

    totals: Totals
    side: int
    seed: int
    choice: Choice | None

    @cached_property
    def pull(self) -> Float64 | None:
        """By how much each part of the rows has moved log(1/T)."""
        return None if self.choice is None else self.choice.pull(self.totals)

    @property
    def exact(self) -> bool:
        """Whether the null distribution is known, and no spread between parts is needed."""
        return self.totals.hard and self.totals.alone and self.pull is None

    @cached_property
    def testable(self) -> bool:
        """Whether anything can be said about what chance does."""
        known = self.pull is None or bool(self.pull.any())
        many = Evidence.from_totals(self.totals).many and _expects_errors(self.totals, self.side)
        return self.exact or (known and many)

    @cached_property
    def of_confidence(self) -> Chance:
        return _chance(self.totals.kept, self)

    @property
    def tests(self) -> Tests:
        totals, side = self.totals, self.side
        chance = (
            self.of_confidence if totals.kept.yes is None else _chance(totals.kept.of_yes, self)
        )
        classwise = NONE
        if totals.classes and not totals.yes_no and totals.plain:  # independent rows, hard labels
            classwise = ClasswiseChance.from_table(totals.classes[side]).test
        fitted = self.choice is not None
        return Tests(
            consistency=chance.test if self.testable else NONE,
            spiegelhalter=spiegelhalter_test(totals.kept, side, totals, self.pull)
            if self.testable
            else NONE,
            temperature=NONE if fitted else temperature_test(totals, side),
            classwise=classwise,
            after_fit=fitted,
        )


def _chance(kept: KeptRows, of: _Side) -> Chance:
    """The gaps that chance alone would make of these confidences.

    Independent rows with hard labels: the correctness of each row is drawn from its confidence.
    Else the residuals of each part get a random sign: their spread is what these rows show,
    whatever weights, shares or dependence do to it.
    """
    side, edges = of.side, of.totals.edges
    gaps = kept.gaps(side, edges)
    if of.exact:
        drawn = drawn_gaps(kept.confidences[side], kept.weight, edges, of.seed)
    else:
        drawn = signed_gaps(_after_choice(gaps, kept, side, edges, of.pull), of.seed)
    return Chance(gaps.total, drawn, kept.ordered[side].binned(edges))


def _after_choice(
    gaps: PartGaps, kept: KeptRows, side: int, edges: Float64, pull: Float64 | None
) -> PartGaps:
    """The gaps as they would be at the true temperature, to first order: a part that pulls T its
    way hides some of its own gap.
    """
    if pull is None:
        return gaps
    tilt = np.bincount(
        bin_index(kept.confidences[side], edges), kept.weight * kept.tilts[side], len(edges) - 1
    )
    n_parts = len(gaps.by_part)
    few = np.bincount(np.arange(len(pull)) % n_parts, pull, n_parts)
    return replace(gaps, by_part=gaps.by_part - few[:, None] * tilt)


def spiegelhalter_test(
    kept: KeptRows, side: int, totals: Totals, pull: Float64 | None = None
) -> Test:
    """Spiegelhalter's Z: is the Brier score of the confidence what the confidences promise?

    ``Z = sum w (a - c)(1 - 2c) / sqrt(sum w² (1 - 2c)² c (1 - c))``, normal for a calibrated
    model. Reference: Spiegelhalter (1986), Probabilistic prediction in patient management. With
    soft labels, rows that belong together, or a temperature that these rows chose, the variance is
    the one that the parts of the rows show. There is none where T has made Z all but 0: it does
    where rows are one number, as of yes-no decisions, and none is far from 1/2, or all are alike.
    """
    from scipy.special import ndtr

    c, a, w = kept.confidences[side], kept.corrects[side], kept.weight
    if not _expects_errors(totals, side):
        return NONE
    each = w * (a - c) * (1 - 2 * c)
    if totals.hard and totals.alone and pull is None:
        variance = float(np.sum(np.square(w * (1 - 2 * c)) * c * (1 - c)))
        if not variance > 0:
            return NONE
        z = float(each.sum()) / np.sqrt(variance)
        return Test(float(z), float(2 * ndtr(-abs(z))))
    if not Evidence.from_totals(totals).many:
        return NONE
    by_part = sum_by_part(each, kept.part)
    if pull is not None:
        left = by_part - pull * float(np.sum(w * kept.tilts[side] * (1 - 2 * c)))
        if float(left.std()) < LEFT * float(by_part.std()):
            return NONE
        by_part = left
    return _student(by_part, kept.part_weight, total=float(each.sum()))


def _expects_errors(totals: Totals, side: int) -> bool:
    """Whether enough errors and enough right answers are to be expected of the confidences, in
    effective rows.
    """
    kept = totals.kept
    right = float(np.average(kept.confidences[side], weights=kept.weight))
    return min(right, 1 - right) * Evidence.from_totals(totals).rows >= FEWEST


def temperature_test(totals: Totals, side: int) -> Test:
    """The score test: is the slope of the NLL in the temperature 0, but for chance?

    ``z = sum w g / error`` with g the slope of the NLL of a row in log(1/T), the error from the
    parts of the rows and its skewness taken out. Negative: the rows want a smaller T than the one
    in use, positive: a larger one. Reference: Rao (1948), Large sample tests.
    """
    if not _expects_errors(totals, side) or not Evidence.from_totals(totals).many:
        return NONE
    rows = totals.rows
    return _student(rows.values[side - totals.n_sides], rows.weight)


def _student(by_part: Float64, weight: Float64, total: float | None = None) -> Test:
    """Is the total of independent parts 0? By Student's distribution."""
    from scipy.special import stdtr

    n_parts = int(np.count_nonzero(weight))
    total = float(by_part.sum()) if total is None else total
    centred = by_part - weight * (by_part.sum() / weight.sum())
    error = float(jackknife(centred, n_parts)) * n_parts / max(n_parts - 1, 1)
    rounding = 1e-12 * float(weight.sum())  # of shares that are the probabilities themselves
    if n_parts < 2 or not error > rounding or not np.isfinite(error):
        return NONE
    z = total / error
    freedom = max(effective(weight) - 1, 1.0)
    p = 2 * stdtr(freedom, -abs(skewed(z, float(skewness(centred)))))
    return Test(z, float(p))
