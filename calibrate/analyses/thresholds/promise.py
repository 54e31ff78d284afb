"""Thresholds that keep to a goal on new rows, with a confidence fixed beforehand.

Learn then test: each candidate threshold is a hypothesis, "its true figure misses the goal", and
only a candidate whose hypothesis is rejected may be chosen, by tests that reject any true one with
a probability of at most 1 − confidence (Angelopoulos, Bates, Candès, Jordan and Lei 2021, "Learn
then test: calibrating predictive algorithms to achieve risk control", arXiv:2110.01052). The rows
must be independent, of equal weight, and their labels 0 or 1.
"""

from __future__ import annotations

from math import ceil, log, log2

import numpy as np

from calibrate.analyses.thresholds.figures import fallback, lower_bound, p_below
from calibrate.arrays import Float64, Index
from calibrate.errors import InputError
from calibrate.results.thresholds import Goal

STEP = 1.02  # each number of accepted rows that is tried is so many times the last
SPENT = 0.8  # of the error, by the test of recall: 1 000 runs then show no more than all of it
KEPT = 0.7  # each start gets so much of the budget of the last
SLACK = 2.0**-22  # relative; a p that another machine computes differs by less


def check_promise(goal: Goal, confidence: float) -> None:
    """Raise InputError where no promise of this kind can be made, whatever the rows."""
    if not 0 < confidence < 1:
        hint = f"; did you mean {confidence / 100:g}?" if 1 < confidence < 100 else ""
        raise InputError(
            f"`confidence`: expected a number above 0 and below 1, got {confidence:g}{hint}"
        )
    if goal.minimum is None:
        what = "F1" if goal.name == "f1" else "a cost"
        raise InputError(
            f"`confidence`: no promise is made about {what}; choose precision=0.9 or recall=0.9"
        )
    if goal.minimum == 1:
        raise InputError(f"`confidence`: no rows can promise a {goal.name} of 1")


def check_rows(labels: Float64, weights: Float64) -> None:
    """Raise InputError where rows have no exact bound: soft labels, or weights that differ."""
    if not np.isin(labels, (0.0, 1.0)).all():
        raise InputError("`confidence`: a promise needs labels of 0 and 1, found shares between")
    if weights.min() != weights.max():
        raise InputError(
            "`confidence`: a promise needs rows of equal weight, found the lightest at "
            f"{weights.min() / weights.max():.3g} of the heaviest; leave the weights out, or the "
            "promise"
        )


def promised(probabilities: Float64, labels: Float64, goal: Goal, confidence: float) -> float:
    """The best threshold, deciding p >= threshold, of those that are shown to keep to the goal.

    Args:
        probabilities: ``(n,)`` in [0, 1].
        labels: ``(n,)`` 0 or 1.
        goal: anything that ``check_promise`` lets pass.
        confidence: in (0, 1).

    Raises:
        InputError: no threshold can promise the goal; says what is nearest to it.
    """
    if not labels.any():
        raise InputError("no row is positive")
    if labels.all():
        raise InputError("every row is positive")
    error = 1 - confidence
    least = goal.minimum or 0.0
    if goal.name == "recall":
        return promised_recall(probabilities, labels, least, error)
    return promised_precision(probabilities, labels, least, error)


def promised_recall(p: Float64, labels: Float64, least: float, error: float) -> float:
    """The largest threshold whose recall is shown to be at least ``least``.

    It lies at the (m + 1)-th smallest p of the P positives, or down to the next lower row, for the
    largest m with P(Bin(P, 1 − least) <= m) <= 0.8 error. This is exact for any scores, ties or
    not: recall only falls with the threshold, so one order statistic decides.

    Raises:
        InputError: there are too few positives.

    Reference: Wilks (1941), "Determination of sample sizes for setting tolerance limits", Annals of
    Mathematical Statistics 12(1).
    """
    error *= SPENT
    positives = np.sort(p[labels == 1])
    count = len(positives)
    missed = np.arange(count, dtype=np.float64)
    allowed = int((p_below(count - missed, np.full(count, count), least) <= error).sum())
    if not allowed:
        needed = fewest(least, error)
        raise InputError(
            f"it takes at least {needed:,} positive rows, found {count:,}; only the threshold 0, "
            "which accepts every row, is sure"
        )
    at = positives[allowed - 1]
    below = p[p < at].max(initial=-1.0)
    if below < 0:
        return 0.0
    halfway = float(below + (at - below) / 2)
    return halfway if halfway > below else float(at)


