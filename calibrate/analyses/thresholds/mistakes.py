"""How many cheap and dear mistakes some rows hold, and what they may cost in truth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from calibrate.analyses.thresholds.bounds import upper_bound
from calibrate.arrays import Float64

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
