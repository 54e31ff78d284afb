"""How often the intervals of a cell held the truth, and how often its tests rejected."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from .cells import Cell
from .populations import Array
from .runs import SIDES, Key, Outcome, Shown, T, null_holds, run
from .truths import Figures, best_temperature, figures_at

SPOILT = 1.25  # the temperature that a calibrated model is led astray by
POINTS = 13  # fitted temperatures at which the truth is computed; between them it is interpolated
ZERO = 1e-7
SIGNED = ("overconfidence", "nll_calibration")  # 0 is nothing special for these
LIMITS = 0.93, 0.98
REJECTIONS = 0.07
LEVEL = 0.05


@dataclass(frozen=True)
class Coverage:
    """Of one figure in one cell, over the runs that are marked rough, or those that are not.

    Attributes:
        given, missing: runs with an interval, and without.
        below, above: intervals that the truth lies below, and above.
        truth: the true value; the middle one, where each run has its own.
        least: whether that is the least that the figure can be: more than 98 % is no fault then.
    """

    given: int
    missing: int
    below: int
    above: int
    truth: float
    least: bool = False

    @property
    def share(self) -> float:
        """Of the intervals that hold the truth; NaN where there are none."""
        return 1 - (self.below + self.above) / self.given if self.given else np.nan

    @property
    def fails(self) -> bool:
        """Whether the share is outside 93 to 98 % by more than chance; see ``least``."""
        low, high = (limit * (1 - limit) / max(self.given, 1) for limit in LIMITS)
        too_low = self.share < LIMITS[0] - 2 * np.sqrt(low)
        too_high = self.share > LIMITS[1] + 2 * np.sqrt(high) and not self.least
        return bool(too_low or too_high)


@dataclass(frozen=True)
class Rejections:
    """Of one test in one cell where its null holds."""

    given: int
    missing: int
    rejected: int

    @property
    def share(self) -> float:
        return self.rejected / self.given if self.given else np.nan

    @property
    def fails(self) -> bool:
        chance = np.sqrt(REJECTIONS * (1 - REJECTIONS) / max(self.given, 1))
        return bool(self.share > REJECTIONS + 2 * chance)


@dataclass(frozen=True)
class Score:
    """Of one cell.

    Attributes:
        accuracy: of the population.
        plain, rough: coverage by side and figure, of intervals unmarked and marked.
        tests: rejections by side and test.
    """

    cell: Cell
    runs: int
    accuracy: float
    plain: dict[Key, Coverage] = field(default_factory=dict)
    rough: dict[Key, Coverage] = field(default_factory=dict)
    tests: dict[Key, Rejections] = field(default_factory=dict)


def score_of(cell: Cell, runs: int, bootstrap: int, pool: Executor) -> Score:
    """Run one cell and compare with its truth."""
    best = best_temperature(cell, pool)
    after = SPOILT if np.isclose(best, 1.0) else best
    runs = max(1, runs // cell.thin)
    outcomes = list(pool.map(partial(run, cell, after, bootstrap), range(runs)))
    truth = _Truth.of(cell, best, outcomes, pool)
    score = Score(cell, runs, truth.at["before"]["accuracy"])
    for key in {key: None for outcome in outcomes for key in outcome.shown}:
        of_runs = zip(truth.of_runs(key), outcomes, strict=True)
        found = [(t, o.shown[key]) for t, o in of_runs if key in o.shown]
        missing = [each for each in found if each[1].low is None]
        plain, rough = (
            [each for each in found if each[1].low is not None and each[1].rough is mark]
            for mark in (False, True)
        )
        if plain or not rough:  # where none is given, there is nothing to mark
            score.plain[key] = _coverage(plain + missing, key)
        if rough:
            score.rough[key] = _coverage(rough + missing * (not plain), key)
    for key in outcomes[0].p_values:
        if null_holds(cell, key, after, best):
            p = [outcome.p_values[key] for outcome in outcomes]
            known = [each for each in p if each is not None]
            rejected = sum(each <= LEVEL for each in known)
            score.tests[key] = Rejections(len(known), len(p) - len(known), rejected)
    return score


def _coverage(found: Sequence[tuple[float, Shown]], key: Key) -> Coverage:
    """Runs without a truth, as their fit did not converge, count as without an interval."""
    given = [(t, s.low, s.high) for t, s in found if s.low is not None and np.isfinite(t)]
    truth, low, high = (np.array([each[i] for each in given], float) for i in range(3))
    slack = ZERO * (1 + np.abs(truth))
    middle = float(np.nanmedian([t for t, _ in found])) if given else np.nan
    return Coverage(
        given=len(given),
        missing=len(found) - len(given),
        below=int(np.count_nonzero(truth < low - slack)),
        above=int(np.count_nonzero(truth > high + slack)),
        truth=middle,
        least=abs(middle) < ZERO and key[1] not in SIGNED,
    )


@dataclass(frozen=True)
class _Truth:
    """Of the sides, and where a temperature was fitted in each run, of that temperature.

    Attributes:
        best: the temperature of least nll.
        at: the figures before, at ``best`` and after, where that is the same in all runs.
        fitted: ``(runs,)`` the temperature of after, NaN where none was found.
        points, figures: temperatures around these, ascending, and the figures there.
    """

    best: float
    at: dict[str, Figures]
    fitted: Array
    points: Array
    figures: list[Figures]

    @staticmethod
    def of(cell: Cell, best: float, outcomes: Sequence[Outcome], pool: Executor) -> _Truth:
        shown = [o.temperature for o in outcomes]
        fitted = np.array([np.nan if t is None else t for t in shown])
        known = np.log(fitted[np.isfinite(fitted)])
        points = np.log([best])
        if len(known):
            quantiles = np.quantile(known, np.linspace(0, 1, POINTS))
            points = np.unique(np.round(np.append(quantiles, np.log(best)), 12))
        before, *figures = figures_at(cell, [1.0, *np.exp(points)], pool)
        at_best = figures[int(np.abs(points - np.log(best)).argmin())]
        return _Truth(best, {"before": before, "best": at_best}, fitted, points, figures)

    def of_runs(self, key: Key) -> Array:
        """The truth of one figure, per run."""
        side, name = key
        if key == T:
            return np.full(len(self.fitted), self.best)
        before = self._before(name)
        if side == SIDES[0]:
            return np.full(len(self.fitted), before)
        values = [self._value(figures, name) for figures in self.figures]
        after = np.interp(np.log(self.fitted), self.points, values)
        after = np.where(np.isfinite(self.fitted), after, np.nan)
        return after - before if side == "change" else after

    def _before(self, name: str) -> float:
        return self._value(self.at["before"], name)

    def _value(self, figures: Figures, name: str) -> float:
        if name == "nll_calibration":
            return figures["nll"] - self.at["best"]["nll"]
        return figures[name]
