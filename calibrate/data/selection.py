"""Which decisions of a file count, and where they are."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from calibrate.arrays import Index


@dataclass(frozen=True)
class Selection:
    """Decisions that count, in ascending order.

    Attributes:
        n_rows: how many.
        numbers: ``(n_rows,)`` their numbers in the file; None: all, from 0.
        places: ``(n_rows,)`` where in the columns they are; None: these hold them and no others.
    """

    n_rows: int
    numbers: Index | None = None
    places: Index | None = None

    @staticmethod
    def of(n_decisions: int, kept: Index | None) -> Selection:
        """Those ``kept`` of the decisions of a file; None: all."""
        return Selection(n_decisions if kept is None else len(kept), kept, kept)

    def in_file(self, which: slice) -> Index:
        """The numbers in the file of some of these."""
        if self.numbers is None:
            return np.arange(*which.indices(self.n_rows))
        return self.numbers[which]

    def in_columns(self, which: slice) -> slice | Index:
        """Where in the columns some of these are."""
        return which if self.places is None else self.places[which]

    def take(self, rows: Index) -> Selection:
        """Some of these, by ascending number among them."""
        numbers, places = (
            rows if held is None else held[rows] for held in (self.numbers, self.places)
        )
        return Selection(len(rows), numbers, places)

    def copied(self) -> Selection:
        """The same for columns into which these, and no others, were copied."""
        return replace(self, places=None)
