"""A temperature for each label of a multi-label model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from calibrate.blocks.block import Block
from calibrate.blocks.passes import doing
from calibrate.calibrators.apply import Applies
from calibrate.calibrators.fitting import Optimum, best_temperature
from calibrate.calibrators.methods.temperature import check_temperature
from calibrate.calibrators.protocol import Fit, Method, Scores, Shape
from calibrate.data.dataset import Dataset
from calibrate.data.known_rows import KnownRows
from calibrate.errors import InputError
from calibrate.results.report import Intervals
from calibrate.tasks import Task
from calibrate.text import ShortRepr, brief

UNKNOWN = Optimum(1.0, 0.0, 0, converged=False, warnings=("nobody annotated it; T = 1 was kept",))


@dataclass(frozen=True, repr=False)
class PerLabelTemperature(ShortRepr, Applies):
    """p = sigmoid(z_l / T_l) for label l.

    Attributes:
        temperatures: T_l > 0, one per label.

    Raises:
        InputError: a temperature is not a positive finite number, or there is none.
    """

    temperatures: tuple[float, ...]

    method: ClassVar[str] = "per-label-temperature"
    noun: ClassVar[str] = "T"
    scales: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if not isinstance(self.temperatures, (list, tuple)) or not self.temperatures:
            raise InputError(
                f"temperatures: expected one number per label, got {brief(self.temperatures)}"
            )
        object.__setattr__(self, "temperatures", tuple(map(check_temperature, self.temperatures)))

    @property
    def fits(self) -> Shape:
        """Yes and no, for each of these labels."""
        return Shape(2, len(self.temperatures))

    def scores(self, block: Block) -> Scores:
        """``(z, 1/T of the label of each row)``."""
        labels = 0 if block.columns is None else block.columns
        return Scores(block.logits, (1.0 / np.array(self.temperatures))[labels])

    def symbol(self) -> str:
        return f"T of {len(self.temperatures)} labels"

    def sentence(self, _: Intervals, /) -> str:
        return "Each label has a T of its own."


@doing("fitting")
def fit_per_label(
    dataset: Dataset,
    start: PerLabelTemperature | None = None,
    names: Sequence[str] | None = None,
) -> Fit[PerLabelTemperature]:
    """The temperature of each label, from the rows where it is annotated; 1 where none is.

    Args:
        dataset: multi-label rows.
        start: close to the optimum, where one is known.
        names: of the labels, for warnings.

    Raises:
        InputError: the dataset is not multi-label.
    """
    if dataset.task is not Task.multilabel:
        raise InputError(
            f"{dataset.logits.name}: a temperature per label is for multi-label scores; "
            'pass `task="multilabel"`'
        )
    labels = range(dataset.layout.n_labels)
    rows = [np.flatnonzero(dataset.columns == label) for label in labels]
    weights = [float(dataset.weight[those].sum()) for those in rows]
    parts = [
        best_temperature(dataset.take(rows[i]), start.temperatures[i] if start else None)
        if weights[i]
        else UNKNOWN
        for i in labels
    ]
    return Fit(
        calibrator=PerLabelTemperature(tuple(part.temperature for part in parts)),
        intervals={"temperatures": tuple(part.interval for part in parts)},
        nll=sum(p.nll * w for p, w in zip(parts, weights, strict=True)) / sum(weights),
        converged=all(part.converged for part in parts),
        passes=sum(part.passes for part in parts),
        n_rows=dataset.n_rows,
        known=KnownRows.of(dataset),
        warnings=tuple(
            f"label {names[i] if names else i}: {warning}"
            for i, part in enumerate(parts)
            for warning in part.warnings
        ),
    )


METHOD = Method(PerLabelTemperature, (Task.multilabel,), fit_per_label)
