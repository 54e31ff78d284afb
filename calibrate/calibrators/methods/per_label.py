"""A temperature for each label of a multi-label model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from calibrate.blocks.block import AnyArray, Block, FloatArray
from calibrate.blocks.softmax import Float64
from calibrate.calibrators.methods.temperature import Temperature
from calibrate.calibrators.protocol import apply
from calibrate.calibrators.solve.one_number import TemperatureFit, fit_temperature
from calibrate.data.dataset import Dataset
from calibrate.data.fingerprint import fingerprint
from calibrate.errors import InputError


@dataclass(frozen=True)
class PerLabelTemperature:
    """p = sigmoid(z_l / T_l) for label l.

    Attributes:
        temperatures: T_l > 0, one per label.
        n_classes: 2, yes and no.

    Raises:
        InputError: a temperature is not a positive finite number, or there is none.
    """

    temperatures: tuple[float, ...]
    n_classes: int | None = 2

    method: ClassVar[str] = "per-label-temperature"

    def __post_init__(self) -> None:
        if not isinstance(self.temperatures, (list, tuple)) or not self.temperatures:
            raise InputError(
                f"temperatures: expected one number per label, got {self.temperatures!r}"
            )
        object.__setattr__(self, "temperatures", tuple(self.temperatures))
        for t in self.temperatures:
            Temperature(t)

    @property
    def n_labels(self) -> int:
        return len(self.temperatures)

    @property
    def parameters(self) -> dict[str, Any]:
        """The fitted values by name, as they stand in files and reports."""
        return {"temperatures": list(self.temperatures)}

    def scaled(self, block: Block) -> tuple[FloatArray, Float64]:
        """``(z, 1/T of the label of each row)``."""
        assert block.columns is not None
        return block.logits, (1.0 / np.array(self.temperatures))[block.columns]

    def apply(
        self, logits: AnyArray, *, output: str = "probabilities", scores: str | None = None
    ) -> FloatArray:
        """Calibrated ``"probabilities"``, ``"log-probabilities"`` or ``"logits"``, ``(n, L)``.

        Raises:
            InputError: the logits cannot be used, or have another number of labels.
        """
        return apply(self, logits, output=output, scores=scores, task="multilabel")


@dataclass(frozen=True)
class PerLabelFit:
    """The fit of every label on its own.

    Attributes:
        calibrator: the fitted temperatures; 1 for a label without an optimum to be found.
        parts: the fit of each label; None for one that nobody annotated.
        weights: of each label in all.
        n_rows: decisions fitted on.
        fingerprint: a digest of them.
        warnings: what the user should know, in words.
    """

    calibrator: PerLabelTemperature
    parts: tuple[TemperatureFit | None, ...]
    weights: tuple[float, ...]
    n_rows: int
    fingerprint: str
    warnings: tuple[str, ...]

    @property
    def intervals(self) -> list[tuple[float, float] | None]:
        """The 95 % interval of each temperature, None where undefined."""
        return [None if part is None else part.interval for part in self.parts]

    @property
    def converged(self) -> bool:
        """Whether every label has an optimum that was reached."""
        return all(part is not None and part.converged for part in self.parts)

    @property
    def nll(self) -> float:
        """The mean NLL at the optima, nats per decision."""
        pairs = zip(self.parts, self.weights, strict=True)
        return sum(p.nll * w for p, w in pairs if p is not None) / sum(self.weights)

    @property
    def evaluations(self) -> int:
        """Passes over the rows of one label, all labels together."""
        return sum(part.evaluations for part in self.parts if part is not None)


def check_no_smoothing(label_smoothing: float) -> None:
    """Raise InputError where label smoothing was asked for along with a temperature per label."""
    if label_smoothing:
        raise InputError("expected either --per-label or --label-smoothing, got both")


def fit_per_label(
    dataset: Dataset, *, workers: int | None = None, names: Sequence[str] | None = None
) -> PerLabelFit:
    """The temperature of each label, from the rows where it is annotated.

    Args:
        dataset: multi-label rows.
        names: of the labels, for warnings.

    Raises:
        InputError: the dataset is not multi-label.
    """
    if dataset.task != "multilabel":
        raise InputError(
            f"{dataset.logits_name}: a temperature per label is for multi-label scores; "
            "pass --task multilabel"
        )
    names = names or [str(number) for number in range(dataset.n_labels)]
    columns = dataset.entry_numbers() % dataset.n_labels
    parts: list[TemperatureFit | None] = []
    weights: list[float] = []
    warnings: list[str] = []
    for label, name in enumerate(names):
        rows = np.flatnonzero(columns == label)
        weights.append(float(len(rows) if dataset.weights is None else dataset.weights[rows].sum()))
        part = fit_temperature(dataset.take(rows), workers=workers) if weights[-1] else None
        parts.append(part)
        said = ("nobody annotated it; T = 1 was kept",) if part is None else part.warnings
        warnings += [f"label {name}: {warning}" for warning in said]
    temperatures = tuple(1.0 if part is None else part.temperature for part in parts)
    return PerLabelFit(
        PerLabelTemperature(temperatures),
        tuple(parts),
        tuple(weights),
        dataset.n_rows,
        fingerprint(dataset),
        tuple(warnings),
    )
