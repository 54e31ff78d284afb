"""Means over rows with their standard errors, from sums that add up over blocks."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from calibrate.arrays import Float64, Index
from calibrate.blocks.parts import part_of, sum_by_part
from calibrate.blocks.sums import Sums


@dataclass(frozen=True)
class RowSums(Sums):
    """Sums over rows of m values x with weights w, by part.

    Attributes:
        rows: how many rows weigh anything.
        weight_square: sum w², over rows.
        weight: ``(parts,)`` sum w.
        values: ``(m, parts)`` sum w x.
    """

    rows: int
    weight_square: float
    weight: Float64
    values: Float64

    @staticmethod
    def of(columns: list[Float64], weight: Float64, part: Index | None = None) -> RowSums:
        """Add up m columns of ``(n,)`` values each; without parts, each row is on its own."""
        x = np.stack(columns)
        part = part_of(np.arange(len(weight))) if part is None else part
        with np.errstate(over="ignore", invalid="ignore"):  # huge values: no interval then
            return RowSums(
                rows=int(np.count_nonzero(weight)),
                weight_square=float(np.square(weight).sum()),
                weight=sum_by_part(weight, part),
                values=sum_by_part(x * weight, part),
            )

    @cached_property
    def total(self) -> float:
        """sum w."""
        return float(self.weight.sum())

    @property
    def n_parts(self) -> int:
        """How many parts weigh anything: as many as there are units, up to 1 024."""
        return int(np.count_nonzero(self.weight))

    @cached_property
    def means(self) -> Float64:
        """``sum w x / sum w``, ``(m,)``."""
        return np.asarray(self.values.sum(axis=1) / self.total)

    @cached_property
    def influence(self) -> Float64:
        """What each mean would lose without each part, ``(m, parts)``."""
        with np.errstate(over="ignore", invalid="ignore"):
            return leave_out(self.values - self.means[:, None] * self.weight, self.weight)

    @property
    def errors(self) -> Float64 | None:
        """Standard errors of the means, the jackknife's over parts; None for one part."""
        return None if self.n_parts < 2 else jackknife(self.influence, self.n_parts)


def leave_out(residual: Float64, weight: Float64) -> Float64:
    """What leaving out each part takes off a ratio ``sum x / sum w``: ``(x - ratio w)`` of the
    part over the weight of the others.

    Args:
        residual: ``(..., parts)`` the sums of ``x - ratio w`` of each part.
        weight: ``(parts,)`` its w, all of one sign.
    """
    others = weight.sum() - weight
    return np.asarray(np.divide(residual, others, out=np.zeros_like(residual), where=others > 0))


def effective(weight: Float64) -> float:
    """``(sum w)² / sum w²``: how many parts of equal weight would weigh as evenly (Kish 1965)."""
    square = float(np.square(weight).sum())
    return float(weight.sum()) ** 2 / square if square > 0 else 0.0


def jackknife(influence: Float64, n_parts: int) -> Float64:
    """``sqrt((n - 1)/n sum influence²)`` along the last axis.

    Reference: Efron & Stein (1981), The jackknife estimate of variance.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        squares = np.square(influence).sum(axis=-1)
        return np.asarray(np.sqrt(squares * (n_parts - 1) / n_parts))
