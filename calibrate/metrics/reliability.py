"""Confidence against accuracy, as plain numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from calibrate.arrays import Float64
from calibrate.blocks.bins import BinTable
from calibrate.metrics.biases import FEWEST, Kinds, together
from calibrate.metrics.class_table import ClassTable
from calibrate.metrics.settings import Settings
from calibrate.metrics.totals import Totals
from calibrate.results.biases import Bias, Classes, ClassFigures, EveryClass
from calibrate.results.report import ClassReliability, Reliability

MOST_SHOWN = 9


def reliability_of(
    table: BinTable, rows_per_weight: float, band: tuple[Float64, Float64] | None = None
) -> Reliability:
    """Plain numbers from a table, and between which accuracies calibrated models lie."""
    low, high = band or (None, None)
    return Reliability(
        edges=tuple(table.edges.tolist()),
        weight=tuple(table.weight.tolist()),
        confidence=_known(table.confidence, table),
        accuracy=_known(table.accuracy, table),
        consistency_low=() if low is None else _known(low, table),
        consistency_high=() if high is None else _known(high, table),
        rows=tuple((table.weight * rows_per_weight).tolist()),
    )


def _known(values: Float64, table: BinTable) -> tuple[float | None, ...]:
    """Values of bins, None in empty ones."""
    some = table.weight > 0
    return tuple(v if s else None for v, s in zip(values.tolist(), some.tolist(), strict=True))


@dataclass(frozen=True)
class Predicted:
    """The rows by the class that they are predicted to be of, and by how much each is off."""

    kinds: Kinds
    biases: list[Bias]

    @staticmethod
    def of(totals: Totals, side: int) -> Predicted:
        """Through one of the views."""
        kept, n_classes = totals.kept, totals.classes[side].shape[1]
        predicted = kept.predicted if kept.predicted is not None else np.zeros(0, dtype=np.intp)
        kinds = Kinds.of(kept, side, predicted, n_classes, exact=totals.plain, hard=totals.hard)
        return Predicted(kinds, kinds.biases())

    @property
    def off(self) -> list[int]:
        """The classes that are off beyond chance, the surest first."""
        those = [k for k, bias in enumerate(self.biases) if bias.off]
        return sorted(those, key=lambda k: -self.biases[k].sure)


def worth_showing(sides: Sequence[Predicted], rows: Float64) -> tuple[int, ...]:
    """The classes that have something to show.

    First those that are off beyond chance after calibration, then those that were before, the
    surest first; then the most frequent.
    """
    off = [k for side in reversed(sides) for k in side.off]
    frequent = [int(k) for k in np.argsort(-rows, kind="stable") if rows[k] > 0]
    return tuple(dict.fromkeys([*off, *frequent]))[:MOST_SHOWN]


def class_reliability(
    totals: Totals, sides: Sequence[Predicted], settings: Settings
) -> list[tuple[ClassReliability, ...]]:
    """Probability against frequency of the classes asked for, or of those worth showing.

    ``sides``: none where that was not looked at.
    """
    tables, edges = totals.classes, totals.edges
    rows, rows_per_weight = tables[0].rows, totals.kept.rows_per_weight
    chosen, names = settings.classes, settings.class_names
    if chosen is None:
        chosen = worth_showing(sides, rows)

    def shown(side: int) -> tuple[ClassReliability, ...]:
        table = tables[side]
        inside, probability, label = table.inside, table.probability, table.label
        eces, biases = table.eces(), sides[side].biases if sides else None
        return tuple(
            ClassReliability(
                index=k,
                name=names[k] if names else None,
                rows=float(rows[k]),
                ece=float(eces[k]),
                table=_with_binomial_band(
                    BinTable(edges, inside[k], probability[k], label[k]), rows_per_weight
                ),
                off=None if biases is None or biases[k].p_value is None else biases[k].off,
            )
            for k in chosen
        )

    return [shown(side) for side in range(totals.n_sides)]


def _with_binomial_band(table: BinTable, rows_per_weight: float) -> Reliability:
    """The table with where 95 % of calibrated models would be: quantiles of the binomial."""
    from scipy.special import bdtrik

    rows = np.maximum(table.weight * rows_per_weight, 1.0)
    p = np.clip(table.confidence, 1e-12, 1 - 1e-12)
    low, high = (np.clip(np.nan_to_num(bdtrik(q, rows, p)) / rows, 0, 1) for q in (0.025, 0.975))
    return reliability_of(table, rows_per_weight, (low, high))


def classes_by_prediction(
    table: ClassTable, found: Predicted, top: int, names: Sequence[str] | None
) -> Classes:
    """The ``top`` classes whose predictions are most surely off, and how many there are."""
    kinds, biases, eces = found.kinds, found.biases, table.eces()
    some = [k for k in range(table.shape[1]) if kinds.weight[k] > 0]
    order = sorted(some, key=lambda k: (-biases[k].sure, -kinds.weight[k]))
    listed = tuple(
        ClassFigures(
            index=k,
            name=names[k] if names else None,
            rows=float(kinds.weight[k]),
            accuracy=float(kinds.accuracy[k]),
            mean_confidence=float(kinds.confidence[k]),
            bias=biases[k],
            ece=float(eces[k]),
        )
        for k in order[:top]
    )
    tested = [b for b in biases if b.p_value is not None]
    off, every = sum(b.off for b in tested), _every(kinds, biases, eces)
    return Classes(listed, len(tested), off, FEWEST, together(tested), every)


def _every(kinds: Kinds, biases: Sequence[Bias], eces: Float64) -> EveryClass:
    def known(values: Float64) -> tuple[float | None, ...]:
        pairs = zip(values.tolist(), kinds.weight.tolist(), strict=True)
        return tuple(value if weight > 0 else None for value, weight in pairs)

    return EveryClass(
        rows=tuple(kinds.weight.tolist()),
        accuracy=known(kinds.accuracy),
        mean_confidence=known(kinds.confidence),
        low=tuple(bias.low for bias in biases),
        high=tuple(bias.high for bias in biases),
        p_value=tuple(bias.p_value for bias in biases),
        off=tuple(bias.off for bias in biases),
        ece=tuple(eces.tolist()),
    )
