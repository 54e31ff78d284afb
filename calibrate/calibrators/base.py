"""What every calibrator can do, and applying one to many rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, Protocol, get_args

import numpy as np

from calibrate.batch import AnyArray, Batch, FloatArray
from calibrate.blocks import map_blocks
from calibrate.errors import InputError
from calibrate.source import Source

Output = Literal["probabilities", "log-probabilities", "logits"]
OUTPUTS: tuple[str, ...] = get_args(Output)


class Calibrator(Protocol):
    """A fitted map from logits to calibrated probabilities; its fields are its parameters."""

    @property
    def method(self) -> str: ...

    @property
    def n_classes(self) -> int | None: ...

    @property
    def parameters(self) -> dict[str, float]: ...

    def scaled(self, logits: FloatArray) -> tuple[FloatArray, float]:
        """Scores ``(n, K)`` and a factor: their product is the calibrated logits.

        The prediction is the first argmax of the scores. They may be ``logits`` itself.
        """
        ...

    def probabilities(self, logits: FloatArray) -> FloatArray: ...

    def log_probabilities(self, logits: FloatArray) -> FloatArray: ...

    def logits(self, logits: FloatArray) -> FloatArray: ...


def check_classes(calibrator: Calibrator, source: Source) -> None:
    """Raise InputError where a calibrator was fitted on another number of classes."""
    if calibrator.n_classes not in (None, source.n_classes):
        raise InputError(
            f"{source.logits_name}: expected {calibrator.n_classes} classes, as the calibrator was "
            f"fitted on, found {source.n_classes}"
        )


def apply_blocks(
    calibrator: Calibrator,
    source: Source,
    output: str = "probabilities",
    workers: int | None = None,
) -> Iterator[FloatArray]:
    """Yield calibrated rows block by block, in order; ``(block, K)`` float32 or float64."""
    if output not in OUTPUTS:
        raise InputError(f"output: expected one of {', '.join(OUTPUTS)}; got {output!r}")
    check_classes(calibrator, source)
    calibrated = {
        "probabilities": calibrator.probabilities,
        "log-probabilities": calibrator.log_probabilities,
        "logits": calibrator.logits,
    }[output]

    def step(batch: Batch) -> FloatArray:
        return calibrated(batch.logits)

    return map_blocks(source, step, workers)


def apply(
    calibrator: Calibrator, logits: AnyArray, *, output: str, scores: str | None
) -> FloatArray:
    """Calibrated rows of an array, ``(n, K)``."""
    source = Source.open(logits, scores=scores)
    return np.concatenate(list(apply_blocks(calibrator, source, output)))
