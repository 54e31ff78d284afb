"""Confidence against accuracy, as plain numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

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


def reliability_of(table: BinTable, band: tuple[Float64, Float64] | None = None) -> Reliability:
    """Plain numbers from a table, and between which accuracies calibrated models lie."""
    plain = Reliability(
        tuple(table.edges.tolist()),
        tuple(table.weight.tolist()),
        _known(table.confidence, table),
        _known(table.accuracy, table),
    )
    return plain if band is None else _with_band(plain, table, *band)


def _with_band(plain: Reliability, table: BinTable, low: Float64, high: Float64) -> Reliability:
    return replace(plain, consistency_low=_known(low, table), consistency_high=_known(high, table))


def _known(values: Float64, table: BinTable) -> tuple[float | None, ...]:
    """Values of bins, None in empty ones."""
    some = table.weight > 0
    return tuple(v if s else None for v, s in zip(values.tolist(), some.tolist(), strict=True))


def class_reliability(
    tables: Sequence[ClassTable], edges: Float64, rows_per_weight: float, settings: Settings
) -> list[tuple[ClassReliability, ...]]:
    """Probability against frequency of the classes asked for, or of the most frequent ones."""
    rows = tables[0].rows
    chosen = settings.classes
    if chosen is None:
        frequent = np.argsort(-rows, kind="stable")[:MOST_SHOWN]
        chosen = tuple(int(k) for k in frequent if rows[k] > 0)
    names = settings.class_names

    def shown(table: ClassTable) -> tuple[ClassReliability, ...]:
        inside, probability, label = table.inside, table.probability, table.label
        eces = table.eces()
        return tuple(
            ClassReliability(
                index=k,
                name=names[k] if names else None,
                rows=float(rows[k]),
                ece=float(eces[k]),
                table=_with_binomial_band(
                    BinTable(edges, inside[k], probability[k], label[k]), rows_per_weight
                ),
            )
            for k in chosen
        )

    return [shown(table) for table in tables]


def _with_binomial_band(table: BinTable, rows_per_weight: float) -> Reliability:
    """The table with where 95 % of calibrated models would be: quantiles of the binomial."""
    from scipy.special import bdtrik

    rows = np.maximum(table.weight * rows_per_weight, 1.0)
    p = np.clip(table.confidence, 1e-12, 1 - 1e-12)
    low, high = (np.clip(np.nan_to_num(bdtrik(q, rows, p)) / rows, 0, 1) for q in (0.025, 0.975))
    return _with_band(reliability_of(table), table, low, high)


def classes_by_prediction(
    totals: Totals, side: int, top: int, names: Sequence[str] | None
) -> Classes:
    """The ``top`` classes whose predictions are most surely off, and how many there are."""
    kept, n_classes = totals.kept, totals.classes[side].shape[1]
    predicted = kept.predicted if kept.predicted is not None else np.zeros(0, dtype=np.intp)
    kinds = Kinds.of(kept, side, predicted, n_classes, exact=totals.plain, hard=totals.hard)
    biases, eces = kinds.biases(), totals.classes[side].eces()
    some = [k for k in range(n_classes) if kinds.weight[k] > 0]
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
