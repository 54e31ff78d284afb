"""Temperature scaling: one positive number T that divides the logits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from calibrate.blocks.block import Block
from calibrate.blocks.passes import doing
from calibrate.calibrators.apply import Applies
from calibrate.calibrators.fitting import best_temperature, heeding_zeros
from calibrate.calibrators.protocol import ANY_SHAPE, Fit, Method, Scores, Shape
from calibrate.data.dataset import Dataset
from calibrate.data.known_rows import KnownRows
from calibrate.errors import InputError
from calibrate.results.report import Intervals
from calibrate.tasks import Task
from calibrate.text import brief, short


@dataclass(frozen=True)
class Temperature(Applies):
    """p = softmax(z / T). T > 1 softens an overconfident model, T < 1 sharpens a timid one.

    Attributes:
        temperature: T > 0.
        fits: the number of classes, and of labels of a multi-label model, it was fitted on.

    Raises:
        InputError: T is not a positive finite number, or ``fits`` no ``Shape``.

    Reference: Guo, Pleiss, Sun & Weinberger (2017), "On calibration of modern neural networks".
    """

    temperature: float
    fits: Shape = ANY_SHAPE

    method: ClassVar[str] = "temperature"
    noun: ClassVar[str] = "T"
    scales: ClassVar[bool] = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "temperature", check_temperature(self.temperature))
        if not isinstance(self.fits, Shape):
            raise InputError(
                f"fits: expected a Shape, such as Shape(classes=10), got {brief(self.fits)}"
            )

    def scores(self, block: Block) -> Scores:
        """``(z, 1/T)``."""
        return Scores(block.logits, 1.0 / self.temperature)

    def symbol(self) -> str:
        return f"T = {short(self.temperature)}"

    def sentence(self, intervals: Intervals, /) -> str:
        match intervals.get("temperature"):
            case (float(low), float(high)) if low <= 1 <= high:
                says = (
                    "its interval includes 1: the rows it was fitted on do not show that the model "
                    "needs a temperature"
                )
                return f"{self.symbol()}: {says}."
        t = self.temperature
        if abs(t - 1) < 0.005:
            return f"{self.symbol()}: as good as 1, which changes nothing."
        if t > 1:
            times = "twice" if 1.9 <= t <= 2.15 else f"{short(t)} times"
            says = f"overconfident; its logits were about {times} as sharp"
        else:
            share = f"{t:.0%}" if t >= 0.01 else f"{short(100 * t)}%"
            says = f"underconfident; its logits were only {share} as sharp"
        return f"{self.symbol()}: the model is {says} as the labels support."


def check_temperature(t: float) -> float:
    """T as a float.

    Raises:
        InputError: it is not a positive finite number.
    """
    number = type(t) in (int, float, np.float64)
    if not number or not 0 < t < np.inf or not 0 < 1.0 / t < np.inf:
        raise InputError(f"temperature: expected a positive finite number, got {brief(t)}")
    return float(t)


@doing("fitting")
def fit_temperature(dataset: Dataset, start: Temperature | None = None) -> Fit[Temperature]:
    """The temperature that minimises the mean NLL of labelled rows.

    Args:
        dataset: where it is ``smoothed``, that NLL is minimised.
        start: close to the optimum, where one is known.
    """
    found = best_temperature(dataset, None if start is None else start.temperature)
    found = heeding_zeros(dataset, found)
    return Fit(
        calibrator=Temperature(found.temperature, Shape.fitted_on(dataset)),
        intervals={"temperature": found.interval},
        nll=found.nll,
        converged=found.converged,
        passes=found.passes,
        n_rows=dataset.n_rows,
        known=KnownRows.of(dataset),
        smoothing=dataset.smoothing,
        warnings=found.warnings,
    )


TASKS = (Task.multiclass, Task.binary, Task.multilabel, Task.confidence)
METHOD = Method(Temperature, TASKS, fit_temperature)
