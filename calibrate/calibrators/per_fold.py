"""Cross-fitting as a calibrator like any other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from calibrate.arrays import Float64, FloatArray
from calibrate.blocks.block import Block
from calibrate.calibrators.protocol import Calibrator, Scores, Shape


@dataclass(frozen=True)
class PerFold:
    """Each row through the calibrator of its fold, which was fitted on the other folds.

    Attributes:
        parts: one calibrator per fold.
    """

    parts: tuple[Calibrator, ...]

    method: ClassVar[str] = "per-fold"

    @property
    def fits(self) -> Shape:
        return self.parts[0].fits

    def scores(self, block: Block) -> Scores:
        """The scores of each row from the part of its fold.

        Raises:
            ValueError: the rows were not dealt out to folds.
        """
        if block.folds is None:
            raise ValueError("these rows have no folds")
        found = [part.scores(block) for part in self.parts]
        factors = np.stack([np.broadcast_to(each.factor, len(block)) for each in found])
        rows = np.arange(len(block))
        factor: Float64 = factors[block.folds, rows]
        values: FloatArray = found[0].values
        if any(each.values is not values for each in found):
            values = np.stack([each.values for each in found])[block.folds, rows]
        return Scores(values, factor)
