"""Source (+ calibrators) -> Report, in one pass over the rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from calibrate.batch import Batch, FloatArray
from calibrate.bins import DEFAULT_BINS, BinTable, equal_width_edges
from calibrate.blocks import map_reduce
from calibrate.calibrators.base import Calibrator, check_classes
from calibrate.metrics import BIN_METRICS, ROW_METRICS
from calibrate.report import Data, Fitted, Measurement, Reliability, Report, Sides
from calibrate.softmax import Float64, Outcomes, leaders, outcomes
from calibrate.source import Source

View = Callable[[Batch], tuple[FloatArray, float]]  # scores and the factor of calibrated logits


@dataclass(frozen=True)
class _Tally:
    """What one pass adds up for one view of the scores."""

    weight: float
    row_sums: Float64
    table: BinTable

    def __add__(self, other: _Tally) -> _Tally:
        return _Tally(
            self.weight + other.weight, self.row_sums + other.row_sums, self.table + other.table
        )

    @staticmethod
    def of(rows: Outcomes, edges: Float64) -> _Tally:
        columns = [function(rows) for function in ROW_METRICS.values()]
        w = rows.weights
        return _Tally(
            weight=float(len(rows.correct) if w is None else w.sum()),
            row_sums=np.array([float((c if w is None else w * c).sum()) for c in columns]),
            table=BinTable.of(rows.confidence, rows.correct, w, edges),
        )

    def measurements(self) -> dict[str, Measurement]:
        means = dict(zip(ROW_METRICS, (self.row_sums / self.weight).tolist(), strict=True))
        binned = {name: function(self.table) for name, function in BIN_METRICS.items()}
        return {name: Measurement(value) for name, value in (means | binned).items()}


@dataclass(frozen=True)
class _Tallies:
    """One tally per view."""

    views: tuple[_Tally, ...]

    def __add__(self, other: _Tallies) -> _Tallies:
        return _Tallies(tuple(a + b for a, b in zip(self.views, other.views, strict=True)))


def _as_they_are(batch: Batch) -> tuple[FloatArray, float]:
    return batch.logits, 1.0


def _calibrated(calibrators: Sequence[Calibrator]) -> View:
    """The view through one calibrator, or through each row's own out-of-fold calibrator."""
    if len(calibrators) == 1:
        only = calibrators[0]
        return lambda batch: only.scaled(batch.logits)

    def view(batch: Batch) -> tuple[FloatArray, float]:
        scores = np.empty_like(batch.logits)
        for fold, calibrator in enumerate(calibrators):
            rows = batch.folds == fold
            part, factor = calibrator.scaled(batch.logits[rows])
            with np.errstate(over="ignore"):
                scores[rows] = (part - part.max(axis=1, keepdims=True)) * part.dtype.type(factor)
        return scores, 1.0

    return view


def _outcomes(views: Sequence[View], batch: Batch, magnitude: float) -> list[Outcomes]:
    """The outcomes of one block through each view; views of the same scores share the argmax."""
    found: list[Outcomes] = []
    shared = leaders(batch.logits)
    for view in views:
        scores, factor = view(batch)
        if scores is batch.logits:
            found.append(outcomes(scores, factor, magnitude, shared, batch))
        else:
            found.append(outcomes(scores, factor, np.inf, leaders(scores), batch))
    return found


def evaluate_source(
    source: Source,
    calibrators: Sequence[Calibrator] = (),
    fitted: Fitted | None = None,
    *,
    in_sample: bool = False,
    n_bins: int = DEFAULT_BINS,
    workers: int | None = None,
    warnings: tuple[str, ...] = (),
) -> Report:
    """Measure ``source`` as it is and through its calibrators.

    Args:
        source: labelled rows.
        calibrators: none, one for all rows, or one per fold of ``source.folds``.
        fitted: what to say about them in the report.
        in_sample: whether they were fitted on these rows.
        n_bins: the number of equal-width confidence bins.
    """
    edges = equal_width_edges(n_bins)
    for calibrator in calibrators:
        check_classes(calibrator, source)
    views: list[View] = [_as_they_are, *([_calibrated(calibrators)] if calibrators else [])]

    def step(batch: Batch) -> _Tallies:
        found = _outcomes(views, batch, source.magnitude)
        return _Tallies(tuple(_Tally.of(rows, edges) for rows in found))

    tallies = map_reduce(source.precise(), step, workers).views
    figures = [tally.measurements() for tally in tallies]
    tables = [Reliability.of(tally.table) for tally in tallies]
    return Report(
        data=Data(
            source.logits_name, source.labels_name, source.n_rows, source.n_classes, in_sample
        ),
        calibrator=fitted,
        metrics=Sides(figures[0], figures[1] if calibrators else None),
        reliability=Sides(tables[0], tables[1] if calibrators else None),
        warnings=source.warnings + warnings,
    )
