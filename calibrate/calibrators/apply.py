"""Applying a calibrator: to a dataset block by block, or to a whole array."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from calibrate.arrays import Float64, FloatArray, Values
from calibrate.blocks.block import Block
from calibrate.blocks.passes import map_blocks
from calibrate.blocks.softmax import log_softmax, scale_rows, softmax
from calibrate.calibrators.protocol import Calibrator
from calibrate.data.dataset import Dataset
from calibrate.data.reading import Reading
from calibrate.errors import check_known
from calibrate.tasks import Task


@dataclass(frozen=True)
class _Apply:
    """The step that calibrates a block."""

    calibrator: Calibrator
    output: str
    yes_only: bool

    def __call__(self, block: Block) -> FloatArray:
        scores = self.calibrator.scores(block)
        calibrated = OUTPUTS[self.output](scores.values, scores.factor)
        return calibrated[:, 1] if self.yes_only else calibrated


def apply_blocks(
    calibrator: Calibrator, dataset: Dataset, output: str = "probabilities"
) -> Iterator[FloatArray]:
    """Yield calibrated rows block by block, in order, float32 or float64.

    ``(block, K)``; of yes-no decisions the column of yes, ``(block,)``.
    """
    check_known("output", [output], OUTPUTS)
    calibrator.fits.check(dataset)
    return map_blocks(dataset, _Apply(calibrator, output, dataset.layout.width is None))


def _logits(scores: FloatArray, factor: float | Float64) -> FloatArray:
    """Their product, kept below the largest number of the dtype."""
    scaled = np.empty_like(scores)
    with np.errstate(over="ignore"):
        scale_rows(scores, factor, 1, out=scaled)
    np.minimum(scaled, np.finfo(scaled.dtype).max, out=scaled)
    return scaled


OUTPUTS: dict[str, Callable[[FloatArray, float | Float64], FloatArray]] = {
    "probabilities": softmax,
    "log-probabilities": log_softmax,
    "logits": _logits,
}


class Applies:
    """What calibrators share: ``calibrator.apply(logits)``."""

    def apply(
        self: Calibrator,
        logits: Values,
        *,
        output: str = "probabilities",
        scores: str | None = None,
        task: str | None = None,
        percent: bool = False,
    ) -> FloatArray:
        """Calibrated ``"probabilities"``, ``"log-probabilities"`` or ``"logits"``.

        Returns the shape of ``logits``: ``(n, K)``, or ``(n,)`` for a binary model or confidences
        in answers.

        Args:
            scores, task, percent: as in ``Reading``.

        Raises:
            InputError: the logits cannot be used, or have another number of classes or labels.
        """
        if task is None and self.fits.labels is not None:
            task = Task.multilabel
        dataset = Dataset.of(logits, reading=Reading(task, scores, percent=percent))
        blocks = list(apply_blocks(self, dataset, output))
        return np.concatenate(blocks).reshape(dataset.layout.shape)
