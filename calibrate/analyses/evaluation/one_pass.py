"""One pass over the rows: what to look through, and what to add up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from calibrate.arrays import Float64, Index
from calibrate.blocks.bins import BinTable, equal_width_edges
from calibrate.blocks.block import Block
from calibrate.blocks.parts import PARTS, part_of
from calibrate.blocks.passes import map_reduce
from calibrate.blocks.predictions import Predictions, TopScores, predicted, predictions
from calibrate.blocks.row_sums import RowSums
from calibrate.blocks.scheduler import doing
from calibrate.calibrators.methods.temperature import Temperature
from calibrate.calibrators.protocol import Calibrator, Scores
from calibrate.data.dataset import Dataset
from calibrate.metrics.class_table import ClassTable
from calibrate.metrics.metric import METRICS, Interval, metrics_of
from calibrate.metrics.settings import Settings
from calibrate.metrics.totals import KeptRows, PartGaps, Totals

KEPT_ROWS = 1 << 20  # up to so many rows are kept for the figures that need them in order
AS_THEY_ARE = Temperature(1.0)


class View(Protocol):
    """What rows are looked at through: a calibrator, or another model."""

    def scores(self, block: Block) -> Scores: ...


@dataclass(frozen=True)
class OtherModel:
    """The same rows of another model, through its calibrator."""

    dataset: Dataset
    calibrator: Calibrator

    def scores(self, block: Block) -> Scores:
        rows = self.dataset.read(block.start, block.start + len(block))
        return self.calibrator.scores(rows)


@dataclass(frozen=True)
class MeasuringStep:
    """The step that looks at a block through each view and adds up what the metrics need.

    Attributes:
        views: before, and after where there is one.
        best: through a cross-fitted temperature, or None.
        names: of the metrics that are means over rows.
        edges: of the confidence bins.
        magnitude: the largest ``|logit|``.
        full, yes_no: whether everything is measured; whether decisions are yes or no.
        hard, alone: as in ``Totals``.
        stride: every so many rows one is kept.
    """

    views: tuple[View, ...]
    best: Calibrator | None
    names: tuple[str, ...]
    edges: Float64
    magnitude: float
    full: bool
    yes_no: bool
    hard: bool
    alone: bool
    stride: int

    def __call__(self, block: Block) -> Totals:
        shared = predicted(block.logits, block)
        best = 0.0 if self.best is None else self._look(self.best, block, shared, keep=False).nll
        sides, classes, yes = [], [], list[Float64]()
        for view in self.views:
            keep = (self.full or self.yes_no) and block.said is None
            side = self._look(view, block, shared, keep=keep)
            if side.probabilities is not None:  # now: the next view overwrites them
                classes.append(ClassTable.of(side.probabilities, block, self.edges))
                yes.append(side.probabilities[:, 1].astype(np.float64))
            sides.append(replace(side, best_nll=best, probabilities=None))
        columns = [[METRICS[name].function(side) for name in self.names] for side in sides]
        if len(sides) == 2:
            columns.append([after - before for before, after in zip(*columns, strict=True)])
        columns.append([side.slope for side in sides])
        flat = [each for side in columns for each in side]
        part, w = block.part, block.weight
        return Totals(
            names=self.names,
            rows=RowSums.of(flat, w, part),
            tables=tuple(BinTable.of(s.confidence, s.correct, w, self.edges) for s in sides),
            gaps=tuple(PartGaps.of(s.confidence, s.correct, w, part, self.edges) for s in sides),
            yes_gaps=tuple(
                PartGaps.of(p, block.yes, w, part, self.edges) for p in yes if self.yes_no
            ),
            classes=tuple(classes),
            parts=(self._kept(sides, yes, block),),
            yes_no=self.yes_no,
            hard=self.hard,
            alone=self.alone,
        )

    def _look(self, view: View, block: Block, shared: TopScores, *, keep: bool) -> Predictions:
        """The predictions through a view; the top scores are shared where all scores are."""
        seen = view.scores(block)
        if seen.values is block.logits:
            return predictions(seen.values, seen.factor, self.magnitude, shared, block, keep=keep)
        own = predicted(seen.values, block)
        return predictions(seen.values, seen.factor, np.inf, own, block, keep=keep)

    def _kept(self, sides: Sequence[Predictions], yes: Sequence[Float64], block: Block) -> KeptRows:
        rows = which_kept(block.start, len(block), self.stride)
        return KeptRows(
            confidences=tuple(side.confidence[rows] for side in sides),
            corrects=tuple(side.correct[rows] for side in sides),
            tilts=tuple(side.tilt[rows] for side in sides),
            weight=block.weight[rows],
            part=block.part[rows],
            predicted=sides[-1].prediction[rows],
            yes=(tuple(p[rows] for p in yes), block.yes[rows]) if self.yes_no else None,
        )


def which_kept(start: int, count: int, stride: int) -> slice | Index:
    """Which of the rows ``start, start + 1, ...`` are kept: one of ``stride``, by its number.

    Those of a part of 1 024 numbers that are dealt out evenly, so that no order of rows or labels
    can fall into step with them.
    """
    if stride == 1:
        return slice(None)
    numbers = np.arange(start, start + count)
    return np.flatnonzero(part_of(numbers + PARTS) % stride == 0)


def stride_of(dataset: Dataset) -> int:
    """Every so many rows one is kept."""
    return -(-dataset.n_rows // KEPT_ROWS)


@doing("measuring")
def totals_of(
    dataset: Dataset, views: tuple[View, ...], best: Calibrator | None, settings: Settings
) -> Totals:
    """Everything added up over the rows."""
    skipped = {"top_5_accuracy"} if dataset.n_classes <= 5 else set()
    skipped |= set() if best else {"nll_calibration"}
    step = MeasuringStep(
        views=views,
        best=best,
        names=tuple(name for name in metrics_of(Interval.NORMAL) if name not in skipped),
        edges=equal_width_edges(settings.n_bins),
        magnitude=dataset.magnitude,
        full=settings.full,
        yes_no=dataset.task.yes_no,
        hard=dataset.hard,
        alone=dataset.alone,
        stride=stride_of(dataset),
    )
    return map_reduce(dataset.precise(), step)
