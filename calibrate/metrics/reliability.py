"""Confidence against accuracy, as plain numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from calibrate.arrays import Float64
from calibrate.blocks.bins import BinTable
from calibrate.metrics.class_table import ClassTable
from calibrate.metrics.settings import Settings
from calibrate.results.report import ClassFigures, ClassReliability, Reliability

MOST_SHOWN = 9


def reliability_of(table: BinTable, calibrated: BinTable | None = None) -> Reliability:
    """Plain numbers from a table, and from the tables of many calibrated models."""
    plain = Reliability(
        tuple(table.edges.tolist()),
        tuple(table.weight.tolist()),
        _known(table.confidence, table),
        _known(table.accuracy, table),
    )
    if calibrated is None:
        return plain
    return _with_band(plain, table, *np.quantile(calibrated.accuracy, [0.025, 0.975], axis=0))


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


def worst_classes(
    table: ClassTable, top: int, names: Sequence[str] | None
) -> tuple[ClassFigures, ...]:
    """The ``top`` classes of largest one-vs-rest ECE among those that have rows."""
    rows, confidence, correct = table.rows, table.confidence, table.correct
    eces = table.eces()
    with_rows = np.flatnonzero(rows > 0)
    order = with_rows[np.argsort(-eces[with_rows], kind="stable")]
    return tuple(
        ClassFigures(
            index=int(k),
            name=names[k] if names else None,
            rows=float(rows[k]),
            accuracy=float(correct[k] / rows[k]),
            mean_confidence=float(confidence[k] / rows[k]),
            overconfidence=float((confidence[k] - correct[k]) / rows[k]),
            ece=float(eces[k]),
        )
        for k in order[:top]
    )
