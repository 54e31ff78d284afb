"""What one pass over the rows adds up, and the rows it keeps for what needs their order."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from calibrate.arrays import Float64, Index
from calibrate.blocks.bins import BinTable, Levels, bin_index, equal_mass_edges
from calibrate.blocks.block import PARTS, sum_by_part
from calibrate.blocks.sums import EACH, SAME, RowSums, Sums
from calibrate.metrics.classes import ClassTable

MASS_BINS = 15
MOST_CELLS = 1 << 18  # of a table by part and bin; with more bins there are fewer parts


@dataclass(frozen=True)
class KeptRows:
    """Rows with their confidences through each view: before, and after.

    Attributes:
        confidences, corrects, tilts: one ``(n,)`` array each per view: what ``Predictions`` says.
        weight: ``(n,)``.
        part: ``(n,)`` which independent part of the rows each is in.
        predicted: ``(n,)`` the class, through the last view; None where it is not known.
        yes: of yes-no decisions, the probability of yes per view and the share of yes; else None.
    """

    confidences: tuple[Float64, ...]
    corrects: tuple[Float64, ...]
    tilts: tuple[Float64, ...]
    weight: Float64
    part: Index
    predicted: Index | None = None
    yes: tuple[tuple[Float64, ...], Float64] | None = None

    @property
    def of_yes(self) -> KeptRows:
        """The same rows with the probability of yes in place of the confidence."""
        if self.yes is None:
            return self
        probabilities, share = self.yes
        return replace(
            self,
            confidences=probabilities,
            corrects=(share,) * len(probabilities),
            tilts=tuple(map(_tilt_of_yes, probabilities)),
        )

    @property
    def rows_per_weight(self) -> float:
        """How many rows one unit of weight stands for: ``sum w / sum w²`` (Kish)."""
        return float(self.weight.sum() / np.square(self.weight).sum())

    @cached_property
    def part_weight(self) -> Float64:
        """The weight of each part, ``(parts,)``."""
        return sum_by_part(self.weight, self.part)

    @cached_property
    def ordered(self) -> tuple[Levels, ...]:
        """The confidences of each view in order, with what was correct."""
        rows = self.rows_per_weight
        return tuple(
            Levels.from_rows(confidence, correct, self.weight, rows)
            for confidence, correct in zip(self.confidences, self.corrects, strict=True)
        )

    def gaps(self, side: int, edges: Float64) -> PartGaps:
        """The gaps of the confidences of one side over these bins, by part."""
        confidence, correct = self.confidences[side], self.corrects[side]
        return PartGaps.from_rows(confidence, correct, self.weight, self.part, edges)

    @staticmethod
    def joined(parts: tuple[KeptRows, ...]) -> KeptRows:
        """The rows of all blocks."""
        sides = range(len(parts[0].confidences))
        predicted = [p.predicted for p in parts if p.predicted is not None]
        found = [p.yes for p in parts if p.yes is not None]
        yes = None
        if found:
            views = zip(*(probabilities for probabilities, _ in found), strict=True)
            shares = np.concatenate([share for _, share in found])
            yes = tuple(map(np.concatenate, views)), shares
        return KeptRows(
            tuple(np.concatenate([p.confidences[s] for p in parts]) for s in sides),
            tuple(np.concatenate([p.corrects[s] for p in parts]) for s in sides),
            tuple(np.concatenate([p.tilts[s] for p in parts]) for s in sides),
            np.concatenate([p.weight for p in parts]),
            np.concatenate([p.part for p in parts]),
            np.concatenate(predicted) if predicted else None,
            yes,
        )


def _tilt_of_yes(p: Float64) -> Float64:
    """The derivative of P(yes) in log(1/T): ``p (1 - p) log(p / (1 - p))``."""
    inside = np.clip(p, 1e-300, 1 - 1e-16)
    return np.asarray(p * (1 - p) * np.log(inside / (1 - inside)))


def mass_edges(ordered: Levels) -> Float64:
    """The edges of the equal-mass bins of these confidences."""
    rows = ordered.weight * ordered.rows_per_weight
    return equal_mass_edges(ordered.confidence, rows, MASS_BINS)


@dataclass(frozen=True)
class PartGaps(Sums):
    """``sum w (correct - confidence)`` by part and bin, and what chance would make of it.

    Attributes:
        by_part: ``(parts, b)``.
        weight: ``(parts,)`` the weight of the rows of each part.
        chance: ``(b,)`` the variance of the sums over each bin if the confidences were right and
            labels hard: ``sum w² c (1 - c)``.
    """

    by_part: Float64
    weight: Float64
    chance: Float64

    @staticmethod
    def from_rows(
        confidence: Float64, correct: Float64, weight: Float64, part: Index, edges: Float64
    ) -> PartGaps:
        """Of ``(n,)`` rows."""
        index, n_bins = bin_index(confidence, edges), len(edges) - 1
        n_parts = max(2, min(PARTS, MOST_CELLS // n_bins))
        few = part % n_parts
        cells, n_cells = few * n_bins + index, n_parts * n_bins
        gap = np.bincount(cells, weight * (correct - confidence), n_cells).astype(np.float64)
        variance = np.square(weight) * confidence * (1 - confidence)
        return PartGaps(
            gap.reshape(n_parts, n_bins),
            sum_by_part(weight, few, n_parts),
            np.bincount(index, variance, n_bins).astype(np.float64),
        )

    @property
    def total(self) -> Float64:
        """The gaps of all rows, ``(b,)``."""
        return np.asarray(self.by_part.sum(axis=0))

    @property
    def noise(self) -> Float64:
        """What each part adds to the gaps beyond its share of them, ``(parts, b)``."""
        share = self.weight / self.weight.sum()
        return np.asarray(self.by_part - share[:, None] * self.total)


@dataclass(frozen=True)
class Totals(Sums):
    """What one pass adds up; tuples run over the sides (before, after).

    Attributes:
        names: the metrics that are means over rows.
        rows: of these metrics for each side, then for the change; then the slopes of the NLL in
            log(1/T), per side.
        tables: over equal-width bins.
        gaps: over the same bins, by part.
        yes_gaps: of the probability of yes, of yes-no decisions; else none.
        classes: none unless everything is measured, or of yes-no decisions.
        parts: the rows kept, by block.
        yes_no: whether the decisions are yes or no.
        hard: whether each label is one class, so that correctness is 0 or 1.
        alone: whether each row is independent of all others.
    """

    names: tuple[str, ...] = field(metadata=SAME)
    rows: RowSums
    tables: tuple[BinTable, ...] = field(metadata=EACH)
    gaps: tuple[PartGaps, ...] = field(metadata=EACH)
    yes_gaps: tuple[PartGaps, ...] = field(metadata=EACH)
    classes: tuple[ClassTable, ...] = field(metadata=EACH)
    parts: tuple[KeptRows, ...]
    yes_no: bool = field(default=False, metadata=SAME)
    hard: bool = field(default=True, metadata=SAME)
    alone: bool = field(default=True, metadata=SAME)

    @property
    def n_sides(self) -> int:
        return len(self.tables)

    @property
    def edges(self) -> Float64:
        return self.tables[0].edges

    @cached_property
    def kept(self) -> KeptRows:
        """The kept rows of all blocks."""
        return KeptRows.joined(self.parts)

    @property
    def plain(self) -> bool:
        """Whether rows are independent draws of equal weight with hard labels."""
        rows = self.rows
        equal = rows.weight_square * rows.rows <= rows.total**2 * (1 + 1e-9)
        return self.hard and self.alone and equal
