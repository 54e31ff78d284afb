"""What many people save in place of logits: was it right, and how sure was it?"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from calibrate.arrays import AnyArray, Float64, Index
from calibrate.blocks.block import part_of
from calibrate.data.units import check_weights, cluster_numbers
from calibrate.text import Summarised, cut


@dataclass(frozen=True, repr=False)
class TopLabels(Summarised):
    """Rows of which only the prediction and its confidence are known.

    Attributes:
        correct: ``(n,)`` 1 where the prediction is the label, else 0.
        confidence: ``(n,)`` in [0, 1].
        n_classes: how many different labels were seen.
        weights: ``(n,)`` non-negative row weights, or None.
        clusters: ``(n,)`` numbers of the clusters that rows belong to, or None.
        name: of the file, for reports.
        warnings: what the user should know about the values.
    """

    correct: Float64
    confidence: Float64
    n_classes: int
    weights: Float64 | None = None
    clusters: Index | None = None
    name: str = field(default="top labels", kw_only=True)
    warnings: tuple[str, ...] = field(default=(), kw_only=True)

    def _summary(self) -> dict[str, str]:
        found = {
            "predictions": f"{cut(self.name)}: {self.n_rows:,} predictions",
            "labels": f"{self.n_classes:,} labels seen",
        }
        if self.weights is not None:
            found["weights"] = "weighted"
        if self.clusters is not None:
            found["clusters"] = "clustered"
        return found

    @property
    def n_rows(self) -> int:
        return len(self.correct)

    @property
    def weight(self) -> Float64:
        """The row weights; ones where there are none."""
        return np.ones(self.n_rows) if self.weights is None else self.weights

    @property
    def part(self) -> Index:
        """Which independent part of the rows each is in, ``(n,)``."""
        return part_of(np.arange(self.n_rows) if self.clusters is None else self.clusters)

    def clustered(self, clusters: AnyArray | None, where: str) -> TopLabels:
        """The same rows in these clusters.

        Raises:
            InputError: there is not one for each row.
        """
        if clusters is None:
            return self
        return replace(self, clusters=cluster_numbers(np.asarray(clusters), self.n_rows, where))

    def weighted(self, weights: AnyArray | None, where: str) -> TopLabels:
        """The same rows with these weights.

        Raises:
            InputError: they are no row weights.
        """
        if weights is None:
            return self
        checked = check_weights(np.asarray(weights), self.n_rows, where)
        return replace(self, weights=checked)

    def take(self, rows: Index) -> TopLabels:
        """The rows of these numbers."""
        return replace(
            self,
            correct=self.correct[rows],
            confidence=self.confidence[rows],
            weights=None if self.weights is None else self.weights[rows],
            clusters=None if self.clusters is None else self.clusters[rows],
        )
