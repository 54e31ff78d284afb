"""Why no temperature is best, in the words of what the rows decide."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from calibrate.arrays import Index
from calibrate.blocks.block import Block
from calibrate.blocks.passes import map_reduce
from calibrate.blocks.softmax import target_scores
from calibrate.blocks.sums import GREATEST, Sums
from calibrate.data.dataset import Dataset
from calibrate.tasks import Task


@dataclass(frozen=True)
class Reasons:
    """What to say of rows without a best temperature.

    Attributes:
        separated: the NLL falls as T goes to 0.
        astray: it falls as T grows.
        flat: T changes nothing.
    """

    separated: str
    astray: str
    flat: str


OF_SCORES = Reasons(
    separated="the logits separate the labels: every row's label has the largest score, so the NLL "
    "falls for ever as T goes to 0 and no finite T is best",
    astray="the scores do not point to the labels: the NLL falls for ever as T grows and no finite "
    "T is best; are the rows of logits and labels in the same order?",
    flat="every row gives all its classes the same score, so no temperature changes anything",
)
OF_ANSWERS = Reasons(
    separated="every answer said with more than 50 % was right and every one with less was wrong, "
    "so the NLL falls for ever as T goes to 0 and no finite T is best",
    astray="right and wrong answers are told apart no better than by 50 % for each: the NLL falls "
    "for ever as T grows and no finite T is best",
    flat="every confidence is 50 %, which no temperature moves",
)


def reasons(task: Task) -> Reasons:
    """Those of rows that decide this."""
    return OF_ANSWERS if task is Task.confidence else OF_SCORES


# Where the NLL leads at both ends of T.


@dataclass(frozen=True, order=True)
class Against:
    """What a row adds to the slope at T = inf, its number, and how far below its largest score the
    label's lies."""

    pull: float
    row: int
    gap: float


@dataclass(frozen=True)
class EndSlopes(Sums):
    """The slope of the NLL in 1/T at both ends: ``max z - t`` for T = 0, ``mean z - t`` for inf.

    ``against`` is what the rows add to ``flat`` that pull it up, and ``worst`` the row that adds
    most.
    """

    sharp: float
    flat: float
    against: float
    worst: Against = field(metadata=GREATEST)


def end_slopes(block: Block) -> EndSlopes:
    z = block.logits.astype(np.float64)
    target = target_scores(z, block)
    gap = z.max(axis=1) - target
    possible = np.isfinite(z)
    below = (np.where(possible, z, 0.0) - target[:, None] * possible).sum(axis=1)
    flat = block.weight * below / possible.sum(axis=1)
    row = int(flat.argmax())
    return EndSlopes(
        float((block.weight * gap).sum()),
        float(flat.sum()),
        float(np.maximum(flat, 0.0).sum()),
        Against(float(flat[row]), block.start + row, float(gap[row])),
    )


def why_at_the_bound(
    dataset: Dataset, theta: float, bounds: tuple[float, float]
) -> tuple[float, str]:
    """Say why there is no finite optimum of ``theta = log(1/T)``, and where the search stops."""
    ends, why = map_reduce(dataset, end_slopes), reasons(dataset.task)
    if ends.sharp <= 0:
        return bounds[1], why.separated
    if ends.flat < 0:
        return theta, "the optimum was not reached"
    if ends.worst.pull > ends.against / 2 and dataset.n_rows > 2:
        return bounds[0], (
            f"in row {ends.worst.row} the score of the label is "
            f"{ends.worst.gap / dataset.factor:.3g} below the largest: it outweighs all other "
            "rows; is this label right, or its class masked?"
        )
    return bounds[0], why.astray


# Rows whose label has probability 0.


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
