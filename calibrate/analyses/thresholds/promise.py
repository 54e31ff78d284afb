"""How many cheap and dear mistakes some rows hold, and what they may cost in truth."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, log, log2

import numpy as np

from calibrate.analyses.thresholds.figures import fallback, holm, lower_bound, p_below, upper_bound
from calibrate.arrays import Float64, Index
from calibrate.errors import InputError
from calibrate.results.thresholds import LIMIT, Goal

CELLS = 48
FAR = 9.0  # standard deviations beyond which a binomial holds less than 1e-15
NUISANCE = 0.1  # the share of the error that bounds the rate of the dearer mistake
HALVINGS = 20


@dataclass(frozen=True)
class Mistakes:
    """Two kinds of mistakes among independent rows.

    Attributes:
        rows: how many in all.
        cheap, dear: how many of them are the mistake that costs less, and the other one.
        cheap_cost, dear_cost: of one, positive; the second is the larger or as large.
    """

    rows: int
    cheap: int
    dear: int
    cheap_cost: float
    dear_cost: float

    @staticmethod
    def of(rows: int, counts: tuple[int, int], costs: tuple[float, float]) -> Mistakes:
        """From both counts and both costs, in the same order."""
        cheap, dear = (0, 1) if costs[0] <= costs[1] else (1, 0)
        return Mistakes(rows, counts[cheap], counts[dear], costs[cheap], costs[dear])

    @property
    def mean(self) -> float:
        """The cost per row."""
        return (self.cheap * self.cheap_cost + self.dear * self.dear_cost) / self.rows

    def p_value(self, most: float, error: float) -> float:
        """A p-value of "the true mean cost exceeds ``most``", valid where compared with ``error``.

        The total cost is that of a trinomial draw. How the true mean splits into both kinds is not
        known, so the largest tail counts, over all splits whose rate of the dear mistake is not
        above its own exact bound; the probability that this bound fails is added. The splits
        are cut into cells, and in each both rates are taken at their lowest: never too small.

        Args:
            most: above 0 and below the dearer cost.
            error: in (0, 1).

        Reference: Berger and Boos (1994), "P values maximized over a confidence set for the
        nuisance parameter", Journal of the American Statistical Association 89(427).
        """
        from scipy.special import bdtr

        if self.mean >= most:
            return 1.0
        if self.cheap_cost == self.dear_cost:
            count = float(self.cheap + self.dear)
            return float(bdtr(count, self.rows, most / self.dear_cost))
        spent = NUISANCE * error
        highest = float(upper_bound(np.array(float(self.dear)), np.array(float(self.rows)), spent))
        # A mean of `most` needs this rate of the dear mistake, where all other rows are cheap ones.
        lowest = max(0.0, (most - self.cheap_cost) / (self.dear_cost - self.cheap_cost))
        edges = np.linspace(lowest, min(highest, most / self.dear_cost), CELLS + 1)
        if edges[-1] < lowest:
            return spent
        cheap = np.maximum(most - self.dear_cost * edges[1:], 0.0) / self.cheap_cost
        return min(1.0, spent + float(self._tails(cheap, edges[:-1]).max()))

    def _tails(self, cheap: Float64, dear: Float64) -> Float64:
        """``(r,)`` probabilities of a total cost as low as this one, at each pair of rates."""
        from scipy.special import bdtr, gammaln, xlog1py, xlogy

        n, total = self.rows, self.mean * self.rows * (1 + 1e-12)
        spread = FAR * np.sqrt(n * dear * (1 - dear)) + FAR**2
        first = np.maximum(0, np.floor(n * dear - spread))
        last = np.minimum(min(n, int(total / self.dear_cost)), np.ceil(n * dear + spread))
        width = max(1, int((last - first).max()) + 1)
        j = first[:, None] + np.arange(width)
        there = j <= last[:, None]
        j = np.where(there, j, 0.0)
        choose = gammaln(n + 1) - gammaln(j + 1) - gammaln(n - j + 1)
        rate = dear[:, None]
        weight = there * np.exp(choose + xlogy(j, rate) + xlog1py(n - j, -rate))
        left = np.clip(np.floor((total - self.dear_cost * j) / self.cheap_cost), 0, n - j)
        share = np.clip(cheap / np.maximum(1 - dear, 1e-300), 0, 1)[:, None]
        return np.asarray((weight * bdtr(left, (n - j).astype(np.int64), share)).sum(axis=1))

    def bound(self, error: float) -> float:
        """The mean cost that the true one exceeds with a probability of at most ``error``."""
        low, high = self.mean, self.dear_cost
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            if self.p_value(middle, error) <= error:
                high = middle
            else:
                low = middle
        return high


# A threshold whose mean cost per row is shown to be at most so much.


SHIFTS = (0.0, -0.5, 0.5, -1.0, 1.0, -2.0, 2.0, -3.0, 3.0, -5.0, 5.0)  # in the logit of p
FIRST = 0.5  # the share of the error that the closed form gets


def promised_cost(
    p: Float64, labels: Float64, costs: tuple[float, float], most: float, error: float
) -> float:
    """The cheapest on these rows of the thresholds whose true mean cost is shown to be at most c.

    The candidates do not depend on the rows: the closed form FP / (FP + FN), which is the best
    for calibrated p, with half of the error, and fixed distances from it in the logit of p, which
    share the other half; by Holm's procedure.

    Args:
        p: ``(n,)`` in [0, 1].
        labels: ``(n,)`` 0 or 1.
        costs: of a false positive and a false negative.
        most: c, above 0 and below the larger cost.
        error: the probability that the true mean cost exceeds c, in (0, 1).

    Raises:
        InputError: no candidate passes; says what is nearest.
    """
    with np.errstate(over="ignore"):
        at = 1 / (1 + costs[1] / costs[0] * np.exp(-np.array(SHIFTS)))
    yes, no = np.sort(p[labels == 1]), np.sort(p[labels == 0])
    missed = np.searchsorted(yes, at, side="left")
    false = len(no) - np.searchsorted(no, at, side="left")
    budgets = np.full(len(at), error * (1 - FIRST) / (len(at) - 1))
    budgets[0] = error * FIRST
    mistakes = [
        Mistakes.of(len(p), (int(fp), int(fn)), costs) for fp, fn in zip(false, missed, strict=True)
    ]
    values = [m.p_value(most, b) for m, b in zip(mistakes, budgets.tolist(), strict=True)]
    passed = holm(np.array(values), budgets)
    on_rows = [each.mean for each in mistakes]
    if passed:
        return float(at[min(passed, key=lambda i: (on_rows[i], abs(SHIFTS[i])))])
    best = int(np.argmin(on_rows))
    bound = mistakes[best].bound(float(budgets[best]))
    raise InputError(
        f"at best {np.ceil(bound * 1e4) / 1e4:.4g}, at the threshold {at[best]:.4g}, where these "
        f"{len(p):,} rows cost {on_rows[best]:.4g} on average"
    )


# Thresholds that keep to a goal on new rows, with a confidence fixed beforehand.
#
# Learn then test: each candidate threshold is a hypothesis, "its true figure misses the goal", and
# only a candidate whose hypothesis is rejected may be chosen, by tests that reject any true one
# with a probability of at most 1 − confidence (Angelopoulos, Bates, Candès, Jordan and Lei 2021,
# "Learn then test: calibrating predictive algorithms to achieve risk control", arXiv:2110.01052).
# The rows must be independent, of equal weight, and their labels 0 or 1.


STEP = 1.02  # each number of accepted rows that is tried is so many times the last
SPENT = (
    0.8  # of the error, by the one test of recall: so that 1 000 runs show no more than all of it
)
KEPT = 0.7  # each start gets so much of the budget of the last
SLACK = 2.0**-22  # relative; a p that another machine computes differs by less


def check_promise(goal: Goal, confidence: float) -> None:
    """Raise InputError where no promise of this kind can be made, whatever the rows."""
    if not 0 < confidence < 1:
        hint = f"; did you mean {confidence / 100:g}?" if 1 < confidence < 100 else ""
        raise InputError(
            f"`confidence`: expected a number above 0 and below 1, got {confidence:g}{hint}"
        )
    if goal.name == "f1":
        raise InputError(
            "`confidence`: no promise is made about F1; choose precision=0.9, recall=0.9 or "
            f"cost=1:5{LIMIT}0.2"
        )
    if goal.name == "cost" and goal.maximum is None:
        raise InputError(
            "`confidence`: a promise needs the most that a row may cost on average, as in "
            f"{goal}{LIMIT}{min(goal.costs or (1.0,)) / 5:g}"
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
    if goal.costs is not None and goal.maximum is not None:
        return promised_cost(probabilities, labels, goal.costs, goal.maximum, error)
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
    raise InputError(_at_best(falling, found, ranks, accepted, budgets))


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


def _at_best(
    falling: Float64, found: Float64, ranks: Index, accepted: Index, budgets: Float64
) -> str:
    """The largest lower bound among the starts, and below them, at the first one's share."""
    starts = budgets > 0
    counts, errors = accepted[starts], budgets[starts]
    few = np.flatnonzero(np.append(falling[1:] != falling[:-1], True)) + 1
    few = few[few < ranks[0]]
    counts = np.append(few, counts)
    errors = np.append(np.full(len(few), errors[0]), errors)
    bounds = lower_bound(found[counts], counts.astype(np.float64), errors)
    best = int(bounds.argmax())
    rows = int(counts[best])
    if not rows:
        return "too many rows share the highest probability"
    return (
        f"at best {np.floor(bounds[best] * 1e3) / 1e3:.3g}, for the {rows:,} rows from "
        f"{falling[rows - 1]:.4g} up, of which {found[rows]:,.0f} are positive"
    )
