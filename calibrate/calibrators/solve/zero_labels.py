"""Rows whose label has probability 0: what would T be without them?"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from calibrate.arrays import Index
from calibrate.blocks.block import Block
from calibrate.blocks.passes import map_blocks
from calibrate.blocks.student import NORMAL_95
from calibrate.calibrators.solve.best_temperature import Optimum, best_temperature
from calibrate.data.dataset import Dataset
from calibrate.tasks import Task


@dataclass(frozen=True)
class ZeroLabels:
    """The step that finds the rows of which some label has a score this low, or lower.

    Attributes:
        lowest: what a probability of 0 comes to: a log-probability of each class, or, of yes-no
            decisions, the log-odds of no and of yes.
        yes_no: whether the decisions are yes or no.
    """

    lowest: tuple[float, float]
    yes_no: bool

    def __call__(self, block: Block) -> Index:
        rows, classes, _ = block.entries()
        scores = block.logits[rows, classes].astype(np.float64)
        limit = np.full(len(rows), self.lowest[1])
        if self.yes_no:
            scores = scores - block.logits[rows, 1 - classes]
            limit = np.array(self.lowest)[classes]
        return block.start + np.unique(rows[scores <= limit * (1 - 1e-6)])


def certain(block: Block) -> Index:
    """The rows of answers said with 0 or 100 %: right ones, too, as the others alone are no sample
    of what such a confidence is worth.
    """
    said = np.empty(0) if block.said is None else block.said
    return block.start + np.flatnonzero((said == 0) | (said == 1))


def heeding_zeros(dataset: Dataset, found: Optimum) -> Optimum:
    """The same optimum, with a warning where rows whose label has probability 0 decide it, or
    answers said with 100 %, of which some were wrong.

    They do where T without them differs by more than its standard error.
    """
    zeros, interval = dataset.zeros, found.interval
    if not zeros.labels or dataset.left_out is not None or interval is None:
        return found
    lowest = (float(np.log(zeros.short)), float(np.log(zeros.read_as)))
    answers = dataset.task is Task.confidence and dataset.scores == "probabilities"
    step = certain if answers else ZeroLabels(lowest, dataset.layout.width is None)
    rows = np.concatenate(list(map_blocks(dataset, step)))
    others = np.setdiff1d(np.arange(dataset.n_rows), rows)
    if not len(others):
        return found
    without = best_temperature(dataset.take(others))
    if not without.converged or without.interval is None:
        return found
    low, high = without.interval
    error = np.log(high / low) / 2 / NORMAL_95
    if abs(np.log(found.temperature / without.temperature)) <= error:
        return found
    which = "answers said with 100 or 0 %" if answers else "labels with probability 0"
    warning = (
        f"{which} move T: without these {len(rows):,} of {dataset.n_rows:,} rows "
        f"it would be {without.temperature:.3g} (95 % interval {low:.3g} to {high:.3g})"
    )
    return replace(found, warnings=(*found.warnings, warning))
