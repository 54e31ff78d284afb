"""What one pass over the rows adds up, and the rows it keeps for what needs their order."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from calibrate.arrays import Float64, Index
from calibrate.blocks.bins import BinTable, equal_mass_edges
from calibrate.blocks.block import sum_by_example
from calibrate.blocks.ordered import Ordered
from calibrate.blocks.row_sums import RowSums
from calibrate.blocks.sums import EACH, SAME, Sums
from calibrate.metrics.class_table import ClassTable

MASS_BINS = 15


@dataclass(frozen=True)
class KeptRows:
    """Rows with their confidences through each view: before, and after.

    Attributes:
        confidences: one ``(n,)`` array per view.
        corrects: one ``(n,)`` array per view.
        weight: ``(n,)``.
        examples: ``(n,)`` as in ``Block``, or None.
        yes: of yes-no decisions, the probability of yes per view and the share of yes; else None.
    """

    confidences: tuple[Float64, ...]
    corrects: tuple[Float64, ...]
    weight: Float64
    examples: Index | None = None
    yes: tuple[tuple[Float64, ...], Float64] | None = None

    @property
    def of_yes(self) -> KeptRows:
        """The same rows with the probability of yes in place of the confidence."""
        if self.yes is None:
            return self
        probabilities, share = self.yes
        return KeptRows(probabilities, (share,) * len(probabilities), self.weight, self.examples)

    @property
    def rows_per_weight(self) -> float:
        """How many rows one unit of weight stands for: ``sum w / sum w²`` (Kish)."""
        return float(self.weight.sum() / np.square(self.weight).sum())

    @property
    def n_examples(self) -> int:
        """How many rows, or examples, weigh anything."""
        return int(np.count_nonzero(sum_by_example(self.weight, self.examples)))

    @cached_property
    def ordered(self) -> tuple[Ordered, ...]:
        """The confidences of each view in order, with what was correct."""
        rows = self.rows_per_weight
        return tuple(
            Ordered.of(confidence, correct, self.weight, rows)
            for confidence, correct in zip(self.confidences, self.corrects, strict=True)
        )

    @staticmethod
    def joined(parts: tuple[KeptRows, ...]) -> KeptRows:
        """The rows of all blocks."""
        sides = range(len(parts[0].confidences))
        corrects = [np.concatenate([p.corrects[s] for p in parts]) for s in sides]
        if len(corrects) == 2 and np.array_equal(corrects[0], corrects[1]):
            corrects[1] = corrects[0]  # as with any temperature: cells need not tell them apart
        examples = [p.examples for p in parts if p.examples is not None]
        return KeptRows(
            tuple(np.concatenate([p.confidences[s] for p in parts]) for s in sides),
            tuple(corrects),
            np.concatenate([p.weight for p in parts]),
            np.concatenate(examples) if len(examples) == len(parts) else None,
            _yes_of(parts),
        )


def _yes_of(parts: tuple[KeptRows, ...]) -> tuple[tuple[Float64, ...], Float64] | None:
    found = [p.yes for p in parts if p.yes is not None]
    if not found:
        return None
    sides = zip(*(probabilities for probabilities, _ in found), strict=True)
    return tuple(map(np.concatenate, sides)), np.concatenate([share for _, share in found])


def mass_edges(ordered: Ordered) -> Float64:
    """The edges of the equal-mass bins of these confidences."""
    rows = ordered.weight * ordered.rows_per_weight
    return equal_mass_edges(ordered.confidence, rows, MASS_BINS)


@dataclass(frozen=True)
class Totals(Sums):
    """What one pass adds up; tuples run over the sides (before, after).

    Attributes:
        names: the metrics that are means over rows.
        rows: of these metrics for each side, then for the change; then the slopes of the NLL in
            log(1/T), per side.
        tables: over equal-width bins.
        classes: none unless everything is measured, or of yes-no decisions.
        parts: the rows kept, by block.
        yes_no: whether the decisions are yes or no.
    """

    names: tuple[str, ...] = field(metadata=SAME)
    rows: RowSums
    tables: tuple[BinTable, ...] = field(metadata=EACH)
    classes: tuple[ClassTable, ...] = field(metadata=EACH)
    parts: tuple[KeptRows, ...]
    yes_no: bool = field(default=False, metadata=SAME)

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
