"""Exact binomial bounds, and what decisions achieve."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from calibrate.arrays import Float64
from calibrate.blocks.sums import product
from calibrate.results.measurement import Measurement, Metrics


def lower_bound(successes: Float64, trials: Float64, error: Float64 | float) -> Float64:
    """The Clopper-Pearson lower bound of a share, too high with a probability of at most ``error``.

    The ``error`` quantile of Beta(x, n − x + 1); 0 where x = 0. ``x`` need not be whole.

    Args:
        successes: x, in [0, n].
        trials: n, non-negative.
        error: in (0, 1).

    Reference: Clopper and Pearson (1934), "The use of confidence or fiducial limits illustrated in
    the case of the binomial", Biometrika 26(4).
    """
    from scipy.special import betaincinv

    x, n = np.asarray(successes, np.float64), np.asarray(trials, np.float64)
    some = x > 0
    return np.where(some, betaincinv(np.where(some, x, 1), np.maximum(n - x, 0) + 1, error), 0.0)


def upper_bound(successes: Float64, trials: Float64, error: Float64 | float) -> Float64:
    """The Clopper-Pearson upper bound, of the failures a lower one."""
    return 1 - lower_bound(np.asarray(trials) - successes, trials, error)


def p_below(successes: Float64, trials: Float64, share: float) -> Float64:
    """The exact p-value of "the true share is below ``share``": P(Bin(n, share) >= x)."""
    from scipy.special import betainc

    x, n = np.asarray(successes, np.float64), np.asarray(trials, np.float64)
    some = x > 0
    return np.where(some, betainc(np.where(some, x, 1), np.maximum(n - x, 0) + 1, share), 1.0)


def fallback(p: Float64, budgets: Float64) -> list[int]:
    """The hypotheses that are rejected when tested in order, each at its own share of the error.

    A share that a rejection has used is passed on to the next hypothesis; where one is not
    rejected, it is spent. Some true hypothesis is rejected with a probability of at most the sum of
    the budgets, however the tests depend on each other. With one budget, all on the first, this
    is fixed-sequence testing.

    Args:
        p: ``(h,)`` p-values in the order of the tests.
        budgets: ``(h,)`` non-negative.

    Reference: Wiens (2003), "A fixed sequence Bonferroni procedure for testing multiple endpoints",
    Pharmaceutical Statistics 2(3).
    """
    rejected, level = [], 0.0
    for number, (value, budget) in enumerate(zip(p.tolist(), budgets.tolist(), strict=True)):
        level += budget
        if value <= level:
            rejected.append(number)
        else:
            level = 0.0
    return rejected


# What decisions achieve, with intervals that hold for few rows too.
#
# Every figure is a share of some rows, or a mean of a few fixed amounts. The interval of a share
# is the exact binomial one; so is that of F1, which is a function of a share.


ERROR = 0.025  # on either side of a 95 % interval


@dataclass(frozen=True)
class Decided:
    """Rows with a decision for each.

    Attributes:
        accepted: ``(n,)`` 1 or 0.
        labels: ``(n,)`` in [0, 1]: y counts as y of a positive row and 1 - y of a negative one.
        weights: ``(n,)`` positive.
    """

    accepted: Float64
    labels: Float64
    weights: Float64

    @property
    def false(self) -> Float64:
        """``(n,)`` how much of each row is a false positive."""
        return self.accepted * (1 - self.labels)

    @property
    def missed(self) -> Float64:
        """``(n,)`` how much of each row is a false negative."""
        return (1 - self.accepted) * self.labels

    def figures(self, costs: tuple[float, float] | None) -> Metrics:
        """Each figure with its 95 % interval; None where it is 0 / 0.

        ``precision`` = TP / (TP + FP); ``recall`` = TP / (TP + FN); ``f1`` = 2 TP / (2 TP + FP +
        FN) = 2 J / (1 + J), where J = TP / (TP + FP + FN) is a share; ``positive_rate`` = (TP +
        FP) / all; ``cost`` = (FP · cost of one + FN · cost of one) / all, where costs are given.
        """
        w, a, y = self.weights, self.accepted, self.labels
        j = proportion(w * a * y, w * (a + (1 - a) * y))
        found = {
            "precision": proportion(w * a * y, w * a),
            "recall": proportion(w * a * y, w * y),
            "f1": Measurement(
                *(None if x is None else 2 * x / (1 + x) for x in (j.value, j.low, j.high))
            ),
            "positive_rate": proportion(w * a, w),
        }
        if costs is not None:
            found["cost"] = mean_of(costs, [self.false, self.missed], w)
        return found


NOTHING = 1e-100  # shares of labels that add up to less, whose squares vanish, are none


def proportion(part: Float64, whole: Float64) -> Measurement:
    """sum(part) / sum(whole) with its 95 % interval, for ``0 <= part <= whole``, each ``(n,)``.

    Clopper and Pearson's where whole is 1 or 0 and part too. Else theirs with an effective number
    of rows: (sum of whole)² / sum of whole², and where that is less share (1 − share) / the
    linearised variance of the share. Shares between 0 and 1 vary less than a row that is one or the
    other: the interval is then too wide.

    Reference: Korn and Graubard (1998), "Confidence intervals for proportions with small expected
    number of positive counts estimated from survey data", Survey Methodology 24(2).
    """
    total = whole.sum()
    if not total > NOTHING:
        return Measurement(None)
    share = min(1.0, float(part.sum() / total))
    rows = total**2 / product(whole, whole)
    residual = part - share * whole
    variance = product(residual, residual) / total**2
    if variance > 0:
        rows = min(rows, share * (1 - share) / variance)
    x, n = np.array(share * rows), np.array(rows)
    low, high = float(lower_bound(x, n, ERROR)), float(upper_bound(x, n, ERROR))
    return Measurement(share, min(low, share), max(high, share))


def mean_of(amounts: Sequence[float], events: Sequence[Float64], weights: Float64) -> Measurement:
    """sum of amount · share of its event over all rows, with its 95 % interval.

    Each share has its exact interval; the distances from the mean to its ends are the root of the
    sum of the squared distances of the parts: MOVER, the "method of variance estimates recovery".

    Args:
        amounts: of either sign, one per event.
        events: ``(n,)`` in [0, 1] each; no row is of two events in full.
        weights: ``(n,)`` positive.

    Reference: Zou and Donner (2008), "Construction of confidence limits about effect measures: a
    general approach", Statistics in Medicine 27(10).
    """
    value = down = up = 0.0
    for amount, event in zip(amounts, events, strict=True):
        share = proportion(weights * event, weights)
        if share.value is None or share.low is None or share.high is None:
            return Measurement(None)
        ends = amount * (share.low - share.value), amount * (share.high - share.value)
        value += amount * share.value
        down, up = float(np.hypot(down, min(ends))), float(np.hypot(up, max(ends)))
    return Measurement(value, value - down, value + up)


def cost_difference(first: Decided, other: Decided, costs: tuple[float, float]) -> Measurement:
    """The mean cost of the first decisions minus that of the others on the same rows, paired."""
    more = np.maximum(first.accepted - other.accepted, 0)
    fewer = np.maximum(other.accepted - first.accepted, 0)
    no, yes = 1 - first.labels, first.labels
    false, miss = costs
    return mean_of(
        [false, -miss, -false, miss],
        [more * no, more * yes, fewer * no, fewer * yes],
        first.weights,
    )


def spanned(crossed: Metrics, chosen: Metrics) -> Metrics:
    """Cross-fitted figures, with intervals that span those of both.

    The cross-fitted ones are of thresholds near to the chosen one, not of that one; those of all
    rows at the chosen threshold are of that one, but of the rows that chose it. Neither holds its
    truth as often as it says in every case; together they do (docs/statistics.md).

    Args:
        crossed: cross-fitted.
        chosen: of all rows at the chosen threshold.
    """
    found = {}
    for name, figure in crossed.items():
        ends = [(m.low, m.high) for m in (figure, chosen[name])]
        lows = [low for low, _ in ends if low is not None]
        highs = [high for _, high in ends if high is not None]
        known = figure.value is not None and lows
        found[name] = replace(figure, low=min(lows), high=max(highs)) if known else figure
    return found


def within(figures: Metrics, costs: tuple[float, float] | None) -> Metrics:
    """Figures whose intervals stay where they can be: shares up to 1, costs up to the dearer."""
    return {
        name: figure
        if figure.low is None or figure.high is None
        else replace(
            figure,
            low=max(0.0, figure.low),
            high=min(max(costs) if costs and name == "cost" else 1.0, figure.high),
        )
        for name, figure in figures.items()
    }


def few(decided: Decided, enough: int) -> tuple[str, ...]:
    """What is to be said where a figure rests on fewer rows than are enough."""
    notes = []
    for figure, kind, rows in (
        ("precision", "accepted", decided.accepted),
        ("recall", "positive", decided.labels),
    ):
        count = int(np.count_nonzero(rows))
        if count < enough:
            noun = "row" if count < 2 else "rows"
            many = {0: "no", 1: "one"}.get(count, count)
            notes.append(f"{figure} rests on {many} {kind} {noun}")
    return tuple(notes)
