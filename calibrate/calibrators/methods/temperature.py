"""Temperature scaling: one positive number T that divides the logits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from calibrate.blocks.block import AnyArray, Block, FloatArray
from calibrate.calibrators.protocol import apply
from calibrate.errors import InputError


@dataclass(frozen=True)
class Temperature:
    """p = softmax(z / T). T > 1 softens an overconfident model, T < 1 sharpens a timid one.

    Attributes:
        temperature: T > 0.
        n_classes: the number of classes it was fitted on; None fits any.
        n_labels: the number of labels of the multi-label model it was fitted on, else None.

    Raises:
        InputError: T is not a positive finite number.

    Reference: Guo, Pleiss, Sun & Weinberger (2017), "On calibration of modern neural networks".
    """

    temperature: float
    n_classes: int | None = None
    n_labels: int | None = None

    method: ClassVar[str] = "temperature"

    def __post_init__(self) -> None:
        t = self.temperature
        number = type(t) in (int, float, np.float64)
        if not number or not 0 < t < np.inf or not 0 < 1.0 / t < np.inf:
            raise InputError(f"temperature: expected a positive finite number, got {t!r}")

    @property
    def parameters(self) -> dict[str, Any]:
        """The fitted values by name, as they stand in files and reports."""
        return {"temperature": self.temperature}

    def scaled(self, block: Block) -> tuple[FloatArray, float]:
        """``(z, 1/T)``: scores, and what to multiply them with, for calibrated logits."""
        return block.logits, 1.0 / self.temperature

    def apply(
        self,
        logits: AnyArray,
        *,
        output: str = "probabilities",
        scores: str | None = None,
        task: str | None = None,
    ) -> FloatArray:
        """Calibrated ``"probabilities"``, ``"log-probabilities"`` or ``"logits"``.

        Returns the shape of ``logits``: ``(n, K)``, or ``(n,)`` for a binary model.

        Raises:
            InputError: the logits cannot be used, or have another number of classes.
        """
        if task is None and self.n_labels is not None:
            task = "multilabel"
        return apply(self, logits, output=output, scores=scores, task=task)
