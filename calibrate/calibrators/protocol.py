"""What every calibrator can do, and applying one to many rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Literal, Protocol, get_args

import numpy as np

from calibrate.blocks.block import AnyArray, Block, FloatArray
from calibrate.blocks.passes import map_blocks
from calibrate.blocks.softmax import Float64, log_softmax, scale_rows, softmax
from calibrate.data.dataset import Dataset
from calibrate.errors import InputError, check_known

Output = Literal["probabilities", "log-probabilities", "logits"]
OUTPUTS: tuple[str, ...] = get_args(Output)


class Calibrator(Protocol):
    """A fitted map from logits to calibrated probabilities; its fields are its parameters."""

    @property
    def method(self) -> str: ...

    @property
    def n_classes(self) -> int | None: ...

    @property
    def n_labels(self) -> int | None: ...

    @property
    def parameters(self) -> dict[str, Any]: ...

    def scaled(self, block: Block) -> tuple[FloatArray, float | Float64]:
        """Scores ``(n, K)`` and a factor, or one per row: their product is the calibrated logits.

        The prediction is the first argmax of the scores. They may be ``block.logits`` itself.
        """
        ...


def check_classes(calibrator: Calibrator, dataset: Dataset) -> None:
    """Raise InputError where a calibrator was fitted on another number of classes or labels."""
    if calibrator.n_classes not in (None, dataset.n_classes):
        raise InputError(
            f"{dataset.logits_name}: expected {calibrator.n_classes} classes, as the calibrator was "
            f"fitted on, found {dataset.n_classes}"
        )
    if calibrator.n_labels not in (None, dataset.n_labels):
        raise InputError(
            f"{dataset.logits_name}: expected {calibrator.n_labels} labels, as the calibrator was "
            f"fitted on, found {dataset.n_labels}; is --task multilabel missing?"
        )


def apply_blocks(
    calibrator: Calibrator,
    dataset: Dataset,
    output: str = "probabilities",
    workers: int | None = None,
) -> Iterator[FloatArray]:
    """Yield calibrated rows block by block, in order, float32 or float64.

    ``(block, K)``; of yes-no decisions the column of yes, ``(block,)``.
    """
    check_known("output", [output], OUTPUTS)
    check_classes(calibrator, dataset)

    def step(block: Block) -> FloatArray:
        calibrated = _OUTPUTS[output](*calibrator.scaled(block))
        return calibrated if dataset.task == "multiclass" else calibrated[:, 1]

    return map_blocks(dataset, step, workers)


def _logits(scores: FloatArray, factor: float | Float64) -> FloatArray:
    """Their product, kept below the largest number of the dtype."""
    scaled = np.empty_like(scores)
    with np.errstate(over="ignore"):
        scale_rows(scores, factor, 1, out=scaled)
    np.minimum(scaled, np.finfo(scaled.dtype).max, out=scaled)
    return scaled


_OUTPUTS: dict[str, Callable[[FloatArray, float | Float64], FloatArray]] = {
    "probabilities": softmax,
    "log-probabilities": log_softmax,
    "logits": _logits,
}


def apply(
    calibrator: Calibrator,
    logits: AnyArray,
    *,
    output: str = "probabilities",
    scores: str | None = None,
    task: str | None = None,
) -> FloatArray:
    """Calibrated rows of an array, in its own shape.

    Args:
        output: ``"probabilities"``, ``"log-probabilities"`` or ``"logits"``.
        scores, task: as in ``Dataset.open``.

    Raises:
        InputError: the logits cannot be used, or have another number of classes.
    """
    dataset = Dataset.open(logits, scores=scores, task=task)
    blocks = list(apply_blocks(calibrator, dataset, output))
    return np.concatenate(blocks).reshape(dataset.shape)