def promised_precision(p: Float64, labels: Float64, least: float, error: float) -> float:
    """The lowest threshold whose precision is shown to be at least ``least``.

    Candidates are fixed numbers of rows k, whatever the rows: the k-th accepts all p above the
    (k + 1)-th largest. Given that one, the rows above it are independent draws from all that it
    accepts, so their positives are binomial with its true precision, and the p-value is exact.
    The tests run from few rows to many.

    What the sequence of tests holds to, without ties: let H(u) be the integral of (share of yes −
    least) over the u highest quantiles. A candidate misses the goal where H < 0, and between two
    zeros of H the mean share of yes is exactly ``least``. Given how many rows lie between zeros,
    which candidates miss it is settled, and the positives above each are at most binomial with
    ``least``. So the error is kept for any shape of the precision. With ties it is where
    precision crosses the goal once; else only in simulation (docs/statistics.md).

    Raises:
        InputError: no candidate passes; says what is nearest.
    """
    n = len(p)
    needed = fewest(least, error)
    if n < needed:
        raise InputError(f"it takes at least {needed:,} rows, found {n:,}")
    ranks, budgets = candidates(n, least, error)
    order = np.argsort(-p, kind="stable")
    falling, found = p[order], np.append(0.0, np.cumsum(labels[order]))
    next_one = np.append(falling, -1.0)[ranks]
    accepted = np.searchsorted(-falling, -next_one, side="left")
    passed = fallback(p_below(found[accepted], accepted.astype(np.float64), least), budgets)
    if passed:
        last = passed[-1]
        above = falling[accepted[last] - 1]
        return just_above(float(next_one[last]), float(above))
    # At best: the largest lower bound among the starts and, below them, at the first one's share.
    starts = budgets > 0
    few = np.flatnonzero(np.append(falling[1:] != falling[:-1], True)) + 1
    few = few[few < ranks[0]]
    counts = np.append(few, accepted[starts])
    errors = np.append(np.full(len(few), budgets[starts][0]), budgets[starts])
    bounds = lower_bound(found[counts], counts.astype(np.float64), errors)
    best = int(bounds.argmax())
    rows = int(counts[best])
    if not rows:
        raise InputError("too many rows share the highest probability")
    raise InputError(
        f"at best {np.floor(bounds[best] * 1e3) / 1e3:.3g}, for the {rows:,} rows from "
        f"{falling[rows - 1]:.4g} up, of which {found[rows]:,.0f} are positive"
    )


def fewest(least: float, error: float) -> int:
    """How many rows, all of them right, show a share of at least ``least``."""
    return max(1, ceil(log(error) / log(least) - 1e-9))


def candidates(n: int, least: float, error: float) -> tuple[Index, Float64]:
    """How many rows to accept, rising up to ``n``, and the share of the error of each.

    The shares lie on starts, each with twice the rows of the last. The first start is the least
    number of rows that its share can do with. They depend on nothing but the arguments.
    """
    starts = 1 + max(0, int(log2(n / fewest(least, error))))
    shares = KEPT ** np.arange(starts)
    shares *= error / shares.sum()
    first = fewest(least, float(shares[0]))
    ranks = {min(n, first * 2**number): 0.0 for number in range(starts)}
    for number, share in enumerate(shares.tolist()):
        ranks[min(n, first * 2**number)] += share
    k = first
    while k < n:
        ranks.setdefault(k, 0.0)
        k = max(k + 1, int(k * STEP))
    ranks.setdefault(n, 0.0)
    rising = np.array(sorted(ranks))
    return rising, np.array([ranks[k] for k in rising.tolist()])


def just_above(rejected: float, accepted: float) -> float:
    """A threshold between two p, as near to the rejected one as rounding on other machines lets.

    The promise is about all that lies above the rejected p; half way up there would be less of it.
    """
    if rejected < 0:
        return 0.0
    step = min((accepted - rejected) / 2, SLACK * rejected)
    return rejected + step if rejected + step > rejected else float(np.nextafter(rejected, 1.0))
